"""`recoup inquiries`: what waits for an answer, what is due first at the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.commands._files import language_option

if TYPE_CHECKING:
    from service.inquiries import Inquiry


EPILOG = """\b
Example:
  recoup inquiries --limit 20
"""


@click.command(epilog=EPILOG)
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True, help="How many to list.")
@language_option
def command(limit: int, lang: str) -> None:
    """List the open inquiries in the database of DATABASE_URL.

    What is overdue comes first, then what is due next. What people wrote is not printed.
    """
    from service import inquiries
    from service.clock import utc_now
    from service.config import read_settings
    from service.database import close_database, open_database, reading
    from service.inquiries import Inquiries
    from service.migrate import check_schema
    from service.publishing import Versions

    settings = read_settings()
    database = open_database(settings)
    check_schema(database)
    desk = Inquiries(database, Versions(database, settings.cached_versions), utc_now, settings.answer_within_days)
    with reading(database):
        found = inquiries.queue(database, "open", "due", None, limit)
        lines = [_line(each, (each.due_on - desk.today(each.policy)).days, lang) for each in found]
    close_database(database)
    none = "답변을 기다리는 문의가 없습니다." if lang == "ko" else "No inquiry waits for an answer."
    click.echo("\n".join(lines) if lines else none)


def _line(inquiry: Inquiry, left: int, language: str) -> str:
    if language == "ko":
        when = f"{left}일 남음" if left >= 0 else f"{-left}일 지남"
        kind = "문의" if inquiry.kind == "question" else "이의 제기"
    else:
        days = f"{abs(left)} day{'' if abs(left) == 1 else 's'}"
        when = f"{days} left" if left >= 0 else f"{days} overdue"
        kind = inquiry.kind
    about = [inquiry.request_id, inquiry.refund_state] if inquiry.request_id else [inquiry.decision_id]
    said = [inquiry.id, kind, f"{inquiry.due_on} ({when})", inquiry.account, *about]
    return "  ".join(each for each in said if each)
