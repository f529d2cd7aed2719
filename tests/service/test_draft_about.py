"""What a draft tells beside its texts: what it is for, how its checks come along, and that it failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import audit_log, checking, drafts
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, reading, rows
from service.parts import EXTENSION
from service.publishing import Versions, publish
from tests.service.builders import NOW, Run, SetClock
from tests.service.drafting import APPROVER, AUTHOR, RULES, SCENARIOS, approved, texts
from tests.service.test_reference import check

ABOUT = "여름 한도: 6,000 points from July on"


@pytest.fixture
def client(database_url: str, database: Database, clock: SetClock) -> Iterator[FlaskClient]:
    """The service without keys, where checks are run elsewhere."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    app = create_app(Settings(database_url=database_url, check_drafts=False, access="open"), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def body(at_most: int = 6_000, **more: str) -> dict[str, str]:
    rules, scenarios = texts(at_most)
    return {"rules": rules, "scenarios": scenarios, **more}


def test_a_draft_says_what_it_is_for_wherever_it_is_told_and_in_the_log(
    client: FlaskClient, database: Database, signer: Any
) -> None:
    sent = body(about=ABOUT)
    check(sent, "DraftIn")
    made = client.post("/v1/policies/drafts", json=sent).get_json()
    check(made, "Draft")
    listed = client.get("/v1/policies/drafts").get_json()
    check(listed, "Drafts")
    assert (made["about"], [each["about"] for each in listed["drafts"]]) == (ABOUT, [ABOUT])
    audit_log.sign_head(database, [signer], NOW)
    with reading(database):
        logged = [each["body"] for each in audit_log.records(database) if each.get("kind") == "draft_about"]
    assert logged == [{"draft_id": made["id"], "about": ABOUT}]


def test_a_draft_need_not_say_what_it_is_for(client: FlaskClient, database: Database) -> None:
    made = client.post("/v1/policies/drafts", json=body()).get_json()
    assert made["about"] is None
    with reading(database):
        assert rows(database, "SELECT * FROM draft_about") == []


def test_what_a_draft_is_for_is_kept_in_one_line(client: FlaskClient) -> None:
    made = client.post("/v1/policies/drafts", json=body(about=" one\n two\t three ")).get_json()
    assert made["about"] == "one two three"


@pytest.mark.parametrize("about", ["", "   ", "x" * 201, 7, None], ids=["empty", "blank", "long", "number", "null"])
def test_what_is_no_line_is_refused_at_its_place(client: FlaskClient, about: object) -> None:
    answer = client.post("/v1/policies/drafts", json={**body(), "about": about})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (400, "#/about")


def test_a_draft_that_failed_says_so_when_it_is_out_of_date(client: FlaskClient, database: Database) -> None:
    rules, scenarios = texts(7_000)
    made = drafts.draft(database, rules, scenarios.replace("[7_001, denied", "[7_001, approved"), AUTHOR, NOW)
    assert drafts.check(database, Versions(database, 4), made.id, NOW).state == "failed"
    approved(database, 6_000)
    (newest, failed) = client.get("/v1/policies/drafts").get_json()["drafts"]
    assert (newest["state"], newest["passed"]) == ("published", True)
    assert (failed["state"], failed["passed"]) == ("outdated", False)


def test_checks_are_told_as_they_end(client: FlaskClient, database: Database) -> None:
    made = client.post("/v1/policies/drafts", json=body()).get_json()["id"]
    looks: dict[str, Any] = {}

    def look(name: str) -> None:
        looks[name] = client.get(f"/v1/policies/drafts/{made}").get_json()

    drafts.check(database, Versions(database, 4), made, NOW, tell=look)
    for each in looks.values():
        check(each, "Draft")
    assert {name: [each["check"] for each in seen["checks"]] for name, seen in looks.items()} == {
        "check": [],
        "test": ["check"],
        "pin": ["check", "test"],
        "prove": ["check", "test", "pin"],
        "diff": ["check", "test", "pin", "prove"],
    }
    assert {(each["state"], each["passed"], each["seen"]) for each in looks.values()} == {("checking", None, None)}
    found = client.get(f"/v1/policies/drafts/{made}").get_json()
    assert (found["state"], found["passed"], len(found["checks"])) == ("ready", True, 4)
    assert found["checks"][:3] == looks["prove"]["checks"]
    with reading(database):
        assert rows(database, "SELECT * FROM draft_step") == []


def test_two_that_check_the_same_draft_leave_no_step_behind(client: FlaskClient, database: Database) -> None:
    made = client.post("/v1/policies/drafts", json=body()).get_json()["id"]
    other = threading.Event()

    def late(name: str) -> None:
        if name == "prove" and not other.is_set():
            other.set()
            drafts.check(database, Versions(database, 4), made, NOW)

    assert drafts.check(database, Versions(database, 4), made, NOW, tell=late).state == "ready"
    with reading(database):
        assert rows(database, "SELECT * FROM draft_step") == []


def test_the_checks_are_those_that_are_told(database: Database) -> None:
    loaded, _ = checking.load(RULES, SCENARIOS)
    assert loaded is not None
    ended: list[Any] = []
    assert checking.checks_of(loaded, ended=lambda place, result: ended.append((place, result))) == [
        result for _, result in ended
    ]
    assert [place for place, _ in ended] == [0, 1, 2, 3]


def test_the_commands_tell_what_a_draft_is_for(run: Run, tmp_path: Path, database_url: str) -> None:
    rules, scenarios = texts(6_000)
    (tmp_path / "tiny.yaml").write_text(rules, encoding="utf-8")
    (tmp_path / "tiny.test.yaml").write_text(scenarios, encoding="utf-8")
    env = {"DATABASE_URL": database_url, "ACCESS": "open"}
    run("migrate", env=env)
    made = run("publish", "draft", str(tmp_path / "tiny.yaml"), "--about", ABOUT, env=env)
    name = made.output.split()[1]
    assert (made.exit_code, ABOUT in run("publish", "show", name, env=env).output) == (0, True)
    assert f"{name} ready: tiny, by anyone" in run("publish", "list", env=env).output
    assert run("publish", "list", env=env).output.rstrip().endswith(f": {ABOUT}")
    long = run("publish", "draft", str(tmp_path / "tiny.yaml"), "--about", "x" * 201, env=env)
    assert (long.exit_code, "--about has 201 characters: write at most 200" in long.output) == (2, True)


def test_withdrawals_say_by_whom_and_why(client: FlaskClient, database: Database) -> None:
    approved(database, 6_000)
    drafts.withdraw(database, "tiny", 2, "Charged twice.", APPROVER, NOW + timedelta(seconds=5))
    found = client.get("/v1/policies/tiny/withdrawals").get_json()
    check(found, "Withdrawals")
    assert found["withdrawals"] == [
        {
            "version": 2,
            "published_as": 3,
            "restores": 1,
            "by": "lee",
            "at": "2026-03-02T01:00:05Z",
            "reason": "Charged twice.",
        }
    ]
    assert client.get("/v1/policies/none/withdrawals").status_code == 404


def test_any_two_versions_are_compared_in_meaning(client: FlaskClient, database: Database) -> None:
    approved(database, 6_000)
    approved(database, 7_000)
    found = client.get("/v1/policies/tiny/differences?old=3&new=1").get_json()
    check(found, "VersionsDifference")
    (subject,) = found["differences"]
    (change,) = subject["changes"]
    assert ("7,000" in subject["was"][0]["en"], "5,000" in subject["now"][0]["en"]) == (True, True)
    assert change["verdict"] == "differs"
    assert change["example"]["old"] != change["example"]["new"]
    assert client.get("/v1/policies/tiny/differences?old=2&new=2").get_json()["differences"] == []


@pytest.mark.parametrize(
    ("query", "status", "parameter"),
    [("?old=1", 400, "new"), ("?old=1&new=9", 400, "new"), ("?old=x&new=1", 400, "old"), ("", 400, "old")],
)
def test_what_are_no_two_versions_is_refused(client: FlaskClient, query: str, status: int, parameter: str) -> None:
    answer = client.get(f"/v1/policies/tiny/differences{query}")
    assert (answer.status_code, parameter in answer.get_data(as_text=True)) == (status, True)
    assert client.get("/v1/policies/none/differences?old=1&new=1").status_code == 404
