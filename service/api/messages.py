"""/v1/messages: what happened, for callers who poll or who lost their webhook."""

from __future__ import annotations

from flask import Blueprint, Response

from service import outbox
from service.answers import message_answer
from service.database import reading
from service.intake import query
from service.paging import check_page, next_page
from service.parts import answered, parts
from service.shapes_messages import MESSAGES_QUERY

blueprint = Blueprint("messages", __name__)


@blueprint.get("/v1/messages")
def messages() -> Response:
    """What happened, oldest first, of one account or of all."""
    page = query(MESSAGES_QUERY)
    account, after, limit = page.get("account"), page.get("after"), page["limit"]
    database = parts().database
    outbox.place(database)
    with reading(database):
        check_page(database, "messages", after, account)
        position = (outbox.position_of(database, after) if after else None) or 0
        found = outbox.page_of(database, account, position, limit + 1)
    shown = [message_answer(message) for message in found[:limit]]
    following = next_page("/v1/messages", page, shown, more=len(found) > len(shown))
    return answered({"messages": shown, "next": following})
