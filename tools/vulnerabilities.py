"""Fails when a version in `constraints.txt` is known to be vulnerable: `.venv/bin/python tools/vulnerabilities.py`.

pip-audit asks. Where nobody answers, that is said in one line and nothing fails: a machine without a network can run
the suite. What has no answer for any of the packages is a mirror that knows files only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
ASKED_FIRST = "flask"
"""Who does not know this one knows none."""
EXCEPTIONS: Mapping[str, str] = {}
"""Vulnerabilities that do not concern Recoup, by their ids, and why each does not."""
SECONDS = 300


def main() -> int:
    """Ask about the pins; the exit status of the check."""
    pins = [line for line in CONSTRAINTS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    # About one at first: where nobody answers, a hundred questions more would only take their time.
    first = [pin for pin in pins if pin.startswith(f"{ASKED_FIRST}==")]
    status, said = judge(report(first))
    if not status and not said.startswith("skipped"):
        status, said = judge(report(pins))
    print(f"vulnerabilities: {said}", file=sys.stderr if status else sys.stdout)
    return status


def report(pins: list[str]) -> str:
    """What pip-audit tells about these pins, as JSON; nothing where it could not ask."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--requirement", "/dev/stdin"]
    text = "\n".join(pins)
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def judge(told: str, exceptions: Mapping[str, str] = EXCEPTIONS) -> tuple[int, str]:
    """The exit status for what pip-audit told, and what to say.

    >>> judge('{"dependencies": [{"name": "flask", "version": "3.1.3", "vulns": []}]}')
    (0, '1 pinned versions, none known to be vulnerable')
    >>> judge('{"dependencies": [{"name": "flask", "skip_reason": "not found"}]}')
    (0, 'skipped: the package index does not tell any')
    >>> judge("")
    (0, 'skipped: nobody could be asked')
    """
    try:
        found: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        return 0, "skipped: nobody could be asked"
    known = [each for each in found if "skip_reason" not in each]
    if not known:
        return 0, "skipped: the package index does not tell any"
    bad = [
        f"{each['name']} {each['version']}: {one['id']}, mended in {', '.join(one['fix_versions']) or 'no version'}"
        for each in known
        for one in each["vulns"]
        if not exceptions.keys() & {one["id"], *one.get("aliases", [])}
    ]
    if bad:
        return 1, "\n  ".join([f"{len(bad)} known; raise the pins in constraints.txt:", *bad])
    unknown = f"; nothing is told of {len(found) - len(known)}" if len(found) > len(known) else ""
    return 0, f"{len(known)} pinned versions, none known to be vulnerable{unknown}"


if __name__ == "__main__":
    sys.exit(main())
