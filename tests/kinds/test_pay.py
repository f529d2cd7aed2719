"""`pay`: by which day the payout is made."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars import batch_days
from policies.model import WEEKDAYS, DayOfYear
from tests.policies_for_tests import case, compile_text, decided, policy, policy_text


def payable_on(fields: str, as_of: str, *, values: str = "") -> str | None:
    """The day of the payout under one pay rule. 16 to 18 February and 2 March 2026 are holidays."""
    return decided(
        policy(f'- {{id: pay, kind: pay, terms: "1", {fields}}}', values=values), case(1, as_of=as_of)
    ).payable_on


@pytest.mark.parametrize(
    ("fields", "as_of", "expected"),
    [
        ("within: 3 business days", "2026-03-03T03:00:00Z", "2026-03-06"),
        ("within: 3 business days", "2026-03-05T03:00:00Z", "2026-03-10"),
        ("within: 3 business days", "2026-02-12T14:59:59Z", "2026-02-20"),
        ("within: 3 business days", "2026-02-12T15:00:00Z", "2026-02-23"),
        ("within: 1 business day", "2026-02-28T03:00:00Z", "2026-03-03"),
        ("within: 7 days", "2026-02-23T03:00:00Z", "2026-03-02"),
        ("within: 7 days, if_holiday: next_business_day", "2026-02-23T03:00:00Z", "2026-03-03"),
        ("within: 7 days, if_holiday: previous_business_day", "2026-02-23T03:00:00Z", "2026-02-27"),
        ("within: 7 days, if_holiday: previous_business_day", "2026-02-24T03:00:00Z", "2026-03-03"),
        ("within: 1 day, if_holiday: previous_business_day", "2026-02-28T03:00:00Z", "2026-03-03"),
        ("within: 0 days", "2026-02-28T03:00:00Z", "2026-02-28"),
        ("within: 0 days, if_holiday: next_business_day", "2026-02-28T03:00:00Z", "2026-03-03"),
        ("when: {request.method: gift_card}, within: 7 days", "2026-02-24T03:00:00Z", None),
    ],
)
def test_the_payout_comes_within_days_or_business_days(fields: str, as_of: str, expected: str | None) -> None:
    assert expected == payable_on(fields, as_of)


MONTHLY = "batch: [5, 20, last]"
QUARTERLY = "batch: [02-15, 05-15, 08-15, 11-15]"
NEXT, PREVIOUS = "if_holiday: next_business_day", "if_holiday: previous_business_day"
THREE = "at_least_after: 3 business days"


# 15 February 2026 is a Sunday before three holidays; 31 January, 28 February, 5 and 20 September lie on weekends.
@pytest.mark.parametrize(
    ("fields", "day", "expected"),
    [
        (MONTHLY, "2026-03-01", "2026-03-05"),
        (MONTHLY, "2026-03-05", "2026-03-05"),
        (MONTHLY, "2026-03-06", "2026-03-20"),
        (MONTHLY, "2026-03-21", "2026-03-31"),
        (MONTHLY, "2026-04-30", "2026-04-30"),
        (MONTHLY, "2026-12-31", "2026-12-31"),
        (MONTHLY, "2028-02-21", "2028-02-29"),
        ("batch: [5]", "2026-12-06", "2027-01-05"),
        ("batch: [31]", "2026-02-01", "2026-02-28"),
        ("batch: [31]", "2026-04-30", "2026-04-30"),
        ("batch: [30, 31, last]", "2026-02-28", "2026-02-28"),
        ("batch: [30, 31, last]", "2026-03-30", "2026-03-30"),
        ("batch: [30, 31, last]", "2026-03-31", "2026-03-31"),
        ("batch: [20, 5]", "2026-03-01", "2026-03-05"),
        (QUARTERLY, "2026-02-15", "2026-02-15"),
        (QUARTERLY, "2026-02-16", "2026-05-15"),
        (QUARTERLY, "2026-11-16", "2027-02-15"),
        ("batch: [02-29]", "2027-01-01", "2027-02-28"),
        ("batch: [02-29]", "2028-01-01", "2028-02-29"),
        ("batch: [02-29]", "2028-02-29", "2028-02-29"),
        ("batch: [02-29]", "2027-03-01", "2028-02-29"),
        ("batch: [friday]", "2026-03-05", "2026-03-06"),
        ("batch: [friday]", "2026-03-06", "2026-03-06"),
        ("batch: [friday]", "2026-03-07", "2026-03-13"),
        ("batch: [friday, monday]", "2026-03-07", "2026-03-09"),
        ("batch: [monday]", "2026-12-29", "2027-01-04"),
        (f"{QUARTERLY}, {NEXT}", "2026-02-14", "2026-02-19"),
        (f"{QUARTERLY}, {NEXT}", "2026-02-15", "2026-02-19"),
        # The batch of the 15th is the one of those who asked by the 15th, though it is paid on the 19th.
        (f"{QUARTERLY}, {NEXT}", "2026-02-16", "2026-05-15"),
        (f"{QUARTERLY}, {PREVIOUS}", "2026-02-13", "2026-02-13"),
        # It was paid on the 13th.
        (f"{QUARTERLY}, {PREVIOUS}", "2026-02-14", "2026-05-15"),
        (f"{QUARTERLY}, {PREVIOUS}", "2026-02-15", "2026-05-15"),
        (f"{MONTHLY}, {PREVIOUS}", "2026-02-27", "2026-02-27"),
        (f"{MONTHLY}, {PREVIOUS}", "2026-02-28", "2026-03-05"),
        (f"{MONTHLY}, {NEXT}", "2026-02-28", "2026-03-03"),
        ("batch: [monday], if_holiday: next_business_day", "2026-02-28", "2026-03-03"),
        ("batch: [monday], if_holiday: previous_business_day", "2026-02-27", "2026-02-27"),
        (f"{MONTHLY}, {THREE}", "2026-03-02", "2026-03-05"),
        (f"{MONTHLY}, {THREE}", "2026-03-03", "2026-03-20"),
        (f"{MONTHLY}, at_least_after: 3 days", "2026-03-02", "2026-03-05"),
        (f"{MONTHLY}, at_least_after: 3 days", "2026-03-03", "2026-03-20"),
        (f"{MONTHLY}, at_least_after: 1 month", "2026-01-31", "2026-02-28"),
        ("batch: [15], at_least_after: 5 days, if_holiday: previous_business_day", "2026-02-10", "2026-02-13"),
        ("batch: [15], at_least_after: 5 days, if_holiday: previous_business_day", "2026-02-11", "2026-03-13"),
        ("batch: [15], at_least_after: 0 days", "2026-03-15", "2026-03-15"),
    ],
)  # fmt: skip
def test_the_payout_is_made_on_the_first_batch_day(fields: str, day: str, expected: str) -> None:
    assert payable_on(fields, f"{day}T03:00:00Z") == expected


CUT_OFF = 'cut_off_time: "16:00"'


@pytest.mark.parametrize(
    ("fields", "as_of", "expected"),
    [
        (f"within: 3 days, {CUT_OFF}", "2026-03-03T06:59:59Z", "2026-03-06"),
        (f"within: 3 days, {CUT_OFF}", "2026-03-03T07:00:00Z", "2026-03-07"),
        (f"within: 3 days, {CUT_OFF}", "2026-03-03T14:59:59Z", "2026-03-07"),
        (f"within: 3 days, {CUT_OFF}", "2026-03-03T15:00:00Z", "2026-03-07"),
        (f"within: 3 days, {CUT_OFF}", "2026-03-04T07:00:00Z", "2026-03-08"),
        (f"within: 0 days, {CUT_OFF}", "2026-03-03T06:59:59Z", "2026-03-03"),
        (f"within: 0 days, {CUT_OFF}", "2026-03-03T07:00:00Z", "2026-03-04"),
        # Friday after the cut-off counts as Saturday, which is before Monday too.
        (f"within: 1 business day, {CUT_OFF}", "2026-03-06T06:59:59Z", "2026-03-09"),
        (f"within: 1 business day, {CUT_OFF}", "2026-03-06T07:00:00Z", "2026-03-09"),
        (f"within: 1 business day, {CUT_OFF}", "2026-03-05T07:00:00Z", "2026-03-09"),
        (f"{MONTHLY}, {CUT_OFF}", "2026-03-05T06:59:59Z", "2026-03-05"),
        (f"{MONTHLY}, {CUT_OFF}", "2026-03-05T07:00:00Z", "2026-03-20"),
        (f"{MONTHLY}, {CUT_OFF}, {THREE}", "2026-03-02T06:59:59Z", "2026-03-05"),
        (f"{MONTHLY}, {CUT_OFF}, {THREE}", "2026-03-02T07:00:00Z", "2026-03-20"),
        (f"{MONTHLY}, {CUT_OFF}, at_least_after: 3 days", "2026-03-02T07:00:00Z", "2026-03-20"),
        (f"within: 0 days, {CUT_OFF}, if_holiday: previous_business_day", "2026-03-06T07:00:00Z", "2026-03-09"),
        ('within: 3 days, cut_off_time: "00:00"', "2026-03-02T15:00:00Z", "2026-03-07"),
    ],
)
def test_from_the_cut_off_time_on_a_request_counts_as_of_the_next_day(fields: str, as_of: str, expected: str) -> None:
    assert payable_on(fields, as_of) == expected


@pytest.mark.parametrize(("at", "expected"), [("13:59:59", "2026-03-30"), ("14:00:00", "2026-03-31")])
def test_the_cut_off_is_on_the_clocks_of_the_zone_in_summer_too(at: str, expected: str) -> None:
    text = policy_text(f'- {{id: pay, kind: pay, terms: "1", within: 1 day, {CUT_OFF}}}')
    decision = decided(compile_text(text.replace("Asia/Seoul", "Europe/Berlin")), case(as_of=f"2026-03-29T{at}Z"))
    assert decision.payable_on == expected


def test_how_long_a_batch_lies_ahead_may_be_a_value() -> None:
    values = """
    notice:
      about: How long before a batch it has to be asked for
      terms: "1"
      unit: span
      dated_by: request.requested_on
      since: {2020-01-01: {by: request.method, cash: 3 business days, else: 5 days}}
    """
    assert payable_on(f"{MONTHLY}, at_least_after: $notice", "2026-03-03T03:00:00Z", values=values) == "2026-03-20"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("within: 3 days", {"payable_on": "2026-03-06", "within": "3 days"}),
        (f"within: 3 days, {CUT_OFF}", {"payable_on": "2026-03-07", "within": "3 days", "counts_as_of": "2026-03-04"}),
        (MONTHLY, {"payable_on": "2026-03-05", "at_least_after": "0 days"}),
    ],
)
def test_the_trace_says_how_the_day_was_found(fields: str, expected: dict[str, str]) -> None:
    decision = decided(policy(f'- {{id: pay, kind: pay, terms: "1", {fields}}}'), case(as_of="2026-03-03T07:00:00Z"))
    (lines,) = [stage["rules"] for stage in decision.trace if stage["stage"] == "pay"]
    assert [line["figures"] for line in lines] == [expected]


SORTS = st.one_of(
    st.lists(st.one_of(st.integers(1, 31), st.just("last")), min_size=1, max_size=3),
    st.lists(st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: DayOfYear(day.month, day.day)), min_size=1),
    st.lists(st.sampled_from(WEEKDAYS), min_size=1),
)


@given(days=SORTS, start=st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_batch_days_ascend_and_none_is_left_out(days: Any, start: date) -> None:
    found = list(islice(batch_days(days, start), 6))
    assert found == sorted(set(found))
    assert found[0] >= start
    for number in range((found[-1] - start).days + 1):
        day = start + timedelta(days=number)
        assert (day in found) == any(comes_on(each, day) for each in days)


def comes_on(each: Any, day: date) -> bool:
    """Whether a batch day is that day, read directly."""
    tomorrow = day + timedelta(days=1)
    last = tomorrow.day == 1
    if isinstance(each, DayOfYear):
        shortened = (each.month, each.day) == (2, 29) and day.month == 2 and last
        return (each.month, each.day) == (day.month, day.day) or shortened
    if each in WEEKDAYS:
        return bool(f"{day:%A}".lower() == each)
    return bool((last and (each == "last" or each > day.day)) or each == day.day)


def test_the_span_may_be_a_value() -> None:
    values = """
    wait:
      about: How long a payout takes
      terms: "1"
      unit: span
      dated_by: request.requested_on
      since: {2020-01-01: {by: request.method, cash: 2 business days, else: 5 days}}
    """
    assert payable_on("within: $wait", "2026-03-03T03:00:00Z", values=values) == "2026-03-05"


def test_a_denied_request_is_never_paid() -> None:
    version = policy('- {id: pay, kind: pay, terms: "1", within: 3 days}')
    assert decided(version, case(10**9)).payable_on is None


@pytest.mark.parametrize(
    ("held_for", "as_of", "expected"),
    [
        ("", "2026-03-03T03:00:00Z", None),
        (", held_for: 30 days", "2026-03-03T03:00:00Z", "2026-04-02"),
        (", held_for: 0 days", "2026-03-03T14:59:59Z", "2026-03-03"),
        (", held_for: 0 days", "2026-03-03T15:00:00Z", "2026-03-04"),
        (", held_for: 3 business days", "2026-02-12T03:00:00Z", "2026-02-20"),
        (", held_for: 1 month", "2026-01-31T03:00:00Z", "2026-02-28"),
        (', held_for: 30 days, cut_off_time: "16:00"', "2026-03-03T08:00:00Z", "2026-04-02"),
    ],
)
def test_points_are_held_for_a_time_that_is_counted_from_the_day_of_the_request(
    held_for: str, as_of: str, expected: str | None
) -> None:
    version = policy(f'- {{id: pay, kind: pay, terms: "1", within: 3 days{held_for}}}')
    assert decided(version, case(1, as_of=as_of)).last_held_on == expected


def test_a_denied_request_holds_nothing() -> None:
    version = policy('- {id: pay, kind: pay, terms: "1", within: 3 days, held_for: 30 days}')
    assert decided(version, case(10**9)).last_held_on is None


@pytest.mark.parametrize(
    ("fields", "as_of", "expected"),
    [
        ("batch: [{business_day: 10}]", "2026-03-03", "2026-03-16"),
        ("batch: [{business_day: 10}]", "2026-03-16", "2026-03-16"),
        ("batch: [{business_day: 10}]", "2026-03-17", "2026-04-14"),
        ("batch: [{business_day: 1}]", "2026-03-01", "2026-03-03"),
        ("batch: [{business_day: last}]", "2026-02-20", "2026-02-27"),
        ("batch: [{business_day: 23}]", "2026-02-20", "2026-02-27"),
        ("batch: [15, {business_day: last}]", "2026-03-16", "2026-03-31"),
        ("batch: [{business_day: 5}], at_least_after: 3 days", "2026-03-07", "2026-04-07"),
        ("batch: [{business_day: 5}], at_least_after: 3 days", "2026-03-06", "2026-03-09"),
        # Closes at the month's end, and is paid on the 25th of the next month.
        ("batch: [25], at_least_after: 25 days", "2026-03-01", "2026-04-25"),
        ("batch: [25], at_least_after: 25 days", "2026-03-31", "2026-04-25"),
        ("batch: [25], at_least_after: 25 days", "2026-04-01", "2026-05-25"),
    ],
)
def test_a_batch_may_be_on_a_business_day_of_the_month(fields: str, as_of: str, expected: str) -> None:
    version = policy(f'- {{id: pay, kind: pay, terms: "1", {fields}}}')
    assert expected == decided(version, case(1_000, as_of=f"{as_of}T03:00:00Z")).payable_on


BY_THE_20TH = """
- id: early
  kind: pay
  terms: "1"
  when: {request.day_of_month: {at_most: 20}}
  batch: [last]
  at_least_after: 1 month
- id: late
  kind: pay
  terms: "1"
  when: {request.day_of_month: {over: 20}}
  batch: [last]
  at_least_after: 2 months
"""
BY_HALF = """
- {id: first, kind: pay, terms: "1", when: {request.day_of_month: {at_most: 15}}, batch: [last]}
- {id: second, kind: pay, terms: "1", when: {request.day_of_month: {over: 15}}, batch: [15]}
"""


@pytest.mark.parametrize(
    ("rules", "day", "expected"),
    [
        (BY_HALF, "2026-03-01", "2026-03-31"),
        (BY_HALF, "2026-03-15", "2026-03-31"),
        (BY_HALF, "2026-03-16", "2026-04-15"),
        (BY_HALF, "2026-12-31", "2027-01-15"),
        (BY_THE_20TH, "2026-03-01", "2026-04-30"),
        (BY_THE_20TH, "2026-03-20", "2026-04-30"),
        (BY_THE_20TH, "2026-03-21", "2026-05-31"),
        (BY_THE_20TH, "2026-12-31", "2027-02-28"),
    ],
)
def test_payouts_may_depend_on_the_day_of_the_month(rules: str, day: str, expected: str) -> None:
    assert decided(policy(rules), case(1, as_of=f"{day}T03:00:00Z")).payable_on == expected
