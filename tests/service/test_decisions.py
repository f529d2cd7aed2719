"""POST and GET /v1/decisions: judging without filing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from engine.cases import read_case
from engine.decide import decide
from service.database import Database, reading, rows
from service.ledger_check import differences
from service.parts import EXTENSION
from service.publishing import publish
from tests.service.builders import (
    CONFLICT,
    NOW,
    POLICY,
    SetClock,
    account_facts,
    asking,
    lot_facts,
    open_account,
    publish_small,
)

WHERE = "/v1/decisions"


def decisions(database: Database) -> int:
    with reading(database):
        number: int = rows(database, "SELECT count(*) FROM decision")[0][0]
    return number


def test_a_stored_account_is_judged_and_the_decision_recorded(client: FlaskClient, database: Database) -> None:
    answer = client.post(WHERE, json={"account": "A", "request": asking(15_000)})
    found = answer.get_json()
    assert (answer.status_code, found["outcome"], found["recorded"]) == (201, "approved", True)
    assert found["allocation"] == [{"lot": "A.1", "points": 10_000}, {"lot": "A.2", "points": 5_000}]
    assert answer.headers["Location"] == f"{WHERE}/{found['id']}"
    assert client.get(answer.headers["Location"]).get_json() | {"case": None} == found | {"case": None}
    assert decisions(database) == 1
    assert client.get("/v1/accounts/A/balance").get_json()["points"] == 30_000, "judging holds nothing"


def test_a_dry_run_keeps_nothing(client: FlaskClient, database: Database) -> None:
    answer = client.post(WHERE, json={"account": "A", "request": asking(), "dry_run": True})
    found = answer.get_json()
    assert (answer.status_code, found["id"], found["recorded"]) == (200, None, False)
    assert "Location" not in answer.headers
    assert decisions(database) == 0


def test_an_account_in_full_need_not_be_stored(client: FlaskClient) -> None:
    body = {
        "account": {"id": "X", "joined_on": "2020-01-01"},
        "lots": [{"id": "L", "source": "bill", "acquired_on": "2025-06-01", "amount": 9_000}],
        "history": [],
        "request": asking(9_000, method="cash"),
        "as_of": "2026-03-02T10:00:00.000+09:00",
    }
    found = client.post(WHERE, json=body).get_json()
    assert (found["outcome"], found["fee"], found["payout"], found["payable_on"]) == (
        "approved",
        90,
        8_910,
        "2026-03-05",
    )
    assert found["as_of"] == "2026-03-02T01:00:00Z"


def test_a_denial_is_a_decision_with_its_reasons_in_the_language_asked_for(client: FlaskClient) -> None:
    for language, text in (("ko", "월 한도 50,000, 남은 한도 50,000"), ("en", "At most 50,000 a month; 50,000 left.")):
        answer = client.post(
            WHERE, json={"account": "A", "request": asking(60_000)}, headers={"Accept-Language": language}
        )
        found = answer.get_json()
        monthly = found["reasons"][0]
        assert (answer.status_code, found["outcome"], monthly["rule"]) == (201, "denied", "monthly")
        assert answer.headers["Content-Language"] == language
        assert (monthly["text"], monthly[language]) == (text, text)


def test_what_is_wrong_with_the_facts_is_told_in_the_language_asked_for(client: FlaskClient) -> None:
    body = {"account": "A", "request": asking("5")}
    told = {}
    for language in ("ko", "en"):
        answer = client.post(WHERE, json=body, headers={"Accept-Language": language})
        told[language] = [error["detail"] for error in answer.get_json()["errors"]]
    assert told == {
        "ko": ["쓸 수 없는 값입니다('5'). 따옴표 없이 정수를 쓰거나 \"all\" 값을 쓰십시오."],
        "en": ["is '5'; write a whole number without quotes, or \"all\""],
    }


def test_lang_in_the_address_beats_the_header(client: FlaskClient) -> None:
    made = client.post(f"{WHERE}?lang=ko", json={"account": "A", "request": asking(60_000)})
    assert made.get_json()["reasons"][0]["text"] == made.get_json()["reasons"][0]["ko"]
    read = client.get(f"{made.headers['Location']}?lang=en", headers={"Accept-Language": "ko"})
    assert read.get_json()["reasons"][0]["text"] == made.get_json()["reasons"][0]["en"]


def test_a_recorded_decision_can_be_made_again_from_its_record(client: FlaskClient) -> None:
    where = client.post(WHERE, json={"account": "A", "request": asking("all")}).headers["Location"]
    found = client.get(where).get_json()
    compiled = client.application.extensions[EXTENSION].versions.compiled(found["digest"])
    again = decide(compiled, read_case(compiled.policy, found["case"])).to_data()
    assert {key: found[key] for key in again if key not in ("reasons", "lots")} == {
        key: again[key] for key in again if key not in ("reasons", "lots")
    }


EDGES = "it has to lie from 1970-01-01T00:00:00Z to 2199-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("0001-01-01T00:00:00+14:00", EDGES),
        ("1970-01-01T08:59:59+09:00", EDGES),
        ("1970-01-01T09:00:00+09:00", None),
        ("2199-12-31T23:59:59.999Z", None),
        ("2200-01-01T00:00:00Z", EDGES),
        ("9999-12-31T23:59:59-14:00", EDGES),
        ("0000-01-01T00:00:00Z", "is not an instant such as 2026-03-02T01:00:00Z"),
        ("2026-02-29T00:00:00Z", "is not an instant such as 2026-03-02T01:00:00Z"),
    ],
)
def test_an_instant_out_of_range_is_told_apart_from_what_is_none(
    client: FlaskClient, as_of: str, said: str | None
) -> None:
    event = {"id": "E", "account": "A", "type": "bill_paid", "amount": 1, "happened_at": as_of}
    decided = client.post(WHERE, json={"account": "A", "request": asking(), "as_of": as_of}).get_json()
    told = client.post("/v1/events", json=event).get_json()
    for found in (decided, told):
        details = [error["detail"] for error in found.get("errors", []) if found.get("code") == "bad-request"]
        assert details == ([] if said is None else [f"is {as_of}; {said}" if said == EDGES else said])


@pytest.mark.parametrize(
    ("as_of", "points", "available"),
    [
        ("2025-06-15T00:00:00Z", 10_000, 10_000),
        ("2026-03-02T01:00:00Z", 30_000, 30_000),
        ("2027-06-02T00:00:00Z", 20_000, 20_000),
        ("2027-07-02T00:00:00Z", 0, 0),
    ],
    ids=["before the second lot", "now", "the first has expired", "both have"],
)
def test_a_stored_account_is_judged_on_the_lots_of_that_instant(
    client: FlaskClient, as_of: str, points: int, available: int
) -> None:
    found = client.post(WHERE, json={"account": "A", "request": asking("all"), "as_of": as_of}).get_json()
    assert (found["points"], found["available"]) == (points, available)


def test_the_past_is_judged_without_what_was_refunded_later(client: FlaskClient, clock: SetClock) -> None:
    request = {"account": "A", "request": asking(20_000)}
    assert client.post("/v1/refund-requests", json=request, headers={"Idempotency-Key": "k"}).status_code == 201
    clock.at = datetime(2026, 3, 20, tzinfo=UTC)
    ask = {"account": "A", "request": asking("all"), "dry_run": True}
    before = client.post(WHERE, json={**ask, "as_of": "2026-03-01T00:00:00Z"}).get_json()
    after = client.post(WHERE, json=ask).get_json()
    assert (before["available"], after["available"]) == (30_000, 10_000)


def test_what_came_back_in_the_second_that_has_begun_counts(client: FlaskClient, clock: SetClock) -> None:
    request = {"account": "A", "request": asking(20_000)}
    filed = client.post("/v1/refund-requests", json=request, headers={"Idempotency-Key": "k"}).get_json()["id"]
    clock.at = NOW + timedelta(milliseconds=400)
    client.post(f"/v1/refund-requests/{filed}/cancel", json={}, headers={"Idempotency-Key": "c"})
    clock.at = NOW + timedelta(milliseconds=600)
    asked = {"account": "A", "request": asking("all")}
    many = client.post(f"{WHERE}:batch", json={"items": [asked]}).get_json()["results"][0]["decision"]
    assert [client.post(WHERE, json=asked).get_json()["available"], many["available"]] == [30_000, 30_000]


def test_the_newest_version_that_has_started_decides(client: FlaskClient, database: Database) -> None:
    publish_small(database, "    about: Sooner than before\n")
    later = "    about: Not yet\n"
    assert publish_small(database, later).number == 3
    body = {"account": "A", "request": asking(), "dry_run": True}
    assert client.post(WHERE, json=body).get_json()["version"] == 3


def test_two_rules_that_contradict_each_other_store_nothing(client: FlaskClient, database: Database) -> None:
    publish_small(database, CONFLICT)
    answer = client.post(WHERE, json={"account": "A", "request": asking(method="cash")})
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (422, "rules-conflict")
    assert "'fee' and 'other-fee'" in found["detail"]
    assert decisions(database) == 0


def bad(**changes: Any) -> dict[str, Any]:
    body = {
        "account": account_facts("X"),
        "lots": [{"id": "L", **lot_facts()}],
        "request": asking(),
        **changes,
    }
    return {key: value for key, value in body.items() if value is not ...}


@pytest.mark.parametrize(
    ("body", "status", "code", "where"),
    [
        ({}, 400, "bad-request", ["#/account", "#/request"]),
        (bad(account=7), 400, "bad-request", ["#/account"]),
        (bad(account=None), 400, "bad-request", ["#/account"]),
        (bad(request=[]), 400, "bad-request", ["#/request"]),
        (bad(unheard=1), 400, "bad-request", ["#/unheard"]),
        (bad(dry_run="yes"), 400, "bad-request", ["#/dry_run"]),
        (bad(as_of="2026-03-02"), 400, "bad-request", ["#/as_of"]),
        (bad(as_of="2026-13-02T00:00:00Z"), 400, "bad-request", ["#/as_of"]),
        (bad(as_of="0001-01-01T00:00:00Z"), 400, "bad-request", ["#/as_of"]),
        (bad(account="A"), 400, "bad-request", ["#/lots"]),
        (bad(lots=[{}] * 1_001), 400, "bad-request", ["#/lots"]),
        (bad(request={"points": 1.5, "method": "credit"}), 400, "bad-request", ["#/request/points"]),
        (bad(request=asking("5")), 400, "bad-request", ["#/request/points"]),
        (bad(request=asking(True)), 400, "bad-request", ["#/request/points"]),
        (bad(request=asking(0)), 400, "bad-request", ["#/request/points"]),
        (bad(request=asking(-5)), 400, "bad-request", ["#/request/points"]),
        (bad(request=asking(method="barter")), 400, "bad-request", ["#/request/method"]),
        (bad(request=asking(colour="red")), 400, "bad-request", ["#/request/colour"]),
        (bad(lots=[{"id": "L"}]), 400, "bad-request", ["#/lots/0/source", "#/lots/0/acquired_on", "#/lots/0/amount"]),
        (bad(policy="unheard"), 422, "unknown-policy", ["#/policy"]),
        (bad(as_of="2020-03-02T00:00:00Z"), 422, "not-in-force", None),
        ({"account": "nobody", "request": asking()}, 422, "unknown-account", ["#/account"]),
        ({"account": "A", "request": asking(), "policy": "other"}, 422, "other-policy", None),
    ],
    ids=str,
)
def test_what_cannot_be_judged_is_refused_by_name(
    client: FlaskClient, database: Database, body: dict[str, Any], status: int, code: str, where: list[str] | None
) -> None:
    answer = client.post(WHERE, json=body)
    found = answer.get_json()
    pointers = [error["pointer"] for error in found.get("errors", [])] or None
    assert (answer.status_code, found["code"], pointers) == (status, code, where)
    assert decisions(database) == 0


def test_an_account_stored_for_another_text_is_told_apart_from_a_mistake(
    client: FlaskClient, database: Database
) -> None:
    open_account(database, name="B", hat="red")
    answer = client.post(WHERE, json={"account": "B", "request": asking()})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "account-does-not-fit")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["#/account/hat"]


def test_which_policy_must_be_said_where_there_are_several(client: FlaskClient, database: Database) -> None:
    publish(database, POLICY.replace("policy: small", "policy: other").encode(), "other.yaml", NOW)
    answer = client.post(WHERE, json=bad())
    assert (answer.status_code, answer.get_json()["code"]) == (422, "policy-required")
    assert "other, small" in answer.get_json()["detail"]
    assert client.post(WHERE, json=bad(policy="other")).get_json()["policy"] == "other"
    assert client.post(WHERE, json={"account": "A", "request": asking()}).get_json()["policy"] == "small"


def test_an_unknown_decision_is_not_found(client: FlaskClient) -> None:
    answer = client.get(f"{WHERE}/D-0")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")


def test_the_ledger_is_sound(client: FlaskClient, database: Database) -> None:
    client.post(WHERE, json={"account": "A", "request": asking()})
    with reading(database):
        assert differences(database) == []


def test_a_stored_account_of_ten_thousand_lots_is_judged(client: FlaskClient, database: Database) -> None:
    open_account(database, *[lot_facts(3)] * 10_000, name="MANY")
    found = client.post(WHERE, json={"account": "MANY", "request": asking(15_000)}).get_json()
    assert (found["outcome"], found["recorded"], len(found["lots"])) == ("approved", True, 10_000)
    assert [share["points"] for share in found["allocation"]] == [3] * 5_000
