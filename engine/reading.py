"""From plain JSON data to typed facts, one value at a time; what cannot be read says what to write instead.

Readers are made once for a policy and used for every lot of every case: those of choices and days are lookups.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from policies.model import Fact, Scalar
from policies.problems import did_you_mean, shorten

MOST: Final = 10**12
"""No amount of a case is larger than this, so that sums stay exact in every JSON reader."""

_LONGEST_TEXT = 200
_DAYS_REMEMBERED = 100_000
_SHAPES_REMEMBERED = 256
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

Reader = Callable[[Any], Any]
Errors = list[tuple[str, str]]


class _Unset:
    """The default of what must be given, and what a missing key reads as."""


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of an object: how its value is read, and what holds where the key is missing."""

    name: str
    read: Reader
    default: Scalar | _Unset = UNSET


class ObjectReader:
    """Reads an object with known keys to the list of their values, in the order of `entries`.

    The objects of one caller have the same keys in the same order, so what has to be read for a row of keys is worked
    out once. Only where that fails is an object looked at key by key, to tell everything that is wrong with it.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self._defaults = [entry.default for entry in self.entries]
        self._shapes: dict[tuple[str, ...], list[tuple[int, str, Reader]]] = {}

    def read(self, data: object, path: str, errors: Errors) -> list[Any]:
        """The values; every trouble is added to `errors`, and the value in its place means nothing."""
        if not isinstance(data, dict):
            errors.append((path, f"is {shown(data)}; write an object such as {{{self._example()}}}"))
            return list(self._defaults)
        shape = tuple(data)
        known = self._shapes.get(shape) or self._shape(shape)
        if known:
            values = self._defaults.copy()
            try:
                for position, name, read in known:
                    values[position] = read(data[name])
            except (ValueError, TypeError):
                pass
            else:
                return values
        return self._with_errors(data, path, errors)

    def _shape(self, keys: tuple[str, ...]) -> list[tuple[int, str, Reader]]:
        """What there is to read for a row of keys; empty when one is unknown or missing."""
        given = set(keys)
        if not given <= set(self._names()) or any(e.default is UNSET and e.name not in given for e in self.entries):
            return []
        if len(self._shapes) >= _SHAPES_REMEMBERED:
            self._shapes.clear()
        found = [(position, e.name, e.read) for position, e in enumerate(self.entries) if e.name in given]
        self._shapes[keys] = found
        return found

    def _with_errors(self, data: dict[Any, Any], path: str, errors: Errors) -> list[Any]:
        values = self._defaults.copy()
        for position, entry in enumerate(self.entries):
            if entry.name not in data:
                if entry.default is UNSET:
                    errors.append((f"{path}.{entry.name}", "is missing; every case has to give it"))
                continue
            raw = data[entry.name]
            try:
                values[position] = entry.read(raw)
            except (ValueError, TypeError) as error:
                errors.append((f"{path}.{entry.name}", trouble(raw, error)))
        names = set(self._names())
        errors.extend((f"{path}.{key}", self._unknown(key)) for key in data if key not in names)
        return values

    def _unknown(self, key: object) -> str:
        names = self._names()
        hint = did_you_mean(str(key), names) or f"known here are {', '.join(names)}"
        return f"is not known; {hint}"

    def _names(self) -> list[str]:
        return [entry.name for entry in self.entries]

    def _example(self) -> str:
        return ", ".join(f'"{name}": ...' for name in self._names()[:2])


def entry(fact: Fact) -> Entry:
    """How a fact of the vocabulary is read from JSON."""
    default = UNSET if fact.required else fact.default
    assert default is UNSET or default is None or isinstance(default, int | str | date), f"{fact.path}: {default!r}"
    return Entry(fact.name, reader(fact), default)


def reader(fact: Fact) -> Reader:
    """The reader for a fact's type. Points and money of the common facts are never below 0; declared ones may be."""
    if fact.type == "choice":
        return choice(fact.choices)
    if fact.type == "date":
        return day_or_none if fact.none else day
    if fact.type == "flag":
        return flag
    if fact.type == "text":
        return text
    return whole


class _Choices(dict[str, str]):
    """The members of a choice, each under its own name, so that reading one is a lookup."""

    def __missing__(self, raw: object) -> str:
        members = ", ".join(list(self)[:12])
        hint = did_you_mean(raw, self) if isinstance(raw, str) else ""
        raise ValueError(f"is {shown(raw)}; {hint or f'it is one of {members}'}")


def choice(members: Iterable[str]) -> Reader:
    """One of the members, and nothing else.

    >>> choice(["cash", "bill_credit"])("bill_kredit")
    Traceback (most recent call last):
    ValueError: is 'bill_kredit'; did you mean 'bill_credit'?
    """
    return _Choices((member, member) for member in members).__getitem__


class _Days(dict[Any, date | None]):
    """Days by how they are written, remembered: the lots of a programme share a few thousand of them."""

    def __init__(self, *, none: bool) -> None:
        super().__init__()
        self._none = none

    def __missing__(self, raw: object) -> date | None:
        found = None if raw is None and self._none else _written_day(raw)
        if len(self) >= _DAYS_REMEMBERED:
            self.clear()
        self[raw] = found
        return found


def _written_day(raw: object) -> date:
    if not isinstance(raw, str) or not _DAY.fullmatch(raw):
        raise ValueError(f"is {shown(raw)}; write the day as 2026-01-31")
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"is {shown(raw)}, a day that the calendar does not have") from None


day: Reader = _Days(none=False).__getitem__
"""A day, written as 2026-01-31."""

day_or_none: Reader = _Days(none=True).__getitem__
"""A day, or null where there is none."""


def flag(raw: object) -> bool:
    """True or false."""
    if raw is True or raw is False:
        return raw
    raise ValueError(f"is {shown(raw)}; write true or false")


def whole(raw: object) -> int:
    """A whole number, negative ones included."""
    if type(raw) is int and -MOST <= raw <= MOST:
        return raw
    raise ValueError(_not_whole(raw, -MOST))


def amount(raw: object) -> int:
    """A whole number from 0."""
    if type(raw) is int and 0 <= raw <= MOST:
        return raw
    raise ValueError(_not_whole(raw, 0))


def positive(raw: object) -> int:
    """A whole number from 1."""
    if type(raw) is int and 0 < raw <= MOST:
        return raw
    raise ValueError(_not_whole(raw, 1))


def _not_whole(raw: object, least: int) -> str:
    if isinstance(raw, bool) or not isinstance(raw, int):
        return f"is {shown(raw)}; write a whole number without quotes"
    return f"is {shown(raw)}; write a whole number from {least:,} to {MOST:,}".replace(",", "_")


def text(raw: object) -> str:
    """Text of at most 200 characters, without control characters."""
    if type(raw) is str and len(raw) <= _LONGEST_TEXT and (raw.isprintable() or _plain(raw)):
        return raw
    if not isinstance(raw, str):
        raise ValueError(f"is {shown(raw)}; write text in quotes")
    if len(raw) > _LONGEST_TEXT:
        raise ValueError(f"has {len(raw)} characters; write at most {_LONGEST_TEXT}")
    raise ValueError("holds a control character; write plain text on one line")


def name(raw: object) -> str:
    """An id: text that is not empty."""
    if type(raw) is str and 0 < len(raw) <= _LONGEST_TEXT and raw.isprintable():
        return raw
    found = text(raw)
    if not found:
        raise ValueError('is ""; give it an id')
    return found


def instant(raw: object) -> datetime:
    """An instant with its offset, in UTC.

    >>> instant("2026-03-02T10:00:00+09:00")
    datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.timezone.utc)
    """
    if isinstance(raw, str) and len(raw) >= len("2026-03-02T01:00"):
        try:
            found = datetime.fromisoformat(raw)
        except ValueError:
            raise ValueError(f"is {shown(raw)}; write the instant as 2026-03-02T01:00:00Z") from None
        if found.tzinfo is None:
            raise ValueError(f"is {shown(raw)}, which does not say in which zone; end it with Z or an offset")
        # Local days of instants at the ends of the calendar would fall off it.
        if not 1900 <= found.year < 3000:
            raise ValueError(f"is {shown(raw)}; write an instant of the years 1900 to 2999")
        return found.astimezone(UTC)
    raise ValueError(f"is {shown(raw)}; write the instant as 2026-03-02T01:00:00Z")


def instant_words(at: datetime) -> str:
    """An instant as it stands in JSON.

    >>> instant_words(datetime(2026, 3, 2, 1, tzinfo=UTC))
    '2026-03-02T01:00:00Z'
    """
    return at.isoformat().replace("+00:00", "Z")


def shown(raw: object) -> str:
    """A value of the caller as a message quotes it, shortened.

    >>> shown(True), shown("x" * 60), shown(None), shown([1])
    ('true', "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'", 'null', 'a list')
    """
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return f"'{shorten(_printable(raw))}'"
    if isinstance(raw, int):
        return str(raw) if abs(raw) < 10**30 else "a number of more than 30 digits"
    if isinstance(raw, Mapping):
        return "an object"
    if isinstance(raw, list | tuple):
        return "a list"
    return f"{raw!r:.40}"


def trouble(raw: object, error: Exception) -> str:
    """What a reader's error says about `raw`. A list or an object cannot even be looked up."""
    return f"is {shown(raw)}; write a single value" if isinstance(error, TypeError) else str(error)


def _plain(raw: str) -> bool:
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in raw)


def _printable(raw: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in raw[:200])
