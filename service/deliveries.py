"""Deliveries: which message still has to reach which webhook, when it is tried again, and when it is given up.

A deliverer takes a lease on a webhook, not on single rows: so one deliverer at a time sends to it, in the
order of the messages, and others serve other webhooks. A lease ends by itself; whatever its holder had not
marked is then sent again by the next, with the same id. That is "at least once".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from service import webhooks
from service.clock import stored, to_the_second
from service.database import Database, Row, execute, reading, rows, writing
from service.outbox import Message, message_of
from service.posting import Posted
from service.webhooks import Webhook

STATES = ("pending", "delivered", "dead")
BATCH = 50
# So much later than the schedule says, at most: or all that failed together would come back together.
JITTER_PERCENT = 20
LONGEST_RETRY_AFTER = timedelta(hours=24)
GONE = 410
# Too many requests, and unavailable: the receiver may say how long it wants to be left alone.
ASK_FOR_TIME = (429, 503)

CLAIMABLE = (
    "SELECT id FROM webhook WHERE state = 'active' AND not_before <= ? AND leased_until <= ? AND EXISTS"
    " (SELECT 1 FROM delivery WHERE webhook_id = webhook.id AND delivery.state = 'pending' AND next_attempt_at <= ?)"
    # Whoever was served longest ago comes first.
    " ORDER BY leased_until, id"
)
LEASE = (
    "UPDATE webhook SET leased_by = ?, leased_until = ? WHERE id = ? AND state = 'active' AND not_before <= ?"
    " AND leased_until <= ?"
)
RENEW = "UPDATE webhook SET leased_until = ? WHERE id = ? AND leased_by = ? AND state = 'active' AND not_before <= ?"
RELEASE = "UPDATE webhook SET leased_by = '', leased_until = ? WHERE id = ? AND leased_by = ?"
DUE = (
    "SELECT delivery.id, attempts, message.id, kind, account, data, announced_at, traceparent FROM delivery"
    " JOIN message ON message.id = message_id"
    " WHERE webhook_id = ? AND delivery.state = 'pending' AND next_attempt_at <= ? ORDER BY message_id LIMIT ?"
)
# Only if nobody else marked it meanwhile, or asked for it anew.
MARK = (
    "UPDATE delivery SET state = ?, attempts = ?, next_attempt_at = ?, last_attempt_at = ?, last_status = ?,"
    " last_error = ? WHERE id = ? AND state = 'pending' AND attempts = ?"
)
WAIT = "UPDATE webhook SET not_before = ? WHERE id = ?"
SELECT = (
    "SELECT delivery.id, message_id, kind, account, webhook_id, url, delivery.state, attempts, next_attempt_at,"
    " last_attempt_at, last_status, last_error FROM delivery"
    " JOIN message ON message.id = message_id JOIN webhook ON webhook.id = webhook_id AND webhook.state <> 'removed'"
)
REDELIVER = "UPDATE delivery SET state = 'pending', attempts = 0, next_attempt_at = ? WHERE id = ?"
REDELIVER_DEAD = (
    "UPDATE delivery SET state = 'pending', attempts = 0, next_attempt_at = ? WHERE state = 'dead'"
    " AND webhook_id IN (SELECT id FROM webhook WHERE state <> 'removed')"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be tried now; `attempts` were made already."""

    id: str
    attempts: int
    message: Message


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one webhook, and how far it got; `next_attempt_at` is None when nothing is to come."""

    id: str
    message: str
    kind: str
    account: str
    webhook: str
    url: str
    state: str
    attempts: int
    next_attempt_at: str | None
    last_attempt_at: str | None
    last_status: int | None
    last_error: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt leads to: the delivery's state, when it is tried again, and what becomes of the webhook."""

    state: str
    error: str = ""
    again_after: timedelta = timedelta(0)
    leave_alone: timedelta = timedelta(0)
    gone: bool = False


def verdict(posted: Posted, attempts: int, schedule: Sequence[int], chance: float, now: datetime) -> Verdict:
    """What an attempt leads to, of which `attempts` came before; `chance` is from 0 up to 1.

    >>> verdict(Posted(500), 0, [5, 300], 0.0, datetime.now(UTC)).again_after
    datetime.timedelta(seconds=5)
    >>> verdict(Posted(500), 2, [5, 300], 0.0, datetime.now(UTC)).state
    'dead'
    """
    status = posted.status
    if status is not None and 200 <= status < 300:
        return Verdict("delivered")
    error = posted.error or f"answered {status}"
    if status is not None and 300 <= status < 400:
        error += "; redirects are not followed"
    if status == GONE:
        return Verdict("dead", f"{error}: the webhook is gone", gone=True)
    asked = _retry_after(posted.retry_after, now) if status in ASK_FOR_TIME else timedelta(0)
    if attempts >= len(schedule):
        return Verdict("dead", error, leave_alone=asked)
    wait = timedelta(milliseconds=round(schedule[attempts] * (1_000 + JITTER_PERCENT * 10 * chance)))
    return Verdict("pending", error, max(wait, asked), asked)


def claim(database: Database, holder: str, now: datetime, due_at: datetime, lease: timedelta) -> Webhook | None:
    """A webhook with something due at `due_at` that nobody else serves; it is the holder's for the lease.

    Raises Unavailable.
    """
    with reading(database):
        found = rows(database, CLAIMABLE, (stored(now), stored(now), stored(due_at)))
    if not found:
        return None

    def take() -> Webhook | None:
        for (webhook,) in found:
            # Two that take at once meet here: the row changes for one of them.
            if execute(database, LEASE, (holder, stored(now + lease), webhook, stored(now), stored(now))) == 1:
                return webhooks.find(database, webhook)
        return None

    return writing(database, take)


def due(database: Database, webhook: str, due_at: datetime) -> list[Due]:
    """What is due for a webhook, in the order of the messages; not more than a batch."""
    found = rows(database, DUE, (webhook, stored(due_at), BATCH))
    return [Due(delivery, attempts, message_of(*message)) for delivery, attempts, *message in found]


def mark(database: Database, webhook: str, each: Due, posted: Posted, outcome: Verdict, now: datetime) -> None:
    """Keep what came of an attempt, inside a write transaction."""
    again_at = stored(now + outcome.again_after)
    error = outcome.error[:300]
    was = (outcome.state, each.attempts + 1, again_at, stored(now), posted.status, error, each.id, each.attempts)
    execute(database, MARK, was)
    if outcome.gone:
        webhooks.disable(database, webhook, "it answered 410 Gone")
    if outcome.leave_alone:
        execute(database, WAIT, (stored(now + outcome.leave_alone), webhook))


def renew(database: Database, webhook: str, holder: str, now: datetime, lease: timedelta) -> bool:
    """Hold the lease for longer; False when it is lost, or nothing more may be sent now."""
    return execute(database, RENEW, (stored(now + lease), webhook, holder, stored(now))) == 1


def release(database: Database, webhook: str, holder: str, now: datetime) -> None:
    """Let others serve the webhook."""
    execute(database, RELEASE, (stored(now), webhook, holder))


def find(database: Database, id: str) -> Delivery | None:
    """The delivery of an id."""
    found = rows(database, f"{SELECT} WHERE delivery.id = ?", (id,))
    return _delivery(found[0]) if found else None


def page_of(
    database: Database, state: str | None, webhook: str | None, after: str | None, limit: int
) -> list[Delivery]:
    """Deliveries, newest first, from the one after `after` on; of one state, and to one webhook, if these are named."""
    asked = [("delivery.state = ?", state), ("webhook_id = ?", webhook), ("delivery.id < ?", after)]
    given = [(condition, value) for condition, value in asked if value is not None]
    where = "".join(f" {'AND' if n else 'WHERE'} {condition}" for n, (condition, _) in enumerate(given))
    parameters = [*(value for _, value in given), limit]
    return [_delivery(row) for row in rows(database, f"{SELECT}{where} ORDER BY delivery.id DESC LIMIT ?", parameters)]


def redeliver(database: Database, id: str, now: datetime) -> Delivery | None:
    """Have a delivery made anew, whatever became of it, with the whole schedule before it; None where there is none."""
    if find(database, id) is None:
        return None
    execute(database, REDELIVER, (stored(now), id))
    return find(database, id)


def redeliver_dead(database: Database, now: datetime) -> int:
    """Have every dead delivery made anew; how many there are."""
    return execute(database, REDELIVER_DEAD, (stored(now),))


def _retry_after(text: str, now: datetime) -> timedelta:
    """How long a receiver wants to be left alone: seconds, or an HTTP date; 0 for what is neither."""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta(0)), LONGEST_RETRY_AFTER)


def _delivery(row: Row) -> Delivery:
    delivery, message, kind, account, webhook, url, state, attempts, next_at, last_at, status, error = row
    following = to_the_second(next_at) if state == "pending" else None
    last = to_the_second(last_at) if last_at else None
    return Delivery(delivery, message, kind, account, webhook, url, state, attempts, following, last, status, error)
