"""`recoup impact`: what a change does to stored accounts and decisions, exactly, and named where it cannot be told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from engine.comparing import methods_of
from engine.effect import Effect
from engine.population.answers import Asking
from engine.versions import load_version
from policies.versions import PolicyVersion
from service import drafts, impact, ledger, reads
from service.answers import draft_answer
from service.cli import recoup
from service.config import Settings
from service.database import Database, close_database, execute, open_database, reading, rows, writing
from service.draft_impact import impact_of
from service.impact import Accounts, Change, Chosen, Decisions, Page, Sample, Stored, effect_of
from service.impact_report import Heading, report
from service.impact_text import signed
from service.judging import Judge, Question
from service.ledger import Grant, StoredAccount
from service.parts import json_text
from service.publishing import Versions
from service.records import CASE_GONE, INSERT
from tests.service.builders import (
    NOW,
    POLICY,
    Run,
    SetClock,
    account_facts,
    asking,
    lot_facts,
    open_account,
    publish_small,
)
from tests.service.drafting import approved, ready
from tests.service.test_reference import check as conforms

CHANGED = (
    POLICY.replace("rate: 1%", "rate: 2%")
    .replace("    at_most: 50_000\n", "    at_most: 20_000\n")
    .replace("account.status: active", "account.status: {in: [active, suspended]}")
)
SECOND = """\
  - id: over-a-million
    kind: review
    terms: "9"
    measure: request.points
    over: 1_000_000
    reason: {ko: "{limit} 초과", en: "Above {limit} somebody looks."}
"""
AS_OF = "2026-03-02T01:00:00Z"
SEOUL = ZoneInfo("Asia/Seoul")
DAY = timedelta(days=1)
JSON = ("--as-of", AS_OF, "--format", "json")
NO_STEP = lambda _: None  # noqa: E731


@cache
def version(text: str) -> PolicyVersion:
    """The version in a text."""
    found, problems = load_version(text.encode(), "small.yaml")
    assert found is not None, problems
    return found


def change_to(text: str, by: str = "account.grade", *, ask: bool = True) -> Change:
    """The change from the small policy to a text."""
    before, after = version(POLICY), version(text)
    return Change(before, after, by, Asking(NOW, methods_of(before.policy, after.policy), "all", {}) if ask else None)


@pytest.fixture
def four(database: Database) -> Database:
    """Four accounts of the small policy: A loses by the limit and the fee, B by the fee, C is let in, D has nothing
    that can be refunded.
    """
    publish_small(database)
    open_account(database, lot_facts(10_000), lot_facts(20_000))
    open_account(database, lot_facts(9_000), name="B", grade="PLAIN")
    open_account(database, lot_facts(5_000), name="C", grade="PLAIN", status="suspended")
    open_account(database, lot_facts(8_000, source="promotion"), name="D")
    return database


def told(database: Database, change: Change, **more: Any) -> dict[str, Any]:
    """The report on all accounts."""
    accounts = Accounts(database, "small", **more)
    effect = effect_of(change, accounts, 1, NO_STEP)
    sample = more.get("sample")
    names = ("small@1", "new.yaml")
    counts = accounts.looked_at, accounts.rows
    heading = Heading(change.before, change.after, names, "accounts", change.by, *counts, NOW.date(), NOW, sample)
    return report(heading, effect)


def test_a_planted_change_comes_to_the_figures_that_were_worked_out_by_hand(four: Database) -> None:
    found = told(four, change_to(CHANGED))
    total = found["total"]
    # A: 29,700 by cash and 30,000 by credit become 19,600 and 20,000; B: 8,910 by cash becomes 8,820, 9,000 by credit
    # stay; C: nothing becomes 4,900 and 5,000; D: nothing stays nothing.
    assert (total["count"], total["changed"]) == (8, 5)
    assert (total["gaining"], total["gained"], total["losing"], total["lost"]) == (2, 9_900, 3, 20_190)
    assert total["payout"] == {"before": 77_610, "after": 67_320, "difference": -10_290}
    assert total["fee"] == {"before": 390, "after": 680, "difference": 290}
    assert total["points"] == {"before": 78_000, "after": 68_000, "difference": -10_000}
    assert (found["looked_at"], found["accounts_changed"], found["undecided"]["count"]) == (4, 3, 0)
    # 30,000 + 9,000 by credit, then 20,000 + 9,000 + 5,000.
    assert found["best"] == {"before": 39_000, "after": 34_000, "difference": -5_000}
    assert {(each["method"], each["payout"]["difference"]) for each in found["methods"]} == {
        ("cash", -10_100 - 90 + 4_900),
        ("credit", -10_000 + 5_000),
    }
    assert [(each["group"], each["payout"]["difference"]) for each in found["groups"]] == [
        ("GOLD", -20_100),
        ("PLAIN", 9_810),
    ]
    assert [(each["before"], each["after"], each["count"], each["changed"]) for each in found["outcomes"]] == [
        ("approved", "approved", 4, 3),
        ("denied", "approved", 2, 2),
        ("denied", "denied", 2, 0),
    ]
    spoken = {
        each["rule"]: [each[side] for side in ("before", "after", "appears", "vanishes")] for each in found["reasons"]
    }
    assert spoken == {"active": [2, 0, 0, 2], "fee": [2, 3, 1, 0], "order": [2, 2, 0, 0]}
    assert [(each["from"], each["to"], each["count"]) for each in found["payout_changes"]] == [
        (-49_999, -10_000, 2),
        (-99, -1, 1),
        (0, 0, 3),
        (1_000, 4_999, 1),
        (5_000, 9_999, 1),
    ]
    assert [(each["from"], each["count"]) for each in found["points"]] == [(0, 2), (5_000, 4), (10_000, 2)]
    assert [(each["account"], each["method"], each["difference"]) for each in found["affected"]] == [
        ("A", "cash", -10_100),
        ("C", "credit", 5_000),
        ("B", "cash", -90),
    ]
    assert found["affected"][1]["vanishes"] == ["active"]
    assert [each["en"] for each in found["sentences"]][1:6] == [
        "Of 4 accounts, 3 get another answer by some method.",
        "Of 8 answers, 5 change.",
        "10,290 KRW less is paid out in all (67,320 KRW; it was 77,610 KRW).",
        "290 KRW more is kept as fees.",
        "2 are paid more (9,900 KRW in all), 3 are paid less (20,190 KRW in all).",
    ]


def test_a_version_beside_itself_changes_nothing(four: Database) -> None:
    found = told(four, change_to(POLICY))
    assert (found["total"]["changed"], found["accounts_changed"], found["affected"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("account.status", ["active", "suspended"]),
        ("account.contact_verified", ["true"]),
        ("account.identity_level", ["2"]),
    ],
)
def test_accounts_are_grouped_by_what_is_asked_for(four: Database, by: str, groups: list[str]) -> None:
    assert [each["group"] for each in told(four, change_to(CHANGED, by))["groups"]] == groups


def test_what_one_version_cannot_decide_is_counted_and_named(four: Database) -> None:
    open_account(four, lot_facts(1_000), name="E", grade="IRON")
    for text, expected in (
        (
            POLICY.replace("  credit: {ko: 차감, en: credit}\n", ""),
            {("after", "no-method"): 4, ("both", "bad-facts"): 2},
        ),
        (POLICY.replace("[GOLD, PLAIN]", "[GOLD, PLAIN, IRON]"), {("before", "bad-facts"): 2}),
        (POLICY.replace("2025-01-01", "2026-04-01"), {("after", "not-in-force"): 8, ("both", "bad-facts"): 2}),
        (
            POLICY
            + "  - {id: other, kind: fee, terms: '9', flat: 5, when: {account.grade: PLAIN},"
            + " reason: {ko: '다른 수수료', en: Another fee.}}\n",
            {("after", "rules-conflict"): 1, ("both", "bad-facts"): 2},
        ),
    ):
        found = told(four, change_to(text))["undecided"]
        counts = {(each["side"], each["kind"]): each["count"] for each in found["kinds"]}
        assert (counts, found["count"]) == (expected, sum(expected.values()))
        assert found["first"], text
        first = next(each for each in found["first"] if each["account"] == "E")
        assert "account.grade" in first["ko"]


def test_a_sample_is_the_same_again_and_the_report_says_so_first(four: Database) -> None:
    samples = [told(four, change_to(CHANGED), sample=Sample(2, seed)) for seed in (1, 1, 2, 3, 4)]
    assert samples[0] == samples[1]
    assert len({json.dumps(each["total"]) for each in samples}) > 1
    for each in samples:
        assert (each["looked_at"], each["sample"]["of"], each["total"]["count"]) == (2, 4, 4)
        assert each["sentences"][0]["en"].startswith("This is a sample: 2 of 4 accounts")
    assert told(four, change_to(CHANGED), sample=Sample(9, 1))["total"] == told(four, change_to(CHANGED))["total"]


class Held(Stored):
    """Accounts that no database keeps."""

    def __init__(self, pages: list[Page]) -> None:
        self.rows = len(pages)
        self._sample = None
        self._pages = pages

    def pages(self) -> Iterator[Page]:
        return iter(self._pages)

    def _page(self, ids: list[str]) -> Page:
        return []


@pytest.mark.slow
def test_several_processes_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(
        [[(account_facts(f"A-{at}"), [lot_facts(at * 1_000, id="L", left=at * 1_000)], [])] for at in range(1, 8)]
    )
    alone = effect_of(change_to(CHANGED), held, 1, NO_STEP)
    monkeypatch.setattr(impact, "ALONE", 0)
    steps: list[int] = []
    together = effect_of(change_to(CHANGED), held, 2, steps.append)
    assert (together.groups, together.affected, together.accounts) == (alone.groups, alone.affected, 7)
    assert steps == [1] * 7


def test_pages_are_as_long_as_they_are_and_miss_nothing(four: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    for length in (1, 3, 4, 100):
        monkeypatch.setattr(impact, "PAGE", length)
        pages = [*Accounts(four, "small").pages()]
        lengths.append([len(page) for page in pages])
        assert [facts["id"] for page in pages for facts, *_ in page] == ["A", "B", "C", "D"]
    assert lengths == [[1, 1, 1, 1], [3, 1], [4], [4]]


@pytest.fixture
def decided(four: Database) -> Database:
    """Decisions of A and B on two days and two versions, one whose case was erased, and one that somebody changed."""
    judge = Judge(four, Versions(four, 8), SetClock())
    for points, method in ((5_000, "cash"), (25_000, "credit")):
        judge.judge(Question("A", asking(points, method=method)), record=True)
    publish_small(four, SECOND)
    Judge(four, Versions(four, 8), SetClock(NOW + DAY)).judge(Question("B", asking(1_000)), record=True)
    names = ("id", "account", "policy", "digest", "outcome", "points", "as_of", "decided_at", "case_data", "data")
    with reading(four):
        row = rows(four, f"SELECT {', '.join(names)} FROM decision WHERE points = 5000")[0]  # noqa: S608
    for name, case in (("X-erased", CASE_GONE), ("X-wrong", '{"request": []}')):
        kept = dict(zip(names, row, strict=True)) | {"id": name, "case_data": case}
        writing(four, lambda kept=kept: execute(four, INSERT, tuple(kept.values())))  # type: ignore[misc]
    return four


def of_decisions(database: Database, chosen: Chosen, sample: Sample | None = None) -> Effect:
    stored = Decisions(database, "small", SEOUL, chosen, sample)
    return effect_of(change_to(CHANGED, ask=False), stored, 1, NO_STEP)


def test_decisions_are_made_again_on_their_own_facts(decided: Database) -> None:
    found = of_decisions(decided, Chosen())
    total = found.total()
    # 5,000 by cash pay 4,950 and then 4,900; 25,000 by credit are over the limit then; 1,000 stay 1,000.
    assert (total.count, total["changed"], total.difference("payout"), total.difference("fee")) == (3, 2, -25_050, 50)
    assert {rule: each.appears for rule, each in found.reasons().items()} == {"fee": 0, "monthly": 1}
    assert [each.difference for each in found.affected] == [-25_000]
    assert [(each.reference, each.kind) for each in found.named] == [("X-erased", "erased"), ("X-wrong", "unreadable")]


def test_decisions_are_chosen_by_local_day_and_by_version(decided: Database) -> None:
    with reading(decided):
        digests = [each.digest for each in Versions(decided, 4).listed("small")]
    first = date(2026, 3, 2)
    for chosen, expected in (
        (Chosen(), 5),
        (Chosen(first, first), 4),
        (Chosen(first=first + DAY), 1),
        (Chosen(last=first - DAY), 0),
        (Chosen(digest=digests[0]), 1),
        (Chosen(last=first, digest=digests[1]), 4),
    ):
        found = of_decisions(decided, chosen)
        assert found.total().count + sum(found.undecided.values()) == expected, chosen
    assert Decisions(decided, "small", SEOUL, Chosen(), Sample(2, 0)).looked_at == 2


class Read(HTMLParser):
    """The tables of a page by their captions, and what it would ask others for. Tags have to be closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.asked_for: list[str] = []
        self._open: list[str] = []
        self._text = ""
        self._rows: list[list[str]] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked_for += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "style", "data")]
        if tag not in ("meta", "line", "rect", "path"):
            self._open.append(tag)
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th", "caption"):
            self._text = ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("td", "th"):
            self._rows[-1].append(" ".join(self._text.split()))
        if tag == "caption":
            self.tables[" ".join(self._text.split())] = self._rows

    def handle_data(self, data: str) -> None:
        self._text += data


def cells(each: Mapping[str, Any]) -> list[str]:
    counts = [f"{each[name]:,}" for name in ("count", "changed", "gaining", "gained", "losing", "lost")]
    payout, fee = each["payout"], each["fee"]
    return [*counts, f"{payout['after']:,}", signed(payout["difference"]), signed(fee["difference"])]


def test_the_command_tells_it_as_text_as_json_and_as_a_page_with_the_same_figures(four: Database, run: Run) -> None:
    Path("new.yaml").write_text(CHANGED, "utf-8")
    result = run("impact", "small@1", "new.yaml", *JSON)
    assert (result.exit_code, result.stderr) == (0, "")
    data = json.loads(result.stdout)
    assert data["total"] == told(four, change_to(CHANGED))["total"]
    assert (data["as_of"], data["before"]["version"], data["after"]["version"]) == (AS_OF, 1, None)
    text = run("impact", "small@1", "new.yaml", "--as-of", AS_OF, "--lang", "ko").stdout
    assert "지급액이 모두 10,290원 줄어듭니다(77,610원 → 67,320원)." in text
    assert re.search(r"^현금 +4 +3 +1 +2 +33,320 +-5,290 +\+290$", text, re.MULTILINE)

    # Whatever a file is called, its name is no part of the page's own markup.
    Path("<script>.yaml").write_text(CHANGED, "utf-8")
    Path("page.html").write_text("mine", "utf-8")
    on_page = ("impact", "small@1", "<script>.yaml", "--as-of", AS_OF, "--html", "page.html")
    assert run(*on_page).stderr == "recoup: page.html is there already; --force overwrites it\n"
    assert run(*on_page, "--force").stdout == ""
    page = Path("page.html").read_text("utf-8")
    assert not re.search(r"https?:|//|url\(|@import|<script", page)
    read = Read(page)
    assert read.asked_for == []
    tables = read.tables
    assert tables["By refund method"][1:] == [
        *([each["en"], *cells(each)] for each in data["methods"]),
        ["total", *cells(data["total"])],
    ]
    assert tables["By the grade"][1:] == [[each["en"], *cells(each)] for each in data["groups"]]
    assert [row[1:] for row in tables["How outcomes change"][1:]] == [cells(each) for each in data["outcomes"]]
    moving = [each for each in data["reasons"] if each["appears"] or each["vanishes"]]
    assert sorted(row[:5] for row in tables["Reasons that appear and vanish"][1:]) == sorted(
        [each["rule"], *(str(each[side]) for side in ("before", "after", "appears", "vanishes"))] for each in moving
    )
    assert [(row[0], row[6]) for row in tables["The most affected accounts"][1:]] == [
        (each["account"], signed(each["difference"])) for each in data["affected"]
    ]
    assert [row[1] for row in tables["By how much payouts change"][1:]] == [
        str(each["count"]) for each in data["payout_changes"]
    ]


def test_the_command_reads_decisions_and_that_it_did_is_recorded(decided: Database, run: Run) -> None:
    Path("new.yaml").write_text(CHANGED, "utf-8")
    result = run("impact", "small@1", "new.yaml", "--decisions", "--from", "2026-03-02", "--to", "2026-03-02")
    assert "Of 2 decisions that were made again, 2 change." in result.stdout
    assert "1: the case was erased (both versions)" in result.stdout
    run("impact", "small@1", "new.yaml", "--decisions", "--policy", "small@2", "--html", "page.html", "--lang", "ko")
    assert "저장된 결정 1건" in Path("page.html").read_text("utf-8")
    with reading(decided):
        found = reads.page_of(decided, None, 10)
    assert {each["decision"] for each in found} >= {"X-erased", "X-wrong"}


def test_accounts_ask_as_a_file_says(four: Database, run: Run) -> None:
    """A fee that only the call centre takes changes nothing for those who ask in the app."""
    fee = "  - {id: desk, kind: fee, terms: '6.2', when: {request.channel: call_centre}, flat: 100, adds_to: [fee],"
    fee += ' reason: {ko: "상담 수수료", en: "A fee of the desk."}}\n'
    Path("new.yaml").write_text(POLICY.replace("  - id: large\n", f"{fee}  - id: large\n"), "utf-8")
    Path("desk.json").write_text('{"channel": "call_centre"}', "utf-8")
    in_the_app = json.loads(run("impact", "small@1", "new.yaml", *JSON).stdout)
    at_the_desk = json.loads(run("impact", "small@1", "new.yaml", *JSON, "--request", "desk.json").stdout)
    assert (in_the_app["total"]["changed"], in_the_app["total"]["fee"]["difference"]) == (0, 0)
    # A and B, who can be refunded, by both methods.
    assert (at_the_desk["total"]["changed"], at_the_desk["total"]["fee"]["difference"]) == (4, 400)


@pytest.mark.parametrize(
    ("arguments", "told_so"),
    [
        (("small@7", "small@1"), "'small@7' was never published"),
        (("small@1", "other.yaml"), "'other'"),
        (("small@1", "small@1", "--by", "account.debt"), "account.grade, account.status"),
        (("small@1", "small@1", "--day", "2026-03-02"), "--day needs --decisions"),
        (("small@1", "small@1", "--decisions", "--as-of", AS_OF), "do not go together"),
        (("small@1", "small@1", "--decisions", "--day", "2026-03-02", "--to", "2026-03-02"), "does not go together"),
        (("small@1", "small@1", "--decisions", "--policy", "small"), "POLICY@NUMBER"),
        (("small@1", "small@1", "--as-of", "today"), "no instant"),
        (("small@1", "small@1", "--html", "nowhere/page.html"), "cannot be written"),
        (("small@1", "small@1", "--accounts", "--decisions"), "ask one"),
    ],
)
def test_what_cannot_be_done_as_asked_ends_with_2(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], told_so: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    opened = open_database(Settings(database_url=sqlite_url))
    publish_small(opened)
    close_database(opened)
    Path("other.yaml").write_text(POLICY.replace("policy: small", "policy: other"), "utf-8")
    result = CliRunner().invoke(recoup, ("impact", *arguments))
    assert (result.exit_code, told_so in result.stderr) == (2, True), result.output


def test_an_approver_sees_what_a_draft_does_to_all_accounts(database: Database, run: Run) -> None:
    approved(database, 6_000)
    with reading(database):
        first = drafts.page_of(database, None, 1)[0]
    assert first.data is not None
    assert first.data["shown"]["impact"] is None, "nothing was in force"
    facts = {name: fact for name, fact in account_facts().items() if name != "grade"}
    writing(database, lambda: ledger.open_accounts(database, [StoredAccount("tiny", facts)], NOW))
    grants = [Grant("A.1", "A", lot_facts(9_000), NOW)]
    writing(database, lambda: ledger.grant(database, grants, NOW))
    made = ready(database, 5_000)
    assert made.data is not None
    shown = made.data["shown"]["impact"]
    assert (shown["beside"], shown["looked_at"], shown["accounts_changed"]) == (1, 1, 1)
    assert shown["total"]["payout"] == {"before": 6_000, "after": 5_000, "difference": -1_000}
    assert shown["by"]["fact"] == "account.status"
    conforms(json.loads(json_text(draft_answer(made, "ko"))), "Draft")
    less = {**made.data, "shown": {**made.data["shown"], "impact": None}}
    assert replace(made, data=less).seen != made.seen
    told_so = run("publish", "show", made.id, "--lang", "ko").stdout
    assert "지급액이 모두 1,000원 줄어듭니다(6,000원 → 5,000원)." in told_so


def test_a_changed_rule_that_nobody_met_is_named(four: Database) -> None:
    fee = "when: {request.channel: call_centre}\n    flat: %s\n"
    added = '  - id: by-phone\n    kind: fee\n    terms: "9"\n    adds_to: [%s]\n    ' + fee
    reason = '    reason: {ko: "전화 수수료 {fee}원", en: "By phone {fee} won."}\n'
    others = ", ".join(rule.id for rule in version(POLICY).policy.rules_of("fee"))
    before, after = (
        version(POLICY.rstrip() + "\n" + added % (others, amount) + reason) for amount in ("1_500", "1_200")
    )
    found, _ = impact_of(four, before, after, NOW, lambda _: NO_STEP)
    assert [each["en"] for each in found["sentences"] if "by-phone" in each["en"]] == [
        "Changed, but met by none of these requests: by-phone. What these rules do to others is not in the figures."
    ]
    assert found["sentences"][0]["en"].startswith("Each account asked in the app, as the member")
