"""What happens to an account on a day by itself: points that expired, charges of dormancy, and notices that are due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from engine.compiled import CompiledVersion
from engine.decision import ENGINE, Reason
from engine.errors import Conflict, NotInForce
from engine.facts import DayCase
from engine.judgement import MOST_LOTS_IN_TRACE
from engine.kinds.dormancy import ReadyDormancy, charge, due, first_charge, idle_since
from engine.kinds.notice import ReadyNotice, spans_due
from engine.lot_days import LotDays, Purse, lot_days, purse
from engine.ready import Ready
from engine.scene import Scene
from engine.sentences import figure_data
from engine.taken import Taken, told_reason
from engine.windows import begins
from policies.model import Span


@dataclass(frozen=True, slots=True)
class Expired:
    """A lot whose last usable day was yesterday, with the points that were left in it, and what is said of it."""

    lot: str
    points: int
    last_usable_on: str
    rule: str
    terms: str
    ko: str
    en: str

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that is due: `before` the last usable day of the lots, or before the day on which they are charged for
    dormancy. Just one of the two days is there.
    """

    rule: str
    terms: str
    before: str
    last_usable_on: str | None
    charged_on: str | None
    points: int
    lots: tuple[str, ...]
    ko: str
    en: str

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"lots": list(self.lots)}


@dataclass(frozen=True, slots=True)
class Daily:
    """What a day comes to for one account, on which text.

    `expired` are the lots that can be used no longer as of this day, in the order of their ids. `charged` is what
    dormancy takes of the lots that can, and `reasons` what is said of it; `notices` tell of what is left after that.
    """

    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    day: str
    expired: tuple[Expired, ...]
    charged: tuple[Taken, ...]
    notices: tuple[Told, ...]
    reasons: tuple[Reason, ...]
    trace: Sequence[Mapping[str, Any]]

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        own = {name: getattr(self, name) for name in self.__dataclass_fields__}
        lists = {name: [each.to_data() for each in own[name]] for name in ("expired", "charged", "notices", "reasons")}
        return own | lists | {"trace": [dict(line) for line in self.trace]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Daily:
        """From plain data."""
        lists = {
            "expired": tuple(Expired(**each) for each in data["expired"]),
            "charged": tuple(Taken(**each) for each in data["charged"]),
            "notices": tuple(Told(**{**each, "lots": tuple(each["lots"])}) for each in data["notices"]),
            "reasons": tuple(Reason.from_data(each) for each in data["reasons"]),
            "trace": [dict(line) for line in data["trace"]],
        }
        found = cls(**{**data, **lists})
        assert_daily_laws(found)
        return found


def assert_daily_laws(found: Daily) -> None:
    """What holds of every day."""
    lapsed = [each.lot for each in found.expired]
    assert len(set(lapsed)) == len(lapsed), "a lot expires twice"
    paying = [each.lot for each in found.charged]
    assert len(set(paying)) == len(paying), "a lot is charged twice"
    assert not set(lapsed) & set(paying), "a lot is charged that has expired"
    lines: list[Expired | Taken | Told] = [*found.expired, *found.charged, *found.notices]
    assert all(line.points > 0 for line in lines), "a line is of no points"
    told = sum(reason.figures["charged"] for reason in found.reasons)
    assert told == sum(each.points for each in found.charged), "what is told is not what is charged"
    assert all((each.last_usable_on is None) != (each.charged_on is None) for each in found.notices), "told of no day"


def daily(compiled: CompiledVersion, case: DayCase) -> Daily:
    """What the rules say of an account on one local day. It has to be asked of every day, once, in their order.

    Raises NotInForce for a day before the policy starts, and Conflict when two rules contradict each other.
    """
    policy = compiled.policy
    if case.day < policy.starts:
        raise NotInForce(policy.id, policy.starts, case.day)
    scene = Scene(case.account, case.day, begins(case.day, compiled.zone))
    days = lot_days(compiled, scene, case.lots)
    held = purse(days)
    charges = _charges(compiled, scene, days, held)
    notices = _notices(compiled, scene, days, held)
    found = Daily(
        policy=policy.id,
        version=compiled.version.number,
        digest=compiled.version.digest,
        engine=ENGINE,
        account=case.account.id,
        day=case.day.isoformat(),
        expired=tuple(_ended(scene, days, lambda last_day: last_day == case.day - timedelta(days=1))),
        charged=tuple(
            Taken(each.ready.id, case.lots[position].id, points)
            for each in charges
            for position, points in each.taken.items()
        ),
        notices=tuple(notices),
        reasons=tuple(each.reason(scene) for each in charges if each.points),
        trace=_trace(compiled, days, charges, notices),
    )
    assert_daily_laws(found)
    return found


def _ended(scene: Scene, days: LotDays, which: Callable[[date], bool]) -> list[Expired]:
    """What is said of the lots with points whose last usable day is one of `which`."""
    found = []
    for lot, last_day, ready in zip(days.lots, days.last_days, days.expiries, strict=True):
        if lot.left and last_day is not None and which(last_day):
            assert ready.sentence is not None, f"{ready.id} takes something and gives no reason"
            own = {"points": lot.left, "acquired_on": lot.acquired_on, "last_day": last_day}
            text = ready.sentence.told(ready.reason_figures(scene, own, lot))
            found.append(Expired(lot.id, lot.left, last_day.isoformat(), ready.id, ready.rule.terms, text.ko, text.en))
    return found


def lapsed(compiled: CompiledVersion, case: DayCase) -> tuple[Expired, ...]:
    """The lots that still have points although they can be used no longer as of the day, in the order of their ids:
    those of `daily`, and others whose last usable day lies further back, such as points that were granted late.

    Raises Conflict when two rules say until when a lot lasts.
    """
    scene = Scene(case.account, case.day, begins(case.day, compiled.zone))
    days = lot_days(compiled, scene, case.lots)
    return tuple(_ended(scene, days, lambda last_day: last_day < case.day))


@dataclass(frozen=True, slots=True)
class _Charge:
    """What one dormancy rule takes on a day, of the `base` that its lots hold together."""

    ready: ReadyDormancy
    base: int
    taken: dict[int, int]

    @property
    def points(self) -> int:
        """The points taken."""
        return sum(self.taken.values())

    @property
    def own(self) -> dict[str, Any]:
        """The figures of the rule."""
        return {"charged": self.points, "base": self.base}

    def reason(self, scene: Scene) -> Reason:
        """What is said of it."""
        return told_reason(self.ready, scene, "charges", self.own | {"idle_since": idle_since(scene.account)})


def _charges(compiled: CompiledVersion, scene: Scene, days: LotDays, held: Purse) -> list[_Charge]:
    """What each dormancy rule that is due takes, in the order of the file."""
    found = []
    payer: dict[int, str] = {}
    for ready in compiled.rules["dormancy"]:
        what = due(ready, scene)
        lots = _lots_of(ready, "dormancy", days, held) if what else []
        for position in lots:
            if position in payer:
                raise Conflict("dormancy", (payer[position], ready.id), days.lots[position].id)
            payer[position] = ready.id
        base = sum(held.left[position] for position in lots)
        points = base if what == "everything" else charge(ready, scene, base) if base else 0
        if what:
            found.append(_Charge(ready, base, held.take(points, held.ordered(lots, ready.ranks))))
    return found


def _lots_of(ready: Ready, kind: str, days: LotDays, held: Purse) -> list[int]:
    """The positions of the lots with points for which a rule has its say."""
    return [
        position for position in range(len(days.lots)) if held.left[position] and ready in days.speaking(kind, position)
    ]


def _notices(compiled: CompiledVersion, scene: Scene, days: LotDays, held: Purse) -> list[Told]:
    """The notices that are due, in the order of the rules, the sooner day first."""
    found = []
    for ready in compiled.rules["notice"]:
        groups: dict[date, list[int]] = {}
        for position in _lots_of(ready, "notice", days, held):
            for day in _days_told(ready, scene, days, position):
                groups.setdefault(day, []).append(position)
        for day, positions in sorted(groups.items()):
            points = sum(held.left[position] for position in positions)
            if points >= ready.at_least.read(scene, None):
                lots = tuple(days.lots[position].id for position in positions)
                found += [_told(ready, scene, day, span, points, lots) for span in spans_due(ready, scene, day)]
    return found


def _days_told(ready: ReadyNotice, scene: Scene, days: LotDays, position: int) -> list[date]:
    """The days that a notice on this lot tells of: the day on which it ends, or those of the first charges on it that
    are still to come and that it lives to see.
    """
    last_day = days.last_days[position]
    if ready.of == "expiry":
        return [] if last_day is None else [last_day]
    rules: list[ReadyDormancy] = days.speaking("dormancy", position)
    first = {first_charge(each, scene) for each in rules}
    return [day for day in first if day > scene.day and (last_day is None or day <= last_day)]


def _told(ready: ReadyNotice, scene: Scene, day: date, span: Span, points: int, lots: tuple[str, ...]) -> Told:
    expiry = ready.of == "expiry"
    figures: dict[str, Any] = {"points": points, "before": span, "last_day" if expiry else "charged_on": day}
    assert ready.sentence is not None, f"{ready.id} is a notice without a message"
    text = ready.sentence.told(ready.reason_figures(scene, figures))
    return Told(
        rule=ready.id,
        terms=ready.rule.terms,
        before=str(figure_data(span)),
        last_usable_on=day.isoformat() if expiry else None,
        charged_on=None if expiry else day.isoformat(),
        points=points,
        lots=lots,
        ko=text.ko,
        en=text.en,
    )


def _trace(
    compiled: CompiledVersion, days: LotDays, charges: list[_Charge], notices: list[Told]
) -> list[dict[str, Any]]:
    """Of each dormancy and notice rule the lots to which it applies, and what it came to on this day."""
    figures: dict[str, dict[str, int]] = {each.ready.id: each.own for each in charges}
    for told in notices:
        figures.setdefault(told.rule, {"notices": 0})["notices"] += 1
    lines = []
    for kind in ("dormancy", "notice"):
        for ready in compiled.rules[kind]:
            lots = [lot.id for n, lot in enumerate(days.lots) if ready in days.speaking(kind, n)]
            line: dict[str, Any] = {"rule": ready.id, "applies": bool(lots), "lots": lots[:MOST_LOTS_IN_TRACE]}
            line["lot_count"] = len(lots)
            lines.append(line | ({"figures": figures[ready.id]} if ready.id in figures else {}))
    return lines
