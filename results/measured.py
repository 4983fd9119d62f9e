"""The records of what was measured: workload, machine, raw block times, the run that holds them.

The habits are those of `results.records`, from which the rooms import these too.
"""

import math
from dataclasses import dataclass
from typing import Literal

from results.display import Shown
from results.scaling import Scaling
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
ONE_THREAD = "measured with one thread"  # how the warning of `bench.crowded` begins


# `half` is one of the two forms of 16 bits, it is not known which.
WorkloadPrecision = Literal["fp32", "tf32", "half", "fp16", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was trained: enough to rebuild it elsewhere and to price it."""

    name: str
    reference: str  # what the command line was given: `cnn`, `my/file.py:factory`, …
    model: str
    input_shape: tuple[int, ...]
    batch_size: int  # samples a step, on one device
    precision: WorkloadPrecision
    samples_per_epoch: int
    sample_unit: str  # what one sample is: `image`, `window`, …
    parameter_count: int | None = None
    data_note: str | None = None  # shown beside every figure, e.g. that the data is not MNIST
    source_digest: str | None = None  # sha256 of the user's own file, where there is one
    options: tuple[tuple[str, str], ...] = ()  # what else the factory was given, e.g. image_size
    data_root: str | None = None  # a folder of this machine, so it does not travel with the job

    @property
    def steps_per_epoch(self) -> int:
        """ceil(samples_per_epoch / batch_size): the short last batch is a step too."""
        return -(-self.samples_per_epoch // self.batch_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it was measured. Two runs may be compared only where these agree."""

    device: str  # `cpu` or `cuda:0`
    device_name: str  # as the driver or the kernel reports it
    device_memory_bytes: int | None
    cpu_name: str
    cpu_count: int
    threads: int
    memory_bytes: int | None
    platform: str
    python_version: str
    torch_version: str
    cuda_version: str | None = None
    driver_version: str | None = None
    load_average: float | None = None  # over the last minute, when the run began
    commit: str | None = None  # of the repository in the working folder, where there is one
    instance_type: str | None = None  # that was rented for it, where a job brought the record home

    @property
    def is_gpu(self) -> bool:
        """Whether the device is an accelerator rather than the processor."""
        return self.device != "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """What NVML said about the GPU while the steps ran; medians over the readings."""

    utilization_percent: float | None
    power_watts: float | None
    sm_clock_mhz: float | None
    memory_used_bytes: int | None
    sm_clock_max_mhz: float | None = None
    throttle_reasons: tuple[str, ...] = ()  # why the clock was held down, in NVML's words
    other_processes: int | None = None  # programs of others on this GPU, at most at one time


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """One batch size of a sweep: its step times, or why it has none."""

    batch_size: int
    step_seconds: tuple[float, ...] = ()  # of the undisturbed blocks, a step each
    contended: bool = False
    peak_memory_bytes: int | None = None
    problem: str | None = None  # `out of memory`, where it did not fit


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @property
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

    @property
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

    @property
    def by_bursts(self) -> Interval | None:
        """Seconds a block as the bursts tell it, where others kept half a processor busy or the
        core was slow at times; None elsewhere and where too few bursts tell."""
        if not are_busy(self.others_processors) and not self.is_shared:
            return None
        return bursts_interval(self.block_seconds, self.left_out, self.bursts)

    @property
    def is_unsettled(self) -> bool:
        """Whether others were busy or the core slow, and the bursts give no step within ±5%.

        Asked of whole steps only: a quote rests on them. The parts have their intervals.
        """
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

    @property
    def sample_seconds(self) -> tuple[float, ...]:
        """Seconds a step (or epoch) of each block that the statistics use."""
        keep_all = self.verdict == "contended"
        pairs = zip(self.block_seconds, self.left_out, strict=True)
        return tuple(s / self.steps_per_block for s, out in pairs if keep_all or not out)

    @property
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Shown):
    """Everything one `measure` found out: one machine, one workload, a measurement a phase."""

    run_id: str
    captured_at: str  # ISO 8601, UTC
    workload: Workload
    machine: Machine
    measurements: tuple[Measurement, ...]
    peak_memory_bytes: int | None = None
    flops_per_step: int | None = None
    bytes_per_step: int | None = None  # that its operations read and write, caches aside
    gpu: GpuReading | None = None
    gpu_busy_seconds: float | None = None  # a step: the time in which the GPU had work
    energy_joules: float | None = None  # of the GPU, over `energy_steps` steps
    energy_steps: int | None = None
    sweep: tuple[SweepPoint, ...] = ()  # the same workload at other batch sizes
    seed: int | None = None
    processes: int = 1  # that trained together, one a device
    epochs_trained: int = 0
    metrics: tuple[tuple[str, float], ...] = ()  # after `epochs_trained`: test_loss, accuracy, …
    scaling: Scaling | None = None  # how it does on several devices of this machine
    partial: bool = False
    warnings: tuple[str, ...] = ()

    def measurement(self, phase: str) -> Measurement | None:
        """The measurement of `phase`, or None where this run has none."""
        return next((m for m in self.measurements if m.phase == phase), None)

    @property
    def gave_way(self) -> bool:
        """Whether other programs made it use one thread instead of several."""
        return any(text.startswith(ONE_THREAD) for text in self.warnings)

    @property
    def verdict(self) -> Verdict:
        """That of the step, or of the epoch where no step was timed: a quote rests on it."""
        timed = self.measurement("step") or self.measurement("epoch")
        return timed.verdict if timed else "contended"
