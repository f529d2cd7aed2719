"""`earn`: which points an event brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from heapq import heappop, heappush
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendars import add_span, month_start
from engine.facts import Earning
from engine.figures import Amount
from engine.money import share
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.windows import rolling_start, window
from policies.kinds.earn import PLACEHOLDERS, Earn
from policies.model import Comparison, FactRef, Per, Span

Usage = Callable[[Scene, Iterable[Earning]], int]
"""The points that count under a cap already."""

Brings = Callable[[Scene, Mapping[str, int]], int]
"""The points of an event, by what other rules grant for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyEarn(Ready):
    """`brings` are the points of one event before `at_least`, `at_most` and the cap. The cap counts the rules
    `capped_together`.
    """

    source: str
    brings: Brings
    at_least: Amount | None
    at_most: Amount | None
    cap: Amount | None
    cap_usage: Usage | None
    capped_together: frozenset[str]
    campaign: Callable[[Scene], str]
    usable_after: Amount | None
    from_month_start: bool
    expires_on: Amount | None


@dataclass(frozen=True, slots=True)
class Grant:
    """The points that one rule grants, and how they came about: `brought` by the event, `room` left under the cap."""

    points: int
    brought: int
    room: int | None
    campaign: str
    usable_from_on: date
    expires_on: date | None


def make(rule: Earn, workshop: Workshop) -> ReadyEarn:
    """Gets the rule ready."""
    figures = workshop.figures
    common = workshop.common(rule, PLACEHOLDERS)
    event = workshop.test(f"{rule.id}/event", Comparison("event.type", "is", rule.event))
    common["guard"] = replace(common["guard"], within=(event,))
    campaign = figures.amount(rule.campaign) if isinstance(rule.campaign, FactRef) else None
    named = "" if isinstance(rule.campaign, FactRef) else rule.campaign
    return ReadyEarn(
        **common,
        source=rule.source,
        brings=_brings(rule, workshop),
        at_least=figures.optional(rule.at_least),
        at_most=figures.optional(rule.at_most),
        cap=figures.optional(rule.cap.at_most) if rule.cap else None,
        cap_usage=usage(rule.cap.per, workshop.zone) if rule.cap else None,
        capped_together=frozenset((rule.id, *(rule.cap.shared if rule.cap else ()))),
        campaign=lambda scene: campaign.read(scene, None) if campaign else named,
        usable_after=figures.optional(rule.usable_after),
        from_month_start=rule.usable_from == "month_start",
        expires_on=figures.optional(rule.expires_on),
    )


def grant(ready: ReadyEarn, scene: Scene, earned: Iterable[Earning], now: Mapping[str, int]) -> Grant:
    """What the rule grants for the event, held to what it may grant for one event and in one window.

    `earned` was granted before, and `now` is what other rules grant for the same event, by their ids.
    """
    brought = ready.brings(scene, now)
    points = brought if ready.at_least is None else max(brought, _read(ready.at_least, scene))
    points = points if ready.at_most is None else min(points, _read(ready.at_most, scene))
    room = None
    if ready.cap is not None and ready.cap_usage is not None:
        counted = [each for each in earned if each.rule in ready.capped_together]
        used = ready.cap_usage(scene, counted) + sum(now.get(rule, 0) for rule in ready.capped_together)
        room = max(0, _read(ready.cap, scene) - used)
        points = min(points, room)
    usable = scene.day if ready.usable_after is None else add_span(scene.day, ready.usable_after.read(scene, None))
    if ready.from_month_start:
        usable = month_start(usable)
    expires_on = None if ready.expires_on is None else ready.expires_on.read(scene, None)
    return Grant(points, brought, room, ready.campaign(scene), usable, expires_on)


def in_order(rules: Sequence[Any]) -> list[ReadyEarn]:
    """The rules so that each comes after those whose points of the same event it has to know.

    Rules that name each other, which share one cap, stay in the order of the file.
    """
    places = {ready.id: place for place, ready in enumerate(rules)}
    named = {ready.id: _named(ready) & places.keys() for ready in rules}
    waits = {rule: {other for other in others if rule not in _reached(other, named)} for rule, others in named.items()}
    awaited_by: dict[str, list[str]] = {}
    for rule, others in waits.items():
        for other in others:
            awaited_by.setdefault(other, []).append(rule)
    ordered: list[ReadyEarn] = []
    free = [places[rule] for rule, others in waits.items() if not others]  # Ascending, which makes it a heap.
    while free:
        ready = rules[heappop(free)]
        ordered.append(ready)
        for rule in awaited_by.get(ready.id, ()):
            waits[rule].remove(ready.id)
            if not waits[rule]:
                heappush(free, places[rule])
    return ordered


def _named(ready: ReadyEarn) -> set[str]:
    assert isinstance(ready.rule, Earn), f"{ready.id} does not earn"
    return {*ready.rule.of, *ready.capped_together} - {ready.id}


def _reached(start: str, named: Mapping[str, set[str]]) -> set[str]:
    """The rules that one names, itself, or through others."""
    found, ahead = set[str](), [start]
    while ahead:
        for each in named[ahead.pop()] - found:
            found.add(each)
            ahead.append(each)
    return found


def _brings(rule: Earn, workshop: Workshop) -> Brings:
    figures = workshop.figures
    if rule.points is not None:
        points = figures.amount(rule.points)
        return lambda scene, now: _read(points, scene)
    if rule.rate is not None:
        rate, rounding = figures.amount(rule.rate), rule.rounding or "down"
        of = rule.of
        if of:
            return lambda scene, now: share(sum(now.get(each, 0) for each in of), rate.read(scene, None), rounding)
        return lambda scene, now: share(_spent(scene), rate.read(scene, None), rounding)
    assert rule.steps is not None, f"{rule.id} says neither points, rate nor steps"
    every, earn = figures.amount(rule.steps.every), figures.amount(rule.steps.earn)
    # Whole steps only: 3.00 at 5 points for every 2.50 is 5 points, not 6.
    return lambda scene, now: _spent(scene) // _read(every, scene) * _read(earn, scene)


def _spent(scene: Scene) -> int:
    assert scene.event is not None, "only an event brings points"
    return scene.event.amount


def usage(per: Per, zone: ZoneInfo) -> Usage:
    """How much of a window is used already. Events may be told late, so what happened after this one counts too.

    A rolling window is not one but many: each that this event lies in must hold it, so the fullest decides.
    """
    if not isinstance(per, Span):
        bounds = window(per, zone)

        def of_calendar(scene: Scene, earned: Iterable[Earning]) -> int:
            start, end = bounds(scene)
            return sum(each.points for each in earned if start <= each.happened_at < end)

        return of_calendar
    start_of = rolling_start(per, zone)

    def of_rolling(scene: Scene, earned: Iterable[Earning]) -> int:
        known = [(each.happened_at, each.points) for each in earned]
        later = {at for at, _ in known if at > scene.at}
        windows = [(start, end) for end in (scene.at, *later) if (start := start_of(end)) <= scene.at]
        return max(sum(points for at, points in known if start <= at <= end) for start, end in windows)

    return of_rolling


def _read(amount: Amount, scene: Scene) -> Any:
    return amount.read(scene, None)
