"""What the API takes about messages, webhooks and deliveries; read strictly, as `shapes.py` does."""

from __future__ import annotations

from engine.reading import shown
from service.addresses import LONGEST_URL
from service.deliveries import STATES
from service.messages import KINDS
from service.shapes import Checked, Complaint, PageQuery, Strict, a_choice, an_id


def _kinds(value: object) -> list[str]:
    if not isinstance(value, list):
        raise Complaint("not-a-list")
    for kind in value:
        if not isinstance(kind, str) or kind not in KINDS:
            raise Complaint("not-a-message-kind", written=shown(kind), known=", ".join(KINDS))
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Complaint("not-text")
    return value


class WebhookIn(Strict):
    """An address that wants messages."""

    url = Checked(
        _text,
        "not-text",
        {"type": "string", "format": "uri", "maxLength": LONGEST_URL},
        about="Where messages are sent; http:// or https://, without credentials.",
        required=True,
    )
    kinds = Checked(
        _kinds,
        "not-a-list",
        {"type": "array", "items": {"type": "string", "enum": list(KINDS)}, "default": []},
        about="Which messages; all of them when the list is empty or left out.",
        load_default=list,
    )
    policy = an_id("Only messages about accounts of this policy; all when left out.")


class MessagesQuery(PageQuery):
    """A page of the messages, oldest first."""

    account = an_id("Only messages about this account.")
    after = an_id("The last id that you have.")


class DeliveriesQuery(PageQuery):
    """A page of deliveries, newest first."""

    state = a_choice(*STATES, about="Only deliveries in this state; `dead` lists what was given up.")
    webhook = an_id("Only deliveries to this webhook.")


WEBHOOK_IN = WebhookIn()
MESSAGES_QUERY = MessagesQuery()
DELIVERIES_QUERY = DeliveriesQuery()
