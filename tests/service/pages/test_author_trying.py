"""An author tries a request without knowing what its facts are called: the form offers those that the text knows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import Client

from service import workbench
from service.config import SHIPPED_RULES
from service.database import Database
from service.pages.author_form import asked_of, facts_of, filled
from service.publishing import publish
from tests.service.builders import NOW
from tests.service.drafting import RULES
from tests.service.pages.test_author_workbench import ZONE, of, plain, post
from tests.service.pages.visiting import Visits, enter

POINTS = (SHIPPED_RULES / "kt-points.yaml").read_text(encoding="utf-8")
# The request of a member, as the form has it before anybody mends it.
FORM = {
    "account.joined_on": "2020-05-01",
    "lot-0-id": "L",
    "lot-0-source": "bill_payment",
    "lot-0-amount": "50,000",
    "lot-0-acquired_on": "2026-01-02",
    "points": "20,000",
    "method": "cash",
    "day": "2026-11-02",
    "text": POINTS,
    "scenarios": "",
    "policy": "kt-points",
}


@pytest.fixture
def author(open_site: Client, database: Database) -> Client:
    """The site with an author in it, and a tiny policy to begin with."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    enter(open_site, "author")
    return open_site


@pytest.fixture(scope="module")
def facts() -> list[dict[str, Any]]:
    """What the example programme knows."""
    found: list[dict[str, Any]] = workbench.checked(POINTS, NOW)["declares"]["facts"]
    return found


def control(page: str, name: str) -> str:
    """A field of the form with what it offers."""
    found = re.search(
        rf'<select[^>]* name="{re.escape(name)}".*?</select>|<input[^>]* name="{re.escape(name)}"[^>]*>',
        page,
        re.DOTALL,
    )
    assert found, f"no field {name}"
    return found[0]


def test_every_fact_that_a_case_can_have_has_a_field_or_is_offered(author: Client, facts: list[dict[str, Any]]) -> None:
    page = post(author, **FORM, do="try").text
    for scope in ("account", "request"):
        for fact in facts_of(facts, scope):
            assert control(page, fact["path"]), fact["path"]
    offered = re.findall(r'<option value="(\w+): ', page[page.index('<datalist id="lot-facts">') :])
    assert set(offered) == {"campaign", "usable_from_on", "locked", "identity_level"}


@pytest.mark.parametrize(
    ("language", "label", "yes", "choice"),
    [("ko", "본인확인 수준", "예", "대리인"), ("en", "The identity level", "yes", "an agent")],
)
def test_fields_are_named_in_the_readers_language(
    author: Client, language: str, label: str, yes: str, choice: str
) -> None:
    author.get(f"/author?lang={language}")
    page = post(author, **FORM, do="try").text
    assert f'<label for="account.identity_level">{label} <code>identity_level</code></label>' in page
    assert f'<option value="true">{yes}</option>' in control(page, "account.contact_verified")
    assert f'<option value="agent">{choice}</option>' in control(page, "request.applicant")
    assert 'type="date"' in control(page, "account.born_on")
    assert 'inputmode="numeric"' in control(page, "account.debt")
    assert '<option value="GOLD">' in control(page, "account.grade")


def test_a_request_is_decided_on_the_fields_and_they_keep_what_was_written(author: Client) -> None:
    mended = {
        "account.identity_level": "1",
        "account.contact_verified": "true",
        "request.receiving_account": "RA-1",
        "request.receiving_holder": "member",
    }
    told = plain(of(post(author, **FORM, do="try"), "tried"))
    assert "Needed: 'contact data verified' is yes. account.contact_verified: true" in told
    answer = post(author, **FORM, **mended, do="try")
    assert "Approved" in plain(of(answer, "tried-status"))
    for name, value in mended.items():
        found = control(answer.text, name)
        assert f'value="{value}" selected' in found or f'value="{value}"' in found


def test_the_day_of_joining_is_there_to_begin_with(author: Client) -> None:
    assert 'value="2020-05-01"' in control(post(author, do="case").text, "account.joined_on")


def test_the_form_comes_when_it_is_opened_and_stays(author: Client) -> None:
    before = author.get("/author/workbench?policy=tiny").text
    assert 'value="case"' in before
    assert 'name="method"' not in before
    opened = post(author, do="case").text
    assert 'name="method"' in opened
    assert re.search(r'data-opens="case" open', opened)
    assert 'name="method"' in post(author, do="check", method="cash").text


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("account.identity_level", "one", "Write a number"),
        ("account.joined_on", "", "is missing"),
        ("account.debt", "9" * 30, "Write a number"),
        ("request.channel", "pigeon", "it is one of"),
        ("account.contact_verified", "yes", "write true or false without quotes, here true"),
    ],
)
def test_a_mistake_stands_at_the_field_of_its_fact(author: Client, name: str, value: str, told: str) -> None:
    page = post(author, **{**FORM, name: value}, do="try").text
    assert f'aria-describedby="{name}-mistake" aria-invalid="true"' in control(page, name)
    mistake = re.search(rf'id="{re.escape(name)}-mistake">(.*?)</span>', page)
    assert mistake
    assert told in plain(mistake[1])


@pytest.mark.parametrize(("language", "word"), [("ko", "true 값이면"), ("en", "write true")])
def test_yes_in_a_text_of_facts_is_told_to_be_true(author: Client, language: str, word: str) -> None:
    author.get(f"/author?lang={language}")
    page = post(author, **FORM, account="contact_verified: yes", do="try").text
    mistake = re.search(r'id="account-mistake">(.*?)</span>', page)
    assert mistake
    assert word in plain(mistake[1])
    quoted = post(author, **FORM, account='contact_verified: "yes"', do="try").text
    mistake = re.search(r'id="account-mistake">(.*?)</span>', quoted)
    assert mistake
    assert "true" in plain(mistake[1])


def test_a_fact_in_two_places_is_told(author: Client) -> None:
    page = post(author, **FORM, account="joined_on: 2021-01-01", do="try").text
    assert "stands in a field above, too" in plain(re.findall(r'id="account-mistake">(.*?)</span>', page)[0])


def test_a_case_fills_the_fields_and_is_read_back(facts: list[dict[str, Any]]) -> None:
    case: dict[str, Any] = {
        "account": {"id": "A", "joined_on": "2020-01-01", "contact_verified": True, "identity_level": 2, "debt": 0},
        "lots": [{"id": "L", "source": "promotion", "acquired_on": "2026-03-01", "amount": 5, "left": 5}],
        "request": {"points": 5, "method": "cash", "receiving_holder": "member", "closing": True},
        "history": [],
        "as_of": "2026-03-02T01:00:00Z",
    }
    sent = filled(case, ZONE, facts)
    assert (sent["account"], sent["request"]) == ("id: A", "")
    assert (sent["account.contact_verified"], sent["request.closing"], sent["account.born_on"]) == ("true", "true", "")
    asked = asked_of(sent, ZONE, facts)
    assert asked.mistakes == {}
    assert asked.body["account"] == {
        "id": "A",
        "joined_on": "2020-01-01",
        "contact_verified": True,
        "identity_level": 2,
    }
    assert asked.body["request"] == case["request"]


def test_an_account_number_of_a_scenario_is_its_author_s_and_fills_the_form(author: Client) -> None:
    scenarios = (SHIPPED_RULES / "kt-points.test.yaml").read_text(encoding="utf-8")
    name = "Later in the month she takes 30,000, partner points first because they end first"
    page = post(author, text=POINTS, scenarios=scenarios, do="test fill", example=name).text
    assert 'value="110-1"' in control(page, "request.receiving_account")
    assert "receiving_account: 110-1" in page.partition('name="history"')[2].partition("</textarea>")[0]


def test_facts_are_kept_while_the_text_has_problems(author: Client) -> None:
    page = post(author, **{**FORM, "text": "format: 1\n", "account.grade": "GOLD"}, do="try").text
    assert '<input type="hidden" name="account.grade" value="GOLD">' in page


@pytest.mark.parametrize(("locale", "dark", "width"), [("ko-KR", True, 360), ("en-GB", False, 1280)])
def test_a_newcomer_tries_a_request_by_the_fields_alone(visits: Visits, locale: str, dark: bool, width: int) -> None:
    visitor = visits(locale=locale, dark=dark, width=width)
    visitor.enters("author")
    page = visitor.page
    page.goto(f"{visitor.site}/author/workbench?policy=kt-points")
    page.locator("#try-title").click()
    page.locator('[name="account.identity_level"]').fill("2")
    page.locator('[name="account.contact_verified"]').select_option("true")
    page.locator('[name="request.receiving_account"]').fill("RA-1")
    page.locator('[name="request.receiving_holder"]').select_option("member")
    page.locator('[name="lot-0-amount"]').fill("30000")
    page.locator('[name="lot-0-acquired_on"]').fill("2026-01-05")
    page.locator("#points").fill("20000")
    page.locator("#method").select_option("cash")
    page.locator('[value="test try"]').click()
    page.locator('[data-part="tried-status"] .badge').wait_for()
    assert page.locator('[name="account.identity_level"]').input_value() == "2"
    assert page.locator('[data-part="tried-status"] .badge').inner_text() in (
        "승인",
        "Approved",
        "검토 중",
        "In review",
    )
    visitor.finds_nothing_serious()
