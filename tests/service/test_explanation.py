"""GET /v1/decisions/{id}/explanation: a decision for the member whom it is about, as data, text and a page."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from service.api.decisions import FORMS
from service.cli import recoup
from service.config import SHIPPED_RULES
from service.database import Database
from service.explanation_forms import MOST_LOTS, listed, unsaid
from service.publishing import publish
from tests.service.builders import NOW, POLICY, asking, lot_facts, open_account

DECISIONS = "/v1/decisions"
ATTACK = "<script>alert(1)</script>"


def denied(client: FlaskClient) -> str:
    """Where the explanation of a denial is, of a request with a name that would be a script."""
    body = {"account": "A", "request": asking(60_000, receiving_account=ATTACK)}
    made = client.post(DECISIONS, json=body)
    assert made.get_json()["outcome"] == "denied"
    return f"{made.headers['Location']}/explanation"


class Outline(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "style"}, attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_denial_says_what_would_have_passed_and_how_to_contest_it(client: FlaskClient) -> None:
    where = denied(client)
    told = client.get(where, headers={"Accept-Language": "ko"}).get_json()
    asked = client.get(where.removesuffix("/explanation")).get_json()
    near = told["nearest"]

    assert told["language"] == "ko"
    assert told["summary"]["text"] == "환급 신청(60,000포인트)이 거절되었습니다."
    denies = {group["group"]: group["rules"] for group in told["groups"]}["denies"]
    assert [rule["rule"] for rule in denies] == [reason["rule"] for reason in asked["reasons"]]
    assert [line["value"]["ko"] for line in told["asked"] if line["label"]["ko"] == "신청 시각"] == [
        "2026년 3월 2일 오전 10시(한국 시각)"
    ]
    request = {**asked["case"]["request"], **{path.removeprefix("request."): v for path, v in near["set"].items()}}
    again = client.post(DECISIONS, json={"account": "A", "request": request, "dry_run": True}).get_json()
    assert {name: again[name] for name in near["decision"]} == near["decision"], "it was really decided"
    contest = told["contest"]
    assert (contest["answered_within_days"], "30일" in contest["ko"]) == (30, True)
    opened = client.post(
        contest["path"], json={**contest["body"], "text": "왜?"}, headers={"Idempotency-Key": "contest"}
    )
    assert opened.status_code == 201


def test_what_nobody_can_post_is_not_offered(client: FlaskClient, kt_denial: str) -> None:
    """The account came with the question and is not stored, so an inquiry of it would be refused."""
    contest = client.get(kt_denial).get_json()["contest"]
    assert (contest["method"], contest["path"], contest["body"]) == (None, None, None)
    decision = kt_denial.split("/")[3]
    assert f"고객센터에 결정 번호({decision})를 알려 주시고 이의를 제기해 주세요." in contest["ko"]
    assert "app" not in contest["en"]


def test_a_decision_is_explained_by_the_text_that_it_was_made_on(client: FlaskClient, database: Database) -> None:
    where = denied(client)
    before = client.get(where).get_json()
    publish(database, POLICY.replace("50_000", "90_000").encode(), "small.yaml", NOW)
    assert client.post(DECISIONS, json={"account": "A", "request": asking(30_000)}).get_json()["version"] == 2
    assert client.get(where).get_json() == before
    assert before["version"] == 1


def test_the_page_stands_alone_and_says_what_the_text_says(client: FlaskClient) -> None:
    where = denied(client)
    for language, heading in (("ko", "결정 설명서"), ("en", "Explanation of the decision")):
        headers = {"Accept-Language": language}
        page = client.get(where, headers={**headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        text = client.get(where, headers={**headers, "Accept": "text/plain"})
        assert (page.mimetype, text.mimetype) == ("text/html", "text/plain")
        assert (page.headers["Content-Language"], page.headers["Vary"]) == (language, "Accept, Accept-Language")
        written = page.get_data(as_text=True)
        outline = Outline(written)
        assert f'<html lang="{language}">' in written
        assert [tag for tag in outline.tags if tag in ("h1", "h2")] == ["h1", *["h2"] * 6]
        assert not {"script", "link", "img", "iframe"} & set(outline.tags)
        assert ATTACK in outline.text, "what was asked is shown as it was written"
        style = re.search("<style>(.*?)</style>", written, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
        kept_whole = re.findall('<span class="whole">([^<]*)</span>', written)
        assert {"2026년 3월 2일", "2 March 2026"} & {*kept_whole}
        assert where.split("/")[3] in kept_whole
        lines = text.get_data(as_text=True).splitlines()
        assert lines[0].startswith(heading)
        for line in lines[1:]:
            said = re.sub(r" \[[^\]]*\]$", "", line.strip().removeprefix("- "))
            assert all(part in outline.text for part in said.split(": ", 1)), line


KT_ACCOUNT = {
    "id": "K",
    "joined_on": "2019-01-01",
    "born_on": "1984-02-05",
    "identity_level": 1,
    "contact_verified": True,
}
KT_LOTS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("bill_payment", "2025-06-01", 400_000, {}),
    ("promotion", "2024-11-02", 2_000, {"expires_on": "2025-12-31"}),
    ("promotion", "2025-12-02", 700, {}),
    ("promotion", "2026-01-02", 300, {}),
    ("purchase", "2022-01-10", 1_200, {}),
    ("purchase", "2021-12-10", 1_300, {}),
    ("partner", "2025-09-03", 900, {"identity_level": 0}),
]


@pytest.fixture
def kt_denial(client: FlaskClient, database: Database) -> str:
    """Where the explanation of a denial is, by the programme that is shipped, with points set aside for many rules."""
    publish(database, (SHIPPED_RULES / "kt-points.yaml").read_bytes(), "kt-points.yaml", NOW)
    lots = [
        lot_facts(points, source=source, acquired_on=on, **more) | {"id": f"K.{number}"}
        for number, (source, on, points, more) in enumerate(KT_LOTS, 1)
    ]
    request = asking(390_050, method="cash", receiving_holder="member")
    body = {"policy": "kt-points", "account": KT_ACCOUNT, "lots": lots, "request": request}
    made = client.post(DECISIONS, json=body)
    assert made.get_json()["outcome"] == "denied"
    return f"{made.headers['Location']}/explanation"


def test_the_page_of_a_real_programme_is_in_words_only(client: FlaskClient, kt_denial: str) -> None:
    """No fact, no value and no rule shows by the name that it has in the rule file, but behind "more"."""
    for language, said in (
        ("ko", "본인확인 2단계 이상(2025년 1월 1일부터"),
        ("en", "identity level 2 or higher (from 1 January 2025"),
    ):
        page = client.get(f"{kt_denial}?lang={language}", headers={"Accept": "text/html"}).get_data(as_text=True)
        letter = Outline(re.sub("(?s)<style>.*?</style>|<details>.*?</details>|<footer.*?</footer>", "", page)).text
        assert said in letter
        assert re.findall(r"[a-z]+[._/][a-z_]+|[a-z]+-[a-z]+-life|refund-step|\[|starts with", letter) == []
        assert "refund-step" in Outline(page).text
    told = client.get(kt_denial).get_json()
    rules = {rule["rule"]: rule for group in told["groups"] for rule in group["rules"]}
    assert {"identity-level", "refund-step", "promotion-points-own-day"} <= rules.keys()
    assert [figure["name"] for figure in rules["refund-step"]["more"]["figures"]] == ["limit", "points"]


def test_what_sets_points_aside_stands_apart_and_names_each_lot(client: FlaskClient, kt_denial: str) -> None:
    told = client.get(f"{kt_denial}?lang=en").get_json()
    groups = {group["group"]: group for group in told["groups"]}
    assert [*groups] == ["denies", "sets_aside"]
    assert {rule["effect"] for rule in groups["denies"]["rules"]} == {"denies"}
    aside = {rule["rule"]: rule for rule in groups["sets_aside"]["rules"]}
    assert groups["sets_aside"]["points"] == sum(points for _, _, points, _ in KT_LOTS[1:])
    assert [
        (said["ko"], said["en"].split(".")[0], [(lot["en"], lot["refundable_from"]) for lot in said["lots"]])
        for said in aside["promotion-points"]["said"]
    ] == [
        (
            "프로모션 포인트는 적립 후 일정 기간이 지나야 환급됩니다. 지금은 직영몰에서 사용할 수 있습니다.",
            "Promotion points are not refunded until some time after they were earned, on the day named below",
            [
                (
                    "Promotion: 700 points (earned on 2 December 2025): can be refunded from 2 December 2026 on",
                    "2026-12-02",
                ),
                (
                    "Promotion: 300 points (earned on 2 January 2026): can be refunded from 2 January 2027 on",
                    "2027-01-02",
                ),
            ],
        )
    ]
    assert [each["ko"] for each in aside["promotion-points"]["criteria"]] == [
        "적용된 기준: 적립일부터 12개월이 지나면 이 규칙은 적용되지 않습니다"
    ]
    assert [each["ko"] for each in aside["points-earned-unidentified"]["values"]] == [
        (
            "적용된 기준: 적립할 때 본인확인 1단계 이상"
            "(이 포인트는 0단계, 2025년 7월 1일부터 적립된 포인트, 약관 제16조 제3항)"
        )
    ]
    assert [value["en"] for value in aside["purchase-points-life"]["values"]] == [
        "The figure that applied: 3 years (points earned until 31 December 2024, article 15.3)"
    ]
    assert aside["purchase-points-life"]["more"]["en"].startswith("The points can be used for 3 years")
    assert [value["ko"] for value in aside["purchase-points-life"]["values"]] == [
        "적용된 기준: 3년(2024년 12월 31일까지 적립된 포인트, 약관 제15조 제3항)"
    ]
    printed = client.get(f"{kt_denial}?lang=ko", headers={"Accept": "text/plain"}).get_data(as_text=True)
    assert printed.index("거절된 이유") < printed.index("승인될 수 있는 신청") < printed.index("환급할 수 없는 포인트")


def test_of_many_lots_the_first_are_listed_and_the_rest_counted() -> None:
    lots = [{"ko": f"묶음 {n}", "en": f"lot {n}", "points": 10} for n in range(MOST_LOTS + 5)]
    assert [*listed(lots, "en")][-2:] == [f"lot {MOST_LOTS - 1}", "and 5 more, with 50 points"]
    assert [*listed(lots, "ko")][-1] == "그 밖에 5건, 50포인트"
    assert len([*listed(lots[:MOST_LOTS], "en")]) == MOST_LOTS
    assert [*unsaid({"said": [{"lots": [lot]} for lot in lots]}, "en")] == ["and 5 more, with 50 points"]


def test_an_approval_says_what_is_kept_of_it_and_when_it_is_paid(client: FlaskClient) -> None:
    made = client.post(DECISIONS, json={"account": "A", "request": asking(20_000, method="cash")})
    assert made.get_json()["fee"]
    told = client.get(f"{made.headers['Location']}/explanation?lang=en").get_json()
    groups = {group["group"]: [rule["effect"] for rule in group["rules"]] for group in told["groups"]}
    assert groups == {"amounts": ["charges"], "pays": ["pays"]}
    assert [each["name"] for each in told["sums"]] == ["gross", "fee", "payout"]
    assert sum(each["value"] for each in told["sums"][1:]) == told["sums"][0]["value"]


def test_who_accepts_no_form_of_it_gets_the_data(client: FlaskClient) -> None:
    answer = client.get(denied(client), headers={"Accept": "image/png"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert client.get(f"{DECISIONS}/D-0/explanation").status_code == 404


def test_the_command_prints_the_same_text_and_writes_the_same_page(
    client: FlaskClient, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    where = denied(client)
    text, page = (client.get(where, headers={"Accept": form}).get_data(as_text=True) for form in FORMS[1:])
    monkeypatch.setenv("DATABASE_URL", database_url)
    kept, file = where.split("/")[3], tmp_path / "page.html"
    printed = CliRunner().invoke(recoup, ["explain", kept, "--lang", "en"])
    traced = CliRunner().invoke(recoup, ["explain", kept, "--lang", "en", "--trace"])
    written = CliRunner().invoke(recoup, ["explain", kept, "--lang", "en", "--html", str(file)])
    assert (printed.exit_code, printed.stdout) == (0, text)
    assert traced.stdout.startswith(f"{text}\nTrace\n  expire\n")
    assert (written.exit_code, written.stdout, file.read_text("utf-8")) == (0, "", page)
    more = CliRunner().invoke(recoup, ["explain", kept, "--lang", "en", "--more"]).stdout
    assert {*text.splitlines()} < {*more.splitlines()}
    assert "    Rule monthly: " in more


def test_of_a_lot_that_has_expired_nothing_else_is_told(client: FlaskClient, database: Database) -> None:
    open_account(database, lot_facts(500, acquired_on="2024-01-10", source="promotion"), name="B")
    made = client.post(DECISIONS, json={"account": "B", "request": asking(100)})
    told = client.get(f"{made.headers['Location']}/explanation").get_json()
    (lot,) = told["lots"]
    assert lot["rules"] == ["life", "promotion"]
    assert " January 2026" in lot["en"]
    assert "Promotion points" not in lot["en"]
    assert "promotion" not in [rule["rule"] for group in told["groups"] for rule in group["rules"]]
