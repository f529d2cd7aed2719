"""A population folder: its three files are looked at, and read in one stream, account by account.

Whatever its size, no more is in memory than a few batches: the files are sorted by account, and merged as they are
read. What is not as it has to be is told with its place and with what mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NoReturn

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
        self.connection = connection
        self._policy = policy
        self._schema = batch_schema(policy)
        self.notes: list[str] = []
        self.files: dict[str, str] = {}
        self.selects: dict[str, str] = {}
        self._sources: dict[str, str] = {}
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
        return self._merged(self.selects, rows)

    def batches_of(self, table: str, rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The same of the accounts whose ids a table holds."""
        chosen = {
            name: f"SELECT * FROM ({select}) SEMI JOIN {table} USING (account_id) ORDER BY {', '.join(SORTED_BY[name])}"
            for name, select in self.selects.items()
        }
        return self._merged(chosen, rows)

    def check(self) -> None:
        """Raises BadPopulation where the rows of a file are not in order, or belong to no account.

        One look at the keys, which costs a tenth of reading everything; only where it finds something is everything
        read, up to the row that it is.
        """
        for name, keys in SORTED_BY.items():
            before = ", ".join(f"lag({key}) OVER () AS before_{key}" for key in keys)
            listed = ", ".join(keys)
            above = f"({listed}) > ({', '.join(f'before_{key}' for key in keys)})"
            # The first row has none before it.
            first = f"before_{keys[0]} IS NULL AND {' AND '.join(f'{key} IS NOT NULL' for key in keys)}"
            looked_at = f"SELECT {listed}, {before} FROM ({self.selects[name]})"  # noqa: S608
            odd = self._all(name, f"SELECT count(*) FROM ({looked_at}) WHERE ({above} OR {first}) IS NOT TRUE")  # noqa: S608
            if odd != [(0,)]:
                self._read_all()

    def check_owners(self, within: Mapping[str, str]) -> None:
        """Raises BadPopulation where lots or history, read by these statements, are of none of these accounts."""
        for name in ("lots", "history"):
            known = f"ANTI JOIN ({within['accounts']}) AS known USING (account_id)"
            if self._all(name, f"SELECT count(*) FROM ({within[name]}) {known}") != [(0,)]:  # noqa: S608
                self._read_all()

    def stretches(self, accounts: int) -> list[dict[str, str]]:
        """The statements that read the files, by their names, for one stretch of accounts after the other: so many
        accounts or somewhat more, where the row groups of the file let stretches be read by themselves.
        """
        bounds = self._bounds(accounts)
        return [
            {name: f"SELECT * FROM ({select}){_within(low, high)}" for name, select in self.selects.items()}  # noqa: S608
            for low, high in pairwise([None, *bounds, None])
        ]

    def _bounds(self, accounts: int) -> list[str]:
        """Ids with which row groups begin, at least so many accounts apart."""
        groups = self._all(
            "accounts",
            "SELECT stats_min_value, row_group_num_rows FROM parquet_metadata("  # noqa: S608
            f"{self._sources['accounts']}) WHERE path_in_schema = 'account_id' ORDER BY file_name, row_group_id",
        )
        bounds: list[str] = []
        gathered = 0
        for least, rows in groups:
            if gathered >= accounts and least is not None and (not bounds or least > bounds[-1]):
                bounds.append(least)
                gathered = 0
            gathered += rows
        return bounds

    def _merged(self, selects: Mapping[str, str], rows: int) -> Iterator[Batch]:
        accounts, *others = (
            Stream(name, self.files[name], self._read(name, select, rows if name == "accounts" else _READ_ROWS))
            for name, select in selects.items()
        )
        return merged(accounts, dict(zip(("lots", "history"), others, strict=True)), self._schema)

    def _read_all(self) -> NoReturn:
        """Read everything, up to what is not in order."""
        for _ in self.batches(_READ_ROWS):
            pass
        raise AssertionError("a look at the keys found what reading everything did not")

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
                self._sources[name] = literal(pattern)
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

    def _read(self, name: str, select: str, rows: int) -> Iterator[Batch]:
        """The rows that a statement reads of one file."""
        try:
            reader = self.connection.cursor().sql(select).to_arrow_reader(rows)
            yield from (batch for batch in reader if batch.num_rows)
        except load_duckdb().Error as error:
            raise self._unreadable(name, error) from None

    def _all(self, name: str, statement: str) -> list[Any]:
        try:
            return self.connection.execute(statement).fetchall()  # type: ignore[no-any-return]
        except load_duckdb().Error as error:
            raise self._unreadable(name, error) from None

    def _unreadable(self, name: str, error: Exception) -> BadPopulation:
        told = " ".join(str(error).split())[:200]
        return BadPopulation(self.files[name], f"cannot be read ({told})", "write it anew as Parquet")


def _within(low: str | None, high: str | None) -> str:
    conditions = [f"account_id {sign} {literal(bound)}" for sign, bound in ((">=", low), ("<", high)) if bound]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
