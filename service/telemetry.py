"""Spans of requests and decisions for OpenTelemetry: an extra, in use where its standard variables say where to send.

A span holds what a line of the log holds and no more: no id of an account, no body, no words of an error. The id of a
request is that of its span, so that a line of the log, an answer and a span are found by each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from time import perf_counter
from typing import TYPE_CHECKING, Any

from service.config import BadSetting

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# The library that writes OTLP over HTTP calls itself so; the standard's name for it is shorter.
NAMES = {"otlp": "otlp_proto_http"}


def exporter_of(environment: Mapping[str, str]) -> EntryPoint | None:
    """What spans are sent by, as the OTEL_* variables say; None where they ask for nothing. Raises BadSetting."""
    named = environment.get("OTEL_TRACES_EXPORTER", "")
    wanted = named or any(name.startswith("OTEL_EXPORTER_OTLP_") for name in environment)
    if not wanted or named == "none" or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    found = entry_points(group="opentelemetry_traces_exporter", name=NAMES.get(named or "otlp", named))
    for each in found:
        return each
    raise BadSetting(
        f"OTEL_TRACES_EXPORTER is '{named or 'otlp'}', which nothing here sends by:"
        " pip install '.[otel]' brings otlp and console; none sends nothing"
    )


def provider_of(environment: Mapping[str, str]) -> TracerProvider | None:
    """What makes spans and sends them, in the process that is to answer; None where nothing is asked for. Raises
    BadSetting.
    """
    exporter = exporter_of(environment)
    if exporter is None:
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME", "recoup")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter.load()()))
    return provider


class Spans:
    """The spans of one app."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("recoup")
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, environ: Mapping[str, Any], arrived: float) -> Any:
        """The span of a request that was there whole at an instant of `perf_counter`; its parent is who asked."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind

        sent = {name: environ.get(f"HTTP_{name.upper()}") for name in ("traceparent", "tracestate")}
        carrier = {name: value for name, value in sent.items() if value}
        parent = self._propagator.extract(carrier, Context())
        start = time.time_ns() - round((perf_counter() - arrived) * 1e9)
        return self._tracer.start_span("request", parent, SpanKind.SERVER, start_time=start)

    def end(self, span: Any, method: str, route: str, status: int, code: str) -> None:
        """End the span of a request that was answered."""
        from opentelemetry.trace import StatusCode

        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
        if code:
            span.set_attribute("recoup.refusal", code)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()

    @contextmanager
    def deciding(self, parent: Any) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """A span for a decision inside that of its request; it is told what was decided."""
        from opentelemetry.trace import set_span_in_context

        span = self._tracer.start_span("decide", set_span_in_context(parent))

        def decided(decision: Mapping[str, Any]) -> None:
            of_recoup = {name: decision[name] for name in ("policy", "version", "outcome")}
            span.set_attributes({f"recoup.{name}": value for name, value in of_recoup.items()})

        try:
            yield decided
        finally:
            span.end()
