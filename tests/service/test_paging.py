"""Lists of the API: where a page begins, of whom it is, and what of all accounts it shows."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from service import moves
from service.database import Database, reading
from service.ledger_check import differences
from service.publishing import publish
from tests.service.builders import HELD, LIFE, NOW, POLICY, SetClock, asking, lot_facts, open_account

LISTS = {
    "refund-requests": "R-0",
    "inquiries": "Q-0",
    "inquiries?order=newest": "Q-0",
    "messages": "M-0",
    "deliveries": "DL-0",
    "events?state=waiting": "no-such-event",
    "refund-requests?account=A": "R-0",
    "messages?account=A": "M-0",
    "accounts/A/refund-requests": "R-0",
    "accounts/A/inquiries": "Q-0",
    "accounts/A/events": "no-such-event",
    "accounts/A/entries": "999",
    "accounts/A/notices": "999",
    "policies/drafts": "P-0",
    "policies/small/shadow/differences": "D-0",
    "audit/decisions": "D-0",
    "audit/reads": "999",
}
"""Every list that has pages, and an id that is in none."""
UNPAGED = {"/v1/faq", "/v1/policies", "/v1/webhooks"}


def file(client: FlaskClient, account: str, points: int, key: str) -> str:
    body = {"account": account, "request": asking(points)}
    found: str = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).get_json()["id"]
    return found


def page(client: FlaskClient, where: str, **query: Any) -> Any:
    return client.get(f"/v1/{where}", query_string=query)


def test_every_list_is_in_the_table(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    paged = {
        path.removeprefix("/v1/").replace("policies/{id}", "policies/small").replace("{id}", "A")
        for path, methods in paths.items()
        if {"limit", "after"} <= {each["name"] for each in methods.get("get", {}).get("parameters", [])}
    }
    assert paged == {each.partition("?")[0] for each in LISTS}
    lists = {path for path in paths if path.startswith("/v1/") and path.count("/") == 2 and "get" in paths[path]}
    assert lists - {f"/v1/{each}" for each in paged} == UNPAGED


@pytest.mark.parametrize(("where", "after"), LISTS.items())
def test_a_page_behind_what_no_list_has_is_refused(client: FlaskClient, where: str, after: str) -> None:
    path, _, more = where.partition("?")
    client.post("/v1/policies/small/shadow", json={"rules": POLICY})
    asked = dict(each.split("=") for each in more.split("&") if each)
    answer = page(client, path, **asked, after=after)
    (error,) = answer.get_json()["errors"]
    assert (answer.status_code, error["parameter"]) == (400, "after")
    assert error["detail"].startswith("is the id of nothing in this list; write the last id of the page before")
    assert page(client, path, **asked).status_code == 200


@pytest.mark.parametrize(
    ("where", "name", "named"),
    [
        ("refund-requests", "account", "nobody"),
        ("messages", "account", "nobody"),
        ("deliveries", "webhook", "W-0"),
        ("faq", "policy", "nobody"),
    ],
)
def test_a_list_of_nobodys_is_not_found(client: FlaskClient, where: str, name: str, named: str) -> None:
    answer = page(client, where, **{name: named})
    (error,) = answer.get_json()["errors"]
    assert (answer.status_code, error["parameter"]) == (404, name)
    assert f"/v1/{where}?{name}={named}" in answer.get_json()["detail"]


def test_a_page_of_one_account_begins_behind_what_is_its_own(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    first, second, other = file(client, "A", 1_000, "1"), file(client, "A", 2_000, "2"), file(client, "B", 3_000, "3")
    for where, query in (("accounts/A/refund-requests", {}), ("refund-requests", {"account": "A"})):
        assert page(client, where, **query, after=other).status_code == 400
    found = page(client, "accounts/A/refund-requests", after=second).get_json()["refund_requests"]
    assert [each["id"] for each in found] == [first]
    entry = page(client, "accounts/B/entries").get_json()["entries"][0]["id"]
    assert page(client, "accounts/A/entries", after=entry).status_code == 400


def test_the_next_page_is_asked_for_as_this_one_was(client: FlaskClient) -> None:
    for number in range(2):
        file(client, "A", 1_000, str(number))
    asked = {"lang": "ko", "limit": 1}
    for where in ("refund-requests", "messages", "accounts/A/refund-requests", "accounts/A/entries"):
        first = page(client, where, **asked)
        second = client.get(first.get_json()["next"])
        assert [each.headers["Content-Language"] for each in (first, second)] == ["ko", "ko"]
        (name,) = {*second.get_json()} - {"next", "damaged"}
        assert len(second.get_json()[name]) == 1


def test_a_list_of_requests_says_how_long_each_is_held_and_what_may_be_done(client: FlaskClient) -> None:
    request = file(client, "A", 1_000, "1")
    whole = client.get(f"/v1/refund-requests/{request}").get_json()
    for where in ("refund-requests", "accounts/A/refund-requests"):
        (line,) = page(client, where).get_json()["refund_requests"]
        assert {name: whole[name] for name in line} == line
        assert (line["allowed"], line["last_held_on"]) == (["settle", "fail", "cancel"], None)


@pytest.fixture
def overdue(client: FlaskClient, database: Database, clock: SetClock) -> list[str]:
    """Four requests of four accounts: two in review and two approved; the first of each pair is over."""
    publish(database, HELD.encode(), "small.yaml", NOW)
    for name in "BCDE":
        open_account(database, lot_facts(90_000), name=name)
    made = [file(client, "B", 45_000, "b"), file(client, "C", 5_000, "c")]
    clock.at = NOW.replace(day=9)
    made += [file(client, "D", 45_000, "d"), file(client, "E", 5_000, "e")]
    clock.at = NOW.replace(day=12, hour=15)  # 00:00 on 13 March in Seoul, the day after the last of B's and C's.
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["lapsed", "lapsed", "needs_review", "approved"]),
        ({"limit": 1}, ["lapsed", "lapsed", "needs_review", "approved"]),
        ({"state": "needs_review"}, [None, None, "needs_review", None]),
        ({"state": "approved", "limit": 1}, [None, None, None, "approved"]),
        ({"state": "lapsed"}, ["lapsed", "lapsed", None, None]),
        ({"state": "lapsed", "limit": 1}, ["lapsed", "lapsed", None, None]),
        ({"account": "C"}, [None, "lapsed", None, None]),
        ({"state": "lapsed", "account": "C"}, [None, "lapsed", None, None]),
        ({"state": "denied"}, [None, None, None, None]),
    ],
)
def test_the_list_of_all_requests_shows_what_has_lapsed_whenever_the_last_sweep_was(
    client: FlaskClient, database: Database, overdue: list[str], query: dict[str, Any], expected: list[str | None]
) -> None:
    answer = page(client, "refund-requests", **query).get_json()
    found = list(answer["refund_requests"])
    while answer["next"]:
        answer = client.get(answer["next"]).get_json()
        found += answer["refund_requests"]
    wanted = [(request, state) for request, state in zip(overdue, expected, strict=True) if state]
    assert [(each["id"], each["state"]) for each in found] == wanted
    assert all(each["allowed"] == moves.allowed(each["state"]) for each in found)
    with reading(database):
        assert differences(database) == []


def test_an_inquiry_shows_what_has_lapsed_of_its_request(client: FlaskClient, overdue: list[str]) -> None:
    body = {"account": "B", "kind": "contest", "text": "왜?", "refund_request_id": overdue[0]}
    made = client.post("/v1/inquiries", json=body, headers={"Idempotency-Key": "q"}).get_json()["id"]
    assert page(client, "inquiries").get_json()["inquiries"][0]["refund_state"] == "lapsed"
    assert client.get(f"/v1/inquiries/{made}").get_json()["refund_request"]["state"] == "lapsed"


def test_events_that_wait_are_listed_of_all_accounts_the_first_told_first(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    open_account(database, name="B")

    def tell(id: str, account: str, type: str, day: int, **more: Any) -> None:
        event = {"id": id, "account": account, "type": type, "happened_at": f"2026-02-{day:02}T03:00:00Z", **more}
        assert client.post("/v1/events", json=event).status_code in (201, 202)

    for number, (event, account, day) in enumerate([("Z", "B", 9), ("M", "A", 3), ("A", "B", 6), ("K", "A", 5)]):
        clock.at = NOW.replace(minute=number)
        tell(event, account, "purchase_cancelled", day, of=f"P-{event}")
    tell("P-M", "A", "purchase", 2, amount=1_000)
    first = page(client, "events", state="waiting", limit=2).get_json()
    assert [(each["id"], each["account"], each["of"]) for each in first["events"]] == [
        ("Z", "B", "P-Z"),
        ("A", "B", "P-A"),
    ]
    tell("P-A", "B", "purchase", 2, amount=1_000)
    last = client.get(first["next"]).get_json()
    assert ([each["id"] for each in last["events"]], last["next"]) == (["K"], None)


def test_only_events_that_wait_are_listed_of_all_accounts(client: FlaskClient) -> None:
    details = [page(client, "events", **query).get_json()["errors"][0] for query in ({}, {"state": "answered"})]
    assert [(each["parameter"], each["detail"]) for each in details] == [
        ("state", "is missing"),
        ("state", "is none of waiting"),
    ]
