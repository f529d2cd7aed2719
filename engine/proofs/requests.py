"""A refund request before the rules, as formulas: whether its lot can pay, what limits measure, what has to pass.

One lot is looked at closely; the account may hold others, of which only the sums are known. Where not everything is
said of a case, too little is forbidden and never too much: what cannot hold here cannot hold in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

from engine.calendars import day_of_year, half_year_end, month_end, quarter_end, year_end
from engine.cases import MOST_POINTS
from engine.compiled import CompiledVersion
from engine.kinds.closed import ReadyClosed
from engine.kinds.expire import end_of_life
from engine.plans import LOT_KINDS, REQUEST_KINDS
from engine.proofs.days import DayOfDay, start_of_month
from engine.proofs.logic import NO, YES, Answer, Term, choose, either, every, flag, follows, opposite, whole
from engine.proofs.standing import Premises, Standing
from engine.proofs.world import Leaf, World
from engine.reading import MOST
from policies.kinds.closed import Closed
from policies.kinds.exclude import Exclude
from policies.kinds.expire import Expire
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.kinds.offset import Offset
from policies.kinds.price import Price
from policies.kinds.require import Require
from policies.kinds.review import Review
from policies.kinds.tax import Tax
from policies.model import WEEKDAYS, BalanceShare, DayOfYear, Measure, Rule, Span

_YEAR = timedelta(days=366)
_UNTIL: Mapping[str, DayOfDay] = {
    "month_end": month_end,
    "quarter_end": quarter_end,
    "half_year_end": half_year_end,
    "year_end": year_end,
}


class Requests:
    """The formulas of one policy's refund requests.

    `alone` holds where the lot is the only one and no activity is known, `history` where all past refunds count in
    all windows: what is left open of a case is then settled, for examples. `settled` are ways to settle all of it.
    """

    def __init__(self, compiled: CompiledVersion) -> None:
        policy = compiled.policy
        self.compiled = compiled
        self.policy = policy
        self.world = World(policy, "request.requested_on")
        rules = tuple(rule for rule in policy.rules if rule.kind in (*LOT_KINDS, *REQUEST_KINDS))
        self.standing = Standing(self.world, rules)
        self.axioms = self.world.axioms
        self.points, self.left = self.world.fact("request.points"), self.world.fact("lot.left")
        self.world.base += [self.points >= 1, self.left >= 0]
        self.last_day, self.available, self.balance = whole("last day"), whole("available"), whole("balance")
        self.gross, self.payout = whole("gross"), whole("payout")
        self.before, self.times = whole("points before"), whole("refunds before")
        self._measured: dict[Measure, Term] = {}
        self._closed_days: dict[str, Term] = {}
        self.alone: list[Term] = []
        self.history: list[Term] = []
        self._settle_lot()
        self._settle_money()

    def of(self, *kinds: type[Rule]) -> list[Any]:
        """The rules of some kinds."""
        return [rule for rule in self.standing.of if isinstance(rule, kinds)]

    @cached_property
    def pays(self) -> Premises:
        """What it takes for the lot to pay."""
        speaks, today = self.standing.speaks, self.world.today
        excluded = {f"excluded {rule.id}": opposite(speaks(rule)) for rule in self.of(Exclude)}
        living = either([self.last_day == 0, self.last_day >= today])
        return {**excluded, "expired": living, "empty": self.left >= 1, "short": self.points <= self.available}

    @cached_property
    def simple(self) -> Premises:
        """What it takes for nothing to deny where the lot is the only one: good for examples, and proves nothing."""
        today, closed = self.world.today, Premises()
        for rule in self.of(Closed):
            ranges = [every([today >= each.start.toordinal(), today <= each.end.toordinal() + 1]) for each in rule.days]
            weekdays = [(today - 1) % 7 == WEEKDAYS.index(day) for day in rule.weekdays]
            ways_in = either(ranges) if ranges else either(weekdays)
            closed[f"denied {rule.id}"] = every([opposite(ways_in), self.passes.get(f"denied {rule.id}", YES)])
        return {**self.passes, **self.pays, **closed, "short": self.points <= self.left}

    @property
    def settled(self) -> tuple[list[Term], ...]:
        """Ways in which nothing is left open that an example has to say: with all the money paid out, with none of it
        because all is set off, with any, and so many points that what is rounded comes to something.
        """
        one_lot = [*self.alone, *self.history]
        debts = [debt for rule in self.of(Offset) for _, debt in self.world.amounts(rule.debt)]
        paid_out = [*one_lot, *[debt == 0 for debt in debts], self.payout == self.gross]
        set_off = [*one_lot, *[debt >= _MUCH for debt in debts], self.payout == 0]
        return paid_out, *([set_off] if debts else []), one_lot, [*one_lot, self.points >= PLENTY]

    @cached_property
    def passes(self) -> Premises:
        """What it takes for nothing to deny."""
        speaks, found = self.standing.speaks, Premises()
        for rule in self.standing.of:
            if isinstance(rule, Require):
                found[f"denied {rule.id}"] = follows(speaks(rule), self.world.condition(rule.that))
            elif isinstance(rule, Limit):
                found[f"denied {rule.id}"] = follows(speaks(rule), self.within(rule))
            elif isinstance(rule, Closed) and (whole_days := self._closed_whole_days(rule)) is not None:
                found[f"denied {rule.id}"] = opposite(every([speaks(rule), whole_days]))
            elif isinstance(rule, Price) and rule.whole_steps and isinstance(rule.every, int) and self._of_all(rule):
                found[f"denied {rule.id}"] = follows(speaks(rule), self.points % rule.every == 0)
            elif isinstance(rule, Fee) and isinstance(rule.flat, int) and _unbound(rule) and self._of_all(rule):
                found[f"eaten {rule.id}"] = follows(speaks(rule), self.gross > rule.flat)
            elif isinstance(rule, Exclude) and self._of_all(rule):
                found[f"excluded {rule.id}"] = opposite(speaks(rule))
        found["short"] = self.points <= self.available
        return found

    def effect(self, rule: Rule) -> Premises:
        """What more it takes for a rule that speaks to make a difference."""
        if isinstance(rule, Exclude):
            return {"expired": either([self.last_day == 0, self.last_day >= self.world.today])}
        if isinstance(rule, Require):
            return {f"broken {rule.id}": opposite(self.world.condition(rule.that))}
        if isinstance(rule, Limit):
            return {f"broken {rule.id}": opposite(self.within(rule))}
        if isinstance(rule, Closed):
            return {f"closed {rule.id}": self.closed(rule)}
        if isinstance(rule, Price):
            return self.pays if rule.whole_steps else {**self.pays, **self.passes}
        if isinstance(rule, Tax) and rule.of:
            others = [other for other in self.of(Tax) if other.id in rule.of]
            return {**self.pays, **self.passes, f"of {rule.id}": self.standing.any_speaks(others)}
        if isinstance(rule, Fee | Tax):
            return {**self.pays, **self.passes}
        if isinstance(rule, Offset):
            owed = either([every([where, debt >= 1]) for where, debt in self.world.amounts(rule.debt)])
            return {**self.passes, f"owed {rule.id}": owed}
        if isinstance(rule, Review):
            looked_at = {} if rule.measure is None else {f"broken {rule.id}": opposite(self.within(rule))}
            return {**self.passes, **looked_at}
        return self.passes if rule.kind == "pay" else {}

    def _of_all(self, rule: Rule) -> bool:
        """Whether a rule that speaks speaks of all lots."""
        return not any(_of_lot(each) for each in (rule, *self.standing.overriders(rule)))

    def within(self, rule: Limit | Review) -> Term:
        """Where a measure is within its bound: what a limit lets pass, and a review does not look at."""
        assert rule.measure is not None, f"{rule.id} measures nothing"
        measured = self.measured(rule.measure)
        if isinstance(rule, Review):
            ((sense, bound),) = [(name, each) for name in _REVIEWED if (each := getattr(rule, name)) is not None]
            compare = _REVIEWED[sense]
        else:
            names = ("at_least", "at_most", "multiple_of")
            ((sense, bound),) = [(name, each) for name in names if (each := getattr(rule, name)) is not None]
            compare = _LIMITED[sense]
        held = every([follows(where, compare(measured, limit)) for where, limit in self._bound(bound)])
        if isinstance(rule, Limit):
            if rule.or_all:
                held = either([held, self.points == self.available])
            if rule.measure.of == "payout" and sense in ("at_least", "multiple_of") and self.of(Offset):
                held = either([held, self.payout == 0])
        return held

    def measured(self, measure: Measure) -> Term:
        """What a measure comes to."""
        plain = {
            "request.points": self.points,
            "balance.before": self.balance,
            "balance.after": self.balance - self.points,
            "available.before": self.available,
            "available.after": self.available - self.points,
            "gross": self.gross,
            "payout": self.payout,
        }
        if measure.of in plain:
            return plain[measure.of]
        if measure.of == "destination.after":
            return self.world.fact("request.destination_balance") + self.payout
        if measure not in self._measured:
            before = self._measured[measure] = whole(f"before {len(self._measured)}")
            self.axioms.add(before, before >= 0, before <= MOST_POINTS)
            self.history.append(before == (self.times if measure.of == "count" else self.before))
        before = self._measured[measure]
        if measure.of == "count":
            return before + 1
        return before + (self.payout if measure.in_money else self.points)

    def _bound(self, bound: Any) -> list[Leaf]:
        if not isinstance(bound, BalanceShare):
            return self.world.amounts(bound)
        held = self.available if bound.of == "available" else self.balance
        found = []
        for where, rate in self.world.amounts(bound.share):
            share = _rounded(held, Fraction(rate), bound.rounding)
            leasts = [(YES, None)] if bound.at_least is None else self.world.amounts(bound.at_least)
            for there, least in leasts:
                limit = share if least is None else choose(share >= least, share, least)
                found.append((every([where, there]), limit))
        return found

    def closed(self, rule: Closed) -> Term:
        """Where a rule is closed, as far as that depends on the day."""
        if rule.id not in self._closed_days:
            ready = self.ready_closed(rule)
            days = _days(rule, self.policy.starts)
            if not any(map(ready.holds_on, days)) and rule.holidays is not True:
                return NO
            known = self._closed_days[rule.id] = flag(f"closed on {rule.id}")
            later = int(rule.hours is not None and rule.hours.over_midnight)
            today = self.world.today
            if rule.days:
                ranges = [
                    every([today >= each.start.toordinal(), today <= each.end.toordinal() + later])
                    for each in rule.days
                ]
                self.axioms.add(known, follows(known, either(ranges)))
            if rule.weekdays and not later:
                numbers = [WEEKDAYS.index(day) for day in rule.weekdays]
                self.axioms.add(known, follows(known, either([(today - 1) % 7 == number for number in numbers])))
        return self._closed_days[rule.id]

    def _closed_whole_days(self, rule: Closed) -> Term | None:
        """Just the days on which a rule is closed at all hours, None where the calendar of holidays or hours decide."""
        if rule.hours is not None or rule.holidays is not None or rule.dates:
            return None
        world = self.world
        today = world.today
        if "last" in rule.days_of_month:
            last, first = world.days.of(month_end, today), world.days.of(start_of_month, today)
            self.axioms.add(last, last >= first + _SHORTEST_MONTH - 1, last <= first + _LONGEST_MONTH - 1)
        weekdays = [(today - 1) % 7 == WEEKDAYS.index(day) for day in rule.weekdays]
        ranges = [every([today >= days.start.toordinal(), today <= days.end.toordinal()]) for days in rule.days]
        of_month = [
            today == world.days.of(month_end, today) if day == "last" else world.fact("request.day_of_month") == day
            for day in rule.days_of_month
        ]
        return every([either(each) for each in (weekdays, ranges, of_month) if each])

    def ready_closed(self, rule: Rule) -> ReadyClosed:
        """The rule as the engine has it."""
        found: ReadyClosed = next(ready for ready in self.compiled.rules["closed"] if ready.id == rule.id)
        return found

    def lessons(self, answer: Answer) -> int:
        """Teach what a model gets wrong of the calendar; returns how much that was."""
        found = self.world.days.lessons(answer)
        today = answer.number(self.world.today)
        day = date.fromordinal(today)
        for ready in self.compiled.rules["closed"]:
            known = self._closed_days.get(ready.id)
            later = ready.times.hours is not None and ready.times.hours.over_midnight
            if known is None or later or not answer.knows(known) or not answer.holds(known) or ready.holds_on(day):
                continue
            before = next((n for n in range(1, 800) if ready.holds_on(day - timedelta(days=n))), 800)
            after = next((n for n in range(1, 800) if ready.holds_on(day + timedelta(days=n))), 800)
            between = every([self.world.today > today - before, self.world.today < today + after])
            self.axioms.add(known, follows(between, opposite(known)))
            found += 1
        return found

    def same(self, answer: Answer) -> list[Term]:
        """The days of a model."""
        return self.world.days.same(answer)

    def _settle_lot(self) -> None:
        """Until when the lot lasts, and the sums of the account."""
        world, speaks = self.world, self.standing.speaks
        expiring = self.of(Expire)
        for rule in expiring:
            for where, last_day in self._last_days(rule):
                self.axioms.add(self.last_day, follows(every([speaks(rule), where]), last_day))
        nobody = every([opposite(speaks(rule)) for rule in expiring])
        self.axioms.add(self.last_day, follows(nobody, self.last_day == world.fact("lot.expires_on")))
        living = either([self.last_day == 0, self.last_day >= world.today])
        usable = every([living, *[opposite(speaks(rule)) for rule in self.of(Exclude)]])
        own, held = choose(usable, self.left, 0), choose(living, self.left, 0)
        self.axioms.add(self.available, self.available >= own, self.available >= 0, self.available <= self.balance)
        if not self.of(Exclude):
            self.axioms.add(self.available, self.available == self.balance)
        self.axioms.add(self.balance, self.balance >= held, self.balance <= MOST_POINTS)
        self.alone += [self.available == own, self.balance == held]

    def _last_days(self, rule: Expire) -> list[tuple[Term, Term]]:
        """What is so of the last day of a lot, each with where it is."""
        world = self.world
        if rule.never:
            return [(YES, self.last_day == 0)]
        if rule.last_day is not None:
            amounts = world.amounts(rule.last_day)
            return [
                (where, self.last_day == (day.toordinal() if isinstance(day, date) else day)) for where, day in amounts
            ]
        start = world.fact(rule.start)
        missing = start <= 0
        found: list[tuple[Term, Term]] = [(missing, self.last_day == 0)]
        for where, span in world.amounts(rule.after or rule.idle):
            end = self._end(rule, span, start)
            there = every([where, opposite(missing)])
            if rule.idle is None:
                found.append((there, self.last_day == end))
            else:
                # Every activity makes it later; what is known of activities is the last.
                found.append((there, self.last_day >= end))
                quiet = world.fact("account.last_activity_on") == 0
                simple = every([quiet, self.last_day == end])
                self.alone.append(follows(every([self.standing.speaks(rule), there]), simple))
        return found

    def _end(self, rule: Expire, span: Span, start: Term) -> Term:
        days = self.world.days
        end = days.after(span, start)
        if rule.first_day_counted:
            counted = days.of(_counted(span), start)
            self.axioms.add(counted, counted <= end, counted >= end - 1)
            end = counted
        if isinstance(rule.until, DayOfYear):
            return days.of(_day_of_year(rule.until), end)
        return end if rule.until == "day" else days.of(_UNTIL[rule.until], end)

    def _settle_money(self) -> None:
        """What the points come to, as far as it is the same for all."""
        self.axioms.add(self.gross, self.gross >= 0 if self.of(Price) else self.gross == self.points)
        self.axioms.add(self.payout, self.payout >= 0, self.payout <= self.gross)
        if not self.of(Fee, Tax, Offset):
            self.axioms.add(self.payout, self.payout == self.gross)
        before, times = self.before, self.times
        self.axioms.add(times, times >= 0, times <= _MOST_TIMES)
        self.axioms.add(before, before >= times, (times == 0) == (before == 0), before <= MOST)


PLENTY = 100_000
"""So many points that prices, fees and taxes on them come to something."""

_MUCH = 10**9
"""More money than any example is about."""

_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31

_MOST_TIMES = 20
"""No example has more past refunds."""

_REVIEWED: Mapping[str, Callable[[Term, Any], Term]] = {
    "over": lambda measured, bound: measured <= bound,
    "at_least": lambda measured, bound: measured < bound,
    "under": lambda measured, bound: measured >= bound,
    "at_most": lambda measured, bound: measured > bound,
}
_LIMITED: Mapping[str, Callable[[Term, Any], Term]] = {
    "at_most": lambda measured, bound: measured <= bound,
    "at_least": lambda measured, bound: measured >= bound,
    "multiple_of": lambda measured, bound: measured % bound == 0,
}


def _rounded(held: Term, rate: Fraction, rounding: str) -> Term:
    """A percentage of points, in whole points."""
    part, whole_part = held * rate.numerator, 100 * rate.denominator
    if rounding == "up":
        return (part + whole_part - 1) / whole_part
    return part / whole_part if rounding == "down" else (2 * part + whole_part) / (2 * whole_part)


def _days(rule: Closed, first: date) -> Iterator[date]:
    """The days of its ranges, of long ones those of some years; without ranges those of 28 years, in which every day
    of the year falls on every day of the week.
    """
    for start, end in [(each.start, each.end) for each in rule.days] or [(first, first + 28 * _YEAR)]:
        day = max(start, first)
        last = min(end, day + 28 * _YEAR)
        while day <= last:
            yield day
            day += timedelta(days=1)


def _unbound(rule: Fee) -> bool:
    """Whether a fee is charged whatever the gross and the refunds before are."""
    return rule.gross_at_least is None and rule.gross_under is None and rule.free is None


def _of_lot(rule: Rule) -> bool:
    """Whether a rule looks at lots."""
    return any(clause.path.startswith("lot.") for each in rule.conditions() for clause in each.comparisons())


@cache
def _counted(span: Span) -> DayOfDay:
    return lambda day: end_of_life(day, span, "day", True)


@cache
def _day_of_year(of_year: DayOfYear) -> DayOfDay:
    return lambda day: day_of_year(day, of_year)
