"""Which offer is meant: a line of the last quote, or one that is named."""

from pathlib import Path

from results import shown
from results.errors import NoAnswerError, RecordError, UsageError
from results.records import Offer, Quote
from results.store import Store
from trainfare import pricing, settings


def quoted_offer(store: Store, workload: str, place: int) -> Offer:
    """Line `place` of the newest quote of `workload`. Raises UsageError where there is none."""
    for quote in store.newest_first(Quote):
        if quote.estimates and quote.estimates[0].job.workload.reference == workload:
            placed = dict(shown.placed(quote))
            if place in placed:
                return placed[place].offer
            known = ", ".join(str(place) for place in sorted(placed)[:8])
            raise UsageError(
                f"--offer {place} is no line of the last quote for {workload!r} that was kept. "
                f"Known: {known}, …"
            )
    if store.problems:
        raise RecordError(f"{store.problems[0]} Quote anew: trainfare quote {workload}")
    raise UsageError(f"There is no quote for {workload!r} yet. First: trainfare quote {workload}")


def named_offer(
    provider: str | None,
    instance: str | None,
    region: str | None,
    allocation: str,
    price_files: tuple[Path, ...],
    configured: settings.Settings,
) -> Offer:
    """The priced offer; spot without a price of its own is bounded by the on-demand rate.

    Raises UsageError where a part of the name is missing, NoAnswerError where no price is known.
    """
    from estimators.catalog import find_offer, spot_ceiling_offer
    from estimators.lookup import known_allocation, known_provider

    if provider is None or instance is None:
        raise UsageError(
            "Say where: --offer N for a line of the last quote, or --provider and --instance."
        )
    whose, how = known_provider(provider), known_allocation(allocation)
    where = pricing.region_of(whose, region, configured)
    offers = pricing.catalog(price_files)
    try:
        return find_offer(offers, whose, instance, where, how)
    except NoAnswerError:
        if how != "spot":
            raise
        return spot_ceiling_offer(offers, whose, instance, where)
