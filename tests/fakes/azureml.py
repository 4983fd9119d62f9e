"""Azure ML: ARM's workspace, jobs, environments, datastores, clusters and permissions, the run
history, and blob storage."""

import datetime
import re
import ssl
from typing import Any
from xml.sax.saxutils import escape

from fakes.engine import FakeJob, Jobs, Phase
from fakes.web import Answer, Clock, Faults, Request, Server, as_json

PAGE = 2
ERRORS = {
    "quota": (400, "QuotaExceeded", "Not enough quota available for Standard_NC4as_T4_v3."),
    "throttled": (429, "TooManyRequests", "Rate limit is exceeded."),
    "server": (500, "ServiceError", "InternalServerError"),
    "unavailable": (503, "ServiceUnavailable", "Unavailable"),
    "signed_out": (401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier "
                   "than current: Bearer eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJodHRw.c2VjcmV0c2VjcmV0"),
    "unknown_key": (401, "InvalidAuthenticationToken", "The access token is invalid."),
    "denied": (403, "AuthorizationFailed", "The client does not have authorization to perform "
               "action 'Microsoft.MachineLearningServices/workspaces/jobs/write'."),
    "bad_role": (400, "UserError", "The identity of the compute does not exist."),
    "capacity": (400, "AllocationFailed", "Allocation failed: no such machines in the region."),
    "skewed": (401, "InvalidAuthenticationToken", "The token is not yet valid (nbf)."),
}  # fmt: skip
STATUS: dict[Phase, str] = {
    "pending": "Queued",
    "running": "Running",
    "stopping": "CancelRequested",
    "succeeded": "Completed",
    "failed": "Failed",
    "stopped": "Canceled",
    "timed_out": "Canceled",
}
CONTAINERS = {"workspaceblobstore": "azureml-blobstore", "workspaceartifactstore": "azureml"}
STORAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/myaccount"
MAY = {
    "actions": [
        f"Microsoft.MachineLearningServices/workspaces/*/{verb}"
        for verb in ("read", "action", "delete", "write")
    ],
    "notActions": ["Microsoft.MachineLearningServices/workspaces/computes/*/write"],
    "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*"],
    "notDataActions": [],
}


def error(status: int, code: str, message: str) -> Answer:
    """An error as ARM tells it."""
    return as_json({"error": {"code": code, "message": message}}, status, x_ms_error_code=code)


def at(seconds: float) -> str:
    """A moment as Azure writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


class FakeAzure:
    """One workspace, its storage account and its run history, behind TLS."""

    def __init__(self, clock: Clock, tls: ssl.SSLContext) -> None:
        self.clock, self.jobs, self.faults = clock, Jobs(), Faults()
        self.environments: dict[str, Any] = {}
        self.blobs: dict[str, bytes] = {}
        self.blocks: dict[str, dict[str, bytes]] = {}
        self.repeats_page = False
        self.permissions: list[dict[str, Any]] = [MAY]
        self.server = Server(self._handle, self._name, self._refuse, self.faults, tls)

    def clear(self) -> None:
        """An empty workspace."""
        self.jobs.clear()
        for kept in (self.environments, self.blobs, self.blocks):
            kept.clear()

    @staticmethod
    def _name(request: Request) -> str:
        path = request.path
        if path.startswith("/blob/"):
            return f"Blob{request.method.title()}"
        if path.startswith("/history/"):
            return "GetRun"
        if path == "/discovery":
            return "Discovery"
        if path.endswith("/Microsoft.Authorization/permissions"):
            return "GetPermissions"
        found = re.search(r"/workspaces/[^/]+(?:/(\w+)(?:/([^/]+))?(?:/.*?(\w+))?)?$", path)
        if found is None:
            return "?"
        kind, name, last = found.groups()
        if kind is None:
            return "GetWorkspace"
        if kind == "jobs":
            if last == "cancel":
                return "CancelJob"
            verb = {"PUT": "CreateJob", "GET": "GetJob"}[request.method]
            return verb if name else "ListJobs"
        return f"{request.method.title()}{kind.title()}"

    @staticmethod
    def _refuse(kind: str) -> Answer:
        return error(*ERRORS[kind])

    def _handle(self, request: Request) -> Answer:
        name = self._name(request)
        if name.startswith("Blob"):
            return self._blob(request)
        if name == "Discovery":
            return as_json({"api": self.server.url})
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return error(401, "AuthenticationFailed", "no token")
        if name != "GetRun" and "api-version" not in request.query:
            return error(400, "MissingApiVersionParameter", "api-version is missing")
        return self._arm(name, request)

    def _arm(self, name: str, request: Request) -> Answer:
        path = request.path
        last = path.rpartition("/")[2]
        if name == "GetPermissions":
            return as_json({"value": self.permissions})
        if name == "GetWorkspace":
            return self._resource(path, {"discoveryUrl": f"{self.server.url}/discovery",
                                         "storageAccount": STORAGE})  # fmt: skip
        if name == "GetDatastores" and last in CONTAINERS:
            return self._resource(path, {
                "datastoreType": "AzureBlob", "accountName": "myaccount", "protocol": "https",
                "containerName": CONTAINERS[last], "endpoint": "core.windows.net",
                "credentials": {"credentialsType": "None"},
            })  # fmt: skip
        if name == "GetComputes" and last == "gpu-cluster":
            return self._resource(path, {"computeType": "AmlCompute", "properties": {
                "vmSize": "Standard_NC4as_T4_v3", "vmPriority": "LowPriority",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}})  # fmt: skip
        if name == "GetRun":
            return self._run(path.rpartition("/")[2])
        if name == "ListJobs":
            return self._list(request)
        if name in ("CreateJob", "GetJob", "CancelJob"):
            job_name = re.search(r"/jobs/([^/]+)", path)
            assert job_name is not None
            return getattr(self, f"_{name}")(job_name[1], request)
        return self._asset(name, path, request)

    @staticmethod
    def _resource(path: str, properties: dict[str, Any], status: int = 200) -> Answer:
        return as_json({"id": path, "name": path.rpartition("/")[2], "location": "eastus",
                        "properties": properties}, status)  # fmt: skip

    def _asset(self, name: str, path: str, request: Request) -> Answer:
        kept = self.environments
        if name == "PutEnvironments":
            known = path in kept
            if known and kept[path] != request.json():
                return error(409, "Conflict", f"{path} cannot be changed")
            kept[path] = request.json()
            return self._resource(path, kept[path]["properties"], 200 if known else 201)
        if name != "GetEnvironments" or path not in kept:
            return error(404, "ResourceNotFound", f"{path} was not found")
        return self._resource(path, kept[path]["properties"])

    def _CreateJob(self, name: str, request: Request) -> Answer:  # noqa: N802
        body = request.json()
        wrong = self._wrong(name, body)
        if wrong:
            return error(400, "UserError", wrong)
        held = body["properties"]
        limits, resources = held.get("limits") or {}, held.get("resources") or {}
        tier = (held.get("queueSettings") or {}).get("jobTier")
        job = FakeJob(
            name=name,
            service_id=request.path,
            request=body,
            created=self.clock.now,
            limit_seconds=_seconds(limits["timeout"]) if "timeout" in limits else 1e12,
            nodes=resources.get("instanceCount", 1),
            run=self.jobs.next_run,
            tags=held.get("tags", {}),
            on_preemption="restarts" if tier == "Spot" else None,
        )
        self.jobs.add(job)
        return as_json(self._described(job), 201)

    def _wrong(self, name: str, body: dict[str, Any]) -> str | None:
        from fakes.azure_model import unknown_fields

        if self.jobs.named(name):
            return "A job with this name already exists. If you are trying to create a new job, "
        unknown = unknown_fields(body)
        if unknown:
            return f"unknown fields: {unknown}"
        held = body["properties"]
        if held["environmentId"] not in self.environments:
            return f"No environment {held['environmentId']}"
        for asked in (held.get("inputs") or {}).values():
            if self._blob_of(asked["uri"]) not in self.blobs:
                return f"No input {asked['uri']}"
        if (held.get("resources") or {}).get("instanceCount", 1) < 1:
            return "instanceCount is too small"
        return None

    @staticmethod
    def _blob_of(uri: str) -> str:
        """Where the blob of a datastore's path lies."""
        found = re.fullmatch(r"azureml://datastores/(\w+)/paths/(.+)", uri)
        return f"{CONTAINERS[found[1]]}/{found[2]}" if found else uri

    def _GetJob(self, name: str, _: Request) -> Answer:  # noqa: N802
        job = self.jobs.named(name)
        if job is None:
            return error(404, "UserError", f"Job {name} was not found")
        return as_json(self._described(job))

    def _CancelJob(self, name: str, _: Request) -> Answer:  # noqa: N802
        job = self.jobs.named(name)
        if job is None:
            return error(404, "UserError", f"Job {name} was not found")
        if job.phase(self.clock.now) not in ("pending", "running", "stopping"):
            return error(400, "UserError", "A job in a terminal state cannot be cancelled")
        if job.stop_asked is None:
            job.stop_asked = self.clock.now
        return as_json(None, 202)

    def _list(self, request: Request) -> Answer:
        tag = request.query.get("tag", "")
        found = [job for job in self.jobs.listed(self.clock.now) if not tag or tag in job.tags]
        start = int(request.query.get("$skip", "0"))
        rows = found[max(0, start - 1) if self.repeats_page else start : start + PAGE]
        page: dict[str, Any] = {"value": [self._described(job) for job in rows]}
        if start + PAGE < len(found):
            page["nextLink"] = (
                f"https://management.azure.com{request.path}?api-version=2025-12-01&tag={tag}"
                f"&$skip={start + PAGE}"
            )
        return as_json(page)

    def _run(self, name: str) -> Answer:
        job, now = self.jobs.named(name), self.clock.now
        if job is None:
            return error(404, "UserError", f"Run {name} was not found")
        run: dict[str, Any] = {"runId": name, "createdUtc": at(job.created)}
        if job.has_started(now):
            run["startTimeUtc"] = at(job.started)
        over = job.ended()
        if over is not None and now >= over:
            run["endTimeUtc"] = at(over)
        if job.phase(now) == "failed":
            run["error"] = {"error": {"code": "UserError", "message": job.failure(now)}}
        return as_json(run)

    def _described(self, job: FakeJob) -> dict[str, Any]:
        held = dict(job.request["properties"])
        if job.limit_seconds < 1e12:
            held["limits"] = {"jobLimitsType": "Command", "timeout": f"PT{int(job.limit_seconds)}S"}
        held["status"] = STATUS[job.phase(self.clock.now)]
        return {"name": job.name, "id": job.service_id, "properties": held,
                "systemData": {"createdAt": at(job.created)}}  # fmt: skip

    def _blob(self, request: Request) -> Answer:
        """As much of blob storage as the SDK asks of it: put, blocks, list, get a range."""
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return Answer(403, b"", {"x-ms-error-code": "AuthenticationFailed"})
        now = "Wed, 25 Nov 2026 00:00:00 GMT"
        stamp = {"ETag": '"0x1"', "Last-Modified": now, "x-ms-request-id": "1"}
        path, comp = request.path.removeprefix("/blob/"), request.query.get("comp")
        if request.query.get("restype") == "container":
            return self._container(request, path, stamp)
        if request.method == "PUT":
            if comp == "block":
                self.blocks.setdefault(path, {})[request.query["blockid"]] = request.body
            elif comp == "blocklist":
                ids = re.findall(rb"<Latest>([^<]+)</Latest>", request.body)
                held = self.blocks.pop(path)
                self.blobs[path] = b"".join(held[i.decode()] for i in ids)
            else:
                self.blobs[path] = request.body
            return Answer(201, b"", stamp)
        if path not in self.blobs:
            return Answer(404, b"", {"x-ms-error-code": "BlobNotFound"})
        return _ranged(self.blobs[path], request, stamp | {"x-ms-blob-type": "BlockBlob"})

    def _container(self, request: Request, path: str, stamp: dict[str, str]) -> Answer:
        if request.query.get("comp") != "list":
            return Answer(200, b"", stamp)
        prefix = request.query.get("prefix", "")
        names = sorted(name.removeprefix(f"{path}/") for name in self.blobs)
        items = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Content-Length>"
            f"{len(self.blobs[f'{path}/{name}'])}</Content-Length>"
            f"<BlobType>BlockBlob</BlobType></Properties></Blob>"
            for name in names
            if name.startswith(prefix)
        )
        page = (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{path}">'
            f"<Blobs>{items}</Blobs><NextMarker /></EnumerationResults>"
        )
        return Answer(200, page.encode(), stamp | {"Content-Type": "application/xml"})


def _ranged(data: bytes, request: Request, headers: dict[str, str]) -> Answer:
    asked = re.fullmatch(
        r"bytes=(\d+)-(\d+)?", request.headers.get("x-ms-range") or request.headers.get("Range", "")
    )
    if request.method == "HEAD" or not asked:
        return Answer(200, data, headers)
    if not data:
        return Answer(416, b"", headers | {"x-ms-error-code": "InvalidRange"})
    part = data[int(asked[1]) : int(asked[2] or len(data)) + 1]
    last = int(asked[1]) + len(part) - 1
    return Answer(206, part, headers | {"Content-Range": f"bytes {asked[1]}-{last}/{len(data)}"})


def _seconds(text: str) -> float:
    import isodate

    return float(isodate.parse_duration(text).total_seconds())
