"""The texts that authors work on: of a policy as it stands, of one of its versions or of a draft."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.clock import spoken
from service.pages.asking import address, asked
from service.pages.site import today_in
from service.parts import parts

MOST_OPEN = 20_000
"""Characters of a scenario file that stands on the workbench at once; a longer one waits until it is opened."""


def policy_of(id: str) -> dict[str, Any]:
    """A policy with its versions, the one in force marked."""
    found: dict[str, Any] = asked("GET", address("policies", id))
    now, today = parts().clock(), today_in(found["timezone"]).isoformat()
    in_force = [each["version"] for each in found["versions"] if _effective(each, now) and each["starts"] <= today]
    return {**found, "in_force": in_force[0] if in_force else None}


def _effective(version: Mapping[str, Any], now: datetime) -> bool:
    """Whether a version is effective by now; the newest of those that are, and have started, is in force."""
    return version["effective_from"] is None or version["effective_from"] <= spoken(now)


def texts_of(id: str, number: str) -> dict[str, str]:
    """The rules and the scenarios of a version; without a number of the one in force."""
    policy = policy_of(id)
    chosen = int(number) if number.isascii() and number.isdigit() else policy["in_force"]
    if chosen is None:
        chosen = policy["versions"][0]["version"]
    text = asked("GET", address("policies", id, "versions", chosen))["text"]
    scenarios = asked("GET", address("policies", id, "versions", chosen, "scenarios"))["scenarios"]
    return {"version": str(chosen), "text": text, "scenarios": scenarios or ""}


def draft_texts(id: str) -> dict[str, str]:
    """The same of a draft, and what it is for."""
    found = asked("GET", address("policies", "drafts", id))
    texts = {"text": found["rules"], "scenarios": found["scenarios"]}
    return {"policy": found["policy"], "draft": id, "about": found["about"] or "", **texts}


def scenarios_of(sent: Mapping[str, str]) -> str:
    """The scenarios that a form is about: those that it brings, else those that stayed where its text comes from."""
    if "scenarios" in sent:
        return sent["scenarios"]
    if sent.get("draft"):
        return draft_texts(sent["draft"])["scenarios"]
    if sent.get("policy"):
        return texts_of(sent["policy"], sent.get("version", ""))["scenarios"]
    return ""
