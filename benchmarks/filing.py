"""How fast refund requests are filed: beside a raw loop of the very same SQL, in one run on one SQLite file each.

    python -m benchmarks.filing [--requests 400] [--rounds 3]

A filing is all that `POST /v1/refund-requests` does behind HTTP: it claims its key, locks, reads the account, its lots
and its refunds, decides, holds, files, records and announces, keeps its answer, and commits with `synchronous=FULL`.

The raw loop is what `sqlite3` alone takes for that SQL. Everything that filings send is written down where it reaches
`sqlite3`, and run again with the same parameters on a copy of the database, as prepared statements, reading every row,
in as many transactions with the same pragmas; then both files must hold the same rows. It decides nothing, and has
nothing to make the parameters from.

The two take turns, so that a neighbour on the machine slows down both. A rate is requests by the seconds that all took,
with the checkpoints of SQLite that come every fifty filings or so; the medians leave those out. Only the ratios mean
something: they are what deciding and checking cost beside keeping. The cheaper a disk's fsync is, the smaller they are:
in memory, where a commit costs nothing, they are the smallest that they can be (`TMPDIR=/dev/shm`).
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from service import ledger
from service.answers import filed_answer
from service.clock import utc_now
from service.config import SHIPPED_RULES, Settings
from service.database import Database, close_database, open_database, writing
from service.faq import load_faq
from service.idempotency import Answer
from service.judging import Judge
from service.ledger import Grant, StoredAccount
from service.ledger_check import differences
from service.members import put
from service.memory import collect_seldom
from service.migrate import migrate
from service.parts import json_text
from service.publishing import Versions, publish
from service.records import Record
from service.refund_requests import Filed, Hold
from service.tables import TABLES

ACCOUNTS = 40
LOTS = 20
FACTS = {
    "joined_on": "2019-01-01",
    "born_on": "1984-02-05",
    "identity_level": 2,
    "contact_verified": True,
    "last_activity_on": "2026-01-01",
}
PRAGMAS = ("journal_mode = wal", "synchronous = full", "foreign_keys = 1")


class Statement(NamedTuple):
    """One call of sqlite3: what it was asked to run, `many` times or once."""

    sql: str
    parameters: Any
    many: bool


def prepare(file: Path) -> None:
    """A database with the shipped rules and accounts of twenty lots each."""
    database = opened(file)
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


def opened(file: Path) -> Database:
    """The database of a file, as the service opens it."""
    return open_database(Settings(database_url=f"sqlite:///{file}"))


def filing(database: Database) -> Callable[[int], None]:
    """What files the request of a number. The first filing also compiles the version."""
    judge = Judge(database, Versions(database, 1), utc_now)
    links = load_faq(Settings()).links

    def answer(filed: Filed, holds: list[Hold], record: Record) -> Answer:
        text = json_text(filed_answer(filed, holds, record, "en", links))
        return Answer(201, f"/v1/refund-requests/{filed.id}", "en", text)

    def file(number: int) -> None:
        body = {"account": f"A-{number % ACCOUNTS}", "request": {"points": 1_000, "method": "bill_credit"}}
        judge.file(body, f"key-{number}", answer)

    return file


def note(file: Path, requests: int) -> list[list[Statement]]:
    """File on a database, and write down the statements of each filing between its BEGIN and its COMMIT."""
    written: list[Statement] = []

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
            written.append(Statement(sql, parameters, many=False))
            return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Iterable[Any], /) -> Cursor:
            written.append(Statement(sql, parameters, many=True))
            return super().executemany(sql, parameters)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    database = opened(file)
    database.connect_params["factory"] = Connection
    work = filing(database)
    filings = []
    for number in range(requests):
        written.clear()
        work(number)
        said = [each.sql for each in written]
        assert said[-1] == "COMMIT", "the transaction is one"
        filings.append(written[said.index("BEGIN IMMEDIATE") + 1 : -1])
    close_database(database)
    return filings


def replaying(connection: sqlite3.Connection, filings: list[list[Statement]]) -> Callable[[int], None]:
    """What runs the statements of the filing of a number, by sqlite3 alone."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")

    def replay(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for sql, parameters, many in filings[number]:
            if many:
                connection.executemany(sql, parameters)
            else:
                connection.execute(sql, parameters).fetchall()
        connection.execute("COMMIT")

    return replay


def seconds_of(work: Callable[[int], None], numbers: Iterable[int]) -> list[float]:
    """The seconds that each number takes."""
    found = []
    for number in numbers:
        start = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - start)
    return found


def in_turn(
    file: Callable[[int], None], replay: Callable[[int], None], requests: int
) -> tuple[list[float], list[float]]:
    """The seconds of each filing and of its SQL alone, one turn over all accounts each."""
    ours: list[float] = []
    raw: list[float] = []
    for first in range(0, requests, ACCOUNTS):
        turn = range(first, min(first + ACCOUNTS, requests))
        ours += seconds_of(file, turn)
        raw += seconds_of(replay, turn)
    # The first compiles.
    return ours[1:], raw[1:]


def contents(file: Path) -> dict[str, list[Any]]:
    """The rows of every table."""
    connection = sqlite3.connect(file)
    names = [table._meta.table_name for table in TABLES]
    found = {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in names}  # noqa: S608
    connection.close()
    return found


def measure(folder: Path, start: Path, requests: int) -> tuple[list[float], list[float]]:
    """The seconds of each filing and of its SQL alone, on copies of a database."""
    filed, noted, raw = (folder / f"{name}.db" for name in ("filed", "noted", "raw"))
    for copy in (filed, noted, raw):
        shutil.copyfile(start, copy)
    filings = note(noted, requests)
    database = opened(filed)
    connection = sqlite3.connect(raw, isolation_level=None)
    # As `recoup serve` does; and what was noted is no part of either.
    collect_seldom()
    found = in_turn(filing(database), replaying(connection, filings), requests)
    with database.connection_context():
        assert differences(database) == [], "the ledger does not hold"
    close_database(database)
    connection.close()
    assert contents(noted) == contents(raw), "the SQL alone leaves other rows"
    return found


def main() -> None:
    """Time both, and print the ratio of each round."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start = Path(name) / "start.db"
        prepare(start)
        for number in range(options.rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            ours, raw = measure(folder, start, options.requests)
            print(
                f"filing {len(ours) / sum(ours):8,.0f} a second; the same SQL alone {len(raw) / sum(raw):8,.0f};"
                f" filing runs at {sum(raw) / sum(ours):.2f} of the raw rate"
                f" ({statistics.median(raw) / statistics.median(ours):.2f} by the medians)"
            )


if __name__ == "__main__":
    main()
