"""POST and GET /v1/refund-requests: filed once, held, and never a point twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.config import Settings
from service.database import Database, reading, rows, writing
from service.ledger import find_account
from service.ledger_check import differences
from tests.service.builders import CONFLICT, NOW, SetClock, asking, lot_facts, open_account, publish_small

WHERE = "/v1/refund-requests"


def file(client: FlaskClient, key: str, request: dict[str, Any], account: str = "A", **more: Any) -> TestResponse:
    body = {"account": account, "request": request, **more}
    return client.post(WHERE, json=body, headers={"Idempotency-Key": key})


def counts(database: Database) -> dict[str, int]:
    tables = ("decision", "refund_request", "hold", "idempotency_key")
    with reading(database):
        return {table: rows(database, f"SELECT count(*) FROM {table}")[0][0] for table in tables}  # noqa: S608


NOTHING = {"decision": 0, "refund_request": 0, "hold": 0, "idempotency_key": 0}


def test_a_request_is_judged_held_filed_and_recorded(client: FlaskClient, database: Database) -> None:
    answer = file(client, "k", asking(15_000, method="cash"))
    found = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{WHERE}/{found['id']}")
    assert (found["state"], found["fee"], found["payout"]) == ("approved", 150, 14_850)
    held = [{"lot": "A.1", "points": 10_000, "state": "held"}, {"lot": "A.2", "points": 5_000, "state": "held"}]
    assert found["holds"] == held
    decision = found.pop("decision")
    assert client.get(answer.headers["Location"]).get_json() == found
    recorded = client.get(f"/v1/decisions/{decision['id']}").get_json()
    assert {**decision, "case": recorded["case"]} == recorded
    assert client.get("/v1/accounts/A/balance").get_json()["points"] == 15_000
    with reading(database):
        assert differences(database) == []
        entries = rows(database, "SELECT lot_id, kind, points FROM ledger_entry ORDER BY id")
    assert entries[2:] == [("A.1", "hold", -10_000), ("A.2", "hold", -5_000)]


def test_chosen_lots_are_kept_with_the_decision(client: FlaskClient) -> None:
    found = file(client, "k", asking(5_000, lots=["A.2"])).get_json()
    recorded = client.get(f"/v1/decisions/{found['decision']['id']}").get_json()
    assert recorded["request"]["lots"] == recorded["case"]["request"]["lots"] == ["A.2"]


def test_a_chosen_lot_of_somebody_else_is_a_mistake_of_the_caller(client: FlaskClient) -> None:
    answer = file(client, "k", asking(5_000, lots=["A.1", "B.1"]))
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["#/request/lots/1"]


def test_a_denied_request_is_filed_and_holds_nothing(client: FlaskClient) -> None:
    answer = file(client, "k", asking(50_001))
    found = answer.get_json()
    assert (answer.status_code, found["state"], found["holds"], found["payout"]) == (201, "denied", [], 0)
    assert {reason["rule"] for reason in found["decision"]["reasons"]} >= {"monthly", "order"}
    assert client.get("/v1/accounts/A/balance").get_json()["points"] == 30_000


def test_a_request_that_somebody_must_look_at_holds_its_points(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(45_000), name="B")
    found = file(client, "k", asking(45_000), "B").get_json()
    assert (found["state"], sum(hold["points"] for hold in found["holds"])) == ("needs_review", 45_000)


def test_what_was_refunded_counts_against_the_next(client: FlaskClient, clock: SetClock, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    assert file(client, "1", asking(35_000), "B").get_json()["state"] == "approved"
    second = file(client, "2", asking(20_000), "B").get_json()
    assert (second["state"], second["decision"]["reasons"][0]["figures"]["room"]) == ("denied", 15_000)
    clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert file(client, "3", asking(20_000), "B").get_json()["state"] == "approved"


def test_limits_by_receiving_account_count_other_accounts_too(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    open_account(database, lot_facts(90_000), name="C")
    to = {"method": "cash", "receiving_account": "RA"}
    assert file(client, "1", asking(40_000, **to), "B").get_json()["state"] == "approved"
    second = file(client, "2", asking(30_000, **to), "C").get_json()
    assert [reason["rule"] for reason in second["decision"]["reasons"]] == ["by-receiving-account"]


def test_a_clock_that_is_set_back_hides_no_refund(client: FlaskClient, clock: SetClock, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    assert file(client, "1", asking(40_000), "B").get_json()["state"] == "approved"
    clock.at = NOW - timedelta(minutes=10)
    second = file(client, "2", asking(20_000), "B").get_json()
    assert (second["state"], second["requested_at"]) == ("denied", "2026-03-02T01:00:00Z")


# Idempotency


def test_the_same_key_and_body_get_the_same_answer_byte_for_byte(client: FlaskClient, database: Database) -> None:
    first = file(client, "k", asking())
    body = b' { "request" : {"method":"credit", "points":5000}, "account": "A"} '
    headers = {"Idempotency-Key": "k", "Accept-Language": "ko"}
    again = client.post(WHERE, data=body, content_type="application/json", headers=headers)
    assert (again.status_code, again.data) == (201, first.data), "the same data, laid out otherwise"
    for name in ("Location", "Content-Language"):
        assert again.headers[name] == first.headers[name]
    assert counts(database) == {"decision": 1, "refund_request": 1, "hold": 1, "idempotency_key": 1}


def test_a_denial_is_repeated_too(client: FlaskClient, clock: SetClock) -> None:
    first = file(client, "k", asking(50_001))
    clock.at = datetime(2026, 9, 1, tzinfo=UTC)
    assert file(client, "k", asking(50_001)).data == first.data


def test_the_same_key_with_another_body_is_a_conflict(client: FlaskClient, database: Database) -> None:
    file(client, "k", asking())
    for answer in (file(client, "k", asking(5_001)), file(client, "k", asking(), "nobody")):
        assert (answer.status_code, answer.get_json()["code"]) == (409, "idempotency-key-reused")
    assert counts(database)["refund_request"] == 1


@pytest.mark.parametrize("key", [None, "", "k" * 201, "키", "a\tb"], ids=["none", "empty", "long", "ko", "tab"])
def test_a_key_is_required_and_the_refusal_says_why(client: FlaskClient, database: Database, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = client.post(WHERE, json={"account": "A", "request": asking()}, headers=headers)
    found = answer.get_json()
    if key:
        (error,) = found["errors"]
        assert (answer.status_code, found["code"], error["header"]) == (400, "bad-request", "Idempotency-Key")
        assert "1 to 200 printable ASCII characters" in error["detail"]
    else:
        assert (answer.status_code, found["code"]) == (400, "idempotency-key-missing")
        assert "Send a fresh value" in found["detail"]
    assert counts(database) == NOTHING


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"account": "A"}, 400, "bad-request"),
        ({"account": {"id": "A"}, "request": asking()}, 400, "bad-request"),
        ({"account": "A", "request": asking(method="barter")}, 400, "bad-request"),
        ({"account": "A", "request": asking(receiving_account=5)}, 400, "bad-request"),
        ({"account": "A", "request": asking(), "dry_run": True}, 400, "bad-request"),
        ({"account": "A", "request": asking(), "as_of": "2026-03-02T01:00:00Z"}, 400, "bad-request"),
        ({"account": "nobody", "request": asking()}, 422, "unknown-account"),
        ({"account": "A", "request": asking(), "policy": "other"}, 422, "other-policy"),
    ],
    ids=str,
)
def test_a_refused_request_leaves_nothing_and_its_key_free(
    client: FlaskClient, database: Database, body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post(WHERE, json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert counts(database) == NOTHING
    assert file(client, "k", asking()).status_code == 201


def test_two_rules_that_contradict_each_other_file_nothing(client: FlaskClient, database: Database) -> None:
    publish_small(database, CONFLICT)
    answer = file(client, "k", asking(method="cash"))
    assert (answer.status_code, answer.get_json()["code"]) == (422, "rules-conflict")
    assert counts(database) == NOTHING


def test_a_bug_is_a_500_that_stores_nothing_and_shows_nothing(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("the secret of the house")

    monkeypatch.setattr("service.idempotency.finish", broken)
    monkeypatch.setattr("service.judging.finish", broken)
    answer = file(client, "k", asking())
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal-error")
    assert b"secret" not in answer.data
    assert "the secret of the house" in caplog.text
    assert counts(database) == NOTHING
    with reading(database):
        assert differences(database) == []


# Races


def clients(client: FlaskClient, number: int) -> list[FlaskClient]:
    return [client.application.test_client() for _ in range(number)]


def at_once(client: FlaskClient, number: int, act: Any) -> list[TestResponse]:
    """What `number` threads get that start together; each has its own connection."""
    start = threading.Barrier(number, timeout=30)

    def run(pair: tuple[int, FlaskClient]) -> TestResponse:
        start.wait()
        answer: TestResponse = act(*pair)
        return answer

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, enumerate(clients(client, number))))


def test_many_at_once_never_spend_a_point_twice(client: FlaskClient, database: Database) -> None:
    open_account(database, *[lot_facts(4_000) for _ in range(5)], name="B")
    answers = at_once(client, 12, lambda n, own: file(own, f"key-{n}", asking(3_000), "B"))
    states = [answer.get_json()["state"] for answer in answers]
    assert sorted(states) == ["approved"] * 6 + ["denied"] * 6
    with reading(database):
        assert differences(database) == []
        assert rows(database, "SELECT CAST(SUM(\"left\") AS BIGINT) FROM lot WHERE account_id = 'B'") == [(2_000,)]
        held = rows(database, "SELECT CAST(SUM(points) AS BIGINT), count(DISTINCT request_id) FROM hold")
    assert held == [(18_000, 6)]


def test_one_key_sent_many_times_at_once_is_filed_once(client: FlaskClient, database: Database) -> None:
    answers = at_once(client, 8, lambda _, own: file(own, "k", asking()))
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert counts(database) == {"decision": 1, "refund_request": 1, "hold": 1, "idempotency_key": 1}


def test_limits_hold_for_accounts_that_pay_to_one_place_at_once(client: FlaskClient, database: Database) -> None:
    for n in range(8):
        open_account(database, lot_facts(30_000), name=f"M{n}")
    to = {"method": "cash", "receiving_account": "RA"}
    answers = at_once(client, 8, lambda n, own: file(own, f"key-{n}", asking(20_000, **to), f"M{n}"))
    assert sorted(answer.get_json()["state"] for answer in answers) == ["approved"] * 3 + ["denied"] * 5


def test_a_database_that_is_busy_too_long_is_a_503_and_the_key_stays_free(
    database_url: str, client: FlaskClient, database: Database
) -> None:
    from service.app import create_app
    from service.database import close_database
    from service.parts import EXTENSION

    app = create_app(Settings(database_url=database_url, access="open", busy_seconds=1), SetClock())
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        def work() -> None:
            find_account(database, "A", locked=True)
            held.set()
            done.wait(20)

        writing(database, work)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        assert held.wait(10)
        answer = file(app.test_client(), "k", asking())
        done.set()
        holding.result()
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert file(app.test_client(), "k", asking()).status_code == 201
    close_database(app.extensions[EXTENSION].database)


# Reading


def test_the_requests_of_an_account_come_in_pages_newest_first(client: FlaskClient, clock: SetClock) -> None:
    made = []
    for n in range(5):
        clock.at = NOW + timedelta(minutes=n)
        made.append(file(client, str(n), asking(1_000 + n)).get_json()["id"])
    where = "/v1/accounts/A/refund-requests"
    seen, pages, following = [], 0, f"{where}?limit=2"
    while following:
        page = client.get(following).get_json()
        seen += [line["id"] for line in page["refund_requests"]]
        following, pages = page["next"], pages + 1
    assert (seen, pages) == (made[::-1], 3)
    assert client.get(f"{where}?limit=5").get_json()["next"] is None


def test_what_waits_for_a_review_is_a_queue_oldest_first(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    made = []
    for n in range(6):
        clock.at = NOW + timedelta(minutes=n)
        open_account(database, lot_facts(60_000), name=f"B{n}")
        made.append(file(client, str(n), asking(45_000 if n else 1_000), f"B{n}").get_json()["id"])
    page = client.get(f"{WHERE}?state=needs_review&limit=2").get_json()
    assert [line["id"] for line in page["refund_requests"]] == made[1:3]
    for name in made[2:4]:
        # The last of the page, and one of the next, leave the queue meanwhile.
        client.post(f"{WHERE}/{name}/approve", json={"by": "x"}, headers={"Idempotency-Key": f"approve {name}"})
    rest = client.get(page["next"]).get_json()
    assert ([line["id"] for line in rest["refund_requests"]], rest["next"]) == (made[4:], None)
    for asked, expected in (
        ("", made),
        ("account=B0", made[:1]),
        ("state=approved&account=B2", made[2:3]),
        ("state=settled", []),
    ):
        assert [line["id"] for line in client.get(f"{WHERE}?{asked}").get_json()["refund_requests"]] == expected
    assert "is none of approved, denied" in client.get(f"{WHERE}?state=x").get_json()["errors"][0]["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1.0", "page=2", "lang=fr"])
def test_a_query_is_read_strictly(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/v1/accounts/A/refund-requests?{query}")
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("where", [f"{WHERE}/R-0", "/v1/accounts/nobody/refund-requests"])
def test_what_is_unknown_is_not_found(client: FlaskClient, where: str) -> None:
    assert (client.get(where).status_code, client.get(where).get_json()["code"]) == (404, "not-found")
