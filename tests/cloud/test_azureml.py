"""The Azure ML request against the SDK: its models, and the body it makes of the same job."""

import json
import re
import shlex
import warnings
from dataclasses import replace
from typing import Any

import pytest
from fakes.azure_model import unknown_in
from hypothesis import given
from hypothesis import strategies as st

from cloud.azureml import iso_duration, plan
from results.errors import UsageError

DIGEST = "ab" * 32
# The SDK and what it builds on warn of their own future.
pytestmark = pytest.mark.filterwarnings("ignore::Warning")


def sdk_json(model: Any) -> Any:
    """A model as the SDK writes it on the wire, without what it leaves empty."""
    from azure.ai.ml._restclient.arm_ml_service._utils.model_base import SdkJSONEncoder

    return without_empty(json.loads(json.dumps(model, cls=SdkJSONEncoder, exclude_readonly=True)))


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    cleaned = {key: without_empty(item) for key, item in value.items()}
    return {key: item for key, item in cleaned.items() if item != {}}


def assert_known_to_the_sdk(body: dict[str, Any]) -> None:
    from azure.ai.ml._restclient.arm_ml_service import models
    from azure.ai.ml._restclient.arm_ml_service._utils.model_base import _deserialize

    job = _deserialize(models.JobBase, body)
    assert isinstance(job.properties, models.CommandJob)
    assert unknown_in(body, job, "body") == []
    assert sdk_json(job) == body


def sdk_body(**given: Any) -> Any:
    """What `azure.ai.ml.command(...)` sends for a job."""
    from azure.ai.ml import command
    from azure.ai.ml.entities import QueueSettings

    tier = given.pop("job_tier", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # QueueSettings is called experimental
        job = command(**given)
        job.queue_settings = QueueSettings(job_tier=tier) if tier else None
        return sdk_json(job._to_job()._to_rest_object())


@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
def test_the_sdk_would_send_the_same(
    make_job: Any, make_offer: Any, settings_of: Any, nodes: int, allocation: str
) -> None:
    offer = make_offer("azure", allocation=allocation)
    request = plan(make_job(nodes=nodes), offer, settings_of("azure"), 90061, DIGEST)
    body = request["body"]
    assert_known_to_the_sdk(body)
    ours = body["properties"]
    distribution = {"type": "pytorch", "process_count_per_instance": 1}
    assert body == sdk_body(
        name=request["name"],
        display_name=request["name"],
        experiment_name="trainfare",
        command=ours["command"],
        code=ours["codeId"],
        environment=ours["environmentId"],
        instance_count=nodes,
        instance_type="Standard_NC4as_T4_v3",
        timeout=90061,
        tags={"trainfare": request["name"]},
        distribution=distribution if nodes > 1 else None,
        job_tier="spot" if allocation == "spot" else None,
        outputs=checkpoints(request["name"]) if allocation == "spot" else None,
    )


def checkpoints(name: str) -> dict[str, Any]:
    from azure.ai.ml import Output

    path = f"azureml://datastores/workspaceblobstore/paths/trainfare/jobs/{name}/checkpoints/"
    return {"checkpoints": Output(type="uri_folder", path=path, mode="rw_mount")}


def test_a_spot_job_is_given_its_checkpoints(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    for allocation, expected in (("spot", True), ("on_demand", False)):
        offer = make_offer("azure", allocation=allocation)
        request = plan(make_job(), offer, settings_of("azure"), 60, DIGEST)
        words = shlex.split(request["body"]["properties"]["command"])
        assert ("${{outputs.checkpoints}}" in words) == expected


def test_the_checker_can_fail(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    body = plan(make_job(), make_offer("azure"), settings_of("azure"), 60, DIGEST)["body"]
    body["properties"]["limits"]["timeOut"] = "PT1M"
    with pytest.raises(AssertionError, match="timeOut"):
        assert_known_to_the_sdk(body)


def test_the_environment_is_what_the_sdk_registers(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    from azure.ai.ml.entities import Environment

    request = plan(make_job(), make_offer("azure"), settings_of("azure"), 60, DIGEST)
    asked = request["environment"]
    environment = Environment(
        name=asked["name"],
        version=asked["version"],
        image=asked["body"]["properties"]["image"],
    )
    assert sdk_json(environment._to_rest_object()) == asked["body"]
    path = f"/environments/{asked['name']}/versions/{asked['version']}"
    assert request["body"]["properties"]["environmentId"].endswith(path)


def test_the_command_is_plain_words_again_in_a_shell(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    job = make_job(reference="workload/$(rm -rf ~).py:f", options=(("note", "'; reboot #"),))
    request = plan(job, make_offer("azure"), settings_of("azure"), 60, DIGEST)
    words = shlex.split(request["body"]["properties"]["command"])
    assert words[3:7] == ["source.tar.gz", "python3", "-m", "cloud.entry"]
    assert "workload/$(rm -rf ~).py:f" in words
    assert "note='; reboot #" in words
    assert re.fullmatch(r"[A-Za-z0-9][\w-]{0,254}", request["name"])


def test_what_azure_would_replace_is_refused(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    job = make_job(options=(("note", "${{inputs.secret}}"),))
    with pytest.raises(UsageError, match="would replace"):
        plan(job, make_offer("azure"), settings_of("azure"), 60, DIGEST)


def test_a_cluster_brings_its_own_machines(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    settings = replace(settings_of("azure"), compute="gpu-cluster")
    body = plan(make_job(), make_offer("azure", allocation="spot"), settings, 60, DIGEST)["body"]
    assert_known_to_the_sdk(body)
    assert body["properties"]["computeId"].endswith("/computes/gpu-cluster")
    assert body["properties"]["resources"] == {"instanceCount": 1}
    assert "queueSettings" not in body["properties"]


def test_a_workspace_runs_nothing_in_another_region(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    settings = replace(settings_of("azure"), region="westeurope")
    with pytest.raises(UsageError, match=r"'westeurope'.*'eastus'.*--region westeurope"):
        plan(make_job(), make_offer("azure"), settings, 60, DIGEST)
    assert plan(make_job(), make_offer("azure", region="westeurope"), settings, 60, DIGEST)


@pytest.mark.parametrize("missing", ["subscription_id", "resource_group", "workspace"])
def test_a_missing_setting_is_named(
    make_job: Any, make_offer: Any, settings_of: Any, missing: str
) -> None:
    settings = replace(settings_of("azure"), **{missing: None})
    with pytest.raises(UsageError, match=rf"`\[azure\] {missing}` is missing"):
        plan(make_job(), make_offer("azure"), settings, 60, DIGEST)


@given(seconds=st.integers(1, 21 * 86400))
def test_durations_are_written_as_the_sdk_writes_them(seconds: int) -> None:
    import isodate

    assert iso_duration(seconds) == isodate.duration_isoformat(
        isodate.parse_duration(f"PT{seconds}S")
    )
