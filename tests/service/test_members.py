"""PUT and PATCH /v1/accounts, and what a member is told before applying."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.database import Database, reading, rows
from service.publishing import publish
from tests.service.builders import NOW, POLICY, SetClock, asking, lot_facts, open_account

FACTS = {"policy": "small", "joined_on": "2021-05-01"}
FUTURE = dict.fromkeys(("joined_on", "born_on", "contact_changed_on", "last_activity_on"), "2026-03-03")


def test_an_account_is_opened_with_the_facts_that_rules_need(client: FlaskClient) -> None:
    answer = client.put("/v1/accounts/N 1", json={**FACTS, "identity_level": 1, "grade": "GOLD"})
    found = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/v1/accounts/N%201")
    expected = {"status": "active", "identity_level": 1, "contact_verified": False, "debt": 0, "grade": "GOLD"}
    assert {name: found[name] for name in expected} == expected
    assert client.get(answer.headers["Location"]).get_json() == found
    again = client.put("/v1/accounts/N 1", json={**FACTS, "identity_level": 2, "grade": "PLAIN"})
    assert (again.status_code, again.get_json()["identity_level"], again.get_json()["grade"]) == (200, 2, "PLAIN")
    assert client.put("/v1/accounts/N 1", json=again.get_json()).get_json() == again.get_json()


def test_a_change_leaves_the_other_facts_alone(client: FlaskClient) -> None:
    before = client.get("/v1/accounts/A").get_json()
    found = client.patch("/v1/accounts/A", json={"identity_level": 3, "contact_changed_on": "2026-03-01"}).get_json()
    assert found == {**before, "identity_level": 3, "contact_changed_on": "2026-03-01"}


def test_null_is_the_default_as_in_every_merge_patch(client: FlaskClient) -> None:
    before = client.get("/v1/accounts/A").get_json()
    body = {"identity_level": None, "grade": None, "born_on": None, "policy": "small", "id": "A"}
    media = {"content_type": "application/merge-patch+json"}
    found = client.patch("/v1/accounts/A", data=json.dumps(body), **media).get_json()
    assert found == {**before, "identity_level": 0, "grade": "PLAIN"}
    refused: list[tuple[dict[str, Any], str]] = [
        ({"joined_on": None}, "bad-request"),
        ({"nickname": None}, "bad-request"),
        ({"policy": "other"}, "other-policy"),
    ]
    assert [client.patch("/v1/accounts/A", json=body).get_json()["code"] for body, _ in refused] == [
        code for _, code in refused
    ]
    assert client.put("/v1/accounts/A", data=b"{}", **media).status_code == 415


def test_what_events_change_stays_when_the_facts_are_replaced(client: FlaskClient) -> None:
    client.patch("/v1/accounts/A", json={"points_debt": 500})
    own = {**FACTS, "identity_level": 2, "contact_verified": True, "grade": "PLAIN"}
    found = client.put("/v1/accounts/A", json=own).get_json()
    assert (found["points_debt"], found["last_activity_on"], found["grade"]) == (500, "2026-02-01", "PLAIN")
    stale = {**own, "points_debt": 0, "activity_days": ["2026-01-01"]}
    answer = client.put("/v1/accounts/A", json=stale)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "kept-facts-differ")
    assert [each["pointer"] for each in answer.get_json()["errors"]] == ["#/points_debt", "#/activity_days"]
    assert client.put("/v1/accounts/A", json={**own, "points_debt": 500}).status_code == 200
    assert client.patch("/v1/accounts/A", json={"points_debt": 0}).get_json()["points_debt"] == 0


def test_days_of_activity_are_kept_once_each_and_in_order(client: FlaskClient, database: Database) -> None:
    days: dict[str, Any] = {"activity_days": ["2026-02-01", "2025-12-31", "2026-02-01"]}
    opened = client.put("/v1/accounts/N", json={**FACTS, **days}).get_json()
    changed = client.patch("/v1/accounts/A", json=days).get_json()
    assert opened["activity_days"] == changed["activity_days"] == ["2025-12-31", "2026-02-01"]
    open_account(database, name="OLD", **days)
    kept = client.get("/v1/accounts/OLD").get_json()
    assert kept["activity_days"] == days["activity_days"], "as an older service kept them"
    assert client.put("/v1/accounts/OLD", json=kept).get_json()["activity_days"] == ["2025-12-31", "2026-02-01"]


def test_nothing_is_lost_by_leaving_it_out(client: FlaskClient) -> None:
    client.put("/v1/accounts/S", json={**FACTS, "status": "suspended", "debt": 700, "identity_level": 1})
    kept = client.get("/v1/accounts/S").get_json()
    answer = client.put("/v1/accounts/S", json={**FACTS, "identity_level": 2})
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (409, "facts-left-out")
    assert {error["pointer"]: error["detail"].partition(";")[0] for error in found["errors"]} == {
        "#/status": "is left out, and stands at 'suspended'",
        "#/debt": "is left out, and stands at 700",
    }
    assert client.get("/v1/accounts/S").get_json() == kept
    said = {**FACTS, "identity_level": 2, "status": "active", "debt": 0}
    assert client.put("/v1/accounts/S", json=said).get_json() == {**kept, **said}


def test_a_fact_that_the_policy_declares_no_longer_does_not_stay_in_the_way(
    client: FlaskClient, database: Database
) -> None:
    declared = "facts:\n  account.grade: {type: [GOLD, PLAIN], ko: 등급, en: the grade, default: PLAIN}\n"
    publish(database, POLICY.replace(declared, "").encode(), "small.yaml", NOW)
    assert "grade" not in client.patch("/v1/accounts/A", json={"debt": 1}).get_json()


@pytest.mark.parametrize(
    ("method", "id", "body", "status", "code", "pointers"),
    [
        ("put", "N", {"policy": "small"}, 400, "bad-request", ["#/joined_on"]),
        ("put", "N", {**FACTS, "name": "Kim"}, 400, "bad-request", ["#/name"]),
        ("put", "N", {**FACTS, "status": "asleep"}, 400, "bad-request", ["#/status"]),
        ("put", "N", {**FACTS, "policy": "large"}, 422, "unknown-policy", ["#/policy"]),
        ("put", "N", {"joined_on": "2021-05-01"}, 400, "bad-request", ["#/policy"]),
        ("put", "N" * 201, FACTS, 400, "bad-request", [None]),
        ("patch", "A", {"joined_on": "May"}, 400, "bad-request", ["#/joined_on"]),
        ("patch", "A", {"debt": -1, "phone": "010"}, 400, "bad-request", ["#/debt", "#/phone"]),
        ("patch", "A", [1], 400, "bad-request", ["#"]),
        ("patch", "nobody", {"debt": 1}, 404, "not-found", []),
        ("put", "N", {**FACTS, "id": "M"}, 400, "bad-request", ["#/id"]),
        ("patch", "A", {"id": "B"}, 400, "bad-request", ["#/id"]),
        ("put", "%EF%BF%BD", FACTS, 400, "bad-request", [None]),
        ("put", "N%20", FACTS, 400, "bad-request", [None]),
        ("put", "%20", FACTS, 400, "bad-request", [None]),
        ("put", "..", FACTS, 400, "bad-request", [None]),
        (
            "put",
            "N",
            {**FACTS, **FUTURE, "activity_days": ["2026-03-02", "2026-03-03"], "identity_level": 101},
            400,
            "bad-request",
            sorted(["#/activity_days/1", "#/identity_level", *(f"#/{name}" for name in FUTURE)]),
        ),
        ("patch", "A", {"identity_level": -1}, 400, "bad-request", ["#/identity_level"]),
    ],
)
def test_a_bad_fact_is_refused_by_name(
    client: FlaskClient,
    database: Database,
    method: str,
    id: str,
    body: Any,
    status: int,
    code: str,
    pointers: list[str | None],
) -> None:
    answer = getattr(client, method)(f"/v1/accounts/{id}", json=body)
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (status, code)
    assert sorted(error.get("pointer") or "" for error in found.get("errors", [])) == [each or "" for each in pointers]
    with reading(database):
        assert rows(database, "SELECT id FROM account") == [("A",)]


def test_an_account_stays_in_its_programme(client: FlaskClient, database: Database) -> None:
    publish(database, POLICY.replace("policy: small", "policy: other").encode(), "other.yaml", NOW)
    answer = client.put("/v1/accounts/A", json={**FACTS, "policy": "other"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "other-policy")


# Before applying


def options(client: FlaskClient, account: str = "A", **request: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/accounts/{account}/refund-options", json={"request": request})
    assert answer.status_code == 200, answer.get_json()
    return {each["method"]: each for each in answer.get_json()["options"]}


def test_each_way_tells_what_it_pays_costs_and_when(client: FlaskClient, database: Database) -> None:
    found = options(client)
    shown = {
        name: [each[key] for key in ("outcome", "points", "fee", "payout", "payable_on")]
        for name, each in found.items()
    }
    assert shown == {
        "cash": ["approved", 30_000, 300, 29_700, "2026-03-05"],
        "credit": ["approved", 30_000, 0, 30_000, "2026-03-05"],
    }
    assert [each["missing"] for each in found.values()] == [[], []]
    with reading(database):
        assert rows(database, "SELECT count(*) FROM decision") == [(0,)]


def test_what_is_missing_is_told_with_what_it_would_bring(client: FlaskClient, database: Database) -> None:
    more = """\
  - id: identified
    kind: require
    terms: "3.1"
    when: {request.method: cash}
    that: {account.identity_level: {at_least: 2}}
    reason: {ko: "본인 확인이 필요합니다.", en: "Your identity has to be checked."}
"""
    publish(database, (POLICY + more).encode(), "small.yaml", NOW)
    open_account(database, lot_facts(10_000), name="B", identity_level=1)
    found = options(client, "B")
    assert (found["cash"]["outcome"], found["credit"]["outcome"]) == ("denied", "approved")
    (missing,) = found["cash"]["missing"]
    assert (missing["rule"], missing["set"]) == ("identified", {"account.identity_level": 2})
    assert (found["cash"]["then"]["points"], found["cash"]["then"]["payout"]) == (10_000, 9_900)


def test_what_denies_is_missing_even_where_no_change_is_known_to_help(client: FlaskClient, database: Database) -> None:
    more = """\
  - id: named
    kind: require
    terms: "3.2"
    when: {request.method: cash}
    that: {request.receiving_account: {is_not: ""}}
    reason: {ko: "받을 계좌가 필요합니다.", en: "Say which account is paid."}
"""
    publish(database, (POLICY + more).encode(), "small.yaml", NOW)
    cash = options(client)["cash"]
    expected = {"rule": "named", "kind": "require", "set": None, "ko": "받을 계좌가 필요합니다."}
    assert [{name: each[name] for name in expected} for each in cash["missing"]] == [expected]
    assert (cash["missing"][0]["text"], cash["then"]) == ("Say which account is paid.", None)
    assert options(client, receiving_account="RA-1")["cash"]["missing"] == []


def test_what_was_refunded_already_counts(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    body = {"account": "B", "request": asking(35_000)}
    client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"})
    assert options(client, "B")["credit"]["points"] == 15_000


def test_an_amount_and_a_way_can_be_asked_about(client: FlaskClient) -> None:
    found = options(client, method="cash", points=60_000)
    assert list(found) == ["cash"]
    assert [reason["rule"] for reason in found["cash"]["reasons"]] == ["monthly", "order"]


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [({"method": "pigeon"}, "#/request/method"), ({"points": 0}, "#/request/points"), ({"x": 1}, "#/request/x")],
    ids=str,
)
def test_a_bad_question_is_refused_by_name(client: FlaskClient, request_: dict[str, Any], pointer: str) -> None:
    answer = client.post("/v1/accounts/A/refund-options", json={"request": request_})
    assert (answer.status_code, [error["pointer"] for error in answer.get_json()["errors"]]) == (400, [pointer])


def test_the_same_question_gets_the_same_answer_in_the_language_asked_for(client: FlaskClient, clock: SetClock) -> None:
    answer = client.post("/v1/accounts/A/refund-options?lang=ko", json={}).get_json()
    assert [each["words"]["text"] for each in answer["options"]] == ["현금", "차감"]
