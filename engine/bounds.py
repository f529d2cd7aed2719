"""A measure and its bound, as limits and reviews have them: whether it is passed, its figures, what it lets through."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

from msgspec import Struct

from engine.figures import Amount
from engine.ready import Workshop
from engine.scene import Scene
from engine.windows import Gauge, gauge
from policies.kinds.limit import Limit
from policies.kinds.review import Review
from policies.model import Comparison, Measure


class Reading(Struct, frozen=True, gc=False):
    """What a bound and its measure come to: `limit` is the last measure that passes, `base` the measure without the
    points asked for, `measured` with them.
    """

    limit: int
    base: int
    measured: int
    passes: bool


class Allowed(NamedTuple):
    """The amounts from `least` to `most` that leave the rest `rest` when divided by `step`."""

    least: int
    most: int
    step: int = 1
    rest: int = 0

    def both(self, other: Allowed) -> Allowed | None:
        """The amounts that two bounds let through; None when there are none.

        >>> Allowed(1, 100, 6, 4).both(Allowed(20, 200, 4, 2))
        Allowed(least=20, most=100, step=12, rest=10)
        >>> Allowed(1, 100, 2, 0).both(Allowed(1, 100, 2, 1)) is None
        True
        """
        least, most = max(self.least, other.least), min(self.most, other.most)
        shared = gcd(self.step, other.step)
        if least > most or (self.rest - other.rest) % shared:
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
class Bound:
    """A measure with the sense in which it is bound: `at_most`, `at_least` or `multiple_of`.

    `beyond` is what the last measure that passes lies beyond the amount that the rule names: a review `at_least` 10
    lets at most 9 pass, so it is -1 there. `fixed` is that measure where it is the same for every request.
    """

    gauge: Gauge
    sense: str
    amount: Amount
    beyond: int
    fixed: int | None

    @property
    def counts(self) -> bool:
        """Whether no amount of points makes a difference."""
        return self.gauge.slope == 0

    def read(self, scene: Scene, available: int) -> Reading:
        """What the bound comes to for the request. Equal to a bound passes."""
        limit = self.fixed
        if limit is None:
            limit = self.amount.read(scene, None) + self.beyond
        gauge = self.gauge
        base = 0 if gauge.of == "request.points" else gauge.base(scene, available)
        measured = base + gauge.slope * scene.points
        if self.sense == "at_most":
            passes = measured <= limit
        elif self.sense == "at_least":
            passes = measured >= limit
        else:
            passes = measured % limit == 0
        return Reading(limit, base, measured, passes)

    def figures(self, reading: Reading, points: int, available: int) -> dict[str, int]:
        """The figures of a reason: `used` is what the window holds already, `room` the most that this rule alone lets
        through (points, or refunds for a count); for a step, the most up to what was asked for.
        """
        of = self.gauge.of
        used = reading.base if of == "sum" else reading.base - 1 if of == "count" else 0
        limit = reading.limit - self.beyond
        return {"limit": limit, "used": used, "room": self._room(reading, points, available), "points": points}

    def _room(self, reading: Reading, points: int, available: int) -> int:
        limit, base, slope = reading.limit, reading.base, self.gauge.slope
        if self.sense == "at_most":
            if slope == 0:
                return max(0, limit - base + 1)
            # A largest amount is told as it stands, even where fewer points are available.
            return max(0, limit - base if slope > 0 else available)
        if self.sense == "multiple_of":
            return max(0, points - reading.measured % limit if slope > 0 else points - -reading.measured % limit)
        if slope < 0:
            return max(0, available - limit)
        return available if slope and available >= limit - base else 0

    def allowed(self, reading: Reading) -> Allowed:
        """The amounts that this bound lets through while the measure's base and the limit stay as they are.

        The measure is `base + slope * points`, so each sense bounds the points from one side.
        """
        limit, base, slope = reading.limit, reading.base, self.gauge.slope
        if slope == 0:
            return Allowed(1, _ANY if reading.passes else 0)
        if self.sense == "multiple_of":
            return Allowed(1, _ANY, limit, (-slope * base) % limit)
        if (self.sense == "at_most") == (slope > 0):
            return Allowed(1, slope * (limit - base))
        return Allowed(slope * (limit - base), _ANY)


_ANY = 2**53


def make_bound(rule: Limit | Review, workshop: Workshop) -> Bound | None:
    """The bound of a limit or a review, None for a review without a measure."""
    if rule.measure is None:
        return None
    (name,) = [name for name in _SENSES[rule.kind] if getattr(rule, name) is not None]
    sense, beyond = _SENSES[rule.kind][name]
    amount = workshop.figures.amount(getattr(rule, name))
    fixed = amount.figure + beyond if isinstance(amount.figure, int) else None
    return Bound(gauge(rule.measure, workshop.zone), sense, amount, beyond, fixed)


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
