"""What a member can do before applying: how much each way pays, what it costs, when, and what is missing for it.

Each refund method is judged as if all points were asked for by it, or the amount that the caller gives. Nothing is
recorded. What is missing are the rules that deny, each with what the decision itself proposes, where it can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service import ledger
from service.answers import said, with_text
from service.clock import spoken
from service.database import Database
from service.errors import Refusal
from service.judging import judged_by
from service.ledger import StoredAccount
from service.publishing import Versions

AMOUNTS = ("outcome", "points", "gross", "fee", "tax", "offset", "payout", "payable_on", "last_held_on")


def options_of(
    database: Database,
    versions: Versions,
    account: StoredAccount,
    request: Mapping[str, Any],
    now: datetime,
    language: str,
) -> dict[str, Any]:
    """The ways to a refund of an account, as the API answers them. Raises Refusal.

    `request` holds what is known of the request already, such as the papers that the member has; without `points` and
    `money` all points are asked for, and with a `method` only that way is looked at.
    """
    compiled = versions.in_force(account.policy, now)
    if compiled is None:
        raise Refusal("not-in-force", policy=account.policy, day=spoken(now))
    at = now.replace(microsecond=0)
    lots = ledger.lots_of(database, account.id)
    receiving = request.get("receiving_account")
    history = ledger.history_of(database, account.id, receiving if isinstance(receiving, str) else "")
    asked = dict(request) if {"points", "money"} & request.keys() else {**request, "points": "all"}

    def judge(facts: Mapping[str, Any], asking: Mapping[str, Any], when: datetime) -> Mapping[str, Any]:
        return judged_by(compiled, facts, lots, asking, history, when, stored_account=True).decision

    options = []
    for method, words in compiled.policy.methods.items():
        if request.get("method", method) != method:
            continue
        asking = {**asked, "method": method}
        decision = judge(account.facts, asking, at)
        missing = [_missing(reason) for reason in decision["reasons"] if reason["effect"] == "denies"]
        changes = [each["set"] for each in missing if each["set"] is not None]
        then = None
        if changes:
            facts, mended, when = _given(account.facts, asking, at, changes)
            found = judge(facts, mended, when)
            then = _amounts(found) if found["outcome"] != "denied" else None
        options.append(
            {
                "method": method,
                "words": said(words, language),
                **_amounts(decision),
                "reasons": decision["reasons"],
                "missing": missing,
                "then": then,
            }
        )
    if not options:
        # Let the engine say which methods there are.
        judge(account.facts, asked, at)
    answer = {"account": account.id, "policy": compiled.policy.id, "as_of": spoken(at), "options": options}
    return dict(with_text(answer, language))


def _missing(reason: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule that denies asks for: its remedy, or where it has none its sentence, with nothing to set."""
    remedy = reason["remedy"] or {"set": None, "ko": reason["ko"], "en": reason["en"]}
    return {"rule": reason["rule"], "kind": reason["kind"], **remedy}


def _amounts(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {name: decision[name] for name in AMOUNTS}


def _given(
    account: Mapping[str, Any], request: Mapping[str, Any], at: datetime, sets: list[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], datetime]:
    """The account, request and instant with everything that remedies propose."""
    facts, asking, when = dict(account), dict(request), at
    for changes in sets:
        for path, value in changes.items():
            scope, _, name = path.partition(".")
            if scope == "account":
                facts[name] = value
            elif scope == "request":
                asking[name] = value
            elif path == "as_of":
                when = datetime.fromisoformat(value)
    return facts, asking, when
