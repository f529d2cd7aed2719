"""FAQ entries as files: every mistake is told with its place and remedy, and the shipped entries fit the rules."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from engine.compiled import BUILT_IN
from engine.versions import load_version
from policies.model import Policy
from service.config import SHIPPED_RULES
from service.faq import Links, Page
from service.faq_files import (
    EVERY_POLICY,
    FOLDER,
    PLACEHOLDER,
    SETTINGS,
    TOPICS,
    check_entry,
    filled,
    read_entry,
    read_folder,
)

HANGUL = re.compile("[가-힣]")
ENTRIES, PROBLEMS = read_folder(SHIPPED_RULES / FOLDER)
DENYING = ("expire", "exclude", "require", "paper", "closed", "limit", "allocate")
TODAY = date(2026, 11, 27)
GOOD = """\
---
policy: kt-points
about: [monthly-limit]
words: [한도 초과]
---
# 한 달에 얼마까지 환급되나요?

{value:monthly_limit}까지입니다.

# How much is refunded in a month?

Up to {value:monthly_limit}.
"""


def shipped() -> Policy:
    version, problems = load_version((SHIPPED_RULES / "kt-points.yaml").read_bytes(), "kt-points.yaml")
    assert version is not None, problems
    return version.policy


POLICY = shipped()


def told(text: str, name: str = "a.md") -> list[str]:
    """What is wrong with a file, beside the shipped rules."""
    entry, problems = read_entry(text.encode(), name)
    if entry is not None:
        problems = check_entry(entry, {"kt-points": POLICY}, TODAY)
    for problem in problems:
        assert problem.hint
        assert HANGUL.search(problem.in_language("ko"))
    return [str(problem) for problem in problems]


def test_a_good_entry_has_no_problem() -> None:
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "---\npolicy",
            "policy",
            "1:1: the file has no head between two lines '---'; write policy, about and words between two lines '---'",
        ),
        ("about:", "abuot:", "3:1: unknown field 'abuot'; did you mean 'about'?"),
        ("about:", "colour:", "3:1: unknown field 'colour'; known here are policy, topic, about, words"),
        ("policy: kt-points\n", "", "2:1: policy is missing; write policy: kt-points, or policy: all"),
        (
            "policy: kt-points",
            "policy: [a]",
            "2:1: policy is not the name of a policy; write policy: kt-points, or policy: all",
        ),
        ("about:", "topic: limit\nabout:", "3:1: there is no topic 'limit'; did you mean 'limits'?"),
        ("about:", "topic: [limits]\nabout:", "3:1: there is no topic '['limits']'; known are applying, points"),
        ("kt-points", "kt-point", "2:1: there is no policy 'kt-point'; did you mean 'kt-points'?"),
        ("about: [monthly-limit]", "about: x", "3:1: about is not a list of words; write about: [one, two]"),
        ("[monthly-limit]", "[refund-step, month-limit]", "3:22: there is no rule 'month-limit'; did you mean"),
        ("[monthly-limit]", "[no, yes]", "3:9: 'no' may be read as false or as text"),
        (
            "# How",
            "How",
            "6:1: there are 1 headings '# ', not 2; write the question in Korean, then in English",
        ),
        ("\n# How", "\n# x\n\n# How", "12:1: there are 3 headings '# ', not 2; write the question in Korean, then"),
        ("# How", "# 어떻게", "10:3: the second heading is not in English; write the question in Korean, then in"),
        ("# 한 달에 얼마까지 환급되나요?", "# When?", "6:3: the first heading is not in Korean; write the question"),
        ("Up to {value:monthly_limit}.", "", "10:1: no answer stands below the heading; write the answer"),
        ("# How", "# " + "H" * 100 + "ow", "10:3: the heading has more than 120 characters; ask it in fewer words"),
        (
            "to {value:monthly_limit}",
            "to {monthly_limit}",
            "12:7: '{monthly_limit}' is no figure; write {value:NAME}, {rule:ID.FIELD} or {rule:ID}",
        ),
        ("to {value:monthly_limit}", "to {value", "12:7: '{value.' is no figure; write {value:NAME}"),
        (
            "to {value:monthly_limit}",
            "to {value:month_limit}",
            "12:7: the policy has no '{value:month_limit}'; look up the name of the value, or the rule and its field",
        ),
        ("to {value:monthly_limit}", "to {rule:yearly-limit.at_least}", "12:7: the policy has no '{rule:yearly-"),
        ("to {value:monthly_limit}", "to {rule:yearly-limit.measure}", "12:7: the policy has no '{rule:yearly-"),
        ("to {value:monthly_limit}", "to {rule:year-limit}", "12:7: the policy has no '{rule:year-limit}'"),
        ("to {value:monthly_limit}", "to {setting:colour}", "12:7: the policy has no '{setting:colour}'"),
        ("Up to", "Up\0 to", "12:3: a NUL character stands here; remove it; is this a text file?"),
        ("Up to", "x" * 100_000, "1:1: the file has more than 100_000 bytes; write it as several questions"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    found = told(GOOD.replace(old, new, 1))
    assert len(found) >= 1
    assert found[0].startswith(f"a.md:{expected}")


@pytest.mark.parametrize("name", ["Monthly.md", "a b.md", "a_b.md", "한도.md"])
def test_a_file_is_named_as_an_id(name: str) -> None:
    assert told(GOOD, name) == [f"{name}:1:1: the name of the file cannot be an id; name it as monthly-limit.md"]


def test_an_entry_for_every_policy_can_only_explain_what_every_policy_has() -> None:
    text = GOOD.replace("kt-points", "all").replace("{value:monthly_limit}", "{setting:answer_within_days}")
    assert told(text) == ["a.md:3:9: there is no rule 'monthly-limit'; write an id of the rule file"]
    assert told(text.replace("monthly-limit", "not-enough-points")) == []


def test_windows_newlines_and_marks_are_no_matter() -> None:
    entry, problems = read_entry(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode(), "a.md")
    assert (problems, entry) == ([], read_entry(GOOD.encode(), "a.md")[0])


def test_the_shipped_entries_have_no_problem() -> None:
    assert PROBLEMS == []
    assert [each for entry in ENTRIES for each in check_entry(entry, {"kt-points": POLICY}, TODAY)] == []
    assert len(ENTRIES) >= 25


@pytest.mark.parametrize(
    "rule", [*(rule.id for rule in POLICY.rules if rule.kind in DENYING), *(rule.id for rule in BUILT_IN)]
)
def test_every_reason_that_can_deny_has_an_entry(rule: str) -> None:
    assert Links(ENTRIES).about("kt-points", rule)


@pytest.mark.parametrize("rule", [rule.id for rule in POLICY.rules])
def test_an_entry_about_a_rule_that_is_gone_is_a_problem(rule: str) -> None:
    policies = {"kt-points": _without(rule)}
    found = {problem.code for entry in ENTRIES for problem in check_entry(entry, policies, TODAY)}
    assert "faq-unknown-rule" in found


def _without(rule: str) -> Policy:
    fields = {name: getattr(POLICY, name) for name in Policy.__dataclass_fields__}
    return Policy(**{**fields, "rules": tuple(each for each in POLICY.rules if each.id != rule)})


def test_no_entry_types_a_figure_that_a_rule_states() -> None:
    """Numbers stand in placeholders; what is left are days of the calendar and the numbers of lists."""
    kept = re.compile(r"1월 1일부터 12월 31일|1일부터 말일|^\d\. ", re.MULTILINE)
    for entry in ENTRIES:
        for text in (entry.answer.ko, entry.answer.en):
            assert re.findall(r"\d+", kept.sub("", PLACEHOLDER.sub("", text))) == [], entry.id


@pytest.mark.parametrize("day", [date(2025, 1, 1), date(2026, 7, 1), date(2030, 1, 1)])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_figure_of_the_shipped_entries_is_known_on_every_day(language: str, day: date) -> None:
    for shown in Page(ENTRIES, {"kt-points": (POLICY, day)}, dict.fromkeys(SETTINGS, 30)).entries.values():
        said = shown.answer.in_language(language)
        assert "{" not in said
        assert "see the terms" not in said
        assert "약관 참조" not in said


@pytest.mark.parametrize(
    ("placeholder", "language", "day", "expected"),
    [
        ("{value:monthly_limit}", "en", date(2026, 6, 30), "300,000 points"),
        (
            "{value:monthly_limit}",
            "ko",
            date(2026, 7, 1),
            "[등급별 - VVIP: 1,000,000; VIP: 700,000; GOLD: 500,000; 그 외: 400,000]",
        ),
        ("{rule:yearly-limit.at_most}", "en", TODAY, "3,000,000"),
        ("{rule:bill-points-life.after}", "ko", TODAY, "7년"),
        ("{rule:expiry-notice.before}", "en", TODAY, "2 months, 1 month, 3 days"),
        ("{rule:partner-cash-fee.rate}", "en", TODAY, "3%"),
        ("{rule:gift-card-fee.rate}", "en", date(2026, 1, 1), "3%"),
        ("{rule:new-member.account.joined_on}", "ko", TODAY, "30일"),
        ("{rule:contact-changed.account.contact_changed_on}", "en", TODAY, "30 days"),
        ("{rule:unpaid-bills.account.debt}", "ko", TODAY, "10,000"),
        ("{rule:transfer-fee.free.first}", "ko", TODAY, "1"),
        ("{rule:yearly-limit}", "en", TODAY, "Refunded in a calendar year: at most 3,000,000 points."),
        ("{setting:answer_within_days}", "en", TODAY, "30"),
        ("{value:gone}", "en", TODAY, "(see the terms)"),
        ("{rule:gone.at_most}", "ko", TODAY, "(약관 참조)"),
    ],
)
def test_a_placeholder_is_filled_with_the_figure_of_the_day(
    placeholder: str, language: str, day: date, expected: str
) -> None:
    assert filled(f"<{placeholder}>", POLICY, language, day, {"answer_within_days": 30}) == f"<{expected}>"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "{value:monthly_limit}",
            "en",
            "\n- VVIP: 1,000,000 points\n- VIP: 700,000 points\n- GOLD: 500,000 points\n- otherwise: 400,000 points",
        ),
        (
            "- 수수료: {value:transfer_fee}\n- 다음",
            "ko",
            "- 수수료:\n  - 100,000포인트 미만: 500원\n  - 100,000포인트 이상: 1,000원\n- 다음",
        ),
        (
            "Level: {value:needed_level}",
            "en",
            (
                "Level:\n- bill credit: 1\n- otherwise:\n  - under 50,000 points: 1\n  - from 50,000 points: 2\n"
                "  - from 300,000 points: 3"
            ),
        ),
        (
            "{value:daily_limit}",
            "ko",
            (
                "\n- 본인확인 수준 2 미만: 100,000포인트\n- 본인확인 수준 2 이상: 300,000포인트"
                "\n- 본인확인 수준 3 이상: 1,000,000포인트"
            ),
        ),
        ("Points last {value:purchase_life}", "en", "Points last 5 years"),
        ("{value:gone}", "en", "(see the terms)"),
    ],
)
def test_a_table_at_the_end_of_a_line_is_a_list_below_it(text: str, language: str, expected: str) -> None:
    assert filled(text, POLICY, language, TODAY, {}) == expected


def test_links_name_the_entries_of_the_policy_before_those_of_every_policy() -> None:
    text = GOOD.replace("[monthly-limit]", "[own-expiry]")
    entries = [
        each
        for name, policy in (("b", "kt-points"), ("c", EVERY_POLICY), ("a", "kt-points"))
        if (each := read_entry(text.replace("kt-points", policy).encode(), f"{name}.md")[0])
    ]
    assert Links(entries).about("kt-points", "own-expiry") == ["a", "b", "c"]
    assert Links(entries).about("other", "own-expiry") == ["c"]
    assert Links(entries).about("kt-points", "other") == []


def test_every_shipped_entry_has_its_topic_and_no_topic_has_none() -> None:
    assert {each.topic for each in ENTRIES} == set(TOPICS) - {"other"}


def test_an_entry_without_a_topic_is_of_no_other() -> None:
    entry, _ = read_entry(GOOD.encode(), "a.md")
    assert entry is not None
    assert entry.topic == "other"


def test_a_folder_that_is_not_there_has_no_entries(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "nothing") == ([], [])
