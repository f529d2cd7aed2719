"""Which rules speak, for each set of formulas that hold; worked out once for a set, then remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from engine.decision import LotReason
from engine.facts import Lot
from engine.ready import Matched, Ready

_MOST_REMEMBERED = 4096
_MOST_LINES = 1_000_000
"""How many lines of traces the remembered plans of one version may hold: each has one for every rule."""

LOT_KINDS = ("expire", "exclude", "price", "fee", "tax")
"""The kinds that are asked of each lot."""

REQUEST_KINDS = ("require", "paper", "closed", "limit", "allocate", "offset", "review", "pay")
"""The kinds that are asked of the request as a whole."""


class Status(NamedTuple):
    """How a rule stands: `holds` is its `when`, `excepted_by` the exception that lifts it, `silenced_by` the rule
    that overrides it.
    """

    ready: Ready
    holds: bool
    excepted_by: int | None
    silenced_by: str | None

    @property
    def speaks(self) -> bool:
        """Whether the rule has its say."""
        return self.holds and self.excepted_by is None and self.silenced_by is None


def holding(rules: Iterable[Ready], matched: Matched) -> list[Status]:
    """How those rules of one kind stand whose `when` holds and that have something to do. A rule that applies silences
    what it overrides, even if it is overridden, and even if there is nothing for it to do.
    """
    standing = [(ready, ready.guard.exception(matched)) for ready in rules if ready.guard.holds(matched)]
    silencers: dict[str, str] = {}
    for ready, exception in standing:
        if exception is None:
            for target in ready.rule.overrides:
                silencers.setdefault(target, ready.id)
    return [
        Status(ready, True, exception, silencers.get(ready.id) if exception is None else None)
        for ready, exception in standing
        if ready.guard.bites is None or ready.guard.bites in matched
    ]


def statuses(rules: Sequence[Ready], matched: Matched) -> list[Status]:
    """How all rules of one kind stand."""
    found = {status.ready.id: status for status in holding(rules, matched)}
    return [found.get(ready.id) or Status(ready, False, None, None) for ready in rules]


class Note(NamedTuple):
    """Why a rule whose `when` holds is lifted: "excepted" by the exception of a number, "silenced" by a rule."""

    rule: str
    how: str
    by: str


@dataclass(frozen=True, slots=True, eq=False)
class LotPlan:
    """What the rules say of every lot for which the same formulas hold.

    For the trace, `applying` are the ids of the rules of each kind that have their say, and `lifted` the rules whose
    `when` holds and that have none, by their kind where there are any. `last_day` reads until when such a lot can be
    used, None where that takes more than the lot. `excluded` are the reasons of the rules that exclude, None where a
    sentence holds a figure of the lot.
    """

    applying: Mapping[str, tuple[str, ...]]
    lifted: Mapping[str, tuple[Note, ...]]
    last_day: Callable[[Lot], date | None] | None
    expire: tuple[Any, ...]
    exclude: tuple[Any, ...]
    price: tuple[Any, ...]
    fee: tuple[Any, ...]
    tax: tuple[Any, ...]
    excluded: Sequence[LotReason] | None


class Standing(NamedTuple):
    """To which of the lots of a mixture a rule applies: those of the plans in `applying`, which are all where it
    applies `everywhere`. For some of the others it may be `lifted`.
    """

    rule: str
    applying: frozenset[LotPlan]
    everywhere: bool
    lifted: bool


class Mixture:
    """The `plans` of some lots together, each once, and what follows from which these are.

    `last_day` reads until when any of the lots can be used, None where they differ in that or it takes more than the
    lot; `fee` are the fees that all of them are charged, None where they differ. `excluded_alike` says whether all that
    is excluded by one plan is told the same.
    """

    def __init__(self, plans: frozenset[LotPlan], rules: Mapping[str, tuple[Ready, ...]]) -> None:
        self.plans = plans
        self._rules = rules
        self._standing: dict[str, list[Standing]] = {}
        readers = {plan.last_day for plan in plans}
        self.last_day = readers.pop() if len(readers) == 1 else None
        alike = len({plan.applying["fee"] for plan in plans}) == 1
        self.fee: tuple[Any, ...] | None = next(iter(plans)).fee if alike else None
        self.excluded_alike = None not in [plan.excluded for plan in plans]
        self._concerned = {
            kind for kind in LOT_KINDS if any(plan.applying[kind] or kind in plan.lifted for plan in plans)
        }

    def concerned(self, kind: str) -> bool:
        """Whether a rule of a kind has something to say of any of the lots, or would, were it not lifted."""
        return kind in self._concerned

    def standing(self, kind: str) -> list[Standing]:
        """How each rule of a kind stands to the lots, for the trace."""
        found = self._standing.get(kind)
        if found is None:
            lifted = {note.rule for plan in self.plans for note in plan.lifted.get(kind, ())}
            applying = [
                (ready.id, frozenset([plan for plan in self.plans if ready.id in plan.applying[kind]]))
                for ready in self._rules[kind]
            ]
            found = [Standing(rule, plans, plans == self.plans, rule in lifted) for rule, plans in applying]
            self._standing[kind] = found
        return found


class LotPlans:
    """The plans of the lots of all requests that are the same to the rules of lots, remembered."""

    def __init__(self, rules: Mapping[str, tuple[Ready, ...]], for_lots: Matched) -> None:
        self._rules = rules
        self._for_lots = for_lots
        self._known: dict[Matched, LotPlan] = {}
        self._mixtures: dict[frozenset[LotPlan], Mixture] = {}
        self._most = _most_of(rules)

    def plans(self, matched: list[Matched]) -> list[LotPlan]:
        """The plan of each lot, by the formulas that hold for it."""
        try:
            return [*map(self._known.__getitem__, matched)]
        except KeyError:
            return [*map(self._plan, matched)]

    def mixture(self, plans: Iterable[LotPlan]) -> Mixture:
        """The plans of some lots together."""
        different = frozenset(plans)
        found = self._mixtures.get(different)
        if found is None:
            if len(self._mixtures) >= self._most:
                self._mixtures.clear()
            found = self._mixtures[different] = Mixture(different, self._rules)
        return found

    def _plan(self, matched: Matched) -> LotPlan:
        found = self._known.get(matched)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
                self._mixtures.clear()
            together = self._for_lots | matched
            standing = {kind: holding(self._rules[kind], together) for kind in LOT_KINDS}
            speaking = {kind: _speaking(each) for kind, each in standing.items()}
            found = self._known[matched] = LotPlan(
                applying={kind: tuple([ready.id for ready in each]) for kind, each in speaking.items()},
                lifted={kind: lifted for kind, each in standing.items() if (lifted := _lifted(each))},
                last_day=_last_day(speaking["expire"]),
                **speaking,
                excluded=_reasons(speaking["exclude"]),
            )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the rules say of every request for which the same formulas hold.

    `speaking` are the rules of each kind that have their say, `for_lots` those of the formulas that rules of lots look
    at. Requests that differ in others only share the plans of their `lots`.
    """

    matched: Matched
    for_lots: Matched
    speaking: Mapping[str, tuple[Any, ...]]
    lots: LotPlans
    _rules: Mapping[str, tuple[Ready, ...]]
    _lines: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def lines(self, kind: str) -> Mapping[str, dict[str, Any]]:
        """How every rule of a kind stands, by its id, for the trace, which copies it. Only what is asked for is told: a
        search for an amount goes through many plans, and traces none.
        """
        found = self._lines.get(kind)
        if found is None:
            standing = statuses(self._rules[kind], self.matched)
            found = self._lines[kind] = {status.ready.id: trace_line(status) for status in standing}
        return found


class Plans:
    """The plans of one version."""

    def __init__(self, rules: Mapping[str, tuple[Ready, ...]]) -> None:
        self._rules = rules
        self._known: dict[Matched, Plan] = {}
        self._lots: dict[Matched, LotPlans] = {}
        self._of_lots = frozenset[str]().union(*(ready.guard.names for kind in LOT_KINDS for ready in rules[kind]))
        self._most = _most_of(rules)

    def plan(self, matched: Matched) -> Plan:
        """The plan of a request for which just these formulas hold."""
        found = self._known.get(matched)
        if found is None:
            if len(self._known) >= self._most:
                self._known.clear()
                self._lots.clear()
            speaking = {kind: _speaking(holding(self._rules[kind], matched)) for kind in REQUEST_KINDS}
            for_lots = matched & self._of_lots
            lots = self._lots.get(for_lots)
            if lots is None:
                lots = self._lots[for_lots] = LotPlans(self._rules, for_lots)
            found = self._known[matched] = Plan(matched, for_lots, speaking, lots, self._rules)
        return found


def _most_of(rules: Mapping[str, tuple[Ready, ...]]) -> int:
    """How many things are remembered that hold a line for every rule."""
    return min(_MOST_REMEMBERED, _MOST_LINES // max(1, sum(map(len, rules.values()))) + 1)


def trace_line(status: Status) -> dict[str, Any]:
    """How a rule stands, for the trace."""
    return {
        "rule": status.ready.id,
        "applies": status.speaks,
        "excepted_by": status.excepted_by,
        "silenced_by": status.silenced_by,
    }


def _lifted(standing: Iterable[Status]) -> tuple[Note, ...]:
    found = []
    for ready, _, excepted_by, silenced_by in standing:
        if excepted_by is not None:
            found.append(Note(ready.id, "excepted", str(excepted_by)))
        elif silenced_by is not None:
            found.append(Note(ready.id, "silenced", silenced_by))
    return tuple(found)


def _last_day(expiring: tuple[Any, ...]) -> Callable[[Lot], date | None] | None:
    if not expiring:
        return _OWN_LAST_DAY
    return expiring[0].of_lot if len(expiring) == 1 else None


_OWN_LAST_DAY = attrgetter("expires_on")


def _reasons(excluding: tuple[Any, ...]) -> Sequence[LotReason] | None:
    reasons = [ready.reason for ready in excluding]
    return None if None in reasons else reasons


def _speaking(standing: list[Status]) -> tuple[Ready, ...]:
    return tuple(status.ready for status in standing if status.speaks)
