"""The words of the author's and the approver's pages: states of drafts and steps, and parts of a decision."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import pass_context
from jinja2.runtime import Context

from policies.flow import written
from policies.model import Text
from service.impact_report import OUTCOMES

STATES: Mapping[str, Text] = {
    "checking": Text("검사 중", "Being checked"),
    "failed": Text("검사 실패", "Failed a check"),
    "ready": Text("승인 대기", "Waiting for approval"),
    "published": Text("발행됨", "Published"),
    "rejected": Text("반려됨", "Rejected"),
    "outdated": Text("낡음", "Out of date"),
}
TONES = {"failed": "bad", "rejected": "bad", "ready": "warn", "outdated": "warn", "published": "good"}

STEPS: Mapping[str, Text] = {
    "check": Text("검사", "Check"),
    "test": Text("시나리오", "Scenarios"),
    "pin": Text("핀", "Pins"),
    "prove": Text("증명", "Proofs"),
    "effect": Text("영향", "Effect"),
    "approval": Text("승인", "Approval"),
    "effective": Text("시행", "In effect"),
}
STANDINGS: Mapping[str, tuple[str, str, Text]] = {
    "done": ("✓", "good", Text("끝남", "Done")),
    "failed": ("✗", "bad", Text("실패", "Failed")),
    "unknown": ("?", "warn", Text("일부 모름", "Partly unknown")),
    "running": ("…", "", Text("진행 중", "Under way")),
    "waiting": ("…", "warn", Text("대기", "Waiting")),
    "later": ("–", "plain", Text("아직", "Not yet")),
    "never": ("–", "plain", Text("하지 않음", "Not reached")),
}
"""How a step stands: its sign, how that looks, and in words."""

PASSED: Mapping[str, Text] = {
    "check": Text("규칙 {count}개를 읽었고 잘못이 없습니다.", "Nothing is wrong with its {count} rules."),
    "test": Text(
        "시나리오가 모두 통과했습니다: 표의 행까지 세어 {count}건.",
        "All scenarios pass: {count} cases, each row of a table counted.",
    ),
    "pin": Text(
        "수치와 조건을 하나씩 바꿔 본 {count}번 모두 시나리오가 알아챘습니다.",
        "A scenario notices each of {count} nudges.",
    ),
    "prove": Text(
        "규칙 {count}개에서 모순이나 빈틈을 찾지 못했습니다. 모든 경우를 따져 증명했습니다.",
        "Proved for every case: no contradiction and no gap among {count} rules.",
    ),
}
FAILED: Mapping[str, Text] = {
    "check": Text("파일에 잘못이 있습니다: {found}건.", "The files have problems: {found}."),
    "test": Text(
        "표의 행까지 센 시나리오 {count}건 중 기대와 다른 것이 있습니다: {places}건.",
        "Cases that fail: {places} of {count}, each row of a table counted.",
    ),
    "pin": Text(
        "{count}번 바꿔 본 것 중 어느 시나리오도 알아채지 못한 것이 있습니다: {found}건.",
        "Of {count} nudges, no scenario notices {found}.",
    ),
    "prove": Text("증명된 잘못이 있습니다: {found}건.", "Faults are proved: {found}."),
}
UNKNOWN = Text(
    "증명된 잘못은 없습니다. 시간 안에 알 수 없었던 것: {found}건. 승인하는 사람이 보십시오.",
    "No fault is proved. What could not be told in its time, for the approver to look at: {found}.",
)
UNDER_WAY = Text("지금 하고 있습니다. 몇 분 걸릴 수 있습니다.", "It is under way, which may take some minutes.")
MEND = Text("고쳐서 새 초안을 만드십시오.", "Mend the files and draft again.")
NOTHING_IN_FORCE = Text(
    "비교할 시행 중인 버전이 없습니다.", "No version is in force yet, so there is nothing to compare with."
)
WAITS = Text(
    "작성자가 아닌 다른 사람(다른 키)의 승인을 기다립니다.", "Waits for the approval of another key than its author's."
)
APPROVED = Text("{by} 승인.", "Approved by {by}.")
REJECTED = Text("{by} 반려: {why}", "Rejected by {by}: {why}")
OUTDATED = Text(
    "초안을 만든 뒤 다른 버전이 발행되어 승인할 수 없습니다. 그 위에서 새 초안을 만드십시오.",
    "Another version was published since, so it cannot be approved. Draft again on top of that.",
)
EFFECTIVE = Text("{policy} {version}: {at}부터 시행.", "{policy} {version}: in effect from {at}.")
FOLLOWED = Text(
    "{policy} {version}: {at}부터. 그 뒤 버전 {newest}도 발행되었습니다.",
    "{policy} {version}: from {at}. Version {newest} has been published since.",
)

KEYS: Mapping[str, Text] = {
    "outcome": Text("결과", "Outcome"),
    "payout": Text("지급액", "Payout"),
    "reasons": Text("이유", "Reasons"),
    "points": Text("포인트", "Points"),
    "gross": Text("공제 전 금액", "Before charges"),
    "fee": Text("수수료", "Fee"),
    "fees": Text("규칙별 수수료", "Fees by rule"),
    "tax": Text("세금", "Tax"),
    "offset": Text("상계", "Set off"),
    "payable_on": Text("지급일", "Paid on"),
    "last_held_on": Text("보류 마지막 날", "Held until"),
    "available": Text("환급 가능", "Can be refunded"),
    "allocation": Text("쓰인 포인트 묶음", "Lots that pay"),
    "remedies": Text("해결 방법", "What would help"),
}
"""The parts of a decision that have a name besides that of the scenario file."""

FAILURES: Mapping[str, Text] = {
    "bad_facts": Text("계정 정보가 이 규칙과 맞지 않음", "the facts of the account do not fit this text"),
    "conflict": Text("두 규칙이 서로 모순됨", "two of its rules contradict each other"),
    "not_in_force": Text("시작일이 아직 오지 않음", "its first day has not come"),
    "unreadable": Text("이 버전이 읽지 못함", "this release cannot read the text"),
    "bug": Text("저희 쪽 오류", "a fault of ours"),
}
SHADOW_STATES: Mapping[str, Text] = {
    "running": Text("함께 판정 중", "Deciding beside"),
    "ending": Text("남은 것을 마저 판정 중", "Deciding what is left"),
    "ended": Text("끝남", "Ended"),
}


@pass_context
def draft_state(context: Context, state: str) -> str:
    """What a state of a draft is called."""
    return STATES[state].in_language(context["language"])


def draft_tone(state: str) -> str:
    """How a state of a draft looks."""
    return TONES.get(state, "")


@pass_context
def part_name(context: Context, key: str) -> str:
    """What a part of a decision is called; its name in scenario files where it has no other."""
    return KEYS[key].in_language(context["language"]) if key in KEYS else key


@pass_context
def outcome_name(context: Context, outcome: str) -> str:
    """What an outcome is called; anything else stays as it is written."""
    return OUTCOMES[outcome].in_language(context["language"]) if outcome in OUTCOMES else outcome


FILTERS = {
    "written": written,
    "draft_state": draft_state,
    "draft_tone": draft_tone,
    "part_name": part_name,
    "outcome_name": outcome_name,
}
