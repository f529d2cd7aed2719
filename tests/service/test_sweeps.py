"""`recoup sweep`: what time does to accounts is booked once, whenever and however often it runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.config import Settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.ledger_check import differences
from service.publishing import Versions, publish
from service.sweeps import sweep
from tests.service.builders import HELD, LIFE, NOW, SetClock, asking, lot_facts, open_account

Sweep = Callable[[str], dict[str, int]]


@pytest.fixture
def swept(client: FlaskClient, database: Database) -> Sweep:
    """Sweeps at an instant; what it counted, without zeros. The lots of A end on 2027-06-01 and 2027-07-01."""
    publish(database, (HELD + LIFE).encode(), "small.yaml", NOW)
    versions = Versions(database, 4)

    def run(at: str) -> dict[str, int]:
        found = {name: count for name, count in sweep(database, versions, datetime.fromisoformat(at)).items() if count}
        with reading(database):
            assert differences(database) == []
        return found

    return run


def account(client: FlaskClient, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/accounts/A/{what}").get_json()[what]
    return found


def left(database: Database) -> dict[str, int]:
    with reading(database):
        return dict(rows(database, 'SELECT id, "left" FROM lot ORDER BY id'))


def test_points_expire_with_the_day_after_their_last(client: FlaskClient, database: Database, swept: Sweep) -> None:
    swept("2027-06-01T14:59:59Z")
    assert left(database) == {"A.1": 10_000, "A.2": 20_000}
    assert swept("2027-06-01T15:00:00Z")["expired"] == 1
    assert left(database)["A.1"] == 0
    entry = account(client, "entries")[0]
    told = (entry["kind"], entry["points"], entry["rule"], entry["happened_at"])
    assert told == ("expire", -10_000, "life", "2027-06-01T15:00:00Z")


def test_what_a_sweep_would_not_book_is_a_difference(database: Database, swept: Sweep) -> None:
    swept("2027-05-01T01:00:00Z")
    swept("2027-06-01T15:00:00Z")
    ends = "'2027-07-02T15:00:00Z'"
    entry = "INSERT INTO ledger_entry (lot_id, kind, points, happened_at, entered_at, event, rule) VALUES ('A.2',"

    def work() -> None:
        # Half of a lot, and before its day; and a notice that is kept as of more points than it told.
        execute(database, f"{entry} 'expire', -7, {ends}, '2027-06-02T15:00:00Z', '', 'life')")
        execute(database, 'UPDATE lot SET "left" = "left" - 7 WHERE id = \'A.2\'')
        execute(
            database,
            "INSERT INTO notice (account_id, rule, day, digest, points, data, noticed_at)"
            " SELECT account_id, rule, day, digest, points + 1, data, noticed_at FROM notice"
            " WHERE id = (SELECT MIN(id) FROM notice)",
        )

    writing(database, work)
    with reading(database):
        found = {each.check: each.text.en for each in differences(database)}
    assert list(found) == [
        "all-that-is-left-expires",
        "nothing-happens-before-its-time",
        "a-notice-is-as-it-was-worded",
    ]
    assert found["all-that-is-left-expires"].endswith("lot A.2 expired, and 19993 points of it were left")


def test_a_second_sweep_of_a_day_finds_nothing(swept: Sweep, database: Database) -> None:
    assert swept("2027-06-02T01:00:00Z")["accounts"] == 1
    assert swept("2027-06-02T14:00:00Z") == {}


def test_days_that_were_missed_are_made_up_in_their_order(
    client: FlaskClient, database: Database, swept: Sweep
) -> None:
    swept("2027-03-01T01:00:00Z")
    swept("2027-07-02T01:00:00Z")
    days = [(notice["day"], notice["before"]) for notice in reversed(account(client, "notices"))]
    assert days == [
        ("2027-04-01", "2 months"),
        ("2027-05-01", "1 month"),
        ("2027-05-01", "2 months"),
        ("2027-05-29", "3 days"),
        ("2027-06-01", "1 month"),
        ("2027-06-28", "3 days"),
    ]
    assert left(database) == {"A.1": 0, "A.2": 0}


def test_a_notice_is_worded_as_the_rule_says(client: FlaskClient, swept: Sweep) -> None:
    swept("2027-05-31T01:00:00Z")
    swept("2027-06-01T01:00:00Z")
    notice = client.get("/v1/accounts/A/notices?lang=ko").get_json()["notices"][0]
    assert (notice["rule"], notice["last_usable_on"], notice["lots"]) == ("told", "2027-07-01", ["A.2"])
    assert notice["text"] == "20,000 포인트는 2027-07-01까지"


def test_dormancy_is_charged_from_the_lots(client: FlaskClient, database: Database, swept: Sweep) -> None:
    swept("2027-01-31T01:00:00Z")
    assert swept("2027-02-01T01:00:00Z") == {"accounts": 1, "charged": 1}
    entry = account(client, "entries")[0]
    assert (entry["kind"], entry["points"], entry["rule"], entry["lot"]) == ("charge", -100, "idle", "A.1")


def test_what_is_held_too_long_is_given_back(client: FlaskClient, swept: Sweep, database: Database) -> None:
    body = {"account": "A", "request": asking(15_000)}
    request = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"}).get_json()["id"]
    assert swept("2026-03-12T14:59:59Z") == {"accounts": 1}
    assert swept("2026-03-12T15:00:00Z")["lapsed"] == 1
    assert client.get(f"/v1/refund-requests/{request}").get_json()["state"] == "lapsed"
    assert left(database) == {"A.1": 10_000, "A.2": 20_000}


def test_points_that_come_late_expire_with_the_next_sweep(
    client: FlaskClient, database: Database, swept: Sweep, clock: SetClock
) -> None:
    swept("2027-07-02T01:00:00Z")
    clock.at = datetime(2027, 7, 2, 2, tzinfo=UTC)
    late = {"id": "E", "account": "A", "type": "bill_paid", "amount": 50_000, "happened_at": "2025-05-01T03:00:00Z"}
    assert client.post("/v1/events", json=late).status_code == 201
    assert swept("2027-07-03T01:00:00Z")["expired"] == 1
    assert set(left(database).values()) == {0}


@pytest.mark.parametrize("sweeping", [False, True], ids=["not swept", "swept"])
def test_points_that_have_lapsed_are_not_taken_back_whether_swept_or_not(
    client: FlaskClient, database: Database, swept: Sweep, clock: SetClock, sweeping: bool
) -> None:
    def tell(id: str, type: str, at: str, **more: Any) -> dict[str, Any]:
        body = {"id": id, "account": "A", "type": type, "amount": 10_000, "happened_at": at, **more}
        found: dict[str, Any] = client.post("/v1/events", json=body).get_json()["answer"]
        return found

    clock.at = datetime(2027, 8, 1, tzinfo=UTC)
    tell("P", "purchase", "2025-05-01T03:00:00Z")
    if sweeping:
        swept("2027-08-01T00:00:00Z")
    found = tell("C", "purchase_cancelled", "2027-07-31T03:00:00Z", of="P")
    assert (found["asked"], found["lapsed"], found["taken"], found["debt"]) == (1_000, 1_000, [], 0)


def test_a_cancellation_of_before_the_expiry_that_is_told_after_it_takes_what_was_there(
    client: FlaskClient, database: Database, swept: Sweep, clock: SetClock
) -> None:
    clock.at = datetime(2027, 8, 1, tzinfo=UTC)
    body = {"account": "A", "amount": 10_000}
    client.post("/v1/events", json={**body, "id": "P", "type": "purchase", "happened_at": "2025-07-10T03:00:00Z"})
    swept("2027-08-01T00:00:00Z")
    undone = {**body, "id": "C", "type": "purchase_cancelled", "of": "P", "happened_at": "2027-07-01T03:00:00Z"}
    found = client.post("/v1/events", json=undone).get_json()["answer"]
    assert (found["asked"], found["lapsed"], found["debt"]) == (1_000, 0, 0)
    kinds = [(entry["kind"], entry["points"]) for entry in account(client, "entries")[:3]]
    assert kinds == [("take_back", -1_000), ("expire", 1_000), ("expire", -1_000)]
    assert client.get("/v1/accounts/A").get_json()["points_debt"] == 0


def test_machines_that_sweep_at_once_sweep_each_account_once(
    database_url: str, database: Database, swept: Sweep
) -> None:
    for number in range(30):
        open_account(database, lot_facts(5_000), name=f"S-{number}")

    def run(_: int) -> int:
        own = open_database(Settings(database_url=database_url))
        try:
            return sweep(own, Versions(own, 4), NOW + timedelta(days=460))["accounts"]
        finally:
            close_database(own)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 31
    with reading(database):
        assert differences(database) == []
        assert rows(database, "SELECT count(*), count(DISTINCT lot_id) FROM ledger_entry WHERE kind = 'expire'") == [
            (31, 31)
        ]


def test_an_account_that_cannot_be_swept_keeps_no_other_from_it(
    client: FlaskClient, database: Database, swept: Sweep
) -> None:
    open_account(database, lot_facts(source="nowhere"), name="B")
    assert swept("2027-06-02T01:00:00Z")["failed"] == 1
    assert left(database)["A.1"] == 0
