"""Who may ask what: a key with a role for it, and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from service import access_keys, member_tokens
from service.access import address_of
from service.app import create_app
from service.cli import recoup
from service.commands.serve import prepare
from service.config import BadSetting, Settings, read_settings
from service.database import Database, close_database, reading, rows, writing
from service.parts import EXTENSION
from service.reference import OPERATIONS
from service.roles import MEMBER, OPEN, RIGHTS, ROLES
from service.tables import TABLES
from tests.service.builders import NOW, Run, SetClock, lot_facts, open_account, publish_small
from tests.service.identity import jwks, provider

PAGE = Path(__file__).parents[2] / "docs" / "integrators.md"
Ask = Callable[[str, str | None], TestResponse]


@pytest.fixture
def keyed(database_url: str, database: Database, clock: SetClock) -> Iterator[Flask]:
    """The service as it is when nothing is said: with keys."""
    publish_small(database)
    open_account(database, lot_facts(10_000))
    app = create_app(Settings(database_url=database_url), clock)
    yield app
    close_database(app.extensions[EXTENSION].database)


@pytest.fixture
def run(run: Run) -> Run:
    """Runs `recoup access`."""
    return lambda *arguments: run("access", *arguments)


def make(database: Database, *roles: str, days: int = 1, name: str = "somebody") -> tuple[str, str]:
    return writing(database, lambda: access_keys.make(database, name, roles, NOW + timedelta(days=days), NOW))


def of_member(database: Database) -> str:
    """A token for the account A."""
    return writing(database, lambda: member_tokens.make(database, "A", "", NOW + timedelta(minutes=5), NOW))


def ask(app: Flask, address: str, authorization: str | None = None) -> TestResponse:
    """Asks for an address of the table, of things that are not there."""
    method, path = address.split(" ")
    filled = re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] in ("seq", "number") else "X", path)
    headers = {} if authorization is None else {"Authorization": authorization}
    return app.test_client().open(filled, method=method, headers=headers)


def documented() -> dict[str, set[str]]:
    """The table that callers are shown: the roles of each address."""
    section = PAGE.read_text("utf-8").partition("\n## Send your key\n")[2].partition("\n## ")[0]
    head, *lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    assert {cell for line in lines[1:] for cell in line[1:]} == {"yes", ""}
    return {
        line[0].strip("`"): {role for role, cell in zip(head[1:], line[1:], strict=True) if cell} for line in lines[1:]
    }


def test_every_cell_of_the_table_is_what_the_service_does(keyed: Flask, database: Database) -> None:
    table = documented()
    keys = {role: make(database, role)[1] for role in ROLES} | {MEMBER: of_member(database)}
    answers = {
        address: {role: ask(keyed, address, f"Bearer {key}").status_code for role, key in keys.items()}
        for address in table
    }
    done = {
        address: {role for role, status in statuses.items() if status != 403} for address, statuses in answers.items()
    }
    assert done == table
    assert [each for each, statuses in answers.items() if 500 in statuses.values()] == []
    for address in table:
        refused = ask(keyed, address)
        assert (address, refused.status_code, refused.headers["WWW-Authenticate"]) == (address, 401, "Bearer")


def test_the_table_names_every_address_of_the_reference_and_no_other(keyed: Flask) -> None:
    addresses = {f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS}
    assert addresses - set(OPEN) == set(documented()) == set(RIGHTS)
    routes = {
        address_of(method, rule.rule)
        for rule in keyed.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(RIGHTS) | set(OPEN)


def test_the_reference_names_the_roles_of_each_operation(keyed: Flask) -> None:
    document = keyed.test_client().get("/openapi.json").get_json()
    named = {
        f"{method.upper()} {path}": (
            operation["x-roles"],
            operation["security"],
            {"401", "403"} <= set(operation["responses"]),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    keyless: dict[str, object] = {address: ([], [], False) for address in named if address in OPEN}
    assert set(keyless) == {"GET /healthz", "GET /readyz"}
    staff: list[dict[str, list[str]]] = [{"key": []}, {"token": []}]
    member: list[dict[str, list[str]]] = [{"member": []}]
    assert named == keyless | {
        address: (list(roles), [*staff, *(member if MEMBER in roles else [])], True)
        for address, roles in RIGHTS.items()
    }
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["scheme"] for name, scheme in schemes.items()} == dict.fromkeys(schemes, "bearer")
    assert set(schemes) == {"key", "token", "member"}


def test_each_role_may_do_something_that_no_other_may() -> None:
    alone = {roles[0] for roles in RIGHTS.values() if len(roles) == 1}
    # An agent does nothing that a caller may not, but for the queue.
    assert alone == {"author", "approver", "caller", "auditor", "operator"}
    assert {roles for address, roles in RIGHTS.items() if address.startswith("GET /v1/audit/")} == {("auditor",)}


def test_what_says_nothing_about_anybody_needs_no_key(keyed: Flask) -> None:
    for path in ("/", "/docs", "/openapi.json", "/problems/forbidden", "/healthz", "/readyz"):
        assert keyed.test_client().get(path).status_code == 200
    assert keyed.test_client().get("/v1/nothing").status_code == 404
    assert keyed.test_client().put("/v1/decisions").status_code == 405
    assert keyed.test_client().options("/v1/decisions").status_code == 200


def test_a_key_that_is_not_valid_is_told_why(keyed: Flask, database: Database, clock: SetClock) -> None:
    key, secret = make(database, "caller")
    _, expired = make(database, "caller", days=0)
    revoked, gone = make(database, "caller")
    assert writing(database, lambda: access_keys.revoke(database, revoked, NOW + timedelta(seconds=-1)))
    assert not writing(database, lambda: access_keys.revoke(database, "K-0", NOW))
    for sent, words in (
        (None, "is missing"),
        ("", "is not `Bearer` and a key or token"),
        (f"Basic {secret}", "is not `Bearer` and a key or token"),
        (f"Bearer {secret} {secret}", "is not `Bearer` and a key or token"),
        (f"Bearer {secret[:-1]}", "has a key that is not known"),
        ("Bearer \xe9", "has a key that is not known"),
        (f"Bearer {key}", "has a key that is not known"),
        (f"Bearer {expired}", "has a key that expired at 2026-03-02T01:00:00Z"),
        (f"Bearer {gone}", "has a key that was revoked at 2026-03-02T00:59:59Z"),
    ):
        answer = ask(keyed, "GET /v1/accounts/{id}", sent)
        problem = answer.get_json()
        assert (answer.status_code, problem["code"], answer.mimetype) == (
            *(401, "unauthorized", "application/problem+json"),
        )
        assert problem["errors"] == [{"header": "Authorization", "detail": words}]
        told = f'error_description="Authorization {words}"'.replace("`", "")
        asks = "Bearer" if sent is None else f'Bearer error="invalid_token", {told}'
        assert answer.headers["WWW-Authenticate"] == asks
        assert secret not in answer.get_data(as_text=True)
    assert ask(keyed, "GET /v1/accounts/{id}", f"bearer  {secret}").status_code == 404
    clock.at = NOW + timedelta(days=1)
    assert ask(keyed, "GET /v1/accounts/{id}", f"Bearer {secret}").status_code == 401


def test_a_role_that_is_missing_is_named(keyed: Flask, database: Database) -> None:
    _, secret = make(database, "author", "operator")
    answer = ask(keyed, "GET /v1/audit/decisions", f"Bearer {secret}")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"], problem["roles"]) == (403, "forbidden", ["auditor"])
    assert problem["held"] == ["author", "operator"]
    assert problem["detail"] == ("GET /v1/audit/decisions needs the role auditor; what was sent has author, operator.")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="auditor"'
    assert keyed.test_client().head("/v1/audit/reads", headers={"Authorization": f"Bearer {secret}"}).status_code == 403


def test_a_key_is_made_listed_replaced_and_revoked_by_commands(run: Run, keyed: Flask, database: Database) -> None:
    assert run("list").stdout == "there are none\n"
    first = run("create", "billing", "--role", "caller", "--role", "agent", "--days", "30").stdout
    found = re.fullmatch(r"made (K-\w{26}) for billing: caller, agent, until (\S+)\nkey (recoup_[\w-]{43})\n", first)
    assert found is not None, first
    second = run("create", "billing", "--role", "caller").stdout.split()[-1]
    held = [f"Bearer {found[3]}", f"Bearer {second}"]
    # While the holder changes over, both are valid.
    assert [ask(keyed, "GET /v1/messages", each).status_code for each in held] == [200, 200]
    assert run("revoke", found[1]).stdout == f"revoked {found[1]}\n"
    assert [ask(keyed, "GET /v1/messages", each).status_code for each in held] == [401, 200]
    listed = run("list").stdout.splitlines()
    assert listed[0].startswith(f"{found[1]} revoked billing: caller, agent, until {found[2]}, revoked 2")
    assert " valid billing: caller, until " in listed[1]
    assert run("revoke", found[1]).exit_code == 0
    assert (run("revoke", "K-0").exit_code, run("revoke", "K-0").stderr) == (2, "recoup: no key has the id 'K-0'\n")
    # Nothing that was kept holds a key.
    with reading(database):
        kept = "".join(str(rows(database, f'SELECT * FROM "{table._meta.table_name}"')) for table in TABLES)  # noqa: S608
    assert access_keys.digest_of(second) in kept
    assert (second.removeprefix("recoup_") in kept, found[3] in "".join(listed)) == (False, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["x"],
        ["x", "--role", "root"],
        ["x", "--role", "member"],
        ["x", "--role", "caller", "--days", "0"],
        ["anyone", "--role", "caller"],
        ["member", "--role", "caller"],
        [""],
    ],
    ids=["no role", "unknown role", "a member's role", "no day", "nobody's name", "a member's name", "no name"],
)
def test_a_key_for_nothing_or_for_nobody_is_not_made(run: Run, database: Database, arguments: list[str]) -> None:
    more = [] if "--role" in arguments or arguments == ["x"] else ["--role", "caller"]
    assert run("create", *arguments, *more).exit_code == 2
    with reading(database):
        assert access_keys.all_of(database) == []


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
def test_every_command_about_keys_has_help(command: str) -> None:
    shown = CliRunner().invoke(recoup, ["access", command, "--help"])
    assert (shown.exit_code, "Usage: " in shown.output) == (0, True)


def test_a_service_that_nobody_or_everybody_may_ask_says_so(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    settings = Settings(database_url=database_url)
    assert prepare(settings, demo=False)[0].startswith("Nobody can ask for anything yet: make a key with ")
    named = replace(settings, identity_provider=provider(str(tmp_path / "jwks.json")))
    with pytest.raises(BadSetting, match="OIDC_JWKS is"):
        prepare(named, demo=False)
    (tmp_path / "jwks.json").write_text(jwks())
    assert len(prepare(named, demo=False)) == 1
    assert "EVERYBODY ON THIS MACHINE" in "".join(prepare(replace(settings, access="open"), demo=False))
    writing(database, lambda: access_keys.make(database, "x", ["caller"], datetime(2200, 1, 1, tzinfo=UTC), NOW))
    assert len(prepare(settings, demo=False)) == 1


def test_access_is_by_keys_where_nothing_else_is_said() -> None:
    assert (read_settings({}).access, read_settings({"ACCESS": "open"}).access) == ("keys", "open")
    with pytest.raises(BadSetting, match="ACCESS is 'all': write keys or open"):
        read_settings({"ACCESS": "all"})
