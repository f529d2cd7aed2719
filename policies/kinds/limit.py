"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from marshmallow import validates_schema

from policies.fields import Bound, Measured
from policies.model import Amount, Measure, Rule, Unit, ValueRef
from policies.problems import both
from policies.readers import read_under, reading, refuse_unit
from policies.rules import ExactlyOne, RequestRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Rule):
    """The measure may not pass its bound. Exactly one of `at_most`, `at_least` and `multiple_of` is set."""

    kind: ClassVar[str] = "limit"

    measure: Measure
    at_most: Amount | None = None
    at_least: Amount | None = None
    multiple_of: Amount | None = None

    def amounts(self) -> tuple[object, ...]:
        return (self.at_most, self.at_least, self.multiple_of)


PLACEHOLDERS = ("limit", "used", "room", "points")


class BoundedMap(RequestRuleMap):
    """A measure whose bounds, of whatever names, are in its own unit."""

    @validates_schema
    def check_units(self, data: Any, **kwargs: Any) -> None:
        """A count is bounded by a number, everything else by points."""
        expected: Unit = "number" if data["measure"] and data["measure"].of == "count" else "points"
        for name, bound in data.items():
            if isinstance(bound, ValueRef) and reading().units[bound.name] not in (expected, None):
                read_under(name, partial(refuse_unit, bound.name, reading().units[bound.name], (expected,)))


class LimitMap(BoundedMap):
    """The fields of a limit rule."""

    measure = Measured(about=both("측정하는 것", "what is measured"))
    at_most = Bound(None, about="The largest measure that passes.")
    at_least = Bound(None, about="The smallest measure that passes.")
    multiple_of = Bound(None, least=1, about="The step in which points can be asked for.")

    together = (ExactlyOne(("at_most", "at_least", "multiple_of")),)


def sentence(rule: Limit, say: Teller) -> str:
    """The bound."""
    if rule.multiple_of is not None:
        step = say.figure(rule.multiple_of)
        return _capital(
            f"{say.measure(rule.measure)}: " + say.choose(f"{step}포인트 단위.", f"in steps of {step} points.")
        )
    if rule.at_most is not None:
        bound = bound_text(rule.measure, rule.at_most, say)
        return _capital(f"{say.measure(rule.measure)}: " + say.choose(f"{bound} 이하.", f"at most {bound}."))
    bound = bound_text(rule.measure, rule.at_least, say)
    return _capital(f"{say.measure(rule.measure)}: " + say.choose(f"{bound} 이상.", f"at least {bound}."))


def bound_text(measure: Measure, bound: Amount | None, say: Teller) -> str:
    """A bound in the unit of its measure."""
    unit = say.choose("회", "") if measure.of == "count" else say.choose("포인트", " points")
    return say.figure(bound) + unit


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
