"""Whole epochs: how many fit into the time, training them, and what begins each of them."""

import math
from time import perf_counter

from bench.disturbance import Block, Neighbours, find_threads
from bench.sampling import Samples
from bench.session import Session

EPOCHS, MAX_EPOCHS, SHORT_EPOCHS_SECONDS = 3, 30, 2.0
CHUNK_SECONDS = 0.5  # an epoch is timed in chunks, so that progress is shown between them
STARTS, STARTS_SECONDS = 5, 3.0  # beginnings of an epoch that are timed


def epochs_that_fit(session: Session, step_seconds: float, max_seconds: float) -> int:
    """How many whole epochs fit into the time: three, or of short ones as many as fill 2 s."""
    epoch_seconds = session.steps_per_epoch * step_seconds
    wanted = min(MAX_EPOCHS, max(EPOCHS, int(SHORT_EPOCHS_SECONDS / epoch_seconds)))
    return max(0, min(wanted, int(max_seconds / epoch_seconds)))


def train(
    session: Session,
    step_seconds: float,
    count: int,
    samples: Samples,
    max_seconds: float = math.inf,
) -> None:
    """Train `count` whole epochs from a fresh start; `samples` grows by one block an epoch.

    Under data parallelism an epoch is shared: every process does its part of the steps. An epoch
    that is not through after `max_seconds` is given up: on a busy machine it can take a thousand
    times what was foretold.
    """
    session.prepare()
    find_threads()
    end = perf_counter() + max_seconds
    for done in range(count):
        epoch = _epoch(session, step_seconds, done, count, end)
        if epoch is None:
            samples.stopped_because = "time"
            return
        samples.blocks.append(epoch)
    samples.stopped_because = "count"


def _epoch(
    session: Session, step_seconds: float, done: int, count: int, end: float
) -> Block | None:
    """One epoch as the sum of its chunks; progress is shown between them, off the clock. None where
    it was given up."""
    steps = session.steps_per_epoch
    chunk = max(1, round(CHUNK_SECONDS / step_seconds))
    whole = Block(0.0, 0.0, 0, 0.0, 0.0)
    for start in range(0, steps, chunk):
        if perf_counter() > end:
            return None
        share = (done + start / steps) / count
        session.progress(f"epoch {done + 1} of {count}", 0.5 + 0.5 * share)
        neighbours = Neighbours.now()
        block = session.steps(min(chunk, steps - start))
        (block,) = neighbours.judge([block], Neighbours.now())
        whole = whole.plus(block)
        session.tick()
    return whole


def epoch_starts(session: Session, samples: Samples, count: int = STARTS) -> None:
    """Time how an epoch begins, `count` times or for 3 s: the workers of the last one end, new ones
    start, the order is shuffled, the first batch is loaded and its step is done.

    Takes nothing where the workload has no `start_epoch`.
    """
    if getattr(session.workload, "start_epoch", None) is None:
        return
    end = perf_counter() + STARTS_SECONDS
    for _ in range(count):
        samples.blocks.append(session.first_step())
        session.tick()
        if perf_counter() > end:
            return
