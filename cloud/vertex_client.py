"""Vertex AI through google-cloud-aiplatform over REST: single calls, shared errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from cloud import errors
from cloud.client import Check, JobStatus, ended_state
from cloud.job_key import PREFIX
from cloud.settings import GcpSettings, required
from cloud.vertex import PENDING, STATES
from results.jobs import JobHandle
from results.records import JobRequest
from results.store import utc_now

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
LOGGING = "https://logging.googleapis.com"
TIMEOUT_SECONDS = 60


class VertexClient:
    """Vertex AI, Cloud Storage and Cloud Logging of one project."""

    # The service takes no id of a request, and no promise is known of how soon a list tells of a
    # job: two minutes are assumed to be enough.
    settles_after_seconds = 120.0

    def __init__(self, settings: GcpSettings) -> None:
        self.settings = settings
        self.project, self.bucket = required(settings, "project", "bucket")
        self._made: dict[str, Any] = {}

    def _credentials(self) -> Any:
        if "credentials" not in self._made:
            import google.auth

            self._made["credentials"], _ = google.auth.default(scopes=[SCOPE])
        return self._made["credentials"]

    def _service(self, region: str) -> Any:
        if region not in self._made:
            from google.cloud.aiplatform_v1.services.job_service import JobServiceClient

            endpoint = self.settings.endpoint or f"{region}-aiplatform.googleapis.com"
            self._made[region] = JobServiceClient(
                credentials=self._credentials(),
                transport="rest",
                client_options={"api_endpoint": endpoint},
            )
        return self._made[region]

    def _files(self) -> Any:
        """The bucket; STORAGE_EMULATOR_HOST is the library's own way to another endpoint."""
        if "bucket" not in self._made:
            from google.cloud import storage

            client = storage.Client(project=self.project, credentials=self._credentials())
            self._made["bucket"] = client.bucket(self.bucket)
        return self._made["bucket"]

    def _parent(self, region: str) -> str:
        return f"projects/{self.project}/locations/{region}"

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """Put the source into the folder that the job sees under /gcs."""
        with _told(region):
            blob = self._files().blob(self._key(_folder(request.request), "source.tar.gz"))
            blob.upload_from_string(
                archive, "application/gzip", retry=None, timeout=TIMEOUT_SECONDS
            )

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`create_custom_job`, which makes another one each time it is called."""
        from google.cloud.aiplatform_v1.types import CustomJob
        from google.protobuf import json_format

        job = CustomJob.wrap(json_format.ParseDict(request.request, CustomJob()._pb))
        with _told(region):
            made = self._service(region).create_custom_job(
                parent=self._parent(region), custom_job=job, retry=None, timeout=TIMEOUT_SECONDS
            )
            return JobHandle(
                job_name=request.job_name,
                captured_at=utc_now(),
                provider="gcp",
                region=region,
                service_id=made.name,
                output_uri=f"{_folder(request.request)}/output/",
            )

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """All jobs with that label, the oldest first."""
        found = list(self._listed(f'labels.{PREFIX}="{job_name}"', region))
        return sorted(found, key=lambda job: (job.created_at_seconds or 0.0, job.service_id))

    def status(self, handle: JobHandle) -> JobStatus:
        """`get_custom_job`."""
        with _told(handle.region):
            return status_of(
                self._service(handle.region).get_custom_job(
                    name=handle.service_id, retry=None, timeout=TIMEOUT_SECONDS
                ),
                handle.region,
            )

    def cancel(self, handle: JobHandle) -> None:
        """`cancel_custom_job`, unless it has ended."""
        try:
            with _told(handle.region):
                self._service(handle.region).cancel_custom_job(
                    name=handle.service_id, retry=None, timeout=TIMEOUT_SECONDS
                )
        except errors.ConfigurationError:
            if not self.status(handle).ended:
                raise

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """All jobs with trainfare's label."""
        return self._listed(f"labels.{PREFIX}:*", region)

    def _listed(self, asked: str, region: str) -> Iterator[JobStatus]:
        """Every page of the list; a job that comes twice counts once."""
        seen: set[str] = set()
        tokens: set[str] = set()
        with _told(region):
            pager = self._service(region).list_custom_jobs(
                request={"parent": self._parent(region), "filter": asked},
                retry=None,
                timeout=TIMEOUT_SECONDS,
            )
            for page in pager.pages:
                for job in page.custom_jobs:
                    # Labels can be set by anybody: ours has the name that it is displayed under.
                    if job.name not in seen and job.labels.get(PREFIX) == job.display_name:
                        seen.add(job.name)
                        yield status_of(job, region)
                if page.next_page_token in tokens:
                    raise errors.UnclearError(f"Vertex AI ({region})", "the list does not end")
                tokens.add(page.next_page_token)

    def logs(self, handle: JobHandle, skip_lines: int = 0) -> Iterator[str]:
        """Cloud Logging's lines of the first worker pool, the oldest first."""
        with _told(handle.region):
            yield from islice(self._lines(handle), skip_lines, None)

    def _lines(self, handle: JobHandle) -> Iterator[str]:
        from google.auth.transport.requests import AuthorizedSession

        job_id = handle.service_id.rpartition("/")[2]
        asked = {
            "resourceNames": [f"projects/{self.project}"],
            "filter": f'resource.type="ml_job" AND resource.labels.job_id="{job_id}" '
            'AND resource.labels.task_name="workerpool0-0"',
            "orderBy": "timestamp asc",
            "pageSize": 1000,
        }
        session = AuthorizedSession(self._credentials())
        address = f"{self.settings.logging_endpoint or LOGGING}/v2/entries:list"
        while True:
            answer = session.post(address, json=asked, timeout=TIMEOUT_SECONDS)
            _raise_for(answer)
            page = answer.json()
            for entry in page.get("entries", []):
                said = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
                yield str(said).rstrip("\n")
            following = page.get("nextPageToken")
            if not following or following == asked.get("pageToken"):
                return
            asked["pageToken"] = following

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Bring what lies under the job's output folder."""
        from cloud.unpack import Guard

        prefix, guard = self._key(handle.output_uri), Guard(folder)
        with _told(handle.region):
            for blob in self._files().client.list_blobs(self._files(), prefix=prefix, retry=None):
                name = blob.name.removeprefix(prefix)
                if name and not name.endswith("/"):
                    with blob.open("rb", retry=None) as stream:
                        guard.file(name, iter(lambda: stream.read(2**20), b""))

    def checks(self, region: str) -> list[Check]:
        """Who is signed in, the bucket, and whether custom jobs may be listed."""
        from cloud.checking import checked

        needed = [f"storage.objects.{verb}" for verb in ("create", "get", "list")]

        def may() -> str:
            held = self._files().test_iam_permissions(needed, timeout=TIMEOUT_SECONDS)
            missing = ", ".join(sorted(set(needed) - set(held)))
            if missing:
                raise errors.PermissionDeniedError(f"gs://{self.bucket}", f"{missing} is missing")
            return self.bucket

        calls = [
            ("signed in as", lambda: _who(self._credentials(), self.project)),
            ("bucket", may),
            ("custom jobs", lambda: "listed" if [*islice(self.jobs(region), 1)] else "none"),
        ]
        return [checked(name, call, lambda: _told(region)) for name, call in calls]

    def _key(self, uri: str, *names: str) -> str:
        return "/".join([uri.removeprefix(f"gs://{self.bucket}/"), *names])


def _who(credentials: Any, project: str) -> str:
    account = getattr(credentials, "service_account_email", None) or "a user of gcloud"
    return f"{account} in project {project}"


def _folder(request: dict[str, Any]) -> str:
    return str(request["jobSpec"]["baseOutputDirectory"]["outputUriPrefix"])


def status_of(job: Any, region: str) -> JobStatus:
    """A CustomJob in the shape that all clouds share."""
    spec, scheduling = job.job_spec, job.job_spec.scheduling
    limit = int(scheduling.timeout.total_seconds()) if scheduling.timeout else None
    if not scheduling.disable_retries or scheduling.restart_job_on_worker_restart:
        limit = None  # it may start again with the whole time: no limit that a cap can rest on
    started, ended = _seconds(job.start_time), _seconds(job.end_time)
    said = job.error.message if job.error else ""
    # A state of tomorrow counts as running: billed until it is known not to be.
    state = "pending" if job.state.name in PENDING else STATES.get(job.state.name, "running")
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


@contextmanager
def _told(region: str) -> Iterator[None]:
    """Turn what Google's libraries raise into the errors that all clouds share.

    Parents are caught: REST and gRPC raise different children for the same answer.
    """
    from google.api_core import exceptions as google
    from google.auth import exceptions as auth
    from requests import exceptions as http

    where = f"Google Cloud ({region})"
    try:
        yield
    except google.GoogleAPICallError as error:
        raise _kind(int(error.code or 0), str(error))(where, error.message) from None
    except (auth.RefreshError, auth.DefaultCredentialsError) as error:
        raise errors.CredentialsError(where, error) from None
    except (http.ConnectionError, auth.TransportError) as error:
        unreached = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        kind = errors.RegionError if unreached else errors.UnclearError
        raise kind(where, error) from None
    except (http.RequestException, google.GoogleAPIError, auth.GoogleAuthError) as error:
        raise errors.UnclearError(where, error) from None


def _raise_for(answer: Any) -> None:
    if not answer.ok:
        from google.api_core import exceptions as google

        raise google.from_http_response(answer)


def _kind(code: int, said: str) -> type[errors.CloudError]:
    if code == 429:
        return errors.QuotaError if "quota" in said.lower() else errors.ThrottledError
    if code == 503 and "capacity" in said.lower():
        return errors.CapacityError
    if code == 400 and "location" in said.lower() and "not" in said.lower():
        return errors.RegionError
    known = {401: errors.CredentialsError, 403: errors.PermissionDeniedError,
             404: errors.JobNotFoundError, 409: errors.NameTakenError}  # fmt: skip
    if code in known:
        return known[code]
    return errors.UnclearError if code >= 500 or not code else errors.ConfigurationError
