"""What a job takes and costs on one offer, item by item."""

from decimal import Decimal

from estimators import notes
from estimators.assumptions import (
    AZURE_BOOT_SECONDS,
    AZURE_IDLE_SECONDS,
    START_UP_SECONDS,
    VERTEX_BOOT_DISK_GIB,
    VERTEX_BOOT_DISK_USD_PER_GIB_HOUR,
)
from estimators.basis import Basis, basis
from estimators.project import project_from
from results.errors import NoAnswerError, UsageError
from results.names import PROVIDER_NAMES
from results.records import Estimate, EstimateItem, Evidence, Job, Offer, Run, UsdInterval
from results.statistics import Interval

STORED_USD = Decimal("0.000001")  # finer than any bill; rounding for people happens at display
MAX_SECONDS = 3.2e9  # a hundred years: beyond it the answer is not a number but no
NO_TIME = Interval(low=0, mid=0, high=0)  # of an item that runs beside the others


def estimate(run: Run, job: Job, offer: Offer) -> Estimate:
    """Time and cost of `job` on `offer`, from what `run` measured, as 80% intervals.

    usd = usd_per_hour / 3600 × seconds × nodes for each item, exact decimals to 1e-6 USD. The
    total is the sum of the items end by end, as wide as if all were wrong the same way. Raises
    NoAnswerError where the run cannot be projected onto the offer and UsageError for a job of
    nothing.
    """
    return estimate_from(basis(run), job, offer)


def estimate_from(base: Basis, job: Job, offer: Offer) -> Estimate:
    """`estimate` from a basis that many offers share."""
    check_job(job)
    projection = project_from(base, offer, job.samples_per_epoch, job.nodes)
    if projection.epoch_seconds.high * job.epochs > MAX_SECONDS:
        raise NoAnswerError("takes more than a hundred years")
    training = projection.epoch_seconds.scaled(job.epochs)
    evidence: Evidence = "measured" if projection.grade == "measured" else "projected"
    items = (
        _item("start-up", START_UP_SECONDS, job, offer, "assumed"),
        _item("training", training, job, offer, evidence),
        *_service_items(START_UP_SECONDS + training, job, offer),
    )
    seconds, usd = items[0].seconds, items[0].usd
    for item in items[1:]:
        seconds, usd = seconds + item.seconds, _sum(usd, item.usd)
    return Estimate(
        job=job,
        offer=offer,
        items=items,
        epoch_seconds=projection.epoch_seconds,
        seconds=seconds,
        usd=usd,
        grade=projection.grade,
        assumptions=(*projection.assumptions, *notes.of_offer(offer)),
    )


def check_job(job: Job) -> None:
    """Raises UsageError where a count of the job is below 1 or beyond all reason."""
    for count, what, option in (
        (job.epochs, "epochs", "--epochs"),
        (job.samples_per_epoch, "samples an epoch", "--samples-per-epoch"),
        (job.nodes, "nodes", "--nodes"),
    ):
        if not 1 <= count <= 10**12:
            raise UsageError(f"{count} {what} can't be trained. Give 1 or more with {option}.")


def _service_items(on_instance: Interval, job: Job, offer: Offer) -> tuple[EstimateItem, ...]:
    """What the service bills beside the instance's start-up and training."""
    if offer.provider == "azure":
        idle = Interval(low=AZURE_IDLE_SECONDS, mid=AZURE_IDLE_SECONDS, high=AZURE_IDLE_SECONDS)
        return (_item("boot and idle", AZURE_BOOT_SECONDS + idle, job, offer, "assumed"),)
    if offer.provider == "gcp":
        rate = VERTEX_BOOT_DISK_USD_PER_GIB_HOUR * VERTEX_BOOT_DISK_GIB
        disk = EstimateItem(
            name="boot disk",
            seconds=NO_TIME,
            usd=_usd(rate, on_instance, job.nodes),
            billed_by=PROVIDER_NAMES["gcp"],
            evidence="published",
        )
        return (disk,)
    return ()


def _item(name: str, seconds: Interval, job: Job, offer: Offer, evidence: Evidence) -> EstimateItem:
    return EstimateItem(
        name=name,
        seconds=seconds,
        usd=_usd(offer.usd_per_hour, seconds, job.nodes),
        billed_by=PROVIDER_NAMES[offer.provider],
        evidence=evidence,
    )


def _usd(usd_per_hour: Decimal, seconds: Interval, nodes: int) -> UsdInterval:
    return UsdInterval(
        low=usd_for(usd_per_hour, seconds.low, nodes).quantize(STORED_USD),
        mid=usd_for(usd_per_hour, seconds.mid, nodes).quantize(STORED_USD),
        high=usd_for(usd_per_hour, seconds.high, nodes).quantize(STORED_USD),
    )


def usd_for(usd_per_hour: Decimal, seconds: float, nodes: int) -> Decimal:
    """usd_per_hour / 3600 × seconds × nodes, not rounded; multiplied first, so that it is exact."""
    return usd_per_hour * Decimal(seconds) * nodes / 3600


def _sum(a: UsdInterval, b: UsdInterval) -> UsdInterval:
    return UsdInterval(low=a.low + b.low, mid=a.mid + b.mid, high=a.high + b.high)
