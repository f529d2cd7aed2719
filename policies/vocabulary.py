"""Every fact that a rule may name: the common ones, and those that a programme declares for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from policies.model import WEEKDAYS, Fact, Text

APPLICANTS = ("member", "guardian", "agent", "heir")
CHANNELS = ("web", "app", "call_centre")
EVENTS = ("bill_paid", "purchase", "purchase_cancelled", "promotion_joined", "points_used")
MONEY_EVENTS = ("bill_paid", "purchase", "points_used")
"""Those that say nothing without an amount."""
UNDOES: Mapping[str, tuple[str, ...]] = {"purchase_cancelled": ("purchase", "points_used")}
"""The common events that are there to undo another, and the types that each undoes."""
STATUSES = ("active", "dormant", "suspended", "closed")
OWN_SCOPES = ("account", "lot", "request", "event")
"""What a programme can declare facts of."""

TYPES = ("points", "money", "number", "date", "text", "flag")
"""The types, beside choices, of the facts that a file may declare. What is worked out may be a percent, too."""
IDENTITIES = (
    "account.id",
    "lot.id",
    "request.id",
    "event.id",
    "request.requested_at",
    "request.papers",
    "event.happened_at",
)
"""What a case says beside its facts, and no file can declare as one."""

WORDS: Mapping[str, Text] = {
    "active": Text("정상", "active"),
    "dormant": Text("휴면", "dormant"),
    "suspended": Text("정지", "suspended"),
    "closed": Text("해지", "closed"),
    "person": Text("개인", "person"),
    "company": Text("법인", "company"),
    "web": Text("웹", "web"),
    "app": Text("앱", "app"),
    "call_centre": Text("고객센터", "call centre"),
    "member": Text("본인", "the member"),
    "guardian": Text("법정대리인", "a guardian"),
    "agent": Text("대리인", "an agent"),
    "heir": Text("상속인", "an heir"),
    "other": Text("타인", "somebody else"),
    "unknown": Text("미확인", "unknown"),
    "bill_paid": Text("요금 납부", "paying a bill"),
    "purchase": Text("구매", "a purchase"),
    "purchase_cancelled": Text("구매 취소", "cancelling a purchase"),
    "promotion_joined": Text("프로모션 참여", "joining a promotion"),
    "points_used": Text("포인트 사용", "using points"),
    "monday": Text("월요일", "Monday"),
    "tuesday": Text("화요일", "Tuesday"),
    "wednesday": Text("수요일", "Wednesday"),
    "thursday": Text("목요일", "Thursday"),
    "friday": Text("금요일", "Friday"),
    "saturday": Text("토요일", "Saturday"),
    "sunday": Text("일요일", "Sunday"),
}
"""How the members of the common choices are called in sentences."""

COMMON = (
    Fact("account.status", "choice", "회원 상태", "the account's status", STATUSES, "active"),
    Fact("account.kind", "choice", "회원 구분", "the kind of account", ("person", "company"), "person"),
    Fact("account.identity_level", "number", "본인확인 수준", "the identity level", default=0),
    Fact("account.joined_on", "date", "가입일", "the day of joining", required=True),
    Fact("account.born_on", "date", "생년월일", "the day of birth", none=True),
    Fact("account.contact_verified", "flag", "연락처 확인 여부", "contact data verified", default=False),
    Fact("account.contact_changed_on", "date", "연락처 변경일", "the day contact data last changed", none=True),
    Fact("account.last_activity_on", "date", "최근 이용일", "the day of the last activity", none=True),
    Fact("account.debt", "money", "미납 금액", "the debt", default=0),
    Fact("account.points_debt", "points", "부족 포인트", "the points owed", default=0),
    Fact("account.age", "number", "만 나이", "the age", derived=True),
    Fact("account.year_age", "number", "연 나이", "the age by year of birth", derived=True),
    Fact("lot.campaign", "text", "캠페인", "the lot's campaign", default=""),
    Fact("lot.acquired_on", "date", "적립일", "the day the lot was earned", required=True),
    Fact("lot.usable_from_on", "date", "사용 가능일", "the day the lot becomes usable"),
    Fact("lot.expires_on", "date", "자체 유효기간", "the lot's own last usable day", none=True),
    Fact("lot.amount", "points", "적립 포인트", "the number of points the lot was granted with", required=True),
    Fact("lot.left", "points", "남은 포인트", "the number of points left in the lot"),
    Fact("lot.locked", "flag", "잠김 여부", "lot locked", default=False),
    Fact("lot.untouched", "flag", "미사용 여부", "lot untouched", derived=True),
    Fact("lot.used", "points", "사용 포인트", "the number of points used of the lot", derived=True),
    Fact("lot.used_rate", "percent", "사용 비율", "the share used of the lot", derived=True),
    Fact("lot.chosen", "flag", "회원 선택 여부", "lot chosen by the member", derived=True),
    Fact(
        "lot.identity_level",
        "number",
        "적립 당시 본인확인 수준",
        "the identity level when the lot was earned",
        default=0,
    ),
    Fact("request.points", "points", "신청 포인트", "the number of points asked for", required=True),
    Fact("request.channel", "choice", "신청 경로", "the channel", CHANNELS, "web"),
    Fact("request.applicant", "choice", "신청인", "the applicant", APPLICANTS, "member"),
    Fact("request.requested_on", "date", "신청일", "the day of the request", derived=True),
    Fact("request.day_of_month", "number", "신청일의 일자", "the day of the month of the request", derived=True),
    Fact("request.weekday", "choice", "신청일의 요일", "the day of the week of the request", WEEKDAYS, derived=True),
    Fact("request.chosen_lots", "number", "선택한 적립분 수", "the number of lots chosen", derived=True),
    Fact("request.receiving_account", "text", "입금 계좌", "the receiving account", default=""),
    Fact(
        "request.receiving_holder",
        "choice",
        "예금주",
        "the holder of the receiving account",
        (*APPLICANTS, "company", "other", "unknown"),
        "unknown",
    ),
    Fact("request.destination_balance", "money", "받는 곳의 잔액", "what the destination holds", default=0),
    Fact("event.type", "choice", "이벤트", "the event", EVENTS, required=True),
    Fact("event.amount", "money", "이벤트 금액", "the event's amount", default=0),
    Fact("event.campaign", "text", "이벤트 캠페인", "the event's campaign", default=""),
    Fact("event.partner", "text", "제휴사", "the partner", default=""),
    Fact("event.of", "text", "원 이벤트", "the event that this one undoes", default=""),
    Fact("event.happened_on", "date", "이벤트일", "the day of the event", derived=True),
    Fact("event.day_of_month", "number", "이벤트일의 일자", "the day of the month of the event", derived=True),
    Fact("event.weekday", "choice", "이벤트일의 요일", "the day of the week of the event", WEEKDAYS, derived=True),
    Fact("day.today", "date", "오늘", "today", derived=True),
)
"""The facts of every programme but `lot.source` and `request.method`, whose members each file declares.

`lot.usable_from_on` is the day of earning where it is not given, and `lot.left` the whole amount. What is `derived`
follows from the rest: `lot.untouched`, `lot.used` and `lot.used_rate` from amount and left, the ages from the day of
birth and the day of the request or event (0 where the birthday is not known, so that nobody passes for grown up
unseen), `lot.chosen` and `request.chosen_lots` from the lots that the request names, and `request.requested_on` and
`event.happened_on` are the local day of the instant, beside its day of the month and of the week. `day.today` is the
day that dormancy and notice rules are asked about.
"""


def vocabulary(
    sources: Iterable[str], methods: Iterable[str], declared: Iterable[Fact], events: Iterable[str] = ()
) -> dict[str, Fact]:
    """The facts of one programme by path. `events` are the types of events that it has beside the common ones."""
    programme = (
        Fact("lot.source", "choice", "적립 유형", "the lot's source", tuple(sources), required=True),
        Fact("request.method", "choice", "환급 방법", "the refund method", tuple(methods), required=True),
    )
    facts = {fact.path: fact for fact in (*COMMON, *programme, *declared)}
    facts["event.type"] = replace(facts["event.type"], choices=(*EVENTS, *events))
    return facts
