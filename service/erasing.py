"""Erases the words and links that were kept of an account, so that nothing that was proven before is proven no longer.

How rows are changed without breaking a proof is in `erasures.py`; what is erased for its age, in `retaining.py`. The
table in docs/operators.md says of every column what an erasure does to it.

A link, such as a receiving account, gives way to a random token: the same one for the same link in all records of the
account, so that limits that counted by it count the same when a decision is made again. No decision is changed by it,
which is tried out before it is written. What is needed still is left: by an open refund request or inquiry, and by
limits that count what was paid to one receiving account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from engine.facts import COUNTED_STATES
from engine.replay import replay_stored
from service import audit_log, ledger, moves
from service.clock import stored
from service.database import Database, execute, lock, on_sqlite, overwriting, reading, rows, writing
from service.erasures import (
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
from service.records import CASE_GONE

SELECT_REQUESTS = (
    "SELECT id, state, receiving_account, requested_at FROM refund_request WHERE account_id = ? ORDER BY id"
)
SELECT_MOVES = (
    'SELECT "move".id, actor, reason, refund_request.state FROM "move"'
    ' JOIN refund_request ON refund_request.id = request_id WHERE account_id = ? ORDER BY "move".id'
)
SELECT_INQUIRIES = "SELECT id FROM inquiry WHERE account_id = ? ORDER BY id"
SELECT_SAID = (
    "SELECT inquiry_entry.id, agent, text, reason, inquiry.state FROM inquiry_entry"
    " JOIN inquiry ON inquiry.id = inquiry_id WHERE account_id = ? ORDER BY inquiry_entry.id"
)
DECISION = "SELECT id, account, policy, digest, outcome, points, as_of, case_data, data FROM decision WHERE "
SELECT_DECISIONS = f"{DECISION}account = ? ORDER BY id"
SELECT_DECISION = f"{DECISION}id = ?"
# SQLite and PostgreSQL call it otherwise.
SELECT_NAMED = "SELECT id FROM decision WHERE account <> ? AND {position}(case_data, ?) > 0 AND id > ?"
SELECT_ANSWERS = "SELECT id FROM idempotency_key WHERE {position}(answer, ?) > 0 ORDER BY id"


FORGET_AFFECTED = "DELETE FROM draft_affected WHERE account_id = ?"
MEANWHILE = timedelta(hours=1)


class Nothing(Exception):
    """Nothing is kept of an account of this id."""


@dataclass(slots=True)
class Erased:
    """What was erased, or would be: the number of the erasure, how many records by kind, and how many kept answers.

    What was left: how many rows something `open` needs, how many receiving accounts limits have `counted`, and the
    decisions that would not come out the same, `bound` to a link.
    """

    id: int = 0
    records: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    open: int = 0
    counted: int = 0
    bound: list[str] = field(default_factory=list)


class Erasing:
    """Erases what was kept of accounts in one database."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    def erase(
        self,
        account: str,
        actor: str,
        reason: str,
        now: datetime,
        *,
        counted_too: bool = False,
        rehearse: bool = False,
    ) -> Erased:
        """Erase the words and links of an account; with `counted_too` those that limits count still, too, which then
        count them no longer. To `rehearse` changes nothing. Raises Nothing, Unavailable.
        """
        audit_log.place_all(self._database)
        with reading(self._database):
            # It looks through all decisions, and so before anything is locked.
            named = self._named(account, "")
        found = Erased()

        def work() -> None:
            nonlocal found
            found = self._erase(account, actor, reason, named, now, counted_too=counted_too)
            if rehearse:
                raise Rehearsed

        try:
            with overwriting(self._database):
                writing(self._database, work)
        except Rehearsed:
            found.id = 0
        return found

    def _named(self, account: str, after: str) -> set[str]:
        """The decisions about others whose case names the account: somebody was paid to the same receiving account."""
        sql = SELECT_NAMED.format(position=self._position())
        said = f'"account_id":{canonical(account)}'
        return {name for (name,) in rows(self._database, sql, (account, said, after))}

    def _erase(
        self, account: str, actor: str, reason: str, named: set[str], now: datetime, *, counted_too: bool
    ) -> Erased:
        database = self._database
        # Two erasures may meet in a decision of one that names the other.
        lock(database, LOCK)
        known = ledger.find_account(database, account, locked=True) is not None
        if known:
            moves.lapse_overdue(database, self._versions, account, now)
        requests = rows(database, SELECT_REQUESTS, (account,))
        for link in sorted({receiving for _, _, receiving, _ in requests if receiving}):
            lock(database, f"recoup:receiving:{link}")
        for (inquiry,) in rows(database, SELECT_INQUIRIES, (account,)):
            lock(database, f"recoup:inquiry:{inquiry}")
        audit_log.place_within(database)
        decisions = rows(database, SELECT_DECISIONS, (account,))
        # Those that were written meanwhile; ids begin with the time.
        named |= self._named(account, new_id("D", now - MEANWHILE)[:12])
        if not known and not decisions:
            raise Nothing(account)
        erased = Erased()
        still = self._still_needed(requests, now, erased, counted_too=counted_too)
        links = _Links(account, still)
        changes = [
            *self._changed_requests(requests, links),
            *self._changed_moves(account, links, erased),
            *self._changed_inquiries(account, links, erased),
            *self._changed_decisions(decisions, links, erased),
            *self._changed_decisions(self._read(sorted(named)), links, erased),
        ]
        sql = SELECT_ANSWERS.format(position=self._position())
        answers = [key for (key,) in rows(database, sql, (f'"account":{canonical(account)}',))]
        if changes or answers:
            erased.id = write(database, changes, account, "asked", actor, reason, now)
        erased.records.update(each.kind for each in changes)
        execute(database, FORGET_AFFECTED, (account,))
        for key in answers:
            forget_answer(database, key)
        erased.answers = len(answers)
        return erased

    def _read(self, decisions: list[str]) -> list[Any]:
        return [row for name in decisions for row in rows(self._database, SELECT_DECISION, (name,))]

    def _still_needed(self, requests: list[Any], now: datetime, erased: Erased, *, counted_too: bool) -> set[str]:
        """The receiving accounts that an open request is to be paid to, or that limits count still."""
        start = stored(counted_since(self._versions, now))
        still = {receiving for _, state, receiving, _ in requests if state in OPEN}
        counted = {
            receiving
            for _, state, receiving, requested_at in requests
            if state in COUNTED_STATES and requested_at >= start and not is_token(receiving)
        }
        counted -= {"", *still}
        if not counted_too:
            erased.counted = len(counted)
            still |= counted
        erased.open += sum(state in OPEN and receiving != "" for _, state, receiving, _ in requests)
        return still

    def _changed_requests(self, requests: list[Any], links: _Links) -> Iterator[Change]:
        for request, _, receiving, _ in requests:
            if links.goes(receiving):
                yield Change("refund_request", request, {"receiving_account": links.token(receiving)})

    def _changed_moves(self, account: str, links: _Links, erased: Erased) -> Iterator[Change]:
        for step, actor, reason, state in rows(self._database, SELECT_MOVES, (account,)):
            values = {"actor": links.person(actor), "reason": words(reason)}
            if values == {"actor": actor, "reason": reason}:
                continue
            if state in OPEN:
                erased.open += 1
                continue
            yield Change("move", str(step), values)

    def _changed_inquiries(self, account: str, links: _Links, erased: Erased) -> Iterator[Change]:
        for entry, agent, text, reason, state in rows(self._database, SELECT_SAID, (account,)):
            values = {"agent": links.person(agent), "text": words(text), "reason": words(reason)}
            if values == {"agent": agent, "text": text, "reason": reason}:
                continue
            if state == "open":
                erased.open += 1
                continue
            yield Change("inquiry_entry", str(entry), values)

    def _changed_decisions(self, decisions: list[Any], links: _Links, erased: Erased) -> Iterator[Change]:
        for row in decisions:
            if row[-2] == CASE_GONE:
                # Its time was over: nothing is left in it to erase.
                continue
            try:
                ways = links.without(row[1], row[-2], row[-1])
                before = self._differences(row) if ways else []
                fit = [each for each in ways if self._differences((*row[:-2], *each.values())) == before]
            except UNREADABLE:
                # Somebody changed the record: what is to be erased of it cannot be told.
                ways, fit = [{}], []
            if fit:
                yield Change("decision", row[0], fit[0])
            elif ways:
                erased.bound.append(row[0])

    def _differences(self, row: tuple[Any, ...]) -> list[str]:
        """What deciding again says of a record."""
        _, account, policy, digest, outcome, points, as_of, case, data = row
        beside = {"account": account, "policy": policy, "digest": digest, "outcome": outcome, "points": points}
        return replay_stored(self._versions.compiled(digest), case.encode(), data.encode(), {**beside, "as_of": as_of})

    def _position(self) -> str:
        return "instr" if on_sqlite(self._database) else "strpos"


class _Links:
    """The links of one account, and the token that stands for each from now on; those `still` needed stay."""

    def __init__(self, account: str, still: set[str]) -> None:
        self._account = account
        self._still = still
        self._tokens: dict[tuple[str, str], str] = {}

    def goes(self, link: str) -> bool:
        """Whether a receiving account is to be erased."""
        return link != "" and link not in self._still and not is_token(link)

    def token(self, link: str, whose: str = "") -> str:
        """The token of a link in the records of the account, or of another one."""
        return self._tokens.setdefault((whose, link), token())

    def person(self, name: str) -> str:
        """The token of somebody who did something for the account; nobody stays nobody."""
        return name if name == "" or is_token(name) else self.token(name)

    def without(self, owner: str, case_text: str, data_text: str) -> list[dict[str, str]]:
        """A decision about `owner` without the links that may go now, in the ways in which that can be done, the most
        thorough first. Empty where none has to go.
        """
        own = owner == self._account
        case, data = msgspec.json.decode(case_text), msgspec.json.decode(data_text)
        asked = [part["request"] for part in (case, data)]
        links: dict[str, str] = {}
        found = False
        for past in case["history"]:
            if not self.goes(past["receiving_account"]):
                continue
            if own != (past["account_id"] == self._account):
                # That two accounts were paid to the same place leads from one to the other.
                past["account_id"] = self._other(past["account_id"], owner)
                past["id"] = self._other(past["id"], owner)
                found = True
        for place in [*asked, *case["history"]] if own else ():
            link = place["receiving_account"]
            if self.goes(link):
                links[link] = place["receiving_account"] = self.token(link)
        if not links:
            return [{"case_data": canonical(case), "data": canonical(data)}] if found else []
        # A rule may compare the link with another fact; but what happens to be the same text need not be the link.
        return [
            {"case_data": canonical(_replaced(case, links)), "data": canonical(_replaced(data, links))},
            {"case_data": canonical(case), "data": canonical(data)},
        ]

    def _other(self, name: str, owner: str) -> str:
        return name if is_token(name) else self.token(name, owner)


def _replaced(data: Any, links: Mapping[str, str]) -> Any:
    """Data with other texts where a text is a link, wherever it stands: a rule may compare it with another fact."""
    if isinstance(data, str):
        return links.get(data, data)
    if isinstance(data, list):
        return [_replaced(each, links) for each in data]
    return {name: _replaced(each, links) for name, each in data.items()} if isinstance(data, dict) else data
