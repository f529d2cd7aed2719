"""Draws that look like chance and are none: the same seed gives the same draws, on every machine and every Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_MASK = 2**64 - 1


class Draws:
    """The numbers of SplitMix64, which a seed decides."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, most: int) -> int:
        """A number from 0 to one less than `most`.

        >>> draws = Draws(1)
        >>> [draws.below(10) for _ in range(5)]
        [5, 9, 0, 5, 1]
        """
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % most

    def one_of(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def once_in(self, times: int) -> bool:
        """True once in so many times."""
        return self.below(times) == 0
