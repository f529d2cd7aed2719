"""What members are told of decisions, over every scenario of the rule files that are shipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.compiled import CompiledVersion, compile_version
from engine.decide import decide
from engine.decision import Decision
from engine.errors import Conflict, NotInForce
from engine.facts import Case, case_data
from engine.nearest import nearest
from engine.remedies import apply_remedy, changed
from service.commands import _files
from service.explanation import explanation
from service.explanation_forms import lines
from service.records import Record

RULES = Path(__file__).parents[2] / "rules"
FILES = sorted(path for path in RULES.glob("**/*.yaml") if not path.name.endswith(".test.yaml"))
OF_AUTHORS = re.compile(r"\[|\]|(?<!\w)'|\b(?:account|lot|request|event)\.[a-z_]+|[{}]")
"""Tables, quoted conditions, paths of facts and places for figures: none of them is for members."""
CLEARLY_PASSING = 4
"""So many amounts of each method are tried by hand beside what the search finds."""


def decided(compiled: CompiledVersion, case: Case) -> Decision | None:
    try:
        return decide(compiled, case)
    except (Conflict, NotInForce):
        return None


def cases(file: Path) -> tuple[CompiledVersion, list[tuple[Case, Decision]]]:
    """The refund requests of a file's scenarios, each once, with the decisions on them."""
    tested = _files.Tested(str(file))
    compiled = compile_version(tested.version) if tested.version else None
    assert compiled is not None
    asked = {repr(each.case): each.case for each in tested.scenarios if isinstance(each.case, Case)}
    found = [(case, decided(compiled, case)) for case in asked.values()]
    return compiled, [(case, decision) for case, decision in found if decision is not None]


def others(compiled: CompiledVersion, case: Case, decision: Decision) -> Iterator[Case]:
    """The same request for some other amounts, by every method."""
    for method in compiled.policy.methods:
        for points in {decision.available * part // CLEARLY_PASSING for part in range(1, CLEARLY_PASSING + 1)} - {0}:
            yield changed(compiled.policy, case, {"request.method": method, "request.points": points})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_denial_has_the_nearest_request_that_passes_or_says_that_there_is_none(file: Path) -> None:
    """What is told is what a decision on it comes to; and where none is told, none of a few others passes."""
    compiled, found = cases(file)
    denied = [(case, decision) for case, decision in found if decision.outcome == "denied"]
    assert denied, "a rule file denies something"
    for case, decision in denied:
        near = nearest(compiled, case)
        if near is not None:
            again = decide(compiled, apply_remedy(compiled.policy, case, near.remedy))
            assert (again.outcome != "denied", again) == (True, near.decision)
            continue
        passing = [
            other
            for other in others(compiled, case, decision)
            if (made := decided(compiled, other)) and made.outcome != "denied"
        ]
        assert passing == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_member_reads_no_words_of_authors(file: Path) -> None:
    compiled, found = cases(file)
    ids = re.compile("|".join(rf"\b{re.escape(rule.id)}\b" for rule in compiled.policy.rules if "-" in rule.id))
    for case, decision in found:
        record = Record("D-1", "2026-03-02T01:00:00Z", case_data(case), decision.to_data())
        told = explanation(record, compiled, 30)
        figures = [each for group in told["groups"] for rule in group["rules"] for each in rule["more"]["figures"]]
        assert [each["ko"] for each in figures if each["ko"].startswith(each["name"])] == [], (
            "figures have names in words"
        )
        effects = {rule["effect"] for group in told["groups"] for rule in group["rules"]}
        assert effects >= {reason.effect for reason in decision.reasons}
        for language in ("ko", "en"):
            *text, digest = lines(told, language)
            assert decision.digest in digest
            assert [line for line in text if re.search(r"\d{4}-\d\d-\d\d", line)] == [], "days are in words"
            shown = [line for line in text if OF_AUTHORS.search(line) or ids.search(line)]
            assert shown == []
            if language == "ko":
                assert [line for line in text if re.fullmatch(r"[ -]*[A-Za-z][A-Za-z ,.;:]+", line)] == []
