"""A job that has waited for its machines longer than was allowed is cancelled: nothing was billed.

SageMaker can do so by itself. Vertex AI and Azure ML have no such setting, so there it needs a
trainfare that looks: `wait`, `logs --follow`, `jobs` and `jobs --reconcile` all do.
"""

from cloud.client import Client, JobStatus
from results.jobs import JobHandle, JobIntent


def is_overdue(status: JobStatus, intent: JobIntent, now_seconds: float) -> bool:
    """Whether now − created > the recorded maximum, for a job that never had machines.

    Only its first wait counts, not that of a spot job that lost them. `now_seconds` since 1970.
    """
    if intent.max_wait_seconds is None or status.created_at_seconds is None:
        return False
    waits = status.state == "pending" and status.started_at_seconds is None
    return waits and now_seconds - status.created_at_seconds > intent.max_wait_seconds


def cancel_overdue(
    client: Client, handle: JobHandle, status: JobStatus, intent: JobIntent, now: float
) -> bool:
    """Cancel the job if it is overdue; whether it was. Raises CloudError."""
    if not is_overdue(status, intent, now):
        return False
    client.cancel(handle)
    return True
