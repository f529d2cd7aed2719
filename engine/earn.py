"""What an event earns: the lots it grants, by which rules, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.calendars import local_day
from engine.compiled import CompiledVersion
from engine.decision import ENGINE
from engine.errors import NotInForce
from engine.facts import EventCase
from engine.kinds.earn import Grant, ReadyEarn, grant
from engine.plans import statuses, trace_line
from engine.reading import instant_words
from engine.scene import Scene


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
class Earned:
    """What an event earns, on which text. `trace` says of every earn rule how it stands, and of those that apply
    what the event `brought`, the `room` under their cap, and the `points` they grant.
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

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return data | {"granted": [lot.to_data() for lot in self.granted], "trace": [dict(line) for line in self.trace]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Earned:
        """From plain data."""
        granted = tuple(Granted(**lot) for lot in data["granted"])
        earned = cls(**{**data, "granted": granted, "trace": [dict(line) for line in data["trace"]]})
        assert earned.points == sum(lot.points for lot in earned.granted), "the lots are not the points"
        return earned


def earn(compiled: CompiledVersion, case: EventCase) -> Earned:
    """The lots that an event grants, one for each earn rule that applies and comes to at least a point.

    Raises NotInForce for an event before the policy starts.
    """
    event = case.event
    day = local_day(event.happened_at, compiled.zone)
    policy = compiled.policy
    if day < policy.starts:
        raise NotInForce(policy.id, policy.starts, day)
    scene = Scene(case.account, day, event.happened_at, event=event)
    granted, trace = [], []
    for status in statuses(compiled.rules["earn"], compiled.event.of_scene(scene)):
        line = trace_line(status)
        if status.speaks:
            assert isinstance(status.ready, ReadyEarn), f"{status.ready.id} does not earn"
            found = grant(status.ready, scene, case.earned)
            line["figures"] = {"brought": found.brought, "room": found.room, "points": found.points}
            if found.points > 0:
                granted.append(_lot(status.ready, scene, found))
        trace.append(line)
    return Earned(
        policy=policy.id,
        version=compiled.version.number,
        digest=compiled.version.digest,
        engine=ENGINE,
        account=case.account.id,
        event=event.id,
        happened_at=instant_words(event.happened_at),
        happened_on=day.isoformat(),
        points=sum(lot.points for lot in granted),
        granted=tuple(granted),
        trace=trace,
    )


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
