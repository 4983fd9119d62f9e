"""Vertex AI through google-cloud-aiplatform over REST: single calls, shared errors."""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from cloud import errors
from cloud.client import Check, JobStatus, created
from cloud.google_errors import told, without_pages
from cloud.google_logs import LOGGING, TIMEOUT_SECONDS, JobLog
from cloud.job_key import PREFIX
from cloud.paging import each_once
from cloud.settings import GcpSettings, for_a_job
from cloud.vertex import status_of
from results.jobs import JobHandle
from results.records import JobRequest

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# One try: `cloud.patience` tries again, the same on all clouds.
ONCE: dict[str, Any] = {"retry": None, "timeout": TIMEOUT_SECONDS}


class VertexClient:
    """Vertex AI, Cloud Storage and Cloud Logging of one project."""

    # The service takes no id of a request, and no promise is known of how soon a list tells of a
    # job: two minutes are assumed to be enough.
    settles_after_seconds = 120.0

    def __init__(self, settings: GcpSettings) -> None:
        self.settings = settings
        self.project, self.bucket = for_a_job(settings)
        self.account = f"projects/{self.project}"
        self._made: dict[str, Any] = {}
        self._logs: dict[str, JobLog] = {}

    @cached_property
    def _credentials(self) -> Any:
        import google.auth

        return google.auth.default(scopes=[SCOPE])[0]

    def _service(self, region: str) -> Any:
        if region not in self._made:
            from google.cloud.aiplatform_v1.services.job_service import JobServiceClient

            endpoint = self.settings.endpoint or f"{region}-aiplatform.googleapis.com"
            made: Any = JobServiceClient(
                credentials=self._credentials,
                transport="rest",
                client_options={"api_endpoint": endpoint},
            )
            without_pages(made.transport._session, region)
            self._made[region] = made
        return self._made[region]

    @cached_property
    def _files(self) -> Any:
        """The bucket; STORAGE_EMULATOR_HOST is the library's own way to another endpoint."""
        from google.cloud import storage  # type: ignore[attr-defined]

        client = storage.Client(project=self.project, credentials=self._credentials)
        return client.bucket(self.bucket)

    def _parent(self, region: str) -> str:
        return f"projects/{self.project}/locations/{region}"

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """Put the source into the folder that the job sees under /gcs."""
        with told(region):
            blob = self._files.blob(self._key(_folder(request.request), "source.tar.gz"))
            blob.upload_from_string(archive, "application/gzip", **ONCE)

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`create_custom_job`, which makes another one each time it is called."""
        from google.cloud.aiplatform_v1.types import CustomJob
        from google.protobuf import json_format

        job = CustomJob.wrap(json_format.ParseDict(request.request, CustomJob()._pb))
        with told(region):
            made = self._service(region).create_custom_job(
                parent=self._parent(region), custom_job=job, **ONCE
            )
            if not made.name:
                raise errors.UnclearError(f"Vertex AI ({region})", "the answer names no job")
            return created(request, region, made.name, f"{_folder(request.request)}/output/")

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """All jobs with that label, the oldest first."""
        found = list(self._listed(f'labels.{PREFIX}="{job_name}"', region))
        return sorted(found, key=lambda job: (job.created_at_seconds or 0.0, job.service_id))

    def status(self, handle: JobHandle) -> JobStatus:
        """`get_custom_job`."""
        with told(handle.region):
            job = self._service(handle.region).get_custom_job(name=handle.service_id, **ONCE)
            if not job.name:
                where = f"Vertex AI ({handle.region})"
                raise errors.UnclearError(where, "the answer names no job")
            return status_of(job, handle.region)

    def cancel(self, handle: JobHandle) -> None:
        """`cancel_custom_job`."""
        with told(handle.region):
            self._service(handle.region).cancel_custom_job(name=handle.service_id, **ONCE)

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """All jobs with trainfare's label."""
        return self._listed(f"labels.{PREFIX}:*", region)

    def _listed(self, asked: str, region: str) -> Iterator[JobStatus]:
        with told(region):
            found = self._service(region).list_custom_jobs(
                request={"parent": self._parent(region), "filter": asked}, **ONCE
            )
            pages = ((page.next_page_token, page.custom_jobs) for page in found.pages)
            for job in each_once(pages, lambda job: str(job.name), f"Vertex AI ({region})"):
                # Labels can be set by anybody: ours has the name that it is displayed under.
                if job.labels.get(PREFIX) == job.display_name:
                    yield status_of(job, region)

    def asked_account(self, region: str) -> str | None:  # noqa: ARG002
        """The project, which is part of every address."""
        return self.account

    def logs(
        self,
        handle: JobHandle,
        skip_lines: int = 0,
        *,
        whole_lines: bool = False,  # noqa: ARG002
    ) -> Iterator[str]:
        """Cloud Logging's lines of the first worker pool, the oldest first, each read once."""
        with told(handle.region):
            if handle.service_id not in self._logs:
                self._logs[handle.service_id] = JobLog(
                    self._credentials,
                    self.settings.logging_endpoint or LOGGING,
                    self.project,
                    handle.service_id.rpartition("/")[2],
                )
            self._logs[handle.service_id].read()
        yield from islice(self._logs[handle.service_id].lines, skip_lines, None)

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Bring what lies under the job's output folder."""
        from cloud.unpack import Guard

        prefix, guard = self._key(handle.output_uri), Guard(folder)
        with told(handle.region):
            for blob in self._files.client.list_blobs(self._files, prefix=prefix, retry=None):
                name = blob.name.removeprefix(prefix)
                if name and not name.endswith("/"):
                    guard.file(name, _chunks(blob))

    def checks(self, region: str) -> list[Check]:
        """Who is signed in, the bucket, and whether custom jobs may be listed."""
        from cloud.checking import checked

        needed = [f"storage.objects.{verb}" for verb in ("create", "get", "list")]

        def may() -> str:
            held = self._files.test_iam_permissions(needed, timeout=TIMEOUT_SECONDS)
            missing = ", ".join(sorted(set(needed) - set(held)))
            if missing:
                raise errors.PermissionDeniedError(f"gs://{self.bucket}", f"{missing} is missing")
            return self.bucket

        calls = [
            ("signed in as", lambda: _who(self._credentials, self.project)),
            ("bucket", may),
            ("custom jobs", lambda: "listed" if [*islice(self.jobs(region), 1)] else "none"),
        ]
        return [checked(name, call, lambda: told(region)) for name, call in calls]

    def _key(self, uri: str, *names: str) -> str:
        return "/".join([uri.removeprefix(f"gs://{self.bucket}/"), *names])


def _who(credentials: Any, project: str) -> str:
    account = getattr(credentials, "service_account_email", None) or "a user of gcloud"
    return f"{account} in project {project}"


def _folder(request: dict[str, Any]) -> str:
    return str(request["jobSpec"]["baseOutputDirectory"]["outputUriPrefix"])


def _chunks(blob: Any) -> Iterator[bytes]:
    """Asked for only once the name was found to be harmless."""
    with blob.open("rb", retry=None) as stream:
        yield from iter(lambda: stream.read(2**20), b"")
