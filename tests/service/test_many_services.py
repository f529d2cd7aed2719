"""Three services on one PostgreSQL: one is killed and one replaced by another release, while callers race and ask anew.

Whatever a caller was answered holds, by whichever service; and each of them is answered in the end.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service import webhooks
from service.cli import recoup
from service.clock import spoken, utc_now
from service.database import Database, close_database, reading, rows, writing
from tests.service.builders import NOW, asking
from tests.service.processes import ROOT, Running, ask, serving_many
from tests.service.receivers import receiving, verifies
from tests.service.test_storms import ACCOUNTS, prepared, sound

CALLERS = 8
TURNS = 36
GRANTED = 30_000
ONLY_REFUNDED = ("HOT", "B")
"""Accounts that nothing happens to but refunds, so that a caller can tell from the answers what is left."""
MOST_TRIES = 600
PAUSE_SECONDS = 0.05
RELEASE = ("policies", "engine", "service", "rules")


class Services:
    """Where the services listen, as a load balancer knows it, and what was wrong with an answer."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.broken: list[tuple[int, bytes]] = []
        self.away = 0
        self._turn = itertools.count()

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, bytes]:
        """The answer of the service whose turn it is; where it is away, of the next, with the same key."""
        for _ in range(MOST_TRIES):
            port = self.ports[next(self._turn) % len(self.ports)]
            try:
                answer = ask(port, method, path, body, key, patience=0)
            except (OSError, HTTPException):
                self.away += 1
                time.sleep(PAUSE_SECONDS)
                continue
            if answer[0] < 500:
                return answer
            self.broken.append(answer)
        raise AssertionError(f"{method} {path} was never answered")


class Caller:
    """One who races with the others, and remembers what was answered."""

    def __init__(self, services: Services, number: int, both: ThreadPoolExecutor) -> None:
        self.services = services
        self.number = number
        self.random = random.Random(number)
        self.both = both
        self.answered = 0
        self.requests: dict[str, tuple[str, int, str]] = {}
        self.refused: dict[str, bool] = {}
        self.purchases: list[tuple[str, str]] = []
        self.statuses: Counter[int] = Counter()

    def turn(self, number: int) -> None:
        key = f"{self.number}-{number}"
        work: Callable[[str], None] = self.random.choice((self.file, self.file, self.move, self.tell, self.tell))
        work(key)
        self.answered += 1

    def at_once(self, *asked: tuple[str, Any, str]) -> list[tuple[int, bytes]]:
        """What several requests are answered that go out together, each to another service."""
        waiting: list[Future[tuple[int, bytes]]] = [
            self.both.submit(self.services.ask, "POST", path, body, key) for path, body, key in asked
        ]
        found = [each.result() for each in waiting]
        self.statuses.update(status for status, _ in found)
        return found

    def file(self, key: str) -> None:
        """File for more than there is, all callers together, and each now and then twice with one key."""
        account = "HOT" if self.random.random() < 0.5 else self.random.choice(ACCOUNTS)
        body = {"account": account, "request": asking(self.random.choice((700, 1_500, 2_900, 6_000)))}
        asked = ("/v1/refund-requests", body, key)
        found = self.at_once(*[asked] * self.random.choice((1, 1, 2, 3)))
        assert len(set(found)) == 1, f"{key} was answered in several ways: {found}"
        status, text = found[0]
        assert status == 201, text
        filed = json.loads(text)
        self.requests[filed["id"]] = (account, filed["decision"]["points"], filed["state"])

    def move(self, key: str) -> None:
        """Settle and cancel one request at once: it can only do one of them. What was settled may be reversed."""
        request = next((each for each, (_, _, state) in self.requests.items() if state == "approved"), None)
        if request is None:
            return
        account, points, _ = self.requests[request]
        path, body = f"/v1/refund-requests/{request}", {"by": "caller", "reason": "storm"}
        found = self.at_once(*[(f"{path}/{name}", body, f"{key}-{name}") for name in ("settle", "cancel")])
        assert sorted(status for status, _ in found) == [200, 409], found
        state = "settled" if found[0][0] == 200 else "cancelled"
        if state == "settled" and self.random.random() < 0.3:
            # Paid out in vain, told twice.
            again = self.at_once(*[(f"{path}/reverse", body, f"{key}-reverse")] * 2)
            assert len(set(again)) == 1, again
            assert again[0][0] == 200, again
            state = "reversed"
        self.requests[request] = (account, points, state)

    def tell(self, key: str) -> None:
        """Tell of a purchase, of its end, or of points that were used, now and then twice."""
        account = self.random.choice([name for name in ACCOUNTS if name not in ONLY_REFUNDED])
        what = self.random.choice(("purchase", "purchase", "purchase_cancelled", "points_used"))
        body: dict[str, Any] = {"id": key, "account": account, "type": what, "happened_at": spoken(utc_now())}
        if what == "purchase_cancelled" and self.purchases:
            of, account = self.purchases.pop(0)
            body |= {"of": of, "account": account}
        else:
            body |= {"type": "points_used" if what == "points_used" else "purchase", "amount": 900}
            if body["type"] == "purchase":
                self.purchases.append((key, account))
        found = self.at_once(*[("/v1/events", body, "")] * self.random.choice((1, 2)))
        assert len(set(found)) == 1, f"{key} was answered in several ways: {found}"
        status, text = found[0]
        assert status == 201, text
        self.refused[key] = json.loads(text)["state"] == "refused"


def another_release(folder: Path) -> Path:
    """The code as it will be: a copy that says so."""
    for name in RELEASE:
        shutil.copytree(ROOT / name, folder / name)
    start = folder / "service" / "api" / "openapi.py"
    start.write_text(start.read_text().replace('"service": "recoup"', '"service": "recoup, the next"'))
    return folder


@pytest.mark.slow
def test_callers_of_three_services_of_which_one_is_killed_and_one_replaced_get_what_holds(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = prepared(postgresql_url, limit=10**9)
    services = Services()
    more = {"WEBHOOK_PRIVATE_ADDRESSES": "yes", "PYTHONSAFEPATH": "1", "DRAIN_SECONDS": "1"}
    with (
        receiving() as receiver,
        ExitStack() as stack,
        ThreadPoolExecutor(4 * CALLERS) as both,
        ThreadPoolExecutor(CALLERS) as threads,
    ):
        webhook = writing(database, lambda: webhooks.add(database, receiver.url, [], "", NOW, private=True))

        def start(*arguments: str, **settings: str) -> Running:
            running = stack.enter_context(serving_many(postgresql_url, *arguments, **more, **settings))
            # It says where it listens before it does.
            assert ask(running[1], "GET", "/readyz", patience=60)[0] == 200
            services.ports.append(running[1])
            return running

        # The one that is killed delivers nothing, or nobody would for the rest of its lease.
        doomed, old, _ = start("--no-deliver"), start(), start("--workers", "2")
        next_release = another_release(tmp_path / "next")
        callers = [Caller(services, number, both) for number in range(CALLERS)]

        def work(caller: Caller) -> None:
            for number in range(TURNS):
                caller.turn(number)

        storm = [threads.submit(work, caller) for caller in callers]

        def await_answers(share: float) -> None:
            while sum(caller.answered for caller in callers) < share * CALLERS * TURNS:
                if all(each.done() for each in storm):
                    break
                time.sleep(PAUSE_SECONDS)

        await_answers(0.2)
        # Nobody tells those who ask, as long as they have not found out.
        os.killpg(doomed[0].pid, signal.SIGKILL)
        doomed[0].wait()
        await_answers(0.5)
        services.ports.remove(doomed[1])
        newer = start(PYTHONPATH=str(next_release))
        assert json.loads(ask(newer[1], "GET", "/")[1])["service"] == "recoup, the next"
        old[0].send_signal(signal.SIGTERM)
        assert old[0].wait(60) == 0
        await_answers(0.8)
        services.ports.remove(old[1])
        for each in storm:
            each.result()
        assert services.broken == [], "nobody hears of a lock, and nothing breaks"
        assert services.away > 0, "somebody met the service that was killed"
        check_all_is_there(database, callers)
        check_all_is_told(database, receiver, webhook.secret)
    sound(database)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    for command in ("ledger verify", "audit keygen refunds.example.com/log", "audit checkpoint", "audit check"):
        ended = CliRunner().invoke(recoup, command.split())
        assert ended.exit_code == 0, ended.output
    close_database(database)


def check_all_is_there(database: Database, callers: list[Caller]) -> None:
    """That what was answered is what is kept, no more and no less; and that what was paid out was there to pay."""
    with reading(database):
        requests = rows(database, "SELECT id, account_id, points, state FROM refund_request")
        events = rows(database, "SELECT event_id, refused FROM event_answer")
        left: dict[str, int] = dict(rows(database, 'SELECT account_id, SUM("left") FROM lot GROUP BY account_id'))
    answered = [(request, *told) for caller in callers for request, told in caller.requests.items()]
    assert sorted(requests) == sorted(answered)
    assert sorted(events) == sorted(each for caller in callers for each in caller.refused.items())
    for name in ONLY_REFUNDED:
        taken = sum(
            points for _, account, points, state in answered if account == name and state in ("approved", "settled")
        )
        assert left[name] == GRANTED - taken, f"{name} has paid once what was answered"
    states = {state for _, _, _, state in answered}
    assert states >= {"approved", "denied", "settled", "cancelled"}, "they raced for more than there was"
    assert {status for caller in callers for status in caller.statuses} <= {200, 201, 409, 422}


def check_all_is_told(database: Database, receiver: Any, secret: str) -> None:
    """That every message came at least once, whole and signed; those that deliver are given time."""
    with reading(database):
        # That the policy was published was told before there was a webhook.
        announced = {message for (message,) in rows(database, "SELECT id FROM message WHERE account <> ''")}
    end = time.monotonic() + 60
    while set(receiver.ids()) != announced and time.monotonic() < end:
        time.sleep(PAUSE_SECONDS)
    assert set(receiver.ids()) == announced
    assert all(verifies(each, secret) for each in receiver.received[:20])
