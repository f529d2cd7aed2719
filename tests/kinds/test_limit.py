"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies_for_tests import case, decided, lot, past, policy

REASON = 'reason: {ko: "{limit} {used} {room} {points}", en: "limit {limit} used {used} room {room} points {points}"}'


def told(
    fields: str, points: int, *lots: dict[str, Any], history: list[dict[str, Any]] | None = None, **request: Any
) -> str:
    """What one limit says of a request, "" when it lets it pass."""
    rule = f'- {{id: bound, kind: limit, terms: "1", {fields}, {REASON}}}'
    decision = decided(policy(rule), case(points, *lots, history=history, **request))
    return next((reason.en for reason in decision.reasons if reason.rule == "bound"), "")


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        ("measure: request.points, at_most: 5_000", 5_000, ""),
        ("measure: request.points, at_most: 5_000", 5_001, "limit 5,000 used 0 room 5,000 points 5,001"),
        ("measure: request.points, at_least: 1_000", 1_000, ""),
        ("measure: request.points, at_least: 1_000", 999, "limit 1,000 used 0 room 10,000 points 999"),
        ("measure: request.points, at_least: 20_000", 999, "limit 20,000 used 0 room 0 points 999"),
        ("measure: request.points, multiple_of: 1_000", 3_000, ""),
        ("measure: request.points, multiple_of: 1_000", 3_999, "limit 1,000 used 0 room 3,000 points 3,999"),
        ("measure: balance.after, at_least: 4_000", 6_000, ""),
        ("measure: balance.after, at_least: 4_000", 6_001, "limit 4,000 used 0 room 6,000 points 6,001"),
        ("measure: balance.after, at_most: 4_000", 6_000, ""),
        ("measure: balance.after, at_most: 4_000", 5_999, "limit 4,000 used 0 room 10,000 points 5,999"),
        ("measure: balance.after, multiple_of: 3_000", 4_000, ""),
        ("measure: balance.after, multiple_of: 3_000", 4_001, "limit 3,000 used 0 room 4,000 points 4,001"),
    ],
)
def test_an_amount_is_held_to_its_bound(fields: str, points: int, expected: str) -> None:
    assert expected == told(fields, points, lot("L1", 10_000))


HISTORY = [
    past(100, "2026-02-28T14:59:59Z"),
    past(200, "2026-02-28T15:00:00Z", state="approved"),
    past(400, "2026-03-02T03:00:00Z", state="needs_review", method="gift_card"),
    past(800, "2026-03-02T15:00:00Z", account_id="A-2", receiving_account="KB-1"),
    past(1_600, "2026-03-02T16:00:00Z", state="denied"),
    past(3_200, "2026-03-02T17:00:00Z", state="cancelled"),
    past(6_400, "2026-01-01T00:00:00Z", receiving_account="KB-1"),
]


@pytest.mark.parametrize(
    ("measure", "bound", "used"),
    [
        ("{sum: refund.points, per: month, of: account}", 600 + 10, 600),
        ("{sum: refund.points, per: year, of: account}", 7_100 + 10, 7_100),
        ("{sum: refund.points, per: day, of: account}", 10, 0),
        ("{sum: refund.points, per: ever, of: account}", 7_100 + 10, 7_100),
        ("{sum: refund.points, per: 24 hours, of: account}", 10, 0),
        ("{sum: refund.points, per: 25 hours, of: account}", 410, 400),
        ("{sum: refund.points, per: 3 days, of: account}", 710, 700),
        ("{sum: refund.points, per: month, of: account, methods: [cash]}", 210, 200),
        ("{sum: refund.points, per: year, of: receiving_account}", 7_210, 7_200),
        ("{count: refunds, per: month, of: account}", 3, 2),
        ("{count: refunds, per: year, of: receiving_account}", 3, 2),
    ],
)
def test_sums_and_counts_hold_what_was_refunded_and_this_request(measure: str, bound: int, used: int) -> None:
    request = {"receiving_account": "KB-1"}
    assert told(f"measure: {measure}, at_most: {bound}", 10, history=HISTORY, **request) == ""
    room = bound - 1 - used
    expected = f"limit {bound - 1:,} used {used:,} room {room:,} points 10"
    assert expected == told(f"measure: {measure}, at_most: {bound - 1}", 10, history=HISTORY, **request)


def test_a_limit_of_some_methods_is_silent_on_others() -> None:
    fields = "measure: {sum: refund.points, per: month, of: account, methods: [gift_card]}, at_most: 5"
    assert told(fields, 10, history=HISTORY) == ""
    assert told(fields, 10, history=HISTORY, method="gift_card") == "limit 5 used 400 room 0 points 10"


def test_no_receiving_account_is_never_limited() -> None:
    fields = "measure: {sum: refund.points, per: month, of: receiving_account}, at_most: 5"
    assert told(fields, 10, history=HISTORY) == ""
    assert told(fields, 10, history=HISTORY, receiving_account="KB-9") == "limit 5 used 0 room 5 points 10"


MONTHLY = """
monthly:
  about: Most in a month
  terms: "19.1"
  unit: points
  dated_by: request.requested_on
  since:
    2020-01-01: 50
    2026-03-03: {by: account.kind, company: 90, else: 70}
"""


@pytest.mark.parametrize(
    ("as_of", "kind", "limit"),
    [
        ("2026-03-02T14:59:59Z", "person", 50),
        ("2026-03-02T15:00:00Z", "person", 70),
        ("2026-03-02T15:00:00Z", "company", 90),
    ],
)
def test_the_value_of_the_day_of_the_request_holds(as_of: str, kind: str, limit: int) -> None:
    rule = f'- {{id: bound, kind: limit, terms: "1", measure: request.points, at_most: $monthly, {REASON}}}'
    version = policy(rule, values=MONTHLY)
    for points, expected in ((limit, []), (limit + 1, [limit])):
        decision = decided(version, case(points, as_of=as_of, account={"kind": kind}))
        assert expected == [reason.figures["limit"] for reason in decision.reasons]
