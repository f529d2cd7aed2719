"""Amounts that change with a whole number, each known between two straight lines; what sums, shares and bounds make of
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Any, NamedTuple

from policies.model import Rounding

Number = int | Fraction
Bounds = tuple[Number, Number]


class Line(NamedTuple):
    """An amount that changes with a whole number t: it lies from `slope * t + least` to `slope * t + most`, and after
    `period` steps it is just so many slopes more (0: it never is).
    """

    slope: Number
    least: Number
    most: Number
    period: int = 1

    def within(self, first: int, last: int) -> tuple[Number, Number]:
        """The bounds of the amount while t goes from `first` to `last`."""
        ends = self.slope * first, self.slope * last
        return min(ends) + self.least, max(ends) + self.most

    def plus(self, other: Line) -> Line:
        """The sum of two amounts."""
        period = lcm(self.period, other.period)
        return Line(self.slope + other.slope, self.least + other.least, self.most + other.most, period)

    def minus(self, other: Line) -> Line:
        """The difference of two amounts."""
        period = lcm(self.period, other.period)
        return Line(self.slope - other.slope, self.least - other.most, self.most - other.least, period)


ZERO = Line(0, 0, 0)


def constant(amount: Number) -> Line:
    """An amount that does not change."""
    return Line(0, amount, amount)


def divided(line: Line, numerator: int, denominator: int, rounding: Rounding, to: int) -> Line:
    """What `money.divided` makes of `line * numerator` and `denominator`. The amounts of `line` are whole.

    >>> divided(Line(1, 0, 0), 1, 2, "down", 1)
    Line(slope=Fraction(1, 2), least=Fraction(-1, 2), most=Fraction(0, 1), period=2)
    >>> divided(Line(500, 3, 3), 1, 100, "down", 1)
    Line(slope=5, least=0, most=0, period=1)
    """
    shared = gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    unit = denominator * to
    slope, least, most, period = line
    rise = int(slope * period) * numerator
    if least == most and isinstance(slope, int) and isinstance(least, int) and slope * numerator % unit == 0:
        # The amount is known, and what is left over is always the same.
        at_zero = _rounded(least * numerator, unit, rounding) * to
        return Line(slope * numerator // denominator, at_zero, at_zero)
    below, above = _ROUNDED_BY[rounding](unit)
    ratio = Fraction(numerator, denominator)
    least, most = least * ratio - Fraction(below, denominator), most * ratio + Fraction(above, denominator)
    return Line(slope * ratio, least, most, period * (unit // gcd(rise, unit)))


def _rounded(amount: int, unit: int, rounding: Rounding) -> int:
    if rounding == "down":
        return amount // unit
    return -(-amount // unit) if rounding == "up" else (2 * amount + unit) // (2 * unit)


# By how much, in parts of a unit, an amount can be rounded down and up.
_ROUNDED_BY: dict[Rounding, Any] = {
    "down": lambda unit: (unit - 1, 0),
    "up": lambda unit: (0, unit - 1),
    "half_up": lambda unit: ((unit - 1) // 2, unit // 2),
}


def total(lines: Iterable[Line]) -> Line:
    """The sum of some amounts."""
    together = ZERO
    for line in lines:
        together = together.plus(line)
    return together


class On(NamedTuple):
    """A stretch of t, with the money of the run's own lots on it."""

    first: int
    last: int
    more: Line

    def money(self, base: int, *, grows: bool) -> Line:
        """The money that a fee or a tax is on."""
        return constant(base).plus(self.more) if grows else constant(base)

    def within(self, line: Line) -> tuple[Number, Number]:
        """The bounds of an amount."""
        return line.within(self.first, self.last)

    def no_less(self, line: Line, least: int) -> Line:
        """The amount, or `least` where that is more."""
        low, high = self.within(line)
        if high <= least:
            return constant(least)
        return line if low >= least else Line(0, least, high, 0)

    def between(self, line: Line, least: int | None, most: int | None) -> Line:
        """The amount, held between its bounds."""
        line = line if least is None else self.no_less(line, least)
        return line if most is None else self.no_more(line, most)

    def lesser(self, one: Line, other: Line) -> Line:
        """The lesser of two amounts."""
        (low, high), (other_low, other_high) = self.within(one), self.within(other)
        if high <= other_low:
            return one
        return other if other_high <= low else Line(0, min(low, other_low), min(high, other_high), 0)

    def no_more(self, line: Line, most: int) -> Line:
        """The amount, or `most` where that is less."""
        low, high = self.within(line)
        if low >= most:
            return constant(most)
        return line if high <= most else Line(0, low, most, 0)
