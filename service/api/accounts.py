"""/v1/accounts: facts, balances and refund requests of one account, and what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response
from marshmallow import Schema

from service import events, inquiries, ledger, members, moves, notices, refund_requests
from service.answers import event_answer, inquiry_line, met_line, parted, with_faq, with_text
from service.balances import balance_of
from service.database import reading
from service.earning import earning_of
from service.errors import FieldError, Refusal, language
from service.intake import body, query
from service.ledger import StoredAccount
from service.options import options_of
from service.paging import check_begin, next_page
from service.parts import answered, parts
from service.shapes import (
    ACCOUNT_CHANGE_IN,
    ACCOUNT_IN,
    BALANCE_QUERY,
    EVENT_PAGE_QUERY,
    LANGUAGE_QUERY,
    MERGE_PATCH,
    NUMBERED_PAGE_QUERY,
    OPTIONS_IN,
    PAGE_QUERY,
    may_be_an_id,
)

blueprint = Blueprint("accounts", __name__)

Line = Callable[[Any], dict[str, Any]]
"""How one item of a list is answered."""


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
    """Change some facts of an account: a merge patch."""
    facts = body(ACCOUNT_CHANGE_IN, MERGE_PATCH)
    changed = members.change(parts().database, parts().versions, id, facts, parts().clock())
    return answered({"policy": changed.policy, **changed.facts})


@blueprint.post("/v1/accounts/<id>/refund-options")
def refund_options(id: str) -> Response:
    """What each way of a refund would come to, and what is missing for it."""
    asked = body(OPTIONS_IN)["request"]
    now = parts().clock()
    moves.before_a_look(parts().database, parts().versions, id, now)
    with reading(parts().database):
        account = _account(id)
        found = options_of(parts().database, parts().versions, account, asked, now, language())
    return answered(with_faq(found, account.policy, parts().faq.links))


@blueprint.get("/v1/accounts/<id>/balance")
def balance(id: str) -> Response:
    """What an account has on a day, by source and by lot, and what expires when."""
    on = query(BALANCE_QUERY).get("on")
    now = parts().clock()
    moves.before_a_look(parts().database, parts().versions, id, now)
    with reading(parts().database):
        found = balance_of(parts().database, parts().versions, _account(id), on, now, language())
    return answered({**found, "lots": with_faq(found["lots"], found["policy"], parts().faq.links)})


@blueprint.get("/v1/accounts/<id>/earning")
def earning(id: str) -> Response:
    """What an account earns by each rule today, its own figures first."""
    query(LANGUAGE_QUERY)
    now = parts().clock()
    with reading(parts().database):
        found = earning_of(parts().versions, _account(id), now, language())
    return answered(found)


@blueprint.get("/v1/accounts/<id>/inquiries")
def inquiries_of(id: str) -> Response:
    """The inquiries of an account, newest first."""

    def line_of(account: StoredAccount) -> Line:
        today = parts().inquiries.today(account.policy)
        return lambda inquiry: inquiry_line(inquiry, today)

    return _page(id, "inquiries", PAGE_QUERY, inquiries.page_of, line_of)


@blueprint.get("/v1/accounts/<id>/refund-requests")
def refund_requests_of(id: str) -> Response:
    """The refund requests of an account, newest first."""
    return _page(
        id,
        "refund-requests",
        PAGE_QUERY,
        refund_requests.page_of,
        lambda _: lambda met: met_line(met, language()),
        parted,
    )


@blueprint.get("/v1/accounts/<id>/events")
def events_of(id: str) -> Response:
    """The events of an account, the last that happened first."""
    links = parts().faq.links
    return _page(
        id, "events", EVENT_PAGE_QUERY, events.page_of, lambda _: lambda told: event_answer(told, language(), links)
    )


@blueprint.get("/v1/accounts/<id>/entries")
def entries_of(id: str) -> Response:
    """The ledger entries of an account, the last that was entered first."""
    return _page(id, "entries", NUMBERED_PAGE_QUERY, ledger.entries_of, lambda _: lambda entry: entry)


@blueprint.get("/v1/accounts/<id>/notices")
def notices_of(id: str) -> Response:
    """The notices that were due to an account, newest first."""
    return _page(
        id, "notices", NUMBERED_PAGE_QUERY, notices.page_of, lambda _: lambda notice: with_text(notice, language())
    )


def _page(
    id: str,
    what: str,
    asked: Schema,
    page_of: Callable[..., Sequence[Any]],
    line_of: Callable[[StoredAccount], Line],
    together: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]] | None = None,
) -> Response:
    """A page of what an account has, and where the next one is; `line_of` says how each is shown, and `together`
    all of them, where that is not as one list.

    What is asked besides, such as a state, is asked of `page_of`, and again on the next page.
    """
    page = query(asked)
    moves.before_a_look(parts().database, parts().versions, id, parts().clock())
    besides = {name: value for name, value in page.items() if name not in ("after", "limit", "lang")}
    with reading(parts().database):
        line = line_of(_account(id))
        check_begin(parts().database, what, page.get("after"), id)
        # One more than is shown says whether there are more.
        found = page_of(parts().database, id, page.get("after"), page["limit"] + 1, **besides)
    shown = [line(each) for each in found[: page["limit"]]]
    path = f"/v1/accounts/{quote(id, safe='')}/{what}"
    following = next_page(path, page, shown, more=len(found) > len(shown))
    told = together(shown) if together else {what: shown}
    return answered({**told, "next": following})


def _can_be_an_id(id: str) -> None:
    if not may_be_an_id(id):
        raise Refusal("bad-request", [FieldError.in_parameter("id", "not-an-id")])
    if id in (".", ".."):
        raise Refusal("bad-request", [FieldError.in_parameter("id", "dots-only")])


def _account(id: str) -> StoredAccount:
    found = ledger.find_account(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/accounts/{id}")
    return found
