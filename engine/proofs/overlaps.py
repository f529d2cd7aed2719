"""Two rules that decide one thing at once, of kinds of which only one may: the engine then refuses to decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from engine.kinds.tax import named_before
from engine.proofs.findings import Finding
from engine.proofs.logic import Answer, Term, either, every, opposite
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import Requests
from engine.proofs.standing import Premises
from policies.kinds.clawback import Clawback
from policies.kinds.dormancy import Dormancy
from policies.kinds.fee import Fee
from policies.kinds.offset import Offset
from policies.kinds.tax import Tax
from policies.model import Rule, Span, SpanUnit, Text
from policies.problems import both

ONE_AT_A_TIME = ("expire", "allocate", "price", "fee", "tax", "offset", "pay", "clawback", "dormancy")
"""The kinds of which only one rule may decide."""

_MOST_CHARGES = 120
"""So many charges of one rule are looked at: ten years of one a month."""

MOST_OVERLAPS = 100
"""More are not looked for: a file with so many says something else than its author thinks."""


def overlaps(prover: Prover) -> Iterator[Finding]:
    """Every two rules that both decide in some case."""
    for kind in ONE_AT_A_TIME:
        rules = prover.policy.rules_of(kind)
        pairs = [
            (one, other)
            for place, one in enumerate(rules)
            for other in rules[place + 1 :]
            if _may_clash(prover, one, other)
        ]
        yield from _of_kind(prover, pairs)


def _of_kind(prover: Prover, pairs: Sequence[tuple[Rule, Rule]]) -> Iterator[Finding]:
    if not pairs:
        return
    inquiry, subject = prover.inquiry(pairs[0][0]), prover.subject(pairs[0][0])
    speaks = subject.standing.speaks
    context = list(_context(prover, pairs[0][0]).values())
    left = list(pairs)
    for _ in range(min(MOST_OVERLAPS, len(pairs))):
        answer = inquiry.ask(_one_of(left, prover), *context)
        if answer.can == "no":
            return
        if answer.can == "unknown":
            yield from _each_by_itself(prover, left, context)
            return
        one, other = next(pair for pair in left if answer.holds(speaks(pair[0])) and answer.holds(speaks(pair[1])))
        left.remove((one, other))
        yield _overlap(prover, one, other, context)


def _each_by_itself(prover: Prover, pairs: Sequence[tuple[Rule, Rule]], context: list[Term]) -> Iterator[Finding]:
    """Where all pairs together are too much to ask, one after the other."""
    speaks = prover.subject(pairs[0][0]).standing.speaks
    for one, other in pairs:
        answer = prover.inquiry(one).ask(speaks(one), speaks(other), *context, *_due(prover, one, other))
        if answer.can != "no":
            yield _overlap(prover, one, other, context)


def _overlap(prover: Prover, one: Rule, other: Rule, context: list[Term]) -> Finding:
    inquiry, subject = prover.inquiry(one), prover.subject(one)
    # Two lives contradict each other in the formulas too, once these say until when the lot lasts.
    alone: list[Term] = subject.alone if isinstance(subject, Requests) and one.kind != "expire" else []

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.show(answer, one)
        clash = shown.got["outcome"] == "conflict" and {*shown.got["reasons"]} == {one.id, other.id}
        return shown if clash else None

    speaks = subject.standing.speaks
    others = [opposite(speaks(each)) for each in prover.policy.rules_of(one.kind) if each not in (one, other)]
    premises = [speaks(one), speaks(other), *context, *alone, *_due(prover, one, other)]
    _, shown = inquiry.confirmed([*premises, *others], partial(prover.wishes, rule=one), confirm)
    if shown is None:
        _, shown = inquiry.confirmed(premises, partial(prover.wishes, rule=one), confirm)
    path = ("rules", other.index)
    what = both(
        "'{one}' 규칙({line}번째 줄)과 이 규칙이 함께 {does}",
        "this rule and '{one}' (line {line}) both {does}",
        one=one.id,
        line=one.line,
        does=_DOES[one.kind],
    )
    if shown is None:
        return prover.desk.unknown("overlap", [other, one], path, what)
    name = f"{one.id} and {other.id} contradict each other"
    scenario = prover.desk.scenario(name, shown.example, shown.got, ())
    return prover.desk.finding("overlap", [other, one], path, what, _HINTS.get(one.kind, _HINT), scenario)


def _one_of(pairs: Sequence[tuple[Rule, Rule]], prover: Prover) -> Term:
    """Where one of the pairs clashes, by the first of the two, so that the formula stays small."""
    by_first: dict[str, list[Rule]] = {}
    first = {one.id: one for one, _ in pairs}
    for one, other in pairs:
        by_first.setdefault(one.id, []).append(other)
    standing = prover.subject(pairs[0][0]).standing
    return either(
        [
            every(
                [
                    standing.speaks(first[name]),
                    either([every([standing.speaks(each), *_due(prover, first[name], each)]) for each in others]),
                ]
            )
            for name, others in by_first.items()
        ]
    )


def _context(prover: Prover, rule: Rule) -> Premises:
    """What else has to hold for two rules of a kind to decide."""
    requests = prover.requests
    if rule.kind == "price":
        return requests.pays
    if rule.kind in ("fee", "tax"):
        return {**requests.pays, **requests.passes}
    if rule.kind in ("offset", "pay"):
        return {**requests.passes, "gets": requests.available >= 1}
    if rule.kind == "dormancy":
        # Enough for both, or the first would leave nothing for the second to charge.
        return {"holds": prover.days.world.fact("lot.left") >= 1_000_000}
    return {}


def _may_clash(prover: Prover, one: Rule, other: Rule) -> bool:
    """Whether two rules of a kind have no arrangement with each other."""
    if one.id in other.overrides or other.id in one.overrides:
        return False
    if isinstance(one, Fee) and isinstance(other, Fee):
        return one.id not in other.adds_to and other.id not in one.adds_to
    if isinstance(one, Tax) and isinstance(other, Tax):
        taxes = prover.policy.rules_of("tax")
        chained = one.id in named_before(other, "of", taxes) or other.id in named_before(one, "of", taxes)
        same = bool(set(one.of) & set(other.of)) if one.of and other.of else not one.of and not other.of
        return same and not chained and one.id not in other.adds_to and other.id not in one.adds_to
    if isinstance(one, Offset) and isinstance(other, Offset):
        offsets = prover.policy.rules_of("offset")
        return one.id not in named_before(other, "after", offsets) and other.id not in named_before(
            one, "after", offsets
        )
    if isinstance(one, Clawback) and isinstance(other, Clawback):
        return one.event == other.event and not (one.of and other.of and set(one.of).isdisjoint(other.of))
    return True


def _due(prover: Prover, one: Rule, other: Rule) -> list[Term]:
    """Of charges for dormancy, that both are made on one day: the first of each, or the last, or one so long after the
    last activity that both are.
    """
    if not (isinstance(one, Dormancy) and isinstance(other, Dormancy)):
        return []
    together = every([first_charge(prover, rule) for rule in (one, other)])
    ours, theirs = _charges(one), _charges(other)
    if ours is None or theirs is None:
        return [together]
    common = sorted({*ours} & {*theirs}, key=lambda each: each.count)
    return [either([together, *[_idle_for(prover, length) for length in common[:1]]])]


def _charges(rule: Dormancy) -> list[Span] | None:
    """How long after the last activity a rule charges, in days or months; None where that is not the same for all."""
    idle, step, last = rule.idle, rule.every, rule.everything_after
    if not isinstance(idle, Span) or not isinstance(step, Span | None) or not isinstance(last, Span | None):
        return None
    lengths = [_counted(each) for each in (idle, step, last) if each is not None]
    if len({unit for _, unit in lengths}) > 1:
        return None
    (first, unit), *_ = lengths
    times = 1 if step is None else _MOST_CHARGES
    found = [first + number * (0 if step is None else _counted(step)[0]) for number in range(times)]
    end = None if last is None else _counted(last)[0]
    return [Span(count, unit) for count in found if end is None or count < end]


def _counted(length: Span) -> tuple[int, SpanUnit]:
    return (length.count * 12, "months") if length.unit == "years" else (length.count, length.unit)


def _idle_for(prover: Prover, length: Span) -> Term:
    """Where an account has been idle for just so long."""
    world = prover.days.world
    last, joined = world.fact("account.last_activity_on"), world.fact("account.joined_on")
    return either(
        [
            every([last > 0, world.today == world.days.after(length, last)]),
            every([last == 0, world.today == world.days.after(length, joined)]),
        ]
    )


def first_charge(prover: Prover, rule: Dormancy) -> Term:
    """Where a charge for dormancy is the first, or the last that takes everything."""
    world = prover.days.world
    days = []
    for span in (rule.idle if rule.points or rule.rate else None, rule.everything_after):
        for where, length in [] if span is None else world.amounts(span):
            days.append(every([where, _idle_for(prover, length)]))
    return either(days)


_DOES = {
    "expire": both("한 포인트의 유효기간을 정합니다", "say until when one lot lasts"),
    "allocate": both("사용 순서를 정합니다", "say which lots pay first"),
    "price": both("한 포인트의 단가를 정합니다", "price one lot"),
    "fee": both("한 포인트에 수수료를 매깁니다", "charge one lot"),
    "tax": both("한 포인트의 금액에 세금을 매깁니다", "tax the money of one lot"),
    "offset": both("순서 없이 상계합니다", "set debts off, in no order"),
    "pay": both("지급일을 정합니다", "say when it is paid"),
    "clawback": both("같은 적립을 회수합니다", "take back one earning"),
    "dormancy": both("같은 날 한 포인트를 차감합니다", "charge one lot on one day"),
}
_HINT: Text = both(
    "한쪽의 overrides: 항목에 다른 쪽을 쓰거나 when: 조건을 좁히십시오",
    "let one name the other under overrides:, or narrow a when:",
)
_OR_ADDS_TO: Text = both(
    "한쪽의 overrides: 또는 adds_to: 항목에 다른 쪽을 쓰거나 when: 조건을 좁히십시오",
    "let one name the other under overrides: or adds_to:, or narrow a when:",
)
_HINTS = {
    "fee": _OR_ADDS_TO,
    "tax": _OR_ADDS_TO,
    "offset": both(
        "한쪽의 overrides: 또는 after: 항목에 다른 쪽을 쓰거나 when: 조건을 좁히십시오",
        "let one name the other under overrides: or after:, or narrow a when:",
    ),
}
