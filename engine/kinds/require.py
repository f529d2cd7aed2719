"""`require`: what must be true of the member and the request."""

from __future__ import annotations

from dataclasses import dataclass

from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from policies.kinds.require import PLACEHOLDERS, Require
from policies.model import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRequire(Ready):
    """`that` is the formula of the condition that must hold, None when it always does."""

    that: str | None
    condition: Condition


def make(rule: Require, workshop: Workshop) -> ReadyRequire:
    """Gets the rule ready; each clause of `that` also on its own, for what would have to change."""
    for number, clause in enumerate(rule.that.all_of):
        workshop.part(f"{rule.id}/{number}", clause)
    for branch, clauses in enumerate(rule.that.any_of):
        for number, clause in enumerate(clauses):
            workshop.part(f"{rule.id}/{branch}/{number}", clause)
    that = workshop.formula(f"{rule.id}/that", rule.that)
    return ReadyRequire(**workshop.common(rule, PLACEHOLDERS), that=that, condition=rule.that)


def require(judgement: Judgement) -> None:
    """Denies unless what each rule asks for holds."""
    figures = {}
    for ready in judgement.speaking("require"):
        if ready.that is None or ready.that in judgement.plan.matched:
            continue
        figures[ready.id] = {"points": judgement.points}
        judgement.deny(ready, {"points": judgement.points})
    judgement.note("require", figures)
