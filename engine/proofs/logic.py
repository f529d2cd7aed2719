"""Formulas over whole numbers, and a solver that is asked whether they can hold; the only file that imports z3.

The library is an extra: `recoup[prove]`. It publishes no types, so a formula is an `Any` called Term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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


def number(known: int) -> Term:
    """A whole number that is known."""
    return z3.IntVal(known)


def flag(name: str) -> Term:
    """Something that may hold or not."""
    return z3.Bool(name)


def name_of(term: Term) -> str:
    """The name of a number or flag that is not known; its printed form takes a hundred times as long."""
    return str(term.decl().name())


def names_in(term: Term) -> frozenset[str]:
    """The names of all numbers and flags in a formula that are not known."""
    found = set[str]()
    ahead, seen = [term], {term.get_id()}
    while ahead:
        each = ahead.pop()
        if z3.is_const(each) and each.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found.add(each.decl().name())
        for child in each.children():
            if child.get_id() not in seen:
                seen.add(child.get_id())
                ahead.append(child)
    return frozenset(found)


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


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Whether formulas can hold at once: "yes", with numbers that do it and their `names`; "no"; or "unknown"."""

    can: Literal["yes", "no", "unknown"]
    model: Any = None
    names: AbstractSet[str] = frozenset()

    def knows(self, term: Term) -> bool:
        """Whether the question led to a number; what it did not lead to can be anything."""
        return name_of(term) in self.names

    def number(self, term: Term) -> int:
        """What a number is in the model."""
        return int(self.model.eval(term, model_completion=True).as_long())

    def holds(self, term: Term) -> bool:
        """Whether a formula holds in the model."""
        return bool(z3.is_true(self.model.eval(term, model_completion=True)))


class Axioms:
    """What is always so, each under the number or flag that it says something about.

    A question needs only those that its premises lead to: what an axiom is about can always be chosen so that it holds,
    whatever the rest is.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, list[Term]] = {}
        self._leads_to: dict[str, set[str]] = {}
        self._names: dict[int, tuple[Term, frozenset[str]]] = {}

    def add(self, about: Term, *terms: Term) -> None:
        """These hold, and say something about it."""
        name = name_of(about)
        for term in terms:
            if term is not YES:
                self._by_name.setdefault(name, []).append(term)
                self._leads_to.setdefault(name, set()).update(self._named(term))

    def for_question(self, premises: Iterable[Term]) -> tuple[list[Term], set[str]]:
        """The axioms that premises lead to, and all numbers and flags that these name."""
        ahead = {name for premise in premises for name in self._named(premise)}
        seen = set[str]()
        while ahead:
            seen |= ahead
            ahead = set().union(*(self._leads_to.get(name, ()) for name in ahead)) - seen
        # In order, so that the same file has the same answers each time.
        return [term for name in sorted(seen) for term in self._by_name.get(name, ())], seen

    def _named(self, term: Term) -> frozenset[str]:
        """The numbers and flags in a formula. It is kept, because its id is only good while it lives."""
        known = self._names.get(term.get_id())
        if known is None:
            known = self._names[term.get_id()] = term, names_in(term)
        return known[1]


class Solver:
    """Answers whether premises can hold beside the axioms. A question may take `patience_ms`, and is `unknown` then."""

    def __init__(self, axioms: Axioms, patience_ms: int) -> None:
        self.axioms = axioms
        self.patience_ms = patience_ms
        self.asked = 0

    def ask(self, *premises: Term) -> Answer:
        """Whether the premises can all hold."""
        self.asked += 1
        if any(premise is NO for premise in premises):
            return Answer("no")
        needed = [premise for premise in premises if premise is not YES]
        solver, names = self._prepared(needed)
        _assert(solver, needed)
        found = _checked(solver)
        if found == z3.sat:
            return Answer("yes", solver.model(), names)
        return Answer("no" if found == z3.unsat else "unknown")

    def clash(self, premises: Mapping[str, Term]) -> list[str]:
        """The names of a few premises that cannot hold at once, none of which can be spared."""
        needed = self._core({name: premise for name, premise in premises.items() if premise is not YES})
        for name in list(needed):
            rest = [premises[other] for other in needed if other != name]
            if len(needed) > 1 and self.ask(*rest).can == "no":
                needed.remove(name)
        return needed

    def _core(self, premises: Mapping[str, Term]) -> list[str]:
        never = [name for name, premise in premises.items() if premise is NO]
        if never:
            return never[:1]
        solver, _ = self._prepared(list(premises.values()))
        marks = {f"because {name}": name for name in premises}
        for mark, name in marks.items():
            solver.add(z3.Implies(z3.Bool(mark), premises[name]))
        if _checked(solver, *map(z3.Bool, marks)) != z3.unsat:
            return list(premises)
        core = {str(mark) for mark in solver.unsat_core()}
        return [name for mark, name in marks.items() if mark in core]

    def _prepared(self, premises: Sequence[Term]) -> tuple[Any, set[str]]:
        solver = z3.SimpleSolver()
        solver.set("timeout", self.patience_ms)
        axioms, names = self.axioms.for_question(premises)
        _assert(solver, axioms)
        return solver, names


def _checked(solver: Any, *marks: Any) -> Any:
    """What the solver finds. It takes Ctrl-C for itself and answers that it does not know. Raises KeyboardInterrupt."""
    found = solver.check(*marks)
    if found == z3.unknown and "keyboard" in solver.reason_unknown():
        raise KeyboardInterrupt
    return found


def _assert(solver: Any, terms: Iterable[Term]) -> None:
    """Add formulas, without the library's checks of their types: they take longer than the solver itself."""
    context, target = solver.ctx.ref(), solver.solver
    for term in terms:
        z3.Z3_solver_assert(context, target, term.as_ast())
