"""A measure and its bound, as limits and reviews have them: whether it is passed, its figures, what it lets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import gcd
from operator import ge, le

from engine.figures import Amount
from engine.judgement import Judgement
from engine.money import share
from engine.ready import Workshop
from engine.windows import Gauge, gauge
from policies.kinds.limit import Limit
from policies.kinds.review import Review
from policies.model import BalanceShare, BoundAmount, Comparison, Measure, Rounding


class Reading:
    """What a bound and its measure come to: `limit` is the last measure that passes, `base` the measure without the
    points asked for (or the payout), `measured` with them.
    """

    def __init__(self, limit: int, base: int, measured: int, passes: bool) -> None:
        self.limit = limit
        self.base = base
        self.measured = measured
        self.passes = passes


class Allowed:
    """The amounts from `least` to `most` that leave the rest `rest` when divided by `step`."""

    def __init__(self, least: int, most: int, step: int = 1, rest: int = 0) -> None:
        self.least = least
        self.most = most
        self.step = step
        self.rest = rest

    def __repr__(self) -> str:
        return f"Allowed({self.least}, {self.most}, {self.step}, {self.rest})"

    def between(self, least: int, most: int) -> Allowed:
        """Those of the same rest between other ends."""
        return Allowed(least, most, self.step, self.rest)

    def both(self, other: Allowed) -> Allowed | None:
        """The amounts that two bounds let through; None when there are none.

        >>> Allowed(1, 100, 6, 4).both(Allowed(20, 200, 4, 2))
        Allowed(20, 100, 12, 10)
        >>> Allowed(1, 100, 2, 0).both(Allowed(1, 100, 2, 1)) is None
        True
        """
        least = max(other.least, self.least)
        most = min(other.most, self.most)
        if least > most:
            return None
        if other.step == 1:
            # Most bounds are no steps.
            return self.between(least, most)
        shared = gcd(self.step, other.step)
        if (self.rest - other.rest) % shared:
            return None
        # The chinese remainder: how often `step` must be added to `rest` until it suits the other as well.
        times = (other.rest - self.rest) // shared * pow(self.step // shared, -1, other.step // shared)
        step = self.step // shared * other.step
        return Allowed(least, most, step, (self.rest + self.step * times) % step)

    def down(self, amount: int) -> int:
        """The largest amount of this rest up to `amount`."""
        return amount - (amount - self.rest) % self.step

    def up(self, amount: int) -> int:
        """The smallest amount of this rest from `amount`."""
        return amount + (self.rest - amount) % self.step


@dataclass(frozen=True, slots=True)
class Held:
    """A share of what the member holds, as a bound."""

    share: Amount
    of: str
    rounding: Rounding
    at_least: Amount | None

    def read(self, judgement: Judgement) -> int:
        """The points that the share comes to today."""
        held = judgement.available if self.of == "available" else judgement.balance
        points = share(held, self.share.read(judgement.scene, None), self.rounding)
        return points if self.at_least is None else max(points, self.at_least.read(judgement.scene, None))


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure with the sense in which it is bound: `at_most`, `at_least` or `multiple_of`.

    `holds` says whether a measure is within it. `beyond` is what the last measure that passes lies beyond the amount
    that the rule names: a review `at_least` 10 lets at most 9 pass, so it is -1 there. `fixed` is that measure where it
    is the same for every request. With `or_all` a request for all points that can be refunded passes whatever the
    measure is; and where it is `lifted_by_offset`, a payout all of which is set off against a debt: nothing is paid out
    then. `always` are the amounts that it lets through where these are the same for every request, and `plain` is the
    limit where nothing counts besides but the points asked for.
    """

    gauge: Gauge
    sense: str
    holds: Callable[[int, int], bool]
    amount: Amount | Held
    beyond: int
    fixed: int | None
    or_all: bool = False
    lifted_by_offset: bool = False
    always: Allowed | None = None
    plain: int | None = None

    @property
    def amounts(self) -> tuple[Amount | None, ...]:
        """The figures that the bound depends on."""
        return (self.amount.share, self.amount.at_least) if isinstance(self.amount, Held) else (self.amount,)

    @property
    def in_money(self) -> bool:
        """Whether the measure is an amount of money, which is known only once the payout is."""
        return self.gauge.in_money

    @property
    def of_gross(self) -> bool:
        """Whether the measure is what the points come to, whatever is taken from it."""
        return self.gauge.of == "gross"

    @property
    def counts(self) -> bool:
        """Whether no amount of points makes a difference."""
        return self.gauge.slope == 0 and not self.or_all

    def read(self, judgement: Judgement) -> Reading:
        """What the bound comes to for the request. Equal to a bound passes."""
        limit, gauge, scene = self.plain, self.gauge, judgement.scene
        if limit is not None:
            points = scene.points
            return Reading(limit, 0, points, self.holds(points, limit))
        limit = self.fixed
        if limit is None:
            amount = self.amount
            limit = (amount.read(judgement) if isinstance(amount, Held) else amount.read(scene, None)) + self.beyond
        if gauge.alone:
            base = 0
        elif gauge.base is not None:
            base = gauge.base(scene)
        else:
            base = judgement.available if gauge.of.startswith("available") else judgement.balance
        measured = base + (self._money(judgement) if gauge.in_money else gauge.slope * scene.points)
        passes = (
            self.holds(measured, limit)
            or (self.or_all and scene.points == judgement.available)
            or (self.lifted_by_offset and measured == 0 and judgement.offset > 0)
        )
        return Reading(limit, base, measured, passes)

    def passes_set_off(self, reading: Reading) -> bool:
        """Whether a payout of 0 passes, all of which was set off against a debt."""
        return self.lifted_by_offset or self.holds(reading.base, reading.limit)

    def figures(self, reading: Reading, judgement: Judgement) -> dict[str, int | None]:
        """The figures of a reason: `used` is what the window holds already, `room` the most that this rule alone lets
        through (points, money, or refunds for a count); for a step, the most up to what was asked for.
        """
        gauge, base, points = self.gauge, reading.base, judgement.scene.points
        limit = reading.limit - self.beyond
        if gauge.in_money:
            money = self._money(judgement)
            return {
                "limit": limit,
                "used": 0 if gauge.of == "payout" else base,
                "room": self._room_for_money(reading, money),
                "points": points,
                "gross" if self.of_gross else "payout": money,
            }
        used = 0 if gauge.itself is None else base - gauge.itself
        return {
            "limit": limit,
            "used": used,
            "room": self._room(reading, points, judgement.available),
            "points": points,
        }

    def _money(self, judgement: Judgement) -> int:
        """The money of this refund that is measured."""
        return judgement.gross if self.of_gross else judgement.payout

    def _room_for_money(self, reading: Reading, money: int) -> int | None:
        if self.sense == "at_most":
            return max(0, reading.limit - reading.base)
        # What it has to come to at least does not say how much may be asked for.
        return max(0, money - reading.measured % reading.limit) if self.sense == "multiple_of" else None

    def _room(self, reading: Reading, points: int, available: int) -> int:
        limit, base, slope = reading.limit, reading.base, self.gauge.slope
        if self.sense == "at_most":
            if self.gauge.of == "count":
                return max(0, limit - base + 1)
            if slope == 0:
                return available if reading.passes else 0
            # A largest amount is told as it stands, even where fewer points are available.
            return max(0, limit - base if slope > 0 else available)
        if self.sense == "multiple_of":
            room = max(0, points - reading.measured % limit if slope > 0 else points - -reading.measured % limit)
            return available if self.or_all and available <= points else room
        if self.or_all:
            return available
        if slope < 0:
            return max(0, min(available, base - limit))
        return available if available * slope >= limit - base else 0

    def allowed(self, reading: Reading) -> Allowed:
        """The amounts, of points or of the payout, that this bound lets through while the measure's base and the
        limit stay as they are; what passes although the measure is beyond its bound is not among them.

        The measure is `base + slope * points`, so each sense bounds the points from one side.
        """
        if self.always is not None:
            return self.always
        limit, base, slope = reading.limit, reading.base, self.gauge.slope
        if slope == 0:
            return Allowed(0, ANY if self.holds(reading.measured, limit) else -1)
        if self.sense == "multiple_of":
            return Allowed(0, ANY, limit, (-slope * base) % limit)
        if (self.sense == "at_most") == (slope > 0):
            return Allowed(0, slope * (limit - base))
        return Allowed(max(0, slope * (limit - base)), ANY)


ANY = 10**40
"""Above every amount that there is."""


def make_bound(rule: Limit | Review, workshop: Workshop) -> Bound | None:
    """The bound of a limit or a review, None for a review without a measure."""
    if rule.measure is None:
        return None
    (name,) = [name for name in _SENSES[rule.kind] if getattr(rule, name) is not None]
    sense, beyond = _SENSES[rule.kind][name]
    amount = _amount(getattr(rule, name), workshop)
    known = None if isinstance(amount, Held) else amount.figure
    fixed = known + beyond if isinstance(known, int) else None
    measured = gauge(rule.measure, workshop.zone)
    bound = Bound(measured, sense, _HOLDS[sense], amount, beyond, fixed)
    if isinstance(rule, Limit):
        lifted_by_offset = measured.of == "payout" and sense == "at_least"
        bound = replace(bound, or_all=rule.or_all, lifted_by_offset=lifted_by_offset)
    if fixed is None or not measured.alone:
        return bound
    always = bound.allowed(Reading(fixed, 0, 0, passes=False))
    plain = measured.of == "request.points" and not bound.or_all
    return replace(bound, always=always, plain=fixed if plain else None)


def _amount(bound: BoundAmount, workshop: Workshop) -> Amount | Held:
    figures = workshop.figures
    if not isinstance(bound, BalanceShare):
        return figures.amount(bound)
    return Held(figures.amount(bound.share), bound.of, bound.rounding, figures.optional(bound.at_least))


_HOLDS: Mapping[str, Callable[[int, int], bool]] = {
    "at_most": le,
    "at_least": ge,
    "multiple_of": lambda measured, step: measured % step == 0,
}

# A limit says what passes, a review what does not.
_SENSES = {
    "limit": {"at_most": ("at_most", 0), "at_least": ("at_least", 0), "multiple_of": ("multiple_of", 0)},
    "review": {
        "over": ("at_most", 0),
        "at_least": ("at_most", -1),
        "under": ("at_least", 0),
        "at_most": ("at_least", 1),
    },
}


def within(rule_id: str, measure: Measure | None, workshop: Workshop) -> tuple[str, ...]:
    """What a measure itself asks of the request: one of its methods, and a receiving account if it is by that."""
    found = []
    if measure is not None and measure.methods:
        found.append(workshop.test(f"{rule_id}/methods", Comparison("request.method", "in", measure.methods)))
    if measure is not None and measure.key == "receiving_account":
        clause = Comparison("request.receiving_account", "is_not", "")
        found.append(workshop.test(f"{rule_id}/receiving", clause))
    return tuple(found)
