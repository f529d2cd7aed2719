"""`recoup check, test, pin, show, decide`: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import recoup

ROOT = Path(__file__).parent.parent.parent
SMALL = ROOT / "tests" / "engine"
CASE: dict[str, Any] = {
    "account": {"id": "A-1", "joined_on": "2020-01-01", "years": 3},
    "lots": [{"id": "L-1", "source": "bill_payment", "acquired_on": "2025-06-01", "amount": 30_000}],
    "request": {"points": 20_000, "method": "gift_card"},
    "as_of": "2026-03-02T10:00:00+09:00",
}
EVENT = {
    "account": CASE["account"],
    "event": {"id": "E-1", "type": "bill_paid", "amount": 50_000, "happened_at": "2026-03-02T01:00:00Z"},
}

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder that holds small.yaml, small.test.yaml and case.json."""
    for name in ("small.yaml", "small.test.yaml"):
        shutil.copyfile(SMALL / name, tmp_path / name)
    (tmp_path / "case.json").write_text(json.dumps(CASE), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lambda *arguments, **more: CliRunner().invoke(recoup, arguments, **more)


def change(file: str, old: str, new: str) -> None:
    """Replace a text in a file, which must hold it."""
    text = Path(file).read_text("utf-8")
    assert old in text
    Path(file).write_text(text.replace(old, new), "utf-8")


def ended(result: Result) -> tuple[int, str, str]:
    """How a command ended: its exit code, stdout and stderr."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_check_counts_what_is_sound(run: Run) -> None:
    assert ended(run("check", "small.yaml", "small.test.yaml")) == (
        0,
        "small.yaml: ok, 10 rules, 1 value\nsmall.test.yaml: ok, 33 scenarios\n",
        "",
    )


def test_check_lists_every_problem_of_every_file(run: Run) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")
    change("small.yaml", "kind: pay", "kind: payy")
    Path("other.yaml").write_text("- 1.5\n", "utf-8")
    result = run("check", "small.yaml", "other.yaml")

    assert ended(result)[0] == 1
    assert [line.split(": ")[0] for line in result.stdout.splitlines()] == [
        "small.yaml:51:5",
        "small.yaml:73:11",
        "other.yaml:1:1",
        "other.yaml:1:3",
    ]


AT_LEEST_KO = "small.yaml:51:5: minimum: 알 수 없는 항목입니다: 'at_leest'. 혹시 'at_least'입니까?\n"
AT_LEEST_EN = "small.yaml:51:5: minimum: unknown field 'at_leest'; did you mean 'at_least'?\n"


@pytest.mark.parametrize("command", ["check", "test", "pin", "show", "decide"])
def test_every_command_tells_problems_in_the_language_asked_for(command: str, run: Run) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")
    files = ["small.yaml", "case.json"] if command == "decide" else ["small.yaml"]

    assert ended(run(command, *files, "--lang", "ko")) == (1, AT_LEEST_KO, "")
    assert ended(run(command, *files, "--lang", "en")) == (1, AT_LEEST_EN, "")


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, AT_LEEST_KO),
        ({"LANG": "C.UTF-8"}, AT_LEEST_EN),
        ({"LANG": None}, AT_LEEST_EN),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, AT_LEEST_EN),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko"}, AT_LEEST_KO),
        ({"LC_MESSAGES": "ko", "LC_ALL": "de_DE"}, AT_LEEST_EN),
        ({"LC_ALL": "", "LANG": "ko_KR.EUC-KR"}, AT_LEEST_KO),
    ],
    ids=str,
)
def test_without_an_option_a_command_speaks_as_its_terminal(
    terminal: dict[str, str | None], expected: str, run: Run
) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")

    assert expected == run("check", "small.yaml", env=terminal).stdout


def test_problems_as_json_are_in_one_language(run: Run) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")
    (problem,) = json.loads(run("check", "small.yaml", "--json", "--lang", "ko").stdout)

    assert (problem["message"], problem["hint"]) == ("알 수 없는 항목입니다: 'at_leest'", "혹시 'at_least'입니까?")


STEP_EN = (
    "small.yaml:57:18: step: advice: a step of 700 does not divide 1_000, the minimum of 'minimum'; the real one is"
    " 1_400; let the minimum be a multiple of the step\n"
)
STEP = """\
  - id: step
    kind: limit
    terms: "1"
    measure: request.points
    multiple_of: 700
    reason: {ko: "단위", en: "Steps."}
"""


def advised() -> None:
    """Let small.yaml have a step that does not divide its minimum."""
    text = Path("small.yaml").read_text("utf-8")
    rule, start = text.index("  - id: minimum"), len("  - id: minimum")
    next_rule = text.index("  - id: ", rule + start)
    Path("small.yaml").write_text(text[:next_rule] + STEP + text[next_rule:], "utf-8")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)], ids=["advice", "strict"])
def test_check_prints_advice_about_what_is_sound(run: Run, options: tuple[str, ...], code: int) -> None:
    advised()
    expected = STEP_EN + "small.yaml: ok, 11 rules, 1 value\n"
    assert ended(run("check", "small.yaml", *options)) == (code, expected, "")


def test_strict_checking_lets_pass_what_needs_no_advice(run: Run) -> None:
    assert ended(run("check", "small.yaml", "small.test.yaml", "--strict"))[0] == 0


def test_check_tells_advice_in_korean(run: Run) -> None:
    advised()
    assert "small.yaml:57:18: step: 조언: 700 단위가 " in run("check", "small.yaml", "--lang", "ko").stdout


def test_check_tells_advice_once_for_a_rule_file_and_its_scenarios(run: Run) -> None:
    advised()
    for files in (("small.yaml", "small.test.yaml"), ("small.test.yaml", "small.yaml"), ("small.test.yaml",)):
        assert run("check", *files).stdout.count("advice: ") == 1


def test_check_tells_facts_that_no_scenario_sets(run: Run) -> None:
    change("small.test.yaml", "years:", "identity_level:")
    found = json.loads(run("check", "small.test.yaml", "--json").stdout)
    assert {(each["code"], each["severity"]) for each in found} == {("fact-never-set", "advice")}


def test_check_compares_ids_with_earlier_texts(run: Run) -> None:
    shutil.copyfile("small.yaml", "old.yaml")
    change("small.yaml", "id: minimum", "id: least")
    change("small.yaml", "id: order", "id: minimum")
    result = run("check", "small.yaml", "--against", "old.yaml", "--json")
    assert result.exit_code == 0
    assert [(each["code"], each["subject"]) for each in json.loads(result.stdout)] == [("id-used-before", "minimum")]
    assert run("check", "small.yaml", "--json").stdout == "[]\n"


def test_check_compares_a_policy_with_its_own_texts_only(run: Run) -> None:
    shutil.copyfile("small.yaml", "old.yaml")
    change("old.yaml", "policy: small", "policy: other")
    expected = "recoup: old.yaml is of the policy 'other', small.yaml of 'small'\n"
    assert ended(run("check", "small.yaml", "--against", "old.yaml")) == (2, "", expected)


def test_check_prints_problems_as_json(run: Run) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")

    assert run("check", "small.yaml", "--json").exit_code == 1
    assert json.loads(run("check", "small.yaml", "--json").stdout) == [
        {
            "code": "unknown-field",
            "severity": "problem",
            "file": "small.yaml",
            "line": 51,
            "column": 5,
            "subject": "minimum",
            "message": "unknown field 'at_leest'",
            "hint": "did you mean 'at_least'?",
        }
    ]
    assert ended(run("check", "small.test.yaml", "--json"))[0] == 1


@pytest.mark.parametrize("file", ["small.yaml", "small.test.yaml"])
def test_test_counts_what_passed(file: str, run: Run) -> None:
    assert ended(run("test", file)) == (0, "33 passed\n", "")


def test_test_tells_what_differs(run: Run) -> None:
    change("small.test.yaml", "payout: 20_000", "payout: 19_500")
    change("small.test.yaml", "[1_000, approved, []]", "[1_000, approved, [minimum]]")

    assert ended(run("test", "small.yaml")) == (
        1,
        (
            "small.test.yaml:11:5: A member cashes out within the limits: expected payout 19_500, got 20_000\n"
            "small.test.yaml:41:9: The minimum: row 2: expected reasons [minimum], got []\n"
            "2 failed, 31 passed\n"
        ),
        "",
    )


def test_test_names_what_passes_when_asked(run: Run) -> None:
    assert "passed: The minimum, row 2\n" in run("test", "small.yaml", "-v").stdout


def test_test_tells_the_problems_of_both_files(run: Run) -> None:
    change("small.yaml", "at_least: 1_000", "at_leest: 1_000")
    change("small.test.yaml", "policy: small.yaml", "policy: other.yaml")
    result = run("test", "small.yaml")

    assert ended(result)[0] == 1
    assert result.stdout.splitlines() == [
        "small.test.yaml:1:9: 'other.yaml' is another file; write policy: small.yaml",
        "small.yaml:51:5: minimum: unknown field 'at_leest'; did you mean 'at_least'?",
    ]


def test_pin_counts_what_is_noticed(run: Run) -> None:
    assert ended(run("pin", "small.yaml")) == (0, "62 of 62 nudges noticed\n", "")


def test_pin_lists_what_survives(run: Run) -> None:
    change("small.test.yaml", "      - [999, denied, [minimum]]\n", "")

    assert ended(run("pin", "small.yaml", "--only", "minimum")) == (
        1,
        (
            "small.yaml:47:5: minimum: dropping the rule is noticed by no scenario;"
            " a scenario that turns on 'minimum' would notice\n"
            "small.yaml:51:5: minimum: at_least 1_000 -> 999 is noticed by no scenario;"
            " scenarios right at 1_000, one below and one above would notice\n"
            "1 of 3 nudges noticed\n"
        ),
        "",
    )


def test_pin_lists_what_survives_in_korean(run: Run) -> None:
    change("small.test.yaml", "      - [999, denied, [minimum]]\n", "")

    assert run("pin", "small.yaml", "--only", "minimum", "--lang", "ko").stdout.splitlines()[0] == (
        "small.yaml:47:5: minimum: 이렇게 바꾸어도 알아차리는 시나리오가 없습니다: 규칙 빼기."
        " 'minimum' 규칙에 결과가 달린 시나리오면 알아차립니다."
    )


def test_pin_asks_for_passing_scenarios_first(run: Run) -> None:
    change("small.test.yaml", "payout: 20_000", "payout: 19_500")

    code, told, error = ended(run("pin", "small.yaml"))
    assert (code, error) == (1, "recoup: scenarios fail; mend them first, then pin\n")
    assert told.endswith("expected payout 19_500, got 20_000\n")


def test_pin_says_when_there_is_nothing_of_a_name(run: Run) -> None:
    assert ended(run("pin", "small.yaml", "--only", "nope")) == (2, "", "recoup: nothing is called 'nope'\n")


def test_show_tells_the_policy_with_the_figures_of_a_day(run: Run) -> None:
    told = [run("show", "small.yaml", "--on", day).stdout for day in ("2026-06-30", "2026-07-01")]

    assert told[0].startswith("A small policy\n")
    before, after = (next(line for line in each.splitlines() if line.startswith("  monthly-limit ")) for each in told)
    assert ("50,000" in before, "300,000" in before) == (True, False)
    assert ("50,000" in after, "300,000" in after) == (False, True)


def test_show_tells_one_rule_in_korean(run: Run) -> None:
    told = run("show", "small.yaml", "--rule", "monthly-limit", "--lang", "ko", "--on", "2026-03-02").stdout

    assert "50,000" in told
    assert "월 한도 {limit}, 남은 한도 {room}\n" in told


def test_show_suggests_a_rule(run: Run) -> None:
    error = "recoup: small.yaml has no rule 'monthly-limt'; did you mean 'monthly-limit'?\n"
    assert ended(run("show", "small.yaml", "--rule", "monthly-limt")) == (2, "", error)


def test_decide_tells_the_decision(run: Run) -> None:
    code, told, _ = ended(run("decide", "small.yaml", "case.json"))

    assert code == 0
    assert told.startswith("Explanation of the decision\nYour refund of 20,000 points was approved.")
    assert "conversion-fee" not in told, "a member is told a reason by its article"
    assert "contest" not in told, "what was not kept cannot be contested"
    assert "    Rule conversion-fee: " in run("decide", "small.yaml", "case.json", "--more").stdout


def test_decide_reads_stdin_and_prints_json(run: Run) -> None:
    told = json.loads(run("decide", "small.yaml", "-", "--json", input=json.dumps(CASE)).stdout)

    assert (told["outcome"], told["points"], told["fee"], told["payout"]) == ("approved", 20_000, 500, 19_500)
    assert told["payable_on"] == "2026-03-06"


def test_a_denial_is_an_answer_like_any_other(run: Run) -> None:
    asked = {**CASE, "request": {"points": 999, "method": "cash"}}
    code, told, _ = ended(run("decide", "small.yaml", "-", "--lang", "ko", input=json.dumps(asked)))

    assert code == 0
    assert "최소 1,000 포인트" in told


def test_decide_tells_what_an_event_earns(run: Run) -> None:
    assert ended(run("decide", "small.yaml", "-", input=json.dumps(EVENT))) == (
        0,
        (
            "A-1 earns 250 points on 2026-03-02.\n"
            "- 250 points (bill_payment), usable from 2026-03-09, own last day: none [bill-points, 5.1]\n"
        ),
        "",
    )
    assert json.loads(run("decide", "small.yaml", "-", "--json", input=json.dumps(EVENT)).stdout)["points"] == 250


BESIDE = """\
  - {id: back, kind: clawback, terms: "9.1", event: purchase_cancelled, part: all, shortfall: SHORT,
     reason: {ko: "회수 {asked}", en: "{asked} points are taken back."}}
  - {id: idle, kind: dormancy, terms: "9.2", idle: 10 days, points: 20, order: [oldest],
     reason: {ko: "휴면 {charged}", en: "{charged} points are charged."}}
  - {id: soon, kind: notice, terms: "9.3", before: [3 days], reason: {ko: 예정, en: "{points} points end {last_day}."}}
"""
CANCELLED = {
    "account": CASE["account"],
    "event": {"id": "E-2", "type": "purchase_cancelled", "of": "P-1", "happened_at": "2026-03-02T01:00:00Z"},
    "earned": [
        {
            "id": "G",
            "rule": "bill-points",
            "happened_at": "2026-03-01T01:00:00Z",
            "points": 50,
            "event": "P-1",
            "lot": "L",
        }
    ],
    "lots": [{"id": "L", "source": "bill_payment", "acquired_on": "2026-03-01", "amount": 50, "left": 20}],
}


def test_decide_tells_what_an_event_takes_back(run: Run) -> None:
    change("small.yaml", "rules:\n", "rules:\n" + BESIDE.replace("SHORT", "debt"))
    assert ended(run("decide", "small.yaml", "-", input=json.dumps(CANCELLED))) == (
        0,
        (
            "A-1 gives back 50 points on 2026-03-02: 20 taken, 0 lapsed, 30 owed, 0 forgiven.\n"
            "- 20 points of lot L\n"
            "50 points are taken back. [back, 9.1]\n"
        ),
        "",
    )
    told = run("decide", "small.yaml", "-", "--lang", "ko", input=json.dumps(CANCELLED)).stdout
    assert "A-1 회수: 50 포인트, 2026-03-02. 차감 20, 소멸 0, 미회수 30, 면제 0." in told
    assert json.loads(run("decide", "small.yaml", "-", "--json", input=json.dumps(CANCELLED)).stdout)["debt"] == 30


def test_decide_tells_that_an_event_is_refused(run: Run) -> None:
    change("small.yaml", "rules:\n", "rules:\n" + BESIDE.replace("SHORT", "refuse"))
    told = "A-1: the event E-2 is refused.\n50 points are taken back. [back, 9.1]\n"
    assert ended(run("decide", "small.yaml", "-", input=json.dumps(CANCELLED))) == (0, told, "")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-03-02", "A-1: nothing happens on 2026-03-02.\n"),
        (
            "2026-01-11",
            "A-1 is charged 20 points on 2026-01-11.\n- 20 points of lot L\n20 points are charged. [idle, 9.2]\n",
        ),
        ("2026-03-04", "Notice for 2026-03-07 (lots: L)\n  50 points end 2026-03-07. [soon, 9.3]\n"),
        (
            "2026-03-08",
            (
                "- 50 points of lot L expired; their last usable day was 2026-03-07\n"
                "  Usable until 2026-03-07. [five-years, 15.1]\n"
            ),
        ),
    ],
)
def test_decide_tells_what_a_day_comes_to(day: str, told: str, run: Run) -> None:
    change("small.yaml", "rules:\n", "rules:\n" + BESIDE.replace("SHORT", "debt"))
    account = {**CASE["account"], "last_activity_on": "2026-01-01"}
    lots = [{"id": "L", "source": "bill_payment", "acquired_on": "2021-03-07", "amount": 50}]
    asked = json.dumps({"account": account, "lots": lots, "day": day})
    assert ended(run("decide", "small.yaml", "-", input=asked)) == (0, told, "")
    assert json.loads(run("decide", "small.yaml", "-", "--json", input=asked).stdout)["day"] == day


def test_decide_lists_everything_that_is_wrong_with_a_case(run: Run) -> None:
    wrong = {**CASE, "account": {"id": "A-1", "joined": "2020-01-01"}, "request": {"points": "5", "method": "x"}}
    code, told, error = ended(run("decide", "small.yaml", "-", input=json.dumps(wrong)))

    assert (code, told) == (1, "")
    assert [line.split(" ")[:2] for line in error.splitlines()] == [
        ["stdin:", "account.joined_on"],
        ["stdin:", "account.joined"],
        ["stdin:", "request.points"],
        ["stdin:", "request.method"],
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "recoup: stdin is not JSON: Line 1, column 2: "),
        ('{"account": 1, "account": 2}', "recoup: stdin: #/account stands twice"),
        ('{"points": 1.5}', "recoup: stdin: #/points is 1.5; write a whole number"),
        ("\x00", "recoup: stdin is not JSON: "),
        ("[" * 100_000, "recoup: stdin is not JSON: "),
    ],
    ids=["cut", "key_twice", "fraction", "nul", "deep"],
)
def test_decide_refuses_unreadable_json(body: str, told: str, run: Run) -> None:
    code, printed, error = ended(run("decide", "small.yaml", "-", input=body))

    assert (code, printed) == (2, "")
    assert error.startswith(told)


def test_what_is_asked_before_the_policy_starts_is_not_decided(run: Run) -> None:
    early = {**CASE, "as_of": "2024-12-31T14:59:59Z", "lots": []}
    code, _, error = ended(run("decide", "small.yaml", "-", input=json.dumps(early)))

    assert (code, error) == (1, "recoup: 'small' is in force from 2025-01-01, and was asked about 2024-12-31\n")


@pytest.mark.parametrize("command", ["check", "test", "pin", "show"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.yaml", "recoup: none.yaml: there is no such file\n"),
        (".", "recoup: . is a directory; name a file in it\n"),
    ],
    ids=["missing", "directory"],
)
def test_a_file_that_cannot_be_read_is_told_in_a_line(command: str, name: str, told: str, run: Run) -> None:
    assert ended(run(command, name)) == (2, "", told)


@pytest.mark.parametrize("command", ["check", "test", "pin", "show"])
def test_a_binary_file_is_told_in_a_line(command: str, run: Run) -> None:
    Path("small.yaml").write_bytes(b"\x7fELF\x00\x01\xff")
    code, told, error = ended(run(command, "small.yaml"))

    assert (code, error) == (1, "")
    assert told.splitlines() == ["small.yaml:1:7: the byte 0xFF is not UTF-8; save the file as UTF-8"]


def test_a_rule_file_without_scenarios_is_told(run: Run) -> None:
    Path("small.test.yaml").unlink()
    told = "recoup: small.yaml has no scenarios; write them in small.test.yaml\n"

    assert ended(run("test", "small.yaml")) == (2, "", told)


@pytest.mark.parametrize("command", ["check", "test", "pin", "show", "decide", "explain"])
def test_help_shows_an_example(command: str, run: Run) -> None:
    told = run(command, "--help").stdout

    assert "Example:\n" in told
    assert f"recoup {command}" in told.partition("Example:")[2]


def recoup_process(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = recoup_process("show", "rules/kt-points.yaml")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("check", "tests/engine/small.yaml"), 0),
        (("check", "setup.cfg"), 1),
        (("check", "none.yaml"), 2),
        (("check",), 2),
        (("nope",), 2),
    ],
    ids=["ok", "problems", "unreadable", "usage", "unknown_command"],
)
def test_a_process_ends_with_the_code_that_ci_looks_at(arguments: tuple[str, ...], code: int) -> None:
    process = recoup_process(*arguments)
    told, error = process.communicate()

    assert process.returncode == code
    assert "Traceback" not in told + error
    assert "\x1b[" not in told + error


def test_colour_is_for_terminals_that_want_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in run("test", "small.yaml", color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run("test", "small.yaml", color=True).stdout
