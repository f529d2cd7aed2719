"""Lots in a row that are priced, charged and taxed alike, and the points of which they are part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from engine.bounds import Allowed
from engine.covers import Cover, Covered
from engine.judgement import Share
from engine.kinds.price import Rate
from engine.kinds.tax import Rates

FeeKey = tuple[str, tuple[Any, ...]]
"""A fee rule, and what its fields come to."""

TaxKey = tuple[str, Rates]
Charged = TypeVar("Charged", bound=tuple[Any, ...])
PriceKey = tuple[str, Rate]
Worth = Mapping[PriceKey, Covered]
"""Lots, as the points of each price that are theirs."""

UNPRICED = ("", Rate(1, 1, None, "down", 1, whole_steps=False))
"""What points pay that no rule prices: one unit each."""


class Run(NamedTuple):
    """Lots in a row that are treated alike: the points from `first` to `last` of the request end in one of them.

    Before the run, `priced` are the points that each price covers and `money` is what all points come to. `fees` and
    `taxes` are those that apply up to here, with the lots before the run that each is on, `common` the lots that a tax
    and a fee are both on; `grow` are those that its own lots are charged with. It is not `passable` where a rule
    denies whatever its points are.
    """

    first: int
    last: int
    price: PriceKey
    priced: Mapping[PriceKey, int]
    money: int
    fees: Mapping[FeeKey, Worth]
    taxes: Mapping[TaxKey, Worth]
    common: Mapping[tuple[TaxKey, FeeKey], Worth]
    grow: frozenset[FeeKey | TaxKey]
    passable: bool

    @property
    def before(self) -> int:
        """The points before the run that its own price covers."""
        return self.priced.get(self.price, 0)

    def cuts(self) -> list[int]:
        """Where lots begin and end that pay by the run's price and are charged or taxed, in points of that price."""
        each = [*self.fees.values(), *self.taxes.values(), *self.common.values()]
        found = [cut for worth in each if self.price in worth for cut in worth[self.price].all_cuts()]
        return [*found, self.before]


def cut_at(order: list[Share], at: list[int]) -> Iterator[Share]:
    """The lots in their order, cut in parts where so many points are paid."""
    paid = 0
    for position, left in order:
        end = paid + left
        for cut in at:
            if paid < cut < end:
                yield position, cut - paid
                paid = cut
        yield position, end - paid
        paid = end


Covers = dict[Charged, dict[PriceKey, Cover]]
"""The lots that each of some fees or taxes is on, as the points of each price that are theirs."""


def cover_of(covers: Covers[Charged], key: Charged, price: PriceKey) -> Cover:
    return covers.setdefault(key, {}).setdefault(price, Cover())


def so_far(covers: Covers[Charged], further: Iterable[Charged]) -> dict[Charged, Worth]:
    """What is covered now, by those that are on no lot yet too."""
    known: dict[Charged, Worth] = {
        key: {price: cover.so_far() for price, cover in each.items()} for key, each in covers.items()
    }
    return known | {key: NO_WORTH for key in further if key not in known}


NO_WORTH: Worth = {}


def worth_between(price: PriceKey, priced: int, more: int) -> int:
    """What more points come to after those that the same price covers already."""
    return price[1].money(priced + more) - price[1].money(priced)


def gross_at(run: Run, points: int) -> int:
    """What so many points, which end in the run, come to."""
    return run.money + worth_between(run.price, run.before, points - run.first + 1)


def points_in(run: Run, allowed: Allowed) -> Allowed | None:
    """The allowed points that end in a run, in whole steps of its price, from the first to the last of them."""
    found = allowed.both(Allowed(run.first, run.last))
    if found and run.price[1].whole_steps:
        every = run.price[1].every
        found = found.both(Allowed(run.first, run.last, every, (run.first - 1 - run.before) % every))
    if found is None:
        return None
    first, last = found.up(found.least), found.down(found.most)
    return found.between(first, last) if first <= last else None
