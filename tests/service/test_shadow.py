"""Shadows: another text decides what was decided, afterwards and once, and nobody who asks is any the wiser."""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import access_keys, audit_log, shadowing, shadows
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, open_database, reading, rows, writing
from service.erasing import Erasing
from service.errors import Refusal
from service.parts import EXTENSION
from service.publishing import Versions
from service.replaying import Chosen, Replay
from service.retaining import Retaining
from service.shadowing import Shadowing
from service.shadows import Shadow
from tests import forks
from tests.service.builders import (
    CONFLICT,
    NOW,
    POLICY,
    Run,
    SetClock,
    asking,
    lot_facts,
    open_account,
    publish_small,
)
from tests.service.drafting import AUTHOR
from tests.service.processes import ask, environment, forked
from tests.service.test_reference import check

SECOND = timedelta(seconds=1)
DEARER = POLICY.replace("rate: 1%", "rate: 3%")
STRICTER = POLICY.replace("at_most: 50_000", "at_most: 9_000")
# Decides as the one in force, by another name of a rule that never speaks here.
ALIKE = POLICY.replace("id: large", "id: very-large")
numbers = itertools.count(1)


def start(database: Database, rules: str = DEARER, now: datetime = NOW) -> Shadow:
    return shadows.start(database, "small", AUTHOR, now, rules=rules)


def work(database: Database) -> int:
    return Shadowing(database, Settings()).once()


def file(client: FlaskClient, points: int = 1_000, method: str = "cash") -> dict[str, Any]:
    body = {"account": "A", "request": {"points": points, "method": method, "receiving_account": "RA-77-1234"}}
    answer = client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": f"s-{next(numbers)}"})
    assert answer.status_code == 201
    found: dict[str, Any] = answer.get_json()
    return found


def cancel(client: FlaskClient, filed: dict[str, Any]) -> None:
    """Then nothing needs it any more."""
    where, key = f"/v1/refund-requests/{filed['id']}/cancel", {"Idempotency-Key": f"s-{next(numbers)}"}
    assert client.post(where, json={"by": "member"}, headers=key).status_code == 200


def counts(database: Database, policy: str = "small") -> dict[str, int]:
    return {name: count for name, count in seen(database, policy)["counts"].items() if count}


def seen(database: Database, policy: str = "small", now: datetime = NOW) -> dict[str, Any]:
    with reading(database):
        shadow = shadows.newest(database, policy, now)
        assert shadow is not None
        return {**shadows.line(shadow), **shadows.figures(database, shadow)}


def noted(database: Database, order: str = "newest") -> list[Any]:
    with reading(database):
        shadow = shadows.newest(database, "small", NOW)
        assert shadow is not None
        return [*shadows.differences(database, shadow, order, None, 3_000)]


def test_what_is_recorded_and_filed_is_decided_again_and_the_differences_are_kept(
    client: FlaskClient, database: Database
) -> None:
    start(database)
    filed = file(client, 10_000)
    recorded = client.post("/v1/decisions", json={"account": "A", "request": asking(5_000)}).get_json()
    client.post("/v1/decisions", json={"account": "A", "request": {"points": 7_000, "method": "cash"}, "dry_run": True})
    assert (counts(database), recorded["recorded"]) == ({"waiting": 2}, True)
    assert (work(database), counts(database)) == (2, {"decided": 2, "same": 1, "different": 1})
    found = seen(database)
    assert found["payout"] == {"in_force": 14_900, "shadow": 14_700, "difference": -200}
    assert [(each["method"], each["decisions"], each["same"]) for each in found["outcomes"]] == [
        ("cash", 1, False),
        ("credit", 1, True),
    ]
    (difference,) = noted(database)
    check(difference, "ShadowDifference")
    assert (difference["id"], difference["differs_in"]) == (filed["decision_id"], ["fee", "payout"])
    assert (difference["in_force"]["fee"], difference["shadow"]["fee"], difference["payout_difference"]) == (
        *(100, 300, -200),
    )


def test_reasons_that_speak_on_one_side_only_are_counted(client: FlaskClient, database: Database) -> None:
    start(database, STRICTER.replace("id: active", "id: living"))
    for points in (9_001, 60_000):
        file(client, points)
    work(database)
    found = seen(database)
    assert {(each["rule"], each["only"], each["decisions"]) for each in found["reasons"]} == {
        *{("monthly", "shadow", 1), ("fee", "in_force", 1)},
    }
    assert [(each["in_force"], each["shadow"]) for each in found["outcomes"]] == [
        ("approved", "denied"),
        ("denied", "denied"),
    ]


def test_nothing_of_a_case_is_kept(client: FlaskClient, database: Database) -> None:
    start(database, STRICTER)
    file(client, 9_001)
    work(database)
    for table in ("shadow_difference", "shadow_outcome", "shadow_reason"):
        with reading(database):
            kept = str(rows(database, f"SELECT * FROM {table}"))  # noqa: S608
        assert [word for word in ("RA-77", "GOLD", "A.1", "2020-01-01", "'A'") if word in kept] == []


def test_only_what_is_decided_between_its_start_and_its_stop_is_decided_again(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    file(client)
    clock.at += SECOND
    start(database, now=clock.at)
    made = file(client)
    clock.at += SECOND
    shadows.stop(database, "small", AUTHOR, clock.at)
    file(client)
    assert (seen(database)["state"], counts(database)) == ("ending", {"waiting": 1})
    work(database)
    assert (seen(database)["state"], counts(database)) == ("ended", {"decided": 1, "different": 1})
    assert [each["id"] for each in noted(database)] == [made["decision_id"]]
    clock.at += SECOND
    start(database, ALIKE, clock.at)
    file(client)
    work(database)
    assert (seen(database)["state"], counts(database), noted(database)) == ("running", {"decided": 1, "same": 1}, [])


NO_GRADE = POLICY.replace("  account.grade:", "  account.rank:")
LATER = POLICY.replace("starts: 2025-01-01", "starts: 2026-07-01")


@pytest.mark.parametrize(
    ("rules", "failure"),
    [(NO_GRADE, "bad_facts"), (POLICY + CONFLICT, "conflict"), (LATER, "not_in_force")],
    ids=["facts", "conflict", "later"],
)
def test_a_shadow_that_cannot_decide_is_counted_and_answers_nobody(
    client: FlaskClient, database: Database, rules: str, failure: str
) -> None:
    start(database, rules)
    filed = file(client)
    assert filed["state"] == "approved"
    work(database)
    assert counts(database) == {"decided": 1, "failed": 1}
    found = seen(database)
    check(found, "Shadow")
    assert found["failures"] == [{"failure": failure, "decisions": 1}]
    assert (found["outcomes"], found["payout"]) == ([], {"in_force": 0, "shadow": 0, "difference": 0})
    (difference,) = noted(database)
    check(difference, "ShadowDifference")
    assert (difference["failure"], difference["shadow"]) == (failure, None)


def test_a_bug_of_the_engine_is_counted_too(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no")

    start(database)
    file(client)
    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR, "recoup.shadowing"):
        patch.setattr(shadowing, "decide", broken)
        work(database)
        file(client)
        patch.setattr(shadowing, "load_version", lambda *_, **__: (None, []))
        work(database)
    told = [each for each in caplog.records if each.name == "recoup.shadowing"]
    assert (counts(database), len(told)) == ({"decided": 2, "failed": 2}, 1)
    assert [each["failure"] for each in seen(database)["failures"]] == ["unreadable", "bug"]


def test_of_several_at_once_one_decides_and_each_decision_is_counted_once(
    client: FlaskClient, database: Database
) -> None:
    start(database, STRICTER)
    for _ in range(15):
        file(client, 600, "credit")
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: Shadowing(database, Settings()).once(), range(4)))
    assert (sum(made), counts(database)) == (15, {"decided": 15, "same": 15})


def test_who_lost_the_lease_counts_nothing(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(database)
    file(client)
    late, original = Shadowing(database, Settings()), shadowing._compared

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(shadowing, "_compared", original)
        writing(database, lambda: execute(database, "UPDATE shadow_progress SET leased_until = ''"))
        assert work(database) == 1
        return original(*arguments)

    monkeypatch.setattr(shadowing, "_compared", slow)
    assert (late.once(), counts(database)) == (0, {"decided": 1, "different": 1})


@pytest.mark.parametrize("keeping", ["reason", "age"])
def test_an_erasure_takes_what_a_shadow_kept_and_what_was_erased_is_not_decided_again(
    client: FlaskClient, database: Database, clock: SetClock, keeping: str
) -> None:
    def erase() -> None:
        later = NOW + timedelta(days=3_000)
        versions = Versions(database, 4)
        if keeping == "reason":
            Erasing(database, versions).erase("A", "desk", "asked", NOW, counted_too=True)
        else:
            Retaining(database, versions, later).retain("nightly")

    start(database)
    made = [file(client) for _ in range(2)]
    for each in made:
        cancel(client, each)
    work(database)
    assert len(noted(database)) == 2
    writing(database, lambda: shadows_again(database))
    erase()
    assert noted(database) == []
    work(database)
    assert (counts(database), noted(database)) == ({"decided": 2, "different": 2, "erased": 2}, [])


def shadows_again(database: Database) -> None:
    """Put a shadow back to where it began, as if it had not come to anything yet."""
    execute(database, "UPDATE shadow_progress SET position = 0")


def test_what_is_erased_while_it_is_decided_is_not_kept(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(database)
    made = file(client)
    cancel(client, made)
    original = shadowing._compared

    def slow(*arguments: Any) -> Any:
        Erasing(database, Versions(database, 4)).erase("A", "desk", "asked", NOW, counted_too=True)
        return original(*arguments)

    monkeypatch.setattr(shadowing, "_compared", slow)
    work(database)
    assert (counts(database), noted(database)) == ({"erased": 1}, [])


def test_the_newest_and_the_largest_differences_are_kept_and_no_more(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadowing, "KEPT", 2)
    monkeypatch.setattr(shadowing, "BATCH", 2)
    start(database)
    made = [file(client, points)["decision_id"] for points in (200, 700, 1_000, 600, 500, 400, 300)]
    assert work(database) == 7
    assert counts(database) == {"decided": 7, "different": 7}
    assert [each["id"] for each in noted(database)] == [made[n] for n in (6, 5, 2, 1)]
    assert [each["id"] for each in noted(database, "largest")] == [made[n] for n in (2, 1, 5, 6)]


def test_no_more_are_counted_that_wait_than_a_look_has_time_for(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(database)
    for _ in range(3):
        file(client)
    assert counts(database) == {"waiting": 3}
    monkeypatch.setattr(shadows, "MOST_WAITING", 2)
    assert counts(database) == {"waiting": 2}
    audit_log.place_all(database)
    assert counts(database) == {"waiting": 2}


def test_it_reads_the_log_by_its_places(database: Database) -> None:
    """Each look costs what is new, whatever was decided before."""
    if not on_sqlite(database):
        return
    sql = shadowing.SELECT_DECISIONS.format(case="case_data", data="decision.data")
    with reading(database):
        plan = [row[-1] for row in rows(database, f"EXPLAIN QUERY PLAN {sql}", (0, 9, "small", "", "", "", 20))]
    assert "seq>? AND seq<?" in plan[0]


def test_a_policy_has_one_shadow_at_a_time_and_of_its_own_text(database: Database) -> None:
    publish_small(database)
    for rules, code in (
        ("format: 2\n", "draft-has-problems"),
        (POLICY.replace("policy: small", "policy: other"), "bad-request"),
    ):
        assert refused(lambda rules=rules: start(database, rules)).code == code  # type: ignore[misc]
    assert refused(lambda: shadows.start(database, None, AUTHOR, NOW, draft="P-0")).code == "bad-request"
    assert refused(lambda: shadows.start(database, None, AUTHOR, NOW, rules=POLICY.replace("small", "o"))).code == (
        "not-found"
    )
    assert refused(lambda: shadows.stop(database, "small", AUTHOR, NOW)).code == "not-found"
    start(database)
    assert refused(lambda: start(database)).figures == {"state": "running", "allowed": ["stop"]}
    shadows.stop(database, "small", AUTHOR, NOW)
    assert refused(lambda: shadows.stop(database, "small", AUTHOR, NOW)).figures["allowed"] == ["start"]


def refused(do: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as raised:
        do()
    return raised.value


def test_start_and_stop_are_in_the_log(database: Database) -> None:
    publish_small(database)
    made = start(database)
    shadows.stop(database, "small", AUTHOR, NOW)
    audit_log.place_all(database)
    with reading(database):
        found = rows(
            database, "SELECT kind, reference FROM log_leaf WHERE kind IN ('shadow', 'shadow_end') ORDER BY seq"
        )
    assert found == [("shadow", made.id), ("shadow_end", made.id)]


@pytest.fixture
def keyed(database_url: str, database: Database, clock: SetClock) -> Iterator[FlaskClient]:
    """The service with keys, and the account A."""
    publish_small(database)
    open_account(database, lot_facts(90_000))
    app = create_app(Settings(database_url=database_url, check_drafts=False), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def test_a_shadow_goes_over_http_by_the_roles_of_publishing(keyed: FlaskClient, database: Database) -> None:
    def key_of(role: str) -> dict[str, str]:
        made = writing(database, lambda: access_keys.make(database, role, [role], NOW + timedelta(days=1), NOW))
        return {"Authorization": f"Bearer {made[1]}"}

    author, caller, auditor = (key_of(role) for role in ("author", "caller", "auditor"))
    where = "/v1/policies/small/shadow"
    assert keyed.get(where, headers=author).status_code == 404
    for body in ({}, {"draft": "P-0", "rules": DEARER}, {"draft": "P-0"}):
        answer = keyed.post(where, json=body, headers=author)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    bad = keyed.post(where, json={"rules": "format: 2\n"}, headers=author)
    assert (bad.status_code, bad.get_json()["problems"][0]["file"]) == (422, "rules.yaml")
    body = {"rules": DEARER}
    check(body, "ShadowIn")
    for headers in (caller, auditor):
        assert keyed.post(where, json=body, headers=headers).status_code == 403
    made = keyed.post(where, json=body, headers=author)
    check(made.get_json(), "Shadow")
    assert (made.status_code, made.headers["Location"], made.get_json()["started_by"]) == (201, where, "author")
    for n in range(3):
        request = {"points": 1_000 * (n + 1), "method": "cash", "receiving_account": "R"}
        filed = {"account": "A", "request": request}
        assert keyed.post("/v1/refund-requests", json=filed, headers={**caller, "Idempotency-Key": f"k{n}"}).status_code
    work(database)
    found = keyed.get(where, headers=auditor).get_json()
    check(found, "Shadow")
    assert (found["counts"]["different"], found["payout"]["difference"]) == (3, -120)
    page = keyed.get(f"{where}/differences?order=largest&limit=2", headers=author).get_json()
    check(page, "ShadowDifferences")
    following = keyed.get(page["next"], headers=author).get_json()
    apart = [each["payout_difference"] for each in (*page["differences"], *following["differences"])]
    assert (apart, following["next"]) == ([-60, -40, -20], None)
    stopped = keyed.post(f"{where}/stop", headers=author).get_json()
    check(stopped, "Shadow")
    assert (stopped["state"], stopped["ended_by"]) == ("ending", "author")
    assert keyed.post(f"{where}/stop", headers=author).get_json()["state"] == "ending"


def test_the_steps_are_commands(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_small(database)
    open_account(database, lot_facts(90_000))
    Path("dearer.yaml").write_text(DEARER, "utf-8")
    assert run("shadow", "show").output == "there are none\n"
    assert "has to be a valid API key with the role author or approver" in run("shadow", "start", "dearer.yaml").output
    key = run("access", "create", "kim", "--role", "author").output.split()[-1]
    monkeypatch.setenv("RECOUP_KEY", key)
    started = run("shadow", "start", "dearer.yaml")
    assert (started.exit_code, started.output.startswith("small: S-")) == (0, True)
    again = run("shadow", "start", "dearer.yaml", "--lang", "en")
    assert (again.exit_code, "The state is running; it allows: stop." in again.output) == (2, True)
    app = create_app(Settings(database_url=os.environ["DATABASE_URL"], access="open"))
    file(app.test_client(), 2_000)
    close_database(app.extensions[EXTENSION].database)
    assert run("deliver", "--once").exit_code == 0
    lines = run("shadow", "show").output.splitlines()
    assert lines[1:5] == [
        "  decided 1: same 0, different 1, failed 0; waiting 0, erased 0",
        "  payout: in force 1,980, shadow 1,940, difference -40",
        "  cash: approved -> approved, 1 (different), payout -40",
        "  the newest that differ:",
    ]
    assert lines[5].endswith(": approved 2,000 -> 1,980 [fee] | approved 2,000 -> 1,940 [fee] (fee, payout)")
    assert "  지급액: 시행 중 1,980, 섀도 1,940, 차이 -40" in run("shadow", "show", "small", "--lang", "ko").output
    found = json.loads(run("shadow", "show", "--json").output)
    assert (found["counts"]["different"], found["newest"], len(found["largest"])) == (1, found["largest"], 1)
    assert run("shadow", "stop").output.startswith("small: S-")
    assert run("shadow", "stop").output == "recoup: no shadow is on\n"
    assert run("shadow", "show", "other").output == "recoup: 'other' has had no shadow\n"


@contextmanager
def deliverer(url: str) -> Iterator[Callable[[], None]]:
    """`recoup deliver` in a forked process; what is called kills it."""
    child = os.fork()
    if not child:
        with Path(os.devnull).open("r+b") as nothing:
            os._exit(forks._run(["deliver"], str(Path.cwd()), environment(url), [nothing.fileno()] * 3))

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    try:
        yield kill
    finally:
        kill()
        os.waitpid(child, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_beside_a_server_under_load_and_deliverers_that_are_killed_every_decision_is_decided_again_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is killed while at work is waited for this long.
    monkeypatch.setattr(shadowing, "LEASE", SECOND)
    monkeypatch.setattr(shadowing, "BATCH", 4)
    database = open_database(Settings(database_url=database_url))
    publish_small(database)
    open_account(database, lot_facts(10**9))
    close_database(database)
    answers: list[int] = []
    where = "/v1/policies/small/shadow"

    def shown(port: int) -> Any:
        return json.loads(ask(port, "GET", where)[1])

    with forked(database_url, workers=2) as port, deliverer(database_url) as first, deliverer(database_url):
        ended = threading.Event()

        def file_on() -> None:
            body = {"account": "A", "request": {"points": 100, "method": "cash", "receiving_account": "R"}}
            while not ended.is_set():
                answers.append(ask(port, "POST", "/v1/refund-requests", body, key=os.urandom(8).hex())[0])
                # Those who decide afterwards need a turn, too.
                time.sleep(0.03)

        filing = [threading.Thread(target=file_on) for _ in range(2)]
        for each in filing:
            each.start()
        try:
            assert ask(port, "POST", where, {"rules": DEARER + CONFLICT.replace("GOLD", "PLAIN")})[0] == 201
            until(lambda: shown(port)["counts"]["decided"] > 8)
            first()
            with deliverer(database_url):
                until(lambda: shown(port)["counts"]["decided"] > 20)
            assert ask(port, "POST", f"{where}/stop")[0] == 200
            # What comes now is none of its business.
            more = len(answers) + 5
            until(lambda: len(answers) > more)
        finally:
            ended.set()
            for each in filing:
                each.join()
        until(lambda: shown(port)["state"] == "ended")
        found = shown(port)
    assert set(answers) == {201}
    with reading(database):
        ((decisions, begin, end),) = rows(
            database,
            "SELECT (SELECT COUNT(*) FROM decision WHERE decided_at >= started_at AND decided_at < ended_at),"
            " started_at, ended_at FROM shadow JOIN shadow_end ON shadow_id = shadow.id",
        )
    assert (begin < end, found["counts"]["decided"]) == (True, decisions)
    assert found["counts"]["different"] == decisions == sum(each["decisions"] for each in found["outcomes"])
    again = [each for each in Replay(database, Chosen(), "en", 2).decisions() if each is not None and each.differences]
    assert again == [], "what was answered is as it was decided"
    close_database(database)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
