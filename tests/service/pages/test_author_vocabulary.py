"""Whoever writes a text is offered the words that it can use: beside it without scripts, at the cursor with them."""

from __future__ import annotations

import re
from html import unescape

import pytest
from werkzeug.test import Client

from policies.show import HEADINGS
from policies.vocabulary import COMMON
from service.config import SHIPPED_RULES
from service.database import Database
from service.pages.author_vocabulary import vocabulary_of
from service.publishing import publish
from tests.service.builders import NOW
from tests.service.drafting import RULES
from tests.service.pages.test_author_workbench import of, post
from tests.service.pages.visiting import Visits, enter

POINTS = (SHIPPED_RULES / "kt-points.yaml").read_text(encoding="utf-8")


@pytest.fixture
def author(open_site: Client, database: Database) -> Client:
    """The site with an author in it, and a tiny policy."""
    publish(database, RULES.encode(), "tiny.yaml", NOW)
    enter(open_site, "author")
    return open_site


def test_the_words_are_kinds_facts_operators_and_what_the_text_names() -> None:
    found = {each.word: each.about for each in vocabulary_of(POINTS)}
    assert {*HEADINGS, *(fact.path for fact in COMMON), "at_least_ago", "starts_with"} <= set(found)
    assert {"account.grade", "promotion", "gift_card", "refund-step"} <= set(found)
    assert [word for word in found if word.startswith("$")]
    assert (found["account.grade"].ko, found["account.grade"].en) == ("등급", "the grade")
    assert len(found) == len(vocabulary_of(POINTS))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "- a list",
        "rules: 7\nvalues: [x]\nfacts: none",
        "rules:\n  - 5\n  - {id: [1]}\nvalues: {a: 1}",
        "a: [",
    ],
)
def test_a_text_that_is_half_written_has_the_common_words_at_least(text: str) -> None:
    assert {"exclude", "lot.campaign"} <= {each.word for each in vocabulary_of(text)}


def test_a_text_with_problems_offers_what_it_names() -> None:
    words = {each.word for each in vocabulary_of(RULES.replace("at_most:", "at_mots:"))}
    assert {"daily", "order", "bill", "credit"} <= words


@pytest.mark.parametrize(("language", "told"), [("ko", "한도"), ("en", "Limits")])
def test_without_scripts_the_words_stand_beside_the_text(author: Client, language: str, told: str) -> None:
    author.get(f"/author?lang={language}")
    assert "<dt>" not in of(author.get("/author/workbench?policy=tiny"), "vocabulary")
    part = of(post(author, do="words"), "vocabulary")
    assert f'<dt data-field="kind"><code>limit</code></dt><dd>{told}</dd>' in unescape(re.sub(r"\s*\n\s*", "", part))
    assert "<code>daily</code>" in part


@pytest.mark.parametrize(("locale", "dark", "width"), [("ko-KR", False, 1280), ("en-GB", True, 360)])
def test_ctrl_space_lists_what_fits_and_the_keyboard_takes_it(
    visits: Visits, locale: str, dark: bool, width: int
) -> None:
    visitor = visits(locale=locale, dark=dark, width=width)
    visitor.enters("author")
    page = visitor.page
    visitor.goes("/author/workbench?policy=kt-points")
    text = page.locator("#text")
    text.focus()
    text.press("Control+End")
    text.press_sequentially("# account.iden")
    text.press("Control+Space")
    listed = page.locator(".completion [role=option]")
    listed.first.wait_for()
    assert [each.split()[0] for each in listed.all_inner_texts()] == ["account.identity_level"]
    assert text.get_attribute("aria-activedescendant") == "complete-0"
    # It is never over the line that is being written, here the last one.
    editor, box = text.bounding_box(), page.locator(".completion").bounding_box()
    assert box["y"] + box["height"] < editor["y"] + editor["height"] - 20
    visitor.finds_nothing_serious()
    text.press("Enter")
    assert text.input_value().endswith("# account.identity_level")
    assert page.locator(".completion").count() == 0
    text.press_sequentially(" account.")
    text.press("Control+Space")
    listed.first.wait_for()
    first = listed.nth(1).inner_text().split()[0]
    text.press("ArrowDown")
    text.press("Tab")
    assert text.input_value().endswith(f" {first}")
    text.press_sequentially(" account.")
    text.press("Control+Space")
    listed.first.wait_for()
    text.press("Escape")
    assert page.locator(".completion").count() == 0
    assert text.input_value().endswith(" account.")
    for written, fitting in (
        ("kind: re", {"require", "review"}),
        ("method: ca", {"cash"}),
        ("methods: [cash, g", {"gift_card"}),
    ):
        text.press_sequentially(f"\n# {written}")
        text.press("Control+Space")
        listed.first.wait_for()
        assert {each.split()[0] for each in listed.all_inner_texts()} >= fitting
        assert not [each for each in listed.all_inner_texts() if each.startswith(("$", "account."))], "no other words"
        text.press("Escape")
