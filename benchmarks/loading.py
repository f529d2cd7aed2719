"""How long a policy takes to load, how soon the service answers, and how much memory a process of it takes.

    python -m benchmarks.loading [--rules 300] [--rounds 5]

Loading stands beside PyYAML reading the same text in the same run: `recoup check` of a file without faults, the version
made ready, and the first decision by it. The start is from an empty process to the first decision over HTTP, with
one process that answers, on SQLite; beside it a bare Flask app on the same server. All take turns. The seconds of the
processor are what a busy machine changes little; memory is the resident set of the process that answers, behind a
hundred decisions, and of that the share that no other process has too (proportional where several do).
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml

from benchmarks.policies import growing_case, growing_lot, policy_text
from benchmarks.served import (
    SECONDS_TO_END,
    SECONDS_TO_START,
    bare_command,
    environment,
    free_port,
    prepare,
    processes,
    processor_seconds,
)
from engine.cases import read_case
from engine.decide import compile_version, decide
from engine.versions import load_version
from service.memory import load_undisturbed

T = TypeVar("T")

ASKED_LOADING_MS = 50
"""Within which a policy of 300 rules is to be loaded."""
ASKED_START_S = 1.0
ASKED_MEMORY_MB = 80
DECISIONS = 100
"""So many are asked for before memory is looked at."""


class Start(NamedTuple):
    """From an empty process to the first decision, in seconds and in those of the processor; and mebibytes."""

    seconds: float
    processor: float
    resident: float
    own: float


def milliseconds(work: Callable[[], T]) -> tuple[float, T]:
    """The milliseconds that the work takes the processor, and what came out."""
    before = time.process_time()
    done = work()
    return (time.process_time() - before) * 1_000, done


def load(rules: int, rounds: int) -> None:
    """Print what each part of loading takes, in turn."""
    text = policy_text(rules)
    data = text.encode()
    case = growing_case(6, 40, [growing_lot(number, number) for number in range(20)], "R0")
    # What it is written in where PyYAML was installed without its C part.
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def parts() -> dict[str, float]:
        slow, _ = milliseconds(lambda: yaml.safe_load(text))
        in_c, _ = milliseconds(lambda: yaml.load(text, fast))  # noqa: S506
        checked, (version, problems) = milliseconds(lambda: load_version(data, "measured.yaml"))
        assert version is not None, [str(problem) for problem in problems]
        ready, compiled = milliseconds(lambda: compile_version(version))
        decided, _ = milliseconds(lambda: decide(compiled, read_case(compiled.policy, case)))
        return {"safe_load": slow, "in C": in_c, "checked": checked, "ready": ready, "decided": decided}

    found = [parts() for _ in range(rounds)]
    took = {name: [each[name] for each in found] for name in found[0]}
    print(f"a policy of {rules} rules, {len(data) / 1_000:.0f} kB; milliseconds of the processor")
    show_loading(took)


def show_loading(took: Mapping[str, Sequence[float]]) -> None:
    """Print the first, the middle and the best of the rounds."""
    whole = [sum(parts) for parts in zip(took["checked"], took["ready"], strict=True)]
    rows = {
        "PyYAML, safe_load": took["safe_load"],
        "PyYAML, its safe loader in C": took["in C"],
        "Recoup, read and checked": took["checked"],
        "Recoup, made ready": took["ready"],
        "Recoup, loaded (both)": whole,
        "Recoup, the first decision": took["decided"],
    }
    beside = min(took["in C"])
    print(f"{'':32}{'first':>9}{'p50':>9}{'best':>9}{'to PyYAML in C':>16}")
    for name, each in rows.items():
        best = min(each)
        print(f"{name:32}{each[0]:>9.1f}{statistics.median(each):>9.1f}{best:>9.1f}{best / beside:>16.2f}")
    best = min(whole)
    print(f"asked: loaded in {ASKED_LOADING_MS} ms; {verdict(best, ASKED_LOADING_MS)} by the best of the rounds\n")


def verdict(found: float, asked: float) -> str:
    """Whether a figure is at most what was asked for.

    >>> verdict(40, 50), verdict(60, 50)
    ('reached', 'not reached')
    """
    return "reached" if found <= asked else "not reached"


def start(command: Sequence[str], port: int, url: str, key: str) -> Start:
    """Start a server, wait until it decides, look at its memory, and end it."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment(url, ACCESS="keys"), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as process:
        try:
            while not decides(port, key):
                if process.poll() is not None or time.perf_counter() - began > SECONDS_TO_START:
                    sys.exit(f"this never decided: {' '.join(command)}")
                time.sleep(0.002)
            seconds, busy = time.perf_counter() - began, processor_seconds(process.pid)
            for _ in range(DECISIONS):
                assert decides(port, key), "it decided before"
            # The one that answers is the largest that the first one started.
            resident, own = max(memory(each) for each in processes(process.pid)[1:])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS_TO_END)
    return Start(seconds, busy, resident, own)


def decides(port: int, key: str) -> bool:
    """Whether somebody answers a question for a decision with 200; another answer ends the program."""
    body = json.dumps({"account": "A-0", "request": {"points": 1_000, "method": "bill_credit"}, "dry_run": True})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_START)
    try:
        connection.request("POST", "/v1/decisions", body, headers)
        answer = connection.getresponse()
        said = answer.read()
    except OSError:
        return False
    finally:
        connection.close()
    if answer.status != 200:
        sys.exit(f"an answer with {answer.status}: {said.decode()}")
    return True


def memory(process: int) -> tuple[float, float]:
    """The mebibytes that a process has in memory, and its share of them where others have them too."""
    said = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = dict(line.split()[:2] for line in said.splitlines()[1:])
    return int(found["Rss:"]) / 1_024, int(found["Pss:"]) / 1_024


def start_and_answer(rounds: int) -> None:
    """Start both in turn, and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/loading.db"
        key = prepare(url, 1)
        ours, bare = [], []
        for _ in range(rounds):
            port = free_port()
            serve = [sys.executable, "-m", "service.cli", "serve", "--workers", "1", "--no-deliver"]
            ours.append(start([*serve, "--port", str(port)], port, url, key))
            port = free_port()
            bare.append(start(bare_command(port, "wsgi"), port, url, key))
    print("from an empty process to its first decision over HTTP, medians; memory of the process that answers")
    print(f"{'':32}{'seconds':>9}{'best':>9}{'of processor':>14}{'MB':>7}{'MB of its own':>15}")
    for name, starts in (("recoup serve", ours), ("bare Flask app", bare)):
        middle = Start(*(statistics.median(each) for each in zip(*starts, strict=True)))
        best = min(each.seconds for each in starts)
        print(
            f"{name:32}{middle.seconds:>9.2f}{best:>9.2f}{middle.processor:>14.2f}"
            f"{middle.resident:>7.0f}{middle.own:>15.0f}"
        )
    fastest, least = min(each.seconds for each in ours), statistics.median(each.resident for each in ours)
    print(f"asked: an answer in {ASKED_START_S:.0f} s; {verdict(fastest, ASKED_START_S)} by the best of the rounds")
    print(f"asked: {ASKED_MEMORY_MB} MB; {verdict(least, ASKED_MEMORY_MB)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    load_undisturbed()  # As every process of ours does.
    load(options.rules, options.rounds)
    start_and_answer(options.rounds)


if __name__ == "__main__":
    main()
