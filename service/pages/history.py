"""What came and went of an account's points, as members and agents read it: one line for what happened at once."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple

from policies.model import Text
from service.pages.asking import address, asked
from service.pages.forms import after_of

ENTRIES = 100
"""So many entries of the ledger are read for one page: a refund has one for each lot that pays."""

GAINED: Mapping[str, Text] = {
    "grant": Text("적립", "Earned"),
    "release": Text("보류 해제(환급하지 않음)", "Given back, not refunded"),
    "reverse": Text("지급이 되돌려져 돌려받음", "Given back after the payout"),
    "use": Text("사용 취소로 돌려받음", "Given back after use"),
    "take_back": Text("회수한 포인트 반환", "Given back after they were taken back"),
    "repay": Text("상환한 포인트 반환", "Given back after a repayment"),
    "expire": Text("소멸 정정", "Expiry put right"),
}
LOST: Mapping[str, Text] = {
    "hold": Text("환급 신청", "Refund asked for"),
    "use": Text("사용", "Used"),
    "take_back": Text("적립 회수", "Taken back"),
    "repay": Text("갚을 포인트 상환", "Paid off what was owed"),
    "expire": Text("유효기간 만료로 소멸", "Expired"),
    "charge": Text("휴면 차감", "Charged for dormancy"),
}


class Line(NamedTuple):
    """What happened at once: what it was, the points of all its lots together and from which sources they are, and the
    refund request that it belongs to.
    """

    happened_at: str
    what: Text
    points: int
    sources: tuple[str, ...]
    refund_request: str | None


def history(account: str, after: str | None) -> tuple[list[Line], str | None]:
    """A page of what came and went, the last first, and where the next page begins."""
    found = asked("GET", address("accounts", account, "entries"), query={"limit": ENTRIES, "after": after})
    groups = [list(group) for _, group in groupby(found["entries"], key=_together)]
    following = after_of(found)
    if following is not None and len(groups) > 1:
        # The rest of the last one may stand on the next page, which is to tell it whole.
        del groups[-1]
        following = str(groups[-1][-1]["id"])
    # What came due in days that nobody looked at is entered later than it happened.
    return sorted(map(_line, groups), key=lambda line: line.happened_at, reverse=True), following


def _together(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    same = ("kind", "refund_request", "event", "rule", "happened_at", "entered_at")
    return (entry["points"] < 0, *[entry[name] for name in same])


def _line(entries: list[dict[str, Any]]) -> Line:
    first = entries[0]
    points = sum(entry["points"] for entry in entries)
    words = LOST if points < 0 else GAINED
    sources = tuple(dict.fromkeys(entry["source"] for entry in entries))
    return Line(first["happened_at"], words[first["kind"]], points, sources, first["refund_request"])
