"""Makes `.venv` and installs Recoup into it: `python3 tools/bootstrap.py [EXTRA ...]`, as make does.

Written for any Python 3, so that one that is too old is told so in a sentence. Whatever is missing is said in
one line that names what to install. A stamp, written last, makes the second run a look at one file.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, NoReturn, Tuple

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "recoup-stamp.json"
UNFINISHED = VENV / "recoup-unfinished"

# durable-rules has no wheels and sets its own CFLAGS, so the flags go in here: without -O2 it is built
# unoptimised, and Python 3.13 no longer has the function that it calls.
DURABLE_FLAGS = "-O2 -DPyEval_CallObject=PyObject_CallObject"


class CannotContinue(Exception):
    """What is missing and what to do about it, in one line."""


def main(extras: List[str]) -> None:
    """Leave a `.venv` in which Recoup with at least these extras is installed."""
    chosen = bool(os.environ.get("PYTHON"))
    # Held until the process ends: a second make waits for the first instead of installing beside it.
    lock = open(str(Path(__file__).resolve()), "rb")  # noqa: PTH123, SIM115
    fcntl.flock(lock, fcntl.LOCK_EX)
    stamp = read_stamp()
    if is_ready(stamp, extras, chosen):
        return
    if sys.version_info < OLDEST:
        run_with_newer_python(chosen)
    found = installed(stamp)
    check_machine(
        ([] if found else lacks_for_venv())
        + ([] if durable_is_built() else lacks_for_building(os.environ, sysconfig.get_path("include")))
    )
    if not found:
        make_venv()
    install(sorted({*extras, *found.get("extras", [])}))


def is_ready(stamp: Mapping[str, Any], extras: Iterable[str], chosen: bool) -> bool:
    """Whether the stamp was made here, for this setup.cfg; only a chosen Python has to be the stamp's own."""
    return (
        (VENV / "bin" / "python").exists()
        and stamp.get("wants") == wants()
        and (not chosen or stamp.get("python") == platform.python_version())
        and set(extras) <= set(stamp.get("extras", []))
    )


def installed(stamp: Mapping[str, Any]) -> Mapping[str, Any]:
    """The stamp when `.venv` can be kept and added to; otherwise nothing, and it is to be made again."""
    keep = (
        (VENV / "bin" / "python").exists()
        and not UNFINISHED.exists()
        and stamp.get("python") == platform.python_version()
        and stamp.get("root") == str(ROOT)
    )
    return stamp if keep else {}


def read_stamp() -> Dict[str, Any]:
    """What the last finished run wrote, empty when there was none or it cannot be read."""
    try:
        return dict(json.loads(STAMP.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def wants() -> str:
    """A digest of all that decides what is installed, and where: scripts in `.venv` name their own folder."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt", "tools/bootstrap.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def run_with_newer_python(chosen: bool) -> NoReturn:
    """Start again with a newer Python from PATH, unless this very one was asked for."""
    for name in [] if chosen else ["python3.13", "python3.12", "python3.11"]:
        # A name alone proves nothing: version managers leave commands on PATH that only say 'not installed'.
        if shutil.which(name) and subprocess.call([name, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execvp(name, [name, *sys.argv])  # nosec B606: one of three names of our own
    raise CannotContinue(
        "Recoup needs Python {}.{} or newer, and {} is {}; name another with make PYTHON=python3.12".format(
            *OLDEST, sys.executable, platform.python_version()
        )
    )


# What a machine lacks, and by package manager the package that has it.
Lack = Tuple[str, Dict[str, str]]


def lacks_for_venv() -> List[Lack]:
    """Debian's Python leaves venv and ensurepip to a package of their own."""
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return []
    return [("Python's venv module", {"apt-get": "python{}-venv".format(short_version())})]


def lacks_for_building(environ: Mapping[str, str], include: str) -> List[Lack]:
    """durable-rules is compiled when installed: it needs a C compiler, libc's headers and Python's."""
    lacks = []
    libc = {"apt-get": "libc6-dev", "dnf": "glibc-devel", "apk": "musl-dev"}
    compiler = find_compiler(environ)
    if not compiler:
        lacks.append(("a C compiler", {"apt-get": "gcc " + libc["apt-get"], "dnf": "gcc", "apk": "gcc musl-dev"}))
    elif not compiles("#include <stdlib.h>\n", compiler, environ):
        lacks.append(("the C library's headers (stdlib.h)", libc))
    if not (Path(include) / "Python.h").is_file():
        what = "the headers of Python {} (Python.h)".format(short_version())
        debian, fedora = ("python{}-{}".format(short_version(), end) for end in ("dev", "devel"))
        lacks.append((what, {"apt-get": debian, "dnf": fedora, "apk": "python3-dev"}))
    return lacks


def check_machine(lacks: List[Lack]) -> None:
    """Name all that is missing at once, and the one command that brings it; Debian's when none is known here."""
    if not lacks:
        return
    managers = {"apt-get": "install", "dnf": "install", "apk": "add"}
    manager = next((name for name in managers if shutil.which(name)), "apt-get")
    packages = [packages[manager] for _, packages in lacks if manager in packages]
    command = "as root: " + " ".join([manager, managers[manager], *packages])
    if sys.platform == "darwin":
        command = "xcode-select --install"
    raise CannotContinue(
        "this machine lacks {}, needed to install Recoup (durable-rules is compiled here). Run, {}".format(
            ", ".join(what for what, _ in lacks), command
        )
    )


def find_compiler(environ: Mapping[str, str]) -> List[str]:
    """The C compiler's command: the one that CC names, else the one that built this Python, else any."""
    named = environ.get("CC")
    for command in [named] if named else [sysconfig.get_config_var("CC"), "cc", "gcc", "clang"]:
        if command and shutil.which(command.split()[0], path=environ.get("PATH", os.defpath)):
            return str(command).split()
    return []


def compiles(source: str, compiler: List[str], environ: Mapping[str, str]) -> bool:
    """Whether the compiler takes this C text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.c"
        path.write_text(source, "utf-8")
        command = [*compiler, "-c", str(path), "-o", str(path.with_suffix(".o"))]
        return subprocess.run(command, env=dict(environ), capture_output=True, check=False).returncode == 0


def short_version() -> str:
    """The version as Debian's package names have it, such as 3.12."""
    return "{}.{}".format(*sys.version_info)


def durable_is_built() -> bool:
    """Whether the pinned durable-rules is in `.venv` already, so that nothing has to be compiled."""
    pinned = re.search(r"^durable-rules==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    folder = "durable_rules-{}.dist-info".format(pinned.group(1) if pinned else "*")
    return any(VENV.glob("lib/python{}/site-packages/{}".format(short_version(), folder)))


def make_venv() -> None:
    """An empty virtual environment, in place of an unfinished one or one of another Python or folder."""
    if VENV.exists():
        check_is_ours()
        shutil.rmtree(str(VENV))
    say("making .venv with Python {}".format(platform.python_version()))
    VENV.mkdir()
    UNFINISHED.touch()
    run([sys.executable, "-m", "venv", str(VENV)], "Python could not make a virtual environment")


def check_is_ours() -> None:
    """Never remove a `.venv` that a person made and filled by hand."""
    ours = STAMP.exists() or UNFINISHED.exists() or not any(VENV.iterdir())
    if not ours:
        raise CannotContinue(".venv was not made by make; move or remove it, and run make again")


def install(extras: List[str]) -> None:
    """Install in two steps: durable-rules with its flags, then everything else."""
    UNFINISHED.touch()
    python = str(VENV / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    pip += ["-c", str(ROOT / "constraints.txt")]
    environ = dict(os.environ)
    if not durable_is_built():
        say("compiling durable-rules")
        environ["CC"] = " ".join(find_compiler(environ))
        environ["CPPFLAGS"] = " ".join([DURABLE_FLAGS, environ.get("CPPFLAGS", "")]).strip()
        # Not from pip's cache, where one may lie that was built without these flags.
        command = [*pip, "--no-cache-dir", "--no-deps", "durable-rules"]
        run(command, "durable-rules could not be installed", environ)
        run([python, "-c", "import durable.engine"], "durable-rules was built but cannot be imported")
    say("installing the packages that Recoup uses (a minute or so the first time)")
    target = "." + ("[{}]".format(",".join(extras)) if extras else "")
    run([*pip, "-e", target], "the packages could not be installed", environ)
    stamp = {"wants": wants(), "root": str(ROOT), "python": platform.python_version(), "extras": extras}
    STAMP.write_text(json.dumps(stamp), "utf-8")
    UNFINISHED.unlink()


def run(command: List[str], failure: str, environ: "Mapping[str, str] | None" = None) -> None:
    """Run without a word; when it fails, say what of its output matters."""
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=None if environ is None else dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        raise CannotContinue("\n  ".join([failure + ":", *shortened(done.stdout.decode("utf-8", "replace"))]))


def shortened(output: str, most: int = 4) -> List[str]:
    """The lines that name an error; of an index that cannot be reached, the reason and not what follows."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    retries = [line for line in lines if "Retrying" in line]
    led_to = "conflicting dep|ResolutionImpossible|No matching distribution|satisfies the requirement"
    errors = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE) and line not in retries]
    if retries:
        errors = [line for line in errors if not re.search(led_to, line)]
    picked = list(dict.fromkeys(retries[-1:] + errors)) or lines
    return [line if len(line) <= 200 else line[:40] + " ... " + line[-155:] for line in picked[:most]]


def say(line: str) -> None:
    """One line of progress."""
    print("recoup:", line, file=sys.stderr, flush=True)


def ending_in_a_line(work: "Callable[[], None]") -> None:
    """Do something; where it cannot be finished, say why in a line and end."""
    try:
        work()
    except (CannotContinue, OSError) as problem:
        say(str(problem))
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; run it again to finish")
        sys.exit(130)


if __name__ == "__main__":
    ending_in_a_line(lambda: main(sys.argv[1:]))
