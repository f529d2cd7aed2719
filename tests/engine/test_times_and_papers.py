"""Papers, closed times and batch days in scenario files and under pins: said, expected, nudged and noticed."""

from __future__ import annotations

import pytest

from engine.nudges import nudges
from engine.pins import Pins
from engine.scenarios import run
from policies.source import read as read_source
from tests.engine.small_policy import read, version_of

RULES = """\
format: 1
policy: small
title: {ko: 작은 정책, en: A small policy}
starts: 2026-01-01
currency: KRW
timezone: Asia/Seoul
calendar: KR
terms: https://example.com/terms
sources: {bill: {ko: 요금, en: bill}}
methods: {cash: {ko: 현금, en: cash}, gift: {ko: 상품권, en: gift}}
papers:
  death: {ko: 사망진단서, en: the death certificate}
  family: {ko: 가족관계증명서, en: the family certificate}
rules:
  - id: heir-papers
    kind: paper
    terms: "1"
    when: {request.applicant: heir}
    needs: [death, family]
    issued_within: 3 months
    reason: {ko: "필요한 서류: {papers}", en: "Please show {papers}."}
  - id: agent-papers
    kind: paper
    terms: "1"
    when: {request.applicant: agent}
    one_of: [death, family]
    reason: {ko: "필요한 서류: {papers}", en: "Please show {papers}."}
  - id: at-night
    kind: closed
    terms: "2"
    hours: {from: "23:30", until: "00:30"}
    weekdays: [friday, saturday]
    holidays: false
    reason: {ko: "{from}부터 {until} 전까지 쉽니다.", en: "Closed from {from} until {until}."}
  - id: holidays
    kind: closed
    terms: "2"
    days: [{from: 2026-05-01, until: 2026-05-03}]
    reason: {ko: "휴무", en: "Closed until {until}."}
  - id: month-ends
    kind: closed
    terms: "2"
    when: {request.method: gift}
    days_of_month: [1, last]
    reason: {ko: "휴무", en: "Closed."}
  - id: new-year
    kind: closed
    terms: "2"
    when: {request.method: gift}
    dates: ["12-30"]
    reason: {ko: "휴무", en: "Closed."}
  - id: order
    kind: allocate
    terms: "3"
    order: [oldest]
    reason: {ko: "부족", en: "Not enough."}
  - id: cash
    kind: pay
    terms: "4"
    when: {request.method: cash}
    batch: [5, last]
    at_least_after: 2 days
    if_holiday: next_business_day
    cut_off_time: "16:00"
  - id: gifts
    kind: pay
    terms: "4"
    when: {request.method: gift}
    batch: [06-15, 08-15]
"""
SCENARIOS = """\
policy: small.yaml
as_of: 2026-03-03 10:00
accounts:
  mina: {joined_on: 2020-01-01}
lots:
  bill: {source: bill, acquired_on: 2025-03-02, amount: 30_000}
scenarios:
  - name: An heir shows both papers, of the last three months
    account: mina
    lots: [bill]
    request: {points: 1_000, method: cash, applicant: heir}
    columns: [request.papers, outcome, reasons, remedy]
    rows:
      - [[{paper: death, issued_on: 2025-12-03}, {paper: family, issued_on: 2026-03-03}], approved, [], none]
      - - [{paper: death, issued_on: 2025-12-02}, {paper: family, issued_on: 2026-03-03}]
        - denied
        - [heir-papers]
        - request.papers: [{paper: family, issued_on: 2026-03-03}, {paper: death, issued_on: 2026-03-03}]
      - - [{paper: death, issued_on: 2026-03-03}, {paper: family, issued_on: none}]
        - denied
        - [heir-papers]
        - request.papers: [{paper: death, issued_on: 2026-03-03}, {paper: family, issued_on: 2026-03-03}]

  - name: An agent shows one of them, of any age
    account: mina
    lots: [bill]
    request: {points: 1_000, method: cash, applicant: agent}
    columns: [request.papers, outcome, reasons, figures]
    rows:
      - [[], denied, [agent-papers], {agent-papers: {papers: [death, family]}}]
      - [[death], approved, [], {}]
      - [[{paper: family}], approved, [], {}]

  - name: Closed in the nights that begin on Friday and Saturday, unless on a holiday
    account: mina
    lots: [bill]
    request: {points: 1_000, method: cash}
    columns: [as_of, outcome, reasons, remedy]
    rows:
      - [2026-03-06 23:29, approved, [], none]
      - [2026-03-06 23:30, denied, [at-night], {as_of: 2026-03-07 00:30}]
      - [2026-03-07 00:29, denied, [at-night], {as_of: 2026-03-07 00:30}]
      - [2026-03-07 00:30, approved, [], none]
      - [2026-03-07 23:45, denied, [at-night], {as_of: 2026-03-08 00:30}]
      - [2026-03-08 23:45, approved, [], none]
      - [2026-08-15 23:45, approved, [], none]

  - name: Closed for three days of May
    account: mina
    lots: [bill]
    request: {points: 1_000, method: cash}
    columns: [as_of, outcome, reasons]
    rows:
      - [2026-04-30 23:59, approved, []]
      - [2026-05-01 00:00, denied, [holidays]]
      - [2026-05-03 23:59, denied, [holidays]]
      - [2026-05-04 00:00, approved, []]

  - name: No gifts at the ends of months and on 30 December
    account: mina
    lots: [bill]
    request: {points: 1_000, method: gift}
    columns: [as_of, outcome, reasons]
    rows:
      - [2026-06-01 12:00, denied, [month-ends]]
      - [2026-06-02 12:00, approved, []]
      - [2026-06-29 12:00, approved, []]
      - [2026-06-30 12:00, denied, [month-ends]]
      - [2026-12-29 12:00, approved, []]
      - [2026-12-30 12:00, denied, [new-year]]

  - name: Paid in batches
    account: mina
    lots: [bill]
    request: {points: 1_000}
    columns: [as_of, request.method, outcome, payable_on]
    rows:
      - [2026-03-03 15:59, cash, approved, 2026-03-05]
      - [2026-03-03 16:00, cash, approved, 2026-03-31]
      - [2026-03-04 10:00, cash, approved, 2026-03-31]
      - [2026-03-30 10:00, cash, approved, 2026-04-06]
      - [2026-12-30 10:00, cash, approved, 2027-01-05]
      - [2026-06-15 10:00, gift, approved, 2026-06-15]
      - [2026-06-16 10:00, gift, approved, 2026-08-15]
      - [2026-08-16 10:00, gift, approved, 2027-06-15]
"""


def test_every_scenario_passes() -> None:
    compiled = version_of(RULES)
    scenarios, problems = read(SCENARIOS, compiled)
    assert problems == []
    assert [line for scenario in scenarios for line in run(compiled, scenario).lines()] == []
    assert len(scenarios) == 31


def test_every_figure_day_time_and_member_is_pinned() -> None:
    compiled = version_of(RULES)
    scenarios, _ = read(SCENARIOS, compiled)
    pins = Pins(compiled.version, "small.yaml", scenarios)
    assert [(found.subject, found.message.en.partition(" is noticed")[0]) for found in pins.survivors()] == [
        ("starts", "2026-01-01 -> 2025-12-31"),
        ("starts", "2026-01-01 -> 2026-01-02"),
    ]


NUDGED = {
    "heir-papers": [
        "dropping the rule",
        "dropping clause 'request.applicant'",
        "dropping death from needs",
        "dropping family from needs",
        "dropping 'issued_within'",
        "issued_within 3 months -> 2 months",
        "issued_within 3 months -> 4 months",
    ],
    "agent-papers": [
        "dropping the rule",
        "dropping clause 'request.applicant'",
        "dropping death from one_of",
        "dropping family from one_of",
    ],
    "at-night": [
        "dropping the rule",
        "dropping 'hours'",
        "hours from 23:30 -> 23:29",
        "hours from 23:30 -> 23:31",
        "hours until 00:30 -> 00:29",
        "hours until 00:30 -> 00:31",
        "dropping 'weekdays'",
        "dropping friday from weekdays",
        "dropping saturday from weekdays",
        "dropping 'holidays'",
        "holidays false -> true",
    ],
    "holidays": [
        "dropping the rule",
        "days from 2026-05-01 -> 2026-04-30",
        "days from 2026-05-01 -> 2026-05-02",
        "days until 2026-05-03 -> 2026-05-02",
        "days until 2026-05-03 -> 2026-05-04",
    ],
    "month-ends": [
        "dropping the rule",
        "dropping clause 'request.method'",
        "dropping 1 from days_of_month",
        "dropping last from days_of_month",
        "days_of_month 1 -> 0",
        "days_of_month 1 -> 2",
    ],
    "new-year": [
        "dropping the rule",
        "dropping clause 'request.method'",
        "dates 12-30 -> 12-29",
        "dates 12-30 -> 12-31",
    ],
    "cash": [
        "dropping the rule",
        "dropping clause 'request.method'",
        "dropping 5 from batch",
        "dropping last from batch",
        "batch 5 -> 4",
        "batch 5 -> 6",
        "dropping 'at_least_after'",
        "at_least_after 2 days -> 1 day",
        "at_least_after 2 days -> 3 days",
        "dropping 'if_holiday'",
        "dropping 'cut_off_time'",
        "cut_off_time 16:00 -> 15:59",
        "cut_off_time 16:00 -> 16:01",
    ],
    "gifts": [
        "dropping the rule",
        "dropping clause 'request.method'",
        "dropping 06-15 from batch",
        "dropping 08-15 from batch",
        "batch 06-15 -> 06-14",
        "batch 06-15 -> 06-16",
        "batch 08-15 -> 08-14",
        "batch 08-15 -> 08-16",
    ],
}


@pytest.mark.parametrize("subject", NUDGED)
def test_everything_is_nudged(subject: str) -> None:
    document, _ = read_source(RULES.encode(), "small.yaml")
    assert document is not None
    policy = version_of(RULES).policy
    assert [nudge.words.en for nudge in nudges(document, policy) if nudge.subject == subject] == NUDGED[subject]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "request.papers: [{paper: death, issued_on: 2026-03-03}, {paper: family, issued_on: 2026-03-03}]",
            "request.papers: [{paper: death, day: 2026-03-03}]",
            "there is no field 'day'; it can be paper, issued_on",
        ),
        (
            "{as_of: 2026-03-08 00:30}",
            "{as_of: 2026-03-08}",
            "'2026-03-08' is not a day with a time; add the time, such as 2026-03-08 10:00",
        ),
        ("[[death], approved, [], {}]", "[[deth], approved, [], {}]", "'paper' is 'deth'; did you mean 'death'?"),
        (
            "[[{paper: family}], approved, [], {}]",
            "[[{paper: family, issued_on: 2026}], approved, [], {}]",
            "'issued_on' is 2026; write the day as 2026-01-31",
        ),
        ("[[death], approved, [], {}]", "[death, approved, [], {}]", "'papers' is 'death'; write a list"),
    ],
)
def test_what_is_wrong_with_papers_and_times_is_told(old: str, new: str, told: str) -> None:
    assert old in SCENARIOS
    _, problems = read(SCENARIOS.replace(old, new, 1), version_of(RULES))
    (problem,) = problems
    assert problem.endswith(f": {told}")


def test_another_remedy_is_told_as_the_file_would_write_it() -> None:
    compiled = version_of(RULES)
    scenarios, _ = read(SCENARIOS.replace("{as_of: 2026-03-08 00:30}", "{as_of: 2026-03-08 00:31}"), compiled)
    (line,) = [line for scenario in scenarios for line in run(compiled, scenario).lines()]
    assert line.endswith("expected remedy {as_of: 2026-03-08 00:31}, got {as_of: 2026-03-08 00:30}")
