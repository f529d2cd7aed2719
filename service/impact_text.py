"""The report of an effect as lines of text: short tables, for a terminal or a mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.layout import columns
from policies.model import Text
from service.impact_report import OUTCOMES

MOST_GROUPS = 30
Line = Sequence[str]


def lines(told: Mapping[str, Any], language: str) -> Iterator[str]:
    """The report as text."""
    yield f"{told['before']['name']} -> {told['after']['name']}"
    if told["as_of"]:
        yield WORDS["as_of"].in_language(language).format(at=told["as_of"])
    yield ""
    yield from (each[language] for each in told["sentences"])
    yield from tables(told, language)
    yield from (f"  {_whose(each)}: {each[language]}" for each in told["undecided"]["first"])


def tables(told: Mapping[str, Any], language: str) -> Iterator[str]:
    """What was counted as tables, and what could not be decided."""
    if told["total"]["count"]:
        yield from _counted(told, language)
    if told["undecided"]["count"]:
        yield ""
        yield WORDS["undecided"].in_language(language)
        for kind in told["undecided"]["kinds"]:
            yield f"  {kind['count']:,}: {kind[language]}"


def _counted(told: Mapping[str, Any], language: str) -> Iterator[str]:
    def word(name: str) -> str:
        return WORDS[name].in_language(language)

    heads = [word(name) for name in ("answers", "changed", "gaining", "losing", "payout", "difference", "fees")]

    def row(name: str, each: Mapping[str, Any]) -> Line:
        return (
            name,
            *(f"{each[count]:,}" for count in ("count", "changed", "gaining", "losing")),
            f"{each['payout']['after']:,}",
            signed(each["payout"]["difference"]),
            signed(each["fee"]["difference"]),
        )

    yield from _table(
        [word("method"), *heads],
        [row(each[language], each) for each in told["methods"]] + [row(word("total"), told["total"])],
    )
    yield from _table(
        [told["by"][language], *heads], [row(each[language], each) for each in told["groups"][:MOST_GROUPS]]
    )
    outcomes = [each for each in told["outcomes"] if each["changed"]]
    yield from _table(
        [word("outcome"), *heads],
        [row(f"{outcome(each['before'], language)} -> {outcome(each['after'], language)}", each) for each in outcomes],
    )
    reasons = [each for each in told["reasons"] if each["appears"] or each["vanishes"]]
    yield from _table(
        [word("reason"), word("before"), word("after"), word("appears"), word("vanishes")],
        [
            (each["rule"], *(f"{each[name]:,}" for name in ("before", "after", "appears", "vanishes")))
            for each in reasons
        ],
    )
    yield from _table([word("points"), *heads], [row(bounds(each), each) for each in told["points"]])
    if told["total"]["changed"]:
        yield from _table(
            [word("change"), word("answers"), word("difference")],
            [
                (bounds(each), f"{each['count']:,}", signed(each["payout"]["difference"]))
                for each in told["payout_changes"]
            ],
        )
    methods = {each["method"]: each[language] for each in told["methods"]}
    groups = {each["group"]: each[language] for each in told["groups"]}
    yield from _table(
        [word("account"), word("method"), told["by"][language], word("outcome"), word("payout"), word("difference")],
        [
            (
                _whose(each),
                methods[each["method"]],
                groups[each["group"]],
                _moved(each, language),
                f"{each['before']['payout']:,} -> {each['after']['payout']:,}",
                signed(each["difference"]),
            )
            for each in told.get("affected", ())
        ],
    )


def outcome(name: str, language: str) -> str:
    """An outcome in words."""
    return OUTCOMES[name].in_language(language)


def bounds(band: Mapping[str, int | None]) -> str:
    """A band of amounts.

    >>> bounds({"from": 1, "to": 99}), bounds({"from": 0, "to": 0}), bounds({"from": None, "to": -10_000})
    ('1 .. 99', '0', '.. -10,000')
    """
    least, most = band["from"], band["to"]
    if least == most:
        return f"{least:,}"
    return f"{'' if least is None else f'{least:,} '}..{'' if most is None else f' {most:,}'}"


def signed(amount: int) -> str:
    """A difference: with its sign, or 0.

    >>> signed(1_500), signed(-3), signed(0)
    ('+1,500', '-3', '0')
    """
    return f"{amount:+,}" if amount else "0"


def _moved(each: Mapping[str, Any], language: str) -> str:
    before, after = (outcome(each[side]["outcome"], language) for side in ("before", "after"))
    return before if before == after else f"{before} -> {after}"


def _whose(each: Mapping[str, Any]) -> str:
    found: str = each["account"]
    return found if each["decision"] is None else f"{found} {each['decision']}"


def _table(heads: Line, rows: Sequence[Line]) -> Iterator[str]:
    """A table, the first column to the left and figures to the right; nothing where it has no rows."""
    if not rows:
        return
    widths = [max(columns(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    yield ""
    for row in (heads, *rows):
        cells = [
            cell + " " * (width - columns(cell))
            if at == 0 or not _is_figure(rows, at)
            else " " * (width - columns(cell)) + cell
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _is_figure(rows: Sequence[Line], at: int) -> bool:
    return all(row[at].lstrip("+-").replace(",", "").isdecimal() for row in rows)


WORDS: Mapping[str, Text] = {
    "as_of": Text("신청 시각 {at}", "asked at {at}"),
    "method": Text("방법", "method"),
    "total": Text("합계", "total"),
    "answers": Text("답", "answers"),
    "changed": Text("바뀜", "changed"),
    "gaining": Text("더 받음", "gain"),
    "losing": Text("덜 받음", "lose"),
    "payout": Text("지급액", "payout"),
    "difference": Text("차이", "difference"),
    "fees": Text("수수료 차이", "fee change"),
    "outcome": Text("결과", "outcome"),
    "reason": Text("이유", "reason"),
    "before": Text("이전", "before"),
    "after": Text("이후", "after"),
    "appears": Text("새로 나타남", "appears"),
    "vanishes": Text("사라짐", "vanishes"),
    "points": Text("포인트", "points"),
    "change": Text("지급액의 차이", "change of the payout"),
    "account": Text("계정", "account"),
    "undecided": Text("판정할 수 없는 것", "Not decided:"),
}
