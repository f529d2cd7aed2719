"""Bring a database to the newest numbered migration; safe when several processes start at once.

playhouse.migrations runs the numbered files and remembers their names, but takes no lock of its
own: two runners that start together both find the same file pending. Here the whole run is one
transaction under one lock, so the second finds nothing left to do, and a run that fails leaves the
database as it was.
"""

from __future__ import annotations

from pathlib import Path

from peewee import Database
from playhouse.migrations import Runner

from service.database import connected, execute, lock, on_sqlite, reading, rows, writing

FOLDER = Path(__file__).resolve().parent / "migrations"


class WrongSchema(Exception):
    """The database is older or newer than this code; the text says what to do."""


def migrate(database: Database, folder: Path = FOLDER) -> list[str]:
    """Apply what is pending; the names applied, oldest first. Raises WrongSchema, Unavailable."""

    def run() -> list[str]:
        lock(database, "recoup:migrate")
        runner = Runner(database, str(folder))
        _refuse_newer(runner)
        applied: list[str] = runner.up()
        if on_sqlite(database):
            broken = rows(database, "PRAGMA foreign_key_check")
            assert not broken, f"a migration left rows that point nowhere: {broken[:3]}"
        return applied

    if not on_sqlite(database):
        return writing(database, run)
    # A migration that rebuilds a table must not set off what hangs on it, and SQLite takes this
    # pragma only outside a transaction; the check above stands in for it.
    with connected(database):
        execute(database, "PRAGMA foreign_keys = 0")
        try:
            return writing(database, run)
        finally:
            execute(database, "PRAGMA foreign_keys = 1")


def check_schema(database: Database, folder: Path = FOLDER) -> None:
    """Raise WrongSchema unless every migration of this code, and no other, was applied."""
    with reading(database):
        runner = Runner(database, str(folder))
        _refuse_newer(runner)
        pending = [migration.name for migration in runner.status() if not migration.applied]
    if pending:
        raise WrongSchema(f"the database lacks {', '.join(pending)}: run `recoup migrate`")


def _refuse_newer(runner: Runner) -> None:
    unknown = [migration.name for migration in runner.status() if migration.path is None]
    if unknown:
        raise WrongSchema(f"the database knows {', '.join(unknown)}, which this Recoup does not: it is newer")
