"""A population folder: its three files are looked at, and read in one stream, account by account.

Whatever its size, no more is in memory than a few batches: the files are sorted by account, and merged as they are
read. What is not as it has to be is told with its place and with what mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.population.answers import (
    SORTED_BY,
    accounts_schema,
    column,
    declared_facts,
    history_schema,
    lots_schema,
)
from engine.population.cases import Batch, batch_schema
from engine.population.libraries import load_duckdb
from engine.population.merging import BadPopulation, Stream, merged
from engine.population.sql import Connection, literal, quoted, sql_type
from policies.model import Policy
from policies.problems import did_you_mean, in_language

BATCH_ROWS = 2_000
"""Accounts of a batch: many enough that columns pay, few enough that every core gets some."""

_READ_ROWS = 20_000
"""Rows that are read of lots and history at once."""

_TYPES: Mapping[str, frozenset[str]] = {
    "VARCHAR": frozenset({"VARCHAR"}),
    "BOOLEAN": frozenset({"BOOLEAN"}),
    "DATE": frozenset({"DATE"}),
    "DATE[]": frozenset({"DATE[]"}),
    "BIGINT": frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}),
    "TIMESTAMP": frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}),
}
"""What else than the type itself is taken for each, because nothing is lost by it."""


class Population:
    """A population folder, opened for one policy.

    `notes` say what of it nobody will look at.
    """

    def __init__(self, connection: Connection, folder: str, policy: Policy) -> None:
        """Raises BadPopulation where a file is missing or has other columns than it should."""
        self._connection = connection
        self._policy = policy
        self._schema = batch_schema(policy)
        self.notes: list[str] = []
        self.files: dict[str, str] = {}
        self.selects: dict[str, str] = {}
        for name, schema, scope in (
            ("accounts", accounts_schema(policy), "account"),
            ("lots", lots_schema(policy), "lot"),
            ("history", history_schema(), ""),
        ):
            optional = {column(fact) for fact in declared_facts(policy, scope) if not fact.required}
            self.files[name] = f"{folder}/{name}.parquet"
            self.selects[name] = self._select(name, schema, optional)
        self._check_policy()

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        counted: int = self._all("accounts", f"SELECT count(*) FROM ({self.selects['accounts']})")[0][0]  # noqa: S608
        return counted

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The accounts with their lots and history, so many at a time, in their order. Raises BadPopulation at the
        first row that is out of order or of no account.
        """
        streams = {name: Stream(name, self.files[name], self._read(name, _READ_ROWS)) for name in ("lots", "history")}
        return merged(Stream("accounts", self.files["accounts"], self._read("accounts", rows)), streams, self._schema)

    def _select(self, name: str, schema: Any, optional: set[str]) -> str:
        """The statement that reads the columns of one file as the types of its schema."""
        source = self._source(name)
        described = self._all(name, f"DESCRIBE SELECT * FROM {source}")  # noqa: S608
        there = {called.casefold(): (called, kind) for called, kind, *_ in described}
        missing = [field for field in schema if field.name.casefold() not in there]
        known = {field.name.casefold() for field in schema}
        for called in (called for folded, (called, _) in there.items() if folded not in known):
            hint = did_you_mean(called, [field.name for field in missing])
            if hint is not None:
                raise BadPopulation(self.files[name], f"column '{called}' is not known", in_language(hint, "en"))
            self.notes.append(f"{self.files[name]}: column '{called}' is left aside: the policy does not know it")
        chosen = []
        for field in schema:
            wanted = sql_type(field.type)
            there_as, kind = there.get(field.name.casefold(), ("", ""))
            if not there_as and field.name not in optional:
                raise BadPopulation(self.files[name], f"column '{field.name}' is missing", f"add it as {wanted}")
            if there_as and kind not in _TYPES[wanted]:
                raise BadPopulation(self.files[name], f"column '{there_as}' is {kind}", f"write it as {wanted}")
            zoned = " AT TIME ZONE 'UTC'" if kind.endswith("TIME ZONE") else ""
            read = f"{quoted(there_as)}{zoned}" if there_as else "NULL"
            chosen.append(f"CAST({read} AS {wanted}) AS {quoted(field.name)}")
        return f"SELECT {', '.join(chosen)} FROM {source}"  # noqa: S608

    def _source(self, name: str) -> str:
        """What SQL reads of a file, or of all files of a folder in the order of their names."""
        path = self.files[name]
        for pattern in (path, f"{path}/*.parquet"):
            if self._all(name, f"SELECT count(*) FROM glob({literal(pattern)})") != [(0,)]:  # noqa: S608
                return f"read_parquet({literal(pattern)}, hive_partitioning = false)"
        raise BadPopulation(
            path, "there is no such file", f"a population has {', '.join(f'{each}.parquet' for each in SORTED_BY)}"
        )

    def _check_policy(self) -> None:
        """The points of one programme are not refunded by another."""
        own = literal(self._policy.id)
        of_others = f"SELECT policy FROM ({self.selects['accounts']}) WHERE policy <> {own} LIMIT 1"  # noqa: S608
        others = self._all("accounts", of_others)
        if others:
            raise BadPopulation(
                self.files["accounts"],
                f"holds accounts of '{others[0][0]}', and the policy is '{self._policy.id}'",
                "decide each programme's accounts by its own policy",
            )

    def _read(self, name: str, rows: int) -> Iterator[Batch]:
        """The rows of one file, in its order."""
        try:
            reader = self._connection.cursor().sql(self.selects[name]).to_arrow_reader(rows)
            yield from (batch for batch in reader if batch.num_rows)
        except load_duckdb().Error as error:
            raise self._unreadable(name, error) from None

    def _all(self, name: str, statement: str) -> list[Any]:
        try:
            return self._connection.execute(statement).fetchall()  # type: ignore[no-any-return]
        except load_duckdb().Error as error:
            raise self._unreadable(name, error) from None

    def _unreadable(self, name: str, error: Exception) -> BadPopulation:
        told = " ".join(str(error).split())[:200]
        return BadPopulation(self.files[name], f"cannot be read ({told})", "write it anew as Parquet")
