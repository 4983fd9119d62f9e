"""From an epoch measured on one machine to an epoch on an offer, with an honest interval."""

from dataclasses import dataclass

from estimators import notes, rules
from estimators.assumptions import BURSTABLE_FAMILIES, NOT_FOR_TRAINING
from estimators.basis import Basis, basis
from estimators.hardware import find_accelerator
from results.errors import NoAnswerError
from results.records import Grade, Offer, Run
from results.statistics import Interval

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """An epoch on an offer as an 80% interval, what it rests on and what was assumed."""

    epoch_seconds: Interval
    grade: Grade
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step on the offer's device, before the work is shared among several."""

    seconds: Interval
    measured: bool
    assumptions: tuple[str, ...]


def project_epoch(run: Run, offer: Offer, samples_per_epoch: int, nodes: int = 1) -> Projection:
    """Project an epoch of `samples_per_epoch` samples from `run` onto `nodes` machines of `offer`.

    epoch = steps × step, step = loading × CPU rule + the rest × device rule (see
    `estimators.rules`); the job is data-parallel over all accelerators of all nodes, one process
    each and the batch of a process kept; on CPU instances one process a node. Raises NoAnswerError
    with a short reason where it cannot be projected.
    """
    return project_from(basis(run), offer, samples_per_epoch, nodes)


def project_from(base: Basis, offer: Offer, samples_per_epoch: int, nodes: int = 1) -> Projection:
    """`project_epoch` from a basis that many offers share."""
    if NOT_FOR_TRAINING.fullmatch(offer.instance_type):
        raise NoAnswerError("SageMaker rents this type to notebooks, not to training jobs")
    there = _measured_there(base, offer, samples_per_epoch, nodes)
    if there is not None:
        return there
    _check_fits(base, offer)
    step = _on_gpu(base, offer) if offer.accelerator else _on_cpu(base, offer)
    per_node = processes_per_node(offer)
    processes = per_node * nodes
    shared = rules.times(step.seconds, rules.parallel_factor(per_node, nodes))
    assumptions = step.assumptions
    if processes > 1:
        assumptions += notes.parallel(per_node, nodes)
    if base.contended:
        assumptions += (notes.CONTENDED,)
    return Projection(
        epoch_seconds=shared.scaled(base.steps(samples_per_epoch, processes)),
        grade="measured" if step.measured and processes == 1 else "projected",
        assumptions=assumptions,
    )


def _measured_there(
    base: Basis, offer: Offer, samples_per_epoch: int, nodes: int
) -> Projection | None:
    """Where the run is from this very instance type with as many processes: nothing to project."""
    processes = processes_per_node(offer) * nodes
    run = base.run
    if run.machine.instance_type != offer.instance_type or run.processes != processes:
        return None
    step = rules.times(base.step_seconds, rules.SAME_GPU)
    return Projection(
        epoch_seconds=step.scaled(base.steps(samples_per_epoch, processes)),
        grade="measured",
        assumptions=(notes.SAME_INSTANCE, *((notes.CONTENDED,) if base.contended else ())),
    )


def processes_per_node(offer: Offer) -> int:
    """One process an accelerator; one where there is none or a fraction of one."""
    return max(1, int(offer.accelerator_count))


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
    factor = rules.cpu_factor(base.run.machine.threads, offer.vcpus)
    burstable = offer.instance_type.startswith(BURSTABLE_FAMILIES)
    return _Step(
        seconds=rules.times(base.step_seconds, factor),
        measured=False,
        assumptions=(notes.CPU_RULE, notes.BURSTABLE) if burstable else (notes.CPU_RULE,),
    )


def _on_gpu(base: Basis, offer: Offer) -> _Step:
    target = find_accelerator(offer.accelerator or "")
    if target is None:
        raise NoAnswerError(f"{offer.accelerator} is not in the hardware table")
    fraction = min(1.0, offer.accelerator_count)
    share = base.load_share or 0.0
    work, loading = base.step_seconds.scaled(1 - share), base.step_seconds.scaled(share)
    # The processes of a machine load at the same time and share its processors.
    host = rules.cpu_factor(base.run.machine.threads, offer.vcpus / processes_per_node(offer))
    if not target.projectable:
        raise NoAnswerError(f"{target.name} is another kind of accelerator: measure on it")
    if base.run.machine.is_gpu:
        factor, same, assumptions = _device_factor(base, offer, fraction)
        device = rules.times(work, factor)
    else:
        same, assumptions = False, (notes.CPU_TO_GPU,)
        device = rules.gpu_from_cpu_seconds(work, fraction)
    seconds = device + rules.times(loading, host)
    if base.load_share is None:
        seconds = rules.hull(seconds, rules.times(base.step_seconds, host))
        assumptions += (notes.LOADING_UNKNOWN,)
    return _Step(seconds=seconds, measured=same, assumptions=assumptions)


def _device_factor(
    base: Basis, offer: Offer, fraction: float
) -> tuple[Interval, bool, tuple[str, ...]]:
    """The factor of the GPU rule, whether it is the same device, and what was assumed."""
    source, target = base.accelerator, find_accelerator(offer.accelerator or "")
    if source is None or target is None:
        name = base.run.machine.device_name
        raise NoAnswerError(f"measured on {name!r}, which is not in the hardware table")
    if source.chip == target.chip and fraction == 1:
        return rules.SAME_GPU, True, (notes.SAME_GPU,)
    precision = base.run.workload.precision
    here, there = source.speed(precision), target.speed(precision)
    if here is None or there is None:
        raise NoAnswerError(f"no peak figures of {source.name} or {target.name}")
    assumptions: tuple[str, ...] = (notes.GPU_RULE,)
    if base.launch_bound:
        assumptions += (notes.LAUNCH_BOUND,)
    if not (source.checked and target.checked):
        assumptions += (notes.UNCHECKED,)
    return rules.gpu_factor(here, there * fraction, base.launch_bound), False, assumptions
