"""How fast one decision is: Recoup beside a plain Python function and beside zen-engine, in one run on one core.

    python -m benchmarks.decide [--cases 2000] [--lots 20] [--rounds 3]

Everybody decides the same cases from the same Python dicts, and every answer is compared with the plain function's
before anything is timed. Recoup's time holds everything: reading and checking the case, the decision with its figures,
its reasons in two languages and its trace, and the result as plain data. Only the ratios mean something: a busy
machine changes the rates.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.cases import Json, answer, decide_plainly, make_cases
from engine.cases import read_case
from engine.decide import compile_version, decide
from engine.versions import load_version
from service.memory import collect_seldom

Decider = Callable[[Json], Json]
POLICY = Path(__file__).with_name("refund.yaml")


def recoup() -> Decider:
    """Recoup, from the case as JSON data to the whole decision as JSON data."""
    version, problems = load_version(POLICY.read_bytes(), POLICY.name)
    if version is None:
        sys.exit("\n".join(map(str, problems)))
    compiled = compile_version(version)
    return lambda case: decide(compiled, read_case(version.policy, case)).to_data()


def in_short(decision: Json) -> Json:
    """What a decision of Recoup has in common with the others' answers."""
    excluded = [
        [lot["lot"], [reason["rule"] for reason in lot["reasons"]]] for lot in decision["lots"] if lot["reasons"]
    ]
    return answer(
        decision["outcome"],
        [reason["rule"] for reason in decision["reasons"]],
        decision["fee"],
        decision["available"],
        excluded,
        decision["payout"],
    )


def check(name: str, decider: Decider, cases: Sequence[Json]) -> None:
    """Stop at the first case that is not decided as the plain function decides it."""
    for case in cases:
        found, expected = decider(case), decide_plainly(case)
        if found != expected:
            sys.exit(f"{name} decides {case['account']['id']} differently:\n  {found}\n  {expected}")


def microseconds(decider: Decider, cases: Sequence[Json]) -> list[float]:
    """The time of each decision."""
    times = []
    for case in cases:
        start = time.perf_counter_ns()
        decider(case)
        times.append((time.perf_counter_ns() - start) / 1000)
    return times


def main() -> None:
    """Check everybody, then time everybody in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--lots", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from benchmarks import zen_peer  # Here, so that the check of the cases runs where zen-engine is not installed.

    cases = make_cases(options.cases, options.lots)
    ours = recoup()
    deciders: dict[str, Decider] = {
        "plain Python function": decide_plainly,
        "Recoup, in full": ours,
        zen_peer.NAME: zen_peer.decider(),
    }
    inputs = dict.fromkeys(deciders, cases) | {zen_peer.NAME: [zen_peer.prepared(case) for case in cases]}
    check("Recoup", lambda case: in_short(ours(case)), cases)
    check(zen_peer.NAME, deciders[zen_peer.NAME], inputs[zen_peer.NAME])
    gc.collect()
    collect_seldom()  # As every process that decides does.
    times: dict[str, list[float]] = {name: [] for name in deciders}
    for _ in range(options.rounds):
        for name, decider in deciders.items():
            times[name] += microseconds(decider, inputs[name])
    plain = statistics.fmean(times["plain Python function"])
    python = platform.python_version()
    print(f"{options.cases} cases of {options.lots} lots, all answers equal; CPython {python}, one core")
    print(f"{'':56}{'a second':>10}{'p50 us':>9}{'p99 us':>9}{'times plain':>13}")
    for name, found in times.items():
        mean, (*_, p99) = statistics.fmean(found), statistics.quantiles(found, n=100)
        rate = 1_000_000 / mean
        print(f"{name:56}{rate:>10,.0f}{statistics.median(found):>9.1f}{p99:>9.1f}{mean / plain:>13.1f}")


if __name__ == "__main__":
    main()
