"""Every command ends with 0 when nothing is amiss, 1 when something is, and 2 when it could not be done as asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from service import cli
from tests.service.builders import POLICY

NOWHERE = "sqlite:////nowhere/recoup.db"
# By command: what it cannot do as asked, on an empty database; `@` names a database that cannot be opened.
IMPOSSIBLE = {
    "access create": "@ desk --role agent",
    "access list": "@",
    "access revoke": "K-0",
    "audit check": "",
    "audit checkpoint": "",
    "audit export": "log.jsonl",
    "audit keygen": "a+b",
    "audit keys": "",
    "audit points": "--from 2026-03-31 --to 2026-03-31 --policy other",
    "audit proof": "nowhere.json --key k --since kept.txt",
    "audit rotate": "",
    "audit rules": "some-rule --from 2026-03-31 --to 2026-03-31",
    "audit verify": "nowhere.jsonl --key k",
    "backup": "@ copy.db",
    "check": "nowhere.yaml",
    "decide": "nowhere.yaml case.json",
    "deliver": "@ --once",
    "deliveries": "@",
    "diff": "nowhere.yaml small.yaml",
    "erase": "nobody --by desk --reason asked",
    "explain": "D-0",
    "faq check": "nowhere",
    "faq search": "points --folder nowhere",
    "format": "nowhere.yaml",
    "impact": "nowhere.yaml small.yaml",
    "inquiries": "@",
    "ledger verify": "@",
    "migrate": "@",
    "new": "Bad.Name",
    "pin": "nowhere.yaml",
    "population decide": "small.yaml nowhere --output answers.parquet",
    "population export": "stored",
    "population make": "trial --policy nowhere.yaml --accounts 1",
    "prove": "nowhere.yaml",
    "publish approve": "P-0 --seen sha256:0",
    "publish check": "P-0",
    "publish draft": "nowhere.yaml",
    "publish files": "nowhere.yaml",
    "publish list": "@",
    "publish reject": "P-0 --reason wrong",
    "publish show": "P-0",
    "publish withdraw": "none --version 1 --reason wrong",
    "redeliver": "DL-0",
    "replay": "D-0",
    "retain": "@ --by desk",
    "schema": "--output nowhere/schema.json",
    "serve": "@ --port 0",
    "shadow show": "none",
    "shadow start": "nowhere.yaml",
    "shadow stop": "none",
    "show": "small.yaml --rule no-rule",
    "sweep": "@",
    "test": "nowhere.yaml",
    "webhooks add": "ftp://example.com",
    "webhooks catch-up": "W-0 --since 2026-03-02T01:00:00Z",
    "webhooks disable": "W-0",
    "webhooks enable": "W-0",
    "webhooks list": "@",
    "webhooks listen": "@ --port 0",
    "webhooks remove": "W-0",
    "webhooks rotate-secret": "W-0",
}
AMISS = {
    "check": "bad.yaml",
    "decide": "bad.yaml case.json",
    "faq search": "nosuchword --folder faq",
    "format": "--check untidy.yaml",
    "publish files": "bad.yaml",
    "show": "bad.yaml",
}


def commands(group: click.Group, *names: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *names, name)
        else:
            yield " ".join((*names, name))


def test_every_command_says_by_its_exit_code_whether_it_could_be_done(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(IMPOSSIBLE) == sorted(commands(cli.recoup))
    (tmp_path / "small.yaml").write_text(POLICY, "utf-8")
    (tmp_path / "untidy.yaml").write_text(POLICY.replace("format: 1", "format:   1"), "utf-8")
    (tmp_path / "bad.yaml").write_text("format: 1\npolicy: small\n", "utf-8")
    (tmp_path / "case.json").write_text("{}", "utf-8")
    (tmp_path / "faq").mkdir()
    monkeypatch.chdir(tmp_path)

    def ended(line: str) -> object:
        arguments = line.split()
        monkeypatch.setenv("DATABASE_URL", NOWHERE if "@" in arguments else sqlite_url)
        monkeypatch.setattr(sys, "argv", ["recoup", *(each for each in arguments if each != "@")])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        return raised.value.code

    for code, table in ((2, IMPOSSIBLE), (1, AMISS)):
        for name, more in table.items():
            assert (name, ended(f"{name} {more}")) == (name, code)
    assert (ended("migrate"), ended("ledger verify"), ended("replay"), ended("show small.yaml")) == (0, 0, 0, 0)
