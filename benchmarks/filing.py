"""How fast refund requests are filed: beside a raw loop of the very same SQL, in one run on one SQLite file each.

    python -m benchmarks.filing [--requests 400] [--rounds 3]

A filing claims its key, locks, reads the account, its lots and its refunds, decides, holds, files and records, and
commits with `synchronous=FULL`. Its statements are written down, and then run again with their parameters on a copy of
the database, by `sqlite3` alone, in transactions of the same size. Only the ratio means something: it is what deciding
and checking cost beside keeping.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service import ledger
from service.clock import utc_now
from service.config import SHIPPED_RULES, Settings
from service.database import Database, close_database, open_database, writing
from service.idempotency import Answer
from service.judging import Judge
from service.ledger import Grant, StoredAccount
from service.ledger_check import differences
from service.members import put
from service.migrate import migrate
from service.publishing import Versions, publish

Statement = tuple[str, tuple[Any, ...]]
ACCOUNTS = 40
LOTS = 20
FACTS = {
    "joined_on": "2019-01-01",
    "born_on": "1984-02-05",
    "identity_level": 2,
    "contact_verified": True,
    "last_activity_on": "2026-01-01",
}


def prepare(file: Path) -> None:
    """A database with the shipped rules and accounts of twenty lots each."""
    database = open_database(Settings(database_url=f"sqlite:///{file}"))
    migrate(database)
    now = utc_now()
    publish(database, (SHIPPED_RULES / "kt-points.yaml").read_bytes(), "kt-points.yaml", now)
    versions = Versions(database, 1)
    for number in range(ACCOUNTS):
        account, _ = put(database, versions, f"A-{number}", "kt-points", FACTS, now)
        writing(database, lambda account=account: ledger.grant(database, grants(account), now))  # type: ignore[misc]
    close_database(database)


def grants(account: StoredAccount) -> list[Grant]:
    """Lots that can be refunded."""
    day = "2026-01-15"
    facts = {
        "source": "bill_payment",
        "campaign": "",
        "acquired_on": day,
        "usable_from_on": day,
        "expires_on": None,
        "amount": 5_000,
        "locked": False,
        "identity_level": 2,
    }
    return [Grant(f"{account.id}.{number:02}", account.id, facts, utc_now()) for number in range(LOTS)]


def file_all(database: Database, requests: int) -> list[float]:
    """The seconds of each filing."""
    judge = Judge(database, Versions(database, 1), utc_now)

    def file(number: int) -> None:
        body = {"account": f"A-{number % ACCOUNTS}", "request": {"points": 1_000, "method": "bill_credit"}}
        judge.file(body, f"key-{number}", lambda filed, _holds, _record: Answer(201, filed.id, "en", "{}"))

    file(requests)  # The version is compiled by the first.
    return timed(file, requests)


def timed(work: Callable[[int], None], times: int) -> list[float]:
    """The seconds of each run."""
    found = []
    for number in range(times):
        start = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - start)
    return found


def statements_of(database: Database, requests: int) -> list[list[Statement]]:
    """The statements of each filing, as they reach SQLite, without those that begin and end the transaction."""
    written: list[list[Statement]] = []
    original = database.execute_sql

    def noted(sql: str, params: Any = None, *rest: Any) -> Any:
        written[-1].append((sql, tuple(params or ())))
        return original(sql, params, *rest)  # type: ignore[no-untyped-call]

    judge = Judge(database, Versions(database, 1), utc_now)
    database.execute_sql = noted  # type: ignore[method-assign]
    for number in range(requests + 1):
        written.append([])
        body = {"account": f"A-{(number - 1) % ACCOUNTS}", "request": {"points": 1_000, "method": "bill_credit"}}
        judge.file(body, f"key-{number}", lambda filed, _holds, _record: Answer(201, filed.id, "en", "{}"))
    database.execute_sql = original  # type: ignore[method-assign]
    return written


def replay(file: Path, filings: list[list[Statement]]) -> list[float]:
    """The seconds of each filing's statements, run by sqlite3 alone."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = 1"):
        connection.execute(f"PRAGMA {pragma}")

    def run(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for sql, parameters in filings[number]:
            connection.execute(sql, parameters).fetchall()
        connection.execute("COMMIT")

    found = timed(run, len(filings))
    connection.close()
    return found


def main() -> None:
    """Time both in turn, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.db"
        prepare(start)
        for number in range(options.rounds):
            copies = [Path(folder) / f"{number}-{name}.db" for name in ("filed", "noted", "raw")]
            for copy in copies:
                shutil.copyfile(start, copy)
            filed = open_database(Settings(database_url=f"sqlite:///{copies[0]}"))
            ours = statistics.median(file_all(filed, options.requests))
            with filed.connection_context():
                assert differences(filed) == [], "the ledger does not hold"
            close_database(filed)
            noted = open_database(Settings(database_url=f"sqlite:///{copies[1]}"))
            filings = statements_of(noted, options.requests)
            close_database(noted)
            raw = statistics.median(replay(copies[2], filings)[1:])
            print(
                f"filing {1 / ours:8,.0f} a second; the same SQL alone {1 / raw:8,.0f};"
                f" filing runs at {raw / ours:.2f} of the raw rate"
            )


if __name__ == "__main__":
    main()
