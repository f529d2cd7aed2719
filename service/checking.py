"""What a text has to pass before it can be published, and what it changes; plain data, which is kept.

Another check is one line in `CHECKS`. What an approver is to see besides is a key of `shown` in `drafts.check`, and of
the shape of a draft in `reference_publishing.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import PurePath
from typing import Any

from engine.compiled import CompiledVersion, compile_version
from engine.pins import Pins
from engine.scenario_file import Scenario, policy_file, read_document, read_scenarios
from engine.scenarios import run
from engine.versions import load_version
from policies.model import Text
from policies.problems import MOST_PROBLEMS, Problem, both
from policies.source import read
from policies.versions import PolicyVersion

PROOF_SECONDS = 120
PATIENCE_MS = 5_000
"""How long all proofs of a text may take, and one of them."""
RESERVED = "drafts"
"""No policy has this id: in addresses it is where drafts are."""

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A text and its scenarios, read."""

    version: PolicyVersion
    compiled: CompiledVersion
    rule_file: str
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What one check looked at, and what it found; it passed when none of that is a problem."""

    count: int
    problems: Sequence[Plain]

    @property
    def passed(self) -> bool:
        """Advice keeps nothing from being published."""
        return all(each["severity"] != "problem" for each in self.problems)


def load(rules: str, scenarios: str) -> tuple[Loaded | None, list[Plain]]:
    """A rule file and its scenario file, or the problems of both, as `recoup check` tells them."""
    loaded, problems = read_both(rules, scenarios)
    return loaded, _plain_all(problems)


def read_both(rules: str, scenarios: str) -> tuple[Loaded | None, list[Problem]]:
    """The same, with the problems as they were found; those of the rule file come first."""
    document, of_scenarios = read_document(scenarios.encode(), "rules.test.yaml")
    named = document and policy_file(document)
    rule_file = PurePath(named or "rules.yaml").name
    scenario_file = f"{rule_file.removesuffix('.yaml')}.test.yaml"
    document, of_scenarios = read_document(scenarios.encode(), scenario_file)
    version, problems = read_rules(rules, rule_file)
    ready: tuple[Scenario, ...] = ()
    if version is not None and document is not None:
        ready, more = read_scenarios(document, version.policy)
        told = {(problem.line, problem.column) for problem in of_scenarios}
        of_scenarios = of_scenarios + [each for each in more if (each.line, each.column) not in told]
    problems = [*problems, *of_scenarios]
    if version is None or problems:
        return None, problems
    return Loaded(version, compile_version(version), rule_file, ready), []


def read_rules(rules: str, file: str) -> tuple[PolicyVersion | None, list[Problem]]:
    """A rule file that could be published, or its problems; with one that only keeps it from being published there is
    a version all the same.
    """
    version, problems = load_version(rules.encode(), file)
    if version is not None and version.policy.id == RESERVED:
        problems = [*problems, Problem("id-reserved", file, 1, 1, "", _RESERVED, None)]
    return version, problems


_RESERVED = both("정책 이름으로 쓸 수 없습니다: '{id}'", "no policy can have the id '{id}'", id=RESERVED)


def _checked(loaded: Loaded) -> Found:
    # What has problems is not loaded.
    return Found(len(loaded.version.policy.rules), ())


def _tested(loaded: Loaded) -> Found:
    found = [
        {
            "code": "scenario-fails",
            "severity": "problem",
            "file": scenario.file,
            "line": scenario.place.line,
            "column": scenario.place.column,
            "ko": f"{scenario.name}: {difference.ko}",
            "en": f"{scenario.name}: {difference.en}",
        }
        for scenario in loaded.scenarios
        for difference in run(loaded.compiled, scenario).differences
    ]
    return Found(len(loaded.scenarios), found[:MOST_PROBLEMS])


def _pinned(loaded: Loaded) -> Found:
    pins = Pins(loaded.version, loaded.rule_file, loaded.scenarios)
    return Found(len(pins.nudges), _plain_all(pins.survivors()))


def _proved(loaded: Loaded) -> Found:
    rules = len(loaded.version.policy.rules)
    if find_spec("z3") is None:
        missing = both(
            "증명을 돌릴 수 없어 발행할 수 없습니다. 운영자에게 pip install '.[prove]' 을(를) 부탁하십시오",
            "nothing can be proved here, so nothing is published: ask its operator for pip install '.[prove]'",
        )
        return Found(rules, [_of_file(loaded.rule_file, "proofs-not-installed", missing)])
    from engine.proofs.prove import prove

    end = time.monotonic() + PROOF_SECONDS
    found = prove(loaded.version, loaded.rule_file, PATIENCE_MS, lambda: time.monotonic() < end)
    # What no solver could tell in its time is for the approver to look at.
    return Found(
        rules, [plain(each.problem) | ({} if each.proven else {"severity": "advice"}) for each in found[:MOST_PROBLEMS]]
    )


CHECKS: Mapping[str, Callable[[Loaded], Found]] = {
    # By the name of the command that does the same, in the order in which they run.
    "check": _checked,
    "test": _tested,
    "pin": _pinned,
    "prove": _proved,
}


def checks_of(
    loaded: Loaded,
    tell: Callable[[str], object] = lambda _: None,
    ended: Callable[[int, Plain], object] = lambda *_: None,
) -> list[Plain]:
    """What each check comes to; `tell` is told its name before, and `ended` its place and what it came to. Those behind
    one that fails are not run: they rely on it.
    """
    results: list[Plain] = []
    for name, check in CHECKS.items():
        tell(name)
        found = check(loaded)
        results.append({"check": name, "passed": found.passed, "count": found.count, "problems": list(found.problems)})
        ended(len(results) - 1, results[-1])
        if not found.passed:
            break
    return results


def changes(before: str | None, after: str) -> list[Plain]:
    """What a text changes of the one before it: the parts of the file, and of those with names what is in them."""
    if before is None:
        return []
    old, new = _parts(before), _parts(after)
    found: list[Plain] = []
    for part, name in {**old, **new}:
        was, is_now = old.get((part, name)), new.get((part, name))
        if was != is_now:
            change = "added" if was is None else "removed" if is_now is None else "changed"
            found.append({"part": part, "name": name, "change": change, **_said(part, name, change)})
    return found


def _parts(text: str) -> dict[tuple[str, str], Any]:
    """What a sound rule file says, by part and name; the name is "" where a part has none."""
    document, problems = read(text.encode(), "rules")
    assert document is not None, problems
    found: dict[tuple[str, str], Any] = {}
    for part, content in document.data.items():
        if isinstance(content, dict) and part not in WORDS:
            found |= {(part, str(name)): each for name, each in content.items()}
        elif part == "rules":
            found |= {(part, each["id"]): each for each in content}
        else:
            found[part, ""] = content
    return found


WORDS = ("title", "about")
"""Parts that hold a sentence in both languages, and nothing by name."""
_CHANGES = {"added": ("추가", "is new"), "removed": ("삭제", "is gone"), "changed": ("변경", "is changed")}


def _said(part: str, name: str, change: str) -> Plain:
    what = f"{part}.{name}" if name else part
    ko, en = _CHANGES[change]
    return {"ko": f"{ko}: {what}", "en": f"{what} {en}"}


def plain(problem: Problem) -> Plain:
    """A problem as plain data."""
    place = f"{problem.file}:{problem.line}:{problem.column}: "
    return {
        **{name: getattr(problem, name) for name in ("code", "severity", "file", "line", "column")},
        **{language: problem.in_language(language).removeprefix(place) for language in ("ko", "en")},
    }


def _plain_all(problems: Iterable[Problem]) -> list[Plain]:
    return [plain(each) for each in islice(problems, MOST_PROBLEMS)]


def _of_file(file: str, code: str, what: Text) -> Plain:
    return plain(Problem(code, file, 1, 1, "", what, None))
