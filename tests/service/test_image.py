"""The image works, step by step as its Dockerfile says, by somebody who may write nowhere.

There is no container engine where the suite runs, so its steps are done in a folder, and what the manifests start is
started there.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread

import pytest

from service.database import close_database
from tests.docs_runner import ROOT
from tests.service import dockerfile
from tests.service.builders import asking
from tests.service.dockerfile import PYTHON, Image, as_nobody
from tests.service.manifests import containers
from tests.service.processes import ask
from tests.service.test_storms import prepared
from tools.bootstrap import DURABLE_FLAGS

DOCKERFILE = ROOT / "deploy/Dockerfile"


def wheel_of(name: str, folder: Path) -> Path:
    """An installed package as a wheel again, so that it need not be compiled for each run of the suite."""
    found = distribution(name)
    tag = re.search(r"^Tag: (.*)$", found.read_text("WHEEL") or "", re.MULTILINE)
    assert tag is not None
    assert found.files is not None
    path = folder / f"{name.replace('-', '_')}-{found.version}-{tag[1]}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file in found.files:
            if "__pycache__" not in file.parts and file.name not in ("INSTALLER", "REQUESTED", "direct_url.json"):
                wheel.write(str(file.locate()), str(file))
    return path


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, built with what a service on PostgreSQL needs."""
    folder = tmp_path_factory.mktemp("image")
    with pytest.MonkeyPatch.context() as patch:
        wheel_of("durable-rules", folder)
        patch.setenv("PIP_FIND_LINKS", str(folder))
        # The suite is itself run by a Python of a virtual environment, which is none of the image's business.
        built = dockerfile.build(DOCKERFILE, ROOT, folder / "root", PYTHON, {"EXTRAS": "pg"})
    for each in (built.root / "opt").rglob("*"):
        if not each.is_symlink():
            each.chmod(each.stat().st_mode & ~0o222)
    yield built
    for each in (built.root / "opt").rglob("*"):
        if each.is_dir():
            each.chmod(0o755)


def start(image: Image, arguments: list[str], url: str, **more: str) -> subprocess.Popen[str]:
    """The image's program, as a container is started with these arguments."""
    return subprocess.Popen(
        as_nobody([*image.entrypoint, *arguments]),
        cwd=image.path("."),
        env=image.environment(DATABASE_URL=url, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(image: Image, arguments: list[str], url: str, **more: str) -> str:
    """What the image's program prints, that has to end well."""
    process = start(image, arguments, url, **more)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, f"{arguments}: {said}"
    return said


def test_the_image_compiles_as_the_bootstrap_does() -> None:
    assert f'CPPFLAGS="{DURABLE_FLAGS}"' in DOCKERFILE.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_image_migrates_serves_decides_drains_and_does_what_recurs(image: Image, empty_postgresql_url: str) -> None:
    """One test, because to build the image takes longest."""
    holds_what_it_needs(image)
    url = empty_postgresql_url
    # The socket of the server lies in a folder that only its own user may enter.
    Path(url.rpartition("host=")[2]).chmod(0o711)
    assert "applied 0001_first" in run(image, ["migrate"], url)
    close_database(prepared(url))
    serves_and_drains(image, url)
    assert list(image.path(".").iterdir()) == [], "nothing was written"
    jobs = {name: found for name, found in containers().items() if name.startswith(("Job/", "CronJob/"))}
    # A key comes before what it signs.
    for name in sorted(jobs, key=lambda name: (not name.startswith("Job/"), name)):
        env = {each["name"]: each["value"] for each in jobs[name]["env"] if "value" in each}
        run(image, jobs[name]["args"], url, **{key: image.here(value) for key, value in env.items()})


def holds_what_it_needs(image: Image) -> None:
    assert image.left_out == ["apt-get", "groupadd"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", image.user), "a number, so that a cluster sees that it is not root"
    packages = subprocess.run(
        [f"{image.root}/opt/recoup/bin/python3", "-m", "pip", "list", "--format=json"], capture_output=True, check=True
    )
    names = {each["name"].lower().replace("_", "-") for each in json.loads(packages.stdout)}
    assert "psycopg" in names
    assert names.isdisjoint({"pytest", "mypy", "ruff", "hypothesis", "setuptools"}), "what only developers need"
    engine = subprocess.run(
        [f"{image.root}/opt/recoup/bin/python3", "-c", "import engine.decide; print(engine.decide.__file__)"],
        cwd=image.path("."),
        capture_output=True,
        text=True,
        check=True,
    )
    assert engine.stdout.strip().endswith(".so"), "the engine is compiled"


def port_of(process: subprocess.Popen[str]) -> str:
    """Where a service that has just been started answers."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            return found[1]
    raise AssertionError("".join(said))


def serves_and_drains(image: Image, url: str) -> None:
    more = {"PORT": "0", "HOST": "127.0.0.1", "ACCESS": "open", "DRAIN_SECONDS": "3", "WORKERS": "2"}
    process = start(image, image.command, url, **more)
    # Its pipe holds a few hundred lines of the log, and then the service waits.
    reading = Thread(target=process.communicate)
    try:
        more["PORT"] = port_of(process)
        port = int(more["PORT"])
        reading.start()
        assert ask(port, "GET", "/readyz", patience=90)[0] == 200
        healthy = subprocess.run(image.healthcheck, env=image.environment(**more), capture_output=True, check=False)
        assert (healthy.returncode, healthy.stderr) == (0, b"")
        status, body = ask(port, "POST", "/v1/decisions", {"account": "HOT", "request": asking(10)})
        assert (status, json.loads(body)["outcome"]) == (201, "approved")
        process.send_signal(signal.SIGTERM)
        while (ready := ask(port, "GET", "/readyz", patience=0)[0]) == 200:
            time.sleep(0.02)
        assert ready == 503, "it drains"
        assert ask(port, "POST", "/v1/decisions", {"account": "HOT", "request": asking(10)}, patience=0)[0] == 201
        assert process.wait(60) == 0
    finally:
        # Its workers, too, where it did not end: they hold the pipe.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if reading.ident is not None:
            reading.join()
    failed = subprocess.run(image.healthcheck, env=image.environment(**more), capture_output=True, check=False)
    assert failed.returncode != 0
