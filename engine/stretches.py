"""What the points of a run come to, and what a fee or a tax is on, on a stretch of whole numbers t."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from engine.covers import NOTHING
from engine.kinds.price import Rate
from engine.kinds.tax import Rates, ReadyTax
from engine.lines import ZERO, Line, Number, constant, divided, rounded_by
from engine.money import parts
from engine.runs import Run, Worth


def same_lots(one: Worth, other: Worth) -> bool:
    """Whether these are the same lots."""
    return one.keys() == other.keys() and all(one[price].same_as(other[price]) for price in one)


class Together(NamedTuple):
    """What the points of a price come to together on a stretch of t, at the first of which there are `fewest`."""

    fewest: int
    money: Line
    points: Line
    rate: Rate

    def least_of(self, cuts: Sequence[int]) -> int:
        """The least that the points up to each cut are worth on the stretch, together."""
        return self._of(cuts, -1)

    def most_of(self, cuts: Sequence[int]) -> int:
        """The most that they are."""
        return self._of(cuts, 1)

    def _of(self, cuts: Sequence[int], sign: int) -> int:
        money, fewest, rate = self.money, self.fewest, self.rate
        if not cuts:
            return 0
        numerator, denominator = rate.ratio
        if rate.even:
            return sum([cut * numerator // denominator for cut in cuts])
        if self.points.slope == 0:
            return parts(int(money.least), cuts, fewest)
        below, above = rounded_by(denominator * rate.to, rate.rounding)
        of, whole = numerator * fewest + (above if sign > 0 else -below), denominator * fewest
        return sum([cut * of // whole for cut in cuts]) if of > 0 else 0


class Stretch(NamedTuple):
    """A stretch of t in a run, with what the points of its price come to."""

    first: int
    last: int
    run: Run
    together: Together
    gross: tuple[Number, Number]

    def money(self, worth: Worth, *, grows: bool) -> Line:
        """The money that a fee or a tax is on."""
        run, together = self.run, self.together
        known = 0
        for price, covered in worth.items():
            if price != run.price:
                points = run.priced[price]
                known += covered.worth(partial(parts, price[1].money(points), of=points))
        own = worth.get(run.price, NOTHING)
        grows_from = run.before if grows else None
        least, most = own.bounds(together.least_of, together.most_of, grows_from=grows_from)
        period = 1 if least == most else together.money.period
        line = Line(0, known + least, known + most, period)
        return line.plus(together.money) if grows else line

    def charged(self, gross_at_least: int | None, gross_under: int | None) -> bool | None:
        """Whether a fee that goes by the gross is charged; None where it is on a part of the stretch only."""
        least, most = self.gross
        if (gross_at_least is not None and most < gross_at_least) or (gross_under is not None and least >= gross_under):
            return False
        inside = (gross_at_least is None or least >= gross_at_least) and (gross_under is None or most < gross_under)
        return True if inside else None

    def either(self, one: Line, other: Line) -> Line:
        """One of two amounts, now this and now that."""
        (low, high), (other_low, other_high) = self.within(one), self.within(other)
        return Line(0, min(low, other_low), max(high, other_high), 0)

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


def tax_on(on: Stretch, ready: ReadyTax, groups: Iterable[tuple[Line, Rates]]) -> Line:
    """What a tax comes to on the bases of the groups of lots, in the order in which they pay."""
    groups = list(groups)
    together = sum_of(base for base, _ in groups)
    tax, before, waived = ZERO, ZERO, None
    for base, rates in groups:
        upto = before.plus(base)
        taxed = _taxed(on, ready, base, together, upto, before, rates.above)
        own = divided(taxed, rates.rate.numerator, rates.rate.denominator * 100, ready.rounding, ready.to)
        before = upto
        waived = rates.waived_under
        tax = tax.plus(_not_under(on, own, waived if ready.waived_by_lot else None))
    return _not_under(on, tax, None if ready.waived_by_lot else waived)


def _taxed(
    on: Stretch, ready: ReadyTax, base: Line, together: Line, upto: Line, before: Line, above: int | None
) -> Line:
    """The part of a base that is taxed. `upto` is what the lots up to here come to, `before` those before them."""
    if above is None:
        return base
    if ready.above_by_lot:
        together, upto, before = base, base, ZERO
    if ready.excess:
        over = on.no_less(upto.minus(constant(above)), 0)
        return on.no_less(over.minus(on.no_less(before.minus(constant(above)), 0)), 0)
    low, high = on.within(together)
    if high <= above:
        return ZERO
    return base if low > above else Line(0, 0, max(0, on.within(base)[1]), 0)


def _not_under(on: Stretch, tax: Line, waived: int | None) -> Line:
    """The tax, or nothing where it is less than what is waived."""
    low, high = on.within(tax)
    if waived is None or low >= waived:
        return tax
    return ZERO if high < waived else Line(0, 0, high, 0)


def sum_of(lines: Iterable[Line]) -> Line:
    together = ZERO
    for line in lines:
        together = together.plus(line)
    return together
