"""How pages say things: in the language of whoever reads, figures and days as people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from policies.model import Text
from policies.vocabulary import WORDS
from service.explanation_told import of_article

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

NOT_FOR_YOU = (
    Text("이 화면을 볼 권한이 없습니다.", "This page is not for you."),
    Text(
        "지금 로그인한 역할로는 볼 수 없습니다. 다른 키로 로그인하십시오.",
        "The roles that you are signed in with do not allow it. Sign in with another key.",
    ),
)
FORM_IS_OLD = (
    Text("이 양식은 더 쓸 수 없습니다.", "This form can no longer be used."),
    Text(
        "로그인이 끝났거나 다른 창에서 다시 로그인했습니다. 아무것도 바뀌지 않았습니다. 앞 화면을 새로 열고 다시"
        " 보내십시오.",
        "You were signed out, or signed in anew in another window. Nothing was changed. Go back, load the page again"
        " and send the form once more.",
    ),
)
NOTHING_HERE = (
    Text("찾는 화면이 없습니다.", "There is no such page."),
    Text("주소를 확인하거나 처음 화면으로 가십시오.", "Check the address, or go to the first page."),
)
TOO_LARGE = (
    Text("보낸 내용이 너무 큽니다.", "What was sent is too large."),
    Text("줄여서 다시 보내십시오. 아무것도 바뀌지 않았습니다.", "Send less. Nothing was changed."),
)
NOT_UNDERSTOOD = (
    Text("요청을 이해하지 못했습니다.", "The request was not understood."),
    Text(
        "앞 화면으로 돌아가 다시 하십시오. 아무것도 바뀌지 않았습니다.", "Go back and try again. Nothing was changed."
    ),
)
REFUSALS: Mapping[str, Text] = {
    "bad-request": Text("아래에 적힌 것을 고쳐 다시 보내십시오.", "Mend what is told below and send it again."),
    "not-found": Text(
        "주소를 확인하십시오. 지워졌거나 처음부터 없던 것입니다.", "Check the address: what it names is not here."
    ),
    "illegal-move": Text(
        "그 사이에 누가 먼저 했을 수 있습니다. 화면을 새로 열어 지금 상태를 보십시오.",
        "Somebody may have been earlier: load the page again and look how it stands.",
    ),
    "record-damaged": Text(
        "이 결정의 기록이 처음 적힌 것과 달라 보여 드리지 않습니다. 알려 주시면 사람이 확인합니다.",
        "What is kept of this decision is not what was written, so it is not shown. Tell us: a person has to look.",
    ),
    "version-damaged": Text(
        "여기에 적용할 규칙의 글이 게시한 것과 달라 답하지 않습니다. 알려 주시면 사람이 확인합니다.",
        "The text of the rules is not what was published, so there is no answer. Tell us: a person has to look.",
    ),
    "forbidden": Text(
        "지금 로그인한 역할로는 할 수 없습니다.", "The roles that you are signed in with do not allow it."
    ),
}
"""What is said of a refusal in place of the API's own words, which are for programs."""
UNAVAILABLE = (
    Text("지금은 답할 수 없습니다.", "There is no answer just now."),
    Text("잠시 뒤에 다시 하십시오. 아무것도 바뀌지 않았습니다.", "Try again in a moment. Nothing was changed."),
)
OUR_MISTAKE = (
    Text("저희 쪽에서 잘못되었습니다.", "Something went wrong on our side."),
    Text(
        "아무것도 바뀌지 않았습니다. 다시 해도 같으면 알려 주십시오.",
        "Nothing was changed. If it happens again, tell us.",
    ),
)

MENU: tuple[tuple[tuple[str, ...], str, Text], ...] = (
    (("member",), "/member", Text("내 포인트", "My points")),
    (("member",), "/member/history", Text("적립·사용 내역", "History")),
    (("member",), "/member/apply", Text("환급 신청", "Ask for a refund")),
    (("member",), "/member/requests", Text("신청 내역", "My requests")),
    (("member",), "/member/earning", Text("적립 방법", "Earn points")),
    (("member",), "/member/inquiries", Text("문의·이의", "Questions")),
    (("member",), "/member/help", Text("도움말", "Help")),
    (("agent", "approver"), "/agent", Text("상담 창구", "Desk")),
    (("agent", "approver"), "/agent/reviews", Text("검토 대기", "Reviews")),
    (("agent",), "/agent/inquiries", Text("문의·이의", "Inquiries")),
    (("author", "approver"), "/author", Text("정책", "Policies")),
    (("author", "approver"), "/author/workbench", Text("정책 작업대", "Workbench")),
    (("author", "approver", "auditor"), "/author/drafts", Text("초안·발행", "Drafts")),
    (("auditor",), "/auditor", Text("결정 찾기", "Decisions")),
    (("auditor",), "/auditor/rules", Text("규칙 통계", "Rules over time")),
    (("auditor",), "/auditor/points", Text("포인트 통계", "Points over time")),
)
"""The menu: for which roles, where to, and how it is called."""

ROLE_NAMES = {
    "member": Text("회원", "Member"),
    "agent": Text("상담원", "Agent"),
    "approver": Text("승인자", "Approver"),
    "author": Text("정책 작성자", "Policy author"),
    "auditor": Text("감사인", "Auditor"),
    "operator": Text("운영자", "Operator"),
    "caller": Text("연동 시스템", "Calling system"),
}
STATE_TONES = {
    **dict.fromkeys(("approved", "settled"), "good"),
    "needs_review": "warn",
    **dict.fromkeys(("denied", "refused", "failed"), "bad"),
}
INQUIRY_STATES = {
    "open": Text("답변 대기", "Waiting for an answer"),
    "answered": Text("답변 완료", "Answered"),
    "closed": Text("종료", "Closed"),
    "withdrawn": Text("철회", "Taken back"),
}
INQUIRY_OUTCOMES = {
    "upheld": Text("결정 유지", "The decision stays"),
    "overturned": Text("결정이 틀렸음", "The decision was wrong"),
    "explained": Text("설명함", "Explained"),
}
STATE_NAMES = {
    "approved": Text("승인", "Approved"),
    "needs_review": Text("검토 중", "Being looked at"),
    "denied": Text("거절", "Denied"),
    "refused": Text("거절", "Refused"),
    "settled": Text("지급 완료", "Paid"),
    "failed": Text("지급 실패", "Payout failed"),
    "cancelled": Text("취소", "Cancelled"),
    "lapsed": Text("기한 지남", "Lapsed"),
    "reversed": Text("되돌림", "Reversed"),
}
BECAME = {
    "approved": Text("담당자가 확인하고 승인했습니다.", "A person looked at it and approved it."),
    "refused": Text(
        "담당자가 확인하고 거절했습니다. 포인트는 그대로 남아 있습니다.",
        "A person looked at it and refused it. The points are still there.",
    ),
    "settled": Text("지급되었습니다.", "It was paid out."),
    "failed": Text("지급하지 못했습니다.", "It could not be paid out."),
    "cancelled": Text(
        "신청이 취소되었습니다. 포인트는 그대로 남아 있습니다.", "It was taken back. The points are still there."
    ),
    "lapsed": Text(
        "기한이 지나 신청이 끝났습니다. 환급되지 않았습니다.", "It ended, as its time was over. Nothing was refunded."
    ),
    "reversed": Text("지급이 되돌려졌습니다.", "The payout was reversed."),
}
"""What became of a refund request by its last move."""
SOON_DUE = 5
"""An inquiry with so many days left is shown as one to answer now."""
WEEKDAYS = ("월", "화", "수", "목", "금", "토", "일")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@pass_context
def translated(context: Context, ko: str, en: str, **figures: object) -> str:
    """One of two texts, filled in."""
    text: str = ko if context["language"] == "ko" else en
    return text.format(**figures) if figures else text


@pass_context
def points(context: Context, amount: int) -> str:
    """Points.

    >>> points({"language": "ko"}, 12000), points({"language": "en"}, 1)
    ('12,000포인트', '1 point')
    """
    if context["language"] == "ko":
        return f"{amount:,}포인트"
    return f"{amount:,} point{'' if amount == 1 else 's'}"


@pass_context
def money(context: Context, amount: int, currency: str = "KRW") -> str:
    """An amount of money.

    >>> money({"language": "ko"}, 12000), money({"language": "en"}, 12000)
    ('12,000원', '12,000 KRW')
    """
    return f"{amount:,}원" if currency == "KRW" and context["language"] == "ko" else f"{amount:,} {currency}"


@pass_context
def day(context: Context, written: str | None, zone: str = "Asia/Seoul") -> str:
    """A day, or that of an instant by the clock of a zone, as people write it; a dash where there is none.

    >>> day({"language": "ko"}, "2026-03-02"), day({"language": "en"}, "2026-03-02")
    ('2026년 3월 2일(월)', '2 Mar 2026')
    >>> day({"language": "en"}, "2026-03-02T16:00:00Z")
    '3 Mar 2026'
    """
    if written is None:
        return "–"
    on = datetime.fromisoformat(written)
    if "T" in written:
        on = on.astimezone(ZoneInfo(zone))
    if context["language"] == "ko":
        return f"{on.year}년 {on.month}월 {on.day}일({WEEKDAYS[on.weekday()]})"
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


@pass_context
def instant(context: Context, written: str | None, zone: str = "Asia/Seoul") -> str:
    """An instant by the clock of a zone, to the minute.

    >>> instant({"language": "en"}, "2026-03-02T01:30:00Z")
    '2 Mar 2026, 10:30'
    """
    if written is None:
        return "–"
    at = datetime.fromisoformat(written).astimezone(ZoneInfo(zone))
    told = day(context, at.date().isoformat())
    return f"{told} {at:%H:%M}" if context["language"] == "ko" else f"{told}, {at:%H:%M}"


@pass_context
def said(context: Context, both: Mapping[str, str] | Text | None) -> str:
    """What is there in both languages, in the reader's."""
    if both is None:
        return ""
    language: str = context["language"]
    return both.in_language(language) if isinstance(both, Text) else both[language]


@pass_context
def role_name(context: Context, role: str) -> str:
    """What a role is called."""
    return ROLE_NAMES[role].in_language(context["language"])


@pass_context
def state_name(context: Context, state: str) -> str:
    """What a state of a refund request is called."""
    return STATE_NAMES[state].in_language(context["language"])


@pass_context
def state_became(context: Context, state: str) -> str:
    """What became of a refund request that was moved into a state."""
    return BECAME[state].in_language(context["language"])


def state_tone(state: str) -> str:
    """How a state looks: good, warn, bad or nothing."""
    return STATE_TONES.get(state, "")


@pass_context
def inquiry_state(context: Context, state: str) -> str:
    """What a state of an inquiry is called."""
    return INQUIRY_STATES[state].in_language(context["language"])


@pass_context
def inquiry_outcome(context: Context, outcome: str) -> str:
    """What an outcome of a contest is called."""
    return INQUIRY_OUTCOMES[outcome].in_language(context["language"])


@pass_context
def clock_of(context: Context, left: int | None) -> str:
    """How long somebody can still be answered in time, by the days that are left; nothing where nobody waits.

    >>> clock_of({"language": "ko"}, 3), clock_of({"language": "en"}, -1)
    ('3일 남음', '1 day overdue')
    """
    if left is None:
        return ""
    days = abs(left)
    if context["language"] == "ko":
        return "오늘까지" if left == 0 else f"{days}일 남음" if left > 0 else f"{days}일 지남"
    if left == 0:
        return "due today"
    return f"{days} day{'' if days == 1 else 's'} {'left' if left > 0 else 'overdue'}"


def clock_tone(left: int | None) -> str:
    """How the clock of an inquiry looks: bad when it is overdue, warn when it is about to be."""
    if left is None or left > SOON_DUE:
        return ""
    return "bad" if left < 0 else "warn"


@pass_context
def word_name(context: Context, word: str) -> str:
    """What a word of the common choices is called, such as who applies."""
    return WORDS[word].in_language(context["language"]) if word in WORDS else word


@pass_context
def refusal_words(context: Context, data: Mapping[str, Any]) -> str:
    """What is said of a refusal of the API, in words of people."""
    said = REFUSALS.get(data["code"])
    return f"{data['title']} {said.in_language(context['language']) if said else data['detail']}"


def coded(text: str) -> Markup:
    """A text with what stands between backticks as code.

    >>> coded("`a < b` & c")
    Markup('<code>a &lt; b</code> &amp; c')
    """
    code = Markup("<code>{}</code>")
    return Markup().join(code.format(part) if at % 2 else part for at, part in enumerate(text.split("`")))


@cache
def _markdown() -> MarkdownIt:
    # Only whoever reads an answer waits for the library.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False})


def marked(text: str) -> Markup:
    r"""Markdown as HTML. What is HTML in it is shown as it is written.

    >>> marked("1. <b>a</b>\n2. **b**")
    Markup('<ol>\n<li>&lt;b&gt;a&lt;/b&gt;</li>\n<li><strong>b</strong></li>\n</ol>\n')
    """
    html: str = _markdown().render(text)
    # The library escapes what it does not mark up.
    return Markup(html)  # noqa: S704  # nosec B704


@pass_context
def article(context: Context, terms: str) -> str:
    """Where the terms say so.

    >>> article({"language": "ko"}, "19.2"), article({"language": "en"}, "19.2"), article({"language": "en"}, "")
    ('약관 제19조 제2항', 'article 19.2', 'a rule of every policy')
    """
    return of_article(terms).in_language(context["language"])


FILTERS: Mapping[str, Callable[..., Any]] = {
    "coded": coded,
    "marked": marked,
    "refusal_words": refusal_words,
    "points": points,
    "money": money,
    "day": day,
    "article": article,
    "instant": instant,
    "said": said,
    "role_name": role_name,
    "state_became": state_became,
    "state_name": state_name,
    "state_tone": state_tone,
    "inquiry_state": inquiry_state,
    "inquiry_outcome": inquiry_outcome,
    "clock": clock_of,
    "clock_tone": clock_tone,
    "word_name": word_name,
}
IN_TEMPLATES: Mapping[str, Any] = {"t": translated}
