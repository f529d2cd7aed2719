"""Events and days before the rules, as formulas: what earns points or takes them, and what a day brings."""

from __future__ import annotations

from fractions import Fraction

from engine.compiled import DAY_KINDS, EVENT_KINDS, CompiledVersion
from engine.proofs.logic import YES, Answer, Term, either, every
from engine.proofs.standing import Premises, Standing
from engine.proofs.world import World
from policies.kinds.earn import Earn
from policies.model import Rule


class Others:
    """The formulas of one policy's events, or of its days."""

    def __init__(self, compiled: CompiledVersion, *, events: bool) -> None:
        self.policy = compiled.policy
        self.events = events
        self.world = World(self.policy, "event.happened_on" if events else "day.today")
        kinds = EVENT_KINDS if events else DAY_KINDS
        self.standing = Standing(self.world, tuple(rule for rule in self.policy.rules if rule.kind in kinds))
        if events:
            self.world.fact("event.type")

    def lessons(self, answer: Answer) -> int:
        """Teach what a model gets wrong of the calendar; returns how much that was."""
        return self.world.days.lessons(answer)

    def same(self, answer: Answer) -> list[Term]:
        """The days of a model."""
        return self.world.days.same(answer)

    def effect(self, rule: Rule) -> Premises:
        """What more it takes for a rule that speaks to make a difference."""
        if not isinstance(rule, Earn):
            return {}
        world, found = self.world, Premises()
        if rule.of:
            others = [other for other in self.standing.of if other.id in rule.of]
            found[f"of {rule.id}"] = self.standing.any_speaks(others)
        if rule.at_least is not None:
            return found
        amount = world.fact("event.amount")
        if rule.steps is not None:
            steps = [
                every([here, there, earn >= 1 if not isinstance(earn, int) else _yes(earn >= 1), amount >= size])
                for here, size in world.amounts(rule.steps.every)
                for there, earn in world.amounts(rule.steps.earn)
            ]
            found[f"brings {rule.id}"] = either(steps)
        elif rule.rate is not None:
            rates = [(where, rate) for where, rate in world.amounts(rule.rate) if rate > 0]
            bringing = [every([where, YES if rule.of else _brings(rule, rate, amount)]) for where, rate in rates]
            found[f"brings {rule.id}"] = either(bringing)
        return found


def _brings(rule: Earn, rate: Fraction, amount: Term) -> Term:
    """Where a rate of an amount of money comes to a point, rounded as the rule says."""
    part, whole = amount * rate.numerator, 100 * rate.denominator
    if rule.rounding == "up":
        return amount >= 1
    return 2 * part >= whole if rule.rounding == "half_up" else part >= whole


def _yes(condition: bool) -> Term:
    return every([]) if condition else either([])
