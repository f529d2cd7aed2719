"""`offset`: a debt that is set off against a payout."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from engine.errors import Conflict
from engine.figures import Amount
from engine.judgement import Judgement
from engine.kinds.tax import named_before
from engine.ready import Ready, Workshop
from policies.kinds.offset import PLACEHOLDERS, Offset


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyOffset(Ready):
    """`comes_after` are all offsets that come first."""

    debt: Amount
    at_most: Amount | None
    comes_after: frozenset[str]

    def wanted(self, judgement: Judgement) -> tuple[int, int]:
        """The debt, and how much of it is set off where the refund suffices."""
        debt = max(0, self.debt.read(judgement.scene, None))
        most = self.at_most and self.at_most.read(judgement.scene, None)
        return debt, debt if most is None else min(debt, most)


def make(rule: Offset, workshop: Workshop) -> ReadyOffset:
    """Gets the rule ready."""
    debt, most = workshop.figures.amount(rule.debt), workshop.figures.optional(rule.at_most)
    return ReadyOffset(
        **workshop.common(rule, PLACEHOLDERS, (debt, most)),
        debt=debt,
        at_most=most,
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


def offset(judgement: Judgement) -> None:
    """Sets debts off against what fees and taxes leave, down to a payout of 0."""
    if not judgement.rules["offset"]:
        return
    found = []
    left = judgement.gross - judgement.fee - judgement.tax
    for ready in offsets_in_order(judgement):
        debt, wanted = ready.wanted(judgement)
        taken = min(wanted, left)
        left -= taken
        found.append(SetOff(ready, debt, taken))
        if taken and not judgement.denied:
            judgement.say(ready, "charges", {"offset": taken, "debt": debt, "rest": debt - taken})
    judgement.offsets = found
    judgement.offset = sum([each.offset for each in found])
    judgement.note("offset", {each.ready.id: {"debt": each.debt, "offset": each.offset} for each in found})
