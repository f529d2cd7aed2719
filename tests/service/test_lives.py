"""Random lives of one account, against a model that knows four numbers and the state of each request."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from service.app import create_app
from service.clock import spoken
from service.config import Settings
from service.database import close_database, open_database, reading
from service.ledger_check import differences
from service.migrate import migrate
from service.moves import KINDS, REQUESTED
from service.parts import EXTENSION
from service.publishing import Versions, publish
from service.sweeps import sweep
from tests.service.builders import LIFE, NOW, POLICY, SetClock, account_facts, asking

# Purchases earn a tenth that can be used at once; nothing expires within the life, and nothing is charged.
TEXT = POLICY.replace("after: 2 years", "after: 90 years") + LIFE.replace("    usable_after: 7 days\n", "").replace(
    "idle: 12 months", "idle: 90 years"
).replace("source: promotion\n    rate", "source: bill\n    rate")
REVIEWED_OVER = 40_000
LIMIT = 50_000


# How much of what there is: more than all, all, half, one.
PARTS = st.sampled_from(("more", "all", "half", "one"))


def part_of(part: str, whole: int) -> int:
    """At least 1."""
    return max(1, {"more": whole + 1, "all": whole, "half": whole // 2, "one": 1}[part])


@dataclass
class Purchase:
    """What the model knows of a purchase."""

    id: str
    amount: int
    earned: int
    undone: int = 0
    taken: int = 0


@dataclass
class Use:
    """Points that were used elsewhere, and how many of them are still used up."""

    id: str
    points: int


class Life(RuleBasedStateMachine):
    """One member, from the first purchase on."""

    requests = Bundle("requests")
    purchases = Bundle("purchases")
    uses = Bundle("uses")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="recoup-life-"))
        url = f"sqlite:///{self.folder / 'recoup.db'}"
        self.database = open_database(Settings(database_url=url))
        migrate(self.database)
        publish(self.database, TEXT.encode(), "small.yaml", NOW)
        self.clock = SetClock()
        self.app = create_app(Settings(database_url=url), self.clock)
        self.client = self.app.test_client()
        facts = {name: value for name, value in account_facts().items() if name != "id"}
        assert self.client.put("/v1/accounts/A", json={"policy": "small", **facts}).status_code == 201
        self.left = self.debt = self.serial = 0
        self.states: dict[str, tuple[str, int, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "app"):
            close_database(self.app.extensions[EXTENSION].database)
            close_database(self.database)
            shutil.rmtree(self.folder)

    def key(self) -> str:
        self.serial += 1
        return f"k-{self.serial}"

    def tell(self, type: str, amount: int, of: str = "") -> dict[str, Any]:
        body = {"id": self.key(), "account": "A", "type": type, "amount": amount, "of": of}
        answer = self.client.post("/v1/events", json={**body, "happened_at": spoken(self.clock.at)})
        found: dict[str, Any] = answer.get_json()
        assert answer.status_code == 201, found
        again = self.client.post("/v1/events", json={**body, "happened_at": spoken(self.clock.at)})
        assert again.data == answer.data
        return found

    @rule(target=purchases, amount=st.sampled_from((0, 9, 15, 10_010, 99_999, 300_000)))
    def buy(self, amount: int) -> Purchase:
        found = self.tell("purchase", amount)
        assert found["answer"]["points"] == amount // 10
        self.left += amount // 10
        return Purchase(found["id"], amount, amount // 10)

    @rule(purchase=purchases, part=PARTS)
    def undo_purchase(self, purchase: Purchase, part: str) -> None:
        amount = part_of(part, purchase.amount)
        found = self.tell("purchase_cancelled", amount, purchase.id)["answer"]
        rest = purchase.earned - purchase.taken
        whole = purchase.undone + amount >= purchase.amount
        asked = rest if whole or not purchase.earned else min(rest, purchase.earned * amount // purchase.amount)
        taken = min(asked, self.left)
        assert (found["asked"], sum(each["points"] for each in found["taken"])) == (asked, taken)
        purchase.taken += asked
        purchase.undone = min(purchase.amount, purchase.undone + amount)
        self.left -= taken
        self.debt += asked - taken

    @rule(target=uses, part=PARTS)
    def use(self, part: str) -> Any:
        points = part_of(part, self.left)
        found = self.tell("points_used", points)
        if points > self.left:
            assert found["state"] == "refused"
            return multiple()
        self.left -= points
        return Use(found["id"], points)

    @rule(use=uses, part=PARTS)
    def undo_use(self, use: Use, part: str) -> None:
        points = part_of(part, use.points)
        found = self.tell("purchase_cancelled", points, use.id)["answer"]
        back = min(points, use.points)
        assert sum(each["points"] for each in found["returned"]) == back
        use.points -= back
        self.left += back

    @rule(target=requests, part=PARTS)
    def file(self, part: str) -> str:
        points = part_of(part, self.left)
        body = {"account": "A", "request": asking(points)}
        key = {"Idempotency-Key": self.key()}
        answer = self.client.post("/v1/refund-requests", json=body, headers=key)
        assert self.client.post("/v1/refund-requests", json=body, headers=key).data == answer.data
        found = answer.get_json()
        month = f"{self.clock.at + timedelta(hours=9):%Y-%m}"
        counted = ("approved", "needs_review", "settled")
        used = sum(asked for state, asked, when in self.states.values() if state in counted and when == month)
        expected = "needs_review" if points > REVIEWED_OVER else "approved"
        if points > self.left or used + points > LIMIT:
            expected = "denied"
        assert found["state"] == expected
        self.states[found["id"]] = (expected, points, month)
        self.left -= points if expected != "denied" else 0
        request: str = found["id"]
        return request

    @rule(request=requests, name=st.sampled_from(REQUESTED))
    def move(self, request: str, name: str) -> None:
        state, points, month = self.states[request]
        headers = {"Idempotency-Key": self.key()}
        told = {"by": "agent", "reason": "life"}
        answer = self.client.post(f"/v1/refund-requests/{request}/{name}", json=told, headers=headers)
        if state not in KINDS[name].before:
            assert (answer.status_code, answer.get_json()["state"]) == (409, state)
            return
        after = KINDS[name].state
        assert (answer.status_code, answer.get_json()["state"]) == (200, after)
        self.states[request] = (after, points, month)
        self.left += points if after not in ("approved", "settled") else 0

    @rule(days=st.integers(0, 40))
    def pass_days(self, days: int) -> None:
        self.clock.at += timedelta(days=days)
        found = sweep(self.database, Versions(self.database, 1), self.clock.at)
        assert (found["expired"], found["charged"], found["failed"]) == (0, 0, 0)

    @rule(request=consumes(requests))
    def forget(self, request: str) -> None:
        """A request that is left as it is from now on."""

    @invariant()
    def the_model_and_the_ledger_agree(self) -> None:
        if not hasattr(self, "app"):
            return
        assert self.client.get("/v1/accounts/A/balance").get_json()["points"] == self.left
        assert self.client.get("/v1/accounts/A").get_json()["points_debt"] == self.debt
        with reading(self.database):
            assert differences(self.database) == []


# A failure is not shrunk: it would take minutes, and a life of 25 steps can be read.
Life.TestCase.settings = settings(
    phases=(Phase.reuse, Phase.generate),
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


TestLife = pytest.mark.slow(Life.TestCase)
