"""SQL as it is put together: conditions of which some are known before a row is read, and figures by cases.

What is written here is read by SQLGlot as DuckDB's SQL and put into other dialects from there. A piece of SQL is always
whole, in parentheses where it has parts, and never NULL unless it is a column that may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from policies.model import Rounding, Text

Formula = bool | str
"""A condition: known to hold, known to fail, or SQL that is TRUE or FALSE for each row."""

Cases = tuple[tuple[Formula, Any], ...]
"""Figures, each with where it is the one: the first whose condition holds. The last one's always does."""

COUNTED = "BIGINT"
"""The type of points, of money and of numbers: sums beyond it are an error of the database, never a wrong answer."""


class Unsayable(Exception):
    """A rule that columns cannot say, by its id ("" where it is the asking itself), and why."""

    def __init__(self, rule: str, why: Text) -> None:
        self.rule, self.why = rule, why
        super().__init__(f"'{rule}': {why.en}" if rule else why.en)


class CannotSay(Exception):
    """Something that columns cannot say, before it is known of which rule."""

    def __init__(self, ko: str, en: str) -> None:
        self.why = Text(ko, en)
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Known:
    """A figure or fact that is the same in every row."""

    value: Any


Term = Known | str
"""What is known now, or SQL."""


def literal(value: Any) -> str:
    """A figure or fact as SQL.

    >>> literal("it's"), literal(date(2026, 1, 2)), literal(True), literal(None)
    ("'it''s'", "DATE '2026-01-02'", 'TRUE', 'NULL')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return f"CAST({value} AS {COUNTED})" if abs(value) >= 2**31 else str(value)
    assert isinstance(value, str), f"{value!r} has no place in a column"
    return "'" + value.replace("'", "''") + "'"


def sql(term: Term | Formula) -> str:
    """A term or a condition as SQL."""
    if isinstance(term, Known):
        return literal(term.value)
    return literal(term) if isinstance(term, bool) else term


def every(formulas: Iterable[Formula]) -> Formula:
    """Where all of them hold.

    >>> every([True, "a"]), every(["a", "b", "a"]), every([False, "a"]), every([])
    ('a', '(a AND b)', False, True)
    """
    left = list(dict.fromkeys(each for each in formulas if each is not True))
    if False in left:
        return False
    return _joined(" AND ", left) if left else True


def either(formulas: Iterable[Formula]) -> Formula:
    """Where one of them holds.

    >>> either([False, "a"]), either(["a", "b"]), either([True, "a"]), either([])
    ('a', '(a OR b)', True, False)
    """
    left = list(dict.fromkeys(each for each in formulas if each is not False))
    if True in left:
        return True
    return _joined(" OR ", left) if left else False


def _joined(word: str, parts: Sequence[Formula]) -> str:
    return str(parts[0]) if len(parts) == 1 else "(" + word.join(map(str, parts)) + ")"


def opposite(formula: Formula) -> Formula:
    """Where it does not hold.

    >>> opposite(True), opposite("a"), opposite("(NOT a)")
    (False, '(NOT a)', 'a')
    """
    if isinstance(formula, bool):
        return not formula
    found = negated(formula)
    return f"(NOT {formula})" if found is None else found


def negated(formula: Formula) -> str | None:
    """What a condition is the opposite of, None where it is not written as one.

    >>> negated("(NOT a)"), negated("(NOT a) AND b"), negated("(NOT a OR (b))")
    ('a', None, None)
    """
    if not isinstance(formula, str) or not formula.startswith("(NOT ") or not formula.endswith(")"):
        return None
    inner = formula[5:-1]
    return inner if re.fullmatch(r"[\w.\"]+", inner) or (inner.startswith("(") and _closes_last(inner)) else None


def _closes_last(text: str) -> bool:
    """Whether the parenthesis that a text begins with is closed by the one at its end."""
    depth, quoted = 0, False
    for place, letter in enumerate(text):
        quoted ^= letter == "'"
        if not quoted:
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                return place == len(text) - 1
    return False


def choose(cases: Iterable[tuple[Formula, Formula]]) -> Formula:
    """The condition of the first case that holds."""
    found: list[tuple[Formula, Formula]] = list(_reached(cases))
    if len({result for _, result in found}) == 1:
        return found[0][1]
    return _case([(where, sql(result)) for where, result in found])


def pick(cases: Iterable[tuple[Formula, str]]) -> str:
    """The SQL of the first case that holds.

    >>> pick([("a", "1"), (True, "2")]), pick([(False, "1"), (True, "2")]), pick([("a", "2"), (True, "2")])
    ('(CASE WHEN a THEN 1 ELSE 2 END)', '2', '2')
    """
    found: list[tuple[Formula, str]] = list(_reached(cases))
    if len({result for _, result in found}) == 1:
        return found[0][1]
    return _case(found)


def mapped(cases: Cases, result: Callable[[Any], Any]) -> list[tuple[Formula, Any]]:
    """The same cases with what each figure comes to."""
    return [(where, result(figure)) for where, figure in cases]


def reached(cases: Iterable[tuple[Formula, Any]]) -> Cases:
    """The cases that can come true, up to the first that always does."""
    return tuple(_reached(cases))


def _reached(cases: Iterable[tuple[Formula, Any]]) -> Iterable[tuple[Formula, Any]]:
    for where, result in cases:
        if where is not False:
            yield where, result
        if where is True:
            return


def _case(cases: Sequence[tuple[Formula, str]]) -> str:
    assert cases[-1][0] is True, "something has to be the case"
    whens = " ".join(f"WHEN {where} THEN {result}" for where, result in cases[:-1])
    return f"(CASE {whens} ELSE {cases[-1][1]} END)"


def product(*several: Cases) -> Cases:
    """Every combination of the figures of several, as tuples."""
    found: list[tuple[Formula, Any]] = [(True, ())]
    for cases in several:
        found = [(every([one, where]), (*before, figure)) for one, before in found for where, figure in cases]
    # A case is the first that holds, in each of them: so is a combination, in this order.
    return reached(found)


def least(*terms: str) -> str:
    """The least of them.

    >>> least("3", "a", "2"), least("a")
    ('LEAST(a, 2)', 'a')
    """
    several = _without_numbers(terms, min)
    return several[0] if len(several) == 1 else f"LEAST({', '.join(several)})"


def greatest(*terms: str) -> str:
    """The greatest of them."""
    several = _without_numbers(terms, max)
    return several[0] if len(several) == 1 else f"GREATEST({', '.join(several)})"


def _without_numbers(terms: Iterable[str], one_of: Callable[[Iterable[int]], int]) -> list[str]:
    """Terms that differ, with one number in place of all."""
    terms = list(dict.fromkeys(terms))
    numbers = [int(term) for term in terms if term.isdecimal()]
    return [term for term in terms if not term.isdecimal()] + ([str(one_of(numbers))] if numbers else [])


def total(terms: Iterable[str]) -> str:
    """The sum of them."""
    several = [term for term in terms if term != "0"]
    return _joined(" + ", several) if several else "0"


def number(formula: Formula, then: str, otherwise: str = "0") -> str:
    """A figure where a condition holds, and another where it does not."""
    return pick([(formula, then), (True, otherwise)])


def divided(amount: str, parts: int, rounding: Rounding, to: int) -> str:
    """One of `parts` equal parts of an amount that is not negative, rounded to a multiple of `to`, as in `money.py`.

    >>> divided("a", 2, "down", 1), divided("a", 2, "up", 5), divided("a", 3, "half_up", 1)
    ('(a // 2)', '((a + 9) // 10 * 5)', '((2 * a + 3) // 6)')
    """
    unit = parts * to
    if rounding == "down":
        whole = amount if unit == 1 else f"{amount} // {unit}"
    elif rounding == "up":
        whole = amount if unit == 1 else f"({amount} + {unit - 1}) // {unit}"
    else:
        whole = amount if unit == 1 else f"(2 * {amount} + {unit}) // {2 * unit}"
    return whole if whole == amount and to == 1 else f"({whole}{'' if to == 1 else f' * {to}'})"


def share(base: str, rate: Fraction, rounding: Rounding, to: int) -> str:
    """A percentage of an amount that is not negative, rounded to a multiple of `to`."""
    if rate == 0:
        return "0"
    amount = base if rate.numerator == 1 else f"({base} * {rate.numerator})"
    return divided(amount, rate.denominator * 100, rounding, to)


def rest(amount: str, step: str) -> str:
    """What is left of an amount, which may be negative, when whole steps are taken from it: never negative."""
    return "0" if step == "1" else f"((({amount} % {step}) + {step}) % {step})"


EACH = "each"
"""What one lot of a list is called."""

_TEXTS = re.compile(r"'(?:[^']|'')*'")
_OF_LOT = re.compile(rf"\b{EACH}\.")


def of_lot(formula: Formula) -> bool:
    """Whether SQL looks at one lot of a list.

    >>> of_lot("(each.f1 AND b)"), of_lot("(a = 'each.f1')"), of_lot(True)
    (True, False, False)
    """
    return isinstance(formula, str) and bool(_OF_LOT.search(_TEXTS.sub("", formula)))
