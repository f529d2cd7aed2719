"""Hands out the engine's compiled modules, while its sources are those that they were made of.

tools/compiled.py puts this file beside what it compiled, and has Python call `install` when it starts. With
RECOUP_INTERPRETED=1 the engine is taken as it is written.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parent
SWITCH = "RECOUP_INTERPRETED"
"""Set to anything, the engine is taken as it is written."""


class Finder:
    """Finds a compiled module in place of its source."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where the compiled module lies; None for whatever is not compiled, or is not of these sources."""
        if not path or not name.startswith("engine."):
            return None
        found = _file(name)
        if found is None or not _is_of(str(Path(path[0]).parents[name.count(".") - 1])):
            return None
        package = found.name.startswith("__init__.")
        places = [str(Path(path[0], name.rpartition(".")[2]))] if package else None
        return spec_from_file_location(
            name, found, loader=ExtensionFileLoader(name, str(found)), submodule_search_locations=places
        )


def install() -> None:
    """Ask the finder first, from now on."""
    if not os.environ.get(SWITCH):
        # The library that all of them share is imported by a name of its own.
        sys.path.append(str(FOLDER))
        sys.meta_path.insert(0, Finder())


def digest_of(root: Path) -> str:
    """What a library is made of: this Python, and all sources that its modules are, or are told the types of."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in ("engine", "engine/kinds", "policies", "policies/kinds"):
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def made_of(folder: Path) -> str:
    """What the library in a folder was made of; "" where there is none."""
    try:
        return (folder / "DIGEST").read_text("ascii")
    except OSError:
        return ""


@cache
def _is_of(root: str) -> bool:
    return made_of(FOLDER) == digest_of(Path(root))


@cache
def _file(name: str) -> Path | None:
    stem = FOLDER.joinpath(*name.split("."))
    both = [Path(f"{stem}{suffix}") for suffix in EXTENSION_SUFFIXES] + [
        stem / f"__init__{suffix}" for suffix in EXTENSION_SUFFIXES
    ]
    return next((path for path in both if path.is_file()), None)
