"""A member sees the points, applies, follows the request, reads why, and contests it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from peewee import Database
from werkzeug.test import Client

from service.pages.history import ENTRIES
from tests.service.builders import NOW, SetClock, lot_facts, open_account, publish_small
from tests.service.pages.visiting import Visits, enter

PATHS = (
    *("/member", "/member/lots", "/member/history", "/member/apply", "/member/requests"),
    *("/member/earning", "/member/inquiries", "/member/help"),
)


def form(site: Client, path: str, **fields: str) -> dict[str, str]:
    """The fields of the first form of a page that is filled in, with its hidden ones."""
    text = site.get(path).text
    main = text.partition("<main")[2]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', main))
    return {**hidden, **fields}


def said(text: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_of_a_member_is_there_in_both_languages(open_site: Client, path: str, language: str) -> None:
    enter(open_site, "member")
    answer = open_site.get(f"{path}?lang={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_the_balance_is_told_with_what_a_refund_would_come_to(open_site: Client) -> None:
    enter(open_site, "member")
    words = said(open_site.get("/member").text)
    assert "10,000 points" in words
    assert "9,900 KRW" in words


def test_a_request_is_worked_out_without_being_filed(open_site: Client) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="cash", points="5,000", receiving_account="RA-1")
    answer = open_site.post("/member/apply", data=sent)
    assert "4,950 KRW" in said(answer.text)
    assert 'value="5,000"' in answer.text
    part = open_site.post("/member/check", data=sent)
    assert "4,950 KRW" in part.text
    assert "article" in said(f"<main {part.text}"), "why there is a fee"
    assert "<html" not in part.text
    assert "There are none yet" in said(open_site.get("/member/requests").text)


def test_a_request_is_filed_once_however_often_it_is_sent(open_site: Client) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="credit", points="4000")
    first, second = (open_site.post("/member/requests", data=sent).headers["Location"] for _ in range(2))
    assert first == second
    assert "6,000 points" in said(open_site.get("/member").text)
    assert "Approved" in said(open_site.get(first).text)


def test_a_denied_request_says_why_and_what_would_pass(open_site: Client) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="credit", points="60000")
    where = open_site.post("/member/requests", data=sent).headers["Location"]
    words = said(open_site.get(where).text)
    assert "Denied" in words
    assert "There are 10000 points" in words or "There are 10,000 points" in words
    assert "Ask for 10,000 points instead: credit" in words
    again = re.search(
        r'href="(/member/apply\?method=credit&amp;points=10000&amp;again=yes)"', open_site.get(where).text
    )
    assert again, "no way to ask again"
    filled = said(open_site.get(again[1].replace("&amp;", "&")).text)
    assert "10,000 points" in filled.partition("What it comes to")[2]
    assert "enter it again" in filled


@pytest.mark.parametrize(
    ("points", "told"), [("", "Say how many"), ("lots", "as a number"), ("-5", "as a number"), ("0", "as a number")]
)
def test_a_wrong_amount_is_told_and_what_was_typed_stays(open_site: Client, points: str, told: str) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="credit", points=points, receiving_account="RA-7")
    for path in ("/member/apply", "/member/requests"):
        answer = open_site.post(path, data=sent)
        assert (answer.status_code, told in answer.text) == (422, True)
        assert 'value="RA-7"' in answer.text


def test_a_request_is_taken_back(open_site: Client) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="credit", points="4000")
    where = open_site.post("/member/requests", data=sent).headers["Location"]
    open_site.post(f"{where}/cancel", data=form(open_site, where))
    words = said(open_site.get(where).text)
    assert "Cancelled" in words
    assert "It was taken back. The points are still there." in words
    assert "10,000 points" in said(open_site.get("/member").text)


def test_what_came_and_went_is_told_as_it_happened_and_not_lot_by_lot(open_site: Client, database: Database) -> None:
    open_account(database, lot_facts(3_000), lot_facts(2_000), name="B")
    enter(open_site, "member", "B")
    sent = form(open_site, "/member/apply", method="credit", points="4000")
    where = open_site.post("/member/requests", data=sent).headers["Location"]
    open_site.post(f"{where}/cancel", data=form(open_site, where))
    lines = re.findall(r"<tr>(.*?)</tr>", open_site.get("/member/history").text, re.DOTALL)[1:]
    told = [(re.search(r'data-label="What">(?:<a[^>]*>)?([^<]+)', each), said(f"<main{each}")) for each in lines]
    assert [what and what[1] for what, _ in told] == ["Given back, not refunded", "Refund asked for", "Earned"]
    assert [amount in line for amount, (_, line) in zip(("+4,000", "−4,000", "+5,000"), told, strict=True)] == [
        True
    ] * 3
    assert all(f'href="{where}"' in line for line in lines[:2])


def test_a_page_of_what_came_and_went_ends_where_something_else_begins(open_site: Client, database: Database) -> None:
    lots = 2 * ENTRIES // 3
    open_account(database, *[lot_facts(100)] * lots, name="B")
    enter(open_site, "member", "B")
    sent = form(open_site, "/member/apply", method="credit", points=f"{100 * lots}")
    open_site.post("/member/requests", data=sent)
    first = open_site.get("/member/history").text
    assert (f"−{100 * lots:,} points" in first, "Earned</td>" in first) == (True, False)
    following = re.search(r'href="(\?after=\d+)"', first)
    assert following, "there is no more"
    second = said(open_site.get(f"/member/history{following[1]}").text)
    assert (f"+{100 * lots:,} points" in second, "Refund asked for" in second) == (True, False)


def test_a_decision_is_contested_and_the_talk_goes_on(open_site: Client) -> None:
    enter(open_site, "member")
    sent = form(open_site, "/member/apply", method="credit", points="60000")
    where = open_site.post("/member/requests", data=sent).headers["Location"]
    found = re.search(r"/member/inquiries\?decision=([\w-]+)", open_site.get(where).text)
    assert found, "no way to contest"
    about = open_site.get(f"/member/inquiries?decision={found[1]}").text
    # Whoever contests sees which decision it is.
    assert "60,000 points" in said(about)
    assert f'href="/member/decisions/{found[1]}"' in about
    contest = form(open_site, f"/member/inquiries?decision={found[1]}", text="My points are missing.")
    talk = open_site.post("/member/inquiries", data=contest).headers["Location"]
    assert "My points are missing." in said(open_site.get(talk).text)
    open_site.post(f"{talk}/entries", data=form(open_site, talk, text="They came in May."))
    open_site.post(f"{talk}/withdraw", data=form(open_site, talk))
    words = said(open_site.get(talk).text)
    assert "They came in May." in words
    assert "Taken back" in words


@pytest.mark.parametrize(("words", "told"), [("zzzz", "0 answers"), ("appeal", "1 answer")])
def test_answers_are_counted_as_people_count(open_site: Client, words: str, told: str) -> None:
    enter(open_site, "member")
    found = said(open_site.get(f"/member/help?q={words}").text)
    assert told in found
    assert f"{told}s" not in found


@pytest.mark.parametrize("sent", [False, True], ids=["looked at", "sent"])
def test_whoever_contests_what_is_no_decision_of_theirs_is_told_and_keeps_the_words(
    open_site: Client, sent: bool
) -> None:
    enter(open_site, "member")
    path = "/member/inquiries?decision=D-1"
    if sent:
        answer = open_site.post(
            "/member/inquiries", data=form(open_site, "/member/inquiries", decision_id="D-1", text="Mine.")
        )
    else:
        answer = open_site.get(path)
    assert "That decision is none of yours" in said(answer.text)
    assert "Contest a decision" not in said(answer.text)
    assert ("Mine." in answer.text) is sent


def test_questions_stand_below_their_topics(open_site: Client) -> None:
    enter(open_site, "member")
    html = open_site.get("/member/help").text
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert headings == [
        "My points and how long they last",
        "What is paid, and what it costs",
        "Checks of the person and the account",
        "The result, and how to contest it",
    ]
    assert re.findall(r"/member/help/([a-z-]+)", html.split(headings[2])[1].split("<h2")[0]) == ["privacy"]


def test_what_is_anothers_is_not_there(open_site: Client) -> None:
    enter(open_site, "member")
    for path in ("/member/requests/R-1", "/member/decisions/D-1", "/member/inquiries/Q-1", "/member/help/nothing"):
        assert open_site.get(path).status_code == 404


@pytest.mark.slow
def test_whose_account_it_is_is_known_before_its_number(visits: Visits) -> None:
    member = visits(script=False)
    member.enters("member")
    member.goes("/member/apply?method=cash&points=5000")
    told = member.page.get_by_role("main").inner_text()
    assert "Please name the account that the cash should go to." in told
    assert "own name" not in told, "the form says that it is the member's own"
    member.sends('button:text("Apply")')
    filed = member.page.get_by_role("main").inner_text()
    assert ("Please name the account" in filed, "own name" in filed) == (True, False), "as it was worked out"


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_a_member_goes_the_whole_way_in_a_browser(visits: Visits, dark: bool) -> None:
    member = visits(locale="ko-KR", dark=dark, width=390 if dark else 1280)
    page = member.page
    member.enters("member", "A-0003" if dark else "A-0004")
    for path in PATHS:
        member.goes(path)
        member.finds_nothing_serious()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    member.goes("/member/apply")
    page.locator('input[name="method"]').nth(1).check()
    page.locator("#points").fill("1,234,567")
    page.locator("#outcome .badge").wait_for()
    assert "안 됩니다" in page.locator("#outcome").inner_text()
    page.get_by_role("button", name="신청하기").click()
    page.wait_for_url("**/member/requests/R-*")
    member.finds_nothing_serious()
    assert "거절" in page.locator("h1").inner_text()
    page.get_by_role("link", name="이의 제기하기").click()
    page.locator("#text").fill("포인트가 더 있어야 합니다.")
    page.get_by_role("button", name="보내기").click()
    page.wait_for_url("**/member/inquiries/Q-*")
    assert "포인트가 더 있어야 합니다." in page.locator("main").inner_text()
    member.finds_nothing_serious()
    member.goes("/member/help?q=수수료")
    page.locator(".answers a").first.click()
    assert page.locator("h1").inner_text()


@pytest.mark.slow
def test_without_scripts_a_member_can_do_the_same(visits: Visits) -> None:
    member = visits(script=False)
    member.enters("member", "A-0005")
    member.goes("/member/apply")
    member.page.locator('input[name="method"]').nth(1).check()
    member.page.locator("#points").fill("999999999")
    member.sends('button:text("Work it out first")')
    assert "Not possible as it stands" in member.page.locator("#outcome").inner_text()
    assert member.page.locator("#points").input_value() == "999999999"


@pytest.mark.slow
def test_what_a_member_earns_stands_before_what_others_do(visits: Visits) -> None:
    member = visits(locale="en-GB", width=360)
    member.enters("member")
    member.goes("/member/earning")
    bill = member.page.get_by_role("article").filter(has_text="paying a bill").first
    figures = [each for each in bill.inner_text().splitlines() if "points" in each]
    assert figures[0] == "8 points for every 1,000 KRW Yours: VIP"
    assert [each for each in figures if "GOLD" in each] == [
        "Otherwise, by the grade: VVIP 10 points · GOLD 6 points · all others 5 points"
    ]
    member.finds_nothing_serious()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_enter_works_a_refund_out_and_files_nothing(visits: Visits, script: bool) -> None:
    member = visits(script=script)
    member.enters("member", "A-0006")
    member.goes("/member/requests")
    before = member.page.locator("tbody tr").count()
    member.goes("/member/apply")
    member.page.locator('input[name="method"]').nth(1).check()
    member.page.locator("#points").fill("999999999")
    with member.page.expect_navigation():
        member.page.locator("#points").press("Enter")
    assert "Not possible as it stands" in member.page.locator("#outcome").inner_text()
    member.goes("/member/requests")
    assert member.page.locator("tbody tr").count() == before


def test_a_denied_request_for_all_is_of_no_number_of_points(open_site: Client, database: Database) -> None:
    open_account(database, name="B")
    enter(open_site, "member", "B")
    sent = form(open_site, "/member/apply", method="credit", all="yes")
    where = open_site.post("/member/requests", data=sent).headers["Location"]
    for path in (where, "/member/requests"):
        words = said(open_site.get(path).text)
        assert ("as many as can be refunded" in words, "0 points" in words.partition("Why it")[0]) == (True, False)


@pytest.mark.slow
def test_the_tab_of_the_page_is_in_view_on_a_phone_that_has_no_room_for_all(visits: Visits) -> None:
    member = visits(width=360, script=False)
    member.enters("member")
    tabs = member.page.locator(".top nav a").evaluate_all("each => each.map(one => one.getAttribute('href'))")
    member.goes(tabs[-1])
    box = member.page.locator(".top nav [aria-current]").bounding_box()
    assert (box["x"] >= 0, box["x"] + box["width"] <= 360) == (True, True)


def test_a_member_is_told_what_keeps_it_from_earning(open_site: Client, database: Database, clock: SetClock) -> None:
    rule = """  - id: earn-active
    kind: earn
    terms: "9.1"
    event: purchase
    source: bill
    points: 10
    when: {account.status: active}
"""
    publish_small(database, rule)
    open_account(database, name="S", status="suspended")
    clock.at = NOW + timedelta(days=1)
    for account, told in (("A", "10 points"), ("S", "Not for you")):
        enter(open_site, "member", account)
        page = said(open_site.get("/member/earning?lang=en").text)
        assert told in page
        assert ("Not at present: it applies when" in page) == (account == "S")
