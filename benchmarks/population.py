"""How many accounts a second are decided at once: by a statement in DuckDB, by the batch function, by the engine alone.

    python -m benchmarks.population [--accounts 200000] [--lots 10] [--sample 500] [--method METHOD] [--part N]...

Random accounts of rules/kt-points.yaml ask for all their points. The statement decides populations of several sizes,
each in a process of its own, so that its memory is its own: what an account costs must not grow with their number, nor
the memory. The batch function and the plain engine (`read_case` and `decide`, one account after the other, from plain
JSON data), in one process each, decide a sample. Before anything is believed, all three have to answer the sample
alike. A busy machine changes seconds much more than seconds of the processor, and both; believe the ratios of one run:
each population is told as a multiple of the plain engine, second by second of the processor.

`--accounts 10000000 --part 10 --part 3 --part 1` decides a tenth, a third and all of ten million accounts; making them
takes minutes, and a gigabyte of the folder for temporary files.
"""

from __future__ import annotations

import argparse
import math
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from engine.cases import read_case
from engine.compiled import CompiledVersion, compile_version
from engine.decide import decide
from engine.population.answers import Asking
from engine.population.cases import CaseReader
from engine.population.deciding import answers
from engine.population.files import write_answers
from engine.population.folder import Population
from engine.population.made import make_population
from engine.population.processes import processors
from engine.population.sql import opened
from engine.population.ways import Engine, way_of
from engine.versions import load_version
from policies.versions import PolicyVersion
from service.memory import collect_seldom

POLICY = Path(__file__).parent.parent / "rules/kt-points.yaml"
AS_OF = datetime(2026, 3, 2, 1, tzinfo=UTC)
FIGURES = ("outcome", "points", "payout", "fee", "tax", "offset")
PARTS = (8, 4, 2, 1)
"""Which parts of the accounts make the sizes, unless others are asked for."""


class Run(NamedTuple):
    """What one run took: seconds, seconds of the processor, and the most memory that its process ever had, in MB."""

    seconds: float
    processor: float
    memory: int


def read_policy() -> PolicyVersion:
    """The first rule set."""
    version, problems = load_version(POLICY.read_bytes(), POLICY.name)
    assert version is not None, problems
    return version


def make(made: Path, count: int, lots: int) -> Path:
    """A population of so many accounts, in a new folder."""
    made.mkdir()
    make_population(str(made), read_policy().policy, accounts=count, lots=lots, seed=7, as_of=AS_OF)
    return made


def run(folder: str, methods: tuple[str, ...], engine: Engine, output: str) -> Run:
    """Decide a population from its files to a file of answers, in this process."""
    version = read_policy()
    asking = Asking(AS_OF, methods)
    way = way_of(version, asking, engine)
    start, begun = time.perf_counter(), time.process_time()
    # As `recoup population decide` does.
    with tempfile.TemporaryDirectory() as rough, opened(spill=rough) as connection:
        population = Population(connection, folder, version.policy)
        for _ in write_answers(output, answers(version, asking, population, way, 1)):
            pass
    seconds, processor = time.perf_counter() - start, time.process_time() - begun
    return Run(seconds, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def run_alone(folder: Path, methods: tuple[str, ...], engine: Engine, output: Path) -> Run:
    """The same in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        return alone.submit(run, str(folder), methods, engine, str(output)).result()


def decide_plainly(
    compiled: CompiledVersion, accounts: Sequence[Any], asking: Asking
) -> tuple[list[dict[str, Any]], Run]:
    """What the engine answers to accounts as plain JSON data, one by one, and what that took."""
    found = []
    start, begun = time.perf_counter(), time.process_time()
    for data in accounts:
        for method in asking.methods:
            request = asking.request_data(data["account"]["id"], data["account"]["kind"], method)
            decision = decide(compiled, read_case(compiled.policy, {**data, "request": request}), helping=False)
            figures = {
                name: getattr(decision, name) for name in ("outcome", "points", "payout", "fee", "tax", "offset")
            }
            reasons = [reason.rule for reason in decision.reasons]
            found.append(
                {"account_id": decision.account, "method": method, **figures, "reasons": reasons, "error": None}
            )
    return found, Run(time.perf_counter() - start, time.process_time() - begun, 0)


def answers_in(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of answers."""
    import pyarrow.parquet

    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
    return rows


def main() -> None:
    """Decide, compare, and print a line for each size and each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--lots", type=int, default=10)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--method", action="append", help="by which method they ask [cash]")
    parser.add_argument("--part", action="append", type=int, help="a size: one in so many of the accounts [8, 4, 2, 1]")
    options = parser.parse_args()
    methods = tuple(options.method or ["cash"])
    collect_seldom()
    print(f"accounts of {options.lots} lots ask for all their points by {', '.join(methods)};", end=" ")
    print(f"{processors()} processors")
    with tempfile.TemporaryDirectory(prefix="recoup-") as name:
        folder = Path(name)
        plain = beside_one_another(folder, options.sample, options.lots, methods)
        sizes = sorted(options.accounts // part for part in options.part or PARTS)
        growth(folder, sizes, options.lots, methods, plain)


def beside_one_another(folder: Path, count: int, lots: int, methods: tuple[str, ...]) -> float:
    """A sample in all three ways, which have to answer alike; how many accounts the plain engine decides in a second of
    the processor.
    """
    version = read_policy()
    asking, sample = Asking(AS_OF, methods), make(folder / "sample", count, lots)
    reader = CaseReader(version.policy, asking)
    with opened() as connection:
        population = Population(connection, str(sample), version.policy)
        accounts = [data for batch in population.batches() for data in reader.json_cases(batch)]
    plain, took = decide_plainly(compile_version(version), accounts, asking)
    told = [("plain engine", took)]
    for engine, called in (("plain", "batch function"), ("duckdb", "statement")):
        output = folder / f"{engine}.parquet"
        done = run_alone(sample, methods, engine, output)  # type: ignore[arg-type]
        assert answers_in(output) == plain, f"the {called} answers otherwise"
        told.append((called, done))
    print(f"a sample of {count:,}, answered alike by")
    for called, taken in told:
        rates = count / taken.seconds, count / taken.processor
        print(f"  {called:<16} {rates[0]:>9,.0f} accounts a second, {rates[1]:>9,.0f} a second of one processor")
    return count / took.processor


def growth(folder: Path, sizes: Sequence[int], lots: int, methods: tuple[str, ...], plain: float) -> None:
    """The statement on populations of several sizes, beside so many accounts in a second of the plain engine."""
    print(
        f"{'by the statement':>16} {'seconds':>9} {'a second':>10} {'of processor':>13} {'a second':>10} {'memory':>8}"
        f" {'to plain':>9}"
    )
    runs = []
    for count in sizes:
        made = make(folder / str(count), count, lots)
        done = run_alone(made, methods, "duckdb", folder / "answers.parquet")
        runs.append((count, done))
        rates = count / done.seconds, count * processors() / done.processor
        print(
            f"{count:>16,} {done.seconds:>9.2f} {rates[0]:>10,.0f} {done.processor:>13.2f} {rates[1]:>10,.0f}"
            f" {done.memory:>5} MB {count / done.processor / plain:>8.0f}x"
        )
        shutil.rmtree(made)
    if len(runs) < 2:
        return
    (small, first), (large, last) = runs[-2], runs[-1]
    power = math.log(last.processor / first.processor) / math.log(large / small)
    print(f"the power of the number of accounts by which the processor's time grew at last: {power:.2f}")
    print("(the second rate is that of all processors, were they ours alone)")


if __name__ == "__main__":
    main()
