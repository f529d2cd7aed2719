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
from service.publishing import INSERT
from service.readiness import MENDED_BY
from tests.service.builders import SetClock

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
