"""A trace goes on from who asks, through the request, to who is told of what came of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from service import webhooks
from service.config import Settings
from service.database import Database, writing
from service.delivering import Deliverer
from service.messages import KINDS
from service.outbox import announce
from service.trace_context import TRACEPARENT
from tests.service.builders import NOW, SetClock, asking
from tests.service.receivers import receiving

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize("flags", ["00", "01"])
def test_who_is_told_of_a_refund_can_go_on_with_the_trace_of_who_asked_for_it(
    client: FlaskClient, database: Database, clock: SetClock, flags: str
) -> None:
    sent = {"Idempotency-Key": "1", "traceparent": f"00-{TRACE}-{PARENT}-{flags}"}
    with receiving() as receiver:
        writing(database, lambda: webhooks.add(database, receiver.url, (), "", NOW, private=True))
        filed = client.post("/v1/refund-requests", json={"account": "A", "request": asking(1_000)}, headers=sent)
        assert filed.status_code == 201
        Deliverer(database, Settings(private_webhooks=True), clock).once()
        told = [each.headers["traceparent"] for each in receiver.received]
    assert told == [f"00-{TRACE}-{filed.headers['X-Request-Id']}-{flags}"]


def test_a_request_without_a_trace_begins_one_that_nobody_records(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    with receiving() as receiver:
        writing(database, lambda: webhooks.add(database, receiver.url, (), "", NOW, private=True))
        body = {"account": "A", "request": asking(1_000)}
        filed = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "1"})
        Deliverer(database, Settings(private_webhooks=True), clock).once()
        (told,) = [each.headers["traceparent"] for each in receiver.received]
    version, trace, parent, flags = told.split("-")
    assert (version, len(trace), parent, flags) == ("00", 32, filed.headers["X-Request-Id"], "00")


def test_nothing_is_said_of_a_request_behind_it(client: FlaskClient) -> None:
    client.get("/v1/accounts/A/balance", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert TRACEPARENT.get() == ""


def test_what_came_of_no_request_has_no_trace(database: Database, clock: SetClock) -> None:
    data = dict.fromkeys(KINDS["points.expired"].carries, "") | {"account": "A", "policy": "small"}
    with receiving() as receiver:
        writing(database, lambda: webhooks.add(database, receiver.url, (), "", NOW, private=True))
        writing(database, lambda: announce(database, "points.expired", "A", data, NOW))
        Deliverer(database, Settings(private_webhooks=True), clock).once()
        (told,) = receiver.received
    assert "traceparent" not in told.headers
