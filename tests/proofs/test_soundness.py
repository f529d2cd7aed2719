"""What is proven of a policy holds of every case: random ones do not contradict it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.decision import Decision
from engine.errors import Conflict
from engine.facts import Case
from engine.proofs.findings import Finding
from engine.proofs.prove import answers
from engine.proofs.prover import Prover
from policies.model import Policy
from policies.problems import Place
from policies.source import Document
from policies.versions import PolicyVersion
from tests.engine.random_policies import cases, compiled, policies

CASES_OF_A_POLICY = 30


def findings(policy: Policy) -> list[Finding]:
    """What is found in a policy that has no text."""
    places: dict[object, Place] = defaultdict(lambda: Place(1, 1))
    document = Document(None, places, places, "random.yaml")  # type: ignore[arg-type]
    version = PolicyVersion(policy, "", "sha256:0", 1, (date(2026, 3, 4),))
    return answers(Prover(version, document, 5_000, lambda: True))


@dataclass(frozen=True, slots=True)
class Claims:
    """What a list of findings says of all cases: the rules that never make a difference, the pairs that may clash."""

    dead: Collection[str]
    clashing: Collection[frozenset[str]]
    nothing_passes: bool
    last_points_stay: bool

    @classmethod
    def of(cls, found: Collection[Finding]) -> Claims:
        stranded = [each.problem.message.en for each in found if each.code == "stranded" and each.proven]
        return cls(
            {each.rules[0] for each in found if each.code == "dead-rule" and each.proven},
            {frozenset(each.rules) for each in found if each.code == "overlap"},
            any(message.startswith("no request ever passes") for message in stranded),
            any(message.startswith("no request ever takes") for message in stranded),
        )


def decision_or_clash(tested: CompiledVersion, case: Case) -> Decision | frozenset[str]:
    """The decision, or the two rules that contradict each other."""
    try:
        return decide(tested, case)
    except Conflict as conflict:
        return frozenset(conflict.rules)


def speaking(decision: Decision) -> set[str]:
    """The rules that make a difference to a decision."""
    charged = decision.outcome != "denied"
    found = {reason.rule for reason in decision.reasons}
    found |= {
        line["rule"]
        for stage in decision.trace
        if stage["stage"] in ("expire", "allocate", "pay") or (charged and stage["stage"] in ("price", "fee", "tax"))
        for line in stage["rules"]
        if line["applies"]
    }
    for lot in decision.lots:
        kinds = {reason.kind for reason in lot.reasons}
        found |= {reason.rule for reason in lot.reasons if "expire" not in kinds}
    return found


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(policies(), st.data())
def test_no_case_contradicts_what_is_proven(policy: Policy, data: st.DataObject) -> None:
    claims = Claims.of(findings(policy))
    tested = compiled(policy)
    for _ in range(CASES_OF_A_POLICY):
        case = read_case(policy, data.draw(cases(st.one_of(st.integers(1, 20), st.just("all")))))
        assert isinstance(case, Case)
        decision = decision_or_clash(tested, case)
        if not isinstance(decision, Decision):
            assert decision in claims.clashing
            continue
        assert not speaking(decision) & set(claims.dead)
        if decision.outcome != "denied":
            assert not claims.nothing_passes
            assert not (claims.last_points_stay and decision.points == decision.available)
