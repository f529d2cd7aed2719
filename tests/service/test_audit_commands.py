"""`recoup audit`: a log is signed, exported and checked by commands, and what cannot be used is told in a line."""

from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

import pytest

from service.audit_log import KINDS
from service.database import Database, execute, writing
from service.log.notes import new_signer
from tests.service.builders import ORIGIN, Run
from tests.service.test_audit import head_of, record, tell, unguard


@pytest.fixture
def run(run: Run) -> Run:
    """Runs `recoup audit`."""
    return lambda *arguments, **more: run("audit", *arguments, **more)


def test_a_log_is_signed_exported_and_checked_by_commands(run: Run, database: Database, tmp_path: Path) -> None:
    record(database)
    assert "which is not there: run `recoup audit keygen NAME`" in str(run("checkpoint").exception)
    key = run("keygen", ORIGIN).stdout.strip()
    assert stat.S_IMODE((tmp_path / "recoup-log.key").stat().st_mode) == 0o600
    assert "nothing was signed yet" in run("export", "log.jsonl").stderr
    first = run("checkpoint").stdout
    rotated = run("rotate").stdout.split()
    tell(database, "E-2")
    both = run("checkpoint").stdout
    assert (len(rotated), rotated[1], both.count("\u2014")) == (2, key, 2)
    assert run("rotate", "--retire").stdout.split() == rotated == run("keys").stdout.split()
    tell(database, "E-3")
    alone = run("checkpoint").stdout
    assert (head_of(first).size, alone.count("\u2014")) == (len(KINDS), 1)
    tell(database, "E-4")

    exported = run("export", "log.jsonl")
    assert exported.stderr == f"{len(KINDS) + 2} leaves, 3 checkpoints; 1 not signed yet\n"
    (tmp_path / "log.keys").write_text(run("keys").stdout)
    said = run("verify", "log.jsonl", "--key", "log.keys")
    root = b64encode(head_of(alone).root).decode()
    assert said.stdout == f"{ORIGIN} holds: {len(KINDS) + 2} leaves, 3 checkpoints, 1 erased, root {root}\n"
    # The first checkpoint was signed by nobody whom the new key alone makes known.
    lost = run("verify", "log.jsonl", "--key", rotated[0])
    assert (lost.exit_code, "checkpoint 0: it is signed by none of the keys" in lost.stderr) == (1, True)
    assert run("verify", "log.jsonl", "--key", rotated[0][:-1]).exit_code == 2
    assert run("verify", "nowhere", "--key", key).exit_code == 2


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet"])
def test_an_export_is_whole_and_overwrites_only_what_it_may(
    run: Run, database: Database, tmp_path: Path, name: str
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    record(database)
    key = run("keygen", ORIGIN).stdout.strip()
    run("checkpoint")

    def rename(before: str, after: str) -> None:
        writing(database, lambda: execute(database, f"ALTER TABLE {before} RENAME TO {after}"))

    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.iterdir())
    assert (run("export", "there").exit_code, run("export", f"nowhere/{name}").exit_code) == (2, 2)
    rename("take_back", "gone")
    assert run("export", name).exit_code == 1
    rename("gone", "take_back")
    assert sorted(tmp_path.iterdir()) == before
    assert run("export", name).exit_code == 0
    exported = (tmp_path / name).read_bytes()
    tell(database, "E-2")
    run("checkpoint")
    refused = run("export", name)
    assert (refused.exit_code, refused.stderr) == (2, f"recoup: {name} is there already; --force overwrites it\n")
    rename("take_back", "gone")
    assert run("export", name, "--force").exit_code == 1
    rename("gone", "take_back")
    assert (tmp_path / name).read_bytes() == exported
    assert run("export", name, "--force").exit_code == 0
    assert "leaves, 2 checkpoints" in run("verify", name, "--key", key).stdout
    assert run("export", "/dev/null").exit_code == 0


def test_an_export_of_what_is_gone_is_written_and_says_that_it_will_not_hold(run: Run, database: Database) -> None:
    record(database)
    tell(database, "E-2")
    key = run("keygen", ORIGIN).stdout.strip()
    run("checkpoint")
    writing(database, lambda: unguard(database, "event", "DELETE FROM event WHERE id = 'E-2'"))
    exported = run("export", "log.jsonl")
    assert exported.exit_code == 0
    gone = "1 of what was signed is not in the database any more, the first is event E-2;"
    assert exported.stderr.startswith(f"recoup: the export will not hold: {gone}")
    assert run("verify", "log.jsonl", "--key", key).exit_code == 1


def test_what_cannot_be_used_is_told_in_one_plain_line(run: Run, database: Database, tmp_path: Path) -> None:
    record(database)
    run("keygen", ORIGIN)
    run("checkpoint")
    run("export", "log.jsonl")
    (tmp_path / "empty.keys").write_text("\n")
    private = (tmp_path / "recoup-log.key").read_text().strip()
    forms = "log.csv: an export is JSON Lines (.jsonl) or Parquet (.parquet); --format says which"
    half = "it is the private half of a key"
    for asked, words in {
        ("verify", "log.jsonl", "--key", "missing.keys"): "missing.keys: there is no such file",
        ("verify", "log.jsonl", "--key", "empty.keys"): "--key empty.keys: the file holds no key",
        ("verify", "log.jsonl", "--key", "recoup-log.key"): f"--key recoup-log.key: {half}",
        ("verify", "log.jsonl", "--key", private): f"--key: {half}",
        ("export", "log.csv"): forms,
    }.items():
        refused = run(*asked)
        assert (refused.exit_code, refused.stderr.startswith(f"recoup: {words}")) == (2, True), refused.stderr
        assert (refused.stderr.count("\n"), private[-20:] in refused.stderr) == (1, False)
    assert run("export", "log.csv", "--format", "jsonl").exit_code == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_not_there_is_not_made(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("keygen", ORIGIN)
    before = sorted(tmp_path.iterdir())
    for asked in (("export", "log.jsonl"), ("checkpoint",), ("check",)):
        monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere.db")
        refused = run(*asked)
        assert (refused.exit_code, refused.stderr.startswith("recoup: there is no database nowhere.db")) == (2, True)
        assert sorted(tmp_path.iterdir()) == before
        monkeypatch.setenv("DATABASE_URL", "sqlite:///recoup-log.key")
        refused = run(*asked)
        assert (refused.exit_code, refused.stderr) == (2, "recoup: recoup-log.key is not a database\n")


def test_a_key_that_cannot_be_used_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    assert "a name has no space" in run("keygen", "a b").stderr
    run("keygen", ORIGIN)
    assert "is there already" in run("keygen", ORIGIN).stderr
    path = tmp_path / "recoup-log.key"
    secret = path.read_text()
    for text, mode, words in (
        (secret, 0o644, "which others may read: chmod 600"),
        (secret[:-5] + "\n", 0o600, "its line 1 is no key"),
        ("", 0o600, "must hold private keys of one name"),
        (secret + new_signer("other").secret(), 0o600, "must hold private keys of one name"),
    ):
        path.write_text(text)
        path.chmod(mode)
        assert words in str(run("keys").exception)
