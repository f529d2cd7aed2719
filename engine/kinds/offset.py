"""`offset`: a debt that is set off against a payout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from engine.errors import Conflict
from engine.figures import Amount
from engine.judgement import Judgement
from engine.kinds.tax import named_before
from engine.money import share
from engine.ready import Ready, Workshop
from engine.scene import Scene
from policies.kinds.offset import PLACEHOLDERS, Offset
from policies.model import Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyOffset(Ready):
    """`comes_after` are all offsets that come first, `shared` those of them that count towards `at_most` too."""

    debt: Amount
    at_most: Amount | None
    rounding: Rounding
    comes_after: frozenset[str]
    shared: tuple[str, ...]

    def bounds(self, scene: Scene) -> tuple[int, int | Fraction | None]:
        """The debt, and the most that is set off: money, or a percentage of what is left before any debt."""
        return max(0, self.debt.read(scene, None)), None if self.at_most is None else self.at_most.read(scene, None)


def make(rule: Offset, workshop: Workshop) -> ReadyOffset:
    """Gets the rule ready."""
    debt, most = workshop.figures.amount(rule.debt), workshop.figures.optional(rule.at_most)
    return ReadyOffset(
        **workshop.common(rule, PLACEHOLDERS, (debt, most)),
        debt=debt,
        at_most=most,
        rounding=rule.rounding or "down",
        shared=rule.shared,
        comes_after=named_before(rule, "after", workshop.policy.rules_of("offset")),
    )


class SetOff(NamedTuple):
    """What one offset rule pays of a debt."""

    ready: ReadyOffset
    debt: int
    offset: int


def offsets_in_order(judgement: Judgement) -> list[ReadyOffset]:
    """The offsets that apply, first to last."""
    # What comes after another comes after all that the other comes after.
    speaking: list[ReadyOffset] = sorted(judgement.speaking("offset"), key=lambda each: len(each.comes_after))
    for one, other in pairwise(speaking):
        if one.id not in other.comes_after:
            raise Conflict("offset", (one.id, other.id))
    return speaking


def set_off(offsets: Iterable[ReadyOffset], scene: Scene, money: int) -> list[SetOff]:
    """What each offset, in their order, takes of the money that fees and taxes leave."""
    found = []
    left = money
    by_rule: dict[str, int] = {}
    for ready in offsets:
        debt, most = ready.bounds(scene)
        wanted = debt
        if most is not None:
            most = share(money, most, ready.rounding) if isinstance(most, Fraction) else most
            wanted = min(debt, max(0, most - sum([by_rule.get(each, 0) for each in ready.shared])))
        taken = by_rule[ready.id] = min(wanted, left)
        left -= taken
        found.append(SetOff(ready, debt, taken))
    return found


def offset(judgement: Judgement) -> None:
    """Sets debts off against what fees and taxes leave, down to a payout of 0."""
    if not judgement.rules["offset"]:
        return
    found = set_off(offsets_in_order(judgement), judgement.scene, judgement.gross - judgement.fee - judgement.tax)
    for ready, debt, taken in found:
        if taken and not judgement.denied:
            judgement.say(ready, "charges", {"offset": taken, "debt": debt, "rest": debt - taken})
    judgement.offsets = found
    judgement.offset = sum([each.offset for each in found])
    judgement.note("offset", {each.ready.id: {"debt": each.debt, "offset": each.offset} for each in found})
