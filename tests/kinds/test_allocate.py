"""`allocate`: which lots pay first."""

from __future__ import annotations

import pytest

from tests.policies_for_tests import case, decided, lot, policy

LOTS = [
    lot("L1", 10, acquired_on="2025-05-01", expires_on="2027-01-01", source="promotion"),
    lot("L2", 30, acquired_on="2025-03-01", expires_on="2026-06-01", source="bill"),
    lot("L3", 20, acquired_on="2025-04-01", source="purchase"),
    lot("L4", 20, acquired_on="2025-05-01", expires_on="2026-06-01", source="bill"),
    lot("L5", 50, acquired_on="2020-01-01", left=0),
]


def order(keys: str) -> list[str]:
    """The lots in the order in which they pay."""
    rule = f'- {{id: order, kind: allocate, terms: "1", order: {keys}, reason: {{ko: 부족, en: Short.}}}}'
    return list(decided(policy("", allocate=rule), case(80, *LOTS)).allocation)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("[soonest_to_expire]", ["L2", "L4", "L1", "L3"]),
        ("[soonest_to_expire, newest]", ["L4", "L2", "L1", "L3"]),
        ("[oldest]", ["L2", "L3", "L1", "L4"]),
        ("[newest]", ["L1", "L4", "L3", "L2"]),
        ("[smallest]", ["L1", "L3", "L4", "L2"]),
        ("[largest]", ["L2", "L3", "L4", "L1"]),
        ("[{lot.source: [purchase, promotion]}]", ["L3", "L1", "L2", "L4"]),
        ("[{lot.source: [promotion]}, largest]", ["L1", "L2", "L3", "L4"]),
    ],
)
def test_lots_pay_in_the_order_of_the_rule_then_of_their_ids(keys: str, expected: list[str]) -> None:
    assert expected == order(keys)


def test_the_last_lot_pays_what_is_missing() -> None:
    decision = decided(policy(""), case(35, *LOTS))
    assert decision.allocation == {"L2": 30, "L4": 5}
    assert [line.allocated for line in decision.lots] == [0, 30, 0, 5, 0]


@pytest.mark.parametrize(("points", "outcome"), [(80, "approved"), (81, "denied")])
def test_more_than_there_is_is_denied_with_what_there_is(points: int, outcome: str) -> None:
    decision = decided(policy(""), case(points, *LOTS))
    assert outcome == decision.outcome
    if outcome == "denied":
        (reason,) = decision.reasons
        assert (reason.rule, reason.kind, reason.en) == ("order", "allocate", "Only 80 of 81.")
        assert reason.figures == {"available": 80, "points": 81}
        assert reason.remedy is not None
        assert reason.remedy.set == {"request.points": 80}


def test_the_order_may_depend_on_the_request() -> None:
    version = policy(
        "",
        allocate="""
        - {id: one, kind: allocate, terms: "1", when: {request.method: cash}, order: [oldest], reason: {ko: 가, en: A}}
        - id: two
          kind: allocate
          terms: "1"
          when: {request.method: bill_credit}
          order: [newest]
          reason: {ko: 나, en: B}
        """,
    )
    assert list(decided(version, case(1, *LOTS)).allocation) == ["L2"]
    assert list(decided(version, case(1, *LOTS, method="bill_credit")).allocation) == ["L1"]
    # No rule speaks for gift cards: what expires first pays first.
    assert list(decided(version, case(1, *LOTS, method="gift_card")).allocation) == ["L2"]
    short = decided(version, case(81, *LOTS, method="gift_card"))
    assert [(reason.rule, reason.en) for reason in short.reasons] == [
        ("not-enough-points", "Not enough points can be refunded: 80 of the 81 asked for.")
    ]


@pytest.mark.parametrize(
    ("keys", "chosen", "expected"),
    [
        ("[chosen_by_member]", ["L4", "L1"], ["L4", "L1", "L2", "L3"]),
        ("[chosen_by_member, oldest]", ["L1"], ["L1", "L2", "L3", "L4"]),
        ("[chosen_by_member, newest]", [], ["L1", "L4", "L3", "L2"]),
        ("[chosen_by_member]", ["L5", "L3"], ["L3", "L1", "L2", "L4"]),
        ("[{lot.source: [bill]}, chosen_by_member]", ["L3", "L4"], ["L4", "L2", "L3", "L1"]),
    ],
)
def test_the_lots_that_the_member_chose_pay_first(keys: str, chosen: list[str], expected: list[str]) -> None:
    rule = f'- {{id: order, kind: allocate, terms: "1", order: {keys}, reason: {{ko: 부족, en: Short.}}}}'
    assert expected == list(decided(policy("", allocate=rule), case(80, *LOTS, lots=chosen)).allocation)


def test_a_chosen_lot_that_cannot_pay_is_passed_over() -> None:
    rule = '- {id: order, kind: allocate, terms: "1", order: [chosen_by_member], reason: {ko: 부족, en: Short.}}'
    lots = [lot("L1", 10, expires_on="2026-03-02"), lot("L2", 10, expires_on="2026-03-03"), lot("L3", 10)]
    decision = decided(policy("", allocate=rule), case(15, *lots, lots=["L1", "L2"]))
    assert decision.allocation == {"L2": 10, "L3": 5}
    assert decision.request["lots"] == ["L1", "L2"]
