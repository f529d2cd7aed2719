"""Whole units: every division names its rounding, and none of them passes through a float."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from policies.model import Rounding


def share(base: int, rate: Fraction, rounding: Rounding, to: int = 1) -> int:
    """`rate` percent of `base`, rounded to a multiple of `to`.

    >>> share(19_999, Fraction(3), "down"), share(19_999, Fraction(3), "up"), share(19_999, Fraction(3), "half_up")
    (599, 600, 600)
    >>> share(12_345, Fraction("2.2"), "down", to=10)
    270
    """
    return divided(base * rate.numerator, rate.denominator * 100, rounding, to)


def divided(amount: int, parts: int, rounding: Rounding, to: int = 1) -> int:
    """One of `parts` equal parts of `amount`, rounded to a multiple of `to`; a half goes to the larger number.

    >>> divided(15, 2, "half_up"), divided(14, 4, "half_up", to=2), divided(-15, 2, "half_up")
    (8, 4, -7)
    """
    assert parts > 0, f"{amount} cannot be divided in {parts} parts"
    assert to > 0, f"nothing is a multiple of {to}"
    unit = parts * to
    if rounding == "down":
        return amount // unit * to
    if rounding == "up":
        return -(-amount // unit) * to
    return (2 * amount + unit) // (2 * unit) * to


def part(amount: int, parts: int, of: int) -> int:
    """What the first `parts` of so many equal parts are of an amount, rounded down; never more than the whole.

    Differences of it share an amount out: they sum to the whole, and what is left over goes to the later ones.

    >>> part(500, 489, 490), part(500, 490, 490), part(160, 10, 24)
    (498, 500, 66)
    """
    return amount if parts >= of else amount * parts // of


def parts(amount: int, several: Iterable[int], of: int) -> int:
    """The sum of `part` for each of several; none of them is above the whole.

    >>> parts(500, [489, 490], of=490)
    998
    """
    return sum([amount * each // of for each in several]) if of else 0
