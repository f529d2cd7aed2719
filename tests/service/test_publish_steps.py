"""The steps of publishing as people take them: over HTTP, on the command line, and while a service answers."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import access_keys, drafts, ledger
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, open_database, reading, rows, writing
from service.ledger import Grant, StoredAccount
from service.parts import EXTENSION
from service.publishing import Versions, publish
from service.replaying import Chosen, Replay
from tests.service.builders import NOW, Run, SetClock, account_facts, asking, lot_facts
from tests.service.drafting import RULES, SCENARIOS, approved, texts
from tests.service.processes import ask, forked
from tests.service.test_reference import check


@pytest.fixture
def keyed(database_url: str, database: Database, clock: SetClock) -> Iterator[FlaskClient]:
    """The service with keys, where checks are run elsewhere."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    app = create_app(Settings(database_url=database_url, check_drafts=False), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def key_of(database: Database, name: str, role: str) -> dict[str, str]:
    """The header of a new key."""
    made = writing(database, lambda: access_keys.make(database, name, [role], NOW + timedelta(days=1), NOW))
    return {"Authorization": f"Bearer {made[1]}"}


def test_a_draft_goes_over_http_from_its_author_to_its_approver_and_back(
    keyed: FlaskClient, database: Database
) -> None:
    author, approver = (key_of(database, name, name) for name in ("author", "approver"))
    rules, scenarios = texts(6_000)
    bad = keyed.post("/v1/policies/drafts", json={"rules": "format: 2\n", "scenarios": scenarios}, headers=author)
    check(bad.get_json(), "Problem")
    assert (bad.status_code, bad.get_json()["problems"][0]["file"]) == (422, "tiny.yaml")
    body = {"rules": rules, "scenarios": scenarios}
    check(body, "DraftIn")
    made = keyed.post("/v1/policies/drafts", json=body, headers=author)
    where = made.headers["Location"]
    check(made.get_json(), "Draft")
    assert (made.status_code, made.get_json()["state"], made.get_json()["by"]) == (201, "checking", "author")
    drafts.check(database, Versions(database, 4), made.get_json()["id"], NOW)
    found = keyed.get(where, headers=approver).get_json()
    check(found, "Draft")
    assert (found["state"], [each["text"] for each in found["shown"]["changes"]]) == (
        "ready",
        ["rules.daily is changed"],
    )
    approval = {"seen": found["seen"], "effective_from": "2026-03-03T10:00:00+09:00"}
    check(approval, "ApprovalIn")
    assert keyed.post(f"{where}/approve", json=approval, headers=author).status_code == 403
    listed = keyed.post(f"{where}/approve", json=approval, headers=approver)
    check(listed.get_json(), "PublishedVersion")
    assert (listed.status_code, listed.headers["Location"]) == (201, "/v1/policies/tiny/versions/2")
    assert listed.get_json()["effective_from"] == "2026-03-03T01:00:00Z"
    again = keyed.post(f"{where}/approve", json=approval, headers=approver).get_json()
    assert (again["code"], again["version"]) == ("published-already", "tiny@2")
    page = keyed.get("/v1/policies/drafts?limit=1", headers=author).get_json()
    check(page, "Drafts")
    assert [(each["state"], each["version"]) for each in page["drafts"]] == [("published", 2)]
    withdrawal = {"version": 2, "reason": "Too high."}
    check(withdrawal, "WithdrawalIn")
    back = keyed.post("/v1/policies/tiny/withdraw", json=withdrawal, headers=approver)
    assert (back.status_code, back.get_json()["version"], back.get_json()["restores"]) == (201, 3, 1)
    versions = keyed.get("/v1/policies/tiny/versions", headers=author).get_json()
    check(versions, "PolicyVersions")
    assert [each["version"] for each in versions["versions"]] == [3, 2, 1]
    texts_of = [keyed.get(f"/v1/policies/tiny/versions/{n}", headers=author).get_json()["text"] for n in (1, 3)]
    assert texts_of[0] == texts_of[1] == RULES


def test_a_draft_is_rejected_with_a_reason_by_an_approver_once(keyed: FlaskClient, database: Database) -> None:
    author, approver = (key_of(database, name, name) for name in ("author", "approver"))
    rules, scenarios = texts(6_000)
    made = keyed.post("/v1/policies/drafts", json={"rules": rules, "scenarios": scenarios}, headers=author)
    where, body = made.headers["Location"], {"reason": "Not agreed."}
    check(body, "RejectionIn")
    assert keyed.post(f"{where}/reject", json=body, headers=author).status_code == 403
    assert keyed.post(f"{where}/reject", json={}, headers=approver).status_code == 400
    assert keyed.post("/v1/policies/drafts/P-0/reject", json=body, headers=approver).status_code == 404
    rejected = keyed.post(f"{where}/reject", json=body, headers=approver)
    check(rejected.get_json(), "Draft")
    with reading(database):
        assert drafts.unchecked(database) == []
    # Checks that were under way end.
    passed = drafts.check(database, Versions(database, 4), made.get_json()["id"], NOW)
    found = keyed.get(where, headers=author).get_json()
    assert (rejected.status_code, found["state"], found["rejected_by"], found["rejection"]) == (
        *(200, "rejected", "approver", "Not agreed."),
    )
    for step, sent in (("reject", body), ("approve", {"seen": passed.seen})):
        again = keyed.post(f"{where}/{step}", json=sent, headers=approver)
        assert (again.status_code, again.get_json()["code"], again.get_json()["state"]) == (
            *(409, "illegal-move", "rejected"),
        )
    with reading(database):
        logged = rows(database, "SELECT reference FROM log_leaf WHERE kind = 'draft_rejection'")
    assert logged == [(made.get_json()["id"],)]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rules": 1, "scenarios": ""}, "#/rules"),
        ({"rules": ""}, "#/scenarios"),
        ({"rules": "", "scenarios": "", "pins": []}, "#/pins"),
    ],
    ids=["no text", "no scenarios", "unknown"],
)
def test_what_is_no_draft_is_told_by_its_place(client: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    # null is told as any other wrong value is.
    withdrawn = client.post("/v1/policies/small/withdraw", json={"version": None, "reason": "x"}).get_json()
    assert withdrawn["errors"][0]["detail"] == "is not a whole number from 1 to 2147483647"
    answer = client.post("/v1/policies/drafts", json=body).get_json()
    assert (answer["code"], [each["pointer"] for each in answer["errors"]]) == ("bad-request", [pointer])


def test_the_steps_are_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(at_most: int) -> None:
        rules, scenarios = texts(at_most)
        Path("tiny.yaml").write_text(rules, encoding="utf-8")
        Path("tiny.test.yaml").write_text(scenarios, encoding="utf-8")

    def as_key(name: str, role: str) -> None:
        made = run("access", "create", name, "--role", role).output
        monkeypatch.setenv("RECOUP_KEY", made.split()[-1])

    write(5_000)
    assert run("publish", "tiny.yaml").output.startswith("published tiny@1 (sha256:")
    assert run("publish", "tiny.yaml").output.startswith("tiny@1 says the same already")
    write(6_000)
    refused = run("publish", "tiny.yaml")
    assert (refused.exit_code, "tiny@1 is published already: draft" in refused.output) == (2, True)
    unknown = run("publish", "draft", "tiny.yaml")
    assert (unknown.exit_code, "RECOUP_KEY has to be a valid API key with the role author" in unknown.output) == (
        *(2, True),
    )
    as_key("kim", "author")
    made = run("publish", "draft", "tiny.yaml").output
    assert "check: passed" in made
    assert "  rules.daily is changed" in made
    name, seen = re.findall(r"P-\w+|sha256:\w+", made)[-2:]
    assert run("publish", "show", name).output.splitlines()[-1] == f"{name} is ready, seen {seen}"
    as_key("kim", "approver")
    own = run("publish", "approve", name, "--seen", seen)
    assert (own.exit_code, "kim drafted it" in own.output) == (2, True)
    as_key("lee", "approver")
    assert run("publish", "approve", name, "--seen", seen, "--from", "tomorrow").exit_code == 2
    assert run("publish", "approve", name, "--seen", seen).output.startswith("published tiny@2")
    assert run("publish", "withdraw", "tiny", "--version", "2", "--reason", "Wrong.").output.startswith(
        "published tiny@3"
    )
    listed = run("publish", "list").output.splitlines()
    assert listed[0].endswith(", the text of @1 again")
    assert listed[-1].startswith(f"{name} published as tiny@2: tiny, by kim, ")
    write(7_000)
    as_key("kim", "author")
    (name,) = re.findall(r"P-\w+", run("publish", "draft", "tiny.yaml").output.splitlines()[0])
    as_key("lee", "approver")
    assert run("publish", "reject", name, "--reason", "Too high.").output == f"{name} is rejected\n"
    assert run("publish", "show", name).output.splitlines()[-2:] == [
        *("rejected by lee: Too high.", f"{name} is rejected"),
    ]
    Path("tiny.test.yaml").write_text(SCENARIOS, encoding="utf-8")
    as_key("kim", "author")
    failed = run("publish", "draft", "tiny.yaml")
    assert (failed.exit_code, "test: failed" in failed.output, "tiny.test.yaml:" in failed.output) == (1, True, True)
    assert run("publish", "list").output.splitlines()[:3] == listed[:3]


def test_published_versions_are_compared_proved_and_shown_by_their_names(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    publish(database, RULES.replace("5_000", "6_000").encode(), "tiny.yaml", NOW)
    Path("tiny.yaml").write_text(RULES, "utf-8")
    assert run("diff", "tiny@1", "tiny.yaml").exit_code == 0
    for names in (("tiny@1", "tiny@2"), ("tiny.yaml", "tiny@2")):
        told = run("diff", *names, "--lang", "en")
        assert (told.exit_code, "at_most: 5_000 -> 6_000 (old line 18, new line 18)" in told.stdout) == (1, True)
    assert run("prove", "tiny@2").stdout == "tiny@2: nothing found, 2 rules\n"
    assert "at most 6,000 points" in run("show", "tiny@2", "--rule", "daily", "--lang", "en").stdout
    for command in (("diff", "tiny@3", "tiny.yaml"), ("prove", "none@1"), ("show", "tiny@3")):
        refused = run(*command, "--lang", "en")
        assert (refused.exit_code, "was never published\n" in refused.output) == (2, True), refused.output
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere.db")
    assert (run("prove", "tiny@1").exit_code, Path("nowhere.db").exists()) == (2, False)


def publish_over_http(port: int) -> None:
    """Draft a version with another limit, wait until a process of its own has checked it, and approve it."""
    rules, scenarios = texts(6_000)
    status, text = ask(port, "POST", "/v1/policies/drafts", {"rules": rules, "scenarios": scenarios})
    assert (status, json.loads(text)["state"]) == (201, "checking")
    where, deadline = f"/v1/policies/drafts/{json.loads(text)['id']}", time.monotonic() + 60
    while (found := json.loads(ask(port, "GET", where)[1]))["state"] == "checking" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found["state"] == "ready"
    assert ask(port, "POST", f"{where}/approve", {"seen": found["seen"]})[0] == 201


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_running_service_takes_a_new_version_and_loses_no_request(database_url: str) -> None:
    database = open_database(Settings(database_url=database_url))
    approved(database)

    def open_account() -> None:
        facts = {name: each for name, each in account_facts("A").items() if name != "grade"}
        ledger.open_accounts(database, [StoredAccount("tiny", facts)], NOW)
        ledger.grant(database, [Grant("A.1", "A", lot_facts(10**9), NOW - timedelta(days=99))], NOW)

    writing(database, open_account)
    close_database(database)
    answers: list[tuple[int, dict[str, Any]]] = []
    with forked(database_url, workers=2) as port:
        body = {"account": "A", "request": asking(5_500)}

        def file_on() -> None:
            deadline, behind = time.monotonic() + 60, 0
            while behind < 10 and time.monotonic() < deadline:
                status, text = ask(port, "POST", "/v1/refund-requests", body, key=os.urandom(8).hex())
                answers.append((status, json.loads(text)))
                behind += status == 201 and answers[-1][1]["decision"]["version"] == 2
                # The process that checks needs a turn, too.
                time.sleep(0.03)

        filing = [threading.Thread(target=file_on) for _ in range(2)]
        for each in filing:
            each.start()
        while len(answers) < 10 and any(each.is_alive() for each in filing):
            time.sleep(0.01)
        publish_over_http(port)
        for each in filing:
            each.join()
    assert {status for status, _ in answers} == {201}
    made = {(each["decision"]["version"], each["decision"]["outcome"]) for _, each in answers}
    assert made == {(1, "denied"), (2, "approved")}, "each is wholly on one version"
    again = [each for each in Replay(database, Chosen(), "en", 2).decisions() if each is not None]
    assert (len(again), [each for each in again if each.differences or not each.again]) == (len(answers), [])
    close_database(database)
