"""A stored decision is decided again, and every difference from the record is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.compiled import compile_version
from engine.facts import case_data, read_case
from engine.replay import differences, replay
from tests.policies_for_tests import case, compile_text, decided, lot, policy, policy_text

RULES = """
- {id: most, kind: limit, terms: "1", measure: request.points, at_most: 5_000, reason: {ko: 최대, en: "Over {limit}."}}
- {id: fee, kind: fee, terms: "2", flat: 500, reason: {ko: 수수료, en: "Fee {fee}."}}
"""
VERSION = policy(RULES)
AGAIN = "the case cannot be decided again: "
EARLY = "'test-points' is in force from 2020-01-01, and was asked about 2019-01-01"
BELOW = "lots.0.left is -1; write a whole number from 0 to 1_000_000_000_000"


def stored(points: int = 3_000) -> tuple[dict[str, Any], dict[str, Any]]:
    """A case and its decision, as they come back from a database."""
    data = case(points, lot("L1", 2_000), lot("L2", 9_000))
    facts = case_data(read_case(VERSION.policy, data))
    return json.loads(json.dumps(facts)), json.loads(json.dumps(decided(VERSION, data).to_data()))


@pytest.mark.parametrize("points", [3_000, 6_000, 200])
def test_a_sound_record_has_no_differences(points: int) -> None:
    facts, record = stored(points)
    assert replay(VERSION, facts, record) == []
    assert replay(VERSION, facts, record | {"engine": "9.9.9"}) == [], "which engine it was makes no difference"


def change(*path: str | int, value: Any) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return apply


@pytest.mark.parametrize(
    ("in_case", "in_record", "expected"),
    [
        (None, change("reasons", 0, "ko", value="무료"), ["reasons.0.ko: was '무료', is now '수수료'"]),
        (None, change("requested_on", value="2026-03-04"), ["requested_on: was '2026-03-04', is now '2026-03-03'"]),
        (None, change("lots", 1, "last_usable_on", value="x"), ["lots.1.last_usable_on: was 'x', is now null"]),
        (change("account", "id", value="A-2"), None, ["account: was 'A-1', is now 'A-2'"]),
        (change("request", "points", value=6_000), None, None),
        (None, change("fee", value=0), ["the record is not a decision: gross 3000 is not the sum of its parts, 2500"]),
        (None, change("outcome", value="fine"), ["the record is not a decision: fine is no outcome"]),
        (None, change("reasons", value=7), None),
        (change("lots", 0, "left", value=-1), None, [AGAIN + BELOW]),
        (change("as_of", value="2019-01-01T00:00:00Z"), None, [AGAIN + EARLY]),
    ],
)  # fmt: skip
def test_every_difference_is_told(
    in_case: Callable[[Any], None] | None, in_record: Callable[[Any], None] | None, expected: list[str] | None
) -> None:
    facts, record = stored()
    if in_case:
        in_case(facts)
    if in_record:
        in_record(record)
    found = replay(VERSION, facts, record)
    assert found
    if expected is not None:
        assert expected == found


def test_another_text_is_told_before_anything_else() -> None:
    facts, record = stored()
    other = compile_text(policy_text(RULES.replace("5_000", "2_000")))
    (told,) = replay(other, facts, record)
    assert told.startswith("digest: was 'sha256:")


def test_the_version_compiled_again_decides_the_same() -> None:
    facts, record = stored()
    assert replay(compile_version(VERSION.version), facts, record) == []


def test_what_is_missing_or_more_is_a_difference() -> None:
    assert list(differences({"a": 1}, {"b": 2})) == ["a: was 1, is now missing", "b: was missing, is now 2"]
    assert list(differences({"a": [1]}, {"a": [1, 3]})) == ["a.1: was missing, is now 3"]
    assert list(differences({"a": True}, {"a": 1})) == ["a: was true, is now 1"]
    assert list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})) == []


def test_a_record_of_before_lots_could_be_chosen_is_sound() -> None:
    facts, record = stored()
    assert "lots" not in record["request"]
    for name in ("points_debt", "activity_days"):
        del facts["account"][name]
    assert replay(VERSION, facts, record) == []


def test_a_record_of_before_money_had_rules_of_its_own_is_sound() -> None:
    facts, record = stored()
    for name in ("prices", "taxes", "offsets"):
        del record[name]
    del record["request"]["destination_balance"], facts["request"]["destination_balance"]
    assert replay(VERSION, facts, record) == []
    facts["request"]["destination_balance"] = 5
    assert replay(VERSION, facts, record) == ["request.destination_balance: was missing, is now 5"]
