"""What others are told: the kinds of messages, what each carries, and how the data of one is made.

Messages hold ids, states and amounts, and the sentences of rules; never a name, a contact or an account
number at a bank. Whoever needs more asks the API by the ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policies.model import Text
from service.refund_requests import Filed

if TYPE_CHECKING:
    from engine.daily import Expired, Told
    from engine.decision import Reason


@dataclass(frozen=True, slots=True)
class MessageKind:
    """What a message of one kind means, and the names of everything that its data holds."""

    about: Text
    carries: tuple[str, ...]


# In every message about a member: whose it is.
WHOSE = ("policy", "account")
# A refund request as the API answers it, with what its decision said.
REFUND_REQUEST = (
    *WHOSE,
    *(
        "id",
        "state",
        "points",
        "method",
        "fee",
        "payout",
        "payable_on",
        "last_held_on",
        "requested_at",
        "decision_id",
        "reasons",
    ),
)
# `lots` are those that changed, with the points of each; `event` is the caller's own id, `on` a local day.
OF_AN_EVENT = (*WHOSE, "event", "points", "lots")
OF_A_DAY = (*WHOSE, "on", "points", "lots", "reasons")
TOLD = ("rule", "terms", "ko", "en")
# About no account, but about the programme; `effective_from` is null for a version from its first day on.
VERSION = ("policy", "version", "digest", "starts", "effective_from")
INQUIRY = (*WHOSE, "id", "state", "decision_id")

KINDS: Mapping[str, MessageKind] = {
    "refund_request.approved": MessageKind(
        Text("환급 신청이 승인되었습니다.", "A refund request was approved; its points are held."), REFUND_REQUEST
    ),
    "refund_request.denied": MessageKind(
        Text("환급 신청이 거절되었습니다.", "A refund request was denied by the rules; nothing is held."),
        REFUND_REQUEST,
    ),
    "refund_request.needs_review": MessageKind(
        Text("환급 신청을 사람이 검토해야 합니다.", "A person has to look at a refund request; its points are held."),
        REFUND_REQUEST,
    ),
    "refund_request.refused": MessageKind(
        Text(
            "검토 결과 환급 신청이 반려되었습니다.", "A refund request was refused after review; its points are back."
        ),
        REFUND_REQUEST,
    ),
    "refund_request.settled": MessageKind(
        Text("환급금이 지급되었습니다.", "A refund was paid out; its points are spent."), REFUND_REQUEST
    ),
    "refund_request.failed": MessageKind(
        Text("환급금 지급에 실패했습니다.", "The payout of a refund failed; its points are back."), REFUND_REQUEST
    ),
    "refund_request.cancelled": MessageKind(
        Text("환급 신청이 취소되었습니다.", "A refund request was cancelled; its points are back."), REFUND_REQUEST
    ),
    "refund_request.lapsed": MessageKind(
        Text("환급 신청의 기한이 지났습니다.", "A refund request was not settled in time; its points are back."),
        REFUND_REQUEST,
    ),
    "refund_request.reversed": MessageKind(
        Text("지급된 환급이 되돌려졌습니다.", "A refund that was paid out was undone."), REFUND_REQUEST
    ),
    "points.earned": MessageKind(Text("포인트가 적립되었습니다.", "Points were granted for an event."), OF_AN_EVENT),
    "points.taken_back": MessageKind(
        Text("적립된 포인트가 회수되었습니다.", "Points were taken back; what the lots lacked is a debt in points."),
        (*OF_AN_EVENT, "debt", "reasons"),
    ),
    "points.given_back": MessageKind(
        Text(
            "대신 회수했던 포인트를 돌려주었습니다.",
            "Points that were taken back in the place of others are there again: those others came back.",
        ),
        OF_AN_EVENT,
    ),
    "points.repaid": MessageKind(
        Text(
            "들어온 포인트로 부족 포인트를 갚았습니다.",
            "Points that came paid off points that were owed; `debt` is what is owed still.",
        ),
        (*WHOSE, "points", "lots", "debt"),
    ),
    "points.expired": MessageKind(Text("포인트가 만료되었습니다.", "Points expired."), OF_A_DAY),
    "points.charged": MessageKind(
        Text("휴면 계정의 포인트가 차감되었습니다.", "Points of a dormant account were charged."),
        OF_A_DAY,
    ),
    "points.notice": MessageKind(
        Text("회원에게 미리 알릴 일이 있습니다.", "A member is to be told before points expire or are charged."),
        (*WHOSE, "on", "points", "last_usable_on", "charged_on", "reasons"),
    ),
    "inquiry.opened": MessageKind(
        Text("문의가 접수되었습니다.", "A member contests or asks about something."), INQUIRY
    ),
    "inquiry.answered": MessageKind(Text("문의에 답변했습니다.", "An inquiry was answered."), INQUIRY),
    "policy.published": MessageKind(
        Text("정책의 새 버전이 게시되었습니다.", "A version of a policy was published."), VERSION
    ),
    "policy.withdrawn": MessageKind(
        Text(
            "정책의 최신 버전이 철회되어 이전 글이 다시 게시되었습니다.",
            "The newest version of a policy was withdrawn: the text of an earlier one, `restores`, is published again.",
        ),
        (*VERSION, "withdrawn", "restores"),
    ),
}


def refund_request_data(filed: Filed) -> dict[str, Any]:
    """What every `refund_request.*` message carries, of a request as it is now."""
    decision = filed.decision
    return {
        "policy": decision["policy"],
        "account": filed.account,
        "id": filed.id,
        "state": filed.state,
        "points": filed.points,
        "method": filed.method,
        "fee": decision["fee"],
        "payout": decision["payout"],
        "payable_on": decision["payable_on"],
        # Decisions of before 0004 have none.
        "last_held_on": decision.get("last_held_on"),
        "requested_at": filed.requested_at,
        "decision_id": filed.decision_id,
        "reasons": [{name: reason[name] for name in (*TOLD, "effect")} for reason in decision["reasons"]],
    }


def lots_data(lots: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The `lots` of a message about points, and their sum."""
    parts = [{"lot": lot, "points": points} for lot, points in lots]
    return {"points": sum(points for _, points in lots), "lots": parts}


def reasons_data(reasons: Iterable[Expired | Reason | Told]) -> list[dict[str, str]]:
    """The `reasons` of a message about points: the rules that spoke, and their sentences."""
    told = ({name: getattr(reason, name) for name in TOLD} for reason in reasons)
    # One rule may say the same of many lots.
    return list({tuple(each.values()): each for each in told}.values())
