"""Policies, lists and accounts far larger than any real one are decided as a plain function decides them.

How long they take is measured by `python -m benchmarks.growth`; nothing here asserts a time.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from benchmarks.decide import in_short
from benchmarks.policies import KINDS, decide_plainly, growing_case, growing_lot, policy_text
from engine import matching
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.judgement import MOST_LOTS_IN_TRACE
from policies.model import Policy
from tests.engine import random_policies
from tests.policies_for_tests import compile_text

LIBRARY: Any = vars(matching)["library"]
"""durable_rules, as the matcher knows it."""

RULES, WORDS, LOTS = 5_000, 100_000, 10_000


def assert_decided_plainly(compiled: CompiledVersion, rules: int, members: int, case: dict[str, Any]) -> None:
    found = in_short(decide(compiled, read_case(compiled.policy, case)).to_data())
    assert decide_plainly(rules, members, case) | {"payout": found["payout"]} == found


@pytest.mark.slow
def test_five_thousand_rules_decide_as_a_plain_reading_does() -> None:
    compiled = compile_text(policy_text(RULES))
    for segment in (0, 6, 9, 10, 21, 2_508, 4_999):
        for points in (1, 40, 150):
            lots = [growing_lot(n, segment + n) for n in range(20)]
            assert_decided_plainly(compiled, RULES, 2, growing_case(segment, points, lots, f"R{points % 3}"))


@pytest.mark.parametrize("rules", [2, 3, 12, 13, 14, 50, 100, 300])
def test_policies_of_every_size_decide_as_a_plain_reading_does(rules: int) -> None:
    compiled = compile_text(policy_text(rules))
    for segment in range(0, rules + 12, 5):
        lots = [growing_lot(n, segment + n) for n in range(12)]
        assert_decided_plainly(compiled, rules, 2, growing_case(segment, 7 * segment + 1, lots))


def test_rules_of_every_kind_are_there() -> None:
    assert {rule.kind for rule in compile_text(policy_text(100)).policy.rules} == {*KINDS}


@pytest.mark.slow
@pytest.mark.parametrize("region", ["R0", f"R{WORDS - 1}", f"R{WORDS}"])
def test_a_list_of_a_hundred_thousand_words_is_looked_through(region: str) -> None:
    compiled = compile_text(policy_text(20, WORDS))
    assert_decided_plainly(compiled, 20, WORDS, growing_case(3, 10, [growing_lot(0, 5), growing_lot(1, 5)], region))


@pytest.mark.parametrize("points", [1, 50_000, 200_000])
def test_ten_thousand_lots_are_decided_one_by_one(points: int) -> None:
    compiled = compile_text(policy_text(50))
    lots = [growing_lot(n, n % 200) for n in range(LOTS)]
    assert_decided_plainly(compiled, 50, 2, growing_case(60, points, lots))


def test_a_trace_of_ten_thousand_lots_names_a_hundred_and_counts_all() -> None:
    compiled = compile_text(policy_text(50))
    lots = [growing_lot(n, 11) for n in range(LOTS)]
    decision = decide(compiled, read_case(compiled.policy, growing_case(0, 1, lots)))
    stages = {stage["stage"]: stage["rules"] for stage in decision.trace}
    (line,) = [line for line in stages["exclude"] if line["rule"] == "exclude-11"]
    plain = [lot for lot in decision.lots if lot.reasons]
    assert (len(line["lots"]), line["lot_count"]) == (MOST_LOTS_IN_TRACE, len(plain))


class Library:
    """What the library is given: a ruleset's rules and fields, and the facts of a session, at their most."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rules = self.fields = self.facts = 0
        create, insert = LIBRARY.create_ruleset, LIBRARY.assert_facts

        def counted_create(name: str, rules: str) -> int:
            given = json.loads(rules)
            self.rules = max(self.rules, len(given) - 1)  # The rule that opens a session is ours.
            handle: int = create(name, rules)
            return handle

        def counted_insert(handle: int, facts: str) -> Any:
            given = json.loads(facts)
            self.facts = max(self.facts, len(given))
            self.fields = max(self.fields, *(len(fact) - 2 for fact in given))  # Two are the session and the position.
            return insert(handle, facts)

        patch.setattr(LIBRARY, "create_ruleset", counted_create)
        patch.setattr(LIBRARY, "assert_facts", counted_insert)

    def assert_within_bounds(self) -> None:
        assert 0 <= self.rules <= matching.RULES_IN_A_RULESET
        assert 0 <= self.fields <= matching.FIELDS_OF_A_FACT
        assert 0 <= self.facts <= matching.FACTS_IN_A_SESSION


def test_no_ruleset_of_a_large_policy_reaches_the_limits_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(monkeypatch)
    compiled = compile_text(policy_text(1_000))
    lots = [growing_lot(n, n) for n in range(1_000)]
    decide(compiled, read_case(compiled.policy, growing_case(500, 10, lots)))
    library.assert_within_bounds()
    assert (library.rules, library.facts) == (matching.RULES_IN_A_RULESET, matching.FACTS_IN_A_SESSION)


def test_no_ruleset_of_wide_conditions_reaches_the_limits_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(monkeypatch)
    lists = "\n".join(
        f"    - {{account.region: {{not_in: [{', '.join(f'R{n + step}' for step in range(3))}]}}}}" for n in range(900)
    )
    text = policy_text(2).replace("rules:\n", "rules:\n" + WIDE.format(lists=lists), 1)
    compiled = compile_text(text)
    decision = decide(compiled, read_case(compiled.policy, growing_case(1, 1, [growing_lot(0, 0)], "R1")))
    assert decision.outcome == "approved"
    library.assert_within_bounds()
    assert library.fields > 0


WIDE = """\
  - id: wide
    kind: require
    terms: "1"
    that: {{account.segment: 5}}
    unless:
{lists}
    reason: {{ko: "넓은 조건", en: "Wide."}}
"""


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(random_policies.policies())
def test_no_ruleset_of_any_policy_reaches_the_limits_of_the_library(policy: Policy) -> None:
    with pytest.MonkeyPatch.context() as patch:
        library = Library(patch)
        random_policies.compiled(policy)
        library.assert_within_bounds()
