"""One change against the plain workload: blocks of both in turn, and the loss of both."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter, sleep

import torch

from bench import runner
from bench.disturbance import Block, Neighbours, disturbed, find_threads
from bench.workload import TorchWorkload, Workload
from results.advice import MIN_QUIET_ROUNDS, Check
from results.statistics import median, median_interval, relative_half_width

# Short ones are less often disturbed; on a GPU each ends with a wait for the device.
BLOCK_SECONDS, GPU_BLOCK_SECONDS = 0.01, 0.05
MIN_ROUNDS, MAX_ROUNDS = 12, 2000
PRECISION = 0.01  # half width of the speed-up's interval at which to stop
CHECK_STEPS, LAST_STEPS = 20, 5
# Each side's warm-up: at most so long, and a fifth of its trial.
WARMUP_SECONDS, WARMUP_SHARE, WARMUP_STEPS = 0.3, 0.2, 3
MAX_REFILL_SECONDS = 0.3


class Side:
    """A prepared workload and what has to be set before each of its blocks."""

    def __init__(self, session: runner.Session, threads: int) -> None:
        self.session, self.threads = session, threads
        self.blocks: list[Block] = []
        self.steps = 1

    def warm_up(self, max_seconds: float) -> None:
        """Until it has settled; then its blocks get their length."""
        self.use_threads()
        start = perf_counter()
        seconds: list[float] = []
        while len(seconds) < WARMUP_STEPS or perf_counter() - start < max_seconds:
            seconds.append(self.session.steps(1).seconds)
        usual = median(seconds[len(seconds) // 2 :])
        seconds_each = GPU_BLOCK_SECONDS if self.session.is_gpu else BLOCK_SECONDS
        self.steps = max(1, round(seconds_each / max(usual, 1e-7)), 2 * self.prefetched)

    def use_threads(self) -> None:
        """Both sides share the process, so each sets its own number of threads."""
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

    def take(self) -> None:
        """One block. What workers had loaded ahead in the pause before is used up off the clock,
        and they may fill up again after it."""
        self.use_threads()
        if self.prefetched:
            self.session.steps(self.prefetched)
        self.session.tick()
        block = self.session.steps(self.steps)
        self.blocks.append(block)
        if self.prefetched:
            sleep(min(MAX_REFILL_SECONDS, self.prefetched * block.seconds / self.steps))

    @property
    def prefetched(self) -> int:
        """Batches that workers load ahead."""
        return int(getattr(self.session.workload, "prefetched_batches", 0))

    @property
    def sample_seconds(self) -> list[float]:
        """Seconds a sample of each block."""
        samples = self.steps * self.session.workload.samples_per_step
        return [block.seconds / samples for block in self.blocks]


def in_turn(plain: Side, changed: Side, max_seconds: float) -> tuple[bool, ...]:
    """Blocks of both in changing order (ABBA), so that a drift of the machine hits both alike.

    Ends once the speed-up is known to ±1% or time is up, warm-up included; returns which rounds
    were disturbed.
    """
    end, next_check = perf_counter() + max_seconds, MIN_ROUNDS
    for side in (plain, changed):
        side.warm_up(min(WARMUP_SECONDS, WARMUP_SHARE * max_seconds))
    find_threads()
    neighbours = Neighbours.now()
    while True:
        order = (plain, changed) if len(plain.blocks) % 2 else (changed, plain)
        for side in order:
            side.take()
        count = len(plain.blocks)
        done = perf_counter() >= end and count >= MIN_QUIET_ROUNDS
        if count >= next_check:
            next_check = round(1.2 * next_check)
            done = done or _is_precise(plain, changed, neighbours)
        if done or count >= MAX_ROUNDS:
            return _bad_rounds(plain, changed, neighbours)


def _bad_rounds(plain: Side, changed: Side, neighbours: Neighbours) -> tuple[bool, ...]:
    """Rounds in which either block was disturbed."""
    sides = []
    for side in (plain, changed):
        # Workers compete with their own parent, so it is what others used that counts.
        blocks = neighbours.judge(side.blocks, Neighbours.now()) if side.prefetched else side.blocks
        sides.append(disturbed(blocks))
    return tuple(map(any, zip(*sides, strict=True)))


def _is_precise(plain: Side, changed: Side, neighbours: Neighbours) -> bool:
    times = zip(plain.sample_seconds, changed.sample_seconds, strict=True)
    bad = _bad_rounds(plain, changed, neighbours)
    kept = [a / b for (a, b), is_bad in zip(times, bad, strict=True) if not is_bad]
    return len(kept) >= MIN_ROUNDS and relative_half_width(median_interval(kept)) <= PRECISION


def check(
    plain: Callable[[], Workload],
    changed: Callable[[], Workload],
    how: runner.Session,
    tolerance: float,
    threads: int | None = None,
) -> Check | None:
    """Losses of both after 20 steps from the same seed, the changed one with `threads`.

    None for a workload that tells no loss. Raises UsageError where a step fails, as where the
    memory does not hold one workload more.
    """
    losses = []
    for make, count in ((plain, how.threads), (changed, threads or how.threads)):
        told: list[float] = []
        session = runner.Session(_telling(make, told), how.device, how.batch_size, count, how.seed)
        torch.manual_seed(how.seed)  # data and dropout as well, whatever making it drew
        session.steps(CHECK_STEPS)
        if len(told) < LAST_STEPS:
            return None
        losses.append(sum(told[-LAST_STEPS:]) / LAST_STEPS)
    return Check(
        steps=CHECK_STEPS, plain_loss=losses[0], changed_loss=losses[1], tolerance_ratio=tolerance
    )


def _telling(make: Callable[[], Workload], told: list[float]) -> Callable[[], Workload]:
    """The workload with its losses written down."""

    def made() -> Workload:
        workload = make()
        if not isinstance(workload, TorchWorkload):
            return workload
        plain = workload.loss

        def loss(outputs: object, targets: torch.Tensor) -> torch.Tensor:
            found = plain(outputs, targets)
            told.append(float(found.detach()))
            return found

        return replace(workload, loss=loss)

    return made
