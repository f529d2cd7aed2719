"""The benchmark's decision in durable_rules by itself, as its documentation tells: two rulesets, facts asserted and
retracted, all lots of a case in one batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from durable.lang import assert_fact, assert_facts, cap, get_host, m, retract_fact, retract_facts, ruleset, when_all

from benchmarks.cases import LOT_RULES, REQUEST_RULES, Json, concluded, in_order, with_days_as_numbers
from benchmarks.peers import Peer

_BATCH = 100
"""How many facts one call of an action may bring."""


def _define(lots: str, request: str, found: dict[str, list[str]]) -> None:
    """The rules, whose actions write down which rule fired for which fact."""

    def noting(name: str) -> Callable[[Any], None]:
        def note(context: Any) -> None:
            facts = context.m
            for fact in facts if isinstance(facts, list) else [facts]:
                found[fact.id].append(name)

        return note

    def ignore(context: Any) -> None:
        pass

    with ruleset(lots):
        for name, condition in {
            "expired": m.days_left < 0,
            "promotion": (m.source == "promotion") & (m.campaign != "C2") & (m.campaign != "C5"),
            "pending": m.locked == True,  # noqa: E712
        }.items():
            when_all(cap(_BATCH), condition)(noting(name))
        # A fact that no rule matches is refused, and the whole batch with it. To ask for `+m.id` would be shorter, but
        # such a rule with a cap fires for ever.
        when_all(cap(_BATCH), m.kind == "lot")(ignore)
    with ruleset(request):
        for name, condition in {
            "identity": m.identity_level < 1,
            "status": m.status != "active",
            "method": (m.method != "cash") & (m.method != "bill") & (m.method != "gift"),
            "minimum": m.points < 1_000,
            "unit": m.odd > 0,
            "per-request": m.points > 50_000,
            "per-month": m.month > 100_000,
            "enough": m.missing > 0,
        }.items():
            when_all(condition)(noting(name))
        when_all(m.kind == "request")(ignore)
    get_host()


def peers() -> list[Peer]:
    """durable_rules, its rulesets made beforehand."""
    lots, request = "benchmark_lots", "benchmark_request"
    found: dict[str, list[str]] = defaultdict(list)
    _define(lots, request, found)

    def decide(case: Json) -> Json:
        day = case["day"]
        facts = [
            {
                "kind": "lot",
                "id": lot["id"],
                "days_left": lot["expires_day"] - day,
                "source": lot["source"],
                "campaign": lot["campaign"],
                "locked": lot["locked"],
            }
            for lot in case["lots"]
        ]
        if facts:
            assert_facts(lots, facts)
            retract_facts(lots, facts)
        excluded = [[lot["id"], in_order(LOT_RULES, found[lot["id"]])] for lot in case["lots"] if lot["id"] in found]
        available = sum(lot["amount"] for lot in case["lots"] if lot["id"] not in found)
        found.clear()
        points = case["request"]["points"]
        fact = {
            "kind": "request",
            "id": case["account"]["id"],
            "identity_level": case["account"]["identity_level"],
            "status": case["account"]["status"],
            "method": case["request"]["method"],
            "points": points,
            "odd": points % 100,
            "month": sum(past["points"] for past in case["history"]) + points,
            "missing": points - available,
        }
        assert_fact(request, fact)
        retract_fact(request, fact)
        against = in_order(REQUEST_RULES, found[fact["id"]])
        found.clear()
        return concluded(case, against, available, excluded)

    said = "days as numbers, sums, multiples, what is missing, the fee, the order of reasons"
    return [Peer(f"durable_rules {version('durable-rules')}, in batches", decide, said, with_days_as_numbers)]
