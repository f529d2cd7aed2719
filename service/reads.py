"""Who was shown which decision: recorded before it is shown, never changed, and in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from service.clock import stored, to_the_second
from service.database import Database, execute_many, rows

INSERT = 'INSERT INTO decision_read (decision_id, reader, "key", roles, address, read_at) VALUES (?, ?, ?, ?, ?, ?)'
SELECT = 'SELECT id, decision_id, reader, "key", roles, address, read_at FROM decision_read WHERE '
SELECT_READ_AT = "SELECT read_at FROM decision_read WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a name, who vouches for it, and the roles by which it is allowed.

    `key` is the id of the key, the issuer of the token, or "". Who has an `account` is its member and sees it alone.
    Who is `alone` acts in no other name than its own, as the holder of a token does.
    """

    name: str
    key: str
    roles: tuple[str, ...]
    account: str | None = None
    alone: bool = False


ANYONE = Reader("anyone", "", ())
"""Who asks where no key is asked for."""
MEMBERS = "member"
"""The name of every member, who is known by its account: a name that leads to a person is not kept."""
RESERVED = (ANYONE.name, MEMBERS)
"""Names that no key and no token has."""


def record(database: Database, reader: Reader, address: str, decisions: Sequence[str | None], now: datetime) -> None:
    """Keep that somebody is shown decisions (None: all that were signed), inside a write transaction."""
    who = (reader.name, reader.key, " ".join(reader.roles), address, stored(now))
    execute_many(database, INSERT, [(decision, *who) for decision in decisions])


def page_of(
    database: Database,
    after: int | None,
    limit: int,
    *,
    decision: str | None = None,
    reader: str | None = None,
    day_from: date | None = None,
    day_to: date | None = None,
) -> list[dict[str, Any]]:
    """Reads, the newest first, of one decision, by one reader, on days in UTC; those behind `after`."""
    # Before the day after, at whatever time of the day.
    end = "~" if day_to is None else (day_to + timedelta(days=1)).isoformat()
    behind = None if after is None else rows(database, SELECT_READ_AT, (after,))[0][0]
    asked: list[tuple[str, tuple[object, ...]]] = [
        *([("decision_id = ?", (decision,))] if decision is not None else []),
        *([("reader = ?", (reader,))] if reader is not None else []),
        *([("read_at >= ?", (day_from.isoformat(),))] if day_from is not None else []),
        # One bound above: of two, SQLite might go through the index from the higher.
        ("(read_at, id) < (?, ?)", (behind, after)) if behind is not None and behind < end else ("read_at < ?", (end,)),
    ]
    where = " AND ".join(condition for condition, _ in asked)
    parameters = [value for _, values in asked for value in values]
    found = rows(database, f"{SELECT}{where} ORDER BY read_at DESC, id DESC LIMIT ?", (*parameters, limit))
    return [_answer(*row) for row in found]


def known(database: Database, id: int) -> bool:
    """Whether there is a read of this number."""
    return bool(rows(database, SELECT_READ_AT, (id,)))


def _answer(
    id: int, decision: str | None, reader: str, key: str, roles: str, address: str, read_at: str
) -> dict[str, Any]:
    return {
        "id": id,
        "decision": decision,
        "reader": reader,
        "key": key or None,
        "roles": roles.split(),
        "address": address,
        "read_at": to_the_second(read_at),
    }
