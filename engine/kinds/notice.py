"""`notice`: when a member is told that points are about to be lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.calendars import subtract_span
from engine.figures import Amount
from engine.ready import Ready, Workshop
from engine.scene import Scene
from policies.kinds.notice import PLACEHOLDERS, Notice
from policies.model import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyNotice(Ready):
    """`before` are the spans, `of` what is told of, `at_least` the fewest points."""

    before: tuple[Amount, ...]
    of: str
    at_least: Amount


def make(rule: Notice, workshop: Workshop) -> ReadyNotice:
    """Gets the rule ready."""
    figures = workshop.figures
    return ReadyNotice(
        **workshop.common(rule, PLACEHOLDERS),
        before=tuple(figures.amount(each) for each in rule.before),
        of=rule.of,
        at_least=figures.amount(rule.at_least),
    )


def spans_due(ready: ReadyNotice, scene: Scene, day: date) -> list[Span]:
    """The spans before `day` whose notices are given on the day of the scene."""
    spans: list[Span] = [amount.read(scene, None) for amount in ready.before]
    return [span for span in spans if subtract_span(day, span) == scene.day]
