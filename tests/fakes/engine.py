"""A job as any of the three services runs it: by the clock, with its bill, and a way to fail."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Phase = Literal["pending", "running", "stopping", "succeeded", "failed", "stopped", "timed_out"]


@dataclass
class Run:
    """What will happen to a job: set by the test, before or after it was created."""

    queue_seconds: float = 60.0
    start_up_seconds: float = 120.0  # image and source, billed, and within the time limit
    train_seconds: float = 600.0
    stop_seconds: float = 60.0  # from the signal to stop to the end, billed
    fails: str | None = None  # the service's words; None: it succeeds
    never_starts: bool = False  # no capacity
    # A spot job loses its machines after so many seconds of training, and, where the service starts
    # it again, gets others after so many more: nothing is billed between. `train_seconds` is what
    # the last attempt trains.
    interruptions: tuple[tuple[float, float], ...] = ()


@dataclass
class FakeJob:
    """One job at a service."""

    name: str
    service_id: str
    request: dict[str, Any]
    created: float
    limit_seconds: float
    nodes: int
    run: Run
    tags: dict[str, str] = field(default_factory=dict)
    attempts: int = 1
    on_preemption: Literal["restarts", "fails"] | None = None  # None: never preempted
    wait_seconds: float = math.inf  # since it was created, waiting included
    stop_asked: float | None = None

    @property
    def started(self) -> float:
        """When billing begins, if it begins."""
        return self.created + self.run.queue_seconds

    def _ends(self) -> list[tuple[float, Phase]]:
        ends: list[tuple[float, Phase]] = []
        gaps = self._gaps()
        if not self.run.never_starts:
            last = gaps[-1][1] if gaps else self.started
            needed = self.run.start_up_seconds + self.run.train_seconds
            limit = self.started + self.limit_seconds * self.attempts
            for begins, over in gaps:  # it does not run in between
                limit += over - begins if begins < limit else 0.0
            ends = [
                (last + needed, "failed" if self.run.fails else "succeeded"),
                (limit, "timed_out"),
            ]
        if gaps and self.on_preemption == "fails":
            ends.append((gaps[0][0], "failed"))
        if self.wait_seconds < math.inf:
            ends.append((self.created + self.wait_seconds, "timed_out"))
        if self.stop_asked is not None:
            ends.append((self.stop_asked, "stopped"))
        return sorted(ends)

    def _gaps(self) -> list[tuple[float, float]]:
        """When it is without machines, having had some."""
        gaps, at = [], self.started
        if self.on_preemption is not None and not self.run.never_starts:
            for trained, lost in self.run.interruptions:
                at += self.run.start_up_seconds + trained
                gaps.append((at, at + lost))
                at += lost
        return gaps

    def is_interrupted(self, now: float) -> bool:
        """Whether it waits for other machines in the place of those it lost."""
        return any(begins <= now < over for begins, over in self._gaps())

    def signalled(self) -> tuple[float, Phase] | None:
        """When and how it begins to end; None where it never will by itself."""
        ends = self._ends()
        return ends[0] if ends else None

    def ended(self) -> float | None:
        """When everything is over, and nothing more is billed."""
        found = self.signalled()
        if found is None:
            return None
        at, phase = found
        grace = self.run.stop_seconds if phase in ("timed_out", "stopped") else 0.0
        nothing_runs = at < self.started or self.run.never_starts or self.is_interrupted(at)
        return at if nothing_runs else at + grace

    def phase(self, now: float) -> Phase:
        """What it does at `now`."""
        found, over = self.signalled(), self.ended()
        if found is not None and over is not None and now >= over:
            return found[1]
        if found is not None and now >= found[0]:
            return "stopping"
        waiting = self.run.never_starts or now < self.started or self.is_interrupted(now)
        return "pending" if waiting else "running"

    def has_started(self, now: float) -> bool:
        """Whether its machines ever came."""
        found = self.signalled()
        last = now if found is None else min(now, found[0])
        return not self.run.never_starts and last >= self.started

    def billed_seconds(self, now: float) -> float:
        """Of one node, until now."""
        if not self.has_started(now):
            return 0.0
        over = self.ended()
        end = now if over is None else min(now, over)
        idle = sum(max(0.0, min(b, end) - a) for a, b in self._gaps())
        return end - self.started - idle

    def failure(self, now: float) -> str | None:
        """The service's words on a job that failed."""
        gaps = self._gaps()
        if gaps and self.on_preemption == "fails" and self.signalled() == (gaps[0][0], "failed"):
            return "The replica workerpool0-0 was preempted."
        return self.run.fails

    def bill_usd(self, usd_per_hour: Decimal, now: float) -> Decimal:
        """What all nodes cost until `now`."""
        return usd_per_hour * Decimal(repr(self.billed_seconds(now))) * self.nodes / 3600


class Jobs:
    """All jobs of one service, and what the next one will do."""

    def __init__(self) -> None:
        self.all: list[FakeJob] = []
        self.next_run = Run()
        self.changed_limit: float | None = None  # a service that takes another stop than asked for
        self.hidden_until: dict[str, float] = {}  # service id: a list that is behind

    def clear(self) -> None:
        """No jobs."""
        self.__init__()  # type: ignore[misc]

    def add(self, job: FakeJob) -> FakeJob:
        """A new job."""
        if self.changed_limit is not None:
            job.limit_seconds = self.changed_limit
        self.all.append(job)
        return job

    def named(self, name: str) -> FakeJob | None:
        """The job of that name."""
        return next((job for job in self.all if job.name == name), None)

    def listed(self, now: float) -> list[FakeJob]:
        """Those that a list tells of at `now`."""
        return [job for job in self.all if self.hidden_until.get(job.service_id, 0.0) <= now]
