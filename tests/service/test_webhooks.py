"""/v1/webhooks and /v1/deliveries: added, listed without secrets, removed; given up, and sent again."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import deliveries
from service.database import Database, execute, reading, rows, writing
from service.messages import KINDS
from tests.service.builders import SetClock, asking

URL = "https://example.com/hook"


def file(client: FlaskClient, *keys: str) -> None:
    for key in keys:
        body = {"account": "A", "request": asking(1_000)}
        assert client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key}).status_code == 201


def add(client: FlaskClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": URL, **more})
    assert answer.status_code == 201
    made: dict[str, Any] = answer.get_json()
    return made


def listed(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/deliveries{query}").get_json()["deliveries"]
    return found


def test_the_secret_of_a_webhook_is_shown_once(client: FlaskClient, database: Database) -> None:
    made = add(client, kinds=["points.expired"], policy="small")
    key = made.pop("secret")
    assert key.startswith("whsec_")
    assert len(base64.b64decode(key.removeprefix("whsec_"), validate=True)) == 32
    assert made == {
        "id": made["id"],
        "url": URL,
        "kinds": ["points.expired"],
        "policy": "small",
        "state": "active",
        "cause": None,
        "created_at": "2026-03-02T01:00:00Z",
    }
    assert client.get("/v1/webhooks").get_json() == {"webhooks": [made]}
    assert add(client)["secret"] != key
    with reading(database):
        assert rows(database, "SELECT count(*) FROM webhook WHERE secret = ?", (key,)) == [(1,)]


def test_a_webhook_wants_everything_unless_it_says_otherwise(client: FlaskClient) -> None:
    assert (add(client)["kinds"], add(client, kinds=[])["kinds"], add(client)["policy"]) == ([], [], None)


@pytest.mark.parametrize(
    ("body", "pointer", "en", "ko"),
    [
        ({}, "#/url", "is missing", "필요한 항목입니다."),
        ({"url": 1}, "#/url", "is not text", "문자열이어야 합니다."),
        ({"url": "example.com"}, "#/url", "is not an address in ASCII with http://", "http:// 또는 https://로"),
        ({"url": "https://u:p@example.com/"}, "#/url", "holds a user or a password", "사용자 이름이나 비밀번호"),
        ({"url": "https://example.com/#a"}, "#/url", "has a part behind #", "#을 쓸 수 없습니다"),
        ({"url": "http://127.0.0.1:8000/"}, "#/url", "WEBHOOK_PRIVATE_ADDRESSES=yes", "WEBHOOK_PRIVATE_ADDRESSES=yes"),
        ({"url": URL, "kinds": "all"}, "#/kinds", "is not a list", "목록이어야 합니다."),
        ({"url": URL, "kinds": ["points.lost"]}, "#/kinds", "is 'points.lost', which is no kind", "없는 종류입니다."),
        ({"url": URL, "kinds": [None]}, "#/kinds", "is null, which is no kind", "없는 종류입니다."),
        ({"url": URL, "policy": "other"}, "#/policy", "policy; published are small", "게시된 정책: small"),
        ({"url": URL, "secret": "mine"}, "#/secret", "known here are url, kinds", "쓸 수 있는 것: url, kinds"),
        ({"url": URL, "kind": []}, "#/kind", "is not known here; did you mean 'kinds'?", "혹시 'kinds'입니까?"),
    ],
    ids=[
        *("no url", "no text", "no scheme", "credentials", "fragment", "private", "no list", "no kind", "null"),
        *("no policy", "a secret of one's own", "a near miss"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_by_name(
    client: FlaskClient, body: dict[str, Any], pointer: str, en: str, ko: str
) -> None:
    for language, words in (("en", en), ("ko", ko)):
        answer = client.post(f"/v1/webhooks?lang={language}", json=body)
        (error,) = answer.get_json()["errors"]
        assert (answer.status_code, error["pointer"]) == (400, pointer)
        assert words in error["detail"]
    assert client.get("/v1/webhooks").get_json() == {"webhooks": []}


def test_a_webhook_is_removed_once(client: FlaskClient) -> None:
    made = add(client)
    file(client, "k")
    assert len(listed(client)) == 1
    removed = client.delete(f"/v1/webhooks/{made['id']}")
    assert (removed.status_code, removed.get_json()["id"]) == (200, made["id"])
    assert removed.get_json()["state"] == "removed"
    assert (client.get("/v1/webhooks").get_json(), listed(client)) == ({"webhooks": []}, [])
    assert client.delete(f"/v1/webhooks/{made['id']}").get_json()["code"] == "not-found"
    file(client, "another")
    assert listed(client) == []


def test_deliveries_are_paged_newest_first_by_state_and_webhook(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    first, second = add(client), add(client, kinds=["points.expired", "refund_request.approved"])
    for key in "abc":
        clock.at += timedelta(seconds=1)
        file(client, key)
    page = client.get("/v1/deliveries?limit=4").get_json()
    rest = client.get(page["next"]).get_json()
    found = [*page["deliveries"], *rest["deliveries"]]
    assert (len(found), rest["next"]) == (6, None)
    ids = [each["id"] for each in found]
    assert ids == sorted(ids, reverse=True)
    one = listed(client, f"?webhook={second['id']}")
    assert {(each["webhook"], each["type"], each["url"]) for each in one} == {
        (second["id"], "refund_request.approved", URL)
    }
    assert len(one) == 3
    lost = one[0]["id"]
    writing(database, lambda: execute(database, "UPDATE delivery SET state = 'dead' WHERE id = ?", (lost,)))
    (dead,) = listed(client, "?state=dead")
    assert (dead["id"], dead["next_attempt_at"]) == (lost, None)
    assert len(listed(client, "?state=pending")) == 5
    narrow = client.get(f"/v1/deliveries?state=pending&webhook={first['id']}&limit=2").get_json()
    assert f"state=pending&webhook={first['id']}&after=" in narrow["next"]
    assert len(client.get(narrow["next"]).get_json()["deliveries"]) == 1
    again = client.post(f"/v1/deliveries/{lost}/redeliver")
    assert (again.status_code, again.get_json()["state"], again.get_json()["attempts"]) == (200, "pending", 0)
    assert again.get_json()["next_attempt_at"] == "2026-03-02T01:00:03Z"
    assert listed(client, "?state=dead") == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/deliveries/DL-0/redeliver", 404, "not-found"),
        ("GET", "/v1/deliveries?state=lost", 400, "bad-request"),
        ("GET", "/v1/deliveries?limit=0", 400, "bad-request"),
        ("GET", "/v1/deliveries?dead=1", 400, "bad-request"),
        ("GET", "/v1/messages?limit=201", 400, "bad-request"),
        ("GET", "/v1/webhooks?limit=1", 400, "bad-request"),
        ("DELETE", "/v1/webhooks/W-0", 404, "not-found"),
        ("PUT", "/v1/webhooks", 405, "method-not-allowed"),
    ],
)
def test_what_is_not_there_is_refused(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_every_kind_of_message_can_be_asked_for(client: FlaskClient) -> None:
    assert add(client, kinds=[*KINDS, *KINDS])["kinds"] == sorted(KINDS)


def test_the_states_of_deliveries_are_those_that_are_listed(client: FlaskClient) -> None:
    assert all(client.get(f"/v1/deliveries?state={state}").status_code == 200 for state in deliveries.STATES)
