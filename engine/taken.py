"""Points that a rule takes other than for a refund, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.decision import Reason
from engine.ready import Ready
from engine.scene import Scene
from engine.sentences import figure_data


@dataclass(frozen=True, slots=True)
class Taken:
    """Points that a rule takes from a lot."""

    rule: str
    lot: str
    points: int

    def to_data(self) -> dict[str, Any]:
        """As plain data."""
        return {"rule": self.rule, "lot": self.lot, "points": self.points}


def told_reason(ready: Ready, scene: Scene, effect: str, figures: Mapping[str, Any]) -> Reason:
    """What a rule says with its own figures and those that its sentence names besides."""
    assert ready.sentence is not None, f"{ready.id} takes something and gives no reason"
    every = ready.reason_figures(scene, dict(figures))
    text = ready.sentence.told(every)
    data = {name: figure_data(figure) for name, figure in every.items() if figure is not None}
    rule = ready.rule
    return Reason(rule.id, rule.kind, effect, rule.terms, text.ko, text.en, data, None)
