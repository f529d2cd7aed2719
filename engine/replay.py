"""Decides again from what was stored, and tells every difference from the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from engine.cases import BadCase, read_case, read_day_case, read_event_case
from engine.compiled import CompiledVersion
from engine.daily import Daily, daily
from engine.decide import decide
from engine.decision import Decision
from engine.errors import Conflict, NotInForce
from engine.events import EventAnswer, answer
from engine.reading import shown
from policies.problems import in_language

_NOT_COMPARED = {"engine"}
"""Which engine decided is no part of what was decided."""


def replay(compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[str]:
    """Every difference between a recorded decision and the one that its stored case comes to on its version.

    Empty for a sound record. A case that cannot be decided any more is one difference, not an error.

    >>> list(differences({"fee": 500, "lots": [1]}, {"fee": 0, "lots": []}))
    ['fee: was 500, is now 0', 'lots.0: was 1, is now missing']
    """
    return _replayed(
        compiled,
        case,
        recorded,
        "a decision",
        Decision.from_data,
        lambda: decide(compiled, read_case(compiled.policy, dict(case))),
    )


def replay_event(compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[str]:
    """The same for the answer to an event."""
    return _replayed(
        compiled,
        case,
        recorded,
        "an answer to an event",
        EventAnswer.from_data,
        lambda: answer(compiled, read_event_case(compiled.policy, dict(case))),
    )


def replay_day(compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any]) -> list[str]:
    """The same for what a day came to."""
    return _replayed(
        compiled,
        case,
        recorded,
        "of a day",
        Daily.from_data,
        lambda: daily(compiled, read_day_case(compiled.policy, dict(case))),
    )


class _Record(Protocol):
    def to_data(self) -> dict[str, Any]: ...


def _replayed(
    compiled: CompiledVersion,
    case: Mapping[str, Any],
    recorded: Mapping[str, Any],
    what: str,
    load: Callable[[Mapping[str, Any]], _Record],
    again: Callable[[], _Record],
) -> list[str]:
    try:
        loaded = load(recorded).to_data()
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        return [f"the record is not {what}: {error}"]
    if recorded["digest"] != compiled.version.digest:
        return [f"digest: was {_told(recorded['digest'])}, is now {_told(compiled.version.digest)}"]
    try:
        now = again().to_data()
    except (BadCase, Conflict, NotInForce) as error:
        return [f"the case cannot be decided again: {error}"]
    return list(differences(_completed({**loaded, **recorded}, case, now), now))


def _completed(recorded: dict[str, Any], case: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the facts of the request that its case does not give.

    What an older engine did not write down yet is as it was read: a new part of the record is no difference.
    """
    if "request" not in recorded:
        return recorded
    asked = case.get("request", {})
    unknown = {name: fact for name, fact in now["request"].items() if name not in asked}
    return {**recorded, "request": {**unknown, **recorded["request"]}}


def differences(before: object, now: object, path: str = "") -> Iterator[str]:
    """Each place where two pieces of plain data differ, as a sentence."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        names = [*before, *(name for name in now if name not in before)]
        pairs = [(name, before.get(name, _MISSING), now.get(name, _MISSING)) for name in names]
    elif isinstance(before, list | tuple) and isinstance(now, list | tuple):
        pairs = [
            (str(n), before[n] if n < len(before) else _MISSING, now[n] if n < len(now) else _MISSING)
            for n in range(max(len(before), len(now)))
        ]
    else:
        if before != now or type(before) is not type(now):
            yield f"{path}: was {_told(before)}, is now {_told(now)}"
        return
    for name, one, other in pairs:
        if path or name not in _NOT_COMPARED:
            yield from differences(one, other, f"{path}.{name}" if path else str(name))


_MISSING = object()


def _told(value: object) -> str:
    return "missing" if value is _MISSING else str(in_language(shown(value), "en"))
