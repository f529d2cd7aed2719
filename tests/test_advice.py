"""The catalogue of advice: for everything that is advised, a sound rule file and the exact message.

`tests/advice/<code>[-variant].yaml` holds one thing to look at, `<same name>.txt` what is printed about it and
`<same name>.ko.txt` what is printed in Korean. `<same name>.test.yaml` are scenarios beside it, and every
`<same name>[.N].old.yaml` an earlier text of the policy, the oldest first.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from engine.scenario_case import facts_given
from engine.scenario_file import read_document, read_scenarios
from policies import source
from policies.advice import advise, advise_scenarios, earlier_text
from policies.bounds import advise_bounds, advise_fees, advise_steps, check_bounds
from policies.load import load_policy
from policies.problems import Problem
from policies.schema import read_policy
from policies.troubles import Troubles
from tests.docs_runner import blocks, pages
from tests.test_bad import FOREIGN, HANGUL, VALID, figures_of

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests/advice"
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.suffixes == [".yaml"])
RULE_FILES = sorted(path for path in ROOT.glob("rules/**/*.yaml") if not path.name.endswith(".test.yaml"))


def advice_of(path: Path) -> list[Problem]:
    """All advice about a file of the catalogue."""
    data = path.read_bytes()
    policy, problems = load_policy(data, path.name)
    assert policy is not None, [str(problem) for problem in problems]
    old = sorted(path.parent.glob(f"{path.stem}.*old.yaml"))
    found = advise(policy, data, path.name, [earlier_text(each.read_bytes(), each.name) for each in old])
    beside = path.with_suffix(".test.yaml")
    if not beside.exists():
        return found
    document, problems = read_document(beside.read_bytes(), beside.name)
    assert document is not None
    assert problems == []
    assert read_scenarios(document, policy)[1] == []
    return found + advise_scenarios(policy, data, path.name, facts_given(document.data), beside.name)


def names(path: Path) -> str:
    return path.stem


@cache
def advised() -> frozenset[str]:
    """Every code that the policies can advise."""
    return frozenset(
        node.args[0].value
        for path in sorted((ROOT / "policies").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "advice"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    )


def code_of(name: str) -> str:
    """The longest code that a file's name begins with."""
    return max((code for code in advised() if name == code or name.startswith(f"{code}-")), key=len, default=name)


@pytest.mark.parametrize("path", FILES, ids=names)
@pytest.mark.parametrize(("language", "suffix"), [("en", ".txt"), ("ko", ".ko.txt")])
def test_advice_is_told_exactly(path: Path, language: str, suffix: str) -> None:
    told = "".join(f"{each.in_language(language)}\n" for each in advice_of(path))
    assert path.with_suffix(suffix).read_text("utf-8") == told


@pytest.mark.parametrize("path", FILES, ids=names)
def test_one_thing_to_look_at_is_one_piece_of_advice(path: Path) -> None:
    assert [(each.code, each.severity) for each in advice_of(path)] == [(code_of(path.stem), "advice")]


@pytest.mark.parametrize("path", FILES, ids=names)
def test_advice_says_the_same_in_both_languages_and_in_an_authors_words(path: Path) -> None:
    for each in advice_of(path):
        for words in (each.message, each.hint):
            assert words is not None
            assert HANGUL.search(words.ko)
            assert figures_of(words.en) == figures_of(words.ko)
            assert len(words.en) <= 130
            assert len(words.ko) <= 130
        for language in ("ko", "en"):
            assert [word for word in FOREIGN if word in each.in_language(language)] == []


def test_everything_that_is_advised_has_its_pair() -> None:
    assert sorted(advised() - {code_of(path.stem) for path in FILES}) == []
    assert [path.stem for path in FILES if code_of(path.stem) not in advised()] == []
    texts = {path.name for path in FOLDER.glob("*.txt")}
    assert texts == {f"{path.stem}{end}" for path in FILES for end in (".txt", ".ko.txt")}


@pytest.mark.parametrize("path", RULE_FILES, ids=names)
def test_nothing_is_advised_about_the_rule_files_that_are_shipped(path: Path) -> None:
    assert [str(each) for each in advice_of(path)] == []


def test_nothing_is_advised_about_the_rule_files_of_the_pages() -> None:
    found = []
    for page in pages():
        for block in blocks(page):
            if (
                block.language == "yaml"
                and block.name not in ("", "advice.yaml")
                and not block.name.endswith(".test.yaml")
            ):
                policy, _ = load_policy(block.body.encode(), block.place)
                found += advise(policy, block.body.encode(), block.place) if policy else []
    assert [str(each) for each in found] == []


# Rules to be put before the last one of a valid file, and the codes of what is advised; both sides of every edge.
REASON = 'reason: {ko: "안내", en: "Told."}'
LEAST = "{id: smallest, kind: limit, terms: '1', measure: request.points, at_least: %s, %s}"
MOST = "{id: largest, kind: limit, terms: '1', measure: request.points, at_most: %s, %s}"
STEP = "{id: step, kind: limit, terms: '1', measure: request.points, multiple_of: %s, %s}"
DAILY = "{id: daily, kind: limit, terms: '1', measure: {sum: refund.points, per: day, of: account}, at_most: %s, %s}"
CARDS = (
    "{id: cards, kind: limit, terms: '1',"
    " measure: {sum: refund.points, per: day, of: account, methods: [gift_card]}, at_most: %s, %s}"
)
FEE = "{id: transfer, kind: fee, terms: '1', flat: %s, %s}"
SHARE = (
    "{id: share, kind: limit, terms: '1', measure: request.points,"
    " at_most: {share: %s, of: available, rounding: %s}, %s}"
)
LIFE = "{id: life, kind: expire, terms: '1', %s, %s}"
GIFT_LIFE = (
    f"{{id: gift, kind: expire, terms: '1', when: {{account.grade: VIP}}, after: 6 years, overrides: [life], {REASON}}}"
)
NOTICE = f"{{id: told, kind: notice, terms: '1', before: [3 days], {REASON}}}"
IDLE_NOTICE = f"{{id: told-idle, kind: notice, terms: '1', before: [3 days], of: dormancy, {REASON}}}"
CHARGE = (
    "{id: idle, kind: dormancy, terms: '1', idle: 12 months, every: 1 month, rate: 5%, rounding: down,"
    f" order: [oldest], {REASON}}}"
)
CASH = f"when: {{request.method: cash}}, {REASON}"
CARD = f"when: {{request.method: gift_card}}, {REASON}"
VIP = f"when: {{account.grade: VIP}}, {REASON}"
NOT_CASH = f"unless: [{{request.method: cash}}], {REASON}"
NOT_VIP = f"unless: [{{account.grade: VIP}}], {REASON}"
NOT_SMALL = f"when: {{request.method: cash}}, unless: [{{request.points: {{under: 1_001}}}}], {REASON}"
CASH_FEE = f"when: {{request.method: cash}}, {REASON}"
HIGH, LOW, FLAT = "$high", "$low", "$flat"

NO_YARDSTICK = "after: 6 years, from: account.last_activity_on"
DAY = "account.last_activity_on"
EITHER = f"when: {{any: [{{{DAY}: {{under_ago: 1 year}}}}, {{%s}}]}}"
ELSE = (
    "{id: rest, kind: expire, terms: '1', when: {%s}, after: 6 years, overrides: [life], reason: {ko: 안내, en: Told.}}"
)

CASES: dict[str, tuple[list[str], list[str]]] = {
    "a minimum below the maximum": ([LEAST % (4_999, REASON), MOST % (5_000, REASON)], []),
    "a minimum equal to the maximum": ([LEAST % (5_000, REASON), MOST % (5_000, REASON)], []),
    "a minimum above the maximum": ([LEAST % (5_001, REASON), MOST % (5_000, REASON)], ["least-above-most"]),
    "the maximum of another method": ([LEAST % (5_001, CASH), MOST % (5_000, CARD)], []),
    "the maximum of one method": ([LEAST % (5_001, REASON), MOST % (5_000, CARD)], ["least-above-most"]),
    "the maximum of all methods": ([LEAST % (5_001, CASH), MOST % (5_000, REASON)], ["least-above-most"]),
    "conditions that only meet by chance": ([LEAST % (5_001, CASH), MOST % (5_000, VIP)], []),
    "an exception that parts the two": ([LEAST % (5_001, CASH), MOST % (5_000, NOT_CASH)], []),
    "an exception that does not": ([LEAST % (5_001, CASH), MOST % (5_000, NOT_VIP)], ["nothing-passes"]),
    "an exception of both": ([LEAST % (5_001, NOT_VIP), MOST % (5_000, NOT_VIP)], ["least-above-most"]),
    "exceptions that leave nobody": (
        [LEAST % (5_001, f"when: {{account.grade: {{is_not: GOLD}}}}, {REASON}"), MOST % (5_000, NOT_VIP)],
        [],
    ),
    "a rule that overrides the minimum": (
        [LEAST % (5_001, REASON), MOST % (5_000, f"overrides: [smallest], {REASON}")],
        [],
    ),
    "a sum with room for the minimum": ([LEAST % (5_000, REASON), DAILY % (5_000, REASON)], []),
    "a sum without room for the minimum": ([LEAST % (5_000, REASON), DAILY % (4_999, REASON)], ["least-above-most"]),
    "a sum that other methods are no part of": ([LEAST % (5_000, REASON), CARDS % (4_999, REASON)], []),
    "tables that go together": ([LEAST % (LOW, REASON), MOST % (HIGH, REASON)], []),
    "a row that fails": ([LEAST % (1_001, REASON), MOST % (HIGH, REASON)], ["nothing-passes"]),
    "a row that the conditions rule out": ([LEAST % (1_001, VIP), MOST % (HIGH, REASON)], []),
    "a step that divides the minimum": ([LEAST % (2_000, REASON), STEP % (1_000, REASON)], []),
    "a step that does not": ([LEAST % (2_001, REASON), STEP % (1_000, REASON)], ["step-beside-least"]),
    "a step above the minimum": ([LEAST % (500, REASON), STEP % (1_000, REASON)], ["step-beside-least"]),
    "the step of another method": ([LEAST % (2_001, CASH), STEP % (1_000, CARD)], []),
    "a step of the maximum": ([MOST % (1_000, REASON), STEP % (1_000, REASON)], []),
    "a step above the maximum": ([MOST % (999, REASON), STEP % (1_000, REASON)], ["step-above-most"]),
    "a fee below the minimum": ([LEAST % (1_000, REASON), FEE % (999, CASH_FEE)], []),
    "a fee of the minimum": ([LEAST % (1_000, REASON), FEE % (1_000, CASH_FEE)], ["fee-takes-all"]),
    "a fee above the minimum": ([LEAST % (1_000, REASON), FEE % (1_001, CASH_FEE)], ["fee-takes-all"]),
    "a fee of no minimum": ([FEE % (1_000, CASH_FEE)], []),
    "a fee that small refunds are free of": ([LEAST % (1_000, REASON), FEE % (1_000, NOT_SMALL)], []),
    "a fee of another method": ([LEAST % (1_000, CARD), FEE % (1_000, CASH_FEE)], []),
    "a fee with a minimum of its method": ([LEAST % (1_000, CASH), FEE % (1_000, CASH_FEE)], ["fee-takes-all"]),
    "a fee below the first step": (
        [LEAST % (1, REASON), STEP % (1_000, CASH), FEE % (999, CASH_FEE)],
        ["step-beside-least"],
    ),
    "a fee by what is asked": ([LEAST % (1_000, REASON), FEE % (FLAT, CASH_FEE)], []),
    "a fee by what is asked, at an edge": ([LEAST % (2_000, REASON), FEE % (FLAT, CASH_FEE)], ["fee-takes-all"]),
    "a share of which nothing stays": ([SHARE % ("100%", "down", REASON)], []),
    "a share of which something stays": ([SHARE % ("99%", "down", REASON)], ["share-without-exit"]),
    "a share rounded up": ([SHARE % ("1%", "up", REASON)], []),
    "half a point, rounded half up": ([SHARE % ("50%", "half_up", REASON)], []),
    "less than half a point, rounded half up": ([SHARE % ("49%", "half_up", REASON)], ["share-without-exit"]),
    "a share for some": ([SHARE % ("30%", "down", NOT_VIP)], []),
    "a share of some requests": ([SHARE % ("30%", "down", CASH)], []),
    "a share with a way out": ([SHARE % ("30%", "down, at_least: 1_000", REASON)], []),
    "a way out at the minimum": ([SHARE % ("30%", "down, at_least: 1_000", REASON), LEAST % (1_000, REASON)], []),
    "a way out below the minimum": (
        [SHARE % ("30%", "down, at_least: 999", REASON), LEAST % (1_000, REASON)],
        ["exit-below-least"],
    ),
    "a life of five years": ([LIFE % ("after: 5 years", REASON), NOTICE], []),
    "a life of sixty months": ([LIFE % ("after: 60 months", REASON), NOTICE], []),
    "a day that may be missing": ([LIFE % (NO_YARDSTICK, REASON), NOTICE], ["lives-for-ever"]),
    "a last day that may be missing": ([LIFE % ("last_day: lot.expires_on", REASON), NOTICE], ["lives-for-ever"]),
    "an idle life from a day that may be missing": (
        [LIFE % (f"idle: 6 years, from: {DAY}", REASON), NOTICE],
        ["lives-for-ever"],
    ),
    "the end of a month of a day that may be missing": (
        [LIFE % (f"until: month_end, from: {DAY}", REASON), NOTICE],
        ["life-below-yardstick", "lives-for-ever"],
    ),
    "a day that is always there": ([LIFE % ("after: 6 years, from: lot.usable_from_on", REASON), NOTICE], []),
    "a missing day, with a note": ([LIFE % (f"{NO_YARDSTICK}, about: So be it.", REASON), NOTICE], []),
    "a missing day is ruled out": ([LIFE % (f"{NO_YARDSTICK}, when: {{{DAY}: {{is_not: none}}}}", REASON), NOTICE], []),
    "a missing day is ruled out by a bound": (
        [LIFE % (f"{NO_YARDSTICK}, when: {{{DAY}: {{at_least: 2020-01-01}}}}", REASON), NOTICE],
        [],
    ),
    "a missing day is not another one": (
        [LIFE % (f"{NO_YARDSTICK}, when: {{{DAY}: {{is_not: 2020-01-01}}}}", REASON), NOTICE],
        ["lives-for-ever"],
    ),
    "another day is ruled out": (
        [LIFE % (f"{NO_YARDSTICK}, when: {{account.born_on: {{is_not: none}}}}", REASON), NOTICE],
        ["lives-for-ever"],
    ),
    "a comparison with it rules it out": (
        [LIFE % (f"{NO_YARDSTICK}, when: {{lot.acquired_on: {{under: {DAY}}}}}", REASON), NOTICE],
        [],
    ),
    "every alternative rules it out": (
        [LIFE % (f"{NO_YARDSTICK}, {EITHER % f'{DAY}: {{in: [2020-01-01, 2021-01-01]}}'}", REASON), NOTICE],
        [],
    ),
    "one alternative rules it out": (
        [LIFE % (f"{NO_YARDSTICK}, {EITHER % 'account.grade: VIP'}", REASON), NOTICE],
        ["lives-for-ever"],
    ),
    "an exception for it": ([LIFE % (f"{NO_YARDSTICK}, unless: [{{{DAY}: none}}]", REASON), NOTICE], []),
    "an exception for some of it": (
        [LIFE % (f"{NO_YARDSTICK}, unless: [{{{DAY}: none, account.grade: VIP}}]", REASON), NOTICE],
        ["lives-for-ever"],
    ),
    "another rule for it": ([LIFE % (NO_YARDSTICK, REASON), ELSE % f"{DAY}: none", NOTICE], []),
    "another rule for some of it": (
        [LIFE % (NO_YARDSTICK, REASON), ELSE % f"{DAY}: none, account.grade: VIP", NOTICE],
        ["lives-for-ever"],
    ),
    "a life of fifty-nine months": ([LIFE % ("after: 59 months", REASON), NOTICE], ["life-below-yardstick"]),
    "a life of five times 365 days": ([LIFE % ("after: 1825 days", REASON), NOTICE], []),
    "a life of a day less": ([LIFE % ("after: 1824 days", REASON), NOTICE], ["life-below-yardstick"]),
    "a short life with a note": ([LIFE % ("after: 1 year", f"about: A gift, {REASON}"), NOTICE], []),
    "a short life of a value, which has a note": ([LIFE % ("after: $life", REASON), NOTICE], []),
    "a fixed day": ([LIFE % ("last_day: 2026-12-31", REASON), NOTICE], []),
    "no end": ([LIFE % ("never: true", "about: For ever")], []),
    "an end that nobody is told of": ([LIFE % ("after: 5 years", REASON)], ["notice-missing"]),
    "a fixed day that nobody is told of": ([LIFE % ("last_day: 2026-12-31", REASON)], ["notice-missing"]),
    "an end beside no end": (
        [LIFE % ("after: 5 years", REASON), "{id: gift, kind: expire, terms: '1', never: true, overrides: [life]}"],
        ["notice-missing"],
    ),
    "ends that are told of once": ([LIFE % ("after: 5 years", REASON), GIFT_LIFE, NOTICE], []),
    "ends that are missed once": ([LIFE % ("after: 5 years", REASON), GIFT_LIFE], ["notice-missing"]),
    "a notice of another loss": ([LIFE % ("after: 5 years", REASON), CHARGE, IDLE_NOTICE], ["notice-missing"]),
    "notices of both losses": ([LIFE % ("after: 5 years", REASON), CHARGE, IDLE_NOTICE, NOTICE], []),
}
VALUES = {
    "high": "points, dated_by: request.requested_on, since: {2025-01-01: {by: account.grade, VIP: 5_000, GOLD: 1_000}}",
    "low": "points, dated_by: request.requested_on, since: {2025-01-01: {by: account.grade, VIP: 5_000, GOLD: 900}}",
    "flat": (
        "money, dated_by: request.requested_on,"
        " since: {2025-01-01: {by: request.points, bands: [{from: 0, value: 500}, {from: 2_000, value: 2_000}]}}"
    ),
    "life": "span, dated_by: lot.acquired_on, since: {always: 1 year}",
}


def file_with(rules: list[str]) -> bytes:
    """A valid file with further rules, and the values that they use."""
    wanted = "".join(rules)
    values = "".join(
        f"  {name}: {{about: A figure, terms: '1', unit: {rest}}}\n"
        for name, rest in VALUES.items()
        if f"${name}" in wanted
    )
    text = VALID.replace("rules:\n", values + "rules:\n", 1)
    return text.replace("  - id: order\n", "".join(f"  - {each}\n" for each in rules) + "  - id: order\n").encode()


@pytest.mark.parametrize(("rules", "expected"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
def test_an_edge_has_two_sides(rules: list[str], expected: list[str], backwards: bool) -> None:
    data = file_with(rules[::-1] if backwards else rules)
    policy, problems = load_policy(data, "policy.yaml")
    found = advise(policy, data, "policy.yaml") if policy else problems
    assert [each.code for each in found] == expected


def test_only_what_is_always_so_keeps_a_file_from_being_used() -> None:
    for rules, expected in CASES.values():
        policy, _ = load_policy(file_with(rules), "policy.yaml")
        assert (policy is None) == (expected == ["least-above-most"])


@pytest.mark.parametrize(("calendar", "expected"), [("JP", []), ("US", []), ("KR", ["notice-missing"])])
def test_only_in_korea_is_an_end_to_be_told_before(calendar: str, expected: list[str]) -> None:
    data = file_with([LIFE % ("after: 5 years", REASON)]).replace(b"calendar: KR", f"calendar: {calendar}".encode())
    policy, _ = load_policy(data, "policy.yaml")
    assert policy is not None
    assert [each.code for each in advise(policy, data, "policy.yaml")] == expected


def test_the_yardstick_is_that_of_korea_only() -> None:
    data = file_with([LIFE % ("after: 1 year", REASON)]).replace(b"calendar: KR", b"calendar: JP")
    policy, _ = load_policy(data, "policy.yaml")
    assert policy is not None
    assert advise(policy, data, "policy.yaml") == []


OLD = VALID.encode()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", 0),
        ('terms: "18.2"', 'terms: "18.9"', 0),
        ('terms: "18.2"', 'terms: "17.2"', 1),
        ("id: conversion-fee", "id: gift-card-fee", 0),
    ],
    ids=["the same text", "another paragraph", "another article", "a new id"],
)
def test_an_id_may_move_within_its_article(old: str, new: str, expected: int) -> None:
    data = VALID.replace(old, new).encode()
    policy, _ = load_policy(data, "new.yaml")
    assert policy is not None
    found = advise(policy, data, "new.yaml", [earlier_text(OLD, "kt-points@1")])
    assert [each.code for each in found] == ["id-used-before"] * expected


def test_what_was_advised_of_an_earlier_text_is_not_told_again() -> None:
    changed = VALID.replace('terms: "18.2"', 'terms: "17.2"').encode()
    policy, _ = load_policy(changed, "new.yaml")
    assert policy is not None
    texts = [earlier_text(OLD, "kt-points@1"), earlier_text(changed, "kt-points@2")]
    assert advise(policy, changed, "new.yaml", texts) == []


LINE = "  - {id: r%s, kind: limit, terms: '1', measure: request.points, %s: %s, reason: {ko: 가, en: Told}}\n"
FEES = "  - {id: r%s, kind: fee, terms: '1', when: {lot.amount: %s}, flat: 1, reason: {ko: 가, en: Told}}\n"
MANY = {
    "minimums below maximums": lambda n: LINE % (n, *(("at_least", n) if n % 2 else ("at_most", 10_000 + n))),
    "minimums above maximums": lambda n: LINE % (n, *(("at_least", 10_000 + n) if n % 2 else ("at_most", n))),
    "minimums beside steps that divide them": lambda n: (
        LINE % (n, *(("at_least", 60) if n % 2 else ("multiple_of", 1)))
    ),
    "minimums beside steps that do not": lambda n: LINE % (n, *(("at_least", 61) if n % 2 else ("multiple_of", 60))),
    "fees beside minimums": lambda n: LINE % (n, "at_least", 9) if n % 2 else FEES % (n, n),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", MANY.values(), ids=MANY.keys())
def test_five_thousand_rules_are_looked_at_quickly(rule: Callable[[int], str]) -> None:
    rules = "".join(rule(n) for n in range(1, 5_001))
    data = VALID.replace("  - id: order\n", f"{rules}  - id: order\n").encode()
    document, _ = source.read(data, "many.yaml")
    assert document is not None
    policy = read_policy(document, Troubles(document))
    assert policy is not None
    assert len(policy.rules) > 5_000

    began = time.monotonic()
    problems = list(check_bounds(policy))
    found = [*advise_bounds(policy), *advise_steps(policy), *advise_fees(policy)]
    assert time.monotonic() - began < 5
    assert bool(problems or found) == (
        rule in (MANY["minimums above maximums"], MANY["minimums beside steps that do not"])
    )
