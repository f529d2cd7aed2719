"""`fee`: what a refund costs."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decision import Decision
from policies.load import load_policy
from tests.policies_for_tests import case, decided, lot, past, policy, policy_text, rules_of

REASON = 'reason: {ko: "{base}의 수수료 {fee}", en: "fee {fee} of {base}"}'


def charged(fields: str, points: int, *lots: dict[str, Any], values: str = "", **more: Any) -> Decision:
    """The decision under one fee rule."""
    rule = f'- {{id: fee, kind: fee, terms: "1", {fields}, {REASON}}}'
    return decided(policy(rule, values=values), case(points, *lots, **more))


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        ("flat: 500", 10_000, 500),
        ("rate: 3, rounding: down", 10_099, 302),
        ("rate: 3, rounding: up", 10_099, 303),
        ("rate: 3, rounding: half_up", 10_016, 300),
        ("rate: 3, rounding: half_up", 10_017, 301),
        ("rate: 2.2%, rounding: down", 10_000, 220),
        ("rate: 3, rounding: down, to: 10", 10_999, 320),
        ("rate: 3, rounding: down, at_least: 100, at_most: 3_000", 3_333, 100),
        ("rate: 3, rounding: down, at_least: 100, at_most: 3_000", 3_400, 102),
        ("rate: 3, rounding: down, at_least: 100, at_most: 3_000", 99_999, 2_999),
        ("rate: 3, rounding: down, at_least: 100, at_most: 3_000", 100_000, 3_000),
        ("rate: 0, rounding: down", 100_000, 0),
        ("when: {request.points: {under: 10_000}}, flat: 500", 9_999, 500),
        ("when: {request.points: {under: 10_000}}, flat: 500", 10_000, 0),
    ],
)
def test_a_fee_is_taken_off_the_payout(fields: str, points: int, expected: int) -> None:
    decision = charged(fields, points)
    assert ("approved", points, expected, points - expected) == (
        decision.outcome,
        decision.gross,
        decision.fee,
        decision.payout,
    )


def test_a_fee_is_told_with_its_figures_and_a_fee_of_nothing_is_not() -> None:
    decision = charged("rate: 2.2%, rounding: down", 10_000)
    (reason,) = decision.reasons
    assert (reason.effect, reason.en) == ("charges", "fee 220 of 10,000")
    assert reason.figures == {"fee": 220, "base": 10_000, "rate": "2.2%"}
    assert [tuple(line) for line in decision.fees] == [("fee", 10_000, 220)]
    free = charged("rate: 3, rounding: down", 33)
    assert (free.reasons, free.fees, free.payout) == ((), (), 33)


def test_a_fee_on_some_lots_is_on_their_points_together() -> None:
    lots = [
        lot("L1", 33, expires_on="2026-05-01"),
        lot("L2", 33, expires_on="2026-06-01", source="promotion"),
        lot("L3", 34, expires_on="2026-07-01", source="promotion"),
        lot("L4", 99, expires_on="2026-08-01", source="promotion"),
    ]
    decision = charged("when: {lot.source: promotion}, rate: 3, rounding: down", 100, *lots)
    assert [tuple(line) for line in decision.fees] == [("fee", 67, 2)]
    untouched = charged("when: {lot.source: promotion}, flat: 7", 33, *lots)
    assert untouched.fee == 0, "no point came from a promotion"


@pytest.mark.parametrize(
    ("fields", "sentence", "expected"),
    [
        ("rate: 2.2%, rounding: down", "{rate}", "2.2%"),
        ("rate: 2.2%, rounding: down", "{rate}%", "2.2%"),
        ("rate: 3, rounding: down", "{rate}% of it", "3% of it"),
        ("flat: 1_500", "{flat} won", "1,500 won"),
    ],
)
def test_a_percentage_is_told_with_one_sign(fields: str, sentence: str, expected: str) -> None:
    rule = f'- {{id: fee, kind: fee, terms: "1", {fields}, reason: {{ko: "{sentence}", en: "{sentence}"}}}}'
    (reason,) = decided(policy(rule), case(10_000)).reasons
    assert (expected, expected) == (reason.ko, reason.en)


RATES = """
rate:
  about: The fee by source
  terms: "1"
  unit: percent
  dated_by: request.requested_on
  since: {2020-01-01: {by: lot.source, promotion: 10%, else: 1%}}
"""


def test_lots_may_have_rates_of_their_own() -> None:
    lots = [lot("L1", 150), lot("L2", 150, source="promotion"), lot("L3", 150)]
    decision = charged("rate: $rate, rounding: down", 450, *lots, values=RATES)
    assert [tuple(line) for line in decision.fees] == [("fee", 300, 3), ("fee", 150, 15)]
    assert rules_of(decision) == ["fee", "fee"]


@pytest.mark.parametrize(("earlier", "expected"), [(0, 0), (1, 0), (2, 500), (3, 500)])
def test_the_first_refunds_of_a_window_are_free(earlier: int, expected: int) -> None:
    history = [past(1, f"2026-03-0{day}T00:00:00Z") for day in range(1, earlier + 1)]
    history += [past(1, "2026-02-01T00:00:00Z"), past(1, "2026-03-01T01:00:00Z", state="denied")]
    assert expected == charged("flat: 500, free: {first: 2, per: month}", 1_000, history=history).fee


FREE_BY_GRADE = """
free:
  about: By method.
  terms: "1"
  unit: number
  dated_by: request.requested_on
  since: {always: {by: request.method, cash: 0, else: 1}}
"""


@pytest.mark.parametrize(("method", "expected"), [("cash", 500), ("bill_credit", 0)])
def test_a_table_may_let_no_refund_be_free(method: str, expected: int) -> None:
    fields = "flat: 500, free: {first: $free, per: month}"
    assert charged(fields, 1_000, values=FREE_BY_GRADE, method=method).fee == expected
    assert charged("flat: 500, free: {first: 0, per: month}", 1_000).fee == 500


def test_fees_add_up_where_one_says_so() -> None:
    version = policy(
        f"""
        - {{id: base, kind: fee, terms: "1", flat: 100, {REASON}}}
        - {{id: express, kind: fee, terms: "2", when: {{request.channel: app}}, flat: 50, adds_to: [base], {REASON}}}
        """
    )
    assert (
        decided(version, case(1_000)).fee,
        (both := decided(version, case(1_000, channel="app"))).fee,
    ) == (100, 150)
    assert rules_of(both) == ["base", "express"]


def test_an_override_silences_a_fee_only_on_the_lots_it_matches() -> None:
    version = policy(
        f"""
        - {{id: base, kind: fee, terms: "1", rate: 10, rounding: down, {REASON}}}
        - id: kept
          kind: fee
          terms: "2"
          when: {{lot.source: promotion}}
          rate: 50
          rounding: down
          overrides: [base]
          {REASON}
        """
    )
    decision = decided(version, case(300, lot("L1", 100), lot("L2", 200, source="promotion")))
    assert [tuple(line) for line in decision.fees] == [("base", 100, 10), ("kept", 200, 100)]


@pytest.mark.parametrize(("earlier", "expected"), [("cash", 500), ("gift_card", 0)])
def test_free_refunds_may_be_counted_by_method(earlier: str, expected: int) -> None:
    history = [past(100, "2026-03-01T03:00:00Z", method=earlier)]
    fee = "flat: 500, free: {first: 1, per: month, methods: [cash]}"
    assert expected == charged(fee, 1_000, history=history).fee


BY_GROSS = """
- {id: price, kind: price, terms: "1", every: 1, pays: 10, rounding: down, reason: {ko: 값, en: Price.}}
- id: tiny
  kind: fee
  terms: "2"
  flat: 1_000
  gross_under: 10_000
  reason: {ko: 수수료, en: Fee.}
- id: small
  kind: fee
  terms: "3"
  flat: 500
  gross_at_least: 10_000
  gross_under: 50_000
  adds_to: [tiny]
  reason: {ko: 수수료, en: Fee.}
"""


@pytest.mark.parametrize(
    ("points", "fee", "rules"),
    [
        (999, 1_000, ["price", "tiny"]),
        (1_000, 500, ["price", "small"]),
        (4_999, 500, ["price", "small"]),
        (5_000, 0, ["price"]),
    ],
)
def test_a_fee_may_go_by_what_the_refund_comes_to(points: int, fee: int, rules: list[str]) -> None:
    decision = decided(policy(BY_GROSS), case(points))
    assert (decision.outcome, decision.fee, rules_of(decision)) == ("approved", fee, rules)


@pytest.mark.parametrize(
    ("payout", "expected"),
    [
        pytest.param(49_500, 4_999, id="a point more costs no fee, and is paid out too much"),
        pytest.param(9_500, 1_000, id="more than what the fee below leaves"),
        pytest.param(9_490, 999, id="the fee below: 9,990 less 1,000 are 8,990, and 10,000 less 500 are too much"),
        pytest.param(50_000, 5_000, id="no fee at all"),
    ],
)
def test_all_is_exact_where_fees_end(payout: int, expected: int) -> None:
    most = f'- {{id: most, kind: limit, terms: "4", measure: payout, at_most: {payout}, reason: {{ko: 한도, en: M}}}}'
    lots = [lot(f"L{n}", 700, source="promotion" if n % 2 else "bill") for n in range(10)]
    assert decided(policy(f"{BY_GROSS}\n{most}"), case("all", *lots)).points == expected


BY_LOT = """
used:
  about: More of what was used.
  terms: "2"
  unit: percent
  dated_by: request.requested_on
  since: {always: {by: lot.untouched, true: 3%, false: 10%}}
least:
  about: A least for each.
  terms: "2"
  unit: money
  dated_by: request.requested_on
  since: {always: {by: lot.untouched, true: 500, false: 300}}
"""


@pytest.mark.parametrize(
    ("fields", "fresh", "used", "expected"),
    [
        ("at_least: 500", 30_000, 2_000, [900, 200]),
        ("at_least: 500", 10_000, 1_000, [500]),
        ("at_least: 500", 10_000, 2_000, [500]),
        ("at_least: 500", 10_000, 2_010, [500, 1]),
        ("at_least: 500", 0, 2_000, [500]),
        ("at_most: 1_000", 30_000, 1_000, [900, 100]),
        ("at_most: 1_000", 30_000, 1_010, [900, 100]),
        ("at_most: 1_000", 40_000, 2_000, [1_000]),
        ("at_least: 500, at_most: 1_000", 1_000, 20_000, [500, 500]),
        ("at_least: $least", 10_000, 2_000, [500, 300]),
        ("at_least: $least, at_most: 700", 10_000, 2_000, [500, 200]),
        ("at_least: $least, at_most: 700", 20_000, 0, [600]),
        ("to: 100", 10_050, 2_090, [300, 200]),
    ],
)
def test_bounds_hold_for_the_rule_as_a_whole_unless_lots_decide_them(
    fields: str, fresh: int, used: int, expected: list[int]
) -> None:
    values = BY_LOT if "$least" in fields else BY_LOT[: BY_LOT.index("least:")]
    lots = [lot("A", max(fresh, 1), acquired_on="2025-01-01"), lot("B", used + 1, left=used, acquired_on="2025-02-01")]
    decision = charged(f"rate: $used, rounding: down, {fields}", fresh + used, *lots[not fresh :], values=values)
    assert [line.fee for line in decision.fees] == expected
    assert decision.fee == sum(expected)
    assert [reason.figures["fee"] for reason in decision.reasons] == expected


def test_what_a_bound_adds_falls_to_the_lots_that_pay_first() -> None:
    lots = [
        lot("A", 1_001, left=1_000, acquired_on="2025-01-01"),
        lot("B", 1_000, acquired_on="2025-02-01"),
        lot("C", 2_001, left=2_000, acquired_on="2025-03-01"),
    ]
    values = BY_LOT[: BY_LOT.index("least:")]
    decision = charged("rate: $used, rounding: down, at_least: 400", 4_000, *lots, values=values)
    assert [tuple(line) for line in decision.fees] == [("fee", 3_000, 400)]
    decision = charged("rate: $used, rounding: down, at_least: 310", 4_000, *lots, values=values)
    assert [tuple(line) for line in decision.fees] == [("fee", 3_000, 310), ("fee", 1_000, 20)]
    free = charged("rate: $used, rounding: down, at_least: 310, free: {first: 1, per: month}", 10, *lots, values=values)
    assert free.fees == ()


BEYOND = "rate: 10%, rounding: up, free: {points: 1_000, per: month, of: account}"


@pytest.mark.parametrize(
    ("used", "points", "base"),
    [
        pytest.param(0, 1_000, 0, id="within the allowance"),
        pytest.param(0, 1_001, 1, id="one point beyond it"),
        pytest.param(700, 1_000, 700, id="what the month has left of it is free"),
        pytest.param(1_000, 500, 500, id="nothing is left of it"),
        pytest.param(5_000, 500, 500, id="less than nothing is left of it"),
    ],
)
def test_the_fee_is_on_what_exceeds_an_allowance_of_points(used: int, points: int, base: int) -> None:
    fee = f'- {{id: fee, kind: fee, terms: "1", {BEYOND}, reason: {{ko: 수수료, en: Fee.}}}}'
    history = [past(used, "2026-03-01T03:00:00Z"), past(9_000, "2026-02-01T03:00:00Z")] if used else []
    decision = decided(policy(fee), case(points, history=history))
    assert [(base, -(-base // 10))] * bool(base) == [(line.base, line.fee) for line in decision.fees]


def test_an_allowance_covers_the_points_that_are_paid_first() -> None:
    rules = """
    - {id: price, kind: price, terms: "1", when: {lot.source: bill}, every: 3, pays: 2, rounding: down, reason: {ko: 가, en: A}}
    - id: fee
      kind: fee
      terms: "1"
      when: {lot.source: bill}
      flat: 7
      free: {points: 10, per: month}
      reason: {ko: 수수료, en: Fee.}
    """  # noqa: E501
    lots = [lot("L1", 4, acquired_on="2025-01-01", source="promotion"), lot("L2", 8, acquired_on="2025-01-02")]
    lots.append(lot("L3", 50, acquired_on="2025-01-03", source="promotion"))
    version = policy(rules)
    assert decided(version, case(10, *lots)).fees == ()
    # The first 6 of the 8 points of the second lot are free: 3.75 of the 5 that all of them are worth, cut to 3.
    assert [tuple(line) for line in decided(version, case(12, *lots)).fees] == [("fee", 2, 7)]
    assert [tuple(line) for line in decided(version, case(60, *lots)).fees] == [("fee", 2, 7)]


def test_an_allowance_does_not_depend_on_the_lot() -> None:
    fee = '- {id: fee, kind: fee, terms: "1", flat: 7, free: {points: $of, per: month}, reason: {ko: 수수료, en: Fee.}}'
    value = "of: {about: By lot, terms: '1', unit: points, dated_by: lot.acquired_on, since: {always: 5}}"
    found, problems = load_policy(policy_text(fee, values=value).encode(), "test.yaml")
    assert found is None
    assert [problem.code for problem in problems] == ["value-out-of-sight"]


def test_an_allowance_of_one_fee_is_none_of_another() -> None:
    more = "kind: fee, rate: 10%, rounding: down, reason: {ko: 수수료, en: Fee.}"
    one = f'- {{id: one, terms: "1", free: {{points: 400, per: month}}, {more}}}'
    other = f'- {{id: other, terms: "1", adds_to: [one], {more}}}'
    decision = decided(policy(f"{one}\n{other}"), case(1_000))
    assert [tuple(line) for line in decision.fees] == [("one", 600, 60), ("other", 1_000, 100)]
