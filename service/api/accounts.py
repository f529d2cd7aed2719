"""/v1/accounts: facts, balances and refund requests of one account, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from service import events, inquiries, ledger, members, notices, refund_requests
from service.answers import event_answer, inquiry_line, refund_request_line, with_faq, with_text
from service.balances import balance_of
from service.database import reading
from service.errors import FIELD_TEXTS, FieldError, Refusal, language
from service.ledger import StoredAccount
from service.options import options_of
from service.parts import answered, parts
from service.shapes import (
    ACCOUNT_CHANGE_IN,
    ACCOUNT_IN,
    BALANCE_QUERY,
    LANGUAGE_QUERY,
    LONGEST_ID,
    NUMBERED_PAGE_QUERY,
    OPTIONS_IN,
    PAGE_QUERY,
    body,
    query,
)

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/v1/accounts/<id>")
def account(id: str) -> Response:
    """The facts of an account."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = _account(id)
    return answered({"policy": found.policy, **found.facts})


@blueprint.put("/v1/accounts/<id>")
def put_account(id: str) -> Response:
    """Open an account, or replace its facts."""
    _can_be_an_id(id)
    facts = body(ACCOUNT_IN)
    policy = facts.pop("policy")
    account, new = members.put(parts().database, parts().versions, id, policy, facts, parts().clock())
    answer = {"policy": account.policy, **account.facts}
    return answered(answer, 201, f"/v1/accounts/{quote(id, safe='')}") if new else answered(answer)


@blueprint.patch("/v1/accounts/<id>")
def change_account(id: str) -> Response:
    """Change some facts of an account."""
    changed = members.change(parts().database, parts().versions, id, body(ACCOUNT_CHANGE_IN), parts().clock())
    return answered({"policy": changed.policy, **changed.facts})


@blueprint.post("/v1/accounts/<id>/refund-options")
def refund_options(id: str) -> Response:
    """What each way of a refund would come to, and what is missing for it."""
    asked = body(OPTIONS_IN)["request"]
    with reading(parts().database):
        account = _account(id)
        found = options_of(parts().database, parts().versions, account, asked, parts().clock(), language())
    return answered(with_faq(found, account.policy, parts().faq.links))


@blueprint.get("/v1/accounts/<id>/balance")
def balance(id: str) -> Response:
    """What an account has on a day, by source and by lot, and what expires when."""
    on = query(BALANCE_QUERY).get("on")
    with reading(parts().database):
        found = balance_of(parts().database, parts().versions, _account(id), on, parts().clock(), language())
    return answered({**found, "lots": with_faq(found["lots"], found["policy"], parts().faq.links)})


@blueprint.get("/v1/accounts/<id>/inquiries")
def inquiries_of(id: str) -> Response:
    """The inquiries of an account, newest first."""
    page = query(PAGE_QUERY)
    with reading(parts().database):
        today = parts().inquiries.today(_account(id).policy)
        found = inquiries.page_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = [inquiry_line(inquiry, today) for inquiry in found[: page["limit"]]]
    return answered({"inquiries": shown, "next": _next(id, "inquiries", shown, found, page["limit"])})


@blueprint.get("/v1/accounts/<id>/refund-requests")
def refund_requests_of(id: str) -> Response:
    """The refund requests of an account, newest first."""
    page = query(PAGE_QUERY)
    with reading(parts().database):
        _account(id)
        found = refund_requests.page_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = [refund_request_line(filed) for filed in found[: page["limit"]]]
    return answered({"refund_requests": shown, "next": _next(id, "refund-requests", shown, found, page["limit"])})


@blueprint.get("/v1/accounts/<id>/events")
def events_of(id: str) -> Response:
    """The events of an account, the last that happened first."""
    page = query(PAGE_QUERY)
    with reading(parts().database):
        _account(id)
        found = events.page_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = [event_answer(told, language(), parts().faq.links) for told in found[: page["limit"]]]
    return answered({"events": shown, "next": _next(id, "events", shown, found, page["limit"])})


@blueprint.get("/v1/accounts/<id>/entries")
def entries_of(id: str) -> Response:
    """The ledger entries of an account, the last that was entered first."""
    page = query(NUMBERED_PAGE_QUERY)
    with reading(parts().database):
        _account(id)
        found = ledger.entries_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = found[: page["limit"]]
    return answered({"entries": shown, "next": _next(id, "entries", shown, found, page["limit"])})


@blueprint.get("/v1/accounts/<id>/notices")
def notices_of(id: str) -> Response:
    """The notices that were due to an account, newest first."""
    page = query(NUMBERED_PAGE_QUERY)
    with reading(parts().database):
        _account(id)
        found = notices.page_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = with_text(found[: page["limit"]], language())
    return answered({"notices": shown, "next": _next(id, "notices", shown, found, page["limit"])})


def _next(id: str, what: str, shown: Sequence[Mapping[str, Any]], found: Sequence[object], limit: int) -> str | None:
    """Where the next page is."""
    if len(found) == len(shown):
        return None
    return f"/v1/accounts/{quote(id, safe='')}/{what}?after={quote(str(shown[-1]['id']), safe='')}&limit={limit}"


def _can_be_an_id(id: str) -> None:
    if not 0 < len(id) <= LONGEST_ID or not id.isprintable():
        raise Refusal("bad-request", [FieldError({"parameter": "id"}, FIELD_TEXTS["not-an-id"])])


def _account(id: str) -> StoredAccount:
    found = ledger.find_account(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/accounts/{id}")
    return found
