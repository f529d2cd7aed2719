"""Decides a refund request: hears it, and tells what came out of it as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from engine.compiled import CompiledVersion, compile_version
from engine.decision import (
    ENGINE,
    Decision,
    FeeLine,
    LotLine,
    LotReason,
    OffsetLine,
    PriceLine,
    Reason,
    Remedy,
    TaxLine,
    assert_laws,
)
from engine.errors import Conflict, NotInForce
from engine.facts import Case, Lot, request_data
from engine.hearing import STAGES, Hearing
from engine.judgement import Judgement, Spoken
from engine.kinds.expire import ReadyExpire
from engine.plans import LotPlan
from engine.reading import day_words, instant_words, words_of_days
from engine.ready import Ready
from engine.remedies import remedies
from engine.scene import Scene
from engine.sentences import Sentence, figure_data

__all__ = ["STAGES", "Conflict", "NotInForce", "Upshot", "compile_version", "decide", "upshot"]


class Upshot(NamedTuple):
    """What a decision comes to, without all that explains it: figures as in the decision, reasons by their ids."""

    outcome: str
    points: int
    payout: int
    fee: int
    tax: int
    offset: int
    reasons: tuple[str, ...]


def decide(compiled: CompiledVersion, case: Case, *, helping: bool = True) -> Decision:
    """The decision on a refund request. Unless it is `helping`, no remedies are looked for.

    Raises NotInForce for a request before the policy starts, and Conflict when two rules contradict each other.
    """
    hearing = Hearing(compiled, case)
    judgement = hearing.asked(tracing=True)
    if judgement.conflict is not None:
        raise judgement.conflict
    ways: list[Remedy | None] = remedies(hearing, judgement) if helping else [None] * len(judgement.spoken)
    decision = _decision(compiled, case, judgement, ways)
    assert_laws(decision)
    return decision


def upshot(hearing: Hearing) -> Upshot:
    """What `decide` would say of the case that is heard, in a fraction of its time: for those who decide millions.

    Raises Conflict when two rules contradict each other.
    """
    judgement = hearing.asked()
    if judgement.conflict is not None:
        raise judgement.conflict
    outcome = _outcome(judgement)
    reasons = tuple([spoken.ready.id for spoken in judgement.spoken])
    if judgement.denied:
        return Upshot(outcome, judgement.points if judgement.asked else 0, 0, 0, 0, 0, reasons)
    paid = (judgement.points, judgement.payout, judgement.fee, judgement.tax, judgement.offset)
    return Upshot(outcome, *paid, reasons)


def _outcome(judgement: Judgement) -> str:
    if judgement.denied:
        return "denied"
    return "needs_review" if "reviews" in [spoken.effect for spoken in judgement.spoken] else "approved"


def _decision(compiled: CompiledVersion, case: Case, judgement: Judgement, ways: list[Remedy | None]) -> Decision:
    denied = judgement.denied
    shares = {} if denied else {judgement.lots[position].id: points for position, points in judgement.shares}
    return Decision(
        outcome=_outcome(judgement),
        policy=compiled.policy.id,
        version=compiled.version.number,
        digest=compiled.version.digest,
        engine=ENGINE,
        account=case.account.id,
        as_of=instant_words(case.as_of),
        requested_on=judgement.scene.day.isoformat(),
        request=request_data(case.request),
        points=0 if denied and not judgement.asked else judgement.points,
        available=judgement.available,
        gross=0 if denied else judgement.gross,
        fee=0 if denied else judgement.fee,
        tax=0 if denied else judgement.tax,
        offset=0 if denied else judgement.offset,
        payout=0 if denied else judgement.payout,
        payable_on=None if denied else day_words(judgement.payable_on),
        allocation=shares,
        fees=()
        if denied
        else tuple([FeeLine(charge.ready.id, charge.base, charge.fee) for charge in judgement.charges if charge.fee]),
        reasons=tuple([_reason(spoken, way) for spoken, way in zip(judgement.spoken, ways, strict=True)]),
        lots=_lot_lines(judgement),
        trace=[{"stage": stage, "rules": rules} for stage, rules in judgement.trace.items()],
        prices=()
        if denied
        else tuple([PriceLine(each.ready.id, each.points, each.money) for each in judgement.prices]),
        taxes=()
        if denied
        else tuple([TaxLine(each.ready.id, each.base, each.tax) for each in judgement.taxes if each.tax]),
        last_held_on=None if denied else day_words(judgement.last_held_on),
        offsets=()
        if denied
        else tuple([OffsetLine(each.ready.id, each.debt, each.offset) for each in judgement.offsets if each.offset]),
    )


def _reason(spoken: Spoken, remedy: Remedy | None) -> Reason:
    rule = spoken.ready.rule
    text = _sentence(spoken.ready).told(spoken.figures)
    figures = {name: figure_data(figure) for name, figure in spoken.figures.items() if figure is not None}
    return Reason(rule.id, rule.kind, spoken.effect, rule.terms, text.ko, text.en, figures, remedy)


def _lot_lines(judgement: Judgement) -> tuple[LotLine, ...]:
    allocated = [0] * len(judgement.lots)
    if not judgement.denied:
        for position, points in judgement.shares:
            allocated[position] = points
    days = words_of_days(judgement.last_days)
    return tuple(map(LotLine, judgement.ids, judgement.lefts, days, allocated, _lot_reasons(judgement)))


def _lot_reasons(judgement: Judgement) -> list[Sequence[LotReason]]:
    """Why each lot cannot pay. What is excluded for the same reasons shares them."""
    lots, plans, last_days = judgement.lots, judgement.lot_plans, judgement.last_days
    found: list[Any] = [plan.excluded for plan in plans]
    if not judgement.mixture.excluded_alike:
        found = [
            _excluded(plan, judgement.scene, lot, last_day) if plan.excluded is None else plan.excluded
            for plan, lot, last_day in zip(plans, lots, last_days, strict=True)
        ]
    own_expiry = judgement.built_in["expire"]
    for position in judgement.expired:
        plan, last_day = plans[position], last_days[position]
        ready: ReadyExpire = plan.expire[0] if plan.expire else own_expiry
        if ready.reason is None or last_day is None:
            expired = _lot_reason(ready, judgement.scene, lots[position], last_day)
        else:
            expired = ready.reason(last_day)
        found[position] = [expired, *found[position]]
    return found


def _excluded(plan: LotPlan, scene: Scene, lot: Lot, last_day: date | None) -> list[LotReason]:
    return [ready.reason or _lot_reason(ready, scene, lot, last_day) for ready in plan.exclude]


def _lot_reason(ready: Ready, scene: Scene, lot: Lot, last_day: date | None) -> LotReason:
    told = _sentence(ready)
    text = told.fixed
    if text is None:
        own = {"points": lot.left, "acquired_on": lot.acquired_on, "last_day": last_day}
        text = told.told(ready.reason_figures(scene, own, lot))
    rule = ready.rule
    return LotReason(rule.id, rule.kind, rule.terms, text.ko, text.en)


def _sentence(ready: Ready) -> Sentence:
    assert ready.sentence is not None, f"{ready.id} takes something and gives no reason"
    return ready.sentence
