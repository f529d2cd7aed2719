"""How fast stored decisions are decided again: beside a bare loop of `decide` on the same cases, in one run.

    python -m benchmarks.replay [--decisions 3000] [--lots 20] [--rounds 3]

The decisions are kept in a temporary SQLite database, as the service keeps them. A replay reads each with its case,
reads the case, decides, and compares the whole; the loop has the cases read already, and only decides. Their ratio is
what a replay costs beside deciding; the rate is that of this machine at this moment.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.cases import make_cases
from benchmarks.decide import POLICY
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.facts import Case, case_data
from service import records
from service.clock import spoken, utc_now
from service.config import Settings
from service.database import Database, close_database, open_database, reading, writing
from service.ids import new_id
from service.memory import collect_seldom
from service.migrate import migrate
from service.publishing import Versions, publish
from service.records import Record
from service.replaying import Chosen, Replay


def prepare(database: Database, count: int, lots: int) -> tuple[CompiledVersion, list[Case]]:
    """Keep so many decisions; the version and the cases they were made on."""
    migrate(database)
    now = utc_now()
    published = publish(database, POLICY.read_bytes(), POLICY.name, now)
    with reading(database):
        compiled = Versions(database, 1).compiled(published.digest)
    cases = [read_case(compiled.policy, case) for case in make_cases(count, lots)]

    def keep() -> None:
        for case in cases:
            decision = decide(compiled, case).to_data()
            records.keep(database, Record(new_id("D", now), spoken(now), case_data(case), decision), now)

    writing(database, keep)
    return compiled, cases


def seconds_of_replay(database: Database) -> float:
    """The seconds of deciding all again; a difference ends the program."""
    start = time.perf_counter()
    for each in Replay(database, Chosen(), "en", 1).decisions():
        assert each is not None, "no day was chosen"
        assert not each.differences, each
    return time.perf_counter() - start


def seconds_of_loop(compiled: CompiledVersion, cases: list[Case]) -> float:
    """The seconds of deciding alone."""
    start = time.perf_counter()
    for case in cases:
        decide(compiled, case)
    return time.perf_counter() - start


def main() -> None:
    """Time both in turn, and print the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=3_000)
    parser.add_argument("--lots", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Settings(database_url=f"sqlite:///{Path(folder) / 'recoup.db'}"))
        compiled, cases = prepare(database, options.decisions, options.lots)
        collect_seldom()
        for _ in range(options.rounds):
            loop, replayed = seconds_of_loop(compiled, cases), seconds_of_replay(database)
            print(
                f"replayed {options.decisions / replayed:8,.0f} a second; decide alone"
                f" {options.decisions / loop:8,.0f}; a replay takes {replayed / loop:.2f} times as long"
            )
        close_database(database)


if __name__ == "__main__":
    main()
