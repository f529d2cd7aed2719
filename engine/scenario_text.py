"""A case and what it comes to as a scenario that can be pasted into a scenario file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engine.local_times import local_words
from engine.reading import instant
from engine.scenario_expect import EARNED_KEYS, NOTHING, NOTICE_KEYS, OTHER_OUTCOMES
from policies.flow import written
from policies.layout import rewritten
from policies.model import Policy

Data = Mapping[str, Any]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def scenario_text(name: str, case: Data, policy: Policy, got: Data, keys: Collection[str]) -> str:
    """The scenario of a case in plain data, that expects of `got` the outcome, the reasons and what `keys` name.

    It stands under `scenarios:`, two spaces in, of a file whose `policy:` is the text that came to `got`.
    """
    zone = ZoneInfo(policy.timezone)
    about = next(each for each in ("request", "event", "day") if each in case)
    lines = [f"- name: {written(name)}"]
    at = case.get("as_of") or case.get("event", {}).get("happened_at")
    if at:
        lines.append(f"  as_of: {local_words(instant(at), zone)}")
    else:
        lines.append(f"  day: {case['day']}")
    account = {fact: value for fact, value in case["account"].items() if fact != "id"}
    lines.append(f"  account: {written(_facts(account, 'account', policy))}")
    lines += _listed("lots", [_facts(lot, "lot", policy) for lot in case["lots"]])
    lines += _listed("history", [_past(each, case, zone) for each in case.get("history", ())])
    lines += _listed("earned", [_earned(each, zone) for each in case.get("earned", ())])
    if about != "day":
        asked = {fact: value for fact, value in case[about].items() if fact not in ("id", "happened_at")}
        lines.append(f"  {about}: {written(_facts(asked, about, policy))}")
    lines.append(f"  expect: {written(_expected(got, keys, about))}")
    return item_text(lines)


def item_text(lines: Iterable[str]) -> str:
    """The lines of a scenario in the agreed layout, as one item of the list `scenarios`, two spaces in."""
    # Laid out as a part of a whole file, of which only the scenario is kept.
    file = "\n".join(["policy: x.yaml", "", "scenarios:", *(f"  {line}" for line in lines), ""])
    return (rewritten(file, scenarios=True) or file).partition("scenarios:\n")[2].rstrip()


def as_written(value: Any) -> Any:
    """What was decided as the data of a file: days, and `none` for what is missing.

    >>> as_written({"payable_on": "2026-03-04", "allocation": {"L1": 500}, "last_held_on": None})
    {'payable_on': datetime.date(2026, 3, 4), 'allocation': {'L1': 500}, 'last_held_on': 'none'}
    """
    if isinstance(value, Mapping):
        return {name: as_written(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_written(each) for each in value]
    return _literal(value)


def _listed(name: str, items: list[Data]) -> list[str]:
    return [f"  {name}:", *(f"    - {written(each)}" for each in items)] if items else []


def _facts(facts: Data, scope: str, policy: Policy) -> dict[str, Any]:
    return {name: _fact(value, f"{scope}.{name}", policy) for name, value in facts.items()}


def _fact(value: Any, path: str, policy: Policy) -> Any:
    fact = policy.facts.get(path)
    if path == "request.papers":
        return [{name: _literal(each) for name, each in paper.items()} for paper in value]
    if (fact is not None and fact.type == "date") or path == "account.activity_days":
        return [_literal(each) for each in value] if isinstance(value, list) else _literal(value)
    return value


def _past(refund: Data, case: Data, zone: ZoneInfo) -> Data:
    own = refund.get("account_id") == case["account"]["id"]
    left_out = {"id", "requested_at", *(["account_id"] if own else [])}
    if refund.get("state") == "settled":
        left_out.add("state")
    kept = {name: value for name, value in refund.items() if name not in left_out and value != ""}
    return {"at": local_words(instant(refund["requested_at"]), zone), **kept}


def _earned(earning: Data, zone: ZoneInfo) -> Data:
    kept = {name: value for name, value in earning.items() if name != "happened_at" and value not in ("", None)}
    return {"at": local_words(instant(earning["happened_at"]), zone), **kept}


def _expected(got: Data, keys: Collection[str], about: str) -> dict[str, Any]:
    """What is to be expected: of a request the outcome and what is asked for, of others all that came of it."""
    found: dict[str, Any] = {}
    if about == "request" or got["outcome"] in OTHER_OUTCOMES:
        found["outcome"] = got["outcome"]
    if got["reasons"]:
        found["reasons"] = got["reasons"]
    whole = NOTHING[about]  # type: ignore[index]
    for key, value in got.items():
        if key in ("outcome", "reasons") or (key not in keys and value == whole.get(key, value)):
            continue
        told = as_expected(key, value)
        if told or key not in ("lots", "figures"):
            found[key] = told
    if about != "request" and not found.keys() & {"outcome", *whole}:
        first = next(iter(whole))
        found[first] = whole[first]
    return found


def as_expected(key: str, value: Any) -> Any:
    """What came out under one key of `expect`, as an author writes it: of lots and figures only what says something."""
    if key == "earned":
        return [_named(each, EARNED_KEYS) for each in value]
    if key == "notices":
        return [_named(each, NOTICE_KEYS) for each in value]
    if key == "lots":
        return {lot: rules for lot, rules in value.items() if rules}
    if key == "figures":
        return {rule: as_written(figures) for rule, figures in value.items() if figures}
    return as_written(value)


def _named(line: Data, names: Collection[str]) -> dict[str, Any]:
    return {name: as_written(line[name]) for name in names if line.get(name) not in (None, "")}


def _literal(value: Any) -> Any:
    """A word of JSON as a scenario writes it: a day without quotes, `none` for what is missing."""
    if value is None:
        return "none"
    return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else value
