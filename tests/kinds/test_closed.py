"""`closed`: when nothing can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.hearing import Hearing
from engine.openings import next_opening
from engine.remedies import apply_remedy
from tests.policies_for_tests import case, compile_text, decided, lot, policy_text, rules_of

REASON = 'reason: {ko: "신청할 수 없는 시간입니다.", en: "Closed."}'
SPAN = 'reason: {ko: "{from}부터 {until} 전까지", en: "Closed from {from} until {until}."}'
MAY_DAY = "{from: 2026-05-01, until: 2026-05-01}"
NIGHT = 'hours: {from: "23:30", until: "00:30"}'


def version(*fields: str, zone: str = "Asia/Seoul", reason: str = REASON) -> CompiledVersion:
    """A policy in a zone with closed rules of these fields. 16 to 18 February and 2 March 2026 are holidays."""
    rules = [f'- {{id: closed-{n}, kind: closed, terms: "1", {each}, {reason}}}' for n, each in enumerate(fields)]
    return compile_text(policy_text("\n".join(rules)).replace("Asia/Seoul", zone))


def instant(local: str, zone: str = "Asia/Seoul", fold: int = 0) -> str:
    """A local time as an instant in JSON."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
    return at.isoformat().replace("+00:00", "Z")


def is_closed(fields: str, local: str, **facts: Any) -> bool:
    """Whether a request at a local time is denied."""
    return decided(version(fields), case(as_of=instant(local), **facts)).outcome == "denied"


# 3 March 2026 is a Tuesday.
@pytest.mark.parametrize(
    ("fields", "local", "expected"),
    [
        (NIGHT, "2026-03-03 23:29:59", False),
        (NIGHT, "2026-03-03 23:30", True),
        (NIGHT, "2026-03-04 00:29:59", True),
        (NIGHT, "2026-03-04 00:30", False),
        ('hours: {from: "12:00", until: "13:00"}', "2026-03-03 11:59:59", False),
        ('hours: {from: "12:00", until: "13:00"}', "2026-03-03 12:00", True),
        ('hours: {from: "12:00", until: "13:00"}', "2026-03-03 12:59:59", True),
        ('hours: {from: "12:00", until: "13:00"}', "2026-03-03 13:00", False),
        ('hours: {from: "18:00", until: "24:00"}', "2026-03-03 17:59:59", False),
        ('hours: {from: "18:00", until: "24:00"}', "2026-03-03 23:59:59", True),
        ('hours: {from: "18:00", until: "24:00"}', "2026-03-04 00:00", False),
        ('hours: {from: "18:00", until: "00:00"}', "2026-03-03 23:59:59", True),
        ('hours: {from: "18:00", until: "00:00"}', "2026-03-04 00:00", False),
        ('hours: {from: "00:00", until: "24:00"}, weekdays: [tuesday]', "2026-03-03 00:00", True),
        ('hours: {from: "00:00", until: "24:00"}, weekdays: [tuesday]', "2026-03-03 23:59:59", True),
        ('hours: {from: "00:00", until: "24:00"}, weekdays: [tuesday]', "2026-03-04 00:00", False),
        # Over midnight the hours belong to the day on which they begin.
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-03 00:15", False),
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-03 23:29:59", False),
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-03 23:30", True),
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-04 00:29:59", True),
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-04 00:30", False),
        (f"{NIGHT}, weekdays: [tuesday]", "2026-03-04 23:30", False),
        (f"{NIGHT}, days_of_month: [last]", "2026-03-01 00:15", True),
        (f"{NIGHT}, days_of_month: [last]", "2026-03-01 23:45", False),
        (f"{NIGHT}, dates: [12-31]", "2027-01-01 00:29:59", True),
        (f"{NIGHT}, dates: [12-31]", "2026-12-31 00:15", False),
        ("weekdays: [saturday, sunday]", "2026-03-06 23:59:59", False),
        ("weekdays: [saturday, sunday]", "2026-03-07 00:00", True),
        ("weekdays: [saturday, sunday]", "2026-03-08 23:59:59", True),
        ("weekdays: [saturday, sunday]", "2026-03-09 00:00", False),
        ("holidays: true", "2026-03-01 12:00", False),
        ("holidays: true", "2026-03-02 12:00", True),
        ("holidays: true", "2026-03-07 12:00", False),
        ("holidays: false, weekdays: [monday]", "2026-03-02 12:00", False),
        ("holidays: false, weekdays: [monday]", "2026-03-09 12:00", True),
        ("days: [{from: 2026-05-01, until: 2026-05-07}]", "2026-04-30 23:59:59", False),
        ("days: [{from: 2026-05-01, until: 2026-05-07}]", "2026-05-01 00:00", True),
        ("days: [{from: 2026-05-01, until: 2026-05-07}]", "2026-05-07 23:59:59", True),
        ("days: [{from: 2026-05-01, until: 2026-05-07}]", "2026-05-08 00:00", False),
        (f"days: [{MAY_DAY}, {{from: 2026-06-01, until: 2026-06-02}}]", "2026-06-02 12:00", True),
        (f"days: [{MAY_DAY}, {{from: 2026-06-01, until: 2026-06-02}}]", "2026-05-31 12:00", False),
        ("days_of_month: [1, last]", "2026-04-30 12:00", True),
        ("days_of_month: [1, last]", "2026-05-01 12:00", True),
        ("days_of_month: [1, last]", "2026-05-30 12:00", False),
        ("days_of_month: [1, last]", "2026-05-31 12:00", True),
        ("days_of_month: [31]", "2026-04-30 12:00", False),
        ("days_of_month: [31]", "2026-05-31 12:00", True),
        ("days_of_month: [last]", "2028-02-28 12:00", False),
        ("days_of_month: [last]", "2028-02-29 12:00", True),
        ("days_of_month: [last]", "2027-02-28 12:00", True),
        ("dates: [02-29]", "2028-02-29 12:00", True),
        ("dates: [02-29]", "2027-02-28 12:00", False),
        ("dates: [02-29]", "2027-03-01 12:00", False),
        ('dates: ["12-31"]', "2026-12-30 23:59:59", False),
        ('dates: ["12-31"]', "2026-12-31 00:00", True),
        ('dates: ["12-31"]', "2031-12-31 23:59:59", True),
        ('weekdays: [tuesday], days_of_month: [3], hours: {from: "09:00", until: "10:00"}', "2026-03-03 09:00", True),
        ('weekdays: [tuesday], days_of_month: [3], hours: {from: "09:00", until: "10:00"}', "2026-03-10 09:00", False),
        ('weekdays: [tuesday], days_of_month: [3], hours: {from: "09:00", until: "10:00"}', "2026-04-03 09:00", False),
        ("when: {request.channel: app}, weekdays: [tuesday]", "2026-03-03 12:00", False),
        ("when: {request.channel: web}, weekdays: [tuesday]", "2026-03-03 12:00", True),
        ("unless: [{request.channel: web}], weekdays: [tuesday]", "2026-03-03 12:00", False),
    ],
)  # fmt: skip
def test_a_request_is_denied_while_it_is_closed(fields: str, local: str, expected: bool) -> None:
    assert is_closed(fields, local) == expected


BERLIN, CAIRO = "Europe/Berlin", "Africa/Cairo"
ONE_TO_TWO, HALF_PAST_ONE, TWO_TO_HALF = (
    f'hours: {{from: "{start}", until: "{end}"}}'
    for start, end in (("01:00", "02:00"), ("01:30", "02:00"), ("02:00", "02:30"))
)
GAP = 'hours: {from: "01:30", until: "02:30"}'


@pytest.mark.parametrize(
    ("fields", "zone", "asked", "expected"),
    [
        # The clocks of a day that has both edges.
        (NIGHT, "Asia/Seoul", "2026-03-03T14:30:00Z", "2026-03-03T15:30:00Z"),
        (NIGHT, "Asia/Seoul", "2026-03-03T15:29:59Z", "2026-03-03T15:30:00Z"),
        ("weekdays: [saturday, sunday]", "Asia/Seoul", "2026-03-07T03:00:00Z", "2026-03-08T15:00:00Z"),
        ("days: [{from: 2026-05-01, until: 2026-05-07}]", "Asia/Seoul", "2026-05-03T03:00:00Z", "2026-05-07T15:00:00Z"),
        ("days: [{from: 2026-03-03, until: 2029-12-31}]", "Asia/Seoul", "2026-03-03T03:00:00Z", "2029-12-31T15:00:00Z"),
        ("days: [{from: 2026-03-03, until: 2299-12-31}]", "Asia/Seoul", "2026-03-03T03:00:00Z", None),
        # 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC; there is no 02:30 on the clocks.
        (GAP, BERLIN, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        (HALF_PAST_ONE, BERLIN, "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        # 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC; the hour from 02:00 comes twice.
        (TWO_TO_HALF, BERLIN, "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
        (TWO_TO_HALF, BERLIN, "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
        ('hours: {from: "02:30", until: "03:00"}', BERLIN, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"),
        ('hours: {from: "02:00", until: "03:00"}', BERLIN, "2026-10-25T00:45:00Z", "2026-10-25T02:00:00Z"),
        # 24 April 2026: midnight becomes 01:00 in Cairo, at 22:00 UTC; 30 October: midnight becomes 23:00.
        (NIGHT, CAIRO, "2026-04-23T21:45:00Z", "2026-04-23T22:00:00Z"),
        ("weekdays: [thursday]", CAIRO, "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"),
        ("weekdays: [thursday]", CAIRO, "2026-10-29T12:00:00Z", "2026-10-29T22:00:00Z"),
        # At 21:00 UTC Thursday's last hour begins anew, which is not closed by hours that ended with it.
        ('hours: {from: "23:30", until: "24:00"}', CAIRO, "2026-10-29T20:45:00Z", "2026-10-29T21:00:00Z"),
    ],
)  # fmt: skip
def test_the_remedy_is_the_first_time_at_which_it_is_open(
    fields: str, zone: str, asked: str, expected: str | None
) -> None:
    compiled = version(fields, zone=zone)
    decision = decided(compiled, case(as_of=asked))
    (reason,) = decision.reasons
    assert (reason.remedy and reason.remedy.set) == (expected and {"as_of": expected})
    if reason.remedy:
        mended = apply_remedy(compiled.policy, read_case(compiled.policy, case(as_of=asked)), reason.remedy)
        assert decide(compiled, mended).outcome == "approved"


def test_several_closed_times_stand_beside_each_other() -> None:
    """Friday night runs into a closed weekend, which runs into a holiday, which runs into a closed morning."""
    night = 'hours: {from: "23:30", until: "00:30"}'
    morning = 'hours: {from: "00:00", until: "09:00"}'
    compiled = version(night, "weekdays: [saturday, sunday]", "holidays: true", morning)
    decision = decided(compiled, case(as_of=instant("2026-02-27 23:45")))
    assert rules_of(decision) == ["closed-0"]
    (remedy,) = [reason.remedy for reason in decision.reasons if reason.remedy]
    assert remedy.set == {"as_of": instant("2026-03-03 09:00")}
    assert remedy.ko == "다시 신청할 수 있는 때: 2026-03-03 09:00."
    assert remedy.en == "Ask again from 2026-03-03 09:00 on."
    decision = decided(compiled, case(as_of=instant("2026-02-28 00:15")))
    assert rules_of(decision) == ["closed-0", "closed-1", "closed-3"]
    assert {str(reason.remedy and reason.remedy.set) for reason in decision.reasons} == {str(remedy.set)}


def test_it_opens_when_an_exception_begins_to_hold() -> None:
    fields = "days: [{from: 2026-03-01, until: 2026-12-31}], unless: [{request.requested_on: {at_least: 2026-04-10}}]"
    (reason,) = decided(version(fields), case()).reasons
    assert reason.remedy is not None
    assert reason.remedy.set == {"as_of": instant("2026-04-10 00:00")}


def test_there_is_no_remedy_once_the_points_are_gone() -> None:
    compiled = version("days: [{from: 2026-05-01, until: 2026-05-07}]")
    at = instant("2026-05-03 12:00")
    for last_day, expected in (("2026-05-07", None), ("2026-05-08", {"as_of": instant("2026-05-08 00:00")})):
        (reason,) = decided(compiled, case(1_000, lot("L", 1_000, expires_on=last_day), as_of=at)).reasons
        assert (reason.remedy and reason.remedy.set) == expected


@pytest.mark.parametrize(
    ("fields", "local", "ko", "en", "figures"),
    [
        (
            f"{NIGHT}, days: [{{from: 2026-03-03, until: 2026-03-04}}]",
            "2026-03-03 23:30",
            "23:30부터 00:30 전까지",
            "Closed from 23:30 until 00:30.",
            {"from": "23:30", "until": "00:30"},
        ),
        (
            "days: [{from: 2026-03-01, until: 2026-03-02}, {from: 2026-03-03, until: 2026-03-05}]",
            "2026-03-03 23:30",
            "2026-03-03부터 2026-03-05 전까지",
            "Closed from 2026-03-03 until 2026-03-05.",
            {"from": "2026-03-03", "until": "2026-03-05"},
        ),
    ],
)
def test_the_reason_tells_the_hours_or_else_the_days(
    fields: str, local: str, ko: str, en: str, figures: dict[str, str]
) -> None:
    (reason,) = decided(version(fields, reason=SPAN), case(as_of=instant(local))).reasons
    assert (reason.ko, reason.en, reason.figures) == (ko, en, figures)


def test_days_without_a_name_have_no_figures() -> None:
    (reason,) = decided(version("weekdays: [tuesday]"), case()).reasons
    assert (reason.en, reason.figures) == ("Closed.", {})


def test_all_is_denied_while_it_is_closed_and_passes_when_it_is_open() -> None:
    compiled = version(NIGHT)
    data = case("all", as_of=instant("2026-03-03 23:30"))
    decision = decided(compiled, data)
    assert (decision.outcome, decision.points) == ("denied", 0)
    (reason,) = decision.reasons
    assert reason.remedy is not None
    mended = decide(compiled, apply_remedy(compiled.policy, read_case(compiled.policy, data), reason.remedy))
    assert mended.points == 100_000


def test_all_asks_for_what_may_be_asked_for_at_any_time() -> None:
    compiled = version(f"when: {{request.points: {{over: 500}}}}, {NIGHT}")
    assert decided(compiled, case("all", as_of=instant("2026-03-03 23:30"))).points == 500
    assert decided(compiled, case("all", as_of=instant("2026-03-03 23:29"))).points == 100_000


def test_nobody_looks_at_what_comes_at_a_closed_time() -> None:
    closed = f'- {{id: closed, kind: closed, terms: "1", {NIGHT}, {REASON}}}'
    review = f'- {{id: look, kind: review, terms: "2", when: {{request.method: cash}}, {REASON}}}'
    compiled = compile_text(policy_text(f"{closed}\n{review}"))
    assert rules_of(decided(compiled, case(as_of=instant("2026-03-03 23:30")))) == ["closed"]
    assert decided(compiled, case(as_of=instant("2026-03-04 00:30"))).outcome == "needs_review"


def test_the_trace_says_at_which_local_time_it_was_asked() -> None:
    decision = decided(version(NIGHT), case(as_of=instant("2026-03-04 00:30")))
    (lines,) = [stage["rules"] for stage in decision.trace if stage["stage"] == "closed"]
    assert [line["figures"] for line in lines] == [{"at": "2026-03-04 00:30", "closed": False}]


FIELDS = st.sampled_from(
    [
        NIGHT,
        GAP,
        ONE_TO_TWO,
        f"{NIGHT}, weekdays: [saturday, sunday]",
        'hours: {from: "22:00", until: "06:00"}, days_of_month: [last, 25]',
        "weekdays: [sunday]",
        'hours: {from: "00:00", until: "03:00"}, weekdays: [sunday, friday]',
        "dates: [03-29, 10-25]",
        'hours: {from: "23:00", until: "24:00"}',
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    fields=st.lists(FIELDS, min_size=1, max_size=3, unique=True),
    zone=st.sampled_from([BERLIN, CAIRO, "Asia/Seoul", "Australia/Lord_Howe"]),
    start=st.sampled_from(["2026-03-28", "2026-04-04", "2026-04-23", "2026-10-03", "2026-10-24", "2026-10-29"]),
    minutes=st.integers(0, 3 * 24 * 60),
)
def test_no_earlier_minute_is_open(fields: list[str], zone: str, start: str, minutes: int) -> None:
    """The search jumps from end to end; going minute by minute finds the same."""
    compiled = version(*fields, zone=zone)
    at = datetime.fromisoformat(f"{start}T00:00:00+00:00") + timedelta(minutes=minutes)
    rules = compiled.rules["closed"]
    found_case = read_case(compiled.policy, case(as_of=at.isoformat()))
    found = next_opening(compiled, Hearing(compiled, found_case).scene)
    minute = at + timedelta(minutes=1)
    if not any(ready.closing(at) is not None for ready in rules):
        # From an open time on, only the next candidate is promised.
        assert found is not None
        assert not any(ready.closing(found) is not None for ready in rules)
        return
    while any(ready.closing(minute) is not None for ready in rules):
        minute += timedelta(minutes=1)
    assert found == minute
