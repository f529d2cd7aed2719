"""What was written about an account can be erased, and nothing that was proven before is proven no longer."""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import audit_log
from service.audit_log import sign_head
from service.database import Database, execute, reading, rows, writing
from service.erasing import Erased, Erasing, Nothing
from service.erasures import TOKEN
from service.ledger_check import differences
from service.log.exports import ERASABLE, BadExport, check, digest_of, leaf_of, remains_of, written
from service.log.notes import Checkpoint, Signer, sign
from service.log.tree import Frontier, consistency_proof, consistent, includes, inclusion_proof, leaf_hash
from service.log_check import LogCheck
from service.publishing import Versions
from service.tables import TABLES
from tests.service.builders import NOW, ORIGIN, Run, asking, lot_facts, open_account, publish_small
from tests.service.desk import MINE, SHARED, WORDS, Desk, busy_desk, dump, holding, looked, replayed
from tests.service.test_audit import exported, head_of, independent, unguard

ROOT = Path(__file__).parents[2]
LATER = NOW + timedelta(days=60)


@pytest.fixture
def desk(client: FlaskClient, database: Database) -> Desk:
    return busy_desk(client, database)


def erase(database: Database, account: str = "A", **more: Any) -> Erased:
    return Erasing(database, Versions(database, 8)).erase(account, "desk", "asked", more.pop("now", LATER), **more)


def test_the_words_and_links_are_nowhere_and_all_that_was_decided_stays(
    client: FlaskClient, desk: Desk, database: Database, signer: Signer
) -> None:
    sign_head(database, [signer], NOW)
    before, tables = balance(client), dump(database)
    found = erase(database)
    assert (found.open, found.counted, found.bound) == (0, 0, [])
    # A's four requests and the decision that was only asked for; two of B's name A.
    assert found.records == {"decision": 7, "refund_request": 4, "move": 1, "inquiry_entry": 4}
    assert holding(database, MINE, *WORDS[:2], WORDS[3], "agent-7") == set()
    # Of B, who was not erased, everything is there that is B's.
    assert holding(database, SHARED) >= {"decision", "refund_request"}
    assert '"account_id":"A"' not in "".join(data for (data,) in _cases(database, "B"))
    assert replayed(database) == []
    with reading(database):
        assert differences(database) == []
    assert balance(client) == before
    same = {"account", "lot", "hold", "ledger_entry", "message", "decision_rule", "policy_version"}
    assert {name: text for name, text in dump(database).items() if name in same} == {
        name: text for name, text in tables.items() if name in same
    }


def _cases(database: Database, account: str) -> list[tuple[str]]:
    with reading(database):
        return [(text,) for (text,) in rows(database, "SELECT case_data FROM decision WHERE account = ?", (account,))]


def balance(client: FlaskClient) -> Any:
    return client.get("/v1/accounts/A/balance").get_json()


def test_one_link_is_one_token_in_all_records(desk: Desk, database: Database) -> None:
    erase(database)
    with reading(database):
        asked = [
            token
            for (token,) in rows(
                database, "SELECT receiving_account FROM refund_request WHERE account_id = 'A' ORDER BY id"
            )
        ]
    cases = [json.loads(text) for (text,) in _cases(database, "A")]
    of_cases = {each["request"]["receiving_account"] for each in cases}
    assert len(set(asked)) == 2
    assert asked[0] == asked[2] == asked[3] != asked[1]
    assert of_cases == set(asked)
    assert all(TOKEN.fullmatch(token) for token in asked)
    paid = {past["receiving_account"] for each in cases for past in each["history"]}
    assert paid == set(asked)


def test_every_proof_made_before_still_verifies(desk: Desk, database: Database, signer: Signer) -> None:
    first = head_of(sign_head(database, [signer], NOW))
    with reading(database):
        node = audit_log.nodes(database)
        kept = [(node(0, seq), inclusion_proof(node, seq, first.size)) for seq in range(first.size)]
    erased = erase(database)
    second = head_of(sign_head(database, [signer], LATER))
    with reading(database):
        node = audit_log.nodes(database)
        for seq, (leaf, proof) in enumerate(kept):
            entry = audit_log.entry_at(database, seq)
            assert entry is not None
            assert entry.hash() == leaf
            assert includes(leaf, seq, first.size, proof, first.root)
        grown = consistency_proof(node, first.size, second.size)
    assert consistent(first.size, second.size, grown, first.root, second.root)
    assert second.size == first.size + 1 + erased.records.total()
    lines = exported(database)
    found = check(lines, [signer.verifier])
    assert (found.leaves, found.root, found.erased) == (second.size, second.root, erased.records.total())
    verify_log = independent()
    verify_log.check(io.BytesIO(b"".join(lines)), dict([verify_log.key(str(signer.verifier))]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_erased_record_is_one_in_parquet_too(desk: Desk, database: Database, signer: Signer, tmp_path: Path) -> None:
    parquet = pytest.importorskip("service.log.parquet")
    first = head_of(sign_head(database, [signer], NOW))
    erased = erase(database)
    sign_head(database, [signer], LATER)
    path = tmp_path / "log.parquet"
    with reading(database):
        parquet.write(path, ORIGIN, audit_log.records(database))
    with path.open("rb") as file:
        assert parquet.check(file, [signer.verifier], [first]).erased == erased.records.total()


@pytest.mark.parametrize("placed", [False, True], ids=["before it is placed", "placed"])
def test_an_erasure_is_no_tampering_for_the_check_of_the_database(
    desk: Desk, database: Database, signer: Signer, placed: bool
) -> None:
    sign_head(database, [signer], NOW)
    erased = erase(database)
    if placed:
        audit_log.place_all(database)
    with reading(database):
        found = LogCheck(database, [signer.verifier])
        assert list(found.differences()) == []
    assert found.erased == erased.records.total()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_itself_holds_the_words_no_longer(desk: Desk, database: Database, database_url: str) -> None:
    """Not even in places that were given free. (PostgreSQL gives them back when it vacuums.)"""
    path = Path(database_url.removeprefix("sqlite:///"))

    def whole() -> bytes:
        return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))

    said = [word.encode() for word in (MINE, *WORDS[:2], WORDS[3], "agent-7")]
    assert all(word in whole() for word in said)
    erase(database)
    assert [word for word in said if word in whole()] == []


def test_what_is_open_or_counted_is_left_until_it_is_not(desk: Desk, database: Database) -> None:
    held = desk.file(1_500, "330-666-777777")
    asked = desk.post("inquiries", {"account": "A", "kind": "question", "language": "en", "text": "Where is it?"})
    first = erase(database, now=NOW)
    # The inquiry has one entry, the request one receiving account; two more were paid in this month.
    assert (first.open, first.counted) == (2, 2)
    assert first.records == {"inquiry_entry": 4, "move": 1}
    assert {"decision", "refund_request"} <= holding(database, MINE)
    waived = erase(database, now=NOW, counted_too=True)
    assert (waived.open, waived.counted, waived.records["refund_request"]) == (2, 0, 4)
    assert holding(database, MINE) == set()
    assert holding(database, "330-666-777777", "Where is it?") >= {"refund_request", "inquiry_entry"}
    desk.settle(held)
    desk.post(f"inquiries/{asked['id']}/withdraw", {"by": "member"})
    erase(database)
    assert holding(database, "330-666-777777", "Where is it?") == set()
    assert replayed(database) == []


def test_a_second_run_finds_nothing_and_a_rehearsal_changes_nothing(desk: Desk, database: Database) -> None:
    tables = dump(database)
    found = erase(database, rehearse=True)
    audit_log.place_all(database)
    assert (found.id, found.records.total(), found.answers > 0) == (0, 16, True)
    changed = {name for name, text in dump(database).items() if text != tables[name]}
    assert changed <= {"log_leaf", "log_node"}
    assert erase(database).records == found.records
    again = erase(database)
    assert (again.id, again.records.total(), again.answers) == (0, 0, 0)
    with pytest.raises(Nothing):
        erase(database, "nobody")


def test_a_key_that_is_sent_again_is_refused_and_told_nothing(
    client: FlaskClient, desk: Desk, database: Database
) -> None:
    erase(database)
    body = {"account": "A", "request": asking(3_000, receiving_account=MINE)}
    again = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.get_json()["code"]) == (409, "idempotency-key-reused")


def test_a_receiving_account_that_reads_like_another_fact_is_erased(desk: Desk, database: Database) -> None:
    """Here like the id of the account, which has to stay."""
    desk.settle(desk.file(600, "A"))
    erase(database)
    assert replayed(database) == []
    asked = {json.loads(text)["request"]["receiving_account"] for (text,) in _cases(database, "A")}
    assert "A" not in asked


def test_a_decision_that_hangs_on_the_link_is_left_and_named(client: FlaskClient, database: Database) -> None:
    publish_small(
        database,
        """\
  - id: own-bank
    kind: require
    terms: "11"
    that: {request.receiving_account: {starts_with: 110-}}
    reason: {ko: "계좌", en: "Only our bank."}
""",
    )
    desk = Desk(client)
    made = desk.post("decisions", {"account": "A", "request": asking(600, receiving_account=MINE)})
    found = erase(database)
    assert found.bound == [made["id"]]
    assert replayed(database) == []


CHANGES = {
    "a row that was not erased": "UPDATE decision SET data = 'x'",
    "a row that was erased already": "UPDATE decision SET data = 'x' WHERE account = 'A'",
    "what stays of a row": "UPDATE decision SET points = 1 WHERE account = 'A'",
    "an entry that was erased already": "UPDATE inquiry_entry SET text = 'x'",
    "a move": "UPDATE \"move\" SET reason = 'x'",
    "a salt, by no later erasure": "UPDATE log_leaf SET salt = NULL",
    "a salt back": "UPDATE log_leaf SET salt = 'x' WHERE salt IS NULL",
    "a digest with the salt": "UPDATE log_leaf SET salt = NULL, digest = 'x', erasure_id = 99 WHERE seq = 0",
    "a digest to nothing": "UPDATE log_leaf SET salt = NULL, digest = NULL, erasure_id = 99 WHERE seq = 0",
    "an erasure": "UPDATE erasure SET account = 'B'",
    "what is said to remain": "DELETE FROM erased_record",
}


def test_the_database_refuses_every_other_change(desk: Desk, database: Database) -> None:
    erase(database)
    for change in CHANGES.values():
        with pytest.raises(Exception, match="never changed"):
            writing(database, functools.partial(execute, database, change))


def test_only_words_and_links_of_a_row_may_be_erased(desk: Desk, database: Database) -> None:
    audit_log.place_all(database)

    def work(change: str) -> None:
        row = ("B", "asked", "x", "x", 1, "")
        sql = "INSERT INTO erasure (account, cause, actor, reason, records, erased_at) VALUES (?, ?, ?, ?, ?, ?)"
        execute(database, sql, row)
        ((erasure,),) = rows(database, "SELECT MAX(id) FROM erasure")
        ((decision,),) = rows(database, "SELECT MIN(id) FROM decision")
        audit_log.erase(database, erasure, "decision", decision)
        execute(database, "UPDATE decision SET data = '{}' WHERE id = ?", (decision,))
        execute(database, change, (decision,))

    for change in (
        "UPDATE decision SET points = 1 WHERE id = ?",
        "UPDATE decision SET account = 'B' WHERE id = ?",
        "UPDATE decision SET data = 'x' WHERE id <> ?",
    ):
        with pytest.raises(Exception, match="never changed"):
            writing(database, functools.partial(work, change))


TAMPERING = {
    "what remains of a decision was changed": "UPDATE decision SET data = 'x' WHERE id ="
    " (SELECT MIN(reference) FROM log_leaf WHERE kind = 'decision' AND salt IS NULL)",
    "a decision was called erased": "UPDATE log_leaf SET salt = NULL WHERE seq ="
    " (SELECT MIN(seq) FROM log_leaf WHERE kind = 'decision' AND salt IS NOT NULL)",
    "a text of a policy was called erased": "UPDATE log_leaf SET salt = NULL WHERE kind = 'policy_version'",
}


@pytest.mark.parametrize("change", TAMPERING.values(), ids=list(TAMPERING))
def test_what_is_called_erased_and_was_not_is_noticed(
    desk: Desk, database: Database, signer: Signer, change: str
) -> None:
    desk.file(100, "", "B")
    erase(database)
    sign_head(database, [signer], LATER)
    table = change.split()[1]
    writing(database, lambda: unguard(database, table, change))
    lines = exported(database)
    verify_log = independent()
    assert any("and no erasure tells" in each or "is not what leaf" in each for each in looked(database, signer))
    with pytest.raises(BadExport, match="is said to be erased, and no") as ours:
        check(lines, [signer.verifier])
    with pytest.raises(verify_log.Wrong, match=rf"line {ours.value.line}: .*(no erasure tells|digest is not)"):
        verify_log.check(io.BytesIO(b"".join(lines)), dict([verify_log.key(str(signer.verifier))]))


FIRST = "(SELECT MIN(reference) FROM log_leaf WHERE kind = 'decision' AND salt IS NULL)"
UNDONE: dict[str, tuple[list[str], str]] = {
    "an erasure was undone": (
        [
            f"UPDATE decision SET data = '{{data}}', case_data = '{{case_data}}' WHERE id = {FIRST}",  # noqa: S608
            f"UPDATE log_leaf SET salt = '{{salt}}', erasure_id = NULL WHERE kind = 'decision' AND reference = {FIRST}",  # noqa: S608
        ],
        "leaf {seq} has its words, though erasure 1 says they were erased",
    ),
    "an erasure names one record fewer": (
        ["DELETE FROM erased_record WHERE id = (SELECT MAX(id) FROM erased_record)"],
        "erasure 1: it says that it erased 16 records, and 15 are named",
    ),
    "a later erasure says something else": (
        [
            "INSERT INTO erasure SELECT 2, account, cause, actor, reason, 1, erased_at FROM erasure",
            f"INSERT INTO erased_record SELECT 99, 2, 'decision', {FIRST}, 'sha256:0'",
        ],
        "leaf {seq} has no salt, and no erasure tells of what the row is now",
    ),
    "a leaf is said to be of no erasure": (
        [f"UPDATE log_leaf SET erasure_id = NULL WHERE kind = 'decision' AND reference = {FIRST}"],  # noqa: S608
        "leaf {seq} is said to be of erasure None, and the last one that names it is 1",
    ),
    "an erased leaf lost its place": (
        [f"UPDATE log_leaf SET seq = NULL WHERE kind = 'decision' AND reference = {FIRST}"],  # noqa: S608
        "leaf {seq} is missing",
    ),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_erasure_that_was_undone_or_names_something_else_is_noticed(
    desk: Desk, database: Database, signer: Signer
) -> None:
    sign_head(database, [signer], NOW)
    with reading(database):
        before = {row[0]: row[1:] for row in rows(database, "SELECT id, data, case_data FROM decision")}
        leaves = "SELECT reference, seq, salt FROM log_leaf WHERE kind = 'decision'"
        placed = {reference: (seq, salt) for reference, seq, salt in rows(database, leaves)}
    erase(database, counted_too=True)
    sign_head(database, [signer], LATER)
    with reading(database):
        (first,) = rows(database, FIRST.strip("()"))[0]
    figures = dict(zip(("data", "case_data", "seq", "salt"), (*before[first], *placed[first]), strict=True))
    assert looked(database, signer) == []

    class Undone(Exception):
        pass

    def work(lost: bool, changes: list[str], sentence: str) -> None:
        for change in changes:
            table = change.split()[2 if change.startswith(("INSERT", "DELETE")) else 1]
            said = change
            for figure, value in figures.items():
                said = said.replace(f"{{{figure}}}", str(value).replace("'", "''"))
            unguard(database, table, said)
        found = [each.en for each in LogCheck(database, [signer.verifier]).differences()]
        assert any(sentence.format(**figures) in each for each in found), (changes, found)
        if lost:
            with pytest.raises(
                audit_log.Altered, match=f"the leaf of decision {first} had its place, and has none any"
            ):
                audit_log.place_within(database)
        raise Undone

    for name, (changes, sentence) in UNDONE.items():
        with pytest.raises(Undone):
            writing(database, functools.partial(work, "lost" in name, changes, sentence))


def test_a_command_erases_and_the_export_waits_for_a_checkpoint(
    run: Run, client: FlaskClient, desk: Desk, database: Database
) -> None:
    key = run("audit", "keygen", ORIGIN).stdout.strip()
    run("audit", "checkpoint")

    def erasing(*more: str, account: str = "A") -> Result:
        return run("erase", account, "--by", "desk-1", "--reason", "asked", *more)

    would = erasing("--dry-run", "--counted-too")
    counts = "7 decisions, 4 requests, 1 moves, 4 entries of inquiries"
    assert would.stdout.startswith(f"would erase: {counts}")
    assert erasing("--counted-too").stdout.partition(": ")[2].startswith(counts)
    assert erasing("--lang", "ko").stdout == "지울 것이 없습니다\n"
    assert "nothing is kept of an account 'nobody'" in erasing(account="nobody").stderr
    assert "something was erased, and no checkpoint tells of it yet" in run("audit", "export", "log.jsonl").stderr
    run("audit", "checkpoint")
    assert run("audit", "export", "log.jsonl").exit_code == 0
    assert ", 16 erased, root " in run("audit", "verify", "log.jsonl", "--key", key).stdout
    with reading(database):
        ((account, cause, actor, reason, records),) = rows(
            database, "SELECT account, cause, actor, reason, records FROM erasure"
        )
    assert (account, cause, actor, reason, records) == ("A", "asked", "desk-1", "asked", 16)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("file"), st.sampled_from("AB"), st.sampled_from(["", MINE, SHARED, "A", "B"])),
        st.tuples(st.just("end"), st.sampled_from(["settle", "fail"])),
        st.tuples(st.just("ask"), st.sampled_from("AB")),
        st.tuples(st.just("sign")),
        st.tuples(st.just("erase"), st.sampled_from("AB"), st.booleans()),
    ),
    min_size=4,
    max_size=14,
)
numbers = itertools.count(1)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_erased_when_all_proofs_hold_and_all_decisions_come_out_the_same(
    client: FlaskClient, database: Database, signer: Signer, steps: list[tuple[Any, ...]]
) -> None:
    """Each example has two accounts and receiving accounts of its own; the log is one."""
    example, desk = f"x{next(numbers)}x", Desk(client, f"{next(numbers)}-")
    for name in "AB":
        open_account(database, lot_facts(90_000), name=name + example)
    open_requests: list[dict[str, Any]] = []
    heads = [head_of(sign_head(database, [signer], NOW))]
    for step, *more in [*steps, ("erase", "A", True), ("erase", "B", True)]:
        match step, *more:
            case "file", name, link:
                made = desk.file(100, link and link + example, name + example)
                open_requests += [made] if made["state"] == "approved" else []
            case "end", move if open_requests:
                desk.post(
                    f"refund-requests/{open_requests.pop()['id']}/{move}", {"by": "reviewer-9", "reason": example}
                )
            case "ask", name:
                said = {"account": name + example, "kind": "question", "text": f"{example} {MINE}", "language": "en"}
                asked = desk.post("inquiries", said)
                desk.post(f"inquiries/{asked['id']}/withdraw", {"by": "member"})
            case ("sign",):
                heads.append(head_of(sign_head(database, [signer], NOW)))
            case "erase", name, counted_too:
                assert erase(database, name + example, now=NOW, counted_too=counted_too).bound == []
    for made in open_requests:
        desk.post(f"refund-requests/{made['id']}/settle", {})
    for name in "AB":
        erase(database, name + example)
    heads.append(head_of(sign_head(database, [signer], LATER)))
    check(exported(database), [signer.verifier])
    with reading(database):
        node = audit_log.nodes(database)
        for before in heads:
            proof = consistency_proof(node, before.size, heads[-1].size)
            assert consistent(before.size, heads[-1].size, proof, before.root, heads[-1].root)
    assert replayed(database) == []
    assert holding(database, *(link + example for link in (MINE, SHARED)), f"{example} {MINE}", "reviewer-9") == set()


def test_every_column_is_classified_and_what_is_erased_is_what_the_page_says() -> None:
    """A column that is added has to be classified in docs/operators.md."""
    page = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    lines = page.partition("### Every column")[2].partition("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    columns = {table._meta.table_name: {field.column_name for field in table._meta.sorted_fields} for table in TABLES}
    classified: dict[str, set[str]] = {name: set() for name in columns}
    erased: dict[str, set[str]] = {}
    for tables, names, _, done in cells:
        for table in re.findall(r"`(\w+)`", tables):
            found = set(re.findall(r"`(\w+)`", names)) & columns[table]
            classified[table] |= found
            if not done.startswith("leaves"):
                erased[table] = found
    assert classified == columns
    of_rows = {kind: set(names) for kind, names in ERASABLE.items()}
    whole = {name: columns[name] for name in ("shadow_difference", "draft_affected")}
    assert erased == of_rows | whole | {"idempotency_key": {"digest", "answer"}, "log_leaf": {"salt"}}


Said = tuple[str, str, str | None, dict[str, Any], str]
DECIDED, ERASED = {"data": "words"}, {"data": "{}"}


def _names(erasure: int, remains: dict[str, Any], reference: str = "D") -> dict[str, Any]:
    """What a record says of the decision D that was erased."""
    said = {"erasure_id": erasure, "kind": "decision", "reference": reference}
    return {**said, "remains": remains_of("decision", reference, remains)}


def _signed(said: list[Said], key: Signer) -> list[dict[str, Any]]:
    """The records of an export of a few leaves."""
    tree, records = Frontier(), list[dict[str, Any]]()
    for seq, (kind, reference, salt, body, digest) in enumerate(said):
        digest = digest or digest_of(kind, reference, salt or "", body)
        leaf = {"seq": seq, "kind": kind, "reference": reference, "salt": salt, "body": body, "digest": digest}
        records.append(leaf)
        tree.append(leaf_hash(leaf_of(kind, reference, digest)))
    return [*records, {"checkpoint": 0, "note": sign(Checkpoint("log", tree.size, tree.root()).text(), [key])}]


def _erasure(number: int, records: int, *named: dict[str, Any]) -> list[Said]:
    """An erasure, and the records that it names."""
    return [
        ("erasure", str(number), "5c", {"id": number, "records": records}, ""),
        *(("erased_record", f"{number}{place}", "5d", each, "") for place, each in enumerate(named)),
    ]


GONE: Said = ("decision", "D", None, ERASED, digest_of("decision", "D", "5a", DECIDED))
BACK: Said = ("decision", "D", "5a", DECIDED, "")
ERASURES: dict[str, tuple[list[Said], str]] = {
    "erased once": ([GONE, *_erasure(1, 1, _names(1, ERASED))], ""),
    "erased twice": ([GONE, *_erasure(1, 1, _names(1, {"data": "y"})), *_erasure(2, 1, _names(2, ERASED))], ""),
    "erased by none": ([GONE], "line 2: leaf 0 is said to be erased, and no erasure tells of what it is now"),
    "what the erasure before the last one left": (
        [GONE, *_erasure(1, 1, _names(1, ERASED)), *_erasure(2, 1, _names(2, {"data": "y"}))],
        "line 2: leaf 0 is said to be erased, and no erasure tells of what it is now",
    ),
    "an erasure that was undone": (
        [BACK, *_erasure(1, 1, _names(1, ERASED))],
        "line 4: leaf 2 says that erasure 1 erased the words of decision D, and its leaf has them, or is not there",
    ),
    "an erasure of what is not there": (
        [BACK, *_erasure(1, 1, _names(1, ERASED, "D-0"))],
        "line 4: leaf 2 says that erasure 1 erased the words of decision D-0, and its leaf has them, or is not there",
    ),
    "an erasure that names none": (
        [BACK, *_erasure(1, 1)],
        "line 3: leaf 1 (erasure 1) says that it erased 1 records more than are named",
    ),
    "an erasure that names too many": (
        [GONE, *_erasure(1, 0, _names(1, ERASED))],
        "line 4: leaf 2 names one record more than erasure 1 says that it erased",
    ),
    "a record of no erasure": (
        [GONE, *_erasure(1, 1, _names(1, ERASED), _names(2, ERASED))],
        "line 5: leaf 3 names one record more than erasure 2 says that it erased",
    ),
}


@pytest.mark.parametrize(("said", "refusal"), ERASURES.values(), ids=ERASURES)
def test_an_export_holds_only_where_its_erasures_are_what_they_say(said: list[Said], refusal: str) -> None:
    """For both verifiers."""
    key, verify_log = Signer("log", bytes([1]) * 32), independent()
    whole = b"".join(written("log", _signed(said, key)))
    keys, found = dict([verify_log.key(str(key.verifier))]), ""
    try:
        check(io.BytesIO(whole), [key.verifier])
    except BadExport as error:
        found = str(error)
    assert found == refusal
    if refusal:
        with pytest.raises(verify_log.Wrong, match="line "):
            verify_log.check(io.BytesIO(whole), keys)
    else:
        verify_log.check(io.BytesIO(whole), keys)


def test_every_byte_of_an_export_with_an_erased_record_counts() -> None:
    """Flipped, or with one leaf called erased that was not."""
    key = Signer("log", bytes([1]) * 32)
    remains = {"data": "{}"}
    said: list[Said] = [
        ("decision", "D", None, remains, digest_of("decision", "D", "5a", {"data": "words"})),
        ("move", "1", "5b", {"reason": ""}, ""),
        ("erasure", "1", "5c", {"id": 1, "records": 1}, ""),
        ("erased_record", "1", "5d", _names(1, remains), ""),
    ]
    records = _signed(said, key)
    verify_log = independent()
    keys = dict([verify_log.key(str(key.verifier))])
    whole = b"".join(written("log", records))
    assert check(io.BytesIO(whole), [key.verifier]).erased == 1
    assert verify_log.check(io.BytesIO(whole), keys) == "log holds: 4 leaves, 1 checkpoints"
    forged = [whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole)]
    for changed in ({"salt": None}, {"salt": None, "body": {"reason": "x"}}, {"salt": None, "body": None}):
        again = [*records[:1], records[1] | changed, *records[2:]]
        forged.append(b"".join(written("log", again)))
    forged.append(b"".join(written("log", [records[0] | {"body": {"data": "x"}}, *records[1:]])))
    for data in forged:
        with pytest.raises(BadExport):
            check(io.BytesIO(data), [key.verifier])
        with pytest.raises(verify_log.Wrong):
            verify_log.check(io.BytesIO(data), keys)
