"""`notice`: when a member is told that points are about to be lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendars import subtract_span
from engine.cases import read_day_case
from engine.daily import Daily, daily
from policies.model import Span
from tests.policies_for_tests import lot, policy

REASON = 'reason: {ko: "{points} 포인트, {last_day}", en: "{points} points end after {last_day}, in {before}."}'
THREE = "before: [2 months, 1 month, 3 days]"
IDLE = """
- {id: idle, kind: dormancy, terms: "9", when: {lot.source: bill}, idle: 84 days, every: 7 days, points: 5,
   order: [oldest], reason: {ko: 차감, en: Charged.}}
"""
OF_IDLE = 'of: dormancy, reason: {ko: 예정, en: "{points} points may be charged from {charged_on}, in {before}."}'


def rule(fields: str, id: str = "soon") -> str:
    return f'- {{id: {id}, kind: notice, terms: "10", {fields}}}'


def day_of(rules: str, day: str, *lots: dict[str, Any], **account: Any) -> Daily:
    """What a day comes to for an account that was used last on 2026-01-01."""
    version = policy(rules)
    facts = {"id": "A-1", "joined_on": "2015-01-01", "last_activity_on": "2026-01-01", **account}
    return daily(version, read_day_case(version.policy, {"account": facts, "lots": list(lots), "day": day}))


def told(found: Daily) -> list[tuple[str, int, str]]:
    return [(each.before, each.points, each.last_usable_on or each.charged_on or "") for each in found.notices]


@pytest.mark.parametrize(
    ("last_day", "day", "before"),
    [
        # Months clamp to the last day of the month that they reach.
        ("2026-04-30", "2026-02-27", None),
        ("2026-04-30", "2026-02-28", "2 months"),
        ("2026-04-30", "2026-03-01", None),
        ("2024-04-30", "2024-02-28", None),
        ("2024-04-30", "2024-02-29", "2 months"),
        ("2026-03-31", "2026-02-28", "1 month"),
        ("2026-03-29", "2026-02-28", "1 month"),
        ("2026-03-28", "2026-02-28", "1 month"),
        ("2026-03-27", "2026-02-28", None),
        ("2026-03-31", "2026-01-31", "2 months"),
        ("2026-04-30", "2026-03-30", "1 month"),
        ("2026-04-30", "2026-03-31", None),
        ("2026-04-30", "2026-04-26", None),
        ("2026-04-30", "2026-04-27", "3 days"),
        ("2026-04-30", "2026-04-28", None),
        ("2026-04-30", "2026-04-30", None),
        ("2026-03-02", "2026-02-27", "3 days"),
        ("2026-01-02", "2025-12-30", "3 days"),
    ],
)
def test_a_notice_is_due_so_long_before_the_last_day(last_day: str, day: str, before: str | None) -> None:
    found = day_of(rule(f"{THREE}, {REASON}"), day, lot("a", 70, acquired_on="2020-01-01", expires_on=last_day))
    assert told(found) == ([(before, 70, last_day)] if before else [])


def test_lots_of_one_last_day_are_told_together_and_others_apart() -> None:
    lots = [
        lot(name, 10, expires_on=day) for name, day in (("b", "2026-03-31"), ("a", "2026-03-31"), ("c", "2026-03-30"))
    ]
    found = day_of(rule(f"{THREE}, {REASON}"), "2026-02-28", *lots, lot("never", 10))
    assert told(found) == [("1 month", 10, "2026-03-30"), ("1 month", 20, "2026-03-31")]
    assert [each.lots for each in found.notices] == [("c",), ("a", "b")]
    assert [each.en for each in found.notices] == [
        "10 points end after 2026-03-30, in 1 month.",
        "20 points end after 2026-03-31, in 1 month.",
    ]
    assert found.notices[0].ko == "10 포인트, 2026-03-30"


def test_the_last_day_is_that_of_the_expire_rules() -> None:
    life = '- {id: life, kind: expire, terms: "2", after: 1 year, until: month_end, reason: {ko: 만료, en: Over.}}\n'
    found = day_of(life + rule(f"{THREE}, {REASON}"), "2026-03-31", lot("a", 10, acquired_on="2025-05-10"))
    assert told(found) == [("2 months", 10, "2026-05-31")]


@pytest.mark.parametrize(("points", "expected"), [(99, 0), (100, 1), (101, 1)])
def test_fewer_points_than_the_least_are_not_told(points: int, expected: int) -> None:
    lots = [lot("a", 40, expires_on="2026-03-31"), lot("b", points - 40, expires_on="2026-03-31")]
    found = day_of(rule(f"{THREE}, at_least: 100, {REASON}"), "2026-02-28", *lots)
    assert len(found.notices) == expected


def test_conditions_look_at_lots_and_the_account() -> None:
    fields = "when: {account.contact_verified: true, lot.source: bill}, unless: [{lot.locked: true}]"
    lots = [
        lot("a", 1, expires_on="2026-03-31"),
        lot("b", 2, expires_on="2026-03-31", locked=True),
        lot("c", 4, expires_on="2026-03-31", source="purchase"),
    ]
    rules = rule(f"{fields}, {THREE}, {REASON}")
    assert told(day_of(rules, "2026-02-28", *lots, contact_verified=True)) == [("1 month", 1, "2026-03-31")]
    assert told(day_of(rules, "2026-02-28", *lots)) == []


def test_a_lot_that_is_used_up_or_has_expired_is_not_told_of() -> None:
    lots = [lot("a", 5, left=0, expires_on="2026-03-31"), lot("b", 5, expires_on="2026-02-27")]
    assert day_of(rule(f"{THREE}, {REASON}"), "2026-02-28", *lots).notices == ()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        # The first charge is made on 2026-03-26.
        ("2026-02-23", []),
        ("2026-02-24", [("30 days", 55, "2026-03-26")]),
        ("2026-02-25", []),
        ("2026-03-25", [("1 day", 55, "2026-03-26")]),
        ("2026-03-26", []),
        ("2026-04-01", []),
    ],
)
def test_dormancy_is_told_of_before_the_first_charge(day: str, expected: list[tuple[str, int, str]]) -> None:
    rules = IDLE + rule(f"before: [30 days, 1 day], {OF_IDLE}")
    # The lot that ends before the charge and the one that the charge leaves out are not told of.
    lots = [lot("a", 50), lot("b", 5, expires_on="2026-03-26"), lot("c", 7, expires_on="2026-03-25")]
    found = day_of(rules, day, *lots, lot("d", 9, source="purchase"))
    assert told(found) == expected
    if expected:
        assert found.notices[0].en == f"55 points may be charged from 2026-03-26, in {expected[0][0]}."
        assert (found.notices[0].last_usable_on, found.notices[0].lots) == (None, ("a", "b"))


def test_an_activity_moves_the_notice_of_dormancy() -> None:
    rules = IDLE + rule(f"before: [30 days], {OF_IDLE}")
    assert told(day_of(rules, "2026-02-24", lot("a", 5), last_activity_on="2026-01-02")) == []
    assert told(day_of(rules, "2026-02-25", lot("a", 5), last_activity_on="2026-01-02")) == [
        ("30 days", 5, "2026-03-27")
    ]


def test_a_notice_tells_of_what_is_left_after_a_charge_of_the_same_day() -> None:
    found = day_of(IDLE + rule(f"{THREE}, {REASON}"), "2026-03-26", lot("a", 50, expires_on="2026-03-29"))
    assert ([each.points for each in found.charged], told(found)) == ([5], [("3 days", 45, "2026-03-29")])


@settings(max_examples=80, deadline=None)
@given(st.dates(date(2026, 1, 1), date(2028, 12, 31)))
def test_each_span_is_told_once_and_in_time(last_day: date) -> None:
    spans = (Span(2, "months"), Span(1, "months"), Span(3, "days"))
    due = [subtract_span(last_day, span) for span in spans]
    assert due == sorted(due)
    assert due[-1] < last_day
    assert last_day - timedelta(days=62) <= due[0] <= last_day - timedelta(days=59)
    version_day = day_of(rule(f"{THREE}, {REASON}"), str(due[0]), lot("a", 3, expires_on=str(last_day)))
    assert told(version_day) == [("2 months", 3, str(last_day))]
