"""The pages in a real browser, over the example programme, and without one where a browser adds nothing.

One service of example accounts and one browser for all tests of a worker. Whatever a page asks of another host, and
whatever it writes to the console as an error, fails the test that saw it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import sync_playwright
from werkzeug.test import Client

from service import audit_log
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, execute, open_database
from service.log.notes import Signer
from service.pages.site import WithPages
from service.parts import EXTENSION
from tests.service.builders import SetClock, lot_facts, open_account, publish_small
from tests.service.pages.visiting import Visitor, Visits
from tests.service.processes import ask, serving_many

# What a browser asks of its maker goes nowhere here, and costs time.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without what they recommend, which is a desktop with its printers: more than they need themselves.
PACKAGES = ("--no-install-recommends", "chromium", "fonts-noto-cjk", "fonts-liberation")
LOG = Signer("refunds.example.com/log", bytes(32))
"""The key by which the log of the example accounts is signed."""


@pytest.fixture
def keyed_site(database_url: str, database: Database, clock: SetClock) -> Iterator[Client]:
    """The API and the pages with keys, on a small programme and the account A; no browser."""
    publish_small(database)
    open_account(database, lot_facts(10_000))
    app = create_app(Settings(database_url=database_url), clock)
    yield Client(WithPages(app))
    close_database(app.extensions[EXTENSION].database)


@pytest.fixture
def open_site(database_url: str, database: Database, clock: SetClock) -> Iterator[Client]:
    """The same without keys, as `recoup serve --demo` is."""
    publish_small(database)
    open_account(database, lot_facts(10_000))
    app: Flask = create_app(Settings(database_url=database_url, access="open"), clock)
    yield Client(WithPages(app))
    close_database(app.extensions[EXTENSION].database)


@pytest.fixture(scope="session")
def example_file(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the example accounts, whose log is signed."""
    file = tmp_path_factory.mktemp("examples") / "recoup.db"
    shutil.copyfile(demo_file, file)
    database = open_database(Settings(database_url=f"sqlite:///{file}"))
    audit_log.sign_head(database, [LOG], datetime.now(UTC))
    with database.connection_context():
        execute(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    close_database(database)
    return file


@pytest.fixture(scope="session")
def example_site(example_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service over the example accounts; what one test changes, others may see."""
    own = tmp_path_factory.mktemp("site") / "recoup.db"
    shutil.copyfile(example_file, own)
    with serving_many(f"sqlite:///{own}", "--no-deliver") as (_, port, _said):
        # A worker listens a moment after its parent says so.
        ask(port, "GET", "/healthz", patience=60)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser, with fonts for Korean; installed where this may be done."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=True, capture_output=True)
        subprocess.run(["apt-get", "install", "-qy", *PACKAGES], check=True, capture_output=True)
        found = shutil.which(NAMES[0])
    if found is None:
        message = "no Chromium here: install it (as root: apt-get install chromium fonts-noto-cjk)"
        if "CI" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A running browser, for one module: as long as it runs, no other test may start an event loop of its own."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visits(browser: Any, example_site: str) -> Iterator[Visits]:
    """Makes visitors: `visits(locale="ko-KR", dark=False, width=1280, script=True)`."""
    made: list[Visitor] = []

    def make(*, locale: str = "en-GB", dark: bool = False, width: int = 1280, script: bool = True) -> Visitor:
        context = browser.new_context(
            locale=locale,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            bypass_csp=False,
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        visitor = Visitor(example_site, context, page)
        page.on("console", lambda told: visitor.trouble.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: visitor.trouble.append(str(error)))
        page.on(
            "request",
            lambda sent: None if sent.url.startswith((example_site, "data:")) else visitor.trouble.append(sent.url),
        )
        made.append(visitor)
        return visitor

    yield make
    trouble = [each for visitor in made for each in visitor.trouble]
    for visitor in made:
        visitor.context.close()
    assert trouble == []
