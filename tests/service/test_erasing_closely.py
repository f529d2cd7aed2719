"""What an erasure takes and leaves at its edges: each of these was broken once, and nothing else noticed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.database import Database, reading, rows, writing
from service.erasing import Erased, Erasing
from service.erasures import TOKEN
from service.publishing import Versions, publish
from tests.service.builders import (
    HELD,
    NOW,
    POLICY,
    SetClock,
    account_facts,
    asking,
    lot_facts,
    open_account,
    publish_small,
)
from tests.service.desk import MINE, SHARED, WORDS, Desk, holding, replayed
from tests.service.test_audit import unguard

LATER = NOW + timedelta(days=60)
BY_ACCOUNT = "measure: {sum: refund.points, per: month, of: receiving_account}"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def erase(database: Database, account: str = "A", now: datetime = LATER, **more: Any) -> Erased:
    return Erasing(database, Versions(database, 8)).erase(account, "desk", "asked", now, **more)


def cases(database: Database, account: str) -> list[dict[str, Any]]:
    with reading(database):
        found = rows(database, "SELECT case_data FROM decision WHERE account = ? ORDER BY id", (account,))
    return [json.loads(text) for (text,) in found]


def test_a_receiving_account_is_counted_from_the_first_instant_of_the_month(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    clock.at = datetime.fromisoformat("2026-02-28T15:00:00Z")
    desk = Desk(client)
    desk.settle(desk.file(100, MINE))
    assert erase(database, now=NOW).counted == 1


def test_what_was_given_up_is_not_counted(client: FlaskClient, database: Database) -> None:
    desk = Desk(client)
    desk.post(f"refund-requests/{desk.file(100, MINE)['id']}/cancel", {})
    assert erase(database, now=NOW).counted == 0
    assert holding(database, MINE) == set()


def test_what_has_lapsed_is_not_open(client: FlaskClient, database: Database) -> None:
    publish(database, HELD.encode(), "small.yaml", NOW)
    Desk(client).file(100, MINE)
    assert erase(database).open == 0
    assert holding(database, MINE) == set()


class Before(Erasing):
    """An erasure that looked before anything was there, and so has to find what was written meanwhile."""

    def _named(self, account: str, after: str) -> set[str]:
        return super()._named(account, after) if after else set()


def test_what_named_the_account_meanwhile_does_so_no_longer(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(9_000), name="B")
    desk = Desk(client)
    desk.settle(desk.file(100, SHARED))
    desk.settle(desk.file(100, SHARED, "B"))
    Before(database, Versions(database, 8)).erase("A", "desk", "asked", NOW, counted_too=True)
    assert [past["account_id"] == "A" for past in cases(database, "B")[0]["history"]] == [False]


def test_an_account_that_was_only_asked_about_is_erased_too(client: FlaskClient, database: Database) -> None:
    body = {"account": account_facts("GUEST"), "lots": [], "request": asking(100, receiving_account=MINE)}
    Desk(client).post("decisions", body)
    assert erase(database, "GUEST").records == {"decision": 1}
    assert holding(database, MINE) == set()


def test_who_moved_what_is_still_open_is_left(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(90_000), name="B")
    desk = Desk(client)
    filed = desk.file(41_000, "", "B")
    desk.post(f"refund-requests/{filed['id']}/approve", {"by": "reviewer-9", "reason": WORDS[2]})
    assert erase(database, "B").open == 1
    assert holding(database, "reviewer-9") >= {"move"}
    desk.settle(filed)
    assert erase(database, "B").records["move"] == 1


def test_a_record_that_came_out_otherwise_before_is_erased_and_one_that_cannot_be_read_is_named(
    client: FlaskClient, database: Database
) -> None:
    desk = Desk(client)
    made = [
        desk.post("decisions", {"account": "A", "request": asking(points, receiving_account=MINE)})["id"]
        for points in (100, 200)
    ]
    other = f"""UPDATE decision SET data = REPLACE(data, '"version":1', '"version":7') WHERE id = '{made[0]}'"""  # noqa: S608
    for change in (other, f"UPDATE decision SET data = '[]' WHERE id = '{made[1]}'"):  # noqa: S608
        writing(database, lambda change=change: unguard(database, "decision", change))  # type: ignore[misc]
    before = replayed(database)
    assert any("was 7" in each for each in before)
    found = erase(database)
    assert (found.bound, found.records) == ([made[1]], {"decision": 1})
    assert replayed(database) == before


def test_nothing_in_the_records_of_others_leads_to_the_account(client: FlaskClient, database: Database) -> None:
    """Nor from one of them to another: who was paid to the same place has another token in the records of each."""
    for name in "BC":
        open_account(database, lot_facts(9_000), name=name)
    desk = Desk(client)
    filed = desk.file(100, SHARED)
    desk.settle(filed)
    for name in "BC":
        desk.settle(desk.file(100, SHARED, name))
    erase(database)
    told = {name: cases(database, name)[0]["history"][0] for name in "BC"}
    assert filed["id"] not in str(told)
    names = [past[part] for past in told.values() for part in ("account_id", "id")]
    assert (len(set(names)), all(TOKEN.fullmatch(name) for name in names)) == (4, True)
    erase(database, "B")
    assert cases(database, "B")[0]["history"][0]["account_id"] == told["B"]["account_id"]


def test_a_receiving_account_that_a_rule_compares_with_a_fact_is_erased_in_both(
    client: FlaskClient, database: Database
) -> None:
    fact = "  request.own_account: {type: text, ko: 본인 계좌, en: the own account}\n"
    text = POLICY.replace("facts:\n", f"facts:\n{fact}")
    publish(database, text.encode(), "small.yaml", NOW)
    asked = asking(100, receiving_account=MINE, own_account=MINE)
    Desk(client).post("decisions", {"account": "A", "request": asked})
    assert erase(database).bound == []
    assert (holding(database, MINE), replayed(database)) == (set(), [])


def test_a_text_that_starts_later_counts_too(client: FlaskClient, database: Database) -> None:
    desk = Desk(client)
    desk.settle(desk.file(100, MINE))
    later = POLICY.replace("2025-01-01", "2027-01-01").replace(BY_ACCOUNT, BY_ACCOUNT.replace("month", "year"))
    publish(database, later.encode(), "small.yaml", NOW)
    assert erase(database).counted == 1


def test_of_a_body_not_even_its_digest_stays(client: FlaskClient, database: Database) -> None:
    publish_small(database)
    desk = Desk(client)
    for _ in range(2):
        desk.settle(desk.file(100, MINE))
    erase(database)
    with reading(database):
        digests = [digest for (digest,) in rows(database, "SELECT digest FROM idempotency_key WHERE answer = ''")]
    assert len(set(digests)) == 4
    assert all(TOKEN.fullmatch(each) for each in digests)
