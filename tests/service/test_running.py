"""Whether the service runs and whether it can answer, told to whoever asks, and nothing else is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from service.config import Settings
from service.database import Database, close_database, execute, open_database, writing
from service.parts import EXTENSION
from service.publishing import INSERT, Versions
from service.readiness import MENDED_BY, made_ready
from tests.service.builders import SetClock, publish_small

APPLIED = "0002_points_debt_and_activity"
AWAY = ("sqlite:////nowhere/SECRET.db", "postgresql://SECRET:SECRET@127.0.0.1:1/SECRET")


def test_a_service_with_a_policy_in_force_is_ready(client: FlaskClient, database: Database) -> None:
    # One text that cannot be read keeps nobody from being answered by another.
    unreadable = ("sha256:x", "another", 1, "2020-01-01", "policy: 1", "[]", "2020-01-01")
    writing(database, lambda: execute(database, INSERT, unreadable))
    assert client.get("/healthz").get_json() == {"state": "alive"}
    assert client.get("/readyz").get_json() == {"state": "ready"}
    assert client.head("/readyz").status_code == 200
    assert client.get("/readyz?x=1").status_code == 400


def test_what_is_in_force_is_made_ready_before_anybody_asks(database: Database, clock: SetClock) -> None:
    publish_small(database)
    writing(database, lambda: execute(database, INSERT, ("sha256:x", "a", 1, "2020-01-01", "policy: 1", "[]", "x")))
    versions = Versions(database, 32)
    digests = {each.policy: each.digest for each in versions.newest()}
    # The policy `a` cannot be read, and is the first of them.
    assert len(digests) == 2
    for _ in made_ready(database, versions, clock, 32):
        # Between two steps others may read and write.
        assert database.is_closed()
    with renamed_table(database, "policy_version"):
        assert versions.compiled(digests["small"]).policy.id == "small"


@contextmanager
def renamed_table(database: Database, table: str) -> Iterator[None]:
    """A database that cannot be asked for what stands in a table."""
    writing(database, lambda: execute(database, f"ALTER TABLE {table} RENAME TO renamed"))
    try:
        yield
    finally:
        writing(database, lambda: execute(database, f"ALTER TABLE renamed RENAME TO {table}"))


def test_a_service_whose_database_is_away_is_made_ready_by_those_who_ask(clock: SetClock) -> None:
    away = open_database(Settings(database_url=AWAY[0]))
    assert list(made_ready(away, Versions(away, 32), clock, 32)) == []


def not_ready(client: FlaskClient) -> str:
    """What is missing, of which it is told how to mend it; the process is alive all the while."""
    assert client.get("/healthz").status_code == 200
    found = ""
    for language in ("ko", "en"):
        answer = client.get(f"/readyz?lang={language}")
        problem = answer.get_json()
        found = problem["missing"]
        assert (answer.status_code, problem["code"], answer.headers["Retry-After"]) == (503, "not-ready", "5")
        assert MENDED_BY[found].in_language(language) in problem["detail"]
        assert "SECRET" not in answer.get_data(as_text=True)
    return found


@contextmanager
def renamed(database: Database, before: str, after: str) -> Iterator[None]:
    change = "UPDATE schema_migration SET name = ? WHERE name = ?"
    writing(database, lambda: execute(database, change, (after, before)))
    try:
        yield
    finally:
        writing(database, lambda: execute(database, change, (before, after)))


def test_a_service_whose_tables_are_not_its_own_is_not_ready(client: FlaskClient, database: Database) -> None:
    # One migration of this code is missing, and one is there that it does not know.
    with renamed(database, APPLIED, "9999_newer"):
        assert not_ready(client) == "schema"
    assert client.get("/readyz").status_code == 200


def test_a_service_without_a_policy_in_force_is_not_ready(client: FlaskClient, clock: SetClock) -> None:
    clock.at = datetime(2024, 12, 31, tzinfo=UTC)
    assert not_ready(client) == "policy"


@pytest.mark.parametrize("url", AWAY, ids=["sqlite", "postgresql"])
def test_a_service_without_its_database_is_not_ready(client: FlaskClient, url: str) -> None:
    extensions = client.application.extensions
    parts, away = extensions[EXTENSION], open_database(Settings(database_url=url))
    extensions[EXTENSION] = replace(parts, database=away)
    try:
        assert not_ready(client) == "database"
    finally:
        extensions[EXTENSION] = parts
        close_database(away)
