"""`tax`: what is withheld from a refund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from marshmallow import ValidationError, validates_schema

from policies.fields import Amount as AmountField
from policies.fields import ListOf, OneOf, Percentage, WholeNumber, Word, Yes
from policies.model import Amount, FactRef, Rate, Rounding, Rule, ValueRef
from policies.problems import both
from policies.readers import KEBAB, Trouble, reading
from policies.rules import ROUNDING, ExactlyOne, LotRuleMap, OnlyWith
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax(Rule):
    """A percentage of the money that the lots which the rule matches come to together, cut to a multiple of `to`.

    Nothing is withheld unless the base is over `above`; then the `whole` base is taxed, or its `excess` over it. A tax
    under `waived_under` is not withheld. Both hold for all lots together, unless they depend on the lot. With `of` the
    base is what those taxes come to. `after_fees` takes the fees off the base. `adds_to` names taxes that are withheld
    from the same lots beside this one.
    """

    kind: ClassVar[str] = "tax"

    rate: Rate
    rounding: Rounding
    to: int = 1
    above: Amount | None = None
    taxes: Literal["whole", "excess"] = "whole"
    waived_under: Amount | None = None
    of: tuple[str, ...] = ()
    after_fees: bool = False
    adds_to: tuple[str, ...] = ()

    def amounts(self) -> tuple[object, ...]:
        return (self.rate, self.above, self.waived_under)


PLACEHOLDERS = ("tax", "base", "rate", "above")


class TaxMap(LotRuleMap):
    """The fields of a tax rule."""

    rate = Percentage(about=both("원천징수하는 비율", "the percentage that is withheld"))
    rounding = OneOf(
        ("down", "up", "half_up"), ROUNDING, about=both("세금의 끝수를 처리하는 방식", "how the tax is rounded")
    )
    to = WholeNumber(1, 1_000_000, 1, about="Round to a multiple of this; 10 cuts to 10.")
    above = AmountField("money", None, about="Nothing is withheld unless the base is over this.")
    taxes = OneOf(
        ("whole", "excess"),
        both("과세 방식", "part of the base"),
        "whole",
        about="The whole base, or its excess over 'above'.",
    )
    waived_under = AmountField("money", None, about="A tax under this is not withheld.")
    of = ListOf(Word(KEBAB), (), about="The taxes that this one is a percentage of.")
    after_fees = Yes(False, about="true: the fees are taken off the base.")
    adds_to = ListOf(Word(KEBAB), (), about="The taxes that are withheld from the same points beside this one.")

    # A tax on a tax has no fees to take off.
    together = (OnlyWith(("taxes",), "above"), ExactlyOne(("of", "after_fees"), or_with="rate"))

    @validates_schema
    def check_of(self, data: Any, **kwargs: Any) -> None:
        """A tax on a tax looks at no lots of its own: those of the other tax are taxed."""
        if not data["of"]:
            return
        rule = Tax(id="", terms="", **{name: data[name] for name in ("when", "unless", "rate", "rounding", "above")})
        paths = {clause.path for condition in rule.conditions() for clause in condition.comparisons()}
        paths |= {
            clause.right.path
            for condition in rule.conditions()
            for clause in condition.comparisons()
            if isinstance(clause.right, FactRef)
        }
        values = [*rule.value_names(), *(_name(data["waived_under"]))]
        paths = paths.union(*(reading().value_paths.get(name, frozenset()) for name in values))
        lots = sorted(path for path in paths if path.startswith("lot."))
        if lots:
            message = both(
                "세금에 대한 세금은 포인트 묶음을 볼 수 없습니다: '{path}'",
                "a tax on a tax cannot look at '{path}'",
                path=lots[0],
            )
            hint = both("그 아래의 세금에서 포인트 묶음을 보십시오", "let the tax that it is on look at the lots")
            raise ValidationError({"of": [Trouble("of-lots", message, hint)]})


def _name(amount: Amount | None) -> tuple[str, ...]:
    return (amount.name,) if isinstance(amount, ValueRef) else ()


def sentence(rule: Tax, say: Teller) -> str:
    """What is withheld."""
    currency = say.policy.currency
    rate, rounding = say.figure(rule.rate), say.choose(*ROUNDINGS[rule.rounding])
    of = ", ".join(rule.of)
    base = say.choose(f"{of} 금액의 " if of else "", f" of {of}" if of else "")
    to = f" to {rule.to:,} {currency}" if rule.to > 1 else ""
    told = say.choose(
        f"원천징수 세금: {base}{rate}({rule.to:,} {currency} 미만 {rounding})",
        f"Tax withheld: {rate}{base}, {rounding}{to}",
    )
    if rule.above is not None:
        above = say.figure(rule.above)
        if rule.taxes == "excess":
            told += say.choose(f", {above} {currency} 초과분에 대해", f", on what is over {above} {currency}")
        else:
            told += say.choose(
                f", {above} {currency} 초과 시 전액에 대해", f", on all of it when over {above} {currency}"
            )
    if rule.after_fees:
        told += say.choose(", 수수료 공제 후", ", after fees")
    if rule.waived_under is not None:
        least = say.figure(rule.waived_under)
        told += say.choose(f", 세액 {least} {currency} 미만은 면제", f"; a tax under {least} {currency} is waived")
    if rule.adds_to:
        told += say.choose(
            f". 다음 세금에 더해집니다: {', '.join(rule.adds_to)}", f". Beside {', '.join(rule.adds_to)}"
        )
    return told + "."
