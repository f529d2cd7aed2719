"""The facts of a case as unknown numbers, and conditions on them as formulas.

Every fact is a whole number, as in `engine/lowering.py`: a day is its ordinal and 0 where it is missing, a flag 0 or 1,
a choice or a text the number of its word. What no request, account or lot can be is ruled out here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from engine.cases import MOST_POINTS, NEVER_NEGATIVE
from engine.lowering import encoded
from engine.proofs.days import FIRST, LAST, Days, start_of_month, years_after_year
from engine.proofs.logic import NO, YES, Axioms, Term, either, every, follows, opposite, whole
from engine.reading import MOST
from policies.model import (
    WEEKDAYS,
    Bands,
    Cell,
    Comparison,
    Condition,
    Fact,
    FactRef,
    Policy,
    Span,
    Table,
    Text,
    Value,
    ValueRef,
)
from policies.sentences import word_text
from policies.values import figures

Leaf = tuple[Term, Any]
"""A figure, and where it holds."""

Facts = Mapping[str, Term]

_COMPARE = {
    "under": lambda one, other: one < other,
    "at_most": lambda one, other: one <= other,
    "at_least": lambda one, other: one >= other,
    "over": lambda one, other: one > other,
}
PAST = {
    "account.joined_on",
    "account.born_on",
    "account.contact_changed_on",
    "account.last_activity_on",
    "lot.acquired_on",
}
"""Days that have come by the day of the request."""

_AGES = ("account.age", "account.year_age")
_MISSING = 0
_LETTERS = "XYZABCDEFGHIJKLMNOPQRSTUVW" + "".join(map(chr, range(ord("가"), ord("힣") + 1)))


class World:
    """The facts that rules of one sort look at: those of a `request`, an `event` or a `day`.

    `today` is the path of the day that lengths of time are counted back from. `axioms` hold of every
    case; more of them come while formulas are made. Every question leads to what `base` names.
    """

    def __init__(self, policy: Policy, today: str) -> None:
        self.policy = policy
        self.axioms = Axioms()
        self.days = Days(self.axioms)
        self.words = _Words(policy)
        self.facts: dict[str, Term] = {}
        self.today_path = today
        self._ages: set[tuple[str, int]] = set()
        self._values: dict[tuple[str, frozenset[tuple[str, int]]], list[Leaf]] = {}
        self.today = self.fact(today)
        self.base: list[Term] = [self.today >= 1]
        self.axioms.add(self.today, self.today >= policy.starts.toordinal())

    def fact(self, path: str, of: Facts | None = None) -> Term:
        """The number that stands for a fact; `of` has other numbers for some."""
        if of is not None and path in of:
            return of[path]
        if path not in self.facts:
            self.facts[path] = whole(path)
            self._limit(self.policy.facts[path], self.facts[path])
        return self.facts[path]

    def condition(self, condition: Condition, of: Facts | None = None) -> Term:
        """Where a condition holds."""
        branches = either([self.clauses(branch, of) for branch in condition.any_of]) if condition.any_of else YES
        return every([self.clauses(condition.all_of, of), branches])

    def clauses(self, clauses: Iterable[Comparison], of: Facts | None = None) -> Term:
        """Where all the clauses hold."""
        return every([self.clause(each, of) for each in clauses])

    def clause(self, clause: Comparison, of: Facts | None = None) -> Term:
        """Where one clause holds. A comparison with a missing day does not, except `is_not`."""
        fact, left = self.policy.facts[clause.path], self.fact(clause.path, of)
        if isinstance(clause.right, ValueRef):
            leaves = self.leaves(clause.right.name, of)
            return either([every([where, self._with(clause, fact, left, each, of)]) for where, each in leaves])
        return self._with(clause, fact, left, clause.right, of)

    def _with(self, clause: Comparison, fact: Fact, left: Term, right: Any, of: Facts | None) -> Term:
        operator = clause.operator
        present = left > 0 if fact.none else YES
        if operator == "starts_with":
            first, behind = self.words.beginning_with(right)
            return every([left >= first, left < behind])
        if operator in ("in", "not_in"):
            among = either([self._equal(fact, left, member, of) for member in right])
            return among if operator == "in" else every([opposite(among), present])
        if operator in ("at_least_ago", "under_ago"):
            assert isinstance(right, Span), f"{right!r} is not a span"
            later = self.days.after(right, left)
            ago = later <= self.fact(self.today_path, of)
            return every([ago if operator == "at_least_ago" else opposite(ago), present])
        if isinstance(right, FactRef):
            other = self.fact(right.path, of)
            there = other > 0 if self.policy.facts[right.path].none else YES
            if operator in ("is", "is_not"):
                same = every([left == other, there])
                return same if operator == "is" else opposite(same)
            return every([_COMPARE[operator](left, other), present, there])
        if operator in ("is", "is_not"):
            same = self._equal(fact, left, right, of)
            return same if operator == "is" else opposite(same)
        return every([self.ordered(fact.path, operator, right, of), present])

    def _equal(self, fact: Fact, left: Term, right: Any, of: Facts | None) -> Term:
        if fact.type in ("choice", "text"):
            return left == self.words.number(right) if right in self.words else NO
        if fact.path == "lot.used_rate":
            return every(self.ordered(fact.path, operator, right, of) for operator in ("at_least", "at_most"))
        self._count_years(fact.path, encoded(right), of)
        return left == encoded(right)

    def ordered(self, path: str, operator: str, right: Any, of: Facts | None = None) -> Term:
        """Where a fact lies on one side of a literal, a missing day being before all others."""
        if path == "lot.used_rate":
            # Percentages are compared exactly: amounts crosswise.
            rate = Fraction(right)
            used = (self.fact("lot.amount", of) - self.fact("lot.left", of)) * 100 * rate.denominator
            return _COMPARE[operator](used, self.fact("lot.amount", of) * rate.numerator)
        bound = encoded(right)
        self._count_years(path, bound, of)
        return _COMPARE[operator](self.fact(path, of), bound)

    def leaves(self, name: str, of: Facts | None = None) -> list[Leaf]:
        """Every figure that a value can come to, each with where it does."""
        key = name, frozenset() if of is None else frozenset((path, term.get_id()) for path, term in of.items())
        if key not in self._values:
            self._values[key] = list(self._dated(self.policy.values[name], of))
        return self._values[key]

    def amounts(self, field: Any, of: Facts | None = None) -> list[Leaf]:
        """The same of a field of a rule: a literal, a value or a fact."""
        if isinstance(field, ValueRef):
            return self.leaves(field.name, of)
        if isinstance(field, FactRef):
            return [(YES, self.fact(field.path, of))]
        return [(YES, field)]

    def _dated(self, value: Value, of: Facts | None) -> Iterator[Leaf]:
        ends = [*(day for day, _ in value.since[1:]), None]
        for number, ((first, cell), end) in enumerate(zip(value.since, ends, strict=True)):
            day = self.fact(value.dated_by, of)
            since = YES if number == 0 or first is None else day >= first.toordinal()
            until = YES if end is None else day < end.toordinal()
            yield from self._cell(cell, every([since, until]), of)

    def _cell(self, cell: Cell, where: Term, of: Facts | None) -> Iterator[Leaf]:
        if isinstance(cell, Table):
            fact, left = self.policy.facts[cell.by], self.fact(cell.by, of)
            rows = [(self._equal(fact, left, key, of), below) for key, below in cell.rows.items()]
            for row, below in rows:
                yield from self._cell(below, every([where, row]), of)
            if cell.otherwise is not None:
                rest = opposite(either([row for row, _ in rows]))
                yield from self._cell(cell.otherwise, every([where, rest]), of)
        elif isinstance(cell, Bands):
            starts = [start for start, _ in cell.bands]
            for number, (start, below) in enumerate(cell.bands):
                lower = self.ordered(cell.by, "at_least", start, of) if number else YES
                upper = self.ordered(cell.by, "under", starts[number + 1], of) if number + 1 < len(starts) else YES
                yield from self._cell(below, every([where, lower, upper]), of)
        else:
            yield where, cell

    def told(self, path: str, number: int) -> Text:
        """What a number stands for, in words."""
        return _in_words(self.policy, self.policy.facts[path], fact_of(self, path, number))

    def _limit(self, fact: Fact, term: Term) -> None:
        """Rule out what a fact cannot be."""
        if fact.type == "choice":
            self.axioms.add(term, either([term == self.words.number(each) for each in fact.choices]))
        elif fact.type == "flag":
            self.axioms.add(term, every([term >= 0, term <= 1]))
        elif fact.type == "text":
            self.axioms.add(term, every([term >= 0, term < len(self.words)]))
        elif fact.type == "date":
            there = every([term >= FIRST.toordinal(), term <= LAST.toordinal()])
            self.axioms.add(term, either([term == _MISSING, there]) if fact.none else there)
        elif fact.type != "percent":
            least = 0 if fact.path in NEVER_NEGATIVE else -MOST
            self.axioms.add(term, every([term >= least, term <= MOST]))
        if fact.path in PAST:
            self.axioms.add(term, term <= self.fact(self.today_path))
        self._derive(fact.path, term)

    def _derive(self, path: str, term: Term) -> None:
        """What is worked out from other facts."""
        if path == "request.points":
            self.axioms.add(term, every([term >= 1, term <= MOST_POINTS]))
        elif path in _AGES:
            self.axioms.add(term, every([term >= 0, follows(self.fact("account.born_on") == 0, term == 0)]))
        elif path == "lot.left":
            self.axioms.add(term, term <= self.fact("lot.amount"))
        elif path == "lot.used":
            self.axioms.add(term, term == self.fact("lot.amount") - self.fact("lot.left"))
        elif path == "lot.untouched":
            self.axioms.add(term, (term == 1) == (self.fact("lot.amount") == self.fact("lot.left")))
        elif path == "lot.usable_from_on":
            self.axioms.add(term, term >= self.fact("lot.acquired_on"))
        elif path == "lot.expires_on":
            self.axioms.add(term, either([term == 0, term >= self.fact("lot.acquired_on")]))
        elif path == "request.chosen_lots":
            self.axioms.add(term, every([term >= self.fact("lot.chosen"), term >= 0]))
        elif path.endswith(".day_of_month"):
            self.axioms.add(term, term == self.today - self.days.of(start_of_month, self.today) + 1)
        elif path.endswith(".weekday"):
            number = (self.today - 1) % len(WEEKDAYS)
            days = enumerate(WEEKDAYS)
            self.axioms.add(term, *[(term == self.words.number(day)) == (number == place) for place, day in days])

    def _count_years(self, path: str, bound: Any, of: Facts | None) -> None:
        """An age is known by the day from which it is at least so many years, for each number it is compared with."""
        if path not in _AGES or (of is not None and path in of):
            return
        for years in (bound, bound + 1):
            if years < 1 or (path, years) in self._ages:
                continue
            self._ages.add((path, years))
            born = self.fact("account.born_on")
            if path == "account.age":
                grown = self.days.after(Span(min(years, 1000), "years"), born)
            else:
                grown = self.days.of(years_after_year(min(years, 1000)), born)
            old = every([born > 0, grown <= self.today])
            self.axioms.add(self.fact(path), (self.fact(path) >= years) == old)


class _Words:
    """The texts and choices of a policy by number, in alphabetical order, so that a beginning is a range of numbers.

    A text that no rule names is one of a few that stand for all others: for each beginning that rules ask for, and for
    none, there are some.
    """

    def __init__(self, policy: Policy) -> None:
        named: set[str] = {""}
        beginnings: set[str] = {""}
        for fact in policy.facts.values():
            named.update(fact.choices)
            named.update([fact.default] if isinstance(fact.default, str) else [])
        for rule in policy.rules:
            for condition in rule.conditions():
                for clause in condition.comparisons():
                    rights = clause.right if isinstance(clause.right, tuple) else (clause.right,)
                    named.update(each for each in rights if isinstance(each, str))
                    if clause.operator == "starts_with":
                        beginnings.add(str(clause.right))
        for value in policy.values.values():
            for _, cell in value.since:
                named.update(each for each in figures(cell) if isinstance(each, str))
                named.update(_keys(cell))
        others = {text for beginning in beginnings for text in _others(beginning, named | beginnings)}
        self.texts = sorted(named | beginnings | others)
        self._numbers = {text: number for number, text in enumerate(self.texts)}

    def __len__(self) -> int:
        return len(self.texts)

    def __contains__(self, text: object) -> bool:
        return text in self._numbers

    def number(self, text: Any) -> int:
        """The number of a word."""
        return self._numbers[text]

    def beginning_with(self, beginning: str) -> tuple[int, int]:
        """The first number of those that begin so, and the first behind them."""
        found = [number for number, text in enumerate(self.texts) if text.startswith(beginning)]
        return found[0], found[-1] + 1


def _others(beginning: str, named: set[str]) -> Iterator[str]:
    """Two texts that begin so and are none of those that are named, nor begin like a longer one."""
    letter = next(each for each in _LETTERS if not any(text.startswith(beginning + each) for text in named))
    yield from (f"{beginning}{letter}{number}" for number in (1, 2))


def _keys(cell: Cell) -> Iterator[str]:
    """The texts by which tables go."""
    if isinstance(cell, Table):
        yield from (key for key in cell.rows if isinstance(key, str))
        for below in (*cell.rows.values(), *(() if cell.otherwise is None else (cell.otherwise,))):
            yield from _keys(below)
    elif isinstance(cell, Bands):
        for _, below in cell.bands:
            yield from _keys(below)


def _in_words(policy: Policy, fact: Fact, value: Any) -> Text:
    return Text(*(word_text(policy, fact, value, language) for language in ("ko", "en")))


def fact_of(world: World, path: str, number: int) -> Any:
    """A number that stands for a fact, as plain data: a day as a day, None for a missing one."""
    fact = world.policy.facts[path]
    if fact.type in ("choice", "text"):
        return world.words.texts[number]
    if fact.type == "date":
        return date.fromordinal(number) if number else None
    return bool(number) if fact.type == "flag" else number
