"""Azure ML through Azure's own pipeline (azure-mgmt-core): single calls, shared errors.

Not through azure.ai.ml, whose jobs are made from objects of its own: here the request is sent just
as the dry run showed it (docs/decisions/0030).
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cloud import errors
from cloud.azure_errors import told
from cloud.azureml import (
    ARCHIVE,
    ARTIFACTS,
    OUTPUT,
    output_uri,
    run_folder,
    status_of,
    workspace_id,
)
from cloud.client import Check, JobStatus
from cloud.job_key import PREFIX
from cloud.settings import AzureSettings
from results.jobs import JobHandle
from results.records import JobRequest
from results.store import utc_now

ENDPOINT = "https://management.azure.com"
SCOPE = "https://management.azure.com/.default"
API_VERSION = "2025-12-01"  # of azure-ai-ml 1.35.2


class AzureClient:
    """One workspace: its jobs (ARM), its runs (run history) and its files (blob storage)."""

    settles_after_seconds = 0.0  # the name is part of the address, and reading it is consistent

    def __init__(self, settings: AzureSettings) -> None:
        self.settings = settings
        self.workspace = workspace_id(settings)
        self._made: dict[str, Any] = {}

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:  # noqa: ARG002
        """Put the environment and the source, each under its name, unless they are there."""
        environment = request.request["environment"]
        place = f"environments/{environment['name']}/versions/{environment['version']}"
        if self._get(place, absent_is_none=True) is None:
            self._call("PUT", place, environment["body"])
        code = request.request["body"]["properties"]["codeId"].removeprefix(f"{self.workspace}/")
        if self._get(code, absent_is_none=True) is not None:
            return
        pending = self._call(
            "POST", f"{code}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"}
        )["blobReferenceForConsumption"]
        from azure.storage.blob import ContainerClient

        with told():
            container = ContainerClient.from_container_url(
                pending["credential"]["sasUri"], retry_total=0
            )
            container.upload_blob(f"{PREFIX}/{ARCHIVE}", archive, overwrite=True)
        uri = f"{pending['blobUri']}/{PREFIX}"
        self._call("PUT", code, {"properties": {"codeUri": uri, "isAnonymous": False}})

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """`PUT …/jobs/<name>`; Azure ML itself refuses a name it has."""
        made = self._call("PUT", f"jobs/{request.job_name}", request.request["body"])
        return JobHandle(
            job_name=request.job_name,
            captured_at=utc_now(),
            provider="azure",
            region=region,
            service_id=str(made["id"]),
            output_uri=output_uri(request.job_name),
        )

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """The one job of that name, if there is one: names are unique."""
        found = self._get(f"jobs/{job_name}", absent_is_none=True)
        return [] if found is None else [self._status(found, region)]

    def status(self, handle: JobHandle) -> JobStatus:
        """The job, with the times that only the run history tells."""
        return self._status(self._get(f"jobs/{handle.job_name}"), handle.region)

    def cancel(self, handle: JobHandle) -> None:
        """`POST …/cancel`, unless it has ended."""
        try:
            self._call("POST", f"jobs/{handle.job_name}/cancel")
        except (errors.ConfigurationError, errors.NameTakenError):
            if not self.status(handle).ended:
                raise

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """Every page of the jobs with trainfare's tag; a job that comes twice counts once."""
        seen: set[str] = set()
        asked: dict[str, str] = {"jobType": "Command", "tag": PREFIX, "listViewType": "All"}
        pages: set[str] = set()
        while True:
            page = self._call("GET", "jobs", query=asked)
            for job in page.get("value", []):
                name, tags = job["name"], job["properties"].get("tags") or {}
                if tags.get(PREFIX) == name and name not in seen:
                    seen.add(name)
                    yield self._status(job, region)
            following = page.get("nextLink")
            if not following:
                return
            if following in pages:
                raise errors.UnclearError("Azure ML", "the list does not end")
            pages.add(following)
            # Only what it asks is taken over: the sign-in goes nowhere but to the endpoint.
            asked = dict(pair.partition("=")[::2] for pair in urlsplit(following).query.split("&"))

    def logs(self, handle: JobHandle, skip_lines: int = 0) -> Iterator[str]:
        """The main node's log, which Azure ML writes into the run's files while it runs."""
        with told():
            container = self._container()
            for name in ("user_logs/std_log.txt", "user_logs/std_log_process_0.txt"):
                blob = container.get_blob_client(f"{run_folder(handle.job_name)}/{name}")
                if blob.exists():
                    text = blob.download_blob().readall().decode(errors="replace")
                    yield from islice(text.splitlines(), skip_lines, None)
                    return

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Bring what lies under the job's output folder."""
        from cloud.unpack import Guard

        prefix, guard = f"{run_folder(handle.job_name)}/{OUTPUT}/", Guard(folder)
        with told():
            container = self._container()
            for blob in container.list_blobs(name_starts_with=prefix):
                guard.file(blob.name.removeprefix(prefix), _chunks(container, blob.name))

    def checks(self, region: str) -> list[Check]:  # noqa: ARG002
        """Who is signed in, the workspace and its region, the compute, the storage."""
        from cloud.checking import checked

        calls = [
            ("signed in as", self._who),
            ("workspace", lambda: self._get("")["location"]),
            ("storage", lambda: self._container().get_container_properties().name),
        ]
        compute = self.settings.compute
        if compute is not None:
            calls.append(("compute", lambda: self._get(f"computes/{compute}")["name"]))
        return [checked(name, call, told) for name, call in calls]

    def _who(self) -> str:
        """From the token itself, which names its owner; nothing of it is shown or kept but that."""
        import base64

        token = self._credential().get_token(SCOPE).token
        part = token.split(".")[1] if token.count(".") == 2 else ""
        try:
            held = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) or "{}")
        except ValueError:
            held = {}
        who = held.get("upn") or held.get("unique_name") or held.get("appid") or held.get("oid")
        return f"{who or 'somebody'} in subscription {self.settings.subscription_id}"

    def _status(self, job: dict[str, Any], region: str) -> JobStatus:
        run = self._run(job["name"])
        return status_of(job, run, region)

    def _run(self, name: str) -> dict[str, Any]:
        """The run history's entry: ARM tells no times. Empty where there is none yet."""
        if "history" not in self._made:
            from azure.core.rest import HttpRequest

            found = self._get("")["properties"]["discoveryUrl"]
            self._made["history"] = self._sent(HttpRequest("GET", found))["history"].rstrip("/")
        url = f"{self._made['history']}/history/v1.0{self.workspace}/runs/{quote(name)}"
        return self._get(url, absent_is_none=True) or {}

    def _container(self) -> Any:
        if "container" not in self._made:
            from azure.storage.blob import ContainerClient

            store = self._get(f"datastores/{ARTIFACTS}")["properties"]
            account = f"{store['accountName']}.blob.{store.get('endpoint') or 'core.windows.net'}"
            self._made["container"] = ContainerClient(
                self.settings.storage_endpoint or f"https://{account}",
                store["containerName"],
                credential=self._credential(),
                retry_total=0,
            )
        return self._made["container"]

    def _credential(self) -> Any:
        if "credential" not in self._made:
            from azure.identity import DefaultAzureCredential

            self._made["credential"] = DefaultAzureCredential()
        return self._made["credential"]

    def _get(self, place: str, *, absent_is_none: bool = False) -> Any:
        try:
            return self._call("GET", place)
        except errors.JobNotFoundError:
            if absent_is_none:
                return None
            raise

    def _call(
        self,
        method: str,
        place: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> Any:
        """One call below the workspace (or to a whole address), and its answer from JSON."""
        from azure.core.rest import HttpRequest

        base = f"{self.settings.endpoint or ENDPOINT}{self.workspace}"
        url = place if "://" in place else f"{base}/{place}".rstrip("/")
        params = {"api-version": API_VERSION} | (query or {})
        return self._sent(HttpRequest(method, url, params=params, json=body))

    def _sent(self, request: Any) -> Any:
        with told():
            answer = self._pipeline().send_request(request)
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def _pipeline(self) -> Any:
        if "pipeline" not in self._made:
            from azure.core import PipelineClient
            from azure.core.pipeline.policies import RetryPolicy
            from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

            policies = [
                # One try: `cloud.patience` tries again, the same on all clouds.
                RetryPolicy(retry_total=0),
                ARMChallengeAuthenticationPolicy(self._credential(), SCOPE),
            ]
            self._made["pipeline"] = PipelineClient(ENDPOINT, policies=policies)
        return self._made["pipeline"]


def _chunks(container: Any, name: str) -> Iterator[bytes]:
    """Asked for only once the name was found to be harmless."""
    yield from container.download_blob(name).chunks()
