"""How far a running job is, as the job itself tells: a line of JSON in its log, now and then."""

from collections.abc import Iterable
from dataclasses import dataclass

from results import codec
from results.errors import RecordError

PREFIX = "trainfare-heartbeat "
EVERY_SECONDS = 15.0
MAX_LINE_LENGTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One moment of a job; the first is told when the first step is about to run."""

    captured_at: str  # ISO 8601, UTC, by the clock of the machine that trains
    epoch: int  # that is running, from 1
    epochs: int
    steps_done: int  # of the whole job, those of earlier attempts included
    steps_total: int
    started_at: str  # when the process of this attempt began
    training_seconds: float  # so far, those of earlier attempts included
    resumed: int = 0  # how often the job went on from a checkpoint

    @property
    def seconds_left(self) -> float | None:
        """training_seconds / steps_done × steps left; None before the first step has ended."""
        if self.steps_done < 1 or self.training_seconds <= 0:
            return None
        return self.training_seconds / self.steps_done * (self.steps_total - self.steps_done)


def line(beat: Heartbeat) -> str:
    """The line as it is written to the log."""
    return PREFIX + codec.dumps(beat)


def newest(lines: Iterable[str]) -> Heartbeat | None:
    """The last heartbeat among lines of a log; None where there is none that can be read.

    A log is written by a job, so whatever it holds is checked, and what does not fit is no
    heartbeat.
    """
    found = None
    for text in lines:
        place = text.find(PREFIX)
        if place < 0 or len(text) > MAX_LINE_LENGTH:
            continue
        try:
            beat = codec.loads(text[place + len(PREFIX) :].strip(), Heartbeat)
        except RecordError:
            continue
        if 0 <= beat.steps_done <= beat.steps_total and beat.training_seconds >= 0:
            found = beat
    return found
