# ruff: noqa: E501 - a sentence stands on one line, as it is told
"""Rules as a member reads them, word for word, in Korean and in English."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from policies.model import Fact, Span
from policies.sentences import PLACEHOLDER, figure_text, percent_text, span_text, subject_particle, word_text
from policies.show import HEADINGS, article, change_lines, head_lines, policy_lines, rule_sentence
from tests.policies.mutations import EVERYTHING
from tests.policies.texts import VALID, loaded, rule, with_rule

DAY = date(2026, 3, 1)

SENTENCES = [
    (
        "kind: expire | after: 5 years",
        "유효기간: 적립일부터 5년.",
        "The points can be used for 5 years from the day the lot was earned.",
    ),
    (
        "kind: expire | after: 60 months | until: month_end",
        "유효기간: 적립일부터 60개월이 되는 달의 말일까지.",
        "The points can be used for 60 months from the day the lot was earned, until the end of the month reached.",
    ),
    (
        "kind: expire | after: 1 year | until: year_end | first_day: counted",
        "유효기간: 적립일부터 1년이 되는 해의 12월 31일까지, 첫날 포함.",
        "The points can be used for 1 year from the day the lot was earned, until the end of the year reached, counting that day.",
    ),
    ("kind: expire | last_day: 2026-12-31", "마지막 사용일: 2026-12-31.", "The points can be used until 2026-12-31."),
    (
        "kind: expire | last_day: lot.expires_on",
        "마지막 사용일: 자체 유효기간.",
        "The points can be used until the lot's own last usable day.",
    ),
    ("kind: expire | never: true", "유효기간이 없습니다.", "The points never expire."),
    (
        "kind: exclude | when: {lot.source: promotion}",
        "환급되지 않는 포인트입니다. 적용 조건: 적립 유형이 프로모션.",
        "The points cannot be refunded. Applies when the lot's source is promotion.",
    ),
    (
        "kind: exclude | unless: [{lot.locked: false}, {lot.left: {under: 5}}]",
        "환급되지 않는 포인트입니다. 예외: 잠김 여부(아니오); 또는 남은 포인트가 5 미만.",
        "The points cannot be refunded. Except when 'lot locked' is no; or when the number of points left in the lot is under 5.",
    ),
    (
        "kind: require | that: {account.contact_verified: true, account.status: {is_not: dormant}}",
        "다음을 충족해야 합니다: 연락처 확인 여부(예), 회원 상태가 휴면이 아님.",
        "Required: 'contact data verified' is yes and the account's status is not dormant.",
    ),
    (
        "kind: limit | measure: request.points | at_least: 1_000",
        "신청 포인트: 1,000포인트 이상.",
        "Asked for: at least 1,000 points.",
    ),
    (
        "kind: limit | measure: request.points | multiple_of: 100",
        "신청 포인트: 100포인트 단위.",
        "Asked for: in steps of 100 points.",
    ),
    (
        "kind: limit | measure: balance.after | at_least: 500",
        "환급 후 남는 전체 포인트: 500포인트 이상.",
        "Left on the account afterwards: at least 500 points.",
    ),
    (
        "kind: limit | measure: {sum: refund.points, per: day, of: account} | at_most: 5_000",
        "1일 환급 포인트: 5,000포인트 이하.",
        "Refunded in a calendar day: at most 5,000 points.",
    ),
    (
        "kind: limit | measure: {sum: refund.points, per: year, of: receiving_account} | at_most: 5_000",
        "같은 입금 계좌의 연간 환급 포인트: 5,000포인트 이하.",
        "Refunded to one receiving account in a calendar year: at most 5,000 points.",
    ),
    (
        "kind: limit | measure: {count: refunds, per: 24 hours, of: account, methods: [cash, gift_card]} | at_most: 2",
        "최근 24시간 환급 횟수(현금·상품권): 2회 이하.",
        "The number of refunds as cash or gift card in the last 24 hours: at most 2.",
    ),
    (
        "kind: limit | measure: {count: refunds, per: ever, of: account} | at_most: 1",
        "전체 기간 환급 횟수: 1회 이하.",
        "The number of refunds in all time: at most 1.",
    ),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [soonest_to_expire, {lot.source: [promotion, bill_payment]}, largest]",
        "유효기간이 먼저 끝나는 포인트, 다음으로 적립 유형별(프로모션, 요금 납부), 다음으로 남은 포인트가 많은 포인트 순서로 차감합니다. 적용 조건: 신청 경로가 앱. 이 규칙이 적용되면 다음 규칙은 적용되지 않습니다: order.",
        "Points are used in this order: soonest to expire, then by the lot's source (promotion, bill payment), then largest. Applies when the channel is app. Takes the place of order.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 500 | free: {first: 2, per: month}",
        "수수료: 500원. 월간 2회까지 무료. 적용 조건: 환급 방법이 현금.",
        "A fee of 500 KRW. The first 2 in a calendar month are free. Applies when the refund method is cash.",
    ),
    (
        "kind: expire | after: 2 years | until: 06-30",
        "유효기간: 적립일부터 2년이 되는 해의 6월 30일까지.",
        "The points can be used for 2 years from the day the lot was earned, until 06-30 of that year.",
    ),
    (
        "kind: expire | until: quarter_end",
        "유효기간: 적립일이 속한 분기의 말일까지.",
        "The points can be used until the end of the quarter of the day the lot was earned.",
    ),
    (
        "kind: expire | idle: 18 months | until: half_year_end | first_day: counted",
        "유효기간: 적립일 또는 그 뒤 마지막 이용일부터 18개월이 되는 반기의 말일까지, 첫날 포함. 이용할 때마다 새로 계산합니다.",
        "The points can be used for 18 months from the day the lot was earned or from the last activity after it, until the end of the half year reached, counting that day; every activity begins it anew.",
    ),
    (
        "kind: exclude | allowed_methods: {by: lot.source, promotion: [gift_card, cash], else: none}",
        "적립 유형별로 허용된 방법으로만 환급됩니다(프로모션: 상품권·현금; 그 외: 환급 불가).",
        "The points are refunded only by the methods allowed by the lot's source (promotion: gift card or cash; otherwise: none).",
    ),
    (
        "kind: exclude | allowed_methods: {by: lot.locked, true: any, false: [cash]} | when: {lot.used_rate: {is_not: 60%}}",
        "잠김 여부별로 허용된 방법으로만 환급됩니다(예: 모든 방법; 아니오: 현금). 적용 조건: 사용 비율이 60%가 아님.",
        "The points are refunded only by the methods allowed by lot locked (yes: any method; no: cash). Applies when the share used of the lot is not 60%.",
    ),
    (
        "kind: exclude | when: {lot.chosen: false, account.age: {under: 19}}",
        "환급되지 않는 포인트입니다. 적용 조건: 회원 선택 여부(아니오), 만 나이가 19 미만.",
        "The points cannot be refunded. Applies when 'lot chosen by the member' is no and the age is under 19.",
    ),
    (
        "kind: limit | measure: {count: refunds, per: week, of: account, methods: same} | at_most: 2",
        "주간(월요일~일요일) 환급 횟수(같은 환급 방법): 2회 이하.",
        "The number of refunds by the same method in a week from Monday to Sunday: at most 2.",
    ),
    (
        "kind: limit | measure: {sum: refund.points, per: 3 months, of: account} | at_most: 5_000",
        "최근 3개월 환급 포인트: 5,000포인트 이하.",
        "Refunded in the last 3 months: at most 5,000 points.",
    ),
    (
        "kind: allocate | overrides: [order] | when: {request.channel: app} | order: [chosen_by_member, oldest]",
        "회원이 선택한 포인트, 다음으로 먼저 적립된 포인트 순서로 차감합니다. 적용 조건: 신청 경로가 앱. 이 규칙이 적용되면 다음 규칙은 적용되지 않습니다: order.",
        "Points are used in this order: as the member chose, then oldest. Applies when the channel is app. Takes the place of order.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 500 | free: {first: 1, per: quarter, methods: same}",
        "수수료: 500원. 분기 같은 환급 방법 1회까지 무료. 적용 조건: 환급 방법이 현금.",
        "A fee of 500 KRW. The first one by the same method in a calendar quarter is free. Applies when the refund method is cash.",
    ),
    (
        "kind: expire | until: year_end",
        "유효기간: 적립일이 속한 해의 12월 31일까지.",
        "The points can be used until the end of the year of the day the lot was earned.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 500 | free: {first: 1, per: day, methods: [cash]}",
        "수수료: 500원. 1일 현금 1회까지 무료. 적용 조건: 환급 방법이 현금.",
        "A fee of 500 KRW. The first one by cash in a calendar day is free. Applies when the refund method is cash.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 5 | gross_at_least: 10 | gross_under: 50_000",
        "수수료: 5원. 환급액이 10원 이상일 때만. 환급액이 50,000원 미만일 때만. 적용 조건: 환급 방법이 현금.",
        "A fee of 5 KRW. Only where the refund comes to 10 KRW or more. Only where the refund comes to less than 50,000 KRW. Applies when the refund method is cash.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 5 | free: {first: 3, per: month, methods: [cash, gift_card]}",
        "수수료: 5원. 월간 현금·상품권 3회까지 무료. 적용 조건: 환급 방법이 현금.",
        "A fee of 5 KRW. The first 3 by cash or gift card together in a calendar month are free. Applies when the refund method is cash.",
    ),
    (
        "kind: exclude | when: {lot.untouched: false}",
        "환급되지 않는 포인트입니다. 적용 조건: 포인트 묶음을 일부라도 쓴 경우.",
        "The points cannot be refunded. Applies when something of the lot was used.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 500 | free: {first: 1, per: year} | adds_to: [conversion-fee]",
        "수수료: 500원. 연간 1회까지 무료. 다음 수수료에 더해집니다: conversion-fee. 적용 조건: 환급 방법이 현금.",
        "A fee of 500 KRW. The first one in a calendar year is free. On top of conversion-fee. Applies when the refund method is cash.",
    ),
    (
        "kind: fee | when: {request.method: cash} | rate: 2.2% | rounding: half_up | to: 10 | at_least: 100 | at_most: 3_000",
        "수수료: 2.2%(10원 미만 반올림), 최소 100원, 최대 3,000원. 적용 조건: 환급 방법이 현금.",
        "A fee of 2.2%, rounded half up to 10 KRW, at least 100 KRW, at most 3,000 KRW. Applies when the refund method is cash.",
    ),
    (
        "kind: fee | when: {request.method: cash} | rate: 3 | rounding: down",
        "수수료: 3%(1원 미만 버림). 적용 조건: 환급 방법이 현금.",
        "A fee of 3%, rounded down. Applies when the refund method is cash.",
    ),
    (
        "kind: review | when: {request.applicant: {in: [agent, heir]}}",
        "담당자가 확인합니다. 적용 조건: 신청인이 대리인·상속인 중 하나.",
        "A person looks at the request first. Applies when the applicant is one of an agent, an heir.",
    ),
    (
        "kind: review | measure: request.points | over: 300_000",
        "신청 포인트가 300,000포인트 초과이면 담당자가 확인합니다.",
        "A person looks at the request first when over 300,000 points are asked for.",
    ),
    (
        "kind: review | measure: balance.after | under: 500",
        "환급 후 남는 전체 포인트가 500포인트 미만이면 담당자가 확인합니다.",
        "A person looks at the request first when under 500 points are left on the account afterwards.",
    ),
    (
        "kind: review | measure: {count: refunds, per: 24 hours, of: account, methods: [cash]} | over: 2",
        "최근 24시간 환급 횟수(현금)가 2회 초과이면 담당자가 확인합니다.",
        "A person looks at the request first when the number of refunds as cash in the last 24 hours is over 2.",
    ),
    (
        "kind: review | measure: {sum: refund.points, per: day, of: receiving_account} | at_least: 1_000",
        "같은 입금 계좌의 1일 환급 포인트가 1,000포인트 이상이면 담당자가 확인합니다.",
        "A person looks at the request first when at least 1,000 points are refunded to one receiving account in a calendar day.",
    ),
    (
        "kind: paper | needs: [id_card, family_certificate] | when: {request.applicant: heir}",
        "필요한 서류: 신분증, 가족관계증명서. 적용 조건: 신청인이 상속인.",
        "Papers needed: an identity card and a family certificate. Applies when the applicant is an heir.",
    ),
    (
        "kind: paper | one_of: [id_card, family_certificate] | issued_within: 3 months",
        "필요한 서류: 신분증 또는 가족관계증명서(발급 후 3개월 이내).",
        "Papers needed: an identity card or a family certificate, issued within 3 months.",
    ),
    (
        'kind: closed | hours: {from: "23:30", until: "00:30"}',
        "신청할 수 없는 때: 23:30부터 다음 날 00:30 전까지.",
        "Closed from 23:30 until 00:30 of the next day.",
    ),
    (
        'kind: closed | hours: {from: "09:00", until: "18:00"} | weekdays: [saturday, sunday]',
        "신청할 수 없는 때: 토요일 또는 일요일 09:00부터 18:00 전까지.",
        "Closed on Saturday or Sunday from 09:00 until 18:00.",
    ),
    ("kind: closed | holidays: true", "신청할 수 없는 때: 공휴일.", "Closed on public holidays."),
    (
        "kind: closed | holidays: false | days_of_month: [1, 2, 3, 11, 22, last]",
        "신청할 수 없는 때: 다음에 모두 해당하는 날(공휴일이 아닌 날, 매월 1일, 2일, 3일, 11일, 22일 또는 말일).",
        "Closed only on days that are no public holidays, and on the 1st, the 2nd, the 3rd, the 11th, the 22nd or the last day of a month.",
    ),
    (
        "kind: closed | days: [{from: 2026-05-01, until: 2026-05-07}]",
        "신청할 수 없는 때: 2026-05-01부터 2026-05-07까지.",
        "Closed from 2026-05-01 to 2026-05-07.",
    ),
    ("kind: closed | dates: [12-31]", "신청할 수 없는 때: 매년 12-31.", "Closed every year on 12-31."),
    (
        "kind: pay | batch: [5, 20, last] | at_least_after: 3 business days",
        "매월 5일, 20일 또는 말일 지급, 신청일부터 3영업일 이상 지난 첫 지급일.",
        "Paid on the 5th, the 20th or the last day of a month, the first that is at least 3 business days after the request.",
    ),
    (
        'kind: pay | batch: [friday] | cut_off_time: "16:00"',
        "매주 금요일 지급, 16:00 이후 신청은 다음 날 신청으로 봄.",
        "Paid on Friday; a request at 16:00 or later counts as one of the next day.",
    ),
    (
        "kind: pay | within: 3 business days",
        "신청일부터 3영업일 이내 지급.",
        "Paid within 3 business days of the request.",
    ),
    (
        "kind: earn | event: bill_paid | source: bill_payment | steps: {every: 1_000, earn: 5} | at_least: 50 | at_most: 500 | cap: {at_most: 10_000, per: month}",
        "요금 납부 시 1,000원마다 5포인트 적립(요금 납부), 건당 최소 50포인트, 건당 최대 500포인트, 월간 최대 10,000포인트.",
        "Paying a bill earns 5 points for every 1,000 KRW (bill payment), at least 50 each time, at most 500 each time, at most 10,000 in a calendar month.",
    ),
    (
        "kind: earn | event: purchase | source: promotion | rate: 0.5% | rounding: down | usable_after: 7 days",
        "구매 시 금액의 0.5%(1포인트 미만 버림) 적립(프로모션), 7일 후 사용 가능.",
        "A purchase earns 0.5% of the amount, rounded down (promotion), usable after 7 days.",
    ),
    (
        "kind: earn | event: promotion_joined | source: promotion | points: 300 | expires_on: 2026-12-31",
        "프로모션 참여 시 300포인트 적립(프로모션), 마지막 사용일 2026-12-31.",
        "Joining a promotion earns 300 points (promotion), usable until 2026-12-31.",
    ),
]

CONDITIONS = [
    ("{account.grade: VIP}", "등급이 VIP", "grade is VIP"),
    ("{lot.campaign: {is_not: LOYAL}}", "캠페인이 LOYAL이(가) 아님", "the lot's campaign is not LOYAL"),
    ("{lot.left: {is_not: 3}}", "남은 포인트가 3이 아님", "the number of points left in the lot is not 3"),
    (
        "{request.channel: {not_in: [web, app]}}",
        "신청 경로가 웹·앱 중 어느 것도 아님",
        "the channel is none of web, app",
    ),
    (
        "{request.points: {under: 5, over: 3}}",
        "신청 포인트가 5 미만, 신청 포인트가 3 초과",
        "the number of points asked for is under 5 and the number of points asked for is over 3",
    ),
    ("{account.debt: {at_most: 10_000}}", "미납 금액이 10,000원 이하", "the debt is at most 10,000 KRW"),
    ("{account.debt: {at_least: 10_000}}", "미납 금액이 10,000원 이상", "the debt is at least 10,000 KRW"),
    (
        "{lot.acquired_on: {under: 2026-01-01}}",
        "적립일이 2026-01-01 전",
        "the day the lot was earned is before 2026-01-01",
    ),
    (
        "{lot.acquired_on: {at_most: 2026-01-01}}",
        "적립일이 2026-01-01 이전",
        "the day the lot was earned is 2026-01-01 or before",
    ),
    (
        "{lot.acquired_on: {at_least: 2026-01-01}}",
        "적립일이 2026-01-01 이후",
        "the day the lot was earned is 2026-01-01 or later",
    ),
    (
        "{lot.usable_from_on: {over: request.requested_on}}",
        "사용 가능일이 신청일 후",
        "the day the lot becomes usable is after the day of the request",
    ),
    (
        "{lot.acquired_on: {at_least_ago: 12 months}}",
        "적립일부터 12개월 이상 경과",
        "the day the lot was earned is at least 12 months ago",
    ),
    (
        "{account.born_on: {under_ago: 19 years}}",
        "생년월일부터 19년 미만 경과",
        "the day of birth is under 19 years ago",
    ),
    ("{lot.campaign: {starts_with: CARE-}}", "캠페인이 'CARE-'(으)로 시작", "the lot's campaign starts with 'CARE-'"),
    ('{lot.campaign: ""}', "캠페인 없음", "the lot's campaign is missing"),
    ("{lot.expires_on: {is_not: none}}", "자체 유효기간 있음", "the lot's own last usable day is given"),
    ("{lot.locked: {is_not: true}}", "잠김 여부(아니오)", "'lot locked' is no"),
    (
        "{any: [{lot.locked: true}, {lot.left: 5}]}",
        "잠김 여부(예) 또는 남은 포인트가 5",
        "'lot locked' is yes or the number of points left in the lot is 5",
    ),
    (
        "{account.grade: VIP, any: [{lot.locked: true}, {lot.left: 5}]}",
        "등급이 VIP, 다음 중 하나(잠김 여부(예) 또는 남은 포인트가 5)",
        "grade is VIP and either ('lot locked' is yes or the number of points left in the lot is 5)",
    ),
    (
        "{lot.left: {under: $monthly_limit}}",
        "남은 포인트가 50,000 미만",
        "the number of points left in the lot is under 50,000",
    ),
]


@pytest.mark.parametrize(("fields", "ko", "en"), SENTENCES, ids=[fields for fields, _, _ in SENTENCES])
def test_a_rule_is_told_in_both_languages(fields: str, ko: str, en: str) -> None:
    policy = loaded(with_rule(fields))
    assert [rule_sentence(policy, rule(policy, "added"), language, DAY) for language in ("ko", "en")] == [ko, en]


@pytest.mark.parametrize(("condition", "ko", "en"), CONDITIONS, ids=[row[0] for row in CONDITIONS])
def test_a_condition_is_told_in_both_languages(condition: str, ko: str, en: str) -> None:
    policy = loaded(with_rule(f"kind: exclude | when: {condition}"))
    told = [rule_sentence(policy, rule(policy, "added"), language, DAY) for language in ("ko", "en")]
    assert told == [
        f"환급되지 않는 포인트입니다. 적용 조건: {ko}.",
        f"The points cannot be refunded. Applies when {en}.",
    ]


@pytest.mark.parametrize(
    ("day", "ko", "en"),
    [
        (date(1990, 1, 1), "50,000포인트 이하", "at most 50,000 points"),
        (date(2026, 6, 30), "50,000포인트 이하", "at most 50,000 points"),
        (
            date(2026, 7, 1),
            "[등급별 - VIP: 200,000; 그 외: 100,000]포인트 이하",
            "at most [by grade - VIP: 200,000; otherwise: 100,000] points",
        ),
    ],
)
def test_a_value_is_told_as_of_a_day(day: date, ko: str, en: str) -> None:
    policy = loaded(VALID)
    limit = rule(policy, "monthly-limit")
    assert rule_sentence(policy, limit, "ko", day) == f"월간 환급 포인트: {ko}."
    assert rule_sentence(policy, limit, "en", day) == f"Refunded in a calendar month: {en}."


@pytest.mark.parametrize(
    ("figure", "ko", "en"),
    [
        (50_000, "50,000", "50,000"),
        (0, "0", "0"),
        (Fraction(3), "3%", "3%"),
        (Fraction(22, 10), "2.2%", "2.2%"),
        (Fraction(1, 10**6), "0.000001%", "0.000001%"),
        (Span(1, "months"), "1개월", "1 month"),
        (Span(12, "months"), "12개월", "12 months"),
        (Span(3, "business days"), "3영업일", "3 business days"),
        (Span(24, "hours"), "24시간", "24 hours"),
        (date(2026, 12, 31), "2026-12-31", "2026-12-31"),
        ("LOYAL", "LOYAL", "LOYAL"),
        (True, "예", "yes"),
        (False, "아니오", "no"),
        (None, "없음", "none"),
    ],
)
def test_a_figure_is_written_as_people_do(figure: Any, ko: str, en: str) -> None:
    assert [figure_text(figure, "ko"), figure_text(figure, "en")] == [ko, en]


def test_a_percentage_and_a_span_have_words_of_their_own() -> None:
    assert percent_text(Fraction(1, 2)) == "0.5%"
    assert span_text(Span(2, "years"), "ko") == "2년"


@pytest.mark.parametrize(
    ("path", "word", "ko", "en"),
    [
        ("lot.source", "promotion", "프로모션", "promotion"),
        ("request.method", "gift_card", "상품권", "gift card"),
        ("account.status", "dormant", "휴면", "dormant"),
        ("request.receiving_holder", "other", "타인", "somebody else"),
        ("account.grade", "VIP", "VIP", "VIP"),
        ("account.joined_on", date(2026, 1, 1), "2026-01-01", "2026-01-01"),
        ("account.born_on", None, "없음", "none"),
        ("lot.locked", True, "예", "yes"),
        ("account.debt", 1_000, "1,000", "1,000"),
    ],
)
def test_a_word_is_told_as_its_fact_calls_it(path: str, word: Any, ko: str, en: str) -> None:
    policy = loaded(VALID)
    fact = policy.facts[path]
    assert [word_text(policy, fact, word, language) for language in ("ko", "en")] == [ko, en]


def test_a_declared_choice_keeps_its_own_words() -> None:
    policy = loaded(VALID.replace("type: [VIP, GOLD]", "type: [VIP, GOLD, person]"))
    assert isinstance(policy.facts["account.grade"], Fact)
    assert word_text(policy, policy.facts["account.grade"], "person", "ko") == "person"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("회원 상태", "가"),
        ("등급", "이"),
        ("1,000", "이"),
        ("2026-01-02", "가"),
        ("VIP", "이(가)"),
        ("3%", "가"),
        ("환급 횟수(현금)", "가"),
        ("환급(횟수)", "이"),
        ("'대리점'", "이"),
    ],
)
def test_a_korean_particle_goes_with_the_sound_before_it(word: str, expected: str) -> None:
    assert subject_particle(word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{limit}", ["limit"]),
        ("{limit_2026} {account.tier2}", ["limit_2026", "account.tier2"]),
        ("{Limit} { limit } {} {a.b.c} {2}", []),
    ],
)
def test_a_placeholder_is_a_name_in_braces(text: str, expected: list[str]) -> None:
    assert PLACEHOLDER.findall(text) == expected


@pytest.mark.parametrize(
    ("terms", "ko", "en"),
    [
        ("20", "제20조", "article 20"),
        ("19.1", "제19조 제1항", "article 19.1"),
        ("19.1.2", "19.1.2", "19.1.2"),
        ("별표 2", "별표 2", "별표 2"),
        ("https://example.com/#a", "https://example.com/#a", "https://example.com/#a"),
    ],
)
def test_terms_are_told_as_an_article_where_they_are_one(terms: str, ko: str, en: str) -> None:
    assert [article(terms, "ko"), article(terms, "en")] == [ko, en]


def test_every_rule_stands_under_the_heading_of_its_kind_with_its_article() -> None:
    policy = loaded(EVERYTHING)
    for language in ("ko", "en"):
        lines = list(policy_lines(policy, language, DAY))
        headings = [text.in_language(language) for text in HEADINGS.values()]
        assert [line for line in lines[6:] if line and not line.startswith("  ")] == headings
        told = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("    ")]
        assert sorted(told) == sorted(rule.id for rule in policy.rules)
        assert all("\n" not in line for line in lines)


def test_a_kind_without_rules_has_no_heading() -> None:
    assert list(policy_lines(loaded(VALID), "en", DAY)) == [
        "Point refund policy",
        "As of 2026-03-01; terms: https://example.com/terms",
        "In force from 2025-01-01",
        "Sources of points: bill payment, promotion",
        "Refund methods: cash, gift card",
        "Facts and words behind decisions: kept 5 years, then erased",
        "",
        "Points that cannot be refunded",
        "  promotion-points (article 16.4): The points cannot be refunded. Applies when the lot's source is promotion. Except when the lot's campaign starts with 'LOYAL-'; or when the day the lot was earned is at least 12 months ago.",
        "",
        "Limits",
        "  monthly-limit (article 19.1): Refunded in a calendar month: at most 50,000 points.",
        "    Changes by the day of the request: before 2026-07-01: 50,000 points (in force); from 2026-07-01: [by grade - VIP: 200,000; otherwise: 100,000].",
        "",
        "Order of use",
        "  order (article 20): Points are used in this order: soonest to expire, then oldest.",
        "",
        "Fees",
        "  conversion-fee (article 18.2): A fee of 3%, rounded down. Applies when the refund method is gift card.",
    ]


def test_a_rule_says_which_rules_come_before_it() -> None:
    policy = loaded(with_rule("kind: fee | when: {account.grade: VIP} | flat: 100 | overrides: [conversion-fee]"))
    general = rule(policy, "conversion-fee")
    assert rule_sentence(policy, general, "ko", DAY).endswith(" 다음 규칙이 우선합니다: added.")
    assert rule_sentence(policy, general, "en", DAY).endswith(" Gives way to added.")


def test_a_policy_that_is_not_in_force_yet_says_so() -> None:
    head = list(head_lines(loaded(VALID), "ko", date(2024, 12, 31)))
    assert head[1:3] == ["2024-12-31 기준, 약관: https://example.com/terms", "시행일: 2025-01-01(아직 시행 전)"]
    assert (
        list(head_lines(loaded(VALID), "en", date(2024, 12, 31)))[2]
        == "In force from 2025-01-01, so not yet on this day"
    )
    assert list(head_lines(loaded(VALID), "en", date(2025, 1, 1)))[2] == "In force from 2025-01-01"


@pytest.mark.parametrize(
    ("value", "day", "ko", "en"),
    [
        (
            "unit: money | dated_by: request.requested_on | since: {2025-01-01: 500, 2026-07-01: 800}",
            date(2026, 6, 30),
            "신청일에 따라 다릅니다: 2026-07-01 전: 500원 (적용 중); 2026-07-01부터: 800원.",
            "Changes by the day of the request: before 2026-07-01: 500 KRW (in force); from 2026-07-01: 800 KRW.",
        ),
        (
            "unit: money | dated_by: request.requested_on | since: {2025-01-01: 500, 2026-07-01: 800}",
            date(2026, 7, 1),
            "신청일에 따라 다릅니다: 2026-07-01 전: 500원; 2026-07-01부터: 800원 (적용 중).",
            "Changes by the day of the request: before 2026-07-01: 500 KRW; from 2026-07-01: 800 KRW (in force).",
        ),
        (
            "unit: money | dated_by: account.joined_on | since: {always: 500, 2026-07-01: 800}",
            date(2026, 7, 1),
            "가입일에 따라 다릅니다: 2026-07-01 전: 500원; 2026-07-01부터: 800원.",
            "Changes by the day of joining: before 2026-07-01: 500 KRW; from 2026-07-01: 800 KRW.",
        ),
    ],
    ids=["before-a-change", "after-a-change", "dated-by-the-account"],
)
def test_the_changes_of_a_figure_are_told(value: str, day: date, ko: str, en: str) -> None:
    figure = f'  figure: {{about: A figure, terms: "1", {value.replace(" | ", ", ")}}}\n'
    policy = loaded(
        with_rule("kind: fee | when: {request.method: cash} | flat: $figure").replace("values:\n", f"values:\n{figure}")
    )
    told = [list(change_lines(policy, rule(policy, "added"), language, day)) for language in ("ko", "en")]
    assert told == [[ko], [en]]
    assert list(change_lines(policy, rule(policy, "conversion-fee"), "en", day)) == []
