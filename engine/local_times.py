"""A day and a time as people in one zone write them, such as 2026-03-02 10:00."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from policies.model import Text
from policies.problems import both
from policies.readers import shown

_LOCAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d))?", re.ASCII)


_WRITE_A_TIME = both("2026-03-02 10:00처럼 쓰십시오", "write it as 2026-03-02 10:00")


class BadTime(ValueError):
    """What is written is no instant; `code` is its name in the error catalogue."""

    def __init__(self, code: str, message: Text, hint: Text) -> None:
        super().__init__(f"{message.en}; {hint.en}")
        self.code, self.message, self.hint = code, message, hint


def instant_of(written: object, zone: ZoneInfo) -> datetime:
    """The instant in UTC. An hour that comes twice, when clocks go back, is the first of the two. Raises BadTime.

    >>> instant_of("2026-03-02 10:00", ZoneInfo("Asia/Seoul"))
    datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.timezone.utc)
    """
    match = _LOCAL.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        hint = _WRITE_A_TIME
        if isinstance(written, date):
            hint = both("{day} 10:00처럼 시각을 붙이십시오", "add the time, such as {day} 10:00", day=written)
        message = both("시각이 붙은 날짜가 아닙니다: {found}", "{found} is not a day with a time", found=shown(written))
        raise BadTime("not-a-time", message, hint)
    try:
        local = datetime(*(int(part or 0) for part in match.groups()), tzinfo=zone)  # type: ignore[misc,arg-type]
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        message = both("없는 시각입니다: {found}", "there is no {found}", found=shown(written))
        raise BadTime("not-a-time", message, _WRITE_A_TIME) from None
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        message = both(
            "시간대 {zone}에 없는 시각입니다: {found}",
            "{found} does not exist in {zone}",
            found=shown(written),
            zone=zone,
        )
        hint = both(
            "그때 시계를 앞당깁니다. 그 전이나 후의 시각을 쓰십시오",
            "the clocks go forward then; write a time before or after",
        )
        raise BadTime("no-such-time", message, hint)
    return instant


def local_words(at: datetime, zone: ZoneInfo) -> str:
    """An instant on the clocks of a zone, to the minute.

    >>> local_words(datetime(2026, 3, 2, 1, tzinfo=UTC), ZoneInfo("Asia/Seoul"))
    '2026-03-02 10:00'
    """
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
