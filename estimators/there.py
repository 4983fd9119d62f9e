"""Runs that came home from rented machines, by the instance type they ran on."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from results.records import Run, Workload

NOWHERE: Mapping[str, Run] = MappingProxyType({})


def runs_there(run: Run, others: Iterable[Run]) -> dict[str, Run]:
    """The newest run of the same workload on each instance type; `others` newest first.

    The same: name, source, options and batch. Whether the type was rented is what the record says
    that we wrote ourselves when the job was collected.
    """
    found: dict[str, Run] = {}
    for other in others:
        kind = other.machine.instance_type
        if kind is not None and not other.partial and _same(other.workload, run.workload):
            found.setdefault(kind, other)
    return found


def _same(one: Workload, other: Workload) -> bool:
    return (one.name, one.source_digest, one.options, one.batch_size) == (
        other.name,
        other.source_digest,
        other.options,
        other.batch_size,
    )
