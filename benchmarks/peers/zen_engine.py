"""The benchmark's decision in zen-engine (GoRules), as one expression node, the fastest way that we found to say it."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version

import zen

from benchmarks.cases import Json, answer, charges, with_days_as_numbers
from benchmarks.peers import Peer

_LOTS = (
    'map(lots, {id: #.id, amount: #.amount, why: filter([#.expires_day < day ? "expired" : "",'
    ' (#.source == "promotion" and not (#.campaign in ["C2", "C5"])) ? "promotion" : "",'
    ' #.locked ? "pending" : ""], # != "")})'
)
_REASONS = (
    'filter([account.identity_level < 1 ? "identity" : "", account.status == "active" ? "" : "status",'
    ' request.method in ["cash", "bill", "gift"] ? "" : "method", request.points < 1000 ? "minimum" : "",'
    ' request.points % 100 != 0 ? "unit" : "", request.points > 50000 ? "per-request" : "",'
    ' sum(map(history, #.points)) + request.points > 100000 ? "per-month" : "",'
    ' request.points > $.available ? "enough" : ""], # != "")'
)
_FEE = (
    'len($.reasons) > 0 ? 0 : (request.method == "cash" ? (request.points < 10000 ? 500 : 0) :'
    ' (request.method == "gift" ? max([100, min([3000, floor(request.points * 3 / 100)])]) : 0))'
)
_EXPRESSIONS = {
    "lots": _LOTS,
    "excluded": "map(filter($.lots, len(#.why) > 0), [#.id, #.why])",
    "available": "sum(map(filter($.lots, len(#.why) == 0), #.amount))",
    "reasons": _REASONS,
    "outcome": 'len($.reasons) == 0 ? "approved" : "denied"',
    "fee": _FEE,
    "payout": "len($.reasons) > 0 ? 0 : request.points - $.fee",
}


def peers() -> list[Peer]:
    """zen-engine with its trace, which is its way to say why."""
    name = f"zen-engine {version('zen-engine')}, trace on"
    return [Peer(name, decider(), "days as numbers, which rule charged the fee", with_days_as_numbers)]


def decider() -> Callable[[Json], Json]:
    """A function that decides one prepared case in zen-engine, its graph compiled beforehand."""
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "content": {}, "position": {"x": 0, "y": 0}},
        {
            "id": "rules",
            "type": "expressionNode",
            "name": "rules",
            "content": {
                "expressions": [{"id": key, "key": key, "value": value} for key, value in _EXPRESSIONS.items()],
                "passThrough": False,
                "executionMode": "single",
            },
            "position": {"x": 1, "y": 0},
        },
        {"id": "out", "type": "outputNode", "name": "out", "content": {}, "position": {"x": 2, "y": 0}},
    ]
    edges = [
        {"id": "a", "type": "edge", "sourceId": "in", "targetId": "rules"},
        {"id": "b", "type": "edge", "sourceId": "rules", "targetId": "out"},
    ]
    content = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges}))
    graph = zen.ZenEngine().create_decision(content)

    def decide(case: Json) -> Json:
        found = graph.evaluate(case, {"trace": True})["result"]
        fee = int(found["fee"])
        # zen has no rule of its own for a fee, so which one was charged follows from the method.
        reasons = found["reasons"] or charges(case["request"]["method"], fee)
        return answer(found["outcome"], reasons, fee, int(found["available"]), found["excluded"], int(found["payout"]))

    return decide
