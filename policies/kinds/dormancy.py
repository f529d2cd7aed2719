"""`dormancy`: what an account that is not used is charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.conditions import DAY_SCOPES, Unless, When
from policies.fields import Amount as AmountField
from policies.fields import Bilingual, ListOf, OneOf, Percentage
from policies.fields import Length as LengthField
from policies.kinds.allocate import (
    CLASS_ORDER,
    LIST_OF_ORDERS,
    ORDER,
    ORDER_WORDS,
    OrderKey,
    order_text,
    read_class_order,
)
from policies.model import Amount, Length, Rate, Rounding, Rule, SpanUnit
from policies.problems import both
from policies.rules import ROUNDING, TOLD_TO_THE_MEMBER, WRITE_ROUNDING, AnyOf, Choices, Needs, OnlyWith, RuleMap
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Dormancy(Rule):
    """Takes points from the lots that the rule matches when the account was idle for `idle`, and then `every` so often.

    A charge is `points` and the `rate` of what those lots hold together, held between `at_least` and `at_most`.
    When the account was idle for `everything_after`, all that is left is taken.
    """

    kind: ClassVar[str] = "dormancy"

    idle: Length
    every: Length | None = None
    points: Amount | None = None
    rate: Rate | None = None
    rounding: Rounding | None = None
    at_least: Amount | None = None
    at_most: Amount | None = None
    everything_after: Length | None = None
    order: tuple[OrderKey, ...]

    def amounts(self) -> tuple[object, ...]:
        spans = (self.idle, self.every, self.everything_after)
        return (*spans, self.points, self.rate, self.at_least, self.at_most)


PLACEHOLDERS = ("charged", "base", "idle_since")

_SPANS: tuple[SpanUnit, ...] = ("days", "months", "years")


class DormancyMap(RuleMap):
    """The fields of a dormancy rule."""

    scopes = DAY_SCOPES

    when = When(DAY_SCOPES, about="Which lots the rule matches: every line must hold.")
    unless = Unless(DAY_SCOPES, about="Exceptions: any of these conditions lifts the rule.")
    reason = Bilingual(about=TOLD_TO_THE_MEMBER)
    idle = LengthField(
        _SPANS,
        about=both("마지막 이용 후 첫 차감까지의 기간", "how long after the last activity the first charge is made"),
    )
    every = LengthField(_SPANS, None, about="How long after one charge the next is made; once only without it.")
    points = AmountField("points", None, about="The points of each charge.")
    rate = Percentage(None, about="A percentage of what the lots hold.")
    rounding = OneOf(("down", "up", "half_up"), ROUNDING, None, about="How the percentage is rounded.")
    at_least = AmountField("points", None, about="The smallest charge.")
    at_most = AmountField("points", None, about="The largest charge.")
    everything_after = LengthField(_SPANS, None, about="How long after the last activity everything is taken.")
    order = ListOf(
        Choices(ORDER_WORDS, ORDER, read_class_order, CLASS_ORDER),
        what=LIST_OF_ORDERS,
        about=both("어느 포인트부터 차감할지", "which lots pay first"),
    )

    together = (
        OnlyWith(("rounding", "at_least", "at_most"), "rate"),
        Needs("rate", "rounding", WRITE_ROUNDING),
        AnyOf(
            ("points", "rate", "everything_after"),
            both("무엇을 차감할지 말하는 항목이 없습니다", "nothing says what is taken"),
            both("rate:, points: 또는 everything_after: 항목을 쓰십시오", "add rate:, points: or everything_after:"),
        ),
    )


def sentence(rule: Dormancy, say: Teller) -> str:
    """What is taken from an idle account."""
    idle = say.figure(rule.idle)
    parts = []
    if rule.rate is not None:
        rate, rounding = say.figure(rule.rate), say.choose(*ROUNDINGS[rule.rounding or "down"])
        parts.append(say.choose(f"잔액의 {rate}(1포인트 미만 {rounding})", f"{rate} of the balance ({rounding})"))
    if rule.points is not None:
        parts.append(say.choose(f"{say.figure(rule.points)}포인트", f"{say.figure(rule.points)} points"))
    told = ""
    if parts:
        what = say.choose("과 ", " and ").join(parts)
        if rule.at_least is not None:
            what += say.choose(f", 최소 {say.figure(rule.at_least)}", f", at least {say.figure(rule.at_least)}")
        if rule.at_most is not None:
            what += say.choose(f", 최대 {say.figure(rule.at_most)}", f", at most {say.figure(rule.at_most)}")
        often = say.choose(f"{say.figure(rule.every)}마다 ", f" every {say.figure(rule.every)}") if rule.every else ""
        told = say.choose(
            f"{idle} 동안 이용이 없으면 {often}{what} 차감.",
            f"After {idle} without activity an account is charged {what}{often}.",
        )
    if rule.everything_after is not None:
        after = say.figure(rule.everything_after)
        told += " " * bool(told) + say.choose(
            f"{after} 동안 이용이 없으면 전부 차감.", f"After {after} without activity everything is taken."
        )
    order = order_text(rule.order, say)
    return told + say.choose(f" 차감 순서: {order}.", f" Points are taken in this order: {order}.")
