"""Problems read, sort and suggest as an author needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import Text
from policies.problems import Fault, Place, Problem, both, did_you_mean, shorten

FIELDS = ["id", "kind", "terms", "about", "when", "unless", "overrides", "reason", "at_most", "at_least", "measure"]
OPERATORS = ["is", "is_not", "in", "not_in", "under", "over", "starts_with", "at_least_ago", "under_ago"]
PATHS = ["account.status", "account.kind", "account.debt", "lot.source", "lot.left", "request.points", "request.method"]

IT_IS_A, DO_B = both("a입니다", "it is a"), both("b로 하십시오", "do b")


@pytest.mark.parametrize(
    ("subject", "hint", "expected"),
    [
        pytest.param("limit-a", "do b", "r.yaml:69:5: limit-a: it is a; do b", id="all parts"),
        pytest.param("", "do b", "r.yaml:69:5: it is a; do b", id="no subject"),
        pytest.param("limit-a", "", "r.yaml:69:5: limit-a: it is a", id="no hint"),
        pytest.param("", "", "r.yaml:69:5: it is a", id="neither"),
    ],
)
def test_a_problem_is_one_line(subject: str, hint: str, expected: str) -> None:
    problem = Problem("a-b", "r.yaml", 69, 5, subject, IT_IS_A, DO_B if hint else None)
    assert str(problem) == problem.in_language("en") == expected


@pytest.mark.parametrize(
    ("subject", "hint", "expected"),
    [
        pytest.param("limit-a", DO_B, "r.yaml:69:5: limit-a: a입니다. b로 하십시오.", id="all parts"),
        pytest.param(both("2번째 규칙", "rule 2"), None, "r.yaml:69:5: 2번째 규칙: a입니다.", id="a subject in words"),
        pytest.param(
            "", did_you_mean("at_mots", ["at_most"]), "r.yaml:69:5: a입니다. 혹시 'at_most'입니까?", id="asked"
        ),
    ],
)
def test_a_problem_is_one_line_in_korean(subject: str | Text, hint: Text | None, expected: str) -> None:
    assert expected == Problem("a-b", "r.yaml", 69, 5, subject, IT_IS_A, hint).in_language("ko")


def test_words_are_filled_with_figures_of_their_own_language() -> None:
    assert both("{what} {count:_}개", "{count:_} of {what}", what=both("목록", "a list"), count=1000) == Text(
        "목록 1_000개", "1_000 of a list"
    )
    assert both("{ko: ...}", "{en: ...}") == Text("{ko: ...}", "{en: ...}")


def test_a_fault_becomes_a_problem_at_its_place() -> None:
    expected = Problem("a-b", "r.yaml", 3, 4, "rule-a", IT_IS_A, DO_B)
    assert expected == Fault("a-b", IT_IS_A, DO_B).at("r.yaml", Place(3, 4), "rule-a")


def test_problems_sort_by_place_as_numbers() -> None:
    def at(line: int, column: int, message: str = "") -> Problem:
        return Problem("a-b", "r.yaml", line, column, "", Text(message, message), None)

    expected = [at(2, 9), at(10, 1), at(10, 2, "a"), at(10, 2, "b"), at(10, 11)]
    assert expected == sorted([at(10, 11), at(10, 2, "b"), at(2, 9), at(10, 2, "a"), at(10, 1)])


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        pytest.param("at_mots", FIELDS, "at_most", id="transposition"),
        pytest.param("at_lest", FIELDS, "at_least", id="letter left out"),
        pytest.param("overides", FIELDS, "overrides", id="double letter left out"),
        pytest.param("reasons", FIELDS, "reason", id="plural"),
        pytest.param("reeson", FIELDS, "reason", id="wrong letter"),
        pytest.param("kidn", FIELDS, "kind", id="short transposition"),
        pytest.param("di", FIELDS, "id", id="shortest transposition"),
        pytest.param("whne", FIELDS, "when", id="short transposition at the end"),
        pytest.param("terrms", FIELDS, "terms", id="letter too many"),
        pytest.param("At-Most", FIELDS, "at_most", id="case and hyphen"),
        pytest.param("at most", FIELDS, "at_most", id="space"),
        pytest.param("start_with", OPERATORS, "starts_with", id="operator"),
        pytest.param("at_least_ag", OPERATORS, "at_least_ago", id="longer of two alike"),
        pytest.param("lot.sorce", PATHS, "lot.source", id="path"),
        pytest.param("acount.status", PATHS, "account.status", id="first part of a path"),
        pytest.param("request.ponits", PATHS, "request.points", id="transposition in a path"),
        pytest.param("points", PATHS, "request.points", id="forgotten prefix"),
    ],
)
def test_a_near_miss_gets_a_suggestion(word: str, candidates: list[str], expected: str) -> None:
    assert did_you_mean(word, candidates) == Text(f"혹시 '{expected}'입니까?", f"did you mean '{expected}'?")


@pytest.mark.parametrize(
    ("word", "candidates"),
    [
        pytest.param("banana", FIELDS, id="nonsense"),
        pytest.param("xyz", FIELDS, id="short nonsense"),
        pytest.param("x", FIELDS, id="one letter"),
        pytest.param("", FIELDS, id="nothing"),
        pytest.param("rate", ["date", "gate"], id="another short word"),
        pytest.param("if", ["is", "in", "id"], id="two letters"),
        pytest.param("day", ["pay", "days_left"], id="three letters"),
        pytest.param("at_foo", ["at_most", "at_least"], id="the same beginning"),
        pytest.param("account.foo", PATHS, id="the same part before the dot"),
        pytest.param("kind", ["account.kind", "event.kind"], id="two forgotten prefixes"),
        pytest.param("등급", ["등록"], id="short Korean"),
        pytest.param("kind", ["kind"], id="the word itself"),
        pytest.param("kind", [], id="no candidates"),
    ],
)
def test_what_is_not_close_gets_no_suggestion(word: str, candidates: list[str]) -> None:
    assert did_you_mean(word, candidates) is None


def test_a_huge_word_or_list_is_not_compared() -> None:
    assert did_you_mean("a" * 1_000_000, ["a" * 1_000_000 + "b"] * 100_000) is None
    assert did_you_mean("at_mots", ["a" * 10_000] * 100_000 + ["at_most"]) is None


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=8))
def test_a_suggestion_is_one_of_the_candidates(word: str, candidates: list[str]) -> None:
    suggestion = did_you_mean(word, candidates)
    assert suggestion is None or suggestion.en in {f"did you mean '{each}'?" for each in candidates}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("a b", "a b", id="short"),
        pytest.param("a\n  b ", "a b", id="several lines"),
        pytest.param("x" * 41, "x" * 37 + "...", id="long"),
        pytest.param("x" * 40, "x" * 40, id="just fits"),
    ],
)
def test_words_are_shown_on_one_short_line(words: str, expected: str) -> None:
    assert shorten(words) == expected
