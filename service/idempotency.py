"""Answers that are given again: the same key with the same body is done once, however often it comes.

The key is claimed inside the transaction that does the work. Two that come at once with one key
meet here: the second waits until the first is done, and then finds its answer (or, if the first was
refused or failed, nothing, and does the work itself).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from peewee import Database

from service.clock import stored
from service.database import execute, rows
from service.errors import FieldError, Refusal
from service.json_body import canonical

LONGEST_KEY = 200

CLAIM = (
    "INSERT INTO idempotency_key (key, digest, status, location, language, answer, entered_at)"
    " VALUES (?, ?, 0, '', '', '', ?) ON CONFLICT (key) DO NOTHING"
)
SELECT = "SELECT digest, status, location, language, answer FROM idempotency_key WHERE key = ?"
FINISH = "UPDATE idempotency_key SET status = ?, location = ?, language = ?, answer = ? WHERE key = ?"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the status, the place of what was made, and the body as text in one language."""

    status: int
    location: str
    language: str
    text: str


def read_key(header: str | None) -> str:
    """The key in a request's header. Raises Refusal when it is missing or cannot be one."""
    if not header:
        raise Refusal("idempotency-key-missing")
    if not (len(header) <= LONGEST_KEY and header.isascii() and header.isprintable()):
        raise Refusal("bad-request", [FieldError.in_header("Idempotency-Key", "not-a-key")])
    return header


def digest_of(body: object) -> str:
    """What makes two bodies the same: their data, not how it was laid out."""
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def claim(database: Database, key: str, digest: str, at: datetime) -> Answer | None:
    """The answer that the key got before, or None: then the work is ours. Raises Refusal."""
    if execute(database, CLAIM, (key, digest, stored(at))) == 1:
        return None
    kept, *answer = rows(database, SELECT, (key,))[0]
    if kept != digest:
        raise Refusal("idempotency-key-reused")
    return Answer(*answer)


def finish(database: Database, key: str, answer: Answer) -> None:
    """Keep the answer for whoever comes again."""
    changed = execute(database, FINISH, (answer.status, answer.location, answer.language, answer.text, key))
    assert changed == 1, "a key is claimed before it is finished"
