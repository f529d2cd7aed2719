"""/v1/policies/drafts and what publishes: drafts, their approval or rejection, and withdrawals."""

from __future__ import annotations

from flask import Blueprint, Response, g

from service import drafts
from service.answers import (
    affected_answer,
    draft_answer,
    draft_line,
    version_answer,
    with_text,
    withdrawal_answer,
)
from service.database import reading
from service.errors import Refusal, language
from service.intake import body, query
from service.paging import check_begin, next_page
from service.parts import answered, parts
from service.reads import ANYONE
from service.roles import SEEING
from service.shapes import LANGUAGE_QUERY, PAGE_QUERY
from service.shapes_publishing import APPROVAL_IN, DRAFT_IN, REJECTION_IN, WITHDRAWAL_IN, instant_of

blueprint = Blueprint("publishing", __name__)


@blueprint.post("/v1/policies/drafts")
def draft() -> Response:
    """Keep a draft, and have it checked."""
    asked = body(DRAFT_IN)
    try:
        texts = asked["rules"], asked["scenarios"]
        about = asked.get("about", "")
        made = drafts.draft(parts().database, *texts, g.reader, parts().clock(), about=about)
    except Refusal as refusal:
        if "problems" in refusal.figures:
            refusal.figures["problems"] = with_text(refusal.figures["problems"], language())
        raise
    if parts().settings.check_drafts:
        drafts.start_checking(parts().settings, made.id)
    return answered(draft_answer(made, language()), 201, f"/v1/policies/drafts/{made.id}")


@blueprint.get("/v1/policies/drafts")
def found() -> Response:
    """The drafts, the newest first."""
    page = query(PAGE_QUERY)
    with reading(parts().database):
        check_begin(parts().database, "policies/drafts", page.get("after"))
        met = drafts.page_of(parts().database, page.get("after"), page["limit"] + 1)
    shown = [draft_line(each) for each in met[: page["limit"]]]
    following = next_page("/v1/policies/drafts", page, shown, more=len(met) > len(shown))
    return answered({"drafts": shown, "next": following})


@blueprint.get("/v1/policies/drafts/<id>")
def one(id: str) -> Response:
    """A draft, what its checks came to and what it changes."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        found = drafts.find(parts().database, id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/policies/drafts/{id}")
    return answered(draft_answer(found, language()))


@blueprint.get("/v1/policies/drafts/<id>/affected")
def affected(id: str) -> Response:
    """The accounts that a draft affects most."""
    query(LANGUAGE_QUERY)
    with reading(parts().database):
        if drafts.find(parts().database, id) is None:
            raise Refusal("not-found", what=f"/v1/policies/drafts/{id}")
        found = drafts.affected(parts().database, id)
    # Where no key is asked for, everybody sees everything.
    named = g.reader == ANYONE or bool(set(SEEING) & set(g.reader.roles))
    return answered(affected_answer(found, named=named))


@blueprint.post("/v1/policies/drafts/<id>/approve")
def approve(id: str) -> Response:
    """Publish a draft."""
    asked = body(APPROVAL_IN)
    start = instant_of(asked.get("effective_from"))
    note = asked.get("note", "")
    listed = drafts.approve(parts().database, id, asked["seen"], start, g.reader, parts().clock(), note=note)
    return answered(version_answer(listed), 201, f"/v1/policies/{listed.policy}/versions/{listed.number}")


@blueprint.post("/v1/policies/drafts/<id>/reject")
def reject(id: str) -> Response:
    """Say that a draft is not to be published."""
    asked = body(REJECTION_IN)
    found = drafts.reject(parts().database, id, asked["reason"], g.reader, parts().clock())
    return answered(draft_answer(found, language()))


@blueprint.get("/v1/policies/<id>/withdrawal")
def withdrawal(id: str) -> Response:
    """What a withdrawal would change."""
    query(LANGUAGE_QUERY)
    found = drafts.withdrawal(parts().database, id, parts().clock())
    return answered(withdrawal_answer(id, found, language()))


@blueprint.post("/v1/policies/<id>/withdraw")
def withdraw(id: str) -> Response:
    """Go back to the text before the newest version."""
    asked = body(WITHDRAWAL_IN)
    listed = drafts.withdraw(parts().database, id, asked["version"], asked["reason"], g.reader, parts().clock())
    return answered(version_answer(listed), 201, f"/v1/policies/{listed.policy}/versions/{listed.number}")
