"""/v1/refund-requests: file a request, and follow it."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from service import looks, moves, own, refund_requests
from service.access import record_reads
from service.answers import filed_answer, met_line, parted, refund_request_answer
from service.database import reading, writing
from service.errors import FieldError, Refusal, language
from service.idempotency import Answer, claim, digest_of, finish, read_key
from service.intake import body, query
from service.masking import masked
from service.paging import check_page, next_page
from service.parts import answered, given, json_text, parts
from service.records import Record
from service.refund_requests import Filed, Hold
from service.shapes import LANGUAGE_QUERY, MOVE_IN, REFUND_REQUEST_IN, REFUND_REQUESTS_QUERY
from service.tracing import deciding

blueprint = Blueprint("refund-requests", __name__)


@blueprint.post("/v1/refund-requests")
def file() -> Response:
    """Judge a refund request, hold its lots, file and record it."""
    key = own.key_of(read_key(request.headers.get("Idempotency-Key")))
    spoken, links = language(), parts().faq.links
    # None where the key was known; the last one where the transaction had to be repeated.
    made: list[Record] = []

    def answer(filed: Filed, holds: list[Hold], record: Record) -> Answer:
        text = json_text(filed_answer(filed, holds, record, spoken, links))
        made.append(record)
        return Answer(201, f"/v1/refund-requests/{filed.id}", spoken, text)

    asked = body(REFUND_REQUEST_IN)
    own.check_account(asked)
    with deciding() as decided:
        kept = parts().judge.file(asked, key, answer)
        for record in made[-1:]:
            decided(record.decision)
            parts().metrics.decided(record.decision)
    return given(kept)


@blueprint.get("/v1/refund-requests")
def queue() -> Response:
    """The refund requests of all accounts, oldest first; `state=needs_review` is what somebody has to look at."""
    page = own.narrowed(query(REFUND_REQUESTS_QUERY))
    limit = page["limit"]
    state, account, after = (page.get(name) for name in ("state", "account", "after"))
    with reading(parts().database):
        check_page(parts().database, "refund-requests", after, account)
    found = looks.queue(parts().database, parts().versions, state, account, after, limit + 1, parts().clock())
    shown = [met_line(met, language()) for met in found[:limit]]
    following = next_page("/v1/refund-requests", page, shown, more=len(found) > len(shown))
    return answered({**parted(shown), "next": following})


@blueprint.get("/v1/refund-requests/<id>")
def refund_request(id: str) -> Response:
    """A refund request, its state, what it holds and the moves that it made."""
    query(LANGUAGE_QUERY)
    database = parts().database
    with reading(database):
        account = refund_requests.account_of(database, id)
    if account is None:
        raise Refusal("not-found", what=f"/v1/refund-requests/{id}")
    moves.before_a_look(database, parts().versions, account, parts().clock())
    with reading(database):
        found = refund_requests.find(database, id)
        assert found is not None, "nothing removes a request"
        shown = _shown(found)
    record_reads(found.decision_id)
    return answered(shown)


def move(id: str, name: str) -> Response:
    """Make a move, once for each key."""
    key = own.key_of(read_key(request.headers.get("Idempotency-Key")))
    asked = own.in_own_name(body(MOVE_IN), "by")
    missing = [field for field in moves.KINDS[name].told if field not in asked]
    if missing:
        raise Refusal("bad-request", [FieldError.at((field,), "missing") for field in missing])
    spoken, now = language(), parts().clock()
    database = parts().database

    def make() -> Answer:
        known = claim(database, key, digest_of({"request": id, "move": name, **asked}), now)
        if known is not None:
            return known
        filed = moves.move(database, parts().versions, id, name, asked.get("by", ""), asked.get("reason", ""), now)
        answer = Answer(200, "", spoken, json_text(masked(_shown(filed), g.reader)))
        finish(database, key, answer)
        return answer

    return given(writing(database, make))


for _name in moves.REQUESTED:
    blueprint.add_url_rule(f"/v1/refund-requests/<id>/{_name}", _name, partial(move, name=_name), methods=["POST"])


def _shown(filed: Filed) -> dict[str, Any]:
    database = parts().database
    return refund_request_answer(
        filed, refund_requests.holds_of(database, filed.id), moves.moves_of(database, filed.id)
    )
