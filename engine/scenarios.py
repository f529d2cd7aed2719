"""Runs the scenarios of a `*.test.yaml` file on a compiled policy and says, in its author's words, what differs.

`scenario_file.py` reads them; what is read once can be run on many versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.compiled import CompiledVersion
from engine.daily import Daily, daily
from engine.decide import decide
from engine.decision import Decision, Reason
from engine.errors import Conflict, NotInForce
from engine.events import EventAnswer, answer
from engine.facts import Case, DayCase, EventCase
from engine.local_times import local_words
from engine.reading import instant
from engine.scenario_expect import AMOUNTS, LINES
from engine.scenario_file import Scenario
from engine.taken import Taken
from policies.model import Text
from policies.problems import both

Got = Mapping[str, Any]
Trace = Sequence[Mapping[str, Any]]
Differ = Callable[[str, Any, Any], list[Text]]


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was expected of a scenario, what came instead, and in which words the two differ."""

    key: str
    expected: Any
    got: Any
    differences: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one scenario; it passed when nothing differs."""

    scenario: Scenario
    compared: tuple[Compared, ...]

    @property
    def differences(self) -> tuple[Text, ...]:
        """What differs, whatever was expected."""
        return tuple(difference for each in self.compared for difference in each.differences)

    def lines(self, language: str = "en") -> list[str]:
        """Each difference with its place, such as `a.test.yaml:31:7: The minimum: row 3: expected ..., got ...`."""
        scenario = self.scenario
        row = both("{row}번째 행: ", "row {row}: ", row=scenario.row).in_language(language) if scenario.row else ""
        where = f"{scenario.file}:{scenario.place.line}:{scenario.place.column}: {scenario.name}: {row}"
        return [where + difference.in_language(language) for difference in self.differences]


def run(compiled: CompiledVersion, scenario: Scenario, *, helping: bool = True) -> Result:
    """What a scenario comes to on a version whose vocabulary it was read with. Unless it is `helping`, no remedies are
    looked for: for a scenario that expects none.
    """
    expected = scenario.expected
    got, _ = observe_case(compiled, scenario.case, helping=helping)
    wanted = {
        "outcome": expected.outcome or "answered",
        "reasons": list(expected.reasons),
        **{key: value for key, value in expected.checks.items() if key in got},
    }
    return Result(
        scenario,
        tuple(
            Compared(key, value, got[key], tuple(_BY_KEY.get(key, _differ)(key, value, got[key])))
            for key, value in wanted.items()
        ),
    )


def observe(compiled: CompiledVersion, scenario: Scenario) -> Got:
    """What the engine makes of a scenario's case, by the keys that can be expected of it."""
    return observe_case(compiled, scenario.case)[0]


def observe_case(
    compiled: CompiledVersion, case: Case | EventCase | DayCase, *, helping: bool = True
) -> tuple[Got, Trace]:
    """What the engine makes of a case, by the keys that can be expected of it, and the trace of how it came to that."""
    try:
        if isinstance(case, EventCase):
            event = answer(compiled, case)
            return _answered(event), event.trace
        if isinstance(case, DayCase):
            day = daily(compiled, case)
            return _passed(day), day.trace
        decision = decide(compiled, case, helping=helping)
        return of_decision(decision, compiled.zone), decision.trace
    except NotInForce:
        return {"outcome": "not_in_force", "reasons": []}, ()
    except Conflict as conflict:
        return {"outcome": "conflict", "reasons": list(conflict.rules)}, ()


def of_decision(decision: Decision, zone: ZoneInfo) -> Got:
    """What a decision comes to, by the same keys."""
    return {
        **{name: getattr(decision, name) for name in ("outcome", *AMOUNTS, "payable_on", "last_held_on", "allocation")},
        **{name: _by_rule(getattr(decision, name), amount) for name, amount in LINES.items()},
        "reasons": [reason.rule for reason in decision.reasons],
        "figures": {reason.rule: reason.figures for reason in decision.reasons},
        "remedy": [_in_zone(reason.remedy.set, zone) for reason in decision.reasons if reason.remedy],
        "lots": {lot.lot: [reason.rule for reason in lot.reasons] for lot in decision.lots},
        "last_usable_on": {lot.lot: lot.last_usable_on for lot in decision.lots},
    }


def _by_rule(lines: Iterable[Any], amount: str) -> dict[str, int]:
    """What each rule comes to, all its lines together."""
    found: dict[str, int] = {}
    for line in lines:
        found[line.rule] = found.get(line.rule, 0) + getattr(line, amount)
    return found


def _in_zone(change: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """What a remedy changes, with its time as the file writes times."""
    at = {"as_of": local_words(instant(change["as_of"]), zone)} if "as_of" in change else {}
    return {**change, **at}


def _answered(found: EventAnswer) -> Got:
    return {
        "outcome": "refused" if found.refused else "answered",
        **_said(found.reasons),
        "earned": [lot.to_data() for lot in found.granted],
        "taken": _by_lot(found.taken),
        **{name: getattr(found, name) for name in ("lapsed", "debt", "forgiven")},
    }


def _passed(found: Daily) -> Got:
    return {
        "outcome": "answered",
        **_said(found.reasons),
        "expired": {each.lot: each.points for each in found.expired},
        "charged": _by_lot(found.charged),
        "notices": [each.to_data() for each in found.notices],
    }


def _said(reasons: Iterable[Reason]) -> Got:
    return {
        "reasons": [reason.rule for reason in reasons],
        "figures": {reason.rule: reason.figures for reason in reasons},
    }


def _by_lot(taken: Iterable[Taken]) -> dict[str, int]:
    """What each lot pays, whichever rules take it."""
    found: dict[str, int] = {}
    for each in taken:
        found[each.lot] = found.get(each.lot, 0) + each.points
    return found


def _differ(key: str, expected: Any, got: Any) -> list[Text]:
    return [] if expected == got else [_instead(key, written(expected), written(got))]


def _instead(key: str, expected: str | Text, got: str | Text) -> Text:
    return both(
        "{key}: 기대한 값은 {expected}, 나온 값은 {got}",
        "expected {key} {expected}, got {got}",
        key=key,
        expected=expected,
        got=got,
    )


def _differ_by_lot(key: str, expected: Any, got: Any) -> list[Text]:
    """Every lot, those that are not named being expected to have nothing against them."""
    return [
        both(
            "적립 건 '{lot}': 기대한 이유는 {expected}, 나온 이유는 {got}",
            "lot '{lot}': expected reasons {expected}, got {got}",
            lot=lot,
            expected=written(expected.get(lot, [])),
            got=written(reasons),
        )
        for lot, reasons in got.items()
        if reasons != expected.get(lot, [])
    ]


def _differ_where_named(key: str, expected: Any, got: Any) -> list[Text]:
    return [
        both(
            "{key} {name}: 기대한 값은 {expected}, 나온 값은 {got}",
            "expected {key} {name}: {expected}, got {got}",
            key=key,
            name=name,
            expected=written(value),
            got=written(got.get(name)),
        )
        for name, value in expected.items()
        if got.get(name) != value
    ]


def _differ_in_figures(key: str, expected: Any, got: Any) -> list[Text]:
    differences: list[Text] = []
    for rule, figures in expected.items():
        if rule not in got:
            silent = both(
                "'{rule}' 규칙의 figures 값을 기대했으나 그 규칙은 이유로 나오지 않았습니다",
                "expected figures of '{rule}', which gave no reason",
                rule=rule,
            )
            differences.append(silent)
        else:
            differences += _differ_where_named(f"'{rule}'", figures, got[rule])
    return differences


def _differ_in_remedy(key: str, expected: Any, got: Any) -> list[Text]:
    """All remedies that are offered must be the expected one; or those of a list, in the order of the reasons."""
    if isinstance(expected, list):
        offered, wanted = got, expected
    else:
        offered = [each for at, each in enumerate(got) if each not in got[:at]]
        wanted = [expected] if expected else []
    if offered == wanted:
        return []
    told = [[*map(written, each)] or ["none"] for each in (wanted, offered)]
    return [_instead(key, *(Text(" 및 ".join(each), " and ".join(each)) for each in told))]


def _differ_in_earnings(key: str, expected: Any, got: Any) -> list[Text]:
    """As many lots, in the same order; of each, what is named."""
    shown = [{name: each.get(name) for name in wanted} for wanted, each in zip(expected, got, strict=False)]
    shown += [{"rule": each["rule"], "points": each["points"]} for each in got[len(expected) :]]
    return _differ(key, expected, shown)


_BY_KEY: Mapping[str, Differ] = {
    "lots": _differ_by_lot,
    "last_usable_on": _differ_where_named,
    "figures": _differ_in_figures,
    "remedy": _differ_in_remedy,
    "earned": _differ_in_earnings,
    "notices": _differ_in_earnings,
}


def written(value: Any) -> str:
    """A value as an author writes it.

    >>> written({"bill": 20_000, "promo": None}), written(["minimum", "unit"])
    ('{bill: 20_000, promo: none}', '[minimum, unit]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return "none" if value is None else str(value)
