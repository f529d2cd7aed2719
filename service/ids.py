"""Ids that the service gives out: a letter for the noun, the time, and enough chance.

They sort by age (so a lot id breaks ties oldest first and an index grows at its end), and nobody
can guess a neighbour's.
"""

from __future__ import annotations

import secrets
import threading
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_MOST_REMEMBERED = 64
_given: dict[int, int] = {}
"""The chance of the last id of each of the last milliseconds."""
_lock = threading.Lock()


def new_id(noun: str, at: datetime) -> str:
    """A fresh id such as `D-01JXYZ...`: 10 characters of milliseconds, 16 of chance.

    Of the ids that a process gives out for the same instant, each sorts behind those before it: what is written
    together, as the messages of one batch, stays in the order in which it came about.
    """
    moment = int(at.timestamp() * 1000)
    with _lock:
        before = _given.get(moment)
        chance = secrets.randbits(79) if before is None else before + 1 + secrets.randbits(40)
        if before is None and len(_given) >= _MOST_REMEMBERED:
            del _given[next(iter(_given))]
        _given[moment] = chance
    return f"{noun}-{_in_base_32(moment, 10)}{_in_base_32(chance, 16)}"


def _in_base_32(number: int, width: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * width - 10, -1, -10)])
