"""A typed client of Recoup, for systems that ask, agents who answer, auditors who check and operators."""

from __future__ import annotations

from recoup_client.client import Client
from recoup_client.errors import (
    BadRequest,
    Broken,
    Conflict,
    Forbidden,
    NotFound,
    RecordsDamaged,
    RecoupError,
    Refused,
    Unauthorized,
    Unavailable,
    Unprocessable,
    Unreachable,
)
from recoup_client.webhooks import BadSignature, new_idempotency_key, verified_message

__all__ = [
    "BadRequest",
    "BadSignature",
    "Broken",
    "Client",
    "Conflict",
    "Forbidden",
    "NotFound",
    "RecordsDamaged",
    "RecoupError",
    "Refused",
    "Unauthorized",
    "Unavailable",
    "Unprocessable",
    "Unreachable",
    "new_idempotency_key",
    "verified_message",
]
