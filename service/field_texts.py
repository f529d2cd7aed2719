"""What is wrong with one part of a request: a sentence for each code, with placeholders for its figures."""

from __future__ import annotations

from collections.abc import Mapping

from policies.model import Text

FIELD_TEXTS: Mapping[str, Text] = {
    "missing": Text("필요한 항목입니다.", "is missing"),
    "unknown": Text("알 수 없는 항목입니다.", "is not known here"),
    "not-an-object": Text("객체여야 합니다.", "is not an object"),
    "not-a-list": Text("목록이어야 합니다.", "is not a list"),
    "unknown-name": Text("알 수 없는 항목입니다. {hint}", "is not known here; {hint}"),
    "unknown-policy": Text(
        "게시되지 않은 정책입니다. 게시된 정책: {known}", "is no published policy; published are {known}"
    ),
    "unknown-rule": Text("{of}에 이런 규칙이 있었던 적이 없습니다.{hint}", "was never a rule of {of}{hint}"),
    "unknown-reader": Text(
        "이런 이름의 키나 열람이 없습니다.{hint}", "is the name of no key, and of nobody who read anything{hint}"
    ),
    "no-account": Text(
        "이런 계정이나 이 계정에 관한 결정이 없습니다.", "is the id of no account, and no decision is about it"
    ),
    "no-decision": Text("이런 결정이 없습니다.", "is the id of no decision"),
    "unknown-version": Text("정책 {policy}에 그런 버전이 없습니다.", "is no published version of {policy}"),
    "no-draft": Text("이런 초안이 없습니다.", "is the id of no draft"),
    "in-force-already": Text(
        "이 초안은 {version}(으)로 이미 시행되었습니다. 자기 자신과 나란히 판정할 것은 없습니다.",
        "came into force already, as {version}; there is nothing to decide beside itself",
    ),
    "another-policy": Text("정책 {policy}의 글입니다.", "is a text of the policy {policy}"),
    "draft-or-rules": Text(
        "draft와 rules 중 하나만 쓰십시오.", "is one of `draft` and `rules`; write just one of them"
    ),
    "only-with-policy": Text("policy와 함께만 쓸 수 있습니다.", "says nothing without a policy; name one as `policy`"),
    "too-much-owed": Text("부족 포인트를 너무 많이 늘립니다.", "would have the account owe more than can be written"),
    "behind": Text("{other}보다 뒤입니다.", "lies behind {other}, so that nothing can lie between them"),
    "packed": Text(
        "압축된 본문은 읽지 않습니다. 압축하지 말고 보내십시오.", "says that the body is packed; send it as it is"
    ),
    "not-utf-8": Text(
        "UTF-8이 아닌 바이트가 있습니다.", "has bytes that are no UTF-8; write it in UTF-8, percent-encoded"
    ),
    "not-a-key": Text(
        "인쇄할 수 있는 ASCII 문자 1~200자여야 합니다. UUID가 좋습니다.",
        "is not a value of 1 to 200 printable ASCII characters, such as a UUID",
    ),
    "not-a-bearer": Text("Bearer와 키나 토큰이 아닙니다.", "is not `Bearer` and a key or token"),
    "key-unknown": Text("알 수 없는 키입니다.", "has a key that is not known"),
    "key-expired": Text("{at}에 만료된 키입니다.", "has a key that expired at {at}"),
    "key-revoked": Text("{at}에 폐기된 키입니다.", "has a key that was revoked at {at}"),
    "token-not-taken": Text(
        "토큰입니다. 이 서비스는 API 키만 받습니다.",
        "has a token; no identity provider is known here, only API keys are",
    ),
    "token-too-large": Text("토큰이 {most}자를 넘습니다.", "has a token of more than {most} characters"),
    "token-unreadable": Text(
        "토큰을 읽을 수 없습니다. 점으로 나눈 base64url 세 부분이고 앞의 둘은 JSON이어야 합니다.",
        "has a token that cannot be read: three parts in base64url with dots between, the first two JSON objects",
    ),
    "token-algorithm": Text(
        "토큰의 서명 방식(alg)이 다음 중 하나가 아닙니다: {known}",
        "has a token that is signed by none of {known} (alg)",
    ),
    "token-critical": Text(
        "토큰에 이해할 수 없는 확장(crit)이 있습니다.",
        "has a token with extensions that are not understood here (crit)",
    ),
    "token-no-key": Text(
        "토큰이 어느 키로 서명되었는지(kid) 알 수 없습니다.", "has a token that does not say which key signed it (kid)"
    ),
    "token-key-unknown": Text(
        "토큰의 키(kid, alg)를 제공자가 공개하지 않았습니다.",
        "has a token of a key that the identity provider does not publish (kid, alg)",
    ),
    "token-signature": Text("토큰의 서명이 맞지 않습니다.", "has a token whose signature does not hold"),
    "token-claim": Text(
        "토큰의 {claim} 항목이 없거나 쓸 수 없는 값입니다.",
        "has a token whose claim {claim} is missing or cannot be used",
    ),
    "token-issuer": Text("토큰의 발급자(iss)가 다릅니다.", "has a token of another issuer (iss)"),
    "token-audience": Text(
        "이 서비스를 위한 토큰이 아닙니다(aud).", "has a token that is meant for another service (aud)"
    ),
    "token-expired": Text("{at}에 만료된 토큰입니다.", "has a token that expired at {at}"),
    "token-not-yet": Text("토큰은 {at}부터 유효합니다.", "has a token that is not valid before {at}"),
    "member-token-unknown": Text(
        "알 수 없는 회원 토큰입니다. 만료되었거나, 토큰을 만든 키가 폐기되었을 수 있습니다.",
        "has a member token that is not known: it expired, or the key that made it is valid no longer",
    ),
    "not-who-asks": Text(
        "토큰의 주인이 아닙니다. 빼거나 {who}(으)로 쓰십시오.",
        "is somebody else than who sends the token; leave it out, or write {who}",
    ),
    "only-by-its-id": Text("회원은 자기 계정의 id만 쓸 수 있습니다.", "has to be the id of the member's own account"),
    "another-id": Text(
        "주소의 id({id})와 다릅니다. 빼거나 같게 쓰십시오.",
        "is another id than the address has, {id}; leave it out, or write the same",
    ),
    "left-out": Text(
        "빠져 있고, 지금 값은 {now}입니다. 값을 쓰십시오.", "is left out, and stands at {now}; write what it is to be"
    ),
    "kept": Text(
        "지금 값은 {now}입니다. 빼거나 PATCH로 바꾸십시오.", "stands at {now}; leave it out, or change it with PATCH"
    ),
    "undoes-nothing-of-it": Text(
        "0입니다. 일부를 취소하려면 그 금액을 쓰고, 전부 취소하려면 빼십시오.",
        "is 0; write how much of that event is undone, or leave it out where all of it is",
    ),
    "day-to-come": Text(
        "{written}: 오늘({today})보다 뒤의 날짜입니다. 지난 날짜를 쓰십시오.",
        "is {written}, a day to come: it is {today} in the programme's zone; write the day on which it happened",
    ),
    "too-many": Text("최대 {most}개까지입니다.", "has more than {most} items"),
    "too-many-events": Text(
        "한 묶음은 최대 {most}건까지입니다. 나누어 보내십시오.",
        "has more than {most} events; send them in several batches",
    ),
    "too-many-items": Text(
        "한 본문은 최대 {most}건까지입니다. 나누어 보내거나, 한 줄에 한 건씩 application/x-ndjson 형식으로 보내십시오.",
        "has more than {most} items; send several bodies, or one item a line as application/x-ndjson, with no end",
    ),
    "not-a-media-type": Text(
        "여기서 받는 형식: {known}(UTF-8). 보낸 것: {sent}",
        "is {sent}; this address reads {known}, in UTF-8",
    ),
    "not-text": Text("문자열이어야 합니다.", "is not text"),
    "not-true-or-false": Text("true 또는 false여야 합니다.", "is neither true nor false"),
    "not-an-account": Text(
        "계정 id(문자열) 또는 계정 정보(객체)여야 합니다.", "is neither an account id nor an object of account facts"
    ),
    "not-a-choice": Text("다음 중 하나여야 합니다: {known}", "is none of {known}"),
    "only-for-agents": Text("상담원(agent)만 쓸 수 있습니다.", "is only for what an agent writes"),
    "only-for-contests": Text("이의 제기(contest)에만 쓸 수 있습니다.", "is only for a contest"),
    "only-with-outcome": Text("outcome과 함께만 쓸 수 있습니다.", "is only for an entry with an outcome"),
    "one-of-two": Text("decision_id와 하나만 쓸 수 있습니다.", "stands beside decision_id; name one of the two"),
    "not-an-id": Text(
        "인쇄할 수 있는 1~200자의 문자열이어야 하고, 앞뒤에 공백이 없어야 합니다.",
        "is not an id of 1 to 200 printable characters, with no space at either end",
    ),
    "dots-only": Text(
        "주소에서 다른 곳을 뜻하므로 id로 쓸 수 없습니다. 다른 id를 쓰십시오.",
        "means another place in an address, so nobody could ask for it; choose another id",
    ),
    "not-a-day": Text("2026-01-31과 같은 날짜여야 합니다.", "is not a day such as 2026-01-31"),
    "too-many-periods": Text(
        "기간이 {most}개를 넘습니다. 날짜를 좁히거나 더 긴 기간으로 나누십시오.",
        "makes more than {most} periods; ask for fewer days, or for longer periods",
    ),
    "not-an-instant": Text(
        "2026-03-02T01:00:00Z와 같은 시각이어야 합니다.", "is not an instant such as 2026-03-02T01:00:00Z"
    ),
    "not-in-the-list": Text(
        "이 목록에 없는 id입니다. 앞 페이지의 마지막 id를 쓰거나, 처음부터 보려면 빼십시오.",
        "is the id of nothing in this list; write the last id of the page before, or leave it out to begin at the head",
    ),
    "out-of-range": Text(
        "{written}: {least}부터 {most}까지여야 합니다.", "is {written}; it has to lie from {least} to {most}"
    ),
    "not-a-sentence": Text(
        "보이는 글자가 있는 1~{most}자의 글이어야 합니다.",
        "is not a text of 1 to {most} characters, some of them visible",
    ),
    "in-the-past": Text("지난 시각입니다. 지금: {now}", "lies in the past; it is {now} here"),
    "seen-otherwise": Text(
        "지금 초안의 seen과 다릅니다. 초안을 다시 보십시오.", "is not the `seen` of the draft; look at it again"
    ),
    "in-the-future": Text("미래의 시각입니다.", "lies in the future"),
    "other-than-before": Text("이 id를 처음 썼을 때와 다릅니다.", "is not what it was when the id was used first"),
    "amount-missing": Text(
        "필요한 항목입니다. {type} 이벤트에는 금액(또는 포인트)을 정수로 쓰십시오.",
        "is missing; say how much it was of, as a whole number: without it, {type} would do nothing",
    ),
    "of-missing": Text(
        "필요한 항목입니다. {type} 이벤트가 취소하는 이벤트의 id를 쓰십시오.",
        "is missing; name the event that this {type} undoes by its id",
    ),
    "undoes-itself": Text(
        "이벤트 자신의 id입니다. 취소할 이벤트의 id를 쓰십시오.",
        "is the event's own id; name the event that it undoes",
    ),
    "undoes-nothing": Text(
        "{type} 이벤트는 다른 이벤트를 취소하지 않습니다. 취소하는 종류: {known}",
        "stands in an event of type {type}, which undoes none; leave it out, or tell one of {known}",
    ),
    "of-another-type": Text(
        "{undone} 이벤트입니다. {type} 이벤트로 취소할 수 없습니다.", "is of type {undone}, which {type} does not undo"
    ),
    "of-another-account": Text("다른 계정의 이벤트입니다.", "happened to another account"),
    "not-a-language": Text("ko 또는 en이어야 합니다.", "is neither ko nor en"),
    "not-in-range": Text("{least}부터 {most}까지의 정수여야 합니다.", "is not a whole number from {least} to {most}"),
    "not-a-url": Text(
        "http:// 또는 https://로 시작하는 {most}자 이하의 ASCII 주소여야 합니다.",
        "is not an address in ASCII with http:// or https://, of at most {most} characters",
    ),
    "url-bad-host": Text(
        "{host}: 호스트 이름이 아닙니다. 점 사이의 각 부분은 영문자, 숫자, 하이픈, 밑줄 1~63자이고 하이픈으로"
        " 시작하거나 끝나지 않아야 하며, 전체는 253자 이하여야 합니다. 숫자로 끝나는 것은 IP 주소뿐입니다.",
        "is on {host}, which is no host name: its parts between dots have 1 to 63 letters, digits, hyphens or"
        " underscores, with no hyphen at either end, and 253 in all; only an IP address ends in a number",
    ),
    "url-bad-port": Text("포트는 1부터 65535까지의 숫자여야 합니다.", "has a port that is no number from 1 to 65535"),
    "url-with-credentials": Text(
        "주소에 사용자 이름이나 비밀번호를 넣을 수 없습니다.", "holds a user or a password; messages are signed instead"
    ),
    "url-with-fragment": Text("주소에 #을 쓸 수 없습니다.", "has a part behind #, which is never sent"),
    "url-not-allowed": Text(
        "{host}: 공개된 주소가 아니어서 보낼 수 없습니다. 운영자가 WEBHOOK_PRIVATE_ADDRESSES=yes로 허용할 수 있습니다.",
        "is on {host}, which is no public address; nothing is sent there unless the operator sets"
        " WEBHOOK_PRIVATE_ADDRESSES=yes",
    ),
    "url-never-allowed": Text(
        "{host}: 공개된 주소가 아니어서 보낼 수 없습니다.",
        "is on {host}, which is no public address; nothing is ever sent there",
    ),
    "not-a-message-kind": Text(
        "{written}: 없는 종류입니다. 가능한 종류: {known}",
        "is {written}, which is no kind of message; known are {known}",
    ),
    "only-with-account-facts": Text(
        "계정 정보를 본문에 보낼 때만 쓸 수 있습니다.", "is only for an account whose facts are in the body"
    ),
    "not-a-whole-number": Text(
        "{written}: 소수점과 지수가 없는 정수로 쓰십시오.",
        "is {written}; write a whole number without a point or an exponent",
    ),
    "number-too-large": Text("{written}: 너무 큰 수입니다.", "is {written}; no number is that large here"),
    "forbidden-character": Text("쓸 수 없는 문자가 있습니다.", "has a character that cannot be kept"),
    "key-twice": Text("같은 이름이 두 번 있습니다.", "stands twice"),
    "too-deep": Text("{most}단계보다 깊습니다.", "is more than {most} levels deep"),
}
