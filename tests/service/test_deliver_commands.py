"""`recoup deliver, webhooks, deliveries, redeliver`, and the deliverer of `recoup serve`: mostly as real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import recoup
from service.clock import spoken, utc_now
from service.config import BadSetting, Settings, read_settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.deliveries import page_of
from service.delivering import LEASE_SPARE_SECONDS, Deliverer
from service.messages import KINDS
from service.outbox import announce
from service.webhooks import add
from tests.service.builders import asking, lot_facts, open_account, publish_small
from tests.service.processes import RECOUP, ask, environment, serving
from tests.service.receivers import ScriptedReceiver, receiving, verifies

PRIVATE = {"WEBHOOK_PRIVATE_ADDRESSES": "yes"}
URL = "https://example.com/hook"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a migrated database of either kind, where the small policy is published."""
    publish_small(database)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("WEBHOOK_PRIVATE_ADDRESSES", "yes")
    return lambda *arguments: CliRunner().invoke(recoup, arguments)


@pytest.fixture
def receiver() -> Iterator[ScriptedReceiver]:
    """A receiver that listens."""
    with receiving() as found:
        yield found


def tell(database: Database) -> str:
    data: dict[str, Any] = dict.fromkeys(KINDS["points.expired"].carries, 1) | {"account": "A", "policy": "small"}
    return writing(database, lambda: announce(database, "points.expired", "A", data, utc_now()))


def ended(result: Result) -> tuple[int, str, str]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def file(port: int, key: str) -> int:
    body = {"account": "A", "request": asking(1_000)}
    return ask(port, "POST", "/v1/refund-requests", body, key)[0]


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@contextmanager
def running(url: str, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*RECOUP, *arguments],
        env=environment(url, **PRIVATE, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)
        process.stdout.close()


def test_a_deliverer_that_is_killed_after_sending_is_followed_by_one_that_sends_again(
    database_url: str, database: Database, receiver: ScriptedReceiver
) -> None:
    writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    told = [tell(database), tell(database)]
    with running(database_url, "deliver") as process:
        # The first message has arrived, and nobody will take that down.
        receiver.script = [lambda _: os.kill(process.pid, signal.SIGKILL)]
        assert process.wait(60) == -signal.SIGKILL
    assert len(receiver.received) == 1
    with reading(database):
        assert {each.state for each in page_of(database, None, None, None, 10)} == {"pending"}
    settings = Settings(private_webhooks=True)
    later = timedelta(seconds=settings.delivery_timeout_seconds + LEASE_SPARE_SECONDS)
    assert Deliverer(database, settings, lambda: utc_now() + later).once() == {"delivered": 2}
    assert receiver.ids()[0] in receiver.ids()[1:]
    assert sorted(receiver.ids()[1:]) == sorted(told)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_a_deliverer_that_is_told_to_end_finishes_what_is_under_way(
    database_url: str, database: Database, receiver: ScriptedReceiver, ending: signal.Signals
) -> None:
    writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    tell(database)
    with running(database_url, "deliver") as process:

        def end(handler: Any) -> None:
            process.send_signal(ending)
            handler.send_response(204)
            handler.end_headers()

        receiver.script = [end]
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, "Traceback" in said) == (0, False)
    with reading(database):
        assert [each.state for each in page_of(database, None, None, None, 10)] == ["delivered"]


def test_two_deliverer_processes_deliver_each_message_once(
    database_url: str, database: Database, receiver: ScriptedReceiver
) -> None:
    for _ in range(2):
        writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    told = [tell(database) for _ in range(25)]
    with running(database_url, "deliver"), running(database_url, "deliver"):
        until(lambda: len(receiver.received) >= 50, "everything arrives")
        until(lambda: not _states(database) - {"delivered"}, "and is taken down")
    assert sorted(receiver.ids()) == sorted(told * 2)


def _states(database: Database) -> set[str]:
    with reading(database):
        return {state for (state,) in rows(database, "SELECT DISTINCT state FROM delivery")}


@pytest.mark.slow
def test_the_service_delivers_beside_answering_also_after_its_deliverer_died(
    database_url: str, database: Database, receiver: ScriptedReceiver
) -> None:
    publish_small(database)
    open_account(database, lot_facts(10_000))
    webhook = writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    with serving(database_url, **PRIVATE) as (process, port, _):
        assert file(port, "one") == 201
        until(lambda: len(receiver.received) == 1, "the first arrives")
        assert verifies(receiver.received[0], webhook.secret)
        # One that is killed while it holds the lease keeps others away until that ends, which takes a minute.
        until(lambda: _holder(database) == "", "the deliverer is done with the first")
        children = _children(process.pid)
        assert len(children) == 2, "one answers, one delivers"
        for child in children:
            os.kill(child, signal.SIGKILL)
        tell(database)
        until(lambda: len(receiver.received) == 2, "the second arrives")
        until(lambda: _states(database) == {"delivered"}, "and is taken down")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def _holder(database: Database) -> str:
    """Who holds the lease of the only webhook."""
    with reading(database):
        ((holder,),) = rows(database, "SELECT leased_by FROM webhook")
    return str(holder)


def _children(parent: int) -> list[int]:
    """The processes that a service started to answer and to deliver."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, of, *command in lines if int(of) == parent and "spawn_main" in " ".join(command)]


@pytest.mark.slow
def test_a_service_that_is_killed_takes_its_deliverer_with_it(sqlite_url: str, receiver: ScriptedReceiver) -> None:
    database = open_database(Settings(database_url=sqlite_url))
    writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    tell(database)
    with serving(sqlite_url, **PRIVATE) as (process, _, _):
        until(lambda: len(receiver.received) == 1, "it delivers")
        children = _children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        # The one that answers has no such care taken of it, and is ended here.
        until(lambda: len([child for child in children if _runs(child)]) == 1, "the deliverer ends")
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    close_database(database)


def _runs(process: int) -> bool:
    stated = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout
    return stated.strip()[:1] not in ("", "Z")


@pytest.mark.slow
def test_a_service_may_leave_delivering_to_others(sqlite_url: str, receiver: ScriptedReceiver) -> None:
    database = open_database(Settings(database_url=sqlite_url))
    writing(database, lambda: add(database, receiver.url, [], "", utc_now(), private=True))
    with serving(sqlite_url, "--no-deliver", **PRIVATE) as (process, port, _):
        assert file(port, "k") == 422
        assert len(_children(process.pid)) == 1, "the one that answers"
    close_database(database)


def test_a_webhook_is_watched_on_this_machine(database_url: str, database: Database) -> None:
    with running(database_url, "webhooks", "listen", "--kind", "points.expired") as listening:
        assert listening.stdout is not None
        first = listening.stdout.readline()
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+/ as W-\w+; Ctrl-C ends it\n", first)
        message = tell(database)
        assert Deliverer(database, Settings(private_webhooks=True)).once() == {"delivered": 1}
        assert re.fullmatch(rf"\S+Z points\.expired {message}\n", listening.stdout.readline())
        said = [listening.stdout.readline() for _ in range(len(KINDS["points.expired"].carries) + 2)]
        assert json.loads("".join(said))["account"] == "A"
        execute_in(database, "UPDATE webhook SET secret = 'whsec_AAAA'")
        tell(database)
        assert Deliverer(database, Settings(private_webhooks=True)).once() == {"pending": 1}
        assert listening.stdout.readline() == "refused a message whose signature is not ours\n"
        listening.send_signal(signal.SIGINT)
        assert listening.wait(20) == 0
    with reading(database):
        assert rows(database, "SELECT state FROM webhook") == [("removed",)]


def test_what_is_due_is_delivered_once_and_counted(run: Run, database: Database, receiver: ScriptedReceiver) -> None:
    assert ended(run("webhooks", "add", receiver.url))[0] == 0
    for _ in range(3):
        tell(database)
    receiver.script = [500]
    code, told, _ = ended(run("deliver", "--once"))
    assert (code, told) == (0, "2 delivered, 1 to be tried again, 0 dead\n")
    listed = run("deliveries").stdout.splitlines()
    assert len(listed) == 3
    (pending,) = run("deliveries", "--pending").stdout.splitlines()
    shown = rf"DL-\w+ pending points\.expired M-\w+ to {re.escape(receiver.url)}: 1 attempt, answered 500, next \S+Z"
    assert re.fullmatch(shown, pending)


def test_a_webhook_goes_through_its_life_by_commands(run: Run, database: Database) -> None:
    assert ended(run("webhooks", "list")) == (0, "there are none\n", "")
    made = run("webhooks", "add", URL, "--kind", "points.expired", "--policy", "small")
    shown = re.fullmatch(r"added (W-\w+)\nsecret (whsec_\S+)\n", made.stdout)
    assert shown is not None
    webhook = shown[1]
    (line,) = run("webhooks", "list").stdout.splitlines()
    assert re.fullmatch(rf"{webhook} active {URL}: points\.expired of small, since \S+Z", line)
    rotated = run("webhooks", "rotate-secret", webhook).stdout
    assert re.fullmatch(r"secret whsec_\S+\nthe old one signs too until \S+Z\n", rotated)
    assert shown[2] not in rotated
    assert run("webhooks", "disable", webhook).stdout == f"disabled {webhook}\n"
    assert f"{webhook} disabled (by the operator) {URL}" in run("webhooks", "list").stdout
    tell(database)
    assert run("webhooks", "enable", webhook).stdout.startswith(f"enabled {webhook}; for what happened meanwhile: ")
    since = spoken(utc_now() - timedelta(hours=1))
    assert run("webhooks", "catch-up", webhook, "--since", since).stdout == "1 to be delivered\n"
    assert run("webhooks", "remove", webhook).stdout == f"removed {webhook}\n"
    assert run("webhooks", "list").stdout == "there are none\n"


def test_dead_letters_are_listed_and_made_anew(run: Run, database: Database) -> None:
    run("webhooks", "add", URL)
    for _ in range(3):
        tell(database)
    assert ended(run("deliveries", "--dead")) == (0, "there are none\n", "")
    execute_in(database, "UPDATE delivery SET state = 'dead', attempts = 10, last_error = 'answered 500'")
    dead = [json.loads(line) for line in run("deliveries", "--dead", "--json").stdout.splitlines()]
    assert {(each["state"], each["attempts"], each["last_error"]) for each in dead} == {("dead", 10, "answered 500")}
    assert ": 10 attempts, answered 500\n" in run("deliveries", "--dead").stdout
    assert run("redeliver", dead[0]["id"]).stdout == "1 to be delivered again\n"
    assert len(run("deliveries", "--dead").stdout.splitlines()) == 2
    code, _, error = ended(run("redeliver", dead[1]["id"], "DL-0"))
    assert (code, error) == (2, "recoup: there is no delivery DL-0; nothing was changed\n")
    assert len(run("deliveries", "--dead").stdout.splitlines()) == 2, "nothing was changed"
    assert run("redeliver", "--all-dead").stdout == "2 to be delivered again\n"
    assert run("deliveries", "--dead").stdout == "there are none\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["webhooks", "add", "example.com"], 2, "recoup: url is not an address in ASCII"),
        (["webhooks", "add", "http://169.254.169.254/"], 2, "recoup: url is on 169.254.169.254, which is no public"),
        (["webhooks", "add", URL, "--kind", "points.lost"], 2, "recoup: kinds is 'points.lost', which is no kind"),
        (["webhooks", "add", URL, "--policy", "other"], 2, "recoup: policy is no published policy; published are"),
        (["webhooks", "remove", "W-0"], 2, "recoup: there is no webhook W-0; see recoup webhooks list"),
        (["webhooks", "rotate-secret", "W-0"], 2, "recoup: there is no webhook W-0"),
        (["webhooks", "catch-up", "W-0", "--since", "2026-03-02T01:00:00Z"], 2, "recoup: there is no webhook W-0"),
        (["webhooks", "catch-up", "W-0", "--since", "yesterday"], 2, "write an instant such as"),
        (["webhooks", "catch-up", "W-0", "--since", "2026-03-02"], 2, "write an instant such as"),
        (["redeliver"], 2, "name deliveries, or say --all-dead"),
        (["redeliver", "DL-0", "--all-dead"], 2, "name deliveries, or say --all-dead"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_one_clear_line(run: Run, arguments: list[str], code: int, words: str) -> None:
    found, told, error = ended(run(*arguments))
    assert (found, told) == (code, "")
    assert words in error


@pytest.mark.parametrize(
    "command", ["add", "list", "remove", "rotate-secret", "disable", "enable", "catch-up", "listen"]
)
def test_every_command_about_webhooks_has_help(command: str) -> None:
    shown = CliRunner().invoke(recoup, ["webhooks", command, "--help"])
    assert (shown.exit_code, "Usage: " in shown.output) == (0, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WEBHOOK_PRIVATE_ADDRESSES", "true"),
        ("DELIVERY_SCHEDULE", " "),
        ("DELIVERY_SCHEDULE", "5"),
        ("DELIVERY_SCHEDULE", "5s,5m"),
        ("DELIVERY_SCHEDULE", "0s"),
        ("DELIVERY_SCHEDULE", "721h"),
        ("DELIVERY_TIMEOUT_SECONDS", "0"),
        ("DELIVERY_THREADS", "0"),
    ],
)
def test_a_setting_that_cannot_be_used_names_itself(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name} is '{re.escape(text)}': write "):
        read_settings({name: text})


def test_the_schedule_is_read_in_seconds_minutes_and_hours() -> None:
    assert read_settings({"DELIVERY_SCHEDULE": "1s 90m 720h"}).delivery_schedule_seconds == (1, 5_400, 2_592_000)


def execute_in(database: Database, sql: str) -> None:
    writing(database, lambda: execute(database, sql))
