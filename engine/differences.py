"""For each change between two texts of a policy: a case that it decides otherwise, or a proof that there is none.

A case is looked for with the change alone, so that nothing else can be why it comes out otherwise; where the change
cannot stand alone, with all the others and it taken back; and where that cannot stand either, with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from engine.calendars import UnknownCalendar
from engine.compiled import CompiledVersion, compile_version
from engine.examples import Example, Hunt
from engine.scenario_file import Scenario
from engine.versions import holidays_of
from policies.diff import Change, Side, Subject, differences
from policies.load import load_document
from policies.model import Comparison, Condition, Policy, Rule, Span, Text, Value
from policies.problems import Place
from policies.source import Document, Path, read
from policies.values import DAYS_IN_FORCE
from policies.versions import PolicyVersion

TRIES = 2_000
"""How many cases are tried for each change, unless somebody asks for others."""

_HARMLESS = frozenset({"value-unused"})
"""Problems of a text with one change alone that are none of the text with all of them."""

Verdict = Literal["differs", "none_found", "proved", "words"]
Basis = Literal["alone", "taken_back", "together"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a change comes to.

    `verdict` is "differs" with an `example`; "none_found" in so many `tries`; "proved" where both texts come to the
    same rules, figures and names, so that they decide every case alike; "words" where only what people read changed.
    `basis` is how the two texts that were compared are made.
    """

    change: Change
    verdict: Verdict
    basis: Basis = "alone"
    example: Example | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A subject of changes, with what each comes to."""

    subject: Subject
    findings: tuple[Finding, ...]


class Difference:
    """Two versions of one policy, and what lies between them.

    `scenarios` are those that stand beside either text: cases that are worth trying.
    """

    def __init__(
        self, old: PolicyVersion, new: PolicyVersion, scenarios: Iterable[Scenario] = (), tries: int = TRIES
    ) -> None:
        self.old, self.new = old, new
        self.same_text = old.digest == new.digest
        self._sides = side_of(old), side_of(new)
        self._known = [scenario.case for scenario in scenarios]
        self._tries = tries
        self._compiled = compile_version(old), compile_version(new)
        self._holidays: dict[Any, tuple[date, ...] | None] = {}
        self.subjects = () if self.same_text else tuple(differences(*self._sides))

    @property
    def count(self) -> int:
        """The number of changes."""
        return sum(len(subject.changes) for subject in self.subjects)

    def found(self, told: Callable[[], None] = lambda: None) -> Iterator[Found]:
        """What every change comes to. `told` is called after each."""
        number = 0
        for subject in self.subjects:
            findings = []
            for change in subject.changes:
                number += 1
                findings.append(self.finding(change, number))
                told()
            yield Found(subject, tuple(findings))

    def finding(self, change: Change, seed: int) -> Finding:
        """What one change comes to."""
        if change.only_words:
            return Finding(change, "words")
        tried, last = 0, Finding(change, "proved")
        for basis, one, other in self._pairs(change):
            if meaning(one.policy) == meaning(other.policy) and one.version.holidays == other.version.holidays:
                continue
            hunt = Hunt(one, other, change, self._known, seed)
            example = hunt.run(self._tries)
            tried += hunt.tried
            if example is not None:
                return Finding(change, "differs", basis, example, tried)
            last = Finding(change, "none_found", basis, None, tried)
            if basis != "together":
                break
        return last

    def _pairs(self, change: Change) -> Iterator[tuple[Basis, CompiledVersion, CompiledVersion]]:
        """The texts to compare: with and without the change."""
        old, new = self._sides
        whole = self._compiled
        if self.count == 1:
            yield "alone", *whole
            return
        if alone := self._version(old.document, change.made(old.data, new.data), self.old):
            yield "alone", whole[0], alone
        if without := self._version(new.document, change.made(new.data, old.data), self.new):
            yield "taken_back", without, whole[1]
            if alone:
                return
        if not (alone and without):
            yield "together", *whole

    def _version(self, document: Document, data: Any, like: PolicyVersion) -> CompiledVersion | None:
        """The text with other data, compiled; None when it is not sound."""
        policy, problems = load_document(replace(document, data=data, places=_Places(document.places)))
        if policy is None or any(problem.code not in _HARMLESS for problem in problems):
            return None
        holidays = self._holidays_of(policy)
        return None if holidays is None else compile_version(PolicyVersion(policy, "", like.digest, None, holidays))

    def _holidays_of(self, policy: Policy) -> tuple[date, ...] | None:
        for version in (self.old, self.new):
            same = version.policy
            if (policy.calendar, policy.holidays, policy.starts) == (same.calendar, same.holidays, same.starts):
                return version.holidays
        try:
            return holidays_of(policy)
        except UnknownCalendar:
            return None


class _Places(dict[Path, Place]):
    """The places of a text to which something was added: that stands where the file begins."""

    def __missing__(self, path: Path) -> Place:
        return Place(1, 1)


def side_of(version: PolicyVersion) -> Side:
    """A version as one of two texts."""
    document, problems = read(version.text.encode(), version.name)
    assert document is not None, problems
    return Side(document, version.policy)


_NO_WORDS = Text("", "")
_ANY_TIME = Span(1, "years")


def meaning(policy: Policy) -> Policy:
    """The policy without what no decision depends on: words, notes, articles, where things stand, values that nothing
    uses, and what values said before it was in force.
    """
    used = {name for rule in policy.rules for name in rule.value_names()}
    return replace(
        policy,
        title=_NO_WORDS,
        terms="",
        about="",
        retention=_ANY_TIME,
        sources=_nameless(policy.sources),
        methods=_nameless(policy.methods),
        events=_nameless(policy.events),
        papers=_nameless(policy.papers),
        facts={path: replace(fact, ko="", en="") for path, fact in policy.facts.items()},
        declared=tuple(sorted(policy.declared)),
        values={name: _in_force(value, policy.starts) for name, value in policy.values.items() if name in used},
        rules=tuple(map(_wordless, policy.rules)),
    )


def _nameless(words: Mapping[str, Text]) -> Mapping[str, Text]:
    return dict.fromkeys(words, _NO_WORDS)


def _wordless(rule: Rule) -> Rule:
    plain = replace(rule, terms="", about="", reason=None, line=0, index=0, when=_sorted(rule.when))
    unless = tuple(sorted(map(_sorted, rule.unless), key=repr))
    return replace(plain, unless=unless, overrides=tuple(sorted(rule.overrides)))


def _sorted(condition: Condition) -> Condition:
    branches = tuple(sorted((_clauses(branch) for branch in condition.any_of), key=repr))
    return Condition(_clauses(condition.all_of), branches)


def _clauses(clauses: Sequence[Comparison]) -> tuple[Comparison, ...]:
    told = [
        replace(clause, right=tuple(sorted(clause.right, key=repr))) if isinstance(clause.right, tuple) else clause
        for clause in clauses
    ]
    return tuple(sorted(told, key=repr))


def _in_force(value: Value, starts: date) -> Value:
    """A value without what it said before the policy was in force."""
    since = value.since
    if value.dated_by in DAYS_IN_FORCE:
        before = [cell for day, cell in since if day is None or day <= starts]
        after = [(day, cell) for day, cell in since if day is not None and day > starts]
        since = ((starts, before[-1]), *after)
    return replace(value, about="", terms="", since=since)
