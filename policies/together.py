"""Where rules apply together, and what their figures come to there: on every day and in every row of their tables.

Only what is certain is found. An answer that would need to know more than the file says is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date

from policies.contradictions import contradict, exclude_each_other
from policies.model import Amount, Bands, Cell, Comparison, Condition, Operator, Policy, Rule, Table, ValueRef
from policies.values import figures

Clauses = tuple[Comparison, ...]
_MOST_STEPS = 50_000
_NEGATIONS: dict[Operator, Operator] = {
    "is": "is_not",
    "is_not": "is",
    "in": "not_in",
    "not_in": "in",
    "under": "at_least",
    "at_least": "under",
    "over": "at_most",
    "at_most": "over",
    "at_least_ago": "under_ago",
    "under_ago": "at_least_ago",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What amounts come to at once where the clauses hold."""

    clauses: Clauses
    figures: tuple[int, ...]


@dataclass(slots=True)
class Together:
    """Looks at the rules of one policy; gives up, as if there were nothing to find, once that would take long."""

    policy: Policy
    left: int = _MOST_STEPS
    _overriders: dict[str, list[Condition]] = field(default_factory=dict)
    _ranges: dict[str, tuple[int, int] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.policy.rules:
            for name in rule.overrides:
                self._overriders.setdefault(name, []).append(rule.when)

    def spend(self) -> bool:
        """Whether there is patience for one more step."""
        self.left -= 1
        return self.left >= 0

    def exceptions(self, rule: Rule) -> tuple[Condition, ...]:
        """Where a rule is silent: its own exceptions, and where a rule that overrides it speaks."""
        return (*rule.unless, *self._overriders.get(rule.id, ()))

    def region(
        self, rules: Sequence[Rule], more: Clauses = (), known: Mapping[str, int] | None = None
    ) -> Clauses | None:
        """Clauses that hold wherever all of the rules speak and `more` holds; None where that is never, or not clear.

        `known` are the figures that values have there, by name.
        """
        first_day = Comparison("request.requested_on", "at_least", self.policy.starts)
        when = [clause for rule in rules for clause in rule.when.all_of]
        clauses = tuple(dict.fromkeys(_filled((first_day, *when, *more), known or {})))
        if exclude_each_other(clauses, self.policy.facts):
            return None
        for exception in dict.fromkeys(each for rule in rules for each in self.exceptions(rule)):
            lifting = _filled(exception.all_of, known or {})
            still_open = [clause for clause in lifting if not self._implied(clause, clauses)]
            if not still_open:
                return None
            if len(still_open) == 1 and not exception.any_of and (negated := _negation(still_open[0])):
                clauses = (*clauses, negated)
        if exclude_each_other(clauses, self.policy.facts):
            return None
        branches = [rule.when.any_of for rule in rules if rule.when.any_of]
        return clauses if all(self._open(each, clauses) for each in branches) else None

    def only_lifted_with(self, rule: Rule, other: Rule) -> bool:
        """Whether whatever silences `rule` silences `other` too."""
        others = [set(each.all_of) for each in self.exceptions(other) if not each.any_of]
        return all(any(each <= set(exception.all_of) for each in others) for exception in self.exceptions(rule))

    def situations(self, amounts: Sequence[Amount], clauses: Clauses) -> Iterator[Situation]:
        """All that the amounts can come to where the clauses hold, and where that is. Of a value that has troubles of
        its own there is none.
        """
        if not amounts:
            yield Situation(clauses, ())
            return
        for narrower, figure in self._resolved(amounts[0], clauses):
            for rest in self.situations(amounts[1:], narrower):
                yield Situation(rest.clauses, (figure, *rest.figures))

    def range(self, amount: Amount) -> tuple[int, int] | None:
        """The least and the most that an amount can come to at all."""
        if isinstance(amount, int):
            return amount, amount
        if amount.name not in self._ranges:
            value = self.policy.values.get(amount.name)
            found = [each for _, cell in value.since for each in figures(cell)] if value else []
            numbers = [each for each in found if isinstance(each, int)]
            self._ranges[amount.name] = (min(numbers), max(numbers)) if numbers else None
        return self._ranges[amount.name]

    def _resolved(self, amount: Amount, clauses: Clauses) -> Iterator[tuple[Clauses, int]]:
        if not isinstance(amount, ValueRef):
            yield clauses, amount
            return
        value = self.policy.values.get(amount.name)
        if value is None:
            return
        ends = [*(day for day, _ in value.since[1:]), None]
        for (first, cell), end in zip(value.since, ends, strict=True):
            days = _between(value.dated_by, first, end)
            yield from self._narrowed(days, cell, clauses)

    def _narrowed(self, more: Clauses, cell: Cell, clauses: Clauses) -> Iterator[tuple[Clauses, int]]:
        """What a cell comes to where more clauses hold, if they can."""
        new = tuple(clause for clause in more if clause not in clauses)
        if new:
            if not self.spend():
                return
            path = new[0].path
            clauses = (*clauses, *new)
            if contradict([each for each in clauses if each.path == path], self.policy.facts[path]):
                return
        if isinstance(cell, Table):
            for word, row in cell.rows.items():
                yield from self._narrowed((Comparison(cell.by, "is", word),), row, clauses)
            if cell.otherwise is not None:
                yield from self._narrowed((Comparison(cell.by, "not_in", tuple(cell.rows)),), cell.otherwise, clauses)
        elif isinstance(cell, Bands):
            ends = [*(start for start, _ in cell.bands[1:]), None]
            for (start, band), end in zip(cell.bands, ends, strict=True):
                lower = (Comparison(cell.by, "at_least", start),) if start else ()
                upper = () if end is None else (Comparison(cell.by, "under", end),)
                yield from self._narrowed((*lower, *upper), band, clauses)
        elif isinstance(cell, int):
            yield clauses, cell

    def _implied(self, clause: Comparison, clauses: Clauses) -> bool:
        negated = _negation(clause)
        fact = self.policy.facts[clause.path]
        return clause in clauses or (
            negated is not None and contradict([negated, *(each for each in clauses if each.path == clause.path)], fact)
        )

    def _open(self, branches: Iterable[Clauses], clauses: Clauses) -> bool:
        return any(not exclude_each_other((*clauses, *branch), self.policy.facts) for branch in branches)


def covers(wider: Condition, narrower: Condition, clauses: AbstractSet[Comparison]) -> bool:
    """Whether every clause of one condition is among those of the other, so that it holds wherever the other does.

    `clauses` are those of the narrower condition.
    """
    return all(clause in clauses for clause in wider.all_of) and wider.any_of in ((), narrower.any_of)


def tightest(clauses: Iterable[Comparison]) -> Clauses:
    """The clauses without bounds that follow from others, for telling them."""
    kept: dict[object, Comparison] = {}
    for clause in clauses:
        key: object = clause
        if clause.operator in ("at_least", "under") and isinstance(clause.right, int | date):
            key = clause.path, clause.operator
            known = kept.get(key)
            pick = max if clause.operator == "at_least" else min
            if known is not None:
                clause = pick((known, clause), key=lambda each: each.right)  # type: ignore[arg-type, return-value]
        kept[key] = clause
    named = {clause.path for clause in kept.values() if clause.operator == "is"}
    return tuple(each for each in kept.values() if each.operator == "is" or each.path not in named)


def _between(path: str, first: date | None, end: date | None) -> Clauses:
    lower = () if first is None else (Comparison(path, "at_least", first),)
    return (*lower, *(() if end is None else (Comparison(path, "under", end),)))


def _filled(clauses: Iterable[Comparison], known: Mapping[str, int]) -> Clauses:
    return tuple(
        replace(clause, right=known[clause.right.name])
        if isinstance(clause.right, ValueRef) and clause.right.name in known
        else clause
        for clause in clauses
    )


def _negation(clause: Comparison) -> Comparison | None:
    operator = _NEGATIONS.get(clause.operator)
    return Comparison(clause.path, operator, clause.right) if operator else None
