"""The troubles of one document, gathered and given their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from marshmallow import ValidationError

from policies.model import Text
from policies.problems import MOST_PROBLEMS, Place, Problem, both, too_many_problems
from policies.readers import Trouble, shown
from policies.source import Document

T = TypeVar("T")
Path = tuple[Any, ...]

WHOLE = ""

# Which sections of a file a trouble's `refers_to` may mean.
_SECTIONS = {
    "unknown-fact": ("facts",),
    "unknown-value": ("values",),
    "unknown-word": ("sources", "methods", "papers", "events"),
    "not-a-choice": ("sources", "methods", "events"),
    "unknown-rule": ("rules",),
    "unknown-placeholder": ("values", "facts"),
}
_MISSES = ("missing-field", "missing-choice", "field-without")
_NEEDS_ALL_RULES = ("no-allocation", "value-unused")


class Troubles:
    """Makes each trouble a problem of its place, and keeps what only follows from another trouble to itself.

    `broken` names the sources, methods, facts, values and rules that have troubles of their own, each with its section;
    WHOLE stands for all of a section.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.broken: set[tuple[str, str]] = set()
        self._found: list[tuple[Problem, Trouble]] = []

    def attempt(self, path: Path, subject: str | Text, read: Callable[[], T]) -> T | None:
        """What `read` returns, or None when it reports troubles; they lie at and below `path`."""
        try:
            return read()
        except ValidationError as error:
            found = list(_leaves(error.messages))
            # A misspelt field is not missing too, and what needs it does not lack it.
            misspelt = {below[:-1] for below, trouble in found if _misspelt(trouble)}
            for below, trouble in found:
                if trouble.code not in _MISSES or misspelt.isdisjoint((below, below[:-1])):
                    self.add(path + below, subject, trouble)
            return None

    def add(self, path: Path, subject: str | Text, trouble: Trouble) -> None:
        """One trouble at the place of `path`, or of the nearest place above it that the file has.

        A message without a subject ("is empty", "비어 있습니다") is about what stands there, and is told with it.
        """
        places, keys, full = self.document.places, self.document.key_places, path
        if trouble.at == "key" and path in keys:
            place = keys[path]
        else:
            while path not in places:
                path = path[:-1]
            place = places[path]
        file, message = self.document.file, trouble.message
        if message.en.startswith("is "):
            # Whatever _called returns ends in a noun with a last consonant, which "이" fits.
            subject_of = _called(full)
            message = Text(f"{subject_of.ko}이 {message.ko}", f"{subject_of.en} {message.en}")
        problem = Problem(trouble.code, file, place.line, place.column, subject, message, trouble.hint)
        self._found.append((problem, trouble))

    def __len__(self) -> int:
        return len(self._found)

    def problems(self) -> list[Problem]:
        """Every problem, in the order of the file, without those that only follow from another."""
        found = sorted(problem for problem, trouble in self._found if not self._follows(trouble))
        if len(found) > MOST_PROBLEMS:
            last = found[MOST_PROBLEMS]
            return [*found[:MOST_PROBLEMS], too_many_problems().at(last.file, Place(last.line, last.column))]
        return found

    def _follows(self, trouble: Trouble) -> bool:
        if trouble.code in _NEEDS_ALL_RULES:
            return bool(self.broken)
        sections = _SECTIONS.get(trouble.code, ())
        return any((section, name) in self.broken for section in sections for name in (trouble.refers_to, WHOLE))


def _called(path: Path) -> Text:
    """What stands at a path, in a sentence."""
    if path and isinstance(path[-1], int) and not isinstance(path[-1], bool):
        within = _called(path[:-1])
        return both("{within}의 {number}번째 항목", "item {number} of {within}", number=path[-1] + 1, within=within)
    return both("{name} 항목", "{name}", name=shown(path[-1])) if path else both("이 파일", "the file")


def _misspelt(trouble: Trouble) -> bool:
    return trouble.code == "unknown-field" and trouble.hint is not None and trouble.hint.en.startswith("did you mean")


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
