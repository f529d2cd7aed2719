"""`pay`: by which day the payout is made, or on which of the days on which payouts are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.calendars import add_business_days, add_span, batch_days, nearest_business_day
from engine.errors import Conflict
from engine.figures import Amount
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.sentences import figure_data
from policies.kinds.pay import PLACEHOLDERS, Pay
from policies.model import Span, TimeOfDay

_DAYS_REMEMBERED = 4096
_AT_ONCE = Span(0, "days")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPay(Ready):
    """`payable_on` is the day of the payout, as the rule counts and moves it, for the day as of which a request counts
    and the span that `span` reads; `last_held_on` is the last day on which points are held for it, for the day of the
    request and the span that `held_for` reads.
    """

    span: Amount
    in_batch: bool
    cut_off: TimeOfDay | None
    zone: ZoneInfo
    payable_on: Callable[[date, Span], date]
    held_for: Amount | None
    last_held_on: Callable[[date, Span], date]

    def counts_as_of(self, scene: Scene) -> date:
        """The day as of which a request counts: its own, or the next from the cut-off time on."""
        if self.cut_off is None:
            return scene.day
        local = scene.at.astimezone(self.zone)
        late = local.hour * 60 + local.minute >= self.cut_off.minutes
        return scene.day + timedelta(days=1) if late else scene.day


def make(rule: Pay, workshop: Workshop) -> ReadyPay:
    """Gets the rule ready."""
    holidays = workshop.holidays

    def after(day: date, span: Span) -> date:
        return add_business_days(day, span.count, holidays) if span.unit == "business days" else add_span(day, span)

    def within(day: date, span: Span) -> date:
        paid_on = after(day, span)
        if rule.if_holiday == "keep":
            return paid_on
        if rule.if_holiday == "previous_business_day":
            earlier = nearest_business_day(paid_on, holidays, -1)
            if earlier >= day:
                return earlier
        # Nothing is paid before it was asked for.
        return nearest_business_day(paid_on, holidays, 1)

    def in_batch(day: date, span: Span) -> date:
        for paid_on in batch_days(rule.batch, after(day, span), holidays):
            if rule.if_holiday == "keep":
                return paid_on
            moved = nearest_business_day(paid_on, holidays, 1 if rule.if_holiday == "next_business_day" else -1)
            # A batch that was moved to before the request is over.
            if moved >= day:
                return moved
        return date.max

    field = rule.at_least_after if rule.batch else rule.within
    span = workshop.figures.amount(_AT_ONCE if field is None else field)
    held_for = None if rule.held_for is None else workshop.figures.amount(rule.held_for)
    return ReadyPay(
        **workshop.common(rule, PLACEHOLDERS, (span, *(() if held_for is None else (held_for,)))),
        span=span,
        in_batch=bool(rule.batch),
        cut_off=rule.cut_off_time,
        zone=workshop.zone,
        payable_on=lru_cache(_DAYS_REMEMBERED)(in_batch if rule.batch else within),
        held_for=held_for,
        last_held_on=after,
    )


def pay(judgement: Judgement) -> None:
    """Says when the payout is made; nothing is said where no rule applies."""
    speaking: tuple[ReadyPay, ...] = judgement.speaking("pay")
    if len(speaking) > 1:
        raise Conflict("pay", (speaking[0].id, speaking[1].id))
    figures = {}
    for ready in speaking:
        span = ready.span.read(judgement.scene, None)
        day = ready.counts_as_of(judgement.scene)
        judgement.payable_on = ready.payable_on(day, span)
        seen = {"payable_on": figure_data(judgement.payable_on), "within": str(span)}
        if ready.in_batch:
            seen["at_least_after"] = seen.pop("within")
        if ready.cut_off is not None:
            seen["counts_as_of"] = figure_data(day)
        if ready.held_for is not None:
            judgement.last_held_on = ready.last_held_on(judgement.scene.day, ready.held_for.read(judgement.scene, None))
            seen["last_held_on"] = figure_data(judgement.last_held_on)
        figures[ready.id] = seen
    judgement.note("pay", figures)
