"""A request's body to plain data: JSON, read so strictly that what is kept is what was meant.

The standard reader lets pass what must not decide about points: a key that stands twice (the last
one wins silently), NaN and 1.5 where whole points belong, numbers that other readers round,
NUL and half surrogate pairs that a database refuses later. Each of these is an error here, named by
where it stands.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from policies.model import Text
from policies.problems import both
from service.errors import MOST_ERRORS, FieldError, Refusal

MOST_LEVELS = 20
# Ten times as fast as json.dumps(sort_keys=True), and the same bytes for such data; a test compares.
CANONICAL = msgspec.json.Encoder(order="sorted")
# The largest whole number that every JSON reader keeps exactly.
MOST = 2**53 - 1
EMPTY = both("본문이 비어 있습니다. JSON 객체를 보내십시오", "the body is empty; send a JSON object")
NOT_UTF_8 = both("UTF-8이 아닙니다. JSON을 UTF-8로 보내십시오", "this is not UTF-8; send JSON in UTF-8")
TOO_DEEP = both("단계가 너무 깊습니다", "there are too many levels")
NO_JSON = both("JSON이 아닙니다", "this is not JSON")
# What the standard reader says of a text, by how it begins, in words of ours.
CAUSES = (
    ("Expecting value", both("값이 있어야 할 자리입니다", "a value is expected here")),
    (
        "Expecting property name",
        both("큰따옴표 안의 이름이 있어야 합니다", "a name in double quotes is expected"),
    ),
    ("Expecting ':'", both("이름 뒤에 쌍점(:)이 있어야 합니다", "a colon is expected here, behind the name")),
    ("Expecting ','", both("쉼표(,)나 닫는 괄호가 있어야 합니다", "a comma or the closing bracket is expected here")),
    ("Illegal trailing comma", both("마지막 항목 뒤에 쉼표가 있습니다", "a comma stands behind the last item")),
    ("Unterminated string", both("닫는 큰따옴표가 없습니다", "the text that begins here has no closing quote")),
    (
        "Invalid control",
        both("문자열에 제어 문자가 있습니다", "a control character stands in a text; escape it"),
    ),
    ("Invalid \\", both("역슬래시를 잘못 썼습니다", "a backslash begins no escape that JSON knows")),
    ("Extra data", both("JSON 뒤에 다른 글자가 있습니다", "something stands behind the JSON")),
    ("Unexpected UTF-8 BOM", both("맨 앞의 BOM을 빼고 보내십시오", "a byte order mark stands here; leave it out")),
)


class _Wrong(str):
    """Stands where a number cannot be used; the text is as it was written."""

    __slots__ = ()


class _Doubled(dict[str, Any]):
    """An object with a key that stands twice."""

    key: str


def read_json(data: bytes, first_line: int = 1) -> Any:
    """The data of a body as dict, list, str, int, bool and None; `first_line` is the number of its first line. Raises
    Refusal with every mistake.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        place = both("{byte}번째 바이트", "Byte {byte}", byte=error.start + 1)
        raise Refusal("unreadable-json", place=place, cause=NOT_UTF_8) from None
    if not text.strip():
        raise Refusal("unreadable-json", place=_place(first_line, 1), cause=EMPTY)
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_by_value,
            parse_constant=_Wrong,
        )
    except json.JSONDecodeError as error:
        cause = next((text for begins, text in CAUSES if error.msg.startswith(begins)), NO_JSON)
        raise Refusal(
            "unreadable-json", place=_place(first_line + error.lineno - 1, error.colno), cause=cause
        ) from None
    except RecursionError:
        raise Refusal("unreadable-json", place=_place(first_line, 1), cause=TOO_DEEP) from None
    errors = _mistakes(found, may_escape="\\u" in text)
    if errors:
        raise Refusal("bad-request", errors)
    return found


def canonical(data: object) -> str:
    """The one text of some data: keys sorted, no spaces, Korean as it is.

    For the data that `read_json` lets pass (and that the engine makes) this is RFC 8785.
    """
    return CANONICAL.encode(data).decode()


def _place(line: int, column: int) -> Text:
    return both("{line}행 {column}열", "Line {line}, column {column}", line=line, column=column)


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


def _by_value(text: str) -> int | str:
    """A number with a point or an exponent: a whole one, if that is what it comes to exactly."""
    number = _exact(text)
    # Compared first: 1e999999 is not written out.
    if number is None or number.copy_abs() > MOST or number != (whole := int(number)):
        return _Wrong(text)
    return whole


def _exact(text: str) -> Decimal | None:
    """A number as it is written; None where it has an exponent beyond all use."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _is_too_large(written: str) -> bool:
    number = _exact(written)
    return number is not None and number.is_finite() and number.copy_abs() > MOST


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
    code = "number-too-large" if _is_too_large(written) else "not-a-whole-number"
    return FieldError.at(path, code, written=written[:40])


def _forbidden(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)
