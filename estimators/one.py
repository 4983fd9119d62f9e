"""One run on one other GPU, with the numbers that led there in words."""

import math
from dataclasses import dataclass

from estimators import notes
from estimators.assumptions import NOTABLE_HOST_SHARE
from estimators.basis import Basis, basis
from estimators.hardware import Accelerator, find_device, unknown_device
from estimators.past import PastRuns
from estimators.project import from_cpu, from_gpu, nearest
from estimators.step import ProjectedStep
from results import units
from results.errors import NoAnswerError, UsageError
from results.records import Grade, Run
from results.statistics import Interval

RATE_NAMES = ("sustained FLOP/s", "bandwidth", "multiprocessors")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneProjection:
    """A step there as an 80% interval, data loading left as it was measured."""

    run: Run
    source: str
    target: Accelerator
    measured_seconds: float  # of a step; where epochs are known, of an epoch over its steps
    alone_seconds: float | None  # of a step by itself, where `measured_seconds` is of an epoch
    seconds: Interval
    grade: Grade
    step: ProjectedStep | None  # None from a CPU
    assumptions: tuple[str, ...]
    contended: bool


def project_run(run: Run, target_name: str, past: PastRuns) -> OneProjection:
    """Project a step of `run` onto the device called `target_name`.

    Raises UsageError for a device that the hardware table has not, with near names, and
    NoAnswerError where no projection is possible.
    """
    target = find_device(target_name)
    if target is None:
        raise UsageError(unknown_device(target_name))
    if not target.projectable:
        raise NoAnswerError(f"{target.name} is another kind of accelerator: measure on it")
    base = nearest(basis(run, past), target, 1)
    seconds, step, assumptions = _there(base, target)
    return OneProjection(
        run=base.run,
        source=base.accelerator.name if base.accelerator else base.run.machine.device_name,
        target=target,
        measured_seconds=base.step_seconds.mid,
        alone_seconds=_alone_seconds(base),
        seconds=seconds,
        grade=step.grade if step else "calibrated" if base.speedups else "projected",
        step=step,
        assumptions=assumptions,
        contended=base.contended,
    )


def _alone_seconds(base: Basis) -> float | None:
    step = base.run.measurement("step")
    return step.seconds.mid if step and base.from_epochs else None


def _there(
    base: Basis, target: Accelerator
) -> tuple[Interval, ProjectedStep | None, tuple[str, ...]]:
    share = base.load_share or 0.0
    work, loading = base.step_seconds.scaled(1 - share), base.step_seconds.scaled(share)
    if not base.run.machine.is_gpu:
        found, assumptions = from_cpu(base, target, work, 1.0)
        return found + loading, None, assumptions
    seconds, step, assumptions = from_gpu(base, target, work, 1.0)
    return seconds + loading, step, assumptions


def _whole(found: OneProjection) -> str:
    """Why the time differs from the step that `measure` shows, where it does."""
    if found.alone_seconds is None:
        return ""
    alone = units.seconds_text(found.alone_seconds)
    return f" in whole epochs, with their start and last batch ({alone} by itself)"


def explanation(found: OneProjection) -> list[str]:
    """The answer in one line, then what it is made of."""
    there = found.seconds
    lines = [
        f"{found.run.workload.name}: {units.seconds_text(there.mid)} a step on {found.target.name} "
        f"(80%: {units.seconds_text(there.low)} to {units.seconds_text(there.high)}), "
        f"{found.grade}; {units.seconds_text(found.measured_seconds)} on {found.source}"
        f"{_whole(found)}"
    ]
    step = found.step
    if step is not None and step.grade != "measured":
        gains = ", ".join(
            f"{name} ×{math.exp(gain):.2f}"
            for name, gain in zip(RATE_NAMES, step.log_rates, strict=True)
        )
        lines.append(f"{found.target.name} over {found.source}: {gains}")
        if step.host_seconds < NOTABLE_HOST_SHARE * found.measured_seconds:
            lines.append(notes.launch_bound(step.host_seconds))
    lines += found.assumptions
    if found.contended:
        lines.append(notes.CONTENDED)
    lines.append(f"figures of {found.target.name}: {found.target.source}")
    return lines
