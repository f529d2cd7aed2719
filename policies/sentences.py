"""Figures, facts and conditions in words, Korean and English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from policies.model import (
    Bands,
    BusinessDay,
    Cell,
    Comparison,
    Condition,
    DayOfMonth,
    Fact,
    FactRef,
    Figure,
    Measure,
    Per,
    Policy,
    Scalar,
    Span,
    Table,
    Text,
    Unit,
    ValueRef,
    Weekday,
)
from policies.readers import percent_text
from policies.values import cell_on, decided
from policies.vocabulary import WORDS

__all__ = ["percent_text"]  # beside what is defined here, for those who know it from here

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)\}")
"""A figure in a reason, such as {limit} or {account.grade}."""

_SPANS = {
    "hours": Text("시간", "hour"),
    "days": Text("일", "day"),
    "business days": Text("영업일", "business day"),
    "months": Text("개월", "month"),
    "years": Text("년", "year"),
}
# {0} is the fact and {1} the right side; {2} and {3} are the particles that go with their Korean words.
_OPERATORS = {
    "is": Text("{0}{2} {1}", "{0} is {1}"),
    "is_not": Text("{0}{2} {1}{3} 아님", "{0} is not {1}"),
    "in": Text("{0}{2} {1} 중 하나", "{0} is one of {1}"),
    "not_in": Text("{0}{2} {1} 중 어느 것도 아님", "{0} is none of {1}"),
    "under": Text("{0}{2} {1} 미만", "{0} is under {1}"),
    "at_most": Text("{0}{2} {1} 이하", "{0} is at most {1}"),
    "at_least": Text("{0}{2} {1} 이상", "{0} is at least {1}"),
    "over": Text("{0}{2} {1} 초과", "{0} is over {1}"),
    "starts_with": Text("{0}{2} '{1}'(으)로 시작", "{0} starts with '{1}'"),
    "at_least_ago": Text("{0}부터 {1} 이상 경과", "{0} is at least {1} ago"),
    "under_ago": Text("{0}부터 {1} 미만 경과", "{0} is under {1} ago"),
}
_DAY_OPERATORS = {
    "under": Text("{0}{2} {1} 전", "{0} is before {1}"),
    "at_most": Text("{0}{2} {1} 이전", "{0} is {1} or before"),
    "at_least": Text("{0}{2} {1} 이후", "{0} is {1} or later"),
    "over": Text("{0}{2} {1} 후", "{0} is after {1}"),
}
_MISSING = Text("{0} 없음", "{0} is missing")
_GIVEN = Text("{0} 있음", "{0} is given")
ROUNDINGS = {
    "down": ("버림", "rounded down"),
    "up": ("올림", "rounded up"),
    "half_up": ("반올림", "rounded half up"),
}
"""How a rounding is called, in Korean and in English."""

_PER = {
    "day": Text("1일", "a calendar day"),
    "week": Text("주간(월요일~일요일)", "a week from Monday to Sunday"),
    "month": Text("월간", "a calendar month"),
    "quarter": Text("분기", "a calendar quarter"),
    "year": Text("연간", "a calendar year"),
    "ever": Text("전체 기간", "all time"),
}


def span_text(span: Span, language: str) -> str:
    """`12 months`, `12개월`."""
    if language == "ko":
        return f"{span.count}{_SPANS[span.unit].ko}"
    return f"{span.count} {_SPANS[span.unit].en}{'' if span.count == 1 else 's'}"


def figure_text(figure: Figure | None, language: str) -> str:
    """A figure as people write it; None is a day that does not exist."""
    if figure is None:
        return "없음" if language == "ko" else "none"
    if isinstance(figure, bool):
        return ("예" if figure else "아니오") if language == "ko" else ("yes" if figure else "no")
    if isinstance(figure, int):
        return f"{figure:,}"
    if isinstance(figure, Fraction):
        return percent_text(figure)
    if isinstance(figure, Span):
        return span_text(figure, language)
    return str(figure)


def _ordinal(day: int) -> str:
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def subject_particle(word: str) -> str:
    """The Korean subject particle that goes with the sound on which a word ends; what follows it in brackets
    plays no part.

    >>> subject_particle("회원 상태"), subject_particle("캠페인"), subject_particle("50,000"), subject_particle("VIP")
    ('가', '이', '이', '이(가)')
    """
    word = re.sub(r"\([^()]*\)$", "", word).rstrip("]'\"") or word
    if word[-1] == "%":
        return "가"
    if word[-1] in "0123456789":
        return "이" if word[-1] in "013678" else "가"
    last = ord(word[-1])
    if not _FIRST_SYLLABLE <= last <= _LAST_SYLLABLE:
        return "이(가)"
    return "이" if (last - _FIRST_SYLLABLE) % 28 else "가"


_FIRST_SYLLABLE, _LAST_SYLLABLE = ord("가"), ord("힣")


def word_text(policy: Policy, fact: Fact, word: Scalar, language: str) -> str:
    """What a fact is, in words: a source or a method by its name in the file, anything else as a figure."""
    named: dict[str, Text] = {}
    if fact.path == "lot.source":
        named = dict(policy.sources)
    elif fact.path == "request.method":
        named = dict(policy.methods)
    elif fact.path == "event.type":
        named = {**WORDS, **policy.events}
    elif fact.type == "choice" and fact.path not in policy.declared:
        named = dict(WORDS)
    if isinstance(word, str) and word in named:
        return named[word].in_language(language)
    return figure_text(word, language)


_MEASURES: Mapping[str, Text] = {
    "request.points": Text("신청 포인트", "asked for"),
    "balance.before": Text("환급 전 전체 포인트", "held on the account"),
    "balance.after": Text("환급 후 남는 전체 포인트", "left on the account afterwards"),
    "available.before": Text("환급 가능 포인트", "held that can be refunded"),
    "available.after": Text("환급 후 남는 환급 가능 포인트", "left to refund afterwards"),
    "gross": Text("수수료·세금·상계 전 금액", "worth before fees, taxes and debts"),
    "payout": Text("지급액", "paid out"),
    "destination.after": Text("지급 후 받는 곳의 잔액", "held by the destination afterwards"),
}
"""What is measured of one request; the balance is of all points that have not expired."""


def _day_of_month_ko(day: DayOfMonth | BusinessDay) -> str:
    if isinstance(day, BusinessDay):
        return "마지막 영업일" if day.number == "last" else f"{day.number}번째 영업일"
    return "말일" if day == "last" else f"{day}일"


def _day_of_month_en(day: DayOfMonth | BusinessDay) -> str:
    if isinstance(day, BusinessDay):
        return "the last business day" if day.number == "last" else f"the {_ordinal(day.number)} business day"
    return "the last day" if day == "last" else f"the {_ordinal(day)}"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the parts of a rule in one language, with the figures of one day. Where facts are `known`, by their paths,
    tables and bands by them are told as the one figure that holds.
    """

    policy: Policy
    language: str
    day: date
    known: Mapping[str, Scalar] = field(default_factory=dict)

    def choose(self, ko: str, en: str) -> str:
        """The sentence in the teller's language."""
        return ko if self.language == "ko" else en

    def fact(self, path: str) -> str:
        """What a fact is called."""
        fact = self.policy.facts[path]
        return self.choose(fact.ko, fact.en)

    def money(self, what: Figure | ValueRef | None) -> str:
        """An amount of the policy's currency: `1,500 KRW`, `1,500원`."""
        if self.language == "ko" and self.policy.currency == "KRW":
            return f"{self.figure(what)}원"
        return f"{self.figure(what)} {self.policy.currency}"

    def figure(self, what: Figure | ValueRef | FactRef | None) -> str:
        """A literal, the figure of a value on the teller's day, or the name of a fact."""
        if isinstance(what, ValueRef):
            return self._cell(cell_on(self.policy.values[what.name], self.day_of(what.name)))
        if isinstance(what, FactRef):
            return self.fact(what.path)
        return figure_text(what, self.language)

    def day_of(self, name: str) -> date:
        """The day that decides which figure of a value is told: the one that is known, else the teller's, or the first
        one of which the value says something, if that is later.
        """
        value = self.policy.values[name]
        first, day = value.since[0][0], self.day
        if value.dated_by in self.known:
            # A day that is missing is before every day that is not.
            known = self.known[value.dated_by] or date.min
            assert isinstance(known, date), f"{value.dated_by} is no day: {known!r}"
            day = known
        return max(first, day) if first else day

    def cell(self, cell: Cell, unit: Unit) -> str:
        """A figure with its unit, or a table or bands of figures."""
        cell = decided(cell, self.known)
        if isinstance(cell, int) and unit == "money":
            return self.money(cell)
        if isinstance(cell, int) and unit == "points":
            return self.choose(f"{cell:,}포인트", f"{cell:,} points")
        return self._cell(cell)

    def lines(self, cell: Cell, unit: Unit) -> list[str]:
        """A table or bands of figures as a list in Markdown, one inside another below its line; one figure is none."""
        lines = []
        for words, each in self._rows(decided(cell, self.known), self._band):
            inner = self.lines(each, unit)
            lines.append(f"- {words}:" if inner else f"- {words}: {self.cell(each, unit)}")
            lines += [f"  {line}" for line in inner]
        return lines

    def _cell(self, cell: Cell) -> str:
        cell = decided(cell, self.known)
        if not isinstance(cell, Table | Bands):
            return figure_text(cell, self.language)
        fact = self.policy.facts[cell.by]
        rows = (f"{words}: {self._cell(each)}" for words, each in self._rows(cell, self._start))
        return self.choose(f"[{fact.ko}별 - ", f"[by {fact.en} - ") + f"{'; '.join(rows)}]"

    def _rows(self, cell: Cell, band_of: Callable[[Bands, int], str]) -> Iterator[tuple[str, Cell]]:
        """What each row of a table, or each band, is for, and what it holds."""
        if isinstance(cell, Table):
            fact = self.policy.facts[cell.by]
            for key, row in cell.rows.items():
                yield word_text(self.policy, fact, key, self.language), row
            if cell.otherwise is not None:
                yield self.choose("그 외", "otherwise"), cell.otherwise
        elif isinstance(cell, Bands):
            for place, (_, band) in enumerate(cell.bands):
                yield band_of(cell, place), band

    def _start(self, bands: Bands, place: int) -> str:
        said = figure_text(bands.bands[place][0], self.language)
        return self.choose(f"{said}부터", f"from {said}")

    def _band(self, bands: Bands, place: int) -> str:
        """What a band is for, in words that stand alone: the first by where it ends, the others by where they start."""
        under = place == 0 and len(bands.bands) > 1
        edge, fact = bands.bands[1 if under else place][0], self.policy.facts[bands.by]
        match fact.type:
            case "points" | "money" as unit:
                said = self.cell(edge, unit)
            case _:
                said = f"{self.choose(fact.ko, fact.en.removeprefix('the '))} {self.cell(edge, 'number')}"
        return self.choose(f"{said} {'미만' if under else '이상'}", f"{'under' if under else 'from'} {said}")

    def comparison(self, clause: Comparison) -> str:
        """One clause."""
        fact = self.policy.facts[clause.path]
        days = fact.type == "date" and clause.operator in _DAY_OPERATORS
        template = (_DAY_OPERATORS if days else _OPERATORS)[clause.operator]
        if fact.type == "flag" and clause.operator in ("is", "is_not"):
            yes = (clause.right is True) == (clause.operator == "is")
            if clause.path == "lot.untouched":
                used = self.choose("포인트 묶음을 일부라도 쓴 경우", "something of the lot was used")
                return self.choose("포인트 묶음을 쓴 적 없는 경우", "nothing of the lot was used") if yes else used
            return self.choose(f"{fact.ko}({figure_text(yes, 'ko')})", f"'{fact.en}' is {figure_text(yes, 'en')}")
        if clause.operator in ("is", "is_not") and clause.right in (None, ""):
            given = _GIVEN if clause.operator == "is_not" else _MISSING
            return given.in_language(self.language).format(self.fact(clause.path))
        if isinstance(clause.right, tuple):
            words = [word_text(self.policy, fact, each, self.language) for each in clause.right]
            right = self.choose("·", ", ").join(words)
        elif isinstance(clause.right, (ValueRef, FactRef, Span)):
            right = self.figure(clause.right)
        else:
            right = word_text(self.policy, fact, clause.right, self.language)
        if fact.type == "money" and not isinstance(clause.right, (tuple, FactRef)):
            right = self.money(clause.right)
        particles = subject_particle(fact.ko), subject_particle(right)
        return template.in_language(self.language).format(self.fact(clause.path), right, *particles)

    def condition(self, condition: Condition) -> str:
        """A whole condition, or "" when it always holds."""
        parts = [self.comparison(clause) for clause in condition.all_of]
        if condition.any_of:
            branches = [self._together(self.comparison(clause) for clause in branch) for branch in condition.any_of]
            either = self.choose(" 또는 ", " or ").join(branches)
            several = len(branches) > 1 and (parts or any(len(branch) > 1 for branch in condition.any_of))
            parts.append(self.choose(f"다음 중 하나({either})", f"either ({either})") if several else either)
        return self._together(parts)

    def _together(self, parts: Iterable[str]) -> str:
        return self.choose(", ", " and ").join(parts)

    def papers(self, names: Iterable[str], *, any_one: bool) -> str:
        """Papers by their names in the file: all of them, or any one."""
        found = [self.policy.papers[name].in_language(self.language) for name in names]
        return self.either(found) if any_one else self.choose(", ", " and ").join(found)

    def either(self, words: Iterable[str]) -> str:
        """One of several: `a, b or c`."""
        *first, last = words
        return self.choose(" 또는 ", " or ").join([", ".join(first), last] if first else [last])

    def weekday(self, day: Weekday) -> str:
        """A day of the week."""
        return WORDS[day].in_language(self.language)

    def days_of_month(self, days: Iterable[DayOfMonth | BusinessDay]) -> str:
        """Days that come every month: `the 5th or the last day of a month`."""
        if self.language == "ko":
            return self.either(_day_of_month_ko(day) for day in days)
        return self.either(_day_of_month_en(day) for day in days) + " of a month"

    def window(self, per: Per) -> str:
        """A window of time."""
        if isinstance(per, Span):
            return self.choose(f"최근 {span_text(per, 'ko')}", f"the last {span_text(per, 'en')}")
        return _PER[per].in_language(self.language)

    def methods(self, methods: Iterable[str]) -> str:
        """Refund methods of which any will do, or "" for all."""
        return self.choose("·", " or ").join(
            self.policy.methods[method].in_language(self.language) for method in methods
        )

    def measure(self, measure: Measure) -> str:
        """What a limit looks at."""
        if measure.of not in ("sum", "count"):
            return _MEASURES[measure.of].in_language(self.language)
        assert measure.per is not None
        what = (
            self.choose("환급 횟수", "the number of refunds")
            if measure.of == "count"
            else self.choose("지급액", "paid out")
            if measure.summed == "refund.payout"
            else self.choose("환급 포인트", "refunded")
        )
        by = self.methods(measure.methods)
        same = measure.same_method
        whose = "" if measure.key == "account" else self.choose("같은 입금 계좌의 ", " to one receiving account")
        if self.language == "ko":
            return f"{whose}{self.window(measure.per)} {what}{'(같은 환급 방법)' if same else f'({by})' if by else ''}"
        return (
            f"{what}{' by the same method' if same else f' as {by}' if by else ''}{whose} in {self.window(measure.per)}"
        )
