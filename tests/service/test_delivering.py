"""Deliveries: signed, tried again by the schedule, given up, made anew; to a real receiver, on both databases."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import deliveries, outbox, webhooks
from service.config import Settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.deliveries import Delivery, verdict
from service.delivering import Deliverer
from service.messages import KINDS
from service.outbox import announce
from service.posting import Posted
from service.signing import headers_of, new_secret, verified
from service.webhooks import Webhook
from tests.service.builders import NOW, SetClock
from tests.service.receivers import CERTIFICATE, Says, ScriptedReceiver, cut, endless, garbage, receiving, verifies

SCHEDULE = Settings().delivery_schedule_seconds
MAKE = Callable[..., Deliverer]


@pytest.fixture
def receiver() -> Iterator[ScriptedReceiver]:
    """A receiver that listens."""
    with receiving() as found:
        yield found


@pytest.fixture
def make(database: Database, clock: SetClock) -> MAKE:
    """Makes a deliverer to this machine, without jitter; a setting may be given otherwise."""

    def made(**more: Any) -> Deliverer:
        settings = replace(Settings(private_webhooks=True, delivery_timeout_seconds=20), **more)
        return Deliverer(database, settings, clock, lambda: 0.0)

    return made


def add(database: Database, url: str, *kinds: str) -> Webhook:
    return writing(database, lambda: webhooks.add(database, url, kinds, "", NOW, private=True))


def tell(database: Database, at: datetime = NOW, kind: str = "points.expired") -> str:
    data: dict[str, Any] = dict.fromkeys(KINDS[kind].carries, "가") | {"account": "A", "policy": "small"}
    return writing(database, lambda: announce(database, kind, "A", data, at))


def tell_many(database: Database, count: int) -> list[str]:
    """Messages, a millisecond apart so that their order is told by their ids."""
    return [tell(database, NOW + timedelta(milliseconds=n)) for n in range(-count, 0)]


def kept(database: Database, state: str | None = None) -> list[Delivery]:
    with reading(database):
        return deliveries.page_of(database, state, None, None, 200)


def only(database: Database) -> Delivery:
    (found,) = kept(database)
    return found


def found(database: Database, webhook: Webhook) -> Webhook:
    with reading(database):
        now = webhooks.find(database, webhook.id)
    assert now is not None
    return now


def test_a_message_arrives_signed_as_standard_webhooks_has_it(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    webhook = add(database, receiver.url)
    message = tell(database)
    assert make().once() == {"delivered": 1}
    (request,) = receiver.received
    assert (request.id, request.path) == (message, "/hook?a=1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert verifies(request, webhook.secret)
    assert verified(request.headers, request.body, webhook.secret, clock())
    said = json.loads(request.body)
    assert (set(said), said["type"], said["timestamp"]) == (
        {"type", "timestamp", "data"},
        "points.expired",
        "2026-03-02T01:00:00Z",
    )
    with reading(database):
        assert said["data"] == outbox.message_of(*rows(database, outbox.SELECT + "id = ?", (message,))[0]).data
    delivered = only(database)
    assert (delivered.state, delivered.attempts, delivered.last_status) == ("delivered", 1, 204)
    assert (delivered.next_attempt_at, delivered.last_error) == (None, "")
    assert make().once() == {}, "what arrived is not sent again"


@pytest.mark.parametrize(
    ("change", "minutes", "good"),
    [
        ({}, 0, True),
        ({}, 5, True),
        ({}, 6, False),
        ({}, -6, False),
        ({"webhook-id": "M-other"}, 0, False),
        ({"webhook-timestamp": "1"}, 0, False),
        ({"webhook-timestamp": "now"}, 0, False),
        ({"webhook-signature": "v1,AAAA"}, 0, False),
        ({"webhook-signature": ""}, 0, False),
        ({"webhook-signature": "v1,한글"}, 0, False),
    ],
)
def test_a_signature_is_good_for_what_it_was_made_for_only(
    database: Database,
    receiver: ScriptedReceiver,
    make: MAKE,
    change: dict[str, str],
    minutes: int,
    good: bool,
) -> None:
    webhook = add(database, receiver.url)
    tell(database)
    make().once()
    (request,) = receiver.received
    at = NOW + timedelta(minutes=minutes)
    assert verified({**request.headers, **change}, request.body, webhook.secret, at) == good
    assert not verified({**request.headers, **change}, request.body + b" ", webhook.secret, at)


@given(body=st.binary(max_size=50), other=st.binary(max_size=50), seconds=st.integers(0, 2**33))
def test_a_signature_tells_two_bodies_apart(body: bytes, other: bytes, seconds: int) -> None:
    keys, at = [new_secret(), new_secret()], datetime.fromtimestamp(seconds, UTC)
    headers = headers_of("M-1", at, body, keys)
    for key in keys:
        assert verified(headers, body, key, at)
        assert verified(headers, other, key, at) == (body == other)
    assert not verified(headers, body, new_secret(), at)


def test_retries_come_by_the_schedule_and_then_the_delivery_is_dead(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    webhook = add(database, receiver.url)
    message = tell(database)
    receiver.script = [500] * 10
    for attempt, wait in enumerate(SCHEDULE, 1):
        assert make().once() == {"pending": 1}
        delivery = only(database)
        assert (delivery.attempts, delivery.last_status, delivery.last_error) == (attempt, 500, "answered 500")
        clock.at += timedelta(seconds=wait) - timedelta(microseconds=1)
        assert make().once() == {}, f"not before {wait} s have passed"
        clock.at += timedelta(microseconds=1)
    assert make().once() == {"dead": 1}
    dead = only(database)
    assert (dead.state, dead.attempts, dead.next_attempt_at) == ("dead", 10, None)
    clock.at += timedelta(days=365)
    assert make().once() == {}
    assert receiver.ids() == [message] * 10, "the same id at every attempt"
    assert len({request.body for request in receiver.received}) == 1
    assert all(verifies(request, webhook.secret) for request in receiver.received)


@given(attempts=st.integers(0, 20), chance=st.floats(0, 1, exclude_max=True), status=st.integers(300, 599))
def test_a_retry_comes_late_by_a_fifth_at_most_and_never_early(attempts: int, chance: float, status: int) -> None:
    outcome = verdict(Posted(status), attempts, SCHEDULE, chance, NOW)
    if attempts >= len(SCHEDULE) or status == 410:
        assert outcome.state == "dead"
    else:
        wait = timedelta(seconds=SCHEDULE[attempts])
        assert outcome.state == "pending"
        assert wait <= outcome.again_after <= wait * 1.2


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert verdict(Posted(status), 0, SCHEDULE, 0.0, NOW).state == "delivered"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("part", "error", "status"),
    [
        (301, "answered 301; redirects are not followed", 301),
        (400, "answered 400", 400),
        (404, "answered 404", 404),
        (503, "answered 503", 503),
        (cut, "", None),
        (garbage, "", None),
        ("hang", "no answer in 1 s", None),
        ("drip", "no answer in 1 s", None),
    ],
    ids=["redirect", "400", "404", "503", "hangs up", "no http", "never answers", "a byte at a time"],
)
def test_what_goes_wrong_is_told_and_tried_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, scheme: str, part: Any, error: str, status: int | None
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    database, clock = open_database(Settings(database_url=sqlite_url)), SetClock()
    settings = Settings(private_webhooks=True, delivery_timeout_seconds=1 if isinstance(part, str) else 20)
    with receiving(scheme) as receiver:
        add(database, receiver.url.replace("127.0.0.1", "localhost"))
        message = tell(database)
        receiver.script = [getattr(receiver, part) if isinstance(part, str) else part]
        deliverer = Deliverer(database, settings, clock, lambda: 0.0)
        assert deliverer.once() == {"pending": 1}
        delivery = only(database)
        assert (delivery.attempts, delivery.last_status) == (1, status)
        assert delivery.last_error
        assert delivery.last_error.startswith(error)
        clock.at += timedelta(seconds=SCHEDULE[0])
        assert deliverer.once() == {"delivered": 1}
        assert receiver.ids() == [message] * 2
    close_database(database)


def test_an_answer_without_an_end_is_not_read_to_its_end(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    add(database, receiver.url)
    tell(database)
    receiver.script = [endless]
    assert make().once() == {"delivered": 1}


def test_nobody_at_the_address_is_tried_again(database: Database, make: MAKE) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    add(database, f"http://127.0.0.1:{port}/")
    tell(database)
    assert make().once() == {"pending": 1}
    assert only(database).last_error == "cannot connect: Connection refused"


@pytest.mark.parametrize(
    ("host", "trusted", "words"),
    [
        ("localhost", False, "the certificate is not good: self-signed certificate"),
        ("127.0.0.1", True, "the certificate is not good: IP address mismatch"),
    ],
    ids=["of nobody we trust", "of another name"],
)
def test_a_bad_certificate_gets_nothing(
    database: Database, make: MAKE, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, words: str
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with receiving("https") as receiver:
        add(database, receiver.url.replace("127.0.0.1", host))
        tell(database)
        assert make().once() == {"pending": 1}
        assert (only(database).last_error.startswith(words), receiver.received) == (True, [])


def test_an_address_that_is_no_longer_allowed_gets_nothing(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    add(database, receiver.url)
    add(database, f"http://localhost:{receiver.port}/")
    tell(database)
    assert make(private_webhooks=False).once() == {"pending": 2}
    assert receiver.received == []
    said = {each.last_error for each in kept(database)}
    assert {error.partition(", ")[0] for error in said} == {
        f"the URL is no longer allowed: it is on {host}" for host in ("127.0.0.1", "localhost")
    }
    assert all(error.endswith("unless the operator sets WEBHOOK_PRIVATE_ADDRESSES=yes") for error in said)


def test_410_disables_the_webhook_and_keeps_what_is_pending(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    webhook = add(database, receiver.url)
    told = tell_many(database, 3)
    receiver.script = [410]
    assert make().once() == {"dead": 1}
    assert (found(database, webhook).state, found(database, webhook).cause) == ("disabled", "it answered 410 Gone")
    assert kept(database, "dead")[0].last_error == "answered 410: the webhook is gone"
    tell(database)
    assert (len(kept(database)), make().once()) == (3, {}), "nothing new is meant for it, and nothing is sent"
    writing(database, lambda: webhooks.enable(database, webhook.id))
    assert make().once() == {"delivered": 2}
    assert receiver.ids() == told


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ("120", 120),
        (format_datetime(NOW + timedelta(minutes=7), usegmt=True), 420),
        (format_datetime(NOW - timedelta(minutes=7), usegmt=True), 5),
        ("2", 5),
        ("soon", 5),
        ("99999999999", 86_400),
        (None, 5),
    ],
    ids=["seconds", "a date", "a past date", "sooner than the schedule", "nonsense", "for ever", "none"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_asks_for_time_gets_it(status: int, header: str | None, waits: int) -> None:
    outcome = verdict(Posted(status, "", header or ""), 0, SCHEDULE, 0.0, NOW)
    assert (outcome.state, outcome.again_after) == ("pending", timedelta(seconds=waits))


def test_a_receiver_that_asks_for_time_is_left_alone_altogether(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    add(database, receiver.url)
    told = tell_many(database, 3)
    receiver.script = [Says(429, {"Retry-After": "3600"})]
    assert make().once() == {"pending": 1}
    assert [each.attempts for each in kept(database)] == [0, 0, 1], "the others were not tried in vain"
    clock.at += timedelta(seconds=3_599)
    assert make().once() == {}
    clock.at += timedelta(seconds=1)
    assert make().once() == {"delivered": 3}
    assert receiver.ids() == [told[0], *told]


def test_messages_come_in_order_and_one_that_fails_does_not_stop_the_others(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    add(database, receiver.url)
    told = tell_many(database, 5)
    receiver.script = [204, 500]
    assert make().once() == {"delivered": 4, "pending": 1}
    clock.at += timedelta(seconds=5)
    assert make().once() == {"delivered": 1}
    assert receiver.ids() == [*told, told[1]]


def test_more_than_a_batch_is_delivered_in_order(database: Database, receiver: ScriptedReceiver, make: MAKE) -> None:
    add(database, receiver.url)
    told = tell_many(database, deliveries.BATCH * 2 + 1)
    assert make().once() == {"delivered": len(told)}
    assert receiver.ids() == told


def test_a_webhook_that_hangs_does_not_keep_the_others_waiting(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    with receiving() as slow:
        slow.script = [slow.hang]
        add(database, slow.url)
        add(database, receiver.url)
        tell(database)
        tell(database)

        # Whoever is quick lets the slow one go: were it not served beside it, nobody ever would.
        def release(_: object) -> None:
            slow.released.set()

        receiver.script = [release]
        ended = make(delivery_timeout_seconds=25).once()
        assert (ended["pending"], len(receiver.received)) == (2, 2)


def test_a_dead_delivery_can_be_made_anew(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    add(database, receiver.url)
    message = tell(database)
    receiver.script = [500, 500]
    deliverer = make(delivery_schedule_seconds=(5,))
    deliverer.once()
    clock.at += timedelta(seconds=5)
    assert deliverer.once() == {"dead": 1}
    (dead,) = kept(database, "dead")
    again = writing(database, lambda: deliveries.redeliver(database, dead.id, clock()))
    assert again is not None
    assert (again.state, again.attempts) == ("pending", 0)
    assert deliverer.once() == {"delivered": 1}
    assert (receiver.ids(), kept(database, "dead")) == ([message] * 3, [])


def test_what_arrived_can_be_sent_again_too_and_what_is_not_there_cannot(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    add(database, receiver.url)
    message = tell(database)
    make().once()
    writing(database, lambda: deliveries.redeliver(database, only(database).id, NOW))
    assert make().once() == {"delivered": 1}
    assert receiver.ids() == [message] * 2
    assert writing(database, lambda: deliveries.redeliver(database, "DL-0", NOW)) is None


def test_every_dead_delivery_can_be_made_anew_at_once(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    kept_one, removed = add(database, receiver.url), add(database, receiver.url)
    tell_many(database, 2)
    execute_in(database, "UPDATE delivery SET state = 'dead'")
    writing(database, lambda: webhooks.remove(database, removed.id))
    assert writing(database, lambda: deliveries.redeliver_dead(database, NOW)) == 2
    assert {each.webhook for each in kept(database)} == {kept_one.id}
    assert make().once() == {"delivered": 2}


def test_a_removed_webhook_gets_nothing_and_its_secret_is_gone(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    webhook = add(database, receiver.url)
    tell(database)
    assert writing(database, lambda: webhooks.remove(database, webhook.id))
    assert (make().once(), receiver.received, kept(database)) == ({}, [], [])
    with reading(database):
        assert rows(database, "SELECT secret, old_secret FROM webhook") == [("", "")]
    assert not writing(database, lambda: webhooks.remove(database, webhook.id))


def test_a_webhook_that_is_added_later_is_told_old_news_only_when_asked(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    old = [tell(database, NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
    tell(database, NOW - timedelta(hours=1), "inquiry.opened")
    webhook = add(database, receiver.url, "points.expired")
    assert make().once() == {}
    since = NOW - timedelta(hours=2)
    assert writing(database, lambda: webhooks.catch_up(database, webhook, since, NOW)) == 2
    assert writing(database, lambda: webhooks.catch_up(database, webhook, since, NOW)) == 0, "not twice"
    assert make().once() == {"delivered": 2}
    assert receiver.ids() == old[1:]


def test_during_the_overlap_of_a_rotation_both_secrets_sign(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    first = add(database, receiver.url)
    overlap = timedelta(hours=24)
    second = writing(database, lambda: webhooks.rotate_secret(database, first.id, NOW, overlap))
    assert second is not None
    good = []
    for at in (NOW, NOW + overlap - timedelta(microseconds=1), NOW + overlap):
        clock.at = at
        tell(database, at)
        assert make().once() == {"delivered": 1}
        request = receiver.received[-1]
        good.append((verifies(request, first.secret), verifies(request, second.secret)))
    assert good == [(True, True), (True, True), (False, True)]
    third = writing(database, lambda: webhooks.rotate_secret(database, first.id, clock(), overlap))
    assert third is not None
    tell(database, clock())
    make().once()
    keys = (first.secret, second.secret, third.secret)
    assert [verifies(receiver.received[-1], key) for key in keys] == [False, True, True]


def test_two_deliverers_at_once_deliver_each_message_once(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    for _ in range(3):
        add(database, receiver.url)
    told = tell_many(database, 20)
    with ThreadPoolExecutor(3) as threads:
        ended = list(threads.map(lambda _: make().once(), range(3)))
    assert sum(each["delivered"] for each in ended) == 60
    assert sorted(receiver.ids()) == sorted(told * 3)


def test_a_lease_that_is_not_given_back_ends_by_itself(
    database: Database, receiver: ScriptedReceiver, make: MAKE, clock: SetClock
) -> None:
    add(database, receiver.url)
    tell(database)
    lease = timedelta(seconds=80)
    assert deliveries.claim(database, "H-gone", NOW, NOW, lease) is not None
    clock.at = NOW + lease - timedelta(microseconds=1)
    assert make().once() == {}
    clock.at = NOW + lease
    assert make().once() == {"delivered": 1}


def test_what_somebody_else_marked_meanwhile_stays_as_it_is(
    database: Database, receiver: ScriptedReceiver, make: MAKE
) -> None:
    webhook = add(database, receiver.url)
    tell(database)
    with reading(database):
        (slow,) = deliveries.due(database, webhook.id, NOW)
    make().once()
    failed = verdict(Posted(500), 0, SCHEDULE, 0.0, NOW)
    writing(database, lambda: deliveries.mark(database, webhook.id, slow, Posted(500), failed, NOW))
    assert (only(database).state, only(database).attempts) == ("delivered", 1)


def execute_in(database: Database, sql: str, *parameters: object) -> None:
    writing(database, lambda: execute(database, sql, parameters))
