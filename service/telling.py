"""What an event or a day comes to as lines of text, and the trace of a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.daily import Daily
from engine.decision import Reason
from engine.events import EventAnswer
from engine.taken import Taken


def traced(trace: Iterable[Mapping[str, Any]], language: str) -> Iterator[str]:
    """The lines that tell what every rule saw, stage by stage."""
    words = _KO if language == "ko" else _EN
    yield ""
    yield words["trace"]
    for stage in trace:
        yield f"  {stage['stage']}"
        for rule in stage["rules"]:
            yield f"    {_traced(rule, words)}"


def answered(found: EventAnswer, language: str) -> list[str]:
    """The lines that tell what an event earns, and what it takes back."""
    words = _KO if language == "ko" else _EN
    if found.refused:
        return [words["refused"].format(account=found.account, event=found.event), *_because(found.reasons, language)]
    lines = []
    if found.granted or not found.asked:
        lines.append(words["earned"].format(account=found.account, points=f"{found.points:,}", day=found.happened_on))
    for lot in found.granted:
        figures = {"points": f"{lot.points:,}", "source": lot.source, "usable": lot.usable_from_on}
        line = words["granted"].format(**figures, last=lot.expires_on or words["no_last_day"])
        lines.append(f"{line} [{lot.rule}, {lot.terms}]")
        if sentence := lot.ko if language == "ko" else lot.en:
            lines.append(f"  {sentence}")
    if found.asked:
        parts = {name: f"{getattr(found, name):,}" for name in ("asked", "lapsed", "debt", "forgiven")}
        taken = f"{sum(each.points for each in found.taken):,}"
        lines.append(words["back"].format(account=found.account, day=found.happened_on, taken=taken, **parts))
        lines += _from_lots(found.taken, words)
    return lines + _because(found.reasons, language)


def passed(found: Daily, language: str) -> list[str]:
    """The lines that tell what a day comes to."""
    words = _KO if language == "ko" else _EN
    if not (found.expired or found.charged or found.notices):
        return [words["nothing"].format(account=found.account, day=found.day)]
    lines = []
    for lot in found.expired:
        lines.append(words["expired"].format(lot=lot.lot, points=f"{lot.points:,}", day=lot.last_usable_on))
        lines.append(f"  {lot.ko if language == 'ko' else lot.en} [{lot.rule}, {lot.terms}]")
    if found.charged:
        points = sum(each.points for each in found.charged)
        lines.append(words["charged"].format(account=found.account, points=f"{points:,}", day=found.day))
        lines += _from_lots(found.charged, words)
    lines += _because(found.reasons, language)
    for notice in found.notices:
        lines.append(
            words["notice"].format(day=notice.last_usable_on or notice.charged_on, lots=", ".join(notice.lots))
        )
        lines.append(f"  {notice.ko if language == 'ko' else notice.en} [{notice.rule}, {notice.terms}]")
    return lines


def _from_lots(taken: Iterable[Taken], words: Mapping[str, str]) -> list[str]:
    return [words["from_lot"].format(points=f"{each.points:,}", lot=each.lot) for each in taken]


def _because(reasons: Iterable[Reason], language: str) -> list[str]:
    return [f"{reason.ko if language == 'ko' else reason.en} [{reason.rule}, {reason.terms}]" for reason in reasons]


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
    "earned": "{account} earns {points} points on {day}.",
    "granted": "- {points} points ({source}), usable from {usable}, own last day: {last}",
    "no_last_day": "none",
    "back": "{account} gives back {asked} points on {day}: {taken} taken, {lapsed} lapsed, {debt} owed, "
    "{forgiven} forgiven.",
    "refused": "{account}: the event {event} is refused.",
    "from_lot": "- {points} points of lot {lot}",
    "nothing": "{account}: nothing happens on {day}.",
    "expired": "- {points} points of lot {lot} expired; their last usable day was {day}",
    "charged": "{account} is charged {points} points on {day}.",
    "notice": "Notice for {day} (lots: {lots})",
    "trace": "Trace",
    "applies": "applies",
    "does_not": "does not apply",
    "excepted": "lifted by exception {number}",
    "silenced": "silent, because {rule} overrides it",
    "excepted_lots": "lifted by exception ",
    "silenced_lots": "silenced by ",
}
_KO = {
    "earned": "{account} 적립: {points} 포인트, {day}.",
    "granted": "- {points} 포인트 ({source}), 사용 가능일 {usable}, 자체 유효기간: {last}",
    "no_last_day": "없음",
    "back": "{account} 회수: {asked} 포인트, {day}. 차감 {taken}, 소멸 {lapsed}, 미회수 {debt}, 면제 {forgiven}.",
    "refused": "{account}: 이벤트 {event} 처리 불가.",
    "from_lot": "- {points} 포인트 (포인트 번호 {lot})",
    "nothing": "{account}: {day}에는 변동이 없습니다.",
    "expired": "- {points} 포인트 소멸 (포인트 번호 {lot}, 마지막 사용일 {day})",
    "charged": "{account} 휴면 차감: {points} 포인트, {day}.",
    "notice": "{day} 안내 (포인트 번호: {lots})",
    "trace": "판단 과정",
    "applies": "적용",
    "does_not": "해당 없음",
    "excepted": "예외 {number}번에 따라 제외",
    "silenced": "{rule} 규칙이 우선하여 미적용",
    "excepted_lots": "예외 적용: ",
    "silenced_lots": "우선 규칙 적용: ",
}
