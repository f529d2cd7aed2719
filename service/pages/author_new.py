"""A draft made of two texts: as the workbench sends them, or pasted; problems are shown with their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from policies.model import Text
from policies.source import read
from service.pages.asking import Answer, ask
from service.pages.author_steps import with_lines
from service.pages.author_texts import scenarios_of
from service.pages.site import back_to, only, page
from service.shapes_publishing import LONGEST_ABOUT

blueprint = Blueprint("author_new", __name__, url_prefix="/author/drafts/new")
blueprint.before_request(only("author"))

EMPTY = {
    "text": Text(
        "규칙 파일이 비어 있습니다. 글을 붙여 넣거나 작업대에서 쓰십시오.",
        "The rule file is empty. Paste its text, or write it in the workbench.",
    ),
    "scenarios": Text(
        "시나리오 파일이 비어 있습니다. 시나리오가 없는 글은 발행할 수 없습니다.",
        "The scenario file is empty. A text without scenarios cannot be published.",
    ),
}
TOO_LONG = Text(
    f"{LONGEST_ABOUT}자 이하로 한 줄에 적으십시오.", f"Write at most {LONGEST_ABOUT} characters, on one line."
)


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
    if _empty(written):
        return _form(written)
    about = written.get("about", "").strip()
    body = {"rules": written.get("text", ""), "scenarios": written.get("scenarios", "")}
    made = ask("POST", "/v1/policies/drafts", {**body, "about": about} if about else body)
    return back_to(f"/author/drafts/{made.data['id']}") if made.ok else _form(written, made)


def _empty(written: Mapping[str, str]) -> dict[str, Text]:
    """Which of both texts there is nothing of, where they were sent, by its field."""
    if not written:
        return {}
    return {name: told for name, told in EMPTY.items() if not written.get(name, "").strip()}


def _form(written: Mapping[str, str], refused: Answer | None = None) -> Response:
    text, scenarios = written.get("text", ""), written.get("scenarios", "")
    mistakes = _empty(written)
    for error in refused.errors if refused else ():
        if error.get("pointer") == "#/about":
            mistakes["about"] = TOO_LONG
    problems = [] if refused is None else list(with_lines(refused.data.get("problems", ()), text, scenarios))
    return page(
        "author_new.html",
        refused.status if refused else 422 if mistakes else 200,
        text=text,
        line=written.get("about", ""),
        mistakes=mistakes,
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
