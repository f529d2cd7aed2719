"""The conditions of rules, read from `when:`, `unless:` and `that:`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any, NoReturn

from marshmallow import ValidationError

from policies.contradictions import contradict
from policies.fields import WRITE_AN_ITEM, WRITE_TRUE_OR_FALSE, Field
from policies.json_conditions import condition
from policies.json_shapes import Json, Shared, list_of
from policies.model import (
    ALWAYS,
    Comparison,
    Condition,
    Fact,
    FactRef,
    Operator,
    Scalar,
    SpanUnit,
    Text,
    Unit,
    ValueRef,
)
from policies.problems import both
from policies.readers import (
    EMPTY,
    FACT_PATH,
    SPAN,
    WRITE_DAY,
    a_type,
    example_list,
    in_quotes,
    read_amount,
    read_day,
    read_each,
    read_fact,
    read_percent,
    read_reference,
    read_span,
    read_span_reference,
    read_under,
    reading,
    refuse,
    refuse_twice,
    shown,
    suggest,
    use,
)

_ORDERED = ("points", "money", "number", "percent", "date")
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
EVENT_LOT_SCOPES = ("account", "event", "lot")
DAY_SCOPES = ("account", "day", "lot")


def read_literal(raw: Any, fact: Fact) -> Scalar:
    """A literal of the fact's own type."""
    if fact.type in ("points", "money", "number"):
        return read_amount(raw, fact.path)
    if fact.type == "percent":
        return read_percent(raw)
    if fact.type == "flag":
        if not isinstance(raw, bool):
            message = both(
                "'{path}' 팩트는 true 또는 false인데, 그 밖의 값입니다: {found}",
                "'{path}' is true or false, not {found}",
                path=fact.path,
                found=shown(raw),
            )
            refuse("not-a-flag", message, WRITE_TRUE_OR_FALSE)
        return raw
    if fact.type == "date":
        return _read_day(raw, fact)
    if fact.type == "choice":
        return read_member(raw, fact)
    if not isinstance(raw, str):
        message = both(
            "'{path}' 팩트는 텍스트인데, 텍스트가 아닌 값입니다: {found}",
            "'{path}' is text, not {found}",
            path=fact.path,
            found=shown(raw),
        )
        refuse("not-text", message, in_quotes(raw))
    _refuse_name(raw)
    return raw


def _read_day(raw: Any, fact: Fact) -> date | None:
    if raw == "none" and fact.none:
        return None
    if not isinstance(raw, date):
        hint = WRITE_DAY
        if fact.none:
            hint = both("2026-01-31 또는 none처럼 쓰십시오", "write it like 2026-01-31, or none")
        if isinstance(raw, str) and SPAN.fullmatch(raw):
            hint = both(
                "기간과 견주려면 at_least_ago 또는 under_ago 연산자를 쓰십시오",
                "for a length of time use at_least_ago or under_ago",
            )
        message = both(
            "'{path}' 팩트는 날짜인데, 날짜가 아닌 값입니다: {found}",
            "'{path}' is a day, not {found}",
            path=fact.path,
            found=shown(raw),
        )
        refuse("not-a-day", message, hint)
    return read_day(raw)


def read_member(raw: Any, fact: Fact) -> str:
    """A member of a choice."""
    if not isinstance(raw, str) or raw not in fact.choices:
        refuse("not-a-choice", is_never(raw, fact), suggest(raw, fact.choices) or use(fact.choices), refers_to=str(raw))
    return raw


def is_never(raw: object, fact: Fact) -> Text:
    """The message about what is no member of a choice."""
    return both(
        "'{path}' 팩트의 선택지에 없는 값입니다: {found}", "'{path}' is never {found}", path=fact.path, found=shown(raw)
    )


def _refuse_name(raw: str) -> None:
    """Refuse a text that looks like a value or a fact, where only the text itself can stand."""
    if raw.startswith("$") or (FACT_PATH.fullmatch(raw) and raw in reading().facts):
        refuse_literal(raw)


def refuse_literal(raw: object) -> NoReturn:
    """Report a name of a value or fact where only the text itself can stand."""
    message = both(
        "{found} 표기는 값이나 팩트의 이름입니다. 여기에는 텍스트 자체만 쓸 수 있습니다",
        "{found} is a name, and only plain text can stand here",
        found=shown(raw),
    )
    refuse("not-a-literal", message, both("텍스트 자체를 쓰십시오", "write the text itself"))


def read_right(raw: Any, fact: Fact, operator: Operator, scopes: Sequence[str]) -> Any:
    """The right side of an operator: a span, a list of literals, a literal, `$value` or a fact of the same type."""
    if operator in ("at_least_ago", "under_ago"):
        return read_span_reference(raw, _AGES) or read_span(raw, _AGES)
    if operator in ("in", "not_in"):
        return _read_list(raw, fact, operator)
    if isinstance(raw, list) and operator in ("is", "is_not") and fact.type in OPERATORS["in"]:
        _refuse_list(raw, fact, "in" if operator == "is" else "not_in")
    if operator == "starts_with":
        text = read_literal(raw, fact)
        if text == "":
            message = both("비어 있습니다. 그러면 모든 텍스트가 해당합니다", "is empty, and every text begins so")
            refuse("empty", message, both("텍스트의 첫머리를 쓰십시오", "write the beginning of the text"))
        return text
    if fact.type not in ("flag", "choice"):
        reference = read_reference(raw, (_unit(fact),))
        if reference:
            return reference
    if isinstance(raw, str) and FACT_PATH.fullmatch(raw) and raw not in fact.choices:
        return _read_other(raw, fact, scopes)
    literal = read_literal(raw, fact)
    if literal is None and operator not in ("is", "is_not"):
        message = both(
            "'{operator}' 연산자는 날짜와 견주는 것이어서 none과 견줄 수 없습니다",
            "'{operator}' compares with a day, not with none",
            operator=operator,
        )
        hint = both("is: none 또는 is_not: none 형식으로 쓰십시오", "use is: none or is_not: none")
        refuse("none-out-of-place", message, hint)
    return literal


def _refuse_list(raw: list[Any], fact: Fact, operator: Operator) -> NoReturn:
    message = both(
        "'{path}' 팩트를 목록과 견주고 있습니다",
        "'{path}' is compared with a list as if it were one value",
        path=fact.path,
    )
    hint = both(
        "{path}: {{{operator}: {example}}} 형식으로 쓰십시오",
        "write {path}: {{{operator}: {example}}}",
        path=fact.path,
        operator=operator,
        example=example_list(*raw),
    )
    refuse("list-for-one", message, hint)


def _read_list(raw: Any, fact: Fact, operator: Operator) -> tuple[Scalar, ...]:
    if not isinstance(raw, list):
        hint = both(
            "{operator}: {example} 형식으로 쓰십시오",
            "write {operator}: {example}",
            operator=operator,
            example=example_list(raw),
        )
        refuse("not-a-list", both("목록이 아닙니다: {found}", "{found} is not a list", found=shown(raw)), hint)
    if not raw:
        refuse("empty", EMPTY, WRITE_AN_ITEM)
    members = read_each((index, partial(read_literal, each, fact)) for index, each in enumerate(raw))
    refuse_twice(members, raw)
    return tuple(members)


def _read_other(raw: str, fact: Fact, scopes: Sequence[str]) -> FactRef:
    other = read_fact(raw, scopes)
    if other.path == fact.path:
        message = both("'{path}' 팩트를 자기 자신과 견주고 있습니다", "'{path}' is compared with itself", path=raw)
        hint = both("다른 팩트나 견줄 값을 쓰십시오", "name another fact, or write what it must be")
        refuse("own-fact", message, hint)
    if other.type != fact.type:
        message = both(
            "두 팩트의 형식이 다릅니다. '{path}' 팩트: {type}, '{other}' 팩트: {other_type}",
            "'{path}' is {type}, but '{other}' is {other_type}",
            path=fact.path,
            type=a_type(fact),
            other=raw,
            other_type=a_type(other),
        )
        refuse("wrong-type", message, both("형식이 같은 팩트를 쓰십시오", "name a fact of the same type"))
    if fact.type == "choice" and not set(fact.choices) & set(other.choices):
        message = both(
            "'{path}' 팩트와 '{other}' 팩트에 공통된 선택지가 없습니다",
            "'{path}' and '{other}' have no word in common",
            path=fact.path,
            other=raw,
        )
        refuse("never-holds", message, both("다른 팩트를 쓰십시오", "name another fact"))
    return FactRef(raw)


def _unit(fact: Fact) -> Unit:
    unit: Unit = fact.type  # type: ignore[assignment]
    return unit


def read_comparisons(raw: Any, scopes: Sequence[str]) -> tuple[Comparison, ...]:
    """The clauses of one map of facts, all of which must hold."""
    if not isinstance(raw, dict):
        refuse("not-a-map", both("조건이 아닙니다: {found}", "{found} is not a condition", found=shown(raw)), _EXAMPLE)
    if not raw:
        refuse("empty", EMPTY, _EXAMPLE)
    clauses = read_each((path, partial(_read_clauses, path, right, scopes)) for path, right in raw.items())
    return tuple(clause for each in clauses for clause in each)


_EXAMPLE = both(
    "fact: value 형식으로 쓰십시오. 예: request.method: cash", "write fact: value, such as request.method: cash"
)


def _read_clauses(path: Any, right: Any, scopes: Sequence[str]) -> list[Comparison]:
    """Everything that is asked of one fact."""
    if path == "any":
        message = both("'any' 안에 다른 'any' 항목을 둘 수 없습니다", "'any' cannot stand inside another 'any'")
        hint = both("그 안의 맵을 바깥 목록에 나란히 쓰십시오", "write its maps beside the others")
        refuse("any-in-any", message, hint, "key")
    fact = read_fact(path, scopes, "key")
    if not isinstance(right, dict):
        return [Comparison(fact.path, "is", read_right(right, fact, "is", scopes))]
    if not right:
        refuse("empty", EMPTY, both("값이나 연산자를 쓰십시오", "write a value or an operator"))
    clauses = read_each(
        (operator, partial(_comparison, fact, operator, each, scopes)) for operator, each in right.items()
    )
    if contradict(clauses, fact):
        message = both(
            "'{path}' 팩트가 이 모두를 한꺼번에 만족할 수 없습니다",
            "no '{path}' can be all of this at once",
            path=fact.path,
        )
        hint = both(
            "고치거나, 어느 하나면 되는 것은 any: 아래에 쓰십시오", "correct it, or put the alternatives under any:"
        )
        refuse("never-holds", message, hint)
    return clauses


def _comparison(fact: Fact, operator: Any, right: Any, scopes: Sequence[str]) -> Comparison:
    fitting = use([each for each, types in OPERATORS.items() if fact.type in types])
    if operator not in OPERATORS:
        message = both("알 수 없는 연산자입니다: {operator}", "unknown operator {operator}", operator=shown(operator))
        refuse("unknown-operator", message, suggest(operator, list(OPERATORS)) or fitting, "key")
    if fact.type not in OPERATORS[operator]:
        message = both(
            "'{operator}' 연산자는 '{path}' 팩트에 쓸 수 없습니다(팩트의 형식: {type})",
            "'{operator}' cannot be asked of '{path}', which is {type}",
            operator=operator,
            path=fact.path,
            type=a_type(fact),
        )
        refuse("wrong-operator", message, fitting, "key")
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
    refuse_twice(branches, branches, both("이 선택 조건", "this alternative"))
    return branches


def _read_maps(raw: Any, read: Any) -> list[Any]:
    """A list of conditions that is not empty."""
    if not isinstance(raw, list):
        message = both("조건의 목록이 아닙니다: {found}", "{found} is not a list of conditions", found=shown(raw))
        refuse("not-a-list", message, both("조건마다 '- ' 표시로 시작하십시오", "begin each of them with '- '"))
    if not raw:
        hint = both("조건을 하나 이상 쓰거나 항목을 빼십시오", "write at least one condition, or leave the field out")
        refuse("empty", EMPTY, hint)
    return read_each((index, partial(read, each)) for index, each in enumerate(raw))


class When(Field):
    """A condition over the facts of `scopes`."""

    def __init__(self, scopes: Sequence[str], default: object = ALWAYS, **more: Any) -> None:
        super().__init__(default, **more)
        self.scopes = scopes

    def read(self, raw: Any) -> Condition:
        return read_condition(raw, self.scopes)

    def json_schema(self, shared: Shared) -> Json:
        return condition(shared, self.scopes, OPERATORS, _AGES)


class Unless(Field):
    """A list of conditions, any of which lifts the rule."""

    def __init__(self, scopes: Sequence[str], **more: Any) -> None:
        super().__init__((), **more)
        self.scopes = scopes

    def read(self, raw: Any) -> tuple[Condition, ...]:
        found = tuple(_read_maps(raw, partial(read_condition, scopes=self.scopes)))
        refuse_twice(found, found, both("이 예외", "this exception"))
        return found

    def json_schema(self, shared: Shared) -> Json:
        return list_of(condition(shared, self.scopes, OPERATORS, _AGES))


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
