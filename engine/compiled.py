"""A policy version made ready for deciding: everything that can be worked out before a case is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engine.facts import Lot, RefundRequest
from engine.figures import Figures, point_breaks, whole_figures
from engine.kinds import KINDS, earn
from engine.kinds.allocate import NOT_ENOUGH_POINTS
from engine.kinds.expire import OWN_EXPIRY
from engine.kinds.fee import FEE_EXCEEDS_PAYOUT
from engine.kinds.limit import PAYOUT_LIMITS
from engine.kinds.price import COMES_TO_NOTHING, NO_SUCH_AMOUNT
from engine.kinds.tax import TAX_EXCEEDS_PAYOUT
from engine.lowering import FieldTable
from engine.matching import Formula, Matcher
from engine.plans import Plans, Status, statuses
from engine.ready import Matched, Workshop
from engine.scene import Scene
from engine.smallest import smallest_request
from policies.model import FactRef, Policy, Rule, ValueRef
from policies.versions import PolicyVersion

BUILT_IN: tuple[Rule, ...] = (
    OWN_EXPIRY,
    NOT_ENOUGH_POINTS,
    COMES_TO_NOTHING,
    NO_SUCH_AMOUNT,
    FEE_EXCEEDS_PAYOUT,
    TAX_EXCEEDS_PAYOUT,
)
"""What speaks where no rule of the file can."""


_OF_LOTS = ("expire", "exclude")
_DENYING = ("require", "paper", "closed", "limit", "allocate")


class Conditions:
    """Formulas with the fields that they look at. `sees_points` is True where one depends on the points asked for,
    `of_lots_alone` where all that they look at is in the lots.

    What holds for a request or an event is remembered by its facts, and what holds for a lot by those of the lot, below
    those of the request. `Matcher` remembers too, and more widely, but has to be told every field first.
    """

    def __init__(self, policy: Policy, fields: FieldTable, formulas: Mapping[str, Formula]) -> None:
        self._fields = fields
        self._matcher = Matcher(formulas)
        self._scene_key = fields.scene_key(policy)
        self._scenes: dict[Any, Matched] = {}
        self._key = fields.lot_key()
        self._known: dict[tuple[int | str, ...], dict[Any, Matched]] = {}
        self.sees_points = "request.points" in fields.paths
        self.of_lots_alone = not fields.of_scene and not fields.mixed

    def of_scene(self, scene: Scene) -> Matched:
        """The formulas that hold for the request or the event."""
        key = self._scene_key(scene)
        found = self._scenes.get(key)
        if found is None:
            if len(self._scenes) >= _SCENES_REMEMBERED:
                self._scenes.clear()
            found = self._scenes[key] = self._matcher.match([self._fields.scene_facts(scene)])[0]
        return found

    def of_lots(self, scene: Scene, lots: tuple[Lot, ...]) -> list[Matched]:
        """The formulas that hold for each lot."""
        shared = self._fields.scene_facts(scene)
        if self._fields.mixed:
            return self._matcher.match(self._fields.lot_facts(scene, lots, shared))
        request = tuple(shared.values())
        known = self._known.get(request, _NOTHING_KNOWN)
        try:
            return [*map(known.__getitem__, map(self._key, lots))]
        except KeyError:
            matched = self._matcher.match(self._fields.lot_facts(scene, lots, shared))
            self._remember(request, dict(zip(map(self._key, lots), matched, strict=True)))
            return matched

    def _remember(self, request: tuple[int | str, ...], learnt: dict[Any, Matched]) -> None:
        if request not in self._known and len(self._known) >= _REQUESTS_REMEMBERED:
            self._known.clear()
        known = self._known.setdefault(request, {})
        if len(known) + len(learnt) > _LOTS_REMEMBERED:
            known.clear()
        known.update(learnt)


EVENT_KINDS = ("earn", "clawback")
DAY_KINDS = ("dormancy", "notice")


@dataclass(frozen=True, slots=True, eq=False)
class LotRules:
    """The rules that are asked of lots on a day: until when they can be used, and what dormancy and notices say.

    An `expire` rule may look at the request, and there is none: it sees the `smallest` one that there can be, as it
    does where a balance is shown.
    """

    rules: Mapping[str, tuple[Any, ...]]
    scene: Conditions
    lot: Conditions
    smallest: RefundRequest

    def statuses(self, scene: Scene, lots: tuple[Lot, ...]) -> list[Mapping[str, list[Status]]]:
        """How the rules of each kind stand to each lot."""
        seen = self.seen_by(scene)
        shared = self.scene.of_scene(seen)
        known: dict[Matched, Mapping[str, list[Status]]] = {}
        found = []
        for matched in self.lot.of_lots(seen, lots) if lots else ():
            if matched not in known:
                known[matched] = {kind: statuses(rules, shared | matched) for kind, rules in self.rules.items()}
            found.append(known[matched])
        return found

    def seen_by(self, scene: Scene) -> Scene:
        """The scene as the rules see it."""
        return Scene(scene.account, scene.day, scene.at, 1, self.smallest, scene.event)


_SCENES_REMEMBERED = 16_384
_REQUESTS_REMEMBERED = 64
_LOTS_REMEMBERED = 16_384
_NOTHING_KNOWN: Mapping[Any, Matched] = {}


@dataclass(frozen=True, slots=True, eq=False)
class CompiledVersion:
    """What `compile_version` makes of a version. Safe to share between threads; keep one for each version.

    `rules` are the ready rules by kind, `built_in` those of the engine by what they are about; `day` are the rules that
    are asked of lots without a request. `earn_order` are the earn rules so that each comes after those whose points it
    has to know, and `parts` are the single clauses of what is required. `fixed` are the rules whose word no amount of
    points can change. `tells_all` says that what a request comes to is worked out even where its points deny it,
    because its money may deny it too.
    `breaks` are amounts at which something besides a limit may change as more points are asked for, and `break_paths`
    the facts whose amounts are such too; `lots_see_points` says whether such a change can touch which lots can pay, and
    `limits_see_points` whether it can touch that or what denies besides the money.
    """

    version: PolicyVersion
    zone: ZoneInfo
    figures: Figures
    rules: Mapping[str, tuple[Any, ...]]
    earn_order: tuple[Any, ...]
    built_in: Mapping[str, Any]
    plans: Plans
    scene: Conditions
    lot: Conditions
    parts: Conditions
    event: Conditions
    event_lot: Conditions
    day: LotRules
    fixed: frozenset[str]
    breaks: tuple[int, ...]
    break_paths: tuple[str, ...]
    lots_see_points: bool
    limits_see_points: bool
    tells_all: bool

    @property
    def policy(self) -> Policy:
        """The policy of the version."""
        return self.version.policy


def compile_version(version: PolicyVersion) -> CompiledVersion:
    """The version, ready for `decide` and `earn`. Takes some milliseconds; a decision takes a fraction of one."""
    policy = version.policy
    zone = ZoneInfo(policy.timezone)
    holidays: frozenset[date] = frozenset(version.holidays)
    refunds, events = Workshop(policy, zone, holidays), Workshop(policy, zone, holidays)
    days = Workshop(policy, zone, holidays)
    workshops = dict.fromkeys(EVENT_KINDS, events) | dict.fromkeys(DAY_KINDS, days)
    rules: dict[str, tuple[Any, ...]] = {
        kind: tuple(make(rule, workshops.get(kind, refunds)) for rule in policy.rules_of(kind))
        for kind, make in KINDS.items()
    }
    rules[PAYOUT_LIMITS] = tuple(ready for ready in rules["limit"] if ready.bound.in_money)
    # Until when lots can be used has to be known of events and days too, where no request is looked at.
    expiry = tuple(KINDS["expire"](rule, days) for rule in policy.rules_of("expire"))
    breaks, paths = _breaks(refunds)
    lots_see_points = any(ready.sees_points for kind in _OF_LOTS for ready in rules[kind])
    limits_see_points = any(ready.sees_points for kind in (*_OF_LOTS, *_DENYING) for ready in rules[kind])
    return CompiledVersion(
        version=version,
        zone=zone,
        figures=refunds.figures,
        rules=rules,
        earn_order=tuple(earn.in_order(rules["earn"])),
        built_in={
            "request" if rule is NO_SUCH_AMOUNT else rule.kind: KINDS[rule.kind](rule, refunds) for rule in BUILT_IN
        },
        plans=Plans(rules),
        scene=Conditions(policy, refunds.scene_fields, refunds.scene_formulas),
        lot=Conditions(policy, refunds.lot_fields, refunds.lot_formulas),
        parts=Conditions(policy, refunds.part_fields, refunds.part_formulas),
        event=Conditions(policy, events.scene_fields, events.scene_formulas),
        event_lot=Conditions(policy, events.lot_fields, events.lot_formulas),
        day=LotRules(
            {"expire": expiry} | {kind: rules[kind] for kind in DAY_KINDS},
            Conditions(policy, days.scene_fields, days.scene_formulas),
            Conditions(policy, days.lot_fields, days.lot_formulas),
            smallest_request(policy),
        ),
        fixed=_fixed(rules, lots_see_points=lots_see_points),
        breaks=breaks,
        break_paths=paths,
        lots_see_points=lots_see_points,
        limits_see_points=limits_see_points,
        tells_all=any(rules[kind] for kind in ("price", "fee", "tax", PAYOUT_LIMITS)),
    )


def _fixed(rules: Mapping[str, tuple[Any, ...]], *, lots_see_points: bool) -> frozenset[str]:
    """The rules that deny whatever the amount is: all that is required, papers, closed times, and counts and holdings,
    unless their conditions, or those of a rule that overrides them, look at the points.
    """
    counts = [
        ready for ready in rules["limit"] if ready.bound.counts and not (lots_see_points and ready.bound.gauge.of_lots)
    ]
    denying = (*rules["require"], *rules["paper"], *rules["closed"], *counts)
    # A rule names only rules of its own kind.
    lifted = {name for kind in rules.values() for ready in kind if ready.sees_points for name in ready.rule.overrides}
    return frozenset(ready.id for ready in denying if not ready.sees_points and ready.id not in lifted)


def _breaks(workshop: Workshop) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Where the points asked for may make a difference: the amounts, and the facts that are such amounts."""
    values = workshop.policy.values
    # An amount, and the one after it: "at most 10" changes from 10 to 11, "at least 10" from 9 to 10.
    amounts = set[int]().union(*(point_breaks(value) for value in values.values()))
    paths = set[str]()
    for right in workshop.compared_with_points:
        if isinstance(right, FactRef):
            paths.add(right.path)
        else:
            found = whole_figures(values[right.name]) if isinstance(right, ValueRef) else {right}
            amounts |= found | {amount + 1 for amount in found}
    return tuple(sorted(amounts)), tuple(sorted(paths))
