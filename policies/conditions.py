"""The conditions of rules, read from `when:`, `unless:` and `that:`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from marshmallow import ValidationError

from policies.contradictions import contradict
from policies.fields import Field
from policies.model import ALWAYS, Comparison, Condition, Fact, FactRef, Operator, Scalar, SpanUnit, Unit, ValueRef
from policies.readers import (
    FACT_PATH,
    SPAN,
    a_type,
    example_list,
    in_quotes,
    listed,
    read_amount,
    read_day,
    read_each,
    read_fact,
    read_reference,
    read_span,
    read_span_reference,
    read_under,
    reading,
    refuse,
    refuse_twice,
    shown,
    suggest,
)

_ORDERED = ("points", "money", "number", "date")
OPERATORS: dict[Operator, tuple[str, ...]] = {
    "is": (*_ORDERED, "text", "flag", "choice"),
    "is_not": (*_ORDERED, "text", "flag", "choice"),
    "in": (*_ORDERED, "text", "choice"),
    "not_in": (*_ORDERED, "text", "choice"),
    "under": _ORDERED,
    "at_most": _ORDERED,
    "at_least": _ORDERED,
    "over": _ORDERED,
    "starts_with": ("text",),
    "at_least_ago": ("date",),
    "under_ago": ("date",),
}
"""Each operator with the types of facts that it can be asked of."""

_AGES: tuple[SpanUnit, ...] = ("days", "months", "years")

REFUND_SCOPES = ("account", "request")
LOT_SCOPES = ("account", "request", "lot")
EVENT_SCOPES = ("account", "event")


def read_literal(raw: Any, fact: Fact) -> Scalar:
    """A literal of the fact's own type."""
    if fact.type in ("points", "money", "number"):
        return read_amount(raw, f"an amount, which '{fact.path}' is")
    if fact.type == "flag":
        if not isinstance(raw, bool):
            refuse("not-a-flag", f"'{fact.path}' is true or false, not {shown(raw)}", "write true or false")
        return raw
    if fact.type == "date":
        return _read_day(raw, fact)
    if fact.type == "choice":
        return read_member(raw, fact)
    if not isinstance(raw, str):
        refuse("not-text", f"'{fact.path}' is text, not {shown(raw)}", in_quotes(raw))
    _refuse_name(raw)
    return raw


def _read_day(raw: Any, fact: Fact) -> date | None:
    if raw == "none" and fact.none:
        return None
    if not isinstance(raw, date):
        hint = "write it like 2026-01-31" + (", or none" if fact.none else "")
        if isinstance(raw, str) and SPAN.fullmatch(raw):
            hint = "for a length of time use at_least_ago or under_ago"
        refuse("not-a-day", f"'{fact.path}' is a day, not {shown(raw)}", hint)
    return read_day(raw)


def read_member(raw: Any, fact: Fact) -> str:
    """A member of a choice."""
    if not isinstance(raw, str) or raw not in fact.choices:
        hint = suggest(raw, fact.choices) or f"use {listed(fact.choices)}"
        refuse("not-a-choice", f"'{fact.path}' is never {shown(raw)}", hint, refers_to=str(raw))
    return raw


def _refuse_name(raw: str) -> None:
    """Refuse a text that looks like a value or a fact, where only the text itself can stand."""
    if raw.startswith("$") or (FACT_PATH.fullmatch(raw) and raw in reading().facts):
        refuse("not-a-literal", f"{shown(raw)} is a name, and only plain text can stand here", "write the text itself")


def read_right(raw: Any, fact: Fact, operator: Operator, scopes: Sequence[str]) -> Any:
    """The right side of an operator: a span, a list of literals, a literal, `$value` or a fact of the same type."""
    if operator in ("at_least_ago", "under_ago"):
        return read_span_reference(raw, _AGES) or read_span(raw, _AGES)
    if operator in ("in", "not_in"):
        return _read_list(raw, fact, operator)
    if operator == "starts_with":
        text = read_literal(raw, fact)
        if text == "":
            refuse("empty", "is empty, and every text begins so", "write the beginning of the text")
        return text
    if fact.type not in ("flag", "choice"):
        reference = read_reference(raw, (_unit(fact),))
        if reference:
            return reference
    if isinstance(raw, str) and FACT_PATH.fullmatch(raw) and raw not in fact.choices:
        return _read_other(raw, fact, scopes)
    literal = read_literal(raw, fact)
    if literal is None and operator not in ("is", "is_not"):
        refuse("none-out-of-place", f"'{operator}' compares with a day, not with none", "use is: none or is_not: none")
    return literal


def _read_list(raw: Any, fact: Fact, operator: Operator) -> tuple[Scalar, ...]:
    if not isinstance(raw, list):
        refuse("not-a-list", f"{shown(raw)} is not a list", f"write {operator}: {example_list(raw)}")
    if not raw:
        refuse("empty", "is empty", "write at least one item")
    members = read_each((index, partial(read_literal, each, fact)) for index, each in enumerate(raw))
    refuse_twice(members, raw)
    return tuple(members)


def _read_other(raw: str, fact: Fact, scopes: Sequence[str]) -> FactRef:
    other = read_fact(raw, scopes)
    if other.path == fact.path:
        refuse("own-fact", f"'{raw}' is compared with itself", "name another fact, or write what it must be")
    if other.type != fact.type:
        message = f"'{fact.path}' is {a_type(fact)}, but '{raw}' is {a_type(other)}"
        refuse("wrong-type", message, "name a fact of the same type")
    if fact.type == "choice" and not set(fact.choices) & set(other.choices):
        refuse("never-holds", f"'{fact.path}' and '{raw}' have no word in common", "name another fact")
    return FactRef(raw)


def _unit(fact: Fact) -> Unit:
    unit: Unit = fact.type  # type: ignore[assignment]
    return unit


def read_comparisons(raw: Any, scopes: Sequence[str]) -> tuple[Comparison, ...]:
    """The clauses of one map of facts, all of which must hold."""
    if not isinstance(raw, dict):
        refuse("not-a-map", f"{shown(raw)} is not a condition", _EXAMPLE)
    if not raw:
        refuse("empty", "is empty", _EXAMPLE)
    clauses = read_each((path, partial(_read_clauses, path, right, scopes)) for path, right in raw.items())
    return tuple(clause for each in clauses for clause in each)


_EXAMPLE = "write fact: value, such as request.method: cash"


def _read_clauses(path: Any, right: Any, scopes: Sequence[str]) -> list[Comparison]:
    """Everything that is asked of one fact."""
    if path == "any":
        refuse("any-in-any", "'any' cannot stand inside another 'any'", "write its maps beside the others", "key")
    fact = read_fact(path, scopes, "key")
    if not isinstance(right, dict):
        return [Comparison(fact.path, "is", read_right(right, fact, "is", scopes))]
    if not right:
        refuse("empty", "is empty", "write a value or an operator")
    clauses = read_each(
        (operator, partial(_comparison, fact, operator, each, scopes)) for operator, each in right.items()
    )
    if contradict(clauses, fact):
        message = f"no '{fact.path}' can be all of this at once"
        refuse("never-holds", message, "correct it, or put the alternatives under any:")
    return clauses


def _comparison(fact: Fact, operator: Any, right: Any, scopes: Sequence[str]) -> Comparison:
    fitting = listed([each for each, types in OPERATORS.items() if fact.type in types])
    if operator not in OPERATORS:
        hint = suggest(operator, list(OPERATORS)) or f"use {fitting}"
        refuse("unknown-operator", f"unknown operator {shown(operator)}", hint, "key")
    if fact.type not in OPERATORS[operator]:
        message = f"'{operator}' cannot be asked of '{fact.path}', which is {a_type(fact)}"
        refuse("wrong-operator", message, f"use {fitting}", "key")
    return Comparison(fact.path, operator, read_right(right, fact, operator, scopes))


def read_condition(raw: Any, scopes: Sequence[str]) -> Condition:
    """A whole condition: clauses that must all hold, and under `any:` maps of which one must."""
    if not isinstance(raw, dict) or not raw:
        return Condition(read_comparisons(raw, scopes))
    troubles: dict[Any, Any] = {}
    all_of: tuple[Comparison, ...] = ()
    any_of: list[tuple[Comparison, ...]] = []
    clauses = {path: right for path, right in raw.items() if path != "any"}
    try:
        all_of = read_comparisons(clauses, scopes) if clauses else ()
    except ValidationError as error:
        troubles.update(error.messages_dict)
    if "any" in raw:
        try:
            any_of = read_under("any", partial(_read_branches, raw["any"], scopes))
        except ValidationError as error:
            troubles.update(error.messages_dict)
    if troubles:
        raise ValidationError(troubles)
    return Condition(all_of, tuple(any_of))


def _read_branches(raw: Any, scopes: Sequence[str]) -> list[tuple[Comparison, ...]]:
    branches = _read_maps(raw, partial(read_comparisons, scopes=scopes))
    refuse_twice(branches, branches, "this alternative")
    return branches


def _read_maps(raw: Any, read: Any) -> list[Any]:
    """A list of conditions that is not empty."""
    if not isinstance(raw, list):
        refuse("not-a-list", f"{shown(raw)} is not a list of conditions", "begin each of them with '- '")
    if not raw:
        refuse("empty", "is empty", "write at least one condition, or leave the field out")
    return read_each((index, partial(read, each)) for index, each in enumerate(raw))


class When(Field):
    """A condition over the facts of `scopes`."""

    def __init__(self, scopes: Sequence[str], default: object = ALWAYS, **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> Condition:
        return read_condition(raw, self.scopes)


class Unless(Field):
    """A list of conditions, any of which lifts the rule."""

    def __init__(self, scopes: Sequence[str], **more: Any) -> None:
        super().__init__((), **more)
        self.scopes = scopes

    def read(self, raw: Any) -> tuple[Condition, ...]:
        found = tuple(_read_maps(raw, partial(read_condition, scopes=self.scopes)))
        refuse_twice(found, found, "this exception")
        return found


def paths(condition: Condition) -> frozenset[str]:
    """The facts that a condition reads, those that its values depend on included."""
    found = set[str]()
    for clause in condition.comparisons():
        found.add(clause.path)
        if isinstance(clause.right, FactRef):
            found.add(clause.right.path)
        elif isinstance(clause.right, ValueRef):
            found |= reading().value_paths[clause.right.name]
    return frozenset(found)
