"""SageMaker: the arguments of boto3's `create_training_job`, and how it describes a job."""

from typing import Any

from cloud import errors
from cloud.client import JobStatus
from cloud.command import entry_command, unpack_command
from cloud.job_key import PREFIX, WAIT_TAG, checkpoints_of, job_folder, job_name
from cloud.sagemaker_images import image
from cloud.settings import AwsSettings, for_a_job
from results.jobs import JobState
from results.records import Job, Offer

SERVICE = "sagemaker"
SETTINGS = AwsSettings
VOLUME_GB = 30  # room for source and result; an instance with NVMe gets no volume and no bill
CODE_CHANNEL = "code"
ARCHIVE = f"/opt/ml/input/data/{CODE_CHANNEL}/source.tar.gz"
# Of StoppingCondition.MaxPendingTimeInSeconds (botocore 1.44.5).
MIN_PENDING_SECONDS, MAX_PENDING_SECONDS = 1800, 28 * 86400
OUTPUT = "/opt/ml/output/data"  # SageMaker uploads it as output.tar.gz
CHECKPOINTS = "/opt/ml/checkpoints"

# TrainingJobStatus in the words that all clouds share (botocore 1.44.5, DescribeTrainingJob). A job
# that stops still runs, and is billed, until it has stopped.
STATES: dict[str, JobState] = {
    "Completed": "succeeded",
    "Failed": "failed",
    "Stopping": "running",
    "Stopped": "stopped",
    "Deleting": "stopped",
}
# SecondaryStatus of a job InProgress before its machines are there, or while it has lost them.
PENDING = ("Starting", "Pending", "LaunchingMLInstances", "PreparingTrainingStack", "Interrupted",
           "Restarting")  # fmt: skip


def plan(
    job: Job, offer: Offer, settings: AwsSettings, max_seconds: int, source_digest: str
) -> dict[str, Any]:
    """The request for `job` on `offer`, stopped by SageMaker after `max_seconds`.

    Raises UsageError for a missing setting, and for a region or GPU that AWS's image does not
    support; the estimate has left out the types that training jobs cannot have.
    """
    role_arn, bucket = for_a_job(settings)
    name = job_name(job, offer, source_digest)
    place = f"s3://{bucket}/{job_folder(name)}"
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image(offer),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": unpack_command(ARCHIVE),
            "ContainerArguments": entry_command(
                job, offer, OUTPUT, CHECKPOINTS if offer.allocation == "spot" else None
            ),
        },
        "RoleArn": role_arn,
        "InputDataConfig": [_channel(f"{place}/source/")],
        # SageMaker appends /<job name>/output/output.tar.gz.
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/{PREFIX}/jobs"},
        "ResourceConfig": {
            "InstanceType": offer.instance_type,
            "InstanceCount": job.nodes,
            "VolumeSizeInGB": VOLUME_GB,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": max_seconds},
        "Tags": [{"Key": PREFIX, "Value": name}],
    }
    return request | _spot(place, max_seconds) if offer.allocation == "spot" else request


def waiting(request: dict[str, Any], max_wait_seconds: int) -> dict[str, Any]:
    """With the longest wait as a tag, and as SageMaker's own setting where that allows it."""
    tags = [*request["Tags"], {"Key": WAIT_TAG, "Value": str(max_wait_seconds)}]
    stop = dict(request["StoppingCondition"])
    if MIN_PENDING_SECONDS <= max_wait_seconds <= MAX_PENDING_SECONDS:
        stop["MaxPendingTimeInSeconds"] = max_wait_seconds
    return request | {"Tags": tags, "StoppingCondition": stop}


def going_on(request: dict[str, Any], name: str, before: str) -> dict[str, Any]:
    """With the checkpoints of the job `before`."""
    kept = request.get("CheckpointConfig")
    if kept is None:
        return request
    uri = checkpoints_of(kept["S3Uri"], name, before)
    return request | {"CheckpointConfig": kept | {"S3Uri": uri}}


def _channel(uri: str) -> dict[str, Any]:
    return {
        "ChannelName": CODE_CHANNEL,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def _spot(place: str, max_seconds: int) -> dict[str, Any]:
    # Waiting counts against the same limit: an interrupted job starts again, and only the limit
    # on everything together certainly bounds what all its attempts cost.
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {
            "MaxRuntimeInSeconds": max_seconds,
            "MaxWaitTimeInSeconds": max_seconds,
        },
        "CheckpointConfig": {"S3Uri": f"{place}/checkpoints/", "LocalPath": CHECKPOINTS},
    }


def status_of(job: dict[str, Any], region: str) -> JobStatus:
    """A described training job in the shape that all clouds share."""
    stop, state = job["StoppingCondition"], _state(job)
    runtime, wait = stop.get("MaxRuntimeInSeconds"), stop.get("MaxWaitTimeInSeconds")
    if runtime is not None:
        # A retry starts with the whole time again, within the wait of a spot job.
        attempts = 1 + job.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        runtime = max(runtime * attempts, wait or 0)
    return JobStatus(
        job_name=job["TrainingJobName"],
        region=region,
        service_id=job["TrainingJobArn"],
        output_uri=output_uri(job),
        state=state,
        max_seconds=runtime,
        nodes=job["ResourceConfig"].get("InstanceCount", 1),
        message=_words(job),
        created_at_seconds=_seconds(job.get("CreationTime")),
        started_at_seconds=_seconds(job.get("TrainingStartTime")),
        ended_at_seconds=_seconds(job.get("TrainingEndTime") or _ended(job, state)),
        billed_seconds=job.get("BillableTimeInSeconds"),
    )


def _state(job: dict[str, Any]) -> JobState:
    status, secondary = job["TrainingJobStatus"], job["SecondaryStatus"]
    if status == "InProgress":
        return "pending" if secondary in PENDING else "running"
    if secondary in ("MaxRuntimeExceeded", "MaxWaitTimeExceeded"):
        return "timed_out"
    return STATES.get(status, "running")  # one of tomorrow is billed until known not to be


def _ended(job: dict[str, Any], state: JobState) -> Any:
    """Of a job that never started: when it was last changed."""
    return job.get("LastModifiedTime") if state not in ("pending", "running") else None


def _words(job: dict[str, Any]) -> str | None:
    changes = job.get("SecondaryStatusTransitions") or [{}]
    said = job.get("FailureReason") or changes[-1].get("StatusMessage")
    return errors.without_secrets(said) if said else None


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp())


def output_uri(job: dict[str, Any]) -> str:
    """Where SageMaker uploads what the job leaves."""
    return f"{job['OutputDataConfig']['S3OutputPath']}/{job['TrainingJobName']}/output/"
