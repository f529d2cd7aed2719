"""What a scenario says as the plain data of a case, as it would come over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engine.local_times import BadTime, instant_of
from engine.reading import instant_words
from engine.scenario_expect import About, Reporter, Sourced
from policies.problems import both
from policies.readers import in_quotes
from policies.source import Path

Facts = dict[str, Sourced]


@dataclass(slots=True)
class Parts:
    """What one scenario or row has said so far, each word with its path."""

    path: Path
    account: Facts = field(default_factory=dict)
    lots: dict[str, Facts] = field(default_factory=dict)
    history: list[Facts] = field(default_factory=list)
    request: Facts | None = None
    event: Facts | None = None
    earned: list[Facts] = field(default_factory=list)
    day: Sourced | None = None
    as_of: Sourced | None = None
    expect: Facts = field(default_factory=dict)

    @property
    def about(self) -> About:
        """What is asked about: an event, a day by itself, or a refund request."""
        if self.event is not None:
            return "event"
        return "request" if self.day is None else "day"


class PlainCase:
    """Makes the plain data of cases; `paths` says where in the file each part of it was written."""

    def __init__(self, to: Reporter, zone: ZoneInfo) -> None:
        self.to = to
        self.zone = zone
        self.paths: dict[str, Path] = {}

    def case(self, parts: Parts) -> dict[str, Any]:
        """A refund request with its account, lots and history."""
        account = self.record("account", parts.account, "account")
        as_of = self.instant("as_of", parts.as_of)
        past = []
        for index, facts in enumerate(parts.history):
            raw = self.record(f"history.{index}", facts, "history")
            past.append({"id": f"H{index + 1}", "account_id": account["id"], "state": "settled"} | raw)
            requested_at = raw.get("requested_at")
            if as_of and requested_at and requested_at > as_of:
                message = both(
                    "이 환급은 지금의 신청보다 나중에 신청되었습니다", "this refund was asked for after the request"
                )
                hint = both("더 이른 시각을 쓰십시오", "write an earlier time")
                self.to.add(self.paths[f"history.{index}.requested_at"], "not-past", message, hint)
        return {
            "account": account,
            "lots": self.lots(parts),
            "request": self.record("request", parts.request or {}, "request"),
            "history": past,
            "as_of": as_of,
        }

    def event_case(self, parts: Parts) -> dict[str, Any]:
        """An event with its account, what was earned before, and the lots that points can be taken back from."""
        event = self.record("event", parts.event or {}, "event")
        earned = [
            {"id": f"E{index + 1}"} | self.record(f"earned.{index}", facts, "earned")
            for index, facts in enumerate(parts.earned)
        ]
        happened_at = self.instant("event.happened_at", parts.as_of)
        return {
            "account": self.record("account", parts.account, "account"),
            "event": {"id": "event", "happened_at": happened_at} | event,
            "earned": earned,
            "lots": self.lots(parts),
        }

    def day_case(self, parts: Parts) -> dict[str, Any]:
        """An account and its lots on a day."""
        assert parts.day is not None, parts.path
        self.paths["day"] = parts.day.path
        day = parts.day.value
        return {
            "account": self.record("account", parts.account, "account"),
            "lots": self.lots(parts),
            "day": day.isoformat() if isinstance(day, date) else day,
        }

    def lots(self, parts: Parts) -> list[dict[str, Any]]:
        """The lots, in the order in which they are written."""
        return [self.record(f"lots.{at}", lot, "lot") for at, lot in enumerate(parts.lots.values())]

    def record(self, path: str, facts: Facts, scope: str) -> dict[str, Any]:
        """One object of a case."""
        plain: dict[str, Any] = {}
        for name, said in facts.items():
            if name == "at" and scope in _AT:
                name = _AT[scope]
                plain[name] = self.instant(f"{path}.{name}", said)
            elif (scope, name) == ("request", "papers"):
                plain[name] = self.papers(f"{path}.{name}", said)
            else:
                plain[name] = self.fact(f"{scope}.{name}", said)
            self.paths[f"{path}.{name}"] = said.path
        if facts:
            # What is missing from a map is told where the map stands.
            self.paths[path] = max((said.path for said in facts.values()), key=len)[:-1]
        return plain

    def papers(self, path: str, said: Sourced) -> Any:
        """The papers of a request; a name alone is a paper whose day of issue is not known."""
        if not isinstance(said.value, list):
            return said.value
        plain: list[Any] = []
        for index, each in enumerate(said.value):
            self.paths[f"{path}.{index}"] = (*said.path, index)
            if not isinstance(each, dict):
                plain.append({"paper": each})
                continue
            plain.append({name: plain_day(value) for name, value in each.items()})
            self.paths |= {f"{path}.{index}.{name}": (*said.path, index, name) for name in each}
        return plain

    def fact(self, path: str, said: Sourced) -> Any:
        known = self.to.policy.facts.get(path)
        if said.value == "none" and known is not None and known.none:
            return None
        if isinstance(said.value, date):
            if known is not None and known.type == "text":
                message = both(
                    "'{name}' 팩트는 텍스트인데 날짜가 있습니다", "'{name}' is text, not a day", name=known.name
                )
                self.to.add(said.path, "not-text", message, in_quotes(said.value))
            return said.value.isoformat()
        if isinstance(said.value, list):
            return [each.isoformat() if isinstance(each, date) else each for each in said.value]
        return said.value

    def instant(self, path: str, said: Sourced | None) -> str | None:
        assert said is not None, path
        self.paths[path] = said.path
        try:
            return instant_words(instant_of(said.value, self.zone))
        except BadTime as bad:
            self.to.add(said.path, bad.code, bad.message, bad.hint)
            return None


def facts_given(data: Any) -> frozenset[str]:
    """Every fact that some scenario of a sound scenario file sets, by its path."""
    found = {("lot", name) for lot in data.get("lots", {}).values() for name in lot}
    found |= {("account", name) for account in data.get("accounts", {}).values() for name in account}
    for scenario in data["scenarios"]:
        for part in ("account", "request", "event"):
            found |= {(part, name) for name in _keys(scenario.get(part))}
        found |= {("lot", name) for lot in scenario.get("lots", ()) for name in _keys(lot)}
        for index, column in enumerate(scenario.get("columns", ())):
            part, _, name = column.partition(".")
            if name:
                found.add((part if part in ("account", "request", "event") else "lot", name))
            elif part == "account":
                found |= {(part, name) for row in scenario["rows"] for name in _keys(row[index])}
    return frozenset(f"{part}.{name}" for part, name in found)


def _keys(facts: Any) -> tuple[str, ...]:
    """The names in a map of facts; none of what stands elsewhere under a name."""
    return tuple(facts) if isinstance(facts, dict) else ()


def plain_day(value: Any) -> Any:
    """A day, or the `none` of one that is missing, as JSON; anything else as it is."""
    return value.isoformat() if isinstance(value, date) else None if value == "none" else value


_AT = {"history": "requested_at", "earned": "happened_at", "event": "happened_at"}
