"""`expire`: until which day a lot can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

from engine.calendars import add_span, day_of_year, half_year_end, month_end, quarter_end, year_end
from engine.decision import LotReason
from engine.errors import Conflict
from engine.facts import Lot
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from engine.scene import Scene, lot_reader
from engine.sentences import Sentence
from policies.kinds.expire import PLACEHOLDERS, Expire, Until
from policies.model import DayOfYear, FactRef, Span, Text

LastDay = Callable[[Scene, Lot], date | None]

OWN_EXPIRY = Expire(
    id="own-expiry",
    terms="",
    last_day=FactRef("lot.expires_on"),
    reason=Text("유효기간이 지났습니다(마지막 사용일 {last_day}).", "Expired after {last_day}."),
)
"""What speaks for a lot that has an end of its own, and that no rule of the file covers."""

_DAYS_REMEMBERED = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyExpire(Ready):
    """`last_day` is the last usable day of a lot, None where it never expires; `of_lot` the same, where it follows from
    the lot alone. `reason` is what is said of a lot that ended on a day, None where the sentence holds more of the
    lot than that day.
    """

    last_day: LastDay
    of_lot: Callable[[Lot], date | None] | None
    reason: Callable[[date], LotReason] | None


def make(rule: Expire, workshop: Workshop) -> ReadyExpire:
    """Gets the rule ready."""
    span = rule.after or rule.idle
    amount = workshop.figures.optional(span or rule.last_day)
    start = workshop.figures.amount(FactRef(rule.start)) if span else None
    common = workshop.common(rule, PLACEHOLDERS, (amount, start))
    last_day, of_lot = _last_day(rule, workshop)
    return ReadyExpire(**common, last_day=last_day, of_lot=of_lot, reason=_reason(rule, common["sentence"]))


def expire(judgement: Judgement) -> None:
    """Finds the last usable day of every lot. A lot that no rule covers keeps its own, or never expires."""
    scene, lots = judgement.scene, judgement.lots
    of_lot = judgement.mixture.last_day
    if of_lot is not None:
        judgement.last_days = [*map(of_lot, lots)]
    else:
        judgement.last_days = [
            plan.last_day(lot) if plan.last_day else _last_day_by(plan.expire, scene, lot)
            for lot, plan in zip(lots, judgement.lot_plans, strict=True)
        ]


def _last_day_by(rules: tuple[ReadyExpire, ...], scene: Scene, lot: Lot) -> date | None:
    if len(rules) > 1:
        raise Conflict("expire", (rules[0].id, rules[1].id), lot.id)
    return rules[0].last_day(scene, lot)


def _reason(rule: Expire, told: Sentence | None) -> Callable[[date], LotReason] | None:
    if told is None or not told.names <= {"last_day"}:
        return None

    def reason(last_day: date) -> LotReason:
        text = told.told({"last_day": last_day})
        return LotReason(rule.id, rule.kind, rule.terms, text.ko, text.en)

    return lru_cache(_DAYS_REMEMBERED)(reason)


def _last_day(rule: Expire, workshop: Workshop) -> tuple[LastDay, Callable[[Lot], date | None] | None]:
    """The last usable day of a lot, and the same without the scene where it does not depend on that."""
    if rule.never:
        return lambda scene, lot: None, lambda lot: None
    length = rule.after or rule.idle
    if length is None:
        last_day = rule.last_day
        assert last_day is not None, f"{rule.id} says neither after, idle, last_day nor never"
        read = workshop.figures.amount(last_day).read
        if isinstance(last_day, FactRef) and last_day.path.startswith("lot."):
            return read, lot_reader(last_day.path, workshop.policy)
        return read, None
    span = workshop.figures.amount(length)
    start = workshop.figures.fact(rule.start)

    def ends_after(length: Span) -> Callable[[date], date]:
        return lru_cache(_DAYS_REMEMBERED)(lambda day: end_of_life(day, length, rule.until, rule.first_day_counted))

    ends = cache(ends_after)

    if rule.idle is not None:

        def idle_until(scene: Scene, lot: Lot) -> date | None:
            day = start(scene, lot)
            return None if day is None else _extended(ends(span.read(scene, lot)), day, scene)

        return idle_until, None
    if isinstance(span.figure, Span):
        end = ends(span.figure)
        of_lot = (lambda lot: end(lot.acquired_on)) if rule.start == "lot.acquired_on" else None
        return lambda scene, lot: None if (day := start(scene, lot)) is None else end(day), of_lot
    return lambda scene, lot: None if (day := start(scene, lot)) is None else ends(span.read(scene, lot))(day), None


@lru_cache(_DAYS_REMEMBERED)
def _in_order(days: tuple[date, ...], last: date | None) -> tuple[date, ...]:
    return tuple(sorted({*days, *(() if last is None else (last,))}))


def _extended(end: Callable[[date], date], day: date, scene: Scene) -> date:
    """The end of a life that began on `day` and that every activity up to its end begins anew.

    What is not known did not happen, and neither did what lies after the day of the request.
    """
    last = end(day)
    for activity in _in_order(scene.account.activity_days, scene.account.last_activity_on):
        if activity > last or activity > scene.day:
            break
        if activity > day:
            last = max(last, end(activity))
    return last


def end_of_life(day: date, length: Span, until: Until, first_day_counted: bool) -> date:
    end = add_span(day, length)
    # A month that lacks the day ends the life with its own last day, whichever way days are counted.
    shortened = length.unit != "days" and end.day != day.day
    if first_day_counted and not shortened and end > date.min:
        end -= timedelta(days=1)
    return day_of_year(end, until) if isinstance(until, DayOfYear) else _UNTIL[until](end)


_UNTIL: Mapping[str, Callable[[date], date]] = {
    "day": lambda end: end,
    "month_end": month_end,
    "quarter_end": quarter_end,
    "half_year_end": half_year_end,
    "year_end": year_end,
}
