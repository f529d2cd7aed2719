"""A policy version and what a population is asked, as one SQL statement over its three tables.

Its rows are what the engine decides, account by account and method by method, to the last figure and reason; what
columns cannot say is refused, with the rule's id, and never said nearly. The conditions, dates and values are read
from the policy's own tree, with `as_of` known: so most conditions are settled before there is any SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Literal

from msgspec import structs

from engine.calendars import local_day
from engine.compiled import CompiledVersion
from engine.errors import NotInForce
from engine.population.answers import FOUND_OUT, Asking
from engine.population.libraries import NotInstalled
from engine.population.sql_dialects import transpiled
from engine.population.sql_facts import Reader, request_of
from engine.population.sql_guards import Guards
from engine.population.sql_judgement import Hearing
from engine.population.sql_lots import order_of, purse
from engine.population.sql_money import Money, list_reader
from engine.population.sql_points import Column, Fixed, Listener, Points
from engine.population.sql_search import goes_through_lots, search
from engine.population.sql_steps import Steps
from engine.population.sql_tables import ID, Tables
from engine.population.sql_terms import COUNTED, CannotSay, Unsayable, literal, pick

__all__ = ["Statement", "Unsayable", "compile_statement"]

Dialect = Literal["duckdb", "spark"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT over the tables or views `accounts`, `lots` and `history`, with the columns of `answers.FOUND_OUT`.

    `expression` is its SQLGlot tree.
    """

    expression: Any

    def sql(self, dialect: Dialect = "duckdb") -> str:
        """The statement in one dialect."""
        return transpiled(self.expression, dialect)


def compile_statement(compiled: CompiledVersion, asking: Asking) -> Statement:
    """The statement that answers an asking.

    Raises Unsayable where columns cannot say a rule, and BadCase where the asking says what no request can.
    """
    asking = structs.replace(asking, as_of=asking.as_of.astimezone(UTC))
    day = local_day(asking.as_of, compiled.zone)
    if day < compiled.policy.starts:
        return _not_in_force(NotInForce(compiled.policy.id, compiled.policy.starts, day), asking)
    if asking.request.get("lots"):
        raise Unsayable("", CannotSay("신청에 적립분이 지정되어 있습니다", "the request names lots").why)
    tables, steps = Tables(), Steps()
    hearings = [_hearing(compiled, asking, method, tables, steps) for method in asking.methods]
    rows = [_answer(hearing, asking) for hearing in _with_lists(hearings, tables, asking)]
    around = steps.around(tables.sql())
    others = [name for name in FOUND_OUT if name != ID]
    if len(rows) == 1:
        columns = ", ".join(f'{rows[0][name]} AS "{name}"' for name in others)
        return _statement(f'SELECT "a_{ID}" AS {ID}, {columns} FROM ({around}) AS f')
    listed = ", ".join(_struct({name: row[name] for name in others}) for row in rows)
    each = f'SELECT "a_{ID}" AS {ID}, UNNEST([{listed}]) AS answer FROM ({around}) AS f'
    columns = ", ".join(f'answer."{name}" AS "{name}"' for name in others)
    return _statement(f"SELECT {ID}, {columns} FROM ({each}) AS f")


def _hearing(compiled: CompiledVersion, asking: Asking, method: str, tables: Tables, steps: Steps) -> Hearing:
    day = local_day(asking.as_of, compiled.zone)
    request = request_of(compiled.policy, asking, method)
    points: Points = Listener() if asking.points == "all" else Fixed(asking.points)
    reader = Reader(compiled, asking, request, day, points, tables.account)
    of_lots = replace(reader, account=tables.account_of_lot, lot=tables.lot)
    held = purse(of_lots, tables, compiled.rules)
    money = Money(list_reader(reader, tables), tables, compiled.rules)
    hearing = Hearing(compiled, reader, tables, steps, held, money)
    flags = money.flags()
    if not flags:
        return hearing
    order = _order(hearing, of_lots, points, frozenset().union(*flags.values()))
    lots = tables.listed(tuple(order), held.usable, flags)
    return replace(hearing, money=replace(money, lots=lots, held=held.usable))


def _with_lists(hearings: Sequence[Hearing], tables: Tables, asking: Asking) -> Sequence[Hearing]:
    """The same, once it is known when lists are sorted: late, so that those of most denied accounts never are, where
    one method reads them and only to work out what is paid.
    """
    reading = [hearing for hearing in hearings if hearing.money.lots]
    if len(reading) != 1 or (asking.points == "all" and goes_through_lots(reading[0])):
        return hearings
    tables.sorted_late = True
    return [
        replace(each, money=replace(each.money, lots=f"LIST_SORT({each.money.lots})")) if each.money.lots else each
        for each in hearings
    ]


def _order(hearing: Hearing, of_lots: Reader, points: Points, flags: frozenset[str]) -> list[str]:
    """The order in which lots pay: of the one rule that says so."""
    speaking = Guards(replace(hearing.reader, points=points), hearing.rules["allocate"]).speaking()
    if len(speaking) > 1 or any(where is not True for _, where in speaking):
        why = CannotSay("사용 순서가 회원마다 다릅니다", "the order in which lots pay differs from account to account")
        raise Unsayable(speaking[0][0].id, why.why)
    ready = speaking[0][0] if speaking else hearing.compiled.built_in["allocate"]
    return order_of(of_lots, hearing.tables, hearing.held.last_day, ready, sorted(flags))


def _answer(hearing: Hearing, asking: Asking) -> dict[str, str]:
    """What one method comes to, by the columns of the answer."""
    method = hearing.reader.request.method
    if asking.points == "all":
        found = search(hearing)
        said = hearing.said(Column(found.told))
        points = pick([(said.denied, "0"), (True, found.told)])
    else:
        said = hearing.said(Fixed(asking.points))
        points = str(asking.points)
    money = said.money
    figures = {"payout": money.payout, "fee": money.fee, "tax": money.tax, "offset": money.offset}
    fields = {
        "points": points,
        **{name: pick([(said.denied, "0"), (True, amount)]) for name, amount in figures.items()},
    }
    whole = {name: f"CAST({amount} AS {COUNTED})" for name, amount in fields.items()}
    told = {"method": literal(method), "outcome": said.outcome, **whole, "reasons": said.reasons}
    return {**told, "error": "CAST(NULL AS VARCHAR)"}


def _struct(fields: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{literal(name)}: {field}' for name, field in fields.items())}}}"


def _not_in_force(error: NotInForce, asking: Asking) -> Statement:
    methods = ", ".join(map(literal, asking.methods))
    figures = ", ".join(f"CAST(0 AS {COUNTED}) AS {name}" for name in ("points", "payout", "fee", "tax", '"offset"'))
    return _statement(
        f"SELECT {ID}, method, CAST(NULL AS VARCHAR) AS outcome, {figures}, CAST([] AS VARCHAR[]) AS reasons,"
        f" {literal(str(error))} AS error FROM (SELECT {ID}, UNNEST([{methods}]) AS method FROM accounts) AS f"
    )


def _statement(text: str) -> Statement:
    try:
        import sqlglot
    except ImportError:
        raise NotInstalled("batch") from None
    return Statement(sqlglot.parse_one(text, read="duckdb"))
