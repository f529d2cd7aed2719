"""What keeps a case from being decided at all: neither a denial nor a mistake in the case."""

from __future__ import annotations

from datetime import date

_BOTH = {
    "expire": "say until when it can be used",
    "allocate": "say which lots pay first",
    "price": "say what its points pay",
    "fee": "charge a fee",
    "tax": "withhold a tax",
    "offset": "set off a debt",
    "pay": "say when it is paid",
    "clawback": "take back what was earned",
    "dormancy": "charge it for dormancy",
}


_NEITHER = {
    "fee": "neither overrides or adds to",
    "tax": "neither overrides or adds to",
    "offset": "neither overrides or comes after",
}


class Conflict(Exception):
    """Two rules of one kind both apply to the same thing, and neither overrides the other: the policy is at fault.

    `lot` is the lot that both apply to, or what was earned; None where they apply to the request.
    """

    def __init__(self, kind: str, rules: tuple[str, str], lot: str | None = None) -> None:
        self.kind = kind
        self.rules = rules
        self.lot = lot
        about = "" if lot is None else f"{'earning' if kind == 'clawback' else 'lot'} '{lot}': "
        neither = _NEITHER.get(kind, "neither overrides")
        super().__init__(f"{about}'{rules[0]}' and '{rules[1]}' both {_BOTH[kind]}, and {neither} the other")


class NotInForce(Exception):
    """The day of the request or event lies before the day from which the policy is in force."""

    def __init__(self, policy: str, starts: date, day: date) -> None:
        self.policy = policy
        self.starts = starts
        self.day = day
        super().__init__(f"'{policy}' is in force from {starts}, and was asked about {day}")
