"""What the API says about messages, webhooks and deliveries, as JSON Schema for the reference."""

from __future__ import annotations

from service.deliveries import STATES
from service.messages import KINDS
from service.reference_shapes import AMOUNT, INSTANT, TEXT, TEXT_OR_NONE, Schema, list_of, object_of, ref

MESSAGE_LINE: dict[str, Schema] = {
    "id": {"type": "string", "description": "The same at every attempt and in every list: what was seen is done."},
    "type": {"type": "string", "enum": list(KINDS)},
    "timestamp": {**INSTANT, "description": "When it happened."},
    "data": {
        "type": "object",
        "description": "What the kind carries; `policy` in any case, and `account` where it is about one.",
    },
}
MESSAGES = object_of(
    {
        "messages": list_of(object_of(MESSAGE_LINE)),
        "next": {"type": ["string", "null"], "description": "Where the next page is; null when this is all for now."},
    },
    "Messages, in the order in which they became visible.",
)
WEBHOOK_LINE: dict[str, Schema] = {
    "id": TEXT,
    "url": TEXT,
    "kinds": {"type": "array", "items": TEXT, "description": "Which messages; all of them when empty."},
    "policy": {"type": ["string", "null"], "description": "Only messages of this policy, or null."},
    "state": {"type": "string", "enum": ["active", "disabled", "removed"]},
    "cause": {"type": ["string", "null"], "description": "Why it is disabled."},
    "created_at": INSTANT,
}
WEBHOOKS = object_of({"webhooks": list_of(ref("Webhook"))})
WEBHOOK = object_of(WEBHOOK_LINE, "An address that wants messages.")
NEW_WEBHOOK = object_of(
    {**WEBHOOK_LINE, "secret": {"type": "string", "description": "What signs its messages; shown this once."}}
)
DELIVERY_LINE: dict[str, Schema] = {
    "id": TEXT,
    "message": {"type": "string", "description": "The id of the message, which is sent as `webhook-id`."},
    "type": TEXT,
    "account": {**TEXT_OR_NONE, "description": "null where the message is about a policy."},
    "webhook": TEXT,
    "url": TEXT,
    "state": {"type": "string", "enum": list(STATES)},
    "attempts": AMOUNT,
    "next_attempt_at": {"type": ["string", "null"], "format": "date-time"},
    "last_attempt_at": {"type": ["string", "null"], "format": "date-time"},
    "last_status": {"type": ["integer", "null"], "description": "What the receiver answered last, if it did."},
    "last_error": {"type": ["string", "null"], "description": "What was wrong last."},
}
DELIVERY = object_of(DELIVERY_LINE, "How far one message got on its way to one webhook.")
DELIVERIES = object_of(
    {
        "deliveries": list_of(ref("Delivery")),
        "next": {"type": ["string", "null"], "description": "Where the next page is."},
    }
)

SHAPES: dict[str, Schema] = {
    "Messages": MESSAGES,
    "Webhook": WEBHOOK,
    "Webhooks": WEBHOOKS,
    "NewWebhook": NEW_WEBHOOK,
    "Delivery": DELIVERY,
    "Deliveries": DELIVERIES,
}
