"""SageMaker through boto3: single calls, with errors under the names that all clouds share."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from cloud import errors
from cloud.aws_errors import told, without_pages
from cloud.aws_logs import StreamLog
from cloud.client import Check, JobStatus, created
from cloud.job_key import PREFIX
from cloud.paging import each_once
from cloud.sagemaker import output_uri, status_of
from cloud.settings import AwsSettings, for_a_job
from results.jobs import JobHandle
from results.records import JobRequest


class SageMakerClient:
    """SageMaker, S3 and CloudWatch Logs of one account; other endpoints by boto3's own settings."""

    settles_after_seconds = 0.0  # the name is the job's identity, and describing it is consistent

    def __init__(self, settings: AwsSettings) -> None:
        self.settings = settings
        # A job runs in the account of its role: SageMaker takes no role of another one.
        self.account = settings.role_arn.split(":")[4] if settings.role_arn else None
        self._made: dict[tuple[str, str], Any] = {}
        self._logs: dict[str, StreamLog] = {}

    def _service(self, name: str, region: str) -> Any:
        """A boto3 client that tries once: `cloud.patience` tries again, the same on all clouds."""
        if (name, region) not in self._made:
            import boto3
            from botocore.config import Config

            once = Config(retries={"total_max_attempts": 1}, connect_timeout=20, read_timeout=60)
            own = self.settings.endpoint if name == "sagemaker" else None
            with told(region):
                # A fresh session: the default one keeps credentials that have expired.
                made = boto3.Session().client(
                    name, region_name=region, endpoint_url=own, config=once
                )
            self._made[name, region] = without_pages(made, region)
        return self._made[name, region]

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """Put the source where the request's channel points."""
        source = request.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = _bucket_and_key(source)
        with told(region):
            self._service("s3", region).put_object(
                Bucket=bucket, Key=f"{prefix}source.tar.gz", Body=archive
            )

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`create_training_job`; SageMaker itself refuses a name it has."""
        with told(region):
            answer = self._service("sagemaker", region).create_training_job(**request.request)
            arn = answer["TrainingJobArn"]
        return created(request, region, arn, output_uri(request.request))

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
        """`stop_training_job`."""
        with told(handle.region):
            sagemaker = self._service("sagemaker", handle.region)
            sagemaker.stop_training_job(TrainingJobName=handle.job_name)

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """`search` by tag, which tells whole jobs."""
        tagged = {"Filters": [{"Name": f"Tags.{PREFIX}", "Operator": "Exists"}]}
        with told(region):
            search = self._service("sagemaker", region).get_paginator("search")
            found = search.paginate(Resource="TrainingJob", SearchExpression=tagged)
            # A token that comes twice is noticed by the paginator itself.
            pages = ((None, [one["TrainingJob"] for one in page["Results"]]) for page in found)
            for job in each_once(pages, lambda job: str(job["TrainingJobName"]), region):
                if {"Key": PREFIX, "Value": job["TrainingJobName"]} in job.get("Tags", []):
                    yield status_of(job, region)

    def asked_account(self, region: str) -> str | None:
        """`get_caller_identity`, for a name is looked for in the account of who is signed in."""
        with told(region):
            return str(self._service("sts", region).get_caller_identity()["Account"])

    def logs(
        self,
        handle: JobHandle,
        skip_lines: int = 0,
        *,
        whole_lines: bool = False,  # noqa: ARG002
    ) -> Iterator[str]:
        """CloudWatch's log of the first host, from its head; what was read is not read again."""
        kept = self._logs.setdefault(handle.job_name, StreamLog(f"{handle.job_name}/algo-1-"))
        with told(handle.region):
            kept.read(self._service("logs", handle.region))
        yield from islice(kept.lines, skip_lines, None)

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Unpack the output archive that SageMaker made; nothing where it made none."""
        from cloud.unpack import unpack_tar

        bucket, prefix = _bucket_and_key(handle.output_uri)
        try:
            with told(handle.region):
                found = self._service("s3", handle.region).get_object(
                    Bucket=bucket, Key=f"{prefix}output.tar.gz"
                )
                unpack_tar(found["Body"], folder)
        except errors.JobNotFoundError:
            return

    def checks(self, region: str) -> list[Check]:
        """Who is signed in, the role, the bucket, and whether training jobs may be listed."""
        from cloud.checking import checked

        role_arn, bucket = for_a_job(self.settings)
        role = role_arn.rpartition("/")[2]
        sts, s3 = self._service("sts", region), self._service("s3", region)
        iam, sagemaker = self._service("iam", region), self._service("sagemaker", region)
        with_errors = [
            ("signed in as", lambda: sts.get_caller_identity()["Arn"]),
            ("role", lambda: iam.get_role(RoleName=role)["Role"]["Arn"]),
            ("bucket", lambda: s3.head_bucket(Bucket=bucket) and bucket),
            ("training jobs", lambda: sagemaker.list_training_jobs(MaxResults=1) and "listed"),
        ]
        return [checked(name, call, lambda: told(region)) for name, call in with_errors]

    def _described(self, job_name: str, region: str) -> JobStatus:
        with told(region):
            sagemaker = self._service("sagemaker", region)
            return status_of(sagemaker.describe_training_job(TrainingJobName=job_name), region)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    parts = urlparse(uri)
    return parts.netloc, parts.path.lstrip("/")
