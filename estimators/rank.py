"""Offers in the order of what the job costs on them, and why the others were left out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from estimators.basis import basis
from estimators.billing.settings import DEFAULTS, Billing
from estimators.calibrate import NO_HISTORY, History
from estimators.cost import Priced, Pricer, check_job
from estimators.past import NO_PAST, PastRuns
from estimators.there import NOWHERE
from estimators.wishes import NO_WISHES, Wishes
from results.errors import NoAnswerError
from results.records import Estimate, Job, Offer, Run


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """A job on every offer, the cheapest first, and the number of offers left out by reason."""

    priced: tuple[Priced, ...]
    left_out: tuple[tuple[str, int], ...]  # the most frequent reason first
    missed: tuple[Priced, ...] = ()  # those that don't fulfil the wishes

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """All of them itemised, which takes longer than ranking them."""
        return tuple(priced.estimate() for priced in self.priced)


def rank(
    run: Run,
    job: Job,
    offers: Iterable[Offer],
    billing: Billing = DEFAULTS,
    wishes: Wishes = NO_WISHES,
    history: History = NO_HISTORY,
    there: Mapping[str, Run] = NOWHERE,
    past: PastRuns = NO_PAST,
) -> Ranking:
    """Estimate `job` on every offer: by USD, then by time, then by name.

    `there` are runs of the same workload by the instance type they ran on: its offers rest on them.
    An offer the run can't be projected onto, or that does not fulfil the wishes, is counted in
    `left_out`. Raises NoAnswerError or RecordError where the run itself says nothing, UsageError
    for a job of nothing.
    """
    check_job(job)
    pricer = Pricer(basis(run, past), billing, history)
    measured_there = {
        kind: Pricer(basis(one, past), billing, history) for kind, one in there.items()
    }
    jobs = [replace(job, nodes=nodes) for nodes in wishes.node_counts(job.nodes)]
    found, missed, reasons = [], [], Counter[str]()
    for offer in offers:
        for sized in jobs:
            try:
                priced = measured_there.get(offer.instance_type, pricer).price(sized, offer)
            except NoAnswerError as error:
                reasons[str(error)] += 1
                continue
            if reason := wishes.refused(priced.seconds, priced.usd):
                reasons[reason] += 1
                missed.append(priced)
            else:
                found.append(priced)
    left_out = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Ranking(
        priced=tuple(sorted(found, key=_order)), left_out=tuple(left_out), missed=tuple(missed)
    )


def nearest(ranking: Ranking, wishes: Wishes) -> Priced | None:
    """Of those that don't fulfil the wishes the one that misses them by least; None of none.

    The fastest where there is a deadline, else the cheapest.
    """
    if wishes.deadline_seconds is not None:
        return min(ranking.missed, key=lambda p: p.seconds.high, default=None)
    return min(ranking.missed, key=lambda p: p.usd.high, default=None)


def undominated(priced: Sequence[Priced]) -> list[int]:
    """The places of those that no other beats in both time and cost, of a ranking by cost."""
    places, fastest = [], float("inf")
    for place, one in enumerate(priced):
        if one.seconds.mid < fastest:
            fastest = one.seconds.mid
            places.append(place)
    return places


def _order(priced: Priced) -> tuple[object, ...]:
    offer = priced.offer
    name = (offer.provider, offer.instance_type, offer.region, offer.allocation)
    return (priced.usd.mid, priced.seconds.mid, *name, priced.job.nodes)
