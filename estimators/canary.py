"""Short trial runs on the best candidates: which, how long, and when the ranking is settled."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from estimators import cost
from estimators.billing.settings import DEFAULTS, Billing
from estimators.calibrate import NO_HISTORY, History
from estimators.project import processes_per_node
from results.errors import NoAnswerError
from results.records import Estimate, Job, Offer, Run

Place = tuple[str, str, str, str]  # provider, instance type, region, allocation


def place_of(offer: Offer) -> Place:
    """What tells one offer from another."""
    return (offer.provider, offer.instance_type, offer.region, offer.allocation)


def candidates(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Each instance type once, where it is cheapest, in the order of the ranking."""
    found: dict[tuple[str, str], Estimate] = {}
    for estimate in estimates:
        offer = estimate.offer
        found.setdefault((offer.provider, offer.instance_type), estimate)
    return list(found.values())


def canary_job(job: Job, offer: Offer, steps: int) -> Job:
    """One epoch of `steps` steps, with the batch and the processes of the whole job.

    samples = steps × batch × processes, at most those of an epoch of the job.
    """
    processes = processes_per_node(offer) * job.nodes
    samples = min(steps * job.workload.batch_size * processes, job.samples_per_epoch)
    return replace(job, epochs=1, samples_per_epoch=samples)


def settled(measured: Sequence[Estimate], open_ones: Sequence[Estimate]) -> bool:
    """Whether no trial that still runs can beat the best one that was measured.

    It can't where even the lower end of its estimate costs more than the best one's upper end.
    """
    if not measured:
        return False
    best = min(measured, key=lambda estimate: estimate.usd.mid)
    return all(estimate.usd.low > best.usd.high for estimate in open_ones)


def requoted(
    estimates: Iterable[Estimate],
    runs: Mapping[tuple[str, str], Run],
    billing: Billing = DEFAULTS,
    history: History = NO_HISTORY,
) -> list[Estimate]:
    """The estimates again, those on instance types that were tried from their own runs.

    `runs` is by provider and instance type. Sorted by cost, then time, then name.
    """
    found = []
    for estimate in estimates:
        run = runs.get((estimate.offer.provider, estimate.offer.instance_type))
        if run is not None:
            with suppress(NoAnswerError):
                estimate = cost.estimate(run, estimate.job, estimate.offer, billing, history)
        found.append(estimate)
    return sorted(found, key=lambda e: (e.usd.mid, e.seconds.mid, *place_of(e.offer)))
