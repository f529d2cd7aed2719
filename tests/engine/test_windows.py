"""Windows end where the calendar of the zone says, and roll to the instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import add_span, at_least_ago_bound, local_day
from engine.cases import read_case
from engine.facts import COUNTED_STATES, PAST_STATES
from engine.scene import Scene
from engine.windows import past_refunds, window
from policies.model import Per, Span
from tests.policies_for_tests import case, decided, past, policy

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
        # Wednesday 2026-04-01 in Seoul; its week begins on Monday 30 March.
        ("week", SEOUL, "2026-03-31T15:00:00Z", "2026-03-29T15:00:00Z", "2026-04-05T14:59:59Z"),
        ("week", SEOUL, "2026-03-29T15:00:00Z", "2026-03-29T15:00:00Z", "2026-04-05T14:59:59Z"),
        ("week", SEOUL, "2026-03-29T14:59:59Z", "2026-03-22T15:00:00Z", "2026-03-29T14:59:59Z"),
        ("quarter", SEOUL, "2026-03-31T15:00:00Z", "2026-03-31T15:00:00Z", "2026-06-30T14:59:59Z"),
        ("quarter", SEOUL, "2026-03-31T14:59:59Z", "2025-12-31T15:00:00Z", "2026-03-31T14:59:59Z"),
        ("quarter", SEOUL, "2026-12-31T14:59:59Z", "2026-09-30T15:00:00Z", "2026-12-31T14:59:59Z"),
        ("week", NEW_YORK, "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z", "2026-03-09T03:59:59Z"),
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


def test_a_window_of_business_days_does_not_roll() -> None:
    with pytest.raises(ValueError, match="use hours, days, months, years, or a calendar window"):
        window(Span(2, "business days"), SEOUL)


@pytest.mark.parametrize(
    ("per", "at", "out"),
    [
        (Span(3, "months"), "2026-03-02T01:00:00Z", "2025-12-02T01:00:00Z"),
        (Span(1, "years"), "2026-03-02T01:00:00Z", "2025-03-02T01:00:00Z"),
        # 28 February is a month after every day from 28 to 31 January.
        (Span(1, "months"), "2026-02-28T01:00:00Z", "2026-01-31T01:00:00Z"),
        (Span(1, "months"), "2026-03-30T01:00:00Z", "2026-02-28T01:00:00Z"),
        (Span(1, "months"), "2026-03-31T01:00:00Z", "2026-02-28T01:00:00Z"),
        (Span(1, "months"), "2026-03-27T01:00:00Z", "2026-02-27T01:00:00Z"),
        (Span(1, "years"), "2029-02-28T01:00:00Z", "2028-02-29T01:00:00Z"),
        # 00:30 in Seoul is still the day before in UTC.
        (Span(1, "months"), "2026-03-30T15:30:00Z", "2026-02-27T15:30:00Z"),
    ],
)
def test_a_rolling_month_reaches_back_to_the_last_day_that_is_a_month_ago(per: Span, at: str, out: str) -> None:
    start, end = window(per, SEOUL)(scene(at))
    assert datetime.fromisoformat(out) < start <= datetime.fromisoformat(out) + timedelta(seconds=1)
    assert end > datetime.fromisoformat(at) + timedelta(days=1)


@given(
    at=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    months=st.integers(1, 30),
    ago=st.integers(0, 1_000),
)
def test_a_refund_of_another_day_is_in_a_rolling_month_just_when_that_day_is_less_long_ago(
    at: datetime, months: int, ago: int
) -> None:
    start, _ = window(Span(months, "months"), SEOUL)(scene(at.isoformat()))
    today, day = local_day(at, SEOUL), local_day(at - timedelta(days=ago), SEOUL)
    less_long_ago = add_span(day, Span(months, "months")) > today
    if day != at_least_ago_bound(today, Span(months, "months")):
        assert less_long_ago == (at - timedelta(days=ago) >= start)


@pytest.mark.parametrize(
    ("method", "points", "outcome"),
    [("cash", 60, "approved"), ("cash", 61, "denied"), ("gift_card", 90, "approved"), ("gift_card", 91, "denied")],
)
def test_only_refunds_by_the_same_method_count_where_the_rule_says_so(method: str, points: int, outcome: str) -> None:
    measure = "{sum: refund.points, per: quarter, of: account, methods: same}"
    rule = f'- {{id: most, kind: limit, terms: "1", measure: {measure}, at_most: 100, reason: {{ko: 가, en: A}}}}'
    history = [
        past(40, "2026-02-01T00:00:00Z"),
        past(10, "2025-12-31T15:00:00Z", method="gift_card"),
        past(70, "2025-12-31T14:59:59Z"),
    ]
    assert outcome == decided(policy(rule), case(points, history=history, method=method)).outcome


@pytest.mark.parametrize(("method", "fee"), [("cash", 500), ("gift_card", 0)])
def test_the_first_of_each_method_may_be_free(method: str, fee: int) -> None:
    free = "free: {first: 1, per: week, methods: same}"
    rule = f'- {{id: fee, kind: fee, terms: "1", flat: 500, {free}, reason: {{ko: 가, en: A}}}}'
    # 2026-03-03 is a Tuesday.
    history = [past(1, "2026-03-01T15:00:00Z"), past(1, "2026-03-01T14:59:59Z", method="gift_card")]
    assert fee == decided(policy(rule), case(1_000, history=history, method=method)).fee


@given(
    at=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    zone=st.sampled_from([SEOUL, NEW_YORK, ZoneInfo("America/Santiago"), ZoneInfo("Asia/Beirut"), UTC]),
    per=st.sampled_from(["day", "week", "month", "quarter", "year"]),
    other=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
)
def test_an_instant_is_in_the_window_just_when_its_local_day_is(
    at: datetime, zone: ZoneInfo, per: Per, other: timedelta
) -> None:
    start, end = window(per, zone)(scene(at.isoformat(), zone))

    def part(instant: datetime) -> tuple[int, ...]:
        day = local_day(instant, zone)
        parts = {
            "day": (day.year, day.month, day.day),
            "week": tuple(day.isocalendar())[:2],
            "month": (day.year, day.month),
            "quarter": (day.year, (day.month - 1) // 3),
            "year": (day.year,),
        }
        return parts[str(per)]

    assert (start <= at + other < end) == (part(at + other) == part(at))


def test_only_refunds_that_were_granted_or_may_be_count() -> None:
    history = [past(1, f"2026-03-01T0{n}:00:00Z", state=state) for n, state in enumerate(PAST_STATES)]
    read = read_case(POLICY, case(1, history=history))
    told = Scene(read.account, date(2026, 3, 3), read.as_of, 1, read.request, None, read.history)
    counted = past_refunds(told, window("month", SEOUL))
    assert sorted(COUNTED_STATES) == sorted(refund.state for refund in counted)
