"""A member's token sees one account: of everything else it is as if it were not there."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from service import access_keys
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, open_database, reading, rows, writing
from service.parts import EXTENSION
from service.roles import MEMBER, RIGHTS
from tests.service.builders import NOW, SetClock, asking, lot_facts, open_account, publish_small
from tests.service.test_reference import check as conforms

MINE = "110-222-333333"
NOBODY = {"decisions": "D-0", "refund-requests": "R-0", "inquiries": "Q-0", "accounts": "Z"}
PATHS = sorted(address for address, roles in RIGHTS.items() if MEMBER in roles and "{id}" in address)
OF_ALL = {"faq": "privacy", "policies": "small"}
"""What is the same for everybody, and one of it."""


@dataclass
class Desk:
    """The service, a calling system's key, and what there is of the accounts A and B."""

    app: Flask
    key: str
    key_id: str
    kept: dict[str, dict[str, str]]

    def ask(self, secret: str, address: str, body: Any = None, key: str = "", **headers: str) -> TestResponse:
        """Asks with a key or token; `key` is an idempotency key."""
        method, path = address.split(" ")
        sent = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {}), **headers}
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def token(self, account: str = "A", **more: Any) -> str:
        """A token for a member."""
        made: str = self.ask(self.key, "POST /v1/member-tokens", {"account": account, **more}).get_json()["token"]
        return made


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """On PostgreSQL the same statements run in `test_access`."""
    opened = open_database(Settings(database_url=sqlite_url))
    yield opened
    close_database(opened)


@pytest.fixture
def desk(sqlite_url: str, database: Database, clock: SetClock) -> Iterator[Desk]:
    """Two members were refunded to one receiving account, and each contests it."""
    publish_small(database)
    key_id, key = writing(database, lambda: access_keys.make(database, "app", ["caller"], NOW + timedelta(days=1), NOW))
    app = create_app(Settings(database_url=sqlite_url), clock)
    made = Desk(app, key, key_id, {})
    for account in ("B", "A"):
        open_account(database, lot_facts(30_000), lot_facts(5_000, source="promotion"), name=account)
        asked = {"account": account, "request": asking(7_000, receiving_account=MINE)}
        filed = made.ask(key, "POST /v1/refund-requests", asked, account).get_json()
        contest = {"account": account, "kind": "contest", "text": "?", "decision_id": filed["decision_id"]}
        opened = made.ask(key, "POST /v1/inquiries", contest, f"{account}?").get_json()
        made.kept[account] = {
            "accounts": account,
            "decisions": filed["decision_id"],
            "refund-requests": filed["id"],
            "inquiries": opened["id"],
        }
    yield made
    close_database(app.extensions[EXTENSION].database)


BODIES: dict[str, Any] = {
    "POST /v1/accounts/{id}/refund-options": {},
    "POST /v1/refund-requests/{id}/cancel": {},
    "POST /v1/inquiries/{id}/entries": {"by": "member", "text": "!"},
    "POST /v1/inquiries/{id}/close": {"by": "member"},
    "POST /v1/inquiries/{id}/withdraw": {"by": "member"},
}


def told(answer: TestResponse, id: str) -> tuple[Any, ...]:
    """All of an answer, whatever the id that was asked for, and but for the id that every request has."""
    headers = sorted(each for each in answer.headers.items() if each[0] != "X-Request-Id")
    return answer.status_code, answer.get_data(as_text=True).replace(id, "ID"), headers


def test_what_is_anothers_answers_like_what_never_was_by_the_same_work(
    desk: Desk, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    token = desk.token()
    for address in PATHS:
        noun = address.split("/")[2]
        if noun in OF_ALL:
            continue
        answers, work = [], []
        # One id is as long as the other, or the length would tell them apart here.
        for each in (desk.kept["B"][noun], NOBODY[noun].ljust(len(desk.kept["B"][noun]), "0")):
            caplog.clear()
            with caplog.at_level(logging.DEBUG, logger="peewee"):
                answers.append(told(desk.ask(token, address.replace("{id}", each), BODIES.get(address), "x"), each))
            work.append([record.msg[0] for record in caplog.records if record.name == "peewee"])
        to_a_caller = desk.ask(desk.key, address.replace("{id}", each), BODIES.get(address), "x")
        assert answers[0] == answers[1] == told(to_a_caller, each), address
        assert answers[0][0] == 404, address
        assert work[0] == work[1] != [], address
    with reading(database):
        (left,) = rows(database, "SELECT COUNT(*) FROM decision_read WHERE reader = 'member'")[0]
    assert left == 0


def test_a_member_does_with_its_own_what_members_may(desk: Desk, database: Database) -> None:
    token, mine = desk.token(), desk.kept["A"]
    # What ends something comes last.
    last = ("/cancel", "/withdraw", "/close", "/entries")
    expected = {"POST /v1/inquiries/{id}/entries": 201, "POST /v1/inquiries/{id}/close": 409}
    for address in sorted(PATHS, key=lambda each: [each.endswith(end) for end in last]):
        noun = address.split("/")[2]
        named = OF_ALL[noun] if noun in OF_ALL else mine[noun]
        answer = desk.ask(token, address.replace("{id}", named), BODIES.get(address), f"own {address}")
        assert (address, answer.status_code) == (address, expected.get(address, 200))
        shown = answer.get_data(as_text=True)
        assert MINE not in shown
        assert '"B"' not in shown
    with reading(database):
        read = rows(database, 'SELECT DISTINCT decision_id, reader, "key", roles FROM decision_read')
        moved = rows(database, "SELECT name, actor FROM \"move\" WHERE actor <> ''")
    assert read == [(mine["decisions"], "member", desk.key_id, "member")]
    assert moved == [("cancel", "member")]


def test_lists_are_of_the_members_own(desk: Desk) -> None:
    token, another = desk.token(), desk.kept["B"]["refund-requests"]
    for path in ("/v1/refund-requests", "/v1/refund-requests?account=A", "/v1/accounts/A/refund-requests"):
        found = desk.ask(token, f"GET {path}").get_json()["refund_requests"]
        assert [each["id"] for each in found] == [desk.kept["A"]["refund-requests"]]
    others = [
        [told(desk.ask(token, f"GET /v1/refund-requests?{name}={each}"), each) for each in ids]
        for name, ids in {"account": ("B", "Z"), "after": (another, "R-0")}.items()
    ]
    assert [(first[0], first == second) for first, second in others] == [(404, True), (400, True)]
    assert desk.ask(token, "GET /v1/inquiries").status_code == 403


def test_a_body_is_about_the_members_own_account(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    token, another = desk.token(), desk.kept["B"]
    unknown = "D-0".ljust(len(another["decisions"]), "0")
    bodies: dict[str, dict[str, Any]] = {
        "POST /v1/decisions": {"request": asking(1_000)},
        "POST /v1/refund-requests": {"request": asking(1_000)},
        "POST /v1/inquiries": {"kind": "question", "text": "?"},
    }
    for address, body in bodies.items():
        others = [told(desk.ask(token, address, {"account": each, **body}, "x"), each) for each in ("B", "Z")]
        assert others[0] == others[1]
        assert others[0][0] == 422
        assert desk.ask(token, address, {"account": "A", **body}, f"mine {address}").status_code == 201
    named = {
        "decision_id": (another["decisions"], unknown),
        "refund_request_id": (another["refund-requests"], "R-0"),
    }
    for name, ids in named.items():
        contest = {"account": "A", "kind": "contest", "text": "?"}
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="peewee"):
            found = [told(desk.ask(token, "POST /v1/inquiries", {**contest, name: each}, "y"), each) for each in ids]
        assert found[0] == found[1]
        assert found[0][0] == 400
        assert "INSERT" not in caplog.text, "nothing is begun, so that no work tells them apart"
    in_full = {"account": {"id": "A"}, "lots": [], "request": asking(1_000)}
    refused = desk.ask(token, "POST /v1/decisions", in_full)
    assert (refused.status_code, refused.get_json()["errors"][0]["detail"]) == (
        *(400, "has to be the id of the member's own account"),
    )


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("POST /v1/refund-requests/{id}/cancel", {"by": "agent-7"}),
        ("POST /v1/inquiries/{id}/entries", {"by": "agent", "agent": "agent-7", "text": "No."}),
        ("POST /v1/inquiries/{id}/entries", {"by": "member", "agent": "agent-7", "text": "No."}),
        ("POST /v1/inquiries/{id}/close", {"by": "agent", "agent": "agent-7"}),
    ],
)
def test_a_member_speaks_for_nobody_else(desk: Desk, address: str, body: dict[str, str]) -> None:
    noun = address.split("/")[2]
    answer = desk.ask(desk.token(), address.replace("{id}", desk.kept["A"][noun]), body, "x")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")


def test_the_earlier_refunds_of_others_are_not_in_what_a_member_is_shown(desk: Desk) -> None:
    decision = f"GET /v1/decisions/{desk.kept['A']['decisions']}"
    whole = desk.ask(desk.key, decision).get_json()["case"]["history"]
    assert [past["account_id"] for past in whole] == ["B"], "or this would show nothing"
    assert desk.ask(desk.token(), decision).get_json()["case"]["history"] == []


def test_who_works_on_it_is_not_told_to_a_member(desk: Desk) -> None:
    mine, token = desk.kept["A"], desk.token()
    answer = {"by": "agent", "agent": "agent-7", "text": "No.", "outcome": "upheld", "reason": "4.1"}
    inquiry, request = f"/v1/inquiries/{mine['inquiries']}", f"/v1/refund-requests/{mine['refund-requests']}"
    assert desk.ask(desk.key, f"POST {inquiry}/entries", answer, "1").status_code == 201
    assert desk.ask(desk.key, f"POST {request}/fail", {"by": "payer-9", "reason": "closed"}, "2").status_code == 200
    more = desk.ask(token, f"POST {inquiry}/entries", {"by": "member", "text": "?"}, "3")
    shown = [more, *(desk.ask(token, f"GET {path}") for path in (inquiry, request))]
    assert [each.status_code for each in shown] == [201, 200, 200]
    assert re.findall("agent-7|payer-9", "".join(each.get_data(as_text=True) for each in shown)) == []
    assert [each["agent"] for each in desk.ask(desk.key, f"GET {inquiry}").get_json()["entries"]] == [
        *(None, "agent-7", None),
    ]


def test_an_idempotency_key_of_another_is_free_for_a_member(desk: Desk) -> None:
    asked = {"account": "A", "request": asking(1_000)}
    filed = desk.ask(desk.token(), "POST /v1/refund-requests", asked, "B")
    assert filed.status_code == 201
    again = desk.ask(desk.token(), "POST /v1/refund-requests", asked, "B")
    assert again.get_data() == filed.get_data()


def test_a_token_is_made_for_an_open_account_and_ends(desk: Desk, database: Database, clock: SetClock) -> None:
    made = desk.ask(desk.key, "POST /v1/member-tokens", {"account": "A", "minutes": 5})
    conforms(made.get_json(), "NewMemberToken")
    token = made.get_json()["token"]
    assert (made.status_code, made.get_json()["expires_at"]) == (201, "2026-03-02T01:05:00Z")
    unknown = desk.ask(desk.key, "POST /v1/member-tokens", {"account": "Z"})
    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "unknown-account")
    for minutes in (0, 61, "5", True, None):
        assert desk.ask(desk.key, "POST /v1/member-tokens", {"account": "A", "minutes": minutes}).status_code == 400
    assert desk.ask(token, "POST /v1/member-tokens", {"account": "A"}).status_code == 403
    clock.at = NOW + timedelta(minutes=5)
    late = desk.ask(token, "GET /v1/accounts/A/balance")
    assert (late.status_code, late.get_json()["errors"][0]["detail"]) == (
        *(401, "has a token that expired at 2026-03-02T01:05:00Z"),
    )
    wrong = desk.ask(token[:-1], "GET /v1/accounts/A/balance")
    assert wrong.get_json()["errors"][0]["detail"].startswith("has a member token that is not known")
    # What is over is forgotten when the next one is made.
    clock.at = NOW + timedelta(hours=23, minutes=50)
    desk.token()
    clock.at = NOW + timedelta(days=1, minutes=6)
    writing(database, lambda: access_keys.make(database, "x", ["caller"], NOW + timedelta(days=9), NOW))
    with reading(database):
        assert len(rows(database, "SELECT 1 FROM member_token")) == 2


def test_a_token_ends_with_the_key_that_made_it(desk: Desk, database: Database) -> None:
    token = desk.token()
    assert desk.ask(token, "GET /v1/accounts/A/balance").status_code == 200
    writing(database, lambda: access_keys.revoke(database, desk.key_id, NOW))
    assert desk.ask(token, "GET /v1/accounts/A/balance").status_code == 401


def test_where_everybody_may_do_everything_a_members_token_is_still_for_one_account(
    desk: Desk, sqlite_url: str, clock: SetClock
) -> None:
    token = desk.token()
    app = create_app(Settings(database_url=sqlite_url, access="open"), clock)
    try:
        for account, status in (("A", 200), ("B", 404)):
            headers = {"Authorization": f"Bearer {token}"}
            assert app.test_client().get(f"/v1/accounts/{account}/balance", headers=headers).status_code == status
        assert app.test_client().get("/v1/accounts/B/balance").status_code == 200
    finally:
        close_database(app.extensions[EXTENSION].database)
