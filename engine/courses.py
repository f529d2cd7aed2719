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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from math import ceil, floor, gcd, lcm
from typing import Any, NamedTuple, TypeVar

from engine.bounds import ANY, Allowed
from engine.covers import NOTHING, Cover, Covered
from engine.errors import Conflict
from engine.judgement import Judgement, Share
from engine.kinds.allocate import allocation_rule, queue
from engine.kinds.fee import ReadyFee, check_fees, is_free
from engine.kinds.offset import offsets_in_order
from engine.kinds.price import Rate
from engine.kinds.tax import Rates, ReadyTax, check_taxes
from engine.lines import ZERO, Line, Number, constant, divided, rounded_by
from engine.money import parts

FeeKey = tuple[str, tuple[Any, ...]]
"""A fee rule, and what its fields come to."""

TaxKey = tuple[str, Rates]
Charged = TypeVar("Charged", bound=tuple[Any, ...])
PriceKey = tuple[str, Rate]
Worth = Mapping[PriceKey, Covered]
"""Lots, as the points of each price that are theirs."""

_UNPRICED = ("", Rate(1, 1, None, "down", 1, whole_steps=False))
"""What points pay that no rule prices: one unit each."""


class Run(NamedTuple):
    """Lots in a row that are treated alike: the points from `first` to `last` of the request end in one of them.

    Before the run, `priced` are the points that each price covers and `money` is what all points come to. `fees` and
    `taxes` are those that apply up to here, with the lots before the run that each is on, `common` the lots that a tax
    and a fee are both on; `grow` are those that its own lots are charged with. It is not `passable` where a rule
    denies whatever its points are.
    """

    first: int
    last: int
    price: PriceKey
    priced: Mapping[PriceKey, int]
    money: int
    fees: Mapping[FeeKey, Worth]
    taxes: Mapping[TaxKey, Worth]
    common: Mapping[tuple[TaxKey, FeeKey], Worth]
    grow: frozenset[FeeKey | TaxKey]
    passable: bool

    @property
    def before(self) -> int:
        """The points before the run that its own price covers."""
        return self.priced.get(self.price, 0)

    def cuts(self) -> list[int]:
        """Where lots begin and end that pay by the run's price and are charged or taxed, in points of that price."""
        each = [*self.fees.values(), *self.taxes.values(), *self.common.values()]
        found = [cut for worth in each if self.price in worth for cut in worth[self.price].all_cuts()]
        return [*found, self.before]


class Wanted(NamedTuple):
    """What the payout and the gross have to be."""

    payout: Allowed
    gross: Allowed = Allowed(1, ANY)


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
        self._parts = any(ready.after_fees for ready in self.taxes)
        self._by_gross = any(ready.gross_under is not None for ready in judgement.rules["fee"])
        self._uneven = False
        self._runs = self._find_runs(queue(judgement, allocation_rule(judgement)).shares)

    def best(self, allowed: Allowed, wanted: Wanted, *, from_top: bool) -> int | None:
        """The largest (or smallest) of the allowed points whose money is as wanted, None where there is none."""
        set_off = sum([ready.wanted(self.judgement)[1] for ready in offsets_in_order(self.judgement)])
        goal = _Goal(wanted.gross, _net_for(wanted.payout, set_off))
        blocks = [(0, len(self._runs) - 1)] if self._runs and goal.net else []
        while blocks:
            first, last = blocks.pop()
            if first < last:
                if self._may_hold(first, last, goal):
                    middle = (first + last) // 2
                    lower, upper = (first, middle), (middle + 1, last)
                    blocks += [lower, upper] if from_top else [upper, lower]
                continue
            run = self._runs[first]
            points = _in_run(run, allowed)
            if points is not None and run.passable:
                found = _Search(self, run, points, goal, from_top=from_top).found()
                if found is not None:
                    return found
        return None

    def _may_hold(self, first: int, last: int, goal: _Goal) -> bool:
        """Whether something in a block of runs may be as wanted. What comes in never falls as more points are asked
        for; nor does what is kept, unless fees are taken off what is taxed, or end, or what lots are worth moves.
        """
        least, most = self._at_end(first - 1), self._at_end(last)
        if self._parts or self._by_gross or self._uneven:
            return goal.may_be((least[0], most[0]), (0, most[0]))
        return goal.may_be((least[0], most[0]), (least[0] - most[1], most[0] - least[1]))

    def _at_end(self, index: int) -> tuple[int, int]:
        """The gross at the end of a run, and what fees and taxes keep of it; nothing before the first."""
        if index < 0:
            return 0, 0
        run = self._runs[index]
        gross, net = _Search(self, run, Allowed(run.last, run.last), _Goal(Allowed(0, ANY), []), from_top=True).money(
            0, 0
        )
        return int(gross.least), int(gross.least - net.least)

    def points_for(self, money: int, first: int, last: int) -> int | None:
        """The smallest number of points, from `first` to `last`, that comes to just so much money."""
        for run in [*self._runs, *([] if self.conflict_from else [self._beyond()])]:
            points = _in_run(run, Allowed(first, last))
            if points is None or _gross(run, points.most) < money:
                continue
            # More points never come to less.
            low, high = 0, (points.most - points.least) // points.step
            while low < high:
                middle = (low + high) // 2
                if _gross(run, points.least + points.step * middle) < money:
                    low = middle + 1
                else:
                    high = middle
            found = points.least + points.step * low
            return found if _gross(run, found) == money else None
        return None

    def _beyond(self) -> Run:
        """Points that no lot holds, at the price of the last lot that pays."""
        if not self._runs:
            return Run(1, ANY, self._price_of_none(), {}, 0, {}, {}, {}, frozenset(), passable=False)
        last = self._runs[-1]
        priced = {**last.priced, last.price: last.before + last.last - last.first + 1}
        money = _gross(last, last.last)
        return last._replace(first=last.last + 1, last=ANY, priced=priced, money=money, passable=False)

    def _price_of_none(self) -> PriceKey:
        """What points pay where no lot can pay: by a price that looks at no lot."""
        (plan,) = self.judgement.plan.lot_plans([frozenset()])
        if len(plan.price) != 1 or plan.price[0].by_lot:
            return _UNPRICED
        return plan.price[0].id, plan.price[0].rate(self.scene, None)

    def _find_runs(self, order: list[Share]) -> list[Run]:
        lots, scene = self.judgement.lots, self.scene
        runs: list[Run] = []
        points = money = 0
        priced: dict[PriceKey, int] = {}
        fees: _Covers[FeeKey] = {}
        taxes: _Covers[TaxKey] = {}
        common: _Covers[tuple[TaxKey, FeeKey]] = {}
        passable = True
        for position, left in order:
            lot, plan = lots[position], self.judgement.lot_plans[position]
            if len(plan.price) > 1:
                self.conflict_from = points + 1
                break
            price = (plan.price[0].id, plan.price[0].rate(scene, lot)) if plan.price else _UNPRICED
            passable = passable and not self._conflicts(position)
            on_fees = [(ready.id, ready.terms_for(scene, lot)) for ready in plan.fee]
            on_taxes = [(ready.id, ready.rates(scene, lot)) for ready in plan.tax]
            grow: frozenset[FeeKey | TaxKey] = frozenset((*on_fees, *on_taxes))
            sound = passable and not any(
                covered != rate.whole(covered) for (rule, rate), covered in priced.items() if (rule, rate) != price
            )
            before = runs[-1] if runs else None
            if before and (before.price, before.grow, before.passable) == (price, grow, sound):
                runs[-1] = before._replace(last=points + left)
            else:
                held = _so_far(fees, on_fees), _so_far(taxes, on_taxes), _so_far(common, ())
                runs.append(Run(points + 1, points + left, price, dict(priced), money, *held, grow, sound))
            covered = priced.get(price, 0)
            priced[price] = covered + left
            points += left
            money += _worth(price, covered, left)
            for fee in on_fees:
                _cover(fees, fee, price).add(covered, covered + left)
            for tax in on_taxes:
                _cover(taxes, tax, price).add(covered, covered + left)
                for fee in on_fees if self._parts else ():
                    _cover(common, (tax, fee), price).add(covered, covered + left)
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


_Covers = dict[Charged, dict[PriceKey, Cover]]
"""The lots that each of some fees or taxes is on, as the points of each price that are theirs."""


def _cover(covers: _Covers[Charged], key: Charged, price: PriceKey) -> Cover:
    return covers.setdefault(key, {}).setdefault(price, Cover())


def _so_far(covers: _Covers[Charged], further: Iterable[Charged]) -> dict[Charged, Worth]:
    """What is covered now, by those that are on no lot yet too."""
    known: dict[Charged, Worth] = {
        key: {price: cover.so_far() for price, cover in each.items()} for key, each in covers.items()
    }
    return {**dict.fromkeys(further, _NO_WORTH), **known}


_NO_WORTH: Worth = {}


def _worth(price: PriceKey, priced: int, more: int) -> int:
    """What more points come to after those that the same price covers already."""
    return price[1].money(priced + more) - price[1].money(priced)


def _gross(run: Run, points: int) -> int:
    """What so many points, which end in the run, come to."""
    return run.money + _worth(run.price, run.before, points - run.first + 1)


def _in_run(run: Run, allowed: Allowed) -> Allowed | None:
    """The allowed points that end in a run, in whole steps of its price, from the first to the last of them."""
    found = allowed.both(Allowed(run.first, run.last))
    if found and run.price[1].whole_steps:
        every = run.price[1].every
        found = found.both(Allowed(run.first, run.last, every, (run.first - 1 - run.before) % every))
    if found is None:
        return None
    first, last = found.up(found.least), found.down(found.most)
    return found._replace(least=first, most=last) if first <= last else None


class _Goal(NamedTuple):
    """What the gross has to be, and what fees and taxes have to leave of it: any of `net`."""

    gross: Allowed
    net: list[Allowed]

    def may_be(self, gross: tuple[Number, Number], net: tuple[Number, Number]) -> bool:
        """Whether amounts between these bounds may do."""
        return _holds(self.gross, gross) and any(_holds(each, net) for each in self.net)


def _holds(wanted: Allowed, bounds: tuple[Number, Number]) -> bool:
    """Whether a wanted amount lies between these bounds."""
    return wanted.up(max(wanted.least, ceil(bounds[0]))) <= min(wanted.most, floor(bounds[1]))


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
            gross, net = self.money(first, last)
            period = lcm(gross.period, net.period)
            longest = _LONGEST_PERIOD if looked_at > _PATIENCE else 1
            if 0 < period <= min(longest, last - first + 1):
                found = self._solved(gross, net, period, first, last)
                if found is not None:
                    return self._points(found)
            elif self.goal.may_be(gross.within(first, last), net.within(first, last)):
                middle = (first + last) // 2
                lower, upper = (first, middle), (middle + 1, last)
                halves += [lower, upper] if self.from_top else [upper, lower]
        return None

    def _points(self, t: int) -> int:
        return self.points.least + self.points.step * t

    def _passes(self, t: int) -> bool:
        gross, net = self.money(t, t)
        assert (gross.least, net.least) == (gross.most, net.most), f"the money of {self._points(t)} points is not known"
        return self.goal.may_be((gross.least, gross.least), (net.least, net.least))

    def _solved(self, gross: Line, net: Line, period: int, first: int, last: int) -> int | None:
        """The t whose money is as wanted, where after each period it is the same and so many slopes more."""
        best: int | None = None
        rises = int(gross.slope * period), int(net.slope * period)
        for start, end in self._steady(period, first, last):
            at_start = self.money(start, start)
            inside = Allowed(0, (end - start) // period)
            known = _solutions(rises[0], int(at_start[0].least), self.goal.gross)
            for each in self.goal.net:
                both = known and inside.both(known)
                wanted = _solutions(rises[1], int(at_start[1].least), each)
                both = both and wanted and both.both(wanted)
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

    def _together(self, first: int, last: int) -> _Together:
        run, step = self.run, self.points.step
        own = self.points.least - run.first + 1 + run.before
        points = Line(step, own, own) if first < last else constant(own + step * first)
        rate = run.price[1]
        money = divided(points, *rate.ratio, rate.rounding, rate.to)
        return _Together(int(own + step * first), money, points, rate)

    def money(self, first: int, last: int) -> tuple[Line, Line]:
        """The gross, and what fees and taxes leave of it."""
        run = self.run
        together = self._together(first, last)
        gross = constant(run.money - run.price[1].money(run.before)).plus(together.money)
        on = _On(first, last, run, together, gross.within(first, last))
        fees = {key: self._fee(on, key, base) for key, base in run.fees.items()}
        net = gross
        for fee in fees.values():
            net = net.minus(fee)
        for tax in self._taxes(on, fees):
            net = net.minus(tax)
        return gross, net

    def _fee(self, on: _On, key: FeeKey, base: Worth) -> Line:
        ready = self.course.fees[key[0]]
        *_, gross_at_least, gross_under = key[1]
        least, most = on.gross
        if is_free(ready, self.course.scene):
            return ZERO
        if (gross_at_least is not None and most < gross_at_least) or (gross_under is not None and least >= gross_under):
            return ZERO
        fee = self._fee_on(on, ready, key, base)
        if (gross_at_least is None or least >= gross_at_least) and (gross_under is None or most < gross_under):
            return fee
        return Line(0, 0, max(0, on.within(fee)[1]), 0)

    def _fee_on(self, on: _On, ready: ReadyFee, key: FeeKey, base: Worth) -> Line:
        flat, rate, at_least, at_most, *_ = key[1]
        if rate is None:
            return constant(flat)
        money = on.money(base, grows=key in self.run.grow)
        fee = divided(money, rate.numerator, rate.denominator * 100, ready.rounding, ready.to)
        fee = fee if at_least is None else on.no_less(fee, at_least)
        return fee if at_most is None else on.no_more(fee, at_most)

    def _taxes(self, on: _On, fees: Mapping[FeeKey, Line]) -> Iterator[Line]:
        by_rule: dict[str, Line] = {}
        for ready in self.course.taxes:
            for key in [key for key in self.run.taxes if key[0] == ready.id]:
                if ready.of:
                    base = _sum(by_rule.get(each, ZERO) for each in ready.of)
                else:
                    base = on.money(self.run.taxes[key], grows=key in self.run.grow)
                    if ready.after_fees:
                        base = on.no_less(base.minus(_sum(self._part(on, key, fee, fees[fee]) for fee in fees)), 0)
                tax = _tax(on, ready, key[1], base)
                by_rule[ready.id] = by_rule.get(ready.id, ZERO).plus(tax)
                yield tax

    def _part(self, on: _On, tax: TaxKey, fee: FeeKey, amount: Line) -> Line:
        """The part of a fee that falls on the lots of a tax."""
        run = self.run
        grows = fee in run.grow and tax in run.grow
        base = on.money(run.fees[fee], grows=fee in run.grow)
        both = run.common.get((tax, fee), _NO_WORTH)
        common = on.money(both, grows=grows)
        base_least, base_most = on.within(base)
        if base_most <= 0 or common == ZERO:
            return ZERO
        if base_least > 0 and grows == (fee in run.grow) and _same(both, run.fees[fee]):
            return amount
        (least, most), (common_least, common_most) = on.within(amount), on.within(common)
        share_least = Fraction(common_least) / Fraction(base_most)
        share_most = min(Fraction(1), Fraction(common_most) / Fraction(base_least)) if base_least > 0 else Fraction(1)
        return Line(0, floor(least * share_least), floor(most * share_most), 0)


def _same(one: Worth, other: Worth) -> bool:
    """Whether these are the same lots."""
    return one.keys() == other.keys() and all(one[price].same_as(other[price]) for price in one)


class _Together(NamedTuple):
    """What the points of a price come to together on a stretch of t, at the first of which there are `fewest`."""

    fewest: int
    money: Line
    points: Line
    rate: Rate

    def least_of(self, cuts: Sequence[int]) -> int:
        """The least that the points up to each cut are worth on the stretch, together."""
        return self._of(cuts, -1)

    def most_of(self, cuts: Sequence[int]) -> int:
        """The most that they are."""
        return self._of(cuts, 1)

    def _of(self, cuts: Sequence[int], sign: int) -> int:
        money, fewest, rate = self.money, self.fewest, self.rate
        if not cuts:
            return 0
        numerator, denominator = rate.ratio
        if rate.even:
            return sum([cut * numerator // denominator for cut in cuts])
        if self.points.slope == 0:
            return parts(int(money.least), cuts, fewest)
        below, above = rounded_by(denominator * rate.to, rate.rounding)
        of, whole = numerator * fewest + (above if sign > 0 else -below), denominator * fewest
        return sum([cut * of // whole for cut in cuts]) if of > 0 else 0


class _On(NamedTuple):
    """A stretch of t in a run, with what the points of its price come to."""

    first: int
    last: int
    run: Run
    together: _Together
    gross: tuple[Number, Number]

    def money(self, worth: Worth, *, grows: bool) -> Line:
        """The money that a fee or a tax is on."""
        run, together = self.run, self.together
        known = 0
        for price, covered in worth.items():
            if price != run.price:
                points = run.priced[price]
                known += covered.worth(partial(parts, price[1].money(points), of=points))
        own = worth.get(run.price, NOTHING)
        grows_from = run.before if grows else None
        least, most = own.bounds(together.least_of, together.most_of, grows_from=grows_from)
        period = 1 if least == most else together.money.period
        line = Line(0, known + least, known + most, period)
        return line.plus(together.money) if grows else line

    def within(self, line: Line) -> tuple[Number, Number]:
        """The bounds of an amount."""
        return line.within(self.first, self.last)

    def no_less(self, line: Line, least: int) -> Line:
        """The amount, or `least` where that is more."""
        low, high = self.within(line)
        return line if low >= least else Line(0, least, max(high, least), 0)

    def no_more(self, line: Line, most: int) -> Line:
        """The amount, or `most` where that is less."""
        low, high = self.within(line)
        return line if high <= most else Line(0, min(low, most), most, 0)


def _tax(on: _On, ready: ReadyTax, rates: Rates, base: Line) -> Line:
    low, high = on.within(base)
    above = rates.above
    if above is not None and high <= above:
        return ZERO
    taxed = base.minus(constant(above)) if ready.excess and above is not None else base
    tax = divided(taxed, rates.rate.numerator, rates.rate.denominator * 100, ready.rounding, ready.to)
    if above is not None and low <= above:
        tax = Line(0, 0, max(0, on.within(tax)[1]), 0)
    waived = rates.waived_under
    if waived is None:
        return tax
    low, high = on.within(tax)
    if high < waived:
        return ZERO
    return tax if low >= waived else Line(0, 0, high, 0)


def _sum(lines: Iterable[Line]) -> Line:
    together = ZERO
    for line in lines:
        together = together.plus(line)
    return together


def _net_for(payout: Allowed, set_off: int) -> list[Allowed]:
    """What may be left before debts are set off, so that the payout is as wanted: something, and up to what is set
    off the payout is 0.
    """
    found = []
    if set_off and payout.least <= 0 <= payout.most and payout.rest % payout.step == 0:
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
