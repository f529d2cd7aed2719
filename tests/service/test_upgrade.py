"""Upgrades without an end of service: the release before goes on with the tables of the one that comes."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from playhouse.migrations import Runner

from service import audit_log
from service.config import Settings
from service.database import (
    Database,
    close_database,
    connected,
    execute,
    execute_many,
    open_database,
    reading,
    rows,
    writing,
)
from service.migrate import FOLDER, MORE_THAN_ADDED, NAMES, WrongSchema, check_schema, migrate
from tests.service.builders import asking
from tests.service.processes import ROOT, ask, forked, run, serving_many
from tests.service.schemas import more_than_added, rows_changed, schema_of
from tests.service.test_storms import prepared, sound

NEWEST = max(NAMES)
AGAIN = int(NEWEST[:4]) + 1
# Before the first release nothing of before ran beside them. A later one is not listed here: its name says `_after_`.
BEFORE_ANY_RELEASE = {
    "0003_payouts": "fills the new column from the decisions",
    "0008_log": "every row that is kept gets a leaf from now on",
    "0009_claims": "what lots are owed for is claimed of them",
    "0014_erasure": "an erasure may change what nobody might",
    "0015_retention": "and of answers to events",
}


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = open_database(Settings(database_url=url))
    try:
        yield database
    finally:
        close_database(database)


def test_a_migration_only_adds_or_says_from_when_on_it_is_worked_with(empty_database_url: str) -> None:
    found = {}
    with opened(empty_database_url) as database, connected(database):
        runner = Runner(database, str(FOLDER))
        for migration in runner.migrations():
            before = schema_of(database)
            runner.up(migration.name)
            path = Path(migration.path)
            found[migration.name] = [
                *more_than_added(before, schema_of(database)),
                *rows_changed(path, before.tables()),
            ]
    breaking = {name for name, findings in found.items() if findings and not MORE_THAN_ADDED.search(name)}
    assert breaking == set(BEFORE_ANY_RELEASE), {name: found[name] for name in breaking}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER TABLE lot DROP COLUMN rule", "lot.rule is gone"),
        ("ALTER TABLE lot RENAME COLUMN rule TO by_rule", "lot.rule is gone"),
        ("DROP TABLE member_token", "member_token.digest is gone"),
        ("CREATE UNIQUE INDEX once ON lot (campaign)", "lot has to be unique by once"),
        (
            "CREATE TRIGGER no BEFORE INSERT ON lot BEGIN SELECT RAISE(ABORT, 'no'); END",
            "lot has the trigger no",
        ),
    ],
    ids=["a-column-goes", "a-column-is-renamed", "a-table-goes", "uniqueness", "a-trigger"],
)
def test_more_than_an_addition_is_noticed(sqlite_url: str, statement: str, said: str) -> None:
    with opened(sqlite_url) as database, connected(database):
        before = schema_of(database)
        execute(database, statement)
        assert said in list(more_than_added(before, schema_of(database)))


def test_a_column_that_has_to_be_given_is_noticed(postgresql_url: str) -> None:
    with opened(postgresql_url) as database, connected(database):
        before = schema_of(database)
        execute(database, "BEGIN")
        execute(database, "ALTER TABLE lot ADD COLUMN grade TEXT NOT NULL")
        after = schema_of(database)
        execute(database, "ROLLBACK")
    assert list(more_than_added(before, after)) == ["lot.grade has to be given"]


def knows(database: Database, name: str) -> None:
    """As if a newer release had migrated the database."""
    add = "INSERT INTO schema_migration (name, applied) VALUES (?, '2026-03-02 00:00:00')"
    writing(database, lambda: execute(database, add, (name,)))


@pytest.mark.parametrize(
    ("name", "works"),
    [
        (f"{AGAIN:04}_notes", True),
        (f"{AGAIN + 7:04}_drop_notes_after_{AGAIN - 1:04}", True),
        (f"{AGAIN + 7:04}_drop_notes_after_{AGAIN:04}", False),
        (f"{AGAIN:04}_other_amounts_after_{AGAIN:04}", False),
        ("0009_of_somebody_else", False),
    ],
)
def test_a_release_works_with_newer_tables_unless_their_migration_says_no(
    sqlite_url: str, name: str, works: bool
) -> None:
    with opened(sqlite_url) as database:
        knows(database, name)
        if works:
            check_schema(database)
            assert migrate(database) == []
        else:
            with pytest.raises(WrongSchema, match=f"knows {name}, which this Recoup does not: it is newer"):
                check_schema(database)
            with pytest.raises(WrongSchema, match=name):
                migrate(database)


@pytest.mark.parametrize(
    "arguments",
    ["ledger verify", "audit check", "audit export log.jsonl", "erase A --by desk --reason asked", "retain --by desk"],
)
def test_what_has_to_know_all_tables_leaves_newer_ones_to_the_newer_release(sqlite_url: str, arguments: str) -> None:
    with opened(sqlite_url) as database:
        knows(database, f"{AGAIN:04}_notes")
    done = run(sqlite_url, *arguments.split())
    assert (done.returncode, f"knows {AGAIN:04}_notes" in done.stderr) == (2, True), done


def test_a_leaf_of_a_kind_that_only_the_newer_release_knows_waits_for_it(database: Database) -> None:
    """Who does not know a kind would record for ever that its row is gone."""
    kinds = ("note", "notice", "note")
    insert = "INSERT INTO log_leaf (kind, reference) VALUES (?, ?)"
    writing(database, lambda: execute_many(database, insert, [(kind, str(n)) for n, kind in enumerate(kinds)]))
    knows(database, f"{AGAIN:04}_notes")
    audit_log.place_all(database)
    writing(database, lambda: audit_log.place_within(database))
    placed = "SELECT kind FROM log_leaf WHERE seq IS NOT NULL ORDER BY seq"
    with reading(database):
        assert rows(database, placed) == [("notice",)]
    forget = "DELETE FROM schema_migration WHERE name = ?"
    writing(database, lambda: execute(database, forget, (f"{AGAIN:04}_notes",)))
    # Where no release explains it, somebody made it, and it is no secret.
    audit_log.place_all(database)
    with reading(database):
        assert rows(database, placed) == [("notice",), ("note",), ("note",)]


TOMORROW = '''"""Each table has one column more, and there is one table more, whose rows are in the log."""

from service.append_only import log_rows, refuse_changes
from service.database import execute, on_sqlite, rows

TABLES = {
    True: "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'",
    False: "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def up(migrator, db):
    for (table,) in rows(db, TABLES[on_sqlite(db)]):
        execute(db, f'ALTER TABLE "{table}" ADD COLUMN tomorrow TEXT NOT NULL DEFAULT \\'\\'')
    execute(db, "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)")
    refuse_changes(db, "note")
    log_rows(db, "note", "id")
    execute(db, "INSERT INTO note VALUES ('N-1', 'of the newer release')")
'''


def tomorrows(folder: Path) -> None:
    """The next release: this code with one migration more."""
    for name in ("policies", "engine", "service", "rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "service" / "migrations" / f"{AGAIN:04}_tomorrow.py").write_text(TOMORROW, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_release_serves_on_while_the_next_migrates_and_serves_beside_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    database_url = empty_database_url
    with opened(database_url) as database:
        migrate(database)
    close_database(prepared(database_url, limit=10**9))
    tomorrows(tmp_path)
    answers: list[tuple[int, bytes]] = []
    over = threading.Event()

    def file(port: int, name: str) -> bytes:
        answers.append(ask(port, "POST", "/v1/refund-requests", {"account": "HOT", "request": asking(1)}, name))
        return answers[-1][1]

    def storm(port: int) -> None:
        for number in count():
            filed = json.loads(file(port, f"old-{number}"))
            answers.append(ask(port, "POST", f"/v1/refund-requests/{filed['id']}/cancel", {}, f"cancel-{number}"))
            answers.append(ask(port, "GET", "/readyz"))
            if over.is_set():
                return

    with forked(database_url) as old:
        storming = threading.Thread(target=storm, args=(old,))
        storming.start()
        try:
            with opened(database_url) as database:
                assert migrate(database, tmp_path / "service" / "migrations") == [f"{AGAIN:04}_tomorrow"]
            with serving_many(database_url, PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1") as (_, new, _):
                # What one answers, the other answers too.
                assert ask(new, "GET", "/readyz", patience=90)[0] == 200
                assert file(new, "both") == file(old, "both")
                assert ask(new, "GET", "/v1/accounts/HOT/balance")[0] == 200
        finally:
            over.set()
            storming.join()
    assert {status for status, _ in answers} <= {200, 201}, "nobody notices"
    with opened(database_url) as database:
        sound(database)
        audit_log.place_all(database)
        with reading(database):
            waiting = rows(database, "SELECT DISTINCT kind FROM log_leaf WHERE seq IS NULL")
    assert waiting == [("note",)], "the log holds what both filed, and the rest waits for the newer one"
