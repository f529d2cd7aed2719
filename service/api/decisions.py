"""/v1/decisions: judge without filing, one question or many, and read what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, request

from service import ledger, lines, own, records
from service.access import record_reads
from service.answers import decision_answer, kept_decision_answer, with_text
from service.database import reading
from service.errors import FieldError, Refusal, language, problem_within
from service.explanation import explanation
from service.explanation_forms import lines as lines_of_text
from service.explanation_forms import page, page_policy
from service.intake import body, body_of, bytes_of_body, check_encoding, in_utf_8, loaded, query
from service.json_body import read_json
from service.judging import Question
from service.masking import masked
from service.parts import answered, json_text, parts
from service.shapes import DECISION_IN, JSON, LANGUAGE_QUERY
from service.shapes_batch import DECISIONS_IN
from service.tracing import deciding

blueprint = Blueprint("decisions", __name__)

Path = tuple[str | int, ...]

MANY = (JSON, lines.MEDIA_TYPE)
FORMS = ("application/json", "text/plain", "text/html")


@blueprint.post("/v1/decisions")
def decide() -> Response:
    """Judge a refund request without filing it."""
    asked = body(DECISION_IN)
    own.check_account(asked)
    record = not asked["dry_run"]
    with deciding() as decided:
        made = parts().judge.judge(_question(asked), record=record)
        decided(made.decision)
    if record:
        parts().metrics.decided(made.decision)
    answer = decision_answer(made, language(), parts().faq.links)
    return answered(answer, 201, f"/v1/decisions/{made.id}") if record else answered(answer)


@blueprint.post("/v1/decisions:batch")
def decide_many() -> Response:
    """Judge many refund requests, each by itself: a list in JSON, or one a line."""
    check_encoding()
    if request.mimetype not in MANY or not in_utf_8():
        sent = request.headers.get("Content-Type", "-")
        mistake = FieldError.in_header("Content-Type", "not-a-media-type", sent=sent, known=", ".join(MANY))
        raise Refusal("unsupported-media-type", [mistake])
    if request.accept_mimetypes and not request.accept_mimetypes.quality(request.mimetype):
        raise Refusal("not-acceptable", sent=request.mimetype)
    if request.mimetype == lines.MEDIA_TYPE:
        return _answer_lines()
    items = loaded(DECISIONS_IN, body_of())["items"]
    found = _answers([(("items", place), item) for place, item in enumerate(items)])
    return answered({"results": found})


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
        stored = ledger.find_account(parts().database, found.decision["account"]) is not None
    record_reads(id)
    # The case stays whole: what would have passed is really decided.
    found = replace(found, decision=masked(found.decision, g.reader))
    days, spoken = parts().settings.answer_within_days, language()
    told = explanation(found, compiled, days, stored=stored)
    # Who accepts none of the three gets the first.
    form = request.accept_mimetypes.best_match(FORMS, FORMS[0])
    if form == "text/html":
        answer = Response(page(told, spoken), mimetype=form)
        answer.headers["Content-Security-Policy"] = page_policy()
    elif form == "text/plain":
        answer = Response("\n".join([*lines_of_text(told, spoken), ""]), mimetype=form)
    else:
        answer = answered({**with_text(told, spoken), "language": spoken})
    answer.headers["Content-Language"] = spoken
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


def _answer_lines() -> Response:
    """Each line is answered by a line. A server that streams hands over those that have come; see `streams.py`."""
    query(LANGUAGE_QUERY)
    most = parts().settings.max_body_bytes
    came = request.environ.get(lines.IN_ENVIRON)
    if came is None:
        came = [*lines.lines_of(bytes_of_body(), most)]
    found = _answers([((), _read_line(line, most)) for line in came])
    numbered = ({"line": line.number, **answer} for line, answer in zip(came, found, strict=True))
    text = "".join(f"{json_text(masked(each, g.get('reader')))}\n" for each in numbered)
    answer = Response(text, mimetype=lines.MEDIA_TYPE)
    answer.headers["Content-Language"] = language()
    return answer


def _read_line(line: lines.Line, most: int) -> Any:
    """The data of a line, or why it cannot be read."""
    try:
        if line.late:
            raise Refusal("too-slow", most=parts().settings.stall_seconds)
        if line.text is None:
            raise Refusal("line-too-long", most=most)
        return read_json(line.text, line.number)
    except Refusal as refusal:
        return refusal


def _answers(sent: Sequence[tuple[Path, Any]]) -> list[dict[str, Any]]:
    """What each item would be answered by itself, with its mistakes at its path in the body."""
    read = [_read_item(item) for _, item in sent]
    judged = iter(parts().judge.judge_many([each for each in read if not isinstance(each, Refusal)]))
    spoken, links, answers = language(), parts().faq.links, list[dict[str, Any]]()
    for (path, _), each in zip(sent, read, strict=True):
        made, recorded = (each, False) if isinstance(each, Refusal) else (next(judged), each[1])
        if isinstance(made, Refusal):
            answers.append({"status": made.status, "problem": problem_within(path, made, spoken)})
        else:
            if recorded:
                parts().metrics.decided(made.decision)
            decision = decision_answer(made, spoken, links)
            answers.append({"status": 201 if recorded else 200, "decision": decision})
    return answers


def _read_item(item: Any) -> tuple[Question, bool] | Refusal:
    """What is asked, and whether the decision is to be recorded; or why it cannot be asked."""
    try:
        if isinstance(item, Refusal):
            raise item
        asked = loaded(DECISION_IN, item)
        return _question(asked), not asked["dry_run"]
    except Refusal as refusal:
        return refusal


def _question(asked: dict[str, Any]) -> Question:
    account = asked["account"]
    if isinstance(account, str):
        alone = [name for name in ("lots", "history") if name in asked]
        if alone:
            raise Refusal("bad-request", [FieldError.at((name,), "only-with-account-facts") for name in alone])
    at = asked.get("as_of")
    as_of = datetime.fromisoformat(at) if at else None
    return Question(account, asked["request"], asked.get("lots"), asked.get("history"), as_of, asked.get("policy"))
