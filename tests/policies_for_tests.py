"""Small rule files for tests: a head that every policy needs, and the parts that a test is about."""

from __future__ import annotations

import textwrap
from datetime import date
from typing import Any

from engine.cases import read_case
from engine.compiled import CompiledVersion, compile_version
from engine.decide import decide
from engine.decision import Decision
from policies.load import load_policy
from policies.versions import make_version

HEAD = """\
format: 1
policy: test-points
title: {ko: 시험, en: Test}
starts: 2020-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources:
  bill: {ko: 요금, en: bill}
  promotion: {ko: 프로모션, en: promotion}
  purchase: {ko: 구매, en: purchase}
methods:
  cash: {ko: 현금, en: cash}
  bill_credit: {ko: 요금 차감, en: bill credit}
  gift_card: {ko: 상품권, en: gift card}
"""

ALLOCATE = """
- id: order
  kind: allocate
  terms: "1"
  order: [soonest_to_expire, oldest]
  reason: {ko: "부족({available}/{points})", en: "Only {available} of {points}."}
"""

HOLIDAYS = (date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18), date(2026, 3, 2))


def policy_text(rules: str, *, values: str = "", facts: str = "", allocate: str = ALLOCATE) -> str:
    """The text of a rule file with these rules, values and facts, given as indented YAML."""
    parts = [HEAD]
    for name, body in (("facts", facts), ("values", values)):
        if body.strip():
            parts.append(f"{name}:\n{textwrap.indent(textwrap.dedent(body).strip(), '  ')}\n")
    both = f"{textwrap.dedent(rules).strip()}\n{textwrap.dedent(allocate).strip()}"
    parts.append(f"rules:\n{textwrap.indent(both.strip(), '  ')}\n")
    return "".join(parts)


def compile_text(text: str) -> CompiledVersion:
    """The text as a compiled version; a problem in it fails the test."""
    policy, problems = load_policy(text.encode(), "test.yaml")
    assert policy is not None, "\n".join(map(str, problems))
    return compile_version(make_version(policy, text, HOLIDAYS))


def policy(rules: str, **parts: str) -> CompiledVersion:
    """A compiled policy with these rules. Parts: values, facts, allocate."""
    return compile_text(policy_text(rules, **parts))


def lot(id: str, points: int, **facts: Any) -> dict[str, Any]:
    """A lot of bill points acquired on 2025-06-01, as JSON."""
    return {"id": id, "source": "bill", "acquired_on": "2025-06-01", "amount": points, **facts}


def case(
    points: int | str = 1_000,
    *lots: dict[str, Any],
    account: dict[str, Any] | None = None,
    history: list[dict[str, Any]] | None = None,
    as_of: str = "2026-03-03T03:00:00Z",
    **request: Any,
) -> dict[str, Any]:
    """A case as JSON: an account of 2015 asks for points in cash on 2026-03-03. Without lots it has one of 100,000."""
    return {
        "account": {"id": "A-1", "joined_on": "2015-01-01", **(account or {})},
        "lots": list(lots) or [lot("L1", 100_000)],
        "request": {"points": points, "method": "cash", **request},
        "history": history or [],
        "as_of": as_of,
    }


def past(points: int, at: str, **facts: Any) -> dict[str, Any]:
    """A refund in cash asked for before, as JSON."""
    return {
        "id": f"R-{at}",
        "account_id": "A-1",
        "requested_at": at,
        "points": points,
        "method": "cash",
        "state": "settled",
        **facts,
    }


def decided(compiled: CompiledVersion, data: dict[str, Any]) -> Decision:
    """The decision on a case given as JSON."""
    return decide(compiled, read_case(compiled.policy, data))


def rules_of(decision: Decision) -> list[str]:
    """The ids of the reasons, in order."""
    return [reason.rule for reason in decision.reasons]
