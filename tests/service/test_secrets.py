"""Nothing that lets somebody in is written anywhere: in no answer, line of the log, trace, row or output."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from service import access_keys, audit_log, member_tokens
from service.app import create_app
from service.cli import recoup
from service.config import Settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.parts import EXTENSION
from service.roles import RIGHTS, ROLES
from service.tables import TABLES
from tests.service.builders import NOW, SetClock, asking, lot_facts, open_account, publish_small
from tests.service.identity import AUDIENCE, ISSUER, claims, jwks, part, provider, token
from tests.service.test_tokens import HOSTILE

SHORT = 12
"""So many characters of a secret are no chance."""


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A database with an account."""
    opened = open_database(Settings(database_url=sqlite_url))
    publish_small(opened)
    open_account(opened, lot_facts(30_000))
    yield opened
    close_database(opened)


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """The keys of a provider."""
    file = tmp_path / "jwks.json"
    file.write_text(jwks())
    return file


@pytest.fixture
def app(sqlite_url: str, database: Database, keys_file: Path, clock: SetClock) -> Iterator[Flask]:
    """The service with keys, a provider and members."""
    made = create_app(Settings(database_url=sqlite_url, identity_provider=provider(str(keys_file))), clock)
    yield made
    close_database(made.extensions[EXTENSION].database)


def key(database: Database, *roles: str, days: int = 1) -> tuple[str, str]:
    return writing(database, lambda: access_keys.make(database, "kim", roles, NOW + timedelta(days=days), NOW))


def secrets_of_all_kinds(database: Database) -> dict[str, str]:
    """What lets in, and what does no longer or never did."""
    revoked, gone = key(database, "caller")
    writing(database, lambda: access_keys.revoke(database, revoked, NOW))

    def of_member(minutes: int) -> str:
        until = NOW + timedelta(minutes=minutes)
        return writing(database, lambda: member_tokens.make(database, "A", "", until, NOW))

    return {
        "key": key(database, *ROLES)[1],
        "key for nothing here": key(database, "author")[1],
        "expired key": key(database, "caller", days=0)[1],
        "revoked key": gone,
        "token": token(realm_access={"roles": ["desk", "Refund approvers", "editors", "audit"]}),
        "token for nothing": token("ES256", realm_access=None),
        "token of a member": token("EdDSA", recoup_account="A"),
        "member": of_member(5),
        "expired member": of_member(0),
        "no key": "recoup_" + "x1Y2" * 10,
        "no member": member_tokens.PREFIX + "x1Y2" * 10,
    }


def pieces(secret: str) -> set[str]:
    """The parts of a secret by which it would be known: whole, its head, and each part of a token."""
    body = secret.removeprefix(member_tokens.PREFIX).removeprefix(access_keys.PREFIX)
    return {each for each in (body, body[: 2 * SHORT], *body.split(".")) if len(each) >= SHORT}


def everything_is_asked(client: FlaskClient, secret: str, written: list[str]) -> None:
    """Every way to send something, to addresses that let in, refuse or find nothing; and what is answered."""
    for header in (f"Bearer {secret}", f"Basic {secret}", secret, f"Bearer {secret} {secret}"):
        for path in ("/v1/messages", "/v1/accounts/B/balance"):
            answer = client.get(path, headers={"Authorization": header})
            written += [answer.get_data(as_text=True), str(answer.headers)]
    for where in (f"/v1/messages?access_token={secret}", f"/v1/messages?lang={secret}"):
        answer = client.get(where, headers={"Authorization": f"Bearer {secret}"})
        written += [answer.get_data(as_text=True), str(answer.headers)]


def commands_are_run(
    secrets: dict[str, str], keys_file: Path, url: str, monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    """What somebody approves by who must not, with and without a provider."""
    monkeypatch.setenv("DATABASE_URL", url)
    for environment in ({}, {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE, "OIDC_JWKS": str(keys_file)}):
        for name in ("key for nothing here", "no key", "token", "token for nothing"):
            monkeypatch.setenv("RECOUP_KEY", secrets[name])
            for setting, value in {**environment, "OIDC_ROLES": "desk=caller" if environment else ""}.items():
                monkeypatch.setenv(setting, value)
            done = CliRunner().invoke(recoup, ["publish", "approve", "P-0", "--seen", "x"])
            assert done.exit_code == 2
            written += [done.output, str(done.exception)]


def kept(database: Database) -> Iterator[str]:
    """Every row of every table."""
    with reading(database):
        for table in TABLES:
            for row in rows(database, f'SELECT * FROM "{table._meta.table_name}"'):  # noqa: S608
                yield str(row)


def test_no_secret_is_written_whatever_goes_wrong(
    app: Flask,
    database: Database,
    keys_file: Path,
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    sqlite_url: str,
) -> None:
    for logger in ("", "peewee", "recoup", "werkzeug"):
        caplog.set_level(logging.DEBUG, logger=logger)
    client, secrets = app.test_client(), secrets_of_all_kinds(database)
    written: list[str] = []
    for secret in secrets.values():
        everything_is_asked(client, secret, written)
    for hostile, _ in HOSTILE.values():
        answer = client.get("/v1/messages", headers={"Authorization": f"Bearer {hostile}"})
        assert answer.status_code == 401
        written += [answer.get_data(as_text=True), str(answer.headers)]
    # What lets in does something that is recorded: reads, moves, drafts.
    for name in ("key", "token", "member", "token of a member"):
        headers = {"Authorization": f"Bearer {secrets[name]}", "Idempotency-Key": name}
        filed = client.post("/v1/refund-requests", json={"account": "A", "request": asking(1_000)}, headers=headers)
        assert filed.status_code == 201, name
        for path in (filed.headers["Location"], f"/v1/decisions/{filed.get_json()['decision_id']}"):
            assert client.get(path, headers=headers).status_code == 200
        client.post(f"{filed.headers['Location']}/cancel", json={}, headers={**headers, "Idempotency-Key": f"{name}-"})
    audit_log.place_all(database)
    # Every address, by what lets in and by what does not.
    for address in RIGHTS:
        method, path = address.split(" ")
        for name in ("key", "token for nothing", "member"):
            headers = {"Authorization": f"Bearer {secrets[name]}", "Idempotency-Key": f"{name} {address}"}
            answer = client.open(path.replace("{id}", "A"), method=method, json={}, headers=headers)
            written += [answer.get_data(as_text=True), str(answer.headers)]
    commands_are_run(secrets, keys_file, sqlite_url, monkeypatch, written)
    written += kept(database)
    # The provider is away; then the service has a bug wherever somebody is let in.
    keys_file.write_text("no keys")
    clock.at += timedelta(days=2)
    everything_is_asked(client, secrets["token"], written)
    clock.at = NOW
    with database.connection_context():
        for table in ("access_key_end", "member_token", "message"):
            execute(database, f"ALTER TABLE {table} RENAME TO {table}_away")
    broken: list[str] = []
    for name in ("key", "member", "token"):
        everything_is_asked(client, secrets[name], broken)
    assert "internal-error" in "".join(broken)
    assert "provider-unavailable" in "".join(written)
    text = "\n".join([*written, *broken, caplog.text, *capfd.readouterr()])
    assert "Traceback" in text
    assert "SELECT" in text, "statements are logged at this level, and with them their values"
    public = pieces(f"{part(claims())}.{part({'alg': 'RS256'})}")
    sent = secrets | {name: hostile for name, (hostile, _) in HOSTILE.items()}
    found = {name: [each for each in pieces(secret) - public if each in text] for name, secret in sent.items()}
    assert {name: each for name, each in found.items() if each} == {}
