"""The explanation of one kept decision, for the member whom it is about: as data, as lines of text and as a page.

It is made from what was kept (the case, the decision, the text of the version by its digest), never from the rules of
today. What would have passed is found by deciding the kept case anew, otherwise asked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.facts import Case, Lot
from engine.local_times import local_words
from engine.nearest import nearest
from engine.reading import instant
from engine.scene import Scene
from policies.kinds.limit import Limit
from policies.model import Policy, Rule, Text, Value, ValueRef
from policies.problems import both
from policies.sentences import Teller, figure_text, word_text
from policies.show import article, rule_sentence
from service.records import Record

MOST_LOTS = 100
"""So many lots are listed in the text and on the page; the data have all of them."""

_MOST_FIGURES_OF_LOTS = 5
_LANGUAGES = ("ko", "en")
Said = dict[str, Any]


def explanation(record: Record, compiled: CompiledVersion, answer_within_days: int) -> dict[str, Any]:
    """Why a decision came out as it did, in both languages. `compiled` is the version of its digest.

    Of one whose facts were erased after their time, it tells what remains, and that the rest is gone.
    """
    decision = record.decision
    assert decision["digest"] == compiled.version.digest, "a decision is explained by the text that it was made on"
    case = None if record.erased else read_case(compiled.policy, dict(record.case))
    denied = decision["outcome"] == "denied"
    return {
        "decision_id": record.id,
        "decided_at": record.decided_at,
        "account": decision["account"],
        "outcome": decision["outcome"],
        "policy": decision["policy"],
        "version": decision["version"],
        "digest": decision["digest"],
        "engine": decision["engine"],
        "erased": _said(_ERASED, span=_span(compiled.policy)) if record.erased else None,
        "summary": _summary(decision, compiled),
        "asked": _asked(decision, case, compiled),
        "rules": [_rule(reason, case, decision, compiled) for reason in _spoken(decision)],
        "lots": [_lot(line, case, compiled.policy) for line in decision["lots"]],
        "nearest": _nearest(compiled, case) if denied and case is not None else None,
        "contest": None if record.erased else _contest(record, answer_within_days),
        "source": _said(_SOURCE, title=compiled.policy.title, id=record.id, at=record.decided_at, **_names(decision)),
    }


def lines(told: Mapping[str, Any], language: str) -> Iterator[str]:
    """The explanation as text."""
    words = _HEADINGS[language]
    yield f"{words['title']} {told['decision_id']}"
    yield told["summary"][language]
    if told["erased"]:
        yield told["erased"][language]
    yield ""
    yield words["asked"]
    for line in told["asked"]:
        yield f"  {line['label'][language]}: {line['value'][language]}"
    yield ""
    yield words["rules"]
    if not told["rules"]:
        yield f"  {words['no_rules']}"
    for rule in told["rules"]:
        yield f"- {rule[language]} [{rule['rule']}, {rule['article'][language]}]"
        yield f"    {rule['sentence'][language]}"
        for part in (*rule["figures"], *rule["values"]):
            yield f"    {part[language]}"
        if rule["remedy"]:
            yield f"    {rule['remedy'][language]}"
    if told["nearest"]:
        yield ""
        yield words["nearest"]
        yield f"  {told['nearest'][language]}"
    yield ""
    yield words["lots"]
    if not told["lots"]:
        yield f"  {words['no_lots']}"
    for lot in told["lots"][:MOST_LOTS]:
        yield f"  {lot[language]}"
    if len(told["lots"]) > MOST_LOTS:
        yield f"  {words['more'].format(count=len(told['lots']) - MOST_LOTS)}"
    if told["contest"]:
        yield ""
        yield words["contest"]
        yield f"  {told['contest'][language]}"
    yield ""
    yield told["source"][language]


def page(told: Mapping[str, Any], language: str) -> str:
    """The explanation as one page of HTML, which needs nothing besides itself."""
    template = _templates().get_template("explanation.html")
    return template.render(told=told, language=language, words=_HEADINGS[language], most=MOST_LOTS)


@cache
def page_policy() -> str:
    """What a browser may do with the page: show it in its own style, by its hash."""
    style = _templates().get_template("explanation.css").render().encode()
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    closed = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"default-src 'none'; style-src 'sha256-{digest}'; {closed}"


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)


def _said(text: Text, **figures: Any) -> Said:
    """A sentence in both languages; a figure may be a Text itself."""
    return {
        language: text.in_language(language).format(
            **{name: each.in_language(language) if isinstance(each, Text) else each for name, each in figures.items()}
        )
        for language in _LANGUAGES
    }


def _names(decision: Mapping[str, Any]) -> dict[str, Any]:
    version = decision["version"] or both("미게시", "draft")
    return {
        "policy": decision["policy"],
        "version": version,
        "digest": decision["digest"],
        "engine": decision["engine"],
    }


def _amount(decision: Mapping[str, Any], policy: Policy) -> Text:
    """What was asked for: all points, so many, or so much money."""
    asked = decision["request"]
    if asked.get("points") == "all":
        return both("전체 포인트", "all points")
    ko, en = (
        say.money(asked["money"]) if asked.get("money") is not None else say.cell(asked["points"], "points")
        for say in (Teller(policy, language, date.min) for language in _LANGUAGES)
    )
    return Text(ko, en)


def _money(amount: int, policy: Policy) -> Text:
    return Text(*(Teller(policy, language, date.min).money(amount) for language in _LANGUAGES))


def _span(policy: Policy) -> Text:
    return Text(*(figure_text(policy.retention, language) for language in _LANGUAGES))


def _summary(decision: Mapping[str, Any], compiled: CompiledVersion) -> Said:
    policy = compiled.policy
    figures = {name: _money(decision[name], policy) for name in ("gross", "fee", "tax", "offset", "payout")}
    day = decision["payable_on"]
    paid = Text(f" 지급일은 {day}입니다.", f" It is paid by {day}.") if day else Text("", "")
    return _said(_SUMMARIES[decision["outcome"]], amount=_amount(decision, policy), paid=paid, **figures)


def _asked(decision: Mapping[str, Any], case: Case | None, compiled: CompiledVersion) -> list[Said]:
    """What was asked, when, and what is known of the request, as labels with values."""
    policy = compiled.policy
    local = local_words(instant(decision["as_of"]), compiled.zone)
    told: list[tuple[Text, Text]] = [
        (both("회원 계정", "Account"), Text(decision["account"], decision["account"])),
        (both("신청 시각", "Asked at"), Text(local, local)),
        (both("신청 내용", "Asked for"), _amount(decision, policy)),
    ]
    for name, value in decision["request"].items():
        fact = policy.facts.get(f"request.{name}")
        if name in ("points", "money") or fact is None or value in ("", None, 0, False):
            continue
        words = Text(*(word_text(policy, fact, value, language) for language in _LANGUAGES))
        told.append((Text(fact.ko, _label(fact.en)), words))
    if case is not None and case.request.papers:
        names = [shown.paper for shown in case.request.papers]
        shown = Text(*(Teller(policy, language, date.min).papers(names, any_one=False) for language in _LANGUAGES))
        told.append((both("제출 서류", "Papers shown"), shown))
    if case is not None and case.request.lots:
        chosen = ", ".join(case.request.lots)
        told.append((both("선택한 포인트 묶음", "Lots chosen"), Text(chosen, chosen)))
    available = f"{decision['available']:,}"
    told.append((both("환급 가능한 포인트", "Points that can be refunded"), Text(available, available)))
    return [{"label": {"ko": label.ko, "en": label.en}, "value": {"ko": v.ko, "en": v.en}} for label, v in told]


def _label(words: str) -> str:
    """A fact's name at the head of a line."""
    words = words.removeprefix("the ")
    return words[:1].upper() + words[1:]


def _spoken(decision: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The reasons of the request, then each rule for which lots cannot pay, once."""
    of_lots = {
        why["rule"]: {**why, "effect": "excludes", "figures": {}, "remedy": None}
        for lot in decision["lots"]
        for why in _telling(lot)
    }
    return [*decision["reasons"], *of_lots.values()]


def _rule(
    reason: Mapping[str, Any], case: Case | None, decision: Mapping[str, Any], compiled: CompiledVersion
) -> dict[str, Any]:
    """One rule that spoke: its sentence to the member, what it says, its figures and the values behind them."""
    policy = compiled.policy
    rule = next((each for each in policy.rules if each.id == reason["rule"]), None)
    day = date.fromisoformat(decision["requested_on"])
    terms = reason["terms"]
    told: dict[str, Any] = {name: reason[name] for name in ("rule", "kind", "effect", "terms", "ko", "en")}
    told["article"] = {
        language: f"{'약관' if language == 'ko' else 'Terms'}, {article(terms, language)}" if terms else _OWN[language]
        for language in _LANGUAGES
    }
    # Rules of the engine's own stand in no file; their reason is all that they say.
    told["sentence"] = {
        language: rule_sentence(policy, rule, language, day, alone=True) if rule else "" for language in _LANGUAGES
    }
    excludes = reason["effect"] == "excludes"
    told["values"] = _values(rule, case, decision, compiled, excludes) if rule and case is not None else []
    # What a dated value comes to is told with the value.
    left_out = {each["value"] for each in told["values"]}
    if isinstance(rule, Limit) and rule.multiple_of is not None:
        # Of a step there is nothing that was used, and the room is what its remedy says.
        left_out |= {"used", "room"}
    told["figures"] = [_figure(name, each, policy) for name, each in reason["figures"].items() if name not in left_out]
    remedy = reason["remedy"]
    told["remedy"] = remedy and {"set": remedy["set"], "ko": remedy["ko"], "en": remedy["en"]}
    return told


def _figure(name: str, value: Any, policy: Policy) -> Said:
    """A figure of a rule, by its name in words: a common one, or a fact as the rule file calls it."""
    fact = policy.facts.get(name)
    label = _FIGURES.get(name) or (Text(fact.ko, _label(fact.en)) if fact else Text(name, name))

    def shown(language: str) -> str:
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if fact is not None and isinstance(value, str):
            return word_text(policy, fact, value, language)
        return figure_text(value, language)

    said = {language: f"{label.in_language(language)}: {shown(language)}" for language in _LANGUAGES}
    return {"name": name, "value": value, **said}


def _values(
    rule: Rule, case: Case, decision: Mapping[str, Any], compiled: CompiledVersion, of_excluded: bool
) -> list[Said]:
    """The dated values that a rule names: which figure applied to this request, and from when to when."""
    concerned = {
        line["lot"]
        for line in decision["lots"]
        if (any(why["rule"] == rule.id for why in line["reasons"]) if of_excluded else not line["reasons"])
    }
    lots = [lot for lot in case.lots if lot.id in concerned]
    day = date.fromisoformat(decision["requested_on"])
    scene = Scene(case.account, day, case.as_of, decision["points"], case.request, None, case.history)
    found: dict[tuple[str, str, str], Said] = {}
    for name in rule.value_names():
        value, amount = compiled.policy.values[name], compiled.figures.amount(ValueRef(name))
        by_lot = amount.of_lot or value.dated_by.startswith("lot.")
        read_on = compiled.figures.fact(value.dated_by)
        for lot in lots if by_lot else (None,):
            on: date | None = read_on(scene, lot)
            said = _value(value, on, amount.read(scene, lot), compiled.policy)
            found.setdefault((name, str(said["since"]), said["en"]), said)
            if len(found) >= _MOST_FIGURES_OF_LOTS * len(rule.value_names()):
                break
    return list(found.values())


def _value(value: Value, on: date | None, figure: Any, policy: Policy) -> Said:
    number = max((n for n, (first, _) in enumerate(value.since) if (first or date.min) <= (on or date.min)), default=0)
    since = value.since[number][0]
    until = value.since[number + 1][0] if number + 1 < len(value.since) else None
    shown = Text(*(Teller(policy, language, on or date.min).cell(figure, value.unit) for language in _LANGUAGES))
    day = Text(*(Teller(policy, language, date.min).fact(value.dated_by) for language in _LANGUAGES))
    start = both("{since}부터", "since {since}", since=since) if since else both("처음부터", "from the beginning")
    end = both(", {until} 전까지", ", until the day before {until}", until=until) if until else Text("", "")
    about = Text(*(_about(value, language) for language in _LANGUAGES))
    return {
        "value": value.name,
        "terms": value.terms,
        "figure": str(figure) if not isinstance(figure, int) else figure,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        **_said(_VALUE, about=about, figure=shown, day=day, on=on or "-", start=start, end=end),
    }


def _about(value: Value, language: str) -> str:
    """What a value is, as its author says it where that is in the language, else by its article."""
    if value.about and (re.search("[가-힣]", value.about) is not None) == (language == "ko"):
        return value.about
    return f"{_FIGURE_OF[language]} ({article(value.terms, language) if value.terms else value.name})"


def _telling(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Why a lot cannot pay, as far as it matters: of one that has expired nothing else does, and what another rule
    says of it, such as that it can be spent still, would be wrong.
    """
    return [why for why in line["reasons"] if why["kind"] == "expire"] or line["reasons"]


def _lot(line: Mapping[str, Any], case: Case | None, policy: Policy) -> Said:
    """One lot: what it pays, or why it cannot."""
    lots = () if case is None else case.lots
    lot: Lot | None = next((each for each in lots if each.id == line["lot"]), None)
    source = policy.sources.get(lot.source, Text(lot.source, lot.source)) if lot else _NO_SOURCE
    kind = "cannot" if line["reasons"] else "pays" if line["allocated"] else "can"
    last = line["last_usable_on"] or both("없음", "none")
    figures = {"left": f"{line['left']:,}", "points": f"{line['allocated']:,}", "last": last}
    why = Text(*(" ".join(each[language] for each in _telling(line)) for language in _LANGUAGES))
    said = _said(_LOTS[kind], lot=line["lot"], source=source, why=why, **figures)
    rules = [each["rule"] for each in line["reasons"]]
    return {"lot": line["lot"], "left": line["left"], "allocated": line["allocated"], "rules": rules, **said}


def _nearest(compiled: CompiledVersion, case: Case) -> dict[str, Any]:
    """What would have passed, with the decision on it, or that there is nothing."""
    found = nearest(compiled, case)
    if found is None:
        return {"found": False, "set": None, "decision": None, "ko": _NOTHING.ko, "en": _NOTHING.en}
    decision = found.decision.to_data()
    shown = {name: decision[name] for name in ("outcome", *_SUMS, "payable_on")}
    sums = {name: _money(decision[name], compiled.policy) for name in _SUMS if name != "points"}
    paid = _said(_PAID, **sums)
    said = {language: f"{getattr(found.remedy, language)} {paid[language]}" for language in _LANGUAGES}
    return {"found": True, "set": dict(found.remedy.set), "decision": shown, **said}


_SUMS = ("points", "gross", "fee", "tax", "offset", "payout")


def _contest(record: Record, days: int) -> dict[str, Any]:
    body = {"account": record.decision["account"], "kind": "contest", "decision_id": record.id}
    return {
        "method": "POST",
        "path": "/v1/inquiries",
        "body": body,
        "answered_within_days": days,
        **_said(_CONTEST, days=days, id=record.id),
    }


_SUMMARIES = {
    "approved": Text(
        "환급 신청({amount})이 승인되었습니다. 환급액 {gross}, 수수료 {fee}, 세금 {tax}, 상계 {offset},"
        " 지급액 {payout}.{paid}",
        "The refund of {amount} was approved: it comes to {gross}; fee {fee}, tax {tax}, set off {offset}, paid out"
        " {payout}.{paid}",
    ),
    "denied": Text("환급 신청({amount})이 거절되었습니다.", "The refund of {amount} was denied."),
    "needs_review": Text(
        "환급 신청({amount})은 담당자가 확인한 뒤 결정합니다. 환급액 {gross}, 수수료 {fee}, 세금 {tax}, 상계 {offset},"
        " 지급 예정액 {payout}.{paid}",
        "A person looks at the refund of {amount} first. It would come to {gross}; fee {fee}, tax {tax}, set off"
        " {offset}, paid out {payout}.{paid}",
    ),
}
_ERASED = Text(
    "정책이 정한 보관 기간({span})이 지나, 이 결정에 쓴 사실과 신청의 세부 내용은 지워졌습니다. 결정된 내용, 적용된"
    " 규칙, 금액은 남아 있습니다. 다시 판정하거나 이의를 제기할 수는 없습니다.",
    "The facts behind this decision and the particulars of the request were erased after {span}, the time that the"
    " policy keeps them. What was decided, the rules that spoke and the amounts stay. It can be neither decided again"
    " nor contested.",
)
_NO_SOURCE = Text("(지워짐)", "(erased)")
_SOURCE = Text(
    "이 설명은 저장된 결정 {id}({at})에서 만들었습니다. 적용 정책: {title} {policy}@{version}({digest}),"
    " 엔진 {engine}.",
    "Made from the kept decision {id} ({at}). Policy: {title}, {policy}@{version} ({digest}), engine {engine}.",
)
_OWN = {"ko": "모든 정책에 공통인 규칙", "en": "A rule that every policy has"}
_FIGURE_OF = {"ko": "적용된 수치", "en": "The figure that applied"}
_VALUE = Text(
    "{about}: {figure}. {day} {on} 기준이며, {start}{end} 적용됩니다.",
    "{about}: {figure}, by {day} {on}; in force {start}{end}.",
)
_LOTS = {
    "pays": Text(
        "{source} 포인트 {lot}: {left}포인트 중 {points}포인트 사용(마지막 사용일: {last}).",
        "{source}, lot {lot}: pays {points} of its {left} points (last usable day: {last}).",
    ),
    "can": Text(
        "{source} 포인트 {lot}: 환급 가능한 {left}포인트, 이번에는 사용하지 않음(마지막 사용일: {last}).",
        "{source}, lot {lot}: its {left} points can be refunded, and none are used here (last usable day: {last}).",
    ),
    "cannot": Text(
        "{source} 포인트 {lot}: {left}포인트 환급 불가. {why}",
        "{source}, lot {lot}: its {left} points cannot be refunded. {why}",
    ),
}
_PAID = Text(
    "그 경우 환급액 {gross}, 수수료 {fee}, 세금 {tax}, 상계 {offset}, 지급액 {payout}.",
    "It would come to {gross}; fee {fee}, tax {tax}, set off {offset}, paid out {payout}.",
)
_NOTHING = Text(
    "금액, 환급 방법, 서류, 날짜를 바꾸어도 통과하는 신청을 찾지 못했습니다."
    " 위 규칙에 적힌 다른 조건이 먼저 바뀌어야 합니다.",
    "No request was found that passes with another amount, method, papers or day. What the rules above ask for besides"
    " has to change first.",
)
_CONTEST = Text(
    "이 결정은 정해진 규칙에 따라 자동으로 내려졌습니다. 설명이나 담당자의 재검토를 요구할 수 있으며, {days}일 안에"
    " 답변해 드립니다. 고객센터나 앱의 문의에서 결정 번호 {id}로 이의를 제기해 주세요.",
    "This decision was made automatically, by fixed rules. You may demand an explanation and a review by a person, and"
    " are answered within {days} days. Contest it with the call centre or in the app, naming the decision {id}.",
)
_HEADINGS = {
    "ko": {
        "title": "결정 설명서",
        "asked": "무엇을 신청했나",
        "rules": "어떤 규칙이 적용되었나",
        "no_rules": "따로 알릴 규칙이 없습니다.",
        "lots": "어떤 포인트를 쓸 수 있나",
        "no_lots": "포인트가 없습니다.",
        "more": "그 밖에 {count}건.",
        "nearest": "어떻게 신청하면 통과하나",
        "contest": "이의를 제기하려면",
    },
    "en": {
        "title": "Explanation of the decision",
        "asked": "What was asked",
        "rules": "Which rules spoke",
        "no_rules": "No rule had anything to say.",
        "lots": "Which points can be used",
        "no_lots": "There are no points.",
        "more": "And {count} more.",
        "nearest": "What would have passed",
        "contest": "How to contest it",
    },
}
_FIGURES = {
    "points": both("신청 포인트", "Points asked for"),
    "money": both("신청 금액", "Money asked for"),
    "limit": both("한도", "Limit"),
    "measured": both("측정값", "Measured"),
    "used": both("이미 사용", "Used before"),
    "room": both("남은 한도", "Room left"),
    "available": both("환급 가능 포인트", "Available points"),
    "fee": both("수수료", "Fee"),
    "base": both("기준 금액", "Base"),
    "rate": both("비율", "Rate"),
    "tax": both("세금", "Tax"),
    "offset": both("상계액", "Set off"),
    "debt": both("미납액", "Debt"),
    "payable_on": both("지급일", "Paid by"),
    "papers": both("서류", "Papers"),
    "issued_within": both("발급 기한", "Issued within"),
    "from": both("부터", "From"),
    "until": both("까지", "Until"),
    "payout": both("지급액", "Paid out"),
    "gross": both("환급액", "Refund"),
}
