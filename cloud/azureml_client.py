"""Azure ML through azure-ai-ml's MLClient: single calls, shared errors.

Beside it: files through azure-storage-blob, because what a job left is hostile until it is checked,
and the run history, whose times and errors no job tells (docs/decisions/0030).
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from cloud import errors
from cloud.azure_errors import told
from cloud.azure_sdk import ONCE, answer_of, entity, ml_client, run_history
from cloud.azureml import (
    ARTIFACTS,
    OUTPUT,
    STORE,
    output_uri,
    run_folder,
    source_key,
    status_of,
    workspace_id,
)
from cloud.client import Check, JobStatus, created
from cloud.job_key import PREFIX
from cloud.paging import each_once
from cloud.settings import AzureSettings
from results.jobs import JobHandle
from results.records import JobRequest


class AzureClient:
    """One workspace: its jobs (MLClient), its runs (run history) and its files (blob storage)."""

    settles_after_seconds = 0.0  # the name is part of the address, and reading it is consistent

    def __init__(self, settings: AzureSettings) -> None:
        self.settings = settings
        self.workspace = workspace_id(settings)
        self.account = self.workspace.lower()  # in Azure's names, case makes no difference
        self._containers: dict[str, Any] = {}

    @cached_property
    def _credential(self) -> Any:
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()

    @cached_property
    def _ml(self) -> Any:
        return ml_client(self.settings, self._credential)

    @cached_property
    def _history(self) -> Any:
        return run_history(self._ml, self.settings, self._credential)

    def _files(self, datastore: str) -> Any:
        """The container of a datastore, reached as who is signed in: no key or SAS is asked for."""
        if datastore not in self._containers:
            from azure.storage.blob import ContainerClient

            store = self._ml.datastores.get(datastore)
            account = f"https://{store.account_name}.blob.{store.endpoint}"
            place = self.settings.storage_endpoint or account
            self._containers[datastore] = ContainerClient(
                place, store.container_name, credential=self._credential, **ONCE
            )
        return self._containers[datastore]

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:  # noqa: ARG002
        """Register the environment unless it is there; put the source where the job looks."""
        from azure.core.exceptions import ResourceNotFoundError

        environment = entity("environment", request.request["environment"])
        with told():
            try:
                self._ml.environments.get(environment.name, environment.version)
            except ResourceNotFoundError:
                self._ml.environments.create_or_update(environment)
            source = self._files(STORE).get_blob_client(source_key(request.job_name))
            source.upload_blob(archive, overwrite=True)

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`jobs.create_or_update`; Azure ML itself refuses a name it has."""
        job = entity("job", request.request["job"])  # which has checked it against the same schema
        with told():
            made = self._ml.jobs.create_or_update(job, skip_validation=True)
        return created(request, region, str(made.id), output_uri(request.job_name))

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """The one job of that name, if there is one: names are unique."""
        try:
            return [self._described(job_name, region)]
        except errors.JobNotFoundError:
            return []

    def status(self, handle: JobHandle) -> JobStatus:
        """The job, with the times that only the run history tells."""
        return self._described(handle.job_name, handle.region)

    def cancel(self, handle: JobHandle) -> None:
        """`jobs.begin_cancel`; its end is not waited for here."""
        with told():
            self._ml.jobs.begin_cancel(handle.job_name, polling=False)

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """All jobs with trainfare's tag."""
        from azure.ai.ml.constants import ListViewType

        with told():
            listed = self._ml.jobs.list(
                list_view_type=ListViewType.ALL, job_type="Command", tag=PREFIX
            ).by_page()
            pages = ((listed.continuation_token, [*map(_readable, page)]) for page in listed)
            for job in each_once(pages, lambda job: str(job.name), "Azure ML"):
                if (job.tags or {}).get(PREFIX) == job.name:
                    yield status_of(job, self._run(job.name), region)

    def asked_account(self, region: str) -> str | None:  # noqa: ARG002
        """The workspace, which is part of every address."""
        return self.account

    def logs(
        self, handle: JobHandle, skip_lines: int = 0, *, whole_lines: bool = False
    ) -> Iterator[str]:
        """The main node's log, which Azure ML writes into the run's files while it runs."""
        with told():
            files = self._files(ARTIFACTS)
            for name in ("user_logs/std_log.txt", "user_logs/std_log_process_0.txt"):
                blob = files.get_blob_client(f"{run_folder(handle.job_name)}/{name}")
                if blob.exists():
                    lines = blob.download_blob().readall().split(b"\n")
                    if whole_lines or not lines[-1]:
                        lines.pop()
                    said = (line.rstrip(b"\r").decode(errors="replace") for line in lines)
                    yield from islice(said, skip_lines, None)
                    return

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Bring what lies under the job's output folder."""
        from cloud.unpack import Guard

        prefix, guard = f"{run_folder(handle.job_name)}/{OUTPUT}/", Guard(folder)
        with told():
            files = self._files(ARTIFACTS)
            for blob in files.list_blobs(name_starts_with=prefix):
                guard.file(blob.name.removeprefix(prefix), _chunks(files, blob.name))

    def checks(self, region: str) -> list[Check]:  # noqa: ARG002
        """Who is signed in, workspace, compute and storage, and what is allowed there."""
        from cloud.azure_checks import checks

        return checks(self.settings, self._credential, self._ml, lambda: self._files(STORE))

    def _described(self, job_name: str, region: str) -> JobStatus:
        with told():
            return status_of(self._ml.jobs.get(job_name), self._run(job_name), region)

    def _run(self, name: str) -> dict[str, Any]:
        """When the job started and ended and why it failed, which no job of MLClient tells."""
        from azure.core.exceptions import ResourceNotFoundError

        place = f"/history/v1.0{self.workspace}/runs/{name}"
        with suppress(ResourceNotFoundError):  # none yet
            run: dict[str, Any] = answer_of(self._history, place)
            return run
        return {}


def _readable(job: Any) -> Any:
    if job is None:  # so the SDK tells of a job that it cannot read
        raise errors.UnclearError("Azure ML", "a job of the list cannot be read")
    return job


def _chunks(files: Any, name: str) -> Iterator[bytes]:
    """Asked for only once the name was found to be harmless."""
    yield from files.download_blob(name).chunks()
