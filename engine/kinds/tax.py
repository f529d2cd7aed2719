"""`tax`: what is withheld from a refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from engine.errors import Conflict
from engine.facts import Lot
from engine.figures import Amount
from engine.judgement import Charge, Judgement
from engine.money import share
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.sentences import figure_data
from policies.kinds.tax import PLACEHOLDERS, Tax
from policies.model import Rounding, Rule, Text

TAX_EXCEEDS_PAYOUT = Tax(
    id="tax-exceeds-payout",
    terms="",
    rate=Fraction(0),
    rounding="down",
    reason=Text(
        "수수료와 세금을 빼면 남는 금액이 없습니다(세금 {tax}, 환급액 {base}).",
        "Fees and a tax of {tax} leave nothing of the refund of {base}.",
    ),
)
"""What denies a refund that its fees and taxes would eat up."""


class Rates(NamedTuple):
    """What a tax comes to: its rate, the base that it needs, and the tax that it needs."""

    rate: Fraction
    above: int | None
    waived_under: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTax(Ready):
    """`taxes_on` are the taxes that it is on, those included that they are on themselves. `by_lot` is True when the
    lots decide what it comes to, `above_by_lot` and `waived_by_lot` when they decide that figure.
    """

    rate: Amount
    rounding: Rounding
    to: int
    above: Amount | None
    excess: bool
    waived_under: Amount | None
    of: tuple[str, ...]
    taxes_on: frozenset[str]
    after_fees: bool
    adds_to: frozenset[str]
    by_lot: bool
    above_by_lot: bool
    waived_by_lot: bool

    def rates(self, scene: Scene, lot: Lot | None) -> Rates:
        """What the tax's fields come to for a lot."""
        above = None if self.above is None else self.above.read(scene, lot)
        waived = None if self.waived_under is None else self.waived_under.read(scene, lot)
        return Rates(self.rate.read(scene, lot), above, waived)

    def withheld(self, groups: Sequence[tuple[int, Rates]]) -> list[int]:
        """What is withheld from the bases of the groups of lots, in the order in which they pay.

        What a base has to be over, and a tax has to come to, holds for all of them together, unless lots decide it;
        what is not taxed is then the money of those that pay first.
        """
        together = sum([base for base, _ in groups])
        found = []
        before = 0
        for base, rates in groups:
            above = rates.above
            upto = before + base
            if above is None:
                taxed = base
            elif self.above_by_lot:
                taxed = 0 if base <= above else base - above if self.excess else base
            elif self.excess:
                taxed = max(0, upto - above) - max(0, before - above)
            else:
                taxed = 0 if together <= above else base
            before = upto
            tax = share(taxed, rates.rate, self.rounding, self.to)
            waived = rates.waived_under if self.waived_by_lot else None
            found.append(0 if waived is not None and tax < waived else tax)
        waived = None if self.waived_by_lot or not groups else groups[0][1].waived_under
        return [0] * len(found) if waived is not None and sum(found) < waived else found


def make(rule: Tax, workshop: Workshop) -> ReadyTax:
    """Gets the rule ready."""
    figures = workshop.figures
    rate, above, waived = figures.amount(rule.rate), figures.optional(rule.above), figures.optional(rule.waived_under)
    amounts = [each for each in (rate, above, waived) if each]
    return ReadyTax(
        **workshop.common(rule, PLACEHOLDERS, amounts),
        rate=rate,
        rounding=rule.rounding,
        to=rule.to,
        above=above,
        excess=rule.taxes == "excess",
        waived_under=waived,
        of=rule.of,
        taxes_on=named_before(rule, "of", workshop.policy.rules_of("tax")),
        after_fees=rule.after_fees,
        adds_to=frozenset(rule.adds_to),
        by_lot=any(each.of_lot for each in amounts),
        above_by_lot=bool(above and above.of_lot),
        waived_by_lot=bool(waived and waived.of_lot),
    )


def named_before(rule: Rule, field: str, rules: tuple[Rule, ...]) -> frozenset[str]:
    """The rules that a rule names in a field, those that they name, and so on."""
    by_id = {each.id: each for each in rules}
    found = set[str]()
    ahead = list(getattr(rule, field))
    while ahead:
        each = ahead.pop()
        if each not in found:
            found.add(each)
            ahead += getattr(by_id[each], field)
    return frozenset(found)


class Withheld(NamedTuple):
    """What one tax rule withholds, from which base."""

    ready: ReadyTax
    rates: Rates
    base: int
    tax: int
    lot: Lot


def check_taxes(judgement: Judgement, position: int) -> None:
    """Two taxes on the money of one lot, or on the same tax, need one to add to the other."""
    speaking: tuple[ReadyTax, ...] = judgement.lot_plans[position].tax
    for number, one in enumerate(speaking):
        for other in speaking[number + 1 :]:
            same = bool(set(one.of) & set(other.of)) if one.of and other.of else not one.of and not other.of
            chained = one.id in other.taxes_on or other.id in one.taxes_on
            if same and not chained and one.id not in other.adds_to and other.id not in one.adds_to:
                raise Conflict("tax", (one.id, other.id), judgement.lots[position].id)


def tax(judgement: Judgement) -> None:
    """Withholds every tax that applies, from the sum of the money of its lots. Where nothing is left, that denies."""
    if not judgement.rules["tax"]:
        return
    bases = _bases(judgement)
    withheld: list[Withheld] = []
    by_rule: dict[str, int] = {}
    # A tax on a tax comes after it.
    for ready in sorted(judgement.rules["tax"], key=lambda each: len(each.taxes_on)):
        groups = []
        for rates, (moneys, lot) in bases.get(ready.id, {}).items():
            if ready.of:
                base = sum([by_rule.get(each, 0) for each in ready.of])
            else:
                base = sum(moneys.values())
                if ready.after_fees:
                    base = max(0, base - sum([_part(charge, moneys) for charge in judgement.charges]))
            groups.append((base, rates, lot))
        amounts = ready.withheld([(base, rates) for base, rates, _ in groups])
        by_rule[ready.id] = sum(amounts)
        for (base, rates, lot), amount in zip(groups, amounts, strict=True):
            withheld.append(Withheld(ready, rates, base, amount, lot))
    withheld.sort(key=lambda each: judgement.rules["tax"].index(each.ready))
    judgement.taxes = withheld
    judgement.tax = sum(by_rule.values())
    if judgement.tracing:
        judgement.note_paying("tax", [(each.ready.id, _told(each)) for each in withheld])
    if judgement.fee + judgement.tax >= judgement.gross:
        figures = {"tax": judgement.tax, "base": judgement.gross, "rate": None, "above": None}
        judgement.deny_besides("tax", figures)
        judgement.worth = []
        return
    for each in withheld:
        if each.tax and not judgement.denied:
            judgement.say(each.ready, "charges", _figures(each), each.lot)


Bases = dict[str, dict[Rates, tuple[dict[int, int], Lot]]]


def _bases(judgement: Judgement) -> Bases:
    """The money of the lots, by their position, that each tax is on: together, or apart where lots make the tax's own
    fields differ. For a tax on a tax, that it applies.
    """
    bases: Bases = {}
    for position, money in judgement.worth:
        speaking = judgement.lot_plans[position].tax
        if len(speaking) > 1:
            check_taxes(judgement, position)
        for ready in speaking:
            lot = judgement.lots[position]
            moneys, _ = bases.setdefault(ready.id, {}).setdefault(ready.rates(judgement.scene, lot), ({}, lot))
            moneys[position] = money
    return bases


def _part(charge: Charge, moneys: Mapping[int, int]) -> int:
    """The part of a fee that falls on some lots, by their money."""
    common = sum([money for position, money in charge.shares if position in moneys])
    return part_of_fee(charge.fee, common, charge.base)


def part_of_fee(fee: int, common: int, base: int) -> int:
    """The part of a fee on `base` that falls on `common` of it, rounded down.

    >>> part_of_fee(500, 10_000, 10_000), part_of_fee(500, 3_333, 10_000), part_of_fee(500, 0, 0)
    (500, 166, 0)
    """
    return fee * common // base if base else 0


def _figures(withheld: Withheld) -> dict[str, Any]:
    return {
        "tax": withheld.tax,
        "base": withheld.base,
        "rate": withheld.rates.rate,
        "above": withheld.rates.above,
    }


def _told(withheld: Withheld) -> dict[str, Any]:
    return {name: figure_data(figure) for name, figure in _figures(withheld).items() if figure is not None}
