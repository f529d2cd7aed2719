"""Who is shown a decision is recorded, before it is shown; and where that cannot be, nothing is shown."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from service import access_keys, audit_log
from service.app import create_app
from service.cli import recoup
from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, reading, rows, writing
from service.log.notes import new_signer
from service.parts import EXTENSION
from tests.service.builders import NOW, SetClock, asking
from tests.service.test_decision_search import plan_of, statements
from tests.service.test_reference import check as conforms

READS = "/v1/audit/reads"
SELECT = 'SELECT decision_id, reader, "key", roles, address FROM decision_read ORDER BY id'


@pytest.fixture
def filed(client: FlaskClient) -> dict[str, Any]:
    """A refund request that was filed, with its decision, contested in an inquiry."""
    body = {"account": "A", "request": asking(12_000)}
    made: dict[str, Any] = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"}).get_json()
    contest = {"account": "A", "kind": "contest", "text": "?", "refund_request_id": made["id"]}
    opened = client.post("/v1/inquiries", json=contest, headers={"Idempotency-Key": "i"})
    return {**made, "inquiry": opened.get_json()["id"]}


def recorded(database: Database) -> list[tuple[Any, ...]]:
    with reading(database):
        return [*rows(database, SELECT)]


def shown_at(filed: dict[str, Any], seq: int) -> list[str]:
    """Every address that shows a decision that was kept."""
    decision = filed["decision_id"]
    return [
        f"GET /v1/decisions/{decision}",
        f"GET /v1/decisions/{decision}?lang=ko",
        f"HEAD /v1/decisions/{decision}",
        f"GET /v1/decisions/{decision}/explanation",
        f"GET /v1/refund-requests/{filed['id']}",
        f"GET /v1/inquiries/{filed['inquiry']}",
        f"POST /v1/inquiries/{filed['inquiry']}/withdraw",
        "GET /v1/audit/decisions?account=A",
        f"GET /v1/audit/decisions/{decision}",
        f"GET /v1/audit/decisions/{decision}/replay",
        f"GET /v1/audit/entries/{seq}",
    ]


def test_every_address_that_shows_a_decision_records_it(
    client: FlaskClient, database: Database, filed: dict[str, Any]
) -> None:
    decision = filed["decision_id"]
    assert recorded(database) == [], "who files is answered, and reads nothing that was kept"
    proof = client.get(f"/v1/audit/proofs/inclusion?kind=decision&reference={decision}").get_json()
    addresses = shown_at(filed, proof["seq"])
    for address in addresses:
        method, path = address.split(" ")
        body = {"by": "member"} if method == "POST" else None
        assert client.open(path, method=method, json=body).status_code == 200, address
    assert recorded(database) == [(decision, "anyone", "", "", address) for address in addresses]


def test_what_shows_no_decision_records_nothing(client: FlaskClient, database: Database, filed: dict[str, Any]) -> None:
    with reading(database):
        other = next(seq for seq, kind in rows(database, "SELECT id, kind FROM log_leaf") if kind != "decision") - 1
    for path in (
        "/v1/decisions/D-0",
        "/v1/decisions/D-0/explanation",
        f"/v1/decisions/{filed['decision_id']}?lang=fr",
        "/v1/audit/decisions/D-0",
        "/v1/audit/decisions/D-0/replay",
        "/v1/audit/decisions?account=nobody",
        "/v1/audit/decisions?acount=A",
        f"/v1/audit/entries/{other}",
        f"/v1/audit/proofs/inclusion?kind=decision&reference={filed['decision_id']}",
        "/v1/audit/versions/sha256:0",
        "/v1/refund-requests",
        "/v1/refund-requests/R-0",
        "/v1/inquiries",
        READS,
    ):
        client.get(path)
    assert recorded(database) == []


def test_a_read_is_by_a_key_and_its_roles(database_url: str, database: Database, filed: dict[str, Any]) -> None:
    app = create_app(Settings(database_url=database_url), SetClock())
    until = NOW + timedelta(days=1)
    key, secret = writing(
        database, lambda: access_keys.make(database, "desk", ("agent", "auditor", "operator"), until, NOW)
    )
    asked = app.test_client().get(
        f"/v1/decisions/{filed['decision_id']}", headers={"Authorization": f"Bearer {secret}"}
    )
    refused = app.test_client().get(f"/v1/decisions/{filed['decision_id']}")
    close_database(app.extensions[EXTENSION].database)
    assert (asked.status_code, refused.status_code) == (200, 401)
    # Those of its roles by which it was allowed.
    address = f"GET /v1/decisions/{filed['decision_id']}"
    assert recorded(database) == [(filed["decision_id"], "desk", key, "agent auditor", address)]


def test_a_read_is_in_the_log_and_is_listed(client: FlaskClient, database: Database, filed: dict[str, Any]) -> None:
    client.get(f"/v1/decisions/{filed['decision_id']}")
    listed = client.get(READS).get_json()
    conforms(listed, "Reads")
    [read] = listed["reads"]
    assert (read["decision"], read["reader"], read["key"], read["read_at"]) == (
        *(filed["decision_id"], "anyone", None, "2026-03-02T01:00:00Z"),
    )
    audit_log.place_all(database)
    with reading(database):
        leaf = audit_log.entry_of(database, "decision_read", str(read["id"]))
        assert leaf is not None
        body = audit_log.body_of(database, leaf.kind, leaf.reference)
    assert body is not None
    assert (body["decision_id"], body["address"]) == (read["decision"], read["address"])


def test_reads_are_found_by_decision_reader_and_day_page_by_page(
    client: FlaskClient, database: Database, clock: SetClock, filed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    other = client.post("/v1/decisions", json={"account": "A", "request": asking()}).get_json()["id"]
    for days in range(4):
        clock.at = NOW + timedelta(days=days)
        for decision in (filed["decision_id"], other):
            client.get(f"/v1/decisions/{decision}")
    every = client.get(READS).get_json()["reads"]
    assert [each["id"] for each in every] == sorted((each["id"] for each in every), reverse=True)
    for query, expected in (
        ("", every),
        (f"decision={other}", [each for each in every if each["decision"] == other]),
        ("reader=anyone", every),
        ("day_from=2026-03-04", every[:4]),
        ("day_to=2026-03-02", every[6:]),
        (f"decision={other}&day_from=2026-03-03&day_to=2026-03-03&reader=anyone", [every[4]]),
    ):
        met, address = [], f"{READS}?{query}&limit=3"
        while address:
            page = client.get(address).get_json()
            met += page["reads"]
            address = page["next"]
            client.get(f"/v1/decisions/{'D-0'}")
        assert met == expected, query
        for after in ("", f"&after={every[1]['id']}"):
            ask = f"{READS}?{query}{after}"
            for sql, parameters in statements(database, caplog, lambda ask=ask: client.get(ask)):  # type: ignore[misc]
                plan = plan_of(database, sql, parameters)
                assert not {"Seq Scan", "SCAN ", "Sort", "TEMP B-TREE"} & {
                    word for word in ("Seq Scan", "SCAN ", "Sort", "TEMP B-TREE") if word in plan
                }, plan
    for query, parameter in (
        ("after=999", "after"),
        ("day_from=2026-03-02&day_to=2026-03-01", "day_from"),
        (f"decision={other}0", "decision"),
        ("reader=nobody", "reader"),
    ):
        answer = client.get(f"{READS}?{query}")
        assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, parameter)


def test_who_has_a_key_and_read_nothing_is_known(client: FlaskClient, database: Database) -> None:
    key, _ = writing(database, lambda: access_keys.make(database, "desk-1", ["agent"], NOW + timedelta(days=1), NOW))
    writing(database, lambda: access_keys.revoke(database, key, NOW))
    assert client.get(f"{READS}?reader=desk-1").get_json()["reads"] == []
    assert client.get(f"{READS}?reader=anyone").get_json()["reads"] == []
    mistaken = client.get(f"{READS}?reader=desk_1").get_json()["errors"][0]["detail"]
    assert mistaken == "is the name of no key, and of nobody who read anything; did you mean 'desk-1'?"


def test_a_command_that_shows_decisions_is_recorded_by_who_ran_it(
    client: FlaskClient,
    database: Database,
    database_url: str,
    filed: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LOGNAME", "kim")
    audit_log.sign_head(database, [new_signer("log")], NOW)
    for arguments in (["explain", filed["decision_id"]], ["audit", "export", str(tmp_path / "log.jsonl")]):
        ended = CliRunner().invoke(recoup, arguments)
        assert ended.exit_code == 0, ended.output
    assert CliRunner().invoke(recoup, ["explain", "D-0"]).exit_code == 2
    assert getpass.getuser() == "kim"
    assert recorded(database) == [
        (filed["decision_id"], "kim", "", "operator", "recoup explain"),
        (None, "kim", "", "operator", "recoup audit export"),
    ]


@contextmanager
def unwritable(database: Database) -> Iterator[None]:
    """Nobody else can write down a read."""
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        if not on_sqlite(database):
            execute(database, "LOCK TABLE decision_read IN EXCLUSIVE MODE")
        held.set()
        assert done.wait(20)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(writing, database, work)
        assert held.wait(10)
        try:
            yield
        finally:
            done.set()
            holding.result()


def test_a_read_that_cannot_be_recorded_is_refused(
    database_url: str, database: Database, filed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    app: Flask = create_app(Settings(database_url=database_url, access="open", busy_seconds=1), SetClock())
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BUSY_SECONDS", "1")
    with unwritable(database), ThreadPoolExecutor(1) as threads:
        asked = threads.submit(app.test_client().get, f"/v1/decisions/{filed['decision_id']}")
        ended = CliRunner().invoke(recoup, ["explain", filed["decision_id"]])
        answer = asked.result()
    close_database(app.extensions[EXTENSION].database)
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (
        *(503, "read-not-recorded", "1"),
    )
    assert set(answer.get_json()) == {"type", "title", "status", "code", "detail"}
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "nothing is shown: who reads a decision is recorded" in ended.stderr
    assert recorded(database) == []
