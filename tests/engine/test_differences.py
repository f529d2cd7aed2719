"""What changed between two texts, and for each change a case that is really decided differently."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiled import compile_version
from engine.differences import Difference, Finding, meaning
from engine.nudges import Nudge, nudges
from engine.scenario_file import read_document, read_scenarios
from engine.scenario_text import scenario_text
from engine.scenarios import run
from engine.versions import load_version
from policies.flow import written
from policies.load import load_policy
from policies.source import read
from policies.versions import PolicyVersion, make_version

BASE = Path(__file__).parent.parent / "diff.yaml"
TEXT = BASE.read_text("utf-8")


@cache
def version(text: str) -> PolicyVersion:
    """The version of a sound text."""
    found, problems = load_version(text.encode(), "diff.yaml")
    assert found is not None, "\n".join(map(str, problems))
    return found


def edited(*edits: tuple[str, str]) -> str:
    """The base with words in the place of others, each of which stands there."""
    text = TEXT
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def found(old: str, new: str, tries: int = 2_000) -> list[Finding]:
    """What all changes from one text to another come to."""
    difference = Difference(version(old), version(new), tries=tries)
    return [finding for each in difference.found() for finding in each.findings]


def assert_differs(finding: Finding, old: PolicyVersion, new: PolicyVersion) -> None:
    """The example of a finding, pasted as a scenario, passes on the text that it was written for and no other."""
    example = finding.example
    assert example is not None, finding
    text = scenario_text("An example", example.case, new.policy, example.new, example.keys)
    document, problems = read_document(f"policy: diff.yaml\nscenarios:\n{text}\n".encode(), "diff.test.yaml")
    assert document is not None, problems
    passes = []
    for each in (old, new):
        scenarios, problems = read_scenarios(document, each.policy)
        # Only of the text that has a rule can it be expected.
        assert {problem.code for problem in problems} <= {"unknown-rule"}, "\n".join(map(str, problems))
        passes.append(not problems and not run(compile_version(each), scenarios[0]).differences)
    assert passes == [False, True], text


NEW_RULE = """\
  - id: no-companies
    kind: require
    terms: "4.4"
    that: {account.kind: person}
    reason: {ko: "개인만 신청할 수 있습니다.", en: "Only people can apply."}
  - id: smallest
"""

KNOWN = "that: {account.joined_on: {at_least_ago: 3 months}}"
NIGHT = TEXT[TEXT.index("  - id: at-night") : TEXT.index("  - id: smallest")].rstrip() + "\n"
REVIEW = 'kind: review\n    terms: "7.1"\n    measure: request.points\n    over: 90_000'

PLANTED: dict[str, tuple[tuple[str, str], ...]] = {
    "the first day, a day later": (("starts: 2025-01-01", "starts: 2025-01-02"),),
    "a last day, a day earlier": (("last_day: 2026-12-31", "last_day: 2026-12-30"),),
    "the day of a new figure, a day later": (("2026-07-01: {by", "2026-07-02: {by"),),
    "a figure": (("2025-01-01: 100_000", "2025-01-01: 99_999"),),
    "the figure of a row": (("VIP: 300_000", "VIP: 300_001"),),
    "a bound of points": (("at_least: 1_000\n", "at_least: 1_001\n"),),
    "a bound of a condition": (("request.points: {at_least: 80_000}", "request.points: {over: 80_000}"),),
    "the fee rate": (("2025-01-01: 3%", "2025-01-01: 3.1%"),),
    "the least fee": (("at_least: 100\n", "at_least: 101\n"),),
    "the rounding of a fee": (("rounding: down\n    at_least: 100", "rounding: up\n    at_least: 100"),),
    "a tax rate": (("rate: 22%", "rate: 21%"),),
    "how much is set off": (("at_most: 50%", "at_most: 51%"),),
    "an exception": (("at_least_ago: 12 months}}\n    reason", "at_least_ago: 11 months}}\n    reason"),),
    "an exception that is new": ((KNOWN, f"unless: [{{account.grade: GOLD}}]\n    {KNOWN}"),),
    "a clause more": (("when: {account.status: {in: [active, dormant]}}", "when: {account.status: active}"),),
    "an override that is gone": (("    overrides: [known-member]\n", ""),),
    "the order of allocation": (("order: [soonest_to_expire, oldest]", "order: [oldest]"),),
    "a life": (("after: 5 years", "after: 4 years"),),
    "the end of a life": (("until: month_end", "until: year_end"),),
    "a notice, a day later": (("before: [30 days]", "before: [29 days]"),),
    "the time until dormancy": (("idle: 24 months", "idle: 25 months"),),
    "the earn rate": (("rate: 1.5%", "rate: 1.6%"),),
    "a cap": (("cap: {at_most: 10_000, per: month}", "cap: {at_most: 10_000, per: year}"),),
    "when points become usable": (("usable_after: 7 days", "usable_after: 8 days"),),
    "what a clawback does with what is missing": (("shortfall: debt", "shortfall: forgive"),),
    "a time of day": (('from: "23:30"', 'from: "23:31"'),),
    "what is reviewed": (("over: 90_000", "over: 89_999"),),
    "when it is paid": (("within: 3 business days", "within: 3 days"),),
    "a window": (("per: day, of: account", "per: month, of: account"),),
    "a rule that is new": (("  - id: smallest\n", NEW_RULE),),
    "a rule that is gone": ((NIGHT, ""),),
    "another kind of rule": ((REVIEW, REVIEW.replace("review", "limit").replace("over", "at_most")),),
    "the holidays": (("calendar: KR\n", "calendar: KR\nholidays: [2026-03-11]\n"),),
}  # fmt: skip


@pytest.mark.parametrize("edits", PLANTED.values(), ids=PLANTED)
def test_a_planted_change_has_an_example_that_is_really_decided_differently(edits: tuple[tuple[str, str], ...]) -> None:
    new = edited(*edits)
    findings = found(TEXT, new)

    assert [finding.verdict for finding in findings] == ["differs"] * len(findings), findings
    for finding in findings:
        assert_differs(finding, version(TEXT), version(new))


@pytest.mark.parametrize(
    "edits",
    [
        (("currency: KRW\ntimezone: Asia/Seoul", "timezone: Asia/Seoul\n\n# A comment.\ncurrency: KRW"),),
        (("100_000\n", "100000\n"),),
        (("in: [active, dormant]", "in: [dormant, active]"),),
        (
            (
                "      - {lot.campaign: {starts_with: LOYAL-}}\n      - {lot.acquired_on: {at_least_ago: 12 months}}\n",
                "      - lot.acquired_on: {at_least_ago: 12 months}\n      - lot.campaign: {starts_with: LOYAL-}\n",
            ),
        ),
        (("VIP: 300_000, GOLD: 200_000", "GOLD: 200_000, VIP: 300_000"),),
    ],
    ids=["layout and comments", "how a number is written", "a list of words", "exceptions", "rows of a table"],
)
def test_an_edit_without_meaning_is_no_change(edits: tuple[tuple[str, str], ...]) -> None:
    assert found(TEXT, edited(*edits)) == []


@pytest.mark.parametrize(
    "edits",
    [
        (("retention: 5 years", "retention: 6 years"),),
        (("2025-01-01: 3%", "2024-12-31: 3%"),),
        (("when: {lot.source: promotion}\n    last_day", "when: {lot.source: {is: promotion}}\n    last_day"),),
    ],
    ids=["how long facts are kept", "a figure before the first day", "a longer way to say it"],
)
def test_a_change_on_which_no_decision_depends_is_proved_to_be_one(edits: tuple[tuple[str, str], ...]) -> None:
    findings = found(TEXT, edited(*edits))
    assert [(finding.verdict, finding.tries) for finding in findings] == [("proved", 0)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Closed at night.", "We are closed.", "reason, en: Closed at night. -> We are closed."),
        ('terms: "4.3"', 'terms: "4.5"', 'terms: "4.3" -> "4.5"'),
        ("en: Test points", "en: Points", "title, en: Test points -> Points"),
        ("en: gift card", "en: voucher", "gift_card, en: gift card -> voucher"),
        ("about: Most in a day", "about: A day's most", "about: Most in a day -> A day's most"),
    ],
)
def test_a_change_of_words_is_told_as_one_with_the_words(old: str, new: str, told: str) -> None:
    findings = found(TEXT, edited((old, new)))
    assert [(finding.verdict, finding.change.words.en) for finding in findings] == [("words", told)]


def test_each_of_several_changes_is_told_alone() -> None:
    new = edited(("rate: 1.5%", "rate: 1.6%"), ("to: 10\n", "to: 1\n"), ("Closed at night.", "We are closed."))
    findings = found(TEXT, new)
    told = [(finding.change.subject, finding.change.words.en, finding.verdict, finding.basis) for finding in findings]

    assert told == [
        ("shop-points", "rate: 1.5% -> 1.6%", "differs", "alone"),
        ("at-night", "reason, en: Closed at night. -> We are closed.", "words", "alone"),
        ("withheld", "to: 10 -> 1", "differs", "alone"),
    ]
    alone = edited(("to: 10\n", "to: 1\n"))
    assert_differs(findings[2], version(TEXT), version(alone))


def test_a_change_that_cannot_stand_alone_is_shown_by_taking_it_back() -> None:
    value = '  smallest_refund:\n    about: The least\n    terms: "5.2"\n    unit: points\n'
    value += "    dated_by: request.requested_on\n    since: {2025-01-01: 2_000}\n  card_rate:\n"
    new = edited(("  card_rate:\n", value), ("at_least: 1_000\n", "at_least: $smallest_refund\n"))
    findings = found(TEXT, new)

    assert [(finding.change.words.en, finding.verdict, finding.basis) for finding in findings] == [
        ("added", "differs", "together"),
        ("at_least: 1_000 -> $smallest_refund", "differs", "taken_back"),
    ]


def test_a_new_method_can_only_be_asked_for_in_the_new_text() -> None:
    new = edited(("  gift_card: {ko: 상품권", "  voucher: {ko: 이용권, en: voucher}\n  gift_card: {ko: 상품권"))
    (finding,) = found(TEXT, new)

    assert finding.example is not None
    assert (finding.example.old["outcome"], finding.example.new["outcome"]) == ("unreadable", "approved")
    assert finding.example.case["request"]["method"] == "voucher"


def test_another_order_of_rules_is_another_order_of_reasons() -> None:
    papers = TEXT[TEXT.index("  - id: papers-needed") : TEXT.index("  - id: at-night")]
    new = TEXT.replace(papers, "").replace("  - id: smallest", papers + "  - id: smallest")
    (finding,) = found(TEXT, new, tries=30)

    assert finding.change.words.en == "another order of at-night, papers-needed"
    assert finding.verdict in ("differs", "none_found")


def test_the_lines_of_both_texts_are_told() -> None:
    (finding,) = found(TEXT, edited(("currency: KRW", "# More\n# lines.\ncurrency: KRW"), ("rate: 1.5%", "rate: 2%")))
    line = TEXT[: TEXT.index("rate: 1.5%")].count("\n") + 1
    assert finding.change.lines == (line, line + 2)


def test_the_same_texts_give_the_same_examples() -> None:
    new = edited(("within: 3 business days", "within: 3 days"))
    assert found(TEXT, new) == found(TEXT, new)


@cache
def _nudges() -> tuple[Nudge, ...]:
    document, _ = read(TEXT.encode(), "diff.yaml")
    assert document is not None
    return tuple(nudges(document, version(TEXT).policy))


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_of_any_nudge_an_example_is_found_or_it_is_said_that_none_was(data: Any) -> None:
    nudge = data.draw(st.sampled_from(_nudges()))
    text = "".join(f"{key}: {written(value)}\n" for key, value in nudge.data.items())
    policy, _ = load_policy(text.encode(), "diff.yaml")
    if policy is None:
        return
    new = make_version(policy, text, version(TEXT).holidays)
    difference = Difference(version(TEXT), new, tries=60)
    findings = [finding for each in difference.found() for finding in each.findings]

    for finding in findings:
        assert finding.verdict in ("differs", "none_found", "proved"), nudge.words
        assert (finding.example is not None) == (finding.verdict == "differs")
        if finding.verdict == "proved":
            assert meaning(policy) == meaning(version(TEXT).policy)
        if len(findings) == 1 and finding.verdict == "differs":
            assert_differs(finding, version(TEXT), new)
