"""What an agent reads out: what can be refunded by each method, what it costs, when it comes, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import Text
from service.pages.words import day, money, points

HAS = Text("고객님께서 지금 쓰실 수 있는 포인트는 {points}입니다.", "You can use {points} now.")
HELD = Text("신청하신 환급에 {points}가 보류되어 있습니다.", "A refund that you asked for holds {points}.")
WAITS = Text(
    "{asked}에 신청하신 {points} 환급은 담당자가 확인하고 있습니다.",
    "Your request of {asked} for {points} is being looked at by a person.",
)
COMES = Text(
    "{asked}에 신청하신 {points} 환급은 승인되었고, 늦어도 {paid}까지 {payout}을 드립니다.",
    "Your request of {asked} for {points} was approved. You receive {payout} by {paid}.",
)
PASSES = Text("{method}: 지금 {points}까지 환급해 드릴 수 있습니다.", "{method}: {points} can be refunded today.")
COSTS = Text(
    "수수료와 세금 {kept}을 빼고 {payout}을 드립니다.", "{kept} is kept for fees and taxes, and you receive {payout}."
)
SET_OFF = Text("그중 {offset}은 미납금을 갚는 데 씁니다.", "{offset} of it pays what you owe.")
FREE = Text("수수료 없이 {payout}을 드립니다.", "There is no fee: you receive {payout}.")
PAID = Text("지급일은 늦어도 {paid}입니다.", "It is paid by {paid}.")
LOOKED_AT = Text("담당자가 먼저 확인합니다.", "A person looks at it first.")
NOT_NOW = Text("{method}: 지금은 환급해 드릴 수 없습니다.", "{method}: no refund is possible today.")
NONE_NOW = Text("지금은 어떤 방법으로도 환급해 드릴 수 없습니다.", "No refund is possible today, by whatever method.")
WOULD = Text(
    "그렇게 하시면 {points}, {payout}까지 환급됩니다.", "Then {points} could be refunded, and you would get {payout}."
)
NEXT_END = Text("{last}까지 쓰지 않으시면 {points}가 사라집니다.", "{points} end if they are not used by {last}.")
ASKED_OF = {"needs_review": WAITS, "approved": COMES}


def script(
    balance: Mapping[str, Any],
    options: Sequence[Mapping[str, Any]],
    requests: Sequence[Mapping[str, Any]],
    currency: str,
    language: str,
) -> list[str]:
    """What to say, a paragraph for each thing, in the language that the member speaks."""
    speaker = _Speaker(language, currency)
    head = [speaker.say(HAS, points=balance["usable"])]
    if balance["held"]:
        head.append(speaker.say(HELD, points=balance["held"]))
    head += [
        speaker.say(NEXT_END, points=each["points"], last=each["last_usable_on"]) for each in balance["expiring"][:1]
    ]
    asked = [
        speaker.say(
            ASKED_OF[each["state"]],
            asked=each["requested_at"],
            paid=each["payable_on"],
            **{name: each[name] for name in ("points", "payout")},
        )
        for each in requests
        if each["state"] in ASKED_OF
    ]
    shared = _shared(options)
    ways = [speaker.without(options[0], shared)] if shared else [speaker.about(option) for option in options]
    return [" ".join(head), *asked, *map(" ".join, ways)]


def _shared(options: Sequence[Mapping[str, Any]]) -> set[str]:
    """The rules that deny every method; they are told once. None where some method passes."""
    denying = [{each["rule"] for each in option["reasons"] if each["effect"] == "denies"} for option in options]
    return set.intersection(*denying) if denying else set()


class _Speaker:
    """Fills sentences in one language."""

    def __init__(self, language: str, currency: str) -> None:
        self._language = language
        self._context: Any = {"language": language}
        self._currency = currency

    def say(self, sentence: Text, **figures: Any) -> str:
        """A sentence; what is an amount or a day by its name is written as one."""
        return sentence.in_language(self._language).format(
            **{name: self._figure(name, figures[name]) for name in figures}
        )

    def about(self, option: Mapping[str, Any]) -> Iterator[str]:
        """One method: what it comes to, or why not and what would help."""
        method = option["words"][self._language]
        if option["outcome"] == "denied":
            yield self.say(NOT_NOW, method=method)
            yield from self._why(option, {each["rule"] for each in option["missing"]})
            if option["then"]:
                yield self.say(WOULD, points=option["then"]["points"], payout=option["then"]["payout"])
            return
        yield self.say(PASSES, method=method, points=option["points"])
        kept = option["fee"] + option["tax"]
        yield self.say(COSTS, kept=kept, payout=option["payout"]) if kept else self.say(FREE, payout=option["payout"])
        if option["offset"]:
            yield self.say(SET_OFF, offset=option["offset"])
        if option["payable_on"]:
            yield self.say(PAID, paid=option["payable_on"])
        if option["outcome"] == "needs_review":
            yield self.say(LOOKED_AT)
            yield from (each[self._language] for each in option["reasons"] if each["effect"] == "reviews")

    def without(self, option: Mapping[str, Any], rules: set[str]) -> Iterator[str]:
        """Why no method is possible, by the rules that deny each of them."""
        yield self.say(NONE_NOW)
        yield from self._why(option, rules)

    def _why(self, option: Mapping[str, Any], rules: set[str]) -> Iterator[str]:
        """Why some rules deny, and what would help."""
        denying = [each for each in option["reasons"] if each["effect"] == "denies" and each["rule"] in rules]
        helping = [each for each in option["missing"] if each["set"] is not None and each["rule"] in rules]
        yield from (each[self._language] for each in (*denying, *helping))

    def _figure(self, name: str, value: Any) -> str:
        if name == "points":
            return points(self._context, value)
        if name in ("payout", "kept", "offset"):
            return money(self._context, value, self._currency)
        return day(self._context, value) if name in ("asked", "paid", "last") else str(value)
