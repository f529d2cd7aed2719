"""A policy as sentences that a member could read, in the order of its stages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from policies.kinds import KINDS
from policies.model import Policy, Rule, Scalar, Text
from policies.sentences import Teller
from policies.values import cell_on

NOTHING: Mapping[str, Scalar] = MappingProxyType({})

HEADINGS = {
    "expire": Text("유효기간", "Expiry"),
    "exclude": Text("환급 제외 포인트", "Points that cannot be refunded"),
    "require": Text("신청 조건", "Who can apply"),
    "paper": Text("서류", "Papers"),
    "closed": Text("신청할 수 없는 때", "Closed times"),
    "limit": Text("한도", "Limits"),
    "allocate": Text("차감 순서", "Order of use"),
    "price": Text("환급 단가", "Prices"),
    "fee": Text("수수료", "Fees"),
    "tax": Text("세금", "Taxes"),
    "offset": Text("상계", "Debts set off"),
    "review": Text("담당자 확인", "Reviews"),
    "pay": Text("지급일", "Payout"),
    "earn": Text("적립", "Earning"),
    "clawback": Text("적립 취소", "Points taken back"),
    "dormancy": Text("휴면 차감", "Dormancy"),
    "notice": Text("안내", "Notices"),
}
"""The headings of the kinds."""


def rule_sentence(
    policy: Policy, rule: Rule, language: str, day: date, *, alone: bool = False, known: Mapping[str, Scalar] = NOTHING
) -> str:
    """One rule in a sentence, with the figures of `day`: what it says, when, and what lifts it. Told `alone`, it names
    no other rules: how rules stand to each other matters to those who write them. Of tables by a fact that is `known`
    only the figure that holds is told.
    """
    say = Teller(policy, language, day, known)
    told = KINDS[rule.kind].sentence(rule, say)
    when = say.condition(rule.when)
    if when:
        told += say.choose(f" 적용 조건: {when}.", f" Applies when {when}.")
    if rule.unless:
        lifted = say.choose("; 또는 ", "; or when ").join(say.condition(each) for each in rule.unless)
        told += say.choose(f" 예외: {lifted}.", f" Except when {lifted}.")
    if alone:
        return told
    if rule.overrides:
        others = ", ".join(rule.overrides)
        told += say.choose(
            f" 이 규칙이 적용되면 다음 규칙은 적용되지 않습니다: {others}.", f" Takes the place of {others}."
        )
    special = ", ".join(other.id for other in policy.rules if rule.id in other.overrides)
    if special:
        told += say.choose(f" 다음 규칙이 우선합니다: {special}.", f" Gives way to {special}.")
    return told


def change_lines(policy: Policy, rule: Rule, language: str, day: date) -> Iterator[str]:
    """What the figures of a rule were, are and will be: a line for each value of it that changes with some day.

    Where that day is the request's or the event's, the figure of `day` is marked.
    """
    say = Teller(policy, language, day)
    for name in rule.value_names():
        value = policy.values[name]
        if len(value.since) < 2:
            continue
        current = None if value.dated_by.startswith(("lot.", "account.")) else cell_on(value, say.day_of(name))
        parts = []
        for number, (first, cell) in enumerate(value.since):
            until = value.since[number + 1][0] if number + 1 < len(value.since) else None
            if number and first:
                when = say.choose(f"{first}부터", f"from {first}")
            else:
                assert until is not None
                when = say.choose(f"{until} 전", f"before {until}")
            here = say.choose(" (적용 중)", " (in force)") if cell is current else ""
            parts.append(f"{when}: {say.cell(cell, value.unit)}{here}")
        by = say.fact(value.dated_by)
        yield say.choose(f"{by}에 따라 다릅니다: ", f"Changes by {by}: ") + "; ".join(parts) + "."


def head_lines(policy: Policy, language: str, day: date) -> Iterator[str]:
    """Of what the policy speaks: since when it is in force, where points come from, and how they are refunded."""
    say = Teller(policy, language, day)
    yield policy.title.in_language(language)
    yield say.choose(f"{day} 기준, 약관: {policy.terms}", f"As of {day}; terms: {policy.terms}")
    if day < policy.starts:
        yield say.choose(
            f"시행일: {policy.starts}(아직 시행 전)", f"In force from {policy.starts}, so not yet on this day"
        )
    else:
        yield say.choose(f"시행일: {policy.starts}", f"In force from {policy.starts}")
    for heading, words in ((_SOURCES, policy.sources), (_METHODS, policy.methods)):
        yield f"{heading.in_language(language)}: {', '.join(word.in_language(language) for word in words.values())}"
    kept = say.figure(policy.retention)
    yield say.choose(
        f"판정에 쓴 사실과 적은 글: {kept} 보관 뒤 삭제", f"Facts and words behind decisions: kept {kept}, then erased"
    )


_SOURCES = Text("적립 유형", "Sources of points")
_METHODS = Text("환급 방법", "Refund methods")


def article(terms: str, language: str) -> str:
    """Where the terms say so.

    >>> article("19.1", "en"), article("19.1", "ko"), article("Annex B", "en"), article("별표 2", "ko")
    ('article 19.1', '제19조 제1항', 'Annex B', '별표 2')
    """
    match = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))?", terms)
    if match is None:
        return terms
    if language != "ko":
        return f"article {terms}"
    return f"제{match[1]}조" + (f" 제{match[2]}항" if match[2] else "")


def policy_lines(policy: Policy, language: str, day: date) -> Iterator[str]:
    """The whole policy, a line each: its head, then a heading for each kind and its rules with their articles.

    Below a rule, further in, stand the changes of its figures.
    """
    yield from head_lines(policy, language, day)
    for kind, heading in HEADINGS.items():
        rules = policy.rules_of(kind)
        if not rules:
            continue
        yield ""
        yield heading.in_language(language)
        for rule in rules:
            yield f"  {rule.id} ({article(rule.terms, language)}): {rule_sentence(policy, rule, language, day)}"
            yield from (f"    {line}" for line in change_lines(policy, rule, language, day))
