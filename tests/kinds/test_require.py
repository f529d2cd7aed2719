"""`require`: what must be true of the member and the request."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cases import read_event_case
from engine.events import answer
from tests.policies_for_tests import case, decided, policy, rules_of

REASON = 'reason: {ko: "불가({points})", en: "No: {points}."}'


def outcome(fields: str, account: dict[str, Any] | None = None, points: int = 1_000, **request: Any) -> str:
    """The outcome of a request under one require rule."""
    rule = f'- {{id: must, kind: require, terms: "1", {fields}, {REASON}}}'
    return decided(policy(rule), case(points, account=account, **request)).outcome


@pytest.mark.parametrize(
    ("fields", "account", "request_facts", "expected"),
    [
        ("that: {account.status: active}", {"status": "active"}, {}, "approved"),
        ("that: {account.status: active}", {"status": "dormant"}, {}, "denied"),
        ("that: {account.identity_level: {at_least: 2}}", {"identity_level": 2}, {}, "approved"),
        ("that: {account.identity_level: {at_least: 2}}", {"identity_level": 1}, {}, "denied"),
        ("that: {account.born_on: {at_least_ago: 19 years}}", {"born_on": "2007-03-03"}, {}, "approved"),
        ("that: {account.born_on: {at_least_ago: 19 years}}", {"born_on": "2007-03-04"}, {}, "denied"),
        ("that: {account.born_on: {at_least_ago: 19 years}}", {"born_on": None}, {}, "denied"),
        ("that: {account.age: {at_least: 19}}", {"born_on": "2007-03-03"}, {}, "approved"),
        ("that: {account.age: {at_least: 19}}", {"born_on": "2007-03-04"}, {}, "denied"),
        ("that: {account.age: {at_least: 19}}", {}, {}, "denied"),
        ("when: {account.age: {under: 19}}, that: {request.applicant: guardian}", {}, {}, "denied"),
        ("that: {account.year_age: {at_least: 19}}", {"born_on": "2007-12-31"}, {}, "approved"),
        ("that: {account.year_age: {at_least: 19}}", {"born_on": "2008-01-01"}, {}, "denied"),
        ("that: {account.year_age: {at_least: 19}}", {}, {}, "denied"),
        ("that: {account.points_debt: 0}", {"points_debt": 1}, {}, "denied"),
        ("that: {account.points_debt: {under: request.points}}", {"points_debt": 999}, {}, "approved"),
        ("that: {request.chosen_lots: {at_most: 0}}", {}, {"lots": ["L1"]}, "denied"),
        ("that: {request.chosen_lots: {at_least: 1}}", {}, {"lots": ["L1"]}, "approved"),
        ("that: {request.weekday: tuesday}", {}, {}, "approved"),
        ("that: {request.weekday: {not_in: [tuesday, sunday]}}", {}, {}, "denied"),
        ("that: {request.day_of_month: 3}", {}, {}, "approved"),
        ("that: {request.day_of_month: {under: 3}}", {}, {}, "denied"),
        ("that: {account.contact_changed_on: none}", {}, {}, "approved"),
        ("that: {account.contact_changed_on: none}", {"contact_changed_on": "2026-03-01"}, {}, "denied"),
        ("that: {request.receiving_holder: request.applicant}", {}, {"receiving_holder": "member"}, "approved"),
        ("that: {request.receiving_holder: {in: [member, guardian]}}", {}, {"receiving_holder": "other"}, "denied"),
        ("that: {account.debt: 0}", {"debt": 1}, {}, "denied"),
        ("when: {request.channel: web}, that: {account.contact_verified: true}", {}, {"channel": "app"}, "approved"),
        ("when: {request.channel: web}, that: {account.contact_verified: true}", {}, {"channel": "web"}, "denied"),
        ("that: {any: [{account.kind: company}, {account.identity_level: 1}]}", {"kind": "company"}, {}, "approved"),
        ("that: {any: [{account.kind: company}, {account.identity_level: 1}]}", {}, {}, "denied"),
    ],
)  # fmt: skip
def test_a_request_is_denied_unless_what_is_required_holds(
    fields: str, account: dict[str, Any], request_facts: dict[str, Any], expected: str
) -> None:
    assert expected == outcome(fields, account, **request_facts)


def test_a_level_may_be_required_from_an_amount_on() -> None:
    fields = "when: {request.points: {over: 10_000}}, that: {account.identity_level: {at_least: 2}}"
    assert outcome(fields, points=10_000) == "approved"
    assert outcome(fields, points=10_001) == "denied"
    assert outcome(fields, {"identity_level": 2}, points=10_001) == "approved"


def test_the_reason_names_the_points_values_and_facts() -> None:
    version = policy(
        """
        - id: level
          kind: require
          terms: "13.2"
          when: {request.method: cash}
          that: {account.identity_level: {at_least: $needed}}
          reason:
            ko: "{request.method}: 수준 {needed} 필요(현재 {account.identity_level}), {points}"
            en: "{request.method} needs level {needed}, not {account.identity_level}, for {points}."
        """,
        values="""
        needed:
          about: The level that cash needs
          terms: "13.2"
          unit: number
          dated_by: request.requested_on
          since:
            2020-01-01: {by: request.points, bands: [{from: 0, value: 1}, {from: 1_000, value: 2}]}
        """,
    )
    decision = decided(version, case(1_000, account={"identity_level": 1}))
    (reason,) = decision.reasons
    assert reason.en == "cash needs level 2, not 1, for 1,000."
    assert reason.ko == "현금: 수준 2 필요(현재 1), 1,000"
    expected = {"points": 1_000, "request.method": "cash", "needed": 2, "account.identity_level": 1}
    assert expected == reason.figures
    assert rules_of(decided(version, case(999, account={"identity_level": 1}))) == []


def test_a_reason_may_tell_the_age() -> None:
    rule = (
        '- {id: must, kind: require, terms: "1", that: {account.age: {at_least: 19}},'
        ' reason: {ko: "만 {account.age}세", en: "You are {account.age}."}}'
    )
    (reason,) = decided(policy(rule), case(account={"born_on": "2007-03-04"})).reasons
    assert (reason.ko, reason.en, reason.figures) == ("만 18세", "You are 18.", {"points": 1_000, "account.age": 18})
    assert reason.remedy is not None
    assert reason.remedy.en == "Ask again on 2026-03-04."


def test_an_earning_may_depend_on_the_age_on_the_day_of_the_event() -> None:
    rule = """
    - {id: young, kind: earn, terms: "1", when: {account.age: {under: 19}}, event: purchase, source: bill, points: 5}
    """
    compiled = policy(rule)
    for day, expected in (("2026-03-02", ["young"]), ("2026-03-03", [])):
        data = {
            "account": {"id": "A", "joined_on": "2020-01-01", "born_on": "2007-03-03"},
            "event": {"id": "E", "type": "purchase", "happened_at": f"{day}T03:00:00Z"},
        }
        earned = answer(compiled, read_event_case(compiled.policy, data))
        assert expected == [grant.rule for grant in earned.granted]
