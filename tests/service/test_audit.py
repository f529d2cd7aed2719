"""The log of a database: everything that is never changed is in it, and nothing in it can be changed unnoticed."""

from __future__ import annotations

import importlib.util
import io
import itertools
import json
import threading
from base64 import b64decode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import audit_log
from service.audit_log import KINDS, Altered, place_all, sign_head
from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, open_database, reading, rows, writing
from service.log.exports import BadExport, check, digest_of, leaf_of, written
from service.log.notes import Checkpoint, Signer, new_signer, open_note, read_checkpoint, sign
from service.log.tree import Frontier, consistency_proof, consistent, includes, inclusion_proof, leaf_hash, place
from service.migrate import FOLDER, migrate
from service.tables import NEVER_CHANGED, RefundRequest
from tests.service.builders import NOW, ORIGIN, Run, asking
from tests.service.test_database import FILL
from tests.service.test_reference import check as conforms

ROOT = Path(__file__).parents[2]
# What follows from a decision is in the log with it.
RECORDED = [each for each in FILL if "log_" not in each and "decision_rule" not in each]
EVENT = "INSERT INTO event VALUES (?, 'A', 'purchase', '', 0, '{}', '', '', '')"
LEAVES = "SELECT seq, kind, reference FROM log_leaf ORDER BY seq"


@pytest.fixture
def run(run: Run) -> Run:
    """Runs `recoup audit`."""
    return lambda *arguments, **more: run("audit", *arguments, **more)


def record(database: Database, without: Iterable[str] = ()) -> None:
    """A row in every table that is logged, but for some; what was said in an inquiry is erased."""
    skipped = tuple(f"INSERT INTO {table} " for table in ("erased_record", *without))
    wanted = [each for each in RECORDED if not each.startswith(skipped)]

    def work() -> None:
        for each in wanted:
            execute(database, each)
        if "erased_record" not in without:
            audit_log.place_within(database)
            ((erasure, said),) = rows(
                database, "SELECT MAX(erasure.id), MAX(inquiry_entry.id) FROM erasure, inquiry_entry"
            )
            audit_log.erase(database, erasure, "inquiry_entry", str(said))
            audit_log.state_remains(database, erasure, "inquiry_entry", str(said))

    writing(database, work)


def tell(database: Database, event: str) -> None:
    """One row more."""
    writing(database, lambda: execute(database, EVENT, (event,)))


def leaves(database: Database) -> list[tuple[int, str, str]]:
    with reading(database):
        return [(seq, kind, reference) for seq, kind, reference in rows(database, LEAVES)]


def exported(database: Database) -> list[bytes]:
    with reading(database):
        return list(written(ORIGIN, audit_log.records(database)))


def head_of(note: str) -> Checkpoint:
    return read_checkpoint(note.rpartition("\n\n")[0] + "\n")


def test_every_column_that_is_never_changed_is_logged() -> None:
    tables = {table._meta.table_name: table for table in NEVER_CHANGED}
    columns = {name: {field.column_name for field in table._meta.sorted_fields} for name, table in tables.items()}
    for own in ("log_leaf", "log_node", "log_checkpoint", "decision_rule"):
        del columns[own]
    # What becomes of a request is told by its moves, and what it pays by its decision.
    changing = {"state", "payout", "last_held_on"}
    columns["refund_request"] = {field.column_name for field in RefundRequest._meta.sorted_fields} - changing
    assert {name: set(kind.columns) for name, kind in KINDS.items()} == columns


def test_a_filing_is_logged_with_all_that_it_made(client: FlaskClient, database: Database) -> None:
    body = {"account": "A", "request": asking(12_000)}
    filed = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"}).get_json()
    place_all(database)
    found = leaves(database)
    with reading(database):
        kept = audit_log.body_of(database, "decision", filed["decision_id"])
        made = [
            (kind, str(reference))
            for kind in KINDS
            for (reference,) in rows(database, f'SELECT {KINDS[kind].key} FROM "{kind}"')  # noqa: S608
        ]
    assert sorted((kind, reference) for _, kind, reference in found) == sorted(made)
    assert {kind for _, kind, _ in found} == {"decision", "refund_request", "ledger_entry", "policy_version"}
    assert kept is not None
    assert json.loads(kept["data"])["points"] == 12_000


def test_what_was_undone_is_no_leaf(database: Database) -> None:
    def work() -> None:
        for each in RECORDED:
            execute(database, each)
        raise RuntimeError("later")

    with pytest.raises(RuntimeError, match="later"):
        writing(database, work)
    place_all(database)
    assert leaves(database) == []


def test_every_kind_is_exported_as_it_was_recorded(database: Database, signer: Signer) -> None:
    record(database)
    head = head_of(sign_head(database, [signer], NOW))
    lines = exported(database)
    found = check(lines, [signer.verifier])
    bodies = {each["kind"]: each["body"] for each in map(json.loads, lines) if "seq" in each}
    assert (found.leaves, found.root, set(bodies)) == (len(KINDS), head.root, set(KINDS))
    # The same on both databases.
    assert bodies["policy_version"]["starts"] == "2025-01-01"
    assert bodies["event_answer"]["refused"] is False
    assert bodies["move"]["id"] == rows_of(database, 'SELECT id FROM "move"')
    assert bodies["inquiry_entry"]["due_on"] == "2025-01-01"


def rows_of(database: Database, sql: str) -> Any:
    with reading(database):
        return rows(database, sql)[0][0]


def test_a_head_is_signed_once_and_the_next_one_extends_it(database: Database, signer: Signer) -> None:
    record(database)
    first = sign_head(database, [signer], NOW)
    assert sign_head(database, [signer], NOW) == first
    before = leaves(database)
    for number in range(30):
        tell(database, f"E-{number}")
    second = sign_head(database, [signer], NOW)
    old, new = head_of(first), head_of(second)
    with reading(database):
        assert [each.note for each in audit_log.checkpoints(database)] == [first, second]
        node = audit_log.nodes(database)
        proof = consistency_proof(node, old.size, new.size)
        shown = [
            includes(node(0, seq), seq, new.size, inclusion_proof(node, seq, new.size), new.root)
            for seq in range(new.size)
        ]
    assert consistent(old.size, new.size, proof, old.root, new.root)
    assert (new.size, all(shown)) == (old.size + 30, True)
    assert leaves(database)[: old.size] == before


def test_nothing_is_missing_and_nothing_moves_while_many_write(database: Database, signer: Signer) -> None:
    record(database)
    start = threading.Barrier(19, timeout=20)
    heads: list[str] = []

    def write(writer: int) -> None:
        start.wait()
        for number in range(6):
            tell(database, f"E-{writer}-{number}")

    def look(_number: int) -> None:
        start.wait()
        for _ in range(4):
            with reading(database):
                committed = rows(database, "SELECT COUNT(*) FROM log_leaf")[0][0]
            heads.append(sign_head(database, [signer], NOW))
            assert head_of(heads[-1]).size >= committed

    with ThreadPoolExecutor(19) as threads:
        done = [threads.submit(work, number) for work, count in ((write, 16), (look, 3)) for number in range(count)]
        for each in done:
            each.result()
    heads.append(sign_head(database, [signer], NOW))
    assert [seq for seq, _, _ in leaves(database)] == list(range(len(KINDS) + 96))
    found = check(exported(database), [signer.verifier])
    assert (found.leaves, found.checkpoints) == (len(KINDS) + 96, len(dict.fromkeys(heads)))


def test_what_is_committed_late_stands_behind_what_was_signed(postgresql_url: str, signer: Signer) -> None:
    """On SQLite there is one writer at a time."""
    database = open_database(Settings(database_url=postgresql_url))
    record(database)
    wrote, signed = threading.Event(), threading.Event()

    def late() -> None:
        execute(database, EVENT, ("E-late",))
        wrote.set()
        assert signed.wait(20)

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(writing, database, late)
        assert wrote.wait(20)
        tell(database, "E-early")
        head = head_of(sign_head(database, [signer], NOW))
        signed.set()
        slow.result()
    sign_head(database, [signer], NOW)
    found = leaves(database)
    check(exported(database), [signer.verifier])
    close_database(database)
    assert [each[2] for each in found[head.size - 1 :]] == ["E-early", "E-late"]


def test_what_was_recorded_before_the_log_is_in_it(empty_database_url: str, tmp_path: Path, signer: Signer) -> None:
    for each in FOLDER.glob("000[1-7]_*.py"):
        (tmp_path / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
    database = open_database(Settings(database_url=empty_database_url))
    migrate(database, tmp_path)
    first = import_module("service.migrations.0008_log").LOGGED
    record(database, without=[kind for kind in KINDS if kind not in first])
    assert "0008_log" in migrate(database)
    tell(database, "E-2")
    sign_head(database, [signer], NOW)
    found = leaves(database)
    check(exported(database), [signer.verifier])
    close_database(database)
    assert [kind for _, kind, _ in found] == [*first, "event"]


TAMPERING = {
    "a decision was changed": ("decision", "UPDATE decision SET points = 2", "(decision D) is not what was recorded"),
    "a move was taken out": ("move", 'DELETE FROM "move"', "is not what was recorded"),
    "a leaf stands for another row": (
        "log_leaf",
        "UPDATE log_leaf SET reference = 'E-2' WHERE kind = 'event'",
        "(event E-2) is not what was recorded",
    ),
    "a salt was changed": ("log_leaf", "UPDATE log_leaf SET salt = '00' WHERE seq = 0", "leaf 0 "),
    "a checkpoint was changed": (
        "log_checkpoint",
        "UPDATE log_checkpoint SET note = 'x' || note",
        "the signature by",
    ),
}


def unguard(database: Database, table: str, change: str) -> None:
    """What somebody can do who owns the database."""
    if on_sqlite(database):
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        for (name,) in rows(database, guards, (table,)):
            execute(database, f"DROP TRIGGER {name}")
    else:
        execute(database, "SET LOCAL session_replication_role = replica")
    execute(database, change)


@pytest.mark.parametrize(("table", "change", "words"), TAMPERING.values(), ids=TAMPERING.keys())
def test_a_database_that_was_tampered_with_exports_what_does_not_hold(
    database: Database, signer: Signer, table: str, change: str, words: str
) -> None:
    record(database)
    sign_head(database, [signer], NOW)
    writing(database, lambda: unguard(database, table, change))
    with pytest.raises(BadExport, match=r"line \d+: ") as raised:
        check(exported(database), [signer.verifier])
    assert words in str(raised.value)


def test_a_log_that_was_written_anew_is_not_signed_again(database: Database, signer: Signer) -> None:
    record(database)
    sign_head(database, [signer], NOW)

    def forge() -> None:
        unguard(database, "log_node", "DELETE FROM log_node")
        tree = Frontier()
        for seq in range(len(KINDS)):
            for level, index, found in tree.append(leaf_hash(str(seq).encode())):
                execute(database, audit_log.INSERT_NODE, (place(level, index), found))

    writing(database, forge)
    with pytest.raises(Altered, match=f"the first {len(KINDS)} leaves are not those that were signed"):
        sign_head(database, [signer], NOW)
    with pytest.raises(Altered, match=f"the log is {ORIGIN}, and the key is of another.example"):
        sign_head(database, [new_signer("another.example")], NOW)


def independent() -> Any:
    """The verifier of the documentation."""
    spec = importlib.util.spec_from_file_location("verify_log", ROOT / "docs" / "verify_log.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def small_export(signers: list[Signer]) -> list[bytes]:
    """Four leaves, of which the first two were signed before."""
    tree, records = Frontier(), list[dict[str, Any]]()
    bodies: list[dict[str, Any]] = [{"points": 1}, {"text": '포인트 "1"'}, {"a": [None, True]}, {}]
    for seq, body in enumerate(bodies):
        digest = digest_of("k", str(seq), "5a", body)
        leaf = {"seq": seq, "kind": "k", "reference": str(seq), "salt": "5a", "body": body, "digest": digest}
        records.append(leaf)
        tree.append(leaf_hash(leaf_of("k", str(seq), digest)))
        if seq % 2:
            note = sign(Checkpoint("log", tree.size, tree.root()).text(), signers)
            records.append({"checkpoint": seq // 2, "note": note})
    return list(written("log", records))


def test_a_stranger_proves_by_the_api_what_is_in_the_log(
    client: FlaskClient, database: Database, signer: Signer, run: Run
) -> None:
    for language, words in (
        ("en", "with `recoup audit keygen NAME`, and signs"),
        ("ko", "recoup audit keygen NAME으로"),
    ):
        unsigned = client.get("/v1/audit/checkpoint", headers={"Accept-Language": language})
        assert (unsigned.status_code, unsigned.get_json()["code"]) == (404, "nothing-signed")
        assert words in unsigned.get_json()["detail"]
    sign_head(database, [signer], NOW)
    first = client.get("/v1/audit/checkpoint").get_json()
    body = {"account": "A", "request": asking(12_000)}
    filed = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"}).get_json()
    sign_head(database, [signer], NOW)
    second = client.get("/v1/audit/checkpoint").get_json()
    text, _ = open_note(second["note"], [signer.verifier])
    assert read_checkpoint(text) == Checkpoint(ORIGIN, second["size"], b64decode(second["root"]))

    named = f"kind=decision&reference={filed['decision_id']}"
    proof = client.get(f"/v1/audit/proofs/inclusion?{named}&size={second['size']}").get_json()
    entry = client.get(f"/v1/audit/entries/{proof['seq']}").get_json()
    digest = digest_of(entry["kind"], entry["reference"], entry["salt"], entry["body"])
    leaf = leaf_hash(leaf_of("decision", filed["decision_id"], digest))
    hashes = [b64decode(each) for each in proof["hashes"]]
    assert includes(leaf, proof["seq"], second["size"], hashes, b64decode(second["root"]))
    assert json.loads(entry["body"]["data"])["points"] == 12_000

    # The log goes on: that the entry was read is in it by now.
    sizes = f"old={first['size']}&new={second['size']}"
    grown = client.get(f"/v1/audit/proofs/consistency?{sizes}").get_json()
    hashes = [b64decode(each) for each in grown["hashes"]]
    roots = b64decode(first["root"]), b64decode(second["root"])
    assert consistent(first["size"], second["size"], hashes, *roots)
    for answer, shape in ((first, "Checkpoint"), (entry, "LogEntry"), (proof, "InclusionProof")):
        conforms(answer, shape)
    conforms(grown, "ConsistencyProof")
    one, all_of, size = proof["seq"], second["size"], first["size"]
    shown = f"leaf {one} (decision {filed['decision_id']}) is among the {all_of} leaves that were signed\n"
    other = {**entry, "body": {**entry["body"], "points": 1}}
    Path("kept.txt").write_text(first["note"] + second["note"])
    for data, beside, (code, words) in (
        (proof, entry, (0, shown)),
        (proof, None, (0, f"leaf {one} is among the {all_of} leaves that were signed\n")),
        (grown, None, (0, f"the {all_of} leaves that were signed begin with the {size} that were signed before\n")),
        (proof | {"seq": 0}, None, (1, f"leaf 0 is not shown to be among the {all_of} leaves that were signed")),
        (proof | {"hashes": []}, None, (1, f"leaf {one} is not shown to be among")),
        (proof, entry | {"kind": "event"}, (1, f"the entry is not that of leaf {one}")),
        (proof, other, (1, f"the entry is not what leaf {one} recorded: its digest is another")),
        (
            proof | {"size": 999},
            None,
            (2, f"the proof is of 999 leaves, and the checkpoints of --since of {size}, {all_of}: give that of 999"),
        ),
        (grown | {"hashes": proof["hashes"]}, None, (1, f"the {all_of} leaves are not shown to begin with the {size}")),
        ({"seq": 1}, None, (2, "proof.json is not a proof as the API gives it")),
        (proof, [], (2, "proof.json is not a proof as the API gives it, or --entry names no entry")),
    ):
        Path("proof.json").write_text(json.dumps(data))
        Path("entry.json").write_text(json.dumps(beside))
        more = () if beside is None else ("--entry", "entry.json")
        arguments = ("proof", "proof.json", "--key", str(signer.verifier), "--since", "kept.txt", *more)
        result = run(*arguments)
        assert (result.exit_code, words in (result.stdout or result.stderr)) == (code, True), result.output

    for asked, status in (
        (f"proofs/inclusion?{named}&size={proof['seq']}", 400),
        (f"proofs/inclusion?{named}&size=999", 400),
        ("proofs/inclusion?kind=decision&reference=D-0", 404),
        ("proofs/inclusion?kind=account&reference=A", 400),
        ("proofs/consistency", 400),
        ("proofs/consistency?old=2&new=1", 400),
        ("entries/999", 404),
        (f"entries/{10**30}", 404),
        ("checkpoint?size=1", 400),
    ):
        assert client.get(f"/v1/audit/{asked}").status_code == status, asked


def test_two_verifiers_notice_every_change_of_an_export() -> None:
    """Every byte flipped; every line dropped, repeated, and swapped with every other; cut anywhere."""
    signers = [Signer("log", bytes([number]) * 32) for number in (1, 2)]
    lines = small_export(signers)
    whole = b"".join(lines)
    line_of = [number for number, line in enumerate(lines, 1) for _ in line]
    flipped = [(line_of[at], whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :]) for at, byte in enumerate(whole)]
    cut = [(line_of[at], whole[:at]) for at in range(len(whole))]
    numbers = range(len(lines))
    dropped = [lines[:number] + lines[number + 1 :] for number in numbers]
    repeated = [[*lines[: number + 1], *lines[number:]] for number in numbers]
    swapped = [
        [*lines[:one], lines[two], *lines[one + 1 : two], lines[one], *lines[two + 1 :]]
        for one, two in itertools.combinations(numbers, 2)
    ]
    verify_log = independent()
    verifiers = [each.verifier for each in signers]
    keys = dict(verify_log.key(str(each)) for each in verifiers)

    def noticed(data: bytes) -> tuple[int, int]:
        """The line that each verifier names."""
        with pytest.raises(BadExport) as ours:
            check(io.BytesIO(data), verifiers)
        with pytest.raises(verify_log.Wrong) as theirs:
            verify_log.check(io.BytesIO(data), keys)
        return ours.value.line, int(str(theirs.value).removeprefix("line ").partition(":")[0])

    assert check(io.BytesIO(whole), verifiers).leaves == 4
    assert verify_log.check(io.BytesIO(whole), keys) == "log holds: 4 leaves, 2 checkpoints"
    for line, data in cut:
        assert noticed(data) == (line, line), data
    # A signature by somebody who is not known says nothing; that it was changed is said by the end.
    signed = [number for number, line in enumerate(lines, 1) if b'"note"' in line]
    for line, data in flipped:
        ours, theirs = noticed(data)
        assert ours == theirs, data
        assert ours == line or (line in signed and ours == len(lines)), data
    for changed in (*dropped, *repeated, *swapped):
        first = next(
            number for number in itertools.count() if changed[number : number + 1] != lines[number : number + 1]
        )
        ours, theirs = noticed(b"".join(changed))
        assert ours == theirs > first


def test_the_verifier_of_the_documentation_knows_what_was_kept_and_ends_as_our_commands_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signer, other = new_signer("log"), new_signer("other")
    lines = small_export([signer])
    records = [json.loads(line) for line in lines[1:-1]]
    first, last = records[2]["note"], records[5]["note"]
    # The older checkpoint was taken out; and a log that was written anew from the second leaf on.
    cut = [*records[:2], *records[3:5], records[5] | {"checkpoint": 0}]
    files = {
        "whole": b"".join(lines),
        "cut": b"".join(written("log", cut)),
        "short": b"".join(written("log", records[:3])),
        "first": first.encode(),
        "both": f"{first}\n{last}".encode(),
        "unsigned": first.replace("log ", "who ").encode(),
        "altered": first.replace("\n2\n", "\n3\n").encode(),
        "junk": b"\xff\n",
        "leaf": lines[0] + b"[[1],2]\n",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    key, main = str(signer.verifier), independent().main
    monkeypatch.chdir(tmp_path)
    holds, missed = (0, "log holds: 4 leaves, 2 checkpoints"), "a checkpoint that was kept is not in it"
    for asked, (code, words) in {
        f"whole {key}": holds,
        f"whole --since first {key}": holds,
        f"whole {key} --since both --since first {other.verifier}": holds,
        f"cut {key}": (0, "log holds: 4 leaves, 1 checkpoints"),
        f"cut {key} --since both": (1, f"cut: line 7: {missed}"),
        f"short {key}": (0, "log holds: 2 leaves, 1 checkpoints"),
        f"short {key} --since both": (1, f"short: line 5: {missed}"),
        f"leaf {key}": (1, "leaf: line 2: "),
        f"first {key}": (1, "first: line 1: "),
        f"whole {key} --since unsigned": (2, "unsigned: the checkpoint is signed by none of the keys"),
        f"whole {key} --since altered": (2, "altered: a signature is not of this checkpoint"),
        f"whole {key} --since junk": (2, "junk: a signature is not of this checkpoint"),
        f"whole {key} --since nowhere": (2, "nowhere: No such file"),
        f"nowhere {key}": (2, "nowhere: No such file"),
        f". {key}": (2, ".: Is a directory"),
        f"whole {key[:-4]}": (2, "usage: "),
        "whole k": (2, "usage: "),
        "whole": (2, "usage: "),
    }.items():
        monkeypatch.setattr("sys.argv", ["verify_log.py", *asked.split()])
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(str(end.code))
        out, err = capsys.readouterr()
        assert (ended, (out or err).startswith(words)) == (code, True), (asked, out, err)
        assert (out + err).count("\n") == 1 + words.startswith("usage"), (asked, out, err)


def test_a_change_that_mends_its_digest_is_noticed_by_the_next_checkpoint() -> None:
    signers = [new_signer("log")]
    records = [json.loads(line) for line in small_export(signers)[1:-1]]
    forged = records[3]
    forged["body"] = {"points": 9}
    forged["digest"] = digest_of(forged["kind"], forged["reference"], forged["salt"], forged["body"])
    lines = list(written("log", records))
    verify_log = independent()
    with pytest.raises(BadExport, match=r"line 7: checkpoint 1 was signed over other leaves; .* behind leaf 1"):
        check(lines, [signers[0].verifier])
    with pytest.raises(verify_log.Wrong, match="line 7: what was signed is another log, or other"):
        verify_log.check(io.BytesIO(b"".join(lines)), dict([verify_log.key(str(signers[0].verifier))]))


@pytest.mark.parametrize(("name", "place"), [("seq", 1), ("checkpoint", 2)])
@pytest.mark.parametrize("made", [str, float, lambda number: number == 1], ids=["a text", "a fraction", "a flag"])
def test_a_place_is_a_whole_number_for_both_verifiers(name: str, place: int, made: Any) -> None:
    signer = new_signer("log")
    records = [json.loads(line) for line in small_export([signer])[1:-1]]
    records[place][name] = made(records[place][name])
    # What is no whole number the service never writes.
    lines = [json.dumps(each, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() for each in records]
    data = b"".join(line + b"\n" for line in (small_export([signer])[0].rstrip(b"\n"), *lines))
    verify_log = independent()
    with pytest.raises(BadExport, match=f"^line {place + 2}: "):
        check(io.BytesIO(data), [signer.verifier])
    with pytest.raises(verify_log.Wrong, match=f"^line {place + 2}: "):
        verify_log.check(io.BytesIO(data), dict([verify_log.key(str(signer.verifier))]))


def test_the_last_leaves_must_be_signed() -> None:
    signers = [new_signer("log")]
    records = [json.loads(line) for line in small_export(signers)[1:-2]]
    with pytest.raises(BadExport, match="no checkpoint covers the last leaves"):
        check(written("log", records), [signers[0].verifier])


def test_the_verifier_of_the_documentation_stays_short() -> None:
    assert len((ROOT / "docs" / "verify_log.py").read_text("utf-8").splitlines()) <= 150
