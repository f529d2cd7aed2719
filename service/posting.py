"""One message to one address: a single HTTP POST that cannot be led astray or held up.

The client is the standard library's, because it lets us hold the socket itself: the connection goes to
the address that was checked and to no other, and one deadline ends the whole exchange, also with a
receiver that answers one byte at a time. Redirects are not followed, and proxies of the environment
are not used: both would send the message where nobody looked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from service.addresses import BadAddress, BadUrl, Target, addresses_of, read_url
from service.field_texts import FIELD_TEXTS

USER_AGENT = "recoup"
# What an answer says besides its status is of no use; a short one is read, so that the receiver is not cut off.
MOST_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of one attempt: the status of the answer, or None and the error that kept one away."""

    status: int | None
    error: str = ""
    retry_after: str = ""


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_seconds: int, private: bool) -> Posted:
    """Send a body once. Never raises for what the network or the receiver does."""
    try:
        target = read_url(url, private=private)
        addresses = addresses_of(target, private=private)
    except BadUrl as error:
        return Posted(None, f"the URL is no longer allowed: it {FIELD_TEXTS[error.code].en.format_map(error.figures)}")
    except BadAddress as error:
        return Posted(None, str(error))
    deadline = time.monotonic() + timeout_seconds
    late = Posted(None, f"no answer in {timeout_seconds} s")
    try:
        raw = connected(addresses, target.port, deadline)
    except TimeoutError:
        return late
    except OSError as error:
        return Posted(None, f"cannot connect: {told(error)}")
    with ending_at(raw, deadline) as passed:
        try:
            return _exchanged(raw, target, body, headers)
        except ssl.SSLCertVerificationError as error:
            return Posted(None, f"the certificate is not good: {error.verify_message}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return late if passed.is_set() or isinstance(error, TimeoutError) else Posted(None, told(error))


@contextmanager
def ending_at(raw: socket.socket, deadline: float) -> Iterator[threading.Event]:
    """One exchange over a connection that ends by a deadline, whatever it waits for; the event says that it passed."""
    passed = threading.Event()
    # TLS takes the socket over; a second handle still ends the same connection.
    with raw, raw.dup() as handle:
        # The socket's own timeout is for one read of many.
        alarm = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (handle, passed))
        alarm.daemon = True
        alarm.start()
        try:
            yield passed
        finally:
            alarm.cancel()


def connected(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """A connection to the first address that takes one. Raises OSError of the last."""
    last: OSError = TimeoutError()
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        try:
            return socket.create_connection((address, port), left)
        except OSError as error:
            last = error
    raise last


def _exchanged(raw: socket.socket, target: Target, body: bytes, headers: Mapping[str, str]) -> Posted:
    with closing(speaking(raw, target)) as connection:
        sent = {"Host": target.authority, "User-Agent": USER_AGENT, "Connection": "close", **headers}
        connection.request("POST", target.path, body, {**sent, "Content-Type": "application/json"})
        answer = connection.getresponse()
        with suppress(OSError, http.client.HTTPException):  # The status has been said.
            answer.read(MOST_ANSWER_BYTES)
        return Posted(answer.status, "", answer.getheader("Retry-After", "").strip()[:100])


def speaking(raw: socket.socket, target: Target) -> http.client.HTTPConnection:
    """HTTP over a connection, in TLS where the URL says so. Raises OSError."""
    # The context checks the certificate against the name, not against the address that was dialled.
    wrapped = raw
    if target.scheme == "https":
        wrapped = ssl.create_default_context().wrap_socket(raw, server_hostname=target.host)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = wrapped
    return connection


def _cut(handle: socket.socket, passed: threading.Event) -> None:
    """End the exchange, whatever it waits for."""
    passed.set()
    with suppress(OSError):  # It may have ended by itself at the same moment.
        handle.shutdown(socket.SHUT_RDWR)


def told(error: Exception) -> str:
    """What went wrong with a connection, in a few words."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (said or type(error).__name__)[:200]
