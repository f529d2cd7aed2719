"""Those who visit the pages: by a client of the tests, and with a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from werkzeug.test import Client, TestResponse


def enter(site: Client, role: str, account: str = "A") -> TestResponse:
    """Go in as somebody, where no key is asked for."""
    return site.post("/sign-in", data={"try_as": role, "account": account})


@dataclass
class Visitor:
    """Somebody with a browser of their own. `trouble` is what no page may do, and is looked at when the test ends."""

    site: str
    context: Any
    page: Any
    trouble: list[str] = field(default_factory=list)

    def enters(self, role: str, account: str = "A-0001") -> None:
        """Go in by the first page, as a newcomer does."""
        self.page.goto(f"{self.site}/start")
        if role == "member":
            self.page.locator("#account").fill(account)
        self.page.locator(f'button[name="try_as"][value="{role}"]').click()

    def goes(self, path: str) -> None:
        """Open a page of ours."""
        self.page.goto(self.site + path)

    def sends(self, button: str) -> None:
        """Press a button that leads to another page, and wait until all of that is there."""
        with self.page.expect_navigation():
            self.page.locator(button).click()

    def finds_nothing_serious(self) -> None:
        """Ask axe about the page as it stands."""
        found = Axe().run(self.page).response["violations"]
        serious = [
            f"{each['id']}: {node['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]
        assert serious == [], serious


Visits = Callable[..., Visitor]
