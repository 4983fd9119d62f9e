"""From an epoch measured on one machine to an epoch on an offer, with an honest interval."""

import math
from dataclasses import dataclass

from estimators import notes, rules
from estimators.assumptions import BURSTABLE_FAMILIES, NOT_FOR_TRAINING, NOTABLE_HOST_SHARE
from estimators.basis import Basis, basis
from estimators.hardware import CLASSES, Accelerator, find_accelerator, unknown_device
from estimators.law import fitted, log_factor
from estimators.processors import Processor, find_processor, processor_of
from estimators.scaling import shared_work
from estimators.step import ProjectedStep, StepTask, project_step
from results.errors import NoAnswerError
from results.records import Grade, Offer, Run
from results.statistics import Interval

GIB = 2**30
TINY_SECONDS = 1e-9  # where all of a step is loading


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """An epoch on an offer as an 80% interval, what it rests on and what was assumed."""

    epoch_seconds: Interval
    grade: Grade
    assumptions: tuple[str, ...]
    step: ProjectedStep | None = None  # of one GPU, where one GPU's time led to another's


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step on the offer's device, before the work is shared among several."""

    seconds: Interval
    grade: Grade
    assumptions: tuple[str, ...]
    projected: ProjectedStep | None = None


def project_epoch(run: Run, offer: Offer, samples_per_epoch: int, nodes: int = 1) -> Projection:
    """Project an epoch of `samples_per_epoch` samples from `run` onto `nodes` machines of `offer`.

    epoch = steps × step, step = loading × CPU rule + the rest × device rule (see
    `estimators.step` and `estimators.rules`); the job is data-parallel over all accelerators of all
    nodes, one process each and the batch of a process kept; on CPU instances one process a node.
    Raises NoAnswerError with a short reason where it cannot be projected.
    """
    return project_from(basis(run), offer, samples_per_epoch, nodes)


def project_from(base: Basis, offer: Offer, samples_per_epoch: int, nodes: int = 1) -> Projection:
    """`project_epoch` from a basis that many offers share.

    Where the same job was measured on the offer's accelerator too, that run is the basis.
    """
    if NOT_FOR_TRAINING.fullmatch(offer.instance_type):
        raise NoAnswerError("SageMaker rents this type to notebooks, not to training jobs")
    there = _measured_there(base, offer, samples_per_epoch, nodes)
    if there is not None:
        return there
    per_node = processes_per_node(offer)
    target = find_accelerator(offer.accelerator) if offer.accelerator else None
    used = nearest(base, target, per_node * nodes)
    _check_fits(used, offer)
    step = _on_gpu(used, offer) if offer.accelerator else _on_cpu(used, offer)
    share = shared_work(base, used, per_node, nodes)
    assumptions = step.assumptions + share.assumptions
    if used.contended:
        assumptions += (notes.CONTENDED,)
    grade = step.grade if share.measured else "projected"
    return Projection(
        epoch_seconds=rules.times(step.seconds, share.factor).scaled(
            used.steps(samples_per_epoch, per_node * nodes)
        ),
        grade=grade,
        assumptions=assumptions,
        step=step.projected,
    )


def _measured_there(
    base: Basis, offer: Offer, samples_per_epoch: int, nodes: int
) -> Projection | None:
    """Where the job ran on this very instance type with as many processes: nothing to project."""
    processes = processes_per_node(offer) * nodes
    there = [
        known
        for known in (base, *base.siblings)
        if (known.run.machine.instance_type, known.run.processes)
        == (offer.instance_type, processes)
    ]
    if not there:
        return None
    used = min(there, key=lambda known: known.contended)
    step = rules.times(used.step_seconds, rules.SAME_DEVICE)
    return Projection(
        epoch_seconds=step.scaled(used.steps(samples_per_epoch, processes)),
        grade="measured",
        assumptions=(notes.SAME_INSTANCE, *((notes.CONTENDED,) if used.contended else ())),
    )


def processes_per_node(offer: Offer) -> int:
    """One process an accelerator; one where there is none or a fraction of one."""
    return max(1, int(offer.accelerator_count))


def nearest(base: Basis, target: Accelerator | None, processes: int) -> Basis:
    """The run of the job closest to `target` (None: a CPU): same accelerator, then same kind.

    Among equals one of as many processes comes first, then one of a single process.
    """

    def distance(known: Basis) -> tuple[bool, ...]:
        here = known.accelerator
        other_chip = target is not None and (here is None or here.chip != target.chip)
        other_kind = known.run.machine.is_gpu != (target is not None)
        sharing = known.run.processes
        wanted = 1 if other_chip else processes  # how they talk does not go with the device
        other_count = sharing not in (1, wanted), sharing != wanted
        return (other_kind, other_chip, *other_count, known.contended)

    return min((base, *base.siblings), key=distance)


def _check_fits(base: Basis, offer: Offer) -> None:
    peak_bytes = base.run.peak_memory_bytes
    if peak_bytes is None:
        return
    if offer.accelerator and base.run.machine.is_gpu:
        known, of = offer.accelerator_memory_gib, offer.accelerator
    elif not offer.accelerator and not base.run.machine.is_gpu:
        known, of = offer.memory_gib, "the instance"
    else:
        return
    if known is not None and peak_bytes > known * GIB:
        raise NoAnswerError(f"needs {peak_bytes / GIB:.1f} GiB of memory, {of} has {known:g}")


def _on_cpu(base: Basis, offer: Offer) -> _Step:
    if base.run.machine.is_gpu:
        raise NoAnswerError(
            "measured on a GPU; a CPU time can't be projected from it: measure with --device cpu"
        )
    processor = find_processor(offer)
    own = _beyond_rule(base, offer, processor)
    factor = rules.moved_by_own_runs(_cpu_rule(base, offer.vcpus, processor), own)
    assumptions: tuple[str, ...] = (notes.CPU_RULE,)
    if own:
        assumptions += (notes.own_slowdowns(len(own), offer.instance_type),)
    if base.thread_scaling is not None:
        assumptions += (notes.thread_scaling(base.thread_scaling),)
    if processor:
        assumptions += (notes.processor(processor, offer.vcpus),)
    if offer.instance_type.startswith(BURSTABLE_FAMILIES):
        assumptions += (notes.BURSTABLE,)
    return _Step(
        seconds=rules.times(base.step_seconds, factor),
        grade="calibrated" if own else "projected",
        assumptions=assumptions,
    )


def _cpu_rule(base: Basis, vcpus: int, processor: Processor | None) -> Interval:
    cores = processor.cores(vcpus) if processor else None
    return rules.cpu_factor(base.run.machine.threads, vcpus, cores, base.thread_scaling)


def _beyond_rule(base: Basis, offer: Offer, processor: Processor | None) -> list[float]:
    """How many times as long as the rule has it jobs took on the offer's processor.

    A burstable instance says nothing of others: its speed is a matter of credits.
    """
    found = []
    for instance_type, vcpus, slowdown in base.slowdowns:
        there = processor_of(offer.provider, instance_type)
        same = there and processor and there.name == processor.name
        burstable = instance_type.startswith(BURSTABLE_FAMILIES)
        if instance_type == offer.instance_type or (same and not burstable):
            found.append(slowdown / _cpu_rule(base, vcpus, there).mid)
    return found


def _on_gpu(base: Basis, offer: Offer) -> _Step:
    target = find_accelerator(offer.accelerator or "")
    if target is None:
        raise NoAnswerError(f"{offer.accelerator} is not in the hardware table")
    if not target.projectable:
        raise NoAnswerError(f"{target.name} is another kind of accelerator: measure on it")
    fraction = min(1.0, offer.accelerator_count)
    share = base.load_share or 0.0
    work, loading = base.step_seconds.scaled(1 - share), base.step_seconds.scaled(share)
    # The processes of a machine load at the same time and share its processors.
    host = rules.cpu_factor(base.run.machine.threads, offer.vcpus / processes_per_node(offer))
    step = None
    if base.run.machine.is_gpu:
        device, step, assumptions = from_gpu(base, target, work, fraction)
    else:
        device, assumptions = from_cpu(base, target, work, fraction)
    seconds = device + rules.times(loading, host)
    if base.load_share is None:
        seconds = rules.hull(seconds, rules.times(base.step_seconds, host))
        assumptions += (notes.LOADING_UNKNOWN,)
    grade: Grade = step.grade if step else "calibrated" if base.speedups else "projected"
    if grade == "measured" and fraction < 1:
        grade = "projected"
    return _Step(seconds=seconds, grade=grade, assumptions=assumptions, projected=step)


def from_cpu(
    base: Basis, target: Accelerator, work: Interval, fraction: float
) -> tuple[Interval, tuple[str, ...]]:
    """`work` on the target, from a CPU: by other jobs that ran on both, else within wide limits."""
    _check_arithmetic(base, target, target)
    precision = CLASSES[base.run.workload.precision]
    there = [
        speedup / math.exp(log_factor(fitted(), gpu, target, precision))
        for gpu, speedup in base.speedups
    ]
    note = notes.own_speedups(len(there)) if there else notes.CPU_TO_GPU
    return rules.gpu_from_cpu_seconds(work, fraction, there), (note,)


def _check_arithmetic(base: Basis, source: Accelerator, target: Accelerator) -> None:
    precision = base.run.workload.precision
    if target.lacks(precision):
        raise NoAnswerError(f"trains in {precision}, which {target.name} has no arithmetic for")
    if source.lacks(precision):
        raise NoAnswerError(
            f"measured in {precision} on {source.name}, which has no arithmetic for it: that says "
            "nothing of other GPUs"
        )


def from_gpu(
    base: Basis, target: Accelerator, work: Interval, fraction: float
) -> tuple[Interval, ProjectedStep, tuple[str, ...]]:
    """`work` on the target, as long again as the `fraction` of it is smaller; and how it came."""
    source = base.accelerator
    if source is None:
        name = base.run.machine.device_name
        raise NoAnswerError(
            f"measured on a GPU that can't be projected from: {unknown_device(name)}"
        )
    if source.chip != target.chip:  # on its own kind a time holds, emulated or not
        _check_arithmetic(base, source, target)
    task = StepTask(
        mode="train",
        precision=CLASSES[base.run.workload.precision],
        source=source,
        target=target,
        seconds=max(work.mid, TINY_SECONDS),
        fixed_seconds=base.fixed_seconds,
    )
    step = project_step(task, base.experience)
    factor = step.seconds.scaled(1 / (task.seconds * fraction))
    if step.grade == "measured":
        return rules.times(work, factor), step, (notes.SAME_GPU,)
    assumptions = notes.gpu_to_gpu(source.name, target.name, step)
    if step.host_seconds >= NOTABLE_HOST_SHARE * task.seconds:
        assumptions += (notes.launch_bound(step.host_seconds),)
    if not (source.checked and target.checked):
        assumptions += (notes.UNCHECKED,)
    return rules.times(work, factor), step, assumptions
