"""Which points of a price a fee or a tax is on, and what these are worth while more and more points are priced.

What a price comes to is shared out over its points (`kinds/price.py`). So what the first lots are worth is their part
of the whole, and where the price is rounded it moves a little as the whole grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Cover:
    """Points of one price, in the order in which they pay, that grow at their end: stretches from one count of the
    price's points to another. `cuts` are where they start and end in turn, but for the last `end`.
    """

    def __init__(self) -> None:
        self.cuts: list[int] = []
        self.end = 0

    def add(self, first: int, last: int) -> None:
        """Covers the points beyond the first so many, up to the last."""
        if not self.cuts:
            self.cuts.append(first)
        elif self.end != first:
            self.cuts += [self.end, first]
        self.end = last

    def so_far(self) -> Covered:
        """What is covered now, whatever is added later."""
        return Covered(self.cuts, len(self.cuts), self.end)

    def all_of(self, points: int) -> bool:
        """Whether it is on all points of the price."""
        return self.cuts == [0] and self.end == points


class Covered(NamedTuple):
    """What a cover was when it had so many cuts and that end. Of nothing, there are no cuts."""

    cuts: list[int]
    known: int
    end: int

    def worth(self, of: Callable[[Sequence[int]], int]) -> int:
        """What it is worth, where `of` says what the points up to some cuts are, together."""
        return of(self._ends()) - of(self._starts())

    def bounds(
        self, least: Callable[[Sequence[int]], int], most: Callable[[Sequence[int]], int], *, grows_from: int | None
    ) -> tuple[int, int]:
        """Between which bounds its worth lies, where these say between which the points up to some cuts do. Where it
        `grows_from` a count, to all points that there are, the worth of all of them is left out.
        """
        starts, ends = self._starts(), self._ends()
        if grows_from is not None:
            if self.known and self.end == grows_from:
                ends = ends[:-1]
            else:
                starts = [*starts, grows_from]
        return least(ends) - most(starts), most(ends) - least(starts)

    def all_cuts(self) -> list[int]:
        """Every count of points at which it starts or ends."""
        return self._starts() + self._ends()

    def same_as(self, other: Covered) -> bool:
        """Whether it covers the same points."""
        alike = (self.known, self.end) == (other.known, other.end)
        return alike and self.cuts[: self.known] == other.cuts[: other.known]

    def _starts(self) -> list[int]:
        return self.cuts[: self.known : 2]

    def _ends(self) -> list[int]:
        return [*self.cuts[1 : self.known : 2], self.end] if self.known else []


NOTHING = Covered([], 0, 0)
