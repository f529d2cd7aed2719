"""`fee`: what a refund costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import Conflict
from engine.facts import Lot
from engine.figures import Amount
from engine.judgement import Charge, Judgement, Share
from engine.kinds.price import worth_of_first
from engine.money import share
from engine.plans import LotPlan
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.sentences import figure_data
from engine.windows import Bounds, past_refunds, window
from policies.kinds.fee import PLACEHOLDERS, Fee
from policies.model import Rounding, Text

FEE_EXCEEDS_PAYOUT = Fee(
    id="fee-exceeds-payout",
    terms="",
    flat=0,
    reason=Text(
        "수수료를 빼면 남는 금액이 없습니다(수수료 {fee}, 환급액 {base}).",
        "The fee of {fee} leaves nothing of the refund of {base}.",
    ),
)
"""What denies a refund that its fees would eat up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyFee(Ready):
    """Just one of `flat` and `rate` is there. `by_lot` is True when the lots decide how much it comes to;
    `bounds_by_lot` says of `at_least` and of `at_most` whether they decide it. `fixed` are the terms where they are the
    same for every request.
    """

    flat: Amount | None
    rate: Amount | None
    rounding: Rounding
    to: int
    at_least: Amount | None
    at_most: Amount | None
    gross_at_least: Amount | None
    gross_under: Amount | None
    free_first: Amount | None
    free_points: Amount | None
    free_window: Bounds | None
    free_methods: frozenset[str]
    free_same_method: bool
    adds_to: frozenset[str]
    by_lot: bool
    bounds_by_lot: tuple[bool, bool]
    fixed: tuple[Any, ...] | None

    def terms_for(self, scene: Scene, lot: Lot) -> tuple[Any, ...]:
        """What the fee's fields come to for a lot: flat, rate, at_least, at_most, gross_at_least, gross_under."""
        if self.fixed is not None:
            return self.fixed
        terms = (self.flat, self.rate, self.at_least, self.at_most, self.gross_at_least, self.gross_under)
        return tuple([each and each.read(scene, lot) for each in terms])

    def bounds(self, terms: tuple[Any, ...], *, by_lot: bool) -> tuple[int | None, int | None]:
        """The least and the most that lots decide, or those that hold for the rule as a whole."""
        of_least, of_most = self.bounds_by_lot
        return terms[2] if of_least == by_lot else None, terms[3] if of_most == by_lot else None


def make(rule: Fee, workshop: Workshop) -> ReadyFee:
    """Gets the rule ready."""
    figures = workshop.figures
    flat, rate = figures.optional(rule.flat), figures.optional(rule.rate)
    at_least, at_most = figures.optional(rule.at_least), figures.optional(rule.at_most)
    gross_at_least, gross_under = figures.optional(rule.gross_at_least), figures.optional(rule.gross_under)
    first = figures.optional(rule.free.first) if rule.free else None
    points = figures.optional(rule.free.points) if rule.free else None
    terms = (flat, rate, at_least, at_most, gross_at_least, gross_under)
    amounts = [each for each in terms if each]
    return ReadyFee(
        **workshop.common(rule, PLACEHOLDERS, (*amounts, first, points)),
        flat=flat,
        rate=rate,
        rounding=rule.rounding or "down",
        to=rule.to,
        at_least=at_least,
        at_most=at_most,
        gross_at_least=gross_at_least,
        gross_under=gross_under,
        free_first=first,
        free_points=points,
        free_window=window(rule.free.per, workshop.zone) if rule.free else None,
        free_methods=frozenset(rule.free.methods) if rule.free else frozenset(),
        free_same_method=rule.free is not None and rule.free.same_method,
        adds_to=frozenset(rule.adds_to),
        by_lot=any(each.of_lot for each in amounts),
        bounds_by_lot=(bool(at_least and at_least.of_lot), bool(at_most and at_most.of_lot)),
        fixed=tuple(each and each.figure for each in terms)
        if all(each.figure is not None for each in amounts)
        else None,
    )


def fee(judgement: Judgement) -> None:
    """Charges every fee that applies, on the sum of the money of its lots. Fees that leave nothing of it deny."""
    bases = _bases(judgement)
    charges = [
        charge
        for ready in judgement.rules["fee"]
        if ready.id in bases
        for charge in _charges(ready, judgement, bases[ready.id])
    ]
    judgement.charges = charges
    judgement.fee = sum([charge.fee for charge in charges])
    if judgement.tracing:
        judgement.note_paying("fee", [(charge.ready.id, _told(charge)) for charge in charges])
    if judgement.fee >= judgement.gross:
        figures = {"fee": judgement.fee, "base": judgement.gross, "rate": None, "flat": None}
        judgement.deny_besides("fee", figures)
        judgement.worth = []
        return
    for charge in charges:
        if charge.fee and not judgement.denied:
            judgement.say(charge.ready, "charges", charge.figures, charge.lot)


Bases = dict[str, dict[tuple[Any, ...], list[Share]]]


def _bases(judgement: Judgement) -> Bases:
    """The money of the lots that each fee is charged on: together, or apart where lots make the fee's own fields
    differ.
    """
    bases: Bases = {}
    lots = judgement.lots
    for fees, shares in _by_fees(judgement):
        if len(fees) > 1:
            check_fees(fees, lots[shares[0][0]])
        for ready in fees:
            charged = shares
            if ready.free_points is not None:
                beyond = _beyond(judgement, free_points(ready, judgement.scene))
                charged = [(position, beyond[position]) for position, _ in shares if position in beyond]
            if not charged:
                continue
            together = bases.setdefault(ready.id, {})
            if not ready.by_lot:
                together.setdefault((), []).extend(charged)
                continue
            for each in charged:
                together.setdefault(ready.terms_for(judgement.scene, lots[each[0]]), []).append(each)
    return bases


def _by_fees(judgement: Judgement) -> Collection[tuple[tuple[ReadyFee, ...], list[Share]]]:
    """The lots that pay, with the fees that all of them are charged."""
    plans, worth, alike = judgement.lot_plans, judgement.worth, judgement.mixture.fee
    if alike is not None:
        # Most fees do not look at lots.
        return [(alike, worth)] if worth and alike else []
    groups: dict[LotPlan, list[Share]] = {}
    for each in worth:
        groups.setdefault(plans[each[0]], []).append(each)
    return [(plan.fee, shares) for plan, shares in groups.items()]


def check_fees(speaking: tuple[ReadyFee, ...], lot: Lot) -> None:
    """Two fees on one lot need one to add to the other."""
    for number, one in enumerate(speaking):
        for other in speaking[number + 1 :]:
            if one.id not in other.adds_to and other.id not in one.adds_to:
                raise Conflict("fee", (one.id, other.id), lot.id)


def _charges(ready: ReadyFee, judgement: Judgement, groups: Mapping[tuple[Any, ...], list[Share]]) -> list[Charge]:
    """What the groups of lots come to, in the order in which they pay. Bounds hold for all of them together: each comes
    to the difference that it makes to those before it.
    """
    scene, lots = judgement.scene, judgement.lots
    free = is_free(ready, scene)
    rates = before = 0
    charges = []
    for key, shares in groups.items() if len(groups) == 1 else _in_order(judgement, groups):
        lot = lots[shares[0][0]]
        base = sum([money for _, money in shares])
        terms = key or ready.terms_for(scene, lot)
        flat, rate, _, _, *of_gross = terms
        if free or not _between(judgement.gross, *of_gross):
            amount = 0
        elif rate is None:
            amount = flat
        else:
            own = share(base, rate, ready.rounding, ready.to)
            rates += within(own, *ready.bounds(terms, by_lot=True))
            together = within(rates, *ready.bounds(terms, by_lot=False))
            amount, before = together - before, together
        assert amount >= 0, f"{ready.id} charges {amount}"
        figures = {"fee": amount, "base": base, "rate": rate, "flat": flat}
        charges.append(Charge(ready, base, amount, rate, figures, shares, lot))
    return charges


def _in_order(
    judgement: Judgement, groups: Mapping[tuple[Any, ...], list[Share]]
) -> list[tuple[tuple[Any, ...], list[Share]]]:
    """The groups in the order in which the first of their lots pay."""
    places = {position: place for place, (position, _) in enumerate(judgement.worth)}
    return sorted(groups.items(), key=lambda group: min([places[position] for position, _ in group[1]]))


def within(amount: int, least: int | None, most: int | None) -> int:
    """The amount, held between its bounds; where they contradict each other, `most` counts.

    >>> within(3, 5, None), within(9, 5, 7), within(6, None, None)
    (5, 7, 6)
    """
    amount = amount if least is None else max(amount, least)
    return amount if most is None else min(amount, most)


def _between(gross: int, least: int | None, under: int | None) -> bool:
    return (least is None or gross >= least) and (under is None or gross < under)


def is_free(ready: ReadyFee, scene: Scene) -> bool:
    """Whether this refund is among the first of its window, which cost nothing."""
    if ready.free_first is None or ready.free_window is None:
        return False
    free: int = ready.free_first.read(scene, None)
    past = past_refunds(scene, ready.free_window, methods=ready.free_methods, same_method=ready.free_same_method)
    return len(past) < free


def free_points(ready: ReadyFee, scene: Scene) -> int:
    """How many points of this refund, the first that are paid, cost nothing: what the window has left of them."""
    if ready.free_points is None or ready.free_window is None:
        return 0
    free: int = ready.free_points.read(scene, None)
    past = past_refunds(scene, ready.free_window, methods=ready.free_methods, same_method=ready.free_same_method)
    return max(0, free - sum([refund.points for refund in past]))


def _beyond(judgement: Judgement, points: int) -> dict[int, int]:
    """The money of the lots, by their position, without the first points that they pay."""
    found: dict[int, int] = {}
    end = 0
    for place, ((position, paid), (_, money)) in enumerate(zip(judgement.shares, judgement.worth, strict=True)):
        start, end = end, end + paid
        if end > points:
            found[position] = money if start >= points else money - worth_of_first(judgement, place, points - start)
    return found


def _told(charge: Charge) -> dict[str, Any]:
    return {name: figure_data(charge.figures[name]) for name in ("base", "fee", "rate", "flat")}
