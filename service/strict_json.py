"""JSON of others, read so that every reader finds the same in it: no key twice, no NaN, one object."""

from __future__ import annotations

import json
from typing import Any, NoReturn


class NotJson(Exception):
    """Text that is no JSON object, or that two readers might read in two ways."""


def read_object(data: bytes) -> dict[str, Any]:
    """The object that some bytes are. Raises NotJson.

    >>> read_object(b'{"alg": "RS256"}')
    {'alg': 'RS256'}
    >>> read_object(b'{"alg": "RS256", "alg": "none"}')
    Traceback (most recent call last):
    ...
    service.strict_json.NotJson
    """
    try:
        found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        raise NotJson from None
    if not isinstance(found, dict):
        raise NotJson
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson
    return found


def _never(_: str) -> NoReturn:
    raise NotJson
