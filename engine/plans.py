"""Which rules speak, for each set of formulas that hold; worked out once for a set, then remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.decision import LotReason
from engine.ready import Matched, Ready

_MOST_REMEMBERED = 4096

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


def statuses(rules: Iterable[Ready], matched: Matched) -> list[Status]:
    """How the rules of one kind stand. A rule that applies silences what it overrides, even if it is overridden."""
    standing = []
    silencers: dict[str, str] = {}
    for ready in rules:
        holds = ready.guard.holds(matched)
        exception = ready.guard.exception(matched) if holds else None
        standing.append((ready, holds, exception))
        if holds and exception is None:
            for target in ready.rule.overrides:
                silencers.setdefault(target, ready.id)
    return [
        Status(ready, holds, exception, silencers.get(ready.id) if holds and exception is None else None)
        for ready, holds, exception in standing
    ]


class Note(NamedTuple):
    """How a rule stands to a lot: "applies", "excepted" by the exception of a number, "silenced" by a rule."""

    rule: str
    how: str
    by: str


@dataclass(frozen=True, slots=True, eq=False)
class LotPlan:
    """What the rules say of every lot for which the same formulas hold.

    `notes` tell, for the trace, how each rule whose `when` holds stands: it applies, is excepted, or is silenced.
    `excluded` are the reasons of the rules that exclude, None where a sentence holds a figure of the lot.
    """

    notes: Mapping[str, tuple[Note, ...]]
    expire: tuple[Any, ...]
    exclude: tuple[Any, ...]
    price: tuple[Any, ...]
    fee: tuple[Any, ...]
    tax: tuple[Any, ...]
    excluded: Sequence[LotReason] | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the rules say of every request for which the same formulas hold.

    `speaking` are the rules of each kind that have their say, `lines` how every rule stands, for the trace.
    """

    matched: Matched
    speaking: Mapping[str, tuple[Any, ...]]
    lines: Mapping[str, tuple[Mapping[str, Any], ...]]
    _lots: dict[Matched, LotPlan]
    _rules: Mapping[str, tuple[Ready, ...]]

    def lot_plans(self, matched: list[Matched]) -> list[LotPlan]:
        """The plan of each lot, by the formulas that hold for it."""
        known = self._lots
        try:
            return [known[each] for each in matched]
        except KeyError:
            return [self._lot_plan(each) for each in matched]

    def _lot_plan(self, matched: Matched) -> LotPlan:
        found = self._lots.get(matched)
        if found is None:
            if len(self._lots) >= _MOST_REMEMBERED:
                self._lots.clear()
            standing = {kind: statuses(self._rules[kind], self.matched | matched) for kind in LOT_KINDS}
            speaking = {kind: _speaking(each) for kind, each in standing.items()}
            notes = {kind: tuple(_note(status) for status in each if status.holds) for kind, each in standing.items()}
            found = LotPlan(notes, **speaking, excluded=_reasons(speaking["exclude"]))
            self._lots[matched] = found
        return found


class Plans:
    """The plans of one version."""

    def __init__(self, rules: Mapping[str, tuple[Ready, ...]]) -> None:
        self._rules = rules
        self._known: dict[Matched, Plan] = {}

    def plan(self, matched: Matched) -> Plan:
        """The plan of a request for which just these formulas hold."""
        found = self._known.get(matched)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            standing = {kind: statuses(self._rules[kind], matched) for kind in REQUEST_KINDS}
            found = self._known[matched] = Plan(
                matched,
                {kind: _speaking(each) for kind, each in standing.items()},
                {kind: tuple(trace_line(status) for status in each) for kind, each in standing.items()},
                {},
                self._rules,
            )
        return found


def trace_line(status: Status) -> dict[str, Any]:
    """How a rule stands, for the trace."""
    return {
        "rule": status.ready.id,
        "applies": status.speaks,
        "excepted_by": status.excepted_by,
        "silenced_by": status.silenced_by,
    }


def _note(status: Status) -> Note:
    if status.excepted_by is not None:
        return Note(status.ready.id, "excepted", str(status.excepted_by))
    if status.silenced_by is not None:
        return Note(status.ready.id, "silenced", status.silenced_by)
    return Note(status.ready.id, "applies", "")


def _reasons(excluding: tuple[Any, ...]) -> Sequence[LotReason] | None:
    reasons = [ready.reason for ready in excluding]
    return None if None in reasons else reasons


def _speaking(standing: list[Status]) -> tuple[Ready, ...]:
    return tuple(status.ready for status in standing if status.speaks)
