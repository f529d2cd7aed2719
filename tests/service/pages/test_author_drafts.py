"""A text is drafted, seen in its effect, approved by somebody else, decided beside the one in force, and withdrawn."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from service import access_keys, drafts, ledger
from service.app import create_app
from service.config import Settings
from service.database import Database, close_database, open_database, writing
from service.judging import Judge, Question
from service.ledger import Grant, StoredAccount
from service.migrate import migrate
from service.pages.author_drafts import spoken
from service.pages.author_steps import steps_of
from service.pages.site import WithPages
from service.parts import EXTENSION
from service.publishing import Versions, publish
from service.reads import Reader
from service.shadowing import Shadowing
from tests.service.builders import NOW, SetClock, account_facts, asking, lot_facts
from tests.service.drafting import RULES, texts
from tests.service.pages.test_member import said
from tests.service.pages.visiting import Visitor, Visits, enter
from tests.service.processes import ask, serving_many

HOLDERS = {
    "kim": ["author"],
    "lee": ["approver"],
    "park": ["author", "approver"],
    "choi": ["auditor"],
    "desk": ["agent"],
}


@dataclass
class Desk:
    """The pages of a small programme with keys, and who is signed in by which of them."""

    client: Client
    database: Database
    keys: dict[str, str]

    def enters(self, name: str) -> Desk:
        """Sign in by the key of somebody."""
        self.client.post("/sign-in", data={"key": self.keys[name]})
        return self

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of ours."""
        token = re.search(r'name="form_token" value="(\w+)"', self.client.get("/start").text)
        return self.client.post(path, data={"form_token": token[1] if token else "", **fields})

    def drafts(self, name: str = "kim", at_most: int = 6_000, scenarios_of: int = 0, checked: bool = True) -> str:
        """A draft by somebody, through the form, whose checks have ended; its page."""
        rules = texts(at_most)[0]
        made = self.enters(name).post(
            "/author/drafts/new", text=rules, scenarios=texts(scenarios_of or at_most)[1], make="yes"
        )
        assert made.status_code == 303, said(made.text)
        if checked:
            drafts.check(self.database, Versions(self.database, 4), made.headers["Location"].rpartition("/")[2], NOW)
        return made.headers["Location"]

    def approves(self, path: str, name: str = "lee", **fields: str) -> TestResponse:
        """Approve a draft as it is shown."""
        return self.enters(name).post(f"{path}/approve", **{"seen": seen_of(self.get(path).text), **fields})


def seen_of(text: str) -> str:
    found = re.search(r'name="seen" value="(sha256:\w+)"', text)
    return found[1] if found else "sha256:none"


def prepare(database: Database, now: datetime) -> dict[str, str]:
    """The programme with two accounts, and the keys of everybody."""
    publish(database, RULES.encode(), "tiny.yaml", now)

    def work() -> dict[str, str]:
        for name, points in (("A", 10**6), ("B", 500)):
            facts = {fact: value for fact, value in account_facts(name).items() if fact != "grade"}
            ledger.open_accounts(database, [StoredAccount("tiny", facts)], now)
            lot = lot_facts(points)
            ledger.grant(database, [Grant(f"{name}.1", name, lot, now - timedelta(days=99))], now)
        return {
            name: access_keys.make(database, name, roles, now + timedelta(days=1), now)[1]
            for name, roles in HOLDERS.items()
        }

    return writing(database, work)


@pytest.fixture
def desk(database_url: str, database: Database, clock: SetClock) -> Iterator[Desk]:
    keys = prepare(database, NOW)
    app = create_app(Settings(database_url=database_url, check_drafts=False), clock)
    yield Desk(Client(WithPages(app)), database, keys)
    close_database(app.extensions[EXTENSION].database)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_of_a_draft_is_there_in_both_languages(desk: Desk, language: str) -> None:
    path = desk.drafts()
    desk.approves(path)
    desk.drafts(at_most=6_500)
    for where in (
        *("/author/drafts", "/author/drafts/new", path, f"{path}/text"),
        *("/author/policies/tiny/withdraw", "/author/policies/tiny/shadow"),
    ):
        answer = desk.get(f"{where}?lang={language}")
        assert answer.status_code == 200, where
        assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        *(("desk", "/author/drafts", 403), ("desk", "/author/policies/tiny/shadow", 403)),
        *(("lee", "/author/drafts/new", 403), ("choi", "/author/drafts/new", 403)),
        *(("choi", "/author/drafts", 200), ("lee", "/author/drafts", 200), ("kim", "/author/drafts", 200)),
        *(("kim", "/author/drafts/P-0", 404), ("kim", "/author/drafts/P-0/text", 404)),
        *(("kim", "/author/policies/none/shadow", 404), ("lee", "/author/policies/none/withdraw", 404)),
    ],
)
def test_who_may_see_what(desk: Desk, name: str, path: str, status: int) -> None:
    assert desk.get(path).status_code == 303
    assert desk.enters(name).get(path).status_code == status


def test_what_the_workbench_sends_is_shown_once_more_and_then_drafted(desk: Desk) -> None:
    rules, scenarios = texts(6_000)
    sent = {name: text.replace("\n", "\r\n") for name, text in (("text", rules), ("scenarios", scenarios))}
    shown = desk.enters("kim").post("/author/drafts/new", **sent)
    assert (shown.status_code, "tiny" in said(shown.text), f"{len(rules.splitlines())} lines" in said(shown.text)) == (
        *(200, True, True),
    )
    made = desk.post("/author/drafts/new", **sent, make="yes")
    page = desk.get(made.headers["Location"])
    assert "Being checked" in said(page.text)
    assert "Approve and publish" not in said(page.text)
    # Lines keep the ends that authors give them, so the text is the same.
    kept = drafts.page_of(desk.database, None, 1)[0]
    assert (kept.text, kept.scenarios) == (rules, scenarios)


def test_problems_of_a_text_are_shown_with_their_lines_and_nothing_typed_is_lost(desk: Desk) -> None:
    rules, scenarios = texts(6_000)
    wrong = rules.replace("kind: limit", "kind: lmit")
    answer = desk.enters("kim").post("/author/drafts/new", text=wrong, scenarios=scenarios, make="yes")
    assert answer.status_code == 422
    line = 1 + wrong[: wrong.index("kind: lmit")].count("\n")
    assert re.search(rf"tiny\.yaml:{line}:\d+", answer.text)
    assert re.search(r"<pre[^>]*> *kind: lmit</pre>", answer.text)
    assert "kind: lmit\n" in answer.text.partition("<textarea")[2]
    assert drafts.page_of(desk.database, None, 1) == []


def test_a_text_that_changes_nothing_is_refused(desk: Desk) -> None:
    rules, scenarios = texts()
    answer = desk.enters("kim").post("/author/drafts/new", text=rules, scenarios=scenarios, make="yes")
    assert (answer.status_code, "The newest version says the same." in said(answer.text)) == (409, True)


def test_a_draft_is_told_from_its_checks_to_whom_it_affects(desk: Desk) -> None:
    path = desk.drafts()
    page = desk.enters("lee").get(path).text
    words = said(page)
    for told in (
        *(
            "All scenarios pass: 5 cases, each row of a table counted.",
            "Proved for every case",
            "Waits for the approval of another key",
        ),
        *("at most 5,000 points", "at most 6,000 points", "What it does to real accounts, beside version 1 in force"),
        *("Of 2 accounts, 1 get another answer by some method.", "The most affected accounts"),
    ):
        assert told in words, (told, words)
    example = page.partition('class="versus"')[2].partition("</table>")[0]
    outcome = re.search(r'<th scope="row">Outcome</th><td>(\w+)</td><td>(\w+)', example)
    assert outcome is not None
    assert outcome.groups() == ("denied", "approved")
    assert re.search(r'<th scope="row"><code>A</code></th>', page), "an approver sees which account it is"
    for plot in page.split("<figure>")[1:]:
        behind = plot.partition("</figure>")[2].partition("<figure>")[0]
        assert "<table" in behind, "a plot has its table behind it"
    author = desk.enters("kim").get(path).text
    assert "<code>A</code>" not in author
    assert "Approvers and auditors see which accounts these are." in said(author)


def test_a_draft_that_fails_says_where_and_cannot_be_approved(desk: Desk) -> None:
    path = desk.drafts(scenarios_of=7_000)
    page = desk.enters("lee").get(path).text
    words = said(page)
    assert "Failed a check" in words
    assert re.search(
        r"Cases that fail: \d of \d+, each row of a table counted\. Mend the files and draft again\.", words
    )
    assert re.search(r"tiny\.test\.yaml:\d+:\d+", page)
    assert ("Not reached" in words, "Approve and publish" in words) == (True, False)
    assert desk.approves(path).status_code == 409


def test_an_approver_approves_from_an_instant_and_with_a_note(desk: Desk) -> None:
    path = desk.drafts()
    wrong = desk.approves(path, effective_from="tomorrow", note="Agreed.")
    assert (wrong.status_code, 'value="tomorrow"' in wrong.text, ">Agreed.</textarea>" in wrong.text) == (
        422,
        True,
        True,
    )
    past = desk.approves(path, effective_from="2026-03-01T00:00")
    assert (past.status_code, 'aria-invalid="true"' in past.text, 'id="effective-mistake"' in past.text) == (
        *(422, True, True),
    )
    assert "2026-03-01 00:00 has passed; here it is 2026-03-02 10:00" in said(past.text)
    # In Seoul it is nine hours later.
    done = desk.approves(path, effective_from="2026-03-03T10:00", note="Agreed.")
    assert done.status_code == 303
    words = said(desk.get(path).text)
    assert "tiny 2: in effect from 2026-03-03 10:00." in words
    assert "Approved by lee. Agreed." in words
    assert "3 Mar 2026, 10:00" in said(desk.get("/author/drafts").text)
    # What was sent twice is published once.
    assert desk.post(f"{path}/approve", seen="sha256:none").status_code == 303
    with desk.database.connection_context():
        assert [each.number for each in Versions(desk.database, 4).listed("tiny")] == [2, 1]


def test_what_is_approved_is_what_was_shown(desk: Desk) -> None:
    path = desk.drafts()
    answer = desk.approves(path, seen="sha256:other")
    assert (answer.status_code, 'class="mistake" role="alert"' in answer.text) == (400, True)


def test_nobody_approves_an_own_draft(desk: Desk) -> None:
    path = desk.drafts("park")
    page = desk.get(path).text
    assert "You drafted this yourself, as park." in said(page)
    assert 'name="seen"' not in page
    refused = desk.post(f"{path}/approve", seen="sha256:none")
    assert refused.status_code == 403
    assert "park drafted it" in said(refused.text)
    # For whoever only writes there is no form, and the API says so, too.
    assert "It is approved by another key" in said(desk.enters("kim").get(path).text)
    assert desk.post(f"{path}/approve", seen="sha256:none").status_code == 403


def test_where_no_key_is_asked_for_one_goes_in_as_author_and_as_approver(open_site: Client, database: Database) -> None:
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    desk = Desk(open_site, database, {})
    rules, scenarios = texts(6_000)
    enter(open_site, "author")
    made = drafts.draft(database, rules, scenarios, Reader("anyone", "", ("author",)), NOW)
    drafts.check(database, Versions(database, 4), made.id, NOW)
    path = f"/author/drafts/{made.id}"
    assert "Approve and publish" not in said(desk.get(path).text)
    enter(open_site, "approver")
    assert desk.post(f"{path}/approve", seen=seen_of(desk.get(path).text)).status_code == 303
    assert "Approved by anyone." in said(desk.get(path).text)


def test_a_rejection_needs_a_reason_that_its_author_reads(desk: Desk) -> None:
    path = desk.drafts()
    empty = desk.enters("lee").post(f"{path}/reject", reason=" ")
    assert (empty.status_code, 'id="reason-mistake"' in empty.text) == (422, True)
    assert desk.post(f"{path}/reject", reason="Not agreed.").status_code == 303
    assert "Rejected by lee: Not agreed." in said(desk.enters("kim").get(path).text)
    assert desk.enters("lee").post(f"{path}/reject", reason="Again.").status_code == 409


def test_a_withdrawal_says_beforehand_what_it_changes(desk: Desk) -> None:
    assert desk.enters("lee").get("/author/policies/tiny/withdraw").status_code == 409, "there is nothing before it"
    desk.approves(desk.drafts())
    page = said(desk.get("/author/policies/tiny/withdraw").text)
    assert "the text of version 1 is published again as version 3" in page
    assert page.index("at most 6,000 points") < page.index("at most 5,000 points")
    assert "It takes a key with the role of an approver." in said(
        desk.enters("kim").get("/author/policies/tiny/withdraw").text
    )
    assert desk.post("/author/policies/tiny/withdraw", version="2", reason="Too high.").status_code == 403
    desk.enters("lee")
    assert desk.post("/author/policies/tiny/withdraw", version="2", reason="").status_code == 422
    assert desk.post("/author/policies/tiny/withdraw", version="1", reason="Too high.").status_code == 409
    done = desk.post("/author/policies/tiny/withdraw", version="2", reason="Too high.")
    listed = said(desk.get(done.headers["Location"]).text)
    assert "The newest version of tiny is withdrawn" in listed
    assert "withdrawal: text of version 1" in listed


def test_a_draft_is_decided_beside_the_one_in_force_until_it_is_stopped(desk: Desk) -> None:
    path = desk.drafts()
    where = "/author/policies/tiny/shadow"
    assert desk.post(where, draft="", rules=" ").status_code == 422
    bad = desk.post(where, rules="format: 2\n")
    assert (bad.status_code, "format: 2" in bad.text) == (422, True)
    assert desk.post(where, draft=path.rpartition("/")[2]).status_code == 303
    judge = Judge(desk.database, Versions(desk.database, 8), SetClock(NOW + timedelta(seconds=1)))
    decision = judge.judge(Question("A", asking(5_500)), record=True).id
    Shadowing(desk.database, Settings()).once()
    page = desk.get(where).text
    assert "Deciding beside" in said(page)
    row = next(each for each in page.split("<tr>") if decision in each)
    assert ("denied" in row, "approved" in row, "5,500" in row) == (True, True, True)
    assert desk.post(f"{where}/stop").status_code == 303
    assert desk.post(f"{where}/stop").status_code == 409
    assert desk.enters("choi").post(f"{where}/stop").status_code == 403
    assert f"/auditor/decisions/{decision}" in desk.get(where).text


def test_no_form_of_another_site_is_taken(desk: Desk) -> None:
    path = desk.drafts()
    desk.enters("lee")
    for where in (
        f"{path}/approve",
        f"{path}/reject",
        "/author/policies/tiny/withdraw",
        "/author/policies/tiny/shadow",
    ):
        assert desk.client.post(where, data={"reason": "?"}).status_code == 403, where


CHECKED: list[dict[str, Any]] = [
    {"check": name, "passed": True, "count": 1, "problems": []} for name in ("check", "test", "pin", "prove")
]
UNKNOWN = {"severity": "advice", "file": "r.yaml", "line": 1, "column": 1, "ko": "?", "en": "?"}
DRAFT: dict[str, Any] = {
    "policy": "p",
    "rules": "a\n",
    "scenarios": "",
    "version": None,
    "effective_from": None,
    "note": None,
    "state": "ready",
    "checks": CHECKED,
    "shown": {"impact": None},
    "rejected_by": "x",
    "rejection": "y",
    "approved_by": "z",
}


@pytest.mark.parametrize(
    ("draft", "standings"),
    [
        ({"state": "checking", "checks": []}, "running later later later later later later"),
        ({}, "done done done done done waiting later"),
        (
            {"checks": [*CHECKED[:3], {**CHECKED[3], "problems": [UNKNOWN]}]},
            "done done done unknown done waiting later",
        ),
        (
            {"state": "failed", "checks": [CHECKED[0], {**CHECKED[1], "passed": False}]},
            "done failed never never never never never",
        ),
        ({"state": "rejected"}, "done done done done done failed never"),
        ({"state": "rejected", "checks": []}, "never never never never never failed never"),
        ({"state": "outdated"}, "done done done done done never never"),
        (
            {"state": "published", "version": 2, "effective_from": "2026-03-02T01:00:00Z"},
            "done done done done done done done",
        ),
    ],
)
def test_every_step_of_a_draft_says_how_it_stands(draft: dict[str, Any], standings: str) -> None:
    versions = [{"version": 3}, {"version": 2}]
    steps = steps_of({**DRAFT, **draft}, versions, "Asia/Seoul", "en")
    assert " ".join(each.standing for each in steps) == standings
    if draft.get("version"):
        assert steps[-1].says == "p 2: from 2026-03-02 10:00. Version 3 has been published since."


def test_a_part_of_a_decision_is_told_as_people_read_it() -> None:
    assert [spoken(each) for each in (12_000, ["a", "b"], {"L1": 500}, [], None, "2026-03-02", True)] == [
        *("12,000", "a, b", "L1: 500", "–", "–", "2026-03-02", "True"),
    ]


@pytest.fixture(scope="module")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running service with keys, which checks drafts by itself; the keys stand beside its database."""
    own = tmp_path_factory.mktemp("publishing")
    url = f"sqlite:///{own / 'recoup.db'}"
    database = open_database(Settings(database_url=url))
    migrate(database)
    keys = prepare(database, datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    close_database(database)
    with serving_many(url, "--no-deliver", ACCESS="keys") as (_, port, _said):
        ask(port, "GET", "/healthz", patience=60)
        KEYS.update(keys)
        yield f"http://127.0.0.1:{port}"


KEYS: dict[str, str] = {}


def signs_in(visitor: Visitor, name: str) -> Visitor:
    visitor.goes("/start?next=/author/drafts")
    visitor.page.locator("#key").fill(KEYS[name])
    visitor.page.locator("form button").last.click()
    visitor.page.wait_for_url("**/author/drafts")
    return visitor


def is_sound(visitor: Visitor) -> None:
    visitor.finds_nothing_serious()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def drafts_in(visitor: Visitor, at_most: int, scenarios_of: int = 0) -> None:
    """Paste both texts and make a draft."""
    page = visitor.page
    visitor.goes("/author/drafts/new")
    is_sound(visitor)
    page.locator("#text").fill(texts(at_most)[0])
    page.locator("#scenarios").fill(texts(scenarios_of or at_most)[1])
    page.locator('button[name="make"]').click()
    page.wait_for_url("**/author/drafts/P-*")


def decided_by(site: str, key: str) -> int:
    """The version by which the running service decides now."""
    body = {"account": "A", "request": asking(1_000), "dry_run": True}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    asked = urllib.request.Request(f"{site}/v1/decisions", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        found: int = json.load(answer)["version"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("locale", "dark", "width", "at_most"), [("en-GB", False, 1280, 6_000), ("ko-KR", True, 360, 6_500)]
)
def test_two_people_publish_a_version_and_withdraw_it(
    visits: Visits, locale: str, dark: bool, width: int, at_most: int
) -> None:
    english = locale == "en-GB"
    author = signs_in(visits(locale=locale, dark=dark, width=width), "kim")
    drafts_in(author, at_most)
    is_sound(author)
    where = author.page.url.removeprefix(author.site)
    approver = signs_in(visits(locale=locale, dark=dark, width=width), "lee")
    is_sound(approver)
    approver.goes(where)
    # The pages follow the checks by themselves, and the approver's then has its forms.
    author.page.locator("#standing .warn").wait_for(timeout=90_000)
    is_sound(author)
    approver.page.locator('form[action$="/approve"]').wait_for(timeout=10_000)
    is_sound(approver)
    assert approver.page.locator("figure svg").count() >= 2
    before = decided_by(approver.site, KEYS["desk"])
    approver.page.locator("#note").fill("Agreed.")
    approver.page.locator('form[action$="/approve"] button').click()
    approver.page.locator("#standing .good").wait_for()
    assert ("Approved by lee. Agreed." if english else "lee 승인. Agreed.") in approver.page.inner_text("main")
    approver.page.wait_for_timeout(1_100)
    assert decided_by(approver.site, KEYS["desk"]) == before + 1
    approver.goes("/author/policies/tiny/withdraw")
    is_sound(approver)
    approver.page.locator("#reason").fill("Too high.")
    approver.page.locator("button.danger").click()
    approver.page.locator(".notice.good").wait_for()
    is_sound(approver)
    approver.page.wait_for_timeout(1_100)
    assert decided_by(approver.site, KEYS["desk"]) == before + 2


@pytest.mark.slow
def test_without_scripts_a_draft_that_fails_is_looked_at_again_until_it_says_where(visits: Visits) -> None:
    author = signs_in(visits(script=False), "park")
    page = author.page
    author.goes("/author/drafts/new")
    page.locator("#text").fill(texts(7_000)[0])
    page.locator("#scenarios").fill(texts(7_500)[1])
    page.locator('button[name="make"]').click()
    page.wait_for_url("**/author/drafts/P-*")
    deadline = datetime.now(UTC) + timedelta(seconds=90)
    while page.locator("#standing .bad").count() == 0 and datetime.now(UTC) < deadline:
        page.wait_for_timeout(500)
        page.locator(".notice a").click()
    assert "tiny.test.yaml:" in page.inner_text("main")
    author.goes("/author/policies/tiny/shadow")
    page.locator("#draft").select_option(index=1)
    author.sends('form[action$="/shadow"] button')
    author.sends("button.danger")
    assert page.locator("button.danger").count() == 0
