"""Points that no request ever gets out, and methods by which none is ever paid.

That a request is too small is no end: more points come. An end is what no balance, no day and no method helps against:
requests for all that is there are always denied; or no request by a method, or for points of a source, can pass.
What one rule says by itself (points of a source are not refunded) is meant; what only several do together is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.proofs.applying import named
from engine.proofs.examples import Example, scenario_text
from engine.proofs.findings import Finding
from engine.proofs.logic import YES, Answer, Term, every
from engine.proofs.prover import Prover
from engine.proofs.standing import Premises
from policies.kinds.exclude import Exclude
from policies.kinds.limit import Limit
from policies.kinds.require import Require
from policies.model import Rule, Text
from policies.problems import both


def exits(prover: Prover) -> Iterator[Finding]:
    """What never gets out."""
    requests = prover.requests
    passes = requests.passes
    allocate = prover.policy.rules_of("allocate")[0]
    anyone = _possible(prover, allocate, passes)
    if anyone == "no":
        yield from _none_passes(prover, allocate, {}, "", None)
        return
    for method in prover.policy.methods:
        is_method = _is(prover, "request.method", method)
        if _possible(prover, allocate, {**passes, "chosen": is_method}) == "no":
            yield from _none_passes(prover, allocate, {"chosen": is_method}, "request.method", method)
    yield from _sources(prover, allocate)
    yield from _last_points(prover, allocate)


def _possible(prover: Prover, rule: Rule, premises: Premises) -> str:
    """Whether some request passes."""

    def lacks(answer: Answer) -> list[str] | None:
        shown = prover.show(answer, rule)
        return None if shown.got["outcome"] in ("approved", "needs_review") else prover.in_the_way(shown)

    own = {name: term for name, term in premises.items() if name in _OWN}
    further = {name: term for name, term in premises.items() if name not in own}
    quick = {**prover.requests.simple, **own}
    answer, _ = prover.of_requests.guided(own.values(), {n: t for n, t in quick.items() if n not in own}, lacks)
    if answer.can == "yes" and lacks(answer) is None:
        return "yes"
    answer, _ = prover.of_requests.guided(own.values(), further, lacks)
    return answer.can


_OWN = ("chosen", "all", "class")


def _is(prover: Prover, path: str, member: Any) -> Term:
    world = prover.requests.world
    return world.fact(path) == (world.words.number(member) if isinstance(member, str) else int(member))


def _none_passes(prover: Prover, allocate: Rule, chosen: Premises, path: str, member: Any) -> Iterator[Finding]:
    """No request passes, or none by one method."""
    premises = {**prover.requests.passes, "usable": prover.requests.available >= 1, **chosen}
    causes = [name for name in prover.of_requests.clash(premises) if name not in ("chosen", "usable")]
    rules = named(prover, causes, allocate)
    if len(rules) == 1 and _of_methods(rules[0]):
        return
    told = prover.desk.causes(causes)
    if member is None:
        message = both("어떤 신청도 통과하지 못합니다({told})", "no request ever passes: {told}", told=told)
    else:
        word = prover.policy.methods[member]
        message = both(
            "{word}: 이 방법으로는 어떤 신청도 통과하지 못합니다({told})",
            "no request for {word} ever passes: {told}",
            word=word,
            told=told,
        )
    hint = both("막는 규칙을 고치거나 방법을 빼십시오", "correct the rules that deny it, or take the method out")
    yield from _shown(
        prover, rules or [allocate], allocate, chosen, message, hint, f"No request for {member or 'points'} passes"
    )


def _of_methods(rule: Rule) -> bool:
    """Whether a rule says nothing but which methods there are."""
    return isinstance(rule, Require) and all(clause.path == "request.method" for clause in rule.that.comparisons())


def _sources(prover: Prover, allocate: Rule) -> Iterator[Finding]:
    """Sources of which no point is ever paid out, by several rules together."""
    requests = prover.requests
    for source in prover.policy.sources if requests.of(Exclude) else ():
        is_source = _is(prover, "lot.source", source)
        premises = {**requests.passes, **requests.pays, "class": is_source}
        if _possible_of_lot(prover, allocate, premises) != "no":
            continue
        causes = [name for name in prover.of_requests.clash(premises) if name != "class"]
        rules = named(prover, causes, allocate)
        if len(rules) < 2 or all(_alone(prover, rule, is_source) for rule in rules):
            continue
        word = prover.policy.sources[source]
        message = both(
            "{word}: 이 적립 유형의 포인트는 어떤 방법으로도 환급되지 않습니다({told})",
            "no point of {word} ever gets out, by any method: {told}",
            word=word,
            told=prover.desk.causes(causes),
        )
        hint = both(
            "한 가지 방법을 열거나, 환급되지 않는다는 규칙 하나로 쓰십시오",
            "open one of the methods, or say in one rule that these points are not refunded",
        )
        chosen = {"class": is_source, "expired": requests.pays["expired"], "empty": requests.pays["empty"]}
        yield from _shown(prover, rules, allocate, chosen, message, hint, f"Points of {source} never get out")


def _possible_of_lot(prover: Prover, rule: Rule, premises: Premises) -> str:
    """Whether some request passes for which the lot pays."""

    def lacks(answer: Answer) -> list[str] | None:
        shown = prover.show(answer, rule)
        pays = shown.got["outcome"] in ("approved", "needs_review") and bool(shown.got["allocation"])
        return None if pays else prover.in_the_way(shown)

    own = [term for name, term in premises.items() if name in _OWN]
    simple = {name: term for name, term in prover.requests.simple.items() if name not in _OWN}
    answer, _ = prover.of_requests.guided(own, simple, lacks)
    if answer.can == "yes" and lacks(answer) is None:
        return "yes"
    return prover.of_requests.guided(own, {n: t for n, t in premises.items() if n not in _OWN}, lacks)[0].can


def _alone(prover: Prover, rule: Rule, is_source: Term) -> bool:
    """Whether a rule by itself keeps all points of a source."""
    if not isinstance(rule, Exclude):
        return False
    spoken = prover.requests.standing.speaks(rule)
    return prover.of_requests.ask(is_source, spoken == False).can == "no"  # noqa: E712


def _last_points(prover: Prover, allocate: Rule) -> Iterator[Finding]:
    """Requests for all that is there are always denied, for everybody or for one class of accounts."""
    requests = prover.requests
    everything = every([requests.points == requests.available, requests.points >= 1])
    if _possible(prover, allocate, {**requests.passes, "all": everything}) == "no":
        yield from _stays(prover, allocate, {"all": everything}, Text("", ""))
        return
    for path, members in _classes(prover):
        for member in members:
            chosen = {"class": _is(prover, path, member), "all": everything}
            if _possible(prover, allocate, {**requests.passes, **chosen}) != "no":
                continue
            if _possible(prover, allocate, {**requests.passes, "class": chosen["class"]}) == "yes":
                fact = prover.policy.facts[path]
                told = requests.world.told(
                    path, requests.world.words.number(member) if isinstance(member, str) else int(member)
                )
                where = both(
                    "조건({fact} {told}): ", "where {fact} is {told}, ", fact=Text(fact.ko, fact.en), told=told
                )
                yield from _stays(prover, allocate, chosen, where)


def _classes(prover: Prover) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The choices and flags of the account that limits look at, also through their values."""
    looked_at = {
        path
        for rule in prover.policy.rules
        if isinstance(rule, Limit)
        for path in prover.compiled_paths(rule)
        if path.startswith("account.")
    }
    for path in sorted(looked_at):
        fact = prover.policy.facts[path]
        if fact.type == "choice":
            yield path, fact.choices
        elif fact.type == "flag":
            yield path, (True, False)


def _stays(prover: Prover, allocate: Rule, chosen: Premises, where: Text) -> Iterator[Finding]:
    causes = [name for name in prover.of_requests.clash({**prover.requests.passes, **chosen}) if name not in _OWN]
    rules = named(prover, causes, allocate)
    message = both(
        "{where}남은 포인트를 모두 환급받을 수 있는 신청이 없어, 마지막 포인트가 영영 남습니다({told})",
        "{where}no request ever takes all that is there, so the last points stay for ever: {told}",
        where=where,
        told=prover.desk.causes(causes),
    )
    hint = both(
        "해지할 때처럼 전부 환급되는 경우를 하나 두십시오",
        "leave one way out, such as an exception for members who leave",
    )
    yield from _shown(prover, rules or [allocate], allocate, chosen, message, hint, "The last points never get out")


@dataclass(frozen=True, slots=True)
class _Rows:
    """An example by every method: what the engine says of each."""

    example: Example
    rows: tuple[tuple[Any, ...], ...]


def _shown(
    prover: Prover, rules: list[Rule], allocate: Rule, chosen: Premises, message: Text, hint: Text, name: str
) -> Iterator[Finding]:
    """The finding with a request that every method denies."""
    requests = prover.requests
    path = ("rules", rules[0].index)

    def confirm(answer: Answer) -> _Rows | None:
        return _denied_by_all(prover, prover.example(answer, allocate), fixed="chosen" in chosen)

    premises = [*chosen.values(), requests.left >= 1, requests.points == requests.left, *_living(prover)]
    lots = [requests.pays[f"excluded {rule.id}"] for rule in requests.of(Exclude)] if "all" in chosen else []

    def wishes(answer: Answer) -> Iterator[Term]:
        yield every(lots) if lots else YES
        yield from prover.wishes(answer, allocate)

    _, found = prover.of_requests.confirmed(premises, wishes, confirm)
    if found is None:
        yield prover.desk.unknown("stranded", rules, path, message)
        return
    parts = dict(found.example.parts)
    request = dict(parts["request"])
    del request["method"]
    columns = ["request.method", "outcome", "reasons", *(["lots"] if "class" in chosen and "all" not in chosen else [])]
    rows = [row[: len(columns)] for row in found.rows]
    scenario = scenario_text(name, Example({**parts, "request": request}), columns=columns, rows=rows)
    yield prover.desk.finding("stranded", rules, path, message, hint, scenario)


def _living(prover: Prover) -> list[Term]:
    return [prover.requests.pays["expired"]]


def _denied_by_all(prover: Prover, example: Example, *, fixed: bool) -> _Rows | None:
    """What each method makes of an example, where all deny it; of a `fixed` method, that one."""
    methods = [example.parts["request"]["method"]] if fixed else [*prover.policy.methods]
    rows = []
    for method in methods:
        request: Mapping[str, Any] = {**example.parts["request"], "method": method}
        got = prover.decided(Example({**example.parts, "request": request})).got
        if got["outcome"] != "denied":
            return None
        lots = {lot: rules for lot, rules in got["lots"].items() if rules}
        rows.append((method, got["outcome"], got["reasons"], lots))
    return _Rows(example, tuple(rows))
