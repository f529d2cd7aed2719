"""API keys: made, listed, revoked, and found by what is sent.

A key is 256 bits of chance, shown once and kept as its SHA-256: nobody can guess one from what is kept, and so much
chance needs no slow hash. Keys are never changed. One is revoked by a row of its own; a holder's next key may have the
same name, and both are valid until the older one is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from service.clock import stored
from service.database import Database, Row, execute, rows
from service.ids import new_id

PREFIX = "recoup_"
"""By this, tools that look for secrets in files know one."""

INSERT = "INSERT INTO access_key (id, name, digest, roles, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
END = "INSERT INTO access_key_end (key_id, ended_at) VALUES (?, ?) ON CONFLICT (key_id) DO NOTHING"
SELECT = (
    "SELECT id, name, roles, created_at, expires_at, ended_at FROM access_key"
    " LEFT JOIN access_key_end ON access_key_end.key_id = access_key.id"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key without the key itself; `ended_at` is None unless it was revoked."""

    id: str
    name: str
    roles: tuple[str, ...]
    created_at: str
    expires_at: str
    ended_at: str | None

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.ended_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= stored(now) else "valid"


def make(database: Database, name: str, roles: Sequence[str], expires_at: datetime, now: datetime) -> tuple[str, str]:
    """A new key, inside a write transaction: its id, and the key itself, which nobody is shown again."""
    assert roles, "a key is for something"
    key, secret = new_id("K", now), PREFIX + secrets.token_urlsafe(32)
    execute(database, INSERT, (key, name, digest_of(secret), " ".join(roles), stored(now), stored(expires_at)))
    return key, secret


def revoke(database: Database, id: str, now: datetime) -> bool:
    """Let a key be valid no longer, from the next request on; False where there is no such key."""
    if named(database, id) is None:
        return False
    execute(database, END, (id, stored(now)))
    return True


def named(database: Database, id: str) -> Key | None:
    """The key of an id, valid or not."""
    found = rows(database, f"{SELECT} WHERE id = ?", (id,))
    return _key(found[0]) if found else None


def all_of(database: Database) -> list[Key]:
    """Every key that was ever made, oldest first."""
    return [_key(row) for row in rows(database, f"{SELECT} ORDER BY id")]


def find(database: Database, secret: str) -> Key | None:
    """The key that was sent, valid or not. It is looked up by its digest, so no time tells how much of it is right."""
    found = rows(database, f"{SELECT} WHERE digest = ?", (digest_of(secret),))
    return _key(found[0]) if found else None


def digest_of(secret: str) -> str:
    """What is kept of a key."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()}"


def _key(row: Row) -> Key:
    key, name, roles, created_at, expires_at, ended_at = row
    return Key(key, name, tuple(roles.split()), created_at, expires_at, ended_at)
