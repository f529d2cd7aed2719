"""The FAQ as it is shown: entries with the figures of today, found by words and by the rules that they explain.

The files are read once, when the process starts. A file with problems is left out and named in the log: a slip in a
FAQ must not keep refunds from being decided. `recoup faq check` tells its author before that.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

from policies.model import Policy, Text
from service.config import Settings
from service.faq_files import EVERY_POLICY, FOLDER, SETTINGS, Entry, filled, read_folder
from service.publishing import Versions, local_day_of
from service.search import Index, places_of, snippet_of

TITLE_WEIGHT, WORDS_WEIGHT, ANSWER_WEIGHT = 3, 2, 1

log = logging.getLogger("recoup.faq")


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with the figures of a day. `answer` is Markdown."""

    id: str
    policy: str
    topic: str
    about: tuple[str, ...]
    title: Text
    answer: Text


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that a search found, with the part of its text that shows why, in `language`."""

    shown: Shown
    language: str
    snippet: str
    places: Sequence[tuple[int, int]]
    title_places: Sequence[tuple[int, int]]


class Links:
    """Which entries explain a rule: those of its policy, then those of every policy, each by id."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._ids: dict[tuple[str, str], list[str]] = {}
        for entry in sorted(entries, key=lambda each: (each.policy == EVERY_POLICY, each.id)):
            for rule in entry.about:
                self._ids.setdefault((entry.policy, rule), []).append(entry.id)

    def about(self, policy: str, rule: str) -> list[str]:
        """The ids of the entries that explain a rule of a policy."""
        return [*self._ids.get((policy, rule), ()), *self._ids.get((EVERY_POLICY, rule), ())]


class Page:
    """The entries of one day, with an index over both languages."""

    def __init__(
        self, entries: Sequence[Entry], policies: Mapping[str, tuple[Policy, date]], settings: Mapping[str, int]
    ) -> None:
        self.entries = {
            entry.id: _shown(entry, policies, settings)
            for entry in entries
            if entry.policy in policies or entry.policy == EVERY_POLICY
        }
        words = {entry.id: " ".join(entry.words) for entry in entries}
        self._index = Index({name: _parts(shown, words[name]) for name, shown in self.entries.items()})

    def search(self, query: str, policy: str | None = None) -> list[Shown]:
        """The entries with words of a query, the best first; those of one policy, and those of every policy."""
        hits = (self.entries[hit.id] for hit in self._index.search(query))
        return [shown for shown in hits if policy is None or shown.policy in (policy, EVERY_POLICY)]


class Faq:
    """The entries of a folder; `links` is fixed, what a figure comes to follows the versions in force."""

    def __init__(self, entries: Sequence[Entry], settings: Mapping[str, int]) -> None:
        self._entries = entries
        self._settings = settings
        self._made: tuple[object, Page] | None = None
        self._lock = Lock()
        self.links = Links(entries)

    def page(self, versions: Versions, now: datetime) -> Page:
        """The entries with the figures of an instant. They are made anew when the day or a version changes."""
        found = [(policy, versions.in_force(policy, now)) for policy in versions.policies()]
        in_force = {policy: (version.policy, local_day_of(version, now)) for policy, version in found if version}
        key = [(version.version.digest, in_force[policy][1]) for policy, version in found if version]
        with self._lock:
            if self._made is None or self._made[0] != key:
                self._made = key, Page(self._entries, in_force, self._settings)
            return self._made[1]


def load_faq(settings: Settings) -> Faq:
    """The FAQ beside the rule files; what cannot be read is left out and named in the log."""
    entries, problems = read_folder(settings.policies / FOLDER)
    for problem in problems:
        log.warning("left out of the FAQ: %s", problem)
    return Faq(entries, {name: getattr(settings, name) for name in SETTINGS})


def without_markup(markdown: str) -> str:
    r"""Markdown as the words that a reader sees, on one line; a comma stands between the items of a list.

    >>> without_markup("- **현금**은 [여기](https://example.com)에서\n- `cash`\n- Fee:\n  - none")
    '현금은 여기에서, cash, Fee: none'
    """
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    words = re.sub(r"(?m)^(\s*[-*+] .*[\w)`*])(?=\n\s*[-*+] )", r"\1,", words)
    words = re.sub(r"(?m)^\s*(#+|[-*+>]|\d+\.)\s+", "", words)
    return " ".join(re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", words).split())


def _shown(entry: Entry, policies: Mapping[str, tuple[Policy, date]], settings: Mapping[str, int]) -> Shown:
    policy, day = policies.get(entry.policy, (None, date.min))
    said = ((entry.answer.in_language(language), language) for language in ("ko", "en"))
    ko, en = (filled(text, policy, language, day, settings) for text, language in said)
    return Shown(entry.id, entry.policy, entry.topic, entry.about, entry.title, Text(ko, en))


def _parts(shown: Shown, words: str) -> list[tuple[str, int]]:
    said = [(shown.title, TITLE_WEIGHT), (shown.answer, ANSWER_WEIGHT)]
    texts = [(without_markup(text.in_language(each)), weight) for text, weight in said for each in ("ko", "en")]
    return [*texts, (words, WORDS_WEIGHT)]


def found_in(shown: Shown, query: str, language: str) -> Found:
    """Where the words of a query stand: in the language that was asked for, unless only the other one has them."""
    for spoken in (language, "ko" if language == "en" else "en"):
        part, places = snippet_of(without_markup(shown.answer.in_language(spoken)), query)
        in_title = places_of(shown.title.in_language(spoken), query)
        if places or in_title:
            return Found(shown, spoken, part, places, in_title)
    return Found(shown, language, snippet_of(without_markup(shown.answer.in_language(language)), query)[0], [], [])
