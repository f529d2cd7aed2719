"""What Prometheus reads is what happened, and how things stand; no more series than there are routes and rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service.audit_log import sign_head
from service.config import Settings
from service.database import Database, close_database, execute, open_database, writing
from service.log.notes import Signer
from service.metrics import METRICS, Metrics
from service.parts import EXTENSION
from service.publishing import publish
from tests.service.builders import LIFE, NOW, POLICY, SetClock, asking, lot_facts, open_account

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Every sample by its name and its labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return samples(answer.get_data(as_text=True))


def at(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def grown(before: Samples, after: Samples, name: str, **labels: str) -> float:
    return at(after, name, **labels) - at(before, name, **labels)


def test_requests_decisions_and_reasons_are_counted_once_each(client: FlaskClient) -> None:
    before = read(client)
    filing = {"account": "A", "request": asking(7_000, method="cash")}
    for sent in ("a", "a", "b"):
        client.post("/v1/refund-requests", json=filing, headers=key(sent))
    client.post("/v1/decisions", json={"account": "A", "request": asking(50_001)})
    client.post("/v1/decisions", json={"account": "A", "request": asking(50_001), "dry_run": True})
    for path in ("/v1/x", "/v1/y", "/v1/accounts/A", "/v1/accounts/B", "/v1/accounts/C"):
        client.get(path)
    client.open("/v1/z", method="BREW")
    after = read(client)

    def requests(method: str, route: str, status: int) -> float:
        return grown(before, after, "recoup_requests_total", method=method, route=route, status=str(status))

    assert requests("POST", "/v1/refund-requests", 201) == 3
    assert (requests("POST", "/v1/decisions", 201), requests("POST", "/v1/decisions", 200)) == (1, 1)
    assert (requests("GET", "unknown", 404), requests("other", "unknown", 404)) == (2, 1)
    assert (requests("GET", "/v1/accounts/{id}", 200), requests("GET", "/v1/accounts/{id}", 404)) == (1, 2)
    assert grown(before, after, "recoup_request_seconds_count", route="/v1/accounts/{id}") == 3
    # The key that was sent again and the dry run decided nothing that was kept.
    for outcome, times in (("approved", 2), ("denied", 1), ("needs_review", 0)):
        labels = {"policy": "small", "version": "1", "outcome": outcome}
        assert grown(before, after, "recoup_decisions_total", **labels) == times
    assert grown(before, after, "recoup_reasons_total", policy="small", rule="monthly") == 1
    assert grown(before, after, "recoup_reasons_total", policy="small", rule="fee") == 2


def test_what_waits_is_counted_with_the_age_of_the_oldest(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    queues = ("outbox", "deliveries", "reviews", "events", "inquiries")
    publish(database, (POLICY + LIFE).encode(), "small.yaml", NOW)
    open_account(database, lot_facts(50_000), name="B")
    client.post("/v1/webhooks", json={"url": "https://example.com/"})
    filing = {"account": "B", "request": asking(45_000, method="credit")}
    assert client.post("/v1/refund-requests", json=filing, headers=key("a")).get_json()["state"] == "needs_review"
    undo = {"id": "E-2", "account": "A", "type": "purchase_cancelled", "of": "E-1", "amount": 1}
    assert client.post("/v1/events", json=undo | {"happened_at": "2026-03-01T00:00:00Z"}).status_code == 202
    question = {"account": "A", "kind": "question", "text": "?"}
    assert client.post("/v1/inquiries", json=question, headers=key("i")).status_code == 201
    clock.at = NOW + timedelta(minutes=2)
    found = read(client)
    waiting = [at(found, "recoup_waiting", queue=queue) for queue in queues]
    assert waiting[2:] == [1, 1, 1]
    # What happened before the webhook was added is no delivery.
    assert waiting[0] >= waiting[1] >= 1
    assert {at(found, "recoup_waiting_oldest_seconds", queue=queue) for queue in queues} == {120}
    assert (at(found, "recoup_database_up"), at(found, "recoup_policy_version", policy="small")) == (1, 2)
    # What was placed waits no longer, and what was given up is counted by itself.
    client.get("/v1/messages")
    writing(database, lambda: execute(database, "UPDATE delivery SET state = 'dead'"))
    later = read(client)
    assert at(later, "recoup_waiting", queue="outbox") == 0
    assert (at(later, "recoup_waiting", queue="deliveries"), at(later, "recoup_deliveries_dead")) == (0, waiting[1])


def test_the_log_tells_what_nobody_signed(client: FlaskClient, database: Database, signer: Signer) -> None:
    before = read(client)
    # A clock that is ahead makes no age that is below zero.
    sign_head(database, [signer], NOW + timedelta(seconds=1))
    signed = read(client)
    client.post("/v1/decisions", json={"account": "A", "request": asking(1_000)})
    after = read(client)
    unsigned = [at(each, "recoup_log_unsigned_leaves") for each in (before, signed, after)]
    assert unsigned[0] > 0
    assert unsigned[1:] == [0, 1]
    age = ("recoup_log_checkpoint_age_seconds", frozenset[tuple[str, str]]())
    assert (age in before, after[age]) == (False, 0)


def test_a_database_that_is_away_is_told_beside_what_was_counted(client: FlaskClient) -> None:
    app = client.application
    parts, away = app.extensions[EXTENSION], open_database(Settings(database_url="sqlite:////nowhere/x.db"))
    metrics = Metrics(away, parts.versions, parts.clock)
    metrics.answered("GET", "/", 200, 0.01)
    found = samples(metrics.text().decode())
    close_database(away)
    assert (
        at(found, "recoup_database_up"),
        at(found, "recoup_requests_total", route="/", method="GET", status="200"),
    ) == (*(0, 1),)


def test_only_an_operator_reads_them_unless_everybody_may(client: FlaskClient) -> None:
    extensions = client.application.extensions
    parts = extensions[EXTENSION]
    try:
        for metrics, status in (("keys", 401), ("open", 200)):
            extensions[EXTENSION] = replace(parts, settings=replace(parts.settings, access="keys", metrics=metrics))
            assert (client.get("/metrics").status_code, client.get("/v1/policies").status_code) == (status, 401)
    finally:
        extensions[EXTENSION] = parts


def test_the_page_for_operators_names_every_metric_with_its_labels(client: FlaskClient, database: Database) -> None:
    audit_log_of = re.findall(r"^\| `(recoup_[a-z_]+)` \| (.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in audit_log_of}
    assert told == {name: metric.labels for name, metric in METRICS.items()}
