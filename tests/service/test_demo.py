"""The example accounts: real, the same everywhere, loaded once, of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from engine.cases import read_case
from engine.decide import decide
from service import demo, records
from service.app import create_app
from service.clock import spoken
from service.commands.serve import prepare
from service.config import SHIPPED_RULES, BadSetting, Settings
from service.database import Database, close_database, open_database, reading, rows
from service.explanation import explanation
from service.judging import Judge, Question
from service.ledger_check import differences
from service.migrate import migrate
from service.pages.site import WithPages
from service.parts import EXTENSION
from service.publishing import Versions, publish
from service.records import Record
from service.roles import RIGHTS
from tests.service.builders import SetClock
from tests.service.pages.visiting import enter

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("loaded", ["sqlite"], indirect=True)
COUNTS = {
    "accounts": "SELECT count(*) FROM account",
    "lots": "SELECT count(*) FROM lot",
    "decisions": "SELECT count(*) FROM decision",
}
KINDS = {
    "status": "SELECT DISTINCT status FROM account",
    "identity_level": "SELECT DISTINCT identity_level FROM account",
    "source": "SELECT DISTINCT source FROM lot",
    "state": "SELECT DISTINCT state FROM refund_request",
    "locked": "SELECT DISTINCT CASE WHEN locked THEN 1 ELSE 0 END FROM lot",
    "earned or taken over": "SELECT DISTINCT CASE WHEN rule = '' THEN 1 ELSE 0 END FROM lot",
}


def asked(database: Database, questions: dict[str, str]) -> dict[str, Any]:
    with reading(database):
        return {name: rows(database, sql) for name, sql in questions.items()}


@pytest.fixture
def settings(empty_database_url: str) -> Settings:
    return Settings(database_url=empty_database_url)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A database of either kind with the example accounts, and the last line that was told of them."""
    url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        server.psql("CREATE DATABASE demo")
        url = server.get_uri("demo")
    settings = Settings(database_url=url)
    database = open_database(settings)
    told = demo.set_up(database, settings, SetClock(NOW))
    close_database(database)
    return settings, told[-1]


def test_the_demo_is_loaded_once(loaded: tuple[Settings, str]) -> None:
    settings, first = loaded
    database = open_database(settings)
    before = asked(database, COUNTS)
    again = demo.set_up(database, settings, SetClock(NOW.replace(day=21)))
    assert (first, again[-1]) == ("made 240 example accounts", "the example accounts are there already")
    assert asked(database, COUNTS) == before
    assert before["accounts"] == [(240,)]
    found = {name: {row[0] for row in values} for name, values in asked(database, KINDS).items()}
    assert found == {
        "status": {"active", "dormant", "suspended", "closed"},
        "identity_level": {0, 1, 2, 3},
        "source": {"bill_payment", "promotion", "purchase", "partner"},
        "state": found["state"],
        "locked": {0, 1},
        "earned or taken over": {0, 1},
    }
    assert found["state"] >= {"approved", "denied"}
    with reading(database):
        assert differences(database) == []
    close_database(database)


def test_the_first_account_has_notices_as_if_it_had_been_swept_every_night(loaded: tuple[Settings, str]) -> None:
    settings, _ = loaded
    database = open_database(settings)
    with reading(database):
        found = rows(database, "SELECT account_id, COUNT(*) FROM notice GROUP BY account_id")
        swept = rows(database, "SELECT id FROM account WHERE swept_on IS NOT NULL")
    close_database(database)
    assert [account for account, _ in found] == ["A-0001"]
    assert found[0][1] >= 2
    assert swept == [("A-0001",)]


def test_the_members_page_has_no_notice_of_points_that_are_gone(loaded: tuple[Settings, str]) -> None:
    app = create_app(replace(loaded[0], access="open"), SetClock(NOW))
    member = Client(WithPages(app))
    enter(member, "member", "A-0001")
    told = member.get("/v1/accounts/A-0001/notices").get_json()["notices"]
    shown = member.get("/member?lang=en").text
    assert {each["last_usable_on"] >= "2026-11-20" for each in told} == {True, False}
    assert [each["en"] for each in told if each["en"] in shown] == [
        each["en"] for each in told if each["last_usable_on"] >= "2026-11-20"
    ]
    close_database(app.extensions[EXTENSION].database)


def kept(settings: Settings) -> Iterator[tuple[Database, Record]]:
    """Each decision of the demo."""
    database = open_database(settings)
    with reading(database):
        for (decision,) in rows(database, "SELECT id FROM decision ORDER BY id"):
            found = records.find(database, decision)
            assert found is not None
            yield database, found
    close_database(database)


@ON_SQLITE
def test_nothing_in_the_demo_lies_behind_its_decision(loaded: tuple[Settings, str]) -> None:
    for database, record in kept(loaded[0]):
        ((published_at,),) = rows(database, "SELECT published_at FROM policy_version")
        assert published_at < record.decision["as_of"]
        account, day = record.case["account"], record.decision["requested_on"]
        days = [account[name] for name in ("joined_on", "contact_changed_on", "last_activity_on") if account[name]]
        assert [each for each in (*days, *(lot["acquired_on"] for lot in record.case["lots"])) if each > day] == []


@ON_SQLITE
def test_the_nearest_request_of_a_denial_comes_to_what_was_told(loaded: tuple[Settings, str]) -> None:
    """Judged on the account as it was then, by the service; or, of a later day, on the facts that were kept."""
    found = 0
    versions: Versions | None = None
    for database, record in kept(loaded[0]):
        versions = versions or Versions(database, 1)
        compiled = versions.compiled(record.decision["digest"])
        told = explanation(record, compiled, 30)["nearest"]
        assert (told is not None) == (record.decision["outcome"] == "denied")
        if told is None or not told["found"]:
            continue
        found += 1
        changes = {path.removeprefix("request."): value for path, value in told["set"].items() if path != "as_of"}
        request = {**record.case["request"], **changes}
        at = datetime.fromisoformat(told["set"].get("as_of", record.decision["as_of"]))
        if "as_of" in told["set"]:
            later = {**record.case, "request": request, "as_of": spoken(at)}
            made = decide(compiled, read_case(compiled.policy, later)).to_data()
        else:
            account = record.decision["account"]
            judge = Judge(database, versions, SetClock(NOW))
            made = dict(judge.judge(Question(account, request, as_of=at), record=False).decision)
        assert {name: made[name] for name in told["decision"]} == told["decision"]
    assert found > 20


@ON_SQLITE
def test_what_is_printed_to_try_asks_with_a_key_where_one_is_needed(loaded: tuple[Settings, str]) -> None:
    settings, _ = loaded
    told = "\n".join(prepare(replace(settings, access="keys"), demo=True))
    made, *asking = (line.strip() for line in told.splitlines() if "KEY" in line and "ACCESS" not in line)
    assert made == "KEY=$(.venv/bin/recoup access create trial --role caller | sed -n 's/^key //p')"
    assert len(asking) == 2
    assert all('-H "Authorization: Bearer $KEY"' in line for line in asking)
    assert all("caller" in RIGHTS[each] for each in ("POST /v1/decisions", "GET /v1/accounts/{id}/balance"))
    assert "$KEY" not in "\n".join(prepare(replace(settings, access="open"), demo=True))


def test_what_is_printed_to_try_works(loaded: tuple[Settings, str]) -> None:
    settings, _ = loaded
    app = create_app(replace(settings, access="open"), SetClock(NOW))
    client = app.test_client()
    request = {"points": 20_000, "method": "cash", "receiving_account": "RA-0001", "receiving_holder": "member"}
    decided = client.post("/v1/decisions", json={"account": "A-0001", "request": request}).get_json()
    assert (decided["outcome"], decided["gross"]) == ("approved", 20_000)
    balance = client.get("/v1/accounts/A-0001/balance").get_json()
    assert balance["refundable"] >= 20_000
    entries = client.get("/v1/accounts/A-0001/entries").get_json()["entries"]
    assert any(each["kind"] == "expire" for each in entries)
    not_swept = [client.get(f"/v1/accounts/A-{number:04}/balance").get_json() for number in range(2, 12)]
    assert any(lot["expired"] for each in not_swept for lot in each["lots"])
    assert any(not lot["refundable"] for lot in balance["lots"])
    assert balance["points"] > sum(each["points"] for each in balance["expiring"][:1]) > 0
    close_database(app.extensions[EXTENSION].database)


def test_the_accounts_are_the_same_on_every_machine(tmp_path: Path, postgresql_url: str) -> None:
    seen = []
    question = {"lots": 'SELECT id, source, campaign, amount, "left", event, rule FROM lot ORDER BY id'}
    for url in (f"sqlite:///{tmp_path / 'demo.db'}", postgresql_url):
        database = open_database(Settings(database_url=url))
        migrate(database)
        publish(database, (SHIPPED_RULES / "kt-points.yaml").read_bytes(), "kt-points.yaml", NOW)
        assert demo.load(database, Versions(database, 1), NOW, accounts=30) == 30
        seen.append(sorted(asked(database, question)["lots"]))
        close_database(database)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("text", "words"), [(None, "where there is no rule file"), ("format: 2\n", "has a rule file with problems: ")]
)
def test_a_folder_without_usable_rules_is_one_clear_line(
    tmp_path: Path, settings: Settings, text: str | None, words: str
) -> None:
    if text:
        (tmp_path / "x.yaml").write_text(text)
    database = open_database(settings)
    with pytest.raises(BadSetting, match=f"POLICIES .*{words}"):
        demo.set_up(database, replace(settings, policies=tmp_path), SetClock(NOW))
    close_database(database)
