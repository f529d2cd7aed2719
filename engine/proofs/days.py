"""Calendar arithmetic for a solver: days that follow from another day and never go back as it goes on.

The solver knows of such a day only how far it can lie from the other. Where that is not enough it is taught, day by
day, what the calendar says; each lesson holds for all days before and after, because none of these days goes back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache

from engine.calendars import add_span, month_end, month_start
from engine.proofs.logic import Answer, Axioms, Term, follows, whole
from policies.model import Span

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""The days that facts are looked for on."""

DayOfDay = Callable[[date], date]
_TELLING_DAYS = (1, 2, 27, 28, 29, 30, 31)
_TELLING_YEARS = (*range(1996, 2005), *range(2096, 2105))


@cache
def reach(function: DayOfDay) -> tuple[int, int]:
    """How far the day lies from the other, at least and at most.

    Looked up in years around one century with a leap day and one without, where the extremes of all years lie.
    """
    return _apart((function,), ())


@cache
def _apart(one: tuple[DayOfDay, ...], other: tuple[DayOfDay, ...]) -> tuple[int, int]:
    """How far what comes of a day by one row of functions lies from what comes of it by another, at least and most."""
    apart = []
    for year in _TELLING_YEARS:
        for month in range(1, 13):
            end = month_end(date(year, month, 1)).day
            for day in {min(each, end) for each in _TELLING_DAYS}:
                start = date(year, month, day)
                apart.append((_through(one, start) - _through(other, start)).days)
    # Of spans longer than a century, each further one may have another leap day less or more.
    slack = max(abs(each) for each in apart) // 36_000
    return min(apart) - slack, max(apart) + slack


def _through(functions: tuple[DayOfDay, ...], day: date) -> date:
    for function in functions:
        day = function(day)
    return day


@dataclass(slots=True)
class Days:
    """The days that follow from others in one set of formulas."""

    axioms: Axioms
    _known: dict[tuple[DayOfDay, int], tuple[Term, Term]] = field(default_factory=dict)

    def of(self, function: DayOfDay, day: Term) -> Term:
        """The day that follows from a day, which is an ordinal."""
        key = (function, day.get_id())  # The day is kept, and with it its id.
        if key not in self._known:
            found = whole(f"day {len(self._known)}")
            least, most = reach(function)
            self._known[key] = day, found
            self.axioms.add(found, found >= day + least, found <= day + most)
        return self._known[key][1]

    def after(self, span: Span, day: Term) -> Term:
        """The day that lies a span after a day."""
        if span.count == 0:
            return day
        if span.unit == "days":
            return day + span.count
        months = span.count * (12 if span.unit == "years" else 1)
        return self.of(months_after(months), day)

    def relate(self, day: Term) -> None:
        """Say how far a day lies from the others that follow from the same one: no lesson about one of them does."""
        start, steps = self._origin(day)
        for _, other in list(self._known.values()):
            whence, others = self._origin(other)
            if whence is not None and start is not None and whence.get_id() == start.get_id() and others != steps:
                least, most = _apart(steps, others)
                self.axioms.add(day, day - other >= least, day - other <= most)

    def _origin(self, day: Term) -> tuple[Term | None, tuple[DayOfDay, ...]]:
        """From which day a day follows in the end, and by what; None where it follows from none."""
        of = {out.get_id(): (before, function) for (function, _), (before, out) in self._known.items()}
        steps: tuple[DayOfDay, ...] = ()
        while day.get_id() in of:
            day, function = of[day.get_id()]
            steps = (function, *steps)
        return (day if steps else None), steps

    def lessons(self, answer: Answer) -> int:
        """Teach what a model gets wrong; returns how much that was."""
        found = 0
        for (function, _), (day, out) in self._known.items():
            if not answer.knows(out):
                continue
            number = answer.number(day)
            if FIRST.toordinal() <= number <= LAST.toordinal():
                right = function(date.fromordinal(number)).toordinal()
                if answer.number(out) != right:
                    first, last = _alike(function, number, right)
                    self.axioms.add(out, follows(day <= last, out <= right), follows(day >= first, out >= right))
                    found += 1
        return found

    def same(self, answer: Answer) -> list[Term]:
        """The days of a model that others follow from and that follow from none."""
        following = {out.get_id() for _, out in self._known.values()}
        known = [day for day, out in self._known.values() if answer.knows(out)]
        days = {day.get_id(): day for day in known if day.get_id() not in following}
        return [day == answer.number(day) for day in days.values()]


def _alike(function: DayOfDay, number: int, right: int) -> tuple[int, int]:
    """The first and the last day that have the same day following from them as one of them."""
    least, most = reach(function)
    first, last = max(FIRST.toordinal(), right - most), min(LAST.toordinal(), right - least)

    def of(each: int) -> int:
        return function(date.fromordinal(each)).toordinal()

    days = range(number + 1 - first)
    before = bisect_left(days, right, key=lambda each: of(first + each))
    after = bisect_left(range(last - number + 1), right + 1, key=lambda each: of(number + each))
    return first + before, number + after - 1


@cache
def months_after(months: int) -> DayOfDay:
    """So many months later."""
    span = Span(months, "months")
    return lambda day: add_span(day, span)


@cache
def years_after_year(years: int) -> DayOfDay:
    """The first day of the year that comes so many years after that of a day."""
    return lambda day: date(min(day.year + years, date.max.year), 1, 1)


def start_of_month(day: date) -> date:
    """The first day of a month."""
    return month_start(day)
