"""Webhooks: the addresses that want messages, which ones, and the secrets that sign for them.

A webhook is `active`, `disabled` (nothing is sent and nothing new is meant for it; what was pending waits)
or `removed` (the row stays, because deliveries point at it, but neither its secret nor its list does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from service import outbox
from service.addresses import BadUrl, read_url
from service.clock import stored, to_the_second
from service.database import Database, Row, execute, rows
from service.field_texts import FIELD_TEXTS
from service.ids import new_id
from service.json_body import canonical
from service.messages import KINDS
from service.signing import new_secret

INSERT = (
    "INSERT INTO webhook"
    " (id, url, kinds, policy, secret, old_secret, old_secret_until, state, cause, created_at,"
    " not_before, leased_by, leased_until) VALUES (?, ?, ?, ?, ?, '', '', 'active', '', ?, '', '', '')"
)
SELECT = (
    "SELECT id, url, kinds, policy, secret, old_secret, old_secret_until, state, cause, created_at FROM webhook"
    " WHERE state <> 'removed'"
)
ROTATE = "UPDATE webhook SET old_secret = secret, old_secret_until = ?, secret = ? WHERE id = ? AND state <> 'removed'"
DISABLE = "UPDATE webhook SET state = 'disabled', cause = ? WHERE id = ? AND state = 'active'"
ENABLE = "UPDATE webhook SET state = 'active', cause = '', not_before = '' WHERE id = ? AND state = 'disabled'"
REMOVE = (
    "UPDATE webhook SET state = 'removed', cause = '', secret = '', old_secret = '', old_secret_until = ''"
    " WHERE id = ? AND state <> 'removed'"
)
# Every message since an instant that has no delivery to this webhook yet.
MISSED = (
    "SELECT id, kind FROM message WHERE announced_at >= ? AND (? = '' OR policy = ?) AND NOT EXISTS"
    " (SELECT 1 FROM delivery WHERE message_id = message.id AND webhook_id = ?) ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that wants messages; no `kinds` means all of them, no `policy` those of every programme."""

    id: str
    url: str
    kinds: tuple[str, ...]
    policy: str
    secret: str
    old_secret: str
    old_secret_until: str
    state: str
    cause: str
    created_at: str

    def keys(self, now: datetime) -> list[str]:
        """The secrets that sign now: the newest, and until the end of the overlap the one before."""
        return [self.secret, self.old_secret] if stored(now) < self.old_secret_until else [self.secret]


class BadWebhook(Exception):
    """A webhook that cannot be; the text says why in English, `code` and `figures` name the entry of FIELD_TEXTS."""

    def __init__(self, field: str, code: str, **figures: object) -> None:
        super().__init__(f"{field} {FIELD_TEXTS[code].en.format_map(figures)}")
        self.field = field
        self.code = code
        self.figures = figures


def add(database: Database, url: str, kinds: Sequence[str], policy: str, now: datetime, *, private: bool) -> Webhook:
    """Add a webhook, inside a write transaction; it is told what happens from now on. Raises BadWebhook."""
    try:
        read_url(url, private=private)
    except BadUrl as error:
        raise BadWebhook("url", error.code, **error.figures) from None
    for kind in kinds:
        if kind not in KINDS:
            raise BadWebhook("kinds", "not-a-message-kind", written=f"'{kind}'", known=", ".join(KINDS))
    known = [name for (name,) in rows(database, "SELECT DISTINCT policy FROM policy_version ORDER BY policy")]
    if policy and policy not in known:
        raise BadWebhook("policy", "unknown-policy", known=", ".join(known) or "-")
    webhook = new_id("W", now)
    named = canonical(sorted(set(kinds)))
    execute(database, INSERT, (webhook, url, named, policy, new_secret(), stored(now)))
    made = find(database, webhook)
    assert made is not None, "it was just added"
    return made


def find(database: Database, id: str) -> Webhook | None:
    """The webhook of an id, unless it was removed."""
    found = rows(database, f"{SELECT} AND id = ?", (id,))
    return _webhook(found[0]) if found else None


def all_of(database: Database) -> list[Webhook]:
    """Every webhook that was not removed, oldest first."""
    return [_webhook(row) for row in rows(database, f"{SELECT} ORDER BY id")]


def remove(database: Database, id: str) -> bool:
    """Forget a webhook and its secret; False where there is none. What was pending is never sent."""
    return execute(database, REMOVE, (id,)) == 1


def disable(database: Database, id: str, cause: str) -> bool:
    """Send nothing more, and mean nothing new for it; False where there is no active one."""
    return execute(database, DISABLE, (cause, id)) == 1


def enable(database: Database, id: str) -> bool:
    """Send again, beginning with what was pending; False where there is no disabled one."""
    return execute(database, ENABLE, (id,)) == 1


def rotate_secret(database: Database, id: str, now: datetime, overlap: timedelta) -> Webhook | None:
    """Give a webhook a new secret; until the end of the overlap the old one signs too."""
    execute(database, ROTATE, (stored(now + overlap), new_secret(), id))
    return find(database, id)


def catch_up(database: Database, webhook: Webhook, since: datetime, now: datetime) -> int:
    """Have everything delivered that was announced since an instant and was not meant for the webhook; how much."""
    missed = rows(database, MISSED, (stored(since), webhook.policy, webhook.policy, webhook.id))
    wanted = [(message, webhook.id) for message, kind in missed if not webhook.kinds or kind in webhook.kinds]
    outbox.make_deliveries(database, wanted, now)
    return len(wanted)


def _webhook(row: Row) -> Webhook:
    webhook, url, kinds, policy, secret, old_secret, old_until, state, cause, created_at = row
    named = tuple(msgspec.json.decode(kinds))
    return Webhook(webhook, url, named, policy, secret, old_secret, old_until, state, cause, to_the_second(created_at))
