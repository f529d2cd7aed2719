"""What no single field of a body says: which of its parts go together, as JSON Schema for the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service import moves
from service.reference_shapes import Schema, ref


def _not_both(one: str, other: str) -> Schema:
    return {"not": {"required": [one, other]}}


def _of(field: str, value: str, then: Schema, otherwise: Schema | None = None) -> Schema:
    found: Schema = {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}
    return found if otherwise is None else {**found, "else": otherwise}


def _without(*names: str) -> Schema:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


FACTS_IN_THE_BODY: Schema = {"properties": {"account": {"type": "object"}}}
AN_AGENT_IS_NAMED = _of("by", "agent", {"required": ["agent"]}, _without("agent"))
TOGETHER: Mapping[str, Schema] = {
    "DecisionIn": {"dependentSchemas": {"lots": FACTS_IN_THE_BODY, "history": FACTS_IN_THE_BODY}},
    "InquiryIn": {
        "allOf": [
            _not_both("decision_id", "refund_request_id"),
            _of("kind", "contest", {"anyOf": [{"required": ["decision_id"]}, {"required": ["refund_request_id"]}]}),
        ]
    },
    "InquiryEntryIn": {
        "allOf": [AN_AGENT_IS_NAMED, _of("by", "member", _without("outcome", "reason"))],
        "dependentRequired": {"outcome": ["reason"], "reason": ["outcome"]},
    },
    "InquiryEndIn": AN_AGENT_IS_NAMED,
    "ShadowIn": {"oneOf": [{"required": ["draft"]}, {"required": ["rules"]}]},
}
"""By the name of the body."""
NEEDED: Mapping[str, Sequence[str]] = {
    f"POST /v1/refund-requests/{{id}}/{name}": moves.KINDS[name].told
    for name in moves.REQUESTED
    if moves.KINDS[name].told
}
"""What one of several operations with the same body needs of it."""


def body_of(address: str, names: Sequence[str]) -> dict[str, Any]:
    """The body of an operation: one of these shapes."""
    shape = ref(names[0]) if len(names) == 1 else {"oneOf": [ref(name) for name in names]}
    needed = NEEDED.get(address)
    return {"allOf": [shape, {"required": list(needed)}]} if needed else shape
