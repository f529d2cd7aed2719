"""The words of an explanation, in Korean and English: sentences to be filled in, and headings."""

from __future__ import annotations

from policies.model import Text
from policies.problems import both

SUMMARIES = {
    "approved": Text(
        "환급 신청({amount})이 승인되었습니다. {method}{by} 받으실 금액은 {payout}입니다.{paid}",
        "Your refund of {amount} was approved. You receive {payout} as {method}.{paid}",
    ),
    "denied": Text("환급 신청({amount})이 거절되었습니다.", "Your refund of {amount} was denied."),
    "needs_review": Text(
        "환급 신청({amount})은 담당자가 확인한 뒤 결정합니다. 그대로 승인되면 {method}{by} 받으실 금액은"
        " {payout}입니다.{paid}",
        "A person looks at your refund of {amount} before it is decided. If it is approved as it is, you receive"
        " {payout} as {method}.{paid}",
    ),
}
PAID_BY = {
    "approved": Text(" 늦어도 {day}까지 지급됩니다.", " It is paid by {day} at the latest."),
    "needs_review": Text(" 늦어도 {day}까지 지급될 예정입니다.", " It is to be paid by {day} at the latest."),
}
PAYABLE = Text("늦어도 {day}까지 지급됩니다.", "It is paid by {day} at the latest.")
IF_APPROVED = Text("승인되면 {said}", "Once approved: {said}")
ERASED = Text(
    "정책이 정한 보관 기간({span})이 지나, 이 결정에 쓴 사실과 신청의 세부 내용은 지워졌습니다. 결정된 내용, 적용된"
    " 규칙, 금액은 남아 있습니다. 다시 판정하거나 이의를 제기할 수는 없습니다.",
    "The facts behind this decision and the particulars of the request were erased after {span}, the time that the"
    " policy keeps them. What was decided, the rules that spoke and the amounts stay. It can be neither decided again"
    " nor contested.",
)
SOURCE = Text(
    "이 설명은 {at}에 저장된 결정을 바탕으로 작성했습니다. 적용된 정책은 {title}입니다. 약관: {terms}",
    "Made from the decision that was kept on {at}. The policy that applied: {title}. Terms: {terms}",
)
DRAFT_SOURCE = Text(
    "이 설명은 저장하지 않은 결정을 바탕으로 작성했습니다. 적용된 정책은 {title}입니다. 약관: {terms}",
    "Made from a decision that was not kept. The policy that applied: {title}. Terms: {terms}",
)
RECORD = {
    "decision": both("결정 번호", "Decision"),
    "policy": both("정책", "Policy"),
    "engine": both("엔진", "Engine"),
    "digest": both("정책 지문", "Digest of the policy"),
}
"""What somebody needs to look a decision up and check it, which is nothing for a member to read."""

DRAFT = both("미게시", "draft")
ARTICLE = {"ko": "약관 {article}", "en": "{article}"}
OWN_ARTICLE = both("모든 정책에 공통인 규칙", "a rule of every policy")
ALL_POINTS = both("전체 포인트", "all points")
ALL_OF = both("전체 {points}", "all {points}")
LABELLED = Text("{label}: {value}", "{label}: {value}")
LOT = Text("{source} {points}포인트({day} 적립)", "{source}: {points} points (earned on {day})")
LOT_TO_COME = Text(
    "{source} {points}포인트({day} 적립, {usable}부터 사용 가능)",
    "{source}: {points} points (earned on {day}, usable from {usable})",
)
LOT_BY_ID = Text("포인트(번호 {lot}): {points}포인트", "Points (number {lot}): {points} points")
LOTS = {
    "pays": Text("{lot}: {points}포인트 사용{last}", "{lot}: {points} of them are used{last}"),
    "can": Text("{lot}: 사용하지 않음{last}", "{lot}: none are used{last}"),
    "there": Text("{lot}{last}", "{lot}{last}"),
    "cannot": Text("{lot}: 환급할 수 없음. {why}", "{lot}: cannot be refunded. {why}"),
}
LAST_DAY = Text(", 마지막 사용일 {day}{because}", "; last usable day {day}{because}")
NO_LAST_DAY = Text(", 유효기간 없음{because}", "; they never expire{because}")
REFUNDABLE_FROM = Text("{lot}: {day}부터 환급 가능", "{lot}: can be refunded from {day} on")
ENDS_BEFORE = Text(
    "{lot}: 환급할 수 있게 되기 전에 유효기간이 끝남(마지막 사용일 {day})",
    "{lot}: expire before they could be refunded (last usable day {day})",
)
ENDED = Text("{lot}: 마지막 사용일 {day}", "{lot}: last usable day {day}")
THAT_DAY = both("아래에 적힌 날", "the day named below")
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

PLAIN = Text("{amount}", "{amount}")
BOUNDS = {
    "is": PLAIN,
    "at_least": Text("{amount} 이상", "{amount} or more"),
    "over": Text("{amount} 초과", "more than {amount}"),
    "at_most": Text("{amount} 이하", "{amount} or less"),
    "under": Text("{amount} 미만", "less than {amount}"),
}
LEVELS = {
    **BOUNDS,
    "at_least": Text("{amount} 이상", "{amount} or higher"),
    "at_most": Text("{amount} 이하", "{amount} or lower"),
}
EARNED_AT = Text("적립할 때 {level}", "{level} when they were earned")
OWN_LEVEL = Text("이 포인트는 {levels}단계", "these points: level {levels}")
SPANS = {
    ("that", "at_least_ago"): Text("{fact}부터 {span}이 지나야 합니다", "{span} must have passed since {fact}"),
    ("that", "under_ago"): Text(
        "{fact}부터 {span}이 지나지 않아야 합니다", "less than {span} may have passed since {fact}"
    ),
    ("when", "at_least_ago"): Text("{fact}부터 {span}이 지난 경우입니다", "{span} or more have passed since {fact}"),
    ("when", "under_ago"): Text(
        "{fact}부터 {span}이 지나지 않은 경우입니다", "less than {span} have passed since {fact}"
    ),
    ("unless", "at_least_ago"): Text(
        "{fact}부터 {span}이 지나면 이 규칙은 적용되지 않습니다", "this ends once {span} have passed since {fact}"
    ),
    ("unless", "under_ago"): Text(
        "{fact}부터 {span}이 지나기 전에는 이 규칙이 적용되지 않습니다",
        "this begins once {span} have passed since {fact}",
    ),
}
"""A span that a condition compares: of what must hold, of when a rule applies, and of what lifts it."""

AGES = {
    ("that", "at_least_ago"): Text("만 {years}세 이상이어야 합니다", "{years} years old or more"),
    ("that", "under_ago"): Text("만 {years}세 미만이어야 합니다", "under {years} years old"),
    ("when", "at_least_ago"): Text("만 {years}세 이상인 경우입니다", "{years} years old or more"),
    ("when", "under_ago"): Text("만 {years}세 미만인 경우입니다", "under {years} years old"),
    ("unless", "at_least_ago"): Text("만 {years}세부터 적용되지 않습니다", "this ends at {years} years of age"),
    ("unless", "under_ago"): Text("만 {years}세 미만에는 적용되지 않습니다", "this begins at {years} years of age"),
}
"""The same of the day of birth in years."""

FEE_AT_LEAST = both("최소 {money}", "at least {money}")
FEE_AT_MOST = both("최대 {money}", "at most {money}")
FREE_TRANSFERS = Text("{methods}{window} {first}회까지 무료", "free of charge in {window}: {first}{methods}")
FREE_METHODS = Text("{methods} ", " as {methods}")
WITHIN = {
    "day": "하루에",
    "week": "한 주에",
    "month": "한 달에",
    "quarter": "한 분기에",
    "year": "한 해에",
    "ever": "통틀어",
}
PAID_WITHIN = both("신청일부터 {span} 안에 지급", "paid within {span} of the request")
OWN_LAST_DAY = both("적립할 때 정해진 날", "the day that was set when they were earned")
SET_LAST_DAY = both("{article}에서 정한 날", "the day set by {article}")
LIFE = Text("{fact}부터 {span}{end}", "{span} from {fact}{end}")
LIFE_OF_NO_SPAN = Text("{fact}{end}", "{fact}{end}")
IDLE_LIFE = Text(
    "{fact}이나 그 뒤 마지막 이용일부터 {span}{end}", "{span} from {fact} or the last activity after it{end}"
)
LIFE_ENDS = {
    "day": Text("", ""),
    "month_end": both("이 되는 달의 말일까지", ", to the end of that month"),
    "quarter_end": both("이 되는 분기의 말일까지", ", to the end of that quarter"),
    "half_year_end": both("이 되는 반기의 말일까지", ", to the end of that half year"),
    "year_end": both("이 되는 해의 말일까지", ", to the end of that year"),
}
INSTEAD_OF = Text("보통의 기준인 {article}({usual})은 적용되지 않음", "the usual {article} ({usual}) does not apply")

WOULD_PASS = {
    "approved": Text("{asked}{object} {method}{by} 신청하시면 승인됩니다.", "This request would be approved: {asked}."),
    "needs_review": Text(
        "{asked}{object} {method}{by} 신청하시면 담당자가 확인한 뒤 결정합니다.",
        "A person would look at this request first: {asked}.",
    ),
}
WITH_PAPERS = Text("다음 서류({papers})를 함께 내고 ", ", with {papers}")
AT_A_TIME = Text("{at}에 ", ", asked at {at}")
FOR_METHOD = Text("", "{amount}, paid as {method}")
WITHOUT_WAITING = Text(
    "그날까지 기다리지 않아도 되는 방법이 있습니다. {needed} 그렇게 하고 {passes}",
    "There is a way without waiting. {needed} Then: {passes}",
)
AFTER_THE_REASONS = Text(
    "위의 거절 사유를 먼저 해결해 주세요. {needed} 그렇게 하고 {passes}",
    "What the reasons above ask for comes first. {needed} Then: {passes}",
)
OTHERWISE = Text("기다리시는 경우: {later}", "If you wait: {later}")
WOULD_PAY = {
    "approved": Text("이 경우 받으실 금액은 {payout}입니다.{kept}{paid}", "You would receive {payout}.{kept}{paid}"),
    "needs_review": Text(
        "승인되면 받으실 금액은 {payout}입니다.{kept}{paid}", "Once approved, you would receive {payout}.{kept}{paid}"
    ),
}
KEPT_BACK = Text(" 내역: 환급액 {gross}, {parts}.", " That is {gross} less {parts}.")
CHARGED = Text("{said} ({article})", "{said} ({article})")
PARTS = {
    "fee": both("수수료 {amount}", "a fee of {amount}"),
    "tax": both("세금 {amount}", "tax of {amount}"),
    "offset": both("상계 {amount}", "{amount} set off against what you owe"),
}
BASIS = {
    "asked": Text(
        "신청하신 때의 포인트와 회원 정보로 실제 심사해 확인한 결과입니다.",
        "This was really decided, with your points and your account as they were when you asked.",
    ),
    "later": Text(
        "그때까지 포인트와 회원 정보에 변동이 없는 것으로 보고 실제 심사해 확인한 결과입니다.",
        "This was really decided, as if nothing about your points and your account changes until then.",
    ),
    "changed": Text(
        "나머지는 신청하신 때와 같은 것으로 보고 실제 심사해 확인한 결과입니다.",
        "This was really decided, as if everything else were as it was when you asked.",
    ),
}
"""On what the nearest request was decided: as it was, on a later day, or with something changed."""

NOTHING = Text(
    "금액, 환급 방법, 서류, 날짜를 바꾸어도 승인되는 신청을 찾지 못했습니다. 위의 거절 사유를 먼저 해결해 주세요.",
    "No request was found that passes with another amount, method, papers or day. What the reasons above ask for has"
    " to change first.",
)
CONTEST = {
    "decided": Text(
        "이 결정은 정해진 규칙에 따라 자동으로 내려졌습니다. 결정에 대한 설명이나 담당자의 재검토를 요구하실 수 있으며,"
        " {days}일 안에 답변해 드립니다. {where} 결정 번호({id})를 알려 주시고 이의를 제기해 주세요.",
        "This decision was made automatically, by fixed rules. You may demand an explanation and a review by a person,"
        " and are answered within {days} days. Contest it {where}, naming the decision {id}.",
    ),
    "needs_review": Text(
        "이 신청은 자동 심사에서 담당자 확인 대상으로 분류되었습니다. 이에 대한 설명이나 담당자의 재검토를 요구하실 수"
        " 있으며, {days}일 안에 답변해 드립니다. {where} 결정 번호({id})를 알려 주시고 이의를 제기해 주세요.",
        "This request was picked out automatically for a person to look at. You may demand an explanation and a review"
        " by a person, and are answered within {days} days. Contest it {where}, naming the decision {id}.",
    ),
}
CONTEST_WHERE = {
    True: both("고객센터나 앱의 문의에서", "with the call centre or in the app"),
    False: both("고객센터에", "with the call centre"),
}
"""By whether the account is one that can write an inquiry."""

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
        "nearest_review": "담당자 확인으로 넘어갈 수 있는 신청",
        "no_nearest": "다르게 신청하시는 경우",
        "contest": "이의를 제기하시려면",
        "more": "규칙 자세히 보기",
        "rule": "규칙",
        "record": "기록 확인용 정보",
    },
    "en": {
        "title": "Explanation of the decision",
        "asked": "What was asked",
        "lots": "Points that can be refunded",
        "no_lots": "There are no points that can be refunded.",
        "nearest": "What would have passed",
        "nearest_review": "What would have gone to a person to look at",
        "no_nearest": "Asking otherwise",
        "contest": "How to contest it",
        "more": "More of this rule",
        "rule": "Rule",
        "record": "For checking the record",
    },
}
SUMS = {
    "gross": both("환급액", "Refund"),
    "fee": both("수수료", "Fee"),
    "tax": both("세금", "Tax"),
    "offset": both("상계(미납 요금 등)", "Set off against what you owe"),
    "payout": Text("{method}{by} 받으실 금액", "You receive as {method}"),
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
    "last_held_on": both("보류 마지막 날", "Points are held until"),
    "flat": both("정액", "Flat amount"),
    "bonus": both("보너스", "Bonus"),
    "every": both("단위 포인트", "For every so many points"),
    "pays": both("단위당 금액", "Paid for them"),
    "above": both("과세 기준 금액", "Taxed above"),
    "rest": both("남은 미납액", "Still owed"),
    "payout": both("지급액", "Paid out"),
    "gross": both("환급액", "Refund"),
}

NEEDED = {
    "request.points": Text("{amount}{by} 신청하시면 됩니다.", "Ask for {amount}."),
    "request.money": Text("{amount}{by} 신청하시면 됩니다.", "Ask for {amount}."),
    "request.method": Text("환급 방법을 {amount}{by} 바꾸시면 됩니다.", "Choose {amount} as the way to be paid."),
    "request.requested_on": Text("{amount}이 되면 다시 신청하실 수 있습니다.", "You can ask again on {amount}."),
    "request.applicant": Text("{amount}{subject} 신청해야 합니다.", "It has to be asked for by {amount}."),
    "request.channel": Text("{amount}{by} 신청해야 합니다.", "Please ask by this channel: {amount}."),
    "request.receiving_holder": Text(
        "예금주가 {amount}{being} 합니다.", "The receiving account has to be held by {amount}."
    ),
    "account.contact_verified": Text("연락처 인증을 마치셔야 합니다.", "Your contact data has to be verified first."),
    "account.points_debt": Text(
        "갚을 포인트가 {amount}{being} 합니다.", "The points that you owe have to be {amount}."
    ),
    "account.identity_level": Text("{amount}{being} 합니다.", "You need {amount}."),
    "account.debt": Text("미납 금액이 {amount}{being} 합니다.", "Your unpaid bills have to be {amount}."),
}
"""What would help, by the fact that would have to be otherwise."""

NEEDED_OF = {
    "other": Text("{fact}{of_fact} {amount}{being} 합니다.", "This would have to be so: {fact} is {amount}."),
    "yes": Text("다음에 해당하셔야 합니다: {fact}.", "This would have to be so: {fact}."),
    "no": Text("다음에 해당하지 않으셔야 합니다: {fact}.", "This would have to be otherwise: {fact}."),
    "none": Text("{fact}{of_fact} 없어야 합니다.", "There may be no such thing: {fact}."),
}
NO_POINTS_OWED = Text("갚을 포인트가 남아 있지 않아야 합니다.", "No points may be owed any more.")
NO_DEBT = Text("미납 금액이 남아 있지 않아야 합니다.", "No bill may be unpaid any more.")
AGAIN_FROM = Text("{at}부터 다시 신청하실 수 있습니다.", "You can ask again from {at} on.")
PAPERS_NEEDED = Text("다음 서류를 함께 내 주세요: {papers}", "Send these papers, too: {papers}")
