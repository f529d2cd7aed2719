"""The top level of a file: what it says, and what it refuses."""

from __future__ import annotations

from datetime import date

import pytest

from policies.model import Span, Text
from policies.show import head_lines
from tests.policies.texts import VALID, loaded, told

FIELDS = (
    *(
        "format",
        "policy",
        "title",
        "starts",
        "currency",
        "timezone",
        "calendar",
        "holidays",
        "terms",
        "about",
        "retention",
    ),
    *("sources", "methods", "papers", "events", "facts", "values", "rules"),
)


def test_the_top_level_becomes_the_policy() -> None:
    policy = loaded(VALID.replace("calendar: KR\n", "calendar: KR\nholidays: [2026-05-01]\nabout: |\n  One.\n  Two.\n"))
    assert policy.id == "kt-points"
    assert policy.title == Text("포인트 환급 정책", "Point refund policy")
    assert policy.starts == date(2025, 1, 1)
    assert (policy.currency, policy.timezone, policy.calendar) == ("KRW", "Asia/Seoul", "KR")
    assert policy.holidays == (date(2026, 5, 1),)
    assert policy.terms == "https://example.com/terms"
    assert policy.about == "One.\nTwo."
    assert policy.retention == Span(5, "years")
    assert list(policy.sources) == ["bill_payment", "promotion"]
    assert policy.methods["gift_card"] == Text("상품권", "gift card")
    assert [rule.id for rule in policy.rules] == ["promotion-points", "monthly-limit", "conversion-fee", "order"]
    assert [(rule.line, rule.index) for rule in policy.rules] == [(31, 0), (39, 1), (45, 2), (52, 3)]
    assert [rule.id for rule in policy.rules_of("fee")] == ["conversion-fee"]


@pytest.mark.parametrize(
    "line", ["policy: kt-points", "starts: 2025-01-01", "terms: https", "calendar: KR", "timezone: Asia", "format: 1"]
)
def test_what_a_policy_must_say(line: str) -> None:
    name = line.partition(":")[0]
    text = "\n".join(each for each in VALID.split("\n") if not each.startswith(line))
    assert [problem.partition(";")[0] for problem in told(text)] == [f"'{name}' is missing"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format: 1", 'format: "1"', "format '1' is not known; write format: 1"),
        ("format: 1", "format: true", "format 'true' is not known; write format: 1"),
        ("currency: KRW", "currency: krw", "'krw' is not a currency; write three capitals, such as KRW"),
        ("currency: KRW", "currency: 원화가", "'원화가' is not a currency; write three capitals, such as KRW"),
        (
            "calendar: KR",
            "calendar: kr",
            "'kr' is not a holiday calendar; write the two letters of a country, such as KR",
        ),
        ("Asia/Seoul", "asia/seoul", "unknown time zone 'asia/seoul'; did you mean 'Asia/Seoul'?"),
        ("Asia/Seoul", "right/Asia/Seoul", "unknown time zone 'right/Asia/Seoul'; write it like Asia/Seoul"),
        ("Asia/Seoul", "../../etc/passwd", "unknown time zone '../../etc/passwd'; write it like Asia/Seoul"),
        ("Asia/Seoul", "/etc/localtime", "unknown time zone '/etc/localtime'; write it like Asia/Seoul"),
        ("Asia/Seoul", "Asia", "unknown time zone 'Asia'; write it like Asia/Seoul"),
        ("Asia/Seoul", "+09:00", "'+09:00' may be read as a time or as a number; write \"+09:00\" in quotes"),
        (
            "starts: 2025-01-01",
            "starts: 3025-01-01",
            "'3025-01-01' is out of range; write a day of the years 1900 to 2999",
        ),
        ("Point refund policy}", "Point refund policy, kr: 가}", "unknown field 'kr'; known here: ko, en"),
        ("en: Point refund policy}", "en: 5}", "'5' is not text; put it in quotes: \"5\""),
        (
            "terms: https://example.com/terms",
            "terms: 2026-01-01",
            "'2026-01-01' is not text; put it in quotes: \"2026-01-01\"",
        ),
        (
            "rules:",
            "priority: 5\nrules:",
            f"unknown field 'priority'; known here: {', '.join(FIELDS)}",
        ),
    ],
)
def test_what_the_top_level_refuses(old: str, new: str, expected: str) -> None:
    assert told(VALID.replace(old, new, 1)) == [expected]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"])
def test_a_zone_of_the_world_is_known(zone: str) -> None:
    assert loaded(VALID.replace("Asia/Seoul", zone)).timezone == zone


@pytest.mark.parametrize(
    ("retention", "ko", "en"),
    [("90 days", "90일", "90 days"), ("1 month", "1개월", "1 month"), ("10 years", "10년", "10 years")],
)
def test_a_policy_says_how_long_records_are_kept(retention: str, ko: str, en: str) -> None:
    policy = loaded(VALID.replace("calendar: KR\n", f"calendar: KR\nretention: {retention}\n"))
    assert str(policy.retention) == retention
    told = [list(head_lines(policy, language, policy.starts))[-1] for language in ("ko", "en")]
    assert told == [
        f"판정에 쓴 사실과 적은 글: {ko} 보관 뒤 삭제",
        f"Facts and words behind decisions: kept {en}, then erased",
    ]


def test_a_missing_section_is_one_problem() -> None:
    start, end = VALID.index("sources:"), VALID.index("methods:")
    assert told(VALID[:start] + VALID[end:]) == ["'sources' is missing; add it (where points come from)"]


@pytest.mark.parametrize("text", ["hello", "5", "[]", "[1, 2]", '""', "true"])
def test_a_file_that_is_no_map_is_no_policy(text: str) -> None:
    assert told(text) == ["the file is not a policy; begin it with 'format: 1'"]


def test_an_empty_map_lacks_everything_that_is_required() -> None:
    assert [problem.partition(";")[0] for problem in told("{}")] == sorted(
        f"'{name}' is missing"
        for name in (
            *("format", "policy", "title", "starts", "currency", "timezone", "calendar", "terms"),
            *("sources", "methods", "rules"),
        )
    )
