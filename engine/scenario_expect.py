"""What a scenario expects, read from its `expect:` and from the cells of its table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from engine.local_times import BadTime, instant_of, local_words
from policies.fields import is_missing, is_no_map
from policies.model import Policy, Text
from policies.problems import both, did_you_mean
from policies.readers import not_a_day, shown
from policies.source import Path

OUTCOMES = ("approved", "denied", "needs_review", "not_in_force", "conflict")
"""The outcomes of decisions, and the two ways in which none is made."""

OTHER_OUTCOMES = ("refused", "not_in_force", "conflict")
"""The outcomes that are worth naming of events and days: all others are answered."""

AMOUNTS = ("points", "available", "gross", "fee", "tax", "offset", "payout")
REFUND_KEYS = (
    "outcome",
    "reasons",
    *AMOUNTS,
    "payable_on",
    "last_held_on",
    "allocation",
    "prices",
    "fees",
    "taxes",
    "offsets",
    "lots",
    "last_usable_on",
    "remedy",
    "figures",
)
LINES = {"prices": "money", "fees": "fee", "taxes": "tax", "offsets": "offset"}
"""What each rule comes to, and what of its lines in the decision that is."""

EVENT_KEYS = ("outcome", "reasons", "earned", "taken", "lapsed", "debt", "forgiven", "figures")
DAY_KEYS = ("outcome", "reasons", "expired", "charged", "notices", "figures")
About = Literal["request", "event", "day"]
KEYS: Mapping[About, tuple[str, ...]] = {"request": REFUND_KEYS, "event": EVENT_KEYS, "day": DAY_KEYS}
"""What can be expected of a request, an event and a day."""

NOTHING: Mapping[About, Mapping[str, Any]] = {
    "request": {},
    "event": {"earned": [], "taken": {}, "lapsed": 0, "debt": 0, "forgiven": 0},
    "day": {"expired": {}, "charged": {}, "notices": []},
}
"""What is expected where a scenario that expects something does not name it."""

EARNED_KEYS = (
    "rule",
    "points",
    "source",
    "campaign",
    "acquired_on",
    "usable_from_on",
    "expires_on",
    "identity_level",
)
NOTICE_KEYS = ("rule", "points", "before", "last_usable_on", "charged_on", "lots")
BUILT_IN = ("fee-exceeds-payout", "tax-exceeds-payout", "comes-to-nothing", "no-such-amount")
"""Reasons that no rule file writes."""


class Sourced(NamedTuple):
    """A word or more of the file, and its path in it."""

    value: Any
    path: Path


@dataclass(frozen=True, slots=True)
class Expected:
    """What a decision must come to, as plain data; days are text.

    `outcome` is "" for an event or a day that is answered. `reasons` is checked in full and in order, `checks` key by
    key.
    """

    outcome: str
    reasons: tuple[str, ...]
    checks: Mapping[str, Any]


class Reporter(Protocol):
    """Who takes the problems, and knows the policy."""

    @property
    def policy(self) -> Policy:
        """The policy whose rules are named."""

    def add(self, path: Path, code: str, message: Text, hint: Text | None = None, *, at_key: bool = False) -> None:
        """One problem."""


def read_expected(
    said: Mapping[str, Sourced], path: Path, lots: Collection[str] | None, to: Reporter, *, about: About
) -> Expected | None:
    """What is expected of the scenario or row at `path`; None after a problem. `lots` are the names of its lots, None
    when they are not known.
    """
    reader = _Reader(to, lots)
    known = KEYS[about]
    for key, each in said.items():
        if key not in known:
            message = both("여기에 없는 이름입니다: {key}", "nothing is called {key} here", key=shown(key))
            reader.refuse(each.path, "unknown-field", message, did_you_mean(key, known) or _can_be(known), at_key=True)
    outcomes = OUTCOMES if about == "request" else OTHER_OUTCOMES
    outcome = reader.word(said["outcome"], outcomes) if "outcome" in said else ""
    if not outcome and (about == "request" or not NOTHING[about].keys() & said.keys()):
        needed, hint = _NEEDED[about]
        message = both("'{needed}' 항목의 기대값이 없습니다", "'{needed}' is not expected", needed=needed)
        reader.refuse(path, "nothing-checked", message, hint)
    reasons = tuple(reader.rules(said["reasons"])) if "reasons" in said else ()
    checks = {key: reader.read(key, each) for key, each in said.items() if key in known[2:]}
    if not outcome:
        checks = {**NOTHING[about], **checks}
    return Expected(outcome, reasons, checks) if reader.sound else None


_NEEDED: Mapping[About, tuple[str, Text]] = {
    "request": (
        "outcome",
        both("approved, denied 또는 needs_review 중 하나를 쓰십시오", "write approved, denied or needs_review"),
    ),
    "event": (
        "earned",
        both("적립되는 것을 쓰십시오. 없으면 []입니다", "write what is earned, or [] for nothing"),
    ),
    "day": (
        "expired",
        both("유효기간이 끝난 것을 쓰십시오. 없으면 {}입니다", "write what has expired, or {} for nothing"),
    ),
}


class _Reader:
    """Reads the expectations of one scenario."""

    def __init__(self, to: Reporter, lots: Collection[str] | None) -> None:
        self.to = to
        self.lots = lots
        self.ids = [rule.id for rule in to.policy.rules]
        self.sound = True

    def refuse(self, path: Path, code: str, message: Text, hint: Text | None = None, *, at_key: bool = False) -> None:
        """One problem."""
        self.sound = False
        self.to.add(path, code, message, hint, at_key=at_key)

    def read(self, key: str, said: Sourced) -> Any:
        """The plain data of one expectation."""
        if key in AMOUNTS or key in ("lapsed", "debt", "forgiven"):
            return self.amount(said)
        if key in ("payable_on", "last_held_on"):
            return self.day(said)
        if key in ("allocation", "taken", "expired", "charged"):
            return self.map_of(said, self.amount, self.lots, "lot")
        if key in LINES:
            return self.map_of(said, self.amount, self.ids, "rule")
        if key == "lots":
            return self.map_of(said, self.rules, self.lots, "lot")
        if key == "last_usable_on":
            return self.map_of(said, self.day, self.lots, "lot")
        if key == "remedy":
            if isinstance(said.value, list):
                return [self.remedy(each) for each in self.items(said)]
            return {} if said.value == "none" else self.remedy(said)
        if key == "figures":
            return self.map_of(said, self.figures, [*self.ids, *BUILT_IN], "rule")
        if key == "notices":
            return [self.notice(each) for each in self.items(said)]
        return [self.granted(each) for each in self.items(said)]

    def notice(self, said: Sourced) -> dict[str, Any]:
        """One notice that is due."""
        if not isinstance(said.value, dict):
            return self.map_of(said, self.literal, NOTICE_KEYS, "field")
        lots = Sourced(said.value.get("lots", []), (*said.path, "lots"))
        plain = Sourced({name: each for name, each in said.value.items() if name != "lots"}, said.path)
        facts = self.map_of(plain, self.literal, NOTICE_KEYS, "field")
        if "lots" in said.value:
            facts["lots"] = [self.lot(each) for each in self.items(lots)]
        self.check_line(said, facts)
        return facts

    def lot(self, said: Sourced) -> str:
        """One of the lots of the scenario."""
        if self.lots is not None and said.value not in self.lots:
            message = both("없는 포인트 묶음(lot)입니다: {found}", "there is no lot {found}", found=shown(said.value))
            one = both("이 시나리오의 lots: 항목에 있는 이름을 쓰십시오", "name one of the scenario's lots")
            self.refuse(said.path, "unknown-lot", message, did_you_mean(str(said.value), self.lots) or one)
        return str(said.value)

    def check_line(self, said: Sourced, facts: Mapping[str, Any]) -> None:
        """A lot that is earned and a notice name their rule and their points."""
        for name in ("rule", "points"):
            if name not in facts:
                hint = both("{rule: ..., points: ...} 형식으로 쓰십시오", "write {rule: ..., points: ...}")
                self.refuse(said.path, "missing-field", is_missing(name), hint)
        if facts.get("rule") is not None:
            self.word(Sourced(facts["rule"], (*said.path, "rule")), self.ids)

    def granted(self, said: Sourced) -> dict[str, Any]:
        """One lot that is earned."""
        facts = self.map_of(said, self.literal, EARNED_KEYS, "field")
        if isinstance(said.value, dict):
            self.check_line(said, facts)
        return facts

    def remedy(self, said: Sourced) -> dict[str, Any]:
        """Facts as a remedy would have them; a time is local, as everywhere in the file."""
        facts = self.to.policy.facts.items()
        paths = [path for path, fact in facts if fact.scope in ("account", "request")] + [
            "request.money",
            "request.papers",
            "as_of",
        ]
        found = self.map_of(said, lambda each: each, paths, "fact")
        return {name: self.changed(name, each) for name, each in found.items()}

    def changed(self, name: str, said: Sourced) -> Any:
        """One fact of a remedy."""
        if name == "as_of":
            zone = ZoneInfo(self.to.policy.timezone)
            try:
                return local_words(instant_of(said.value, zone), zone)
            except BadTime as bad:
                self.refuse(said.path, bad.code, bad.message, bad.hint)
                return None
        return self.papers(said) if name == "request.papers" else self.literal(said)

    def papers(self, said: Sourced) -> list[dict[str, Any]]:
        """Papers, each a name or a map with the day of its issue."""
        found = []
        for each in self.items(said):
            one = each if isinstance(each.value, dict) else Sourced({"paper": each.value}, each.path)
            found.append({"issued_on": None} | self.map_of(one, self.literal, ("paper", "issued_on"), "field"))
        return [{"paper": each.get("paper"), "issued_on": each["issued_on"]} for each in found]

    def figures(self, said: Sourced) -> dict[str, Any]:
        """Figures of a reason by name; only those that are named are checked."""
        return self.map_of(said, self.figure, None, "figure")

    def figure(self, said: Sourced) -> Any:
        """One figure: a single value, or a list of them for papers."""
        return [self.literal(each) for each in self.items(said)] if isinstance(said.value, list) else self.literal(said)

    def rules(self, said: Sourced) -> list[str]:
        """Ids of rules."""
        return [self.word(each, [*self.ids, *BUILT_IN]) for each in self.items(said)]

    def word(self, said: Sourced, words: Iterable[str]) -> str:
        """One of the words."""
        known = list(words)
        if said.value not in known:
            hint = did_you_mean(str(said.value), known)
            if known in (list(OUTCOMES), list(OTHER_OUTCOMES)):
                message = both("없는 결과입니다: {found}", "{found} is no outcome", found=shown(said.value))
                one = both("쓸 수 있는 것: {known}", "use {known}", known=", ".join(known))
                self.refuse(said.path, "unknown-word", message, hint or one)
            else:
                message = both("없는 규칙입니다: {found}", "there is no rule {found}", found=shown(said.value))
                by_id = both("규칙의 id를 쓰십시오", "name a rule by its id")
                self.refuse(said.path, "unknown-rule", message, hint or by_id)
        return str(said.value)

    def amount(self, said: Sourced) -> int:
        """A whole number."""
        if isinstance(said.value, int) and not isinstance(said.value, bool):
            return said.value
        message = both("정수로 쓴 수량이 아닙니다: {found}", "{found} is not an amount", found=shown(said.value))
        self.refuse(said.path, "not-an-amount", message, both("정수를 쓰십시오", "write a whole number"))
        return 0

    def day(self, said: Sourced) -> str | None:
        """A day or none."""
        if isinstance(said.value, date):
            return said.value.isoformat()
        if said.value != "none":
            hint = both("2026-01-31 또는 none처럼 쓰십시오", "write it like 2026-01-31, or none")
            self.refuse(said.path, "not-a-day", not_a_day(said.value), hint)
        return None

    def literal(self, said: Sourced) -> Any:
        """A single value."""
        if isinstance(said.value, dict | list):
            message = both(
                "값 하나가 올 자리에 다른 것이 있습니다: {found}",
                "{found} stands where one value belongs",
                found=shown(said.value),
            )
            hint = both("값 하나를 쓰십시오", "write a single value")
            self.refuse(said.path, "not-a-value", message, hint)
        if isinstance(said.value, date):
            return said.value.isoformat()
        return None if said.value == "none" else said.value

    def items(self, said: Sourced) -> list[Sourced]:
        """The items of a list."""
        if not isinstance(said.value, list):
            message = both("목록이 아닙니다: {found}", "{found} is not a list", found=shown(said.value))
            hint = both("[a, b] 형식으로 쓰십시오. 없으면 []입니다", "write [a, b], or [] for none")
            self.refuse(said.path, "not-a-list", message, hint)
            return []
        return [Sourced(value, (*said.path, index)) for index, value in enumerate(said.value)]

    def map_of(
        self, said: Sourced, read: Callable[[Sourced], Any], names: Collection[str] | None, what: str
    ) -> dict[str, Any]:
        """A map from names to what `read` reads."""
        if not isinstance(said.value, dict):
            hint = both("{{{what}: ...}} 형식으로 쓰십시오", "write {{{what}: ...}}", what=what)
            self.refuse(said.path, "not-a-map", is_no_map(said.value), hint)
            return {}
        for key in said.value:
            if names is not None and key not in names:
                none = both("이 시나리오에는 하나도 없습니다", "the scenario has none")
                known = _can_be(list(names)[:_MOST_NAMED]) if names else none
                message = both(
                    "없는 {what}입니다: {key}", "there is no {what} {key}", what=_WORDS[what], key=shown(key)
                )
                hint = did_you_mean(str(key), names) or known
                self.refuse((*said.path, key), f"unknown-{what}", message, hint, at_key=True)
        return {str(key): read(Sourced(value, (*said.path, key))) for key, value in said.value.items()}


_MOST_NAMED = 12
_WORDS = {
    "lot": both("포인트 묶음(lot)", "lot"),
    "fact": both("팩트", "fact"),
    "rule": both("규칙", "rule"),
    "field": both("항목", "field"),
    "figure": both("수치", "figure"),
}


def _can_be(names: Iterable[str]) -> Text:
    return both("쓸 수 있는 것: {names}", "it can be {names}", names=", ".join(names))
