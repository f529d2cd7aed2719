"""Asking a solver until its answer can be relied on: what it gets wrong of the calendar it is taught."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, Protocol, TypeVar

from engine.proofs.logic import Answer, Solver, Term
from engine.proofs.world import World

MOST_LESSONS = 40
"""After so many lessons a question is given up."""

Found = TypeVar("Found")
Verdict = Literal["yes", "no", "unknown"]


def _never(answer: Answer) -> bool:
    return False


class Subject(Protocol):
    """What is asked about: its facts; what a model gets wrong, which it teaches; and the days of a model."""

    @property
    def world(self) -> World: ...

    def lessons(self, answer: Answer) -> int: ...

    def same(self, answer: Answer) -> list[Term]: ...


class Inquiry:
    """Questions about one subject. `keep_going` says whether there is time for another; without it all is unknown."""

    def __init__(self, subject: Subject, patience_ms: int, keep_going: Callable[[], bool]) -> None:
        self.subject = subject
        self.solver = Solver(subject.world.axioms, patience_ms)
        self.keep_going = keep_going

    def ask(self, *premises: Term, enough: Callable[[Answer], object] = _never, rounds: int = MOST_LESSONS) -> Answer:
        """Whether the premises can hold at once, with a model that is `enough`, or right about the calendar."""
        base, same = self.subject.world.base, list[Term]()
        for _ in range(rounds):
            if not self.keep_going():
                return Answer("unknown")
            # On the same days first: elsewhere there would be more to learn.
            answer = self.solver.ask(*base, *premises, *same)
            if answer.can != "yes" and same:
                same = []
                answer = self.solver.ask(*base, *premises)
            if answer.can != "yes" or enough(answer) or not self.subject.lessons(answer):
                return answer
            same = self.subject.same(answer)
        return Answer("unknown")

    def confirmed(
        self,
        premises: Iterable[Term],
        wishes: Callable[[Answer], Iterable[Term]],
        confirm: Callable[[Answer], Found | None],
    ) -> tuple[Verdict, Found | None]:
        """A model of the premises of which `confirm` makes something; as many of the wishes for it hold as can.

        "yes" comes with what was made, "no" means that there is no model, and "unknown" that none was confirmed.
        """
        found: list[Found] = []

        def enough(answer: Answer) -> bool:
            made = confirm(answer)
            if made is not None:
                found.append(made)
            return made is not None

        kept = list(premises)
        answer = self.ask(*kept, enough=enough)
        if answer.can != "yes":
            return answer.can, None
        for wish in wishes(answer):
            before = len(found)
            if self.ask(*kept, wish, enough=enough).can == "yes" and len(found) > before:
                kept.append(wish)
        return ("yes", found[-1]) if found else ("unknown", None)

    def guided(
        self,
        own: Iterable[Term],
        further: Mapping[str, Term],
        lacks: Callable[[Answer], Collection[str] | None],
        rounds: int = MOST_LESSONS,
    ) -> tuple[Answer, dict[str, Term]]:
        """Whether premises can hold together with further ones, of which only those are asked that make a difference.

        `lacks` tries a model, and says which of the further ones are in its way: None where it is enough. Returns the
        answer with the further premises that were asked.
        """
        own = list(own)
        asked: dict[str, Term] = {}
        while True:
            lacking: list[str] = []

            def enough(answer: Answer, lacking: list[str] = lacking, asked: dict[str, Term] = asked) -> bool:
                found = lacks(answer)
                lacking[:] = [name for name in found or () if name in further and name not in asked]
                return found is None or bool(lacking)

            answer = self.ask(*own, *asked.values(), enough=enough, rounds=rounds)
            if answer.can != "yes" or lacks(answer) is None or len(asked) == len(further):
                return answer, asked
            # Where nothing is told to be in the way, all that might be is asked.
            asked = asked | {name: term for name, term in further.items() if name in lacking or not lacking}

    def clash(self, premises: Mapping[str, Term]) -> list[str]:
        """The names of a few premises that cannot hold at once."""
        return self.solver.clash(premises)
