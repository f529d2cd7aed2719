"""/v1/decisions: judge without filing, and read what was decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, request

from service import own, records
from service.access import record_reads
from service.answers import decision_answer, kept_decision_answer, with_text
from service.database import reading
from service.errors import FieldError, Refusal, language
from service.explanation import explanation
from service.explanation_forms import lines, page, page_policy
from service.judging import Question
from service.masking import masked
from service.parts import answered, parts
from service.shapes import DECISION_IN, LANGUAGE_QUERY, body, query

blueprint = Blueprint("decisions", __name__)

FORMS = ("application/json", "text/plain", "text/html")


@blueprint.post("/v1/decisions")
def decide() -> Response:
    """Judge a refund request without filing it."""
    asked = body(DECISION_IN)
    own.check_account(asked)
    record = not asked["dry_run"]
    made = parts().judge.judge(_question(asked), record=record)
    answer = decision_answer(made, language(), parts().faq.links, recorded=record)
    return answered(answer, 201, f"/v1/decisions/{made.id}") if record else answered(answer)


@blueprint.get("/v1/decisions/<id>")
def decision(id: str) -> Response:
    """A decision that was recorded, with the case that it was made on."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = records.find(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/decisions/{id}")
    record_reads(id)
    return answered(kept_decision_answer(found, language(), parts().faq.links))


@blueprint.get("/v1/decisions/<id>/explanation")
def explain(id: str) -> Response:
    """Why a decision came out as it did, for the member: as data, as text or as a page to print."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = records.find(parts().database, id)
        if found is None:
            raise Refusal("not-found", what=f"/v1/decisions/{id}")
        compiled = parts().versions.compiled(found.decision["digest"])
    record_reads(id)
    # The case stays whole: what would have passed is really decided.
    found = replace(found, decision=masked(found.decision, g.reader))
    told, spoken = explanation(found, compiled, parts().settings.answer_within_days), language()
    # Who accepts none of the three gets the first.
    form = request.accept_mimetypes.best_match(FORMS, FORMS[0])
    if form == "text/html":
        answer = Response(page(told, spoken), mimetype=form)
        answer.headers["Content-Security-Policy"] = page_policy()
    elif form == "text/plain":
        answer = Response("\n".join([*lines(told, spoken), ""]), mimetype=form)
    else:
        answer = answered({**with_text(told, spoken), "language": spoken})
    answer.headers["Content-Language"] = spoken
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


def _question(asked: dict[str, Any]) -> Question:
    account = asked["account"]
    if isinstance(account, str):
        alone = [name for name in ("lots", "history") if name in asked]
        if alone:
            raise Refusal("bad-request", [FieldError.at((name,), "only-with-account-facts") for name in alone])
    at = asked.get("as_of")
    as_of = datetime.fromisoformat(at) if at else None
    return Question(account, asked["request"], asked.get("lots"), asked.get("history"), as_of, asked.get("policy"))
