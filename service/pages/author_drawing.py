"""A decision drawn: the lots and where each falls out, the stages and which rules spoke, the amount on its way to the
payout. What is drawn is plain figures; the template makes shapes of them, beside the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import Text
from service.pages.auditor_words import STAGES
from service.telling import traced

Plain = dict[str, Any]

MOST_LANES = 30
"""More lots are not drawn one by one; those that pay and the largest are."""
EFFECTS = ("denies", "reviews", "charges", "prices")
ORDER = list(STAGES)


def lanes_of(decision: Mapping[str, Any]) -> Plain:
    """The lots as lanes through the stages that take lots out: in each a lot passes, falls or is gone already.

    Widths are shares of 100 of the largest lot.
    """
    lots = decision["lots"]
    drawn = sorted(lots, key=lambda lot: (not lot["allocated"], -lot["left"]))[:MOST_LANES]
    names = {lot["lot"] for lot in drawn}
    shown = [lot for lot in lots if lot["lot"] in names]
    stages = [each["stage"] for each in decision["trace"] if each["stage"] in ("expire", "exclude")]
    stages = sorted({*stages, *(lot["reasons"][0]["kind"] for lot in shown if lot["reasons"])}, key=_order)
    most = max((lot["left"] for lot in shown), default=0) or 1
    return {
        "stages": stages,
        "lanes": [_lane(lot, stages, most) for lot in shown],
        "hidden": len(lots) - len(shown),
    }


def stations_of(decision: Mapping[str, Any], language: str) -> Iterator[Plain]:
    """The stages in their order: what came of each, and what every rule saw there."""
    reasons = {each["rule"]: each for each in decision["reasons"]}
    for stage in decision["trace"]:
        # The first two lines are the heading of all, the third that of the stage.
        lines = [line.strip() for line in [*traced([stage], language)][3:]]
        rules = [
            {
                "rule": rule["rule"],
                "line": line.removeprefix(f"{rule['rule']}: "),
                "reason": reasons.get(rule["rule"]),
                "state": _state(rule, reasons.get(rule["rule"])),
            }
            for rule, line in zip(stage["rules"], lines, strict=True)
        ]
        effects = [rule["state"] for rule in rules if rule["state"] in EFFECTS]
        yield {
            "stage": stage["stage"],
            "effect": min(effects, key=EFFECTS.index) if effects else "",
            "out": sum(lot["reasons"][0]["kind"] == stage["stage"] for lot in decision["lots"] if lot["reasons"]),
            "rules": rules,
        }


def waterfall_of(decision: Mapping[str, Any]) -> list[Plain]:
    """The amount on its way: points asked for, points that the lots pay, money that they come to, what is taken from
    it, and the payout. `from` and `width` are shares of 100, of points and of money each by itself.
    """
    asked = decision["request"].get("money")
    allocated = sum(each["points"] for each in decision["allocation"])
    points, money = max(decision["points"], allocated) or 1, max(decision["gross"], asked or 0) or 1
    steps: list[Plain] = []
    if asked is not None:
        steps.append(_step("asked", Text("신청한 금액", "Asked for"), asked, 0, money, unit="money"))
    else:
        steps.append(_step("asked", Text("신청한 포인트", "Asked for"), decision["points"], 0, points, unit="points"))
    steps.append(_step("allocated", Text("쓰인 포인트", "Paid by the lots"), allocated, 0, points, unit="points"))
    steps.append(_step("gross", Text("환급액", "Gross"), decision["gross"], 0, money, unit="money"))
    left = decision["gross"]
    for lines, name, words in (
        ("fees", "fee", Text("수수료", "Fee")),
        ("taxes", "tax", Text("세금", "Tax")),
        ("offsets", "offset", Text("상계", "Set off")),
    ):
        for line in decision[lines]:
            left -= line[name]
            steps.append(_step("taken", words, line[name], left, money, unit="money") | {"rule": line["rule"]})
    steps.append(_step("payout", Text("지급액", "Payout"), decision["payout"], 0, money, unit="money"))
    return steps


def _step(name: str, words: Text, amount: int, start: int, whole: int, *, unit: str) -> Plain:
    shares = {"from": _share(start, whole), "width": _share(amount, whole)}
    return {"name": name, "words": words, "amount": amount, "unit": unit, "rule": "", **shares}


def _lane(lot: Mapping[str, Any], stages: Sequence[str], most: int) -> Plain:
    falls = lot["reasons"][0]["kind"] if lot["reasons"] else None
    cells = []
    for stage in stages:
        state = "passes" if falls is None or _order(stage) < _order(falls) else "falls" if stage == falls else "gone"
        cells.append({"stage": stage, "state": state, "why": lot["reasons"] if state == "falls" else []})
    return {
        "lot": lot["lot"],
        "left": lot["left"],
        "width": _share(lot["left"], most),
        "last_usable_on": lot["last_usable_on"],
        "cells": cells,
        "out": falls is not None,
        "allocated": lot["allocated"],
        "paid": _share(lot["allocated"], most),
    }


def _state(rule: Mapping[str, Any], reason: Mapping[str, Any] | None) -> str:
    """What a rule did: an effect on the request, took lots out or covers them, found nothing, or did not apply."""
    if reason is not None:
        effect: str = reason["effect"]
        return effect
    return "applies" if rule["applies"] else "idle"


def _order(stage: str) -> int:
    return ORDER.index(stage) if stage in ORDER else len(ORDER)


def _share(part: int, whole: int) -> str:
    """A share of 100 as an attribute of a drawing."""
    return f"{min(100, 100 * part / whole):.2f}"
