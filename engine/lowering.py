"""Conditions made ready for matching: formulas over whole numbers and texts, and the fields that they look at.

Days become ordinals with 0 for a missing day, flags become 0 and 1; values, facts on the right of an operator, and
the days that `at_least_ago` compares with are fields that the engine computes. What a comparison with a missing day
means is said here and nowhere else: it is false, except `is_not`; `is: none` asks for the missing day itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from operator import attrgetter
from typing import Any

from engine.calendars import at_least_ago_bound
from engine.facts import Lot
from engine.figures import Amount, Figures
from engine.matching import Fact, Field, Formula, Test
from engine.scene import LOTS_IN_SCENE, Scene, lot_reader, scene_attribute, scene_reader
from policies.contradictions import ordinal
from policies.model import Comparison, Condition, FactRef, Policy, Span, ValueRef

OfScene = Callable[[Scene], int | str]
OfLot = Callable[[Lot], int | str]
OfBoth = Callable[[Scene, Lot], int | str]

_POINTS = "request.points"
_DAY = "request.requested_on"
_NO_DAY = 0
_NO_DAY_ON_THE_RIGHT = -1
"""Differs from 0, so that two missing days are not the same day."""

_ORDERED = {"under": "<", "at_most": "<=", "at_least": ">=", "over": ">"}


@dataclass(slots=True)
class FieldTable:
    """The fields that a set of formulas looks at, by what they depend on. `paths` are the facts behind them.

    `cuts` are the amounts from which one of the formulas may hold or fail as more points are asked for, None where they
    are not the same for every request. `sees_day` is True where days are counted back from that of the request, and
    `mixed` where what is told of a lot follows from facts of the lot and of the request together.
    """

    of_scene: dict[str, OfScene] = field(default_factory=dict)
    of_lot: dict[str, OfLot] = field(default_factory=dict)
    of_both: dict[str, OfBoth] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    cuts: set[int] | None = field(default_factory=set)
    sees_day: bool = False
    mixed: bool = False

    def scene_facts(self, scene: Scene) -> dict[str, int | str]:
        """The fields of the scene, as the matcher wants them."""
        return {name: read(scene) for name, read in self.of_scene.items()}

    def lot_facts(self, scene: Scene, lots: Iterable[Lot], shared: Mapping[str, int | str]) -> list[Fact]:
        """The fields of each lot, those of the scene included, which are `shared`."""
        of_lot = list(self.of_lot.items())
        of_both = list(self.of_both.items())
        return [
            {
                **shared,
                **{name: read(lot) for name, read in of_lot},
                **{name: read(scene, lot) for name, read in of_both},
            }
            for lot in lots
        ]

    def scene_key(self, policy: Policy) -> Callable[[Scene], Any]:
        """What the fields of a scene follow from, as something to remember their answers by."""
        paths = sorted(path for path in self.paths if not path.startswith("lot.") and path != _POINTS)
        places = {path: scene_attribute(path, policy) for path in paths}
        plain = {place for place in places.values() if place is not None}
        plain |= {"day"} if self.sees_day else set()
        plain |= {"points"} if self.cuts is None else set()
        read = attrgetter(*sorted(plain)) if plain else lambda scene: ()
        others = [scene_reader(path, policy) for path, place in places.items() if place is None]
        cuts = sorted(self.cuts or ())
        if others:
            return lambda scene: (read(scene), bisect_right(cuts, scene.points), *[each(scene) for each in others])
        return (lambda scene: (read(scene), bisect_right(cuts, scene.points))) if cuts else read

    def lot_key(self) -> Callable[[Lot], Any]:
        """What the fields of a lot follow from, as something to remember their answers by."""
        alone = [path for path in sorted(self.paths) if path not in LOTS_IN_SCENE]
        names = [path.removeprefix("lot.") for path in alone if path.startswith("lot.")]
        own = [name for name in names if hasattr(Lot, name)]
        declared = [name for name in names if name not in own]
        read = attrgetter(*own) if own else lambda lot: ()
        if not declared:
            return read
        return lambda lot: (read(lot), *[lot.declared[name] for name in declared])


class Lowering:
    """Turns the conditions of one policy into formulas."""

    def __init__(self, policy: Policy, figures: Figures) -> None:
        self.policy = policy
        self.figures = figures

    def of_lot(self, condition: Condition) -> bool:
        """Whether a condition looks at lots."""
        return any(path.startswith("lot.") for path in self.paths(condition))

    def paths(self, condition: Condition) -> set[str]:
        """The facts that a condition depends on."""
        found = set[str]()
        for clause in condition.comparisons():
            found.add(clause.path)
            if isinstance(clause.right, FactRef | ValueRef):
                found |= self.figures.amount(clause.right).paths
        return found

    def formula(self, condition: Condition, fields: FieldTable) -> Formula:
        """The condition as a formula; the fields it needs are added to `fields`."""
        fields.paths |= self.paths(condition)
        for clause in condition.comparisons():
            found = self._cuts(clause)
            fields.cuts = None if found is None or fields.cuts is None else fields.cuts | found
        return Formula(
            self._tests(condition.all_of, fields),
            tuple(self._tests(branch, fields) for branch in condition.any_of),
        )

    def _cuts(self, clause: Comparison) -> set[int] | None:
        """From which amounts on one clause may hold or fail, None where a fact decides that."""
        rights = clause.right if isinstance(clause.right, tuple) else (clause.right,)
        named = [self.figures.amount(each) if isinstance(each, FactRef | ValueRef) else None for each in rights]
        if clause.path != _POINTS:
            return None if any(each and each.of_points for each in named) else set()
        literals = [each if amount is None else amount.figure for each, amount in zip(rights, named, strict=True)]
        amounts = [each for each in literals if isinstance(each, int)]
        return {cut for each in amounts for cut in (each, each + 1)} if len(amounts) == len(literals) else None

    def _tests(self, clauses: tuple[Comparison, ...], fields: FieldTable) -> tuple[Test, ...]:
        return tuple(test for clause in clauses for test in self._clause(clause, fields))

    def _clause(self, clause: Comparison, fields: FieldTable) -> tuple[Test, ...]:
        fact = self.policy.facts[clause.path]
        left = self._fact(clause.path, fields)
        present = (Test(left, ">", _NO_DAY),) if fact.none else ()
        if clause.operator == "starts_with":
            assert isinstance(clause.right, str), "a prefix is a text"
            return (Test(left, "starts_with", clause.right),)
        if clause.operator == "in":
            return (Test(left, "in", _members(clause.right)),)
        if clause.operator == "not_in":
            return (Test(left, "not_in", _members(clause.right)), *present)
        if clause.operator in ("at_least_ago", "under_ago"):
            bound = self._bound(clause.right, fields)
            return (Test(left, "<=" if clause.operator == "at_least_ago" else ">", bound), *present)
        if clause.operator in ("is", "is_not"):
            sign = "==" if clause.operator == "is" else "!="
            return (Test(left, sign, self._right(clause.right, fields, _NO_DAY_ON_THE_RIGHT)),)
        right = self._right(clause.right, fields, _NO_DAY)
        if isinstance(right, Field) and self._may_be_missing(clause.right):
            present = (*present, Test(right.name, ">", _NO_DAY))
        return (Test(left, _ORDERED[clause.operator], right), *present)

    def _may_be_missing(self, right: object) -> bool:
        return isinstance(right, FactRef) and self.policy.facts[right.path].none

    def _right(self, right: Any, fields: FieldTable, missing: int) -> Any:
        """The right side of a test: a literal as the matcher knows it, or a field."""
        if isinstance(right, FactRef):
            if missing == _NO_DAY or not self.policy.facts[right.path].none:
                return Field(self._fact(right.path, fields))
            return Field(self._field(f"{right.path}, if any", self.figures.amount(right), fields, missing))
        if isinstance(right, ValueRef):
            amount = self.figures.amount(right)
            if amount.figure is not None:
                return encoded(amount.figure)
            return Field(self._field(f"${right.name}", amount, fields, missing))
        return encoded(right)

    def _fact(self, path: str, fields: FieldTable) -> str:
        return self._field(path, self.figures.amount(FactRef(path)), fields, _NO_DAY)

    def _bound(self, right: object, fields: FieldTable) -> Field:
        """The last day that is a span ago on the day of the request."""
        assert isinstance(right, Span | ValueRef), f"{right!r} is not a span"
        span = self.figures.amount(right)
        fields.sees_day = True

        def read(scene: Scene, lot: Lot | None) -> Any:
            return at_least_ago_bound(scene.day, span.read(scene, lot))

        name = f"the day ${right.name} ago" if isinstance(right, ValueRef) else f"the day {right} ago"
        return Field(self._field(name, Amount(read, span.paths | {_DAY}), fields, _NO_DAY))

    def _field(self, name: str, amount: Amount, fields: FieldTable, missing: int) -> str:
        read = amount.read
        fact = self.policy.facts.get(name)
        as_it_is = fact is not None and fact.type not in ("date", "flag", "percent")
        if fact is not None and fact.scope == "lot" and name not in LOTS_IN_SCENE:
            of_lot = lot_reader(name, self.policy)
            fields.of_lot[name] = of_lot if as_it_is else lambda lot: encoded(of_lot(lot), missing)
        elif amount.of_lot:
            fields.of_both[name] = lambda scene, lot: encoded(read(scene, lot), missing)
            fields.mixed |= name in LOTS_IN_SCENE or not all(path.startswith("lot.") for path in amount.paths)
        elif fact is not None and as_it_is:
            fields.of_scene[name] = scene_reader(name, self.policy)
        else:
            fields.of_scene[name] = lambda scene: encoded(read(scene, None), missing)
        return name


def encoded(value: Any, missing: int = _NO_DAY) -> int | str:
    """A fact or figure as the matcher knows it: a day or a percentage by its ordinal, a flag as 0 or 1.

    >>> encoded(date(2026, 1, 1)), encoded(None), encoded(True), encoded("cash"), encoded(1_000)
    (739617, 0, 1, 'cash', 1000)
    """
    if value is None:
        return missing
    if isinstance(value, date | Fraction):
        return ordinal(value)
    if isinstance(value, str):
        return value
    return int(value)


def _members(right: object) -> Any:
    assert isinstance(right, tuple), f"{right!r} is not a list"
    return frozenset(encoded(member) for member in right)
