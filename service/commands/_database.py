"""What the commands share that look into the database: opened for one command, and closed again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.config import Settings
    from service.database import Database


@contextmanager
def opened() -> Iterator[tuple[Database, Settings]]:
    """The migrated database of DATABASE_URL, and the settings. Raises BadSetting, WrongSchema, Unavailable."""
    from service.config import read_settings
    from service.database import close_database, open_database
    from service.migrate import check_schema

    settings = read_settings()
    database = open_database(settings)
    try:
        check_schema(database)
        yield database, settings
    finally:
        close_database(database)
