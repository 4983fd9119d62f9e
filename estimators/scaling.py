"""How much longer a step takes when several processes share the work: measured, else public."""

from dataclasses import dataclass

from estimators import notes, rules
from estimators.assumptions import OWN_SCALING_SPREAD
from estimators.basis import Basis
from results.statistics import Interval

ALONE = Interval(low=1, mid=1, high=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The factor on a step, and where it comes from."""

    factor: Interval
    measured: bool  # by this job's own runs
    assumptions: tuple[str, ...]


def shared_work(base: Basis, used: Basis, per_node: int, nodes: int) -> Share:
    """The factor on `used`'s step for `per_node` processes on each of `nodes` machines.

    1 for a single process and where `used` itself ran on as many GPUs of one machine; else the
    efficiency that own runs of the job had with as many on one machine; else that of public logs.
    """
    processes = per_node * nodes
    if processes == 1:
        return Share(factor=ALONE, measured=used.run.processes == 1, assumptions=())
    # How processors share work says nothing of GPUs.
    if nodes == 1 and used.run.processes == processes and used.run.machine.is_gpu:
        return Share(factor=ALONE, measured=True, assumptions=(notes.own_scaling(processes),))
    own = _own_factor((base, *base.siblings), processes) if nodes == 1 else None
    if own is not None:
        return Share(factor=own, measured=True, assumptions=(notes.own_scaling(processes),))
    return Share(
        factor=rules.parallel_factor(per_node, nodes),
        measured=False,
        assumptions=notes.parallel(per_node, nodes),
    )


def _own_factor(runs: tuple[Basis, ...], processes: int) -> Interval | None:
    """Step of `processes` over step of one, as runs on GPUs had it; None where none did.

    A run that timed both in turns (`measure --processes`) comes first; a drift of the machine is
    not in it.
    """
    on_gpu = [known for known in runs if known.run.machine.is_gpu]
    for known in on_gpu:
        scaling = known.run.scaling
        if scaling is None or scaling.backend != "nccl" or scaling.contended:
            continue
        if scaling.processes == processes:
            return _widened(scaling.step_factor)
    for several in on_gpu:
        for alone in on_gpu:
            counts = (alone.run.processes, several.run.processes)
            if counts == (1, processes) and _same_place(alone, several):
                mid = several.step_seconds.mid / alone.step_seconds.mid
                return _widened(Interval(low=mid, mid=mid, high=mid))
    return None


def _widened(factor: Interval) -> Interval:
    """For another machine of the kind."""
    wide = 1 + OWN_SCALING_SPREAD
    return Interval(low=factor.low / wide, mid=factor.mid, high=factor.high * wide)


def _same_place(one: Basis, other: Basis) -> bool:
    here, there = one.run.machine, other.run.machine
    return (here.device_name, here.cpu_name) == (there.device_name, there.cpu_name)
