"""/v1/refund-requests: file a request, and follow it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from service import refund_requests
from service.answers import decision_answer, refund_request_answer
from service.database import reading
from service.errors import Refusal, language
from service.idempotency import Answer, read_key
from service.parts import answered, given, json_text, parts
from service.records import Record
from service.refund_requests import Filed, Hold
from service.shapes import LANGUAGE_QUERY, REFUND_REQUEST_IN, body, query

blueprint = Blueprint("refund-requests", __name__)


@blueprint.post("/v1/refund-requests")
def file() -> Response:
    """Judge a refund request, hold its lots, file and record it."""
    key = read_key(request.headers.get("Idempotency-Key"))
    spoken = language()

    def answer(filed: Filed, holds: list[Hold], record: Record) -> Answer:
        data = {**refund_request_answer(filed, holds), "decision": decision_answer(record, spoken)}
        return Answer(201, f"/v1/refund-requests/{filed.id}", spoken, json_text(data))

    return given(parts().judge.file(body(REFUND_REQUEST_IN), key, answer))


@blueprint.get("/v1/refund-requests/<id>")
def refund_request(id: str) -> Response:
    """A refund request, its state and what it holds."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = refund_requests.find(parts().database, id)
        holds = refund_requests.holds_of(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/refund-requests/{id}")
    return answered(refund_request_answer(found, holds))
