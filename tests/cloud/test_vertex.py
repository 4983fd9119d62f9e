"""The Vertex AI request against the package's own protocol buffers."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cloud.settings import GcpSettings
from cloud.vertex import plan, status_of
from results.errors import UsageError

DIGEST = "ab" * 32
PRICES = Path(__file__).parents[2] / "estimators" / "data" / "vertex.csv"


def parsed(request: dict[str, Any]) -> Any:
    """The request as a CustomJob; an unknown field or enum name raises ParseError."""
    from google.cloud.aiplatform_v1.types import CustomJob
    from google.protobuf import json_format

    message = json_format.ParseDict(request, CustomJob()._pb)
    back = json_format.MessageToDict(message)
    # A field that has its default is left out on the way back.
    scheduling = request["jobSpec"]["scheduling"]
    assert scheduling["restartJobOnWorkerRestart"] is False
    back["jobSpec"]["scheduling"]["restartJobOnWorkerRestart"] = False
    assert json.loads(json.dumps(request)) == back
    return CustomJob.wrap(message)


def test_an_unknown_field_would_be_noticed(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    from google.protobuf import json_format

    request = plan(make_job(), make_offer("gcp"), settings_of("gcp"), 3600, DIGEST)
    request["jobSpec"]["scheduling"]["timeOut"] = "1s"
    with pytest.raises(json_format.ParseError):
        parsed(request)


def test_one_node(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    job = parsed(plan(make_job(), make_offer("gcp"), settings_of("gcp"), 3661, DIGEST))
    assert job.display_name.startswith("trainfare-cnn-")
    assert job.labels["trainfare"] == job.display_name
    assert job.display_name.endswith(job.labels["job-key"])
    (pool,) = job.job_spec.worker_pool_specs
    assert (pool.replica_count, pool.disk_spec.boot_disk_type) == (1, "pd-ssd")
    assert pool.disk_spec.boot_disk_size_gb == 100
    assert pool.machine_spec.accelerator_type.name == "NVIDIA_L4"
    folder = f"my-bucket/trainfare/jobs/{job.display_name}"
    assert pool.container_spec.command[-1] == f"/gcs/{folder}/source.tar.gz"
    assert f"/gcs/{folder}/output" in pool.container_spec.args
    assert job.job_spec.base_output_directory.output_uri_prefix == f"gs://{folder}"
    scheduling = job.job_spec.scheduling
    assert scheduling.timeout.total_seconds() == 3661
    assert scheduling.disable_retries is True
    assert scheduling.strategy.name == "STANDARD"
    assert job.job_spec.service_account == ""


def test_four_spot_nodes_as_somebody(make_job: Any, make_offer: Any) -> None:
    settings = GcpSettings(
        project="my-project-1", bucket="my-bucket", service_account="t@p.iam.gserviceaccount.com"
    )
    offer = make_offer("gcp", allocation="spot")
    job = parsed(plan(make_job(nodes=4), offer, settings, 60, DIGEST)).job_spec
    assert [pool.replica_count for pool in job.worker_pool_specs] == [1, 3]
    assert job.worker_pool_specs[0].container_spec == job.worker_pool_specs[1].container_spec
    assert job.scheduling.strategy.name == "SPOT"
    assert job.service_account == "t@p.iam.gserviceaccount.com"


def test_a_cpu_machine_has_no_accelerator(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    offer = make_offer("gcp", accelerator=None, instance_type="n2-standard-8")
    job = parsed(plan(make_job(), offer, settings_of("gcp"), 60, DIGEST)).job_spec
    machine = job.worker_pool_specs[0].machine_spec
    assert (machine.machine_type, machine.accelerator_count) == ("n2-standard-8", 0)


def test_every_priced_machine_is_valid(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    with PRICES.open(encoding="utf-8") as file:
        rows = {
            (row["instance_type"], row["accelerator"] or None, float(row["accelerator_count"]))
            for row in csv.DictReader(file)
        }
    assert len(rows) > 50
    for kind, accelerator, count in rows:
        offer = make_offer(
            "gcp", instance_type=kind, accelerator=accelerator, accelerator_count=count
        )
        job = parsed(plan(make_job(), offer, settings_of("gcp"), 60, DIGEST)).job_spec
        assert job.worker_pool_specs[0].machine_spec.accelerator_count == count


@pytest.mark.parametrize("missing", ["project", "bucket"])
def test_a_missing_setting_is_named(make_job: Any, make_offer: Any, missing: str) -> None:
    settings = GcpSettings(**({"project": "p", "bucket": "b"} | {missing: None}))
    with pytest.raises(UsageError, match=rf"`\[gcp\] {missing}` is missing"):
        plan(make_job(), make_offer("gcp"), settings, 60, DIGEST)


def test_an_unknown_accelerator_is_refused(
    make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    with pytest.raises(UsageError, match=r"'H1000'.*Near: H100"):
        plan(make_job(), make_offer("gcp", accelerator="H1000"), settings_of("gcp"), 60, DIGEST)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"state": 99, "startTime": "2026-09-21T13:33:20Z"}, "running"),  # a state of tomorrow
        ({"state": 99}, "running"),
        ({"startTime": "2026-09-21T13:33:20Z"}, "running"),  # its name was dropped
        ({}, "pending"),
        ({"state": "JOB_STATE_PARTIALLY_SUCCEEDED"}, "failed"),
        ({"state": "JOB_STATE_EXPIRED"}, "timed_out"),
    ],
)
@pytest.mark.filterwarnings("ignore:Unrecognized JobState")
def test_states_that_nobody_foresaw(
    told: dict[str, Any], state: str, make_job: Any, make_offer: Any, settings_of: Any
) -> None:
    from google.cloud.aiplatform_v1.types import CustomJob
    from google.protobuf import json_format

    request = plan(make_job(), make_offer("gcp"), settings_of("gcp"), 3600, DIGEST)
    job = CustomJob.wrap(json_format.ParseDict(request | told, CustomJob()._pb))
    assert status_of(job, "us-central1").state == state


def test_the_disk_of_a3_ultra(make_job: Any, make_offer: Any, settings_of: Any) -> None:
    offer = make_offer("gcp", instance_type="a3-ultragpu-8g", accelerator="H200")
    job = parsed(plan(make_job(), offer, settings_of("gcp"), 3600, DIGEST))
    (pool,) = job.job_spec.worker_pool_specs
    assert pool.disk_spec.boot_disk_type == "hyperdisk-balanced"
