"""/v1/policies/{id}/shadow: a text that is decided beside the one in force, and what it decides otherwise."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g

from service import shadows
from service.answers import with_text
from service.database import reading
from service.errors import FieldError, Refusal, language
from service.intake import body, query
from service.paging import check_begin, next_page
from service.parts import answered, parts
from service.shadows import Shadow
from service.shapes import LANGUAGE_QUERY
from service.shapes_publishing import DIFFERENCES_QUERY, SHADOW_IN

blueprint = Blueprint("shadow", __name__)


@blueprint.post("/v1/policies/<id>/shadow")
def start(id: str) -> Response:
    """Have a text decided beside the one in force."""
    asked = body(SHADOW_IN)
    if len(asked) != 1:
        raise Refusal("bad-request", [FieldError.at((name,), "draft-or-rules") for name in ("draft", "rules")])
    try:
        made = shadows.start(parts().database, id, g.reader, parts().clock(), **asked)
    except Refusal as refusal:
        if "problems" in refusal.figures:
            refusal.figures["problems"] = with_text(refusal.figures["problems"], language())
        raise
    with reading(parts().database):
        answer = _answer(made)
    return answered(answer, 201, f"/v1/policies/{id}/shadow")


@blueprint.get("/v1/policies/<id>/shadow")
def one(id: str) -> Response:
    """The newest shadow of a policy, and what came of it so far."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        answer = _answer(_newest(id))
    return answered(answer)


@blueprint.post("/v1/policies/<id>/shadow/stop")
def stop(id: str) -> Response:
    """Stop it."""
    query(LANGUAGE_QUERY)
    made = shadows.stop(parts().database, id, g.reader, parts().clock())
    with reading(parts().database):
        answer = _answer(made)
    return answered(answer)


@blueprint.get("/v1/policies/<id>/shadow/differences")
def differences(id: str) -> Response:
    """What it decides otherwise, or cannot decide."""
    page = query(DIFFERENCES_QUERY)
    with reading(parts().database):
        shadow = _newest(id)
        check_begin(parts().database, "shadow/differences", page.get("after"), shadow.id)
        met = shadows.differences(parts().database, shadow, page["order"], page.get("after"), page["limit"] + 1)
    shown = met[: page["limit"]]
    following = next_page(f"/v1/policies/{id}/shadow/differences", page, shown, more=len(met) > len(shown))
    return answered({"differences": shown, "next": following})


def _newest(id: str) -> Shadow:
    found = shadows.newest(parts().database, id, parts().clock())
    if found is None:
        raise Refusal("not-found", what=f"/v1/policies/{id}/shadow")
    return found


def _answer(shadow: Shadow) -> dict[str, Any]:
    return {**shadows.line(shadow), **shadows.figures(parts().database, shadow)}
