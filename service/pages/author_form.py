"""A request that an author tries: from a form to the API's words, and from a scenario's case to the form.

Each fact that the text knows has a field (`account.joined_on`); what has none, and what somebody would rather paste, is
written as in a scenario file (`joined_on: 2020-05-01`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.local_times import BadTime, instant_of
from engine.reading import instant_words
from policies.flow import written
from policies.model import Text
from policies.problems import told as with_hint
from policies.source import read
from policies.vocabulary import COMMON
from service.pages.forms import points_of

ELSEWHERE = ("request.points", "request.method")
"""Facts that have a place of their own in the form."""
COLUMNS = ("id", "source", "amount", "left", "acquired_on", "expires_on", "more")
"""Of the table of lots; `more` are other facts of a lot."""
SPARE_ROWS = 1
FEWEST_ROWS = 2
MOST_ROWS = 60
AT = "10:00"
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
NUMBERS = ("points", "money", "number")
SCOPES = ("account", "request")
"""Whose facts have a field each; those of lots stand in their table."""
NOT_READ = Text("{line}번째 줄을 읽을 수 없습니다: {what}", "Line {line} cannot be read: {what}")
NOT_FACTS = Text("이름: 값 형식으로 적어 주세요. 예: grade: GOLD", "Write it as name: value, such as grade: GOLD.")
NO_METHOD = Text("환급 방법을 고르세요.", "Choose a refund method.")
TWICE = Text(
    "'{name}' 팩트가 위 칸에도 있습니다. 한 곳에만 적으십시오.",
    "'{name}' stands in a field above, too: write it in one place.",
)
NOT_AN_AMOUNT = Text("숫자로 적어 주세요. 예: 30000", "Write a number, such as 30000.")
DEFAULTS = {fact.path: fact.default for fact in COMMON}


@dataclass
class Asked:
    """What a form asks to be tried, as the API takes it, and what is wrong with its fields, by their names."""

    body: dict[str, Any] = field(default_factory=dict)
    mistakes: dict[str, Text] = field(default_factory=dict)
    # Which row of the form each lot stands in.
    rows: list[int] = field(default_factory=list)
    # The paths of the facts that stand in a field, or would.
    fields: set[str] = field(default_factory=set)


Facts = Sequence[Mapping[str, Any]]
"""The facts that a text knows, as the API tells them."""


def asked_of(sent: Mapping[str, str], zone: str, facts: Facts = ()) -> Asked:
    """What a form says of account, lots, request, earlier refunds and the instant."""
    asked = Asked()
    account, request = (
        _in_fields(sent, scope, facts, _facts(sent.get(scope, ""), scope, asked), asked) for scope in SCOPES
    )
    lots = list(_lots(sent, asked))
    points, mistake = points_of({"points": sent.get("points", ""), "all": sent.get("all", "")})
    if mistake and "money" not in request:
        asked.mistakes["points"] = mistake
    if "money" not in request:
        request["points"] = points
    request["method"] = sent.get("method", "")
    if not request["method"]:
        asked.mistakes["method"] = NO_METHOD
    history = list(_history(sent.get("history", ""), account, zone, asked))
    account.setdefault("id", "account")
    asked.body = {"account": account, "lots": lots, "request": request, "history": history}
    as_of = _instant(f"{sent.get('day', '').strip()} {sent.get('time', '').strip() or AT}", zone, "day", asked)
    if as_of:
        asked.body["as_of"] = as_of
    return asked


def facts_of(facts: Facts, scope: str) -> list[Mapping[str, Any]]:
    """The facts of an account, a lot or a request that a form asks for one by one."""
    return [each for each in facts if each["path"].startswith(f"{scope}.") and each["path"] not in ELSEWHERE]


def filled(case: Mapping[str, Any], zone: str, facts: Facts = ()) -> dict[str, str]:
    """The fields of the form for a case. What stands at its default is left out."""
    at = datetime.fromisoformat(case["as_of"]).astimezone(ZoneInfo(zone))
    request = dict(case["request"])
    points = request.pop("points", None)
    method = request.pop("method")
    told = {"account": _told("account", case["account"]), "request": _told("request", request)}
    fields = {
        each["path"]: _as_field(told[scope].pop(name))
        for scope in SCOPES
        for each in facts_of(facts, scope)
        if (name := each["path"].partition(".")[2]) in told[scope]
    }
    sent = {
        **dict.fromkeys((each["path"] for scope in SCOPES for each in facts_of(facts, scope)), ""),
        **fields,
        **{scope: _lines(told[scope]) for scope in SCOPES},
        "history": "\n".join(
            ", ".join(
                f"{'at' if name == 'requested_at' else name}: {written(_local(name, value, zone))}"
                for name, value in _told("history", past).items()
                if name not in ("id", "account_id")
            )
            for past in case["history"]
        ),
        "points": "" if points in (None, "all") else str(points),
        "all": "yes" if points == "all" else "",
        "method": method,
        "day": at.date().isoformat(),
        "time": f"{at:%H:%M}",
    }
    for row, lot in enumerate(case["lots"][:MOST_ROWS]):
        rest = dict(lot)
        for name in COLUMNS[:-1]:
            value = rest.pop(name, None)
            sent[f"lot-{row}-{name}"] = "" if value is None else str(value)
        if lot["left"] == lot["amount"]:
            sent[f"lot-{row}-left"] = ""
        if rest.get("usable_from_on") == lot["acquired_on"]:
            rest.pop("usable_from_on")
        sent[f"lot-{row}-more"] = ", ".join(f"{name}: {written(value)}" for name, value in _told("lot", rest).items())
    return sent


def rows_of(sent: Mapping[str, str]) -> range:
    """The rows of the table of lots that are shown: those with something in them, and some to add more. A source
    alone, which a list always has, is nothing.
    """
    cells = [name for name, value in sent.items() if _is_cell(name) and value.strip() and not name.endswith("-source")]
    used = [int(name.split("-")[1]) for name in cells]
    return range(min(MOST_ROWS, max(FEWEST_ROWS, max(used, default=-1) + 1 + SPARE_ROWS)))


def field_of(pointer: str, asked: Asked) -> str:
    """The field of the form that a mistake of the API is about, by its JSON pointer."""
    parts = pointer.removeprefix("#/").split("/")
    if ".".join(parts[:2]) in asked.fields:
        return ".".join(parts[:2])
    if parts[0] == "lots" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(asked.rows):
        return f"lot-{asked.rows[int(parts[1])]}"
    if parts[0] == "request" and len(parts) > 1 and parts[1] in ("points", "method"):
        return parts[1]
    return {"as_of": "day"}.get(parts[0], parts[0])


def _is_cell(name: str) -> bool:
    parts = name.split("-")
    return len(parts) == 3 and parts[0] == "lot" and parts[1].isdigit() and len(parts[1]) < 3 and parts[2] in COLUMNS


def _lots(sent: Mapping[str, str], asked: Asked) -> Iterable[dict[str, Any]]:
    """The lots that are written into the table; a row that says nothing is none."""
    for row in rows_of(sent):
        cells = {name: sent.get(f"lot-{row}-{name}", "").strip() for name in COLUMNS}
        if not any(cells[name] for name in COLUMNS if name != "source"):
            continue
        lot: dict[str, Any] = {"id": cells["id"] or f"lot{row + 1}", "source": cells["source"]}
        for name in ("amount", "left"):
            if cells[name]:
                lot[name] = _whole(cells[name], f"lot-{row}", asked)
        lot |= {name: cells[name] for name in ("acquired_on", "expires_on") if cells[name]}
        lot |= _facts(f"{{{cells['more']}}}" if cells["more"] else "", f"lot-{row}", asked)
        asked.rows.append(row)
        yield lot


def _in_fields(sent: Mapping[str, str], scope: str, facts: Facts, told: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """The facts that are told already, with those that stand in fields of their own."""
    for each in facts_of(facts, scope):
        path = each["path"]
        name, value = path.partition(".")[2], sent.get(path, "").strip()
        if name not in told:
            asked.fields.add(path)
        if not value:
            continue
        if name in told:
            asked.mistakes[scope] = Text(*(TWICE.in_language(language).format(name=name) for language in ("ko", "en")))
        elif each["type"] in NUMBERS:
            told[name] = _whole(value, path, asked)
        else:
            told[name] = {"true": True, "false": False}.get(value, value) if each["type"] == "flag" else value
    return told


def _whole(text: str, name: str, asked: Asked) -> int:
    """A whole number as people write it; what is none is told at the field of that name."""
    digits = text.replace(",", "").replace("_", "")
    if WHOLE.fullmatch(digits):
        return int(digits)
    asked.mistakes[name] = NOT_AN_AMOUNT
    return 0


def _as_field(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _history(text: str, account: Mapping[str, Any], zone: str, asked: Asked) -> Iterable[dict[str, Any]]:
    """Earlier refunds, a line each: `at: 2026-03-02 09:00, points: 20_000, method: cash`."""
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        past = _facts(f"{{{line.removeprefix('- ').strip('{}')}}}", "history", asked)
        if "at" in past:
            past["requested_at"] = _instant(str(past.pop("at")), zone, "history", asked)
        yield {"id": f"H{number}", "account_id": account.get("id", "account"), "state": "settled", **past}


def _facts(text: str, name: str, asked: Asked) -> dict[str, Any]:
    """Facts as a scenario file writes them, as JSON; what cannot be read is told at the field of that name."""
    if not text.strip():
        return {}
    document, problems = read(text.encode(), name, times=True)
    if document is None or problems:
        first = problems[0]
        figures = (first.line, with_hint(first.message, first.hint))
        asked.mistakes[name] = Text(
            *(
                NOT_READ.in_language(each).format(line=figures[0], what=figures[1].in_language(each))
                for each in ("ko", "en")
            )
        )
        return {}
    if not isinstance(document.data, dict):
        asked.mistakes[name] = NOT_FACTS
        return {}
    return {str(key): _plain(value) for key, value in document.data.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else None if value == "none" else value


def _instant(text: str, zone: str, name: str, asked: Asked) -> str:
    try:
        return instant_words(instant_of(text, ZoneInfo(zone)))
    except BadTime as bad:
        asked.mistakes[name] = bad.message
        return ""


def _told(scope: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: date.fromisoformat(value) if isinstance(value, str) and DAY.fullmatch(value) else value
        for name, value in facts.items()
        if value not in (None, "", []) and DEFAULTS.get(f"{scope}.{name}", ...) != value
    }


def _lines(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {written(value)}" for name, value in facts.items())


def _local(name: str, value: Any, zone: str) -> Any:
    """A value as a scenario file writes it: an instant by the clock of the programme."""
    if name != "requested_at":
        return value
    return f"{datetime.fromisoformat(value).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
