"""The records that the rooms pass on: frozen, slotted, units in the names, nothing derived stored.

`None` means unknown, everywhere. Money is Decimal, time is float seconds. Raw samples are kept
and statistics are properties of them (see `results.statistics`).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from results.display import Shown
from results.measured import GpuReading as GpuReading
from results.measured import Machine as Machine
from results.measured import Run as Run
from results.measured import SweepPoint as SweepPoint
from results.measured import Workload as Workload
from results.measured import WorkloadPrecision as WorkloadPrecision
from results.measurement import Measurement as Measurement
from results.measurement import StopReason as StopReason
from results.measurement import Verdict as Verdict
from results.statistics import Interval

SCHEMA_VERSION = 1

Provider = Literal["aws", "gcp", "azure"]
Allocation = Literal["on_demand", "spot"]
Grade = Literal["measured", "calibrated", "projected"]
Evidence = Literal["measured", "given", "published", "projected", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One row of a price list: an instance type, a region, a way to rent it."""

    provider: Provider
    service: str
    region: str
    instance_type: str
    vcpus: int
    memory_gib: float
    accelerator: str | None  # None: a CPU instance
    accelerator_count: float  # a fraction for a sliced GPU
    accelerator_memory_gib: float | None  # of one accelerator
    allocation: Allocation
    usd_per_hour: Decimal
    basis: Literal["published", "billed", "proxy", "derived"]
    as_of: str  # ISO date, or as much of one as the source told: `2026`, `2026-07`
    source: str
    sku: str | None = None
    licence: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be trained: a workload, for how long, on how many machines."""

    workload: Workload
    epochs: int
    samples_per_epoch: int
    nodes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdInterval:
    """A cost as an 80% interval, exact decimals."""

    low: Decimal
    mid: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateItem:
    """One line of an estimate: how long, how much, who bills it and how it is known."""

    name: str
    seconds: Interval
    usd: UsdInterval
    billed_by: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job would take and cost on one offer; seconds and usd are 80% intervals."""

    job: Job
    offer: Offer
    items: tuple[EstimateItem, ...]
    epoch_seconds: Interval
    seconds: Interval
    usd: UsdInterval
    grade: Grade
    assumptions: tuple[str, ...] = ()
    billed_usd_per_hour: Decimal | None = None  # after discount and saving; None: the offer's

    @property
    def usd_per_epoch(self) -> UsdInterval:
        """Cost of the running epoch alone, start-up apart: rate / 3600 × seconds × nodes."""
        rate = (self.billed_usd_per_hour or self.offer.usd_per_hour) * self.job.nodes / 3600
        times = self.epoch_seconds
        return UsdInterval(
            low=rate * Decimal(times.low),
            mid=rate * Decimal(times.mid),
            high=rate * Decimal(times.high),
        )

    @property
    def usd_per_million_samples(self) -> Decimal:
        """Middle cost of an epoch × 10⁶ / samples per epoch."""
        return self.usd_per_epoch.mid * 1_000_000 / self.job.samples_per_epoch

    @property
    def samples_per_usd(self) -> Decimal:
        """Samples trained for one dollar at the middle estimate, start-up apart."""
        return self.job.samples_per_epoch / self.usd_per_epoch.mid


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote(Shown):
    """The answer as it was given, frozen with the prices it used."""

    quote_id: str
    captured_at: str
    run_id: str
    verdict: Verdict
    estimates: tuple[Estimate, ...]
    left_out: tuple[tuple[str, int], ...] = ()  # reason, number of offers
    places: tuple[int, ...] = ()  # of `estimates` in the whole ranking, from 1; empty: 1, 2, 3 …
    ranked: int | None = None  # offers in the whole ranking
    undominated: tuple[int, ...] = ()  # places that no other offer beats in both time and cost
    deadline_seconds: float | None = None
    budget_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What would be sent to a service, and the most it can cost."""

    provider: Provider
    service: str
    job_name: str
    request: dict[str, Any]
    max_usd: Decimal
    max_seconds: int  # compiled into the service's own stop setting
    max_wait_seconds: int | None = None  # for its machines, before it is cancelled; None: any time
