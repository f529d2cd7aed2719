"""Canonical JSON: one text for the same data, as RFC 8785 has it, for the part of JSON that needs no judgement.

Only texts, whole numbers that every reader keeps exactly, true, false, null, lists and objects. Numbers with a
fraction, and names whose order may be another in UTF-16 than in code points, are refused: there readers differ.
"""

from __future__ import annotations

from typing import Any

import msgspec

ENCODER = msgspec.json.Encoder(order="sorted")
MOST = 2**53 - 1


class NotCanonical(ValueError):
    """The data, or the text, has no canonical form here; the message says what stands in the way."""


def canonical(data: object) -> bytes:
    """The canonical text of some data. Raises NotCanonical.

    >>> canonical({"b": [1, None, True], "a": "포인트"}).decode()
    '{"a":"포인트","b":[1,null,true]}'
    >>> canonical(1.5)
    Traceback (most recent call last):
    ...
    service.log.canonical.NotCanonical: 1.5 is a float
    """
    _check(data)
    try:
        return ENCODER.encode(data)
    except UnicodeEncodeError:
        raise NotCanonical("a text holds half a surrogate pair") from None


def read(text: bytes) -> Any:
    """The data of a text that is canonical, to the byte. Raises NotCanonical."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotCanonical(f"this is not JSON: {error}") from None
    if canonical(data) != text:
        raise NotCanonical("this is not in canonical form")
    return data


def _check(data: object) -> None:
    kind = type(data)
    if kind is str or kind is bool or data is None:
        return
    if kind is int:
        if not -MOST <= data <= MOST:  # type: ignore[operator]  # it is one
            raise NotCanonical(f"{data} is too large a number")
    elif kind is list:
        for each in data:  # type: ignore[attr-defined]  # it is one
            _check(each)
    elif kind is dict:
        for name, each in data.items():  # type: ignore[attr-defined]  # it is one
            if type(name) is not str or (not name.isascii() and max(name) > "\uffff"):
                raise NotCanonical(f"{name!r} is no name that sorts the same everywhere")
            _check(each)
    else:
        raise NotCanonical(f"{data!r} is a {kind.__name__}")
