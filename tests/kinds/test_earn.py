"""`earn`: which points an event brings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.decide import NotInForce
from engine.earn import Earned, earn
from engine.facts import read_event_case
from tests.policies_for_tests import policy


def earned(
    rules: str,
    amount: int = 50_000,
    type: str = "bill_paid",
    account: dict[str, Any] | None = None,
    earlier: list[dict[str, Any]] | None = None,
    happened_at: str = "2026-03-03T03:00:00Z",
    values: str = "",
    **event: Any,
) -> Earned:
    """What an event brings under the earn rules."""
    version = policy(rules, values=values)
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01", **(account or {})},
        "event": {"id": "E-1", "type": type, "amount": amount, "happened_at": happened_at, **event},
        "earned": earlier or [],
    }
    return earn(version, read_event_case(version.policy, data))


def rule(fields: str, event: str = "bill_paid") -> str:
    return f'- {{id: bill, kind: earn, terms: "5", event: {event}, source: bill, {fields}}}'


@pytest.mark.parametrize(
    ("fields", "amount", "expected"),
    [
        ("points: 300", 1, 300),
        ("rate: 0.5%, rounding: down", 50_199, 250),
        ("rate: 0.5%, rounding: up", 50_001, 251),
        ("rate: 0.5%, rounding: half_up", 50_100, 251),
        ("rate: 0.5%, rounding: half_up", 50_099, 250),
        ("steps: {every: 1_000, earn: 5}", 1_999, 5),
        ("steps: {every: 1_000, earn: 5}", 2_000, 10),
        ("steps: {every: 1_000, earn: 5}", 999, 0),
        ("rate: 1, rounding: down, at_most: 100", 9_900, 99),
        ("rate: 1, rounding: down, at_most: 100", 10_100, 100),
    ],
)
def test_points_follow_from_the_amount(fields: str, amount: int, expected: int) -> None:
    found = earned(rule(fields), amount)
    assert expected == found.points
    assert [expected] * (expected > 0) == [lot.points for lot in found.granted]


EARLIER = [
    {"id": "G1", "rule": "bill", "happened_at": "2026-02-28T14:59:59Z", "points": 1_000},
    {"id": "G2", "rule": "bill", "happened_at": "2026-02-28T15:00:00Z", "points": 30},
    {"id": "G3", "rule": "other", "happened_at": "2026-03-01T00:00:00Z", "points": 500},
]


@pytest.mark.parametrize(("cap", "expected"), [(600, 500), (530, 500), (529, 499), (31, 1), (30, 0), (10, 0)])
def test_a_cap_leaves_what_the_rule_has_not_granted_in_its_window(cap: int, expected: int) -> None:
    found = earned(rule(f"rate: 1, rounding: down, cap: {{at_most: {cap}, per: month}}"), earlier=EARLIER)
    assert expected == found.points
    assert {"brought": 500, "room": max(0, cap - 30), "points": expected} == found.trace[0]["figures"]


def test_a_lot_says_where_it_comes_from_and_how_long_it_can_be_used() -> None:
    fields = "points: 10, campaign: event.campaign, usable_after: 7 days, expires_on: 2026-12-31"
    (lot,) = earned(rule(fields), account={"identity_level": 2}, campaign="SPRING").granted
    assert (
        lot.source,
        lot.campaign,
        lot.acquired_on,
        lot.usable_from_on,
        lot.expires_on,
        lot.identity_level,
    ) == ("bill", "SPRING", "2026-03-03", "2026-03-10", "2026-12-31", 2)
    (plain,) = earned(rule("points: 10, campaign: WELCOME")).granted
    assert (plain.campaign, plain.usable_from_on, plain.expires_on) == ("WELCOME", "2026-03-03", None)


def test_only_its_own_event_brings_points() -> None:
    assert earned(rule("points: 10"), type="purchase").points == 0
    assert earned(rule("points: 10", event="purchase"), type="purchase").points == 10


def test_conditions_look_at_the_event_and_the_account() -> None:
    fields = (
        "when: {event.partner: ACME, event.amount: {at_least: 100}}, unless: [{account.status: dormant}], points: 5"
    )
    assert earned(rule(fields), 100, partner="ACME").points == 5
    assert earned(rule(fields), 99, partner="ACME").points == 0
    assert earned(rule(fields), 100, partner="OTHER").points == 0
    lifted = earned(rule(fields), 100, partner="ACME", account={"status": "dormant"})
    assert (lifted.points, lifted.trace[0]["excepted_by"]) == (0, 0)


def test_rules_add_up_unless_one_overrides_another() -> None:
    two = rule("points: 10") + "\n" + rule("points: 7, OVERRIDES").replace("id: bill", "id: more")
    assert (
        (found := earned(two.replace("OVERRIDES", "campaign: X"))).points,
        [lot.rule for lot in found.granted],
    ) == (17, ["bill", "more"])
    found = earned(two.replace("OVERRIDES", "overrides: [bill]"))
    assert (found.points, found.trace[0]["silenced_by"]) == (7, "more")


def test_the_rate_of_the_day_of_the_event_holds() -> None:
    values = """
    rate:
      about: The rate
      terms: "5"
      unit: percent
      dated_by: event.happened_on
      since: {2020-01-01: 1%, 2026-03-03: 2%}
    """
    fields = 'rate: $rate, rounding: down, reason: {ko: "{earned} 적립", en: "{earned} at {rate}."}'
    before = earned(rule(fields), values=values, happened_at="2026-03-02T14:59:59Z")
    after = earned(rule(fields), values=values, happened_at="2026-03-02T15:00:00Z")
    assert [found.granted[0].en for found in (before, after)] == ["500 at 1%.", "1,000 at 2%."]
    assert after.granted[0].ko == "1,000 적립"


def test_what_is_earned_survives_json() -> None:
    found = earned(rule("points: 10"))
    data = json.loads(json.dumps(found.to_data()))
    assert found == Earned.from_data(data)
    with pytest.raises(AssertionError):
        Earned.from_data({**data, "points": 11})


def test_before_it_starts_a_policy_grants_nothing() -> None:
    with pytest.raises(NotInForce):
        earned(rule("points: 10"), happened_at="2019-12-31T14:59:59Z")
