"""/v1/accounts: facts, balances and refund requests of one account."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response

from service import ledger, refund_requests
from service.answers import refund_request_line
from service.balances import balance_of
from service.database import reading
from service.errors import Refusal, language
from service.ledger import StoredAccount
from service.parts import answered, parts
from service.shapes import BALANCE_QUERY, LANGUAGE_QUERY, PAGE_QUERY, query

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/v1/accounts/<id>")
def account(id: str) -> Response:
    """The facts of an account."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = _account(id)
    return answered({"policy": found.policy, **found.facts})


@blueprint.get("/v1/accounts/<id>/balance")
def balance(id: str) -> Response:
    """What an account has on a day, by source and by lot, and what expires when."""
    on = query(BALANCE_QUERY).get("on")
    with reading(parts().database):
        found = balance_of(parts().database, parts().versions, _account(id), on, parts().clock(), language())
    return answered(found)


@blueprint.get("/v1/accounts/<id>/refund-requests")
def refund_requests_of(id: str) -> Response:
    """The refund requests of an account, newest first."""
    page = query(PAGE_QUERY)
    with reading(parts().database):
        _account(id)
        found = refund_requests.page_of(parts().database, id, page.get("after"), page["limit"] + 1)
    shown = [refund_request_line(filed) for filed in found[: page["limit"]]]
    more = len(found) > len(shown)
    here = f"/v1/accounts/{quote(id, safe='')}/refund-requests"
    following = f"{here}?after={shown[-1]['id']}&limit={page['limit']}" if more else None
    return answered({"refund_requests": shown, "next": following})


def _account(id: str) -> StoredAccount:
    found = ledger.find_account(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/accounts/{id}")
    return found
