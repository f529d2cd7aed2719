"""The manifests for Kubernetes as data, by kind and name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.docs_runner import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KUSTOMIZATION = FOLDER / "kustomization.yaml"


@lru_cache(1)
def manifests() -> Mapping[str, Any]:
    """Every object, as `Deployment/recoup`."""
    found: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for each in objects(path) if path != KUSTOMIZATION else ():
            name = f"{each['kind']}/{each['metadata']['name']}"
            assert name not in found, f"{name} is there twice"
            found[name] = each
    return found


def objects(path: Path) -> list[Any]:
    """The objects of a file."""
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def pods() -> Mapping[str, Any]:
    """What each object starts pods by: the template with its labels."""
    found = {}
    for name, each in manifests().items():
        if each["kind"] in ("Deployment", "Job"):
            found[name] = each["spec"]["template"]
        elif each["kind"] == "CronJob":
            found[name] = each["spec"]["jobTemplate"]["spec"]["template"]
    return found


def containers() -> Mapping[str, Any]:
    """The one container of each pod."""
    found = {name: pod["spec"]["containers"] for name, pod in pods().items()}
    assert all(len(each) == 1 for each in found.values())
    return {name: each[0] for name, each in found.items()}
