"""Rules made ready for deciding: their conditions as formulas, their amounts and sentences taken apart.

A kind adds what it needs in `engine/kinds/<kind>.py`; everything that they share is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from engine.facts import Lot
from engine.figures import Amount, Figures
from engine.lowering import FieldTable, Lowering
from engine.matching import Formula
from engine.scene import Scene
from engine.sentences import Sentence, sentence
from policies.model import Comparison, Condition, FactRef, Policy, Rule, ValueRef

Matched = frozenset[str]
"""The names of the formulas that hold."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Whether a rule applies, as names of formulas; None is the formula that always holds.

    `within` are conditions that the rule's kind adds to its `when`. Without `bites` the rule does nothing of its own,
    and silences what it overrides all the same.
    """

    when: str | None
    within: tuple[str, ...]
    unless: tuple[str | None, ...]
    bites: str | None = None

    @property
    def names(self) -> set[str]:
        """The formulas that the guard looks at."""
        named = (self.when, *self.within, *self.unless, self.bites)
        return {name for name in named if name is not None}

    def holds(self, matched: Matched) -> bool:
        """Whether what the rule asks for is the case, exceptions aside."""
        return (self.when is None or self.when in matched) and all(name in matched for name in self.within)

    def exception(self, matched: Matched) -> int | None:
        """The number of the first exception that lifts the rule, from 0."""
        for number, name in enumerate(self.unless):
            if name is None or name in matched:
                return number
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A rule, ready to be applied. `sees_points` is True when what it does may depend on the points asked for,
    beyond the bounds of a limit.
    """

    id: str
    rule: Rule
    guard: Guard
    sentence: Sentence | None
    sees_points: bool

    def reason_figures(self, scene: Scene, own: dict[str, Any], lot: Lot | None = None) -> dict[str, Any]:
        """The figures of the reason: the kind's own and those that its sentence names besides."""
        if self.sentence is None or not self.sentence.further:
            return own
        return own | self.sentence.figures(scene, lot)


class Common(TypedDict):
    """What every kind's ready rule is made with."""

    id: str
    rule: Rule
    guard: Guard
    sentence: Sentence | None
    sees_points: bool


class Workshop:
    """Makes the rules of one policy ready, and gathers the formulas and fields that they need."""

    def __init__(self, policy: Policy, zone: ZoneInfo, holidays: frozenset[Any]) -> None:
        self.policy = policy
        self.zone = zone
        self.holidays = holidays
        self.figures = Figures(policy)
        self.lowering = Lowering(policy, self.figures)
        self.scene_formulas: dict[str, Formula] = {}
        self.lot_formulas: dict[str, Formula] = {}
        self.scene_fields = FieldTable()
        self.lot_fields = FieldTable()
        self.part_formulas: dict[str, Formula] = {}
        self.part_fields = FieldTable()
        self.compared_with_points: list[ValueRef | FactRef | int] = []
        """Whatever the points asked for are compared with, in any condition."""

    def common(self, rule: Rule, own_figures: tuple[str, ...], amounts: Iterable[Amount | None] = ()) -> Common:
        """What every kind needs. `amounts` are those fields of the rule that its effect depends on."""
        guard = Guard(
            self.formula(f"{rule.id}/when", rule.when),
            (),
            tuple(self.formula(f"{rule.id}/unless/{n}", each) for n, each in enumerate(rule.unless)),
        )
        conditions = [path for each in rule.conditions() for path in self.lowering.paths(each)]
        sees_points = "request.points" in conditions or any(each.of_points for each in amounts if each)
        told = None if rule.reason is None else sentence(rule.reason, rule, own_figures, self.figures)
        return Common(id=rule.id, rule=rule, guard=guard, sentence=told, sees_points=sees_points)

    def formula(self, name: str, condition: Condition) -> str | None:
        """Adds a formula to those that are matched and returns its name; None when it always holds."""
        if not condition.comparisons():
            return None
        self._note_points(condition)
        if self.lowering.of_lot(condition):
            self.lot_formulas[name] = self.lowering.formula(condition, self.lot_fields)
        else:
            self.scene_formulas[name] = self.lowering.formula(condition, self.scene_fields)
        return name

    def test(self, name: str, *clauses: Comparison) -> str:
        """Adds the formula of clauses that the kind itself asks for."""
        found = self.formula(name, Condition(clauses))
        assert found is not None, f"{name} has no clause"
        return found

    def part(self, name: str, clause: Comparison) -> None:
        """Adds the formula of one clause, which is only asked when it has to be known why a condition does not hold."""
        self.part_formulas[name] = self.lowering.formula(Condition((clause,)), self.part_fields)

    def _note_points(self, condition: Condition) -> None:
        for clause in condition.comparisons():
            rights = clause.right if isinstance(clause.right, tuple) else (clause.right,)
            if clause.path == "request.points":
                self.compared_with_points += [
                    right
                    for right in rights
                    if isinstance(right, ValueRef | FactRef) or (isinstance(right, int) and not isinstance(right, bool))
                ]
            elif isinstance(clause.right, FactRef) and clause.right.path == "request.points":
                self.compared_with_points.append(FactRef(clause.path))
