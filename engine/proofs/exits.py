"""Points that no request ever gets out, and methods by which none is ever paid.

That a request is too small is no end: more points come. An end is what no balance, no day and no method helps against:
requests for all that is there are always denied; or no request by a method, or for points of a source, can pass, or by
a method none of one class of accounts.
What one rule says by itself (points of a source are not refunded) is meant; what only several do together is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from engine.proofs.applying import named
from engine.proofs.examples import Example, scenario_text
from engine.proofs.findings import Finding
from engine.proofs.inquiry import Verdict
from engine.proofs.logic import YES, Answer, Term, every, names_in
from engine.proofs.prover import Prover
from engine.proofs.standing import Premises
from policies.kinds.exclude import Exclude
from policies.kinds.limit import Limit
from policies.kinds.require import Require
from policies.model import Rule, Text
from policies.problems import both


def exits(prover: Prover) -> Iterator[Finding]:
    """What never gets out."""
    allocate = prover.policy.rules_of("allocate")[0]
    ways_out = _WaysOut(prover, allocate)
    anyone = ways_out.possible({})
    if anyone == "unknown":
        what = both("통과하는 신청이 있는지 알아내지 못했습니다", "whether any request passes was not found out")
        yield _unknown(prover, allocate, what)
    if anyone != "yes":
        yield from _none_passes(prover, allocate, {}, None) if anyone == "no" else ()
        return
    open_methods = []
    times = []
    for each in _times_of_figures(prover):
        found = _closed_then(prover, ways_out, each, {}, None)
        times += [] if found else [each]
        yield from found or ()
    for method, word in prover.policy.methods.items():
        chosen = {"chosen": _is(prover, "request.method", method)}
        verdict = ways_out.possible(chosen)
        if verdict == "no":
            yield from _none_passes(prover, allocate, chosen, method)
        elif verdict == "unknown":
            what = both(
                "{word}: 통과하는 신청이 있는지 알아내지 못했습니다",
                "whether any request for {word} passes was not found out",
                word=word,
            )
            yield _unknown(prover, allocate, what)
        else:
            open_methods.append(method)
            closed = (_closed_then(prover, ways_out, each, chosen, word) for each in times)
            # One time is enough: the next is closed by the same rules.
            yield from next((found for found in closed if found), ())
    yield from _closed_to_classes(prover, ways_out, open_methods)
    yield from _sources(prover, allocate)
    yield from _last_points(prover, ways_out)


class _WaysOut:
    """What is known of requests that pass: those that were found are remembered, and answer for others."""

    def __init__(self, prover: Prover, allocate: Rule) -> None:
        self.prover = prover
        self.allocate = allocate
        self._passing: list[Answer] = []

    def possible(self, chosen: Premises) -> Verdict:
        """Whether some request passes of which the chosen premises hold."""
        requests = self.prover.requests
        for answer in self._passing:
            if all(names_in(term) <= answer.names and answer.holds(term) for term in chosen.values()):
                return "yes"

        def lacks(answer: Answer) -> list[str] | None:
            shown = self.prover.show(answer, self.allocate)
            return None if shown.got["outcome"] in _NOT_DENIED else self.prover.in_the_way(shown)

        inquiry = self.prover.of_requests
        for settled in ([], *requests.settled):
            answer, _ = inquiry.guided([*chosen.values(), *settled], requests.simple, lacks)
            if answer.can == "yes" and lacks(answer) is None:
                self._passing.append(answer)
                return "yes"
        answer, _ = inquiry.guided(chosen.values(), requests.passes, lacks)
        return answer.can if answer.can != "yes" or lacks(answer) is None else "unknown"


def _unknown(prover: Prover, allocate: Rule, what: Text) -> Finding:
    return prover.desk.unknown("stranded", [allocate], ("rules", allocate.index), what)


_NOT_DENIED = ("approved", "needs_review", "conflict")
"""A conflict is told as an overlap: with that mended the request passes."""
_OWN = ("chosen", "all", "class", "source", "since")


def _is(prover: Prover, path: str, member: Any) -> Term:
    world = prover.requests.world
    return world.fact(path) == (world.words.number(member) if isinstance(member, str) else int(member))


def _none_passes(prover: Prover, allocate: Rule, chosen: Premises, member: str | None) -> Iterator[Finding]:
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


def _closed_then(
    prover: Prover, ways_out: _WaysOut, time: tuple[date, date | None], chosen: Premises, word: Text | None
) -> list[Finding]:
    """What is to be told of requests, or those by a method, in a time from one new figure to the next: that several
    rules together let none pass. What one rule says by itself is meant.
    """
    first, behind = time
    world = prover.requests.world
    within = [world.today >= first.toordinal(), *([] if behind is None else [world.today < behind.toordinal()])]
    chosen = {**chosen, "since": every(within)}
    verdict = ways_out.possible(chosen)
    if verdict == "yes":
        return []
    when = both("{first}부터", "from {first} on", first=first)
    if behind is not None:
        last = behind - timedelta(days=1)
        when = both("{first}부터 {last}까지", "from {first} to {last}", first=first, last=last)
    who = when if word is None else both("{word}({when} 신청)", "for {word} {when}", word=word, when=when)
    if verdict == "unknown":
        what = both(
            "{who}: 통과하는 신청이 있는지 알아내지 못했습니다",
            "whether any request {who} passes was not found out",
            who=who,
        )
        return [_unknown(prover, ways_out.allocate, what)]
    premises = {**prover.requests.passes, "usable": prover.requests.available >= 1, **chosen}
    causes = [name for name in prover.of_requests.clash(premises) if name not in (*_OWN, "usable")]
    rules = named(prover, causes, ways_out.allocate)
    if len(rules) < 2:
        return []
    message = both(
        "{who}: 통과하는 신청이 없습니다({told})",
        "no request {who} passes: {told}",
        who=who,
        told=prover.desk.causes(causes),
    )
    hint = both("막는 규칙의 수치를 맞추십시오", "let the figures of the rules that deny it fit each other")
    name = f"No request passes on {first}"
    return [*_shown(prover, rules, ways_out.allocate, chosen, message, hint, name)]


def _times_of_figures(prover: Prover) -> Iterator[tuple[date, date | None]]:
    """The times from one new figure to the next of rules that may deny a request."""
    firsts = sorted({each for each in _new_figures(prover) if each > prover.policy.starts})
    return zip(firsts, [*firsts[1:], None], strict=False)


def _new_figures(prover: Prover) -> Iterator[date]:
    """The days of a request from which rules that may deny it have another figure."""
    for rule in prover.policy.rules:
        if isinstance(rule, Require | Limit):
            for value in map(prover.policy.values.__getitem__, rule.value_names()):
                if value.dated_by == "request.requested_on":
                    yield from (first for first, _ in value.since[1:] if first is not None)


def _says_method(rule: Rule) -> bool:
    """Whether a rule asks for a method: then who cannot use another was thought of."""
    return isinstance(rule, Require) and any(clause.path == "request.method" for clause in rule.that.comparisons())


def _of_methods(rule: Rule) -> bool:
    """Whether a rule says nothing but which methods there are."""
    return isinstance(rule, Require) and all(clause.path == "request.method" for clause in rule.that.comparisons())


def _closed_to_classes(prover: Prover, ways_out: _WaysOut, methods: Sequence[str]) -> Iterator[Finding]:
    """Classes of accounts to which a method, or every one of them, is closed by several rules together."""
    for path, members in _classes(prover, Require, Limit):
        for member in members:
            by_class = {"class": _is(prover, path, member)}
            nowhere = ways_out.possible(by_class)
            if nowhere != "yes":
                yield from _closed(prover, ways_out, by_class, nowhere, path, member, None)
                continue
            for method in methods:
                chosen = {**by_class, "chosen": _is(prover, "request.method", method)}
                verdict = ways_out.possible(chosen)
                if verdict != "yes":
                    yield from _closed(prover, ways_out, chosen, verdict, path, member, method)


def _closed(
    prover: Prover, ways_out: _WaysOut, chosen: Premises, verdict: Verdict, path: str, member: Any, method: str | None
) -> Iterator[Finding]:
    word = prover.policy.methods[method] if method else both("어떤 방법으로도", "any method")
    where = _where(prover, path, member)
    if verdict == "unknown":
        what = both(
            "{where}{word}: 통과하는 신청이 있는지 알아내지 못했습니다",
            "{where}whether any request for {word} passes was not found out",
            where=where,
            word=word,
        )
        yield _unknown(prover, ways_out.allocate, what)
        return
    requests = prover.requests
    if any(prover.of_requests.ask(*chosen.values(), term).can == "no" for term in requests.passes.values()):
        # One rule says so by itself.
        return
    premises = {**requests.passes, "usable": requests.available >= 1, **chosen}
    causes = [name for name in prover.of_requests.clash(premises) if name not in (*_OWN, "usable")]
    rules = named(prover, causes, ways_out.allocate)
    if len(rules) < 2 or any(_says_method(rule) for rule in rules):
        return
    message = both(
        "{where}{word}: 통과하는 신청이 없습니다({told})",
        "{where}no request for {word} ever passes: {told}",
        where=where,
        word=word,
        told=prover.desk.causes(causes),
    )
    hint = both(
        "함께 막는 규칙 중 하나를 고치거나, 막는다는 규칙 하나로 쓰십시오",
        "correct one of the rules that deny it together, or say in one rule that it is not for them",
    )
    name = f"No request for {method or 'points'} passes where {path} is {member}"
    yield from _shown(prover, rules, ways_out.allocate, chosen, message, hint, name)


def _where(prover: Prover, path: str, member: Any) -> Text:
    """A class of accounts, in words before a sentence."""
    fact, world = prover.policy.facts[path], prover.requests.world
    told = world.told(path, world.words.number(member) if isinstance(member, str) else int(member))
    return both("조건({fact} {told}): ", "where {fact} is {told}, ", fact=Text(fact.ko, fact.en), told=told)


def _sources(prover: Prover, allocate: Rule) -> Iterator[Finding]:
    """Sources of which no point is ever paid out, by several rules together."""
    requests = prover.requests
    for source in prover.policy.sources if requests.of(Exclude) else ():
        is_source = _is(prover, "lot.source", source)
        premises = {**requests.passes, **requests.pays, "source": is_source}
        verdict = _possible_of_lot(prover, allocate, premises)
        word = prover.policy.sources[source]
        if verdict == "unknown":
            what = both(
                "{word}: 이 적립 유형의 포인트가 환급되는 일이 있는지 알아내지 못했습니다",
                "whether any point of {word} ever gets out was not found out",
                word=word,
            )
            yield _unknown(prover, allocate, what)
        if verdict != "no":
            continue
        causes = [name for name in prover.of_requests.clash(premises) if name != "source"]
        rules = named(prover, causes, allocate)
        if len(rules) < 2 or all(_alone(prover, rule, is_source) for rule in rules):
            continue
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
        chosen = {"source": is_source, "expired": requests.pays["expired"], "empty": requests.pays["empty"]}
        yield from _shown(prover, rules, allocate, chosen, message, hint, f"Points of {source} never get out")


def _possible_of_lot(prover: Prover, rule: Rule, premises: Premises) -> Verdict:
    """Whether some request passes for which the lot pays."""

    def lacks(answer: Answer) -> list[str] | None:
        shown = prover.show(answer, rule)
        pays = shown.got["outcome"] in _NOT_DENIED and bool(shown.got.get("allocation", True))
        return None if pays else prover.in_the_way(shown)

    own = [term for name, term in premises.items() if name in _OWN]
    simple = {name: term for name, term in prover.requests.simple.items() if name not in _OWN}
    for settled in ([], *prover.requests.settled):
        answer, _ = prover.of_requests.guided([*own, *settled], simple, lacks)
        if answer.can == "yes" and lacks(answer) is None:
            return "yes"
    answer, _ = prover.of_requests.guided(own, {n: t for n, t in premises.items() if n not in _OWN}, lacks)
    return answer.can if answer.can != "yes" or lacks(answer) is None else "unknown"


def _alone(prover: Prover, rule: Rule, is_source: Term) -> bool:
    """Whether a rule by itself keeps all points of a source."""
    if not isinstance(rule, Exclude):
        return False
    spoken = prover.requests.standing.speaks(rule)
    return prover.of_requests.ask(is_source, spoken == False).can == "no"  # noqa: E712


def _last_points(prover: Prover, ways_out: _WaysOut) -> Iterator[Finding]:
    """Requests for all that is there are always denied, for everybody or for one class of accounts."""
    requests, allocate = prover.requests, ways_out.allocate
    everything = every([requests.points == requests.available, requests.points >= 1])
    verdict = ways_out.possible({"all": everything})
    if verdict != "yes":
        yield from _stays(prover, allocate, {"all": everything}, Text("", ""), verdict)
        return
    for path, members in _classes(prover, Limit):
        for member in members:
            chosen = {"class": _is(prover, path, member), "all": everything}
            verdict = ways_out.possible(chosen)
            if verdict != "yes" and ways_out.possible({"class": chosen["class"]}) == "yes":
                yield from _stays(prover, allocate, chosen, _where(prover, path, member), verdict)


def _classes(prover: Prover, *kinds: type[Rule]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The choices and flags of the account that rules of some kinds look at, also through their values."""
    looked_at = {
        path
        for rule in prover.policy.rules
        if isinstance(rule, kinds)
        for path in prover.compiled_paths(rule)
        if path.startswith("account.")
    }
    for path in sorted(looked_at):
        fact = prover.policy.facts[path]
        if fact.type == "choice":
            yield path, fact.choices
        elif fact.type == "flag":
            yield path, (True, False)


def _stays(prover: Prover, allocate: Rule, chosen: Premises, where: Text, verdict: Verdict) -> Iterator[Finding]:
    if verdict == "unknown":
        what = both(
            "{where}남은 포인트를 모두 환급받을 수 있는 신청이 있는지 알아내지 못했습니다",
            "{where}whether any request takes all that is there was not found out",
            where=where,
        )
        yield _unknown(prover, allocate, what)
        return
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
    columns = ["request.method", "outcome", "reasons", *(["lots"] if "source" in chosen else [])]
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
