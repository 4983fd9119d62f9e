"""How long to warm up, how many blocks to take, and when to stop."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from bench.disturbance import Block, disturbed
from results.records import StopReason
from results.statistics import median, median_interval, relative_half_width

Tick = Callable[[], None]  # called between blocks, never inside one

PRECISION = 0.02  # half width of the 95% interval of the median at which sampling stops
MIN_BLOCKS = 20
WARMUP_GROUP = 5
WARMUP_MIN_SECONDS = 0.3
WARMUP_GAIN = 0.05  # still warming up while a group is more than this faster than the last one
GPU_BLOCK_SECONDS = 0.05  # long enough that the one synchronise a block costs under 0.1%


@dataclass
class Samples:
    """Blocks of one phase and why no more were taken."""

    blocks: list[Block] = field(default_factory=list)
    stopped_because: StopReason = "time"


def warm_up(run_block: Callable[[], Block], max_seconds: float, tick: Tick) -> list[Block]:
    """Run blocks until a group of five is no longer 5% faster than the five before it.

    At least 0.3 s and two groups, at most `max_seconds`, but always one block. Returns all of them.
    """
    blocks: list[Block] = []
    end = perf_counter() + max_seconds
    earliest = perf_counter() + min(WARMUP_MIN_SECONDS, max_seconds)
    while True:
        blocks.append(run_block())
        tick()
        now = perf_counter()
        if now >= end or (now >= earliest and _is_steady(blocks)):
            return blocks


def _is_steady(blocks: list[Block]) -> bool:
    if len(blocks) < 2 * WARMUP_GROUP:
        return False
    recent = median([b.seconds for b in blocks[-WARMUP_GROUP:]])
    before = median([b.seconds for b in blocks[-2 * WARMUP_GROUP : -WARMUP_GROUP]])
    return recent >= (1 - WARMUP_GAIN) * before


def sample(run_block: Callable[[], Block], max_seconds: float, tick: Tick) -> Samples:
    """Take blocks until the 95% interval of the median is within ±2%, or time is up.

    Only undisturbed blocks count towards the interval. At least one block is taken.
    """
    samples = Samples()
    end = perf_counter() + max_seconds
    next_check = MIN_BLOCKS
    while True:
        samples.blocks.append(run_block())
        tick()
        if len(samples.blocks) >= next_check:
            next_check = round(1.2 * next_check)
            if _is_precise(samples.blocks):
                samples.stopped_because = "precise"
                return samples
        if perf_counter() >= end:
            return samples


def _is_precise(blocks: list[Block]) -> bool:
    bad = disturbed(blocks)
    quiet = [b.seconds for b, is_bad in zip(blocks, bad, strict=True) if not is_bad]
    return len(quiet) >= MIN_BLOCKS and relative_half_width(median_interval(quiet)) <= PRECISION


def steps_per_block(is_gpu: bool, step_seconds: float) -> int:
    """One step a block on a processor, so that a disturbance spoils one step; more on a GPU."""
    return max(1, round(GPU_BLOCK_SECONDS / max(step_seconds, 1e-7))) if is_gpu else 1
