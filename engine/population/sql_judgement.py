"""One method before the rules, in columns: what denies an amount, what the amount comes to, and what is said of it.

`engine/hearing.py` goes through the same stages for one case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.compiled import CompiledVersion
from engine.kinds.paper import ReadyPaper
from engine.population.sql_facts import Reader
from engine.population.sql_guards import Guards, refuse_conflicts
from engine.population.sql_limits import Reading, read
from engine.population.sql_lots import Purse
from engine.population.sql_money import Money, Moneyed
from engine.population.sql_points import Points
from engine.population.sql_steps import Steps
from engine.population.sql_tables import Tables
from engine.population.sql_terms import (
    CannotSay,
    Formula,
    Unsayable,
    choose,
    either,
    every,
    literal,
    mapped,
    number,
    opposite,
    pick,
)
from engine.scene import Scene

Spoken = tuple[str, Formula]
"""A rule by its id, and where it speaks."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit or a review that may have its say: `where` it does, and what its bound comes to."""

    ready: Any
    where: Formula
    reading: Reading


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a request, as SQL: the reasons of the rules in the order of the engine."""

    outcome: str
    denied: Formula
    money: Moneyed
    reasons: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """One method of one version."""

    compiled: CompiledVersion
    reader: Reader
    tables: Tables
    steps: Steps
    held: Purse
    money: Money

    @property
    def rules(self) -> Mapping[str, Sequence[Any]]:
        """The rules by kind."""
        return self.compiled.rules

    def fixed(self, points: Points) -> list[Spoken]:
        """Where what is required, papers and closed times deny."""
        reader = self.reader.asking_for(points)
        found: list[Spoken] = []
        for ready, where in Guards(reader, self.rules["require"]).speaking():
            try:
                found.append((ready.id, every([where, opposite(reader.condition(ready.condition))])))
            except CannotSay as cannot:
                raise Unsayable(ready.id, cannot.why) from None
        for ready, where in Guards(reader, self.rules["paper"]).speaking():
            found.append((ready.id, every([where, _missing(reader, ready)])))
        for ready, where in Guards(reader, self.rules["closed"]).speaking():
            if ready.closing(reader.asking.as_of) is not None:
                found.append((ready.id, where))
        return found

    def limits(self, points: Points, *, in_money: bool, kind: str = "limit") -> list[Limited]:
        """The limits on points, or on money, that may have their say."""
        reader = self.reader.asking_for(points)
        found = []
        for ready, where in Guards(reader, self.rules[kind]).speaking():
            if ready.bound is None or ready.bound.in_money != in_money:
                continue
            try:
                found.append(Limited(ready, where, read(reader, self.tables, self.held, ready.bound, ready.rule)))
            except CannotSay as cannot:
                raise Unsayable(ready.id, cannot.why) from None
        return found

    def short(self, points: Points) -> list[Spoken]:
        """Where the lots hold too little."""
        speaking = Guards(self.reader.asking_for(points), self.rules["allocate"]).speaking()
        refuse_conflicts(speaking)
        more = f"({points.amount} > {self.held.available})"
        built_in = self.compiled.built_in["allocate"].id
        rest = opposite(either([where for _, where in speaking]))
        return [*((ready.id, every([where, more])) for ready, where in speaking), (built_in, every([rest, more]))]

    def hard(self, points: Points) -> list[Spoken]:
        """Everything that denies before any money is worked out, in the order in which it is told."""
        limits = [
            (each.ready.id, self.denied_by(each, points.amount, points)) for each in self.limits(points, in_money=False)
        ]
        return [*self.fixed(points), *limits, *self.short(points)]

    def denied_by(self, limited: Limited, amount: str, points: Points, lifted: Formula = False) -> Formula:
        """Where a limit denies a measure that an amount of points, or of money, is part of."""
        passes = [limited.reading.passes(amount), lifted]
        if limited.ready.bound.or_all:
            passes.append(f"({points.amount} = {self.held.available})")
        return every([limited.where, opposite(either(passes))])

    def denied_in_money(self, points: Points, money: Moneyed) -> list[Spoken]:
        """Where limits on money deny."""
        found = []
        for each in self.limits(points, in_money=True):
            amount = money.gross if each.ready.bound.of_gross else money.payout
            lifted: Formula = False
            if each.ready.bound.lifted_by_offset and money.offset != "0":
                lifted = every([f"({money.payout} = 0)", f"({money.offset} > 0)"])
            found.append((each.ready.id, self.denied_by(each, amount, points, lifted)))
        return found

    def said(self, points: Points) -> Said:
        """What is said of a request for so many points."""
        keep = self.steps.kept
        hard = [(rule, keep(where)) for rule, where in self.hard(points)]
        stopped = keep(either([where for _, where in hard]))
        money = self._counting(points, stopped).worked_out()
        made: Formula = opposite(stopped)
        if self.compiled.tells_all:
            made = keep(f"({points.amount} <= {self.held.available})")
        broken = [(rule, keep(every([made, where]))) for rule, where in money.broken]
        denied = [*hard, *broken, *self._besides(money, keep(either([stopped, *(where for _, where in broken)])))]
        left = keep(every([made, f"({money.net} > 0)"])) if money.net != points.amount else made
        denied += [(rule, keep(every([left, where]))) for rule, where in self.denied_in_money(points, money)]
        no = keep(either([where for _, where in denied]))
        approved = self._approved(points, money)
        reviews = [(rule, keep(where)) for rule, where in self._reviews(points, money)]
        looked_at = keep(either([where for _, where in reviews]))
        outcome = pick([(no, "'denied'"), (looked_at, "'needs_review'"), (True, "'approved'")])
        reasons = pick([(no, listed(denied)), (True, listed([*approved, *reviews]))])
        self._refuse_two_days(points)
        return Said(outcome, no, money, reasons)

    def _counting(self, points: Points, stopped: Formula) -> Money:
        """The money of points. Where they are denied and no limit looks at money, nobody asks what they come to: the
        lots, which are dear to sort and to go through, are left alone there.
        """
        money = self.money.asking_for(points, self.steps.keep)
        if not money.lots or not self.tables.sorted_late or self.limits(points, in_money=True):
            return money
        return replace(money, lots=self.steps.keep(number(opposite(stopped), money.lots, "NULL")))

    def _besides(self, money: Moneyed, denied: Formula) -> list[Spoken]:
        """Where the engine's own rules deny, for nothing is left."""
        built_in = self.compiled.built_in
        found: list[Spoken] = []
        if self.rules["price"]:
            found.append((built_in["price"].id, f"({money.gross} = 0)"))
        if money.fee != "0":
            found.append((built_in["fee"].id, f"({money.gross} > 0 AND {money.fee} >= {money.gross})"))
        if money.tax != "0":
            eaten = f"({money.gross} > {money.fee} AND {money.net} <= 0)"
            found.append((built_in["tax"].id, eaten))
        return [(rule, self.steps.kept(every([opposite(denied), where]))) for rule, where in found]

    def _approved(self, points: Points, money: Moneyed) -> list[Spoken]:
        """What is said where nothing denies: prices, fees, taxes and debts, with what they come to."""
        taken = [
            (rule, f"({amount} > 0)") for rule, amount in (*money.fees, *money.taxes, *money.offsets) if amount != "0"
        ]
        return [*money.prices, *taken]

    def _reviews(self, points: Points, money: Moneyed) -> list[Spoken]:
        """Where a person looks first."""
        reader = self.reader.asking_for(points)
        bound = {
            each.ready.id: each for flag in (False, True) for each in self.limits(points, in_money=flag, kind="review")
        }
        found: list[Spoken] = []
        for ready, where in Guards(reader, self.rules["review"]).speaking():
            if ready.bound is None:
                found.append((ready.id, where))
                continue
            amount = points.amount
            if ready.bound.in_money:
                amount = money.gross if ready.bound.of_gross else money.payout
            found.append((ready.id, every([where, opposite(bound[ready.id].reading.passes(amount))])))
        return found

    def _refuse_two_days(self, points: Points) -> None:
        refuse_conflicts(Guards(self.reader.asking_for(points), self.rules["pay"]).speaking())


def listed(spoken: Sequence[Spoken]) -> str:
    """The ids of those that speak."""
    told = [(rule, where) for rule, where in spoken if where is not False]
    if not told:
        return "CAST([] AS VARCHAR[])"
    if all(where is True for _, where in told):
        return f"[{', '.join(literal(rule) for rule, _ in told)}]"
    each = ", ".join(pick([(where, literal(rule)), (True, "NULL")]) for rule, where in told)
    return f"LIST_FILTER([{each}], id -> id IS NOT NULL)"


def _missing(reader: Reader, ready: ReadyPaper) -> Formula:
    """Whether a paper is missing. What is shown is the same for all accounts."""
    scene = Scene(None, reader.day, reader.asking.as_of, 0, reader.request)  # type: ignore[arg-type]
    rule: Any = ready.rule
    if rule.issued_within is None:
        return bool(ready.missing(scene)[0])
    cases = reader.figures(rule.issued_within)
    return choose(mapped(cases, lambda span: bool(ready.missing_within(scene, span.value))))
