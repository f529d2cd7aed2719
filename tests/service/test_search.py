"""The search: Korean by pairs of syllables, English by stems, ranked by BM25."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.faq_files import read_folder
from service.search import Index, places_of, snippet_of, stem

FAQ = Path(__file__).parents[2] / "rules" / "faq"
ENTRIES, _ = read_folder(FAQ)
WHOLE = {entry.id: [(entry.title.ko, 3), (entry.answer.ko, 1), (entry.answer.en, 1)] for entry in ENTRIES}
SHIPPED = Index(WHOLE)
KOREAN = re.compile("[가-힣]{2,}")
PARTS = [
    (entry.id, word[at : at + 2])
    for entry in ENTRIES
    for word in KOREAN.findall(entry.title.ko)
    for at in range(len(word) - 1)
]
SYLLABLES = st.text(st.sampled_from("환급포인트을가하되앱한도월"), min_size=2, max_size=8)


def found(query: str, *texts: str) -> list[int]:
    """The numbers of the texts that are found, in the order of the texts."""
    index = Index({str(number): [(text, 1)] for number, text in enumerate(texts)})
    return sorted(int(hit.id) for hit in index.search(query))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("환급", "환급을 신청합니다"),
        ("환급", "포인트환급"),
        ("환급", "환급받을"),
        ("환급을", "포인트 환급"),
        ("환급을", "환급은 언제"),
        ("포인트환급", "포인트 환급"),
        ("현금이체", "현금 이체"),
        ("취소하려면", "취소할 수 있나요"),
        ("소멸되나요", "소멸된 포인트"),
        ("환급받으려면", "환급 방법"),
        ("한도는", "월 한도"),
        ("앱", "앱에서 신청"),
        ("앱에서", "앱, 웹"),
        ("REFUNDS", "a refund"),
        ("refunded", "Refunding points"),
        ("cancel", "was CANCELLED"),
        ("member's", "the members"),
        ("300000", "300,000포인트"),
        ("300,000", "300000 points"),
        ("ＫＴ", "kt points"),
    ],
)
def test_a_word_is_found_in_its_other_forms(query: str, text: str) -> None:
    assert found(query, text, "전혀 다른 글 unlike") == [0]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("환급을", "등급을 올리면"),
        ("앱", "앱솔루트"),
        ("안", "안내"),
        ("나이", "나는"),
        ("한도", "한국도"),
        ("fee", "feel"),
        ("the", "refund"),
        ("", "refund"),
        ("?!", "refund"),
    ],
)
def test_another_word_is_not_found(query: str, text: str) -> None:
    assert found(query, text) == []


def test_words_that_say_nothing_count_only_where_there_are_no_others() -> None:
    assert found("how do I cancel", "how do I pay", "cancelled") == [1]
    assert found("how do I", "how do I pay", "cancelled") == [0]


@pytest.mark.parametrize(("id", "part"), sorted(set(PARTS)))
def test_every_entry_is_found_by_any_two_syllables_of_its_title(id: str, part: str) -> None:
    assert id in [hit.id for hit in SHIPPED.search(part)]


@given(
    st.text(st.sampled_from("환급포인트을가 "), max_size=20),
    SYLLABLES,
    st.text(st.sampled_from("받은에서"), max_size=3),
)
def test_any_two_syllables_or_more_are_found_inside_any_word(before: str, word: str, after: str) -> None:
    assert found(word, f"{before}{word}{after}") == [0]


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_query_and_no_text_are_too_odd(query: str, text: str) -> None:
    part, places = snippet_of(text, query, 40)
    assert len(part) <= 40
    assert all(0 <= begin < end <= len(part) for begin, end in places)
    assert len(found(query, text)) <= 1


@given(st.permutations(sorted(WHOLE)), st.sampled_from(["환급 한도", "포인트", "수수료가 얼마", "refund fee"]))
def test_the_ranking_does_not_depend_on_the_order_of_the_entries(order: list[str], query: str) -> None:
    assert Index({name: WHOLE[name] for name in order}).search(query) == SHIPPED.search(query)


def test_equal_texts_are_ordered_by_id() -> None:
    hits = Index({name: [("환급", 1)] for name in ("b", "c", "a")}).search("환급")
    assert [hit.id for hit in hits] == ["a", "b", "c"]


def test_the_rank_is_bm25() -> None:
    index = Index({"a": [("환급 환급 수수", 1)], "b": [("수수", 1)], "c": [("수수", 1), ("환급", 3)]})
    average = (3 + 1 + 4) / 3
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    of_a = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / average))
    of_c = idf * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 4 / average))
    hits = index.search("환급")
    assert [hit.id for hit in hits] == ["c", "a"]
    assert [hit.score for hit in hits] == pytest.approx([of_c, of_a])


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    texts = {"a": [("포인트 소멸", 1)], "b": [("포인트 한도", 1)], "c": [("포인트 적립", 1)]}
    assert Index(texts).search("포인트 소멸")[0].id == "a"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("agreed", "agre"),
        ("feed", "feed"),
        ("plastered", "plaster"),
        ("bled", "bled"),
        ("motoring", "motor"),
        ("sing", "sing"),
        ("conflated", "conflat"),
        ("troubled", "troubl"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("sky", "sky"),
        ("rate", "rate"),
        ("cease", "ceas"),
        ("controll", "control"),
        ("vvip", "vvip"),
        ("as", "as"),
    ],
)
def test_stems_are_those_of_porters_paper(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("포인트환급을", "환급", [(3, 5)]),
        ("등급을 올리고 환급을", "환급을", [(8, 10)]),
        ("환급급여", "환급급", [(0, 3)]),
        ("앱에서, 안내", "앱", [(0, 1)]),
        ("Two refunds, 300,000", "refunded 300000", [(4, 11), (13, 20)]),
        ("없음", "환급", []),
    ],
)
def test_highlights_are_where_the_words_stand(text: str, query: str, expected: list[tuple[int, int]]) -> None:
    assert places_of(text, query) == expected


def test_a_snippet_is_the_part_with_the_most_of_the_words() -> None:
    text = f"{'가나다 ' * 40}월 한도와 일 한도를 봅니다. {'마바사 ' * 40}"
    part, places = snippet_of(text, "한도", 40)
    assert [part[begin:end] for begin, end in places] == ["한도", "한도"]
    assert len(part) <= 40
