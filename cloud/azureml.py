"""Azure ML: the command job in the SDK's own form of it, and the environment it needs before.

The request has two parts, each in the form that azure-ai-ml and `az ml … create --file` read:
`environment` is registered first, for a job can only name one; `job` is what
`MLClient.jobs.create_or_update` gets. The source lies where the job's input `source` points.
"""

import shlex
from datetime import datetime
from typing import Any

from cloud import errors
from cloud.client import JobStatus, ended_state
from cloud.command import entry_command, unpack_command
from cloud.job_key import PREFIX, WAIT_TAG, checkpoints_of, job_folder, job_name
from cloud.public_image import IMAGE, VERSION
from cloud.settings import AzureSettings, for_a_job
from results.errors import UsageError
from results.jobs import JobState
from results.records import Job, Offer

SERVICE = "azureml"
SETTINGS = AzureSettings
ENVIRONMENT = "trainfare-pytorch"
STORE = "workspaceblobstore"  # every workspace has this datastore, and jobs can read and write it
ARTIFACTS = "workspaceartifactstore"  # in this one a run's own files are kept
OUTPUT = "outputs"  # Azure ML uploads this folder of where the command starts
CHECKPOINTS = "checkpoints"

# JobStatus (azure-ai-ml 1.35.2) in the words that all clouds share. A job that is being cancelled,
# or does not respond, still has its machines.
STATES: dict[str, JobState] = {
    "Running": "running",
    "Finalizing": "running",
    "CancelRequested": "running",
    "NotResponding": "running",
    "Completed": "succeeded",
    "Failed": "failed",
    "Canceled": "stopped",
}
PENDING = ("NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Paused")


def plan(
    job: Job, offer: Offer, settings: AzureSettings, max_seconds: int, source_digest: str
) -> dict[str, Any]:
    """The request for `job` on `offer`, stopped by Azure ML after `max_seconds`.

    Runs on serverless compute, or on the cluster named in the settings, whose machines must then
    be those of the offer. Raises UsageError for a missing setting or another region.
    """
    if settings.region not in (None, offer.region):
        raise UsageError(
            f"The workspace is in {settings.region!r} (`[azure] region` in trainfare.toml), so no "
            f"job of it can run in {offer.region!r}. Give --region {settings.region}."
        )
    workspace_id(settings)
    name = job_name(job, offer, source_digest)
    asked: dict[str, Any] = {
        "type": "command",
        "name": name,
        "display_name": name,
        "experiment_name": PREFIX,
        "command": _command(job, offer),
        "environment": f"azureml:{ENVIRONMENT}:{VERSION}",
        "inputs": {
            "source": {"type": "uri_file", "mode": "download", "path": _uri(source_key(name))}
        },
        "limits": {"timeout": max_seconds},
        "tags": {PREFIX: name},
        # What runs is an archive, no commit. Unless this is said, the SDK adds address, branch and
        # commit of the repository in the current folder, which the dry run could not have shown.
        "properties": {"azureml.git.dirty": "True"},
    }
    if job.nodes > 1:
        # One process a node: it starts one for each GPU itself, as on the other services.
        asked["distribution"] = {"type": "pytorch", "process_count_per_instance": 1}
    if offer.allocation == "spot":
        asked["outputs"] = {CHECKPOINTS: _checkpoints(name)}
    return {
        "environment": {"name": ENVIRONMENT, "version": VERSION, "image": IMAGE},
        "job": asked | _compute(job, offer, settings),
    }


def waiting(request: dict[str, Any], max_wait_seconds: int) -> dict[str, Any]:
    """With the longest wait as a tag: Azure ML has no setting for it."""
    job = request["job"]
    tags = job["tags"] | {WAIT_TAG: str(max_wait_seconds)}
    return request | {"job": job | {"tags": tags}}


def going_on(request: dict[str, Any], name: str, before: str) -> dict[str, Any]:
    """With the checkpoints of the job `before`."""
    job = request["job"]
    kept = job.get("outputs", {}).get(CHECKPOINTS)
    if kept is None:
        return request
    moved = kept | {"path": checkpoints_of(kept["path"], name, before)}
    return request | {"job": job | {"outputs": job["outputs"] | {CHECKPOINTS: moved}}}


def workspace_id(settings: AzureSettings) -> str:
    """The workspace's address below the endpoint. Raises UsageError for a missing setting."""
    subscription, group, workspace = for_a_job(settings)
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
    )


def _command(job: Job, offer: Offer) -> str:
    words = entry_command(job, offer, OUTPUT)
    if any("${{" in word for word in words):
        raise UsageError(
            "A name or option of the workload holds '${{', which Azure ML would replace. Rename it."
        )
    if offer.allocation == "spot":
        # Azure ML puts inputs and outputs in their places before the shell reads the line.
        words = entry_command(job, offer, OUTPUT, f"${{{{outputs.{CHECKPOINTS}}}}}")
    return shlex.join(unpack_command("${{inputs.source}}") + words)


def source_key(name: str) -> str:
    """Where the source of job `name` lies in the datastore."""
    return f"{job_folder(name)}/source.tar.gz"


def _checkpoints(name: str) -> dict[str, Any]:
    """A mounted folder of the workspace's own storage, which outlives a machine that is taken."""
    path = _uri(f"{job_folder(name)}/{CHECKPOINTS}/")
    return {"type": "uri_folder", "mode": "rw_mount", "path": path}


def _uri(path: str) -> str:
    return f"azureml://datastores/{STORE}/paths/{path}"


def _compute(job: Job, offer: Offer, settings: AzureSettings) -> dict[str, Any]:
    resources: dict[str, Any] = {"instance_count": job.nodes}
    if settings.compute is not None:  # it has its own machines, and its own priority
        return {"resources": resources, "compute": f"azureml:{settings.compute}"}
    serverless: dict[str, Any] = {"resources": resources | {"instance_type": offer.instance_type}}
    if offer.allocation == "spot":
        serverless["queue_settings"] = {"job_tier": "spot"}
    return serverless


def status_of(job: Any, run: dict[str, Any], region: str) -> JobStatus:
    """A command job of the SDK, with its run, in the shape that all clouds share."""
    limit = job.limits.timeout if job.limits else None
    started, ended = _seconds(run.get("startTimeUtc")), _seconds(run.get("endTimeUtc"))
    said = ((run.get("error") or {}).get("error") or {}).get("message")
    # A state of tomorrow counts as running: billed until it is known not to be.
    state = "pending" if job.status in PENDING else STATES.get(job.status, "running")
    created = job.creation_context.created_at if job.creation_context else None
    return JobStatus(
        job_name=job.name,
        region=region,
        service_id=job.id,
        output_uri=output_uri(job.name),
        state=ended_state(state, started, ended, limit),
        max_seconds=limit,
        nodes=(job.resources.instance_count if job.resources else None) or 1,
        message=errors.without_secrets(said) if said else None,
        created_at_seconds=created.timestamp() if created else None,
        started_at_seconds=started,
        ended_at_seconds=ended,
    )


def output_uri(name: str) -> str:
    """Where the files of the job lie that it left in `outputs/`."""
    return f"azureml://datastores/{ARTIFACTS}/paths/{run_folder(name)}/{OUTPUT}/"


def run_folder(name: str) -> str:
    """The folder of a run in the workspace's own datastore."""
    return f"ExperimentRun/dcid.{name}"


def _seconds(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None
