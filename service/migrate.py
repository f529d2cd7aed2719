"""Bring a database to the newest numbered migration; safe when several processes start at once.

playhouse.migrations runs the numbered files and remembers their names, but takes no lock of its
own: two runners that start together both find the same file pending. Here the whole run is one
transaction under one lock, so the second finds nothing left to do, and a run that fails leaves the
database as it was.

A migration only adds, so that the release before it goes on serving while the new one starts: code that meets a
migration it does not know, and that came after all of its own, works on. One that does more than add says in its name
from which migration on code works with it, as `0031_drop_old_column_after_0029` does; code that does not know that one
stops. A test holds both.
"""

from __future__ import annotations

import re
from pathlib import Path

from peewee import Database
from playhouse.migrations import Runner

from service.database import connected, execute, lock, on_sqlite, reading, rows, writing

FOLDER = Path(__file__).resolve().parent / "migrations"
NAMES = frozenset(path.stem for path in FOLDER.glob("[0-9]*.py"))
SELECT_NAMES = "SELECT name FROM schema_migration"
MORE_THAN_ADDED = re.compile(r"_after_([0-9]{4})$")
"""How the name of a migration ends that does more than add: from which number on code works with it."""


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


def check_schema(database: Database, folder: Path = FOLDER, *, exactly: bool = False) -> None:
    """Raise WrongSchema unless every migration of this code was applied, and none that it does not work with.

    Whoever judges or erases everything that there is has to know all of it, and so the tables `exactly`.
    """
    with reading(database):
        runner = Runner(database, str(folder))
        _refuse_newer(runner, exactly=exactly)
        pending = [migration.name for migration in runner.status() if not migration.applied]
    if pending:
        raise WrongSchema(f"the database lacks {', '.join(pending)}: run `recoup migrate`")


def is_newer(database: Database) -> bool:
    """Whether a newer Recoup migrated the database, inside a transaction."""
    return any(name not in NAMES for (name,) in rows(database, SELECT_NAMES))


def _refuse_newer(runner: Runner, *, exactly: bool = False) -> None:
    """Raise WrongSchema for a migration that this code does not know and does not work with."""
    found = runner.status()
    newest = max((migration.idx for migration in found if migration.path is not None), default=0)
    unknown = [migration for migration in found if migration.path is None]
    refused = [each.name for each in unknown if exactly or newest < _works_from(each.name) or each.idx <= newest]
    if refused:
        raise WrongSchema(f"the database knows {', '.join(refused)}, which this Recoup does not: it is newer")


def _works_from(name: str) -> int:
    """The number of the migration from which on code works with this one; 0 for one that only adds.

    >>> _works_from("0031_drop_old_column_after_0029"), _works_from("0032_notes")
    (29, 0)
    """
    found = MORE_THAN_ADDED.search(name)
    return int(found[1]) if found else 0
