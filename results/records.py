"""The records that the rooms pass on: frozen, slotted, units in the names, nothing derived stored.

`None` means unknown, everywhere. Money is Decimal, time is float seconds. Raw samples are kept
and statistics are properties of them (see `results.statistics`).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from results.shown import Shown
from results.statistics import Interval, median_interval

SCHEMA_VERSION = 1

Provider = Literal["aws", "gcp", "azure"]
Allocation = Literal["on_demand", "spot"]
Grade = Literal["measured", "calibrated", "projected"]
Evidence = Literal["measured", "published", "projected", "assumed"]
Verdict = Literal["quiet", "contended"]
StopReason = Literal["precise", "time", "count", "interrupted"]

# Below this many undisturbed blocks a median says little, so the verdict is `contended`.
MIN_QUIET_BLOCKS = 5
QUIET_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was trained: enough to rebuild it elsewhere and to price it."""

    name: str
    reference: str  # what the command line was given: `cnn`, `my/file.py:factory`, …
    model: str
    input_shape: tuple[int, ...]
    batch_size: int  # samples a step, on one device
    precision: Literal["fp32", "tf32", "half"]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The raw block times of one phase of one run.

    `block_seconds[i]` is the wall time of block i, `steps_per_block` steps long; `disturbed[i]`
    says whether something else had the processor meanwhile. Warm-up blocks are kept apart.
    """

    phase: str  # load, copy, forward, backward, optimizer, step, epoch, or the workload's own
    block_seconds: tuple[float, ...]
    disturbed: tuple[bool, ...]
    steps_per_block: int = 1
    samples_per_repeat: int | None = None  # samples in one step or one epoch
    warmup_seconds: tuple[float, ...] = ()
    stopped_because: StopReason = "count"

    @property
    def verdict(self) -> Verdict:
        """`quiet` where enough undisturbed blocks carry the statistics, else `contended`."""
        quiet, total = self.disturbed.count(False), len(self.disturbed)
        needed = min(MIN_QUIET_BLOCKS, total)
        return "quiet" if total and quiet >= max(needed, QUIET_SHARE * total) else "contended"

    @property
    def sample_seconds(self) -> tuple[float, ...]:
        """Seconds a step (or epoch) of each block that the statistics use."""
        keep_all = self.verdict == "contended"
        pairs = zip(self.block_seconds, self.disturbed, strict=True)
        return tuple(s / self.steps_per_block for s, bad in pairs if keep_all or not bad)

    @property
    def seconds(self) -> Interval:
        """Median and its 95% interval, seconds a step (or epoch); spans all blocks if contended."""
        samples = self.sample_seconds
        found = median_interval(samples)
        if self.verdict == "quiet":
            return found
        return Interval(low=min(samples), mid=found.mid, high=max(samples))

    @property
    def samples_per_second(self) -> float | None:
        """samples / median seconds; None for a phase in which samples mean nothing."""
        return (
            None if self.samples_per_repeat is None else self.samples_per_repeat / self.seconds.mid
        )


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
    gpu: GpuReading | None = None
    processes: int = 1  # that trained together, one a device
    epochs_trained: int = 0
    metrics: tuple[tuple[str, float], ...] = ()  # after `epochs_trained`: test_loss, accuracy, …
    partial: bool = False
    warnings: tuple[str, ...] = ()

    def measurement(self, phase: str) -> Measurement | None:
        """The measurement of `phase`, or None where this run has none."""
        return next((m for m in self.measurements if m.phase == phase), None)

    @property
    def verdict(self) -> Verdict:
        """That of the step, or of the epoch where no step was timed: a quote rests on it."""
        timed = self.measurement("step") or self.measurement("epoch")
        return timed.verdict if timed else "contended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One row of a price list: an instance type, a region, a way to rent it."""

    provider: Provider
    service: str
    region: str
    instance_type: str
    vcpus: int
    memory_gib: float
    accelerator: str | None  # None: a CPU instance
    accelerator_count: float  # a fraction for a sliced GPU
    accelerator_memory_gib: float | None  # of one accelerator
    allocation: Allocation
    usd_per_hour: Decimal
    basis: Literal["published", "billed", "proxy", "derived"]
    as_of: str  # ISO date, or as much of one as the source told: `2026`, `2026-07`
    source: str
    sku: str | None = None
    licence: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be trained: a workload, for how long, on how many machines."""

    workload: Workload
    epochs: int
    samples_per_epoch: int
    nodes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdInterval:
    """A cost as an 80% interval, exact decimals."""

    low: Decimal
    mid: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateItem:
    """One line of an estimate: how long, how much, who bills it and how it is known."""

    name: str
    seconds: Interval
    usd: UsdInterval
    billed_by: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job would take and cost on one offer; seconds and usd are 80% intervals."""

    job: Job
    offer: Offer
    items: tuple[EstimateItem, ...]
    epoch_seconds: Interval
    seconds: Interval
    usd: UsdInterval
    grade: Grade
    assumptions: tuple[str, ...] = ()

    @property
    def usd_per_epoch(self) -> UsdInterval:
        """Cost of the running epoch alone, start-up apart: rate / 3600 × seconds × nodes."""
        rate = self.offer.usd_per_hour * self.job.nodes / 3600
        times = self.epoch_seconds
        return UsdInterval(
            low=rate * Decimal(times.low),
            mid=rate * Decimal(times.mid),
            high=rate * Decimal(times.high),
        )

    @property
    def usd_per_million_samples(self) -> Decimal:
        """Middle cost of an epoch × 10⁶ / samples per epoch."""
        return self.usd_per_epoch.mid * 1_000_000 / self.job.samples_per_epoch

    @property
    def samples_per_usd(self) -> Decimal:
        """Samples trained for one dollar at the middle estimate, start-up apart."""
        return self.job.samples_per_epoch / self.usd_per_epoch.mid


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Shown):
    """The answer as it was given, frozen with the prices it used."""

    quote_id: str
    captured_at: str
    run_id: str
    verdict: Verdict
    estimates: tuple[Estimate, ...]
    left_out: tuple[tuple[str, int], ...] = ()  # reason, number of offers


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What would be sent to a service, and the most it can cost."""

    provider: Provider
    service: str
    job_name: str
    request: dict[str, Any]
    max_usd: Decimal
    max_seconds: int  # compiled into the service's own stop setting
