"""A store's own runs as evidence: the same job measured elsewhere, and what other jobs tell."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from estimators.experience import NO_EXPERIENCE, Experience, Observation, learn
from estimators.hardware import CLASSES, Accelerator, match_device
from estimators.law import fitted
from estimators.step import observed
from estimators.sweep import fixed_seconds
from results.errors import RecordError
from results.records import Machine, Run, Workload
from results.statistics import median
from results.sweep import fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRuns:
    """Whole runs, the newest first, and what they say about devices."""

    runs: tuple[Run, ...] = ()
    experience: Experience = NO_EXPERIENCE

    def of_job(self, run: Run) -> tuple[Run, ...]:
        """Runs of the same job as `run`: same model, input, batch, precision and source."""
        wanted = identity(run.workload, run.workload.batch_size)
        return tuple(r for r in self.runs if identity(r.workload, r.workload.batch_size) == wanted)

    def fixed_seconds(self, run: Run) -> float | None:
        """The part of a step that does not grow with the batch, from runs that differ in it."""
        wanted = _place(run)
        return fixed_seconds(_sweeps(r for r in self.runs if _place(r) == wanted).get(wanted, {}))

    def speedups(self, run: Run) -> tuple[tuple[Accelerator, float], ...]:
        """How many times as fast other jobs ran on GPUs as on `run`'s processor: GPU and factor."""
        found = []
        for machine, slowdown in self._beside(run):
            device = match_device(machine.device_name) if machine.is_gpu else None
            if device is not None and device.projectable:
                found.append((device, 1 / slowdown))
        return tuple(found)

    def slowdowns(self, run: Run) -> tuple[tuple[str, int, float], ...]:
        """How many times as long jobs took on CPU instances as on `run`'s processor.

        Instance type, its vCPUs and the factor, one for each job and run there.
        """
        return tuple(
            (machine.instance_type, machine.cpu_count, slowdown)
            for machine, slowdown in self._beside(run)
            if machine.instance_type and not machine.is_gpu and machine.cpu_count >= 1
        )

    def _beside(self, run: Run) -> Iterator[tuple[Machine, float]]:
        """Where else jobs ran that ran on `run`'s processor, and how many times as long."""
        here: dict[tuple[object, ...], float] = {}
        there: dict[tuple[object, ...], list[tuple[Machine, float]]] = defaultdict(list)
        for other in self.runs:
            job = identity(other.workload, other.workload.batch_size)
            seconds = _step_seconds(other)
            if seconds is None or other.processes != 1:
                continue
            if _processor(other.machine) == _processor(run.machine):
                here.setdefault(job, seconds)
            else:
                there[job].append((other.machine, seconds))
        for job, seconds in here.items():
            for machine, other_seconds in there.get(job, ()):
                yield machine, other_seconds / seconds

    def thread_scaling(self, run: Run) -> float | None:
        """The exponent by which the job gains from threads on `run`'s processor, 0 to 1.

        The slope of −log(step) over log(threads) by least squares; None below two thread counts.
        """
        if run.machine.is_gpu:
            return None
        seconds: dict[int, float] = {}
        for other in (run, *self.of_job(run)):
            here, found = other.machine, _step_seconds(other)
            alike = here.cpu_name == run.machine.cpu_name and not here.is_gpu
            if alike and found is not None and other.processes == run.processes:
                seconds.setdefault(here.threads, found)
        if len(seconds) < 2:
            return None
        logs = [(math.log(threads), math.log(s)) for threads, s in seconds.items()]
        middle = sum(x for x, _ in logs) / len(logs)
        slope = sum((x - middle) * y for x, y in logs) / sum((x - middle) ** 2 for x, _ in logs)
        return min(1.0, max(0.0, -slope))


NO_PAST = PastRuns()


def past_runs(runs: Iterable[Run]) -> PastRuns:
    """Learn from the quiet ones of `runs`, the newest first; interrupted ones are passed over."""
    whole = tuple(run for run in runs if not run.partial)
    return PastRuns(runs=whole, experience=learn(_observations(whole), fitted()))


def identity(workload: Workload, batch: int | None = None) -> tuple[object, ...]:
    """What two runs of one job share; of any batch size where `batch` is None."""
    w = workload
    return (w.name, w.model, w.input_shape, w.precision, w.source_digest, w.options, batch)


def _processor(machine: Machine) -> tuple[object, ...]:
    return (machine.is_gpu, machine.device_name, machine.cpu_name, machine.threads)


def _place(run: Run) -> tuple[object, ...]:
    return (identity(run.workload), run.machine.device_name, run.processes)


def _step_seconds(run: Run) -> float | None:
    step = run.measurement("step")
    if step is None or step.verdict == "contended" or run.workload.batch_size < 1:
        return None
    try:
        seconds = step.seconds
    except (RecordError, ValueError, ZeroDivisionError):
        return None
    return seconds.mid if seconds.low > 0 else None


def _sweeps(runs: Iterable[Run]) -> dict[tuple[object, ...], dict[int, float]]:
    sweeps: dict[tuple[object, ...], dict[int, float]] = defaultdict(dict)
    for run in runs:
        seconds = _step_seconds(run)
        if seconds is not None:
            sweeps[_place(run)].setdefault(run.workload.batch_size, seconds)
        for point in fitting(run.sweep):
            if not point.contended:
                sweeps[_place(run)].setdefault(point.batch_size, median(point.step_seconds))
    return sweeps


def _observations(runs: Sequence[Run]) -> list[Observation]:
    sweeps, law, found = _sweeps(runs), fitted(), []
    for run in runs:
        device = match_device(run.machine.device_name) if run.machine.is_gpu else None
        seconds = _step_seconds(run)
        if device is None or not device.projectable or seconds is None or run.processes != 1:
            continue
        batch = run.workload.batch_size
        plain = Observation(
            label=repr(identity(run.workload)),
            mode="train",
            precision=CLASSES[run.workload.precision],
            batch=batch,
            accelerator=device,
            seconds_per_sample=seconds / batch,
        )
        found.append(observed(plain, fixed_seconds(sweeps[_place(run)]), law))
    return found
