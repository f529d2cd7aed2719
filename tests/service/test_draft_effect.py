"""What an approver sees of a draft besides its checks: examples, and whom it affects; and what a withdrawal changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service import access_keys, drafts, ledger
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, execute, reading, rows, writing
from service.erasing import Erasing
from service.json_body import canonical
from service.ledger import Grant, StoredAccount
from service.parts import EXTENSION
from service.publishing import Versions, publish
from tests.service.builders import NOW, Run, SetClock, account_facts, lot_facts
from tests.service.drafting import APPROVER, AUTHOR, RULES, approved, ready, texts
from tests.service.test_reference import check

EVERYBODY = ("author", "approver", "auditor")


@pytest.fixture
def keyed(database_url: str, database: Database, clock: SetClock) -> Iterator[FlaskClient]:
    """The service with keys on a programme with an account that a higher limit pays more, and one that it does not."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)

    def work() -> None:
        for name, points in (("A", 10**6), ("B", 500)):
            facts = {fact: value for fact, value in account_facts(name).items() if fact != "grade"}
            ledger.open_accounts(database, [StoredAccount("tiny", facts)], NOW)
            grant = Grant(f"{name}.1", name, lot_facts(points), NOW - timedelta(days=99))
            ledger.grant(database, [grant], NOW)

    writing(database, work)
    app = create_app(Settings(database_url=database_url, check_drafts=False), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def header(database: Database, *roles: str) -> dict[str, str]:
    made = writing(database, lambda: access_keys.make(database, "-".join(roles), roles, NOW + timedelta(days=1), NOW))
    return {"Authorization": f"Bearer {made[1]}"}


def affected(database: Database, id: str) -> list[str]:
    with reading(database):
        return [account for account, _ in drafts.affected(database, id)]


def test_each_change_of_a_draft_has_a_case_that_is_decided_otherwise(keyed: FlaskClient, database: Database) -> None:
    made = ready(database, 6_000)
    found = keyed.get(f"/v1/policies/drafts/{made.id}?lang=en", headers=header(database, "approver")).get_json()
    check(found, "Draft")
    (subject,) = found["shown"]["differences"]
    assert "5,000" in subject["was"][0]["text"]
    assert "6,000" in subject["now"][0]["text"]
    (change,) = subject["changes"]
    example = change["example"]
    assert (change["verdict"], example["old"]["outcome"], example["new"]["outcome"]) == (
        "differs",
        "denied",
        "approved",
    )
    assert example["scenario"].startswith("  - name:")
    # What was seen is what was shown, the examples too.
    assert found["seen"] == made.seen


def test_a_first_text_and_one_that_fails_have_nothing_to_compare(database: Database) -> None:
    first = ready(database)
    assert first.data is not None
    assert first.data["shown"]["differences"] is None
    drafts.approve(database, first.id, first.seen or "", None, APPROVER, NOW)
    failing = drafts.draft(database, texts(6_000)[0], texts(7_000)[1], AUTHOR, NOW)
    found = drafts.check(database, Versions(database, 4), failing.id, NOW)
    assert found.data is not None
    assert (found.state, found.data["shown"]["differences"], affected(database, found.id)) == ("failed", None, [])


@pytest.mark.parametrize(("role", "account"), [("approver", "A"), ("auditor", "A"), ("author", None)])
def test_accounts_are_named_to_whoever_may_see_accounts(
    keyed: FlaskClient, database: Database, role: str, account: str | None
) -> None:
    made = ready(database, 6_000)
    found = keyed.get(f"/v1/policies/drafts/{made.id}/affected", headers=header(database, role)).get_json()
    check(found, "Affected")
    (one,) = found["affected"]
    assert (one["account"], one["before"]["payout"], one["after"]["payout"], one["difference"]) == (
        *(account, 5_000, 6_000, 1_000),
    )


def test_only_a_draft_has_affected_accounts(keyed: FlaskClient, database: Database) -> None:
    assert keyed.get("/v1/policies/drafts/P-0/affected", headers=header(database, "author")).status_code == 404
    assert keyed.get("/v1/policies/drafts/P-0/affected", headers=header(database, "agent")).status_code == 403


def test_an_erasure_takes_an_account_out_and_leaves_the_draft_as_it_was_seen(
    keyed: FlaskClient, database: Database
) -> None:
    made = ready(database, 6_000)
    assert affected(database, made.id) == ["A"]
    Erasing(database, Versions(database, 4)).erase("A", "desk", "asked", NOW)
    assert affected(database, made.id) == []
    with reading(database):
        found = drafts.find(database, made.id)
    assert found is not None
    assert found.seen == made.seen


def test_accounts_go_once_the_draft_was_decided_about_and_not_before(keyed: FlaskClient, database: Database) -> None:
    waiting, rejected = ready(database, 6_000), ready(database, 6_100)
    drafts.reject(database, rejected.id, "No.", APPROVER, NOW)
    last = ready(database, 6_200)
    assert [affected(database, each.id) for each in (waiting, rejected, last)] == [["A"], [], ["A"]]
    drafts.approve(database, last.id, last.seen or "", None, APPROVER, NOW)
    later = NOW + timedelta(minutes=1)
    newest = ready(database, 6_300, now=later)
    assert [affected(database, each.id) for each in (waiting, last, newest)] == [[], [], ["A"]]


def test_a_draft_that_an_earlier_release_checked_has_no_examples(keyed: FlaskClient, database: Database) -> None:
    made = drafts.draft(database, *texts(6_000), AUTHOR, NOW)
    data = canonical({"checks": [], "shown": {"changes": [], "to_come": []}})
    insert = "INSERT INTO draft_check (draft_id, passed, data, checked_at) VALUES (?, ?, ?, ?)"
    writing(database, lambda: execute(database, insert, (made.id, True, data, "2026-03-02T01:00:00.000000Z")))
    found = keyed.get(f"/v1/policies/drafts/{made.id}", headers=header(database, "author")).get_json()
    check(found, "Draft")
    assert (found["shown"]["differences"], found["shown"]["impact"]) == (None, None)


def test_a_draft_is_checked_once_whoever_is_later(keyed: FlaskClient, database: Database) -> None:
    made = ready(database, 6_000)
    assert made.data is not None
    other: dict[str, Any] = {"checks": [], "shown": {}}
    writing(database, lambda: drafts._keep_check(database, made, other, [("B", {})], NOW))
    with reading(database):
        found = drafts.find(database, made.id)
    assert found is not None
    assert (found.data, affected(database, made.id)) == (made.data, ["A"])


def test_an_approval_keeps_its_note_and_from_when(keyed: FlaskClient, database: Database) -> None:
    made, approver = ready(database, 6_000), header(database, "approver")
    where = f"/v1/policies/drafts/{made.id}"
    body = {"seen": made.seen, "effective_from": "2026-03-03T10:00:00+09:00", "note": "Agreed."}
    check(body, "ApprovalIn")
    assert keyed.post(f"{where}/approve", json={**body, "note": ""}, headers=approver).status_code == 400
    assert keyed.post(f"{where}/approve", json=body, headers=approver).status_code == 201
    found = keyed.get(where, headers=approver).get_json()
    assert (found["note"], found["effective_from"]) == ("Agreed.", "2026-03-03T01:00:00Z")
    listed = keyed.get("/v1/policies/drafts", headers=approver).get_json()["drafts"]
    assert [each["effective_from"] for each in listed] == ["2026-03-03T01:00:00Z"]
    with reading(database):
        assert rows(database, "SELECT reason FROM publication") == [("Agreed.",)]


def test_a_withdrawal_is_told_as_it_is_then_done(keyed: FlaskClient, database: Database) -> None:
    approver = header(database, "approver")
    nothing = keyed.get("/v1/policies/tiny/withdrawal", headers=approver)
    assert (nothing.status_code, nothing.get_json()["code"]) == (409, "nothing-before")
    assert keyed.get("/v1/policies/none/withdrawal", headers=approver).status_code == 404
    approved(database, 6_000, effective_from=NOW + timedelta(seconds=1))
    told = keyed.get("/v1/policies/tiny/withdrawal?lang=en", headers=approver).get_json()
    check(told, "Withdrawal")
    assert (told["version"], told["restores"]) == (2, 1)
    assert ["6,000" in told["changes"][0]["was"][0]["text"], "5,000" in told["changes"][0]["now"][0]["text"]] == [
        True
    ] * 2
    body = {"version": told["version"], "reason": "Too high."}
    done = keyed.post("/v1/policies/tiny/withdraw", json=body, headers=approver).get_json()
    assert (done["version"], done["restores"], done["effective_from"]) == (3, told["restores"], told["effective_from"])
    # What is withdrawn next is that withdrawal, and before the version that it restored there was none.
    assert keyed.get("/v1/policies/tiny/withdrawal", headers=approver).status_code == 409


def test_the_command_tells_an_approver_of_examples_and_keeps_the_note(
    run: Run, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    made = ready(database, 6_000)
    monkeypatch.setenv("DATABASE_URL", database_url)
    key = writing(database, lambda: access_keys.make(database, "lee", ["approver"], NOW + timedelta(days=999), NOW))[1]
    monkeypatch.setenv("RECOUP_KEY", key)
    shown = run("publish", "show", made.id, "--lang", "en").stdout
    assert "decided differently (try " in shown
    done = run("publish", "approve", made.id, "--seen", made.seen or "", "--note", "Agreed.")
    assert done.exit_code == 0, done.output
    assert "approved by lee: Agreed." in run("publish", "show", made.id, "--lang", "en").stdout
