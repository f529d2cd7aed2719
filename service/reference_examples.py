"""Example answers for the reference, really decided by the shipped rules, so that they cannot go out of date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cases import read_case
from engine.compiled import compile_version
from engine.decide import decide
from engine.versions import load_version
from service.answers import decision_answer
from service.config import SHIPPED_RULES
from service.faq import Links
from service.faq_files import FOLDER, read_folder
from service.records import Record

SHIPPED = SHIPPED_RULES / "kt-points.yaml"
REQUEST = {"points": 20_000, "method": "cash", "receiving_account": "RA-1", "receiving_holder": "member"}
STORED = {"account": "A-0001", "request": REQUEST}
MANY = {"items": [{**STORED, "dry_run": True}, {"account": "A-0002", "request": REQUEST, "dry_run": True}]}
IN_FULL: dict[str, Any] = {
    "account": {
        "id": "X-1",
        "joined_on": "2020-01-01",
        "identity_level": 2,
        "contact_verified": True,
        "last_activity_on": "2026-02-20",
    },
    "lots": [{"id": "X-1.1", "source": "bill_payment", "acquired_on": "2025-03-01", "amount": 30_000}],
    "request": REQUEST,
    "as_of": "2026-03-02T01:00:00Z",
    "dry_run": True,
}
EVENT = {
    "id": "BILL-2026-11-A-0001",
    "account": "A-0001",
    "type": "bill_paid",
    "amount": 50_000,
    "happened_at": "2026-11-20T03:00:00Z",
}
ACCOUNT = {"policy": "kt-points", "joined_on": "2020-01-01", "identity_level": 1, "contact_verified": True}
WEBHOOK = {"url": "https://example.com/recoup", "kinds": ["refund_request.approved", "refund_request.settled"]}
CONTEST = {
    "account": "A-0001",
    "kind": "contest",
    "refund_request_id": "R-01KCP4Z9E0X7M2N5Q8T1V4W7Y0",
    "text": "12월에 적립된 포인트인데 만료되었다고 합니다.",
    "language": "ko",
}
ANSWER_TO_A_CONTEST = {
    "by": "agent",
    "agent": "agent-7",
    "text": "다시 확인했습니다. 12월에 적립된 포인트는 이벤트에서 정한 날까지만 쓸 수 있었습니다.",
    "outcome": "upheld",
    "reason": "promotion-points-own-day, terms 15.6",
}
MOVES: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "approve": (
        "Approve a request that somebody had to look at",
        "Needs `by`. The points stay held.",
        {"by": "reviewer-9"},
    ),
    "refuse": (
        "Refuse a request that somebody had to look at",
        "Needs `by` and `reason`. The points are given back.",
        {"by": "reviewer-9", "reason": "Not the member's own account."},
    ),
    "settle": ("Settle an approved request: it is paid out for good", "Nothing can spend its points again.", {}),
    "fail": (
        "The payout of an approved request failed",
        "Needs `reason`. The points are given back.",
        {"reason": "The bank knows no such account."},
    ),
    "cancel": ("Cancel a request that is not paid out yet", "The points are given back.", {"by": "member"}),
    "reverse": (
        "Reverse a request that was paid out",
        "Needs `reason`. The points go back to their lots, as old as they were.",
        {"reason": "The bank sent the money back."},
    ),
}
"""What each move is, and an example of what is said with it."""
TINY = Path(__file__).parent / "static" / "reference"
TEXTS = {
    "rules": (TINY / "tiny.yaml").read_text("utf-8"),
    "scenarios": (TINY / "tiny.test.yaml").read_text("utf-8"),
}
"""A programme of two rules, whose scenarios notice every nudge."""
QUESTIONS = (("approved", "Approved", 20_000), ("denied", "Denied, with what would pass", 26_500))


def decisions() -> dict[str, dict[str, Any]]:
    """Examples of a decision as OpenAPI lists them; the trace is cut short. None where no rules are shipped."""
    if not SHIPPED.is_file():
        return {}
    version, problems = load_version(SHIPPED.read_bytes(), SHIPPED.name, number=1)
    assert version is not None, f"the shipped rules have problems: {problems}"
    compiled = compile_version(version)
    links = Links(read_folder(SHIPPED_RULES / FOLDER)[0])
    examples = {}
    for name, summary, points in QUESTIONS:
        data = {key: IN_FULL[key] for key in ("account", "lots", "as_of")} | {"request": {**REQUEST, "points": points}}
        case = read_case(compiled.policy, data)
        decision = decide(compiled, case).to_data()
        decision["trace"] = decision["trace"][:1]
        answer = decision_answer(Record("", IN_FULL["as_of"], data, decision), "en", links)
        examples[name] = {"summary": summary, "value": answer}
    return examples
