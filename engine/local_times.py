"""A day and a time as people in one zone write them, such as 2026-03-02 10:00."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from policies.readers import shown

_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?", re.ASCII)


class BadTime(ValueError):
    """What is written is no instant; `code` is its name in the error catalogue."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}")
        self.code, self.message, self.hint = code, message, hint


def instant_of(written: object, zone: ZoneInfo) -> datetime:
    """The instant in UTC. An hour that comes twice, when clocks go back, is the first of the two. Raises BadTime.

    >>> instant_of("2026-03-02 10:00", ZoneInfo("Asia/Seoul"))
    datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.timezone.utc)
    """
    match = _LOCAL.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        hint = f"add the time, such as {written} 10:00" if isinstance(written, date) else "write it as 2026-03-02 10:00"
        raise BadTime("not-a-time", f"{shown(written)} is not a day with a time", hint)
    try:
        local = datetime(*(int(part or 0) for part in match.groups()), tzinfo=zone)  # type: ignore[misc,arg-type]
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadTime("not-a-time", f"there is no {shown(written)}", "write it as 2026-03-02 10:00") from None
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        hint = "the clocks go forward then; write a time before or after"
        raise BadTime("no-such-time", f"{shown(written)} does not exist in {zone}", hint)
    return instant
