"""What would help, in plain words: the change that a reason asks for, and the nearest request that would have passed.

What a kept decision says of it is never changed, and reads like a condition of the rule file; here it is said anew from
its data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.compiled import CompiledVersion
from engine.decide import decide
from engine.decision import Decision, Remedy
from engine.errors import Conflict, NotInForce
from engine.facts import Case
from engine.nearest import nearest
from engine.reading import instant
from engine.remedies import apply_remedy
from policies.kinds.require import Require
from policies.model import Policy, Rule, Text
from policies.sentences import Teller, subject_particle
from service import explanation_words as words
from service.explanation_days import being, by_particle, object_particle, time_text
from service.explanation_figures import criteria
from service.explanation_told import (
    IDENTITY,
    LANGUAGES,
    Said,
    Told,
    asked_text,
    fact_text,
    filled,
    method_text,
    money_text,
    of_article,
    said,
)

SUMS = ("points", "gross", "fee", "tax", "offset", "payout")
_PAPERS = "request.papers"
_AT = "as_of"
_OF_THE_ASKING = ("request.points", "request.money", "request.method", _PAPERS, "request.requested_on", _AT)
"""What the nearest request changes by itself; the rest is who asks, and what is true of the member."""


def remedy(found: Mapping[str, Any] | None, rule: Rule | None, policy: Policy) -> Said | None:
    """What would help, as people say it: `set` are the facts that would have to be otherwise."""
    if found is None:
        return None
    parts = [_needed(path, value, found, rule, policy) for path, value in found["set"].items()]
    return {"set": found["set"], **said(_sentences(parts))}


def _sentences(parts: list[Text]) -> Text:
    return Text(" ".join(each.ko for each in parts), " ".join(each.en for each in parts))


def _needed(path: str, value: Any, found: Mapping[str, Any], rule: Rule | None, policy: Policy) -> Text:
    """The sentence of one fact."""
    if path == _AT:
        return filled(words.AGAIN_FROM, at=time_text(instant(value), policy.timezone))
    if path == _PAPERS:
        # Which of them is missing, and how old it may be, is what the decision says behind its colon.
        papers = Text(*(found[language].partition(": ")[2] for language in LANGUAGES))
        return filled(words.PAPERS_NEEDED, papers=papers)
    fact = policy.facts["request.points" if path == "request.money" else path]
    if path == "account.points_debt" and value == 0:
        return words.NO_POINTS_OWED
    if path == "account.debt" and value == 0:
        return words.NO_DEBT
    named = Text(fact.ko, fact.en)
    if fact.type == "flag":
        return words.NEEDED[path] if path in words.NEEDED and value else filled(_flag(value), fact=named)
    of_fact = subject_particle(fact.ko)
    if value in (None, ""):
        return filled(words.NEEDED_OF["none"], fact=named, of_fact=of_fact)
    amount = money_text(value, policy) if path == "request.money" else fact_text(policy, fact, value)
    if not path.startswith("request."):
        bounds = words.LEVELS if path in IDENTITY else words.BOUNDS
        amount = filled(bounds.get(_operator(rule, path), words.PLAIN), amount=amount)
    if path == "request.applicant" and value == "member":
        amount = Text("회원 본인", amount.en)
    text = words.NEEDED.get(path, words.NEEDED_OF["other"])
    particles = {"by": by_particle(amount.ko), "being": being(amount.ko), "subject": subject_particle(amount.ko)}
    return filled(text, fact=named, amount=amount, of_fact=of_fact, **particles)


def _flag(value: bool) -> Text:
    return words.NEEDED_OF["yes" if value else "no"]


def _operator(rule: Rule | None, path: str) -> str:
    """How the rule compares a fact: what is enough may be more than enough."""
    if not isinstance(rule, Require):
        return "is"
    operators = [clause.operator for clause in rule.that.comparisons() if clause.path == path]
    return {"over": "at_least", "under": "at_most"}.get(operators[0], operators[0]) if operators else "is"


def nearest_told(told: Told) -> dict[str, Any]:
    """What would have passed, with the decision on it, or that there is nothing. Where that is only a later day, what
    would pass today is told first, if somebody else may ask, or the member may do something about it.
    """
    case = told.case
    assert case is not None, "what would have passed is decided on the case"
    found = nearest(told.compiled, case)
    way = words.AFTER_THE_REASONS if found is None else words.WITHOUT_WAITING
    today = _today(told, case, way) if found is None or _AT in found.remedy.set else None
    if found is None:
        later: dict[str, Any] = {"found": False, "set": None, "decision": None}
        text = words.NOTHING
    else:
        later = {"found": True, "set": dict(found.remedy.set), "decision": _shown(found.decision)}
        basis = "later" if _AT in found.remedy.set else "asked"
        text = _passes(found.remedy.set, found.decision, told, basis)
    if today is None:
        return {**later, "today": None, **said(text)}
    first = Text(today["ko"], today["en"])
    parts = [first] if found is None else [first, filled(words.OTHERWISE, later=text)]
    return {**later, "today": today, **said(_sentences(parts))}


def _shown(decision: Decision) -> dict[str, Any]:
    data = decision.to_data()
    return {name: data[name] for name in ("outcome", *SUMS, "payable_on")}


def _today(told: Told, case: Case, way: Text) -> dict[str, Any] | None:
    """What would pass on the same day, if what the reasons ask for of the member and of who asks were so. Really
    decided, as every request that is told.
    """
    change: dict[str, Any] = {}
    needed: dict[str, Text] = {}
    for reason in told.decision["reasons"]:
        found = reason.get("remedy")
        if reason["effect"] != "denies" or found is None or "request.requested_on" in found["set"]:
            continue
        for path, value in found["set"].items():
            if path not in _OF_THE_ASKING and change.setdefault(path, value) == value:
                needed[path] = _needed(path, value, found, told.rules.get(reason["rule"]), told.policy)
    if not change:
        return None
    changed = apply_remedy(told.policy, case, Remedy(change, "", ""))
    passing = _passing(told.compiled, changed)
    if passing is None:
        return None
    differs, decision = passing
    passes = _passes(differs, decision, told, "changed")
    text = filled(way, needed=_sentences([*needed.values()]), passes=passes)
    return {"set": {**change, **differs}, "decision": _shown(decision), **said(text)}


def _passing(compiled: CompiledVersion, case: Case) -> tuple[Mapping[str, Any], Decision] | None:
    """The request of a case, or the nearest to it on the same day, with the decision on it."""
    try:
        decision = decide(compiled, case)
    except (Conflict, NotInForce, OverflowError):
        return None
    if decision.outcome != "denied":
        return {}, decision
    found = nearest(compiled, case)
    return None if found is None or _AT in found.remedy.set else (found.remedy.set, found.decision)


def _passes(differs: Mapping[str, Any], decision: Decision, told: Told, basis: str) -> Text:
    """That a request passes: what it is, what it comes to, and on what that was decided."""
    policy, data = told.policy, decision.to_data()
    amount, method = asked_text(data, policy), method_text(data, policy)
    asked = filled(words.FOR_METHOD, amount=amount, method=method)
    before = Text("", "")
    if _PAPERS in differs:
        names = [each["paper"] for each in differs[_PAPERS]]
        papers = Text(*(Teller(policy, language, told.day).papers(names, any_one=False) for language in LANGUAGES))
        before = filled(words.WITH_PAPERS, papers=papers)
    if _AT in differs:
        at = filled(words.AT_A_TIME, at=time_text(instant(differs[_AT]), policy.timezone))
        before = Text(at.ko + before.ko, before.en + at.en)
    asked = Text(before.ko + amount.ko, asked.en + before.en)
    particles = {"object": object_particle(amount.ko), "by": by_particle(method.ko)}
    passes = filled(words.WOULD_PASS[data["outcome"]], asked=asked, method=method, **particles)
    parts = [filled(words.PARTS[name], amount=money_text(data[name], policy)) for name in words.PARTS if data[name]]
    joined = Text(", ".join(each.ko for each in parts), ", ".join(each.en for each in parts))
    kept = filled(words.KEPT_BACK, gross=money_text(data["gross"], policy), parts=joined) if parts else Text("", "")
    payout = money_text(data["payout"], policy)
    would = filled(words.WOULD_PAY[data["outcome"]], payout=payout, kept=kept, paid=paid_text(data))
    return _sentences([passes, would, *_charged(data, told), words.BASIS[basis]])


def _charged(data: Mapping[str, Any], told: Told) -> Iterator[Text]:
    """Why something is kept of it, and by which figures."""
    for reason in data["reasons"]:
        if reason["effect"] == "charges":
            because = Text(reason["ko"], reason["en"])
            yield filled(words.CHARGED, said=because, article=of_article(reason["terms"]))
            rule = told.rules.get(reason["rule"])
            for each in () if rule is None else criteria(rule, told.policy, {"ko": because.ko, "en": because.en}):
                yield Text(f"{each['ko']}.", f"{each['en']}.")


def paid_text(decision: Mapping[str, Any]) -> Text:
    """By when it is paid, or would be, once approved."""
    day = decision["payable_on"]
    return filled(words.PAID_BY[decision["outcome"]], day=day) if day else Text("", "")
