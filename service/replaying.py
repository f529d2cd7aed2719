"""Decides again what is stored, and tells what differs: decisions, and what events came to.

It reads page by page, in the order of the ids and up to the last id that there was at the start: rows are never
changed, so writes that go on meanwhile neither hide a row nor show one twice. Nothing is written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from engine.calendars import local_day
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.decision import Decision
from engine.replay import differences, replay_event, replay_stored
from policies.model import Text
from policies.problems import both
from service.database import Database, Row, in_bytes, reading, rows
from service.errors import Damage
from service.events import NOTHING
from service.publishing import Versions
from service.records import CASE_GONE, RETENTION, check_sums

DECISIONS = (
    (
        "SELECT id, digest, as_of, account, policy, outcome, points, {case}, {data},"
        " EXISTS (SELECT 1 FROM erased_record WHERE kind = 'decision' AND reference = decision.id) FROM decision"
    ),
    "SELECT COUNT(*), MAX(id) FROM decision",
)
ANSWERS = (
    (
        "SELECT event_id, event_answer.digest, happened_at, account_id, refused, {case}, {data},"
        " EXISTS (SELECT 1 FROM erased_record WHERE kind = 'event_answer' AND reference = event_id)"
        " FROM event_answer JOIN event ON event.id = event_id"
    ),
    "SELECT COUNT(*), MAX(event_id) FROM event_answer JOIN event ON event.id = event_id",
)
CASE = "SELECT digest, {case} FROM decision WHERE id = ?"
RECORDED = "SELECT data FROM decision WHERE id = ?"
OF_VERSION = "SELECT digest FROM policy_version WHERE policy = ?"
SELECT_KNOWN = "SELECT COUNT(*) FROM policy_version WHERE policy = ?"
PAGE = 50
_GONE = CASE_GONE.encode()
UNTOLD = Text(
    "사안이 보관 기간이 지나 지워진 것으로 되어 있지만, 그런 삭제 기록이 없습니다",
    "its case is said to be erased after its time, and no erasure tells of it",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be decided again; everything, where nothing is named.

    `day` is the local day of the programme on which a decision was asked for, or on which an event happened.
    """

    id: str = ""
    account: str = ""
    policy: str = ""
    number: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """One stored row: its id, the sentences that tell what differs, and whether it could be decided again at all; it
    cannot where its case was `erased` after its time.
    """

    id: str
    differences: Sequence[str] = ()
    again: bool = True
    erased: bool = False


class Replay:
    """A replay of what is chosen of a database, as it stands when this is made."""

    def __init__(self, database: Database, chosen: Chosen, language: str, most_versions: int) -> None:
        self._database = database
        self._day = chosen.day
        self._language = language
        self._texts = _Texts(database, most_versions)
        self._decisions = _where(chosen, "id", "account", "as_of", "digest")
        self._answers = _where(chosen, "event_id", "account_id", "happened_at", "event_answer.digest")
        with reading(database):
            self._decision_count, self._last_decision = _extent(database, DECISIONS[1], self._decisions)
            self._answer_count, self._last_answer = _extent(database, ANSWERS[1], self._answers)

    @property
    def rows(self) -> int:
        """How many rows will be looked at; of a day, those of the days about it too."""
        return self._decision_count + self._answer_count

    def decisions(self) -> Iterator[Replayed | None]:
        """Each stored decision; None for one of a day that was not chosen."""
        for row in self._pages(DECISIONS[0], "id", self._decisions, self._last_decision):
            yield self._replayed(row, self._decision)

    def now(self, id: str) -> Decision | None:
        """What the kept case of a decision comes to now; None where it comes to nothing: `decisions` tells why."""
        with reading(self._database):
            digest, case = rows(self._database, CASE.format(case=in_bytes(self._database, "case_data")), (id,))[0]
        version = self._texts.of(digest)
        if case == _GONE or isinstance(version, Text):
            return None
        try:
            return decide(version, read_case(version.policy, msgspec.json.decode(case)))
        except Exception:
            # Whatever somebody made of the case, it is told as a difference.
            return None

    def recorded(self, id: str) -> Mapping[str, Any]:
        """What stands in the record of a decision; nothing where that cannot be read."""
        with reading(self._database):
            (text,) = rows(self._database, RECORDED, (id,))[0]
        try:
            found = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            found = None
        return found if isinstance(found, dict) else {}

    def answers(self) -> Iterator[Replayed | None]:
        """Each stored answer to an event, likewise."""
        for row in self._pages(ANSWERS[0], "event_id", self._answers, self._last_answer):
            yield self._replayed(row, self._answer)

    def _pages(self, select: str, id: str, where: tuple[str, Sequence[object]], last: str | None) -> Iterator[Row]:
        after: str = ""
        case, data = (in_bytes(self._database, column) for column in ("case_data", "data"))
        select = select.format(case=case, data=data)
        while last is not None:
            sql = f"{select} WHERE {id} > ? AND {id} <= ?{where[0]} ORDER BY {id} LIMIT {PAGE}"
            with reading(self._database):
                page = rows(self._database, sql, (after, last, *where[1]))
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def _replayed(self, row: Row, replayed: Any) -> Replayed | None:
        name, digest, instant = row[:3]
        version = None if digest is None else self._texts.of(digest)
        try:
            if self._day is not None and self._day != _day_of(instant, version):
                return None
            if version is None:
                return Replayed(name, again=False)
            if isinstance(version, Text):
                return Replayed(name, [version.in_language(self._language)])
            found: Replayed = replayed(version, row)
        except Exception as error:
            # Whatever somebody made of one record, the others are told of too. No database is asked in here.
            unreadable = both("기록을 읽을 수 없습니다: {error}", "the record cannot be read: {error}", error=error)
            return Replayed(name, [unreadable.in_language(self._language)])
        return found

    def _decision(self, version: CompiledVersion, row: Row) -> Replayed:
        name, digest, as_of, account, policy, outcome, points, case, data, told = row
        beside = {"account": account, "policy": policy, "outcome": outcome, "points": points, "as_of": as_of}
        if case == _GONE:
            return self._gone(name, told, beside | {"digest": digest}, msgspec.json.decode(data))
        return Replayed(name, replay_stored(version, case, data, beside | {"digest": digest}, self._language))

    def _answer(self, version: CompiledVersion, row: Row) -> Replayed:
        name, digest, _, account, refused, case, data, told = row
        if case == _GONE:
            beside = {"event": name, "account": account, "refused": bool(refused), "digest": digest}
            return self._gone(name, told, beside, {"refused": False} | msgspec.json.decode(data))
        record, facts = msgspec.json.decode(data), msgspec.json.decode(case)
        if record.get("refused") and _refused_by_others(record["reasons"]):
            # Which lots or which other event it was refused for, its case does not say.
            return Replayed(name, again=False)
        # What became of the lots was booked beside the answer, and depends on them.
        own = {name: each for name, each in record.items() if name not in NOTHING}
        found = replay_event(version, facts, own, self._language)
        stored: dict[str, Any] = {"event": name, "account": account, "refused": bool(refused)}
        return Replayed(name, found or [*_beside(stored, {"refused": False} | own, self._language)])

    def _gone(self, name: str, told: bool, beside: Mapping[str, Any], remains: Mapping[str, Any]) -> Replayed:
        """What of a row whose case was erased can be held against the rest: that it was, and what stands beside it."""
        untold = [] if told and remains.get("erased") == RETENTION else [UNTOLD.in_language(self._language)]
        if "outcome" in beside:
            check_sums(remains)
        return Replayed(name, [*untold, *_beside(beside, remains, self._language)], again=False, erased=True)


def known(database: Database, chosen: Chosen) -> bool:
    """Whether the policy, and the version, that are chosen were ever published."""
    if not chosen.policy:
        return True
    with reading(database):
        numbered = "" if chosen.number is None else " AND number = ?"
        asked = (chosen.policy,) if chosen.number is None else (chosen.policy, chosen.number)
        return bool(rows(database, SELECT_KNOWN + numbered, asked)[0][0])


def _beside(stored: Mapping[str, Any], now: Mapping[str, Any], language: str) -> Iterator[str]:
    for name, value in stored.items():
        yield from differences(value, now[name], f"[{name}]", language)


def _refused_by_others(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an event was refused by the service: for the event that it undoes, or for lots that hold too few."""
    return {each["kind"] for each in reasons} <= {"event", "use"}


def _where(chosen: Chosen, id: str, account: str, instant: str, digest: str) -> tuple[str, list[object]]:
    """The conditions of what is chosen, and their parameters."""
    conditions: list[str] = []
    parameters: list[object] = []
    for column, value in ((id, chosen.id), (account, chosen.account)):
        if value:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    if chosen.policy and chosen.number is None and id == "id":
        # A decision names its policy itself, and so one whose version is gone is found too.
        conditions.append("policy = ?")
        parameters.append(chosen.policy)
    elif chosen.policy:
        numbered = "" if chosen.number is None else " AND number = ?"
        conditions.append(f"{digest} IN ({OF_VERSION}{numbered})")
        parameters += [chosen.policy] if chosen.number is None else [chosen.policy, chosen.number]
    if chosen.day is not None:
        # Every zone's day lies within these; which day it is, the version knows.
        conditions.append(f"{instant} >= ? AND {instant} < ?")
        parameters += [(chosen.day + timedelta(days=days)).isoformat() for days in (-1, 2)]
    return "".join(f" AND {condition}" for condition in conditions), parameters


def _extent(database: Database, select: str, where: tuple[str, Sequence[object]]) -> tuple[int, str | None]:
    """How many rows are chosen, and the last id of them."""
    count, last = rows(database, f"{select} WHERE 1 = 1{where[0]}", where[1])[0]
    return count, last


def _day_of(instant: str, version: CompiledVersion | Text | None) -> date:
    """The local day of an instant; the day in UTC where no version tells the zone."""
    at = datetime.fromisoformat(instant)
    return local_day(at, version.zone) if isinstance(version, CompiledVersion) else at.date()


class _Texts:
    """The versions of a database by digest, or what is wrong with one as a sentence; the latest used are kept."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._found: OrderedDict[str, CompiledVersion | Text] = OrderedDict()

    def of(self, digest: str) -> CompiledVersion | Text:
        if digest in self._found:
            self._found.move_to_end(digest)
            return self._found[digest]
        with reading(self._database):
            found = self._found[digest] = self._load(digest)
        if len(self._found) > self._most:
            self._found.popitem(last=False)
        return found

    def _load(self, digest: str) -> CompiledVersion | Text:
        try:
            return Versions(self._database, 1).compiled(digest)
        except Damage as damage:
            return damage.why
