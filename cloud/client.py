"""What each service's client does, in one shape: the calls, and a job's state as it is told.

A client makes single calls and keeps no records: what is written when, and that nothing is paid
twice, is the part of `cloud.launch` for all three. Every method raises a `cloud.errors.CloudError`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from results.jobs import ENDED, JobHandle, JobState
from results.records import JobRequest, Provider
from results.store import utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """A job as its service describes it; times in seconds since 1970, None where not told."""

    job_name: str
    region: str
    service_id: str
    output_uri: str
    state: JobState
    max_seconds: int | None  # the stop setting that the service really holds
    nodes: int
    message: str | None = None  # the service's own words, secrets taken out
    created_at_seconds: float | None = None
    started_at_seconds: float | None = None  # when billing began
    ended_at_seconds: float | None = None
    billed_seconds: float | None = None  # of one node, where the service reports it

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen, nor be billed."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that `doctor` looked at: what, what was found, whether it will do."""

    name: str  # `signed in as`, `role`, `bucket`, …
    found: str
    good: bool


def created(request: JobRequest, region: str, service_id: str, output_uri: str) -> JobHandle:
    """The record of a job that was just created."""
    return JobHandle(
        job_name=request.job_name,
        captured_at=utc_now(),
        provider=request.provider,
        region=region,
        service_id=service_id,
        output_uri=output_uri,
    )


def handle_of(status: JobStatus, provider: Provider) -> JobHandle:
    """The record of a job that was found rather than created."""
    return JobHandle(
        job_name=status.job_name,
        captured_at=utc_now(),
        provider=provider,
        region=status.region,
        service_id=status.service_id,
        output_uri=status.output_uri,
    )


def ended_state(
    state: JobState, started: float | None, ended: float | None, max_seconds: int | None
) -> JobState:
    """`timed_out` for a job that did not succeed and ran as long as it was allowed to.

    Vertex AI and Azure ML end it as cancelled or failed and say why only in words.
    """
    if state not in ("failed", "stopped") or None in (started, ended, max_seconds):
        return state
    return "timed_out" if ended - started >= max_seconds else state  # type: ignore[operator]


class Client(Protocol):
    """One service in one account; made by `cloud.registry.client`."""

    account: str | None  # or project, or workspace: where it makes jobs, by the settings alone
    settles_after_seconds: float  # until then a job that is not listed may still exist

    def upload(self, request: JobRequest, region: str, archive: bytes) -> None:
        """Put all that the job needs where it will look for it; the same again changes nothing."""

    def create(self, request: JobRequest, region: str) -> JobHandle:
        """Start the job: the one call that spends money, made once and nothing after it.

        Raises NameTakenError where the service has it already, UnclearError where it may.
        """

    def find(self, job_name: str, region: str) -> list[JobStatus]:
        """The jobs of that name, the oldest first: none, one, or (Vertex AI) several."""

    def status(self, handle: JobHandle) -> JobStatus:
        """The job now. Raises JobNotFoundError."""

    def cancel(self, handle: JobHandle) -> None:
        """Ask the service to stop it. Raises ConfigurationError where it has ended."""

    def jobs(self, region: str) -> Iterator[JobStatus]:
        """All jobs of `region` under trainfare's tag, those that ended included."""

    def asked_account(self, region: str) -> str | None:
        """Whose jobs the service tells of here: that of the sign-in, where that decides it."""

    def logs(
        self, handle: JobHandle, skip_lines: int = 0, *, whole_lines: bool = False
    ) -> Iterator[str]:
        """The lines the main node has written so far, without the first `skip_lines`; with
        `whole_lines` without a last one that is not written to its end."""

    def fetch(self, handle: JobHandle, folder: Path) -> None:
        """Bring what the job left in its output place into `folder`, as hostile files."""

    def checks(self, region: str) -> list[Check]:
        """Who is signed in, and whether role, bucket and compute exist. Changes nothing."""
