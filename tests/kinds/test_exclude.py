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
    ("special", "method", "expected", "reasons"),
    [
        ("", "gift_card", 10, {}),
        ("", "cash", 0, {"B": ["special"]}),
        ("when: {lot.tier: A}, ", "gift_card", 0, {"B": ["general"]}),
        ("when: {lot.tier: B}, ", "gift_card", 10, {}),
        ("unless: [{lot.tier: B}], ", "gift_card", 0, {"B": ["general"]}),
    ],
)
def test_a_table_of_methods_silences_what_it_overrides_where_its_method_is_allowed_too(
    special: str, method: str, expected: int, reasons: dict[str, list[str]]
) -> None:
    rules = f"""
- {{id: general, kind: exclude, terms: "1", when: {{lot.source: bill}}, reason: {{ko: 제외, en: Out.}}}}
- {{id: special, kind: exclude, terms: "2", {special}allowed_methods: {{by: lot.source, bill: [gift_card], else: any}},
   overrides: [general], reason: {{ko: 제외, en: Out.}}}}
"""
    found = decided(policy(rules, facts=FACTS), case(1, lot("B", 10, source="bill", tier="B"), method=method))
    assert found.available == expected
    assert {each.lot: [why.rule for why in each.reasons] for each in found.lots if each.reasons} == reasons
    (of_exclude,) = [stage["rules"] for stage in found.trace if stage["stage"] == "exclude"]
    lines = {line["rule"]: line for line in of_exclude}
    silenced = {"special": ["B"]} if not reasons or "special" in reasons["B"] else None
    assert lines["general"].get("silenced") == silenced
    assert lines["special"]["lots"] == (["B"] if method == "cash" else [])


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
        ("when: {lot.used: {over: 0}}", {"left": 9}, 0),
        ("when: {lot.used: {over: 0}}", {"left": 10}, 10),
        ("when: {lot.used: {at_least: 4}}", {"left": 7}, 7),
        ("when: {lot.used: {at_least: 4}}", {"left": 6}, 0),
        ("when: {lot.used_rate: {under: 60%}}", {"left": 4}, 4),
        ("when: {lot.used_rate: {under: 60%}}", {"left": 5}, 0),
        ("when: {lot.used_rate: {under: 60%}}", {"amount": 10_000_000_000, "left": 4_000_000_001}, 0),
        ("when: {lot.used_rate: {under: 60%}}", {"amount": 10_000_000_000, "left": 4_000_000_000}, 4_000_000_000),
        ("when: {lot.used_rate: {at_most: 33.333333%}}", {"amount": 3, "left": 2}, 2),
        ("when: {lot.used_rate: {at_least: 33.333334%}}", {"amount": 3, "left": 2}, 2),
        ("when: {lot.used_rate: {over: 33.333333%, under: 33.333334%}}", {"amount": 3, "left": 2}, 0),
        ("when: {lot.used_rate: 60}", {"left": 4}, 0),
        ("when: {lot.used_rate: {is_not: 60%}}", {"left": 4}, 4),
        ("when: {lot.used_rate: {in: [50%, 60%]}}", {"left": 4}, 0),
        ("when: {lot.used_rate: {not_in: [50%, 60%]}}", {"left": 4}, 4),
        ("when: {lot.used_rate: {over: 0%}}, unless: [{lot.left: 0}]", {"amount": 0, "left": 0}, 0),
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


USED = """
needed:
  about: How much of a voucher must be used
  terms: "16"
  unit: percent
  dated_by: lot.acquired_on
  since:
    always: 90%
    2025-01-01: {by: lot.amount, bands: [{from: 0, value: 80%}, {from: 10_001, value: 60%}]}
"""


@pytest.mark.parametrize(
    ("amount", "left", "acquired_on", "expected"),
    [
        (10_000, 2_000, "2025-01-01", 2_000),
        (10_000, 2_001, "2025-01-01", 0),
        (10_001, 4_000, "2025-01-01", 4_000),
        (10_001, 4_001, "2025-01-01", 0),
        (10_001, 1_000, "2024-12-31", 1_000),
        (10_001, 1_001, "2024-12-31", 0),
        (0, 0, "2025-01-01", 0),
    ],
)
def test_how_much_must_be_used_may_be_a_table(amount: int, left: int, acquired_on: str, expected: int) -> None:
    rule = '- {id: out, kind: exclude, terms: "1", when: {lot.used_rate: {under: $needed}}, reason: {ko: 가, en: Out.}}'
    version = policy(rule, values=USED)
    data = case(1, lot("L1", amount, left=left, acquired_on=acquired_on), lot("L2", 0))
    decision = decided(version, data)
    assert expected == decision.available
    assert [reason.rule for reason in decision.lots[1].reasons] == ["out"], "of nothing, nothing was used"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [([], 0), (["L1"], 10), (["L2", "L1"], 15), (["L3"], 0), (["L4"], 0), (["L4", "L3", "L2"], 5)],
)
def test_a_refund_may_be_of_chosen_lots_only(chosen: list[str], expected: int) -> None:
    lots = [lot("L1", 10), lot("L2", 5), lot("L3", 7, locked=True), lot("L4", 7, expires_on="2026-03-02")]
    version = policy(
        """
        - {id: others, kind: exclude, terms: "1", when: {lot.chosen: false}, reason: {ko: 나머지, en: Not chosen.}}
        - {id: locked, kind: exclude, terms: "2", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}
        """
    )
    decision = decided(version, case(1, *lots, lots=chosen))
    assert expected == decision.available
    told = {line.lot: [reason.rule for reason in line.reasons] for line in decision.lots}
    assert told["L4"] == ["own-expiry", *(["others"] if "L4" not in chosen else [])]
    assert told["L3"] == [*(["others"] if "L3" not in chosen else []), "locked"]


@pytest.mark.parametrize(("chosen", "expected"), [([], 15), (["L1"], 10)])
def test_who_chooses_nothing_may_be_paid_from_all(chosen: list[str], expected: int) -> None:
    conditions = "when: {lot.chosen: false, request.chosen_lots: {over: 0}}"
    assert expected == available(conditions, lot("L1", 10), lot("L2", 5), lots=chosen)


TABLE = "allowed_methods: {by: lot.source, promotion: [gift_card], bill: [cash, bill_credit], else: any}"


@pytest.mark.parametrize(
    ("table", "method", "expected"),
    [
        (TABLE, "cash", ["L1", "L3"]),
        (TABLE, "bill_credit", ["L1", "L3"]),
        (TABLE, "gift_card", ["L2", "L3"]),
        (TABLE.replace("any", "none"), "gift_card", ["L2"]),
        (TABLE.replace("else: any", "else: [cash]"), "cash", ["L1", "L3"]),
        (TABLE.replace("else: any", "else: [cash]"), "bill_credit", ["L1"]),
        ("allowed_methods: {by: lot.source, promotion: none, else: any}", "cash", ["L1", "L3"]),
        ("allowed_methods: {by: lot.locked, true: none, false: any}", "cash", ["L1", "L2", "L3"]),
        ("allowed_methods: {by: lot.untouched, true: [cash], false: none}", "cash", ["L1", "L2", "L3"]),
        ("allowed_methods: {by: account.kind, company: none, person: [cash]}", "cash", ["L1", "L2", "L3"]),
        ("allowed_methods: {by: account.kind, company: none, person: [cash]}", "gift_card", []),
        ("allowed_methods: {by: lot.tier, A: [gift_card], B: any}", "gift_card", ["L1", "L2", "L3"]),
        ("allowed_methods: {by: lot.tier, A: [gift_card], B: any}", "cash", []),
        (f"when: {{request.channel: app}}, {TABLE}", "gift_card", ["L1", "L2", "L3"]),
        (f"unless: [{{lot.source: bill}}], {TABLE}", "gift_card", ["L1", "L2", "L3"]),
    ],
)
def test_a_table_says_which_class_may_go_by_which_method(table: str, method: str, expected: list[str]) -> None:
    lots = [lot("L1", 10), lot("L2", 5, source="promotion"), lot("L3", 7, source="purchase")]
    rule = f'- {{id: table, kind: exclude, terms: "1", {table}, reason: {{ko: 제외, en: Not so.}}}}'
    decision = decided(policy(rule, facts=FACTS), case(1, *lots, method=method))
    assert expected == [line.lot for line in decision.lots if not line.reasons]


def test_a_table_of_methods_may_name_the_method_in_its_reason() -> None:
    rule = (
        f'- {{id: table, kind: exclude, terms: "1", {TABLE}, reason: {{ko: 제외, en: "Not by {{request.method}}."}}}}'
    )
    decision = decided(policy(rule), case(1, lot("L1", 10), method="gift_card"))
    assert [reason.en for reason in decision.lots[0].reasons] == ["Not by gift card."]
