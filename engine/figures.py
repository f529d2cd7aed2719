"""The amounts of a rule, ready to be read: literals, dated values with their tables and bands, and facts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.facts import Lot
from engine.scene import LOTS_IN_SCENE, Scene, lot_reader, scene_reader
from policies.model import Bands, Cell, FactRef, Figure, Policy, Table, Value, ValueRef
from policies.values import cell_paths, value_paths
from policies.values import figures as cell_figures

Read = Callable[[Scene, Lot | None], Any]


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure of a rule. `read` gives it for a scene and, if it depends on a lot, for that lot.

    `paths` are the facts that it depends on. `figure` is what it always is, None where it depends on a fact.
    """

    read: Read
    paths: frozenset[str] = frozenset()
    figure: Figure | None = None

    @property
    def of_lot(self) -> bool:
        """Whether the figure differs from lot to lot."""
        return any(path.startswith("lot.") for path in self.paths)

    @property
    def of_points(self) -> bool:
        """Whether the figure depends on the points asked for."""
        return "request.points" in self.paths


class Figures:
    """The values of a policy, each made ready once."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._values = {name: self._value(value) for name, value in policy.values.items()}

    def amount(self, field: Figure | ValueRef | FactRef) -> Amount:
        """The figure that a field of a rule stands for."""
        if isinstance(field, ValueRef):
            return self._values[field.name]
        if isinstance(field, FactRef):
            return Amount(self.fact(field.path), frozenset({field.path}))
        return Amount(lambda scene, lot: field, figure=field)

    def optional(self, field: Figure | ValueRef | FactRef | None) -> Amount | None:
        """The same for a field that may be left out."""
        return None if field is None else self.amount(field)

    def fact(self, path: str) -> Read:
        """How a fact of any scope is read."""
        if path in LOTS_IN_SCENE:
            return LOTS_IN_SCENE[path]  # type: ignore[return-value]
        if path.startswith("lot."):
            of_lot = lot_reader(path, self.policy)
            return lambda scene, lot: of_lot(lot)  # type: ignore[arg-type]
        of_scene = scene_reader(path, self.policy)
        return lambda scene, lot: of_scene(scene)

    def _value(self, value: Value) -> Amount:
        days = [since or date.min for since, _ in value.since]
        cells = [self._cell(cell) for _, cell in value.since]
        if len(cells) == 1:
            # Loading made sure that the only entry holds on every day there can be.
            only = value.since[0][1]
            return Amount(cells[0], cell_paths(only), None if isinstance(only, Table | Bands) else only)
        dated_by = self.fact(value.dated_by)

        def read(scene: Scene, lot: Lot | None) -> Any:
            # A day that is missing is before every day that is not.
            on = dated_by(scene, lot) or date.min
            return cells[max(bisect_right(days, on) - 1, 0)](scene, lot)

        return Amount(read, value_paths(value))

    def _cell(self, cell: Cell) -> Read:
        if isinstance(cell, Table):
            return self._table(cell)
        if isinstance(cell, Bands):
            return self._bands(cell)
        return lambda scene, lot: cell

    def _table(self, table: Table) -> Read:
        by = self.fact(table.by)
        rows = {key: self._cell(below) for key, below in table.rows.items()}
        otherwise = None if table.otherwise is None else self._cell(table.otherwise)

        def read(scene: Scene, lot: Lot | None) -> Any:
            row = rows.get(by(scene, lot), otherwise)
            assert row is not None, f"the table by {table.by} has no row for {by(scene, lot)}"
            return row(scene, lot)

        return read

    def _bands(self, bands: Bands) -> Read:
        by = self.fact(bands.by)
        starts = [start for start, _ in bands.bands]
        cells = [self._cell(cell) for _, cell in bands.bands]

        def read(scene: Scene, lot: Lot | None) -> Any:
            # The first band begins at 0; an amount below 0 belongs to it too.
            return cells[max(bisect_right(starts, by(scene, lot)) - 1, 0)](scene, lot)

        return read


def point_breaks(value: Value) -> set[int]:
    """The amounts at which a value may change when more points are asked for."""
    return set[int]().union(*(_breaks(cell) for _, cell in value.since))


def whole_figures(value: Value) -> set[int]:
    """Every whole number that a value can come to."""
    return {figure for _, cell in value.since for figure in cell_figures(cell) if isinstance(figure, int)}


def _breaks(cell: Cell) -> set[int]:
    found = set[int]()
    if isinstance(cell, Bands):
        if cell.by == "request.points":
            found |= {start for start, _ in cell.bands if isinstance(start, int)}
        for _, below in cell.bands:
            found |= _breaks(below)
    elif isinstance(cell, Table):
        rows: Mapping[Any, Cell] = cell.rows
        for below in (*rows.values(), *(() if cell.otherwise is None else (cell.otherwise,))):
            found |= _breaks(below)
    return found
