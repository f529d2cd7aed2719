"""`exclude`: lots that cannot be refunded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from policies.conditions import read_literal
from policies.fields import Declared, Field, ListOf, is_missing
from policies.json_shapes import Json, Shared, fact_path, one_of
from policies.measure_fields import LIST_OF_METHODS, not_a_list_of_methods
from policies.model import Comparison, Condition, Fact, Rule
from policies.problems import both
from policies.readers import (
    example_list,
    read_each,
    read_fact,
    read_key,
    read_under,
    refuse,
    shown,
    suggest,
    wrong_type,
)
from policies.rules import LotRuleMap
from policies.sentences import Teller, word_text
from policies.values import refuse_gap

Row = str | int | bool
Allowed = tuple[str, ...] | None
"""The methods of a row: None is any, () is none."""


@dataclass(frozen=True, slots=True)
class MethodTable:
    """The refund methods that are allowed for each value of a fact, `otherwise` where the value has no row of its own.

    None stands for any method, and for an `otherwise` that is never needed.
    """

    by: str
    rows: Mapping[Row, Allowed]
    otherwise: Allowed
    choices: tuple[Row, ...]

    def refused(self) -> Condition:
        """When the method of the request is not allowed."""
        rest = tuple(choice for choice in self.choices if choice not in self.rows)
        rows: list[tuple[tuple[Row, ...], Allowed]] = [((key,), methods) for key, methods in self.rows.items()]
        if rest:
            rows.append((rest, self.otherwise))
        return Condition((), tuple(_refused(self.by, keys, methods) for keys, methods in rows if methods is not None))


def _refused(by: str, keys: tuple[Row, ...], methods: tuple[str, ...]) -> tuple[Comparison, ...]:
    of = Comparison(by, "is", keys[0]) if len(keys) == 1 else Comparison(by, "in", keys)
    return (of, Comparison("request.method", "not_in", methods)) if methods else (of,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude(Rule):
    """The lots that the rule matches do not pay for a refund; with `allowed_methods`, only by the methods that are not
    in the row of the lot.
    """

    kind: ClassVar[str] = "exclude"

    allowed_methods: MethodTable | None = None

    def conditions(self) -> tuple[Condition, ...]:
        table = self.allowed_methods
        # Not super(): the class that dataclass makes with slots is another than the one that is written here.
        return (*Rule.conditions(self), *((table.refused(),) if table else ()))


PLACEHOLDERS = ("points", "acquired_on")

_WRITE_TABLE = both(
    "{by: lot.source, promotion: [gift_card], else: any} 형식으로 쓰십시오",
    "write {by: lot.source, promotion: [gift_card], else: any}",
)
_SCOPES = ("account", "lot")


class MethodTableField(Field):
    """A table from the members of a choice, or from true and false, to the methods that are allowed."""

    def read(self, raw: Any) -> MethodTable:
        if not isinstance(raw, dict) or not raw:
            message = both("환급 수단의 표가 아닙니다: {found}", "{found} is not a table of methods", found=shown(raw))
            refuse("not-a-map", message, _WRITE_TABLE)
        if "by" not in raw:
            refuse("missing-field", is_missing("by"), _WRITE_TABLE)
        fact = read_under("by", partial(_read_by, raw["by"]))
        cells = [(key, partial(_read_row, key, cell, fact)) for key, cell in raw.items() if key != "by"]
        rows: dict[Any, Allowed] = dict(read_each(cells))
        refuse_gap(rows, fact)
        if all(methods is None for methods in rows.values()):
            message = both("모든 행이 어떤 환급 수단이든 허용합니다", "every row allows any method")
            hint = both("허용하는 환급 수단을 쓰거나 표를 빼십시오", "name the methods of a row, or take the table out")
            refuse("excludes-nothing", message, hint)
        choices = fact.choices or (True, False)
        return MethodTable(fact.path, rows, rows.pop("else", None), choices)

    def json_schema(self, shared: Shared) -> Json:
        allowed = {"anyOf": [one_of(("any", "none")), _METHODS.json_schema(shared)]}
        return {
            "type": "object",
            "required": ["by"],
            "properties": {"by": fact_path(_SCOPES, ("choice", "flag"))},
            "additionalProperties": allowed,
        }


def _read_by(raw: Any) -> Fact:
    fact = read_fact(raw, _SCOPES)
    if fact.type not in ("choice", "flag"):
        hint = both("lot.source처럼 값이 몇 가지뿐인 팩트를 쓰십시오", "use a fact with few values, such as lot.source")
        refuse("wrong-type", wrong_type(fact, both("선택지 또는 참·거짓", "a choice or a flag")), hint)
    return fact


def _read_row(key: Any, cell: Any, fact: Fact) -> tuple[Any, Allowed]:
    if key != "else":
        read_key(partial(read_literal, key, fact))
    if cell == "any":
        return key, None
    if cell == "none":
        return key, ()
    if not isinstance(cell, list):
        hint = suggest(cell, ["any", "none"]) or both(
            "{example}, any, none 중 하나로 쓰십시오", "write {example}, any or none", example=example_list(cell)
        )
        refuse("not-a-list", not_a_list_of_methods(cell), hint)
    return key, _METHODS.read(cell)


_METHODS = ListOf(Declared("method"), what=LIST_OF_METHODS)


class ExcludeMap(LotRuleMap):
    """The fields of an exclude rule."""

    allowed_methods = MethodTableField(None, about="The methods that are allowed for each class of lots.")


def sentence(rule: Exclude, say: Teller) -> str:
    """Which points cannot be refunded."""
    table = rule.allowed_methods
    if table is None:
        return say.choose("환급되지 않는 포인트입니다.", "The points cannot be refunded.")
    fact = say.policy.facts[table.by]
    rows = [
        f"{word_text(say.policy, fact, key, say.language)}: {_allowed(methods, say)}"
        for key, methods in table.rows.items()
    ]
    if len(table.rows) < len(table.choices):
        rows.append(say.choose("그 외: ", "otherwise: ") + _allowed(table.otherwise, say))
    told = "; ".join(rows)
    return say.choose(
        f"{fact.ko}별로 허용된 방법으로만 환급됩니다({told}).",
        f"The points are refunded only by the methods allowed by {fact.en} ({told}).",
    )


def _allowed(methods: Allowed, say: Teller) -> str:
    if methods is None:
        return say.choose("모든 방법", "any method")
    return say.methods(methods) or say.choose("환급 불가", "none")
