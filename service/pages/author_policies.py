"""What is done with a published policy: its newest version withdrawn, another text decided beside the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from policies.model import Text
from service.difference_words import BASES, VERDICTS
from service.pages.asking import Answer, Refused, address, ask, asked
from service.pages.author_drafts import NO_REASON, beside_of
from service.pages.author_words import FAILURES, SHADOW_STATES
from service.pages.forms import after_of
from service.pages.site import back_to, only, page
from service.shadows import ORDERS

blueprint = Blueprint("author_policies", __name__, url_prefix="/author/policies")
blueprint.before_request(only("author", "approver", "auditor"))

SHOWN = 20
STARTABLE = ("ready", "failed", "checking")
"""The states of drafts that are offered to be decided beside the version in force."""
NO_TEXT = Text("초안을 고르거나 규칙 파일을 붙여 넣으십시오.", "Choose a draft, or paste a rule file.")


@blueprint.get("/<id>/withdraw")
def withdrawal(id: str) -> Response:
    """What a withdrawal of the newest version would change, to be read before it is asked for."""
    return _withdrawal(id, {})


@blueprint.post("/<id>/withdraw")
def withdraw(id: str) -> Response:
    """Publish the former text again as a new version."""
    written = request.form.to_dict()
    reason, number = written.get("reason", "").strip(), written.get("version", "")
    if not reason:
        return _withdrawal(id, written, mistakes={"reason": NO_REASON})
    body = {"version": int(number) if number.isascii() and number.isdigit() else 0, "reason": reason}
    done = ask("POST", address("policies", id, "withdraw"), body)
    return back_to(f"/author/drafts?{urlencode({'withdrawn': id})}") if done.ok else _withdrawal(id, written, done)


@blueprint.get("/<id>/compare")
def compare(id: str) -> Response:
    """What one version changes of another in meaning."""
    chosen = {name: request.args.get(name, "") for name in ("old", "new")}
    found = asked("GET", address("policies", id, "differences"), query=chosen)
    return page(
        "author_compare.html",
        policy=asked("GET", address("policies", id)),
        old=found["old"],
        new=found["new"],
        differences=found["differences"],
        beside=beside_of,
        verdicts=VERDICTS,
        bases=BASES,
    )


@blueprint.get("/<id>/shadow")
def shadow(id: str) -> Response:
    """The text that is decided beside the one in force, and what it decides otherwise."""
    return _shadow(id, {})


@blueprint.post("/<id>/shadow")
def start(id: str) -> Response:
    """Have a draft, or a pasted rule file, decided beside the one in force."""
    written = {name: value.replace("\r\n", "\n") for name, value in request.form.items()}
    draft, rules = written.get("draft", ""), written.get("rules", "")
    if not draft and not rules.strip():
        return _shadow(id, written, mistakes={"draft": NO_TEXT})
    done = ask("POST", address("policies", id, "shadow"), {"draft": draft} if draft else {"rules": rules})
    return back_to(f"/author/policies/{id}/shadow") if done.ok else _shadow(id, written, done)


@blueprint.post("/<id>/shadow/stop")
def stop(id: str) -> Response:
    """Stop it."""
    done = ask("POST", address("policies", id, "shadow", "stop"))
    return back_to(f"/author/policies/{id}/shadow") if done.ok else _shadow(id, {}, done)


def _withdrawal(
    id: str,
    written: Mapping[str, str],
    refused: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
) -> Response:
    found = asked("GET", address("policies", id, "withdrawal"))
    return page(
        "author_withdraw.html",
        refused.status if refused else 422 if mistakes else 200,
        found=found,
        zone=asked("GET", address("policies", id))["timezone"],
        written=written,
        refused=refused,
        mistakes=mistakes or {},
    )


def _shadow(
    id: str,
    written: Mapping[str, str],
    refused: Answer | None = None,
    mistakes: Mapping[str, Text] | None = None,
) -> Response:
    policy = asked("GET", address("policies", id))
    order = request.args.get("order", "")
    order = order if order in ORDERS else ORDERS[0]
    found = ask("GET", address("policies", id, "shadow"))
    if not found.ok and found.status != 404:
        raise Refused(found)
    query = {"order": order, "limit": SHOWN, "after": request.args.get("after")}
    others = asked("GET", address("policies", id, "shadow", "differences"), query=query) if found.ok else None
    drafts = asked("GET", "/v1/policies/drafts", query={"limit": 100})["drafts"]
    return page(
        "author_shadow.html",
        refused.status if refused else 422 if mistakes else 200,
        policy=policy,
        found=found.data if found.ok else None,
        others=others["differences"] if others else [],
        next=after_of(others) if others else None,
        order=order,
        drafts=[each for each in drafts if each["policy"] == id and each["state"] in STARTABLE],
        failures=FAILURES,
        states=SHADOW_STATES,
        written=written,
        refused=refused,
        mistakes=mistakes or {},
    )
