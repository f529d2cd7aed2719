"""What an account earns, over HTTP: by its own facts and the version in force."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from service.database import Database
from service.publishing import publish
from tests.service.builders import NOW, POLICY, SetClock, open_account
from tests.service.test_reference import check as conforms

RULE = """  - id: bill-points
    kind: earn
    terms: "9.1"
    event: bill_paid
    when: {account.status: active}
    points: $bill_points
    source: bill
"""
VALUES = """values:
  bill_points:
    about: Points for a bill
    terms: "9.1"
    unit: points
    dated_by: event.happened_on
    since: {always: {by: account.grade, GOLD: 70, else: 20}}
rules:
"""


def test_an_account_s_own_figures_are_answered(client: FlaskClient, database: Database, clock: SetClock) -> None:
    publish(database, (POLICY.replace("rules:\n", VALUES) + RULE).encode(), "small.yaml", NOW)
    clock.at = NOW + timedelta(days=1)
    open_account(database, name="S", status="suspended", grade="PLAIN")
    own, other = (client.get(f"/v1/accounts/{account}/earning?lang=ko").get_json() for account in ("A", "S"))
    conforms(own, "OwnEarning")
    conforms(other, "OwnEarning")
    assert (own["account"], own["policy"], own["version"], own["on"]) == ("A", "small", 2, "2026-03-03")
    (way,), (lacking,) = own["ways"], other["ways"]
    assert (way["earns"], way["lacks"], way["figures"]["points"]) == (True, None, 70)
    assert way["sentence"]["text"] == way["sentence"]["ko"]
    assert [(row["words"]["en"], row["own"]) for row in way["tables"][0]["rows"]] == [
        ("GOLD", True),
        ("all others", False),
    ]
    assert (lacking["earns"], lacking["figures"]["points"]) == (False, 20)
    assert lacking["lacks"]["en"] == "Not at present: it applies when the account's status is active."


def test_of_nobody_there_is_nothing_to_tell(client: FlaskClient) -> None:
    answer = client.get("/v1/accounts/nobody/earning")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")


def test_an_account_that_lacks_a_fact_of_the_text_is_not_told_half(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    facts = "facts:\n  account.club: {type: text, ko: 클럽, en: the club}\n"
    publish(database, POLICY.replace("facts:\n", facts).encode(), "small.yaml", NOW)
    clock.at = NOW + timedelta(days=1)
    answer = client.get("/v1/accounts/A/earning")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "account-does-not-fit")
