"""The example answers of the OpenAPI document: `python -m tests.reference_answers` asks a service for each of them.

With the example accounts, a programme that is small enough to be drafted at once, and a key for each of two people.
Lists are cut to their first items and long texts to their beginning; what is secret is not shown.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from service import access_keys, audit_log, demo, drafts, log_keys
from service.app import create_app
from service.config import Settings
from service.database import close_database, on_sqlite, open_database, writing
from service.parts import EXTENSION
from service.reference import OPERATIONS
from service.reference_answers import FILE
from service.reference_workbench import TRIED
from service.roles import ROLES
from tests.service.builders import SetClock
from tests.service.drafting import texts

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
CASH = {"method": "cash", "receiving_account": "RA-1", "receiving_holder": "member"}
MOST_ITEMS = 2
LONGEST_TEXT = 600
SECRET = {"token": "recoup_member_...", "secret": "whsec_..."}
# Long, and no example of anything but itself.
SHORT = {"trace", "lots", "history", "changes", "problems"}


class Asking:
    """Somebody with a key, and what was answered, by operation and status."""

    def __init__(self, client: FlaskClient, clock: SetClock, key: str, seen: dict[str, dict[str, Any]]) -> None:
        self.client, self.clock, self.seen = client, clock, seen
        self._headers = {"Authorization": f"Bearer {key}"}
        self._count = 0

    def __call__(self, operation: str, *places: object, query: str = "", body: object = None, key: str = "") -> Any:
        """One request of an operation of the document; the first answer of each status is kept."""
        method, path = operation.split(" ")
        named = iter(places)
        where = re.sub(r"\{\w+\}", lambda _: str(next(named)), path)
        headers = {**self._headers, "Accept": "text/plain"} if path == "/metrics" else self._headers
        self._count += 1
        if method == "POST":
            headers = {**headers, "Idempotency-Key": key or f"{operation} {self._count}"}
        answer = self.client.open(where + query, method=method, json=body, headers=headers)
        assert answer.status_code < 300, f"{method} {where}{query}: {answer.get_data(as_text=True)}"
        data = answer.get_json() if answer.is_json else cut(answer.get_data(as_text=True))
        self.seen.setdefault(operation, {}).setdefault(str(answer.status_code), cut(data))
        return data


def cut(data: Any, name: str = "") -> Any:
    """The data, short enough to be read."""
    if isinstance(data, dict):
        return {key: SECRET.get(key, cut(value, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [cut(each) for each in data[: 1 if name in SHORT else MOST_ITEMS]]
    if isinstance(data, str) and len(data) > LONGEST_TEXT:
        return f"{data[:LONGEST_TEXT]}..."
    return data


def tell(ask: Asking, other: Asking, check: Any) -> None:
    """One request of every operation, and of every status that it may answer."""
    for_one = {"account": "A-0001", "request": {**CASH, "points": 20_000}}
    made = ask("POST /v1/decisions", body=for_one)["id"]
    ask("POST /v1/decisions", body={**for_one, "dry_run": True})
    ask("POST /v1/decisions:batch", body={"items": [{**for_one, "dry_run": True}, {"account": "nobody"}]})
    for operation in ("GET /v1/decisions/{id}", "GET /v1/decisions/{id}/explanation", "GET /v1/audit/decisions/{id}"):
        ask(operation, made)
    ask("GET /v1/audit/decisions/{id}/replay", made)
    _tell_of_accounts(ask)
    ask("GET /v1/accounts/{id}/earning", "A-0001")
    _tell_of_requests(ask)
    asked = {
        "account": "A-0001",
        "kind": "contest",
        "decision_id": made,
        "text": "다시 확인해 주세요.",
        "language": "ko",
    }
    for end, asking in (("close", asked), ("withdraw", {**asked, "kind": "question", "text": "언제 들어오나요?"})):
        opened = ask("POST /v1/inquiries", body=asking)["id"]
        entry = {"by": "agent", "agent": "agent-7", "text": "확인했습니다."}
        outcome = {"outcome": "upheld", "reason": "terms 19.2"} if end == "close" else {}
        if end == "close":
            ask("POST /v1/inquiries/{id}/entries", opened, body={**entry, **outcome})
        ask("GET /v1/inquiries/{id}", opened)
        ask("GET /v1/accounts/{id}/inquiries", "A-0001")
        ask("GET /v1/inquiries")
        ask(f"POST /v1/inquiries/{{id}}/{end}", opened, body={"by": "member"})
    found = ask("GET /v1/faq", query="?q=%ED%99%98%EA%B8%89&lang=ko")["entries"]
    ask("GET /v1/faq/{id}", found[0]["id"], query="?lang=ko")
    ask("POST /v1/member-tokens", body={"account": "A-0001", "minutes": 5})
    _tell_of_policies(ask, other, check)
    _tell_of_the_log(ask, made)
    for operation in ("GET /v1/messages", "GET /v1/webhooks", "GET /metrics", "GET /healthz", "GET /readyz"):
        ask(operation)


def _tell_of_accounts(ask: Asking) -> None:
    new = {"policy": "kt-points", "joined_on": "2020-01-01", "identity_level": 1, "contact_verified": True}
    for _ in range(2):
        ask("PUT /v1/accounts/{id}", "X-1", body=new)
    ask("PATCH /v1/accounts/{id}", "X-1", body={"identity_level": 2})
    bill = {"account": "X-1", "type": "bill_paid", "amount": 50_000, "happened_at": "2026-11-20T03:00:00Z"}
    told = ask("POST /v1/events", body={**bill, "id": "BILL-1"})
    undone = {**bill, "id": "UNDO-2", "type": "purchase_cancelled", "of": "SHOP-2"}
    ask("POST /v1/events", body=undone)
    ask("POST /v1/events", body={"events": [{**bill, "id": "BILL-3"}, {**bill, "id": "BILL-4", "account": "nobody"}]})
    ask("GET /v1/events", query="?state=waiting")
    ask("GET /v1/events/{id}", told["id"])
    ask("POST /v1/accounts/{id}/refund-options", "A-0001", body={"request": {"receiving_holder": "member"}})
    for what in ("", "/balance", "/refund-requests", "/events", "/entries", "/notices"):
        ask(f"GET /v1/accounts/{{id}}{what}", "A-0001")


def _tell_of_requests(ask: Asking) -> None:
    hook = ask("POST /v1/webhooks", body={"url": "https://example.com/recoup", "kinds": []})["id"]
    # The third of a day and those behind it are looked at by somebody.
    asked = {"account": "A-0001", "request": {"points": 1_000, "method": "bill_credit"}}
    moves: Sequence[tuple[str, dict[str, str]]] = (
        ("settle", {}),
        ("fail", {"reason": "The account is closed."}),
        ("approve", {"by": "reviewer-9"}),
        ("refuse", {"by": "reviewer-9", "reason": "Not the member's own account."}),
        ("cancel", {"by": "member"}),
    )
    filed = [ask("POST /v1/refund-requests", body=asked)["id"] for _ in moves]
    ask("GET /v1/refund-requests", query="?state=needs_review")
    for request, (name, body) in zip(filed, moves, strict=True):
        ask(f"POST /v1/refund-requests/{{id}}/{name}", request, body=body)
        ask("GET /v1/refund-requests/{id}", request)
    ask("POST /v1/refund-requests/{id}/reverse", filed[0], body={"reason": "It came back."})
    sent = ask("GET /v1/deliveries", query=f"?webhook={hook}")["deliveries"]
    ask("POST /v1/deliveries/{id}/redeliver", sent[0]["id"])
    ask("DELETE /v1/webhooks/{id}", hook)
    ask("POST /v1/webhooks", body={"url": "https://example.com/recoup"})


def _tell_of_policies(ask: Asking, other: Asking, check: Any) -> None:
    def drafted(at_most: int) -> dict[str, Any]:
        rules, scenarios = texts(at_most)
        about = f"A limit of {at_most:,} points"
        made = ask("POST /v1/policies/drafts", body={"rules": rules, "scenarios": scenarios, "about": about})["id"]
        check(made)
        found: dict[str, Any] = ask("GET /v1/policies/drafts/{id}", made)
        ask("GET /v1/policies/drafts/{id}/affected", made)
        return found

    for at_most in (5_000, 5_500):
        draft = drafted(at_most)
        other("POST /v1/policies/drafts/{id}/approve", draft["id"], body={"seen": draft["seen"]})
        ask.clock.at += timedelta(minutes=1)
    rejected = drafted(5_600)
    other("POST /v1/policies/drafts/{id}/reject", rejected["id"], body={"reason": "The limit is not agreed yet."})
    ask("GET /v1/policies/drafts")
    ask("POST /v1/policies/{id}/shadow", "tiny", body={"draft": rejected["id"]})
    for what in ("", "/differences"):
        ask(f"GET /v1/policies/{{id}}/shadow{what}", "tiny")
    ask("POST /v1/policies/{id}/shadow/stop", "tiny")
    ask("GET /v1/policies/{id}/withdrawal", "tiny")
    other("POST /v1/policies/{id}/withdraw", "tiny", body={"version": 2, "reason": "It is too much."})
    for operation, places in (
        ("GET /v1/policies", ()),
        ("GET /v1/policies/{id}", ("kt-points",)),
        ("GET /v1/policies/{id}/earning", ("kt-points",)),
        ("GET /v1/policies/{id}/versions", ("tiny",)),
        ("GET /v1/policies/{id}/versions/{number}", ("tiny", 1)),
        ("GET /v1/policies/{id}/versions/{number}/scenarios", ("tiny", 1)),
        ("GET /v1/policies/{id}/withdrawals", ("tiny",)),
    ):
        ask(operation, *places)
    ask("GET /v1/policies/{id}/differences", "tiny", query="?old=1&new=2")
    rules, scenarios = texts(5_000)
    ask("POST /v1/policies:check", body={"rules": rules})
    ask("POST /v1/policies:test", body={"rules": rules, "scenarios": scenarios})
    ask("POST /v1/policies:try", body={**TRIED, "rules": rules})


def _tell_of_the_log(ask: Asking, decision: str) -> None:
    size = ask("GET /v1/audit/checkpoint")["size"]
    whole = ask("GET /v1/audit/decisions/{id}", decision)
    ask("GET /v1/audit/entries/{seq}", whole["leaf"]["seq"])
    ask("GET /v1/audit/versions/{digest}", whole["digest"])
    ask("GET /v1/audit/proofs/inclusion", query=f"?kind=decision&reference={decision}")
    ask("GET /v1/audit/proofs/consistency", query=f"?old={size // 2}&new={size}")
    ask("GET /v1/audit/decisions", query="?policy=kt-points&outcome=denied")
    ask("GET /v1/audit/reads", query=f"?decision={decision}")
    days = "?day_from=2026-10-01&day_to=2026-11-27&per=month"
    ask("GET /v1/audit/rules", query=days)
    ask("GET /v1/audit/rules/{rule}", "monthly-limit", query=days)
    ask("GET /v1/audit/points", query=days)
    ask("GET /v1/audit/points/outstanding", query="?on=2026-11-27")


def answers() -> Mapping[str, Mapping[str, Any]]:
    """An answer of every operation, by status."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/recoup.db",
            log_key_file=Path(folder) / "log.key",
            access="keys",
            check_drafts=False,
        )
        clock = SetClock(NOW)
        database = open_database(settings)
        assert on_sqlite(database)
        demo.set_up(database, settings, clock)
        log_keys.make(settings.log_key_file, "refunds.example.com/log")
        app = create_app(settings, clock)
        until, seen = NOW + timedelta(days=9), dict[str, dict[str, Any]]()
        made = [
            writing(database, partial(access_keys.make, database, name, ROLES, until, NOW)) for name in ("kim", "lee")
        ]
        ask, other = (Asking(app.test_client(), clock, secret, seen) for _, secret in made)
        signers = log_keys.load(settings.log_key_file).signers
        audit_log.sign_head(database, signers, NOW, [], [])
        versions = app.extensions[EXTENSION].versions
        tell(ask, other, lambda id: drafts.check(database, versions, id, clock()))
        close_database(app.extensions[EXTENSION].database)
        close_database(database)
    asked = {f"{each.method.upper()} {each.path}" for each in OPERATIONS}
    assert set(seen) == asked, asked ^ set(seen)
    return seen


if __name__ == "__main__":
    FILE.write_text(json.dumps(answers(), ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
