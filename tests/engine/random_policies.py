"""Small random policies and cases, for laws that hold of every policy.

Amounts are so small that every amount that could be asked for can be tried. A strategy is made once and not at each
draw: to make and to check one takes several times as long as to draw from it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from hypothesis import strategies as st

from engine.compiled import CompiledVersion, compile_version
from policies.kinds.allocate import Allocate, ByClass, OrderKey
from policies.kinds.closed import Closed, Days, Hours
from policies.kinds.exclude import Exclude, MethodTable
from policies.kinds.expire import Expire
from policies.kinds.fee import Fee, FreeAllowance
from policies.kinds.limit import Limit
from policies.kinds.offset import Offset
from policies.kinds.paper import Paper
from policies.kinds.pay import Pay
from policies.kinds.price import Price
from policies.kinds.require import Require
from policies.kinds.review import Review
from policies.kinds.tax import Tax
from policies.model import (
    ALWAYS,
    BalanceShare,
    Bands,
    Comparison,
    Condition,
    DayOfYear,
    FactRef,
    Measure,
    Policy,
    Rounding,
    Rule,
    Span,
    Table,
    Text,
    TimeOfDay,
    Value,
    ValueRef,
)
from policies.versions import PolicyVersion
from tests.policies_for_tests import lot, past, policy

FACTS = """
account.wallet: {type: points, ko: 지갑, en: wallet, default: 0}
account.grade: {type: [VVIP, VIP], ko: 등급, en: grade, default: VIP}
request.other_debt: {type: money, ko: 다른 미납, en: another debt, default: 0}
"""
BASE = policy(
    '- {id: x, kind: exclude, terms: "1", when: {lot.locked: true}, reason: {ko: 잠김, en: Locked.}}', facts=FACTS
).policy
PAPERS = {"id_card": Text("신분증", "identity card"), "family": Text("가족관계증명서", "family certificate")}
REASON = Text("사유({points})", "Because of {points}.")
FIXED = Text("사유", "Because.")

small = st.integers(0, 14)
positive = st.integers(1, 14)
rates = st.sampled_from([Fraction(rate) for rate in ("0", "1", "3", "10", "33.3", "50", "60", "90", "99.9", "100")])


@cache
def bands(figures: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A figure for every amount asked for, changing at up to two of them."""
    starts = st.lists(st.integers(1, 15), max_size=2, unique=True).map(lambda found: [0, *sorted(found)])
    by = st.sampled_from(["request.points", "request.points", "account.wallet"])
    return st.builds(
        lambda path, ends, cells: Bands(path, tuple(zip(ends, cells, strict=False))),
        by,
        starts,
        st.lists(figures, min_size=3, max_size=3),
    )


@cache
def cells(figures: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A figure, or one that depends on the points asked for or on the method."""
    table = st.builds(lambda one, other: Table("request.method", {"cash": one}, other), figures, figures)
    return st.one_of(figures, figures, bands(figures), table)


by_source = st.builds(lambda one, other: Table("lot.source", {"bill": one}, other), positive, positive)
rate_by_source = st.builds(lambda one, other: Table("lot.source", {"bill": one}, other), rates, rates)
percentages = st.one_of(cells(rates), rate_by_source)
steps = st.one_of(cells(positive), by_source)


@st.composite
def values(draw: st.DrawFn) -> dict[str, Value]:
    """One value of points, one of points of lots, one of a percentage."""
    made = {
        "amount": ("points", draw(cells(positive))),
        "of_lots": ("points", draw(by_source)),
        "percent": ("percent", draw(percentages)),
        "money": ("money", draw(cells(small))),
        "money_of_lots": ("money", draw(by_source)),
        "every": ("points", draw(steps)),
    }
    return {
        name: Value(name, "", "1", unit, "request.requested_on", ((None, cell),))  # type: ignore[arg-type]
        for name, (unit, cell) in made.items()
    }


ordered = st.sampled_from(["under", "at_most", "at_least", "over", "is", "is_not"])
requests = st.one_of(
    st.builds(
        lambda operator, right: Comparison("request.points", operator, right),
        ordered,
        st.one_of(positive, st.just(ValueRef("amount")), st.just(FactRef("account.wallet"))),
    ),
    st.builds(lambda operator: Comparison("account.wallet", operator, FactRef("request.points")), ordered),
    st.builds(lambda several: Comparison("request.points", "in", tuple(several)), st.lists(positive, min_size=1)),
    st.builds(lambda method: Comparison("request.method", "is", method), st.sampled_from(["cash", "bill_credit"])),
    st.builds(lambda level: Comparison("account.identity_level", "at_least", level), st.integers(0, 3)),
    st.builds(lambda grade: Comparison("account.grade", "is_not", grade), st.sampled_from(["VIP", "VVIP"])),
    st.just(Comparison("account.joined_on", "at_least_ago", Span(12, "months"))),
    st.just(Comparison("account.contact_verified", "is", True)),
    st.builds(lambda path: Comparison(path, "at_least", 19), st.sampled_from(["account.age", "account.year_age"])),
    st.builds(lambda operator: Comparison("account.points_debt", operator, FactRef("request.points")), ordered),
    st.just(Comparison("request.chosen_lots", "over", 0)),
)
lots_too = st.one_of(
    requests,
    st.builds(lambda source: Comparison("lot.source", "is", source), st.sampled_from(["bill", "promotion"])),
    st.builds(lambda source: Comparison("lot.source", "is", source), st.sampled_from(["bill", "promotion"])),
    st.builds(lambda operator: Comparison("lot.left", operator, FactRef("request.points")), ordered),
    st.builds(lambda operator: Comparison("request.points", operator, ValueRef("of_lots")), ordered),
    st.just(Comparison("lot.untouched", "is", True)),
    st.builds(
        lambda operator, rate: Comparison("lot.used_rate", operator, Fraction(rate)),
        ordered,
        st.sampled_from(["0", "33.333333", "50"]),
    ),
    st.builds(lambda used: Comparison("lot.used", "at_most", used), small),
    st.builds(lambda chosen: Comparison("lot.chosen", "is", chosen), st.booleans()),
)


@cache
def conditions(clauses: st.SearchStrategy[Comparison]) -> st.SearchStrategy[Condition]:
    """Clauses of which all must hold, or one."""
    both = st.lists(clauses, min_size=1, max_size=2).map(lambda found: Condition(tuple(found)))
    one_of = st.lists(clauses, min_size=2, max_size=2).map(
        lambda found: Condition((), tuple((clause,) for clause in found))
    )
    return st.one_of(both, both, one_of)


@cache
def guarded(clauses: st.SearchStrategy[Comparison], often: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """`when` and `unless` of a rule."""
    when = st.one_of(st.just(ALWAYS) if often else conditions(clauses), conditions(clauses))
    unless = st.lists(conditions(clauses), max_size=1)
    return st.builds(lambda when, unless: {"when": when, "unless": tuple(unless), "reason": REASON}, when, unless)


ORDERS: tuple[OrderKey, ...] = (
    "soonest_to_expire",
    "oldest",
    "newest",
    "smallest",
    "largest",
    "chosen_by_member",
    ByClass("lot.source", ("promotion",)),
)
amounts = st.one_of(positive, positive, st.just(ValueRef("amount")))
moneys = st.one_of(small, small, st.just(ValueRef("money")))
bounds = st.one_of(st.none(), small, small, st.just(ValueRef("money_of_lots")))
measures = st.sampled_from(
    [
        Measure("request.points"),
        Measure("request.points"),
        Measure("balance.after"),
        Measure("available.after"),
        Measure("balance.before"),
        Measure("available.before"),
        Measure("sum", "month", "account"),
        Measure("sum", Span(24, "hours"), "account", ("cash",)),
        Measure("sum", "ever", "receiving_account"),
        Measure("count", "year", "account"),
        Measure("sum", "week", "account", same_method=True),
        Measure("count", Span(2, "months"), "account", same_method=True),
    ]
)


method_tables = st.sampled_from(
    [
        MethodTable("lot.source", {"promotion": ("bill_credit",)}, None, ("bill", "promotion", "purchase")),
        MethodTable("lot.untouched", {True: ("cash",), False: ()}, None, (True, False)),
        MethodTable("account.grade", {"VIP": None, "VVIP": ("cash", "gift_card")}, None, ("VVIP", "VIP")),
    ]
)


maybe_tables = st.one_of(st.none(), st.none(), method_tables)
maybe_moneys = st.one_of(st.none(), st.none(), moneys)
maybe_rates = st.one_of(st.none(), st.none(), rates)
maybe_small = st.one_of(st.none(), small)
maybe_shares = st.one_of(st.none(), moneys, rates, rates)
given_rates = st.one_of(rates, st.just(ValueRef("percent")))
everys = st.one_of(positive, positive, st.just(ValueRef("every")))
allowances = st.one_of(
    st.none(),
    st.none(),
    st.builds(lambda first: FreeAllowance(first, "month"), st.integers(0, 2)),
    st.builds(lambda points: FreeAllowance(None, "month", points=points), amounts),
)
orders = st.lists(st.sampled_from(ORDERS), min_size=1, max_size=2)


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """A few rules of every kind that decides a refund."""
    found: list[Rule] = [
        Exclude(
            id=f"exclude-{n}",
            terms="1",
            allowed_methods=draw(maybe_tables),
            **draw(guarded(lots_too, often=False)),
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    for n in range(draw(st.integers(0, 2))):
        after = draw(st.sampled_from([Span(1, "years"), Span(6, "months"), Span(30, "days")]))
        until = draw(st.sampled_from(["day", "day", "quarter_end", "half_year_end", DayOfYear(2, 29)]))
        life: dict[str, Any] = {draw(st.sampled_from(["after", "after", "idle"])): after, "until": until}
        overrides = ("expire-0",) if n else ()
        more = draw(guarded(lots_too, often=False))
        found.append(Expire(id=f"expire-{n}", terms="1", **life, overrides=overrides, **more))
    for n in range(draw(st.integers(0, 2))):
        that = draw(conditions(requests))
        found.append(Require(id=f"require-{n}", terms="1", that=that, **draw(guarded(requests))))
    found += draw(papers_and_times())
    for n in range(draw(st.integers(0, 3))):
        sense = draw(st.sampled_from(["at_most", "at_most", "at_least", "multiple_of"]))
        measure = draw(measures)
        bound = draw(positive) if sense == "multiple_of" else draw(amounts)
        overrides = ("limit-0",) if n and draw(st.booleans()) else ()
        more = draw(guarded(requests))
        more |= {"measure": measure, "overrides": overrides, sense: bound}
        more |= {"or_all": sense != "at_most" and draw(st.booleans())}
        found.append(Limit(id=f"limit-{n}", terms="1", **more))
    found += draw(fees())
    if draw(st.booleans()):
        found += draw(moneyed())
    if draw(st.booleans()):
        found.append(Review(id="review-0", terms="1", measure=Measure("request.points"), over=9, reason=FIXED))
    if draw(st.booleans()):
        batch: dict[str, Any] = {
            "batch": draw(st.sampled_from([(5, "last"), ("friday",)])),
            "cut_off_time": TimeOfDay(16 * 60),
        }
        found.append(Pay(id="pay-0", terms="1", **draw(st.sampled_from([{"within": Span(3, "business days")}, batch]))))
    order = tuple(draw(orders))
    found.append(Allocate(id="order", terms="1", order=order, reason=FIXED))
    return tuple(found)


@st.composite
def papers_and_times(draw: st.DrawFn) -> list[Rule]:
    """Sometimes papers that are needed, and sometimes times that are closed."""
    found: list[Rule] = []
    for n in range(draw(st.sampled_from([0, 0, 1, 2]))):
        names = draw(st.sampled_from([("id_card",), ("family",), ("id_card", "family")]))
        within = draw(st.sampled_from([None, Span(3, "months")]))
        which = draw(st.sampled_from(["needs", "one_of"]))
        more = draw(guarded(requests)) | {"reason": FIXED, which: names, "issued_within": within}
        found.append(Paper(id=f"paper-{n}", terms="1", **more))
    for n in range(draw(st.sampled_from([0, 0, 1, 2]))):
        times: dict[str, Any] = draw(
            st.sampled_from(
                [
                    {"hours": Hours(TimeOfDay(23 * 60 + 30), TimeOfDay(30))},
                    {"hours": Hours(TimeOfDay(12 * 60), TimeOfDay(13 * 60)), "weekdays": ("tuesday",)},
                    {"days": (Days(date(2026, 3, 1), date(2026, 3, 20)),)},
                ]
            )
        )
        found.append(Closed(id=f"closed-{n}", terms="1", **draw(guarded(requests)) | {"reason": FIXED} | times))
    return found


@st.composite
def fees(draw: st.DrawFn) -> list[Rule]:
    """Up to three fees, each on top of the ones before it, but sometimes in conflict."""
    found: list[Rule] = []
    for n in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
        adds_to = tuple(rule.id for rule in found) if draw(st.integers(0, 4)) else ()
        overrides = (found[0].id,) if found and not draw(st.integers(0, 3)) else ()
        free = draw(allowances)
        more = draw(guarded(lots_too)) | {"adds_to": adds_to, "overrides": overrides, "free": free, "reason": FIXED}
        more |= {draw(st.sampled_from(["gross_at_least", "gross_under"])): draw(maybe_moneys)}
        if draw(st.booleans()):
            found.append(Fee(id=f"fee-{n}", terms="1", flat=draw(moneys), **more))
            continue
        rounding = draw(st.sampled_from(["down", "up", "half_up"]))
        rate = draw(given_rates)
        least, most = draw(bounds), draw(bounds)
        to = draw(st.sampled_from([1, 1, 5]))
        more |= {"rounding": rounding, "to": to, "at_least": least, "at_most": most}
        found.append(Fee(id=f"fee-{n}", terms="1", rate=rate, **more))
    return found


flags = st.booleans()
rounded: st.SearchStrategy[Rounding] = st.sampled_from(["down", "up", "half_up"])


@st.composite
def moneyed(draw: st.DrawFn) -> list[Rule]:
    """Prices, taxes, debts set off, and limits on the payout and by shares of the balance."""
    found: list[Rule] = []
    for n in range(draw(st.sampled_from([0, 1, 1, 2]))):
        every = draw(everys)
        bonus = draw(maybe_rates)
        more = draw(guarded(lots_too)) | {"overrides": ("price-0",) if n and draw(st.integers(0, 3)) else ()}
        more |= {"rounding": draw(rounded), "to": draw(st.sampled_from([1, 1, 3]))}
        more |= {"whole_steps": draw(flags), "bonus": bonus}
        found.append(Price(id=f"price-{n}", terms="1", every=every, pays=draw(moneys), **more | {"reason": FIXED}))
    taxes: list[str] = []
    for n in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        chained: bool = draw(flags)
        on = (draw(st.sampled_from(taxes)),) if taxes and chained else ()
        more = draw(guarded(requests if on else lots_too)) | {"of": on, "reason": FIXED}
        more |= {
            "adds_to": tuple(taxes) if draw(st.integers(0, 4)) else (),
            "taxes": draw(st.sampled_from(["whole", "excess"])),
        }
        figures = maybe_small if on else bounds
        more |= {"above": draw(figures), "waived_under": draw(figures)}
        more |= {"rounding": draw(rounded), "to": draw(st.sampled_from([1, 1, 2, 5]))}
        rate = draw(rates if on else given_rates)
        found.append(Tax(id=f"tax-{n}", terms="1", rate=rate, after_fees=not on and draw(flags), **more))
        taxes.append(f"tax-{n}")
    for n in range(draw(st.sampled_from([0, 0, 1, 2]))):
        debt = FactRef(draw(st.sampled_from(["account.debt", "request.other_debt"])))
        after = ("offset-0",) if n and draw(st.integers(0, 4)) else ()
        most = draw(maybe_shares)
        more = draw(guarded(requests)) | {"reason": FIXED, "after": after, "at_most": most}
        more |= {"rounding": draw(rounded) if isinstance(most, Fraction) else None}
        more |= {"shared": after if most is not None and draw(flags) else ()}
        found.append(Offset(id=f"offset-{n}", terms="1", debt=debt, **more))
    for n in range(draw(st.sampled_from([0, 1, 1, 2]))):
        sense = draw(st.sampled_from(["at_most", "at_most", "at_least", "multiple_of"]))
        bound = draw(positive) if sense == "multiple_of" else draw(moneys)
        more = draw(guarded(requests)) | {"measure": draw(of_money), sense: bound}
        more |= {"or_all": sense != "at_most" and draw(st.booleans())}
        found.append(Limit(id=f"payout-{n}", terms="1", **more))
    if draw(st.booleans()):
        least = draw(st.one_of(st.none(), positive))
        of: st.SearchStrategy[Literal["available", "balance"]] = st.sampled_from(["available", "balance"])
        share = BalanceShare(draw(rates), draw(of), draw(rounded), least)
        sense = draw(st.sampled_from(["at_most", "at_least"]))
        more = draw(guarded(requests)) | {
            "measure": draw(
                st.sampled_from([Measure("request.points"), Measure("balance.after"), Measure("available.after")])
            ),
            sense: share,
        }
        found.append(Limit(id="share-0", terms="1", **more))
    return found


of_money = st.sampled_from(
    [
        Measure("payout"),
        Measure("payout"),
        Measure("gross"),
        Measure("destination.after"),
        Measure("sum", "month", "account", summed="refund.payout"),
        Measure("sum", "ever", "receiving_account", summed="refund.payout"),
    ]
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy with random rules and values."""
    return replace(BASE, papers=PAPERS, rules=draw(rules()), values=draw(values()))


def compiled(tested: Policy) -> CompiledVersion:
    """The policy as a version."""
    return compile_version(PolicyVersion(tested, "", "sha256:0", 1, (date(2026, 3, 4),)))


@st.composite
def random_lot(draw: st.DrawFn, n: int) -> dict[str, Any]:
    """A lot of at most 12 points, as JSON."""
    amount = draw(st.sampled_from([9, 12, 1, 3, 5, 7, 8, 10, 0]))
    acquired_on = draw(st.sampled_from(["2024-03-03", "2025-03-02", "2025-03-03", "2025-10-01", "2026-02-01"]))
    return lot(
        f"L{n}",
        amount,
        left=draw(st.sampled_from([amount, amount, amount // 2, 0])),
        source=draw(st.sampled_from(["bill", "bill", "promotion"])),
        acquired_on=acquired_on,
        expires_on=draw(st.sampled_from([None, None, "2026-03-02", "2026-03-03", "2027-01-01"])),
    )


shown_papers = st.builds(
    lambda paper, issued_on: {"paper": paper, "issued_on": issued_on},
    st.sampled_from(["id_card", "family"]),
    st.sampled_from([None, "2026-03-01", "2025-12-03", "2025-12-02"]),
)
several_papers = st.lists(shown_papers, max_size=2)
activity_days = st.lists(st.sampled_from(["2025-09-03", "2026-02-28", "2026-03-05"]), max_size=2)
states = st.sampled_from(["approved", "settled", "needs_review", "denied", "cancelled"])


@st.composite
def cases(draw: st.DrawFn, points: st.SearchStrategy[int | str]) -> dict[str, Any]:
    """A case with up to four lots and some history, as JSON."""
    times = ["2026-03-01T00:00:00Z", "2026-03-02T03:00:00Z", "2026-03-02T03:00:01Z", "2025-05-05T00:00:00Z"]
    history = [
        past(
            draw(positive),
            at,
            state=draw(states),
            receiving_account=draw(st.sampled_from(["", "KB-1"])),
            **draw(st.sampled_from([{}, {"payout": 3}])),
        )
        for at in times[: draw(st.integers(0, 4))]
    ]
    lots = [draw(random_lot(n)) for n in range(draw(st.sampled_from([3, 2, 4, 1, 0])))]
    ids = [each["id"] for each in lots]
    return {
        "account": {
            "id": "A-1",
            "joined_on": draw(st.sampled_from(["2015-01-01", "2025-06-01"])),
            "identity_level": draw(st.integers(0, 3)),
            "contact_verified": draw(st.booleans()),
            "wallet": draw(small),
            "grade": draw(st.sampled_from(["VIP", "VVIP"])),
            "born_on": draw(st.sampled_from([None, "2007-03-03", "2007-03-04"])),
            "points_debt": draw(small),
            "activity_days": draw(activity_days),
            "debt": draw(small),
        },
        "lots": lots,
        "request": {
            "points": draw(points),
            "method": draw(st.sampled_from(["cash", "bill_credit"])),
            "other_debt": draw(small),
            "destination_balance": draw(small),
            "receiving_account": draw(st.sampled_from(["", "KB-1"])),
            "papers": draw(several_papers),
            "lots": draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if ids else [],
        },
        "history": history,
        "as_of": draw(st.sampled_from(["2026-03-03T03:00:00Z", "2026-03-03T02:59:59Z", "2026-03-03T14:45:00Z"])),
    }
