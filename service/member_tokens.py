"""Short-lived tokens for members, which a calling system gets for one account: made, and found by what is sent.

A token is kept as a key is, by its digest alone. It ends by itself, and with the key that it was made by. Nobody lists
or revokes one: it is over before anybody could.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from service import access_keys
from service.clock import stored
from service.database import Database, execute, rows
from service.reads import MEMBERS, Reader
from service.roles import MEMBER

PREFIX = "recoup-member_"
"""By this one is told from a key, and found by tools that look for secrets."""
MINUTES = 15
MOST_MINUTES = 60
KEPT = timedelta(days=1)
"""So long after its end it is still told that it ended."""

INSERT = 'INSERT INTO member_token (digest, account_id, "key", created_at, expires_at) VALUES (?, ?, ?, ?, ?)'
FORGET = "DELETE FROM member_token WHERE expires_at < ?"
SELECT = 'SELECT account_id, "key", expires_at FROM member_token WHERE digest = ?'


def make(database: Database, account: str, key: str, expires_at: datetime, now: datetime) -> str:
    """A token for an open account, inside a write transaction; `key` vouches for it. Nobody is shown it again."""
    execute(database, FORGET, (stored(now - KEPT),))
    token = PREFIX + secrets.token_urlsafe(32)
    execute(database, INSERT, (access_keys.digest_of(token), account, key, stored(now), stored(expires_at)))
    return token


def find(database: Database, token: str, now: datetime) -> tuple[Reader, str] | None:
    """Whom a token lets in, and until when, be it over or not; None where it is not known, or its key is not valid."""
    found = rows(database, SELECT, (access_keys.digest_of(token),))
    if not found:
        return None
    account, key, expires_at = found[0]
    made_by = access_keys.named(database, key)
    if made_by is not None and made_by.state(now) != "valid":
        return None
    return Reader(MEMBERS, key, (MEMBER,), account, alone=True), expires_at
