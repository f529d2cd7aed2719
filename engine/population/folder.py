"""A population folder: its three files are looked at, and read in one stream, account by account.

Whatever its size, no more is in memory than a few batches: the files are sorted by account, and merged as they are
read. What is not as it has to be is told with its place and with what mends it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import copy
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
from engine.population.sql import Connection, literal, quoted, sql_type, within_bounds
from policies.model import Policy
from policies.problems import did_you_mean, in_language

BATCH_ROWS = 500
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


def columns_of(
    file: str, there: Mapping[str, str], schema: Any, optional: Collection[str]
) -> tuple[list[tuple[Any, str]], list[str]]:
    """For each field of a schema the column of a file that it is read from, "" where an `optional` one is missing; and
    notes on the columns that nobody reads. `there` are the columns with their types. Raises BadPopulation.
    """
    known = {field.name.casefold(): field for field in schema}
    called = {name.casefold(): name for name in there}
    missing = [field.name for folded, field in known.items() if folded not in called]
    notes = []
    for name in (name for folded, name in called.items() if folded not in known):
        hint = did_you_mean(name, missing)
        if hint is not None:
            raise BadPopulation(file, f"column '{name}' is not known", in_language(hint, "en"))
        notes.append(f"{file}: column '{name}' is left aside: the policy does not know it")
    found = []
    for folded, field in known.items():
        wanted, name = sql_type(field.type), called.get(folded, "")
        if not name and field.name not in optional:
            raise BadPopulation(file, f"column '{field.name}' is missing", f"add it as {wanted}")
        if name and there[name] not in _TYPES[wanted]:
            raise BadPopulation(file, f"column '{name}' is {there[name]}", f"write it as {wanted}")
        found.append((field, name))
    return found, notes


def optional_columns(policy: Policy, scope: str) -> set[str]:
    """The columns that a file may lack: those of declared facts that need not be stated."""
    return {column(fact) for fact in declared_facts(policy, scope) if not fact.required}


def of_other_policy(file: str, other: str, policy: Policy) -> BadPopulation:
    """The points of one programme are not refunded by another."""
    what = f"holds accounts of '{other}', and the policy is '{policy.id}'"
    return BadPopulation(file, what, "decide each programme's accounts by its own policy")


class Population:
    """A population folder, opened for one policy.

    `notes` say what of it nobody will look at.
    """

    def __init__(self, connection: Connection, folder: str, policy: Policy) -> None:
        """Raises BadPopulation where a file is missing or has other columns than it should."""
        self.connection = connection
        self.folder = folder
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
            self.files[name] = f"{folder}/{name}.parquet"
            self.selects[name] = self._select(name, schema, optional_columns(policy, scope))
        self._check_policy()

    def beside(self) -> Population:
        """The same folder, for another thread."""
        other = copy(self)
        other.connection = self.connection.cursor()
        return other

    @property
    def accounts(self) -> int:
        """How many accounts there are."""
        counted: int = self._all("accounts", f"SELECT count(*) FROM ({self.selects['accounts']})")[0][0]  # noqa: S608
        return counted

    def batches(self, rows: int = BATCH_ROWS, read_rows: int = _READ_ROWS) -> Iterator[Batch]:
        """The accounts with their lots and history, so many at a time, in their order; of lots and history so many
        rows are read at once. Raises BadPopulation at the first row that is out of order or of no account.
        """
        return self._merged(self.selects, rows, read_rows)

    def batches_of(self, table: str, within: Mapping[str, str], rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """The same of the accounts whose ids a table holds, read by these statements."""
        only = f"SEMI JOIN {table} USING (account_id)"
        chosen = {
            name: f"SELECT * FROM ({select}) {only} ORDER BY {', '.join(SORTED_BY[name])}"  # noqa: S608
            for name, select in within.items()
        }
        return self._merged(chosen, rows, _READ_ROWS)

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
        return [
            {name: f"SELECT * FROM ({select}){within_bounds(*each)}" for name, select in self.selects.items()}  # noqa: S608
            for each in self.bounds(accounts)
        ]

    def bounds(self, accounts: int) -> list[tuple[str | None, str | None]]:
        """The stretches of accounts, each from an id on and up to another; None where there is no bound."""
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
        return list(pairwise([None, *bounds, None]))

    def _merged(self, selects: Mapping[str, str], rows: int, read_rows: int) -> Iterator[Batch]:
        accounts, *others = (
            Stream(name, self.files[name], self._read(name, select, rows if name == "accounts" else read_rows))
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
        there = {column: kind for column, kind, *_ in described}
        found, notes = columns_of(self.files[name], there, schema, optional)
        self.notes += notes
        chosen = []
        for field, called in found:
            zoned = " AT TIME ZONE 'UTC'" if called and there[called].endswith("TIME ZONE") else ""
            read = f"{quoted(called)}{zoned}" if called else "NULL"
            chosen.append(f"CAST({read} AS {sql_type(field.type)}) AS {quoted(field.name)}")
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
        own = literal(self._policy.id)
        of_others = f"SELECT policy FROM ({self.selects['accounts']}) WHERE policy <> {own} LIMIT 1"  # noqa: S608
        for (other,) in self._all("accounts", of_others):
            raise of_other_policy(self.files["accounts"], other, self._policy)

    def _read(self, name: str, select: str, rows: int) -> Iterator[Batch]:
        """The rows that a statement reads of one file."""
        unreadable = load_duckdb().Error
        try:
            reader = self.connection.cursor().sql(select).to_arrow_reader(rows)
            yield from (batch for batch in reader if batch.num_rows)
        except unreadable as error:
            raise self._unreadable(name, error) from None

    def _all(self, name: str, statement: str) -> list[Any]:
        try:
            return self.connection.execute(statement).fetchall()  # type: ignore[no-any-return]
        except load_duckdb().Error as error:
            raise self._unreadable(name, error) from None

    def _unreadable(self, name: str, error: Exception) -> BadPopulation:
        told = " ".join(str(error).split())[:200]
        return BadPopulation(self.files[name], f"cannot be read ({told})", "write it anew as Parquet")
