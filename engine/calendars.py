"""Local days, month ends and business days. Holidays are data: resolved once, when a version is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from policies.model import WEEKDAYS, BusinessDay, DayOfMonth, DayOfYear, Span, Text, Weekday
from policies.problems import both

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_WEEKEND = {5, 6}


class UnknownCalendar(ValueError):
    """A calendar whose business days cannot be told: what is wrong with it, and the remedy."""

    def __init__(self, message: Text, hint: Text) -> None:
        super().__init__(f"{message.en}; {hint.en}")
        self.message, self.hint = message, hint


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day that an instant falls on, for the people who live in `zone`.

    >>> from datetime import timezone
    >>> local_day(datetime(2026, 3, 1, 15, 0, tzinfo=timezone.utc), ZoneInfo("Asia/Seoul"))
    datetime.date(2026, 3, 2)
    """
    return instant.astimezone(zone).date()


def month_start(day: date) -> date:
    """The first day of the month of `day`."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month of `day`.

    >>> month_end(date(2024, 2, 10))
    datetime.date(2024, 2, 29)
    """
    return day.replace(day=_days_in(day.year, day.month))


def year_end(day: date) -> date:
    """The last day of the year of `day`."""
    return day.replace(month=12, day=31)


def is_day_of_month(day: date, of: DayOfMonth) -> bool:
    """Whether a day is that day of its month. A month without a 31st has none."""
    return day == month_end(day) if of == "last" else day.day == of


def batch_days(
    days: Collection[DayOfMonth | BusinessDay | DayOfYear | Weekday], start: date, holidays: Collection[date] = ()
) -> Iterator[date]:
    """Every batch day from `start` on, ascending. A month or February that is too short has it on its last day, and one
    with too few business days on the last of those.

    >>> batched = batch_days([15, 31], date(2026, 2, 15))
    >>> next(batched), next(batched), next(batched)
    (datetime.date(2026, 2, 15), datetime.date(2026, 2, 28), datetime.date(2026, 3, 15))
    """
    month = start.replace(day=1)
    while True:
        end = month_end(month)
        found = {each for day in days for each in _in_month(day, month, end, holidays)}
        yield from sorted(day for day in found if day >= start)
        if end.year == date.max.year:
            return
        month = end + timedelta(days=1)


def _in_month(
    day: DayOfMonth | BusinessDay | DayOfYear | Weekday, month: date, end: date, holidays: Collection[date]
) -> list[date]:
    """The days of one month that a batch day means; `month` is the first of it, `end` the last."""
    if isinstance(day, BusinessDay):
        every = [each for number in range(end.day) if business_day(each := month + timedelta(days=number), holidays)]
        return every[-1:] if day.number == "last" or day.number > len(every) else [every[day.number - 1]]
    if day == "last":
        return [end]
    if isinstance(day, int):
        return [month.replace(day=min(day, end.day))]
    if isinstance(day, DayOfYear):
        return [month.replace(day=min(day.day, end.day))] if day.month == month.month else []
    first = (WEEKDAYS.index(day) - month.weekday()) % 7
    return [month + timedelta(days=number) for number in range(first, end.day, 7)]


def quarter_end(day: date) -> date:
    """The last day of the quarter of `day`.

    >>> quarter_end(date(2026, 2, 10)), quarter_end(date(2026, 4, 1))
    (datetime.date(2026, 3, 31), datetime.date(2026, 6, 30))
    """
    return month_end(day.replace(month=(day.month + 2) // 3 * 3, day=1))


def half_year_end(day: date) -> date:
    """The last day of the half year of `day`: 30 June or 31 December."""
    return month_end(day.replace(month=(day.month + 5) // 6 * 6, day=1))


def day_of_year(day: date, of_year: DayOfYear) -> date:
    """That day of the year of `day`.

    >>> day_of_year(date(2026, 9, 1), DayOfYear(6, 30)), day_of_year(date(2026, 9, 1), DayOfYear(2, 29))
    (datetime.date(2026, 6, 30), datetime.date(2026, 2, 28))
    """
    return date(day.year, of_year.month, min(of_year.day, _days_in(day.year, of_year.month)))


def age(born_on: date | None, day: date) -> int:
    """The years completed on `day`; 0 where the birthday is not known or still to come.

    Whoever was born on 29 February completes a year on the 28th where there is no 29th, as `add_span` has it.

    >>> age(date(2008, 2, 29), date(2027, 2, 27)), age(date(2008, 2, 29), date(2027, 2, 28)), age(None, date.max)
    (18, 19, 0)
    """
    if born_on is None or day < born_on:
        return 0
    years = day.year - born_on.year
    return years if add_span(born_on, Span(years, "years")) <= day else years - 1


def year_age(born_on: date | None, day: date) -> int:
    """The year of `day` less the year of birth; 0 where the birthday is not known or in a later year."""
    return 0 if born_on is None else max(0, day.year - born_on.year)


def add_span(day: date, span: Span) -> date:
    """The day that lies `span` after `day`. Months and years clamp to the last day of the month they reach.

    >>> add_span(date(2024, 2, 29), Span(5, "years")), add_span(date(2026, 1, 31), Span(1, "months"))
    (datetime.date(2029, 2, 28), datetime.date(2026, 2, 28))

    What lies beyond the calendar's end is its last day: a life of 9,000 years never ends.
    """
    if span.unit == "days":
        try:
            return day + timedelta(days=span.count)
        except OverflowError:
            return date.max
    return _add_months(day, _months(span)) or date.max


def subtract_span(day: date, span: Span) -> date:
    """The day that lies `span` before `day`. Months and years clamp to the last day of the month they reach.

    >>> subtract_span(date(2026, 4, 30), Span(2, "months")), subtract_span(date(2026, 3, 31), Span(1, "months"))
    (datetime.date(2026, 2, 28), datetime.date(2026, 2, 28))

    What lies before the calendar's beginning is its first day.
    """
    if span.unit == "days":
        try:
            return day - timedelta(days=span.count)
        except OverflowError:
            return date.min
    return _add_months(day, -_months(span)) or date.min


def at_least_ago_bound(day: date, span: Span) -> date | None:
    """The last day D for which D plus `span` is not after `day`; None when there is no such day.

    Clamping makes this more than a subtraction: 31 January plus a month is 28 February, so on 28 February even
    31 January is a month ago.

    >>> at_least_ago_bound(date(2026, 2, 28), Span(1, "months"))
    datetime.date(2026, 1, 31)
    >>> at_least_ago_bound(date(2026, 3, 30), Span(1, "months"))
    datetime.date(2026, 2, 28)
    """
    if span.unit == "days":
        try:
            return day - timedelta(days=span.count)
        except OverflowError:
            return None
    bound = _add_months(day, -_months(span))
    return month_end(bound) if bound and day == month_end(day) else bound


def business_day(day: date, holidays: Collection[date]) -> bool:
    """Neither Saturday, nor Sunday, nor a holiday."""
    return day.weekday() not in _WEEKEND and day not in holidays


def nearest_business_day(day: date, holidays: Collection[date], step: Literal[1, -1]) -> date:
    """`day` itself if it is a business day, else the next (step 1) or the one before (step -1)."""
    while not business_day(day, holidays):
        day += timedelta(days=step)
    return day


def add_business_days(day: date, count: int, holidays: Collection[date]) -> date:
    """The `count`-th business day after `day`, which itself is not counted.

    >>> add_business_days(date(2026, 2, 27), 3, {date(2026, 3, 2)})
    datetime.date(2026, 3, 5)
    """
    for _ in range(count):
        if day.year >= date.max.year:
            return date.max
        day = nearest_business_day(day + timedelta(days=1), holidays, 1)
    return day


def resolve_holidays(calendar: str, first_year: int, last_year: int, extra: Iterable[date] = ()) -> tuple[date, ...]:
    """The holidays of a country from one year to another, with those a rule file adds, in order.

    New releases of the library correct dates, so a version keeps what was resolved when it was made.

    >>> date(2026, 2, 17) in resolve_holidays("KR", 2026, 2026)
    True
    >>> resolve_holidays("XX", 2026, 2026)
    Traceback (most recent call last):
    engine.calendars.UnknownCalendar: no holidays are known for the calendar 'XX'; write a country code, such as KR
    """
    # Here, because to load it takes a tenth of a second, and whoever decides by a stored version needs none of it.
    import holidays as library

    country, _, part = calendar.partition("-")
    try:
        found = library.country_holidays(country, subdiv=part or None, years=range(first_year, last_year + 1))
    except (NotImplementedError, ValueError):
        raise UnknownCalendar(
            both(
                "'{calendar}' 달력의 공휴일을 알 수 없습니다",
                "no holidays are known for the calendar '{calendar}'",
                calendar=calendar,
            ),
            both("KR처럼 나라 코드를 쓰십시오", "write a country code, such as KR"),
        ) from None
    if found.weekend != _WEEKEND:
        raise UnknownCalendar(
            both(
                "'{calendar}' 달력의 주말이 토요일과 일요일이 아니어서 영업일을 셀 수 없습니다",
                "the weekend of the calendar '{calendar}' is not Saturday and Sunday, as business days need",
                calendar=calendar,
            ),
            both(
                "주말이 토요일과 일요일인 나라의 코드를 쓰십시오. 예: KR",
                "write the code of a country where it is, such as KR",
            ),
        )
    return tuple(sorted({*found, *extra}))


def _months(span: Span) -> int:
    if span.unit == "months":
        return span.count
    if span.unit == "years":
        return 12 * span.count
    raise ValueError(f"'{span}' does not lead from one day to another; use days, months or years")


def _add_months(day: date, months: int) -> date | None:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        return None
    return date(year, month + 1, min(day.day, _days_in(year, month + 1)))


def _days_in(year: int, month: int) -> int:
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if leap else _MONTH_DAYS[month - 1]
