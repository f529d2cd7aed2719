"""`price`: how much money points come to."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decide import Conflict
from engine.decision import Decision
from tests.policies_for_tests import case, decided, lot, policy, rules_of

REASON = 'reason: {ko: "{base}의 값 {money}", en: "{base} points pay {money}"}'
PACKS = "every: 490, pays: 500, whole_steps: true"
BONUS = "every: 1, pays: 1, bonus: 10%, rounding: down"
GIFT = "every: 100, pays: 85, rounding: down"
DOUBLE = "every: 3, pays: 2, rounding: down"


def rule(fields: str, id: str = "price") -> str:
    """A price rule."""
    return f'- {{id: {id}, kind: price, terms: "1", {fields}, {REASON}}}'


def priced(fields: str, points: int | str, *lots: dict[str, Any], values: str = "", **more: Any) -> Decision:
    """The decision under one price."""
    return decided(policy(rule(fields), values=values), case(points, *lots, **more))


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        (GIFT, 100, 85),
        (GIFT, 101, 85),
        (GIFT, 102, 86),
        ("every: 100, pays: 85, rounding: up", 101, 86),
        ("every: 100, pays: 85, rounding: half_up", 101, 86),
        ("every: 100, pays: 85, rounding: half_up, to: 10", 111, 90),
        (PACKS, 490, 500),
        (PACKS, 980, 1_000),
        (BONUS, 1_000, 1_100),
        (BONUS, 19, 20),
        (BONUS, 9, 9),
        ("every: 490, pays: 500, bonus: 2.5%, rounding: up, whole_steps: true", 490, 513),
        (DOUBLE, 15_002, 10_001),
    ],
)
def test_points_pay_what_the_price_says(fields: str, points: int, expected: int) -> None:
    decision = priced(fields, points)
    assert ("approved", points, expected, expected) == (
        decision.outcome,
        decision.points,
        decision.gross,
        decision.payout,
    )
    assert [("price", points, expected)] == [tuple(line) for line in decision.prices]
    assert decision.allocation == {"L1": points}
    (reason,) = decision.reasons
    assert (reason.effect, reason.en) == ("prices", f"{points:,} points pay {expected:,}")


@pytest.mark.parametrize(
    ("points", "expected", "room", "remedy"),
    [(500, "denied", 490, 490), (489, "denied", 0, 490), (800, "denied", 490, 980), (490, "approved", None, None)],
)
def test_broken_steps_are_denied_with_the_room_and_the_nearest_step(
    points: int, expected: str, room: int | None, remedy: int | None
) -> None:
    decision = priced(PACKS, points)
    (reason,) = decision.reasons
    assert (expected, ["price"]) == (decision.outcome, rules_of(decision))
    if expected == "denied":
        assert (decision.gross, decision.prices) == (0, ())
        assert reason.figures["room"] == room
        assert reason.remedy is not None
        assert reason.remedy.set == {"request.points": remedy}


def test_broken_steps_are_told_beside_a_broken_limit() -> None:
    least = '- {id: least, kind: limit, terms: "1", measure: request.points, at_least: 980, reason: {ko: 최소, en: A.}}'
    version = policy(f"{rule(PACKS)}\n{least}")
    decision = decided(version, case(500))
    assert rules_of(decision) == ["least", "price"]
    assert [reason.remedy and reason.remedy.set for reason in decision.reasons] == [{"request.points": 980}] * 2


@pytest.mark.parametrize(
    ("bound", "points", "expected"),
    [
        ("at_most: 600", 1_000, ["price", "bound"]),
        ("at_most: 1_000", 1_000, ["price"]),
        ("at_least: 600", 500, ["price", "bound"]),
        ("at_least: 500", 500, ["price"]),
        ("multiple_of: 1_000", 500, ["price", "bound"]),
        pytest.param("at_least: 600", 489, ["price"], id="no step below"),
    ],
)
def test_money_is_judged_on_the_step_below_a_broken_one(bound: str, points: int, expected: list[str]) -> None:
    limit = f'- {{id: bound, kind: limit, terms: "1", measure: payout, {bound}, reason: {{ko: 한도, en: Bound.}}}}'
    version = policy(f"{rule(PACKS)}\n{limit}")
    decision = decided(version, case(points))
    assert rules_of(decision) == expected
    assert decision.gross == 0
    for reason in decision.reasons:
        if reason.remedy is not None:
            assert decided(version, case(reason.remedy.set["request.points"])).outcome == "approved"


def test_fees_and_the_cap_of_a_destination_are_judged_on_the_step_below_too() -> None:
    room = "kind: limit, terms: '1', measure: destination.after, at_most: 600, reason: {ko: 한도, en: '{payout}'}"
    fee = '- {id: fee, kind: fee, terms: "1", flat: 10, reason: {ko: 수수료, en: Fee.}}'
    version = policy(f"{rule(PACKS)}\n{fee}\n- {{id: room, {room}}}")
    decision = decided(version, case(500, destination_balance=111))
    assert [reason.en for reason in decision.reasons][1:] == ["490"]


def test_all_is_the_largest_whole_step() -> None:
    assert priced(PACKS, "all", lot("L1", 1_400)).points == 980
    nothing = priced(PACKS, "all", lot("L1", 489))
    assert (nothing.outcome, nothing.points, rules_of(nothing)) == ("denied", 0, ["price"])


def test_points_of_one_rule_are_priced_together_and_each_lot_is_worth_its_part() -> None:
    fee = (
        '- {id: fee, kind: fee, terms: "1", when: {lot.source: promotion}, rate: 100, rounding: down, '
        'reason: {ko: "{base}", en: "{base}"}}'
    )
    lots = [lot("L1", 150), lot("L2", 150, source="promotion"), lot("L3", 150)]
    decision = decided(policy(f"{rule('every: 100, pays: 1, rounding: down')}\n{fee}"), case(450, *lots))
    assert (decision.gross, [tuple(line) for line in decision.prices]) == (4, [("price", 450, 4)])
    # The first lot is worth 1.33 of the 4, cut to 1, and both are worth 2.67, cut to 2.
    assert [tuple(line) for line in decision.fees] == [("fee", 1, 1)]


STEP = "every: 5_000, pays: 5_000, whole_steps: true"
CUT = "every: 1, pays: 1, rounding: down, to: 1_000"


@pytest.mark.parametrize(
    ("fields", "points", "old", "expected"),
    [
        pytest.param(STEP, 5_000, 4_999, (4_999, 1), id="a step is not worth all to the lot that completes it"),
        pytest.param(STEP, 5_000, 1, (1, 4_999), id="nor is it in the other order"),
        pytest.param(PACKS, 490, 489, (498, 2), id="what is left over goes to the later lot"),
        pytest.param("every: 6, pays: 40, whole_steps: true", 24, 10, (66, 94), id="lots that end within a step"),
        pytest.param(CUT, 5_699, 4_999, (4_385, 615), id="what a rounding takes off is borne by all"),
        pytest.param("every: 1, pays: 1, rounding: up, to: 1_000", 1_001, 1_000, (1_998, 2), id="so is what it adds"),
        pytest.param(BONUS, 19, 9, (9, 11), id="a bonus that is cut"),
    ],
)
def test_what_points_come_to_is_shared_in_proportion(
    fields: str, points: int, old: int, expected: tuple[int, int]
) -> None:
    each = "kind: tax, terms: '1', rate: 50, rounding: up, reason: {ko: '{base}', en: A.}"
    of_old, of_young = "when: {lot.source: bill}", "when: {lot.source: promotion}"
    version = policy(f"{rule(fields)}\n- {{id: old, {of_old}, {each}}}\n- {{id: young, {of_young}, {each}}}")
    lots = [lot("L1", old), lot("L2", points, source="promotion", acquired_on="2025-10-01")]
    decision = decided(version, case(points, *lots))
    assert decision.outcome == "approved"
    assert [("old", expected[0]), ("young", expected[1])] == [(line.rule, line.base) for line in decision.taxes]
    assert decision.gross == sum(expected)


PRICES = """
pays:
  about: What 100 points pay, by source
  terms: "1"
  unit: money
  dated_by: request.requested_on
  since: {2020-01-01: {by: lot.source, promotion: 50, else: 100}}
"""


def test_lots_may_have_prices_of_their_own() -> None:
    lots = [lot("L1", 150), lot("L2", 151, source="promotion"), lot("L3", 150)]
    decision = priced("every: 100, pays: $pays, rounding: down", 451, *lots, values=PRICES)
    assert [tuple(line) for line in decision.prices] == [("price", 300, 300), ("price", 151, 75)]
    assert (decision.gross, rules_of(decision)) == (375, ["price", "price"])


def test_points_that_no_price_covers_pay_one_unit_each() -> None:
    lots = [lot("L1", 100), lot("L2", 100, source="promotion")]
    decision = priced(f"when: {{lot.source: promotion}}, {GIFT}", 200, *lots)
    assert (decision.gross, [tuple(line) for line in decision.prices]) == (185, [("price", 100, 85)])


def test_two_prices_on_one_lot_contradict_each_other_unless_one_overrides() -> None:
    one, other = rule(GIFT, "one"), "when: {request.method: cash}, " + GIFT
    with pytest.raises(Conflict, match="'one' and 'other' both say what its points pay, and neither overrides"):
        decided(policy(f"{rule('when: {request.channel: web}, ' + GIFT, 'one')}\n{rule(other, 'other')}"), case(100))
    overridden = policy(f"{one}\n{rule(f'{other}, overrides: [one]', 'other')}")
    assert rules_of(decided(overridden, case(100))) == ["other"]


def test_points_that_come_to_nothing_are_denied_by_a_built_in_reason() -> None:
    decision = priced(GIFT, 1)
    (reason,) = decision.reasons
    assert (decision.outcome, reason.rule) == ("denied", "comes-to-nothing")
    assert reason.remedy is not None
    assert reason.remedy.set == {"request.points": 2}


@pytest.mark.parametrize(
    ("fields", "money", "expected"),
    [
        (DOUBLE, 10_000, 15_000),
        (DOUBLE, 10_001, 15_002),
        (DOUBLE, 10_002, 15_003),
        (PACKS, 1_000, 980),
        (BONUS, 11, 10),
        (GIFT, 85, 100),
    ],
)
def test_a_request_for_money_takes_the_fewest_points_that_come_to_it(fields: str, money: int, expected: int) -> None:
    decision = decided(policy(rule(fields)), asking_for(money))
    assert ("approved", expected, money) == (decision.outcome, decision.points, decision.gross)
    assert decision.request["money"] == money
    assert "points" not in decision.request


def asking_for(money: int, *lots: dict[str, Any]) -> dict[str, Any]:
    """A case that asks for money."""
    data = case(1, *lots)
    del data["request"]["points"]
    data["request"]["money"] = money
    return data


def test_without_a_price_a_request_for_money_is_for_as_many_points() -> None:
    decision = decided(policy(""), asking_for(500))
    assert (decision.outcome, decision.points, decision.payout) == ("approved", 500, 500)


@pytest.mark.parametrize(("money", "remedy"), [(10, 9), (43, 42), (87, 86)])
def test_money_that_no_points_come_to_is_denied_with_the_nearest_that_they_do(money: int, remedy: int) -> None:
    decision = decided(policy(rule(BONUS if money < 50 else "every: 1, pays: 2, whole_steps: true")), asking_for(money))
    (reason,) = decision.reasons
    assert (decision.outcome, decision.points, reason.rule) == ("denied", 0, "no-such-amount")
    assert reason.figures == {"money": money}
    assert reason.remedy is not None
    assert reason.remedy.set == {"request.money": remedy}


def test_money_beyond_the_lots_is_told_in_the_points_that_it_would_take() -> None:
    decision = decided(policy(rule(DOUBLE)), asking_for(10_001, lot("L1", 15_000)))
    (reason,) = decision.reasons
    assert (reason.rule, decision.points, reason.figures["available"]) == ("order", 15_002, 15_000)
    assert reason.remedy is not None
    assert reason.remedy.set == {"request.money": 10_000}
    none = decided(policy(rule(DOUBLE)), asking_for(10_001, lot("L1", 0)))
    assert (rules_of(none), none.points) == (["order"], 15_002)
