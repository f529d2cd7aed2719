"""The application as the server calls it: bodies are awaited side by side, requests answered one at a time.

What is asked by those who watch the process is answered aside, or a process that is busy would look like a dead one;
and what authors ask about texts, which another process works on, waits for that one aside.

The rules engine is made for one request at a time, and the application is plain WSGI. A client that stalls in the
middle of its body must keep nobody else waiting: the event loop waits for bodies, which takes no thread, and one
thread answers. It does not wait for ever, nor long for whoever may not ask at all. Headers arrive as they were sent,
bytes beyond ASCII and repeated ones included, so that what is wrong with one can be told.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from io import BytesIO
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from service.streams import Answer, Receive, Send, Streams, send_parts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Scope = Mapping[str, Any]
log = logging.getLogger("recoup.serve")

# CGI has these without HTTP_ before them.
PLAIN = ("CONTENT_TYPE", "CONTENT_LENGTH")
ARRIVED = "recoup.arrived"
"""When a request was there whole, by the clock of `perf_counter`; before it waited for its turn."""
ASIDE = frozenset({b"/healthz", b"/readyz", b"/metrics"})
"""The paths whose answers need no rules engine."""
ON_TEXTS = frozenset({b"/v1/policies:check", b"/v1/policies:test", b"/v1/policies:try", b"/author/workbench"})
VERSIONS = b"/author/policies/"
"""The paths whose answers wait for the process that works on authors' texts (`beside.py`), and nobody with them."""
BODY = "recoup.body"
"""Why a request has no body although it sends one: it is AWAITED, and the application is asked whether it should be;
or LATE or CUT_OFF, and to be refused.
"""
AWAITED = "awaited"
LATE = "late"
CUT_OFF = "cut off"
GO_ON = 204
"""What the application answers where a body is to be awaited further. Nobody is sent that."""
GRACE_SECONDS = 0.25
"""For so long a body is awaited without asking who sends it: nearly every one is there at once."""


class OneAtATime:
    """An ASGI application out of a WSGI one. It holds up to so many bodies at once, each of up to so many bytes, and
    besides has so many streams of lines, each line of up to so many bytes. So many seconds a client may keep it
    waiting: for a body, for the next line of a stream, and for each part of an answer to be taken.
    """

    def __init__(
        self, app: WSGIApplication, most_bytes: int, most_bodies: int, most_streams: int, most_seconds: float
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._bodies = asyncio.Semaphore(most_bodies)
        self._turn = ThreadPoolExecutor(1, "answering")
        self._streams = Streams(self._in_turn, most_bytes, most_streams, most_seconds)
        self._aside = ThreadPoolExecutor(1, "aside")
        self._on_texts = ThreadPoolExecutor(1, "on texts")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        environ = environ_of(scope)
        if self._streams.wanted(environ):
            await self._streams.answer(environ, receive, send)
            return
        length = environ.get("CONTENT_LENGTH", "0")
        # Who sends no body need not wait until others have sent theirs.
        sends_none = length == "0" and "HTTP_TRANSFER_ENCODING" not in environ
        async with nullcontext() if sends_none else self._bodies:
            thread = self._thread_of(scope["raw_path"])
            found = b"" if sends_none else await self._body_in_time(environ, thread, receive)
            if found is None:
                # The client is gone, or what came was no HTTP; whoever is still there is told.
                found = await self._in(thread, {**environ, BODY: CUT_OFF})
            status, headers, answer = found if isinstance(found, tuple) else await self._in(thread, environ, found)
        with suppress(TimeoutError):
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send_parts(send, answer, self._most_seconds)

    def between_requests(self, steps: Iterator[object]) -> None:
        """Do work that nobody waits for, in the thread that answers: a request waits for one step of it at most."""

        def step() -> None:
            try:
                next(steps)
            except StopIteration:
                return
            except Exception as error:
                log.error("work between requests: a bug", exc_info=error)
                return
            # One that is told to end takes no more; nobody looks at what came of this step.
            self._turn.submit(step)

        self._turn.submit(step)

    def _thread_of(self, path: bytes) -> ThreadPoolExecutor:
        if path in ASIDE:
            return self._aside
        return self._on_texts if path in ON_TEXTS or path.startswith(VERSIONS) else self._turn

    async def _body_in_time(
        self, environ: WSGIEnvironment, thread: ThreadPoolExecutor, receive: Receive
    ) -> bytes | Answer | None:
        """The body; or the answer to whoever does not send it in time, or may not ask at all; None where the client
        left.
        """
        loop, refused = asyncio.get_running_loop(), list[Answer]()

        async def ask_whether() -> None:
            answer = await self._in(thread, {**environ, BODY: AWAITED})
            if answer[0] != GO_ON and not until.expired():
                refused.append(answer)
                until.reschedule(loop.time())

        asking: list[asyncio.Task[None]] = []
        grace = loop.call_later(GRACE_SECONDS, lambda: asking.append(loop.create_task(ask_whether())))
        try:
            async with asyncio.timeout(self._most_seconds) as until:
                return await self._body(environ.get("CONTENT_LENGTH", "0"), receive)
        except TimeoutError:
            return refused[0] if refused else await self._in(thread, {**environ, BODY: LATE})
        finally:
            grace.cancel()
            for each in asking:
                each.cancel()

    async def _body(self, length: str, receive: Receive) -> bytes | None:
        """The body, of which no more is kept than shows that it is too large; None where the client left."""
        if length.isdecimal() and int(length) > self._most_bytes:
            # The application refuses it by its length.
            return b""
        body, let_go = bytearray(), 0
        while len(body) + let_go <= 2 * self._most_bytes:
            event = await receive()
            if event["type"] == "http.disconnect":
                return None
            # A body in chunks tells no length: one byte more shows that it is too large. Whoever sends a little more
            # than there may be can take the answer only when it is sent; so as much again is let go unread.
            if len(body) <= self._most_bytes:
                body += event.get("body", b"")
            else:
                let_go += len(event.get("body", b""))
            if not event.get("more_body", False):
                break
        return bytes(body[: self._most_bytes + 1])

    async def _in_turn(self, environ: WSGIEnvironment) -> Answer:
        return await self._in(self._turn, environ)

    async def _in(self, thread: ThreadPoolExecutor, environ: WSGIEnvironment, body: bytes = b"") -> Answer:
        environ["wsgi.input"] = BytesIO(body)
        environ[ARRIVED] = perf_counter()
        return await asyncio.get_running_loop().run_in_executor(thread, self._answer, environ)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        began: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /) -> Callable[[bytes], object]:
            began.append((status, headers))
            return lambda _: None

        parts = self._app(environ, start)
        try:
            answer = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = began[-1]
        sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return int(status.partition(" ")[0]), sent, answer


def environ_of(scope: Scope) -> WSGIEnvironment:
    """What WSGI (PEP 3333) says of a request, but for its body.

    >>> found = environ_of(
    ...     {
    ...         "method": "GET",
    ...         "raw_path": b"/a%2Fb/%C3%A9",
    ...         "query_string": b"q=1",
    ...         "scheme": "http",
    ...         "http_version": "1.1",
    ...         "server": ("::1", 80),
    ...         "client": None,
    ...         "headers": [(b"x-a", b"1"), (b"x-a", b"2"), (b"x_a", b"3"), (b"content-type", b"text/plain")],
    ...     }
    ... )
    >>> found["PATH_INFO"].encode("latin-1").decode(), found["HTTP_X_A"], found["CONTENT_TYPE"]
    ('/a/b/é', '1,2', 'text/plain')
    """
    host, port = scope["server"]
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        if b"_" in raw:
            # It would be taken for the header with a hyphen in its place.
            continue
        name = raw.decode("latin-1").upper().replace("-", "_")
        name = name if name in PLAIN else f"HTTP_{name}"
        text = value.decode("latin-1")
        environ[name] = f"{environ[name]},{text}" if name in environ else text
    return environ
