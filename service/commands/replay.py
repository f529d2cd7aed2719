"""`recoup replay`: decide again what is stored, and list what differs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from policies.model import Text
from service.commands._files import Unusable, language_option, read_day

if TYPE_CHECKING:
    from service.database import Database
    from service.replaying import Chosen

EPILOG = """\b
Example:
  recoup replay --policy kt-points@3 --day 2026-03-02
"""
SAME = Text(
    "결정 {decisions:,}건과 이벤트의 답 {answers:,}건을 다시 판정: 차이 없음",
    "{decisions:,} decisions and {answers:,} answers to events decided again: no differences",
)
OTHER = Text(
    "결정 {decisions:,}건과 이벤트의 답 {answers:,}건을 다시 판정: {differ:,}건에 차이 있음",
    "{decisions:,} decisions and {answers:,} answers to events decided again: {differ:,} of them differ",
)
LEFT_OUT = Text(
    "다시 판정할 수 없는 이벤트의 답 {left_out:,}건: 다른 이벤트나 묶음 때문에 거절됨",
    "{left_out:,} answers to events cannot be decided again: refused for another event or for lots",
)
ERASED = Text(
    "보관 기간이 지나 사안이 지워진 결정과 답 {erased:,}건: 다시 판정할 수 없음",
    "{erased:,} cannot be decided again: their cases were erased after the time that the policy keeps them",
)
PROGRESS = Text("{total:,}건 중 {done:,}건 확인", "{done:,} of {total:,}")
NONE = Text(
    "그런 결정도, 이벤트의 답도 보관되어 있지 않습니다. 다시 판정한 것이 없습니다",
    "no such decision and no such answer to an event is kept: there was nothing to decide again",
)
NO_ID = Text(
    "'{id}'은(는) 결정이나 답이 있는 이벤트의 id가 아닙니다", "no decision and no answered event has the id '{id}'"
)
NO_VERSION = Text("'{name}'은(는) 게시된 적이 없습니다", "'{name}' was never published")
NO_ACCOUNT = Text(
    "'{id}'은(는) 계정의 id가 아닙니다", "no account has the id '{id}', and nothing was decided about one"
)
NO_NUMBER = Text(
    "'{name}'에는 정책이나 정책@번호를 쓰십시오", "'{name}' is no policy and no version; write POLICY or POLICY@NUMBER"
)


@click.command(epilog=EPILOG)
@click.argument("id", required=False, default="")
@click.option("--day", metavar="DAY", help="Only those asked for, or that happened, on a local day.")
@click.option("--policy", default="", metavar="POLICY[@NUMBER]", help="Only those of a policy, or of one version.")
@click.option("--account", default="", help="Only those of an account.")
@language_option
def command(id: str, day: str | None, policy: str, account: str, lang: str) -> None:
    """Decide again what is stored, and list each difference.

    Every decision, and what every event came to, or only that of ID. Each is decided with the facts that it was made
    on, by the text and the holidays of its version; nothing is written. What takes longer than a second tells how far
    it is. Ends with 0 when nothing differs, with 1 when something does, with 2 when it could not be done.
    """
    from service.memory import collect_seldom
    from service.replaying import Chosen, Replay

    name, at, number = policy.partition("@")
    if at and not (number.isascii() and number.isdigit() and len(number) < 10 and name):
        raise Unusable(NO_NUMBER.in_language(lang).format(name=policy))
    on = None if day is None else read_day("--day", day, lang)
    chosen = Chosen(id, account, name, int(number) if at else None, on)
    counts = dict.fromkeys(("decisions", "answers", "differ", "left_out", "erased"), 0)
    with _opened(chosen, policy, lang) as (database, most_versions):
        replay = Replay(database, chosen, lang, most_versions)
        if id and not replay.rows:
            raise Unusable(NO_ID.in_language(lang).format(id=id))
        collect_seldom()
        progress = Progress(replay.rows, lang)
        for sort, found in (("decisions", replay.decisions()), ("answers", replay.answers())):
            for each in found:
                if each is not None:
                    counts["erased" if each.erased else sort if each.again else "left_out"] += 1
                    counts["differ"] += bool(each.differences)
                    for line in each.differences:
                        progress.clear()
                        click.echo(f"{each.id}: {line}")
                progress.step()
        progress.clear()
    none = chosen != Chosen() and not any(counts.values())
    click.echo((NONE if none else OTHER if counts["differ"] else SAME).in_language(lang).format(**counts))
    if counts["left_out"]:
        click.echo(LEFT_OUT.in_language(lang).format(**counts))
    if counts["erased"]:
        click.echo(ERASED.in_language(lang).format(**counts))
    if counts["differ"]:
        raise SystemExit(1)


class Progress:
    """How far a replay, or another long look, is, on stderr, once it takes longer than a second.

    In a terminal one line that is written over every second; elsewhere, as in the log of CI, a line now and then: each
    pause is twice the one before.
    """

    def __init__(self, total: int, language: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._sentence = PROGRESS.in_language(language)
        self._done = 0
        self._terminal = sys.stderr.isatty()
        self._shown = False
        self._pause = 1.0
        self._clock = clock
        self._next = clock() + self._pause

    def reach(self, count: int) -> None:
        """So many are done in all."""
        self.step(count - self._done)

    def step(self, count: int = 1) -> None:
        """One more is done, or so many."""
        self._done += count
        now = self._clock()
        if now < self._next:
            return
        said = self._sentence.format(done=self._done, total=self._total)
        if self._terminal:
            click.echo(f"\r\033[K{said}", nl=False, err=True)
            self._shown = True
        else:
            click.echo(said, err=True)
            self._pause *= 2
        self._next = now + self._pause

    def clear(self) -> None:
        """Take the line away, before another is printed."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)
            self._shown = False


@contextmanager
def _opened(chosen: Chosen, policy: str, language: str) -> Iterator[tuple[Database, int]]:
    """The database, and how many compiled versions may be kept. 1 means that something differs, so all that keeps this
    from being found out is 2. Raises Unusable.
    """
    from service import known, replaying
    from service.commands._database import looked_at
    from service.database import reading

    with looked_at() as (database, settings):
        if not replaying.known(database, chosen):
            raise Unusable(NO_VERSION.in_language(language).format(name=policy))
        with reading(database):
            if chosen.account and not known.account(database, chosen.account):
                raise Unusable(NO_ACCOUNT.in_language(language).format(id=chosen.account))
        yield database, settings.cached_versions
