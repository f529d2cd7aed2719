"""Who only talks to members sees of a receiving account its last characters, at every address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from service import access_keys
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, writing
from service.masking import SEEING_WHOLE, masked
from service.parts import EXTENSION
from service.reads import ANYONE, Reader
from service.roles import RIGHTS, ROLES
from tests.service.builders import NOW, SetClock, asking, lot_facts, open_account, publish_small

MINE, HIDDEN = "110-222-333333", "****3333"
LARGE = "ACCOUNT-OF-SOMEBODY-ELSE"


@pytest.fixture
def keyed(database_url: str, database: Database, clock: SetClock) -> Iterator[Flask]:
    """The service with keys; two accounts were refunded to one receiving account."""
    publish_small(database)
    open_account(database, lot_facts(30_000))
    open_account(database, lot_facts(30_000), name=LARGE)
    app = create_app(Settings(database_url=database_url), clock)
    yield app
    close_database(app.extensions[EXTENSION].database)


def key(database: Database, role: str) -> dict[str, str]:
    _, secret = writing(database, lambda: access_keys.make(database, role, [role], NOW + timedelta(days=1), NOW))
    return {"Authorization": f"Bearer {secret}"}


def test_an_agent_sees_no_receiving_account_at_any_address(keyed: Flask, database: Database) -> None:
    client, keys = keyed.test_client(), {role: key(database, role) for role in ROLES}
    request = asking(1_000, receiving_account=MINE)
    made: dict[str, Any] = {}
    for account in (LARGE, "A"):
        headers = {**keys["caller"], "Idempotency-Key": account}
        body = {"account": account, "request": request}
        made = client.post("/v1/refund-requests", json=body, headers=headers).get_json()
    said = {"account": "A", "kind": "contest", "decision_id": made["decision_id"], "language": "en", "text": "Why?"}
    asked = client.post("/v1/inquiries", json=said, headers={**keys["caller"], "Idempotency-Key": "q"}).get_json()
    ids = {"decisions": made["decision_id"], "refund-requests": made["id"], "accounts": "A", "inquiries": asked["id"]}
    seen: dict[str, set[str]] = {role: set() for role in ROLES}
    for address, roles in RIGHTS.items():
        method, path = address.split(" ")
        noun = path.split("/")[-1] if path == "/metrics" else path.split("/")[2]
        if method != "GET" or ("{" in path and noun not in ids):
            continue
        for role in set(roles) & set(ROLES):
            answer = client.get(re.sub(r"\{id\}", ids.get(noun, ""), path), headers=keys[role])
            seen[role] |= {address} if MINE in answer.text else set()
            if role == "agent":
                assert LARGE not in answer.text or '"account_id"' not in answer.text, address
    for form in ("text/plain", "text/html"):
        headers = {**keys["agent"], "Accept": form}
        page = client.get(f"/v1/decisions/{made['decision_id']}/explanation", headers=headers).text
        assert (MINE in page, HIDDEN in page) == (False, True)
    assert seen["agent"] == set()
    whole = "GET /v1/decisions/{id}"
    assert all(whole in seen[role] for role in RIGHTS[whole] if role in SEEING_WHOLE)
    shown = client.get(f"/v1/decisions/{made['decision_id']}", headers=keys["agent"]).get_json()
    assert shown["case"]["request"]["receiving_account"] == HIDDEN
    assert [past["account_id"] for past in shown["case"]["history"]] == ["****ELSE"]
    told = client.post("/v1/decisions", json={"account": "A", "request": request}, headers=keys["agent"])
    assert (told.status_code, MINE in told.text) == (201, False)


@pytest.mark.parametrize(
    ("value", "shown"), [("", ""), ("1234", "****"), ("1234567", "****"), ("12345678", "****5678"), (None, None)]
)
def test_what_is_short_is_hidden_whole(value: str | None, shown: str | None) -> None:
    agent = Reader("desk", "K", ("agent",))
    assert masked([{"receiving_account": value}], agent) == [{"receiving_account": shown}]
    for reader in (ANYONE, None, *(Reader("x", "K", (role, "agent")) for role in SEEING_WHOLE)):
        assert masked({"receiving_account": value}, reader) == {"receiving_account": value}
