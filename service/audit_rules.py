"""How often each rule spoke over time, and what it came to: from the decisions, answers and entries that are kept.

Every figure can be made again from the records that auditors have. Records are read one after the other, in the order
of their instants, and only what is counted of each is decoded, so that any number of them needs the same memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from service.database import Database, in_bytes, rows
from service.periods import Period, bounds, period_of
from service.publishing import Versions

COUNTS = (
    *("spoke", "denied", "denied_alone", "reviewed", "reduced", "charged", "excluded"),
    *("granted", "took_back", "expired", "noticed"),
)
POINTS = (
    *("points_refused", "points_reduced", "points_excluded", "points_granted", "points_taken_back"),
    *("points_expired", "points_charged"),
)
MONEY = ("fee", "tax", "offset")
FIGURES = (*COUNTS, *POINTS, *MONEY)
RULE = ("policy", "version", "rule", "from", "to", *FIGURES)
OF = ("filed", "all")
"""Of which decisions: those of refund requests that were filed, or also those that were only asked for."""

PAGE = 500
SELECT_DECISIONS = {
    of: "SELECT decision.as_of, decision.id, decision.digest, {data} FROM decision"  # noqa: S608
    f"{joined} WHERE decision.policy = ? AND (decision.as_of, decision.id) > (?, ?) AND decision.as_of < ?"
    " ORDER BY decision.as_of, decision.id LIMIT ?"
    for of, joined in (("filed", " JOIN refund_request ON refund_request.decision_id = decision.id"), ("all", ""))
}
SELECT_ANSWERS = (
    "SELECT event.happened_at, event.id, event_answer.digest, {data} FROM event"
    " JOIN account ON account.id = event.account_id JOIN event_answer ON event_answer.event_id = event.id"
    " WHERE account.policy = ? AND (event.happened_at, event.id) > (?, ?) AND event.happened_at < ?"
    " ORDER BY event.happened_at, event.id LIMIT ?"
)
# What days came to: by whom it was taken is told by no record but the entries.
SELECT_TAKEN = (
    "SELECT entry.rule, entry.kind, entry.happened_at, COUNT(*), CAST(-SUM(entry.points) AS BIGINT)"
    " FROM ledger_entry entry JOIN lot ON lot.id = entry.lot_id JOIN account ON account.id = lot.account_id"
    " WHERE entry.rule <> '' AND entry.kind IN ('expire', 'charge') AND entry.points < 0"
    " AND account.policy = ? AND entry.happened_at >= ? AND entry.happened_at < ?"
    " GROUP BY entry.rule, entry.kind, entry.happened_at"
)
SELECT_NOTICES = (
    "SELECT notice.rule, notice.digest, notice.day, COUNT(*) FROM notice JOIN account ON account.id = account_id"
    " WHERE account.policy = ? AND notice.day >= ? AND notice.day <= ?"
    " GROUP BY notice.rule, notice.digest, notice.day"
)
EFFECTS = {"denies": "denied", "reviews": "reviewed", "charges": "charged"}


class _Asked(Struct, gc=False):
    points: int | str = 0


class _Reason(Struct, gc=False):
    rule: str
    effect: str


class _LotReason(Struct, gc=False):
    rule: str


class _Lot(Struct, gc=False):
    left: int
    reasons: list[_LotReason]


class _Line(Struct, gc=False):
    """What a rule withholds: just one of the amounts is there."""

    rule: str
    fee: int = 0
    tax: int = 0
    offset: int = 0


class _Decision(Struct, gc=False):
    requested_on: str
    outcome: str
    points: int
    available: int
    request: _Asked
    reasons: list[_Reason]
    lots: list[_Lot]
    trace: msgspec.Raw
    fees: list[_Line] = []
    taxes: list[_Line] = []
    offsets: list[_Line] = []


class _Figures(Struct, gc=False):
    room: Any = None


class _TraceRule(Struct, gc=False):
    rule: str
    applies: bool = False
    excepted_by: int | None = None
    silenced_by: str | None = None
    figures: _Figures | None = None


class _Stage(Struct, gc=False):
    rules: list[_TraceRule] = []


class _Points(Struct, gc=False):
    rule: str
    points: int


class _Answer(Struct, gc=False):
    happened_on: str
    reasons: list[_Reason] = []
    granted: list[_Points] = []
    taken: list[_Points] = []


READ_DECISION = msgspec.json.Decoder(_Decision)
READ_TRACE = msgspec.json.Decoder(list[_Stage])
READ_ANSWER = msgspec.json.Decoder(_Answer)


@dataclass(slots=True)
class Spoken:
    """What rules came to: a line for each rule, version and period; and how many records nobody can read any more."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    unreadable: int = 0


Key = tuple[int | None, str, Period]


def spoken(
    database: Database,
    versions: Versions,
    some: Sequence[Period],
    of: str,
    policy: str | None = None,
    rule: str | None = None,
) -> Spoken:
    """How often rules spoke in periods that follow each other; of one policy and one rule where they are given."""
    found = Spoken()
    for each in versions.policies() if policy is None else [policy]:
        counting = _Counting(database, versions, some, each)
        counting.decisions(of)
        counting.answers()
        counting.days()
        found.unreadable += counting.unreadable
        for (version, name, period), figures in sorted(counting.figures.items(), key=_order):
            if rule in (None, name):
                own = {"policy": each, "version": version, "rule": name, **period.data()}
                found.lines.append(own | {figure: figures.get(figure, 0) for figure in FIGURES})
    return found


def _order(item: tuple[Key, Any]) -> tuple[str, str, int]:
    (version, rule, period), _ = item
    return rule, period.first.isoformat(), version or 0


class _Counting:
    """The figures of one policy."""

    def __init__(self, database: Database, versions: Versions, some: Sequence[Period], policy: str) -> None:
        listed = versions.listed(policy)
        self.figures: defaultdict[Key, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.unreadable = 0
        self._database = database
        self._policy = policy
        self._some = some
        # Many records are of one day.
        self._period: Callable[[str], Period | None] = cache(lambda day: period_of(some, day))
        self._zone = versions.compiled(listed[0].digest).zone
        self._numbers = {each.digest: each.number for each in listed}
        self._start, *_, self._end = bounds(some, self._zone)

    def decisions(self, of: str) -> None:
        """Count what was decided."""
        for digest, data in self._records(SELECT_DECISIONS[of], "decision.data"):
            try:
                decision = READ_DECISION.decode(data)
                period = self._period(decision.requested_on)
                if period is not None:
                    self._decision(self._numbers.get(digest), period, decision)
            except msgspec.MsgspecError:
                self.unreadable += 1

    def answers(self) -> None:
        """Count what came of events."""
        for digest, data in self._records(SELECT_ANSWERS, "event_answer.data"):
            try:
                answer = READ_ANSWER.decode(data)
            except msgspec.MsgspecError:
                self.unreadable += 1
                continue
            period = self._period(answer.happened_on)
            if period is not None:
                self._answer(self._numbers.get(digest), period, answer)

    def days(self) -> None:
        """Count what days came to. Entries name no version."""
        asked = (self._policy, self._start, self._end)
        for rule, kind, happened_at, count, points in rows(self._database, SELECT_TAKEN, asked):
            name = {"expire": "expired", "charge": "charged"}[kind]
            day = self._day(happened_at)
            if day is not None:
                self._add(None, rule, day, **{"spoke": count, name: count, f"points_{name}": points})
        asked_days = (self._policy, self._some[0].first, self._some[-1].last)
        for rule, digest, day, count in rows(self._database, SELECT_NOTICES, asked_days):
            period = self._period(str(day))
            if period is not None:
                self._add(self._numbers.get(digest), rule, period, spoke=count, noticed=count)

    def _records(self, statement: str, column: str) -> Iterator[tuple[str, bytes]]:
        """The digest and the record of each row within the periods, page by page."""
        statement = statement.format(data=in_bytes(self._database, column))
        at, last = self._start, ""
        while page := rows(self._database, statement, (self._policy, at, last, self._end, PAGE)):
            yield from ((digest, data) for _, _, digest, data in page)
            at, last = page[-1][:2]

    def _decision(self, version: int | None, period: Period, decision: _Decision) -> None:
        asked = decision.request.points
        # Who asks for all asks for what there is.
        wanted = decision.available if asked == "all" else decision.points
        figures: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        denying = {each.rule for each in decision.reasons if each.effect == "denies"}
        for each in decision.reasons:
            own = figures[each.rule]
            if each.effect in EFFECTS:
                own[EFFECTS[each.effect]] = 1
        for rule in denying:
            figures[rule]["denied_alone"] = int(len(denying) == 1)
            figures[rule]["points_refused"] = wanted
        for lot in decision.lots:
            for rule in {why.rule for why in lot.reasons}:
                figures[rule]["excluded"] += 1
                figures[rule]["points_excluded"] += lot.left
        for line in (*decision.fees, *decision.taxes, *decision.offsets):
            for name in MONEY:
                figures[line.rule][name] += getattr(line, name)
        if asked == "all" and not denying and decision.points < decision.available:
            for rule in _bounding(decision):
                figures[rule]["reduced"] = 1
                figures[rule]["points_reduced"] = decision.available - decision.points
        for rule, own in figures.items():
            self._add(version, rule, period, spoke=1, **own)

    def _answer(self, version: int | None, period: Period, answer: _Answer) -> None:
        # A rule that grants or takes several times for one event counts once.
        granted = {each.rule for each in answer.granted}
        took_back = {each.rule for each in answer.taken}
        denied = {each.rule for each in answer.reasons if each.effect == "denies"}
        spoke = {each.rule for each in answer.reasons} | granted | took_back
        for name, rules in (("spoke", spoke), ("denied", denied), ("granted", granted), ("took_back", took_back)):
            for rule in rules:
                self.figures[version, rule, period][name] += 1
        for name, parts in (("points_granted", answer.granted), ("points_taken_back", answer.taken)):
            for each in parts:
                self.figures[version, each.rule, period][name] += each.points

    def _day(self, instant: str) -> Period | None:
        return self._period(datetime.fromisoformat(instant).astimezone(self._zone).date().isoformat())

    def _add(self, version: int | None, rule: str, period: Period, **own: int) -> None:
        figures = self.figures[version, rule, period]
        for name, value in own.items():
            figures[name] += value


def _bounding(decision: _Decision) -> set[str]:
    """The rules whose room is what was given to somebody who asked for all points."""
    return {
        each.rule
        for stage in READ_TRACE.decode(decision.trace)
        for each in stage.rules
        if each.applies
        and each.excepted_by is None
        and each.silenced_by is None
        and each.figures is not None
        and each.figures.room == decision.points
    }
