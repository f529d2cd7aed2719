"""`exclude`: lots that cannot be refunded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.decision import LotReason
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from policies.kinds.exclude import PLACEHOLDERS, Exclude


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyExclude(Ready):
    """`reason` is what is said of every lot, None where the sentence holds a figure."""

    reason: LotReason | None


def make(rule: Exclude, workshop: Workshop) -> ReadyExclude:
    """Gets the rule ready."""
    common = workshop.common(rule, PLACEHOLDERS)
    if rule.allowed_methods is not None:
        refused = workshop.formula(f"{rule.id}/methods", rule.allowed_methods.refused())
        assert refused is not None, f"{rule.id} refuses nothing"
        common["guard"] = replace(common["guard"], bites=refused)
    fixed = common["sentence"].fixed if common["sentence"] else None
    reason = None if fixed is None else LotReason(rule.id, rule.kind, rule.terms, fixed.ko, fixed.en)
    return ReadyExclude(**common, reason=reason)


def exclude(judgement: Judgement) -> None:
    """Finds the lots that can pay: neither expired nor excluded. Together they hold what is available."""
    today = judgement.scene.day
    lefts, usable, expired = judgement.lefts, judgement.usable, judgement.expired
    available = 0
    for position, (plan, last_day) in enumerate(zip(judgement.lot_plans, judgement.last_days, strict=True)):
        if last_day is not None and last_day < today:
            expired.append(position)
        elif not plan.exclude:
            usable.append(position)
            available += lefts[position]
    judgement.available = available
    judgement.note_lots("expire", "exclude")
