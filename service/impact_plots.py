"""The plots of a report, worked out to lengths and places in whole units of a drawing; a template draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.impact_report import OUTCOMES

WIDTH = 720
LABELS = 190
"""The room for the labels of rows, to the left."""
FIGURES = 112
"""The room for a figure behind the end of a bar."""
ROW = 28
BAR = 16
HEIGHT = 240
NODE = 12
GAP = 14
ASIDE = 170
"""The room for what stands beside the two columns of a flow."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a row: where it begins, how long it is, and the figure that stands behind its end."""

    sort: str
    x: int
    length: int
    figure: str
    figure_x: int
    anchor: str


@dataclass(frozen=True, slots=True)
class BarRow:
    """A row of a plot of bars."""

    label: str
    y: int
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class BarPlot:
    """Rows of bars to the left and right of a line."""

    zero: int
    height: int
    rows: Sequence[BarRow]


def bars(rows: Sequence[tuple[str, int, int]], *, signed: bool = True) -> BarPlot:
    """A plot of rows, each with its label, what goes to the left and what to the right of the line, neither below 0.
    Unless it is `signed`, the figures of both sides are written without a sign.

    >>> plot = bars([("cash", 300, 0), ("credit", 0, 100)])
    >>> plot.zero, [(each.x, each.length, each.figure) for row in plot.rows for each in row.bars]
    (531, [(302, 229, '-300'), (531, 76, '+100')])
    """
    left, right = max([row[1] for row in rows], default=0), max([row[2] for row in rows], default=0)
    start = LABELS + (FIGURES if left else 0)
    room = WIDTH - FIGURES - start
    whole = max(left + right, 1)
    zero = start + room * left // whole
    shown = "{}{:,}".format
    fewer, greater = ("-", "+") if signed else ("", "")
    drawn = []
    for at, (label, less, more) in enumerate(rows):
        found = []
        if less:
            length = max(1, room * less // whole)
            found.append(Bar("less", zero - length, length, shown(fewer, less), zero - length - 6, "end"))
        if more:
            length = max(1, room * more // whole)
            found.append(Bar("more", zero, length, shown(greater, more), zero + length + 6, "start"))
        if not found:
            found.append(Bar("same", zero, 0, "0", zero + 6, "start"))
        drawn.append(BarRow(label, at * ROW + 6, found))
    return BarPlot(zero, len(rows) * ROW + 6, drawn)


@dataclass(frozen=True, slots=True)
class Node:
    """An outcome on one side of a flow."""

    outcome: str
    x: int
    y: int
    height: int
    label_x: int
    anchor: str
    count: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What goes from one outcome to another, as the outline of a shape."""

    sort: str
    path: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Outcomes before, outcomes after, and what goes from which to which."""

    nodes: Sequence[Node]
    ribbons: Sequence[Ribbon]
    height: int


def flow(outcomes: Sequence[Mapping[str, Any]]) -> Flow:
    """The plot of what the answers were and are. What stays is drawn first, so that what moves lies above it."""
    total = max(1, sum(each["count"] for each in outcomes))
    nodes: list[Node] = []
    places: dict[tuple[str, str], int] = {}
    bottom = 0
    for side, x, label_x, anchor in (
        ("before", ASIDE, ASIDE - 8, "end"),
        ("after", WIDTH - ASIDE - NODE, WIDTH - ASIDE + 8, "start"),
    ):
        y = 0
        for outcome in OUTCOMES:
            count = sum(each["count"] for each in outcomes if each[side] == outcome)
            if count:
                height = max(2, HEIGHT * count // total)
                nodes.append(Node(outcome, x, y, height, label_x, anchor, count))
                places[side, outcome] = y
                y += height + GAP
        bottom = max(bottom, y - GAP)
    ribbons = []
    begin, end = ASIDE + NODE, WIDTH - ASIDE - NODE
    middle = (begin + end) // 2
    order = [*OUTCOMES]
    for each in sorted(outcomes, key=lambda one: (order.index(one["before"]), order.index(one["after"]))):
        before, after = each["before"], each["after"]
        thick = max(2, HEIGHT * each["count"] // total)
        top, other = places["before", before], places["after", after]
        places["before", before] += thick
        places["after", after] += thick
        path = (
            f"M{begin} {top} C{middle} {top} {middle} {other} {end} {other} V{other + thick}"
            f" C{middle} {other + thick} {middle} {top + thick} {begin} {top + thick} Z"
        )
        better = order.index(after) < order.index(before)
        ribbons.append(Ribbon("same" if before == after else "more" if better else "less", path))
    # A node may be thinner than the words beside it.
    words = max((node.y for node in nodes), default=0) + BAR
    return Flow(nodes, sorted(ribbons, key=lambda one: one.sort != "same"), max(bottom, words) + 4)
