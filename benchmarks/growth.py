"""How the cost grows with the number of rules, with the words of a list, and with the lots of an account.

    python -m benchmarks.growth [--rules 5000] [--words 100000] [--lots 10000]

Each size is measured in a process of its own, in seconds of its processor time, so that a busy machine changes
little. Every decision is compared with the plain function's. Between two sizes stands by how much each cost grew, as
a power of the size: 1.0 is linear, 2.0 would be quadratic. A verdict says "linear or better" where none of the powers
from the second largest size to the largest is above 1.3, which leaves room for caches and the collector.
"""

from __future__ import annotations

import argparse
import gc
import math
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple, TypeVar

from benchmarks.decide import in_short
from benchmarks.policies import decide_plainly, growing_case, growing_lot, policy_text
from engine.cases import read_case
from engine.decide import compile_version, decide
from engine.versions import holidays_of
from policies.checks import check
from policies.schema import read_policy
from policies.source import read
from policies.troubles import Troubles
from policies.versions import make_version

LINEAR = 1.3
"""The power of the size up to which a growth is called linear."""

FEW = 20
"""Rules, words or lots where they are not what grows."""

T = TypeVar("T")


class Size(NamedTuple):
    """How large one measured policy and case are."""

    rules: int = FEW
    members: int = 2
    lots: int = FEW


class Cost(NamedTuple):
    """Seconds of processor time, and mebibytes at the most.

    `first`, `next` and `denied` are decisions: the first of a version, one on other facts, and one that has to look
    for an amount that would pass.
    """

    read: float
    schema: float
    checks: float
    compile: float
    first: float
    next: float
    denied: float
    memory: float


def measure(size: Size) -> Cost:
    """What a policy and its cases of one size cost; ends the process where a decision is not the plain function's."""
    text = policy_text(size.rules, size.members)
    lots = [growing_lot(n, n % (2 * size.rules)) for n in range(size.lots)]
    document, read_in = _timed(lambda: read(text.encode(), "growing.yaml")[0])
    assert document is not None, "the file has a problem"
    troubles = Troubles(document)
    policy, schema_in = _timed(lambda: read_policy(document, troubles))
    assert policy is not None, "the file has a problem"
    _, checks_in = _timed(lambda: check(policy, troubles))
    if troubles.problems():
        sys.exit("\n".join(map(str, troubles.problems())))
    version = make_version(policy, text, holidays_of(policy))
    compiled, compile_in = _timed(lambda: compile_version(version))
    decided_in = []
    for segment, points, region in ((6, 40, "R0"), (9, 45, "R1"), (size.rules, 1, "R0")):
        case = growing_case(segment, points, lots, region)
        decision, seconds = _timed(lambda case=case: decide(compiled, read_case(policy, case)))  # type: ignore[misc]
        decided_in.append(seconds)
        found, expected = in_short(decision.to_data()), decide_plainly(size.rules, size.members, case)
        if found | {"payout": 0} != expected | {"payout": 0}:
            sys.exit(f"{size} is decided differently:\n  {found}\n  {expected}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(read_in, schema_in, checks_in, compile_in, decided_in[0], decided_in[1], decided_in[2], memory)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work returns, and the seconds that it took the processor."""
    gc.collect()
    gc.freeze()  # What was there before is not looked through again.
    began = time.process_time()
    return work(), time.process_time() - began


def powers(small: Cost, large: Cost, times: float) -> list[float]:
    """By which power of the size each cost grew, where the size grew so many times."""
    return [
        math.log(max(after, _LEAST) / max(before, _LEAST)) / math.log(times)
        for before, after in zip(small, large, strict=True)
    ]


_LEAST = 0.001
"""What takes less than a millisecond is not told apart."""


def show(what: str, sizes: Sequence[tuple[int, Size]]) -> None:
    """Measure the sizes and print them, with the powers between them and a verdict."""
    print(f"{what:>18}" + "".join(f"{name:>9}" for name in Cost._fields))
    before: tuple[int, Cost] | None = None
    grown: list[float] = []
    for number, size in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            cost = alone.submit(measure, size).result()
        if before is not None:
            grown = powers(before[1], cost, number / before[0])
            print(f"{'power of the size':>18}" + "".join(f"{power:>9.2f}" for power in grown))
        print(
            f"{number:>18,}" + "".join(f"{seconds:>9.3f}" for seconds in cost[:-1]) + f"{cost.memory:>9.0f}", flush=True
        )
        before = number, cost
    worse = [name for name, power in zip(Cost._fields, grown, strict=True) if power > LINEAR]
    print(f"{'':>18} {'more than linear: ' + ', '.join(worse) if worse else 'linear or better'}\n", flush=True)


def main() -> None:
    """Print the three growths."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rules", type=int, default=5_000, help="the most rules")
    parser.add_argument("--words", type=int, default=100_000, help="the most words of a list")
    parser.add_argument("--lots", type=int, default=10_000, help="the most lots")
    options = parser.parse_args()
    print("seconds of the processor, and MiB at the most; every decision is the plain function's\n")
    show("rules", [(n, Size(rules=n)) for n in _sizes(options.rules)])
    show("words of a list", [(n, Size(members=n)) for n in _sizes(options.words)])
    show("lots", [(n, Size(lots=n)) for n in (1, *_sizes(options.lots))])


def _sizes(most: int) -> list[int]:
    """Ten, and ten times as many each time, up to the most."""
    return [*(n for n in (10, 100, 1_000, 10_000, 100_000) if n < most), most]


if __name__ == "__main__":
    main()
