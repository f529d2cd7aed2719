"""Ids that the service gives out: a letter for the noun, the time, and enough chance.

They sort by age (so a lot id breaks ties oldest first and an index grows at its end), and nobody
can guess a neighbour's.
"""

from __future__ import annotations

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(noun: str, at: datetime) -> str:
    """A fresh id such as `D-01JXYZ...`: 10 characters of milliseconds, 16 of chance."""
    return f"{noun}-{_in_base_32(int(at.timestamp() * 1000), 10)}{_in_base_32(secrets.randbits(80), 16)}"


def _in_base_32(number: int, width: int) -> str:
    return "".join([ALPHABET[number >> shift & 31] for shift in range(5 * (width - 1), -1, -5)])
