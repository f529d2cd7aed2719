"""The whole story of one member, with a browser each for the member and the agent: from a bill that is paid, to points,
to a refund, to its payout, to a decision that is contested and answered.

What the operator's own systems do (open an account, say that a bill was paid, pay out) they do over the API.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.service.pages.visiting import Visits
from tests.service.processes import ask


def tells(site: str, method: str, path: str, body: object) -> dict[str, Any]:
    """What another system of the operator says to the service."""
    port = urlsplit(site).port
    assert port is not None
    status, answer = ask(port, method, path, body, key=f"{method} {path} {json.dumps(body)}"[:200])
    assert status < 300, answer
    found: dict[str, Any] = json.loads(answer)
    return found


@pytest.mark.slow
def test_from_a_paid_bill_to_a_payout_and_a_contest(visits: Visits, example_site: str) -> None:
    account = {"policy": "kt-points", "joined_on": "2020-01-01", "identity_level": 2, "contact_verified": True}
    tells(example_site, "PUT", "/v1/accounts/S-1", account)
    for months in (1, 2, 3):
        paid_at = (datetime.now(UTC) - timedelta(days=35 * months)).strftime("%Y-%m-%dT%H:%M:%SZ")
        bill = {"id": f"S-1-{months}", "account": "S-1", "type": "bill_paid", "amount": 1_000_000}
        tells(example_site, "POST", "/v1/events", {**bill, "happened_at": paid_at})

    member = visits()
    page = member.page
    member.enters("member", "S-1")
    assert "15,000 points" in page.locator("main").inner_text(), "5,000 for each bill"
    page.get_by_role("link", name="Earn points").click()
    assert "Paying a bill earns" in page.get_by_role("region", name="At any time").inner_text()
    assert "LOYAL-" in page.get_by_role("region", name="Promotions").inner_text()

    page.get_by_role("link", name="Ask for a refund").click()
    page.get_by_label("bill credit").check()
    page.get_by_label("Points", exact=True).fill("10000")
    page.locator("#outcome .badge.good").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**/member/requests/R-*")
    assert "Approved" in page.locator("h1").inner_text()
    request = page.url.rpartition("/")[2]

    tells(example_site, "POST", f"/v1/refund-requests/{request}/settle", {})
    page.reload()
    assert "Paid" in page.locator("h1").inner_text()
    member.goes("/member")
    assert re.search(r"Points you can use\s+5,000 points", page.locator("main").inner_text())

    member.goes(f"/member/requests/{request}")
    page.get_by_role("link", name="Contest it").click()
    page.locator("#text").fill("I asked for gift cards, not for bill credit.")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/member/inquiries/Q-*")
    inquiry = page.url.rpartition("/")[2]

    agent = visits()
    agent.enters("agent")
    agent.goes(f"/agent/inquiries/{inquiry}")
    desk = agent.page
    desk.locator("#answer-by").fill("agent-7")
    desk.locator("#answer-text").fill("You chose bill credit in the app on that day; it stands in the record.")
    desk.get_by_label("The decision stays").check()
    desk.locator("#reason").fill("bill-credit, terms 17.1")
    desk.get_by_role("button", name="Send the answer").click()
    desk.locator(".talk .mine").wait_for()

    page.reload()
    assert "it stands in the record" in page.locator("main").inner_text()
    member.finds_nothing_serious()
