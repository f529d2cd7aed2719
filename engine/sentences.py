"""The sentences of reasons: a template is taken apart once, and filled with the figures of each decision.

Only names that the loader knows can stand between braces, so nothing of a rule file is ever evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from engine.facts import Lot
from engine.figures import Figures, Read
from engine.scene import Scene
from policies.model import Figure, Policy, Rule, Scalar, Span, Text, ValueRef
from policies.sentences import PLACEHOLDER, Teller, figure_text, percent_text, word_text


class Papers(NamedTuple):
    """Papers as a figure: all of them, or with `any_one` one of them."""

    names: tuple[str, ...]
    any_one: bool


Words = Callable[[Any], str]
Part = str | tuple[str, Words]
FigureData = int | str | bool | list[str] | None


def figure_data(figure: Figure | Scalar | Papers) -> FigureData:
    """A figure as it stands in a decision's data.

    >>> figure_data(1_000), figure_data(date(2026, 1, 1)), figure_data(Fraction("2.2")), figure_data(Span(1, "years"))
    (1000, '2026-01-01', '2.2%', '1 year')
    """
    if figure is None or type(figure) is int:
        # Most figures are amounts, and to ask whether something is a Fraction takes long.
        return figure
    if isinstance(figure, date):
        return figure.isoformat()
    if isinstance(figure, Fraction):
        return percent_text(figure)
    if isinstance(figure, Papers):
        return list(figure.names)
    return str(figure) if isinstance(figure, Span) else figure


@dataclass(frozen=True, slots=True)
class Sentence:
    """A reason in both languages. `fixed` is the text where it holds no figure.

    `own` are the kind's own figures that it names, `further` the values and facts, with how each is read.
    """

    ko: tuple[Part, ...]
    en: tuple[Part, ...]
    further: tuple[tuple[str, Read], ...]
    fixed: Text | None
    names: frozenset[str]

    def figures(self, scene: Scene, lot: Lot | None) -> dict[str, Any]:
        """The values and facts that the sentence names, beside the figures of its kind."""
        return {name: read(scene, lot) for name, read in self.further}

    def told(self, figures: Mapping[str, Any]) -> Text:
        """The sentence with its figures filled in. Every figure that it names must be there."""
        return self.fixed or Text(_filled(self.ko, figures), _filled(self.en, figures))


def sentence(text: Text, rule: Rule, own: tuple[str, ...], figures: Figures) -> Sentence:
    """The sentence of a rule's reason. `own` are the names of the figures that the rule's kind gives it."""
    named = dict.fromkeys(PLACEHOLDER.findall(text.ko) + PLACEHOLDER.findall(text.en))
    further = tuple((name, _further(name, figures)) for name in named if name not in own)
    return Sentence(
        _parts(text.ko, "ko", figures.policy),
        _parts(text.en, "en", figures.policy),
        further,
        None if named else text,
        frozenset(named),
    )


def _further(name: str, figures: Figures) -> Read:
    return figures.fact(name) if "." in name else figures.amount(ValueRef(name)).read


def _parts(template: str, language: str, policy: Policy) -> tuple[Part, ...]:
    """Text and placeholders in turn.

    An author writes `{rate}%` as readily as `{rate}`: a percentage before a sign of its own is told without one.
    """
    parts: list[Part] = []
    behind = 0
    for match in PLACEHOLDER.finditer(template):
        if match.start() > behind:
            parts.append(template[behind : match.start()])
        behind = match.end()
        parts.append((match[1], _words(match[1], language, policy, template[behind : behind + 1] == "%")))
    if behind < len(template):
        parts.append(template[behind:])
    return tuple(parts)


def _words(name: str, language: str, policy: Policy, before_sign: bool) -> Words:
    fact = policy.facts.get(name)
    if name == "points":
        return lambda figure: _ALL[language] if figure == "all" else f"{figure:,}"
    if name == "papers":
        say = Teller(policy, language, date.min)
        return lambda figure: (
            say.papers(figure.names, any_one=figure.any_one)
            if isinstance(figure, Papers)
            else figure_text(figure, language)
        )
    if fact is not None:
        return lambda figure: word_text(policy, fact, figure, language)
    if before_sign:
        return lambda figure: figure_text(figure, language).removesuffix("%")
    # Most figures are amounts.
    return lambda figure: f"{figure:,}" if type(figure) is int else figure_text(figure, language)


_ALL = {"ko": "전체", "en": "all"}


def _filled(parts: tuple[Part, ...], figures: Mapping[str, Any]) -> str:
    return "".join([part if isinstance(part, str) else part[1](figures[part[0]]) for part in parts])
