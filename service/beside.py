"""A process beside this one, which works on texts that nobody vouches for, and is ended when it takes too long.

A text of an author is small and may still ask for more work than anybody wants to wait for. In a process of its own it
keeps no decision waiting, takes no more memory than it may, and can be ended. It is started between requests when the
service is, and again when it is needed; it stays while it is asked (a text that is checked again is compiled already),
and ends when nobody asks for a while.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from policies.model import Text
from service.errors import FieldError, Refusal

SECONDS = 20
"""How long one text may take; a process that has to start first takes some of them."""
SECONDS_IDLE = 300
"""Nobody asks for so long: the process ends, and its memory is free."""
MOST_BYTES = 2 * 1024**3
"""Of memory, all that it maps included."""

Answer = dict[str, Any]


class Beside:
    """The process. One at a time may ask it; another waits for its turn, which comes in time."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def ask(self, what: str, *figures: object) -> Answer:
        """What a function of `workbench.py` comes to. Raises Refusal: that of the function, or `text-too-costly`."""
        with self._lock:
            # One that nobody asked for a while may be about to end.
            found = self._asked(what, figures) or self._asked(what, figures)
        if found is None:
            raise Refusal("text-too-costly", most=round(self._seconds))
        kind, answer = found
        if kind == "refused":
            code, errors, told = answer
            raise Refusal(code, [FieldError(where, Text(*text)) for where, text in errors], **told)
        if kind == "broken":
            raise RuntimeError(f"{what}: a bug beside this process: {answer}")
        data: Answer = answer
        return data

    def warm(self) -> None:
        """Start the process if there is none, for somebody who is likely to ask soon; waits for nothing."""
        if self._lock.acquire(blocking=False):
            try:
                self._start_if_gone()
            finally:
                self._lock.release()

    def made_ready(self) -> Iterator[None]:
        """The same as a step between requests: the first to look at a text would wait for it."""
        yield
        self.warm()

    def __del__(self) -> None:
        self.end()

    def end(self) -> None:
        """End the process, if there is one."""
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            process.wait()

    def _asked(self, what: str, figures: tuple[object, ...]) -> tuple[str, Any] | None:
        """What kind of answer came, and the answer; None where the process ended without one.

        Raises Refusal where it took too long.
        """
        self._start_if_gone()
        assert self._connection is not None, "it was just made"
        try:
            self._connection.send((what, figures))
            if self._connection.poll(self._seconds):
                found: tuple[str, Any] = self._connection.recv()
                return found
        except (EOFError, OSError):
            self.end()
            return None
        self.end()
        raise Refusal("text-too-costly", most=round(self._seconds))

    def _start_if_gone(self) -> None:
        if self._connection is not None and self._process is not None and self._process.poll() is None:
            return
        self.end()
        ours, its = Pipe()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service.beside", str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C goes to the service, which ends this one.
                start_new_session=True,
            )
        self._connection = ours


def serve(connection: Connection) -> None:
    """Answer until nobody asks any more."""
    from service import workbench

    with suppress(EOFError, OSError):
        while connection.poll(SECONDS_IDLE):
            what, figures = connection.recv()
            # Where the one that asks is killed, nobody else ends this one.
            signal.alarm(2 * SECONDS)
            try:
                answer = ("answered", getattr(workbench, what)(*figures))
            except Refusal as refusal:
                errors = [(each.where, (each.text.ko, each.text.en)) for each in refusal.errors]
                answer = ("refused", (refusal.code, errors, refusal.figures))
            except MemoryError:
                return
            except Exception as error:
                answer = ("broken", f"{type(error).__name__}: {error}")
            signal.alarm(0)
            connection.send(answer)


if __name__ == "__main__":
    with suppress(ValueError, OSError):
        # Not every system bounds it.
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    with suppress(OSError):
        os.nice(5)
    serve(Connection(int(sys.argv[1])))
