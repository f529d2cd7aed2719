"""Amounts that change along a straight line and are rounded: between which bounds they lie, and how they repeat."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from policies.model import Rounding

Number = int | Fraction


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
    below, above = rounded_by(unit, rounding)
    ratio = Fraction(numerator, denominator)
    least, most = least * ratio - Fraction(below, denominator), most * ratio + Fraction(above, denominator)
    return Line(slope * ratio, least, most, period * (unit // gcd(rise, unit)))


def _rounded(amount: int, unit: int, rounding: Rounding) -> int:
    if rounding == "down":
        return amount // unit
    return -(-amount // unit) if rounding == "up" else (2 * amount + unit) // (2 * unit)


def rounded_by(unit: int, rounding: Rounding) -> tuple[int, int]:
    """By how much, in parts of a unit, an amount can be rounded down and up."""
    if rounding == "down":
        return unit - 1, 0
    return (0, unit - 1) if rounding == "up" else ((unit - 1) // 2, unit // 2)
