"""The words that a rule file can use, for whoever writes one: kinds, facts, operators, and what the text itself names.

Of the text its names are read as far as it can be: it is wanted most while it is half written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from policies.model import Operator, Text
from policies.show import HEADINGS
from policies.source import read
from policies.vocabulary import COMMON

NAMED: Mapping[str, Text] = {
    "sources": Text("적립 유형", "a source of points"),
    "methods": Text("환급 방법", "a refund method"),
    "papers": Text("서류", "a paper"),
}
VALUE = Text("수치", "a value")
RULE = Text("규칙", "a rule")
OPERATOR = Text("조건의 연산", "an operator of conditions")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is written, what it is, and the field whose value it is, where it is one of few."""

    word: str
    about: Text
    field: str = ""


def vocabulary_of(text: str) -> list[Word]:
    """The words for a text, those that it names itself first; each once."""
    document, _ = read(text.encode(), "rules.yaml")
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    found: dict[str, Word] = {}
    for each in (*_own(data), *_common()):
        found.setdefault(each.word, each)
    return list(found.values())


def _own(data: Mapping[str, Any]) -> Iterator[Word]:
    """What a text declares, whether it is sound or not."""
    for name, value in _entries(data, "values"):
        yield Word(f"${name}", _said(value.get("about"), VALUE))
    rules = data.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, dict) and isinstance(rule.get("id"), str):
            yield Word(rule["id"], _said(rule.get("reason"), RULE))
    for name, fact in _entries(data, "facts"):
        yield Word(name, _said(fact, Text(name, name)))
    for part, about in NAMED.items():
        for name, words in _entries(data, part):
            yield Word(name, _said(words, about), part)


def _common() -> Iterator[Word]:
    for fact in COMMON:
        yield Word(fact.path, Text(fact.ko, fact.en))
    for kind, heading in HEADINGS.items():
        yield Word(kind, heading, "kind")
    for operator in get_args(Operator):
        yield Word(operator, OPERATOR)


def _entries(data: Mapping[str, Any], part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    content = data.get(part)
    for name, each in content.items() if isinstance(content, dict) else ():
        yield str(name), each if isinstance(each, dict) else {}


def _said(words: Any, otherwise: Text) -> Text:
    """What an author wrote, in both languages or in one line; else what such a thing is."""
    if isinstance(words, dict) and all(isinstance(words.get(language), str) for language in ("ko", "en")):
        return Text(words["ko"], words["en"])
    return Text(words, words) if isinstance(words, str) else otherwise
