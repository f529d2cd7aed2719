"""The conditions of rules: read from `when:`, `unless:` and `that:`, and told as Korean and English sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from marshmallow import ValidationError

from policies.fields import (
    FACT_PATH,
    Field,
    read_amount,
    read_fact,
    read_reference,
    read_span,
    reading,
    refuse,
    shown,
)
from policies.model import ALWAYS, Comparison, Condition, Fact, FactRef, Operator, Scalar, Unit, ValueRef
from policies.problems import did_you_mean

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
        if raw == "none" and fact.none:
            return None
        if not isinstance(raw, date):
            or_none = " or none" if fact.none else ""
            refuse("not-a-day", f"'{fact.path}' is a day, not {shown(raw)}", f"write it like 2026-01-31{or_none}")
        return raw
    if fact.type == "choice":
        if not isinstance(raw, str) or raw not in fact.choices:
            hint = did_you_mean(raw, fact.choices) if isinstance(raw, str) else ""
            members = ", ".join(fact.choices[:12])
            refuse("not-a-choice", f"'{fact.path}' is never {shown(raw)}", hint or f"it is one of {members}")
        return raw
    if not isinstance(raw, str):
        refuse("not-text", f"'{fact.path}' is text, not {shown(raw)}", f'put it in quotes: "{raw}"')
    return raw


def read_right(raw: Any, fact: Fact, operator: Operator, scopes: Sequence[str]) -> Any:
    """The right side of an operator: a span, a list of literals, a literal, `$value` or a fact of the same type."""
    if operator in ("at_least_ago", "under_ago"):
        return read_reference(raw, ("span",)) or read_span(raw, ("days", "months", "years"))
    if operator in ("in", "not_in"):
        if not isinstance(raw, list) or not raw:
            refuse("not-a-list", f"{shown(raw)} is not a list", f"write {operator}: [a, b]")
        members, troubles = [], {}
        for index, each in enumerate(raw):
            try:
                members.append(read_literal(each, fact))
            except ValidationError as error:
                troubles[index] = error.messages
        if troubles:
            raise ValidationError(troubles)
        return tuple(dict.fromkeys(members))
    if fact.type not in ("flag", "choice"):
        reference = read_reference(raw, (_unit(fact),))
        if reference:
            return reference
    if isinstance(raw, str) and FACT_PATH.fullmatch(raw):
        other = read_fact(raw, scopes)
        if other.type != fact.type:
            refuse(
                "wrong-type",
                f"'{fact.path}' is {fact.type} and '{raw}' is {other.type}",
                "compare like with like",
            )
        return FactRef(raw)
    return read_literal(raw, fact)


def _unit(fact: Fact) -> Unit:
    unit: Unit = fact.type  # type: ignore[assignment]
    return unit


def read_comparisons(raw: Any, scopes: Sequence[str]) -> tuple[Comparison, ...]:
    """The clauses of one map of facts, all of which must hold."""
    clauses: list[Comparison] = []
    troubles: dict[Any, Any] = {}
    for path, right in raw.items():
        try:
            if path == "any":
                refuse(
                    "any-in-any",
                    "'any' cannot stand inside another 'any'",
                    "write the maps side by side",
                    "key",
                )
            fact = read_fact(path, scopes)
            if not isinstance(right, dict):
                clauses.append(Comparison(fact.path, "is", read_right(right, fact, "is", scopes)))
                continue
            if not right:
                refuse("empty", "is empty", "write a value or an operator")
            for operator, each in right.items():
                try:
                    clauses.append(_comparison(fact, operator, each, scopes))
                except ValidationError as error:
                    troubles.setdefault(path, {})[operator] = error.messages
        except ValidationError as error:
            troubles[path] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return tuple(clauses)


def _comparison(fact: Fact, operator: Any, right: Any, scopes: Sequence[str]) -> Comparison:
    if operator not in OPERATORS:
        hint = did_you_mean(str(operator), list(OPERATORS))
        fitting = ", ".join(each for each, types in OPERATORS.items() if fact.type in types)
        refuse("unknown-operator", f"unknown operator {shown(operator)}", hint or f"use {fitting}", at="key")
    if fact.type not in OPERATORS[operator]:
        fitting = ", ".join(each for each, types in OPERATORS.items() if fact.type in types)
        refuse(
            "wrong-operator",
            f"'{operator}' cannot be asked of '{fact.path}' ({fact.type})",
            f"use {fitting}",
            "key",
        )
    return Comparison(fact.path, operator, read_right(right, fact, operator, scopes))


def read_condition(raw: Any, scopes: Sequence[str]) -> Condition:
    """A whole condition: clauses that must all hold, and under `any:` maps of which one must."""
    if not isinstance(raw, dict):
        refuse(
            "not-a-map",
            f"{shown(raw)} is not a condition",
            "write fact: value, such as lot.source: promotion",
        )
    if not raw:
        refuse("empty", "is empty", "write fact: value, or leave the condition out")
    clauses = {path: right for path, right in raw.items() if path != "any"}
    troubles: dict[Any, Any] = {}
    all_of: tuple[Comparison, ...] = ()
    any_of: tuple[tuple[Comparison, ...], ...] = ()
    try:
        all_of = read_comparisons(clauses, scopes)
    except ValidationError as error:
        troubles.update(error.messages_dict)
    if "any" in raw:
        try:
            any_of = _read_branches(raw["any"], scopes)
        except ValidationError as error:
            troubles["any"] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return Condition(all_of, any_of)


def _read_branches(raw: Any, scopes: Sequence[str]) -> tuple[tuple[Comparison, ...], ...]:
    branches, troubles = [], {}
    for index, each in enumerate(_list_of_maps(raw)):
        try:
            branches.append(read_comparisons(each, scopes))
        except ValidationError as error:
            troubles[index] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return tuple(branches)


def _list_of_maps(raw: Any) -> list[dict[Any, Any]]:
    if not isinstance(raw, list) or not raw:
        refuse("not-a-list", f"{shown(raw)} is not a list of conditions", "write each after '- '")
    for index, each in enumerate(raw):
        if not isinstance(each, dict) or not each:
            message = f"{shown(each)} is not a condition"
            hint = "write fact: value, such as lot.source: promotion"
            try:
                refuse("not-a-map", message, hint)
            except ValidationError as error:
                raise ValidationError({index: error.messages}) from None
    return raw


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
        found, troubles = [], {}
        for index, each in enumerate(_list_of_maps(raw)):
            try:
                found.append(read_condition(each, self.scopes))
            except ValidationError as error:
                troubles[index] = error.messages
        if troubles:
            raise ValidationError(troubles)
        return tuple(found)


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
