"""The smallest request that there can be: what rules see that look at a request where there is none."""

from __future__ import annotations

from collections.abc import Mapping

from engine.cases import read_case
from engine.facts import RefundRequest
from policies.model import Fact, Policy


def smallest_request(policy: Policy) -> RefundRequest:
    """A request of one point by the policy's first method; other facts that it must have say nothing."""
    required = [fact for fact in policy.facts.values() if fact.required]
    account, request = (
        {fact.name: _neutral(fact, policy) for fact in required if fact.scope == scope}
        for scope in ("account", "request")
    )
    as_of = f"{policy.starts}T00:00:00Z"
    data = {"account": {**account, "id": "nobody"}, "lots": [], "request": {**request, "points": 1}, "as_of": as_of}
    return read_case(policy, data).request


def _neutral(fact: Fact, policy: Policy) -> object:
    values: Mapping[str, object] = {
        "choice": fact.choices[0] if fact.choices else "",
        "text": "",
        "flag": False,
        "date": policy.starts.isoformat(),
    }
    return values.get(fact.type, 0)
