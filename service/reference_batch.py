"""What the API says about many decisions at once: the operation and the shapes of its answers, for the reference."""

from __future__ import annotations

from service import reference_examples
from service.reference_operation import Operation
from service.reference_shapes import Schema, list_of, object_of, ref
from service.shapes_batch import DECISIONS_IN

RESULT: dict[str, Schema] = {
    "status": {"type": "integer", "description": "The status that it would have been answered with by itself."},
    "decision": ref("Decision"),
    "problem": ref("Problem"),
}
LINE: dict[str, Schema] = {"line": {"type": "integer", "minimum": 1, "description": "The number of its line."}}
EITHER = ("decision", "problem")
SHAPES: dict[str, Schema] = {
    "DecisionResult": object_of(RESULT, "A decision, or why there is none.", rarely=EITHER),
    "DecisionResults": object_of({"results": list_of(ref("DecisionResult"))}, "One result for each item, in order."),
    "DecisionLine": object_of(LINE | RESULT, "A decision, or why there is none.", rarely=EITHER),
}
OPERATION = Operation(
    "post",
    "/v1/decisions:batch",
    "decisions",
    "Judge many refund requests without filing them",
    {200: "DecisionResults"},
    (
        *(
            "unreadable-json",
            "bad-request",
            "too-slow",
            "too-large",
            "unsupported-media-type",
            "not-acceptable",
            "line-too-long",
        ),
        *("unknown-account", "other-policy", "not-in-force", "account-does-not-fit", "rules-conflict"),
        *("unknown-policy", "policy-required"),
    ),
    about="Up to 1,000 as `items`, or any number as `application/x-ndjson`, one a line, answered line by line while"
    " the others still come. Each is judged, recorded or refused by itself, as by `POST /v1/decisions`.",
    body=DECISIONS_IN,
    examples=(("two", "Two stored accounts", reference_examples.MANY),),
    lines=("DecisionIn", "DecisionLine"),
)
