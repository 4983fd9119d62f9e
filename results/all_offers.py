"""Every offer that a quote ranked, in brief: what the report plots beside the few kept in full."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from results.bill_lines import BillLine
from results.records import (
    Allocation,
    Estimate,
    EstimateItem,
    Grade,
    Job,
    Offer,
    Provider,
    Quote,
    UsdInterval,
)
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
    bill: int | None = None  # its lines, in `AllOffers.bills`; None: not on record
    billed_usd_per_hour: Decimal | None = None  # after a discount; None: as `usd_per_hour`


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOffers:
    """The whole ranking behind the quote of the same id, the cheapest first."""

    quote_id: str
    captured_at: str
    estimates: tuple[BriefEstimate, ...]
    bills: tuple[tuple[BillLine, ...], ...] = ()  # each shared by offers that differ in the rate

    def items(self, offer: BriefEstimate) -> tuple[EstimateItem, ...]:
        """The itemised bill of one of `estimates`, exact; empty where it is not on record."""
        if offer.bill is None or not 0 <= offer.bill < len(self.bills):
            return ()
        rate = offer.billed_usd_per_hour or offer.usd_per_hour
        return tuple(line.item(rate, offer.nodes) for line in self.bills[offer.bill])


class Ranked(Protocol):
    """A job on an offer with its time and cost, and its bill apart from the rate."""

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

    @property
    def rate(self) -> Decimal:
        """USD an hour of one node that the lines are multiplied by."""
        ...

    @property
    def lines_key(self) -> tuple[object, ...]:
        """The same for offers with the same lines."""
        ...

    def lines(self) -> tuple[BillLine, ...]:
        """Its bill apart from the rate."""
        ...


def all_offers(quote: Quote, ranked: Iterable[Ranked]) -> AllOffers:
    """The ranking in brief, with every bill; lines that offers share are worked out once."""
    places: dict[tuple[object, ...], int] = {}
    bills: list[tuple[BillLine, ...]] = []
    estimates = []
    for one in ranked:
        place = places.setdefault(one.lines_key, len(bills))
        if place == len(bills):
            bills.append(one.lines())
        rate = None if one.rate == one.offer.usd_per_hour else one.rate
        estimates.append(brief(one, place, rate))
    return AllOffers(
        quote_id=quote.quote_id,
        captured_at=quote.captured_at,
        estimates=tuple(estimates),
        bills=tuple(bills),
    )


def brief(
    ranked: Ranked | Estimate, bill: int | None = None, rate: Decimal | None = None
) -> BriefEstimate:
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
        bill=bill,
        billed_usd_per_hour=rate,
    )


def _short(seconds: float) -> float:
    return float(f"{seconds:.6g}")
