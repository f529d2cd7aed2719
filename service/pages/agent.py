"""What an agent sees: what waits, an account with what to say about it, and a refund filed for who calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, request

from policies.model import Text
from policies.vocabulary import APPLICANTS, COMMON
from service.pages.agent_script import script
from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.forms import after_of, fresh_key, papers_of, points_of, spellings
from service.pages.history import history
from service.pages.site import back_to, only, page

blueprint = Blueprint("agent", __name__, url_prefix="/agent")
blueprint.before_request(only("agent", "approver"))

SHOWN = 10
"""So many of what waits are shown on the first page."""
HOLDERS = (*APPLICANTS, "company", "other")
LANGUAGES = ("ko", "en")
ON_THE_PHONE = {"channel": "call_centre"}
# No more is known yet of where the money is to go.
TO_THE_MEMBER = {"receiving_account": "own", "receiving_holder": "member"}
COMMON_FACTS = {fact.name: fact for fact in COMMON if fact.scope == "account"}
HIDDEN_FACTS = ("id", "policy", "activity_days")
NO_ACCOUNT = Text(
    "이 번호의 계정이 없습니다. 번호를 다시 확인하십시오.", "There is no account of this id. Check it and try again."
)
NO_METHOD = Text("받을 방법을 고르십시오.", "Choose how it is to be paid.")
CHANGED = Text(
    "계산한 뒤에 내용이 바뀌었습니다. 다시 계산한 결과를 확인하고 접수하십시오. 아직 접수되지 않았습니다.",
    "What is asked for was changed after it was worked out. Look at the result again, then file it. Nothing was filed.",
)


def may(role: str) -> bool:
    """Whether who is signed in has a role."""
    return role in g.reader.roles


@blueprint.get("")
def home() -> Response:
    """What waits, and a field to find an account; on to the account where one was asked for."""
    wanted = request.args.get("account", "").strip()
    if not wanted:
        return _home("", None)
    for spelled in () if "/" in wanted else spellings(wanted):
        found = ask("GET", address("accounts", spelled))
        if found.ok:
            return back_to(f"/agent/accounts/{quote(spelled, safe='')}")
        if found.status != 404:
            raise Refused(found)
    return _home(wanted, NO_ACCOUNT)


@blueprint.get("/reviews")
def reviews() -> Response:
    """The requests that wait for a person, those filed first at the head."""
    found = _reviews(20, request.args.get("after"))
    return page("agent_reviews.html", found=found["refund_requests"], damaged=found["damaged"], next=after_of(found))


@blueprint.get("/accounts/<id>")
def account(id: str) -> Response:
    """An account: its facts and points, what each method would come to, what to say, its requests and inquiries."""
    return _account(id, {})


@blueprint.get("/accounts/<id>/history")
def came_and_went(id: str) -> Response:
    """What came and went of an account's points, the last first."""
    found = asked("GET", address("accounts", id))
    lines, following = history(id, request.args.get("after"))
    policy = asked("GET", address("policies", found["policy"]))
    return page("agent_history.html", id=id, lines=lines, next=following, policy=policy)


@blueprint.post("/accounts/<id>/inquiries")
def write_down(id: str) -> Response:
    """Keep what a member asks, or contests, on the phone."""
    written = request.form.to_dict()
    body = {
        "account": id,
        "kind": "contest" if written.get("decision_id") else "question",
        "text": written.get("text", ""),
        "language": _spoken(written),
        **({"decision_id": written["decision_id"]} if written.get("decision_id") else {}),
    }
    made = ask("POST", "/v1/inquiries", body, once=written.get("once") or fresh_key())
    if made.ok:
        return back_to(f"/agent/inquiries/{made.data['id']}")
    return _account(id, written, made)


@blueprint.get("/accounts/<id>/apply")
def apply(id: str) -> Response:
    """The form of a refund for a member on the phone."""
    return _form(id, request.args.to_dict())


@blueprint.post("/accounts/<id>/apply")
def check(id: str) -> Response:
    """The form again, with what the request would come to."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    return _form(id, written, None if mistakes else _tried(id, body), mistakes, status=422 if mistakes else 200)


@blueprint.post("/accounts/<id>/check")
def check_part(id: str) -> Response:
    """What the request would come to, as a part of the page."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    tried = None if mistakes else _tried(id, body)
    policy = asked("GET", address("policies", written.get("policy", "")))
    return page("agent_check.html", tried=tried, mistakes=mistakes, policy=policy, digest=_digest(body), id=id)


@blueprint.post("/accounts/<id>/requests")
def file(id: str) -> Response:
    """File the request as it was worked out last; what was not is worked out in place of filing it."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    if mistakes:
        return _form(id, written, None, mistakes, status=422)
    if written.get("checked") != _digest(body):
        return _form(id, written, _tried(id, body), {"checked": CHANGED}, status=422)
    filed = ask(
        "POST", "/v1/refund-requests", {"account": id, "request": body}, once=written.get("once") or fresh_key()
    )
    if not filed.ok:
        return _form(id, written, filed, status=filed.status)
    return back_to(f"/agent/requests/{filed.data['id']}")


def _home(wanted: str, mistake: Text | None) -> Response:
    waiting = _reviews(SHOWN, None) if may("approver") else None
    inquiries = (
        asked("GET", "/v1/inquiries", query={"state": "open", "order": "due", "limit": SHOWN}) if may("agent") else None
    )
    status = 404 if mistake else 200
    return page("agent.html", status, wanted=wanted, mistake=mistake, reviews=waiting, inquiries=inquiries)


def _reviews(limit: int, after: str | None) -> Any:
    query = {"state": "needs_review", "limit": limit, "after": after}
    return asked("GET", "/v1/refund-requests", query=query)


def _account(id: str, written: Mapping[str, str], refused: Answer | None = None) -> Response:
    facts = asked("GET", address("accounts", id))
    balance = asked("GET", address("accounts", id, "balance"))
    policy = asked("GET", address("policies", balance["policy"]))
    requests = asked("GET", address("accounts", id, "refund-requests"), query={"limit": SHOWN})
    options, inquiries = [], []
    if may("agent"):
        options = _options(id)
        inquiries = asked("GET", address("accounts", id, "inquiries"), query={"limit": SHOWN})["inquiries"]
    spoken = _spoken(request.values)
    return page(
        "agent_account.html",
        refused.status if refused else 200,
        id=id,
        facts=[_named(name, value, policy) for name, value in facts.items() if name not in HIDDEN_FACTS],
        balance=balance,
        policy=policy,
        options=options,
        lots=sorted(
            balance["lots"], key=lambda lot: (lot["expired"], lot["last_usable_on"] or "9999-12-31", lot["id"])
        ),
        requests=requests["refund_requests"],
        damaged=requests["damaged"],
        inquiries=inquiries,
        spoken=spoken,
        script=script(balance, options, requests["refund_requests"], policy["currency"], spoken) if options else [],
        written={"once": fresh_key(), "decision_id": request.args.get("decision", ""), **written},
        refused=refused,
    )


def _named(name: str, value: Any, policy: Mapping[str, Any]) -> tuple[Any, str, Any]:
    """How a fact of an account is called, its type where it is a common one, and its value."""
    common = COMMON_FACTS.get(name)
    if common is not None:
        return Text(common.ko, common.en), common.type, value
    # A fact that is no longer declared is still kept.
    return policy["facts"].get(f"account.{name}", {"ko": name, "en": name}), "", value


def _spoken(written: Mapping[str, str]) -> str:
    """The language that the member speaks; that of the page where nobody said."""
    chosen = written.get("speak", "")
    language: str = chosen if chosen in LANGUAGES else g.language
    return language


def _options(id: str) -> list[dict[str, Any]]:
    asking = {"request": {**TO_THE_MEMBER, **ON_THE_PHONE}}
    found: list[dict[str, Any]] = asked("POST", address("accounts", id, "refund-options"), asking)["options"]
    return found


def _request_of(written: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Text]]:
    """The request that a form says, as the API takes it, and what is wrong with its fields."""
    points, mistake = points_of(written)
    papers, mistakes = papers_of(written)
    if mistake:
        mistakes["points"] = mistake
    if not written.get("method"):
        mistakes["method"] = NO_METHOD
    body: dict[str, Any] = {"points": points, "method": written.get("method", ""), **ON_THE_PHONE}
    body["applicant"] = written.get("applicant") or "member"
    # Whose account it is the form says before its number is known.
    body["receiving_holder"] = written.get("receiving_holder") or "member"
    if written.get("receiving_account", "").strip():
        body["receiving_account"] = written["receiving_account"].strip()
    if papers:
        body["papers"] = papers
    return body, mistakes


def _digest(body: Mapping[str, Any]) -> str:
    """What a form says was worked out: the same for the same request."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def _tried(id: str, body: Mapping[str, Any]) -> Answer:
    return ask("POST", "/v1/decisions", {"account": id, "request": body, "dry_run": True})


def _form(
    id: str,
    written: Mapping[str, str],
    tried: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
    *,
    status: int = 200,
) -> Response:
    options = _options(id)
    facts = asked("GET", address("accounts", id))
    return page(
        "agent_apply.html",
        status,
        id=id,
        written={"once": fresh_key(), **written},
        tried=tried,
        mistakes=mistakes or {},
        digest=_digest(_request_of(written)[0]),
        policy=asked("GET", address("policies", facts["policy"])),
        applicants=APPLICANTS,
        holders=HOLDERS,
        most={each["method"]: each["points"] for each in options if each["outcome"] != "denied"},
    )
