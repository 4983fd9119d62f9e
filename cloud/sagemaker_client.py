"""SageMaker through boto3: single calls, with errors under the names that all clouds share."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from cloud import errors
from cloud.client import Check, JobStatus
from cloud.job_key import PREFIX
from cloud.sagemaker import PENDING, STATES
from cloud.settings import AwsSettings, required
from results.jobs import JobHandle, JobState
from results.records import JobRequest
from results.store import utc_now

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
QUOTA = ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException")
THROTTLED = ("ThrottlingException", "Throttling", "TooManyRequestsException", "SlowDown")
SIGN_IN = (
    "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired",
    "MissingAuthenticationToken", "RequestTimeTooSkewed",
)  # fmt: skip
DENIED = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "403")
MISSING = ("ResourceNotFound", "ResourceNotFoundException", "NoSuchKey", "404")


class SageMakerClient:
    """SageMaker, S3 and CloudWatch Logs of one account; other endpoints by boto3's own settings."""

    settles_after_seconds = 0.0  # the name is the job's identity, and describing it is consistent

    def __init__(self, settings: AwsSettings) -> None:
        self.settings = settings
        self._made: dict[tuple[str, str], Any] = {}

    def _service(self, name: str, region: str) -> Any:
        """A boto3 client that tries once: `cloud.patience` tries again, the same on all clouds."""
        if (name, region) not in self._made:
            import boto3
            from botocore.config import Config

            once = Config(retries={"total_max_attempts": 1}, connect_timeout=20, read_timeout=60)
            own = self.settings.endpoint if name == "sagemaker" else None
            with _told(region):
                # A fresh session: the default one keeps credentials that have expired.
                self._made[name, region] = boto3.Session().client(
                    name, region_name=region, endpoint_url=own, config=once
                )
        return self._made[name, region]

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """Put the source where the request's channel points."""
        source = request.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = _bucket_and_key(source)
        with _told(region):
            self._service("s3", region).put_object(
                Bucket=bucket, Key=f"{prefix}source.tar.gz", Body=archive
            )

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`create_training_job`; SageMaker itself refuses a name it has."""
        with _told(region):
            answer = self._service("sagemaker", region).create_training_job(**request.request)
        return JobHandle(
            job_name=request.job_name,
            captured_at=utc_now(),
            provider="aws",
            region=region,
            service_id=answer["TrainingJobArn"],
            output_uri=_output_uri(request.request),
        )

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """The one job of that name, if there is one: names are unique."""
        try:
            return [self._described(job_name, region)]
        except errors.JobNotFoundError:
            return []

    def status(self, handle: JobHandle) -> JobStatus:
        """`describe_training_job`."""
        return self._described(handle.job_name, handle.region)

    def cancel(self, handle: JobHandle) -> None:
        """`stop_training_job`, unless it has ended."""
        try:
            with _told(handle.region):
                self._service("sagemaker", handle.region).stop_training_job(
                    TrainingJobName=handle.job_name
                )
        except errors.ConfigurationError:
            # "The request was rejected because the training job is in status Completed."
            if not self.status(handle).ended:
                raise

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """`search` by tag, which tells whole jobs; a page that comes twice counts once."""
        tagged = {"Filters": [{"Name": f"Tags.{PREFIX}", "Operator": "Exists"}]}
        seen: set[str] = set()
        with _told(region):
            pages = self._service("sagemaker", region).get_paginator("search")
            for page in pages.paginate(Resource="TrainingJob", SearchExpression=tagged):
                for found in page["Results"]:
                    job = found["TrainingJob"]
                    ours = {"Key": PREFIX, "Value": job["TrainingJobName"]} in job.get("Tags", [])
                    if ours and job["TrainingJobName"] not in seen:
                        seen.add(job["TrainingJobName"])
                        yield status_of(job, region)

    def logs(self, handle: JobHandle, skip_lines: int = 0) -> Iterator[str]:
        """CloudWatch's log of the first host, from its head."""
        with _told(handle.region):
            yield from islice(self._lines(handle), skip_lines, None)

    def _lines(self, handle: JobHandle) -> Iterator[str]:
        logs = self._service("logs", handle.region)
        try:
            streams = logs.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{handle.job_name}/algo-1-"
            )["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return  # the first job of an account: nothing was ever written
        for stream in streams:
            token: dict[str, str] = {}
            while True:
                page = logs.get_log_events(
                    logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"],
                    startFromHead=True, **token,
                )  # fmt: skip
                yield from (event["message"].rstrip("\n") for event in page["events"])
                following = {"nextToken": page["nextForwardToken"]}
                if following == token:
                    break
                token = following

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Unpack the output archive that SageMaker made; nothing where it made none."""
        from cloud.unpack import unpack_tar

        bucket, prefix = _bucket_and_key(handle.output_uri)
        try:
            with _told(handle.region):
                found = self._service("s3", handle.region).get_object(
                    Bucket=bucket, Key=f"{prefix}output.tar.gz"
                )
                unpack_tar(found["Body"], folder)
        except errors.JobNotFoundError:
            return

    def checks(self, region: str) -> list[Check]:
        """Who is signed in, the role, the bucket, and whether training jobs may be listed."""
        from cloud.checking import checked

        role_arn, bucket = required(self.settings, "role_arn", "bucket")
        role = role_arn.rpartition("/")[2]
        sts, s3 = self._service("sts", region), self._service("s3", region)
        iam, sagemaker = self._service("iam", region), self._service("sagemaker", region)
        with_errors = [
            ("signed in as", lambda: sts.get_caller_identity()["Arn"]),
            ("role", lambda: iam.get_role(RoleName=role)["Role"]["Arn"]),
            ("bucket", lambda: s3.head_bucket(Bucket=bucket) and bucket),
            ("training jobs", lambda: sagemaker.list_training_jobs(MaxResults=1) and "listed"),
        ]
        return [checked(name, call, lambda: _told(region)) for name, call in with_errors]

    def _described(self, job_name: str, region: str) -> JobStatus:
        with _told(region):
            sagemaker = self._service("sagemaker", region)
            return status_of(sagemaker.describe_training_job(TrainingJobName=job_name), region)


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
        output_uri=_output_uri(job),
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


def _output_uri(job: dict[str, Any]) -> str:
    return f"{job['OutputDataConfig']['S3OutputPath']}/{job['TrainingJobName']}/output/"


def _bucket_and_key(uri: str) -> tuple[str, str]:
    parts = urlparse(uri)
    return parts.netloc, parts.path.lstrip("/")


@contextmanager
def _told(region: str) -> Iterator[None]:
    """Turn what boto3 raises into the errors that all clouds share."""
    from botocore import exceptions as boto

    where = f"AWS ({region})"
    try:
        yield
    except boto.ClientError as error:
        raise _kind(error)(where, error) from None
    except (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.TokenRetrievalError,
        boto.CredentialRetrievalError,
        boto.ProfileNotFound,
        boto.SSOError,
    ) as error:
        raise errors.CredentialsError(where, error) from None
    except (boto.NoRegionError, boto.EndpointConnectionError, boto.InvalidRegionError) as error:
        raise errors.RegionError(where, error) from None
    except (boto.ParamValidationError, boto.UnknownEndpointError) as error:
        raise errors.ConfigurationError(where, error) from None
    except boto.BotoCoreError as error:  # a lost connection, a timeout, a cut-off answer
        raise errors.UnclearError(where, error) from None


def _kind(error: Any) -> type[errors.CloudError]:
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    known = {
        **dict.fromkeys(QUOTA, errors.QuotaError),
        **dict.fromkeys(THROTTLED, errors.ThrottledError),
        **dict.fromkeys(SIGN_IN, errors.CredentialsError),
        **dict.fromkeys(DENIED, errors.PermissionDeniedError),
        **dict.fromkeys(MISSING, errors.JobNotFoundError),
        "ResourceInUse": errors.NameTakenError,
        "CapacityError": errors.CapacityError,
        "InsufficientInstanceCapacity": errors.CapacityError,
    }
    if code in known:
        return known[code]
    if code == "ValidationException" and "not found" in said.lower():
        return errors.JobNotFoundError
    return errors.UnclearError if status >= 500 else errors.ConfigurationError
