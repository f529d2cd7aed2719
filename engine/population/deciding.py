"""A whole population decided on this machine: by the compiled statement where the policy can be said in columns, by the
batch function otherwise. The answers are the same.

A statement runs on one stretch of accounts after the other, so that memory does not grow with their number. What it
must not see (`soundness.py`) is decided by the batch function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.population.answers import FOUND_OUT, Asking, answers_schema
from engine.population.batch import BatchFunction
from engine.population.cases import Batch
from engine.population.folder import Population
from engine.population.libraries import load_arrow
from engine.population.processes import answers_of
from engine.population.soundness import odd_accounts
from engine.population.sql import literal, quoted
from engine.population.ways import Way
from policies.versions import PolicyVersion

STRETCH_ACCOUNTS = 100_000
"""Accounts of a stretch, as far as the row groups of the file allow."""

_ROWS = 100_000
"""Answers that are taken of a statement at once."""

_NOT_ODD = "ANTI JOIN odd USING (account_id)"


def answers(
    version: PolicyVersion, asking: Asking, population: Population, way: Way, processes: int | None = None
) -> Iterator[Batch]:
    """What every account is answered, in the way that was found. Raises BadPopulation."""
    if way.statement is None:
        return answers_of(version, asking, population.batches(), processes)
    return answers_by_statement(version, asking, population, way.statement.sql("duckdb"))


def answers_by_statement(
    version: PolicyVersion, asking: Asking, population: Population, statement: str
) -> Iterator[Batch]:
    """The answers of a statement in DuckDB's SQL over `accounts`, `lots` and `history`. Raises BadPopulation."""
    population.check()
    connection = population.connection
    function: BatchFunction | None = None
    for within in population.stretches(STRETCH_ACCOUNTS):
        population.check_owners(within)
        _see(connection, within)
        connection.execute(f"CREATE OR REPLACE TABLE odd AS {odd_accounts(version.policy)}")
        odd = connection.execute("SELECT count(*) FROM odd").fetchall() != [(0,)]
        if odd:
            function = function or BatchFunction(version, asking)
            yield from map(function, population.batches_of("odd"))
            _see(connection, {name: f"SELECT * FROM ({select}) {_NOT_ODD}" for name, select in within.items()})  # noqa: S608
        yield from _in_order(connection, statement, asking)


def _see(connection: Any, selects: dict[str, str]) -> None:
    """Make these the tables that a statement reads."""
    for name, select in selects.items():
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS {select}")


def _in_order(connection: Any, statement: str, asking: Asking) -> Iterator[Batch]:
    """The rows of a statement, by account and by method in the order of the asking."""
    columns = ", ".join(map(quoted, FOUND_OUT))
    methods = ", ".join(map(literal, asking.methods))
    place = f"list_position([{methods}], method)"
    in_order = f"SELECT {columns} FROM ({statement}) ORDER BY account_id, {place}"  # noqa: S608
    reader = connection.sql(in_order).to_arrow_reader(_ROWS)
    schema = answers_schema()
    pa = load_arrow()
    for batch in reader:
        cast = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(cast, schema=schema)
