"""`paper`: what has to be shown with a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.fields import Declared, ListOf
from policies.fields import Length as LengthField
from policies.model import Length, Rule
from policies.problems import both
from policies.rules import ExactlyOne, RequestRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Rule):
    """A request that the rule matches is denied unless the papers are shown: all of `needs`, or one of `one_of`.

    With `issued_within` a paper counts only if it was issued on a day that is known, not after the request's, and not
    longer ago than that.
    """

    kind: ClassVar[str] = "paper"

    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    issued_within: Length | None = None

    def amounts(self) -> tuple[object, ...]:
        return (self.issued_within,)


PLACEHOLDERS = ("papers", "issued_within")


_PAPERS = both("서류 목록", "a list of papers")


class PaperMap(RequestRuleMap):
    """The fields of a paper rule."""

    needs = ListOf(Declared("paper"), (), what=_PAPERS, about="The papers that are all needed.")
    one_of = ListOf(Declared("paper"), (), what=_PAPERS, about="The papers of which one is enough.")
    issued_within = LengthField(("days", "months", "years"), None, about="How long ago a paper may have been issued.")

    together = (ExactlyOne(("needs", "one_of")),)


def sentence(rule: Paper, say: Teller) -> str:
    """What is to be shown."""
    papers = say.papers(rule.needs or rule.one_of, any_one=bool(rule.one_of))
    if rule.issued_within is None:
        return say.choose(f"필요한 서류: {papers}.", f"Papers needed: {papers}.")
    within = say.figure(rule.issued_within)
    return say.choose(
        f"필요한 서류: {papers}(발급 후 {within} 이내).", f"Papers needed: {papers}, issued within {within}."
    )
