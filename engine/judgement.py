"""The working state of one decision: what the stages have found so far, for one request at one amount."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import compress
from typing import Any

from engine.errors import Conflict
from engine.facts import Lot
from engine.plans import LotPlan, Mixture, Plan
from engine.ready import Ready
from engine.scene import Scene

MOST_LOTS_IN_TRACE = 100
"""A trace names no more lots than this for one rule; it always says how many there are."""


@dataclass(slots=True)
class Spoken:
    """A rule that said something of the request, with the figures of its reason."""

    ready: Ready
    effect: str
    figures: dict[str, Any]


Share = tuple[int, int]
"""What one lot pays: its position among the lots of the case, and its points."""


@dataclass(slots=True)
class Charge:
    """What one fee rule takes of the money that its lots come to. `rate` is None for a flat fee; `shares` are the
    lots with their money, and `lot` is the first of them.
    """

    ready: Ready
    base: int
    fee: int
    rate: Fraction | None
    figures: dict[str, Any]
    shares: list[Share]
    lot: Lot


@dataclass(frozen=True, slots=True)
class Queue:
    """The lots that can pay, first to last: what each pays when it pays all that it holds, and what it holds together
    with those before it.
    """

    shares: list[Share]
    together: list[int]


class Judgement:
    """One request at one amount, on its way through the stages.

    Lists of the lots run in the order of `lots`: `lefts` are the points that they hold, and `ids` are told where it is
    `tracing`. `mixture` is what their plans are together. `usable` are the positions of those that can pay, and
    `expired` of those that have ended. Where no amount makes a difference to them, all that is known of the lots is
    shared with the same request at other amounts; so are `queues`, the orders in which they pay, by the rule that says
    so. `readings` are the limits on points that have their say, each with what its bound comes to, and `let_through`
    the amounts that all of them do, once these were asked for. `shares` are the points that lots pay and `worth` the
    money that those come to, in the order in which they pay. Where the request was denied before, they are there only
    if it `tells_all`; and `worth` is empty where nothing more can be said. `asked` is False where nobody asked for just
    so many points: for "all" of which none pass, or for money.
    """

    def __init__(
        self,
        rules: Mapping[str, tuple[Any, ...]],
        built_in: Mapping[str, Any],
        lots: tuple[Lot, ...],
        lefts: list[int],
        scene: Scene,
        plan: Plan,
        lot_plans: list[LotPlan],
        mixture: Mixture,
        tracing: bool,
        tells_all: bool = False,
    ) -> None:
        self.rules = rules
        self.built_in = built_in
        self.lots = lots
        self.lefts = lefts
        self.scene = scene
        self.plan = plan
        self.lot_plans = lot_plans
        self.mixture = mixture
        self.tracing = tracing
        self.tells_all = tells_all
        self.ids: list[str] = []
        self.last_days: list[date | None] = []
        self.usable: list[int] = []
        self.expired: list[int] = []
        self.available = 0
        self.queues: dict[str, Queue] = {}
        self.readings: list[tuple[Any, Any]] = []
        self.let_through: Any = None
        self.spoken: list[Spoken] = []
        self.denied = False
        self.shares: list[Share] = []
        self.worth: list[Share] = []
        self.gross = 0
        self.prices: Sequence[Any] = ()
        self.charges: list[Charge] = []
        self.fee = 0
        self.taxes: Sequence[Any] = ()
        self.tax = 0
        self.offsets: Sequence[Any] = ()
        self.offset = 0
        self.payable_on: date | None = None
        self.last_held_on: date | None = None
        self.conflict: Conflict | None = None
        self.asked = True
        self.trace: dict[str, list[dict[str, Any]]] = {}

    @property
    def points(self) -> int:
        """The points asked for."""
        return self.scene.points

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids of the lots that the member chose, in the order in which they are to pay."""
        assert self.scene.request is not None, "only a refund request is judged"
        return self.scene.request.lots

    @property
    def payout(self) -> int:
        """What fees, taxes and offsets leave of the money."""
        return self.gross - self.fee - self.tax - self.offset

    @property
    def balance(self) -> int:
        """The points of all lots that have not expired, whether they can be refunded or not."""
        today = self.scene.day
        both = zip(self.lefts, self.last_days, strict=True)
        return sum([left for left, last_day in both if last_day is None or last_day >= today])

    @property
    def passes(self) -> bool:
        """Whether the request can be granted, be it after a person has looked at it."""
        return not self.denied and self.conflict is None

    def speaking(self, kind: str) -> tuple[Any, ...]:
        """The rules of a kind that have their say on the request."""
        return self.plan.speaking[kind]

    def deny(self, ready: Ready, figures: dict[str, Any], lot: Lot | None = None) -> None:
        """A rule says no."""
        self.denied = True
        self.say(ready, "denies", figures, lot)

    def deny_besides(self, about: str, figures: dict[str, Any]) -> None:
        """A rule of the engine's own says no, where no rule of the file has: what is denied is not paid for."""
        if not self.denied:
            self.deny(self.built_in[about], figures)

    def say(self, ready: Ready, effect: str, figures: dict[str, Any], lot: Lot | None = None) -> None:
        """A rule says something of the request; of lots of its own, `lot` is one."""
        self.spoken.append(Spoken(ready, effect, ready.reason_figures(self.scene, figures, lot)))

    def note_lots(self, *kinds: str) -> None:
        """Adds the rules of these kinds to the trace, with the lots to which they apply."""
        if self.tracing:
            self.ids = [lot.id for lot in self.lots]
            for kind in kinds:
                self.trace[kind] = lot_lines(kind, self.ids, self.lot_plans, self.mixture)

    def note_paying(self, kind: str, told: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Adds the rules of a kind to the trace, with the lots that pay to which they apply, and with the figures of
        each rule; of one that is told several times, in a list.
        """
        if not self.mixture.concerned(kind):
            self.trace[kind] = [_line(ready.id, [], applies=False) for ready in self.rules[kind]]
            return
        ids, plans = self.ids, self.lot_plans
        positions = sorted([position for position, _ in self.worth])
        own, paying = [ids[position] for position in positions], [plans[position] for position in positions]
        lines = self.trace[kind] = lot_lines(kind, own, paying, self.plan.lots.mixture(paying))
        by_rule: dict[str, list[dict[str, Any]]] = {}
        for rule, figures in told:
            by_rule.setdefault(rule, []).append(figures)
        for line in lines:
            found = by_rule.get(line["rule"])
            if found:
                line["figures"] = found[0] if len(found) == 1 else {"charges": found}

    def note(
        self,
        kind: str,
        figures: Mapping[str, Mapping[str, Any]],
        *,
        without: Collection[Ready] = (),
        only: Collection[Ready] = (),
        stage: str = "",
    ) -> None:
        """Adds the rules of a kind to the trace, with the figures of those that have any: all of them, all `without`
        some, or `only` some; under the name of a stage that is not called like the kind.
        """
        if not self.tracing:
            return
        chosen = self.plan.lines(kind)
        if without or only:
            left_out, told = {ready.id for ready in without}, {ready.id for ready in only}
            chosen = {id_: line for id_, line in chosen.items() if id_ not in left_out and (not told or id_ in told)}
        self.trace[stage or kind] = [
            {**line, "figures": figures[rule]} if rule in figures else line.copy() for rule, line in chosen.items()
        ]


def lot_lines(kind: str, ids: list[str], plans: list[LotPlan], mixture: Mixture) -> list[dict[str, Any]]:
    """How each rule of a kind stands to lots, which are given by their ids, in order, their plans, and what these are
    together: to which it applies, and for which it is lifted or silenced.

    `excepted` has the number of an exception, and `silenced` the id of a rule, before the lots that they speak for.
    """
    lines = []
    for rule, applying, everywhere, lifted in mixture.standing(kind):
        lots = ids if everywhere else [*compress(ids, map(applying.__contains__, plans))]
        line = _line(rule, lots, applies=bool(applying))
        lines.append(line | _lifted_lines(rule, kind, ids, plans) if lifted else line)
    return lines


def _line(rule: str, lots: list[str], *, applies: bool) -> dict[str, Any]:
    return {"rule": rule, "applies": applies, "lots": lots[:MOST_LOTS_IN_TRACE], "lot_count": len(lots)}


def _lifted_lines(rule: str, kind: str, ids: list[str], plans: list[LotPlan]) -> dict[str, dict[str, list[str]]]:
    """For which lots, by their ids, a rule is lifted or silenced, and by what."""
    others: dict[str, dict[str, list[str]]] = {}
    for plan in dict.fromkeys(plans):
        for lifted, how, by in plan.lifted.get(kind, ()):
            if lifted == rule:
                below = others.setdefault(how, {})
                own = [each for each, of in zip(ids, plans, strict=True) if of is plan]
                below[by] = sorted(below.get(by, []) + own)[:MOST_LOTS_IN_TRACE]
    return others
