"""The price catalog: load it, pick offers from it, find the one that is asked for."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from estimators import lookup
from estimators.lookup import ALLOCATION_NAMES, PROVIDER_SERVICES
from estimators.price_file import read_offers
from results.errors import NoAnswerError, RecordError, UsageError
from results.records import Offer

PACKAGED = tuple(
    Path(__file__).parent / "data" / f"{service}.csv" for service in PROVIDER_SERVICES.values()
)
SPOT_CEILING_NOTE = "spot never bills above the on-demand rate, which is shown as the ceiling"


def load_offers(files: Sequence[Path] | None = None) -> list[Offer]:
    """Every offer of `files`, or of the packaged snapshot of all providers.

    Raises RecordError where a file is not as it must be, or prices the same thing twice.
    """
    offers: list[Offer] = []
    seen: dict[tuple[str, ...], Path] = {}
    for path in files or PACKAGED:
        for o in read_offers(path):
            key = (o.provider, o.service, o.instance_type, o.region, o.allocation)
            if key in seen:
                raise RecordError(
                    f"{path}: {' '.join(key)!r} is priced twice, first in {seen[key]}. "
                    "Keep one of the two rows."
                )
            seen[key] = path
            offers.append(o)
    return offers


def select_offers(
    offers: Sequence[Offer],
    *,
    provider: str | None = None,
    region: str | None = None,
    instance_type: str | None = None,
    accelerator: str | None = None,
    allocation: str | None = None,
    max_usd_per_hour: Decimal | None = None,
) -> list[Offer]:
    """The offers that fit every filter given; upper and lower case are the same.

    `accelerator` may be `none` or `cpu`. Raises UsageError for a name that is in no price list and
    NoAnswerError where a known instance is not priced in `region`; names that are known but match
    nothing together give an empty list.
    """
    _check_limit(max_usd_per_hour)
    whose = None if provider is None else lookup.known_provider(provider)
    how = None if allocation is None else lookup.known_allocation(allocation)
    scope = [o for o in offers if whose in (None, o.provider)]
    left = [
        o
        for o in scope
        if how in (None, o.allocation)
        and (max_usd_per_hour is None or o.usd_per_hour <= max_usd_per_hour)
    ]
    if accelerator is not None:
        gpu = lookup.known_accelerator(accelerator, scope, lookup.see_list(whose))
        left = [o for o in left if o.accelerator == gpu]
    if instance_type is not None:
        kind = lookup.known_instance(instance_type, scope, whose)
        scope = [o for o in scope if o.instance_type == kind]
        left = [o for o in left if o.instance_type == kind]
    if region is not None:
        if instance_type is not None:
            place = lookup.region_of_instance(region, scope, None)
        else:
            place = lookup.known_region(region, scope, whose)
        left = [o for o in left if o.region == place]
    return left


def find_offer(
    offers: Sequence[Offer], provider: str, instance_type: str, region: str, allocation: str
) -> Offer:
    """The one offer asked for.

    Raises UsageError for a name that is in no price list and NoAnswerError where the instance is
    known, but has no price for that region or way to rent.
    """
    whose, how = lookup.known_provider(provider), lookup.known_allocation(allocation)
    scope = [o for o in offers if o.provider == whose]
    kind = lookup.known_instance(instance_type, scope, whose)
    rented = [o for o in scope if o.instance_type == kind and o.allocation == how]
    if not rented:
        known = {ALLOCATION_NAMES[o.allocation] for o in scope if o.instance_type == kind}
        raise NoAnswerError(
            f"No {ALLOCATION_NAMES[how]} price known for {kind!r}, only {' and '.join(known)}. "
            f"See: {lookup.see_list(whose)}"
        )
    place = lookup.region_of_instance(region, rented, how)
    return next(o for o in rented if o.region == place)


def spot_ceiling_offer(
    offers: Sequence[Offer], provider: str, instance_type: str, region: str
) -> Offer:
    """The on-demand offer labelled `spot`, to bound a spot job that has no price of its own.

    Spot capacity never bills above the on-demand rate, so a cap computed from it holds. Raises as
    `find_offer` does for the on-demand offer.
    """
    ceiling = find_offer(offers, provider, instance_type, region, "on_demand")
    notes = f"{ceiling.notes}; {SPOT_CEILING_NOTE}" if ceiling.notes else SPOT_CEILING_NOTE
    return replace(ceiling, allocation="spot", notes=notes)


def _check_limit(max_usd_per_hour: Decimal | None) -> None:
    if max_usd_per_hour is None or (max_usd_per_hour.is_finite() and max_usd_per_hour > 0):
        return
    raise UsageError(f"'{max_usd_per_hour}' is no price limit. Give USD an hour above 0, as 1.50.")
