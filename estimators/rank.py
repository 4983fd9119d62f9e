"""Offers in the order of what the job costs on them, and why the others were left out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from estimators.basis import basis
from estimators.cost import check_job, estimate_from
from estimators.past import NO_PAST, PastRuns
from results.errors import NoAnswerError
from results.records import Estimate, Job, Offer, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Estimates, the cheapest first, and the number of offers left out by reason."""

    estimates: tuple[Estimate, ...]
    left_out: tuple[tuple[str, int], ...]  # the most frequent reason first


def rank(run: Run, job: Job, offers: Iterable[Offer], past: PastRuns = NO_PAST) -> Ranking:
    """Estimate `job` on every offer: by USD, then by time, then by name.

    An offer the run can't be projected onto is counted in `left_out`. Raises NoAnswerError or
    RecordError where the run itself says nothing, UsageError for a job of nothing.
    """
    check_job(job)
    base = basis(run, past)
    estimates, reasons = [], Counter[str]()
    for offer in offers:
        try:
            estimates.append(estimate_from(base, job, offer))
        except NoAnswerError as reason:
            reasons[str(reason)] += 1
    left_out = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Ranking(estimates=tuple(sorted(estimates, key=_order)), left_out=tuple(left_out))


def tied_with_best(estimates: Sequence[Estimate]) -> int:
    """How many leading estimates can't be told from the first, itself included; 0 of none.

    Counted are those, from the first on, whose interval reaches down to the first one's middle.
    Errors that offers share, such as the start-up, are not set against each other, so this is
    rather too many than too few.
    """
    if not estimates:
        return 0
    best = estimates[0].usd.mid
    return sum(1 for _ in takewhile(lambda e: e.usd.low <= best, estimates))


def _order(estimate: Estimate) -> tuple[object, ...]:
    offer = estimate.offer
    name = (offer.provider, offer.instance_type, offer.region, offer.allocation)
    return (estimate.usd.mid, estimate.seconds.mid, *name)
