"""The AWS Price List: SageMaker Training by region; without credentials, AWS's own pricing page.

Traps: `PriceList` is a list of JSON strings; $0 rows; several SKUs for one type; SpotTraining,
WarmPool and TrainingPlan rows beside those of Training; `instanceType` has a suffix, `instanceName`
has none.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

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

SERVICE = "AmazonSageMaker"
PUBLIC = "https://b0.p.awsstatic.com"
MAP_PATH = "/pricing/2.0/meteredUnitMaps/sagemaker/USD/current/sagemaker-instances-training.json"
PLACES = {
    "US East (N. Virginia)": "us-east-1", "US East (Ohio)": "us-east-2",
    "US West (N. California)": "us-west-1", "US West (Oregon)": "us-west-2",
    "Africa (Cape Town)": "af-south-1", "Asia Pacific (Hong Kong)": "ap-east-1",
    "Asia Pacific (Jakarta)": "ap-southeast-3", "Asia Pacific (Mumbai)": "ap-south-1",
    "Asia Pacific (Osaka)": "ap-northeast-3", "Asia Pacific (Seoul)": "ap-northeast-2",
    "Asia Pacific (Singapore)": "ap-southeast-1", "Asia Pacific (Sydney)": "ap-southeast-2",
    "Asia Pacific (Tokyo)": "ap-northeast-1", "Canada (Central)": "ca-central-1",
    "EU (Frankfurt)": "eu-central-1", "EU (Ireland)": "eu-west-1", "EU (London)": "eu-west-2",
    "EU (Milan)": "eu-south-1", "EU (Paris)": "eu-west-3", "EU (Spain)": "eu-south-2",
    "EU (Stockholm)": "eu-north-1", "Israel (Tel Aviv)": "il-central-1",
    "Middle East (Bahrain)": "me-south-1", "Middle East (UAE)": "me-central-1",
    "South America (Sao Paulo)": "sa-east-1",
}  # fmt: skip


def source(
    shapes: Mapping[str, Shape],
    progress: Progress,
    client: Any = None,
    public: str = PUBLIC,
    getter: Getter | None = None,
) -> Source:
    """One part a region of the Price List, or the public map where there are no credentials.

    `client` is a boto3 client of `pricing`. Raises FetchError where the regions can't be listed.
    """
    made = client or _client()
    if made is None:
        get = getter or Getter()
        part = Part(name="map", fetch=lambda: pieces(_from_map(get.get(public + MAP_PATH), shapes)))
        return Source(parts=[part], rows=rows_of)

    def fetched(region: str) -> list[Piece]:
        products = _products(made, region, progress)
        return pieces(_row(product, region, shapes) for product in products)

    parts = [Part(name=region, fetch=partial(fetched, region)) for region in _regions(made)]
    return Source(parts=parts, rows=rows_of)


def _client() -> Any:
    """A client of the Price List, which lives in us-east-1; None without credentials."""
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    if session.get_credentials() is None:
        return None
    retries = Config(retries={"mode": "adaptive", "max_attempts": 6})
    return session.client("pricing", region_name="us-east-1", config=retries)


def _pages(call: Callable[..., Any], **asked: Any) -> Iterator[dict[str, Any]]:
    """The pages of a call; a token that comes back is an error, not an endless loop."""
    from botocore.exceptions import BotoCoreError, ClientError

    tokens: set[str] = set()
    for _ in range(MAX_PAGES):
        try:
            page = call(**asked)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise FetchError(f"The AWS Price List can't be read: {error}.") from None
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in tokens:
            raise FetchError("The AWS Price List repeats a page.")
        tokens.add(token)
        asked["NextToken"] = token
    raise FetchError(f"The AWS Price List has more than {MAX_PAGES} pages.")


def _regions(client: Any) -> list[str]:
    asked = {"ServiceCode": SERVICE, "AttributeName": "regionCode"}
    pages = _pages(client.get_attribute_values, **asked)
    found = {value.get("Value") for page in pages for value in page.get("AttributeValues", ())}
    return sorted(name for name in found if name and not name.startswith(("us-gov-", "cn-")))


def _products(client: Any, region: str, progress: Progress) -> Iterator[dict[str, Any]]:
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in (("regionCode", region), ("component", "Training"))
    ]
    pages = _pages(client.get_products, ServiceCode=SERVICE, Filters=filters)
    for number, page in enumerate(pages, start=1):
        progress(f"{region} page {number}", 0.0)
        for text in page.get("PriceList", ()):
            try:
                product = json.loads(text)
            except (TypeError, ValueError):
                product = None
            if not isinstance(product, dict):
                raise FetchError("The AWS Price List sent an item that is no JSON object.")
            yield product


def _row(item: Mapping[str, Any], region: str, shapes: Mapping[str, Shape]) -> LiveRow | None:
    """The on-demand price of a Training product; None for its neighbours."""
    product = item.get("product", {})
    facts = product.get("attributes", {})
    name = str(facts.get("instanceName") or "")
    if facts.get("component") != "Training" or facts.get("regionCode") != region:
        return None
    if "-Train:" not in str(facts.get("usagetype", "")) or name.casefold() not in shapes:
        return None
    dimensions = [
        dimension
        for term in item.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term.get("priceDimensions", {}).values()
        if dimension.get("unit") in ("Hrs", "Hours")
    ]
    prices = {price(d.get("pricePerUnit", {}).get("USD"), f"AWS, {name}") for d in dimensions}
    known = sorted(usd for usd in prices if usd is not None)
    if not known:
        return None
    if len(known) > 1:
        raise FetchError(f"AWS prices {name} in {region} at {known[0]} and {known[-1]}.")
    return LiveRow(
        instance_type=name,
        region=region,
        allocation="on_demand",
        usd_per_hour=known[0],
        basis="published",
        source="AWS Price List API, AmazonSageMaker, component Training",
        as_of=datetime.now(UTC).date().isoformat(),
        sku=str(product.get("sku") or ""),
    )


def _from_map(found: Mapping[str, Any], shapes: Mapping[str, Shape]) -> list[LiveRow]:
    """The rows of AWS's own pricing page; `as_of` is the day it was published."""
    regions, manifest = found.get("regions"), found.get("manifest", {})
    day = str(manifest.get("hawkFilePublicationDate") or "")[:10]
    if not isinstance(regions, dict) or not regions or len(day) != 10:
        raise FetchError("AWS's pricing page has changed: it holds no regions or no date.")
    if manifest.get("currencyCode") != "USD":
        raise FetchError(f"AWS's pricing page is in {manifest.get('currencyCode')}, not USD.")
    rows = []
    for place, items in regions.items():
        if place not in PLACES:
            continue
        for item in items.values():
            name = str(item.get("Instance") or "")
            usd = price(item.get("price"), f"AWS, {name}")
            if item.get("Component") != "Training" or name.casefold() not in shapes or usd is None:
                continue
            rows.append(
                LiveRow(
                    instance_type=name,
                    region=PLACES[place],
                    allocation="on_demand",
                    usd_per_hour=usd,
                    basis="published",
                    source="AWS pricing page, sagemaker-instances-training.json",
                    as_of=day,
                    sku=str(item.get("rateCode") or ""),
                )
            )
    return rows
