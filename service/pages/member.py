"""What a member sees: the balance, what can be refunded, a refund applied for and followed, questions and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, g, request

from policies.model import Text
from service.faq_files import TOPICS
from service.pages.asking import Answer, address, ask, asked
from service.pages.forms import after_of, fresh_key, papers_of, points_of
from service.pages.history import history
from service.pages.site import back_to, only, page, today_in
from service.roles import MEMBER

blueprint = Blueprint("member", __name__, url_prefix="/member")
blueprint.before_request(only(MEMBER))

SHORTEST_SHARE = 0.01
"""Of the longest bar, so that a small one is still seen."""
SOON = 3
"""So many of the days on which points end are told at the head."""
NEWS_FOR = timedelta(days=30)
"""So long it is told on the first page what became of a request."""
MOST_ANSWERS = 200
"""So many are found at once: the most that the API gives."""


@blueprint.get("")
def home() -> Response:
    """The balance, what ends when, and what each way of a refund would come to."""
    balance = asked("GET", address("accounts", g.reader.account, "balance"))
    options = _options()
    policy = _policy(balance["policy"])
    today = today_in(policy["timezone"])
    requests = asked("GET", address("accounts", g.reader.account, "refund-requests"), query={"limit": 3})
    notices = asked("GET", address("accounts", g.reader.account, "notices"), query={"limit": 5})["notices"]
    inquiries = asked("GET", address("accounts", g.reader.account, "inquiries"), query={"limit": 20})
    return page(
        "member.html",
        balance=balance,
        policy=policy,
        options=options,
        most=_most(options),
        requests=requests["refund_requests"],
        damaged=requests["damaged"],
        moved=[each for each in requests["refund_requests"] if _is_news(each, today)],
        notices=[each for each in notices if (each["last_usable_on"] or each["charged_on"]) >= today.isoformat()],
        inquiries=[each for each in inquiries["inquiries"] if each["state"] == "answered" or each["asked_back"]],
        years=_by_year(balance),
        soon=balance["expiring"][:SOON],
    )


@blueprint.get("/lots")
def lots() -> Response:
    """Every lot, with its last day and why it cannot be refunded."""
    balance = asked("GET", address("accounts", g.reader.account, "balance"))
    ordered = sorted(balance["lots"], key=lambda lot: (lot["expired"], lot["last_usable_on"] or "9999", lot["id"]))
    return page("member_lots.html", balance=balance, lots=ordered, policy=_policy(balance["policy"]))


@blueprint.get("/history")
def came_and_went() -> Response:
    """What came and went of the points, the last first."""
    lines, following = history(g.reader.account, request.args.get("after"))
    return page("member_history.html", lines=lines, next=following, policy=_policy(_policy_name()))


@blueprint.get("/earning")
def earning() -> Response:
    """What the member earns: what is open, what is to come and what is over, the own figures first."""
    found = asked("GET", address("accounts", g.reader.account, "earning"))
    return page("member_earning.html", found=found, policy=_policy(found["policy"]))


@blueprint.get("/apply")
def apply() -> Response:
    """The form of a refund request; worked out at once where it is known what is asked for."""
    written = request.args.to_dict()
    body, mistakes = _request_of(written)
    return _form(written, None if mistakes or not body["method"] else _tried(body))


@blueprint.post("/apply")
def check() -> Response:
    """The form again, with what the request would come to."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    return _form(written, None if mistakes else _tried(body), mistakes, status=422 if mistakes else 200)


@blueprint.post("/check")
def check_part() -> Response:
    """What the request would come to, as a part of the page."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    tried = None if mistakes else _tried(body)
    return page("member_check.html", written=written, tried=tried, mistakes=mistakes, policy=_policy(written["policy"]))


@blueprint.post("/requests")
def file() -> Response:
    """File the request: it goes on to where it can be followed, or to why it was denied."""
    written = request.form.to_dict()
    body, mistakes = _request_of(written)
    if mistakes:
        return _form(written, None, mistakes, status=422)
    asking = {"account": g.reader.account, "request": body}
    filed = ask("POST", "/v1/refund-requests", asking, once=written.get("once") or fresh_key())
    if not filed.ok:
        return _form(written, filed, {}, status=filed.status)
    return back_to(f"/member/requests/{filed.data['id']}")


@blueprint.get("/requests")
def requests() -> Response:
    """The refund requests, newest first."""
    found = asked(
        "GET",
        address("accounts", g.reader.account, "refund-requests"),
        query={"limit": 20, "after": request.args.get("after")},
    )
    return page(
        "member_requests.html",
        found=found["refund_requests"],
        damaged=found["damaged"],
        next=after_of(found),
        policy=_policy(_policy_name()),
    )


@blueprint.get("/requests/<id>")
def one_request(id: str) -> Response:
    """Where a request stands, and why."""
    found = asked("GET", address("refund-requests", id))
    told = ask("GET", address("decisions", found["decision_id"], "explanation"))
    explained = told.data if told.ok else None
    return page(
        "member_request.html",
        found=found,
        told=explained,
        again=explained and _again(explained["nearest"], found["method"]),
        policy=_policy(_policy_name()),
        once=fresh_key(),
    )


@blueprint.post("/requests/<id>/cancel")
def cancel(id: str) -> Response:
    """Take a request back."""
    asked("POST", address("refund-requests", id, "cancel"), {}, once=request.form.get("once") or fresh_key())
    return back_to(f"/member/requests/{id}")


@blueprint.get("/decisions/<id>")
def decision(id: str) -> Response:
    """Why a request was decided as it was."""
    return page("member_decision.html", told=asked("GET", address("decisions", id, "explanation")), once=fresh_key())


@blueprint.get("/inquiries")
def inquiries() -> Response:
    """What was asked and contested, newest first, and the form to ask."""
    return _inquiries({})


@blueprint.post("/inquiries")
def ask_something() -> Response:
    """Ask, or contest a decision."""
    written = request.form.to_dict()
    body = {
        "account": g.reader.account,
        "kind": "contest" if written.get("decision_id") else "question",
        "text": written.get("text", "").strip(),
        "language": g.language,
        **({"decision_id": written["decision_id"]} if written.get("decision_id") else {}),
    }
    made = ask("POST", "/v1/inquiries", body, once=written.get("once") or fresh_key())
    return back_to(f"/member/inquiries/{made.data['id']}") if made.ok else _inquiries(written, made)


@blueprint.get("/inquiries/<id>")
def inquiry(id: str) -> Response:
    """One inquiry, with everything that was said."""
    return _inquiry(id, {})


@blueprint.post("/inquiries/<id>/<what>")
def say_more(id: str, what: str) -> Response:
    """Add something, close an inquiry that was answered, or take one back."""
    if what not in ("entries", "close", "withdraw"):
        return back_to(f"/member/inquiries/{id}")
    written = request.form.to_dict()
    text = written.get("text", "").strip()
    body = {"by": "member", **({"text": text} if text or what == "entries" else {})}
    said = ask("POST", address("inquiries", id, what), body, once=written.get("once") or fresh_key())
    return back_to(f"/member/inquiries/{id}") if said.ok else _inquiry(id, written, said)


@blueprint.get("/help")
def helped() -> Response:
    """Questions and answers, found by words."""
    words = request.args.get("q", "").strip()
    found = asked("GET", "/v1/faq", query={"q": words, "policy": _policy_name(), "limit": MOST_ANSWERS})
    topics = {told: [each for each in found["entries"] if each["topic"] == name] for name, told in TOPICS.items()}
    return page("member_help.html", words=words, found=found, topics=topics)


@blueprint.get("/help/<id>")
def answer(id: str) -> Response:
    """One question and its answer."""
    return page("member_answer.html", entry=asked("GET", address("faq", id)))


def _policy_name() -> str:
    name: str = asked("GET", address("accounts", g.reader.account, "balance"))["policy"]
    return name


def _policy(name: str) -> dict[str, Any]:
    found: dict[str, Any] = asked("GET", address("policies", name))
    return found


def _by_year(balance: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points that end in each year, with how long the bar of each is: 1 for the largest."""
    years: dict[str | None, int] = {}
    for each in balance["expiring"]:
        year = each["last_usable_on"][:4]
        years[year] = years.get(year, 0) + each["points"]
    never = balance["points"] - sum(years.values())
    if never > 0:
        years[None] = never
    most = max([1, *years.values()])
    return [
        {"year": year, "points": points, "share": max(SHORTEST_SHARE, points / most)} for year, points in years.items()
    ]


def _options() -> list[dict[str, Any]]:
    """What each way would come to today, cash to an account in the member's own name, of which no more is known yet."""
    asking = {"request": {"receiving_account": "own", "receiving_holder": "member", "channel": "web"}}
    found: list[dict[str, Any]] = asked("POST", address("accounts", g.reader.account, "refund-options"), asking)[
        "options"
    ]
    return found


def _most(options: list[dict[str, Any]]) -> int:
    """The points that can be refunded at most, by whatever way."""
    return max((each["points"] for each in options if each["outcome"] != "denied"), default=0)


def _request_of(written: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Text]]:
    """The request that a form says, as the API takes it, and what is wrong with its fields."""
    points, mistake = points_of(written)
    body: dict[str, Any] = {"points": points, "method": written.get("method", ""), "channel": "web"}
    # Whose account it is the form says before its number is known.
    body["receiving_holder"] = written.get("receiving_holder") or "member"
    if written.get("receiving_account", "").strip():
        body["receiving_account"] = written["receiving_account"].strip()
    papers, mistakes = papers_of(written)
    if papers:
        body["papers"] = papers
    return body, mistakes | ({"points": mistake} if mistake else {})


def _is_news(filed: Mapping[str, Any], today: date) -> bool:
    """Whether something became of a request lately, and not by the member's own hand."""
    moved_at: str | None = filed["moved_at"]
    return moved_at is not None and filed["state"] != "cancelled" and moved_at >= (today - NEWS_FOR).isoformat()


def _again(nearest: Mapping[str, Any] | None, method: str) -> dict[str, Any] | None:
    """The form of the nearest request that would have passed; None unless only points or the method differ."""
    if nearest is None or not nearest["found"] or not nearest["set"].keys() <= {"request.points", "request.method"}:
        return None
    return {
        "method": nearest["set"].get("request.method", method),
        "points": nearest["decision"]["points"],
        "again": "yes",
    }


def _tried(body: Mapping[str, Any]) -> Answer:
    """What a request would come to."""
    return ask("POST", "/v1/decisions", {"account": g.reader.account, "request": body, "dry_run": True})


def _form(
    written: Mapping[str, str], tried: Answer | None, mistakes: Mapping[str, Text] | None = None, *, status: int = 200
) -> Response:
    balance = asked("GET", address("accounts", g.reader.account, "balance"))
    return page(
        "member_apply.html",
        status,
        written={"once": fresh_key(), **written},
        tried=tried,
        mistakes=mistakes or {},
        balance=balance,
        policy=_policy(balance["policy"]),
        most={each["method"]: each["points"] for each in _options() if each["outcome"] != "denied"},
    )


def _inquiries(written: Mapping[str, str], refused: Answer | None = None) -> Response:
    found = asked(
        "GET",
        address("accounts", g.reader.account, "inquiries"),
        query={"limit": 20, "after": request.args.get("after")},
    )
    decision = written.get("decision_id") or request.args.get("decision", "")
    told = ask("GET", address("decisions", decision, "explanation")) if decision else None
    unknown = told is not None and told.status == 404
    return page(
        "member_inquiries.html",
        refused.status if refused else 200,
        found=found["inquiries"],
        next=after_of(found),
        written={"once": fresh_key(), **written, "decision_id": "" if unknown else decision},
        unknown=unknown,
        told=told.data if told and told.ok else None,
        refused=refused,
    )


def _inquiry(id: str, written: Mapping[str, str], refused: Answer | None = None) -> Response:
    found = asked("GET", address("inquiries", id))
    status = refused.status if refused else 200
    return page("member_inquiry.html", status, found=found, written={"once": fresh_key(), **written}, refused=refused)
