"""What a member reads in an explanation: days and conditions as people say them, and every figure behind a rule."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.facts import case_data
from service.config import SHIPPED_RULES
from service.explanation import explanation
from service.explanation_forms import lines
from service.explanation_remedies import remedy
from service.records import Record
from tests.policies_for_tests import compile_text

DECISION = "D-01K5M2W8Q3ZV4N7R9T0XYB6C1E"
ACCOUNT = {
    "id": "A",
    "joined_on": "2019-01-01",
    "born_on": "1984-02-05",
    "identity_level": 1,
    "contact_verified": True,
}
BILL = {"id": "L1", "source": "bill_payment", "acquired_on": "2025-03-10", "amount": 40_000}
CASH = {"method": "cash", "receiving_account": "RA-1", "receiving_holder": "member"}


@cache
def kt() -> CompiledVersion:
    return compile_text((SHIPPED_RULES / "kt-points.yaml").read_text("utf-8"))


def told(
    points: int | str = 10_000, *, account: dict[str, Any] | None = None, lots: Any = (BILL,), **request: Any
) -> dict[str, Any]:
    """The explanation of a request on 2 November 2026 at ten."""
    data = {
        "account": {**ACCOUNT, **(account or {})},
        "lots": [*lots],
        "request": {"points": points, "method": "cash", **CASH, **request},
        "as_of": "2026-11-02T01:00:00Z",
    }
    case = read_case(kt().policy, data)
    record = Record(DECISION, "2026-11-02T01:00:00Z", case_data(case), decide(kt(), case).to_data())
    return explanation(record, kt(), 30)


def text(found: dict[str, Any], language: str = "ko") -> str:
    return "\n".join(lines(found, language))


REMEDIES: list[tuple[str, dict[str, Any], str, str]] = [
    ("contact-verified", {"account.contact_verified": True}, "연락처 인증을 마치셔야 합니다.", "Your contact data"),
    ("own-name-account", {"request.receiving_holder": "member"}, "예금주가 본인이어야 합니다.", "held by the member."),
    ("minor-needs-guardian", {"request.applicant": "guardian"}, "법정대리인이 신청해야 합니다.", "by a guardian."),
    (
        "represented-through-call-centre",
        {"request.channel": "call_centre"},
        "고객센터로 신청해야 합니다.",
        "call centre.",
    ),
    ("points-owed", {"account.points_debt": 0}, "갚을 포인트가 남아 있지 않아야 합니다.", "No points may be owed"),
    (
        "identity-level",
        {"account.identity_level": 2},
        "본인확인 2단계 이상이어야 합니다.",
        "identity level 2 or higher",
    ),
    ("refund-step", {"request.points": 10_000}, "10,000포인트로 신청하시면 됩니다.", "Ask for 10,000 points."),
    ("refund-step", {"request.money": 10_000}, "10,000원으로 신청하시면 됩니다.", "Ask for 10,000 KRW."),
    ("unpaid-bills", {"account.debt": 10_000}, "미납 금액이 10,000원 이하여야 합니다.", "10,000 KRW or less."),
    (
        "new-member",
        {"request.requested_on": "2026-11-04"},
        "2026년 11월 4일이 되면 다시 신청하실 수 있습니다.",
        "on 4 November 2026.",
    ),
    (
        "closed",
        {"as_of": "2026-11-02T06:05:00Z"},
        "2026년 11월 2일 오후 3시 5분(한국 시각)부터 다시 신청하실 수 있습니다.",
        "from 2 November 2026, 15:05 (Korean time) on.",
    ),
    ("dormant-account", {"account.status": "active"}, "회원 상태가 정상이어야 합니다.", "account's status is active."),
    ("closing", {"request.closing": True}, "다음에 해당하셔야 합니다: 해지와 함께 신청.", "the member is leaving."),
]


@pytest.mark.parametrize(("rule", "change", "korean", "english"), REMEDIES)
def test_what_would_help_is_said_in_sentences(rule: str, change: dict[str, Any], korean: str, english: str) -> None:
    policy = kt().policy
    found = next((each for each in policy.rules if each.id == rule), None)
    said = remedy({"set": change, "ko": "필요한 조건", "en": "Needed"}, found, policy)
    assert said is not None
    assert (said["set"], said["ko"]) == (change, korean)
    assert english in said["en"]


OTHER_LOT = {"id": "L2", "amount": 30_000, "acquired_on": "2025-06-01"}
FIGURES: list[tuple[str, dict[str, Any], str]] = [
    (
        "of a fee by its reason, the least and the most",
        {"method": "gift_card"},
        "적용된 기준: 최소 200원, 최대 3,000원",
    ),
    (
        "of a span without activity",
        {"account": {"last_activity_on": "2025-01-05"}},
        "적용된 기준: 최근 이용일부터 12개월이 지나지 않아야 합니다",
    ),
    ("of joining", {"account": {"joined_on": "2026-10-20"}}, "적용된 기준: 가입일부터 30일이 지나야 합니다"),
    ("of age", {"account": {"born_on": "2010-05-05"}}, "적용된 기준: 만 19세 미만인 경우입니다"),
    (
        "of a review that only says 'lately'",
        {"points": 100_000, "lots": [{**BILL, "amount": 200_000}]}
        | {"account": {"identity_level": 3, "contact_changed_on": "2026-09-01"}},
        "적용된 기준: 신청 포인트 100,000포인트 이상",
    ),
    (
        "of the usual life of a lot",
        {},
        "마지막 사용일 2032년 3월 10일(적립일부터 7년, 약관 제15조 제1항)",
    ),
    (
        "of a lot that another article lets end sooner",
        {"lots": [{**BILL, "campaign": "FORMER"}]},
        (
            "마지막 사용일 2026년 12월 31일(약관 제15조 제2항에서 정한 날, "
            "보통의 기준인 약관 제15조 제1항(적립일부터 7년)은 적용되지 않음)"
        ),
    ),
    (
        "of a lot whose life is a dated value",
        {"lots": [{**OTHER_LOT, "source": "purchase", "identity_level": 1}]},
        "(적립일부터 5년이 되는 달의 말일까지, 약관 제15조 제3항)",
    ),
    (
        "of a lot that can be refunded later",
        {"lots": [BILL, {**OTHER_LOT, "source": "promotion", "acquired_on": "2025-12-01"}]},
        "프로모션 30,000포인트(2025년 12월 1일 적립): 2026년 12월 1일부터 환급 가능",
    ),
    (
        "of a lot that ends before it can be refunded",
        {
            "lots": [
                BILL,
                {**OTHER_LOT, "source": "promotion", "acquired_on": "2026-02-01", "expires_on": "2026-12-31"},
            ]
        },
        "환급할 수 있게 되기 전에 유효기간이 끝남(마지막 사용일 2026년 12월 31일)",
    ),
]


@pytest.mark.parametrize(("asked", "said"), [each[1:] for each in FIGURES], ids=[each[0] for each in FIGURES])
def test_the_figures_behind_a_rule_are_told(asked: dict[str, Any], said: str) -> None:
    assert said in text(told(**asked))


def test_a_minor_is_told_first_that_a_guardian_can_ask_today() -> None:
    near = told(account={"born_on": "2010-05-05"})["nearest"]
    assert near["set"]["as_of"] == "2029-05-05T01:00:00Z"
    today = near["today"]
    assert (today["set"], today["decision"]["outcome"]) == ({"request.applicant": "guardian"}, "approved")
    guardian, later = near["ko"].index("법정대리인이 신청해야 합니다."), near["ko"].index("2029년 5월 5일 오전 10시")
    assert guardian < later
    again = told(account={"born_on": "2010-05-05"}, applicant="guardian")
    assert again["outcome"] == "approved"


def test_where_no_other_request_passes_it_is_told_what_would_pass_once_the_reasons_are_gone() -> None:
    found = told(account={"contact_verified": False})
    near = found["nearest"]
    assert (near["found"], near["decision"], near["today"]["decision"]["outcome"]) == (False, None, "approved")
    assert near["ko"].startswith("위의 거절 사유를 먼저 해결해 주세요. 연락처 인증을 마치셔야 합니다.")
    assert near["ko"].endswith("실제 심사해 확인한 결과입니다.")
    assert "\n승인될 수 있는 신청\n" in text(found)
    hopeless = told(account={"status": "suspended"})
    assert (hopeless["nearest"]["today"], "\n다르게 신청하시는 경우\n" in text(hopeless)) == (None, True)


def test_what_a_person_looks_at_first_is_under_a_heading_that_says_so() -> None:
    lots = [{**BILL, "amount": 450_000}]
    found = told(400_500, lots=lots, account={"identity_level": 3, "grade": "VVIP"})
    assert found["nearest"]["decision"]["outcome"] == "needs_review"
    assert "\n담당자 확인으로 넘어갈 수 있는 신청\n" in text(found)
    reviewed = text(told(400_000, lots=lots, account={"identity_level": 3, "grade": "VVIP"}))
    assert "이 신청은 자동 심사에서 담당자 확인 대상으로 분류되었습니다." in reviewed
    assert "승인되면 2026년 11월 5일까지 계좌로 입금될 예정입니다." in reviewed
    assert "입금됩니다" not in reviewed


def test_a_fee_of_the_nearest_request_has_its_reason() -> None:
    near = told(12_000, method="gift_card")["nearest"]
    assert near["decision"]["fee"] > 0
    assert (
        "상품권 전환 수수료 220원이 있습니다(10,000포인트의 2.2%, 최소·최대 금액 적용). (약관 제21조 제3항)"
        in near["ko"]
    )
    assert "적용된 기준: 최소 200원, 최대 3,000원." in near["ko"]


def test_an_approval_reads_like_a_letter() -> None:
    found = told(10_000, method="bill_credit")
    assert found["summary"]["ko"] == (
        "환급 신청(10,000포인트)이 승인되었습니다. 요금 차감으로 받으실 금액은 10,000원입니다."
        " 늦어도 2026년 11월 9일까지 지급됩니다."
    )
    assert "receive 10,000 KRW as bill credit" in found["summary"]["en"]
    asked = {line["label"]["ko"]: line["value"]["ko"] for line in found["asked"]}
    assert asked["신청 시각"] == "2026년 11월 2일 오전 10시(한국 시각)"
    assert asked["환급 가능한 포인트"] == "40,000포인트"
    assert [line["name"] for line in found["record"]] == ["decision", "policy", "engine", "digest"]
    assert "sha256" not in found["source"]["ko"]
    assert f"결정 번호({DECISION})를 알려 주시고 이의를 제기해 주세요." in found["contest"]["ko"]


def test_all_points_of_which_there_are_none_are_no_number() -> None:
    denied = text(told("all", lots=[]))
    assert "(신청 포인트: 전체, 환급 가능 포인트: 0)" in denied
    assert "전체포인트" not in denied


def test_several_locked_lots_are_one_sentence_with_their_points_together() -> None:
    lots = [BILL, *({**BILL, "id": f"X{n}", "amount": n * 1_000, "locked": True} for n in (1, 2, 3))]
    found = told(lots=lots)
    (rule,) = next(group for group in found["groups"] if group["group"] == "sets_aside")["rules"]
    (said,) = rule["said"]
    assert said["ko"].startswith("잠겨 있는 6,000포인트는 환급되지 않습니다.")
    assert [lot["points"] for lot in said["lots"]] == [1_000, 2_000, 3_000]
