"""Decides again from what was stored, and tells every difference from the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from msgspec import DecodeError
from msgspec.json import Encoder, decode

from engine.cases import BadCase, read_case, read_day_case, read_event_case, read_sound_case
from engine.compiled import CompiledVersion
from engine.daily import Daily, daily
from engine.decide import decide
from engine.decision import Decision
from engine.errors import Conflict, NotInForce
from engine.events import EventAnswer, answer
from engine.reading import shown
from policies.model import Text
from policies.problems import both, in_language

_NOT_COMPARED = {"engine"}
"""Which engine decided is no part of what was decided."""

_DIFFERS = Text("{path}: 기록은 {was}, 지금은 {now}", "{path}: was {was}, is now {now}")
_ABSENT = both("없음", "missing")
_NO_RECORD = Text("기록이 {what} 아닙니다: {error}", "the record is not {what}: {error}")
_NOT_AGAIN = Text("이 사안을 다시 판정할 수 없습니다: {error}", "the case cannot be decided again: {error}")
_DECISION = both("결정이", "a decision")
_ANSWER = both("이벤트의 답이", "an answer to an event")
_DAY = both("하루의 결과가", "of a day")
_JSON = both("JSON이", "JSON")


class _Record(Protocol):
    def to_data(self) -> dict[str, Any]: ...


_Made = TypeVar("_Made", bound=_Record)

_CANONICAL = Encoder(order="sorted")
_ENGINE = b'"engine":"'


def replay(
    compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any], language: str = "en"
) -> list[str]:
    """Every difference between a recorded decision and the one that its stored case comes to on its version.

    Empty for a sound record. A case that cannot be decided any more is one difference, not an error.

    >>> list(differences({"fee": 500, "lots": [1]}, {"fee": 0, "lots": []}))
    ['fee: was 500, is now 0', 'lots.0: was 1, is now missing']
    """
    now = _again(lambda: _decided(compiled, case), language)
    return _replayed(compiled, case, recorded, now, _DECISION, Decision.from_data, language)


def replay_event(
    compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any], language: str = "en"
) -> list[str]:
    """The same for the answer to an event."""
    now = _again(lambda: answer(compiled, read_event_case(compiled.policy, dict(case))), language)
    return _replayed(compiled, case, recorded, now, _ANSWER, EventAnswer.from_data, language)


def replay_day(
    compiled: CompiledVersion, case: Mapping[str, Any], recorded: Mapping[str, Any], language: str = "en"
) -> list[str]:
    """The same for what a day came to."""
    now = _again(lambda: daily(compiled, read_day_case(compiled.policy, dict(case))), language)
    return _replayed(compiled, case, recorded, now, _DAY, Daily.from_data, language)


def replay_stored(
    compiled: CompiledVersion, case: bytes, recorded: bytes, beside: Mapping[str, Any], language: str = "en"
) -> list[str]:
    """The same for a decision as it is stored, both parts as JSON in UTF-8, with what is stored `beside`, too.

    The record is not even read where its text is the canonical one of what is decided now, and a sound case is read
    straight from its text.
    """
    try:
        sound = read_sound_case(compiled.policy, case)
        facts = decode(case) if sound is None else {}
        now = _again(lambda: _decided(compiled, facts) if sound is None else decide(compiled, sound), language)
        if isinstance(now, Decision) and _is_text_of(now, recorded):
            return _beside(beside, now, language)
        record, facts = decode(recorded), decode(case)
    except (DecodeError, RecursionError) as error:
        return [_told(_NO_RECORD, language, what=_JSON, error=error)]
    found = _replayed(compiled, facts, record, now, _DECISION, Decision.from_data, language)
    # Of a case that cannot be decided one sentence is enough.
    return found if isinstance(now, str) else found + _beside(beside, now, language)


def _decided(compiled: CompiledVersion, case: Mapping[str, Any]) -> Decision:
    return decide(compiled, read_case(compiled.policy, dict(case)))


def _again(make: Callable[[], _Made], language: str) -> _Made | str:
    """What a case comes to now, or the sentence that says why it comes to nothing."""
    try:
        return make()
    except BadCase as error:
        lines = [f"{path} {in_language(each.text, language)}".strip() for path, each in error.mistakes]
        return _told(_NOT_AGAIN, language, error="; ".join(lines))
    except NotInForce as error:
        early = both(
            "'{policy}'의 시행일은 {starts}인데 {day}의 일입니다",
            "'{policy}' is in force from {starts}, and was asked about {day}",
            policy=error.policy,
            starts=error.starts,
            day=error.day,
        )
        return _told(_NOT_AGAIN, language, error=early)
    except (AssertionError, AttributeError, Conflict, LookupError, TypeError, ValueError) as error:
        # A case that somebody changed may be anything; of a bug, too, the rest of the records must be told.
        return _told(_NOT_AGAIN, language, error=error)


def _is_text_of(now: Decision, recorded: bytes) -> bool:
    """Whether a text is the canonical one of a decision, whichever engine made it."""
    # The first that stands there is the decision's own; were it not, the record would be read and compared in parts.
    start = recorded.find(_ENGINE) + len(_ENGINE)
    engine = recorded[start : recorded.find(b'"', start)]
    return now.to_json(engine.decode()) == recorded


def _beside(beside: Mapping[str, Any], now: Decision, language: str) -> list[str]:
    return [
        line
        for name, value in beside.items()
        if value != getattr(now, name)
        for line in differences(value, getattr(now, name), f"[{name}]", language)
    ]


def _replayed(
    compiled: CompiledVersion,
    case: Mapping[str, Any],
    recorded: Mapping[str, Any],
    again: _Record | str,
    what: Text,
    load: Callable[[Mapping[str, Any]], _Record],
    language: str,
) -> list[str]:
    now = again if isinstance(again, str) else again.to_data()
    if isinstance(now, dict) and _same(recorded, now):
        # What was just made keeps the laws, and so does what equals it.
        return []
    try:
        loaded = load(recorded).to_data()
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        return [_told(_NO_RECORD, language, what=what, error=error)]
    if recorded["digest"] != compiled.version.digest:
        return list(differences(recorded["digest"], compiled.version.digest, "digest", language))
    if isinstance(now, str):
        return [now]
    return list(differences(_completed({**loaded, **recorded}, case, now), now, "", language))


def _same(recorded: object, now: Mapping[str, Any]) -> bool:
    """Whether a record is what was decided now. As texts, because to Python true is 1."""
    if not isinstance(recorded, Mapping):
        return False
    return _CANONICAL.encode({**recorded, "engine": ""}) == _CANONICAL.encode({**now, "engine": ""})


def _completed(recorded: dict[str, Any], case: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the facts of the request that its case does not give.

    What an older engine did not write down yet is as it was read: a new part of the record is no difference.
    """
    if "request" not in recorded:
        return recorded
    asked = case.get("request", {})
    unknown = {name: fact for name, fact in now["request"].items() if name not in asked}
    return {**recorded, "request": {**unknown, **recorded["request"]}}


def differences(before: object, now: object, path: str = "", language: str = "en") -> Iterator[str]:
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
            yield _told(_DIFFERS, language, path=path, was=_shown(before), now=_shown(now))
        return
    for name, one, other in pairs:
        if path or name not in _NOT_COMPARED:
            yield from differences(one, other, f"{path}.{name}" if path else str(name), language)


_MISSING = object()


def _shown(value: object) -> str | Text:
    return _ABSENT if value is _MISSING else shown(value)


def _told(sentence: Text, language: str, **figures: object) -> str:
    told = {name: in_language(figure, language) for name, figure in figures.items()}
    return sentence.in_language(language).format_map(told)
