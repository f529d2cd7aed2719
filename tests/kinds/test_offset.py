"""`offset`: a debt that is set off against a payout."""

from __future__ import annotations

import pytest

from engine.decide import Conflict
from engine.decision import Decision
from tests.policies_for_tests import case, decided, lot, policy, rules_of

REASON = 'reason: {ko: "{debt} 중 {offset}", en: "{offset} of {debt}, {rest} stays"}'
FACTS = "request.other_debt: {type: money, ko: 다른 미납, en: another debt, default: 0}"
FEE = '- {id: fee, kind: fee, terms: "2", flat: 100, reason: {ko: 수수료, en: Fee.}}'
TAX = '- {id: tax, kind: tax, terms: "3", rate: 10, rounding: down, reason: {ko: 세금, en: Tax.}}'


def rule(fields: str = "debt: account.debt", id: str = "offset") -> str:
    """An offset rule."""
    return f'- {{id: {id}, kind: offset, terms: "1", {fields}, {REASON}}}'


def set_off(fields: str, points: int, debt: int, more: str = "", other: int = 0) -> Decision:
    """The decision under one offset and more rules."""
    version = policy(f"{rule(fields)}\n{more}", facts=FACTS)
    return decided(version, case(points, account={"debt": debt}, other_debt=other))


@pytest.mark.parametrize(
    ("fields", "points", "debt", "offset", "payout"),
    [
        ("debt: account.debt", 10_000, 0, 0, 10_000),
        ("debt: account.debt", 10_000, 3_000, 3_000, 7_000),
        ("debt: account.debt", 10_000, 9_999, 9_999, 1),
        ("debt: account.debt", 10_000, 10_000, 10_000, 0),
        ("debt: account.debt", 10_000, 10_001, 10_000, 0),
        ("debt: account.debt, at_most: 2_500", 10_000, 3_000, 2_500, 7_500),
        ("debt: account.debt, at_most: 2_500", 10_000, 2_499, 2_499, 7_501),
        ("debt: request.other_debt", 10_000, 3_000, 0, 10_000),
        ("debt: account.debt, when: {request.method: gift_card}", 10_000, 3_000, 0, 10_000),
    ],
)
def test_a_debt_is_set_off_down_to_a_payout_of_nothing(
    fields: str, points: int, debt: int, offset: int, payout: int
) -> None:
    decision = set_off(fields, points, debt)
    assert ("approved", points, offset, payout) == (decision.outcome, decision.gross, decision.offset, decision.payout)
    assert [("offset", debt, offset)] * bool(offset) == [tuple(line) for line in decision.offsets]
    assert ["offset"] * bool(offset) == rules_of(decision)


def test_an_offset_is_told_with_what_stays() -> None:
    (reason,) = set_off("debt: account.debt", 1_000, 1_500).reasons
    assert (reason.effect, reason.en) == ("charges", "1,000 of 1,500, 500 stays")
    assert reason.figures == {"offset": 1_000, "debt": 1_500, "rest": 500}


def test_fees_and_taxes_come_before_a_debt() -> None:
    decision = set_off("debt: account.debt", 1_000, 5_000, f"{FEE}\n{TAX}")
    assert (decision.fee, decision.tax, decision.offset, decision.payout) == (100, 100, 800, 0)


def test_several_debts_are_paid_in_the_order_that_the_rules_say() -> None:
    other = rule("debt: request.other_debt, after: [offset]", "other")
    decision = set_off("debt: account.debt", 1_000, 700, other, other=500)
    assert [tuple(line) for line in decision.offsets] == [("offset", 700, 700), ("other", 500, 300)]
    turned = set_off("debt: account.debt, after: [other]", 1_000, 700, rule("debt: request.other_debt", "other"), 500)
    assert {line.rule: line.offset for line in turned.offsets} == {"other": 500, "offset": 500}
    assert [line.rule for line in turned.offsets] == ["other", "offset"]


def test_debts_without_an_order_contradict_each_other() -> None:
    other = rule("debt: request.other_debt, when: {request.channel: web}", "other")
    with pytest.raises(Conflict, match="both set off a debt, and neither overrides or comes after the other"):
        set_off("debt: account.debt, when: {request.method: cash}", 1_000, 1, other, 1)


def test_an_order_holds_through_a_debt_between_that_does_not_apply() -> None:
    between = rule("debt: request.other_debt, after: [offset], when: {request.method: gift_card}", "between")
    last = rule("debt: request.other_debt, after: [between]", "last")
    decision = set_off("debt: account.debt", 1_000, 700, f"{between}\n{last}", other=500)
    assert {line.rule: line.offset for line in decision.offsets} == {"offset": 700, "last": 300}


LEAST = '- {id: least, kind: limit, terms: "4", measure: payout, at_least: 1_000, reason: {ko: 최소, en: Least.}}'


@pytest.mark.parametrize(
    ("points", "debt", "expected", "remedy"),
    [
        pytest.param(500, 500, ["offset"], None, id="all of it is set off, and nothing is paid out"),
        pytest.param(500, 400, ["least"], 1_400, id="a part is set off, and what is left is too little"),
        pytest.param(1_400, 400, ["offset"], None, id="what is left is just enough"),
        pytest.param(500, 0, ["least"], 1_000, id="nothing is set off"),
    ],
)
def test_a_payout_that_is_wholly_set_off_is_no_payout_that_a_minimum_speaks_of(
    points: int, debt: int, expected: list[str], remedy: int | None
) -> None:
    decision = set_off("debt: account.debt", points, debt, LEAST)
    assert expected == rules_of(decision)
    assert [remedy] == [reason.remedy and reason.remedy.set["request.points"] for reason in decision.reasons]


def test_a_payout_that_fees_eat_up_is_denied_whatever_is_owed() -> None:
    assert rules_of(set_off("debt: account.debt", 100, 500, f"{FEE}\n{LEAST}")) == ["fee-exceeds-payout"]
    assert rules_of(set_off("debt: account.debt", 101, 500, f"{FEE}\n{LEAST}")) == ["fee", "offset"]


@pytest.mark.parametrize(
    ("left", "debt", "points"), [(1_399, 400, 400), (1_400, 400, 1_400), (999, 0, 0), (300, 400, 300)]
)
def test_all_is_what_leaves_the_minimum_or_is_wholly_set_off(left: int, debt: int, points: int) -> None:
    version = policy(f"{rule()}\n{LEAST}", facts=FACTS)
    assert points == decided(version, case("all", lot("L1", left), account={"debt": debt})).points


HALF = "debt: account.debt, at_most: 50%, rounding: down"


@pytest.mark.parametrize(
    ("fields", "points", "debt", "offset"),
    [
        (HALF, 1_001, 5_000, 500),
        (HALF.replace("down", "up"), 1_001, 5_000, 501),
        (HALF.replace("down", "half_up"), 1_001, 5_000, 501),
        (HALF, 1_001, 499, 499),
        (HALF, 1_001, 0, 0),
        (HALF.replace("50%", "$part"), 1_000, 5_000, 250),
    ],
)
def test_a_part_of_what_there_is_may_be_set_off(fields: str, points: int, debt: int, offset: int) -> None:
    part = "part: {about: Part, terms: '1', unit: percent, dated_by: request.requested_on, since: {always: 25%}}"
    version = policy(rule(fields), facts=FACTS, values=part if "$part" in fields else "")
    decision = decided(version, case(points, account={"debt": debt}))
    assert (offset, points - offset) == (decision.offset, decision.payout)


def test_the_part_is_of_what_fees_and_taxes_leave() -> None:
    assert set_off(HALF, 1_001, 5_000, f"{FEE}\n{TAX}").offset == (1_001 - 100 - 100) // 2


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", at_most: 50%, rounding: down, with: [offset]", {"offset": 300, "other": 200}),
        (", at_most: 50%, rounding: down", {"offset": 300, "other": 500}),
        (", at_most: 450, with: [offset]", {"offset": 300, "other": 150}),
        (", at_most: 200, with: [offset]", {"offset": 300}),
    ],
)
def test_a_bound_may_be_on_several_debts_together(more: str, expected: dict[str, int]) -> None:
    other = rule(f"debt: request.other_debt, after: [offset]{more}", "other")
    decision = set_off(HALF, 1_000, 300, other, other=900)
    assert expected == {line.rule: line.offset for line in decision.offsets}


@pytest.mark.parametrize(
    ("fields", "lots", "expected"),
    [
        pytest.param(HALF, 9_000, 4_000, id="half of it is set off"),
        pytest.param(HALF.replace("50%", "33.3%"), 9_000, 2_998, id="a third of it is set off"),
        pytest.param(HALF.replace("50%", "100%"), 9_000, 4_500, id="all of it, until the debt is paid"),
        pytest.param(HALF.replace("50%", "100%"), 2_000, 2_000, id="all of it, and the debt is not paid"),
    ],
)
def test_all_is_exact_where_a_part_is_set_off(fields: str, lots: int, expected: int) -> None:
    most = '- {id: most, kind: limit, terms: "1", measure: payout, at_most: 2_000, reason: {ko: 최대, en: Most.}}'
    version = policy(f"{rule(fields)}\n{most}", facts=FACTS)
    points = decided(version, case("all", lot("L1", lots), account={"debt": 2_500})).points
    assert expected == points
    if points < lots:
        assert decided(version, case(points + 1, lot("L1", lots), account={"debt": 2_500})).outcome == "denied"
