"""Compiles what decides to C: `.venv/bin/python -m tools.compiled`, as make does; again only where a source changed.

mypyc makes a library of the modules in `COMPILED`, by the very types that mypy checks. It is put into the environment
beside a finder (tools/recoup_compiled.py), which hands it out only while the sources are those that it was made of:
whoever changes one goes on with Python, slower and never stale, until make compiles again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.bootstrap import check_machine, ending_in_a_line, find_compiler, lacks_for_building, run, say
from tools.recoup_compiled import digest_of, made_of

ROOT = Path(__file__).resolve().parent.parent
FINDER = ROOT / "tools" / "recoup_compiled.py"

# What a decision goes through. Left out are the records, which msgspec reads and writes (they are its own types), and
# the matcher, which holds what the library of durable_rules gives out.
COMPILED = (
    *("amounts", "bounds", "calendars", "compiled", "courses", "covers", "decide", "figures", "hearing"),
    *("judgement", "kinds", "lot_days", "money", "openings", "plans", "ready", "remedies", "runs", "scene"),
    *("sentences", "spending", "stretches", "taken", "windows"),
)


_TOOLS = (Path(__file__), FINDER, ROOT / "constraints.txt")
HOW = hashlib.sha256(b"".join(path.read_bytes() for path in _TOOLS)).hexdigest()
"""What else a library is made of: this file, the finder, and the versions of the tools."""


def main() -> None:
    """Leave a library of these sources in the environment whose Python runs this."""
    at = Path(sysconfig.get_path("platlib"))
    library, digest = at / "recoup_compiled", digest_of(ROOT)
    if made_of(library) == digest and made_by(library) == HOW:
        return
    check_machine(lacks_for_building(os.environ, sysconfig.get_path("include")))
    say("compiling the engine (a minute or two; it decides by a third faster)")
    with tempfile.TemporaryDirectory(dir=at, prefix="recoup-compiling-") as folder:
        made = Path(folder, "made")
        command = [sys.executable, "-m", "tools.compiled", "--into", str(made)]
        environ = {**os.environ, "CC": " ".join(find_compiler(os.environ))}
        run(command, "the engine could not be compiled", environ)
        shutil.copy(FINDER, made / "__init__.py")
        (made / "DIGEST").write_text(digest, "ascii")
        (made / "HOW").write_text(HOW, "ascii")
        # A process that runs keeps the files that it has opened.
        if library.exists():
            library.rename(Path(folder, "old"))
        made.rename(library)
    # Python runs such a line when it starts: from then on the finder is asked first.
    (at / "recoup_compiled.pth").write_text("import recoup_compiled; recoup_compiled.install()\n", "ascii")


def build(into: Path) -> None:
    """The extension modules of all sources, in folders as their packages are."""
    from mypyc.build import mypycify
    from setuptools import setup

    # It looks for setup.cfg, which holds what mypy is told, in this folder.
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        extensions = mypycify(
            list(sources()),
            target_dir=folder,
            group_name="recoup",
            # Twice as quick to compile as the default, and as quick to run.
            opt_level="1",
            debug_level="0",
        )
        setup(
            name="recoup-compiled",
            packages=[],
            ext_modules=list[Any](extensions),
            script_args=[
                "--quiet",
                "build_ext",
                "--build-lib",
                str(into),
                "--build-temp",
                folder,
                "--parallel",
                str(os.cpu_count()),
            ],
        )


def made_by(library: Path) -> str:
    """How a library was made; "" where there is none."""
    how = library / "HOW"
    return how.read_text("ascii") if how.is_file() else ""


def sources() -> Iterator[str]:
    """The files of all that is compiled."""
    for name in COMPILED:
        path = ROOT / "engine" / name
        for source in sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]:
            yield str(source.relative_to(ROOT))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, help="only build, into this folder: what this does in another process")
    into = parser.parse_args().into
    ending_in_a_line(main if into is None else lambda: build(into))
