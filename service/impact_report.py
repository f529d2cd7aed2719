"""The report of an effect as plain data, with everything that is said in both languages.

What was asked stands in a `Heading`, what came of it in an `Effect`, wherever that was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from engine.comparing import groupings
from engine.effect import AMOUNTS, ERRORS, SIDES, Affected, Effect, Tally, Undecided, band_bounds
from engine.population.answers import Answer
from policies.model import Rule, Scalar, Text
from policies.problems import shorten
from policies.sentences import Teller, word_text
from policies.show import article, rule_sentence
from policies.versions import PolicyVersion
from service.clock import spoken
from service.impact import Sample

Plain = dict[str, Any]
LANGUAGES = ("ko", "en")
OUTCOMES = {
    "approved": Text("승인", "approved"),
    "denied": Text("거절", "denied"),
    "needs_review": Text("담당자 확인", "needs review"),
}
SIDES_SAID = dict(
    zip(
        SIDES,
        (Text("이전 정책", "old version"), Text("이후 정책", "new version"), Text("두 정책 모두", "both versions")),
        strict=True,
    )
)
_LONGEST_SENTENCE = 160


@dataclass(frozen=True, slots=True)
class Heading:
    """What was asked: two versions with what they are called, of `accounts` or `decisions`, grouped by which fact.

    `as_of` is the instant for which accounts were asked, `day` that of which rules tell their figures. `looked_at` is
    how many accounts or decisions those were, and `stored` how many there are, of which a sample was drawn.
    """

    before: PolicyVersion
    after: PolicyVersion
    names: tuple[str, str]
    source: str
    by: str
    looked_at: int
    stored: int
    day: date
    as_of: datetime | None = None
    sample: Sample | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    """What every request of an account says besides."""


def report(heading: Heading, effect: Effect) -> Plain:
    """The whole report."""
    words = Words(heading.before, heading.after, heading.by, heading.day)
    drawn = heading.sample and {"count": heading.looked_at, "of": heading.stored, "seed": heading.sample.seed}
    return {
        "before": _version(heading.before, heading.names[0]),
        "after": _version(heading.after, heading.names[1]),
        "source": heading.source,
        "sample": drawn,
        "as_of": heading.as_of and spoken(heading.as_of),
        "currency": heading.after.policy.currency,
        "by": {"fact": heading.by, **words.fact()},
        "looked_at": heading.looked_at,
        "accounts_changed": effect.accounts_changed if heading.source == "accounts" else None,
        "best": best(effect) if heading.source == "accounts" else None,
        "sentences": [
            *_sampled(heading),
            *([how_asked(heading.further)] if heading.source == "accounts" else []),
            *sentences(heading.source, effect, words),
        ],
        **figures(effect, words),
        "affected": [_affected(each) for each in effect.affected],
        "undecided": {**undecided(effect), "first": [_named(each) for each in effect.named]},
    }


def figures(effect: Effect, words: Words) -> Plain:
    """All counts and sums; they name no account."""
    groups = sorted(effect.by("by").items(), key=lambda each: words.place(str(each[0][0])))
    return {
        "total": tally(effect.total()),
        "methods": [
            {"method": each, **words.method(str(each)), **tally(found)}
            for (each,), found in effect.by("method").items()
        ],
        "groups": [{"group": each, **words.group(str(each)), **tally(found)} for (each,), found in groups],
        "methods_and_groups": [
            {"method": method, "group": group, **tally(found)}
            for (method, group), found in effect.by("method", "by").items()
        ],
        "outcomes": [
            {"before": before, "after": after, **tally(found)}
            for (before, after), found in effect.by("before", "after").items()
        ],
        "reasons": [
            {"rule": rule, **words.rule(rule), **{name: getattr(found, name) for name in SPOKEN}}
            for rule, found in effect.reasons().items()
        ],
        "points": [{**_bounds(edge), **tally(found)} for (edge,), found in effect.by("amount").items()],
        "payout_changes": [{**_bounds(edge), **tally(found)} for (edge,), found in effect.by("change").items()],
    }


SPOKEN = ("before", "after", "appears", "vanishes")


def tally(found: Tally) -> Plain:
    """Some groups together."""
    amounts = {
        name: {
            "before": found[f"{name}_before"],
            "after": found[f"{name}_after"],
            "difference": found.difference(name),
        }
        for name in AMOUNTS
    }
    counts = {name: getattr(found, name) for name in ("gaining", "gained", "losing", "lost")}
    return {"count": found.count, "changed": found["changed"], **counts, **amounts}


def best(effect: Effect) -> Plain:
    """What accounts are paid that each take the method that pays them most."""
    before, after = effect.best
    return {"before": before, "after": after, "difference": after - before}


def undecided(effect: Effect) -> Plain:
    """How many questions were not answered twice, by side and kind."""
    kinds = [
        {"side": side, "kind": kind, "count": count, **said(_NOT_DECIDED, why=ERRORS[kind], side=SIDES_SAID[side])}
        for (side, kind), count in sorted(effect.undecided.items())
    ]
    return {"count": sum(effect.undecided.values()), "kinds": kinds}


class Words:
    """What the methods, rules and groups of two versions are called: as the later one calls them, if it has them."""

    def __init__(self, before: PolicyVersion, after: PolicyVersion, by: str, day: date) -> None:
        self._day = day
        self._policies = after.policy, before.policy
        self._fact = groupings(before.policy, after.policy)[by]
        self._choices = [*self._fact.choices]

    def fact(self) -> Plain:
        """What the groups go by."""
        return {"ko": self._fact.ko, "en": self._fact.en}

    def method(self, method: str) -> Plain:
        """A refund method."""
        found = next((each.methods[method] for each in self._policies if method in each.methods), Text(method, method))
        return {"ko": found.ko, "en": found.en}

    def group(self, group: str) -> Plain:
        """What a group of accounts has in common."""
        value: Scalar = {"true": True, "false": False}.get(group, group) if self._fact.type == "flag" else group
        return {each: word_text(self._policies[0], self._fact, value, each) for each in LANGUAGES}

    def place(self, group: str) -> tuple[int, int, str]:
        """Where a group stands among the others: in the order of the rule file, numbers in theirs."""
        if group in self._choices:
            return self._choices.index(group), 0, group
        return len(self._choices), int(group) if group.isdecimal() else 0, group

    def rule(self, rule: str) -> Plain:
        """A rule in a sentence, and where the terms say so; of what speaks where no rule of a file can, its id."""
        for policy in self._policies:
            for each in policy.rules:
                if each.id == rule:
                    told = {
                        language: shorten(
                            rule_sentence(policy, each, language, self._day, alone=True), _LONGEST_SENTENCE
                        )
                        for language in LANGUAGES
                    }
                    return {"article": {"ko": article(each.terms, "ko"), "en": article(each.terms, "en")}, **told}
        return {"article": None, "ko": rule, "en": rule}

    def money(self, amount: int) -> Text:
        """An amount of money."""
        return Text(*(Teller(self._policies[0], language, date.min).money(amount) for language in LANGUAGES))


def sentences(source: str, effect: Effect, words: Words) -> Iterator[Plain]:
    """What a policy owner asks first: how many answers change, what it costs, who gains and who loses."""
    total = effect.total()
    if source == "accounts":
        yield said(_ASKED, accounts=f"{effect.accounts:,}", changed=f"{effect.accounts_changed:,}")
    yield said(_CHANGED[source], count=f"{total.count:,}", changed=f"{total['changed']:,}")
    for name in ("payout", "fee", "tax", "offset"):
        difference = total.difference(name)
        if difference or name == "payout":
            which = _COSTS[name][(difference > 0) - (difference < 0)]
            amounts = {side: words.money(total[f"{name}_{side}"]) for side in ("before", "after")}
            yield said(which, amount=words.money(abs(difference)), **amounts)
    if total.gaining or total.losing:
        yield said(
            _GAIN,
            gaining=f"{total.gaining:,}",
            gained=words.money(total.gained),
            losing=f"{total.losing:,}",
            lost=words.money(total.lost),
        )
    if source == "accounts":
        before, after = effect.best
        which = _BEST[(after > before) - (after < before)]
        amounts = {"before": words.money(before), "after": words.money(after)}
        yield said(which, amount=words.money(abs(after - before)), **amounts)
        yield said(_NO_FORECAST)
    if effect.undecided:
        yield said(_UNDECIDED, count=f"{sum(effect.undecided.values()):,}")


def said(text: Text, **figures: str | Text) -> Plain:
    """A sentence in both languages."""
    return {
        language: text.in_language(language).format(
            **{name: each.in_language(language) if isinstance(each, Text) else each for name, each in figures.items()}
        )
        for language in LANGUAGES
    }


def _sampled(heading: Heading) -> Iterator[Plain]:
    if heading.sample is not None:
        yield said(
            _SAMPLE[heading.source],
            count=f"{heading.looked_at:,}",
            stored=f"{heading.stored:,}",
            seed=str(heading.sample.seed),
        )


def how_asked(further: Mapping[str, Any]) -> Plain:
    """How accounts asked, and so what is not among their answers."""
    if further:
        return said(_HOW_ASKED_WITH, facts=", ".join(f"{name}: {value}" for name, value in further.items()))
    return {"ko": _HOW_ASKED.ko, "en": _HOW_ASKED.en}


_HOW_ASKED = Text(
    "계정마다 회원 본인이 앱에서 자기 계좌로 신청한 것으로 결정했습니다."
    " 고객센터 신청이나 다른 사람의 신청은 들어 있지 않습니다.",
    "Each account asked in the app, as the member, for its own account: requests by phone, or by anybody else, are not"
    " among these answers.",
)
_HOW_ASKED_WITH = Text(
    "계정마다 다음과 같이 신청한 것으로 결정했습니다: {facts}. 나머지는 회원 본인이 앱에서 신청한 것으로 보았습니다.",
    "Each account asked with {facts}, and otherwise in the app, as the member: other requests are not among these"
    " answers.",
)


def not_met(before: PolicyVersion, after: PolicyVersion, effect: Effect) -> Iterator[Plain]:
    """The changed rules that object to, review or charge a request, and that no answer names."""
    old, new = ({rule.id: rule for rule in each.policy.rules if rule.kind in _NAMED_KINDS} for each in (before, after))
    values = {
        name
        for name in {**before.policy.values, **after.policy.values}
        if before.policy.values.get(name) != after.policy.values.get(name)
    }
    changed = [
        name
        for name in {**old, **new}
        if _plain_rule(old.get(name)) != _plain_rule(new.get(name))
        or any(values & set(each[name].value_names()) for each in (old, new) if name in each)
    ]
    met = {name for name, found in effect.reasons().items() if found.before or found.after}
    missed = [name for name in changed if name not in met]
    if missed:
        yield said(_NOT_MET, rules=", ".join(missed))


def _plain_rule(rule: Rule | None) -> Rule | None:
    """A rule without its place in the file."""
    return None if rule is None else replace(rule, line=0, index=0)


_NAMED_KINDS = ("fee", "tax", "limit", "require", "review", "closed", "offset")
"""The kinds of rules that an answer names where they made a difference to it."""
_NOT_MET = Text(
    "바뀐 규칙 가운데 이 신청 중 하나도 해당하지 않은 것: {rules}. 그 영향은 위 수치에 들어 있지 않습니다.",
    "Changed, but met by none of these requests: {rules}. What these rules do to others is not in the figures.",
)


def _version(version: PolicyVersion, name: str) -> Plain:
    return {"name": name, "policy": version.policy.id, "version": version.number, "digest": version.digest}


def _bounds(edge: int | str) -> Plain:
    least, most = band_bounds(int(edge))
    return {"from": least, "to": most}


def affected(found: Affected) -> Plain:
    """What becomes of an account's answer, without its id."""
    return {
        "method": found.before.method,
        "group": found.by,
        "difference": found.difference,
        "before": _answer(found.before),
        "after": _answer(found.after),
        "appears": sorted({*found.after.reasons} - {*found.before.reasons}),
        "vanishes": sorted({*found.before.reasons} - {*found.after.reasons}),
    }


def _affected(found: Affected) -> Plain:
    return {"account": found.before.account_id, "decision": found.reference or None, **affected(found)}


def _answer(answer: Answer) -> Plain:
    return {
        "outcome": answer.outcome,
        **{name: getattr(answer, name) for name in AMOUNTS},
        "reasons": list(answer.reasons),
    }


def _named(found: Undecided) -> Plain:
    detail = found.error.removeprefix(f"{found.kind}").removeprefix(": ")
    return {
        "account": found.account,
        "decision": found.reference or None,
        "method": found.method or None,
        "side": found.side,
        "kind": found.kind,
        **said(_BECAUSE if detail else _KIND, why=ERRORS[found.kind], detail=detail),
    }


_ASKED = Text(
    "계정 {accounts}개 가운데 {changed}개는 한 가지 이상의 방법에서 답이 바뀝니다.",
    "Of {accounts} accounts, {changed} get another answer by some method.",
)
_CHANGED: Mapping[str, Text] = {
    "accounts": Text("방법별 답 {count}건 가운데 {changed}건이 바뀝니다.", "Of {count} answers, {changed} change."),
    "decisions": Text(
        "다시 내린 결정 {count}건 가운데 {changed}건이 바뀝니다.",
        "Of {count} decisions that were made again, {changed} change.",
    ),
}
# Less, the same, more: by the sign of the difference.
_COSTS: Mapping[str, Mapping[int, Text]] = {
    "payout": {
        1: Text(
            "지급액이 모두 {amount} 늘어납니다({before} → {after}).",
            "{amount} more is paid out in all ({after}; it was {before}).",
        ),
        0: Text("지급액은 모두 {before}, 그대로입니다.", "As much is paid out as before, {before} in all."),
        -1: Text(
            "지급액이 모두 {amount} 줄어듭니다({before} → {after}).",
            "{amount} less is paid out in all ({after}; it was {before}).",
        ),
    },
    "fee": {
        1: Text("수수료 수입이 {amount} 늘어납니다.", "{amount} more is kept as fees."),
        -1: Text("수수료 수입이 {amount} 줄어듭니다.", "{amount} less is kept as fees."),
    },
    "tax": {
        1: Text("원천징수하는 세금이 {amount} 늘어납니다.", "{amount} more tax is withheld."),
        -1: Text("원천징수하는 세금이 {amount} 줄어듭니다.", "{amount} less tax is withheld."),
    },
    "offset": {
        1: Text("미납 금액과 상계하는 금액이 {amount} 늘어납니다.", "{amount} more is set off against debts."),
        -1: Text("미납 금액과 상계하는 금액이 {amount} 줄어듭니다.", "{amount} less is set off against debts."),
    },
}
_GAIN = Text(
    "{gaining}건은 더 받고(모두 {gained}), {losing}건은 덜 받습니다(모두 {lost}).",
    "{gaining} are paid more ({gained} in all), {losing} are paid less ({lost} in all).",
)
_BEST: Mapping[int, Text] = {
    1: Text(
        "계정마다 가장 많이 받는 방법 하나를 고르면 지급액은 {amount} 늘어납니다({before} → {after}).",
        "Where each account takes the method that pays most, {amount} more is paid out ({after}; it was {before}).",
    ),
    0: Text(
        "계정마다 가장 많이 받는 방법 하나를 고르면 지급액은 {before}, 그대로입니다.",
        "Where each account takes the method that pays most, as much is paid out as before, {before}.",
    ),
    -1: Text(
        "계정마다 가장 많이 받는 방법 하나를 고르면 지급액은 {amount} 줄어듭니다({before} → {after}).",
        "Where each account takes the method that pays most, {amount} less is paid out ({after}; it was {before}).",
    ),
}
_NO_FORECAST = Text(
    "계정마다 방법마다 가진 포인트 전부를 신청한 것으로 셉니다. 한 계정의 포인트는 한 번만 환급되므로, 여러 방법을 "
    "더한 금액은 예측이 아닙니다.",
    "Each account asks for all its points by each method. Points are refunded once only, so a sum over the methods is "
    "no forecast.",
)
_UNDECIDED = Text(
    "{count}건은 한쪽 또는 양쪽 정책으로 판정할 수 없어 다른 수치에 들어 있지 않습니다.",
    "{count} could not be decided by one version or by either, and are in no other figure.",
)
_KIND, _BECAUSE = Text("{why}", "{why}"), Text("{why}: {detail}", "{why}: {detail}")
_NOT_DECIDED = Text("{why}({side})", "{why} ({side})")
_SAMPLE: Mapping[str, Text] = {
    "accounts": Text(
        "표본입니다: 계정 {stored}개 가운데 {count}개(시드 {seed}). 아래 수치는 모두 표본의 수치입니다.",
        "This is a sample: {count} of {stored} accounts, by the seed {seed}. Every figure is that of the sample.",
    ),
    "decisions": Text(
        "표본입니다: 결정 {stored}건 가운데 {count}건(시드 {seed}). 아래 수치는 모두 표본의 수치입니다.",
        "This is a sample: {count} of {stored} decisions, by the seed {seed}. Every figure is that of the sample.",
    ),
}
