"""A decision: plain data that survives JSON, with the laws that hold for every one of them.

The trace has one object per stage, in order: `{"stage": "limit", "rules": [...]}`. Of a rule it says
- asked of the request: `rule`, `applies`, `excepted_by` (the number of the exception that lifts it, or null),
  `silenced_by` (the rule that overrides it, or null), and `figures` where the rule worked any out;
- asked of the lots (expire, exclude, price, fee, tax): `rule`, `applies`, `lots` (to which it applies, at most 100 of
  them), `lot_count` (how many those are in all), and, where there are any, `excepted` and `silenced`: lots by the
  number of the exception, or by the rule.
A stage that the decision did not come to, or whose kind no rule is of, may be missing from the trace. Limits on the
payout are judged in a stage of their own, `limit_payout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, to_builtins
from msgspec.json import Encoder

ENGINE = "0.1.0"
"""The engine's version, kept in each decision."""

OUTCOMES = ("approved", "denied", "needs_review")

_CANONICAL = Encoder(order="sorted")

JSON = Any
FigureMap = Mapping[str, Any]


class Remedy(Struct, frozen=True):
    """Facts that would make the request pass if they were so, by path, and the same as a sentence."""

    set: FigureMap
    ko: str
    en: str

    def to_data(self) -> dict[str, JSON]:
        """As plain data."""
        return {"set": dict(self.set), "ko": self.ko, "en": self.en}

    @classmethod
    def from_data(cls, data: Mapping[str, JSON]) -> Remedy:
        """From plain data."""
        return cls(dict(data["set"]), data["ko"], data["en"])


class Reason(Struct, frozen=True):
    """A rule that spoke: what it does (`denies`, `reviews`, `prices` or `charges`), its sentence and its figures."""

    rule: str
    kind: str
    effect: str
    terms: str
    ko: str
    en: str
    figures: FigureMap
    remedy: Remedy | None

    def to_data(self) -> dict[str, JSON]:
        """As plain data."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "effect": self.effect,
            "terms": self.terms,
            "ko": self.ko,
            "en": self.en,
            "figures": dict(self.figures),
            "remedy": self.remedy and self.remedy.to_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, JSON]) -> Reason:
        """From plain data."""
        remedy = data["remedy"] and Remedy.from_data(data["remedy"])
        own = {name: data[name] for name in ("rule", "kind", "effect", "terms", "ko", "en")}
        return cls(**own, figures=dict(data["figures"]), remedy=remedy)


class LotReason(Struct, frozen=True, gc=False):
    """Why a lot cannot pay."""

    rule: str
    kind: str
    terms: str
    ko: str
    en: str


class LotLine(Struct, frozen=True, gc=False):
    """What became of one lot; `reasons` are why it cannot pay. They are a list, to become one in the data, and shared
    between the lots that they are true of.
    """

    lot: str
    left: int
    last_usable_on: str | None
    allocated: int
    reasons: Sequence[LotReason]


class PriceLine(NamedTuple):
    """What the points that one price rule covers come to."""

    rule: str
    points: int
    money: int


class TaxLine(NamedTuple):
    """What one tax rule withholds, of which money."""

    rule: str
    base: int
    tax: int


class OffsetLine(NamedTuple):
    """What one offset rule pays, of which debt."""

    rule: str
    debt: int
    offset: int


class FeeLine(NamedTuple):
    """What one fee rule takes, of which money."""

    rule: str
    base: int
    fee: int


class Decision(Struct, frozen=True):
    """What was decided, on which text, and why. Days and instants are as they are written in JSON.

    `points` are those asked for, or for "all" the largest amount that passes (0 when none does). `allocation` maps
    lots to points in the order in which they pay. `prices`, `fees`, `taxes` and `offsets` say what each rule comes to;
    points that no price covers pay one unit each. A denied request has none of them, and no payout. `last_held_on` is
    the last day on which the points stay held for a payout that nobody makes or gives up; None: they stay.
    """

    outcome: str
    policy: str
    version: int | None
    digest: str
    engine: str
    account: str
    as_of: str
    requested_on: str
    request: Mapping[str, JSON]
    points: int
    available: int
    gross: int
    fee: int
    tax: int
    offset: int
    payout: int
    payable_on: str | None
    allocation: Mapping[str, int]
    fees: tuple[FeeLine, ...]
    reasons: tuple[Reason, ...]
    lots: tuple[LotLine, ...]
    trace: Sequence[Mapping[str, JSON]]
    prices: tuple[PriceLine, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    offsets: tuple[OffsetLine, ...] = ()
    last_held_on: str | None = None

    def to_data(self) -> dict[str, JSON]:
        """As plain data: text, whole numbers, true, false, null, lists and objects."""
        data = self._parts()
        data["reasons"] = [reason.to_data() for reason in self.reasons]
        data["lots"] = to_builtins([*self.lots])
        return data

    def to_json(self, engine: str = ENGINE) -> bytes:
        """The canonical text of the same, straight from the parts; as if an engine of that version had decided."""
        data = self._parts()
        data["engine"] = engine
        return _CANONICAL.encode(data)

    def _parts(self) -> dict[str, JSON]:
        """As plain data, but for the reasons and the lots, whose fields are named as their data are."""
        return {
            "outcome": self.outcome,
            "policy": self.policy,
            "version": self.version,
            "digest": self.digest,
            "engine": self.engine,
            "account": self.account,
            "as_of": self.as_of,
            "requested_on": self.requested_on,
            "request": dict(self.request),
            "points": self.points,
            "available": self.available,
            "gross": self.gross,
            "fee": self.fee,
            "tax": self.tax,
            "offset": self.offset,
            "payout": self.payout,
            "payable_on": self.payable_on,
            "last_held_on": self.last_held_on,
            "allocation": [{"lot": lot, "points": points} for lot, points in self.allocation.items()],
            "prices": [line._asdict() for line in self.prices] if self.prices else [],
            "fees": [line._asdict() for line in self.fees],
            "taxes": [line._asdict() for line in self.taxes] if self.taxes else [],
            "offsets": [line._asdict() for line in self.offsets] if self.offsets else [],
            "reasons": self.reasons,
            "lots": self.lots,
            "trace": list(self.trace),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, JSON]) -> Decision:
        """From plain data. Asserts the laws, so that a record that was tampered with does not pass for a decision."""
        decision = cls(
            **{name: data[name] for name in _PLAIN},
            allocation={share["lot"]: share["points"] for share in data["allocation"]},
            prices=tuple(PriceLine(**line) for line in data.get("prices", ())),
            fees=tuple(FeeLine(**line) for line in data["fees"]),
            taxes=tuple(TaxLine(**line) for line in data.get("taxes", ())),
            offsets=tuple(OffsetLine(**line) for line in data.get("offsets", ())),
            reasons=tuple(Reason.from_data(reason) for reason in data["reasons"]),
            lots=tuple(
                LotLine(**{**line, "reasons": [LotReason(**reason) for reason in line["reasons"]]})
                for line in data["lots"]
            ),
            trace=list(data["trace"]),
            last_held_on=data.get("last_held_on"),
        )
        assert len(decision.allocation) == len(data["allocation"]), "a lot pays twice"
        assert_laws(decision)
        return decision


_PLAIN = tuple(
    name
    for name in Decision.__struct_fields__
    if name not in ("allocation", "prices", "fees", "taxes", "offsets", "reasons", "lots", "trace", "last_held_on")
)


def assert_laws(decision: Decision) -> None:
    """What is true of every decision; anything else is a bug, or a record that somebody changed."""
    parts = decision.payout + decision.fee + decision.tax + decision.offset
    assert decision.outcome in OUTCOMES, f"{decision.outcome} is no outcome"
    assert decision.gross == parts, f"gross {decision.gross} is not the sum of its parts, {parts}"
    assert min(decision.payout, decision.fee, decision.tax, decision.offset) >= 0, "a part is below 0"
    allocated = sum(decision.allocation.values())
    expected = 0 if decision.outcome == "denied" else decision.points
    assert allocated == expected, f"the lots pay {allocated} of {expected} points"
    _assert_money(decision, allocated)
    denies = "denies" in [reason.effect for reason in decision.reasons]
    assert denies == (decision.outcome == "denied"), "a denial needs a rule that denies, and nothing else may have one"
    _assert_lots(decision)


def _assert_money(decision: Decision, allocated: int) -> None:
    assert sum([line.fee for line in decision.fees]) == decision.fee, "the fees are not the fee"
    if not (decision.prices or decision.taxes or decision.offsets):
        # Most policies have no such rules.
        assert decision.gross == allocated, f"gross {decision.gross} is not what the points come to, {allocated}"
        assert decision.tax == decision.offset == 0, "a tax or an offset has no rule"
        return
    priced = sum([line.points for line in decision.prices])
    worth = allocated - priced + sum([line.money for line in decision.prices])
    assert priced <= allocated, f"{priced} points are priced, and the lots pay {allocated}"
    assert decision.gross == worth, f"gross {decision.gross} is not what the points come to, {worth}"
    assert sum([line.tax for line in decision.taxes]) == decision.tax, "the taxes are not the tax"
    assert sum([line.offset for line in decision.offsets]) == decision.offset, "the offsets are not the offset"
    assert all(line.offset <= line.debt for line in decision.offsets), "more is set off than is owed"


def _assert_lots(decision: Decision) -> None:
    allocation = decision.allocation
    available = paying = 0
    for line in decision.lots:
        if line.allocated:
            paying += 1
            assert 0 < line.allocated <= line.left, f"lot {line.lot} falls below 0"
            assert not line.reasons, f"lot {line.lot} pays although it cannot"
            assert allocation.get(line.lot) == line.allocated, f"lot {line.lot} pays two amounts"
        if not line.reasons:
            available += line.left
    assert paying == len(allocation), "a lot pays that is not there"
    assert available == decision.available, f"available {decision.available} is not what the lots hold, {available}"
    assert len({line.lot for line in decision.lots}) == len(decision.lots), "a lot stands twice"
