"""What was kept comes back: a copied SQLite file, and a PostgreSQL at an instant of its past, with a log that holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.app import create_app
from service.cli import recoup
from service.config import Settings
from service.database import close_database, connected, execute, open_database, reading, rows
from service.migrate import migrate
from service.parts import EXTENSION
from tests.docs_runner import ROOT, blocks
from tests.service.builders import ORIGIN, asking
from tests.service.processes import run
from tests.service.test_storms import prepared

PAGE = ROOT / "docs/operators.md"
REQUESTS = "SELECT key FROM idempotency_key ORDER BY key"


def file_as(url: str, keys: Iterable[str]) -> None:
    """File a refund request by each key."""
    app = create_app(Settings(database_url=url, access="open", check_drafts=False))
    client = app.test_client()
    for key in keys:
        body = {"account": "HOT", "request": asking(10)}
        assert client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).status_code == 201
    close_database(app.extensions[EXTENSION].database)


def filed(url: str) -> list[str]:
    """The keys by which was filed."""
    database = open_database(Settings(database_url=url))
    with reading(database):
        found = [key for (key,) in rows(database, REQUESTS)]
    close_database(database)
    return found


def holds(url: str, key_file: Path) -> None:
    """Everything that an operator runs after a restore finds nothing."""
    for command in ("ledger verify", "audit check", "replay", "audit checkpoint"):
        done = run(url, *command.split(), LOG_KEY_FILE=str(key_file))
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_copy_of_a_sqlite_file_in_use_is_whole(sqlite_url: str, tmp_path: Path) -> None:
    close_database(prepared(sqlite_url, limit=10**9))
    key_file, copy = tmp_path / "log.key", tmp_path / "copy.db"
    assert run(sqlite_url, "audit", "keygen", ORIGIN, LOG_KEY_FILE=str(key_file)).returncode == 0
    file_as(sqlite_url, ["before"])
    assert run(sqlite_url, "audit", "checkpoint", LOG_KEY_FILE=str(key_file)).returncode == 0
    over = threading.Event()

    begun = threading.Event()

    def keys() -> Iterator[str]:
        for number in count():
            if over.is_set():
                return
            yield f"meanwhile-{number}"
            begun.set()

    writing = threading.Thread(target=file_as, args=(sqlite_url, keys()))
    writing.start()
    try:
        begun.wait()
        # Here, because a process that is forked from one with a thread at work may wait for ever.
        done = CliRunner().invoke(recoup, ["backup", str(copy)], env={"DATABASE_URL": sqlite_url})
    finally:
        over.set()
        writing.join()
    assert (done.exit_code, copy.stat().st_mode & 0o777) == (0, 0o600), done.output
    kept, original = filed(f"sqlite:///{copy}"), filed(sqlite_url)
    assert {"before", "meanwhile-0"} <= set(kept) <= set(original)
    holds(f"sqlite:///{copy}", key_file)


def test_what_was_deleted_is_not_in_a_copy(sqlite_url: str, tmp_path: Path) -> None:
    database = open_database(Settings(database_url=sqlite_url))
    with connected(database):
        # Some builds of SQLite write over what is deleted, and then this would show nothing.
        execute(database, "PRAGMA secure_delete = OFF")
        execute(database, "CREATE TABLE scrap (text TEXT)")
        execute(database, "INSERT INTO scrap VALUES (?)", ("a word " * 2_000,))
        execute(database, "DELETE FROM scrap")
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    close_database(database)
    done = run(sqlite_url, "backup", str(tmp_path / "copy.db"))
    assert done.returncode == 0, done.stderr
    files = (Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "copy.db")
    assert [b"a word a word" in each.read_bytes() for each in files] == [True, False]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///{folder}/none.db", "there is no database"),
        ("postgresql://nobody@nowhere/recoup", "PostgreSQL has pg_basebackup"),
    ],
    ids=["no-file", "postgresql"],
)
def test_what_cannot_be_copied_leaves_no_file(tmp_path: Path, url: str, said: str) -> None:
    done = run(url.format(folder=tmp_path), "backup", str(tmp_path / "copy.db"))
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_copy_writes_over_nothing(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    assert run(sqlite_url, "backup", str(tmp_path / "copy.db")).returncode == 2
    assert (tmp_path / "copy.db").read_text() == "mine"


class Machine:
    """Where PostgreSQL runs: its programs, by a user that may run them, and a folder of its own."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.folder = folder
        self._programs: Path = server.bin_path
        self._user: str | None = server.system_user
        folder.chmod(0o755)
        (folder / "wal").mkdir()
        self.own(".")

    def do(self, command: str) -> str:
        """What a command of PostgreSQL prints; /backup is the machine's folder."""
        environment = {**os.environ, "PGHOST": str(self.folder), "PGUSER": "postgres", "PGDATABASE": "postgres"}
        done = subprocess.run(
            ["bash", "-c", f"{self._programs}/{command}"],
            env=environment,
            user=self._user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def own(self, name: str) -> None:
        """Give a folder to the user by whom PostgreSQL runs."""
        for each in (self.folder / name, *(self.folder / name).rglob("*")):
            if self._user is not None:
                shutil.chown(each, self._user, self._user)

    def ask(self, sql: str) -> str:
        """What a question is answered."""
        return self.do(f'psql --no-psqlrc --tuples-only --no-align --command="{sql}"').strip()

    def wait_for(self, sql: str) -> None:
        """Wait until a question is answered by yes."""
        deadline = time.monotonic() + 60
        while self.ask(sql) != "t":
            assert time.monotonic() < deadline, (self.folder / "log").read_text("utf-8")
            time.sleep(0.05)

    def set(self, data: str, settings: str) -> None:
        """Add settings to those of a cluster."""
        with (self.folder / data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"\n{settings}\n")

    @contextmanager
    def running(self, data: str) -> Iterator[str]:
        """A running server: the address of its database."""
        # Its own output would keep the pipe of this command open.
        self.do(f"pg_ctl --pgdata={data} --log={self.folder}/log --wait --timeout=120 start >{self.folder}/said")
        try:
            yield f"postgresql://postgres:@/postgres?host={self.folder}"
        finally:
            self.do(f"pg_ctl --pgdata={data} --wait --mode=immediate stop")


@pytest.fixture
def machine(postgresql: Any) -> Iterator[Machine]:
    """A machine with a PostgreSQL that archives what it writes, as the page for operators says."""
    # A short folder: the path of a Unix socket has room for about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="recoup-wal-"))
    try:
        yield Machine(postgresql, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def said_by_the_page() -> tuple[str, str, str]:
    """What the page for operators tells to set, to run and to set for a restore."""
    text = PAGE.read_text("utf-8")
    start = text.count("\n", 0, text.index("\n### PostgreSQL, to an instant\n"))
    found = [block.body for block in blocks(PAGE) if block.line > start and block.language == "text"][:3]
    archiving, base, restoring = found
    assert "archive_command" in archiving
    assert "pg_basebackup" in base
    assert "recovery_target_time" in restoring
    return archiving, base.strip(), restoring


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_postgresql_goes_back_to_an_instant_and_the_log_holds(machine: Machine, tmp_path: Path) -> None:
    archiving, base, restoring = (text.replace("/backup", str(machine.folder)) for text in said_by_the_page())
    key_file = tmp_path / "log.key"
    machine.do("initdb --pgdata=data --username=postgres --auth=trust --no-sync --wal-segsize=1")
    # Only a power cut would miss the first; nobody outside is to come in.
    machine.set(
        "data", f"fsync = off\nlisten_addresses = ''\nunix_socket_directories = '{machine.folder}'\n{archiving}"
    )
    with machine.running("data") as url:
        database = open_database(Settings(database_url=url))
        migrate(database)
        close_database(database)
        close_database(prepared(url, limit=10**9))
        assert run(url, "audit", "keygen", ORIGIN, LOG_KEY_FILE=str(key_file)).returncode == 0
        file_as(url, ["a", "b"])
        machine.do(base)
        file_as(url, ["c", "d"])
        assert run(url, "audit", "checkpoint", LOG_KEY_FILE=str(key_file)).returncode == 0
        instant = machine.ask("SELECT now()")
        file_as(url, ["e"])
        machine.ask('UPDATE lot SET \\"left\\" = 1')
        last = machine.ask("SELECT pg_walfile_name(pg_switch_wal())")
        assert run(url, "ledger", "verify").returncode == 1, "somebody did harm"
        machine.wait_for(f"SELECT last_archived_wal >= '{last}' FROM pg_stat_archiver")  # noqa: S608
    shutil.copytree(machine.folder / "base", machine.folder / "restored")
    (machine.folder / "restored" / "recovery.signal").touch()
    machine.set("restored", re.sub("recovery_target_time = '.*'", f"recovery_target_time = '{instant}'", restoring))
    machine.own("restored")
    with machine.running("restored") as url:
        machine.wait_for("SELECT NOT pg_is_in_recovery()")
        assert filed(url) == ["a", "b", "c", "d"]
        holds(url, key_file)
        file_as(url, ["f"])
        holds(url, key_file)
