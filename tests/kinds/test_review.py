"""`review`: what a person has to look at first."""

from __future__ import annotations

import pytest

from tests.policies_for_tests import case, decided, lot, past, policy

REASON = 'reason: {ko: "확인({points})", en: "Look at {points}."}'


@pytest.mark.parametrize(
    ("fields", "points", "outcome"),
    [
        ("when: {request.points: {at_least: 1_000}}", 999, "approved"),
        ("when: {request.points: {at_least: 1_000}}", 1_000, "needs_review"),
        ("when: {request.points: {at_least: 1_000}}, unless: [{request.method: cash}]", 1_000, "approved"),
        ("measure: request.points, over: 1_000", 1_000, "approved"),
        ("measure: request.points, over: 1_000", 1_001, "needs_review"),
        ("measure: request.points, at_least: 1_000", 999, "approved"),
        ("measure: request.points, at_least: 1_000", 1_000, "needs_review"),
        ("measure: balance.after, under: 500", 9_500, "approved"),
        ("measure: balance.after, under: 500", 9_501, "needs_review"),
        ("measure: balance.after, at_most: 500", 9_499, "approved"),
        ("measure: balance.after, at_most: 500", 9_500, "needs_review"),
        ("measure: available.before, over: 10_000", 9_500, "approved"),
        ("measure: available.before, over: 9_999", 9_500, "needs_review"),
        ("measure: {sum: refund.points, per: month, of: account}, over: 1_000", 900, "approved"),
        ("measure: {sum: refund.points, per: month, of: account}, over: 1_000", 901, "needs_review"),
        ("measure: {count: refunds, per: day, of: account}, over: 1", 1, "needs_review"),
        ("when: {request.channel: app}, measure: request.points, over: 1", 2, "approved"),
    ],
)
def test_a_request_past_the_bound_goes_to_a_person(fields: str, points: int, outcome: str) -> None:
    rule = f'- {{id: look, kind: review, terms: "1", {fields}, {REASON}}}'
    history = [past(100, "2026-03-03T01:00:00Z")]
    decision = decided(policy(rule), case(points, lot("L1", 10_000), history=history))
    assert outcome == decision.outcome
    assert [("look", "reviews", None)] * (outcome == "needs_review") == [
        (reason.rule, reason.effect, reason.remedy) for reason in decision.reasons
    ]


def test_the_reason_has_the_figures_of_its_measure() -> None:
    version = policy(
        """
        - id: look
          kind: review
          terms: "1"
          measure: {sum: refund.points, per: month, of: account}
          over: 1_000
          reason: {ko: "확인({used})", en: "Look at {points}: {used} used, {room} left of {limit}."}
        """
    )
    (reason,) = decided(version, case(901, history=[past(100, "2026-03-03T01:00:00Z")])).reasons
    assert reason.en == "Look at 901: 100 used, 900 left of 1,000."
    assert reason.figures == {"limit": 1_000, "used": 100, "room": 900, "points": 901}


def test_a_review_from_an_amount_tells_that_amount_and_the_room_below_it() -> None:
    version = policy(
        """
        - id: look
          kind: review
          terms: "1"
          measure: {sum: refund.points, per: month, of: account}
          at_least: 1_000
          reason: {ko: 확인, en: "{room} left below {limit}."}
        """
    )
    (reason,) = decided(version, case(900, history=[past(100, "2026-03-03T01:00:00Z")])).reasons
    assert reason.en == "899 left below 1,000."
