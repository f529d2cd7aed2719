"""/v1/faq and `recoup faq`: found by words and by rules, with the figures of today, the same on both databases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from service.answers import without_additions
from service.app import create_app
from service.cli import recoup
from service.config import SHIPPED_RULES, Settings
from service.database import Database, close_database
from service.parts import EXTENSION
from service.publishing import publish
from tests.service.builders import POLICY, SetClock, asking, lot_facts, open_account, publish_small

MONTHLY = """\
---
policy: small
topic: limits
about: [monthly]
words: [한도 초과]
---
# 한 달에 얼마까지 환급되나요?

월 한도는 **{rule:monthly.at_most}포인트**입니다. [자세히](https://example.com)

# How much is refunded in a month?

At most **{rule:monthly.at_most} points**.
"""
LIFE = """\
---
policy: small
about: [life, promotion]
---
# 포인트환급은 언제까지 되나요?

{rule:life.after} 동안 됩니다.

# Until when are points refunded?

For {rule:life.after}.
"""
EVERY = """\
---
policy: all
about: [not-enough-points]
---
# 문의는 언제 답변되나요?

{setting:answer_within_days}일 안에 됩니다.

# When is a question answered?

Within {setting:answer_within_days} days.
"""
ELSEWHERE = MONTHLY.replace("policy: small", "policy: other")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of rules with a FAQ of four entries; one is of a policy that nobody published, one is broken."""
    faq = tmp_path / "rules" / "faq"
    faq.mkdir(parents=True)
    texts = {"monthly": MONTHLY, "life": LIFE, "answers": EVERY, "elsewhere": ELSEWHERE, "broken": "nothing"}
    for name, text in texts.items():
        (faq / f"{name}.md").write_text(text, "utf-8")
    (tmp_path / "rules" / "small.yaml").write_text(POLICY, "utf-8")
    return tmp_path / "rules"


@pytest.fixture
def client(database_url: str, database: Database, clock: SetClock, folder: Path) -> Iterator[FlaskClient]:
    publish_small(database)
    open_account(database, lot_facts(10_000), lot_facts(20_000, source="promotion"))
    app = create_app(Settings(database_url=database_url, access="open", policies=folder), clock)
    yield app.test_client()
    close_database(app.extensions[EXTENSION].database)


def ids(client: FlaskClient, query: str) -> list[str]:
    return [each["id"] for each in client.get(f"/v1/faq?{query}").get_json()["entries"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=환급", ["life", "monthly"]),
        ("q=환급을", ["life", "monthly"]),
        ("q=한도 초과", ["monthly"]),
        ("q=MONTHS", ["monthly"]),
        ("q=50,000", ["monthly"]),
        ("q=환급&limit=1", ["life"]),
        ("q=answered&policy=small", ["answers"]),
        ("q=없는낱말", []),
        ("", ["answers", "life", "monthly"]),
        ("policy=all", ["answers"]),
    ],
)
def test_entries_are_found_by_words_the_best_first(client: FlaskClient, query: str, expected: list[str]) -> None:
    assert ids(client, query) == expected


def test_a_policy_that_is_not_published_has_no_faq(client: FlaskClient) -> None:
    for query in ("policy=nothing", "q=환급&policy=nothing"):
        answer = client.get(f"/v1/faq?{query}")
        (error,) = answer.get_json()["errors"]
        assert (answer.status_code, error["parameter"]) == (404, "policy")
        assert error["detail"] == "is no published policy; published are small"


def test_what_was_found_shows_where_the_words_stand(client: FlaskClient) -> None:
    found = client.get("/v1/faq?q=한도&lang=ko").get_json()
    assert found["total"] == 1
    assert found["entries"][0] == {
        "id": "monthly",
        "policy": "small",
        "topic": "limits",
        "about": ["monthly"],
        "title": {
            "ko": "한 달에 얼마까지 환급되나요?",
            "en": "How much is refunded in a month?",
            "text": "한 달에 얼마까지 환급되나요?",
        },
        "match": {
            "language": "ko",
            "title": "한 달에 얼마까지 환급되나요?",
            "title_highlights": [],
            "snippet": "월 한도는 50,000포인트입니다. 자세히",
            "highlights": [[2, 4]],
        },
    }


def test_korean_words_are_found_by_who_reads_english_and_shown_in_korean(client: FlaskClient) -> None:
    found = client.get("/v1/faq?q=한도&lang=en").get_json()["entries"][0]
    assert (found["title"]["text"], found["match"]["language"]) == ("How much is refunded in a month?", "ko")


def test_an_entry_has_the_figures_of_the_version_in_force(
    client: FlaskClient, database: Database, clock: SetClock
) -> None:
    assert client.get("/v1/faq/monthly?lang=en").get_json()["answer"]["text"] == "At most **50,000 points**."
    text = POLICY.replace("at_most: 50_000", "at_most: 70_000").replace("starts: 2025-01-01", "starts: 2026-04-01")
    publish(database, text.encode(), "small.yaml", clock())
    assert "50,000" in client.get("/v1/faq/monthly").get_json()["answer"]["en"]
    clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    assert "70,000" in client.get("/v1/faq/monthly").get_json()["answer"]["en"]
    assert ids(client, "q=70,000") == ["monthly"]


@pytest.mark.parametrize("id", ["elsewhere", "broken", "nothing"])
def test_what_is_of_no_published_policy_broken_or_unknown_is_not_there(client: FlaskClient, id: str) -> None:
    answer = client.get(f"/v1/faq/{id}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("query", ["q=", "q=%20", f"q={'x' * 201}", "limit=0", "limit=201", "colour=red", "lang=de"])
def test_a_query_is_read_strictly(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/v1/faq?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")


def test_every_reason_leads_to_the_entries_that_explain_it(client: FlaskClient) -> None:
    asked = {"account": "A", "request": asking(51_000)}
    made = client.post("/v1/decisions", json=asked).get_json()
    links = {reason["rule"]: reason["faq"] for reason in made["reasons"]}
    assert links == {"monthly": ["monthly"], "order": []}
    assert made["lots"][1]["reasons"][0]["faq"] == ["life"]
    kept = client.get(f"/v1/decisions/{made['id']}").get_json()
    assert kept["reasons"] == made["reasons"]
    headers = {"Idempotency-Key": "k"}
    filed = client.post("/v1/refund-requests", json=asked, headers=headers).get_json()["decision"]
    assert {reason["rule"]: reason["faq"] for reason in filed["reasons"]} == links
    balance = client.get("/v1/accounts/A/balance").get_json()
    assert balance["lots"][1]["reasons"][0]["faq"] == ["life"]


def test_links_are_not_part_of_the_decision_that_is_kept(client: FlaskClient, database: Database) -> None:
    made = client.post("/v1/decisions", json={"account": "A", "request": asking(51_000)}).get_json()
    with database.connection_context():
        [(data,)] = database.execute_sql("SELECT data FROM decision").fetchall()  # type: ignore[no-untyped-call]
    assert '"faq"' not in data
    own = {name: each for name, each in made.items() if name not in ("id", "recorded", "decided_at")}
    assert without_additions(own) == json.loads(data)


def test_a_broken_entry_is_named_in_the_log_and_keeps_nothing_else_away(
    database_url: str, folder: Path, caplog: pytest.LogCaptureFixture, database: Database
) -> None:
    app = create_app(Settings(database_url=database_url, access="open", policies=folder))
    assert "broken.md:1:1: the file has no head" in caplog.text
    assert app.test_client().get("/v1/faq/answers").status_code == 200
    close_database(app.extensions[EXTENSION].database)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(recoup, ["faq", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_check_lists_every_problem_in_the_language_asked_for(folder: Path) -> None:
    faq = folder / "faq"
    code, said = run("check", str(faq), "--lang", "en")
    assert code == 1
    assert [line.split("/")[-1].partition(";")[0] for line in said.splitlines()] == [
        "broken.md:1:1: the file has no head between two lines '---'",
        "elsewhere.md:2:1: there is no policy 'other'",
    ]
    assert "파일이 '---' 줄로 시작하지 않습니다" in run("check", str(faq), "--lang", "ko")[1]
    for name in ("broken", "elsewhere"):
        (faq / f"{name}.md").unlink()
    assert run("check", str(faq)) == (0, f"{faq}: ok, 3 entries\n")


def test_check_and_search_know_the_shipped_entries() -> None:
    code, said = run("check")
    assert (code, said.endswith(" entries\n")) == (0, True)
    code, said = run("search", "월", "한도", "--lang", "ko")
    assert (code, said.startswith("monthly-limit: 한 달에 얼마까지 환급받을 수 있나요?\n")) == (0, True)
    assert run("search", "없는낱말", "--lang", "ko") == (1, "recoup: 찾은 것이 없습니다\n")


def test_search_reads_the_folder_that_is_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "faq", tmp_path / "rules2" / "faq")
    assert run("search", "한도", "--folder", str(folder / "faq"))[0] == 1
    (folder / "faq" / "broken.md").unlink()
    (folder / "faq" / "elsewhere.md").unlink()
    code, said = run("search", "limit", "한도", "--folder", str(folder / "faq"), "--lang", "en")
    assert (code, said.splitlines()[0]) == (0, "monthly: 한 달에 얼마까지 환급되나요?")
    assert run("check", str(tmp_path / "nothing"))[0] == 2


def test_the_shipped_folder_is_the_default() -> None:
    assert (SHIPPED_RULES / "faq" / "monthly-limit.md").is_file()
