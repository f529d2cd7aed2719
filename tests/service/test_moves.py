"""The life of a refund request: every move from every state, its points, and its record."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.facts import PAST_STATES
from service.database import Database, execute, reading, rows, writing
from service.ledger_check import differences
from service.moves import KINDS, REQUESTED, STATES
from service.publishing import publish
from tests.service.builders import HELD, NOW, SetClock, asking, lot_facts, open_account
from tests.service.test_audit import unguard
from tests.service.test_replaying import without_foreign_keys

WHERE = "/v1/refund-requests"
TOLD = {"by": "agent-7", "reason": "because"}


def file(client: FlaskClient, points: int, account: str = "A", key: str = "file", **more: str) -> dict[str, Any]:
    body = {"account": account, "request": asking(points, **more)}
    found: dict[str, Any] = client.post(WHERE, json=body, headers={"Idempotency-Key": key}).get_json()
    return found


def move(client: FlaskClient, request: str, name: str, key: str = "", **body: Any) -> TestResponse:
    headers = {"Idempotency-Key": key or f"{request}-{name}"}
    return client.post(f"{WHERE}/{request}/{name}", json=body or TOLD, headers=headers)


def points(client: FlaskClient, account: str = "A") -> int:
    found: int = client.get(f"/v1/accounts/{account}/balance").get_json()["points"]
    return found


def sound(database: Database) -> bool:
    with reading(database):
        return differences(database) == []


# How a request gets into each state, from an account of 90,000 points.
WAYS: dict[str, tuple[int, tuple[str, ...]]] = {
    "approved": (10_000, ()),
    "denied": (90_001, ()),
    "needs_review": (45_000, ()),
    "refused": (45_000, ("refuse",)),
    "settled": (10_000, ("settle",)),
    "failed": (10_000, ("fail",)),
    "cancelled": (10_000, ("cancel",)),
    "reversed": (10_000, ("settle", "reverse")),
}


def in_state(client: FlaskClient, database: Database, state: str) -> str:
    open_account(database, lot_facts(40_000), lot_facts(50_000, acquired_on="2025-07-01"), name="B")
    asked, ways = WAYS[state]
    request: str = file(client, asked, "B")["id"]
    for way in ways:
        assert move(client, request, way).status_code == 200
    return request


@pytest.mark.parametrize("name", REQUESTED)
@pytest.mark.parametrize("state", WAYS)
def test_a_move_is_made_from_its_states_and_refused_from_all_others(
    client: FlaskClient, database: Database, state: str, name: str
) -> None:
    request = in_state(client, database, state)
    before = (client.get(f"{WHERE}/{request}").get_json(), points(client, "B"))
    answer = move(client, request, name, "the move")
    found = answer.get_json()
    if state in KINDS[name].before:
        assert (answer.status_code, found["state"]) == (200, KINDS[name].state)
        step = found["moves"][-1]
        assert (step["name"], step["before"], step["state"]) == (name, state, KINDS[name].state)
        assert (step["by"], step["reason"], step["moved_at"]) == ("agent-7", "because", "2026-03-02T01:00:00Z")
        held = KINDS[name].state in ("approved", "settled")
        assert points(client, "B") == (90_000 - before[0]["points"] if held else 90_000)
    else:
        assert (answer.status_code, found["code"], found["state"]) == (409, "illegal-move", state)
        assert found["allowed"] == before[0]["allowed"] == [each for each in REQUESTED if state in KINDS[each].before]
        assert (client.get(f"{WHERE}/{request}").get_json(), points(client, "B")) == before
    assert sound(database)


def test_every_state_but_that_of_time_was_tried() -> None:
    assert set(WAYS) == set(STATES) - {"lapsed"}


@pytest.mark.parametrize(
    ("name", "body", "pointers"),
    [
        ("approve", {"reason": "fine"}, ["#/by"]),
        ("refuse", {"note": "no"}, ["#/note"]),
        ("refuse", {"by": "agent-7"}, ["#/reason"]),
        ("fail", {"by": "bank"}, ["#/reason"]),
        ("reverse", {"reason": " "}, ["#/reason"]),
        ("settle", {"by": 7}, ["#/by"]),
    ],
)
def test_a_move_says_what_it_lacks(client: FlaskClient, name: str, body: dict[str, Any], pointers: list[str]) -> None:
    request = file(client, 5_000)["id"]
    answer = move(client, request, name, **body)
    assert (answer.status_code, [error["pointer"] for error in answer.get_json()["errors"]]) == (400, pointers)
    assert client.get(f"{WHERE}/{request}").get_json()["moves"] == []


def test_points_go_back_to_the_lots_that_they_came_from(client: FlaskClient, database: Database) -> None:
    request = file(client, 15_000)["id"]
    move(client, request, "settle")
    move(client, request, "reverse")
    entries = "SELECT lot_id, kind, points FROM ledger_entry WHERE request_id = ? ORDER BY id"
    lots = 'SELECT id, "left", CAST(acquired_on AS TEXT) FROM lot WHERE account_id = ? ORDER BY id'
    with reading(database):
        booked, kept = rows(database, entries, (request,)), rows(database, lots, ("A",))
    assert kept == [("A.1", 10_000, "2025-06-01"), ("A.2", 20_000, "2025-07-01")]
    assert booked == [
        ("A.1", "hold", -10_000),
        ("A.2", "hold", -5_000),
        ("A.1", "reverse", 10_000),
        ("A.2", "reverse", 5_000),
    ]


def test_a_move_is_made_once_for_each_key(client: FlaskClient, database: Database) -> None:
    request = file(client, 5_000)["id"]
    first, again = move(client, request, "settle", "k"), move(client, request, "settle", "k")
    assert (again.status_code, again.data) == (200, first.data)
    assert move(client, request, "cancel", "k").get_json()["code"] == "idempotency-key-reused"
    assert move(client, request, "settle", "other").get_json()["code"] == "illegal-move"
    with reading(database):
        assert rows(database, 'SELECT count(*) FROM "move"') == [(1,)]


def test_what_was_given_back_counts_against_no_limit(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    first = file(client, 40_000, "B", "1")["id"]
    assert file(client, 20_000, "B", "2")["state"] == "denied"
    move(client, first, "cancel")
    assert file(client, 20_000, "B", "3")["state"] == "approved"


def test_a_pending_request_keeps_the_version_under_which_it_was_filed(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(45_000), name="B")
    request = file(client, 45_000, "B")
    publish(database, HELD.replace("over: 40_000", "over: 10").encode(), "small.yaml", NOW)
    approved = move(client, request["id"], "approve").get_json()
    decision = client.get(f"/v1/decisions/{approved['decision_id']}").get_json()
    assert (approved["state"], decision["version"], approved["last_held_on"]) == ("approved", 1, None)


# Holds that nobody settles


@pytest.fixture
def held(client: FlaskClient, database: Database) -> str:
    """A request of 15,000 points that are held until 12 March."""
    publish(database, HELD.encode(), "small.yaml", NOW)
    found = file(client, 15_000)
    assert found["last_held_on"] == "2026-03-12"
    request: str = found["id"]
    return request


def test_a_hold_can_be_settled_until_its_last_day_is_over(client: FlaskClient, clock: SetClock, held: str) -> None:
    clock.at = NOW.replace(day=12, hour=14, minute=59, second=59)
    assert move(client, held, "settle").get_json()["state"] == "settled"


def test_a_hold_lapses_with_the_day_after_its_last(client: FlaskClient, clock: SetClock, held: str) -> None:
    clock.at = NOW.replace(day=12, hour=15)  # 00:00 on 13 March in Seoul.
    answer = move(client, held, "settle").get_json()
    assert (answer["code"], answer["state"], answer["allowed"]) == ("illegal-move", "lapsed", [])


def test_the_next_request_finds_the_points_of_a_lapsed_one(
    client: FlaskClient, clock: SetClock, held: str, database: Database
) -> None:
    clock.at = NOW.replace(day=12, hour=15)  # 00:00 on 13 March in Seoul, and 12 March still in UTC.
    assert file(client, 30_000, key="next")["state"] == "approved"
    lapsed = client.get(f"{WHERE}/{held}").get_json()
    assert (lapsed["state"], lapsed["moves"][-1]["name"], lapsed["moves"][-1]["by"]) == ("lapsed", "lapse", None)
    assert [hold["state"] for hold in lapsed["holds"]] == ["released", "released"]
    assert sound(database)


@pytest.mark.parametrize(
    ("method", "where", "body"),
    [
        ("get", "{request}", None),
        ("get", "/v1/accounts/A/refund-requests", None),
        ("get", "/v1/accounts/A/balance", None),
        ("post", "/v1/accounts/A/refund-options", {"request": {}}),
        ("post", "/v1/decisions", {"account": "A", "request": {"points": 30_000, "method": "cash"}, "dry_run": True}),
    ],
)
def test_every_look_finds_what_has_lapsed_whenever_the_last_sweep_was(
    client: FlaskClient, clock: SetClock, held: str, database: Database, method: str, where: str, body: Any
) -> None:
    clock.at = NOW.replace(day=12, hour=15)
    answer = client.open(where.format(request=f"{WHERE}/{held}"), method=method.upper(), json=body).get_json()
    assert answer.get("state", "lapsed") == "lapsed"
    assert answer.get("held", 0) == 0
    assert answer.get("outcome", "approved") == "approved"
    assert [each["state"] for each in answer.get("refund_requests", ())] in ([], ["lapsed"])
    with reading(database):
        assert rows(database, "SELECT state FROM refund_request WHERE id = ?", (held,)) == [("lapsed",)]
    assert sound(database)


# The proof of the ledger

BROKEN = {
    "left-is-the-sum": 'UPDATE lot SET "left" = "left" - 1 WHERE id = \'A.2\'',
    "held-as-decided": "UPDATE refund_request SET points = points - 1",
    "kept-as-decided": "UPDATE refund_request SET last_held_on = '2025-01-01'",
    "holds-follow-the-request": "UPDATE hold SET state = 'released' WHERE lot_id = 'A.1'",
    "a-hold-is-booked": "UPDATE hold SET points = points - 1 WHERE lot_id = 'A.2'",
    "moves-lead-to-the-state": "UPDATE refund_request SET state = 'settled'",
    "one-account": "UPDATE lot SET account_id = 'B' WHERE id = 'A.1'",
    "granted-once": "UPDATE lot SET amount = amount + 1 WHERE id = 'A.1'",
    "a-decision-stays": "INSERT INTO log_leaf (kind, reference) VALUES ('decision', 'A.1')",
}


@pytest.mark.parametrize("name", BROKEN)
def test_whatever_breaks_the_ledger_is_told_with_its_place(client: FlaskClient, database: Database, name: str) -> None:
    open_account(database, name="B")
    request = file(client, 15_000)["id"]
    assert sound(database)
    writing(database, lambda: execute(database, BROKEN[name]))
    with reading(database):
        found = {each.check: each for each in differences(database)}
    assert name in found
    place = found[name].id
    assert place in ("A.1", "A.2", request)
    assert place in found[name].text.ko
    assert place in found[name].text.en


COLUMNS = {
    "account_id": "'B'",
    "last_held_on": "'2025-01-01'",
    "method": "'cash'",
    "payout": "payout + 1",
    "points": "points + 1",
    "receiving_account": "'elsewhere'",
    "requested_at": "'2026-03-02T01:00:00.000001Z'",
}
LOTS = {"event": "'E'", "rule": "'r'", "created_at": "'2026-03-02T01:00:00.000001Z'"}
GONE = {
    "account": "lot A.1: it belongs to account A, which",
    "lot": "it belongs to lot A.1, which",
    "refund_request": "it belongs to refund_request R-",
    "policy_version": "decision D-",
    "event": "event_answer E-1: it belongs to event E-1, which",
    "inquiry": "it belongs to inquiry Q-",
}


class Undone(Exception):
    """The next look needs it as it was."""


def test_whatever_a_request_or_a_lot_is_kept_with_and_whatever_is_gone_is_told(
    client: FlaskClient, database: Database
) -> None:
    open_account(database, name="B")
    filed = file(client, 15_000, receiving_account="110-222")
    move(client, filed["id"], "settle")
    client.post(
        "/v1/events",
        json={"account": "A", "id": "E-1", "type": "purchase", "amount": 5, "happened_at": "2026-03-02T00:00:00Z"},
    )
    said = {"account": "A", "kind": "question", "language": "ko", "text": "?"}
    client.post("/v1/inquiries", json=said, headers={"Idempotency-Key": "i"})
    assert sound(database)

    def told(change: str, table: str = "") -> list[str]:
        found: list[str] = []

        def work() -> None:
            if table:
                unguard(database, table, change)
            else:
                execute(database, change)
            found.extend(f"{each.check} {each.text.en}" for each in differences(database))
            raise Undone

        with contextlib.suppress(Undone):
            writing(database, work)
        return found

    for column, value in COLUMNS.items():
        said_of = [each for each in told(f"UPDATE refund_request SET {column} = {value}") if "kept-as" in each]  # noqa: S608
        assert [f": its {column} is kept as " in each for each in said_of] == [True], column
    for column, value in LOTS.items():
        assert [each.split()[:3] for each in told(f"UPDATE lot SET {column} = {value} WHERE id = 'A.1'")] == [  # noqa: S608
            ["a-lot-is-as-it-was-granted", "lot", "A.1:"]
        ]

    def gone() -> None:
        for table, words in GONE.items():
            found = [each for each in told(f'DELETE FROM "{table}"', table) if each.startswith("nothing-is-orphaned")]  # noqa: S608
            assert any(words in each for each in found), (table, found)

    without_foreign_keys(database, gone)


def test_the_engine_knows_the_states_that_a_request_can_be_in() -> None:
    assert set(PAST_STATES) == set(STATES)
