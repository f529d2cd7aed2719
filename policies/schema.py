"""Plain data to the model: the top level of a rule file, its facts, its values and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from marshmallow import ValidationError, missing
from marshmallow.experimental.context import Context

from policies.conditions import read_literal
from policies.fields import Bilingual, Day, Field, Later, ListOf, Map, Sentence, Word
from policies.kinds import KINDS
from policies.model import Fact, Figure, Policy, Rule, Text, Value
from policies.problems import shorten
from policies.readers import (
    FACT_PATH,
    FIRST_DAY,
    KEBAB,
    LAST_DAY,
    SNAKE,
    Reading,
    Trouble,
    check_word,
    listed,
    one_of,
    read_under,
    refuse,
    shown,
    suggest,
)
from policies.source import Document
from policies.troubles import WHOLE, Troubles
from policies.values import figures, read_value, value_paths
from policies.vocabulary import COMMON, TYPES, vocabulary


class _FormatField(Field):
    def read(self, raw: Any) -> int:
        if raw is True or raw != 1:
            refuse("unknown-format", f"format {shown(raw)} is not known", "write format: 1")
        return 1


_OTHER_CLOCKS = ("posix", "right", "posixrules", "localtime", "Factory")
"""Names in the machine's zone files that mean another thing on another machine, or count leap seconds."""


class _Timezone(Sentence):
    def read(self, raw: Any) -> str:
        name = super().read(raw)
        try:
            ZoneInfo(name)
            known = name.partition("/")[0] not in _OTHER_CLOCKS
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known = False
        if not known:
            hint = suggest(name, sorted(available_timezones())) or "write it like Asia/Seoul"
            refuse("unknown-timezone", f"unknown time zone {shown(name)}", hint)
        return name


class _Currency(Sentence):
    def read(self, raw: Any) -> str:
        code = super().read(raw)
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            refuse("not-a-currency", f"{shown(code)} is not a currency", "write three capitals, such as KRW")
        return code


class _Country(Sentence):
    def read(self, raw: Any) -> str:
        code = super().read(raw)
        if not (2 <= len(code) <= 4 and code.isascii() and code.isalpha() and code.isupper()):
            refuse(
                "not-a-calendar",
                f"{shown(code)} is not a holiday calendar",
                "write the two letters of a country, such as KR",
            )
        return code


class _PolicyMap(Map):
    format = _FormatField(about="The version of the rule language: 1.")
    policy = Word(KEBAB, about="The policy's id.")
    title = Bilingual(name=True, about="The policy's name.")
    starts = Day(about="The day from which the policy is in force.")
    currency = _Currency(about="The currency of payouts and fees.")
    timezone = _Timezone(about="The zone in which days begin and end.")
    calendar = _Country(about="The country whose holidays are no business days.")
    holidays = ListOf(Day(), (), about="Further days that are no business days.")
    terms = Sentence(lines=True, about="Where the terms can be read.")
    about = Sentence("", lines=True, about="A note of the author.")
    sources = Later(about="Where points come from.")
    methods = Later(about="How a refund is paid out.")
    facts = Later(None, about="What this programme knows beyond the common facts.")
    values = Later(None, about="Named figures with their history.")
    rules = Later(about="The sentences of the terms.")


class _FactMap(Map):
    type = Later(about="points, money, number, date, text, flag, or a list of choices.")
    ko = Sentence(about="How Korean sentences call the fact.")
    en = Sentence(about="How English sentences call the fact.")
    default = Later(missing, about="What holds where a case does not give the fact.")


_POLICY = _PolicyMap()
_FACT = _FactMap()
_OWN_SCOPES = ("account", "lot", "request", "event")
_IDENTITIES = ("account.id", "lot.id", "request.id", "event.id", "request.requested_at", "event.happened_at")
_TABLE_WORDS = ("by", "bands", "else")


def read_policy(document: Document, troubles: Troubles) -> Policy | None:
    """The policy that a document holds, as far as its parts are sound. What is wrong is added to `troubles`.

    None when the top level itself is not sound.
    """
    data = document.data
    file = Reading({}, {}, {}, (), ())
    with Context(file):
        top = troubles.attempt((), "", lambda: _POLICY.load(data))
        if not isinstance(data, dict):
            return None
        sources = _read_words(troubles, data, "sources")
        methods = _read_words(troubles, data, "methods")
        declared = _read_facts(troubles, data)
    facts = vocabulary(sources, methods, declared)
    starts = data.get("starts")
    file = replace(file, facts=facts, sources=tuple(sources), methods=tuple(methods))
    with Context(file):
        values = _read_values(troubles, data, starts if isinstance(starts, date) and starts >= FIRST_DAY else LAST_DAY)
    file = replace(
        file,
        units={name: value.unit if value else None for name, value in values.items()},
        value_paths={name: value_paths(value) for name, value in values.items() if value},
        figures={name: _figures(value) for name, value in values.items() if value},
    )
    rules = _read_rules(troubles, data, file)
    if top is None:
        return None
    return Policy(
        id=top["policy"],
        facts=facts,
        declared=tuple(fact.path for fact in declared),
        sources=sources,
        methods=methods,
        values={name: value for name, value in values.items() if value},
        rules=tuple(rules),
        **{name: top[name] for name in _TOP},
    )


def _figures(value: Value) -> tuple[Figure, ...]:
    return tuple(figure for _, cell in value.since for figure in figures(cell))


_TOP = ("title", "starts", "currency", "timezone", "calendar", "holidays", "terms", "about")


def _read_map(troubles: Troubles, data: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    if name not in data:
        if name in ("sources", "methods"):
            troubles.broken.add((name, WHOLE))
        return {}
    raw = data[name]
    if isinstance(raw, dict) and raw:
        return raw
    what = "is empty" if raw == {} else f"'{name}' is {shown(raw)}, not a map"
    troubles.add((name,), "", Trouble("empty" if raw == {} else "not-a-map", what, _SECTION_HINTS[name]))
    troubles.broken.add((name, WHOLE))
    return {}


_SECTION_HINTS = {
    "sources": "write one line a source, such as promotion: {ko: 프로모션, en: promotion}",
    "methods": "write one line a method, such as cash: {ko: 현금, en: cash}",
    "facts": "write one line a fact, such as account.grade: {type: [VIP, GOLD], ko: 등급, en: grade}, or leave it out",
    "values": "write each value below its name, or leave it out",
}


def _read_words(troubles: Troubles, data: Mapping[Any, Any], name: str) -> dict[str, Text]:
    """The sources or methods of the file with their names."""
    found: dict[str, Text] = {}
    bilingual = Bilingual(name=True)
    for word, raw in _read_map(troubles, data, name).items():

        def read(word: Any = word, raw: Any = raw) -> Text:
            check_word(word, SNAKE, "key")
            _refuse_table_word(word, "key")
            text: Text = bilingual.read(raw)
            return text

        text = troubles.attempt((name, word), shorten(str(word)), read)
        if text is None:
            troubles.broken.add((name, str(word)))
        else:
            found[word] = text
    return found


def _refuse_table_word(word: str, at: Literal["key", "value"] = "value") -> None:
    """Refuse a member of a choice that a table or a condition would read as something else."""
    if word in _TABLE_WORDS or word.startswith("$") or FACT_PATH.fullmatch(word):
        refuse("word-taken", f"{shown(word)} has a meaning of its own in tables and conditions", "use another word", at)


def _read_facts(troubles: Troubles, data: Mapping[Any, Any]) -> list[Fact]:
    found = []
    for path, raw in _read_map(troubles, data, "facts").items():
        fact = troubles.attempt(("facts", path), shorten(str(path)), partial(_read_fact, path, raw))
        if fact is None:
            troubles.broken.add(("facts", str(path)))
        else:
            found.append(fact)
    return found


def _read_fact(path: Any, raw: Any) -> Fact:
    scope, _, name = path.partition(".") if isinstance(path, str) else ("", "", "")
    if scope not in _OWN_SCOPES or not SNAKE.fullmatch(name):
        refuse("not-a-fact-path", f"{shown(path)} is not spelt like a fact", _FACT_HINT, "key")
    if path in {fact.path for fact in COMMON} or path in ("lot.source", "request.method", *_IDENTITIES):
        refuse("fact-taken", f"'{path}' is known without being declared", "take it out, or choose another name", "key")
    if len(path) > _LONGEST_PATH:
        refuse("too-long", f"the name has {len(path):_} letters", f"shorten it to {_LONGEST_PATH}", "key")
    if not isinstance(raw, dict):
        refuse("not-a-map", f"{shown(raw)} is not a fact", "write {type: number, ko: ..., en: ...}")
    found = _FACT.load(raw)
    kind, choices = read_under("type", partial(_read_type, found["type"]))
    fact = Fact(path, kind, found["ko"], found["en"], choices, required=True, none=kind == "date")
    if "default" not in found:
        return fact
    default = read_under("default", partial(read_literal, found["default"], fact))
    return replace(fact, default=default, required=False)


_LONGEST_PATH = 80
_FACT_HINT = "begin it with account., lot., request. or event. and go on in small letters, such as account.grade"


class _Member(Sentence):
    """A member of a declared choice."""

    def read(self, raw: Any) -> str:
        word = super().read(raw)
        _refuse_table_word(word)
        return word


def _read_type(raw: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(raw, list):
        return "choice", ListOf(_Member(), what="a list of choices").read(raw)
    if raw == "choice":
        refuse("unknown-word", "a choice is declared by its members", "write type: [VIP, GOLD]")
    return one_of(raw, (*TYPES, "a list such as [VIP, GOLD]"), "type"), ()


def _read_values(troubles: Troubles, data: Mapping[Any, Any], starts: date) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    for name, raw in _read_map(troubles, data, "values").items():
        value = troubles.attempt(("values", name), shorten(str(name)), partial(read_value, name, raw, starts))
        found[str(name)] = value
        if value is None:
            troubles.broken.add(("values", str(name)))
    return found


def _read_rules(troubles: Troubles, data: Mapping[Any, Any], file: Reading) -> list[Rule]:
    if "rules" not in data:
        return []
    raw = data["rules"]
    if not isinstance(raw, list) or not raw:
        what = "is empty" if raw == [] else f"'rules' is {shown(raw)}, not a list of rules"
        troubles.add(("rules",), "", Trouble("empty" if raw == [] else "not-a-list", what, "write each after '- '"))
        troubles.broken.add(("rules", WHOLE))
        return []
    found = []
    for index, each in enumerate(raw):
        identity = each.get("id") if isinstance(each, dict) else None
        subject = shorten(identity) if isinstance(identity, str) and identity else f"rule {index + 1}"
        path = ("rules", index)
        rule = troubles.attempt(path, subject, partial(_read_rule, each, file))
        if rule is None:
            troubles.broken.add(("rules", str(identity)))
        else:
            found.append(replace(rule, line=troubles.document.places[path].line, index=index))
    return found


def _read_rule(raw: Any, file: Reading) -> Rule:
    with Context(file):
        if not isinstance(raw, dict):
            refuse("not-a-map", f"{shown(raw)} is not a rule", "write id, kind, terms and what the kind needs")
        if "kind" not in raw:
            refuse("missing-field", "'kind' is missing", f"write kind: {listed(list(KINDS))}")
        kind = raw["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            hint = suggest(kind, list(KINDS)) or f"use {listed(list(KINDS))}"
            raise ValidationError({"kind": [Trouble("unknown-kind", f"unknown kind {shown(kind)}", hint)]})
    schema = KINDS[kind].schema
    with Context(replace(file, scopes=schema.scopes)):
        fields = schema.load(raw)
    del fields["kind"]
    return KINDS[kind].make(**fields)
