"""What authors copy for a repository of rule files: the workflow's steps and the hooks run on sound and bad ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.forks import CLIENT, Shell
from tests.service.drafting import RULES, SCENARIOS, texts
from tests.service.test_drafts import OTHER_FEE

ROOT = Path(__file__).parent.parent
CI = ROOT / "docs/authors/ci"
WORKFLOW: dict[str, Any] = yaml.load((CI / "recoup.yml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506  # `on` is a word
STEPS = {step["name"]: step for job in WORKFLOW["jobs"].values() for step in job["steps"]}
EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
MARK = "<!-- recoup diff -->"
SIX = [re.sub(r"\n(rules|accounts|lots|scenarios):", r"\n\n\1:", text) for text in texts(6_000)]
BRANCH = {"rules/tiny.yaml": SIX[0], "rules/tiny.test.yaml": SIX[1]}
"""What a sound pull request makes of the files."""

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=kim", "-c", "user.email=kim@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Repository:
    """A repository of rule files, in which shells find `recoup`, and what GitHub gives to a step."""

    def __init__(self, folder: Path, bin_folder: Path, shell: Shell) -> None:
        self.folder = folder / "rule-files"
        self.runner = folder / "runner"
        self.bin = bin_folder
        self._shell = shell
        for made in (self.folder / "rules", self.runner):
            made.mkdir(parents=True)
        self.write({"rules/tiny.yaml": RULES, "rules/tiny.test.yaml": SCENARIOS, "README.md": "Rules.\n"})
        git(self.folder, "init", "--quiet")
        self.base = self.commit()

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")

    def commit(self) -> str:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", "Rules")
        return git(self.folder, "rev-parse", "HEAD")

    def run(self, script: str, **more: str) -> tuple[int, str]:
        """How a script ends in the shell that GitHub uses, and what it prints."""
        environment = {
            **{name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in os.environ},
            **{name: value for name, value in WORKFLOW["env"].items() if name != "LC_ALL"},
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "GITHUB_PATH": str(self.runner / "path"),
            "GITHUB_STEP_SUMMARY": str(self.runner / "summary"),
            "GITHUB_REPOSITORY": "example/rule-files",
            "RUNNER_TEMP": str(self.runner),
            "PRE_COMMIT_HOME": str(self.runner / "pre-commit"),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "kim" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **more,
        }
        script = f"set -eo pipefail\ntrap 'printf \"\\nexit %s\" $?' EXIT\n{script}"
        printed = self._shell.run(script, self.folder, environment, timeout=60)
        said, _, code = printed.rstrip("\n").rpartition("exit ")
        return int(code), said

    def step(self, name: str, **more: str) -> tuple[int, str]:
        """The same for a step of the workflow."""
        step = STEPS[name]
        given = {"github.event.pull_request.base.sha": self.base, "github.event.pull_request.number": "7"}
        given["github.token"] = "none"
        own = {
            name: EXPRESSION.sub(lambda found: given[found[1]], value) for name, value in step.get("env", {}).items()
        }
        assert "${{" not in step["run"], "what somebody calls a branch is never part of a script"
        return self.run(step["run"], **{**own, **more})


@pytest.fixture(scope="module")
def recoup_bin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `recoup`, which is forked from this process."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "client.py").write_text(CLIENT, "utf-8")
    executable(folder / "recoup", f'#!/bin/sh\nexec "{sys.executable}" -I -S "{folder}/client.py" "$@"\n')
    return folder


def executable(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    path.chmod(0o755)


@pytest.fixture
def repository(tmp_path: Path, recoup_bin: Path) -> Repository:
    """A repository with a sound rule file on its main branch."""
    return Repository(tmp_path, recoup_bin, Shell(tmp_path))


def test_the_workflow_is_one_that_github_knows() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", CI / "recoup.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "ok -- validation done\n")


def test_the_workflow_has_no_more_rights_than_it_needs() -> None:
    assert set(WORKFLOW["on"]) == {"pull_request", "push"}, "pull_request_target would run with secrets"
    assert WORKFLOW["permissions"] == {"contents": "read"}
    jobs = WORKFLOW["jobs"]
    assert [job.get("permissions") for job in jobs.values()] == [None, {"pull-requests": "write"}]
    # Who may write runs nothing of the change.
    assert [step.get("uses", "").partition("@")[0] for step in jobs["comment"]["steps"]] == [
        *("actions/download-artifact", ""),
    ]
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    assert STEPS["Fetch the rule files"]["with"] == {"fetch-depth": "0", "persist-credentials": "false"}
    assert "secrets" not in (CI / "recoup.yml").read_text("utf-8").partition("name: recoup")[2]


def bad(name: str, before: str, after: str) -> dict[str, str]:
    assert before in BRANCH[name]
    return {name: BRANCH[name].replace(before, after)}


BAD = {
    "Check": (bad("rules/tiny.yaml", "at_most", "at_mots"), "unknown field 'at_mots'"),
    "Format": (bad("rules/tiny.test.yaml", "as_of: 2026", "as_of:   2026"), "-as_of:   2026"),
    "Test": (bad("rules/tiny.test.yaml", "[6_001, denied, [daily]", "[6_001, denied, []"), "1 failed, 4 passed"),
    "Pin": (bad("rules/tiny.test.yaml", "      - [6_001, denied, [daily], {}]\n", ""), "is noticed by no scenario"),
    "Prove": ({"rules/tiny.yaml": SIX[0] + OTHER_FEE}, "tiny.yaml: 1 finding"),
}


@pytest.mark.slow
def test_every_step_passes_on_sound_files_and_fails_on_its_own_kind_of_bad_ones(repository: Repository) -> None:
    told = {
        "Check": "rules/tiny.yaml: ok, 2 rules",
        "Format": "",
        "Test": "5 passed",
        "Pin": "nudges noticed",
        "Prove": "rules/tiny.yaml: nothing found, 2 rules",
    }
    assert {*told, "Install Recoup", "Find the rule files", "Tell what changes", "Comment"} == {
        name for name, step in STEPS.items() if "run" in step
    }
    repository.write(BRANCH)
    assert repository.step("Find the rule files") == (0, "\n")
    for name, words in told.items():
        code, said = repository.step(name)
        assert (name, code, words in said) == (name, 0, True), said
        files, expected = BAD[name]
        repository.write(files)
        code, said = repository.step(name)
        assert (name, code, expected in said) == (name, 1, True), said
        repository.write(BRANCH)
    code, said = repository.step("Find the rule files", RULES="policies")
    assert (code, said) == (1, "there is no rule file in policies\n\n")


def test_recoup_is_installed_at_the_release_that_is_named(repository: Repository, tmp_path: Path) -> None:
    """What stands in for Recoup's own repository says how it was called; `make` is tested elsewhere."""
    made = tmp_path / "recoup.git"
    (made / "tools").mkdir(parents=True)
    (made / "tools/bootstrap.py").write_text("import sys\nprint('installs', *sys.argv[1:])\n", "utf-8")
    git(made, "init", "--quiet")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", "Recoup")
    git(made, "tag", "v0.1.0")
    (repository.runner / "python").symlink_to(sys.executable)
    path = f"{repository.runner}{os.pathsep}{os.environ['PATH']}"
    code, said = repository.step("Install Recoup", RECOUP_URL=made.as_uri(), PATH=path)
    assert (code, said.strip().splitlines()[-1]) == (0, "installs prove")
    added = (repository.runner / "path").read_text("utf-8")
    assert added == f"{repository.runner}/recoup/.venv/bin\n"
    shutil.rmtree(repository.runner / "recoup")
    assert repository.step("Install Recoup", RECOUP_URL=made.as_uri(), RECOUP_REF="v9", PATH=path)[0] != 0


def commented(repository: Repository, **more: str) -> str:
    code, said = repository.step("Tell what changes", **more)
    assert code == 0, said
    comment = (repository.runner / "comment/recoup.md").read_text("utf-8")
    assert (repository.runner / "summary").read_text("utf-8").endswith(comment)
    return comment


def test_a_comment_tells_what_every_rule_file_of_a_pull_request_changes(repository: Repository) -> None:
    assert commented(repository) == f"{MARK}\nNo rule file changes.\n"
    other = {"rules/other.yaml": RULES.replace("tiny", "other"), "rules/broken.yaml": "format: 1\n"}
    repository.write({**other, "rules/gone.yaml": RULES.replace("tiny", "gone")})
    repository.base = repository.commit()
    (repository.folder / "rules/gone.yaml").unlink()
    fenced = RULES.replace("Tiny policy", "Tiny ```````` policy")
    repository.write(
        {**BRANCH, "rules/other.yaml": other["rules/other.yaml"].replace("rules:", "rules: # Moved."), "README.md": ""}
    )
    repository.write({"rules/new.yaml": fenced, "rules/broken.yaml": "format: 2\n"})
    repository.commit()
    parts = commented(repository).split("### ")
    assert parts[0] == f"{MARK}\n"
    assert [part.partition("\n")[0] for part in parts[1:]] == [
        f"`rules/{name}.yaml`" for name in ("broken", "gone", "new", "other", "tiny")
    ]
    broken, gone, new, moved, tiny = (part.partition("````text\n")[2].removesuffix("\n````\n\n") for part in parts[1:])
    assert "old.yaml:1:1: " in broken
    assert (gone, new) == ("The file is gone.", "The file is new.")
    assert moved.startswith("The same meaning, proved")
    assert tiny.startswith(
        "rule 'daily' (old line 14, new line 15)\n  was: (limit, article 1) Asked for: at most 5,000"
    )
    assert '  - name: "daily: at_most: 5_000 -> 6_000"' in tiny


def test_nothing_in_a_rule_file_ends_the_block_and_a_comment_has_an_end(repository: Repository) -> None:
    repository.write({"rules/tiny.yaml": RULES.replace("Tiny policy", "Tiny ```` policy")})
    repository.commit()
    assert commented(repository).count("````") == 2
    repository.write({"rules/added.yaml": RULES.replace("tiny", "added")})
    repository.commit()
    comment = commented(repository, MOST="150")
    assert comment.partition("### `rules/tiny.yaml`")[2] == "\n\nToo much to be told here: run `recoup diff`.\n\n"
    assert "````text\nThe file is new.\n````" in comment


GH = """\
#!{python}
import json, os, pathlib, subprocess, sys
kept = pathlib.Path(os.environ["RUNNER_TEMP"], "comments.json")
comments = json.loads(kept.read_text("utf-8")) if kept.exists() else []
arguments = sys.argv[1:]
assert os.environ["GH_TOKEN"] == "none" and arguments.pop(0) == "api"
address = next(each for each in arguments if each.startswith("repos/"))
left = [each for each in arguments if each not in ("--paginate", "--silent", address)]
options = dict(zip(left[::2], left[1::2]))
if "--jq" in arguments:
    jq = arguments[arguments.index("--jq") + 1]
    assert address == "repos/example/rule-files/issues/7/comments"
    subprocess.run(["jq", "--raw-output", jq], input=json.dumps(comments), text=True, check=True)
    sys.exit()
name, _, file = options["--field"].partition("=@")
made = {{"user": {{"type": "Bot"}}, name: pathlib.Path(file).read_text("utf-8")}}
if options["--method"] == "POST":
    assert address == "repos/example/rule-files/issues/7/comments"
    comments.append({{"id": len(comments) + 1, **made}})
else:
    assert options["--method"] == "PATCH"
    number = int(address.removeprefix("repos/example/rule-files/issues/comments/"))
    comments = [{{"id": number, **made}} if each["id"] == number else each for each in comments]
kept.write_text(json.dumps(comments), "utf-8")
"""
"""Stands for GitHub's command: keeps comments in a file."""


@pytest.mark.skipif(shutil.which("jq") is None, reason="what stands for gh needs jq")
def test_one_comment_is_written_and_later_written_anew(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "gh").mkdir()
    executable(tmp_path / "gh/gh", GH.format(python=sys.executable))
    kept = repository.runner / "comments.json"
    others = [
        {"id": 1, "user": {"type": "User"}, "body": f"{MARK}\nquoted by somebody"},
        {"id": 2, "user": {"type": "Bot"}, "body": "another workflow's"},
    ]
    kept.write_text(json.dumps(others), "utf-8")
    for text in ("first", "second"):
        repository.write({"recoup.md": f"{MARK}\n{text}\n"})
        code, said = repository.step("Comment", PATH=f"{tmp_path}/gh{os.pathsep}{os.environ['PATH']}")
        assert code == 0, said
    found = json.loads(kept.read_text("utf-8"))
    assert found[:2] == others
    assert [(each["id"], each["body"]) for each in found[2:]] == [(3, f"{MARK}\nsecond\n")]


@pytest.fixture
def hooked(repository: Repository, tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Runs a command in a repository with the example's hooks, out of a repository that has ours."""
    made = tmp_path / "recoup.git"
    made.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", made)
    git(made, "init", "--quiet")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message", "Recoup")
    git(made, "tag", "v0.1.0")
    config = (CI / "pre-commit-config.yaml").read_text("utf-8")
    url = re.findall(r"repo: (\S+)", config)[0]
    repository.write({".pre-commit-config.yaml": config.replace(url, str(made))})
    repository.commit()
    return lambda command: repository.run(f'pre-commit() {{ "{sys.executable}" -m pre_commit "$@"; }}\n{command}')


@pytest.mark.slow
def test_hooks_look_at_what_is_committed_and_at_what_is_pushed(
    hooked: Callable[[str], tuple[int, str]], repository: Repository
) -> None:
    code, said = hooked("pre-commit install && git checkout -q -b change")
    assert (code, said.count("pre-commit installed at")) == (0, 2), said
    repository.write(BRANCH)
    code, said = hooked("git add --all && git commit -m Six")
    assert (code, passed(said)) == (0, ["recoup format", "recoup check", "recoup test"]), said
    git(repository.folder.parent, "init", "--quiet", "--bare", "origin.git")
    push = "git push -q ../origin.git change"
    code, said = hooked(push)
    assert (code, passed(said)) == (0, ["recoup pin", "recoup prove"]), said
    files, expected = BAD["Check"]
    repository.write(files)
    code, said = hooked("git commit --all -m Bad")
    assert (code, expected in said, passed(said)) == (1, True, []), said
    git(repository.folder, "reset", "--quiet", "--hard")
    files, expected = BAD["Pin"]
    repository.write(files)
    git(repository.folder, "commit", "--quiet", "--no-verify", "--all", "--message", "Bad")
    code, said = hooked(push)
    assert (code, expected in said, "Passed" in said) == (1, True, False), said


@pytest.mark.parametrize("name", ["Test", "Prove", "Format"])
def test_a_hook_fails_on_its_own_kind_of_bad_files(
    hooked: Callable[[str], tuple[int, str]], repository: Repository, name: str
) -> None:
    files, expected = BAD[name]
    repository.write({**BRANCH, **files})
    stage = "manual" if name == "Prove" else "pre-commit"
    code, said = hooked(f"pre-commit run --hook-stage {stage} --all-files recoup-{name.lower()}")
    # The layout is not complained of, but mended.
    expected = "files were modified by this hook" if name == "Format" else expected
    assert (code, expected in said) == (1, True), said
    if name == "Format":
        assert {each: (repository.folder / each).read_text("utf-8") for each in BRANCH} == BRANCH


def passed(said: str) -> list[str]:
    """The hooks that passed."""
    return re.findall(r"^(recoup \w+)\.+Passed$", said, re.MULTILINE)
