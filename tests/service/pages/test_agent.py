"""An agent finds an account, says what is so, files and answers; an approver decides what waits. Each once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from markupsafe import escape
from werkzeug.test import Client

from service import sessions
from service.database import Database, writing
from service.pages.site import COOKIE
from service.reads import Reader
from tests.service.builders import NOW, SetClock, lot_facts, open_account, publish_small
from tests.service.pages.test_member import form, said
from tests.service.pages.visiting import Visits, enter

PAPERS = """\
papers:
  death: {ko: 사망진단서, en: the death certificate}
"""
WHY = {"by": "lee-7", "reason": "The papers are right."}
PHONE = {"method": "credit", "points": "4,000", "applicant": "member"}
ACCOUNT = "/agent/accounts/A"


def hidden(site: Client, path: str, action: str) -> dict[str, str]:
    """The hidden fields of the form of a page that is sent to an address."""
    text = site.get(path).text
    found = re.search(rf'<form[^>]* action="{re.escape(action)}".*?</form>', text, re.DOTALL)
    assert found, f"no form for {action} on {path}"
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[0]))


def file(site: Client, **fields: str) -> str:
    """File a refund for the member A as an agent does, after a look at what it comes to; where it is found."""
    sent = {**form(site, f"{ACCOUNT}/apply"), **PHONE, **fields}
    shown = site.post(f"{ACCOUNT}/apply", data=sent)
    checked = re.search(r'name="checked" value="(\w+)"', shown.text)
    assert checked, said(shown.text)
    return site.post(f"{ACCOUNT}/requests", data={**sent, "checked": checked[1]}).headers["Location"]


def reviewed(site: Client, database: Database) -> str:
    """A request that waits for a review."""
    open_account(database, lot_facts(90_000), name="B")
    enter(site, "member", "B")
    sent = form(site, "/member/apply", method="credit", points="45000")
    where = site.post("/member/requests", data=sent).headers["Location"]
    return where.replace("/member/", "/agent/")


def contest(site: Client) -> str:
    """A denied request, contested by the member; where the inquiry is found."""
    enter(site, "member")
    sent = form(site, "/member/apply", method="credit", points="60000")
    where = site.post("/member/requests", data=sent).headers["Location"]
    found = re.search(r"/member/inquiries\?decision=([\w-]+)", site.get(where).text)
    assert found, "no way to contest"
    sent = form(site, f"/member/inquiries?decision={found[1]}", text="My points are missing.")
    return site.post("/member/inquiries", data=sent).headers["Location"].replace("/member/", "/agent/")


@pytest.mark.parametrize(
    "path", ["/agent", "/agent/reviews", "/agent/inquiries", ACCOUNT, f"{ACCOUNT}/apply", f"{ACCOUNT}/history"]
)
def test_every_page_of_the_desk_is_there_in_both_languages(open_site: Client, path: str) -> None:
    enter(open_site, "agent")
    for language in ("ko", "en"):
        answer = open_site.get(f"{path}?lang={language}")
        assert (answer.status_code, f'<html lang="{language}">' in answer.text) == (200, True)


def test_what_a_method_costs_is_explained_beside_it(open_site: Client) -> None:
    enter(open_site, "agent")
    page = open_site.get(f"{ACCOUNT}?lang=en").text
    assert '<th scope="row" class="why">cash <small>A fee of 100.</small></th>' in page


@pytest.mark.parametrize("path", ["/agent", "/agent/reviews", ACCOUNT, f"{ACCOUNT}/history"])
def test_an_approver_sees_what_the_role_may_see(open_site: Client, path: str) -> None:
    enter(open_site, "approver")
    assert open_site.get(path).status_code == 200
    for other in ("/agent/inquiries", "/agent/inquiries/Q-1", f"{ACCOUNT}/apply"):
        assert open_site.get(other).status_code == 403


def test_nobody_else_is_at_the_desk(open_site: Client) -> None:
    for role in ("member", "auditor", "author"):
        enter(open_site, role)
        for path in ("/agent", ACCOUNT, "/agent/requests/R-1", "/agent/inquiries"):
            assert open_site.get(path).status_code == 403


def test_an_account_is_found_by_its_id_and_a_wrong_one_is_told(open_site: Client) -> None:
    enter(open_site, "agent")
    assert open_site.get("/agent?account=+A+").headers["Location"] == ACCOUNT
    assert open_site.get("/agent?account=a").headers["Location"] == ACCOUNT, "as it was heard"
    for wrong in ("A-9", "A/balance", "%00", "<b>"):
        answer = open_site.get("/agent", query_string={"account": wrong})
        assert (answer.status_code, "There is no account" in answer.text) == (404, True)
        assert f'value="{escape(wrong)}"' in answer.text
    assert open_site.get("/agent/accounts/A-9").status_code == 404


def test_points_that_can_be_refunded_are_said_of_the_method_they_are_counted_for(open_site: Client) -> None:
    enter(open_site, "agent")
    methods = {"en": "Refundable (cash)", "ko": "환급 대상(현금)"}
    for language, words in methods.items():
        assert words in said(open_site.get(f"{ACCOUNT}?lang={language}").text)


def test_facts_of_an_account_are_called_as_the_policy_calls_them(open_site: Client) -> None:
    enter(open_site, "agent")
    assert "Identity level 2" in said(open_site.get(ACCOUNT).text)
    assert "Grade GOLD" in said(open_site.get(ACCOUNT).text)
    assert "등급 GOLD" in said(open_site.get(f"{ACCOUNT}?lang=ko").text)


def test_the_script_says_what_is_so_in_the_members_language(open_site: Client) -> None:
    enter(open_site, "agent")
    words = said(open_site.get(ACCOUNT).text)
    assert "You can use 10,000 points now." in words
    assert "cash: 10,000 points can be refunded today. 100 KRW is kept" in words
    assert "you receive 9,900 KRW. It is paid by 5 Mar 2026." in words
    assert "현금: 지금 10,000포인트까지 환급해 드릴 수 있습니다." in said(open_site.get(f"{ACCOUNT}?speak=ko").text)


def test_the_script_says_why_not_and_what_waits(open_site: Client, database: Database) -> None:
    open_account(database, lot_facts(10_000), name="S", status="suspended")
    where = reviewed(open_site, database)
    enter(open_site, "agent")
    words = said(open_site.get("/agent/accounts/S").text)
    assert "No refund is possible today, by whatever method. Only active members." in words
    words = said(open_site.get("/agent/accounts/B").text)
    assert "A refund that you asked for holds 45,000 points." in words
    assert "Your request of 2 Mar 2026 for 45,000 points is being looked at by a person." in words
    assert where in open_site.get("/agent/accounts/B").text
    decision = re.search(r'href="(/agent/decisions/[^"]+)"', open_site.get(where).text)
    assert decision, "no way to the decision"
    assert "45,000 points" in said(open_site.get(decision[1]).text)


CASH_STOPS = """\
  - id: no-cash
    kind: require
    terms: "3.1"
    when: {request.method: cash}
    that: {account.grade: PLAIN}
    reason: {ko: "현금 불가", en: "No cash for this grade."}
"""


def test_a_method_that_is_not_possible_is_told_beside_those_that_are(open_site: Client, database: Database) -> None:
    publish_small(database, CASH_STOPS)
    enter(open_site, "agent")
    words = said(open_site.get(ACCOUNT).text)
    assert "cash: no refund is possible today. No cash for this grade." in words
    assert "credit: 10,000 points can be refunded today. There is no fee: you receive 10,000 KRW." in words


def test_a_refund_is_looked_at_and_then_filed_once_by_phone(open_site: Client) -> None:
    enter(open_site, "agent")
    sent = {**form(open_site, f"{ACCOUNT}/apply"), **PHONE}
    part = open_site.post(f"{ACCOUNT}/check", data=sent)
    assert ("<html" in part.text, "4,000 points" in part.text) == (False, True)
    checked = re.search(r'name="checked" value="(\w+)"', part.text)
    assert checked, "nothing to file by"
    sent["checked"] = checked[1]
    first, second = (open_site.post(f"{ACCOUNT}/requests", data=sent).headers["Location"] for _ in range(2))
    assert first == second
    words = said(open_site.get(first).text)
    assert "Approved" in words
    assert "call centre" in words


@pytest.mark.slow
def test_an_agent_is_told_only_what_is_missing(visits: Visits) -> None:
    agent = visits()
    agent.enters("agent")
    agent.goes("/agent/accounts/A-0001/apply")
    agent.page.locator("#points").fill("20000")
    agent.page.get_by_text("Please name the account that the cash should go to.").wait_for()
    assert "own name" not in agent.page.locator("#outcome").inner_text(), "the form says whose it is"
    agent.page.get_by_role("button", name="File it so").click()
    agent.page.wait_for_url("**/agent/requests/*")
    told = agent.page.get_by_role("main").inner_text()
    assert ("Please name the account" in told, "own name" in told) == (True, False), "what was looked at was filed"


@pytest.mark.parametrize("checked", ["", "0" * 32])
def test_what_was_not_looked_at_is_not_filed(open_site: Client, checked: str) -> None:
    enter(open_site, "agent")
    sent = {**form(open_site, f"{ACCOUNT}/apply"), **PHONE, "checked": checked}
    answer = open_site.post(f"{ACCOUNT}/requests", data=sent)
    assert (answer.status_code, "Nothing was filed" in answer.text) == (422, True)
    assert 'value="4,000"' in answer.text
    assert "/agent/requests/" not in open_site.get(ACCOUNT).text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"points": ""}, "Say how many"),
        ({"points": "x"}, "as a number"),
        ({"method": ""}, "Choose how"),
        ({"issued:death": "yesterday"}, "as in 2026-03-02"),
    ],
)
def test_a_wrong_field_is_told_and_what_was_typed_stays(
    open_site: Client, database: Database, fields: dict[str, str], told: str
) -> None:
    publish_small(database, PAPERS)
    enter(open_site, "agent")
    sent = {**form(open_site, f"{ACCOUNT}/apply"), **PHONE, "receiving_account": "RA-7", **fields}
    for path in ("apply", "requests"):
        answer = open_site.post(f"{ACCOUNT}/{path}", data=sent)
        assert (answer.status_code, told in answer.text, 'value="RA-7"' in answer.text) == (422, True, True)


@pytest.mark.parametrize("wrong", [{"method": "gold"}, {"applicant": "nobody"}, {"paper:nothing": "yes"}])
def test_what_the_api_refuses_is_told(open_site: Client, wrong: dict[str, str]) -> None:
    enter(open_site, "agent")
    sent = {**form(open_site, f"{ACCOUNT}/apply"), **PHONE, **wrong}
    answer = open_site.post(f"{ACCOUNT}/apply", data=sent)
    assert 'role="alert"' in answer.text
    assert 'name="checked"' not in answer.text


def test_papers_that_were_seen_are_kept_with_their_days(open_site: Client, database: Database) -> None:
    publish_small(database, PAPERS)
    enter(open_site, "agent")
    where = file(open_site, **{"paper:death": "yes", "issued:death": "2026-02-20", "applicant": "heir"})
    words = said(open_site.get(where).text)
    assert "the death certificate issued on 20 Feb 2026" in words
    assert "an heir" in words


def test_an_approver_decides_once_and_says_why(open_site: Client, database: Database) -> None:
    where = reviewed(open_site, database)
    enter(open_site, "approver")
    assert where in open_site.get("/agent").text
    assert "Above 40,000" in said(open_site.get(where).text)
    sent = {**hidden(open_site, where, f"{where}/approve"), **WHY}
    for _ in range(2):
        assert open_site.post(f"{where}/approve", data=sent).status_code == 303
    words = said(open_site.get(where).text)
    assert "lee-7 The papers are right." in words
    assert "A person looked at it and approved it. The reason given: The papers are right. What the rules said" in words
    late = open_site.post(f"{where}/refuse", data={**sent, "once": "another"})
    assert (late.status_code, 'role="alert"' in late.text) == (409, True)
    assert where not in open_site.get("/agent").text


def test_a_refusal_is_read_by_the_member(open_site: Client, database: Database) -> None:
    where = reviewed(open_site, database)
    enter(open_site, "approver")
    sent = {**hidden(open_site, where, f"{where}/approve"), **WHY, "reason": "The paper is of another person."}
    open_site.post(f"{where}/refuse", data=sent)
    enter(open_site, "member", "b")
    assert "A person looked at it and refused it." in said(open_site.get("/member").text)
    words = said(open_site.get(where.replace("agent", "member")).text)
    assert "A person looked at it and refused it. The points are still there." in words
    assert "The reason given: The paper is of another person. What the rules said when it was asked for" in words
    assert "You receive" not in words.partition("How it went")[0]


@pytest.mark.parametrize(("field", "told"), [("reason", "Say why"), ("by", "Say who")])
def test_a_decision_without_a_reason_or_a_name_is_not_made(
    open_site: Client, database: Database, field: str, told: str
) -> None:
    where = reviewed(open_site, database)
    enter(open_site, "approver")
    sent = {**hidden(open_site, where, f"{where}/approve"), **WHY, field: "  "}
    answer = open_site.post(f"{where}/approve", data=sent)
    assert (answer.status_code, told in answer.text) == (422, True)
    assert "Being looked at" in said(open_site.get(where).text)


def test_the_holder_of_a_token_acts_by_no_other_name(open_site: Client, database: Database) -> None:
    where = reviewed(open_site, database)
    reader = Reader("lee@example.com", "https://id.example.com", ("approver",), alone=True)
    open_site.set_cookie(COOKIE, writing(database, lambda: sessions.make(database, reader, NOW)))
    assert 'name="by"' not in open_site.get(where).text
    open_site.post(f"{where}/approve", data={**hidden(open_site, where, f"{where}/approve"), **WHY})
    words = said(open_site.get(where).text)
    assert "lee@example.com The papers are right." in words
    assert "lee-7" not in words


def test_an_agent_is_told_who_may_decide_and_can_cancel_for_the_member(open_site: Client, database: Database) -> None:
    where = reviewed(open_site, database)
    enter(open_site, "agent")
    assert "Only an approver" in said(open_site.get(where).text)
    sent = {**hidden(open_site, where, f"{where}/cancel"), **WHY}
    assert open_site.post(f"{where}/approve", data=sent).status_code == 403
    open_site.post(f"{where}/cancel", data=sent)
    assert "Cancelled" in said(open_site.get(where).text)


def test_inquiries_stand_by_their_clock(open_site: Client, clock: SetClock) -> None:
    where = contest(open_site)
    enter(open_site, "agent")
    assert "30 days left" in said(open_site.get("/agent").text)
    clock.at += timedelta(days=31)
    enter(open_site, "agent")
    for path in ("/agent", "/agent/inquiries", where, ACCOUNT):
        assert "1 day overdue" in said(open_site.get(path).text), path


def test_a_contest_is_asked_back_answered_and_closed(open_site: Client) -> None:
    where = contest(open_site)
    enter(open_site, "agent")
    back = {**hidden(open_site, where, f"{where}/ask"), "by": "kim", "text": "Which points?"}
    open_site.post(f"{where}/ask", data=back)
    assert "Member was asked back" in said(open_site.get("/agent/inquiries").text)
    enter(open_site, "member")
    for path in ("/member", "/member/inquiries", where.replace("/agent/", "/member/")):
        assert re.search("agent asks", said(open_site.get(path).text)), path
    enter(open_site, "agent")
    added = {**hidden(open_site, where, f"{where}/add"), "text": "Those of May."}
    open_site.post(f"{where}/add", data=added)
    blank = {**hidden(open_site, where, f"{where}/answer"), "by": "kim", "text": "We looked.", "reason": " "}
    answer = open_site.post(f"{where}/answer", data=blank)
    assert answer.status_code == 422
    assert all(told in answer.text for told in ("Choose an outcome", "Say why", "We looked."))
    open_site.post(f"{where}/answer", data={**blank, "outcome": "upheld", "reason": "order, article 5"})
    words = said(open_site.get(where).text)
    for told in ("Which points?", "Those of May.", "We looked.", "The decision stays order, article 5", "Answered"):
        assert told in words
    enter(open_site, "member")
    told = said(open_site.get(where.replace("/agent/", "/member/")).text)
    assert "was answered" in said(open_site.get("/member").text)
    assert "agent asks" not in told
    assert "The decision stays order, article 5" in told, "the member reads what came of it"
    enter(open_site, "agent")
    ended = {**hidden(open_site, where, f"{where}/withdraw"), "by": "kim"}
    assert open_site.post(f"{where}/close", data=ended).status_code == 303
    assert "Closed" in said(open_site.get(where).text)
    assert "<form" not in open_site.get(where).text.partition("<main")[2]
    late = open_site.post(f"{where}/close", data=ended)
    assert (late.status_code, 'role="alert"' in late.text) == (409, True)


def test_a_question_on_the_phone_is_written_down_and_answered(open_site: Client) -> None:
    enter(open_site, "agent")
    sent = {**hidden(open_site, ACCOUNT, f"{ACCOUNT}/inquiries"), "text": "When do my points end?"}
    assert open_site.post(f"{ACCOUNT}/inquiries", data={**sent, "text": ""}).status_code == 400
    where = open_site.post(f"{ACCOUNT}/inquiries", data=sent).headers["Location"]
    blank = {**hidden(open_site, where, f"{where}/answer"), "by": "", "text": ""}
    answer = open_site.post(f"{where}/answer", data=blank)
    assert (answer.status_code, "Write what" in answer.text, "Say who" in answer.text) == (422, True, True)
    open_site.post(f"{where}/answer", data={**blank, "by": "kim", "text": "In June."})
    assert "Agent kim" in said(open_site.get(where).text)
    enter(open_site, "member")
    assert "In June." in said(open_site.get(where.replace("agent", "member")).text)


def test_what_is_not_there_is_not_found(open_site: Client) -> None:
    enter(open_site, "agent")
    for path in ("requests/R-1", "decisions/D-1", "inquiries/Q-1", "accounts/nobody", "accounts/nobody/apply"):
        assert open_site.get(f"/agent/{path}").status_code == 404, path


@pytest.mark.slow
def test_the_desk_works_through_a_day_in_a_browser(visits: Visits) -> None:
    agent, approver = visits(locale="ko-KR"), visits(dark=True, width=390)
    page = agent.page
    agent.enters("agent")
    page.locator("#account").fill("A-0001")
    page.get_by_role("button", name="찾기").click()
    page.wait_for_url("**/agent/accounts/A-0001")
    assert "고객님께서 지금 쓰실 수 있는 포인트는" in page.locator("main").inner_text()
    agent.finds_nothing_serious()
    page.get_by_role("link", name="환급 접수하기").click()
    page.locator('input[name="method"][value="gift_card"]').check()
    page.locator("#points").fill("10,000")
    page.locator("#applicant").select_option("agent")
    page.locator("#outcome .badge.warn").wait_for()
    agent.finds_nothing_serious()
    page.get_by_role("button", name="이대로 접수하기").click()
    page.wait_for_url("**/agent/requests/R-*")
    where = page.url.removeprefix(agent.site)
    assert "승인자만" in page.locator("main").inner_text()

    page = approver.page
    approver.enters("approver")
    for path in ("/agent", "/agent/reviews", "/agent/accounts/A-0001", where):
        approver.goes(path)
        approver.finds_nothing_serious()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    page.locator("#by").fill("lee-7")
    page.locator("#reason").fill("The power of attorney is in order.")
    page.get_by_role("button", name="Approve").click()
    page.locator(".badge.good").wait_for()
    assert "lee-7" in page.locator(".steps").inner_text()

    page = agent.page
    agent.goes(where)
    page.get_by_role("link", name="이의 제기 접수하기").click()
    page.locator("#text").fill("수수료가 이상합니다.")
    page.get_by_role("button", name="접수하기", exact=True).click()
    page.wait_for_url("**/agent/inquiries/Q-*")
    agent.finds_nothing_serious()
    page.locator("#answer-text").fill("약관대로 계산되었습니다.")
    page.locator('input[name="outcome"][value="explained"]').check()
    page.locator("#reason").fill("약관 제20조")
    page.get_by_role("button", name="답 보내기").click()
    page.get_by_text("끝내기").click()
    page.get_by_role("button", name="종료하기").click()
    page.get_by_text("종료", exact=True).wait_for()
    for path in ("/agent", "/agent/inquiries?state=closed"):
        agent.goes(path)
        agent.finds_nothing_serious()
