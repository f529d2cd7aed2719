"""`dormancy`: what an account that is not used is charged."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import read_day_case
from engine.compiled import CompiledVersion
from engine.daily import Daily, daily
from engine.errors import Conflict
from tests.policies_for_tests import lot, policy

LIFE = """
- {id: life, kind: expire, terms: "2", when: {lot.source: promotion}, after: 1 month, reason: {ko: 만료, en: Over.}}
"""
REASON = 'reason: {ko: "차감 {charged}", en: "{charged} of {base} points were taken; idle since {idle_since}."}'
PARTY = "idle: 84 days, every: 7 days, rate: 5%, rounding: up, at_least: 5, everything_after: 140 days, order: [oldest]"


def rule(fields: str, id: str = "idle") -> str:
    return f'- {{id: {id}, kind: dormancy, terms: "9", {fields}, {REASON}}}'


def day_of(version: CompiledVersion, day: date | str, *lots: dict[str, Any], **account: Any) -> Daily:
    """What a day comes to for an account that was used last on 2026-01-01."""
    facts = {"id": "A-1", "joined_on": "2015-01-01", "last_activity_on": "2026-01-01", **account}
    data = {"account": facts, "lots": list(lots), "day": str(day)}
    return daily(version, read_day_case(version.policy, data))


def charged(found: Daily) -> dict[str, int]:
    return {each.lot: each.points for each in found.charged}


def test_partypoker_after_12_idle_weeks_5_percent_or_5_points_a_week_and_everything_at_week_20() -> None:
    version = policy(rule(PARTY))
    left, taken = 200, {}
    for day in range(1, 200):
        found = day_of(version, date(2026, 1, 1) + timedelta(days=day), lot("a", 200, left=left))
        if points := sum(charged(found).values()):
            taken[day] = points
            left -= points
    weekly = {84: 10, 91: 10, 98: 9, 105: 9, 112: 9, 119: 8, 126: 8, 133: 7}
    assert taken == {**weekly, 140: 130}
    assert left == 0


@pytest.mark.parametrize(
    ("day", "left", "expected"),
    [
        ("2026-03-25", 1_000, 0),
        ("2026-03-26", 1_000, 50),
        ("2026-03-26", 1_001, 51),
        ("2026-03-26", 100, 5),
        ("2026-03-26", 99, 5),
        ("2026-03-26", 5, 5),
        ("2026-03-26", 4, 4),
        ("2026-03-26", 0, 0),
        ("2026-03-27", 1_000, 0),
        ("2026-04-01", 1_000, 0),
        ("2026-04-02", 1_000, 50),
        ("2026-05-14", 1_000, 50),
        ("2026-05-20", 1_000, 0),
        ("2026-05-21", 1_000, 1_000),
        ("2026-05-22", 1_000, 0),
        ("2026-05-28", 1_000, 0),
    ],
)
def test_a_charge_is_the_greater_of_a_share_and_a_least_and_never_more_than_there_is(
    day: str, left: int, expected: int
) -> None:
    found = day_of(policy(rule(PARTY)), day, lot("a", 1_001, left=left))
    assert sum(charged(found).values()) == expected
    assert [reason.rule for reason in found.reasons] == ["idle"] * (expected > 0)


@pytest.mark.parametrize(
    ("fields", "left", "expected"),
    [
        ("points: 100", 99, 99),
        ("points: 100", 100, 100),
        ("points: 100", 1_000, 100),
        ("points: 100, rate: 1%, rounding: down", 1_099, 110),
        ("points: 100, rate: 1%, rounding: up", 1_001, 111),
        ("rate: 10%, rounding: down, at_most: 30", 299, 29),
        ("rate: 10%, rounding: down, at_most: 30", 300, 30),
        ("rate: 10%, rounding: down, at_most: 30", 400, 30),
        ("rate: 0.5%, rounding: half_up", 100, 1),
        ("rate: 0.5%, rounding: half_up", 99, 0),
        ("rate: 200%, rounding: down", 50, 50),
        ("everything_after: 84 days", 77, 77),
    ],
)
def test_points_and_a_share_add_up_between_the_least_and_the_most(fields: str, left: int, expected: int) -> None:
    version = policy(rule(f"idle: 84 days, {fields}, order: [oldest]"))
    assert sum(charged(day_of(version, "2026-03-26", lot("a", 2_000, left=left))).values()) == expected


@pytest.mark.parametrize(
    ("last", "day", "due"),
    [
        # A month that is too short ends on its last day and does not move those after it.
        ("2025-08-31", "2026-02-27", False),
        ("2025-08-31", "2026-02-28", True),
        ("2025-08-31", "2026-03-28", True),
        ("2025-08-31", "2026-03-31", False),
        ("2025-07-31", "2026-01-31", True),
        ("2025-07-31", "2026-02-28", True),
        ("2025-07-31", "2026-03-28", False),
        ("2025-07-31", "2026-03-31", True),
        ("2025-07-31", "2026-04-30", True),
        ("2025-07-31", "2027-02-28", True),
        ("2025-07-31", "2028-02-29", True),
        ("2025-07-31", "2028-02-28", False),
    ],
)
def test_months_are_counted_in_the_calendar(last: str, day: str, due: bool) -> None:
    version = policy(rule("idle: 6 months, every: 1 month, points: 10, order: [oldest]"))
    assert charged(day_of(version, day, lot("a", 50), last_activity_on=last)) == ({"a": 10} if due else {})


@pytest.mark.parametrize(("day", "due"), [("2026-03-25", False), ("2026-03-26", True), ("2026-04-02", False)])
def test_without_every_there_is_one_charge(day: str, due: bool) -> None:
    version = policy(rule("idle: 84 days, points: 10, order: [oldest]"))
    assert bool(day_of(version, day, lot("a", 50)).charged) is due


def test_a_member_who_was_never_active_is_idle_since_joining() -> None:
    version = policy(rule("idle: 84 days, points: 10, order: [oldest]"))
    found = day_of(version, "2026-03-26", lot("a", 50), joined_on="2026-01-01", last_activity_on=None)
    assert found.reasons[0].en == "10 of 50 points were taken; idle since 2026-01-01."
    again = day_of(version, "2026-03-26", lot("a", 50), last_activity_on="2026-03-26")
    assert again.charged == (), "an activity begins the count anew"


def test_lots_pay_in_order_and_those_that_have_expired_pay_nothing() -> None:
    version = policy(rule("idle: 84 days, points: 25, order: [soonest_to_expire, oldest]") + LIFE)
    ended = lot("ended", 90, source="promotion", acquired_on="2026-02-25")
    lots = [lot("b", 20), lot("a", 20, expires_on="2026-06-01"), ended]
    found = day_of(version, "2026-03-26", *lots)
    assert list(charged(found).items()) == [("a", 20), ("b", 5)]
    assert found.reasons[0].figures == {"charged": 25, "base": 40, "idle_since": "2026-01-01"}
    assert [(each.lot, each.points, each.last_usable_on) for each in found.expired] == [("ended", 90, "2026-03-25")]


def test_classes_are_left_out_by_conditions_on_lots() -> None:
    fields = "when: {lot.source: bill}, unless: [{lot.locked: true}], idle: 84 days, rate: 10%, rounding: down"
    version = policy(rule(f"{fields}, order: [oldest]"))
    lots = [lot("a", 100), lot("b", 100, locked=True), lot("c", 100, source="purchase")]
    assert charged(day_of(version, "2026-03-26", *lots)) == {"a": 10}


def test_two_charges_on_one_lot_on_one_day_are_a_conflict_unless_one_overrides_the_other() -> None:
    one = rule("idle: 84 days, points: 10, order: [oldest]")
    other = rule("when: {account.kind: company}, idle: 12 weeks, points: 5, order: [oldest], MORE", "company")
    two = f"{one}\n{other.replace('12 weeks', '84 days')}"
    with pytest.raises(Conflict, match="lot 'a': 'idle' and 'company' both charge it for dormancy"):
        day_of(policy(two.replace(", MORE", "")), "2026-03-26", lot("a", 50), kind="company")
    mended = policy(two.replace("MORE", "overrides: [idle]"))
    assert charged(day_of(mended, "2026-03-26", lot("a", 50), kind="company")) == {"a": 5}
    assert charged(day_of(mended, "2026-03-26", lot("a", 50))) == {"a": 10}
    apart = policy(two.replace(", MORE", "").replace("84 days, points: 5", "85 days, points: 5"))
    assert charged(day_of(apart, "2026-03-27", lot("a", 50), kind="company")) == {"a": 5}


def test_the_rate_of_the_day_holds() -> None:
    values = """
    rate:
      about: The rate
      terms: "9"
      unit: percent
      dated_by: day.today
      since: {2020-01-01: 5%, 2026-03-26: 10%}
    """
    version = policy(rule("idle: 77 days, every: 7 days, rate: $rate, rounding: down, order: [oldest]"), values=values)
    days = ("2026-03-19", "2026-03-26")
    assert [charged(day_of(version, day, lot("a", 100))) for day in days] == [{"a": 5}, {"a": 10}]


LAWFUL = policy(rule(PARTY) + LIFE)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.sampled_from(["bill", "promotion"]), st.integers(0, 150)), max_size=3),
    st.integers(0, 6),
)
def test_day_by_day_every_point_is_charged_or_expires_once(found: list[tuple[int, str, int]], first: int) -> None:
    start = date(2026, 1, 1)
    lots = {
        f"L{n}": lot(f"L{n}", points, source=source, acquired_on=str(start + timedelta(days=after)))
        for n, (points, source, after) in enumerate(found)
    }
    left = {name: each["amount"] for name, each in lots.items()}
    for after in range(first, 200):
        day = start + timedelta(days=after)
        there = [{**each, "left": left[name]} for name, each in lots.items() if each["acquired_on"] <= str(day)]
        came = day_of(LAWFUL, day, *there)
        lost = [(each.lot, each.points) for each in came.charged] + [(each.lot, each.points) for each in came.expired]
        for name, points in lost:
            left[name] -= points
            assert left[name] >= 0
        for gone in came.expired:
            assert left[gone.lot] == 0
    late = [name for name, each in lots.items() if each["acquired_on"] > "2026-05-21" and each["source"] == "bill"]
    assert {name for name, points in left.items() if points} == set(late)
