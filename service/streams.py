"""Lines without end, as the server streams them: read as they come, answered as they are read.

The application sees a few lines at a time, as a request of its own, so between them it answers others; and no more is
held than these lines and their answer. Nothing more is read while a client does not take what it was answered, and
nothing more is judged once it has left. Whoever ends no line for a while, or takes nothing, is waited for no longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from service.lines import IN_ENVIRON, MEDIA_TYPE, Line, Lines

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

PATHS = ("/v1/decisions:batch",)
MOST_LINES = 100
"""How many lines are answered in one turn; others wait so long."""
MOST_BYTES = 65_536
"""How long those lines may be together, but for a single one."""
MOST_ANSWERED = 1_000_000
"""How many bytes the answers of one turn should come to."""
FOR_ALL = (401, 403)
"""Refusals of whoever asks, not of a line."""
PART = 65_536
"""In parts of so many bytes an answer is sent, each once the one before is under way: a client that does not take it
makes the server hold no more than that.
"""


class Streams:
    """Answers streams of lines of up to so many bytes; so many streams go on at once, one of them has its turn. So many
    seconds a client may keep one waiting.
    """

    def __init__(
        self,
        answer: Callable[[WSGIEnvironment], Awaitable[Answer]],
        most_bytes: int,
        most: int,
        most_seconds: float,
    ) -> None:
        self._answer = answer
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._streams = asyncio.Semaphore(most)
        # Whoever asks for something else waits for one turn of a stream, and not for one of each.
        self._turn = asyncio.Lock()

    def wanted(self, environ: WSGIEnvironment) -> bool:
        """Whether a request brings such lines."""
        sent = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        return sent == MEDIA_TYPE and environ["PATH_INFO"] in PATHS and environ["REQUEST_METHOD"] == "POST"

    async def answer(self, environ: WSGIEnvironment, receive: Receive, send: Send) -> None:
        """Answer one request. Who may not ask is told so before anything is read."""
        async with self._streams:
            status, headers, answer = await self._answer_some(environ, [])
            if status == 200:
                headers = [each for each in headers if each[0] != b"content-length"]
                await send({"type": "http.response.start", "status": status, "headers": headers})
                # Nothing yet; but whoever waits for the answer to begin sees that it has.
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                if not await self._answer_all(environ, receive, send):
                    return
                answer = b""
            else:
                await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

    async def _answer_all(self, environ: WSGIEnvironment, receive: Receive, send: Send) -> bool:
        """Answer line after line; whether the client is still there."""
        came, most = _Came(receive, self._most_bytes, self._most_seconds), MOST_LINES
        reading = asyncio.ensure_future(came.read())
        try:
            while some := await came.next_of(most):
                status, _, answer = await self._answer_some(environ, some)
                if status != 200:
                    answer = b"".join(_refused(line, status, answer) for line in some)
                await send_parts(send, answer, self._most_seconds, more=True)
                if status in FOR_ALL:
                    break
                most = max(1, min(MOST_LINES, MOST_ANSWERED * len(some) // len(answer)))
        except TimeoutError:
            return False
        finally:
            reading.cancel()
        return not came.left

    async def _answer_some(self, environ: WSGIEnvironment, some: Sequence[Line]) -> Answer:
        async with self._turn:
            return await self._answer({**environ, IN_ENVIRON: some})


class _Came:
    """What has come of a stream and is not answered yet. It is read ahead, so that lines that come one by one are
    answered together, and it is seen when the client leaves; but by no more than one turn takes.
    """

    def __init__(self, receive: Receive, most_bytes: int, most_seconds: float) -> None:
        self.left = False
        self._most_seconds = most_seconds
        self._receive = receive
        self._lines = Lines(most_bytes)
        self._waiting: deque[Line] = deque()
        self._bytes = 0
        self._ended = False
        self._changed = asyncio.Event()
        self._room = asyncio.Event()

    async def read(self) -> None:
        """Read until the client leaves, or for ever."""
        while not self.left:
            event = await self._receive()
            self.left = event["type"] == "http.disconnect"
            while not self.left and (len(self._waiting) >= MOST_LINES or self._bytes >= MOST_BYTES):
                self._room.clear()
                await self._room.wait()
            if not (self.left or self._ended):
                self._add([*self._lines.of(event.get("body", b""))])
                if not event.get("more_body", False):
                    self._ended = True
                    self._add([*self._lines.rest()])
            self._changed.set()

    async def next_of(self, most: int) -> list[Line]:
        """The lines of the next turn, up to so many; none where there are no more, or nobody to be answered. Where no
        line ends for too long, the last tells that.
        """
        with suppress(TimeoutError):
            await self._wait_for_lines()
        if not (self._waiting or self._ended or self.left):
            self._ended = True
            return [Line(self._lines.ended + 1, None, late=True)]
        some: list[Line] = []
        length = 0
        while self._waiting and len(some) < most and not self.left:
            length += _length(self._waiting[0])
            if some and length > MOST_BYTES:
                break
            self._bytes -= _length(self._waiting[0])
            some.append(self._waiting.popleft())
        self._room.set()
        return some

    async def _wait_for_lines(self) -> None:
        """Wait for what is to be answered, or for the end. Raises TimeoutError where no line ends for too long; one
        without anything on it ends as well.
        """
        ended = -1
        until = 0.0
        while not (self._waiting or self._ended or self.left):
            if ended != self._lines.ended:
                ended, until = self._lines.ended, asyncio.get_running_loop().time() + self._most_seconds
            self._changed.clear()
            async with asyncio.timeout_at(until):
                await self._changed.wait()

    def _add(self, lines: Sequence[Line]) -> None:
        self._waiting.extend(lines)
        self._bytes += sum(map(_length, lines))


async def send_parts(send: Send, answer: bytes, most_seconds: float, *, more: bool = False) -> None:
    """Send an answer, to which there is `more`, in parts. Raises TimeoutError where one is not taken in time."""
    for start in range(0, len(answer) or 1, PART):
        last = start + PART >= len(answer)
        part = answer if start == 0 and last else answer[start : start + PART]
        async with asyncio.timeout(most_seconds):
            await send({"type": "http.response.body", "body": part, "more_body": more or not last})


def _length(line: Line) -> int:
    return len(line.text or b"")


def _refused(line: Line, status: int, problem: bytes) -> bytes:
    """One line of several that were refused together."""
    return b'{"line":%d,"status":%d,"problem":%s}\n' % (line.number, status, problem)
