"""`review`: what a person has to look at first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.bounds import Bound, make_bound, within
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from policies.kinds.review import PLACEHOLDERS, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyReview(Ready):
    """A review without a bound asks for a person wherever it applies."""

    bound: Bound | None


def make(rule: Review, workshop: Workshop) -> ReadyReview:
    """Gets the rule ready."""
    bound = make_bound(rule, workshop)
    common = workshop.common(rule, PLACEHOLDERS, bound.amounts if bound else ())
    common["guard"] = replace(common["guard"], within=within(rule.id, rule.measure, workshop))
    return ReadyReview(**common, bound=bound)


def review(judgement: Judgement) -> None:
    """Sends the request to a person, with its figures as they would be if it were approved."""
    seen: dict[str, dict[str, Any]] = {}
    for ready in judgement.speaking("review"):
        figures: dict[str, Any] = {"limit": None, "used": None, "room": None, "points": judgement.points}
        if ready.bound is None:
            judgement.say(ready, "reviews", figures)
            continue
        reading = ready.bound.read(judgement)
        figures = ready.bound.figures(reading, judgement)
        seen[ready.id] = figures | {"measured": reading.measured}
        if not reading.passes:
            judgement.say(ready, "reviews", figures)
    judgement.note("review", seen)
