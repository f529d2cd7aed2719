"""Asking a solver until its answer can be relied on: what it gets wrong of the calendar it is taught."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol, TypeVar

from engine.proofs.logic import Answer, Solver, Term

MOST_LESSONS = 40
"""After so many lessons a question is given up."""

Found = TypeVar("Found")
Verdict = Literal["yes", "no", "unknown"]


class Subject(Protocol):
    """What is asked about: what always holds of it, what a model gets wrong, and the days that it is about."""

    def always(self) -> list[Term]: ...

    def lessons(self, answer: Answer) -> list[Term]: ...

    def same(self, answer: Answer) -> list[Term]: ...


class Inquiry:
    """Questions about one subject. `keep_going` says whether there is time for another; without it all is unknown."""

    def __init__(self, subject: Subject, patience_ms: int, keep_going: Callable[[], bool]) -> None:
        self.subject = subject
        self.solver = Solver(patience_ms)
        self.keep_going = keep_going
        self._told: set[int] = set()
        self._kept: list[Term] = []

    def ask(self, *premises: Term) -> Answer:
        """Whether the premises can hold at once, with a model that is right about the calendar."""
        same: list[Term] = []
        for _ in range(MOST_LESSONS):
            if not self.keep_going():
                return Answer("unknown")
            self._tell()
            # On the same days first: elsewhere there would be more to learn.
            answer = self.solver.ask(*premises, *same)
            if answer.can != "yes" and same:
                same = []
                answer = self.solver.ask(*premises)
            if answer.can != "yes":
                return answer
            lessons = self.subject.lessons(answer)
            if not lessons:
                return answer
            same = self.subject.same(answer)
            self.solver.always(*lessons)
        return Answer("unknown")

    def confirmed(
        self, premises: Iterable[Term], wishes: Iterable[Term], confirm: Callable[[Answer], Found | None]
    ) -> tuple[Verdict, Found | None]:
        """A model of the premises of which `confirm` makes something; as many of the wishes hold as can.

        "yes" comes with what was made, "no" means that there is no model, and "unknown" that none was confirmed.
        """
        kept = list(premises)
        answer = self.ask(*kept)
        if answer.can != "yes":
            return answer.can, None
        found = confirm(answer)
        for wish in wishes:
            better = self.ask(*kept, wish)
            if better.can == "yes" and ((confirmed := confirm(better)) is not None or found is None):
                kept.append(wish)
                found = confirmed if confirmed is not None else found
        return ("yes", found) if found is not None else ("unknown", None)

    def clash(self, premises: Mapping[str, Term], base: Iterable[Term] = ()) -> list[str]:
        """The names of a few premises that cannot hold at once."""
        self._tell()
        return self.solver.clash(premises, list(base))

    def _tell(self) -> None:
        new = [term for term in self.subject.always() if id(term) not in self._told]
        self._told.update(map(id, new))
        self._kept += new  # An id is only good while its term lives.
        self.solver.always(*new)
