"""Signatures of messages as Standard Webhooks has them, so that a receiver can use any library for it.

HMAC-SHA256 over `id.timestamp.body` with the webhook's secret; several signatures, one for each secret
that holds, stand in one header with spaces between.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32
# How far the clocks of the two sides may differ, and how old a message may be when it is received.
TOLERANCE_SECONDS = 300


def new_secret() -> str:
    """A secret that nobody can guess, as it is shown to the receiver."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers_of(id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt: the id stays the same, the time and so the signature do not."""
    seconds = int(at.timestamp())
    signatures = " ".join(_signature(key, id, seconds, body) for key in keys)
    return {"webhook-id": id, "webhook-timestamp": str(seconds), "webhook-signature": signatures}


def verified(headers: Mapping[str, str], body: bytes, key: str, now: datetime) -> bool:
    """Whether a body was signed with a secret just now. Names of headers are in lower case."""
    message, written = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (written.isascii() and written.isdigit() and len(written) <= 12):
        return False
    if abs(int(now.timestamp()) - int(written)) > TOLERANCE_SECONDS:
        return False
    expected = _signature(key, message, int(written), body)
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(each.encode(), expected.encode()) for each in given)


def _signature(key: str, id: str, seconds: int, body: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    signed = f"{id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(raw, signed, hashlib.sha256)).decode()
