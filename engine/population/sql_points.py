"""The points asked for, as conditions see them: a number, a column, or any amount of a stretch.

Between two *breaks*, the amounts with which a condition or a value compares the points asked for, all amounts are
alike to the rules (`engine/amounts.py`). So a search asks what holds of a stretch, and looks at no amount in it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

from engine.population.sql_terms import CannotSay, Formula, of_lot

HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">=": operator.ge,
    ">": operator.gt,
    "=": operator.eq,
}
"""What the signs of comparisons mean."""


class Points(Protocol):
    """The points asked for: `amount` is their SQL."""

    @property
    def amount(self) -> str: ...

    def compare(self, sign: str, right: int | str) -> Formula:
        """Whether they stand so to a number, or to a figure in SQL."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number. Where another `paid` is given, rules are asked about that number and the money of this one."""

    points: int
    paid: str = ""

    @property
    def amount(self) -> str:
        return self.paid or str(self.points)

    def compare(self, sign: str, right: int | str) -> Formula:
        if isinstance(right, int):
            return HOLDS[sign](self.points, right)
        return f"({self.points} {sign} {right})"


@dataclass(frozen=True, slots=True)
class Column:
    """A column."""

    amount: str

    def compare(self, sign: str, right: int | str) -> Formula:
        return f"({self.amount} {sign} {right})"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Any of the amounts from `first` to `last`, between which no break lies. `sides` says of each figure in SQL that
    the points are compared with on which side of it they are: -1 for less, 0 for just as much, 1 for more.
    """

    first: int
    last: int
    sides: Mapping[str, int]
    amount: str = ""

    def compare(self, sign: str, right: int | str) -> Formula:
        if isinstance(right, str):
            return HOLDS[sign](self.sides[right], 0)
        found = HOLDS[sign](self.first, right)
        assert found == HOLDS[sign](self.last, right), f"{right} lies between {self.first} and {self.last}"
        return found

    def paying(self, amount: str) -> Stretch:
        """The same stretch, with the SQL of one amount in it."""
        return Stretch(self.first, self.last, self.sides, amount)


@dataclass(slots=True)
class Listener:
    """Hears what the points are compared with: `breaks` are the numbers at which something may change, `figures` the
    SQL of what is no number.
    """

    breaks: set[int] = field(default_factory=set)
    figures: dict[str, None] = field(default_factory=dict)
    amount: str = "points"

    def compare(self, sign: str, right: int | str) -> Formula:
        if isinstance(right, str):
            if of_lot(right):
                raise CannotSay("적립분과 신청 포인트를 함께 봅니다", "it compares a lot with the points asked for")
            self.figures[right] = None
        else:
            self.breaks |= {"<": {right}, ">=": {right}, "<=": {right + 1}, ">": {right + 1}}.get(
                sign, {right, right + 1}
            )
        return f"(points {sign} {right})"

    def stretches(self, most: int) -> list[Stretch]:
        """The amounts from 1 to `most`, from the top."""
        starts = sorted({1, *(each for each in self.breaks if 1 < each <= most)})
        ends = [*(start - 1 for start in starts[1:]), most]
        sides = [dict(zip(self.figures, each, strict=True)) for each in _sides(len(self.figures))]
        return [
            Stretch(first, last, each)
            for first, last in reversed(list(zip(starts, ends, strict=True)))
            for each in sides
        ]


def _sides(figures: int) -> Iterable[tuple[int, ...]]:
    return product((1, 0, -1), repeat=figures)
