"""`points: all` in columns: the largest amount that passes, and the one that tells what stands in the way.

Between two breaks the rules see no difference between amounts, so each stretch has one amount to look at: the largest
that its limits and the lots let through. Where it does not pass for its money alone, fees have eaten up a small amount;
then the amounts below it are tried one by one, which `_eaten_up_to` shows to be few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from engine.cases import MOST_POINTS
from engine.population.sql_judgement import Hearing, Limited
from engine.population.sql_limits import Range, Speaking, Steps, allowed, down
from engine.population.sql_money import Money
from engine.population.sql_points import Fixed, Listener, Points, Stretch
from engine.population.sql_terms import (
    CannotSay,
    Cases,
    Formula,
    Known,
    Unsayable,
    either,
    every,
    greatest,
    least,
    number,
    opposite,
    pick,
    product,
    sql,
)

MOST_STRETCHES = 200
MOST_STRETCHES_WITH_MONEY = 40
"""Every stretch has its own SQL, and much more of it where fees may eat up an amount."""

_SELDOM = 100
"""So few points are seldom asked for."""

MOST_TRIED = 100_000
"""No more amounts of one account are tried than this."""


@dataclass(frozen=True, slots=True)
class Found:
    """`largest` is the largest amount that passes, NULL where none does; `told` the amount whose reasons are told."""

    largest: str
    told: str


def search(hearing: Hearing) -> Found:
    """The amounts of a request for all. Raises Unsayable."""
    return _Search(hearing).found()


def goes_through_lots(hearing: Hearing) -> bool:
    """Whether the search has to look at the lots of more than a few accounts, because fees may eat up amounts that many
    ask for.
    """
    try:
        eaten = _eaten_up_to(hearing.money.asking_for(Fixed(1)))
    except (CannotSay, Unsayable):
        # Said better by the search itself.
        return False
    return eaten is not None and eaten > _SELDOM


class _Search:
    """The search of one method. It is `plain` where each point pays one unit, and nothing is taken from it."""

    def __init__(self, hearing: Hearing) -> None:
        self.hearing = hearing
        self.keep = hearing.steps.keep
        self.available = hearing.held.available
        compiled = hearing.compiled
        if compiled.lots_see_points:
            for kind in ("expire", "exclude"):
                for ready in compiled.rules[kind]:
                    if ready.sees_points:
                        raise Unsayable(ready.id, CannotSay(*_LOTS_SEE_POINTS).why)
        heard = Listener()
        hearing.hard(heard)
        self.plain = self._plain(heard)
        self.in_money = hearing.limits(heard, in_money=True)
        if self.in_money and not self.plain:
            raise Unsayable(self.in_money[0].ready.id, CannotSay(*_PAYOUT).why)
        self.stretches = heard.stretches(MOST_POINTS)
        most = MOST_STRETCHES if self.plain else MOST_STRETCHES_WITH_MONEY
        if len(self.stretches) > most:
            raise Unsayable(self._first_on_money(), CannotSay(*_TOO_MANY).why)

    def _first_on_money(self) -> str:
        """The first rule that takes something from an amount, "" where there is none."""
        money = self.hearing.money.asking_for(Listener())
        found = [each.ready.id for kind in ("fee", "tax", "price") for each in money.guarded(kind)]
        return found[0] if found else ""

    def _plain(self, points: Points) -> bool:
        """Whether each point pays one unit, and nothing is taken from it."""
        money = self.hearing.money.asking_for(points)
        offsets = money.worked_out().offsets
        return not offsets and not any(money.guarded(kind) for kind in ("price", "fee", "tax"))

    def found(self) -> Found:
        """Both amounts."""
        hearing, stretches = self.hearing, self.stretches
        denials = [dict(hearing.fixed(each.paying("0"))) for each in stretches]
        shared = {rule: where for rule, where in denials[0].items() if all(each.get(rule) == where for each in denials)}
        cases: list[tuple[Formula, str]] = []
        for stretch, own in zip(stretches, denials, strict=True):
            open_here = opposite(either([where for rule, where in own.items() if rule not in shared]))
            cases += [(every([open_here, where]), amount) for where, amount in self._candidates(stretch)]
        kept = [(hearing.steps.kept(where), amount) for where, amount in cases if where is not False]
        if stretches[0].sides:
            # Stretches that go by a fact of the account do not stand in one order.
            amounts = [number(where, f"COALESCE({amount}, 0)") for where, amount in kept]
            largest = f"NULLIF({greatest('0', *amounts)}, 0)"
        else:
            largest = _first(kept)
        closed = hearing.steps.kept(either(shared.values()))
        largest = self.keep(pick([(closed, _NONE), (True, largest)]))
        told = self.keep(f"COALESCE({largest}, {self._in_the_way()})")
        return Found(largest, told)

    def _limits(self, points: Points) -> list[Limited]:
        """The limits that a number of points has to pass. Where each point pays one unit, those on money are such."""
        hearing = self.hearing
        found = hearing.limits(points, in_money=False)
        return [*found, *hearing.limits(points, in_money=True)]

    def _candidates(self, stretch: Stretch) -> list[tuple[Formula, str]]:
        """The amounts of a stretch that may be the largest that passes, each with where it is one."""
        limits = self._limits(stretch.paying("0"))
        low, most = self._ends(stretch)
        found: list[tuple[Formula, str]] = []
        if any(each.ready.bound.or_all for each in limits):
            rest = [each for each in limits if not each.ready.bound.or_all]
            everything = stretch.paying(self.available)
            denied = [every([each.where, opposite(each.reading.passes(self.available))]) for each in rest]
            inside = every([*(f"({self.available} >= {each})" for each in low), *_within(self.available, most)])
            unbroken = [opposite(where) for _, where in self.hearing.money.asking_for(everything).worked_out().broken]
            found.append((every([inside, *map(opposite, denied), *unbroken, self._pays(everything)]), self.available))
        counted = [every([each.where, opposite(each.reading.passes("0"))]) for each in limits if not each.reading.slope]
        range_ = self._range(limits, low, [*most, self.available], self._whole_steps(stretch.paying("0")))
        if range_.empty:
            return found
        top = self.keep(range_.top)
        where = every([*map(opposite, counted), f"({top} >= {range_.low})"])
        found.append((where, self._paying(stretch, top, range_)))
        return found

    def _ends(self, stretch: Stretch) -> tuple[list[str], list[str]]:
        """Between which amounts a stretch lies."""
        low, most = [str(stretch.first)], [_number(stretch.last)] if stretch.last < MOST_POINTS else []
        for figure, side in stretch.sides.items():
            if side >= 0:
                low.append(f"({figure} + 1)" if side else figure)
            if side <= 0:
                most.append(f"({figure} - 1)" if side else figure)
        return low, most

    def _range(
        self, limits: Sequence[Limited], low: Sequence[str], most: Sequence[str], steps: Sequence[Steps]
    ) -> Range:
        try:
            return allowed(self.keep, _speaking(limits), low, most, *steps)
        except CannotSay as cannot:
            named = next((each.ready.id for each in limits if each.ready.bound.sense == "multiple_of"), "")
            raise Unsayable(named, cannot.why) from None

    def _whole_steps(self, points: Points) -> list[Steps]:
        """The steps that prices ask for."""
        money = self.hearing.money.asking_for(points)
        return [
            (each.outer, money.reader.figures(each.ready.rule.every))
            for each in money.guarded("price")
            if each.ready.whole_steps
        ]

    def _pays(self, points: Points) -> Formula:
        """Whether fees and taxes leave something of an amount."""
        if self.plain:
            return True
        money = self.hearing.money.asking_for(points).worked_out()
        return f"({money.net} > 0)" if money.net != points.amount else True

    def _paying(self, stretch: Stretch, top: str, range_: Range) -> str:
        """The largest amount of a range of which something is left, NULL where nothing ever is."""
        if self.plain:
            return top
        eaten = self._eaten(stretch)
        if eaten < stretch.first:
            return top
        pays = self._pays(stretch.paying(top))
        if pays is True:
            return top
        tried = self._tried(stretch.paying, range_.bottom, top, range_.step)
        enough: Formula = f"({top} > {eaten})" if stretch.last > eaten else False
        # Only CASE leaves alone what it does not need: few amounts are so small that their lots have to be looked at.
        return pick([(enough, top), (pays, top), (True, f"LIST_MAX({tried})")])

    def _eaten(self, points: Points) -> int:
        eaten = _eaten_up_to(self.hearing.money.asking_for(points))
        if eaten is None or eaten > MOST_TRIED:
            money = self.hearing.money.asking_for(points)
            named = next(each.ready.id for kind in ("fee", "tax", "price") for each in money.guarded(kind))
            raise Unsayable(named, CannotSay(*_EATEN).why)
        return eaten

    def _tried(self, points: Callable[[str], Points], low: str, most: str, step: str) -> str:
        """The amounts of a range of which something is left."""
        money = self.hearing.money.asking_for(points("amount")).worked_out()
        return f"LIST_FILTER(GENERATE_SERIES({low}, {most}, {step}), amount -> {money.net} > 0)"

    def _in_the_way(self) -> str:
        """The amount that shows what stands in the way, as `Hearing._in_the_way` has it: the rules are those of one
        point, whatever the amount is.
        """
        one = Fixed(1)
        limits = self.hearing.limits(one, in_money=False)
        smallest = self._range(limits, ["1"], [], ())
        least_of_all = self.keep(smallest.bottom)
        there = self._there(limits)
        if not self.hearing.compiled.tells_all:
            otherwise = least_of_all
        else:
            otherwise = f"COALESCE({self._smallest_payout(limits)}, {greatest(least_of_all, there)})"
        return pick([(f"({there} > 0 AND {there} < {least_of_all})", there), (True, otherwise)])

    def _there(self, limits: Sequence[Limited]) -> str:
        """What there is, in whole steps."""
        available = self.available
        steps = self._range(limits, ["1"], [], ())
        of_all = self._range([each for each in limits if not each.ready.bound.or_all], ["1"], [], ())
        there = self.keep(down(available, steps.step, steps.rest))
        if (of_all.step, of_all.rest) == (steps.step, steps.rest):
            return there
        whole = self.keep(down(available, of_all.step, of_all.rest))
        return self.keep(f"(CASE WHEN {whole} < {available} THEN {there} ELSE {whole} END)")

    def _smallest_payout(self, limits: Sequence[Limited]) -> str:
        """The smallest amount that limits, but for those that say how much it may be at most, let through and of which
        something is left; NULL where there is none.
        """
        one = Fixed(1, "0")
        in_money = self.hearing.limits(one, in_money=True)
        range_ = self._range([*limits, *in_money], ["1"], [], self._whole_steps(one))
        bottom = self.keep(range_.bottom)
        found = bottom
        if not self.plain:
            eaten = self._eaten(one)
            pays = self._pays(Fixed(1, bottom))
            if pays is not True and eaten:
                # Of a little more than what can be eaten up, something is always left.
                most = least(self.available, greatest(bottom, f"({eaten} + {range_.step})"))
                tried = self._tried(lambda paid: Fixed(1, paid), bottom, most, range_.step)
                found = pick([(f"({bottom} > {eaten})", bottom), (pays, bottom), (True, f"LIST_MIN({tried})")])
        return pick([(f"({bottom} <= {self.available})", found), (True, _NONE)])


_NONE = "CAST(NULL AS BIGINT)"
_LOTS_SEE_POINTS = (
    "어느 포인트가 환급되는지가 신청 포인트에 달려 있습니다",
    "which lots can pay depends on the points asked for",
)
_PAYOUT = (
    "지급액에 대한 한도라 가장 큰 금액을 계산식으로 구할 수 없습니다",
    "it limits the payout, so that the largest amount has to be searched for",
)
_EATEN = (
    "수수료와 세금이 얼마든지 커질 수 있어 가장 큰 금액을 계산식으로 구할 수 없습니다",
    "fees and taxes may eat up any amount, so that the largest has to be searched for",
)
_TOO_MANY = ("규칙이 구별하는 금액이 너무 많습니다", "the rules tell too many amounts apart")


def _number(amount: int) -> str:
    return sql(Known(amount))


def _within(amount: str, most: Sequence[str]) -> list[Formula]:
    return [f"({amount} <= {each})" for each in most]


def _speaking(limits: Sequence[Limited]) -> list[Speaking]:
    return [(each.where, each.reading) for each in limits]


def _first(cases: Sequence[tuple[Formula, str]]) -> str:
    """The first amount that there is."""
    terms = [number(where, amount, _NONE) for where, amount in cases]
    if not terms:
        return _NONE
    return terms[0] if len(terms) == 1 else f"COALESCE({', '.join(terms)})"


def _eaten_up_to(money: Money) -> int | None:
    """An amount beyond which fees and taxes always leave something, None where none can be told."""
    pays, lost = Fraction(1), Fraction(0)
    for each in money.guarded("price"):
        rule: Any = each.ready.rule
        bonus: Cases = ((True, Known(Fraction(0))),) if rule.bonus is None else money.reader.figures(rule.bonus)
        fields = money.reader.figures(rule.every), money.reader.figures(rule.pays), bonus
        for _, (per, paid, more) in product(*fields):
            pays = min(pays, Fraction(paid.value, per.value) * (1 + more.value / 100))
            lost = max(lost, Fraction(each.ready.to + (paid.value if each.ready.whole_steps else 0)))
    rate, flat = Fraction(0), Fraction(0)
    for each in money.guarded("fee"):
        rule = each.ready.rule
        classes = len(money.classes(each, rule.flat, rule.rate, rule.at_least, rule.at_most))
        if rule.flat is not None:
            flat += classes * _most(money, rule.flat)
        elif rule.at_most is not None:
            flat += classes * _most(money, rule.at_most)
        else:
            rate += _most(money, rule.rate) / 100
            flat += classes * (rule.to + (0 if rule.at_least is None else _most(money, rule.at_least)))
    taxes: dict[str, tuple[Fraction, Fraction]] = {}
    for each in sorted(money.guarded("tax"), key=lambda each: len(each.ready.taxes_on)):
        rule = each.ready.rule
        own = _most(money, rule.rate) / 100
        bases = (
            [taxes.get(name, (Fraction(0), Fraction(0))) for name in rule.of]
            if rule.of
            else [(Fraction(1), Fraction(0))]
        )
        taxes[each.ready.id] = (
            own * sum(base[0] for base in bases),
            own * sum(base[1] for base in bases)
            + (len(money.classes(each, rule.rate, rule.above, rule.waived_under)) * rule.to),
        )
    rate += sum(each[0] for each in taxes.values())
    flat += sum(each[1] for each in taxes.values())
    return ceil((flat / (1 - rate) + lost) / pays) + 1 if rate < 1 and pays > 0 else None


def _most(money: Money, field: Any) -> Fraction:
    return max(Fraction(figure.value) for _, figure in money.reader.figures(field))
