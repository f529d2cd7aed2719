"""`earn`: which points an event brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.calendars import add_span
from engine.facts import Earning
from engine.figures import Amount
from engine.money import share
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.windows import Bounds, window
from policies.kinds.earn import PLACEHOLDERS, Earn
from policies.model import Comparison, FactRef

Brings = Callable[[Scene], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyEarn(Ready):
    """`brings` are the points of one event before `at_most` and the cap."""

    source: str
    brings: Brings
    at_most: Amount | None
    cap: Amount | None
    cap_window: Bounds | None
    campaign: Callable[[Scene], str]
    usable_after: Amount | None
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
        at_most=figures.optional(rule.at_most),
        cap=figures.optional(rule.cap.at_most) if rule.cap else None,
        cap_window=window(rule.cap.per, workshop.zone) if rule.cap else None,
        campaign=lambda scene: campaign.read(scene, None) if campaign else named,
        usable_after=figures.optional(rule.usable_after),
        expires_on=figures.optional(rule.expires_on),
    )


def grant(ready: ReadyEarn, scene: Scene, earned: tuple[Earning, ...]) -> Grant:
    """What the rule grants for the event, held to what it may grant for one event and in one window."""
    brought = ready.brings(scene)
    points = brought if ready.at_most is None else min(brought, _read(ready.at_most, scene))
    room = None
    if ready.cap is not None and ready.cap_window is not None:
        before = _granted(ready.id, earned, ready.cap_window(scene))
        room = max(0, _read(ready.cap, scene) - before)
        points = min(points, room)
    usable = scene.day if ready.usable_after is None else add_span(scene.day, ready.usable_after.read(scene, None))
    expires_on = None if ready.expires_on is None else ready.expires_on.read(scene, None)
    return Grant(points, brought, room, ready.campaign(scene), usable, expires_on)


def _brings(rule: Earn, workshop: Workshop) -> Brings:
    figures = workshop.figures
    if rule.points is not None:
        points = figures.amount(rule.points)
        return lambda scene: _read(points, scene)
    if rule.rate is not None:
        rate, rounding = figures.amount(rule.rate), rule.rounding or "down"
        return lambda scene: share(_spent(scene), rate.read(scene, None), rounding)
    assert rule.steps is not None, f"{rule.id} says neither points, rate nor steps"
    every, earn = figures.amount(rule.steps.every), figures.amount(rule.steps.earn)
    # Whole steps only: 3.00 at 5 points for every 2.50 is 5 points, not 6.
    return lambda scene: _spent(scene) // _read(every, scene) * _read(earn, scene)


def _spent(scene: Scene) -> int:
    assert scene.event is not None, "only an event brings points"
    return scene.event.amount


def _granted(rule: str, earned: tuple[Earning, ...], bounds: tuple[datetime, datetime]) -> int:
    start, end = bounds
    return sum(each.points for each in earned if each.rule == rule and start <= each.happened_at < end)


def _read(amount: Amount, scene: Scene) -> Any:
    return amount.read(scene, None)
