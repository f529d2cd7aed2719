"""The first instant at which a request is not turned away by the clock or the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.calendars import local_day
from engine.compiled import CompiledVersion
from engine.kinds.closed import ReadyClosed
from engine.plans import Plan
from engine.scene import Scene

MOST_DAYS = 366 * 5
"""How far ahead is looked. What is closed for longer is closed for good."""


def next_opening(compiled: CompiledVersion, scene: Scene) -> datetime | None:
    """The first instant after that of the scene, to the minute, at which no closed rule speaks. None when there is
    none within five years.
    """
    rules: tuple[ReadyClosed, ...] = compiled.rules["closed"]
    plans: dict[date, Plan] = {}
    for at in _candidates(rules, compiled.zone, scene.at):
        # Which rules have their say may depend on the day, so it is only asked where one would speak.
        if not any(ready.closing(at) is not None for ready in rules):
            return at
        day = local_day(at, compiled.zone)
        plan = plans.get(day)
        if plan is None:
            plan = plans[day] = compiled.plans.plan(compiled.scene.of_scene(scene.happening(day, at)))
        if not any(ready.closing(at) is not None for ready in plan.speaking["closed"]):
            return at
    return None


def _candidates(rules: Iterable[ReadyClosed], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Every instant after another at which a closed time may end, ascending: where a day begins, where hours end, and
    where the clocks are changed.
    """
    ends = {time(0)}
    for ready in rules:
        if ready.times.hours is not None:
            hour, minute = divmod(ready.times.hours.end.minutes % (24 * 60), 60)
            ends.add(time(hour, minute))
    day = local_day(after, zone)
    for number in range(MOST_DAYS):
        on = day + timedelta(days=number)
        found = {at for end in ends for at in _instants(datetime.combine(on, end), zone)}
        found.update(_clock_change(on, zone))
        yield from sorted(at for at in found if at > after)


def _instants(local: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which clocks show a local time: two where they are put back over it, none where they skip it."""
    for fold in (0, 1):
        at = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == local:
            yield at


def _clock_change(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The instant between the noon before a day and its own at which the clocks are changed, if they are."""
    noon = datetime.combine(day, time(12), zone)
    low, high = (noon - timedelta(days=1)).astimezone(UTC), noon.astimezone(UTC)
    before, behind = (at.astimezone(zone).utcoffset() for at in (low, high))
    if before == behind:
        return
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
