"""Lines without end: read as they come, answered as they are read, and no further than a client goes along."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from service.config import Settings
from service.database import close_database, open_database, reading, rows
from service.lines import IN_ENVIRON, MEDIA_TYPE, lines_of
from service.one_at_a_time import OneAtATime
from service.streams import MOST_LINES, PATHS, Event
from tests.service.builders import asking, lot_facts, open_account, publish_small
from tests.service.processes import forked
from tests.service.test_one_at_a_time import LEFT, chunk, scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST = 10
END = chunk(b"", more=False)


class Echo:
    """An application that says which lines it was given, in turns; the first line that it cannot serve is told."""

    def __init__(self, *, refuses: str = "", until: str = "") -> None:
        self.turns: list[list[int]] = []
        self._refuses = refuses
        self._until = until

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        some = environ.get(IN_ENVIRON, [])
        self.turns.append([line.number for line in some])
        if self._refuses and (some or not self._until):
            start(self._refuses, [])
            return [b'{"code":"no"}']
        start("200 OK", [("Content-Type", MEDIA_TYPE), ("Content-Length", "1")])
        return [b"".join(b"%d %s\n" % (each.number, each.text or (b"late" if each.late else b"-")) for each in some)]


async def stream(app: Echo, events: Iterator[Event], *, takes: int | None = None, seconds: float = 20) -> list[Event]:
    """What is sent to a client that sends these events and then nothing, and that takes so many events, or all."""
    sent: list[Event] = []
    stalled = asyncio.Event()

    async def receive() -> Event:
        for event in events:
            return event
        await asyncio.Event().wait()
        raise AssertionError("nothing ends it")

    async def send(event: Event) -> None:
        if len(sent) == takes:
            stalled.set()
            await asyncio.Event().wait()
        sent.append(event)

    asked = {**scope(content_type=f"{MEDIA_TYPE}; charset=utf-8"), "raw_path": PATHS[0].encode()}
    answering = asyncio.ensure_future(OneAtATime(app, MOST, 1, 1, seconds)(asked, receive, send))
    if takes is None:
        await asyncio.wait_for(answering, 20)
    else:
        await stalled.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        answering.cancel()
    return sent


def bodies(sent: list[Event]) -> bytes:
    return b"".join(each.get("body", b"") for each in sent)


@pytest.mark.parametrize(
    ("came", "answered"),
    [
        ([END], b""),
        ([chunk(b"a\nb\n"), END], b"1 a\n2 b\n"),
        ([chunk(b"a"), chunk(b"b\nc"), chunk(b"d", more=False)], b"1 ab\n2 cd\n"),
        ([chunk(b"a\n" + b"x" * 11 + b"\nb\n"), END], b"1 a\n2 -\n3 b\n"),
        ([chunk(b"x" * 9), chunk(b"x" * 9), chunk(b"x\nb\n\n\nc", more=False)], b"1 -\n2 b\n5 c\n"),
        ([chunk(b"x" * 10 + b"\n" + b"y" * 11, more=False)], b"1 xxxxxxxxxx\n2 -\n"),
    ],
    ids=["nothing", "two", "in parts", "a long one", "a long one in parts", "the longest, and a last one too long"],
)
def test_lines_are_answered_whatever_parts_they_come_in(came: list[Event], answered: bytes) -> None:
    sent = asyncio.run(stream(Echo(), iter(came)))
    assert bodies(sent) == answered
    assert sent[0]["headers"] == [(b"content-type", MEDIA_TYPE.encode())]
    assert [each.get("more_body", False) for each in sent[1:]] == [True] * (len(sent) - 2) + [False]


def test_a_whole_body_is_cut_as_a_stream_is() -> None:
    body = b"1\n22\n\n" + b"3" * 11 + b"\r\n 4"
    assert [(each.number, each.text) for each in lines_of(body, MOST)] == [(1, b"1"), (2, b"22"), (4, None), (5, b" 4")]


def test_a_turn_has_so_many_lines_and_others_are_answered_between() -> None:
    app = Echo()
    asyncio.run(stream(app, iter([chunk(b"1\n" * 250, more=False)])))
    assert [len(each) for each in app.turns] == [0, MOST_LINES, MOST_LINES, 50]


def test_nothing_more_is_judged_once_the_client_has_left() -> None:
    app = Echo()
    sent = asyncio.run(stream(app, iter([chunk(b"1\n" * 1_000), LEFT])))
    assert [len(each) for each in app.turns] in ([0], [0, MOST_LINES])
    assert all(each.get("more_body", True) for each in sent), "an answer that breaks off does not look whole"


def test_nothing_more_is_read_while_the_client_takes_nothing() -> None:
    waiting = iter([chunk(b"1\n" * MOST_LINES) for _ in range(50)])
    asyncio.run(stream(Echo(), waiting, takes=4))
    # Two turns were answered and taken; the answer of the third waits to be taken, and two more lie there.
    assert len([*waiting]) == 45


def test_lines_that_come_one_by_one_meanwhile_are_answered_together() -> None:
    app = Echo()
    asyncio.run(stream(app, iter([*(chunk(b"1\n") for _ in range(MOST_LINES)), END])))
    assert [*map(sum, app.turns)] != [*range(MOST_LINES + 1)]
    assert [line for turn in app.turns for line in turn] == [*range(1, MOST_LINES + 1)]


def test_who_may_not_ask_is_told_before_anything_is_read() -> None:
    waiting = iter([chunk(b"1\n"), END])
    sent = asyncio.run(stream(Echo(refuses="401 Unauthorized"), waiting))
    assert [each.get("status", each.get("body")) for each in sent] == [401, b'{"code":"no"}']
    assert len([*waiting]) == 2


@pytest.mark.parametrize(
    ("came", "answered"),
    [
        ([], b"1 late\n"),
        ([chunk(b"a\nb")], b"1 a\n2 late\n"),
        ([chunk(b"a\n\n\n")], b"1 a\n4 late\n"),
        ([chunk(b"x" * 99)] * 3, b"1 late\n"),
    ],
    ids=["nothing", "in a line", "behind empty lines", "in a line without end"],
)
def test_a_stream_in_which_no_line_ends_is_told_so_and_ended(came: list[Event], answered: bytes) -> None:
    sent = asyncio.run(stream(Echo(), iter(came), seconds=0.1))
    assert bodies(sent) == answered
    assert not sent[-1].get("more_body", False)


def test_a_stream_whose_answers_are_not_taken_is_given_up() -> None:
    async def given_up() -> bool:
        asked = {**scope(content_type=MEDIA_TYPE), "raw_path": PATHS[0].encode()}
        events, began = iter([chunk(b"1\n")]), list[Event]()

        async def receive() -> Event:
            for event in events:
                return event
            await asyncio.Event().wait()
            raise AssertionError("nothing ends it")

        async def send(event: Event) -> None:
            began.append(event)
            if len(began) > 2:
                await asyncio.Event().wait()

        await asyncio.wait_for(OneAtATime(Echo(), MOST, 1, 1, 0.1)(asked, receive, send), 20)
        return all(each.get("more_body", True) for each in began)

    assert asyncio.run(given_up()), "an answer that breaks off does not look whole"


@pytest.mark.parametrize(
    ("status", "answered"),
    [("503 Unavailable", MOST_LINES + 1), ("403 Forbidden", MOST_LINES)],
    ids=["for now", "for good"],
)
def test_what_refuses_a_turn_is_told_of_each_of_its_lines(status: str, answered: int) -> None:
    app = Echo(refuses=status, until="the first line")
    sent = asyncio.run(stream(app, iter([chunk(b"a\n" * MOST_LINES), chunk(b"c", more=False)])))
    told = [json.loads(line) for line in bodies(sent).splitlines()]
    assert [each["line"] for each in told] == [*range(1, answered + 1)]
    assert told[0] == {"line": 1, "status": int(status[:3]), "problem": {"code": "no"}}
    assert not sent[-1].get("more_body", False)


class Client:
    """A client that sends lines in chunks and reads answers when it likes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 20)
        head = (
            f"POST {PATHS[0]} HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        self._answers = self._socket.makefile("rb")

    def send(self, body: bytes) -> None:
        self._socket.sendall(b"%x\r\n%s\r\n" % (len(body), body))

    def read(self) -> bytes:
        """The next part of the answer."""
        part = self._answers.read(int(self._answers.readline(), 16))
        assert self._answers.readline() == b"\r\n"
        return part

    def head(self) -> bytes:
        return b"".join(iter(self._answers.readline, b"\r\n"))

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_server_answers_line_by_line_and_stops_when_the_client_leaves(sqlite_url: str) -> None:
    database = open_database(Settings(database_url=sqlite_url))
    publish_small(database)
    open_account(database, lot_facts(30_000))
    close_database(database)
    line = json.dumps({"account": "A", "request": asking(1_000)}).encode() + b"\n"
    with forked(sqlite_url, MAX_BODY_BYTES="1000") as port:
        client = Client(port)
        assert client.head().startswith(b"HTTP/1.1 200 OK\r\n"), "the answer begins before the first line has come"
        for number, (sent, status) in enumerate(
            [(line, 201), (b"{\n", 400), (b"x" * 2_000 + b"\n", 413), (line, 201)], 1
        ):
            client.send(sent)
            told = json.loads(client.read())
            assert (told["line"], told["status"]) == (number, status)
        client.send(b"")
        assert client.read() == b""
        client.close()

        client = Client(port)
        client.head()
        client.send(line * 3_000)
        assert json.loads(client.read().splitlines()[0])["line"] == 1
        client.close()
        # Streams have their turns one by one: were the first still judged, much more would be kept between these two.
        before, kept = 0, 0
        while kept != before + 1:
            client = Client(port)
            client.send(line)
            client.head()
            assert json.loads(client.read())["status"] == 201
            client.close()
            with reading(database):
                before, kept = kept, rows(database, "SELECT count(*) FROM decision")[0][0]
    assert 0 < kept < 3_000
    close_database(database)


def test_only_lines_are_streamed() -> None:
    app: Any = Echo()
    asked = {**scope(content_type="application/json", content_length="2"), "raw_path": PATHS[0].encode()}
    events, sent = iter([chunk(b"{}", more=False)]), list[Event]()

    async def receive() -> Event:
        return next(events)

    async def send(event: Event) -> None:
        sent.append(event)

    asyncio.run(OneAtATime(app, MOST, 1, 1, 20)(asked, receive, send))
    assert app.turns == [[]]
    assert [each["type"] for each in sent] == ["http.response.start", "http.response.body"]
