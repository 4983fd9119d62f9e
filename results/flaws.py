"""What a quote that fits its types can still not be: amounts, counts and dates that are none.

A damaged record is refused where it is read, with the field that is wrong, so that nobody who
shows a quote or submits from it has to fear its numbers.
"""

from collections.abc import Iterator
from decimal import Decimal

from results.errors import RecordError
from results.price_age import earliest_day
from results.records import Estimate, Job, Offer, Quote, UsdInterval
from results.statistics import Interval

MAX_COUNT = 10**12
MAX_SECONDS = 1e11  # three thousand years
MIN_USD_PER_HOUR = Decimal("1e-9")
MAX_USD_PER_HOUR, MAX_USD = Decimal(10**6), Decimal(10**18)


def check_quote(quote: Quote) -> None:
    """Raises RecordError, naming the first field that holds what can't be."""
    for where, fits, found in _facts(quote):
        if not fits:
            raise RecordError(f"Quote.{where} is {str(found)[:60]}, which can't be")


def _facts(quote: Quote) -> Iterator[tuple[str, bool, object]]:
    """Each field that numbers are made of, whether its value can be, and the value."""
    kept, places = len(quote.estimates), quote.places
    yield "places", len(places) in (0, kept) and all(_counted(p) for p in places), places
    yield "undominated", all(_counted(place) for place in quote.undominated), quote.undominated
    yield "left_out", all(_counted(n, 0) for _, n in quote.left_out), quote.left_out
    yield "ranked", quote.ranked is None or _counted(quote.ranked), quote.ranked
    deadline, budget = quote.deadline_seconds, quote.budget_usd
    yield "deadline_seconds", deadline is None or 0 < deadline <= MAX_SECONDS, deadline
    yield "budget_usd", budget is None or 0 < budget <= MAX_USD, budget
    for number, estimate in enumerate(quote.estimates):
        for where, fits, found in _of_estimate(estimate):
            yield f"estimates[{number}].{where}", fits, found


def _of_estimate(estimate: Estimate) -> Iterator[tuple[str, bool, object]]:
    rate = estimate.billed_usd_per_hour
    yield "billed_usd_per_hour", rate is None or _rated(rate), rate
    yield from _of_job(estimate.job)
    yield from _of_offer(estimate.offer)
    epoch, seconds = estimate.epoch_seconds, estimate.seconds
    yield "epoch_seconds", epoch.low > 0 and _timed(epoch), epoch
    yield "seconds", _timed(seconds), seconds
    yield "usd", _priced(estimate.usd), estimate.usd
    for item in estimate.items:
        yield f"items {item.name!r} seconds", _timed(item.seconds), item.seconds
        yield f"items {item.name!r} usd", _priced(item.usd), item.usd


def _of_job(job: Job) -> Iterator[tuple[str, bool, object]]:
    for name in ("epochs", "samples_per_epoch", "nodes"):
        yield f"job.{name}", _counted(getattr(job, name)), getattr(job, name)
    batch = job.workload.batch_size
    yield "job.workload.batch_size", _counted(batch), batch
    shape, size = job.workload.input_shape, job.workload.parameter_count
    yield "job.workload.input_shape", all(_counted(n, 0) for n in shape), shape
    yield "job.workload.parameter_count", size is None or _counted(size, 0, 10**18), size


def _of_offer(offer: Offer) -> Iterator[tuple[str, bool, object]]:
    rate, of_one = offer.usd_per_hour, offer.accelerator_memory_gib
    yield "offer.usd_per_hour", _rated(rate), rate
    yield "offer.vcpus", _counted(offer.vcpus), offer.vcpus
    yield "offer.memory_gib", 0 < offer.memory_gib <= MAX_COUNT, offer.memory_gib
    count = offer.accelerator_count
    yield "offer.accelerator_count", 0 <= count <= MAX_COUNT, count
    yield "offer.accelerator_memory_gib", of_one is None or 0 < of_one <= MAX_COUNT, of_one
    yield "offer.as_of", _dated(offer.as_of), repr(offer.as_of)


def _counted(value: int, least: int = 1, most: int = MAX_COUNT) -> bool:
    return least <= value <= most


def _rated(usd_per_hour: Decimal) -> bool:
    return MIN_USD_PER_HOUR <= usd_per_hour <= MAX_USD_PER_HOUR


def _timed(found: Interval) -> bool:
    return 0 <= found.low <= found.mid <= found.high <= MAX_SECONDS


def _priced(found: UsdInterval) -> bool:
    return 0 <= found.low <= found.mid <= found.high <= MAX_USD


def _dated(as_of: str) -> bool:
    try:
        earliest_day(as_of)
    except ValueError:
        return False
    return True
