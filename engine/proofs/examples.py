"""A model as a case that the engine decides, and as a scenario to paste into a test file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.cases import read_case, read_day_case, read_event_case
from engine.facts import Case, DayCase, EventCase
from engine.local_times import instant_of
from engine.proofs.logic import Answer
from engine.proofs.world import World, fact_of
from engine.reading import instant_words
from engine.scenario_text import item_text
from policies.flow import written
from policies.model import Fact, Policy

NOON = 12 * 60
LOT = "lot"


@dataclass(frozen=True, slots=True)
class Example:
    """The parts of a scenario as plain data, days as days: what it says of the account, the lot and so on."""

    parts: Mapping[str, Any]

    def case(self, policy: Policy) -> Case | EventCase | DayCase:
        """The same as a case of the engine."""
        zone = ZoneInfo(policy.timezone)
        account = {"id": "account", **_json(self.parts["account"])}
        lots = [_json(lot) for lot in self.parts.get("lots", ())]
        if "day" in self.parts:
            return read_day_case(policy, {"account": account, "lots": lots, "day": self.parts["day"].isoformat()})
        at = instant_words(instant_of(self.parts["as_of"], zone))
        if "event" in self.parts:
            event = {"id": "event", "happened_at": at, **_json(self.parts["event"])}
            return read_event_case(policy, {"account": account, "event": event, "earned": _earned(self.parts, zone)})
        past = [
            {
                "id": f"H{number}",
                "account_id": "account",
                "state": "settled",
                "requested_at": instant_words(instant_of(each["at"], zone)),
                **{name: value for name, value in each.items() if name != "at"},
            }
            for number, each in enumerate(self.parts.get("history", ()), start=1)
        ]
        request = _json(self.parts["request"])
        return read_case(policy, {"account": account, "lots": lots, "request": request, "history": past, "as_of": at})


def _earned(parts: Mapping[str, Any], zone: ZoneInfo) -> list[dict[str, Any]]:
    return [
        {
            "id": f"E{number}",
            "happened_at": instant_words(instant_of(each["at"], zone)),
            **{name: value for name, value in each.items() if name != "at"},
        }
        for number, each in enumerate(parts.get("earned", ()), start=1)
    ]


def request_example(
    world: World, answer: Answer, minutes: int = NOON, *, before: int = 0, times: int = 0, papers: bool = True
) -> Example:
    """A refund request: `before` points were refunded in `times` refunds earlier that day."""
    policy = world.policy
    day = date.fromordinal(answer.number(world.today))
    account = _facts(world, answer, "account", day)
    lot = {"id": LOT, **_facts(world, answer, "lot", day)}
    if lot.get("left") == lot["amount"]:
        del lot["left"]
    request = _facts(world, answer, "request", day)
    # Beside the lot, those that the member chose: nothing is left of them, so that the sums stay what they are.
    own, chosen = (_known(world, answer, path) for path in ("lot.chosen", "request.chosen_lots"))
    others = [{**lot, "id": f"{LOT}-{number}", "amount": 0} for number in range(1, chosen - own + 1)]
    for each in others:
        each.pop("left", None)
    if own or others:
        request["lots"] = [*[LOT] * own, *[each["id"] for each in others]]
    if papers and policy.rules_of("paper"):
        request["papers"] = [{"paper": name, "issued_on": day} for name in policy.papers]
    parts: dict[str, Any] = {"account": account, "lots": [lot, *others]}
    if times:
        shared = {"method": request["method"], "at": f"{day} 00:00"}
        if "receiving_account" in request:
            shared["receiving_account"] = request["receiving_account"]
        points = [1] * (times - 1) + [before - times + 1]
        parts["history"] = [{"at": shared["at"], "points": each, **shared} for each in points]
    return Example({**parts, "as_of": _at(day, minutes), "request": request})


def _known(world: World, answer: Answer, path: str) -> int:
    """What a fact is in a model, 0 where nothing was asked of it."""
    fact = world.facts.get(path)
    return answer.number(fact) if fact is not None and answer.knows(fact) else 0


def event_example(world: World, answer: Answer, earned: Iterable[Mapping[str, Any]] = ()) -> Example:
    """An event, and what was earned before."""
    day = date.fromordinal(answer.number(world.today))
    parts = {"account": _facts(world, answer, "account", day), "event": _facts(world, answer, "event", day)}
    before = list(earned)
    if before:
        parts["event"]["of"] = "undone"
        parts["earned"] = [{"at": _at(day - timedelta(days=1), NOON), **each} for each in before]  # type: ignore[assignment]
    return Example({**parts, "as_of": _at(day, NOON)})


def day_example(world: World, answer: Answer) -> Example:
    """An account and its lot on a day."""
    day = date.fromordinal(answer.number(world.today))
    lot = {"id": LOT, **_facts(world, answer, "lot", day)}
    if lot.get("left") == lot["amount"]:
        del lot["left"]
    return Example({"account": _facts(world, answer, "account", day), "lots": [lot], "day": day})


def _at(day: date, minutes: int) -> str:
    return f"{day} {minutes // 60:02}:{minutes % 60:02}"


def _facts(world: World, answer: Answer, scope: str, today: date) -> dict[str, Any]:
    """The facts of one scope that a case has to give: those that formulas look at, and those that are required."""
    found: dict[str, Any] = {}
    for path, fact in world.policy.facts.items():
        if fact.scope != scope or fact.derived:
            continue
        if path in world.facts and answer.knows(world.facts[path]):
            value = fact_of(world, path, answer.number(world.facts[path]))
            if fact.required or value != fact.default or path == "lot.usable_from_on":
                found[fact.name] = value
        elif fact.required:
            found[fact.name] = _some(fact, today)
    if scope == "lot" and "amount" not in found:
        found["amount"] = found.get("left", 1)
    if found.get("usable_from_on") and found["usable_from_on"] == found.get("acquired_on"):
        del found["usable_from_on"]
    return found


def _some(fact: Fact, today: date) -> Any:
    """A value for a fact that nothing looks at."""
    if fact.path == "lot.amount":
        return 1
    if fact.type == "choice":
        return fact.choices[0]
    if fact.type == "date":
        return today - timedelta(days=365)
    return {"flag": False, "text": "X", "points": 1000, "money": 1000}.get(fact.type, 0)


def _json(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {name: _json(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_json(each) for each in data]
    return data.isoformat() if isinstance(data, date) else data


def scenario_text(
    name: str,
    example: Example,
    expect: Mapping[str, Any] | None = None,
    *,
    columns: Sequence[str] = (),
    rows: Iterable[Sequence[Any]] = (),
) -> str:
    """A scenario in the agreed layout, as one item of the list `scenarios`: one case, or a table of them."""
    lines = [f"- name: {written(name)}"]
    for part, data in example.parts.items():
        if part == "lots" or part in ("history", "earned"):
            lines += [f"  {part}:", *[f"    - {written(each)}" for each in data]]
        else:
            lines.append(f"  {part}: {data if part in ('as_of', 'day') else written(data)}")
    if expect is None:
        lines += [f"  columns: {written(columns)}", "  rows:", *[f"    - {written(row)}" for row in rows]]
    else:
        lines.append(f"  expect: {written(expect)}")
    return item_text(lines)
