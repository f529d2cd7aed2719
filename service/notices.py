"""Notices that were due to members, as the rules worded them on the day."""

from __future__ import annotations

from typing import Any

import msgspec

from service.clock import to_the_second
from service.database import Database, rows

SELECT = "SELECT id, day, data, noticed_at FROM notice WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
LAST = 2**62


def page_of(database: Database, account: str, after: int | None, limit: int) -> list[dict[str, Any]]:
    """The notices of an account as plain JSON data, newest first, from the one after `after` on."""
    found = rows(database, SELECT, (account, LAST if after is None else after, limit))
    return [
        {"id": number, "day": str(day), **msgspec.json.decode(data), "noticed_at": to_the_second(noticed_at)}
        for number, day, data, noticed_at in found
    ]
