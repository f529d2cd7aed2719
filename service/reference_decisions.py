"""What the API says to auditors about decisions: its operations and the shapes of their answers, for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service.reference_operation import Operation
from service.reference_publishing import VERSION, VERSION_LINE
from service.reference_shapes import (
    AMOUNT,
    DAY,
    ERASED,
    INSTANT,
    KEPT_DECISION,
    OUTCOME,
    TEXT,
    TEXT_OR_NONE,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)
from service.shapes_audit import DECISIONS_QUERY, READS_QUERY

NEXT: Schema = {**TEXT_OR_NONE, "description": "Where the next page is."}
ADDRESS: Schema = {"type": "string", "description": "Where it is to be had."}
AMOUNTS = ("points", "gross", "fee", "tax", "offset", "payout")
AMOUNT_OR_NONE: Schema = {"type": ["integer", "null"]}
LINE = object_of(
    {
        "id": TEXT,
        "decided_at": INSTANT,
        "as_of": INSTANT,
        "requested_on": DAY,
        "account": TEXT,
        "policy": TEXT,
        "version": WHOLE,
        "digest": TEXT,
        "outcome": OUTCOME,
        **dict.fromkeys(AMOUNTS, AMOUNT),
        "reasons": {**list_of(TEXT), "description": "The rules that spoke of the request."},
        "rules": {**list_of(TEXT), "description": "These, and the rules that spoke only of lots."},
        "erased": ERASED,
    },
    "A decision in a list.",
    rarely=("erased",),
)
DAMAGED = object_of(
    {
        "id": TEXT,
        "detail": {"type": "string", "description": "What is wrong with its record."},
        "row": object_of(
            {
                **dict.fromkeys(("account", "policy", "digest", "outcome", "as_of"), TEXT_OR_NONE),
                "points": AMOUNT_OR_NONE,
            },
            "What stands beside the record, by which it was found; null for what is not even of its type.",
        ),
        "replay": ADDRESS,
    },
    "A decision whose record is not what was written.",
)
WHOLE_DECISION = object_of(
    {
        **KEPT_DECISION["properties"],
        "text": object_of({**VERSION_LINE, "address": ADDRESS}, "The text that it was made by."),
        "leaf": object_of(
            {"seq": AMOUNT, "digest": TEXT, "leaf_hash": TEXT, "entry": ADDRESS, "inclusion": ADDRESS},
            "Its leaf of the log: the place, the digest that the leaf holds, and the hash of the leaf in base64.",
        ),
        "refund_request": {
            **TEXT_OR_NONE,
            "description": "Where the request is that was filed with it, and its moves.",
        },
        "explanation": ADDRESS,
        "reads": {**ADDRESS, "description": "Who was shown it."},
    },
    "All that is kept of a decision, and where it stands in the log.",
    rarely=("erased",),
)
READ = object_of(
    {
        "id": WHOLE,
        "decision": {**TEXT_OR_NONE, "description": "null: all that were signed, by an export."},
        "reader": {
            "type": "string",
            "description": 'The name of the key or token; "member" for a member; "anyone" where no key is asked for;'
            " for a command, who ran it.",
        },
        "key": {**TEXT_OR_NONE, "description": "Who vouches for the name: the id of the key, or the issuer."},
        "roles": {**list_of(TEXT), "description": "The roles by which it was allowed."},
        "address": {"type": "string", "description": "What was asked for, or the command."},
        "read_at": INSTANT,
    },
    "Somebody was shown a decision.",
)
SHAPES: dict[str, Schema] = {
    "FoundDecisions": object_of(
        {
            "decisions": list_of(LINE),
            "damaged": {
                **list_of(ref("DamagedDecision")),
                "description": "Those of this page whose record is not what was written. They are not in `decisions`.",
            },
            "next": NEXT,
        }
    ),
    "DamagedDecision": DAMAGED,
    "WholeDecision": WHOLE_DECISION,
    "Replay": object_of(
        {
            "id": TEXT,
            "again": {"type": "boolean", "description": "Whether its case could be decided at all."},
            "erased": {"type": "boolean", "description": "Whether its case was erased after its time."},
            "differences": {
                **list_of(TEXT),
                "description": "Each place where it differs from the record, as a sentence; none: the same throughout.",
            },
            "engine": {**TEXT, "description": "The version of the engine that decided now."},
            "recorded": object_of(
                {
                    **dict.fromkeys(("digest", "engine", "outcome"), TEXT_OR_NONE),
                    **dict.fromkeys(AMOUNTS, AMOUNT_OR_NONE),
                },
                "What the record says of the same, and by which text and engine; null where it cannot be read.",
            ),
            "now": {
                **object_of({"outcome": OUTCOME, **dict.fromkeys(AMOUNTS, AMOUNT)}),
                "type": ["object", "null"],
                "description": "What it comes to now; null where it cannot be decided.",
            },
        },
        "A decision made again from what is kept of it.",
    ),
    "Reads": object_of({"reads": list_of(READ), "next": NEXT}),
    "KeptVersion": object_of(
        {
            **VERSION["properties"],
            "holidays": {**list_of(DAY), "description": "The holidays that it was published with."},
        },
        "A published text, and all else that its digest covers.",
    ),
}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "get",
        "/v1/audit/decisions",
        "audit",
        "Find decisions, the newest first",
        {200: "FoundDecisions"},
        ("bad-request", "read-not-recorded"),
        about="By the instant that they were made for. All that is asked for has to hold. From page to page you see"
        " everything that was there when you began, once, whatever is decided meanwhile.",
        query=DECISIONS_QUERY,
    ),
    Operation(
        "get",
        "/v1/audit/decisions/{id}",
        "audit",
        "All that is kept of a decision",
        {200: "WholeDecision"},
        ("bad-request", "not-found", "read-not-recorded"),
        about="The facts, the reasons, the trace, the engine, the digest of the text, and the place in the log.",
    ),
    Operation(
        "get",
        "/v1/audit/decisions/{id}/replay",
        "audit",
        "Make a decision again, and compare it with its record",
        {200: "Replay"},
        ("bad-request", "not-found", "read-not-recorded"),
        about="From the kept case, by the kept text of its digest. Everything is compared but which engine decided.",
    ),
    Operation(
        "get",
        "/v1/audit/reads",
        "audit",
        "Who was shown which decision, the newest first",
        {200: "Reads"},
        ("bad-request",),
        about="Recorded before it is shown. Days are in UTC.",
        query=READS_QUERY,
    ),
    Operation(
        "get",
        "/v1/audit/versions/{digest}",
        "audit",
        "A published text by its digest",
        {200: "KeptVersion"},
        ("bad-request", "not-found"),
        about="Kept for ever, also when it is in force no longer.",
    ),
)
