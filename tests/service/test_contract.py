"""The running service keeps to its OpenAPI document: thousands of requests that schemathesis makes up from it.

Examples, the edges of every parameter and field, random requests that the document allows or does not allow, and
chains of requests along the links, with every check that schemathesis has and one of our own (`contract_checks.py`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from service.roles import ROLES
from tests.service.processes import ROOT, ask, run, serving_many

pytestmark = pytest.mark.skipif(
    find_spec("schemathesis") is None and "CI" not in os.environ, reason="not installed: pip install '.[contract]'"
)
SEED = "20261127"
FEWEST_CASES = 4_000


def schemathesis(port: int, key: str, folder: Path, *arguments: str) -> str:
    """What it says of the service that answers there."""
    scripts = Path(sys.executable).parent
    command = [
        *(str(scripts / "schemathesis"), "--config-file", str(ROOT / "schemathesis.toml")),
        *("run", f"http://127.0.0.1:{port}/openapi.json", "--seed", SEED, "--no-shrink", "--continue-on-failure"),
        *("--header", f"Authorization: Bearer {key}", *arguments),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "service" / "contract_checks.py"),
        "COLUMNS": "200",
    }
    # In a folder of its own, where it leaves what it found.
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.mark.slow
def test_the_service_keeps_to_its_document(demo_file: Path, tmp_path: Path) -> None:
    database = tmp_path / "recoup.db"
    shutil.copyfile(demo_file, database)
    sqlite_url = f"sqlite:///{database}"
    log_key = {"LOG_KEY_FILE": str(tmp_path / "log.key")}
    of_a_demo = {"WEBHOOK_PRIVATE_ADDRESSES": "yes", "LOG": "text"}
    with serving_many(sqlite_url, "--no-deliver", ACCESS="keys", **of_a_demo, **log_key) as (_, port, _):
        # It has said where it answers, and waits until it does.
        assert ask(port, "GET", "/")[0] == 200
        made = run(sqlite_url, "access", "create", "all", *(part for role in ROLES for part in ("--role", role)))
        key = made.stdout.rpartition("key ")[2].strip()
        run(sqlite_url, "audit", "keygen", "contract.test/log", **log_key)
        run(sqlite_url, "audit", "checkpoint", **log_key)
        said = schemathesis(port, key, tmp_path, "--max-examples", "8")
    cases = re.search(r"(\d+) generated, (\d+) passed", said)
    assert cases is not None, said
    assert int(cases[2]) >= FEWEST_CASES, said
    # Examples, coverage, fuzzing and stateful: none was left out.
    assert said.count("✅") >= 4, said
