"""The JSON Schema of rule files, for editors: completion, hover texts and red lines while an author types.

It is made from the schemas and field types that the loader reads with, so a new kind or field is in it by itself. It
may take what the loader refuses (a name that nothing declares, rules that contradict each other, what quotes change:
see `json_shapes.py`) and never refuses what the loader takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module

from policies.fields import Bilingual
from policies.json_conditions import MORE_MEMBERS, NUMBERS, literal
from policies.json_shapes import (
    DAY,
    FACTS,
    PERCENT,
    PLAIN_TEXT,
    Json,
    Shared,
    closed,
    common,
    declared,
    described,
    fact_path,
    list_of,
    one_of,
    percent,
    refer,
    sentence,
    span,
    text,
    whole,
)
from policies.kinds import KINDS
from policies.model import Fact
from policies.readers import LONGEST_SPANS, LONGEST_WORD, SNAKE, TABLE_WORDS
from policies.rules import RuleMap
from policies.schema import FACT, POLICY
from policies.values import DAYS_IN_FORCE, SCOPES, UNITS, VALUE
from policies.vocabulary import EVENTS, OWN_SCOPES, TYPES

FILE = "recoup.schema.json"
"""What the shipped schema is called; it stands in `rules/`."""


def _none_of(words: Sequence[str]) -> str:
    """What keeps a regular expression from matching one of the words."""
    return rf"(?!\s*(?:{'|'.join(words)})\s*$)"


_NO_TABLE_WORD = _none_of(TABLE_WORDS)


def rule_file_schema() -> Json:
    """The JSON Schema (2020-12) of a rule file."""
    shared = Shared()
    made = POLICY.json_schema(shared)
    # What the loader leaves for `Later` it reads in parts; here they stand below the names of their fields.
    parts = {
        "sources": _words(shared, "source"),
        "methods": _words(shared, "method"),
        "papers": _words(shared, "paper"),
        "events": _words(shared, "event", EVENTS),
        "facts": _facts(shared),
        "type": {"anyOf": [one_of(TYPES), list_of(text([_NO_TABLE_WORD + PLAIN_TEXT], "write a word"))]},
        "default": {},
        "values": _map_of(SNAKE.pattern, LONGEST_WORD, shared.refer("value", partial(_value, shared)), "A value."),
        "since": {"type": "object", "minProperties": 1},
        "rules": {"type": "array", "minItems": 1, "items": shared.refer("rule", partial(_rule, shared))},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Made by: recoup schema",
        **made,
        "$defs": dict(sorted((shared.definitions | parts).items())),
    }


def schema_text(schema: Json) -> str:
    """A schema as the text of a file."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _map_of(key: str, longest: int, item: Json, about: str) -> Json:
    """A map with names of the file's own."""
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"maxLength": longest},
        "patternProperties": {f"^{key}$": described(item, about)},
        "additionalProperties": False,
    }


def _words(shared: Shared, what: str, taken: Sequence[str] = ()) -> Json:
    """The sources, methods, papers or events of the file; those that are `taken` are known without it."""
    names = Bilingual(name=True).json_schema(shared)
    key = _none_of((*TABLE_WORDS, *taken)) + SNAKE.pattern
    return _map_of(key, LONGEST_WORD, names, f"A {what}, and what it is called.")


def _facts(shared: Shared) -> Json:
    """What the programme knows of its own."""
    about = "A fact of this programme: its type, what it is called, and what holds where a case does not give it."
    return _map_of(declared(OWN_SCOPES), LONGEST_WORD, shared.refer("fact", partial(_fact, shared)), about)


def _fact(shared: Shared) -> Json:
    made = FACT.json_schema(shared)
    defaults = [
        _where("type", {"const": each}, {"default": literal(Fact("", each, "", "", none=each == "date"))})
        for each in TYPES
    ]
    member = _where("type", {"type": "array"}, {"default": sentence(lines=True)})
    return {**made, "allOf": [*made.get("allOf", ()), *defaults, member]}


def _where(field: str, is_like: Json, then: Json) -> Json:
    """What more is known of the other fields where one is like that."""
    return {"if": {"required": [field], "properties": {field: is_like}}, "then": {"properties": then}}


def _value(shared: Shared) -> Json:
    """A value: what its history holds depends on its unit."""
    made = VALUE.json_schema(shared)
    units = [
        _where("unit", {"const": unit}, {"since": shared.refer(f"since-{unit}", partial(_since, shared, unit))})
        for unit in UNITS
    ]
    before = [fact.path for fact in common(SCOPES, ("date",)) if fact.path not in DAYS_IN_FORCE]
    always = _where("dated_by", {"enum": before}, {"since": {"required": ["always"]}})
    return {**made, "allOf": [*made.get("allOf", ()), *units, always]}


def _since(shared: Shared, unit: str) -> Json:
    """A history: `always` or days, each with a figure, a table or bands."""
    cell = shared.refer(f"cell-{unit}", partial(_cell, shared, unit))
    return {
        **closed({"always": described(cell, "What holds before any other day.")}),
        "minProperties": 1,
        "patternProperties": {f"^{DAY}$": described(cell, "What holds from this day on.")},
    }


def _cell(shared: Shared, unit: str) -> Json:
    """A figure, a table or bands, as one schema whose keywords each concern one of them."""
    cell = refer(f"cell-{unit}")
    band = closed({"from": whole(or_text=[PERCENT]), "value": cell}, ("from", "value"))
    amounts = shared.refer(
        "bands-by", lambda: described(fact_path(SCOPES, (*NUMBERS, "percent")), "The amount that decides.")
    )
    bands = closed({"by": amounts, "bands": {"type": "array", "minItems": 1, "items": band}}, ("by", "bands"))
    types = ("choice", "flag", "number", "text")
    facts = shared.refer("table-by", lambda: described(fact_path(SCOPES, types), "The fact that decides."))
    table = {
        "properties": {"by": facts, "else": described(cell, "What holds for any other.")},
        "required": ["by"],
        "additionalProperties": cell,
        "allOf": [shared.refer("table-rows", _rows)],
    }
    figure = _FIGURES[unit]()
    kinds = figure["type"] if isinstance(figure["type"], list) else [figure["type"]]
    rows = {"if": {"type": "object", "required": ["bands"]}, "then": bands, "else": table}
    return {**figure, "type": [*kinds, "object"], **rows}


_FIGURES: dict[str, Callable[[], Json]] = {
    "points": whole,
    "money": whole,
    "number": whole,
    "percent": percent,
    "span": lambda: text([span(tuple(LONGEST_SPANS), 0)], "write a length of time, such as 30 days or 12 months"),
    "text": lambda: text([r"(?!\s*\$)\s*\S[^\n]*\s*"], "write the text itself"),
    "date": lambda: text([DAY], "write it like 2026-01-31"),
}


def _rows() -> Json:
    """Which rows a table has by one of the common facts: every member, or some and an `else`."""
    rules = []
    for fact in FACTS.values():
        members = ["true", "false"] if fact.type == "flag" else list(fact.choices)
        if fact.path in MORE_MEMBERS:
            rules.append(_by(fact, {"anyOf": [{"required": ["else"]}, {"required": members}]}))
        elif members:
            every = {"required": members}
            known = {"propertyNames": {"enum": ["by", "else", *members]}, "anyOf": [{"required": ["else"]}, every]}
            rules.append(_by(fact, {**known, "if": every, "then": {"properties": {"else": False}}}))
        elif fact.type in ("number", "text"):
            rules.append(_by(fact, {"required": ["else"]}))
    return {"allOf": rules}


def _by(fact: Fact, then: Json) -> Json:
    return {"if": {"required": ["by"], "properties": {"by": {"const": fact.path}}}, "then": then}


def _rule(shared: Shared) -> Json:
    """A rule: its kind says what else it may hold."""
    kinds = [
        {
            "if": {"required": ["kind"], "properties": {"kind": {"const": name}}},
            "then": shared.refer(f"rule-{name}", partial(_rule_of, shared, name)),
        }
        for name in KINDS
    ]
    fields = RuleMap().json_schema(shared)["properties"]
    told = fields["kind"]["markdownDescription"]
    fields["kind"] = described(one_of(list(KINDS), [_about(name) for name in KINDS]), told)
    return {"type": "object", "required": ["kind"], "properties": fields, "allOf": kinds}


def _rule_of(shared: Shared, name: str) -> Json:
    """A rule of one kind."""
    made = KINDS[name].schema.json_schema(shared)
    fields = made["properties"]
    fields["kind"] = described({"const": name}, _about(name))
    if "reason" in fields:
        figures = ", ".join(f"`{{{figure}}}`" for figure in KINDS[name].placeholders)
        fields["reason"] = described(fields["reason"], fields["reason"]["markdownDescription"], f"Figures: {figures}.")
    return made


def _about(name: str) -> str:
    """What a kind is for: the first line of its module, after its name."""
    first = (import_module(f"policies.kinds.{name}").__doc__ or name).splitlines()[0]
    about = first.partition(": ")[2] or first
    return about[0].upper() + about[1:]
