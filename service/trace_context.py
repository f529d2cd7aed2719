"""The trace (W3C Trace Context) of the request that is being answered, for whatever is written because of it."""

from __future__ import annotations

from contextvars import ContextVar

TRACEPARENT: ContextVar[str] = ContextVar("traceparent", default="")
"""As the header is written, with the request as the parent; "" where nobody asked, as in a command."""
