"""Vertex AI over REST: bodies are parsed with the package's own protocol buffers, strictly."""

import datetime
import json
import re
from typing import Any

from fakes.engine import FakeJob, Jobs, Phase
from fakes.web import Answer, Clock, Faults, Request, Server, as_json

PAGE = 2
BEGAN = 1_790_000_000  # when the first line of a log was written
ERRORS = {
    "quota": (429, "RESOURCE_EXHAUSTED", "The following quota metrics exceed quota limits: "
              "aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"),
    "throttled": (429, "RESOURCE_EXHAUSTED", "Too many requests"),
    "server": (500, "INTERNAL", "Internal error encountered."),
    "unavailable": (503, "UNAVAILABLE", "The service is currently unavailable."),
    "signed_out": (401, "UNAUTHENTICATED", "Request had invalid authentication credentials: "
                   "bearer ya29.secretsecretsecret"),
    "unknown_key": (401, "UNAUTHENTICATED", "Request is missing required authentication."),
    "denied": (403, "PERMISSION_DENIED", "Permission 'aiplatform.customJobs.create' denied."),
    "bad_role": (400, "INVALID_ARGUMENT", "Service account trainer@x does not exist."),
    "capacity": (503, "UNAVAILABLE", "There is no capacity left in this zone."),
    "skewed": (401, "UNAUTHENTICATED", "Token used too early; check the clock."),
}  # fmt: skip
STATE: dict[Phase, str] = {
    "pending": "JOB_STATE_PENDING",
    "running": "JOB_STATE_RUNNING",
    "stopping": "JOB_STATE_CANCELLING",
    "succeeded": "JOB_STATE_SUCCEEDED",
    "failed": "JOB_STATE_FAILED",
    "stopped": "JOB_STATE_CANCELLED",
    "timed_out": "JOB_STATE_CANCELLED",
}


def error(status: int, code: str, message: str) -> Answer:
    """An error as Google's REST services tell it."""
    return as_json({"error": {"code": status, "message": message, "status": code}}, status)


def at(seconds: float) -> str:
    """A moment as protocol buffers write it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")


def as_z(moment: str) -> str:
    """The same moment in the form of `at`."""
    return at(datetime.datetime.fromisoformat(moment).timestamp())


class FakeVertex:
    """The calls on custom jobs, Cloud Logging's list, and the token service."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.jobs, self.faults = clock, Jobs(), Faults()
        self.repeats_page = False
        self.log_lines: list[str | None] = []  # None: not listed yet
        self.entries_told = 0
        self.server = Server(self._handle, self._name, self._refuse, self.faults)
        self._count = 0

    @staticmethod
    def _name(request: Request) -> str:
        if request.path.startswith("/token"):
            return "Token"
        if request.path.endswith("/entries:list"):
            return "ListEntries"
        if request.path.endswith(":cancel"):
            return "CancelCustomJob"
        if request.path.endswith("/customJobs"):
            return "CreateCustomJob" if request.method == "POST" else "ListCustomJobs"
        return "GetCustomJob"

    @staticmethod
    def _refuse(kind: str) -> Answer:
        return error(*ERRORS[kind])

    def _handle(self, request: Request) -> Answer:
        name = self._name(request)
        if name == "Token":
            return as_json({"access_token": "a", "expires_in": 3600, "token_type": "Bearer"})
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return error(401, "UNAUTHENTICATED", "no bearer token")
        if name == "ListEntries":
            return self._entries(request)
        if name == "CreateCustomJob":
            return self._create(request)
        if name == "ListCustomJobs":
            return self._list(request)
        wanted = request.path.removeprefix("/v1/").removesuffix(":cancel")
        found = [job for job in self.jobs.all if job.service_id == wanted]
        if not found:
            return error(404, "NOT_FOUND", f"The CustomJob {wanted} does not exist.")
        if name == "CancelCustomJob":
            if found[0].phase(self.clock.now) not in ("pending", "running", "stopping"):
                return error(400, "FAILED_PRECONDITION", "The job has ended.")
            if found[0].stop_asked is None:
                found[0].stop_asked = self.clock.now
            return as_json({})
        return as_json(self._described(found[0]))

    def _create(self, request: Request) -> Answer:
        from google.cloud.aiplatform_v1.types import CustomJob
        from google.protobuf import json_format

        try:
            parsed = json_format.Parse(request.body, CustomJob()._pb)
        except json_format.ParseError as problem:
            return error(400, "INVALID_ARGUMENT", str(problem))
        asked = CustomJob.wrap(parsed)
        spec = asked.job_spec
        labels = dict(asked.labels)
        rule = re.compile(r"[a-z0-9_-]{0,63}")
        bad = [v for kv in labels.items() for v in kv if not rule.fullmatch(v)]
        pools = spec.worker_pool_specs
        if bad or not pools or pools[0].replica_count != 1 or not asked.display_name:
            return error(400, "INVALID_ARGUMENT", f"labels {bad} or worker pools are wrong")
        if not re.fullmatch(r"/v1/projects/[^/]+/locations/[a-z0-9-]+/customJobs", request.path):
            return error(404, "NOT_FOUND", "no such location")
        self._count += 1
        parent = request.path.removeprefix("/v1/")
        # The default of the service where none is given: 7 days, and retries.
        limit = spec.scheduling.timeout.total_seconds() if spec.scheduling.timeout else 604800
        job = FakeJob(
            name=asked.display_name,
            service_id=f"{parent}/{1000 + self._count}",
            request=json.loads(request.body),
            created=self.clock.now,
            limit_seconds=limit,
            nodes=sum(int(p.replica_count) for p in pools),
            run=self.jobs.next_run,
            tags=labels,
            attempts=1 if spec.scheduling.disable_retries else 4,
            on_preemption="fails" if spec.scheduling.strategy.name == "SPOT" else None,
        )
        self.jobs.add(job)
        return as_json(self._described(job))

    def _list(self, request: Request) -> Answer:
        asked = request.query.get("filter", "")
        exact = re.fullmatch(r'labels\.([\w-]+)="([^"]*)"', asked)
        present = re.fullmatch(r"labels\.([\w-]+):\*", asked)
        if asked and not exact and not present:
            return error(400, "INVALID_ARGUMENT", f"bad filter {asked}")
        found = self.jobs.listed(self.clock.now)
        if exact:
            found = [job for job in found if job.tags.get(exact[1]) == exact[2]]
        elif present:
            found = [job for job in found if present[1] in job.tags]
        found = list(reversed(found))  # the newest first
        start = int(request.query.get("pageToken", "0"))
        rows = found[max(0, start - 1) if self.repeats_page else start : start + PAGE]
        more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(found) else {}
        return as_json({"customJobs": [self._described(job) for job in rows]} | more)

    def _entries(self, request: Request) -> Answer:
        """A line a second, as Cloud Logging tells it, in the order of time."""
        start, asked = int(request.json().get("pageToken", "0")), request.json()["filter"]
        since = re.search(r'timestamp>="([^"]+)"', asked)
        entries = [
            {"insertId": f"id-{number}", "timestamp": at(BEGAN + number), "textPayload": line}
            for number, line in enumerate(self.log_lines)
            if line is not None and (since is None or at(BEGAN + number) >= as_z(since[1]))
        ]
        found = entries[start : start + PAGE]
        self.entries_told += len(found)
        more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(entries) else {}
        return as_json({"entries": found} | more)

    def _described(self, job: FakeJob) -> dict[str, Any]:
        now, phase = self.clock.now, job.phase(self.clock.now)
        told = dict(job.request)
        told |= {"name": job.service_id, "state": STATE[phase], "createTime": at(job.created)}
        spec = json.loads(json.dumps(job.request["jobSpec"]))
        spec.setdefault("scheduling", {})["timeout"] = f"{int(job.limit_seconds)}s"
        told["jobSpec"] = spec
        if job.has_started(now):
            told["startTime"] = at(job.started)
        over = job.ended()
        if over is not None and now >= over:
            told["endTime"] = at(over)
        if phase == "failed":
            told["error"] = {"code": 3, "message": job.failure(now)}
        return told
