"""`closed`: when nothing can be asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendars import is_day_of_month
from engine.judgement import Judgement
from engine.local_times import local_words
from engine.ready import Ready, Workshop
from policies.kinds.closed import PLACEHOLDERS, Closed
from policies.model import WEEKDAYS, DayOfYear


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyClosed(Ready):
    """A rule with its days and hours, in the zone of its policy."""

    times: Closed
    zone: ZoneInfo
    holidays: Collection[date]

    def closing(self, at: datetime) -> dict[str, Any] | None:
        """From when until when it is closed, for the reason, where an instant is within; None where it is open."""
        local = at.astimezone(self.zone)
        day = self._day(local)
        if day is None or not self.holds_on(day):
            return None
        hours = self.times.hours
        if hours is not None:
            return {"from": str(hours.start), "until": str(hours.end)}
        days = next((days for days in self.times.days if days.start <= day <= days.end), None)
        return {} if days is None else {"from": days.start, "until": days.end}

    def _day(self, local: datetime) -> date | None:
        """The day to which the hours belong that a local time is in: that on which they begin."""
        hours, day = self.times.hours, local.date()
        minutes = local.hour * 60 + local.minute
        if hours is None:
            return day
        if minutes >= hours.start.minutes and (hours.over_midnight or minutes < hours.end.minutes):
            return day
        return day - timedelta(days=1) if hours.over_midnight and minutes < hours.end.minutes else None

    def holds_on(self, day: date) -> bool:
        """Whether a day is one of those that are closed, hours aside."""
        rule = self.times
        return (
            (not rule.weekdays or WEEKDAYS[day.weekday()] in rule.weekdays)
            and (rule.holidays is None or rule.holidays == (day in self.holidays))
            and (not rule.days or any(days.start <= day <= days.end for days in rule.days))
            and (not rule.days_of_month or any(is_day_of_month(day, each) for each in rule.days_of_month))
            and (not rule.dates or DayOfYear(day.month, day.day) in rule.dates)
        )


def make(rule: Closed, workshop: Workshop) -> ReadyClosed:
    """Gets the rule ready."""
    common = workshop.common(rule, PLACEHOLDERS)
    return ReadyClosed(**common, times=rule, zone=workshop.zone, holidays=workshop.holidays)


def closed(judgement: Judgement) -> None:
    """Denies at the times at which a rule is closed."""
    if not judgement.rules["closed"]:
        # A version that is always open leaves no trace of closed times.
        return
    seen = {}
    for ready in judgement.speaking("closed"):
        closing = ready.closing(judgement.scene.at)
        if judgement.tracing:
            seen[ready.id] = {"at": local_words(judgement.scene.at, ready.zone), "closed": closing is not None}
        if closing is not None:
            judgement.deny(ready, closing)
    judgement.note("closed", seen)
