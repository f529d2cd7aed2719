"""Which rules have their say, in columns: `engine/plans.py` for all accounts at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.population.sql_facts import Reader
from engine.population.sql_terms import CannotSay, Formula, Unsayable, either, every, opposite
from engine.ready import Ready
from policies.kinds.exclude import Exclude
from policies.model import Comparison, Rule


@dataclass(frozen=True, slots=True)
class Guards:
    """The rules of one kind, before one reader."""

    reader: Reader
    rules: Sequence[Ready]

    def speaking(self) -> list[tuple[Any, Formula]]:
        """The rules that may have their say, in the order of the file, each with where it does."""
        found = [(ready, self.speaks(ready.rule)) for ready in self.rules]
        return [(ready, where) for ready, where in found if where is not False]

    def speaks(self, rule: Rule) -> Formula:
        """Where a rule has its say. Raises Unsayable."""
        others = [each.rule for each in self.rules if rule.id in each.rule.overrides]
        silenced = either([self._applies(each) for each in others])
        return every([self._applies(rule), opposite(silenced), self._bites(rule)])

    def _applies(self, rule: Rule) -> Formula:
        """Where it holds and no exception lifts it: there it silences what it overrides."""
        read = self.reader
        try:
            asked = [read.condition(rule.when), *map(read.clause, within(rule))]
            return every([*asked, *(opposite(read.condition(each)) for each in rule.unless)])
        except CannotSay as cannot:
            raise Unsayable(rule.id, cannot.why) from None

    def _bites(self, rule: Rule) -> Formula:
        """Where it has something to do: with a table of methods, where the row does not list the method."""
        if isinstance(rule, Exclude) and rule.allowed_methods is not None:
            return self.reader.condition(rule.allowed_methods.refused())
        return True


def within(rule: Rule) -> Iterable[Comparison]:
    """The clauses that a rule's measure adds to its `when`."""
    measure = getattr(rule, "measure", None)
    if measure is not None and measure.methods:
        yield Comparison("request.method", "in", measure.methods)
    if measure is not None and measure.key == "receiving_account":
        yield Comparison("request.receiving_account", "is_not", "")


def refuse_conflicts(speaking: Sequence[tuple[Any, Formula]], *beside: str) -> None:
    """Raises Unsayable where two rules of a kind may have their say on the same thing, unless one of the fields
    `beside` of one names the other: who contradicts whom is told by the batch function, which sees the lot.
    """
    for place, (one, _) in enumerate(speaking):
        for other, _ in speaking[place + 1 :]:
            if not exclusive(one.rule, other.rule) and not _beside(one, other, beside):
                cannot = CannotSay(
                    f"'{other.id}' 규칙과 함께 적용되어 서로 모순될 수 있습니다",
                    f"it may apply together with '{other.id}', and neither overrides the other",
                )
                raise Unsayable(one.id, cannot.why)


def exclusive(one: Rule, other: Rule) -> bool:
    """Whether two rules of one kind can be seen never to have their say together: one overrides the other, or what the
    one asks of a fact the other does not let through.
    """
    if one.id in other.overrides or other.id in one.overrides:
        return True
    return any(
        clause.path == against.path and _apart(clause, against)
        for clause in one.when.all_of
        for against in other.when.all_of
    )


def _apart(one: Comparison, other: Comparison) -> bool:
    """Whether no value of a fact suits both clauses."""
    (members, among), (others, among_others) = _members(one), _members(other)
    if among and among_others:
        return not members & others
    if among and others:
        return members <= others
    return bool(among_others and members) and others <= members


def _members(clause: Comparison) -> tuple[frozenset[Any], bool]:
    """The literals that a clause lets through, and True, or those that it does not; none where it asks for something
    else.
    """
    rights = clause.right if isinstance(clause.right, tuple) else (clause.right,)
    if clause.operator not in ("is", "in", "is_not", "not_in"):
        return frozenset(), False
    if not all(isinstance(right, str | bool | int) for right in rights):
        return frozenset(), False
    return frozenset(rights), clause.operator in ("is", "in")


def _beside(one: Any, other: Any, fields: Iterable[str]) -> bool:
    return any(other.id in getattr(one, name) or one.id in getattr(other, name) for name in fields)
