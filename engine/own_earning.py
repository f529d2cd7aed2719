"""What one account earns by each rule: its own facts are decided, and what only an event can say is left open.

A clause is decided where it looks at nothing but the account and the day. One that holds need not be told, and one that
does not keeps the account from earning, whatever happens. What an event says (its amount, its campaign) stays in the
sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from engine.compiled import CompiledVersion
from engine.facts import Account
from engine.lowering import FieldTable, Lowering
from engine.matching import Field, Test
from engine.scene import Scene, scene_reader
from engine.windows import begins
from policies.earning import WayToEarn, ways_to_earn
from policies.kinds.earn import Earn
from policies.model import (
    ALWAYS,
    Bands,
    Cell,
    Comparison,
    Condition,
    Policy,
    Scalar,
    Table,
    Text,
    ValueRef,
)
from policies.sentences import Teller, figure_text, percent_text, word_text
from policies.show import rule_sentence
from policies.values import cell_on, key_of, row_of

_LANGUAGES = ("ko", "en")
_DAY = "event.happened_on"
_NOT_NOW = Text("지금은 적립되지 않습니다. 적용 조건: {0}.", "Not at present: it applies when {0}.")
_EXCEPTED = Text("적립되지 않는 예외에 해당합니다: {0}.", "Not at present: it does not apply when {0}.")
_SILENCED = Text("다른 적립 방법이 대신 적용됩니다.", "Another way to earn takes its place.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a figure that differs from account to account: for whom, the figure, and whether it is one's own."""

    words: Text
    figure: Text
    own: bool


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A figure of a rule by a fact of the account: one's own line first, the others in the order of the file."""

    fact: str
    words: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class OwnWay:
    """A way to earn as it is for one account. The sentence of the `way` has the account's own figures, and no condition
    that the account meets.

    `earns` is False where the account's own facts keep it from earning, and `lacks` says which. `figures` are the
    rule's, None where it has none or an event decides: points (for each event, or for every so much money), a rate as
    text, the fewest and most points of one event, the most of a window. `tables` are those behind them.
    """

    way: WayToEarn
    earns: bool
    lacks: Text | None
    figures: Mapping[str, int | str | None]
    tables: tuple[OwnTable, ...]


def own_ways(compiled: CompiledVersion, account: Account, day: date) -> list[OwnWay]:
    """The ways to earn of a version for one account, as they stand on a day: those that are open first, then those to
    come, then those that are over; of each those first by which the account earns.
    """
    found = [_Own(compiled, account, way, max(day, way.first_on or day)) for way in ways_to_earn(compiled.policy, day)]
    told = [own.told(silenced=_silenced(own, found)) for own in found]
    standings = list(dict.fromkeys(own.way.standing for own in told))
    return sorted(told, key=lambda own: (standings.index(own.way.standing), not own.earns))


def _silenced(own: _Own, others: list[_Own]) -> bool:
    """Whether another rule takes the place of one whenever the event happens."""
    return any(
        own.rule.id in other.rule.overrides and other.rule.event == own.rule.event and other.whenever
        for other in others
        if other.way.standing == "open"
    )


class _Own:
    """One rule as it is for one account on a day. `when` and `unless` are what is left open of its conditions."""

    def __init__(self, compiled: CompiledVersion, account: Account, way: WayToEarn, day: date) -> None:
        self.way = way
        self.rule: Earn = way.rule
        self._policy = policy = compiled.policy
        self._figures = compiled.figures
        self._day = day
        self._scene = Scene(account, day, begins(day, compiled.zone))
        self._lowering = Lowering(policy, compiled.figures)
        of_account = [path for path, fact in policy.facts.items() if fact.scope == "account"]
        self._known: dict[str, Scalar] = {path: scene_reader(path, policy)(self._scene) for path in of_account}
        self.when, self._failing = self._left(self.rule.when)
        left = [(condition, self._left(condition)[0]) for condition in self.rule.unless]
        self.unless = tuple(open_ for _, open_ in left if open_ is not None)
        self._lifting = next((condition for condition, open_ in left if open_ == ALWAYS), None)

    @property
    def whenever(self) -> bool:
        """Whether the rule applies to every event of its type."""
        return self.when == ALWAYS and not self.unless

    def told(self, *, silenced: bool) -> OwnWay:
        """What is told of the rule."""
        lacks = self._lacks(silenced=silenced)
        # Whoever is kept from it reads the rule as it is for everybody.
        rule = self.rule if lacks else replace(self.rule, when=self.when or ALWAYS, unless=self.unless)
        sentence = Text(
            *(
                rule_sentence(self._policy, rule, language, self._day, alone=True, known=self._known)
                for language in _LANGUAGES
            )
        )
        way = replace(self.way, sentence=sentence)
        return OwnWay(way, lacks is None, lacks, self._own_figures(), tuple(self._tables()))

    def _lacks(self, *, silenced: bool) -> Text | None:
        if self._failing is not None:
            return self._said(_NOT_NOW, self._failing)
        if self._lifting is not None:
            return self._said(_EXCEPTED, self._lifting)
        return _SILENCED if silenced else None

    def _said(self, template: Text, condition: Condition) -> Text:
        says = {language: Teller(self._policy, language, self._day, self._known) for language in _LANGUAGES}
        return Text(*(template.in_language(each).format(say.condition(condition)) for each, say in says.items()))

    def _left(self, condition: Condition) -> tuple[Condition | None, Condition | None]:
        """What is left open of a condition, None where it cannot hold; and then the part of it that does not hold."""
        held = {clause: self._holds(clause) for clause in condition.comparisons()}
        failing = tuple(clause for clause in condition.all_of if held[clause] is False)
        if failing:
            return None, Condition(failing)
        branches = [branch for branch in condition.any_of if all(held[clause] is not False for clause in branch)]
        if condition.any_of and not branches:
            return None, Condition(any_of=condition.any_of)
        open_branches = [tuple(clause for clause in branch if held[clause] is None) for branch in branches]
        of_any = tuple(open_branches) if all(open_branches) else ()
        return Condition(tuple(clause for clause in condition.all_of if held[clause] is None), of_any), None

    def _holds(self, clause: Comparison) -> bool | None:
        """Whether a clause about the account holds; None where it is about something else."""
        if not clause.path.startswith("account."):
            return None
        if not self._is_known(self._lowering.paths(Condition((clause,)))):
            return None
        fields = FieldTable()
        tests = self._lowering.formula(Condition((clause,)), fields).all_of
        facts = fields.scene_facts(self._scene)
        return all(_passes(test, facts) for test in tests)

    def _is_known(self, paths: set[str] | frozenset[str]) -> bool:
        return all(path in self._known or path == _DAY for path in paths)

    def _own_figures(self) -> dict[str, int | str | None]:
        rule, steps = self.rule, self.rule.steps
        return {
            "points": self._figure(steps.earn if steps else rule.points),
            "every": self._figure(steps.every) if steps else None,
            "rate": self._figure(rule.rate),
            "at_least": self._figure(rule.at_least),
            "at_most": self._figure(rule.at_most),
            "cap": self._figure(rule.cap.at_most) if rule.cap else None,
        }

    def _figure(self, field: int | Fraction | ValueRef | None) -> int | str | None:
        amount = self._figures.optional(field)
        if amount is None or not self._is_known(amount.paths):
            return None
        found: int | Fraction = amount.read(self._scene, None)
        return percent_text(found) if isinstance(found, Fraction) else found

    def _tables(self) -> Iterator[OwnTable]:
        for name in dict.fromkeys(each.name for each in self.rule.amounts() if isinstance(each, ValueRef)):
            value = self._policy.values[name]
            cell = cell_on(value, Teller(self._policy, "en", self._day).day_of(name))
            while isinstance(cell, Table | Bands) and cell.by in self._known:
                fact, known = self._policy.facts[cell.by], self._known[cell.by]
                own = key_of(cell, known)
                rows = [
                    Row(words, self._cell_words(below, name), key == own)
                    for key, words, below in _rows(self._policy, cell, known)
                ]
                yield OwnTable(cell.by, Text(fact.ko, fact.en), tuple(sorted(rows, key=lambda row: not row.own)))
                cell = row_of(cell, known)

    def _cell_words(self, cell: Cell, name: str) -> Text:
        unit = self._policy.values[name].unit
        return Text(*(Teller(self._policy, each, self._day, self._known).cell(cell, unit) for each in _LANGUAGES))


def _rows(policy: Policy, cell: Table | Bands, known: Scalar) -> Iterator[tuple[Scalar, Text, Cell]]:
    """The lines of a table or of bands: the key, for whom it is, and the figure. Who falls under `else` is named."""
    if isinstance(cell, Bands):
        for start, below in cell.bands:
            ko, en = (figure_text(start, language) for language in _LANGUAGES)
            yield start, Text(f"{ko}부터", f"from {en}"), below
        return
    fact = policy.facts[cell.by]
    for key, below in cell.rows.items():
        yield key, Text(*(word_text(policy, fact, key, language) for language in _LANGUAGES)), below
    if cell.otherwise is not None:
        named = known not in cell.rows
        words = Text(*(word_text(policy, fact, known, language) for language in _LANGUAGES))
        yield None, words if named else Text("그 외", "all others"), cell.otherwise


def _passes(test: Test, facts: Mapping[str, int | str]) -> bool:
    left, right = facts[test.field], test.right
    if isinstance(right, Field):
        right = facts[right.name]
    if isinstance(right, frozenset):
        return (left in right) == (test.op == "in")
    if test.op in ("==", "!="):
        return (left == right) == (test.op == "==")
    if isinstance(left, str) or isinstance(right, str):
        assert test.op == "starts_with", f"texts are not compared by {test.op}"
        return str(left).startswith(str(right))
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[test.op]
