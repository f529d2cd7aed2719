"""A refund request at the desk: the decision explained, the papers, and what may be done about it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, g, request

from policies.model import Text
from service.pages.agent import may
from service.pages.asking import Answer, address, ask, asked
from service.pages.forms import fresh_key
from service.pages.site import back_to, only, page

blueprint = Blueprint("agent_requests", __name__, url_prefix="/agent")
blueprint.before_request(only("agent", "approver"))

RIGHTS = {"approve": "approver", "refuse": "approver", "cancel": "agent"}
"""The moves that are made on these pages, and who may make them."""
NO_REASON = Text("이유를 적으십시오. 감사인이 읽습니다.", "Say why. An auditor reads it.")
NO_NAME = Text("누가 하는지 적으십시오.", "Say who does it.")


@blueprint.get("/requests/<id>")
def one_request(id: str) -> Response:
    """A request with its decision explained."""
    return _request(id, {})


@blueprint.post("/requests/<id>/<move>")
def make_move(id: str, move: str) -> Response:
    """Approve or refuse what waits for a review, or cancel for the member; once."""
    if move not in RIGHTS:
        return back_to(f"/agent/requests/{id}")
    written = request.form.to_dict()
    by, reason = acting(written), written.get("reason", "").strip()
    mistakes = ({} if by else {"by": NO_NAME}) | ({} if reason else {"reason": NO_REASON})
    if mistakes:
        return _request(id, written, mistakes=mistakes)
    body = {"by": by, "reason": reason}
    moved = ask("POST", address("refund-requests", id, move), body, once=written.get("once") or fresh_key())
    return back_to(f"/agent/requests/{id}") if moved.ok else _request(id, written, moved)


@blueprint.get("/decisions/<id>")
def decision(id: str) -> Response:
    """A decision explained, of which no request may have been made."""
    return page("agent_decision.html", told=asked("GET", address("decisions", id, "explanation")))


def acting(written: Mapping[str, str]) -> str:
    """Who does it: the holder of a token by its own name, others as they say."""
    name: str = g.reader.name if g.reader.alone else written.get("by", "").strip()
    return name


def _request(
    id: str,
    written: Mapping[str, str],
    refused: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
) -> Response:
    found = asked("GET", address("refund-requests", id))
    kept = asked("GET", address("decisions", found["decision_id"]))
    told = asked("GET", address("decisions", found["decision_id"], "explanation"))
    case = kept["case"]
    return page(
        "agent_request.html",
        refused.status if refused else 422 if mistakes else 200,
        found=found,
        told=told,
        papers=case["request"].get("papers", []) if case else [],
        reviews=[each for each in kept["reasons"] if each["effect"] == "reviews"],
        policy=asked("GET", address("policies", kept["policy"])),
        moves=[each for each in RIGHTS if each in found["allowed"] and may(RIGHTS[each])],
        waits="approve" in found["allowed"],
        written={"once": fresh_key(), "by": g.reader.name, **written},
        refused=refused,
        mistakes=mistakes or {},
    )
