"""Dated values: read from `values:`, and which figure of one applies on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from marshmallow import ValidationError

from policies.conditions import read_literal
from policies.fields import DateFact, Later, Map, OneOf, Sentence
from policies.model import Bands, Cell, Fact, Figure, Table, Unit, Value
from policies.readers import (
    SNAKE,
    Trouble,
    a_type,
    check_word,
    read_amount,
    read_day,
    read_each,
    read_fact,
    read_key,
    read_percent,
    read_span,
    read_text,
    read_under,
    reading,
    refuse,
    shown,
    suggest,
)

UNITS = ("points", "money", "number", "percent", "span", "text", "date")
SCOPES = ("account", "request", "lot", "event")
_DEEPEST_TABLE = 3
QUOTED_ARTICLE = 'write the article in quotes, such as "18.2"'


def _literal_text(raw: Any) -> str:
    text = read_text(raw)
    if text.startswith("$"):
        refuse("not-a-literal", f"{shown(text)} is a name, and only plain text can stand here", "write the text itself")
    return text


_READ: Mapping[str, Callable[[Any], Figure]] = {
    "points": read_amount,
    "money": read_amount,
    "number": read_amount,
    "percent": read_percent,
    "span": read_span,
    "text": _literal_text,
    "date": read_day,
}


def read_cell(raw: Any, unit: Unit, above: tuple[str, ...] = ()) -> Cell:
    """A figure in `unit`, or a table or bands that lead to one. `above` are the facts of the tables around it."""
    if not isinstance(raw, dict):
        return _READ[unit](raw)
    if not raw:
        refuse("empty", "is empty", f"write a figure, or {_TABLE}")
    if len(above) >= _DEEPEST_TABLE:
        message = f"tables stand in each other {len(above) + 1} deep"
        refuse("table-too-deep", message, f"at most {_DEEPEST_TABLE} are allowed")
    if "by" not in raw:
        refuse("missing-field", "'by' is missing", f"write {_TABLE}")
    fact = read_under("by", partial(_read_by, raw["by"], above))
    if "bands" in raw:
        return _read_bands(raw, fact, unit, (*above, fact.path))
    return _read_table(raw, fact, unit, (*above, fact.path))


_TABLE = "{by: account.status, active: 500, else: 0}"


def _read_by(raw: Any, above: tuple[str, ...]) -> Fact:
    fact = read_fact(raw, SCOPES)
    if fact.path in above:
        refuse("table-in-itself", f"a table by '{fact.path}' stands inside another", "use another fact, or one table")
    return fact


def _read_table(raw: Mapping[Any, Any], fact: Fact, unit: Unit, above: tuple[str, ...]) -> Table:
    if fact.type in ("points", "money"):
        hint = "write bands: [{from: 0, value: 500}, {from: 10_000, value: 800}]"
        raise ValidationError({"by": [Trouble("wrong-type", f"'{fact.path}' is an amount", hint)]})
    if fact.type == "date":
        message = f"a table cannot be by '{fact.path}', which is a day"
        raise ValidationError({"by": [Trouble("wrong-type", message, "use dated_by: and a history of the value")]})
    cells = [(key, partial(_read_row, key, cell, fact, unit, above)) for key, cell in raw.items() if key != "by"]
    rows: dict[Any, Cell] = dict(read_each(cells))
    otherwise = rows.pop("else", None)
    expected: tuple[Any, ...] = {"choice": fact.choices, "flag": (True, False)}.get(fact.type, ())
    missing = [shown(key) for key in expected if key not in rows]
    if otherwise is None and (missing or not expected):
        what = f"has no row for {_some(missing)}" if missing else f"does not say what holds for any other '{fact.path}'"
        refuse("table-with-gap", f"the table {what}", "add what is missing, or an else:" if missing else "add an else:")
    if otherwise is not None and expected and not missing:
        message = f"no '{fact.path}' is left for the else:"
        raise ValidationError({"else": [Trouble("else-unused", message, "take it out", "key")]})
    return Table(fact.path, rows, otherwise)


def _some(words: list[str]) -> str:
    return ", ".join(words[:5]) + (f" and {len(words) - 5} more" if len(words) > 5 else "")


def _read_row(key: Any, cell: Any, fact: Fact, unit: Unit, above: tuple[str, ...]) -> tuple[Any, Cell]:
    if key != "else":
        read_key(partial(_read_key, key, fact))
    return key, read_cell(cell, unit, above)


def _read_key(key: Any, fact: Fact) -> None:
    if fact.type == "choice" and key not in fact.choices and suggest(key, ["else"]):
        refuse("not-a-choice", f"'{fact.path}' is never {shown(key)}", "did you mean 'else'?")
    read_literal(key, fact)


def _read_bands(raw: Mapping[Any, Any], fact: Fact, unit: Unit, above: tuple[str, ...]) -> Bands:
    if fact.type not in ("points", "money", "number"):
        message = f"bands cannot be by '{fact.path}', which is {a_type(fact)}"
        raise ValidationError({"by": [Trouble("wrong-type", message, "use a fact that is an amount")]})
    extra = [key for key in raw if key not in ("by", "bands")]
    if extra:
        message = f"{shown(extra[0])} cannot stand beside 'bands'"
        raise ValidationError({extra[0]: [Trouble("unknown-field", message, "take one of them out", "key")]})
    bands = read_under("bands", partial(_read_band_list, raw["bands"], unit, above))
    return Bands(fact.path, tuple(bands))


def _read_band_list(raw: Any, unit: Unit, above: tuple[str, ...]) -> list[tuple[int, Cell]]:
    if not isinstance(raw, list) or not raw:
        refuse("not-a-list", f"{shown(raw)} is not a list of bands", f"write - {_BAND}")
    starts: list[int] = []
    return read_each((index, partial(_read_band, band, starts, unit, above)) for index, band in enumerate(raw))


_BAND = "{from: 0, value: 500}"


def _read_band(band: Any, starts: list[int], unit: Unit, above: tuple[str, ...]) -> tuple[int, Cell]:
    if not isinstance(band, dict):
        refuse("not-a-band", f"{shown(band)} is not a band", f"write {_BAND}")
    if set(band) != {"from", "value"}:
        refuse("not-a-band", "a band has the fields from and value, and no others", f"write {_BAND}")
    start = read_under("from", partial(_read_start, band["from"], starts))
    return start, read_under("value", partial(read_cell, band["value"], unit, above))


def _read_start(raw: Any, starts: list[int]) -> int:
    """Where a band begins; `starts` are those before it, and it becomes one of them."""
    start = read_amount(raw)
    starts.append(start)
    if len(starts) == 1 and start != 0:
        refuse("band-with-gap", f"the first band starts at {start:_}", "start it from 0")
    if len(starts) > 1 and start <= starts[-2]:
        refuse("bands-out-of-order", f"{start:_} does not come after {starts[-2]:_}", "let each band start higher")
    return start


class _ValueMap(Map):
    about = Sentence(lines=True, about="What the value is.")
    terms = Sentence(example=QUOTED_ARTICLE, about="Where the terms say so, quoted.")
    unit = OneOf(UNITS, "unit", about="What the figures count: points, money, number, percent, span, text or date.")
    dated_by = DateFact(SCOPES, about="The day that decides which figure applies, such as request.requested_on.")
    since = Later(about="The figures, each after the day from which it applies.")


def read_value(name: Any, raw: Any, starts: date) -> Value:
    """One dated value. `starts` is the day from which the policy is in force."""
    check_word(name, SNAKE, "key")
    if not isinstance(raw, dict):
        refuse(
            "not-a-map", f"{shown(raw)} is not a value", "write about, terms, unit, dated_by and since below its name"
        )
    found = _VALUE.load(raw)
    since = read_under("since", partial(_read_since, found["since"], found["unit"], found["dated_by"], starts))
    return Value(name=name, since=since, **{key: found[key] for key in ("about", "terms", "unit", "dated_by")})


def _read_since(raw: Any, unit: Unit, dated_by: str, starts: date) -> tuple[tuple[date | None, Cell], ...]:
    if not isinstance(raw, dict) or not raw:
        refuse("not-a-history", f"{shown(raw)} is not a history", "write day: figure, such as 2025-01-01: 50_000")
    days: list[Any] = []
    since = read_each((day, partial(_read_entry, day, cell, days, unit)) for day, cell in raw.items())
    first, fact = since[0][0], reading().facts[dated_by]
    if first is not None and dated_by not in ("request.requested_on", "event.happened_on"):
        message = f"nothing is said where '{fact.path}' is before {first}"
        raise ValidationError(
            {first: [Trouble("value-with-gap", message, "let the history begin with always:", "key")]}
        )
    if first is not None and first > starts:
        message = f"nothing is said from {starts}, when the policy starts, to {first}"
        raise ValidationError({first: [Trouble("value-with-gap", message, "begin earlier, or with always:", "key")]})
    return tuple(since)


def _read_entry(day: Any, cell: Any, days: list[Any], unit: Unit) -> tuple[date | None, Cell]:
    """One day of a history with its cell; `days` are those before it, and it becomes one of them."""
    days.append(day)
    if day == "always":
        if len(days) > 1:
            refuse("days-out-of-order", "'always' comes after another day", "put it first", "key")
    elif not isinstance(day, date):
        hint = suggest(day, ["always"]) or "write it like 2026-01-31, or always"
        refuse("not-a-day", f"{shown(day)} is not a day", hint, "key")
    else:
        _check_order(day, days)
    return (None if day == "always" else day), read_cell(cell, unit)


def _check_order(day: date, days: list[Any]) -> None:
    read_key(partial(read_day, day))
    if len(days) > 1 and isinstance(days[-2], date) and day <= days[-2]:
        refuse("days-out-of-order", f"{day} does not come after {days[-2]}", "write the days in order", "key")


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
