"""A step from one GPU to another: what every quote and every line of `trainfare project` rests on.

there = host · clock_here/clock_there + (here − host) · exp(law + own runs)
"""

import math
from dataclasses import dataclass, replace

from estimators.assumptions import SAME_GPU_SPREAD
from estimators.experience import NO_EXPERIENCE, Experience, Mode, Observation
from estimators.hardware import Accelerator, Precision
from estimators.law import Law, fitted, log_factor, log_rates, log_spread
from results.records import Grade
from results.statistics import Interval

LARGEST_HOST_SHARE = 0.9  # of a step: something runs on the device


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTask:
    """A time measured on `source` that is wanted on `target`."""

    mode: Mode
    precision: Precision
    source: Accelerator
    target: Accelerator
    seconds: float  # of a step; of a sample where the batch is not known
    is_step: bool = True
    fixed_seconds: float | None = None  # of a step, from a batch sweep on the source


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedStep:
    """The time there as an 80% interval, and the numbers that led to it."""

    seconds: Interval
    grade: Grade
    host_seconds: float  # of the measured step: launches, which a device does not speed up
    log_rates: tuple[float, ...]  # FLOP/s, bandwidth, multiprocessors: there over here
    device_factor: float  # of the rest, by the law alone
    own_factor: float  # what own runs on several devices add to it; 1 without any
    own_models: int  # that ran on both devices
    spread_factor: float  # the upper end over the middle


def project_step(
    task: StepTask, experience: Experience = NO_EXPERIENCE, law: Law | None = None
) -> ProjectedStep:
    """Project one step from GPU to GPU.

    Latency of kernels and launches goes with the clock, the rest with the law (see
    `estimators.law`) and with what own runs say of the two devices. The interval is a conformal
    one; evidence from own runs narrows it. Raises NoAnswerError where a peak figure is missing.
    """
    law = law or fitted()
    source, target = task.source, task.target
    host = host_seconds(law, task)
    gains = tuple(log_rates(source, target, task.precision))
    if source.chip == target.chip:
        own, models = 0.0, 0
        low, high = 1 - SAME_GPU_SPREAD, 1 + SAME_GPU_SPREAD
    else:
        own = experience.log_shift(source.chip, target.chip, task.mode, task.precision)
        models = experience.models_on_both(source.chip, target.chip)
        evidence = experience.evidence(source.chip, target.chip, task.mode, task.precision)
        length = task.seconds if task.is_step else None
        spread = log_spread(law, source, target, task.precision, length) * narrowing(law, evidence)
        low, high = math.exp(-spread), math.exp(spread)
    device = math.exp(log_factor(law, source, target, task.precision))
    mid = host * clock_factor(source, target) + (task.seconds - host) * device * math.exp(own)
    return ProjectedStep(
        seconds=Interval(low=mid * low, mid=mid, high=mid * high),
        grade="measured" if source.chip == target.chip else "calibrated" if models else "projected",
        host_seconds=host,
        log_rates=gains,
        device_factor=device,
        own_factor=math.exp(own),
        own_models=models,
        spread_factor=high,
    )


def host_seconds(law: Law, task: StepTask) -> float:
    """The part of the measured step that is launches and latency, seconds.

    From the batch sweep where there is one, but no more than a cap, as a large fixed part is work
    on weights (uncapped it spoils large models); else step·cap / (step + cap): nearly all of a
    short step, the cap of a long one.
    """
    if not task.is_step:
        return 0.0
    told, cap = task.fixed_seconds, law.host_cap_seconds
    host = task.seconds * cap / (task.seconds + cap) if told is None else min(told, cap)
    return min(host, LARGEST_HOST_SHARE * task.seconds)


def clock_factor(source: Accelerator, target: Accelerator) -> float:
    """How much longer a kernel's latency is there: the inverse ratio of clocks; 1 if unknown."""
    if source.clock_mhz is None or target.clock_mhz is None:
        return 1.0
    return source.clock_mhz / target.clock_mhz


def narrowing(law: Law, models: float) -> float:
    """What is left of the spread where `models` own models ran on both devices; 1 for none."""
    doubt = law.own_runs_half / (models + law.own_runs_half)
    return law.own_runs_spread + (1 - law.own_runs_spread) * doubt


def observed(run: Observation, fixed_seconds: float | None, law: Law) -> Observation:
    """`run` with its host part, taken as it is for a projection from it."""
    batch = run.batch or 1
    task = StepTask(
        mode=run.mode,
        precision=run.precision,
        source=run.accelerator,
        target=run.accelerator,
        seconds=run.seconds_per_sample * batch,
        is_step=run.batch is not None,
        fixed_seconds=fixed_seconds,
    )
    return replace(run, host_seconds_per_sample=host_seconds(law, task) / batch)
