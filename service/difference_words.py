"""How a difference is told: what each verdict means, and what was compared."""

from __future__ import annotations

from collections.abc import Mapping

from policies.model import Text

WAS, NOW = Text("이전", "was"), Text("이후", "now")
_WORDS = Text(
    "문구만 바뀜: 판정은 같고 읽는 말이 다릅니다", "only words: every decision is the same, people read others"
)
_PROVED = Text(
    "다르게 판정되는 사례 없음. 증명: 두 파일의 규칙, 수치, 이름이 같은 것으로 읽힙니다",
    "no difference in decisions, proved: both texts come to the same rules, figures and names",
)
_NONE_FOUND = Text(
    "다르게 판정되는 사례를 {tries:,}번 시도에서 찾지 못함. 없다는 증명은 아닙니다",
    "none found in {tries:,} tries; that is no proof that there is none",
)
_DIFFERS = Text("다르게 판정되는 사례({tries:,}번째 시도)", "decided differently (try {tries:,})")
BASES: Mapping[str, Text] = {
    "alone": Text("", ""),
    "taken_back": Text(
        "이 변경만으로는 파일이 성립하지 않아, 이후 파일과 거기서 이 변경만 되돌린 것을 비교",
        "the change cannot stand alone: the new file is compared with itself without the change",
    ),
    "together": Text(
        "이 변경만으로는 파일이 성립하지 않아, 두 파일 전체를 비교",
        "the change cannot stand alone: the two files are compared as a whole",
    ),
}
UNREADABLE = Text("이 사례를 받지 않음: {why}", "cannot be asked: {why}")
VERDICTS: Mapping[str, Text] = {
    "differs": _DIFFERS,
    "proved": _PROVED,
    "words": _WORDS,
    "none_found": _NONE_FOUND,
}
