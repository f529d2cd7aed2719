"""The explanation of one decision, for the member whom it is about, as data: what was asked, which rules spoke and what
each did, what would have passed, and how to contest it.

It is made from what was kept (the case, the decision, the text of the version by its digest), never from the rules of
today. What would have passed is found by deciding the kept case anew, otherwise asked for. A rule is told as it speaks
to members: by its reason, its article and the dated values that applied. What its author wrote, its conditions and
tables, stands behind that, in `more`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from engine.cases import read_case
from engine.compiled import CompiledVersion
from engine.facts import Case, Lot
from engine.local_times import local_words
from engine.nearest import nearest
from engine.reading import instant
from engine.scene import Scene
from policies.kinds.limit import Limit
from policies.kinds.pay import Pay
from policies.model import Policy, Rule, Text, Value, ValueRef
from policies.problems import both
from policies.readers import SPAN, read_span
from policies.sentences import Teller, figure_text, word_text
from policies.show import article, rule_sentence
from service import explanation_words as words
from service.records import Record

_MOST_FIGURES_OF_LOTS = 5
_LANGUAGES = ("ko", "en")
_NOTHING_TO_TELL = ("", None, 0, False, "unknown")
_SUMS = ("points", "gross", "fee", "tax", "offset", "payout")
Said = dict[str, Any]


def explanation(record: Record, compiled: CompiledVersion, answer_within_days: int | None) -> dict[str, Any]:
    """Why a decision came out as it did, in both languages. `compiled` is the version of its digest.

    Of one whose facts were erased after their time, it tells what remains, and that the rest is gone. One that was not
    kept has the id "", and nobody can contest it, as where `answer_within_days` is None.
    """
    decision = record.decision
    assert decision["digest"] == compiled.version.digest, "a decision is explained by the text that it was made on"
    case = read_case(compiled.policy, dict(record.case)) if record.case and not record.erased else None
    denied = decision["outcome"] == "denied"
    told = _Told(decision, case, compiled)
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
        "erased": _said(words.ERASED, span=_span(compiled.policy)) if record.erased else None,
        "summary": _summary(decision, compiled.policy),
        "asked": _asked(decision, case, compiled),
        "groups": _groups(told),
        "sums": [] if denied else _sums(decision, compiled.policy),
        "lots": [_lot(line, told) for line in decision["lots"]],
        "nearest": _nearest(compiled, case) if denied and case is not None else None,
        "contest": _contest(record, answer_within_days or 0) if contested else None,
        "source": _source(record, compiled.policy),
    }


class _Told:
    """What the rules of one decision are told by."""

    def __init__(self, decision: Mapping[str, Any], case: Case | None, compiled: CompiledVersion) -> None:
        self.decision, self.case, self.compiled = decision, case, compiled
        self.policy = compiled.policy
        self.rules = {rule.id: rule for rule in self.policy.rules}
        self.day = date.fromisoformat(decision["requested_on"])
        self.lots: dict[str, Lot] = {} if case is None else {lot.id: lot for lot in case.lots}

    def scene(self) -> Scene:
        """The request as the rules saw it; only where the case is kept."""
        assert self.case is not None, "what was erased is not looked at"
        case = self.case
        return Scene(case.account, self.day, case.as_of, self.decision["points"], case.request, None, case.history)


def _said(text: Text, **figures: Any) -> Said:
    """A sentence in both languages; a figure may be a Text itself."""
    return {
        language: text.in_language(language).format(
            **{name: each.in_language(language) if isinstance(each, Text) else each for name, each in figures.items()}
        )
        for language in _LANGUAGES
    }


def _text(text: Text, **figures: Any) -> Text:
    return Text(**_said(text, **figures))


def _source(record: Record, policy: Policy) -> Said:
    decision = record.decision
    made = _text(words.SOURCE if record.id else words.DRAFT_SOURCE, id=record.id, at=record.decided_at)
    applied = _text(
        words.APPLIED,
        title=policy.title,
        terms=policy.terms,
        version=decision["version"] or words.DRAFT,
        **{name: decision[name] for name in ("policy", "digest", "engine")},
    )
    return {language: f"{made.in_language(language)} {applied.in_language(language)}" for language in _LANGUAGES}


def _amount(decision: Mapping[str, Any], policy: Policy) -> Text:
    """What was asked for: all points (with how many those came to), so many, or so much money."""
    asked = decision["request"]
    if asked.get("points") == "all" and decision["outcome"] == "denied":
        return words.ALL_POINTS
    if asked.get("money") is not None:
        return _money(asked["money"], policy)
    points = Text(*(Teller(policy, language, date.min).cell(decision["points"], "points") for language in _LANGUAGES))
    return both("전체 {points}", "all {points}", points=points) if asked.get("points") == "all" else points


def _money(amount: int, policy: Policy) -> Text:
    return Text(*(Teller(policy, language, date.min).money(amount) for language in _LANGUAGES))


def _span(policy: Policy) -> Text:
    return Text(*(figure_text(policy.retention, language) for language in _LANGUAGES))


def _summary(decision: Mapping[str, Any], policy: Policy) -> Said:
    return _said(
        words.SUMMARIES[decision["outcome"]],
        amount=_amount(decision, policy),
        payout=_money(decision["payout"], policy),
        paid=_paid(decision),
    )


def _paid(decision: Mapping[str, Any]) -> Text:
    day = decision["payable_on"]
    return _text(words.PAID_BY, day=day) if day else Text("", "")


def _sums(decision: Mapping[str, Any], policy: Policy) -> list[Said]:
    """How the payout comes about: what the points are worth, and what is kept of it, each as far as there is any."""
    told = []
    for name, label in words.SUMS.items():
        if decision[name] or name in ("gross", "payout"):
            said = _said(
                Text("{label}: {money}", "{label}: {money}"), label=label, money=_money(decision[name], policy)
            )
            told.append({"name": name, "value": decision[name], **said})
    return told


def _asked(decision: Mapping[str, Any], case: Case | None, compiled: CompiledVersion) -> list[Said]:
    """What was asked, when, and what is known of the request, as labels with values."""
    policy = compiled.policy
    local = f"{local_words(instant(decision['as_of']), compiled.zone)} ({policy.timezone})"
    told: list[tuple[Text, Text]] = [
        (words.ASKED["account"], Text(decision["account"], decision["account"])),
        (words.ASKED["at"], Text(local, local)),
        (words.ASKED["amount"], _amount(decision, policy)),
    ]
    for name, value in decision["request"].items():
        fact = policy.facts.get(f"request.{name}")
        if name in ("points", "money") or fact is None or value in _NOTHING_TO_TELL:
            continue
        shown = Text(*(word_text(policy, fact, value, language) for language in _LANGUAGES))
        told.append((Text(fact.ko, _label(fact.en)), shown))
    if case is not None and case.request.papers:
        names = [each.paper for each in case.request.papers]
        papers = Text(*(Teller(policy, language, date.min).papers(names, any_one=False) for language in _LANGUAGES))
        told.append((words.ASKED["papers"], papers))
    if case is not None and case.request.lots:
        chosen = ", ".join(case.request.lots)
        told.append((words.ASKED["lots"], Text(chosen, chosen)))
    available = f"{decision['available']:,}"
    told.append((words.ASKED["available"], Text(available, available)))
    return [{"label": {"ko": label.ko, "en": label.en}, "value": {"ko": v.ko, "en": v.en}} for label, v in told]


def _label(name: str) -> str:
    """A fact's name at the head of a line."""
    name = name.removeprefix("the ")
    return name[:1].upper() + name[1:]


def _groups(told: _Told) -> list[dict[str, Any]]:
    """The rules that spoke, by what each did; what nothing spoke of is left out."""
    by_group: dict[str, list[dict[str, Any]]] = {name: [] for name in words.GROUPS}
    of_request = (_of_request(reason, told) for reason in told.decision["reasons"])
    for rule in (*of_request, *_pays(told), *_of_lots(told)):
        by_group[words.GROUP_OF[rule["effect"]]].append(rule)
    groups = []
    for name, heading in words.GROUPS.items():
        if by_group[name]:
            points = _points_set_aside(told) if name == "sets_aside" else None
            note = None if points is None else _said(words.SET_ASIDE, points=f"{points:,}")
            groups.append({"group": name, **_said(heading), "points": points, "note": note, "rules": by_group[name]})
    return groups


def _points_set_aside(told: _Told) -> int:
    return sum(line["left"] for line in told.decision["lots"] if line["reasons"])


def _rule(
    told: _Told, reason: Mapping[str, Any], effect: str, said: list[dict[str, Any]], lots: Sequence[Lot]
) -> dict[str, Any]:
    """One rule that spoke. `said` are its sentences, each with the lots that it is about."""
    rule = told.rules.get(reason["rule"])
    terms = reason["terms"]
    values = [] if rule is None or told.case is None else [*_values(rule, told, lots)]
    # Rules of the engine's own stand in no file; their reason is all that they say.
    sentence = {
        language: rule_sentence(told.policy, rule, language, _day(rule, told, lots), alone=True) if rule else ""
        for language in _LANGUAGES
    }
    figures = dict(reason.get("figures", {}))
    if isinstance(rule, Limit) and rule.multiple_of is not None:
        # Of a step there is nothing that was used, and the room is what its remedy says.
        figures = {name: each for name, each in figures.items() if name not in ("used", "room")}
    return {
        "rule": reason["rule"],
        "kind": reason["kind"],
        "effect": effect,
        "terms": terms,
        "article": _article(terms),
        "said": said,
        "values": values,
        "remedy": _remedy(reason.get("remedy"), told.policy),
        "more": {**sentence, "figures": [_figure(name, each, told.policy) for name, each in figures.items()]},
    }


def _day(rule: Rule, told: _Told, lots: Sequence[Lot]) -> date:
    """The day with the figures of which a rule is told: that of the request, or of the oldest lot that it is about
    where its figures go by when points were earned.
    """
    by_lot = any(told.policy.values[name].dated_by == "lot.acquired_on" for name in rule.value_names())
    return min((lot.acquired_on for lot in lots if by_lot), default=told.day)


def _remedy(remedy: Mapping[str, Any] | None, policy: Policy) -> Said | None:
    """What would help, where yes and no are told as people say them, not as a condition has them."""
    if remedy is None:
        return None
    english = remedy["en"]
    for path, value in remedy["set"].items():
        if value is True or value is False:
            name, flag = policy.facts[path].en, figure_text(value, "en")
            english = english.replace(f"'{name}' is {flag}", f"{name.removeprefix('the ')}: {flag}")
    return {"set": remedy["set"], "ko": remedy["ko"], "en": english}


def _article(terms: str) -> Said:
    if not terms:
        return _said(words.OWN_ARTICLE)
    return {language: words.ARTICLE[language].format(article=article(terms, language)) for language in _LANGUAGES}


def _of_request(reason: Mapping[str, Any], told: _Told) -> dict[str, Any]:
    said = {"ko": reason["ko"], "en": reason["en"], "lots": []}
    paying = [told.lots[line["lot"]] for line in told.decision["lots"] if told.case and not line["reasons"]]
    return _rule(told, reason, reason["effect"], [said], paying)


def _of_lots(told: _Told) -> Iterator[dict[str, Any]]:
    """Each rule for which lots cannot pay: each of its sentences once, with the lots that it is true of."""
    found: dict[str, dict[tuple[str, str], list[Said]]] = {}
    reasons: dict[str, Mapping[str, Any]] = {}
    today = told.decision["requested_on"]
    for line in told.decision["lots"]:
        for why in _telling(line):
            reasons[why["rule"]] = why
            lots = found.setdefault(why["rule"], {}).setdefault((why["ko"], why["en"]), [])
            lots.append(_named(line["lot"], line["left"], told.lots.get(line["lot"]), told.policy, today))
    for rule, sentences in found.items():
        said: list[Said] = [{"ko": ko, "en": en, "lots": lots} for (ko, en), lots in sentences.items()]
        concerned = [told.lots[lot["lot"]] for each in said for lot in each["lots"] if lot["lot"] in told.lots]
        yield _rule(told, reasons[rule], "excludes", said, concerned)


def _pays(told: _Told) -> Iterator[dict[str, Any]]:
    """The rule that says when it is paid. It is no reason of a decision, and the trace says which it was."""
    traced = [rule for stage in told.decision["trace"] if stage["stage"] == "pay" for rule in stage["rules"]]
    for line in traced:
        ready = next((each for each in told.compiled.rules["pay"] if each.id == line["rule"]), None)
        if ready is None or told.case is None or "payable_on" not in line.get("figures", {}):
            continue
        day = date.fromisoformat(line["figures"]["payable_on"])
        if ready.sentence is None:
            text = _text(words.PAYABLE, day=day)
        else:
            text = ready.sentence.told({"payable_on": day, **ready.sentence.figures(told.scene(), None)})
        reason = {"rule": ready.id, "kind": "pay", "terms": ready.rule.terms, "figures": line["figures"]}
        yield _rule(told, reason, "pays", [{"ko": text.ko, "en": text.en, "lots": []}], ())


def _named(id: str, points: int, lot: Lot | None, policy: Policy, today: str) -> Said:
    """A lot as a member knows it: where its points came from, when, and how many there are."""
    if lot is None:
        return {"lot": id, "source": None, "acquired_on": None, "points": points} | _said(
            words.LOT_BY_ID, lot=id, points=f"{points:,}"
        )
    source = policy.sources.get(lot.source, Text(lot.source, lot.source))
    source = Text(source.ko, _label(source.en))
    day, usable = lot.acquired_on.isoformat(), lot.usable_from_on.isoformat()
    text = words.LOT_TO_COME if usable > today else words.LOT
    said = _said(text, source=source, points=f"{points:,}", day=day, usable=usable)
    return {"lot": id, "source": lot.source, "acquired_on": day, "points": points, **said}


def _figure(name: str, value: Any, policy: Policy) -> Said:
    """A figure of a rule, by its name in words: a common one, a fact as the rule file calls it, or a dated value."""
    fact = policy.facts.get(name)
    label = words.FIGURES.get(name) or (Text(fact.ko, _label(fact.en)) if fact else Text(name, name))
    if name in policy.values:
        label = words.VALUE
    span = SPAN.fullmatch(value) if isinstance(value, str) else None

    def shown(language: str) -> str:
        if isinstance(value, list):
            named = [policy.papers.get(each, Text(each, each)) for each in value]
            return ", ".join(each.in_language(language) for each in named)
        if fact is not None and isinstance(value, str):
            return word_text(policy, fact, value, language)
        if value == "all":
            return words.ALL_POINTS.in_language(language)
        return figure_text(value if span is None else read_span(value, least=0), language)

    said = {language: f"{label.in_language(language)}: {shown(language)}" for language in _LANGUAGES}
    return {"name": name, "value": value, **said}


def _values(rule: Rule, told: _Told, lots: Sequence[Lot]) -> Iterator[Said]:
    """The dated values by which a rule spoke: which figure applied, and from when to when."""
    scene = told.scene()
    found: set[tuple[str, int, str]] = set()
    clauses = [clause for condition in rule.conditions() for clause in condition.comparisons()]
    of_facts = {clause.right.name: clause.path for clause in clauses if isinstance(clause.right, ValueRef)}
    for name in _telling_values(rule):
        value, amount = told.policy.values[name], told.compiled.figures.amount(ValueRef(name))
        by_lot = amount.of_lot or value.dated_by.startswith("lot.")
        read_on = told.compiled.figures.fact(value.dated_by)
        of_value = 0
        for lot in lots if by_lot else (None,):
            on, figure = read_on(scene, lot), amount.read(scene, lot)
            number = _number(value, on)
            key = (name, number, str(figure))
            if key not in found and of_value < _MOST_FIGURES_OF_LOTS:
                of_value += 1
                found.add(key)
                yield _value(value, number, on, figure, of_facts.get(name), told.policy)


def _telling_values(rule: Rule) -> tuple[str, ...]:
    """The values that decide what a rule does. Those of its exceptions did not, where it spoke; nor does the time for
    which points are held say when they are paid.
    """
    exceptions = {
        clause.right
        for condition in rule.unless
        for clause in condition.comparisons()
        if isinstance(clause.right, ValueRef)
    }
    of_effect = {each for each in rule.amounts() if isinstance(each, ValueRef)}
    others = {
        clause.right
        for condition in rule.conditions()
        if condition not in rule.unless
        for clause in condition.comparisons()
        if isinstance(clause.right, ValueRef)
    }
    left_out = {each.name for each in exceptions - of_effect - others}
    if isinstance(rule, Pay) and isinstance(rule.held_for, ValueRef):
        left_out.add(rule.held_for.name)
    return tuple(name for name in rule.value_names() if name not in left_out)


def _number(value: Value, on: date | None) -> int:
    """Which of a value's figures holds on a day, from 0; a day that is missing is before every other."""
    return max((n for n, (first, _) in enumerate(value.since) if (first or date.min) <= (on or date.min)), default=0)


def _value(value: Value, number: int, on: date | None, figure: Any, of_fact: str | None, policy: Policy) -> Said:
    since = value.since[number][0]
    until = value.since[number + 1][0] if number + 1 < len(value.since) else None
    shown = Text(*(Teller(policy, language, on or date.min).cell(figure, value.unit) for language in _LANGUAGES))
    if value.unit == "number" and of_fact is not None:
        # A bare number says nothing without what is compared with it.
        fact = policy.facts[of_fact]
        shown = Text(f"{fact.ko} {shown.ko}", f"{fact.en.removeprefix('the ')}: {shown.en}")
    period = _period(value, on, since, until, policy)
    told = _article(value.terms) if value.terms else {"ko": "", "en": ""}
    because = {
        language: ", ".join(part for part in (period.in_language(language), told[language]) if part)
        for language in _LANGUAGES
    }
    because = {language: f"({because['ko']})" if language == "ko" else f" ({because['en']})" for language in because}
    return {
        "value": value.name,
        "terms": value.terms,
        "about": value.about,
        "figure": str(figure) if not isinstance(figure, int) else figure,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        **_said(words.FIGURE, figure=shown, because=Text(**because)),
    }


def _period(value: Value, on: date | None, since: date | None, until: date | None, policy: Policy) -> Text:
    """The days on which a figure holds, and of what they are the days where it is not the request."""
    last = until - timedelta(days=1) if until else None
    if since and last:
        period = _text(words.FROM_TO, since=since, until=last)
    elif since or last:
        period = _text(words.SINCE, since=since) if since else _text(words.UNTIL, until=last)
    else:
        return Text("", "")
    if on is None:
        period = words.WITHOUT_DAY
    if value.dated_by == "request.requested_on":
        return period
    if value.dated_by == "lot.acquired_on":
        return _text(words.OF_LOTS, period=period)
    fact = policy.facts[value.dated_by]
    return _text(words.BY_FACT, fact=Text(fact.ko, fact.en), period=period)


def _telling(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Why a lot cannot pay, as far as it matters: of one that has expired nothing else does, and what another rule
    says of it, such as that it can be spent still, would be wrong.
    """
    return [why for why in line["reasons"] if why["kind"] == "expire"] or line["reasons"]


def _lot(line: Mapping[str, Any], told: _Told) -> Said:
    """One lot: what it pays, or why it cannot."""
    decision = told.decision
    named = _named(line["lot"], line["left"], told.lots.get(line["lot"]), told.policy, decision["requested_on"])
    spent = "there" if decision["outcome"] == "denied" else "pays" if line["allocated"] else "can"
    last = line["last_usable_on"]
    said = _said(
        words.LOTS["cannot" if line["reasons"] else spent],
        lot=Text(named["ko"], named["en"]),
        points=f"{line['allocated']:,}",
        last=_text(words.LAST_DAY, day=last) if last else words.NO_LAST_DAY,
        why=Text(*(" ".join(each[language] for each in _telling(line)) for language in _LANGUAGES)),
    )
    return {
        "lot": line["lot"],
        "source": named["source"],
        "acquired_on": named["acquired_on"],
        "left": line["left"],
        "allocated": line["allocated"],
        "last_usable_on": last,
        "rules": [each["rule"] for each in line["reasons"]],
        **said,
    }


def _nearest(compiled: CompiledVersion, case: Case) -> dict[str, Any]:
    """What would have passed, with the decision on it, or that there is nothing."""
    found = nearest(compiled, case)
    if found is None:
        return {"found": False, "set": None, "decision": None, "ko": words.NOTHING.ko, "en": words.NOTHING.en}
    decision = found.decision.to_data()
    shown = {name: decision[name] for name in ("outcome", *_SUMS, "payable_on")}
    policy = compiled.policy
    parts = [_text(words.PARTS[name], amount=_money(decision[name], policy)) for name in words.PARTS if decision[name]]
    joined = Text(", ".join(each.ko for each in parts), ", ".join(each.en for each in parts))
    gross = _money(decision["gross"], policy)
    kept = _text(words.KEPT_BACK, gross=gross, parts=joined) if parts else Text("", "")
    would = _said(words.WOULD_PAY, payout=_money(decision["payout"], policy), kept=kept, paid=_paid(decision))
    basis = words.BASIS["as_of" in found.remedy.set]
    said = {
        language: f"{getattr(found.remedy, language)} {would[language]} {basis.in_language(language)}"
        for language in _LANGUAGES
    }
    return {"found": True, "set": dict(found.remedy.set), "decision": shown, **said}


def _contest(record: Record, days: int) -> dict[str, Any]:
    body = {"account": record.decision["account"], "kind": "contest", "decision_id": record.id}
    return {
        "method": "POST",
        "path": "/v1/inquiries",
        "body": body,
        "answered_within_days": days,
        **_said(words.CONTEST, days=days, id=record.id),
    }
