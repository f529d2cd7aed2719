"""Every place where a rule file could have been written a little differently, and the file written so.

A nudge works on the plain data of the file, because that is where authors make mistakes: a number or day that is one
off, a clause, exception, override or rule that was forgotten. Left alone are texts, which decide nothing, and the
defaults of declared facts, which say what is the case and not what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from policies.model import Policy, Text
from policies.problems import both
from policies.source import Document, Path

Data = Any


@dataclass(frozen=True, slots=True)
class Nudge:
    """One small change of a file.

    `path` is where it is made, `subject` the rule or value that it changes, `words` what it does, such as
    "50_000 -> 50_001", `hint` which scenario would notice it, `rules` the ids of the rules that it can change (empty:
    any), and `data` the content of the changed file.
    """

    path: Path
    subject: str
    words: Text
    hint: Text
    rules: tuple[str, ...]
    data: Data


def nudges(document: Document, policy: Policy) -> Iterator[Nudge]:
    """Every nudge of a sound file, whose policy is `policy`, in the order of the file."""
    yield from _Nudger(document.data, policy).all()


_FIGURES: Mapping[str, str] = {
    **dict.fromkeys(("at_most", "at_least", "over", "under", "multiple_of", "flat", "to"), "number"),
    **dict.fromkeys(("points", "first", "every", "earn", "pays", "above", "waived_under"), "number"),
    **dict.fromkeys(("gross_at_least", "gross_under"), "number"),
    **dict.fromkeys(("after", "idle", "everything_after", "within", "usable_after", "per"), "span"),
    **dict.fromkeys(("issued_within", "at_least_after", "held_for"), "span"),
    **dict.fromkeys(("last_day", "expires_on"), "date"),
    "cut_off_time": "time",
    **dict.fromkeys(("rate", "bonus", "share"), "percent"),
    "until": "day of the year",
}
_LISTS: Mapping[str, int] = {
    "overrides": 0,
    "adds_to": 0,
    "of": 1,
    "after": 0,
    "order": 1,
    "methods": 0,
    "needs": 1,
    "one_of": 1,
    "weekdays": 1,
    "days": 1,
    "days_of_month": 1,
    "dates": 1,
    "batch": 1,
    "with": 0,
    "others": 1,
    "before": 1,
}
"""The lists of rules, and how many items each keeps."""

_LISTS_OF_KINDS: Mapping[tuple[str, str], int] = {("earn", "of"): 0, ("clawback", "of"): 0}
_FIGURES_OF_KINDS: Mapping[tuple[str, str], str] = {
    ("dormancy", "every"): "span",
    ("offset", "at_most"): "money or percent",
}
"""The same for fields that another kind calls by the same name."""

_SHARE = "share"
_NESTED = ("free", "cap", "steps", "measure", "over", "at_least", "under", "at_most")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "rounding": ("down", "up", "half_up"),
    "taxes": ("whole", "excess"),
    "shortfall": ("debt", "forgive", "refuse"),
}
"""Fields that are one of a few words, any of which would do."""

_MAY_BE_LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "expire": ("from", "until", "first_day"),
    "limit": ("or_all",),
    "price": ("bonus", "to"),
    "fee": ("to", "at_least", "at_most", "gross_at_least", "gross_under", "free"),
    "tax": ("to", "waived_under", "after_fees"),
    _SHARE: ("at_least",),
    "pay": ("if_holiday", "at_least_after", "cut_off_time", "held_for"),
    "paper": ("issued_within",),
    "closed": ("hours", "weekdays", "holidays", "days", "days_of_month", "dates"),
    "earn": ("at_least", "at_most", "cap", "campaign", "usable_after", "usable_from", "expires_on"),
    "clawback": ("lots",),
    "dormancy": ("every", "points", "rate", "at_least", "at_most", "everything_after"),
    "notice": ("at_least",),
}
_TIMES = ("days", "days_of_month", "dates", "batch")
"""The lists whose items are days or ranges of days."""

_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_DAY_OF_YEAR = re.compile(r"([0-9]{2})-([0-9]{2})")
_SPAN = re.compile(r"([0-9]+) (.+?)s?")
_PERCENT = re.compile(r"([0-9]+)(?:\.([0-9]+))?(\s?%)")


class _Nudger:
    """Walks one file."""

    def __init__(self, data: Data, policy: Policy) -> None:
        self.data = data
        self.policy = policy
        self.subject = ""
        self.rules: tuple[str, ...] = ()

    def all(self) -> Iterator[Nudge]:
        """Every nudge."""
        self.subject = "starts"
        yield from self.day(("starts",), self.data["starts"], "")
        self.subject = "holidays"
        for index, day in enumerate(self.data.get("holidays", ())):
            hint = both(
                "{day} 이후에 지급하는 시나리오면 알아차립니다",
                "a scenario that is paid on or after {day} would notice",
                day=day,
            )
            yield self.drop(("holidays", index), both("공휴일 {day}", "holiday {day}", day=day), hint)
            yield from self.day(("holidays", index), day, "")
        for name, raw in self.data.get("values", {}).items():
            self.subject = name
            self.rules = tuple(rule.id for rule in self.policy.rules if name in rule.value_names())
            yield from self.history(("values", name, "since"), raw["since"], raw["unit"])
        for index, raw in enumerate(self.data["rules"]):
            self.subject = raw["id"]
            self.rules = (raw["id"],)
            yield self.without_rule(index)
            yield from self.rule(("rules", index), raw, raw["kind"])

    def history(self, path: Path, since: Mapping[Any, Any], unit: str) -> Iterator[Nudge]:
        """The days of a value and its figures."""
        for day, cell in since.items():
            if isinstance(day, date):
                for other in _neighbours(day):
                    yield self.rename((*path, day), other, _arrow("since ", day, other), _on_day(day))
            if len(since) > 1:
                hint = both("{day}의 시나리오면 알아차립니다", "a scenario on {day} would notice", day=day)
                yield self.drop((*path, day), Text(f"since {day}", f"since {day}"), hint)
            yield from self.cell((*path, day), cell, unit)

    def cell(self, path: Path, raw: Any, unit: str) -> Iterator[Nudge]:
        """A figure, table or bands."""
        if not isinstance(raw, dict):
            yield from self.figure(path, raw, unit)
        elif "bands" in raw:
            for index, band in enumerate(raw["bands"]):
                place = (*path, "bands", index)
                if index:
                    start = _words(band["from"])
                    what = both("{start}에서 시작하는 구간", "band from {start}", start=start)
                    yield self.drop(place, what, _at(raw["by"], band["from"]))
                yield from self.amount((*place, "from"), band["from"], "from ")
                yield from self.percent((*place, "from"), band["from"], "from ", whole=False)
                yield from self.cell((*place, "value"), band["value"], unit)
        else:
            for key, below in raw.items():
                if key == "by":
                    continue
                if key != "else" and "else" in raw and below != raw["else"]:
                    what = both("행 {key}", "row {key}", key=_words(key))
                    yield self.drop((*path, key), what, _at(raw["by"], key))
                if _whole(key):
                    for other in (key - 1, key + 1):
                        words = both(
                            "행 {one} -> {other}", "row {one} -> {other}", one=_words(key), other=_words(other)
                        )
                        yield self.rename((*path, key), other, words, _at(raw["by"], key))
                yield from self.cell((*path, key), below, unit)

    def figure(self, path: Path, raw: Any, unit: str, label: str = "") -> Iterator[Nudge]:
        """A figure in a unit; what is no such figure (`$value`, a fact, a word) is left alone."""
        if unit in ("points", "money", "number") or (unit == "money or percent" and _whole(raw)):
            yield from self.amount(path, raw, label)
        elif unit == "percent" or (unit == "money or percent" and isinstance(raw, str)):
            yield from self.percent(path, raw, label)
        elif unit == "span":
            yield from self.span(path, raw, label)
        elif unit == "date":
            yield from self.day(path, raw, label)
        elif unit == "time":
            yield from self.time(path, raw, label)
        elif unit == "day of the year" and _DAY_OF_YEAR.fullmatch(raw):
            yield from self.days(path, raw, label)

    def rule(self, path: Path, raw: Mapping[Any, Any], kind: str) -> Iterator[Nudge]:
        """The fields of a rule, and of the maps in it."""
        for name, value in raw.items():
            place = (*path, name)
            yield from self.left_out(place, name, raw, kind)
            if name in _NESTED and isinstance(value, dict):
                yield from self.rule(place, value, _SHARE if "share" in value else "")
            elif name in _LISTS and isinstance(value, list):
                yield from self.members(place, value, name, least=_LISTS_OF_KINDS.get((kind, name), _LISTS[name]))
            elif name in _FIGURES:
                yield from self.figure(place, value, _FIGURES_OF_KINDS.get((kind, name), _FIGURES[name]), f"{name} ")
            elif name in ("when", "that", "lots"):
                yield from self.condition(place, value, may_go=name == "when")
            elif name == "unless":
                yield from self.exceptions(place, value)
            elif name == "methods" and value == "same":
                hint = both(
                    "두 가지 방법으로 환급한 시나리오면 알아차립니다",
                    "a scenario with refunds by two methods would notice",
                )
                yield self.drop(place, Text("'methods: same'", "'methods: same'"), hint)
            elif name == "allowed_methods":
                yield from self.method_table(place, value)
            elif name in _CHOICES:
                yield from self.choice(place, value, name)
            yield from self.times(place, name, value)

    def times(self, path: Path, name: str, raw: Any) -> Iterator[Nudge]:
        """The days, hours and lengths of time of a rule."""
        if name == "before":
            for index, each in enumerate(raw):
                yield from self.span((*path, index), each, f"{name} ")
        elif name in _TIMES:
            for index, each in enumerate(raw):
                yield from self.days((*path, index), each, f"{name} ")
        elif name == "hours":
            for end, each in raw.items():
                yield from self.time((*path, end), each, f"{name} {end} ")
        elif name == "holidays":
            hint = both(
                "공휴일의 시나리오와 다른 날의 시나리오면 알아차립니다",
                "a scenario on a public holiday, and one on another day, would notice",
            )
            yield self.replace(path, not raw, _arrow("holidays ", _words(raw), _words(not raw)), hint)

    def method_table(self, path: Path, raw: Mapping[Any, Any]) -> Iterator[Nudge]:
        """The rows of a table of refund methods."""
        for key, allowed in raw.items():
            if key == "by":
                continue
            row = f"allowed_methods {_words(key)}"
            if key != "else" and "else" in raw and allowed != raw["else"]:
                what = both("행 {key}", "row {key}", key=_words(key))
                yield self.drop((*path, key), what, _at(raw["by"], key))
            if isinstance(allowed, list):
                yield from self.members((*path, key), allowed, row, least=1)
            else:
                other = "none" if allowed == "any" else "any"
                words = _arrow(f"{row}: ", allowed, other)
                yield self.replace((*path, key), other, words, _at(raw["by"], key))

    def left_out(self, path: Path, name: str, rule: Mapping[Any, Any], kind: str) -> Iterator[Nudge]:
        """The rule without a field that may be left out."""
        optional = _MAY_BE_LEFT_OUT.get(kind, ())
        # Of the times that are closed one has to stay.
        if name in optional and (kind != "closed" or sum(each in optional for each in rule) > 1):
            yield self.drop(path, both("'{name}' 항목", "'{name}'", name=name), _depends_on(f"'{name}'"))
        elif name == "whole_steps":
            # Without it the rule has to say how it rounds.
            hint = both(
                "단위에 맞지 않게 신청하는 시나리오면 알아차립니다",
                "a scenario that asks for a broken step would notice",
            )
            what = _dropping(both("'whole_steps' 항목", "'whole_steps'"))
            yield self.change(path, what, hint, _round_steps)
        elif name == "at_most" and kind == "offset":
            # Nothing is rounded then, and nothing counted together.
            what = _dropping(both("'at_most' 항목", "'at_most'"))
            yield self.change(path, what, _depends_on("'at_most'"), _set_off_all)
        elif name == "above":
            # Nothing can be in excess of it then.
            hint = both(
                "{raw} 이하에서 과세되지 않는 시나리오면 알아차립니다",
                "a scenario that is not taxed up to {raw} would notice",
                raw=_words(rule[name]),
            )
            yield self.change(path, _dropping(both("'above' 항목", "'above'")), hint, _tax_all)

    def choice(self, path: Path, raw: str, name: str) -> Iterator[Nudge]:
        """A field that is one of a few words, with each of the others."""
        for other in _CHOICES[name]:
            if other != raw:
                hint = both(
                    "{raw} 방식과 {other} 방식의 금액이 다른 시나리오면 알아차립니다",
                    "a scenario in which {raw} and {other} come to different amounts would notice",
                    raw=raw,
                    other=other,
                )
                yield self.replace(path, other, _arrow(f"{name} ", raw, other), hint)

    def condition(self, path: Path, raw: Mapping[Any, Any], *, may_go: bool) -> Iterator[Nudge]:
        """The clauses and branches of a condition. `may_go` says that it may be left out as a whole."""
        for fact, right in raw.items():
            place = (*path, fact)
            hint = both(
                "'{fact}' 조건만 빼고 모두 성립하는 시나리오면 알아차립니다",
                "a scenario in which all but '{fact}' holds would notice",
                fact=fact,
            )
            if len(raw) > 1 or may_go:
                yield self.drop(place if len(raw) > 1 else path, _clause(fact), hint)
            if fact == "any":
                yield from self.branches(place, right)
            else:
                yield from self.clause(place, fact, right)

    def branches(self, path: Path, raw: list[Any]) -> Iterator[Nudge]:
        for index, branch in enumerate(raw):
            if len(raw) > 1:
                hint = both(
                    "이 선택 조건만 성립하는 시나리오면 알아차립니다",
                    "a scenario in which only this branch holds would notice",
                )
                what = both("{place}번째 선택 조건", "branch {place}", place=index + 1)
                yield self.drop((*path, index), what, hint)
            yield from self.condition((*path, index), branch, may_go=False)

    def clause(self, path: Path, fact: str, right: Any) -> Iterator[Nudge]:
        """The operators of one fact and their right sides."""
        if not isinstance(right, dict):
            yield from self.right(path, fact, "is", right)
            return
        for operator, each in right.items():
            if len(right) > 1:
                hint = both(
                    "'{fact}' 조건 중 '{operator}' 하나만 어기는 시나리오면 알아차립니다",
                    "a scenario in which '{fact}' breaks only '{operator}' would notice",
                    fact=fact,
                    operator=operator,
                )
                yield self.drop((*path, operator), _clause(f"{fact}: {operator}"), hint)
            yield from self.right((*path, operator), fact, operator, each)

    def right(self, path: Path, fact: str, operator: str, raw: Any) -> Iterator[Nudge]:
        label = f"{fact} {operator} "
        if operator in ("in", "not_in"):
            yield from self.members(path, raw, f"{fact} {operator}", least=1)
            for index, each in enumerate(raw):
                yield from self.literal((*path, index), fact, each, label)
        elif operator in ("at_least_ago", "under_ago"):
            yield from self.span(path, raw, label)
        else:
            yield from self.literal(path, fact, raw, label)

    def literal(self, path: Path, fact: str, raw: Any, label: str) -> Iterator[Nudge]:
        if self.policy.facts[fact].type == "date":
            yield from self.day(path, raw, label)
        elif self.policy.facts[fact].type == "percent":
            yield from self.percent(path, raw, label)
        else:
            yield from self.amount(path, raw, label)

    def exceptions(self, path: Path, raw: list[Any]) -> Iterator[Nudge]:
        """The items of `unless`."""
        for index, each in enumerate(raw):
            place = (*path, index)
            hint = both(
                "규칙이 적용될 상황에서 이 예외만 성립하는 시나리오면 알아차립니다",
                "a scenario in which the rule would speak and only this exception holds would notice",
            )
            what = both("{place}번째 예외", "exception {place}", place=index + 1)
            yield self.drop(place if len(raw) > 1 else path, what, hint)
            yield from self.condition(place, each, may_go=False)

    def members(self, path: Path, raw: list[Any], name: str, *, least: int) -> Iterator[Nudge]:
        """The items of a list that keeps at least so many."""
        for index, each in enumerate(raw):
            place = (*path, index)
            what = both("{name}에서 {each}", "{each} from {name}", name=name, each=_words(each))
            if len(raw) > max(least, 1):
                yield self.drop(place, what, _depends_on(_words(each)))
            elif len(raw) > least:
                hint = both(
                    "두 규칙이 함께 적용되는 시나리오면 알아차립니다",
                    "a scenario in which both rules apply would notice",
                )
                yield self.drop(path, what, hint)
            if isinstance(each, dict) and name not in _TIMES:
                for fact, members in each.items():
                    # Members that are not named come last: where all are, the last of them need not be.
                    last = members[-1:] if len(members) == len(self.policy.facts[fact].choices) else []
                    yield from (
                        nudge
                        for nudge in self.members((*place, fact), members, f"{name} {fact}", least=1)
                        if not last or nudge.path != (*place, fact, len(members) - 1)
                    )

    def without_rule(self, index: int) -> Nudge:
        """The file without a rule, and without what other rules say about it."""
        rules = [
            _without_mention(raw, self.subject)
            for at, raw in enumerate(self.data["rules"])
            # A tax on this tax alone has nothing left to be on.
            if at != index and not (raw.get("kind") == "tax" and raw.get("of") == [self.subject])
        ]
        hint = both(
            "'{rule}' 규칙에 결과가 달린 시나리오면 알아차립니다",
            "a scenario that turns on '{rule}' would notice",
            rule=self.subject,
        )
        data = self.data | {"rules": rules}
        return Nudge(("rules", index), self.subject, _dropping(both("규칙", "the rule")), hint, self.rules, data)

    def amount(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A whole number, one less and one more."""
        if _whole(raw):
            hint = both(
                "꼭 {number}일 때와 그보다 하나 적고 많을 때의 시나리오면 알아차립니다",
                "scenarios right at {number}, one below and one above would notice",
                number=_words(raw),
            )
            for other in (raw - 1, raw + 1):
                yield self.replace(path, other, _arrow(label, _words(raw), _words(other)), hint)

    def day(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A day, the day before and the day after."""
        if isinstance(raw, date):
            for other in _neighbours(raw):
                yield self.replace(path, other, _arrow(label, raw, other), _on_day(raw))

    def days(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A day of every month or every year, or a range of days."""
        if isinstance(raw, dict) and "business_day" in raw:
            yield from self.amount((*path, "business_day"), raw["business_day"], "business_day ")
        elif isinstance(raw, dict):
            for end, each in raw.items():
                yield from self.day((*path, end), each, f"{label}{end} ")
        elif isinstance(raw, str) and (match := _DAY_OF_YEAR.fullmatch(raw)):
            # A leap year has every day that there is.
            for other in _neighbours(date(2000, int(match[1]), int(match[2]))):
                yield self.replace(path, f"{other:%m-%d}", _arrow(label, raw, f"{other:%m-%d}"), _on_day(raw))
        else:
            yield from self.amount(path, raw, label)

    def time(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A time of day, a minute earlier and a minute later."""
        match = _TIME.fullmatch(raw)
        assert match is not None, f"{raw} is not a time"
        hint = both(
            "{raw}, 그 바로 앞뒤 분의 시나리오면 알아차립니다",
            "scenarios right at {raw}, a minute before and a minute after would notice",
            raw=raw,
        )
        for minutes in (int(match[1]) * 60 + int(match[2]) + change for change in (-1, 1)):
            if 0 <= minutes <= 24 * 60:
                other = f"{minutes // 60:02}:{minutes % 60:02}"
                yield self.replace(path, other, _arrow(label, raw, other), hint)

    def percent(self, path: Path, raw: Any, label: str, *, whole: bool = True) -> Iterator[Nudge]:
        """A percentage, one less and one more in its last digit. A whole number is one where `whole`."""
        hint = both(
            "마지막 자리가 금액을 바꿀 만큼 포인트가 많은 시나리오면 알아차립니다",
            "a scenario with so many points that the last digit counts would notice",
        )
        if _whole(raw):
            for number in (raw - 1, raw + 1) if whole else ():
                yield self.replace(path, number, _arrow(label, raw, number), hint)
        elif isinstance(raw, str) and (match := _PERCENT.fullmatch(raw)):
            decimals = match[2] or ""
            digits = int(match[1] + decimals)
            for number in (digits - 1, digits + 1):
                if number >= 0:
                    written = f"{number:0{len(decimals) + 1}}"
                    cut = len(written) - len(decimals)
                    other = written[:cut] + (f".{written[cut:]}" if decimals else "") + match[3]
                    yield self.replace(path, other, _arrow(label, raw, other), hint)

    def span(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A span, one unit shorter and one longer."""
        if isinstance(raw, str) and (match := _SPAN.fullmatch(raw)):
            for count in (int(match[1]) - 1, int(match[1]) + 1):
                if count > 0:
                    other = f"{count} {match[2]}{'' if count == 1 else 's'}"
                    hint = both(
                        "{raw} 기간의 바로 안과 바로 밖의 시나리오면 알아차립니다",
                        "scenarios just inside and just outside of {raw} would notice",
                        raw=raw,
                    )
                    yield self.replace(path, other, _arrow(label, raw, other), hint)

    def replace(self, path: Path, value: Any, words: Text, hint: Text) -> Nudge:
        return self.change(path, words, hint, lambda holder, key: holder.__setitem__(key, value))

    def drop(self, path: Path, what: Text, hint: Text) -> Nudge:
        return self.change(path, _dropping(what), hint, lambda holder, key: holder.__delitem__(key))

    def rename(self, path: Path, key: Any, words: Text, hint: Text) -> Nudge:
        def renamed(holder: Any, old: Any) -> None:
            entries = [(key if each == old else each, value) for each, value in holder.items()]
            holder.clear()
            holder.update(entries)

        return self.change(path, words, hint, renamed)

    def change(self, path: Path, words: Text, hint: Text, edit: Any) -> Nudge:
        """The nudge that edits what holds the end of `path`, on a copy of everything along it."""
        data = self.data.copy()
        holder = data
        for key in path[:-1]:
            holder[key] = holder[key].copy()
            holder = holder[key]
        edit(holder, path[-1])
        return Nudge(path, self.subject, words, hint, self.rules, data)


def _round_steps(rule: dict[str, Any], name: str) -> None:
    del rule[name]
    rule.setdefault("rounding", "down")


def _set_off_all(rule: dict[str, Any], name: str) -> None:
    for field in (name, "rounding", "with"):
        rule.pop(field, None)


def _tax_all(rule: dict[str, Any], name: str) -> None:
    del rule[name]
    rule.pop("taxes", None)


def _without_mention(raw: Mapping[Any, Any], rule: str) -> dict[Any, Any]:
    kept = dict(raw)
    if isinstance(kept.get("cap"), dict):
        kept["cap"] = _without_mention(kept["cap"], rule)
    for name in ("overrides", "adds_to", "of", "after", "with"):
        if isinstance(kept.get(name), list) and rule in kept[name]:
            kept[name] = [each for each in kept[name] if each != rule]
            if not kept[name]:
                del kept[name]
    return kept


def _whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _neighbours(day: date) -> tuple[date, date]:
    return day - timedelta(days=1), day + timedelta(days=1)


def _arrow(label: str, one: object, other: object) -> Text:
    words = f"{label}{one} -> {other}"
    return Text(words, words)


def _dropping(what: Text) -> Text:
    return both("{what} 빼기", "dropping {what}", what=what)


def _clause(words: str) -> Text:
    return both("조건 '{words}'", "clause '{words}'", words=words)


def _depends_on(what: str) -> Text:
    return both(
        "결과가 {what}에 달린 시나리오면 알아차립니다", "a scenario that depends on {what} would notice", what=what
    )


def _on_day(day: date | str) -> Text:
    return both(
        "{day}, 그 전날과 다음 날의 시나리오면 알아차립니다",
        "scenarios on {day}, the day before and the day after would notice",
        day=day,
    )


def _at(fact: Any, key: Any) -> Text:
    return both(
        "{fact}: {key}인 시나리오면 알아차립니다",
        "a scenario with {fact}: {key} would notice",
        fact=fact,
        key=_words(key),
    )


def _words(raw: Any) -> str:
    """A literal as authors write it."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, dict):
        return ", ".join(str(key) for key in raw)
    return f"{raw:_}" if isinstance(raw, int) else str(raw)
