"""What the life of points leaves no time for: notices that come too early, and points that end before they are used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from engine.proofs.days import start_of_month
from engine.proofs.examples import day_example
from engine.proofs.findings import Code, Finding
from engine.proofs.logic import Answer, Term, either, every, opposite
from engine.proofs.prover import Prover, Shown
from engine.proofs.standing import Premises
from policies.kinds.earn import Earn
from policies.kinds.notice import Notice
from policies.model import Length, Text
from policies.problems import both
from policies.sentences import Teller
from policies.source import Path

_CLAMPED = 3
"""A day that lies some months before another can be so many days later, where its month is shorter."""


def early_notices(prover: Prover) -> Iterator[Finding]:
    """Notices that nobody ever gets: their conditions never hold, or no points last so long."""
    for rule in prover.policy.rules:
        if not isinstance(rule, Notice) or rule.of != "expiry":
            continue
        never: list[tuple[int, Premises]] = []
        unsure: list[int] = []
        for number, before in enumerate(rule.before):
            premises = _due(prover, rule, before)
            verdict = prover.of_requests.ask(*premises.values()).can
            if verdict == "no":
                never.append((number, premises))
            elif verdict == "unknown":
                unsure.append(number)
        for number in unsure:
            what = both(
                "이 안내가 나가는 일이 있는지 알아내지 못했습니다",
                "whether this notice is ever given was not found out",
            )
            yield prover.desk.unknown("dead-rule", [rule], ("rules", rule.index, "before", number), what)
        whole = len(never) == len(rule.before)
        for number, premises in never[: 1 if whole else None]:
            path: Path = ("rules", rule.index) if whole else ("rules", rule.index, "before", number)
            yield _early(prover, rule, rule.before[number], premises, path)


def _due(prover: Prover, rule: Notice, before: Length) -> Premises:
    """What it takes for a notice to be given: the facts are those of the day, the end is that of the lot."""
    requests = prover.requests
    world, of = requests.world, {"day.today": requests.world.today}
    lifted = either([world.condition(each, of) for each in rule.unless])
    days = []
    for where, span in world.amounts(before):
        end = world.days.after(span, world.today)
        days.append(every([where, end <= requests.last_day, requests.last_day <= end + _CLAMPED]))
    return {
        f"any {rule.id}": every([world.condition(rule.when, of), opposite(lifted)]),
        "due": either(days),
        "left": requests.left >= 1,
        "earned": world.fact("lot.acquired_on") <= world.today,
    }


def _early(prover: Prover, rule: Notice, before: Length, premises: Premises, path: Path) -> Finding:
    requests = prover.requests
    causes = prover.of_requests.clash(premises)
    told = Text(*(Teller(prover.policy, language, prover.policy.starts).figure(before) for language in ("ko", "en")))
    if "due" in causes:
        message = both(
            "이 안내는 한 번도 나가지 않습니다. 끝나기 {before} 전에 이미 있는 포인트가 없습니다",
            "this notice is never given: no points are there {before} before they end",
            before=told,
        )
    else:
        message = both(
            "이 안내는 조건이 성립하는 일이 없습니다", "this notice is never given: its conditions never hold"
        )
    hint = both("기간을 유효기간보다 짧게 쓰십시오", "let the span be shorter than the life of the points")
    ends = every([requests.last_day >= requests.world.today, requests.left >= 1])
    earned_today = requests.world.fact("lot.acquired_on") == requests.world.today

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.decided(day_example(requests.world, answer))
        return None if any(line["rule"] == rule.id for line in shown.got.get("notices", ())) else shown

    allocate = prover.policy.rules_of("allocate")[0]
    for first in ([premises[f"any {rule.id}"], earned_today, ends], [earned_today, ends], [ends]):
        _, shown = prover.of_requests.confirmed(first, partial(prover.wishes, rule=allocate), confirm)
        if shown is not None:
            scenario = prover.desk.scenario(
                f"{rule.id} tells nobody, not even here", shown.example, shown.got, ("notices",)
            )
            return prover.desk.finding("dead-rule", [rule], path, message, hint, scenario)
    return prover.desk.unknown("dead-rule", [rule], path, message)


def never_usable(prover: Prover) -> Iterator[Finding]:
    """Points that have ended on the day on which they become usable, or end on that day."""
    requests = prover.requests
    world = requests.world
    for rule in prover.policy.rules:
        if not isinstance(rule, Earn) or rule.usable_after is None or rule.expires_on is not None:
            continue
        acquired, usable = world.fact("lot.acquired_on"), world.fact("lot.usable_from_on")
        ways = []
        for where, span in world.amounts(rule.usable_after):
            day = world.days.after(span, acquired)
            first = day if rule.usable_from == "day" else world.days.of(start_of_month, day)
            world.days.relate(first)
            ways.append(every([where, usable == first]))
        granted = [world.fact("lot.source") == world.words.number(rule.source), either(ways)]
        if isinstance(rule.campaign, str):
            granted.append(world.fact("lot.campaign") == world.words.number(rule.campaign))
        lasting = either([requests.last_day == 0, requests.last_day >= usable])
        verdict = prover.of_requests.ask(*granted, lasting).can
        if verdict == "yes":
            longer = either([requests.last_day == 0, requests.last_day > usable])
            if prover.of_requests.ask(*granted, longer).can == "no":
                yield _useless(prover, rule, granted, _ON_ONE_DAY)
            continue
        if verdict == "unknown":
            what = both(
                "이렇게 적립된 포인트를 쓸 수 있는 날이 있는지 알아내지 못했습니다",
                "whether what this rule grants is ever usable was not found out",
            )
            yield prover.desk.unknown("stranded", [rule], ("rules", rule.index), what)
            continue
        yield _useless(prover, rule, granted, _NEVER)


class _Useless(NamedTuple):
    """Too short a time for points that a rule grants: how it is told, and whether they have ended on the first day."""

    code: Code
    message: Text
    name: str
    ended: bool


_NEVER = _Useless(
    "stranded",
    both(
        "이 규칙으로 적립된 포인트는 쓸 수 있게 되기 전에 끝납니다({rules})",
        "what this rule grants ends before it can be used: {rules}",
    ),
    "What {rule} grants has ended when it becomes usable",
    True,
)
_ON_ONE_DAY = _Useless(
    "off-by-one",
    both(
        "이 규칙으로 적립된 포인트는 마지막 사용일 하루에만 쓸 수 있습니다({rules})",
        "what this rule grants can be used on its last day only: {rules}",
    ),
    "What {rule} grants ends on the day on which it becomes usable",
    False,
)


def _useless(prover: Prover, rule: Earn, granted: list[Term], what: _Useless) -> Finding:
    requests, path = prover.requests, ("rules", rule.index)
    usable = requests.world.fact("lot.usable_from_on")
    lives = prover.policy.rules_of("expire")
    around = [each for each in lives if prover.of_requests.ask(*granted, requests.standing.speaks(each)).can == "yes"]
    figures = {"rules": ", ".join(each.id for each in around) or rule.id}
    message = Text(what.message.ko.format_map(figures), what.message.en.format_map(figures))
    hint = both(
        "usable_after: 기간을 유효기간보다 짧게 쓰십시오", "let usable_after: be shorter than the life of the points"
    )

    def confirm(answer: Answer) -> Shown | None:
        shown = prover.show(answer, allocate)
        return shown if shown.expired is what.ended else None

    allocate = prover.policy.rules_of("allocate")[0]
    on_that_day = [*granted, requests.world.today == usable, requests.left >= 1]
    _, shown = prover.of_requests.confirmed(on_that_day, partial(prover.wishes, rule=allocate), confirm)
    if shown is None:
        return prover.desk.unknown(what.code, [rule], path, message)
    name = what.name.format(rule=rule.id)
    scenario = prover.desk.scenario(name, shown.example, shown.got, ("lots", "last_usable_on"))
    return prover.desk.finding(what.code, [rule, *around], path, message, hint, scenario)
