"""The operations of the service, one method each.

Answers are plain JSON data, typed by `models`. Facts that a policy declares for itself stand beside the common ones, so
whatever is sent (`request`, `account`, `event`) may be any mapping.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote, urlencode

from recoup_client import models as m
from recoup_client.transport import JSON, LINES, Answer, Request, Transport, wait
from recoup_client.webhooks import new_idempotency_key

Facts = Mapping[str, Any]
"""What is sent as a JSON object."""


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
        found: m.Decision = self._call("post /v1/decisions", body=body, safe=dry_run)
        return found

    def decide_many(self, items: Sequence[Facts]) -> Sequence[m.DecisionResult]:
        """Judge up to 1,000 items, each as `decide` takes it: for each its `status`, with a `decision` or a `problem`
        (which `errors.refused` makes an exception).
        """
        safe = all(item.get("dry_run") is True for item in items)
        found: m.DecisionResults = self._call("post /v1/decisions:batch", body={"items": list(items)}, safe=safe)
        return found["results"]

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
        found: m.KeptDecision = self._call("get /v1/decisions/{id}", id)
        return found

    def explanation(self, id: str) -> m.Explanation:
        """Why a recorded decision came out as it did, for the member."""
        found: m.Explanation = self._call("get /v1/decisions/{id}/explanation", id)
        return found

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
        found: m.JustFiled = self._call("post /v1/refund-requests", body=body, key=_key(idempotency_key))
        return found

    def refund_request(self, id: str) -> m.RefundRequest:
        """A refund request, its state and what it holds."""
        found: m.RefundRequest = self._call("get /v1/refund-requests/{id}", id)
        return found

    def refund_requests(
        self, *, state: str | None = None, account: str | None = None, after: str | None = None
    ) -> Iterator[m.RefundRequestLine]:
        """The refund requests of all accounts, oldest first, page after page."""
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
        found: m.StoredAccount = self._call("get /v1/accounts/{id}", id)
        return found

    def put_account(self, id: str, policy: str, facts: Facts) -> m.StoredAccount:
        """Open an account, or replace its facts."""
        found: m.StoredAccount = self._call("put /v1/accounts/{id}", id, body={**facts, "policy": policy})
        return found

    def change_account(self, id: str, facts: Facts) -> m.StoredAccount:
        """Change some facts of an account; None is the fact's default."""
        found: m.StoredAccount = self._call("patch /v1/accounts/{id}", id, body=facts)
        return found

    def balance(self, id: str, *, on: date | None = None) -> m.Balance:
        """What an account has on a day, today if left out, and what expires when."""
        found: m.Balance = self._call("get /v1/accounts/{id}/balance", id, query={"on": on})
        return found

    def refund_options(self, id: str, request: Facts | None = None) -> m.RefundOptions:
        """What each way of a refund would come to, and what is missing for it."""
        body = _body(request=request)
        found: m.RefundOptions = self._call("post /v1/accounts/{id}/refund-options", id, body=body, safe=True)
        return found

    def account_refund_requests(self, id: str, *, after: str | None = None) -> Iterator[m.RefundRequestLine]:
        """The refund requests of an account, newest first."""
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
        found: m.ToldEvent = self._call("post /v1/events", body=event, safe=True)
        return found

    def tell_many(self, events: Sequence[Facts]) -> Sequence[m.EventResult]:
        """Tell up to 10,000 events, each of which is taken or refused by itself."""
        found: m.EventResults = self._call("post /v1/events", body={"events": list(events)}, safe=True)
        return found["results"]

    def event(self, id: str) -> m.ToldEvent:
        """An event, and what it came to."""
        found: m.ToldEvent = self._call("get /v1/events/{id}", id)
        return found

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
        found: m.Inquiry = self._call("post /v1/inquiries", body=body, key=_key(idempotency_key))
        return found

    def inquiry(self, id: str) -> m.InquiryInFull:
        """An inquiry with everything said, and the decision explained."""
        found: m.InquiryInFull = self._call("get /v1/inquiries/{id}", id)
        return found

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
        found: m.Inquiry = self._call("post /v1/inquiries/{id}/entries", id, body=body, key=key)
        return found

    def close_inquiry(
        self, id: str, by: Literal["member", "agent"], *, agent: str | None = None, text: str | None = None
    ) -> m.InquiryInFull:
        """End an inquiry that was answered."""
        body = _body(by=by, agent=agent, text=text)
        found: m.InquiryInFull = self._call("post /v1/inquiries/{id}/close", id, body=body)
        return found

    def withdraw_inquiry(
        self, id: str, by: Literal["member", "agent"], *, agent: str | None = None, text: str | None = None
    ) -> m.InquiryInFull:
        """Take an inquiry back."""
        body = _body(by=by, agent=agent, text=text)
        found: m.InquiryInFull = self._call("post /v1/inquiries/{id}/withdraw", id, body=body)
        return found

    # Messages

    def messages(self, *, account: str | None = None, after: str | None = None) -> Iterator[m.Message]:
        """What happened, oldest first, up to now. Keep the id of the last that you have dealt with, and ask for those
        `after` it next time.
        """
        return self._pages("get /v1/messages", "messages", account=account, after=after)

    def _move(self, operation: str, id: str, by: str | None, reason: str | None, key: str | None) -> m.RefundRequest:
        found: m.RefundRequest = self._call(operation, id, body=_body(by=by, reason=reason), key=_key(key))
        return found

    def _call(
        self,
        operation: str,
        id: str = "",
        *,
        query: Facts | None = None,
        body: Facts | None = None,
        key: str | None = None,
        safe: bool = False,
    ) -> Any:
        return json.loads(self._send(operation, id, query=query, body=body, key=key, safe=safe).body)

    def _send(
        self,
        operation: str,
        id: str = "",
        *,
        query: Facts | None = None,
        body: Facts | None = None,
        key: str | None = None,
        safe: bool = False,
        accept: str = JSON,
    ) -> Answer:
        method, path = operation.split(" ")
        asked = urlencode({name: _written(value) for name, value in (query or {}).items() if value is not None})
        target = path.replace("{id}", quote(id, safe="")) + (f"?{asked}" if asked else "")
        headers = {**self._headers, "Accept": accept}
        if body is not None:
            headers["Content-Type"] = JSON
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = None if body is None else _json(body)
        # What replaces, changes to the same or is done once for its key is the same when it is sent twice.
        safe = safe or key is not None or method != "post"
        return self._transport.send(Request(method.upper(), target, headers, sent, safe))

    def _pages(self, operation: str, of: str, id: str = "", **query: object) -> Iterator[Any]:
        page = self._call(operation, id, query=query)
        while True:
            yield from page[of]
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
