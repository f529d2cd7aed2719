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
    columns = ", ".join(map(quoted, FOUND_OUT))
    # By account, and by method in the order of the asking.
    place = f"list_position([{', '.join(map(literal, asking.methods))}], method)"
    function: BatchFunction | None = None
    for within in population.stretches(STRETCH_ACCOUNTS):
        population.check_owners(within)
        _see(connection, within)
        connection.execute(f"CREATE OR REPLACE TABLE odd AS {odd_accounts(version.policy)}")
        rows = f"SELECT {columns} FROM ({statement})"  # noqa: S608
        if connection.execute("SELECT count(*) FROM odd").fetchall() != [(0,)]:
            function = function or BatchFunction(version, asking)
            answered = load_arrow().Table.from_batches(map(function, population.batches_of("odd")), answers_schema())
            connection.register("answered", answered)
            rows += f" UNION ALL SELECT {columns} FROM answered"  # noqa: S608
            _see(connection, {name: f"SELECT * FROM ({select}) {_NOT_ODD}" for name, select in within.items()})  # noqa: S608
        yield from _batches(connection, f"SELECT * FROM ({rows}) ORDER BY account_id, {place}")  # noqa: S608


def _see(connection: Any, selects: dict[str, str]) -> None:
    """Make these the tables that a statement reads."""
    for name, select in selects.items():
        connection.execute(f"CREATE OR REPLACE VIEW {name} AS {select}")


def _batches(connection: Any, rows: str) -> Iterator[Batch]:
    schema = answers_schema()
    for batch in connection.sql(rows).to_arrow_reader(_ROWS):
        cast = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield load_arrow().RecordBatch.from_arrays(cast, schema=schema)
