"""Full-text search over a few hundred texts in Korean and English, in memory.

In memory, because a FAQ is small and comes from files: an index of hundreds of entries is built in less than a second,
and it is the same whatever the database is. SQLite's trigram index finds no word of two syllables, and PostgreSQL's own
parser takes a Korean word with its particle for one word; two such indexes would also rank differently.

A Korean word is found by its pairs of neighbouring syllables, so any two or more syllables are found inside any longer
word: 환급 in 환급을 and in 포인트환급. Of a word that is asked for, a particle and the form of 하다, 되다 or 받다 are
taken off where two syllables stay; a word of three or more pairs is found by two thirds of them, because spaces in
Korean are free (현금이체, 현금 이체). A verb whose stem itself changes (써요, 쓰다) is not found by its other forms. An
English word is found by its stem: steps 1 and 5 of Porter (1980), without regard to case.

Ranked by Okapi BM25 (Robertson and others, 1994) with k1 = 1.2 and b = 0.75 and the idf that is never negative,
ln(1 + (N - n + 0.5) / (n + 0.5)); equal scores are ordered by id.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

K1, B = 1.2, 0.75
MOST_WORDS = 32

_RUN = re.compile(r"[가-힣]+|[^\W가-힣_]+")
_WORD = re.compile(rf"\d+(?:,\d{{3}})+|{_RUN.pattern}")
_APOSTROPHE = re.compile(r"(?<=[a-z])['\u2019](?=[a-z])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PARTICLES = """
    으로부터 인가요 입니까 입니다 이에요 에게서 이라도 에서는 에서도 으로도 으로는 까지는 부터는
    에서 에게 에는 에도 으로 까지 부터 처럼 보다 마다 이나 이란 라도 하고 한테 께서 이며 인지 예요
    을 를 이 가 은 는 의 에 로 와 과 도 만 나 란 요
""".split()  # noqa: SIM905  # The longer ones first. A list of these in quotes could not be read.
_ALL_PARTICLES = frozenset(_PARTICLES)
# The first syllable of a form of 하다 or 되다, or of 받다, behind a noun.
_VERBS = frozenset("하한할함합해했되된될됨됩돼됐받")
_STOP = frozenset(
    """
    a about an and are at be by can do does for from has have how i if in is it me my of on or that the this to was
    what when where which who why will with you your
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that was found, by its id."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """A word that is asked for: the terms that count for it, how many of which must be there, which are shown."""

    terms: frozenset[str]
    needed: tuple[tuple[frozenset[str], int], ...]
    shown: frozenset[str]

    def is_in(self, known: Mapping[str, int]) -> bool:
        """Whether a text with these terms has the word."""
        return any(sum(term in known for term in terms) >= count for terms, count in self.needed)


class Index:
    """Texts by their ids; each is several parts, whose terms count `weight` times."""

    def __init__(self, texts: Mapping[str, Iterable[tuple[str, int]]]) -> None:
        self._terms: dict[str, Counter[str]] = {}
        for name, parts in texts.items():
            counted: Counter[str] = Counter()
            for text, weight in parts:
                for term in terms_of(text):
                    counted[term] += weight
            self._terms[name] = counted
        self._lengths = {name: counted.total() for name, counted in self._terms.items()}
        self._average = sum(self._lengths.values()) / max(1, len(texts))
        self._in = Counter(term for counted in self._terms.values() for term in counted)

    def search(self, query: str) -> list[Hit]:
        """The texts that have a word of the query, the best first."""
        asked = _asked(query)
        hits = []
        for name, known in self._terms.items():
            terms = {term for word in asked if word.is_in(known) for term in word.terms if term in known}
            if terms:
                # In one order, because the sum of floats depends on it.
                hits.append(Hit(name, sum(self._score(name, term) for term in sorted(terms))))
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))

    def _score(self, id: str, term: str) -> float:
        count, containing = self._terms[id][term], self._in[term]
        idf = math.log(1 + (len(self._terms) - containing + 0.5) / (containing + 0.5))
        return idf * count * (K1 + 1) / (count + K1 * (1 - B + B * self._lengths[id] / self._average))


def terms_of(text: str) -> Iterator[str]:
    """What a text is found by.

    >>> list(terms_of("환급을 Refunds"))
    ['환급', '급을', 'refund']
    >>> list(terms_of("앱에서"))
    ['앱에', '에서', '앱']
    """
    for run in _RUN.findall(_plain(text)):
        if not _is_korean(run):
            yield stem(run)
            continue
        yield from _pairs(run)
        # A word of one syllable is found as a word only, not inside another: 앱, but not 안 in 안내.
        if len(run) == 1 or run[1:] in _ALL_PARTICLES:
            yield run[:1]


def places_of(text: str, query: str) -> list[tuple[int, int]]:
    """Where the words of a query stand in a text: begins and ends in characters, ascending, none overlapping."""
    wanted = {term for word in _asked(query) for term in word.shown}
    marks: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        run, start = match[0], match.start()
        if _is_korean(run):
            marks += ((start + at, start + at + 2) for at, pair in enumerate(_pairs(run)) if pair in wanted)
            if run[:1] in wanted and run[:1] in list(terms_of(run)):
                marks.append((start, start + 1))
        elif wanted.intersection(terms_of(run)):
            marks.append(match.span())
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(marks):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def snippet_of(text: str, query: str, most: int = 120) -> tuple[str, list[tuple[int, int]]]:
    """The part of a text with the most words of a query, at most so many characters, and where they stand in it."""
    places = places_of(text, query)
    begins = [max(0, begin - most // 4) for begin, _ in places] or [0]
    start = max(begins, key=lambda at: (sum(at <= begin and end <= at + most for begin, end in places), -at))
    if start:
        # From the next word on, so that no word is cut; where there is no space, from the place itself.
        gap = text.find(" ", start, start + most // 4)
        start = gap + 1 if gap >= 0 else start
    part = text[start : start + most]
    return part, [(begin - start, end - start) for begin, end in places if start <= begin and end <= start + len(part)]


def stem(word: str) -> str:
    """An English word without its endings: steps 1 and 5 of Porter (1980).

    >>> [
    ...     stem(word)
    ...     for word in ("refunds", "refunded", "refunding", "fees", "expired", "expires", "cancelled", "cities")
    ... ]
    ['refund', 'refund', 'refund', 'fee', 'expir', 'expir', 'cancel', 'citi']
    """
    if not (word.isascii() and word.isalpha() and len(word) > 2):
        return word
    return _step_5(_step_1(word))


def _step_1(word: str) -> str:
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        word = word[:-1] if _measure(word[:-3]) > 0 else word
    else:
        for ending in ("ed", "ing"):
            if word.endswith(ending) and _has_vowel(word.removesuffix(ending)):
                word = _mended(word.removesuffix(ending))
                break
    return word[:-1] + "i" if word.endswith("y") and _has_vowel(word[:-1]) else word


def _mended(word: str) -> str:
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if word[-1:] == word[-2:-1] and word[-1] not in "aeioulsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_cvc(word) else word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_cvc(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _shape(word: str) -> str:
    """Consonants as `c` and vowels as `v`; a y is a vowel behind a consonant."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """How many times a vowel is followed by a consonant."""
    return _shape(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _shape(word)


def _ends_cvc(word: str) -> bool:
    return _shape(word).endswith("cvc") and word[-1] not in "wxy"


def _asked(query: str) -> list[_Asked]:
    """The words of a query; those that say nothing only where it has no others."""
    runs = list(dict.fromkeys(_RUN.findall(_plain(query))))[:MOST_WORDS]
    telling = [run for run in runs if run not in _STOP]
    return [_korean(run) if _is_korean(run) else _english(run) for run in telling or runs]


def _english(run: str) -> _Asked:
    terms = frozenset((stem(run),))
    return _Asked(terms, ((terms, 1),), terms)


def _korean(run: str) -> _Asked:
    forms = {run, _without_particle(run, least=2), _without_verb(run)}
    # 앱에서 is asked for as 앱 is; a particle of one syllable may as well belong to the word (나이).
    short = _without_particle(run, least=1)
    if len(short) == 1 and len(run) > 2:
        forms.add(short)
    found = [frozenset(_pairs(form)) or frozenset((form,)) for form in sorted(forms, key=len)]
    needed = tuple((terms, -(-2 * len(terms) // 3)) for terms in found)
    return _Asked(frozenset().union(*found), needed, found[0])


def _without_particle(word: str, least: int) -> str:
    """A Korean word without the longest particle at its end, if so many syllables stay."""
    for particle in _PARTICLES:
        if word.endswith(particle) and len(word) - len(particle) >= least:
            return word.removesuffix(particle)
    return word


def _without_verb(word: str) -> str:
    """The noun before a form of 하다, 되다 or 받다: 취소 of 취소하려면. It has at least two syllables."""
    return next((word[:at] for at in range(2, len(word)) if word[at] in _VERBS), word)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _is_korean(run: str) -> bool:
    return "가" <= run[0] <= "힣"


def _plain(text: str) -> str:
    """One form of each character, small letters, 300000 for 300,000."""
    small = unicodedata.normalize("NFKC", text).casefold()
    return _THOUSANDS.sub("", _APOSTROPHE.sub("", small))
