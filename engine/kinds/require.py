"""`require`: what must be true of the member and the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from policies.kinds.require import PLACEHOLDERS, Require
from policies.model import Comparison, Condition, Policy, Text
from policies.sentences import Teller

_WORDS_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRequire(Ready):
    """`that` is the formula of the condition that must hold, None when it always does. `told` is a comparison with what
    a fact has to be, in words; few are ever told of one rule.
    """

    that: str | None
    condition: Condition
    told: Callable[[Comparison], Text]


def make(rule: Require, workshop: Workshop) -> ReadyRequire:
    """Gets the rule ready; each clause of `that` also on its own, for what would have to change."""
    for number, clause in enumerate(rule.that.all_of):
        workshop.part(f"{rule.id}/{number}", clause)
    for branch, clauses in enumerate(rule.that.any_of):
        for number, clause in enumerate(clauses):
            workshop.part(f"{rule.id}/{branch}/{number}", clause)
    that = workshop.formula(f"{rule.id}/that", rule.that)
    common = workshop.common(rule, PLACEHOLDERS)
    return ReadyRequire(**common, that=that, condition=rule.that, told=_teller(workshop.policy))


def _teller(policy: Policy) -> Callable[[Comparison], Text]:
    # What is compared with a literal is told alike on every day.
    ko, en = (Teller(policy, language, date.min) for language in ("ko", "en"))
    return lru_cache(_WORDS_REMEMBERED)(lambda clause: Text(ko.comparison(clause), en.comparison(clause)))


def require(judgement: Judgement) -> None:
    """Denies unless what each rule asks for holds."""
    figures = {}
    for ready in judgement.speaking("require"):
        if ready.that is None or ready.that in judgement.plan.matched:
            continue
        figures[ready.id] = {"points": judgement.points}
        judgement.deny(ready, {"points": judgement.points})
    judgement.note("require", figures)
