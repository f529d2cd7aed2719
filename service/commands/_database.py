"""What the commands share that look into the database: opened for one command, and closed again."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands._files import Unusable

if TYPE_CHECKING:
    from service.config import Settings
    from service.database import Database

# What SQLite says of a file of something else.
NOT_SQLITE = "file is not a database"


@contextmanager
def opened(*, exactly: bool = False) -> Iterator[tuple[Database, Settings]]:
    """The migrated database of DATABASE_URL, and the settings; `exactly`: by no newer release, for what has to know all
    that there is. Raises BadSetting, WrongSchema, Unavailable; Unusable where a file of SQLite is not there, which
    SQLite would make, or is none of its files.
    """
    from service.config import read_settings
    from service.database import Unavailable, close_database, open_database
    from service.migrate import check_schema

    settings = read_settings()
    url = settings.database_url
    file = url.removeprefix("sqlite://").removeprefix("/") if url.startswith("sqlite:") else ""
    if file and not Path(file).exists():
        raise Unusable(f"there is no database {file}; DATABASE_URL names another, `recoup migrate` makes one")
    database = open_database(settings)
    try:
        try:
            check_schema(database, exactly=exactly)
        except Unavailable as error:
            if file and NOT_SQLITE in str(error):
                raise Unusable(f"{file} is not a database") from None
            raise
        yield database, settings
    finally:
        close_database(database)


@contextmanager
def looked_at(*, exactly: bool = False) -> Iterator[tuple[Database, Settings]]:
    """The same for a command that only looks. Raises Unusable."""
    from service.config import BadSetting
    from service.database import Unavailable
    from service.migrate import WrongSchema

    try:
        with opened(exactly=exactly) as found:
            yield found
    except (BadSetting, Unavailable, WrongSchema) as error:
        raise Unusable(str(error)) from None


def record_read(database: Database, name: str, *decisions: str | None) -> None:
    """Record that whoever runs a command is shown decisions (None: all that were signed), before they are. Raises
    Unusable where that cannot be kept: then nothing is shown.
    """
    from service import reads
    from service.clock import utc_now
    from service.database import Unavailable, writing

    reader = reads.Reader(_user(), "", ("operator",))
    try:
        writing(database, lambda: reads.record(database, reader, name, decisions, utc_now()))
    except Unavailable:
        raise Unusable("nothing is shown: who reads a decision is recorded, and now that cannot be written") from None


def _user() -> str:
    """Who runs the command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
