"""Clauses on one fact that no value of it can satisfy together. Only what is certain is found: literals and spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from policies.model import Comparison, Fact, Scalar, Span
from policies.readers import PERCENT_STEPS


def contradict(clauses: Sequence[Comparison], fact: Fact) -> bool:
    """Whether the clauses, all of them on `fact`, can never hold at once."""
    allowed = [set(_members(clause)) for clause in clauses if clause.operator in ("is", "in") and _literal(clause)]
    denied = {each for clause in clauses if clause.operator in ("is_not", "not_in") for each in _members(clause)}
    if fact.type == "choice":
        allowed.append(set(fact.choices))
    least, most = _bounds(clauses)
    if least is not None and most is not None and least > most:
        return True
    if allowed:
        left = set.intersection(*allowed) - denied
        return not any(_within(each, least, most) for each in left)
    return _ages_apart(clauses)


def exclude_each_other(clauses: Iterable[Comparison], facts: Mapping[str, Fact]) -> str:
    """A fact on which the clauses can never hold at once, "" when there is none."""
    by_path: dict[str, list[Comparison]] = {}
    for clause in clauses:
        by_path.setdefault(clause.path, []).append(clause)
    return next((path for path, each in by_path.items() if contradict(each, facts[path])), "")


def _literal(clause: Comparison) -> bool:
    return clause.right is None or isinstance(clause.right, (int, str, date, Fraction, tuple))


def _members(clause: Comparison) -> tuple[Scalar, ...]:
    if isinstance(clause.right, tuple):
        return clause.right
    return (clause.right,) if _literal(clause) else ()  # type: ignore[return-value]


def _bounds(clauses: Sequence[Comparison]) -> tuple[int | None, int | None]:
    """The least and the most ordinal that the ordering operators leave, None where they leave it open."""
    least: int | None = None
    most: int | None = None
    for clause in clauses:
        if not isinstance(clause.right, (int, date, Fraction)):
            continue
        bound = ordinal(clause.right)
        if clause.operator in ("at_least", "over"):
            bound += clause.operator == "over"
            least = bound if least is None else max(least, bound)
        elif clause.operator in ("at_most", "under"):
            bound -= clause.operator == "under"
            most = bound if most is None else min(most, bound)
    return least, most


def _within(each: Scalar, least: int | None, most: int | None) -> bool:
    if least is None and most is None:
        return True
    if not isinstance(each, (int, date, Fraction)):
        # A missing day is neither before nor after any other.
        return False
    number = ordinal(each)
    return (least is None or number >= least) and (most is None or number <= most)


def ordinal(value: int | date | Fraction) -> int:
    """A whole number in whose place every comparison with a literal comes out the same.

    A file writes a percentage with at most six decimals. Those are the even numbers, and what lies between two of
    them is the odd number between.

    >>> ordinal(date(2026, 1, 1)), ordinal(Fraction(60)), ordinal(Fraction(200, 3)), ordinal(Fraction("66.666667"))
    (739617, 120000000, 133333333, 133333334)
    """
    if isinstance(value, date):
        return value.toordinal()
    if isinstance(value, Fraction):
        whole, rest = divmod(value.numerator * PERCENT_STEPS, value.denominator)
        return 2 * whole + (rest > 0)
    return value


def _ages_apart(clauses: Sequence[Comparison]) -> bool:
    """Whether a day would have to be at least one span ago and under another that is no longer."""
    spans = {clause.operator: clause.right for clause in clauses if isinstance(clause.right, Span)}
    old, young = spans.get("at_least_ago"), spans.get("under_ago")
    if not isinstance(old, Span) or not isinstance(young, Span):
        return False
    if (old.unit == "days") != (young.unit == "days"):
        return False
    return _length(young) <= _length(old)


def _length(span: Span) -> int:
    """Days in days, months and years in months."""
    return span.count * 12 if span.unit == "years" else span.count
