"""Messages: written with what they tell of or not at all, listed in an order that never changes behind a reader."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from service import drafts, outbox, webhooks
from service.config import Settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.messages import KINDS, REFUND_REQUEST
from service.outbox import announce
from service.publishing import Versions, publish
from service.sweeps import sweep
from tests.service.builders import CONFLICT, HELD, LIFE, NOW, SetClock, asking, lot_facts, open_account, publish_small
from tests.service.drafting import APPROVER, approved
from tests.service.test_reference import check


def file(client: FlaskClient, key: str, request: dict[str, Any], account: str = "A") -> TestResponse:
    body = {"account": account, "request": request}
    return client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": key})


def messages(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    """Those about members."""
    found = client.get(f"/v1/messages{query}").get_json()["messages"]
    return [each for each in found if not each["type"].startswith("policy.")]


def tell(database: Database, account: str = "A", at: datetime = NOW) -> str:
    """Announce something made up."""
    kind = "points.expired"
    data: dict[str, Any] = dict.fromkeys(KINDS[kind].carries, 1) | {"account": account, "policy": "small"}
    return writing(database, lambda: announce(database, kind, account, data, at))


@pytest.mark.parametrize(
    ("points", "state", "rules"),
    [(15_000, "approved", ["fee"]), (30_001, "denied", ["order"]), (45_000, "needs_review", ["fee", "large"])],
    ids=["approved", "denied", "needs review"],
)
def test_filing_announces_what_the_caller_was_answered(
    client: FlaskClient, database: Database, points: int, state: str, rules: list[str]
) -> None:
    open_account(database, *[lot_facts(45_000)] * (state == "needs_review"), *[lot_facts(15_000)] * 2, name="B")
    filed = file(client, "k", asking(points, method="cash", receiving_account="RA-9"), "B").get_json()
    (message,) = messages(client)
    assert (message["type"], message["timestamp"]) == (f"refund_request.{state}", "2026-03-02T01:00:00Z")
    data = message["data"]
    assert set(data) == set(REFUND_REQUEST)
    shared = set(data) - {"policy", "reasons"}
    assert {name: data[name] for name in shared} == {name: filed[name] for name in shared}
    assert (data["state"], data["policy"]) == (state, "small")
    assert [reason["rule"] for reason in data["reasons"]] == rules
    assert all(reason["ko"] and reason["en"] for reason in data["reasons"])
    assert "RA-9" not in str(message), "no account number at a bank"


def test_a_request_sent_twice_is_announced_once(client: FlaskClient) -> None:
    for _ in range(2):
        assert file(client, "k", asking()).status_code == 201
    assert len(messages(client)) == 1


@pytest.mark.parametrize("refused", ["conflict", "method", "account"])
def test_filing_that_is_refused_leaves_no_message(client: FlaskClient, database: Database, refused: str) -> None:
    writing(database, lambda: webhooks.add(database, "https://example.com/", [], "", NOW, private=False))
    if refused == "conflict":
        publish_small(database, CONFLICT)
    request = asking(method="csh" if refused == "method" else "cash")
    answer = file(client, "k", request, "nobody" if refused == "account" else "A")
    assert 400 <= answer.status_code < 500
    with reading(database):
        told = "SELECT count(*) FROM message WHERE account <> ''"
        assert rows(database, told) == [(0,)]
        assert rows(database, "SELECT count(*) FROM delivery") == [(int(refused == "conflict"),)]


def test_a_transaction_that_fails_after_announcing_leaves_nothing(client: FlaskClient, database: Database) -> None:
    def work() -> None:
        data = dict.fromkeys(KINDS["points.expired"].carries, 1) | {"account": "A", "policy": "small"}
        announce(database, "points.expired", "A", data, NOW)
        raise RuntimeError("afterwards")

    with pytest.raises(RuntimeError, match="afterwards"):
        writing(database, work)
    assert messages(client) == []


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        ("points.gone", {}, KeyError),
        ("points.expired", {"account": "A", "policy": "small"}, AssertionError),
        (
            "inquiry.opened",
            {"account": "B", "policy": "p", "id": "I", "state": "s", "decision_id": "D"},
            AssertionError,
        ),
    ],
    ids=["no such kind", "something is missing", "another account"],
)
def test_a_message_that_is_not_as_its_kind_says_is_a_bug(
    database: Database, kind: str, data: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        writing(database, lambda: announce(database, kind, "A", data, NOW))


def test_a_message_outside_a_transaction_is_a_bug(database: Database) -> None:
    with pytest.raises(AssertionError, match="together with what it tells of"):
        announce(database, "points.expired", "A", {}, NOW)


@pytest.mark.parametrize(
    ("kinds", "policy", "state", "meant"),
    [
        ([], "", "active", True),
        (["points.expired"], "", "active", True),
        (["points.earned", "points.expired"], "small", "active", True),
        (["points.earned"], "", "active", False),
        ([], "other", "active", False),
        ([], "", "disabled", False),
        ([], "", "removed", False),
    ],
    ids=["all", "this kind", "kinds and policy", "other kind", "other policy", "disabled", "removed"],
)
def test_a_message_is_meant_for_the_webhooks_that_want_it(
    database: Database, kinds: list[str], policy: str, state: str, meant: bool
) -> None:
    publish_small(database)

    def add() -> None:
        made = webhooks.add(database, "https://example.com/", kinds, policy and "small", NOW, private=False)
        execute(database, "UPDATE webhook SET policy = ?, state = ? WHERE id = ?", (policy, state, made.id))

    writing(database, add)
    tell(database)
    with reading(database):
        assert rows(database, "SELECT count(*) FROM delivery") == [(int(meant),)]


def moved(client: FlaskClient, request: str, name: str) -> int:
    body = {"by": "agent-7", "reason": "asked for"}
    headers = {"Idempotency-Key": f"{request}-{name}"}
    return client.post(f"/v1/refund-requests/{request}/{name}", json=body, headers=headers).status_code


@pytest.mark.parametrize(
    ("points", "names", "state"),
    [
        (1_000, ["settle"], "settled"),
        (1_000, ["fail"], "failed"),
        (1_000, ["cancel"], "cancelled"),
        (1_000, ["settle", "reverse"], "reversed"),
        (45_000, ["approve"], "approved"),
        (45_000, ["refuse"], "refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_move_of_a_request_is_announced(
    client: FlaskClient, database: Database, points: int, names: list[str], state: str
) -> None:
    open_account(database, lot_facts(90_000), name="B")
    request = file(client, "k", asking(points), "B").get_json()["id"]
    assert [moved(client, request, name) for name in names] == [200] * len(names)
    told = messages(client)
    assert len(told) == 1 + len(names)
    last = max(told, key=lambda message: message["data"]["state"] == state)
    assert (last["type"], last["data"]["id"], last["data"]["points"]) == (f"refund_request.{state}", request, points)
    assert moved(client, request, "lapse") == 404, "nobody may ask for it"
    assert moved(client, request, "approve") in (200, 409)
    assert len(messages(client)) == 1 + len(names), "a move that is repeated or refused is not announced"


def test_what_a_sweep_books_is_announced(client: FlaskClient, database: Database) -> None:
    versions = Versions(database, 4)
    publish(database, (HELD + LIFE).encode(), "small.yaml", NOW)
    clock = datetime.fromisoformat("2027-05-20T01:00:00Z")
    for day in range(60):
        sweep(database, versions, clock + timedelta(days=day))
    told = messages(client)
    expired = [message["data"] for message in told if message["type"] == "points.expired"]
    days = [(data["on"], data["points"], [part["lot"] for part in data["lots"]]) for data in expired]
    with reading(database):
        booked = rows(database, "SELECT lot_id, -points FROM ledger_entry WHERE kind = 'expire' ORDER BY lot_id")
        noticed = rows(database, "SELECT count(*) FROM notice")[0][0]
    assert days == [("2027-06-02", 10_000, ["A.1"]), ("2027-07-02", 20_000, ["A.2"])]
    assert [(lot, points) for _, points, (lot,) in days] == booked
    assert {reason["rule"] for data in expired for reason in data["reasons"]} == {"life"}
    assert len([message for message in told if message["type"] == "points.notice"]) == noticed


def test_what_an_event_brings_and_takes_is_announced(client: FlaskClient, database: Database) -> None:
    publish(database, (HELD + LIFE).encode(), "small.yaml", NOW)
    bill = {"id": "E-1", "account": "A", "type": "bill_paid", "amount": 50_000, "happened_at": "2026-03-01T03:00:00Z"}
    answer = client.post("/v1/events", json=bill)
    assert answer.status_code == 201, answer.get_json()
    (message,) = messages(client)
    (granted,) = answer.get_json()["answer"]["granted"]
    data = message["data"]
    assert (message["type"], data["event"], data["points"]) == ("points.earned", "E-1", granted["points"])
    with reading(database):
        lots = rows(database, "SELECT id, amount FROM lot WHERE event = 'E-1'")
    assert data["lots"] == [{"lot": lot, "points": amount} for lot, amount in lots]
    client.post("/v1/events", json=bill)
    assert len(messages(client)) == 1, "an event that is told again is not announced again"
    bought = {**bill, "id": "E-2", "type": "purchase", "amount": 30_000}
    undone = {**bill, "id": "E-3", "type": "purchase_cancelled", "amount": 30_000, "of": "E-2"}
    for event in (bought, undone):
        assert client.post("/v1/events", json=event).status_code == 201
    (back,) = [each["data"] for each in messages(client) if each["type"] == "points.taken_back"]
    assert (back["event"], back["points"], back["debt"]) == ("E-3", 3_000, 0)
    assert [reason["en"] for reason in back["reasons"]] == ["3,000 taken back."]
    assert [part["points"] for part in back["lots"]] == [3_000]


def test_messages_are_paged_oldest_first(client: FlaskClient, database: Database) -> None:
    (published,) = client.get("/v1/messages").get_json()["messages"]
    told = [tell(database, account, NOW + timedelta(seconds=n)) for n, account in enumerate("ABAAB", 1)]
    first = client.get("/v1/messages?limit=2").get_json()
    second = client.get(first["next"]).get_json()
    third = client.get(second["next"]).get_json()
    seen = [message["id"] for page in (first, second, third) for message in page["messages"]]
    assert (seen, third["next"]) == ([published["id"], *told], None)
    of_a = client.get("/v1/messages?account=A&limit=2").get_json()
    assert [message["id"] for message in of_a["messages"]] == [told[0], told[2]]
    assert [message["id"] for message in client.get(of_a["next"]).get_json()["messages"]] == [told[3]]
    assert messages(client, f"?after={told[4]}") == []


def test_an_unknown_place_to_go_on_from_is_named(client: FlaskClient) -> None:
    answer = client.get("/v1/messages?after=M-0")
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, "after")


def test_a_message_that_is_kept_late_stands_behind_what_was_shown(postgresql_url: str) -> None:
    """A transaction that began first and ends last has the smaller id; a reader must not step over it."""
    database = open_database(Settings(database_url=postgresql_url))
    written, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        def work() -> None:
            data = dict.fromkeys(KINDS["points.expired"].carries, 1) | {"account": "A", "policy": "small"}
            announce(database, "points.expired", "A", data, NOW - timedelta(seconds=1))
            written.set()
            assert may_end.wait(30)

        writing(database, work)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(30)
    quick = tell(database)
    outbox.place(database)
    with reading(database):
        assert [message.id for message in outbox.page_of(database, None, 0, 10)] == [quick]
        shown = outbox.position_of(database, quick)
    may_end.set()
    thread.join()
    outbox.place(database)
    assert shown is not None
    with reading(database):
        (late,) = outbox.page_of(database, None, shown, 10)
    assert late.id < quick
    close_database(database)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["tell", "read", "tell another"]), max_size=12))
def test_a_reader_who_goes_on_from_the_last_id_sees_everything_once(
    steps: list[str], client: FlaskClient, database: Database, clock: SetClock
) -> None:
    start = messages(client, "?limit=200")
    told: list[str] = []
    seen: list[str] = []
    last = start[-1]["id"] if start else None
    for step in [*steps, "read"]:
        if step == "read":
            while found := messages(client, "?limit=2" + (f"&after={last}" if last else "")):
                seen += [message["id"] for message in found]
                last = seen[-1]
        else:
            told.append(tell(database, "A" if step == "tell" else "B"))
    assert sorted(seen) == sorted(told)
    # The next example goes on where this one stopped, and begins to read there.
    assert len(set(seen)) == len(seen)


def test_versions_that_are_published_and_withdrawn_are_announced(client: FlaskClient, database: Database) -> None:
    later = NOW + timedelta(days=1)
    approved(database)
    approved(database, 6_000, effective_from=later)
    drafts.withdraw(database, "tiny", 2, "Wrong.", APPROVER, NOW)
    told = client.get("/v1/messages").get_json()["messages"]
    check({"messages": told, "next": None}, "Messages")
    kinds = [(each["type"], each["data"]["policy"], each["data"]["version"]) for each in told]
    assert kinds == [
        ("policy.published", "small", 1),
        ("policy.published", "tiny", 1),
        ("policy.published", "tiny", 2),
        ("policy.withdrawn", "tiny", 3),
    ]
    assert [each["data"]["effective_from"] for each in told] == [
        *(None, "2026-03-02T01:00:00Z", "2026-03-03T01:00:00Z", "2026-03-02T01:00:00Z"),
    ]
    assert (told[-1]["data"]["withdrawn"], told[-1]["data"]["restores"]) == (2, 1)
    listed = client.get("/v1/policies/tiny/versions").get_json()["versions"]
    assert [each["data"]["digest"] for each in told[:0:-1]] == [each["digest"] for each in listed]
    assert "Wrong." not in str(told), "no words that somebody wrote"


def test_every_kind_says_what_it_means_and_whose_it_is() -> None:
    for name, kind in KINDS.items():
        assert kind.about.ko.endswith("."), name
        assert kind.about.en.endswith("."), name
        whose = {"policy"} if name.startswith("policy.") else {"account", "policy"}
        assert whose <= set(kind.carries), name
        assert len(set(kind.carries)) == len(kind.carries), name
