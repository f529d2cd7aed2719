"""`earn`: which points an event brings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import BadCase, read_event_case
from engine.decide import NotInForce
from engine.events import EventAnswer, answer
from tests.policies_for_tests import compile_text, policy, policy_text


def earned(
    rules: str,
    amount: int = 50_000,
    type: str = "bill_paid",
    account: dict[str, Any] | None = None,
    earlier: list[dict[str, Any]] | None = None,
    happened_at: str = "2026-03-03T03:00:00Z",
    values: str = "",
    **event: Any,
) -> EventAnswer:
    """What an event brings under the earn rules."""
    version = policy(rules, values=values)
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01", **(account or {})},
        "event": {"id": "E-1", "type": type, "amount": amount, "happened_at": happened_at, **event},
        "earned": earlier or [],
    }
    return answer(version, read_event_case(version.policy, data))


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
        ("rate: 1, rounding: down, at_least: 100", 9_900, 100),
        ("rate: 1, rounding: down, at_least: 100", 10_100, 101),
        ("rate: 1, rounding: down, at_least: 100", 0, 100),
        ("rate: 1, rounding: down, at_least: 100, when: {event.amount: {over: 0}}", 0, 0),
        ("rate: 1, rounding: down, at_least: 100, at_most: 200", 9_900, 100),
        ("rate: 1, rounding: down, at_least: 100, at_most: 200", 50_000, 200),
        ("rate: 1, rounding: down, at_least: 100, cap: {at_most: 60, per: month}", 1, 60),
        ("steps: {every: 1_000, earn: 5}, at_least: 7", 1_999, 7),
    ],
)
def test_points_follow_from_the_amount(fields: str, amount: int, expected: int) -> None:
    found = earned(rule(fields), amount)
    assert expected == found.points
    assert [expected] * (expected > 0) == [lot.points for lot in found.granted]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-14T14:59:59Z", 1),  # Saturday, 23:59:59 in Seoul
        ("2026-03-14T15:00:00Z", 3),  # Sunday the 15th
        ("2026-03-15T15:00:00Z", 0),  # Monday the 16th
        ("2026-03-24T15:00:00Z", 2),  # Wednesday the 25th
    ],
)
def test_points_may_go_by_the_local_day_of_the_event(at: str, expected: int) -> None:
    version = policy(
        """
        - {id: fives, kind: earn, terms: "5", event: bill_paid, when: {event.day_of_month: {in: [5, 15, 25]}},
           source: bill, points: 2}
        - {id: weekend, kind: earn, terms: "5", event: bill_paid, when: {event.weekday: {in: [saturday, sunday]}},
           source: bill, points: 1}
        """
    )
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01"},
        "event": {"id": "E-1", "type": "bill_paid", "happened_at": at},
    }
    assert answer(version, read_event_case(version.policy, data)).points == expected


BY_PARTNER = """
miles:
  about: By partner.
  terms: "5"
  unit: points
  dated_by: event.happened_on
  since: {always: {by: event.partner, FUEL: 0, else: 300}}
waiting:
  about: By partner.
  terms: "5"
  unit: span
  dated_by: event.happened_on
  since: {always: {by: event.partner, SHOP: 0 days, else: 7 days}}
"""


@pytest.mark.parametrize(
    ("partner", "expected"), [("FUEL", []), ("SHOP", [(300, "2026-03-03")]), ("", [(300, "2026-03-10")])]
)
def test_a_table_may_bring_nothing_and_let_points_be_usable_at_once(
    partner: str, expected: list[tuple[int, str]]
) -> None:
    version = policy(rule("points: $miles, usable_after: $waiting"), values=BY_PARTNER)
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01"},
        "event": {"id": "E-1", "type": "bill_paid", "partner": partner, "happened_at": "2026-03-03T03:00:00Z"},
    }
    found = answer(version, read_event_case(version.policy, data))
    assert [(lot.points, lot.usable_from_on) for lot in found.granted] == expected


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


TWO = """
- {id: bill, kind: earn, terms: "5", event: bill_paid, source: bill, rate: 1, rounding: down, CAP}
- {id: extra, kind: earn, terms: "5", event: bill_paid, source: promotion, points: 200, MORE}
"""


@pytest.mark.parametrize(
    ("cap", "more", "expected"),
    [
        # 30 points of the bill and 500 of another rule were granted this month; this bill brings 500 and 200.
        ("cap: {at_most: 800, per: month, with: [extra]}", "cap: {at_most: 800, per: month, with: [bill]}", (500, 200)),
        ("cap: {at_most: 729, per: month, with: [extra]}", "cap: {at_most: 729, per: month, with: [bill]}", (500, 199)),
        ("cap: {at_most: 529, per: month, with: [extra]}", "cap: {at_most: 529, per: month, with: [bill]}", (499, 0)),
        # The rule that alone has the cap gets what the other leaves, wherever it stands in the file.
        ("cap: {at_most: 600, per: month, with: [extra]}", "campaign: X", (370, 200)),
        ("campaign: X", "cap: {at_most: 600, per: month, with: [bill]}", (500, 70)),
        ("campaign: X", "cap: {at_most: 530, per: month, with: [bill]}", (500, 0)),
    ],
)
def test_a_shared_cap_counts_what_the_other_rules_granted(cap: str, more: str, expected: tuple[int, int]) -> None:
    found = earned(TWO.replace("CAP", cap).replace("MORE", more), earlier=EARLIER)
    assert tuple(line["figures"]["points"] for line in found.trace) == expected
    assert found.points == sum(expected)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        # 24 hours of points around an event that is told late: 60 before it, 50 after it, and more further away.
        ([(-24, 99), (-22, 60), (1, 50), (24, 99)], 0),
        ([(-24, 99), (-23, 60), (1, 50), (24, 99)], 40),
        ([(-24, 99), (-23, 60), (0, 20), (1, 10), (24, 99)], 20),
        ([(-24, 99), (24, 99)], 100),
        ([(-23, 40), (23, 70)], 30),
        ([(-1, 40), (22, 30), (23, 31)], 30),
        ([(-1, 40), (23, 30), (23, 31)], 39),
    ],
)
def test_every_rolling_window_that_a_late_event_lies_in_must_hold_it(
    hours: list[tuple[int, int]], expected: int
) -> None:
    at = datetime(2026, 3, 3, 3, tzinfo=UTC)
    earlier = [
        {"id": f"G{n}", "rule": "bill", "happened_at": (at + timedelta(hours=after)).isoformat(), "points": points}
        for n, (after, points) in enumerate(hours)
    ]
    found = earned(rule("points: 100, cap: {at_most: 100, per: 24 hours}"), earlier=earlier)
    assert found.points == expected


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        # The event happens on 2026-03-03 at 12:00 in Seoul.
        ([("2026-02-03T03:00:00Z", 60)], 100),
        ([("2026-02-03T03:00:01Z", 60)], 40),
        ([("2026-04-03T02:59:59Z", 60)], 40),
        ([("2026-04-03T03:00:00Z", 60)], 100),
        ([("2026-02-03T03:00:01Z", 60), ("2026-04-03T02:59:59Z", 70)], 30),
    ],
)
def test_a_cap_of_rolling_months_counts_in_months(earlier: list[tuple[str, int]], expected: int) -> None:
    known = [
        {"id": f"G{n}", "rule": "bill", "happened_at": at, "points": points} for n, (at, points) in enumerate(earlier)
    ]
    assert expected == earned(rule("points: 100, cap: {at_most: 100, per: 1 month}"), earlier=known).points


CAPPED = policy(rule("rate: 100%, rounding: down, cap: {at_most: 100, per: 24 hours}"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 72), st.integers(1, 90)), max_size=8))
def test_no_window_ever_holds_more_than_its_cap_however_late_events_are_told(
    told: list[tuple[int, int]],
) -> None:
    earlier: list[dict[str, Any]] = []
    granted: list[tuple[int, int]] = []
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for n, (hour, points) in enumerate(told):
        at = (start + timedelta(hours=hour)).isoformat()
        event = {"id": f"E{n}", "type": "bill_paid", "amount": points, "happened_at": at}
        data = {"account": {"id": "A-1", "joined_on": "2015-01-01"}, "event": event, "earned": earlier}
        found = answer(CAPPED, read_event_case(CAPPED.policy, data)).points
        earlier.append({"id": f"G{n}", "rule": "bill", "happened_at": at, "points": found})
        granted.append((hour, found))
        for end in range(73):
            assert sum(each for hour, each in granted if end - 24 < hour <= end) <= 100


@pytest.mark.parametrize(("rounding", "expected"), [("down", 57), ("up", 58), ("half_up", 58)])
def test_a_bonus_comes_on_the_points_of_other_rules_after_their_caps(rounding: str, expected: int) -> None:
    rules = f"""
    - {{id: bonus, kind: earn, terms: "5", event: bill_paid, source: bill, rate: 50%, of: [bill, extra],
        rounding: {rounding}}}
    - {{id: bill, kind: earn, terms: "5", event: bill_paid, source: bill, rate: 1, rounding: down, at_most: 100}}
    - {{id: extra, kind: earn, terms: "5", event: bill_paid, source: bill, points: 15}}
    - {{id: twice, kind: earn, terms: "5", event: bill_paid, source: bill, rate: 100%, of: [bonus], rounding: down}}
    """
    found = earned(rules)
    assert {lot.rule: lot.points for lot in found.granted} == {
        "bonus": expected,
        "bill": 100,
        "extra": 15,
        "twice": expected,
    }
    assert [lot.rule for lot in found.granted] == ["bonus", "bill", "extra", "twice"], "in the order of the file"


def test_a_bonus_on_what_another_rule_did_not_grant_is_nothing() -> None:
    rules = rule("points: 10, when: {event.partner: ACME}")
    rules += (
        '\n- {id: bonus, kind: earn, terms: "5", event: bill_paid, source: bill, rate: 50%, of: [bill], rounding: up}'
    )
    assert earned(rules).points == 0
    assert earned(rules, partner="ACME").points == 15


@pytest.mark.parametrize(
    ("after", "happened_at", "expected"),
    [
        ("1 month", "2026-03-31T03:00:00Z", "2026-04-01"),
        ("1 month", "2026-03-01T03:00:00Z", "2026-04-01"),
        ("1 month", "2026-01-31T03:00:00Z", "2026-02-01"),
        ("31 days", "2026-01-31T03:00:00Z", "2026-03-01"),
        ("2 months", "2026-12-31T03:00:00Z", "2027-02-01"),
    ],
)
def test_points_may_become_usable_on_the_first_of_a_month(after: str, happened_at: str, expected: str) -> None:
    (lot,) = earned(
        rule(f"points: 10, usable_after: {after}, usable_from: month_start"), happened_at=happened_at
    ).granted
    assert lot.usable_from_on == expected


def test_a_programme_has_events_of_its_own() -> None:
    events = "events: {book_returned: {ko: 도서 반납, en: returning a book}}\nrules:"
    text = policy_text(rule("points: 10", event="book_returned")).replace("rules:", events)
    version = compile_text(text)
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01"},
        "event": {"id": "E-1", "type": "book_returned", "happened_at": "2026-03-03T03:00:00Z"},
    }
    assert answer(version, read_event_case(version.policy, data)).points == 10
    with pytest.raises(BadCase, match="did you mean 'book_returned'"):
        read_event_case(version.policy, {**data, "event": {**data["event"], "type": "book_retuned"}})


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
    assert found == EventAnswer.from_data(data)
    with pytest.raises(AssertionError):
        EventAnswer.from_data({**data, "points": 11})


def test_before_it_starts_a_policy_grants_nothing() -> None:
    with pytest.raises(NotInForce):
        earned(rule("points: 10"), happened_at="2019-12-31T14:59:59Z")
