"""What a job that ended cost, from what its service tells."""

from decimal import Decimal

from cloud.client import JobStatus
from results.jobs import BilledBasis, JobIntent, Outcome
from results.records import Estimate
from results.store import utc_now


def usd_per_hour(estimate: Estimate) -> Decimal:
    """The rate at which a job is billed, as its estimate has it: after discount and saving.

    Managed spot of SageMaker saves seconds, which it reports, and not of the rate.
    """
    offer = estimate.offer
    if offer.provider == "aws" and offer.allocation == "spot":
        return offer.usd_per_hour
    return estimate.billed_usd_per_hour or offer.usd_per_hour


def outcome(status: JobStatus, intent: JobIntent) -> Outcome:
    """The outcome of `status`, priced at the rate of the estimate.

    usd = usd_per_hour / 3600 × billed_seconds × nodes. Where the service reports no billed seconds
    they are derived as ended − started: too much after a preemption (the clock is that of the first
    start), without boot and idle time on Azure ML. Unknown stays None; a job that never started
    cost nothing. `start_up_seconds`, `run_seconds` and `run_ids` come from the job's own records.
    """
    offer, nodes = intent.estimate.offer, status.nodes
    rate = usd_per_hour(intent.estimate)
    seconds, basis = _billed(status)
    usd = None
    if seconds is not None:
        usd = rate * Decimal(repr(seconds)) * nodes / 3600
    queued = None
    if status.created_at_seconds is not None and status.started_at_seconds is not None:
        queued = max(0.0, status.started_at_seconds - status.created_at_seconds)
    return Outcome(
        job_name=status.job_name,
        captured_at=utc_now(),
        provider=intent.provider,
        region=intent.region,
        instance_type=offer.instance_type,
        nodes=nodes,
        state=status.state,
        message=status.message,
        queued_seconds=queued,
        billed_seconds=seconds,
        billed_basis=basis,
        usd_per_hour=rate,
        usd=usd,
    )


def _billed(status: JobStatus) -> tuple[float | None, BilledBasis | None]:
    if status.billed_seconds is not None:
        return status.billed_seconds, "reported"
    if not status.ended:
        return None, None
    if status.started_at_seconds is None:
        # It ended without a start that the service knows of. Only where it also says when it ended
        # is that an answer rather than a gap.
        return (0.0, "derived") if status.ended_at_seconds is not None else (None, None)
    if status.ended_at_seconds is None:
        return None, None
    return max(0.0, status.ended_at_seconds - status.started_at_seconds), "derived"
