"""Azure ML: the command job of `PUT …/jobs/<name>`, and the environment it needs to exist before.

The request has three parts, because the service keeps them apart: `name` belongs into the address,
not the body; `body` is the job; `environment` is put first, under its own name and version, for a
job can only point to one. The source is put before the job too, under the name in `codeId`.
"""

import re
import shlex
from datetime import datetime
from typing import Any

from cloud import errors
from cloud.client import JobStatus, ended_state
from cloud.command import entry_command, unpack_command
from cloud.job_key import PREFIX, job_folder, job_name
from cloud.public_image import IMAGE, VERSION
from cloud.settings import AzureSettings, required
from results.errors import UsageError
from results.jobs import JobState
from results.records import Job, Offer

SERVICE = "azureml"
SETTINGS = AzureSettings
ENVIRONMENT = "trainfare-pytorch"
ARCHIVE = "source.tar.gz"  # Azure ML starts the command in the folder of the source
OUTPUT = "outputs"  # and uploads this one in it
CHECKPOINTS = "checkpoints"
ARTIFACTS = "workspaceartifactstore"  # to the datastore in which a run's own files are kept

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
    workspace = workspace_id(settings)
    name = job_name(job, offer, source_digest)
    properties = {
        "jobType": "Command",
        "displayName": name,
        "experimentName": PREFIX,
        "isArchived": False,
        "command": _command(job, offer),
        "codeId": f"{workspace}/codes/{PREFIX}-{source_digest[:32]}/versions/1",
        "environmentId": f"{workspace}/environments/{ENVIRONMENT}/versions/{VERSION}",
        "limits": {"jobLimitsType": "Command", "timeout": iso_duration(max_seconds)},
        "tags": {PREFIX: name},
    }
    if job.nodes > 1:
        # One process a node: it starts one for each GPU itself, as on the other services.
        properties["distribution"] = {"distributionType": "PyTorch", "processCountPerInstance": 1}
    if offer.allocation == "spot":
        properties["outputs"] = {CHECKPOINTS: _checkpoints(name)}
    return {
        "name": name,
        "body": {"properties": properties | _compute(job, offer, settings, workspace)},
        "environment": {
            "name": ENVIRONMENT,
            "version": VERSION,
            "body": {"properties": {"image": IMAGE, "isAnonymous": False, "isArchived": False}},
        },
    }


def iso_duration(seconds: int) -> str:
    """Seconds as an ISO 8601 duration in the SDK's form: 90061 is `P1DT1H1M1S`."""
    parts = []
    for size, unit in ((86400, "D"), (3600, "H"), (60, "M"), (1, "S")):
        count, seconds = divmod(seconds, size)
        parts.append(f"{count}{unit}" if count else "")
    days, time = parts[0], "".join(parts[1:])
    return f"P{days}T{time}" if time else f"P{days}"


def iso_seconds(text: str) -> int | None:
    """The whole seconds of an ISO 8601 duration of days and below; None for any other text."""
    number = r"(?:(\d+){})?"
    units = [number.format(unit) for unit in "DHMS"]
    found = re.fullmatch(f"P{units[0]}(?:T{''.join(units[1:])})?", text)
    if found is None or not any(found.groups()):
        return None
    sizes = (86400, 3600, 60, 1)
    return sum(size * int(count or 0) for size, count in zip(sizes, found.groups(), strict=True))


def workspace_id(settings: AzureSettings) -> str:
    """The workspace's address below the endpoint. Raises UsageError for a missing setting."""
    subscription, group, workspace = required(
        settings, "subscription_id", "resource_group", "workspace"
    )
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
        # Azure ML puts the mounted folder in this place before the shell reads the line.
        words = entry_command(job, offer, OUTPUT, f"${{{{outputs.{CHECKPOINTS}}}}}")
    return shlex.join(unpack_command(ARCHIVE) + words)


def _checkpoints(name: str) -> dict[str, Any]:
    """A mounted folder of the workspace's own storage, which outlives a machine that is taken."""
    uri = f"azureml://datastores/workspaceblobstore/paths/{job_folder(name)}/{CHECKPOINTS}/"
    return {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": uri}


def _compute(job: Job, offer: Offer, settings: AzureSettings, workspace: str) -> dict[str, Any]:
    resources: dict[str, Any] = {"instanceCount": job.nodes}
    if settings.compute is not None:  # it has its own machines, and its own priority
        return {"resources": resources, "computeId": f"{workspace}/computes/{settings.compute}"}
    serverless: dict[str, Any] = {"resources": resources | {"instanceType": offer.instance_type}}
    if offer.allocation == "spot":
        serverless["queueSettings"] = {"jobTier": "Spot"}
    return serverless


def status_of(job: dict[str, Any], run: dict[str, Any], region: str) -> JobStatus:
    """A command job with its run in the shape that all clouds share."""
    held = job["properties"]
    timeout = (held.get("limits") or {}).get("timeout")
    limit = None if timeout is None else iso_seconds(timeout)
    started, ended = _seconds(run.get("startTimeUtc")), _seconds(run.get("endTimeUtc"))
    said = ((run.get("error") or {}).get("error") or {}).get("message")
    # A state of tomorrow counts as running: billed until it is known not to be.
    state = "pending" if held["status"] in PENDING else STATES.get(held["status"], "running")
    return JobStatus(
        job_name=job["name"],
        region=region,
        service_id=job["id"],
        output_uri=output_uri(job["name"]),
        state=ended_state(state, started, ended, limit),
        max_seconds=limit,
        nodes=(held.get("resources") or {}).get("instanceCount", 1),
        message=errors.without_secrets(said) if said else None,
        created_at_seconds=_seconds((job.get("systemData") or {}).get("createdAt")),
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
