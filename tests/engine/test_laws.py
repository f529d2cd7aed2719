"""Laws that hold of every decision on every policy (DESIGN, section 4)."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import rfc8785
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.cases import BadCase, read_case
from engine.compiled import CompiledVersion
from engine.decide import Conflict, decide, upshot
from engine.decision import Decision
from engine.facts import case_data
from engine.hearing import Hearing
from engine.remedies import apply_remedy
from engine.replay import replay
from policies.model import Policy
from tests.engine.random_policies import cases, compiled, policies
from tests.policies_for_tests import decided

pytestmark = pytest.mark.slow
law = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
any_case = cases(st.one_of(st.integers(1, 40), st.just("all")))


def decision_on(version: CompiledVersion, data: dict[str, Any]) -> Decision:
    """The decision; a policy whose rules contradict each other shows nothing here."""
    try:
        return decided(version, data)
    except Conflict:
        assume(False)
        raise


@settings(law, max_examples=15)
@given(tested=policies(), data=any_case)
def test_what_a_decision_comes_to_is_told_without_making_it(tested: Policy, data: dict[str, Any]) -> None:
    decision, version = decision_on(compiled(tested), data), compiled(tested)
    reasons = tuple(reason.rule for reason in decision.reasons)
    figures = (decision.points, decision.payout, decision.fee, decision.tax, decision.offset)
    assert upshot(Hearing(version, read_case(tested, data))) == (decision.outcome, *figures, reasons)


@law
@given(tested=policies(), data=any_case)
def test_the_parts_of_a_decision_add_up(tested: Policy, data: dict[str, Any]) -> None:
    decision = decision_on(compiled(tested), data)
    assert decision.gross == decision.payout + decision.fee + decision.tax + decision.offset
    assert decision.fee == sum(line.fee for line in decision.fees)
    left = {each["id"]: each["left"] for each in data["lots"]}
    assert all(0 < points <= left[each] for each, points in decision.allocation.items())
    assert 0 <= decision.payout <= decision.gross
    if decision.outcome == "denied":
        assert (decision.gross, decision.fee, decision.payout, decision.payable_on) == (0, 0, 0, None)
        assert (decision.allocation, decision.fees) == ({}, ())
        assert (decision.prices, decision.taxes, decision.offsets) == ((), (), ())
        assert any(reason.effect == "denies" for reason in decision.reasons)
    else:
        assert decision.points == sum(decision.allocation.values())
        priced = sum(line.points for line in decision.prices)
        assert decision.gross == decision.points - priced + sum(line.money for line in decision.prices) > 0
        assert decision.tax == sum(line.tax for line in decision.taxes)
        assert decision.offset == sum(line.offset for line in decision.offsets)
        # Nobody gives points for nothing: where nothing is paid out, a debt was.
        assert decision.payout > 0 or decision.offset > 0
        assert {"prices", "charges", "reviews"} >= {reason.effect for reason in decision.reasons}
        assert (decision.outcome == "needs_review") == any(each.effect == "reviews" for each in decision.reasons)


@law
@given(tested=policies(), data=any_case)
def test_only_lots_that_may_pay_do_and_first_ones_empty_first(tested: Policy, data: dict[str, Any]) -> None:
    decision = decision_on(compiled(tested), data)
    can_pay = {line.lot: line.left for line in decision.lots if not line.reasons}
    assert decision.available == sum(can_pay.values())
    assert decision.allocation.keys() <= can_pay.keys()
    for each in list(decision.allocation)[:-1]:
        assert can_pay[each] == decision.allocation[each]


@law
@given(tested=policies(), data=any_case)
def test_a_decision_survives_json_and_replays_to_itself(tested: Policy, data: dict[str, Any]) -> None:
    version = compiled(tested)
    decision = decision_on(version, data)
    stored = json.loads(json.dumps(decision.to_data()))
    assert decision.to_data() == stored
    assert stored == Decision.from_data(stored).to_data()
    assert decision.to_json() == rfc8785.dumps(stored)
    stored_case = json.loads(json.dumps(case_data(read_case(tested, data))))
    assert replay(compiled(tested), stored_case, stored) == []


@law
@given(tested=policies(), data=any_case, seed=st.integers(0, 99))
def test_the_order_of_lots_and_history_does_not_matter(tested: Policy, data: dict[str, Any], seed: int) -> None:
    version = compiled(tested)
    expected = decision_on(version, data)
    random = Random(seed)
    turned = {**data, **{name: random.sample(data[name], len(data[name])) for name in ("lots", "history")}}
    assert expected == decided(version, turned)


@law
@given(tested=policies(), data=any_case, seed=st.integers(0, 99))
def test_the_order_of_rules_only_orders_the_reasons(tested: Policy, data: dict[str, Any], seed: int) -> None:
    expected = decision_on(compiled(tested), data)
    turned = replace(tested, rules=tuple(Random(seed).sample(tested.rules, len(tested.rules))))
    found = decided(compiled(turned), data)
    # A fee that eats up the refund may name its rules in another order, and nothing else may change.
    same = ("outcome", "points", "available", "gross", "fee", "tax", "offset", "payout", "payable_on", "allocation")
    assert {name: getattr(expected, name) for name in same} == {name: getattr(found, name) for name in same}
    assert {reason.rule: reason for reason in expected.reasons} == {reason.rule: reason for reason in found.reasons}


@law
@given(tested=policies(), data=any_case)
def test_a_request_whose_only_trouble_is_mended_is_not_denied(tested: Policy, data: dict[str, Any]) -> None:
    version = compiled(tested)
    decision = decision_on(version, data)
    denying = [reason for reason in decision.reasons if reason.effect == "denies"]
    case = read_case(tested, data)
    for reason in denying:
        if reason.remedy is None:
            continue
        mended = decide(version, apply_remedy(tested, case, reason.remedy))
        still = {each.rule for each in mended.reasons if each.effect == "denies"}
        assert still <= {each.rule for each in denying} - {reason.rule}
        if len(denying) == 1 or {"request.points", "request.money"} & reason.remedy.set.keys():
            assert mended.outcome != "denied"


@law
@given(tested=policies(), data=cases(st.integers(1, 40)))
def test_every_amount_is_judged_alike_alone_and_in_a_search(tested: Policy, data: dict[str, Any]) -> None:
    """A hearing keeps what no amount can change; keeping too much would show here."""
    version = compiled(tested)
    case = read_case(tested, data)
    hearing = Hearing(version, case)
    for points in (40, 1, data["request"]["points"], 7):
        together, alone = hearing.judge(points), Hearing(version, case).judge(points, tracing=True)
        assert (together.denied, together.available, together.shares, together.fee) == (
            alone.denied,
            alone.available,
            alone.shares,
            alone.fee,
        )
        assert str(together.conflict) == str(alone.conflict)
        assert [spoken.figures for spoken in together.spoken] == [spoken.figures for spoken in alone.spoken]


@law
@given(tested=policies(), one=any_case, other=any_case, data=st.data())
def test_what_a_version_remembers_of_other_cases_changes_nothing(
    tested: Policy, one: dict[str, Any], other: dict[str, Any], data: st.DataObject
) -> None:
    version = compiled(tested)
    # Cases that differ in one fact are what could be taken for one another.
    facts = [(part, name) for part in ("account", "request") for name in one[part] if name not in ("id", "points")]
    changed = [("request", "points"), *data.draw(st.lists(st.sampled_from(facts), max_size=2, unique=True))]
    alike = [{**one, part: {**one[part], name: other[part][name]}} for part, name in changed]
    for each in (one, {**one, "as_of": "2026-06-01T15:30:00Z"}, *alike, one):
        assert _told(version, each) == _told(compiled(tested), each)


def _told(version: CompiledVersion, data: dict[str, Any]) -> object:
    try:
        return decided(version, data).to_data()
    except (Conflict, BadCase) as refused:
        return str(refused)
