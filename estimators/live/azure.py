"""Azure's Retail Prices API: virtual machines, at whose rates Azure ML bills.

Traps: Windows rows (`… Win` at the end of the product), Cloud Services, Spot against Low Priority
(Azure ML uses the latter), reservations, $0, rows without `skuName`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from estimators.live.http import Getter
from estimators.live.pages import Page, Part, Source
from estimators.live.row import FetchError, LiveRow, Shape, price

ADDRESS = "https://prices.azure.com"
PATH = "/api/retail/prices"
VERSION = "2023-01-01-preview"
SOURCE = "prices.azure.com Retail Prices API"
NOTE = "Azure ML adds no surcharge to the VM price"


def source(
    shapes: Mapping[str, Shape], regions: Iterable[str], get: Getter, address: str = ADDRESS
) -> Source:
    """One part a region. Raises FetchError when a page is fetched, as `Getter.get` does."""

    def page(region: str, link: str | None) -> Page:
        found = _asked(get, address, region) if link is None else _linked(get, address, link)
        items = found.get("Items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise FetchError(f"{urlsplit(address).hostname} sent a page without Items.")
        more = found.get("NextPageLink")
        return Page.of_rows((_row(item, shapes) for item in items), str(more) if more else None)

    parts = [Part(name=region, page=partial(page, region)) for region in regions]
    return Source(origin=address, parts=parts)


def _asked(get: Getter, address: str, region: str) -> dict[str, Any]:
    asked = (
        f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}' "
        "and priceType eq 'Consumption'"
    )
    return get.get(address + PATH, **{"api-version": VERSION, "$filter": asked})


def _linked(get: Getter, address: str, link: str) -> dict[str, Any]:
    """The next page, which is on the same host."""
    there, here = urlsplit(link), urlsplit(address)
    if (there.scheme, there.hostname) != (here.scheme, here.hostname):
        raise FetchError(f"{here.hostname} sends on to {there.scheme}://{there.hostname}.")
    return get.get(link)


def _row(item: Mapping[str, Any], shapes: Mapping[str, Shape]) -> LiveRow | None:
    name, product = str(item.get("armSkuName") or ""), str(item.get("productName") or "")
    words = str(item.get("skuName") or item.get("meterName") or "")
    if name.casefold() not in shapes or item.get("type", "Consumption") != "Consumption":
        return None
    if product.endswith((" Win", " Windows")) or "Cloud Services" in product:
        return None
    if words.endswith(" Spot") or item.get("unitOfMeasure", "1 Hour") != "1 Hour":
        return None
    if item.get("currencyCode", "USD") != "USD" or item.get("reservationTerm"):
        return None
    usd = price(item.get("retailPrice"), f"Azure, {name}")
    if usd is None:
        return None
    low = words.endswith(" Low Priority")
    return LiveRow(
        instance_type=name,
        region=str(item.get("armRegionName") or ""),
        allocation="spot" if low else "on_demand",
        usd_per_hour=usd,
        basis="published",
        source=SOURCE,
        as_of=datetime.now(UTC).date().isoformat(),
        sku=str(item.get("meterId") or ""),
        notes=f"{NOTE}; low priority" if low else NOTE,
    )
