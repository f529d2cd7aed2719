"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NoReturn

from marshmallow import validates_schema

from policies.fields import Yes
from policies.measure_fields import Bound, Measured
from policies.model import Amount, BalanceShare, BoundAmount, Measure, Rule, Text, Unit, ValueRef
from policies.problems import both
from policies.readers import read_under, reading, refuse, refuse_unit
from policies.rules import ExactlyOne, RequestRuleMap
from policies.sentences import ROUNDINGS, Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Rule):
    """The measure may not pass its bound. Exactly one of `at_most`, `at_least` and `multiple_of` is set.

    With `or_all` a request for all points that can be refunded passes whatever its measure is.
    """

    kind: ClassVar[str] = "limit"

    measure: Measure
    at_most: BoundAmount | None = None
    at_least: BoundAmount | None = None
    multiple_of: Amount | None = None
    or_all: bool = False

    def amounts(self) -> tuple[object, ...]:
        return (*bound_amounts(self.at_most), *bound_amounts(self.at_least), self.multiple_of)


PLACEHOLDERS = ("limit", "used", "room", "points", "payout", "gross")


def bound_amounts(bound: BoundAmount | None) -> tuple[object, ...]:
    """The fields of a bound that may name a value."""
    return bound.amounts() if isinstance(bound, BalanceShare) else (bound,)


class BoundedMap(RequestRuleMap):
    """A measure whose bounds, of whatever names, are in its own unit."""

    @validates_schema
    def check_units(self, data: Any, **kwargs: Any) -> None:
        """A count is bounded by a number, a payout by money, everything else by points. Only points have a share."""
        measure = data["measure"]
        expected: Unit = "points"
        if measure:
            expected = "number" if measure.of == "count" else "money" if measure.in_money else "points"
        for name, bound in data.items():
            if isinstance(bound, BalanceShare) and expected != "points":
                read_under(name, partial(_refuse_share, expected))
            if isinstance(bound, ValueRef) and reading().units[bound.name] not in (expected, None):
                read_under(name, partial(refuse_unit, bound.name, reading().units[bound.name], (expected,)))


_BOUNDED: Mapping[Unit, Text] = {
    "number": both("환급 횟수를", "a number of refunds"),
    "money": both("금액을", "an amount of money"),
}


def _refuse_share(expected: Unit) -> NoReturn:
    message = both(
        "포인트의 비율로 {what} 제한할 수 없습니다", "a share of points cannot bound {what}", what=_BOUNDED[expected]
    )
    hint = both("금액이나 횟수를 쓰거나, 포인트를 측정하십시오", "write an amount, or measure points")
    refuse("share-of-points", message, hint)


class LimitMap(BoundedMap):
    """The fields of a limit rule."""

    measure = Measured(about=both("측정하는 것", "what is measured"))
    at_most = Bound(None, about="The largest measure that passes.")
    at_least = Bound(None, about="The smallest measure that passes.")
    multiple_of = Bound(None, least=1, shares=False, about="The step in which points can be asked for.")

    or_all = Yes(False, about="true: who asks for all that can be refunded need not keep to it.")

    together = (
        ExactlyOne(("at_most", "at_least", "multiple_of")),
        ExactlyOne(("at_most", "or_all"), or_with="measure"),
    )


def sentence(rule: Limit, say: Teller) -> str:
    """The bound."""
    if rule.multiple_of is not None:
        step = say.figure(rule.multiple_of) + _unit(rule.measure, say)
        told = say.choose(f"{step} 단위", f"in steps of {step}")
    elif rule.at_most is not None:
        bound = bound_text(rule.measure, rule.at_most, say)
        told = say.choose(f"{bound} 이하", f"at most {bound}")
    else:
        bound = bound_text(rule.measure, rule.at_least, say)
        told = say.choose(f"{bound} 이상", f"at least {bound}")
    if rule.or_all:
        told += say.choose(", 또는 환급 가능 포인트 전부", ", or all points that can be refunded")
    return _capital(f"{say.measure(rule.measure)}: {told}.")


def bound_text(measure: Measure, bound: BoundAmount | None, say: Teller) -> str:
    """A bound in the unit of its measure."""
    unit = _unit(measure, say)
    if not isinstance(bound, BalanceShare):
        return say.figure(bound) + unit
    share, rounding = say.figure(bound.share), say.choose(*ROUNDINGS[bound.rounding])
    of = say.choose(*_HOLDINGS[bound.of])
    if bound.at_least is not None:
        least = say.figure(bound.at_least)
        rounding += say.choose(f", 최소 {least}{unit}", f", but never less than {least}{unit}")
    return say.choose(f"{of}의 {share}({rounding})", f"{share} of {of} ({rounding})")


_HOLDINGS = {
    "available": ("환급 가능 포인트", "the points that can be refunded"),
    "balance": ("유효기간이 남은 전체 포인트", "all points that have not expired"),
}


def _unit(measure: Measure, say: Teller) -> str:
    if measure.of == "count":
        return say.choose("회", "")
    if measure.in_money:
        return f" {say.policy.currency}"
    return say.choose("포인트", " points")


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
