"""Whether rules have their say: their conditions, exceptions and overrides as formulas, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.proofs.logic import YES, Term, either, every, flag, opposite
from engine.proofs.world import World
from policies.kinds.clawback import Clawback
from policies.kinds.earn import Earn
from policies.kinds.exclude import Exclude
from policies.kinds.limit import Limit
from policies.kinds.review import Review
from policies.model import Comparison, Measure, Rule

Premises = dict[str, Term]
"""What has to hold at once, by a name that says what it is: a label of `engine/proofs/causes.py`."""


@dataclass(slots=True)
class Standing:
    """The rules of one world, which shares its facts."""

    world: World
    of: tuple[Rule, ...]
    _named: dict[str, Term] = field(default_factory=dict)

    def holds(self, rule: Rule) -> Term:
        """Where a rule's `when` holds, with what its kind adds to it."""
        return self._name("holds", rule, lambda: every(self.asked(rule).values()))

    def asked(self, rule: Rule) -> Premises:
        """What a rule's `when` asks for, clause by clause."""
        world = self.world
        found: Premises = {
            f"when {rule.id} {number}": world.clause(clause) for number, clause in enumerate(rule.when.all_of)
        }
        if rule.when.any_of:
            found[f"any {rule.id}"] = either([world.clauses(branch) for branch in rule.when.any_of])
        for number, clause in enumerate(within(rule)):
            found[f"within {rule.id} {number}"] = world.clause(clause)
        return found

    def excepted(self, rule: Rule, number: int) -> Term:
        """Where one of its exceptions holds."""
        return self.world.condition(rule.unless[number])

    def applies(self, rule: Rule) -> Term:
        """Where it holds and no exception lifts it: there it silences what it overrides."""

        def formula() -> Term:
            lifted = either([self.excepted(rule, number) for number in range(len(rule.unless))])
            return every([self.holds(rule), opposite(lifted)])

        return self._name("applies", rule, formula)

    def overriders(self, rule: Rule) -> tuple[Rule, ...]:
        """The rules that take its place where they apply."""
        return tuple(other for other in self.of if rule.id in other.overrides and _covers(other, rule))

    def bites(self, rule: Rule) -> Term:
        """Where it has something to do: with a table of methods, where the row does not list the method."""
        if isinstance(rule, Exclude) and rule.allowed_methods is not None:
            return self._name("bites", rule, lambda: self.world.condition(rule.allowed_methods.refused()))
        return YES

    def speaks(self, rule: Rule) -> Term:
        """Where it has its say."""

        def formula() -> Term:
            silenced = either([self.applies(other) for other in self.overriders(rule)])
            return every([self.applies(rule), opposite(silenced), self.bites(rule)])

        return self._name("speaks", rule, formula)

    def needed(self, rule: Rule) -> Premises:
        """All that has to hold for a rule to have its say, each by itself."""
        found = self.asked(rule)
        for number in range(len(rule.unless)):
            found[f"unless {rule.id} {number}"] = opposite(self.excepted(rule, number))
        for other in self.overriders(rule):
            found[f"overrides {other.id}"] = opposite(self.applies(other))
        if (bites := self.bites(rule)) is not YES:
            found[f"bites {rule.id}"] = bites
        return found

    def any_speaks(self, rules: Iterable[Rule]) -> Term:
        """Where one of them has its say."""
        return either([self.speaks(rule) for rule in rules])

    def _name(self, what: str, rule: Rule, formula: object) -> Term:
        """A formula by a name of its own, so that what is built on it stays small."""
        name = f"{what} {rule.id}"
        if name not in self._named:
            found: Term = formula()  # type: ignore[operator]
            if found is YES:
                self._named[name] = found
            else:
                self._named[name] = flag(name)
                self.world.axioms.add(self._named[name], self._named[name] == found)
        return self._named[name]


def within(rule: Rule) -> tuple[Comparison, ...]:
    """The clauses that a rule's kind adds to its `when`."""
    if isinstance(rule, Earn | Clawback):
        return (Comparison("event.type", "is", rule.event),)
    if isinstance(rule, Limit | Review) and rule.measure is not None:
        return _of_measure(rule.measure)
    return ()


def _of_measure(measure: Measure) -> tuple[Comparison, ...]:
    found = []
    if measure.methods:
        found.append(Comparison("request.method", "in", measure.methods))
    if measure.key == "receiving_account":
        found.append(Comparison("request.receiving_account", "is_not", ""))
    return tuple(found)


def _covers(rule: Rule, other: Rule) -> bool:
    """Whether a rule silences all of another: a clawback does so for what both take back only."""
    if isinstance(rule, Clawback) and isinstance(other, Clawback):
        return not rule.of or (bool(other.of) and set(other.of) <= set(rule.of))
    return True
