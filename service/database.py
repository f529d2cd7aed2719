"""Connections and transactions: SQLite by default, PostgreSQL when the URL says so.

Everything that differs between the two is in this file. A caller sees `reading` (one consistent
picture), `writing` (all or nothing, repeated when the database asks for it) and `lock` (one at a
time per name), and `Unavailable` when the database cannot serve now.

SQLite: a write transaction takes the write lock at its start (`BEGIN IMMEDIATE`): with the default
a transaction that reads first fails at its first write when another one wrote in between, and no
waiting helps. PostgreSQL: READ COMMITTED with locks taken first, so what is read after the lock is
what the one before left.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from peewee import (  # type: ignore[attr-defined]  # the wrapper is not in its stubs
    Database,
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    PeeweeException,
    SqliteDatabase,
    __exception_wrapper__,
)
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase, PooledSqliteDatabase

from service.config import BadSetting, Settings

__all__ = [
    "Database",
    "Row",
    "Unavailable",
    "close_database",
    "connected",
    "copy_to",
    "execute",
    "execute_many",
    "lock",
    "on_sqlite",
    "open_database",
    "overwriting",
    "reading",
    "rows",
    "step",
    "writing",
]

Result = TypeVar("Result")
Row = tuple[Any, ...]

log = logging.getLogger("recoup.database")
# At DEBUG the library logs every statement with its values, and what members write is among them.
logging.getLogger("peewee").setLevel(logging.INFO)

# PostgreSQL: "could not serialize" and "deadlock detected"; both undo the transaction and invite
# the same transaction again.
REPEATED_STATES = frozenset({"40001", "40P01"})
# With all pauses some five seconds: of several that meet at one account each time but one is undone.
ATTEMPTS = 16
FIRST_PAUSE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.5

# Classes of SQLSTATE that mean "not now": connection, resources, operator's intervention, system.
UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})
# "lock not available" and "read-only transaction" stand in classes that otherwise mean a bug.
UNAVAILABLE_STATES = REPEATED_STATES | {"55P03", "25006"}
UNAVAILABLE_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


class Unavailable(Exception):
    """The database cannot serve now (locked, full, read-only, unreachable); nothing was stored."""


def open_database(settings: Settings) -> Database:
    """The database that a URL names; nothing is connected yet. Raises BadSetting."""
    scheme = urlsplit(settings.database_url).scheme
    if scheme == "sqlite":
        return _sqlite(settings)
    if scheme in ("postgresql", "postgres"):
        return _postgresql(settings)
    raise BadSetting("DATABASE_URL takes sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")


def close_database(database: Database) -> None:
    """Close every connection of this process."""
    database.close_all()  # type: ignore[attr-defined]  # of the pool


class _Sqlite(PooledSqliteDatabase):  # type: ignore[misc]  # without types
    """A pool whose connections wait for the switch to WAL.

    Where several processes open a new file in the same instant, SQLite tells all but one of them at once that it is
    locked, whatever the busy timeout is: to wait with the file half opened could be a deadlock.
    """

    busy_seconds: int

    def _connect(self) -> Any:
        end = time.monotonic() + self.busy_seconds
        while True:
            try:
                return super()._connect()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(random.uniform(0, 2 * FIRST_PAUSE_SECONDS))


def _sqlite(settings: Settings) -> Database:
    path = settings.database_url.removeprefix("sqlite://").removeprefix("/")
    if not path or path == ":memory:":
        raise BadSetting("DATABASE_URL names no file: write sqlite:///recoup.db")
    database = _Sqlite(
        path,
        max_connections=settings.max_connections,
        timeout=settings.busy_seconds,
        # The pool hands a connection to one thread at a time, but not always to the same one.
        check_same_thread=False,
        pragmas=[
            # First, because the next pragma already needs to wait for a lock.
            ("busy_timeout", settings.busy_seconds * 1000),
            ("journal_mode", "wal"),
            # FULL: a commit that was answered survives a power cut.
            ("synchronous", "full"),
            ("foreign_keys", 1),
        ],
    )
    database.busy_seconds = settings.busy_seconds
    pooled: Database = database
    return pooled


def _postgresql(settings: Settings) -> Database:
    _, rest = settings.database_url.split("://", 1)
    if find_spec("psycopg") is None:
        raise BadSetting("PostgreSQL needs one more package: make test, or .venv/bin/pip install '.[pg]'")
    database: Database = PooledPostgresqlDatabase(
        f"postgresql://{rest}",
        max_connections=settings.max_connections,
        timeout=settings.busy_seconds,
        prefer_psycopg3=True,
        options=f"-c lock_timeout={settings.busy_seconds}s -c timezone=UTC",
        application_name="recoup",
        connect_timeout=settings.busy_seconds,
    )
    return database


def on_sqlite(database: Database) -> bool:
    """Whether this is SQLite; the only other kind is PostgreSQL."""
    return isinstance(database, SqliteDatabase)


@contextmanager
def connected(database: Database) -> Iterator[None]:
    """One connection for everything inside, without a transaction."""
    with _translated(), database.connection_context():
        yield


def copy_to(database: Database, file: Path) -> None:
    """Write a SQLite database into an empty file, as it is at one instant, while others write. Raises Unavailable."""
    assert on_sqlite(database), "PostgreSQL is copied by its own tools"
    with connected(database):
        execute(database, "VACUUM INTO ?", (str(file),))
    # The copy has to be there, whatever happens next to what it is a copy of.
    with file.open("rb") as written:
        os.fsync(written.fileno())


@contextmanager
def overwriting(database: Database) -> Iterator[None]:
    """Whatever is changed inside is gone from the file, where SQLite would only give its place free."""
    if not on_sqlite(database):
        yield
        return
    with connected(database):
        execute(database, "PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            # The transaction inside gave its connection back to the pool, which gives the same one again.
            with connected(database):
                execute(database, "PRAGMA secure_delete = OFF")
                execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def reading(database: Database) -> Iterator[None]:
    """A read-only look: everything inside sees one instant of the database."""
    picture = "DEFERRED" if on_sqlite(database) else "REPEATABLE READ, READ ONLY"
    with _translated(), database.connection_context(), database.atomic(picture):
        yield


def writing(database: Database, work: Callable[[], Result]) -> Result:
    """Do `work` in one transaction: all of it is kept, or nothing is.

    `work` may be run again from the start when PostgreSQL undid it for the sake of others, so it
    must have no effect outside the database.
    """
    assert not database.in_transaction(), "a transaction is not opened inside another"
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _translated(), database.connection_context(), _write_transaction(database):
                return work()
        except _Undone:
            if attempt == ATTEMPTS:
                raise
            log.info("transaction undone by the database, attempt %d", attempt)
            # A random pause, or the same two would meet again.
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise AssertionError("the loop returns or raises")


@contextmanager
def step(database: Database) -> Iterator[None]:
    """A part of an open write transaction that can fail by itself: what it wrote is undone when it raises."""
    assert database.in_transaction(), "a step is part of a transaction"
    with database.atomic():
        yield


def _write_transaction(database: Database) -> Any:
    return database.atomic("IMMEDIATE") if on_sqlite(database) else database.atomic()


def lock(database: Database, *names: str) -> None:
    """Wait until no other write transaction holds one of these names; held until the end of ours.

    Names are locked in the given order: callers that lock several use one order everywhere. On
    SQLite the write lock, taken when the transaction began, holds them all.
    """
    assert database.in_transaction(), "a lock lasts as long as its transaction"
    if on_sqlite(database):
        return
    for name in names:
        rows(database, "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))


def rows(database: Database, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    """The rows of one fixed statement, written with `?`.

    For the statements of every decision: building a query out of objects costs thirty times what
    SQLite needs to answer it.
    """
    found: list[Row] = _run(database, sql, parameters).fetchall()
    return found


def in_bytes(database: Database, column: str) -> str:
    """SQL for a column of text as its UTF-8 bytes, for texts that are long and only compared, or read as JSON."""
    return f"CAST({column} AS BLOB)" if on_sqlite(database) else f"convert_to({column}, 'UTF8')"


def execute(database: Database, sql: str, parameters: Sequence[object] = ()) -> int:
    """Run one fixed statement, written with `?`; the number of rows it changed."""
    changed: int = _run(database, sql, parameters).rowcount
    return changed


def execute_many(database: Database, sql: str, parameters: Sequence[Sequence[object]]) -> None:
    """Run one fixed statement, written with `?`, for each of many rows."""
    if parameters:
        with __exception_wrapper__:
            cursor = database.cursor()  # type: ignore[no-untyped-call]
            cursor.executemany(_in_dialect(database, sql), parameters)


def _in_dialect(database: Database, sql: str) -> str:
    return sql if on_sqlite(database) else sql.replace("?", "%s")


def _run(database: Database, sql: str, parameters: Sequence[object]) -> Any:
    return database.execute_sql(_in_dialect(database, sql), parameters)  # type: ignore[no-untyped-call]


class _Undone(Unavailable):
    """PostgreSQL undid the transaction and invites the same one again."""


@contextmanager
def _translated() -> Iterator[None]:
    """Tell "not now" apart from a bug, for callers that must not know the database library."""
    try:
        yield
    except MaxConnectionsExceeded as error:
        raise Unavailable("every database connection is in use") from error
    except (OperationalError, InternalError, InterfaceError, DatabaseError) as error:
        first = _first(error)
        if _sql_state(first) in REPEATED_STATES:
            raise _Undone(str(first)) from error
        if _means_not_now(first):
            raise Unavailable(str(first)) from error
        raise


def _first(error: PeeweeException) -> PeeweeException:
    """What went wrong first: SQLite undoes a transaction by itself on a full disk, and then undoing it fails too."""
    before = error.__context__
    while before is not None:
        if isinstance(before, PeeweeException):
            error = before
        before = before.__context__
    return error


def _sql_state(error: PeeweeException) -> str | None:
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state


def _means_not_now(error: PeeweeException) -> bool:
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        # The low byte is the primary code; the rest says more precisely where.
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in UNAVAILABLE_SQLITE
    state = _sql_state(error)
    if state is None:
        # No answer from the server at all: it is away.
        return isinstance(error, OperationalError | InterfaceError)
    return state in UNAVAILABLE_STATES or state[:2] in UNAVAILABLE_CLASSES
