"""Instants: the one place where the service reads a clock.

An instant is kept as text of one width (`2026-03-02T01:00:00.000000Z`), so that text order is time
order on every database and a person can read a row; the API and the engine speak whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def stored(instant: datetime) -> str:
    """An instant as the database keeps it, to the microsecond.

    >>> stored(datetime(2026, 3, 2, 1, tzinfo=UTC))
    '2026-03-02T01:00:00.000000Z'
    >>> stored(datetime(999, 3, 2, 1, tzinfo=UTC))
    '0999-03-02T01:00:00.000000Z'
    """
    assert instant.tzinfo is not None, "an instant carries its zone"
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def spoken(instant: datetime) -> str:
    """An instant as the API and the engine write it, to the second.

    >>> spoken(datetime(2026, 3, 2, 1, 0, 0, 999_999, tzinfo=UTC))
    '2026-03-02T01:00:00Z'
    """
    assert instant.tzinfo is not None, "an instant carries its zone"
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def to_the_second(text: str) -> str:
    """What the API writes for a stored instant.

    >>> to_the_second("2026-03-02T01:00:00.123456Z")
    '2026-03-02T01:00:00Z'
    """
    return text[:19] + "Z"
