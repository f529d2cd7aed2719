"""Keys are changed as the page for operators says, line by line, and at no moment is anybody locked out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from service import access_keys, webhooks
from service.app import create_app
from service.clock import utc_now
from service.config import Settings
from service.database import Database, close_database, reading, writing
from service.log.notes import BadNote, open_note, read_verifier
from service.parts import EXTENSION
from tests.docs_runner import ROOT, Block, blocks, commands, matches
from tests.service.builders import ORIGIN, Run, lot_facts, open_account, publish_small

PAGE = ROOT / "docs/operators.md"


def walk_through() -> Block:
    """The block of the page below its heading."""
    text = PAGE.read_text("utf-8")
    line = text.count("\n", 0, text.index("\n## Rotate keys\n"))
    return next(block for block in blocks(PAGE) if block.line > line)


@pytest.fixture
def keyed(database_url: str, database: Database) -> Iterator[Flask]:
    """A service that wants keys."""
    publish_small(database)
    open_account(database, lot_facts(10_000))
    app = create_app(Settings(database_url=database_url, check_drafts=False))
    yield app
    close_database(app.extensions[EXTENSION].database)


def test_keys_are_rotated_as_the_page_says(keyed: Flask, database: Database, run: Run) -> None:
    now = utc_now()
    until = now + timedelta(days=1)
    id_, secret = writing(database, lambda: access_keys.make(database, "billing", ("caller",), until, now))
    webhook = writing(database, lambda: webhooks.add(database, "https://example.com/recoup", (), "", now, private=True))
    assert run("audit", "keygen", ORIGIN).exit_code == 0
    (log_key,) = run("audit", "keys").output.split()
    ids = {"K-1": id_, "W-1": webhook.id}
    said: list[str] = []
    newer = ""
    for command, expected in commands(walk_through()):
        for placeholder, found in ids.items():
            command, expected = command.replace(placeholder, found), expected.replace(placeholder, found)
        done = run(*command.split()[1:])
        assert done.exit_code == 0, done.output
        assert matches(expected, done.output), f"{command}\n{done.output}"
        said.append(done.output)
        if "create" in command:
            newer = done.output.partition("\nkey ")[2].strip()
            assert answered(keyed, secret, newer) == [200, 200], "both are good"
        elif "revoke" in command:
            assert answered(keyed, secret, newer) == [401, 200]
    newest, oldest = run("audit", "keys").output.split()
    assert oldest == log_key
    both = next(each for each in said if "\n\n" in each)
    for key in (log_key, newest):
        # Whoever has only one of them can check what was signed meanwhile.
        open_note(both, [read_verifier(key)])
    alone = run("audit", "checkpoint").output
    open_note(alone, [read_verifier(newest)])
    with pytest.raises(BadNote):
        open_note(alone, [read_verifier(log_key)])
    assert run("audit", "check").exit_code == 0
    with reading(database):
        rotated = webhooks.find(database, webhook.id)
    assert rotated is not None
    assert rotated.old_secret == webhook.secret, "both sign"


def answered(app: Flask, *keys: str) -> list[int]:
    """What each key is answered."""
    client = app.test_client()
    return [client.get("/v1/accounts/A", headers={"Authorization": f"Bearer {key}"}).status_code for key in keys]
