"""Points that are owed: what was to be taken back while it was away is taken when it comes back, and debts are paid."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.database import Database, execute, reading, rows, writing
from service.ledger_check import differences
from service.publishing import Versions, publish
from service.sweeps import sweep
from tests.service.builders import NOW, OWED, SetClock, asking, lot_facts, open_account

EARNED = 50_000
# What earns 50,000 points, what undoes it, and so what becomes of points that are missing.
KINDS = {"debt": ("purchase", 500_000, "purchase_cancelled"), "forgive": ("bill_paid", 5_000_000, "bill_corrected")}


@pytest.fixture(autouse=True)
def programme(client: FlaskClient, database: Database) -> None:
    """A policy with a take-back that leaves a debt and one that forgives, and an account without points for each."""
    publish(
        database,
        OWED.replace("within: 3 business days", "within: 3 business days\n    held_for: 10 days").encode(),
        "small.yaml",
        NOW,
    )
    for name in KINDS:
        open_account(database, name=name)


def tell(client: FlaskClient, id: str, type: str, amount: int, account: str = "debt", **more: Any) -> dict[str, Any]:
    body = {"id": id, "account": account, "type": type, "happened_at": "2026-03-01T03:00:00Z", **more}
    body |= {"amount": amount} if amount else {}
    answer = client.post("/v1/events", json=body)
    assert answer.status_code == 201, answer.get_json()
    assert client.post("/v1/events", json=body).data == answer.data
    found: dict[str, Any] = answer.get_json()["answer"]
    return found


def earn(client: FlaskClient, kind: str) -> str:
    """50,000 points, of one lot: the id of the event."""
    earning, amount, _ = KINDS[kind]
    assert tell(client, f"{kind}-E", earning, amount, kind)["points"] == EARNED
    return f"{kind}-E"


def undo(client: FlaskClient, kind: str, id: str, points: int = EARNED) -> dict[str, Any]:
    """Take back so many points of those that were earned."""
    _, amount, undoing = KINDS[kind]
    return tell(client, f"{kind}-{id}", undoing, amount * points // EARNED, kind, of=f"{kind}-E")


def file(client: FlaskClient, account: str, points: int, key: str = "file") -> str:
    body = {"account": account, "request": asking(points)}
    answer = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": f"{account}-{key}"}).get_json()
    assert answer["state"] in ("approved", "needs_review")
    request: str = answer["id"]
    return request


def move(client: FlaskClient, request: str, name: str) -> None:
    told = {"by": "agent", "reason": "because"}
    headers = {"Idempotency-Key": f"{request}-{name}"}
    assert client.post(f"/v1/refund-requests/{request}/{name}", json=told, headers=headers).status_code == 200


def stands(client: FlaskClient, database: Database, account: str) -> tuple[int, int]:
    """The points of an account and those that it owes, as the balance shows them; the ledger is sound."""
    with reading(database):
        assert differences(database) == []
    found = client.get(f"/v1/accounts/{account}/balance").get_json()
    assert client.get(f"/v1/accounts/{account}").get_json()["points_debt"] == found["points_debt"]
    return found["points"], found["points_debt"]


def entries(client: FlaskClient, account: str) -> list[tuple[str, int, str | None]]:
    """Kind, points and event of each ledger entry, oldest first."""
    found = client.get(f"/v1/accounts/{account}/entries").get_json()["entries"]
    return [(each["kind"], each["points"], each["event"]) for each in reversed(found)]


def messages(client: FlaskClient, account: str, type: str) -> list[dict[str, Any]]:
    found = client.get(f"/v1/messages?account={account}&limit=200").get_json()["messages"]
    return [each["data"] for each in found if each["type"] == type]


# Points asked for, the moves before and after the take-back, and whether the points come back. `lapse` is time's.
WAYS: dict[str, tuple[int, tuple[str, ...], tuple[str, ...], bool]] = {
    "cancelled": (30_000, (), ("cancel",), True),
    "failed": (30_000, (), ("fail",), True),
    "refused": (45_000, (), ("refuse",), True),
    "cancelled after review": (45_000, ("approve",), ("cancel",), True),
    "lapsed": (30_000, (), ("lapse",), True),
    "settled": (30_000, (), ("settle",), False),
    "reversed": (30_000, (), ("settle", "reverse"), True),
    "reversed, settled before": (30_000, ("settle",), ("reverse",), True),
}


@pytest.mark.parametrize("way", WAYS)
def test_points_that_were_taken_back_while_they_were_away_never_come_back_free(
    client: FlaskClient, database: Database, clock: SetClock, way: str
) -> None:
    points, before, after, back = WAYS[way]
    for days, kind in enumerate(KINDS, 20):
        earn(client, kind)
        request = file(client, kind, points)
        for name in before:
            move(client, request, name)
        found = undo(client, kind, "C")
        debt = points if kind == "debt" else 0
        assert (found["asked"], found["debt"], found["forgiven"]) == (EARNED, debt, points - debt)
        assert [each["points"] for each in found["awaited"]] == [points]
        assert stands(client, database, kind) == (0, debt)
        for name in after:
            if name == "lapse":
                clock.at = NOW + timedelta(days=days)
                sweep(database, Versions(database, 1), clock.at)
                clock.at = NOW
            else:
                move(client, request, name)
        assert stands(client, database, kind) == (0, 0 if back else debt)
        if back:
            last = [("repay", -points, None)] if kind == "debt" else [("take_back", -points, f"{kind}-C")]
            assert entries(client, kind)[-1:] == last


def test_several_take_backs_of_one_hold_are_completed_one_after_another(
    client: FlaskClient, database: Database
) -> None:
    for kind in KINDS:
        earn(client, kind)
        request = file(client, kind, 30_000)
        undo(client, kind, "C1", 20_000)
        assert stands(client, database, kind) == (0, 0)
        undo(client, kind, "C2", 10_000)
        undo(client, kind, "C3", 5_000)
        move(client, request, "cancel")
        assert stands(client, database, kind) == (15_000, 0)
    took = [each for each in entries(client, "forgive") if each[0] == "take_back"]
    assert [(points, event) for _, points, event in took] == [
        (-20_000, "forgive-C1"),
        (-10_000, "forgive-C2"),
        (-5_000, "forgive-C3"),
    ]
    told = messages(client, "forgive", "points.taken_back")
    completed = {each["event"]: each["points"] for each in told if not each["reasons"]}
    assert completed == {"forgive-C2": 10_000, "forgive-C3": 5_000}


def test_a_take_back_waits_for_whichever_request_gives_the_points_back_first(
    client: FlaskClient, database: Database
) -> None:
    for kind in KINDS:
        earn(client, kind)
        first, second = file(client, kind, 20_000, "1"), file(client, kind, 20_000, "2")
        undo(client, kind, "C", 30_000)
        move(client, second, "settle")
        move(client, first, "cancel")
        assert stands(client, database, kind) == (0, 0)
        move(client, second, "reverse")
        assert stands(client, database, kind) == (20_000, 0)


def test_points_that_were_used_and_come_back_are_taken_too(client: FlaskClient, database: Database) -> None:
    for kind in KINDS:
        earn(client, kind)
        tell(client, f"{kind}-U", "points_used", EARNED, kind)
        assert undo(client, kind, "C", 30_000)["taken"] == []
        back = tell(client, f"{kind}-R", "purchase_cancelled", 0, kind, of=f"{kind}-U")
        assert [each["points"] for each in back["returned"]] == [EARNED], "without an amount the whole is undone"
        assert [each["points"] for each in back["repaid"]] == ([30_000] if kind == "debt" else [])
        assert stands(client, database, kind) == (20_000, 0)


def test_what_others_pay_for_a_take_back_is_not_taken_twice(client: FlaskClient, database: Database) -> None:
    earn(client, "debt")
    request = file(client, "debt", EARNED)
    tell(client, "P", "purchase", 300_000)
    assert undo(client, "debt", "C", 40_000)["debt"] == 10_000
    assert stands(client, database, "debt") == (0, 10_000)
    move(client, request, "cancel")
    assert stands(client, database, "debt") == (40_000, 0)


def test_new_points_pay_off_what_is_owed_first(client: FlaskClient, database: Database) -> None:
    earn(client, "debt")
    request = file(client, "debt", 40_000)
    undo(client, "debt", "C", 11_000)
    move(client, request, "settle")
    first = tell(client, "E-1", "bill_paid", 40_000)
    assert (first["points"], [each["points"] for each in first["repaid"]]) == (400, [400])
    assert stands(client, database, "debt") == (0, 600)
    second = tell(client, "E-2", "bill_paid", 90_000)
    assert (second["points"], [each["points"] for each in second["repaid"]]) == (900, [600])
    assert stands(client, database, "debt") == (300, 0)
    assert tell(client, "E-3", "bill_paid", 1_000)["repaid"] == []
    assert [each for each in entries(client, "debt") if each[0] == "repay"] == [
        ("repay", -400, "E-1"),
        ("repay", -600, "E-2"),
    ]
    told = {each["points"]: (each["debt"], len(each["lots"])) for each in messages(client, "debt", "points.repaid")}
    assert told == {400: (600, 1), 600: (0, 1)}


def test_a_debt_that_a_calling_system_sets_is_one_entry_of_it(client: FlaskClient, database: Database) -> None:
    with reading(database):
        facts = client.get("/v1/accounts/debt").get_json()
    for account, debt in (("debt", 700), ("new", 500), ("debt", 200)):
        asked = {name: value for name, value in facts.items() if name != "id"} | {"points_debt": debt}
        if account == "new":
            client.put(f"/v1/accounts/{account}", json=asked)
        assert client.patch(f"/v1/accounts/{account}", json={"points_debt": debt}).get_json()["points_debt"] == debt
        assert stands(client, database, account) == (0, debt)
    assert client.patch("/v1/accounts/new", json={"points_debt": 0}).get_json()["points_debt"] == 0
    with reading(database):
        kept = rows(database, "SELECT account_id, points FROM debt_entry ORDER BY id")
    assert kept == [("debt", 700), ("new", 500), ("debt", -500), ("new", -500)]
    assert stands(client, database, "new") == (0, 0)
    tell(client, "E", "bill_paid", 50_000)
    assert stands(client, database, "debt") == (300, 0)


# What happens to the points of a purchase that a bill's stand in for, and what undoes that, by name of the step.
AWAY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "held": ((), ("cancel",)),
    "paid out": (("settle",), ("reverse",)),
    "used": ((), ("undo the use",)),
    "owed, and a later bill paid": (("settle",), ("reverse",)),
}


@pytest.mark.parametrize("way", AWAY)
@pytest.mark.parametrize("order", [*permutations(("purchase", "bill", "away"))], ids="-".join)
def test_undoing_everything_in_any_order_leaves_nothing_and_owes_nothing(
    client: FlaskClient, database: Database, way: str, order: tuple[str, ...]
) -> None:
    before, after = AWAY[way]
    tell(client, "P", "purchase", 50_000)
    request = file(client, "debt", 5_000) if way != "used" else ""
    if way == "used":
        tell(client, "U", "points_used", 5_000)
    for name in before:
        move(client, request, name)
    if way.startswith("owed"):
        # The purchase is undone first, and the bill that comes then pays.
        order = ("purchase", *(each for each in order if each != "purchase"))
    else:
        tell(client, "B", "bill_paid", 500_000)
    for step in order:
        if step == "purchase":
            tell(client, "P-C", "purchase_cancelled", 50_000, of="P")
            if way.startswith("owed"):
                assert tell(client, "B", "bill_paid", 500_000)["repaid"] != []
        elif step == "bill":
            tell(client, "B-C", "bill_corrected", 500_000, of="B")
        elif way == "used":
            tell(client, "U-C", "purchase_cancelled", 5_000, of="U")
        else:
            for name in after:
                move(client, request, name)
        stands(client, database, "debt")
    assert stands(client, database, "debt") == (0, 0)


def test_points_that_stood_in_for_others_are_given_back_and_told(client: FlaskClient, database: Database) -> None:
    tell(client, "P", "purchase", 50_000)
    tell(client, "U", "points_used", 5_000)
    tell(client, "B", "bill_paid", 300_000)
    found = tell(client, "P-C", "purchase_cancelled", 50_000, of="P")
    lots = [each["lot"] for each in found["taken"]]
    assert ([each["points"] for each in found["taken"]], found["debt"]) == ([3_000], 2_000)
    assert [each["points"] for each in found["awaited"]] == [5_000]
    back = tell(client, "U-C", "purchase_cancelled", 4_000, of="U")
    assert back["given_back"] == [{"lot": lots[0], "points": 2_000}]
    assert [each["points"] for each in back["repaid"]] == [2_000]
    assert stands(client, database, "debt") == (2_000, 0)
    assert entries(client, "debt")[-4:] == [
        ("use", 4_000, "U-C"),
        ("repay", -2_000, "U-C"),
        ("take_back", -2_000, "P-C"),
        ("take_back", 2_000, "P-C"),
    ]
    told = messages(client, "debt", "points.given_back")
    assert [(each["event"], each["points"], [lot["lot"] for lot in each["lots"]]) for each in told] == [
        ("P-C", 2_000, lots)
    ]


def test_a_debt_that_a_calling_system_takes_off_is_not_taken_of_returning_points(
    client: FlaskClient, database: Database
) -> None:
    """The member paid it in another way."""
    tell(client, "P", "purchase", 50_000)
    request = file(client, "debt", 5_000)
    assert tell(client, "P-C", "purchase_cancelled", 50_000, of="P")["debt"] == 5_000
    assert client.patch("/v1/accounts/debt", json={"points_debt": 1_000}).status_code == 200
    move(client, request, "cancel")
    assert stands(client, database, "debt") == (4_000, 0)


def test_an_event_that_would_make_an_account_owe_too_much_is_refused_and_leaves_its_id_free(
    client: FlaskClient, database: Database
) -> None:
    tell(client, "P", "purchase", 50_000)
    move(client, file(client, "debt", 5_000), "settle")
    assert client.patch("/v1/accounts/debt", json={"points_debt": 10**12 - 4_999}).status_code == 200
    cancel = {"id": "P-C", "account": "debt", "type": "purchase_cancelled", "of": "P", "amount": 50_000}
    answer = client.post("/v1/events", json={**cancel, "happened_at": "2026-03-01T03:00:00Z"})
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (422, "too-much-owed")
    assert "owes 999,999,995,001 points already, and 1,000,000,000,000 at most" in problem["detail"]
    assert stands(client, database, "debt") == (0, 10**12 - 4_999)
    assert client.patch("/v1/accounts/debt", json={"points_debt": 10**12 - 5_000}).status_code == 200
    assert tell(client, "P-C", "purchase_cancelled", 50_000, of="P")["debt"] == 5_000
    assert stands(client, database, "debt") == (0, 10**12)


def test_points_that_were_used_before_they_expired_are_taken_though_it_is_told_after_a_sweep(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    open_account(database, lot_facts(3_000, acquired_on="2024-03-10"), name="late")
    clock.at = NOW + timedelta(days=40)
    assert sweep(database, Versions(database, 1), clock.at)["expired"] == 1
    used = {"account": "late", "happened_at": "2026-03-10T03:00:00Z"}
    assert tell(client, "U", "points_used", 2_000, **used)["used"] == [{"lot": "late.1", "points": 2_000}]
    late = {"account": "late", "happened_at": "2026-03-11T03:00:00Z"}
    assert tell(client, "V", "points_used", 1_000, **late)["refused"]
    assert sum(points for _, points, _ in entries(client, "late")) == 0


CLAIM = "INSERT INTO claim_entry (account_id, event, rule, part, lot_id, points, since, entered_at) VALUES "
ENTRY = "INSERT INTO ledger_entry (lot_id, kind, points, event, rule, happened_at, entered_at) VALUES "
# What breaks what is owed: the check that finds it, and of what it is told.
BROKEN: dict[str, tuple[str, str]] = {
    "points-owed-are-the-sum": ("UPDATE account SET points_debt = 1 WHERE id = 'forgive'", "forgive"),
    "points-that-come-pay-what-is-owed": (f"{CLAIM} ('A', 'E', 'r', 'own', 'A.1', 10, 0, '')", "A.1"),
    "a-payment-is-booked": (f"{ENTRY} ('A.1', 'repay', -1, '', '', '', '')", "repay"),
    "no-more-awaited-than-away": (f"{CLAIM} ('A', 'E', 'r', 'own', 'A.2', 1, 99999999, '')", "A.2"),
    "own-points-make-good-what-stands-in": (f"{CLAIM} ('A', 'F', 'r', 'stand_in', 'A.2', 1, 99999999, '')", "F"),
    "no-more-claimed-of-others-than-forgiven": (f"{CLAIM} ('A', 'G', 'r', 'other', 'A.2', 1, 99999999, '')", "G"),
}


def test_a_take_back_that_was_not_completed_is_told_with_its_place(database: Database) -> None:
    with reading(database):
        assert differences(database) == []
    writing(database, lambda: [execute(database, statement) for statement, _ in BROKEN.values()])
    with reading(database):
        found = differences(database)
    for name, (_, place) in BROKEN.items():
        texts = [each.text for each in found if each.check == name]
        assert [text for text in texts if place in text.ko and place in text.en], name


def test_a_take_back_may_wait_for_lots_that_others_name(client: FlaskClient, database: Database) -> None:
    """Held points are waited for before those that are spent already, whatever the order of the rule says."""
    text = OWED.replace(
        "    shortfall: forgive\n", "    take: [others]\n    others: [oldest]\n    shortfall: forgive\n"
    )
    publish(database, text.encode(), "small.yaml", NOW)
    open_account(database, lot_facts(5_000), lot_facts(7_000, acquired_on="2025-07-01"), name="C")
    tell(client, "C-U", "points_used", 5_000, "C")
    request = file(client, "C", 7_000)
    tell(client, "C-B", "bill_paid", 100_000, "C")
    tell(client, "C-U2", "points_used", 1_000, "C")
    found = tell(client, "C-C", "bill_corrected", 100_000, "C", of="C-B")
    *own, held = [(each["lot"], each["points"]) for each in found["awaited"]]
    assert ([points for _, points in own], held) == ([1_000], ("C.2", 1_000))
    move(client, request, "cancel")
    assert stands(client, database, "C") == (6_000, 0)
    back = tell(client, "C-R2", "purchase_cancelled", 1_000, "C", of="C-U2")
    assert back["given_back"] == [{"lot": "C.2", "points": 1_000}]
    assert stands(client, database, "C") == (7_000, 0)
