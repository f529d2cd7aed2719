"""A stored decision is decided again, and every difference from the record is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.cases import read_case, read_day_case, read_event_case
from engine.compiled import compile_version
from engine.daily import Daily, daily
from engine.events import answer
from engine.facts import case_data, day_case_data, event_case_data
from engine.replay import differences, replay, replay_day, replay_event
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


DAYS = policy("""
- {id: idle, kind: dormancy, terms: "9", idle: 10 days, points: 20, order: [oldest], reason: {ko: 휴면, en: Idle.}}
- {id: soon, kind: notice, terms: "9", before: [3 days], reason: {ko: 예정, en: "{points} end {last_day}."}}
""")


def stored_day() -> tuple[dict[str, Any], dict[str, Any]]:
    """A day on which everything happens, with what it came to, as they come back from a database."""
    account = {"id": "A-1", "joined_on": "2015-01-01", "last_activity_on": "2026-02-20"}
    lots = [lot("L1", 50, expires_on="2026-03-05"), lot("L2", 7, expires_on="2026-03-01")]
    day_case = read_day_case(DAYS.policy, {"account": account, "lots": lots, "day": "2026-03-02"})
    found = daily(DAYS, day_case)
    assert found.expired
    assert found.charged
    assert found.notices
    record = json.loads(json.dumps(found.to_data()))
    assert Daily.from_data(record) == found
    return json.loads(json.dumps(day_case_data(day_case))), record


def test_a_sound_record_of_a_day_has_no_differences() -> None:
    facts, record = stored_day()
    assert replay_day(DAYS, facts, record) == []


@pytest.mark.parametrize(
    ("in_case", "in_record", "expected"),
    [
        (None, change("notices", 0, "points", value=31), ["notices.0.points: was 31, is now 30"]),
        (None, change("charged", 0, "points", value=21), None),
        (None, change("expired", 0, "lot", value="L1"), None),
        (change("lots", 1, "left", value=6), None, ["expired.0.points: was 7, is now 6"]),
        (change("day", value="2019-01-01"), None, [AGAIN + EARLY]),
        (change("day", value=7), None, [f"{AGAIN}day is 7; write the day as 2026-01-31"]),
        (None, change("notices", value=7), None),
    ],
)  # fmt: skip
def test_every_difference_of_a_day_is_told(
    in_case: Callable[[Any], None] | None, in_record: Callable[[Any], None] | None, expected: list[str] | None
) -> None:
    facts, record = stored_day()
    if in_case:
        in_case(facts)
    if in_record:
        in_record(record)
    found = replay_day(DAYS, facts, record)
    assert found
    assert expected is None or expected == found


def test_an_answer_to_an_event_of_an_older_engine_still_replays() -> None:
    version = policy('- {id: bill, kind: earn, terms: "5", event: bill_paid, source: bill, points: 5}')
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01"},
        "event": {"id": "E-1", "type": "bill_paid", "happened_at": "2026-03-03T03:00:00Z"},
    }
    event_case = read_event_case(version.policy, data)
    record = json.loads(json.dumps(answer(version, event_case).to_data()))
    old = {
        name: each for name, each in record.items() if name not in ("asked", "taken", "lapsed", "reasons", "refused")
    }
    old = {name: each for name, each in old.items() if name not in ("debt", "forgiven")}
    facts = json.loads(json.dumps(event_case_data(event_case)))
    del facts["lots"]
    del facts["event"]["of"]
    assert replay_event(version, facts, old) == []
    assert replay_event(version, facts, {**old, "points": 6})[0].startswith("the record is not an answer to an event: ")
