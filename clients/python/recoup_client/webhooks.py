"""What a receiver of webhooks needs: whether a message was sent by Recoup, just now (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from typing import cast

from recoup_client.errors import RecoupError
from recoup_client.models import Message

TOLERANCE_SECONDS = 300


class BadSignature(RecoupError):
    """The message was not signed with this secret, or not just now: answer 401, and look at nothing in it."""


def verified_message(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> Message:
    """The message in the body of a webhook's request, once its signature was checked. Raises BadSignature.

    `body` is what came, byte for byte. Messages come at least once: remember the `id`. `now` is in seconds since 1970.
    """
    known = {name.lower(): value for name, value in headers.items()}
    message, written = known.get("webhook-id", ""), known.get("webhook-timestamp", "")
    if not (written.isascii() and written.isdigit() and len(written) <= 12):
        raise BadSignature("webhook-timestamp is missing, or is no number")
    if abs((time.time() if now is None else now) - int(written)) > TOLERANCE_SECONDS:
        raise BadSignature(f"webhook-timestamp is more than {TOLERANCE_SECONDS} seconds off")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("the secret is whsec_ and base64, as it was shown once") from None
    signed = f"{message}.{written}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = known.get("webhook-signature", "").split()
    if not any(hmac.compare_digest(each.encode(), expected.encode()) for each in given):
        raise BadSignature("no signature is by this secret")
    # The id stands in a header; what was signed is both.
    return cast(Message, {"id": message, **json.loads(body)})


def new_idempotency_key() -> str:
    """A fresh key for a request that must be done once. Keep it with your own record before you send it: whoever sends
    the same body with the same key again, even after a crash, gets the same answer.
    """
    return str(uuid.uuid4())
