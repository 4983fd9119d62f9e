"""SageMaker: the arguments of boto3's `create_training_job`, exactly as they would be sent."""

from typing import Any

from cloud.command import entry_command, unpack_command
from cloud.job_key import PREFIX, job_folder, job_name
from cloud.sagemaker_images import image
from cloud.settings import AwsSettings, required
from results.jobs import JobState
from results.records import Job, Offer

SERVICE = "sagemaker"
SETTINGS = AwsSettings
VOLUME_GB = 30  # room for source and result; an instance with NVMe gets no volume and no bill
CODE_CHANNEL = "code"
ARCHIVE = f"/opt/ml/input/data/{CODE_CHANNEL}/source.tar.gz"
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
    role_arn, bucket = required(settings, "role_arn", "bucket")
    name = job_name(job, offer, source_digest)
    place = f"s3://{bucket}/{job_folder(name)}"
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": image(offer),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": unpack_command(ARCHIVE),
            "ContainerArguments": entry_command(job, offer, OUTPUT),
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
