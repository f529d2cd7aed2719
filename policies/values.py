"""Dated values: read from `values:`, and which figure of one applies on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError

from policies.conditions import read_literal
from policies.fields import (
    SNAKE,
    DateFact,
    Field,
    Map,
    OneOf,
    Sentence,
    Trouble,
    check_word,
    read_amount,
    read_fact,
    read_percent,
    read_span,
    refuse,
    shown,
)
from policies.model import Bands, Cell, Fact, Figure, Table, Unit, Value
from policies.problems import did_you_mean

UNITS = ("points", "money", "number", "percent", "span", "text", "date")
SCOPES = ("account", "request", "lot", "event")
_DEEPEST_TABLE = 3


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        refuse("not-text", f"{shown(raw)} is not text", f'put it in quotes: "{raw}"')
    return raw


def _day(raw: Any) -> date:
    if not isinstance(raw, date):
        refuse("not-a-day", f"{shown(raw)} is not a day", "write it like 2026-01-31")
    return raw


_READ: Mapping[str, Callable[[Any], Figure]] = {
    "points": read_amount,
    "money": read_amount,
    "number": read_amount,
    "percent": read_percent,
    "span": read_span,
    "text": _text,
    "date": _day,
}


def read_cell(raw: Any, unit: Unit, depth: int = 1) -> Cell:
    """A figure in `unit`, or a table or bands that lead to one."""
    if not isinstance(raw, dict):
        return _READ[unit](raw)
    if depth > _DEEPEST_TABLE:
        refuse(
            "table-too-deep",
            f"tables stand in each other {depth} deep",
            f"at most {_DEEPEST_TABLE} are allowed",
        )
    if "by" not in raw:
        refuse(
            "missing-field",
            "'by' is missing",
            "name the fact that the table is by, such as by: account.grade",
        )
    try:
        fact = read_fact(raw["by"], SCOPES)
    except ValidationError as error:
        raise ValidationError({"by": error.messages}) from None
    if "bands" in raw:
        return _read_bands(raw, fact, unit, depth)
    return _read_table(raw, fact, unit, depth)


def _read_table(raw: Mapping[Any, Any], fact: Fact, unit: Unit, depth: int) -> Table:
    if fact.type in ("points", "money", "date"):
        refuse("wrong-type", f"a table cannot be by '{fact.path}' ({fact.type})", "use bands:")
    rows: dict[Any, Cell] = {}
    troubles: dict[Any, Any] = {}
    for key, cell in raw.items():
        if key == "by":
            continue
        try:
            if key != "else":
                _read_key(key, fact)
            rows[key] = read_cell(cell, unit, depth + 1)
        except ValidationError as error:
            troubles[key] = error.messages
    if troubles:
        raise ValidationError(troubles)
    otherwise = rows.pop("else", None)
    expected: tuple[Any, ...] = {"choice": fact.choices, "flag": (True, False)}.get(fact.type, ())
    missing = [shown(key) for key in expected if key not in rows]
    if otherwise is None and (missing or not expected):
        what = f"has no row for {', '.join(missing)}" if missing else f"does not cover every '{fact.path}'"
        refuse("table-with-gap", f"the table {what}", "add the rows, or an else:")
    return Table(fact.path, rows, otherwise)


def _read_key(key: Any, fact: Fact) -> None:
    if isinstance(key, str) and did_you_mean(key, ["else"]) and key not in fact.choices:
        refuse("not-a-choice", f"'{fact.path}' is never {shown(key)}", "did you mean 'else'?", "key")
    try:
        read_literal(key, fact)
    except ValidationError as error:
        raise ValidationError([_at_key(trouble) for trouble in error.messages]) from None


def _at_key(trouble: Any) -> Trouble:
    return Trouble(trouble.code, trouble.message, trouble.hint, "key")


def _read_bands(raw: Mapping[Any, Any], fact: Fact, unit: Unit, depth: int) -> Bands:
    if fact.type not in ("points", "money", "number"):
        refuse("wrong-type", f"bands cannot be by '{fact.path}' ({fact.type})", "use a fact that is an amount")
    extra = [key for key in raw if key not in ("by", "bands")]
    if extra:
        raise ValidationError({extra[0]: [Trouble("unknown-field", f"unknown field {shown(extra[0])}", at="key")]})
    if not isinstance(raw["bands"], list) or not raw["bands"]:
        refuse("not-a-list", f"{shown(raw['bands'])} is not a list of bands", "write - {from: 0, value: 500}")
    bands: list[tuple[int, Cell]] = []
    troubles: dict[Any, Any] = {}
    for index, band in enumerate(raw["bands"]):
        try:
            bands.append(_read_band(band, bands, unit, depth))
        except ValidationError as error:
            troubles[index] = error.messages
    if troubles:
        raise ValidationError({"bands": troubles})
    return Bands(fact.path, tuple(bands))


def _read_band(band: Any, before: list[tuple[int, Cell]], unit: Unit, depth: int) -> tuple[int, Cell]:
    if not isinstance(band, dict) or set(band) != {"from", "value"}:
        refuse("not-a-band", f"{shown(band)} is not a band", "write {from: 0, value: 500}")
    try:
        start = read_amount(band["from"])
        if not before and start != 0:
            refuse("band-with-gap", f"the first band starts at {start}", "start it from 0")
        if before and start <= before[-1][0]:
            refuse(
                "bands-out-of-order",
                f"{start} does not come after {before[-1][0]}",
                "let each band start higher",
            )
    except ValidationError as error:
        raise ValidationError({"from": error.messages}) from None
    try:
        return start, read_cell(band["value"], unit, depth + 1)
    except ValidationError as error:
        raise ValidationError({"value": error.messages}) from None


class _History(Field):
    """`since:`, left as it is until the unit of its figures is known."""

    def read(self, raw: Any) -> Any:
        return raw


class _ValueMap(Map):
    about = Sentence()
    terms = Sentence()
    unit = OneOf(UNITS, "unit")
    dated_by = DateFact(SCOPES)
    since = _History()


def read_value(name: Any, raw: Any, starts: date) -> Value:
    """One dated value. `starts` is the day from which the policy is in force."""
    check_word(name, SNAKE, "key")
    if not isinstance(raw, dict):
        refuse("not-a-map", f"{shown(raw)} is not a value", "give it about, terms, unit, dated_by and since")
    found = _VALUE.load(raw)
    try:
        since = _read_since(found["since"], found["unit"])
        _check_start(since[0][0], found["dated_by"], starts)
    except ValidationError as error:
        raise ValidationError({"since": error.messages}) from None
    return Value(name=name, since=since, **{key: found[key] for key in ("about", "terms", "unit", "dated_by")})


def _read_since(raw: Any, unit: Unit) -> tuple[tuple[date | None, Cell], ...]:
    if not isinstance(raw, dict) or not raw:
        refuse("not-a-map", f"{shown(raw)} is not a history", "write day: figure, such as 2025-01-01: 50_000")
    since: list[tuple[date | None, Cell]] = []
    troubles: dict[Any, Any] = {}
    for day, cell in raw.items():
        try:
            _check_day(day, since)
            since.append((None if day == "always" else day, read_cell(cell, unit)))
        except ValidationError as error:
            troubles[day] = error.messages
    if troubles:
        raise ValidationError(troubles)
    return tuple(since)


def _check_day(day: Any, before: list[tuple[date | None, Cell]]) -> None:
    if day == "always":
        if before:
            refuse("days-out-of-order", "'always' comes after another day", "put it first", "key")
    elif not isinstance(day, date):
        hint = did_you_mean(day, ["always"]) if isinstance(day, str) else ""
        refuse("not-a-day", f"{shown(day)} is not a day", hint or "write it like 2026-01-31, or always", "key")
    elif before and before[-1][0] is not None and day <= before[-1][0]:
        refuse(
            "days-out-of-order",
            f"{day} does not come after {before[-1][0]}",
            "write the days in order",
            "key",
        )


def _check_start(first: date | None, dated_by: str, starts: date) -> None:
    if first is None:
        return
    if dated_by not in ("request.requested_on", "event.happened_on"):
        refuse(
            "value-with-gap",
            f"nothing is said for a '{dated_by}' before {first}",
            "let the history begin with always:",
        )
    if first > starts:
        refuse(
            "value-with-gap",
            f"nothing is said from {starts}, when the policy starts, to {first}",
            "begin earlier",
        )


def cell_paths(cell: Cell) -> frozenset[str]:
    """The facts that a cell's figure depends on."""
    if isinstance(cell, Table):
        below = [*cell.rows.values(), *([] if cell.otherwise is None else [cell.otherwise])]
    elif isinstance(cell, Bands):
        below = [each for _, each in cell.bands]
    else:
        return frozenset()
    return frozenset({cell.by}).union(*(cell_paths(each) for each in below))


def value_paths(value: Value) -> frozenset[str]:
    """The facts that a value depends on, the one that dates it included."""
    return frozenset({value.dated_by}).union(*(cell_paths(cell) for _, cell in value.since))


def cell_on(value: Value, day: date) -> Cell:
    """The cell of `value` that applies on `day`. Reading a file makes sure that there is one."""
    current: Cell | None = None
    for since, cell in value.since:
        if since is not None and since > day:
            break
        current = cell
    assert current is not None, f"value {value.name} says nothing on {day}"
    return current


def figures(cell: Cell) -> tuple[Figure, ...]:
    """Every figure that a cell can come to."""
    if isinstance(cell, Table):
        rows = (*cell.rows.values(), *(() if cell.otherwise is None else (cell.otherwise,)))
        return tuple(figure for each in rows for figure in figures(each))
    if isinstance(cell, Bands):
        return tuple(figure for _, each in cell.bands for figure in figures(each))
    return (cell,)


_VALUE = _ValueMap()
