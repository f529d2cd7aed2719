"""Does what a Dockerfile says without a container engine: its commands, as they stand there, in a folder.

A path of the image stands for the same path below that folder. What only an image can do, such as packages of the
system and users, is told apart by how its command begins, and not done.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OF_THE_IMAGE = ("apt-get ", "groupadd ")
NOT_DONE = ("FROM", "EXPOSE", "STOPSIGNAL", "USER")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, and what stands behind its name."""

    name: str
    rest: str


@dataclass
class Image:
    """What came of a Dockerfile: the folder that is its root, and how its program is started."""

    root: Path
    context: Path
    env: dict[str, str]
    folder: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def path(self, text: str) -> Path:
        """Where a path of the image is."""
        return self.root / (self.folder if not text.startswith("/") else "").lstrip("/") / text.lstrip("/")

    def here(self, text: str) -> str:
        """A text with the paths of the image that there are by now as they are here."""
        return re.sub(r"(?<![\w.}])/(?=(?:opt|src|var)/|src\b)", f"{self.root}/", text)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a command: that of the image, and of this machine only where its programs are."""
        path = self.here(self.env.get("PATH", "")).replace("$PATH", os.environ["PATH"])
        kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "SSL_", "LD_"))}
        home = {"HOME": str(self.root), "TMPDIR": str(self.root / "tmp"), "LANG": "C.UTF-8"}
        return {**kept, **home, **self.env, "PATH": path, **more}


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, without comments and with lines put together."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [Instruction(name, re.sub(r"\s+", " ", rest).strip()) for name, rest in found]


def build(dockerfile: Path, context: Path, root: Path, python: str, arguments: Mapping[str, str]) -> Image:
    """Do what a Dockerfile says. `python` stands for that of its FROM; `more` are arguments of the build."""
    (root / "tmp").mkdir(parents=True)
    image = Image(root, context, {})
    for instruction in instructions(dockerfile.read_text("utf-8")):
        do(image, instruction, python, arguments)
    return image


def do(image: Image, instruction: Instruction, python: str, arguments: Mapping[str, str]) -> None:
    """Do one instruction."""
    rest = instruction.rest
    match instruction.name:
        case "RUN":
            if rest.startswith(OF_THE_IMAGE):
                image.left_out.append(rest.split()[0])
            else:
                _run(image, rest, python)
        case "COPY":
            _copy(image, shlex.split(rest))
        case "WORKDIR":
            image.folder = rest
            image.path(rest).mkdir(parents=True, exist_ok=True)
        case "ENV":
            image.env |= dict(part.split("=", 1) for part in shlex.split(rest))
        case "ARG":
            name, _, default = rest.partition("=")
            image.env[name] = arguments.get(name, default)
        case "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        case "CMD":
            image.command = json.loads(rest)
        case "HEALTHCHECK":
            image.healthcheck = json.loads(rest[rest.index("CMD") + 3 :])
        case name:
            assert name in NOT_DONE, f"{name}: nobody does that here"
            if name == "FROM":
                image.env = {}
            elif name == "USER":
                image.user = rest


def _run(image: Image, command: str, python: str) -> None:
    command = re.sub(r"^python3 -m venv", f"{python} -m venv", command)
    done = subprocess.run(
        ["sh", "-c", image.here(command)],
        cwd=image.path("."),
        env=image.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"RUN {command}\n{done.stdout}"


def _copy(image: Image, parts: list[str]) -> None:
    if parts[0].startswith("--from="):
        # Both stages have one root here, and a virtual environment must lie where it was made.
        assert parts[1] == parts[2]
        assert image.path(parts[1]).exists()
        return
    *sources, target = parts
    for source in sources:
        found = image.context / source
        into = image.path(target) if found.is_dir() else image.path(target) / found.name
        if found.is_dir():
            shutil.copytree(found, into, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(found, into)


def as_nobody(command: list[str]) -> list[str]:
    """A command that has no more rights than anybody: by root, without what makes it root."""
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    assert setpriv is not None, "root runs the image's program by setpriv, of util-linux"
    return [setpriv, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", *command]


PYTHON: str = getattr(sys, "_base_executable", sys.executable)
"""The Python that the one of these tests was made with."""
