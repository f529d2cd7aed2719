"""A whole population decided on this machine: by the compiled statement where the policy can be said in columns, by the
batch function otherwise. The answers are the same.

A statement runs on stretches of accounts, so that memory does not grow with their number: on as many at once as there
are processors, while those that are done are written. What it must not see (`soundness.py`) is decided by the batch
function.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine.population.answers import FOUND_OUT, Asking, answers_schema
from engine.population.batch import BatchFunction
from engine.population.cases import Batch
from engine.population.folder import Population
from engine.population.libraries import load_arrow
from engine.population.processes import answers_of, processors
from engine.population.soundness import odd_accounts
from engine.population.sql import literal, quoted
from engine.population.ways import Way
from policies.versions import PolicyVersion

STRETCH_ACCOUNTS = 100_000
"""Accounts of a stretch, as far as the row groups of the file allow."""

MANY_STRETCHES = 24
"""Of more stretches than these each is loaded before it is looked at: every look at a file costs time for each of its
row groups, so that the time would grow faster than the number of accounts.
"""

_ROWS = 100_000
"""Answers that are taken of a statement at once."""


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
    """The answers of a statement in DuckDB's SQL over `accounts`, `lots` and `history`. Raises BadPopulation, at the
    latest behind the last of them: the order of the files is looked at meanwhile.
    """
    count = processors()
    all_stretches = population.stretches(STRETCH_ACCOUNTS)
    stretches = _Stretches(version, asking, population, statement, len(all_stretches) > MANY_STRETCHES)
    waiting = iter(enumerate(all_stretches))
    with ThreadPoolExecutor(count) as pool:
        checked = pool.submit(population.beside().check)
        asked: deque[Future[list[Batch]]] = deque()
        try:
            while True:
                for number, within in islice(waiting, count + 1 - len(asked)):
                    asked.append(pool.submit(stretches.answers, number, within))
                if not asked:
                    break
                yield from asked.popleft().result()
            checked.result()
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """What a statement answers, one stretch of accounts at a time; several threads may ask at once."""

    version: PolicyVersion
    asking: Asking
    population: Population
    statement: str
    loading: bool

    def answers(self, number: int, within: Mapping[str, str]) -> list[Batch]:
        """The answers of the stretch of that number, which these statements read. Raises BadPopulation."""
        population = self.population.beside()
        connection, odd = population.connection, f"odd_{number}"
        tables = [odd]
        if self.loading:
            for name, select in within.items():
                tables.append(f"{name}_{number}")
                connection.execute(f"CREATE OR REPLACE TABLE {name}_{number} AS {select}")
            within = {name: f"SELECT * FROM {name}_{number}" for name in within}  # noqa: S608
        connection.execute(f"CREATE OR REPLACE TABLE {odd} AS {_over(within)} {odd_accounts(self.version.policy)}")
        columns = ", ".join(map(quoted, FOUND_OUT))
        rows = f"SELECT {columns} FROM ({self.statement})"  # noqa: S608
        if connection.execute(f"SELECT count(*) FROM {odd}").fetchall() != [(0,)]:  # noqa: S608
            population.check_owners(within)
            function = BatchFunction(self.version, self.asking)
            answered = load_arrow().Table.from_batches(
                map(function, population.batches_of(odd, within)), answers_schema()
            )
            connection.register("answered", answered)
            rows += f" UNION ALL SELECT {columns} FROM answered"  # noqa: S608
            sound = f"ANTI JOIN {odd} USING (account_id)"
            within = {name: f"SELECT * FROM ({select}) {sound}" for name, select in within.items()}  # noqa: S608
        # By account, and by method in the order of the asking.
        place = f"list_position([{', '.join(map(literal, self.asking.methods))}], method)"
        found = list(_batches(connection, f"{_over(within)} SELECT * FROM ({rows}) ORDER BY account_id, {place}"))  # noqa: S608
        for table in tables:
            connection.execute(f"DROP TABLE {table}")
        return found


def _over(selects: Mapping[str, str]) -> str:
    """How a statement begins whose tables these statements read."""
    return f"WITH {', '.join(f'{name} AS NOT MATERIALIZED ({select})' for name, select in selects.items())}"


def _batches(connection: Any, rows: str) -> Iterator[Batch]:
    schema = answers_schema()
    for batch in connection.sql(rows).to_arrow_reader(_ROWS):
        cast = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield load_arrow().RecordBatch.from_arrays(cast, schema=schema)
