"""`exclude`: lots that cannot be refunded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policies_for_tests import case, decided, lot, policy

FACTS = "lot.tier: {type: [A, B], ko: 등급, en: tier, default: A}"


def available(conditions: str, *lots: dict[str, Any], **request: Any) -> int:
    """What can still be refunded of the lots under one exclude rule."""
    rule = f'- {{id: out, kind: exclude, terms: "1", {conditions}, reason: {{ko: 제외, en: Out.}}}}'
    return decided(policy(rule, facts=FACTS), case(1, *lots, **request)).available


@pytest.mark.parametrize(
    ("conditions", "of_lot", "expected"),
    [
        ("when: {lot.source: promotion}", {"source": "promotion"}, 0),
        ("when: {lot.source: promotion}", {"source": "bill"}, 10),
        ("when: {lot.locked: true}", {"locked": True}, 0),
        ("when: {lot.locked: true}", {}, 10),
        ("when: {lot.tier: B}", {"tier": "B"}, 0),
        ("when: {lot.tier: B}", {}, 10),
        ("when: {lot.usable_from_on: {over: request.requested_on}}", {"usable_from_on": "2026-03-04"}, 0),
        ("when: {lot.usable_from_on: {over: request.requested_on}}", {"usable_from_on": "2026-03-03"}, 10),
        ("when: {lot.identity_level: {under: 2}}", {"identity_level": 1}, 0),
        ("when: {lot.identity_level: {under: 2}}", {"identity_level": 2}, 10),
        ("when: {lot.untouched: false}", {"left": 9}, 0),
        ("when: {lot.untouched: false}", {"left": 10}, 10),
        ("when: {lot.campaign: {in: [C1, C2]}}", {"campaign": "C2"}, 0),
        ("when: {lot.campaign: {in: [C1, C2]}}", {"campaign": "C3"}, 10),
        ("when: {lot.source: bill}, unless: [{lot.campaign: {starts_with: LOYAL-}}]", {"campaign": "LOYAL-1"}, 10),
        ("when: {lot.source: bill}, unless: [{lot.campaign: {starts_with: LOYAL-}}]", {"campaign": "LOYAL"}, 0),
        ("when: {lot.acquired_on: {under_ago: 12 months}}", {"acquired_on": "2025-03-03"}, 10),
        ("when: {lot.acquired_on: {under_ago: 12 months}}", {"acquired_on": "2025-03-04"}, 0),
    ],
)
def test_the_lots_that_match_do_not_pay(conditions: str, of_lot: dict[str, Any], expected: int) -> None:
    assert expected == available(conditions, lot("L1", 10, **{"left": 10} | of_lot))


def test_a_class_may_be_excluded_from_one_method() -> None:
    conditions = "when: {lot.source: promotion, request.method: cash}"
    lots = [lot("L1", 10, source="promotion"), lot("L2", 5)]
    assert available(conditions, *lots, method="cash") == 5
    assert available(conditions, *lots, method="bill_credit") == 15


def test_a_lot_names_every_rule_that_keeps_it() -> None:
    version = policy(
        """
        - {id: a, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}
        - id: b
          kind: exclude
          terms: "2"
          when: {lot.source: promotion}
          reason: {ko: "{points} 제외({acquired_on})", en: "{points} of {acquired_on} stay."}
        """
    )
    lots = [lot("L1", 1_000, source="promotion", locked=True, expires_on="2026-01-01"), lot("L2", 10)]
    line = decided(version, case(10, *lots)).lots[0]
    assert [reason.rule for reason in line.reasons] == ["own-expiry", "a", "b"]
    assert line.reasons[2].en == "1,000 of 2025-06-01 stay."
    assert line.allocated == 0
