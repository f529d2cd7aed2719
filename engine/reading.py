"""From plain JSON data to typed facts; what cannot be read says what to write instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, convert, defstruct, to_builtins
from msgspec.structs import astuple

from policies.model import Fact, Scalar, Text
from policies.problems import both, did_you_mean, shorten, told

MOST: Final = 10**12
"""No amount of a case is larger than this, so that sums stay exact in every JSON reader."""

MOST_MISTAKES: Final = 50
"""More are not listed: nobody reads them, and whoever writes a million of them is not worth the time."""

MOST_HINTS: Final = 10
"""What was meant is looked for in so many of them: it takes longer than all the rest."""

LONGEST_TEXT: Final = 200
"""No text of a case has more characters."""

YEARS: Final = range(1900, 3000)
"""The years in which an instant of a case can lie: local days at the ends of the calendar would fall off it."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)


class Mistake(ValueError):
    """What is wrong with one value of a case, and what to write instead; as a string in English."""

    def __init__(self, message: Text, hint: Text | None = None) -> None:
        super().__init__(told(message, hint).en)
        self.message, self.hint = message, hint

    @property
    def text(self) -> Text:
        """Both as one."""
        return told(self.message, self.hint)


Errors = list[tuple[str, Mistake]]


class _Unset:
    """The default of what must be given."""


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class Reader:
    """How one value is read. `read` gives it, or raises Mistake saying what is wrong and what to write.

    `shape` says the same in types of msgspec, which reads whole lists in the time `read` takes for a few values.
    It lets through what `read` lets through and nothing else, except that it does not look for control characters
    in a `text`, and that values whose `shape` is None are left for `read`. What is not printable is left for `read`
    too, which knows that not all of it is a control character.
    """

    read: Callable[[Any], Any]
    shape: Any = None
    text: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of an object: how its value is read, and what holds where the key is missing."""

    name: str
    reader: Reader
    default: Scalar | _Unset | tuple[()] = UNSET


class ObjectReader:
    """Reads an object with known keys to the list of their values, in the order of `entries`.

    Sound objects, which nearly all are, are read by msgspec. Only where that fails is an object looked at key by
    key, to tell everything that is wrong with it.

    `shape` is the type that msgspec reads objects to, and can be a part of a larger one. Given a `record`, whose
    fields are the names of the entries, what it reads is one; its `further` fields have these values, whatever the
    object says.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        record: type[Struct] | None = None,
        further: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.entries = tuple(entries)
        # The names of declared facts, which no record has, may be words that Python keeps for itself.
        fields = {entry.name if record else f"field_{n}": entry for n, entry in enumerate(self.entries)}
        self.shape = defstruct(
            record.__name__ if record else "Shape",
            [
                *[_field(name, entry) for name, entry in fields.items()],
                *[(name, _Nothing, value) for name, value in further.items()],
            ],
            bases=(record,) if record else (),
            rename={name: entry.name for name, entry in fields.items()},
            forbid_unknown_fields=True,
            kw_only=True,
            frozen=True,
            gc=False,
        )
        self._shapes = list[self.shape]  # type: ignore[name-defined]
        self._texts = [attrgetter(name) for name, entry in fields.items() if entry.reader.text]
        self._left = [
            (position, entry.reader.read, entry.default)
            for position, entry in enumerate(self.entries)
            if entry.reader.shape is None
        ]

    def read(self, data: object, path: str, errors: Errors) -> list[Any]:
        """The values; every trouble is added to `errors`, and then the values mean nothing."""
        try:
            shaped = convert(data, self.shape)
            if printable(self.texts((shaped,))):
                return self.values(shaped)
        except (ValueError, TypeError):
            pass
        return self._with_errors(data, path, errors)

    def read_list(self, data: object, path: str, errors: Errors) -> list[list[Any]]:
        """The values of each object of a list."""
        if not isinstance(data, list | tuple):
            errors.append((path, _unfit(data, both("목록을 쓰십시오", "write a list"))))
            return []
        if not data:
            return []
        try:
            shaped = convert(data, self._shapes)
            if printable(self.texts(shaped)):
                return [self.values(each) for each in shaped]
        except (ValueError, TypeError):
            pass
        values: list[list[Any]] = []
        for index, each in enumerate(data):
            if len(errors) >= MOST_MISTAKES:
                break
            values.append(self._with_errors(each, f"{path}.{index}", errors))
        return values

    def texts(self, shaped: Sequence[Any]) -> list[str]:
        """The texts of objects that msgspec read, in which it looks for no control characters."""
        found: list[str] = []
        for text in self._texts:
            found += map(text, shaped)
        return found

    def values(self, shaped: Any) -> list[Any]:
        """The values of an object that msgspec read, with those that it has no shape for read as well.

        Raises ValueError or TypeError where one of these is wrong.
        """
        values = [*astuple(shaped)[: len(self.entries)]]
        for position, read, default in self._left:
            if values[position] is not default:
                values[position] = read(values[position])
        return values

    def _with_errors(self, data: object, path: str, errors: Errors) -> list[Any]:
        values: list[Any] = [entry.default for entry in self.entries]
        if not isinstance(data, dict):
            hint = both(
                "{{{example}}} 같은 객체를 쓰십시오", "write an object such as {{{example}}}", example=self._example()
            )
            errors.append((path, _unfit(data, hint)))
            return values
        for position, entry in enumerate(self.entries):
            if entry.name not in data:
                if entry.default is UNSET:
                    errors.append((f"{path}.{entry.name}", Mistake(_MISSING, _GIVE_IT)))
                continue
            raw = data[entry.name]
            try:
                values[position] = entry.reader.read(raw)
            except Mistake as mistake:
                errors.append((f"{path}.{entry.name}", mistake))
            except TypeError:
                # A list or an object cannot even be looked up.
                errors.append((f"{path}.{entry.name}", _unfit(raw, _WRITE_ONE_VALUE)))
        names = set(self._names())
        unknown = (key for key in data if key not in names)
        room = max(0, MOST_MISTAKES - len(errors))
        for key in islice(unknown, room):
            name = str(key).replace(".", "\\.")
            errors.append((f"{path}.{name}", self._unknown(key, hint=len(errors) < MOST_HINTS)))
        return values

    def _unknown(self, key: object, *, hint: bool) -> Mistake:
        names = self._names()
        known = both("여기에 쓸 수 있는 것: {names}", "known here are {names}", names=", ".join(names))
        return Mistake(NOT_KNOWN, (did_you_mean(str(key), names) if hint else None) or known)

    def _names(self) -> list[str]:
        return [entry.name for entry in self.entries]

    def _example(self) -> str:
        return ", ".join(f'"{name}": ...' for name in self._names()[:2])


def parts_of(path: str) -> list[str]:
    r"""The names and places that a path of `Errors` leads through. A dot inside of a name has a backslash before it.

    >>> parts_of("lots.0.left"), parts_of("event.a\\.b")
    (['lots', '0', 'left'], ['event', 'a.b'])
    """
    return [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", path)]


def printable(texts: Iterable[str]) -> bool:
    """Whether nothing in texts could be a control character."""
    return "".join(texts).isprintable()


def is_plain(text: bytes) -> bool:
    """Whether JSON text is all of plain ASCII letters, so that no text in it can hold a control character.

    Those below a space JSON only lets through escaped.
    """
    return text.isascii() and b"\\" not in text and b"\x7f" not in text


class _Nothing:
    """What a field is read as that no object may name."""


def _field(name: str, entry: Entry) -> Any:
    kind = Any if entry.reader.shape is None else entry.reader.shape
    if entry.default is UNSET:
        return name, kind
    return name, kind | None if entry.default is None else kind, entry.default


def entry(fact: Fact) -> Entry:
    """How a fact of the vocabulary is read from JSON."""
    default = UNSET if fact.required else fact.default
    assert default is UNSET or default is None or isinstance(default, int | str | date), f"{fact.path}: {default!r}"
    return Entry(fact.name, reader(fact), default)


def reader(fact: Fact) -> Reader:
    """The reader for a fact's type."""
    if fact.type == "choice":
        return choice(fact.choices)
    if fact.type == "date":
        return DAY_OR_NONE if fact.none else DAY
    return {"flag": FLAG, "text": TEXT}.get(fact.type, WHOLE)


def choice(members: Iterable[str]) -> Reader:
    """One of the members, and nothing else.

    >>> choice(["cash", "bill_credit"]).read("bill_kredit")
    Traceback (most recent call last):
    engine.reading.Mistake: is 'bill_kredit'; did you mean 'bill_credit'?
    """
    known = tuple(members)

    def read(raw: object) -> str:
        if isinstance(raw, str) and raw in known:
            return raw
        members = both("다음 중 하나입니다: {known}", "it is one of {known}", known=", ".join(known[:12]))
        raise _unfit(raw, (did_you_mean(raw, known) if isinstance(raw, str) else None) or members)

    return Reader(read, Literal[known])


def _day(raw: object) -> date:
    """A day, written as 2026-01-31."""
    if not isinstance(raw, str) or not _DAY.fullmatch(raw):
        raise _unfit(raw, _WRITE_A_DAY)
    try:
        return date.fromisoformat(raw)
    except ValueError:
        message = both(
            "달력에 없는 날짜입니다({found})", "is {found}, a day that the calendar does not have", found=shown(raw)
        )
        raise Mistake(message, _WRITE_A_DAY) from None


def _day_or_none(raw: object) -> date | None:
    """A day, or null where there is none."""
    return None if raw is None else _day(raw)


def _flag(raw: object) -> bool:
    if raw is True or raw is False:
        return raw
    for word, meant in ((True, _YES), (False, _NO)):
        if isinstance(raw, str) and raw.strip().lower() in meant:
            hint = both(
                "따옴표 없이 true 또는 false로 쓰십시오. 여기서는 {word}",
                "write true or false without quotes, here {word}",
                word=shown(word),
            )
            raise _unfit(raw, hint)
    raise _unfit(raw, both("true 또는 false로 쓰십시오", "write true or false"))


# What people write where true or false is meant.
_YES = frozenset({"yes", "y", "on", "true", "예", "네"})
_NO = frozenset({"no", "n", "off", "false", "아니오", "아니요"})


def _whole(least: int) -> Reader:
    """A whole number from `least`."""

    def read(raw: object) -> int:
        if type(raw) is int and least <= raw <= MOST:
            return raw
        raise _not_whole(raw, least)

    return Reader(read, Annotated[int, Meta(ge=least, le=MOST)])


def _not_whole(raw: object, least: int) -> Mistake:
    if isinstance(raw, bool) or not isinstance(raw, int):
        return _unfit(raw, both("따옴표 없이 정수로 쓰십시오", "write a whole number without quotes"))
    hint = both(
        "{least:_}에서 {most:_}까지의 정수를 쓰십시오",
        "write a whole number from {least:_} to {most:_}",
        least=least,
        most=MOST,
    )
    return _unfit(raw, hint)


def _text(raw: object) -> str:
    if type(raw) is str and len(raw) <= LONGEST_TEXT and (raw.isprintable() or _plain(raw)):
        return raw
    if not isinstance(raw, str):
        raise _unfit(raw, both("텍스트를 따옴표로 묶어 쓰십시오", "write text in quotes"))
    if len(raw) > LONGEST_TEXT:
        raise Mistake(
            both("텍스트가 {count}자입니다", "has {count} characters", count=len(raw)),
            both("{most}자 이하로 쓰십시오", "write at most {most}", most=LONGEST_TEXT),
        )
    raise Mistake(
        both("제어 문자가 들어 있습니다", "holds a control character"),
        both("보통 글자로 한 줄에 쓰십시오", "write plain text on one line"),
    )


def _name(raw: object) -> str:
    found = _text(raw)
    if not found:
        raise Mistake(both('비어 있습니다("")', 'is ""'), both("id를 주십시오", "give it an id"))
    return found


def instant(raw: object) -> datetime:
    """An instant with its offset, in UTC.

    >>> instant("2026-03-02T10:00:00+09:00")
    datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(raw, str) or not _INSTANT.match(raw):
        raise _unfit(raw, _WRITE_AN_INSTANT)
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        raise _unfit(raw, _WRITE_AN_INSTANT) from None
    if found.tzinfo is None:
        message = both(
            "시간대가 없는 시각입니다({found})", "is {found}, which does not say in which zone", found=shown(raw)
        )
        raise Mistake(message, both("Z 또는 시차로 끝내십시오", "end it with Z or an offset"))
    if found.year not in YEARS:
        hint = both(
            "{first}년에서 {last}년까지의 시각을 쓰십시오",
            "write an instant of the years {first} to {last}",
            first=YEARS[0],
            last=YEARS[-1],
        )
        raise _unfit(raw, hint)
    return found if found.tzinfo is UTC else found.astimezone(UTC)


def _days(raw: object) -> tuple[date, ...]:
    """A list of days."""
    if not isinstance(raw, list | tuple):
        hint = both('["2026-01-31"]처럼 날짜의 목록을 쓰십시오', 'write a list of days, such as ["2026-01-31"]')
        raise _unfit(raw, hint)
    return tuple(_day(each) for each in raw)


def _names(raw: object) -> tuple[str, ...]:
    """A list of ids."""
    if not isinstance(raw, list | tuple):
        raise _unfit(raw, both('["L-1"]처럼 id의 목록을 쓰십시오', 'write a list of ids, such as ["L-1"]'))
    return tuple(_name(each) for each in raw)


DAY = Reader(_day, date)
DAY_OR_NONE = Reader(_day_or_none, date | None)
DAYS = Reader(_days, tuple[date, ...])
FLAG = Reader(_flag, bool)
WHOLE = _whole(-MOST)
AMOUNT = _whole(0)
POSITIVE = _whole(1)
TEXT = Reader(_text, Annotated[str, Meta(max_length=LONGEST_TEXT)], text=True)
NAME = Reader(_name, Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)], text=True)
NAMES = Reader(_names, tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)], ...])
INSTANT = Reader(instant)
AS_IT_IS = Reader(lambda raw: raw, Any)


def instant_words(at: datetime) -> str:
    """An instant as it stands in JSON.

    >>> instant_words(datetime(2026, 3, 2, 1, tzinfo=UTC))
    '2026-03-02T01:00:00Z'
    """
    words: str = to_builtins(at)
    return words


def day_words(day: date | None) -> str | None:
    """A day as it stands in JSON."""
    return None if day is None else day.isoformat()


def words_of_days(days: list[date | None]) -> list[str | None]:
    """Days as they stand in JSON, at once: a decision tells the last day of each of its lots."""
    words: list[str | None] = to_builtins(days)
    return words


def shown(raw: object) -> str | Text:
    """A value of the caller as a message quotes it, shortened.

    >>> shown(True), shown("x" * 60), shown(None), shown([1]).en
    ('true', "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'", 'null', 'a list')
    """
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return f"'{shorten(_printable(raw))}'"
    if isinstance(raw, int):
        return str(raw) if abs(raw) < 10**30 else both("30자리가 넘는 수", "a number of more than 30 digits")
    if isinstance(raw, Mapping):
        return both("객체", "an object")
    if isinstance(raw, list | tuple):
        return both("목록", "a list")
    return f"{raw!r:.40}"


NOT_KNOWN = both("알 수 없는 항목입니다", "is not known")
_MISSING = both("빠져 있습니다", "is missing")
_GIVE_IT = both("모든 신청에 있어야 합니다", "every case has to give it")
_WRITE_ONE_VALUE = both("값 하나를 쓰십시오", "write a single value")
_WRITE_A_DAY = both("날짜를 2026-01-31처럼 쓰십시오", "write the day as 2026-01-31")
_WRITE_AN_INSTANT = both("시각을 2026-03-02T01:00:00Z처럼 쓰십시오", "write the instant as 2026-03-02T01:00:00Z")


def _unfit(raw: object, hint: Text) -> Mistake:
    return Mistake(both("쓸 수 없는 값입니다({found})", "is {found}", found=shown(raw)), hint)


def _plain(raw: str) -> bool:
    return not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in raw)


def _printable(raw: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in raw[:200])
