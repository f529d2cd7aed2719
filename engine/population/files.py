"""Answers, and accounts as they are stored, written as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.facts import Account, Lot, own_fields
from engine.population.answers import (
    HISTORY_KEYS,
    SORTED_BY,
    accounts_schema,
    answers_schema,
    declared_facts,
    history_schema,
    lots_schema,
)
from engine.population.cases import Batch
from engine.population.libraries import load_arrow
from engine.population.sql import GROUP_ROWS, Connection, literal, opened, written
from policies.model import Policy

Json = Mapping[str, Any]


def write_answers(path: str, batches: Iterable[Batch]) -> Iterator[int]:
    """Write answers as one Parquet file, and tell how many rows each batch added. Raises OSError."""
    pa = load_arrow()
    with _writer(path, answers_schema()) as writer:
        gathered: list[Batch] = []
        rows = 0
        for batch in batches:
            gathered.append(batch)
            rows += batch.num_rows
            if rows >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(gathered), row_group_size=GROUP_ROWS)
                gathered, rows = [], 0
            yield batch.num_rows
        if gathered:
            writer.write_table(pa.Table.from_batches(gathered), row_group_size=GROUP_ROWS)


def outcomes_of(connection: Connection, path: str) -> dict[str | None, int]:
    """How often each outcome is among the answers of a file; None is that of what was not decided."""
    counted = f"SELECT outcome, count(*) FROM read_parquet({literal(path)}) GROUP BY outcome"  # noqa: S608
    return dict(connection.execute(counted).fetchall())


class Misfit(ValueError):
    """A stored fact that is not of the type that its policy says: which column, and what is wrong."""


class PopulationWriter:
    """Writes stored accounts, which come in any order, as a population: first as they come, into the folder `rough`,
    then in order. Raises OSError.
    """

    def __init__(self, rough: str, policy: Policy) -> None:
        self._rough = rough
        self._policy = policy
        self._schemas = {"accounts": accounts_schema(policy), "lots": lots_schema(policy), "history": history_schema()}
        self._writers = {name: _writer(f"{rough}/{name}.parquet", schema) for name, schema in self._schemas.items()}
        self._account = _names(policy, "account", Account)
        self._lot = _names(policy, "lot", Lot)

    def add(self, accounts: Sequence[tuple[str, Json, Sequence[Json], Sequence[Json]]]) -> None:
        """Accounts, each with its policy, its lots and its history, as plain JSON data. Raises Misfit."""
        self._write(
            "accounts",
            [(facts["id"], policy, *map(facts.get, self._account)) for policy, facts, _, _ in accounts],
        )
        self._write(
            "lots",
            [(facts["id"], lot["id"], *map(lot.get, self._lot)) for _, facts, lots, _ in accounts for lot in lots],
        )
        facts_of = self._schemas["history"].names[len(HISTORY_KEYS) :]
        self._write(
            "history",
            [
                (facts["id"], past["id"], past["account_id"], *map(past.get, facts_of))
                for _, facts, _, history in accounts
                for past in history
            ],
        )

    def finish(self, folder: str, memory: str = "1GB") -> None:
        """Put everything in order, into another folder. Raises OSError."""
        for writer in self._writers.values():
            writer.close()
        with opened(memory, spill=self._rough) as connection:
            for name, keys in SORTED_BY.items():
                rough = f"read_parquet({literal(f'{self._rough}/{name}.parquet')})"
                sorted_rows = f"SELECT * FROM {rough} ORDER BY {', '.join(keys)}"  # noqa: S608
                written(connection, sorted_rows, f"{folder}/{name}.parquet")

    def _write(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        schema = self._schemas[name]
        if rows:
            columns = list(map(_column, schema, zip(*rows, strict=True)))
            self._writers[name].write_batch(load_arrow().RecordBatch.from_arrays(columns, schema=schema))


def _names(policy: Policy, scope: str, record: type[Any]) -> list[str]:
    """What the facts of a record are called, in the order of their columns."""
    own = [name for name in own_fields(record) if name != "id"]
    return [*own, *(fact.name for fact in declared_facts(policy, scope))]


def _column(field: Any, values: Sequence[Any]) -> Any:
    """Plain JSON data as a column. Raises Misfit."""
    pa = load_arrow()
    kind = field.type
    try:
        if pa.types.is_timestamp(kind):
            return pa.array([value.removesuffix("Z") for value in values], pa.string()).cast(kind)
        if pa.types.is_date32(kind):
            return pa.array(values, pa.string()).cast(kind)
        if pa.types.is_list(kind):
            return pa.array(values, pa.list_(pa.string())).cast(kind)
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError) as error:
        raise Misfit(f"column '{field.name}': {' '.join(str(error).split())[:200]}") from None


def _writer(path: str, schema: Any) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetWriter(path, schema, compression="zstd")
