"""`clawback`: what an event that undoes another takes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import BadCase, read_event_case
from engine.errors import Conflict
from engine.events import EventAnswer, answer
from engine.facts import event_case_data
from engine.replay import replay_event
from tests.policies_for_tests import lot, policy

EARN = '- {id: shop, kind: earn, terms: "5", event: purchase, source: purchase, rate: 1%, rounding: down}'
LIFE = """
- {id: life, kind: expire, terms: "2", when: {lot.source: promotion}, after: 1 month, reason: {ko: 만료, en: Over.}}
"""
REASON = 'reason: {ko: "회수 {asked}", en: "{asked} asked, {taken} taken, {lapsed} lapsed."}'


def rule(fields: str, id: str = "back") -> str:
    return f'- {{id: {id}, kind: clawback, terms: "6", event: purchase_cancelled, {fields}, {REASON}}}'


def earning(points: int = 100, lot: str = "shop", **facts: Any) -> dict[str, Any]:
    """What order O-1 of 10,000 earned on 2026-03-01, as JSON."""
    more = {"id": "G1", "event": "O-1", "lot": lot, "amount": 10_000, **facts}
    return {"rule": "shop", "happened_at": "2026-03-01T03:00:00Z", "points": points, **more}


def cancelled(
    rules: str,
    *lots: dict[str, Any],
    amount: int = 10_000,
    of: str = "O-1",
    earned: list[dict[str, Any]] | None = None,
    type: str = "purchase_cancelled",
) -> EventAnswer:
    """What the cancellation of so much of order O-1 takes back on 2026-03-03."""
    version = policy(f"{EARN}\n{LIFE}\n{rules}")
    data = {
        "account": {"id": "A-1", "joined_on": "2015-01-01"},
        "event": {"id": "E-9", "type": type, "amount": amount, "of": of, "happened_at": "2026-03-03T03:00:00Z"},
        "earned": [earning()] if earned is None else earned,
        "lots": list(lots),
    }
    case = read_event_case(version.policy, data)
    found = answer(version, case)
    record = json.loads(json.dumps(found.to_data()))
    assert EventAnswer.from_data(record) == found
    assert replay_event(version, json.loads(json.dumps(event_case_data(case))), record) == []
    return found


def shop(left: int, **facts: Any) -> dict[str, Any]:
    """The lot that the order earned."""
    return lot("shop", 100, left=left, source="purchase", acquired_on="2026-03-01", **facts)


def taken(found: EventAnswer) -> dict[str, int]:
    return {each.lot: each.points for each in found.taken}


@pytest.mark.parametrize(
    ("rounding", "points", "amount", "expected"),
    [
        ("down", 100, 10_000, 100),
        ("down", 100, 5_000, 50),
        ("down", 100, 3_333, 33),
        ("down", 100, 3_399, 33),
        ("up", 100, 3_301, 34),
        ("up", 100, 3_300, 33),
        ("half_up", 100, 3_350, 34),
        ("half_up", 100, 3_349, 33),
        ("down", 100, 99, 0),
        ("down", 100, 100, 1),
        ("up", 100, 1, 1),
        ("up", 100, 0, 100),
        ("down", 7, 0, 7),
        ("down", 100, 12_000, 100),
        ("down", 7, 9_999, 6),
    ],
)
def test_a_part_is_taken_in_proportion_to_the_amount(rounding: str, points: int, amount: int, expected: int) -> None:
    found = cancelled(
        rule(f"rounding: {rounding}, shortfall: debt"), shop(100), amount=amount, earned=[earning(points)]
    )
    assert (found.asked, taken(found)) == (expected, {"shop": expected} if expected else {})
    assert [reason.rule for reason in found.reasons] == ["back"] * (expected > 0)


@pytest.mark.parametrize(
    ("rounding", "points", "before", "amount", "expected"),
    [
        # 5 points of 10,000, cancelled twice by halves: 2.5 each.
        ("down", 5, {"taken": 2}, 5_000, 2),
        ("down", 5, {"taken": 2, "undone": 5_000}, 5_000, 3),
        ("down", 5, {"taken": 2, "undone": 5_000}, 4_999, 2),
        ("up", 5, {"taken": 3, "undone": 5_000}, 5_000, 2),
        ("up", 5, {"taken": 3}, 5_000, 2),
        ("half_up", 5, {"taken": 3, "undone": 5_000}, 4_999, 2),
        ("up", 5, {"taken": 4}, 5_000, 1),
        ("up", 5, {"taken": 5, "undone": 10_000}, 5_000, 0),
        ("down", 5, {"taken": 2, "undone": 5_000}, 0, 3),
        ("up", 5, {"taken": 5}, 0, 0),
    ],
)
def test_a_second_part_takes_no_more_than_the_first_left(
    rounding: str, points: int, before: dict[str, Any], amount: int, expected: int
) -> None:
    earned = [earning(points, **before)]
    assert (
        cancelled(rule(f"rounding: {rounding}, shortfall: debt"), shop(9), amount=amount, earned=earned).asked
        == expected
    )


@pytest.mark.parametrize("rounding", ["down", "up", "half_up"])
@settings(deadline=None, max_examples=40)
@given(points=st.integers(1, 100), parts=st.lists(st.integers(1, 4_000), max_size=6))
def test_parts_take_together_what_one_that_undoes_their_sum_takes(rounding: str, points: int, parts: list[int]) -> None:
    rules = rule(f"rounding: {rounding}, shortfall: debt")
    taken = undone = 0
    for amount in parts:
        earned = [earning(points, taken=taken, undone=min(undone, 10_000))]
        taken += cancelled(rules, shop(100), amount=amount, earned=earned).asked
        undone += amount
    whole = cancelled(rules, shop(100), amount=sum(parts), earned=[earning(points)]).asked if parts else 0
    assert taken == whole


@pytest.mark.parametrize(("of", "earned"), [("O-2", None), ("", None), ("O-1", []), ("", [earning(event="")])])
def test_what_earned_nothing_or_is_unknown_takes_nothing(of: str, earned: list[dict[str, Any]] | None) -> None:
    found = cancelled(rule("part: all, shortfall: debt"), shop(100), of=of, earned=earned)
    assert (found.asked, found.debt, found.taken, found.reasons) == (0, 0, (), ())
    assert found.trace[-1] == {"rule": "back", "applies": True, "excepted_by": None, "silenced_by": None}


OTHERS = "take: [earned_lot, others], others: [soonest_to_expire, oldest]"
SPENT = [shop(30), lot("b", 40, expires_on="2026-05-01"), lot("a", 20, expires_on="2026-04-01"), lot("never", 5)]

LOCKED = [shop(30, locked=True), lot("a", 20, locked=True), lot("b", 7)]


@pytest.mark.parametrize(
    ("fields", "lots", "expected", "debt", "forgiven"),
    [
        ("shortfall: debt", SPENT, {"shop": 30}, 70, 0),
        ("shortfall: forgive", SPENT, {"shop": 30}, 0, 70),
        (f"{OTHERS}, shortfall: debt", SPENT, {"shop": 30, "a": 20, "b": 40, "never": 5}, 5, 0),
        (f"{OTHERS}, shortfall: debt", [*SPENT, lot("z", 5)], {"shop": 30, "a": 20, "b": 40, "never": 5, "z": 5}, 0, 0),
        (f"{OTHERS}, shortfall: debt", [*SPENT, lot("z", 6)], {"shop": 30, "a": 20, "b": 40, "never": 5, "z": 5}, 0, 0),
        (f"{OTHERS}, shortfall: debt", [shop(100), lot("a", 20)], {"shop": 100}, 0, 0),
        (f"{OTHERS}, shortfall: debt", [shop(99), lot("a", 20)], {"shop": 99, "a": 1}, 0, 0),
        (f"{OTHERS}, shortfall: debt", [shop(0), lot("a", 100)], {"a": 100}, 0, 0),
        (f"{OTHERS}, shortfall: debt", [], {}, 100, 0),
        ("take: [others], others: [oldest], shortfall: debt", SPENT, {"a": 20, "b": 40, "never": 5, "shop": 30}, 5, 0),
        (f"{OTHERS}, lots: {{lot.locked: false}}, shortfall: forgive", LOCKED, {"shop": 30, "b": 7}, 0, 63),
        (f"{OTHERS}, shortfall: debt", [shop(30), lot("a", 20, locked=True)], {"shop": 30, "a": 20}, 50, 0),
    ],
)  # fmt: skip
def test_the_lot_that_was_earned_pays_then_others_in_order_then_the_shortfall(
    fields: str, lots: list[dict[str, Any]], expected: dict[str, int], debt: int, forgiven: int
) -> None:
    found = cancelled(rule(f"part: all, {fields}"), *lots)
    assert (list(taken(found).items()), found.debt, found.forgiven) == (list(expected.items()), debt, forgiven)
    assert not found.refused


@pytest.mark.parametrize(("left", "refused"), [(100, False), (99, True), (0, True)])
def test_where_points_are_missing_the_event_is_refused_and_nothing_is_taken(left: int, refused: bool) -> None:
    found = cancelled(rule("part: all, shortfall: refuse"), shop(left))
    assert found.refused is refused
    assert taken(found) == ({} if refused else {"shop": 100})
    (reason,) = found.reasons
    assert (reason.effect, reason.figures["missing"]) == (("refuses", 100 - left) if refused else ("takes_back", 0))


def test_a_refused_event_grants_nothing_either() -> None:
    rules = rule("part: all, shortfall: refuse")
    rules += '\n- {id: sorry, kind: earn, terms: "7", event: purchase_cancelled, source: promotion, points: 5}'
    assert (cancelled(rules, shop(0)).points, cancelled(rules, shop(100)).points) == (0, 5)


@pytest.mark.parametrize(
    ("left", "amount", "lapsed", "expected", "debt"),
    [
        # Points that ended with their lot were lost already, and are not taken a second time.
        (100, 10_000, 100, {}, 0),
        (60, 10_000, 60, {"other": 40}, 0),
        (60, 5_000, 50, {}, 0),
        (10, 10_000, 10, {"other": 50}, 40),
        (0, 10_000, 0, {"other": 50}, 50),
    ],
)
def test_what_has_expired_counts_as_taken(
    left: int, amount: int, lapsed: int, expected: dict[str, int], debt: int
) -> None:
    ended = lot("shop", 100, left=left, source="promotion", acquired_on="2026-02-02")
    found = cancelled(rule(f"rounding: down, {OTHERS}, shortfall: debt"), ended, lot("other", 50), amount=amount)
    assert (found.lapsed, taken(found), found.debt) == (lapsed, expected, debt)


def test_what_has_expired_counts_once_for_two_earnings_of_one_lot() -> None:
    ended = lot("shop", 100, left=60, source="promotion", acquired_on="2026-02-02")
    earned = [earning(50), earning(50, id="G2")]
    found = cancelled(rule("part: all, shortfall: debt"), ended, earned=earned)
    assert (found.asked, found.lapsed, found.debt) == (100, 60, 40)


@pytest.mark.parametrize(("acquired_on", "lapsed"), [("2026-02-02", 100), ("2026-02-03", 0)])
def test_on_its_last_day_a_lot_still_pays(acquired_on: str, lapsed: int) -> None:
    found = cancelled(rule("part: all, shortfall: debt"), lot("shop", 100, source="promotion", acquired_on=acquired_on))
    assert (found.lapsed, taken(found)) == (lapsed, {} if lapsed else {"shop": 100})


def test_expired_points_of_others_pay_nothing() -> None:
    ended = lot("old", 100, source="promotion", acquired_on="2026-01-01")
    found = cancelled(rule(f"part: all, {OTHERS}, shortfall: debt"), shop(0), ended)
    assert (found.taken, found.lapsed, found.debt) == ((), 0, 100)


def test_each_lot_that_was_earned_pays_for_itself_before_it_pays_for_others() -> None:
    earned = [earning(100), earning(50, lot="bonus", id="G2", rule="bonus")]
    found = cancelled(rule(f"part: all, {OTHERS}, shortfall: debt"), shop(0), lot("bonus", 60), earned=earned)
    assert (found.asked, taken(found), found.debt) == (150, {"bonus": 60}, 90)


def test_a_rule_takes_back_only_what_the_rules_that_it_names_earned() -> None:
    earned = [earning(100), earning(50, lot="bonus", id="G2", rule="bonus")]
    only = rule("part: all, of: [shop], shortfall: debt")
    assert taken(cancelled(only, shop(100), lot("bonus", 50), earned=earned)) == {"shop": 100}


def test_two_rules_for_one_earning_are_a_conflict_unless_one_overrides_the_other() -> None:
    two = rule("part: all, shortfall: debt, when: {event.amount: {over: 5}}") + "\n" + rule("part: all, MORE", "again")
    with pytest.raises(Conflict, match="earning 'G1': 'back' and 'again' both take back what was earned"):
        cancelled(two.replace("MORE", "shortfall: forgive, when: {event.amount: {over: 6}}"), shop(40))
    found = cancelled(two.replace("MORE", "shortfall: forgive, overrides: [back]"), shop(40))
    assert (found.debt, found.forgiven) == (0, 60)
    apart = two.replace("MORE", "of: [bonus], shortfall: forgive").replace("when:", "of: [shop], when:")
    with_bonus = apart + '\n- {id: bonus, kind: earn, terms: "8", event: purchase, source: promotion, points: 5}'
    assert cancelled(with_bonus, shop(40)).debt == 60


@pytest.mark.parametrize(
    ("special", "expected", "debt", "forgiven", "standing"),
    [
        ("of: [bonus], overrides: [back]", ["back", "bonus-back"], 70, 45, (None, None)),
        ("of: [shop, bonus], overrides: [back]", ["bonus-back"], 0, 115, ("bonus-back", None)),
        ("overrides: [back]", ["bonus-back"], 0, 115, ("bonus-back", None)),
        ("of: [other], overrides: [back]", ["back"], 115, 0, (None, None)),
        ("of: [bonus], overrides: [back], when: {event.amount: {over: 10_000}}", ["back"], 115, 0, (None, None)),
    ],
)
def test_a_rule_silences_another_only_for_the_earnings_that_it_covers(
    special: str, expected: list[str], debt: int, forgiven: int, standing: tuple[str | None, str | None]
) -> None:
    more = """
- {id: bonus, kind: earn, terms: "8", event: purchase, source: promotion, points: 50}
- {id: other, kind: earn, terms: "8", event: bill_paid, source: promotion, points: 50}
"""
    two = rule("part: all, shortfall: debt") + "\n" + rule(f"part: all, shortfall: forgive, {special}", "bonus-back")
    earned = [earning(100), earning(50, lot="bonus", id="G2", rule="bonus")]
    lots = (shop(30), lot("bonus", 50, left=5, source="promotion", acquired_on="2026-03-01"))
    found = cancelled(two + more, *lots, earned=earned)
    assert [reason.rule for reason in found.reasons] == expected
    assert (taken(found), found.debt, found.forgiven) == ({"shop": 30, "bonus": 5}, debt, forgiven)
    lines = {line["rule"]: line["silenced_by"] for line in found.trace}
    assert (lines["back"], lines["bonus-back"]) == standing


def test_only_its_own_event_takes_something_back() -> None:
    assert cancelled(rule("part: all, shortfall: debt"), shop(100), type="points_used").asked == 0
    lifted = rule("part: all, shortfall: debt, unless: [{event.amount: {under: 10_000}}]")
    assert [cancelled(lifted, shop(100), amount=amount).asked for amount in (9_999, 10_000)] == [0, 100]


def test_what_an_event_without_an_amount_earned_is_taken_back_whole() -> None:
    found = cancelled(rule("rounding: down, shortfall: debt"), shop(100), amount=0, earned=[earning(amount=0)])
    assert taken(found) == {"shop": 100}


def test_the_reason_tells_the_figures() -> None:
    (reason,) = cancelled(rule("rounding: down, shortfall: debt"), shop(20), amount=5_000).reasons
    assert (reason.en, reason.ko) == ("50 asked, 20 taken, 0 lapsed.", "회수 50")
    assert reason.figures == {"asked": 50, "taken": 20, "lapsed": 0, "debt": 30, "forgiven": 0, "missing": 30}


@pytest.mark.parametrize(
    ("earned", "expected"),
    [
        ({"taken": 101}, "earned.0.taken is 101, more than the 100 points earned; write 100 or less"),
        ({"undone": 10_001}, "earned.0.undone is 10001, more than the event's amount of 10000; write 10000 or less"),
        ({"lot": 7}, "earned.0.lot is 7; write text in quotes"),
        ({"points": -1}, "earned.0.points is -1; write a whole number from 0 to 1_000_000_000_000"),
        ({"ponts": 1}, "earned.0.ponts is not known; did you mean 'points'?"),
    ],
)
def test_a_case_that_cannot_be_is_refused(earned: dict[str, Any], expected: str) -> None:
    with pytest.raises(BadCase) as caught:
        cancelled(rule("part: all, shortfall: debt"), shop(1), earned=[earning(**earned)])
    assert str(caught.value) == expected


def test_a_lot_of_an_event_is_read_as_strictly_as_one_of_a_request() -> None:
    with pytest.raises(BadCase, match=r"lots\.0\.left is 200, more than the lot's amount of 100"):
        cancelled(rule("part: all, shortfall: debt"), shop(200))


LAWFUL = {
    shortfall: policy(f"{EARN}\n{LIFE}\n" + rule(f"rounding: half_up, {OTHERS}, shortfall: {shortfall}"))
    for shortfall in ("debt", "forgive", "refuse")
}
small = st.integers(0, 20)


@st.composite
def undoings(draw: st.DrawFn) -> dict[str, Any]:
    lots = []
    for n in range(draw(st.integers(0, 4))):
        amount = draw(st.integers(1, 20))
        more = {"left": draw(st.integers(0, amount)), "source": draw(st.sampled_from(["bill", "promotion"]))}
        lots.append(lot(f"L{n}", amount, acquired_on=draw(st.sampled_from(["2026-01-01", "2026-03-01"])), **more))
    earned = []
    for n in range(draw(st.integers(0, 3))):
        points, amount = draw(small), draw(small)
        more = {"taken": draw(st.integers(0, points)), "undone": draw(st.integers(0, amount)), "amount": amount}
        earned.append(earning(points, lot=draw(st.sampled_from(["", "L0", "L1", "gone"])), id=f"G{n}", **more))
    event = {"id": "E", "type": "purchase_cancelled", "of": "O-1", "happened_at": "2026-03-03T03:00:00Z"}
    account = {"id": "A-1", "joined_on": "2015-01-01"}
    return {"account": account, "event": {**event, "amount": draw(small)}, "earned": earned, "lots": lots}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(LAWFUL)), undoings())
def test_nothing_is_taken_that_is_not_there_and_nothing_is_lost(shortfall: str, data: dict[str, Any]) -> None:
    version = LAWFUL[shortfall]
    found = answer(version, read_event_case(version.policy, data))
    left = {
        each["id"]: each["left"] for each in data["lots"] if each["source"] == "bill" or "03" in each["acquired_on"]
    }
    assert all(points <= left.get(lot, 0) for lot, points in taken(found).items())
    assert found.asked <= sum(each["points"] - each["taken"] for each in data["earned"])
    unpaid = found.debt + found.forgiven
    if unpaid:
        assert taken(found) == {lot: points for lot, points in left.items() if points}, "what is there pays first"
        assert (found.debt, found.forgiven) == ((unpaid, 0) if shortfall == "debt" else (0, unpaid))
