"""/v1/faq: find and read the answers to what members ask."""

from __future__ import annotations

from flask import Blueprint, Response

from service.answers import faq_line, found_answer, said
from service.database import reading
from service.errors import FieldError, Refusal, language
from service.faq import Page, found_in
from service.faq_files import EVERY_POLICY
from service.intake import query
from service.parts import answered, parts
from service.shapes import FAQ_QUERY, LANGUAGE_QUERY

blueprint = Blueprint("faq", __name__)


@blueprint.get("/v1/faq")
def entries() -> Response:
    """The entries that have the words, the best first; or all of them."""
    asked = query(FAQ_QUERY)
    page, spoken, limit = _page(asked.get("policy")), language(), asked["limit"]
    if "q" in asked:
        hits = page.search(asked["q"], asked.get("policy"))
        found = [found_in(hit, asked["q"], spoken) for hit in hits[:limit]]
        return answered({"total": len(hits), "entries": [found_answer(each, spoken) for each in found]})
    policies = (asked.get("policy"), EVERY_POLICY)
    shown = [each for each in page.entries.values() if "policy" not in asked or each.policy in policies]
    lines = [{**faq_line(each, spoken), "match": None} for each in shown[:limit]]
    return answered({"total": len(shown), "entries": lines})


@blueprint.get("/v1/faq/<id>")
def entry(id: str) -> Response:
    """One entry with its answer, in Markdown, with the figures of today."""
    query(LANGUAGE_QUERY)
    found = _page().entries.get(id)
    if found is None:
        raise Refusal("not-found", what=f"/v1/faq/{id}")
    return answered({**faq_line(found, language()), "answer": said(found.answer, language())})


def _page(policy: str | None = None) -> Page:
    """The entries of today. Raises Refusal where a policy is asked for that is not published."""
    with reading(parts().database):
        known = parts().versions.policies()
        if policy not in (None, EVERY_POLICY, *known):
            mistake = FieldError.in_parameter("policy", "unknown-policy", known=", ".join(known) or "-")
            raise Refusal("not-found", [mistake], what=f"/v1/faq?policy={policy}")
        return parts().faq.page(parts().versions, parts().clock())
