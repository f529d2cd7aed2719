"""The nearest request that would have passed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import read_case
from engine.decide import decide
from engine.errors import Conflict
from engine.nearest import Nearest, nearest
from engine.remedies import apply_remedy, changed
from tests.engine.random_policies import cases, compiled, policies
from tests.policies_for_tests import case, compile_text, past, policy_text

REASON = "reason: {ko: 불가, en: No.}"
PAPERS = "papers: {id_card: {ko: 신분증, en: identity card}, family: {ko: 가족관계증명서, en: family certificate}}\n"


def found(rules: str, points: Any = 1_000, **facts: Any) -> Nearest | None:
    """The nearest request of a denied one, after it was applied and seen to pass."""
    version = compile_text(policy_text(rules).replace("\nrules:", f"\n{PAPERS}rules:", 1))
    read = read_case(version.policy, case(points, **facts))
    assert decide(version, read).outcome == "denied"
    near = nearest(version, read)
    if near is not None:
        assert decide(version, apply_remedy(version.policy, read, near.remedy)) == near.decision
        assert near.decision.outcome != "denied"
    return near


def rule(fields: str, id: str = "must") -> str:
    return f'- {{id: {id}, terms: "1", {REASON}, {fields}}}'


@pytest.mark.parametrize(
    ("fields", "facts", "expected"),
    [
        ("kind: limit, measure: request.points, at_most: 500", {}, {"request.points": 500}),
        ("kind: require, that: {request.method: bill_credit}", {}, {"request.method": "bill_credit"}),
        ("kind: require, that: {account.identity_level: 9}", {}, None),
        (
            "kind: require, that: {request.requested_on: {at_least: 2026-05-01}}",
            {},
            {"as_of": "2026-05-01T03:00:00Z"},
        ),
        (
            "kind: limit, measure: {sum: refund.points, per: month, of: account}, at_most: 1_000",
            {"history": [past(1_000, "2026-03-02T00:00:00Z")]},
            {"as_of": "2026-04-01T03:00:00Z"},
        ),
        ("kind: require, that: {request.weekday: friday}", {}, {"as_of": "2026-03-06T03:00:00Z"}),
        ('kind: closed, hours: {from: "11:00", until: "13:00"}', {}, {"as_of": "2026-03-03T04:00:00Z"}),
        (
            "kind: paper, one_of: [id_card, family]",
            {},
            {"request.papers": [{"paper": "id_card", "issued_on": "2026-03-03"}]},
        ),
    ],
    ids=["amount", "method", "none", "day", "window", "weekday", "hours", "papers"],
)  # fmt: skip
def test_what_is_changed_is_the_least(fields: str, facts: dict[str, Any], expected: dict[str, Any] | None) -> None:
    near = found(rule(fields), **facts)
    assert expected == (None if near is None else dict(near.remedy.set))


@settings(max_examples=30, deadline=None)
@given(policies(), st.data())
def test_what_is_told_passes_and_is_found_wherever_an_amount_or_a_method_would_do(tested: Any, data: Any) -> None:
    version = compiled(tested)
    read = read_case(version.policy, data.draw(cases(st.integers(1, 40))))

    def passes(points: int, method: str) -> bool:
        asked = changed(version.policy, read, {"request.points": points, "request.method": method})
        try:
            return decide(version, asked).outcome != "denied"
        except Conflict:
            return False

    own = read.request.method
    assert isinstance(read.request.points, int)
    if passes(read.request.points, own):
        return
    near = nearest(version, read)
    most = sum(lot.left for lot in read.lots)
    if near is not None:
        assert decide(version, apply_remedy(version.policy, read, near.remedy)) == near.decision
        assert near.decision.outcome != "denied"
    amounts = [points for points in range(1, most + 1) if passes(points, own)]
    if amounts:
        assert near is not None
        asked = read.request.points
        assert dict(near.remedy.set) == {"request.points": min(amounts, key=lambda each: (abs(each - asked), each))}
        return
    methods = [m for m in version.policy.methods if m != own and any(passes(n, m) for n in range(1, most + 1))]
    if methods:
        assert near is not None
        assert near.remedy.set["request.method"] == methods[0]
        assert near.remedy.set.keys() <= {"request.method", "request.points"}
