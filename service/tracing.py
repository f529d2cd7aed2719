"""Which request is which: an id for each, and the trace (W3C Trace Context) of which it is a part."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

from flask import current_app, g, request

from service.one_at_a_time import ARRIVED
from service.trace_context import TRACEPARENT

# Version 00 has four fields; a later one may have more behind them, and is read by these.
NAMED = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z]+)>")
SPANS = "recoup-spans"
"""Among the extensions of an app: the `Spans` of `telemetry.py`, where OpenTelemetry is in use."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Asked:
    """A request as it is counted and written down: nothing in here was made up by whoever asks, but for the trace."""

    id: str
    trace: str
    arrived: float
    code: str = ""
    """The kind of refusal, where it was refused."""
    span: Any = None
    """Where OpenTelemetry is in use."""


def trace_of(traceparent: str | None) -> tuple[str, bool]:
    """The id of the trace that a caller names, and whether it is recorded; a new one where none is named as the
    standard says.

    >>> trace_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    ('0af7651916cd43dd8448eb211c80319c', True)
    >>> len(trace_of("00-00000000000000000000000000000000-b7ad6b7169203331-01")[0].strip("0")) > 0
    True
    """
    found = traceparent and NAMED.fullmatch(traceparent)
    if not found or (found[1] == "00" and found[5] is not None):
        return secrets.token_hex(16), False
    return found[2], int(found[4], 16) % 2 == 1


def asked() -> Asked:
    """The request that is being answered."""
    found: Asked | None = g.get("asked")
    if found is None:
        environ = request.environ
        arrived = environ.get(ARRIVED) or perf_counter()
        spans = current_app.extensions.get(SPANS)
        if spans is None:
            trace, recorded = trace_of(environ.get("HTTP_TRACEPARENT"))
            found = Asked(secrets.token_hex(8), trace, arrived)
        else:
            span = spans.begin(environ, arrived)
            context = span.get_span_context()
            found = Asked(f"{context.span_id:016x}", f"{context.trace_id:032x}", arrived, span=span)
            recorded = context.trace_flags.sampled
        g.asked = found
        TRACEPARENT.set(f"00-{found.trace}-{found.id}-{recorded:02x}")
    return found


def ended(status: int) -> None:
    """End the span of the request that was answered, where there is one."""
    about = asked()
    if about.span is not None:
        current_app.extensions[SPANS].end(about.span, method(), route(), status, about.code)


def forget(_: BaseException | None) -> None:
    """What this thread does next is not for the request that it answered."""
    TRACEPARENT.set("")


def deciding() -> AbstractContextManager[Callable[[Mapping[str, Any]], None]]:
    """Inside, a decision is made, and told to what is given: that is a span where OpenTelemetry is in use."""
    span = asked().span
    found: AbstractContextManager[Callable[[Mapping[str, Any]], None]]
    found = nullcontext(_untold) if span is None else current_app.extensions[SPANS].deciding(span)
    return found


def _untold(_: Mapping[str, Any]) -> None:
    pass


def route() -> str:
    """The address that is asked for, as a route names it: never what stands in the place of an id."""
    return "unknown" if request.url_rule is None else template(request.url_rule.rule)


@cache
def template(rule: str) -> str:
    """A route as the reference writes it.

    >>> template("/v1/audit/entries/<int:seq>")
    '/v1/audit/entries/{seq}'
    """
    return PARAMETER.sub(r"{\1}", rule)


def method() -> str:
    """The method that is asked for; a caller may make one up."""
    return request.method if request.method in METHODS else "other"
