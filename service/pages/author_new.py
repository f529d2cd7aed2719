"""A draft made of two texts: as the workbench sends them, or pasted; problems are shown with their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from policies.source import read
from service.pages.asking import Answer, ask
from service.pages.author_steps import with_lines
from service.pages.author_texts import scenarios_of
from service.pages.site import back_to, only, page

blueprint = Blueprint("author_new", __name__, url_prefix="/author/drafts/new")
blueprint.before_request(only("author"))


@blueprint.get("")
def empty() -> Response:
    """A form for two texts."""
    return _form({})


@blueprint.post("")
def make() -> Response:
    """Show what the workbench sent, to be looked at once more; or make the draft, and have it checked."""
    # Browsers send lines with both ends, and texts are kept as their authors write them.
    written = {name: value.replace("\r\n", "\n") for name, value in request.form.items()}
    # The workbench leaves a long file where it is until it is opened.
    written["scenarios"] = scenarios_of(written)
    if not written.get("make"):
        return _form(written)
    body = {"rules": written.get("text", ""), "scenarios": written.get("scenarios", "")}
    made = ask("POST", "/v1/policies/drafts", body)
    return back_to(f"/author/drafts/{made.data['id']}") if made.ok else _form(written, made)


def _form(written: Mapping[str, str], refused: Answer | None = None) -> Response:
    text, scenarios = written.get("text", ""), written.get("scenarios", "")
    problems = [] if refused is None else list(with_lines(refused.data.get("problems", ()), text, scenarios))
    return page(
        "author_new.html",
        refused.status if refused else 200,
        text=text,
        scenarios=scenarios,
        about=_about(text, scenarios),
        refused=refused,
        problems=problems,
    )


def _about(text: str, scenarios: str) -> dict[str, Any] | None:
    """What a text calls itself and how long both are; None where there is none yet."""
    if not text.strip():
        return None
    document, _ = read(text.encode(), "rules.yaml")
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    title = data.get("title")
    both = title if isinstance(title, dict) and {"ko", "en"} <= set(title) else None
    return {
        "policy": str(data.get("policy", "")),
        "title": both,
        "lines": len(text.splitlines()),
        "scenario_lines": len(scenarios.splitlines()),
    }
