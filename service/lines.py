"""A body of many lines, each of which is read by itself (NDJSON): cut as it comes, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MEDIA_TYPE = "application/x-ndjson"
IN_ENVIRON = "recoup.lines"
"""Where a request has the lines that were cut off a stream; without it, its body is the whole of them."""


class Line(NamedTuple):
    """One line: its number from 1, and its text; None where it is longer than a line may be, or too `late`."""

    number: int
    text: bytes | None
    late: bool = False


class Lines:
    r"""Cuts what comes into lines of up to so many bytes; what is longer is let go as it comes. Lines without anything
    on them count, and nothing else.

    >>> lines = Lines(5)
    >>> [line[:2] for part in (b"12", b"3\n\n123456", b"789\n1") for line in lines.of(part)]
    [(1, b'123'), (3, None)]
    >>> [line[:2] for line in lines.rest()]
    [(4, b'1')]
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self.ended = 0
        """How many have ended, also those without anything on them."""
        self._begun = bytearray()
        self._too_long = False

    def of(self, came: bytes) -> Iterator[Line]:
        """The lines that end in what just came."""
        start = 0
        while (end := came.find(b"\n", start)) >= 0:
            self._add(memoryview(came)[start:end])
            yield from self._ended()
            start = end + 1
        self._add(memoryview(came)[start:])

    def rest(self) -> Iterator[Line]:
        """The last line, which may end without a line end."""
        yield from self._ended()

    def _add(self, part: memoryview) -> None:
        self._too_long = self._too_long or len(self._begun) + len(part) > self._most
        if self._too_long:
            self._begun.clear()
        else:
            self._begun += part

    def _ended(self) -> Iterator[Line]:
        self.ended += 1
        text, too_long = bytes(self._begun), self._too_long
        self._begun.clear()
        self._too_long = False
        if too_long or text.strip():
            yield Line(self.ended, None if too_long else text)


def lines_of(body: bytes, most_bytes: int) -> Iterator[Line]:
    """The lines of a body that is there as a whole."""
    lines = Lines(most_bytes)
    yield from lines.of(body)
    yield from lines.rest()
