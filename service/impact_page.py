"""The report of an effect as one page of HTML that needs nothing besides itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from policies.model import Text
from service.impact_plots import WIDTH, bars, flow
from service.impact_report import OUTCOMES
from service.impact_text import WORDS, bounds, signed

MOST_BARS = 24
"""So many rows a plot has; the tables have all of them."""


def page(told: Mapping[str, Any], language: str) -> str:
    """The report as a page."""
    template = _templates().get_template("impact.html")
    return template.render(
        told=told,
        language=language,
        **drawn(told, language),
        policy=page_policy(),
    )


def drawn(told: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What a template needs to show the figures of a report: its words, its plots, and how figures are written."""
    return {
        "words": {name: text.in_language(language) for name, text in {**WORDS, **HEADINGS}.items()},
        "outcomes": {name: text.in_language(language) for name, text in OUTCOMES.items()},
        "methods": {each["method"]: each[language] for each in told["methods"]},
        "groups": {each["group"]: each[language] for each in told["groups"]},
        "moving": _moving(told),
        "plots": _plots(told, language),
        "width": WIDTH,
        "signed": signed,
        "bounds": bounds,
        "share": share,
    }


@cache
def page_policy() -> str:
    """What a browser may do with the page: show it in its own style, by its hash, and ask nobody for anything."""
    style = _templates().get_template("impact.css").render().encode()
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def share(part: int, whole: int) -> str:
    """A part of a whole as a percentage, cut to a tenth; what is there and less than that is told so.

    >>> share(1, 3), share(3, 3), share(0, 5), share(1, 100_000)
    ('33.3%', '100.0%', '0.0%', '< 0.1%')
    """
    tenths = 1000 * part // whole if whole else 0
    return "< 0.1%" if part and not tenths else f"{tenths // 10}.{tenths % 10}%"


def _plots(told: Mapping[str, Any], language: str) -> dict[str, Any]:
    spoken = _moving(told)
    moved = [each for each in told["payout_changes"] if each["from"] != each["to"]]
    return {
        "methods": bars([(each[language], each["lost"], each["gained"]) for each in told["methods"][:MOST_BARS]]),
        "groups": bars([(each[language], each["lost"], each["gained"]) for each in told["groups"][:MOST_BARS]]),
        "reasons": bars([(each["rule"], each["vanishes"], each["appears"]) for each in spoken[:MOST_BARS]]),
        "amounts": bars([(bounds(each), each["lost"], each["gained"]) for each in told["points"]]),
        "changes": bars([(bounds(each), each["losing"], each["gaining"]) for each in moved], signed=False),
        "outcomes": flow(told["outcomes"]),
    }


def _moving(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The reasons that appear or vanish, those that do it most often first."""
    found = [each for each in told["reasons"] if each["appears"] or each["vanishes"]]
    return sorted(found, key=lambda each: (-each["appears"] - each["vanishes"], each["rule"]))


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    found = Environment(
        loader=FileSystemLoader([folder, folder / "pages"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["whole"] = "{:,}".format
    return found


HEADINGS: Mapping[str, Text] = {
    "title": Text("정책 변경의 영향", "What the change does"),
    "of_accounts": Text("저장된 계정 {count}개", "{count} stored accounts"),
    "of_decisions": Text("저장된 결정 {count}건", "{count} stored decisions"),
    "draft": Text("미게시", "not published"),
    "answers_changed": Text("바뀌는 답", "answers that change"),
    "accounts_changed": Text("바뀌는 계정", "accounts that change"),
    "payout_total": Text("지급액 변화, 모든 방법의 합", "paid out, over all methods"),
    "payout_of_decisions": Text("지급액 변화", "paid out"),
    "fee_total": Text("수수료 수입 변화", "kept as fees"),
    "best": Text("지급액 변화, 계정마다 가장 유리한 방법", "paid out, by each one's best method"),
    "of_count": Text("{count} 가운데", "of {count}"),
    "who": Text("누가 더 받고 덜 받는가", "Who gains and who loses"),
    "by_method": Text("환급 방법별", "By refund method"),
    "by_group": Text("{by}별", "By {by}"),
    "both_ways": Text("방법과 {by}별 지급액 변화", "Change of the payout by method and {by}"),
    "plot_money": Text(
        "왼쪽은 덜 받는 금액의 합, 오른쪽은 더 받는 금액의 합({currency}). 수치는 아래 표에 있습니다.",
        "Left: what is paid less in all; right: what is paid more ({currency}). The figures stand in the table below.",
    ),
    "outcomes": Text("결과가 어떻게 바뀌는가", "How outcomes change"),
    "plot_outcomes": Text(
        "왼쪽은 이전, 오른쪽은 이후의 결과. 띠의 두께는 건수이며, 색이 있는 띠는 결과가 바뀐 것입니다.",
        "Left: outcomes before; right: after. A band is as thick as there are answers; coloured ones change.",
    ),
    "reasons": Text("나타나고 사라지는 이유", "Reasons that appear and vanish"),
    "plot_reasons": Text(
        "왼쪽은 사라지는 건수, 오른쪽은 새로 나타나는 건수.",
        "Left: from how many answers a reason vanishes; right: in how many it appears.",
    ),
    "no_reasons": Text("어떤 이유도 나타나거나 사라지지 않습니다.", "No reason appears or vanishes."),
    "staying": Text("그대로인 이유(건수): ", "Reasons that stay, each with how often it is given: "),
    "says": Text("규칙", "what the rule says"),
    "changes": Text("지급액이 얼마나 바뀌는가", "By how much payouts change"),
    "plot_changes": Text(
        "행은 지급액의 차이, 막대는 건수. 그대로인 것은 표에만 있습니다.",
        "A row is a band of differences, its bar the number of answers. Those that stay stand in the table alone.",
    ),
    "no_changes": Text("지급액은 하나도 바뀌지 않습니다.", "No payout changes."),
    "amounts": Text("포인트 규모별", "By the amount of points"),
    "affected": Text("영향이 가장 큰 계정", "The most affected accounts"),
    "affected_about": Text(
        "지급액의 차이가 큰 순서로 최대 50개. 계정마다 차이가 가장 큰 것 하나입니다."
        " 이유만 바뀌는 계정은 여기에 나오지 않습니다.",
        "Up to fifty, by the difference of the payout; of each account, what affects it most. An account of which only"
        " the reasons are others is not among them.",
    ),
    "nobody": Text("결과나 금액이 바뀌는 계정이 없습니다.", "No outcome and no amount is another."),
    "decision": Text("결정", "decision"),
    "undecided_title": Text("판정할 수 없는 것", "What could not be decided"),
    "undecided_about": Text(
        "다른 수치에 들어 있지 않습니다. 처음 몇 건의 이름입니다.",
        "None of these is in any other figure. The first are named.",
    ),
    "count": Text("건수", "how many"),
    "why": Text("이유", "why"),
    "gained": Text("더 받는 금액", "paid more"),
    "lost": Text("덜 받는 금액", "paid less"),
    "exact": Text(
        "하나도 빠짐없이 두 정책으로 판정하여 센 정확한 수치입니다. 금액의 단위는 {currency}입니다.",
        "Every one was decided by both versions; all figures are exact. Amounts are in {currency}.",
    ),
    "sampled": Text(
        "표본을 두 정책으로 판정하여 센 수치입니다. 금액의 단위는 {currency}입니다.",
        "A sample was decided by both versions. Amounts are in {currency}.",
    ),
}
