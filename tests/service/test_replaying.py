"""`recoup replay`: what is stored comes out the same, and what somebody changed is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.commands.replay import Progress
from service.config import Settings
from service.database import Database, close_database, execute, on_sqlite, open_database, reading, rows, writing
from service.events import tell
from service.judging import Judge, Question
from service.publishing import Versions
from service.records import INSERT
from service.replaying import PAGE, Chosen, Replay, Replayed
from tests.service.builders import LIFE, NOW, SetClock, asking, lot_facts, open_account, publish_small
from tests.service.processes import run
from tests.service.test_reference import check as conforms

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

COLUMNS = ("id", "account", "policy", "digest", "outcome", "points", "as_of", "decided_at", "case_data", "data")
SELECT = f"SELECT {', '.join(COLUMNS)} FROM decision WHERE points = 5000 AND id > 'D-01' AND id < 'D-02'"  # noqa: S608
VERSION = (
    "INSERT INTO policy_version (digest, policy, number, starts, text, holidays, published_at)"
    " SELECT ?, policy, ?, starts, ?, holidays, published_at FROM policy_version WHERE number = 1"
)
EVENTS: tuple[dict[str, Any], ...] = (
    {"id": "E-1", "type": "bill_paid", "amount": 50_000},
    {"id": "E-2", "type": "purchase", "amount": 20_000},
    {"id": "E-3", "type": "purchase_cancelled", "of": "E-2"},
    {"id": "E-4", "type": "points_used", "amount": 700},
    {"id": "E-5", "type": "points_used", "amount": 700_000_000},
)
ALL = Chosen()


def decide(database: Database, at: SetClock, *points: int, account: str = "A") -> list[str]:
    """Have requests decided and kept; the ids of the decisions."""
    judge = Judge(database, Versions(database, 8), at)
    return [judge.judge(Question(account, asking(each, method="cash")), record=True).id for each in points]


@pytest.fixture
def ids(database: Database) -> list[str]:
    """Decisions of every outcome and answers to events are stored, of two accounts, days and versions."""
    publish_small(database, LIFE)
    open_account(database, lot_facts(60_000), lot_facts(20_000, source="promotion"))
    open_account(database, lot_facts(9_000), name="B")
    found = decide(database, SetClock(), 5_000, 45_000, 70_000)
    publish_small(database, LIFE.replace("12 months", "13 months"))
    found += decide(database, SetClock(NOW + timedelta(days=1)), 1_000, account="B")
    for number, event in enumerate(EVENTS):
        happened_at = (NOW - timedelta(hours=9 - number)).isoformat().replace("+00:00", "Z")
        tell(database, Versions(database, 8), {"account": "A", "happened_at": happened_at, **event}, NOW)
    return found


def replay(database: Database, chosen: Chosen = ALL, language: str = "en") -> list[Replayed]:
    """What deciding again comes to, decisions first."""
    again = Replay(database, chosen, language, 2)
    return [each for each in [*again.decisions(), *again.answers()] if each is not None]


def keep(database: Database, name: str, **changes: Any) -> None:
    """Keep the decision on 5,000 points once more under another id, with changes."""
    with reading(database):
        row = dict(zip(COLUMNS, rows(database, SELECT)[0], strict=True))
    for part in ("case_data", "data"):
        changed = changes.get(part)
        if isinstance(changed, Mapping):
            changes[part] = json.dumps(json.loads(row[part]) | dict(changed))
    writing(database, lambda: execute(database, INSERT, tuple((row | changes | {"id": name}).values())))


def test_what_is_stored_is_decided_the_same_again(database: Database, ids: list[str]) -> None:
    found = replay(database)
    assert [(each.id, list(each.differences)) for each in found] == [
        *((each, []) for each in sorted(ids)),
        *((each["id"], []) for each in EVENTS),
    ]
    assert [each.id for each in found if not each.again] == ["E-5"], "which lots held too few is not in its case"


def test_what_is_chosen_is_decided_again_and_nothing_else(database: Database, ids: list[str]) -> None:
    first, second, third, fourth = ids
    events = [each["id"] for each in EVENTS]
    for chosen, expected in (
        (Chosen(account="B"), [fourth]),
        (Chosen(account="A"), [first, second, third, *events]),
        (Chosen(policy="small"), [*ids, *events]),
        (Chosen(policy="small", number=1), [first, second, third]),
        (Chosen(policy="small", number=2), [fourth, *events]),
        (Chosen(policy="other"), []),
        # The events happened on the first of March in UTC, and on the second in Korea.
        (Chosen(day=date(2026, 3, 2)), [first, second, third, *events]),
        (Chosen(day=date(2026, 3, 1)), []),
        (Chosen(day=date(2026, 3, 3), account="B"), [fourth]),
        (Chosen(id="E-2"), ["E-2"]),
        (Chosen(id=second), [second]),
        (Chosen(id="E-9"), []),
    ):
        assert sorted(each.id for each in replay(database, chosen)) == sorted(expected), chosen


def test_each_record_that_somebody_changed_is_named_and_the_others_are_decided_again(
    database: Database, ids: list[str]
) -> None:
    for number, text in ((7, "format: 1\n"), (8, "no policy at all")):
        writing(database, lambda n=number, text=text: execute(database, VERSION, (f"sha256:{n}", n, text)))  # type: ignore[misc]
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "case-no-json": ({"case_data": "{"}, "the record is not JSON: "),
        "data-no-json": ({"data": "so"}, "the record is not JSON: "),
        "data-a-list": ({"data": "[]"}, "the record is not a decision: "),
        "data-deep": ({"data": "[" * 100_000}, "the record is not JSON: "),
        "case-a-list": ({"case_data": "[]"}, "the case cannot be decided again: "),
        "case-lacks": ({"case_data": {"lots": 7}}, "the case cannot be decided again: lots "),
        "case-too-early": ({"case_data": {"as_of": "2019-01-01T00:00:00Z"}}, "the case cannot be decided again: 'sm"),
        "law": ({"data": {"fee": 51}}, "the record is not a decision: gross 5000 is not the sum of its parts, 5001"),
        "day": ({"data": {"payable_on": "2026-03-09"}}, "payable_on: was '2026-03-09', is now '2026-03-05'"),
        "engine": ({"data": {"engine": "0.0.1"}}, ""),
        "true": ({"data": {"tax": False}}, "tax: was false, is now 0"),
        "digest": ({"data": {"digest": "sha256:0"}}, "digest: was 'sha256:0', is now 'sha256:"),
        "column": ({"account": "C", "points": 7}, "[account]: was 'C', is now 'A'"),
        "other-text": ({"digest": "sha256:7"}, "the text that is kept of the version sha256:7 is not its text: "),
        "no-text": ({"digest": "sha256:8"}, "the text that is kept of the version sha256:8 is not its text: "),
        "lacking": ({"digest": "sha256:9"}, "the text of the version sha256:9 is not kept"),
    }
    for name, (changed, _) in changes.items():
        without_foreign_keys(database, lambda name=name, changed=changed: keep(database, name, **changed))  # type: ignore[misc]
    found = {each.id: each.differences for each in replay(database)}
    assert set(found) == {*changes, *ids, *(each["id"] for each in EVENTS)}
    told = {name: next(iter(found[name]), "") for name in changes}
    assert {name: each[: len(changes[name][1])] for name, each in told.items()} == {
        name: expected for name, (_, expected) in changes.items()
    }
    assert {name for name, each in told.items() if not each} == {"engine"}
    assert not any(found[name] for name in ids)
    assert "lacking" in {each.id for each in replay(database, Chosen(policy="small"))}
    in_korean = {each.id: each.differences for each in replay(database, ALL, "ko")}
    assert in_korean["day"] == ["payable_on: 기록은 '2026-03-09', 지금은 '2026-03-05'"]
    assert [name for name in changes if len(in_korean[name]) != len(found[name])] == []
    assert [name for name in changes if in_korean[name] and in_korean[name] == found[name]] == []


def without_foreign_keys(database: Database, work: Callable[[], None]) -> None:
    """Do what no service does: a decision of a version that is not there."""
    if on_sqlite(database):
        with database.connection_context():
            execute(database, "PRAGMA foreign_keys = 0")
        work()
        with database.connection_context():
            execute(database, "PRAGMA foreign_keys = 1")
        return
    with database.connection_context():
        execute(database, "SET session_replication_role = replica")
    work()
    with database.connection_context():
        execute(database, "SET session_replication_role = DEFAULT")


def test_an_answer_to_an_event_that_somebody_changed_is_named(database: Database, ids: list[str]) -> None:
    assert ids
    event = (
        "INSERT INTO event SELECT ?, account_id, type, of, amount, body, digest, happened_at, entered_at FROM event"
        " WHERE id = 'E-1'"
    )
    answer = (
        "INSERT INTO event_answer SELECT ?, digest, ?, case_data, ?, answered_at FROM event_answer"
        " WHERE event_id = 'E-1'"
    )
    with reading(database):
        data = json.loads(rows(database, "SELECT data FROM event_answer WHERE event_id = 'E-1'")[0][0])
    changes: dict[str, tuple[bool, str, str]] = {
        "X-1": (False, "}", "the record cannot be read: "),
        "X-2": (True, json.dumps(data), "[event]: was 'X-2', is now 'E-1'"),
        "X-3": (False, json.dumps(data | {"happened_on": "2026-03-07"}), "happened_on: was '2026-03-07', is now"),
        "X-4": (False, json.dumps(data | {"points": 501}), "the record is not an answer to an event: "),
    }
    for name, (refused, text, _) in changes.items():

        def work(name: str = name, refused: bool = refused, text: str = text) -> None:
            execute(database, event, (name,))
            execute(database, answer, (name, refused, text))

        writing(database, work)
    found = {each.id: each.differences for each in replay(database)}
    for name, (_, _, expected) in changes.items():
        assert found[name][0].startswith(expected), name
    assert found["X-2"][1] == "[refused]: was true, is now false"


def test_writes_that_go_on_hide_no_row_and_show_none_twice(database: Database) -> None:
    publish_small(database)
    open_account(database, lot_facts(60_000))
    (first,) = decide(database, SetClock(), 5_000)
    names = [f"D-{number:03}" for number in range(2 * PAGE + 1)]
    for name in names:
        keep(database, name)
    again = Replay(database, ALL, "en", 1)
    found = []
    for number, each in enumerate(again.decisions()):
        assert each is not None
        found.append(each.id)
        if number == PAGE:
            # One behind where it is, and one after the last.
            keep(database, "D-000-late")
            keep(database, "Z-late")
    assert sorted(found) == sorted([first, *names])
    assert again.rows == len(found)


def test_the_command_ends_as_ci_needs_it(database_url: str) -> None:
    database = open_database(Settings(database_url=database_url))
    publish_small(database)
    open_account(database, lot_facts(60_000))
    (first,) = decide(database, SetClock(), 5_000)
    same = run(database_url, "replay", "--lang", "en")
    expected = "1 decisions and 0 answers to events decided again: no differences\n"
    assert (same.returncode, same.stdout, same.stderr) == (0, expected, "")
    keep(database, "D-X", data={"payable_on": "2026-03-09"})
    close_database(database)
    other = run(database_url, "replay", "--day", "2026-03-02", "--lang", "ko")
    assert (other.returncode, other.stdout.splitlines()) == (
        1,
        [
            "D-X: payable_on: 기록은 '2026-03-09', 지금은 '2026-03-05'",
            "결정 2건과 이벤트의 답 0건을 다시 판정: 1건에 차이 있음",
        ],
    )
    assert run(database_url, "replay", first).returncode == 0
    none = run(database_url, "replay", "--day", "2026-03-03", "--lang", "en")
    assert (none.returncode, none.stdout) == (
        0,
        "no such decision and no such answer to an event is kept: there was nothing to decide again\n",
    )
    for arguments, words in (
        (["D-Y"], "recoup: no decision and no answered event has the id 'D-Y'\n"),
        (["--account", "a"], "recoup: no account has the id 'a', and nothing was decided about one\n"),
        (["--policy", "smal"], "recoup: 'smal' was never published\n"),
        (["--policy", "small@2"], "recoup: 'small@2' was never published\n"),
        (["--policy", "small@x"], "recoup: 'small@x' is no policy and no version; write POLICY or POLICY@NUMBER\n"),
        (["--day", "2026-13-01"], "recoup: --day: '2026-13-01' is not a day; write it like 2026-01-31\n"),
    ):
        ended = run(database_url, "replay", *arguments, "--lang", "en")
        assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", words)


CHANGED: tuple[tuple[dict[str, Any], int | None, str], ...] = (
    ({}, 4_950, ""),
    ({"data": {"payable_on": "2026-03-09"}}, 4_950, "payable_on: was '2026-03-09', is now '2026-03-05'"),
    ({"outcome": "denied"}, 4_950, "[outcome]: was 'denied', is now 'approved'"),
    ({"case_data": "{"}, None, "the record is not JSON: "),
    ({"case_data": {"lots": 7}}, None, "the case cannot be decided again: "),
)


@pytest.mark.parametrize(("changes", "payout", "told"), CHANGED)
def test_the_service_makes_one_decision_again_and_says_what_differs(
    client: FlaskClient, database: Database, changes: dict[str, Any], payout: int | None, told: str
) -> None:
    decide(database, SetClock(), 5_000)
    # The record that somebody changed is another one, found by the same statement.
    keep(database, "D-X", **changes)
    answer = client.get("/v1/audit/decisions/D-X/replay").get_json()
    conforms(answer, "Replay")
    assert (answer["again"], answer["erased"]) == (payout is not None, False)
    assert (answer["now"] or {}).get("payout") == payout
    assert [each.startswith(told) for each in answer["differences"]] == ([True] if told else [])


def test_a_database_that_is_not_there_or_not_migrated_is_bad_use(empty_sqlite_url: str) -> None:
    missing = run(empty_sqlite_url, "replay")
    assert (missing.returncode, missing.stderr[:28]) == (2, "recoup: there is no database")
    close_database(opened := open_database(Settings(database_url=empty_sqlite_url)))
    with opened.connection_context():
        execute(opened, "CREATE TABLE other (id TEXT)")
    close_database(opened)
    assert run(empty_sqlite_url, "replay").returncode == 2


def test_what_takes_longer_than_a_second_tells_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0.0, 0.5, 0.9, 1.0, 2.9, 3.0, 3.1])
    progress = Progress(6_000, "en", lambda: next(seconds))
    for _ in range(6):
        progress.step()
    assert capsys.readouterr().err == "3 of 6,000\n5 of 6,000\n"
