"""A small receiver of messages, for `recoup webhooks listen`: it verifies, prints and says thanks.

Also an example of what a receiver has to do: read the body as bytes, verify before parsing, answer at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import msgspec

from service.clock import utc_now
from service.signing import verified

MOST_BYTES = 1_000_000


class Receiver:
    """Listens on 127.0.0.1 while the `with` lasts; `secret` is what messages have to be signed with."""

    def __init__(self, port: int, say: Callable[[str], object]) -> None:
        self.secret = ""  # nosec B105: it is made later
        self._say = say
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _received(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer with."""
        if not self.secret or not verified(headers, body, self.secret, utc_now()):
            self._say("refused a message whose signature is not ours")
            return 401
        message = msgspec.json.decode(body)
        data = msgspec.json.format(msgspec.json.encode(message["data"]), indent=2).decode()
        self._say(f"{message['timestamp']} {message['type']} {headers['webhook-id']}\n{data}")
        return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if not length.isdigit() or int(length) > MOST_BYTES:
                    self.send_error(413)
                    return
                names = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._received(names, self.rfile.read(int(length))))
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Nothing: what matters is printed."""

        return Handler
