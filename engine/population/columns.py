"""Columns of Arrow as lists of Python, in a fraction of the time that `to_pylist` takes; a decision needs more than a
hundred values.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from engine.population.libraries import load_arrow

Column = Any
"""An array of pyarrow."""

_EPOCH: Final = date(1970, 1, 1).toordinal()
_NONE: Final = -(2**31)
_LAST_DAY: Final = date.max.toordinal() - _EPOCH
_FIRST_DAY: Final = date.min.toordinal() - _EPOCH
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NotADay(ValueError):
    """A day that Python's calendar does not have, such as one before the year 1."""


class _Days(dict[int, date | None]):
    """Days by their distance from 1970, each made once."""

    def __missing__(self, distance: int) -> date | None:
        if not _FIRST_DAY <= distance <= _LAST_DAY:
            raise NotADay
        self[distance] = found = date.fromordinal(_EPOCH + distance)
        return found


_DAYS = _Days({_NONE: None})


def values(column: Column) -> list[Any]:
    """The values of a column, None where there is none. Raises NotADay."""
    pa = load_arrow()
    kind = column.type
    if pa.types.is_date32(kind):
        return _days(column)
    if column.null_count:
        found: list[Any] = column.to_pylist()
        return found
    if pa.types.is_list(kind) and pa.types.is_date32(kind.value_type):
        flat = _days(column.flatten())
        return [tuple(flat[start:end]) for start, end in pairwise(offsets(column))]
    if pa.types.is_int64(kind):
        return _numbers(column, "q", 8)
    if pa.types.is_boolean(kind):
        return list(map(bool, _numbers(column.cast(pa.int8()), "b", 1)))
    if pa.types.is_string(kind):
        return _texts(column)
    listed: list[Any] = column.to_pylist()
    return listed


def offsets(column: Column) -> list[int]:
    """Where each list of a column of lists begins among all of them, flattened, and where the last ends."""
    found = _ends(column)
    return found if not found[0] else [each - found[0] for each in found]


def instants(column: Column) -> list[Any]:
    """The instants of a column that counts microseconds in UTC; None where there is none. Raises NotADay."""
    pa = load_arrow()
    counted = column.cast(pa.int64())
    try:
        if column.null_count:
            return [None if each is None else _START + timedelta(microseconds=each) for each in counted.to_pylist()]
        return [_START + timedelta(microseconds=each) for each in _numbers(counted, "q", 8)]
    except OverflowError:
        raise NotADay from None


def _days(column: Column) -> list[Any]:
    pa = load_arrow()
    distances = column.cast(pa.int32())
    if column.null_count:
        distances = distances.fill_null(_NONE)
    return [_DAYS[each] for each in _numbers(distances, "i", 4)]


def _numbers(column: Column, code: str, width: int) -> list[int]:
    """Numbers of so many bytes, without NULLs."""
    if not len(column):
        return []
    start = column.offset * width
    data = memoryview(column.buffers()[1])[start : start + len(column) * width]
    found: list[int] = data.cast("B").cast(code).tolist()  # type: ignore[call-overload]  # by its width
    return found


def _texts(column: Column) -> list[str]:
    """Texts without NULLs."""
    if not len(column):
        return []
    ends = _ends(column)
    data = column.buffers()[2]
    raw = b"" if data is None else bytes(memoryview(data)[ends[0] : ends[-1]])
    if not raw.isascii():
        found: list[str] = column.to_pylist()
        return found
    text, first = raw.decode("ascii"), ends[0]
    return [text[start - first : end - first] for start, end in pairwise(ends)]


def _ends(column: Column) -> list[int]:
    start = column.offset * 4
    data = memoryview(column.buffers()[1])[start : start + (len(column) + 1) * 4]
    found: list[int] = data.cast("B").cast("i").tolist()
    return found
