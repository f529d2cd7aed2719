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
from zoneinfo import ZoneInfo

from engine.calendars import local_day
from engine.windows import begins
from policies.model import Text
from service.clock import spoken, to_the_second
from service.database import Database, rows
from service.errors import Damage
from service.publishing import Versions
from service.records import BESIDE, decision_in

# Up to so many it is told exactly how many an index holds of what is asked for, and so many are sorted.
FEW = 2_000
# So many at once where it is not the database that knows which of them fall on the day.
CHUNK = 500
# Before and behind every instant that is decided for.
FIRST_DAY, LAST_DAY = date(1969, 1, 1), date(2201, 1, 1)
# Of so many versions the zones are looked up, to ask for no more than the day.
MOST_VERSIONS = 16

SELECT_PLACE = "SELECT as_of, id, digest FROM decision WHERE id = ?"
SELECT_VERSIONS = "SELECT policy, digest FROM policy_version ORDER BY policy"
SELECT_LINE = f"SELECT decided_at, data, {', '.join(BESIDE)} FROM decision WHERE id = ?"  # noqa: S608
COUNT = "SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE {where} LIMIT ?) AS met"
WALK = (
    "SELECT decision.as_of, decision.id, decision.digest FROM {table} WHERE {where}"
    " ORDER BY {walked}.as_of DESC, {key} DESC LIMIT ?"
)
OF_RULE = (
    "EXISTS (SELECT 1 FROM decision_rule AS spoke WHERE spoke.rule = ? AND spoke.of_request IN ({kinds})"
    " AND spoke.as_of = decision.as_of AND spoke.decision_id = decision.id)"
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
    """Something that is asked: what an index is gone through for, one after the other, and how it is asked of a
    decision that is met in another index.

    `table` is what the index is of. One without `ordered` has to be sorted.
    """

    found: str
    walks: Sequence[tuple[object, ...]]
    met: str
    parameters: tuple[object, ...]
    table: str = "decision"
    ordered: bool = True

    @property
    def key(self) -> str:
        """The column of its index that names the decision."""
        return "decision.id" if self.table == "decision" else f"{self.table}.decision_id"


class Bounds(NamedTuple):
    """The instants from one on and before another; `exact` where they are just the days that are asked for."""

    start: str
    end: str
    exact: bool


class Line(NamedTuple):
    """A decision in a list."""

    id: str
    decided_at: str
    decision: Mapping[str, Any]


class Damaged(NamedTuple):
    """A decision that was met, and whose record is not what was written: why not, and what its row is found by."""

    id: str
    why: Text
    beside: Mapping[str, Any]


def place_of(database: Database, id: str) -> Place | None:
    """Where the decision of an id stands; None where there is none."""
    found = rows(database, SELECT_PLACE, (id,))
    return Place(*found[0]) if found else None


def search(
    database: Database, versions: Versions, asked: Asked, after: Place | None, most: int
) -> list[Line | Damaged]:
    """Decisions behind a place of the list, up to a number, inside `reading`."""
    published = rows(database, SELECT_VERSIONS)
    conditions = _conditions(asked, sorted({policy for policy, _ in published}))
    bounds = _bounds(asked, versions, published)
    chunk = most if bounds.exact else max(most, CHUNK)
    found: list[Place] = []
    while len(found) < most:
        met = _walked(database, conditions, bounds, after, chunk)
        found += [place for place in met if bounds.exact or _falls(asked, place, versions)]
        if len(met) < chunk:
            break
        after = met[-1]
    return [_line(database, place) for place in found[:most]]


def _walked(
    database: Database, conditions: Sequence[Condition], bounds: Bounds, after: Place | None, most: int
) -> list[Place]:
    """The first of what is asked for behind a place."""
    first = _fewest(database, conditions, bounds, after)
    rest = [each for each in conditions if each is not first]
    met: list[Place] = []
    for walk in first.walks:
        where, parameters = _where(first, walk, rest, bounds, after)
        table = first.table
        if table != "decision":
            # In this order on SQLite, for which that is what CROSS JOIN says.
            table = f"{table} CROSS JOIN decision"
            where += f" AND decision.id = {first.key}"
        sql = WALK.format(table=table, where=where, walked=first.table, key=first.key)
        met += [Place(*row) for row in rows(database, sql, (*parameters, most))]
    return sorted(met, reverse=True)[:most]


def _fewest(database: Database, conditions: Sequence[Condition], bounds: Bounds, after: Place | None) -> Condition:
    """The condition whose index holds fewest; the last holds everything, in its order."""
    *asked, everything = conditions
    if len(asked) == 1 and asked[0].ordered:
        return asked[0]
    counted: list[tuple[int, int]] = []
    for number, each in enumerate(asked):
        count = 0
        for walk in each.walks:
            where, parameters = _where(each, walk, (), bounds, after)
            count += rows(database, COUNT.format(table=each.table, where=where), (*parameters, FEW))[0][0]
        if each.ordered or count < FEW:
            counted.append((count, number))
    return asked[min(counted)[1]] if counted else everything


def _where(
    first: Condition, walk: Sequence[object], rest: Sequence[Condition], bounds: Bounds, after: Place | None
) -> tuple[str, list[object]]:
    # An index that has to be sorted is not gone through by the instant either.
    as_of = f"{first.table}.as_of" if first.ordered else f"{first.table}.as_of || ''"
    parts, parameters = [first.found, f"{as_of} >= ?"], [*walk, bounds.start]
    # One bound above, the lower one: of two, SQLite might go through the index from the higher.
    if after is not None and after.as_of < bounds.end:
        parts.append(f"({as_of}, {first.key}) < (?, ?)")
        parameters += (after.as_of, after.id)
    else:
        parts.append(f"{as_of} < ?")
        parameters.append(bounds.end)
    for each in rest:
        parts.append(each.met)
        parameters += each.parameters
    return " AND ".join(parts), parameters


def _conditions(asked: Asked, policies: Sequence[str]) -> list[Condition]:
    """What is asked, besides the day, and at the end what holds of every decision: it is by some policy, of which there
    are few. Of two that hold as few, the first is gone through.
    """
    plain = ("account", "digest", "policy", "outcome")
    found = [_plain(name, getattr(asked, name)) for name in plain if getattr(asked, name) is not None]
    for rule, kinds in ((asked.reason, (True,)), (asked.rule, (True, False))):
        if rule is not None:
            own = "decision_rule.rule = ? AND decision_rule.of_request = ?"
            met = OF_RULE.format(kinds=", ".join("?" * len(kinds)))
            found.append(Condition(own, [(rule, kind) for kind in kinds], met, (rule, *kinds), table="decision_rule"))
    bounds = [(">=", asked.points_from), ("<=", asked.points_to)]
    given = [(sign, bound) for sign, bound in bounds if bound is not None]
    if given:
        own, met = (" AND ".join(f"decision.points{hidden} {sign} ?" for sign, _ in given) for hidden in ("", " + 0"))
        parameters = tuple(bound for _, bound in given)
        found.append(Condition(own, [parameters], met, parameters, ordered=False))
    return [*found, Condition("decision.policy = ?", [(policy,) for policy in policies], "TRUE", ())]


def _plain(column: str, value: object) -> Condition:
    # Something is done to the column where it is met, so that its index is not gone through.
    return Condition(f"decision.{column} = ?", [(value,)], f"decision.{column} || '' = ?", (value,))


def _bounds(asked: Asked, versions: Versions, published: Sequence[Sequence[str]]) -> Bounds:
    """Instants between which the days lie that are asked for, in every zone that may be meant."""
    start, end = asked.day_from or FIRST_DAY, asked.day_to or LAST_DAY
    if asked.day_from is None and asked.day_to is None:
        return Bounds(_midnight(start), _midnight(end), exact=True)
    meant = [
        digest for policy, digest in published if asked.policy in (None, policy) and asked.digest in (None, digest)
    ]
    # Every zone's day lies within these; which day it is, each version knows.
    wide = Bounds(_midnight(start - timedelta(days=1)), _midnight(end + timedelta(days=2)), exact=False)
    if len(meant) > MOST_VERSIONS:
        return wide
    try:
        zones = {versions.compiled(digest).zone for digest in meant} or {ZoneInfo("UTC")}
    except Damage:
        return wide
    starts = [spoken(begins(start, zone)) for zone in zones]
    ends = [spoken(begins(end + timedelta(days=1), zone)) for zone in zones]
    return Bounds(min(starts), max(ends), exact=len(zones) == 1)


def _midnight(day: date) -> str:
    return spoken(datetime.combine(day, time(), UTC))


def _falls(asked: Asked, place: Place, versions: Versions) -> bool:
    """Whether a decision was made for one of the days that are asked for, in its programme's zone. One of which that
    cannot be told, as somebody changed it, is not hidden.
    """
    try:
        day = local_day(datetime.fromisoformat(place.as_of), versions.compiled(place.digest).zone)
    except (Damage, ValueError):
        return True
    return (asked.day_from or day) <= day <= (asked.day_to or day)


def _line(database: Database, place: Place) -> Line | Damaged:
    decided_at, data, *beside = rows(database, SELECT_LINE, (place.id,))[0]
    try:
        return Line(place.id, to_the_second(decided_at), decision_in(place.id, data, beside))
    except Damage as damage:
        return Damaged(place.id, damage.why, dict(zip(BESIDE, beside, strict=True)))
