"""`review`: what a person has to look at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.kinds.limit import BoundedMap, bound_amounts, bound_text
from policies.measure_fields import Bound, Measured
from policies.model import BoundAmount, Measure, Rule
from policies.problems import both
from policies.rules import AnyOf, ExactlyOne, OnlyWith, Where
from policies.sentences import Teller, subject_particle


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Rule):
    """A request that the rule matches goes to a person.

    With a `measure`, only when that is `over`, `at_least`, `under` or `at_most` so much; exactly one of them is set.
    They say what is looked at, where those of a limit say what passes.
    """

    kind: ClassVar[str] = "review"

    measure: Measure | None = None
    over: BoundAmount | None = None
    at_least: BoundAmount | None = None
    under: BoundAmount | None = None
    at_most: BoundAmount | None = None

    def amounts(self) -> tuple[object, ...]:
        bounds = (self.over, self.at_least, self.under, self.at_most)
        return tuple(amount for bound in bounds for amount in bound_amounts(bound))


PLACEHOLDERS = ("limit", "used", "room", "points", "payout", "gross")
_BOUNDS = ("over", "at_least", "under", "at_most")


class ReviewMap(BoundedMap):
    """The fields of a review rule."""

    measure = Measured(None, about="What is measured, if anything is.")
    over = Bound(None, about="A measure above this is reviewed.")
    at_least = Bound(None, about="This measure and any above it is reviewed.")
    under = Bound(None, about="A measure below this is reviewed.")
    at_most = Bound(None, about="This measure and any below it is reviewed.")

    together = (
        OnlyWith(_BOUNDS, "measure"),
        Where(has=("measure",), then=(ExactlyOne(_BOUNDS),)),
        AnyOf(
            ("when", "measure"),
            both("무엇을 확인해야 하는지 정해져 있지 않습니다", "nothing says what has to be reviewed"),
            both("when: 또는 measure: 항목을 쓰십시오", "add when: or measure:"),
        ),
    )


def sentence(rule: Review, say: Teller) -> str:
    """What a person looks at."""
    told = say.choose("담당자가 확인합니다.", "A person looks at the request first.")
    if rule.measure is None:
        return told
    ((sense, bound),) = [(name, each) for name in _BOUNDS if (each := getattr(rule, name)) is not None]
    what, amount = say.measure(rule.measure), bound_text(rule.measure, bound, say)
    ko, en = _SENSES[sense]
    if rule.measure.of == "request.points":
        english = f"{told[:-1]} when {en} {amount} are asked for."
    elif rule.measure.of == "count":
        english = f"{told[:-1]} when {what} is {en} {amount}."
    else:
        english = f"{told[:-1]} when {en} {amount} are {what}."
    return say.choose(f"{what}{subject_particle(what)} {amount} {ko}이면 {told}", english)


_SENSES = {
    "over": ("초과", "over"),
    "at_least": ("이상", "at least"),
    "under": ("미만", "under"),
    "at_most": ("이하", "at most"),
}
