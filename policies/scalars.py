"""What an unquoted word of a rule file means: text, a whole number, true or false, or a day.

YAML readers disagree about the rest (`no`, `012`, `1e3`, `12:30`): here each of those is refused, so that a
file means what a person sees in it.
"""

from __future__ import annotations

import re
from datetime import date

from policies.problems import Fault, shorten

LARGEST = 10**12

_INTEGER = re.compile(r"-?[1-9][0-9]*(?:_[0-9]+)*|0")
# What some YAML reader takes for a whole number but people may not, such as a number with leading zeros.
_ODD_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*|0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_CLOCK = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]| +)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]*)?"
    r"(?: *(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)
_SWITCH = re.compile(r"yes|no|on|off|y|n|true|false", re.IGNORECASE)
_EMPTY = frozenset(("", "~", "null", "Null", "NULL"))


def read_plain(word: str) -> str | int | date | Fault:
    """The meaning of an unquoted word, or what is wrong with it.

    >>> read_plain("50_000"), read_plain("true"), read_plain("2.2%"), read_plain("no").code
    (50000, True, '2.2%', 'boolean-word')
    """
    if word in _EMPTY:
        return _empty(word)
    if _SWITCH.fullmatch(word):
        return _switch(word)
    if _INTEGER.fullmatch(word):
        return _integer(word)
    if day := _DAY.fullmatch(word):
        return _day(word, *(int(part) for part in day.groups()))
    return _look_alike(word) or word


def _empty(word: str) -> Fault:
    what = f"'{word}' stands for nothing" if word else "nothing is written here"
    return Fault("empty-value", what, 'write the value or take the line out; empty text is ""')


def _switch(word: str) -> bool | Fault:
    if word in ("true", "false"):
        return word == "true"
    meaning = "true" if word.lower() in ("yes", "on", "y", "true") else "false"
    return Fault(
        "boolean-word",
        f"'{word}' may be read as {meaning} or as text",
        f'write {meaning}, or "{word}" in quotes for the text',
    )


def _integer(word: str) -> int | Fault:
    # Counted before it is converted: Python refuses to convert thousands of digits.
    digits = word.replace("_", "").removeprefix("-")
    if len(digits) > len(str(LARGEST)) or int(digits) > LARGEST:
        return Fault(
            "number-too-large",
            f"the number {shorten(word)} is too large",
            "the largest is 1_000_000_000_000; put it in quotes if it is text",
        )
    return int(word)


def _day(word: str, year: int, month: int, day: int) -> date | Fault:
    try:
        return date(year, month, day)
    except ValueError:
        return Fault(
            "impossible-date",
            f"there is no day {word}",
            "write year-month-day, such as 2025-01-31; put it in quotes if it is text",
        )


def _look_alike(word: str) -> Fault | None:
    """What is wrong with a word that looks like a number or a time but is none that a rule file knows."""
    shown = shorten(word)
    if _ODD_NUMBER.fullmatch(word):
        return Fault(
            "odd-number",
            f"'{shown}' is an unusual way to write a number",
            f'write it in plain digits, such as 7 or 50_000, or "{shown}" in quotes for the text',
        )
    if _FLOAT.fullmatch(word):
        return Fault(
            "decimal-number",
            f"'{shown}' is a number with a fraction",
            f'write a whole number, a percentage such as 2.2%, or "{shown}" in quotes for the text',
        )
    if _CLOCK.fullmatch(word):
        return Fault(
            "time-of-day",
            f"'{shown}' may be read as a time or as a number",
            f'write "{shown}" in quotes',
        )
    if _INSTANT.fullmatch(word):
        return Fault(
            "timestamp",
            f"'{shown}' is a day with a time",
            f'write the day alone, such as {shown[:10].rstrip()}, or "{shown}" in quotes for the text',
        )
    return None
