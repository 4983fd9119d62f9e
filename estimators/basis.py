"""What a projection needs of a run, worked out once for all offers."""

from contextlib import suppress
from dataclasses import dataclass, replace

from estimators.experience import NO_EXPERIENCE, Experience
from estimators.hardware import Accelerator, match_device
from estimators.past import NO_PAST, PastRuns
from results.epoch import predicted_epoch
from results.errors import NoAnswerError, RecordError
from results.records import Measurement, Run
from results.statistics import Interval

MAX_STEP_SECONDS = 1e9  # thirty years: beyond it a record is damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A measured run, reduced to what is projected."""

    run: Run
    step_seconds: Interval  # of one full batch, loading included
    from_epochs: bool  # whole epochs were measured or foretold: their short last batch is inside
    load_share: float | None  # of the step; None where loading was not timed apart
    contended: bool
    accelerator: Accelerator | None  # what the run was measured on; None on a CPU or if unknown
    fixed_seconds: float | None = None  # of a step, where runs with other batch sizes tell
    thread_scaling: float | None = None  # time ∝ threads^−this, where own runs tell
    speedups: tuple[tuple[Accelerator, float], ...] = ()  # of other jobs, from this CPU to GPUs
    slowdowns: tuple[tuple[str, int, float], ...] = ()  # on CPU instances, see PastRuns.slowdowns
    siblings: tuple["Basis", ...] = ()  # the same job, measured elsewhere or on more devices
    experience: Experience = NO_EXPERIENCE

    def steps(self, samples: int, processes: int) -> float:
        """Steps that each of `processes` takes for its part of `samples`, at least one.

        Measured in steps: ceil(samples / (batch·processes)). Measured in epochs: the same without
        rounding, as their last, shorter batch is already in the time of a step; but a part
        smaller than one batch takes as long as one, unless the whole epoch is smaller.
        """
        batch = self.run.workload.batch_size
        if not self.from_epochs:
            return -(-samples // (batch * processes))
        return max(samples / (batch * processes), min(1.0, samples / batch))


def basis(run: Run, past: PastRuns = NO_PAST) -> Basis:
    """Reduce `run` to what is projected, with what `past` runs say of the same job and devices.

    Raises NoAnswerError where neither a step nor an epoch was measured and RecordError for times
    that are none.
    """
    siblings = []
    for other in past.of_job(run):
        with suppress(NoAnswerError, RecordError):  # another run's damage is not this one's
            if other.run_id != run.run_id:
                siblings.append(_reduced(other, past))
    return replace(_reduced(run, past), siblings=tuple(siblings), experience=past.experience)


def _reduced(run: Run, past: PastRuns) -> Basis:
    """A run's epochs where it has any, else the epoch its steps foretell, else its steps.

    Quiet steps are worth more than contended epochs: a disturbance spoils every long stretch, but
    only some of the short ones.
    """
    workload = run.workload
    if workload.batch_size < 1 or workload.samples_per_epoch < 1:
        raise RecordError(
            f"Run {run.run_id} has batches of {workload.batch_size} and epochs of "
            f"{workload.samples_per_epoch} samples. Measure again: trainfare measure"
        )
    timed = run.measurement("step")
    step, epoch = (_seconds(run, m) for m in (timed, run.measurement("epoch")))
    contended = {m.phase for m in run.measurements if m.verdict == "contended"}
    spoilt = "epoch" in contended or (timed is not None and timed.is_shared)
    if step and "step" not in contended and spoilt:
        epoch = None
    rests_on = "epoch" if epoch else "step"
    epoch = epoch or predicted_epoch(run, undisturbed=True)
    load = _seconds(run, run.measurement("load"), may_be_zero=True)
    base = step
    if epoch:
        # Processes that trained together shared the epoch's steps.
        samples_per_step = workload.batch_size * run.processes
        base = epoch.scaled(samples_per_step / workload.samples_per_epoch)
        # Few epochs fit into a measurement, so their own spread says less than that of the steps.
        base = _at_least_as_wide(base, step) if step else base
    if base is None:
        raise NoAnswerError(
            f"Run {run.run_id} holds neither a step nor an epoch. Measure again: trainfare measure"
        )
    return Basis(
        run=run,
        step_seconds=base,
        from_epochs=epoch is not None,
        load_share=min(1.0, load.mid / step.mid) if load and step else None,
        contended=rests_on in contended,
        accelerator=match_device(run.machine.device_name) if run.machine.is_gpu else None,
        fixed_seconds=_fixed_seconds(run, past, step),
        thread_scaling=past.thread_scaling(run),
        speedups=() if run.machine.is_gpu else past.speedups(run),
        slowdowns=() if run.machine.is_gpu else past.slowdowns(run),
    )


def _fixed_seconds(run: Run, past: PastRuns, step: Interval | None) -> float | None:
    """The part of a step that is not the device's: by a batch sweep, or while the GPU was idle."""
    known = [past.fixed_seconds(run)]
    if step and run.gpu_busy_seconds is not None:
        known.append(max(0.0, step.mid - run.gpu_busy_seconds))
    return max((seconds for seconds in known if seconds is not None), default=None)


def _seconds(run: Run, measured: Measurement | None, may_be_zero: bool = False) -> Interval | None:
    if measured is None:
        return None
    try:
        seconds = measured.seconds
    except (ValueError, ZeroDivisionError) as error:
        raise _no_time(run, measured, str(error)) from None
    enough = seconds.low >= 0 if may_be_zero else seconds.low > 0
    if not enough or seconds.high > MAX_STEP_SECONDS:
        raise _no_time(run, measured, f"{seconds.low} to {seconds.high} s")
    return seconds


def _no_time(run: Run, measured: Measurement, why: str) -> RecordError:
    return RecordError(
        f"Run {run.run_id} has no usable time of its {measured.phase} ({why}). "
        "Measure again: trainfare measure"
    )


def _at_least_as_wide(base: Interval, other: Interval) -> Interval:
    """`base` with its ends at least as far from its middle, relatively, as those of `other`."""
    return Interval(
        low=min(base.low, base.mid * min(1.0, other.low / other.mid)),
        mid=base.mid,
        high=max(base.high, base.mid * max(1.0, other.high / other.mid)),
    )
