"""A rule file becomes a version: its holidays are resolved once and are part of it."""

from __future__ import annotations

import gc
import weakref
from datetime import date

import pytest

from engine.cases import read_case
from engine.decide import decide
from engine.facts import Case, case_data
from engine.versions import YEARS, load_version
from tests.engine.small_policy import BASE, RULES, read, version_of


def load(text: str, holidays: tuple[date, ...] | None = None) -> list[str]:
    """The problems of a text."""
    version, problems = load_version(text.encode(), "a.yaml", holidays=holidays)
    assert (version is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_a_version_knows_the_holidays_of_its_calendar_and_its_own() -> None:
    version, _ = load_version(RULES.encode(), "a.yaml")

    assert version is not None
    assert [day for day in version.holidays if date(2026, 2, 1) <= day <= date(2026, 3, 31)] == [
        date(2026, 2, 16),
        date(2026, 2, 17),
        date(2026, 2, 18),
        date(2026, 3, 1),
        date(2026, 3, 2),
        date(2026, 3, 4),
    ]
    assert (version.holidays[0].year, version.holidays[-1].year) == (2025, 2025 + YEARS)


def test_a_published_version_keeps_the_holidays_it_was_published_with() -> None:
    kept = (date(2026, 5, 1),)
    version, _ = load_version(RULES.encode(), "a.yaml", number=7, holidays=kept)

    assert version is not None
    assert (version.name, version.holidays) == ("small@7", kept)


def test_a_version_has_the_text_of_its_file() -> None:
    version, _ = load_version(b"\xef\xbb\xbf" + RULES.replace("\n", "\r\n").encode(), "a.yaml")
    same, _ = load_version(RULES.encode(), "a.yaml")

    assert version is not None
    assert same is not None
    assert (version.text, version.digest, version.number) == (RULES, same.digest, None)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "calendar: KR",
            "calendar: XX",
            "a.yaml:7:11: small: no holidays are known for the calendar 'XX'; write a country code, such as KR",
        ),
        (
            "calendar: KR",
            "calendar: SA",
            (
                "a.yaml:7:11: small: the weekend of the calendar 'SA' is not Saturday and Sunday, as business days"
                " need; write the code of a country where it is, such as KR"
            ),
        ),
        (
            "at_least: 1_000",
            "at_leest: 1_000",
            "a.yaml:51:5: minimum: unknown field 'at_leest'; did you mean 'at_least'?",
        ),
    ],
    ids=["unknown_calendar", "another_weekend", "a_problem_of_the_file"],
)
def test_a_problem_is_told_in_its_place(old: str, new: str, told: str) -> None:
    assert load(RULES.replace(old, new)) == [told]


def test_a_calendar_that_is_unknown_now_does_not_matter_to_what_was_published() -> None:
    assert load(RULES.replace("calendar: KR", "calendar: XX"), holidays=()) == []


def test_a_policy_that_starts_at_the_end_of_the_calendar_is_no_problem() -> None:
    assert load(RULES.replace("2025-01-01", "2999-12-01").replace("      2026-07-01", "      2999-12-31")) == []


def test_a_text_that_nobody_holds_any_more_is_let_go() -> None:
    """A process in which one text after the other is published must not grow."""
    compiled = version_of()
    scenarios, problems = read(BASE, compiled)
    assert problems == []
    case = scenarios[0].case
    assert isinstance(case, Case)
    assert decide(compiled, read_case(compiled.policy, case_data(case))).outcome == "approved"
    gone = weakref.ref(compiled.policy)

    del compiled, scenarios, case
    gc.collect()
    assert gone() is None
