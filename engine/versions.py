"""A rule file to a policy version: its policy, with the days that its calendar comes to."""

from __future__ import annotations

from datetime import date

from engine.calendars import UnknownCalendar, resolve_holidays
from policies.characters import decode
from policies.load import load_policy
from policies.model import Policy
from policies.problems import Fault, Place, Problem
from policies.source import read
from policies.versions import PolicyVersion, make_version

YEARS = 30
"""For how long after its start a version knows the holidays."""


def load_version(
    data: bytes, file: str, *, number: int | None = None, holidays: tuple[date, ...] | None = None
) -> tuple[PolicyVersion | None, list[Problem]]:
    """The version in the text of a rule file, and every problem that was found, in the order of the file.

    The version is None exactly when there is a problem. `number` is that of a published version. `holidays` are the
    days that it was published with; without them its calendar is asked.
    """
    policy, problems = load_policy(data, file)
    if policy is None:
        return None, problems
    if holidays is None:
        try:
            holidays = holidays_of(policy)
        except UnknownCalendar as unknown:
            return None, [_unknown_calendar(data, file, policy, unknown)]
    text = decode(data)
    assert isinstance(text, str), "a policy was read from it"
    return make_version(policy, text, holidays, number), []


def holidays_of(policy: Policy) -> tuple[date, ...]:
    """The days that are no business days, from the policy's first year on, in order. Raises UnknownCalendar."""
    first = policy.starts.year
    return resolve_holidays(policy.calendar, first, first + YEARS, policy.holidays)


def _unknown_calendar(data: bytes, file: str, policy: Policy, unknown: UnknownCalendar) -> Problem:
    document, _ = read(data, file)
    place = document.places[("calendar",)] if document else Place(1, 1)
    return Fault("unknown-calendar", unknown.message, unknown.hint).at(file, place, policy.id)
