"""A problem: an author's mistake, as a value with its place, so that all of them can be listed at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from policies.model import Text

MOST_PROBLEMS = 100
"""More are not listed: nobody reads them, and a hostile file could ask for a hundred thousand."""

# Beyond these, a comparison costs more than a suggestion is worth.
_LONGEST_WORD = 60
_MOST_CANDIDATES = 1_000

# How alike two words must be: twice the letters in common over all letters. One letter is much of a short
# word (`rate` is no misspelt `date`), so short ones must also begin alike.
_SHORT = 4
_CLOSE = 0.8
_CLOSE_AND_SHORT = 0.75


class Place(NamedTuple):
    """Where something starts in a file: line and column, both counted in characters from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, before it is known where: a catalogue name, a message and a remedy, if there is one."""

    code: str
    message: Text
    hint: Text | None

    def at(self, file: str, place: Place, subject: str | Text = "") -> Problem:
        """The same as a problem of one place in a file."""
        return Problem(self.code, file, place.line, place.column, subject, self.message, self.hint)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a rule file, or advice about what is sound.

    `code` is its kebab-case name in the error catalogue, `subject` what it is about (a rule's id, "" for the whole
    file), `hint` the remedy, if there is one. Only what is of `severity` "problem" keeps a file from being used.
    Problems sort by their place; as a string one is in English.

    >>> message, hint = (
    ...     both("알 수 없는 항목입니다: '{key}'", "unknown field '{key}'", key="at_mots"),
    ...     both("빼십시오", "drop it"),
    ... )
    >>> problem = Problem("unknown-field", "a.yaml", 69, 5, "monthly-limit", message, hint)
    >>> print(problem)
    a.yaml:69:5: monthly-limit: unknown field 'at_mots'; drop it
    >>> print(problem.in_language("ko"))
    a.yaml:69:5: monthly-limit: 알 수 없는 항목입니다: 'at_mots'. 빼십시오.
    """

    code: str
    file: str
    line: int
    column: int
    subject: str | Text
    message: Text
    hint: Text | None
    severity: Literal["problem", "advice"] = "problem"

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, language: str) -> str:
        """The problem on one line in `language`, which is "ko" or "en"."""
        subject = f"{in_language(self.subject, language)}: " if self.subject else ""
        advice = f"{_ADVICE.in_language(language)}: " if self.severity == "advice" else ""
        said = told(self.message, self.hint).in_language(language)
        return f"{self.file}:{self.line}:{self.column}: {subject}{advice}{said}"

    def __lt__(self, other: Problem) -> bool:
        # After the place, the rest: a list of problems must not depend on the order in which the checks ran.
        return self._order() < other._order()

    def _order(self) -> tuple[str, int, int, str, str, str, str]:
        hint = self.hint.en if self.hint else ""
        return self.file, self.line, self.column, in_language(self.subject, "en"), self.code, self.message.en, hint


_ADVICE = Text("조언", "advice")


def told(message: Text, hint: Text | None) -> Text:
    """A message with its remedy, if there is one, as a person reads them."""
    parts = [message, hint] if hint else [message]
    return Text(" ".join(_ended(each.ko) for each in parts), "; ".join(each.en for each in parts))


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."


def both(ko: str, en: str, /, **figures: object) -> Text:
    """Words for authors in Korean and in English: the message or the remedy of a problem, or a part of one.

    Each `{name}` is filled with the figure of that name, in the same language where the figure is a Text. Without
    figures the words stand as they are, braces too. English has no full stop; Korean has none at its end. A Korean
    particle must not depend on the sound of a figure before it: put a colon or a noun between them.

    >>> both("{count:_}개 있는 것: {what}", "{count:_} of {what}", count=1000, what=both("목록", "a list"))
    Text(ko='1_000개 있는 것: 목록', en='1_000 of a list')
    """
    if not figures:
        return Text(ko, en)
    return Text(
        *(
            words.format_map({name: in_language(figure, language) for name, figure in figures.items()})
            for words, language in ((ko, "ko"), (en, "en"))
        )
    )


def in_language(words: Any, language: str) -> Any:
    """A Text in `language`; anything else, such as a name or a number, as it is."""
    return words.in_language(language) if isinstance(words, Text) else words


def too_many_problems() -> Fault:
    """What is told in place of the problems that are not listed."""
    message = both(
        "이 파일에는 위의 {most}개 말고도 문제가 더 있습니다",
        "the file has more problems than the {most} above",
        most=MOST_PROBLEMS,
    )
    return Fault("too-many-problems", message, both("위의 것부터 고치십시오", "correct those first"))


def shorten(words: str, most: int = 40) -> str:
    """An author's words on one line, cut to `most` characters, for quoting them in a message."""
    # Only the beginning is looked at: the words may be a megabyte.
    line = " ".join(words[: 4 * most].split())
    return line if len(line) <= most else line[: most - 3] + "..."


def did_you_mean(word: str, candidates: Iterable[str]) -> Text | None:
    """`did you mean 'x'?` for the candidate that `word` most likely stands for, None when none is close.

    A wrong suggestion is worse than none: an author who trusts it changes the policy.

    >>> did_you_mean("at_mots", ["at_least", "at_most"]).en
    "did you mean 'at_most'?"
    >>> did_you_mean("banana", ["at_least", "at_most"]) is None
    True
    """
    if not word or len(word) > _LONGEST_WORD:
        return None
    names = [name for name in islice(candidates, _MOST_CANDIDATES) if name != word]
    behind_a_dot = [name for name in names if name.endswith(f".{word}")]
    if len(behind_a_dot) == 1:
        return _suggestion(behind_a_dot[0])
    likeness, found = max(((_likeness(word, name), name) for name in names), key=itemgetter(0), default=(0, ""))
    return _suggestion(found) if likeness > 0 else None


def _suggestion(name: str) -> Text:
    return both("혹시 '{name}'입니까?", "did you mean '{name}'?", name=name)


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
