"""`exclude`: lots that cannot be refunded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.model import Rule
from policies.rules import LotRuleMap
from policies.sentences import Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude(Rule):
    """The lots that the rule matches do not pay for a refund."""

    kind: ClassVar[str] = "exclude"


PLACEHOLDERS = ("points", "acquired_on")


class ExcludeMap(LotRuleMap):
    """The fields of an exclude rule: the common ones."""


def sentence(rule: Exclude, say: Teller) -> str:
    """Which points cannot be refunded."""
    return say.choose("환급되지 않는 포인트입니다.", "The points cannot be refunded.")
