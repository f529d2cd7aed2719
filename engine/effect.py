"""The effect of a change: the answers of two versions to the same questions, counted in groups.

Pairs of answers are added one by one, or as groups that were counted elsewhere, and the effects of parts are merged.
Every figure is a whole number and every order total, so in whatever parts and order the pairs come, the effect is the
same. How many groups there are depends on the rules, not on how many accounts were asked about.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from engine.population.answers import Answer
from policies.model import Text

MOST_AFFECTED = 50
MOST_NAMED = 20
AMOUNTS = ("points", "payout", "fee", "tax", "offset")
SUMS = ("changed", *(f"{name}_{side}" for name in AMOUNTS for side in ("before", "after")))
"""What is summed of a group: how many of its pairs differ in anything, and each amount before and after."""
EDGES = (1, 100, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000)
"""Where the bands of amounts begin."""
SIDES = ("before", "after", "both")
ERRORS: Mapping[str, Text] = {
    "bad-facts": Text("사실이 정책에 맞지 않음", "the facts do not fit the policy"),
    "no-method": Text("정책에 없는 환급 방법", "the policy has no such refund method"),
    "not-in-force": Text("시행일 전", "before the policy is in force"),
    "rules-conflict": Text("규칙이 서로 충돌함", "rules contradict each other"),
    "erased": Text("사안이 지워짐", "the case was erased"),
    "unreadable": Text("기록을 읽을 수 없음", "the record cannot be read"),
    "other": Text("그 밖의 이유", "for another reason"),
}
"""Why a version does not answer, by the kind that an error begins with."""


class Key(NamedTuple):
    """What the pairs of one group have in common.

    `by` is the grade of the account, or whatever the groups go by; `before` and `after` are the outcomes, the reasons
    those of each side, sorted and each once. `amount` is the band of the larger of both amounts of points, `change`
    that of the difference in payout.
    """

    method: str
    by: str
    before: str
    after: str
    reasons_before: tuple[str, ...]
    reasons_after: tuple[str, ...]
    amount: int
    change: int


class Affected(Struct, frozen=True):
    """A pair of answers whose outcomes or amounts differ. `reference` is the decision that was made again, "" where
    there was none.
    """

    before: Answer
    after: Answer
    by: str
    reference: str = ""

    @property
    def difference(self) -> int:
        """How much more is paid out after the change."""
        return self.after.payout - self.before.payout

    @property
    def rank(self) -> tuple[int, str, str, str]:
        """The most affected come first; no two pairs have the same."""
        return -abs(self.difference), self.before.account_id, self.before.method, self.reference


class Undecided(NamedTuple):
    """A question that one version could not answer, or neither; `error` says why, beginning with its kind."""

    account: str
    method: str
    reference: str
    side: str
    error: str

    @property
    def kind(self) -> str:
        """What sort of error it was."""
        return kind_of(self.error)


@dataclass(slots=True)
class Tally:
    """Some groups together. `gaining` pairs are paid more after the change, `gained` in all; `losing` ones less."""

    count: int = 0
    sums: tuple[int, ...] = (0,) * len(SUMS)
    gaining: int = 0
    gained: int = 0
    losing: int = 0
    lost: int = 0

    def __getitem__(self, name: str) -> int:
        """One of SUMS."""
        return self.sums[SUMS.index(name)]

    def difference(self, name: str) -> int:
        """How much larger one of AMOUNTS is after the change."""
        return self[f"{name}_after"] - self[f"{name}_before"]

    def add(self, key: Key, figures: Sequence[int]) -> None:
        """One group more."""
        count, *sums = figures
        self.count += count
        self.sums = tuple(map(int.__add__, self.sums, sums))
        more = figures[_PAYOUT_AFTER] - figures[_PAYOUT_BEFORE]
        if key.change > 0:
            self.gaining += count
            self.gained += more
        elif key.change < 0:
            self.losing += count
            self.lost -= more


@dataclass(slots=True)
class Spoken:
    """How often a rule is among the reasons: on each side, and on one alone."""

    before: int = 0
    after: int = 0
    appears: int = 0
    vanishes: int = 0


class Effect:
    """What a change comes to, as far as it was added up."""

    def __init__(self) -> None:
        self.groups: dict[Key, list[int]] = {}
        """By key: how many pairs, then SUMS."""
        self.accounts = 0
        self.accounts_changed = 0
        self.best = 0, 0
        """What all accounts are paid that each take the method that pays them most, before and after."""
        self.undecided: dict[tuple[str, str], int] = {}
        """By side and kind of error."""
        self._named: list[Undecided] = []
        self._affected: dict[str, Affected] = {}

    # What is added.

    def add(self, before: Answer, after: Answer, by: str, reference: str = "") -> bool:
        """The answers of both versions to one question; whether they differ."""
        error = before.error or after.error
        if error is not None:
            side = "both" if before.error and after.error else "before" if before.error else "after"
            self.add_undecided(Undecided(before.account_id, before.method, reference, side, error))
            return False
        key = key_of(before, after, by)
        otherwise = _figures(before) != _figures(after)
        changed = otherwise or key.reasons_before != key.reasons_after
        figures = self.groups.get(key)
        if figures is None:
            figures = self.groups[key] = [0] * (1 + len(SUMS))
        figures[0] += 1
        figures[1] += changed
        at = 2
        for name in AMOUNTS:
            figures[at] += getattr(before, name)
            figures[at + 1] += getattr(after, name)
            at += 2
        # Where nothing but the reasons is another, nobody is affected.
        if otherwise:
            self.add_affected(Affected(before, after, by, reference))
        return changed

    def add_group(self, key: Key, count: int, sums: Mapping[str, int]) -> None:
        """A group that was counted elsewhere; `sums` are all of SUMS."""
        assert sums.keys() == set(SUMS), f"the sums of a group are {', '.join(SUMS)}"
        sorted_key = key._replace(reasons_before=_once(key.reasons_before), reasons_after=_once(key.reasons_after))
        self._add_figures(sorted_key, (count, *(sums[name] for name in SUMS)))

    def add_affected(self, found: Affected) -> None:
        """A pair that may be among the most affected: each account once, with what affects it most."""
        account, rank = found.before.account_id, found.rank
        known = self._affected.get(account)
        if known is not None:
            if rank < known.rank:
                self._affected[account] = found
            return
        if len(self._affected) >= MOST_AFFECTED:
            # An account that is let go had nothing that ranks before any that stay, so it comes back only for more.
            last = max(self._affected.values(), key=_rank)
            if rank > last.rank:
                return
            del self._affected[last.before.account_id]
        self._affected[account] = found

    def add_undecided(self, found: Undecided, count: int = 1) -> None:
        """A question that was not answered twice, and how many like it there are; the first by id are named."""
        assert found.side in SIDES, f"{found.side} is no side"
        which = found.side, found.kind
        self.undecided[which] = self.undecided.get(which, 0) + count
        if len(self._named) < MOST_NAMED or found < self._named[-1]:
            insort(self._named, found)
            del self._named[MOST_NAMED:]

    def add_accounts(self, count: int, changed: int, best: tuple[int, int] = (0, 0)) -> None:
        """So many accounts were asked about, and some answer to so many of them changed. `best` is the sum of what
        each is paid by the method that pays it most, before and after, of the questions that both versions answer.
        """
        self.accounts += count
        self.accounts_changed += changed
        self.best = self.best[0] + best[0], self.best[1] + best[1]

    def merge(self, other: Effect) -> None:
        """What another part of the same change comes to."""
        for key, figures in other.groups.items():
            self._add_figures(key, figures)
        for which, count in other.undecided.items():
            self.undecided[which] = self.undecided.get(which, 0) + count
        self._named = sorted([*self._named, *other._named])[:MOST_NAMED]
        for found in other._affected.values():
            self.add_affected(found)
        self.add_accounts(other.accounts, other.accounts_changed, other.best)

    def _add_figures(self, key: Key, figures: Sequence[int]) -> None:
        known = self.groups.get(key)
        self.groups[key] = [*figures] if known is None else [*map(int.__add__, known, figures)]

    # What it comes to.

    @property
    def named(self) -> Sequence[Undecided]:
        """The first questions that were not answered."""
        return tuple(self._named)

    @property
    def affected(self) -> list[Affected]:
        """The most affected accounts, the most affected first."""
        return sorted(self._affected.values(), key=_rank)

    def total(self) -> Tally:
        """All groups together."""
        return self.by().get((), Tally())

    def by(self, *parts: str) -> dict[tuple[str | int, ...], Tally]:
        """The groups together that have the same in some parts of their key, in the order of those."""
        found: dict[tuple[str | int, ...], Tally] = {}
        for key, figures in self.groups.items():
            found.setdefault(tuple([getattr(key, part) for part in parts]), Tally()).add(key, figures)
        return dict(sorted(found.items()))

    def reasons(self) -> dict[str, Spoken]:
        """How often each rule is among the reasons, in the order of the ids."""
        found: dict[str, Spoken] = {}
        for key, (count, *_) in self.groups.items():
            before, after = set(key.reasons_before), set(key.reasons_after)
            for rule in before | after:
                spoken = found.setdefault(rule, Spoken())
                spoken.before += count * (rule in before)
                spoken.after += count * (rule in after)
                spoken.appears += count * (rule not in before)
                spoken.vanishes += count * (rule not in after)
        return dict(sorted(found.items()))


_PAYOUT_BEFORE, _PAYOUT_AFTER = (1 + SUMS.index(f"payout_{side}") for side in ("before", "after"))


def key_of(before: Answer, after: Answer, by: str) -> Key:
    """The group of a pair of answers."""
    return Key(
        before.method,
        by,
        before.outcome or "",
        after.outcome or "",
        _once(before.reasons),
        _once(after.reasons),
        band(max(before.points, after.points)),
        band(after.payout - before.payout),
    )


def band(amount: int) -> int:
    """The band of an amount, by where it begins, of one below 0 by where it ends; 0 is a band of its own.

    >>> [band(amount) for amount in (0, 1, 99, 100, 999, -1, -100, -4_999, 10**9)]
    [0, 1, 1, 100, 100, -1, -100, -1000, 10000000]
    """
    edge = EDGES[bisect_right(EDGES, abs(amount)) - 1] if amount else 0
    return edge if amount > 0 else -edge


def band_bounds(edge: int) -> tuple[int | None, int | None]:
    """The least and the most amount of a band, None where it has no end.

    >>> band_bounds(100), band_bounds(-100), band_bounds(0), band_bounds(10_000_000)
    ((100, 999), (-999, -100), (0, 0), (10000000, None))
    """
    if not edge:
        return 0, 0
    following = bisect_right(EDGES, abs(edge))
    last = EDGES[following] - 1 if following < len(EDGES) else None
    if edge > 0:
        return edge, last
    return None if last is None else -last, edge


def kind_of(error: str) -> str:
    """What an error begins with: its kind, or that it has none.

    >>> kind_of("bad-facts: account.grade is unknown"), kind_of("the file was cut")
    ('bad-facts', 'other')
    """
    kind = error.partition(":")[0]
    return kind if kind in ERRORS else "other"


def _rank(found: Affected) -> tuple[int, str, str, str]:
    return found.rank


def _figures(answer: Answer) -> tuple[object, ...]:
    return answer.outcome, answer.points, answer.payout, answer.fee, answer.tax, answer.offset


def _once(reasons: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(reasons)))
