"""What a denied request is told would make it pass."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cases import read_case
from engine.decide import decide
from engine.decision import Remedy
from engine.remedies import apply_remedy
from tests.policies_for_tests import case, decided, lot, past, policy

FACTS = """
account.grade: {type: [VVIP, VIP, GOLD], ko: 등급, en: grade, default: GOLD}
account.floor: {type: number, ko: 최저 수준, en: lowest level, default: 3}
"""

APRIL = {"request.requested_on": "2026-04-01"}


def remedy(fields: str, *, values: str = "", **facts: Any) -> dict[str, Any] | None:
    """The remedy of the denial by one rule, after it was applied and seen to pass."""
    version = policy(f'- {{id: must, terms: "1", reason: {{ko: 불가, en: No.}}, {fields}}}', facts=FACTS, values=values)
    data = case(facts.pop("points", 1_000), account=facts.pop("account", None), **facts)
    decision = decided(version, data)
    (reason,) = decision.reasons
    assert reason.rule == "must"
    if reason.remedy is None:
        return None
    mended = apply_remedy(version.policy, read_case(version.policy, data), reason.remedy)
    assert decide(version, mended).outcome == "approved"
    return dict(reason.remedy.set)


@pytest.mark.parametrize(
    ("that", "facts", "expected"),
    [
        ("account.identity_level: {at_least: 2}", {}, {"account.identity_level": 2}),
        ("account.identity_level: {over: 2}", {}, {"account.identity_level": 3}),
        ("account.identity_level: {at_least: account.floor}", {}, {"account.identity_level": 3}),
        ("account.debt: {under: 100}", {"account": {"debt": 500}}, {"account.debt": 99}),
        ("account.debt: {at_most: 100}", {"account": {"debt": 500}}, {"account.debt": 100}),
        ("account.debt: {under: 0}", {}, None),
        ("account.status: active", {"account": {"status": "dormant"}}, {"account.status": "active"}),
        ("account.contact_verified: true", {}, {"account.contact_verified": True}),
        ("account.contact_verified: {is_not: false}", {}, {"account.contact_verified": True}),
        ("account.grade: {in: [VVIP, VIP]}", {}, {"account.grade": "VVIP"}),
        ("account.grade: {not_in: [GOLD, VIP]}", {}, {"account.grade": "VVIP"}),
        ("account.grade: {is_not: GOLD}", {}, None),
        ("account.kind: {is_not: person}", {}, {"account.kind": "company"}),
        ("request.method: bill_credit", {}, {"request.method": "bill_credit"}),
        ("request.receiving_account: {is_not: ''}", {}, None),
        ("request.receiving_account: {starts_with: KB}", {}, None),
        (
            "account.born_on: {at_least_ago: 19 years}",
            {"account": {"born_on": "2008-02-29"}},
            {"request.requested_on": "2027-02-28"},
        ),
        ("account.born_on: {at_least_ago: 19 years}", {}, None),
        (
            "account.age: {at_least: 19}",
            {"account": {"born_on": "2008-02-29"}},
            {"request.requested_on": "2027-02-28"},
        ),
        ("account.age: {over: 18}", {"account": {"born_on": "2007-04-01"}}, APRIL),
        ("account.age: 19", {"account": {"born_on": "2007-04-01"}}, APRIL),
        ("account.age: {in: [18, 21, 20]}", {"account": {"born_on": "2006-04-01"}}, APRIL),
        ("account.age: {not_in: [18, 17]}", {"account": {"born_on": "2007-04-01"}}, APRIL),
        ("account.age: {is_not: 18}", {"account": {"born_on": "2007-04-01"}}, APRIL),
        ("account.age: {at_most: 18}", {"account": {"born_on": "2000-01-01"}}, None),
        ("account.age: 17", {"account": {"born_on": "2008-01-01"}}, None),
        ("account.age: {at_least: 19}", {}, None),
        ("account.age: {at_least: account.floor}", {"account": {"born_on": "2023-04-01"}}, APRIL),
        (
            "account.year_age: {at_least: 19}",
            {"account": {"born_on": "2008-12-31"}},
            {"request.requested_on": "2027-01-01"},
        ),
        ("account.points_debt: {at_most: 0}", {"account": {"points_debt": 5}}, {"account.points_debt": 0}),
        ("request.chosen_lots: {at_least: 1}", {}, None),
        ("account.joined_on: {under_ago: 1 year}", {}, None),
        ("account.joined_on: {at_least: 2020-01-01}", {}, None),
        ("request.requested_on: {at_least: 2026-05-01}", {}, {"request.requested_on": "2026-05-01"}),
        ("request.requested_on: {over: 2026-05-01}", {}, {"request.requested_on": "2026-05-02"}),
        ("request.requested_on: {under: 2026-01-01}", {}, None),
        ("request.requested_on: {in: [2026-01-01, 2026-06-01, 2026-04-01]}", {}, APRIL),
        ("request.points: {at_most: 500}", {}, {"request.points": 500}),
        ("request.points: {over: 1_500}", {}, {"request.points": 1_501}),
        (
            "account.identity_level: 2, account.contact_verified: true, account.kind: person",
            {},
            {"account.identity_level": 2, "account.contact_verified": True},
        ),
        (
            "any: [{account.identity_level: 2, account.contact_verified: true}, {account.kind: company}]",
            {},
            {"account.kind": "company"},
        ),
        ("any: [{account.joined_on: 2026-01-01}, {account.identity_level: 1}]", {}, {"account.identity_level": 1}),
    ],
)  # fmt: skip
def test_the_smallest_change_that_makes_a_requirement_hold(
    that: str, facts: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert expected == remedy(f"kind: require, that: {{{that}}}", **facts)


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        ("measure: request.points, at_most: 500", 600, 500),
        ("measure: request.points, at_least: 500", 400, 500),
        ("measure: request.points, multiple_of: 300", 1_000, 900),
        ("measure: request.points, multiple_of: 300", 200, 300),
        ("measure: request.points, multiple_of: 300", 1_100, 1_200),
        ("measure: request.points, multiple_of: 300", 450, 300),
        ("measure: request.points, multiple_of: 300_000", 200, None),
        ("measure: request.points, at_least: 500_000", 400, None),
        ("measure: balance.after, at_least: 99_000", 2_000, 1_000),
        ("measure: balance.after, at_most: 99_000", 400, 1_000),
        ("measure: {sum: refund.points, per: month, of: account}, at_most: 1_000", 950, 900),
        ("measure: {sum: refund.points, per: month, of: account}, at_most: 100", 950, None),
        ("measure: {count: refunds, per: month, of: account}, at_most: 1", 950, None),
    ],
)
def test_the_nearest_amount_that_a_limit_lets_through(fields: str, points: int, expected: int | None) -> None:
    found = remedy(f"kind: limit, {fields}", points=points, history=[past(100, "2026-03-01T03:00:00Z")])
    assert (None if expected is None else {"request.points": expected}) == found


LIMITS = """
- {id: most, kind: limit, terms: "1", measure: request.points, at_most: 5_500, reason: {ko: 최대, en: Most.}}
- {id: step, kind: limit, terms: "1", measure: request.points, multiple_of: 1_000, reason: {ko: 단위, en: Step.}}
"""


def test_an_amount_remedy_passes_every_rule_and_not_just_its_own() -> None:
    decision = decided(policy(LIMITS), case(7_777))
    assert [reason.remedy and reason.remedy.set for reason in decision.reasons] == [{"request.points": 5_000}] * 2
    assert (
        (told := decision.reasons[0].remedy) and told.ko,
        told and told.en,
    ) == ("신청할 수 있는 포인트: 5,000.", "Ask for 5,000 points.")


def test_a_limit_on_large_amounts_alone_does_not_limit_the_smaller_ones() -> None:
    version = policy(
        """
        - {id: large, kind: limit, terms: "1", when: {request.points: {at_least: 2_000}}, measure: request.points,
           at_most: 1_000, reason: {ko: 고액, en: Large.}}
        """
    )
    (reason,) = decided(version, case(6_000)).reasons
    assert reason.remedy is not None
    assert reason.remedy.set == {"request.points": 1_999}


def test_no_amount_is_told_where_no_amount_would_pass() -> None:
    identity = '- {id: id, kind: require, terms: "1", that: {account.identity_level: 1}, reason: {ko: 확인, en: Id.}}'
    decision = decided(policy(LIMITS + identity), case(7_000))
    assert [reason.rule for reason in decision.reasons] == ["id", "most"]
    assert decision.reasons[1].remedy is None
    told = decision.reasons[0].remedy
    assert told is not None
    assert told.en == "Needed: the identity level is 1."
    assert told.ko.startswith("필요한 조건: 본인확인 수준")


def test_a_remedy_that_brings_another_denial_is_none() -> None:
    version = policy(
        """
        - {id: a, kind: require, terms: "1", that: {account.kind: company}, reason: {ko: 법인, en: Companies only.}}
        - id: b
          kind: require
          terms: "1"
          when: {account.kind: company}
          that: {account.debt: 5}
          reason: {ko: 빚, en: Debt.}
        """
    )
    (reason,) = decided(version, case(1)).reasons
    assert (reason.rule, reason.remedy) == ("a", None)


def test_a_later_day_is_no_remedy_once_the_points_are_gone() -> None:
    fields = "kind: require, that: {request.requested_on: {at_least: 2026-05-01}}"
    rule = f'- {{id: must, terms: "1", reason: {{ko: 불가, en: No.}}, {fields}}}'
    data = case(10, lot("L1", 10, expires_on="2026-04-30"))
    assert decided(policy(rule), data).reasons[0].remedy is None
    data = case(10, lot("L1", 10, expires_on="2026-05-01"))
    told = decided(policy(rule), data).reasons[0].remedy
    assert told is not None
    assert (told.ko, told.en) == ("다시 신청할 수 있는 날: 2026-05-01.", "Ask again on 2026-05-01.")


def test_on_another_day_the_request_comes_at_the_same_local_time() -> None:
    version = policy('- {id: x, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}')
    before = read_case(version.policy, case(1, as_of="2026-03-02T15:30:00Z"))
    after = apply_remedy(version.policy, before, Remedy({"request.requested_on": "2026-08-01"}, "", ""))
    assert after.as_of.isoformat() == "2026-07-31T15:30:00+00:00"
    assert decide(version, after).requested_on == "2026-08-01"


@pytest.mark.parametrize(
    ("that", "expected"),
    [
        ("request.requested_on: {not_in: [2026-03-03, 2026-03-04]}", "2026-03-05"),
        ("request.requested_on: {is_not: 2026-03-03}", "2026-03-04"),
        ("request.requested_on: {over: account.last_activity_on}", None),
    ],
)
def test_the_day_from_which_a_requirement_holds(that: str, expected: str | None) -> None:
    rule = f'- {{id: day, kind: require, terms: "1", that: {{{that}}}, reason: {{ko: 날, en: Day.}}}}'
    account = {"last_activity_on": "9999-12-31"}
    (reason,) = decided(policy(rule), case(100, account=account)).reasons
    assert (reason.remedy and reason.remedy.set) == (expected and {"request.requested_on": expected})


@pytest.mark.parametrize(
    ("that", "en"),
    [
        ("account.debt: {at_most: 10_000}", "Needed: the debt is at most 10,000 KRW."),
        ("account.debt: {under: 10_000}", "Needed: the debt is at most 9,999 KRW."),
        ("account.identity_level: {over: 1}", "Needed: the identity level is at least 2."),
        ("account.identity_level: 2", "Needed: the identity level is 2."),
    ],
)
def test_a_bound_is_told_as_a_bound(that: str, en: str) -> None:
    rule = f'- {{id: fact, kind: require, terms: "1", that: {{{that}}}, reason: {{ko: 확인, en: Fact.}}}}'
    (reason,) = decided(policy(rule), case(100, account={"debt": 50_000, "identity_level": 1})).reasons
    assert reason.remedy is not None
    assert reason.remedy.en == en
