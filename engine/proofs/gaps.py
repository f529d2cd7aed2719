"""Requests between rules: what less and more, or every other class, is covered of, and this is not.

That no rule speaks is often meant: bill credit is free, young points cost more. A gap is told only where the rules
around it show that it is none of that:
- **between**: the least and the most of a number or day are covered, by different rules, and something between is not;
- **one missing**: one number or day is not covered, and those before and after it are, be it by one rule;
- **left out**: every other member of a choice is covered, by more than one rule;
- **carved out**: a rule names a class that it is not for, no other rule takes it, and by another method one does;
- **unpaid**: of rules that say when it is paid, that all other methods have a day of payout and this one has it
  elsewhere; or that all other days, or the numbers before and after, have one.
An exception (`unless`) is an answer: who is excepted is covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from engine.proofs.days import FIRST, LAST
from engine.proofs.findings import Finding
from engine.proofs.inquiry import Verdict
from engine.proofs.logic import Answer, Term, either, every, number, opposite
from engine.proofs.others import Others
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import Requests
from engine.proofs.standing import within
from engine.proofs.world import PAST, Facts, World
from policies.kinds.earn import Earn
from policies.kinds.exclude import Exclude
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.model import Condition, Policy, Rule, Table, Text
from policies.problems import both

_BETWEEN = ("expire", "price", "fee", "tax", "pay", "limit")
_ONE_MISSING = (*_BETWEEN, "exclude", "allocate", "earn")
_MISSING_OF_ONE = (*_BETWEEN, "allocate", "earn")
"""Of which one rule by itself may forget one number or day; to exclude all but one is what an exclusion is for."""
_LEFT_OUT = ("expire", "price", "fee")
_CARVED_OUT = ("price", "fee")
_ORDERED = ("points", "money", "number", "date")
_MOST_AGE = 150
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class _Group:
    """Rules of one sort, one of which might cover a case."""

    kind: str
    rules: tuple[Rule, ...]
    world: World

    def covered_by(self, rule: Rule, of: Facts | None = None) -> Term:
        """Where a rule speaks of a case, be it to make an exception of it."""
        return every([self.world.condition(rule.when, of), self.world.clauses(within(rule), of)])

    def covered(self, of: Facts | None = None) -> Term:
        """Where one of them does."""
        return either([self.covered_by(rule, of) for rule in self.rules])

    def by_different(self, *sides: Facts) -> Term:
        """Where all sides are covered, and no rule covers all of them."""
        whole = [every([self.covered_by(rule, of) for of in sides]) for rule in self.rules]
        return every([*[self.covered(of) for of in sides], *map(opposite, whole)])


def gaps(prover: Prover) -> Iterator[Finding]:
    """Every gap: of each sort of rules the first by each number or day, or else by each choice."""
    for group in _groups(prover):
        paths = {path: prover.policy.facts[path].type for path in _paths(group)}
        found = [gap for path, sort in paths.items() if sort in _ORDERED for gap in _of_number(prover, group, path)]
        if not _proven(found) and group.kind in _CARVED_OUT:
            found += _carved_out(prover, group)
        if not _proven(found) and group.kind in _LEFT_OUT:
            found += [gap for path, sort in paths.items() if sort == "choice" for gap in _left_out(prover, group, path)]
        if not _proven(found) and group.kind == "pay":
            found += [*_unpaid_method(prover, group), *_unpaid_day(prover, group)][:1]
        # What was not found out by one number is no matter where a gap is told.
        yield from _proven(found) or found[:1]


def _proven(found: Sequence[Finding]) -> list[Finding]:
    return [each for each in found if each.proven]


def _groups(prover: Prover) -> Iterator[_Group]:
    found: dict[tuple[object, ...], list[Rule]] = {}
    for rule in prover.policy.rules:
        key: tuple[object, ...] = (rule.kind,)
        if isinstance(rule, Limit):
            senses = ("at_least", "at_most", "multiple_of")
            key = (rule.kind, rule.measure, next(name for name in senses if getattr(rule, name) is not None))
        elif isinstance(rule, Earn):
            key = (rule.kind, rule.event, rule.source)
        if rule.kind in _ONE_MISSING and not (isinstance(rule, Exclude) and rule.allowed_methods is not None):
            found.setdefault(key, []).append(rule)
    for rules in found.values():
        if len(rules) > 1 or rules[0].kind == "pay" or _leaves_out_one(rules[0]):
            yield _Group(rules[0].kind, tuple(rules), prover.subject(rules[0]).world)


def _paths(group: _Group) -> list[str]:
    """The facts that at least two of the rules name, and those of which one leaves something out."""
    named = [path for rule in group.rules for path in {clause.path for clause in rule.when.comparisons()}]
    left_out = {path for rule in group.rules for path in _leaves_out_one(rule)}
    return [path for path in dict.fromkeys(named) if named.count(path) > 1 or path in left_out]


def _leaves_out_one(rule: Rule) -> list[str]:
    """The facts along which a rule may speak of what is before and after something, and not of it."""
    if rule.kind not in _MISSING_OF_ONE:
        return []
    clauses = [clause for clause in rule.when.all_of if clause.operator in ("is_not", "not_in")]
    return [clause.path for clause in (*clauses, *(each for branch in rule.when.any_of for each in branch))]


def _of_number(prover: Prover, group: _Group, path: str) -> Iterator[Finding]:
    world, fact = group.world, prover.policy.facts[path]
    if fact.path.startswith("event.day_of") or fact.path.startswith("request.day_of"):
        return
    here = world.fact(path)
    least, most = _ends(world, path)
    asked: list[tuple[Facts, Facts, list[Term]]] = []
    before: Facts
    after: Facts
    if group.kind in _BETWEEN:
        before, after = {path: least}, {path: most}
        asked.append((before, after, [group.by_different(before, after), *([here >= 1] if fact.none else [])]))
    before, after = {path: here - 1}, {path: here + 1}
    by_one = [group.covered(before), group.covered(after)]
    around = by_one if group.kind in _MISSING_OF_ONE else [group.by_different(before, after)]
    asked.append((before, after, [*around, least < here, here < most]))
    verdicts = set()
    for before, after, around in asked:
        verdict, found = _looked_for(prover, group, [opposite(group.covered()), *around])
        verdicts.add(verdict)
        if found is not None:
            answer, shown = found
            sharing = [
                rule for of in (before, after) for rule in group.rules if answer.holds(group.covered_by(rule, of))
            ]
            value = answer.number(here)
            yield _gap(prover, group, path, world.told(path, value), sharing, shown)
            return
    if "unknown" in verdicts:
        yield _unknown(prover, group, path)


def _ends(world: World, path: str) -> tuple[Term, Term]:
    """The least and the most that a number or day can be."""
    fact = world.policy.facts[path]
    if fact.type == "date":
        first = world.policy.starts if path == world.today_path else FIRST
        return number(first.toordinal()), world.today if path in PAST else number(LAST.toordinal())
    if path in ("account.age", "account.year_age"):
        return number(0), number(_MOST_AGE)
    return number(1 if path == "request.points" else 0), number(_MOST)


def _left_out(prover: Prover, group: _Group, path: str) -> Iterator[Finding]:
    """A member of a choice that none covers, where all others are, by more than one rule."""
    world, choices = group.world, prover.policy.facts[path].choices
    if len(choices) <= 2:
        return
    verdicts = set()
    for member in choices:
        if group.kind == "fee" and path == "request.method" and _named_elsewhere(prover.policy, group, member):
            continue
        sides = [{path: number(world.words.number(other))} for other in choices if other != member]
        is_member = world.fact(path) == world.words.number(member)
        own = [is_member, opposite(group.covered()), group.by_different(*sides)]
        verdict, found = _looked_for(prover, group, own)
        verdicts.add(verdict)
        if found is not None:
            answer, shown = found
            sharing = [rule for of in sides for rule in group.rules if answer.holds(group.covered_by(rule, of))]
            yield _gap(prover, group, path, world.told(path, world.words.number(member)), sharing, shown)
            return
    if "unknown" in verdicts:
        yield _unknown(prover, group, path)


def _unpaid_method(prover: Prover, group: _Group) -> Iterator[Finding]:
    """A request that is paid by every other method, and elsewhere by its own, and here has no day of payout."""
    world, methods, path = group.world, prover.policy.methods, "request.method"
    for method in methods:
        its = {path: number(world.words.number(method))}
        naming = [rule for rule in group.rules if _names(rule, path)]
        own_rules = [rule for rule in naming if prover.of_requests.ask(group.covered_by(rule, its)).can != "no"]
        sides = [{path: number(world.words.number(other))} for other in methods if other != method]
        if not own_rules or not sides:
            continue
        own = [world.fact(path) == its[path], opposite(group.covered()), *map(group.covered, sides)]
        verdict, found = _looked_for(prover, group, own)
        if found is not None:
            answer, shown = found
            sharing = [rule for of in sides for rule in group.rules if answer.holds(group.covered_by(rule, of))]
            rule = own_rules[0]
            others = [each for each in rule.when.all_of if each.path != path]
            failing = next((each.path for each in others if not answer.holds(world.clause(each))), path)
            told = world.told(failing, answer.number(world.fact(failing)))
            yield _gap(prover, group, failing, told, [*sharing, rule], shown, rule)
            return
        if verdict == "unknown":
            yield _unknown(prover, group, path)


def _unpaid_day(prover: Prover, group: _Group) -> Iterator[Finding]:
    """One day of the month or of the week without a day of payout, where all others have one; or one number or day,
    where those before and after it have one.
    """
    world = group.world
    for path in dict.fromkeys(clause.path for rule in group.rules for clause in rule.when.comparisons()):
        fact, here = prover.policy.facts[path], world.fact(path)
        if path == "request.day_of_month":
            around = [either([here == day, group.covered({path: number(day)})]) for day in range(1, 32)]
        elif path == "request.weekday":
            days = [number(world.words.number(day)) for day in fact.choices]
            around = [either([here == day, group.covered({path: day})]) for day in days]
        elif fact.type in _ORDERED:
            around = [group.covered({path: here - 1}), group.covered({path: here + 1}), here >= 1]
        else:
            continue
        verdict, found = _looked_for(prover, group, [opposite(group.covered()), *around])
        if found is not None:
            answer, shown = found
            told = world.told(path, answer.number(here))
            yield _gap(prover, group, path, told, [rule for rule in group.rules if _names(rule, path)], shown)
            return
        if verdict == "unknown":
            yield _unknown(prover, group, path)


def _names(rule: Rule, path: str) -> bool:
    return any(clause.path == path for clause in rule.when.comparisons())


def _carved_out(prover: Prover, group: _Group) -> Iterator[Finding]:
    """A class that a rule names as not its own, that no other takes, and that is covered by another method."""
    world = group.world
    methods = [{"request.method": number(world.words.number(each))} for each in prover.policy.methods]
    for rule in group.rules:
        for clause in rule.when.all_of:
            if clause.operator not in ("is_not", "not_in") or clause.path == "request.method":
                continue
            if prover.policy.facts[clause.path].type != "choice":
                continue
            rest = Condition(tuple(each for each in rule.when.all_of if each is not clause), rule.when.any_of)
            elsewhere = either([group.covered(of) for of in methods])
            own = [world.condition(rest), opposite(world.clause(clause)), opposite(group.covered()), elsewhere]
            verdict, found = _looked_for(prover, group, own)
            if verdict == "unknown":
                yield _unknown(prover, group, clause.path)
            if found is not None:
                answer, shown = found
                told = world.told(clause.path, answer.number(world.fact(clause.path)))
                yield _gap(prover, group, clause.path, told, [rule], shown)
                return


def _named_elsewhere(policy: Policy, group: _Group, method: str) -> bool:
    """Whether any other rule or value speaks of a method: then it was not forgotten."""
    for rule in policy.rules:
        measured = getattr(getattr(rule, "measure", None), "methods", ())
        free = getattr(getattr(rule, "free", None), "methods", ()) if isinstance(rule, Fee) else ()
        table = rule.allowed_methods if isinstance(rule, Exclude) else None
        listed = [each for row in table.rows.values() for each in row or ()] if table else []
        rights = [
            right
            for condition in rule.conditions()
            for clause in condition.comparisons()
            if clause.path == "request.method" and rule not in group.rules
            for right in (clause.right if isinstance(clause.right, tuple) else (clause.right,))
        ]
        if method in (*measured, *free, *listed, *rights):
            return True
    return any(
        isinstance(cell, Table) and cell.by == "request.method" and method in cell.rows
        for value in policy.values.values()
        for _, cell in value.since
    )


def _looked_for(prover: Prover, group: _Group, own: Sequence[Term]) -> tuple[Verdict, tuple[Answer, Shown] | None]:
    """A case of a gap that the engine confirms: nothing denies it, and no rule of the group speaks.

    "no" means that there is none, and "unknown" that there might be one, but none was confirmed.
    """
    rule, kind = group.rules[0], group.kind
    inquiry, subject = prover.inquiry(rule), prover.subject(rule)
    ids = {each.id for each in group.rules}
    kept: list[tuple[Answer, Shown]] = []

    def speaks(shown: Shown) -> bool:
        if kind == "exclude":
            return any(ids & set(rules) for rules in shown.got["lots"].values())
        if kind == "earn":
            return any(line["rule"] in ids for line in shown.got.get("earned", ()))
        return bool(ids & shown.speaking.get(kind, frozenset()))

    def lacks(answer: Answer) -> list[str] | None:
        shown = prover.show(answer, rule)
        if shown.got["outcome"] in ("conflict", "not_in_force", "unsound") or speaks(shown):
            return []
        if (kind in _PAYING and shown.got["outcome"] == "denied") or (
            kind != "exclude" and any(shown.got.get("lots", {}).values())
        ):
            return prover.in_the_way(shown)
        kept.append((answer, shown))
        return None

    verdict = inquiry.ask(*own).can
    if verdict != "yes":
        return verdict, None
    answer = Answer("unknown")
    for settled, further in _ways(subject, kind):
        answer, asked = inquiry.guided([*own, *settled], further, lacks)
        if answer.can == "yes" and kept:
            break
    else:
        # The last of the ways settles nothing: what it rules out there is not.
        return ("no" if answer.can == "no" else "unknown"), None
    seen = kept[-1]

    def confirm(answer: Answer) -> tuple[Answer, Shown] | None:
        return (answer, kept[-1][1]) if lacks(answer) is None else None

    _, better = inquiry.confirmed([*own, *settled, *asked.values()], partial(prover.wishes, rule=rule), confirm)
    return "yes", better or seen


def _ways(subject: Requests | Others, kind: str) -> Iterator[tuple[Sequence[Term], Mapping[str, Term]]]:
    """What to settle of a case so that the engine confirms it, and what may have to hold besides."""
    if not isinstance(subject, Requests):
        yield (), {}
        return
    yield (), subject.simple
    yield (), subject.simple
    yield from ((settled, subject.simple) for settled in subject.settled)
    if kind in _PAYING:
        yield (), {**subject.passes, **subject.pays}
    else:
        living = {name: term for name, term in subject.pays.items() if name != "short"}
        yield (), {} if kind == "exclude" else living


_PAYING = ("price", "fee", "tax", "pay")


def _unknown(prover: Prover, group: _Group, path: str) -> Finding:
    fact, last = prover.policy.facts[path], group.rules[-1]
    what = both(
        "규칙 사이에 빠진 경우가 있는지 알아내지 못했습니다({fact}: {rules})",
        "whether these rules leave a case out by {fact} was not found out: {rules}",
        fact=Text(fact.ko, fact.en),
        rules=", ".join(rule.id for rule in group.rules),
    )
    return prover.desk.unknown("gap", [last, *group.rules[:-1]], ("rules", last.index), what)


def _gap(
    prover: Prover,
    group: _Group,
    path: str,
    told: Text,
    sharing: Sequence[Rule],
    shown: Shown,
    about: Rule | None = None,
) -> Finding:
    around = list(dict.fromkeys(sharing))
    last = about or max(around, key=lambda rule: rule.index)
    fact = prover.policy.facts[path]
    message = both(
        "{fact} {told}: {none}. 주위에는 규칙이 있습니다({rules})",
        "where {fact} is {told}, {none}, although the rules around it do: {rules}",
        fact=Text(fact.ko, fact.en),
        told=told,
        none=_NONE[group.kind],
        rules=", ".join(rule.id for rule in around),
    )
    hint = both("규칙의 경계를 맞추거나 빠진 규칙을 쓰십시오", "let the rules meet, or write the one that is missing")
    name = f"A gap: no rule like {last.id} speaks here"
    scenario = prover.desk.scenario(name, shown.example, shown.got, _KEYS[group.kind])
    rules = [last, *[rule for rule in around if rule is not last]]
    return prover.desk.finding("gap", rules, ("rules", last.index), message, hint, scenario)


_NONE = {
    "expire": both("유효기간을 정하는 규칙이 없습니다", "no rule says how long the points last"),
    "price": both("단가를 정하는 규칙이 없습니다", "no rule says what the points pay"),
    "fee": both("수수료를 정하는 규칙이 없습니다", "no rule says what a refund costs"),
    "tax": both("세금을 정하는 규칙이 없습니다", "no rule says what is withheld"),
    "pay": both("지급일을 정하는 규칙이 없습니다", "no rule says when it is paid"),
    "limit": both("이런 한도가 없습니다", "no rule sets such a limit"),
    "exclude": both("포인트를 제외하는 규칙이 없습니다", "no rule excludes the points"),
    "allocate": both("사용 순서를 정하는 규칙이 없습니다", "no rule says which lots pay first"),
    "earn": both("적립하는 규칙이 없습니다", "no rule grants points"),
}
_KEYS = {
    "expire": ("last_usable_on",),
    "price": ("prices", "gross"),
    "fee": ("fees", "fee"),
    "tax": ("taxes", "tax"),
    "pay": ("payable_on",),
    "limit": ("points",),
    "exclude": ("lots", "available"),
    "allocate": (),
    "earn": ("earned",),
}
