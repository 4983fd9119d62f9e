"""SageMaker as its own model in botocore says it is, and as design notes found it to behave."""

import math
from typing import Any

from fakes.botocore_model import all_problems, operation
from fakes.engine import FakeJob, Jobs, Phase
from fakes.web import Answer, Clock, Faults, Request, Server, as_json

ACCOUNT = "123456789012"
PAGE = 2  # a small page, so that tests meet more than one
ERRORS = {
    "quota": (400, "ResourceLimitExceeded", "The account-level service limit 'ml.g5.xlarge for "
              "training job usage' is 0 Instances, with current utilization of 0 Instances."),
    "throttled": (400, "ThrottlingException", "Rate exceeded"),
    "server": (500, "InternalFailure", "The request processing has failed"),
    "unavailable": (503, "ServiceUnavailable", "Unavailable"),
    "signed_out": (400, "ExpiredTokenException", "The security token included in the request is "
                   "expired, token=FQoGZXIvYXdzEHEaDsecretsecret"),
    "unknown_key": (400, "UnrecognizedClientException", "The security token is invalid."),
    "denied": (400, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/x is not "
               "authorized to perform: sagemaker:CreateTrainingJob"),
    "bad_role": (400, "ValidationException", "Could not assume role "
                 "arn:aws:iam::123456789012:role/trainer."),
    "capacity": (400, "CapacityError", "Unable to provision requested ML compute capacity."),
    "skewed": (403, "InvalidSignatureException", "Signature expired: 20261124T000000Z is now "
               "earlier than 20261125T000000Z"),
}  # fmt: skip
STATUS: dict[Phase, tuple[str, str]] = {
    "pending": ("InProgress", "Starting"),
    "running": ("InProgress", "Training"),
    "stopping": ("Stopping", "Stopping"),
    "succeeded": ("Completed", "Completed"),
    "failed": ("Failed", "Failed"),
    "stopped": ("Stopped", "Stopped"),
    "timed_out": ("Stopped", "MaxRuntimeExceeded"),
}


class RefusedError(Exception):
    """The service's answer to what it does not accept."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = error(status, code, message)


def error(status: int, code: str, message: str) -> Answer:
    """An error as the JSON protocol tells it."""
    return as_json({"__type": code, "message": message}, status)


class FakeSageMaker:
    """The operations that trainfare uses; every request is held against botocore's model."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.jobs, self.faults = clock, Jobs(), Faults()
        self.repeats_page = False
        self.server = Server(self._handle, self._name, self._refuse, self.faults)

    @staticmethod
    def _name(request: Request) -> str:
        return str(request.headers.get("X-Amz-Target", "?")).rpartition(".")[2]

    @staticmethod
    def _refuse(kind: str) -> Answer:
        return error(*ERRORS[kind])

    def _handle(self, request: Request) -> Answer:
        name, body = self._name(request), request.json()
        if "AWS4-HMAC-SHA256" not in request.headers.get("Authorization", ""):
            return error(403, "MissingAuthenticationToken", "Missing Authentication Token")
        found = all_problems(body, operation(name).input_shape)
        if found:
            return error(400, "ValidationException", f"{len(found)} validation errors: {found[0]}")
        try:
            answer: dict[str, Any] | None = getattr(self, f"_{name}")(body)
        except RefusedError as refused:
            return refused.answer
        return as_json(answer)

    def _CreateTrainingJob(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, stop = asked["TrainingJobName"], asked["StoppingCondition"]
        if self.jobs.named(name):
            said = "Training job names must be unique within an AWS account and region"
            raise RefusedError(400, "ResourceInUse", said)
        spot = asked.get("EnableManagedSpotTraining", False)
        wait = stop.get("MaxWaitTimeInSeconds")
        if spot and (wait is None or wait < stop["MaxRuntimeInSeconds"]):
            raise RefusedError(400, "ValidationException", "MaxWaitTimeInSeconds above or equal to "
                          "MaxRuntimeInSeconds must be present with spot.")  # fmt: skip
        if wait is not None and not spot:
            raise RefusedError(400, "ValidationException", "MaxWaitTimeInSeconds is for spot only.")
        job = FakeJob(
            name=name,
            service_id=f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}",
            request=asked,
            created=self.clock.now,
            limit_seconds=stop["MaxRuntimeInSeconds"],
            nodes=asked["ResourceConfig"]["InstanceCount"],
            run=self.jobs.next_run,
            tags={tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])},
            on_preemption="restarts" if spot else None,
            wait_seconds=math.inf if wait is None else wait,
        )
        self.jobs.add(job)
        return {"TrainingJobArn": job.service_id}

    def _DescribeTrainingJob(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return self._described(self._found(asked))

    def _StopTrainingJob(self, asked: dict[str, Any]) -> None:  # noqa: N802
        job = self._found(asked)
        if job.phase(self.clock.now) not in ("pending", "running"):
            status = STATUS[job.phase(self.clock.now)][0]
            raise RefusedError(400, "ValidationException", "The request was rejected because the "
                          f"training job is in status {status}.")  # fmt: skip
        job.stop_asked = self.clock.now

    def _ListTrainingJobs(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"TrainingJobSummaries": []}

    def _Search(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        (rule,) = asked["SearchExpression"]["Filters"]
        assert rule["Operator"] == "Exists"
        tag = rule["Name"].removeprefix("Tags.")
        found = [job for job in self.jobs.listed(self.clock.now) if tag in job.tags]
        start = int(asked.get("NextToken", "0"))
        rows = found[max(0, start - 1) if self.repeats_page else start : start + PAGE]
        page = {"Results": [{"TrainingJob": self._described(job)} for job in rows]}
        more = start + PAGE
        return page | ({"NextToken": str(more)} if more < len(found) else {})

    def _found(self, asked: dict[str, Any]) -> FakeJob:
        job = self.jobs.named(asked["TrainingJobName"])
        if job is None:
            raise RefusedError(400, "ValidationException", "Requested resource not found.")
        return job

    def _described(self, job: FakeJob) -> dict[str, Any]:
        now, asked = self.clock.now, job.request
        phase = job.phase(now)
        status, secondary = STATUS[phase]
        if phase == "pending" and job.is_interrupted(now):
            secondary = "Interrupted"
        stop = asked["StoppingCondition"] | {"MaxRuntimeInSeconds": int(job.limit_seconds)}
        told: dict[str, Any] = {
            "TrainingJobName": job.name,
            "TrainingJobArn": job.service_id,
            "ModelArtifacts": {"S3ModelArtifacts": "s3://none/"},
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary,
            "StoppingCondition": stop,
            "CreationTime": job.created,
            "LastModifiedTime": min(now, job.ended() or now),
            "OutputDataConfig": asked["OutputDataConfig"],
            "ResourceConfig": asked["ResourceConfig"],
            "EnableManagedSpotTraining": asked.get("EnableManagedSpotTraining", False),
            "Tags": [{"Key": k, "Value": v} for k, v in job.tags.items()],
        }
        if job.has_started(now):
            told["TrainingStartTime"] = job.started
        over = job.ended()
        if over is not None and now >= over and job.has_started(now):
            told["TrainingEndTime"] = over
            told["BillableTimeInSeconds"] = max(1, round(job.billed_seconds(now)))
            told["TrainingTimeInSeconds"] = told["BillableTimeInSeconds"]
        if phase == "failed":
            told["FailureReason"] = job.failure(now)
        return told
