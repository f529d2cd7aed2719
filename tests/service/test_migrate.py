"""Migrations: applied once, whoever starts; the tables are what the models say."""

from __future__ import annotations

import multiprocessing
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from playhouse.schema_diff import diff_models

from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, open_database, reading, rows
from service.ledger import find_account
from service.ledger_check import differences
from service.migrate import FOLDER, WrongSchema, check_schema, migrate
from service.tables import NEVER_CHANGED, TABLES

NAMES = sorted(each.stem for each in FOLDER.glob("[0-9]*.py"))


def test_migrations_make_exactly_the_tables_of_the_models(empty_database_url: str) -> None:
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database)
    with database.connection_context(), database.bind_ctx(TABLES):
        difference = diff_models(database, list(TABLES))
    close_database(database)
    assert not difference, str(difference)


GUARDED = {
    "sqlite": "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND instr(name, '_refuses_') > 0",
    "postgresql": (
        "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND strpos(tgname, '_refuses_') > 0"
    ),
}


def test_the_database_guards_just_what_is_never_changed(database: Database) -> None:
    with reading(database):
        found = rows(database, GUARDED["sqlite" if on_sqlite(database) else "postgresql"])
    assert {row[0] for row in found} == {table._meta.table_name for table in NEVER_CHANGED}


def test_a_second_run_finds_nothing_to_do(empty_database_url: str) -> None:
    database = open_database(Settings(database_url=empty_database_url))
    assert (migrate(database), migrate(database)) == (NAMES, [])
    check_schema(database)
    close_database(database)


def apply_at_once(url: str, all_ready: Barrier, applied: SimpleQueue[list[str]]) -> None:
    all_ready.wait(60)
    applied.put(migrate(open_database(Settings(database_url=url))))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("turn", range(4))
def test_processes_that_start_at_once_apply_each_migration_once(
    empty_database_url: str, turn: int, capfd: pytest.CaptureFixture[str]
) -> None:
    forks = multiprocessing.get_context("fork")
    applied: SimpleQueue[list[str]] = forks.SimpleQueue()
    given = (empty_database_url, forks.Barrier(4), applied)
    processes = [forks.Process(target=apply_at_once, args=given) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert ([process.exitcode for process in processes], capfd.readouterr().err) == ([0] * 4, "")
    assert sorted(applied.get() for _ in processes) == [[], [], [], NAMES]


def test_a_run_that_fails_leaves_the_database_as_it_was(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "0001_good.py").write_text("def up(migrator, db):\n    db.execute_sql('CREATE TABLE t (n INTEGER)')\n")
    (tmp_path / "0002_bad.py").write_text("def up(migrator, db):\n    raise RuntimeError('no')\n")
    database = open_database(Settings(database_url=empty_database_url))
    with pytest.raises(RuntimeError, match="no"):
        migrate(database, tmp_path)
    with database.connection_context():
        assert database.get_tables() == []
    close_database(database)


def test_a_database_without_tables_says_what_to_run(empty_database_url: str) -> None:
    database = open_database(Settings(database_url=empty_database_url))
    with pytest.raises(WrongSchema, match=f"lacks {', '.join(NAMES)}: run `recoup migrate`"):
        check_schema(database)
    close_database(database)


def test_a_database_of_a_newer_version_is_left_alone(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "0009_future.py").write_text("def up(migrator, db):\n    pass\n")
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database, tmp_path)
    for act in (migrate, check_schema):
        with pytest.raises(WrongSchema, match="knows 0009_future, which this Recoup does not"):
            act(database)
    close_database(database)


def test_an_account_of_before_owes_no_points_and_has_no_known_activity(empty_database_url: str, tmp_path: Path) -> None:
    first = FOLDER / "0001_first.py"
    (tmp_path / first.name).write_text(first.read_text(encoding="utf-8"), encoding="utf-8")
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database, tmp_path)
    old = "INSERT INTO account VALUES ('A', 'p', '', '', 0, '2025-01-01', NULL, TRUE, NULL, NULL, 7, '{}', '')"
    with database.connection_context():
        execute(database, old)
    migrate(database)
    with reading(database):
        found = find_account(database, "A")
    close_database(database)
    assert found is not None
    assert (found.facts["debt"], found.facts["points_debt"], found.facts["activity_days"]) == (7, 0, [])


def test_what_an_account_of_before_owes_is_its_first_debt_entry(empty_database_url: str, tmp_path: Path) -> None:
    for each in FOLDER.glob("000[1-6]_*.py"):
        (tmp_path / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database, tmp_path)
    old = (
        "INSERT INTO account (id, policy, status, kind, identity_level, joined_on, contact_verified, debt, points_debt,"
        " activity_days, declared, created_at) VALUES ('A', 'p', '', '', 0, '2025-01-01', TRUE, 0, 9, '[]', '{}', '')"
    )
    with database.connection_context():
        execute(database, old)
    assert migrate(database) == NAMES[6:]
    with reading(database):
        assert rows(database, "SELECT account_id, lot_id, points, paid_by FROM debt_entry") == [("A", None, 9, None)]
        assert differences(database) == []
    close_database(database)


def test_what_lots_of_before_were_owed_for_is_claimed_of_them(empty_database_url: str, tmp_path: Path) -> None:
    for each in FOLDER.glob("000[1-8]_*.py"):
        (tmp_path / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database, tmp_path)
    with database.connection_context():
        for statement in (
            (
                "INSERT INTO account (id, policy, status, kind, identity_level, joined_on, contact_verified, debt,"
                " points_debt, activity_days, declared, created_at)"
                " VALUES ('A', 'p', '', '', 0, '2025-01-01', TRUE, 0, 0, '[]', '{}', '')"
            ),
            (
                "INSERT INTO lot (id, account_id, source, campaign, acquired_on, usable_from_on, amount, locked,"
                ' identity_level, "left", declared, event, rule, created_at)'
                " VALUES ('L', 'A', 'bill', '', '2025-01-01', '2025-01-01', 5, FALSE, 0, 0, '{}', '', '', '')"
            ),
            "INSERT INTO ledger_entry (lot_id, kind, points, happened_at, entered_at) VALUES ('L', 'grant', 5, '', '')",
            "INSERT INTO ledger_entry (lot_id, kind, points, happened_at, entered_at) VALUES ('L', 'use', -5, '', '')",
            (
                "INSERT INTO debt_entry (account_id, lot_id, points, event, rule, since, entered_at)"
                " VALUES ('A', 'L', 4, 'E', 'r', 2, '')"
            ),
            "INSERT INTO ledger_entry (lot_id, kind, points, happened_at, entered_at) VALUES ('L', 'use', 1, '', '')",
            (
                "INSERT INTO ledger_entry (lot_id, kind, points, happened_at, entered_at, event, rule)"
                " VALUES ('L', 'take_back', -1, '', '', 'E', 'r')"
            ),
            (
                "INSERT INTO debt_entry (account_id, lot_id, points, event, rule, since, paid_by, entered_at)"
                " VALUES ('A', 'L', -1, 'E', 'r', 3, 4, '')"
            ),
        ):
            execute(database, statement)
    assert migrate(database) == NAMES[8:]
    with reading(database):
        found = rows(database, "SELECT account_id, event, rule, part, lot_id, points FROM claim_entry ORDER BY id")
        assert found == [("A", "E", "r", "own", "L", 3), ("A", "E", "r", "forgiven", None, 3)]
        assert differences(database) == []
    close_database(database)
