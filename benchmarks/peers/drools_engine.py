"""The benchmark's decision in Drools: its jar is in the package drools_jpy, whose own way in knows rulesets for events
only, so that `Refund.java` says the rules; Java runs in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

import jpyutil

from benchmarks.cases import Json
from benchmarks.peers import Missing, Peer

SOURCE = Path(__file__).with_name("Refund.java")


def peers() -> list[Peer]:
    """Drools called from Python, and the same timed in Java, without the way there and back."""
    jar = _jar()
    refund = _loaded(jar)

    def decide(case: str) -> Json:
        decision: Json = json.loads(refund.decide(case))
        return decision

    def decide_dict(case: Json) -> Json:
        return decide(json.dumps(case))

    def in_java(cases: Sequence[str]) -> list[float]:
        return [nanoseconds / 1_000 for nanoseconds in refund.nanoseconds(cases)]

    name = f"Drools {_release(jar)}"
    said = "nothing (Java)"
    return [
        Peer(f"{name}, called from Python", decide_dict, said, warms_up=True),
        Peer(f"{name}, JSON to JSON within Java", decide, said, json.dumps, in_java, warms_up=True),
    ]


def _jar() -> Path:
    found = [file for file in files("drools_jpy") or () if file.suffix == ".jar"]
    if len(found) != 1:
        raise Missing(f"drools_jpy {version('drools_jpy')} has {len(found)} jars, and one is looked for")
    return Path(str(found[0].locate()))


def _release(jar: Path) -> str:
    """The release of Drools in the jar."""
    with zipfile.ZipFile(jar) as opened:
        said = opened.read("META-INF/maven/org.drools/drools-core/pom.properties").decode()
    return said.partition("version=")[2].split()[0]


def _java_home() -> Path:
    """Where the Java is that compiles and runs: JAVA_HOME, or that of the javac that a shell would find."""
    named, found = os.environ.get("JAVA_HOME"), shutil.which("javac")
    home = Path(named) if named else Path(found).resolve().parent.parent if found else None
    if home is None or not (home / "bin/javac").exists():
        raise Missing("there is no javac here; install Java 17 (Debian: apt-get install openjdk-17-jdk-headless)")
    return home


def _loaded(jar: Path) -> Any:
    """The class of `Refund.java`, compiled, in a Java of this process."""
    home = _java_home()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [home / "bin/javac", "-cp", jar, "-d", folder, SOURCE], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Missing(f"this Java does not compile {SOURCE.name}:\n{done.stderr}")
        # Signals stay Python's.
        jpyutil.init_jvm(str(home), jvm_maxmem="512M", jvm_classpath=[str(jar), folder], jvm_options=["-Xrs"])
        import jpy  # Only now: it is linked against Java.

        return jpy.get_type("Refund")
