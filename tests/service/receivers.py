"""A receiver of webhooks on this machine that answers by a script: what each request is to meet, in order."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import standardwebhooks
import time_machine

CERTIFICATE = Path(__file__).parent / "localhost.pem"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]


@dataclass(frozen=True, slots=True)
class Says:
    """An answer with headers."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


# What a request meets: a status, an answer, or something that is done with the connection.
Part = int | Says | Callable[[BaseHTTPRequestHandler], None]


class ScriptedReceiver:
    """What came in so far, and what comes next; 204 when the script is at its end."""

    def __init__(self, scheme: str) -> None:
        self.received: list[Received] = []
        self.script: list[Part] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            # A handshake in the thread that accepts would let one client stop all.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook?a=1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def ids(self) -> list[str]:
        """The ids that came in, in order."""
        return [each.id for each in self.received]

    def close(self) -> None:
        """Let everybody go who waits, and end."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        """Never answer."""
        self.released.wait(60)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a byte at a time, each well before a reader would lose patience."""
        for byte in b"HTTP/1.1 204 No Content\r\nX-Slow: " + b"x" * 1_000:
            if self.released.wait(0.2):
                return
            handler.wfile.write(bytes([byte]))

    def _next(self, received: Received) -> Part:
        with self._lock:
            self.received.append(received)
            return self.script.pop(0) if self.script else 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                part = receiver._next(Received(self.path, headers, body))
                if callable(part):
                    part(self)
                    self.close_connection = True
                    return
                said = part if isinstance(part, Says) else Says(part)
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing."""

        return Handler


@contextmanager
def receiving(scheme: str = "http") -> Iterator[ScriptedReceiver]:
    """A receiver that listens."""
    receiver = ScriptedReceiver(scheme)
    try:
        yield receiver
    finally:
        receiver.close()


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Hang up without a word."""
    handler.connection.close()


def garbage(handler: BaseHTTPRequestHandler) -> None:
    """Answer what is no HTTP."""
    handler.wfile.write(b"220 smtp.example.com\r\n")


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A good status, and a body without an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def verifies(received: Received, key: str) -> bool:
    """Whether somebody else's library finds the signature good, at the time at which it was made."""
    with time_machine.travel(int(received.headers["webhook-timestamp"]), tick=False):
        try:
            standardwebhooks.Webhook(key).verify(received.body, received.headers)
        except standardwebhooks.WebhookVerificationError:
            return False
    return True
