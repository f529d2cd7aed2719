"""An auditor finds decisions, reads one as a story, has it made again and proved, and sees figures over time."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client

from service import audit_log
from service.audit_rules import FIGURES
from service.database import Database
from service.judging import Judge, Question
from service.pages.auditor import path_of
from service.pages.auditor_figures import groups_of
from service.pages.auditor_words import SAID
from service.pages.site import ZONE
from service.publishing import Versions
from tests.service.builders import NOW, SetClock, asking, lot_facts, open_account
from tests.service.pages.conftest import LOG
from tests.service.pages.test_member import said
from tests.service.pages.visiting import Visits, enter
from tests.service.processes import run

PATHS = ("/auditor", "/auditor/rules", "/auditor/points", "/auditor/decisions/{id}", "/auditor/versions/{digest}")

FOLDED = """[...document.querySelectorAll("main details > :not(summary)")]
  .filter(each => !each.checkVisibility()).map(each => each.outerHTML.slice(0, 80))"""
SQUEEZED = """() => [...document.querySelectorAll("th, td")].filter(each => each.innerText && each.clientWidth < 60
  && each.clientHeight > 150).map(each => each.innerText)"""
"""The cells of tables that are so narrow that what they hold stands one letter below the other."""


@pytest.fixture
def audited(open_site: Client, database: Database) -> tuple[Client, str]:
    """The site with an auditor in it, and a decision on 5,000 points that was kept."""
    enter(open_site, "auditor")
    return open_site, decide(database, 5_000)


def decide(database: Database, points: int, account: str = "A") -> str:
    judge = Judge(database, Versions(database, 8), SetClock())
    return judge.judge(Question(account, asking(points, method="cash")), record=True).id


def tones(page: Any) -> list[str]:
    """How each step of a proof came out: good, bad or warn."""
    return [each.get_attribute("class").removeprefix("badge ") for each in page.locator("#proof-steps .badge").all()]


def digest_of(site: Client, decision: str) -> str:
    found = re.search(r"/auditor/versions/(sha256:\w+)", site.get(f"/auditor/decisions/{decision}").text)
    assert found, "no text is named"
    return found[1]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_of_an_auditor_is_there_in_both_languages(audited: tuple[Client, str], language: str) -> None:
    site, decision = audited
    digest = digest_of(site, decision)
    for path in PATHS:
        answer = site.get(f"{path.format(id=decision, digest=digest)}?lang={language}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize("path", [*PATHS[:3], "/auditor/decisions/D-1", "/auditor/decisions/D-1/proof.json"])
def test_only_an_auditor_is_let_in(open_site: Client, path: str) -> None:
    assert open_site.get(path).status_code == 303
    enter(open_site, "agent")
    assert open_site.get(path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        *("/auditor/decisions/D-1", "/auditor/decisions/D-1/proof.json", "/auditor/versions/sha256:0"),
        *("/auditor/rules/no-such-rule", "/auditor/elsewhere"),
    ],
)
def test_what_was_never_there_is_not_found(open_site: Client, path: str) -> None:
    enter(open_site, "auditor")
    assert open_site.get(path).status_code == 404


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        *(("outcome=approved", True), ("outcome=denied", False), ("account=a", True), ("policy=small&version=1", True)),
        *(("points_from=5,000&points_to=5,000", True), ("points_from=5001", False), ("day_to=2026-03-02", True)),
        ("day_from=2026-03-03&day_to=", False),
    ],
)
def test_decisions_are_found_by_what_is_asked_for(audited: tuple[Client, str], asked: str, there: bool) -> None:
    site, decision = audited
    answer = site.get(f"/auditor?{asked}")
    assert (answer.status_code, f"/auditor/decisions/{decision}" in answer.text) == (200, there)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        *(("account=nobody", "account"), ("points_from=many", "points_from"), ("version=1", "version")),
        *(("day_from=yesterday", "day_from"), ("rule=nothing", "rule"), ("outcome=perhaps", "outcome")),
        ("points_from=2&points_to=1", "points_from"),
    ],
)
def test_what_is_asked_wrongly_is_told_at_its_field(audited: tuple[Client, str], asked: str, field: str) -> None:
    answer = audited[0].get(f"/auditor?{asked}")
    assert answer.status_code == 400
    assert f'aria-describedby="{field}-mistake" aria-invalid="true"' in answer.text
    told = re.search(rf'id="{field}-mistake">([^<]+)<', answer.text)
    assert told
    assert "_to" not in told[1], "fields are called as the page calls them"
    assert 'value="nobody"' in answer.text or "nobody" not in asked


def test_a_list_goes_on_where_it_ended(audited: tuple[Client, str], database: Database) -> None:
    site, first = audited
    for points in range(1_000, 2_000, 50):
        decide(database, points)
    page = site.get("/auditor?account=A").text
    assert first not in page or page.count("/auditor/decisions/") == 20
    found = re.search(r'href="(/auditor\?[^"]*after=[^"]*)"', page)
    assert found, "no way on"
    behind = site.get(found[1].replace("&amp;", "&")).text
    seen = re.findall(r"/auditor/decisions/([\w-]+)", page + behind)
    assert len(seen) == len(set(seen)) == 21


def test_a_decision_is_told_from_what_was_asked_to_who_read_it(audited: tuple[Client, str]) -> None:
    site, decision = audited
    words = said(site.get(f"/auditor/decisions/{decision}").text)
    for told in (
        *("Approved", "Asked for 5,000 points", "5,000 KRW", "4,950 KRW", "The same as the record, in every part."),
        *("(article 6) fee", "recoup replay", "anyone", f"GET /v1/audit/decisions/{decision}", "1 lot "),
    ):
        assert told in words, (told, words)


def test_what_became_of_a_request_stands_beside_its_decision(open_site: Client, database: Database) -> None:
    open_account(database, lot_facts(50_000), name="B")
    body = {"account": "B", "request": asking(45_000, method="credit")}
    filed = open_site.post("/v1/refund-requests", json=body, headers={"Idempotency-Key": "1"}).get_json()
    why = {"by": "lee-7", "reason": "The paper is of another person."}
    open_site.post(f"/v1/refund-requests/{filed['id']}/refuse", json=why, headers={"Idempotency-Key": "2"})
    enter(open_site, "auditor")
    words = said(open_site.get(f"/auditor/decisions/{filed['decision_id']}").text)
    assert re.search(
        r"What became of it Refused Filed .* Refused .{12,20} · lee-7 The paper is of another person\.", words
    )


def test_points_that_a_rule_sets_aside_are_named_below_it(open_site: Client, database: Database) -> None:
    open_account(database, lot_facts(10_000), lot_facts(3_000, source="promotion"), name="B")
    enter(open_site, "auditor")
    words = said(open_site.get(f"/auditor/decisions/{decide(database, 5_000, account='B')}").text)
    spoken = r"Promotion points are not refunded\. \(article 2\) promotion Each lot promotion .{0,90}3,000 "
    assert re.search(spoken, words), words


def test_points_fall_out_at_the_stage_that_speaks_first_against_them() -> None:
    def lot(name: str, left: int, allocated: int = 0, *kinds: str) -> dict[str, Any]:
        reasons = [{"rule": f"by-{kind}", "kind": kind, "terms": "1", "ko": "가", "en": "a"} for kind in kinds]
        return {"lot": name, "left": left, "allocated": allocated, "reasons": reasons}

    lots = [lot("1", 50, 30), lot("2", 20, 0, "exclude"), lot("3", 20, 0, "expire", "exclude"), lot("4", 10)]
    steps = path_of(lots)
    assert [(each["stage"], each["points"], each["lots"], each["left"]) for each in steps] == [
        ("all", 100, 4, 100),
        ("expire", 20, 1, 80),
        ("exclude", 20, 1, 60),
        ("pays", 30, 1, 30),
    ]
    assert [(each["share"], each["gone"]) for each in steps] == [(100, 0), (80, 20), (60, 20), (30, 0)]
    assert [each["share"] for each in path_of([])] == [0, 0]


def test_a_proof_is_what_the_api_says_for_the_checkpoint(audited: tuple[Client, str], database: Database) -> None:
    site, decision = audited
    path = f"/auditor/decisions/{decision}/proof.json"
    before = site.get(path).get_json()
    assert before["checkpoint"] is None
    note = audit_log.sign_head(database, [LOG], NOW)
    decide(database, 1_000)
    after = site.get(path).get_json()
    assert after["checkpoint"]["note"] == note
    assert after["proof"]["size"] == after["checkpoint"]["size"]
    assert after["proof"]["root"] == after["checkpoint"]["root"]
    assert after["entry"]["reference"] == decision
    assert "refunds.example.com/log" in site.get("/auditor").text


@pytest.mark.parametrize("path", ["/auditor/rules", "/auditor/rules/fee", "/auditor/points"])
def test_figures_come_as_a_page_and_as_csv(audited: tuple[Client, str], path: str) -> None:
    site, _ = audited
    days = "day_from=2026-01-01&day_to=2026-12-31&of=all"
    assert "<table" in site.get(f"{path}?{days}").text
    answer = site.get(f"{path}?{days}&format=csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.text.startswith("policy,")
    assert ".csv" in answer.headers["Content-Disposition"]


def test_a_rule_has_a_line_for_each_period_that_adds_up(audited: tuple[Client, str]) -> None:
    page = audited[0].get("/auditor/rules/fee?day_from=2026-01-01&day_to=2026-04-30&of=all").text
    lines = re.findall(r'<th scope="row" data-value="([\d-]+)">.*?data-value="(\d+)"', page)
    assert lines == [("2026-01-01", "0"), ("2026-02-01", "0"), ("2026-03-01", "1"), ("2026-04-01", "0")]
    assert 'data-group="counts"' in page


@pytest.mark.parametrize("more", ["", "&policy=small&of=all", "&per=year&of=all"])
@pytest.mark.parametrize("path", ["/auditor/rules", "/auditor/rules/fee", "/auditor/points"])
def test_the_command_that_is_shown_tells_what_is_shown(
    audited: tuple[Client, str], database_url: str, path: str, more: str
) -> None:
    asked = f"{path}?day_from=2025-07-01&day_to=2026-06-30{more}"
    page = audited[0].get(asked).text
    found = re.search(r'<pre tabindex="0" aria-label="Commands">(.*?)</pre>', page, re.DOTALL)
    assert found, "no command"
    recoup, *command = shlex.split(found[1].split("\n")[0])
    told = run(database_url, *command)
    assert (recoup, told.returncode) == ("recoup", 0), told.stderr
    assert told.stdout.splitlines() == audited[0].get(f"{asked}&format=csv").text.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_a_zero_stands_back_and_is_a_zero_all_the_same(visits: Visits, dark: bool) -> None:
    auditor = visits(dark=dark)
    auditor.enters("auditor")
    auditor.goes("/auditor/rules")
    zero, other = (auditor.page.locator(f"tbody .number{kind}").first for kind in (".zero", ":not(.zero)"))
    assert (zero.inner_text(), other.inner_text() != "0") == ("0", True)
    colours = [each.evaluate("cell => getComputedStyle(cell).color") for each in (zero, other)]
    assert colours[0] != colours[1]
    auditor.finds_nothing_serious()


def test_commands_are_written_as_code(audited: tuple[Client, str]) -> None:
    page = audited[0].get("/auditor").text
    assert "with <code>recoup audit keygen</code> and <code>" in page
    assert "`" not in page


def line_of(rule: str, **figures: int) -> dict[str, Any]:
    """A line of figures as the API tells it, 0 where nothing is said."""
    return {"policy": "small", "version": 1, "rule": rule} | dict.fromkeys(FIGURES, 0) | {"spoke": 1} | figures


def test_every_figure_of_a_rule_stands_in_one_table_and_no_rule_is_left_out() -> None:
    assert Counter(FIGURES) == Counter(["spoke", *(each for said in SAID.values() for each in said.figures)])
    lines = [
        *(line_of("limit", denied=2, points_refused=900), line_of("fee", charged=3, fee=70)),
        *(line_of("both", reduced=1, points_reduced=5, tax=9), line_of("order")),
    ]
    groups = {group["name"]: group for group in groups_of(lines)}
    assert {name: [line["rule"] for line in group["lines"]] for name, group in groups.items()} == {
        "requests": ["limit", "both"],
        "charges": ["fee", "both"],
        "nothing": ["order"],
    }
    assert groups["requests"]["columns"] == ["spoke", "denied", "reduced", "points_refused", "points_reduced"]
    assert groups["charges"]["columns"] == ["spoke", "charged", "fee", "tax"]
    assert groups["nothing"]["columns"] == ["spoke"]
    assert groups_of([]) == []


@pytest.mark.slow
def test_a_rule_on_a_phone_is_a_list_of_what_came_of_it(visits: Visits) -> None:
    auditor = visits(locale="ko-KR", width=360)
    auditor.enters("auditor")
    auditor.goes("/auditor/rules")
    figures = auditor.page.locator("section .number:visible").all_inner_texts()
    assert figures
    assert [each for each in figures if each.endswith("0") and not each[:-1]] == []
    assert auditor.page.evaluate("[...document.querySelectorAll('.table')].every(t => t.scrollWidth <= t.clientWidth)")


def spans_of(page: str) -> list[tuple[str, str, bool]]:
    """The spans at hand: the first and the last day of each, and whether it is the one that is shown."""
    links = re.findall(r'<li><a href="[^"]*day_from=([\d-]+)&amp;day_to=([\d-]+)[^"]*"( aria-current)?', page)
    return [(first, last, bool(shown)) for first, last, shown in links]


def test_rules_are_counted_over_four_weeks_until_another_span_is_chosen(audited: tuple[Client, str]) -> None:
    site, _ = audited
    today = NOW.astimezone(ZoneInfo(ZONE)).date()
    starts = [(today - timedelta(days=days - 1)).isoformat() for days in (28, 91, 365)]
    usual = site.get("/auditor/rules").text
    assert spans_of(usual) == [(start, today.isoformat(), start == starts[0]) for start in starts]
    assert f'value="{starts[0]}"' in usual
    assert [shown for *_, shown in spans_of(site.get("/auditor/points").text)] == [False, False, True]
    chosen = site.get(f"/auditor/rules?day_from={starts[1]}&day_to={today}&of=all").text
    assert [shown for *_, shown in spans_of(chosen)] == [False, True, False]
    assert "of=all" in re.findall(r'<li><a href="([^"]*day_from[^"]*)"', chosen)[0], "what else was chosen stays"


def test_a_rule_over_few_days_has_a_line_for_each_day(audited: tuple[Client, str]) -> None:
    page = audited[0].get("/auditor/rules/fee?of=all").text
    lines = re.findall(r'<th scope="row" data-value="([\d-]+)">.*?data-value="(\d+)"', page)
    assert len(lines) == 28
    assert lines[-1] == (NOW.astimezone(ZoneInfo(ZONE)).date().isoformat(), "1")


def test_outstanding_points_come_as_csv(audited: tuple[Client, str]) -> None:
    assert audited[0].get("/auditor/outstanding?on=2026-03-02").mimetype == "text/csv"
    assert audited[0].get("/auditor/outstanding?on=never").status_code == 400


@pytest.mark.parametrize("path", ["/auditor/rules", "/auditor/rules/fee", "/auditor/points"])
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        *(("day_from=soon", "day_from"), ("day_from=2026-02-01&day_to=2026-01-01", "day_from")),
        ("policy=none", "policy"),
    ],
)
def test_days_that_are_wrong_are_told_at_their_field(
    audited: tuple[Client, str], path: str, asked: str, field: str
) -> None:
    answer = audited[0].get(f"{path}?{asked}")
    assert answer.status_code == 400
    assert f'aria-describedby="{field}-mistake"' in answer.text
    assert "<tbody" not in answer.text


@pytest.mark.parametrize(("language", "words"), [("en", "lies behind 'Until'"), ("ko", "'까지'보다 뒤입니다")])
def test_a_first_day_behind_the_last_is_told_in_the_words_of_the_form(
    audited: tuple[Client, str], language: str, words: str
) -> None:
    page = audited[0].get(f"/auditor/rules?day_from=2026-02-01&day_to=2026-01-01&lang={language}").text
    assert words in unescape(page)


@pytest.mark.parametrize(("language", "name"), [("en", "bill"), ("ko", "요금")])
def test_sources_are_called_as_the_policy_calls_them(audited: tuple[Client, str], language: str, name: str) -> None:
    assert f'<th scope="row">{name}</th>' in audited[0].get(f"/auditor/points?lang={language}").text


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_an_auditor_goes_the_whole_way_in_a_browser(visits: Visits, dark: bool) -> None:
    auditor = visits(locale="ko-KR" if dark else "en-GB", dark=dark, width=390 if dark else 1280)
    page = auditor.page
    auditor.enters("auditor")
    for path in ("/auditor", "/auditor/rules", "/auditor/rules/monthly-limit", "/auditor/points"):
        auditor.goes(path)
        auditor.finds_nothing_serious()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        squeezed = page.evaluate(SQUEEZED)
        assert squeezed == [], f"{path}: words are broken into letters"
    auditor.goes("/auditor/rules/monthly-limit")
    page.locator(".plot canvas").first.wait_for()
    auditor.goes("/auditor?outcome=approved")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/auditor/decisions/D-*")
    assert page.locator("#again + .good").count() == 1
    verify, alter = page.locator("#proof-form button").all()
    verify.click()
    page.locator("#proof-result.warn").wait_for()
    assert tones(page) == ["good", "good", "good", "good", "warn"], "no key was pasted yet"
    page.locator("#key").fill(str(LOG.verifier))
    verify.click()
    page.locator("#proof-result.good").wait_for()
    assert tones(page) == ["good"] * 5
    auditor.finds_nothing_serious()
    alter.click()
    page.locator("#proof-result.mistake").wait_for()
    assert tones(page) == ["bad", "bad", "good", "good", "good"]
    assert page.locator("#proof-result").inner_text() == (
        "증명되지 않습니다." if dark else "Refused: it does not hold."
    )
    auditor.finds_nothing_serious()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator("#key").fill(str(LOG.verifier)[:-4] + "AAA=")
    verify.click()
    page.locator("#proof-steps li:last-child .badge.bad").wait_for()
    page.route("**/proof.json", unsigned)
    page.locator("#key").fill(str(LOG.verifier))
    verify.click()
    page.locator("#proof-steps li:last-child .badge.warn").wait_for()
    told = "서명된 체크포인트가 없어" if dark else "No checkpoint that was signed covers this decision yet"
    assert told in page.locator("#proof-steps li:last-child").inner_text()
    page.locator("#key").fill("nonsense")
    verify.click()
    page.locator("#proof-steps li:last-child .badge.bad").wait_for()
    page.emulate_media(media="print")
    assert page.evaluate(FOLDED) == [], "on paper nothing is folded"


def unsigned(route: Any) -> None:
    """What the service says where nothing was signed yet."""
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | {"checkpoint": None})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ("hash", ["good", "good", "good", "bad", "good"]),
        ("digest", ["good", "bad", "bad", "bad", "good"]),
        ("root", ["good", "good", "good", "bad", "bad"]),
        ("signature", ["good", "good", "good", "good", "bad"]),
    ],
)
def test_a_proof_with_one_byte_changed_is_refused(visits: Visits, part: str, broken: list[str]) -> None:
    auditor = visits()
    page = auditor.page

    def changed(route: Any) -> None:
        answer = route.fetch()
        data = answer.json()
        if part == "hash":
            data["proof"]["hashes"][1] = other(data["proof"]["hashes"][1], 5)
        elif part == "digest":
            data["entry"]["digest"] = other(data["entry"]["digest"], 20)
        elif part == "root":
            data["checkpoint"]["note"] = other(data["checkpoint"]["note"], data["checkpoint"]["note"].index("=\n") - 5)
        else:
            data["checkpoint"]["note"] = other(data["checkpoint"]["note"], -10)
        route.fulfill(response=answer, json=data)

    auditor.enters("auditor")
    page.route("**/proof.json", changed)
    auditor.goes("/auditor?outcome=approved")
    page.locator("tbody a").first.click()
    page.locator("#key").fill(str(LOG.verifier))
    page.locator("#proof-form button").first.click()
    page.locator("#proof-result.mistake").wait_for()
    assert tones(page) == broken


def other(text: str, at: int) -> str:
    """The text with another character there, of those that base64 and hex have."""
    at %= len(text)
    return text[:at] + ("1" if text[at] != "1" else "2") + text[at + 1 :]


@pytest.mark.slow
def test_without_scripts_the_commands_are_there(visits: Visits) -> None:
    auditor = visits(script=False)
    auditor.enters("auditor")
    auditor.goes("/auditor?outcome=denied")
    auditor.sends(":nth-match(tbody a, 1)")
    assert "recoup audit verify" in auditor.page.locator("main").inner_text()
    assert not auditor.page.locator("#proof").is_visible()
