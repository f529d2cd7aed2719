"""The parts of refund requests that were filed, as JSON Schema for the reference."""

from __future__ import annotations

from service.reference_shapes import (
    AMOUNT,
    DAY_OR_NONE,
    HELD_UNTIL,
    INSTANT,
    METHOD,
    NEXT,
    TEXT,
    TEXT_OR_NONE,
    Schema,
    list_of,
    object_of,
    ref,
)

FILED_LINE: dict[str, Schema] = {
    "id": TEXT,
    "account": TEXT,
    "state": {"type": "string", "description": "The outcome, until the request is settled or given up."},
    "points": AMOUNT,
    "method": METHOD,
    "fee": AMOUNT,
    "payout": AMOUNT,
    "payable_on": DAY_OR_NONE,
    "requested_at": INSTANT,
    "moved_at": {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When its last move was made; null where none was.",
    },
    "decision_id": TEXT,
    "last_held_on": HELD_UNTIL,
    "allowed": {"type": "array", "items": TEXT, "description": "The moves that the state allows."},
}
HOLDS = list_of(object_of({"lot": TEXT, "points": AMOUNT, "state": TEXT}))
MOVE = object_of(
    {
        "name": TEXT,
        "before": TEXT,
        "state": TEXT,
        "by": {**TEXT_OR_NONE, "description": "Who made it; null for the service itself, or where nobody was named."},
        "reason": TEXT_OR_NONE,
        "moved_at": INSTANT,
    },
    "A step in the life of a refund request.",
)
LIFE: dict[str, Schema] = {
    "holds": HOLDS,
    "moves": list_of(MOVE),
}
FILED = object_of({**FILED_LINE, **LIFE}, "A refund request, the points that it holds, and its life so far.")
JUST_FILED = object_of(
    {**FILED_LINE, **LIFE, "decision": ref("Decision")}, "A refund request with the decision it got."
)
DAMAGED = object_of(
    {
        **{name: FILED_LINE[name] for name in ("id", "account", "state", "points", "method", "requested_at")},
        "decision_id": TEXT,
        "detail": {"type": "string", "description": "What is wrong with the record of that decision."},
    }
)
FILED_PAGE = object_of(
    {
        "refund_requests": list_of(object_of(FILED_LINE)),
        "damaged": {
            **list_of(DAMAGED),
            "description": "Those of this page whose decision is not what was written: somebody changed the database.",
        },
        "next": NEXT,
    }
)

REQUEST_SHAPES: dict[str, Schema] = {
    "RefundRequest": FILED,
    "JustFiled": JUST_FILED,
    "RefundRequests": FILED_PAGE,
}
