"""/v1/events: tell what happened to members, one by one or in batches."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from service import events, waiting
from service.answers import event_answer
from service.database import reading
from service.errors import Refusal, language, problem_within
from service.events import Told
from service.intake import body_of, loaded, query
from service.paging import check_page, next_page
from service.parts import answered, parts
from service.shapes import EVENT_IN, EVENTS_IN, LANGUAGE_QUERY, WAITING_QUERY

blueprint = Blueprint("events", __name__)


@blueprint.post("/v1/events")
def tell() -> Response:
    """Keep and answer one event, or each of a list of events."""
    sent = body_of()
    if isinstance(sent, dict) and "events" in sent:
        return _tell_many(loaded(EVENTS_IN, sent)["events"])
    told = events.tell(parts().database, parts().versions, _event(sent), parts().clock())
    return answered(event_answer(told, language(), parts().faq.links), _status(told), f"/v1/events/{told.id}")


@blueprint.get("/v1/events")
def waiting_events() -> Response:
    """The events of all accounts that wait for the one that they undo, those told first at the head."""
    page = query(WAITING_QUERY)
    database, limit, links = parts().database, page["limit"], parts().faq.links
    with reading(database):
        check_page(database, "events", page.get("after"))
        found = waiting.page_of(database, page.get("after"), limit + 1)
    shown = [event_answer(told, language(), links) for told in found[:limit]]
    return answered({"events": shown, "next": next_page("/v1/events", page, shown, more=len(found) > limit)})


@blueprint.get("/v1/events/<path:id>")
def event(id: str) -> Response:
    """An event and what it came to."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = events.find(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/events/{id}")
    return answered(event_answer(found, language(), parts().faq.links))


def _tell_many(sent: list[Any]) -> Response:
    """A bad event is refused by itself; the others are taken."""
    results: list[dict[str, Any]] = [{} for _ in sent]
    read: dict[int, dict[str, Any]] = {}
    for place, each in enumerate(sent):
        try:
            read[place] = _event(each)
        except Refusal as refusal:
            results[place] = _refused(place, each, refusal)
    told = events.tell_many(parts().database, parts().versions, list(read.values()), parts().clock())
    for place, found in zip(read, told, strict=True):
        if isinstance(found, Refusal):
            results[place] = _refused(place, sent[place], found)
        else:
            results[place] = {
                "id": found.id,
                "status": _status(found),
                "event": event_answer(found, language(), parts().faq.links),
            }
    return answered({"results": results})


def _event(sent: object) -> dict[str, Any]:
    """An event as it was sent, whose account, id and instant were looked at. Raises Refusal with all that is wrong."""
    try:
        known = loaded(EVENT_IN, sent)
    except Refusal as refusal:
        if not isinstance(sent, dict):
            raise
        with reading(parts().database):
            found = events.mistaken(parts().database, parts().versions, sent, refusal.errors, parts().clock())
        raise found from None
    assert isinstance(sent, dict), "it was read"
    return {**sent, "happened_at": known["happened_at"]}


def _status(told: Told) -> int:
    return 202 if told.state == "waiting" else 201


def _refused(place: int, sent: object, refusal: Refusal) -> dict[str, Any]:
    """What is wrong with an event of a batch, in its place in the body."""
    told = sent.get("id") if isinstance(sent, dict) else None
    problem = problem_within(("events", place), refusal, language())
    return {"id": told if isinstance(told, str) else None, "status": refusal.status, "problem": problem}
