"""A check that schemathesis loads: what the document allows is refused only for what no document can say.

Where the document allows a request, schemathesis accepts any 400 (see `schemathesis.toml`). Here each of them has to be
one of UNSAYABLE, or about facts as a policy reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import schemathesis

from policies.vocabulary import COMMON
from service.field_texts import FIELD_TEXTS

STORED = "it names something that is not there, or not so"
THE_CLOCK = "it is compared with the clock"
TWO_PARTS = "two parts of the request do not fit together"
A_POLICY = "what an event needs depends on the policy's types of events"
CHARACTERS = "which characters can be seen is a table of Unicode, and no pattern"
UNSAYABLE: Mapping[str, str] = {
    **dict.fromkeys(("not-in-the-list", "unknown-policy", "unknown-rule", "unknown-reader", "unknown-version"), STORED),
    **dict.fromkeys(("no-account", "no-decision", "no-draft", "another-policy", "seen-otherwise", "unknown"), STORED),
    **dict.fromkeys(("in-the-past", "in-the-future", "day-to-come"), THE_CLOCK),
    **dict.fromkeys(("another-id", "behind", "only-with-policy", "too-many-periods", "undoes-itself"), TWO_PARTS),
    **dict.fromkeys(("amount-missing", "of-missing", "undoes-nothing", "undoes-nothing-of-it"), A_POLICY),
    **dict.fromkeys(("not-an-id", "not-a-sentence", "forbidden-character"), CHARACTERS),
    "dots-only": "an id that is fine, and an address that leads elsewhere",
    "out-of-range": "JSON Schema has no bounds for days and instants",
    "not-in-range": "a size beyond that of the log",
    "unknown-name": "which facts stand beside the common ones is said by the policy",
    "too-deep": "facts that a policy declares may be anything, up to a depth",
    "number-too-large": "facts that a policy declares may be any number that every reader of JSON keeps",
    "not-a-whole-number": "facts that a policy declares may be any number, and points are whole",
    **dict.fromkeys(
        ("not-a-url", "url-bad-host", "url-bad-port", "url-with-credentials", "url-with-fragment", "url-not-allowed"),
        "it is a URI, to which nothing is sent",
    ),
    "url-never-allowed": "it is a URI, to which nothing is sent",
}
"""The refusals that a request may get although the document allows it, each with the reason."""
# Facts are read by the words of the policy, which has its own sentences: of texts, days and what it declares itself.
# What is a number, a flag or a choice in all policies the document can say; not that `left` is at most `amount`.
# The empty name is a name too: `#/` is the pointer of it.
FACTS = re.compile(r"#/((account|lots|history|request)\b|[^/]*(/\d+)?$)")
SAYABLE = {fact.name for fact in COMMON if fact.type not in ("date", "text")} - {"left"}


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for code, text in FIELD_TEXTS.items():
        for sentence in (text.ko, text.en):
            parts = re.split(r"\{[^}]*\}", sentence)
            yield code, re.compile(".*".join(map(re.escape, parts)), re.DOTALL)


PATTERNS = tuple(_patterns())


@schemathesis.check
def refused_for_what_no_document_says(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """A request that the document allows is refused only for one of these reasons."""
    if response.status_code != 400 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem: dict[str, Any] = response.json()
    errors = problem.get("errors", [])
    assert errors, f"nothing says what is wrong: {problem}"
    for error in errors:
        codes = {code for code, pattern in PATTERNS if pattern.fullmatch(error["detail"])}
        if codes:
            assert codes & UNSAYABLE.keys(), f"the document allows what is refused: {error}"
        else:
            where = error.get("pointer", "")
            assert FACTS.match(where), f"the document allows what is refused: {error}"
            assert where.rpartition("/")[2] not in SAYABLE, f"the document allows what is refused: {error}"
