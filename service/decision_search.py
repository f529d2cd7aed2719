"""Finds decisions: by account, reason, rule, policy and version, outcome, points and local day.

Decisions are listed by the instant for which they were made, the newest first, and where that is the same by id. Both
are never changed, and a page begins behind a decision that was shown: so whoever goes from page to page sees everything
that was there at the start, once, whatever is filed meanwhile.

Whatever is asked for, one index is gone through in that order, and the rest is asked of what is met there. Which one is
not left to the database, which without statistics guesses: it is the one that holds fewest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import msgspec

from engine.calendars import local_day
from service.clock import spoken, to_the_second
from service.database import Database, rows
from service.publishing import Versions

# Up to so many it is told exactly how many an index holds of what is asked for, and so many are sorted.
FEW = 2_000
# So many at once where the database cannot tell by itself which of them fall on the day.
CHUNK = 500

SELECT_PLACE = "SELECT as_of, id, digest FROM decision WHERE id = ?"
SELECT_POLICIES = "SELECT DISTINCT policy FROM policy_version ORDER BY policy"
SELECT_LINE = "SELECT decided_at, data FROM decision WHERE id = ?"
COUNT = "SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT ?) AS met"
WALK = (
    "SELECT decision.as_of, decision.id, decision.digest FROM {table} WHERE {where}"
    " ORDER BY {walked}.as_of DESC, {key} DESC LIMIT ?"
)
OF_RULE = (
    "EXISTS (SELECT 1 FROM decision_rule AS spoke WHERE spoke.rule = ? AND spoke.as_of = decision.as_of"
    " AND spoke.decision_id = decision.id{of_request})"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; None is anything. Bounds are met by what equals them."""

    account: str | None = None
    reason: str | None = None
    rule: str | None = None
    policy: str | None = None
    digest: str | None = None
    outcome: str | None = None
    points_from: int | None = None
    points_to: int | None = None
    day_from: date | None = None
    day_to: date | None = None


class Place(NamedTuple):
    """Where a decision stands in the list; `digest` is its version."""

    as_of: str
    id: str
    digest: str


class Condition(NamedTuple):
    """Something that is asked: as an index finds it, and as it is asked of a decision that is met in another index.

    `table` is what the index is of. One without `ordered` has to be sorted.
    """

    found: str
    met: str
    parameters: tuple[object, ...]
    table: str = "decision"
    ordered: bool = True

    @property
    def key(self) -> str:
        """The column of its index that names the decision."""
        return "decision.id" if self.table == "decision" else f"{self.table}.decision_id"


class Line(NamedTuple):
    """A decision in a list."""

    id: str
    decided_at: str
    decision: Mapping[str, Any]


def place_of(database: Database, id: str) -> Place | None:
    """Where the decision of an id stands; None where there is none."""
    found = rows(database, SELECT_PLACE, (id,))
    return Place(*found[0]) if found else None


def search(database: Database, versions: Versions, asked: Asked, after: Place | None, most: int) -> list[Line]:
    """Decisions behind a place of the list, up to a number, inside `reading`."""
    conditions, bounds = _conditions(asked), _bounds(asked)
    by_day = asked.day_from is not None or asked.day_to is not None
    chunk = max(most, CHUNK) if by_day else most
    found: list[Place] = []
    while len(found) < most:
        met = _walked(database, conditions, bounds, after, chunk)
        found += [place for place in met if not by_day or _falls(asked, place, versions)]
        if len(met) < chunk:
            break
        after = met[-1]
    return [_line(database, place) for place in found[:most]]


def _walked(
    database: Database, conditions: Sequence[Condition], bounds: tuple[str, str], after: Place | None, most: int
) -> list[Place]:
    """The first of what is asked for behind a place."""
    first = _fewest(database, conditions, bounds, after)
    if first is not None:
        rest = [each for each in conditions if each is not first]
        return _walk(database, first, rest, bounds, after, most)
    # Every decision is by some policy, of which there are few: so no other index is needed.
    policies = [_plain("policy", policy) for (policy,) in rows(database, SELECT_POLICIES)]
    met = [place for policy in policies for place in _walk(database, policy, conditions, bounds, after, most)]
    return sorted(met, reverse=True)[:most]


def _fewest(
    database: Database, conditions: Sequence[Condition], bounds: tuple[str, str], after: Place | None
) -> Condition | None:
    """The condition whose index holds fewest; None where there is none, or none that need not be sorted."""
    if len(conditions) == 1 and conditions[0].ordered:
        return conditions[0]
    counted: list[tuple[int, int]] = []
    for number, each in enumerate(conditions):
        where, parameters = _where(each, (), bounds, after)
        count = rows(database, COUNT.format(table=each.table, where=where), (*parameters, FEW))[0][0]
        if each.ordered or count < FEW:
            counted.append((count, number))
    return conditions[min(counted)[1]] if counted else None


def _walk(
    database: Database,
    first: Condition,
    rest: Sequence[Condition],
    bounds: tuple[str, str],
    after: Place | None,
    most: int,
) -> list[Place]:
    where, parameters = _where(first, rest, bounds, after)
    table = first.table
    if table != "decision":
        # In this order on SQLite, for which that is what CROSS JOIN says.
        table = f"{table} CROSS JOIN decision"
        where += f" AND decision.id = {first.key}"
    sql = WALK.format(table=table, where=where, walked=first.table, key=first.key)
    return [Place(*row) for row in rows(database, sql, (*parameters, most))]


def _where(
    first: Condition, rest: Sequence[Condition], bounds: tuple[str, str], after: Place | None
) -> tuple[str, list[object]]:
    # An index that has to be sorted is not gone through by the instant either.
    as_of = f"{first.table}.as_of" if first.ordered else f"{first.table}.as_of || ''"
    start, end = bounds
    parts, parameters = [first.found, f"{as_of} >= ?"], [*first.parameters, start]
    # One bound above, the lower one: of two, SQLite might go through the index from the higher.
    if after is not None and after.as_of < end:
        parts.append(f"({as_of}, {first.key}) < (?, ?)")
        parameters += (after.as_of, after.id)
    else:
        parts.append(f"{as_of} < ?")
        parameters.append(end)
    for each in rest:
        parts.append(each.met)
        parameters += each.parameters
    return " AND ".join(parts), parameters


def _conditions(asked: Asked) -> list[Condition]:
    """What is asked, besides the day; of two that hold as few, the first is gone through."""
    plain = ("account", "digest", "policy", "outcome")
    found = [_plain(name, getattr(asked, name)) for name in plain if getattr(asked, name) is not None]
    for rule, also in ((asked.reason, " AND {}.of_request"), (asked.rule, "")):
        if rule is not None:
            own = f"decision_rule.rule = ?{also.format('decision_rule')}"
            found.append(
                Condition(own, OF_RULE.format(of_request=also.format("spoke")), (rule,), table="decision_rule")
            )
    bounds = [(">=", asked.points_from), ("<=", asked.points_to)]
    given = [(sign, bound) for sign, bound in bounds if bound is not None]
    if given:
        own, met = (" AND ".join(f"decision.points{hidden} {sign} ?" for sign, _ in given) for hidden in ("", " + 0"))
        found.append(Condition(own, met, tuple(bound for _, bound in given), ordered=False))
    return found


def _plain(column: str, value: object) -> Condition:
    # Something is done to the column, so that its index is not gone through.
    return Condition(f"decision.{column} = ?", f"decision.{column} || '' = ?", (value,))


def _bounds(asked: Asked) -> tuple[str, str]:
    """Instants between which every zone has the days that are asked for; which day it is, the version knows."""
    start = asked.day_from or date(1970, 1, 1)
    end = asked.day_to or date(2200, 1, 1)
    return _midnight(start - timedelta(days=1)), _midnight(end + timedelta(days=2))


def _midnight(day: date) -> str:
    return spoken(datetime.combine(day, time(), UTC))


def _falls(asked: Asked, place: Place, versions: Versions) -> bool:
    """Whether a decision was made for one of the days that are asked for, in its programme's zone."""
    day = local_day(datetime.fromisoformat(place.as_of), versions.compiled(place.digest).zone)
    return (asked.day_from or day) <= day <= (asked.day_to or day)


def _line(database: Database, place: Place) -> Line:
    decided_at, data = rows(database, SELECT_LINE, (place.id,))[0]
    return Line(place.id, to_the_second(decided_at), msgspec.json.decode(data))
