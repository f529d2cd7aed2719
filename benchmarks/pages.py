"""How soon the pages are there: first paint, weight and shifts of the layout, in Chromium, beside an empty page.

    python -m benchmarks.pages [--rounds 5]

Every page is opened in a browser that keeps nothing of it yet, of a service on this machine with the example accounts.
First paint is told as the browser tells it, counted from when the page was asked for; the empty page, of a few bytes
from the same server, says how much of that is the browser's own. Only what lies between them is Recoup's. Weight is
everything that came over the line.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks.served import ROOT, await_answer, environment, free_port

PAGES = {
    "member": (
        *("/member", "/member/lots", "/member/history", "/member/apply", "/member/requests", "/member/earning"),
        *("/member/inquiries", "/member/help"),
    ),
    "agent": (
        "/agent",
        "/agent/reviews",
        "/agent/inquiries",
        "/agent/accounts/A-0001",
        "/agent/accounts/A-0001/history",
    ),
    "author": ("/author", "/author/drafts", "/author/policies/kt-points/versions/1", "/author/workbench"),
    "auditor": ("/auditor", "/auditor/rules", "/auditor/points"),
}
"""The pages of each role, as far as they are there with the example accounts."""
EMPTY = "/static/pages/icon.svg"
"""The empty page: what a browser has to do for whatever it shows."""
LOOK = """() => new Promise(done => {
  let shift = 0
  new PerformanceObserver(list => { for (const each of list.getEntries()) shift += each.value })
    .observe({type: "layout-shift", buffered: true})
  const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  const paint = performance.getEntriesByName("first-contentful-paint")[0]
  // What is buffered comes with the next turn.
  setTimeout(() => done([
    paint ? paint.startTime : null, loaded.reduce((sum, each) => sum + each.transferSize, 0), shift,
  ]), 50)
})"""


class Seen(NamedTuple):
    """What a browser says of a page: milliseconds to the first paint (None: nothing was painted), bytes over the line,
    and how far its layout shifted (0: not at all).
    """

    first_paint: float | None
    weight: int
    shift: float


def look(page: Any, address: str) -> Seen:
    """Open a page and wait until nothing more comes."""
    page.goto(address, wait_until="networkidle")
    return Seen(*page.evaluate(LOOK))


@contextmanager
def example_service() -> Iterator[str]:
    """The address of a service with the example accounts."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "--demo", "--port", str(port)],
            env=environment(f"sqlite:///{folder}/recoup.db"),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            await_answer(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def main() -> None:
    """Open every page in turn, and tell the middle of the rounds, and the best of them."""
    from playwright.sync_api import sync_playwright  # Here, so that the list of pages can be read without a browser.

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium here: install it (as root: apt-get install chromium fonts-noto-cjk)")
    with example_service() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'page':42}{'first paint ms':>16}{'best':>8}{'kB':>8}{'shift':>8}")
        for role, paths in PAGES.items():
            for path in (EMPTY, *paths) if role == "member" else paths:
                found = [_fresh(browser, site, role, path) for _ in range(options.rounds)]
                paints = [each.first_paint for each in found if each.first_paint is not None]
                paint, best = (f"{of(paints):.0f}" if paints else "-" for of in (statistics.median, min))
                shift = max(each.shift for each in found)
                name = "(empty)" if path == EMPTY else path
                print(f"{name:42}{paint:>16}{best:>8}{found[0].weight / 1000:>8.0f}{shift:>8.3f}")
        browser.close()


def _fresh(browser: Any, site: str, role: str, path: str) -> Seen:
    """One look by a browser that has nothing of the site."""
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{site}/start")
        page.locator(f'button[name="try_as"][value="{role}"]').click()
        page.wait_for_load_state("networkidle")
        # What the first pages brought along is forgotten, so that the one that is looked at brings everything itself.
        client = context.new_cdp_session(page)
        client.send("Network.clearBrowserCache")
        return look(page, site + path)


if __name__ == "__main__":
    main()
