"""`recoup erase`: erase the words and links that were kept of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policies.model import Text
from service.commands._files import Unusable, language_option

if TYPE_CHECKING:
    from service.erasing import Erased

EPILOG = """\b
Examples:
  recoup erase A-0001 --by privacy-desk --reason "asked on 2 March" --dry-run
  recoup erase A-0001 --by privacy-desk --reason "asked on 2 March"
"""
NOTHING = Text("계정 '{account}'에 대해 보관된 것이 없습니다", "nothing is kept of an account '{account}'")
WOULD = Text("지울 것: {found}", "would erase: {found}")
DID = Text("지움 {id}: {found}", "erasure {id}: {found}")
NONE = Text("지울 것이 없습니다", "nothing is left to erase")
FOUND = Text(
    "결정 {decision}건, 신청 {refund_request}건, 처리 단계 {move}건, 문의의 말 {inquiry_entry}건,"
    " 보관된 응답 {answers}건",
    "{decision} decisions, {refund_request} requests, {move} moves, {inquiry_entry} entries of inquiries,"
    " {answers} kept answers",
)
OPEN = Text(
    "남김: 끝나지 않은 신청이나 문의에 필요한 기록 {open}건; 끝난 뒤에 다시 실행하십시오",
    "left: {open} records that an open request or inquiry needs; run it again when that has ended",
)
COUNTED = Text(
    "남김: 한도가 아직 세는 입금 계좌 {counted}개; 나중에 다시 실행하거나 --counted-too를 쓰십시오",
    "left: {counted} receiving accounts that limits count still; run it again later, or with --counted-too",
)
BOUND = Text(
    "남김: 결정 {name}; 이 기록은 지우면 같은 결정이 되지 않거나 읽을 수 없습니다",
    "left: decision {name}, which would not come out the same without what is to be erased, or cannot be read",
)


@click.command(epilog=EPILOG)
@click.argument("account")
@click.option("--by", "actor", required=True, help="Who erases: an opaque id, kept for ever.")
@click.option("--reason", required=True, help="Why, without anything personal: it is kept for ever.")
@click.option("--counted-too", is_flag=True, help="Receiving accounts too that limits count still, and then do not.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@language_option
def command(account: str, actor: str, reason: str, counted_too: bool, dry_run: bool, lang: str) -> None:
    """Erase what was written about ACCOUNT, and what leads from its records to a person.

    What people wrote is gone, and a random token stands for each receiving account and each person who did something.
    It cannot be undone. Points, decisions and every proof of the log stay as they were. May be run twice, and while
    the service runs. Ends with 1 when a record had to be left that cannot be erased.
    """
    from service.clock import utc_now
    from service.commands._database import opened
    from service.erasing import Erasing, Nothing
    from service.publishing import Versions
    from service.shapes import may_be_an_id

    if not may_be_an_id(actor) or not may_be_an_id(reason):
        raise Unusable("--by and --reason take 1 to 200 printable characters")
    with opened(exactly=True) as (database, settings):
        erasing = Erasing(database, Versions(database, settings.cached_versions))
        try:
            found = erasing.erase(account, actor, reason, utc_now(), counted_too=counted_too, rehearse=dry_run)
        except Nothing:
            raise Unusable(NOTHING.in_language(lang).format(account=account)) from None
    _say(found, lang, dry_run=dry_run)
    if found.bound:
        raise SystemExit(1)


def _say(found: Erased, language: str, *, dry_run: bool) -> None:
    kinds = ("decision", "refund_request", "move", "inquiry_entry")
    counts = {kind: found.records[kind] for kind in kinds} | {"answers": found.answers}
    said = FOUND.in_language(language).format(**counts)
    head = NONE if not any(counts.values()) else WOULD if dry_run else DID
    click.echo(head.in_language(language).format(id=found.id, found=said))
    if found.open:
        click.echo(OPEN.in_language(language).format(open=found.open))
    if found.counted:
        click.echo(COUNTED.in_language(language).format(counted=found.counted))
    for name in found.bound:
        click.echo(BOUND.in_language(language).format(name=name))
