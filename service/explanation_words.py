"""The words of an explanation, in Korean and English: sentences to be filled in, and headings."""

from __future__ import annotations

from policies.model import Text
from policies.problems import both

SUMMARIES = {
    "approved": Text(
        "환급 신청({amount})이 승인되었습니다. 받으실 금액은 {payout}입니다.{paid}",
        "Your refund of {amount} was approved. You receive {payout}.{paid}",
    ),
    "denied": Text("환급 신청({amount})이 거절되었습니다.", "Your refund of {amount} was denied."),
    "needs_review": Text(
        "환급 신청({amount})은 담당자가 확인한 뒤 결정합니다. 그대로 승인되면 받으실 금액은 {payout}입니다.{paid}",
        "A person looks at your refund of {amount} before it is decided. If it is approved as it is, you receive"
        " {payout}.{paid}",
    ),
}
PAID_BY = Text(" 지급일은 {day}입니다.", " It is paid by {day}.")
PAYABLE = Text("{day}까지 지급됩니다.", "It is paid by {day}.")
ERASED = Text(
    "정책이 정한 보관 기간({span})이 지나, 이 결정에 쓴 사실과 신청의 세부 내용은 지워졌습니다. 결정된 내용, 적용된"
    " 규칙, 금액은 남아 있습니다. 다시 판정하거나 이의를 제기할 수는 없습니다.",
    "The facts behind this decision and the particulars of the request were erased after {span}, the time that the"
    " policy keeps them. What was decided, the rules that spoke and the amounts stay. It can be neither decided again"
    " nor contested.",
)
SOURCE = Text(
    "이 설명은 저장된 결정 {id}({at})을 바탕으로 작성했습니다.",
    "Made from the kept decision {id} ({at}).",
)
DRAFT_SOURCE = Text("이 설명은 저장하지 않은 결정을 바탕으로 작성했습니다.", "Made from a decision that was not kept.")
APPLIED = Text(
    "적용된 정책: {title} {policy}@{version}({digest}), 엔진 {engine}. 약관: {terms}",
    "Policy: {title}, {policy}@{version} ({digest}), engine {engine}. Terms: {terms}",
)
DRAFT = both("미게시", "draft")
ARTICLE = {"ko": "약관 {article}", "en": "{article}"}
OWN_ARTICLE = both("모든 정책에 공통인 규칙", "a rule of every policy")
ALL_POINTS = both("전체 포인트", "all points")
LOT = Text("{source} {points}포인트({day} 적립)", "{source}: {points} points (earned on {day})")
LOT_TO_COME = Text(
    "{source} {points}포인트({day} 적립, {usable}부터 사용 가능)",
    "{source}: {points} points (earned on {day}, usable from {usable})",
)
LOT_BY_ID = Text("포인트 묶음 {lot}: {points}포인트", "lot {lot}: {points} points")
LOTS = {
    "pays": Text("{lot}: {points}포인트 사용{last}", "{lot}: {points} of them are used{last}"),
    "can": Text("{lot}: 사용하지 않음{last}", "{lot}: none are used{last}"),
    "there": Text("{lot}{last}", "{lot}{last}"),
    "cannot": Text("{lot}: 환급할 수 없음. {why}", "{lot}: cannot be refunded. {why}"),
}
LAST_DAY = Text(", 마지막 사용일 {day}", "; last usable day {day}")
NO_LAST_DAY = both(", 유효기간 없음", "; they never expire")
MORE_LOTS = Text("그 밖에 {count}건, {points}포인트", "and {count} more, with {points} points")
SET_ASIDE = Text("모두 {points}포인트입니다.", "{points} points in all.")

VALUE = both("적용된 기준", "The figure that applied")
FIGURE = Text("적용된 기준: {figure}{because}", "The figure that applied: {figure}{because}")
SINCE = both("{since}부터", "since {since}")
UNTIL = both("{until}까지", "until {until}")
FROM_TO = both("{since}부터 {until}까지", "from {since} to {until}")
OF_LOTS = both("{period} 적립된 포인트", "points earned {period}")
BY_FACT = Text("{fact} {period}", "{fact}: {period}")
WITHOUT_DAY = both("날짜가 없을 때", "where there is no such day")

WOULD_PAY = Text("이 경우 받으실 금액은 {payout}입니다.{kept}{paid}", "You would receive {payout}.{kept}{paid}")
KEPT_BACK = Text(" 내역: 환급액 {gross}, {parts}.", " That is {gross} less {parts}.")
PARTS = {
    "fee": both("수수료 {amount}", "a fee of {amount}"),
    "tax": both("세금 {amount}", "tax of {amount}"),
    "offset": both("상계 {amount}", "{amount} set off against what you owe"),
}
BASIS = {
    False: Text(
        "신청하신 때의 포인트와 회원 정보로 실제로 판정해 본 결과입니다.",
        "This was really decided, with your points and your account as they were when you asked.",
    ),
    True: Text(
        "그때까지 포인트와 회원 정보에 변동이 없는 것으로 보고 실제로 판정해 본 결과입니다.",
        "This was really decided, as if nothing about your points and your account changes until then.",
    ),
}
"""On what the nearest request was decided; by whether it is a later one."""

NOTHING = Text(
    "금액, 환급 방법, 서류, 날짜를 바꾸어도 승인되는 신청을 찾지 못했습니다. 위에 적힌 거절 사유가 먼저 해결되어야"
    " 합니다.",
    "No request was found that passes with another amount, method, papers or day. What the reasons above ask for has"
    " to change first.",
)
CONTEST = Text(
    "이 결정은 정해진 규칙에 따라 자동으로 내려졌습니다. 결정에 대한 설명이나 담당자의 재검토를 요구하실 수 있으며,"
    " {days}일 안에 답변해 드립니다. 고객센터나 앱의 문의에서 결정 번호 {id}로 이의를 제기해 주십시오.",
    "This decision was made automatically, by fixed rules. You may demand an explanation and a review by a person, and"
    " are answered within {days} days. Contest it with the call centre or in the app, naming the decision {id}.",
)
GROUPS = {
    "denies": both("거절된 이유", "Why it was denied"),
    "reviews": both("담당자가 확인하는 이유", "Why a person looks at it first"),
    "amounts": both("금액 계산", "How the amount was worked out"),
    "pays": both("지급 시기", "When it is paid"),
    "sets_aside": both("환급할 수 없는 포인트", "Points that cannot be refunded"),
}
"""What a rule that spoke did, in the order in which a member is told."""

GROUP_OF = {"denies": "denies", "reviews": "reviews", "excludes": "sets_aside", "prices": "amounts"}
GROUP_OF |= {"charges": "amounts", "pays": "pays"}

HEADINGS = {
    "ko": {
        "title": "결정 설명서",
        "asked": "신청 내용",
        "lots": "환급할 수 있는 포인트",
        "no_lots": "환급할 수 있는 포인트가 없습니다.",
        "nearest": "승인될 수 있는 신청",
        "no_nearest": "다르게 신청하시는 경우",
        "contest": "이의를 제기하시려면",
        "more": "규칙 자세히 보기",
        "rule": "규칙",
    },
    "en": {
        "title": "Explanation of the decision",
        "asked": "What was asked",
        "lots": "Points that can be refunded",
        "no_lots": "There are no points that can be refunded.",
        "nearest": "What would have passed",
        "no_nearest": "Asking otherwise",
        "contest": "How to contest it",
        "more": "More of this rule",
        "rule": "Rule",
    },
}
SUMS = {
    "gross": both("환급액", "Refund"),
    "fee": both("수수료", "Fee"),
    "tax": both("세금", "Tax"),
    "offset": both("상계(미납 요금 등)", "Set off against what you owe"),
    "payout": both("받으실 금액", "You receive"),
}
ASKED = {
    "account": both("회원 계정", "Account"),
    "at": both("신청 시각", "Asked at"),
    "amount": both("신청 내용", "Asked for"),
    "papers": both("제출 서류", "Papers shown"),
    "lots": both("선택한 포인트", "Lots chosen"),
    "available": both("환급 가능한 포인트", "Points that can be refunded"),
}
FIGURES = {
    "points": both("신청 포인트", "Points asked for"),
    "money": both("신청 금액", "Money asked for"),
    "limit": both("한도", "Limit"),
    "measured": both("측정값", "Measured"),
    "used": both("이미 사용", "Used before"),
    "room": both("남은 한도", "Room left"),
    "available": both("환급 가능 포인트", "Available points"),
    "fee": both("수수료", "Fee"),
    "base": both("기준 금액", "Base"),
    "rate": both("비율", "Rate"),
    "tax": both("세금", "Tax"),
    "offset": both("상계액", "Set off"),
    "debt": both("미납액", "Debt"),
    "payable_on": both("지급일", "Paid by"),
    "papers": both("서류", "Papers"),
    "issued_within": both("발급 기한", "Issued within"),
    "from": both("시작 시각", "From"),
    "until": both("끝 시각", "Until"),
    "within": both("지급 기한", "Paid within"),
    "at_least_after": both("지급까지 최소 기간", "Paid at least after"),
    "counts_as_of": both("신청일로 보는 날", "Counts as asked on"),
    "last_held_on": both("포인트를 잡아 두는 마지막 날", "Points are held until"),
    "flat": both("정액", "Flat amount"),
    "bonus": both("보너스", "Bonus"),
    "every": both("단위 포인트", "For every so many points"),
    "pays": both("단위당 금액", "Paid for them"),
    "above": both("과세 기준 금액", "Taxed above"),
    "rest": both("남은 미납액", "Still owed"),
    "payout": both("지급액", "Paid out"),
    "gross": both("환급액", "Refund"),
}
