"""How fast the service answers over HTTP: beside a bare Flask handler on the same server, in one run, by `wrk`.

    python -m benchmarks.http [--seconds 5] [--rounds 3] [--connections 4] [--url postgresql://...]

`POST /v1/decisions` for stored accounts of twenty lots, with a key, as a dry run and recorded, through `recoup serve`
with one process; SQLite with `synchronous=FULL` where no `--url` names another empty database. The bare handler answers
the same body with a line of JSON and does nothing else. It is served by granian with one process and one thread too,
once by its own WSGI and once as the service is, by `OneAtATime`; ratios are to the faster of the two.

All take turns, so that a neighbour on the machine slows down each. Only the ratios mean something; on a busy machine
those of the processor's time, which is what the server itself took of it. Everything stays on
this machine, its processors shared with `wrk`, which needs to be installed (Debian: `apt-get install wrk`).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.served import Served, prepare, processor_seconds, serving, serving_bare

ACCOUNTS = 40
LUA = """
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {key}"
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, string.format([[{body}]], number % {accounts}))
end
local wrong = 0
response = function(status)
  if status ~= {status} then wrong = wrong + 1 end
  if wrong == 1 then print("an answer with " .. status) end
end
"""
UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}
AT_LEAST = {"dry run": 1 / 3, "recorded": 1 / 6}
"""At which share of the bare handler's rate each is to be answered."""
MOST_SPREAD = 10
"""The ninety-ninth of a hundred may take so many times as long as the middle one."""


class Measured(NamedTuple):
    """Requests a second, and milliseconds that half and 99 of 100 did not exceed; milliseconds of the processor that
    one took the server.
    """

    rate: float
    half: float
    most: float
    busy: float


def lua(folder: Path, name: str, key: str, dry_run: bool, status: int) -> Path:
    """A script for wrk that asks for decisions on one account after the other, and says where a status is another."""
    body = {"account": "A-%d", "request": {"points": 1_000, "method": "bill_credit"}, "dry_run": dry_run}
    file = folder / f"{name}.lua"
    values = {"key": key, "body": json.dumps(body), "accounts": ACCOUNTS, "status": status}
    file.write_text(re.sub(r"\{(key|body|accounts|status)\}", lambda found: str(values[found[1]]), LUA))
    return file


def measure(port: int, process: int, script: Path, seconds: int, connections: int) -> Measured:
    """Ask a server for so many seconds. Ends the process where an answer is not as it has to be."""
    url = f"http://127.0.0.1:{port}/v1/decisions"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    before = processor_seconds(process)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return read(said, processor_seconds(process) - before)


def read(said: str, busy: float) -> Measured:
    r"""What wrk said of requests that took the server so many seconds of the processor.

    >>> read(
    ...     "  50%  910.00us\n  99%    1.85ms\n  4282 requests in 2.00s, 9MB read\nRequests/sec:   2141.10\n",
    ...     0.8564,
    ... )
    Measured(rate=2141.1, half=0.91, most=1.85, busy=0.2)
    """
    if "an answer with" in said or "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    found = re.search(r"^Requests/sec:\s+([0-9.]+)$", said, re.MULTILINE)
    assert found is not None, said
    answered = re.search(r"^\s+(\d+) requests in", said, re.MULTILINE)
    assert answered is not None, said
    half, most = (re.search(rf"^\s+{share}%\s+([0-9.]+)(us|ms|s) *$", said, re.MULTILINE) for share in (50, 99))
    assert half is not None, said
    assert most is not None, said
    middle, worst = (float(each[1]) * UNITS[each[2]] for each in (half, most))
    return Measured(float(found[1]), middle, worst, busy / int(answered[1]) * 1_000)


def show(rounds: Mapping[str, Sequence[Measured]]) -> bool:
    """Print the medians of all rounds and the ratios; whether each is what it has to be."""
    medians = {
        name: Measured(*(statistics.median(each) for each in zip(*measured, strict=True)))
        for name, measured in rounds.items()
    }
    fastest = max(each.rate for name, each in medians.items() if name not in AT_LEAST)
    print(
        f"{'':<28}{'a second':>10}{'of bare':>10}{'asked':>8}{'p50 ms':>10}{'p99 ms':>10}{'p99/p50':>10}{'cpu ms':>10}"
    )
    sound = True
    for name, each in medians.items():
        asked = AT_LEAST.get(name)
        share, spread = each.rate / fastest, each.most / each.half
        print(
            f"{name:<28}{each.rate:>10,.0f}{share:>10.2f}{'' if asked is None else f'{asked:.2f}':>8}"
            f"{each.half:>10.2f}{each.most:>10.2f}{spread:>10.1f}{each.busy:>10.3f}"
        )
        sound = sound and (asked is None or (share >= asked and spread < MOST_SPREAD))
    return sound


def run(url: str, folder: Path, seconds: int, rounds: int, connections: int) -> dict[str, list[Measured]]:
    """Measure all, in turn."""
    key = prepare(url, ACCOUNTS)
    found: dict[str, list[Measured]] = defaultdict(list)
    with ExitStack() as stack:
        own, ours = (stack.enter_context(serving_bare(interface)) for interface in ("wsgi", "asginl"))
        served: Served = stack.enter_context(serving(url, key, ("--workers", "1", "--no-deliver"), ACCESS="keys"))
        asked = {
            "bare, granian's WSGI": (*own, lua(folder, "bare", key, dry_run=True, status=200)),
            "bare, one at a time": (*ours, lua(folder, "bare", key, dry_run=True, status=200)),
            "dry run": (served.port, served.process.pid, lua(folder, "dry", key, dry_run=True, status=200)),
            "recorded": (served.port, served.process.pid, lua(folder, "recorded", key, dry_run=False, status=201)),
        }
        for of in asked.values():
            # The first compiles.
            measure(*of, 1, connections)
        for _ in range(rounds):
            for name, of in asked.items():
                found[name].append(measure(*of, seconds, connections))
    return found


def main() -> None:
    """Measure, print, and end with 1 where something is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="for how long each is asked in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--url", help="an empty database; a SQLite file where left out")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        url = options.url or f"sqlite:///{name}/http.db"
        found = run(url, Path(name), options.seconds, options.rounds, options.connections)
    sys.exit(not show(found))


if __name__ == "__main__":
    main()
