"""A policy of the model as the data of a rule file, the way back from the loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any

from policies.kinds.allocate import ByClass
from policies.kinds.closed import Days, Hours
from policies.kinds.exclude import MethodTable
from policies.kinds.fee import FreeAllowance
from policies.model import (
    ALWAYS,
    BalanceShare,
    Bands,
    Comparison,
    Condition,
    DayOfYear,
    Fact,
    FactRef,
    Measure,
    Policy,
    Rule,
    Span,
    Table,
    Text,
    TimeOfDay,
    Value,
    ValueRef,
)

_NOT_WRITTEN = ("line", "index", "never", "first_day_counted")
_CALLED = {"start": "from"}


def data_of_policy(policy: Policy) -> dict[str, Any]:
    """The policy as it would stand in a file."""
    return {
        "format": 1,
        "policy": policy.id,
        "title": _plain(policy.title),
        **{name: getattr(policy, name) for name in ("starts", "currency", "timezone", "calendar", "terms")},
        "sources": {name: _plain(each) for name, each in policy.sources.items()},
        "methods": {name: _plain(each) for name, each in policy.methods.items()},
        **({"papers": {name: _plain(each) for name, each in policy.papers.items()}} if policy.papers else {}),
        "facts": {path: _fact(policy.facts[path]) for path in policy.declared},
        "values": {name: _value(value) for name, value in policy.values.items()},
        "rules": [_rule(rule) for rule in policy.rules],
    }


def _fact(fact: Fact) -> dict[str, Any]:
    written: dict[str, Any] = {"type": list(fact.choices) or fact.type, "ko": fact.ko, "en": fact.en}
    return written if fact.required else {**written, "default": fact.default}


def _value(value: Value) -> dict[str, Any]:
    since = {"always" if day is None else day: _plain(cell) for day, cell in value.since}
    return {
        "about": value.about or "A value.",
        **{name: getattr(value, name) for name in ("terms", "unit", "dated_by")},
        "since": since,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": rule.kind}
    for field in fields(rule):
        found = getattr(rule, field.name)
        if field.name not in _NOT_WRITTEN and found not in (None, (), "", ALWAYS) and found != field.default:
            written[_CALLED.get(field.name, field.name)] = _plain(found)
    return written


def _plain(part: Any) -> Any:
    """A part of the model as data."""
    match part:
        case Text():
            return {"ko": part.ko, "en": part.en}
        case ValueRef():
            return f"${part.name}"
        case FactRef():
            return part.path
        case Span():
            return str(part)
        case Fraction():
            return f"{float(part):g}%"
        case Condition():
            every = _clauses(part.all_of)
            return {**every, "any": _each_once([_clauses(each) for each in part.any_of])} if part.any_of else every
        case Table():
            rest = {} if part.otherwise is None else {"else": _plain(part.otherwise)}
            return {"by": part.by, **{key: _plain(cell) for key, cell in part.rows.items()}, **rest}
        case Bands():
            return {"by": part.by, "bands": [{"from": start, "value": _plain(cell)} for start, cell in part.bands]}
        case Measure():
            return _measure(part)
        case tuple():
            return _each_once([_plain(each) for each in part])
    return _plain_field(part)


def _plain_field(part: Any) -> Any:
    """A part that only one kind has."""
    match part:
        case FreeAllowance():
            return {"first": _plain(part.first), "per": _plain(part.per), **_methods(part)}
        case ByClass():
            return {part.path: list(part.members)}
        case TimeOfDay() | DayOfYear():
            return str(part)
        case Hours() | Days():
            return {"from": _plain(part.start), "until": _plain(part.end)}
        case BalanceShare():
            least = {} if part.at_least is None else {"at_least": _plain(part.at_least)}
            return {"share": _plain(part.share), "of": part.of, "rounding": part.rounding, **least}
        case MethodTable():
            rest = {} if len(part.rows) == len(part.choices) else {"else": _allowed(part.otherwise)}
            return {"by": part.by, **{key: _allowed(methods) for key, methods in part.rows.items()}, **rest}
    return part


def _allowed(methods: tuple[str, ...] | None) -> Any:
    return "any" if methods is None else list(methods) or "none"


def _methods(part: Measure | FreeAllowance) -> dict[str, Any]:
    if part.same_method:
        return {"methods": "same"}
    return {"methods": list(part.methods)} if part.methods else {}


def _each_once(items: list[Any]) -> list[Any]:
    """A list of a file, which holds nothing twice."""
    return [item for index, item in enumerate(items) if item not in items[:index]]


def _measure(measure: Measure) -> Any:
    if measure.of not in ("sum", "count"):
        return measure.of
    what = {"sum": measure.summed} if measure.of == "sum" else {"count": "refunds"}
    return {**what, "per": _plain(measure.per), "of": measure.key, **_methods(measure)}


def _clauses(clauses: tuple[Comparison, ...]) -> Mapping[str, Any]:
    """Clauses by fact; of two that ask the same of one fact the later is kept."""
    asked: dict[str, dict[str, Any]] = {}
    for clause in clauses:
        asked.setdefault(clause.path, {})[clause.operator] = _plain(clause.right)
    return {path: each["is"] if list(each) == ["is"] else each for path, each in asked.items()}
