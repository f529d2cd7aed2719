"""What is older than its policy keeps it is erased, what still matters is not, and no proof and no reader breaks."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.audit_log import sign_head
from service.audit_rules import spoken
from service.database import Database, execute, reading, rows, writing
from service.erasing import Erasing, Nothing
from service.events import tell
from service.idempotency import Answer
from service.judging import Judge
from service.ledger_check import differences
from service.log.exports import check
from service.log.notes import Signer
from service.log_check import LogCheck
from service.moves import move
from service.periods import periods
from service.publishing import Versions, publish
from service.records import CASE_GONE
from service.retaining import Retained, Retaining, Sort
from tests.service.builders import (
    LIFE,
    NOW,
    ORIGIN,
    OWED,
    POLICY,
    Run,
    SetClock,
    asking,
    lot_facts,
    open_account,
    publish_small,
)
from tests.service.desk import MINE, SHARED, WORDS, Desk, busy_desk, dump, holding, looked, replayed
from tests.service.test_audit import exported, head_of, independent, unguard
from tests.service.test_reference import check as conforms

# Five years later, to the day: NOW is the 2nd of March in Seoul. At 14:59 UTC that day ends there.
LAST_MOMENT = datetime.fromisoformat("2031-03-02T14:59:59Z")
OVER = LAST_MOMENT + timedelta(seconds=1)
DAY = timedelta(days=1)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SHORT = "retention: 1 day\nrules:\n"


def retain(database: Database, now: datetime = OVER, **more: Any) -> Retained:
    return Retaining(database, Versions(database, 8), now).retain("nightly", **more)


def event(database: Database, id: str, type: str, amount: int, **more: Any) -> None:
    body = {"account": "A", "id": id, "type": type, "amount": amount, "happened_at": "2026-03-02T00:00:00Z", **more}
    tell(database, Versions(database, 8), body, NOW)


def spend_all(database: Database, account: str, at: str = "2026-03-02T00:30:00Z") -> None:
    """Use up all points of an account that can be used."""
    with reading(database):
        sql = "SELECT CAST(SUM(\"left\") AS BIGINT) FROM lot WHERE account_id = ? AND source = 'bill'"
        ((left,),) = rows(database, sql, (account,))
    event(database, f"spent-{account}{at[14:16]}", "points_used", left, account=account, happened_at=at)


@pytest.fixture
def desk(client: FlaskClient, database: Database) -> Desk:
    """All is over that A and B asked for, and their points are spent; only E-2 brought A some that are left."""
    publish_small(database, LIFE)
    found = busy_desk(client, database)
    all_that_rules_let = found.file("all", "", "B")
    found.post(f"refund-requests/{all_that_rules_let['id']}/refuse", {"by": "reviewer-9", "reason": WORDS[2]})
    event(database, "E-1", "bill_paid", 50_000)
    event(database, "E-2", "purchase", 20_000)
    for account in "AB":
        spend_all(database, account)
    return found


def of(database: Database, table: str, columns: str, where: str = "1 = 1") -> list[Any]:
    with reading(database):
        return rows(database, f'SELECT {columns} FROM "{table}" WHERE {where}')  # noqa: S608


def erased(database: Database, table: str = "decision", key: str = "id") -> set[str]:
    return {name for (name,) in of(database, table, key, f"case_data = '{CASE_GONE}'")}


def figures(database: Database) -> list[dict[str, Any]]:
    """What rules came to in the month of NOW."""
    with reading(database):
        return spoken(database, Versions(database, 8), periods(NOW.date(), NOW.date(), "month"), "all").lines


def test_facts_words_and_links_are_gone_and_all_that_was_decided_stays(
    client: FlaskClient, desk: Desk, database: Database, signer: Signer
) -> None:
    first = head_of(sign_head(database, [signer], NOW))
    before, was = figures(database), dump(database)
    assert any(line["reduced"] for line in before)
    found = retain(database)
    counts = {"decision": 8, "refund_request": 6, "move": 3, "inquiry_entry": 4, "event_answer": 3}
    assert found.records == counts
    assert (found.needed, found.unreadable) == ({"event_answer": 1}, set())
    assert erased(database, "event_answer", "event_id") == {"E-1", "spent-A30", "spent-B30"}
    gone = (MINE, SHARED, *WORDS, "joined_on", "born_on")
    assert holding(database, *gone) == {"event_answer"}, "one answer is left, whose points are"
    same = {"account", "lot", "hold", "ledger_entry", "message", "decision_rule", "policy_version", "event", "notice"}
    assert {name: text for name, text in dump(database).items() if name in same} == {
        name: text for name, text in was.items() if name in same
    }
    assert figures(database) == before
    assert replayed(database) == []
    with reading(database):
        assert differences(database) == []
        found_check = LogCheck(database, [signer.verifier], [first])
        assert list(found_check.differences()) == []
    second = head_of(sign_head(database, [signer], OVER))
    lines = exported(database)
    assert check(lines, [signer.verifier], [first]).erased == found.records.total()
    assert second.size == first.size + found.erasures + found.records.total()
    verify_log = independent()
    verify_log.check(io.BytesIO(b"".join(lines)), dict([verify_log.key(str(signer.verifier))]))
    told = of(database, "erasure", "account, cause, actor, reason, records")
    assert {each[:4] for each in told} == {(name, "retention", "nightly", "small@2 5 years") for name in "AB"}
    assert sum(each[4] for each in told) == found.records.total()


def test_nothing_goes_on_the_last_day_and_a_rehearsal_changes_nothing(desk: Desk, database: Database) -> None:
    was = dump(database)
    assert retain(database, LAST_MOMENT) == Retained()
    would = retain(database, rehearse=True)
    changed = {name for name, text in dump(database).items() if text != was[name]}
    assert changed <= {"log_leaf", "log_node"}
    assert retain(database) == would
    assert (would.records.total(), would.answers, would.erasures) == (24, 17, 5)
    again = retain(database)
    assert (again.records.total(), again.answers, again.erasures) == (0, 0, 0)


@ON_SQLITE
def test_each_decision_is_kept_as_its_own_text_says(client: FlaskClient, database: Database) -> None:
    """Two versions of one policy; the time of an inquiry is that of the decision it is about, or of the day."""
    desk = Desk(client)
    made = []
    for retention in ("", "retention: 10 years\n"):
        text = POLICY.replace("rules:\n", f"{retention}rules:\n")
        publish(database, text.encode(), "small.yaml", NOW)
        made.append(desk.post("decisions", {"account": "A", "request": asking(500, receiving_account=MINE)})["id"])
        said = {"account": "A", "kind": "question", "language": "en", "text": WORDS[1]}
        for inquiry in (desk.contest(made[-1]), desk.post("inquiries", said)["id"]):
            desk.post(f"inquiries/{inquiry}/withdraw", {"by": "member"})
    first, second = made
    retain(database)
    assert erased(database) == {first}
    # The second text was in force when the questions were asked, and the first no longer.
    assert len(of(database, "inquiry_entry", "inquiry_id", "text <> '' AND text <> '[erased]'")) == 3
    assert retain(database, OVER + 5 * 365 * DAY + 2 * DAY).records == {"decision": 1, "inquiry_entry": 3}
    assert erased(database) == {first, second}


def held(desk: Desk, database: Database) -> Callable[[], None]:
    filed = desk.file(1_000, MINE)
    return lambda: desk.settle(filed)


def asked_about(desk: Desk, database: Database) -> Callable[[], None]:
    made = desk.post("decisions", {"account": "A", "request": asking(500)})
    inquiry = desk.contest(made["id"])

    def withdraw() -> None:
        desk.post(f"inquiries/{inquiry}/withdraw", {"by": "member"})

    return withdraw


NEEDS = {"a held refund": held, "an open contest": asked_about}


@ON_SQLITE
@pytest.mark.parametrize("begin", NEEDS.values(), ids=list(NEEDS))
def test_what_still_matters_is_left_until_its_time_after_that(
    client: FlaskClient, database: Database, clock: SetClock, begin: Callable[[Desk, Database], Callable[[], None]]
) -> None:
    end = begin(Desk(client), database)
    found = retain(database)
    assert (found.records, found.answers, found.needed["decision"]) == ({}, 0, 1)
    assert erased(database) == set()
    clock.at = OVER
    end()
    spend_all(database, "A")
    # It was over today, and so its time begins today.
    assert retain(database).needed["decision"] == 1
    assert retain(database, OVER + 4 * 365 * DAY).needed["decision"] == 1
    assert retain(database, OVER + 5 * 365 * DAY + 3 * DAY).records["decision"] == 1
    assert replayed(database) == []


@ON_SQLITE
def test_a_decision_is_left_as_long_as_points_that_paid_it_are(client: FlaskClient, database: Database) -> None:
    desk = Desk(client)
    desk.settle(desk.file(3_000, ""))
    assert retain(database).needed == {"decision": 1}
    spend_all(database, "A")
    assert retain(database).records == {"decision": 1, "event_answer": 1}


@ON_SQLITE
def test_points_that_a_refund_gave_back_keep_no_decision(client: FlaskClient, database: Database) -> None:
    desk = Desk(client)
    filed = desk.file(3_000, "")
    desk.post(f"refund-requests/{filed['id']}/cancel", {"by": "member"})
    found = retain(database)
    assert (found.records["decision"], found.needed.get("decision", 0)) == (1, 0)


@ON_SQLITE
def test_months_are_those_of_the_calendar(client: FlaskClient, database: Database, clock: SetClock) -> None:
    """Kept for a month from the 1st of February on: through the 1st of March, which is 28 days."""
    publish(database, POLICY.replace("rules:\n", "retention: 1 month\nrules:\n").encode(), "small.yaml", NOW)
    clock.at = datetime.fromisoformat("2026-02-01T14:59:59Z")
    Desk(client).post("decisions", {"account": "A", "request": asking(500)})
    assert retain(database, datetime.fromisoformat("2026-03-01T14:59:59Z")).records == {}
    assert retain(database, datetime.fromisoformat("2026-03-01T15:00:00Z")).records == {"decision": 1}


@ON_SQLITE
def test_an_event_that_was_told_late_is_kept_from_then_on(client: FlaskClient, database: Database) -> None:
    event(database, "E-1", "points_used", 100, happened_at="2025-08-01T00:00:00Z")
    assert retain(database, LAST_MOMENT).records == {}
    assert retain(database).records == {"event_answer": 1}


class Before(Retaining):
    """One that looked before what is needed came about."""

    def _due(self, sort: Sort, names: Sequence[str]) -> list[str]:
        return list(names)


@ON_SQLITE
def test_what_came_to_matter_after_the_look_is_left(client: FlaskClient, desk: Desk, database: Database) -> None:
    open_account(database, lot_facts(9_000), name="C")
    desk.file(400, MINE, "C")
    found = Before(database, Versions(database, 8), LAST_MOMENT).retain("nightly")
    assert (found.records, found.erasures) == ({}, 0)
    Before(database, Versions(database, 8), OVER).retain("nightly")
    assert "E-2" not in erased(database, "event_answer", "event_id")
    assert len(erased(database)) == len(of(database, "decision", "id")) - 1


@ON_SQLITE
def test_what_is_said_of_it_later_goes_in_its_time_too(
    client: FlaskClient, desk: Desk, database: Database, clock: SetClock
) -> None:
    """A refund comes back from the bank after its decision was erased."""
    retain(database)
    clock.at = OVER
    ((request,),) = of(database, "refund_request", "id", "points = 7000")
    desk.post(f"refund-requests/{request}/reverse", {"by": "reviewer-9", "reason": WORDS[2]})
    spend_all(database, "B", "2026-03-02T00:31:00Z")
    assert retain(database).needed["decision"] == 1
    assert holding(database, WORDS[2], "reviewer-9") == {"move", "idempotency_key"}
    assert retain(database, OVER + 5 * 365 * DAY + 3 * DAY).records["move"] == 1
    assert holding(database, WORDS[2], "reviewer-9") == set()


@ON_SQLITE
def test_what_a_limit_counts_by_receiving_account_is_left(client: FlaskClient, database: Database) -> None:
    """Kept for a day, and counted for a month."""
    publish(database, POLICY.replace("rules:\n", SHORT).encode(), "small.yaml", NOW)
    desk = Desk(client)
    desk.settle(desk.file(3_000, MINE))
    desk.settle(desk.file(3_000, ""))
    spend_all(database, "A")
    found = retain(database, NOW + 3 * DAY)
    assert (found.needed, found.records["decision"]) == ({"decision": 1}, 1)
    assert retain(database, NOW + 31 * DAY).records == {"decision": 1, "refund_request": 1}


@ON_SQLITE
def test_a_receiving_account_that_was_erased_already_is_neither_counted_nor_erased_again(
    client: FlaskClient, database: Database
) -> None:
    publish(database, POLICY.replace("rules:\n", SHORT).encode(), "small.yaml", NOW)
    desk = Desk(client)
    desk.settle(desk.file(3_000, MINE))
    spend_all(database, "A")
    Erasing(database, Versions(database, 8)).erase("A", "desk", "asked", NOW, counted_too=True)
    assert retain(database, NOW + 3 * DAY).records == {"decision": 1, "event_answer": 1}


def test_an_event_is_left_as_long_as_something_of_it_matters(client: FlaskClient, database: Database) -> None:
    publish(database, OWED.encode(), "small.yaml", NOW)
    for name, amount in (("E-1", 20_000), ("E-3", 10_000)):
        event(database, name, "purchase", amount)
    event(database, "E-2", "bill_paid", 90_000)
    spend_all(database, "A")
    # Two thousand points are owed, and nine hundred forgiven; all of them are claimed, should they come back.
    event(database, "E-4", "purchase_cancelled", 20_000, of="E-1", happened_at="2026-03-02T00:40:00Z")
    event(database, "E-5", "bill_corrected", 90_000, of="E-2", happened_at="2026-03-02T00:41:00Z")
    # So it was kept before claims were: what is owed, by an event that claims nothing.
    owed = (
        "INSERT INTO debt_entry (account_id, points, event, rule, since, entered_at) VALUES ('A', 5, 'E-3', '', 0, '')"
    )
    writing(database, lambda: execute(database, owed))
    assert retain(database).needed["event_answer"] == 3
    assert erased(database, "event_answer", "event_id") == {"E-1", "E-2", "spent-A30"}
    writing(database, lambda: execute(database, "UPDATE account SET points_debt = 0"))
    assert retain(database).needed["event_answer"] == 2
    assert "E-3" in erased(database, "event_answer", "event_id")


def readers(client: FlaskClient, database: Database) -> dict[str, tuple[str, Any]]:
    """What each address answers of an erased decision, by the address, with the shape of it."""
    ((decision, request),) = of(database, "refund_request", "decision_id, id", "points = 41000")
    ((inquiry,),) = of(database, "inquiry", "id")
    addresses = {
        f"decisions/{decision}": "KeptDecision",
        f"decisions/{decision}/explanation": "Explanation",
        f"audit/decisions/{decision}": "WholeDecision",
        "audit/decisions": "FoundDecisions",
        f"refund-requests/{request}": "RefundRequest",
        "accounts/B/refund-requests": "RefundRequests",
        "refund-requests?account=B": "RefundRequests",
        "accounts/A/events": "Events",
        "events/E-1": "ToldEvent",
        f"inquiries/{inquiry}": "InquiryInFull",
    }
    found = {}
    for address, shape in addresses.items():
        answer = client.get(f"/v1/{address}")
        assert answer.status_code == 200, (address, answer.get_json())
        found[address.partition("/D-")[0]] = (shape, answer.get_json())
    return found


def test_whoever_reads_what_was_erased_is_told_so(
    client: FlaskClient, desk: Desk, database: Database, run: Run
) -> None:
    retain(database)
    ((decision,),) = of(database, "refund_request", "decision_id", "points = 41000")
    for address, (shape, answer) in readers(client, database).items():
        conforms(answer, shape)
        assert not {MINE, SHARED} & set(str(answer).split("'")), address
    kept = client.get(f"/v1/decisions/{decision}").get_json()
    assert (kept["case"], kept["erased"]) == (None, "retention")
    assert kept["request"] == {"points": 41_000, "method": "credit"}
    assert (kept["outcome"], kept["points"], len(kept["reasons"])) == ("needs_review", 41_000, 1)
    assert client.get(f"/v1/audit/decisions/{decision}").get_json()["case"] is None
    again = client.get(f"/v1/audit/decisions/{decision}/replay").get_json()
    assert [again[name] for name in ("again", "erased", "differences", "now")] == [False, True, [], None]
    lines = client.get("/v1/audit/decisions?account=B&outcome=needs_review").get_json()["decisions"]
    assert {line["erased"] for line in lines} == {"retention"}
    assert decision in {line["id"] for line in lines}
    told = client.get("/v1/accounts/A/events").get_json()["events"]
    assert {each["id"]: each["answer"].get("erased") for each in told} == {
        "E-1": "retention",
        "spent-A30": "retention",
        "E-2": None,
    }
    ((inquiry,),) = of(database, "inquiry", "id")
    explained = client.get(f"/v1/inquiries/{inquiry}").get_json()["explanation"]["lines"]
    assert "The facts behind this decision and the particulars of the request were erased after 5 years" in explained[2]
    assert "Trace" not in explained
    leaf = client.get(f"/v1/audit/decisions/{decision}").get_json()["leaf"]
    assert client.get(leaf["entry"]).get_json()["salt"] is None


@ON_SQLITE
@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "were erased after 5 years, the time that the policy keeps them"), ("ko", "보관 기간(5년)이 지나")],
)
def test_an_explanation_tells_what_remains(
    client: FlaskClient, desk: Desk, database: Database, run: Run, language: str, said: str
) -> None:
    retain(database)
    ((decision,),) = of(database, "refund_request", "decision_id", "points = 41000")
    where = f"/v1/decisions/{decision}/explanation?lang={language}"
    data = client.get(where).get_json()
    assert said in data["erased"][language]
    rules = [rule["rule"] for group in data["groups"] for rule in group["rules"]]
    assert (data["nearest"], data["contest"], rules) == (None, None, ["large"])
    assert data["lots"], "the lots that were to pay are still told"
    for form in ("text/plain", "text/html"):
        text = client.get(where, headers={"Accept": form}).get_data(as_text=True)
        assert said in text
        assert {"en": "How to contest it", "ko": "이의를 제기하려면"}[language] not in text
    command = run("explain", decision, "--lang", language, "--trace")
    assert (command.exit_code, said in command.output) == (0, True)


@ON_SQLITE
def test_what_was_erased_is_contested_no_longer(client: FlaskClient, desk: Desk, database: Database) -> None:
    made = desk.post("decisions", {"account": "A", "request": asking(500)})
    answered = desk.contest(made["id"])
    desk.answer(answered)
    retain(database)
    body = {"account": "A", "kind": "contest", "decision_id": made["id"], "language": "en", "text": "Why?"}
    for address, said in (("inquiries", body), (f"inquiries/{answered}/entries", {"by": "member", "text": "Why?"})):
        refused = client.post(f"/v1/{address}", json=said, headers={"Idempotency-Key": address})
        assert (refused.status_code, refused.get_json()["code"]) == (409, "decision-erased")
        conforms(refused.get_json(), "Problem")
    desk.post("inquiries", {**body, "kind": "question"})


@ON_SQLITE
def test_a_key_that_is_sent_again_is_told_nothing(client: FlaskClient, desk: Desk, database: Database) -> None:
    retain(database)
    body = {"account": "A", "request": asking(3_000, receiving_account=MINE)}
    again = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.get_json()["code"]) == (409, "idempotency-key-reused")


@ON_SQLITE
def test_a_replay_counts_what_was_erased_apart(desk: Desk, database: Database, run: Run) -> None:
    retain(database)
    found = run("replay")
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        "0 decisions and 1 answers to events decided again: no differences",
        "11 cannot be decided again: their cases were erased after the time that the policy keeps them",
    ]
    assert "보관 기간이 지나 사안이 지워진 결정과 답 11건" in run("replay", "--lang", "ko").stdout


FORGED = {
    "a case that no erasure took": ("UPDATE decision SET case_data = '{gone}' WHERE points = 500", "no erasure tells"),
    "an answer's that no erasure took": (
        "UPDATE event_answer SET case_data = '{gone}' WHERE event_id = 'E-2'",
        "no erasure tells",
    ),
    "what remains": (
        """UPDATE decision SET data = REPLACE(data, '"needs_review"', '"approved"') WHERE points = 41000""",
        "[outcome]: was",
    ),
}


@ON_SQLITE
@pytest.mark.parametrize(("change", "said"), FORGED.values(), ids=list(FORGED))
def test_a_replay_does_not_believe_what_is_called_erased(
    client: FlaskClient, desk: Desk, database: Database, change: str, said: str, signer: Signer
) -> None:
    desk.post("decisions", {"account": "A", "request": asking(300)})
    retain(database)
    desk.post("decisions", {"account": "A", "request": asking(500)})
    sign_head(database, [signer], OVER)
    writing(database, lambda: unguard(database, change.split()[1], change.replace("{gone}", CASE_GONE)))
    assert any(said in each for each in replayed(database))
    assert looked(database, signer) != []


@ON_SQLITE
@pytest.mark.parametrize("asked_first", [True, False], ids=["asked, then old", "old, then asked"])
def test_both_erasures_meet_in_one_record(desk: Desk, database: Database, signer: Signer, asked_first: bool) -> None:
    def ask() -> None:
        found = Erasing(database, Versions(database, 8)).erase("A", "desk", "asked", OVER)
        assert found.bound == []

    for each in (ask, lambda: retain(database))[:: 1 if asked_first else -1]:
        each()
    assert len(erased(database)) == 8
    assert retain(database).records == {}
    sign_head(database, [signer], OVER)
    assert looked(database, signer) == []
    assert check(exported(database), [signer.verifier]).erased > 0
    assert (replayed(database), holding(database, MINE, SHARED, *WORDS)) == ([], set())


@ON_SQLITE
def test_what_stops_in_between_goes_on_where_it_stopped(desk: Desk, database: Database, signer: Signer) -> None:
    """The third erasure fails, and its transaction with it."""
    stop = (
        "CREATE TRIGGER stop BEFORE INSERT ON erasure WHEN (SELECT COUNT(*) FROM erasure) = 2"
        " BEGIN SELECT RAISE(ABORT, 'stopped'); END"
    )
    would = retain(database, rehearse=True)
    writing(database, lambda: execute(database, stop))
    with pytest.raises(Exception, match="stopped"):
        retain(database)
    writing(database, lambda: execute(database, "DROP TRIGGER stop"))
    with reading(database):
        assert list(LogCheck(database, [signer.verifier]).differences()) == []
        assert differences(database) == []
    before = of(database, "erasure", "SUM(records)")[0][0]
    assert 0 < before < would.records.total()
    assert before + retain(database).records.total() == would.records.total()
    assert replayed(database) == []


@ON_SQLITE
def test_a_record_that_cannot_be_read_is_named_and_left(desk: Desk, database: Database) -> None:
    ((decision,),) = of(database, "refund_request", "decision_id", "points = 41000")
    change = f"UPDATE decision SET data = '[]' WHERE id = '{decision}'"  # noqa: S608
    writing(database, lambda: unguard(database, "decision", change))
    found = retain(database)
    assert (found.unreadable, found.records["decision"]) == ({decision}, 7)


def test_a_command_erases_what_is_old(run: Run, client: FlaskClient, database: Database, clock: SetClock) -> None:
    publish(database, POLICY.replace("rules:\n", SHORT).encode(), "small.yaml", NOW - 300 * DAY)
    clock.at = NOW - 200 * DAY
    desk = Desk(client)
    desk.post("decisions", {"account": "A", "request": asking(500, receiving_account=MINE)})
    desk.settle(desk.file(100, MINE))
    said = "1 decisions, 0 requests, 0 moves, 0 entries of inquiries, 0 answers to events, 0 kept answers"
    left = "left: 1 decisions, 0 inquiries and 0 answers to events that are old, and needed still"
    assert run("retain", "--by", "nightly", "--dry-run").stdout.splitlines() == [f"would erase: {said}", left]
    assert run("retain", "--by", "nightly").stdout.splitlines() == [f"1 erasures: {said}", left]
    again = run("retain", "--by", "nightly", "--lang", "ko")
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "보관 기간이 지난 것이 없습니다")
    assert "1 to 200 printable characters" in run("retain", "--by", "").stderr
    key = run("audit", "keygen", ORIGIN).stdout.strip()
    run("audit", "checkpoint")
    assert run("audit", "check").exit_code == 0
    assert run("audit", "export", "log.jsonl").exit_code == 0
    assert ", 1 erased, root " in run("audit", "verify", "log.jsonl", "--key", key).stdout
    assert run("ledger", "verify").exit_code == 0


def test_both_erasures_go_on_while_members_ask(database_url: str, database: Database, signer: Signer) -> None:
    """Nothing waits for ever, nothing is erased that is not over, and all proofs hold."""
    publish(database, POLICY.replace("rules:\n", SHORT).encode(), "small.yaml", NOW)
    for name in "AB":
        open_account(database, lot_facts(90_000), name=name)
    start = threading.Barrier(4, timeout=20)
    filed: list[tuple[str, str]] = []

    def ask(name: str) -> None:
        start.wait()
        for number in range(8):
            body = {"account": name, "request": asking(100, receiving_account=f"{name}-{number % 2}")}
            made = judge.file(body, f"{name}{number}", lambda each, _holds, _record: Answer(201, each.id, "en", "{}"))
            if number % 2:
                cancel = partial(move, database, versions, made.location, "cancel", "x", "x", NOW)
                writing(database, cancel)
            filed.append((made.location, name))

    def erase(work: Callable[[], object]) -> None:
        start.wait()
        for _ in range(5):
            work()

    def asked() -> None:
        for name in "AB":
            with suppress(Nothing):
                Erasing(database, Versions(database, 8)).erase(name, "desk", "asked", NOW + 40 * DAY)

    versions = Versions(database, 8)
    judge = Judge(database, versions, SetClock())
    with ThreadPoolExecutor(4) as threads:
        works = [threads.submit(ask, name) for name in "AB"]
        works += [threads.submit(erase, each) for each in (asked, lambda: retain(database, NOW + 40 * DAY))]
        for each in works:
            each.result()
    for name in "AB":
        spend_all(database, name)
    asked()
    retain(database, NOW + 40 * DAY)
    over = {decision for (decision,) in of(database, "refund_request", "decision_id", "state = 'cancelled'")}
    assert (len(filed), len(over), erased(database)) == (16, 8, over)
    left = of(database, "refund_request", "receiving_account", "state = 'approved'")
    assert {link for (link,) in left} == {"A-0", "B-0"}
    assert holding(database, "A-1", "B-1") == set()
    sign_head(database, [signer], OVER)
    assert (looked(database, signer), replayed(database)) == ([], [])
    assert check(exported(database), [signer.verifier]).erased > 0
    with reading(database):
        assert differences(database) == []
