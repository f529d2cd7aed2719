"""DuckDB, as the rest of this folder uses it: opened with bounded memory, and the few pieces of SQL that all write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.population.libraries import load_duckdb

Connection = Any
"""A connection of DuckDB, or a cursor of one."""

GROUP_ROWS = 122_880
"""Rows of a row group of Parquet: what DuckDB makes of itself."""


@contextmanager
def opened(memory: str = "1GB", *, spill: str = "", threads: int | None = None) -> Iterator[Connection]:
    """A database in memory, of which no more is kept there than `memory`: the rest goes into the folder `spill` for a
    while; where none is named, more than that is an error.

    It fetches nothing from the network. Raises NotInstalled.
    """
    duckdb = load_duckdb()
    settings = {
        "memory_limit": memory,
        "temp_directory": spill,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        **({} if threads is None else {"threads": str(threads)}),
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        # The same files are looked at again and again.
        connection.execute("SET parquet_metadata_cache = true")
        yield connection
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Dialect:
    """What two dialects of SQL call by different names."""

    quote: str
    timestamp: str
    """How a literal of an instant begins, whose zone nobody says."""
    bytes_of: str
    """How many bytes a text has."""
    control: str
    """Whether a text holds a control character."""
    size: str
    """How many items a list has."""
    nones: str
    """How many of them are NULL."""
    least_and_most: tuple[str, str]
    """The least and the most of a list."""
    sum_of: str
    """A sum that may become larger than any whole number of a column."""

    def quoted(self, name: str) -> str:
        """A name as this dialect writes it."""
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"


DUCKDB = Dialect(
    '"',
    "TIMESTAMP",
    "strlen",
    # A look by a pattern is dear; only a text that JSON would write otherwise, or that is no ASCII, is worth one.
    "(strlen(CAST(to_json({0}) AS VARCHAR)) <> length({0}) + 2 OR contains({0}, chr(127)))"
    r" AND regexp_matches({0}, '\p{{Cc}}')",
    "len",
    "(len({0}) - list_count({0}))",
    ("list_min", "list_max"),
    "sum({})",
)
SPARK = Dialect(
    "`",
    "TIMESTAMP_NTZ",
    "octet_length",
    r"{} RLIKE '\\p{{Cc}}'",
    "size",
    "size(filter({}, each -> each IS NULL))",
    ("array_min", "array_max"),
    "sum(CAST({} AS DECIMAL(38, 0)))",
)


def quoted(name: str) -> str:
    """A name as SQL writes it.

    >>> print(quoted("account.policy"))
    "account.policy"
    """
    return DUCKDB.quoted(name)


def literal(value: str | int) -> str:
    """A text or a whole number as SQL writes it.

    >>> literal("it's"), literal(7)
    ("'it''s'", '7')
    """
    if isinstance(value, int):
        return str(value)
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def sql_type(kind: Any) -> str:
    """What SQL calls a type of pyarrow that the tables use.

    >>> import pyarrow as pa
    >>> sql_type(pa.list_(pa.date32())), sql_type(pa.int64())
    ('DATE[]', 'BIGINT')
    """
    name = str(kind)
    if name.startswith("list<"):
        return f"{sql_type(kind.value_type)}[]"
    names = {
        "string": "VARCHAR",
        "int64": "BIGINT",
        "date32[day]": "DATE",
        "bool": "BOOLEAN",
        "timestamp[us]": "TIMESTAMP",
    }
    return names[name]


def select(schema: Any, expressions: Mapping[str, str], source: str) -> str:
    """The statement for the columns of a schema, each from its expression."""
    columns = [f"CAST({expressions[field.name]} AS {sql_type(field.type)}) AS {quoted(field.name)}" for field in schema]
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608


def within_bounds(low: str | None, high: str | None) -> str:
    """Only accounts from one id on and up to another, as a statement ends; None is no bound.

    >>> within_bounds("A", None)
    " WHERE account_id >= 'A'"
    """
    conditions = [f"account_id {sign} {literal(bound)}" for sign, bound in ((">=", low), ("<", high)) if bound]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def written(connection: Connection, statement: str, path: str) -> None:
    """Write the rows of a statement, in their order, as one Parquet file. Raises OSError."""
    options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS}"
    try:
        connection.execute(f"COPY ({statement}) TO {literal(path)} ({options})")
    except load_duckdb().IOException as error:
        raise OSError(str(error)) from None
