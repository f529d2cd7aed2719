"""`clawback`: what an event that undoes another takes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.facts import Earning, Event
from engine.kinds.allocate import Ranks, ranks_of
from engine.money import divided
from engine.ready import Ready, Workshop
from policies.kinds.clawback import PLACEHOLDERS, Clawback
from policies.model import Comparison, Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyClawback(Ready):
    """`of` are the earn rules whose points it takes back (empty: all); `rounding` is None where it takes back all.

    `lots` is the name of the formula of the other lots that may pay, None where all may.
    """

    of: frozenset[str]
    rounding: Rounding | None
    earned_lot: bool
    others: bool
    ranks: tuple[Ranks, ...]
    lots: str | None
    shortfall: str

    def covers(self, earn_rule: str) -> bool:
        """Whether it takes back what an earn rule granted."""
        return not self.of or earn_rule in self.of


def make(rule: Clawback, workshop: Workshop) -> ReadyClawback:
    """Gets the rule ready."""
    common = workshop.common(rule, PLACEHOLDERS)
    event = workshop.test(f"{rule.id}/event", Comparison("event.type", "is", rule.event))
    common["guard"] = replace(common["guard"], within=(event,))
    return ReadyClawback(
        **common,
        of=frozenset(rule.of),
        rounding=rule.rounding,
        earned_lot="earned_lot" in rule.take,
        others="others" in rule.take,
        ranks=ranks_of(rule.others, workshop.policy),
        lots=workshop.formula(f"{rule.id}/lots", rule.lots),
        shortfall=rule.shortfall,
    )


def to_take_back(ready: ReadyClawback, event: Event, earning: Earning) -> int:
    """The points that the event takes back of what was earned, never more than are left of it.

    Events that undo parts take together what one that undoes their sum would: the rounding is of the running total, so
    that many small parts leave nothing over, and take no more than they should. An event that tells no amount undoes
    the whole.
    """
    left = earning.points - earning.taken
    undone = earning.undone + event.amount
    if ready.rounding is None or not event.amount or undone >= earning.amount:
        return left
    # What was taken goes with what was undone: where that is not told, the event is rounded by itself.
    before = earning.taken if earning.undone else 0
    return min(left, max(0, divided(earning.points * undone, earning.amount, ready.rounding) - before))
