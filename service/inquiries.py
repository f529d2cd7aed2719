"""Inquiries: what members ask and contest, and what agents answer, with the day by which they have to.

An inquiry goes from state to state by moves, and every move is an entry that is never changed: who, when, in which
words.

The clock: an inquiry is due ANSWER_WITHIN_DAYS after the local day on which it was opened, in the programme's zone. The
default of 30 is the span within which, as law firms report it, a person who demands an explanation or a human review of
an automated decision has to be answered (Korea, Personal Information Protection Act, article 37-2, since 2024-03-15).
Extensions and other grounds are not modelled, and whether the span fits is for the operator's counsel to confirm. A
member who adds to an inquiry that was answered starts the clock anew; what is added before the answer does not. An
agent's question back does not stop it.

What people write is kept here and shown to who asks for the inquiry. It is in no log and in no message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from service import ledger, records, refund_requests
from service.clock import Clock, spoken, stored, to_the_second
from service.database import Database, Row, execute, lock, rows, writing
from service.errors import FieldError, Refusal
from service.idempotency import Answer, claim, digest_of, finish
from service.ids import new_id
from service.outbox import announce
from service.publishing import Versions, local_day_of

KINDS = ("question", "contest")
STATES = ("open", "answered", "closed", "withdrawn")
OUTCOMES = ("upheld", "overturned", "explained")
# What may be done in each state; an agent asks back in a contest only, because a question is answered by any words.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "open": ("add", "ask", "answer", "withdraw"),
    "answered": ("add", "ask", "answer", "close", "withdraw"),
    "closed": (),
    "withdrawn": (),
}
ANNOUNCED = {"open": "inquiry.opened", "answer": "inquiry.answered"}
LEADS_TO = {"add": "open", "answer": "answered", "close": "closed", "withdraw": "withdrawn"}

INSERT = (
    "INSERT INTO inquiry"
    " (id, account_id, kind, request_id, decision_id, state, language, opened_at, due_on, answered_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
)
MOVE = "UPDATE inquiry SET state = ? WHERE id = ?"
ANSWER = "UPDATE inquiry SET answered_at = COALESCE(answered_at, ?) WHERE id = ?"
REOPEN = "UPDATE inquiry SET due_on = ?, answered_at = NULL WHERE id = ?"
INSERT_ENTRY = (
    "INSERT INTO inquiry_entry (inquiry_id, move, who, agent, text, outcome, reason, due_on, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SELECT = (
    "SELECT inquiry.id, inquiry.account_id, account.policy, inquiry.kind, inquiry.request_id, refund_request.state,"
    " inquiry.decision_id, inquiry.state, inquiry.language, inquiry.opened_at, inquiry.due_on, inquiry.answered_at,"
    " (SELECT move FROM inquiry_entry WHERE inquiry_id = inquiry.id ORDER BY inquiry_entry.id DESC LIMIT 1)"
    " FROM inquiry JOIN account ON account.id = inquiry.account_id"
    " LEFT JOIN refund_request ON refund_request.id = inquiry.request_id WHERE "
)
SELECT_ENTRIES = (
    "SELECT move, who, agent, text, outcome, reason, due_on, at FROM inquiry_entry WHERE inquiry_id = ? ORDER BY id"
)
SELECT_OPEN_CONTEST = (
    "SELECT id FROM inquiry WHERE decision_id = ? AND kind = 'contest' AND state = 'open' ORDER BY id LIMIT 1"
)
BEHIND_BY_DUE = "(inquiry.due_on, inquiry.id) > ((SELECT due_on FROM inquiry WHERE id = ?), ?)"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An inquiry without its words. `answered_at` is None while what the member said last waits for an answer;
    `asked_back` is True while what an agent asked of the member last does.
    """

    id: str
    account: str
    policy: str
    kind: str
    request_id: str | None
    refund_state: str | None
    decision_id: str | None
    state: str
    language: str
    opened_at: str
    due_on: date
    answered_at: str | None
    asked_back: bool

    @property
    def allowed(self) -> list[str]:
        """What may be done now."""
        return [move for move in ALLOWED[self.state] if move != "ask" or self.kind == "contest"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was said or done: `who` is member or agent, `agent` the opaque id of that agent or ""."""

    move: str
    who: str
    agent: str
    text: str
    outcome: str
    reason: str
    due_on: date | None
    at: str


Answering = Callable[[Inquiry, list[Entry]], Answer]


class Inquiries:
    """The inquiries of one database."""

    def __init__(self, database: Database, versions: Versions, clock: Clock, answer_within_days: int) -> None:
        self._database = database
        self._versions = versions
        self._clock = clock
        self._span = timedelta(days=answer_within_days)

    def open(self, body: Mapping[str, Any], key: str, answer: Answering) -> Answer:
        """Keep what a member asks or contests, once for each key. Raises Refusal, Unavailable."""

        def work() -> Answer:
            now = self._clock()
            known = claim(self._database, key, digest_of(body), now)
            return self._open(body, key, now, answer) if known is None else known

        return writing(self._database, work)

    def add(self, id: str, body: Mapping[str, Any], key: str, answer: Answering) -> Answer:
        """Keep what a member adds or an agent says, once for each key. Raises Refusal, Unavailable."""

        def work() -> Answer:
            now = self._clock()
            known = claim(self._database, key, digest_of({"inquiry": id, **body}), now)
            if known is not None:
                return known
            self._move(id, lambda inquiry: _move_of(inquiry, body), body, now)
            return self._finished(id, key, answer)

        return writing(self._database, work)

    def end(self, id: str, move: str, body: Mapping[str, Any]) -> None:
        """Close or withdraw an inquiry. Raises Refusal, Unavailable."""
        writing(self._database, lambda: self._move(id, lambda inquiry: move, body, self._clock()))

    def today(self, policy: str) -> date:
        """The local day of a programme. Raises Refusal."""
        return self._day_of(policy, self._clock())

    def _open(self, body: Mapping[str, Any], key: str, now: datetime, answer: Answering) -> Answer:
        account = ledger.find_account(self._database, body["account"])
        if account is None:
            raise Refusal("unknown-account", [FieldError.at(("account",), "unknown")], account=body["account"])
        request_id, decision_id = self._subject(body)
        if body["kind"] == "contest":
            self._check_contested(decision_id)
        made = new_id("Q", now)
        due_on = self._day_of(account.policy, now) + self._span
        about = (body["account"], body["kind"], request_id, decision_id)
        execute(self._database, INSERT, (made, *about, "open", body["language"], stored(now), due_on))
        self._write(made, "open", {"by": "member", **body}, due_on, now)
        return self._finished(made, key, answer)

    def _subject(self, body: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """The refund request and the decision that an inquiry is about; another member's are as unknown as none."""
        if "refund_request_id" in body:
            filed = refund_requests.find(self._database, body["refund_request_id"])
            if filed is None or filed.account != body["account"]:
                raise Refusal("bad-request", [FieldError.at(("refund_request_id",), "unknown")])
            return filed.id, filed.decision_id
        if "decision_id" in body:
            record = records.find(self._database, body["decision_id"])
            if record is None or record.decision["account"] != body["account"]:
                raise Refusal("bad-request", [FieldError.at(("decision_id",), "unknown")])
            return refund_requests.of_decision(self._database, record.id), record.id
        return None, None

    def _check_contested(self, decision: str | None) -> None:
        """A decision is contested once at a time, or one of two agents would answer against the other; and only as long
        as what it was made on is kept.
        """
        assert decision is not None, "a contest is about a decision"
        lock(self._database, f"recoup:contest:{decision}")
        found = rows(self._database, SELECT_OPEN_CONTEST, (decision,))
        if found:
            raise Refusal("already-contested", inquiry=found[0][0])
        record = records.find(self._database, decision)
        if record is not None and record.erased:
            raise Refusal("decision-erased", decision=decision)

    def _move(self, id: str, move_of: Callable[[Inquiry], str], body: Mapping[str, Any], now: datetime) -> None:
        lock(self._database, f"recoup:inquiry:{id}")
        inquiry = find(self._database, id)
        if inquiry is None:
            raise Refusal("not-found", what=f"/v1/inquiries/{id}")
        move, allowed = move_of(inquiry), inquiry.allowed
        if move not in allowed:
            raise Refusal("illegal-move", state=inquiry.state, allowed=allowed)
        due_on = None
        if move == "answer":
            execute(self._database, ANSWER, (stored(now), id))
        if move == "add" and inquiry.state == "answered":
            if inquiry.kind == "contest":
                self._check_contested(inquiry.decision_id)
            due_on = self._day_of(inquiry.policy, now) + self._span
            execute(self._database, REOPEN, (due_on, id))
        execute(self._database, MOVE, (LEADS_TO.get(move, inquiry.state), id))
        self._write(id, move, body, due_on, now)

    def _write(self, id: str, move: str, body: Mapping[str, Any], due_on: date | None, now: datetime) -> None:
        """Put a move on the record and tell others of it, in the transaction of the move; words are not told."""
        said = [body.get(name, "") for name in ("by", "agent", "text", "outcome", "reason")]
        execute(self._database, INSERT_ENTRY, (id, move, *said, due_on, stored(now)))
        if move in ANNOUNCED:
            inquiry = find(self._database, id)
            assert inquiry is not None, "it was just written"
            data = {name: getattr(inquiry, name) for name in ("policy", "account", "id", "state", "decision_id")}
            announce(self._database, ANNOUNCED[move], inquiry.account, data, now)

    def _finished(self, id: str, key: str, answer: Answering) -> Answer:
        inquiry = find(self._database, id)
        assert inquiry is not None, "it was just kept"
        answered = answer(inquiry, entries_of(self._database, id))
        finish(self._database, key, answered)
        return answered

    def _day_of(self, policy: str, now: datetime) -> date:
        version = self._versions.in_force(policy, now)
        if version is None:
            raise Refusal("not-in-force", policy=policy, day=spoken(now))
        return local_day_of(version, now)


def find(database: Database, id: str) -> Inquiry | None:
    """The inquiry of an id."""
    found = rows(database, SELECT + "inquiry.id = ?", (id,))
    return _inquiry(found[0]) if found else None


def entries_of(database: Database, id: str) -> list[Entry]:
    """Everything that was said and done, in order."""
    return [_entry(row) for row in rows(database, SELECT_ENTRIES, (id,))]


def page_of(database: Database, account: str, after: str | None, limit: int) -> list[Inquiry]:
    """The inquiries of an account, newest first, from the one behind `after` on."""
    return _page(database, ["inquiry.account_id = ?"], [account], "newest", after, limit)


def queue(database: Database, state: str | None, order: str, after: str | None, limit: int) -> list[Inquiry]:
    """The inquiries in a state (None: in any), those that are due first at the head, or the newest."""
    where, parameters = (["inquiry.state = ?"], [state]) if state else ([], [])
    return _page(database, where, parameters, order, after, limit)


def _page(
    database: Database, where: Sequence[str], parameters: Sequence[object], order: str, after: str | None, limit: int
) -> list[Inquiry]:
    behind, by = (
        (BEHIND_BY_DUE, "inquiry.due_on, inquiry.id") if order == "due" else ("inquiry.id < ?", "inquiry.id DESC")
    )
    places = [] if after is None else [after] * behind.count("?")
    conditions = " AND ".join([*where, *([behind] if places else [])]) or "1 = 1"
    found = rows(database, f"{SELECT}{conditions} ORDER BY {by} LIMIT ?", (*parameters, *places, limit))
    return [_inquiry(row) for row in found]


def _move_of(inquiry: Inquiry, body: Mapping[str, Any]) -> str:
    """What an entry does: a member adds; an agent answers, or asks back in a contest that gets no outcome yet."""
    outcome = body.get("outcome")
    if outcome is not None and inquiry.kind != "contest":
        raise Refusal("bad-request", [FieldError.at(("outcome",), "only-for-contests")])
    if body["by"] == "member":
        return "add"
    return "ask" if inquiry.kind == "contest" and outcome is None else "answer"


def _inquiry(row: Row) -> Inquiry:
    name, account, policy, kind, request, refund_state, decision, state, language, *of_time, last_move = row
    about = (name, account, policy, kind, request, refund_state, decision, state, language)
    opened_at, due_on, answered_at = of_time
    answered = None if answered_at is None else to_the_second(answered_at)
    return Inquiry(*about, to_the_second(opened_at), _day(due_on), answered, last_move == "ask")


def _entry(row: Row) -> Entry:
    move, who, agent, text, outcome, reason, due_on, at = row
    started = None if due_on is None else _day(due_on)
    return Entry(move, who, agent, text, outcome, reason, started, to_the_second(at))


def _day(found: object) -> date:
    """A DATE column: SQLite gives text, PostgreSQL a day."""
    return date.fromisoformat(str(found))
