"""The effect of a change: whatever the parts and the order, the same exact figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from engine import effect as module
from engine.effect import (
    AMOUNTS,
    EDGES,
    SUMS,
    Affected,
    Effect,
    Undecided,
    band,
    band_bounds,
    key_of,
)
from engine.population.answers import Answer

AMOUNT = (0, 0, 1, 99, 100, 5_000, 12_345, 10**9)
REASONS = ((), ("limit",), ("fee", "limit"), ("closed",))
ERRORS = (None, None, None, "bad-facts: grade", "not-in-force")
OUTCOMES = ("approved", "denied", "needs_review")
Pair = tuple[Answer, Answer, str, str]


def pair_of(number: int, reference: str) -> Pair:
    """A pair of answers for each number: a number is drawn in a fraction of the time that an answer takes."""

    def one_of(some: Sequence[Any]) -> Any:
        nonlocal number
        number, which = divmod(number, len(some))
        return some[which]

    account, method = f"A-{one_of(range(12)):02}", one_of(("cash", "credit"))
    by = one_of(("GOLD", "PLAIN"))
    sides = []
    for _ in range(2):
        error, outcome, reasons = one_of(ERRORS), one_of(OUTCOMES), one_of(REASONS)
        figures = {name: one_of(AMOUNT) for name in AMOUNTS}
        decided = Answer(account, method, outcome, **figures, reasons=reasons)
        sides.append(Answer(account, method, None, error=error) if error else decided)
    return sides[0], sides[1], by, reference


PAIRS = st.lists(st.integers(0, 2**56), max_size=30).map(
    lambda numbers: [pair_of(number, f"D-{at:02}") for at, number in enumerate(numbers)]
)


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterator[None]:
    """So few are kept that short lists have more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_AFFECTED", 3)
        patch.setattr(module, "MOST_NAMED", 3)
        yield


def effect(some: Sequence[Pair]) -> Effect:
    found = Effect()
    for pair in some:
        found.add(*pair)
    for before, after, *_ in some:
        found.add_accounts(1, 0, (before.payout, after.payout))
    return found


def whole(found: Effect) -> tuple[object, ...]:
    """Everything that an effect says."""
    return found.groups, found.undecided, found.named, found.affected, found.accounts, found.best


@given(PAIRS)
def test_the_groups_sum_up_to_the_pairs(some: list[Pair]) -> None:
    decided = [(before, after) for before, after, *_ in some if not before.error and not after.error]
    found = effect(some)
    for parts in ((), ("method",), ("by", "change"), ("before", "after"), ("reasons_before",), ("amount",)):
        tallies = [*found.by(*parts).values()]
        assert sum(each.count for each in tallies) == len(decided)
        for name in AMOUNTS:
            expected = sum(getattr(after, name) - getattr(before, name) for before, after in decided)
            assert sum(each.difference(name) for each in tallies) == expected
        assert sum(each.gained - each.lost for each in tallies) == sum(
            after.payout - before.payout for before, after in decided
        )
        assert sum(each.gaining for each in tallies) == sum(after.payout > before.payout for before, after in decided)
    assert len(decided) + sum(found.undecided.values()) == len(some)
    for rule, spoken in found.reasons().items():
        assert spoken.before == sum(rule in before.reasons for before, _ in decided)
        assert spoken.after - spoken.before == spoken.appears - spoken.vanishes


@given(PAIRS, st.integers(0, 30), st.integers(0, 30), st.randoms())
def test_parts_in_any_order_come_to_the_same(some: list[Pair], one: int, other: int, random: object) -> None:
    first, second = sorted((one, other))
    parts = [effect(part) for part in (some[:first], some[first:second], some[second:])]
    left, right, middle = Effect(), Effect(), Effect()
    for part in parts:
        left.merge(part)
    middle.merge(parts[1])
    middle.merge(parts[2])
    right.merge(middle)
    right.merge(parts[0])
    shuffled = [*some]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # of hypothesis, without types
    assert whole(left) == whole(right) == whole(effect(some)) == whole(effect(shuffled))


@given(PAIRS)
def test_a_version_beside_itself_changes_nothing(some: list[Pair]) -> None:
    found = effect([(before, before, by, reference) for before, _, by, reference in some])
    total = found.total()
    assert (total["changed"], total.gaining, total.losing, found.affected) == (0, 0, 0, [])
    assert all(total.difference(name) == 0 for name in AMOUNTS)
    assert all(each.appears == each.vanishes == 0 for each in found.reasons().values())


@given(PAIRS)
def test_the_way_back_takes_everything_back(some: list[Pair]) -> None:
    there, back = effect(some), effect([(after, before, by, reference) for before, after, by, reference in some])
    for parts in ((), ("method", "by"), ("amount",)):
        for which, tally in there.by(*parts).items():
            other = back.by(*parts)[which]
            assert [tally.difference(name) for name in AMOUNTS] == [-other.difference(name) for name in AMOUNTS]
            assert (tally.count, tally["changed"], tally.gained, tally.losing) == (
                *(other.count, other["changed"]),
                *(other.lost, other.gaining),
            )
    assert [(each.after, each.before) for each in there.affected] == [
        (each.before, each.after) for each in back.affected
    ]
    changes = {-int(edge): tally.count for (edge,), tally in there.by("change").items()}
    assert changes == {edge: tally.count for (edge,), tally in back.by("change").items()}


@given(PAIRS)
def test_what_was_counted_elsewhere_counts_the_same(some: list[Pair]) -> None:
    counted = Effect()
    for before, after, by, reference in some:
        if before.error or after.error:
            side = "both" if before.error and after.error else "before" if before.error else "after"
            error = before.error or after.error or ""
            counted.add_undecided(Undecided(before.account_id, before.method, reference, side, error))
            continue
        differ = any(getattr(before, name) != getattr(after, name) for name in ("outcome", *AMOUNTS))
        amounts = {f"{name}_{side}": getattr(each, name) for name in AMOUNTS for side, each in _sides(before, after)}
        changed = int(differ or {*before.reasons} != {*after.reasons})
        counted.add_group(key_of(before, after, by), 1, {"changed": changed, **amounts})
        if differ:
            counted.add_affected(Affected(before, after, by, reference))
    best = sum(before.payout for before, *_ in some), sum(after.payout for _, after, *_ in some)
    counted.add_accounts(len(some), 0, best)
    assert whole(counted) == whole(effect(some))


def _sides(before: Answer, after: Answer) -> tuple[tuple[str, Answer], ...]:
    return ("before", before), ("after", after)


@given(PAIRS)
def test_the_most_affected_are_each_account_once_with_what_affects_it_most(some: list[Pair]) -> None:
    best: dict[str, Affected] = {}
    for before, after, by, reference in some:
        each = Affected(before, after, by, reference)
        same = all(getattr(before, name) == getattr(after, name) for name in ("outcome", *AMOUNTS))
        if before.error or after.error or same:
            continue
        known = best.get(before.account_id)
        if known is None or each.rank < known.rank:
            best[before.account_id] = each
    expected = sorted(best.values(), key=lambda each: each.rank)[: module.MOST_AFFECTED]
    assert [each.rank for each in effect(some).affected] == [each.rank for each in expected]


def test_a_tie_goes_by_id() -> None:
    found = Effect()
    answer = Answer("", "cash", "approved", payout=10)
    for number in range(9, -1, -1):
        before = structs.replace(answer, account_id=f"A-{number}")
        found.add(before, structs.replace(before, payout=9), "")
    assert [each.before.account_id for each in found.affected] == ["A-0", "A-1", "A-2"]


def test_the_first_that_were_not_decided_are_named_and_all_are_counted() -> None:
    found = Effect()
    for number in range(9, -1, -1):
        found.add_undecided(Undecided(f"A-{number}", "cash", "", "after", "no-method"))
    found.add_undecided(Undecided("B", "cash", "", "before", "something else"), 7)
    assert [each.account for each in found.named] == ["A-0", "A-1", "A-2"]
    assert found.undecided == {("after", "no-method"): 10, ("before", "other"): 7}


def test_reasons_in_another_order_are_no_change() -> None:
    found = Effect()
    before = Answer("A", "cash", "denied", reasons=("limit", "closed"))
    assert not found.add(before, structs.replace(before, reasons=("closed", "limit")), "")
    assert found.add(before, structs.replace(before, reasons=("closed",)), "")
    assert (found.total()["changed"], found.affected) == (1, [])


def test_a_group_without_all_its_sums_is_refused() -> None:
    answer = Answer("A", "cash", "denied")
    with pytest.raises(AssertionError, match="payout_after"):
        Effect().add_group(key_of(answer, answer, ""), 1, dict.fromkeys(SUMS[:3], 0))


@given(st.integers(-(10**12), 10**12))
def test_every_amount_lies_in_its_band_and_the_other_way_round(amount: int) -> None:
    least, most = band_bounds(band(amount))
    assert least is None or least <= amount
    assert most is None or amount <= most
    assert band(-amount) == -band(amount)


def test_bands_follow_each_other_without_a_gap() -> None:
    edges = [*(-edge for edge in reversed(EDGES)), 0, *EDGES]
    bounds = [band_bounds(edge) for edge in edges]
    assert [most for _, most in bounds[:-1]] == [None if least is None else least - 1 for least, _ in bounds[1:]]
