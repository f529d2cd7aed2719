"""How requests travel: one connection a thread, time limits, and repeating where it is safe."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from recoup_client.errors import Refused, Unreachable, refused

JSON = "application/json"
LINES = "application/x-ndjson"
# Of these the service says that nothing was stored, so anything may be sent again.
NOTHING_STORED = ("unavailable", "read-not-recorded", "too-many-requests")
NOT_NOW = (429, 502, 503, 504)
LONGEST_WAIT_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `safe`: sent twice, it does the same as sent once."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    safe: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to one service."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float,
        retries: int,
        context: ssl.SSLContext | None,
        sleep: Callable[[float], object],
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{base_url!r} is no address such as https://recoup.example.com")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._above = parts.path.rstrip("/")
        self._timeout = timeout
        self._retries = retries
        self._context = context
        self._sleep = sleep
        self._of_thread = threading.local()

    def send(self, request: Request) -> Answer:
        """The answer to a request, which is repeated while that is safe and may help. Raises Refused, Unreachable."""
        attempt = 0
        while True:
            again: float | None
            failure: Refused | Unreachable
            try:
                answer = self._once(request)
                if answer.status < 400:
                    return answer
                failure = refusal_of(answer.status, answer.headers, answer.body)
                again = failure.retry_after or 0.0
                may = failure.status in NOT_NOW and (request.safe or failure.code in NOTHING_STORED)
            except BROKEN as error:
                self.close()
                failure = Unreachable(f"{request.method} {request.target}: {str(error) or type(error).__name__}")
                failure.__cause__ = error
                # Who could not even be reached has done nothing.
                again, may = 0.0, request.safe or isinstance(error, ConnectionRefusedError)
            if not may or attempt >= self._retries or again > LONGEST_WAIT_SECONDS:
                raise failure
            self._sleep(pause(attempt, again))
            attempt += 1

    def stream(self, request: Request, lines: Iterable[bytes], timeout: float | None) -> Iterator[bytes]:
        """The lines of an answer, while lines are still sent. Nothing is repeated. Raises Refused, Unreachable."""
        connection = self._connection(timeout)
        try:
            try:
                connection.putrequest(request.method, self._above + request.target, skip_accept_encoding=True)
                for name, value in {**request.headers, "Transfer-Encoding": "chunked"}.items():
                    connection.putheader(name, value)
                connection.endheaders()
                # Once it is closed, nothing more may open it and send the rest.
                connection.auto_open = 0
            except BROKEN as error:
                raise Unreachable(f"{request.method} {request.target}: {error}") from error
            sender = _Sender(connection, lines)
            sender.start()
            try:
                yield from self._answers(connection, sender)
            finally:
                # Whatever waits to be sent is given up with the connection.
                sender.stop()
        finally:
            connection.close()

    def _answers(self, connection: http.client.HTTPConnection, sender: _Sender) -> Iterator[bytes]:
        try:
            response = connection.getresponse()
            if response.status != 200:
                raise refusal_of(response.status, dict(response.getheaders()), response.read())
            while line := response.readline():
                if not line.endswith(b"\n"):
                    raise http.client.IncompleteRead(line)
                yield line
        except BROKEN as error:
            raise sender.failure or Unreachable(f"the stream broke: {str(error) or type(error).__name__}") from error
        if sender.failure:
            raise sender.failure

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is not None:
            connection.close()
            self._of_thread.connection = None

    def _once(self, request: Request) -> Answer:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None or not request.safe:
            # A connection that lay idle may be closed at the other end, which shows only when it is used.
            self.close()
            connection = self._of_thread.connection = self._connection()
        connection.request(request.method, self._above + request.target, request.body, dict(request.headers))
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    def _connection(self, timeout: float | None = None) -> http.client.HTTPConnection:
        timeout = timeout or self._timeout
        if self._secure:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


class _Sender(threading.Thread):
    """Sends the lines of a stream while another thread reads the answers. What the caller's lines raise is kept."""

    def __init__(self, connection: http.client.HTTPConnection, lines: Iterable[bytes]) -> None:
        super().__init__(name="recoup-stream", daemon=True)
        self.failure: Exception | None = None
        self._connection = connection
        self._lines = lines
        self._stopped = threading.Event()

    def run(self) -> None:
        try:
            for line in self._lines:
                if self._stopped.is_set() or not self._sent(line):
                    return
            self._sent(b"")
        except Exception as error:
            self.failure = error
            self._break()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()
        if self.is_alive():
            self._break()

    def _sent(self, line: bytes) -> bool:
        """Send a line; False where the connection broke, which whoever reads will see."""
        try:
            self._connection.send(b"%x\r\n%s\r\n" % (len(line), line))
        except BROKEN:
            return False
        return True

    def _break(self) -> None:
        # Not closed: a thread that waits for the other end would wait on.
        with suppress(OSError):
            if self._connection.sock is not None:
                self._connection.sock.shutdown(2)


def pause(attempt: int, least: float) -> float:
    """How many seconds to wait: so long as the service says, and a random time besides, so that callers who failed
    together do not come again together.
    """
    return least + random.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt))


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """A refusal out of an answer, whoever in between wrote it."""
    problem: Any = None
    with suppress(ValueError):
        problem = json.loads(body)
    if not isinstance(problem, dict):
        problem = {"title": body[:200].decode("utf-8", "replace")}
    known = {name.lower(): value for name, value in headers.items()}
    return refused(status, problem, seconds_of(known.get("retry-after")))


def seconds_of(retry_after: str | None) -> float | None:
    """How long a header Retry-After says to wait: seconds, or an instant.

    >>> seconds_of("7"), seconds_of("soon"), seconds_of("Thu, 01 Jan 1970 00:00:00 GMT")
    (7.0, None, 0.0)
    """
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None


def wait(seconds: float) -> None:
    """Wait before a request is repeated."""
    time.sleep(seconds)
