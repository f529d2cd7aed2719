"""Tables as CSV (RFC 4180) that a spreadsheet can open without running anything.

A cell that begins like a formula would be one: `=HYPERLINK(...)` in the name of a source would ask another machine.
Such a text gets an apostrophe before it, which spreadsheets take as "this is text". Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

MEDIA_TYPE = "text/csv"
# As OWASP lists them, and the wide forms, which some spreadsheets read as the narrow ones.
BEGIN_FORMULAS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    r"""A table with a line of names; None is an empty cell.

    >>> csv_text(["rule", "points"], [{"rule": "=1+1", "points": -5}, {"rule": 'a "b", c', "points": None}])
    'rule,points\r\n\'=1+1,-5\r\n"a ""b"", c",\r\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_safe(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _safe(value: object) -> object:
    if isinstance(value, str) and value.lstrip(" \u3000")[:1] in BEGIN_FORMULAS and value.strip(" \u3000"):
        return f"'{value}"
    return value
