"""What an event brings and takes: the lots it grants, the points that it takes back, by which rules, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.calendars import local_day
from engine.compiled import CompiledVersion
from engine.decision import ENGINE, Reason
from engine.errors import Conflict, NotInForce
from engine.facts import Earning, Event, EventCase
from engine.kinds.clawback import ReadyClawback, to_take_back
from engine.kinds.earn import Grant, ReadyEarn, grant
from engine.lot_days import LotDays, Purse, lot_days, purse
from engine.plans import Status, statuses, trace_line
from engine.reading import instant_words
from engine.ready import Matched
from engine.scene import Scene
from engine.taken import Taken, told_reason
from engine.windows import window_start


@dataclass(frozen=True, slots=True)
class Granted:
    """A lot that an event grants. Days are as they are written in JSON; a rule without a reason leaves ko and en ""."""

    rule: str
    terms: str
    source: str
    campaign: str
    points: int
    acquired_on: str
    usable_from_on: str
    expires_on: str | None
    identity_level: int
    ko: str
    en: str

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Undone:
    """What a rule takes back of one earning: so many points in all, wherever they come from or whatever they become."""

    earning: str
    rule: str
    points: int

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {"earning": self.earning, "rule": self.rule, "points": self.points}


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """What an event comes to, on which text.

    `points` are granted in all. `asked` is what is to be taken back of what the event undoes, of each earning as
    `undone` says; it was `taken` from lots, has `lapsed` with its lot already, becomes a `debt` of points or is
    `forgiven`. An event that is `refused`, because points are missing, must not be carried out: it grants and takes
    nothing.

    `trace` says of every earn rule how it stands, and of those that apply what the event `brought`, the `room` under
    their cap, and the `points` they grant; of every clawback rule how it stands, and what it took.

    `missing` tells who books the answer what each lot that was earned could not pay itself; it is no part of the data.
    """

    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    event: str
    happened_at: str
    happened_on: str
    points: int
    granted: tuple[Granted, ...]
    trace: Sequence[Mapping[str, Any]]
    asked: int = 0
    taken: tuple[Taken, ...] = ()
    lapsed: int = 0
    debt: int = 0
    forgiven: int = 0
    refused: bool = False
    reasons: tuple[Reason, ...] = ()
    undone: tuple[Undone, ...] = ()
    missing: tuple[Taken, ...] = field(default=(), compare=False)

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "missing"} | {
            "granted": [lot.to_data() for lot in self.granted],
            "taken": [each.to_data() for each in self.taken],
            "undone": [each.to_data() for each in self.undone],
            "reasons": [reason.to_data() for reason in self.reasons],
            "trace": [dict(line) for line in self.trace],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> EventAnswer:
        """From plain data. What an answer of an earlier engine does not hold is as it was then: nothing is taken."""
        granted = tuple(Granted(**lot) for lot in data["granted"])
        taken = tuple(Taken(**each) for each in data.get("taken", ()))
        undone = tuple(Undone(**each) for each in data.get("undone", ()))
        reasons = tuple(Reason.from_data(each) for each in data.get("reasons", ()))
        trace = [dict(line) for line in data["trace"]]
        own = {"granted": granted, "taken": taken, "undone": undone, "reasons": reasons, "trace": trace}
        answer = cls(**{**data, **own})
        assert_event_laws(answer)
        return answer


def assert_event_laws(answer: EventAnswer) -> None:
    """What holds of every answer to an event."""
    assert answer.points == sum(lot.points for lot in answer.granted), "the lots are not the points"
    parts = sum(each.points for each in answer.taken) + answer.lapsed + answer.debt + answer.forgiven
    assert answer.asked == parts, f"asked {answer.asked} is not the sum of its parts, {parts}"
    undone = sum(each.points for each in answer.undone)
    assert answer.asked == undone, f"asked {answer.asked} is not what is taken back of the earnings, {undone}"
    assert all(each.points > 0 for each in answer.taken), "a lot pays nothing"
    assert not answer.refused or not (answer.points or answer.asked), "a refused event grants or takes"


def answer(compiled: CompiledVersion, case: EventCase) -> EventAnswer:
    """What an event grants, one lot for each earn rule that applies and comes to at least a point, and takes back.

    Raises NotInForce for an event before the policy starts, and Conflict when two rules contradict each other.
    """
    event = case.event
    day = local_day(event.happened_at, compiled.zone)
    policy = compiled.policy
    if day < policy.starts:
        raise NotInForce(policy.id, policy.starts, day)
    scene = Scene(case.account, day, event.happened_at, event=event)
    matched = compiled.event.of_scene(scene)
    granted, trace = _granted(compiled, scene, case.earned, matched)
    back = _Clawing(compiled, scene, case)
    trace += back.claw(matched)
    refused = bool(back.refusals)
    answer = EventAnswer(
        policy=policy.id,
        version=compiled.version.number,
        digest=compiled.version.digest,
        engine=ENGINE,
        account=case.account.id,
        event=event.id,
        happened_at=instant_words(event.happened_at),
        happened_on=day.isoformat(),
        points=0 if refused else sum(lot.points for lot in granted),
        granted=() if refused else granted,
        trace=trace,
        refused=refused,
        reasons=tuple(back.reasons()),
        **({} if refused else back.sums()),
    )
    assert_event_laws(answer)
    return answer


def counted_from(compiled: CompiledVersion, at: datetime) -> dict[str, datetime]:
    """From which instant on the earnings by each rule count under some cap for an event of this instant.

    Earnings by other rules, and earlier ones, need not be known.
    """
    found: dict[str, datetime] = {}
    for ready in compiled.rules["earn"]:
        if ready.rule.cap is not None:
            start = window_start(ready.rule.cap.per, at, compiled.zone)
            for rule in ready.capped_together:
                found[rule] = min(start, found.get(rule, start))
    return found


def _granted(
    compiled: CompiledVersion, scene: Scene, earned: tuple[Earning, ...], matched: Matched
) -> tuple[tuple[Granted, ...], list[dict[str, Any]]]:
    """The lots and the trace, in the order of the rules, however they depend on each other."""
    rules: tuple[ReadyEarn, ...] = compiled.rules["earn"]
    standing = {status.ready.id: status for status in statuses(rules, matched)}
    now: dict[str, int] = {}
    grants: dict[str, Grant] = {}
    for ready in compiled.earn_order:
        if standing[ready.id].speaks:
            grants[ready.id] = found = grant(ready, scene, earned, now)
            now[ready.id] = found.points
    trace = []
    for name, status in standing.items():
        line = trace_line(status)
        if name in grants:
            found = grants[name]
            line["figures"] = {"brought": found.brought, "room": found.room, "points": found.points}
        trace.append(line)
    lots = tuple(_lot(ready, scene, grants[ready.id]) for ready in rules if now.get(ready.id, 0) > 0)
    return lots, trace


def _lot(ready: ReadyEarn, scene: Scene, found: Grant) -> Granted:
    told = ready.sentence and ready.sentence.told(ready.reason_figures(scene, {"earned": found.points}))
    return Granted(
        rule=ready.id,
        terms=ready.rule.terms,
        source=ready.source,
        campaign=found.campaign,
        points=found.points,
        acquired_on=scene.day.isoformat(),
        usable_from_on=found.usable_from_on.isoformat(),
        expires_on=None if found.expires_on is None else found.expires_on.isoformat(),
        identity_level=scene.account.identity_level,
        ko=told.ko if told else "",
        en=told.en if told else "",
    )


@dataclass(slots=True)
class _Claim:
    """What one rule takes back: `asked` in all, of which so much is `missing` still."""

    ready: ReadyClawback
    asked: int = 0
    missing: int = 0
    lapsed: int = 0
    taken: dict[int, int] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, int]:
        """The figures of the reason."""
        short = self.ready.shortfall
        return {
            "asked": self.asked,
            "taken": sum(self.taken.values()),
            "lapsed": self.lapsed,
            "debt": self.missing if short == "debt" else 0,
            "forgiven": self.missing if short == "forgive" else 0,
            "missing": self.missing,
        }

    def pay(self, taken: Mapping[int, int]) -> None:
        """Points that lots pay."""
        for position, points in taken.items():
            self.taken[position] = self.taken.get(position, 0) + points
            self.missing -= points


class _Clawing:
    """Taking back what the event undoes: first from the lots that were earned, then from others, rule by rule."""

    def __init__(self, compiled: CompiledVersion, scene: Scene, case: EventCase) -> None:
        self.compiled = compiled
        self.scene = scene
        self.lots = case.lots
        self.event: Event = case.event
        self.undone = [each for each in case.earned if each.event == case.event.of != ""]
        self.claims: list[_Claim] = []
        self.owed: list[tuple[ReadyClawback, Earning, int]] = []
        self.missing: list[Taken] = []

    @property
    def refusals(self) -> list[_Claim]:
        """The claims that refuse the event."""
        return [claim for claim in self.claims if claim.missing and claim.ready.shortfall == "refuse"]

    def claw(self, matched: Matched) -> list[dict[str, Any]]:
        """Work out the claims; returns the trace of the rules."""
        rules: tuple[ReadyClawback, ...] = self.compiled.rules["clawback"]
        # A rule is silenced by another only for what that one takes back too.
        names = dict.fromkeys(earning.rule for earning in self.undone)
        standing = {name: statuses([each for each in rules if each.covers(name)], matched) for name in names}
        self.owed = self._owed(standing)
        if self.owed:
            self._collect()
        claims = {claim.ready.id: claim for claim in self.claims}
        return [self._line(_of_all(ready, standing.values(), matched), claims.get(ready.id)) for ready in rules]

    def _owed(self, standing: Mapping[str, list[Status]]) -> list[tuple[ReadyClawback, Earning, int]]:
        """What each rule takes back of each earning. `standing` is how the rules stand to what each rule earned."""
        found = []
        for earning in self.undone:
            rules: list[Any] = [status.ready for status in standing[earning.rule] if status.speaks]
            if len(rules) > 1:
                raise Conflict("clawback", (rules[0].id, rules[1].id), earning.id)
            asked = [(ready, earning, to_take_back(ready, self.event, earning)) for ready in rules]
            found += [each for each in asked if each[2] > 0]
        return found

    def _collect(self) -> None:
        days = lot_days(self.compiled, self.scene, self.lots)
        held = purse(days)
        places = {lot.id: position for position, lot in enumerate(self.lots)}
        claims: dict[str, _Claim] = {}
        lapsed: dict[int, int] = {}
        for ready, earning, points in self.owed:
            claim = claims.setdefault(ready.id, _Claim(ready))
            claim.asked += points
            claim.missing += points
            before = claim.missing
            place = places.get(earning.lot)
            if place is not None:
                # What is left in a lot that has expired was lost already, and is not taken a second time.
                gone = 0 if days.usable(place) else min(points, self.lots[place].left - lapsed.get(place, 0))
                lapsed[place] = lapsed.get(place, 0) + gone
                claim.lapsed += gone
                claim.missing -= gone
                if ready.earned_lot:
                    claim.pay(held.take(points - gone, [place]))
            lacks = points - (before - claim.missing)
            if lacks:
                self.missing.append(Taken(ready.id, earning.lot, lacks))
        order = {ready.id: place for place, ready in enumerate(self.compiled.rules["clawback"])}
        self.claims = sorted(claims.values(), key=lambda claim: order[claim.ready.id])
        for claim in self.claims:
            if claim.missing and claim.ready.others:
                claim.pay(held.take(claim.missing, self._others(claim.ready, days, held)))

    def _others(self, ready: ReadyClawback, days: LotDays, held: Purse) -> list[int]:
        """The lots that a rule may take from, first to last."""
        allowed = [position for position in range(len(self.lots)) if days.usable(position)]
        if ready.lots is not None:
            scene_too = self.compiled.event.of_scene(self.scene)
            of_lots = self.compiled.event_lot.of_lots(self.scene, self.lots)
            allowed = [each for each in allowed if ready.lots in of_lots[each] | scene_too]
        return held.ordered(allowed, ready.ranks)

    def _line(self, status: Status, claim: _Claim | None) -> dict[str, Any]:
        line = trace_line(status)
        return line if claim is None else line | {"figures": claim.figures}

    def sums(self) -> dict[str, Any]:
        """What was taken back in all."""
        taken = [
            Taken(claim.ready.id, self.lots[position].id, points)
            for claim in self.claims
            for position, points in claim.taken.items()
        ]
        figures = [claim.figures for claim in self.claims]
        sums = {name: sum(each[name] for each in figures) for name in ("asked", "lapsed", "debt", "forgiven")}
        undone = tuple(Undone(earning.id, ready.id, points) for ready, earning, points in self.owed)
        return {**sums, "taken": tuple(taken), "undone": undone, "missing": tuple(self.missing)}

    def reasons(self) -> list[Reason]:
        """What is said of it: by the rules that refuse the event, or else by all that take something back."""
        effect = "refuses" if self.refusals else "takes_back"
        return [told_reason(claim.ready, self.scene, effect, claim.figures) for claim in self.refusals or self.claims]


def _of_all(ready: ReadyClawback, standing: Iterable[list[Status]], matched: Matched) -> Status:
    """How a rule stands on the whole: it is silenced only where it has its say on no earning."""
    found = [status for each in standing for status in each if status.ready is ready]
    return next((status for status in found if status.speaks), (found or statuses([ready], matched))[0])
