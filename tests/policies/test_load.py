"""Whatever a file says, loading it ends quickly, with a policy that can be shown or with problems in their places."""

from __future__ import annotations

import time
from datetime import date
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policies.load import load_policy
from policies.model import Policy
from policies.problems import Problem
from policies.show import policy_lines
from policies.versions import canonical_text
from tests.policies.mutations import EVERYTHING, KEYS, data_of, mutations, paths, replaced, text_of
from tests.policies.texts import VALID

FOREIGN = ("Field may not be", "Missing data", "Invalid", "Unknown field", "NoneType", "None", "True", "False", "Error")
DAYS = (date(1990, 1, 1), date(2026, 3, 1), date(2999, 12, 31))


def load(text: str) -> tuple[Policy | None, list[Problem]]:
    return load_policy(text.encode(), "policy.yaml")


def told(text: str) -> list[str]:
    return [str(problem).removeprefix("policy.yaml:") for problem in load(text)[1]]


def check(text: str, name: str) -> None:
    """The law of loading: a policy that can be shown and digested, or problems that say where and what."""
    policy, problems = load(text)
    if policy is not None:
        assert problems == [], name
        for day in DAYS:
            for language in ("ko", "en"):
                assert list(policy_lines(policy, language, day)), name
        assert canonical_text(text, ()) == canonical_text(f"# a comment\n{text}", ()), name
        return
    lines = text.split("\n")
    assert problems, name
    for problem in problems:
        assert 1 <= problem.line <= len(lines), (name, problem)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, (name, problem)
        for words in (problem.message, problem.hint or problem.message):
            assert [word for word in FOREIGN if word in f"{words.ko} {words.en}"] == [], (name, problem)
        assert problem.hint, (name, problem)
        assert problem.hint.en, (name, problem)
        assert "\n" not in str(problem), (name, problem)
        assert len(problem.message.en) <= 200, (name, problem)


def test_a_file_that_says_everything_loads() -> None:
    assert told(EVERYTHING) == []
    assert told(text_of(data_of(EVERYTHING))) == []


@pytest.mark.parametrize("part", range(4))
def test_a_valid_file_with_one_thing_changed_loads_or_is_told_why(part: int) -> None:
    # All 20,000 take minutes; a prime step meets every replacement and every part of the file.
    for name, make in islice(mutations(data_of(EVERYTHING)), part * 100, None, 431):
        check(text_of(make()), name)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_small_file_with_one_thing_changed_loads_or_is_told_why(part: int) -> None:
    for name, make in islice(mutations(data_of(VALID)), part * 7, None, 29):
        check(text_of(make()), name)


_SCALARS = st.one_of(
    st.sampled_from(
        ["", "x", "none", "$nope", "$monthly_limit", "account.grade", "lot.left", "12 months", "3%", "else"]
    ),
    st.integers(-5, 10**13),
    st.booleans(),
    st.dates(),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8),
)
_KEYS = st.one_of(st.sampled_from(KEYS), st.text("abc_.-$", min_size=1, max_size=6))
_TREES = st.recursive(
    _SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(_KEYS, below, max_size=3)),
    max_leaves=8,
)
_PLACES = list(paths(data_of(EVERYTHING)))


@example([(("rules", 4, "when", "any", 1, "account.born_on"), [False])])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(_PLACES), _TREES), min_size=1, max_size=3))
def test_a_valid_file_with_odd_data_anywhere_loads_or_is_told_why(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = data_of(EVERYTHING)
    for path, tree in changes:
        try:
            data = replaced(data, path, tree)
        except (KeyError, IndexError, TypeError):
            # The change before took this place away.
            continue
    check(text_of(data), str(changes))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_never_more_than_a_problem(data: bytes) -> None:
    policy, problems = load_policy(data, "policy.yaml")
    assert policy is None
    assert problems


REASON = "reason: {ko: 가, en: a}"
LONG = {
    "5,000 rules": VALID
    + "".join(
        f'  - {{id: rule-{each}, kind: limit, terms: "1", measure: request.points, at_most: 5, {REASON}}}\n'
        for each in range(5_000)
    ),
    "a chain of overrides": VALID
    + "".join(
        f'  - {{id: fee-{each}, kind: fee, terms: "1", flat: 5, overrides: [fee-{each + 1}], {REASON}}}\n'
        for each in range(4_000)
    ),
    "a circle of overrides": VALID
    + "".join(
        f'  - {{id: fee-{each}, kind: fee, terms: "1", flat: 5, overrides: [fee-{(each + 1) % 4_000}], {REASON}}}\n'
        for each in range(4_000)
    ),
    "a list of 60,000 texts": VALID.replace(
        "{request.method: gift_card}",
        "{request.receiving_account: {in: [" + ", ".join(f"a{each}" for each in range(60_000)) + "]}}",
    ),
    "a list of 60,000 mistakes": VALID.replace(
        "{request.method: gift_card}",
        "{request.receiving_account: {in: [" + ", ".join(f"{each}" for each in range(60_000)) + "]}}",
    ),
    "30,000 misspelt names": VALID.replace(
        "rate: 3\n", "rate: 3\n" + "".join(f"    rate{each}: 3\n" for each in range(30_000))
    ),
    "3,000 values misnamed": VALID
    + "".join(
        f'  - {{id: rule-{each}, kind: limit, terms: "1", measure: request.points, at_most: $w{each}, {REASON}}}\n'
        for each in range(3_000)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_long_file_is_read_in_seconds(text: str) -> None:
    began = time.monotonic()
    _, problems = load(text)

    assert len(problems) <= 101
    assert time.monotonic() - began < 20


def test_a_rule_that_is_wrong_is_never_left_out_in_silence() -> None:
    # The rule is called like the source that it misspells: what it says follows from nothing but itself.
    text = VALID.replace("id: promotion-points", "id: promo").replace("lot.source: promotion", "lot.source: promo")
    assert told(text) == ["30:24: promo: 'lot.source' is never 'promo'; use bill_payment or promotion"]


FOLLOWING = [
    pytest.param(
        "      2025-01-01: 50_000",
        "      2025-01-01: fifty",
        "24:19: monthly_limit: 'fifty' is not an amount; write a whole number, such as 50_000",
        id="a rule that uses a value with a problem",
    ),
    pytest.param(
        "  promotion: {ko: 프로모션, en: promotion}",
        "  promotion: {ko: 프로모션}",
        "11:14: promotion: 'en' is missing; add it (the English name)",
        id="a condition on a source with a problem",
    ),
    pytest.param(
        "type: [VIP, GOLD]",
        "type: [VIP, VIP]",
        "16:31: account.grade: 'VIP' is listed twice; take one of them out",
        id="a table by a fact with a problem",
    ),
    pytest.param(
        "    kind: allocate",
        "    kind: alocate",
        "49:11: order: unknown kind 'alocate'; did you mean 'allocate'?",
        id="no allocation because its rule has a problem",
    ),
    pytest.param(
        "    rounding: down",
        "    roundin: down",
        "46:5: conversion-fee: unknown field 'roundin'; did you mean 'rounding'?",
        id="a field that is misspelt is not missing",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), FOLLOWING)
def test_what_only_follows_from_a_problem_is_not_told(old: str, new: str, expected: str) -> None:
    assert old in VALID
    assert told(VALID.replace(old, new)) == [expected]


def test_an_id_with_a_newline_stays_on_one_line() -> None:
    text = VALID.replace("id: order", 'id: "order\\nof use"')
    assert told(text)[0].startswith("48:9: order of use: 'order of use' is not spelt like a name; ")
