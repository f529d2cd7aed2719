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
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from engine.proofs.days import FIRST, LAST
from engine.proofs.findings import Finding
from engine.proofs.inquiry import Verdict
from engine.proofs.logic import Answer, Term, either, every, follows, number, opposite
from engine.proofs.others import Others
from engine.proofs.overlaps import first_charge
from engine.proofs.prover import Prover, Shown
from engine.proofs.requests import PLENTY, Requests
from engine.proofs.standing import within
from engine.proofs.world import PAST, Facts, Leaf, World
from policies.kinds.clawback import Clawback
from policies.kinds.dormancy import Dormancy
from policies.kinds.earn import Earn
from policies.kinds.exclude import Exclude
from policies.kinds.fee import Fee
from policies.kinds.limit import Limit
from policies.model import Amount, Condition, Policy, Rule, Table, Text
from policies.problems import both
from policies.sentences import percent_text

_BETWEEN = ("expire", "price", "fee", "tax", "pay", "limit")
_ONE_MISSING = (*_BETWEEN, "exclude", "allocate", "earn", "clawback", "dormancy")
_MISSING_OF_ONE = (*_BETWEEN, "allocate", "earn", "clawback", "dormancy")
"""Of which one rule by itself may forget one number or day; to exclude all but one is what an exclusion is for."""
_LEFT_OUT = ("expire", "price", "fee", "pay", "allocate")
_CARVED_OUT = ("price", "fee")
_ORDERED = ("points", "money", "number", "date", "percent")
_MOST_AGE = 150
_MOST = 10**12


_GROSS = "gross"
"""Stands among the facts for the money that the points come to, by which fees may go."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Rules of one sort, one of which might cover a case. That a fee is none of a `gross` counts where that is given:
    along other facts, an amount that costs nothing may be meant.
    """

    kind: str
    rules: tuple[Rule, ...]
    world: World
    gross: Term | None = None

    def covered_by(self, rule: Rule, of: Facts | None = None) -> Term:
        """Where a rule speaks of a case, be it to make an exception of it."""
        speaks = [self.world.condition(rule.when, of), self.world.clauses(within(rule), of)]
        if isinstance(rule, Fee) and self.gross is not None:
            gross = self.gross if of is None else of.get(_GROSS, self.gross)
            speaks += [follows(where, gross >= least) for where, least in self._bounds(rule.gross_at_least)]
            speaks += [follows(where, gross < most) for where, most in self._bounds(rule.gross_under)]
        return every(speaks)

    def _bounds(self, bound: Amount | None) -> list[Leaf]:
        return [] if bound is None else self.world.amounts(bound)

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
        if sum(isinstance(rule, Fee) and _by_gross(rule) for rule in group.rules) > 1:
            found += _of_number(prover, replace(group, gross=prover.requests.gross), _GROSS)
        if not _proven(found) and group.kind in _CARVED_OUT:
            found += _carved_out(prover, group)
        if not _proven(found) and group.kind in _LEFT_OUT:
            found += [gap for path, sort in paths.items() if sort == "choice" for gap in _left_out(prover, group, path)]
        if not _proven(found) and group.kind == "pay":
            found += [*_unpaid_method(prover, group), *_unpaid_day(prover, group)][:1]
        # What was not found out by one number is no matter where a gap is told.
        yield from _different(_proven(found)) or found[:1]


def _different(found: Sequence[Finding]) -> list[Finding]:
    """Each gap once: what two facts leave out together is seen along both, in one case."""
    return list({each.scenario.partition("\n")[2]: each for each in reversed(found)}.values())[::-1]


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
        elif isinstance(rule, Clawback):
            key = (rule.kind, rule.event, rule.of)
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


def _by_gross(rule: Fee) -> bool:
    return rule.gross_at_least is not None or rule.gross_under is not None


def _leaves_out_one(rule: Rule) -> list[str]:
    """The facts along which a rule may speak of what is before and after something, and not of it."""
    if rule.kind not in _MISSING_OF_ONE:
        return []
    clauses = [clause for clause in rule.when.all_of if clause.operator in ("is_not", "not_in")]
    return [clause.path for clause in (*clauses, *(each for branch in rule.when.any_of for each in branch))]


def _of_number(prover: Prover, group: _Group, path: str) -> Iterator[Finding]:
    world = group.world
    if path.startswith(("event.day_of", "request.day_of")):
        return
    # A percentage is known by what it is a part of: the more is left of a lot, the less of it was used.
    measured = "lot.left" if path == "lot.used_rate" else path
    here = prover.requests.gross if path == _GROSS else world.fact(measured)
    least, most = _ends(world, measured)
    within = [least < here, here < most, *_charged(prover, group)]
    asked: list[tuple[Facts, Facts, Term]] = []
    before: Facts
    after: Facts
    if group.kind in _BETWEEN:
        before, after = {measured: least}, {measured: most}
        asked.append((before, after, group.by_different(before, after)))
    before, after = {measured: here - 1}, {measured: here + 1}
    by_one = every([group.covered(before), group.covered(after)])
    asked.append((before, after, by_one if group.kind in _MISSING_OF_ONE else group.by_different(before, after)))
    verdicts = set()
    for before, after, around in asked:
        verdict, found = _looked_for(prover, group, [opposite(group.covered()), around, *within])
        verdicts.add(verdict)
        if found is not None:
            answer, shown = found
            sharing = [
                rule for of in (before, after) for rule in group.rules if answer.holds(group.covered_by(rule, of))
            ]
            yield _gap(prover, group, path, _told(prover, world, answer, path), sharing, shown)
            return
    if "unknown" in verdicts:
        yield _unknown(prover, group, path)


def _told(prover: Prover, world: World, answer: Answer, path: str) -> Text:
    """What a fact is in a case, in words."""
    if path == "lot.used_rate":
        amount, left = answer.number(world.fact("lot.amount")), answer.number(world.fact("lot.left"))
        used = percent_text(Fraction(100 * (amount - left), amount))
        return Text(used, used)
    if path == _GROSS:
        gross = f"{answer.number(prover.requests.gross):,}"
        return Text(gross, gross)
    return world.told(path, answer.number(world.fact(path)))


def _charged(prover: Prover, group: _Group) -> list[Term]:
    """Where dormancy is charged, so that one sees who is not: on the day of the first charge of one of the rules."""
    rules = [rule for rule in group.rules if isinstance(rule, Dormancy)]
    if not rules:
        return []
    return [either([first_charge(prover, rule) for rule in rules]), prover.days.world.fact("lot.left") >= PLENTY]


def _ends(world: World, path: str) -> tuple[Term, Term]:
    """The least and the most that a number or day can be."""
    if path in world.policy.facts and world.policy.facts[path].type == "date":
        first = world.policy.starts if path == world.today_path else FIRST
        return number(first.toordinal()), world.today if path in PAST else number(LAST.toordinal())
    if path in ("account.age", "account.year_age"):
        return number(0), number(_MOST_AGE)
    if path == "lot.left":
        return number(0), world.fact("lot.amount")
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
            yield _gap(prover, group, path, _where_too(prover, group, answer, path), sharing, shown)
            return
    if "unknown" in verdicts:
        yield _unknown(prover, group, path)


def _where_too(prover: Prover, group: _Group, answer: Answer, path: str) -> Text:
    """A choice of a case in words, and the others that it takes for the case to be left out."""
    world, facts = group.world, prover.policy.facts
    told = world.told(path, answer.number(world.fact(path)))
    for other in _paths(group):
        if other == path or facts[other].type != "choice":
            continue
        members = [{other: number(world.words.number(each))} for each in facts[other].choices]
        if any(answer.holds(group.covered(of)) for of in members):
            more = world.told(other, answer.number(world.fact(other)))
            name = facts[other]
            told = Text(f"{told.ko}, {name.ko} {more.ko}", f"{told.en} and {name.en} is {more.en}")
    return told


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
    kept: list[tuple[Answer, Shown]] = []

    def lacks(answer: Answer) -> list[str] | None:
        shown = prover.show(answer, rule)
        if shown.got["outcome"] in ("conflict", "not_in_force", "unsound") or _speaks(group, shown):
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


def _speaks(group: _Group, shown: Shown) -> bool:
    """Whether a rule of the group has its say in a decided case."""
    ids, kind = {each.id for each in group.rules}, group.kind
    if kind == "exclude":
        return any(ids & set(rules) for rules in shown.got["lots"].values())
    if kind == "earn":
        return any(line["rule"] in ids for line in shown.got.get("earned", ()))
    if group.gross is not None:
        # A fee that is none of this gross applies, and charges nothing.
        return bool(ids & set(shown.got.get("fees", ())))
    if kind in ("clawback", "dormancy"):
        return bool(ids & set(shown.got["reasons"]))
    return bool(ids & shown.speaking.get(kind, frozenset()))


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
    last = group.rules[-1]
    what = both(
        "규칙 사이에 빠진 경우가 있는지 알아내지 못했습니다({fact}: {rules})",
        "whether these rules leave a case out by {fact} was not found out: {rules}",
        fact=_words(prover.policy, path),
        rules=", ".join(rule.id for rule in group.rules),
    )
    return prover.desk.unknown("gap", [last, *group.rules[:-1]], ("rules", last.index), what)


def _words(policy: Policy, path: str) -> Text:
    """What a number or day along which there is a gap is called."""
    if path == _GROSS:
        return both("환급액", "the money that the points come to")
    return Text(policy.facts[path].ko, policy.facts[path].en)


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
    message = both(
        "{fact} {told}: {none}. 주위에는 규칙이 있습니다({rules})",
        "where {fact} is {told}, {none}, although the rules around it do: {rules}",
        fact=_words(prover.policy, path),
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
    "clawback": both("회수하는 규칙이 없습니다", "no rule takes points back"),
    "dormancy": both("차감하는 규칙이 없습니다", "no rule charges dormancy"),
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
    "clawback": ("taken", "earned"),
    "dormancy": ("charged",),
}
