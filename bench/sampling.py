"""How long to warm up, how many blocks to take, and when to stop.

Blocks are taken in bursts, spread over the time of the measurement: a shared machine drifts within
seconds, and a stretch of blocks in one piece would not show it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from bench.core_speed import slowed
from bench.disturbance import Block, Neighbours, disturbed, find_threads
from bench.warmup import MIN_CHANGE, warmup_blocks
from results.records import Measurement, StopReason
from results.statistics import median, median_interval, relative_half_width

RunBlock = Callable[[], Block]
Tick = Callable[[], None]  # called between blocks, never inside one

PRECISION = 0.02  # half width of the 95% interval of the median at which sampling stops
MIN_BLOCKS = 20
BURSTS, BURST_SECONDS = 8, 0.1  # at least so many bursts, each so long where blocks are short
BURST_BLOCKS = 100  # kept of a burst; what more fits into its time only keeps the machine at work
# Over which bursts are spread at least, or drift would not be seen; at most for a long epoch.
SPREAD_SECONDS, MAX_SPREAD_SECONDS = 1.5, 8.0
WARMUP_MIN_BLOCKS, WARMUP_MIN_SECONDS = 16, 0.2
WARMUP_GROWTH = 1.5  # the series is looked at again when it is half as long again
GPU_BLOCK_SECONDS = 0.05  # long enough that the one synchronise a block costs under 0.1%
CPU_BLOCK_SECONDS = 0.001  # single steps of 0.3 ms took 7% longer than the same without a pause


@dataclass
class Samples:
    """Blocks of one phase in the bursts in which they came, and why no more were taken."""

    blocks: list[Block] = field(default_factory=list)
    stopped_because: StopReason = "time"
    bursts: list[int] = field(default_factory=list)  # blocks in each burst
    others_seconds: float | None = 0.0  # processor time of other programs during the bursts
    wall_seconds: float = 0.0  # of the bursts

    def take_burst(
        self,
        run_block: RunBlock,
        seconds: float,
        tick: Tick,
        before_blocks: Callable[[], object] = lambda: None,
    ) -> None:
        """Take blocks for `seconds`, one at least; the first hundred are kept.

        `before_blocks` is called last before them: reading what the kernel tells of the neighbours
        leaves the caches cold.
        """
        find_threads()
        before, neighbours = len(self.blocks), Neighbours.now()
        before_blocks()
        end = perf_counter() + seconds
        try:
            while True:
                block = run_block()
                if len(self.blocks) - before < BURST_BLOCKS:
                    self.blocks.append(block)
                tick()
                if perf_counter() >= end:
                    return
        finally:  # Ctrl-C keeps what was taken
            if len(self.blocks) > before:
                self.bursts.append(len(self.blocks) - before)
                self._look_around(before, neighbours)

    def _look_around(self, first: int, start: Neighbours) -> None:
        """Judge the blocks of a burst by what other programs used meanwhile, and add that up."""
        end = Neighbours.now()
        self.blocks[first:] = start.judge(self.blocks[first:], end)
        others = start.others_seconds(end)
        known = self.others_seconds is not None and others is not None
        self.others_seconds = (self.others_seconds or 0.0) + (others or 0.0) if known else None
        self.wall_seconds += end.wall_seconds - start.wall_seconds

    @property
    def others_processors(self) -> float | None:
        """Processors that other programs kept busy during the bursts; None where not counted."""
        if self.others_seconds is None or not self.wall_seconds:
            return None
        return self.others_seconds / self.wall_seconds

    def is_precise(self, precision: float = PRECISION) -> bool:
        """Whether the blocks that count, 20 at least, give the median to within `precision`.

        Beside busy others and on a core that is slow at times the bursts must give it, too: they
        are slowed as a whole, which the interval over blocks does not see.
        """
        taken = self.measurement("step")
        counts = [s for s, out in zip(taken.block_seconds, taken.left_out, strict=True) if not out]
        if len(counts) < MIN_BLOCKS:
            return False
        told = taken.by_bursts
        if told is None and taken.is_shared:
            return False
        if told and relative_half_width(told) > precision:
            return False
        return relative_half_width(median_interval(counts)) <= precision

    def measurement(self, phase: str, beside: Sequence[Block] = (), **more: Any) -> Measurement:
        """The blocks as a record; those `beside` were taken in turns with them."""
        probes = ([b.probe_seconds for b in blocks] for blocks in (self.blocks, beside))
        return Measurement(
            phase=phase,
            block_seconds=tuple(b.seconds for b in self.blocks),
            disturbed=disturbed(self.blocks),
            slowed=slowed(*probes),
            bursts=tuple(self.bursts),
            others_processors=self.others_processors,
            stopped_because=self.stopped_because,
            **more,
        )


def warm_up(run_block: RunBlock, max_seconds: float, tick: Tick, blocks: list[Block]) -> None:
    """Run blocks until the last change point (`bench.warmup`) lies behind and times have settled.

    At least 16 blocks and 0.2 s, at most `max_seconds`, but always one block. They are added to
    `blocks` as they come, so that Ctrl-C keeps them.
    """
    start, next_look = perf_counter(), WARMUP_MIN_BLOCKS
    while True:
        blocks.append(run_block())
        tick()
        elapsed = perf_counter() - start
        out_of_time = elapsed >= max_seconds
        if len(blocks) >= next_look and elapsed >= WARMUP_MIN_SECONDS:
            next_look = round(WARMUP_GROWTH * len(blocks))
            out_of_time = out_of_time or _has_settled(blocks)
        if out_of_time:
            return


def warm_and_steady(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    """The blocks of the warm-up and those after it, which are as good as any."""
    found = warmup_blocks([b.seconds for b in blocks], disturbed(blocks)) if blocks else 0
    if len(blocks) < WARMUP_MIN_BLOCKS:  # too few to tell: the first half is warm-up
        found = max(found, len(blocks) // 2)
    return blocks[:found], blocks[found:]


def _has_settled(blocks: list[Block]) -> bool:
    """Whether the last quarter is as fast as the quarter before it; only then can the second half
    be taken for steady."""
    quarter = len(blocks) // 4
    recent = median([b.seconds for b in blocks[-quarter:]])
    before = median([b.seconds for b in blocks[-2 * quarter : -quarter]])
    return abs(recent / before - 1) <= MIN_CHANGE


@dataclass
class Series:
    """One of the things that are sampled in turns: how to run a block, and what came of it."""

    run_block: RunBlock
    samples: Samples = field(default_factory=Samples)
    before_burst: Callable[[], object] = lambda: None  # off the clock


def sample_in_turns(
    series: list[Series],
    max_seconds: float,
    tick: Tick,
    precision: float = PRECISION,
    progress: Callable[[float], None] = lambda _share: None,
    epoch_seconds: float = 0.0,
) -> None:
    """Take bursts of each series in turns until all are precise, or time is up.

    All are precise when the 95% interval of each median is within ±`precision` and at least eight
    bursts were spread over 1.5 s, or as long as the epoch that they foretell lasts, up to 8 s. A
    series has one block at least.
    """
    start = perf_counter()
    # All bursts of a short measurement must fit into it.
    burst_seconds = min(BURST_SECONDS, max_seconds / (BURSTS * max(1, len(series))))
    least_seconds = max(SPREAD_SECONDS, min(MAX_SPREAD_SECONDS, epoch_seconds))
    rounds = 0
    while True:
        for one in series:
            one.samples.take_burst(one.run_block, burst_seconds, tick, one.before_burst)
        rounds += 1
        elapsed = perf_counter() - start
        progress(min(1.0, elapsed / max_seconds))
        spread = rounds >= BURSTS and elapsed >= least_seconds
        precise = [one.samples.is_precise(precision) for one in series]
        if (spread and all(precise)) or elapsed >= max_seconds:
            break
    for one, is_precise in zip(series, precise, strict=True):
        one.samples.stopped_because = "precise" if is_precise else "time"


def steps_per_block(is_gpu: bool, step_seconds: float) -> int:
    """On a processor one step a block, so that a disturbance spoils one step, or as many as last
    1 ms: the counters that are read between blocks cool the caches. More on a GPU."""
    least = GPU_BLOCK_SECONDS if is_gpu else CPU_BLOCK_SECONDS
    return max(1, round(least / max(step_seconds, 1e-7)))
