"""Events of all accounts that wait for the one that they undo: it was never told, or was named wrongly."""

from __future__ import annotations

from service import events
from service.database import Database, rows
from service.events import Told

# The index of 0010 has just the events that can wait, in this order.
SELECT = (
    "SELECT event.id FROM event WHERE of <> ''"
    " AND NOT EXISTS (SELECT 1 FROM event_answer WHERE event_answer.event_id = event.id)"
)
BEHIND = " AND (entered_at, event.id) > (SELECT entered_at, id FROM event WHERE id = ?)"
ORDER = " ORDER BY entered_at, event.id LIMIT ?"


def page_of(database: Database, after: str | None, limit: int) -> list[Told]:
    """The events that wait, those that were told first at the head, from the one after `after` on."""
    if after is None:
        found = rows(database, SELECT + ORDER, (limit,))
    else:
        found = rows(database, SELECT + BEHIND + ORDER, (after, limit))
    told = (events.find(database, event) for (event,) in found)
    return [each for each in told if each is not None]
