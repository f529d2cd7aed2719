"""Which ways to earn points a policy has, and which of them are open on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from policies.kinds.earn import Earn
from policies.model import Comparison, Policy, Text, ValueRef
from policies.sentences import word_text
from policies.show import rule_sentence
from policies.values import cell_on

Standing = Literal["open", "to_come", "over"]

_EVENT_DAY = "event.happened_on"
_A_DAY = timedelta(days=1)
_LANGUAGES = ("ko", "en")


@dataclass(frozen=True, slots=True)
class WayToEarn:
    """An `earn` rule as a member reads it: what has to happen (`event`), the sentence with the figures of the day, or
    of the first day of what is to come, and from which day to which it is open; None: without a beginning or end.
    """

    rule: Earn
    event: Text
    sentence: Text
    first_on: date | None
    last_on: date | None
    standing: Standing


def ways_to_earn(policy: Policy, day: date) -> list[WayToEarn]:
    """The ways to earn of a policy: those that are open on the day, those to come, and those that are over; each group
    in the order of the file.
    """
    ways = [_way(policy, rule, day) for rule in policy.rules if isinstance(rule, Earn)]
    return [way for standing in _ORDER for way in ways if way.standing == standing]


_ORDER: tuple[Standing, ...] = ("open", "to_come", "over")


def _way(policy: Policy, rule: Earn, day: date) -> WayToEarn:
    first, last = _window(policy, rule, day)
    standing: Standing = "to_come" if first and first > day else "over" if last and last < day else "open"
    told_on = max(day, first) if first else day
    of_event = policy.facts["event.type"]
    event = Text(*(word_text(policy, of_event, rule.event, language) for language in _LANGUAGES))
    sentence = Text(*(rule_sentence(policy, rule, language, told_on, alone=True) for language in _LANGUAGES))
    return WayToEarn(rule, event, sentence, first, last, standing)


def _window(policy: Policy, rule: Earn, day: date) -> tuple[date | None, date | None]:
    """From which day of the event to which the rule can apply, as far as its condition says so by days."""
    first = last = None
    for clause in rule.when.all_of:
        if clause.path == _EVENT_DAY:
            for least, most in _bounds(policy, clause, day):
                first = least if first is None else max(first, least or first)
                last = most if last is None else min(last, most or last)
    return first, last


def _bounds(policy: Policy, clause: Comparison, day: date) -> Iterator[tuple[date | None, date | None]]:
    right = clause.right
    if isinstance(right, ValueRef):
        right = cell_on(policy.values[right.name], day)  # type: ignore[assignment]
    days = [each for each in (right if isinstance(right, tuple) else (right,)) if isinstance(each, date)]
    if not days:
        return
    if clause.operator in ("is", "in"):
        yield min(days), max(days)
    elif clause.operator in ("at_least", "over"):
        yield days[0] + (_A_DAY if clause.operator == "over" else timedelta()), None
    elif clause.operator in ("at_most", "under"):
        yield None, days[0] - (_A_DAY if clause.operator == "under" else timedelta())
