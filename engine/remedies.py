"""What would make a denied request pass: another amount, or facts that would have to be otherwise.

A remedy is only given when the case with it was decided, and what it is for no longer denies, nor anything new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from engine.amounts import largest, smallest
from engine.bounds import ANY, Allowed
from engine.calendars import add_span, local_day
from engine.cases import NEVER_NEGATIVE
from engine.compiled import CompiledVersion
from engine.decision import Remedy
from engine.errors import NotInForce
from engine.facts import Case, ShownPaper, papers_data
from engine.hearing import Hearing
from engine.judgement import Judgement, Spoken
from engine.kinds.limit import ReadyLimit
from engine.kinds.paper import ReadyPaper
from engine.kinds.require import ReadyRequire
from engine.local_times import local_words
from engine.openings import next_opening
from engine.reading import MOST, instant, instant_words
from engine.ready import Ready
from engine.scene import Scene
from engine.sentences import figure_data
from policies.model import Comparison, FactRef, Operator, Policy, Scalar, Span, ValueRef
from policies.sentences import Teller

Change = dict[str, Scalar]
"""Facts by path, as they would have to be."""

Changed = Mapping[str, Scalar | datetime | tuple[ShownPaper, ...]]
"""The same with the papers of the request, and its instant under `as_of`."""

_POINTS = "request.points"
_MONEY = "request.money"
_OTHER_AMOUNT = {_POINTS: "money", _MONEY: "points"}
_DAY = "request.requested_on"
_PAPERS = "request.papers"
_AT = "as_of"
_AGES = ("account.age", "account.year_age")


def remedies(hearing: Hearing, judgement: Judgement) -> list[Remedy | None]:
    """For each thing that was said of a denied request, what would lift it, None where nothing does."""
    if not judgement.denied:
        return [None] * len(judgement.spoken)
    amounts, papers = Amounts(hearing, judgement), _Papers(hearing, judgement)
    return [_remedy(hearing, judgement, spoken, amounts, papers) for spoken in judgement.spoken]


def apply_remedy(policy: Policy, case: Case, remedy: Remedy) -> Case:
    """The case as it would be with the facts of a remedy."""
    change: dict[str, Any] = {}
    for path, value in remedy.set.items():
        if path == _AT:
            change[path] = instant(value)
            continue
        if path == _PAPERS:
            change[path] = tuple(ShownPaper(each["paper"], _day(each["issued_on"])) for each in value)
            continue
        is_day = path != _MONEY and policy.facts[path].type == "date" and value is not None
        change[path] = date.fromisoformat(value) if is_day else value
    return changed(policy, case, change)


def changed(policy: Policy, case: Case, change: Changed) -> Case:
    """The case with other facts. On another day the request comes at the same time of that day."""
    for path, value in change.items():
        scope, _, name = path.partition(".")
        if path == _AT:
            assert isinstance(value, datetime), f"{value!r} is not an instant"
            case = structs.replace(case, as_of=value)
            continue
        if path == _DAY:
            assert isinstance(value, date), f"{value!r} is not a day"
            case = structs.replace(case, as_of=_at_the_same_time(case.as_of, value, ZoneInfo(policy.timezone)))
            continue
        record = getattr(case, scope)
        own: dict[str, Any] = {name: value}
        if path in policy.declared:
            own = {"declared": {**record.declared, name: value}}
        if path in _OTHER_AMOUNT:
            own |= {_OTHER_AMOUNT[path]: None}
        case = structs.replace(case, **{scope: structs.replace(record, **own)})
    return case


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _at_the_same_time(at: datetime, day: date, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    moved = datetime.combine(day, local.time(), zone).astimezone(UTC)
    # Where the clocks skip that time, the day's first instant is after it.
    return moved if local_day(moved, zone) == day else datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


class Amounts:
    """The nearest amounts that pass, searched for only when a reason asks for one."""

    def __init__(self, hearing: Hearing, judgement: Judgement) -> None:
        self._hearing = hearing
        self._found: dict[str, int | None] = {}
        self._points = judgement.points
        # Where no points come to the money that was asked for, only money can be nearer to it or farther.
        self._money = hearing.money_asked if not judgement.asked and hearing.case.request.points is None else None
        # What was said of the amount asked for holds of the amounts beside it, where it was asked for in points. One
        # of which two rules contradict each other says nothing of them.
        self._near = judgement if judgement.asked and judgement.conflict is None else None
        # Nothing above what is available passes.
        self._most = hearing.most if hearing.compiled.lots_see_points else judgement.available
        # Nothing to search for: all points were asked for already, or another amount cannot help.
        self._hopeless = hearing.case.request.points == "all" or not hearing.compiled.fixed.isdisjoint(
            [spoken.ready.id for spoken in judgement.spoken if spoken.effect == "denies"]
        )

    def _remembered(self, name: str, search: Callable[[], int | None]) -> int | None:
        # functools.cached_property would search again each time: a class that was compiled has nowhere to keep it.
        if name not in self._found:
            self._found[name] = search()
        return self._found[name]

    @property
    def below(self) -> int | None:
        """The largest amount that passes and is not above the one asked for."""
        return self._remembered("below", self._find_below)

    def _find_below(self) -> int | None:
        if self._hopeless:
            return None
        hearing = self._hearing
        if self._money is not None:
            return largest(hearing.judge, hearing.breaks(), 1, self._most, Allowed(1, self._money - 1))
        most = min(self._points - 1, self._most)
        steady = not hearing.compiled.limits_see_points
        return largest(hearing.judge, hearing.breaks(), 1, most, near=self._near, steady=steady)

    @property
    def above(self) -> int | None:
        """The smallest amount that passes and is not below the one asked for."""
        return self._remembered("above", self._find_above)

    def _find_above(self) -> int | None:
        if self._money is None:
            return self._above(MOST)
        if self._hopeless:
            return None
        hearing = self._hearing
        more = Allowed(self._money + 1, ANY)
        return smallest(hearing.judge, hearing.breaks(), 1, min(self._most, MOST), more)

    def _above(self, most: int) -> int | None:
        """The smallest amount of points above the one asked for, up to `most`, that passes."""
        if self._hopeless:
            return None
        hearing = self._hearing
        least, most = self._points + 1, min(self._most, most)
        steady = not hearing.compiled.limits_see_points
        return smallest(hearing.judge, hearing.breaks(), least, most, near=self._near, steady=steady)

    @property
    def nearest(self) -> int | None:
        """The one of both that is nearer to the amount asked for; of two as near, the smaller."""
        return self._remembered("nearest", self._find_nearest)

    def _find_nearest(self) -> int | None:
        below = self.below
        if below is None:
            return self.above
        if self._money is None:
            # What is no nearer need not be found.
            above = self._above(2 * self._points - below - 1)
            return below if above is None else above
        return min((amount for amount in (below, self.above) if amount is not None), key=self._distance)

    def _distance(self, amount: int) -> int:
        assert self._money is not None, "points are as far apart as they are"
        return abs(self._hearing.judge(amount).gross - self._money)

    def remedy(self, points: int | None) -> Remedy | None:
        """The remedy of asking for so many points, or, where money was asked for, for what they come to."""
        if points is None:
            return None
        hearing = self._hearing
        if hearing.case.request.money is not None:
            money = hearing.judge(points).gross
            found = hearing.points_for(money)
            if found is not None and hearing.judge(found).passes:
                return Remedy({_MONEY: money}, f"신청할 수 있는 금액: {money:,}.", f"Ask for {money:,}.")
        return Remedy({_POINTS: points}, f"신청할 수 있는 포인트: {points:,}.", f"Ask for {points:,} points.")


class _Papers:
    """The papers with which every rule that asks for some is content, found only when a reason asks for them."""

    def __init__(self, hearing: Hearing, judgement: Judgement) -> None:
        self._hearing = hearing
        self._judgement = judgement
        self._found: tuple[Remedy | None] | None = None

    @property
    def remedy(self) -> Remedy | None:
        """The papers that are shown already, with those that are missing, issued on the day of the request."""
        if self._found is None:
            self._found = (self._find(),)
        return self._found[0]

    def _find(self) -> Remedy | None:
        scene = self._judgement.scene
        broken = [spoken.ready for spoken in self._judgement.spoken if isinstance(spoken.ready, ReadyPaper)]
        added: dict[str, None] = {}
        told = []
        places = {name: place for place, name in enumerate(self._hearing.compiled.policy.papers)}
        # Where one of several papers will do, it may be among those that are needed anyway. Otherwise they stand as the
        # file declares them, in whatever order its rules ask for them.
        for ready in sorted(broken, key=lambda each: (each.any_one, [places[name] for name in each.needs], each.id)):
            missing, within = ready.missing(scene)
            if not ready.any_one or added.keys().isdisjoint(missing):
                added |= dict.fromkeys(missing[:1] if ready.any_one else missing)
                told.append((ready, missing, within))
        kept = [shown for shown in self._hearing.case.request.papers if shown.paper not in added]
        papers = (*kept, *(ShownPaper(name, scene.day) for name in added))
        if not _helps(self._hearing, self._judgement, broken, {_PAPERS: papers}):
            return None
        policy = self._hearing.compiled.policy
        ko, en = (
            "; ".join(_needed(Teller(policy, language, scene.day), *each) for each in told) for language in ("ko", "en")
        )
        return Remedy({_PAPERS: papers_data(papers)}, f"필요한 서류: {ko}.", f"Needed: {en}.")


def _needed(say: Teller, ready: ReadyPaper, missing: tuple[str, ...], within: Span | None) -> str:
    """The papers that one rule asks for."""
    papers = say.papers(missing, any_one=ready.any_one)
    if within is None:
        return papers
    return papers + say.choose(f"(발급 후 {say.figure(within)} 이내)", f", issued within {say.figure(within)}")


def _remedy(hearing: Hearing, judgement: Judgement, spoken: Spoken, amounts: Amounts, papers: _Papers) -> Remedy | None:
    ready = spoken.ready
    if spoken.effect != "denies":
        return None
    if isinstance(ready, ReadyRequire):
        return _other_facts(hearing, judgement, ready, amounts)
    if isinstance(ready, ReadyPaper):
        return papers.remedy
    if ready.rule.kind == "closed":
        return _other_time(hearing, judgement, ready)
    if isinstance(ready, ReadyLimit):
        if ready.bound.counts:
            return None
        if ready.bound.sense == "multiple_of" or ready.bound.or_all:
            return amounts.remedy(amounts.nearest)
        too_little = (ready.bound.sense == "at_least") == (ready.bound.gauge.slope > 0)
        return amounts.remedy(amounts.above if too_little else amounts.below)
    if ready.rule.kind == "price":
        return amounts.remedy(amounts.nearest)
    if ready.rule.kind in ("fee", "tax"):
        return amounts.remedy(amounts.above or amounts.below)
    return amounts.remedy(amounts.below)


def _other_time(hearing: Hearing, judgement: Judgement, ready: Ready) -> Remedy | None:
    """The first time at which it is open again."""
    at = next_opening(hearing.compiled, judgement.scene)
    if at is None or not _helps(hearing, judgement, (ready,), {_AT: at}):
        return None
    local = local_words(at, hearing.compiled.zone)
    return Remedy({_AT: instant_words(at)}, f"다시 신청할 수 있는 때: {local}.", f"Ask again from {local} on.")


def _other_facts(hearing: Hearing, judgement: Judgement, ready: ReadyRequire, amounts: Amounts) -> Remedy | None:
    compiled = hearing.compiled
    failing = _failing(compiled, judgement.scene, ready)
    if any(_names_points(clause) for option in failing for clause in option):
        return amounts.remedy(amounts.below or amounts.above)
    changes = [(_change(option, compiled, judgement.scene), option) for option in failing]
    for change, option in sorted(changes, key=lambda each: len(each[0] or ())):
        if change and _helps(hearing, judgement, (ready,), change):
            return _told(ready, change, option)
    return None


def _names_points(clause: Comparison) -> bool:
    return clause.path == _POINTS or (isinstance(clause.right, FactRef) and clause.right.path == _POINTS)


def _failing(compiled: CompiledVersion, scene: Scene, ready: ReadyRequire) -> list[list[Comparison]]:
    """The clauses that do not hold: those that all must, with those of each branch that would do in turn."""
    that = ready.condition
    holding = compiled.parts.of_scene(scene)
    needed = [clause for n, clause in enumerate(that.all_of) if f"{ready.id}/{n}" not in holding]
    branches = [
        [clause for n, clause in enumerate(branch) if f"{ready.id}/{b}/{n}" not in holding]
        for b, branch in enumerate(that.any_of)
    ]
    if not branches or [] in branches:
        return [needed]
    return [needed + branch for branch in branches]


def _change(clauses: Iterable[Comparison], compiled: CompiledVersion, scene: Scene) -> Change | None:
    """The smallest change of facts that makes every clause hold, None when there is none that a member can make."""
    change: Change = {}
    for clause in clauses:
        found = _change_for(clause, compiled, scene)
        if found is None:
            return None
        path, value = found
        before = change.get(path)
        if isinstance(before, date) and isinstance(value, date):
            value = max(before, value)
        change[path] = value
    return change


def _change_for(clause: Comparison, compiled: CompiledVersion, scene: Scene) -> tuple[str, Scalar] | None:
    fact = compiled.policy.facts[clause.path]
    right: Any = clause.right
    if isinstance(right, FactRef | ValueRef):
        right = compiled.figures.amount(right).read(scene, None)
    if clause.operator == "at_least_ago":
        day = compiled.figures.fact(clause.path)(scene, None)
        assert isinstance(right, Span), f"{right!r} is not a span"
        return None if day is None or clause.path == _DAY else (_DAY, add_span(day, right))
    if fact.path in _AGES:
        day = _birthday(clause, right, compiled, scene)
        return None if day is None else (_DAY, day)
    if fact.derived and clause.path not in (_DAY, _POINTS):
        return None
    if fact.type == "date":
        day = _later_day(clause.operator, right, scene.day) if clause.path == _DAY else None
        return None if day is None else (_DAY, day)
    value = _value_for(clause.operator, right, fact.choices or ((True, False) if fact.type == "flag" else ()))
    if value is None or (clause.path in NEVER_NEGATIVE and isinstance(value, int) and value < 0):
        return None
    return clause.path, value


def _birthday(clause: Comparison, right: Any, compiled: CompiledVersion, scene: Scene) -> date | None:
    """The first day on which the member is so old. Nobody grows younger, and of an unknown birthday nothing is told."""
    born_on = scene.account.born_on
    if born_on is None:
        return None
    age: int = compiled.figures.fact(clause.path)(scene, None)
    old_enough = _age_for(clause.operator, right, age)
    if old_enough is None or born_on.year + old_enough > date.max.year:
        return None
    reached = add_span(born_on, Span(old_enough, "years"))
    return reached if clause.path == "account.age" else reached.replace(month=1, day=1)


def _age_for(operator: str, right: Any, age: int) -> int | None:
    """The first age after `age` that suits."""
    if operator == "in":
        return min((each for each in right if each > age), default=None)
    if operator in ("is_not", "not_in"):
        refused = frozenset(right if operator == "not_in" else (right,))
        return next(each for each in range(age + 1, age + len(refused) + 2) if each not in refused)
    if operator not in ("is", "at_least", "over"):
        return None
    least: int = right + (operator == "over")
    return least if least > age else None


def _later_day(operator: str, right: Any, today: date) -> date | None:
    """The first day after today that suits. What only held in the past cannot be made to hold."""
    if operator == "in":
        return min((day for day in right if day > today), default=None)
    if operator in ("is_not", "not_in"):
        refused = frozenset(right if operator == "not_in" else (right,))
        # Among one more day than are refused, one is not.
        later = (_days_after(today, number) for number in range(1, len(refused) + 2))
        return next((day for day in later if day is not None and day not in refused), None)
    if right is None or operator not in ("is", "at_least", "over"):
        return None
    day = _days_after(right, 1) if operator == "over" else right
    return day if day is not None and day > today else None


def _days_after(day: date, days: int) -> date | None:
    """The day so many days later, None after the last day of the calendar."""
    return day + timedelta(days=days) if (date.max - day).days >= days else None


def _value_for(operator: str, right: Any, members: tuple[Any, ...]) -> Scalar:
    """The value nearest to failing that suits an operator; None where that would be a guess."""
    if operator in ("is", "at_most", "at_least"):
        return right  # type: ignore[no-any-return]
    if operator in ("under", "over"):
        return right - 1 if operator == "under" else right + 1  # type: ignore[no-any-return]
    if operator == "in":
        return right[0]  # type: ignore[no-any-return]
    if operator in ("is_not", "not_in"):
        refused = frozenset(right if operator == "not_in" else (right,))
        left = [member for member in members if member not in refused]
        return left[0] if len(left) == 1 else None
    return None


def _helps(hearing: Hearing, judgement: Judgement, broken: Collection[Ready], change: Changed) -> bool:
    """Whether the rules are content with the change and nothing else begins to deny."""
    before = {spoken.ready.id for spoken in judgement.spoken if spoken.effect == "denies"}
    try:
        case = changed(hearing.compiled.policy, hearing.case, change)
        after = hearing.with_facts(case).asked()
    except (NotInForce, OverflowError):
        return False
    denies = {spoken.ready.id for spoken in after.spoken if spoken.effect == "denies"}
    return after.conflict is None and denies <= before - {ready.id for ready in broken}


def _told(ready: ReadyRequire, change: Change, option: Iterable[Comparison]) -> Remedy:
    # A bound is told as a bound: what is owed may be at most so much, and need not be it.
    operators = {clause.path: _AS_BOUND.get(clause.operator, "is") for clause in option}
    ko, en = [], []
    for path, value in change.items():
        if path == _DAY:
            ko.append(f"다시 신청할 수 있는 날: {value}")
            en.append(f"Ask again on {value}")
            continue
        words = ready.told(Comparison(path, operators[path], value))
        ko.append(f"필요한 조건: {words.ko}")
        en.append(f"Needed: {words.en}")
    data = {path: figure_data(value) for path, value in change.items()}
    return Remedy(data, f"{'; '.join(ko)}.", f"{'; '.join(en)}.")


_AS_BOUND: dict[Operator, Operator] = {
    "at_most": "at_most",
    "under": "at_most",
    "at_least": "at_least",
    "over": "at_least",
}
