"""Scenario files: every problem is told in its place, in an author's words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.compiled import CompiledVersion
from policies.problems import told
from tests.engine.small_policy import BASE, EXPECT, REQUEST, read, read_both, version_of
from tests.test_bad import HANGUL, figures_of


@pytest.fixture(scope="module")
def small() -> CompiledVersion:
    return version_of()


def change(old: str, new: str) -> Callable[[str], str]:
    """A text with something replaced, which must be there."""

    def changed(text: str) -> str:
        assert old in text, old
        return text.replace(old, new)

    return changed


PROBLEMS: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "no_scenarios": (
        lambda text: text[: text.index("  - name")].replace("scenarios:", "scenarios: []"),
        ["a.test.yaml:8:12: the file has no scenarios; write them below 'scenarios:'"],
    ),
    "no_rows": (
        change(EXPECT, "    columns: [outcome]\n    rows: []\n"),
        ["a.test.yaml:14:11: A refund: the table has no rows; write a list for each row"],
    ),
    "rows_without_columns": (
        change(EXPECT, "    rows: [[approved]]\n"),
        ["a.test.yaml:9:5: A refund: the rows have no columns; name them, such as [request.points, outcome]"],
    ),
    "no_expectation": (
        change(EXPECT, ""),
        ["a.test.yaml:9:5: A refund: 'outcome' is not expected; write approved, denied or needs_review"],
    ),
    "an_event_without_expectation": (
        change(REQUEST + EXPECT, "    event: {type: bill_paid}\n    expect: {reasons: []}\n"),
        ["a.test.yaml:9:5: A refund: 'earned' is not expected; write what is earned, or [] for nothing"],
    ),
    "an_event_with_the_outcome_of_a_request": (
        change(REQUEST + EXPECT, "    event: {type: bill_paid}\n    expect: {outcome: approved}\n"),
        ["a.test.yaml:13:23: A refund: 'approved' is no outcome; use refused, not_in_force, conflict"],
    ),
    "a_day_without_expectation": (
        change(REQUEST + EXPECT, "    day: 2026-03-02\n"),
        ["a.test.yaml:9:5: A refund: 'expired' is not expected; write what has expired, or {} for nothing"],
    ),
    "a_day_that_is_none": (
        change(REQUEST + EXPECT, "    day: soon\n    expect: {expired: {}}\n"),
        ["a.test.yaml:12:10: A refund: 'day' is 'soon'; write the day as 2026-01-31"],
    ),
    "a_row_with_a_day_that_is_none": (
        change(REQUEST + EXPECT, "    columns: [day, expired]\n    rows: [[2026-03-02, {}], [5, {}]]\n"),
        ["a.test.yaml:13:31: A refund, row 2: 'day' is 5; write the day as 2026-01-31"],
    ),
    "a_day_that_expects_an_earning": (
        change(REQUEST + EXPECT, "    day: 2026-03-02\n    expect: {expired: {}, earned: []}\n"),
        [
            (
                "a.test.yaml:13:27: A refund: nothing is called 'earned' here;"
                " it can be outcome, reasons, expired, charged, notices, figures"
            )
        ],
    ),
    "a_notice_without_its_points": (
        change(REQUEST + EXPECT, "    day: 2026-03-02\n    expect: {notices: [{rule: order, lots: [prom]}]}\n"),
        [
            "a.test.yaml:13:24: A refund: 'points' is missing; write {rule: ..., points: ...}",
            "a.test.yaml:13:45: A refund: there is no lot 'prom'; did you mean 'promo'?",
        ],
    ),
    "an_earning_of_a_lot_that_is_not_there": (
        change(
            REQUEST + EXPECT,
            "    event: {type: purchase_cancelled, of: P-1}\n"
            "    earned: [{at: 2026-03-01 09:00, rule: order, points: 5, lot: prmo}]\n"
            "    expect: {taken: {}}\n",
        ),
        ["a.test.yaml:13:66: A refund: the scenario has no lot 'prmo'; did you mean 'promo'?"],
    ),
    "a_misspelt_field": (
        change("    request:", "    requst:"),
        [
            "a.test.yaml:12:5: A refund: unknown field 'requst'; did you mean 'request'?",
        ],
    ),
    "an_unknown_account": (
        change("account: gold", "account: glod"),
        ["a.test.yaml:10:14: A refund: there is no account 'glod'; did you mean 'gold'?"],
    ),
    "a_past_refund_after_the_request": (
        change(EXPECT, "    history: [{at: 2026-04-01 09:00, points: 10, method: cash}]\n" + EXPECT),
        ["a.test.yaml:13:20: A refund: this refund was asked for after the request; write an earlier time"],
    ),
    "an_unknown_lot": (
        change("[bill, promo]", "[bil, promo]"),
        ["a.test.yaml:11:12: A refund: there is no lot 'bil'; did you mean 'bill'?"],
    ),
    "a_lot_twice": (
        change("[bill, promo]", "[bill, bill]"),
        [
            (
                "a.test.yaml:11:18: A refund: the scenario has a lot 'bill' already;"
                " give one of them an id, such as {like: ..., id: second}"
            ),
        ],
    ),
    "a_lot_with_a_reserved_name": (
        lambda text: text.replace("  bill: ", "  event: ").replace("[bill,", "[event,"),
        [
            (
                "a.test.yaml:6:3: event: 'event' cannot name one of the lots;"
                " 'event' begins the paths of facts; use another word"
            ),
        ],
    ),
    "an_unknown_expectation": (
        change("outcome: approved", "outcome: approved, payuot: 1"),
        ["a.test.yaml:13:33: A refund: nothing is called 'payuot' here; did you mean 'payout'?"],
    ),
    "an_unknown_outcome": (
        change("outcome: approved", "outcome: approve"),
        ["a.test.yaml:13:23: A refund: 'approve' is no outcome; did you mean 'approved'?"],
    ),
    "an_unknown_reason": (
        change("outcome: approved", "outcome: denied, reasons: [minimun]"),
        ["a.test.yaml:13:41: A refund: there is no rule 'minimun'; did you mean 'minimum'?"],
    ),
    "an_unknown_lot_in_an_allocation": (
        change("outcome: approved", "outcome: approved, allocation: {bil: 1}"),
        ["a.test.yaml:13:46: A refund: there is no lot 'bil'; did you mean 'bill'?"],
    ),
    "an_amount_that_is_text": (
        change("outcome: approved", "outcome: approved, fee: free"),
        ["a.test.yaml:13:38: A refund: 'free' is not an amount; write a whole number"],
    ),
    "a_misspelt_fact": (
        change("method: cash", "metod: cash"),
        [
            "a.test.yaml:12:14: A refund: 'method' is missing; every case has to give it",
            "a.test.yaml:12:31: A refund: 'metod' is not known; did you mean 'method'?",
        ],
    ),
    "a_wrong_choice": (
        change("method: cash", "method: csh"),
        ["a.test.yaml:12:39: A refund: 'method' is 'csh'; did you mean 'cash'?"],
    ),
    "a_bad_fact_of_a_named_lot": (
        change("amount: 30_000", "amount: many"),
        ["a.test.yaml:6:65: bill: 'amount' is 'many'; write a whole number without quotes"],
    ),
    "a_day_where_text_belongs": (
        change("amount: 30_000", "amount: 30_000, campaign: 2026-01-01"),
        ["a.test.yaml:6:83: bill: 'campaign' is text, not a day; put it in quotes: \"2026-01-01\""],
    ),
    "a_day_without_a_time": (
        change("2026-03-02 10:00", "2026-03-02"),
        ["a.test.yaml:2:8: '2026-03-02' is not a day with a time; add the time, such as 2026-03-02 10:00"],
    ),
    "a_time_that_is_none": (
        change("2026-03-02 10:00", "2026-02-30 25:00"),
        ["a.test.yaml:2:8: there is no '2026-02-30 25:00'; write it as 2026-03-02 10:00"],
    ),
    "no_time": (
        change("as_of: 2026-03-02 10:00\n", ""),
        ["a.test.yaml:8:5: A refund: 'as_of' is missing; write it here or at the top of the file"],
    ),
    "two_scenarios_of_one_name": (
        lambda text: text + text[text.index("  - name") :],
        ["a.test.yaml:14:11: A refund: the scenario on line 9 has this name already; choose another name"],
    ),
    "a_request_and_an_event": (
        change(REQUEST + EXPECT, REQUEST + "    event: {type: bill_paid}\n"),
        [
            "a.test.yaml:9:5: A refund: 'earned' is not expected; write what is earned, or [] for nothing",
            "a.test.yaml:13:5: A refund: 'request' and 'event' stand together; keep one of them",
        ],
    ),
    "a_row_that_is_too_short": (
        change(EXPECT, "    columns: [request.points, outcome]\n    rows:\n      - [1]\n"),
        [
            "a.test.yaml:15:9: A refund, row 1: the row has 1 value for 2 columns; write one for each column",
        ],
    ),
    "an_unknown_column": (
        change(EXPECT, "    columns: [request.points, outcom]\n    rows:\n      - [1, approved]\n"),
        ["a.test.yaml:13:31: A refund: unknown column 'outcom'; did you mean 'outcome'?"],
    ),
    "a_bad_fact_in_a_row": (
        change(EXPECT, "    columns: [request.points, outcome]\n    rows:\n      - [0, denied]\n"),
        ["a.test.yaml:15:10: A refund, row 1: 'points' is 0; ask for at least 1 point, or for \"all\""],
    ),
    "a_number_with_a_fraction": (
        change("points: 20_000", "points: 1.5"),
        [
            (
                "a.test.yaml:12:23: '1.5' is a number with a fraction; write a whole number, a percentage such as 2.2%,"
                ' or "1.5" in quotes for the text'
            ),
            "a.test.yaml:12:23: A refund: 'points' is '1.5'; write a whole number without quotes, or \"all\"",
        ],
    ),
    "no_map": (lambda _: "- a\n", ["a.test.yaml:1:1: this is not a scenario file; begin with 'policy: NAME.yaml'"]),
    "no_policy": (
        change("policy: small.yaml\n", ""),
        ["a.test.yaml:1:1: 'policy' is missing; name the rule file, such as policy: NAME.yaml"],
    ),
}


@pytest.mark.parametrize(("changed", "told"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_a_problem_is_told_in_its_place(changed: Callable[[str], str], told: list[str], small: CompiledVersion) -> None:
    assert read(changed(BASE), small)[1] == told


@pytest.mark.parametrize("changed", [changed for changed, _ in PROBLEMS.values()], ids=PROBLEMS.keys())
def test_a_problem_is_told_in_korean_with_the_same_figures(
    changed: Callable[[str], str], small: CompiledVersion
) -> None:
    for problem in read_both(changed(BASE), small)[1]:
        said = told(problem.message, problem.hint)
        assert HANGUL.search(problem.message.ko)
        assert figures_of(said.en) == figures_of(said.ko)
        assert problem.in_language("ko").endswith(said.ko)


def test_a_nameless_scenario_is_called_by_its_place_in_korean(small: CompiledVersion) -> None:
    (problem,) = read_both(BASE.replace("name: A refund\n    account", "account"), small)[1]

    assert problem.in_language("ko") == (
        "a.test.yaml:9:5: 1번째 시나리오: 'name' 항목이 없습니다. 시나리오가 무엇을 보이는지 한 문장으로 쓰십시오."
    )


def test_all_problems_are_told_at_once(small: CompiledVersion) -> None:
    text = BASE.replace("account: gold", "account: glod").replace("amount: 5_000", "amount: 5_000, locked: maybe")
    text += "  - name: Another\n    account: gold\n    lots: [promo]\n"
    text += "    request: {points: 1, method: cash}\n    expect: {outcome: aproved}\n"

    assert read(text, small)[1] == [
        "a.test.yaml:7:78: promo: 'locked' is 'maybe'; write true or false",
        "a.test.yaml:10:14: A refund: there is no account 'glod'; did you mean 'gold'?",
        "a.test.yaml:18:23: Another: 'aproved' is no outcome; did you mean 'approved'?",
    ]


def test_more_than_a_hundred_times_need_no_quotes(small: CompiledVersion) -> None:
    rows = "".join(f"      - [2026-03-02 10:{minute:02}, approved]\n" for _ in range(3) for minute in range(60))
    scenarios, problems = read(BASE.replace(EXPECT, "    columns: [as_of, outcome]\n    rows:\n" + rows), small)

    assert (len(scenarios), problems) == (180, [])
