"""An itemised bill apart from its rate: what all offers share that differ in the rate alone."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from results.records import EstimateItem, Evidence, UsdInterval
from results.statistics import Interval

STORED_USD = Decimal("0.000001")  # finer than any bill; rounding for people happens at display


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line: the time that is waited for and what of it is billed, or a fixed amount."""

    name: str
    seconds: Interval
    billed_seconds: Interval | None = None  # of one node; None: those that are waited for
    fixed_usd: UsdInterval | None = None  # instead, where that rate does not matter
    billed_by: str
    evidence: Evidence

    def item(self, usd_per_hour: Decimal, nodes: int) -> EstimateItem:
        """The line on an offer: usd_per_hour / 3600 × billed seconds × nodes, to 1e-6 USD."""
        billed = self.billed_seconds or self.seconds
        return EstimateItem(
            name=self.name,
            seconds=self.seconds,
            usd=self.fixed_usd or usd_over(usd_per_hour, billed, nodes),
            billed_by=self.billed_by,
            evidence=self.evidence,
        )


def usd_over(usd_per_hour: Decimal, seconds: Interval, nodes: int) -> UsdInterval:
    """`usd_for` of the three ends, to 1e-6 USD."""
    return UsdInterval(
        low=usd_for(usd_per_hour, seconds.low, nodes).quantize(STORED_USD),
        mid=usd_for(usd_per_hour, seconds.mid, nodes).quantize(STORED_USD),
        high=usd_for(usd_per_hour, seconds.high, nodes).quantize(STORED_USD),
    )


def usd_for(usd_per_hour: Decimal, seconds: float, nodes: int) -> Decimal:
    """usd_per_hour / 3600 × seconds × nodes, not rounded; multiplied first, so that it is exact."""
    return usd_per_hour * _of_all_nodes(seconds, nodes) / 3600


@lru_cache(maxsize=4096)  # offers that differ in the rate alone ask for the same times
def _of_all_nodes(seconds: float, nodes: int) -> Decimal:
    return Decimal(seconds) * nodes
