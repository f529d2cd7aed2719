"""Two texts of a policy: what changed between them, in sentences, each change by itself.

A change is told apart from the others so that it can be made alone: `made` takes the one text's data and puts in what
the other text says in that one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from policies.flow import written
from policies.model import Policy, Rule, Text, Value
from policies.problems import both
from policies.sentences import Teller
from policies.show import article, change_lines, rule_sentence
from policies.source import Document, Path

Data = Any
Address = tuple[Any, ...]
"""A place by names: `("rules", "monthly-limit", "at_most")`, wherever in the list the rule stands."""

Sort = Literal["file", "name", "fact", "value", "rule", "order"]

RULE_ORDER: Address = ("rules", None)
"""The address of the order of the rules."""

_SETS = frozenset(
    {
        *("in", "not_in", "any", "unless", "overrides", "adds_to", "methods", "weekdays", "days", "days_of_month"),
        *("dates", "holidays", "of", "with", "after"),
    }
)
"""The lists whose order says nothing."""

_WORDS = frozenset({"about", "title", "reason", "ko", "en"})
_WORDS_OF_FILE = frozenset({"about", "title", "terms"})
_NAMES = ("sources", "methods", "events", "papers")
_SECTIONS = (*_NAMES, "facts", "values", "rules")


@dataclass(frozen=True, slots=True)
class Change:
    """One place in which two texts differ.

    `subject` is the rule, value or name that it is about ("" for the file itself), `addresses` the place, more than one
    where something moved, `words` what changed. `only_words` says that no decision can come out otherwise, only what
    people read. `lines` are the line in the old text and in the new one, None where it is not there. `rules` are the
    ids of the rules that it can change (empty: any), `says` what either text says in the place.
    """

    sort: Sort
    subject: str
    addresses: tuple[Address, ...]
    words: Text
    only_words: bool
    lines: tuple[int | None, int | None]
    rules: tuple[str, ...] = ()
    says: tuple[Data, ...] = ()

    def made(self, data: Data, donor: Data) -> Data:
        """The data with what the donor says in the place of this change, and nothing else of it."""
        for address in self.addresses:
            data = _transplanted(data, donor, address)
        return data


@dataclass(frozen=True, slots=True)
class Subject:
    """What changes are about: a rule, a value, a name or the file, by its title, and as it was told and is told now."""

    title: Text
    lines: tuple[int | None, int | None]
    was: tuple[Text, ...]
    now: tuple[Text, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts: its document, and the policy in it."""

    document: Document
    policy: Policy

    @property
    def data(self) -> Data:
        """What it says, as plain data."""
        return self.document.data

    def line(self, address: Address) -> int | None:
        """Where an address stands; of what is not there, None."""
        path = path_of(self.data, address)
        if path is None:
            return None
        place = self.document.key_places.get(path) or self.document.places.get(path)
        return place.line if place else None


def differences(old: Side, new: Side) -> list[Subject]:
    """Everything in which two texts of a policy differ and that can mean something, in the order of the new text.

    What is only laid out otherwise, or stands in another order that says nothing, is no difference.
    """
    return list(_Differ(old, new).subjects())


def normal(raw: Any, name: str = "") -> Any:
    """The data without the orders that say nothing; `name` is the field that it stands in."""
    if isinstance(raw, dict):
        inner = "methods" if name == "allowed_methods" else ""
        return {key: normal(value, inner or str(key)) for key, value in raw.items()}
    if isinstance(raw, list):
        items = [normal(each) for each in raw]
        return sorted(items, key=repr) if name in _SETS else items
    return raw


def path_of(data: Data, address: Address) -> Path | None:
    """The path of an address in the data of a file; None where it is not there."""
    if address == RULE_ORDER:
        return ("rules",)
    path: Path = ()
    for step, name in enumerate(address):
        if step == 1 and address[0] == "rules":
            name = next((at for at, rule in enumerate(data) if rule["id"] == name), None)
            if name is None:
                return None
        elif not isinstance(data, Mapping) or name not in data:
            return None
        data = data[name]
        path = (*path, name)
    return path


class _Differ:
    """Goes through both texts."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.day = max(old.policy.starts, new.policy.starts)

    def subjects(self) -> Iterator[Subject]:
        """What changed, part by part."""
        head = [*self.head()]
        if head:
            yield Subject(both("이 파일", "the file"), (None, None), (), (), tuple(head))
        for section in _NAMES:
            yield from self.names(section)
        yield from self.facts()
        yield from self.values()
        yield from self.rules()

    def head(self) -> Iterator[Change]:
        for name in dict.fromkeys((*self.new.data, *self.old.data)):
            if name not in _SECTIONS:
                yield from self.field("file", "", (name,), name in _WORDS_OF_FILE, ())

    def names(self, section: str) -> Iterator[Subject]:
        for name in self.either(section):
            title = Text(*(f"{part} '{name}'" for part in (_TITLES[section].ko, _TITLES[section].en)))
            whole = self.whole("name", name, (section, name), ())
            changes = whole or [*self.field("name", name, (section, name), True, ())]
            yield from self.subject(title, (section, name), (), (), changes)

    def facts(self) -> Iterator[Subject]:
        for name in self.either("facts"):
            address = ("facts", name)
            changes = self.whole("fact", name, address, ()) or [
                change
                for key in self.either(*address)
                for change in self.field("fact", name, (*address, key), key in _WORDS, ())
            ]
            yield from self.subject(both("팩트 '{name}'", "fact '{name}'", name=name), address, (), (), changes)

    def values(self) -> Iterator[Subject]:
        for name in self.either("values"):
            address = ("values", name)
            users = tuple(
                dict.fromkeys(
                    rule.id for side in self.sides for rule in side.policy.rules if name in rule.value_names()
                )
            )
            changes = self.whole("value", name, address, users)
            if not changes:
                for key in self.either(*address):
                    if key == "since":
                        changes += self.history(name, users)
                    else:
                        changes += self.field("value", name, (*address, key), key in ("about", "terms"), users)
            was, now = (self.told_value(side, name) for side in self.sides)
            title = both("수치 '{name}'", "value '{name}'", name=name)
            yield from self.subject(title, address, was, now, changes)

    def history(self, name: str, users: tuple[str, ...]) -> list[Change]:
        """What changed in the history of a value. A figure that only begins on another day has moved."""
        address = ("values", name, "since")
        old, new = (side.data["values"][name]["since"] for side in self.sides)
        changes, gone = [], [day for day in old if day not in new]
        for day in new:
            if day in old:
                changes += self.field("value", name, (*address, day), False, users)
                continue
            before = next((each for each in gone if normal(old[each]) == normal(new[day])), None)
            if before is None:
                changes += self.whole("value", name, (*address, day), users, what=f"since {written(day)}")
                continue
            gone.remove(before)
            words = f"since {written(before)} -> {written(day)}"
            places = (*address, before), (*address, day)
            changes.append(self.change("value", name, places, Text(words, words), rules=users))
        for day in gone:
            changes += self.whole("value", name, (*address, day), users, what=f"since {written(day)}")
        return changes

    def rules(self) -> Iterator[Subject]:
        ids = [[rule["id"] for rule in side.data["rules"]] for side in self.sides]
        for name in [*ids[1], *(name for name in ids[0] if name not in ids[1])]:
            address = ("rules", name)
            rules = [next((rule for rule in side.policy.rules if rule.id == name), None) for side in self.sides]
            changes = self.whole("rule", name, address, (name,))
            if not changes and rules[0] and rules[1] and rules[0].kind != rules[1].kind:
                # Hardly a field of one kind means something in another: the rule changes as a whole.
                words = Text(*2 * (f"kind {rules[0].kind} -> {rules[1].kind}",))
                changes = [self.change("rule", name, (address,), words, rules=(name,))]
            elif not changes:
                for key in self.either(*address):
                    changes += self.field("rule", name, (*address, key), key in (*_WORDS, "terms"), (name,))
            was, now = (self.told_rule(side, rule) for side, rule in zip(self.sides, rules, strict=True))
            title = both("규칙 '{name}'", "rule '{name}'", name=name)
            yield from self.subject(title, address, was, now, changes)
        kept = [[name for name in each if name in other] for each, other in (ids, ids[::-1])]
        if kept[0] != kept[1]:
            moved = [name for name, other in zip(kept[1], kept[0], strict=True) if name != other]
            words = both("순서가 바뀐 규칙: {ids}", "another order of {ids}", ids=", ".join(moved))
            change = self.change("order", "", (RULE_ORDER,), words)
            yield Subject(both("규칙의 순서", "the order of the rules"), change.lines, (), (), (change,))

    @property
    def sides(self) -> tuple[Side, Side]:
        """The old text and the new one."""
        return self.old, self.new

    def either(self, *address: Any) -> list[Any]:
        """The keys of a map of both texts: those of the new one first."""
        maps = [_at(side.data, address) for side in self.sides[::-1]]
        return list(dict.fromkeys(key for each in maps if isinstance(each, Mapping) for key in each))

    def whole(
        self, sort: Sort, subject: str, address: Address, rules: tuple[str, ...], *, what: str = ""
    ) -> list[Change]:
        """The change of what only one of the texts has; none where both have it."""
        lines = self.old.line(address), self.new.line(address)
        if (lines[0] is None) == (lines[1] is None):
            return []
        cell = f": {written(_at(self.sides[lines[0] is None].data, address))}" if what else ""
        template = both("추가", "added") if lines[0] is None else both("삭제", "removed")
        words = Text(*(f"{what} {each}{cell}".strip() for each in (template.ko, template.en)))
        return [self.change(sort, subject, (address,), words, rules=rules)]

    def field(
        self, sort: Sort, subject: str, address: Address, only_words: bool, rules: tuple[str, ...]
    ) -> list[Change]:
        """The change of one field, if it says something else."""
        name = address[-1]
        found = [_at(side.data, address) for side in self.sides]
        if _same(*(normal(each, str(name)) for each in found)):
            return []
        label = "since " + written(name) if "since" in address else str(name)
        leaves = [] if str(name) in _CONDITIONS else list(_leaves(found[0], found[1], label))
        if 0 < len(leaves) <= _MOST_LEAVES:
            words = Text(*2 * ("; ".join(leaves),))
        else:
            told = [
                self.in_words(side, address, raw) if raw is not _ABSENT else _NONE
                for side, raw in zip(self.sides, found, strict=True)
            ]
            words = Text(*(f"{label}: {was} -> {now}" for was, now in zip(*((t.ko, t.en) for t in told), strict=True)))
        return [self.change(sort, subject, (address,), words, only_words=only_words, rules=rules)]

    def change(
        self,
        sort: Sort,
        subject: str,
        addresses: tuple[Address, ...],
        words: Text,
        *,
        only_words: bool = False,
        rules: tuple[str, ...] = (),
    ) -> Change:
        """A change at some addresses, with its lines and what it is about."""
        lines = self.old.line(addresses[0]), self.new.line(addresses[-1])
        # Of a rule or a value all is of interest, not only the field that changed.
        whole = [address[:2] if address[0] in ("rules", "values") else address for address in addresses]
        found = [_at(side.data, address) for address in dict.fromkeys(whole) for side in self.sides]
        says = tuple(raw for raw in found if raw is not _ABSENT) if addresses != (RULE_ORDER,) else ()
        return Change(sort, subject, addresses, words, only_words, lines, rules, says)

    def in_words(self, side: Side, address: Address, raw: Any) -> Text:
        """A field as sentences tell it where they can: its conditions; anything else as it is written."""
        if address[0] == "rules" and address[-1] in _CONDITIONS:
            rule = next(rule for rule in side.policy.rules if rule.id == address[1])
            conditions = (rule.when,) if address[-1] == "when" else rule.unless
            told = self.in_both(side, lambda say: [say.choose("; 또는 ", "; or ").join(map(say.condition, conditions))])
            return told[0]
        return Text(*2 * (written(raw),))

    def told_value(self, side: Side, name: str) -> tuple[Text, ...]:
        """A value with its whole history, as sentences tell it."""
        return self.in_both(side, lambda say: _history(say, side.policy.values.get(name)))

    def told_rule(self, side: Side, rule: Rule | None) -> tuple[Text, ...]:
        """A rule as `recoup show` tells it."""
        return self.in_both(side, lambda say: _rule_lines(say, side.policy, rule))

    def in_both(self, side: Side, tell: Callable[[Teller], Iterable[str]]) -> tuple[Text, ...]:
        """What is told in both languages, line by line."""
        ko, en = (tell(Teller(side.policy, language, self.day)) for language in ("ko", "en"))
        return tuple(Text(*each) for each in zip(ko, en, strict=True))

    def subject(
        self, title: Text, address: Address, was: tuple[Text, ...], now: tuple[Text, ...], changes: list[Change]
    ) -> Iterator[Subject]:
        """The subject of the changes; none without any. What is told the same is not told twice."""
        if changes:
            lines = self.old.line(address), self.new.line(address)
            was, now = ((), ()) if was == now else (was, now)
            yield Subject(title, lines, was, now, tuple(changes))


_TITLES = {
    "sources": both("적립 유형", "source"),
    "methods": both("환급 방법", "method"),
    "events": both("이벤트", "event"),
    "papers": both("서류", "paper"),
}
_NONE = both("없음", "none")


class _Absent:
    """What stands at an address that is not there."""


_ABSENT = _Absent()


_CONDITIONS = ("when", "unless")
_MOST_LEAVES = 3


def _leaves(one: Any, other: Any, label: str) -> Iterator[str]:
    """Every single figure or word in which two pieces of data of one shape differ, with where it stands."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            below = f"{label}, {written(key)}"
            if key in one and key in other:
                yield from _leaves(one[key], other[key], below)
            else:
                yield f"{below}: {_shown(one, key)} -> {_shown(other, key)}"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, pair in enumerate(zip(one, other, strict=True), 1):
            yield from _leaves(*pair, f"{label} {at}")
    elif not isinstance(one, _Absent) and not isinstance(other, _Absent) and not _same(one, other):
        yield f"{label}: {written(one)} -> {written(other)}"


def _shown(data: Mapping[Any, Any], key: Any) -> str:
    return written(data[key]) if key in data else "-"


def _at(data: Data, address: Address) -> Any:
    path = path_of(data, address)
    if path is None:
        return _ABSENT
    for step in path:
        data = data[step]
    return data


def _same(one: Any, other: Any) -> bool:
    """Whether two pieces of data are equal, and true is not 1."""
    return bool(one == other) and repr(one) == repr(other) if not isinstance(one, dict) else _same_maps(one, other)


def _same_maps(one: Mapping[Any, Any], other: Any) -> bool:
    return (
        isinstance(other, dict)
        and one.keys() == other.keys()
        and all(_same(value, other[key]) for key, value in one.items())
    )


def _rule_lines(say: Teller, policy: Policy, rule: Rule | None) -> list[str]:
    if rule is None:
        return []
    head = f"{rule.kind}, {article(rule.terms, say.language)}"
    sentence = rule_sentence(policy, rule, say.language, say.day)
    return [f"({head}) {sentence}", *change_lines(policy, rule, say.language, say.day)]


def _history(say: Teller, value: Value | None) -> list[str]:
    if value is None:
        return []
    told = [(str(day) if day else "", say.cell(cell, value.unit)) for day, cell in value.since]
    return ["; ".join(say.choose(f"{day}부터 {cell}", f"from {day}: {cell}") if day else cell for day, cell in told)]


def _transplanted(data: Data, donor: Data, address: Address) -> Data:
    """The data with what stands at an address of the donor, copied along the path; without it where the donor has
    nothing there.
    """
    if address == RULE_ORDER:
        return data | {"rules": _reordered(data["rules"], [rule["id"] for rule in donor["rules"]])}
    given = _at(donor, address)
    if address[0] != "rules":
        return _put(data, address, given)
    name, rest = address[1], address[2:]
    rules = list(data["rules"])
    at = next((at for at, rule in enumerate(rules) if rule["id"] == name), None)
    if at is None:
        rules.insert(_place(rules, donor["rules"], name), given)
    elif rest:
        rules[at] = _put(rules[at], rest, given)
    elif given is _ABSENT:
        del rules[at]
    else:
        rules[at] = given
    return data | {"rules": rules}


def _put(data: Data, address: Address, given: Any) -> Data:
    first, *rest = address
    below = _put(data.get(first, {}), tuple(rest), given) if rest else given
    kept = {key: value for key, value in data.items() if key != first or below is not _ABSENT}
    if below is not _ABSENT:
        kept[first] = below
    if isinstance(first, date) or any(isinstance(key, date) for key in kept):
        # A history is written in the order of its days, what holds always first.
        kept = dict(sorted(kept.items(), key=lambda each: (isinstance(each[0], date), str(each[0]))))
    # What has lost all that it held goes, too.
    return kept or _ABSENT


def _place(rules: list[Any], others: list[Any], name: str) -> int:
    """Where a rule comes in: behind the nearest rule before it that both have."""
    ids = [rule["id"] for rule in rules]
    before = [rule["id"] for rule in others[: [rule["id"] for rule in others].index(name)] if rule["id"] in ids]
    return ids.index(before[-1]) + 1 if before else 0


def _reordered(rules: list[Any], ids: list[str]) -> list[Any]:
    """The rules that both have in the order of the ids, those of their own where they stood."""
    known = iter(sorted((rule for rule in rules if rule["id"] in ids), key=lambda rule: ids.index(rule["id"])))
    return [next(known) if rule["id"] in ids else rule for rule in rules]
