"""Who is signed in to the pages: made of a key or token that was shown once, found by the browser's cookie.

A session is kept as a key is, by its digest alone. It ends by itself, by signing out, and with the key behind it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from service import access_keys
from service.clock import stored
from service.database import Database, execute, rows
from service.reads import Reader

LASTS = timedelta(hours=8)
"""A working day. A key that ends sooner ends the session; a token is only asked for at the door."""
MEMBERS_LAST = timedelta(minutes=30)

INSERT = (
    'INSERT INTO session (digest, name, "key", roles, account_id, alone, created_at, expires_at)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
FORGET = "DELETE FROM session WHERE expires_at < ?"
DELETE = "DELETE FROM session WHERE digest = ?"
SELECT = 'SELECT name, "key", roles, account_id, alone, expires_at FROM session WHERE digest = ?'


def make(database: Database, reader: Reader, now: datetime) -> str:
    """Sign somebody in, inside a write transaction; what the browser is to keep, which nobody is shown again."""
    execute(database, FORGET, (stored(now),))
    secret = secrets.token_urlsafe(32)
    ends = now + (LASTS if reader.account is None else MEMBERS_LAST)
    who = (reader.name, reader.key, " ".join(reader.roles), reader.account, reader.alone)
    execute(database, INSERT, (access_keys.digest_of(secret), *who, stored(now), stored(ends)))
    return secret


def find(database: Database, secret: str, now: datetime) -> Reader | None:
    """Who is signed in, None where the session is over, or the key behind it."""
    found = rows(database, SELECT, (access_keys.digest_of(secret),))
    if not found:
        return None
    name, key, roles, account, alone, expires_at = found[0]
    behind = access_keys.named(database, key)
    if expires_at <= stored(now) or (behind is not None and behind.state(now) != "valid"):
        return None
    held = tuple(roles.split())
    return Reader(name, key, held, account, bool(alone))


def end(database: Database, secret: str) -> None:
    """Sign out, inside a write transaction."""
    execute(database, DELETE, (access_keys.digest_of(secret),))
