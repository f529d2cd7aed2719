"""Formulas over whole numbers, and a solver that is asked whether they can hold; the only file that imports z3.

The library is an extra: `recoup[prove]`. It publishes no types, so a formula is an `Any` called Term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import z3

Term = Any
"""A formula, or a whole number in one."""

YES: Term = z3.BoolVal(True)
NO: Term = z3.BoolVal(False)


def whole(name: str) -> Term:
    """A whole number that is not known."""
    return z3.Int(name)


def flag(name: str) -> Term:
    """Something that may hold or not."""
    return z3.Bool(name)


def every(terms: Iterable[Term]) -> Term:
    """All of them hold."""
    found = [term for term in terms if term is not YES]
    if any(term is NO for term in found):
        return NO
    return z3.And(found) if len(found) > 1 else found[0] if found else YES


def either(terms: Iterable[Term]) -> Term:
    """One of them holds."""
    found = [term for term in terms if term is not NO]
    if any(term is YES for term in found):
        return YES
    return z3.Or(found) if len(found) > 1 else found[0] if found else NO


def opposite(term: Term) -> Term:
    """It does not hold."""
    if term is YES:
        return NO
    return YES if term is NO else z3.Not(term)


def follows(one: Term, other: Term) -> Term:
    """Where one holds, so does the other."""
    return YES if one is NO or other is YES else other if one is YES else z3.Implies(one, other)


def choose(condition: Term, one: Term, other: Term) -> Term:
    """One number where the condition holds, and the other elsewhere."""
    return z3.If(condition, one, other)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether formulas can hold at once: "yes", with numbers that do it; "no"; or "unknown"."""

    can: Literal["yes", "no", "unknown"]
    model: Any = None

    def number(self, term: Term) -> int:
        """What a number is in the model."""
        return int(self.model.eval(term, model_completion=True).as_long())

    def holds(self, term: Term) -> bool:
        """Whether a formula holds in the model."""
        return bool(z3.is_true(self.model.eval(term, model_completion=True)))


class Solver:
    """What is always so, and questions about it. A question may take `patience_ms`, and is `unknown` after that."""

    def __init__(self, patience_ms: int) -> None:
        self._solver = z3.SimpleSolver()
        self._solver.set("timeout", patience_ms)
        self.asked = 0

    def always(self, *terms: Term) -> None:
        """From now on these hold."""
        for term in terms:
            if term is not YES:
                self._solver.add(term)

    def ask(self, *premises: Term) -> Answer:
        """Whether the premises can all hold beside what is always so."""
        self.asked += 1
        if any(premise is NO for premise in premises):
            return Answer("no")
        self._solver.push()
        try:
            self._solver.add(*[premise for premise in premises if premise is not YES])
            found = self._solver.check()
            if found == z3.sat:
                return Answer("yes", self._solver.model())
            return Answer("no" if found == z3.unsat else "unknown")
        finally:
            self._solver.pop()

    def clash(self, premises: Mapping[str, Term], base: Sequence[Term] = ()) -> list[str]:
        """The names of a few premises that cannot hold at once beside the base, none of which can be spared."""
        needed = self._core(premises, base)
        for name in list(needed):
            rest = [premises[other] for other in needed if other != name]
            if len(needed) > 1 and self.ask(*base, *rest).can == "no":
                needed.remove(name)
        return needed

    def _core(self, premises: Mapping[str, Term], base: Sequence[Term]) -> list[str]:
        self._solver.push()
        try:
            self._solver.add(*[term for term in base if term is not YES])
            marks = {name: z3.Bool(f"because {name}") for name in premises}
            for name, premise in premises.items():
                self._solver.add(z3.Implies(marks[name], premise))
            if self._solver.check(*marks.values()) != z3.unsat:
                return list(premises)
            core = {str(mark) for mark in self._solver.unsat_core()}
            return [name for name in premises if str(marks[name]) in core]
        finally:
            self._solver.pop()
