"""From options and settings to the price list in force, one offer of it, and the billing rules."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.errors import NoAnswerError, UsageError
from results.records import Offer
from trainfare import output
from trainfare.settings import FILE_NAME, Settings

if TYPE_CHECKING:
    from estimators.billing.settings import Billing
    from estimators.catalog import Catalog

FILTERS = ("providers", "regions", "gpu", "allocation", "min_memory")  # of `options.offers`


def catalog(price_files: Sequence[Path]) -> "Catalog":
    """The price lists that were named, else those in force; what is wrong with one is said."""
    from estimators.catalog import load_offers
    from estimators.snapshot import in_force

    if price_files:
        return load_offers(price_files)
    found, problems = in_force()
    for problem in problems:
        output.say(f"! {problem}")
    return found


def billing(configured: Settings) -> "Billing":
    """The billing rules with what the settings override."""
    from estimators.billing.settings import from_table

    return from_table(configured.table("billing"))


def offers(
    price_files: Sequence[Path], configured: Settings, filters: Mapping[str, Any]
) -> tuple[list[Offer], "Billing"]:
    """What a quote ranks, and the rules it is billed by.

    Spot that has no rate of its own is offered only where it is asked for: its price then rests
    on the saving that the rules assume.
    """
    from estimators.catalog import as_spot, select_offers
    from estimators.lookup import known_allocation

    rules, all_offers = billing(configured), catalog(price_files)
    chosen = {
        "providers": filters["providers"],
        "regions": filters["regions"],
        "accelerator": filters["gpu"],
        "min_memory_gib": filters["min_memory"],
    }
    found = select_offers(all_offers, allocation=filters["allocation"], **chosen)
    if filters["allocation"] and known_allocation(filters["allocation"]) == "spot":
        priced = {(o.provider, o.instance_type, o.region) for o in found}
        on_demand = select_offers(all_offers, allocation="on_demand", **chosen)
        found += [
            as_spot(o)
            for o in on_demand
            if rules[o.provider].spot_saving.value
            and (o.provider, o.instance_type, o.region) not in priced
        ]
    return found, rules


def region_of(provider: str, region: str | None, configured: Settings) -> str:
    """--region, else that of the settings. Raises UsageError where there is neither."""
    found = region or configured.table(provider).get("region")
    if not found:
        raise UsageError(
            f"No region was given for {provider}. Add --region, or region to [{provider}] in "
            f"{FILE_NAME}."
        )
    return str(found)


def offer_to_bill(
    provider: str,
    instance: str,
    region: str | None,
    allocation: str,
    usd_per_hour: Decimal | None,
    price_files: Sequence[Path],
    configured: Settings,
) -> Offer:
    """The offer of a bill: of the price list, or at the user's own rate."""
    from estimators.catalog import find_offer, offer_at, spot_ceiling_offer
    from estimators.lookup import known_allocation, known_provider

    whose, how = known_provider(provider), known_allocation(allocation)
    where = region_of(whose, region, configured)
    offers = catalog(price_files)
    if usd_per_hour is not None:
        return offer_at(offers, whose, instance, where, how, usd_per_hour)
    try:
        return find_offer(offers, whose, instance, where, how)
    except NoAnswerError:
        if how != "spot" or not billing(configured)[whose].spot_saving.value:
            raise
        return spot_ceiling_offer(offers, whose, instance, where)
