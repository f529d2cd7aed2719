"""`recoup explain`: a kept decision, and one of a file by the rules that it was made by."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service import records
from service.clock import spoken
from service.config import Settings
from service.database import close_database, open_database, writing
from service.records import Record
from tests.service.test_commands import CASE, Run, ended, run

__all__ = ["run"]


def test_explain_tells_a_decision_of_a_file_by_the_rules_that_it_was_made_by(run: Run) -> None:
    decision = run("decide", "small.yaml", "case.json", "--json").stdout
    Path("decision.json").write_text(json.dumps({**json.loads(decision), "case": CASE}), "utf-8")
    code, told, _ = ended(run("explain", "decision.json", "--rules", "small.yaml"))
    bare = run("explain", "-", "--rules", "small.yaml", "--trace", "--lang", "ko", input=decision).stdout

    assert code == 0
    assert told == run("decide", "small.yaml", "case.json").stdout
    assert "Trace" not in told
    assert "lot L-1" not in told
    assert "포인트(번호 L-1)" in bare, "without its case, a lot has no other name"
    assert "판단 과정\n  expire\n    five-years: 적용; L-1\n" in bare
    assert run("explain", "decision.json", "--rules", "small.yaml", "--html", "page.html").exit_code == 0
    assert "<!doctype html>" in Path("page.html").read_text("utf-8")
    Path("page.html").write_text("mine")
    again = ("explain", "decision.json", "--rules", "small.yaml", "--html", "page.html")
    assert ended(run(*again)) == (2, "", "recoup: page.html is there already; --force overwrites it\n")
    assert Path("page.html").read_text("utf-8") == "mine"
    assert run(*again, "--force").exit_code == 0
    assert "<!doctype html>" in Path("page.html").read_text("utf-8")


def test_explain_reads_what_the_api_answers(run: Run) -> None:
    decision = json.loads(run("decide", "small.yaml", "case.json", "--json").stdout)
    for reason in decision["reasons"]:
        reason["text"] = reason["en"]
    answer = {"id": "D-1", "recorded": True, "decided_at": "2026-03-02T01:00:00Z", **decision, "case": CASE}
    told = run("explain", "-", "--rules", "small.yaml", input=json.dumps(answer)).stdout

    assert told.startswith("Explanation of the decision D-1\n")
    assert "naming the decision D-1" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-"], "recoup: stdin does not hold the rules that it was decided by; name their file with --rules\n"),
        (["-", "--rules", "other.yaml"], "recoup: stdin was decided by another text than other.yaml: its digest is "),
        (["D-1", "--rules", "small.yaml"], "recoup: --rules is for a decision in a file: "),
    ],
    ids=["no_rules", "other_rules", "kept"],
)
def test_explain_says_which_rules_it_needs(arguments: list[str], told: str, run: Run) -> None:
    decision = run("decide", "small.yaml", "case.json", "--json").stdout
    Path("other.yaml").write_text(Path("small.yaml").read_text("utf-8").replace("5 years", "6 years"), "utf-8")
    code, printed, error = ended(run("explain", *arguments, input=decision))

    assert (code, printed) == (2, "")
    assert error.startswith(told)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"payout": 19_501}, "recoup: stdin contradicts itself: gross 20000 is not the sum of its parts, 20001\n"),
        ({"reasons": 3}, "recoup: stdin is not a decision as the API or `recoup decide --json` writes it\n"),
    ],
    ids=["altered", "not_a_decision"],
)
def test_explain_refuses_what_is_no_decision(changed: dict[str, Any], told: str, run: Run) -> None:
    decision = json.loads(run("decide", "small.yaml", "case.json", "--json").stdout)

    assert ended(run("explain", "-", input=json.dumps({**decision, **changed}))) == (2, "", told)


def test_explain_does_not_make_a_database(run: Run) -> None:
    code, _, error = ended(run("explain", "D-01K5M2W8Q3ZV4N7R9T0XYB6C1E"))

    assert (code, Path("recoup.db").exists()) == (2, False)
    assert error.startswith("recoup: there is no database recoup.db")


def test_explain_tells_a_kept_decision(run: Run, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    now = datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert run("publish", "small.yaml").exit_code == 0
    decision = json.loads(run("decide", "small.yaml", "case.json", "--json").stdout)
    database = open_database(Settings(database_url=sqlite_url))
    writing(database, lambda: records.keep(database, Record("D-1", spoken(now), CASE, decision), now))
    close_database(database)

    assert run("explain", "D-1").stdout.startswith("Explanation of the decision D-1\nYour refund of 20,000 points")
    assert ended(run("explain", "D-2")) == (2, "", "recoup: no decision has the id 'D-2'\n")
