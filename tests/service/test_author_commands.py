"""`recoup format` and `recoup new`: what they write, what they leave alone, and how they end."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import z3
from click.testing import CliRunner, Result

from policies import layout
from service.cli import recoup

ROOT = Path(__file__).parent.parent.parent
TIDY = (ROOT / "rules/kt-points.yaml").read_text("utf-8")
UNTIDY = TIDY.replace("format: 1\n", "format:    1\n")

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder that holds kt-points.yaml, untidy, and its scenarios."""
    shutil.copyfile(ROOT / "rules/kt-points.test.yaml", tmp_path / "kt-points.test.yaml")
    (tmp_path / "kt-points.yaml").write_text(UNTIDY, "utf-8")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **more: CliRunner().invoke(recoup, arguments, **more)


def _listed() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def ended(result: Result) -> tuple[int, str, str]:
    """How a command ended: its exit code, stdout and stderr."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_format_rewrites_what_is_untidy_and_nothing_else(run: Run) -> None:
    scenarios = Path("kt-points.test.yaml").stat().st_mtime_ns

    assert ended(run("format", "kt-points.yaml", "kt-points.test.yaml")) == (0, "kt-points.yaml: formatted\n", "")
    assert Path("kt-points.yaml").read_text("utf-8") == TIDY
    assert Path("kt-points.test.yaml").stat().st_mtime_ns == scenarios
    assert ended(run("format", "kt-points.yaml", "kt-points.test.yaml")) == (0, "", "")


def test_format_keeps_the_mode_of_a_file_and_leaves_nothing_beside_it(run: Run) -> None:
    Path("kt-points.yaml").chmod(0o640)
    before = _listed()
    run("format", "kt-points.yaml")

    assert stat.S_IMODE(Path("kt-points.yaml").stat().st_mode) == 0o640
    assert _listed() == before


def test_format_writes_to_where_a_link_leads(run: Run) -> None:
    Path("link.yaml").symlink_to("kt-points.yaml")
    run("format", "link.yaml")

    assert Path("link.yaml").is_symlink()
    assert Path("kt-points.yaml").read_text("utf-8") == TIDY


def test_check_and_diff_change_nothing(run: Run) -> None:
    assert ended(run("format", "--check", "kt-points.yaml")) == (1, "kt-points.yaml: would change\n", "")
    assert ended(run("format", "--check", "kt-points.test.yaml")) == (0, "", "")
    told = run("format", "--diff", "kt-points.yaml")
    assert (told.exit_code, "\n-format:    1\n+format: 1\n" in told.stdout) == (0, True)
    assert run("format", "--check", "--diff", "kt-points.yaml").exit_code == 1
    assert Path("kt-points.yaml").read_text("utf-8") == UNTIDY


def test_format_turns_stdin_into_stdout(run: Run) -> None:
    assert ended(run("format", "-", input=UNTIDY)) == (0, TIDY, "")
    scenarios = "policy: x.yaml\nscenarios: [{name: 'A', as_of: \"2026-01-01 10:00\"}]\n"
    told = "policy: x.yaml\n\nscenarios: [{name: A, as_of: 2026-01-01 10:00}]\n"
    assert ended(run("format", "-", input=scenarios)) == (0, told, "")


def test_format_makes_plain_newlines_of_those_of_windows(run: Run) -> None:
    Path("kt-points.yaml").write_bytes(b"\xef\xbb\xbf" + TIDY.replace("\n", "\r\n").encode())
    run("format", "kt-points.yaml")
    assert Path("kt-points.yaml").read_bytes() == TIDY.encode()


def test_format_refuses_a_file_with_problems_and_goes_on_with_the_next(run: Run) -> None:
    bad = "format:   1\npolicy: no\n"
    Path("bad.yaml").write_text(bad, "utf-8")
    result = run("format", "bad.yaml", "kt-points.yaml")

    assert result.exit_code == 1
    assert "bad.yaml:2:9: 'no' may be read as false or as text" in result.stdout
    assert result.stdout.endswith("kt-points.yaml: formatted\n")
    assert Path("bad.yaml").read_text("utf-8") == bad


def test_format_refuses_scenarios_for_their_own_problems_only(run: Run) -> None:
    Path("kt-points.yaml").write_text(UNTIDY.replace("currency: KRW", "currency: won"), "utf-8")
    assert run("format", "kt-points.test.yaml").exit_code == 0
    Path("kt-points.yaml").write_text(TIDY, "utf-8")
    text = Path("kt-points.test.yaml").read_text("utf-8")
    Path("kt-points.test.yaml").write_text(text.replace("grade: GOLD", "grade: GOLDEN", 1), "utf-8")
    result = run("format", "kt-points.test.yaml")
    assert result.exit_code == 1
    assert "GOLDEN" in result.stdout


def test_format_leaves_a_file_alone_whose_meaning_it_would_change(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout._Writer, "needs_quotes", lambda *_, **__: False)
    told = "recoup: kt-points.yaml is left as it is: its new text would not mean the same\n"

    assert ended(run("format", "kt-points.yaml")) == (2, "", told)
    assert Path("kt-points.yaml").read_text("utf-8") == UNTIDY


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_new_policy_is_sound_tested_and_held_by_its_scenarios_at_once(language: str, run: Run) -> None:
    Path("rules").mkdir()
    result = run("new", "cafe-points", "--dir", "rules", "--lang", language)
    told = "rules/cafe-points.yaml and rules/cafe-points.test.yaml are written. Next:\n"
    following = [line[len("  recoup ") :].split() for line in result.stdout.removeprefix(told).splitlines()]

    assert (result.exit_code, result.stdout.startswith(told)) == (0, True)
    assert [command for command, _ in following] == ["check", "test", "pin"]
    assert [run(*each).exit_code for each in following] == [0, 0, 0]
    assert run("format", "--check", "rules/cafe-points.yaml", "rules/cafe-points.test.yaml").exit_code == 0
    text = Path("rules/cafe-points.yaml").read_text("utf-8") + Path("rules/cafe-points.test.yaml").read_text("utf-8")
    assert ("Article 1: earning" in text, "제1조 적립" in text) == (language == "en", language == "ko")
    assert not any(left in text for left in ("<<", ">>", "NAME"))
    assert "policy: cafe-points\n" in text


def test_a_new_policy_names_the_editors_schema_where_there_is_one(run: Run) -> None:
    run("new", "without")
    Path("recoup.schema.json").write_text("{}", "utf-8")
    run("new", "with-schema")

    line = "# yaml-language-server: $schema=recoup.schema.json\n"
    assert Path("with-schema.yaml").read_text("utf-8").startswith(line)
    assert line not in Path("without.yaml").read_text("utf-8")
    assert run("format", "--check", "with-schema.yaml").exit_code == 0


@pytest.mark.parametrize("existing", ["cafe.yaml", "cafe.test.yaml"])
def test_new_never_overwrites_a_file(existing: str, run: Run) -> None:
    Path(existing).write_text("mine", "utf-8")
    told = f"recoup: {existing} exists already and is left as it is; choose another name or folder\n"

    assert ended(run("new", "cafe")) == (2, "", told)
    assert Path(existing).read_text("utf-8") == "mine"
    assert sorted(path.name for path in Path().glob("cafe*")) == [existing]


SPELT = "cannot be a policy's name; write it in small letters, digits and hyphens, without .yaml, such as cafe-points"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Cafe",), f"'Cafe' {SPELT}"),
        (("cafe_points",), f"'cafe_points' {SPELT}"),
        (("cafe.yaml",), f"'cafe.yaml' {SPELT}"),
        (("../cafe",), f"'../cafe' {SPELT}"),
        (("카페",), f"'카페' {SPELT}"),
        (("c" * 200,), f"'{'c' * 200}' cannot be a policy's name: the name has 200 letters; shorten it to 80"),
        (("cafe", "--dir", "none"), "none is no folder; make it first, or name another with --dir"),
    ],
    ids=["capital", "underscore", "file", "path", "korean", "long", "no-folder"],
)
def test_new_tells_what_it_cannot_use(arguments: tuple[str, ...], told: str, run: Run) -> None:
    before = _listed()
    assert ended(run("new", *arguments)) == (2, "", f"recoup: {told}\n")
    assert _listed() == before


@pytest.mark.parametrize("command", ["format", "new"])
def test_help_shows_an_example(command: str, run: Run) -> None:
    told = run(command, "--help").stdout
    assert f"recoup {command}" in told.partition("Example:\n")[2]


def test_prove_tells_what_it_found_with_a_scenario_that_test_accepts(run: Run) -> None:
    rules = (ROOT / "rules/examples/two-exits-us.yaml").read_text("utf-8")
    faulty = rules.replace("when: {request.method: slow}\n    batch", "when: {account.kind: person}\n    batch")
    Path("exits.yaml").write_text(faulty, "utf-8")
    told = run("prove", "exits.yaml")
    line, _, rest = told.stdout.partition("\n")

    assert told.exit_code == 1
    assert line.startswith("exits.yaml:57:5: slow-payout: this rule and 'fast-payout' (line 52) both say when")
    assert rest.endswith("exits.yaml: 1 finding\n")
    scenario = rest.rpartition("\n\n")[0]
    Path("exits.test.yaml").write_text(f"policy: exits.yaml\nscenarios:\n{scenario}\n", "utf-8")
    assert ended(run("test", "exits.yaml")) == (0, "1 passed\n", "")


def test_prove_says_the_same_to_programs_and_in_korean(run: Run) -> None:
    rules = (ROOT / "rules/examples/two-exits-us.yaml").read_text("utf-8")
    Path("sound.yaml").write_text(rules, "utf-8")
    Path("exits.yaml").write_text(
        rules.replace("request.method: slow}\n    batch", "account.kind: person}\n    batch"), "utf-8"
    )
    (finding,) = json.loads(run("prove", "exits.yaml", "--json").stdout)

    assert (finding["code"], finding["proven"], finding["rules"]) == ("overlap", True, ["slow-payout", "fast-payout"])
    assert "지급일을 정합니다" in run("prove", "exits.yaml", "--lang", "ko").stdout
    assert ended(run("prove", "sound.yaml")) == (0, "sound.yaml: nothing found, 5 rules\n", "")
    assert json.loads(run("prove", "sound.yaml", "--json").stdout) == []


def test_prove_goes_on_behind_a_file_that_it_cannot_prove(run: Run) -> None:
    Path("sound.yaml").write_text((ROOT / "rules/examples/two-exits-us.yaml").read_text("utf-8"), "utf-8")
    Path("broken.yaml").write_text("format: 1\n", "utf-8")
    code, out, told = ended(run("prove", "broken.yaml", "sound.yaml"))
    assert (code, "sound.yaml: nothing found" in out) == (1, True)
    assert told.splitlines()[-1] == "recoup: broken.yaml: not proved"

    code, out, told = ended(run("prove", "nowhere.yaml", "broken.yaml", "sound.yaml", "--json"))
    assert (code, json.loads(out)) == (2, [])
    assert [line for line in told.splitlines() if line.endswith(": not proved")] == [
        "recoup: nowhere.yaml: not proved",
        "recoup: broken.yaml: not proved",
    ]


def test_ctrl_c_ends_proofs_and_says_what_is_not_proved(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text((ROOT / "rules/examples/two-exits-us.yaml").read_text("utf-8"), "utf-8")
    # The solver takes Ctrl-C for itself, and says that it does not know.
    monkeypatch.setattr("z3.Solver.check", lambda solver, *marks: z3.unknown)
    monkeypatch.setattr("z3.Solver.reason_unknown", lambda solver: "interrupted from keyboard")
    code, out, told = ended(run("prove", "a.yaml", "b.yaml"))
    assert (code, out) == (2, "")
    assert told == "recoup: a.yaml: not proved\nrecoup: b.yaml: not proved\n"


def test_prove_needs_its_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.commands.prove.find_spec", lambda name: None)
    code, _, told = ended(run("prove", "kt-points.yaml"))
    assert (code, "'.[prove]'" in told) == (2, True)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `recoup diff old.yaml new.yaml`, of which the new one has one word in the place of another."""
    text = (ROOT / "tests/diff.yaml").read_text("utf-8")
    monkeypatch.chdir(tmp_path)

    def compare(one: str, other: str, *options: str) -> Result:
        assert one in text
        Path("old.yaml").write_text(text, "utf-8")
        Path("new.yaml").write_text(text.replace(one, other, 1), "utf-8")
        return CliRunner().invoke(recoup, ["diff", "old.yaml", "new.yaml", *options])

    return compare


def test_diff_tells_a_change_with_both_decisions_and_a_scenario_that_passes_on_the_new_file(
    two: Callable[..., Result],
) -> None:
    result = two("within: 3 business days", "within: 4 business days", "--lang", "en")
    lines = result.stdout.splitlines()
    text = Path("old.yaml").read_text("utf-8")
    at, within = (text[: text.index(words)].count("\n") + 1 for words in ("- id: paid", "within: 3 business"))

    assert result.exit_code == 1
    assert lines[0] == f"rule 'paid' (old line {at}, new line {at})"
    assert lines[1:4] == [
        "  was: (pay, article 8.1) Paid within 3 business days of the request.",
        "  now: (pay, article 8.1) Paid within 4 business days of the request.",
        f"  within: 3 business days -> 4 business days (old line {within}, new line {within})",
    ]
    assert "    outcome     approved    approved" in lines
    assert lines[-1].startswith("changes: 1; with an example: 1;")

    scenario = result.stdout[result.stdout.index("  - name:") : result.stdout.rindex("changes: 1")]
    for file, passes in (("new.yaml", True), ("old.yaml", False)):
        name = file.replace(".yaml", ".test.yaml")
        Path(name).write_text(f"policy: {file}\nscenarios:\n{scenario}", "utf-8")
        assert (CliRunner().invoke(recoup, ["test", file]).exit_code == 0) is passes


@pytest.mark.parametrize(
    ("one", "other", "code", "told"),
    [
        ("currency: KRW", "currency:    KRW # won", 0, "뜻이 같습니다. 증명: 배치와 주석을 뺀 내용이 같습니다.\n"),
        ("[active, dormant]", "[dormant, active]", 0, "뜻이 같습니다. 증명: 뜻이 없는 순서를 빼면 내용이 같습니다.\n"),
        ("retention: 5", "retention: 6", 1, "증명: 두 파일의 규칙, 수치, 이름이 같은 것으로 읽힙니다"),
        ("점검 시간입니다.", "점검 중입니다.", 1, "문구만 바뀜: 판정은 같고 읽는 말이 다릅니다"),
        ("within: 3 business", "within: 5 business", 1, "다르게 판정되는 사례(1번째 시도)"),
        ("policy: diff-points", "policy: other-points", 2, ""),
        ("currency: KRW", "currency: won", 2, ""),
    ],
    ids=["layout", "order", "retention", "words", "decided otherwise", "another policy", "unsound"],
)
def test_diff_says_in_korean_what_it_found_and_ends_accordingly(
    two: Callable[..., Result], one: str, other: str, code: int, told: str
) -> None:
    result = two(one, other, "--lang", "ko")
    assert result.exit_code == code
    assert told in result.stdout


def test_diff_tells_programs_everything(two: Callable[..., Result]) -> None:
    result = two("rate: 1.5%", "rate: 1.6%", "--json")
    data = json.loads(result.stdout)
    (change,) = data["changes"]

    assert (data["same_meaning"], data["counts"]["differs"]) == (False, 1)
    assert (change["subject"], change["change"], change["verdict"]) == ("shop-points", "rate: 1.5% -> 1.6%", "differs")
    assert change["example"]["case"]["event"]["type"] == "purchase"
    assert change["example"]["old"]["earned"] != change["example"]["new"]["earned"]


def test_diff_says_honestly_that_no_example_was_found(two: Callable[..., Result]) -> None:
    result = two("idle: 24 months", "idle: 25 months", "--tries", "1", "--lang", "en")
    assert "none found in 1 tries; that is no proof that there is none" in result.stdout
