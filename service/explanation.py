"""The explanation of one decision, for the member whom it is about, as data: what was asked, which rules spoke and what
each did, what would have passed, and how to contest it.

It is made from what was kept (the case, the decision, the text of the version by its digest), never from the rules of
today. What would have passed is found by deciding the kept case anew, otherwise asked for. A rule is told as it speaks
to members: by its reason, its article and the dated values that applied. What its author wrote, its conditions and
tables, stands behind that, in `more`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import structs

from engine.calendars import add_span
from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.errors import Conflict, NotInForce
from engine.facts import Case, Lot
from engine.hearing import Hearing
from engine.reading import instant
from engine.remedies import changed
from engine.replay import replay
from policies.kinds.limit import Limit
from policies.model import Policy, Rule, Span, Text
from policies.problems import both
from policies.sentences import Teller, figure_text
from policies.show import rule_sentence
from service import explanation_words as words
from service.explanation_days import by_particle, days_blanked, days_of, in_words, time_text
from service.explanation_figures import criteria, figure, life_of, values_of
from service.explanation_remedies import nearest_told, paid_text, remedy
from service.explanation_told import (
    LANGUAGES,
    Said,
    Told,
    asked_text,
    capital,
    fact_text,
    filled,
    method_text,
    money_text,
    of_article,
    points_text,
    said,
)
from service.records import Record, damaged

_NOTHING_TO_TELL = ("", None, 0, False, "unknown")
OTHER_NOW = both("다시 판정하면 다릅니다({difference})", "made again it differs ({difference})")
_MOST_DAYS_TRIED = 200
"""Of so many lots it is looked for the day from which they can be refunded."""


def explanation(
    record: Record, compiled: CompiledVersion, answer_within_days: int | None, *, stored: bool = True
) -> dict[str, Any]:
    """Why a decision came out as it did, in both languages. `compiled` is the version of its digest.

    Of one whose facts were erased after their time, it tells what remains, and that the rest is gone. One that was not
    kept has the id "", and nobody can contest it, as where `answer_within_days` is None. An account that is not
    `stored` can write no inquiry: that can be contested by other ways only. Raises Damage where somebody changed the
    record, so that it cannot be explained.
    """
    decision = record.decision
    assert decision["digest"] == compiled.version.digest, "a decision is explained by the text that it was made on"
    try:
        return _explained(record, compiled, answer_within_days, stored=stored)
    except Exception as error:
        # Of a bug nobody is told that the record is wrong.
        differences = replay(compiled, record.case, decision) if record.id and not record.erased else []
        if not differences:
            raise
        raise damaged(record.id, OTHER_NOW, difference=differences[0]) from error


def _explained(
    record: Record, compiled: CompiledVersion, answer_within_days: int | None, *, stored: bool
) -> dict[str, Any]:
    decision = record.decision
    case = read_case(compiled.policy, dict(record.case)) if record.case and not record.erased else None
    denied = decision["outcome"] == "denied"
    told = Told(decision, case, compiled)
    contested = answer_within_days is not None and record.id and not record.erased
    return {
        "decision_id": record.id or None,
        "decided_at": record.decided_at or None,
        "account": decision["account"],
        "outcome": decision["outcome"],
        "policy": decision["policy"],
        "version": decision["version"],
        "digest": decision["digest"],
        "engine": decision["engine"],
        "erased": said(words.ERASED, span=_span(compiled.policy)) if record.erased else None,
        "summary": _summary(decision, compiled.policy),
        "asked": _asked(decision, case, compiled.policy),
        "groups": _groups(told),
        "sums": [] if denied else _sums(decision, compiled.policy),
        "lots": [_lot(line, told) for line in decision["lots"]],
        "nearest": nearest_told(told) if denied and case is not None else None,
        "contest": _contest(record, answer_within_days or 0, stored=stored) if contested else None,
        "source": _source(record, compiled.policy),
        "record": [*_record(record)],
    }


def _source(record: Record, policy: Policy) -> Said:
    if not record.id:
        return said(words.DRAFT_SOURCE, title=policy.title, terms=policy.terms)
    at = time_text(instant(record.decided_at), policy.timezone)
    return said(words.SOURCE, at=at, title=policy.title, terms=policy.terms)


def _record(record: Record) -> Iterator[Said]:
    """What it takes to look the decision up and to check it, a line each."""
    decision = record.decision
    version = decision["version"]
    policy = Text(*(f"{decision['policy']}@{version or words.DRAFT.in_language(language)}" for language in LANGUAGES))
    lines = {
        "decision": Text(record.id, record.id),
        "policy": policy,
        "engine": Text(decision["engine"], decision["engine"]),
        "digest": Text(decision["digest"], decision["digest"]),
    }
    for name, value in lines.items():
        if value.en:
            label = words.RECORD[name]
            yield {
                "name": name,
                **{each: f"{label.in_language(each)}: {value.in_language(each)}" for each in LANGUAGES},
            }


def _span(policy: Policy) -> Text:
    return Text(*(figure_text(policy.retention, language) for language in LANGUAGES))


def _summary(decision: Mapping[str, Any], policy: Policy) -> Said:
    method = method_text(decision, policy)
    return said(
        words.SUMMARIES[decision["outcome"]],
        amount=asked_text(decision, policy),
        payout=money_text(decision["payout"], policy),
        method=method,
        by=by_particle(method.ko),
        paid=paid_text(decision),
    )


def _sums(decision: Mapping[str, Any], policy: Policy) -> list[Said]:
    """How the payout comes about: what the points are worth, and what is kept of it, each as far as there is any."""
    method, told = method_text(decision, policy), []
    for name, text in words.SUMS.items():
        if decision[name] or name in ("gross", "payout"):
            label = filled(text, method=method, by=by_particle(method.ko))
            line = said(words.LABELLED, label=label, value=money_text(decision[name], policy))
            told.append({"name": name, "value": decision[name], **line})
    return told


def _asked(decision: Mapping[str, Any], case: Case | None, policy: Policy) -> list[Said]:
    """What was asked, when, and what is known of the request, as labels with values."""
    told: list[tuple[Text, Text]] = [
        (words.ASKED["account"], Text(decision["account"], decision["account"])),
        (words.ASKED["at"], time_text(instant(decision["as_of"]), policy.timezone)),
        (words.ASKED["amount"], asked_text(decision, policy)),
    ]
    for name, value in decision["request"].items():
        fact = policy.facts.get(f"request.{name}")
        if name not in ("points", "money") and fact is not None and value not in _NOTHING_TO_TELL:
            told.append((Text(fact.ko, capital(fact.en)), fact_text(policy, fact, value)))
    if case is not None and case.request.papers:
        names = [each.paper for each in case.request.papers]
        papers = Text(*(Teller(policy, language, date.min).papers(names, any_one=False) for language in LANGUAGES))
        told.append((words.ASKED["papers"], papers))
    if case is not None and case.request.lots:
        chosen = ", ".join(case.request.lots)
        told.append((words.ASKED["lots"], Text(chosen, chosen)))
    told.append((words.ASKED["available"], points_text(decision["available"])))
    return [{"label": {"ko": label.ko, "en": label.en}, "value": {"ko": v.ko, "en": v.en}} for label, v in told]


def _groups(told: Told) -> list[dict[str, Any]]:
    """The rules that spoke, by what each did; what nothing spoke of is left out."""
    by_group: dict[str, list[dict[str, Any]]] = {name: [] for name in words.GROUPS}
    of_request = (_of_request(reason, told) for reason in told.decision["reasons"])
    for rule in (*of_request, *_pays(told), *_of_lots(told)):
        by_group[words.GROUP_OF[rule["effect"]]].append(rule)
    groups = []
    for name, heading in words.GROUPS.items():
        if by_group[name]:
            points = _points_set_aside(told) if name == "sets_aside" else None
            note = None if points is None else said(words.SET_ASIDE, points=f"{points:,}")
            groups.append({"group": name, **said(heading), "points": points, "note": note, "rules": by_group[name]})
    return groups


def _points_set_aside(told: Told) -> int:
    return sum(line["left"] for line in told.decision["lots"] if line["reasons"])


def _rule(
    told: Told, reason: Mapping[str, Any], effect: str, sentences: list[dict[str, Any]], lots: Sequence[Lot]
) -> dict[str, Any]:
    """One rule that spoke. `sentences` are what it said, each with the lots that it is about."""
    rule = told.rules.get(reason["rule"])
    terms = reason["terms"]
    # Rules of the engine's own stand in no file; their reason is all that they say.
    sentence = {
        language: rule_sentence(told.policy, rule, language, _day(rule, told, lots), alone=True) if rule else ""
        for language in LANGUAGES
    }
    figures = dict(reason.get("figures", {}))
    if isinstance(rule, Limit) and rule.multiple_of is not None:
        # Of a step there is nothing that was used, and the room is what its remedy says.
        figures = {name: each for name, each in figures.items() if name not in ("used", "room")}
    together = {language: " ".join(each[language] for each in sentences) for language in LANGUAGES}
    article = of_article(terms)
    return {
        "rule": reason["rule"],
        "kind": reason["kind"],
        "effect": effect,
        "terms": terms,
        "article": {"ko": article.ko, "en": article.en},
        "said": sentences,
        "values": [] if rule is None or told.case is None else [*values_of(rule, told, lots)],
        "criteria": [] if rule is None else [*criteria(rule, told.policy, together)],
        "remedy": remedy(reason.get("remedy"), rule, told.policy),
        "more": {**sentence, "figures": [figure(name, each, told.policy) for name, each in figures.items()]},
    }


def _day(rule: Rule, told: Told, lots: Sequence[Lot]) -> date:
    """The day with the figures of which a rule is told: that of the request, or of the oldest lot that it is about
    where its figures go by when points were earned.
    """
    by_lot = any(told.policy.values[name].dated_by == "lot.acquired_on" for name in rule.value_names())
    return min((lot.acquired_on for lot in lots if by_lot), default=told.day)


def _sentence(reason: Mapping[str, Any]) -> Text:
    """A reason as the member reads it: its days in words, and all points not as a number of them.

    >>> _sentence({"ko": "신청 전체포인트", "en": "all points", "figures": {"points": "all"}}).ko
    '신청 전체 포인트'
    """
    korean = reason["ko"]
    if reason.get("figures", {}).get("points") == "all":
        korean = korean.replace("전체포인트", "전체 포인트")
    return Text(in_words(korean, "ko"), in_words(reason["en"], "en"))


def _of_request(reason: Mapping[str, Any], told: Told) -> dict[str, Any]:
    text = _sentence(reason)
    paying = [told.lots[line["lot"]] for line in told.decision["lots"] if told.case and not line["reasons"]]
    return _rule(told, reason, reason["effect"], [{"ko": text.ko, "en": text.en, "lots": []}], paying)


def _of_lots(told: Told) -> Iterator[dict[str, Any]]:
    """Each rule for which lots cannot pay: each of its sentences once, with the lots that it is true of."""
    found: dict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for line in told.decision["lots"]:
        for why in _telling(line):
            found.setdefault(why["rule"], []).append((why, line))
    tried = 0
    for spoken in found.values():
        sentences: list[Said] = []
        for text, whys in _alike(spoken):
            lots = []
            for why, line in whys:
                tried += why["kind"] != "expire"
                lots.append(_set_aside(why, line, text, told, search=tried <= _MOST_DAYS_TRIED))
            sentences.append({"ko": text.ko, "en": text.en, "lots": lots})
        concerned = [told.lots[lot["lot"]] for each in sentences for lot in each["lots"] if lot["lot"] in told.lots]
        yield _rule(told, spoken[-1][0], "excludes", sentences, concerned)


_Spoken = tuple[Mapping[str, Any], Mapping[str, Any]]


def _alike(spoken: Sequence[_Spoken]) -> Iterator[tuple[Text, list[_Spoken]]]:
    """Sentences of one rule, each once, with the lots of which it is said. Those that differ only in the days and the
    points of their lots are one: the days stand at the lots, and the points are added up.
    """
    found: dict[tuple[str, ...], list[_Spoken]] = {}
    for why, line in spoken:
        left = f"{line['left']:,}"
        blank = [part for language in LANGUAGES for part in days_blanked(_without_points(why[language], left))]
        found.setdefault((*blank,), []).append((why, line))
    for alike in found.values():
        if len({(why["ko"], why["en"]) for why, _ in alike}) == 1:
            yield _sentence(alike[0][0]), alike
            continue
        points = f"{sum(line['left'] for _, line in alike):,}"
        yield Text(*(_together(alike, language, points) for language in LANGUAGES)), alike


def _without_points(sentence: str, left: str) -> str:
    return re.sub(rf"(?<![\d,]){left}(?![\d,])", "{points}", sentence)


def _together(alike: Sequence[_Spoken], language: str, points: str) -> str:
    """What is said of several lots: their points together, and a day that is not the same for all left out."""
    why, line = alike[0]
    told: str = why[language]
    for place, day in enumerate(days_of(told)):
        if len({days_of(each[language])[place] for each, _ in alike}) > 1:
            told = re.sub(rf" ?\([^()]*{re.escape(day)}\)", "", told, count=1)
            told = told.replace(day, words.THAT_DAY.in_language(language), 1)
    if len({each[language] for each, _ in alike}) > 1:
        told = _without_points(told, f"{line['left']:,}").replace("{points}", points)
    return in_words(told, language)


def _set_aside(why: Mapping[str, Any], line: Mapping[str, Any], sentence: Text, told: Told, *, search: bool) -> Said:
    """A lot that cannot pay: when it ended, where the sentence does not say so, or from which day it can."""
    lot = told.lots.get(line["lot"])
    named = _named(line["lot"], line["left"], lot, told.policy, told.decision["requested_on"])
    own = Text(named["ko"], named["en"])
    if why["kind"] == "expire":
        ended = in_words(line["last_usable_on"], "ko") not in sentence.ko
        named |= said(words.ENDED, lot=own, day=line["last_usable_on"]) if ended else {}
        return {**named, "refundable_from": None}
    days = [] if lot is None or not search else _days_of(lot, line, told)
    found = next((day for day in days if lot is not None and _can_pay(lot, day, told)), None)
    if found is not None:
        named |= said(words.REFUNDABLE_FROM, lot=own, day=found)
    elif days and line["last_usable_on"] and line["last_usable_on"] < days[-1].isoformat():
        named |= said(words.ENDS_BEFORE, lot=own, day=line["last_usable_on"])
    return {**named, "refundable_from": found.isoformat() if found else None}


def _days_of(lot: Lot, line: Mapping[str, Any], told: Told) -> list[date]:
    """The coming days on which a rule that sets a lot aside may let it go."""
    found = {lot.usable_from_on}
    for reason in line["reasons"]:
        rule = told.rules.get(reason["rule"])
        for condition in rule.conditions() if rule is not None else ():
            for clause in condition.comparisons():
                if isinstance(clause.right, Span) and clause.operator in ("at_least_ago", "under_ago"):
                    day = told.compiled.figures.fact(clause.path)(told.scene(), lot)
                    found |= {add_span(day, clause.right)} if day is not None else set()
    return sorted(day for day in found if day > told.day)


def _can_pay(lot: Lot, day: date, told: Told) -> bool:
    """Whether a lot could pay on a day, as the same request judges it then."""
    assert told.case is not None, "only what is kept is judged"
    request = structs.replace(told.case.request, lots=())
    then = structs.replace(told.case, lots=(lot,), request=request)
    try:
        judged = Hearing(told.compiled, changed(told.policy, then, {"request.requested_on": day})).judge(1)
    except (Conflict, NotInForce, OverflowError):
        return False
    return bool(judged.usable)


def _pays(told: Told) -> Iterator[dict[str, Any]]:
    """The rule that says when it is paid. It is no reason of a decision, and the trace says which it was."""
    traced = [rule for stage in told.decision["trace"] if stage["stage"] == "pay" for rule in stage["rules"]]
    for line in traced:
        ready = next((each for each in told.compiled.rules["pay"] if each.id == line["rule"]), None)
        if ready is None or told.case is None or "payable_on" not in line.get("figures", {}):
            continue
        day = date.fromisoformat(line["figures"]["payable_on"])
        if ready.sentence is None:
            text = filled(words.PAYABLE, day=day)
        else:
            text = ready.sentence.told({"payable_on": day, **ready.sentence.figures(told.scene(), None)})
        if told.decision["outcome"] == "needs_review":
            text = filled(words.IF_APPROVED, said=Text(re.sub(r"됩니다\.$", "될 예정입니다.", text.ko), text.en))
        reason = {"rule": ready.id, "kind": "pay", "terms": ready.rule.terms, "figures": line["figures"]}
        yield _rule(told, reason, "pays", [{**said(text), "lots": []}], ())


def _named(id: str, points: int, lot: Lot | None, policy: Policy, today: str) -> Said:
    """A lot as a member knows it: where its points came from, when, and how many there are."""
    if lot is None:
        named = {each: words.LOT_BY_ID.in_language(each).format(lot=id, points=f"{points:,}") for each in LANGUAGES}
        return {"lot": id, "source": None, "acquired_on": None, "points": points, **named}
    source = policy.sources.get(lot.source, Text(lot.source, lot.source))
    source = Text(source.ko, capital(source.en))
    day, usable = lot.acquired_on.isoformat(), lot.usable_from_on.isoformat()
    text = words.LOT_TO_COME if usable > today else words.LOT
    named = said(text, source=source, points=f"{points:,}", day=day, usable=usable)
    return {"lot": id, "source": lot.source, "acquired_on": day, "points": points, **named}


def _telling(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Why a lot cannot pay, as far as it matters: of one that has expired nothing else does, and what another rule
    says of it, such as that it can be spent still, would be wrong.
    """
    return [why for why in line["reasons"] if why["kind"] == "expire"] or line["reasons"]


def _lot(line: Mapping[str, Any], told: Told) -> Said:
    """One lot: what it pays and until when it can be used, or why it cannot."""
    decision = told.decision
    lot = told.lots.get(line["lot"])
    named = _named(line["lot"], line["left"], lot, told.policy, decision["requested_on"])
    spent = "there" if decision["outcome"] == "denied" else "pays" if line["allocated"] else "can"
    last, ready = line["last_usable_on"], told.lives.get(line["lot"])
    never = ready is not None and getattr(ready.rule, "never", False)
    why = Text("", "")
    if lot is not None and ready is not None and not line["reasons"] and (last or never):
        why = life_of(lot, ready, told)
    because = Text(f"({why.ko})", f" ({why.en})") if why.ko else why
    sentence = said(
        words.LOTS["cannot" if line["reasons"] else spent],
        lot=Text(named["ko"], named["en"]),
        points=f"{line['allocated']:,}",
        last=filled(words.LAST_DAY if last else words.NO_LAST_DAY, day=last, because=because),
        why=Text(*(" ".join(each[language] for each in _telling(line)) for language in LANGUAGES)),
    )
    return {
        "lot": line["lot"],
        "source": named["source"],
        "acquired_on": named["acquired_on"],
        "left": line["left"],
        "allocated": line["allocated"],
        "last_usable_on": last,
        "rules": [each["rule"] for each in line["reasons"]],
        **sentence,
    }


def _contest(record: Record, days: int, *, stored: bool) -> dict[str, Any]:
    """How to contest the decision; by an inquiry, where the account is one that can write it."""
    reviewed = record.decision["outcome"] == "needs_review"
    text, where = words.CONTEST["needs_review" if reviewed else "decided"], words.CONTEST_WHERE[stored]
    body = {"account": record.decision["account"], "kind": "contest", "decision_id": record.id}
    return {
        "method": "POST" if stored else None,
        "path": "/v1/inquiries" if stored else None,
        "body": body if stored else None,
        "answered_within_days": days,
        **said(text, days=days, id=record.id, where=where),
    }
