"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.bounds import Bound, make_bound, within
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from policies.kinds.limit import PLACEHOLDERS, Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyLimit(Ready):
    """A limit has its bound."""

    bound: Bound


def make(rule: Limit, workshop: Workshop) -> ReadyLimit:
    """Gets the rule ready."""
    bound = make_bound(rule, workshop)
    assert bound is not None, f"{rule.id} has no measure"
    common = workshop.common(rule, PLACEHOLDERS, (bound.amount,))
    common["guard"] = replace(common["guard"], within=within(rule.id, rule.measure, workshop))
    return ReadyLimit(**common, bound=bound)


def limit(judgement: Judgement) -> None:
    """Denies where a measure passes its bound. Equal to the bound is within it."""
    seen = {}
    for ready in judgement.speaking("limit"):
        reading = ready.bound.read(judgement.scene, judgement.available)
        judgement.readings.append((ready, reading))
        if judgement.tracing or not reading.passes:
            figures = ready.bound.figures(reading, judgement.points, judgement.available)
            seen[ready.id] = {**figures, "measured": reading.measured}
            if not reading.passes:
                judgement.deny(ready, figures)
    judgement.note("limit", seen)
