"""How fast one decision is: Recoup beside a plain Python function and beside other engines, in one run on one core.

    python -m benchmarks.decide [--cases 1000] [--lots 20] [--rounds 5] [--engine cedar ...]

Everybody decides the same cases from the same Python dicts, and every answer, and those to cases at each bound of the
policy, is compared with the plain function's before anything is timed. Recoup's time holds everything: reading and
checking the case, the decision with its figures, its reasons in two languages and its trace, and the result as plain
data (a second row is on facts that are read already, and leaves the decision an object, as a caller in Python has
them); the others give a part of that, and what an engine cannot say Python does within its time. All take turns. Only
the ratios mean something: a busy machine changes the rates. For each case the best of its rounds is what the code
costs where no neighbour disturbs.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import peers
from benchmarks.cases import Json, answer, decide_plainly, make_cases, make_edge_cases
from benchmarks.peers import Peer
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import compile_version, decide
from engine.versions import load_version
from service.memory import collect_seldom

POLICY = Path(__file__).with_name("refund.yaml")
PLAIN = "plain Python function"
ZEN = "zen-engine"
Rounds = Sequence[Sequence[float]]
"""Microseconds of each case, by round."""


class Row(NamedTuple):
    """What is told of one engine, in microseconds a decision: `best` is the mean of each case's best round."""

    mean: float
    half: float
    most: float
    best: float


def ready() -> CompiledVersion:
    """The policy that is compared, ready for deciding."""
    version, problems = load_version(POLICY.read_bytes(), POLICY.name)
    if version is None:
        sys.exit("\n".join(map(str, problems)))
    return compile_version(version)


def recoup() -> Callable[[Json], Json]:
    """Recoup, from the case as JSON data to the whole decision as JSON data."""
    compiled = ready()
    return lambda case: decide(compiled, read_case(compiled.policy, case)).to_data()


def recoup_on_facts() -> Peer:
    """Recoup on facts that are read already, as the service has them of a stored account: the whole decision with its
    reasons, figures and trace, as an object.
    """
    compiled = ready()
    return Peer(
        "Recoup, on facts already read", partial(decide, compiled), "", lambda case: read_case(compiled.policy, case)
    )


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


def check(peer: Peer, cases: Sequence[Json]) -> None:
    """Stop at the first case that is not decided as the plain function decides it."""
    for case in cases:
        found, expected = peer.decide(peer.prepared(case)), decide_plainly(case)
        if found != expected:
            sys.exit(f"{peer.name} decides {case['account']['id']} differently:\n  {found}\n  {expected}")


def warm_up(peer: Peer, cases: Sequence[Any], seconds: float) -> None:
    """Decide for so long, where the engine compiles what it has run often."""
    end = time.monotonic() + seconds
    while peer.warms_up and time.monotonic() < end:
        microseconds(peer, cases)


def microseconds(peer: Peer, cases: Sequence[Any]) -> list[float]:
    """The time of each decision of prepared cases."""
    if peer.microseconds is not None:
        return peer.microseconds(cases)
    decider = peer.decide
    times = []
    for case in cases:
        start = time.perf_counter_ns()
        decider(case)
        times.append((time.perf_counter_ns() - start) / 1000)
    return times


def on_one_core() -> str:
    """Keep this process on one core, where the system can; how it is said."""
    if not hasattr(os, "sched_setaffinity"):
        return "a core of the system's choice"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "one core"


def row(rounds: Rounds) -> Row:
    """What the rounds of one engine come to.

    >>> row([[1.0, 4.0], [3.0, 2.0]])
    Row(mean=2.5, half=2.5, most=4.0, best=1.5)
    """
    every = sorted(each for times in rounds for each in times)
    most = every[min(len(every) - 1, len(every) * 99 // 100)]
    best = statistics.fmean(min(of_case) for of_case in zip(*rounds, strict=True))
    return Row(statistics.fmean(every), statistics.median(every), most, best)


def show(rows: Mapping[str, Row], by_python: Mapping[str, str]) -> None:
    """Print a line for each, with its ratios to the plain function and to zen-engine."""
    plain, zen = rows[PLAIN], next((each for name, each in rows.items() if name.startswith(ZEN)), None)
    ratios = "plain", "zen", "plain, best", "zen, best"
    print(
        f"{'':44}{'a second':>10}{'mean us':>9}{'p50 us':>9}{'p99 us':>9}{'best us':>9}"
        + "".join(f"{'to ' + name:>15}" for name in ratios)
        + "  done by Python"
    )
    for name, each in rows.items():
        beside = [
            each.mean / plain.mean,
            zen and each.mean / zen.mean,
            each.best / plain.best,
            zen and each.best / zen.best,
        ]
        print(
            f"{name:44}{1_000_000 / each.mean:>10,.0f}"
            + "".join(f"{each_time:>9.1f}" for each_time in each)
            + "".join(f"{'-' if ratio is None else f'{ratio:.2f}':>15}" for ratio in beside)
            + f"  {by_python[name]}"
        )


def main() -> None:
    """Check everybody, then time everybody in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--lots", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm", type=float, default=10, help="seconds in which Java decides beforehand [10]")
    parser.add_argument("--engine", action="append", choices=peers.ENGINES, help="beside which [all that are here]")
    options = parser.parse_args()
    core = on_one_core()
    cases = make_cases(options.cases, options.lots)
    others, missing = peers.load(options.engine or peers.ENGINES)
    ours = recoup()
    for peer in (Peer("Recoup", lambda case: in_short(ours(case)), ""), *others):
        check(peer, cases + make_edge_cases(options.lots))
    everybody = [
        Peer(PLAIN, decide_plainly, "all, and no reasons in words, figures, trace or allocation"),
        Peer("Recoup, in full", ours, ""),
        recoup_on_facts(),
        *others,
    ]
    inputs = {peer.name: [peer.prepared(case) for case in cases] for peer in everybody}
    gc.collect()
    collect_seldom()  # As every process that decides does.
    for peer in everybody:
        warm_up(peer, inputs[peer.name], options.warm)
    rounds: dict[str, list[list[float]]] = {peer.name: [] for peer in everybody}
    for _ in range(options.rounds):
        for peer in everybody:
            rounds[peer.name].append(microseconds(peer, inputs[peer.name]))
    python = platform.python_version()
    print(f"{options.cases} cases of {options.lots} lots, {options.rounds} rounds in turn, all answers equal;", end=" ")
    print(f"CPython {python}, {core}; best: the best of each case's rounds, which no neighbour disturbed")
    show({name: row(each) for name, each in rounds.items()}, {peer.name: peer.by_python for peer in everybody})
    for line in missing:
        print(f"left out: {line}")


if __name__ == "__main__":
    main()
