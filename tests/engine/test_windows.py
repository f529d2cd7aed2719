"""Windows end where the calendar of the zone says, and roll to the instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import local_day
from engine.facts import COUNTED_STATES, PAST_STATES, read_case
from engine.scene import Scene
from engine.windows import past_refunds, window
from policies.model import Per, Span
from tests.policies_for_tests import case, past, policy

SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")
POLICY = policy("").policy
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2020, 2030))


def scene(at: str, zone: ZoneInfo = SEOUL) -> Scene:
    """The scene of a request at an instant."""
    when = datetime.fromisoformat(at)
    read = read_case(POLICY, case(1, as_of=at))
    return Scene(read.account, local_day(when, zone), when, 1, read.request, None, ())


@pytest.mark.parametrize(
    ("per", "zone", "at", "first", "last"),
    [
        ("day", SEOUL, "2026-03-02T15:00:00Z", "2026-03-02T15:00:00Z", "2026-03-03T14:59:59Z"),
        ("month", SEOUL, "2026-03-02T15:00:00Z", "2026-02-28T15:00:00Z", "2026-03-31T14:59:59Z"),
        ("year", SEOUL, "2026-03-02T15:00:00Z", "2025-12-31T15:00:00Z", "2026-12-31T14:59:59Z"),
        # The clocks go forward on 8 March and back on 1 November: the days have 23 and 25 hours.
        ("day", NEW_YORK, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T03:59:59Z"),
        ("day", NEW_YORK, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"),
        ("month", NEW_YORK, "2026-03-08T12:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T03:59:59Z"),
    ],
)
def test_a_calendar_window_holds_the_days_of_its_zone(per: Per, zone: ZoneInfo, at: str, first: str, last: str) -> None:
    start, end = window(per, zone)(scene(at, zone))
    assert (datetime.fromisoformat(first), datetime.fromisoformat(last)) == (start, end - timedelta(seconds=1))


@pytest.mark.parametrize("per", [Span(24, "hours"), Span(1, "days")], ids=str)
def test_a_rolling_window_leaves_out_what_came_a_whole_window_ago(per: Span) -> None:
    start, end = window(per, SEOUL)(scene("2026-03-03T03:00:00Z"))
    assert datetime(2026, 3, 2, 3, tzinfo=UTC) < start <= datetime(2026, 3, 2, 3, 0, 0, 1, tzinfo=UTC)
    assert end > datetime(2026, 3, 3, 3, 0, 1, tzinfo=UTC), (
        "a refund of a moment later counts, or two at once would pass"
    )


def test_a_window_of_ages_is_all_of_history() -> None:
    ever = window("ever", SEOUL)(scene("2026-03-03T03:00:00Z"))
    assert ever == window(Span(10**12, "days"), SEOUL)(scene("2026-03-03T03:00:00Z"))


def test_a_window_of_months_does_not_roll() -> None:
    with pytest.raises(ValueError, match="use hours, days, or a calendar day, month or year"):
        window(Span(2, "months"), SEOUL)


@given(
    at=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    zone=st.sampled_from([SEOUL, NEW_YORK, ZoneInfo("America/Santiago"), ZoneInfo("Asia/Beirut"), UTC]),
    per=st.sampled_from(["day", "month", "year"]),
    other=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
)
def test_an_instant_is_in_the_window_just_when_its_local_day_is(
    at: datetime, zone: ZoneInfo, per: Per, other: timedelta
) -> None:
    start, end = window(per, zone)(scene(at.isoformat(), zone))
    length = {"day": 3, "month": 2, "year": 1}[str(per)]

    def part(instant: datetime) -> tuple[int, ...]:
        day = local_day(instant, zone)
        return (day.year, day.month, day.day)[:length]

    assert (start <= at + other < end) == (part(at + other) == part(at))


def test_only_refunds_that_were_granted_or_may_be_count() -> None:
    history = [past(1, f"2026-03-01T0{n}:00:00Z", state=state) for n, state in enumerate(PAST_STATES)]
    read = read_case(POLICY, case(1, history=history))
    told = Scene(read.account, date(2026, 3, 3), read.as_of, 1, read.request, None, read.history)
    counted = past_refunds(told, window("month", SEOUL))
    assert sorted(COUNTED_STATES) == sorted(refund.state for refund in counted)
