"""Local days, clamped months and business days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import (
    add_business_days,
    add_span,
    age,
    at_least_ago_bound,
    business_day,
    half_year_end,
    local_day,
    month_end,
    nearest_business_day,
    quarter_end,
    resolve_holidays,
    year_age,
    year_end,
)
from policies.model import Span, SpanUnit

UNITS: tuple[SpanUnit, ...] = ("days", "months", "years")
spans = st.builds(Span, st.integers(0, 200), st.sampled_from(UNITS))
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("day", "span", "expected"),
    [
        (date(2024, 2, 29), Span(5, "years"), date(2029, 2, 28)),
        (date(2024, 2, 29), Span(4, "years"), date(2028, 2, 29)),
        (date(2026, 1, 31), Span(1, "months"), date(2026, 2, 28)),
        (date(2026, 1, 31), Span(2, "months"), date(2026, 3, 31)),
        (date(2026, 12, 31), Span(2, "months"), date(2027, 2, 28)),
        (date(2026, 12, 31), Span(1, "days"), date(2027, 1, 1)),
        (date(2026, 12, 31), Span(0, "months"), date(2026, 12, 31)),
        (date(2026, 12, 31), Span(9_000, "years"), date.max),
        (date(2026, 12, 31), Span(10**12, "days"), date.max),
    ],
    ids=str,
)
def test_a_span_clamps_to_the_month_it_reaches(day: date, span: Span, expected: date) -> None:
    assert expected == add_span(day, span)


@pytest.mark.parametrize("unit", ["hours", "business days"])
def test_a_span_that_needs_more_than_a_calendar_is_refused(unit: SpanUnit) -> None:
    with pytest.raises(ValueError, match="use days, months or years"):
        add_span(date(2026, 1, 1), Span(3, unit))


@given(day=days, span=spans)
def test_the_bound_is_the_last_day_that_is_a_span_ago(day: date, span: Span) -> None:
    bound = at_least_ago_bound(day, span)
    assert bound is not None
    assert add_span(bound, span) <= day < add_span(bound + timedelta(days=1), span)


def test_no_day_is_older_than_the_calendar() -> None:
    for unit in UNITS:
        assert at_least_ago_bound(date(2026, 1, 1), Span(10**9, unit)) is None


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        (datetime(2026, 3, 1, 14, 59, 59, tzinfo=UTC), "Asia/Seoul", date(2026, 3, 1)),
        (datetime(2026, 3, 1, 15, 0, 0, tzinfo=UTC), "Asia/Seoul", date(2026, 3, 2)),
        (datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC), "America/New_York", date(2026, 2, 28)),
        (datetime(2026, 7, 1, 4, 0, 0, tzinfo=UTC), "America/New_York", date(2026, 7, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_its_zone(instant: datetime, zone: str, expected: date) -> None:
    assert expected == local_day(instant, ZoneInfo(zone))


@given(day=days)
def test_ends_lie_in_their_month_and_year(day: date) -> None:
    assert (day.year, day.month) == (month_end(day).year, month_end(day).month)
    assert (month_end(day) + timedelta(days=1)).day == 1
    assert date(day.year, 12, 31) == year_end(day)


HOLIDAYS = {date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18), date(2026, 3, 2)}


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 19)),
        (date(2026, 2, 13), 3, date(2026, 2, 23)),
        (date(2026, 2, 14), 1, date(2026, 2, 19)),
        (date(2026, 2, 27), 1, date(2026, 3, 3)),
        (date(2026, 2, 27), 0, date(2026, 2, 27)),
        (date(9999, 12, 30), 5, date.max),
    ],
    ids=str,
)
def test_business_days_skip_weekends_and_holidays(day: date, count: int, expected: date) -> None:
    assert expected == add_business_days(day, count, HOLIDAYS)


def test_the_nearest_business_day_is_the_day_itself_if_it_is_one() -> None:
    assert date(2026, 2, 13) == nearest_business_day(date(2026, 2, 13), HOLIDAYS, 1)
    assert date(2026, 2, 19) == nearest_business_day(date(2026, 2, 14), HOLIDAYS, 1)
    assert date(2026, 2, 13) == nearest_business_day(date(2026, 2, 18), HOLIDAYS, -1)
    assert not business_day(date(2026, 3, 2), HOLIDAYS)


def test_holidays_are_resolved_in_order_with_those_of_the_rule_file() -> None:
    found = resolve_holidays("KR", 2025, 2026, [date(2026, 7, 17), date(2026, 12, 30)])
    assert sorted(set(found)) == list(found)
    assert {date(2025, 10, 6), date(2026, 2, 17), date(2026, 12, 30)} <= set(found)
    assert {2025, 2026} == {day.year for day in found}


@pytest.mark.parametrize(
    ("calendar", "message"), [("XX", "no holidays are known"), ("", "no holidays are known"), ("SA", "weekend")]
)
def test_a_calendar_that_cannot_serve_says_why(calendar: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resolve_holidays(calendar, 2026, 2026)


@pytest.mark.parametrize(
    ("born_on", "day", "years", "by_year"),
    [
        (date(2007, 3, 3), date(2026, 3, 2), 18, 19),
        (date(2007, 3, 3), date(2026, 3, 3), 19, 19),
        (date(2007, 12, 31), date(2026, 12, 30), 18, 19),
        (date(2007, 12, 31), date(2026, 12, 31), 19, 19),
        (date(2007, 12, 31), date(2027, 1, 1), 19, 20),
        (date(2008, 2, 29), date(2027, 2, 27), 18, 19),
        (date(2008, 2, 29), date(2027, 2, 28), 19, 19),
        (date(2008, 2, 29), date(2028, 2, 28), 19, 20),
        (date(2008, 2, 29), date(2028, 2, 29), 20, 20),
        (date(2026, 3, 3), date(2026, 3, 3), 0, 0),
        (date(2026, 3, 3), date(2026, 3, 2), 0, 0),
        (date(2027, 3, 3), date(2026, 3, 2), 0, 0),
        (None, date(2026, 3, 2), 0, 0),
    ],
)
def test_a_year_of_life_is_complete_on_the_birthday(born_on: date | None, day: date, years: int, by_year: int) -> None:
    assert (years, by_year) == (age(born_on, day), year_age(born_on, day))


@given(born_on=days, day=days, years=st.integers(1, 120))
def test_an_age_is_reached_just_when_the_birthday_is_so_long_ago(born_on: date, day: date, years: int) -> None:
    assert (age(born_on, day) >= years) == (add_span(born_on, Span(years, "years")) <= day)


@given(day=days)
def test_the_end_of_a_part_of_the_year_is_its_last_day(day: date) -> None:
    for end, months in ((quarter_end, 3), (half_year_end, 6)):
        last = end(day)
        part, after = (day.month - 1) // months, last + timedelta(days=1)
        assert (last.year, (last.month - 1) // months) == (day.year, part)
        assert (after.year, (after.month - 1) // months) != (day.year, part)
