"""`recoup shadow`: decide live traffic by another text, beside the one in force, and see what comes out otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policies.model import Text
from service.commands._asking import KEY, told, who_asks
from service.commands._database import looked_at, opened
from service.commands._files import Unusable, language_option, paint, read_file

if TYPE_CHECKING:
    from service.database import Database

EPILOG = f"""\b
Examples:
  recoup shadow start P-01K5M2W8Q3ZV4N7R9T0XYB6C1E
  recoup shadow start rules/kt-points.yaml
  recoup shadow show --lang ko
  recoup shadow stop

\b
Who starts or stops one is known by the API key in {KEY}, made by `recoup access create`.
"""
STARTED = Text(
    "{policy}: {id} 시작, 지금부터 저장되는 결정을 {what}(으)로도 판정",
    "{policy}: {id} is on; what is decided from now on is decided by {what} too",
)
STOPPED = Text("{policy}: {id} 중지", "{policy}: {id} is stopped")
NONE = Text("섀도가 없습니다", "there are none")
NO_SHADOW = Text("'{policy}' 정책에는 섀도가 없었습니다", "'{policy}' has had no shadow")
WHICH = Text("어느 정책의 섀도를 중지할지 쓰십시오: {known}", "name the policy whose shadow is to be stopped: {known}")
NOTHING_ON = Text("켜져 있는 섀도가 없습니다", "no shadow is on")
FILE = Text("넘겨받은 규칙 파일", "a rule file")
STATES = {
    "running": Text("실행 중", "running"),
    "ending": Text("마무리 중", "ending"),
    "ended": Text("끝남", "ended"),
}
HEAD = Text(
    "{policy}: {id} {state}, {what}, {started_at}부터 ({started_by})",
    "{policy}: {id} {state}, {what}, since {started_at}, by {started_by}",
)
UNTIL = Text("  {ended_at}에 중지 ({ended_by})", "  stopped {ended_at} by {ended_by}")
CAME = Text(
    "  {ended_at}에 끝남: 초안이 {policy}@{in_force_as}(으)로 시행됨",
    "  ended {ended_at}: its draft came into force as {policy}@{in_force_as}",
)
COUNTS = Text(
    "  판정 {decided:,}: 같음 {same:,}, 다름 {different:,}, 판정 불가 {failed:,}; 대기 {waiting:,}, 지워짐 {erased:,}",
    "  decided {decided:,}: same {same:,}, different {different:,}, failed {failed:,}; waiting {waiting:,},"
    " erased {erased:,}",
)
PAYOUT = Text(
    "  지급액: 시행 중 {in_force:,}, 섀도 {shadow:,}, 차이 {difference:+,}",
    "  payout: in force {in_force:,}, shadow {shadow:,}, difference {difference:+,}",
)
OUTCOME = Text(
    "  {method}: {in_force} -> {shadow}, {decisions:,}건 ({word}), 지급액 차이 {payout_difference:+,}",
    "  {method}: {in_force} -> {shadow}, {decisions:,} ({word}), payout {payout_difference:+,}",
)
WORDS = {True: Text("같음", "same"), False: Text("다름", "different")}
REASON = {
    "in_force": Text("  {rule}: 시행 중인 글에서만, {decisions:,}건", "  {rule}: only in force, {decisions:,}"),
    "shadow": Text("  {rule}: 섀도에서만, {decisions:,}건", "  {rule}: only by the shadow, {decisions:,}"),
}
FAILURES = {
    "bad_facts": Text("사실이 맞지 않음", "cannot take the facts"),
    "conflict": Text("규칙이 서로 어긋남", "two rules contradict each other"),
    "not_in_force": Text("시행일 전", "its first day had not come"),
    "unreadable": Text("이 버전의 Recoup이 글을 읽을 수 없음", "this release cannot read its text"),
    "bug": Text("오류: 로그를 보십시오", "a bug: see the log"),
}
FAILURE = Text("  판정 불가: {why}, {decisions:,}건", "  failed: {why}, {decisions:,}")
ORDERS = {
    "newest": Text("  최근에 다르게 판정된 것:", "  the newest that differ:"),
    "largest": Text("  지급액 차이가 가장 큰 것:", "  the largest differences:"),
}
SHORT = "{outcome} {points:,} -> {payout:,} [{reasons}]"


@click.group(epilog=EPILOG)
def command() -> None:
    """Decide live traffic by another text too, beside the one in force.

    The other text, the shadow, answers nobody: it decides what was decided and kept, afterwards, in the process that
    also sends messages (`recoup serve`, `recoup deliver`).
    """


@command.command()
@click.argument("candidate", metavar="DRAFT|FILE")
@language_option
def start(candidate: str, lang: str) -> None:
    """Have a draft, or a rule file, decide what is decided from now on. A policy has one shadow at a time."""
    from service import shadows
    from service.clock import utc_now

    drafted = candidate.startswith("P-") and not Path(candidate).exists()
    asked = {"draft": candidate} if drafted else {"rules": read_file(candidate).decode("utf-8-sig")}
    with opened() as (database, settings), told(lang):
        who = who_asks(database, settings, "author", "approver")
        made = shadows.start(database, None, who, utc_now(), **asked)
    click.echo(STARTED.in_language(lang).format(policy=made.policy, id=made.id, what=candidate))


@command.command()
@click.argument("policy", required=False)
@language_option
def stop(policy: str | None, lang: str) -> None:
    """Stop the shadow of POLICY, or the only one that is on. What was decided until now is still decided by it."""
    from service import shadows
    from service.clock import utc_now

    with opened() as (database, settings), told(lang):
        who = who_asks(database, settings, "author", "approver")
        made = shadows.stop(database, policy or _only_one(database, lang), who, utc_now())
    click.echo(STOPPED.in_language(lang).format(policy=made.policy, id=made.id))


@command.command()
@click.argument("policy", required=False)
@click.option("--limit", type=click.IntRange(0, 1_000), default=10, show_default=True, help="How many differences.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each policy, a line each.")
@language_option
def show(policy: str | None, limit: int, as_json: bool, lang: str) -> None:
    """Show what the newest shadow of POLICY, or of each policy, came to: counts, and what differs, by decision."""
    from service import shadows
    from service.clock import utc_now
    from service.database import reading

    with looked_at() as (database, _), reading(database):
        asked = shadows.policies(database) if policy is None else [policy]
        found = []
        for name in asked:
            shadow = shadows.newest(database, name, utc_now())
            if shadow is None:
                raise Unusable(NO_SHADOW.in_language(lang).format(policy=name))
            lists = {order: [*shadows.differences(database, shadow, order, None, limit)] for order in shadows.ORDERS}
            found.append({**shadows.line(shadow), **shadows.figures(database, shadow), **lists})
    for each in found:
        click.echo(json.dumps(each, ensure_ascii=False) if as_json else "\n".join(_lines(each, lang)))
    if not found and not as_json:
        click.echo(NONE.in_language(lang))


def _only_one(database: Database, lang: str) -> str:
    """The policy whose shadow is on, where there is just one. Raises Unusable."""
    from service import shadows
    from service.clock import utc_now
    from service.database import reading

    with reading(database):
        found = [shadows.newest(database, name, utc_now()) for name in shadows.policies(database)]
    on = [each.policy for each in found if each is not None and each.state == "running"]
    if len(on) != 1:
        raise Unusable((WHICH if on else NOTHING_ON).in_language(lang).format(known=", ".join(on)))
    return on[0]


def _lines(found: Mapping[str, Any], lang: str) -> Iterator[str]:
    """A shadow and what came of it, to read."""
    head = {**found, "state": STATES[found["state"]].in_language(lang)}
    head["what"] = found["draft"] or FILE.in_language(lang)
    yield HEAD.in_language(lang).format(**head)
    if found["ended_at"]:
        yield (UNTIL if found["in_force_as"] is None else CAME).in_language(lang).format(**found)
    yield COUNTS.in_language(lang).format(**found["counts"])
    yield PAYOUT.in_language(lang).format(**found["payout"])
    for outcome in found["outcomes"]:
        word = paint(WORDS[outcome["same"]].in_language(lang), "green" if outcome["same"] else "yellow")
        yield OUTCOME.in_language(lang).format(**outcome, word=word)
    for reason in found["reasons"]:
        yield REASON[reason["only"]].in_language(lang).format(**reason)
    for failure in found["failures"]:
        why = FAILURES[failure["failure"]].in_language(lang)
        yield FAILURE.in_language(lang).format(why=why, decisions=failure["decisions"])
    for order, title in ORDERS.items():
        # Those that pay the same are none of the largest.
        listed = [each for each in found[order] if order == "newest" or each["payout_difference"]]
        if listed:
            yield title.in_language(lang)
            yield from (f"    {_difference(each, lang)}" for each in listed)


def _difference(each: Mapping[str, Any], lang: str) -> str:
    before = _short(each["in_force"])
    if each["failure"]:
        return f"{each['id']}: {before} | {FAILURES[each['failure']].in_language(lang)}"
    return f"{each['id']}: {before} | {_short(each['shadow'])} ({', '.join(each['differs_in'])})"


def _short(side: Mapping[str, Any]) -> str:
    return SHORT.format(**{**side, "reasons": ", ".join(side["reasons"])})
