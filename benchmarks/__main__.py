"""`python -m benchmarks` runs every benchmark with its defaults, each in a process of its own.

    python -m benchmarks [--report docs/benchmarks.md] [--also pages]

With `--report` what they print is written as a page as well, with the machine, the versions and the day; what stands
on that page from the heading "Measured by hand" on is kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from engine import decide
from engine.population.processes import processors

ROOT = Path(__file__).parent.parent
KEPT = "\n## Measured by hand\n"
PACKAGES = (
    *("durable-rules", "PyYAML", "msgspec", "flask", "granian", "peewee", "duckdb", "z3-solver"),
    *("zen-engine", "opa-eval", "cedarpy", "clipspy", "drools_jpy"),
)


class Benchmark(NamedTuple):
    """A module of this package, the heading of what it tells, its arguments, and a program that it needs."""

    name: str
    heading: str
    arguments: tuple[str, ...] = ()
    needs: str = ""


BENCHMARKS = (
    Benchmark("decide", "One decision, beside other engines"),
    Benchmark("filing", "Filing a refund request, beside its SQL alone"),
    Benchmark("http", "Over HTTP, beside a bare handler", needs="wrk"),
    Benchmark("loading", "Loading a policy, the first answer, memory"),
    Benchmark("replay", "Deciding again what is stored"),
    Benchmark("growth", "Growth with rules, words and lots"),
    Benchmark("prove", "Proving a policy"),
    Benchmark("log", "Growth with the length of the log"),
    Benchmark("population", "Populations, and growth with the accounts"),
)
ALSO = (Benchmark("pages", "Pages in a browser"), Benchmark("soak", "Everything at once, for half an hour"))


class Told(NamedTuple):
    """What a benchmark printed, how it ended, and the seconds that it took."""

    benchmark: Benchmark
    said: str
    status: int
    seconds: float


def run(benchmark: Benchmark) -> Told:
    """Run one, and pass on what it prints while it does."""
    print(f"\n== {command(benchmark)}", flush=True)
    if benchmark.needs and shutil.which(benchmark.needs) is None:
        said = f"left out: {benchmark.needs} is not installed\n"
        print(said, end="", flush=True)
        return Told(benchmark, said, 0, 0)
    began = time.monotonic()
    arguments = [sys.executable, "-u", "-m", f"benchmarks.{benchmark.name}", *benchmark.arguments]
    with subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        assert process.stdout is not None, "it is a pipe"
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    return Told(benchmark, "".join(lines), process.returncode, time.monotonic() - began)


def command(benchmark: Benchmark) -> str:
    """How one is run by itself."""
    return " ".join([f"python -m benchmarks.{benchmark.name}", *benchmark.arguments])


def page(told: list[Told], asked: str, load: tuple[str, str]) -> str:
    """The page of results."""
    lines = [
        "# What was measured",
        "",
        "Written by the command below and not by hand: run it again on your machine. Only ratios of one run mean",
        "something, for a busy machine changes every rate. What each benchmark measures, and how to read it, is told",
        "to [developers](developers.md#benchmarks).",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in circumstances(asked, load)),
    ]
    for each in told:
        ended = (
            "" if each.status == 0 else f", which ended with {each.status}: less than what is asked for, or an error"
        )
        doc = (import_module(f"benchmarks.{each.benchmark.name}").__doc__ or "").strip().partition("\n\n")[0]
        lines += [
            "",
            f"## {each.benchmark.heading}",
            "",
            " ".join(doc.split()),
            "",
            f"`{command(each.benchmark)}`, {each.seconds:.0f} seconds{ended}.",
            "",
            "```text",
            *(line.rstrip() for line in each.said.strip("\n").splitlines()),
            "```",
        ]
    return "\n".join(lines) + "\n"


def circumstances(asked: str, load: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """The machine, the versions, the day and the command."""
    yield "command", f"`{asked}`"
    yield "day", f"{datetime.now(UTC):%Y-%m-%d}"
    yield "processors", f"{processors()}, {processor()}"
    yield "memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    yield "system", f"{platform.system()} {platform.machine()}"
    yield "busy with", f"{load[0]} processes on average before the run, {load[1]} at its end (its own among them)"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    yield "engine", f"compiled by mypyc {release('mypy')}" if is_compiled() else "as it is written, not compiled"
    yield "packages", ", ".join(f"{name} {release(name)}" for name in PACKAGES)
    java = shutil.which("java")
    if java is not None:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
        yield "Java", (said.splitlines() or ["unknown"])[0].replace('"', "")


def processor() -> str:
    """The name of the processor, as the system tells it."""
    told = Path("/proc/cpuinfo")
    names = [line for line in told.read_text().splitlines() if line.startswith("model name")] if told.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or "unknown"


def is_compiled() -> bool:
    """Whether what decides here was compiled."""
    return not decide.__file__.endswith(".py")


def release(package: str) -> str:
    """The version of a package that is installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def busy() -> str:
    """How many processes wanted to run in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def main() -> None:
    """Run all, write the page, and end with 1 where one of them did not end with 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=Path, help="the page to write")
    parser.add_argument("--also", action="append", default=[], choices=[each.name for each in ALSO])
    options = parser.parse_args()
    asked = " ".join(["python -m benchmarks", *sys.argv[1:]])
    before = busy()
    chosen = [*BENCHMARKS, *(each for each in ALSO if each.name in options.also)]
    told = [run(each) for each in chosen]
    if options.report:
        kept = options.report.read_text("utf-8").partition(KEPT) if options.report.exists() else ("", "", "")
        options.report.write_text(page(told, asked, (before, busy())) + kept[1] + kept[2], "utf-8")
    failed = [each for each in told if each.status]
    for each in failed:
        print(f"benchmarks.{each.benchmark.name} ended with {each.status}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
