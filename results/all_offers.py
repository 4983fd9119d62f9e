"""Every offer that a quote ranked, in brief: what the report plots beside the few kept in full."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from results.records import Allocation, Grade, Job, Offer, Provider, Quote, UsdInterval
from results.statistics import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefEstimate:
    """Time and cost on one offer as 80% intervals."""

    provider: Provider
    region: str
    instance_type: str
    nodes: int = 1
    accelerator: str | None
    accelerator_count: float
    allocation: Allocation
    usd_per_hour: Decimal  # of one node
    basis: str
    as_of: str
    grade: Grade
    seconds: Interval
    usd: UsdInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOffers:
    """The whole ranking behind the quote of the same id, the cheapest first."""

    quote_id: str
    captured_at: str
    estimates: tuple[BriefEstimate, ...]


class Ranked(Protocol):
    """A job on an offer with its time and cost, itemised or not."""

    @property
    def job(self) -> Job:
        """What is trained."""
        ...

    @property
    def offer(self) -> Offer:
        """Where it would run."""
        ...

    @property
    def grade(self) -> Grade:
        """Of its evidence."""
        ...

    @property
    def seconds(self) -> Interval:
        """From submission to the result."""
        ...

    @property
    def usd(self) -> UsdInterval:
        """What it costs."""
        ...


def all_offers(quote: Quote, ranked: Iterable[Ranked]) -> AllOffers:
    """The ranking in brief."""
    return AllOffers(
        quote_id=quote.quote_id,
        captured_at=quote.captured_at,
        estimates=tuple(map(brief, ranked)),
    )


def brief(ranked: Ranked) -> BriefEstimate:
    """What a point of the plot needs; seconds to six digits, amounts exact."""
    offer, seconds = ranked.offer, ranked.seconds
    return BriefEstimate(
        provider=offer.provider,
        region=offer.region,
        instance_type=offer.instance_type,
        nodes=ranked.job.nodes,
        accelerator=offer.accelerator,
        accelerator_count=offer.accelerator_count,
        allocation=offer.allocation,
        usd_per_hour=offer.usd_per_hour,
        basis=offer.basis,
        as_of=offer.as_of,
        grade=ranked.grade,
        seconds=Interval(
            low=_short(seconds.low), mid=_short(seconds.mid), high=_short(seconds.high)
        ),
        usd=ranked.usd,
    )


def _short(seconds: float) -> float:
    return float(f"{seconds:.6g}")
