"""What is written to stderr: one line for each request and for whatever else is worth telling, as JSON or as text.

A line never holds a key, an id of an account, a body or a query. So it names the route and not the path, and of an
error its type and where it happened, but not its words, in which values may stand.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import has_request_context

from service.tracing import asked, method, route

log = logging.getLogger("recoup.requests")


def write_as(form: str) -> None:
    """Have this process write its log to stderr as `json` or `text`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if form == "json" else Plain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    logging.getLogger("recoup").setLevel(logging.INFO)
    logging.captureWarnings(True)


def log_request(status: int, seconds: float) -> None:
    """Write down the request that was answered."""
    if log.isEnabledFor(logging.INFO):
        record = logging.LogRecord(log.name, logging.INFO, __file__, 0, "request", (), None)
        record.__dict__["told"] = {
            "method": method(),
            "route": route(),
            "status": status,
            "milliseconds": round(seconds * 1_000, 3),
            "code": asked().code,
        }
        log.handle(record)


class Json(logging.Formatter):
    """A line of JSON for a record."""

    def format(self, record: logging.LogRecord) -> str:
        return msgspec.json.encode(_fields(record)).decode()


class Plain(logging.Formatter):
    """A line for people, and the lines of a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        head = [fields.pop(name) for name in ("at", "level", "logger", "message")]
        frames = fields.pop("traceback", ())
        figures = [f"{name}={value}" for name, value in fields.items()]
        return "\n  ".join([" ".join([*head, *figures]), *frames])


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
    fields: dict[str, Any] = {
        "at": at.isoformat(timespec="milliseconds") + "Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    fields |= {name: value for name, value in getattr(record, "told", {}).items() if value != ""}
    if has_request_context():
        fields |= {"request": asked().id, "trace": asked().trace}
    if record.exc_info and record.exc_info[1] is not None:
        fields |= {"error": type(record.exc_info[1]).__name__, "traceback": [*_frames(record.exc_info[1])]}
    return fields


def _frames(error: BaseException) -> Iterator[str]:
    """Where an error happened, the last call last; and where the one happened that it came from."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _frames(before)
        yield f"then {type(error).__name__}"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
