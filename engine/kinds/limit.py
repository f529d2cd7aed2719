"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

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
    common = workshop.common(rule, PLACEHOLDERS, bound.amounts)
    common["guard"] = replace(common["guard"], within=within(rule.id, rule.measure, workshop))
    return ReadyLimit(**common, bound=bound)


def limit(judgement: Judgement) -> None:
    """Denies where a measure of points passes its bound. Equal to the bound is within it."""
    seen = _judge(judgement, in_money=False)
    judgement.note("limit", seen, without=judgement.rules[PAYOUT_LIMITS])


def limit_payout(judgement: Judgement) -> None:
    """The same for measures of money, once it is known what is paid out."""
    if not judgement.rules[PAYOUT_LIMITS]:
        return
    seen = _judge(judgement, in_money=True)
    judgement.note("limit", seen, only=judgement.rules[PAYOUT_LIMITS], stage="limit_payout")


PAYOUT_LIMITS = "limit_payout"
"""Under which name the rules of a version have those limits that wait for the payout."""


def _judge(judgement: Judgement, *, in_money: bool) -> dict[str, dict[str, Any]]:
    seen = {}
    for ready in judgement.speaking("limit"):
        bound = ready.bound
        if bound.gauge.in_money != in_money:
            continue
        reading = bound.read(judgement)
        if not in_money:
            judgement.readings.append((ready, reading))
        if judgement.tracing or not reading.passes:
            figures: dict[str, Any] = bound.figures(reading, judgement)
            if not reading.passes:
                judgement.deny(ready, figures.copy())
            figures["measured"] = reading.measured
            seen[ready.id] = figures
    return seen
