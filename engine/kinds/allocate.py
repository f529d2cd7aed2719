"""`allocate`: which lots pay first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any, Protocol

from engine.errors import Conflict
from engine.facts import Lot
from engine.judgement import Judgement, Queue, Share
from engine.ready import Ready, Workshop
from engine.scene import lot_reader
from policies.kinds.allocate import PLACEHOLDERS, Allocate, ByClass, OrderKey
from policies.model import Policy, Text


class Payers(Protocol):
    """Lots of which some can pay: their positions are `usable`, and `last_days` runs in the order of `lots`.

    `chosen` are the ids of those that the member chose, if any.
    """

    @property
    def lots(self) -> Sequence[Lot]: ...

    @property
    def last_days(self) -> Sequence[date | None]: ...

    @property
    def usable(self) -> list[int]: ...

    @property
    def chosen(self) -> Sequence[str]: ...


Ranks = Callable[[Payers], Sequence[Any]]
"""Where each lot stands in an order: the lowest pays first."""

NOT_ENOUGH_POINTS = Allocate(
    id="not-enough-points",
    terms="",
    order=("soonest_to_expire",),
    reason=Text(
        "환급 가능한 포인트가 부족합니다(환급 가능 {available}, 신청 {points}).",
        "Not enough points can be refunded: {available} of the {points} asked for.",
    ),
)
"""What applies where no rule of the file says which lots pay first."""

_NEVER = 10_000_000
"""After every day of the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyAllocate(Ready):
    """`ranks` are the orders, the most important first."""

    ranks: tuple[Ranks, ...]


def make(rule: Allocate, workshop: Workshop) -> ReadyAllocate:
    """Gets the rule ready."""
    return ReadyAllocate(**workshop.common(rule, PLACEHOLDERS), ranks=ranks_of(rule.order, workshop.policy))


def allocate(judgement: Judgement) -> None:
    """Denies where the lots do not hold enough; otherwise takes the points from them, in the order of the rule."""
    ready = allocation_rule(judgement)
    figures = {"available": judgement.available, "points": judgement.points}
    if judgement.points > judgement.available:
        judgement.deny(ready, figures)
    elif not judgement.denied or judgement.tells_all:
        judgement.shares = _shares(judgement.points, queue(judgement, ready))
    judgement.note("allocate", {ready.id: figures})


def allocation_rule(judgement: Judgement) -> ReadyAllocate:
    """The one rule that says which lots pay first."""
    speaking: tuple[ReadyAllocate, ...] = judgement.speaking("allocate")
    if len(speaking) > 1:
        raise Conflict("allocate", (speaking[0].id, speaking[1].id))
    built_in: ReadyAllocate = judgement.built_in["allocate"]
    return speaking[0] if speaking else built_in


def queue(judgement: Judgement, ready: ReadyAllocate) -> Queue:
    """The lots that hold something and can pay, as the rule orders them. What its orders leave equal stays in the
    order of the ids.
    """
    known = judgement.queues.get(ready.id)
    if known is None:
        lefts = judgement.lefts
        order = in_order(judgement, ready.ranks)
        shares = [(position, left) for position in order if (left := lefts[position])]
        together = [*accumulate([left for _, left in shares])]
        known = judgement.queues[ready.id] = Queue(shares, together)
    return known


def ranks_of(order: Iterable[OrderKey], policy: Policy) -> tuple[Ranks, ...]:
    """The orders made ready, the most important first."""
    return tuple(_ranks(key, policy) for key in order)


def in_order(payers: Payers, ranks: Sequence[Ranks]) -> list[int]:
    """The lots that can pay, first to last. What the orders leave equal stays in the order of the ids."""
    order = payers.usable
    needed = []
    for each in ranks:
        places = each(payers)
        needed.append(places)
        if len({places[position] for position in order}) == len(order):
            # The orders behind one that leaves no two lots equal have nothing to say.
            break
    for places in reversed(needed):
        order = sorted(order, key=places.__getitem__)
    return order


def _shares(points: int, of: Queue) -> list[Share]:
    last = bisect_left(of.together, points)
    assert last < len(of.shares), f"the lots are short of {points} points, which are available"
    position, left = of.shares[last]
    return [*of.shares[:last], (position, points - of.together[last] + left)]


def _ranks(key: OrderKey, policy: Policy) -> Ranks:
    if isinstance(key, ByClass):
        ranks = {member: number for number, member in enumerate(key.members)}
        read = lot_reader(key.path, policy)
        return _by_lot(lambda lot: ranks.get(read(lot), len(ranks)))
    return _RANKS[key]


def _by_lot(rank: Callable[[Lot], int]) -> Ranks:
    return lambda payers: [rank(lot) for lot in payers.lots]


def _soonest_to_expire(payers: Payers) -> Sequence[Any]:
    last_days = payers.last_days
    if all(last_days):
        # Days order themselves; they only have to become numbers where some lot never expires.
        return last_days
    return [_NEVER if last_day is None else last_day.toordinal() for last_day in last_days]


def _chosen_by_member(payers: Payers) -> list[int]:
    places = {lot: place for place, lot in enumerate(payers.chosen)}
    return [places.get(lot.id, len(places)) for lot in payers.lots]


def _oldest(payers: Payers) -> list[date]:
    return [lot.acquired_on for lot in payers.lots]


_RANKS: dict[str, Ranks] = {
    "soonest_to_expire": _soonest_to_expire,
    "oldest": _oldest,
    "newest": _by_lot(lambda lot: -lot.acquired_on.toordinal()),
    "smallest": _by_lot(lambda lot: lot.left),
    "largest": _by_lot(lambda lot: -lot.left),
    "chosen_by_member": _chosen_by_member,
}
