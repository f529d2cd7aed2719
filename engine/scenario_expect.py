"""What a scenario expects, read from its `expect:` and from the cells of its table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from policies.model import Policy
from policies.problems import did_you_mean
from policies.readers import shown
from policies.source import Path

OUTCOMES = ("approved", "denied", "needs_review", "not_in_force", "conflict")
"""The outcomes of decisions, and the two ways in which none is made."""

AMOUNTS = ("points", "available", "gross", "fee", "tax", "offset", "payout")
REFUND_KEYS = (
    "outcome",
    "reasons",
    *AMOUNTS,
    "payable_on",
    "allocation",
    "lots",
    "last_usable_on",
    "remedy",
    "figures",
)
EVENT_KEYS = ("outcome", "earned")
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
BUILT_IN = ("fee-exceeds-payout",)
"""Reasons that no rule file writes."""


class Sourced(NamedTuple):
    """A word or more of the file, and its path in it."""

    value: Any
    path: Path


@dataclass(frozen=True, slots=True)
class Expected:
    """What a decision must come to, as plain data; days are text.

    `outcome` is "" for an event that is judged. `reasons` is checked in full and in order, `checks` key by key.
    """

    outcome: str
    reasons: tuple[str, ...]
    checks: Mapping[str, Any]


class Reporter(Protocol):
    """Who takes the problems, and knows the policy."""

    @property
    def policy(self) -> Policy:
        """The policy whose rules are named."""

    def add(self, path: Path, code: str, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """One problem."""


def read_expected(
    said: Mapping[str, Sourced], path: Path, lots: Collection[str] | None, to: Reporter, *, event: bool
) -> Expected | None:
    """What is expected of the scenario or row at `path`; None after a problem. `lots` are the names of its lots, None
    when they are not known.
    """
    reader = _Reader(to, lots)
    known = EVENT_KEYS if event else REFUND_KEYS
    for key, each in said.items():
        if key not in known:
            hint = did_you_mean(key, known) or f"it can be {', '.join(known)}"
            reader.refuse(each.path, "unknown-field", f"nothing is called {shown(key)} here", hint, at_key=True)
    outcome = reader.word(said["outcome"], OUTCOMES) if "outcome" in said else ""
    needed = "earned" if event else "outcome"
    if needed not in said and not (event and outcome in ("not_in_force", "conflict")):
        hint = "write what is earned, or [] for nothing" if event else "write approved, denied or needs_review"
        reader.refuse(path, "nothing-checked", f"'{needed}' is not expected", hint)
    reasons = tuple(reader.rules(said["reasons"])) if "reasons" in said else ()
    checks = {key: reader.read(key, each) for key, each in said.items() if key in known[2:] or key == "earned"}
    return Expected(outcome, reasons, checks) if reader.sound else None


class _Reader:
    """Reads the expectations of one scenario."""

    def __init__(self, to: Reporter, lots: Collection[str] | None) -> None:
        self.to = to
        self.lots = lots
        self.ids = [rule.id for rule in to.policy.rules]
        self.sound = True

    def refuse(self, path: Path, code: str, message: str, hint: str = "", *, at_key: bool = False) -> None:
        """One problem."""
        self.sound = False
        self.to.add(path, code, message, hint, at_key=at_key)

    def read(self, key: str, said: Sourced) -> Any:
        """The plain data of one expectation."""
        if key in AMOUNTS:
            return self.amount(said)
        if key == "payable_on":
            return self.day(said)
        if key == "allocation":
            return self.map_of(said, self.amount, self.lots, "lot")
        if key == "lots":
            return self.map_of(said, self.rules, self.lots, "lot")
        if key == "last_usable_on":
            return self.map_of(said, self.day, self.lots, "lot")
        if key == "remedy":
            paths = [path for path, fact in self.to.policy.facts.items() if fact.scope in ("account", "request")]
            return {} if said.value == "none" else self.map_of(said, self.literal, paths, "fact")
        if key == "figures":
            return self.map_of(said, self.figures, [*self.ids, *BUILT_IN], "rule")
        return [self.granted(each) for each in self.items(said)]

    def granted(self, said: Sourced) -> dict[str, Any]:
        """One lot that is earned."""
        facts = self.map_of(said, self.literal, EARNED_KEYS, "field")
        for name in ("rule", "points"):
            if isinstance(said.value, dict) and name not in said.value:
                self.refuse(said.path, "missing-field", f"'{name}' is missing", "write {rule: ..., points: ...}")
        rule = facts.get("rule")
        if rule is not None:
            self.word(Sourced(rule, (*said.path, "rule")), self.ids)
        return facts

    def figures(self, said: Sourced) -> dict[str, Any]:
        """Figures of a reason by name; only those that are named are checked."""
        return self.map_of(said, self.literal, None, "figure")

    def rules(self, said: Sourced) -> list[str]:
        """Ids of rules."""
        return [self.word(each, [*self.ids, *BUILT_IN]) for each in self.items(said)]

    def word(self, said: Sourced, words: Iterable[str]) -> str:
        """One of the words."""
        known = list(words)
        if said.value not in known:
            hint = did_you_mean(str(said.value), known)
            if known == list(OUTCOMES):
                message, hint = f"{shown(said.value)} is no outcome", hint or f"use {', '.join(known)}"
                self.refuse(said.path, "unknown-word", message, hint)
            else:
                message = f"there is no rule {shown(said.value)}"
                self.refuse(said.path, "unknown-rule", message, hint or "name a rule by its id")
        return str(said.value)

    def amount(self, said: Sourced) -> int:
        """A whole number."""
        if isinstance(said.value, int) and not isinstance(said.value, bool):
            return said.value
        self.refuse(said.path, "not-an-amount", f"{shown(said.value)} is not an amount", "write a whole number")
        return 0

    def day(self, said: Sourced) -> str | None:
        """A day or none."""
        if isinstance(said.value, date):
            return said.value.isoformat()
        if said.value != "none":
            hint = "write it like 2026-01-31, or none"
            self.refuse(said.path, "not-a-day", f"{shown(said.value)} is not a day", hint)
        return None

    def literal(self, said: Sourced) -> Any:
        """A single value."""
        if isinstance(said.value, dict | list):
            self.refuse(said.path, "not-a-value", f"{shown(said.value)} stands where one value belongs")
        if isinstance(said.value, date):
            return said.value.isoformat()
        return None if said.value == "none" else said.value

    def items(self, said: Sourced) -> list[Sourced]:
        """The items of a list."""
        if not isinstance(said.value, list):
            self.refuse(said.path, "not-a-list", f"{shown(said.value)} is not a list", "write [a, b], or [] for none")
            return []
        return [Sourced(value, (*said.path, index)) for index, value in enumerate(said.value)]

    def map_of(
        self, said: Sourced, read: Callable[[Sourced], Any], names: Collection[str] | None, what: str
    ) -> dict[str, Any]:
        """A map from names to what `read` reads."""
        if not isinstance(said.value, dict):
            self.refuse(said.path, "not-a-map", f"{shown(said.value)} is not a map", f"write {{{what}: ...}}")
            return {}
        for key in said.value:
            if names is not None and key not in names:
                known = f"it can be {', '.join(list(names)[:12])}" if names else "the scenario has none"
                hint = did_you_mean(str(key), names) or known
                self.refuse((*said.path, key), f"unknown-{what}", f"there is no {what} {shown(key)}", hint, at_key=True)
        return {str(key): read(Sourced(value, (*said.path, key))) for key, value in said.value.items()}
