"""A live database beside its log: every row that was put in, changed or taken out behind its back is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.audit_log import INSERT_CHECKPOINT, KINDS, Altered, place_all, sign_head
from service.cli import recoup
from service.clock import stored
from service.database import Database, execute, on_sqlite, reading, writing
from service.log.exports import digest_of
from service.log.notes import Checkpoint, Signer, new_signer, sign
from service.log_check import LogCheck
from tests.service.builders import NOW, ORIGIN
from tests.service.test_audit import head_of, record, tell, unguard

LEAVES = len(KINDS)
SIGNER = Signer(ORIGIN, b"1" * 32)
Run = Callable[..., Result]


def hashes(leaves: int) -> int:
    """How many hashes leaves make, themselves among them."""
    return 2 * leaves - leaves.bit_count()


def found(database: Database, *kept: Checkpoint) -> list[str]:
    """What a look finds, but for the triggers that `unguard` took away on SQLite."""
    with reading(database):
        said = [each.en for each in LogCheck(database, [SIGNER.verifier], kept).differences()]
    return [each for each in said if not each.startswith("table ")]


def change(database: Database, table: str, *statements: str) -> None:
    """Do what somebody can do who owns the database."""

    def work() -> None:
        for each in statements:
            unguard(database, table, each)

    writing(database, work)


@pytest.fixture
def logged(database: Database) -> Database:
    """A row in every table that is logged, and three events: all signed but the last."""
    record(database)
    for event in ("E-1", "E-2"):
        tell(database, event)
    sign_head(database, [SIGNER], NOW)
    tell(database, "E-3")
    place_all(database)
    return database


def test_a_database_that_nobody_touched_is_what_its_log_recorded(logged: Database) -> None:
    tell(logged, "E-4")
    told: list[int] = []
    check = LogCheck(logged, [SIGNER.verifier], tell=told.append)
    with reading(logged):
        assert list(check.differences()) == []
    assert sum(told) == check.leaves
    counts = (check.leaves, check.checkpoints, check.covered, check.unplaced)
    assert counts == (LEAVES + 3, 1, LEAVES + 2, 1)


INSERTED = "INSERT INTO event VALUES ('E-9', 'A', 'purchase', '', 0, '{}', '', '', '')"
TAMPERING = {
    "a row was put in past the log": (
        "event",
        [INSERTED],
        ["event E-9: the row has no leaf; it was put in past the log"],
    ),
    "a numbered row was put in past the log": (
        "move",
        ["INSERT INTO move SELECT 77, request_id, name, before, state, actor, reason, moved_at FROM move"],
        ["move 77: the row has no leaf; it was put in past the log"],
    ),
    "a row was changed": (
        "decision",
        ["UPDATE decision SET points = points + 1"],
        ["decision D: the row is not what leaf 1 recorded; it was changed"],
    ),
    "a row was changed that no checkpoint covers": (
        "event",
        ["UPDATE event SET amount = 9 WHERE id = 'E-3'"],
        [f"event E-3: the row is not what leaf {LEAVES + 2} recorded; it was changed"],
    ),
    "a row was taken out": (
        "event",
        ["DELETE FROM event WHERE id = 'E-2'"],
        [f"event E-2: the row of leaf {LEAVES + 1} is not there any more"],
    ),
    "two rows changed places": (
        "event",
        [
            "UPDATE event SET id = 'E-0' WHERE id = 'E-1'",
            "UPDATE event SET id = 'E-1', amount = 3 WHERE id = 'E-2'",
            "UPDATE event SET id = 'E-2' WHERE id = 'E-0'",
        ],
        [f"event E-1: the row is not what leaf {LEAVES} recorded; it was changed"],
    ),
    "a leaf was taken out": (
        "log_leaf",
        ["DELETE FROM log_leaf WHERE reference = 'E-1' AND kind = 'event'"],
        [
            f"leaf {LEAVES} is missing",
            "event E-1: the row has no leaf; it was put in past the log",
        ],
    ),
    "the last leaf was taken out": (
        "log_leaf",
        ["DELETE FROM log_leaf WHERE reference = 'E-3'"],
        [
            f"the tree has {hashes(LEAVES + 3)} hashes, and its leaves make {hashes(LEAVES + 2)}",
            "event E-3: the row has no leaf; it was put in past the log",
        ],
    ),
    "a leaf stands for another row": (
        "log_leaf",
        ["UPDATE log_leaf SET reference = 'E-2' WHERE reference = 'E-1' AND kind = 'event'"],
        [
            f"event E-2: the row is not what leaf {LEAVES} recorded; it was changed",
            f"event E-2: leaf {LEAVES} is not the leaf that is in the tree; its hash differs, or is missing",
            f"checkpoint 0 was signed over other leaves than the first {LEAVES + 2}",
            "event E-1: the row has no leaf; it was put in past the log",
            "event E-2: it has 2 leaves",
        ],
    ),
    "the digest of a leaf was changed": (
        "log_leaf",
        ["UPDATE log_leaf SET digest = 'sha256:0' WHERE reference = 'E-1' AND kind = 'event'"],
        [
            f"event E-1: the digest of leaf {LEAVES} was changed; the row is still what the tree has",
            f"event E-1: leaf {LEAVES} is not the leaf that is in the tree; its hash differs, or is missing",
            f"checkpoint 0 was signed over other leaves than the first {LEAVES + 2}",
        ],
    ),
    "a leaf is of no row at all": (
        "log_leaf",
        ["INSERT INTO log_leaf (kind, reference) VALUES ('move', 'x'), ('account', 'A')"],
        [
            "move x: the row is not there any more, and its leaf has no place yet",
            "account A: the row is not there any more, and its leaf has no place yet",
        ],
    ),
    "a leaf stands where none can": (
        "log_leaf",
        ["INSERT INTO log_leaf (kind, reference, seq, salt, digest) VALUES ('account', 'A', -1, '', '')"],
        ["leaf -1 stands before the first place", "account A: leaf -1 is of a table that is not logged"],
    ),
    "a hash of the tree was changed": (
        "log_node",
        ["UPDATE log_node SET hash = (SELECT hash FROM log_node WHERE id = 0) WHERE id = 1"],
        ["the hash over the leaves 0 to 1 is not that of these leaves, or is missing"],
    ),
    "a hash of a leaf is gone": (
        "log_node",
        ["DELETE FROM log_node WHERE id = 2"],
        ["decision D: leaf 1 is not the leaf that is in the tree; its hash differs, or is missing"],
    ),
    "the tree is gone": (
        "log_node",
        ["DELETE FROM log_node"],
        [f"the hashes of the tree are all gone; its {LEAVES + 3} leaves make {hashes(LEAVES + 3)}"],
    ),
    "a leaf has words and an erasure that does not name it": (
        "log_leaf",
        ["UPDATE log_leaf SET erasure_id = 1 WHERE reference = 'E-1' AND kind = 'event'"],
        [f"event E-1: leaf {LEAVES} has its words, and is said to be of erasure 1, which does not name it"],
    ),
    "a checkpoint is said to be signed at no time": (
        "log_checkpoint",
        ["UPDATE log_checkpoint SET signed_at = 'zzz'"],
        ["checkpoint 0: it is said to be signed at zzz, which is no instant"],
    ),
    "a checkpoint is signed by somebody else": (
        "log_checkpoint",
        ["UPDATE log_checkpoint SET note = replace(note, '\u2014 refunds', '\u2014 others')"],
        ["checkpoint 0: it is signed by none of the keys that are known"],
    ),
    "a checkpoint is said to be of another size": (
        "log_checkpoint",
        ["UPDATE log_checkpoint SET size = size - 1"],
        ["checkpoint 0: its name, size or order is not that of what was signed"],
    ),
}


OTHER_TYPES = {
    "a digest that is bytes": (
        "log_leaf",
        "digest = x'00ff' WHERE reference = 'E-1' AND kind = 'event'",
        "event E-1: ",
    ),
    "a hash that is text": ("log_node", "hash = 'abc' WHERE id = 2", "decision D: leaf 1 is not the leaf"),
    "a size that is text": ("log_checkpoint", "size = 'abc'", "checkpoint 0: its name, size or order"),
    "a note that is bytes": ("log_checkpoint", "note = x'ff00'", "checkpoint 0: its name, size or order"),
    "a place that is text": ("log_leaf", "seq = 'abc' WHERE reference = 'E-3'", "the tree has "),
}


@pytest.mark.parametrize(("table", "change_to", "sentence"), OTHER_TYPES.values(), ids=OTHER_TYPES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_of_another_type_silences_nothing(logged: Database, table: str, change_to: str, sentence: str) -> None:
    change(logged, "event", "UPDATE event SET amount = 9 WHERE id = 'E-2'")
    change(logged, table, f"UPDATE {table} SET {change_to}")  # noqa: S608
    said = found(logged)
    assert any(each.startswith(sentence) for each in said), said
    assert f"event E-2: the row is not what leaf {LEAVES + 1} recorded; it was changed" in said


@pytest.mark.parametrize(("table", "changes", "sentences"), TAMPERING.values(), ids=TAMPERING.keys())
def test_what_was_tampered_with_is_named(
    logged: Database, table: str, changes: list[str], sentences: list[str]
) -> None:
    change(logged, table, *changes)
    assert sorted(found(logged)) == sorted(sentences)


def test_leaves_that_are_gone_from_the_end_are_not_written_over(logged: Database) -> None:
    change(logged, "log_leaf", "DELETE FROM log_leaf WHERE reference = 'E-3'")
    tell(logged, "E-4")
    with pytest.raises(Altered, match=f"hashes of more than {LEAVES + 2} leaves: the last leaves are gone"):
        place_all(logged)
    assert "event E-3: the row has no leaf; it was put in past the log" in found(logged)


def test_a_tree_that_was_written_anew_is_noticed_by_the_checkpoint_that_was_kept(logged: Database) -> None:
    kept = head_of(sign_head(logged, [SIGNER], NOW))
    size = kept.size
    assert found(logged, kept) == []
    other = Checkpoint(ORIGIN, size, b"0" * 32)
    later = Checkpoint(ORIGIN, size + 1, b"0" * 32)
    assert found(logged, other, later) == [
        f"the checkpoint of {size} leaves that was kept: the log does not begin with those leaves any more",
        f"the checkpoint of {size + 1} leaves that was kept: the log has only {size}",
    ]


def test_a_row_whose_leaf_was_mended_is_noticed_by_the_tree(logged: Database) -> None:
    with reading(logged):
        body = {"id": "E-1", "account_id": "A", "type": "purchase", "of": "", "amount": 5, "body": "{}"}
        digest = digest_of("event", "E-1", "5a", body | {"digest": "", "happened_at": "", "entered_at": ""})
    change(logged, "event", "UPDATE event SET amount = 5 WHERE id = 'E-1'")
    mended = f"UPDATE log_leaf SET salt = '5a', digest = '{digest}' WHERE seq = {LEAVES}"  # noqa: S608
    change(logged, "log_leaf", mended)
    assert found(logged) == [
        f"event E-1: leaf {LEAVES} is not the leaf that is in the tree; its hash differs, or is missing",
        f"checkpoint 0 was signed over other leaves than the first {LEAVES + 2}",
    ]


@pytest.mark.parametrize(("again", "words"), [(False, "is missing, or is off"), (True, "does something else")])
@pytest.mark.parametrize("name", ["event_is_logged", "log_node_refuses"])
def test_triggers_that_are_missing_or_toothless_are_named(
    database: Database, name: str, again: bool, words: str
) -> None:
    table, sqlite = name.rpartition("_is_logged")[0] or "log_node", on_sqlite(database)
    trigger = name if "logged" in name else f"{name}_{'update' if sqlite else 'change'}"
    when = "AFTER INSERT" if "logged" in name else "BEFORE UPDATE"

    def work() -> None:
        execute(database, f"DROP TRIGGER {trigger}" + ("" if sqlite else f" ON {table}"))
        if again and sqlite:
            execute(database, f"CREATE TRIGGER {trigger} {when} ON {table} BEGIN SELECT 1; END")
        elif again:
            execute(database, "CREATE FUNCTION idle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
            each = "FOR EACH ROW EXECUTE FUNCTION idle()"
            execute(database, f"CREATE TRIGGER {trigger} {when} ON {table} {each}")
        said = [each.en for each in LogCheck(database, [SIGNER.verifier]).differences()]
        assert said == [f"table {table}: the trigger {trigger} {words}"]
        raise RuntimeError("the next test needs it")

    with pytest.raises(RuntimeError, match="next test"):
        writing(database, work)


@pytest.mark.parametrize("table", ["decision_read", "lot"])
def test_a_trigger_that_is_none_of_the_services_is_named(database: Database, table: str) -> None:
    """It could keep reads from being recorded, and nothing would be amiss in what is there."""

    def work() -> None:
        if on_sqlite(database):
            execute(database, f"CREATE TRIGGER evil BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END")
        else:
            execute(database, "CREATE FUNCTION evil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
            made = f"BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION evil()"
            execute(database, f"CREATE TRIGGER evil {made}")
        (said,) = [each.en for each in LogCheck(database, [SIGNER.verifier]).differences()]
        assert said.startswith(f"table {table}: the trigger evil is none of the service's")
        raise RuntimeError("the next test needs it")

    with pytest.raises(RuntimeError, match="next test"):
        writing(database, work)


BACK_DATED = {
    "written before": (
        timedelta(days=-2),
        1,
        "it says that it was written at 2026-02-28T01:00:00.000000Z, and is not in",
    ),
    "written meanwhile": (timedelta(hours=-23), 0, ""),
    "signed before": (
        timedelta(days=2),
        1,
        "it is said to be signed at 2026-03-02T01:00:00.000000Z, and covers what is",
    ),
}


@pytest.mark.parametrize(("since", "count", "words"), BACK_DATED.values(), ids=BACK_DATED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_decision_that_claims_another_time_than_its_checkpoints_is_named(
    logged: Database, since: timedelta, count: int, words: str
) -> None:
    """A copy of an older decision, say, that somebody put in later."""
    at = (stored(NOW + since),)
    columns = "'D-2', account, policy, digest, outcome, points, as_of, ?, case_data, data"
    writing(logged, lambda: execute(logged, f"INSERT INTO decision SELECT {columns} FROM decision", at))  # noqa: S608
    sign_head(logged, [SIGNER], NOW)
    said = found(logged)
    assert (len(said), all(words in each for each in said)) == (count, True), said


def test_a_checkpoint_that_is_kept_must_be_ours_before_the_next_is_signed(
    database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(recoup, ["audit", *arguments])

    record(database)
    key = run("keygen", ORIGIN).stdout.strip()
    first = run("checkpoint").stdout
    (tmp_path / "kept.txt").write_text(first)
    run("rotate")
    run("rotate", "--retire")
    tell(database, "E-2")
    assert run("checkpoint").exit_code == 0, "the key before is still known"
    assert run("check", "--since", "kept.txt").stdout == (
        f"the database is what its log recorded: {LEAVES + 1} leaves, 2 checkpoints; 0 not signed yet\n"
    )
    (tmp_path / "log.keys").write_text(run("keys").stdout)
    run("export", "log.jsonl")
    verify = ("verify", "log.jsonl", "--key", "log.keys", "--since", "kept.txt")
    assert run(*verify).exit_code == 0

    # Somebody signs with a key of the same name.
    head, forger = head_of(first), new_signer(ORIGIN)
    forged = sign(Checkpoint(ORIGIN, head.size, b"0" * 32).text(), [forger])
    (tmp_path / "kept.txt").write_text(forged)
    refused = run(*verify)
    assert (refused.exit_code, refused.stderr) == (
        2,
        "recoup: --since kept.txt: it is signed by none of the keys that are known\n",
    )
    both_keys = (*verify, "--key", str(forger.verifier))
    assert f"the first {LEAVES} leaves are not those of the checkpoint" in run(*both_keys).stderr
    writing(database, lambda: execute(database, INSERT_CHECKPOINT, (1, forged, "")))
    refused = run("checkpoint")
    assert (refused.exit_code, "the last checkpoint that is kept is none of ours" in refused.stderr) == (1, True)
    checked = run("check", "--lang", "ko", "--key", key)
    assert (checked.exit_code, "체크포인트 2: it is signed by none" in checked.stdout) == (1, True)


def test_a_checkpoint_that_was_taken_out_is_missed(database: Database, run: Run) -> None:
    """The newest, too: whoever signed it knows, and whoever keeps it."""
    record(database)
    run("audit", "keygen", ORIGIN)
    first = run("audit", "checkpoint").stdout
    tell(database, "E-2")
    second = run("audit", "checkpoint").stdout
    Path("kept.txt").write_text(first + second)
    Path("log.keys").write_text(run("audit", "keys").stdout)
    for since in ((), ("--since", "kept.txt")):
        assert run("audit", "check", *since).exit_code == 0
        assert run("audit", "checkpoint").stdout == second, "it is the same head"
    keys = ("--key", "log.keys")
    gone = f"the checkpoint of {LEAVES + 1} leaves that was signed and kept is not in the database; it was taken out\n"
    change(database, "log_checkpoint", "DELETE FROM log_checkpoint WHERE id = (SELECT MAX(id) FROM log_checkpoint)")
    # Who gives keys and no checkpoint asks about the database alone.
    for asked, missed in (((), True), (keys, False), ((*keys, "--since", "kept.txt"), True)):
        checked = run("audit", "check", *asked, "--lang", "en")
        # The triggers that `change` took away on SQLite are missed, too.
        assert (asked, gone in checked.stdout, checked.exit_code) == (asked, missed, int(missed or on_sqlite(database)))
    tell(database, "E-3")
    assert run("audit", "checkpoint").exit_code == 0
    # The next one does not make up for it.
    assert gone in run("audit", "check", "--lang", "en").stdout
    assert run("audit", "export", "log.jsonl").exit_code == 0
    said = f"the checkpoint of {LEAVES + 1} leaves that was kept is not in the export; it was taken out\n"
    assert run("audit", "verify", "log.jsonl", *keys, "--since", "kept.txt").stderr.endswith(said)
    assert run("audit", "verify", "log.jsonl", *keys).exit_code == 0


def test_what_was_signed_is_not_signed_over(database: Database, run: Run) -> None:
    """Even where no checkpoint is left in the database."""
    record(database)
    tell(database, "E-2")
    run("audit", "keygen", ORIGIN)
    run("audit", "checkpoint")
    for table in ("log_checkpoint", "log_leaf", "log_node"):
        change(database, table, f"DELETE FROM {table}")  # noqa: S608
    tell(database, "E-3")
    refused = run("audit", "checkpoint")
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"recoup: nothing was signed: the log has 1 leaves, and {LEAVES + 1} were signed\n",
    )
    Path("recoup-log.key.checkpoints").write_text("torn")
    assert "recoup-log.key.checkpoints holds something else" in str(run("audit", "checkpoint").exception)
