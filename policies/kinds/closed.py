"""`closed`: when nothing can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from policies.day_fields import MonthDay, Time, YearDay
from policies.fields import Day, Flag, ListOf, Map, Nested, OneOf
from policies.model import WEEKDAYS, DayOfMonth, DayOfYear, Rule, TimeOfDay, Weekday
from policies.problems import both
from policies.readers import refuse
from policies.rules import AnyOf, RequestRuleMap
from policies.sentences import Teller

MIDNIGHT = 24 * 60
"""The minutes of a day."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of day, which is in, until another, which is out.

    An end that is not after the start is a time of the next day; the hours then belong to the day on which they begin.
    """

    start: TimeOfDay
    end: TimeOfDay

    @property
    def over_midnight(self) -> bool:
        """Whether they end on the day after."""
        return self.end <= self.start


@dataclass(frozen=True, slots=True)
class Days:
    """Days from one to another; both are in."""

    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Rule):
    """A request that the rule matches is denied at the times at which all fields that are given hold together.

    Empty, or None, is a field that is not given. `holidays` is True for days that are public holidays, False for
    those that are none.
    """

    kind: ClassVar[str] = "closed"

    hours: Hours | None = None
    weekdays: tuple[Weekday, ...] = ()
    holidays: bool | None = None
    days: tuple[Days, ...] = ()
    days_of_month: tuple[DayOfMonth, ...] = ()
    dates: tuple[DayOfYear, ...] = ()


PLACEHOLDERS = ("from", "until")


def _hours(start: TimeOfDay, end: TimeOfDay) -> Hours:
    if start == end:
        message = both("시작과 끝이 같은 시각입니다: {at}", "the hours begin and end at {at}", at=start)
        hint = both(
            'hours: 항목을 빼고 날짜만 쓰거나, 끝을 "24:00"으로 쓰십시오',
            'for whole days take hours: out and say which days, or write until: "24:00"',
        )
        refuse("no-hours", message, hint)
    return Hours(start, end)


def _days(start: date, end: date) -> Days:
    if end < start:
        message = both(
            "기간의 끝({end})이 시작({start})보다 앞섭니다",
            "the days end on {end}, before they begin on {start}",
            start=start,
            end=end,
        )
        refuse("days-backwards", message, both("둘을 맞바꾸거나 고치십시오", "swap or correct them"))
    return Days(start, end)


class _HoursMap(Map):
    start = Time(data_key="from", about=both("휴무가 시작되는 시각", "the first time that is closed"))
    end = Time(end=True, data_key="until", about=both("다시 열리는 시각", "the first time that is open again"))


class _DaysMap(Map):
    start = Day(data_key="from", about=both("휴무의 첫날", "the first day that is closed"))
    end = Day(data_key="until", about=both("휴무의 마지막 날", "the last day that is closed"))


_FIELDS = ("hours", "weekdays", "holidays", "days", "days_of_month", "dates")


class ClosedMap(RequestRuleMap):
    """The fields of a closed rule."""

    hours = Nested(_HoursMap, _hours, None, about="The hours of the day.")
    weekdays = ListOf(
        OneOf(WEEKDAYS, both("요일", "day of the week")),
        (),
        what=both("요일 목록", "a list of days"),
        about="The days of the week.",
    )
    holidays = Flag(None, about="Only on public holidays (true), or only on other days (false).")
    days = ListOf(Nested(_DaysMap, _days), (), what=both("기간 목록", "a list of ranges"), about="Ranges of days.")
    days_of_month = ListOf(MonthDay(), (), what=both("날짜 목록", "a list of days"), about="The days of every month.")
    dates = ListOf(YearDay(), (), what=both("날짜 목록", "a list of days"), about="The days of every year.")

    together = (
        AnyOf(
            _FIELDS,
            both("언제 신청할 수 없는지 정해져 있지 않습니다", "nothing says when it is closed"),
            both(
                "hours:, weekdays:, holidays:, days:, days_of_month: 또는 dates: 항목을 쓰십시오",
                "add hours:, weekdays:, holidays:, days:, days_of_month: or dates:",
            ),
        ),
    )


def sentence(rule: Closed, say: Teller) -> str:
    """When it is closed."""
    parts = [words for words in (_days_text(rule, say), _hours_text(rule.hours, say)) if words]
    return say.choose(f"신청할 수 없는 때: {' '.join(parts)}.", f"Closed {' '.join(parts)}.")


def _hours_text(hours: Hours | None, say: Teller) -> str:
    if hours is None:
        return ""
    next_day = hours.over_midnight
    return say.choose(
        f"{hours.start}부터 {'다음 날 ' if next_day else ''}{hours.end} 전까지",
        f"from {hours.start} until {hours.end}{' of the next day' if next_day else ''}",
    )


def _range_text(days: Days, say: Teller) -> str:
    return say.choose(f"{days.start}부터 {days.end}까지", f"from {days.start} to {days.end}")


def _days_text(rule: Closed, say: Teller) -> str:
    parts = []
    if rule.weekdays:
        parts.append(say.choose("", "on ") + say.either(say.weekday(day) for day in rule.weekdays))
    if rule.holidays is not None:
        yes = say.choose("공휴일", "on public holidays")
        parts.append(yes if rule.holidays else say.choose("공휴일이 아닌 날", "on days that are no public holidays"))
    if rule.days:
        parts.append(say.either(_range_text(each, say) for each in rule.days))
    if rule.days_of_month:
        parts.append(say.choose("매월 ", "on ") + say.days_of_month(rule.days_of_month))
    if rule.dates:
        parts.append(say.choose("매년 ", "every year on ") + say.either(str(day) for day in rule.dates))
    if len(parts) < 2:
        return "".join(parts)
    return say.choose(f"다음에 모두 해당하는 날({', '.join(parts)})", f"only {', and '.join(parts)}")
