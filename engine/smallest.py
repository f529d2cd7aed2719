"""The smallest request that there can be: what rules see that look at a request where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.cases import read_case
from engine.facts import RefundRequest
from policies.model import Fact, Policy


def smallest_request(policy: Policy) -> RefundRequest:
    """A request of one point by the policy's first method; other facts that it must have say nothing."""
    request = {**_required(policy, "request"), "points": 1}
    as_of = f"{policy.starts}T00:00:00Z"
    data = {"account": smallest_account(policy), "lots": [], "request": request, "as_of": as_of}
    return read_case(policy, data).request


def smallest_account(policy: Policy) -> dict[str, Any]:
    """An account of nobody, as JSON: facts that it must have say nothing."""
    return {**_required(policy, "account"), "id": "nobody"}


def _required(policy: Policy, scope: str) -> dict[str, Any]:
    facts = [fact for fact in policy.facts.values() if fact.required and fact.scope == scope]
    return {fact.name: _neutral(fact, policy) for fact in facts}


def _neutral(fact: Fact, policy: Policy) -> object:
    values: Mapping[str, object] = {
        "choice": fact.choices[0] if fact.choices else "",
        "text": "",
        "flag": False,
        "date": policy.starts.isoformat(),
    }
    return values.get(fact.type, 0)
