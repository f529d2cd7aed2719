"""Servers that are killed at any moment of a storm of writes: all that they answered is there, nothing is half done."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Semaphore
from typing import Any

import pytest

from service.clock import spoken, utc_now
from service.database import Database, close_database, reading, rows
from service.publishing import Versions
from tests.service.builders import asking
from tests.service.processes import Forked, ask, forked, made, reserved_port
from tests.service.test_storms import ACCOUNTS, prepared, sound

KILLS = 110
CALLERS = 4
# A server is killed so many seconds after so many answers, at most.
MOST_ANSWERS = 8
MOST_SECONDS = 0.01
MOVES = {"settle": "settled", "cancel": "cancelled", "fail": "failed"}
FILE = "/v1/refund-requests"
TELL = "/v1/events"
SELECT_ANSWERS = "SELECT key, status, answer FROM idempotency_key"
SELECT_REQUESTS = (
    "SELECT refund_request.id, state FROM refund_request JOIN decision ON decision.id = refund_request.decision_id"
)
SELECT_MOVES = 'SELECT request_id, state FROM "move"'
SELECT_EVENTS = "SELECT event.id, refused FROM event LEFT JOIN event_answer ON event_answer.event_id = event.id"
SELECT_EARNED = "SELECT event FROM lot WHERE event <> ''"
SELECT_MESSAGES = "SELECT kind, COUNT(*) FROM message WHERE account <> '' GROUP BY kind"


class Caller:
    """A calling system: it keeps what it asks until there is an answer, and asks again with the same key or event id.

    Whatever it was answered once it has to be answered always, so now and then it asks for something again.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.asked: dict[str, tuple[str, Any]] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.requests: dict[str, str] = {}
        self.approved: list[str] = []
        self.unanswered = ""

    def turn(self, port: int) -> None:
        """Ask for one thing; unless the server is killed before, it is answered."""
        key = self.unanswered = self.unanswered or self.next()
        self.hear(key, ask(port, "POST", *self.asked[key], key, patience=0))
        self.unanswered = ""

    def hear(self, key: str, answer: tuple[int, bytes]) -> None:
        """Take an answer, which has to be the one that was heard before."""
        assert answer[0] in (200, 201), answer
        if key not in self.answers and self.asked[key][0] == FILE:
            self.requests[key] = json.loads(answer[1])["id"]
            self.approved.append(key)
        assert self.answers.setdefault(key, answer) == answer, key

    def next(self) -> str:
        """The key of what to ask now."""
        what = self.random.choice(("again", "file", "file", "move", "move", "event", "batch"))
        if what == "again" and self.answers:
            return self.random.choice(list(self.answers))
        key = f"{self.number}-{len(self.asked)}"
        if what == "move" and self.approved:
            path = f"{FILE}/{self.requests[self.approved.pop(0)]}/{self.random.choice(list(MOVES))}"
            self.asked[key] = (path, {"by": "agent", "reason": "storm"})
        elif what == "event":
            self.asked[key] = (TELL, self.purchase(key))
        elif what == "batch":
            self.asked[key] = (TELL, {"events": [self.purchase(f"{key}-{place}") for place in range(3)]})
        else:
            body = {"account": self.random.choice(ACCOUNTS), "request": asking(self.random.randint(1, 5))}
            self.asked[key] = (FILE, body)
        return key

    def purchase(self, id: str) -> dict[str, Any]:
        """An event that earns ten points."""
        account = self.random.choice(ACCOUNTS)
        return {"id": id, "account": account, "type": "purchase", "amount": 100, "happened_at": spoken(utc_now())}


def check_whole(database: Database, callers: list[Caller]) -> int:
    """That all that was answered is kept, each thing as a whole and once, and beside it only what nobody heard of.

    How much that is: done, but its caller was not told before the server was killed.
    """
    with reading(database):
        answers = {key: (status, text.encode()) for key, status, text in rows(database, SELECT_ANSWERS)}
        requests = rows(database, SELECT_REQUESTS)
        moves = rows(database, SELECT_MOVES)
        events = rows(database, SELECT_EVENTS)
        earned = rows(database, SELECT_EARNED)
        messages = rows(database, SELECT_MESSAGES)
    told = {event for event, _ in events}
    unheard = 0
    states: dict[str, str] = {}
    moved: list[tuple[str, str]] = []
    told_whole: list[str] = []
    announced: Counter[str] = Counter()
    for caller in callers:
        for key, (path, body) in caller.asked.items():
            heard = key in caller.answers
            if path == TELL:
                ids = [each["id"] for each in body.get("events", [body])]
                if not heard and told.isdisjoint(ids):
                    continue
                told_whole += ids
                announced["points.earned"] += len(ids)
            else:
                if not heard and key not in answers:
                    continue
                assert key in answers, f"{key} was answered and is not kept"
                # If nobody heard of it yet, this is what its caller is going to hear.
                caller.hear(key, answers.pop(key))
                request = caller.requests[key] if path == FILE else path.split("/")[3]
                states[request] = "approved" if path == FILE else MOVES[path.split("/")[4]]
                if path != FILE:
                    moved.append((request, states[request]))
                announced[f"refund_request.{states[request]}"] += 1
            unheard += caller.unanswered == key and not heard
    assert answers == {}, "every key belongs to something that was asked"
    assert sorted(requests) == sorted(states.items())
    assert sorted(moves) == sorted(moved)
    assert sorted(events) == sorted((event, False) for event in told_whole)
    assert sorted(earned) == sorted((event,) for event in told_whole)
    assert dict(messages) == announced
    return unheard


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_server_that_is_killed_again_and_again_keeps_all_that_it_answered_and_does_nothing_by_half(
    database_url: str,
) -> None:
    database = prepared(database_url, limit=10**9)
    with reading(database):
        # Read here once, so that no server has to.
        Versions(database, 1).in_force("small", utc_now())
    # So are the routes and pages made here. What a server has in memory when it starts is the same.
    service = made(database_url)
    callers = [Caller(number) for number in range(CALLERS)]
    moments = random.Random(1)
    unheard = 0
    with reserved_port() as port:
        for number in range(KILLS):
            # A connection belongs to the process that opened it.
            close_database(database)
            server = Forked(database_url, port, 2 if number % 4 == 0 else 1, service)
            storm_until_killed(callers, port, server, moments)
            unheard += check_whole(database, callers)
            if number % 10 == 9:
                sound(database)
    close_database(database)
    with forked(database_url) as port:
        for caller in callers:
            if caller.unanswered:
                caller.turn(port)
    assert check_whole(database, callers) == 0
    sound(database)
    # The kills fell in the midst of work: some of it was done and not told, and there was much to lose.
    assert unheard > 0
    assert sum(len(caller.answers) for caller in callers) > 2 * KILLS
    close_database(database)


def storm_until_killed(callers: list[Caller], port: int, server: Forked, moments: random.Random) -> None:
    """Let all ask at once, and kill the server at some moment after some answer."""
    answered = Semaphore(0)

    def storm(caller: Caller) -> None:
        try:
            while True:
                caller.turn(port)
                answered.release()
        except (OSError, HTTPException):
            # The server was killed.
            pass
        finally:
            # Nobody waits for the answers of one who has ended.
            answered.release(MOST_ANSWERS)

    with ThreadPoolExecutor(CALLERS) as threads:
        try:
            assert ask(port, "GET", "/")[0] == 200
            storms = [threads.submit(storm, caller) for caller in callers]
            for _ in range(moments.randint(0, MOST_ANSWERS)):
                answered.acquire()
            time.sleep(moments.uniform(0, MOST_SECONDS))
        finally:
            server.kill()
    for each in storms:
        each.result()
