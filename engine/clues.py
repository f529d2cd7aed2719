"""What a text says that decisions may turn on: its numbers, days, spans and times, and what its conditions ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from policies.kinds.exclude import Exclude
from policies.model import Bands, Cell, Comparison, Condition, Policy, Rule, Span, Table, ValueRef
from policies.values import figures

Clauses = tuple[Comparison, ...]

_SPAN = re.compile(r"([0-9]+) (hour|day|business day|month|year)s?")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_DAY_OF_YEAR = re.compile(r"([0-9]{2})-([0-9]{2})")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s?%")


@dataclass(slots=True)
class Clues:
    """What cases are made from. `times` are minutes of a day, `days_of_year` pairs of month and day, `words` names and
    the paths of facts, `rates` percentages.

    `asked` are sets of clauses that hold together where some condition or row of a table does.
    """

    numbers: list[int] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    days_of_year: list[tuple[int, int]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    rates: list[Fraction] = field(default_factory=list)
    asked: list[Clauses] = field(default_factory=list)

    def read(self, raw: Any) -> None:
        """Adds what stands in a piece of a file."""
        if isinstance(raw, Mapping):
            for key, value in raw.items():
                self.read(key)
                self.read(value)
        elif isinstance(raw, list):
            for each in raw:
                self.read(each)
        elif isinstance(raw, bool):
            pass
        elif isinstance(raw, int):
            self._add(self.numbers, raw)
        elif isinstance(raw, date):
            self._add(self.days, raw)
        elif isinstance(raw, str):
            self._read_words(raw)

    def read_rule(self, policy: Policy, rule: Rule) -> None:
        """Adds what a rule asks for, and by what the values that it uses go."""
        for condition in rule.conditions():
            for clauses in _ways(condition):
                self._add(self.asked, clauses)
        for name in rule.value_names():
            self.read_value(policy, name)
        if isinstance(rule, Exclude) and rule.allowed_methods is not None:
            for row in rule.allowed_methods.choices:
                self._add(self.asked, (Comparison(rule.allowed_methods.by, "is", row),))

    def read_value(self, policy: Policy, name: str) -> None:
        """Adds what a value comes to, and where."""
        value = policy.values.get(name)
        for day, cell in value.since if value else ():
            for figure in figures(cell):
                if isinstance(figure, Fraction):
                    self._add(self.rates, figure)
                else:
                    self.read(str(figure) if isinstance(figure, Span) else figure)
            for clauses in _rows(cell):
                dated = (Comparison(value.dated_by, "at_least", day),) if value and day else ()
                self._add(self.asked, (*dated, *clauses))
            if value and day:
                self._add(self.asked, (Comparison(value.dated_by, "at_least", day),))

    def _read_words(self, raw: str) -> None:
        if match := _SPAN.fullmatch(raw):
            unit: Any = f"{match[2]}s"
            self._add(self.spans, Span(int(match[1]), unit))
        elif match := _TIME.fullmatch(raw):
            self._add(self.times, min(int(match[1]) * 60 + int(match[2]), 24 * 60 - 1))
        elif match := _DAY_OF_YEAR.fullmatch(raw):
            self._add(self.days_of_year, (int(match[1]), int(match[2])))
        elif match := _PERCENT.fullmatch(raw):
            self._add(self.rates, Fraction(match[1]))
            self._add(self.numbers, int(Fraction(match[1])))
        elif len(raw) <= _LONGEST_WORD and " " not in raw:
            self._add(self.words, raw)

    @staticmethod
    def _add(found: list[Any], new: Any) -> None:
        if new not in found:
            found.append(new)


_LONGEST_WORD = 40


def clues_of(policies: Iterable[Policy], rules: Iterable[str], raws: Iterable[Any]) -> Clues:
    """The clues in pieces of files, and in the rules of these ids in any of the policies."""
    found, ids = Clues(), set(rules)
    for raw in raws:
        found.read(raw)
    for policy in policies:
        for rule in policy.rules:
            if rule.id in ids:
                found.read_rule(policy, rule)
    return found


def _ways(condition: Condition) -> Iterator[Clauses]:
    """The sets of clauses of which each makes a condition hold."""
    for branch in condition.any_of or ((),):
        if clauses := (*condition.all_of, *branch):
            yield clauses


def _rows(cell: Cell) -> Iterator[Clauses]:
    """Where each figure of a table or of bands applies."""
    if isinstance(cell, Table):
        for row, below in cell.rows.items():
            yield from (((Comparison(cell.by, "is", row), *more)) for more in (*_rows(below), ()))
        if cell.otherwise is not None:
            other = Comparison(cell.by, "not_in", tuple(cell.rows))
            yield from ((other, *more) for more in (*_rows(cell.otherwise), ()))
    elif isinstance(cell, Bands):
        for start, below in cell.bands:
            yield from ((Comparison(cell.by, "at_least", start), *more) for more in (*_rows(below), ()))


def literal_of(policy: Policy, right: Any) -> tuple[Any, ...]:
    """What the right side of a clause can come to, a fact aside."""
    if isinstance(right, ValueRef):
        value = policy.values.get(right.name)
        return tuple(each for _, cell in value.since for each in figures(cell)) if value else ()
    return right if isinstance(right, tuple) else (right,)
