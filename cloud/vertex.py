"""Vertex AI: the body of `POST …/customJobs`, in protocol buffers' JSON form, and a job's state."""

from typing import Any

from cloud import errors
from cloud.client import JobStatus, ended_state
from cloud.command import entry_command, expected_gpus, unpack_command
from cloud.job_key import PREFIX, WAIT_TAG, checkpoints_of, job_folder, job_key, job_name
from cloud.public_image import IMAGE
from cloud.settings import GcpSettings, for_a_job
from results.errors import UsageError, near
from results.jobs import JobState
from results.records import Job, Offer

SERVICE = "vertex"
SETTINGS = GcpSettings
DISK_GIB = 100  # the service's default, and what the cap counts

# Names of AcceleratorType (google-cloud-aiplatform 2.7.0) for the price list's.
ACCELERATORS = {
    "A100": "NVIDIA_TESLA_A100",
    "A100-80GB": "NVIDIA_A100_80GB",
    "H100": "NVIDIA_H100_80GB",
    "H100-MEGA": "NVIDIA_H100_MEGA_80GB",
    "H200": "NVIDIA_H200_141GB",
    "L4": "NVIDIA_L4",
    "T4": "NVIDIA_TESLA_T4",
    "V100": "NVIDIA_TESLA_V100",
}

# JobState (google-cloud-aiplatform 2.7.0) in the words that all clouds share. A job that is being
# cancelled still runs and is billed; one of which a part failed has no whole result.
STATES: dict[str, JobState] = {
    "JOB_STATE_RUNNING": "running",
    "JOB_STATE_CANCELLING": "running",
    "JOB_STATE_UPDATING": "running",
    "JOB_STATE_SUCCEEDED": "succeeded",
    "JOB_STATE_FAILED": "failed",
    "JOB_STATE_PARTIALLY_SUCCEEDED": "failed",
    "JOB_STATE_CANCELLED": "stopped",
    "JOB_STATE_EXPIRED": "timed_out",
}
PENDING = ("JOB_STATE_UNSPECIFIED", "JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_PAUSED")


def plan(
    job: Job, offer: Offer, settings: GcpSettings, max_seconds: int, source_digest: str
) -> dict[str, Any]:
    """The custom job for `job` on `offer`, stopped by Vertex AI after `max_seconds`.

    It belongs under projects/<project>/locations/<region of the offer>. Raises UsageError for a
    missing setting or an accelerator the service has no name for.
    """
    _, bucket = for_a_job(settings)  # the project is part of the address
    name = job_name(job, offer, source_digest)
    folder = f"{bucket}/{job_folder(name)}"
    spec: dict[str, Any] = {
        "workerPoolSpecs": _pools(job, offer, folder),
        "scheduling": {
            "timeout": f"{max_seconds}s",
            # A restart would run on after the cap was computed for one start.
            "disableRetries": True,
            "restartJobOnWorkerRestart": False,
            "strategy": "SPOT" if offer.allocation == "spot" else "STANDARD",
        },
        "baseOutputDirectory": {"outputUriPrefix": f"gs://{folder}"},
    }
    if settings.service_account is not None:
        spec["serviceAccount"] = settings.service_account
    return {
        "displayName": name,
        # The service takes the same display name twice: the key is what a resubmit looks for.
        "labels": {PREFIX: name, "job-key": job_key(job, offer, source_digest)},
        "jobSpec": spec,
    }


def waiting(request: dict[str, Any], max_wait_seconds: int) -> dict[str, Any]:
    """With the longest wait as a label: Vertex AI has a setting for it only with flex start."""
    return request | {"labels": request["labels"] | {WAIT_TAG: str(max_wait_seconds)}}


def going_on(request: dict[str, Any], name: str, before: str) -> dict[str, Any]:
    """With the checkpoints of the job `before`."""
    spec = request["jobSpec"]
    pools = []
    for pool in spec["workerPoolSpecs"]:
        container = pool["containerSpec"]
        args = [checkpoints_of(word, name, before) for word in container["args"]]
        pools.append(pool | {"containerSpec": container | {"args": args}})
    return request | {"jobSpec": spec | {"workerPoolSpecs": pools}}


def _pools(job: Job, offer: Offer, folder: str) -> list[dict[str, Any]]:
    # Vertex AI mounts a bucket at /gcs/<bucket>. Pool 0 is always a single machine.
    pool = {
        "machineSpec": _machine(offer),
        "replicaCount": "1",
        "diskSpec": {"bootDiskType": _disk_type(offer), "bootDiskSizeGb": DISK_GIB},
        "containerSpec": {
            "imageUri": IMAGE,
            "command": unpack_command(f"/gcs/{folder}/source.tar.gz"),
            "args": entry_command(
                job,
                offer,
                f"/gcs/{folder}/output",
                f"/gcs/{folder}/checkpoints" if offer.allocation == "spot" else None,
            ),
        },
    }
    return [pool] if job.nodes == 1 else [pool, pool | {"replicaCount": str(job.nodes - 1)}]


def _disk_type(offer: Offer) -> str:
    """The service's default, for A3 Ultra takes no other (DiskSpec, google-cloud-aiplatform)."""
    is_ultra = offer.instance_type.startswith("a3-ultragpu-")
    return "hyperdisk-balanced" if is_ultra else "pd-ssd"


def _machine(offer: Offer) -> dict[str, Any]:
    if offer.accelerator is None:
        return {"machineType": offer.instance_type}
    gpus = expected_gpus(offer)
    if offer.accelerator not in ACCELERATORS:
        raise UsageError(
            f"{offer.accelerator!r} of {offer.instance_type!r} is no accelerator that Vertex AI "
            f"is known to have. {near(offer.accelerator, ACCELERATORS)}"
        )
    return {
        "machineType": offer.instance_type,
        "acceleratorType": ACCELERATORS[offer.accelerator],
        "acceleratorCount": gpus,
    }


def status_of(job: Any, region: str) -> JobStatus:
    """A CustomJob in the shape that all clouds share."""
    spec, scheduling = job.job_spec, job.job_spec.scheduling
    limit = int(scheduling.timeout.total_seconds()) if scheduling.timeout else None
    if not scheduling.disable_retries or scheduling.restart_job_on_worker_restart:
        limit = None  # it may start again with the whole time: no limit that a cap can rest on
    started, ended = _seconds(job.start_time), _seconds(job.end_time)
    said = job.error.message if job.error else ""
    # A state of tomorrow, which the library gives as a number or drops, counts as running: billed
    # until it is known not to be.
    named = getattr(job.state, "name", "")
    state = "pending" if named in PENDING else STATES.get(named, "running")
    if named == PENDING[0] and started is not None:
        state = "running"
    return JobStatus(
        job_name=job.display_name,
        region=region,
        service_id=job.name,
        output_uri=f"{spec.base_output_directory.output_uri_prefix}/output/",
        state=ended_state(state, started, ended, limit),
        max_seconds=limit,
        nodes=sum(int(pool.replica_count) for pool in spec.worker_pool_specs),
        message=errors.without_secrets(said) if said else None,
        created_at_seconds=_seconds(job.create_time),
        started_at_seconds=started,
        ended_at_seconds=ended,
    )


def _seconds(moment: Any) -> float | None:
    return float(moment.timestamp()) if moment else None
