"""A problem: an author's mistake, as a value with its place, so that all of them can be listed at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from operator import itemgetter

# Beyond these, a comparison costs more than a suggestion is worth.
_LONGEST_WORD = 60
_MOST_CANDIDATES = 1_000

# How alike two words must be: twice the letters in common over all letters. One letter is much of a short
# word (`rate` is no misspelt `date`), so short ones must also begin alike.
_SHORT = 4
_CLOSE = 0.8
_CLOSE_AND_SHORT = 0.75


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """Where something starts in a file: line and column, both counted in characters from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, before it is known where: a catalogue name, a message and a remedy ("" for none)."""

    code: str
    message: str
    hint: str

    def at(self, file: str, place: Place, subject: str = "") -> Problem:
        """The same as a problem of one place in a file."""
        return Problem(self.code, file, place.line, place.column, subject, self.message, self.hint)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a rule file.

    `code` is its kebab-case name in the error catalogue, `subject` what it is about (a rule's id), `hint` the
    remedy; the last two may be "". Problems sort by their place.

    >>> print(Problem("unknown-field", "a.yaml", 69, 5, "monthly-limit", "unknown field 'at_mots'", ""))
    a.yaml:69:5: monthly-limit: unknown field 'at_mots'
    """

    code: str
    file: str
    line: int
    column: int
    subject: str
    message: str
    hint: str

    def __str__(self) -> str:
        subject = f"{self.subject}: " if self.subject else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {subject}{self.message}{hint}"

    def __lt__(self, other: Problem) -> bool:
        # After the place, the rest: a list of problems must not depend on the order in which the checks ran.
        return self._order() < other._order()

    def _order(self) -> tuple[str, int, int, str, str, str, str]:
        return self.file, self.line, self.column, self.subject, self.code, self.message, self.hint


def shorten(words: str, most: int = 40) -> str:
    """An author's words on one line, cut to `most` characters, for quoting them in a message."""
    # Only the beginning is looked at: the words may be a megabyte.
    line = " ".join(words[: 4 * most].split())
    return line if len(line) <= most else line[: most - 3] + "..."


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`did you mean 'x'?` for the candidate that `word` most likely stands for, "" when none is close.

    A wrong suggestion is worse than none: an author who trusts it changes the policy.

    >>> did_you_mean("at_mots", ["at_least", "at_most"])
    "did you mean 'at_most'?"
    >>> did_you_mean("banana", ["at_least", "at_most"])
    ''
    """
    if not word or len(word) > _LONGEST_WORD:
        return ""
    names = [name for name in islice(candidates, _MOST_CANDIDATES) if name != word]
    behind_a_dot = [name for name in names if name.endswith(f".{word}")]
    if len(behind_a_dot) == 1:
        return f"did you mean '{behind_a_dot[0]}'?"
    likeness, found = max(((_likeness(word, name), name) for name in names), key=itemgetter(0), default=(0, ""))
    return f"did you mean '{found}'?" if likeness > 0 else ""


def _likeness(word: str, name: str) -> float:
    """How close two words are, from 0 (not close) to 1 (the same but for case and hyphens)."""
    word, name = (each.casefold().replace("-", "_").replace(" ", "_") for each in (word, name))
    if word == name:
        return 1
    # What both share before the dot says nothing: `account.foo` is not close to `account.debt`.
    group, dot, rest = name.rpartition(".")
    if dot and word.startswith(group + dot):
        word, name = word.removeprefix(group + dot), rest
    matcher = SequenceMatcher(None, word, name, autojunk=False)
    if matcher.real_quick_ratio() < _CLOSE_AND_SHORT:
        return 0
    ratio = matcher.ratio()
    if _neighbours_swapped(word, name):
        return max(ratio, _CLOSE)
    if min(len(word), len(name)) <= _SHORT:
        return ratio if word[:1] == name[:1] and ratio >= _CLOSE_AND_SHORT else 0
    return ratio if ratio >= _CLOSE else 0


def _neighbours_swapped(word: str, name: str) -> bool:
    """Whether the words differ only in that two neighbouring letters changed places."""
    if len(word) != len(name):
        return False
    first = next((at for at, (one, other) in enumerate(zip(word, name, strict=True)) if one != other), 0)
    swapped = word[:first] + word[first : first + 2][::-1] + word[first + 2 :]
    return swapped == name
