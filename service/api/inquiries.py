"""/v1/inquiries: what members ask and contest, the agents' queue, and the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import Schema

from service import inquiries, looks, own, records, refund_requests
from service.access import record_reads
from service.answers import decision_answer, inquiry_answer, inquiry_line, refund_request_line
from service.database import reading
from service.errors import FieldError, Refusal, language
from service.explanation import explanation
from service.explanation_forms import lines
from service.idempotency import Answer, read_key
from service.inquiries import Entry, Inquiry
from service.intake import body, query
from service.masking import masked
from service.paging import check_page, next_page
from service.parts import answered, given, json_text, parts
from service.shapes import INQUIRY_END_IN, INQUIRY_ENTRY_IN, INQUIRY_IN, INQUIRY_QUERY, LANGUAGE_QUERY
from service.telling import traced

blueprint = Blueprint("inquiries", __name__)


@blueprint.post("/v1/inquiries")
def open_inquiry() -> Response:
    """Keep what a member asks or contests, and start the clock."""
    key = own.key_of(read_key(request.headers.get("Idempotency-Key")))
    asked = body(INQUIRY_IN)
    own.check_account(asked)
    _refuse([("refund_request_id", "one-of-two", {"refund_request_id", "decision_id"} <= asked.keys())])
    subject = {"refund_request_id", "decision_id"} & asked.keys()
    _refuse([("decision_id", "missing", asked["kind"] == "contest" and not subject)])
    own.check_named(parts().database, asked)
    return given(parts().inquiries.open({"language": language(), **asked}, key, _told))


@blueprint.get("/v1/inquiries")
def queue() -> Response:
    """The inquiries of all accounts: those that are due first at the head, or the newest."""
    page = query(INQUIRY_QUERY)
    state, order, limit = page.get("state"), page["order"], page["limit"]
    database, after = parts().database, page.get("after")
    with reading(database):
        check_page(database, "inquiries", after)
        found = inquiries.queue(database, state, order, after, limit + 1)
    looks.book(database, parts().versions, {each.account for each in found if each.refund_state in looks.HELD}, _now())
    with reading(database):
        found = inquiries.queue(database, state, order, after, limit + 1)
        today = {policy: parts().inquiries.today(policy) for policy in {each.policy for each in found}}
    shown = [inquiry_line(each, today[each.policy]) for each in found[:limit]]
    following = next_page("/v1/inquiries", page, shown, more=len(found) > len(shown))
    return answered({"inquiries": shown, "next": following})


@blueprint.get("/v1/inquiries/<id>")
def inquiry(id: str) -> Response:
    """An inquiry with everything said, the refund request as it is now, and the decision explained."""
    query(LANGUAGE_QUERY)
    database = parts().database
    with reading(database):
        kept = inquiries.find(database, id)
    looks.book(database, parts().versions, [kept.account] if kept else [], _now())
    with reading(database):
        shown = _in_full(id)
    _record_read(shown["decision_id"])
    return answered(shown)


@blueprint.post("/v1/inquiries/<id>/entries")
def add(id: str) -> Response:
    """Keep what a member adds or an agent says."""
    key = own.key_of(read_key(request.headers.get("Idempotency-Key")))
    said = _said(INQUIRY_ENTRY_IN)
    by_agent, outcome, reason = said["by"] == "agent", "outcome" in said, "reason" in said
    _refuse(
        [
            ("outcome", "only-for-agents", outcome and not by_agent),
            ("reason", "missing", outcome and not reason),
            ("reason", "only-with-outcome", reason and not outcome),
        ]
    )
    return given(parts().inquiries.add(id, said, key, _told))


@blueprint.post("/v1/inquiries/<id>/close")
def close(id: str) -> Response:
    """End an inquiry that was answered."""
    return _end(id, "close")


@blueprint.post("/v1/inquiries/<id>/withdraw")
def withdraw(id: str) -> Response:
    """Take an inquiry back."""
    return _end(id, "withdraw")


def _end(id: str, move: str) -> Response:
    said = _said(INQUIRY_END_IN)
    with reading(parts().database):
        kept = _kept(id)
    # Before the move: what is made must not be answered by a refusal.
    _record_read(kept.decision_id)
    parts().inquiries.end(id, move, said)
    with reading(parts().database):
        return answered(_in_full(id))


def _now() -> datetime:
    return parts().clock()


def _record_read(decision_id: str | None) -> None:
    """An inquiry in full shows the decision that it is about."""
    if decision_id is not None:
        record_reads(decision_id)


def _kept(id: str) -> Inquiry:
    kept = inquiries.find(parts().database, id)
    if kept is None:
        raise Refusal("not-found", what=f"/v1/inquiries/{id}")
    return kept


def _told(kept: Inquiry, entries: list[Entry]) -> Answer:
    """What is answered to an inquiry or an entry that was just kept."""
    data = inquiry_answer(kept, entries, parts().inquiries.today(kept.policy))
    return Answer(201, f"/v1/inquiries/{kept.id}", language(), json_text(masked(data, g.reader)))


def _in_full(id: str) -> dict[str, Any]:
    database = parts().database
    kept = _kept(id)
    filed = refund_requests.find(database, kept.request_id) if kept.request_id else None
    return {
        **inquiry_answer(kept, inquiries.entries_of(database, id), parts().inquiries.today(kept.policy)),
        "refund_request": refund_request_line(filed) if filed else None,
        "explanation": _explained(kept.decision_id) if kept.decision_id else None,
    }


def _explained(decision_id: str) -> dict[str, Any]:
    """A decision and the lines that tell why it came out so, as `recoup explain ID --more --trace` prints them."""
    record = records.find(parts().database, decision_id)
    assert record is not None, "an inquiry is about a decision that is kept"
    shown = replace(record, decision=masked(record.decision, g.reader))
    compiled = parts().versions.compiled(record.decision["digest"])
    told = explanation(shown, compiled, parts().settings.answer_within_days)
    # What every rule saw is for those who work on it.
    more = g.reader.account is None
    trace = traced(shown.decision["trace"], language()) if more and not record.erased else ()
    said = [*lines(told, language(), more=more), *trace]
    return {"decision": decision_answer(record, language(), parts().faq.links), "lines": said}


def _said(schema: Schema) -> dict[str, Any]:
    """A body that says who speaks: a member, or an agent by an id."""
    said = body(schema)
    if g.reader.account is not None:
        said = own.in_own_name(said, "by")
    elif said["by"] == "agent":
        said = own.in_own_name(said, "agent")
    by_agent, named = said["by"] == "agent", "agent" in said
    _refuse([("agent", "missing", by_agent and not named), ("agent", "only-for-agents", named and not by_agent)])
    return said


def _refuse(mistakes: list[tuple[str, str, bool]]) -> None:
    """Refuse a body for those of these mistakes that it has."""
    found = [FieldError.at((name,), code) for name, code, made in mistakes if made]
    if found:
        raise Refusal("bad-request", found)
