"""`price`: how much money points come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from engine.errors import Conflict
from engine.facts import Lot
from engine.figures import Amount
from engine.judgement import Judgement, Share
from engine.money import divided, part
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.sentences import figure_data
from policies.kinds.price import PLACEHOLDERS, Price
from policies.model import Rounding, Text

COMES_TO_NOTHING = Price(
    id="comes-to-nothing",
    terms="",
    every=1,
    pays=1,
    whole_steps=True,
    reason=Text("신청한 {points} 포인트는 지급할 금액이 없습니다.", "{points} points come to no money at all."),
)
"""What denies a refund whose points are worth nothing."""

NO_SUCH_AMOUNT = Price(
    id="no-such-amount",
    terms="",
    every=1,
    pays=1,
    whole_steps=True,
    reason=Text("{money}에 해당하는 포인트가 없습니다.", "No number of points comes to {money}."),
)
"""What denies a request for an amount of money that no number of points comes to."""


class Rate(NamedTuple):
    """What points pay: `every` pay `pays`, and `bonus` percent more, rounded to a multiple of `to`."""

    every: int
    pays: int
    bonus: Fraction | None
    rounding: Rounding
    to: int
    whole_steps: bool

    @property
    def ratio(self) -> tuple[int, int]:
        """Money and the points that pay it, bonus included."""
        if self.bonus is None:
            return self.pays, self.every
        more = 100 + self.bonus
        return self.pays * more.numerator, self.every * 100 * more.denominator

    @property
    def even(self) -> bool:
        """Whether so many points always come to just their ratio, unrounded."""
        money, every = self.ratio
        return (self.every if self.whole_steps else 1) * money % (every * self.to) == 0

    def whole(self, points: int) -> int:
        """Those of the points that are paid for. Points beyond the last whole step, which are denied, are not."""
        return points - points % self.every if self.whole_steps else points

    def money(self, points: int) -> int:
        """What so many points come to."""
        money, every = self.ratio
        return divided(self.whole(points) * money, every, self.rounding, self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPrice(Ready):
    """`by_lot` is True when the lots decide how much the points pay."""

    every: Amount
    pays: Amount
    bonus: Amount | None
    rounding: Rounding
    to: int
    whole_steps: bool
    by_lot: bool

    def rate(self, scene: Scene, lot: Lot | None) -> Rate:
        """What the points of a lot pay."""
        bonus = None if self.bonus is None else self.bonus.read(scene, lot)
        every, pays = self.every.read(scene, lot), self.pays.read(scene, lot)
        return Rate(every, pays, bonus, self.rounding, self.to, self.whole_steps)


def make(rule: Price, workshop: Workshop) -> ReadyPrice:
    """Gets the rule ready."""
    figures = workshop.figures
    every, pays, bonus = figures.amount(rule.every), figures.amount(rule.pays), figures.optional(rule.bonus)
    return ReadyPrice(
        **workshop.common(rule, PLACEHOLDERS, (every, pays, bonus)),
        every=every,
        pays=pays,
        bonus=bonus,
        rounding=rule.rounding or "down",
        to=rule.to,
        whole_steps=rule.whole_steps,
        by_lot=any(each.of_lot for each in (every, pays, bonus) if each),
    )


_Key = tuple[str, Rate]
"""A price rule, and what its fields come to."""


class Priced(NamedTuple):
    """Points that one rule prices together, and what they come to."""

    ready: ReadyPrice
    rate: Rate
    points: int
    money: int
    lot: Lot


def price_of(judgement: Judgement, position: int) -> ReadyPrice | None:
    """The one rule that says what the points of a lot pay, None where they pay one unit each."""
    speaking: tuple[ReadyPrice, ...] = judgement.lot_plans[position].price
    if len(speaking) > 1:
        raise Conflict("price", (speaking[0].id, speaking[1].id), judgement.lots[position].id)
    return speaking[0] if speaking else None


def worth_of_first(judgement: Judgement, place: int, points: int) -> int:
    """What the first points of a share come to, by its place among the shares."""
    position, _ = judgement.shares[place]
    ready = price_of(judgement, position)
    if ready is None:
        return points
    rate = ready.rate(judgement.scene, judgement.lots[position])
    before = sum(
        [
            paid
            for each, paid in judgement.shares[:place]
            if price_of(judgement, each) is ready and ready.rate(judgement.scene, judgement.lots[each]) == rate
        ]
    )
    (together,) = [each for each in judgement.prices if (each.ready, each.rate) == (ready, rate)]
    whole = rate.whole(together.points)
    return part(together.money, before + points, whole) - part(together.money, before, whole)


def price(judgement: Judgement) -> None:
    """Says what the points come to. Denies broken steps, which come to what the step below does, and what comes to
    nothing.
    """
    if not judgement.rules["price"]:
        judgement.worth = judgement.shares
        judgement.gross = judgement.points
        return
    if not judgement.shares:
        return
    prices = _prices(judgement)
    in_order = sorted(prices, key=lambda each: judgement.rules["price"].index(each.ready))
    judgement.prices = in_order
    judgement.gross = sum([money for _, money in judgement.worth])
    if judgement.tracing:
        judgement.note_paying("price", [(each.ready.id, _told(each)) for each in in_order])
    broken = [each for each in in_order if each.rate.whole_steps and each.points % each.rate.every]
    for each in broken:
        judgement.deny(each.ready, _figures(each, judgement), each.lot)
    if not broken and not judgement.gross:
        judgement.deny_besides("price", {"points": judgement.points})
    if not judgement.gross:
        # Nothing more can be said of it. Of a broken step, more is said as of the step below.
        judgement.worth = []
    for each in in_order:
        if not judgement.denied:
            judgement.say(each.ready, "prices", _figures(each, judgement), each.lot)


def _prices(judgement: Judgement) -> list[Priced]:
    """What the points of each rule come to together; sets the worth of each lot."""
    found: dict[_Key, Priced] = {}
    keys: list[_Key | None] = []
    for position, points in judgement.shares:
        ready = price_of(judgement, position)
        if ready is None:
            keys.append(None)
            continue
        lot = judgement.lots[position]
        rate = ready.rate(judgement.scene, lot)
        before = found.get((ready.id, rate)) or Priced(ready, rate, 0, 0, lot)
        found[ready.id, rate] = before._replace(points=before.points + points)
        keys.append((ready.id, rate))
    for key, each in found.items():
        found[key] = each._replace(money=each.rate.money(each.points))
    judgement.worth = _worth(judgement.shares, keys, found)
    return list(found.values())


def _worth(shares: list[Share], keys: list[_Key | None], priced: Mapping[_Key, Priced]) -> list[Share]:
    """The money of each lot: its part, by its points, of what the points of its price come to together. It is what
    the lot adds to the part of those before it, rounded down, so that the parts always sum to the whole.
    """
    covered = dict.fromkeys(priced, 0)
    worth: list[Share] = []
    for (position, points), key in zip(shares, keys, strict=True):
        if key is None:
            worth.append((position, points))
            continue
        together = priced[key]
        before, after = covered[key], covered[key] + points
        covered[key] = after
        whole = together.rate.whole(together.points)
        worth.append((position, part(together.money, after, whole) - part(together.money, before, whole)))
    return worth


def _figures(priced: Priced, judgement: Judgement) -> dict[str, Any]:
    every, pays, bonus = priced.rate[:3]
    room = judgement.points - priced.points % every if priced.rate.whole_steps else None
    own = {"money": priced.money, "base": priced.points, "every": every, "pays": pays, "bonus": bonus, "room": room}
    return {**own, "points": judgement.points}


def _told(priced: Priced) -> dict[str, Any]:
    own = {"points": priced.points, "money": priced.money, "every": priced.rate.every, "pays": priced.rate.pays}
    return own if priced.rate.bonus is None else own | {"bonus": figure_data(priced.rate.bonus)}
