"""The lots of an account on a day, outside of a refund request: which have expired, and which can pay first to last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.compiled import CompiledVersion
from engine.errors import Conflict
from engine.facts import Lot
from engine.kinds.allocate import Ranks, in_order
from engine.plans import Status
from engine.ready import Ready
from engine.scene import Scene


@dataclass(frozen=True, slots=True)
class LotDays:
    """Lots with their last usable days, and how the rules of each kind stand to each of them, in the same order.

    `expiries` are the rules that say so, the built-in one where none of the file does.
    """

    lots: tuple[Lot, ...]
    last_days: tuple[date | None, ...]
    expiries: tuple[Ready, ...]
    statuses: Sequence[Mapping[str, list[Status]]]
    today: date

    def usable(self, position: int) -> bool:
        """Whether the lot of that position has not expired."""
        last_day = self.last_days[position]
        return last_day is None or last_day >= self.today

    def speaking(self, kind: str, position: int) -> list[Any]:
        """The rules of a kind that have their say on the lot of that position."""
        return [status.ready for status in self.statuses[position][kind] if status.speaks]


def lot_days(compiled: CompiledVersion, scene: Scene, lots: tuple[Lot, ...]) -> LotDays:
    """What the rules say of each lot on the day of the scene. Raises Conflict where two say until when it lasts."""
    found = compiled.day.statuses(scene, lots)
    seen = compiled.day.seen_by(scene)
    last_days, expiries = [], []
    for lot, standing in zip(lots, found, strict=True):
        rules: list[Any] = [status.ready for status in standing["expire"] if status.speaks]
        if len(rules) > 1:
            raise Conflict("expire", (rules[0].id, rules[1].id), lot.id)
        last_days.append(rules[0].last_day(seen, lot) if rules else lot.expires_on)
        expiries.append(rules[0] if rules else compiled.built_in["expire"])
    return LotDays(lots, tuple(last_days), tuple(expiries), found, scene.day)


@dataclass(frozen=True, slots=True)
class Purse:
    """Lots that pay one after another; `left` is what each still holds, by its position, and goes down."""

    of: LotDays
    left: dict[int, int]

    def take(self, points: int, positions: Iterable[int]) -> dict[int, int]:
        """Up to so many points from the lots of these positions, first to last: what each of them pays."""
        taken: dict[int, int] = {}
        for position in positions:
            paid = min(points, self.left[position])
            if paid:
                taken[position] = paid
                self.left[position] -= paid
                points -= paid
        return taken

    def ordered(self, positions: Iterable[int], ranks: Sequence[Ranks]) -> list[int]:
        """The positions in an order of use."""
        return in_order(_Payers(self.of.lots, self.of.last_days, list(positions)), ranks)


def purse(of: LotDays) -> Purse:
    """The lots with what they hold; what has expired holds nothing any more."""
    return Purse(of, {n: lot.left if of.usable(n) else 0 for n, lot in enumerate(of.lots)})


@dataclass(frozen=True, slots=True)
class _Payers:
    lots: Sequence[Lot]
    last_days: Sequence[date | None]
    usable: list[int]
    chosen: Sequence[str] = ()
