"""What points come to in columns: prices, fees, taxes and debts set off, as the kinds of `engine/kinds/` work them out.

The lots pay in one order, so how much of a refund is paid by the lots that a fee or a tax looks at follows from how
many points they hold and how many pay before them: a sum over the list of an account's lots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from engine.kinds.fee import ReadyFee
from engine.kinds.offset import ReadyOffset
from engine.kinds.price import ReadyPrice
from engine.kinds.tax import ReadyTax
from engine.population.sql_facts import Reader
from engine.population.sql_guards import Guards, exclusive, refuse_conflicts
from engine.population.sql_limits import past
from engine.population.sql_points import Fixed, Points
from engine.population.sql_tables import Tables, of_list, own
from engine.population.sql_terms import (
    COUNTED,
    EACH,
    CannotSay,
    Cases,
    Formula,
    Known,
    Unsayable,
    divided,
    either,
    every,
    greatest,
    least,
    mapped,
    negated,
    number,
    of_lot,
    opposite,
    pick,
    product,
    share,
    sql,
    total,
)
from policies.model import Comparison, FactRef, ValueRef
from policies.values import value_paths


@dataclass(frozen=True, slots=True)
class ListReader(Reader):
    """Reads conditions on lots where an account's lots are a list. What looks at a lot alone is worked out lot by lot,
    before there is a list, and kept in `flags` with the facts that it looks at.
    """

    tables: Tables = field(default_factory=Tables)
    flags: dict[str, frozenset[str]] = field(default_factory=dict)

    def clause(self, clause: Comparison) -> Formula:
        paths = {clause.path}
        if isinstance(clause.right, FactRef):
            paths.add(clause.right.path)
        if isinstance(clause.right, ValueRef):
            paths |= value_paths(self.policy.values[clause.right.name])
        if not any(path.startswith("lot.") for path in paths):
            return Reader.clause(self, clause)
        points = self.points if isinstance(self.points, Fixed) else _NO_POINTS
        by_lot = Reader(self.compiled, self.asking, self.request, self.day, points, None, self.tables.lot)
        try:
            found = by_lot.clause(clause)
        except CannotSay:
            return Reader.clause(self, clause)
        if isinstance(found, bool):
            return found
        inner = negated(found)
        name = self.tables.of_lot(inner or found)
        self.flags[name] = frozenset(path for path in paths if path.startswith("lot."))
        return opposite(of_list(name)) if inner else of_list(name)


def list_reader(reader: Reader, tables: Tables) -> ListReader:
    """A reader of lists. What looks at a lot together with what is not known lot by lot, reads its column in the
    list.
    """
    flags: dict[str, frozenset[str]] = {}

    def in_list(name: str) -> str:
        told = tables.of_lot(tables.lot(name))
        flags[told] = frozenset({_MIXED})
        return of_list(told)

    common = (reader.compiled, reader.asking, reader.request, reader.day, reader.points, reader.account)
    return ListReader(*common, in_list, tables, flags)


_SUM = "so_far"
"""What the sum up to one lot is called."""

_BEFORE = f"{_SUM}.before"
_MIXED = ""
"""Stands for what is no fact of a lot alone."""


class _NoPoints:
    """Where lots are looked at one by one, the points asked for are not known yet."""

    @property
    def amount(self) -> str:
        raise _too_late()

    def compare(self, sign: str, right: int | str) -> Formula:
        raise _too_late()


def _too_late() -> CannotSay:
    return CannotSay("적립분과 신청 포인트를 함께 봅니다", "it compares a lot with the points asked for")


_NO_POINTS: Points = _NoPoints()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A rule on lots: where it may have its say, and on which lots of the list, `inner`, it has."""

    ready: Any
    outer: Formula
    inner: Formula


@dataclass(frozen=True, slots=True)
class Class:
    """Lots for which a rule's fields come to the same: those of the list that are `inner`."""

    inner: Formula
    fields: tuple[Cases, ...]


@dataclass(frozen=True, slots=True)
class Charged:
    """What a fee comes to on the points that the `inner` lots pay, those up to `beyond` aside."""

    rule: str
    amount: str
    inner: Formula
    beyond: str


_NOT_SAID: Cases = ((True, Known(None)),)
"""A field that a rule leaves out."""


def _amount(field: Cases) -> str:
    return pick(mapped(field, sql))


@dataclass(frozen=True, slots=True)
class Moneyed:
    """What some points come to. Each rule stands with its figure, in the order in which it is told; `broken` are the
    prices of which the points are no whole step.
    """

    gross: str
    fee: str
    tax: str
    offset: str
    prices: Sequence[tuple[str, Formula]]
    broken: Sequence[tuple[str, Formula]]
    fees: Sequence[tuple[str, str]]
    taxes: Sequence[tuple[str, str]]
    offsets: Sequence[tuple[str, str]]

    @property
    def net(self) -> str:
        """What fees and taxes leave."""
        kept = total([self.fee, self.tax])
        return self.gross if kept == "0" else f"({self.gross} - {kept})"

    @property
    def payout(self) -> str:
        """What debts leave of that."""
        return self.net if self.offset == "0" else f"({self.net} - {self.offset})"


def _as_it_is(expression: str) -> str:
    return expression


@dataclass(slots=True)
class Money:
    """The rules on money of one version, before one method. `lots` is the column with the list of the lots, once it is
    known which flags they need, NULL where nobody asks what the points come to; and `held` what the points of each are
    called there.
    """

    reader: ListReader
    tables: Tables
    rules: Mapping[str, Sequence[Any]]
    lots: str = ""
    held: str = ""
    keep: Callable[[str], str] = _as_it_is

    def asking_for(self, points: Points, keep: Callable[[str], str] | None = None) -> Money:
        """The same for other points. What is needed more than once is passed through `keep`."""
        return replace(self, reader=replace(self.reader, points=points), keep=keep or self.keep)

    @property
    def n(self) -> str:
        """The points that are paid."""
        return self.reader.points.amount

    def guarded(self, kind: str) -> list[Guarded]:
        """The rules of a kind that may have their say."""
        found = []
        for ready, where in Guards(self.reader, self.rules[kind]).speaking():
            parts = _conjunction(where)
            outer = every([part for part in parts if not of_lot(part)])
            found.append(Guarded(ready, outer, every([part for part in parts if of_lot(part)])))
        return found

    def flags(self) -> Mapping[str, frozenset[str]]:
        """What the rules look at of each lot, none where they tell no lots apart."""
        by_lot = [
            self.classes(each, *each.ready.rule.amounts())
            for kind in ("fee", "tax")
            for each in self.guarded(kind)
            if each.ready.by_lot
        ]
        inner = [each.inner for kind in ("price", "fee", "tax") for each in self.guarded(kind)]
        told = any(map(of_lot, [*inner, *(one.inner for classes in by_lot for one in classes)]))
        return self.reader.flags if told else {}

    def points_of(self, inner: Formula, beyond: str = "0") -> str:
        """How many of the points are paid by some lots, those up to `beyond` aside."""
        if inner is True:
            return self.n if beyond == "0" else greatest(f"({self.n} - {beyond})", "0")
        rest = negated(inner)
        if rest is not None:
            return f"({self.points_of(True, beyond)} - {self.points_of(rest, beyond)})"
        if beyond == "0":
            return self._summed(least(self._held, f"{self.n} - {_BEFORE}"), every([inner, f"({_BEFORE} < {self.n})"]))
        paid = f"({least(self._end, self.n)} - {greatest(_BEFORE, beyond)})"
        return self._summed(greatest(paid, "0"), inner)

    @property
    def _held(self) -> str:
        return of_list(self.held)

    @property
    def _end(self) -> str:
        """The points of a lot and of those before it."""
        return f"{_BEFORE} + {self._held}"

    def _summed(self, what: str, inner: Formula) -> str:
        """The sum of something over some of the lots, each of which knows the points of those before it."""
        more = f"{_SUM}.paid + {number(inner, what)}"
        step = f"{{'before': {self._end}, 'paid': {more}}}"
        nothing = f"{{'before': CAST(0 AS {COUNTED}), 'paid': CAST(0 AS {COUNTED})}}"
        found = f"LIST_REDUCE({self.lots}, ({_SUM}, {EACH}) -> {step}, {nothing})"
        return self.keep(f"COALESCE(STRUCT_EXTRACT({found}, 'paid'), 0)")

    def worked_out(self) -> Moneyed:
        """What the points come to. Raises Unsayable."""
        gross, prices, broken, worth = self._prices()
        gross = self.keep(gross)
        fees = [charge for each in self._of_fees() for charge in self._charges(each, gross, worth)]
        fee = self.keep(total([charge.amount for charge in fees]))
        taxes = self._taxes(fees, worth)
        told = sorted(taxes, key=lambda each: [ready.id for ready in self.rules["tax"]].index(each[0]))
        tax = self.keep(total([amount for _, amount in taxes]))
        offsets = self._offsets(f"({gross} - {total([fee, tax])})")
        return Moneyed(
            gross,
            fee,
            tax,
            self.keep(total([amount for _, amount in offsets])),
            prices,
            broken,
            [(charge.rule, charge.amount) for charge in fees],
            told,
            offsets,
        )

    def _prices(self) -> tuple[str, list[tuple[str, Formula]], list[tuple[str, Formula]], Worth]:
        """The gross, the prices with where they have their say, those of which it is no whole step, and how money is
        shared out.
        """
        found = self.guarded("price")
        refuse_conflicts([(each.ready, True) for each in found])
        cases: list[tuple[Formula, str]] = []
        wholes: list[tuple[Formula, str]] = []
        prices: list[tuple[str, Formula]] = []
        broken: list[tuple[str, Formula]] = []
        for each in found:
            ready: ReadyPrice = each.ready
            if each.inner is not True or ready.by_lot:
                cannot = CannotSay("적립분마다 값이 다릅니다", "lots pay different prices")
                raise Unsayable(ready.id, cannot.why)
            rule: Any = ready.rule
            fields = [self.reader.figures(field) for field in (rule.every, rule.pays)]
            bonus = ((True, None),) if rule.bonus is None else self.reader.figures(rule.bonus)
            for where, (per, pays, more) in product(*fields, bonus):
                spoken = every([each.outer, where])
                money, whole = self._money(ready, per.value, pays.value, None if more is None else more.value)
                cases.append((spoken, money))
                wholes.append((spoken, whole))
                if ready.whole_steps:
                    broken.append((ready.id, every([spoken, f"({self.n} % {per.value} <> 0)"])))
            prices.append((ready.id, each.outer))
        if not found:
            return self.n, [], [], Worth(self.n, self.n)
        gross = self.keep(pick([*cases, (True, self.n)]))
        return gross, prices, broken, Worth(gross, self.keep(pick([*wholes, (True, self.n)])))

    def _money(self, ready: ReadyPrice, per: int, pays: int, bonus: Fraction | None) -> tuple[str, str]:
        """What the points pay at so many each, and those of them that are paid for."""
        whole = f"({self.n} - {self.n} % {per})" if ready.whole_steps else self.n
        money, parts = pays, per
        if bonus is not None:
            more = 100 + bonus
            money, parts = pays * more.numerator, per * 100 * more.denominator
        amount = whole if money == 1 else f"({whole} * {money})"
        return divided(amount, parts, ready.rounding, ready.to), whole

    def _base(self, inner: Formula, worth: Worth, beyond: str = "0") -> str:
        """What is paid for the points of some lots, those up to `beyond` aside."""
        if worth.gross == worth.whole == self.n:
            return self.points_of(inner, beyond)
        if inner is True:
            return worth.gross if beyond == "0" else f"({worth.gross} - {worth.part(least(beyond, self.n))})"
        start = _BEFORE if beyond == "0" else greatest(_BEFORE, beyond)
        end = least(self._end, self.n)
        paid = f"({worth.part(end)} - {worth.part(start)})"
        return self._summed(paid, every([inner, f"({start} < {end})"]))

    def classes(self, each: Guarded, *fields: Any) -> list[Class]:
        """The lots of a rule, apart where they make its fields differ, as the engine sums them up: those for which the
        fields come to the same are one class.
        """
        figures = [((True, Known(None)),) if field is None else self.reader.figures(field) for field in fields]
        if not each.ready.by_lot:
            return [Class(each.inner, tuple(figures))]
        found: dict[tuple[Any, ...], list[Formula]] = {}
        before: list[Formula] = []
        for where, terms in product(*figures):
            found.setdefault(terms, []).append(every([where, *map(opposite, before)]))
            before.append(where)
        apart = [(either(wheres), terms) for terms, wheres in found.items()]
        return [Class(every([each.inner, where]), tuple(((True, term),) for term in terms)) for where, terms in apart]

    def _of_fees(self) -> list[Guarded]:
        found = self.guarded("fee")
        for place, one in enumerate(found):
            for other in found[place + 1 :]:
                _refuse_both(one, other, other.ready.id in one.ready.adds_to or one.ready.id in other.ready.adds_to)
        return found

    def _charges(self, each: Guarded, gross: str, worth: Worth) -> list[Charged]:
        """What a fee comes to, for each class of its lots."""
        ready: ReadyFee = each.ready
        rule: Any = ready.rule
        try:
            fields = (rule.flat, rule.rate, rule.at_least, rule.at_most, rule.gross_at_least, rule.gross_under)
            classes = self.classes(each, *fields)
            bounded = [
                bound is not None and not by_lot
                for bound, by_lot in zip((rule.at_least, rule.at_most), ready.bounds_by_lot, strict=True)
            ]
            if len(classes) > 1 and any(bounded):
                raise CannotSay(
                    "수수료율이 적립분마다 다른데 한도는 모두에 함께 적용됩니다",
                    "lots are charged different fees within one bound",
                )
            applies = [each.outer, self._not_free(ready)]
            return [self._charge(ready, one, applies, gross, worth) for one in classes]
        except CannotSay as cannot:
            raise Unsayable(ready.id, cannot.why) from None

    def _charge(self, ready: ReadyFee, one: Class, applies: Sequence[Formula], gross: str, worth: Worth) -> Charged:
        flat, rate, at_least, at_most, gross_at_least, gross_under = one.fields
        beyond = self._free_points(ready)
        charged = list(applies)
        if one.inner is not True or beyond != "0":
            charged.append(f"({self.points_of(one.inner, beyond)} > 0)")
        for bound, sign in ((gross_at_least, ">="), (gross_under, "<")):
            if bound != _NOT_SAID:
                charged.append(f"({gross} {sign} {_amount(bound)})")
        if flat != _NOT_SAID:
            amount = _amount(flat)
        else:
            base = self._base(one.inner, worth, beyond)
            amount = pick(mapped(rate, lambda each: share(base, each.value, ready.rounding, ready.to)))
            amount = amount if at_least == _NOT_SAID else greatest(amount, _amount(at_least))
            amount = amount if at_most == _NOT_SAID else least(amount, _amount(at_most))
        return Charged(ready.id, self.keep(number(every(charged), amount)), one.inner, beyond)

    def _not_free(self, ready: ReadyFee) -> Formula:
        """Where a refund is not among the first of its window, which cost nothing."""
        if ready.free_first is None:
            return True
        rule: Any = ready.rule
        count = self.tables.summed("1", self._free_past(ready))
        return opposite(f"({count} < {self.reader.amount(rule.free.first)})")

    def _free_past(self, ready: ReadyFee) -> str:
        assert ready.free_window is not None, f"{ready.id} has no window"
        methods = (self.reader.request.method,) if ready.free_same_method else sorted(ready.free_methods)
        return past(self.reader, ready.free_window, "account", methods)

    def _free_points(self, ready: ReadyFee) -> str:
        """How many of the points that pay first cost nothing."""
        if ready.free_points is None:
            return "0"
        rule: Any = ready.rule
        used = self.tables.summed(own("points"), self._free_past(ready))
        return greatest(f"({self.reader.amount(rule.free.points)} - {used})", "0")

    def _taxes(self, fees: Sequence[Charged], worth: Worth) -> list[tuple[str, str]]:
        """What each tax comes to, for each class of its lots; a tax on a tax comes after it."""
        found = self.guarded("tax")
        for place, one in enumerate(found):
            for other in found[place + 1 :]:
                _refuse_both(one, other, _taxes_apart(one.ready, other.ready))
        by_rule: dict[str, list[str]] = {}
        for each in sorted(found, key=lambda each: len(each.ready.taxes_on)):
            try:
                by_rule[each.ready.id] = self._tax(each, by_rule, fees, worth)
            except CannotSay as cannot:
                raise Unsayable(each.ready.id, cannot.why) from None
        return [(rule, amount) for rule, amounts in by_rule.items() for amount in amounts]

    def _tax(
        self, each: Guarded, by_rule: Mapping[str, Sequence[str]], fees: Sequence[Charged], worth: Worth
    ) -> list[str]:
        ready: ReadyTax = each.ready
        rule: Any = ready.rule
        classes = self.classes(each, rule.rate, rule.above, rule.waived_under)
        if len(classes) > 1 and (ready.of or (ready.excess and not ready.above_by_lot and rule.above is not None)):
            raise CannotSay(
                "세율이 적립분마다 다른데 과세 기준은 모두에 함께 적용됩니다",
                "lots are taxed differently above one amount",
            )
        bases = [self._taxed(ready, one, by_rule, fees, worth) for one in classes]
        together = self.keep(total(bases))
        amounts = []
        for one, base in zip(classes, bases, strict=True):
            rate, above, waived = one.fields
            over = base if ready.above_by_lot else together
            taxed = base
            if above != _NOT_SAID:
                limit = _amount(above)
                taxed = greatest(f"({base} - {limit})", "0") if ready.excess else number(f"({over} > {limit})", base)
            own = self._withheld(ready, rate, taxed)
            if waived != _NOT_SAID and ready.waived_by_lot:
                own = number(f"({own} >= {_amount(waived)})", own)
            applies = [each.outer] if one.inner is True else [each.outer, f"({self.points_of(one.inner)} > 0)"]
            amounts.append(self.keep(number(every(applies), own)))
        if rule.waived_under is None or ready.waived_by_lot:
            return amounts
        enough = self.keep(f"({total(amounts)} >= {_amount(classes[0].fields[2])})")
        return [self.keep(number(enough, amount)) for amount in amounts]

    def _taxed(
        self,
        ready: ReadyTax,
        one: Class,
        by_rule: Mapping[str, Sequence[str]],
        fees: Sequence[Charged],
        worth: Worth,
    ) -> str:
        """What a tax is on, for one class of lots."""
        if ready.of:
            return total([amount for name in ready.of for amount in by_rule.get(name, ())])
        base = self._base(one.inner, worth)
        if not ready.after_fees:
            return base
        parts = [self._part(one.inner, fee, worth) for fee in fees]
        return self.keep(greatest(f"({base} - {total(parts)})", "0"))

    def _withheld(self, ready: ReadyTax, rate: Cases, taxed: str) -> str:
        return self.keep(pick(mapped(rate, lambda each: share(taxed, each.value, ready.rounding, ready.to))))

    def _part(self, taxed: Formula, fee: Charged, worth: Worth) -> str:
        """The part of a fee that falls on the lots of a tax."""
        base = self._base(fee.inner, worth, fee.beyond)
        common = self._base(every([fee.inner, taxed]), worth, fee.beyond) if taxed != fee.inner else base
        if common == base:
            return fee.amount
        return f"(CASE WHEN {base} = 0 THEN 0 ELSE {fee.amount} * {common} // {base} END)"

    def _offsets(self, money: str) -> list[tuple[str, str]]:
        """What each debt takes of the money that fees and taxes leave."""
        speaking = Guards(self.reader, self.rules["offset"]).speaking()
        speaking.sort(key=lambda each: len(each[0].comes_after))
        refuse_conflicts(speaking, "comes_after")
        taken: dict[str, str] = {}
        for ready, where in speaking:
            try:
                taken[ready.id] = self.keep(number(where, self._offset(ready, money, taken)))
            except CannotSay as cannot:
                raise Unsayable(ready.id, cannot.why) from None
        return list(taken.items())

    def _offset(self, ready: ReadyOffset, money: str, taken: Mapping[str, str]) -> str:
        rule: Any = ready.rule
        debt = greatest(self.reader.amount(rule.debt), "0")
        left = f"({money} - {total(taken.values())})" if taken else money
        if rule.at_most is None:
            return least(debt, left)
        cases = mapped(
            self.reader.figures(rule.at_most),
            lambda most: share(money, most.value, ready.rounding, 1) if isinstance(most.value, Fraction) else sql(most),
        )
        shared = [taken[name] for name in ready.shared if name in taken]
        most = f"({pick(cases)} - {total(shared)})" if shared else pick(cases)
        return least(debt, greatest(most, "0"), left)


@dataclass(frozen=True, slots=True)
class Worth:
    """How money is shared out over the points that it pays, `whole` of them."""

    gross: str
    whole: str

    def part(self, points: str) -> str:
        """What the first points come to, as `engine.money.part` has it."""
        return (
            f"(CASE WHEN {points} >= {self.whole} THEN {self.gross} ELSE {self.gross} * {points} // {self.whole} END)"
        )


def _conjunction(where: Formula) -> list[Formula]:
    """The parts of a condition that has to hold whole."""
    if not isinstance(where, str) or not where.startswith("("):
        return [where]
    parts, depth, quoted, start = [], 0, False, 1
    for place, letter in enumerate(where):
        quoted ^= letter == "'"
        if quoted:
            continue
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and place < len(where) - 1:
            return [where]
        if depth == 1 and where.startswith((" OR ", " THEN "), place):
            return [where]
        if depth == 1 and where.startswith(" AND ", place):
            parts.append(where[start:place])
            start = place + len(" AND ")
    return [*parts, where[start:-1]] if parts else [where]


def _refuse_both(one: Guarded, other: Guarded, apart: bool) -> None:
    if not apart and not exclusive(one.ready.rule, other.ready.rule):
        refuse_conflicts([(one.ready, True), (other.ready, True)])


def _taxes_apart(one: ReadyTax, other: ReadyTax) -> bool:
    """Whether two taxes may be on the same money."""
    same = bool(set(one.of) & set(other.of)) if one.of and other.of else not one.of and not other.of
    chained = one.id in other.taxes_on or other.id in one.taxes_on
    return not same or chained or one.id in other.adds_to or other.id in one.adds_to
