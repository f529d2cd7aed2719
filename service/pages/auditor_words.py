"""The words of the auditor's pages: the stages of a decision, and the figures of rules and points over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jinja2 import pass_context
from jinja2.runtime import Context

from policies.model import Text

STAGES: Mapping[str, Text] = {
    "all": Text("계정의 모든 포인트", "All points of the account"),
    "expire": Text("유효기간", "How long points last"),
    "exclude": Text("환급에서 빠지는 포인트", "Points that cannot be refunded"),
    "require": Text("자격 요건", "What has to be so"),
    "paper": Text("제출 서류", "Papers"),
    "closed": Text("접수하지 않는 때", "When nothing is taken in"),
    "limit": Text("한도", "Limits"),
    "allocate": Text("포인트를 쓰는 순서", "Which points pay first"),
    "price": Text("포인트의 값", "What points are worth"),
    "fee": Text("수수료", "Fees"),
    "tax": Text("세금", "Taxes"),
    "offset": Text("상계", "What is set off"),
    "limit_payout": Text("지급액 한도", "Limits on the payout"),
    "review": Text("담당자 확인", "Whether a person looks at it"),
    "pay": Text("지급 시기", "When it is paid"),
    "pays": Text("이 신청에 쓰인 포인트", "Points that pay for this request"),
}
"""The stages in the order in which they are told."""


class Span(NamedTuple):
    """Days that end with today, and what they are called."""

    name: Text
    days: int


UNTIL = Text("까지", "Until")
"""How the last day of a span is called, at its field and where it is wrong."""
UPPER_BOUNDS: Mapping[str, Text] = {"day_to": UNTIL, "points_to": Text("이하", "At most")}
"""How the fields are called that a lower bound may lie behind."""

FOUR_WEEKS, A_YEAR = "weeks", "year"
SPANS: Mapping[str, Span] = {
    FOUR_WEEKS: Span(Text("최근 4주", "Last four weeks"), 28),
    "quarter": Span(Text("최근 13주", "Last thirteen weeks"), 91),
    A_YEAR: Span(Text("최근 1년", "Last year"), 365),
}
"""The spans that are at hand, the shortest first."""

FIGURES: Mapping[str, Text] = {
    "spoke": Text("적용", "Spoke"),
    "denied": Text("거절", "Denied"),
    "denied_alone": Text("단독 거절", "Denied alone"),
    "reviewed": Text("검토로 보냄", "Sent to a person"),
    "reduced": Text("줄임", "Cut down"),
    "charged": Text("공제", "Charged"),
    "excluded": Text("제외한 묶음", "Lots set aside"),
    "granted": Text("적립", "Granted"),
    "took_back": Text("회수", "Took back"),
    "expired": Text("소멸", "Expired"),
    "noticed": Text("안내", "Notices"),
    "points_refused": Text("거절된 포인트", "Points refused"),
    "points_reduced": Text("줄인 포인트", "Points cut"),
    "points_excluded": Text("제외된 포인트", "Points set aside"),
    "points_granted": Text("적립 포인트", "Points granted"),
    "points_taken_back": Text("회수 포인트", "Points taken back"),
    "points_expired": Text("소멸 포인트", "Points expired"),
    "points_charged": Text("휴면 차감 포인트", "Points charged"),
    "fee": Text("수수료", "Fees"),
    "tax": Text("세금", "Taxes"),
    "offset": Text("상계", "Set off"),
}
"""What is counted of rules: times, then points, then money."""


class Said(NamedTuple):
    """What rules may have come to: a heading, and the figures that tell it."""

    heading: Text
    figures: tuple[str, ...]


SAID: Mapping[str, Said] = {
    "requests": Said(
        Text("신청을 거절하거나 줄이거나 검토로 보낸 규칙", "Requests denied, cut down or sent to a person"),
        ("denied", "denied_alone", "reviewed", "reduced", "points_refused", "points_reduced"),
    ),
    "lots": Said(Text("포인트를 환급에서 뺀 규칙", "Points set aside"), ("excluded", "points_excluded")),
    "charges": Said(
        Text("수수료와 세금 등을 공제한 규칙", "Fees, taxes and other charges"),
        ("charged", "fee", "tax", "offset", "points_charged"),
    ),
    "earned": Said(
        Text("포인트를 적립하거나 회수한 규칙", "Points granted and taken back"),
        ("granted", "took_back", "points_granted", "points_taken_back"),
    ),
    "days": Said(
        Text("소멸시키거나 안내한 규칙", "Points expired, and notices"), ("expired", "noticed", "points_expired")
    ),
    "nothing": Said(Text("적용되었지만 바꾼 것이 없는 규칙", "Spoke, and nothing came of it"), ()),
}
"""What rules may have come to, in the order in which it is shown. No other figure is in two of them but `spoke`, which
is in all.
"""

MOVEMENTS: Mapping[str, Text] = {
    "opening": Text("기초", "Opening"),
    "granted": Text("적립", "Granted"),
    "held": Text("보류", "Held"),
    "released": Text("보류 해제", "Released"),
    "reversed": Text("되돌림", "Reversed"),
    "used": Text("사용", "Used"),
    "returned": Text("반환", "Returned"),
    "expired": Text("소멸", "Expired"),
    "taken_back": Text("회수", "Taken back"),
    "charged": Text("휴면 차감", "Charged"),
    "repaid": Text("상환", "Repaid"),
    "closing": Text("기말", "Closing"),
    "held_opening": Text("보류 기초", "Held, opening"),
    "settled": Text("지급 완료", "Settled"),
    "held_closing": Text("보류 기말", "Held, closing"),
}
"""What becomes of points, in the order in which it adds up."""

PER: Mapping[str, Text] = {
    "day": Text("일", "Day"),
    "month": Text("월", "Month"),
    "year": Text("년", "Year"),
    "whole": Text("전체 기간", "All of it"),
}
OF: Mapping[str, Text] = {
    "filed": Text("접수된 신청", "Filed requests"),
    "all": Text("계산만 한 것도 포함", "Also what was only asked for"),
}


@pass_context
def stage_name(context: Context, stage: str) -> str:
    """What a stage is called; of one that has no name here, its id."""
    name = STAGES.get(stage)
    return stage if name is None else name.in_language(context["language"])
