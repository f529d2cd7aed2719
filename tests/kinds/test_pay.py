"""`pay`: by which day the payout is made."""

from __future__ import annotations

import pytest

from tests.policies_for_tests import case, decided, policy


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
