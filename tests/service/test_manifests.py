"""What is deployed is sound: the Dockerfile by its linter, the compose file and the manifests by their schemas, and
all of them by what this house promises of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import kubernetes_validate
import pytest
import yaml

from service import cli
from service.commands.serve import SECONDS_TO_FINISH
from service.config import SETTINGS, read_settings
from tests.docs_runner import ROOT
from tests.service.dockerfile import instructions
from tests.service.manifests import FOLDER, KUSTOMIZATION, containers, manifests, objects, pods

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
VERSIONS = ("1.29", kubernetes_validate.latest_version())
BY_HAND = {"migrate.yaml", "keygen.yaml"}
NAMES = {setting.name for setting in SETTINGS}


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    """What a program of this environment says."""
    program = Path(sys.executable).with_name(command[0])
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)


def test_the_linter_finds_nothing_in_the_dockerfile(tmp_path: Path) -> None:
    assert tool("hadolint", str(DEPLOY / "Dockerfile")).stdout == ""
    (tmp_path / "Dockerfile").write_text("FROM python\nRUN cd /tmp\n")
    assert "DL3006" in tool("hadolint", str(tmp_path / "Dockerfile")).stdout


def test_only_what_the_image_needs_leaves_the_checkout() -> None:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = {
        source.removeprefix("./")
        for instruction in instructions((DEPLOY / "Dockerfile").read_text("utf-8"))
        if instruction.name == "COPY" and not instruction.rest.startswith("--from")
        for source in instruction.rest.split()[:-1]
    }
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_compose_file_is_what_its_schema_says(tmp_path: Path) -> None:
    check = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    assert tool(*check, str(COMPOSE)).returncode == 0
    (tmp_path / "compose.yaml").write_text("services: {recoup: {imagee: recoup}}\n")
    assert tool(*check, str(tmp_path / "compose.yaml")).returncode == 1


def test_the_compose_file_starts_what_there_is_and_migrates_first() -> None:
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    ours = {name: each for name, each in services.items() if "command" in each}
    assert set(ours) == {"migrate", "recoup"}
    for each in ours.values():
        assert is_command(each["command"])
        read_settings(each["environment"] | {"DATABASE_URL": "postgresql://recoup@database/recoup"})
        assert set(each["environment"]) <= NAMES
        assert "POSTGRES_PASSWORD:?" in each["environment"]["DATABASE_URL"], "no password is written down"
        assert (each["read_only"], each["cap_drop"], each["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    assert services["recoup"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert all(port.startswith("127.0.0.1:") for port in services["recoup"]["ports"])
    assert int(services["recoup"]["stop_grace_period"][:-1]) > 2 * SECONDS_TO_FINISH, "requests, then deliveries"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_what_their_schemas_say(version: str) -> None:
    for each in manifests().values():
        kubernetes_validate.validate(each, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifests()["Service/recoup"] | {"specc": {}}, version, strict=True)


def test_everything_is_applied_together_but_what_is_run_once() -> None:
    found = yaml.safe_load(KUSTOMIZATION.read_text("utf-8"))
    files = {path.name for path in FOLDER.glob("*.yaml")} - {KUSTOMIZATION.name}
    assert set(found["resources"]) == files - BY_HAND
    (image,) = found["images"]
    by_hand = {
        container["image"]
        for name, container in containers().items()
        if any(name.endswith(each["metadata"]["name"]) for file in BY_HAND for each in objects(FOLDER / file))
    }
    assert by_hand == {f"{image['newName']}:{image['newTag']}"}
    rest = {container["image"] for container in containers().values()} - by_hand
    assert rest == {image["name"]}
    assert {each["metadata"].get("namespace", found["namespace"]) for each in manifests().values()} == {
        found["namespace"]
    }


@pytest.mark.parametrize("name", pods())
def test_a_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    pod, container = pods()[name]["spec"], containers()[name]
    whole, own = pod["securityContext"], container["securityContext"]
    user = next(each.rest for each in instructions((DEPLOY / "Dockerfile").read_text("utf-8")) if each.name == "USER")
    assert f"{whole['runAsUser']}:{whole['runAsGroup']}" == user
    assert (whole["runAsNonRoot"], whole["seccompProfile"]["type"]) == (True, "RuntimeDefault")
    assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert f"ServiceAccount/{pod['serviceAccountName']}" in manifests()
    resources = container["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts["tmp"] == "/tmp"
    assert set(mounts) == {each["name"] for each in pod["volumes"]}
    for each in pod["volumes"]:
        if "persistentVolumeClaim" in each:
            assert f"PersistentVolumeClaim/{each['persistentVolumeClaim']['claimName']}" in manifests()
            assert whole["fsGroupChangePolicy"] == "OnRootMismatch", "a key that its group may read is refused"


@pytest.mark.parametrize("name", containers())
def test_a_container_starts_a_command_with_settings_that_there_are(name: str) -> None:
    container = containers()[name]
    assert is_command(container["args"])
    (source,) = container["envFrom"]
    settings: Mapping[str, str] = manifests()[f"ConfigMap/{source['configMapRef']['name']}"]["data"]
    plain = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    assert {*settings, *plain} <= NAMES
    read_settings({**settings, **plain})
    secret = {
        each["name"]: each["valueFrom"]["secretKeyRef"]["key"] for each in container["env"] if "value" not in each
    }
    assert secret == {"DATABASE_URL": "DATABASE_URL"}, "no password is written down"


def test_no_secret_is_among_the_manifests() -> None:
    assert not [name for name in manifests() if name.startswith("Secret/")]


def test_as_many_answer_during_an_upgrade_and_none_is_asked_that_stops() -> None:
    deployment = manifests()["Deployment/recoup"]["spec"]
    settings = read_settings(manifests()["ConfigMap/recoup-settings"]["data"])
    pod, container = deployment["template"]["spec"], containers()["Deployment/recoup"]
    ready = container["readinessProbe"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    notices = ready["periodSeconds"] * ready["failureThreshold"] + ready["timeoutSeconds"]
    assert settings.drain_seconds > notices, "it answers until nobody is sent to it any more"
    assert pod["terminationGracePeriodSeconds"] > settings.drain_seconds + SECONDS_TO_FINISH
    probes = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert container["ports"] == [{"name": "http", "containerPort": settings.port}]
    deliver = manifests()["Deployment/recoup-deliver"]["spec"]["template"]["spec"]
    assert deliver["terminationGracePeriodSeconds"] > SECONDS_TO_FINISH
    assert "--no-deliver" in container["args"], "another deployment delivers"


def test_whoever_selects_pods_selects_some() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods().values()]
    for name, each in manifests().items():
        spec = each.get("spec", {})
        selector = spec.get("podSelector", spec.get("selector"))
        if selector is not None:
            wanted = selector.get("matchLabels", {}) if each["kind"] != "Service" else selector
            assert any(wanted.items() <= found.items() for found in labels), name
    budget = manifests()["PodDisruptionBudget/recoup"]["spec"]
    assert budget["selector"] == manifests()["Deployment/recoup"]["spec"]["selector"]
    nobody = manifests()["NetworkPolicy/nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_what_recurs_runs_by_the_programmes_clock_and_one_at_a_time() -> None:
    recurring = {name: each["spec"] for name, each in manifests().items() if each["kind"] == "CronJob"}
    assert {(each["timeZone"], each["concurrencyPolicy"]) for each in recurring.values()} == {("Asia/Seoul", "Forbid")}
    assert len({each["schedule"] for each in recurring.values()}) == len(recurring), "not all at once"
    started = {tuple(containers()[name]["args"]) for name in recurring}
    assert {("sweep",), ("audit", "checkpoint"), ("retain", "--by", "nightly")} <= started


def is_command(arguments: list[str]) -> bool:
    """Whether `recoup` understands these arguments."""
    command: click.Command = cli.recoup
    rest = list(arguments)
    context: click.Context | None = None
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest.pop(0))
        assert found is not None, arguments
        command = found
    context = command.make_context("recoup", rest, resilient_parsing=False)
    return context is not None


def test_a_command_that_is_not_there_is_noticed() -> None:
    for wrong in (["sweeep"], ["audit", "check", "--nobody"]):
        with pytest.raises((AssertionError, click.ClickException)):
            is_command(wrong)
