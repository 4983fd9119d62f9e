"""The record of the raw block times of one phase, and what its statistics make of them."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from results.statistics import (
    Interval,
    bursts_interval,
    median,
    median_interval,
    relative_half_width,
)

Verdict = Literal["quiet", "contended"]
StopReason = Literal["precise", "time", "count", "interrupted"]

# Below this many undisturbed blocks a median says little, so the verdict is `contended`.
MIN_QUIET_BLOCKS = 5
QUIET_SHARE = 0.25
# Above this share of the time lost to disturbances what lies between them can't be trusted either:
# of 26 turns of an MLP or RNN beside two busy processes a core four were 5 to 24% off, all of which
# had lost 27 to 32%; beside one a core they lost up to 24% (benchmarks/disturbance.py).
MAX_LOST_SHARE = 0.25
# Beside others a step that nobody interrupts takes its usual time in one burst and a third more in
# the next. Of 20 turns of an MLP or RNN in a restless quarter of an hour, 12 s of bursts each, the
# median of blocks was over 5% off in nine, the bursts' mean in four (benchmarks/disturbance.py).
BUSY_PROCESSORS, MAX_BURSTS_HALF_WIDTH = 0.5, 0.05
SHARED_SHARE = 0.1  # of the undisturbed blocks that were slowed; a few stray ones are no sharing


@dataclass(frozen=True, kw_only=True)  # no slots: what is worked out from raw times is kept
class Measurement:
    """The raw block times of one phase of one run.

    `block_seconds[i]` is the wall time of block i, `steps_per_block` steps long; `disturbed[i]`
    says whether something else had the processor meanwhile, `slowed[i]` whether the core itself was
    slow (`bench.core_speed`). Warm-up blocks are kept apart.
    """

    # load, copy, forward, backward, optimizer, step, epoch, or the workload's own; epoch_start (the
    # first step of an epoch: workers, first batch); evaluation (once over the test data)
    phase: str
    block_seconds: tuple[float, ...]
    disturbed: tuple[bool, ...]
    slowed: tuple[bool, ...] = ()  # empty where not looked at
    steps_per_block: int = 1
    samples_per_repeat: int | None = None  # samples in one step or one epoch
    warmup_seconds: tuple[float, ...] = ()  # of the blocks before times had settled
    warmup_steps: int = 0  # in all of these blocks together
    bursts: tuple[int, ...] = ()  # blocks in each burst; bursts are spread over the measurement
    others_processors: float | None = None  # that other programs kept busy meanwhile
    stopped_because: StopReason = "count"

    @cached_property
    def verdict(self) -> Verdict:
        """`quiet` where enough undisturbed blocks carry the statistics, else `contended`.

        Enough are five, and a quarter; disturbances took at most a quarter of the time; and beside
        busy others, or on a core that was slow at times, bursts agree.
        """
        quiet, total = self.disturbed.count(False), len(self.disturbed)
        needed = min(MIN_QUIET_BLOCKS, total)
        enough = total and quiet >= max(needed, QUIET_SHARE * total)
        is_quiet = enough and self.lost_share <= MAX_LOST_SHARE and not self.is_unsettled
        return "quiet" if is_quiet else "contended"

    @cached_property
    def left_out(self) -> tuple[bool, ...]:
        """Which blocks the statistics leave out: those disturbed, those slowed."""
        if not self.slowed:
            return self.disturbed
        return tuple(a or b for a, b in zip(self.disturbed, self.slowed, strict=True))

    @property
    def slowed_share(self) -> float:
        """Share of the undisturbed blocks whose core was slow; 0 where not looked at."""
        if not self.slowed or not (quiet := self.disturbed.count(False)):
            return 0.0
        return (self.left_out.count(True) - self.disturbed.count(True)) / quiet

    @property
    def slowdown(self) -> float | None:
        """How much longer blocks on a slow core took: ratio of medians − 1. None without both."""
        blocks = list(zip(self.block_seconds, self.disturbed, self.left_out, strict=True))
        slow = [seconds for seconds, bad, out in blocks if out and not bad]
        kept = [seconds for seconds, _, out in blocks if not out]
        return median(slow) / median(kept) - 1 if slow and kept and median(kept) else None

    @property
    def is_shared(self) -> bool:
        """Whether the core was slow at times: often another tenant of the host shares it."""
        return self.slowed_share > SHARED_SHARE

    @cached_property
    def by_bursts(self) -> Interval | None:
        """Seconds a block as the bursts tell it, where others kept half a processor busy or the
        core was slow at times; None elsewhere and where too few bursts tell."""
        if not are_busy(self.others_processors) and not self.is_shared:
            return None
        return bursts_interval(self.block_seconds, self.left_out, self.bursts)

    @property
    def is_unsettled(self) -> bool:
        """Whether others were busy or the core slow, and what is left gives no time: under five
        blocks, or bursts that leave it over ±5%.

        Bursts are asked of whole steps only: a quote rests on them. The parts have their intervals.
        """
        if self.is_shared and self.left_out.count(False) < MIN_QUIET_BLOCKS:
            return True
        if self.phase != "step":
            return False
        told = self.by_bursts
        if told is None:
            return self.is_shared
        return relative_half_width(told) > MAX_BURSTS_HALF_WIDTH

    @property
    def lost_share(self) -> float:
        """Share of the blocks' time that disturbances took.

        Σ over the disturbed blocks of max(0, seconds − median of the undisturbed) / Σ over all. 0
        where nothing was lost; 1 where no block was undisturbed.
        """
        pairs = list(zip(self.block_seconds, self.disturbed, strict=True))
        quiet = [seconds for seconds, bad in pairs if not bad]
        if not quiet:
            return 1.0
        usual, total = median(quiet), sum(self.block_seconds)
        lost = sum(max(0.0, seconds - usual) for seconds, bad in pairs if bad)
        return lost / total if total else 0.0

    @cached_property
    def sample_seconds(self) -> tuple[float, ...]:
        """Seconds a step (or epoch) of each block that the statistics use."""
        keep_all = self.verdict == "contended"
        pairs = zip(self.block_seconds, self.left_out, strict=True)
        return tuple(s / self.steps_per_block for s, out in pairs if keep_all or not out)

    @cached_property
    def seconds(self) -> Interval:
        """Median and its 95% interval, seconds a step (or epoch).

        Beside busy others and on a core that was slow at times: the mean of the bursts' medians and
        its interval. Contended: the median of what undisturbed blocks there are (of all, without
        any), from the fastest block to the third quartile of all. A disturbance only ever adds
        time.
        """
        samples = self.sample_seconds
        if self.verdict == "quiet":
            told = self.by_bursts
            return told.scaled(1 / self.steps_per_block) if told else median_interval(samples)
        ordered = sorted(samples)
        pairs = zip(samples, self.disturbed, strict=True)
        mid = median([s for s, bad in pairs if not bad] or samples)
        quartile = ordered[math.ceil(0.75 * (len(ordered) - 1))]
        return Interval(low=ordered[0], mid=mid, high=max(mid, quartile))

    @property
    def samples_per_second(self) -> float | None:
        """samples / median seconds; None for a phase in which samples mean nothing."""
        return (
            None if self.samples_per_repeat is None else self.samples_per_repeat / self.seconds.mid
        )


def are_busy(others_processors: float | None) -> bool:
    """Whether other programs kept at least half a processor busy."""
    return others_processors is not None and others_processors >= BUSY_PROCESSORS
