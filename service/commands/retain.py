"""`recoup retain`: erase the facts and words that are older than their policies keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policies.model import Text
from service.commands._files import Unusable, language_option

if TYPE_CHECKING:
    from service.retaining import Retained

EPILOG = """\b
Examples:
  recoup retain --by nightly --dry-run
  recoup retain --by nightly
"""
WOULD = Text("지울 것: {found}", "would erase: {found}")
DID = Text("삭제 기록 {erasures:,}개: {found}", "{erasures:,} erasures: {found}")
NONE = Text("보관 기간이 지난 것이 없습니다", "nothing is older than its time")
FOUND = Text(
    "결정 {decision:,}건, 신청 {refund_request:,}건, 처리 단계 {move:,}건, 문의의 말 {inquiry_entry:,}건,"
    " 이벤트의 답 {event_answer:,}건, 보관된 응답 {answers:,}건",
    "{decision:,} decisions, {refund_request:,} requests, {move:,} moves, {inquiry_entry:,} entries of inquiries,"
    " {event_answer:,} answers to events, {answers:,} kept answers",
)
NEEDED = Text(
    "남김: 기간이 지났지만 아직 필요한 결정 {decision:,}건, 문의 {inquiry:,}건, 이벤트의 답 {event_answer:,}건",
    "left: {decision:,} decisions, {inquiry:,} inquiries and {event_answer:,} answers to events that are old, and"
    " needed still",
)
UNREADABLE = Text("남김: {name}; 이 기록은 읽을 수 없습니다", "left: {name}, whose record cannot be read")
SORTS = ("decision", "inquiry", "event_answer")


@click.command(epilog=EPILOG)
@click.option("--by", "actor", required=True, help="Who erases: an opaque id, kept for ever.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@language_option
def command(actor: str, dry_run: bool, lang: str) -> None:
    """Erase the facts and words that are older than their policies keep them.

    Of every decision and event that is older than the `retention` of the text by which it was decided, the facts go,
    and what was written about it; what was decided, points and every proof of the log stay. What still matters, such
    as requests that are not over and points that are left, is not touched. It cannot be undone. May be stopped at any
    moment and run again, and run while the service runs. Ends with 1 when a record had to be left that cannot be read.
    """
    from service.clock import utc_now
    from service.commands._database import opened
    from service.publishing import Versions
    from service.retaining import Retaining
    from service.shapes import may_be_an_id

    if not may_be_an_id(actor):
        raise Unusable("--by takes 1 to 200 printable characters")
    with opened(exactly=True) as (database, settings):
        retaining = Retaining(database, Versions(database, settings.cached_versions), utc_now())
        found = retaining.retain(actor, rehearse=dry_run)
    _say(found, lang, dry_run=dry_run)
    if found.unreadable:
        raise SystemExit(1)


def _say(found: Retained, language: str, *, dry_run: bool) -> None:
    kinds = ("decision", "refund_request", "move", "inquiry_entry", "event_answer")
    counts = {kind: found.records[kind] for kind in kinds} | {"answers": found.answers}
    said = FOUND.in_language(language).format(**counts)
    head = NONE if not any(counts.values()) else WOULD if dry_run else DID
    click.echo(head.in_language(language).format(erasures=found.erasures, found=said))
    if found.needed.total():
        click.echo(NEEDED.in_language(language).format(**{sort: found.needed[sort] for sort in SORTS}))
    for name in sorted(found.unreadable):
        click.echo(UNREADABLE.in_language(language).format(name=name))
