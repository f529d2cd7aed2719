"""What the API says of shadows: a text that is decided beside the one in force; for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service.reference_operation import Operation
from service.reference_publishing import OF_A_BODY
from service.reference_shapes import (
    AMOUNT,
    INSTANT,
    METHOD,
    NEXT,
    OUTCOME,
    TEXT,
    TEXT_OR_NONE,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)
from service.shadows import FAILURES, SIDES, STATES
from service.shapes_publishing import DIFFERENCES_QUERY, SHADOW_IN

FAILURE: Schema = {"type": "string", "enum": list(FAILURES)}
SIDE = object_of(
    {
        "outcome": OUTCOME,
        "points": AMOUNT,
        "fee": AMOUNT,
        "payout": AMOUNT,
        "reasons": {"type": "array", "items": TEXT, "description": "The rules that spoke, by their ids."},
    },
    "A decision in short.",
)
SHADOW = object_of(
    {
        "id": TEXT,
        "policy": TEXT,
        "draft": {**TEXT_OR_NONE, "description": "null where a rule file was handed in."},
        "digest": TEXT,
        "state": {
            "type": "string",
            "enum": list(STATES),
            "description": "`ending`: stopped, with decisions of before that it has still to decide.",
        },
        "started_by": TEXT,
        "started_at": INSTANT,
        "ended_by": TEXT_OR_NONE,
        "ended_at": {"type": ["string", "null"], "format": "date-time"},
        "in_force_as": {
            "type": ["integer", "null"],
            "description": "The version that its draft became, where that came into force and so ended it; nobody did.",
        },
        "counts": object_of(
            {
                "decided": {**AMOUNT, "description": "`same`, `different` and `failed`."},
                "same": AMOUNT,
                "different": AMOUNT,
                "failed": {**AMOUNT, "description": "Those that it could not decide."},
                "erased": {**AMOUNT, "description": "Those that were erased before it came to them."},
                "waiting": {**AMOUNT, "description": "Those that it has still to decide; 10,000: or more."},
            },
            "How many decisions.",
        ),
        "payout": object_of(
            {"in_force": AMOUNT, "shadow": AMOUNT, "difference": WHOLE},
            "What was decided to be paid out, in all; provisional where a person has to look.",
        ),
        "outcomes": list_of(
            object_of(
                {
                    "method": METHOD,
                    "in_force": OUTCOME,
                    "shadow": OUTCOME,
                    "same": {"type": "boolean", "description": "Whether nothing else differs either."},
                    "decisions": AMOUNT,
                    "payout_difference": WHOLE,
                }
            )
        ),
        "reasons": {
            **list_of(object_of({"rule": TEXT, "only": {"type": "string", "enum": list(SIDES)}, "decisions": AMOUNT})),
            "description": "In how many decisions a rule spoke on one side only.",
        },
        "failures": list_of(object_of({"failure": FAILURE, "decisions": AMOUNT})),
    },
    "A text that is decided beside the one in force, and what came of it so far.",
)
DIFFERENCE = object_of(
    {
        "id": {"type": "string", "description": "The decision: `GET /v1/decisions/{id}`."},
        "differs_in": {
            "type": "array",
            "items": TEXT,
            "description": "Which parts of the decision differ; empty where it could not be decided.",
        },
        "in_force": SIDE,
        "shadow": {"oneOf": [SIDE, {"type": "null"}]},
        "failure": {"oneOf": [FAILURE, {"type": "null"}]},
        "payout_difference": {"type": ["integer", "null"]},
    },
    "A decision that the shadow decides otherwise, or cannot decide.",
)
SHAPES: dict[str, Schema] = {
    "Shadow": SHADOW,
    "ShadowDifference": DIFFERENCE,
    "ShadowDifferences": object_of({"differences": list_of(ref("ShadowDifference")), "next": NEXT}),
}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "post",
        "/v1/policies/{id}/shadow",
        "policies",
        "Have a text decided beside the one in force",
        {201: "Shadow"},
        (*OF_A_BODY, "not-found", "illegal-move", "draft-has-problems"),
        about="From now on every decision of the policy that is kept, recorded or filed, is decided by it too, after it"
        " was answered: the text answers nobody. It ends when it is stopped, or when its draft comes into force. What"
        " was decided otherwise is kept in short, without facts; of an earlier shadow only the counts stay.",
        body=SHADOW_IN,
        examples=(("draft", "A draft", {"draft": "P-01K5M2W8Q3ZV4N7R9T0XYB6C1E"}),),
    ),
    Operation(
        "get",
        "/v1/policies/{id}/shadow",
        "policies",
        "The newest shadow of a policy, and what came of it so far",
        {200: "Shadow"},
        ("bad-request", "not-found"),
    ),
    Operation(
        "post",
        "/v1/policies/{id}/shadow/stop",
        "policies",
        "Stop the shadow of a policy",
        {200: "Shadow"},
        ("bad-request", "not-found", "illegal-move"),
        about="What was decided until now is still decided by it.",
    ),
    Operation(
        "get",
        "/v1/policies/{id}/shadow/differences",
        "policies",
        "What a shadow decides otherwise, or cannot decide",
        {200: "ShadowDifferences"},
        ("bad-request", "not-found"),
        about="The thousand newest of them, and the thousand whose payouts are furthest apart, are kept.",
        query=DIFFERENCES_QUERY,
    ),
)
