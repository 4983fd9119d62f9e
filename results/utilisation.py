"""How well a step uses the device: what it waits for, and its share of the device's peak."""

from dataclasses import dataclass
from typing import Literal

from results.records import Run

DEVICE_BOUND_SHARE = 0.8  # of the step with the GPU at work: a faster GPU makes it shorter
LOADING_SHARE = 0.3  # of the step: then loading, not launching, is what the GPU waits for

BoundBy = Literal["device", "loading", "launch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What a device can do at most, and who says so."""

    flops_per_second: float | None
    bytes_per_second: float | None
    source: str


def step_seconds(run: Run) -> float | None:
    """Median seconds of a whole step; None where no step was timed."""
    step = run.measurement("step")
    return step.seconds.mid if step else None


def share_of_step(run: Run, phase: str) -> float | None:
    """Median of `phase` / median of the step; None where either was not timed."""
    part, step = run.measurement(phase), step_seconds(run)
    return part.seconds.mid / step if part and step else None


def remainder_seconds(run: Run) -> float | None:
    """Step − Σ phases: what no phase accounts for. Below 0 where the phases, timed apart, took
    longer than the step; None where the step has no phases."""
    step = step_seconds(run)
    apart = ("step", "epoch", "epoch_start", "evaluation")
    phases = [m.seconds.mid for m in run.measurements if m.phase not in apart]
    return step - sum(phases) if phases and step is not None else None


def gpu_busy_share(run: Run) -> float | None:
    """GPU time / wall time of a step, at most 1; None without a GPU or where it is not known."""
    step = step_seconds(run)
    return min(1.0, run.gpu_busy_seconds / step) if run.gpu_busy_seconds and step else None


def bound_by(run: Run) -> BoundBy | None:
    """What limits the step: `device` (the GPU is at work for 80% of it), else `loading` (30% of it)
    or `launch` (the host can't start kernels fast enough). None where GPU time is not known."""
    busy = gpu_busy_share(run)
    if busy is None:
        return None
    if busy >= DEVICE_BOUND_SHARE:
        return "device"
    return "loading" if (share_of_step(run, "load") or 0.0) >= LOADING_SHARE else "launch"


def model_flops_utilisation(run: Run, peak: Peak) -> float | None:
    """MFU = FLOPs a step / (step seconds × peak FLOP/s) (Chowdhery et al. 2022, PaLM, app. B)."""
    step = step_seconds(run)
    if run.flops_per_step is None or peak.flops_per_second is None or not step:
        return None
    return run.flops_per_step / (step * peak.flops_per_second)


def bytes_per_second(run: Run) -> float | None:
    """Achieved bandwidth: bytes its operations read and write / step seconds, caches aside."""
    step = step_seconds(run)
    return run.bytes_per_step / step if run.bytes_per_step and step else None


def joules_per_sample(run: Run) -> float | None:
    """Energy of the GPU / samples trained meanwhile; None where it is not known."""
    if run.energy_joules is None or not run.energy_steps:
        return None
    return run.energy_joules / (run.energy_steps * run.workload.batch_size)
