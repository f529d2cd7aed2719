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

from policies.model import Policy
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
    words: str
    hint: str
    rules: tuple[str, ...]
    data: Data


def nudges(document: Document, policy: Policy) -> Iterator[Nudge]:
    """Every nudge of a sound file, whose policy is `policy`, in the order of the file."""
    yield from _Nudger(document.data, policy).all()


_FIGURES: Mapping[str, str] = {
    **dict.fromkeys(("at_most", "at_least", "over", "under", "multiple_of", "flat", "to"), "number"),
    **dict.fromkeys(("points", "first", "every", "earn"), "number"),
    **dict.fromkeys(("after", "within", "usable_after", "per"), "span"),
    **dict.fromkeys(("last_day", "expires_on"), "date"),
    "rate": "percent",
}
_LISTS: Mapping[str, int] = {"overrides": 0, "adds_to": 0, "order": 1, "methods": 0}
"""The lists of rules, and how many items each keeps."""

_NESTED = ("free", "cap", "steps", "measure")
_ROUNDINGS = ("down", "up", "half_up")
_MAY_BE_LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "expire": ("from", "until", "first_day"),
    "fee": ("to", "at_least", "at_most", "free"),
    "pay": ("if_holiday",),
    "earn": ("at_most", "cap", "campaign", "usable_after", "expires_on"),
}
_SPAN = re.compile(r"([1-9][0-9]*) (.+?)s?")
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
            hint = f"a scenario that is paid on or after {day} would notice"
            yield self.drop(("holidays", index), f"holiday {day}", hint)
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
                    yield self.rename((*path, day), other, f"since {day} -> {other}", _on_day(day))
            if len(since) > 1:
                yield self.drop((*path, day), f"since {day}", f"a scenario on {day} would notice")
            yield from self.cell((*path, day), cell, unit)

    def cell(self, path: Path, raw: Any, unit: str) -> Iterator[Nudge]:
        """A figure, table or bands."""
        if not isinstance(raw, dict):
            yield from self.figure(path, raw, unit)
        elif "bands" in raw:
            for index, band in enumerate(raw["bands"]):
                place = (*path, "bands", index)
                if index:
                    yield self.drop(place, f"band from {_words(band['from'])}", _at(raw["by"], band["from"]))
                yield from self.amount((*place, "from"), band["from"], "from ")
                yield from self.cell((*place, "value"), band["value"], unit)
        else:
            for key, below in raw.items():
                if key == "by":
                    continue
                if key != "else" and "else" in raw and below != raw["else"]:
                    yield self.drop((*path, key), f"row {_words(key)}", _at(raw["by"], key))
                if _whole(key):
                    for other in (key - 1, key + 1):
                        words = f"row {_words(key)} -> {_words(other)}"
                        yield self.rename((*path, key), other, words, _at(raw["by"], key))
                yield from self.cell((*path, key), below, unit)

    def figure(self, path: Path, raw: Any, unit: str, label: str = "") -> Iterator[Nudge]:
        """A figure in a unit; what is no such figure (`$value`, a fact, a word) is left alone."""
        if unit in ("points", "money", "number"):
            yield from self.amount(path, raw, label)
        elif unit == "percent":
            yield from self.percent(path, raw, label)
        elif unit == "span":
            yield from self.span(path, raw, label)
        elif unit == "date":
            yield from self.day(path, raw, label)

    def rule(self, path: Path, raw: Mapping[Any, Any], kind: str) -> Iterator[Nudge]:
        """The fields of a rule, and of the maps in it."""
        for name, value in raw.items():
            place = (*path, name)
            if name in _MAY_BE_LEFT_OUT.get(kind, ()):
                yield self.drop(place, f"'{name}'", f"a scenario that depends on '{name}' would notice")
            if name in _FIGURES:
                yield from self.figure(place, value, _FIGURES[name], f"{name} ")
            elif name in ("when", "that"):
                yield from self.condition(place, value, may_go=name == "when")
            elif name == "unless":
                yield from self.exceptions(place, value)
            elif name in _LISTS:
                yield from self.members(place, value, name, least=_LISTS[name])
            elif name in _NESTED and isinstance(value, dict):
                yield from self.rule(place, value, "")
            elif name == "rounding":
                yield from self.rounding(place, value)

    def rounding(self, path: Path, raw: str) -> Iterator[Nudge]:
        for other in _ROUNDINGS:
            if other != raw:
                hint = f"a scenario in which {raw} and {other} come to different amounts would notice"
                yield self.replace(path, other, f"rounding {raw} -> {other}", hint)

    def condition(self, path: Path, raw: Mapping[Any, Any], *, may_go: bool) -> Iterator[Nudge]:
        """The clauses and branches of a condition. `may_go` says that it may be left out as a whole."""
        for fact, right in raw.items():
            place = (*path, fact)
            hint = f"a scenario in which all but '{fact}' holds would notice"
            if len(raw) > 1:
                yield self.drop(place, f"clause '{fact}'", hint)
            elif may_go:
                yield self.drop(path, f"clause '{fact}'", hint)
            if fact == "any":
                yield from self.branches(place, right)
            else:
                yield from self.clause(place, fact, right)

    def branches(self, path: Path, raw: list[Any]) -> Iterator[Nudge]:
        for index, branch in enumerate(raw):
            if len(raw) > 1:
                hint = "a scenario in which only this branch holds would notice"
                yield self.drop((*path, index), f"branch {index + 1}", hint)
            yield from self.condition((*path, index), branch, may_go=False)

    def clause(self, path: Path, fact: str, right: Any) -> Iterator[Nudge]:
        """The operators of one fact and their right sides."""
        if not isinstance(right, dict):
            yield from self.right(path, fact, "is", right)
            return
        for operator, each in right.items():
            if len(right) > 1:
                hint = f"a scenario in which '{fact}' breaks only '{operator}' would notice"
                yield self.drop((*path, operator), f"clause '{fact}: {operator}'", hint)
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
        else:
            yield from self.amount(path, raw, label)

    def exceptions(self, path: Path, raw: list[Any]) -> Iterator[Nudge]:
        """The items of `unless`."""
        for index, each in enumerate(raw):
            place = (*path, index)
            hint = "a scenario in which the rule would speak and only this exception holds would notice"
            yield self.drop(place if len(raw) > 1 else path, f"exception {index + 1}", hint)
            yield from self.condition(place, each, may_go=False)

    def members(self, path: Path, raw: list[Any], name: str, *, least: int) -> Iterator[Nudge]:
        """The items of a list that keeps at least so many."""
        for index, each in enumerate(raw):
            place = (*path, index)
            what = f"{_words(each)} from {name}"
            if len(raw) > max(least, 1):
                yield self.drop(place, what, f"a scenario that depends on {_words(each)} would notice")
            elif len(raw) > least:
                yield self.drop(path, what, "a scenario in which both rules apply would notice")
            if isinstance(each, dict):
                for fact, members in each.items():
                    yield from self.members((*place, fact), members, f"{name} {fact}", least=1)

    def without_rule(self, index: int) -> Nudge:
        """The file without a rule, and without what other rules say about it."""
        rules = [_without_mention(raw, self.subject) for at, raw in enumerate(self.data["rules"]) if at != index]
        hint = f"a scenario that turns on '{self.subject}' would notice"
        data = self.data | {"rules": rules}
        return Nudge(("rules", index), self.subject, "dropping the rule", hint, self.rules, data)

    def amount(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A whole number, one less and one more."""
        if _whole(raw):
            hint = f"scenarios right at {_words(raw)}, one below and one above would notice"
            for other in (raw - 1, raw + 1):
                yield self.replace(path, other, f"{label}{_words(raw)} -> {_words(other)}", hint)

    def day(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A day, the day before and the day after."""
        if isinstance(raw, date):
            for other in _neighbours(raw):
                yield self.replace(path, other, f"{label}{raw} -> {other}", _on_day(raw))

    def percent(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A percentage, one less and one more in its last digit."""
        hint = "a scenario with so many points that the last digit counts would notice"
        if _whole(raw):
            for number in (raw - 1, raw + 1):
                yield self.replace(path, number, f"{label}{raw} -> {number}", hint)
        elif isinstance(raw, str) and (match := _PERCENT.fullmatch(raw)):
            decimals = match[2] or ""
            digits = int(match[1] + decimals)
            for number in (digits - 1, digits + 1):
                if number >= 0:
                    written = f"{number:0{len(decimals) + 1}}"
                    cut = len(written) - len(decimals)
                    other = written[:cut] + (f".{written[cut:]}" if decimals else "") + match[3]
                    yield self.replace(path, other, f"{label}{raw} -> {other}", hint)

    def span(self, path: Path, raw: Any, label: str) -> Iterator[Nudge]:
        """A span, one unit shorter and one longer."""
        if isinstance(raw, str) and (match := _SPAN.fullmatch(raw)):
            for count in (int(match[1]) - 1, int(match[1]) + 1):
                if count:
                    other = f"{count} {match[2]}{'' if count == 1 else 's'}"
                    hint = f"scenarios just inside and just outside of {raw} would notice"
                    yield self.replace(path, other, f"{label}{raw} -> {other}", hint)

    def replace(self, path: Path, value: Any, words: str, hint: str) -> Nudge:
        return self.change(path, words, hint, lambda holder, key: holder.__setitem__(key, value))

    def drop(self, path: Path, what: str, hint: str) -> Nudge:
        return self.change(path, f"dropping {what}", hint, lambda holder, key: holder.__delitem__(key))

    def rename(self, path: Path, key: Any, words: str, hint: str) -> Nudge:
        def renamed(holder: Any, old: Any) -> None:
            entries = [(key if each == old else each, value) for each, value in holder.items()]
            holder.clear()
            holder.update(entries)

        return self.change(path, words, hint, renamed)

    def change(self, path: Path, words: str, hint: str, edit: Any) -> Nudge:
        """The nudge that edits what holds the end of `path`, on a copy of everything along it."""
        data = self.data.copy()
        holder = data
        for key in path[:-1]:
            holder[key] = holder[key].copy()
            holder = holder[key]
        edit(holder, path[-1])
        return Nudge(path, self.subject, words, hint, self.rules, data)


def _without_mention(raw: Mapping[Any, Any], rule: str) -> dict[Any, Any]:
    kept = dict(raw)
    for name in ("overrides", "adds_to"):
        if rule in kept.get(name, ()):
            kept[name] = [each for each in kept[name] if each != rule]
            if not kept[name]:
                del kept[name]
    return kept


def _whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _neighbours(day: date) -> tuple[date, date]:
    return day - timedelta(days=1), day + timedelta(days=1)


def _on_day(day: date) -> str:
    return f"scenarios on {day}, the day before and the day after would notice"


def _at(fact: Any, key: Any) -> str:
    return f"a scenario with {fact}: {_words(key)} would notice"


def _words(raw: Any) -> str:
    """A literal as authors write it."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, dict):
        return ", ".join(str(key) for key in raw)
    return f"{raw:_}" if isinstance(raw, int) else str(raw)
