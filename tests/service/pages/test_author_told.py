"""What authors are told beside their texts: what a draft is for, how far it is, what was withdrawn, what ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import Client, TestResponse

from service import drafts, shadows
from service.database import Database
from service.pages.author_steps import steps_of
from service.publishing import Versions, publish
from tests.service.builders import NOW, SetClock
from tests.service.drafting import APPROVER, AUTHOR, RULES, SCENARIOS, approved, texts
from tests.service.pages.test_author_workbench import of, plain, post
from tests.service.pages.visiting import enter

ABOUT = "The summer limit"


@pytest.fixture
def author(open_site: Client, database: Database) -> Client:
    """The site with an author in it, and a tiny policy."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    enter(open_site, "author")
    return open_site


def sent(site: Client, **fields: str) -> TestResponse:
    """What the form of a new draft is answered."""
    token = re.search(r'name="form_token" value="([^"]+)"', site.get("/author/drafts/new").text)
    assert token, "no form"
    return site.post("/author/drafts/new", data={"form_token": token[1], **fields})


def test_a_draft_says_what_it_is_for_in_the_list_and_on_its_page(author: Client) -> None:
    rules, scenarios = texts(6_000)
    made = sent(author, text=rules, scenarios=scenarios, about=ABOUT, make="yes")
    assert made.status_code == 303
    assert f'<p class="lead">{ABOUT}</p>' in author.get(made.headers["Location"]).text
    assert f'class="line">{ABOUT}</td>' in author.get("/author/drafts").text


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def test_a_draft_that_is_opened_on_the_workbench_keeps_what_it_is_for(author: Client) -> None:
    rules, scenarios = texts(6_000)
    made = sent(author, text=rules, scenarios=scenarios, about=ABOUT, make="yes").headers["Location"]
    rules, scenarios = texts(6_100)
    page = author.get(f"/author/workbench?draft={made.rpartition('/')[2]}").text
    written = {**hidden(page), "text": rules, "scenarios": scenarios}
    # Once more, as a button does without scripts.
    again = author.post("/author/workbench", data={**written, "do": "check"}).text
    assert [f'<p class="lead">{ABOUT}</p>' in each for each in (page, again)] == [True, True]
    written |= hidden(again)
    shown = author.post("/author/drafts/new", data=written).text
    assert f'name="about" maxlength="200" autocomplete="off" value="{ABOUT}"' in shown


@pytest.mark.parametrize(("language", "told"), [("ko", "200자 이하로"), ("en", "Write at most 200 characters")])
def test_a_line_that_is_too_long_is_told_at_its_field_and_kept(author: Client, language: str, told: str) -> None:
    author.get(f"/author?lang={language}")
    rules, scenarios = texts(6_000)
    answer = sent(author, text=rules, scenarios=scenarios, about="x" * 201, make="yes")
    assert answer.status_code == 400
    assert told in re.findall(r'id="about-mistake">(.*?)<', answer.text)[0]
    assert f'value="{"x" * 201}"' in answer.text


@pytest.mark.parametrize(
    ("language", "told"), [("ko", "규칙 파일이 비어 있습니다."), ("en", "The rule file is empty.")]
)
@pytest.mark.parametrize("make", ["", "yes"], ids=["handed over", "made"])
def test_an_empty_text_is_refused_at_once(author: Client, language: str, told: str, make: str) -> None:
    author.get(f"/author?lang={language}")
    answer = sent(author, text=" \n", scenarios="", make=make)
    assert answer.status_code == 422
    assert told in answer.text
    assert 'aria-describedby="text-mistake" aria-invalid="true"' in answer.text
    assert 'id="scenarios-mistake"' in answer.text
    # It is said once, not also as a problem of a line that is not there.
    assert "rules.yaml:" not in answer.text
    assert "mistake" not in author.get("/author/drafts/new").text


def test_one_line_is_one_line(author: Client) -> None:
    told = plain(sent(author, text="format: 1", scenarios="policy: x\nscenarios: []").text)
    assert "Rule file 1 line Scenarios 2 lines" in told


def test_a_failed_draft_that_is_out_of_date_says_both(author: Client, database: Database) -> None:
    rules, scenarios = texts(7_000)
    made = drafts.draft(database, rules, scenarios.replace("[7_001, denied", "[7_001, approved"), AUTHOR, NOW)
    drafts.check(database, Versions(database, 4), made.id, NOW)
    assert "Failed a check" in plain(author.get("/author/drafts").text)
    assert "Out of date" not in plain(author.get("/author/drafts").text)
    approved(database, 6_000)
    row = re.findall(rf"<tr>(?:(?!</tr>).)*{made.id}.*?</tr>", author.get("/author/drafts").text, re.DOTALL)[0]
    assert "Failed a check Out of date" in plain(row)
    assert "Failed a check Out of date" in plain(author.get(f"/author/drafts/{made.id}").text)


@pytest.mark.parametrize(
    ("ended", "standings"),
    [
        ([], "running later later later later"),
        ([("check", True)], "done running later later later"),
        ([("check", True), ("test", True), ("pin", True)], "done done done running later"),
        ([("check", True), ("test", True), ("pin", True), ("prove", True)], "done done done done running"),
        ([("check", True), ("test", False)], "done failed never never never"),
    ],
)
def test_steps_are_told_as_they_end(ended: list[tuple[str, bool]], standings: str) -> None:
    checks = [{"check": name, "passed": passed, "count": 1, "problems": []} for name, passed in ended]
    draft = {"state": "checking", "checks": checks, "shown": None, "rules": "", "scenarios": "", "version": None}
    assert " ".join(each.standing for each in steps_of(draft, [], "Asia/Seoul", "en")[:5]) == standings


def test_the_page_of_a_draft_shows_what_ended_while_others_run(author: Client, database: Database) -> None:
    made = drafts.draft(database, *texts(6_000), AUTHOR, NOW)
    looks: dict[str, str] = {}

    def look(name: str) -> None:
        looks[name] = plain(author.get(f"/author/drafts/{made.id}").text)

    drafts.check(database, Versions(database, 4), made.id, NOW, tell=look)
    assert "Check Under way" in looks["check"]
    assert "Scenarios Done All scenarios pass: 5 cases" in looks["pin"]
    assert "Pins Under way" in looks["pin"]
    assert "Proofs Not yet" in looks["pin"]


def test_a_withdrawn_version_says_by_whom_and_why(author: Client, database: Database) -> None:
    approved(database, 6_000)
    drafts.withdraw(database, "tiny", 2, "It charged <twice>.", APPROVER, NOW + timedelta(seconds=5))
    told = plain(author.get("/author").text)
    assert "2 Withdrawn by lee, 2 Mar 2026, 10:00: It charged <twice>." in told
    assert "Withdrawn by lee, 2 Mar 2026, 10:00: It charged <twice>." in plain(
        author.get("/author/policies/tiny/versions/2").text
    )
    assert "Withdrawn" not in plain(author.get("/author/policies/tiny/versions/1").text)
    author.get("/author?lang=ko")
    assert re.search(r"2 철회됨 lee, 2026.* 10:00: It charged <twice>\.", plain(author.get("/author").text))


@pytest.mark.parametrize(("language", "title"), [("ko", "버전 2에서 1(으)로"), ("en", "from version 2 to 1")])
def test_any_two_versions_are_compared_on_a_page(author: Client, database: Database, language: str, title: str) -> None:
    assert 'action="/author/policies/tiny/compare"' not in author.get("/author").text
    approved(database, 6_000)
    page = author.get(f"/author?lang={language}").text
    assert 'action="/author/policies/tiny/compare"' in page
    # What is chosen to begin with is what the newest version changed.
    assert re.findall(r"<option selected>(\d)</option>", page) == ["1", "2"]
    told = plain(author.get("/author/policies/tiny/compare?old=2&new=1").text)
    assert title in told
    assert "6,000" in told
    assert "5,000" in told
    same = plain(author.get("/author/policies/tiny/compare?old=2&new=2").text)
    assert ("뜻이 바뀐 것이 없습니다." if language == "ko" else "Nothing has another meaning.") in same


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/author/policies/tiny/compare", 400),
        ("/author/policies/tiny/compare?old=1&new=9", 400),
        ("/author/policies/none/compare?old=1&new=1", 404),
    ],
)
def test_what_cannot_be_compared_is_told_in_words_of_people(author: Client, path: str, status: int) -> None:
    answer = author.get(path)
    assert answer.status_code == status
    assert [word for word in ("/v1/", "`errors`", "parameter") if word in answer.text] == []


def test_a_shadow_that_ended_with_its_draft_says_why(author: Client, database: Database, clock: SetClock) -> None:
    made = drafts.draft(database, *texts(6_000), AUTHOR, NOW)
    made = drafts.check(database, Versions(database, 4), made.id, NOW)
    shadows.start(database, "tiny", AUTHOR, NOW, draft=made.id)
    drafts.approve(database, made.id, made.seen or "", NOW + timedelta(seconds=5), APPROVER, NOW)
    assert "Deciding beside" in plain(author.get("/author/policies/tiny/shadow").text)
    clock.at += timedelta(seconds=6)
    told = plain(author.get("/author/policies/tiny/shadow").text)
    assert "its draft came into force as version 2, so nothing is left beside which it could be decided" in told
    assert "Stop it" not in told
    author.get("/author?lang=ko")
    assert "이 초안이 버전 2(으)로 시행되어" in plain(author.get("/author/policies/tiny/shadow").text)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "All 2 scenarios pass. (5 cases, each row of a table counted)"),
        ({"5_001, denied": "5_001, approved"}, "1 scenario fails, 1 pass (of 5 cases, each row of a table counted, 1"),
        (
            {"5_001, denied": "5_001, approved", "8_001, denied": "8_001, approved"},
            "1 scenario fails, 1 pass (of 5 cases, each row of a table counted, 2 fail)",
        ),
    ],
    ids=["none", "a row", "two rows"],
)
def test_scenarios_and_rows_are_counted_apart(author: Client, wrong: dict[str, str], told: str) -> None:
    scenarios = SCENARIOS
    for right, other in wrong.items():
        scenarios = scenarios.replace(right, other)
    assert told in plain(of(post(author, scenarios=scenarios, do="test"), "scenarios-status"))


@pytest.mark.parametrize(("language", "word"), [("ko", "주소를 확인하십시오"), ("en", "Check the address")])
def test_refusals_are_told_in_words_of_people(author: Client, language: str, word: str) -> None:
    author.get(f"/author?lang={language}")
    told = author.get("/author/drafts/P-0")
    assert told.status_code == 404
    assert word in told.text
    assert "/v1/" not in told.text
    begun = shadows_of(author, rules=texts(6_000)[0])
    again = shadows_of(author, rules=texts(6_000)[0])
    assert (begun.status_code, again.status_code) == (303, 409)
    assert "running" not in plain(again.text)


def shadows_of(site: Client, **fields: str) -> TestResponse:
    """Start a shadow by the form."""
    token = re.search(r'name="form_token" value="([^"]+)"', site.get("/author/drafts/new").text)
    assert token, "no form"
    return site.post("/author/policies/tiny/shadow", data={"form_token": token[1], **fields})
