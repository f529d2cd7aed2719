"""The nearest request that would have passed in place of a denied one: another amount, method, papers or day.

Of the requests that pass, the one with the least to change is told, in this order:
1. the same method, and another amount: the nearest, of two as near the smaller;
2. another method, in the order of the file, for the amount asked for where that passes, else for the nearest;
3. papers of the policy that were not shown, issued on the day of the request: as few as will do;
4. a later day: the first on which anything that the rules look at changes and the request passes, or the first instant
   of it at which no closed time speaks.
A request of a later step may need what the steps before it change as well. Nothing else is changed: what the member is
and holds stays as it is, and nothing new happens until that day. Every request is really decided before it is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct, structs

from engine.calendars import add_span, local_day, month_end, quarter_end, year_end
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.decision import Decision, Remedy
from engine.errors import Conflict, NotInForce
from engine.facts import Case, ShownPaper, papers_data
from engine.hearing import Hearing
from engine.kinds.limit import ReadyLimit
from engine.local_times import local_words
from engine.openings import next_opening
from engine.reading import instant_words
from engine.remedies import Amounts, apply_remedy, changed
from policies.model import FactRef, Per, Rule, Span, ValueRef
from policies.sentences import Teller
from policies.values import figures

MOST_DAYS = 60
"""So many of the days on which something may change are tried, fewer where there are many lots."""

_MOST_LOTS_JUDGED = 20_000
_LEAST_DAYS = 6

_FARTHEST = timedelta(days=366 * 5)
_NOT_OF_REFUNDS = ("earn", "clawback", "dormancy", "notice")


class Nearest(Struct, frozen=True):
    """A request that passes: what differs from the one that was denied, and the decision on it."""

    remedy: Remedy
    decision: Decision


def nearest(compiled: CompiledVersion, case: Case) -> Nearest | None:
    """The nearest request that passes where `case` is denied, None where none was found."""
    for at in _instants(compiled, case):
        for papers in _papers(compiled, case, at):
            moved = changed(compiled.policy, case, {"as_of": at, "request.papers": papers})
            for method in (case.request.method, *_others(compiled, case)):
                asking = changed(compiled.policy, moved, {"request.method": method})
                found = _at_an_amount(compiled, asking)
                if found is not None:
                    return _told(compiled, case, *_with_few_papers(compiled, case, *found))
    return None


def _others(compiled: CompiledVersion, case: Case) -> list[str]:
    return [method for method in compiled.policy.methods if method != case.request.method]


def _barred(compiled: CompiledVersion, case: Case) -> bool:
    """Whether a rule denies that looks at no lot and at no amount. No lot need be judged then."""
    judgement = Hearing(compiled, structs.replace(case, lots=())).judge(1)
    return any(
        spoken.effect == "denies"
        and spoken.ready.id in compiled.fixed
        and not (isinstance(spoken.ready, ReadyLimit) and spoken.ready.bound.gauge.of_lots)
        for spoken in judgement.spoken
    )


def _at_an_amount(compiled: CompiledVersion, case: Case) -> tuple[Case, Decision] | None:
    """The case for the amount asked for, or else for the nearest that passes."""
    try:
        if _barred(compiled, case):
            return None
        hearing = Hearing(compiled, case)
        judgement = hearing.asked()
        if judgement.passes:
            return _passing(compiled, case)
        amounts = Amounts(hearing, judgement)
        remedy = amounts.remedy(amounts.nearest)
        return None if remedy is None else _passing(compiled, apply_remedy(compiled.policy, case, remedy))
    except (Conflict, NotInForce, OverflowError):
        return None


def _passing(compiled: CompiledVersion, case: Case) -> tuple[Case, Decision] | None:
    """The case with the decision on it, None where that is a denial or none can be made."""
    try:
        decision = decide(compiled, case)
    except (Conflict, NotInForce, OverflowError):
        return None
    return None if decision.outcome == "denied" else (case, decision)


def _papers(compiled: CompiledVersion, case: Case, at: datetime) -> Iterator[tuple[ShownPaper, ...]]:
    """The papers that were shown, and then all that any rule asks for."""
    yield case.request.papers
    needed = {name for ready in compiled.rules["paper"] for name in ready.needs}
    if needed:
        on = local_day(at, compiled.zone)
        kept = [shown for shown in case.request.papers if shown.paper not in needed]
        yield (*kept, *(ShownPaper(name, on) for name in compiled.policy.papers if name in needed))


def _with_few_papers(compiled: CompiledVersion, before: Case, case: Case, decision: Decision) -> tuple[Case, Decision]:
    """The same without each paper that it passes without, and with those that were shown in place of new ones."""
    if case.request.papers == before.request.papers:
        return case, decision
    found = case, decision
    for name in reversed(list(compiled.policy.papers)):
        papers = found[0].request.papers
        others = tuple(shown for shown in papers if shown.paper != name)
        own = tuple(shown for shown in before.request.papers if shown.paper == name)
        if any(shown.paper == name for shown in papers):
            found = _passing(compiled, changed(compiled.policy, found[0], {"request.papers": own + others})) or found
    return found


def _instants(compiled: CompiledVersion, case: Case) -> Iterator[datetime]:
    """The instant of the request, and later ones: the same time of each day on which something may change, and where
    that is closed, the first open instant after it.
    """
    yield case.as_of
    today = local_day(case.as_of, compiled.zone)
    yield from _opening(compiled, case)
    most = min(MOST_DAYS, max(_LEAST_DAYS, _MOST_LOTS_JUDGED // max(1, len(case.lots))))
    for day in sorted(day for day in _days(compiled, case) if today < day <= _last(today))[:most]:
        moved = changed(compiled.policy, case, {"request.requested_on": day})
        yield moved.as_of
        yield from _opening(compiled, moved)


def _opening(compiled: CompiledVersion, case: Case) -> Iterator[datetime]:
    scene = Hearing(compiled, case).scene
    if any(ready.closing(case.as_of) is not None for ready in compiled.rules["closed"]):
        at = next_opening(compiled, scene)
        if at is not None:
            yield at


def _last(today: date) -> date:
    return today + min(_FARTHEST, date.max - today)


def _days(compiled: CompiledVersion, case: Case) -> set[date]:
    """The days on which a condition, a value or a window may change, or a lot expire."""
    policy = compiled.policy
    today = local_day(case.as_of, compiled.zone)
    found = {since for value in policy.values.values() for since, _ in value.since if since is not None}
    hearing = Hearing(compiled, case)
    lots = hearing.judge(1).last_days
    found |= {last + timedelta(days=1) for last in lots if last is not None and last < date.max}
    for rule in policy.rules:
        if rule.kind in _NOT_OF_REFUNDS:
            continue
        found |= _days_of_conditions(compiled, hearing, rule, today)
        for per in _windows(rule):
            found |= _days_of_window(compiled, case, per, today)
    return found


def _days_of_conditions(compiled: CompiledVersion, hearing: Hearing, rule: Rule, today: date) -> set[date]:
    """The days, and those after them, that the conditions of a rule compare; and coming days where they ask which day
    of the week or month it is, or how old somebody is.
    """
    policy = compiled.policy
    found: set[date] = set()
    for clause in (clause for condition in rule.conditions() for clause in condition.comparisons()):
        paths = [clause.path] + ([clause.right.path] if isinstance(clause.right, FactRef) else [])
        rights = clause.right if isinstance(clause.right, tuple) else (clause.right,)
        days = {right for right in rights if isinstance(right, date)}
        for path in paths:
            if path in ("request.day_of_month", "request.weekday"):
                ahead = 31 if path == "request.day_of_month" else 7
                found |= {today + timedelta(days=n) for n in range(1, ahead + 1) if (date.max - today).days >= n}
            if path in ("account.age", "account.year_age") and hearing.case.account.born_on is not None:
                born_on = hearing.case.account.born_on
                years = [Span(today.year - born_on.year + n, "years") for n in range(3)]
                birthdays = {add_span(born_on, years_old) for years_old in years if years_old.count > 0}
                found |= birthdays | {day.replace(month=1, day=1) for day in birthdays}
            if policy.facts[path].type == "date":
                read = compiled.figures.fact(path)
                of = hearing.case.lots if path.startswith("lot.") else (None,)
                days |= {day for day in (read(hearing.scene, lot) for lot in of) if day is not None}
        if clause.operator in ("at_least_ago", "under_ago"):
            days = {add_span(day, span) for day in days for span in _spans(compiled, clause.right)}
        found |= days | {day + timedelta(days=1) for day in days if day < date.max}
    return found


def _spans(compiled: CompiledVersion, right: object) -> list[Span]:
    if isinstance(right, ValueRef):
        cells = [cell for _, cell in compiled.policy.values[right.name].since]
        return [figure for cell in cells for figure in figures(cell) if isinstance(figure, Span)]
    return [right] if isinstance(right, Span) else []


def _windows(rule: Rule) -> Iterator[Per]:
    """The windows that a rule looks back on."""
    for part in (getattr(rule, "measure", None), getattr(rule, "free", None)):
        per = getattr(part, "per", None)
        if per is not None:
            yield per


def _days_of_window(compiled: CompiledVersion, case: Case, per: Per, today: date) -> set[date]:
    """The days on which refunds fall out of a window."""
    if per == "ever" or not case.history:
        return set()
    if isinstance(per, Span):
        pasts = [local_day(past.requested_at, compiled.zone) for past in case.history]
        # Hours end on the day to which they count, or on the next.
        span = Span(per.count // 24, "days") if per.unit == "hours" else per
        ends = {add_span(day, span) for day in pasts}
        return ends | {day + timedelta(days=1) for day in ends if day < date.max}
    last = {
        "day": lambda: today,
        "week": lambda: today + timedelta(days=6 - today.weekday()),
        "month": lambda: month_end(today),
        "quarter": lambda: quarter_end(today),
        "year": lambda: year_end(today),
    }[per]()
    return {last + timedelta(days=1)} if last < date.max else set()


def _told(compiled: CompiledVersion, before: Case, case: Case, decision: Decision) -> Nearest:
    """What differs, as data and as a list in words, the amount always told."""
    old, new = before.request, case.request
    data: dict[str, object] = {}
    for name in ("points", "money", "method"):
        value = getattr(new, name)
        if value != getattr(old, name) and value is not None:
            data[f"request.{name}"] = value
    if new.papers != old.papers:
        data["request.papers"] = papers_data(new.papers)
    if case.as_of != before.as_of:
        data["as_of"] = instant_words(case.as_of)
    ko, en = (_words(compiled, language, case, decision, data) for language in ("ko", "en"))
    reviewed = decision.outcome == "needs_review"
    return Nearest(
        Remedy(
            data,
            f"다음과 같이 신청하시면 {'담당자가 확인한 뒤 결정합니다' if reviewed else '승인됩니다'}: {ko}.",
            f"{'A person would look at this request first' if reviewed else 'This request would be approved'}: {en}.",
        ),
        decision,
    )


def _words(compiled: CompiledVersion, language: str, case: Case, decision: Decision, data: dict[str, object]) -> str:
    asked, say = case.request, Teller(compiled.policy, language, case.as_of.date())
    if asked.points == "all":
        # How many those are: by the time of a later day there may be more.
        points = say.cell(decision.points, "points")
        parts = [say.choose(f"전체 포인트({points})", f"all points ({points})")]
    else:
        parts = [say.cell(asked.points, "points") if asked.points is not None else say.money(asked.money)]
    parts.append(say.choose("환급 방법 ", "paid as ") + say.methods([asked.method]))
    if "request.papers" in data:
        names = [shown.paper for shown in asked.papers]
        parts.append(say.choose("서류 ", "with ") + say.papers(names, any_one=False))
    if "as_of" in data:
        local = local_words(case.as_of, compiled.zone)
        parts.append(say.choose(f"신청 시각 {local}", f"asked at {local}"))
    return ", ".join(parts)
