"""How the stages of a decision work together."""

from __future__ import annotations

import pytest

from engine.compiled import DAY_KINDS, EVENT_KINDS, CompiledVersion
from engine.decide import STAGES, Conflict, NotInForce
from engine.kinds import KINDS
from tests.policies_for_tests import case, decided, lot, policy, rules_of

IDENTITY = """
- id: identity
  kind: require
  terms: "3"
  that: {account.identity_level: {at_least: 2}}
  reason: {ko: 본인확인, en: Identity.}
"""
MOST = """
- {id: most, kind: limit, terms: "8", measure: request.points, at_most: 5_000, reason: {ko: "최대", en: "{limit}."}}
"""
LOOK = (
    '- {id: look, kind: review, terms: "9", when: {request.points: {at_least: 3_000}}, reason: {ko: 확인, en: Look.}}'
)
FEE = '- {id: fee, kind: fee, terms: "10", flat: 500, reason: {ko: "{fee}", en: "Fee {fee}."}}'


def test_the_stages_run_in_the_order_of_the_design() -> None:
    expected = [kind for kind in KINDS if kind not in (*EVENT_KINDS, *DAY_KINDS)]
    # Limits on the payout wait until it is known.
    expected.insert(expected.index("offset") + 1, "limit_payout")
    assert expected == [stage.__name__ for stage in STAGES]


def test_every_rule_that_fails_is_told_in_the_order_of_stages_then_of_the_file() -> None:
    other = MOST.replace("id: most", "id: other").replace("5_000", "6_000")
    version = policy(f"{MOST}{IDENTITY}{other}")
    decision = decided(version, case(200_000))
    assert decision.outcome == "denied"
    assert rules_of(decision) == ["identity", "most", "other", "order"]


def test_equal_to_a_bound_passes() -> None:
    version = policy(MOST)
    assert decided(version, case(5_000)).outcome == "approved"
    assert decided(version, case(5_001)).outcome == "denied"


def test_denial_beats_review() -> None:
    version = policy(f"{LOOK}\n{MOST}")
    assert ((found := decided(version, case(3_000))).outcome, rules_of(found)) == ("needs_review", ["look"])
    assert ((found := decided(version, case(6_000))).outcome, rules_of(found)) == ("denied", ["most"])


def test_a_review_has_the_figures_of_an_approval() -> None:
    decision = decided(policy(f"{LOOK}\n{FEE}"), case(3_000))
    assert (
        decision.outcome,
        decision.gross,
        decision.fee,
        decision.payout,
        decision.allocation,
    ) == ("needs_review", 3_000, 500, 2_500, {"L1": 3_000})


def test_a_fee_that_leaves_nothing_denies_the_refund() -> None:
    version = policy(FEE)
    assert ((found := decided(version, case(501))).payout, found.fee) == (1, 500)
    assert rules_of(decided(version, case(500))) == ["fee-exceeds-payout"]
    denied = decided(version, case(499))
    assert (denied.outcome, rules_of(denied)) == ("denied", ["fee-exceeds-payout"])
    assert denied.reasons[0].en == "The fee of 500 leaves nothing of the refund of 499."
    assert denied.reasons[0].remedy is not None
    assert denied.reasons[0].remedy.set == {"request.points": 501}


def test_a_lot_that_no_rule_covers_ends_on_its_own_day() -> None:
    lots = [
        lot("L1", 10, expires_on="2026-03-02"),
        lot("L2", 20, expires_on="2026-03-03"),
        lot("L3", 40),
    ]
    decision = decided(policy(MOST), case(60, *lots))
    assert decision.allocation == {"L2": 20, "L3": 40}
    assert [reason.rule for reason in decision.lots[0].reasons] == ["own-expiry"]
    assert decision.lots[0].reasons[0].en == "Expired after 2026-03-02."
    assert [line.last_usable_on for line in decision.lots] == ["2026-03-02", "2026-03-03", None]


def test_the_day_is_the_day_of_the_programmes_zone() -> None:
    lots = [lot("L1", 10, expires_on="2026-03-02")]
    version = policy(MOST)
    assert decided(version, case(10, *lots, as_of="2026-03-02T14:59:59Z")).outcome == "approved"
    late = decided(version, case(10, *lots, as_of="2026-03-02T15:00:00Z"))
    assert (late.outcome, late.requested_on) == ("denied", "2026-03-03")


def test_before_it_starts_a_policy_decides_nothing() -> None:
    version = policy(MOST)
    assert decided(version, case(1, as_of="2019-12-31T15:00:00Z")).outcome == "approved"
    with pytest.raises(NotInForce, match="'test-points' is in force from 2020-01-01, and was asked about 2019-12-31"):
        decided(version, case(1, as_of="2019-12-31T14:59:59Z"))


def test_a_rule_that_applies_silences_those_it_overrides_even_if_it_is_overridden() -> None:
    version = policy(
        """
        - {id: a, kind: limit, terms: "1", measure: request.points, at_most: 10, reason: {ko: A, en: A}}
        - id: b
          kind: limit
          terms: "1"
          measure: request.points
          at_most: 20
          overrides: [a]
          when: {account.identity_level: {at_least: 1}}
          reason: {ko: B, en: B}
        - id: c
          kind: limit
          terms: "1"
          measure: request.points
          at_most: 30
          overrides: [b]
          when: {account.identity_level: {at_least: 2}}
          reason: {ko: C, en: C}
        """
    )
    for level, expected in ((0, ["a"]), (1, ["b"]), (2, ["c"])):
        assert expected == rules_of(decided(version, case(100, account={"identity_level": level})))
    limits = next(
        stage["rules"]
        for stage in decided(version, case(1, account={"identity_level": 2})).trace
        if stage["stage"] == "limit"
    )
    assert [(line["rule"], line["silenced_by"]) for line in limits] == [("a", "b"), ("b", "c"), ("c", None)]


def test_an_excepted_rule_overrides_nothing() -> None:
    version = policy(
        """
        - {id: a, kind: limit, terms: "1", measure: request.points, at_most: 10, reason: {ko: A, en: A}}
        - id: b
          kind: limit
          terms: "1"
          measure: request.points
          at_most: 20
          overrides: [a]
          unless: [{request.channel: app}, {request.channel: call_centre}]
          reason: {ko: B, en: B}
        """
    )
    assert rules_of(decided(version, case(100))) == ["b"]
    lifted = decided(version, case(100, channel="call_centre"))
    assert rules_of(lifted) == ["a"]
    limits = next(stage["rules"] for stage in lifted.trace if stage["stage"] == "limit")
    assert [line["excepted_by"] for line in limits] == [None, 1]


CASH = "when: {request.method: cash}"
BILL = "when: {lot.source: bill}"
CONFLICTS = {
    "expire": (
        f"""
        - {{id: one, kind: expire, terms: "1", {CASH}, after: 5 years, reason: {{ko: 만료, en: Gone.}}}}
        - {{id: two, kind: expire, terms: "1", {BILL}, never: true}}
        """,
        "lot 'L1': 'one' and 'two' both say until when it can be used, and neither overrides the other",
    ),
    "fee": (
        f"""
        - {{id: one, kind: fee, terms: "1", {CASH}, flat: 1, reason: {{ko: 수수료, en: Fee.}}}}
        - {{id: two, kind: fee, terms: "1", {BILL}, flat: 2, reason: {{ko: 수수료, en: Fee.}}}}
        """,
        "lot 'L1': 'one' and 'two' both charge a fee, and neither overrides or adds to the other",
    ),
    "pay": (
        f"""
        - {{id: one, kind: pay, terms: "1", when: {{request.channel: web}}, within: 1 day}}
        - {{id: two, kind: pay, terms: "1", {CASH}, within: 2 days}}
        """,
        "'one' and 'two' both say when it is paid, and neither overrides the other",
    ),
    "allocate": (
        f"""
        - id: one
          kind: allocate
          terms: "1"
          when: {{request.channel: web}}
          order: [oldest]
          reason: {{ko: 부족, en: Short.}}
        - {{id: two, kind: allocate, terms: "1", {CASH}, order: [newest], reason: {{ko: 부족, en: Short.}}}}
        """,
        "'one' and 'two' both say which lots pay first, and neither overrides the other",
    ),
}


def conflicting(kind: str, settled: str = "") -> CompiledVersion:
    """The policy with two rules of one kind that both apply, `settled` by what the second one says."""
    rules = CONFLICTS[kind][0].replace("{id: two,", "{id: two, " + settled)
    return policy(rules, allocate="") if kind == "allocate" else policy(rules)


@pytest.mark.parametrize("kind", list(CONFLICTS))
def test_two_rules_for_one_thing_are_a_conflict_that_names_both(kind: str) -> None:
    with pytest.raises(Conflict) as conflict:
        decided(conflicting(kind), case(10))
    assert CONFLICTS[kind][1] == str(conflict.value)
    assert (kind, ("one", "two")) == (conflict.value.kind, conflict.value.rules)


@pytest.mark.parametrize("kind", list(CONFLICTS))
def test_overriding_settles_a_conflict(kind: str) -> None:
    assert decided(conflicting(kind, "overrides: [one],"), case(10)).outcome == "approved"


def test_a_conflict_over_a_lot_that_does_not_pay_is_none() -> None:
    version = conflicting("fee")
    lots = [lot("L1", 10, source="purchase", expires_on="2026-12-31"), lot("L2", 10)]
    assert decided(version, case(10, *lots)).fee == 1
    with pytest.raises(Conflict, match="lot 'L2'"):
        decided(version, case(11, *lots))
    assert decided(version, case("all", *lots)).points == 10


def test_no_lots_is_a_denial_not_an_error() -> None:
    data = case(5)
    data["lots"] = []
    decision = decided(policy(MOST), data)
    assert (decision.outcome, rules_of(decision), decision.available, decision.lots) == ("denied", ["order"], 0, ())


def test_the_trace_tells_for_each_lot_rule_which_lots_it_touched_and_why_not() -> None:
    version = policy(
        """
        - id: promotion
          kind: exclude
          terms: "1"
          when: {lot.source: promotion}
          unless: [{lot.campaign: {starts_with: LOYAL-}}, {lot.acquired_on: {at_least_ago: 12 months}}]
          reason: {ko: 제외, en: Excluded.}
        - id: small
          kind: exclude
          terms: "1"
          when: {lot.left: {under: 5}}
          overrides: [promotion]
          reason: {ko: 소액, en: Small.}
        """
    )
    lots = [
        lot("L1", 10, source="promotion"),
        lot("L2", 10, source="promotion", campaign="LOYAL-7"),
        lot("L3", 10, source="promotion", acquired_on="2025-03-03"),
        lot("L4", 4, source="promotion"),
        lot("L5", 10),
    ]
    decision = decided(version, case(1, *lots))
    (lines,) = [stage["rules"] for stage in decision.trace if stage["stage"] == "exclude"]
    expected = {
        "rule": "promotion",
        "applies": True,
        "lots": ["L1"],
        "lot_count": 1,
        "excepted": {"0": ["L2"], "1": ["L3"]},
        "silenced": {"small": ["L4"]},
    }
    assert expected == lines[0]
    assert (lines[1]["lots"], decision.available) == (["L4"], 30)


def test_a_trace_names_a_hundred_lots_and_counts_them_all() -> None:
    version = policy('- {id: x, kind: exclude, terms: "1", when: {lot.source: bill}, reason: {ko: 제외, en: Out.}}')
    decision = decided(version, case(1, *[lot(f"L{n:04}", 1) for n in range(250)]))
    (line,) = next(stage["rules"] for stage in decision.trace if stage["stage"] == "exclude")
    assert (len(line["lots"]), line["lot_count"], line["lots"][0]) == (100, 250, "L0000")


MINIMUM = '- {id: least, kind: limit, terms: "1", measure: request.points, at_least: 1_000, reason: {ko: 가, en: A}}'
FLAT = '- {id: fee, kind: fee, terms: "2", flat: 600, reason: {ko: 가, en: A}}'
NEVER_BITES = """
- {id: room, kind: limit, terms: "3", measure: payout, at_most: 1_000_000, reason: {ko: 가, en: A}}
- id: step
  kind: price
  terms: "4"
  when: {lot.campaign: X}
  every: 2
  pays: 1
  whole_steps: true
  reason: {ko: 가, en: A}
"""


@pytest.mark.parametrize("more", ["", NEVER_BITES], ids=["alone", "beside rules of money that never bite"])
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (500, ["least"]),
        ("all", ["least"]),
        (700, ["least", "order"]),
    ],
)
def test_what_is_told_of_a_denial_does_not_depend_on_rules_that_do_not_bite(
    points: int | str, expected: list[str], more: str
) -> None:
    decision = decided(policy(f"{MINIMUM}\n{FLAT}\n{more}"), case(points, lot("L1", 500)))
    assert expected == rules_of(decision)
    assert (decision.fee, decision.fees) == (0, ())


def test_fees_that_contradict_each_other_do_not_stop_a_denial() -> None:
    one = FLAT.replace("id: fee", "id: fee, when: {request.method: cash}")
    other = FLAT.replace("id: fee", "id: other, when: {lot.source: bill}")
    version = policy(f"{MINIMUM}\n{one}\n{other}")
    assert rules_of(decided(version, case(500))) == ["least"]
    with pytest.raises(Conflict):
        decided(version, case(1_000))
