"""A decision as text for a terminal: the question, the engine's own sentences, the figures and the trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.decision import Decision
from engine.decision import explain as sentences
from engine.earn import Earned


def told(decision: Decision, id: str, language: str, *, with_trace: bool) -> Iterator[str]:
    """The lines that explain a decision. `id` is "" for one that was not kept."""
    words = _KO if language == "ko" else _EN
    version = decision.version or words["draft"]
    yield f"{id or words['decision']} · {decision.policy}@{version} · {decision.digest[:19]} · {decision.engine}"
    yield words["asked"].format(
        account=decision.account,
        at=decision.as_of,
        day=decision.requested_on,
        request=_pairs({name: each for name, each in decision.request.items() if each != ""}),
    )
    yield ""
    yield from sentences(decision, language)
    figures = [(reason.rule, reason.figures) for reason in decision.reasons if reason.figures]
    if figures:
        yield ""
        yield words["figures"]
        for rule, each in figures:
            yield f"  {rule}: {_pairs(each)}"
    if with_trace:
        yield ""
        yield words["trace"]
        for stage in decision.trace:
            yield f"  {stage['stage']}"
            for rule in stage["rules"]:
                yield f"    {_traced(rule, words)}"


def earning(earned: Earned, language: str) -> list[str]:
    """The lines that tell what an event earns."""
    words = _KO if language == "ko" else _EN
    lines = [words["earned"].format(account=earned.account, points=f"{earned.points:,}", day=earned.happened_on)]
    for lot in earned.granted:
        figures = {"points": f"{lot.points:,}", "source": lot.source, "usable": lot.usable_from_on}
        line = words["granted"].format(**figures, last=lot.expires_on or words["no_last_day"])
        lines.append(f"{line} [{lot.rule}, {lot.terms}]")
        if sentence := lot.ko if language == "ko" else lot.en:
            lines.append(f"  {sentence}")
    return lines


def _traced(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """What one rule saw: whether it applies, to which lots, with which figures, and what lifted it."""
    parts = [words["applies"] if rule["applies"] else words["does_not"]]
    if rule.get("excepted_by") is not None:
        parts.append(words["excepted"].format(number=rule["excepted_by"] + 1))
    if rule.get("silenced_by"):
        parts.append(words["silenced"].format(rule=rule["silenced_by"]))
    if rule.get("lots"):
        more = rule.get("lot_count", 0) - len(rule["lots"])
        parts.append(", ".join(rule["lots"]) + (f" (+{more})" if more > 0 else ""))
    if rule.get("excepted"):
        # Counted from 1, as above, where the trace counts from 0.
        parts.append(words["excepted_lots"] + _pairs({str(int(at) + 1): lots for at, lots in rule["excepted"].items()}))
    if rule.get("silenced"):
        parts.append(words["silenced_lots"] + _pairs(rule["silenced"]))
    if rule.get("figures"):
        parts.append(_pairs(rule["figures"]))
    return f"{rule['rule']}: {'; '.join(parts)}"


def _pairs(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in figures.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return f"({_pairs(value)})"
    return f"({', '.join(map(_plain, value))})" if isinstance(value, list | tuple) else str(value)


_EN = {
    "decision": "decision",
    "draft": "draft",
    "asked": "{account} asked at {at} ({day}): {request}",
    "earned": "{account} earns {points} points on {day}.",
    "granted": "- {points} points ({source}), usable from {usable}, own last day: {last}",
    "no_last_day": "none",
    "figures": "Figures",
    "trace": "Trace",
    "applies": "applies",
    "does_not": "does not apply",
    "excepted": "lifted by exception {number}",
    "silenced": "silent, because {rule} overrides it",
    "excepted_lots": "lifted by exception ",
    "silenced_lots": "silenced by ",
}
_KO = {
    "decision": "결정",
    "draft": "미게시",
    "asked": "{account} 신청, {at} ({day}): {request}",
    "earned": "{account} 적립: {points} 포인트, {day}.",
    "granted": "- {points} 포인트 ({source}), 사용 가능일 {usable}, 자체 유효기간: {last}",
    "no_last_day": "없음",
    "figures": "수치",
    "trace": "판단 과정",
    "applies": "적용",
    "does_not": "해당 없음",
    "excepted": "예외 {number}번에 따라 제외",
    "silenced": "{rule} 규칙이 우선하여 미적용",
    "excepted_lots": "예외 적용: ",
    "silenced_lots": "우선 규칙 적용: ",
}
