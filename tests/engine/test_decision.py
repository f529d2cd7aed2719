"""A decision as data: it survives JSON, cannot be tampered with unnoticed, and can be told in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from engine.decision import Decision
from tests.policies_for_tests import case, decided, lot, policy

VERSION = policy(
    """
    - {id: promotion, kind: exclude, terms: "16.4", when: {lot.source: promotion}, reason: {ko: 판촉, en: Promotion.}}
    - id: most
      kind: limit
      terms: "19.1"
      measure: request.points
      at_most: 5_000
      reason: {ko: "한도 {limit}", en: "At most {limit}."}
    - id: fee
      kind: fee
      terms: "18.2"
      when: {request.method: cash}
      rate: 3
      rounding: down
      reason: {ko: "수수료 {fee}", en: "Fee {fee}."}
    - {id: wait, kind: pay, terms: "20", within: 2 business days}
    """
)
LOTS = [lot("L1", 2_000, expires_on="2027-01-01"), lot("L2", 9_000), lot("L3", 50, source="promotion")]


def approved() -> dict[str, Any]:
    return json.loads(json.dumps(decided(VERSION, case(3_000, *LOTS)).to_data()))  # type: ignore[no-any-return]


def test_the_data_has_the_keys_of_the_contract() -> None:
    data = approved()
    expected = (
        "outcome policy version digest engine account as_of requested_on request points available gross fee tax offset "
        "payout payable_on last_held_on allocation prices fees taxes offsets reasons lots trace"
    )
    assert expected.split() == list(data)
    assert data["allocation"][0] == {"lot": "L1", "points": 2_000}
    assert data["fees"][0] == {"rule": "fee", "base": 3_000, "fee": 90}
    assert list(data["reasons"][0]) == ["rule", "kind", "effect", "terms", "ko", "en", "figures", "remedy"]
    assert list(data["lots"][0]) == ["lot", "left", "last_usable_on", "allocated", "reasons"]
    assert list(data["lots"][2]["reasons"][0]) == ["rule", "kind", "terms", "ko", "en"]
    stages = ["expire", "exclude", "require", "limit", "allocate", "fee", "review", "pay"]
    assert stages == [stage["stage"] for stage in data["trace"]]
    request = {
        "points": 3_000,
        "method": "cash",
        "channel": "web",
        "applicant": "member",
        "receiving_account": "",
        "receiving_holder": "unknown",
        "destination_balance": 0,
    }
    assert request == data["request"]


def test_a_decision_and_its_data_are_inverses() -> None:
    for points in (3_000, 6_000):
        decision = decided(VERSION, case(points, *LOTS))
        assert decision == Decision.from_data(decision.to_data())


TAMPERED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another payout": (lambda data: data.update(payout=2_911), "not the sum of its parts"),
    "a payout below 0": (lambda data: data.update(payout=-1, fee=3_001), "a part is below 0"),
    "another gross": (lambda data: data.update(gross=3_001, payout=2_911), "is not what the points come to"),
    "a lot that pays more": (lambda data: data["allocation"][0].update(points=2_001), "the lots pay 3001"),
    "a lot that pays twice": (lambda data: data["allocation"].append(data["allocation"][0]), "pays twice"),
    "a lot that is not there": (lambda data: data["allocation"][0].update(lot="L9"), "pays two amounts|not there"),
    "a lot below 0": (lambda data: data["lots"][0].update(left=1_999), "falls below 0"),
    "an excluded lot that pays": (lambda data: data["lots"][0].update(reasons=data["lots"][2]["reasons"]), "cannot"),
    "more available": (lambda data: data.update(available=12_000), "available 12000"),
    "a fee less": (lambda data: data.update(fees=[]), "the fees are not the fee"),
    "an unknown outcome": (lambda data: data.update(outcome="granted"), "no outcome"),
    "a denial without a reason": (lambda data: data.update(outcome="denied"), "the lots pay|needs a rule"),
    "a reason that denies": (lambda data: data["reasons"][0].update(effect="denies"), "needs a rule that denies"),
    "a lot twice": (lambda data: data["lots"].append({**data["lots"][2]}), "stands twice"),
}


@pytest.mark.parametrize(("tamper", "message"), TAMPERED.values(), ids=list(TAMPERED))
def test_a_record_that_breaks_a_law_is_not_loaded(tamper: Callable[[dict[str, Any]], object], message: str) -> None:
    data = deepcopy(approved())
    tamper(data)
    with pytest.raises(AssertionError, match=message):
        Decision.from_data(data)


def test_decisions_share_nothing_that_a_caller_could_change() -> None:
    first = decided(VERSION, case(3_000, *LOTS)).to_data()
    before = deepcopy(first)
    for stage in first["trace"]:
        for line in stage["rules"]:
            line["applies"] = "changed"
    first["request"]["points"] = 1
    assert before == decided(VERSION, case(3_000, *LOTS)).to_data()
