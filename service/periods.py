"""Days, months and years between two days, for figures over time: as local days, and as instants of a zone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from engine.calendars import month_end, year_end
from engine.windows import begins
from service.clock import stored

PER = ("day", "month", "year", "whole")
MOST_PERIODS = 400
DAY = timedelta(days=1)


class TooMany(Exception):
    """The days make more periods than are answered at once."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one local day to another, both within it."""

    first: date
    last: date

    def data(self) -> dict[str, str]:
        """As plain data."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def periods(first: date, last: date, per: str) -> list[Period]:
    """The periods that some days make; those at the ends may be cut. Raises TooMany.

    >>> [str(each.last) for each in periods(date(2026, 1, 30), date(2026, 3, 2), "month")]
    ['2026-01-31', '2026-02-28', '2026-03-02']
    """
    ends: Mapping[str, Callable[[date], date]] = {
        "day": lambda day: day,
        "month": month_end,
        "year": year_end,
        "whole": lambda day: last,
    }
    found: list[Period] = []
    day = first
    while day <= last:
        if len(found) == MOST_PERIODS:
            raise TooMany
        found.append(Period(day, min(ends[per](day), last)))
        day = found[-1].last + DAY
    return found


def bounds(some: Sequence[Period], zone: ZoneInfo) -> list[str]:
    """The instants at which periods that follow each other begin, and the one at which the last ends, as kept."""
    return [stored(begins(day, zone)) for day in (*(each.first for each in some), some[-1].last + DAY)]


def period_of(some: Sequence[Period], day: str) -> Period | None:
    """The one of periods that follow each other which a day is in."""
    at = bisect_right(some, day, key=lambda each: each.first.isoformat()) - 1
    return some[at] if at >= 0 and day <= some[at].last.isoformat() else None
