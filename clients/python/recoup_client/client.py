"""The operations of the service, one method each.

Answers are plain JSON data, typed by `models`. Facts that a policy declares for itself stand beside the common ones, so
whatever is sent (`request`, `account`, `event`) may be any mapping.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, cast
from urllib.parse import quote, urlencode

from recoup_client import models as m
from recoup_client.errors import RecordsDamaged
from recoup_client.transport import JSON, LINES, Answer, Request, Transport, wait
from recoup_client.webhooks import new_idempotency_key

Facts = Mapping[str, Any]
"""What is sent as a JSON object."""
Shape = TypeVar("Shape")


class Client:
    """One service, as one key may use it. Every method raises Refused and Unreachable.

    A request is repeated (up to `retries` times, with growing random pauses, as long as `Retry-After` says) where that
    is safe: where the service says that nothing was stored, and after a lost connection where twice is the same as
    once, because nothing is changed or an idempotency key or an id of your own goes with it. `timeout` is in seconds,
    for each wait on the other end. A client may be used by several threads.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        retries: int = 4,
        language: Literal["ko", "en"] | None = None,
        context: ssl.SSLContext | None = None,
        sleep: Callable[[float], object] = wait,
    ) -> None:
        self.timeout = timeout
        self._headers = {"User-Agent": "recoup-client/0.1.0"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        if language is not None:
            self._headers["Accept-Language"] = language
        self._transport = Transport(base_url, timeout=timeout, retries=retries, context=context, sleep=sleep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection of this thread; the next request opens another."""
        self._transport.close()

    # Decisions

    def decide(
        self,
        account: str | Facts,
        request: Facts,
        *,
        lots: Sequence[Facts] | None = None,
        history: Sequence[Facts] | None = None,
        as_of: datetime | None = None,
        policy: str | None = None,
        dry_run: bool = False,
    ) -> m.Decision:
        """Judge a refund request without filing it. A denial is a decision, and no exception."""
        body = _body(
            account=account, request=request, lots=lots, history=history, as_of=as_of, policy=policy, dry_run=dry_run
        )
        # Twice recorded are two records.
        return self._call(m.Decision, "post /v1/decisions", body=body, safe=dry_run)

    def decide_many(self, items: Sequence[Facts]) -> Sequence[m.DecisionResult]:
        """Judge up to 1,000 items, each as `decide` takes it: for each its `status`, with a `decision` or a `problem`
        (which `errors.refused` makes an exception).
        """
        safe = all(item.get("dry_run") is True for item in items)
        return self._call(m.DecisionResults, "post /v1/decisions:batch", body={"items": list(items)}, safe=safe)[
            "results"
        ]

    def stream_decisions(
        self, items: Iterable[Facts], *, timeout: float | None = None
    ) -> Generator[m.DecisionLine, None, None]:
        """Judge any number of items, and have each answer while the next are sent. Nothing is repeated: go on behind
        the `line` of the last answer. Whoever stops early closes the generator.

        `items` are taken by a thread of its own. `timeout` is the longest wait for an answer, in seconds; where items
        come more slowly than that, it has to be longer.
        """
        headers = {**self._headers, "Content-Type": LINES, "Accept": LINES}
        request = Request("POST", "/v1/decisions:batch", headers, None, False)
        lines = (_json(item) + b"\n" for item in items)
        for line in self._transport.stream(request, lines, timeout):
            found: m.DecisionLine = json.loads(line)
            yield found

    def decision(self, id: str) -> m.KeptDecision:
        """A recorded decision, with the case that it was made on."""
        return self._call(m.KeptDecision, "get /v1/decisions/{id}", id)

    def explanation(self, id: str) -> m.Explanation:
        """Why a recorded decision came out as it did, for the member."""
        return self._call(m.Explanation, "get /v1/decisions/{id}/explanation", id)

    def explanation_text(self, id: str, *, form: Literal["text/plain", "text/html"] = "text/plain") -> str:
        """The same as text, or as a page to print."""
        return self._send("get /v1/decisions/{id}/explanation", id, accept=form).body.decode()

    # Refund requests

    def file_refund_request(
        self, account: str, request: Facts, *, policy: str | None = None, idempotency_key: str | None = None
    ) -> m.JustFiled:
        """File a refund request: judge, hold the lots and record, once for each key, however often it is sent.

        Without a key this call makes one, which lives as long as the call. To be safe from a crash of your own, make
        one with `new_idempotency_key`, keep it, and send it again with the same body.
        """
        body = _body(account=account, request=request, policy=policy)
        return self._call(m.JustFiled, "post /v1/refund-requests", body=body, key=_key(idempotency_key))

    def refund_request(self, id: str) -> m.RefundRequest:
        """A refund request, its state and what it holds."""
        return self._call(m.RefundRequest, "get /v1/refund-requests/{id}", id)

    def refund_requests(
        self, *, state: str | None = None, account: str | None = None, after: str | None = None
    ) -> Iterator[m.RefundRequestLine]:
        """The refund requests of all accounts, oldest first, page after page. Raises RecordsDamaged behind the last,
        where some were met whose decision is not what was written.
        """
        return self._pages("get /v1/refund-requests", "refund_requests", state=state, account=account, after=after)

    def approve(
        self, id: str, *, by: str, reason: str | None = None, idempotency_key: str | None = None
    ) -> m.RefundRequest:
        """Approve a request that somebody had to look at."""
        return self._move("post /v1/refund-requests/{id}/approve", id, by, reason, idempotency_key)

    def refuse(self, id: str, *, by: str, reason: str, idempotency_key: str | None = None) -> m.RefundRequest:
        """Refuse a request that somebody had to look at; the points are given back."""
        return self._move("post /v1/refund-requests/{id}/refuse", id, by, reason, idempotency_key)

    def settle(
        self, id: str, *, by: str | None = None, reason: str | None = None, idempotency_key: str | None = None
    ) -> m.RefundRequest:
        """Confirm that an approved request was paid out, for good."""
        return self._move("post /v1/refund-requests/{id}/settle", id, by, reason, idempotency_key)

    def fail(
        self, id: str, *, by: str | None = None, reason: str, idempotency_key: str | None = None
    ) -> m.RefundRequest:
        """The payout of an approved request failed; the points are given back."""
        return self._move("post /v1/refund-requests/{id}/fail", id, by, reason, idempotency_key)

    def cancel(
        self, id: str, *, by: str | None = None, reason: str | None = None, idempotency_key: str | None = None
    ) -> m.RefundRequest:
        """Cancel a request that is not paid out yet; the points are given back."""
        return self._move("post /v1/refund-requests/{id}/cancel", id, by, reason, idempotency_key)

    def reverse(
        self, id: str, *, by: str | None = None, reason: str, idempotency_key: str | None = None
    ) -> m.RefundRequest:
        """Reverse a request that was paid out; the points go back to their lots."""
        return self._move("post /v1/refund-requests/{id}/reverse", id, by, reason, idempotency_key)

    # Accounts

    def account(self, id: str) -> m.StoredAccount:
        """The facts of an account."""
        return self._call(m.StoredAccount, "get /v1/accounts/{id}", id)

    def put_account(self, id: str, policy: str, facts: Facts) -> m.StoredAccount:
        """Open an account, or replace its facts."""
        return self._call(m.StoredAccount, "put /v1/accounts/{id}", id, body={**facts, "policy": policy})

    def change_account(self, id: str, facts: Facts) -> m.StoredAccount:
        """Change some facts of an account; None is the fact's default."""
        return self._call(m.StoredAccount, "patch /v1/accounts/{id}", id, body=facts)

    def balance(self, id: str, *, on: date | None = None) -> m.Balance:
        """What an account has on a day, today if left out, and what expires when."""
        return self._call(m.Balance, "get /v1/accounts/{id}/balance", id, query={"on": on})

    def account_earning(self, id: str) -> m.OwnEarning:
        """What an account earns by each rule today, its own figures first."""
        return self._call(m.OwnEarning, "get /v1/accounts/{id}/earning", id)

    def refund_options(self, id: str, request: Facts | None = None) -> m.RefundOptions:
        """What each way of a refund would come to, and what is missing for it."""
        body = _body(request=request)
        return self._call(m.RefundOptions, "post /v1/accounts/{id}/refund-options", id, body=body, safe=True)

    def account_refund_requests(self, id: str, *, after: str | None = None) -> Iterator[m.RefundRequestLine]:
        """The refund requests of an account, newest first. Raises RecordsDamaged as `refund_requests` does."""
        return self._pages("get /v1/accounts/{id}/refund-requests", "refund_requests", id, after=after)

    def account_events(self, id: str, *, state: str | None = None, after: str | None = None) -> Iterator[m.ToldEvent]:
        """The events of an account, the last that happened first."""
        return self._pages("get /v1/accounts/{id}/events", "events", id, state=state, after=after)

    def account_entries(self, id: str, *, after: int | None = None) -> Iterator[m.Entry]:
        """The ledger entries of an account, the last that was entered first."""
        return self._pages("get /v1/accounts/{id}/entries", "entries", id, after=after)

    def account_notices(self, id: str, *, after: int | None = None) -> Iterator[m.Notice]:
        """The notices that were due to an account, newest first."""
        return self._pages("get /v1/accounts/{id}/notices", "notices", id, after=after)

    def account_inquiries(self, id: str, *, after: str | None = None) -> Iterator[m.InquiryLine]:
        """The inquiries of an account, newest first."""
        return self._pages("get /v1/accounts/{id}/inquiries", "inquiries", id, after=after)

    # Events

    def tell(self, event: Facts) -> m.ToldEvent:
        """Tell what happened to a member; told again under its id, it gets the answer that it had."""
        return self._call(m.ToldEvent, "post /v1/events", body=event, safe=True)

    def tell_many(self, events: Sequence[Facts]) -> Sequence[m.EventResult]:
        """Tell up to 10,000 events, each of which is taken or refused by itself."""
        return self._call(m.EventResults, "post /v1/events", body={"events": list(events)}, safe=True)["results"]

    def event(self, id: str) -> m.ToldEvent:
        """An event, and what it came to."""
        return self._call(m.ToldEvent, "get /v1/events/{id}", id)

    def waiting_events(self, *, after: str | None = None) -> Iterator[m.ToldEvent]:
        """The events of all accounts that wait for the one that they undo."""
        return self._pages("get /v1/events", "events", state="waiting", after=after)

    # Inquiries

    def open_inquiry(
        self,
        account: str,
        kind: Literal["question", "contest"],
        text: str,
        *,
        decision_id: str | None = None,
        refund_request_id: str | None = None,
        language: Literal["ko", "en"] | None = None,
        idempotency_key: str | None = None,
    ) -> m.Inquiry:
        """Ask, or contest a decision."""
        body = _body(
            account=account,
            kind=kind,
            text=text,
            decision_id=decision_id,
            refund_request_id=refund_request_id,
            language=language,
        )
        return self._call(m.Inquiry, "post /v1/inquiries", body=body, key=_key(idempotency_key))

    def inquiry(self, id: str) -> m.InquiryInFull:
        """An inquiry with everything said, and the decision explained."""
        return self._call(m.InquiryInFull, "get /v1/inquiries/{id}", id)

    def inquiries(
        self, *, state: str | None = None, order: Literal["due", "newest"] | None = None, after: str | None = None
    ) -> Iterator[m.InquiryLine]:
        """The inquiries of all accounts, what is due first at the head."""
        return self._pages("get /v1/inquiries", "inquiries", state=state, order=order, after=after)

    def add_to_inquiry(
        self,
        id: str,
        by: Literal["member", "agent"],
        text: str,
        *,
        agent: str | None = None,
        outcome: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> m.Inquiry:
        """Add to an inquiry, ask back, or answer it."""
        body = _body(by=by, text=text, agent=agent, outcome=outcome, reason=reason)
        key = _key(idempotency_key)
        return self._call(m.Inquiry, "post /v1/inquiries/{id}/entries", id, body=body, key=key)

    def close_inquiry(
        self, id: str, by: Literal["member", "agent"], *, agent: str | None = None, text: str | None = None
    ) -> m.InquiryInFull:
        """End an inquiry that was answered."""
        body = _body(by=by, agent=agent, text=text)
        return self._call(m.InquiryInFull, "post /v1/inquiries/{id}/close", id, body=body)

    def withdraw_inquiry(
        self, id: str, by: Literal["member", "agent"], *, agent: str | None = None, text: str | None = None
    ) -> m.InquiryInFull:
        """Take an inquiry back."""
        body = _body(by=by, agent=agent, text=text)
        return self._call(m.InquiryInFull, "post /v1/inquiries/{id}/withdraw", id, body=body)

    # Messages

    def messages(self, *, account: str | None = None, after: str | None = None) -> Iterator[m.Message]:
        """What happened, oldest first, up to now. Keep the id of the last that you have dealt with, and ask for those
        `after` it next time.
        """
        return self._pages("get /v1/messages", "messages", account=account, after=after)

    # Questions and answers

    def find_answers(
        self, q: str | None = None, *, policy: str | None = None, limit: int | None = None
    ) -> m.FaqEntries:
        """The entries of the FAQ that have these words, the best first; without words, all of them."""
        return self._call(m.FaqEntries, "get /v1/faq", query={"q": q, "policy": policy, "limit": limit})

    def answer(self, id: str) -> m.FaqEntry:
        """A question and its answer, in Markdown, with the figures of today."""
        return self._call(m.FaqEntry, "get /v1/faq/{id}", id)

    # Policies

    def policies(self) -> Sequence[m.PolicyVersionLine]:
        """The newest version of every policy."""
        return self._call(m.Policies, "get /v1/policies")["policies"]

    def policy(self, id: str) -> m.Policy:
        """What a policy declares, and its versions."""
        return self._call(m.Policy, "get /v1/policies/{id}", id)

    def earning(self, id: str) -> m.Earning:
        """How points are earned today, what is to come and what is over."""
        return self._call(m.Earning, "get /v1/policies/{id}/earning", id)

    def policy_versions(self, id: str) -> Sequence[m.PolicyVersionLine]:
        """The versions of a policy, the newest first."""
        return self._call(m.PolicyVersions, "get /v1/policies/{id}/versions", id)["versions"]

    def policy_version(self, id: str, number: int) -> m.PolicyVersion:
        """One version of a policy, with its text."""
        return self._call(m.PolicyVersion, "get /v1/policies/{id}/versions/{number}", id, str(number))

    # Members and webhooks

    def make_member_token(self, account: str, *, minutes: int | None = None) -> m.NewMemberToken:
        """Make a token by which a member asks for its own account; shown this once."""
        return self._call(m.NewMemberToken, "post /v1/member-tokens", body=_body(account=account, minutes=minutes))

    def webhooks(self) -> Sequence[m.Webhook]:
        """The webhooks, oldest first."""
        return self._call(m.Webhooks, "get /v1/webhooks")["webhooks"]

    def add_webhook(self, url: str, *, kinds: Sequence[str] = (), policy: str | None = None) -> m.NewWebhook:
        """Have messages sent to an address: of these kinds, or all. Its secret is shown this once."""
        return self._call(m.NewWebhook, "post /v1/webhooks", body=_body(url=url, kinds=[*kinds], policy=policy))

    def remove_webhook(self, id: str) -> m.Webhook:
        """Have nothing more sent to an address."""
        return self._call(m.Webhook, "delete /v1/webhooks/{id}", id)

    def deliveries(
        self, *, state: str | None = None, webhook: str | None = None, after: str | None = None
    ) -> Iterator[m.Delivery]:
        """What was sent to which webhook, and what is still to be sent, newest first."""
        return self._pages("get /v1/deliveries", "deliveries", state=state, webhook=webhook, after=after)

    def redeliver(self, id: str) -> m.Delivery:
        """Send a message again, with the same `webhook-id`."""
        return self._call(m.Delivery, "post /v1/deliveries/{id}/redeliver", id)

    # What auditors ask

    def find_decisions(
        self,
        *,
        account: str | None = None,
        reason: str | None = None,
        rule: str | None = None,
        policy: str | None = None,
        version: int | None = None,
        outcome: str | None = None,
        points_from: int | None = None,
        points_to: int | None = None,
        day_from: date | None = None,
        day_to: date | None = None,
        after: str | None = None,
    ) -> Iterator[m.FoundDecision]:
        """The recorded decisions of which all of this holds, the newest first. Raises RecordsDamaged behind the last,
        where some were met whose record is not what was written.
        """
        asked = {
            "account": account,
            "reason": reason,
            "rule": rule,
            "policy": policy,
            "version": version,
            "outcome": outcome,
            "points_from": points_from,
            "points_to": points_to,
            "day_from": day_from,
            "day_to": day_to,
        }
        return self._pages("get /v1/audit/decisions", "decisions", after=after, **asked)

    def whole_decision(self, id: str) -> m.WholeDecision:
        """All that is kept of a decision, and where it stands in the log."""
        return self._call(m.WholeDecision, "get /v1/audit/decisions/{id}", id)

    def replay(self, id: str) -> m.Replay:
        """The decision made again from what is kept of it, and where that differs."""
        return self._call(m.Replay, "get /v1/audit/decisions/{id}/replay", id)

    def reads(
        self,
        *,
        decision: str | None = None,
        reader: str | None = None,
        day_from: date | None = None,
        day_to: date | None = None,
        after: int | None = None,
    ) -> Iterator[m.Read]:
        """Who was shown which decision, the newest first."""
        asked = {"decision": decision, "reader": reader, "day_from": day_from, "day_to": day_to}
        return self._pages("get /v1/audit/reads", "reads", after=after, **asked)

    def kept_version(self, digest: str) -> m.KeptVersion:
        """A published text by its digest, and all else that the digest covers."""
        return self._call(m.KeptVersion, "get /v1/audit/versions/{digest}", digest)

    def checkpoint(self) -> m.Checkpoint:
        """The newest signed head of the log. Keep it: nobody can then alter what it covers without another root."""
        return self._call(m.Checkpoint, "get /v1/audit/checkpoint")

    def log_entry(self, seq: int) -> m.LogEntry:
        """One leaf of the log, and what it stands for."""
        return self._call(m.LogEntry, "get /v1/audit/entries/{seq}", str(seq))

    def prove_inclusion(self, kind: str, reference: str, *, size: int | None = None) -> m.InclusionProof:
        """That something is in the log (of this size, that of a checkpoint)."""
        asked = {"kind": kind, "reference": reference, "size": size}
        return self._call(m.InclusionProof, "get /v1/audit/proofs/inclusion", query=asked)

    def prove_consistency(self, old: int, *, new: int | None = None) -> m.ConsistencyProof:
        """That the log of the newer size begins with that of the older one."""
        return self._call(m.ConsistencyProof, "get /v1/audit/proofs/consistency", query={"old": old, "new": new})

    def _move(self, operation: str, id: str, by: str | None, reason: str | None, key: str | None) -> m.RefundRequest:
        return self._call(m.RefundRequest, operation, id, body=_body(by=by, reason=reason), key=_key(key))

    def _call(
        self,
        shape: type[Shape],
        operation: str,
        *places: str,
        query: Facts | None = None,
        body: Facts | None = None,
        key: str | None = None,
        safe: bool = False,
    ) -> Shape:
        """What an operation answers; it is of the shape that the document says, which is not looked at again."""
        answer = self._send(operation, *places, query=query, body=body, key=key, safe=safe)
        return cast(Shape, json.loads(answer.body))

    def _send(
        self,
        operation: str,
        *places: str,
        query: Facts | None = None,
        body: Facts | None = None,
        key: str | None = None,
        safe: bool = False,
        accept: str = JSON,
    ) -> Answer:
        method, path = operation.split(" ")
        asked = urlencode({name: _written(value) for name, value in (query or {}).items() if value is not None})
        named = iter(places)
        target = re.sub(r"\{\w+\}", lambda _: quote(next(named), safe=""), path) + (f"?{asked}" if asked else "")
        headers = {**self._headers, "Accept": accept}
        if body is not None:
            headers["Content-Type"] = JSON
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = None if body is None else _json(body)
        # What replaces, changes to the same or is done once for its key is the same when it is sent twice.
        safe = safe or key is not None or method != "post"
        return self._transport.send(Request(method.upper(), target, headers, sent, safe))

    def _pages(self, operation: str, of: str, *places: str, **query: object) -> Iterator[Any]:
        damaged: list[Any] = []
        for page in self._whole_pages(operation, *places, **query):
            yield from page[of]
            damaged += page.get("damaged", ())
        if damaged:
            raise RecordsDamaged(damaged)

    def _whole_pages(self, operation: str, *places: str, **query: object) -> Iterator[Any]:
        page = json.loads(self._send(operation, *places, query=query).body)
        while True:
            yield page
            if page["next"] is None:
                return
            request = Request("GET", page["next"], {**self._headers, "Accept": JSON}, None, True)
            page = json.loads(self._transport.send(request).body)


def _body(**fields: object) -> dict[str, Any]:
    """What is sent of these: what is left out is not, and nothing false."""
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_written).encode()


def _written(value: object) -> str:
    """A value as it is written: days and instants by ISO 8601."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _key(given: str | None) -> str:
    return new_idempotency_key() if given is None else given
