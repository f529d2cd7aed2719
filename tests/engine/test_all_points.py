"""`points: all` is the largest amount that passes every rule, and amount remedies are the nearest that do."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.amounts import largest, smallest
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import Conflict
from engine.decision import Decision
from engine.facts import Case
from engine.hearing import Hearing
from policies.model import Policy
from tests.engine.random_policies import cases, compiled, policies
from tests.policies_for_tests import case, decided, lot, past, policy, rules_of

pytestmark = pytest.mark.slow
NO_AMOUNT_HELPS = ("count", "balance.before", "available.before")
thorough = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def tried(version: CompiledVersion, data: dict[str, Any], points: int) -> Decision | None:
    """The decision at one amount, None when rules contradict each other there."""
    try:
        return decided(version, {**data, "request": {**data["request"], "points": points}})
    except Conflict:
        return None


def passing(version: CompiledVersion, data: dict[str, Any]) -> list[int]:
    """Every amount that passes, by asking for each alone.

    Judged only: what would help is told of each denial otherwise, which takes ten times as long.
    """
    case = read_case(version.policy, data)
    held = sum(each.get("left", each["amount"]) for each in data["lots"])
    return [points for points in range(1, held + 1) if passes(version, case, points)]


def passes(version: CompiledVersion, case: Case, points: int) -> bool:
    """Whether an amount passes, heard of nothing before."""
    return Hearing(version, replace(case, request=replace(case.request, points=points))).asked().passes


@thorough
@given(tested=policies(), data=cases(st.just("all")))
def test_all_is_the_largest_amount_that_passes(tested: Policy, data: dict[str, Any]) -> None:
    version = compiled(tested)
    found = passing(version, data)
    try:
        decision = decided(version, data)
    except Conflict:
        assert found == []
        return
    if not found:
        assert (decision.outcome, decision.points) == ("denied", 0)
        assert decision.reasons
        return
    assert max(found) == decision.points
    same = tried(version, data, max(found))
    assert same is not None
    told = decision.to_data() | {"request": {**data["request"], "points": max(found)}}
    assert same.to_data() | {"request": told["request"]} == told


@thorough
@given(tested=policies(), data=cases(st.integers(1, 60)))
def test_the_remedy_of_an_amount_is_the_nearest_that_passes(tested: Policy, data: dict[str, Any]) -> None:
    version = compiled(tested)
    try:
        decision = decided(version, data)
    except Conflict:
        return
    found = passing(version, data)
    asked = data["request"]["points"]
    below = max((points for points in found if points < asked), default=None)
    above = min((points for points in found if points > asked), default=None)
    for reason in decision.reasons:
        if reason.kind not in ("limit", "allocate", "price", "fee", "tax") or reason.effect != "denies":
            continue
        remedy = reason.remedy.set["request.points"] if reason.remedy else None
        measure = getattr(next((r for r in tested.rules if r.id == reason.rule), None), "measure", None)
        or_all = getattr(next((r for r in tested.rules if r.id == reason.rule), None), "or_all", False)
        if measure is not None and measure.of in NO_AMOUNT_HELPS and not or_all:
            assert remedy is None
        elif reason.kind in ("fee", "tax"):
            assert (above or below) == remedy
        elif reason.kind == "allocate":
            assert below == remedy
        else:
            assert remedy in (below, above)


CAPPED = """
- {id: one, kind: fee, terms: "1", rate: 99, rounding: up, at_most: 1_000, reason: {ko: 수수료, en: Fee.}}
- {id: other, kind: fee, terms: "1", rate: 99, rounding: up, adds_to: [one], reason: {ko: 수수료, en: Fee.}}
"""
TABLE = [
    ("no limit", "", [lot("L1", 1_234)], 1_234),
    (
        "a largest amount",
        '- {id: most, kind: limit, terms: "1", measure: request.points, at_most: 500, reason: {ko: 최대, en: Most.}}',
        [lot("L1", 1_234)],
        500,
    ),
    (
        "steps",
        '- {id: step, kind: limit, terms: "1", measure: request.points, multiple_of: 100, reason: {ko: 단위, en: A}}',
        [lot("L1", 1_234)],
        1_200,
    ),
    (
        "steps of two limits",
        """
        - {id: step, kind: limit, terms: "1", measure: request.points, multiple_of: 100, reason: {ko: 단위, en: Step.}}
        - {id: rest, kind: limit, terms: "1", measure: balance.after, multiple_of: 7, reason: {ko: 단위, en: Rest.}}
        """,
        [lot("L1", 1_234)],
        800,
    ),
    (
        "a balance that must stay",
        '- {id: rest, kind: limit, terms: "1", measure: balance.after, at_least: 34, reason: {ko: 잔여, en: Rest.}}',
        [lot("L1", 1_234)],
        1_200,
    ),
    (
        "a fee that eats it up",
        '- {id: fee, kind: fee, terms: "1", flat: 2_000, reason: {ko: 수수료, en: Fee.}}',
        [lot("L1", 1_234)],
        0,
    ),
    (
        "a fee that only small refunds can bear",
        """
        - id: fee
          kind: fee
          terms: "1"
          when: {request.points: {over: 600}}
          flat: 5_000
          reason: {ko: 수수료, en: Fee.}
        """,
        [lot("L1", 1_234)],
        600,
    ),
    (
        "fees of the whole amount",
        """
        - {id: one, kind: fee, terms: "1", rate: 100, rounding: up, reason: {ko: 수수료, en: Fee.}}
        - {id: other, kind: fee, terms: "1", flat: 1, adds_to: [one], reason: {ko: 수수료, en: Fee.}}
        """,
        [lot("L1", 10**12)],
        0,
    ),
    (
        "two fees of the whole amount together",
        """
        - {id: one, kind: fee, terms: "1", rate: 50, rounding: up, reason: {ko: 수수료, en: Fee.}}
        - {id: other, kind: fee, terms: "1", rate: 50, rounding: up, adds_to: [one], reason: {ko: 수수료, en: Fee.}}
        """,
        [lot("L1", 10**12 - 1)],
        0,
    ),
    (
        "two fees that leave something of an even amount",
        """
        - {id: one, kind: fee, terms: "1", rate: 50, rounding: up, at_most: 499, reason: {ko: 수수료, en: Fee.}}
        - {id: other, kind: fee, terms: "1", rate: 50, rounding: up, adds_to: [one], reason: {ko: 수수료, en: Fee.}}
        - {id: least, kind: limit, terms: "2", measure: payout, at_most: 1, reason: {ko: 한도, en: Most.}}
        """,
        [lot("L1", 10**12 - 1)],
        1_001,
    ),
    (
        "fees above the whole amount, capped",
        CAPPED,
        [lot("L1", 100_100)],
        100_100,
    ),
    ("fees above the whole amount, capped too late", CAPPED, [lot("L1", 100_099)], 0),
    (
        "steps of the payout that only a payout of nothing would keep",
        """
        - {id: fee, kind: fee, terms: "1", flat: 220, reason: {ko: 수수료, en: Fee.}}
        - {id: step, kind: limit, terms: "2", measure: payout, multiple_of: 1_000, reason: {ko: 단위, en: Step.}}
        """,
        [lot("L1", 1_000)],
        0,
    ),
    ("nothing at all", "", [lot("L1", 0)], 0),
    (
        "a million points in lots of a hundred",
        '- {id: most, kind: limit, terms: "1", measure: request.points, at_most: 900_050, reason: {ko: 최대, en: A}}',
        [lot(f"L{n}", 100) for n in range(10_000)],
        900_050,
    ),
]


MONEY = """
- {id: price, kind: price, terms: "1", every: 100, pays: 85, rounding: down, reason: {ko: 값, en: Price.}}
- {id: fee, kind: fee, terms: "2", rate: 3, rounding: half_up, at_most: 3_000, reason: {ko: 수수료, en: Fee.}}
- {id: tax, kind: tax, terms: "3", rate: 20, rounding: down, to: 10, above: 50_000, reason: {ko: 세금, en: Tax.}}
- {id: local, kind: tax, terms: "4", of: [tax], rate: 10, rounding: down, to: 10, reason: {ko: 세금, en: Tax.}}
- id: room
  kind: limit
  terms: "5"
  measure: destination.after
  at_most: 500_000
  reason: {ko: 한도, en: Room.}
"""
NEVER = """
- {id: price, kind: price, terms: "1", every: 3, pays: 2, rounding: down, to: 10, reason: {ko: 값, en: Price.}}
- {id: fee, kind: fee, terms: "2", flat: 5, reason: {ko: 수수료, en: Fee.}}
- {id: step, kind: limit, terms: "3", measure: payout, multiple_of: 1_000, reason: {ko: 단위, en: Step.}}
"""
BY_SOURCE = """
- id: bill
  kind: price
  terms: "1"
  when: {lot.source: bill}
  every: 100
  pays: 85
  rounding: down
  reason: {ko: 값, en: Price.}
"""
TABLE += [
    # 644,860 less a fee of 3,000 and taxes of 128,970 and 12,890 is 500,000; a point more is worth 644,861.
    ("a destination filled to the unit, past fees and taxes", MONEY, [lot("L1", 1_000_000)], 758_659),
    ("a payout that is never a whole step, of a million points", NEVER, [lot("L1", 1_000_000)], 0),
    (
        "a million points that are priced in turn",
        BY_SOURCE
        + "- {id: most, kind: limit, terms: '2', measure: payout, at_most: 500_000, reason: {ko: 한도, en: A}}",
        [lot(f"L{n:04}", 1_000, source=("bill", "promotion")[n % 2]) for n in range(1_000)],
        # 270 pairs of lots pay 270 * 1,850 = 499,500; 589 points more of a bill pay 500.65, which is cut.
        540_589,
    ),
]


def test_money_is_searched_as_it_is_decided() -> None:
    """Wider amounts than random policies have, so that lines, periods and halves all come to their turn."""
    fees = ["rate: 3, rounding: half_up", "rate: 33.3%, rounding: up, to: 10, at_least: 7, at_most: 60", "flat: 5"]
    taxes = ["rate: 20, rounding: down, above: 70", "rate: 15.4%, rounding: down, to: 10, after_fees: true"]
    steps = ["measure: payout, multiple_of: 35", "measure: payout, at_most: 111", "measure: payout, at_least: 90"]
    prices = ["every: 7, pays: 5, rounding: down, to: 3", "every: 6, pays: 40, whole_steps: true"]
    few = [lot("L1", 75), lot("L2", 45, source="promotion")], [lot("L1", 165, source="promotion")]
    mixed = [lot(f"L{n}", 19, source="promotion" if n % 2 else "bill") for n in range(5)]
    for price, fee, tax, step in product(prices, fees, taxes, steps):
        version = policy(
            f"""
            - {{id: p, kind: price, terms: "1", {price}, reason: {{ko: 값, en: P}}}}
            - {{id: f, kind: fee, terms: "2", {fee}, reason: {{ko: 값, en: F}}}}
            - {{id: t, kind: tax, terms: "3", when: {{lot.source: promotion}}, {tax}, reason: {{ko: 값, en: T}}}}
            - {{id: s, kind: limit, terms: "4", {step}, reason: {{ko: 값, en: S}}}}
            """
        )
        for lots in (*few, mixed) if "to: 3" in price else (mixed,):
            data = case("all", *lots)
            hearing = Hearing(version, read_case(version.policy, data))
            # Judged only: what would help is told of each denial otherwise, which takes ten times as long.
            found = [points for points in range(1, hearing.most + 1) if hearing.judge(points).passes]
            assert max(found, default=0) == decided(version, data).points, (fee, tax, step)
            least = smallest(hearing.judge, hearing.breaks(), 1, hearing.most)
            assert min(found, default=None) == least, (fee, tax, step)


CLASS_RATE = """
class_rate:
  about: By class.
  terms: "2"
  unit: percent
  dated_by: request.requested_on
  since: {always: {by: lot.source, promotion: 22%, else: 3%}}
"""


def test_bounds_and_thresholds_of_a_rule_whose_rate_depends_on_the_lot_are_searched_as_they_are_decided() -> None:
    fees = ["at_least: 9", "at_most: 25", "at_least: 5, at_most: 21, to: 5", "at_least: 30"]
    taxes = ["above: 70", "above: 70, taxes: excess", "waived_under: 13", "above: 60, taxes: excess, after_fees: true"]
    steps = ["measure: payout, multiple_of: 35", "measure: payout, at_most: 111", "measure: payout, at_least: 90"]
    # The classes pay in turn, so that one that is known grows again.
    lots = [lot(f"L{n}", 28 + n, source=("bill", "promotion")[n % 2]) for n in range(4)]
    for fee, tax, step in product(fees, taxes, steps):
        version = policy(
            f"""
            - {{id: f, kind: fee, terms: "2", rate: $class_rate, rounding: up, {fee}, reason: {{ko: 값, en: F}}}}
            - {{id: t, kind: tax, terms: "3", rate: $class_rate, rounding: down, {tax}, reason: {{ko: 값, en: T}}}}
            - {{id: s, kind: limit, terms: "4", {step}, reason: {{ko: 값, en: S}}}}
            """,
            values=CLASS_RATE,
        )
        data = case("all", *lots)
        found = passing(version, data)
        assert max(found, default=0) == decided(version, data).points, (fee, tax, step)
        hearing = Hearing(version, read_case(version.policy, data))
        assert min(found, default=None) == smallest(hearing.judge, hearing.breaks(), 1, hearing.most), (
            fee,
            tax,
            step,
        )


@pytest.mark.parametrize(("rules", "lots", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_all_by_hand(rules: str, lots: list[dict[str, Any]], expected: int) -> None:
    decision = decided(policy(rules), case("all", *lots))
    assert expected == decision.points
    assert ("denied" if expected == 0 else "approved") == decision.outcome


MINIMUM = """
- {id: least, kind: limit, terms: "1", measure: request.points, at_least: 1_000, reason: {ko: 최소, en: Least.}}
- {id: step, kind: limit, terms: "1", measure: request.points, multiple_of: 10, reason: {ko: 단위, en: Step.}}
- id: month
  kind: limit
  terms: "1"
  measure: {sum: refund.points, per: month, of: account}
  at_most: 5_000
  reason: {ko: 월, en: Month.}
"""


@pytest.mark.parametrize(
    ("left", "used", "expected"),
    [
        pytest.param(505, 0, ["least"], id="fewer points than the minimum: the minimum, and not the step"),
        pytest.param(0, 0, ["order"], id="no points: that there are none"),
        pytest.param(9_000, 5_000, ["month"], id="a month used up: the month, and not the minimum"),
        pytest.param(9_000, 4_500, ["month"], id="less left of the month than the minimum: the month"),
    ],
)
def test_where_nothing_passes_only_what_stands_in_the_way_speaks(left: int, used: int, expected: list[str]) -> None:
    history = [past(used, "2026-03-01T03:00:00Z")] if used else []
    decision = decided(policy(MINIMUM), case("all", lot("L1", left), history=history))
    assert expected == rules_of(decision)
    assert decision.points == 0


def test_a_denied_request_for_all_points_is_told_as_one() -> None:
    (reason,) = decided(policy(""), case("all", lot("L1", 0))).reasons
    assert (reason.ko, reason.en) == ("부족(0/전체)", "Only 0 of all.")


def test_an_empty_range_has_no_amount() -> None:
    def never(points: int) -> Any:
        raise AssertionError(f"{points} was judged")

    assert largest(never, [], 1, 0) is None
    assert smallest(never, [3], 5, 4) is None
