# ruff: noqa: E501 - a sentence stands on one line, as it is told
"""Rules on what is held, on parts and allowances, and on business days, as a member reads them."""

from __future__ import annotations

from datetime import date

import pytest

from policies.show import rule_sentence
from tests.policies.texts import loaded, rule, with_rule

SENTENCES = [
    (
        "kind: limit | measure: request.points | multiple_of: 100 | or_all: true",
        "신청 포인트: 100포인트 단위, 또는 환급 가능 포인트 전부.",
        "Asked for: in steps of 100 points, or all points that can be refunded.",
    ),
    (
        "kind: limit | measure: available.after | at_most: 0",
        "환급 후 남는 환급 가능 포인트: 0포인트 이하.",
        "Left to refund afterwards: at most 0 points.",
    ),
    (
        "kind: limit | measure: balance.before | at_least: 10_000",
        "환급 전 전체 포인트: 10,000포인트 이상.",
        "Held on the account: at least 10,000 points.",
    ),
    (
        "kind: review | measure: available.before | over: 10_000",
        "환급 가능 포인트가 10,000포인트 초과이면 담당자가 확인합니다.",
        "A person looks at the request first when over 10,000 points are held that can be refunded.",
    ),
    (
        "kind: fee | when: {request.method: cash} | flat: 500 | free: {points: 100_000, per: month, of: account}",
        "수수료: 500원. 월간 100,000포인트까지 무료. 적용 조건: 환급 방법이 현금.",
        "A fee of 500 KRW. The first 100,000 points in a calendar month are free. Applies when the refund method is cash.",
    ),
    (
        "kind: offset | debt: account.debt | at_most: 50% | rounding: down",
        "지급액에서 상계: 미납 금액(최대 50%, 상계 전 지급액 기준, 버림).",
        "Set off against the payout: the debt, at most 50% of what is left before any debt, rounded down.",
    ),
    (
        "kind: pay | when: {request.method: cash} | batch: [{business_day: 10}, {business_day: last}]",
        "매월 10번째 영업일 또는 마지막 영업일 지급. 적용 조건: 환급 방법이 현금.",
        "Paid on the 10th business day or the last business day of a month. Applies when the refund method is cash.",
    ),
    (
        "kind: pay | batch: [02-15, 08-15] | if_holiday: next_business_day",
        "매년 02-15 또는 08-15 지급, 휴일이면 다음 영업일.",
        "Paid every year on 02-15 or 08-15; if that is a holiday, on the next business day.",
    ),
    (
        "kind: pay | within: 0 days | if_holiday: next_business_day",
        "신청일 당일 지급, 휴일이면 다음 영업일.",
        "Paid on the day of the request; if that is a holiday, on the next business day.",
    ),
    (
        "kind: pay | within: 7 days | if_holiday: next_business_day",
        "신청일부터 7일 이내 지급, 휴일이면 다음 영업일.",
        "Paid within 7 days of the request; if that is a holiday, on the next business day.",
    ),
    (
        "kind: pay | within: 1 day | if_holiday: previous_business_day",
        "신청일부터 1일 이내 지급, 휴일이면 직전 영업일.",
        "Paid within 1 day of the request; if that is a holiday, on the business day before.",
    ),
]


@pytest.mark.parametrize(("fields", "ko", "en"), SENTENCES, ids=[fields for fields, _, _ in SENTENCES])
def test_a_rule_on_amounts_is_told_in_both_languages(fields: str, ko: str, en: str) -> None:
    policy = loaded(with_rule(fields))
    told = [rule_sentence(policy, rule(policy, "added"), language, date(2026, 3, 1)) for language in ("ko", "en")]
    assert told == [ko, en]
