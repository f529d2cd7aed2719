"""What an author is told of a text that is being written: over the API, and by the process that works on it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import drafts
from service.app import create_app
from service.beside import Beside
from service.config import SHIPPED_RULES, Settings
from service.database import Database, close_database
from service.errors import Refusal
from service.parts import EXTENSION
from service.publishing import publish
from service.reference_workbench import TRIED
from tests.service.builders import NOW, SetClock
from tests.service.drafting import AUTHOR, RULES, SCENARIOS, approved, texts
from tests.service.test_reference import check

CHECK, TEST, TRY = "/v1/policies:check", "/v1/policies:test", "/v1/policies:try"


def ask(client: FlaskClient, address: str, body: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
    answer = client.post(address, json=body, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_sound_text_is_told_in_sentences(client: FlaskClient, language: str) -> None:
    found = ask(client, CHECK, {"rules": RULES}, language)
    check(found, "CheckedText")
    assert [each["severity"] for each in found["problems"]] == []
    assert (found["declares"]["policy"], found["declares"]["rules"]) == ("tiny", 2)
    limits = next(each for each in found["sentences"]["headings"] if each["kind"] == "limit")
    assert limits["text"] == limits[language]
    assert limits["rules"][0]["rule"] == "daily"
    assert RULES.splitlines()[limits["rules"][0]["line"] - 1].strip() == "- id: daily"
    assert "5,000" in limits["rules"][0]["text"]


def test_a_problem_is_told_with_its_place_its_path_and_its_remedy(client: FlaskClient) -> None:
    found = ask(client, CHECK, {"rules": RULES.replace("at_most:", "at_mots:")})
    check(found, "CheckedText")
    assert (found["declares"], found["sentences"]) == (None, None)
    unknown = next(each for each in found["problems"] if each["code"] == "unknown-field")
    line = next(number for number, text in enumerate(RULES.splitlines(), 1) if "at_most" in text)
    assert (unknown["of"], unknown["line"], unknown["column"]) == ("rules", line, 5)
    assert unknown["path"] == "rules.0.at_mots"
    assert unknown["subject"]["text"] == "daily"
    assert unknown["message"]["text"] == "unknown field 'at_mots'"
    assert unknown["hint"]["text"] == "did you mean 'at_most'?"
    assert unknown["message"]["ko"] == "알 수 없는 항목입니다: 'at_mots'"


def test_advice_about_a_sound_text_is_told_and_keeps_no_sentence_back(client: FlaskClient) -> None:
    advised = RULES.replace(
        "starts: 2025-01-01",
        "starts: 2025-01-01\nfacts:\n  account.vip: {type: flag, ko: 우대, en: VIP, default: false}",
    )
    found = ask(client, CHECK, {"rules": advised})
    assert [each["severity"] for each in found["problems"]] == ["advice"]
    assert found["sentences"] is not None


def test_scenarios_are_green(client: FlaskClient) -> None:
    found = ask(client, TEST, {"rules": RULES, "scenarios": SCENARIOS})
    check(found, "TestedText")
    assert found["problems"] == []
    assert found["failed"] == 0
    assert found["passed"] == len(found["results"]) > 0
    assert {each["case"] for each in found["results"]} == {None}


def test_a_scenario_that_fails_says_what_was_expected_and_what_came(client: FlaskClient) -> None:
    rules, _ = texts(4_000)
    found = ask(client, TEST, {"rules": rules, "scenarios": SCENARIOS})
    red = [each for each in found["results"] if not each["passed"]]
    assert len(red) == found["failed"] > 0
    outcome = next(each for each in red[0]["compared"] if each["key"] == "outcome")
    assert (outcome["expected"], outcome["got"], outcome["same"]) == ("approved", "denied", False)
    assert [(each["ko"], each["en"]) for each in outcome["differences"]] == [
        ("outcome: 기대한 값은 approved, 나온 값은 denied", "expected outcome approved, got denied")
    ]
    assert SCENARIOS.splitlines()[red[0]["line"] - 1].strip()


def test_problems_of_either_file_keep_scenarios_from_being_run(client: FlaskClient) -> None:
    found = ask(client, TEST, {"rules": RULES, "scenarios": SCENARIOS.replace("scenarios:", "scenario:")})
    check(found, "TestedText")
    assert {each["of"] for each in found["problems"]} == {"scenarios"}
    assert (found["results"], found["passed"]) == ([], 0)
    found = ask(client, TEST, {"rules": RULES.replace("at_most", "at_mots"), "scenarios": SCENARIOS})
    assert "rules" in {each["of"] for each in found["problems"]}


def test_one_scenario_is_told_with_its_case_and_the_case_can_be_tried(client: FlaskClient) -> None:
    every = ask(client, TEST, {"rules": RULES, "scenarios": SCENARIOS})["results"]
    name = every[0]["name"]
    found = ask(client, TEST, {"rules": RULES, "scenarios": SCENARIOS, "scenario": name})["results"]
    assert {each["name"] for each in found} == {name}
    assert len(found) == sum(each["name"] == name for each in every)
    case = found[0]["case"]
    decision = ask(client, TRY, {"rules": RULES, **case})
    check(decision, "Decision")
    assert decision["outcome"] == found[0]["compared"][0]["got"]


def test_a_request_is_decided_and_nothing_is_kept(client: FlaskClient) -> None:
    decision = ask(client, TRY, TRIED, "ko")
    check(decision, "Decision")
    assert (decision["outcome"], decision["payout"], decision["id"], decision["recorded"]) == (
        *("approved", 1_000, None),
        False,
    )
    assert decision["trace"]
    assert decision["as_of"] == TRIED["as_of"]
    denied = ask(client, TRY, {**TRIED, "request": {"points": 6_000, "method": "credit"}}, "ko")
    assert [each["text"] for each in denied["reasons"]] == ["한도 5,000"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"rules": "format: 2\n"}, 422, "draft-has-problems"),
        ({"lots": [{"id": "X", "source": "nowhere", "acquired_on": "2026-03-01", "amount": 1}]}, 400, "bad-request"),
        ({"request": {"points": 1, "method": "credit", "colour": "red"}}, 400, "bad-request"),
        ({"as_of": "2020-01-01T00:00:00Z"}, 422, "not-in-force"),
        ({"account": []}, 400, "bad-request"),
        ({"rules": 1}, 400, "bad-request"),
    ],
)
def test_what_cannot_be_tried_says_why(client: FlaskClient, change: dict[str, Any], status: int, code: str) -> None:
    answer = client.post(TRY, json={**TRIED, **change})
    found = answer.get_json()
    assert (answer.status_code, found["code"]) == (status, code)
    check(found, "Problem")
    assert found.get("errors") or found.get("problems") or code == "not-in-force"


def test_a_text_is_not_published_under_a_reserved_id_and_checking_says_so(client: FlaskClient) -> None:
    found = ask(client, CHECK, {"rules": RULES.replace("policy: tiny", "policy: drafts")})
    assert [each["code"] for each in found["problems"]] == ["id-reserved"]


def test_the_scenarios_of_a_version_are_those_of_its_draft_and_of_what_it_restores(
    client: FlaskClient, database: Database
) -> None:
    first, second = texts(5_000)[1], texts(4_500)[1]
    approved(database, 5_000)
    approved(database, 4_500, NOW)
    drafts.withdraw(database, "tiny", 2, "It is too little.", AUTHOR, NOW)

    def scenarios(number: int) -> Any:
        answer = client.get(f"/v1/policies/tiny/versions/{number}/scenarios").get_json()
        check(answer, "ScenariosOfVersion")
        return answer["scenarios"]

    assert [scenarios(number) for number in (1, 2, 3)] == [first, second, first]
    assert client.get("/v1/policies/tiny/versions/4/scenarios").status_code == 404
    assert client.get("/v1/policies/none/versions/1/scenarios").status_code == 404


def test_a_version_without_a_draft_has_the_scenarios_beside_its_file_and_no_others(
    database: Database, database_url: str, clock: SetClock, tmp_path: Path
) -> None:
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    (tmp_path / "tiny.yaml").write_text(RULES, "utf-8")
    (tmp_path / "tiny.test.yaml").write_text(SCENARIOS, "utf-8")
    app: Flask = create_app(Settings(database_url=database_url, access="open", policies=tmp_path), clock)
    client = app.test_client()
    address = "/v1/policies/tiny/versions/1/scenarios"
    assert client.get(address).get_json()["scenarios"] == SCENARIOS
    # Another text is tested by other scenarios.
    (tmp_path / "tiny.yaml").write_text(texts(4_000)[0], "utf-8")
    assert client.get(address).get_json()["scenarios"] is None
    close_database(app.extensions[EXTENSION].database)


@pytest.fixture
def beside() -> Any:
    made = Beside(seconds=20)
    yield made
    made.end()


def test_the_shipped_rules_are_told_as_the_commands_tell_them(beside: Beside) -> None:
    rules = (SHIPPED_RULES / "kt-points.yaml").read_text("utf-8")
    scenarios = (SHIPPED_RULES / "kt-points.test.yaml").read_text("utf-8")
    found = beside.ask("checked", rules, datetime(2026, 3, 10, tzinfo=UTC))
    assert found["problems"] == []
    assert (
        len([rule for each in found["sentences"]["headings"] for rule in each["rules"]]) == found["declares"]["rules"]
    )
    assert beside.ask("tested", rules, scenarios, None)["failed"] == 0


def test_a_text_that_takes_too_long_is_given_up_and_the_next_one_is_answered() -> None:
    beside = Beside(seconds=20)
    now = datetime(2026, 3, 10, tzinfo=UTC)
    assert beside.ask("checked", RULES, now)["problems"] == []
    assert beside._process is not None
    # As a text would that is worked on without end.
    os.kill(beside._process.pid, signal.SIGSTOP)
    beside._seconds = 0.2
    began = time.monotonic()
    with pytest.raises(Refusal, match="text-too-costly"):
        beside.ask("checked", RULES, now)
    assert time.monotonic() - began < 10
    beside._seconds = 20
    assert beside.ask("checked", RULES, now)["problems"] == []
    beside.end()


def test_a_process_is_started_before_anybody_asks() -> None:
    kept = Beside()
    kept.warm()
    started = kept._process
    assert started is not None
    assert kept.ask("checked", RULES, NOW)["sentences"]
    kept.warm()
    assert kept._process is started, "it is started once"
    kept.end()


def test_a_process_is_started_between_requests_and_not_while_the_service_is() -> None:
    kept = Beside()
    steps = kept.made_ready()
    next(steps)
    before = kept._process
    assert list(steps) == []
    after = kept._process
    assert before is None, "what comes before it in the same turn is done first"
    assert after is not None
    assert after.poll() is None
    kept.end()


def test_a_process_that_died_is_started_again(beside: Beside) -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    beside.ask("checked", RULES, now)
    assert beside._process is not None
    beside._process.kill()
    beside._process.wait()
    assert beside.ask("checked", RULES, now)["declares"]["policy"] == "tiny"


def test_a_bug_beside_is_a_bug_here_and_ends_nothing(beside: Beside) -> None:
    with pytest.raises(RuntimeError, match="checked: a bug beside"):
        beside.ask("checked", RULES)
    assert beside.ask("checked", RULES, datetime(2026, 3, 10, tzinfo=UTC))["problems"] == []
