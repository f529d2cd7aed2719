"""A request's body to plain data: JSON, read so strictly that what is kept is what was meant.

The standard reader lets pass what must not decide about points: a key that stands twice (the last
one wins silently), NaN, 1.5 and 1e3 where whole points belong, numbers that other readers round,
NUL and half surrogate pairs that a database refuses later. Each of these is an error here, named by
where it stands.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from service.errors import FieldError, Refusal

MOST_LEVELS = 20
# Ten times as fast as json.dumps(sort_keys=True), and the same bytes for such data; a test compares.
CANONICAL = msgspec.json.Encoder(order="sorted")
# The largest whole number that every JSON reader keeps exactly.
MOST = 2**53 - 1
# More are not listed: nobody reads them.
MOST_ERRORS = 50


class _Wrong(str):
    """Stands where a number cannot be used; the text is as it was written."""

    __slots__ = ()


class _Doubled(dict[str, Any]):
    """An object with a key that stands twice."""

    key: str


def read_json(data: bytes) -> Any:
    """The data of a body as dict, list, str, int, bool and None. Raises Refusal with every mistake."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Refusal("unreadable-json", place=f"byte {error.start + 1}", cause="not UTF-8") from None
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_Wrong,
            parse_constant=_Wrong,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refusal("unreadable-json", place=place, cause=error.msg) from None
    except RecursionError:
        raise Refusal("unreadable-json", place="line 1", cause="too many levels") from None
    errors = _mistakes(found, may_escape="\\u" in text)
    if errors:
        raise Refusal("bad-request", errors)
    return found


def canonical(data: object) -> str:
    """The one text of some data: keys sorted, no spaces, Korean as it is.

    For the data that `read_json` lets pass (and that the engine makes) this is RFC 8785.
    """
    return CANONICAL.encode(data).decode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = _Doubled(found)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            doubled.key = key
        seen.add(key)
    return doubled


def _whole_number(text: str) -> int | str:
    # Longer texts are not even converted: that would take the square of their length.
    number = int(text) if len(text) <= 17 else MOST + 1
    return number if abs(number) <= MOST else _Wrong(text)


def _mistakes(data: object, may_escape: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    waiting: list[tuple[tuple[str | int, ...], object]] = [((), data)]
    while waiting and len(errors) < MOST_ERRORS:
        path, value = waiting.pop()
        if isinstance(value, _Wrong):
            errors.append(_wrong_number(path, value))
        elif isinstance(value, str):
            if may_escape and _forbidden(value):
                errors.append(FieldError.at(path, "forbidden-character"))
        elif len(path) >= MOST_LEVELS and isinstance(value, dict | list):
            errors.append(FieldError.at(path, "too-deep", most=MOST_LEVELS))
        elif isinstance(value, dict):
            if isinstance(value, _Doubled):
                errors.append(FieldError.at((*path, value.key), "key-twice"))
            if may_escape and any(_forbidden(key) for key in value):
                errors.append(FieldError.at(path, "forbidden-character"))
                continue
            waiting.extend(((*path, key), inner) for key, inner in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(((*path, index), value[index]) for index in reversed(range(len(value))))
    return errors


def _wrong_number(path: tuple[str | int, ...], written: str) -> FieldError:
    code = "number-too-large" if written.lstrip("-").isdigit() else "not-a-whole-number"
    return FieldError.at(path, code, written=written[:40])


def _forbidden(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)
