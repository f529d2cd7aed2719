"""How the log grows: what a leaf costs when it is recorded, placed, proven and checked, at sizes ten times apart.

    python -m benchmarks.log [--leaves 100000]

Events of some 300 bytes are recorded in one SQLite file. Seconds of the processor are counted. The log is as it should
be when the columns do not grow from one size to the next, but for a few hashes more in a proof.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from service import audit_log
from service.clock import utc_now
from service.config import Settings
from service.database import Database, close_database, execute, execute_many, open_database, reading, writing
from service.log.exports import check, written
from service.log.notes import new_signer
from service.log.tree import consistency_proof, inclusion_proof
from service.migrate import migrate

ACCOUNT = (
    "INSERT INTO account VALUES"
    " ('A', '', 'active', '', 0, '2025-01-01', NULL, TRUE, NULL, NULL, 0, '', '', 0, '', NULL)"
)
EVENT = "INSERT INTO event VALUES (?, 'A', 'purchase', '', 1, ?, '', '', '')"
BODY = '{"text": "' + "0123456789" * 25 + '"}'
BATCH = 1_000
PROOFS = 500


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


def prove(database: Database, size: int) -> None:
    """Prove leaves, and that older logs are the beginning of this one."""
    node, chance = audit_log.nodes(database), random.Random(size)
    with reading(database):
        for _ in range(PROOFS):
            inclusion_proof(node, chance.randrange(size), size)
            consistency_proof(node, chance.randrange(size) + 1, size)


def main() -> None:
    """Measure at a hundredth of the size, at a tenth and at all of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leaves", type=int, default=100_000)
    most = parser.parse_args().leaves
    signer = new_signer("benchmark")
    print("    leaves   record us    place us    proof us    check us   (each)")
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Settings(database_url=f"sqlite:///{Path(folder) / 'log.db'}"))
        migrate(database)
        writing(database, lambda: execute(database, ACCOUNT))
        size = 0
        for target in (most // 100, most // 10, most):
            recorded = seconds(lambda start=size, end=target: record(database, start, end))  # type: ignore[misc]
            placed = seconds(lambda: audit_log.place_all(database))
            audit_log.sign_head(database, [signer], utc_now())
            proven = seconds(lambda end=target: prove(database, end))  # type: ignore[misc]
            with reading(database):
                lines = list(written("benchmark", audit_log.records(database)))
            checked = seconds(lambda lines=lines: check(lines, [signer.verifier]))  # type: ignore[misc]
            grown = target - size
            each = (recorded / grown, placed / grown, proven / PROOFS / 2, checked / target)
            print(f"{target:10,}" + "".join(f"{cost * 1e6:12.1f}" for cost in each))
            size = target
        close_database(database)


if __name__ == "__main__":
    main()
