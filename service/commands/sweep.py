"""`recoup sweep`: book what time does to accounts."""

from __future__ import annotations

import click

from policies.model import Text
from service.commands._files import language_option

EPILOG = """\b
Example:
  recoup sweep
"""

DONE = Text(
    "계정 {accounts}개: 만료된 포인트 묶음 {expired}개, 휴면 차감 {charged}개, 안내 {notices}건,"
    " 보류가 풀린 신청 {lapsed}건",
    "swept {accounts} accounts: {expired} lots expired, {charged} charged, {notices} notices, {lapsed} requests lapsed",
)
FAILED = Text(
    "처리하지 못한 계정 {failed}개: 로그를 보십시오",
    "{failed} accounts could not be swept; the log says which, and why",
)


@click.command(epilog=EPILOG)
@language_option
def command(lang: str) -> None:
    """Book expired points and charges, give back what is held too long, and write the notices that are due.

    Run it once a day, soon after midnight of the programme's zone. It may be run twice, at any moment, and on several
    machines at once: each account is swept once for each day, days that were missed too. Ends with 1 when an account
    could not be swept; it is left as it was.
    """
    from service.clock import utc_now
    from service.config import read_settings
    from service.database import close_database, open_database
    from service.migrate import check_schema
    from service.publishing import Versions
    from service.sweeps import COUNTED, sweep

    settings = read_settings()
    database = open_database(settings)
    check_schema(database)
    found = sweep(database, Versions(database, settings.cached_versions), utc_now())
    close_database(database)
    counts = {name: found[name] for name in COUNTED}
    click.echo(DONE.in_language(lang).format(**counts))
    if counts["failed"]:
        click.echo(FAILED.in_language(lang).format(**counts), err=True)
        raise SystemExit(1)
