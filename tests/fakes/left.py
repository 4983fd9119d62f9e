"""What a job leaves and says, laid where each service keeps it."""

import gzip
import io
import tarfile
import time
from typing import Any
from urllib.parse import urlparse

from fakes.azureml import CONTAINERS
from fakes.clouds import BUCKET, Cloud


def tar_gz(files: dict[str, bytes]) -> bytes:
    """The archive that SageMaker makes of a job's output folder."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue())


def leave(cloud: Cloud, handle: Any, files: dict[str, bytes]) -> None:
    """Lay files into the job's output place."""
    if cloud.provider == "aws":
        key = urlparse(handle.output_uri).path.lstrip("/") + "output.tar.gz"
        _aws("s3", handle).put_object(Bucket=BUCKET, Key=key, Body=tar_gz(files))
    elif cloud.provider == "gcp":
        prefix = urlparse(handle.output_uri).path.lstrip("/")
        for name, data in files.items():
            _bucket().blob(f"{prefix}{name}").upload_from_string(data)
    else:
        from cloud.azureml import ARTIFACTS, run_folder

        for name, data in files.items():
            key = f"{CONTAINERS[ARTIFACTS]}/{run_folder(handle.job_name)}/outputs/{name}"
            cloud.fake.blobs[key] = data


def say(cloud: Cloud, handle: Any, lines: list[str]) -> None:
    """Let the job's main node have written these lines."""
    if cloud.provider == "aws":
        group, stream = "/aws/sagemaker/TrainingJobs", f"{handle.job_name}/algo-1-1"
        logs = _aws("logs", handle)
        for make in (
            lambda: logs.create_log_group(logGroupName=group),
            lambda: logs.create_log_stream(logGroupName=group, logStreamName=stream),
        ):
            try:
                make()
            except logs.exceptions.ResourceAlreadyExistsException:
                continue
        now = int(time.time() * 1000)
        events = [{"timestamp": now + i, "message": line} for i, line in enumerate(lines)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    elif cloud.provider == "gcp":
        cloud.fake.log_lines += lines
    else:
        from cloud.azureml import ARTIFACTS, run_folder

        key = f"{CONTAINERS[ARTIFACTS]}/{run_folder(handle.job_name)}/user_logs/std_log.txt"
        before = cloud.fake.blobs.get(key, b"")
        cloud.fake.blobs[key] = before + "".join(f"{line}\n" for line in lines).encode()


def _aws(service: str, handle: Any) -> Any:
    import boto3

    return boto3.Session().client(service, region_name=handle.region)


def _bucket() -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    client = storage.Client(project="my-project-1", credentials=AnonymousCredentials())
    return client.bucket(BUCKET)
