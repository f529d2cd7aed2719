"""The sharp edges of durable_rules 2.0.28: that a Matcher does not touch them, and that the worst are still there.

A test of the library itself that begins to fail after an upgrade says that an edge is gone, and names what in
engine/matching.py it was for. Those run in a process of their own, because they end, or never end, in C.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.matching import (
    FACTS_IN_A_SESSION,
    FIELDS_OF_A_FACT,
    OPENING,
    RULES_IN_A_RULESET,
    SESSION,
    Field,
    Formula,
    Matcher,
)
from engine.matching import Test as Check

ROOT = Path(__file__).parents[2]
ON_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="MALLOC_PERTURB_ is read by glibc")

PRELUDE = """
import json
import durable_rules_engine as library

def create(*conditions):
    rules = {str(number): {"all": [{"m": condition}]} for number, condition in enumerate(conditions)}
    return library.create_ruleset("edges", json.dumps(rules))

def insert(handle, **fact):
    return library.assert_fact(handle, json.dumps(fact))
"""


def output(script: str, environment: Mapping[str, str] | None = None) -> str:
    """What the script prints, and how it ended if it did not end well."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else f"{done.stdout.strip()} exit {done.returncode}".strip()


def hangs_after(script: str, marker: str) -> bool:
    """Whether the script prints the marker and then does not come back for a second."""
    command = [sys.executable, "-c", PRELUDE + script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == marker
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return True
        finally:
            process.kill()
    return False


def matching(formulas: Mapping[str, Formula], *facts: Mapping[str, int | str]) -> list[frozenset[str]]:
    return Matcher(formulas, remember=0).match(facts)


# Sessions.


@ON_GLIBC
def test_the_library_still_dies_of_deleting_a_session_in_which_no_action_started() -> None:
    script = (
        'ruleset = create({"x": 1}); insert(ruleset, sid="s", x=2); library.delete_state(ruleset, "s"); print("alive")'
    )

    assert output(script, {"MALLOC_PERTURB_": "165"}).startswith("exit -")  # matching._Ruleset._session


@ON_GLIBC
def test_a_matcher_survives_when_all_memory_comes_dirty() -> None:
    script = """
from engine.matching import Formula, Matcher, Test

matcher = Matcher({str(bound): Formula((Test("x", ">", bound),)) for bound in range(200)}, remember=0)
for value in range(100):
    assert len(matcher.match([{"x": value}])[0]) == value
    assert [len(names) for names in matcher.match([{"x": -1}, {"x": 1000}] * 50)] == [0, 200] * 50
for value in range(300):
    Matcher({"f": Formula((Test("x", ">", value),))}).match([{"x": 7}])
print("alive")
"""

    assert output(script, {"MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3"}) == "alive"


@ON_GLIBC
def test_a_session_can_be_deleted_while_its_actions_wait() -> None:
    """As when an error or a signal ends a match half-way."""
    script = """
import contextlib
from engine.matching import Formula, Matcher, Test, library

matcher = Matcher({str(bound): Formula((Test("x", ">", bound),)) for bound in range(60)}, remember=0)
complete = library.complete_and_start_action
calls = 0

def interrupted(*arguments):
    global calls
    calls += 1
    if calls % 3 == 0:
        raise KeyboardInterrupt
    return complete(*arguments)

for value in range(300):
    library.complete_and_start_action = interrupted
    with contextlib.suppress(KeyboardInterrupt):
        matcher.match([{"x": value}, {"x": 50}])
    library.complete_and_start_action = complete
    assert len(matcher.match([{"x": value}])[0]) == min(value, 60)
print("alive")
"""

    assert output(script, {"MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3"}) == "alive"


def test_the_library_still_holds_1024_sessions_at_most_and_a_matcher_leaves_none_behind() -> None:
    script = """
ruleset = create({"x": 1})
for number in range(1030):
    try:
        insert(ruleset, sid=str(number), x=1)
    except MemoryError:
        print(number)
        break
"""
    matcher = Matcher({"f": Formula((Check("x", ">=", 0),))}, remember=0)

    assert output(script) == "1024"
    assert [[frozenset({"f"})]] * 1100 == [matcher.match([{"x": value}]) for value in range(1100)]


def test_a_matcher_may_be_collected_in_the_middle_of_a_match() -> None:
    script = """
import gc
from engine.matching import Formula, Matcher, Test, library

gc.disable()
formulas = {"f": Formula((Test("x", ">", 0),))}
cycle = [Matcher(formulas)]
cycle.append(cycle)
del cycle
complete = library.complete_and_start_action
library.complete_and_start_action = lambda *arguments: (gc.collect(), complete(*arguments))[1]
assert Matcher(formulas).match([{"x": 1}]) == [{"f"}]
print("alive")
"""

    assert output(script) == "alive"


def test_no_thread_is_started() -> None:
    before = threading.active_count()
    matching({"f": Formula((Check("x", ">", 0),))}, {"x": 1})

    assert threading.active_count() == before


# Sizes.


def test_the_library_still_hangs_on_600_rules_in_one_ruleset() -> None:
    script = 'print("loading", flush=True); create(*({"$gt": {"x": number}} for number in range(600)))'

    assert hangs_after(script, "loading")  # matching.RULES_IN_A_RULESET


def test_a_matcher_takes_600_formulas_on_one_field_and_a_fact_that_matches_all() -> None:
    formulas = {str(bound): Formula((Check("x", ">", bound),)) for bound in range(600)}

    assert [set(formulas), set(), {"0", "1"}] == matching(formulas, {"x": 600}, {"x": 0}, {"x": 2})


def test_the_library_still_refuses_a_fact_that_matches_65_rules_on_one_field() -> None:
    script = """
for count in (64, 65):
    try:
        insert(create(*({"$gt": {"x": bound}} for bound in range(count))), sid="s", id=1, x=1000)
    except library.error as error:
        print(count, error)
"""

    assert output(script) == "65 Could not assert fact, error code: 303"
    assert RULES_IN_A_RULESET < 64


def test_the_library_still_refuses_a_fact_of_255_properties() -> None:
    script = """
for count in (254, 255):
    try:
        insert(create({"f1": 1}), sid="s", id=1, **{f"f{number}": 1 for number in range(count - 2)})
    except library.error as error:
        print(count, error)
"""

    assert output(script) == "255 Could not assert fact, error code: 302"
    assert FIELDS_OF_A_FACT + 2 < 255


def test_a_fact_may_have_a_thousand_fields() -> None:
    fact = {f"x{number}": number for number in range(1000)}

    assert [frozenset({"f"})] == matching({"f": Formula((Check("x999", "==", 999),))}, fact)


def test_the_library_still_hangs_on_a_rule_that_is_only_about_absence() -> None:
    script = """
from durable import engine

host = engine.Host({"t": {"r": {"all": [{"m": {"$nex": {"x": 1}}}], "run": lambda c: None}}})
print("posting", flush=True)
host.post("t", {"z": 1})
"""

    assert hangs_after(script, "posting")  # matching asks for presence only, and updates no state


# What is missing, of another type, or there twice.


@pytest.mark.parametrize("op", ["==", "!=", "<", ">="])
@pytest.mark.parametrize("fact", [{}, {"x": None}, {"x": "7"}], ids=["missing", "null", "text"])
def test_a_left_side_that_is_no_number_is_refused_where_the_library_would_answer(op: str, fact: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match=r"^x "):
        matching({"f": Formula((Check("x", op, 7),))}, fact)


def test_a_right_side_that_is_missing_is_refused_where_the_library_would_say_true() -> None:
    with pytest.raises(AssertionError, match=r"^y is missing"):
        matching({"f": Formula((Check("x", ">", Field("y")),))}, {"x": 1})


def test_every_true_branch_counts_once() -> None:
    branches = tuple((Check("x", ">", bound),) for bound in range(80))

    assert [frozenset({"f"}), frozenset()] == matching({"f": Formula(any_of=branches)}, {"x": 1000}, {"x": 0})


def test_equal_facts_may_be_matched_together_and_the_last_may_match_nothing() -> None:
    formulas = {"positive": Formula((Check("x", ">", 0),)), "seven": Formula((Check("x", "==", 7),))}

    expected = [{"positive", "seven"}, {"positive", "seven"}, {"positive"}, set()]
    assert expected == matching(formulas, {"x": 7}, {"x": 7}, {"x": 8}, {"x": 0})


def test_a_text_is_never_a_number_whatever_was_seen_before() -> None:
    formulas = {
        "text": Formula((Check("s", "==", "1000"),)),
        "number": Formula((Check("x", "==", 1000), Check("s", "!=", "0"))),
    }
    matcher = Matcher(formulas, remember=0)

    for _ in range(3):
        assert [{"text", "number"}] == matcher.match([{"x": 1000, "s": "1000"}])
        assert [set(), set()] == matcher.match([{"x": 1001, "s": "1000.0"}, {"x": 999, "s": "01000"}])
        assert [{"number"}] == matcher.match([{"x": 1000, "s": "１０００"}])


@pytest.mark.slow
def test_60_000_distinct_facts_are_never_taken_for_each_other() -> None:
    """Without ids of their own, the 46,010th is a false duplicate."""
    bits = [str(bit) for bit in range(17)]
    formulas = {bit: Formula((Check(bit, "==", 1),)) for bit in bits}
    facts = [{bit: number >> int(bit) & 1 for bit in bits} for number in range(60_000)]

    assert [{bit for bit in bits if fact[bit]} for fact in facts] == matching(formulas, *facts)


# The library knows names and ids by a hash of 32 bits alone.


def library_hash(name: str) -> int:
    code = 2_166_136_261
    for byte in name.encode():
        code = (code ^ byte) * 16_777_619 % 2**32
    return code


def test_the_hash_is_the_librarys() -> None:
    assert (library_hash("id"), library_hash("sid")) == (926_444_256, 3_593_476_751)  # state.h


def test_no_two_names_and_no_two_ids_of_ours_are_one_to_the_library() -> None:
    fields = ["id", "sid", "$s", "$m", OPENING, *(f"c{number}" for number in range(FIELDS_OF_A_FACT))]
    words = ["$lt", "$lte", "$gt", "$gte", "$eq", "$neq", "$ex", "$nex", "$mt", "$imt", "$iall", "$iany", "$or", "$and"]
    ids = [OPENING, f"sid-{SESSION}", *map(str, range(FACTS_IN_A_SESSION))]

    assert len({*map(library_hash, fields + words)}) == len(fields + words)
    assert len({*map(library_hash, ids)}) == len(ids)
