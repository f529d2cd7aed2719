"""Erases the facts and words behind what was decided, once they are older than the policy has them kept.

`retention` of the text that something was decided by says how long. Over it, a decision and an answer to an event lose
the case on which they were made, and all words and links about them go, as when a member asks for it (`erasing.py`).
What was decided, by which rules and in which amounts stays, and so do points, the ledger and every proof of the log.

A decision is kept with its refund request, the moves of that and the inquiries about it, and its time begins with the
last of them. What still matters is left until it does no longer: requests that are not over, inquiries that wait,
points that are left or held, points that are claimed or owed, and receiving accounts that limits count.

It goes through what is old in short transactions, each of one account, in the order in which things were recorded, and
looks again at everything that it is about to erase. So it may be stopped at any moment and run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from engine.calendars import add_span, local_day
from policies.model import Span
from service import audit_log, ledger
from service.clock import stored
from service.database import Database, Row, lock, overwriting, reading, rows, writing
from service.erasures import (
    ERASED,
    LOCK,
    OPEN,
    UNREADABLE,
    Change,
    Rehearsed,
    counted_since,
    forget_answer,
    is_token,
    token,
    words,
    write,
)
from service.ids import new_id
from service.json_body import canonical
from service.publishing import Versions
from service.records import CASE_GONE, RETENTION, without_facts

PAGE = 100
# No month is shorter, and no year.
LEAST_DAYS = {"days": 1, "months": 28, "years": 365}
TOKENS = "erased-%"

SELECT_INQUIRIES = (
    "SELECT id, account_id FROM inquiry WHERE id > ? AND id < ? AND state <> 'open' AND EXISTS (SELECT 1"
    " FROM inquiry_entry WHERE inquiry_id = inquiry.id AND (text NOT IN ('', ?) OR reason NOT IN ('', ?)"
    " OR (agent <> '' AND agent NOT LIKE ?))) ORDER BY id LIMIT ?"
)
SELECT_INQUIRY = (
    "SELECT inquiry.state, inquiry.opened_at, decision.digest, account.policy,"
    " (SELECT MAX(at) FROM inquiry_entry WHERE inquiry_id = inquiry.id) FROM inquiry"
    " JOIN account ON account.id = inquiry.account_id LEFT JOIN decision ON decision.id = decision_id"
    " WHERE inquiry.id = ?"
)
SELECT_SAID = "SELECT id, agent, text, reason FROM inquiry_entry WHERE inquiry_id = ? ORDER BY id"
# One that was erased already may have been moved since: what was paid out can be reversed at any time.
SELECT_DECISIONS = (
    "SELECT id, account FROM decision WHERE id > ? AND id < ? AND decided_at < ? AND (case_data <> ? OR EXISTS"
    ' (SELECT 1 FROM refund_request JOIN "move" ON request_id = refund_request.id WHERE decision_id = decision.id'
    " AND (reason NOT IN ('', ?) OR (actor <> '' AND actor NOT LIKE ?)))) ORDER BY id LIMIT ?"
)
SELECT_DECISION = "SELECT digest, decided_at FROM decision WHERE id = ?"
SELECT_DATA = "SELECT case_data, data FROM decision WHERE id = ?"
SELECT_REQUEST = (
    "SELECT id, state, receiving_account, requested_at,"
    " (SELECT COALESCE(MAX(moved_at), '') FROM \"move\" WHERE request_id = refund_request.id),"
    " (SELECT COUNT(*) FROM hold JOIN lot ON lot.id = lot_id WHERE request_id = refund_request.id"
    " AND (hold.state = 'held' OR (hold.state = 'settled' AND lot.\"left\" > 0)))"
    " FROM refund_request WHERE decision_id = ?"
)
SELECT_ABOUT = (
    "SELECT id, state, (SELECT MAX(at) FROM inquiry_entry WHERE inquiry_id = inquiry.id) FROM inquiry"
    " WHERE decision_id = ? ORDER BY id"
)
SELECT_MOVES = 'SELECT id, actor, reason FROM "move" WHERE request_id = ? ORDER BY id'
SELECT_ANSWERS = (
    "SELECT event.happened_at, event.id, account_id FROM event JOIN event_answer ON event_id = event.id"
    " WHERE (happened_at, event.id) > (?, ?) AND happened_at < ? AND answered_at < ? AND case_data <> ?"
    " ORDER BY happened_at, event.id LIMIT ?"
)
SELECT_ANSWER = (
    "SELECT account_id, account.policy, event_answer.digest, happened_at, answered_at, case_data, data FROM event"
    " JOIN account ON account.id = account_id JOIN event_answer ON event_id = event.id WHERE event.id = ?"
)
# What an event brought, and what it claims or has somebody owe, as long as there is something of it.
SELECT_LEFT = (
    'SELECT 1 FROM lot WHERE event = ? AND ("left" > 0 OR EXISTS (SELECT 1 FROM hold WHERE lot_id = lot.id'
    " AND state = 'held')) LIMIT 1"
)
SELECT_CLAIMED = (
    "SELECT 1 FROM claim_entry WHERE account_id = ? AND event = ? GROUP BY rule, part, lot_id"
    " HAVING SUM(points) <> 0 LIMIT 1"
)
SELECT_OWED = (
    "SELECT 1 FROM debt_entry JOIN account ON account.id = account_id WHERE account_id = ? AND event = ?"
    " AND points_debt > 0 GROUP BY rule HAVING SUM(points) <> 0 LIMIT 1"
)
SELECT_KEYS = (
    "SELECT id, answer FROM idempotency_key WHERE id > ? AND entered_at < ? AND answer <> '' ORDER BY id LIMIT ?"
)
SELECT_DECISION_OF = "SELECT decision_id FROM refund_request WHERE id = ?"


@dataclass(slots=True)
class Retained:
    """What was erased, or would be: in how many erasures, how many records by kind, and how many kept answers to keys.

    What is old and was left: how many records by kind are `needed` still, and the names of those that cannot be read.
    """

    erasures: int = 0
    records: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    needed: Counter[str] = field(default_factory=Counter)
    unreadable: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a version has records kept, and where its days begin."""

    name: str
    span: Span
    zone: ZoneInfo

    def over(self, last: str, now: datetime) -> bool:
        """Whether the time is over of what ended at an instant: the last day of it is kept whole."""
        end = add_span(local_day(datetime.fromisoformat(last), self.zone), self.span)
        return end < local_day(now, self.zone)


class Over(NamedTuple):
    """Whether the time of something is over, by what is `kept`; None: it is not. And whether it is `needed` still."""

    kept: Kept | None
    needed: bool = False

    @property
    def due(self) -> bool:
        """Whether it is to be erased."""
        return self.kept is not None and not self.needed


class Sort(NamedTuple):
    """One sort of records: pages of what may be over, each an id with its account; whether one is; what to erase."""

    kind: str
    pages: Iterator[list[Row]]
    over: Callable[[str], Over]
    changes: Callable[[str], list[Change]]


class Retaining:
    """Erases what is kept in one database no longer, at an instant."""

    def __init__(self, database: Database, versions: Versions, now: datetime) -> None:
        self._database = database
        self._versions = versions
        self._now = now
        self._known: dict[str, Kept | None] = {}
        self._counted_since = ""
        self._found = Retained()

    def retain(self, actor: str, *, rehearse: bool = False) -> Retained:
        """Erase all whose time is over and that nothing needs. To `rehearse` changes nothing. Raises Unavailable."""
        database = self._database
        with reading(database):
            listed = [each for policy in self._versions.policies() for each in self._versions.listed(policy)]
            spans = [kept.span for each in listed if (kept := self._kept(each.digest)) is not None]
            self._counted_since = stored(counted_since(self._versions, self._now))
        if not spans:
            return self._found
        # Nothing that was recorded later can be too old.
        before = self._now - timedelta(days=min(each.count * LEAST_DAYS[each.unit] for each in spans))
        audit_log.place_all(database)
        with nullcontext() if rehearse else overwriting(database):
            for sort in (
                Sort("inquiry", self._inquiries(before), self._inquiry_over, self._changed_inquiry),
                Sort("decision", self._decisions(before), self._decision_over, self._changed_decision),
                Sort("event_answer", self._answers(before), self._answer_over, self._changed_answer),
            ):
                for page in sort.pages:
                    for account, group in groupby(sorted(page, key=itemgetter(1)), key=itemgetter(1)):
                        due = self._due(sort, [name for name, _ in group])
                        if due:
                            self._erase(account, due, sort, actor, rehearse=rehearse)
            for keys in self._keys(before):
                self._forget(keys, rehearse=rehearse)
        return self._found

    def _due(self, sort: Sort, names: Sequence[str]) -> list[str]:
        """What of these is to be erased, as things stand; nobody waits for this look."""
        due = []
        with reading(self._database):
            for name in names:
                over = sort.over(name)
                if over.due:
                    due.append(name)
                elif over.kept is not None:
                    self._found.needed[sort.kind] += 1
        return due

    def _erase(self, account: str, names: Sequence[str], sort: Sort, actor: str, *, rehearse: bool) -> None:
        """Erase what is over of one account, in one transaction."""
        database = self._database
        changes: list[Change] = []

        def erase() -> None:
            # It may be run again.
            changes.clear()
            lock(database, LOCK)
            ledger.find_account(database, account, locked=True)
            by: set[str] = set()
            for name in sorted(names):
                found = sort.changes(name)
                changes.extend(found)
                kept = sort.over(name).kept
                by |= {f"{kept.name} {kept.span}"} if found and kept is not None else set()
            if not changes:
                return
            audit_log.place_within(database)
            write(database, changes, account, RETENTION, actor, ", ".join(sorted(by)), self._now)
            if rehearse:
                raise Rehearsed

        with suppress(Rehearsed):
            writing(database, erase)
        self._found.erasures += bool(changes)
        self._found.records.update(each.kind for each in changes)

    # What may be over, in the order in which it was recorded: pages of ids, each with its account.

    def _inquiries(self, before: datetime) -> Iterator[list[Row]]:
        last, end = "", new_id("Q", before)[:12]
        while page := self._read(SELECT_INQUIRIES, (last, end, ERASED, ERASED, TOKENS, PAGE)):
            yield page
            last = page[-1][0]

    def _decisions(self, before: datetime) -> Iterator[list[Row]]:
        last, end = "", new_id("D", before)[:12]
        while page := self._read(SELECT_DECISIONS, (last, end, stored(before), CASE_GONE, ERASED, TOKENS, PAGE)):
            yield page
            last = page[-1][0]

    def _answers(self, before: datetime) -> Iterator[list[Row]]:
        at, last, end = "", "", stored(before)
        while page := self._read(SELECT_ANSWERS, (at, last, end, end, CASE_GONE, PAGE)):
            yield [(event, account) for _, event, account in page]
            at, last, _ = page[-1]

    def _keys(self, before: datetime) -> Iterator[list[Row]]:
        last = 0
        while page := self._read(SELECT_KEYS, (last, stored(before), PAGE)):
            yield page
            last = page[-1][0]

    def _read(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        with reading(self._database):
            return rows(self._database, sql, parameters)

    # Whether the time of one thing is over, and what is to be erased of it, inside a transaction.

    def _inquiry_over(self, inquiry: str) -> Over:
        state, opened_at, digest, policy, last = rows(self._database, SELECT_INQUIRY, (inquiry,))[0]
        kept = self._kept(digest) if digest else self._in_force(policy, opened_at)
        return Over(kept if kept is not None and kept.over(last, self._now) else None, state == "open")

    def _changed_inquiry(self, inquiry: str) -> list[Change]:
        lock(self._database, f"recoup:inquiry:{inquiry}")
        if not self._inquiry_over(inquiry).due:
            return []
        people: dict[str, str] = {}
        changes = []
        for entry, agent, text, reason in rows(self._database, SELECT_SAID, (inquiry,)):
            values = {"agent": _person(agent, people), "text": words(text), "reason": words(reason)}
            if values != {"agent": agent, "text": text, "reason": reason}:
                changes.append(Change("inquiry_entry", str(entry), values))
        return changes

    def _decision_over(self, decision: str) -> Over:
        digest, decided_at = rows(self._database, SELECT_DECISION, (decision,))[0]
        kept = self._kept(digest)
        if kept is None or not kept.over(decided_at, self._now):
            return Over(None)
        for _, state, receiving, requested_at, moved_at, points in rows(self._database, SELECT_REQUEST, (decision,)):
            counted = receiving and not is_token(receiving) and requested_at >= self._counted_since
            if state in OPEN or points or counted or (moved_at and not kept.over(moved_at, self._now)):
                return Over(kept, needed=True)
        about = rows(self._database, SELECT_ABOUT, (decision,))
        return Over(kept, any(state == "open" or not kept.over(last, self._now) for _, state, last in about))

    def _changed_decision(self, decision: str) -> list[Change]:
        database = self._database
        for inquiry, _, _ in rows(database, SELECT_ABOUT, (decision,)):
            lock(database, f"recoup:inquiry:{inquiry}")
        # From here on nobody contests it.
        lock(database, f"recoup:contest:{decision}")
        if not self._decision_over(decision).due:
            return []
        people: dict[str, str] = {}
        changes = []
        ((case, data),) = rows(database, SELECT_DATA, (decision,))
        try:
            if case != CASE_GONE:
                remains = canonical(without_facts(msgspec.json.decode(data)))
                changes.append(Change("decision", decision, {"case_data": CASE_GONE, "data": remains}))
        except UNREADABLE:
            # Somebody changed the record: what is to be erased of it cannot be told.
            self._found.unreadable.add(decision)
            return []
        for request, _, receiving, *_ in rows(database, SELECT_REQUEST, (decision,)):
            if receiving and not is_token(receiving):
                changes.append(Change("refund_request", request, {"receiving_account": token()}))
            for step, actor, reason in rows(database, SELECT_MOVES, (request,)):
                values = {"actor": _person(actor, people), "reason": words(reason)}
                if values != {"actor": actor, "reason": reason}:
                    changes.append(Change("move", str(step), values))
        return changes

    def _answer_over(self, event: str) -> Over:
        account, policy, digest, happened_at, answered_at, *_ = rows(self._database, SELECT_ANSWER, (event,))[0]
        kept = self._kept(digest) if digest else self._in_force(policy, happened_at)
        if kept is None or not kept.over(max(happened_at, answered_at), self._now):
            return Over(None)
        of_account = (account, event)
        needed = ((SELECT_LEFT, (event,)), (SELECT_CLAIMED, of_account), (SELECT_OWED, of_account))
        return Over(kept, any(rows(self._database, sql, parameters) for sql, parameters in needed))

    def _changed_answer(self, event: str) -> list[Change]:
        *_, case, data = rows(self._database, SELECT_ANSWER, (event,))[0]
        if case == CASE_GONE or not self._answer_over(event).due:
            return []
        try:
            remains = canonical({**msgspec.json.decode(data), "trace": [], "erased": RETENTION})
        except UNREADABLE:
            self._found.unreadable.add(event)
            return []
        return [Change("event_answer", event, {"case_data": CASE_GONE, "data": remains})]

    def _forget(self, keys: Sequence[Row], *, rehearse: bool) -> None:
        """Forget the answers that were given about what is over."""
        with reading(self._database):
            over = [key for key, answer in keys if self._about_what_is_over(answer)]

        def forget() -> None:
            for key in over:
                forget_answer(self._database, key)

        if over and not rehearse:
            writing(self._database, forget)
        self._found.answers += len(over)

    def _about_what_is_over(self, answer: str) -> bool:
        """Whether a kept answer tells of a refund request or an inquiry that is to be erased, or was."""
        name = msgspec.json.decode(answer).get("id", "")
        if name.startswith("Q-"):
            return self._inquiry_over(name).due
        found = rows(self._database, SELECT_DECISION_OF, (name,))
        return bool(found) and self._decision_over(found[0][0]).due

    def _in_force(self, policy: str, at: str) -> Kept | None:
        """What a policy said at an instant."""
        compiled = self._versions.in_force(policy, datetime.fromisoformat(at))
        return None if compiled is None else self._kept(compiled.version.digest)

    def _kept(self, digest: str) -> Kept | None:
        """How long a version has records kept; None for one whose text cannot be read."""
        if digest not in self._known:
            try:
                compiled, kept = self._versions.compiled(digest), self._versions.kept(digest)
                assert kept is not None, "what was compiled is kept"
                name = f"{kept[0].policy}@{kept[0].number}"
                self._known[digest] = Kept(name, compiled.policy.retention, compiled.zone)
            except UNREADABLE:
                self._known[digest] = None
        return self._known[digest]


def _person(name: str, people: dict[str, str]) -> str:
    """The token of somebody, one and the same in everything that is about one thing; nobody stays nobody."""
    return name if name == "" or is_token(name) else people.setdefault(name, token())
