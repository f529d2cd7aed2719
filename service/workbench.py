"""What an author is told of a text while it is written: its problems, its sentences, its scenarios, a request tried.

Pure functions from texts to plain data, as `recoup check`, `show`, `test` and `decide` tell it. They run in a process
beside the service (`beside.py`), for nobody vouches for the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendars import local_day
from engine.compiled import CompiledVersion, compile_version
from engine.facts import Case, DayCase, EventCase, case_data
from engine.scenario_file import Scenario, read_document
from engine.scenarios import Compared, Result, run, written
from engine.versions import load_version
from policies.advice import advise
from policies.model import Fact, Policy, Rule, Text
from policies.problems import MOST_PROBLEMS, Place, Problem
from policies.sentences import word_text
from policies.show import HEADINGS, article, change_lines, head_lines, rule_sentence
from policies.source import Document, read
from policies.versions import PolicyVersion
from service import difference_report
from service.checking import Loaded, plain, read_both, read_rules
from service.errors import Refusal
from service.judging import judged_by

Plain = dict[str, Any]

RULE_FILE, SCENARIO_FILE = "rules.yaml", "rules.test.yaml"
MOST_RESULTS = 2_000
"""More scenarios are run and counted, but not listed one by one."""
LONGEST_VALUE = 600
SCOPES = ("account", "lot", "request")
"""Whose facts a request that is tried can have."""
KEPT = 4
"""So many texts stay compiled: whoever writes scenarios or tries requests asks about the same one again."""


def checked(rules: str, now: datetime) -> Plain:
    """The problems of a rule file; of a sound one the advice about it, what it declares, and it in sentences."""
    version, problems = _version(rules)
    if version is None or problems:
        document, _ = read(rules.encode(), RULE_FILE)
        return {"problems": _told(problems, {"rules": document}), "declares": None, "sentences": None}
    policy = version.policy
    return _sound(rules, max(policy.starts, local_day(now, ZoneInfo(policy.timezone))))


def tested(rules: str, scenarios: str, only: str | None) -> Plain:
    """What became of each scenario, or the problems of both files. With `only` just the scenario of that name is run,
    and the case of each of its rows is told, too.
    """
    loaded, problems = _both(rules, scenarios)
    if loaded is None:
        documents = {
            "rules": read(rules.encode(), RULE_FILE)[0],
            "scenarios": read_document(scenarios.encode(), SCENARIO_FILE)[0],
        }
        none = {"passed": 0, "failed": 0, "scenarios": {"passed": 0, "failed": 0}, "results": []}
        return {"problems": _told(problems, documents), **none}
    asked = [each for each in loaded.scenarios if only in (None, each.name)]
    results = [run(loaded.compiled, each) for each in asked]
    failed = sum(bool(each.differences) for each in results)
    # Each row of a table is a result, and all of them are one scenario.
    names = {each.scenario.name for each in results}
    failing = {each.scenario.name for each in results if each.differences}
    # What fails is what its author has to see.
    shown = sorted(results, key=lambda each: not each.differences)[:MOST_RESULTS]
    if len(results) <= MOST_RESULTS:
        shown = results
    return {
        "problems": [],
        "passed": len(results) - failed,
        "failed": failed,
        "scenarios": {"passed": len(names) - len(failing), "failed": len(failing)},
        "results": [_result(each, with_case=only is not None) for each in shown],
    }


def compared(old: tuple[int, str, list[str]], new: tuple[int, str, list[str]]) -> Plain:
    """What a published version changes of another; each is its number, its text and its holidays."""
    versions = []
    for number, text, holidays in (old, new):
        days = tuple(map(date.fromisoformat, holidays))
        version, problems = load_version(text.encode(), f"{number}.yaml", number=number, holidays=days)
        assert version is not None, f"a published text has problems: {problems}"
        versions.append(version)
    return {"differences": difference_report.of_versions(*versions)}


def tried(rules: str, data: Mapping[str, Any], at: datetime) -> Plain:
    """A case, and what a rule file decides of it. Raises Refusal: the text has problems, or the case cannot be judged
    by it.
    """
    version, problems = _version(rules)
    if version is None or problems:
        raise Refusal("draft-has-problems", problems=[plain(each) for each in problems[:MOST_PROBLEMS]])
    compiled = _compiled(rules)
    judged = judged_by(
        compiled, data["account"], data["lots"], data["request"], data["history"], at, stored_account=False
    )
    return {"case": case_data(judged.case), "decision": dict(judged.decision)}


@lru_cache(KEPT)
def _sound(rules: str, day: date) -> Plain:
    """What is told of a text without problems on a day."""
    version, _ = _version(rules)
    assert version is not None, "a text without problems is a version"
    policy = version.policy
    document, _ = read(rules.encode(), RULE_FILE)
    advice = advise(policy, version.text.encode(), RULE_FILE)
    return {
        "problems": _told(advice, {"rules": document}),
        "declares": _declared(policy),
        "sentences": _sentences(policy, document, day),
    }


@lru_cache(KEPT)
def _version(rules: str) -> tuple[PolicyVersion | None, list[Problem]]:
    return read_rules(rules, RULE_FILE)


@lru_cache(KEPT)
def _compiled(rules: str) -> CompiledVersion:
    version, problems = _version(rules)
    assert version is not None, problems
    return compile_version(version)


@lru_cache(1)
def _both(rules: str, scenarios: str) -> tuple[Loaded | None, list[Problem]]:
    return read_both(rules, scenarios)


def _told(problems: list[Problem], documents: Mapping[str, Document | None]) -> list[Plain]:
    """Problems as plain data, each with the path of what it is about where its place says it."""
    paths = {name: _by_place(document) for name, document in documents.items()}
    found = []
    for each in problems[:MOST_PROBLEMS]:
        of = "scenarios" if each.file.endswith(".test.yaml") else "rules"
        found.append(
            {
                "code": each.code,
                "severity": each.severity,
                "of": of,
                "line": each.line,
                "column": each.column,
                "path": paths.get(of, {}).get(Place(each.line, each.column), ""),
                "subject": _said(each.subject if isinstance(each.subject, Text) else Text(each.subject, each.subject)),
                "message": _said(each.message),
                "hint": each.hint and _said(each.hint),
            }
        )
    return found


def _by_place(document: Document | None) -> dict[Place, str]:
    """The path of everything in a text, by where it stands; of what begins at one place, the innermost."""
    if document is None:
        return {}
    found = dict[Place, str]()
    for places in (document.key_places, document.places):
        for path, place in places.items():
            found[place] = ".".join(map(str, path))
    return found


def _declared(policy: Policy) -> Plain:
    """What forms that speak of a policy have to know of it."""
    return {
        "policy": policy.id,
        "title": _said(policy.title),
        "currency": policy.currency,
        "timezone": policy.timezone,
        "starts": policy.starts.isoformat(),
        "sources": {name: _said(text) for name, text in policy.sources.items()},
        "methods": {name: _said(text) for name, text in policy.methods.items()},
        "rules": len(policy.rules),
        "values": len(policy.values),
        "facts": [_fact(policy, each) for each in _given(policy)],
    }


def _given(policy: Policy) -> list[Fact]:
    """The facts that a case can give of an account, its lots and a request: what the file declares first."""
    found = [each for each in policy.facts.values() if each.scope in SCOPES and not each.derived]
    return sorted(found, key=lambda each: (SCOPES.index(each.scope), each.path not in policy.declared))


def _fact(policy: Policy, fact: Fact) -> Plain:
    default = fact.default.isoformat() if isinstance(fact.default, date) else fact.default
    return {
        "path": fact.path,
        "type": fact.type,
        "ko": fact.ko,
        "en": fact.en,
        "choices": {
            each: _in_both(lambda language, each=each: word_text(policy, fact, each, language))  # type: ignore[misc]
            for each in fact.choices
        },
        "default": default,
        "required": fact.required,
    }


def _sentences(policy: Policy, document: Document | None, day: date) -> Plain:
    """A policy in sentences by heading, with the figures of a day."""
    assert document is not None, f"{policy.id} was read from it"

    def rule(each: Rule) -> Plain:
        return {
            "rule": each.id,
            "line": document.places[("rules", each.index)].line,
            "article": _in_both(lambda language: article(each.terms, language)),
            **_in_both(lambda language: rule_sentence(policy, each, language, day)),
            "changes": _lines(lambda language: change_lines(policy, each, language, day)),
            "reason": each.reason and _said(each.reason),
        }

    kinds = ((kind, heading, policy.rules_of(kind)) for kind, heading in HEADINGS.items())
    return {
        "day": day.isoformat(),
        "head": _lines(lambda language: head_lines(policy, language, day)),
        "headings": [
            {"kind": kind, **_said(heading), "rules": [rule(each) for each in rules]}
            for kind, heading, rules in kinds
            if rules
        ],
    }


def _lines(tell: Callable[[str], Iterator[str]]) -> list[Plain]:
    return [{"ko": ko, "en": en} for ko, en in zip(tell("ko"), tell("en"), strict=True)]


def _in_both(tell: Callable[[str], str]) -> Plain:
    return {"ko": tell("ko"), "en": tell("en")}


def _said(text: Text) -> Plain:
    return {"ko": text.ko, "en": text.en}


def _result(result: Result, *, with_case: bool) -> Plain:
    scenario = result.scenario
    return {
        "name": scenario.name,
        "row": scenario.row,
        "line": scenario.place.line,
        "about": _about(scenario),
        "passed": not result.differences,
        "compared": [_compared(each) for each in result.compared],
        "case": case_data(scenario.case) if with_case and isinstance(scenario.case, Case) else None,
    }


def _about(scenario: Scenario) -> str:
    return {EventCase: "event", DayCase: "day"}.get(type(scenario.case), "request")


def _compared(each: Compared) -> Plain:
    return {
        "key": each.key,
        "expected": _shortened(written(each.expected)),
        "got": _shortened(written(each.got)),
        "same": not each.differences,
        "differences": [{"ko": _shortened(told.ko), "en": _shortened(told.en)} for told in each.differences],
    }


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
