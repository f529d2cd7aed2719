"""What an unquoted word of a rule file means: text, a whole number, true or false, or a day.

YAML readers disagree about the rest (`no`, `012`, `1e3`, `12:30`): here each of those is refused, so that a
file means what a person sees in it.
"""

from __future__ import annotations

import re
from datetime import date

from policies.problems import Fault, both, shorten

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
_BEGINS_A_NUMBER = frozenset("+-.0123456789")
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
    if word[0] not in _BEGINS_A_NUMBER:
        return word
    if _INTEGER.fullmatch(word):
        return _integer(word)
    if day := _DAY.fullmatch(word):
        return _day(word, *(int(part) for part in day.groups()))
    return _look_alike(word) or word


def _empty(word: str) -> Fault:
    what = both("여기에 아무것도 쓰여 있지 않습니다", "nothing is written here")
    if word:
        what = both("'{word}' 표기에는 값이 없습니다", "'{word}' stands for nothing", word=word)
    hint = both(
        '값을 쓰거나 줄을 빼십시오. 빈 텍스트는 ""입니다', 'write the value or take the line out; empty text is ""'
    )
    return Fault("empty-value", what, hint)


def _switch(word: str) -> bool | Fault:
    if word in ("true", "false"):
        return word == "true"
    meaning = "true" if word.lower() in ("yes", "on", "y", "true") else "false"
    return Fault(
        "boolean-word",
        both(
            "'{word}' 표기는 {meaning} 값으로도 텍스트로도 읽힐 수 있습니다",
            "'{word}' may be read as {meaning} or as text",
            word=word,
            meaning=meaning,
        ),
        both(
            '{meaning} 값이면 그대로 쓰고, 텍스트면 따옴표로 묶어 "{word}"처럼 쓰십시오',
            'write {meaning}, or "{word}" in quotes for the text',
            word=word,
            meaning=meaning,
        ),
    )


def _integer(word: str) -> int | Fault:
    # Counted before it is converted: Python refuses to convert thousands of digits.
    digits = word.replace("_", "").removeprefix("-")
    if len(digits) > len(str(LARGEST)) or int(digits) > LARGEST:
        return Fault(
            "number-too-large",
            both("수가 너무 큽니다: {number}", "the number {number} is too large", number=shorten(word)),
            both(
                "가장 큰 수는 1_000_000_000_000입니다. 텍스트면 따옴표로 묶으십시오",
                "the largest is 1_000_000_000_000; put it in quotes if it is text",
            ),
        )
    return int(word)


def _day(word: str, year: int, month: int, day: int) -> date | Fault:
    try:
        return date(year, month, day)
    except ValueError:
        return Fault(
            "impossible-date",
            both("달력에 없는 날짜입니다: {word}", "there is no day {word}", word=word),
            both(
                "2025-01-31처럼 연-월-일로 쓰십시오. 텍스트면 따옴표로 묶으십시오",
                "write year-month-day, such as 2025-01-31; put it in quotes if it is text",
            ),
        )


def _look_alike(word: str) -> Fault | None:
    """What is wrong with a word that looks like a number or a time but is none that a rule file knows."""
    shown = shorten(word)
    if _ODD_NUMBER.fullmatch(word):
        return Fault(
            "odd-number",
            both(
                "수를 쓰는 흔치 않은 방식입니다: '{shown}'",
                "'{shown}' is an unusual way to write a number",
                shown=shown,
            ),
            both(
                '7 또는 50_000처럼 숫자로만 쓰십시오. 텍스트면 따옴표로 묶어 "{shown}"처럼 쓰십시오',
                'write it in plain digits, such as 7 or 50_000, or "{shown}" in quotes for the text',
                shown=shown,
            ),
        )
    if _FLOAT.fullmatch(word):
        return Fault(
            "decimal-number",
            both("소수점이 있는 수입니다: '{shown}'", "'{shown}' is a number with a fraction", shown=shown),
            both(
                '정수 또는 2.2% 같은 백분율로 쓰십시오. 텍스트면 따옴표로 묶어 "{shown}"처럼 쓰십시오',
                'write a whole number, a percentage such as 2.2%, or "{shown}" in quotes for the text',
                shown=shown,
            ),
        )
    if _CLOCK.fullmatch(word):
        return Fault(
            "time-of-day",
            both(
                "'{shown}' 표기는 시각으로도 수로도 읽힐 수 있습니다",
                "'{shown}' may be read as a time or as a number",
                shown=shown,
            ),
            both('따옴표로 묶어 "{shown}"처럼 쓰십시오', 'write "{shown}" in quotes', shown=shown),
        )
    if _INSTANT.fullmatch(word):
        return Fault(
            "timestamp",
            both("시각이 붙은 날짜입니다: '{shown}'", "'{shown}' is a day with a time", shown=shown),
            both(
                '{day}처럼 날짜만 쓰십시오. 텍스트면 따옴표로 묶어 "{shown}"처럼 쓰십시오',
                'write the day alone, such as {day}, or "{shown}" in quotes for the text',
                day=shown[:10].rstrip(),
                shown=shown,
            ),
        )
    return None
