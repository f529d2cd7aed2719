"""Inquiries at the desk: the queue by its clock, and what is asked back, answered and closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request

from policies.model import Text
from service.inquiries import OUTCOMES
from service.pages.agent_requests import NO_NAME, NO_REASON, acting
from service.pages.asking import Answer, address, ask, asked
from service.pages.forms import after_of, fresh_key
from service.pages.site import back_to, only, page

blueprint = Blueprint("agent_inquiries", __name__, url_prefix="/agent/inquiries")
blueprint.before_request(only("agent"))

STATES = ("open", "answered", "closed", "withdrawn")
SAYING = ("ask", "answer", "add")
ENDING = ("close", "withdraw")
NO_TEXT = Text("내용을 적으십시오.", "Write what is to be said.")
NO_OUTCOME = Text("결과를 고르십시오.", "Choose an outcome.")


@blueprint.get("")
def queue() -> Response:
    """The inquiries of all accounts in one state: what is overdue, then what is due next."""
    state = request.args.get("state", "open")
    chosen = state if state in STATES else "open"
    order = "due" if chosen == "open" else "newest"
    query = {"state": chosen, "order": order, "limit": 20, "after": request.args.get("after")}
    found = asked("GET", "/v1/inquiries", query=query)
    return page("agent_inquiries.html", found=found["inquiries"], next=after_of(found), state=chosen, states=STATES)


@blueprint.get("/<id>")
def inquiry(id: str) -> Response:
    """An inquiry with everything that was said, and the decision that it is about."""
    return _inquiry(id, {})


@blueprint.post("/<id>/<what>")
def say(id: str, what: str) -> Response:
    """Ask back, answer, write down what the member adds, close, or take it back for the member; once."""
    if what not in (*SAYING, *ENDING):
        return back_to(f"/agent/inquiries/{id}")
    written = request.form.to_dict()
    body, mistakes = _said(what, written, contest=asked("GET", address("inquiries", id))["kind"] == "contest")
    if mistakes:
        return _inquiry(id, written, what, mistakes=mistakes)
    way = "entries" if what in SAYING else what
    said = ask("POST", address("inquiries", id, way), body, once=written.get("once") or fresh_key())
    return back_to(f"/agent/inquiries/{id}") if said.ok else _inquiry(id, written, what, said)


def _said(what: str, written: Mapping[str, str], *, contest: bool) -> tuple[dict[str, Any], dict[str, Text]]:
    """What a form says, as the API takes it, and what is wrong with its fields."""
    mistakes: dict[str, Text] = {}
    body: dict[str, Any] = {"by": "member"} if what == "add" else {"by": "agent", "agent": acting(written)}
    if what != "add" and not body["agent"]:
        mistakes["by"] = NO_NAME
    text = written.get("text", "").strip()
    if text:
        body["text"] = text
    elif what in SAYING:
        mistakes["text"] = NO_TEXT
    if what == "answer" and contest:
        body |= {"outcome": written.get("outcome", ""), "reason": written.get("reason", "").strip()}
        if body["outcome"] not in OUTCOMES:
            mistakes["outcome"] = NO_OUTCOME
        if not body["reason"]:
            mistakes["reason"] = NO_REASON
    return body, mistakes


def _inquiry(
    id: str,
    written: Mapping[str, str],
    what: str = "",
    refused: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
) -> Response:
    found = asked("GET", address("inquiries", id))
    told = ask("GET", address("decisions", found["decision_id"], "explanation")) if found["decision_id"] else None
    return page(
        "agent_inquiry.html",
        refused.status if refused else 422 if mistakes else 200,
        found=found,
        told=told.data if told and told.ok else None,
        outcomes=OUTCOMES,
        what=what,
        written={"once": fresh_key(), "by": g.reader.name, **written},
        refused=refused,
        mistakes=mistakes or {},
    )
