"""The benchmark's decision in Cedar, in the package cedarpy: a policy for each reason, asked once for each lot and once
for the request.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import cedarpy

from benchmarks.cases import LOT_RULES, REQUEST_RULES, Json, concluded, in_order, with_days_as_numbers
from benchmarks.peers import Peer

_LOT = """
@id("allowed") permit (principal, action == Action::"pay", resource);
@id("expired") forbid (principal, action, resource) when { context.expires_day < context.day };
@id("promotion") forbid (principal, action, resource)
when { context.source == "promotion" } unless { ["C2", "C5"].contains(context.campaign) };
@id("pending") forbid (principal, action, resource) when { context.locked };
"""
_REQUEST = """
@id("allowed") permit (principal, action == Action::"refund", resource);
@id("identity") forbid (principal, action, resource) when { context.identity_level < 1 };
@id("status") forbid (principal, action, resource) unless { context.status == "active" };
@id("method") forbid (principal, action, resource) unless { ["cash", "bill", "gift"].contains(context.method) };
@id("minimum") forbid (principal, action, resource) when { context.points < 1000 };
@id("unit") forbid (principal, action, resource) unless { context.hundreds * 100 == context.points };
@id("per-request") forbid (principal, action, resource) when { context.points > 50000 };
@id("per-month") forbid (principal, action, resource) when { context.refunded + context.points > 100000 };
@id("enough") forbid (principal, action, resource) when { context.points > context.available };
"""


def _asked(action: str, context: Json) -> Json:
    return {
        "principal": 'Member::"m"',
        "action": f'Action::"{action}"',
        "resource": 'Account::"a"',
        "context": context,
    }


def _forbidding(answer: Any, rules: tuple[str, ...]) -> list[str]:
    """The ids of the policies that forbid; Cedar tells them in no order."""
    return [] if answer.allowed else in_order(rules, answer.diagnostics.id_annotations_by_reason.values())


def peers() -> list[Peer]:
    """Cedar, its policies parsed beforehand."""
    on_lots, on_request = (cedarpy.PolicySet.from_str(text) for text in (_LOT, _REQUEST))
    nobody = cedarpy.Entities.from_json_str("[]")

    def decide(case: Json) -> Json:
        lots, day = case["lots"], case["day"]
        asked = [
            _asked("pay", {**{name: lot[name] for name in ("expires_day", "source", "campaign", "locked")}, "day": day})
            for lot in lots
        ]
        available, excluded = 0, []
        for lot, answer in zip(lots, cedarpy.is_authorized_batch(asked, on_lots, nobody), strict=True):
            if answer.allowed:
                available += lot["amount"]
            else:
                excluded.append([lot["id"], _forbidding(answer, LOT_RULES)])
        points = case["request"]["points"]
        context = {
            "identity_level": case["account"]["identity_level"],
            "status": case["account"]["status"],
            "method": case["request"]["method"],
            "points": points,
            "hundreds": points // 100,
            "refunded": sum(past["points"] for past in case["history"]),
            "available": available,
        }
        against = _forbidding(cedarpy.is_authorized(_asked("refund", context), on_request, nobody), REQUEST_RULES)
        return concluded(case, against, available, excluded)

    said = "days as numbers, sums, multiples, the fee, each lot asked by itself, the order of reasons"
    return [Peer(f"Cedar in cedarpy {version('cedarpy')}, asked once a lot", decide, said, with_days_as_numbers)]
