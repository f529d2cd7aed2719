"""Facts, dated values and conditions in columns: what `engine/lowering.py` and `engine/figures.py` are for one case.

A fact of the request is known, for all accounts ask for the same on the same day; so whatever looks at the request
alone is settled before there is any SQL. A fact of the account or the lot is a column, or is worked out from some.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from engine.calendars import at_least_ago_bound
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.facts import RefundRequest
from engine.lowering import encoded
from engine.population.answers import ACCOUNT_KEYS, Asking, column
from engine.population.sql_points import HOLDS, Points
from engine.population.sql_terms import (
    CannotSay,
    Cases,
    Formula,
    Known,
    Term,
    choose,
    either,
    every,
    literal,
    mapped,
    opposite,
    pick,
    reached,
    sql,
)
from engine.reading import instant_words
from engine.smallest import smallest_account
from policies.model import (
    WEEKDAYS,
    Bands,
    Cell,
    Comparison,
    Condition,
    FactRef,
    Policy,
    Span,
    Table,
    ValueRef,
)

_SIGNS = {"under": "<", "at_most": "<=", "at_least": ">=", "over": ">"}
_POINTS = "request.points"
_MIRRORED = {"<": ">", "<=": ">=", ">=": "<=", ">": "<", "=": "="}


def request_of(policy: Policy, asking: Asking, method: str) -> RefundRequest:
    """The request of every account by one method; the receiving account is what nobody's would be. Raises BadCase
    where the asking says something that no request can.
    """
    account = smallest_account(policy)
    data = {"account": account, "lots": [], "request": asking.request_data(account["id"], "person", method)}
    return read_case(policy, {**data, "as_of": instant_words(asking.as_of)}).request


@dataclass(frozen=True, slots=True)
class Reader:
    """How facts are read for one method: `lot` and `account` make the SQL of a column of that name, or are None where
    rules of that sort see none.
    """

    compiled: CompiledVersion
    asking: Asking
    request: RefundRequest
    day: date
    points: Points
    account: Callable[[str], str] | None
    lot: Callable[[str], str] | None = None

    @property
    def policy(self) -> Policy:
        """The policy that is read."""
        return self.compiled.policy

    def asking_for(self, points: Points) -> Reader:
        """The same for other points."""
        return replace(self, points=points)

    def fact(self, path: str) -> Term:
        """A fact; the points asked for only as an amount."""
        scope, _, name = path.partition(".")
        fact = self.policy.facts[path]
        if path in _WORKED_OUT:
            return _WORKED_OUT[path](self)
        if scope == "request":
            found = self.request.declared[name] if path in self.policy.declared else getattr(self.request, name)
            return Known(found)
        assert scope in ("account", "lot"), f"a refund knows no {path}"
        read = self.account if scope == "account" else self.lot
        if read is None:
            raise CannotSay("적립분과 회원을 함께 봅니다", "it looks at the lot and at the account together")
        if path not in self.policy.declared:
            return read(name)
        told = read(column(fact))
        if fact.required or fact.default is None:
            return told
        return f"COALESCE({told}, {literal(fact.default)})"

    def figures(self, field: Any) -> Cases:
        """What a field of a rule comes to, as terms."""
        if isinstance(field, ValueRef):
            value = self.policy.values[field.name]
            days = [since or date.min for since, _ in value.since]
            cells = [cell for _, cell in value.since]
            if len(cells) == 1:
                return reached(self._cell(cells[0], True))
            on = self.fact(value.dated_by)
            if isinstance(on, Known):
                return reached(self._cell(cells[max(bisect_right(days, on.value or date.min) - 1, 0)], True))
            later = [
                each
                for since, cell in list(zip(days, cells, strict=True))[:0:-1]
                for each in self._cell(cell, f"COALESCE({on} >= {literal(since)}, FALSE)")
            ]
            return reached([*later, *self._cell(cells[0], True)])
        if isinstance(field, FactRef):
            return ((True, self.fact(field.path)),)
        return ((True, Known(field)),)

    def amount(self, field: Any) -> str:
        """The same as SQL, where it is an amount."""
        return pick(mapped(self.figures(field), sql))

    def _cell(self, cell: Cell, where: Formula) -> Iterator[tuple[Formula, Any]]:
        if isinstance(cell, Table):
            for key, below in cell.rows.items():
                yield from self._cell(below, every([where, self._compare(cell.by, "=", Known(key))]))
            if cell.otherwise is not None:
                yield from self._cell(cell.otherwise, where)
            else:
                # The rows name every value that there is: the last of them needs no asking.
                yield from self._cell(list(cell.rows.values())[-1], where)
        elif isinstance(cell, Bands):
            for start, below in cell.bands[:0:-1]:
                yield from self._cell(below, every([where, self._compare(cell.by, ">=", Known(start))]))
            yield from self._cell(cell.bands[0][1], where)
        else:
            yield where, Known(cell)

    def condition(self, condition: Condition) -> Formula:
        """Where a condition holds."""
        branches = [every(map(self.clause, branch)) for branch in condition.any_of]
        return every([*map(self.clause, condition.all_of), either(branches) if branches else True])

    def clause(self, clause: Comparison) -> Formula:
        """Where one clause holds. A comparison with a missing day does not, except `is_not`."""
        operator, right, path = clause.operator, clause.right, clause.path
        none = self.policy.facts[path].none
        if operator == "starts_with":
            return self._starts_with(self.fact(path), right)
        if operator in ("in", "not_in"):
            assert isinstance(right, tuple), f"{right!r} is not a list"
            among = either([self._equal(path, Known(each)) for each in right])
            return among if operator == "in" else every([opposite(among), self._present(path) if none else True])
        if operator in ("at_least_ago", "under_ago"):
            return choose(mapped(self.figures(right), lambda span: self._ago(path, operator, span.value)))
        if operator in ("is", "is_not"):
            same = choose(mapped(self.figures(right), lambda each: self._equal(path, each, right)))
            return same if operator == "is" else opposite(same)
        cases = self.figures(right)
        return choose(mapped(cases, lambda each: self._compare(path, _SIGNS[operator], each, right)))

    def _ago(self, path: str, operator: str, span: Span) -> Formula:
        bound = at_least_ago_bound(self.day, span)
        if bound is None:
            return False if operator == "at_least_ago" else self._present(path)
        return self._compare(path, "<=" if operator == "at_least_ago" else ">", Known(bound))

    def _present(self, path: str) -> Formula:
        found = self.fact(path)
        return found.value is not None if isinstance(found, Known) else f"({found} IS NOT NULL)"

    def _equal(self, path: str, right: Term, named: Any = None) -> Formula:
        """Whether a fact is a literal, a figure or another fact; two missing days are not the same day."""
        if right == Known(None) and not isinstance(named, FactRef):
            return opposite(self._present(path))
        return self._compare(path, "=", right, named)

    def _compare(self, path: str, sign: str, right: Term, named: Any = None) -> Formula:
        """Whether a fact stands so to a term, which `named` is. With a missing day nothing is compared."""
        other = named.path if isinstance(named, FactRef) else ""
        if _POINTS in (path, other):
            if path == other:
                return HOLDS[sign](0, 0)
            mirrored = other == _POINTS
            against = self.fact(path) if mirrored else right
            figure = encoded(against.value) if isinstance(against, Known) else against
            assert isinstance(figure, int | str), f"points are not compared with {figure!r}"
            return self.points.compare(_MIRRORED[sign] if mirrored else sign, figure)
        if path == "lot.used_rate":
            return self._used_rate(sign, right)
        left = self.fact(path)
        if isinstance(left, Known) and isinstance(right, Known):
            if None in (left.value, right.value):
                return False
            return HOLDS[sign](encoded(left.value), encoded(right.value))
        flag = right.value if isinstance(right, Known) and isinstance(right.value, bool) else None
        if flag is not None and sign == "=":
            return str(left) if flag else opposite(str(left))
        if Known(None) in (left, right):
            return False
        found = f"({sql(left)} {sign} {sql(right)})"
        maybe = self.policy.facts[path].none or bool(other and self.policy.facts[other].none)
        return f"COALESCE({found}, FALSE)" if maybe else found

    def _used_rate(self, sign: str, right: Term) -> Formula:
        """Percentages are compared exactly: amounts crosswise."""
        if not isinstance(right, Known):
            raise CannotSay("비율을 비율과 비교합니다", "it compares a percentage with another")
        rate = Fraction(right.value)
        amount, left = sql(self.fact("lot.amount")), sql(self.fact("lot.left"))
        whole = f"(CASE WHEN {amount} = 0 THEN 1 ELSE {amount} END)"
        return f"(({amount} - {left}) * {100 * rate.denominator} {sign} {whole} * {rate.numerator})"

    def _starts_with(self, left: Term, beginning: Any) -> Formula:
        if isinstance(left, Known):
            return str(left.value).startswith(beginning)
        return f"STARTS_WITH({left}, {literal(beginning)})" if beginning else True


def _age(reader: Reader) -> Term:
    """The years completed. Whoever was born on 29 February completes one on the 28th where there is no 29th."""
    born, day = sql(reader.fact("account.born_on")), reader.day
    leap = (day.month, day.day) == (2, 28) and date(day.year, 3, 1).toordinal() - day.toordinal() == 1
    birthdays = 229 if leap else day.month * 100 + day.day
    passed = f"(CASE WHEN MONTH({born}) * 100 + DAY({born}) <= {birthdays} THEN 0 ELSE 1 END)"
    years = f"{day.year} - YEAR({born}) - {passed}"
    return f"(CASE WHEN {born} IS NULL OR {born} > {literal(day)} THEN 0 ELSE {years} END)"


def _year_age(reader: Reader) -> Term:
    born = sql(reader.fact("account.born_on"))
    return f"(CASE WHEN {born} IS NULL THEN 0 ELSE GREATEST({reader.day.year} - YEAR({born}), 0) END)"


def _of_lot(expression: str) -> Callable[[Reader], Term]:
    def read(reader: Reader) -> Term:
        return expression.format(*(sql(reader.fact(f"lot.{name}")) for name in ("amount", "left")))

    return read


def _receiving_account(reader: Reader) -> Term:
    if "receiving_account" in reader.asking.request:
        return Known(reader.request.receiving_account)
    if reader.account is None:
        raise CannotSay("적립분과 입금 계좌를 함께 봅니다", "it looks at the lot and at the receiving account")
    return f"('own:' || {reader.account(ACCOUNT_KEYS[0])})"


def _receiving_holder(reader: Reader) -> Term:
    if "receiving_holder" in reader.asking.request:
        return Known(reader.request.receiving_holder)
    return f"(CASE WHEN {sql(reader.fact('account.kind'))} = 'company' THEN 'company' ELSE 'member' END)"


_WORKED_OUT: dict[str, Callable[[Reader], Term]] = {
    "account.age": _age,
    "account.year_age": _year_age,
    "lot.untouched": _of_lot("({0} = {1})"),
    "lot.used": _of_lot("({0} - {1})"),
    "lot.chosen": lambda reader: Known(value=False),
    "request.points": lambda reader: reader.points.amount,
    "request.chosen_lots": lambda reader: Known(0),
    "request.requested_on": lambda reader: Known(reader.day),
    "request.day_of_month": lambda reader: Known(reader.day.day),
    "request.weekday": lambda reader: Known(WEEKDAYS[reader.day.weekday()]),
    "request.receiving_account": _receiving_account,
    "request.receiving_holder": _receiving_holder,
}
"""Facts that are no column. The points asked for are one of them only where they are an amount of their own."""
