"""Azure's Retail Prices API: virtual machines, at whose rates Azure ML bills.

Traps: Windows rows (`… Win` at the end of the product), Cloud Services, Spot against Low Priority
(Azure ML uses the latter), reservations, $0, rows without `skuName`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from estimators.live.http import Getter
from estimators.live.row import (
    MAX_PAGES,
    FetchError,
    LiveRow,
    Part,
    Piece,
    Progress,
    Shape,
    Source,
    pieces,
    price,
    rows_of,
)

ADDRESS = "https://prices.azure.com"
PATH = "/api/retail/prices"
VERSION = "2023-01-01-preview"
SOURCE = "prices.azure.com Retail Prices API"
NOTE = "Azure ML adds no surcharge to the VM price"


def source(
    shapes: Mapping[str, Shape],
    regions: Iterable[str],
    progress: Progress,
    address: str = ADDRESS,
    getter: Getter | None = None,
) -> Source:
    """One part a region. Raises FetchError when fetched, as `Getter.get` does."""
    get = getter or Getter()

    def fetched(region: str) -> list[Piece]:
        return pieces(_row(item, shapes) for item in _items(get, address, region, progress))

    parts = [Part(name=region, fetch=partial(fetched, region)) for region in regions]
    return Source(parts=parts, rows=rows_of)


def _items(get: Getter, address: str, region: str, progress: Progress) -> Iterator[dict[str, Any]]:
    """The items of all pages; a page may be empty, but none may come twice."""
    asked = (
        f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}' "
        "and priceType eq 'Consumption'"
    )
    seen: set[str] = set()
    page = get.get(address + PATH, **{"api-version": VERSION, "$filter": asked})
    for number in range(1, MAX_PAGES + 1):
        progress(f"{region} page {number}", 0.0)
        items = page.get("Items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise FetchError(f"{urlsplit(address).hostname} sent a page without Items.")
        yield from items
        link = page.get("NextPageLink")
        if not link:
            return
        _check_link(str(link), address, seen)
        page = get.get(str(link))
    raise FetchError(f"{urlsplit(address).hostname} has more than {MAX_PAGES} pages.")


def _check_link(link: str, address: str, seen: set[str]) -> None:
    """The next page is on the same host, and is not one that was there before."""
    there, here = urlsplit(link), urlsplit(address)
    if (there.scheme, there.hostname) != (here.scheme, here.hostname):
        raise FetchError(f"{here.hostname} sends on to {there.scheme}://{there.hostname}.")
    if link in seen:
        raise FetchError(f"{here.hostname} repeats a page.")
    seen.add(link)


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
