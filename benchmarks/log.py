"""How the log grows: what a leaf costs when it is recorded, placed, proven, exported and checked, at three sizes.

    python -m benchmarks.log [--leaves 1000000] [--url postgresql://...]

Events of some 300 bytes are recorded in one database, an SQLite file where no other is named. Of each leaf, the
microseconds of the processor are counted; with PostgreSQL those of the server are not among them. The log is as it
should be when the columns do not grow from one size to the next, but for a few hashes more in a proof, and when the
memory stays.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from service import audit_log
from service.clock import utc_now
from service.config import Settings
from service.database import Database, close_database, execute, execute_many, open_database, reading, writing
from service.log.exports import check, written
from service.log.notes import Signer, new_signer
from service.log.tree import EMPTY, consistency_proof, inclusion_proof
from service.log_check import LogCheck
from service.migrate import migrate

ACCOUNT = (
    "INSERT INTO account VALUES"
    " ('A', '', 'active', '', 0, '2025-01-01', NULL, TRUE, NULL, NULL, 0, '', '', 0, '', NULL)"
)
EVENT = "INSERT INTO event VALUES (?, 'A', 'purchase', '', 1, ?, '', '', '')"
BODY = '{"text": "' + "0123456789" * 25 + '"}'
BATCH = 1_000
PROOFS = 500
COLUMNS = ("record", "place", "proof", "hashes", "export", "verify", "parquet", "verify", "check")


def seconds(work: Callable[[], object]) -> float:
    """What some work takes of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def record(database: Database, start: int, end: int) -> None:
    """Record events, in transactions of a thousand."""
    for first in range(start, end, BATCH):
        events = [(f"E-{number}", BODY) for number in range(first, min(first + BATCH, end))]
        writing(database, lambda events=events: execute_many(database, EVENT, events))  # type: ignore[misc]


def prove(size: int, included: Callable[[int, int], object], extended: Callable[[int, int], object]) -> None:
    """Prove leaves, and that older logs are the beginning of this one."""
    chance = random.Random(size)
    for _ in range(PROOFS):
        included(chance.randrange(size), size)
        extended(chance.randrange(size) + 1, size)


def constant(_level: int, _index: int) -> bytes:
    """The hash of a subtree, if all were the same."""
    return EMPTY


def measure(database: Database, folder: Path, start: int, end: int, signer: Signer) -> list[float]:
    """What it costs to let a log grow from one size to another, and to prove and check it then: seconds of each."""
    grown = end - start
    found = [seconds(lambda: record(database, start, end)) / grown]
    found.append(seconds(lambda: audit_log.place_all(database)) / grown)
    audit_log.sign_head(database, [signer], utc_now())
    with reading(database):
        found.append(
            seconds(
                lambda: prove(end, partial(audit_log.inclusion, database), partial(audit_log.consistency, database))
            )
            / (2 * PROOFS)
        )
        # The arithmetic alone: whatever the hashes are, there are as many.
        made = seconds(lambda: prove(end, partial(inclusion_proof, constant), partial(consistency_proof, constant)))
        found.append(made / PROOFS / 2)
        lines = folder / "log.jsonl"
        with lines.open("wb") as out:
            records = audit_log.records(database)
            found.append(seconds(lambda: out.writelines(written(signer.name, records))) / end)
        with lines.open("rb") as file:
            found.append(seconds(lambda: check(file, [signer.verifier])) / end)
        found += parquet(database, folder / "log.parquet", end, signer)
        look, differences = LogCheck(database, [signer.verifier]), list[object]()
        found.append(seconds(lambda: differences.extend(look.differences())) / end)
        assert not differences, differences
    return found


def parquet(database: Database, path: Path, end: int, signer: Signer) -> list[float]:
    """The same of an export in the other form; 0 where its package is not installed."""
    if find_spec("pyarrow") is None:
        return [0.0, 0.0]
    from service.log import parquet

    wrote = seconds(lambda: parquet.write(path, signer.name, audit_log.records(database))) / end
    with path.open("rb") as file:
        return [wrote, seconds(lambda: parquet.check(file, [signer.verifier])) / end]


def main() -> None:
    """Measure at a hundredth of the size, at a tenth and at all of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leaves", type=int, default=100_000, help="the most leaves")
    parser.add_argument("--url", help="an empty database in place of an SQLite file")
    options = parser.parse_args()
    signer = new_signer("benchmark")
    print(f"{'us of each leaf':>16}" + "".join(f"{name:>9}" for name in COLUMNS) + f"{'memory MB':>11}")
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder) / 'log.db'}"
        database = open_database(Settings(database_url=url))
        migrate(database)
        writing(database, lambda: execute(database, ACCOUNT))
        size = 0
        for target in (options.leaves // 100, options.leaves // 10, options.leaves):
            costs = measure(database, Path(folder), size, target, signer)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{target:16,}" + "".join(f"{cost * 1e6:9.1f}" for cost in costs) + f"{memory:11}", flush=True)
            size = target
        close_database(database)


if __name__ == "__main__":
    main()
