"""`recoup population`: what is stored as Parquet, what is made up, and what becomes of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from engine.population.answers import FOUND_OUT, Asking
from service.cli import recoup
from service.config import Settings
from service.database import Database, open_database
from service.judging import Judge, Question
from service.parts import EXTENSION
from service.publishing import Versions
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
from tests.service.conftest import Apps, hand_on

pytest.importorskip("duckdb")
pq = pytest.importorskip("pyarrow.parquet")
AT = "2026-03-02T10:00:00+09:00"
REQUESTED = Asking(NOW, ("cash", "credit"))
ENGINES = ("duckdb", "plain")
MADE = ("--policy", "small.yaml", "--accounts", "40", "--lots", "3", "--as-of", AT)


@pytest.fixture
def recoup_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command that needs no database, in a folder of its own with the small policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(POLICY, "utf-8")
    return lambda *arguments: CliRunner().invoke(recoup, arguments)


def answers_in(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of answers."""
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found


@pytest.fixture
def stored(sqlite_url: str, apps: Apps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command on forty stored accounts, in a folder of its own with the small policy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    (tmp_path / "small.yaml").write_text(POLICY, "utf-8")
    database = open_database(Settings(database_url=sqlite_url))
    publish_small(database)
    app = apps.at(sqlite_url)
    apps.clock = SetClock()
    store_accounts(app.test_client(), database, 40)
    yield lambda *arguments: CliRunner().invoke(recoup, arguments)
    hand_on(database)
    hand_on(app.extensions[EXTENSION].database)


def store_accounts(client: FlaskClient, database: Database, count: int) -> list[str]:
    """Accounts of which some have filed refunds."""
    random = Random(6)
    names = [f"{random.choice('가Zaé-')}{number}" for number in range(count)]
    for name in names:
        lots = [
            lot_facts(
                random.randrange(1, 40) * 1_000,
                source=random.choice(["bill", "bill", "promotion"]),
                acquired_on=random.choice(["2023-12-01", "2024-03-02", "2025-06-01"]),
                locked=random.random() < 0.1,
            )
            for _ in range(random.randrange(4))
        ]
        born_on = random.choice([None, "1980-02-29"])
        status = random.choices(["active", "suspended"], (5, 1))[0]
        open_account(database, *lots, name=name, status=status, born_on=born_on, grade=random.choice(["GOLD", "PLAIN"]))
        if random.random() < 0.5:
            body = {"account": name, "request": asking(500, receiving_account=f"own:{name}")}
            client.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": name})
    return names


def test_what_is_exported_is_decided_as_what_is_stored(
    client: FlaskClient, database: Database, run: Run, clock: SetClock, tmp_path: Path
) -> None:
    names = [*store_accounts(client, database, 12), "A"]
    (tmp_path / "small.yaml").write_text(POLICY, "utf-8")

    exported = run("population", "export", "stored")
    done = run("population", "decide", "small.yaml", "stored", "--output", "answers.parquet", "--as-of", AT)

    assert (exported.exit_code, exported.output) == (0, "13 accounts are in stored\n")
    assert done.exit_code == 0, done.output
    judge = Judge(database, Versions(database, 1), clock)
    expected = []
    for name in sorted(names):
        for method in REQUESTED.methods:
            question = Question(name, REQUESTED.request_data(name, "person", method), as_of=NOW)
            decided = judge.judge(question, record=False).decision
            reasons = [reason["rule"] for reason in decided["reasons"]]
            figures = {each: decided[each] for each in FOUND_OUT[2:-2]}
            expected.append({"account_id": name, "method": method, **figures, "reasons": reasons, "error": None})
    assert answers_in(tmp_path / "answers.parquet") == expected
    assert {row["outcome"] for row in expected} == {"approved", "denied", "needs_review"}


CHANGES = {
    "of_figures": POLICY.replace("rate: 1%", "rate: 2%").replace("at_most: 50_000", "at_most: 10_000"),
    "of_methods": POLICY.replace("  credit: {ko: 차감, en: credit}", "  gift: {ko: 상품권, en: gift card}"),
    "of_facts": POLICY.replace("[GOLD, PLAIN]", "[GOLD, SILVER]").replace("default: PLAIN", "default: GOLD"),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_does_to_a_population_what_it_does_to_the_stored_accounts(
    stored: Run, tmp_path: Path, changed: str
) -> None:
    (tmp_path / "changed.yaml").write_text(changed, "utf-8")
    impact = ("impact", "small.yaml", "changed.yaml", "--as-of", AT, "--format", "json", "--processes", "1")

    expected = json.loads(stored(*impact).stdout)

    assert stored("population", "export", "stored").exit_code == 0
    for engine in ENGINES:
        found = stored(*impact, "--population", "stored", "--engine", engine)
        assert json.loads(found.stdout) == expected
    assert expected["looked_at"] == 40
    assert expected["accounts_changed"] or expected["undecided"]["first"]


def test_a_seed_makes_the_same_accounts_and_each_engine_answers_them_alike(recoup_here: Run, tmp_path: Path) -> None:
    made = {}
    for folder, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        assert recoup_here("population", "make", folder, *MADE, "--seed", seed).exit_code == 0
        made[folder] = [path.read_bytes() for path in sorted((tmp_path / folder).iterdir())]
    assert made["one"] == made["again"] != made["other"]

    decide = ("population", "decide", "small.yaml", "one", "--as-of", AT)
    told = {engine: recoup_here(*decide, "--output", f"{engine}.parquet", "--engine", engine) for engine in ENGINES}

    assert told["duckdb"].stderr.splitlines()[0] == "duckdb: the policy is one SQL statement"
    assert told["plain"].stderr.splitlines()[0] == "plain: account by account (as was asked)"
    assert told["duckdb"].stdout == told["plain"].stdout
    assert told["duckdb"].stdout.startswith("80 answers: ")
    assert answers_in(tmp_path / "duckdb.parquet") == answers_in(tmp_path / "plain.parquet")


def test_what_is_asked_is_as_it_was_said(recoup_here: Run, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"channel": "web"}', "utf-8")
    recoup_here("population", "make", "made", *MADE)

    done = recoup_here(
        *("population", "decide", "small.yaml", "made", "--output", "a.parquet", "--as-of", AT, "--lang", "ko"),
        *("--method", "credit", "--points", "500", "--request", "request.json"),
    )

    assert done.stdout.startswith("답 40개: 승인 ")
    assert {(row["method"], row["points"]) for row in answers_in(tmp_path / "a.parquet")} == {("credit", 500)}


def test_where_columns_cannot_say_a_rule_it_is_named_and_accounts_are_decided_one_by_one(
    recoup_here: Run, tmp_path: Path
) -> None:
    recoup_here("population", "make", "made", *MADE)
    (tmp_path / "small.yaml").write_text(POLICY + CONFLICT, "utf-8")

    done = recoup_here("population", "decide", "small.yaml", "made", "--output", "a.parquet", "--as-of", AT)

    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("duckdb: account by account (because of 'fee': it may apply together with 'other-fee")
    errors = {row["error"] for row in answers_in(tmp_path / "a.parquet")}
    assert errors == {None, *(each for each in errors if each and each.startswith("rules-conflict: "))}
    assert len(errors) > 1


IMPOSSIBLE = {
    "no_such_method": (("--method", "barter"), "request.method is 'barter'"),
    "no_points": (("--points", "some"), "--points some: write a whole number, or all"),
    "too_few_points": (("--points", "0"), "request.points is 0"),
    "no_instant": (("--as-of", "today"), "'today' is no instant such as 2026-07-01T00:00:00+09:00"),
    "a_fact_that_no_request_has": (("--request", "odd.json"), "request.chanel is not known; did you mean 'channel'?"),
    "a_request_that_is_a_list": (("--request", "list.json"), "list.json holds no object such as"),
    "a_file_that_is_there": (("--output", "odd.json"), "odd.json is there already; --force overwrites it"),
    "no_folder": ((), "nowhere/accounts.parquet: there is no such file"),
}


@pytest.mark.parametrize(("options", "expected"), IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_be_asked_is_refused_in_a_line_and_leaves_no_file(
    recoup_here: Run, tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "odd.json").write_text('{"chanel": "web"}', "utf-8")
    (tmp_path / "list.json").write_text("[]", "utf-8")

    done = recoup_here("population", "decide", "small.yaml", "nowhere", "--output", "answers.parquet", *options)

    assert done.exit_code == 2
    assert expected in done.stderr
    assert not (tmp_path / "answers.parquet").exists()


@pytest.mark.parametrize(("package", "engine", "extra"), [("duckdb", "plain", "batch"), ("pyspark", "spark", "spark")])
def test_a_package_that_is_missing_is_named(
    recoup_here: Run, monkeypatch: pytest.MonkeyPatch, package: str, engine: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    done = recoup_here("population", "decide", "small.yaml", "made", "--output", "a.parquet", "--engine", engine)

    assert done.exit_code == 2
    assert done.stderr.endswith(f"recoup: a population needs more packages: .venv/bin/pip install '.[{extra}]'\n")


def test_an_export_is_of_one_programme_into_a_new_folder(database: Database, run: Run, tmp_path: Path) -> None:
    assert "name a programme with --policy; there are none" in run("population", "export", "stored").stderr
    publish_small(database)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", "utf-8")

    assert run("population", "export", "full").stderr == (
        "recoup: full is there already; name a folder that is new or empty\n"
    )
    assert run("population", "export", "empty", "--policy", "small").stdout == "0 accounts are in empty\n"
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == [
        *("accounts.parquet", "history.parquet", "lots.parquet"),
    ]
