"""The records of a job that was launched: the intent, the service's answer, and what came of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from results.records import Estimate, Provider

JobState = Literal["pending", "running", "succeeded", "failed", "stopped", "timed_out"]
BilledBasis = Literal["reported", "derived"]
ENDED: frozenset[JobState] = frozenset({"succeeded", "failed", "stopped", "timed_out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobIntent:
    """What is about to be asked of a service; on the disk before the call, so that no crash leaves
    a job that nobody knows."""

    job_name: str  # follows from the job, the place and the source; the name the service shows
    captured_at: str  # ISO 8601, UTC
    provider: Provider
    region: str
    request_digest: str  # sha256 of the request: the same name with another request is refused
    source_digest: str  # sha256 of the archive that travels
    estimate: Estimate  # as it was shown when the money was allowed
    max_usd: Decimal
    max_seconds: int  # compiled into the service's own stop setting
    max_wait_seconds: int | None = None  # for its machines, before it is cancelled; None: any time
    # AWS account, Google Cloud project or Azure ML workspace; None: of before it was kept
    account: str | None = None
    beside: str | None = None  # of a process that asks while another's is there; None: the first

    @property
    def intent_id(self) -> str:
        """What its file is called: the job's name, with a mark of its own beside another's."""
        return self.job_name if self.beside is None else f"{self.job_name}.{self.beside}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHandle:
    """The service's answer to a create call: the job exists."""

    job_name: str
    captured_at: str
    provider: Provider
    region: str
    service_id: str  # ARN, resource name or ARM id, by which the service finds it again
    output_uri: str  # where the job leaves its records and log


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job that has ended. Only `succeeded` speaks for steps that were run."""

    job_name: str
    captured_at: str
    provider: Provider
    region: str
    instance_type: str
    nodes: int
    state: JobState
    message: str | None = None  # the service's own words, secrets taken out
    queued_seconds: float | None = None  # waiting for capacity
    start_up_seconds: float | None = None  # from the machine's start to the first step
    pull_seconds: float | None = (
        None  # of these, until the job's own process ran: boot, image, source
    )
    run_seconds: float | None = None  # of the training itself
    billed_seconds: float | None = None  # of one node
    billed_basis: BilledBasis | None = None
    usd_per_hour: Decimal | None = None  # of one node, as in the estimate
    usd: Decimal | None = None  # None: unknown, never 0
    run_ids: tuple[str, ...] = ()  # the measurements that came back with it
