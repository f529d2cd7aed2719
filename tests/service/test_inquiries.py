"""/v1/inquiries: asked once, answered in time, every word on the record, and nothing lost or told elsewhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from service import derived_check
from service.app import create_app
from service.cli import recoup
from service.config import BadSetting, Settings, read_settings
from service.database import Database, close_database, execute, reading, rows, writing
from service.inquiries import ALLOWED, LEADS_TO
from service.parts import EXTENSION
from tests.service.builders import NOW, SetClock, asking, lot_facts, open_account

WHERE = "/v1/inquiries"
AGENT = {"by": "agent", "agent": "agent-7"}
OUTCOME = {"outcome": "upheld", "reason": "terms 4.1"}
# Each move as a member's or an agent's body; by its name, what it is sent to.
MOVES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "add": ("entries", {"by": "member", "text": "추가"}),
    "ask": ("entries", {**AGENT, "text": "어느 포인트입니까?"}),
    "answer": ("entries", {**AGENT, "text": "답변", **OUTCOME}),
    "close": ("close", AGENT),
    "withdraw": ("withdraw", {"by": "member"}),
}


def ask(client: FlaskClient, key: str = "k", **more: Any) -> TestResponse:
    body = {"account": "A", "kind": "question", "text": "언제 지급되나요?", "language": "ko", **more}
    return client.post(WHERE, json=body, headers={"Idempotency-Key": key})


def filed(client: FlaskClient, points: int = 5_000, key: str = "filed") -> dict[str, Any]:
    body = {"account": "A", "request": asking(points)}
    found: dict[str, Any] = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).get_json()
    return found


def contest(client: FlaskClient, key: str = "contest", points: int = 5_000) -> dict[str, Any]:
    subject = filed(client, points, f"filed for {key}")["decision_id"]
    found: dict[str, Any] = ask(client, key, kind="contest", decision_id=subject).get_json()
    return found


def move(client: FlaskClient, id: str, name: str, key: str = "m", **more: Any) -> TestResponse:
    where, body = MOVES[name]
    return client.post(f"{WHERE}/{id}/{where}", json={**body, **more}, headers={"Idempotency-Key": key})


def seen(client: FlaskClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{WHERE}/{id}").get_json()
    return found


def test_a_question_is_kept_with_the_day_by_which_it_is_answered(client: FlaskClient) -> None:
    answer = ask(client)
    found = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{WHERE}/{found['id']}")
    assert found == {
        "id": found["id"],
        "account": "A",
        "kind": "question",
        "state": "open",
        "language": "ko",
        "refund_request_id": None,
        "refund_state": None,
        "decision_id": None,
        "opened_at": "2026-03-02T01:00:00Z",
        "answered_at": None,
        "asked_back": False,
        "due_on": "2026-04-01",
        "days_left": 30,
        "overdue": False,
        "allowed": ["add", "answer", "withdraw"],
        "entries": [
            {
                "move": "open",
                "by": "member",
                "agent": None,
                "text": "언제 지급되나요?",
                "outcome": None,
                "reason": None,
                "due_on": "2026-04-01",
                "at": "2026-03-02T01:00:00Z",
            }
        ],
    }
    assert seen(client, found["id"]) == {**found, "refund_request": None, "explanation": None}


@pytest.mark.parametrize(
    ("opened_at", "due_on"),
    [
        (datetime(2026, 3, 2, 14, 59, 59, tzinfo=UTC), "2026-04-01"),
        (datetime(2026, 3, 2, 15, tzinfo=UTC), "2026-04-02"),
    ],
    ids=["the last second of 2 March in Seoul", "the first of 3 March"],
)
def test_the_clock_starts_on_the_local_day(
    client: FlaskClient, clock: SetClock, opened_at: datetime, due_on: str
) -> None:
    clock.at = opened_at
    assert ask(client).get_json()["due_on"] == due_on


@pytest.mark.parametrize(
    ("days", "left", "overdue"), [(0, 30, False), (29, 1, False), (30, 0, False), (31, -1, True), (40, -10, True)]
)
def test_days_are_left_until_the_day_is_over(
    client: FlaskClient, clock: SetClock, days: int, left: int, overdue: bool
) -> None:
    kept = ask(client).get_json()["id"]
    clock.at = NOW + timedelta(days=days)
    found = seen(client, kept)
    assert (found["days_left"], found["overdue"]) == (left, overdue)


def test_an_answer_stops_the_clock_and_a_member_who_adds_starts_it_anew(client: FlaskClient, clock: SetClock) -> None:
    kept = ask(client).get_json()["id"]
    clock.at = NOW + timedelta(days=10)
    answered = move(client, kept, "ask").get_json()
    assert (answered["state"], answered["answered_at"]) == ("answered", "2026-03-12T01:00:00Z")
    assert (answered["days_left"], answered["overdue"]) == (None, False)
    clock.at = NOW + timedelta(days=50)
    assert move(client, kept, "ask", "later").get_json()["answered_at"] == "2026-03-12T01:00:00Z"
    again = move(client, kept, "add", "again").get_json()
    assert (again["state"], again["answered_at"], again["due_on"]) == ("open", None, "2026-05-21")
    assert [entry["due_on"] for entry in again["entries"]] == ["2026-04-01", None, None, "2026-05-21"]


def test_what_a_member_adds_before_the_answer_does_not_move_the_day(client: FlaskClient, clock: SetClock) -> None:
    kept = ask(client).get_json()["id"]
    clock.at = NOW + timedelta(days=20)
    assert move(client, kept, "add").get_json()["due_on"] == "2026-04-01"


def test_an_agent_who_asks_back_in_a_contest_does_not_stop_the_clock(client: FlaskClient) -> None:
    found = contest(client)
    asked = move(client, found["id"], "ask").get_json()
    assert (asked["state"], asked["days_left"], asked["entries"][-1]["move"]) == ("open", 30, "ask")
    answered = move(client, found["id"], "answer", "answer").get_json()
    entry = answered["entries"][-1]
    assert (answered["state"], entry["agent"], entry["outcome"], entry["reason"]) == (
        "answered",
        "agent-7",
        "upheld",
        "terms 4.1",
    )


@pytest.mark.parametrize("subject", ["decision_id", "refund_request_id"])
def test_a_contest_shows_the_decision_explained_and_the_refund_as_it_is_now(
    client: FlaskClient, database: Database, subject: str
) -> None:
    refund = filed(client, 51_000)
    of = {"decision_id": refund["decision_id"], "refund_request_id": refund["id"]}
    kept = ask(client, kind="contest", **{subject: of[subject]}).get_json()["id"]
    found = seen(client, kept)
    assert (found["decision_id"], found["refund_request_id"]) == (refund["decision_id"], refund["id"])
    assert (found["refund_state"], found["refund_request"]["state"]) == ("denied", "denied")
    decision = found["explanation"]["decision"]
    recorded = client.get(f"/v1/decisions/{refund['decision_id']}").get_json()
    assert {**decision, "case": recorded["case"]} == recorded
    assert decision["reasons"][0]["faq"] == []
    lines = found["explanation"]["lines"]
    assert lines[0] == f"Explanation of the decision {refund['decision_id']}"
    assert {"Why it was denied", "What would have passed", "Trace"} <= set(lines)
    assert any("At most 50,000 a month" in line for line in lines)
    assert any(line.startswith("    Rule monthly: ") for line in lines), "an agent reads the rule itself, too"
    korean = client.get(f"{WHERE}/{kept}?lang=ko").get_json()["explanation"]["lines"]
    assert any("월 한도 50,000" in line for line in korean)
    writing(database, lambda: execute(database, "UPDATE refund_request SET state = 'needs_review'"))
    assert seen(client, kept)["refund_request"]["state"] == "needs_review"
    assert client.get(WHERE).get_json()["inquiries"][0]["refund_state"] == "needs_review"


def test_a_decision_that_nobody_filed_can_be_contested(client: FlaskClient) -> None:
    made = client.post("/v1/decisions", json={"account": "A", "request": asking(1)}).get_json()
    found = ask(client, kind="contest", decision_id=made["id"]).get_json()
    assert (found["decision_id"], found["refund_request_id"]) == (made["id"], None)


@pytest.mark.parametrize(
    ("state", "way"),
    [
        ("open", []),
        ("answered", ["answer"]),
        ("open", ["answer", "add"]),
        ("closed", ["answer", "close"]),
        ("withdrawn", ["withdraw"]),
        ("withdrawn", ["answer", "withdraw"]),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, list) else each,
)
@pytest.mark.parametrize("name", MOVES)
def test_each_state_allows_its_moves_and_no_other(client: FlaskClient, state: str, way: list[str], name: str) -> None:
    kept = contest(client)["id"]
    for number, each in enumerate(way):
        move(client, kept, each, f"way {number}")
    before = seen(client, kept)
    assert (before["state"], before["allowed"]) == (state, list(ALLOWED[state]))
    answer = move(client, kept, name)
    after = seen(client, kept)
    if name in ALLOWED[state]:
        assert answer.status_code == (201 if MOVES[name][0] == "entries" else 200)
        assert after["state"] == LEADS_TO.get(name, state)
        assert after["entries"][:-1] == before["entries"]
        assert after["entries"][-1]["move"] == name
    else:
        refused = answer.get_json()
        assert (answer.status_code, refused["code"]) == (409, "illegal-move")
        assert (refused["state"], refused["allowed"]) == (state, before["allowed"])
        allowed = ", ".join(before["allowed"]) or "-"
        assert refused["detail"] == f"The state is {state}; it allows: {allowed}."
        assert after == before


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(MOVES)), max_size=8))
def test_whatever_is_tried_the_entries_tell_the_state(client: FlaskClient, names: list[str]) -> None:
    # Of a denied request, which holds nothing, so that there can be any number of them.
    kept = contest(client, f"{datetime.now(UTC).timestamp()}", 50_001)["id"]
    made = [name for number, name in enumerate(names) if move(client, kept, name, f"{kept} {number}").status_code < 300]
    found = seen(client, kept)
    assert [entry["move"] for entry in found["entries"]] == ["open", *made]
    state = "open"
    for name in made:
        assert name in ALLOWED[state]
        state = LEADS_TO.get(name, state)
    assert found["state"] == state
    database = client.application.extensions[EXTENSION].database
    with reading(database):
        assert list(derived_check.differences(database)) == []


def test_the_same_key_is_kept_once_and_answered_alike(client: FlaskClient, clock: SetClock) -> None:
    first = ask(client)
    clock.at = NOW + timedelta(days=3)
    assert ask(client).data == first.data
    assert ask(client, text="다른 글").get_json()["code"] == "idempotency-key-reused"
    kept = first.get_json()["id"]
    added = move(client, kept, "add", "e")
    assert move(client, kept, "add", "e").data == added.data
    assert len(seen(client, kept)["entries"]) == 2
    other = ask(client, "k2").get_json()["id"]
    assert move(client, other, "add", "e").get_json()["code"] == "idempotency-key-reused"
    assert client.post(WHERE, json={}).get_json()["code"] == "idempotency-key-missing"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "contest"}, "#/decision_id"),
        ({"kind": "complaint"}, "#/kind"),
        ({"kind": None}, "#/kind"),
        ({"text": ""}, "#/text"),
        ({"text": "\u200b \n\ufeff"}, "#/text"),
        ({"text": " \n"}, "#/text"),
        ({"text": "가" * 4_001}, "#/text"),
        ({"text": None}, "#/text"),
        ({"text": 1}, "#/text"),
        ({"text": "a\0b"}, "#/text"),
        ({"language": "de"}, "#/language"),
        ({"decision_id": "D-1"}, "#/decision_id"),
        ({"refund_request_id": "R-1"}, "#/refund_request_id"),
        ({"decision_id": "D-1", "refund_request_id": "R-1"}, "#/refund_request_id"),
        ({"colour": "red"}, "#/colour"),
    ],
    ids=str,
)
def test_a_wrong_question_is_refused_by_name(client: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    answer = ask(client, **body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert [each["pointer"] for each in answer.get_json()["errors"]] == [pointer]
    assert client.get(WHERE).get_json()["inquiries"] == []


def test_text_may_be_as_long_as_it_says_and_keeps_its_lines(client: FlaskClient) -> None:
    text = "가\n\t😀 <b>'\"%s?{x}" + "힣" * 3_980
    assert ask(client, text=text[:4_000]).get_json()["entries"][0]["text"] == text[:4_000]


def test_nobody_asks_about_the_decision_of_another(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(), name="B")
    refund = filed(client)
    for subject in ({"decision_id": refund["decision_id"]}, {"refund_request_id": refund["id"]}):
        answer = ask(client, account="B", kind="contest", **subject)
        assert (answer.status_code, answer.get_json()["errors"][0]["detail"]) == (400, "is not known here")
    assert ask(client, account="C").get_json()["code"] == "unknown-account"


def test_a_decision_is_contested_once_at_a_time(client: FlaskClient) -> None:
    refund = filed(client)
    subjects = ({"decision_id": refund["decision_id"]}, {"refund_request_id": refund["id"]})
    first = ask(client, "first", kind="contest", **subjects[0]).get_json()["id"]
    for subject in subjects:
        second = ask(client, "second", kind="contest", **subject)
        assert (second.status_code, second.get_json()["code"]) == (409, "already-contested")
        assert (second.get_json()["inquiry"], first in second.get_json()["detail"]) == (first, True)
    assert ask(client, "question", **subjects[0]).status_code == 201, "a question is not a contest"
    move(client, first, "answer")
    second = ask(client, "second", kind="contest", **subjects[1])
    assert second.status_code == 201, "the first was answered"
    again = move(client, first, "add", "again")
    assert (again.status_code, again.get_json()["inquiry"]) == (409, second.get_json()["id"])
    move(client, second.get_json()["id"], "withdraw")
    assert move(client, first, "add", "again").status_code == 201


@pytest.mark.parametrize(
    ("kind", "body", "pointer"),
    [
        ("contest", {"by": "agent"}, "#/agent"),
        ("contest", {"by": "member", "agent": "x"}, "#/agent"),
        ("contest", {"by": "member", **OUTCOME}, "#/outcome"),
        ("contest", {**AGENT, "outcome": "upheld"}, "#/reason"),
        ("contest", {**AGENT, "reason": "x"}, "#/reason"),
        ("contest", {**AGENT, "outcome": "won", "reason": "x"}, "#/outcome"),
        ("contest", {**AGENT, "outcome": "upheld", "reason": "x" * 501}, "#/reason"),
        ("question", {**AGENT, **OUTCOME}, "#/outcome"),
        ("question", {"by": "robot"}, "#/by"),
        ("question", {}, "#/by"),
    ],
    ids=str,
)
def test_a_wrong_entry_is_refused_by_name(client: FlaskClient, kind: str, body: dict[str, Any], pointer: str) -> None:
    kept = (contest(client) if kind == "contest" else ask(client).get_json())["id"]
    where = f"{WHERE}/{kept}/entries"
    answer = client.post(where, json={"text": "x", **body}, headers={"Idempotency-Key": "e"})
    assert (answer.status_code, [each["pointer"] for each in answer.get_json()["errors"]]) == (400, [pointer])
    assert len(seen(client, kept)["entries"]) == 1


@pytest.mark.parametrize("where", ["", "/entries", "/close", "/withdraw"])
def test_an_inquiry_that_is_not_there_is_not_found(client: FlaskClient, where: str) -> None:
    body = {"by": "member", "text": "x"}
    call = client.post(f"{WHERE}/Q-1{where}", json=body, headers={"Idempotency-Key": "e"}) if where else None
    answer = call or client.get(f"{WHERE}/Q-1")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")


def test_the_queue_has_what_is_overdue_first_then_what_is_due_next(client: FlaskClient, clock: SetClock) -> None:
    made: list[str] = []
    for day in (20, 0, 10, 0):
        clock.at = NOW + timedelta(days=day, seconds=len(made))
        made.append(ask(client, f"k{len(made)}").get_json()["id"])
    move(client, made[2], "ask")
    clock.at = NOW + timedelta(days=45)
    queue = client.get(f"{WHERE}?state=open&order=due").get_json()
    assert [(each["id"], each["days_left"], each["overdue"]) for each in queue["inquiries"]] == [
        (made[1], -15, True),
        (made[3], -15, True),
        (made[0], 5, False),
    ]
    assert "entries" not in queue["inquiries"][0]
    answered = client.get(f"{WHERE}?state=answered").get_json()["inquiries"]
    assert [each["id"] for each in answered] == [made[2]]
    newest = client.get(f"{WHERE}?order=newest").get_json()["inquiries"]
    assert [each["id"] for each in newest] == sorted(made, reverse=True)


@pytest.mark.parametrize("where", [f"{WHERE}?limit=2&order=due&state=open", f"{WHERE}?limit=2&order=newest"])
def test_the_pages_of_the_queue_hold_each_inquiry_once(client: FlaskClient, clock: SetClock, where: str) -> None:
    made = []
    for number in range(5):
        clock.at = NOW + timedelta(days=1 - number % 2, seconds=number)
        made.append(ask(client, f"k{number}").get_json())
    found: list[dict[str, Any]] = []
    following: str | None = where
    while following:
        page = client.get(following).get_json()
        found += page["inquiries"]
        following = page["next"]
    by_due = sorted(made, key=lambda each: (each["due_on"], each["id"]))
    newest = sorted(made, key=lambda each: str(each["id"]), reverse=True)
    assert [each["id"] for each in found] == [each["id"] for each in (by_due if "due" in where else newest)]


def test_an_account_lists_its_own_inquiries_newest_first(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(), name="B")
    made = [ask(client, f"k{number}").get_json()["id"] for number in range(3)]
    ask(client, "b", account="B")
    page = client.get("/v1/accounts/A/inquiries?limit=2").get_json()
    rest = client.get(page["next"]).get_json()
    assert [each["id"] for each in page["inquiries"] + rest["inquiries"]] == sorted(made, reverse=True)
    assert rest["next"] is None
    assert client.get("/v1/accounts/C/inquiries").status_code == 404


@pytest.mark.parametrize("query", ["state=x", "order=old", "limit=0", "colour=1"])
def test_the_queue_is_asked_strictly(client: FlaskClient, query: str) -> None:
    assert client.get(f"{WHERE}?{query}").get_json()["code"] == "bad-request"


@pytest.mark.parametrize("statement", ["UPDATE inquiry_entry SET text = 'x'", "DELETE FROM inquiry_entry"])
def test_the_database_refuses_to_change_what_was_said(client: FlaskClient, database: Database, statement: str) -> None:
    kept = ask(client).get_json()["id"]
    with pytest.raises(Exception, match="inquiry_entry rows are never changed"):
        writing(database, lambda: execute(database, statement))
    assert len(seen(client, kept)["entries"]) == 1


def test_of_moves_at_once_each_sees_what_the_one_before_left(client: FlaskClient, database: Database) -> None:
    kept = contest(client)["id"]
    app = client.application

    def end(number: int) -> int:
        return move(app.test_client(), kept, "withdraw" if number % 2 else "answer", f"{number}").status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(end, range(8)))
    withdrawn = [statuses[number] for number in range(1, 8, 2)]
    assert sorted(withdrawn) == [200, 409, 409, 409]
    with reading(database):
        moves = [each for (each,) in rows(database, "SELECT move FROM inquiry_entry ORDER BY id")]
    assert moves.index("withdraw") == len(moves) - 1


def test_what_people_write_is_in_no_log(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "비밀-주민번호-900101"
    kept = ask(client, text=secret).get_json()["id"]
    ask(client, text=secret, colour="red")
    move(client, kept, "ask", text=secret)
    move(client, kept, "close", text=secret)
    move(client, kept, "close", text=secret)
    assert secret not in caplog.text
    assert all(secret not in str(record.args) for record in caplog.records)


def test_others_are_told_that_one_was_opened_and_answered_and_not_in_which_words(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    found = contest(client)
    for number, name in enumerate(("add", "ask", "answer", "close")):
        clock.at += timedelta(seconds=1)
        move(client, found["id"], name, f"{number}", text="비밀")
    with reading(database):
        told = rows(database, "SELECT kind, data FROM message WHERE kind LIKE ? ORDER BY id", ("inquiry.%",))
    assert [kind for kind, _ in told] == ["inquiry.opened", "inquiry.answered"]
    about = {"policy": "small", "account": "A", "id": found["id"], "decision_id": found["decision_id"]}
    assert [json.loads(data) for _, data in told] == [{**about, "state": "open"}, {**about, "state": "answered"}]


def test_the_days_are_a_setting(database_url: str, client: FlaskClient, clock: SetClock) -> None:
    app = create_app(Settings(database_url=database_url, access="open", answer_within_days=10), clock)
    assert ask(app.test_client()).get_json()["due_on"] == "2026-03-12"
    close_database(app.extensions[EXTENSION].database)
    assert read_settings({"ANSWER_WITHIN_DAYS": "366"}).answer_within_days == 366
    with pytest.raises(BadSetting, match="at most 366 days"):
        read_settings({"ANSWER_WITHIN_DAYS": "367"})


@pytest.mark.parametrize(
    ("language", "expected"), [("en", ("overdue", "contest", "denied")), ("ko", ("일 지남", "이의 제기", "denied"))]
)
def test_the_command_lists_what_waits_without_a_word_of_it(
    client: FlaskClient, database_url: str, language: str, expected: tuple[str, ...]
) -> None:
    run = CliRunner(env={"DATABASE_URL": database_url})
    none = run.invoke(recoup, ["inquiries", "--lang", language])
    assert (none.exit_code, len(none.output.splitlines())) == (0, 1)
    refund = filed(client, 51_000)
    ask(client, kind="contest", refund_request_id=refund["id"], text="비밀")
    said = run.invoke(recoup, ["inquiries", "--lang", language]).output
    assert refund["id"] in said
    assert "2026-04-01" in said
    assert all(word in said for word in expected)
    assert "비밀" not in said
