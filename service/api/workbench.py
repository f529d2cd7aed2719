"""/v1/policies:check, :test and :try: what an author is told of a text while it is written; nothing is kept."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response

from service.answers import decision_answer, with_text
from service.clock import spoken
from service.errors import Refusal, language
from service.intake import body
from service.parts import parts, told_back
from service.records import Record
from service.shapes_workbench import CHECK_IN, TEST_IN, TRY_IN

blueprint = Blueprint("workbench", __name__)


@blueprint.post("/v1/policies:check")
def check() -> Response:
    """The problems of a rule file, or the advice about it and the same in sentences."""
    asked = body(CHECK_IN)
    found = parts().beside.ask("checked", asked["rules"], parts().clock())
    return told_back(with_text(found, language()))


@blueprint.post("/v1/policies:test")
def test() -> Response:
    """What becomes of each scenario."""
    asked = body(TEST_IN)
    found = parts().beside.ask("tested", asked["rules"], asked["scenarios"], asked.get("scenario"))
    return told_back(with_text(found, language()))


@blueprint.post("/v1/policies:try")
def try_out() -> Response:
    """Decide a refund request by a rule file."""
    asked = body(TRY_IN)
    now = parts().clock()
    at = datetime.fromisoformat(asked["as_of"]) if "as_of" in asked else now.replace(microsecond=0)
    data = {name: asked[name] for name in ("account", "lots", "request", "history")}
    try:
        found = parts().beside.ask("tried", asked["rules"], data, at)
    except Refusal as refusal:
        if "problems" in refusal.figures:
            refusal.figures["problems"] = with_text(refusal.figures["problems"], language())
        raise
    record = Record("", spoken(now), found["case"], found["decision"])
    return told_back(decision_answer(record, language(), parts().faq.links))
