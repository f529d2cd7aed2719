"""What limits, reviews and free allowances look back on: the refunds of a window, as a sum or as a count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.calendars import at_least_ago_bound, local_day, month_end, quarter_end, year_end
from engine.facts import COUNTED_STATES, PastRefund
from engine.scene import Scene
from policies.model import Measure, Per, Span

Bounds = Callable[[Scene], tuple[datetime, datetime]]

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_COUNTED = frozenset(COUNTED_STATES)


def window(per: Per, zone: ZoneInfo) -> Bounds:
    """The window that a request falls in: from the first instant up to, and without, the second.

    A rolling window of 24 hours holds what came less than 24 hours before the request, and one of 3 months what came
    after this time of the last day that is 3 months ago. It has no end: a refund that another process filed a moment
    later, before this one was judged, counts as well.
    """
    if isinstance(per, Span):
        start = rolling_start(per, zone)
        return lambda scene: (start(scene.at), _END)
    if per == "ever":
        return lambda scene: (_BEGINNING, _END)
    return lambda scene: _calendar_window(per, scene.day, zone)


def window_start(per: Per, at: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the window that an instant falls in."""
    if isinstance(per, Span):
        return rolling_start(per, zone)(at)
    return _BEGINNING if per == "ever" else _calendar_window(per, local_day(at, zone), zone)[0]


def past_refunds(
    scene: Scene,
    bounds: Bounds,
    key: str = "account",
    methods: frozenset[str] = frozenset(),
    *,
    same_method: bool = False,
) -> list[PastRefund]:
    """The refunds of the window that count: of the account or to the receiving account, by the methods (none: any) or
    by the method of the request.
    """
    if not scene.history:
        return []
    start, end = bounds(scene)
    request = scene.request
    assert request is not None, "only a refund request has past refunds"
    own = scene.account.id
    receiving = request.receiving_account
    if same_method:
        methods = frozenset({request.method})
    return [
        refund
        for refund in scene.history
        if start <= refund.requested_at < end
        and refund.state in _COUNTED
        and (refund.account_id == own if key == "account" else refund.receiving_account == receiving)
        and (not methods or refund.method in methods)
    ]


_OF_LOTS = ("balance.before", "balance.after", "available.before", "available.after")
_ALONE = ("request.points", "gross", "payout")
_THEMSELVES = {"sum": 0, "balance.before": 0, "available.before": 0, "count": 1}
_SLOPES = {"balance.before": 0, "balance.after": -1, "available.before": 0, "available.after": -1, "count": 0}


@dataclass(frozen=True, slots=True)
class Gauge:
    """A measure, ready to be read. It comes to `base(scene) + slope * points` for any number of points asked for, or,
    where it is `in_money`, to `base(scene) + payout`, or to the gross itself. `base` is None where it is a sum over the
    lots, which `of` names. `itself` is what the request counts for in its base, None where that is nothing that was
    there before; where it is `alone`, nothing else counts, and its base is 0.
    """

    of: str
    slope: int
    in_money: bool
    itself: int | None
    base: Callable[[Scene], int] | None
    alone: bool

    @property
    def of_lots(self) -> bool:
        """Whether it is a sum over the lots, and which, decides its base."""
        return self.base is None


def gauge(measure: Measure, zone: ZoneInfo) -> Gauge:
    """The gauge of a measure, whose sums and counts include the request itself."""
    base = None if measure.of in _OF_LOTS else _base(measure, zone)
    itself, alone = _THEMSELVES.get(measure.of), measure.of in _ALONE
    return Gauge(measure.of, _SLOPES.get(measure.of, 1), measure.in_money, itself, base, alone)


def _base(measure: Measure, zone: ZoneInfo) -> Callable[[Scene], int]:
    if measure.of in _ALONE:
        return lambda scene: 0
    if measure.of == "destination.after":
        return _destination_balance
    assert measure.per is not None, f"{measure.of} needs a window"
    bounds, key, methods = window(measure.per, zone), measure.key, frozenset(measure.methods)
    counts, in_money, same_method = measure.of == "count", measure.in_money, measure.same_method

    def base(scene: Scene) -> int:
        past = past_refunds(scene, bounds, key, methods, same_method=same_method) if scene.history else ()
        if counts:
            return len(past) + 1
        return sum([refund.payout if in_money else refund.points for refund in past])

    return base


def _destination_balance(scene: Scene) -> int:
    assert scene.request is not None, "only a refund request has a destination"
    return scene.request.destination_balance


def rolling_start(per: Span, zone: ZoneInfo) -> Callable[[datetime], datetime]:
    """The first instant of the rolling window that ends at an instant."""
    if per.unit in ("months", "years"):
        return lambda at: _months_before(at, per, zone)
    length = _rolling(per)
    return lambda at: _just_after_its_start(at, length)


def _rolling(span: Span) -> timedelta:
    if span.unit not in ("hours", "days"):
        raise ValueError(f"a window of '{span}' does not roll; use hours, days, months, years, or a calendar window")
    try:
        return timedelta(hours=span.count) if span.unit == "hours" else timedelta(days=span.count)
    except OverflowError:
        return timedelta.max


def _just_after_its_start(at: datetime, length: timedelta) -> datetime:
    """What came a whole window ago is no longer in it."""
    return at - length + timedelta.resolution if length < at - _BEGINNING else _BEGINNING


def _months_before(at: datetime, span: Span, zone: ZoneInfo) -> datetime:
    """Just after the time of day of `at` on the last day that is a span ago."""
    local = at.astimezone(zone)
    day = at_least_ago_bound(local.date(), span)
    if day is None:
        return _BEGINNING
    return datetime.combine(day, local.time(), zone).astimezone(UTC) + timedelta.resolution


@lru_cache(maxsize=4096)
def _calendar_window(per: str, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if per == "day":
        first, last = day, day
    elif per == "week":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
    elif per == "month":
        first, last = day.replace(day=1), month_end(day)
    elif per == "quarter":
        last = quarter_end(day)
        first = last.replace(month=last.month - 2, day=1)
    else:
        assert per == "year", f"{per} is not a window"
        first, last = day.replace(month=1, day=1), year_end(day)
    return begins(first, zone), begins(last + timedelta(days=1), zone)


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, also where its clocks skip midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
