"""`paper`: what has to be shown with a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.calendars import add_span
from engine.facts import ShownPaper
from engine.figures import Amount
from engine.judgement import Judgement
from engine.ready import Ready, Workshop
from engine.scene import Scene
from engine.sentences import Papers, figure_data
from policies.kinds.paper import PLACEHOLDERS, Paper
from policies.model import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPaper(Ready):
    """`needs` are the papers that are asked for: all of them, or with `any_one` one of them."""

    needs: tuple[str, ...]
    any_one: bool
    issued_within: Amount | None

    def missing(self, scene: Scene) -> tuple[tuple[str, ...], Span | None]:
        """The papers that are still to be shown, and within which span they have to be issued."""
        span: Span | None = None if self.issued_within is None else self.issued_within.read(scene, None)
        return self.missing_within(scene, span), span

    def missing_within(self, scene: Scene, span: Span | None) -> tuple[str, ...]:
        """The papers that are still to be shown, where they have to be issued within a span."""
        assert scene.request is not None, "papers are asked for with a request"
        counting = {shown.paper for shown in scene.request.papers if _counts(shown, span, scene.day)}
        if self.any_one:
            return () if counting.intersection(self.needs) else self.needs
        return tuple(name for name in self.needs if name not in counting)


def make(rule: Paper, workshop: Workshop) -> ReadyPaper:
    """Gets the rule ready."""
    within = workshop.figures.optional(rule.issued_within)
    return ReadyPaper(
        **workshop.common(rule, PLACEHOLDERS, (within,)),
        needs=rule.needs or rule.one_of,
        any_one=bool(rule.one_of),
        issued_within=within,
    )


def paper(judgement: Judgement) -> None:
    """Denies where a paper is missing, or was issued too long ago."""
    if not judgement.rules["paper"]:
        # A version without papers leaves no trace of them.
        return
    seen = {}
    for ready in judgement.speaking("paper"):
        missing, span = ready.missing(judgement.scene)
        figures = {"papers": Papers(missing, ready.any_one), "issued_within": span}
        seen[ready.id] = {name: figure_data(figure) for name, figure in figures.items() if figure is not None}
        if missing:
            judgement.deny(ready, figures)
    judgement.note("paper", seen)


def _counts(shown: ShownPaper, span: Span | None, today: date) -> bool:
    """Whether a paper counts on the day of the request. One of a later day is a mistake, and never counts."""
    if shown.issued_on is None:
        return span is None
    return shown.issued_on <= today and (span is None or add_span(shown.issued_on, span) >= today)
