"""Every kind of refusal by its code: the status, what it says in both languages, and what a program reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.model import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal: its status, its title, and what it means and what to do about it.

    `members` are the figures that the body carries for programs as well.
    """

    status: int
    title: Text
    detail: Text
    members: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "unreadable-json": Kind(
        400,
        Text("본문을 JSON으로 읽을 수 없습니다.", "The body cannot be read as JSON."),
        Text("{place}: {cause}", "{place}: {cause}."),
    ),
    "bad-request": Kind(
        400,
        Text("요청에 잘못된 항목이 있습니다.", "The request has mistakes."),
        Text("errors 목록의 항목을 고쳐 다시 보내 주십시오.", "Mend what `errors` names and send it again."),
    ),
    "idempotency-key-missing": Kind(
        400,
        Text("Idempotency-Key 헤더가 필요합니다.", "The header Idempotency-Key is required."),
        Text(
            "신청마다 인쇄할 수 있는 ASCII 문자로 새 값(1~200자)을 만들어 보내고, 다시 보낼 때는 같은 값을 쓰십시오.",
            "Send a fresh value of 1 to 200 printable ASCII characters with every new request, and the same"
            " value when you repeat one: it is then filed once, however often it arrives.",
        ),
    ),
    "unauthorized": Kind(
        401,
        Text("유효한 API 키나 토큰이 필요합니다.", "A valid API key or token is required."),
        Text(
            "Authorization: Bearer KEY 헤더로 보내십시오. 키는 운영자가 만들고, 토큰은 로그인하는 곳에서 받습니다.",
            "Send it in the header Authorization: Bearer KEY. Keys are made by the operator; a token comes from where"
            " you log in.",
        ),
    ),
    "forbidden": Kind(
        403,
        Text("권한이 없습니다.", "This is not allowed."),
        Text(
            "{what}에 필요한 역할: {needed}. 보내신 키나 토큰의 역할: {held}",
            "{what} needs the role {needed}; what was sent has {held}.",
        ),
        ("roles", "held"),
    ),
    "own-draft": Kind(
        403,
        Text("다른 사람의 승인이 필요합니다.", "Somebody else has to approve this."),
        Text(
            "초안을 쓴 사람: {by}. 이름이 다른 사람의 키나 토큰으로 승인하십시오.",
            "{by} drafted it; send the key or token of a holder with another name.",
        ),
    ),
    "not-found": Kind(
        404,
        Text("찾을 수 없습니다.", "There is no such thing."),
        Text("주소에 있는 것이 없습니다: {what}", "Nothing is kept under {what}."),
    ),
    "nothing-signed": Kind(
        404,
        Text("아직 아무것도 서명되지 않았습니다.", "Nothing has been signed yet."),
        Text(
            "로그에 체크포인트가 없습니다. 운영자가 recoup audit keygen NAME으로 키를 한 번 만들고, recoup audit"
            " checkpoint로 서명합니다.",
            "The log has no checkpoint. The operator makes its key once, with `recoup audit keygen NAME`, and signs"
            " with `recoup audit checkpoint`.",
        ),
    ),
    "method-not-allowed": Kind(
        405,
        Text("허용되지 않는 메서드입니다.", "The method is not allowed here."),
        Text("허용되는 메서드: {allowed}", "{what} takes {allowed}."),
    ),
    "not-acceptable": Kind(
        406,
        Text("요청한 형식으로 답할 수 없습니다.", "The answer is not to be had in this form."),
        Text(
            "{sent} 본문에는 {sent} 형식으로만 답합니다. Accept 헤더에 그 형식을 넣거나 헤더를 빼십시오.",
            "A body of {sent} is answered in {sent}: name that in the header Accept, or leave the header out.",
        ),
    ),
    "cut-off": Kind(
        400,
        Text("본문이 중간에 끊겼습니다.", "The body breaks off."),
        Text(
            "본문의 길이나 조각이 HTTP에 맞지 않습니다. 저장된 것은 없습니다.",
            "Its length or its chunks are not what HTTP says. Nothing of it was stored.",
        ),
    ),
    "too-slow": Kind(
        408,
        Text("본문이 제때 오지 않았습니다.", "The body did not come in time."),
        Text(
            "본문이나 다음 줄을 최대 {most}초 기다립니다. 저장된 것은 없으니 다시 보내 주십시오.",
            "A body, and each next line of a stream, is awaited for at most {most} seconds. Nothing of it was stored;"
            " send it again.",
        ),
    ),
    "idempotency-key-reused": Kind(
        409,
        Text("같은 Idempotency-Key로 다른 요청이 이미 있습니다.", "This Idempotency-Key was used before."),
        Text(
            "이 값은 내용이나 주소가 다른 요청에 쓰였습니다. 새 요청에는 새 값을 쓰십시오.",
            "It came with another body, or to another address. A new request needs a fresh value.",
        ),
    ),
    "event-id-reused": Kind(
        409,
        Text("같은 id의 이벤트가 이미 있습니다.", "This event id was used before."),
        Text(
            "이 id는 내용이 다른 이벤트에 쓰였습니다(다른 항목은 errors 목록). 새 이벤트에는 새 id를 쓰십시오.",
            "It came with other data; `errors` names what differs. A new event needs an id of its own.",
        ),
    ),
    "illegal-move": Kind(
        409,
        Text("지금 상태에서는 할 수 없습니다.", "The present state does not allow this."),
        Text("상태: {state}. 가능한 것: {allowed}", "The state is {state}; it allows: {allowed}."),
        ("state", "allowed"),
    ),
    "already-contested": Kind(
        409,
        Text("이 결정에 대한 이의 제기가 이미 열려 있습니다.", "The decision is contested already."),
        Text(
            "열려 있는 이의 제기: {inquiry}. 더 할 말은 여기에 덧붙이십시오: /v1/inquiries/{inquiry}/entries",
            "{inquiry} waits for its answer; add to it at /v1/inquiries/{inquiry}/entries.",
        ),
        ("inquiry",),
    ),
    "decision-erased": Kind(
        409,
        Text("결정에 쓴 사실의 보관 기간이 지났습니다.", "The facts behind the decision are kept no longer."),
        Text(
            "정책이 정한 보관 기간이 지나 지워졌으므로, 결정 {decision}에는 더 이의를 제기할 수 없습니다.",
            "They were erased after the time that the policy keeps them: {decision} can be contested no longer.",
        ),
    ),
    "out-of-date": Kind(
        409,
        Text("그 사이에 다른 버전이 게시되었습니다.", "Another version is the newest by now."),
        Text(
            "최신 버전: {newest}. 다시 확인하고, 초안이면 새로 내십시오.",
            "It is version {newest}. Look at it, and draft again what is still to be changed.",
        ),
        ("newest",),
    ),
    "published-already": Kind(
        409,
        Text("이미 게시된 초안입니다.", "This draft is published already."),
        Text("버전: {version}. 다시 승인할 것이 없습니다.", "It is {version}; there is nothing left to approve."),
        ("version",),
    ),
    "says-the-same": Kind(
        409,
        Text("최신 버전과 뜻이 같습니다.", "The newest version says the same."),
        Text("{policy}@{newest}", "Nothing would change: {policy}@{newest} has this meaning already."),
        ("newest",),
    ),
    "nothing-before": Kind(
        409,
        Text("되돌아갈 이전 버전이 없습니다.", "There is no earlier text to go back to."),
        Text("정책: {policy}", "{policy} has had no other; draft a new one."),
    ),
    "facts-left-out": Kind(
        409,
        Text("빠진 항목이 있어 기본값으로 되돌아갑니다.", "Facts are left out that would fall back to their defaults."),
        Text(
            "PUT은 계정 정보 전체를 바꿉니다. errors 목록의 항목을 모두 쓰거나, 일부만 바꾸려면 PATCH를 쓰십시오.",
            "PUT replaces all facts of an account. Write those that `errors` names as well, or change single facts"
            " with PATCH.",
        ),
    ),
    "kept-facts-differ": Kind(
        409,
        Text("Recoup이 기록하는 항목이 지금 값과 다릅니다.", "Facts that Recoup keeps stand otherwise by now."),
        Text(
            "읽은 뒤에 이벤트가 바꾸었을 수 있습니다. PUT에서는 errors 목록의 항목을 빼고, 바꾸려면 PATCH를 쓰십시오.",
            "An event may have changed them since you read them. Leave those that `errors` names out of a PUT, or"
            " change them with PATCH.",
        ),
    ),
    "too-large": Kind(
        413,
        Text("본문이 너무 큽니다.", "The body is too large."),
        Text(
            "최대 {most}바이트까지 읽습니다. 이벤트 묶음은 나누어 보내십시오. 한 묶음은 10,000건, {most}바이트까지"
            "입니다. 결정은 한 줄에 한 건씩 application/x-ndjson 형식으로 보내면 끝이 없습니다.",
            "At most {most} bytes are read. Split a batch of events: up to 10,000 of them, in up to {most} bytes, go"
            " in one. Decisions may come without end, one a line, as application/x-ndjson.",
        ),
    ),
    "line-too-long": Kind(
        413,
        Text("줄이 너무 깁니다.", "The line is too long."),
        Text(
            "한 줄은 최대 {most}바이트까지 읽습니다. 이 줄만 건너뛰었습니다.",
            "A line has at most {most} bytes. This one was passed over; the others were read.",
        ),
    ),
    "unsupported-media-type": Kind(
        415,
        Text("본문 형식을 지원하지 않습니다.", "The body is of a type that is not read here."),
        Text(
            "UTF-8 JSON으로 보내고 Content-Type을 application/json으로 하십시오.",
            "Send JSON in UTF-8 with the header Content-Type: application/json.",
        ),
    ),
    "draft-has-problems": Kind(
        422,
        Text("규칙 파일에 잘못이 있습니다.", "The files have problems."),
        Text("problems 목록의 항목을 고쳐 다시 보내십시오.", "Mend what `problems` names and send them again."),
        ("problems",),
    ),
    "text-too-costly": Kind(
        422,
        Text("이 글을 다 볼 수 없었습니다.", "The text takes too much work."),
        Text(
            "{most}초 안에 끝나지 않았거나 메모리가 모자랐습니다. 규칙, 시나리오, 목록을 줄여 다시 보내십시오.",
            "It was not done within {most} seconds, or needed more memory than it may. Send fewer rules, scenarios or"
            " words in lists.",
        ),
    ),
    "unknown-account": Kind(
        422,
        Text("없는 계정입니다.", "There is no such account."),
        Text("계정 {account}이(가) 없습니다.", "No account has the id {account}."),
    ),
    "unknown-policy": Kind(
        422,
        Text("없는 정책입니다.", "There is no such policy."),
        Text("게시된 정책: {known}", "Published policies: {known}."),
    ),
    "policy-required": Kind(
        422,
        Text("정책을 지정해야 합니다.", "Which policy is meant?"),
        Text(
            "정책이 여럿이므로 policy 항목이 필요합니다. 게시된 정책: {known}",
            "Several are published: name one as `policy`. Published policies: {known}.",
        ),
    ),
    "other-policy": Kind(
        422,
        Text("계정이 다른 정책에 속합니다.", "The account belongs to another policy."),
        Text("계정의 정책: {policy}", "Points of {policy} are refunded by {policy} only."),
    ),
    "undoes-another-account": Kind(
        422,
        Text("다른 계정의 이벤트를 취소할 수 없습니다.", "The event undoes one of another account."),
        Text("이벤트 {of}은(는) 이 계정의 것이 아닙니다.", "{of} happened to another account than this event."),
    ),
    "undoes-another-type": Kind(
        422,
        Text("이 종류의 이벤트로 취소할 수 없습니다.", "An event of this type does not undo that one."),
        Text(
            "{type} 이벤트가 취소하는 것: {known}. {of}은(는) {undone} 이벤트입니다.",
            "{type} undoes {known}, and none that undoes another itself; {of} is {undone}. Send the event that undoes"
            " it, or mend `of`.",
        ),
        ("known",),
    ),
    "not-yet": Kind(
        422,
        Text("아직 일어나지 않은 이벤트입니다.", "The event lies in the future."),
        Text("서비스 시각은 {now}입니다.", "It is {now} here; send the event once it has happened."),
    ),
    "not-in-force": Kind(
        422,
        Text("그날 시행 중인 정책이 없습니다.", "No version of the policy is in force on that day."),
        Text("정책 {policy}, {day}", "{policy} has no version that starts on or before {day}."),
    ),
    "account-does-not-fit": Kind(
        422,
        Text("저장된 계정 정보가 정책과 맞지 않습니다.", "The stored account does not fit the policy."),
        Text(
            "정책이 요구하는 정보가 계정에 없습니다. errors 목록을 보십시오.",
            "The policy asks for facts that the stored account lacks or has otherwise; see `errors`.",
        ),
    ),
    "too-much-owed": Kind(
        422,
        Text("계정의 부족 포인트가 너무 많아집니다.", "The account would owe too many points."),
        Text(
            "부족 포인트가 이미 {owed:,}이며 {most:,}까지만 기록할 수 있습니다. 먼저 부족 포인트를 줄이십시오.",
            "It owes {owed:,} points already, and {most:,} at most can be written. Settle some of them first:"
            " PATCH the account with its new points_debt.",
        ),
    ),
    "rules-conflict": Kind(
        422,
        Text("두 규칙이 충돌합니다.", "Two rules contradict each other."),
        Text("{conflict}", "{conflict}"),
    ),
    "too-many-requests": Kind(
        429,
        Text("요청이 너무 많습니다.", "There are too many requests."),
        Text("잠시 후 다시 보내 주십시오.", "Wait as long as the header Retry-After says."),
    ),
    "internal-error": Kind(
        500,
        Text("서비스 오류입니다.", "The service made a mistake."),
        Text(
            "저장된 것은 없습니다. 서비스 로그의 요청 id: {request_id}",
            "Nothing was stored. It is in the service's log, as request {request_id}.",
        ),
        ("request_id",),
    ),
    "unavailable": Kind(
        503,
        Text("지금은 처리할 수 없습니다.", "The service cannot answer now."),
        Text("잠시 후 다시 보내 주십시오.", "Nothing was stored. Send it again in a moment."),
    ),
    "record-damaged": Kind(
        500,
        Text("기록이 만든 때와 다릅니다.", "The record is no longer what was written."),
        Text(
            "결정 {id}의 기록이 만든 때와 다릅니다: {why}. `recoup audit check`로 확인하고, 감사자는"
            " /v1/audit/decisions/{id}/replay에서 무엇이 다른지 볼 수 있습니다.",
            "The record of the decision {id} is not what was written: {why}. Have `recoup audit check` run; auditors"
            " see what differs at /v1/audit/decisions/{id}/replay.",
        ),
        ("id",),
    ),
    "version-damaged": Kind(
        500,
        Text("게시된 글이 게시한 때와 다릅니다.", "A published text is no longer what was published."),
        Text(
            "{why}. 이 글로는 판정도 설명도 할 수 없습니다. `recoup audit check`로 확인한 뒤 백업에서 되돌리십시오.",
            "{why}. Nothing can be decided or explained by it. Have `recoup audit check` run, and the text restored"
            " from a backup.",
        ),
        ("digest",),
    ),
    "log-damaged": Kind(
        500,
        Text("로그가 서명한 것과 다릅니다.", "The log is not what was signed."),
        Text(
            "로그의 잎이나 해시가 바뀌어 증명할 수 없습니다({why}). `recoup audit check`로 확인하십시오.",
            "A leaf or a hash of the log was changed, so nothing can be proved: {why}. Have `recoup audit check` run.",
        ),
    ),
    "not-ready": Kind(
        503,
        Text("아직 요청을 받을 수 없습니다.", "The service is not ready to answer."),
        Text("빠진 것: {missing}. {mend}", "Missing: {missing}; {mend}."),
        ("missing",),
    ),
    "provider-unavailable": Kind(
        503,
        Text("지금은 토큰을 확인할 수 없습니다.", "Tokens cannot be checked now."),
        Text(
            "로그인 제공자의 공개 키를 읽을 수 없습니다. 토큰은 그대로 두고 잠시 후 다시 보내 주십시오.",
            "The keys of the identity provider cannot be read. Keep the token, and send it again in a moment.",
        ),
    ),
    "read-not-recorded": Kind(
        503,
        Text("열람을 기록할 수 없어 보여 드리지 않습니다.", "The read cannot be recorded, so nothing is shown."),
        Text(
            "결정을 열람하면 기록이 남습니다. 지금은 기록할 수 없으니 잠시 후 다시 보내 주십시오.",
            "Whoever is shown a decision is recorded, and now that cannot be written. Send it again in a moment.",
        ),
    ),
}
