"""Dated values: read from `values:`, and which figure of one applies on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from marshmallow import ValidationError

from policies.conditions import is_never, read_literal, refuse_literal
from policies.day_fields import DateFact
from policies.fields import Later, Map, OneOf, Sentence, is_missing
from policies.model import Bands, Cell, Fact, Figure, Scalar, Table, Text, Unit, Value
from policies.problems import both, did_you_mean
from policies.readers import (
    EMPTY,
    SNAKE,
    TAKE_ONE_OUT,
    TAKE_OUT,
    Trouble,
    a_type,
    check_word,
    not_a_day,
    percent_text,
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
from policies.rules import QUOTED_ARTICLE, WHERE_THE_TERMS_SAY_SO

UNITS = ("points", "money", "number", "percent", "span", "text", "date")
DAYS_IN_FORCE = ("request.requested_on", "event.happened_on", "day.today")
"""The days that rules are asked about: none of them lies before the policy starts."""

SCOPES = ("account", "request", "lot", "event", "day")
_DEEPEST_TABLE = 3


def _literal_text(raw: Any) -> str:
    text = read_text(raw)
    if text.startswith("$"):
        refuse_literal(text)
    return text


_READ: Mapping[str, Callable[[Any], Figure]] = {
    "points": read_amount,
    "money": read_amount,
    "number": read_amount,
    "percent": read_percent,
    "span": partial(read_span, least=0),
    "text": _literal_text,
    "date": read_day,
}


def read_cell(raw: Any, unit: Unit, above: tuple[str, ...] = ()) -> Cell:
    """A figure in `unit`, or a table or bands that lead to one. `above` are the facts of the tables around it."""
    if not isinstance(raw, dict):
        return _READ[unit](raw)
    if not raw:
        hint = both("수치를 쓰거나 {table} 형식으로 쓰십시오", "write a figure, or {table}", table=_TABLE)
        refuse("empty", EMPTY, hint)
    if len(above) >= _DEEPEST_TABLE:
        message = both(
            "표가 {depth}겹으로 겹쳐 있습니다", "tables stand in each other {depth} deep", depth=len(above) + 1
        )
        hint = both("{most}겹까지 쓸 수 있습니다", "at most {most} are allowed", most=_DEEPEST_TABLE)
        refuse("table-too-deep", message, hint)
    if "by" not in raw:
        refuse("missing-field", is_missing("by"), both("{table} 형식으로 쓰십시오", "write {table}", table=_TABLE))
    fact = read_under("by", partial(_read_by, raw["by"], above))
    if "bands" in raw:
        return _read_bands(raw, fact, unit, (*above, fact.path))
    return _read_table(raw, fact, unit, (*above, fact.path))


_TABLE = "{by: account.status, active: 500, else: 0}"


def _read_by(raw: Any, above: tuple[str, ...]) -> Fact:
    fact = read_fact(raw, SCOPES)
    if fact.path in above:
        message = both(
            "'{path}' 팩트를 기준으로 한 표 안에 같은 기준의 표가 또 있습니다",
            "a table by '{path}' stands inside another by the same fact",
            path=fact.path,
        )
        hint = both("다른 팩트를 쓰거나 표를 하나로 합치십시오", "use another fact, or one table")
        refuse("table-in-itself", message, hint)
    return fact


def _read_table(raw: Mapping[Any, Any], fact: Fact, unit: Unit, above: tuple[str, ...]) -> Table:
    if fact.type in ("points", "money"):
        message = both(
            "수량인 '{path}' 팩트는 표의 기준이 될 수 없습니다",
            "a table cannot be by '{path}', which is an amount",
            path=fact.path,
        )
        hint = both(
            "bands: [{from: 0, value: 500}, {from: 10_000, value: 800}] 형식으로 쓰십시오",
            "write bands: [{from: 0, value: 500}, {from: 10_000, value: 800}]",
        )
        raise ValidationError({"by": [Trouble("wrong-type", message, hint)]})
    if fact.type == "percent":
        message = both(
            "비율인 '{path}' 팩트는 표의 기준이 될 수 없습니다",
            "a table cannot be by '{path}', which is a percentage",
            path=fact.path,
        )
        hint = both(
            "bands: [{from: 0%, value: 500}, {from: 60%, value: 800}] 형식으로 쓰십시오",
            "write bands: [{from: 0%, value: 500}, {from: 60%, value: 800}]",
        )
        raise ValidationError({"by": [Trouble("wrong-type", message, hint)]})
    if fact.type == "date":
        message = both(
            "날짜인 '{path}' 팩트는 표의 기준이 될 수 없습니다",
            "a table cannot be by '{path}', which is a day",
            path=fact.path,
        )
        hint = both("dated_by: 항목과 값의 이력(since:)을 쓰십시오", "use dated_by: and a history of the value")
        raise ValidationError({"by": [Trouble("wrong-type", message, hint)]})
    cells = [(key, partial(_read_row, key, cell, fact, unit, above)) for key, cell in raw.items() if key != "by"]
    rows: dict[Any, Cell] = dict(read_each(cells))
    refuse_gap(rows, fact)
    return Table(fact.path, rows, otherwise=rows.pop("else", None))


def refuse_gap(rows: Mapping[Any, object], fact: Fact) -> None:
    """Refuse a table by `fact` that leaves a value out, or whose `else` is left without any."""
    expected: tuple[Any, ...] = {"choice": fact.choices, "flag": (True, False)}.get(fact.type, ())
    missing = [shown(key).en for key in expected if key not in rows]
    if "else" not in rows and missing:
        message = both("표에 다음 행이 없습니다: {rows}", "the table has no row for {rows}", rows=_some(missing))
        hint = both("빠진 행을 쓰거나 else: 행을 쓰십시오", "add what is missing, or an else:")
        refuse("table-with-gap", message, hint)
    if "else" not in rows and not expected:
        message = both(
            "'{path}' 팩트가 다른 값일 때 어떻게 되는지 표에 없습니다",
            "the table does not say what holds for any other '{path}'",
            path=fact.path,
        )
        refuse("table-with-gap", message, both("else: 행을 쓰십시오", "add an else:"))
    if "else" in rows and expected and not missing:
        message = both(
            "'{path}' 팩트의 선택지가 모두 쓰여 있어 else: 행에 남는 것이 없습니다",
            "no '{path}' is left for the else:",
            path=fact.path,
        )
        raise ValidationError({"else": [Trouble("else-unused", message, TAKE_OUT, "key")]})


_MOST_ROWS_NAMED = 5


def _some(words: list[str]) -> Text:
    named, rest = ", ".join(words[:_MOST_ROWS_NAMED]), len(words) - _MOST_ROWS_NAMED
    if rest <= 0:
        return Text(named, named)
    return both("{named} 외 {rest}개", "{named} and {rest} more", named=named, rest=rest)


def _read_row(key: Any, cell: Any, fact: Fact, unit: Unit, above: tuple[str, ...]) -> tuple[Any, Cell]:
    if key != "else":
        read_key(partial(_read_key, key, fact))
    return key, read_cell(cell, unit, above)


def _read_key(key: Any, fact: Fact) -> None:
    if fact.type == "choice" and key not in fact.choices and suggest(key, ["else"]):
        refuse("not-a-choice", is_never(key, fact), did_you_mean(key, ["else"]))
    read_literal(key, fact)


def _read_bands(raw: Mapping[Any, Any], fact: Fact, unit: Unit, above: tuple[str, ...]) -> Bands:
    if fact.type not in ("points", "money", "number", "percent"):
        message = both(
            "구간표(bands)의 기준이 될 수 없는 팩트입니다: '{path}'(팩트의 형식: {type})",
            "bands cannot be by '{path}', which is {type}",
            path=fact.path,
            type=a_type(fact),
        )
        hint = both("수량인 팩트를 쓰십시오", "use a fact that is an amount")
        raise ValidationError({"by": [Trouble("wrong-type", message, hint)]})
    extra = [key for key in raw if key not in ("by", "bands")]
    if extra:
        message = both(
            "'bands' 항목과 함께 쓸 수 없는 항목입니다: {field}",
            "{field} cannot stand beside 'bands'",
            field=shown(extra[0]),
        )
        raise ValidationError({extra[0]: [Trouble("unknown-field", message, TAKE_ONE_OUT, "key")]})
    bands = read_under("bands", partial(_read_band_list, raw["bands"], fact, unit, above))
    return Bands(fact.path, tuple(bands))


def _read_band_list(raw: Any, fact: Fact, unit: Unit, above: tuple[str, ...]) -> list[tuple[Start, Cell]]:
    if not isinstance(raw, list) or not raw:
        message = both("구간의 목록이 아닙니다: {found}", "{found} is not a list of bands", found=shown(raw))
        refuse("not-a-list", message, both("- {band} 형식으로 쓰십시오", "write - {band}", band=_BAND))
    starts: list[Start] = []
    return read_each((index, partial(_read_band, band, starts, fact, unit, above)) for index, band in enumerate(raw))


Start = int | Fraction
_BAND = "{from: 0, value: 500}"


def _read_band(band: Any, starts: list[Start], fact: Fact, unit: Unit, above: tuple[str, ...]) -> tuple[Start, Cell]:
    hint = both("{band} 형식으로 쓰십시오", "write {band}", band=_BAND)
    if not isinstance(band, dict):
        refuse("not-a-band", both("구간이 아닙니다: {found}", "{found} is not a band", found=shown(band)), hint)
    if set(band) != {"from", "value"}:
        message = both(
            "구간에는 from 항목과 value 항목만, 둘 다 있어야 합니다",
            "a band has the fields from and value, and no others",
        )
        refuse("not-a-band", message, hint)
    start = read_under("from", partial(_read_start, band["from"], starts, fact))
    return start, read_under("value", partial(read_cell, band["value"], unit, above))


def _read_start(raw: Any, starts: list[Start], fact: Fact) -> Start:
    """Where a band begins; `starts` are those before it, and it becomes one of them."""
    start: Start = read_percent(raw) if fact.type == "percent" else read_amount(raw)
    starts.append(start)
    if len(starts) == 1 and start != 0:
        message = both("첫 구간이 {start}에서 시작합니다", "the first band starts at {start}", start=_start(start))
        refuse("band-with-gap", message, both("0에서 시작하십시오", "start it from 0"))
    if len(starts) > 1 and start <= starts[-2]:
        hint = both("구간마다 앞 구간보다 높은 수에서 시작하십시오", "let each band start higher")
        refuse("bands-out-of-order", _not_after(_start(start), _start(starts[-2])), hint)
    return start


def _not_after(later: str, earlier: str) -> Text:
    return both(
        "순서가 맞지 않습니다. {earlier} 다음에 {later} 값이 올 수 없습니다",
        "{later} does not come after {earlier}",
        later=later,
        earlier=earlier,
    )


def _start(start: Start) -> str:
    return f"{start:_}" if isinstance(start, int) else percent_text(start)


class _ValueMap(Map):
    about = Sentence(lines=True, about=both("값의 설명", "what the value is"))
    terms = Sentence(example=QUOTED_ARTICLE, about=WHERE_THE_TERMS_SAY_SO)
    unit = OneOf(
        UNITS,
        both("단위", "unit"),
        about=both(
            "수치의 단위: points, money, number, percent, span, text 또는 date",
            "what the figures count: points, money, number, percent, span, text or date",
        ),
    )
    dated_by = DateFact(
        SCOPES,
        about=both(
            "어느 수치를 쓸지 정하는 날짜. 예: request.requested_on",
            "the day that decides which figure applies, such as request.requested_on",
        ),
    )
    since = Later(
        about=both("수치들, 저마다 적용되는 첫날 뒤에", "the figures, each after the day from which it applies")
    )


def read_value(name: Any, raw: Any, starts: date) -> Value:
    """One dated value. `starts` is the day from which the policy is in force."""
    check_word(name, SNAKE, "key")
    if not isinstance(raw, dict):
        hint = both(
            "이름 아래에 about, terms, unit, dated_by, since 항목을 쓰십시오",
            "write about, terms, unit, dated_by and since below its name",
        )
        refuse(
            "not-a-map", both("값(value)의 형식이 아닙니다: {found}", "{found} is not a value", found=shown(raw)), hint
        )
    found = VALUE.load(raw)
    since = read_under("since", partial(_read_since, found["since"], found["unit"], found["dated_by"], starts))
    return Value(name=name, since=since, **{key: found[key] for key in ("about", "terms", "unit", "dated_by")})


def _read_since(raw: Any, unit: Unit, dated_by: str, starts: date) -> tuple[tuple[date | None, Cell], ...]:
    if not isinstance(raw, dict) or not raw:
        message = both("이력의 형식이 아닙니다: {found}", "{found} is not a history", found=shown(raw))
        hint = both(
            "day: figure 형식으로 쓰십시오. 예: 2025-01-01: 50_000",
            "write day: figure, such as 2025-01-01: 50_000",
        )
        refuse("not-a-history", message, hint)
    days: list[Any] = []
    since = read_each((day, partial(_read_entry, day, cell, days, unit)) for day, cell in raw.items())
    first, fact = since[0][0], reading().facts[dated_by]
    if first is not None and dated_by not in DAYS_IN_FORCE:
        message = both(
            "'{path}' 팩트가 {first} 전일 때의 수치가 없습니다",
            "nothing is said where '{path}' is before {first}",
            path=fact.path,
            first=first,
        )
        hint = both("이력을 always: 줄로 시작하십시오", "let the history begin with always:")
        raise ValidationError({first: [Trouble("value-with-gap", message, hint, "key")]})
    if first is not None and first > starts:
        message = both(
            "정책이 시작되는 {starts}부터 {first} 전까지의 수치가 없습니다",
            "nothing is said from {starts}, when the policy starts, to {first}",
            starts=starts,
            first=first,
        )
        hint = both("더 이른 날짜나 always: 줄로 시작하십시오", "begin earlier, or with always:")
        raise ValidationError({first: [Trouble("value-with-gap", message, hint, "key")]})
    return tuple(since)


def _read_entry(day: Any, cell: Any, days: list[Any], unit: Unit) -> tuple[date | None, Cell]:
    """One day of a history with its cell; `days` are those before it, and it becomes one of them."""
    days.append(day)
    if day == "always":
        if len(days) > 1:
            message = both("'always' 줄이 다른 날짜 뒤에 있습니다", "'always' comes after another day")
            refuse("days-out-of-order", message, both("맨 앞에 쓰십시오", "put it first"), "key")
    elif not isinstance(day, date):
        hint = both("2026-01-31 또는 always처럼 쓰십시오", "write it like 2026-01-31, or always")
        refuse("not-a-day", not_a_day(day), suggest(day, ["always"]) or hint, "key")
    else:
        _check_order(day, days)
    return (None if day == "always" else day), read_cell(cell, unit)


def _check_order(day: date, days: list[Any]) -> None:
    read_key(partial(read_day, day))
    if len(days) > 1 and isinstance(days[-2], date) and day <= days[-2]:
        hint = both("날짜를 순서대로 쓰십시오", "write the days in order")
        refuse("days-out-of-order", _not_after(f"{day}", f"{days[-2]}"), hint, "key")


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


def key_of(cell: Table | Bands, fact: Scalar) -> Scalar:
    """The key of the row of a table that holds for a fact, None for `else`; or the start of the band."""
    if isinstance(cell, Bands):
        assert isinstance(fact, int | Fraction | None), f"bands by {cell.by} are of amounts, not of {fact!r}"
        # The first band begins at 0; an amount below 0 belongs to it too.
        return [start for start, _ in cell.bands if start <= max(fact or 0, 0)][-1]
    return fact if fact in cell.rows else None


def row_of(cell: Table | Bands, fact: Scalar) -> Cell:
    """The row of a table, or the band, that holds for a fact."""
    rows: Mapping[Any, Cell | None] = (
        dict(cell.bands) if isinstance(cell, Bands) else {**cell.rows, None: cell.otherwise}
    )
    row = rows[key_of(cell, fact)]
    assert row is not None, f"the table by {cell.by} has no row for {fact!r}"
    return row


def decided(cell: Cell, known: Mapping[str, Scalar]) -> Cell:
    """What a cell comes to where some facts are known, by their paths: a figure, or a table or bands by another fact.

    >>> decided(Table("account.grade", {"VIP": 8}, Bands("event.amount", ((0, 5),))), {"account.grade": "VIP"})
    8
    """
    while isinstance(cell, Table | Bands) and cell.by in known:
        cell = row_of(cell, known[cell.by])
    return cell


def figures(cell: Cell) -> tuple[Figure, ...]:
    """Every figure that a cell can come to."""
    if isinstance(cell, Table):
        rows = (*cell.rows.values(), *(() if cell.otherwise is None else (cell.otherwise,)))
        return tuple(figure for each in rows for figure in figures(each))
    if isinstance(cell, Bands):
        return tuple(figure for _, each in cell.bands for figure in figures(each))
    return (cell,)


VALUE = _ValueMap()
"""The fields of a value, in their order."""
