"""`pay`: by which day the payout is made, or on which of the days of payouts; and how long points are held for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from marshmallow import ValidationError, validates_schema

from policies.day_fields import BatchDay, Time
from policies.fields import Bilingual, ListOf, OneOf
from policies.fields import Length as LengthField
from policies.model import BusinessDay, DayOfMonth, DayOfYear, Length, Rule, Span, TimeOfDay, Weekday
from policies.problems import both
from policies.readers import Trouble
from policies.rules import ExactlyOne, OnlyWith, RequestRuleMap
from policies.sentences import Teller

Batch = tuple[DayOfMonth | BusinessDay, ...] | tuple[DayOfYear, ...] | tuple[Weekday, ...]
"""The days on which payouts are made: of every month, of every year or of every week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay(Rule):
    """The payout is made `within` a number of days or business days of the request's day, or on the first day of
    `batch` that lies `at_least_after` it. Exactly one of `within` and `batch` is given.

    A request at or after the `cut_off_time` counts as one of the next day.

    The points stay held for the payout until `held_for` has passed since the request's day; without it until the payout
    is made or given up.
    """

    kind: ClassVar[str] = "pay"

    within: Length | None = None
    batch: Batch = ()
    at_least_after: Length | None = None
    if_holiday: Literal["keep", "next_business_day", "previous_business_day"] = "keep"
    cut_off_time: TimeOfDay | None = None
    held_for: Length | None = None

    def amounts(self) -> tuple[object, ...]:
        return (self.within, self.at_least_after, self.held_for)


PLACEHOLDERS = ("payable_on",)


class PayMap(RequestRuleMap):
    """The fields of a pay rule."""

    within = LengthField(("days", "business days"), None, least=0, about="How long a payout may take.")
    batch = ListOf(BatchDay(), (), what=both("날짜 목록", "a list of days"), about="The days of payouts.")
    at_least_after = LengthField(
        ("days", "business days", "months"),
        None,
        least=0,
        about="How long the batch day lies after the request, at least.",
    )
    if_holiday = OneOf(
        ("keep", "next_business_day", "previous_business_day"),
        both("휴일 처리 방식", "way of moving a day"),
        "keep",
        about="Where the day moves when it is not a business day.",
    )
    cut_off_time = Time(None, about="From this time on, a request counts as one of the next day.")
    held_for = LengthField(
        ("days", "business days", "months"),
        None,
        least=0,
        about="How long the points stay held for a payout that nobody makes or gives up.",
    )
    reason = Bilingual(None, about="What the member is told, in Korean and English.")

    together = (ExactlyOne(("within", "batch")), OnlyWith(("at_least_after",), "batch"))

    @validates_schema
    def check_batch(self, data: Any, **kwargs: Any) -> None:
        """All batch days come every month, or every year, or every week."""
        if len({_sort(day) for day in data["batch"]}) > 1:
            message = both("서로 다른 종류의 날짜가 섞여 있습니다", "the days are of different sorts")
            hint = both(
                "매월의 날짜, 매년의 날짜, 요일 중 한 가지로만 쓰십시오",
                "write days of the month, days of the year or days of the week only",
            )
            raise ValidationError({"batch": [Trouble("mixed-batch", message, hint)]})


def _sort(day: DayOfMonth | BusinessDay | DayOfYear | Weekday) -> str:
    return (
        "month"
        if isinstance(day, int | BusinessDay) or day == "last"
        else "year"
        if isinstance(day, DayOfYear)
        else "week"
    )


def sentence(rule: Pay, say: Teller) -> str:
    """When it is paid."""
    moved = say.choose(*_MOVES[rule.if_holiday])
    when = _batch_text(rule, say) if rule.batch else _within_text(rule, say)
    return when + moved + _cut_off_text(rule, say) + _hold_text(rule, say) + "."


def _within_text(rule: Pay, say: Teller) -> str:
    within = say.figure(rule.within)
    if isinstance(rule.within, Span) and rule.within.count == 0:
        return say.choose("신청일 당일 지급", "Paid on the day of the request")
    return say.choose(f"신청일부터 {within} 이내 지급", f"Paid within {within} of the request")


def _batch_text(rule: Pay, say: Teller) -> str:
    after = ""
    if rule.at_least_after is not None:
        span = say.figure(rule.at_least_after)
        after = say.choose(
            f", 신청일부터 {span} 이상 지난 첫 지급일", f", the first that is at least {span} after the request"
        )
    return say.choose(f"{_days_text(rule.batch, say)} 지급{after}", f"Paid {_days_text(rule.batch, say)}{after}")


def _days_text(batch: Batch, say: Teller) -> str:
    if _sort(batch[0]) == "month":
        days = say.days_of_month(batch)  # type: ignore[arg-type]
        return say.choose(f"매월 {days}", f"on {days}")
    if _sort(batch[0]) == "year":
        return say.choose("매년 ", "every year on ") + say.either(str(day) for day in batch)
    return say.choose("매주 ", "on ") + say.either(say.weekday(day) for day in batch)  # type: ignore[arg-type]


def _cut_off_text(rule: Pay, say: Teller) -> str:
    if rule.cut_off_time is None:
        return ""
    return say.choose(
        f", {rule.cut_off_time} 이후 신청은 다음 날 신청으로 봄",
        f"; a request at {rule.cut_off_time} or later counts as one of the next day",
    )


def _hold_text(rule: Pay, say: Teller) -> str:
    if rule.held_for is None:
        return ""
    span = say.figure(rule.held_for)
    return say.choose(
        f", 지급도 취소도 되지 않으면 신청일부터 {span}까지만 포인트를 보류함",
        f"; points that are neither paid out nor given up are held for {span} after the request",
    )


_MOVES = {
    "keep": ("", ""),
    "next_business_day": (", 휴일이면 다음 영업일", "; if that is a holiday, on the next business day"),
    "previous_business_day": (", 휴일이면 직전 영업일", "; if that is a holiday, on the business day before"),
}
