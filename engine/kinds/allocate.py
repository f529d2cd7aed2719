"""`allocate`: which lots pay first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.errors import Conflict
from engine.facts import Lot
from engine.judgement import Judgement, Share
from engine.ready import Ready, Workshop
from engine.scene import lot_reader
from policies.kinds.allocate import PLACEHOLDERS, Allocate, ByClass, OrderKey
from policies.model import Policy, Text

Ranks = Callable[[Judgement], dict[int, int]]
"""Where each lot that can pay stands in an order, by its position: the lowest pays first."""

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
    ranks = tuple(_ranks(key, workshop.policy) for key in rule.order)
    return ReadyAllocate(**workshop.common(rule, PLACEHOLDERS), ranks=ranks)


def allocate(judgement: Judgement) -> None:
    """Denies where the lots do not hold enough; otherwise takes the points from them, in the order of the rule."""
    ready = allocation_rule(judgement)
    figures = {"available": judgement.available, "points": judgement.points}
    if judgement.points > judgement.available:
        judgement.deny(ready, figures)
    elif not judgement.denied:
        judgement.shares = _shares(judgement, in_order(judgement, ready))
    judgement.note("allocate", {ready.id: figures})


def allocation_rule(judgement: Judgement) -> ReadyAllocate:
    """The one rule that says which lots pay first."""
    speaking: tuple[ReadyAllocate, ...] = judgement.speaking("allocate")
    if len(speaking) > 1:
        raise Conflict("allocate", (speaking[0].id, speaking[1].id))
    built_in: ReadyAllocate = judgement.built_in["allocate"]
    return speaking[0] if speaking else built_in


def in_order(judgement: Judgement, ready: ReadyAllocate) -> list[int]:
    """The lots that can pay, first to last. What the orders leave equal stays in the order of the ids."""
    order = judgement.usable
    for ranks in reversed(ready.ranks):
        order = sorted(order, key=ranks(judgement).__getitem__)
    return order


def _shares(judgement: Judgement, order: list[int]) -> list[Share]:
    missing = judgement.points
    shares = []
    for position in order:
        taken = min(missing, judgement.lots[position].left)
        if taken:
            shares.append((position, taken))
            missing -= taken
            if not missing:
                break
    assert not missing, f"the lots are {missing} points short of what is available"
    return shares


def _ranks(key: OrderKey, policy: Policy) -> Ranks:
    if isinstance(key, ByClass):
        ranks = {member: number for number, member in enumerate(key.members)}
        read = lot_reader(key.path, policy)
        return _by_lot(lambda lot: ranks.get(read(lot), len(ranks)))
    return _RANKS[key]


def _by_lot(rank: Callable[[Lot], int]) -> Ranks:
    return lambda judgement: {position: rank(judgement.lots[position]) for position in judgement.usable}


def _soonest_to_expire(judgement: Judgement) -> dict[int, int]:
    last_days = judgement.last_days
    return {
        position: _NEVER if (last_day := last_days[position]) is None else last_day.toordinal()
        for position in judgement.usable
    }


_RANKS: dict[str, Ranks] = {
    "soonest_to_expire": _soonest_to_expire,
    "oldest": _by_lot(lambda lot: lot.acquired_on.toordinal()),
    "newest": _by_lot(lambda lot: -lot.acquired_on.toordinal()),
    "smallest": _by_lot(lambda lot: lot.left),
    "largest": _by_lot(lambda lot: -lot.left),
}
