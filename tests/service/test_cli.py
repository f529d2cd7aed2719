"""`recoup serve`, `migrate` and `publish`, run as a newcomer runs them: as processes, over the network."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import recoup
from service.config import SETTINGS, BadSetting, Settings, read_settings
from service.database import close_database, open_database, reading, rows
from service.ledger_check import differences
from service.migrate import FOLDER
from tests.service.builders import POLICY, asking, lot_facts, open_account, publish_small
from tests.service.processes import ask, forked, run, serving

# Commands, and servers whose start is not the claim, are forked.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
ALL = [each.stem for each in sorted(FOLDER.glob("[0-9]*.py"))]


def file(port: int, key: str, points: int) -> tuple[int, bytes]:
    body = {"account": "A", "request": asking(points)}
    return ask(port, "POST", "/v1/refund-requests", body, key)


def test_processes_that_race_never_spend_a_point_twice(database_url: str) -> None:
    """Two processes answer; sixteen threads file for one account, half of them with keys sent twice."""
    database = open_database(Settings(database_url=database_url))
    publish_small(database)
    open_account(database, *[lot_facts(1_000) for _ in range(30)])
    close_database(database)
    with forked(database_url, workers=2) as port:
        assert ask(port, "GET", "/v1/accounts/A")[0] == 200
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda n: file(port, f"key-{n % 30}", 1_500), range(60)))
    assert {status for status, _ in answers} == {201}
    for n in range(30):
        assert answers[n] == answers[n + 30], "the same key gets the same answer, byte for byte"
    states = [json.loads(text)["state"] for _, text in answers[:30]]
    assert (states.count("approved"), states.count("denied")) == (20, 10)
    with reading(database):
        assert differences(database) == []
        assert rows(database, 'SELECT CAST(SUM("left") AS BIGINT) FROM lot') == [(0,)]
        assert rows(database, "SELECT count(*) FROM refund_request") == [(30,)]
    close_database(database)


SECRET = "SECRET"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def counted(port: int, route: str) -> float:
    """How many requests for a route the service counted, whichever process is asked."""
    text = ask(port, "GET", "/metrics")[1].decode()
    found = re.findall(rf'^recoup_requests_total\{{.*route="{route}".*\}} (.*)$', text, re.MULTILINE)
    return sum(map(float, found))


def listens(port: int) -> bool:
    """Whether a service takes connections; one that does answers."""
    try:
        return ask(port, "GET", "/healthz", patience=0)[0] == 200
    except (ConnectionRefusedError, ConnectionResetError):
        # One that came at the very end is closed before anything was read of it, as the operators' page says.
        return False


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_a_service_that_is_told_to_end_answers_all_that_it_took_and_tells_no_secret(
    sqlite_url: str, ending: signal.Signals
) -> None:
    """Two processes count as one, drain, and finish what waits for a lock in both; what they wrote leads to nobody."""
    database = open_database(Settings(database_url=sqlite_url))
    publish_small(database)
    open_account(database, *[lot_facts(1_000) for _ in range(30)], name=f"A-{SECRET}")
    close_database(database)
    filing = {"account": f"A-{SECRET}", "request": asking(1_000, receiving_account=f"RA-{SECRET}")}
    headers = {"Authorization": f"Bearer {SECRET}", "traceparent": TRACEPARENT, "Content-Type": "application/json"}

    def file(key: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        keyed = headers | {"Idempotency-Key": f"{SECRET}-{key}"}
        connection.request("POST", "/v1/refund-requests?lang=ko", json.dumps(filing), keyed)
        status = connection.getresponse().status
        connection.close()
        return status

    path = sqlite_url.removeprefix("sqlite:///")
    with serving(sqlite_url, "--workers", "2", "--no-deliver", DRAIN_SECONDS="1") as (process, port, said):
        for n in range(20):
            assert ask(port, "GET", f"/v1/accounts/{SECRET}-{n}?x={SECRET}")[0] == 400
        assert [counted(port, "/v1/accounts/{id}") for _ in range(6)] == [20] * 6
        with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(8) as threads:
            other.execute("BEGIN IMMEDIATE")
            waiting = [threads.submit(file, str(n)) for n in range(4)]
            process.send_signal(ending)
            while (told := ask(port, "GET", "/readyz"))[0] == 200:
                time.sleep(0.01)
            assert (told[0], json.loads(told[1])["missing"]) == (503, "time")
            # Whoever comes while it drains is answered like all others.
            waiting += [threads.submit(file, str(n)) for n in range(4, 8)]
            while listens(port):
                time.sleep(0.01)
            other.execute("ROLLBACK")
            assert [each.result() for each in waiting] == [201] * 8
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    written = "".join(said) + rest
    assert [word for word in ("Traceback", "panicked", SECRET) if word in written] == []
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    filed = [line for line in lines if line.get("route") == "/v1/refund-requests"]
    assert {(line["status"], line["trace"]) for line in filed} == {(201, TRACEPARENT.split("-")[1])}
    assert len({line["request"] for line in filed}) == 8


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_reaches_every_process_and_ends_them_all(sqlite_url: str) -> None:
    for _ in range(6):  # It hung every other time.
        with serving(sqlite_url) as (process, port, _):
            assert ask(port, "GET", "/")[0] == 200
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(15) == 0


@pytest.mark.slow
def test_a_body_in_chunks_that_is_too_large_is_refused_and_not_cut(sqlite_url: str) -> None:
    body = json.dumps({"account": "A-1", "request": {"points": 1, "method": "cash"}}).encode()
    with serving(sqlite_url, "--no-deliver") as (_, port, said):
        assert ask(port, "GET", "/")[0] == 200
        stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        for each in stalled:
            each.sendall(b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        assert ask(port, "GET", "/")[0] == 200, "clients that stall keep nobody waiting"
        key = {"Idempotency-Key": "é", "Content-Type": "application/json"}
        beyond = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        beyond.request("POST", "/v1/refund-requests", body, key)
        assert "Idempotency-Key" in beyond.getresponse().read().decode().partition('"errors"')[2]
        beyond.close()
        # What would be cut off is garbage in one body, and blanks in the other.
        for rest in (b"GARBAGE", b" " * 200_000):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            chunks = iter([body.ljust(1_000_000), rest])
            headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
            connection.request("POST", "/v1/decisions", chunks, headers, encode_chunked=True)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (413, "too-large"), rest[:7]
            connection.close()
        for each in stalled:
            each.close()
    assert "WARNING" not in "".join(said)


@pytest.mark.slow
def test_the_demo_starts_twice_and_what_it_prints_works(empty_sqlite_url: str) -> None:
    for turn in ("made 240 example accounts", "the example accounts are there already"):
        with serving(empty_sqlite_url, "--demo", ACCESS="") as (process, port, said):
            assert turn in "".join(said)
            assert "EVERYBODY ON THIS MACHINE MAY DO EVERYTHING" in "".join(said)
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(8)]
            command = next(line for line in lines if "-d '" in line)
            body = json.loads(command.split("'")[1])
            status, text = ask(port, "POST", "/v1/decisions", body)
            assert (status, json.loads(text)["outcome"]) == (201, "approved")


def test_a_port_that_is_taken_is_one_line(sqlite_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(sqlite_url, "serve", PORT=str(port))
    assert ended.returncode == 2
    assert ended.stderr == (
        f"recoup: cannot listen on 127.0.0.1:{port} (Address already in use); choose another port with --port or PORT\n"
    )


@pytest.mark.parametrize(
    ("arguments", "more", "words"),
    [
        (
            ["serve", "--port", "0"],
            {},
            f"recoup: the database lacks {', '.join(ALL)}: run `recoup migrate`\n",
        ),
        (
            ["publish", "small.yaml"],
            {},
            "recoup: there is no database ",
        ),
        (["serve"], {"PORT": "http"}, "recoup: PORT is 'http': write a whole number from 0\n"),
        (
            ["serve", "--demo", "--port", "0", "--host", "0.0.0.0"],
            {"ACCESS": ""},
            "recoup: ACCESS is 'open', which is for this machine alone, and HOST is 0.0.0.0: set ACCESS=keys",
        ),
        (["migrate"], {"DATABASE_URL": "mysql://x"}, "recoup: DATABASE_URL takes sqlite:///FILE or postgresql://"),
        (
            ["migrate"],
            {"DATABASE_URL": "sqlite:////nowhere/x.db"},
            "recoup: the database of DATABASE_URL cannot be",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": f"sqlite:///{Path(__file__)}"},
            "recoup: the database of DATABASE_URL cannot be",
        ),
    ],
    ids=["not migrated", "publish", "port", "open to others", "kind", "place", "no database"],
)
def test_what_an_operator_can_mend_is_one_line(
    empty_sqlite_url: str, tmp_path: Path, arguments: list[str], more: dict[str, str], words: str
) -> None:
    (tmp_path / "small.yaml").write_text(POLICY, encoding="utf-8")
    paths = [str(tmp_path / part) if part.endswith(".yaml") else part for part in arguments]
    ended = run(empty_sqlite_url, *paths, **more)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith(words)


def test_a_file_is_published_once_migrated(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("format: 1\npolicy: small\n", encoding="utf-8")
    applied = "".join(f"applied {name}\n" for name in ALL)
    assert run(empty_database_url, "migrate").stdout == applied
    assert run(empty_database_url, "migrate").stdout == "nothing to do: the database is up to date\n"
    published = run(empty_database_url, "publish", str(tmp_path / "small.yaml"))
    assert (published.returncode, published.stdout.split()[:2]) == (0, ["published", "small@1"])
    assert [line.split(": ")[1:3] for line in published.stderr.splitlines()] == [
        ["account.grade", "advice"],
        ["life", "advice"],
        ["life", "advice"],
    ]
    bad = run(empty_database_url, "publish", str(tmp_path / "bad.yaml"))
    assert bad.returncode == 1
    assert re.fullmatch(rf"({re.escape(str(tmp_path))}/bad\.yaml:\d+:\d+: .+\n)+", bad.stderr)


def test_every_command_has_help_with_an_example() -> None:
    runner = CliRunner()
    listed = runner.invoke(recoup, ["--help"])
    assert listed.exit_code == 0
    names = recoup.list_commands(None)  # type: ignore[arg-type]
    assert {"serve", "migrate", "publish"} <= set(names)
    for name in names:
        shown = runner.invoke(recoup, [name, "--help"])
        assert (shown.exit_code, "Example" in shown.output, name in listed.output) == (0, True, True), name


def test_an_unknown_command_is_named() -> None:
    ended = CliRunner().invoke(recoup, ["server"])
    assert (ended.exit_code, "No such command 'server'" in ended.output) == (2, True)


def test_every_setting_is_in_the_help_of_serve_and_has_its_default() -> None:
    shown = CliRunner().invoke(recoup, ["serve", "--help"]).output
    assert [setting.name for setting in SETTINGS if setting.name not in shown] == []
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "-1"), ("PORT", "65536"), ("PORT", "8000.5"), ("WORKERS", "0"), ("MAX_BODY_BYTES", "1e6"), ("PORT", "٣")],
)
def test_a_setting_that_cannot_be_used_names_itself(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name} is '{re.escape(text)}': "):
        read_settings({name: text})
