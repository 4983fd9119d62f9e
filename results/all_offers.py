"""Every offer that a quote ranked, in brief: what the report plots beside the few kept in full."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from results.records import Allocation, Estimate, Grade, Job, Provider, Quote, UsdInterval
from results.statistics import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefEstimate:
    """Time and cost on one offer as 80% intervals, the bill's items by their middle."""

    provider: Provider
    region: str
    instance_type: str
    accelerator: str | None
    accelerator_count: float
    allocation: Allocation
    usd_per_hour: Decimal
    basis: str
    as_of: str
    grade: Grade
    seconds: Interval
    usd: UsdInterval
    items: tuple[tuple[str, Decimal], ...]  # name, middle USD


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOffers:
    """The whole ranking behind the quote of the same id, the cheapest first."""

    quote_id: str
    captured_at: str
    job: Job
    estimates: tuple[BriefEstimate, ...]


def all_offers(quote: Quote, estimates: Iterable[Estimate]) -> AllOffers:
    """The ranking in brief. Raises IndexError for a quote without estimates."""
    return AllOffers(
        quote_id=quote.quote_id,
        captured_at=quote.captured_at,
        job=quote.estimates[0].job,
        estimates=tuple(brief(e) for e in estimates),
    )


def brief(estimate: Estimate) -> BriefEstimate:
    """What a point of the plot needs; seconds to six digits, amounts exact."""
    offer, seconds = estimate.offer, estimate.seconds
    return BriefEstimate(
        provider=offer.provider,
        region=offer.region,
        instance_type=offer.instance_type,
        accelerator=offer.accelerator,
        accelerator_count=offer.accelerator_count,
        allocation=offer.allocation,
        usd_per_hour=offer.usd_per_hour,
        basis=offer.basis,
        as_of=offer.as_of,
        grade=estimate.grade,
        seconds=Interval(
            low=_short(seconds.low), mid=_short(seconds.mid), high=_short(seconds.high)
        ),
        usd=estimate.usd,
        items=tuple((item.name, item.usd.mid) for item in estimate.items),
    )


def _short(seconds: float) -> float:
    return float(f"{seconds:.6g}")
