"""The first command a newcomer types: what a machine lacks is one line, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools import bootstrap

ROOT = Path(__file__).parent.parent
INSTALLED_FROM = ("setup.cfg", "pyproject.toml", "constraints.txt", "tools/bootstrap.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the bootstrap looks at one."""
    for name in INSTALLED_FROM:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def start(checkout: Path, environ: Mapping[str, str], patch: str = "") -> subprocess.CompletedProcess[str]:
    """Run the bootstrap as its own program, after `patch`: Python that makes the machine a poorer one."""
    script = str(checkout / "tools" / "bootstrap.py")
    program = "\n".join(
        [
            "import runpy, sys",
            patch,
            f"sys.argv = [{script!r}]",
            f"runpy.run_path({script!r}, run_name='__main__')",
        ]
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )


POORER_MACHINES = {
    "no_compiler_on_the_path": (
        {"PATH": "/nonexistent"},
        "",
        "this machine lacks a C compiler, needed to install Recoup",
    ),
    "a_compiler_that_is_named_but_not_there": (
        {"CC": "no-such-compiler"},
        "",
        "this machine lacks a C compiler, needed",
    ),
    "a_compiler_without_the_headers_of_the_c_library": (
        {"CC": shutil.which("false") or "false"},
        "",
        "this machine lacks the C library's headers (stdlib.h), needed",
    ),
    "no_python_h": (
        {},
        "import sysconfig; sysconfig.get_path = lambda name: '/nonexistent'",
        "this machine lacks the headers of Python {version} (Python.h), needed",
    ),
    "neither_compiler_nor_python_h": (
        {"CC": "no-such-compiler"},
        "import sysconfig; sysconfig.get_path = lambda name: '/nonexistent'",
        "lacks a C compiler, the headers of Python {version} (Python.h), needed",
    ),
    "no_venv_module": (
        {},
        "import importlib.util as u; u.find_spec = lambda name: None",
        "this machine lacks Python's venv module, needed",
    ),
    "a_python_that_was_chosen_and_is_too_old": (
        {"PYTHON": "python3.9"},
        "sys.version_info = (3, 9, 18)",
        "Recoup needs Python 3.11 or newer, and ",
    ),
    "no_python_that_is_new_enough": (
        {"PATH": "/nonexistent"},
        "sys.version_info = (3, 9, 18)",
        "name another with make PYTHON=python3.12",
    ),
}


@pytest.mark.parametrize(("environ", "patch", "said"), POORER_MACHINES.values(), ids=POORER_MACHINES.keys())
def test_what_a_machine_lacks_is_one_line(
    checkout: Path,
    environ: Mapping[str, str],
    patch: str,
    said: str,
) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in {"CC", "PYTHON"}}

    done = start(checkout, {**clean, **environ}, patch)

    lines = (done.stdout + done.stderr).splitlines()
    assert (len(lines), done.returncode) == (1, 1), lines
    assert lines[0].startswith("recoup: ")
    assert said.format(version=bootstrap.short_version()) in lines[0]
    assert not (checkout / ".venv").exists()


def test_a_venv_made_by_hand_is_never_removed(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").write_text("keep me")

    done = start(checkout, os.environ)

    assert done.stderr == "recoup: .venv was not made by make; move or remove it, and run make again\n"
    assert (checkout / ".venv" / "mine").read_text() == "keep me"


def test_this_machine_can_build() -> None:
    assert bootstrap.lacks_for_venv() == []
    assert bootstrap.lacks_for_building(os.environ, sysconfig.get_path("include")) == []


MANAGERS = {
    "apt-get": "apt-get install python{version}-venv gcc libc6-dev python{version}-dev",
    "dnf": "dnf install gcc python{version}-devel",
    "apk": "apk add gcc musl-dev python3-dev",
    "none_that_is_known": "apt-get install python{version}-venv gcc libc6-dev python{version}-dev",
}


@pytest.mark.skipif(sys.platform == "darwin", reason="one command brings everything there")
@pytest.mark.parametrize(("manager", "command"), MANAGERS.items(), ids=MANAGERS.keys())
def test_one_command_brings_all_that_is_missing(
    manager: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(shutil, "which", lambda name, **_: manager if name == manager else None)

    with pytest.raises(bootstrap.CannotContinue) as caught:
        bootstrap.check_machine(bootstrap.lacks_for_venv() + bootstrap.lacks_for_building({}, "/nonexistent"))

    assert str(caught.value).endswith(f"Run, as root: {command.format(version=bootstrap.short_version())}")


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The stamp of a finished run, in a `.venv` that has a Python."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "UNFINISHED", tmp_path / "recoup-unfinished")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    return {
        "wants": bootstrap.wants(),
        "root": str(bootstrap.ROOT),
        "python": platform.python_version(),
        "extras": ["pg", "test"],
    }


STAMPS = {
    "nothing_has_changed": ({}, ["test"], "chosen", "ready"),
    "fewer_extras_are_asked_for": ({}, [], "chosen", "ready"),
    "another_extra_is_added_to_the_same_venv": ({}, ["bench"], "chosen", "added to"),
    "setup_cfg_has_changed": ({"wants": "other"}, ["test"], "chosen", "added to"),
    "another_python_is_chosen": ({"python": "3.11.0"}, ["test"], "chosen", "made again"),
    "no_python_is_chosen_so_the_one_there_will_do": ({"python": "3.11.0"}, ["test"], "", "ready"),
    "the_folder_was_moved": ({"wants": "other", "root": "/old"}, ["test"], "", "made again"),
}


@pytest.mark.parametrize(("change", "extras", "chosen", "expected"), STAMPS.values(), ids=STAMPS.keys())
def test_a_second_run_does_only_what_has_changed(
    finished: dict[str, object],
    change: dict[str, object],
    extras: list[str],
    chosen: str,
    expected: str,
) -> None:
    stamp = finished | change

    kept = "added to" if bootstrap.installed(stamp) else "made again"
    assert expected == ("ready" if bootstrap.is_ready(stamp, extras, bool(chosen)) else kept)


def test_an_interrupted_installation_is_made_again(finished: dict[str, object]) -> None:
    bootstrap.UNFINISHED.touch()

    assert bootstrap.installed(finished) == {}


OUTPUTS = {
    "an_index_that_cannot_be_reached": (
        """
        WARNING: Retrying (Retry(total=1)) after connection broken: Connection refused: /simple/flask/
        WARNING: Retrying (Retry(total=0)) after connection broken: Connection refused: /simple/flask/
        ERROR: Could not find a version that satisfies the requirement flask
        ERROR: No matching distribution found for flask
        """,
        ["WARNING: Retrying (Retry(total=0)) after connection broken: Connection refused: /simple/flask/"],
    ),
    "a_version_that_does_not_exist": (
        "Looking in links\nERROR: No matching distribution found for flask==99\n",
        ["ERROR: No matching distribution found for flask==99"],
    ),
    "an_error_that_is_repeated": (
        "error: command gcc failed\nnote: not pip\nerror: command gcc failed\n",
        ["error: command gcc failed"],
    ),
    "a_very_long_line": ("ERROR: " + "x" * 300, ["ERROR: " + "x" * 33 + " ... " + "x" * 155]),
    "no_line_that_says_error": ("Killed\n", ["Killed"]),
}


@pytest.mark.parametrize(("output", "expected"), OUTPUTS.values(), ids=OUTPUTS.keys())
def test_of_a_failure_only_the_cause_is_shown(output: str, expected: list[str]) -> None:
    assert bootstrap.shortened(output) == expected
