"""`price`: how much money points come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.fields import Amount as AmountField
from policies.fields import OneOf, Percentage, WholeNumber, Yes
from policies.model import Amount, Rate, Rounding, Rule
from policies.problems import both
from policies.rules import ROUNDING, WRITE_ROUNDING, LotRuleMap, Needs, OnlyWith, Where
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Rule):
    """`every` points of the lots that the rule matches pay `pays` units of the currency, and `bonus` percent more.

    All points of the rule are priced together and rounded once, to a multiple of `to`. With `whole_steps` only whole
    multiples of `every` can be asked for. Points that no price covers pay one unit each.
    """

    kind: ClassVar[str] = "price"

    every: Amount
    pays: Amount
    bonus: Rate | None = None
    rounding: Rounding | None = None
    to: int = 1
    whole_steps: bool = False

    def amounts(self) -> tuple[object, ...]:
        return (self.every, self.pays, self.bonus)


PLACEHOLDERS = ("money", "base", "every", "pays", "bonus", "room", "points")


_ROUNDING_OR_STEPS = both(
    "rounding: 뒤에 down, up 또는 half_up 중 하나를 쓰거나, whole_steps: true 항목을 쓰십시오",
    "write rounding: down, up or half_up, or whole_steps: true",
)


class PriceMap(LotRuleMap):
    """The fields of a price rule."""

    every = AmountField("points", least=1, about=both("몇 포인트당", "so many points"))
    pays = AmountField("money", about=both("지급하는 금액", "what they pay"))
    bonus = Percentage(None, about="A percentage that comes on top.")
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How the money is rounded.")
    to = WholeNumber(1, 1_000_000, 1, about="Round to a multiple of this.")
    whole_steps = Yes(False, about="true: only whole multiples of 'every' can be asked for.")

    together = (
        Needs("bonus", "rounding", WRITE_ROUNDING),
        OnlyWith(("to",), "rounding"),
        Where(
            has=("whole_steps",),
            then=(OnlyWith(("rounding",), "bonus"),),
            otherwise=(Needs("every", "rounding", _ROUNDING_OR_STEPS),),
        ),
    )


def sentence(rule: Price, say: Teller) -> str:
    """What points pay."""
    currency = say.policy.currency
    every, pays = say.figure(rule.every), say.figure(rule.pays)
    if every == "1":
        told = say.choose(f"1포인트당 {pays} {currency}", f"A point pays {pays} {currency}")
    else:
        told = say.choose(f"{every}포인트당 {pays} {currency}", f"Every {every} points pay {pays} {currency}")
    if rule.bonus is not None:
        bonus = say.figure(rule.bonus)
        told += say.choose(f", 보너스 {bonus}", f" and a bonus of {bonus}")
    if rule.rounding is not None:
        rounding = say.choose(*ROUNDINGS[rule.rounding])
        to = f" to {rule.to:,} {currency}" if rule.to > 1 else ""
        told += say.choose(f"({rule.to:,} {currency} 미만 {rounding})", f", {rounding}{to}")
    if rule.whole_steps:
        told += say.choose(f". {every}포인트 단위로만 신청할 수 있습니다", f". Only in whole steps of {every} points")
    return told + "."
