"""What the API says about how the service runs: its operations and the shapes of their answers, for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service.reference_operation import Operation
from service.reference_shapes import Schema, object_of

SHAPES: dict[str, Schema] = {
    "Running": object_of({"state": {"type": "string", "enum": ["alive", "ready"]}}, "How the service runs."),
}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "get",
        "/metrics",
        "running",
        "What Prometheus reads: rates, latencies, decisions, reasons, queues and lags of all processes",
        {200: ""},
        ("bad-request",),
        about="Everybody may read it where the service is started with `METRICS=open`.",
        also=("text/plain",),
    ),
    Operation(
        "get",
        "/healthz",
        "running",
        "Whether this process answers",
        {200: "Running"},
        ("bad-request",),
        about="It looks at nothing else, not even at the database.",
    ),
    Operation(
        "get",
        "/readyz",
        "running",
        "Whether requests can be sent to this process",
        {200: "Running"},
        ("bad-request", "not-ready"),
        about="The database is there, its tables are those of this Recoup, and a policy is in force.",
    ),
)
