"""The figures behind the rules of an explanation: the dated values that applied, and what stands in a rule itself, such
as its spans, the bounds of its fee, and how long points last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from engine.facts import Lot
from engine.kinds.expire import ReadyExpire
from policies.kinds.expire import Expire
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.kinds.pay import Pay
from policies.kinds.require import Require
from policies.kinds.review import Review
from policies.model import Comparison, Condition, DayOfYear, FactRef, Measure, Policy, Rule, Span, Text, Value, ValueRef
from policies.readers import SPAN, read_span
from policies.sentences import Teller, figure_text, span_text, word_text
from service import explanation_words as words
from service.explanation_told import (
    IDENTITY,
    LANGUAGES,
    Said,
    Told,
    capital,
    fact_text,
    filled,
    money_text,
    of_article,
    points_text,
    said,
)

_MOST_FIGURES_OF_LOTS = 5
_OPPOSITE = {"under": "at_least", "at_most": "over", "at_least": "under", "over": "at_most"}


def figure(name: str, value: Any, policy: Policy) -> Said:
    """A figure of a rule, by its name in words: a common one, a fact as the rule file calls it, or a dated value."""
    fact = policy.facts.get(name)
    label = words.FIGURES.get(name) or (Text(fact.ko, capital(fact.en)) if fact else Text(name, name))
    if name in policy.values:
        label = words.VALUE
    span = SPAN.fullmatch(value) if isinstance(value, str) else None

    def shown(language: str) -> str:
        if isinstance(value, list):
            named = [policy.papers.get(each, Text(each, each)) for each in value]
            return ", ".join(each.in_language(language) for each in named)
        if fact is not None and isinstance(value, str):
            return word_text(policy, fact, value, language)
        if value == "all":
            return words.ALL_POINTS.in_language(language)
        return figure_text(value if span is None else read_span(value, least=0), language)

    told = said(words.LABELLED, label=label, value=Text(*(shown(language) for language in LANGUAGES)))
    return {"name": name, "value": value, **told}


def values_of(rule: Rule, told: Told, lots: Sequence[Lot]) -> Iterator[Said]:
    """The dated values by which a rule spoke: which figure applied, and from when to when."""
    scene = told.scene()
    found: set[tuple[str, int, str]] = set()
    clauses = [clause for condition in rule.conditions() for clause in condition.comparisons()]
    of_facts = {clause.right.name: clause for clause in clauses if isinstance(clause.right, ValueRef)}
    for name in _telling_values(rule):
        value, amount = told.policy.values[name], told.compiled.figures.amount(ValueRef(name))
        by_lot = amount.of_lot or value.dated_by.startswith("lot.")
        read_on = told.compiled.figures.fact(value.dated_by)
        of_value = 0
        for lot in lots if by_lot else (None,):
            on, shown = read_on(scene, lot), amount.read(scene, lot)
            number = _number(value, on)
            key = (name, number, str(shown))
            if key not in found and of_value < _MOST_FIGURES_OF_LOTS:
                of_value += 1
                found.add(key)
                by = _needed(rule, of_facts.get(name))
                yield _value(value, number, on, shown, by, _own(by, lots, told), told.policy)


def _needed(rule: Rule, clause: Comparison | None) -> Comparison | None:
    """What a clause with a value asks for: what speaks where it holds asks for the opposite."""
    if clause is None or (isinstance(rule, Require) and clause in rule.that.comparisons()):
        return clause
    if rule.kind != "exclude" or clause.operator not in _OPPOSITE:
        return clause
    return Comparison(clause.path, _OPPOSITE[clause.operator], clause.right)  # type: ignore[arg-type]


def _own(by: Comparison | None, lots: Sequence[Lot], told: Told) -> Text:
    """What the lots are that a value of them is compared with."""
    if by is None or by.path != "lot.identity_level":
        return Text("", "")
    levels = ", ".join(str(each) for each in sorted({lot.identity_level for lot in lots}))
    return filled(words.OWN_LEVEL, levels=levels)


def _telling_values(rule: Rule) -> tuple[str, ...]:
    """The values that decide what a rule does. Those of its exceptions did not, where it spoke; nor does the time for
    which points are held say when they are paid.
    """
    exceptions = {
        clause.right
        for condition in rule.unless
        for clause in condition.comparisons()
        if isinstance(clause.right, ValueRef)
    }
    of_effect = {each for each in rule.amounts() if isinstance(each, ValueRef)}
    others = {
        clause.right
        for condition in rule.conditions()
        if condition not in rule.unless
        for clause in condition.comparisons()
        if isinstance(clause.right, ValueRef)
    }
    left_out = {each.name for each in exceptions - of_effect - others}
    if isinstance(rule, Pay) and isinstance(rule.held_for, ValueRef):
        left_out.add(rule.held_for.name)
    return tuple(name for name in rule.value_names() if name not in left_out)


def _number(value: Value, on: date | None) -> int:
    """Which of a value's figures holds on a day, from 0; a day that is missing is before every other."""
    return max((n for n, (first, _) in enumerate(value.since) if (first or date.min) <= (on or date.min)), default=0)


def _value(
    value: Value, number: int, on: date | None, shown: Any, by: Comparison | None, own: Text, policy: Policy
) -> Said:
    since = value.since[number][0]
    until = value.since[number + 1][0] if number + 1 < len(value.since) else None
    cell = Text(*(Teller(policy, language, on or date.min).cell(shown, value.unit) for language in LANGUAGES))
    if by is not None and isinstance(shown, int):
        # A bare number says nothing without what is compared with it.
        cell = _bounded(policy, by.path, by.operator, shown)
    period = _period(value, on, since, until, policy)
    article = of_article(value.terms) if value.terms else Text("", "")
    because = Text(
        *(", ".join(each.in_language(language) for each in (own, period, article) if each.ko) for language in LANGUAGES)
    )
    because = Text(f"({because.ko})", f" ({because.en})") if because.ko else because
    return {
        "value": value.name,
        "terms": value.terms,
        "about": value.about,
        "figure": str(shown) if not isinstance(shown, int) else shown,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        **said(words.FIGURE, figure=cell, because=because),
    }


def _bounded(policy: Policy, path: str, operator: str, bound: int) -> Text:
    """A fact with its bound: 'identity level 2 or higher', '본인확인 2단계 이상'."""
    fact = policy.facts[path]
    amount = fact_text(policy, fact, bound)
    if path in IDENTITY:
        level = filled(words.LEVELS.get(operator, words.PLAIN), amount=amount)
        return filled(words.EARNED_AT, level=level) if path.startswith("lot.") else level
    told = filled(words.BOUNDS.get(operator, words.PLAIN), amount=amount)
    return Text(f"{fact.ko} {told.ko}", f"{fact.en.removeprefix('the ')}: {told.en}")


def _period(value: Value, on: date | None, since: date | None, until: date | None, policy: Policy) -> Text:
    """The days on which a figure holds, and of what they are the days where it is not the request."""
    last = until - timedelta(days=1) if until else None
    if since and last:
        period = filled(words.FROM_TO, since=since, until=last)
    elif since or last:
        period = filled(words.SINCE, since=since) if since else filled(words.UNTIL, until=last)
    else:
        return Text("", "")
    if on is None:
        period = words.WITHOUT_DAY
    if value.dated_by == "request.requested_on":
        return period
    if value.dated_by == "lot.acquired_on":
        return filled(words.OF_LOTS, period=period)
    fact = policy.facts[value.dated_by]
    return filled(words.BY_FACT, fact=Text(fact.ko, fact.en), period=period)


def criteria(rule: Rule, policy: Policy, told: Mapping[str, str]) -> Iterator[Said]:
    """The figures that stand in a rule itself, as far as its sentence `told` does not name them."""
    for found in (*_spans(rule, policy), *_amounts(rule, policy), *_of_kind(rule, policy)):
        numbers = re.findall(r"\d[\d,]*", found.ko)
        if not all(re.search(rf"(?<![\d,]){number}(?![\d,])", told["ko"]) for number in numbers):
            yield said(words.FIGURE, figure=found, because=Text("", ""))


def _spans(rule: Rule, policy: Policy) -> Iterator[Text]:
    """The spans that its conditions compare."""
    that = (rule.that,) if isinstance(rule, Require) else ()
    for role, conditions in (("that", that), ("when", (rule.when,)), ("unless", rule.unless)):
        for condition in conditions:
            for clause in _alone(condition) if role != "when" else condition.comparisons():
                if not isinstance(clause.right, Span):
                    continue
                fact = policy.facts[clause.path]
                if clause.path == "account.born_on" and clause.right.unit == "years":
                    yield filled(words.AGES[role, clause.operator], years=clause.right.count)
                    continue
                yield filled(
                    words.SPANS[role, clause.operator],
                    fact=Text(fact.ko, fact.en),
                    span=Text(*(span_text(clause.right, language) for language in LANGUAGES)),
                )


def _alone(condition: Condition) -> tuple[Comparison, ...]:
    """The clause of a condition that is enough alone, where the others only say that there is no such day."""
    clauses = condition.comparisons()
    spans = tuple(clause for clause in clauses if isinstance(clause.right, Span))
    paths = {clause.path for clause in spans}
    others = [clause for clause in clauses if clause not in spans]
    return spans if len(paths) == 1 and all(each.right is None and each.path in paths for each in others) else ()


def _amounts(rule: Rule, policy: Policy) -> Iterator[Text]:
    """The amounts that its condition compares."""
    for clause in rule.when.all_of:
        bound = clause.right
        counted = policy.facts[clause.path].type in ("points", "money", "number")
        if counted and clause.operator in words.BOUNDS and isinstance(bound, int):
            yield _bounded(policy, clause.path, clause.operator, bound)


def _of_kind(rule: Rule, policy: Policy) -> Iterator[Text]:
    """What a rule of its kind counts with."""
    if isinstance(rule, Limit):
        for bound, least in ((rule.at_most, False), (rule.at_least, True)):
            if isinstance(bound, int):
                yield _measured(rule.measure, "at_least" if least else "at_most", bound, policy)
    elif isinstance(rule, Review) and rule.measure is not None:
        for operator in ("over", "at_least", "under", "at_most"):
            bound = getattr(rule, operator)
            if isinstance(bound, int):
                yield _measured(rule.measure, operator, bound, policy)
    elif isinstance(rule, Fee):
        yield from _of_fee(rule, policy)
    elif isinstance(rule, Expire):
        yield life(rule, None, policy)
    elif isinstance(rule, Pay) and isinstance(rule.within, Span) and rule.within.count:
        yield filled(words.PAID_WITHIN, span=Text(*(span_text(rule.within, language) for language in LANGUAGES)))


def _measured(measure: Measure, operator: str, bound: int, policy: Policy) -> Text:
    amount = money_text(bound, policy) if measure.in_money else points_text(bound)
    if measure.of == "count":
        amount = Text(f"{bound:,}회", f"{bound:,}")
    told = filled(words.BOUNDS[operator], amount=amount)
    korean, english = (Teller(policy, language, date.min).measure(measure) for language in LANGUAGES)
    return Text(f"{korean} {told.ko}", f"{english}: {told.en}")


def _of_fee(rule: Fee, policy: Policy) -> Iterator[Text]:
    """Between which amounts a fee is held, and how many refunds cost nothing."""
    bounds = [
        filled(text, money=money_text(bound, policy))
        for text, bound in ((words.FEE_AT_LEAST, rule.at_least), (words.FEE_AT_MOST, rule.at_most))
        if isinstance(bound, int)
    ]
    if bounds:
        yield Text(", ".join(each.ko for each in bounds), ", ".join(each.en for each in bounds))
    free = rule.free
    if free is not None and isinstance(free.first, int):
        says = [Teller(policy, language, date.min) for language in LANGUAGES]
        methods = Text(*(say.methods(free.methods) for say in says))
        korean = says[0].window(free.per) if isinstance(free.per, Span) else words.WITHIN[free.per]
        yield filled(
            words.FREE_TRANSFERS,
            window=Text(korean, says[1].window(free.per)),
            methods=filled(words.FREE_METHODS, methods=methods) if free.methods else methods,
            first=free.first,
        )


def life(rule: Expire, span: Span | None, policy: Policy) -> Text:
    """How long points last by a rule: a span from a day, or a day that is set. `span` is the dated one that applied."""
    if rule.never:
        return Text("", "")
    length = span or rule.after or rule.idle
    if rule.last_day is not None:
        own = isinstance(rule.last_day, FactRef)
        return words.OWN_LAST_DAY if own else filled(words.SET_LAST_DAY, article=of_article(rule.terms))
    if not isinstance(length, Span):
        return Text("", "")
    start = policy.facts[rule.start]
    until = rule.until
    if isinstance(until, DayOfYear):
        end = Text(f"이 되는 해의 {until.month}월 {until.day}일까지", f", to {until} of that year")
    else:
        end = words.LIFE_ENDS[until]
    return filled(
        words.IDLE_LIFE if rule.idle is not None else words.LIFE if length.count else words.LIFE_OF_NO_SPAN,
        fact=Text(start.ko, start.en),
        span=Text(*(span_text(length, language) for language in LANGUAGES)),
        end=end,
    )


def life_of(lot: Lot, ready: ReadyExpire, told: Told) -> Text:
    """Why the last usable day of a lot is what it is: by which article, and what that says. Where a rule takes the
    place of the usual one, what is usual is told, too.
    """
    rule = ready.rule
    assert isinstance(rule, Expire), f"{rule.id} says nothing of how long points last"
    parts = [_life_with(rule, lot, told)]
    if rule.last_day is None or isinstance(rule.last_day, FactRef):
        parts.append(of_article(rule.terms))
    usual = next((told.rules[name] for name in rule.overrides if name in told.rules), None)
    if isinstance(usual, Expire) and not isinstance(rule.last_day, FactRef):
        parts.append(filled(words.INSTEAD_OF, usual=_life_with(usual, lot, told), article=of_article(usual.terms)))
    return Text(*(", ".join(each.in_language(language) for each in parts if each.ko) for language in LANGUAGES))


def _life_with(rule: Expire, lot: Lot, told: Told) -> Text:
    length = rule.after or rule.idle
    if isinstance(length, ValueRef):
        length = told.compiled.figures.amount(length).read(told.scene(), lot)
    return life(rule, length if isinstance(length, Span) else None, told.policy)
