"""What PostgreSQL undoes for the sake of others is done again: where all is SERIALIZABLE, as on its distributed kin.

The service itself asks for READ COMMITTED and locks first, so there it hardly ever is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from service import events, moves
from service.clock import spoken, utc_now
from service.config import Settings
from service.database import Database, close_database, connected, execute, open_database, rows, writing
from service.idempotency import Answer
from service.judging import Judge
from service.publishing import Versions
from service.records import Record
from service.refund_requests import Filed, Hold
from service.sweeps import sweep
from tests.service.builders import asking
from tests.service.test_storms import prepared, sound

THREADS = 3
TURNS = 3
KEY = (
    "INSERT INTO idempotency_key (key, digest, status, location, language, answer, entered_at)"
    " VALUES (?, '', 0, '', '', '', '')"
)
COUNT = "SELECT COUNT(*) FROM idempotency_key"


@pytest.fixture
def serializable(postgresql_url: str, shared_postgresql: Database) -> Iterator[str]:
    """A PostgreSQL database whose transactions are SERIALIZABLE unless they say otherwise."""
    with connected(shared_postgresql):
        execute(shared_postgresql, "ALTER DATABASE shared SET default_transaction_isolation = 'serializable'")
    yield postgresql_url
    with connected(shared_postgresql):
        execute(shared_postgresql, "ALTER DATABASE shared RESET default_transaction_isolation")


def test_one_of_two_that_saw_what_the_other_changed_is_done_again(serializable: str) -> None:
    """Each counts and writes what it counted; one after the other they would count 0 and 1."""
    database = open_database(Settings(database_url=serializable))
    meet = threading.Barrier(2, timeout=10)
    attempts: list[int] = []

    def work() -> int:
        found: int = rows(database, COUNT)[0][0]
        attempts.append(found)
        if len(attempts) <= 2:
            meet.wait()
        execute(database, KEY, (str(threading.get_ident()),))
        return found

    with ThreadPoolExecutor(2) as threads:
        counted = [threads.submit(writing, database, work) for _ in range(2)]
        assert sorted(each.result() for each in counted) == [0, 1]
    assert attempts == [0, 0, 1]
    close_database(database)


def test_everything_that_writes_is_done_again_until_it_is_done(
    serializable: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Filings, moves, events and sweeps of one account at once: not one fails."""
    database = prepared(serializable, limit=10**9)
    versions = Versions(database, 4)

    def work(thread: int) -> list[str]:
        judge = Judge(database, versions, utc_now)
        made = []
        for turn in range(TURNS):
            name = f"{thread}-{turn}"
            body = {"account": "HOT", "request": asking(10)}
            request = judge.file(body, name, in_short).location
            made.append(request)
            event = {"id": name, "account": "HOT", "type": "purchase", "amount": 100, "happened_at": spoken(utc_now())}
            events.tell(database, versions, event, utc_now())
            writing(database, partial(moves.move, database, versions, request, "settle", "bank", "", utc_now()))
            sweep(database, versions, utc_now())
        return made

    with caplog.at_level(logging.INFO, "recoup.database"), ThreadPoolExecutor(THREADS) as threads:
        made = [request for each in threads.map(work, range(THREADS)) for request in each]
    with connected(database):
        kept = rows(database, "SELECT id, state FROM refund_request ORDER BY id")
        told = rows(database, "SELECT COUNT(*) FROM event_answer WHERE NOT refused")
    assert kept == [(request, "settled") for request in sorted(made)]
    assert told == [(THREADS * TURNS,)]
    assert "transaction undone by the database" in caplog.text, "nothing was undone, so this has shown nothing"
    sound(database)
    close_database(database)


def in_short(filed: Filed, _holds: list[Hold], _record: Record) -> Any:
    return Answer(201, filed.id, "en", "")
