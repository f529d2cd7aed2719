"""/v1/deliveries: what reached whom, what was given up, and sending it again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from service import deliveries
from service.answers import delivery_answer
from service.database import reading, writing
from service.errors import Refusal
from service.intake import query
from service.paging import check_page, next_page
from service.parts import answered, parts
from service.shapes import LANGUAGE_QUERY
from service.shapes_messages import DELIVERIES_QUERY

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/v1/deliveries")
def listed() -> Response:
    """Deliveries, newest first; `state=dead` is the list of what was given up."""
    page = query(DELIVERIES_QUERY)
    named: dict[str, Any] = {name: page[name] for name in ("state", "webhook") if name in page}
    with reading(parts().database):
        check_page(parts().database, "deliveries", page.get("after"), webhook=named.get("webhook"))
        found = deliveries.page_of(
            parts().database, named.get("state"), named.get("webhook"), page.get("after"), page["limit"] + 1
        )
    shown = [delivery_answer(each) for each in found[: page["limit"]]]
    following = next_page("/v1/deliveries", page, shown, more=len(found) > len(shown))
    return answered({"deliveries": shown, "next": following})


@blueprint.post("/v1/deliveries/<id>/redeliver")
def redeliver(id: str) -> Response:
    """Send a message again, with the same id."""
    query(LANGUAGE_QUERY)
    now = parts().clock()
    found = writing(parts().database, lambda: deliveries.redeliver(parts().database, id, now))
    if found is None:
        raise Refusal("not-found", what=f"/v1/deliveries/{id}")
    return answered(delivery_answer(found))
