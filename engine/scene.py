"""What the rules of one decision look at, and how a fact path reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from engine.calendars import age, year_age
from engine.facts import Account, Event, Lot, PastRefund, RefundRequest
from policies.model import WEEKDAYS, Policy


class Scene:
    """The facts of one request at one amount, of one event, or of one day.

    `day` is the local day of the request or event, or the day that is asked about. Just one of `request` and `event` is
    there, and on a day by itself neither.
    """

    def __init__(
        self,
        account: Account,
        day: date,
        at: datetime,
        points: int = 0,
        request: RefundRequest | None = None,
        event: Event | None = None,
        history: tuple[PastRefund, ...] = (),
    ) -> None:
        self.account = account
        self.day = day
        self.at = at
        self.points = points
        self.request = request
        self.event = event
        self.history = history

    def asking(self, points: int) -> Scene:
        """The same request for another amount."""
        return Scene(self.account, self.day, self.at, points, self.request, self.event, self.history)

    def happening(self, day: date, at: datetime) -> Scene:
        """The same at another time, which falls on this local day."""
        return Scene(self.account, day, at, self.points, self.request, self.event, self.history)


SceneReader = Callable[[Scene], Any]
LotReader = Callable[[Lot], Any]

LotInSceneReader = Callable[[Scene, Lot], Any]

LOTS_IN_SCENE: Mapping[str, LotInSceneReader] = {"lot.chosen": lambda scene, lot: lot.id in _chosen(scene)}
"""The facts of a lot that also depend on the request."""

_WORKED_OUT: Mapping[str, SceneReader] = {
    "account.age": lambda scene: age(scene.account.born_on, scene.day),
    "account.year_age": lambda scene: year_age(scene.account.born_on, scene.day),
    "request.day_of_month": lambda scene: scene.day.day,
    "request.weekday": lambda scene: WEEKDAYS[scene.day.weekday()],
    "event.day_of_month": lambda scene: scene.day.day,
    "event.weekday": lambda scene: WEEKDAYS[scene.day.weekday()],
    "request.chosen_lots": lambda scene: len(_chosen(scene)),
}
_RENAMED = {"request.points": "points", "request.requested_on": "day", "event.happened_on": "day", "day.today": "day"}


def scene_attribute(path: str, policy: Policy) -> str | None:
    """Where a scene holds a fact of the account, the request or the event; None where it is worked out or declared."""
    return None if path in _WORKED_OUT or path in policy.declared else _RENAMED.get(path, path)


def scene_reader(path: str, policy: Policy) -> SceneReader:
    """How a fact of the account, the request or the event is read."""
    if path in _WORKED_OUT:
        return _WORKED_OUT[path]
    attribute = scene_attribute(path, policy)
    if attribute is not None:
        return attrgetter(attribute)
    scope, _, name = path.partition(".")
    declared = attrgetter(f"{scope}.declared")
    return lambda scene: declared(scene)[name]


def lot_reader(path: str, policy: Policy) -> LotReader:
    """How a fact of a lot is read that depends on nothing else."""
    name = path.removeprefix("lot.")
    if path in policy.declared:
        return lambda lot: lot.declared[name]
    return attrgetter(name)


def _chosen(scene: Scene) -> tuple[str, ...]:
    """The lots that the member chose; none where no refund is asked for."""
    return () if scene.request is None else scene.request.lots
