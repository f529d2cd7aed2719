"""Transactions: one picture to readers, all or nothing to writers, repeated when undone."""

from __future__ import annotations

import functools
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from service.config import BadSetting, Settings
from service.database import (
    Unavailable,
    close_database,
    execute,
    lock,
    open_database,
    reading,
    rows,
    writing,
)
from service.tables import NEVER_CHANGED

KEY = (
    "INSERT INTO idempotency_key (key, digest, status, location, language, answer, entered_at)"
    " VALUES (?, 'd', 201, '', '', '', '')"
)
COUNT = "SELECT count(*) FROM idempotency_key"


def count(database: Database) -> int:
    with reading(database):
        number: int = rows(database, COUNT)[0][0]
    return number


def test_a_writer_that_fails_leaves_nothing(database: Database) -> None:
    def work() -> None:
        execute(database, KEY, ("a",))
        raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        writing(database, work)
    assert count(database) == 0


def test_a_reader_sees_one_instant(database: Database) -> None:
    def write() -> None:
        with ThreadPoolExecutor(1) as other:
            other.submit(writing, database, lambda: execute(database, KEY, ("a",))).result()

    with reading(database):
        before = rows(database, COUNT)
        write()
        after = rows(database, COUNT)
    assert (before, after) == ([(0,)], [(0,)])
    assert count(database) == 1


def test_a_reader_cannot_write_on_postgresql(postgresql_url: str) -> None:
    database = open_database(Settings(database_url=postgresql_url))
    with pytest.raises(Unavailable), reading(database):
        execute(database, KEY, ("a",))
    close_database(database)


def test_readers_then_writers_never_find_the_database_locked(database: Database) -> None:
    """With a deferred transaction this fails at once: SQLite cannot upgrade a stale reader."""

    def add(number: int) -> None:
        def work() -> None:
            rows(database, COUNT)
            execute(database, KEY, (str(number),))

        writing(database, work)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(200)))
    assert count(database) == 200


def test_a_named_lock_lets_one_in_at_a_time(database: Database) -> None:
    inside = 0
    most = 0

    def enter(_number: int) -> None:
        def work() -> None:
            nonlocal inside, most
            lock(database, "first", "second")
            inside += 1
            most = max(most, inside)
            rows(database, COUNT)
            inside -= 1

        writing(database, work)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(enter, range(40)))
    assert most == 1


def test_two_that_deadlock_both_succeed_in_the_end(postgresql_url: str) -> None:
    database = open_database(Settings(database_url=postgresql_url))
    meet = threading.Barrier(2, timeout=10)
    attempts: list[str] = []

    def work(first: str, second: str) -> None:
        lock(database, first)
        attempts.append(first)
        if len(attempts) <= 2:
            meet.wait()
        lock(database, second)
        execute(database, KEY, (first,))

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(writing, database, lambda: work("a", "b"))
        two = threads.submit(writing, database, lambda: work("b", "a"))
        one.result()
        two.result()
    assert count(database) == 2
    assert len(attempts) == 3, "one of the two was undone and ran again"
    close_database(database)


def test_a_lock_that_stays_is_unavailable_and_not_a_bug(database_url: str) -> None:
    patient = open_database(Settings(database_url=database_url))
    hasty = open_database(Settings(database_url=database_url, busy_seconds=1))
    waiting = threading.Event()
    done = threading.Event()

    def hold() -> None:
        def work() -> None:
            lock(patient, "held")
            waiting.set()
            done.wait(10)

        writing(patient, work)

    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(hold)
        waiting.wait(10)
        with pytest.raises(Unavailable):
            writing(hasty, lambda: lock(hasty, "held"))
        done.set()
        held.result()
    close_database(patient)
    close_database(hasty)


def test_a_lost_connection_is_unavailable_once_and_then_replaced(postgresql_url: str) -> None:
    database = open_database(Settings(database_url=postgresql_url))

    def cut() -> None:
        rows(database, "SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        writing(database, cut)
    assert count(database) == 0
    close_database(database)


def test_an_absent_server_is_unavailable() -> None:
    pytest.importorskip("psycopg", reason="psycopg not installed: pip install '.[pg]'")
    database = open_database(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable):
        count(database)


def test_a_read_only_file_is_unavailable(sqlite_url: str) -> None:
    database = open_database(Settings(database_url=sqlite_url))
    with database.connection_context():
        execute(database, "PRAGMA query_only = 1")
        with pytest.raises(Unavailable):
            writing(database, lambda: execute(database, KEY, ("a",)))
    close_database(database)


def test_a_misspelt_statement_is_a_bug(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)nowhere") as raised, reading(database):
        rows(database, "SELECT 1 FROM nowhere")
    assert not isinstance(raised.value, Unavailable)


def test_sqlite_keeps_what_it_was_told_and_waits_for_locks(sqlite_url: str) -> None:
    database = open_database(Settings(database_url=sqlite_url, busy_seconds=7))
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with database.connection_context():
        told = {name: rows(database, f"PRAGMA {name}")[0][0] for name in names}
    close_database(database)
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 7000}


@pytest.mark.parametrize(
    "url",
    ["mysql://x/y", "sqlite://", "sqlite:///", "sqlite:///:memory:", "recoup.db", ""],
    ids=["another kind", "no file", "an empty file", "memory", "no scheme", "nothing"],
)
def test_a_url_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="DATABASE_URL"):
        open_database(Settings(database_url=url))


@pytest.mark.parametrize("table", [table._meta.table_name for table in NEVER_CHANGED])
def test_the_database_refuses_to_change_what_is_never_changed(database: Database, table: str) -> None:
    fill(database)
    keys = {"policy_version": "digest", "event_answer": "event_id", "decision_rule": "rule", "access_key_end": "key_id"}
    keys |= {
        "draft_check": "draft_id",
        "publication": "digest",
        "shadow_end": "shadow_id",
        "draft_rejection": "draft_id",
        "draft_about": "draft_id",
    }
    column = keys.get(table, "id")
    for statement in (f'UPDATE "{table}" SET {column} = {column}', f'DELETE FROM "{table}"'):  # noqa: S608
        with pytest.raises(Exception, match="never changed"):
            writing(database, functools.partial(execute, database, statement))


def fill(database: Database) -> None:
    def work() -> None:
        for statement in FILL:
            execute(database, statement)

    writing(database, work)


FILL: tuple[str, ...] = (
    "INSERT INTO policy_version VALUES ('sha256:0', 'p', 1, '2025-01-01', '', '[]', '')",
    (
        "INSERT INTO account VALUES"
        " ('A', '', 'active', '', 0, '2025-01-01', NULL, TRUE, NULL, NULL, 0, '', '', 0, '', NULL)"
    ),
    "INSERT INTO lot VALUES ('L', 'A', 's', '', '2025-01-01', '2025-01-01', NULL, 5, 5, FALSE, 0, '{}', '', '', '')",
    "INSERT INTO decision VALUES ('D', 'A', 'p', 'sha256:0', 'approved', 1, '', '', '{}', '{}')",
    "INSERT INTO decision_rule VALUES ('r', TRUE, '', 'D')",
    (
        "INSERT INTO ledger_entry (lot_id, kind, points, event, rule, happened_at, entered_at)"
        " VALUES ('L', 'grant', 5, '', '', '', '')"
    ),
    "INSERT INTO refund_request VALUES ('R', 'A', 'D', 'approved', 1, '', '', '', 1, NULL)",
    (
        'INSERT INTO "move" (request_id, name, before, state, actor, reason, moved_at)'
        " VALUES ('R', 'settle', '', '', '', '', '')"
    ),
    "INSERT INTO event VALUES ('E', 'A', 'purchase', '', 0, '{}', '', '', '')",
    "INSERT INTO event_answer VALUES ('E', 'sha256:0', FALSE, '{}', '{}', '')",
    "INSERT INTO inquiry VALUES ('I', 'A', 'question', NULL, NULL, 'open', 'en', '', '2025-01-01', NULL)",
    (
        "INSERT INTO inquiry_entry (inquiry_id, move, who, agent, text, outcome, reason, due_on, at)"
        " VALUES ('I', 'open', 'member', '', '', '', '', '2025-01-01', '')"
    ),
    "INSERT INTO take_back (event_id, lot_id, rule, points, amount) VALUES ('E', 'L', '', 1, 1)",
    "INSERT INTO debt_entry (account_id, points, event, rule, since, entered_at) VALUES ('A', 1, '', '', 1, '')",
    (
        "INSERT INTO claim_entry (account_id, event, rule, part, points, since, entered_at)"
        " VALUES ('A', 'E', '', 'forgiven', 1, 1, '')"
    ),
    (
        "INSERT INTO notice (account_id, rule, day, digest, points, data, noticed_at)"
        " VALUES ('A', 'r', '2025-01-01', 'sha256:0', 1, '{}', '')"
    ),
    "INSERT INTO access_key VALUES ('K', 'k', 'sha256:1', 'auditor', '', '')",
    "INSERT INTO access_key_end VALUES ('K', '')",
    (
        'INSERT INTO decision_read (decision_id, reader, "key", roles, address, read_at)'
        " VALUES ('D', 'k', 'K', 'auditor', '', '')"
    ),
    (
        "INSERT INTO erasure (account, cause, actor, reason, records, erased_at)"
        " VALUES ('A', 'asked', 'desk', '', 1, '')"
    ),
    (
        "INSERT INTO erased_record (erasure_id, kind, reference, remains)"
        " SELECT MAX(id), 'decision', 'D', 'sha256:2' FROM erasure"
    ),
    "UPDATE log_leaf SET seq = 0, salt = '', digest = '' WHERE kind = 'decision'",
    "INSERT INTO log_node VALUES (0, '')",
    "INSERT INTO log_checkpoint (size, note, signed_at) VALUES (0, '', '')",
    "INSERT INTO policy_draft VALUES ('P', 'p', 'sha256:0', 0, '', '', '', '', '')",
    "INSERT INTO draft_about VALUES ('P', '')",
    "INSERT INTO draft_check VALUES ('P', TRUE, '{}', '')",
    "INSERT INTO draft_rejection VALUES ('P', '', '', '', '')",
    "INSERT INTO publication VALUES ('sha256:0', '', 'P', NULL, '', '', '', '', '')",
    "INSERT INTO shadow VALUES ('S', 'p', 'P', 'sha256:0', '', '[]', '', '', '')",
    "INSERT INTO shadow_end VALUES ('S', '', '', '')",
)


def test_the_database_refuses_a_lot_below_zero(database: Database) -> None:
    fill(database)
    with pytest.raises(Exception, match=r"(?i)check"):
        writing(database, lambda: execute(database, 'UPDATE lot SET "left" = "left" - 6'))


def test_a_url_is_read_as_a_file_name(tmp_path: Path) -> None:
    path = tmp_path / "한글 file.db"
    database: Any = open_database(Settings(database_url=f"sqlite:///{path}"))
    with database.connection_context():
        execute(database, "CREATE TABLE t (n)")
    close_database(database)
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    plain.close()
