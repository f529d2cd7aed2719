"""Drafts as their authors and approvers see them: the list, and each as a story that ends with a decision about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, request

from policies.model import Text
from service.difference_report import told_keys
from service.difference_words import BASES, UNREADABLE, VERDICTS
from service.impact_page import drawn
from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.author_steps import steps_of
from service.pages.forms import after_of
from service.pages.site import ZONE, back_to, only, page
from service.parts import parts

blueprint = Blueprint("author_drafts", __name__, url_prefix="/author/drafts")
blueprint.before_request(only("author", "approver", "auditor"))

ON_A_PAGE = 20
"""By whose clock a policy is read of which no version is published yet."""
FIELDS = ("effective_from", "note", "reason")
"""Those beside which a page shows what the API says of them."""
NO_REASON = Text("이유를 적으십시오. 작성자가 읽습니다.", "Say why. The author reads it.")
IN_THE_PAST = Text("{at}은(는) 지났습니다. 지금은 {now}입니다({zone}).", "{at} has passed; here it is {now} ({zone}).")
NOT_AN_INSTANT = Text(
    "날짜와 시각을 2026-07-01T00:00처럼 적으십시오. 비우면 바로 시행합니다.",
    "Write day and time as in 2026-07-01T00:00, or nothing: then it is in effect at once.",
)


@blueprint.get("")
def drafts() -> Response:
    """The drafts, the newest first, and what is published."""
    found = asked("GET", "/v1/policies/drafts", query={"limit": ON_A_PAGE, "after": request.args.get("after")})
    return page(
        "author_drafts.html",
        found=found["drafts"],
        next=after_of(found),
        published=asked("GET", "/v1/policies")["policies"],
        withdrawn=request.args.get("withdrawn"),
    )


@blueprint.get("/<id>")
def draft(id: str) -> Response:
    """One draft as a story."""
    return _draft(id)


@blueprint.get("/<id>/text")
def text(id: str) -> Response:
    """Both files of a draft."""
    return page("author_draft_text.html", draft=asked("GET", address("policies", "drafts", id)))


@blueprint.post("/<id>/approve")
def approve(id: str) -> Response:
    """Publish a draft, from the instant that was written on."""
    written = request.form.to_dict()
    zone = _zone_of(asked("GET", address("policies", "drafts", id))["policy"])
    try:
        start = instant_of(written.get("effective_from", ""), zone)
    except ValueError:
        return _draft(id, written, mistakes={"effective_from": NOT_AN_INSTANT})
    if start and datetime.fromisoformat(start) < parts().clock():
        return _draft(id, written, mistakes={"effective_from": _passed(written["effective_from"], zone)})
    note = written.get("note", "").strip()
    body = {
        "seen": written.get("seen", ""),
        **({"effective_from": start} if start else {}),
        **({"note": note} if note else {}),
    }
    done = ask("POST", address("policies", "drafts", id, "approve"), body)
    # Sent twice, it is published once.
    if done.ok or done.data["code"] == "published-already":
        return back_to(f"/author/drafts/{id}")
    return _draft(id, written, done)


@blueprint.post("/<id>/reject")
def reject(id: str) -> Response:
    """Say that a draft is not to be published."""
    written = request.form.to_dict()
    reason = written.get("reason", "").strip()
    if not reason:
        return _draft(id, written, mistakes={"reason": NO_REASON})
    done = ask("POST", address("policies", "drafts", id, "reject"), {"reason": reason})
    return back_to(f"/author/drafts/{id}") if done.ok else _draft(id, written, done)


def instant_of(written: str, zone: str) -> str | None:
    """What a form says of day and time by the clock of a zone, in UTC; None where it says nothing. Raises ValueError.

    >>> instant_of("2026-07-01T00:00", "Asia/Seoul")
    '2026-06-30T15:00:00Z'
    """
    if not written.strip():
        return None
    at = datetime.fromisoformat(written.strip())
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def spoken(value: Any) -> str:
    """A part of a decision as people read it; a dash where there is nothing.

    >>> spoken(12000), spoken(["fee", "limit"]), spoken({"L1": 500}), spoken([]), spoken(None)
    ('12,000', 'fee, limit', 'L1: 500', '–', '–')
    """
    match value:
        case bool() | str():
            return str(value) or "–"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name}: {spoken(each)}" for name, each in value.items()) or "–"
        case list():
            return ", ".join(map(spoken, value)) or "–"
    return "–"


def _draft(
    id: str,
    written: Mapping[str, str] | None = None,
    refused: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
) -> Response:
    found = asked("GET", address("policies", "drafts", id))
    versions = ask("GET", address("policies", found["policy"], "versions"))
    listed = versions.data["versions"] if versions.ok else []
    zone = _zone_of(found["policy"])
    shown = found["shown"] or {"impact": None, "differences": None, "to_come": []}
    told = {
        name: Text(each["detail"], each["detail"])
        for each in (refused.errors if refused else ())
        if (name := each.get("pointer", "").removeprefix("#/")) in FIELDS
    }
    return page(
        "author_draft.html",
        refused.status if refused else 422 if mistakes else 200,
        draft=found,
        shown=shown,
        steps=steps_of(found, listed, zone, g.language),
        zone=zone,
        effect=_effect(id, shown["impact"]),
        own=bool(g.reader.key) and found["by"] == g.reader.name,
        newest=listed[0]["version"] if listed else None,
        beside=beside_of,
        verdicts=VERDICTS,
        bases=BASES,
        written=written or {},
        refused=refused,
        mistakes={**told, **(mistakes or {})},
    )


def _passed(written: str, zone: str) -> Text:
    """That an instant has passed, by the clock by which it was written."""
    at = written.replace("T", " ")
    now = f"{parts().clock().astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    return Text(*(each.format(at=at, now=now, zone=zone) for each in (IN_THE_PAST.ko, IN_THE_PAST.en)))


def beside_of(example: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Both decisions of an example, part by part, as people read them. What is only told with a reason is left out."""
    sides = example["old"], example["new"]
    found = []
    for key in told_keys(*sides, [each for each in example["differs_in"] if each != "figures"]):
        was, now = (
            UNREADABLE.in_language(g.language).format(why=got["why"][g.language])
            if key == "outcome" and "why" in got
            else spoken(got.get(key))
            for got in sides
        )
        found.append((key, was, now))
    return found


def _effect(id: str, impact: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a draft does to the accounts, with its plots and whom it affects most; None where that was not counted."""
    if impact is None:
        return None
    found = asked("GET", address("policies", "drafts", id, "affected"))["affected"]
    return {"told": impact, "affected": found, **drawn(impact, g.language)}


def _zone_of(policy: str) -> str:
    found = ask("GET", address("policies", policy))
    if not found.ok and found.status != 404:
        raise Refused(found)
    zone: str = found.data["timezone"] if found.ok else ZONE
    return zone
