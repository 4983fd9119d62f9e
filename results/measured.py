"""The records of what was measured: workload, machine, raw block times, the run that holds them.

The habits are those of `results.records`, from which the rooms import these too.
"""

from dataclasses import dataclass
from typing import Literal

from results.display import Shown
from results.measurement import Measurement, Verdict
from results.scaling import Scaling

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
    core_probe_seconds: float | None = None  # a probe's, between the steps that count, the median
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
