"""`recoup migrate`: bring the database to this version's tables."""

from __future__ import annotations

import click

EPILOG = """\b
Example:
  DATABASE_URL=sqlite:////var/lib/recoup.db recoup migrate
"""


@click.command(epilog=EPILOG)
def command() -> None:
    """Bring the database of DATABASE_URL up to date.

    Safe to run at any time, twice, and on several machines at once: each migration is applied once.
    """
    from service.config import read_settings
    from service.database import close_database, open_database
    from service.migrate import migrate

    database = open_database(read_settings())
    applied = migrate(database)
    close_database(database)
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to do: the database is up to date")
