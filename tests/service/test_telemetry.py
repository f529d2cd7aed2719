"""Spans for OpenTelemetry: a request is one, with who asked as its parent, and its decision is one inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import BadSetting, Settings
from service.database import Database, close_database, open_database
from service.parts import EXTENSION
from service.telemetry import exporter_of
from tests.service.builders import SetClock, asking, lot_facts, open_account, publish_small

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{PARENT}-01", "Idempotency-Key": "SECRET"}


@pytest.fixture
def kept() -> Any:
    """Where spans are kept in memory."""
    return pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter").InMemorySpanExporter()


@pytest.fixture
def traced(sqlite_url: str, clock: SetClock, kept: Any) -> Iterator[FlaskClient]:
    """The service on a fresh SQLite file, whose spans are kept."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    provider = sdk.TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(pytest.importorskip("opentelemetry.sdk.trace.export").SimpleSpanProcessor(kept))
    database: Database = open_database(Settings(database_url=sqlite_url))
    publish_small(database)
    open_account(database, lot_facts(10_000), name="A-SECRET")
    close_database(database)
    app = create_app(Settings(database_url=sqlite_url, access="open", check_drafts=False), clock, provider)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def test_a_filing_is_a_span_of_the_caller_s_trace_with_its_decision_inside(traced: FlaskClient, kept: Any) -> None:
    filing = {"account": "A-SECRET", "request": asking(1_000, receiving_account="RA-SECRET")}
    answer = traced.post("/v1/refund-requests?lang=ko", json=filing, headers=HEADERS)
    decision, request = kept.get_finished_spans()
    assert (answer.status_code, request.name, decision.name) == (201, "POST /v1/refund-requests", "decide")
    assert {f"{span.context.trace_id:032x}" for span in (decision, request)} == {TRACE}
    assert f"{request.parent.span_id:016x}" == PARENT
    assert f"{request.context.span_id:016x}" == answer.headers["X-Request-Id"]
    assert decision.parent.span_id == request.context.span_id
    assert dict(decision.attributes) == {"recoup.policy": "small", "recoup.version": 1, "recoup.outcome": "approved"}
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/refund-requests",
        "http.response.status_code": 201,
    }
    assert "SECRET" not in decision.to_json() + request.to_json()


def test_a_request_of_no_trace_begins_one(traced: FlaskClient, kept: Any) -> None:
    traced.get("/v1/accounts/SECRET", headers={"traceparent": "00-SECRET"})
    (request,) = kept.get_finished_spans()
    assert (request.parent, request.name) == (None, "GET /v1/accounts/{id}")
    assert request.attributes["recoup.refusal"] == "not-found"
    assert "SECRET" not in request.to_json()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
    ],
    ids=["nothing", "a name alone", "none", "disabled"],
)
def test_nothing_is_sent_unless_it_is_asked_for(environment: dict[str, str]) -> None:
    assert exporter_of(environment) is None


def test_what_is_asked_for_is_found_or_refused_by_name() -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    for environment, name in (
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, "otlp_proto_http"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp_proto_http"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
    ):
        found = exporter_of(environment)
        assert found is not None
        assert (found.name, callable(found.load())) == (name, True)
    with pytest.raises(BadSetting, match=r"OTEL_TRACES_EXPORTER is 'smoke', which nothing here sends by: pip install"):
        exporter_of({"OTEL_TRACES_EXPORTER": "smoke"})
