"""What more and more points come to: the course of a refund's money, and where on it everything passes.

Between two breaks (`amounts.py`) the lots pay in one order, each whole before the next. Lots in a row that are priced,
charged and taxed alike make a *run*. Within a run only one price, the fees and the taxes of its lots change, all of
them by way of that one price; so the payout is a sum of straight lines that are rounded, capped and cut off.

A run is searched by halves. Of each half a *line* says between which bounds the money lies; where these bounds leave
no room for what the rules ask, the half is dropped, and where they leave just one line, it is solved by arithmetic.
Roundings repeat themselves after some steps, so where halving takes long, each of these steps is solved as a line of
its own. So the search is exact, and short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import NamedTuple

from engine.bounds import ANY, Allowed
from engine.covers import Cover
from engine.errors import Conflict
from engine.judgement import Judgement, Share
from engine.kinds.allocate import allocation_rule, queue
from engine.kinds.fee import check_fees, free_points, is_free
from engine.kinds.offset import ReadyOffset, offsets_in_order, set_off
from engine.kinds.tax import check_taxes
from engine.lines import ZERO, Line, Number, constant, divided
from engine.runs import (
    NO_WORTH,
    UNPRICED,
    Covers,
    FeeKey,
    PriceKey,
    Run,
    TaxKey,
    cover_of,
    cut_at,
    gross_at,
    points_in,
    so_far,
    worth_between,
)
from engine.stretches import Stretch, Together, same_lots, sum_of, tax_on

Bounds = tuple[Number, Number]


class Wanted(NamedTuple):
    """What the payout and the gross have to be. With `set_off` a payout of 0 will do too, where a debt takes all."""

    payout: Allowed
    gross: Allowed
    set_off: bool


class Course:
    """The course of the money of one request, between two breaks. `judgement` is any amount between them.

    Raises Conflict where rules contradict each other for every amount. `conflict_from` is the first amount at which
    two prices do, None where there is none.
    """

    def __init__(self, judgement: Judgement) -> None:
        self.judgement = judgement
        self.scene = judgement.scene
        self.fees = {ready.id: ready for ready in judgement.rules["fee"]}
        # A tax on a tax comes after it.
        self.taxes = sorted(judgement.rules["tax"], key=lambda ready: len(ready.taxes_on))
        self.conflict_from: int | None = None
        self.debts: list[_Debt] = []
        self._parts = any(ready.after_fees for ready in self.taxes)
        self._by_gross = any(ready.gross_under is not None for ready in judgement.rules["fee"])
        self._uneven = False
        self._runs = self._find_runs(queue(judgement, allocation_rule(judgement)).shares)

    def best(self, allowed: Allowed, wanted: Wanted, *, from_top: bool) -> int | None:
        """The largest (or smallest) of the allowed points whose money is as wanted, None where there is none."""
        goal = _Goal(wanted.gross, self._ways(wanted))
        blocks = [(0, len(self._runs) - 1)] if self._runs and goal.ways else []
        while blocks:
            first, last = blocks.pop()
            if first < last:
                if self._may_hold(first, last, goal):
                    middle = (first + last) // 2
                    lower, upper = (first, middle), (middle + 1, last)
                    blocks += [lower, upper] if from_top else [upper, lower]
                continue
            run = self._runs[first]
            points = points_in(run, allowed)
            if points is not None and run.passable:
                found = _Search(self, run, points, goal, from_top=from_top).found()
                if found is not None:
                    return found
        return None

    def _ways(self, wanted: Wanted) -> list[tuple[Allowed, Allowed]]:
        """What may be left before debts are set off, together with what the payout may be then."""
        offsets = offsets_in_order(self.judgement)
        self.debts = [_Debt(ready, *ready.bounds(self.scene)) for ready in offsets]
        if any(isinstance(debt.most, Fraction) for debt in self.debts):
            ways = [(Allowed(1, ANY), wanted.payout)]
            return [*ways, (Allowed(1, ANY), Allowed(0, 0))] if wanted.set_off else ways
        # The payout follows from what is left, of which so much is set off.
        self.debts = []
        most = sum([each.offset for each in set_off(offsets, self.scene, ANY)])
        return [(net, Allowed(0, ANY)) for net in _net_for(wanted, most)]

    def _may_hold(self, first: int, last: int, goal: _Goal) -> bool:
        """Whether something in a block of runs may be as wanted. What comes in never falls as more points are asked
        for; nor does what is kept, unless fees are taken off what is taxed, or end, or what lots are worth moves.
        """
        least, most = self._at_end(first - 1), self._at_end(last)
        if self._parts or self._by_gross or self._uneven:
            return goal.may_be((least[0], most[0]), (0, most[0]), (0, most[0]))
        net = least[0] - most[1], most[0] - least[1]
        return goal.may_be((least[0], most[0]), net, (0, max(0, net[1])))

    def _at_end(self, index: int) -> tuple[int, int]:
        """The gross at the end of a run, and what fees and taxes keep of it; nothing before the first."""
        if index < 0:
            return 0, 0
        run = self._runs[index]
        search = _Search(self, run, Allowed(run.last, run.last), _Goal(Allowed(0, ANY), []), from_top=True)
        gross, net, _ = search.money(0, 0)
        return int(gross.least), int(gross.least - net.least)

    def points_for(self, money: int, first: int, last: int) -> int | None:
        """The smallest number of points, from `first` to `last`, that comes to just so much money."""
        for run in [*self._runs, *([] if self.conflict_from else [self._beyond()])]:
            points = points_in(run, Allowed(first, last))
            if points is None or gross_at(run, points.most) < money:
                continue
            # More points never come to less.
            low, high = 0, (points.most - points.least) // points.step
            while low < high:
                middle = (low + high) // 2
                if gross_at(run, points.least + points.step * middle) < money:
                    low = middle + 1
                else:
                    high = middle
            found = points.least + points.step * low
            return found if gross_at(run, found) == money else None
        return None

    def _beyond(self) -> Run:
        """Points that no lot holds, at the price of the last lot that pays."""
        if not self._runs:
            return Run(1, ANY, self._price_of_none(), {}, 0, {}, {}, {}, frozenset(), passable=False)
        last = self._runs[-1]
        priced = {**last.priced, last.price: last.before + last.last - last.first + 1}
        money = gross_at(last, last.last)
        return last._replace(first=last.last + 1, last=ANY, priced=priced, money=money, passable=False)

    def _price_of_none(self) -> PriceKey:
        """What points pay where no lot can pay: by a price that looks at no lot."""
        (plan,) = self.judgement.plan.lots.plans([frozenset()])
        if len(plan.price) != 1 or plan.price[0].by_lot:
            return UNPRICED
        return plan.price[0].id, plan.price[0].rate(self.scene, None)

    def _find_runs(self, order: list[Share]) -> list[Run]:
        lots, scene = self.judgement.lots, self.scene
        runs: list[Run] = []
        points = money = 0
        priced: dict[PriceKey, int] = {}
        fees: Covers[FeeKey] = {}
        taxes: Covers[TaxKey] = {}
        common: Covers[tuple[TaxKey, FeeKey]] = {}
        passable = True
        free = {ready.id: free_points(ready, scene) for ready in self.fees.values() if ready.free_points is not None}
        for position, left in cut_at(order, sorted(free.values())):
            lot, plan = lots[position], self.judgement.lot_plans[position]
            if len(plan.price) > 1:
                self.conflict_from = points + 1
                break
            price = (plan.price[0].id, plan.price[0].rate(scene, lot)) if plan.price else UNPRICED
            passable = passable and not self._conflicts(position)
            on_fees = [(ready.id, ready.terms_for(scene, lot)) for ready in plan.fee if free.get(ready.id, 0) <= points]
            on_taxes = [(ready.id, ready.rates(scene, lot)) for ready in plan.tax]
            grow: frozenset[FeeKey | TaxKey] = frozenset((*on_fees, *on_taxes))
            sound = passable and not any(
                covered != rate.whole(covered) for (rule, rate), covered in priced.items() if (rule, rate) != price
            )
            before = runs[-1] if runs else None
            if before and (before.price, before.grow, before.passable) == (price, grow, sound):
                runs[-1] = before._replace(last=points + left)
            else:
                # In the order in which they come to pay.
                held = so_far(fees, on_fees), so_far(taxes, on_taxes), so_far(common, ())
                runs.append(Run(points + 1, points + left, price, dict(priced), money, *held, grow, sound))
            covered = priced.get(price, 0)
            priced[price] = covered + left
            points += left
            money += worth_between(price, covered, left)
            for fee in on_fees:
                cover_of(fees, fee, price).add(covered, covered + left)
            for tax in on_taxes:
                cover_of(taxes, tax, price).add(covered, covered + left)
                for fee in on_fees if self._parts else ():
                    cover_of(common, (tax, fee), price).add(covered, covered + left)
        every_cover: list[Mapping[PriceKey, Cover]] = [*fees.values(), *taxes.values()]
        self._uneven = any(
            not price[1].even and not cover.all_of(priced[price])
            for covers in every_cover
            for price, cover in covers.items()
        )
        return runs

    def _conflicts(self, position: int) -> bool:
        """Whether two fees or taxes contradict each other on a lot."""
        judgement = self.judgement
        try:
            check_fees(judgement.lot_plans[position].fee, judgement.lots[position])
            check_taxes(judgement, position)
        except Conflict:
            return True
        return False


class _Goal(NamedTuple):
    """What the gross has to be, and any of the `ways` in which it does: what fees and taxes leave of it, and what debts
    leave of that.
    """

    gross: Allowed
    ways: list[tuple[Allowed, Allowed]]

    def may_be(self, gross: Bounds, net: Bounds, payout: Bounds) -> bool:
        """Whether amounts between these bounds may do."""
        return _overlaps(self.gross, gross) and any(
            _overlaps(each[0], net) and _overlaps(each[1], payout) for each in self.ways
        )


def _overlaps(allowed: Allowed, bounds: Bounds) -> bool:
    least, most = max(allowed.least, ceil(bounds[0])), min(allowed.most, floor(bounds[1]))
    return allowed.up(least) <= most


class _Debt(NamedTuple):
    """An offset with its debt, and the most that is set off: money or a percentage."""

    ready: ReadyOffset
    debt: int
    most: int | Fraction | None


class _Search:
    """The search of one run. Its t counts the steps from the first of the points that are looked at."""

    def __init__(self, course: Course, run: Run, points: Allowed, goal: _Goal, *, from_top: bool) -> None:
        self.course = course
        self.run = run
        self.points = points
        self.goal = goal
        self.from_top = from_top

    def found(self) -> int | None:
        """The points that were searched for."""
        halves = [(0, (self.points.most - self.points.least) // self.points.step)]
        looked_at = 0
        while halves:
            first, last = halves.pop()
            end = last if self.from_top else first
            if self._passes(end):
                return self._points(end)
            first, last = (first, last - 1) if self.from_top else (first + 1, last)
            if first > last:
                continue
            looked_at += 1
            money = self.money(first, last)
            period = lcm(*(line.period for line in money))
            longest = _LONGEST_PERIOD if looked_at > _PATIENCE else 1
            if 0 < period <= min(longest, last - first + 1):
                found = self._solved(money, period, first, last)
                if found is not None:
                    return self._points(found)
            elif self.goal.may_be(*(line.within(first, last) for line in money)):
                middle = (first + last) // 2
                lower, upper = (first, middle), (middle + 1, last)
                halves += [lower, upper] if self.from_top else [upper, lower]
        return None

    def _points(self, t: int) -> int:
        return self.points.least + self.points.step * t

    def _passes(self, t: int) -> bool:
        money = self.money(t, t)
        assert all(line.least == line.most for line in money), f"the money of {self._points(t)} points is not known"
        return self.goal.may_be(*((line.least, line.least) for line in money))

    def _solved(self, money: Iterable[Line], period: int, first: int, last: int) -> int | None:
        """The t whose money is as wanted, where after each period it is the same and so many slopes more."""
        best: int | None = None
        rises = [int(line.slope * period) for line in money]
        for start, end in self._steady(period, first, last):
            at_start = [int(line.least) for line in self.money(start, start)]
            for way in self.goal.ways:
                both: Allowed | None = Allowed(0, (end - start) // period)
                for rise, amount, wanted in zip(rises, at_start, (self.goal.gross, *way), strict=True):
                    known = _solutions(rise, amount, wanted)
                    both = both and known and both.both(known)
                if not both:
                    continue
                times = both.down(both.most) if self.from_top else both.up(both.least)
                if both.least <= times <= both.most:
                    t = start + period * times
                    best = t if best is None else max(best, t) if self.from_top else min(best, t)
        return best

    def _steady(self, period: int, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The stretches of each step of the period on which the part of each lot stays the same. From period to
        period they all move one way: what is rounded off is the same, and weighs less and less.
        """
        cuts = [] if self.run.price[1].even else self.run.cuts()
        for start in range(first, first + period):
            ahead = [(start, start + (last - start) // period * period)]
            while ahead:
                low, high = ahead.pop()
                if low == high or self._parts_at(low, cuts) == self._parts_at(high, cuts):
                    yield low, high
                else:
                    middle = low + (high - low) // period // 2 * period
                    ahead += [(low, middle), (middle + period, high)]

    def _parts_at(self, t: int, cuts: list[int]) -> int:
        """What the points up to each cut are worth, together."""
        together = self._together(t, t)
        return together.most_of(cuts)

    def _together(self, first: int, last: int) -> Together:
        run, step = self.run, self.points.step
        own = self.points.least - run.first + 1 + run.before
        points = Line(step, own, own) if first < last else constant(own + step * first)
        rate = run.price[1]
        money = divided(points, *rate.ratio, rate.rounding, rate.to)
        return Together(int(own + step * first), money, points, rate)

    def money(self, first: int, last: int) -> tuple[Line, Line, Line]:
        """The gross, what fees and taxes leave of it, and what debts leave of that; nothing is told of the last where
        it follows from the one before.
        """
        run = self.run
        together = self._together(first, last)
        gross = constant(run.money - run.price[1].money(run.before)).plus(together.money)
        on = Stretch(first, last, run, together, gross.within(first, last))
        fees, by_rule = self._fees(on)
        net = gross
        for fee in by_rule.values():
            net = net.minus(fee)
        for tax in self._taxes(on, fees):
            net = net.minus(tax)
        return gross, net, self._payout(on, net) if self.course.debts else ZERO

    def _payout(self, on: Stretch, net: Line) -> Line:
        left = net
        by_rule: dict[str, Line] = {}
        for ready, debt, most in self.course.debts:
            taken = constant(debt)
            if most is not None:
                bound = constant(most)
                if isinstance(most, Fraction):
                    bound = divided(net, most.numerator, most.denominator * 100, ready.rounding, 1)
                bound = on.no_less(bound.minus(sum_of(by_rule.get(each, ZERO) for each in ready.shared)), 0)
                taken = on.no_more(bound, debt)
            taken = by_rule[ready.id] = on.no_less(on.lesser(taken, left), 0)
            left = left.minus(taken)
        return left

    def _fees(self, on: Stretch) -> tuple[dict[FeeKey, Line], dict[str, Line]]:
        """The part of each fee that falls on the lots of one sort, and what each rule comes to."""
        fees: dict[FeeKey, Line] = {}
        rates: dict[str, Line] = {}
        together: dict[str, Line] = {}
        for key, base in self.run.fees.items():
            ready = self.course.fees[key[0]]
            before = together.get(ready.id, ZERO)
            flat, rate, _, _, *of_gross = key[1]
            charged = on.charged(*of_gross)
            rates_before = rates.get(ready.id, ZERO)
            if is_free(ready, self.course.scene) or charged is False:
                fees[key] = ZERO
                together[ready.id] = before
                continue
            if rate is None:
                fees[key] = constant(flat)
                together[ready.id] = before.plus(fees[key])
            else:
                money = on.money(base, grows=key in self.run.grow)
                own = divided(money, rate.numerator, rate.denominator * 100, ready.rounding, ready.to)
                own = on.between(own, *ready.bounds(key[1], by_lot=True))
                rates[ready.id] = rates_before.plus(own)
                bounded = on.between(rates[ready.id], *ready.bounds(key[1], by_lot=False))
                fees[key] = on.no_less(bounded.minus(before), 0)
                together[ready.id] = bounded
            if charged is None:
                fees[key] = on.either(ZERO, fees[key])
                together[ready.id] = on.either(before, together[ready.id])
                rates[ready.id] = on.either(rates_before, rates.get(ready.id, ZERO))
        return fees, together

    def _taxes(self, on: Stretch, fees: Mapping[FeeKey, Line]) -> Iterator[Line]:
        """What each rule comes to."""
        by_rule: dict[str, Line] = {}
        for ready in self.course.taxes:
            groups = []
            for key in [key for key in self.run.taxes if key[0] == ready.id]:
                if ready.of:
                    base = sum_of(by_rule.get(each, ZERO) for each in ready.of)
                else:
                    base = on.money(self.run.taxes[key], grows=key in self.run.grow)
                    if ready.after_fees:
                        base = on.no_less(base.minus(sum_of(self._part(on, key, fee, fees[fee]) for fee in fees)), 0)
                groups.append((base, key[1]))
            if groups:
                by_rule[ready.id] = tax_on(on, ready, groups)
                yield by_rule[ready.id]

    def _part(self, on: Stretch, tax: TaxKey, fee: FeeKey, amount: Line) -> Line:
        """The part of a fee that falls on the lots of a tax."""
        run = self.run
        grows = fee in run.grow and tax in run.grow
        base = on.money(run.fees[fee], grows=fee in run.grow)
        both = run.common.get((tax, fee), NO_WORTH)
        common = on.money(both, grows=grows)
        base_least, base_most = on.within(base)
        if base_most <= 0 or common == ZERO:
            return ZERO
        if base_least > 0 and grows == (fee in run.grow) and same_lots(both, run.fees[fee]):
            return amount
        (least, most), (common_least, common_most) = on.within(amount), on.within(common)
        share_least = Fraction(common_least) / Fraction(base_most)
        share_most = min(Fraction(1), Fraction(common_most) / Fraction(base_least)) if base_least > 0 else Fraction(1)
        return Line(0, floor(least * share_least), floor(most * share_most), 0)


def _net_for(wanted: Wanted, set_off: int) -> list[Allowed]:
    """What may be left before debts are set off, so that the payout is as wanted: something, and up to what is set
    off the payout is 0.
    """
    payout = wanted.payout
    found = []
    nothing = payout.least <= 0 <= payout.most and payout.rest % payout.step == 0
    if set_off and (nothing or wanted.set_off):
        found.append(Allowed(1, set_off))
    least = max(1, payout.least)
    if least <= payout.most:
        rest = (payout.rest + set_off) % payout.step
        found.append(Allowed(set_off + least, set_off + payout.most, payout.step, rest))
    return found


def _solutions(rise: int, start: int, wanted: Allowed) -> Allowed | None:
    """How often an amount has to rise from its start to be as wanted."""
    shared = gcd(rise, wanted.step)
    if (wanted.rest - start) % shared:
        return None
    if rise == 0:
        return Allowed(0, ANY) if wanted.least <= start <= wanted.most else None
    step = wanted.step // shared
    rest = (wanted.rest - start) // shared * pow(rise // shared, -1, step) % step
    ends = Fraction(wanted.least - start, rise), Fraction(wanted.most - start, rise)
    return Allowed(max(0, ceil(min(ends))), floor(max(ends)), step, rest)


_PATIENCE = 64
_LONGEST_PERIOD = 5_000
"""After so many halves, money that repeats itself within so many steps is solved step by step."""
