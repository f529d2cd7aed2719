"""`tax`: what is withheld from a refund."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decide import Conflict
from engine.decision import Decision
from tests.policies_for_tests import case, decided, lot, policy, rules_of

REASON = 'reason: {ko: "{base}의 세금 {tax}", en: "tax {tax} of {base}"}'


def rule(fields: str, id: str = "tax") -> str:
    """A tax rule."""
    return f'- {{id: {id}, kind: tax, terms: "1", {fields}, {REASON}}}'


def taxed(fields: str, points: int | str, *lots: dict[str, Any], more: str = "", **given: Any) -> Decision:
    """The decision under one tax and more rules."""
    return decided(policy(f"{rule(fields)}\n{more}"), case(points, *lots, **given))


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        ("rate: 20, rounding: down", 10_004, 2_000),
        ("rate: 20, rounding: up", 10_001, 2_001),
        ("rate: 20, rounding: half_up", 10_002, 2_000),
        ("rate: 20, rounding: half_up", 10_003, 2_001),
        ("rate: 20, rounding: down, to: 10", 10_049, 2_000),
        ("rate: 20, rounding: down, to: 10", 10_050, 2_010),
        ("rate: 20, rounding: down, above: 50_000", 50_000, 0),
        ("rate: 20, rounding: down, above: 50_000", 50_001, 10_000),
        ("rate: 20, rounding: down, above: 50_000, taxes: excess", 50_005, 1),
        ("rate: 20, rounding: down, above: 50_000, taxes: excess", 60_000, 2_000),
        ("rate: 20, rounding: down, waived_under: 1_000", 4_999, 0),
        ("rate: 20, rounding: down, waived_under: 1_000", 5_000, 1_000),
        ("rate: 99, rounding: down", 700, 693),
    ],
)
def test_a_tax_is_withheld_from_the_payout(fields: str, points: int, expected: int) -> None:
    decision = taxed(fields, points)
    assert ("approved", points, expected, points - expected) == (
        decision.outcome,
        decision.gross,
        decision.tax,
        decision.payout,
    )
    assert [("tax", points, expected)] * bool(expected) == [tuple(line) for line in decision.taxes]
    assert ["tax"] * bool(expected) == rules_of(decision)


def test_a_tax_is_told_with_its_figures() -> None:
    (reason,) = taxed("rate: 2.2%, rounding: down, above: 100", 10_000).reasons
    assert (reason.effect, reason.en) == ("charges", "tax 220 of 10,000")
    assert reason.figures == {"tax": 220, "base": 10_000, "rate": "2.2%", "above": 100}


KOREAN = f"""
{rule("when: {lot.source: promotion}, rate: 20, rounding: down, to: 10, above: 50_000", "income-tax")}
{rule("of: [income-tax], rate: 10, rounding: down, to: 10", "local-tax")}
"""


@pytest.mark.parametrize(
    ("promotion", "bill", "income", "local"),
    [
        pytest.param(50_000, 9_999, 0, 0, id="up to the threshold nothing, whatever other points there are"),
        pytest.param(50_001, 0, 10_000, 1_000, id="above it all of it: 10,000.2 and 1,000"),
        pytest.param(61_234, 5_000, 12_240, 1_220, id="12,246.8 cut to 12,240; of that 1,224 cut to 1,220"),
        pytest.param(100_000, 0, 20_000, 2_000, id="22 % in all"),
    ],
)
def test_korean_other_income(promotion: int, bill: int, income: int, local: int) -> None:
    lots = [lot("L1", promotion, source="promotion"), *([lot("L2", bill)] if bill else [])]
    decision = decided(policy(KOREAN), case(promotion + bill, *lots))
    found = {line.rule: (line.base, line.tax) for line in decision.taxes}
    assert ({"income-tax": (promotion, income), "local-tax": (income, local)} if income else {}) == found
    assert decision.payout == promotion + bill - income - local


def test_a_tax_is_on_the_sum_of_its_lots_and_not_on_each() -> None:
    lots = [lot(f"L{n}", 33, source="promotion") for n in range(3)]
    decision = taxed("when: {lot.source: promotion}, rate: 20, rounding: down, above: 90", 99, *lots)
    assert [tuple(line) for line in decision.taxes] == [("tax", 99, 19)]


FEE = '- {id: fee, kind: fee, terms: "2", flat: 1_000, reason: {ko: 수수료, en: Fee.}}'


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        ("rate: 20, rounding: down", 10_000),
        ("rate: 20, rounding: down, after_fees: true", 9_000),
        # A quarter of the money is from a promotion, and so is a quarter of the fee.
        ("rate: 20, rounding: down, after_fees: true, when: {lot.source: promotion}", 2_250),
    ],
)
def test_fees_may_be_taken_off_the_base(fields: str, base: int) -> None:
    lots = [lot("L1", 7_500), lot("L2", 2_500, source="promotion")]
    decision = taxed(fields, 10_000, *lots, more=FEE)
    assert [("tax", base, base // 5)] == [tuple(line) for line in decision.taxes]


def test_fees_above_the_base_leave_nothing_to_tax() -> None:
    fee = FEE.replace("flat: 1_000", "flat: 1_000, when: {lot.source: promotion}")
    lots = [lot("L1", 7_500), lot("L2", 500, source="promotion")]
    fields = "rate: 20, rounding: down, after_fees: true, when: {lot.source: promotion}"
    assert taxed(fields, 8_000, *lots, more=fee).tax == 0


def test_a_tax_is_on_money_and_not_on_points() -> None:
    price = '- {id: price, kind: price, terms: "3", every: 100, pays: 85, rounding: down, reason: {ko: 값, en: Price.}}'
    decision = taxed("rate: 20, rounding: down", 1_000, more=price)
    assert (decision.gross, [tuple(line) for line in decision.taxes]) == (850, [("tax", 850, 170)])


def test_two_taxes_on_one_lot_contradict_each_other_unless_one_adds_to_the_other() -> None:
    one = "rate: 10, rounding: down, when: {request.method: cash}"
    other = "rate: 5, rounding: down, when: {request.channel: web}"
    with pytest.raises(Conflict, match="'one' and 'other' both withhold a tax, and neither overrides or adds to"):
        decided(policy(f"{rule(one, 'one')}\n{rule(other, 'other')}"), case(100))
    both = policy(f"{rule(one, 'one')}\n{rule(f'{other}, adds_to: [one]', 'other')}")
    assert decided(both, case(1_000)).tax == 150


def test_taxes_on_one_tax_contradict_each_other_too() -> None:
    base = rule("rate: 10, rounding: down", "base")
    one = "of: [base], rate: 10, rounding: down, when: {request.method: cash}"
    other = "of: [base], rate: 10, rounding: down, when: {request.channel: web}"
    with pytest.raises(Conflict):
        decided(policy(f"{base}\n{rule(one, 'one')}\n{rule(other, 'other')}"), case(100))
    chained = "of: [one], rate: 10, rounding: down"
    decision = decided(policy(f"{rule(chained, 'last')}\n{base}\n{rule(one, 'one')}"), case(10_000))
    assert {line.rule: line.tax for line in decision.taxes} == {"base": 1_000, "one": 100, "last": 10}


def test_fees_and_taxes_that_leave_nothing_deny_the_refund() -> None:
    decision = taxed("rate: 100, rounding: down", 1_100, more=FEE)
    (reason,) = decision.reasons
    assert (decision.outcome, reason.rule, reason.figures) == (
        "denied",
        "tax-exceeds-payout",
        {"tax": 1_100, "base": 1_100},
    )
    assert (decision.tax, decision.payout, decision.taxes) == (0, 0, ())
    just = taxed("rate: 50, rounding: down", 2_000, more=FEE)
    assert (just.outcome, rules_of(just)) == ("denied", ["tax-exceeds-payout"])
    assert (taxed("rate: 50, rounding: down", 2_001, more=FEE).payout) == 1


def test_all_stays_below_a_threshold_only_where_more_cannot_pass() -> None:
    taxes = "rate: 100, rounding: down, above: 5_000"
    decision = taxed(taxes, "all", more=FEE)
    assert (decision.outcome, decision.points, decision.payout) == ("approved", 5_000, 4_000)


BY_LOT = """
class_rate:
  about: By class.
  terms: "2"
  unit: percent
  dated_by: request.requested_on
  since: {always: {by: lot.source, promotion: 20%, else: 10%}}
class_bound:
  about: By class.
  terms: "2"
  unit: money
  dated_by: request.requested_on
  since: {always: {by: lot.source, promotion: 40_000, else: 10_000}}
"""


@pytest.mark.parametrize(
    ("fields", "promotion", "bill", "expected"),
    [
        ("above: 50_000", 30_000, 30_000, [6_000, 3_000]),
        ("above: 50_000", 30_000, 20_000, []),
        ("above: 50_000", 30_000, 20_001, [6_000, 2_000]),
        ("above: 50_000", 60_000, 0, [12_000]),
        ("above: 50_000, taxes: excess", 30_000, 30_000, [1_000]),
        ("above: 50_000, taxes: excess", 60_000, 30_000, [2_000, 3_000]),
        ("above: 50_000, taxes: excess", 50_000, 9, []),
        ("waived_under: 9_000", 30_000, 30_000, [6_000, 3_000]),
        ("waived_under: 9_001", 30_000, 30_000, []),
        ("above: $class_bound", 30_000, 30_000, [3_000]),
        ("above: $class_bound", 40_001, 10_000, [8_000]),
        ("above: $class_bound, taxes: excess", 50_000, 30_000, [2_000, 2_000]),
        ("waived_under: $class_bound", 100_000, 100_000, [10_000]),
        ("above: $class_bound, waived_under: 8_001", 40_001, 10_000, []),
    ],
)
def test_a_threshold_holds_for_the_rule_as_a_whole_unless_lots_decide_it(
    fields: str, promotion: int, bill: int, expected: list[int]
) -> None:
    values = BY_LOT if "$class_bound" in fields else BY_LOT[: BY_LOT.index("class_bound:")]
    tested = policy(rule(f"rate: $class_rate, rounding: down, {fields}"), values=values)
    lots = [lot("A", promotion, source="promotion", acquired_on="2025-01-01"), lot("B", bill, acquired_on="2025-02-01")]
    decision = decided(tested, case(promotion + bill, *lots))
    assert [line.tax for line in decision.taxes] == expected
    assert decision.tax == sum(expected)
    assert [reason.figures["tax"] for reason in decision.reasons] == expected
