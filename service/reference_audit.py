"""What the API says about the log: its operations and the shapes of their answers, for the reference."""

from __future__ import annotations

from collections.abc import Sequence

from service.audit_log import KINDS
from service.reference_operation import Operation
from service.reference_shapes import AMOUNT, INSTANT, Schema, object_of
from service.shapes_audit import CONSISTENCY_QUERY, INCLUSION_QUERY

HASH: Schema = {"type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$", "description": "A SHA-256, in base64."}
HASHES: Schema = {"type": "array", "items": HASH, "description": "The proof, as RFC 9162 has it."}
SHAPES: dict[str, Schema] = {
    "Checkpoint": object_of(
        {
            "origin": {"type": "string", "description": "The name of the log."},
            "size": {**AMOUNT, "description": "How many leaves it covers."},
            "root": HASH,
            "note": {"type": "string", "description": "The signed note (C2SP tlog-checkpoint), which says the same."},
            "signed_at": INSTANT,
        },
        "A signed head of the log.",
    ),
    "LogEntry": object_of(
        {
            "seq": {**AMOUNT, "description": "The place of the leaf, from 0 on."},
            "kind": {"type": "string", "enum": list(KINDS)},
            "reference": {"type": "string", "description": "The key of what was recorded, by its kind."},
            "salt": {
                "type": ["string", "null"],
                "description": "Null where words and links were erased: the digest is then of what is there no longer.",
            },
            "digest": {"type": "string", "description": "The SHA-256 of body, kind, reference and salt as one object."},
            "body": {
                "type": ["object", "null"],
                "description": "What was recorded, or what an erasure left of it; null where it is there no longer.",
            },
            "leaf_hash": HASH,
        },
        "A leaf of the log, and what it stands for.",
    ),
    "InclusionProof": object_of(
        {"seq": AMOUNT, "size": AMOUNT, "leaf_hash": HASH, "hashes": HASHES, "root": HASH},
        "That a leaf stands in its place in the log of a size.",
    ),
    "ConsistencyProof": object_of(
        {"old": AMOUNT, "new": AMOUNT, "old_root": HASH, "hashes": HASHES, "new_root": HASH},
        "That the log of the newer size begins with that of the older one.",
    ),
}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "get",
        "/v1/audit/checkpoint",
        "audit",
        "The newest signed head of the log",
        {200: "Checkpoint"},
        ("bad-request", "nothing-signed"),
        about="Keep it: from then on nobody can alter what it covers without another root.",
    ),
    Operation(
        "get",
        "/v1/audit/entries/{seq}",
        "audit",
        "One leaf of the log, and what it stands for",
        {200: "LogEntry"},
        ("bad-request", "not-found", "read-not-recorded"),
    ),
    Operation(
        "get",
        "/v1/audit/proofs/inclusion",
        "audit",
        "Prove that something is in the log",
        {200: "InclusionProof"},
        ("bad-request", "not-found"),
        about="For the size of a checkpoint, the root is that of the checkpoint.",
        query=INCLUSION_QUERY,
    ),
    Operation(
        "get",
        "/v1/audit/proofs/consistency",
        "audit",
        "Prove that the log only grew",
        {200: "ConsistencyProof"},
        ("bad-request",),
        query=CONSISTENCY_QUERY,
    ),
)
