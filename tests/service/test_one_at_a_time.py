"""The application as the server calls it: how a body is awaited, and that one request is answered at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from service import one_at_a_time
from service.one_at_a_time import AWAITED, BODY, GO_ON, LATE, OneAtATime
from service.streams import PART, Event

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST = 10


def scope(path: str = "/", **headers: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }


def chunk(body: bytes, *, more: bool = True) -> Event:
    return {"type": "http.request", "body": body, "more_body": more}


def echo(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


async def ask(app: OneAtATime, events: Iterator[Event], path: str = "/", **headers: str) -> list[Event]:
    """What is sent to a client that sends these events, and then nothing for ever."""
    sent: list[Event] = []

    async def receive() -> Event:
        return next(events)

    async def send(event: Event) -> None:
        sent.append(event)

    await app(scope(path, **headers), receive, send)
    return sent


CHUNKED = {"transfer_encoding": "chunked"}
LEFT: Event = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("events", "headers", "body", "unread"),
    [
        ([], {}, b"", 0),
        ([], {"content_length": "0"}, b"", 0),
        ([chunk(b"abc"), chunk(b"de", more=False)], {"content_length": "5"}, b"abcde", 0),
        ([chunk(b"x" * 6), chunk(b"y" * 4), chunk(b"", more=False)], CHUNKED, b"xxxxxxyyyy", 0),
        ([chunk(b"x" * 6), chunk(b"y" * 6), chunk(b"z" * 9), chunk(b"z")], CHUNKED, b"xxxxxxyyyyy", 1),
        ([chunk(b"x" * 6), chunk(b"y" * 6)], {"content_length": "12"}, b"", 2),
        ([chunk(b"abc"), LEFT], {"content_length": "5"}, b"", 0),
    ],
    ids=["none", "of no length", "in two parts", "the largest", "too large in parts", "too large by length", "left"],
)
def test_no_more_of_a_body_is_read_than_there_may_be(
    events: list[Event], headers: dict[str, str], body: bytes, unread: int
) -> None:
    waiting = iter(events)
    sent = asyncio.run(ask(OneAtATime(echo, MOST, 1, 1, 20), waiting, **headers))
    assert [each.get("body", each.get("status")) for each in sent] == [200, body]
    assert len([*waiting]) == unread


def test_bodies_are_awaited_side_by_side_and_answered_one_at_a_time() -> None:
    inside, most, all_there = 0, 0, threading.Event()

    def counting(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        assert all_there.wait(20)
        inside -= 1
        return echo(environ, start)

    async def together() -> list[list[Event]]:
        app = OneAtATime(counting, MOST, 3, 1, 20)
        bodies = ([chunk(each, more=False)] for each in (b"1", b"2"))
        first, second = (asyncio.create_task(ask(app, iter(each), content_length="1")) for each in bodies)
        # One that stalls keeps the others waiting only for their turn.
        stalled = asyncio.create_task(app(scope(content_length="1"), _for_ever, _nowhere))
        await asyncio.sleep(0.05)
        all_there.set()
        found = [await first, await second]
        stalled.cancel()
        return found

    answers = asyncio.run(together())
    assert [sent[1]["body"] for sent in answers] == [b"1", b"2"]
    assert most == 1


def test_a_request_waits_for_one_step_of_what_is_done_between_requests() -> None:
    done, go_on, begun = list[str](), threading.Event(), threading.Event()

    def steps() -> Iterator[None]:
        begun.set()
        assert go_on.wait(20)
        done.append("first")
        yield
        done.append("second")
        raise ValueError("a bug keeps nobody from being answered")

    def noting(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        done.append(environ["PATH_INFO"])
        return echo(environ, start)

    async def meanwhile() -> None:
        app = OneAtATime(noting, MOST, 1, 1, 20)
        app.between_requests(steps())
        assert begun.wait(20)
        asked = asyncio.create_task(ask(app, iter(()), "/asked"))
        await asyncio.sleep(0.05)
        assert not asked.done()
        go_on.set()
        await asked
        await ask(app, iter(()), "/later")

    asyncio.run(meanwhile())
    assert done == ["first", "/asked", "second", "/later"]


def test_who_sends_no_body_waits_for_nobodys() -> None:
    async def while_one_stalls() -> tuple[list[Event], bool]:
        app = OneAtATime(echo, MOST, 1, 1, 20)
        stalled = asyncio.create_task(app(scope(content_length="1"), _for_ever, _nowhere))
        await asyncio.sleep(0)
        other = asyncio.create_task(ask(app, iter([chunk(b"1", more=False)]), content_length="1"))
        found = await ask(app, iter(()))
        waits = not other.done()
        stalled.cancel()
        assert (await other)[1]["body"] == b"1"
        return found, waits

    found, waits = asyncio.run(while_one_stalls())
    assert ([each.get("status") for each in found], waits) == ([200, None], True)


def test_a_process_that_is_busy_still_says_that_it_is_alive() -> None:
    let_go = threading.Event()

    def busy(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/":
            assert let_go.wait(20)
        return echo(environ, start)

    async def meanwhile() -> list[Event]:
        app = OneAtATime(busy, MOST, 1, 1, 20)
        first = asyncio.create_task(ask(app, iter(())))
        await asyncio.sleep(0)
        found = [await ask(app, iter(()), path) for path in ("/healthz", "/readyz")]
        assert not first.done()
        let_go.set()
        await first
        return [sent[0] for sent in found]

    assert [each["status"] for each in asyncio.run(meanwhile())] == [200, 200]


@pytest.mark.parametrize("path", ["/v1/policies:check", "/author/workbench", "/author/policies/kt-points/versions/1"])
def test_a_text_that_takes_long_keeps_no_decision_waiting(path: str) -> None:
    let_go = threading.Event()

    def working(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == path:
            assert let_go.wait(20)
        return echo(environ, start)

    async def meanwhile() -> Event:
        app = OneAtATime(working, MOST, 1, 1, 20)
        first = asyncio.create_task(ask(app, iter(()), path))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            found = await ask(app, iter(()), "/v1/decisions")
        assert not first.done()
        let_go.set()
        await first
        return found[0]

    assert asyncio.run(meanwhile())["status"] == 200


class Door:
    """An application that lets in whoever sends `in`, and says why it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        body = environ.get(BODY, "here")
        self.asked.append(body)
        admitted = environ.get("HTTP_AUTHORIZATION") == "in"
        start({AWAITED: f"{GO_ON} No", LATE: "408 Late", "here": "200 OK"}[body] if admitted else "401 No", [])
        return [b""]


@pytest.mark.parametrize(
    ("sent_by", "asked", "status"),
    [("in", [AWAITED, LATE], 408), ("out", [AWAITED], 401)],
    ids=["may ask", "may not"],
)
def test_who_stalls_is_asked_for_a_key_and_not_awaited_for_ever(
    monkeypatch: pytest.MonkeyPatch, sent_by: str, asked: list[str], status: int
) -> None:
    monkeypatch.setattr(one_at_a_time, "GRACE_SECONDS", 0.01)
    door, sent = Door(), list[Event]()

    async def send(event: Event) -> None:
        sent.append(event)

    # Whoever may not ask would be told so if the wait had no end at all.
    app = OneAtATime(door, MOST, 1, 1, 0.2 if sent_by == "in" else 20)
    asyncio.run(app(scope(content_length="5", authorization=sent_by), _for_ever, send))
    assert (door.asked, sent[0]["status"]) == (asked, status)


def test_a_body_that_comes_late_but_in_time_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_at_a_time, "GRACE_SECONDS", 0)
    door, sent = Door(), list[Event]()

    async def receive() -> Event:
        while AWAITED not in door.asked:
            await asyncio.sleep(0)
        return chunk(b"12345", more=False)

    async def send(event: Event) -> None:
        sent.append(event)

    asyncio.run(OneAtATime(door, MOST, 1, 1, 20)(scope(content_length="5", authorization="in"), receive, send))
    assert (door.asked, sent[0]["status"]) == ([AWAITED, "here"], 200)


def test_an_answer_is_sent_in_parts_for_as_long_as_they_are_taken() -> None:
    def large(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", [])
        return [b"x" * (3 * PART + 1)]

    async def taken(most: int) -> list[Event]:
        sent: list[Event] = []

        async def send(event: Event) -> None:
            if len(sent) == most:
                await asyncio.Event().wait()
            sent.append(event)

        await OneAtATime(large, MOST, 1, 1, 0.05)(scope(), _for_ever, send)
        return sent

    whole, broken = asyncio.run(taken(9)), asyncio.run(taken(2))
    assert [len(each.get("body", b"")) for each in whole] == [0, PART, PART, PART, 1]
    assert [each.get("more_body") for each in whole] == [None, True, True, True, False]
    assert [len(each.get("body", b"")) for each in broken] == [0, PART], "what is not taken is given up"


async def _for_ever() -> Event:
    await asyncio.Event().wait()
    raise AssertionError("nothing ends it")


async def _nowhere(_: Event) -> None:
    raise AssertionError("a client that stalls gets no answer")
