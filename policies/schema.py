"""Plain data to the model: the top level of a rule file, its facts, its values and its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import ValidationError
from marshmallow.experimental.context import Context

from policies.conditions import read_literal
from policies.fields import (
    KEBAB,
    SNAKE,
    Bilingual,
    Day,
    Field,
    ListOf,
    Map,
    Reading,
    Sentence,
    Trouble,
    Word,
    check_word,
    one_of,
    refuse,
    shown,
)
from policies.kinds import KINDS
from policies.model import Fact, Policy, Rule, Text, Unit, Value
from policies.problems import did_you_mean
from policies.source import Document
from policies.troubles import Troubles
from policies.values import read_value, value_paths
from policies.vocabulary import COMMON, TYPES, vocabulary


class _FormatField(Field):
    def read(self, raw: Any) -> int:
        if raw is True or raw != 1:
            refuse("unknown-format", f"format {shown(raw)} is not known", "write format: 1")
        return 1


class _Timezone(Sentence):
    def read(self, raw: Any) -> str:
        name = super().read(raw)
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            refuse("unknown-timezone", f"unknown time zone {shown(name)}", "write it like Asia/Seoul")
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
            refuse("not-a-calendar", f"{shown(code)} is not a holiday calendar", "write a country, such as KR")
        return code


class _Left(Field):
    """A part of the file that is read on its own once the parts before it are known."""

    def read(self, raw: Any) -> Any:
        return raw


class _PolicyMap(Map):
    format = _FormatField(about="The version of the rule language: 1.")
    policy = Word(KEBAB, about="The policy's id.")
    title = Bilingual(about="The policy's name.")
    starts = Day(about="The day from which the policy is in force.")
    currency = _Currency(about="The currency of payouts and fees.")
    timezone = _Timezone(about="The zone in which days begin and end.")
    calendar = _Country(about="The country whose holidays are no business days.")
    holidays = ListOf(Day(), (), about="Further days that are no business days.")
    terms = Sentence(about="Where the terms can be read.")
    about = Sentence("", about="A note of the author.")
    sources = _Left(about="Where points come from.")
    methods = _Left(about="How a refund is paid out.")
    facts = _Left(None, about="What this programme knows beyond the common facts.")
    values = _Left(None, about="Named figures with their history.")
    rules = _Left(about="The sentences of the terms.")


class _FactMap(Map):
    type = _Left(about="points, money, number, date, text, flag, or a list of choices.")
    ko = Sentence(about="How Korean sentences call the fact.")
    en = Sentence(about="How English sentences call the fact.")
    default = _Left(..., about="What holds where a case does not give the fact.")


_POLICY = _PolicyMap()
_FACT = _FactMap()
_FACT.fields["default"].required = False
_OWN_SCOPES = ("account", "lot", "request", "event")


def read_policy(document: Document, troubles: Troubles) -> Policy | None:
    """The policy that a document holds, as far as its parts are sound. What is wrong is added to `troubles`.

    None when the top level itself is not sound.
    """
    data = document.data
    top = troubles.attempt((), "", lambda: _POLICY.load(data))
    if not isinstance(data, dict):
        return None
    sources = _read_words(troubles, data, "sources")
    methods = _read_words(troubles, data, "methods")
    with Context(Reading({}, {}, {}, (), ())):
        declared = _read_facts(troubles, data)
    facts = vocabulary(sources, methods, declared)
    starts = data.get("starts")
    with Context(Reading(facts, {}, {}, tuple(sources), tuple(methods))):
        values = _read_values(troubles, data, starts if isinstance(starts, date) else date.max)
    units: dict[str, Unit | None] = {name: value.unit if value else None for name, value in values.items()}
    paths = {name: value_paths(value) if value else frozenset() for name, value in values.items()}
    with Context(Reading(facts, units, paths, tuple(sources), tuple(methods))):
        rules = _read_rules(troubles, data)
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


_TOP = ("title", "starts", "currency", "timezone", "calendar", "holidays", "terms", "about")


def _read_map(troubles: Troubles, data: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    raw = data.get(name)
    if raw is None:
        return {}
    if not isinstance(raw, dict) or not raw:
        troubles.add((name,), "", Trouble("not-a-map", f"'{name}' is not a map", "write 'name: ...' lines below it"))
        return {}
    return raw


def _read_words(troubles: Troubles, data: Mapping[Any, Any], name: str) -> dict[str, Text]:
    """The sources or methods of the file with their names."""
    found: dict[str, Text] = {}
    bilingual = Bilingual()
    for word, raw in _read_map(troubles, data, name).items():

        def read(word: Any = word, raw: Any = raw) -> Text:
            check_word(word, SNAKE, "key")
            text: Text = bilingual.read(raw)
            return text

        text = troubles.attempt((name, word), str(word), read)
        if text is None:
            troubles.broken.add(str(word))
        else:
            found[word] = text
    return found


def _read_facts(troubles: Troubles, data: Mapping[Any, Any]) -> list[Fact]:
    found = []
    for path, raw in _read_map(troubles, data, "facts").items():
        fact = troubles.attempt(("facts", path), str(path), lambda path=path, raw=raw: _read_fact(path, raw))  # type: ignore[misc]
        if fact is None:
            troubles.broken.add(str(path))
        else:
            found.append(fact)
    return found


def _read_fact(path: Any, raw: Any) -> Fact:
    scope, _, name = path.partition(".") if isinstance(path, str) else ("", "", "")
    if scope not in _OWN_SCOPES or not SNAKE.fullmatch(name):
        refuse("wrong-spelling", f"{shown(path)} is not a fact path", "write it like account.grade", "key")
    common = {fact.path for fact in COMMON} | {"lot.source", "request.method", "account.id", "lot.id"}
    if path in common:
        refuse("fact-taken", f"'{path}' is a common fact already", "choose another name", "key")
    found = _FACT.load(raw)
    try:
        kind, choices = _read_type(found["type"])
    except ValidationError as error:
        raise ValidationError({"type": error.messages}) from None
    fact = Fact(path, kind, found["ko"], found["en"], choices, required=True, none=kind == "date")
    if "default" not in found:
        return fact
    try:
        return replace(fact, default=read_literal(found["default"], fact), required=False)
    except ValidationError as error:
        raise ValidationError({"default": error.messages}) from None


def _read_type(raw: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(raw, list):
        return "choice", ListOf(Sentence(), what="a list of choices").read(raw)
    return one_of(raw, TYPES, "type"), ()


def _read_values(troubles: Troubles, data: Mapping[Any, Any], starts: date) -> dict[str, Value | None]:
    found: dict[str, Value | None] = {}
    for name, raw in _read_map(troubles, data, "values").items():
        value = troubles.attempt(
            ("values", name),
            str(name),
            lambda name=name, raw=raw: read_value(name, raw, starts),  # type: ignore[misc]
        )
        found[str(name)] = value
        if value is None:
            troubles.broken.add(str(name))
    return found


def _read_rules(troubles: Troubles, data: Mapping[Any, Any]) -> list[Rule]:
    raw = data.get("rules")
    if raw is None:
        return []
    if not isinstance(raw, list) or not raw:
        troubles.add(("rules",), "", Trouble("not-a-list", "'rules' is not a list of rules", "write each after '- '"))
        return []
    found = []
    for index, each in enumerate(raw):
        identity = each.get("id") if isinstance(each, dict) else None
        subject = identity if isinstance(identity, str) else f"rule {index + 1}"
        path = ("rules", index)
        rule = troubles.attempt(path, subject, lambda each=each: _read_rule(each))  # type: ignore[misc]
        if rule is None:
            troubles.broken.add(subject)
        else:
            found.append(replace(rule, line=troubles.document.places[path].line, index=index))
    return found


def _read_rule(raw: Any) -> Rule:
    if not isinstance(raw, dict):
        refuse("not-a-map", f"{shown(raw)} is not a rule", "write id, kind, terms and what the kind needs")
    if "kind" not in raw:
        refuse("missing-field", "'kind' is missing", "say what sort of rule it is, such as kind: limit")
    kind = raw["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        hint = did_you_mean(kind, list(KINDS)) if isinstance(kind, str) else ""
        trouble = Trouble("unknown-kind", f"unknown kind {shown(kind)}", hint or f"use {', '.join(KINDS)}")
        raise ValidationError({"kind": [trouble]})
    fields = KINDS[kind].schema.load(raw)
    del fields["kind"]
    return KINDS[kind].make(**fields)
