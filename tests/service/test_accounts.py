"""GET /v1/accounts: facts and balances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.database import Database
from tests.service.builders import SetClock, account_facts, asking, lot_facts, open_account

WHERE = "/v1/accounts/A"


def sums(balance: dict[str, Any]) -> tuple[int, int, list[tuple[str, int]]]:
    expiring = [(each["last_usable_on"], each["points"]) for each in balance["expiring"]]
    return balance["points"], balance["refundable"], expiring


def test_the_facts_of_an_account_are_answered_as_they_were_stored(client: FlaskClient) -> None:
    assert client.get(WHERE).get_json() == {"policy": "small", **account_facts()}


def test_what_an_account_owes_in_points_and_when_it_was_active_is_kept(client: FlaskClient, database: Database) -> None:
    facts: dict[str, Any] = {"points_debt": 1_200, "activity_days": ["2025-12-31", "2026-02-01"]}
    open_account(database, lot_facts(), name="B", **facts)
    assert client.get("/v1/accounts/B").get_json() == {"policy": "small", **account_facts("B", **facts)}
    body = {"account": "B", "request": asking(1), "dry_run": False}
    made = client.post("/v1/decisions", json=body).get_json()
    case = client.get(f"/v1/decisions/{made['id']}").get_json()["case"]
    assert {name: case["account"][name] for name in facts} == facts


@pytest.mark.parametrize("path", ["", "/balance", "/refund-requests"])
def test_an_unknown_account_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/v1/accounts/nobody{path}").get_json()["code"] == "not-found"


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2025-05-31", (0, 0, [])),
        ("2025-06-30", (10_000, 10_000, [("2027-06-01", 10_000)])),
        ("2026-03-02", (30_000, 30_000, [("2027-06-01", 10_000), ("2027-07-01", 20_000)])),
        ("2027-06-01", (30_000, 30_000, [("2027-06-01", 10_000), ("2027-07-01", 20_000)])),
        ("2027-06-02", (20_000, 20_000, [("2027-07-01", 20_000)])),
        ("2027-07-02", (0, 0, [])),
    ],
    ids=["before", "with one lot", "today", "the last usable day", "the day after", "all expired"],
)
def test_a_balance_is_what_there_is_on_a_day(client: FlaskClient, on: str, expected: tuple[Any, ...]) -> None:
    assert sums(client.get(f"{WHERE}/balance?on={on}").get_json()) == expected


def test_today_is_the_programmes_day(client: FlaskClient, clock: SetClock) -> None:
    clock.at = datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert client.get(f"{WHERE}/balance").get_json()["on"] == "2026-03-03"


def test_a_past_day_shows_what_was_there_before_a_refund(client: FlaskClient, clock: SetClock) -> None:
    body = {"account": "A", "request": asking(10_000)}
    client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"})
    clock.at = datetime(2026, 3, 5, tzinfo=UTC)
    balances = [client.get(f"{WHERE}/balance?on={on}").get_json() for on in ("2026-03-01", "2026-03-02", "2026-03-05")]
    assert [(each["points"], each["held"]) for each in balances] == [(30_000, 0), (20_000, 10_000), (20_000, 10_000)]


def test_what_is_paid_out_or_given_back_is_held_no_longer(client: FlaskClient, clock: SetClock) -> None:
    def post(where: str, body: dict[str, Any], day: int) -> str:
        clock.at = datetime(2026, 3, day, tzinfo=UTC)
        answer = client.post(f"/v1/refund-requests{where}", json=body, headers={"Idempotency-Key": f"{where} {day}"})
        return str(answer.get_json()["id"])

    paid, given_up = (post("", {"account": "A", "request": asking(day * 1_000)}, day) for day in (2, 3))
    post(f"/{paid}/settle", {}, 4)
    post(f"/{given_up}/cancel", {}, 5)
    clock.at = datetime(2026, 3, 8, tzinfo=UTC)
    days = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-08", "2026-03-09")
    found = [client.get(f"{WHERE}/balance?on={on}").get_json() for on in days]
    assert [(each["points"], each["held"]) for each in found] == [
        *((30_000, 0), (28_000, 2_000), (25_000, 5_000), (25_000, 3_000), (28_000, 0), (28_000, 0), (28_000, 0)),
    ]


@pytest.mark.parametrize(
    ("on", "usable", "pending", "locked"),
    [
        ("2026-03-02", 30_000, [("2026-03-09", 700), ("2026-04-01", 40)], 9),
        ("2026-03-08", 30_000, [("2026-03-09", 700), ("2026-04-01", 40)], 9),
        ("2026-03-09", 30_700, [("2026-04-01", 40)], 9),
        ("2026-04-01", 30_740, [], 9),
        ("2027-06-02", 20_740, [], 9),
    ],
    ids=["today", "the day before", "the first day", "of the last", "where a lot has expired"],
)
def test_what_can_be_used_now_is_apart_from_what_is_pending_or_locked(
    client: FlaskClient, database: Database, on: str, usable: int, pending: list[tuple[str, int]], locked: int
) -> None:
    later = [{"usable_from_on": "2026-03-09"}, {"usable_from_on": "2026-04-01", "source": "promotion"}]
    new = {"acquired_on": "2026-03-01"}
    lots = [lot_facts(points, **new, **facts) for points, facts in zip((700, 40), later, strict=True)]
    shut = lot_facts(9, **new, usable_from_on="2026-03-09", locked=True)
    old = [lot_facts(10_000), lot_facts(20_000, acquired_on="2025-07-01")]
    open_account(database, *old, *lots, shut, name="B")
    found = client.get(f"/v1/accounts/B/balance?on={on}").get_json()
    assert (found["usable"], found["locked"]) == (usable, locked)
    assert [(each["usable_from_on"], each["points"]) for each in found["pending"]] == pending
    assert found["points"] == usable + sum(points for _, points in pending) + locked
    for name in ("points", "usable", "refundable"):
        assert sum(each[name] for each in found["by_source"]) == found[name]
    assert sum(lot["left"] for lot in found["lots"] if lot["usable"]) == usable


def test_what_can_be_used_now_is_what_can_be_spent(client: FlaskClient, database: Database) -> None:
    lots = lot_facts(70), lot_facts(30, usable_from_on="2026-03-03"), lot_facts(5, locked=True)
    open_account(database, *lots, name="B")
    use = {"account": "B", "type": "points_used", "happened_at": "2026-03-02T01:00:00Z"}
    usable = client.get("/v1/accounts/B/balance").get_json()["usable"]
    told = [client.post("/v1/events", json={**use, "id": f"U-{n}", "amount": usable + n}).get_json() for n in (1, 0)]
    assert [each["state"] for each in told] == ["refused", "answered"]
    assert client.get("/v1/accounts/B/balance").get_json()["usable"] == 0


def test_what_is_not_refunded_is_counted_apart_and_says_why(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(500), lot_facts(700, source="promotion"), name="B")
    found = client.get("/v1/accounts/B/balance?lang=ko").get_json()
    assert (found["points"], found["refundable"]) == (1_200, 500)
    by_source = [(each["source"], each["text"], each["points"], each["refundable"]) for each in found["by_source"]]
    assert by_source == [("bill", "요금", 500, 500), ("promotion", "프로모션", 700, 0)]
    excluded = [lot for lot in found["lots"] if not lot["refundable"]]
    assert [(lot["id"], [reason["text"] for reason in lot["reasons"]]) for lot in excluded] == [
        ("B.2", ["프로모션 포인트"])
    ]


def test_a_suspended_member_has_a_balance_too(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(500), name="B", status="suspended")
    assert client.get("/v1/accounts/B/balance").get_json()["points"] == 500


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on=2026-02-30", "is not a day such as 2026-01-31"),
        ("on=tomorrow", "is not a day such as 2026-01-31"),
        ("on=0001-01-01", "is 0001-01-01; it has to lie from 1970-01-01 to 2199-12-31"),
        ("on=1969-12-31", "is 1969-12-31; it has to lie from 1970-01-01 to 2199-12-31"),
        ("on=2200-01-01", "is 2200-01-01; it has to lie from 1970-01-01 to 2199-12-31"),
        ("day=2026-01-01", "is not known here; known here are lang, on"),
    ],
)
def test_a_day_that_cannot_be_is_refused(client: FlaskClient, query: str, said: str) -> None:
    answer = client.get(f"{WHERE}/balance?{query}")
    assert (answer.status_code, answer.get_json()["errors"]) == (
        400,
        [{"parameter": query.partition("=")[0], "detail": said}],
    )


def test_a_day_before_the_policy_has_no_balance(client: FlaskClient) -> None:
    assert client.get(f"{WHERE}/balance?on=2024-12-31").get_json()["code"] == "not-in-force"


def test_the_next_page_is_found_for_any_id(client: FlaskClient, database: Database) -> None:
    name = "회원 1?#&"
    open_account(database, lot_facts(9_000), name=name)
    for key in "ab":
        body = {"account": name, "request": asking(1_000)}
        client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key})
    page = client.get("/v1/accounts/회원 1%3F%23&/refund-requests?limit=1").get_json()
    assert len(client.get(page["next"]).get_json()["refund_requests"]) == 1
