"""A Flask app that does nothing, on the server that the service is served by: what others are measured beside.

    python -m benchmarks.bare --port 8001 [--interface asginl]

It loads nothing that it does not need, for its memory and its start are measured as well.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from flask import Flask, request
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from service.memory import collect_seldom

if TYPE_CHECKING:
    from service.one_at_a_time import OneAtATime

MOST_BYTES = 1_000_000


def bare() -> Flask:
    """The bare handler, for granian's own WSGI."""
    app = Flask("bare")

    @app.post("/v1/decisions")
    def answer() -> dict[str, str]:
        request.get_data()
        return {"outcome": "approved"}

    collect_seldom()
    return app


def bare_one_at_a_time() -> OneAtATime:
    """The bare handler, as the service is served."""
    from service.commands.serve import BODIES, STREAMS
    from service.config import Settings
    from service.one_at_a_time import OneAtATime

    return OneAtATime(bare().wsgi_app, MOST_BYTES, BODIES, STREAMS, Settings().stall_seconds)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--interface", choices=("wsgi", "asginl"), default="wsgi", help="granian's own, or the service's"
    )
    options = parser.parse_args()
    from service.commands.serve import CONNECTIONS  # Here, because the process that answers has no need of it.

    own = options.interface == "wsgi"
    Granian(
        f"benchmarks.bare:{'bare' if own else 'bare_one_at_a_time'}",
        factory=True,
        address="127.0.0.1",
        port=options.port,
        interface=Interfaces(options.interface),
        loop=Loops.auto if own else Loops.uvloop,
        workers=1,
        blocking_threads=1 if own else None,
        backpressure=CONNECTIONS,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
