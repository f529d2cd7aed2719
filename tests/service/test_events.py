"""POST /v1/events: kept once each, answered by the policy, booked in the ledger, in whatever order they come."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.database import Database, execute, reading, rows, writing
from service.events import INSERT
from service.idempotency import digest_of
from service.json_body import canonical
from service.ledger_check import differences
from service.publishing import publish
from tests.service.builders import LIFE, NOW, OWED, POLICY, SetClock, asking, open_account

WHERE = "/v1/events"


@pytest.fixture(autouse=True)
def programme(client: FlaskClient, database: Database) -> None:
    """The small policy with rules of earning and taking back, and the account B without points."""
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    open_account(database, name="B")


def event(id: str, type: str = "bill_paid", amount: int = 50_000, at: str = "2026-03-01T03:00:00Z", **more: Any) -> Any:
    return {"id": id, "account": "B", "type": type, "amount": amount, "happened_at": at, **more}


def tell(client: FlaskClient, *args: Any, **more: Any) -> TestResponse:
    return client.post(WHERE, json=event(*args, **more))


def left(database: Database, account: str = "B") -> dict[str, int]:
    """What the lots of an account have left, by the event that brought them."""
    with reading(database):
        assert differences(database) == []
        return dict(rows(database, 'SELECT event, "left" FROM lot WHERE account_id = ? ORDER BY id', (account,)))


def test_a_paid_bill_earns_a_lot(client: FlaskClient, database: Database) -> None:
    answer = tell(client, "E-1")
    found = answer.get_json()
    assert (answer.status_code, answer.headers["Location"], found["state"]) == (201, f"{WHERE}/E-1", "answered")
    granted = [(lot["rule"], lot["points"], lot["usable_from_on"]) for lot in found["answer"]["granted"]]
    assert granted == [("bill-points", 500, "2026-03-01")]
    assert left(database) == {"E-1": 500}
    assert client.get(f"{WHERE}/E-1").get_json() == found
    assert client.get("/v1/accounts/B/balance").get_json()["points"] == 500
    entry = client.get("/v1/accounts/B/entries").get_json()["entries"][0]
    assert (entry["kind"], entry["points"], entry["event"], entry["rule"]) == ("grant", 500, "E-1", "bill-points")


def test_an_event_told_again_gets_the_answer_that_it_had(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    first = tell(client, "E-1")
    clock.at = NOW + timedelta(days=3)
    again = tell(client, "E-1")
    assert (again.status_code, again.data) == (201, first.data)
    other = tell(client, "E-1", amount=50_001)
    assert (other.status_code, other.get_json()["code"]) == (409, "event-id-reused")
    changed = {**event("E-1", "purchase", at="2026-03-01T04:00:00Z"), "account": "A", "partner": "X"}
    del changed["amount"]
    others = client.post(WHERE, json={**changed, "amount": 1}).get_json()["errors"]
    names = ("account", "type", "amount", "happened_at", "partner")
    assert sorted(each["pointer"] for each in others) == sorted(f"#/{name}" for name in names)
    assert left(database) == {"E-1": 500}


def test_an_event_told_again_is_known_whatever_the_clock_and_the_rules_say(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    first = tell(client, "E-1")
    publish(database, (POLICY + LIFE).replace("event: bill_paid", "event: purchase").encode(), "small.yaml", NOW)
    clock.at = NOW - timedelta(days=30)
    assert tell(client, "E-1").data == first.data


def test_points_that_are_pending_cannot_be_refunded_before_their_day(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    tell(client, "E-1", "bill_paid", 90_000)
    tell(client, "E-2", "purchase", 10_000)
    shown = {lot["source"]: lot["usable_from_on"] for lot in client.get("/v1/accounts/B/balance").get_json()["lots"]}
    assert shown == {"bill": "2026-03-01", "promotion": "2026-03-08"}


def test_a_cap_counts_what_happened_in_its_window_in_whatever_order_it_is_told(
    client: FlaskClient, database: Database
) -> None:
    tell(client, "late", amount=60_000, at="2026-03-01T10:00:00Z")
    tell(client, "early", amount=60_000, at="2026-03-01T02:00:00Z")
    tell(client, "before", amount=60_000, at="2026-02-28T02:00:00Z")
    assert left(database) == {"late": 600, "early": 400, "before": 600}


def test_a_cancelled_purchase_takes_back_what_it_earned(client: FlaskClient, database: Database) -> None:
    tell(client, "P", "purchase", 10_000)
    found = tell(client, "C", "purchase_cancelled", 4_000, of="P").get_json()
    assert (found["answer"]["asked"], found["answer"]["taken"][0]["points"]) == (400, 400)
    assert left(database) == {"P": 600}
    tell(client, "C2", "purchase_cancelled", 6_000, of="P")
    assert left(database) == {"P": 0}


def test_what_is_missing_becomes_a_debt(client: FlaskClient, database: Database) -> None:
    tell(client, "P", "purchase", 10_000)
    tell(client, "U", "points_used", 900, at="2026-03-01T20:00:00Z")
    assert client.get(f"{WHERE}/U").get_json()["state"] == "refused", "pending points cannot be used"
    publish(database, (POLICY + LIFE.replace("    usable_after: 7 days\n", "")).encode(), "small.yaml", NOW)
    tell(client, "P2", "purchase", 10_000)
    assert tell(client, "U2", "points_used", 900).get_json()["answer"]["used"][0]["points"] == 900
    found = tell(client, "C", "purchase_cancelled", 10_000, of="P2").get_json()["answer"]
    assert (found["asked"], sum(each["points"] for each in found["taken"]), found["debt"]) == (1_000, 1_000, 0)
    found = tell(client, "C1", "purchase_cancelled", 10_000, of="P").get_json()["answer"]
    assert (found["asked"], sum(each["points"] for each in found["taken"]), found["debt"]) == (1_000, 100, 900)
    assert client.get("/v1/accounts/B").get_json()["points_debt"] == 900


def test_an_undoing_event_that_comes_first_waits_for_the_other(client: FlaskClient, database: Database) -> None:
    waiting = tell(client, "C", "purchase_cancelled", 10_000, of="P", at="2026-03-01T05:00:00Z")
    assert (waiting.status_code, waiting.get_json()["state"], waiting.get_json()["answer"]) == (202, "waiting", None)
    assert tell(client, "C", "purchase_cancelled", 10_000, of="P", at="2026-03-01T05:00:00Z").status_code == 202
    tell(client, "P", "purchase", 10_000)
    assert left(database) == {"P": 0}
    assert client.get(f"{WHERE}/C").get_json()["answer"]["asked"] == 1_000


def test_an_event_cannot_undo_that_of_another_account(client: FlaskClient, database: Database) -> None:
    tell(client, "P", "purchase", 10_000)
    answer = client.post(WHERE, json={**event("C", "purchase_cancelled", 10_000, of="P"), "account": "A"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "undoes-another-account")
    assert client.get(f"{WHERE}/C").status_code == 404


def test_used_points_are_taken_as_the_policy_orders_and_put_back_where_they_came_from(
    client: FlaskClient, database: Database
) -> None:
    used = client.post(WHERE, json={**event("U", "points_used", 15_000), "account": "A"}).get_json()["answer"]["used"]
    assert used == [{"lot": "A.1", "points": 10_000}, {"lot": "A.2", "points": 5_000}]
    back = client.post(WHERE, json={**event("R", "purchase_cancelled", 7_000, of="U"), "account": "A"}).get_json()
    assert back["answer"]["returned"] == [{"lot": "A.2", "points": 5_000}, {"lot": "A.1", "points": 2_000}]
    rest = client.post(WHERE, json={**event("R2", "purchase_cancelled", 99_000, of="U"), "account": "A"}).get_json()
    assert rest["answer"]["returned"] == [{"lot": "A.1", "points": 8_000}], "no more comes back than was used"
    assert client.get("/v1/accounts/A/balance").get_json()["points"] == 30_000


def test_more_points_than_there_are_cannot_be_used(client: FlaskClient) -> None:
    found = client.post(WHERE, json={**event("U", "points_used", 30_001), "account": "A"}).get_json()
    assert (found["state"], found["answer"]["used"]) == ("refused", [])
    reason = found["answer"]["reasons"][0]
    assert (reason["rule"], reason["figures"]) == ("not-enough-points", {"available": 30_000, "points": 30_001})
    assert client.get("/v1/accounts/A/balance").get_json()["points"] == 30_000


def test_what_a_member_does_is_activity_and_what_is_undone_is_not(client: FlaskClient) -> None:
    tell(client, "P", "purchase", 10_000, at="2026-02-27T16:00:00Z")
    tell(client, "C", "purchase_cancelled", 10_000, of="P", at="2026-03-01T03:00:00Z")
    account = client.get("/v1/accounts/B").get_json()
    assert (account["last_activity_on"], account["activity_days"]) == ("2026-02-28", ["2026-02-28"])
    tell(client, "E", at="2026-02-20T03:00:00Z")
    account = client.get("/v1/accounts/B").get_json()
    assert (account["last_activity_on"], account["activity_days"]) == ("2026-02-28", ["2026-02-20", "2026-02-28"])


MISSING = "(left out)"


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointers"),
    [
        ({"account": "nobody"}, 422, "unknown-account", ["#/account"]),
        ({"happened_at": "2026-03-02T01:15:01Z"}, 422, "not-yet", ["#/happened_at"]),
        ({"happened_at": "yesterday"}, 400, "bad-request", ["#/happened_at"]),
        ({"happened_at": "2024-12-31T03:00:00Z"}, 422, "not-in-force", []),
        ({"type": "bill_payed"}, 400, "bad-request", ["#/type"]),
        ({"amount": -1}, 400, "bad-request", ["#/amount"]),
        ({"shop": "X"}, 400, "bad-request", ["#/shop"]),
        ({"id": ""}, 400, "bad-request", ["#/id"]),
        ({"amount": None}, 400, "bad-request", ["#/amount"]),
        ({"amount": MISSING}, 400, "bad-request", ["#/amount"]),
        ({"type": "purchase_cancelled", "of": "E-9", "amount": 0}, 400, "bad-request", ["#/amount"]),
        ({"type": "points_used", "amount": MISSING}, 400, "bad-request", ["#/amount"]),
        ({"type": "purchase_cancelled"}, 400, "bad-request", ["#/of"]),
        ({"type": "purchase_cancelled", "of": ""}, 400, "bad-request", ["#/of"]),
        ({"type": "purchase_cancelled", "of": "E-1"}, 400, "bad-request", ["#/of"]),
        ({"of": "E-0"}, 400, "bad-request", ["#/of"]),
        (
            {"happened_at": "soon", "type": "points_used", "amount": MISSING, "shop": "X", "of": "E-1"},
            400,
            "bad-request",
            ["#/happened_at", "#/shop", "#/amount", "#/of"],
        ),
        ({"happened_at": "soon", "account": "nobody"}, 400, "bad-request", ["#/happened_at", "#/account"]),
        ({"happened_at": "2026-04-01T00:00:00Z", "amount": -1}, 400, "bad-request", ["#/amount", "#/happened_at"]),
    ],
    ids=str,
)
def test_a_bad_event_is_refused_by_name_and_leaves_nothing(
    client: FlaskClient, database: Database, changes: dict[str, Any], status: int, code: str, pointers: list[str]
) -> None:
    body = {name: value for name, value in {**event("E-1"), **changes}.items() if value != MISSING}
    answer = client.post(WHERE, json=body)
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (status, code)
    assert [error["pointer"] for error in found.get("errors", [])] == pointers
    with reading(database):
        assert rows(database, "SELECT count(*) FROM event") == [(0,)]


def test_an_event_undoes_only_those_of_its_types(client: FlaskClient, database: Database) -> None:
    tell(client, "B")
    tell(client, "P", "purchase", 10_000)
    tell(client, "C", "purchase_cancelled", 1_000, of="P")
    for told, of in (("X", "B"), ("Y", "C")):
        answer = tell(client, told, "purchase_cancelled", 1_000, of=of)
        found = answer.get_json()
        assert (answer.status_code, found["code"], found["errors"][0]["pointer"]) == (
            422,
            "undoes-another-type",
            "#/of",
        )
        assert client.get(f"{WHERE}/{told}").status_code == 404
    assert left(database) == {"B": 500, "P": 900}


def test_an_event_that_waited_for_one_which_it_cannot_undo_is_refused_when_that_comes(
    client: FlaskClient, database: Database
) -> None:
    assert tell(client, "C", "purchase_cancelled", 10_000, of="B").status_code == 202
    other = {**event("D", "purchase_cancelled", 10_000, of="P"), "account": "A"}
    assert client.post(WHERE, json=other).status_code == 202
    tell(client, "B")
    tell(client, "P", "purchase", 10_000)
    for told, rule in (("C", "undoes-another-type"), ("D", "undoes-another-account")):
        found = client.get(f"{WHERE}/{told}?lang=ko").get_json()
        reason = found["answer"]["reasons"][0]
        assert (found["state"], reason["rule"], reason["effect"]) == ("refused", rule, "refuses")
        assert reason["text"] == reason["ko"] != reason["en"]
    assert left(database) == {"B": 500, "P": 1_000}
    again = client.post(WHERE, json=other)
    assert (again.status_code, again.get_json()["state"]) == (201, "refused")


def test_an_event_that_missed_the_other_is_answered_when_it_is_told_again(
    client: FlaskClient, database: Database
) -> None:
    """Two that come at the same moment for two accounts do not see each other."""
    missed = [event("C", "purchase_cancelled", 10_000, of="P"), event("D", "purchase_cancelled", 10_000, of="P")]
    missed[1]["account"] = "A"

    def race() -> None:
        for each in missed:
            body = canonical({name: value for name, value in each.items() if name != "account"})
            row = (each["id"], each["account"], each["type"], "P", 10_000, body, digest_of(each), "", "")
            execute(database, INSERT, row)

    tell(client, "P", "purchase", 10_000)
    writing(database, race)
    assert [client.post(WHERE, json=each).get_json()["state"] for each in missed] == ["answered", "refused"]
    assert left(database) == {"P": 0}


def test_an_event_of_the_file_undoes_those_whose_earnings_its_rule_names(
    client: FlaskClient, database: Database
) -> None:
    publish(database, OWED.encode(), "small.yaml", NOW)
    tell(client, "B")
    tell(client, "P", "purchase", 10_000)
    assert tell(client, "X", "bill_corrected", of="P").get_json()["known"] == ["bill_paid"]
    assert tell(client, "Y", "bill_corrected", of="").get_json()["errors"][0]["pointer"] == "#/of"
    publish(database, OWED.replace("    of: [bill-points]\n", "").encode(), "small.yaml", NOW)
    assert tell(client, "X", "bill_corrected", of="P").get_json()["answer"]["asked"] == 1_000
    assert tell(client, "Z", "bill_corrected", of="X").status_code == 422, "what undoes cannot be undone"
    assert tell(client, "P-2", "promotion_joined").status_code == 201
    without = {name: value for name, value in event("P-3", "promotion_joined").items() if name != "amount"}
    assert client.post(WHERE, json=without).status_code == 201, "no rule reads its amount"
    assert left(database) == {"B": 500, "P": 0}


def test_a_batch_takes_each_event_by_itself(client: FlaskClient, database: Database) -> None:
    sent = [
        event("C", "purchase_cancelled", 10_000, of="P", at="2026-03-01T05:00:00Z"),
        event("bad", amount=-5),
        event("P", "purchase", 10_000),
        {**event("nobody"), "account": "N"},
        event("E"),
        "no event",
        event("E"),
    ]
    results = client.post(WHERE, json={"events": sent}).get_json()["results"]
    assert [each["status"] for each in results] == [201, 400, 201, 422, 201, 400, 201]
    assert [each["id"] for each in results] == ["C", "bad", "P", "nobody", "E", None, "E"]
    assert results[1]["problem"]["errors"][0]["pointer"] == "#/events/1/amount"
    assert results[3]["problem"]["code"] == "unknown-account"
    assert results[4]["event"] == results[6]["event"]
    assert left(database) == {"P": 0, "E": 500}
    again = client.post(WHERE, json={"events": sent}).get_json()["results"]
    assert again == results


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_leads_to_the_same_lots(client: FlaskClient, database: Database, seed: int) -> None:
    """Bills under a cap are told apart by their arrival, so that these are purchases, cancellations and returns."""
    told = [
        event("P1", "purchase", 10_000, at="2026-02-01T03:00:00Z"),
        event("C1", "purchase_cancelled", 4_000, at="2026-02-05T03:00:00Z", of="P1"),
        event("P2", "purchase", 20_000, at="2026-02-06T03:00:00Z"),
        event("C2", "purchase_cancelled", 20_000, at="2026-02-07T03:00:00Z", of="P2"),
        event("P3", "purchase", 3_300, at="2026-02-08T03:00:00Z"),
        event("C3", "purchase_cancelled", 1_100, at="2026-02-09T03:00:00Z", of="P3"),
    ]
    random.Random(seed).shuffle(told)
    for each in told:
        assert client.post(WHERE, json=each).status_code in (201, 202)
    assert left(database) == {"P1": 600, "P2": 0, "P3": 220}
    assert client.get("/v1/accounts/B").get_json()["points_debt"] == 0


def test_ten_thousand_events_are_taken_and_one_more_is_too_many(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    # The app is shared: what comes behind must find it as it was.
    monkeypatch.setitem(client.application.config, "MAX_CONTENT_LENGTH", 10_000_000)
    many = [event(f"E-{n}", at="2026-03-01T03:00:00Z", amount=0) for n in range(10_001)]
    refused = client.post(WHERE, json={"events": many})
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (400, "#/events")


def test_events_of_an_account_are_listed_page_by_page(client: FlaskClient) -> None:
    for day in range(1, 6):
        tell(client, f"E-{day}", at=f"2026-02-0{day}T03:00:00Z")
    first = client.get("/v1/accounts/B/events?limit=2").get_json()
    second = client.get(first["next"]).get_json()
    last = client.get(second["next"]).get_json()
    assert [each["id"] for page in (first, second, last) for each in page["events"]] == [
        f"E-{n}" for n in (5, 4, 3, 2, 1)
    ]
    assert last["next"] is None


def test_events_are_listed_by_their_state(client: FlaskClient) -> None:
    for number in range(3):
        tell(client, f"C-{number}", "purchase_cancelled", 10_000, of=f"P-{number}")
    tell(client, "U", "points_used", 90_000)
    tell(client, "P-1", "purchase", 10_000)
    first = client.get("/v1/accounts/B/events?state=waiting&limit=1").get_json()
    second = client.get(first["next"]).get_json()
    assert [(each["id"], each["of"]) for page in (first, second) for each in page["events"]] == [
        ("C-2", "P-2"),
        ("C-0", "P-0"),
    ]
    assert second["next"] is None
    for state, ids in (("refused", {"U"}), ("answered", {"P-1", "C-1"})):
        found = client.get(f"/v1/accounts/B/events?state={state}").get_json()["events"]
        assert {each["id"] for each in found} == ids
    wrong = client.get("/v1/accounts/B/events?state=lost").get_json()
    assert wrong["errors"][0]["parameter"] == "state"


def test_what_was_earned_can_be_refunded(client: FlaskClient) -> None:
    tell(client, "E", amount=90_000)
    body = {"account": "B", "request": asking(900)}
    filed = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "k"}).get_json()
    assert (filed["state"], filed["points"]) == ("approved", 900)
