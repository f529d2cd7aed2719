"""An author reads the policies, and works on a text: its problems, sentences, scenarios, a request that is tried."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from service import drafts
from service.database import Database
from service.pages.author_drawing import lanes_of, stations_of, waterfall_of
from service.pages.author_form import Asked, asked_of, field_of, filled, rows_of
from service.pages.author_texts import MOST_OPEN
from service.publishing import publish
from service.reference_workbench import TRIED
from tests.service.builders import NOW
from tests.service.drafting import AUTHOR, RULES, SCENARIOS, approved, ready, texts
from tests.service.pages.visiting import Visits, enter

ZONE = "Asia/Seoul"
FORM = {
    "account": "id: X-1\njoined_on: 2020-01-01",
    "lot-0-id": "X-1.1",
    "lot-0-source": "bill",
    "lot-0-amount": "10,000",
    "lot-0-acquired_on": "2026-03-01",
    "points": "1,000",
    "method": "credit",
    "day": "2026-03-02",
    "time": "10:00",
}


@pytest.fixture
def author(open_site: Client, database: Database) -> Client:
    """The site with an author in it, and two versions of a tiny policy."""
    for at_most in (5_000, 4_500):
        publish(database, texts(at_most)[0].encode(), "tiny.yaml", NOW)
    enter(open_site, "author")
    return open_site


def token_of(page: str) -> str:
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token, "no form"
    return token[1]


def post(site: Client, **fields: str) -> TestResponse:
    token = token_of(site.get("/author/workbench?policy=tiny").text)
    sent = {"form_token": token, "text": RULES, "scenarios": SCENARIOS, "policy": "tiny", **fields}
    part = {"X-Part": "yes"} if sent.pop("part", "") else {}
    return site.post("/author/workbench", data=sent, headers=part)


def of_editor(page: str, name: str) -> str:
    """What stands in an editor."""
    found = re.search(rf'<textarea id="{name}".*?>\n(.*?)</textarea>', page, re.DOTALL)
    assert found, f"no {name}"
    return unescape(found[1])


def plain(html: str) -> str:
    """The words of a part."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def of(answer: TestResponse, name: str) -> str:
    """One part of the workbench."""
    found = re.search(
        rf'<div data-part="{name}"[^>]*>(.*?)</div>(?=\s*(?:<div data-part|</details>|</section>|$))',
        answer.text,
        re.DOTALL,
    )
    assert found, (name, answer.text[:2_000])
    return found[1]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("path", ["/author", "/author/policies/tiny/versions/1", "/author/workbench?policy=tiny"])
def test_every_page_of_an_author_is_there_in_both_languages(author: Client, language: str, path: str) -> None:
    answer = author.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize("path", ["/author", "/author/policies/small/versions/1", "/author/workbench"])
def test_authors_and_approvers_are_let_in_and_no_others(open_site: Client, path: str) -> None:
    assert open_site.get(path).status_code == 303
    for role, status in (("agent", 403), ("auditor", 403), ("author", 200), ("approver", 200)):
        enter(open_site, role)
        assert open_site.get(path).status_code == status, role


@pytest.mark.parametrize(
    "path",
    ["/author/policies/none/versions/1", "/author/policies/tiny/versions/9", "/author/workbench?policy=none"],
)
def test_what_was_never_there_is_not_found(author: Client, path: str) -> None:
    assert author.get(path).status_code == 404


def test_the_first_page_says_which_version_is_in_force(author: Client) -> None:
    words = plain(author.get("/author").text)
    assert "Tiny policy tiny In force version 2" in words
    assert "2 In force" in words
    assert "1 Earlier" in words
    assert 'href="/author/drafts"' in author.get("/author").text


def test_a_version_is_shown_as_text_and_in_sentences(author: Client) -> None:
    page = author.get("/author/policies/tiny/versions/1").text
    assert "at_most: 5_000" in page
    assert "5,000" in plain(page)
    line = next(number for number, text in enumerate(RULES.splitlines(), 1) if "id: daily" in text)
    assert f'<a href="#line-{line}">daily</a>' in page
    assert f'id="line-{line}">  - id: daily' in page


def test_the_workbench_opens_the_text_in_force_or_another_version(author: Client) -> None:
    assert "at_most: 4_500" in author.get("/author/workbench?policy=tiny").text
    assert "at_most: 5_000" in author.get("/author/workbench?policy=tiny&version=1").text


def test_the_workbench_opens_a_draft_that_is_to_be_mended(open_site: Client, database: Database) -> None:
    enter(open_site, "author")
    page = open_site.get(f"/author/workbench?draft={ready(database, 4_600).id}").text
    assert "at_most: 4_600" in of_editor(page, "text")
    assert "4_601" in of_editor(page, "scenarios")


def test_the_workbench_opens_a_text_with_the_scenarios_of_its_draft(open_site: Client, database: Database) -> None:
    approved(database, 4_500)
    enter(open_site, "author")
    assert "4_501" in of_editor(open_site.get("/author/workbench?policy=tiny").text, "scenarios")


@pytest.fixture
def long_draft(open_site: Client, database: Database) -> str:
    """A draft whose scenario file is too long to stand on the workbench at once, and its author signed in."""
    scenarios = f"# What it means.\n{SCENARIOS}{'# and so on' * 2_000}\n"
    assert len(scenarios) > MOST_OPEN
    enter(open_site, "author")
    return drafts.draft(database, RULES, scenarios, AUTHOR, NOW).id


def test_a_long_scenario_file_waits_until_it_is_opened(open_site: Client, long_draft: str) -> None:
    folded = open_site.get(f"/author/workbench?draft={long_draft}").text
    assert "# What it means." not in folded
    assert "Open the scenario file" in folded
    asking = {"form_token": token_of(folded), "text": RULES, "draft": long_draft}
    assert "# What it means." in of_editor(
        open_site.post("/author/workbench", data={**asking, "do": "open"}).text, "scenarios"
    )
    assert "Open the scenario file" in open_site.post("/author/workbench", data={**asking, "do": "check"}).text
    part = open_site.post("/author/workbench", data={**asking, "do": "open"}, headers={"X-Part": "yes"})
    assert re.findall(r'data-part="([\w-]+)"', part.text)[-1] == "scenario-file"


def test_a_file_that_is_not_opened_is_run_and_handed_over_all_the_same(open_site: Client, long_draft: str) -> None:
    token = token_of(open_site.get(f"/author/workbench?draft={long_draft}").text)
    asking = {"form_token": token, "text": RULES, "draft": long_draft}
    told = open_site.post("/author/workbench", data={**asking, "do": "test"})
    assert "pass." in plain(of(told, "scenarios-status"))
    assert "# What it means." not in told.text
    assert "# What it means." in of_editor(open_site.post("/author/drafts/new", data=asking).text, "scenarios")
    emptied = open_site.post("/author/drafts/new", data={**asking, "scenarios": ""})
    assert of_editor(emptied.text, "scenarios") == "", "what an author emptied stays empty"


def test_problems_are_listed_with_their_lines_and_what_was_typed_is_kept(author: Client) -> None:
    wrong = RULES.replace("at_most:", "at_mots:") + "# <script>alert(1)</script>\n"
    answer = post(author, text=wrong, do="check")
    line = next(number for number, text in enumerate(RULES.splitlines(), 1) if "at_most" in text)
    assert answer.status_code == 200
    assert f'data-of="text" data-line="{line}" data-column="5"' in of(answer, "problems")
    assert "unknown field" in plain(of(answer, "problems"))
    assert "# &lt;script&gt;alert(1)" in answer.text
    assert of_editor(answer.text, "text") == wrong
    assert of_editor(answer.text, "scenarios") == SCENARIOS


def test_a_part_is_only_what_changed(author: Client) -> None:
    part = post(author, part="yes", do="check")
    assert "<html" not in part.text
    assert re.findall(r'data-part="([\w-]+)"', part.text) == ["problems-status", "problems", "words"]
    assert re.findall(r'data-part="([\w-]+)"', post(author, part="yes", do="test").text)[3:] == [
        *("scenarios-status", "scenarios", "case"),
    ]


def test_sentences_are_told_in_the_language_that_is_chosen(author: Client) -> None:
    told = of(post(author, speak="ko"), "words")
    assert 'lang="ko"' in told
    assert "한도" in told
    assert "daily" in of(post(author, speak="en"), "words")


def test_scenarios_turn_red_and_say_what_was_expected_and_what_came(author: Client) -> None:
    green = post(author, do="test")
    assert "pass." in plain(of(green, "scenarios-status"))
    assert 'class="failed"' not in green.text
    red = post(author, text=texts(4_000)[0], do="test")
    assert "1 scenario fails" in plain(of(red, "scenarios-status"))
    failing = plain(of(red, "scenarios"))
    assert "fails" in failing
    assert "outcome : expected approved came denied" in failing.replace("outcome:", "outcome :")


def test_a_scenario_fills_the_form(author: Client) -> None:
    name = re.findall(r"name: (.*)", SCENARIOS)[0]
    page = post(author, do="test fill", example=name, example_row="1").text
    assert 'name="lot-0-id"' in page
    assert re.search(r'id="day" name="day" type="date" value="\d{4}-\d\d-\d\d"', page)
    assert "is not in the file" in plain(post(author, do="test fill", example="nothing").text)


def test_a_request_is_decided_and_drawn(author: Client) -> None:
    answer = post(author, do="try", **FORM)
    assert "Approved 1,000 points pay 1,000 KRW Nothing is recorded." in plain(of(answer, "tried-status"))
    drawn = of(answer, "tried")
    assert "X-1.1" in drawn
    assert '<svg viewBox="0 0 100 8"' in drawn
    assert "Payout 1,000 KRW" in plain(drawn)
    denied = post(author, do="try", **{**FORM, "points": "6,000"})
    assert "At most 5,000." in plain(of(denied, "tried"))
    assert "nothing is paid" in plain(of(denied, "tried"))


@pytest.mark.parametrize(
    ("field", "value", "marked"),
    [
        *(("points", "many", "points"), ("points", "", "points"), ("day", "2026-02-30", "day")),
        *(("account", "joined_on: [", "account"), ("account", "just words", "account")),
        *(("account", "joined_on: soon", "account"), ("lot-0-amount", "some", "lot-0")),
        *(("lot-0-acquired_on", "soon", "lot-0"), ("lot-0-more", "colour: red", "lot-0")),
        *(("request", "colour: red", "request"), ("history", "points: 5", "history"), ("method", "", "method")),
    ],
)
def test_a_mistake_stands_at_its_field_and_what_was_typed_is_kept(
    author: Client, field: str, value: str, marked: str
) -> None:
    answer = post(author, do="try", **{**FORM, field: value})
    assert answer.status_code == 200
    assert f'id="{marked}-mistake"' in answer.text
    assert f"{marked}-mistake" in str(re.findall(r'aria-describedby="([^"]+)"', answer.text))
    assert "Nothing was decided" in plain(of(answer, "tried-status"))
    assert value.splitlines()[0] in answer.text if value else True


def test_a_form_of_another_site_is_refused(author: Client) -> None:
    assert post(author, form_token="none").status_code == 403


def test_a_form_reads_facts_as_a_scenario_file_writes_them() -> None:
    sent = {
        **FORM,
        "account": "id: A\nborn_on: none\nvip: true",
        "request": "papers: [{paper: id_card, issued_on: 2026-01-01}]",
        "history": "at: 2026-03-01 09:00, points: 2_000, method: credit",
        "lot-2-id": "late",
        "lot-2-amount": "5",
        "lot-2-more": "campaign: SPRING, locked: true",
    }
    asked = asked_of(sent, ZONE)
    assert asked.mistakes == {}
    assert asked.body["account"] == {"id": "A", "born_on": None, "vip": True}
    assert asked.body["request"] == {
        "papers": [{"paper": "id_card", "issued_on": "2026-01-01"}],
        "points": 1_000,
        "method": "credit",
    }
    assert asked.body["history"] == [
        {
            "id": "H1",
            "account_id": "A",
            "state": "settled",
            "points": 2_000,
            "method": "credit",
            "requested_at": "2026-03-01T00:00:00Z",
        }
    ]
    assert asked.body["lots"][1] == {"id": "late", "source": "", "amount": 5, "campaign": "SPRING", "locked": True}
    assert asked.body["as_of"] == "2026-03-02T01:00:00Z"
    assert asked.rows == [0, 2]
    assert [
        field_of(pointer, asked) for pointer in ("#/lots/1/amount", "#/as_of", "#/request/points", "#/request")
    ] == [
        *("lot-2", "day", "points", "request"),
    ]


def test_a_case_fills_the_form_and_is_read_back_as_it_was() -> None:
    case = {
        "account": {"id": "A", "joined_on": "2020-01-01", "debt": 0, "grade": "GOLD"},
        "lots": [{**TRIED["lots"][0], "left": 4_000, "usable_from_on": "2026-03-01", "expires_on": None}],
        "request": {"points": "all", "method": "credit", "receiving_account": "110"},
        "history": [
            {
                "id": "H1",
                "account_id": "A",
                "state": "settled",
                "points": 5,
                "method": "credit",
                "requested_at": "2026-03-01T00:00:00Z",
            }
        ],
        "as_of": "2026-03-02T01:00:00Z",
    }
    asked = asked_of(filled(case, ZONE), ZONE)
    assert asked.mistakes == {}
    assert asked.body == {
        **case,
        "account": {"id": "A", "joined_on": "2020-01-01", "grade": "GOLD"},
        "lots": [{**TRIED["lots"][0], "left": 4_000}],
    }


def test_rows_of_lots_end_behind_the_last_that_is_used() -> None:
    assert len(rows_of({})) == 2
    assert len(rows_of({"lot-4-id": "x", "lot-9-id": "", "lot-x-id": "y"})) == 6
    assert len(rows_of({"lot-99-id": "x"})) == 60


def reason(rule: str, effect: str = "denies", kind: str = "limit") -> dict[str, Any]:
    return {"rule": rule, "effect": effect, "kind": kind, "terms": "1", "text": "Because."}


DECISION: dict[str, Any] = {
    "request": {"points": 60},
    "points": 60,
    "gross": 120,
    "payout": 90,
    "allocation": [{"lot": "a", "points": 60}],
    "fees": [{"rule": "fee", "base": 120, "fee": 20}],
    "taxes": [{"rule": "tax", "base": 100, "tax": 10}],
    "offsets": [],
    "reasons": [reason("fee", "charges", "fee"), reason("big", "reviews", "review")],
    "lots": [
        {"lot": "a", "left": 100, "last_usable_on": None, "allocated": 60, "reasons": []},
        {"lot": "b", "left": 50, "last_usable_on": None, "allocated": 0, "reasons": [reason("old", kind="expire")]},
        {"lot": "c", "left": 25, "last_usable_on": None, "allocated": 0, "reasons": [reason("gift", kind="exclude")]},
    ],
    "trace": [
        {"stage": "expire", "rules": [{"rule": "old", "applies": True, "lots": ["b"], "lot_count": 1}]},
        {"stage": "exclude", "rules": [{"rule": "gift", "applies": True, "lots": ["c"], "lot_count": 1}]},
        {"stage": "fee", "rules": [{"rule": "fee", "applies": True, "lots": ["a"], "lot_count": 1}]},
        {"stage": "review", "rules": [{"rule": "big", "applies": True}, {"rule": "small", "applies": False}]},
    ],
}


def test_each_lot_is_drawn_to_where_it_falls_out() -> None:
    drawn = lanes_of(DECISION)
    assert drawn["stages"] == ["expire", "exclude"]
    assert {lane["lot"]: [cell["state"] for cell in lane["cells"]] for lane in drawn["lanes"]} == {
        "a": ["passes", "passes"],
        "b": ["falls", "gone"],
        "c": ["passes", "falls"],
    }
    assert [(lane["width"], lane["paid"]) for lane in drawn["lanes"]] == [
        *(("100.00", "60.00"), ("50.00", "0.00"), ("25.00", "0.00")),
    ]
    many = [{**DECISION["lots"][1], "lot": str(number), "left": number} for number in range(40)]
    drawn = lanes_of({**DECISION, "lots": [*many, DECISION["lots"][0]]})
    assert (len(drawn["lanes"]), drawn["hidden"], drawn["lanes"][-1]["lot"]) == (30, 11, "a")


def test_each_stage_says_what_its_rules_did() -> None:
    told = list(stations_of(DECISION, "en"))
    assert [(each["stage"], each["effect"], each["out"]) for each in told] == [
        *(("expire", "", 1), ("exclude", "", 1), ("fee", "charges", 0), ("review", "reviews", 0)),
    ]
    assert [(rule["rule"], rule["state"]) for rule in told[3]["rules"]] == [("big", "reviews"), ("small", "idle")]
    assert told[0]["rules"][0]["line"] == "applies; b"


def test_the_amount_is_drawn_down_to_the_payout() -> None:
    steps = [(each["name"], each["amount"], each["from"], each["width"]) for each in waterfall_of(DECISION)]
    assert steps == [
        ("asked", 60, "0.00", "100.00"),
        ("allocated", 60, "0.00", "100.00"),
        ("gross", 120, "0.00", "100.00"),
        ("taken", 20, "83.33", "16.67"),
        ("taken", 10, "75.00", "8.33"),
        ("payout", 90, "0.00", "75.00"),
    ]
    asked = waterfall_of({**DECISION, "request": {"money": 120}})[0]
    assert (asked["amount"], asked["unit"]) == (120, "money")


def test_one_row_is_spare_however_often_a_request_is_tried() -> None:
    sent = {"lot-0-id": "L", "lot-0-source": "bill", "lot-1-source": "bill", "lot-2-source": "bill"}
    assert rows_of(sent) == range(2)
    assert rows_of(sent | {"lot-1-amount": "5"}) == range(3)


def test_a_mistake_of_no_known_place_is_told_all_the_same() -> None:
    assert field_of("#/lots", Asked()) == "lots"
    assert field_of("#/lots/3/id", Asked(rows=[0])) == "lots"


def fits(page: Any) -> bool:
    """Whether nothing has to be scrolled sideways."""
    found: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return found


def types(page: Any, before: str, after: str) -> None:
    """Change a text as an author does."""
    page.locator("#text").evaluate(
        "(text, [before, after]) => { const at = text.value.indexOf(before); text.focus();"
        " text.setSelectionRange(at, at + before.length); document.execCommand('insertText', false, after); }",
        [before, after],
    )


@pytest.mark.slow
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 360)])
def test_an_author_works_on_a_text_in_a_browser(visits: Visits, dark: bool, width: int) -> None:
    author = visits(locale="ko-KR" if dark else "en-GB", dark=dark, width=width)
    page = author.page
    author.enters("author")
    author.goes("/author/policies/kt-points/versions/1")
    author.finds_nothing_serious()
    assert fits(page)
    page.locator(".words .reasons a").last.click()
    assert page.evaluate("document.querySelector(':target').textContent.trim().startsWith('- id: ')")
    assert page.locator(":target").is_visible(), "the text opens where a rule leads"
    author.finds_nothing_serious()
    assert fits(page)
    author.goes("/author/workbench?policy=kt-points")
    assert page.locator("textarea#scenarios").count() == 0
    page.locator('button[value="test"]').click()
    page.locator('[data-part="scenarios-status"] .good').wait_for()
    assert page.locator("#points").is_visible(), "what scenarios can fill in is shown"
    author.finds_nothing_serious()
    assert fits(page)
    page.locator('.scenarios input[value="all"]').check()
    link = page.locator(".scenarios .goto").nth(40)
    link.click()
    page.locator("textarea#scenarios").wait_for()
    page.wait_for_function("() => document.activeElement.id === 'scenarios'")
    before = page.locator("textarea#scenarios").evaluate("text => text.value.slice(0, text.selectionStart)")
    assert before.count("\n") + 1 == int(link.get_attribute("data-line"))
    assert page.locator('[data-of="scenarios"] .gutter').inner_text().startswith("1\n2\n3")

    types(page, "always: 3 years", "always: 3 yeers")
    page.locator(".problems .problem").first.wait_for()
    line = page.locator("#text").evaluate(
        "text => text.value.slice(0, text.value.indexOf('yeers')).split('\\n').length"
    )
    assert page.locator('[data-of="text"] .gutter .problem').all_inner_texts() == [f"✕ {line}"]
    author.finds_nothing_serious()
    page.locator(".problems .goto").first.click()
    caret = page.locator("#text").evaluate("text => text.value.slice(text.selectionStart, text.selectionStart + 7)")
    assert caret == "3 yeers"
    assert page.locator("#text").evaluate("text => text === document.activeElement && text.scrollTop > 0")

    types(page, "3 yeers", "2 years")
    page.locator(".scenarios .failed").first.wait_for()
    assert page.locator(".gutter .problem").count() == 0
    assert page.locator(".scenarios .passed").first.is_hidden()
    page.locator('.scenarios input[value="all"]').check()
    assert page.locator(".scenarios .passed").first.is_visible()
    author.finds_nothing_serious()
    assert fits(page)

    told: list[str] = []

    def leave(dialog: Any) -> None:
        told.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.locator('.top a[href="/author"]').click()
    page.wait_for_url("**/author")
    assert told == ["beforeunload"]


@pytest.mark.slow
@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 360)])
def test_an_author_tries_a_request_and_sees_its_way(visits: Visits, dark: bool, width: int) -> None:
    author = visits(locale="ko-KR" if dark else "en-GB", dark=dark, width=width)
    page = author.page
    author.enters("approver")
    author.goes("/author/workbench?policy=kt-points")
    page.locator('button[value="test"]').click()
    page.locator("#example").select_option(
        label="She turns 25,000 points into gift cards, and each sort of points pays its own fee"
    )
    page.locator('button[value="test fill"]').click()
    page.locator('[name="lot-2-id"][value="shop"]').wait_for()
    page.locator('button[value="test try"]').click()
    page.locator(".waterfall .payout").wait_for()
    assert "23,800" in page.locator(".waterfall .payout").inner_text()
    assert page.locator(".lanes tbody tr").count() == 3
    told = page.locator(".lanes tbody tr").first.evaluate("""row => [...row.cells].slice(1).map(cell =>
      getComputedStyle(cell, "::before").content)""")
    wide = page.locator(".lanes").evaluate("each => each.scrollWidth > each.parentElement.clientWidth")
    # On a phone nothing has to be pushed aside to know which stage a cell is about.
    assert ("none" in told, width < 640 and wide) == (width >= 640, False)
    assert page.locator(".waterfall .taken").count() == 2
    author.finds_nothing_serious()
    assert fits(page)
    assert page.locator('[name="lot-2-id"]').input_value() == "shop"

    page.locator("#points").fill("many")
    page.locator('button[value="test try"]').click()
    page.locator("#points-mistake").wait_for()
    assert page.locator("#points").input_value() == "many"
    author.finds_nothing_serious()


@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_a_long_text_is_laid_out_after_the_first_paint_and_moves_nothing(visits: Visits, script: bool) -> None:
    visitor = visits(script=script)
    page, box = visitor.page, visitor.page.locator("#text")
    visitor.enters("author")
    clock = visitor.context.new_cdp_session(page)
    clock.send("Animation.enable")
    # The first frame lasts for as long as time stands still.
    clock.send("Animation.setPlaybackRate", {"playbackRate": 0})
    visitor.goes("/author/workbench")
    looked = "box => [getComputedStyle(box).contentVisibility, box.scrollHeight > 2 * box.clientHeight]"
    before = box.bounding_box()
    assert box.evaluate(looked) == ["hidden", False]
    page.evaluate("for (const each of document.getAnimations()) each.finish()")
    assert box.evaluate(looked) == ["visible", True]
    assert box.bounding_box() == before


def test_a_session_that_is_over_loses_no_text(visits: Visits) -> None:
    author = visits()
    page = author.page
    author.enters("author")
    author.goes("/author/workbench?policy=kt-points")
    kept = author.context.cookies()
    author.context.clear_cookies()
    types(page, "always: 3 years", "always: 4 years")
    page.get_by_text("You are signed out. Your text is as it was").wait_for()
    page.get_by_role("button", name="Hand over as a draft").click()
    assert page.get_by_role("link", name="Sign in in another window").get_attribute("target") == "_blank"
    assert "always: 4 years" in page.locator("#text").input_value()

    author.trouble.clear()
    author.context.add_cookies(kept)
    other = author.context.new_page()
    other.goto(f"{author.site}/start")
    page.get_by_role("button", name="Run the scenarios").click()
    page.locator('[data-part="scenarios-status"] .mistake').wait_for()
    page.get_by_role("button", name="Hand over as a draft").click()
    page.wait_for_url("**/author/drafts/new")


@pytest.mark.slow
def test_without_scripts_the_buttons_do_the_same(visits: Visits) -> None:
    author = visits(script=False)
    page = author.page
    author.enters("author")
    author.goes("/author/workbench?policy=kt-points")
    page.locator("#text").fill(page.locator("#text").input_value().replace("always: 3 years", "always: 3 yeers"))
    author.sends('button[value="check"]')
    assert "3 yeers" in page.locator(".problems").inner_text()
    assert "3 yeers" in page.locator("#text").input_value()
    page.locator("#text").fill(page.locator("#text").input_value().replace("3 yeers", "3 years"))
    author.sends('button[value="test"]')
    assert "408" in page.locator('[data-part="scenarios-status"]').inner_text()
    author.sends('button[value="open"]')
    assert page.locator("textarea#scenarios").input_value().count("name:") > 100
    author.sends('button[value="test"]')
    author.sends('button[value="test fill"]')
    page.locator("#points").fill("1000")
    author.sends('button[value="test try"]')
    assert page.locator(".stations li").count() > 3
    assert page.locator(".gutter").first.is_hidden()
