"""The transactional outbox: a message is written in the transaction in which it happened, or not at all.

With the message come its deliveries, one for each webhook that wants it at that moment. So nothing is
lost between what happened and its being told, a webhook that is added later is not told old news
(unless somebody asks, see `webhooks.catch_up`), and a filing never waits for somebody else's server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from service.clock import stored, to_the_second
from service.database import Database, execute, execute_many, lock, reading, rows, writing
from service.ids import new_id
from service.json_body import canonical
from service.messages import KINDS
from service.trace_context import TRACEPARENT

INSERT = (
    "INSERT INTO message (id, kind, account, policy, data, announced_at, traceparent, position)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"
)
SUBSCRIBED = "SELECT id, kinds FROM webhook WHERE state = 'active' AND policy IN ('', ?)"
INSERT_DELIVERY = (
    "INSERT INTO delivery"
    " (id, message_id, webhook_id, state, attempts, next_attempt_at, last_attempt_at, last_status, last_error)"
    " VALUES (?, ?, ?, 'pending', 0, ?, NULL, NULL, '')"
)
SELECT = "SELECT id, kind, account, data, announced_at, traceparent FROM message WHERE "
UNPLACED = "SELECT id FROM message WHERE position IS NULL ORDER BY id LIMIT 1000"
LAST_POSITION = "SELECT COALESCE(MAX(position), 0) FROM message"
PLACE = "UPDATE message SET position = ? WHERE id = ?"
POSITION = "SELECT position FROM message WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was announced; `at` is when, to the second. `traceparent` names the request that it came of, ""
    where it came of none.
    """

    id: str
    kind: str
    account: str
    data: Mapping[str, Any]
    at: str
    traceparent: str

    def body(self) -> bytes:
        """What is sent: the same bytes at every attempt, as Standard Webhooks lays it out."""
        return canonical({"type": self.kind, "timestamp": self.at, "data": self.data}).encode()


def announce(database: Database, kind: str, account: str, data: Mapping[str, Any], at: datetime) -> str:
    """Write a message and its deliveries inside the open write transaction; the id of the message.

    `account` is "" where it is about a policy. `data` holds exactly what `messages.KINDS` says that the kind carries.
    """
    assert database.in_transaction(), "a message is written together with what it tells of"
    assert set(data) == set(KINDS[kind].carries), f"{kind} carries {', '.join(KINDS[kind].carries)}"
    assert data.get("account", "") == account, "a message is about one account, or about a policy"
    message = new_id("M", at)
    told = (data["policy"], canonical(data), stored(at), TRACEPARENT.get())
    execute(database, INSERT, (message, kind, account, *told))
    wanted = [webhook for webhook, kinds in rows(database, SUBSCRIBED, (data["policy"],)) if wants(kinds, kind)]
    make_deliveries(database, [(message, webhook) for webhook in wanted], at)
    return message


def wants(kinds: str, kind: str) -> bool:
    """Whether a webhook with these kinds, as they are kept, wants messages of one.

    >>> wants("[]", "points.earned"), wants('["points.expired"]', "points.earned")
    (True, False)
    """
    named = msgspec.json.decode(kinds)
    return not named or kind in named


def make_deliveries(database: Database, pairs: list[tuple[str, str]], at: datetime) -> None:
    """Have messages delivered to webhooks, from now on; (message, webhook) ids."""
    execute_many(database, INSERT_DELIVERY, [(new_id("DL", at), *pair, stored(at)) for pair in pairs])


def place(database: Database) -> None:
    """Give every message that became visible its position, behind all that have one.

    Ids sort by the time at which a message was made, but of two transactions the one that began later
    may be kept first: who polls by id would step over the other. Positions are given one at a time and
    only to what is there, so nothing ever appears before a position that was shown. Raises Unavailable.
    """
    while True:
        with reading(database):
            if not rows(database, UNPLACED):
                return
        writing(database, lambda: _place(database))


def _place(database: Database) -> None:
    lock(database, "recoup:messages")
    last = rows(database, LAST_POSITION)[0][0]
    unplaced = rows(database, UNPLACED)
    execute_many(database, PLACE, [(position, message) for position, (message,) in enumerate(unplaced, last + 1)])


def position_of(database: Database, id: str) -> int | None:
    """The position of a message; None where there is no such message."""
    found = rows(database, POSITION, (id,))
    return found[0][0] if found else None


def page_of(database: Database, account: str | None, after: int, limit: int) -> list[Message]:
    """The messages behind a position, oldest first, of one account or of all."""
    where = "position > ?" if account is None else "account = ? AND position > ?"
    parameters = (after, limit) if account is None else (account, after, limit)
    return [message_of(*row) for row in rows(database, f"{SELECT}{where} ORDER BY position LIMIT ?", parameters)]


def message_of(id: str, kind: str, account: str, data: str, announced_at: str, traceparent: str) -> Message:
    """A message out of its columns."""
    return Message(id, kind, account, msgspec.json.decode(data), to_the_second(announced_at), traceparent)
