"""The bytes of a file as text that hides nothing: UTF-8, and no character that a person cannot see."""

from __future__ import annotations

import re
import unicodedata

from policies.model import Text
from policies.problems import Fault, Place, both

# Written out, not asked of `unicodedata`: whether a file is valid must not depend on the release of Python.
# Every plane of Unicode ends with two code points that are no characters.
_NO_CHARACTERS = "".join(chr(plane + end) for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF))
_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb" + _NO_CHARACTERS + "]"
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]")
# Nearly every character is none of these. To look for each kind in the whole of a text takes fourteen times as long.
_UNUSUAL = re.compile("[^\n -~\uac00-\ud7a3]")
# Unicode's stream-safe bound. Normalising a run of marks takes time that grows with the square of its length.
_MOST_MARKS = 30

_UTF_16_OR_32_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UTF_8_MARK = b"\xef\xbb\xbf"


def decode(data: bytes) -> str | tuple[Place, Fault]:
    """The text of a file, with plain newlines; or the first character that it may not hold, and its place."""
    if data.startswith(_UTF_16_OR_32_MARKS) or _every_other_byte_is_nul(data[:4]):
        what = both("파일이 UTF-16 또는 UTF-32로 저장되어 있습니다", "the file is saved as UTF-16 or UTF-32")
        return Place(1, 1), Fault("wrong-encoding", what, both("UTF-8로 저장하십시오", "save it as UTF-8"))
    data = data.removeprefix(_UTF_8_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        byte = data[error.start]
        what = both("UTF-8이 아닌 바이트가 있습니다: 0x{byte:02X}", "the byte 0x{byte:02X} is not UTF-8", byte=byte)
        return _end(before), Fault("wrong-encoding", what, _encoding_hint(data))
    text = text.replace("\r\n", "\n")
    found = forbidden(text)
    return text if found is None else (_end(text[: found[0]]), found[1])


def normal(text: str) -> str | Fault:
    """The text in Unicode's composed form: a Korean syllable stored in two ways is one name."""
    if text.isascii():
        return text
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _MOST_MARKS:
            what = both(
                "한 글자에 결합 부호가 {most}개 넘게 붙어 있습니다",
                "more than {most} accents stand on one letter",
                most=_MOST_MARKS,
            )
            return Fault("stacked-marks", what, both("결합 부호를 지우십시오", "remove them"))
    return unicodedata.normalize("NFC", text)


def forbidden(text: str) -> tuple[int, Fault] | None:
    """The first character that no text of a rule file may hold, by its index, and what is wrong with it."""
    bad = [each for each in set(_UNUSUAL.findall(text)) if _is_forbidden(each)]
    if not bad:
        return None
    first = min(bad, key=text.index)
    return text.index(first), _character_fault(first)


def _is_forbidden(character: str) -> bool:
    return any(kind.match(character) for kind in (_CONTROL, _INVISIBLE, _ODD_SPACE))


def blotted(text: str) -> str:
    """The text with each character that it may not hold replaced by a visible one, for showing it to a person."""
    for kind in (_CONTROL, _INVISIBLE, _ODD_SPACE):
        text = kind.sub("\ufffd", text)
    return text


def _character_fault(character: str) -> Fault:
    name = unicodedata.name(character, "")
    shown = f"U+{ord(character):04X}" + (f" ({name})" if name else "")
    if character == "\t":
        hint = both(
            "공백을 쓰십시오. 편집기 대부분은 Tab 키에 공백을 넣도록 설정할 수 있습니다",
            "use spaces; most editors can write them for the Tab key",
        )
        return Fault("tab", both("여기에 탭이 있습니다", "a tab stands here"), hint)
    if character == "\0":
        what = both("여기에 NUL 문자가 있습니다", "a NUL character stands here")
        return Fault("nul", what, both("지우십시오. 텍스트 파일이 맞습니까?", "remove it; is this a text file?"))
    if _CONTROL.match(character):
        what = both("여기에 제어 문자가 있습니다: {shown}", "the control character {shown} stands here", shown=shown)
        return Fault("control-character", what, _REMOVE)
    if _ODD_SPACE.match(character):
        what = both(
            "여기에 공백처럼 보이는 다른 문자가 있습니다: {shown}",
            "{shown} stands here and looks like a space",
            shown=shown,
        )
        return Fault("odd-space", what, both("보통 공백을 쓰십시오", "type an ordinary space"))
    what = both(
        "여기에 보이지 않는 문자가 있습니다: {shown}", "the invisible character {shown} stands here", shown=shown
    )
    return Fault("invisible-character", what, _REMOVE)


_REMOVE = both("지우십시오", "remove it")


def _every_other_byte_is_nul(head: bytes) -> bool:
    """Whether a file begins as UTF-16 without its mark does when it begins with a Latin word."""
    return (head[::2] == b"\0\0") != (head[1::2] == b"\0\0")


def _encoding_hint(data: bytes) -> Text:
    """Names the encoding that Korean Windows programs save in, when the file can be read in it."""
    try:
        korean = any("가" <= character <= "힣" for character in data.decode("cp949"))
    except UnicodeDecodeError:
        korean = False
    if korean:
        return both(
            "EUC-KR(CP949)로 저장된 듯합니다. UTF-8로 저장하십시오",
            "it seems to be saved as EUC-KR (CP949); save it as UTF-8",
        )
    return both("파일을 UTF-8로 저장하십시오", "save the file as UTF-8")


def _end(before: str) -> Place:
    """The place just after `before`, the beginning of a file."""
    return Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
