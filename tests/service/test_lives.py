"""Random lives of one account, against a model that knows its lots, what is claimed, and the state of each request."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
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
from tests.service.builders import NOW, OWED, SetClock, account_facts, asking

# Purchases earn a tenth and bills a hundredth that can be used at once; nothing expires within the life, and nothing is
# charged. What is missing of a purchase's points is owed, and what is missing of a bill's forgiven.
TEXT = OWED.replace("after: 2 years", "after: 90 years").replace("idle: 12 months", "idle: 90 years")
CANCELLED = "purchase_cancelled"
UNDOING = {"purchase": CANCELLED, "bill_paid": "bill_corrected"}
REVIEWED_OVER = 40_000
LIMIT = 50_000


# How much of what there is: more than all, all, half, one.
PARTS = st.sampled_from(("more", "all", "half", "one"))


def part_of(part: str, whole: int) -> int:
    """At least 1."""
    return max(1, {"more": whole + 1, "all": whole, "half": whole // 2, "one": 1}[part])


@dataclass
class Lot:
    """Its points: those that are left, and those that are away and may come back."""

    left: int
    away: int = 0


@dataclass
class Claim:
    """What is taken of a lot once it comes back; who paid it meanwhile, and what is owed of it."""

    lot: str
    points: int
    debt: int
    stand_ins: list[tuple[str, int]] = field(default_factory=list)

    @property
    def unpaid(self) -> int:
        return self.points - sum(points for _, points in self.stand_ins)


@dataclass
class Earned:
    """What the model knows of a purchase or a bill; `lot` is "" where it earned nothing."""

    id: str
    amount: int
    points: int
    lot: str
    undone: int = 0
    taken: int = 0


@dataclass
class Use:
    """Points that were used elsewhere, and how many of them are still used up."""

    id: str
    points: int


class Life(RuleBasedStateMachine):
    """One member, from the first bill on."""

    requests = Bundle("requests")
    purchases = Bundle("purchases")
    bills = Bundle("bills")
    uses = Bundle("uses")

    @initialize(target=bills)
    def begin(self) -> Any:
        self.folder = Path(tempfile.mkdtemp(prefix="recoup-life-"))
        url = f"sqlite:///{self.folder / 'recoup.db'}"
        self.database = open_database(Settings(database_url=url))
        migrate(self.database)
        publish(self.database, TEXT.encode(), "small.yaml", NOW)
        self.clock = SetClock()
        self.app = create_app(Settings(database_url=url, access="open"), self.clock)
        self.client = self.app.test_client()
        facts = {name: value for name, value in account_facts().items() if name != "id"}
        assert self.client.put("/v1/accounts/A", json={"policy": "small", **facts}).status_code == 201
        self.serial = 0
        self.lots: dict[str, Lot] = {}
        self.claims: list[Claim] = []
        self.earned: list[tuple[str, Earned]] = []
        self.used: list[Use] = []
        self.states: dict[str, tuple[str, int, str]] = {}
        self.holds: dict[str, list[dict[str, Any]]] = {}
        return self.pay_bill(1_999_999)

    def teardown(self) -> None:
        if hasattr(self, "app"):
            close_database(self.app.extensions[EXTENSION].database)
            close_database(self.database)
            shutil.rmtree(self.folder)

    def key(self) -> str:
        self.serial += 1
        return f"k-{self.serial}"

    @property
    def left(self) -> int:
        return sum(lot.left for lot in self.lots.values())

    @property
    def debt(self) -> int:
        return sum(claim.debt for claim in self.claims)

    def go(self, parts: list[dict[str, Any]]) -> None:
        """Points that are used or held."""
        for part in parts:
            self.lots[part["lot"]].left -= part["points"]
            self.lots[part["lot"]].away += part["points"]

    def come(self, parts: list[dict[str, Any]], *, back: bool = True) -> tuple[int, int]:
        """Points that are granted or come back: they pay what is claimed of their lot, and those who paid it meanwhile
        get theirs back; and then what is owed. What was owed before, and what was given back.
        """
        repaid = given_back = 0
        for part in parts:
            self.lots[part["lot"]].away -= part["points"] if back else 0
            came = deque([(part["lot"], part["points"])])
            while came:
                name, rest = came.popleft()
                for claim in (each for each in self.claims if each.lot == name):
                    taken = min(rest, claim.points)
                    owed = min(taken, claim.unpaid, claim.debt)
                    claim.debt -= owed
                    claim.points -= taken
                    rest -= taken
                    repaid += owed
                    while claim.unpaid < 0:
                        lot, points = claim.stand_ins.pop()
                        kept = max(0, claim.unpaid)
                        claim.stand_ins += [(lot, kept)] if kept else []
                        self.lots[lot].away -= points - kept
                        given_back += points - kept
                        came.append((lot, points - kept))
                for claim in self.claims:
                    paid = min(rest, claim.debt)
                    stands_in = max(0, paid - max(0, claim.debt - claim.unpaid))
                    claim.debt -= paid
                    rest -= paid
                    repaid += paid
                    if stands_in:
                        claim.stand_ins.append((name, stands_in))
                        self.lots[name].away += stands_in
                self.lots[name].left += rest
        return repaid, given_back

    def earn(self, type: str, amount: int, points: int) -> Earned:
        found = self.tell(type, amount)
        assert found["answer"]["points"] == points
        if not points:
            return self.remember(type, Earned(found["id"], amount, 0, ""))
        entries = self.client.get("/v1/accounts/A/entries?limit=5").get_json()["entries"]
        lot: str = next(each["lot"] for each in entries if each["kind"] == "grant")
        self.lots[lot] = Lot(0)
        self.told(found["answer"], self.come([{"lot": lot, "points": points}], back=False))
        return self.remember(type, Earned(found["id"], amount, points, lot))

    def remember(self, type: str, earned: Earned) -> Earned:
        self.earned.append((UNDOING[type], earned))
        return earned

    def told(self, answer: dict[str, Any], came: tuple[int, int]) -> None:
        """What an answer says of the points that came."""
        for name, points in zip(("repaid", "given_back"), came, strict=True):
            assert sum(each["points"] for each in answer[name]) == points

    def undo(self, type: str, earned: Earned, part: str, *, others: bool) -> None:
        """Undo a part of what was earned: what its lot lacks, `others` pay or nobody, and is owed then or forgiven."""
        amount = part_of(part, earned.amount)
        lot = self.lots.get(earned.lot, Lot(0))
        claimable = lot.away - sum(claim.points for claim in self.claims if claim.lot == earned.lot)
        found = self.tell(type, amount, earned.id)["answer"]
        rest = earned.points - earned.taken
        whole = earned.undone + amount >= earned.amount
        earned.undone = min(earned.amount, earned.undone + amount)
        share = earned.points * earned.undone // earned.amount if earned.points else 0
        asked = rest if whole else max(0, share - earned.taken)
        earned.taken += asked
        assert found["asked"] == asked
        own, left = min(asked, lot.left), self.left
        assert sum(each["points"] for each in found["taken"] if each["lot"] == earned.lot) == own
        paid = sum(each["points"] for each in found["taken"])
        assert paid == (min(asked, left) if others else own)
        short = asked - paid
        assert (found["debt"], found["forgiven"]) == ((short, 0) if others else (0, short))
        awaited = min(asked - own, claimable)
        assert sum(each["points"] for each in found["awaited"]) == awaited
        claim = Claim(earned.lot, awaited, found["debt"])
        stand_in = max(0, awaited - short)
        for each in found["taken"]:
            self.lots[each["lot"]].left -= each["points"]
        for each in reversed([each for each in found["taken"] if each["lot"] != earned.lot]):
            points = min(stand_in, each["points"])
            if points:
                claim.stand_ins.append((each["lot"], points))
                self.lots[each["lot"]].away += points
                stand_in -= points
        self.claims.append(claim)

    def tell(self, type: str, amount: int, of: str = "") -> dict[str, Any]:
        body = {"id": self.key(), "account": "A", "type": type, "amount": amount, "of": of}
        answer = self.client.post("/v1/events", json={**body, "happened_at": spoken(self.clock.at)})
        found: dict[str, Any] = answer.get_json()
        assert answer.status_code == 201, found
        again = self.client.post("/v1/events", json={**body, "happened_at": spoken(self.clock.at)})
        assert again.data == answer.data
        return found

    @rule(target=purchases, amount=st.sampled_from((0, 9, 15, 10_010, 99_999, 300_000)))
    def buy(self, amount: int) -> Earned:
        return self.earn("purchase", amount, amount // 10)

    @rule(target=bills, amount=st.sampled_from((150, 100_000, 2_999_999)))
    def pay_bill(self, amount: int) -> Earned:
        return self.earn("bill_paid", amount, amount // 100)

    @rule(purchase=purchases, part=PARTS)
    def undo_purchase(self, purchase: Earned, part: str) -> None:
        self.undo(CANCELLED, purchase, part, others=True)

    @rule(bill=bills, part=PARTS)
    def correct_bill(self, bill: Earned, part: str) -> None:
        self.undo("bill_corrected", bill, part, others=False)

    @rule(target=uses, part=PARTS)
    def use(self, part: str) -> Any:
        points = part_of(part, self.left)
        found = self.tell("points_used", points)
        if points > self.left:
            assert found["state"] == "refused"
            return multiple()
        self.go(found["answer"]["used"])
        self.used.append(Use(found["id"], points))
        return self.used[-1]

    @rule(use=uses, part=PARTS)
    def undo_use(self, use: Use, part: str) -> None:
        points = part_of(part, use.points)
        found = self.tell(CANCELLED, points, use.id)["answer"]
        back = min(points, use.points)
        assert sum(each["points"] for each in found["returned"]) == back
        use.points -= back
        self.told(found, self.come(found["returned"]))

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
        request: str = found["id"]
        self.holds[request] = found["holds"]
        assert sum(each["points"] for each in found["holds"]) == (points if expected != "denied" else 0)
        self.go(found["holds"])
        return request

    @rule(target=requests, bill=bills, part=PARTS, share=PARTS)
    def hold_and_correct(self, bill: Earned, part: str, share: str) -> Any:
        """What a life seldom comes to by itself."""
        request = self.file(part)
        self.correct_bill(bill, share)
        return request

    @rule(target=requests, purchase=purchases, share=PARTS)
    def hold_and_undo(self, purchase: Earned, share: str) -> Any:
        """The same of a purchase, for which points of a later bill pay."""
        request = self.file("all")
        self.earn("bill_paid", 2_999_999, 29_999)
        self.undo_purchase(purchase, share)
        return request

    @rule(request=consumes(requests))
    def give_up(self, request: str) -> None:
        self.move(request, "cancel")

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
        if after not in ("approved", "settled"):
            self.come(self.holds[request])

    @rule(random=st.randoms(use_true_random=False))
    def undo_everything(self, random: Random) -> None:
        """In any order, it leaves nothing and owes nothing."""
        earned = [(undoing, each) for undoing, each in self.earned if each.amount > each.undone]
        steps: list[Any] = [*self.states, *(use for use in self.used if use.points), *earned]
        random.shuffle(steps)
        for step in steps:
            if isinstance(step, str):
                self.end(step)
            elif isinstance(step, Use):
                self.undo_use(step, "all")
            else:
                undoing, each = step
                self.undo(undoing, each, "all", others=undoing == CANCELLED)
            self.the_model_and_the_ledger_agree()
        assert (self.left, self.debt) == (0, 0)

    def end(self, request: str) -> None:
        """Give back the points of a request, whatever its state is."""
        for name in ("cancel", "reverse"):
            if self.states[request][0] in KINDS[name].before:
                self.move(request, name)

    @rule(days=st.integers(0, 40))
    def pass_days(self, days: int) -> None:
        self.clock.at += timedelta(days=days)
        found = sweep(self.database, Versions(self.database, 1), self.clock.at)
        assert (found["expired"], found["charged"], found["failed"]) == (0, 0, 0)

    @invariant()
    def the_model_and_the_ledger_agree(self) -> None:
        if not hasattr(self, "app"):
            return
        balance = self.client.get("/v1/accounts/A/balance").get_json()
        left = {name: lot.left for name, lot in self.lots.items() if lot.left}
        assert {each["id"]: each["left"] for each in balance["lots"]} == left
        assert (balance["points"], balance["points_debt"]) == (self.left, self.debt)
        # Nothing of what was undone as a whole is there, whatever came back meanwhile.
        undone = [earned.lot for _, earned in self.earned if earned.lot and earned.undone == earned.amount]
        assert not [lot for lot in undone if self.lots[lot].left]
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
