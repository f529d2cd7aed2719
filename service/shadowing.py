"""Decides again, by each shadow, what was decided while it was on, and counts what came out otherwise.

Only kept decisions are read: whoever was answered has been. The order is that of the log, which every kept decision
gets a place in and in which nothing ever appears before a place that was given; so a place is all that has to be
remembered. What came of a batch is written in one transaction with the place behind it, and only by the one who holds
the lease and found the place where it left it: each decision is counted once, whoever dies or comes second.

Nothing of a case is kept: of two decisions the outcome, the points, the fee, the payout and the ids of the rules that
spoke.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from engine.cases import BadCase, read_case, read_sound_case
from engine.compiled import CompiledVersion, compile_version
from engine.decide import decide
from engine.errors import Conflict, NotInForce
from engine.versions import load_version
from service import audit_log, shadows
from service.clock import Clock, stored, utc_now
from service.config import Settings
from service.database import (
    Database,
    Row,
    Unavailable,
    execute,
    execute_many,
    in_bytes,
    lock,
    on_sqlite,
    reading,
    rows,
    writing,
)
from service.erasures import LOCK, UNREADABLE
from service.ids import new_id
from service.json_body import canonical
from service.shadows import ERASED, KEPT, SIDES

log = logging.getLogger("recoup.shadowing")

BATCH = 20
"""How many decisions are decided and then written at once."""
WINDOW = 2_000
"""How many places of the log are looked through for them."""
PLACED_AT_ONCE = 50
"""So few that a filing that waits for SQLite's one writer waits no longer than for another filing or two."""
RESTS = 4
"""So many times as long as a write took does this one rest behind it: SQLite lets those who wait for its writer only
look now and then whether it is free, and who writes without a pause would keep them waiting.
"""
LEASE = timedelta(seconds=60)
SHORT = ("outcome", "points", "fee", "payout")
COMPARED = (*SHORT, "gross", "tax", "offset", "payable_on", "last_held_on", "allocation", "reasons")

SELECT_OPEN = (
    "SELECT shadow.id, shadow.policy, started_at, COALESCE(ended_at, ''), position, ends, policy_version.number"
    " FROM shadow JOIN shadow_progress ON shadow_progress.shadow_id = shadow.id"
    " LEFT JOIN shadow_end ON shadow_end.shadow_id = shadow.id"
    " LEFT JOIN publication ON publication.draft_id = shadow.draft_id"
    " LEFT JOIN policy_version ON policy_version.digest = publication.digest"
    " WHERE (ends IS NULL OR position < ends) AND leased_until <= ? ORDER BY leased_until, shadow.id"
)
SELECT_POSITION = "SELECT position FROM shadow_progress WHERE shadow_id = ?"
SELECT_TEXT = "SELECT text, holidays FROM shadow WHERE id = ?"
TAKE = "UPDATE shadow_progress SET leased_by = ?, leased_until = ? WHERE shadow_id = ? AND leased_until <= ?"
RELEASE = "UPDATE shadow_progress SET leased_by = '', leased_until = ? WHERE shadow_id = ? AND leased_by = ?"
SET_END = "UPDATE shadow_progress SET ends = ? WHERE shadow_id = ? AND ends IS NULL"
ADVANCE = (
    "UPDATE shadow_progress SET position = ?, leased_until = ? WHERE shadow_id = ? AND leased_by = ? AND position = ?"
)
# By its places: the index of kinds would lead through all that was ever decided.
SELECT_DECISIONS = (
    "SELECT seq, decision.id, outcome, {case}, {data},"
    " EXISTS (SELECT 1 FROM erased_record WHERE kind = 'decision' AND reference = decision.id)"
    " FROM log_leaf JOIN decision ON decision.id = reference WHERE kind || '' = 'decision' AND seq >= ? AND seq < ?"
    " AND policy = ? AND decided_at >= ? AND (? = '' OR decided_at < ?) ORDER BY seq LIMIT ?"
)
SELECT_ERASED = "SELECT reference FROM erased_record WHERE kind = 'decision' AND reference IN ({marks})"
COUNT_OUTCOME = (
    "INSERT INTO shadow_outcome (shadow_id, method, before, after, same, decisions, payout_before, payout_after)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (shadow_id, method, before, after, same) DO UPDATE SET"
    " decisions = shadow_outcome.decisions + excluded.decisions,"
    " payout_before = shadow_outcome.payout_before + excluded.payout_before,"
    " payout_after = shadow_outcome.payout_after + excluded.payout_after"
)
COUNT_REASON = (
    "INSERT INTO shadow_reason (shadow_id, rule, side, decisions) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (shadow_id, rule, side) DO UPDATE SET decisions = shadow_reason.decisions + excluded.decisions"
)
INSERT_DIFFERENCE = (
    "INSERT INTO shadow_difference (shadow_id, decision_id, position, apart, before, after, differs_in)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
LAST_NEWEST = "SELECT position FROM shadow_difference WHERE shadow_id = ? ORDER BY position DESC LIMIT 1 OFFSET ?"
LAST_LARGEST = (
    "SELECT apart, position FROM shadow_difference WHERE shadow_id = ? ORDER BY apart DESC, position DESC"
    " LIMIT 1 OFFSET ?"
)
PRUNE = "DELETE FROM shadow_difference WHERE shadow_id = ? AND position < ? AND (apart, position) < (?, ?)"


@dataclass(frozen=True, slots=True)
class Open:
    """A shadow that is not done: the place in the log that it got to, and where it ends if that is known."""

    id: str
    policy: str
    started_at: str
    ended_at: str
    position: int
    ends: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One decision beside what a shadow comes to: `after` is an outcome, a failure or ERASED."""

    place: int
    decision: str
    method: str
    before: str
    after: str
    differs_in: tuple[str, ...] = ()
    notes: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})

    @property
    def same(self) -> bool:
        """Whether both are equal in all that is compared."""
        return not self.differs_in and self.after not in (*shadows.FAILURES, ERASED)

    @property
    def payouts(self) -> tuple[int, int]:
        """What is paid in force and by the shadow; nothing of what it cannot decide."""
        before, after = self.notes
        return (before["payout"], after["payout"]) if "payout" in after else (0, 0)


class _Lost(Exception):
    """Somebody else holds the lease."""


class Shadowing:
    """Decides by the shadows of one database. As many as one likes may run at once."""

    def __init__(self, database: Database, settings: Settings, clock: Clock = utc_now) -> None:
        self._database = database
        self._pause_seconds = settings.delivery_pause_seconds
        self._clock = clock
        self._compiled: OrderedDict[str, CompiledVersion | None] = OrderedDict()
        self._most = settings.cached_versions

    def run(self, stop: threading.Event) -> None:
        """Decide until told to stop; the batch that is under way is finished."""
        while not stop.is_set():
            try:
                self.once(stop)
            except Unavailable as error:
                log.warning("the database cannot serve: %s", error)
            except Exception:
                log.exception("a bug; shadows are tried again")
            stop.wait(self._pause_seconds)

    def once(self, stop: threading.Event | None = None) -> int:
        """Decide all that waits now and that nobody else is at: how many decisions. Raises Unavailable."""
        database = self._database
        with reading(database):
            found = self._open()
        if not found:
            return 0
        stopped = {each.id for each in found if each.ended_at}
        audit_log.place_all(database, PLACED_AT_ONCE, _write)
        with reading(database):
            found, size = self._open(), audit_log.size_of(database)
        for each in found:
            if each.id in stopped and each.ends is None:
                # All that was kept before it was stopped has its place by now.
                writing(database, partial(execute, database, SET_END, (size, each.id)))
        return sum(self._serve(each, size, stop or threading.Event()) for each in found)

    def _open(self) -> list[Open]:
        now = self._clock()
        return [self._as_it_stands(row, now) for row in rows(self._database, SELECT_OPEN, (stored(now),))]

    def _as_it_stands(self, row: Row, now: datetime) -> Open:
        """A shadow; one whose draft came into force by now has ended by that."""
        *own, number = row
        found = Open(*own)
        at = shadows.came_into_force(self._database, found.policy, number, found.ended_at, now)
        return replace(found, ended_at=at) if at else found

    def _serve(self, shadow: Open, size: int, stop: threading.Event) -> int:
        """Go on with one shadow up to a size of the log, if nobody else does: how many decisions."""
        if shadow.position >= size:
            return 0
        now = self._clock()
        holder = new_id("H", now)
        lease = (holder, stored(now + LEASE), shadow.id, stored(now))
        if not writing(self._database, lambda: execute(self._database, TAKE, lease)):
            return 0
        made = 0
        try:
            with reading(self._database):
                # Another may have moved it between the look and the lease.
                position = rows(self._database, SELECT_POSITION, (shadow.id,))[0][0]
                compiled = self._version(shadow.id)
            while position < size and not stop.is_set():
                compared, following = self._batch(shadow, compiled, position, size)
                keep = partial(self._keep, shadow.id, holder, position, following, compared)
                _write(self._database, keep)
                made, position = made + len(compared), following
        except _Lost:
            log.warning("%s: the lease ended, and somebody else went on", shadow.id)
        finally:
            release = (stored(self._clock()), shadow.id, holder)
            writing(self._database, lambda: execute(self._database, RELEASE, release))
        return made

    def _version(self, shadow: str) -> CompiledVersion | None:
        """The text of a shadow, compiled; None where this release cannot read it."""
        if shadow not in self._compiled:
            text, holidays = rows(self._database, SELECT_TEXT, (shadow,))[0]
            days = tuple(date.fromisoformat(day) for day in json.loads(holidays))
            version, _ = load_version(text.encode(), shadow, holidays=days)
            self._compiled[shadow] = None if version is None else compile_version(version)
            while len(self._compiled) > self._most:
                self._compiled.popitem(last=False)
        return self._compiled[shadow]

    def _batch(
        self, shadow: Open, compiled: CompiledVersion | None, position: int, size: int
    ) -> tuple[list[Compared], int]:
        """What comes next, compared, and the place behind it."""
        end = min(size, position + WINDOW)
        sql = SELECT_DECISIONS.format(
            case=in_bytes(self._database, "case_data"), data=in_bytes(self._database, "decision.data")
        )
        until = (shadow.ended_at, shadow.ended_at)
        with reading(self._database):
            found = rows(self._database, sql, (position, end, shadow.policy, shadow.started_at, *until, BATCH))
        compared = [_compared(compiled, row) for row in found]
        return compared, compared[-1].place + 1 if len(found) == BATCH else end

    def _keep(self, shadow: str, holder: str, position: int, following: int, compared: Sequence[Compared]) -> None:
        """Count what was compared, and go on behind it, in one transaction. Raises _Lost."""
        database = self._database
        # An erasure that comes later finds what is kept here, and what was erased meanwhile is not kept.
        lock(database, LOCK)
        compared = self._without_erased(compared)
        until = stored(self._clock() + LEASE)
        if execute(database, ADVANCE, (following, until, shadow, holder, position)) != 1:
            raise _Lost
        outcomes: Counter[tuple[str, str, str, bool]] = Counter()
        payouts: Counter[tuple[str, str, str, bool, int]] = Counter()
        reasons: Counter[tuple[str, str]] = Counter()
        for each in compared:
            key = (each.method, each.before, each.after, each.same)
            outcomes[key] += 1
            for side, payout in enumerate(each.payouts):
                payouts[*key, side] += payout
            if each.after not in (*shadows.FAILURES, ERASED):
                reasons.update(_only_on_one_side(*(note["reasons"] for note in each.notes)))
        # In one order, whoever counts.
        execute_many(
            database,
            COUNT_OUTCOME,
            [(shadow, *key, outcomes[key], payouts[*key, 0], payouts[*key, 1]) for key in sorted(outcomes)],
        )
        execute_many(database, COUNT_REASON, [(shadow, *key, reasons[key]) for key in sorted(reasons)])
        noted = [_row(shadow, each) for each in compared if not each.same and each.notes[0]]
        execute_many(database, INSERT_DIFFERENCE, noted)
        if noted:
            self._prune(shadow)

    def _without_erased(self, compared: Sequence[Compared]) -> list[Compared]:
        if not compared:
            return []
        marks = ", ".join("?" * len(compared))
        names = [each.decision for each in compared]
        gone = {name for (name,) in rows(self._database, SELECT_ERASED.format(marks=marks), names)}
        return [_erased(each) if each.decision in gone else each for each in compared]

    def _prune(self, shadow: str) -> None:
        """Keep the newest differences, and the largest."""
        newest = rows(self._database, LAST_NEWEST, (shadow, KEPT - 1))
        largest = rows(self._database, LAST_LARGEST, (shadow, KEPT - 1))
        if newest and largest:
            execute(self._database, PRUNE, (shadow, newest[0][0], *largest[0]))


def _write(database: Database, work: Callable[[], None]) -> None:
    """Do `work` in one transaction, and let others write."""
    began = time.monotonic()
    writing(database, work)
    if on_sqlite(database):
        time.sleep(RESTS * (time.monotonic() - began))


def _compared(compiled: CompiledVersion | None, row: Row) -> Compared:
    place, decision, outcome, case, data, erased = row
    if erased:
        return Compared(place, decision, "", outcome, ERASED)
    try:
        before = msgspec.json.decode(data)
        method, note = before["request"]["method"], _note(before)
    except UNREADABLE:
        # Somebody changed the record: there is nothing that could be compared.
        return Compared(place, decision, "", outcome, "bug")
    after = _decided(compiled, decision, case)
    if isinstance(after, str):
        return Compared(place, decision, method, outcome, after, (), (note, {"failure": after}))
    sides = [{**each, "reasons": _rules(each)} for each in (before, after)]
    differs_in = tuple(name for name in COMPARED if sides[0].get(name) != sides[1].get(name))
    return Compared(place, decision, method, outcome, after["outcome"], differs_in, (note, _note(after)))


def _decided(compiled: CompiledVersion | None, name: str, case: bytes) -> dict[str, Any] | str:
    """What a case comes to, as plain data, or why to nothing: one of FAILURES."""
    if compiled is None:
        return "unreadable"
    try:
        sound = read_sound_case(compiled.policy, case) or read_case(compiled.policy, msgspec.json.decode(case))
        made: dict[str, Any] = msgspec.json.decode(decide(compiled, sound).to_json())
    except BadCase:
        return "bad_facts"
    except Conflict:
        return "conflict"
    except NotInForce:
        return "not_in_force"
    except Exception:
        log.exception("%s: a bug, or a case that somebody changed", name)
        return "bug"
    return made


def _erased(each: Compared) -> Compared:
    return Compared(each.place, each.decision, "", each.before, ERASED)


def _note(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a decision."""
    return {**{name: decision[name] for name in SHORT}, "reasons": _rules(decision)}


def _rules(decision: Mapping[str, Any]) -> list[str]:
    """The rules that spoke of the request."""
    return sorted({reason["rule"] for reason in decision["reasons"]})


def _only_on_one_side(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, str]]:
    sides = zip(SIDES, (set(before) - set(after), set(after) - set(before)), strict=True)
    return [(rule, side) for side, found in sides for rule in found]


def _row(shadow: str, each: Compared) -> tuple[object, ...]:
    before, after = each.payouts
    notes = [canonical(note) for note in each.notes]
    return (shadow, each.decision, each.place, abs(after - before), *notes, canonical(list(each.differs_in)))
