"""Many clients at once, processes that are killed at any moment, disks that fill up: no point is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from service import events
from service.clock import utc_now
from service.config import Settings
from service.database import Database, Unavailable, close_database, open_database, reading, rows
from service.idempotency import Answer
from service.judging import Judge
from service.ledger_check import differences
from service.publishing import Versions, publish
from service.records import Record
from service.refund_requests import Filed, Hold
from service.sweeps import sweep
from tests.service.builders import LIFE, NOW, POLICY, asking, lot_facts, open_account
from tests.service.processes import ask, run, serving_many

CLIENTS = 16
TURNS = 20
ACCOUNTS = ("HOT", "B", "C", "D")
MOVES = ("settle", "cancel", "fail", "reverse", "approve", "refuse")


def prepared(url: str, limit: int = 50_000) -> Database:
    """A database with a programme and four accounts, of which many clients will want the first."""
    database = open_database(Settings(database_url=url))
    text = POLICY + LIFE
    for each in ("at_most: 50_000", "at_most: 60_000"):
        text = text.replace(each, f"at_most: {limit}")
    publish(database, text.encode(), "small.yaml", NOW)
    for name in ACCOUNTS:
        open_account(database, *[lot_facts(5_000, acquired_on=f"2026-0{n}-01") for n in range(1, 7)], name=name)
    return database


def sound(database: Database) -> None:
    with reading(database):
        assert [f"{each.check}: {each.text.en}" for each in differences(database)] == []


class Client:
    """One of many that file, move, tell and repeat, and remember what they were answered."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.number = number
        self.random = random.Random(number)
        self.answers: dict[str, set[tuple[int, bytes]]] = defaultdict(set)
        self.requests: list[str] = []
        self.purchases: list[tuple[str, str]] = []

    def account(self) -> str:
        return "HOT" if self.random.random() < 0.5 else self.random.choice(ACCOUNTS)

    def post(self, key: str, path: str, body: Any) -> tuple[int, bytes]:
        """Sent once or twice, as a client does that lost an answer."""
        again = self.random.choice((False, False, True))
        for _ in range(1 + again):
            found = ask(self.port, "POST", path, body, key)
            self.answers[key].add(found)
        return next(iter(self.answers[key]))

    def turn(self, number: int) -> None:
        key = f"{self.number}-{number}"
        what = self.random.choice(("file", "file", "move", "move", "event", "event", "use", "undo"))
        if what == "file":
            body = {"account": self.account(), "request": asking(self.random.randint(1, 4_000))}
            status, text = self.post(key, "/v1/refund-requests", body)
            if status == 201:
                self.requests.append(json.loads(text)["id"])
        elif what == "move" and self.requests:
            path = f"/v1/refund-requests/{self.random.choice(self.requests)}/{self.random.choice(MOVES)}"
            self.post(key, path, {"by": "agent", "reason": "storm"})
        else:
            self.tell(key, what)

    def tell(self, key: str, what: str) -> None:
        happened_at = (utc_now() - timedelta(days=self.random.randint(0, 20))).strftime("%Y-%m-%dT%H:%M:%SZ")
        amount = self.random.randint(1, 9_000)
        account = self.account()
        body = {"id": key, "account": account, "amount": amount, "happened_at": happened_at}
        if what == "use":
            body |= {"type": "points_used"}
        elif what == "undo" and self.purchases:
            of, account = self.random.choice(self.purchases)
            body |= {"type": "purchase_cancelled", "of": of, "account": account}
        else:
            body |= {"type": "purchase"}
            self.purchases.append((key, account))
        self.post(key, "/v1/events", body)


@pytest.mark.slow
def test_clients_that_race_neither_lose_nor_double_a_point(database_url: str) -> None:
    database = prepared(database_url)
    with serving_many(database_url, "--workers", "2") as (_, port, _):
        clients = [Client(port, number) for number in range(CLIENTS)]
        over = threading.Event()

        def sweeping() -> None:
            own = open_database(Settings(database_url=database_url))
            day = 0
            while not over.is_set():
                sweep(own, Versions(own, 4), datetime.now(UTC) + timedelta(days=day))
                day += 1
            close_database(own)

        def storm(client: Client) -> None:
            for number in range(TURNS):
                client.turn(number)

        sweeper = threading.Thread(target=sweeping)
        sweeper.start()
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(storm, clients))
        over.set()
        sweeper.join()
    sound(database)
    answers = {key: found for client in clients for key, found in client.answers.items()}
    statuses = {status for found in answers.values() for status, _ in found}
    assert statuses <= {200, 201, 202, 409, 422}, "no client hears of a lock, and nothing breaks"
    assert {key: found for key, found in answers.items() if len(found) > 1 and statuses_of(found) != {201, 202}} == {}
    with reading(database):
        kept = rows(database, "SELECT key FROM idempotency_key ORDER BY key")
        requests = rows(database, "SELECT id FROM refund_request ORDER BY id")
    filed = sorted(request for client in clients for request in client.requests)
    assert [row[0] for row in requests] == filed, "every request that was answered is there, once"
    assert len(kept) == len({row[0] for row in kept})
    close_database(database)


def statuses_of(found: set[tuple[int, bytes]]) -> set[int]:
    return {status for status, _ in found}


# Crashes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_service_that_was_killed_comes_back_with_all_that_it_answered(database_url: str) -> None:
    database = prepared(database_url, limit=10**9)
    answered: list[bytes] = []
    for number in range(3):
        with serving_many(database_url, "--workers", "2", "--no-deliver") as (process, port, _):

            def storm(client: int, port: int = port, number: int = number) -> None:
                for turn in range(1_000):
                    body = {"account": ACCOUNTS[turn % 4], "request": asking(1)}
                    try:
                        key = f"{number}-{client}-{turn}"
                        status, text = ask(port, "POST", "/v1/refund-requests", body, key, patience=0)
                    except (OSError, HTTPException):
                        return
                    if status == 201:
                        answered.append(text)

            assert ask(port, "GET", "/")[0] == 200
            with ThreadPoolExecutor(4) as threads:
                done = [threads.submit(storm, client) for client in range(4)]
                time.sleep(0.5 + 0.3 * number)
                os.killpg(process.pid, signal.SIGKILL)
                for each in done:
                    each.result()
        sound(database)
    assert len(answered) > 20
    with reading(database):
        for text in answered:
            found = rows(database, "SELECT count(*) FROM refund_request WHERE id = ?", (json.loads(text)["id"],))
            assert found == [(1,)]
    ended = run(database_url, "ledger", "verify")
    assert (ended.returncode, ended.stdout.startswith("the ledger holds: ")) == (0, True), ended.stdout
    close_database(database)


# A disk that is full


def in_short(filed: Filed, _holds: list[Hold], _record: Record) -> Answer:
    return Answer(201, filed.id, "en", "")


def told_up_to(last: str, work: Callable[[int], None]) -> list[str]:
    """What a forked process told, up to a line that begins with `last`, at which it is killed."""
    hears, tells = os.pipe()
    child = os.fork()
    if not child:
        # Nothing of the test's own may run in the child: no cleaning up, no reports.
        os.close(hears)
        with contextlib.suppress(BaseException):
            work(tells)
        os._exit(0)
    os.close(tells)
    with os.fdopen(hears) as pipe:
        told: list[str] = []
        for line in pipe:
            told.append(line.rstrip("\n"))
            if line.startswith(last):
                break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return told


def write_until_full(database: Database, versions: Versions, most_bytes: int, told: int) -> None:
    """File until no file may grow, and say so."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    judge = Judge(database, versions, utc_now)
    for turn in range(10_000):
        try:
            request = judge.file({"account": "B", "request": asking(1)}, f"full-{turn}", in_short).location
        except Unavailable:
            os.write(told, b"unavailable -\n")
            break
        os.write(told, f"request {request}\n".encode())
    time.sleep(60)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_full_disk_is_told_and_loses_nothing(sqlite_url: str) -> None:
    database = prepared(sqlite_url, limit=10**9)
    versions = Versions(database, 4)
    with reading(database):
        versions.in_force("small", utc_now())
    close_database(database)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    work = partial(write_until_full, database, versions, file.stat().st_size + 200_000)
    told = told_up_to("unavailable", work)
    assert (told[-1], len(told) > 3) == ("unavailable -", True)
    sound(database)
    with reading(database):
        filed = {row[0] for row in rows(database, "SELECT id FROM refund_request")}
    assert filed == {line.split()[1] for line in told[:-1]}
    # There is room again.
    Judge(database, versions, utc_now).file({"account": "B", "request": asking(1)}, "room", in_short)
    sound(database)
    close_database(database)


def test_a_clock_that_jumps_back_undoes_nothing(database_url: str) -> None:
    database = prepared(database_url)
    versions = Versions(database, 4)
    later, earlier = NOW + timedelta(days=900), NOW + timedelta(days=10)
    assert sweep(database, versions, later)["expired"] == 24
    assert sweep(database, versions, earlier) == {}
    body = {"id": "E", "account": "B", "type": "purchase", "amount": 5_000, "happened_at": "2026-03-01T00:00:00Z"}
    assert events.tell(database, versions, body, earlier).state == "answered"
    assert sweep(database, versions, later + timedelta(days=1))["expired"] == 1
    sound(database)
    close_database(database)
