"""`pay`: by which day the payout is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.calendars import add_business_days, add_span, nearest_business_day
from engine.errors import Conflict
from engine.figures import Amount
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from engine.sentences import figure_data
from policies.kinds.pay import PLACEHOLDERS, Pay
from policies.model import Span

_DAYS_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPay(Ready):
    """`payable_on` is the day that lies a span after another, as the rule counts and moves it."""

    span: Amount
    payable_on: Callable[[date, Span], date]


def make(rule: Pay, workshop: Workshop) -> ReadyPay:
    """Gets the rule ready."""
    holidays = workshop.holidays

    @lru_cache(_DAYS_REMEMBERED)
    def payable_on(day: date, span: Span) -> date:
        in_business_days = span.unit == "business days"
        paid_on = add_business_days(day, span.count, holidays) if in_business_days else add_span(day, span)
        if rule.if_holiday == "keep":
            return paid_on
        if rule.if_holiday == "previous_business_day":
            earlier = nearest_business_day(paid_on, holidays, -1)
            if earlier >= day:
                return earlier
        # Nothing is paid before it was asked for.
        return nearest_business_day(paid_on, holidays, 1)

    span = workshop.figures.amount(rule.within)
    return ReadyPay(**workshop.common(rule, PLACEHOLDERS, (span,)), span=span, payable_on=payable_on)


def pay(judgement: Judgement) -> None:
    """Says when the payout is made; nothing is said where no rule applies."""
    speaking: tuple[ReadyPay, ...] = judgement.speaking("pay")
    if len(speaking) > 1:
        raise Conflict("pay", (speaking[0].id, speaking[1].id))
    figures = {}
    for ready in speaking:
        span = ready.span.read(judgement.scene, None)
        judgement.payable_on = ready.payable_on(judgement.scene.day, span)
        figures[ready.id] = {"payable_on": figure_data(judgement.payable_on), "within": str(span)}
    judgement.note("pay", figures)
