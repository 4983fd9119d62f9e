"""Azure ML: what is planned, what the real SDK makes of it, and what the service receives."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import isodate
import pytest
from fakes.azure_model import unknown_fields
from fakes.azureml import MAY
from fakes.clouds import Cloud
from fakes.engine import FakeJob, Run
from fakes.orders import an_order
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from cloud.azure_sdk import entity, ml_client
from cloud.azureml import plan, workspace_id
from cloud.errors import ConfigurationError, UnclearError
from cloud.launch import launch
from cloud.registry import client
from cloud.source import ROOT
from results.errors import UsageError
from results.store import Store
from tests.cloud.conftest import a_job, an_offer, some_settings

DIGEST = "ab" * 32
# From the words of the job's form to those of Azure's REST API.
WORDS = {"rw_mount": "ReadWriteMount", "download": "Download", "spot": "Spot"}


@pytest.fixture
def azure(clouds: dict[str, Cloud]) -> Cloud:
    """Azure ML alone."""
    return clouds["azure"]


def as_rest(job: dict[str, Any], workspace: str) -> dict[str, Any]:
    """What Azure's REST API calls what the dry run shows, written down by hand."""
    name, _, version = job["environment"].removeprefix("azureml:").partition(":")
    resources = job["resources"]
    body: dict[str, Any] = {
        "jobType": "Command",
        "displayName": job["display_name"],
        "experimentName": job["experiment_name"],
        "isArchived": False,
        "command": job["command"],
        "environmentId": f"{workspace}/environments/{name}/versions/{version}",
        "inputs": {k: _place(v, "jobInputType") for k, v in job["inputs"].items()},
        "limits": {
            "jobLimitsType": "Command",
            "timeout": isodate.duration_isoformat(
                isodate.parse_duration(f"PT{job['limits']['timeout']}S")
            ),
        },
        "tags": job["tags"],
        "properties": job["properties"],
        "resources": {"instanceCount": resources["instance_count"]},
    }
    if "instance_type" in resources:
        body["resources"]["instanceType"] = resources["instance_type"]
    if "compute" in job:
        body["computeId"] = f"{workspace}/computes/{job['compute'].removeprefix('azureml:')}"
    if "outputs" in job:
        body["outputs"] = {k: _place(v, "jobOutputType") for k, v in job["outputs"].items()}
    if "queue_settings" in job:
        body["queueSettings"] = {"jobTier": WORDS[job["queue_settings"]["job_tier"]]}
    if "distribution" in job:
        per_node = job["distribution"]["process_count_per_instance"]
        body["distribution"] = {"distributionType": "PyTorch", "processCountPerInstance": per_node}
    return {"properties": body}


def _place(form: dict[str, str], kind: str) -> dict[str, str]:
    return {kind: form["type"], "mode": WORDS[form["mode"]], "uri": form["path"]}


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    cleaned = {key: without_empty(item) for key, item in value.items()}
    return {key: item for key, item in cleaned.items() if item != {}}


@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
@pytest.mark.parametrize("compute", [None, "gpu-cluster"])
def test_the_service_receives_what_the_dry_run_showed(
    azure: Cloud, tmp_path: Path, nodes: int, allocation: str, compute: str | None
) -> None:
    order = an_order(azure, allocation=allocation, nodes=nodes)
    settings = replace(azure.settings(), compute=compute)
    asked = plan(
        order.estimate.job, order.estimate.offer, settings, order.request.max_seconds, DIGEST
    )
    order = replace(order, request=replace(order.request, request=asked,
                                           job_name=asked["job"]["name"]))  # fmt: skip
    launch(azure.client(), order, Store(tmp_path))
    (received,) = azure.fake.jobs.all
    workspace = workspace_id(settings)
    assert received.name == asked["job"]["name"]
    assert without_empty(received.request) == as_rest(asked["job"], workspace)
    environment = asked["environment"]
    place = f"{workspace}/environments/{environment['name']}/versions/{environment['version']}"
    assert azure.fake.environments[place]["properties"]["image"] == environment["image"]
    assert list(azure.fake.environments) == [received.request["properties"]["environmentId"]]
    source = asked["job"]["inputs"]["source"]["path"].partition("/paths/")[2]
    assert azure.fake.blobs == {f"azureml-blobstore/{source}": order.archive}


def test_nothing_of_the_users_repository_is_sent(
    azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_DIR")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    remote = "https://me:ghp_0123456789secretsecret@github.com/me/private.git"
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    monkeypatch.chdir(tmp_path)
    launch(azure.client(), an_order(azure), Store(tmp_path / "records"))
    sent = azure.fake.jobs.all[0].request["properties"]["properties"]
    assert sent == {"azureml.git.dirty": "True"}


def test_the_model_checker_can_fail(azure: Cloud, tmp_path: Path) -> None:
    launch(azure.client(), an_order(azure), Store(tmp_path))
    body = azure.fake.jobs.all[0].request
    assert unknown_fields(body) == []
    body["properties"]["limits"]["timeOut"] = "PT1M"
    assert unknown_fields(body) == ["body.properties.limits.timeOut"]


@pytest.mark.parametrize("wrong", [{"nonsense": 1}, {"limits": {"time": 1}}, {"limits": 5}])
def test_what_the_sdk_does_not_know_is_refused(wrong: dict[str, Any]) -> None:
    form = plan(a_job(), an_offer("azure"), some_settings("azure"), 60, DIGEST)["job"]
    assert entity("job", form).limits.timeout == 60
    with pytest.raises(ConfigurationError, match=f"{next(iter(wrong))}"):
        entity("job", form | wrong)


@tried(deadline=None, max_examples=30)  # the SDK is imported by the first
@given(seconds=st.integers(1, 21 * 86400))
def test_the_limit_is_the_same_on_the_wire(seconds: int) -> None:
    from azure.ai.ml._restclient.arm_ml_service._utils.model_base import SdkJSONEncoder

    form = plan(a_job(), an_offer("azure"), some_settings("azure"), seconds, DIGEST)["job"]
    body = entity("job", form)._to_job()._to_rest_object()
    sent = json.loads(json.dumps(body, cls=SdkJSONEncoder))["properties"]["limits"]["timeout"]
    assert isodate.parse_duration(sent).total_seconds() == seconds


def test_the_command_is_plain_words_again_in_a_shell() -> None:
    job = a_job(reference="workload/$(rm -rf ~).py:f", options=(("note", "'; reboot #"),))
    form = plan(job, an_offer("azure"), some_settings("azure"), 60, DIGEST)["job"]
    words = shlex.split(form["command"])
    assert words[3:7] == ["${{inputs.source}}", "python3", "-m", "cloud.entry"]
    assert "workload/$(rm -rf ~).py:f" in words
    assert "note='; reboot #" in words


def test_a_spot_job_is_given_its_checkpoints() -> None:
    for allocation, expected in (("spot", True), ("on_demand", False)):
        offer = an_offer("azure", allocation=allocation)
        form = plan(a_job(), offer, some_settings("azure"), 60, DIGEST)["job"]
        assert ("${{outputs.checkpoints}}" in shlex.split(form["command"])) == expected


def test_what_azure_would_replace_is_refused() -> None:
    job = a_job(options=(("note", "${{inputs.secret}}"),))
    with pytest.raises(UsageError, match="would replace"):
        plan(job, an_offer("azure"), some_settings("azure"), 60, DIGEST)


def test_a_cluster_brings_its_own_machines() -> None:
    settings = replace(some_settings("azure"), compute="gpu-cluster")
    form = plan(a_job(), an_offer("azure", allocation="spot"), settings, 60, DIGEST)["job"]
    assert form["compute"] == "azureml:gpu-cluster"
    assert form["resources"] == {"instance_count": 1}
    assert "queue_settings" not in form


def test_a_workspace_runs_nothing_in_another_region() -> None:
    settings = replace(some_settings("azure"), region="westeurope")
    with pytest.raises(UsageError, match=r"'westeurope'.*'eastus'.*--region westeurope"):
        plan(a_job(), an_offer("azure"), settings, 60, DIGEST)
    assert plan(a_job(), an_offer("azure", region="westeurope"), settings, 60, DIGEST)


@pytest.mark.parametrize("missing", ["subscription_id", "resource_group", "workspace"])
def test_a_missing_setting_is_named(missing: str) -> None:
    settings = replace(some_settings("azure"), **{missing: None})
    with pytest.raises(UsageError, match=rf"`\[azure\] {missing}` is missing"):
        plan(a_job(), an_offer("azure"), settings, 60, DIGEST)


def test_the_sdk_says_nothing_on_the_users_screen(tmp_path: Path) -> None:
    offer = an_offer("azure", allocation="spot")  # its queue settings are called experimental
    form = plan(a_job(), offer, some_settings("azure"), 60, DIGEST)
    script = (
        "import json, sys; from cloud.azure_sdk import entity; form = json.load(sys.stdin); "
        "[entity(kind, form[kind]) for kind in ('environment', 'job')]"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, input=json.dumps(form),
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert (ran.stdout, ran.stderr) == ("", "")


def test_telemetry_stays_off_even_in_a_notebook(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.ai.ml._telemetry import logging_handler

    reported: list[str] = []
    monkeypatch.setattr(logging_handler, "in_jupyter_notebook", lambda: True)
    monkeypatch.setattr(logging_handler, "setup_azure_monitor", reported.append)
    ml_client(azure.settings(), object())
    assert reported == []


class Recorded:
    """A credential that tells what it was asked for."""

    def __init__(self) -> None:
        self.scopes: set[str] = set()

    def get_token(self, *scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        self.scopes |= set(scopes)
        return AccessToken("e30.e30.c2ln", 2**33)


def test_at_another_address_the_sign_in_is_azures_own(azure: Cloud) -> None:
    asked = Recorded()
    assert ml_client(azure.settings(), asked).workspaces.get("my-workspace").location == "eastus"
    assert asked.scopes == {"https://management.azure.com/.default"}
    assert "AZUREML_CURRENT_CLOUD" not in os.environ


def test_a_job_that_the_sdk_cannot_read_is_not_left_out(azure: Cloud) -> None:
    held = {"jobType": "Command", "command": "x", "limits": {"timeout": "soon"}}
    azure.fake.jobs.add(FakeJob(
        name="trainfare-x", service_id="/x", request={"properties": held}, created=0.0,
        limit_seconds=1e12, nodes=1, run=Run(), tags={"trainfare": "trainfare-x"},
    ))  # fmt: skip
    with pytest.raises(UnclearError, match="cannot be read"):
        list(azure.client().jobs("eastus"))


def checked(azure: Cloud, **settings: str) -> dict[str, tuple[bool, str]]:
    made = client(replace(azure.settings(), **settings))
    return {check.name: (check.good, check.found) for check in made.checks("eastus")}


def test_doctor_names_the_cluster_and_its_machines(azure: Cloud) -> None:
    found = checked(azure, compute="gpu-cluster")
    assert found["compute"] == (
        True, "gpu-cluster: up to 4 × Standard_NC4as_T4_v3, low priority",
    )  # fmt: skip
    assert found["workspace"] == (True, "my-workspace in eastus")
    assert found["signed in as"][1].startswith("trainer in subscription")
    good, said = checked(azure, compute="gone")["compute"]
    assert not good
    assert "gone" in said


@pytest.mark.parametrize(
    ("check", "change", "missing"),
    [
        ("jobs", lambda held: {"actions": held["actions"][:1]}, "workspaces/jobs/write"),
        ("jobs", lambda _: {"notActions": ["*/jobs/cancel/action"]}, "jobs/cancel/action"),
        ("source and result", lambda _: {"dataActions": []}, "containers/blobs/write"),
    ],
)
def test_doctor_names_the_permission_that_is_missing(
    azure: Cloud, monkeypatch: pytest.MonkeyPatch, check: str,
    change: Callable[[dict[str, Any]], dict[str, Any]], missing: str,
) -> None:  # fmt: skip
    assert checked(azure)[check] == (True, "allowed")
    monkeypatch.setattr(azure.fake, "permissions", [MAY | change(MAY)])
    good, said = checked(azure)[check]
    assert not good
    assert missing in said
    assert "docs/clouds.md" in said
