"""/v1/webhooks: addresses that want messages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from service import webhooks
from service.answers import webhook_answer
from service.database import reading, writing
from service.errors import FieldError, Refusal
from service.intake import body, query
from service.parts import answered, parts
from service.shapes import LANGUAGE_QUERY
from service.shapes_messages import WEBHOOK_IN
from service.webhooks import BadWebhook, Webhook

blueprint = Blueprint("webhooks", __name__)


@blueprint.get("/v1/webhooks")
def listed() -> Response:
    """Every webhook, without its secret."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = webhooks.all_of(parts().database)
    return answered({"webhooks": [webhook_answer(webhook) for webhook in found]})


@blueprint.post("/v1/webhooks")
def add() -> Response:
    """Have messages sent to an address; the answer holds its secret, this once."""
    asked = body(WEBHOOK_IN)
    try:
        made = writing(parts().database, lambda: _add(asked))
    except BadWebhook as error:
        raise Refusal("bad-request", [FieldError.at((error.field,), error.code, **error.figures)]) from None
    return answered({**webhook_answer(made), "secret": made.secret}, 201)


@blueprint.delete("/v1/webhooks/<id>")
def remove(id: str) -> Response:
    """Have nothing more sent to an address."""
    query(LANGUAGE_QUERY)

    def work() -> Webhook:
        found = webhooks.find(parts().database, id)
        if found is None:
            raise Refusal("not-found", what=f"/v1/webhooks/{id}")
        webhooks.remove(parts().database, id)
        return found

    return answered({**webhook_answer(writing(parts().database, work)), "state": "removed"})


def _add(asked: dict[str, Any]) -> Webhook:
    private = parts().settings.private_webhooks
    policy = asked.get("policy", "")
    return webhooks.add(parts().database, asked["url"], asked["kinds"], policy, parts().clock(), private=private)
