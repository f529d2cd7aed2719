"""The JSON Schema of scenario files, for editors; `policies/editor.py` makes that of rule files.

As there, what an editor's YAML reads as text (days, times, `50_000`) is text here, and nothing is refused that
`scenario_file.py` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.scenario_expect import AMOUNTS, EARNED_KEYS, KEYS, NOTICE_KEYS, OTHER_OUTCOMES, OUTCOMES
from engine.scenario_file import PARTS, TOP
from policies.json_conditions import about, members
from policies.json_shapes import UNDERSCORED, Json, closed, common, described, hinted, list_of, one_of, refer, text
from policies.model import Fact
from policies.readers import SNAKE

FILE = "recoup.test.schema.json"
"""What the shipped schema is called; it stands in `rules/`."""

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = rf"{_DAY}[ T][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}})?"
_WHOLE = hinted(
    {"type": ["integer", "string"], "pattern": f"^-?{UNDERSCORED}$"}, "write a whole number, such as 50_000"
)
_ANY = {"type": ["integer", "string", "boolean"]}


def scenario_file_schema() -> Json:
    """The JSON Schema (2020-12) of a scenario file."""
    top: Mapping[str, Json] = {
        "policy": described(text([r"[\s\S]+"], "name the rule file"), "The rule file that is tested."),
        "as_of": refer("time"),
        "accounts": described(_named("account"), "Accounts that scenarios call by name."),
        "lots": described(_named("lot"), "Lots that scenarios call by name."),
        "scenarios": {"type": "array", "minItems": 1, "items": refer("scenario")},
    }
    definitions: Mapping[str, Json] = {
        "time": described(text([_TIME], "write it like 2026-03-02 10:00"), "When it is decided, in the policy's zone."),
        "scenario": _scenario(),
        "expect": _expect(),
        **{scope: _facts(scope) for scope in ("account", "lot", "request", "event")},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Made by: recoup schema --scenarios",
        **closed(_known(top, TOP), ("policy", "scenarios")),
        "$defs": dict(sorted(definitions.items())),
    }


def _known(shapes: Mapping[str, Json], names: Sequence[str]) -> Json:
    """Every name with its shape; one that has none can be anything."""
    return {name: shapes.get(name, {}) for name in names}


def _named(scope: str) -> Json:
    names = {"not": {"enum": ["account", "request", "event"]}, "pattern": r"^[^.]*$"}
    return {"type": "object", "propertyNames": names, "additionalProperties": refer(scope)}


def _facts(scope: str) -> Json:
    """The facts of an account, a lot, a request or an event, with those that the rule file declares."""
    facts = {fact.name: described(_fact(fact), *about(fact)) for fact in common((scope,))}
    facts["id"] = {"type": "string"}
    if scope == "account":
        days = {"type": "array", "items": text([_DAY], "write it like 2026-01-31")}
        facts["activity_days"] = described(days, "The days of activity, by which an idle life goes.")
    if scope in ("account", "lot"):
        facts["like"] = described({"type": "string"}, f"The {scope} of the file whose facts hold where none is given.")
    if scope == "event":
        facts["at"] = refer("time")
    if scope == "request":
        chosen = {"type": "array", "uniqueItems": True, "items": {"type": "string"}}
        facts["lots"] = described(chosen, "The lots that the member chose, in their order.")
        issued_on = text([_DAY, "none"], "write it like 2026-01-31")
        paper = closed({"paper": {"type": "string"}, "issued_on": issued_on}, ("paper",))
        papers = {"type": "array", "items": {"anyOf": [{"type": "string"}, paper]}}
        facts["papers"] = described(papers, "What the member shows: papers by name, or with the day of their issue.")
    own = described(_ANY, "A fact that the rule file declares.")
    return {**closed(facts), "minProperties": 1, "patternProperties": {_other_names(facts): own}}


def _other_names(facts: Mapping[str, Json]) -> str:
    return f"^(?!(?:{'|'.join(facts)})$){SNAKE.pattern}$"


def _fact(fact: Fact) -> Json:
    """What a scenario says of a fact."""
    if fact.path == "request.points":
        return {"anyOf": [{"const": "all"}, _WHOLE]}
    if fact.type in ("points", "money", "number"):
        return _WHOLE
    if fact.type == "date":
        return text([_DAY, "none"] if fact.none else [_DAY], "write it like 2026-01-31")
    if fact.type == "flag":
        return hinted({"type": "boolean"}, "write true or false")
    return members(fact) if fact.type == "choice" else {"type": "string"}


def _scenario() -> Json:
    earlier = {"type": "array", "items": {"type": "object", "minProperties": 1, "properties": {"at": refer("time")}}}
    parts: Mapping[str, Json] = {
        "name": described(text([r"\s*\S[\s\S]*"], "say in a sentence what it shows"), "What the scenario shows."),
        "account": described(_or_name("account"), "An account of the file, or its facts."),
        "lots": described({"type": "array", "items": _or_name("lot")}, "Lots of the file, or their facts."),
        "history": described(earlier, "Refunds asked for before, each with the time `at`."),
        "request": described(refer("request"), "What the member asks for."),
        "event": described(refer("event"), "What may earn points, or take them back."),
        "day": described(
            text([_DAY], "write it like 2026-01-31"), "A day by itself: what expires, is charged and told."
        ),
        "earned": described(earlier, "What was earned before, each with the time `at`."),
        "as_of": refer("time"),
        "expect": described(refer("expect"), "What must come out. Of what is not named, only reasons are looked at."),
        "columns": described(list_of({"type": "string"}), "What each cell of a row is, such as request.points."),
        "rows": described({"type": "array", "minItems": 1, "items": {"type": "array"}}, "A case each."),
    }
    asked = ("request", "event", "day")
    alone = [
        {"if": {"required": [name]}, "then": {"properties": dict.fromkeys(asked[place + 1 :], False)}}
        for place, name in enumerate(asked[:-1])
    ]
    return {**closed(_known(parts, PARTS), ("name",)), "allOf": alone}


def _or_name(scope: str) -> Json:
    return {"anyOf": [{"type": "string"}, refer(scope)]}


def _expect() -> Json:
    """What is expected of a decision, an event or a day."""
    day = text([_DAY, "none"], "write it like 2026-01-31, or none")
    ids = {"type": "array", "items": {"type": "string"}}
    granted = closed(_known({"points": _WHOLE, "rule": {"type": "string"}}, EARNED_KEYS), ("rule", "points"))
    notice = closed(
        _known({"points": _WHOLE, "rule": {"type": "string"}, "last_usable_on": day, "charged_on": day}, NOTICE_KEYS),
        ("rule", "points"),
    )
    by_lot = {"type": "object", "additionalProperties": _WHOLE}
    shapes: Mapping[str, Json] = {
        "outcome": one_of(list(dict.fromkeys((*OUTCOMES, *OTHER_OUTCOMES)))),
        "reasons": described(ids, "The ids of the rules that speak, all of them, in order."),
        **dict.fromkeys(AMOUNTS, _WHOLE),
        "payable_on": day,
        "last_held_on": day,
        "allocation": described(by_lot, "How much each lot pays."),
        "lots": described({"type": "object", "additionalProperties": ids}, "The rules that keep each lot back."),
        "last_usable_on": {"type": "object", "additionalProperties": day},
        "remedy": described(
            {"anyOf": [{"const": "none"}, {"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
            "What would make the request pass: for all reasons the same, or a list with one for each that has one.",
        ),
        "figures": {"type": "object", "additionalProperties": {"type": "object"}},
        "earned": described({"type": "array", "items": granted}, "What is earned; [] for nothing."),
        "taken": described(by_lot, "What is taken back of each lot."),
        "lapsed": described(_WHOLE, "What would be taken back, and has expired already."),
        "debt": described(_WHOLE, "What no lot holds, and is owed."),
        "forgiven": described(_WHOLE, "What no lot holds, and is forgiven."),
        "expired": described(by_lot, "The lots whose last usable day was yesterday; {} for none."),
        "charged": described(by_lot, "What dormancy takes of each lot."),
        "notices": described({"type": "array", "items": notice}, "The notices that are due, in order."),
    }
    known = dict.fromkeys(key for keys in KEYS.values() for key in keys)
    return {**closed(_known(shapes, list(known))), "minProperties": 1}
