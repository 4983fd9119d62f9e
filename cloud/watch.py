"""A job as it is now: its state, what it has cost so far, and when it will probably end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from cloud.client import JobStatus
from cloud.outcome import usd_per_hour
from cloud.patience import Patient, Pause
from cloud.waiting import cancel_overdue
from results import heartbeat
from results.heartbeat import Heartbeat
from results.jobs import JobHandle, JobIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What can be said of a job while it runs; None is unknown.

    The cost is derived, (now − start of billing) × rate × nodes: the service bills start-up and
    stop too, so the cap may be reached before the training ends.
    """

    job_name: str
    status: JobStatus
    beat: Heartbeat | None
    running_seconds: float | None
    usd_so_far: Decimal | None
    seconds_left: float | None  # of the training, by its own pace
    usd_at_end: Decimal | None
    max_usd: Decimal
    waited_too_long: bool = False  # and was cancelled just now


def now_seconds() -> float:
    """By this machine's clock, since 1970."""
    return time.time()


def live(status: JobStatus, intent: JobIntent, beat: Heartbeat | None, at_seconds: float) -> Live:
    """The view of `status` at `at_seconds` since 1970."""
    rate = usd_per_hour(intent.estimate) * status.nodes / 3600
    running = None
    if status.started_at_seconds is not None:
        end = status.ended_at_seconds if status.ended else at_seconds
        running = None if end is None else max(0.0, end - status.started_at_seconds)
    left = None if beat is None or status.ended else beat.seconds_left
    total = None if running is None or left is None else running + left
    return Live(
        job_name=status.job_name,
        status=status,
        beat=beat,
        running_seconds=running,
        usd_so_far=None if running is None else rate * Decimal(repr(running)),
        seconds_left=left,
        usd_at_end=None if total is None else min(rate * Decimal(repr(total)), intent.max_usd),
        max_usd=intent.max_usd,
    )


def follow(
    client: Patient,
    handle: JobHandle,
    intent: JobIntent,
    every_seconds: float,
    pause: Pause,
    now: Callable[[], float] = now_seconds,
) -> Iterator[tuple[Live, list[str]]]:
    """The job's view and the new lines of its log, each time it is looked at, until it has ended.

    Lines are asked for after the state, so that the last look has the last line. A job that waits
    for its machines longer than was allowed is cancelled.
    """
    seen, beat = 0, None
    while True:
        status = client.status(handle)
        lines = list(client.logs(handle, seen, whole_lines=not status.ended))
        seen += len(lines)
        beat = heartbeat.newest(lines) or beat
        late = cancel_overdue(client, handle, status, intent, now())
        yield replace(live(status, intent, beat, now()), waited_too_long=late), lines
        if status.ended:
            return
        pause(every_seconds)


def look(
    client: Patient,
    handle: JobHandle,
    intent: JobIntent,
    now: Callable[[], float] = now_seconds,
) -> Live:
    """The job's view once; its log is read only while it runs. Cancels it as `follow` does."""
    status = client.status(handle)
    late = cancel_overdue(client, handle, status, intent, now())
    lines = [] if status.ended or status.started_at_seconds is None else client.logs(handle)
    return replace(live(status, intent, heartbeat.newest(lines), now()), waited_too_long=late)
