"""What the API says about who may ask: what is sent for it, and the tokens of members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.reference_operation import Operation
from service.reference_shapes import INSTANT, TEXT, Schema, object_of
from service.roles import MEMBER
from service.shapes_access import MEMBER_TOKEN_IN

SCHEMES: Mapping[str, dict[str, Any]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, which the operator makes. It needs one of the roles that an operation names.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of the identity provider that the operator named, where there is one: signed by RS256,"
        " ES256 or EdDSA. Its roles are what the operator made of its claims.",
    },
    "member": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token for one account, made by `POST /v1/member-tokens` or by the identity provider. Of other"
        " accounts it is as if they were not there.",
    },
}
SHAPES: dict[str, Schema] = {
    "NewMemberToken": object_of(
        {
            "account": TEXT,
            "token": {"type": "string", "description": "What the member sends; shown this once."},
            "expires_at": INSTANT,
        },
        "A token for one account.",
    )
}
OPERATIONS: Sequence[Operation] = (
    Operation(
        "post",
        "/v1/member-tokens",
        "member tokens",
        "Make a token by which a member asks for its own account",
        {201: "NewMemberToken"},
        (
            "unreadable-json",
            "bad-request",
            "cut-off",
            "too-slow",
            "too-large",
            "unsupported-media-type",
            "unknown-account",
        ),
        about="Made when a member logs in with you, and handed to its browser or app. It ends by itself after some"
        " minutes, and with the key that made it.",
        body=MEMBER_TOKEN_IN,
        located=False,
        examples=(("short", "For five minutes", {"account": "A-0001", "minutes": 5}),),
    ),
)


def security_of(roles: Sequence[str]) -> list[dict[str, list[str]]]:
    """What may be sent to an operation that is for these roles: any one of them."""
    staff: list[dict[str, list[str]]] = [{"key": []}, {"token": []}]
    return [*staff, {"member": []}] if MEMBER in roles else staff
