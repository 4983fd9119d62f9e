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

from estimators.live.http import RETRIES, Getter
from estimators.live.pages import ExpiredTokenError, Page, Part, Source, pages
from estimators.live.row import FetchError, LiveRow, Shape, price

SERVICE = "AmazonSageMaker"
PUBLIC = "https://b0.p.awsstatic.com"
MAP_PATH = "/pricing/2.0/meteredUnitMaps/sagemaker/USD/current/sagemaker-instances-training.json"
EXPIRED = ("ExpiredNextTokenException", "InvalidNextTokenException")
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
    shapes: Mapping[str, Shape], get: Getter, client: Any = None, public: str = PUBLIC
) -> Source:
    """One part a region of the Price List; `client` is a boto3 client of `pricing`.

    Without one the public map is the only part. Raises FetchError where the regions can't be
    listed.
    """
    if client is None:

        def map_page(_token: str | None) -> Page:
            return Page.of_rows(_from_map(get.get(public + MAP_PATH), shapes), None)

        return Source(origin=public, parts=[Part(name="map", page=map_page)])

    def page(region: str, token: str | None) -> Page:
        filters = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in (("regionCode", region), ("component", "Training"))
        ]
        found = _called(client.get_products, token, ServiceCode=SERVICE, Filters=filters)
        rows = (_row(product, region, shapes) for product in _products(found))
        return Page.of_rows(rows, found.get("NextToken"))

    parts = [Part(name=region, page=partial(page, region)) for region in _regions(client)]
    return Source(origin=client.meta.endpoint_url, parts=parts)


def client(patient: bool = True) -> Any:
    """A client of the Price List, which lives in us-east-1; None without credentials."""
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    if session.get_credentials() is None:
        return None
    retries = Config(retries={"mode": "adaptive", "total_max_attempts": 1 + patient * RETRIES})
    return session.client("pricing", region_name="us-east-1", config=retries)


def _called(call: Callable[..., Any], token: str | None, **asked: Any) -> dict[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        found: dict[str, Any] = call(**asked, **({"NextToken": token} if token else {}))
    except ClientError as error:
        expired = error.response.get("Error", {}).get("Code", "") in EXPIRED
        told = f"The AWS Price List can't be read: {error}."
        raise (ExpiredTokenError if expired else FetchError)(told) from None
    except (BotoCoreError, ValueError) as error:
        raise FetchError(f"The AWS Price List can't be read: {error}.") from None
    return found


def _regions(client: Any) -> list[str]:
    """Those of AWS's common partition."""

    def page(token: str | None) -> Page:
        asked = {"ServiceCode": SERVICE, "AttributeName": "regionCode"}
        found = _called(client.get_attribute_values, token, **asked)
        return Page(pieces=found.get("AttributeValues", []), token=found.get("NextToken"))

    listed = pages(Part(name="regions", page=page))
    found = {str(value.get("Value") or "") for page in listed for value in page.pieces}
    return sorted(name for name in found if name and not name.startswith(("us-gov-", "cn-")))


def _products(page: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
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
