"""Who comes in, in which language, what a browser is told, and that forms of others change nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from werkzeug.test import Client

from service import access_keys, member_tokens, sessions
from service.database import Database, rows, writing
from service.pages.site import COOKIE, WithPages
from service.reads import Reader
from tests.service.builders import NOW, SetClock
from tests.service.pages.visiting import Visits, enter

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def key_of(database: Database, *roles: str) -> tuple[str, str]:
    return writing(database, lambda: access_keys.make(database, "somebody", roles, NOW + timedelta(days=1), NOW))


def token_of(site: Client) -> str:
    found = re.search(r'name="form_token" value="(\w+)"', site.get("/start").text)
    assert found, "nobody is signed in"
    return found[1]


def test_the_root_is_a_page_for_a_browser_and_an_index_for_programs(open_site: Client) -> None:
    assert open_site.get("/", headers=BROWSER).mimetype == "text/html"
    assert open_site.get("/").get_json()["service"] == "recoup"


def test_every_template_is_compiled_before_anybody_visits(open_site: Client) -> None:
    site = open_site.application
    assert isinstance(site, WithPages)
    templates = site.templates
    for _ in site.made_ready():
        pass
    assert templates.cache is not None
    assert {name for _, name in templates.cache} == set(templates.list_templates())


@pytest.mark.parametrize(
    ("role", "path", "marked"),
    [
        ("member", "/member", '"/member" aria-current="page"'),
        ("member", "/member/help/own-expiry", '"/member/help" aria-current="true"'),
        ("member", "/member/help?q=fee", '"/member/help" aria-current="page"'),
        ("agent", "/agent/accounts/A", '"/agent" aria-current="true"'),
    ],
)
def test_the_menu_marks_the_page_or_the_one_that_it_lies_below(
    open_site: Client, role: str, path: str, marked: str
) -> None:
    enter(open_site, role)
    menu = open_site.get(path).text.partition("<nav")[2].partition("</nav>")[0]
    assert re.findall(r'href=("[^"]*" aria-current="\w+")', menu) == [marked]


@pytest.mark.parametrize("path", ["/member", "/member?x=1"])
def test_who_is_not_signed_in_is_asked_to_and_comes_back(open_site: Client, path: str) -> None:
    answer = open_site.get(path)
    assert (answer.status_code, unquote(answer.headers["Location"])) == (303, f"/start?next={path}")
    sent = open_site.post("/sign-in", data={"try_as": "member", "account": "A", "next": path})
    assert sent.headers["Location"] == path


def test_a_key_lets_in_while_it_is_valid(keyed_site: Client, database: Database) -> None:
    key, secret = key_of(database, "agent")
    assert keyed_site.post("/sign-in", data={"key": secret}).headers["Location"] == "/agent"
    assert "somebody" in keyed_site.get("/start").text
    writing(database, lambda: access_keys.revoke(database, key, NOW))
    assert "somebody" not in keyed_site.get("/start").text


def test_a_members_token_lets_the_member_in(keyed_site: Client, database: Database) -> None:
    token = writing(database, lambda: member_tokens.make(database, "A", "", NOW + timedelta(minutes=5), NOW))
    assert keyed_site.post("/sign-in", data={"key": token}).headers["Location"] == "/member"
    assert keyed_site.get("/member").status_code == 200


@pytest.mark.parametrize(
    ("key", "told"), [("recoup_nothing", "is not known"), ("", "is missing"), ("two words", "Bearer")]
)
def test_a_wrong_key_is_told_and_keeps_nobody_signed_in(keyed_site: Client, key: str, told: str) -> None:
    answer = keyed_site.post("/sign-in", data={"key": key})
    assert answer.status_code == 401
    assert told in answer.text
    assert key == "" or key not in answer.text
    assert COOKIE not in answer.headers.get("Set-Cookie", "")


def test_with_keys_nobody_goes_in_to_try(keyed_site: Client) -> None:
    assert enter(keyed_site, "auditor").status_code == 401
    assert "try_as" not in keyed_site.get("/start").text


def test_a_session_ends_by_itself_and_by_signing_out(open_site: Client, clock: SetClock) -> None:
    enter(open_site, "member")
    assert open_site.get("/member").status_code == 200
    assert open_site.post("/sign-out", data={"form_token": token_of(open_site)}).status_code == 303
    assert open_site.get("/member").status_code == 303
    enter(open_site, "member")
    clock.at += sessions.MEMBERS_LAST
    assert open_site.get("/member").status_code == 303


def test_what_the_browser_keeps_is_not_what_is_kept(open_site: Client, database: Database) -> None:
    cookie = enter(open_site, "member").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    secret = cookie.partition("=")[2].partition(";")[0]
    kept = rows(database, "SELECT digest FROM session", ())
    assert [secret in each[0] for each in kept] == [False]


@pytest.mark.parametrize("token", ["", "x", "한글"])
def test_a_form_that_is_not_ours_changes_nothing(open_site: Client, token: str) -> None:
    enter(open_site, "member")
    answer = open_site.post("/sign-out", data={"form_token": token})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert open_site.get("/member").status_code == 200


def test_another_role_is_refused(open_site: Client) -> None:
    enter(open_site, "auditor")
    assert open_site.get("/member").status_code == 403


def test_whoever_is_refused_can_sign_in_with_another_key_and_go_on(open_site: Client) -> None:
    enter(open_site, "auditor")
    refused = open_site.get("/agent/accounts/A?speak=en").text
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', refused.partition("<h1>")[2]))
    assert fields["next"] == "/agent/accounts/A?speak=en"
    out = open_site.post("/sign-out", data=fields)
    assert out.headers["Location"] == "/start?next=/agent/accounts/A?speak%3Den"
    assert f'name="next" value="{fields["next"]}"' in open_site.get(out.headers["Location"]).text
    assert open_site.get("/agent/accounts/A").status_code == 303


def test_a_form_that_comes_after_signing_out_says_where_to_sign_in(open_site: Client) -> None:
    came_from = {"Referer": "http://localhost/member/apply?method=cash"}
    told = open_site.post("/member/requests", headers=came_from)
    assert told.status_code == 403
    assert 'href="/start?next=/member/apply"' in told.text
    assert 'href="/start?next=/start"' in open_site.post("/member/requests", headers={"Referer": "//e.example//x"}).text


@pytest.mark.parametrize("next", ["//e.example/", "https://e.example/"])
def test_signing_out_leads_nowhere_else(open_site: Client, next: str) -> None:
    enter(open_site, "member")
    page = open_site.get("/member").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    assert open_site.post("/sign-out", data={"form_token": token[1], "next": next}).headers["Location"] == "/start"


ELSEWHERE = ("https://e.example/", "//e.example/", "/\\e.example", "javascript:alert(1)", "e")


@pytest.mark.parametrize("next", ELSEWHERE)
def test_nobody_is_sent_to_another_site(open_site: Client, next: str) -> None:
    answer = open_site.post("/sign-in", data={"try_as": "member", "account": "A", "next": next})
    assert answer.headers["Location"] == "/member"


def test_an_account_that_is_not_there_is_told(open_site: Client) -> None:
    answer = enter(open_site, "member", "A-9999")
    assert (answer.status_code, "There is no such account" in answer.text) == (400, True)


def test_the_language_is_the_chosen_one_and_else_the_browsers(open_site: Client) -> None:
    assert '<html lang="ko">' in open_site.get("/start", headers={"Accept-Language": "ko-KR,en;q=0.5"}).text
    assert '<html lang="en">' in open_site.get("/start", headers={"Accept-Language": "fr"}).text
    open_site.get("/start?lang=ko")
    assert '<html lang="ko">' in open_site.get("/start", headers={"Accept-Language": "en"}).text


def test_every_page_says_what_a_browser_may_do(open_site: Client) -> None:
    enter(open_site, "member")
    for path in ("/start", "/member", "/member/nothing", "/agent", "/static/nothing"):
        headers = open_site.get(path).headers
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


def test_a_file_is_kept_as_long_as_it_is_the_same(open_site: Client) -> None:
    found = re.search(r'"(/static/pages/recoup.css\?v=\w+)"', open_site.get("/start").text)
    assert found, "a page without a style"
    assert "immutable" in open_site.get(found[1]).headers["Cache-Control"]
    assert open_site.get("/static/pages/recoup.css?v=old").headers["Cache-Control"] == "no-cache"
    for path in ("/static/../config.py", "/static/pages/..%2f..%2fconfig.py", "/static/vendor/htmx/LICENSE.txt"):
        assert open_site.get(path).status_code == 404


def test_a_session_is_only_whom_it_was_made_for(database: Database) -> None:
    reader = Reader("somebody", "", ("agent", "auditor"), None, alone=True)
    secret = writing(database, lambda: sessions.make(database, reader, NOW))
    assert sessions.find(database, secret, NOW) == reader
    assert sessions.find(database, secret + "x", NOW) is None


@pytest.mark.slow
def test_a_newcomer_goes_in_by_the_first_page(visits: Visits) -> None:
    visitor = visits(locale="ko-KR")
    visitor.enters("member")
    assert visitor.page.url.endswith("/member")
    visitor.finds_nothing_serious()


@pytest.mark.parametrize(
    ("accept", "kind"), [("text/html,*/*", "text/html"), ("application/json", "application/problem+json")]
)
def test_an_address_that_nobody_knows_is_a_page_for_a_browser(open_site: Client, accept: str, kind: str) -> None:
    answer = open_site.get("/nope", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (404, kind)
    assert open_site.get("/v1/nope", headers={"Accept": accept}).mimetype == "application/problem+json"
