"""`review`: what a person has to look at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import ValidationError, validates_schema

from policies.fields import Measured
from policies.kinds.limit import BoundedMap, bound_sentence
from policies.model import Amount, Measure, Rule
from policies.readers import Trouble
from policies.rules import exactly_one, only_with
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Rule):
    """A request that the rule matches, and whose measure (if there is one) passes its bound, goes to a person."""

    kind: ClassVar[str] = "review"

    measure: Measure | None = None
    at_most: Amount | None = None
    at_least: Amount | None = None

    def amounts(self) -> tuple[object, ...]:
        return (self.at_most, self.at_least)


PLACEHOLDERS = ("limit", "used", "room", "points")


class ReviewMap(BoundedMap):
    """The fields of a review rule."""

    measure = Measured(None, about="What is measured, if anything is.")

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def check_choices(self, data: Any, original: Any, **kwargs: Any) -> None:
        only_with(original, ("at_most", "at_least"), "measure")
        if "measure" in original:
            exactly_one(original, ("at_most", "at_least"))
        elif "when" not in original:
            message = "nothing says what has to be reviewed"
            raise ValidationError([Trouble("missing-choice", message, "add when: or measure:")])


def sentence(rule: Review, say: Teller) -> str:
    """What a person looks at."""
    told = say.choose("담당자가 확인합니다.", "A person looks at the request first.")
    if rule.measure is None:
        return told
    bound = bound_sentence(rule.measure, rule.at_most, rule.at_least, say)
    return say.choose(f"다음 범위를 벗어나면 {told} {bound}", f"A person looks first at a request beyond this. {bound}")
