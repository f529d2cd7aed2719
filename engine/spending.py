"""Points that a member spends other than by a refund: which lots pay, and what is said where they hold too few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.compiled import CompiledVersion
from engine.decision import Reason
from engine.facts import DayCase
from engine.kinds.allocate import ReadyAllocate
from engine.lot_days import lot_days, purse
from engine.scene import Scene
from engine.windows import begins
from policies.model import Text

NOT_ENOUGH = Text(
    "사용할 수 있는 포인트가 부족합니다(사용 가능 {available}, 사용 {points}).",
    "Not enough points can be used: {available} of the {points} used.",
)


@dataclass(frozen=True, slots=True)
class Spending:
    """What each lot pays, in the order in which they pay; nothing, and `refusal` says why, where they hold too few."""

    paid: Mapping[str, int]
    refusal: Reason | None


def spend(compiled: CompiledVersion, case: DayCase, points: int) -> Spending:
    """What the lots pay of so many points that were used on a day.

    Every lot pays that can be used on the day: not expired, not locked, and not of a later day. What can be refunded is
    no question here. The order is that of the policy's one `allocate` rule; where there is none, or there are several,
    which are for refunds of one sort or another, the soonest to expire pays first.
    Raises Conflict when two rules say until when a lot lasts.
    """
    days = lot_days(compiled, Scene(case.account, case.day, begins(case.day, compiled.zone)), case.lots)
    held = purse(days)
    usable = [
        position
        for position, lot in enumerate(days.lots)
        if days.usable(position) and not lot.locked and lot.usable_from_on <= case.day
    ]
    available = sum(held.left[position] for position in usable)
    if available < points:
        figures = {"available": available, "points": points}
        ko, en = (
            text.format(available=f"{available:,}", points=f"{points:,}") for text in (NOT_ENOUGH.ko, NOT_ENOUGH.en)
        )
        return Spending({}, Reason("not-enough-points", "use", "refuses", "", ko, en, figures, None))
    rules: tuple[ReadyAllocate, ...] = compiled.rules["allocate"]
    ready: ReadyAllocate = rules[0] if len(rules) == 1 else compiled.built_in["allocate"]
    taken = held.take(points, held.ordered(usable, ready.ranks))
    return Spending({days.lots[position].id: part for position, part in taken.items()}, None)
