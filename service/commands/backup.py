"""`recoup backup`: a whole copy of a SQLite database, while it is in use."""

from __future__ import annotations

import os
from pathlib import Path

import click

from service.commands._files import Unusable

EPILOG = """\b
Example:
  recoup backup /mnt/elsewhere/recoup-2026-03-02.db
"""


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Write the SQLite database of DATABASE_URL to FILE, whole and as it is at one instant, while others use it.

    FILE may not be there yet, and only its owner may read it. Nothing that was erased is in it. PostgreSQL has tools of
    its own for this.
    """
    from service.config import read_settings
    from service.database import close_database, copy_to, on_sqlite, open_database

    settings = read_settings()
    database = open_database(settings)
    if not on_sqlite(database):
        raise Unusable("only a SQLite file is copied like this; PostgreSQL has pg_basebackup, see docs/operators.md")
    if not Path(database.database).exists():
        raise Unusable(f"there is no database {database.database}; DATABASE_URL names another")
    try:
        # An empty file of our own, which nobody else may open, is what the copy is written into.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Unusable(f"{file} cannot be made ({error.strerror}); name another file") from None
    try:
        copy_to(database, file)
    except BaseException:
        file.unlink()
        raise
    finally:
        close_database(database)
    click.echo(f"{file} holds all of {database.database}")
