"""Advice about a sound rule file: what its author most likely did not mean, or should be able to explain.

A file is never refused for it. What is certain to be a mistake is a problem, and stands in `policies/checks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.bounds import advice, advise_bounds, advise_fees, advise_shares, advise_steps
from policies.kinds.expire import Expire
from policies.kinds.notice import Notice
from policies.model import Comparison, Condition, FactRef, Policy, Span
from policies.problems import MOST_PROBLEMS, Problem, both
from policies.readers import Trouble
from policies.source import Document, Path, read
from policies.together import Together
from policies.troubles import Troubles

Found = Iterator[tuple[Path, str, Trouble]]

YARDSTICK_YEARS = 5
"""How long a claim of commerce lives in Korea (Commercial Act, article 64); what lapses sooner is asked about."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The rules of an earlier text of a policy by id, each with its kind and the place of its sentence in the terms.

    `name` is what messages call the text: its file, or a published version such as kt-points@7.
    """

    name: str
    rules: Mapping[str, tuple[str, str]]


def advise(policy: Policy, data: bytes, file: str, earlier: Sequence[Earlier] = ()) -> list[Problem]:
    """All advice about a policy that was read from `data`, in the order of the file.

    `earlier` are texts of the same policy that were in use before, the oldest first.
    """
    document, _ = read(data, file)
    assert document is not None, f"a policy was read from {file}"
    found = [*_found(policy), *_facts_never_asked(policy, document), *_ids_used_before(policy, earlier)]
    return _placed(document, found)


def advise_scenarios(
    policy: Policy, data: bytes, file: str, given: frozenset[str], scenario_file: str
) -> list[Problem]:
    """The facts that a policy asks for and none of its scenarios sets. `given` are those that one of them sets."""
    document, _ = read(data, file)
    assert document is not None, f"a policy was read from {file}"
    return _placed(document, _facts_never_set(policy, document, given, scenario_file))


def earlier_text(data: bytes, name: str) -> Earlier:
    """The rules of a text that was sound once."""
    document, _ = read(data, name)
    rules: dict[str, tuple[str, str]] = {}
    if document is not None and isinstance(document.data, dict):
        for rule in document.data["rules"]:
            rules[rule["id"]] = rule["kind"], rule["terms"]
    return Earlier(name, rules)


def _placed(document: Document, found: Iterable[tuple[Path, str, Trouble]]) -> list[Problem]:
    troubles = Troubles(document)
    for path, subject, trouble in found:
        if len(troubles) < MOST_PROBLEMS:
            troubles.add(path, subject, trouble)
    return [replace(each, severity="advice") for each in troubles.problems()]


def _found(policy: Policy) -> Found:
    yield from advise_bounds(policy)
    yield from advise_steps(policy)
    yield from advise_fees(policy)
    yield from advise_shares(policy)
    yield from advise_lives(policy)
    yield from advise_missing_days(policy)
    yield from advise_notices(policy)


def advise_lives(policy: Policy) -> Found:
    """In Korea, points that lapse sooner than a claim of commerce would, without a word why."""
    if policy.calendar != "KR":
        return
    for rule in policy.rules:
        if not isinstance(rule, Expire) or rule.about:
            continue
        field, life = ("after", rule.after) if rule.idle is None else ("idle", rule.idle)
        # A value has a note of its own.
        if isinstance(life, Span) and _is_short(life):
            message = both(
                "유효기간 '{life}' 값이 상사채권의 소멸시효 {years}년보다 짧은데 설명이 없습니다",
                "'{life}' is shorter than the {years} years of a commercial claim in Korea, and no note says why",
                life=str(life),
                years=YARDSTICK_YEARS,
            )
            hint = both(
                "근거를 about: 항목에 쓰거나 늘리십시오", "write the grounds in about:, or let them live longer"
            )
            yield ("rules", rule.index, field), rule.id, advice("life-below-yardstick", message, hint)


def advise_missing_days(policy: Policy) -> Found:
    """Points that live for ever where a day is missing, without a word that this is meant."""
    together = Together(policy)
    for rule in policy.rules:
        if not isinstance(rule, Expire) or rule.about or rule.never:
            continue
        field, path = "from", rule.start
        if rule.last_day is not None:
            field, path = "last_day", rule.last_day.path if isinstance(rule.last_day, FactRef) else ""
        if not path or not policy.facts[path].none or _never_missing(rule.when, path):
            continue
        missing = {Comparison(path, "is", None), *rule.when.all_of}
        if any(not each.any_of and missing.issuperset(each.all_of) for each in together.exceptions(rule)):
            continue
        message = both(
            "'{path}' 값이 없으면(none) 포인트가 소멸되지 않는데, 설명이 없습니다",
            "where '{path}' is none the points never expire, and no note says so",
            path=path,
        )
        hint = both(
            "{path}: none일 때의 규칙을 따로 두고 여기에서는 빼거나, about: 항목에 밝히십시오",
            "write a rule of its own for {path}: none and leave that out here, or say so in about:",
            path=path,
        )
        yield ("rules", rule.index, field), rule.id, advice("lives-for-ever", message, hint)


def _never_missing(condition: Condition, path: str) -> bool:
    """Whether a condition holds only where a day is there."""

    def there(clause: Comparison) -> bool:
        # No comparison with a missing day holds, except is_not; is_not: none asks for the day to be there.
        if clause.operator == "is_not" or path not in (clause.path, getattr(clause.right, "path", "")):
            return clause == Comparison(path, "is_not", None)
        return clause.right is not None and not (isinstance(clause.right, tuple) and None in clause.right)

    return any(map(there, condition.all_of)) or (
        bool(condition.any_of) and all(any(map(there, branch)) for branch in condition.any_of)
    )


def advise_notices(policy: Policy) -> Found:
    """In Korea, points that lapse without the member being told before."""
    if policy.calendar != "KR":
        return
    lapsing = [rule for rule in policy.rules if isinstance(rule, Expire) and not rule.never]
    told = any(isinstance(rule, Notice) and rule.of == "expiry" for rule in policy.rules)
    if lapsing and not told:
        message = both(
            "유효기간이 끝나기 전에 회원에게 알리는 규칙이 없습니다",
            "points lapse, and no rule tells the member before",
        )
        hint = both(
            "종류가 notice인 규칙을 before: [2 months, 1 month, 3 days] 항목과 함께 쓰십시오",
            "add a rule of kind notice, with before: [2 months, 1 month, 3 days]",
        )
        yield ("rules", lapsing[0].index), lapsing[0].id, advice("notice-missing", message, hint)


def _is_short(life: Span) -> bool:
    shortest = {"days": 365 * YARDSTICK_YEARS, "months": 12 * YARDSTICK_YEARS, "years": YARDSTICK_YEARS}
    return life.count < shortest[life.unit]


def _facts_never_asked(policy: Policy, document: Document) -> Found:
    """A declared fact that no rule and no value names."""
    asked = _asked(policy, document)
    for path in policy.declared:
        if path not in asked:
            message = both("이 팩트를 묻는 규칙도 값도 없습니다", "no rule and no value asks for this fact")
            hint = both("쓰거나 빼십시오", "use it, or take it out")
            yield ("facts", path), path, advice("fact-never-asked", message, hint, "key")


def _facts_never_set(policy: Policy, document: Document, given: frozenset[str], scenario_file: str) -> Found:
    for path, (where, subject) in _asked(policy, document).items():
        if path not in given and not policy.facts[path].derived:
            message = both(
                "'{path}' 팩트를 정하는 시나리오가 '{file}' 파일에 없습니다",
                "no scenario of '{file}' sets '{path}'",
                path=path,
                file=scenario_file,
            )
            hint = both("이 팩트가 있는 시나리오를 쓰십시오", "write a scenario with this fact")
            yield where, subject, advice("fact-never-set", message, hint, "key")


def _asked(policy: Policy, document: Document) -> dict[str, tuple[Path, str]]:
    """Every fact that a rule or a value names, with the first place and the rule or value that it stands in."""
    found: dict[str, tuple[Path, str]] = {}
    for rule in policy.rules:
        for path, word in _words(("rules", rule.index), document.data["rules"][rule.index]):
            found.setdefault(word, (path, rule.id))
    for name in policy.values:
        for path, word in _words(("values", name), document.data["values"][name]):
            found.setdefault(word, (path, name))
    return {path: where for path, where in found.items() if path in policy.facts}


def _words(path: Path, data: object) -> Iterator[tuple[Path, str]]:
    """Every text in plain data, keys too, in the order of the file."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(key, str):
                yield (*path, key), key
            yield from _words((*path, key), value)
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _words((*path, index), item)
    elif isinstance(data, str):
        yield path, data


def _ids_used_before(policy: Policy, earlier: Sequence[Earlier]) -> Found:
    """An id that stood for something else when it was last used: past decisions name it."""
    for rule in policy.rules:
        last = next((each for each in reversed(earlier) if rule.id in each.rules), None)
        if last is None:
            continue
        kind, terms = last.rules[rule.id]
        if kind == rule.kind and _article(terms) == _article(rule.terms):
            continue
        message = both(
            "이 id는 '{name}'에서 다른 규칙을 뜻했습니다. 종류: {kind}, 약관: '{terms}'",
            "this id meant another rule in '{name}', of kind {kind}, terms '{terms}'",
            name=last.name,
            kind=kind,
            terms=terms,
        )
        if last is not earlier[-1]:
            message = both(
                "이 id는 '{name}' 뒤에 없어졌던 것으로, 다른 규칙을 뜻했습니다. 종류: {kind}, 약관: '{terms}'",
                "this id was dropped after '{name}', where it meant another rule, of kind {kind}, terms '{terms}'",
                name=last.name,
                kind=kind,
                terms=terms,
            )
        hint = both(
            "지난 결정들이 이 id를 사유로 남겼으니 새 id를 쓰십시오",
            "choose a new id, because past decisions name this one as their reason",
        )
        yield ("rules", rule.index, "id"), rule.id, advice("id-used-before", message, hint)


def _article(terms: str) -> str:
    """The article of a place in the terms: 18 of 18.2."""
    return terms.partition(".")[0]
