"""Pins of the rules that make money of points: each of their figures and words is nudged."""

from __future__ import annotations

import pytest

from engine.nudges import nudges
from policies.load import load_policy
from policies.source import read
from tests.engine.test_pins import nudged
from tests.policies.mutations import text_of
from tests.policies_for_tests import policy_text

MONEY = """
- {id: price, kind: price, terms: "1", every: 490, pays: 500, whole_steps: true, reason: {ko: 값, en: Price.}}
- id: tax
  kind: tax
  terms: "2"
  rate: 20%
  rounding: down
  to: 10
  above: 50_000
  taxes: excess
  waived_under: 1_000
  after_fees: true
  reason: {ko: 세금, en: Tax.}
- {id: local, kind: tax, terms: "3", of: [tax], rate: 10, rounding: up, reason: {ko: 세금, en: Tax.}}
- {id: debt, kind: offset, terms: "4", debt: account.debt, at_most: 5_000, reason: {ko: 상계, en: Debt.}}
- id: share
  kind: limit
  terms: "5"
  measure: request.points
  at_most: {share: 30%, of: available, rounding: down, at_least: 1_000}
  reason: {ko: 한도, en: Share.}
"""


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (
            "price",
            [
                "dropping the rule",
                "every 490 -> 489",
                "every 490 -> 491",
                "pays 500 -> 499",
                "pays 500 -> 501",
                "dropping 'whole_steps'",
            ],
        ),
        (
            "tax",
            [
                "dropping the rule",
                "rate 20% -> 19%",
                "rate 20% -> 21%",
                "rounding down -> up",
                "rounding down -> half_up",
                "dropping 'to'",
                "to 10 -> 9",
                "to 10 -> 11",
                "dropping 'above'",
                "above 50_000 -> 49_999",
                "above 50_000 -> 50_001",
                "taxes excess -> whole",
                "dropping 'waived_under'",
                "waived_under 1_000 -> 999",
                "waived_under 1_000 -> 1_001",
                "dropping 'after_fees'",
            ],
        ),
        (
            "local",
            ["dropping the rule", "rate 10 -> 9", "rate 10 -> 11", "rounding up -> down", "rounding up -> half_up"],
        ),
        ("debt", ["dropping the rule", "dropping 'at_most'", "at_most 5_000 -> 4_999", "at_most 5_000 -> 5_001"]),
        (
            "share",
            [
                "dropping the rule",
                "share 30% -> 29%",
                "share 30% -> 31%",
                "rounding down -> up",
                "rounding down -> half_up",
                "dropping 'at_least'",
                "at_least 1_000 -> 999",
                "at_least 1_000 -> 1_001",
            ],
        ),
    ],
)
def test_what_makes_money_is_nudged(subject: str, expected: list[str]) -> None:
    assert expected == nudged(policy_text(MONEY), subject)


def test_a_nudge_of_money_leaves_a_sound_file() -> None:
    text = policy_text(MONEY)
    document, _ = read(text.encode(), "money.yaml")
    policy, problems = load_policy(text.encode(), "money.yaml")
    assert document is not None
    assert policy is not None, [str(problem) for problem in problems]
    for nudge in nudges(document, policy):
        if nudge.words.en.startswith("dropping") and nudge.subject != "order":
            assert load_policy(text_of(nudge.data).encode(), "money.yaml")[1] == [], nudge.words
