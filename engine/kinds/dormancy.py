"""`dormancy`: what an account that is not used is charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from engine.calendars import add_span
from engine.facts import Account
from engine.figures import Amount
from engine.kinds.allocate import Ranks, ranks_of
from engine.money import share
from engine.ready import Ready, Workshop
from engine.scene import Scene
from policies.kinds.dormancy import PLACEHOLDERS, Dormancy
from policies.model import Rounding, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyDormancy(Ready):
    """The figures of the rule, each None where it says nothing of them."""

    idle: Amount
    every: Amount | None
    points: Amount | None
    rate: Amount | None
    rounding: Rounding
    at_least: Amount | None
    at_most: Amount | None
    everything_after: Amount | None
    ranks: tuple[Ranks, ...]


def make(rule: Dormancy, workshop: Workshop) -> ReadyDormancy:
    """Gets the rule ready."""
    figures = workshop.figures
    return ReadyDormancy(
        **workshop.common(rule, PLACEHOLDERS),
        idle=figures.amount(rule.idle),
        every=figures.optional(rule.every),
        points=figures.optional(rule.points),
        rate=figures.optional(rule.rate),
        rounding=rule.rounding or "down",
        at_least=figures.optional(rule.at_least),
        at_most=figures.optional(rule.at_most),
        everything_after=figures.optional(rule.everything_after),
        ranks=ranks_of(rule.order, workshop.policy),
    )


def idle_since(account: Account) -> date:
    """The day from which an account is idle: of its last activity, or else of joining."""
    return account.last_activity_on or account.joined_on


def due(ready: ReadyDormancy, scene: Scene) -> str:
    """What is due on the day of the scene: "everything", "charge", or "" for nothing."""
    since = idle_since(scene.account)
    if ready.everything_after is not None:
        last = add_span(since, _read(ready.everything_after, scene))
        if scene.day >= last:
            return "everything" if scene.day == last else ""
    if ready.points is None and ready.rate is None:
        return ""
    first = add_span(since, _read(ready.idle, scene))
    if scene.day <= first or ready.every is None:
        return "charge" if scene.day == first else ""
    every: Span = _read(ready.every, scene)
    return "charge" if _is_step(first, every, scene.day) else ""


def first_charge(ready: ReadyDormancy, scene: Scene) -> date:
    """The day of the first charge, if nothing happens before."""
    since = idle_since(scene.account)
    days = [add_span(since, _read(ready.idle, scene))] if ready.points or ready.rate else []
    if ready.everything_after is not None:
        days.append(add_span(since, _read(ready.everything_after, scene)))
    return min(days)


def charge(ready: ReadyDormancy, scene: Scene, base: int) -> int:
    """The points of one charge on lots that hold `base` together: never more than that."""
    rate: Fraction = _read(ready.rate, scene) if ready.rate else Fraction(0)
    points: int = share(base, rate, ready.rounding) + (_read(ready.points, scene) if ready.points else 0)
    if ready.at_least is not None:
        points = max(points, _read(ready.at_least, scene))
    if ready.at_most is not None:
        points = min(points, _read(ready.at_most, scene))
    return min(points, base)


def _is_step(first: date, every: Span, day: date) -> bool:
    """Whether a day is a whole number of steps after the first. Steps are counted from the first day, so that a month
    that is too short does not move those after it.
    """
    if every.unit == "days":
        return (day - first).days % every.count == 0
    months = every.count * (12 if every.unit == "years" else 1)
    apart = (day.year - first.year) * 12 + day.month - first.month
    return apart % months == 0 and add_span(first, Span(apart, "months")) == day


def _read(amount: Amount, scene: Scene) -> Any:
    return amount.read(scene, None)
