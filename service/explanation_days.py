"""Days, times and the Korean particles after words, as people write them: nobody reads 2026-11-04 in a letter."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from policies.model import Text
from policies.sentences import subject_particle

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# A day is no part of a longer word or of a number of something; a Korean particle may follow it.
_WRITTEN = re.compile(r"(?<![A-Za-z0-9_-])(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))?(?![A-Za-z0-9_:-])")
_ZONES = {"Asia/Seoul": Text("한국 시각", "Korean time")}
KEPT_TOGETHER = re.compile(
    rf"\d{{4}}년 \d{{1,2}}월 \d{{1,2}}일|\d{{1,2}} (?:{'|'.join(_MONTHS)}) \d{{4}}|\bD-[0-9A-Z]{{8,}}"
)
"""Days and ids of decisions in what is written, which should not be broken between two lines."""


def day_text(day: date) -> Text:
    """A day.

    >>> day_text(date(2026, 11, 4))
    Text(ko='2026년 11월 4일', en='4 November 2026')
    """
    return Text(f"{day.year}년 {day.month}월 {day.day}일", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def time_text(at: datetime, zone: str) -> Text:
    """An instant on the clocks of a zone, with their name.

    >>> time_text(datetime.fromisoformat("2026-11-02T06:05:00Z"), "Asia/Seoul")
    Text(ko='2026년 11월 2일 오후 3시 5분(한국 시각)', en='2 November 2026, 15:05 (Korean time)')
    """
    local = at.astimezone(ZoneInfo(zone))
    day, name = day_text(local.date()), _ZONES.get(zone, Text(zone, zone))
    return Text(f"{day.ko} {_hour(local.hour, local.minute)}({name.ko})", f"{day.en}, {local:%H:%M} ({name.en})")


def _hour(hour: int, minute: int) -> str:
    half = "오전" if hour < 12 else "오후"
    return f"{half} {hour if hour <= 12 else hour - 12}시" + (f" {minute}분" if minute else "")


def in_words(said: str, language: str) -> str:
    """A sentence with its days, and the times after them, in words.

    >>> in_words("2026-11-04까지 입금됩니다. 번호 A-2026-11-04", "ko")
    '2026년 11월 4일까지 입금됩니다. 번호 A-2026-11-04'
    >>> in_words("Ask again from 2026-11-04 10:00 on.", "en")
    'Ask again from 4 November 2026, 10:00 on.'
    """

    def word(found: re.Match[str]) -> str:
        try:
            day = day_text(date.fromisoformat(found[1])).in_language(language)
        except ValueError:
            return found[0]
        if found[2] is None:
            return day
        if language != "ko":
            return f"{day}, {found[2]}"
        hour, minute = found[2].split(":")
        return f"{day} {_hour(int(hour), int(minute))}"

    return _WRITTEN.sub(word, said)


def days_blanked(said: str) -> tuple[str, ...]:
    """A sentence without its days: two that are alike differ in nothing else.

    >>> days_blanked("Earned on 2026-11-04.")
    ('Earned on ', '.')
    """
    return tuple(_WRITTEN.sub("\0", said).split("\0"))


def days_of(said: str) -> list[str]:
    """The days in a sentence, with the times after them, as they are written.

    >>> days_of("Earned on 2026-11-04.")
    ['2026-11-04']
    """
    return [found[0] for found in _WRITTEN.finditer(said)]


def object_particle(word: str) -> str:
    """The Korean object particle that goes with a word.

    >>> object_particle("10,000포인트"), object_particle("10,000원"), object_particle("USD")
    ('를', '을', '을(를)')
    """
    return {"이": "을", "가": "를"}.get(subject_particle(word), "을(를)")


def being(word: str) -> str:
    """`이어야` or `여야`, whichever goes with a Korean word.

    >>> being("본인"), being("10,000원 이하"), being("VIP")
    ('이어야', '여야', '(이)어야')
    """
    return {"이": "이어야", "가": "여야"}.get(subject_particle(word), "(이)어야")


def by_particle(word: str) -> str:
    """`으로` or `로`, whichever goes with a Korean word.

    >>> by_particle("현금"), by_particle("요금 차감"), by_particle("계좌"), by_particle("메일"), by_particle("CMS")
    ('으로', '으로', '로', '로', '(으)로')
    """
    last = word[-1:]
    if last.isdigit():
        return "으로" if last in "036" else "로"
    if not "가" <= last <= "힣":
        return "(으)로"
    return "로" if (ord(last) - ord("가")) % 28 in (0, 8) else "으로"
