"""The troubles of one document, gathered and given their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from marshmallow import ValidationError

from policies.fields import Trouble
from policies.problems import Problem
from policies.source import Document

T = TypeVar("T")
Path = tuple[Any, ...]

_REFERS = ("unknown-fact", "unknown-value", "unknown-word", "not-a-choice", "unknown-rule")
_MISSES = ("missing-field", "missing-choice")
_NEEDS_ALL_RULES = ("no-allocation", "value-unused")


class Troubles:
    """Makes each trouble a problem of its place, and keeps what only follows from another trouble to itself.

    `broken` holds the names of the facts, sources, methods, values and rules that have troubles of their own.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.broken: set[str] = set()
        self._problems: list[Problem] = []

    def attempt(self, path: Path, subject: str, read: Callable[[], T]) -> T | None:
        """What `read` returns, or None when it reports troubles; they lie at and below `path`."""
        try:
            return read()
        except ValidationError as error:
            found = list(_leaves(error.messages))
            # A misspelt field is not missing too.
            misspelt = {below[:-1] for below, trouble in found if trouble.code == "unknown-field" and trouble.hint}
            for below, trouble in found:
                if not (trouble.code in _MISSES and below in misspelt):
                    self.add(path + below, subject, trouble)
            return None

    def add(self, path: Path, subject: str, trouble: Trouble) -> None:
        """One trouble at the place of `path`, or of the nearest place above it that the file has."""
        places, keys = self.document.places, self.document.key_places
        if trouble.at == "key" and path in keys:
            place = keys[path]
        else:
            while path not in places:
                path = path[:-1]
            place = places[path]
        file = self.document.file
        self._problems.append(
            Problem(trouble.code, file, place.line, place.column, subject, trouble.message, trouble.hint)
        )

    def problems(self) -> list[Problem]:
        """Every problem, in the order of the file, without those that only follow from another."""
        return sorted(problem for problem in self._problems if not self._follows(problem))

    def _follows(self, problem: Problem) -> bool:
        if problem.code in _NEEDS_ALL_RULES:
            return bool(self.broken)
        return problem.code in _REFERS and any(f"'{word}'" in problem.message for word in self.broken)


def _leaves(messages: Any, path: Path = ()) -> Iterator[tuple[Path, Trouble]]:
    """Every trouble in marshmallow's nested messages, with its path. Its key for a whole map is no part of it."""
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _leaves(below, path if key == "_schema" else (*path, key))
    else:
        for message in messages:
            if isinstance(message, Trouble):
                yield path, message
            else:
                yield from _leaves(message, path)
