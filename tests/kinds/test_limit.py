"""`limit`: how much, how little, in which steps and how often."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decision import Decision
from tests.policies_for_tests import case, decided, lot, past, policy, rules_of

REASON = 'reason: {ko: "{limit} {used} {room} {points}", en: "limit {limit} used {used} room {room} points {points}"}'


def told(
    fields: str, points: int, *lots: dict[str, Any], history: list[dict[str, Any]] | None = None, **request: Any
) -> str:
    """What one limit says of a request, "" when it lets it pass."""
    rule = f'- {{id: bound, kind: limit, terms: "1", {fields}, {REASON}}}'
    decision = decided(policy(rule), case(points, *lots, history=history, **request))
    return next((reason.en for reason in decision.reasons if reason.rule == "bound"), "")


@pytest.mark.parametrize(
    ("fields", "points", "expected"),
    [
        ("measure: request.points, at_most: 5_000", 5_000, ""),
        ("measure: request.points, at_most: 5_000", 5_001, "limit 5,000 used 0 room 5,000 points 5,001"),
        ("measure: request.points, at_least: 1_000", 1_000, ""),
        ("measure: request.points, at_least: 1_000", 999, "limit 1,000 used 0 room 10,000 points 999"),
        ("measure: request.points, at_least: 20_000", 999, "limit 20,000 used 0 room 0 points 999"),
        ("measure: request.points, multiple_of: 1_000", 3_000, ""),
        ("measure: request.points, multiple_of: 1_000", 3_999, "limit 1,000 used 0 room 3,000 points 3,999"),
        ("measure: balance.after, at_least: 4_000", 6_000, ""),
        ("measure: balance.after, at_least: 4_000", 6_001, "limit 4,000 used 0 room 6,000 points 6,001"),
        ("measure: balance.after, at_most: 4_000", 6_000, ""),
        ("measure: balance.after, at_most: 4_000", 5_999, "limit 4,000 used 0 room 10,000 points 5,999"),
        ("measure: balance.after, multiple_of: 3_000", 4_000, ""),
        ("measure: balance.after, multiple_of: 3_000", 4_001, "limit 3,000 used 0 room 4,000 points 4,001"),
    ],
)
def test_an_amount_is_held_to_its_bound(fields: str, points: int, expected: str) -> None:
    assert expected == told(fields, points, lot("L1", 10_000))


HISTORY = [
    past(100, "2026-02-28T14:59:59Z"),
    past(200, "2026-02-28T15:00:00Z", state="approved"),
    past(400, "2026-03-02T03:00:00Z", state="needs_review", method="gift_card"),
    past(800, "2026-03-02T15:00:00Z", account_id="A-2", receiving_account="KB-1"),
    past(1_600, "2026-03-02T16:00:00Z", state="denied"),
    past(3_200, "2026-03-02T17:00:00Z", state="cancelled"),
    past(6_400, "2026-01-01T00:00:00Z", receiving_account="KB-1"),
]


@pytest.mark.parametrize(
    ("measure", "bound", "used"),
    [
        ("{sum: refund.points, per: month, of: account}", 600 + 10, 600),
        ("{sum: refund.points, per: year, of: account}", 7_100 + 10, 7_100),
        ("{sum: refund.points, per: day, of: account}", 10, 0),
        ("{sum: refund.points, per: ever, of: account}", 7_100 + 10, 7_100),
        ("{sum: refund.points, per: 24 hours, of: account}", 10, 0),
        ("{sum: refund.points, per: 25 hours, of: account}", 410, 400),
        ("{sum: refund.points, per: 3 days, of: account}", 710, 700),
        ("{sum: refund.points, per: month, of: account, methods: [cash]}", 210, 200),
        ("{sum: refund.points, per: year, of: receiving_account}", 7_210, 7_200),
        ("{count: refunds, per: month, of: account}", 3, 2),
        ("{count: refunds, per: year, of: receiving_account}", 3, 2),
    ],
)
def test_sums_and_counts_hold_what_was_refunded_and_this_request(measure: str, bound: int, used: int) -> None:
    request = {"receiving_account": "KB-1"}
    assert told(f"measure: {measure}, at_most: {bound}", 10, history=HISTORY, **request) == ""
    room = bound - 1 - used
    expected = f"limit {bound - 1:,} used {used:,} room {room:,} points 10"
    assert expected == told(f"measure: {measure}, at_most: {bound - 1}", 10, history=HISTORY, **request)


def test_a_limit_of_some_methods_is_silent_on_others() -> None:
    fields = "measure: {sum: refund.points, per: month, of: account, methods: [gift_card]}, at_most: 5"
    assert told(fields, 10, history=HISTORY) == ""
    assert told(fields, 10, history=HISTORY, method="gift_card") == "limit 5 used 400 room 0 points 10"


def test_no_receiving_account_is_never_limited() -> None:
    fields = "measure: {sum: refund.points, per: month, of: receiving_account}, at_most: 5"
    assert told(fields, 10, history=HISTORY) == ""
    assert told(fields, 10, history=HISTORY, receiving_account="KB-9") == "limit 5 used 0 room 5 points 10"


PAYOUT = 'reason: {ko: "한도", en: "limit {limit} used {used} room {room} payout {payout} of {points}"}'
FEE = '- {id: fee, kind: fee, terms: "1", flat: 100, reason: {ko: 수수료, en: Fee.}}'


def paid(fields: str, points: int | str, used: bool = True, **more: Any) -> Decision:
    """The decision under one limit on the payout, which a fee of 100 makes smaller."""
    reason = PAYOUT if used else PAYOUT.replace(" room {room}", "")
    rule = f'- {{id: bound, kind: limit, terms: "1", {fields}, {reason}}}\n{FEE}'
    return decided(policy(rule), case(points, *more.pop("lots", ()), **more))


PAST_PAYOUTS = [
    past(500, "2026-03-01T00:00:00Z", payout=400),
    past(300, "2026-03-02T00:00:00Z"),
    past(900, "2026-03-02T00:00:01Z", payout=900, state="denied"),
]


@pytest.mark.parametrize(
    ("fields", "points", "more", "expected", "remedy"),
    [
        ("measure: payout, at_most: 500", 600, {}, "", None),
        ("measure: payout, at_most: 500", 601, {}, "limit 500 used 0 room 500 payout 501 of 601", 600),
        ("measure: payout, at_least: 500", 600, {}, "", None),
        ("measure: payout, at_least: 500", 599, {}, "limit 500 used 0 payout 499 of 599", 600),
        ("measure: payout, multiple_of: 100", 600, {}, "", None),
        ("measure: payout, multiple_of: 100", 640, {}, "limit 100 used 0 room 500 payout 540 of 640", 600),
        ("measure: payout, multiple_of: 100", 651, {}, "limit 100 used 0 room 500 payout 551 of 651", 700),
        ("measure: destination.after, at_most: 500_000", 30_100, {"destination_balance": 470_000}, "", None),
        (
            "measure: destination.after, at_most: 500_000",
            30_101,
            {"destination_balance": 470_000},
            "limit 500,000 used 470,000 room 30,000 payout 30,001 of 30,101",
            30_100,
        ),
        (
            "measure: destination.after, at_most: 500_000",
            200,
            {"destination_balance": 500_000},
            "limit 500,000 used 500,000 room 0 payout 100 of 200",
            None,
        ),
        (
            "measure: {sum: refund.payout, per: month, of: account}, at_most: 800",
            200,
            {"history": PAST_PAYOUTS},
            "",
            None,
        ),
        (
            "measure: {sum: refund.payout, per: month, of: account}, at_most: 800",
            201,
            {"history": PAST_PAYOUTS},
            "limit 800 used 700 room 100 payout 101 of 201",
            200,
        ),
    ],
)
def test_limits_on_the_payout_wait_for_it(
    fields: str, points: int, more: dict[str, Any], expected: str, remedy: int | None
) -> None:
    decision = paid(fields, points, used="at_least" not in fields, **more)
    told = [reason for reason in decision.reasons if reason.effect == "denies"]
    assert [expected] * bool(expected) == [reason.en for reason in told]
    assert [remedy] * bool(expected) == [reason.remedy and reason.remedy.set["request.points"] for reason in told]
    assert (decision.outcome == "denied") == bool(expected)
    assert rules_of(decision) == (["bound"] if expected else ["fee"])


@pytest.mark.parametrize(
    ("bound", "points", "expected", "remedy"),
    [
        ("at_most: 500", 588, [], None),
        ("at_most: 500", 590, ["limit 500 used 0 room 500 gross 501 of 590"], 589),
        ("at_least: 500", 589, [], None),
        ("at_least: 500", 588, ["limit 500 used 0 gross 499 of 588"], 589),
        ("multiple_of: 100", 706, [], None),
        ("multiple_of: 100", 720, ["limit 100 used 0 room 600 gross 612 of 720"], 707),
    ],
)
def test_limits_on_the_gross_see_the_money_before_fees(
    bound: str, points: int, expected: list[str], remedy: int | None
) -> None:
    reason = PAYOUT.replace("payout {payout}", "gross {gross}")
    reason = reason.replace(" room {room}", "") if "at_least" in bound else reason
    price = '- {id: price, kind: price, terms: "1", every: 100, pays: 85, rounding: down, reason: {ko: 값, en: P.}}'
    limit = f'- {{id: bound, kind: limit, terms: "1", measure: gross, {bound}, {reason}}}'
    decision = decided(policy(f"{price}\n{FEE}\n{limit}"), case(points))
    told = [each for each in decision.reasons if each.effect == "denies"]
    assert expected == [each.en for each in told]
    assert [remedy] * len(expected) == [each.remedy and each.remedy.set["request.points"] for each in told]


def test_all_fills_the_destination_to_the_unit() -> None:
    decision = paid("measure: destination.after, at_most: 500_000", "all", destination_balance=470_000)
    assert (decision.points, decision.payout) == (30_100, 30_000)


def test_a_limit_on_the_payout_is_told_beside_one_on_points() -> None:
    least = '- {id: least, kind: limit, terms: "1", measure: request.points, at_least: 700, reason: {ko: 최소, en: A.}}'
    most = f'- {{id: most, kind: limit, terms: "1", measure: payout, at_most: 400, {PAYOUT}}}'
    decision = decided(policy(f"{least}\n{most}\n{FEE}"), case(600))
    assert rules_of(decision) == ["least", "most"]
    assert [reason.remedy for reason in decision.reasons] == [None, None]


def test_the_stage_of_limits_on_the_payout_is_in_the_trace() -> None:
    decision = paid("measure: payout, at_most: 500", 600)
    stages = {stage["stage"]: [line["rule"] for line in stage["rules"]] for stage in decision.trace}
    assert (stages["limit"], stages["limit_payout"]) == ([], ["bound"])


SHARE = "measure: request.points, at_most: {share: 30%, of: available, rounding: down, at_least: 1_000}"


@pytest.mark.parametrize(
    ("left", "bound"), [(100_000, 30_000), (9_999, 2_999), (3_336, 1_000), (1_200, 1_000), (900, 1_000)]
)
def test_a_share_of_the_balance_has_an_exit_for_the_last_points(left: int, bound: int) -> None:
    rule = f'- {{id: bound, kind: limit, terms: "1", {SHARE}, {REASON}}}'
    version = policy(rule)
    assert min(bound, left) == decided(version, case("all", lot("L1", left))).points
    if bound < left:
        (reason,) = decided(version, case(bound + 1, lot("L1", left))).reasons
        assert (reason.figures["limit"], reason.figures["room"]) == (bound, bound)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ("{share: 10%, of: available, rounding: down}", 10),
        ("{share: 10%, of: available, rounding: up}", 11),
        ("{share: 10%, of: available, rounding: half_up}", 11),
        ("{share: 10%, of: balance, rounding: down}", 13),
    ],
)
def test_a_share_is_of_what_can_be_refunded_or_of_all_that_has_not_expired(share: str, expected: int) -> None:
    rules = f"""
    - {{id: locked, kind: exclude, terms: "1", when: {{lot.locked: true}}, reason: {{ko: 잠김, en: Locked.}}}}
    - {{id: bound, kind: limit, terms: "1", measure: request.points, at_most: {share}, {REASON}}}
    """
    lots = [lot("L1", 105), lot("L2", 30, locked=True), lot("L3", 90, expires_on="2026-03-02")]
    assert expected == decided(policy(rules), case("all", *lots)).points


def test_a_share_of_the_balance_may_have_to_stay() -> None:
    share = "{share: 10%, of: available, rounding: up}"
    rule = f'- {{id: bound, kind: limit, terms: "1", measure: balance.after, at_least: {share}, {REASON}}}'
    assert decided(policy(rule), case("all", lot("L1", 1_001))).points == 900


MONTHLY = """
monthly:
  about: Most in a month
  terms: "19.1"
  unit: points
  dated_by: request.requested_on
  since:
    2020-01-01: 50
    2026-03-03: {by: account.kind, company: 90, else: 70}
"""


@pytest.mark.parametrize(
    ("as_of", "kind", "limit"),
    [
        ("2026-03-02T14:59:59Z", "person", 50),
        ("2026-03-02T15:00:00Z", "person", 70),
        ("2026-03-02T15:00:00Z", "company", 90),
    ],
)
def test_the_value_of_the_day_of_the_request_holds(as_of: str, kind: str, limit: int) -> None:
    rule = f'- {{id: bound, kind: limit, terms: "1", measure: request.points, at_most: $monthly, {REASON}}}'
    version = policy(rule, values=MONTHLY)
    for points, expected in ((limit, []), (limit + 1, [limit])):
        decision = decided(version, case(points, as_of=as_of, account={"kind": kind}))
        assert expected == [reason.figures["limit"] for reason in decision.reasons]


OR_ALL = [
    ("measure: request.points, at_least: 1_000, or_all: true", 700, 700, "", None),
    ("measure: request.points, at_least: 1_000, or_all: true", 700, 699, "room 700 of 699", 700),
    ("measure: request.points, at_least: 1_000, or_all: true", 700, 701, "room 700 of 701", 700),
    ("measure: request.points, at_least: 1_000, or_all: true", 5_000, 999, "room 5,000 of 999", 1_000),
    ("measure: request.points, multiple_of: 1_000, or_all: true", 2_300, 2_300, "", None),
    ("measure: request.points, multiple_of: 1_000, or_all: true", 2_300, 2_000, "", None),
    ("measure: request.points, multiple_of: 1_000, or_all: true", 2_300, 2_299, "room 2,000 of 2,299", 2_300),
    ("measure: request.points, multiple_of: 1_000, or_all: true", 2_300, 2_149, "room 2,000 of 2,149", 2_000),
    ("measure: request.points, multiple_of: 1_000, or_all: true", 2_300, 2_400, "room 2,300 of 2,400", 2_300),
    ("measure: available.after, at_least: 1_000, or_all: true", 5_000, 5_000, "", None),
    ("measure: available.after, at_least: 1_000, or_all: true", 5_000, 4_001, "room 5,000 of 4,001", 4_000),
    ("measure: available.after, at_least: 1_000, or_all: true", 5_000, 4_999, "room 5,000 of 4,999", 5_000),
]


@pytest.mark.parametrize(("fields", "left", "points", "expected", "remedy"), OR_ALL)
def test_who_takes_all_that_there_is_need_not_keep_to_a_minimum_or_a_step(
    fields: str, left: int, points: int, expected: str, remedy: int | None
) -> None:
    rule = f'- {{id: bound, kind: limit, terms: "1", {fields}, reason: {{ko: 가, en: "room {{room}} of {{points}}"}}}}'
    told = [each for each in decided(policy(rule), case(points, lot("L1", left))).reasons if each.rule == "bound"]
    assert [expected] * bool(expected) == [each.en for each in told]
    assert [remedy] * bool(expected) == [each.remedy and each.remedy.set["request.points"] for each in told]


@pytest.mark.parametrize(
    ("left", "points", "expected"), [(700, 700, ["fee"]), (700, 699, ["bound"]), (5_000, 1_100, ["fee"])]
)
def test_who_takes_all_need_not_keep_to_a_smallest_payout(left: int, points: int, expected: list[str]) -> None:
    decision = paid("measure: payout, at_least: 1_000, or_all: true", points, used=False, lots=[lot("L1", left)])
    assert expected == rules_of(decision)


ALL_OR = """
- {id: least, kind: limit, terms: "1", measure: request.points, at_least: 1_000, or_all: true, reason: {ko: 가, en: A}}
- {id: step, kind: limit, terms: "1", measure: request.points, multiple_of: 300, or_all: true, reason: {ko: 가, en: A}}
- id: month
  kind: limit
  terms: "1"
  measure: {sum: refund.points, per: month, of: account}
  at_most: 5_000
  reason: {ko: 월, en: Month.}
"""


@pytest.mark.parametrize(
    ("left", "used", "points", "expected"),
    [
        pytest.param(505, 0, 505, [], id="less than the minimum: all of it"),
        pytest.param(1_234, 0, 1_234, [], id="no whole step: all of it"),
        pytest.param(9_000, 0, 4_800, [], id="more than the month lets through: whole steps"),
        pytest.param(505, 4_600, 0, ["month"], id="the month keeps from taking all: the month"),
        pytest.param(9_000, 4_500, 0, ["month"], id="less left of the month than the minimum: the month"),
        pytest.param(0, 0, 0, ["order"], id="no points: that there are none"),
    ],
)
def test_all_is_what_there_is_or_whole_steps(left: int, used: int, points: int, expected: list[str]) -> None:
    history = [past(used, "2026-03-01T03:00:00Z")] if used else []
    decision = decided(policy(ALL_OR), case("all", lot("L1", left), history=history))
    assert (points, expected) == (decision.points, rules_of(decision))


HELD = [
    ("measure: balance.after, at_least: 1_000", 800, ""),
    ("measure: balance.after, at_least: 5_200", 800, ""),
    ("measure: balance.after, at_least: 5_201", 800, "limit 5,201 used 0 room 799 points 800"),
    ("measure: balance.after, at_least: 5_900", 800, "limit 5,900 used 0 room 100 points 800"),
    ("measure: balance.after, at_most: 5_200", 800, ""),
    ("measure: balance.after, at_most: 5_200", 799, "limit 5,200 used 0 room 1,000 points 799"),
    ("measure: balance.after, multiple_of: 100", 799, "limit 100 used 0 room 700 points 799"),
    ("measure: available.after, at_least: 200", 800, ""),
    ("measure: available.after, at_least: 201", 800, "limit 201 used 0 room 799 points 800"),
    ("measure: balance.before, at_least: 6_000", 800, ""),
    ("measure: balance.before, at_least: 6_001", 800, "limit 6,001 used 6,000 room 0 points 800"),
    ("measure: balance.before, at_most: 5_999", 800, "limit 5,999 used 6,000 room 0 points 800"),
    ("measure: balance.before, multiple_of: 4_000", 800, "limit 4,000 used 6,000 room 0 points 800"),
    ("measure: available.before, at_least: 1_000", 800, ""),
    ("measure: available.before, at_least: 1_001", 800, "limit 1,001 used 1,000 room 0 points 800"),
]


@pytest.mark.parametrize(("fields", "points", "expected"), HELD)
def test_the_balance_is_all_that_has_not_expired_and_available_what_can_be_refunded(
    fields: str, points: int, expected: str
) -> None:
    locked = '- {id: locked, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 가, en: Locked.}}'
    version = policy(f'{locked}\n- {{id: bound, kind: limit, terms: "1", {fields}, {REASON}}}')
    lots = [lot("L1", 1_000), lot("L2", 5_000, locked=True), lot("L3", 90, expires_on="2026-03-02")]
    decision = decided(version, case(points, *lots))
    assert [expected] * bool(expected) == [reason.en for reason in decision.reasons]
    if ".before" in fields:
        assert [reason.remedy for reason in decision.reasons] == [None] * bool(expected)


def test_what_is_held_may_depend_on_what_is_asked_for() -> None:
    rules = f"""
    - {{id: small, kind: exclude, terms: "1", when: {{request.points: {{under: 500}}}}, reason: {{ko: 가, en: Small.}}}}
    - {{id: bound, kind: limit, terms: "1", measure: available.before, at_least: 700, {REASON}}}
    - {{id: most, kind: limit, terms: "1", measure: request.points, at_least: 450, {REASON}}}
    """
    decision = decided(policy(rules), case(400, lot("L1", 700)))
    assert rules_of(decision) == ["bound", "most", "order"]
    assert [reason.remedy and reason.remedy.set["request.points"] for reason in decision.reasons] == [None, 500, None]
    assert decided(policy(rules), case("all", lot("L1", 700))).points == 700
