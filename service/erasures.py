"""What every erasure does, whoever asked for it: rows lose words, links and facts under a record that says so.

A leaf of the log commits to a row under a salt. With what is erased and the salt gone, its digest says nothing more to
anybody, and every proof over it still holds. What remains of the row is recorded in turn (see `log/exports.py`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from engine.windows import window_start
from policies.model import Measure
from service import audit_log
from service.audit_log import KINDS
from service.clock import stored
from service.database import Database, execute, rows
from service.errors import Damage
from service.publishing import Versions

ERASED = "[erased]"
"""What stands where somebody wrote words."""
TOKEN = re.compile(r"erased-[0-9a-f]{16}", re.ASCII)
"""What stands where a link was: chance, and nothing that leads back."""
OPEN = ("approved", "needs_review")
"""The states of a refund request that is not over."""
LOCK = "recoup:erasure"
# What a record can do that somebody changed.
UNREADABLE = (AssertionError, AttributeError, Damage, IndexError, KeyError, TypeError, ValueError)

INSERT = "INSERT INTO erasure (account, cause, actor, reason, records, erased_at) VALUES (?, ?, ?, ?, ?, ?)"
SELECT_NEWEST = "SELECT MAX(id) FROM erasure"
# What shadows came to of a decision is for whoever may still read what it was made on.
FORGET_DIFFERENCE = "DELETE FROM shadow_difference WHERE decision_id = ?"
FORGET_ANSWER = "UPDATE idempotency_key SET digest = ?, answer = '' WHERE id = ?"


class Rehearsed(Exception):
    """Everything was tried, and nothing is to be kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is erased of one row: other values for some of its columns."""

    kind: str
    reference: str
    values: Mapping[str, str]


def write(
    database: Database, changes: Collection[Change], account: str, cause: str, actor: str, reason: str, now: datetime
) -> int:
    """Erase, inside a write transaction that holds LOCK and in which every leaf has its place; the erasure's number."""
    execute(database, INSERT, (account, cause, actor, reason, len(changes), stored(now)))
    number: int = rows(database, SELECT_NEWEST)[0][0]
    for change in changes:
        columns = ", ".join(f'"{name}" = ?' for name in change.values)
        audit_log.erase(database, number, change.kind, change.reference)
        execute(
            database,
            f'UPDATE "{change.kind}" SET {columns} WHERE "{KINDS[change.kind].key}" = ?',  # noqa: S608
            (*change.values.values(), change.reference),
        )
        audit_log.state_remains(database, number, change.kind, change.reference)
        if change.kind == "decision":
            execute(database, FORGET_DIFFERENCE, (change.reference,))
    return number


def forget_answer(database: Database, key: int) -> None:
    """Forget what was answered to a key. Whoever sends it again is told nothing: of the body not even
    a digest stays, from which it could be guessed.
    """
    execute(database, FORGET_ANSWER, (token(), key))


def counted_since(versions: Versions, now: datetime) -> datetime:
    """From when on limits by receiving account look back, now or by a text that is published and starts later."""
    start = now
    for policy in versions.policies():
        for compiled in versions.in_force_or_to_come(policy, now):
            for measure in _measures(compiled.policy.rules):
                if measure.key == "receiving_account" and measure.per is not None:
                    start = min(start, window_start(measure.per, now, compiled.zone))
    return start


def _measures(value: Any) -> Iterator[Measure]:
    """Every measure that a part of a policy looks at."""
    if isinstance(value, Measure):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _measures(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _measures(getattr(value, each.name))


def words(text: str) -> str:
    """What stands in the place of a text; nothing stays nothing."""
    return text and ERASED


def token() -> str:
    """Chance."""
    return f"erased-{secrets.token_hex(8)}"


def is_token(link: str) -> bool:
    """Whether a link was erased already."""
    return TOKEN.fullmatch(link) is not None
