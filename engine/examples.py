"""The hunt for a case that two texts decide differently.

It begins with ordinary cases and those of the scenarios, and makes others from them. What shows the rules in question
in a new light is kept, to make further ones from: so the hunt gets closer without knowing the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from engine.calendars import local_day
from engine.cases import BadCase, read_case, read_day_case, read_event_case
from engine.clues import clues_of
from engine.compiled import CompiledVersion
from engine.draft_facts import Draft
from engine.drafts import Maker
from engine.draws import Draws
from engine.errors import Conflict
from engine.facts import Case, DayCase, EventCase, case_data, day_case_data, event_case_data
from engine.lot_days import lot_days
from engine.reading import instant
from engine.scenario_expect import About
from engine.scenarios import Got, observe_case
from engine.scene import Scene
from engine.windows import begins
from policies.diff import Change
from policies.model import Policy

AnyCase = Case | EventCase | DayCase

UNREADABLE = "unreadable"
"""The outcome of a case that names what a text does not know."""

_SIDELINES = frozenset({"last_usable_on", "last_held_on", "available", "prices"})
"""What the parties see of a decision, but what moves no points or money by itself."""
_TOLD = frozenset({"figures"})
"""What is only told with a reason. Remedies follow from the rest, and take longer to find than all of it."""
_BEST = 3
_PATIENCE = {1: 1_200, 2: 300}
"""So many more cases are tried, by the rank of the best example so far, for one in which more differs."""

_ABOUTS: Mapping[str, tuple[About, ...]] = {
    "earn": ("event",),
    "clawback": ("event",),
    "dormancy": ("day",),
    "notice": ("day",),
    "expire": ("request", "day"),
}
_READERS: Mapping[About, Callable[[Policy, object], AnyCase]] = {
    "request": read_case,
    "event": read_event_case,
    "day": read_day_case,
}
_WORDS = ("ko", "en", "terms")
_KEPT_CASES = 150
_KEPT_NEAR = 12
_RECENT = 12
_SIMPLER_TRIES = 400


@dataclass(frozen=True, slots=True)
class Example:
    """A case in plain data, what both texts make of it, and the keys in which that differs."""

    case: Draft
    old: Got
    new: Got
    keys: tuple[str, ...]


class Hunt:
    """One hunt. `known` are cases of scenarios; `tried` counts the cases that were decided, or could not be."""

    def __init__(
        self, old: CompiledVersion, new: CompiledVersion, change: Change, known: Iterable[AnyCase], seed: int
    ) -> None:
        self.old, self.new, self.change = old, new, change
        self.tried = 0
        self._draws = Draws(seed)
        self._policies = old.policy, new.policy
        self._same_words = _words_of(old.policy) == _words_of(new.policy)
        self._rules = set(change.rules)
        self._abouts = self._asked()
        self._known = [data for case in known if (data := _data(case)) and _about(data) in self._abouts]
        self._makers = self._made_by()
        self._signs: set[Any] = set()
        self._pool: list[Draft] = []
        self._near: list[Draft] = []
        self._left = 0

    def run(self, tries: int) -> Example | None:
        """The first good example in so many tries, made as simple as it can be; None when there is none."""
        best, rank, since = None, 0, 0
        for draft in self._drafts():
            if self.tried >= tries or since > _PATIENCE.get(rank, tries):
                break
            self.tried += 1
            since += 1
            example = self.tell_apart(draft, keep=True)
            if example:
                # What is told differs already: the rest is near.
                self._near = [*self._near[-_KEPT_NEAR:], draft]
            if example and _rank(example.keys) > rank:
                best, rank, since = example, _rank(example.keys), 0
                if rank == _BEST:
                    break
        return self._simpler(best) if best else None

    def tell_apart(self, draft: Draft, *, keep: bool = False) -> Example | None:
        """The case as an example, if the two texts decide it differently."""
        if not _possible(draft, self.new):
            return None
        found = self._decided(draft)
        outcomes = [got["outcome"] for got, _ in found]
        if keep and outcomes != [UNREADABLE, UNREADABLE]:
            self._keep(draft, found)
        vocabulary = self.change.sort in ("name", "fact", "file")
        if UNREADABLE in outcomes and (not vocabulary or outcomes[0] == outcomes[1]):
            return None
        old, new = (_bare(got) for got, _ in found)
        keys = tuple(key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key))
        if UNREADABLE in outcomes or "not_in_force" in outcomes or "conflict" in outcomes:
            keys = ("outcome",) if outcomes[0] != outcomes[1] else keys
        return Example(draft, old, new, keys) if keys else None

    def _drafts(self) -> Iterator[Draft]:
        first = [draft for maker in self._makers for about in self._abouts for draft in maker.first(about)]
        yield from first
        yield from self._known
        while True:
            ways = first, self._known, self._pool, self._pool[-_RECENT:], self._near, self._near
            parents = self._draws.one_of([each for each in ways if each])
            yield self._draws.one_of(self._makers).varied(self._draws.one_of(parents))

    def _keep(self, draft: Draft, found: list[tuple[Got, Any]]) -> None:
        """Keeps a case in which the rules in question stand as they never stood before."""
        sign = tuple(
            (got["outcome"], tuple(sorted(_standing(trace, self._rules))), tuple(got["reasons"])[:4])
            for got, trace in found
        )
        if sign not in self._signs:
            self._signs.add(sign)
            self._pool.append(draft)
            if len(self._pool) > _KEPT_CASES:
                del self._pool[self._draws.below(_KEPT_CASES // 2)]

    def _decided(self, draft: Draft) -> list[tuple[Got, Any]]:
        """What both texts make of a draft. Where they know the same facts and words it is read once."""
        old, new = self._policies
        found: list[tuple[Got, Any]] = []
        read = _READERS[_about(draft)]
        case: AnyCase | None = None
        for compiled, policy, other in ((self.old, old, new), (self.new, new, old)):
            try:
                if case is None or not self._same_words:
                    case = read(policy, _known_to(draft, policy, other))
            except BadCase as bad:
                found.append(({"outcome": UNREADABLE, "reasons": [], "why": bad.mistakes}, ()))
                if self._same_words:
                    return found * 2
                continue
            found.append(observe_case(compiled, case, helping=False))
        return found

    def _asked(self) -> tuple[About, ...]:
        """What cases can be about: what rules of these kinds answer; anything where any rule may be touched."""
        kinds = {rule.kind for policy in self._policies for rule in policy.rules}
        if self._rules:
            kinds = {rule.kind for policy in self._policies for rule in policy.rules if rule.id in self._rules} or kinds
        found = dict.fromkeys(about for kind in sorted(kinds) for about in _ABOUTS.get(kind, ("request",)))
        return tuple(found)

    def _made_by(self) -> list[Maker]:
        """A maker for each text: what is new can only be asked about in the words of the new one."""
        every = {rule.id for policy in self._policies for rule in policy.rules}
        focus = clues_of(self._policies, self._rules, self.change.says)
        for policy in self._policies:
            if self.change.sort == "value":
                focus.read_value(policy, self.change.subject)
        everything = clues_of(self._policies, every, [*map(list, self._all_days())])
        everything.numbers += [each for each in focus.numbers if each not in everything.numbers]
        for field in ("numbers", "days", "spans", "times", "days_of_year", "words", "rates"):
            known = getattr(everything, field)
            known += [each for each in getattr(focus, field) if each not in known]
        makers = [
            Maker(compiled.policy, focus, everything, self._draws, partial(_ends, compiled))
            for compiled in (self.old, self.new)
        ]
        return makers if self.change.sort in ("name", "fact", "file") else makers[1:] + makers[:1]

    def _all_days(self) -> Iterator[Iterable[Any]]:
        yield from ((policy.starts,) for policy in self._policies)

    def _simpler(self, example: Example) -> Example:
        """The example without what it does not need: as ordinary as it can be, then with as little in it."""
        about = _about(example.case)
        ordinary = [draft for maker in self._makers[-1:] for draft in maker.first(about)][:1]
        self._left = _SIMPLER_TRIES
        for usual in ordinary:
            example = self._better(example, _more_usual(example.case, usual)) or example
        while better := self._better(example, _smaller(example.case)):
            example = better
        return example

    def _better(self, example: Example, drafts: Iterable[Draft]) -> Example | None:
        """The first of the drafts that shows as much and brings up no other rules; None when none does."""
        for draft in drafts:
            self._left -= 1
            if self._left < 0:
                return None
            other = self.tell_apart(draft)
            if other is None or _rank(other.keys) < _rank(example.keys) or _reasons(other) > _reasons(example):
                continue
            if _outcomes(other) == _outcomes(example) or _reasons(other) < _reasons(example):
                return other
        return None


def _more_usual(case: Draft, usual: Draft) -> Iterator[Draft]:
    """The case with the account and the request of a usual one, but for what it is about and a fact or two."""
    asked = {part: case[part] for part in ("request", "event") if part in case}
    kept = {part: {name: facts[name] for name in _ASKED if name in facts} for part, facts in asked.items()}
    usual_asked = {
        part: {name: each for name, each in usual[part].items() if name not in _ASKED} | kept[part] for part in kept
    }
    account = usual["account"]
    single = [{}, *({name: each} for name, each in case["account"].items() if account.get(name) != each)]
    pairs = [one | other for at, one in enumerate(single) for other in single[at + 1 :]]
    for own in (*single, *(pairs if len(single) <= _FEW else ())):
        yield case | usual_asked | {"account": account | own}
        yield case | {"account": account | own}
    for part, facts in asked.items():
        for name, each in facts.items():
            if name not in usual_asked[part]:
                yield case | {part: usual_asked[part] | {name: each}}


_ASKED = ("id", "points", "money", "method", "type", "amount", "of", "happened_at", "campaign", "partner", "lots")
_FEW = 7


def _words_of(policy: Policy) -> tuple[Any, ...]:
    """All by which cases are read."""
    return policy.facts, policy.declared, *map(set, (policy.sources, policy.methods, policy.events, policy.papers))


def _ends(compiled: CompiledVersion, draft: Draft) -> list[date]:
    """When the lots of a draft end."""
    policy = compiled.policy
    plain = {"account": draft["account"], "lots": draft["lots"], "day": _local_day(draft, compiled)}
    try:
        case = read_day_case(policy, _known_to(plain, policy, policy))
        scene = Scene(case.account, case.day, begins(case.day, compiled.zone))
        return [day for day in lot_days(compiled, scene, case.lots).last_days if day is not None]
    except (BadCase, Conflict):
        return []


def _possible(draft: Draft, compiled: CompiledVersion) -> bool:
    """Whether what lies in the past of a case does, and what was earned became a lot of it."""
    today = _local_day(draft, compiled)
    lots = {lot["id"]: lot for lot in draft["lots"]}
    past = [lot.get("acquired_on", "") for lot in draft["lots"]]
    past += [draft["account"].get(name) or "" for name in ("joined_on", "born_on", "last_activity_on")]
    past += [draft["account"].get("contact_changed_on") or ""]
    past += [paper.get("issued_on") or "" for paper in draft.get("request", {}).get("papers", ())]
    earlier = [*draft.get("history", ()), *draft.get("earned", ())]
    if any(day > today for day in past) or any(each.get("lot", "") not in ("", *lots) for each in earlier):
        return False
    if any((lot.get("expires_on") or today) < lot.get("acquired_on", "") for lot in lots.values()):
        return False
    if not earlier:
        return True
    now = instant(draft["as_of"] if "as_of" in draft else draft["event"]["happened_at"])
    times = [each.get("requested_at") or each.get("happened_at") for each in earlier]
    return all(isinstance(each, str) and instant(each) <= now for each in times)


def _local_day(draft: Draft, compiled: CompiledVersion) -> str:
    if "day" in draft:
        return str(draft["day"])
    return local_day(
        instant(draft["as_of"] if "as_of" in draft else draft["event"]["happened_at"]), compiled.zone
    ).isoformat()


def _smaller(case: Draft) -> Iterator[Draft]:
    """The case with one thing less in it, the largest things first."""
    for part in ("lots", "history", "earned"):
        for at in range(len(case.get(part, ()))):
            yield case | {part: [*case[part][:at], *case[part][at + 1 :]]}
    for part in ("account", "request", "event"):
        for name in case.get(part, ()):
            if name not in ("id", "happened_at"):
                yield case | {part: {key: value for key, value in case[part].items() if key != name}}
    for part in ("lots", "history", "earned"):
        for at, item in enumerate(case.get(part, ())):
            for name in item:
                if name not in ("id", "account_id"):
                    slim = {key: value for key, value in item.items() if key != name}
                    yield case | {part: [*case[part][:at], slim, *case[part][at + 1 :]]}


def _outcomes(example: Example) -> tuple[str, str]:
    return example.old["outcome"], example.new["outcome"]


def _reasons(example: Example) -> int:
    return len(example.old["reasons"]) + len(example.new["reasons"])


def _rank(keys: Iterable[str]) -> int:
    """How much a difference in these keys tells: 3 where points, money or reasons differ."""
    return max(
        (1 if key in _TOLD else 2 if key in _SIDELINES else _BEST for key in keys),
        default=0,
    )


def _about(draft: Mapping[str, Any]) -> About:
    return "request" if "request" in draft else "event" if "event" in draft else "day"


def _data(case: AnyCase) -> Draft:
    if isinstance(case, EventCase):
        data = event_case_data(case)
    else:
        data = day_case_data(case) if isinstance(case, DayCase) else case_data(case)
    plain: Draft = json.loads(json.dumps(data))
    return plain


def _known_to(draft: Draft, policy: Policy, other: Policy) -> Draft:
    """The draft without facts that only the other text declares: who asks by this one cannot know them."""
    strange = {path for path in other.declared if path not in policy.facts}
    if not strange:
        return draft

    def kept(record: Mapping[str, Any], scope: str) -> dict[str, Any]:
        return {name: value for name, value in record.items() if f"{scope}.{name}" not in strange}

    found = {part: kept(value, part) if isinstance(value, dict) else value for part, value in draft.items()}
    return found | {"lots": [kept(lot, "lot") for lot in draft["lots"]]}


def _bare(got: Got) -> dict[str, Any]:
    """What was observed without its words, which say the same otherwise."""
    found = dict(got)
    for key in ("earned", "notices"):
        if key in found:
            found[key] = [{name: each for name, each in line.items() if name not in _WORDS} for line in found[key]]
    return found


def _standing(trace: Any, rules: set[str]) -> Iterator[tuple[Any, ...]]:
    """How each of the rules stands in a trace."""
    for line in trace:
        if line.get("rule") in rules:
            yield (
                line["rule"],
                bool(line.get("applies")),
                str(line.get("excepted_by")),
                str(line.get("silenced_by")),
                bool(line.get("lots")),
                len(line.get("figures") or ()),
            )
        yield from _standing(line.get("rules", ()), rules)
