"""Google's Cloud Billing catalog through its own client over the loopback."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.billing_v1 import CloudCatalogClient

from estimators.catalog import find_offer, load_offers
from estimators.live import gcp
from estimators.live.row import FetchError, LiveRow, shapes_of
from tests.estimators.live.conftest import Asked, Service, rows_of_all, sample

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Serve = Callable[..., Service]
CATALOG = load_offers()
SHAPES = shapes_of(CATALOG, "gcp")
TABLE = sample("gcp_vertex_training_skus_TABLE.json")
REAL = sample("gcp_skus_compute_engine_sample.json")["skus"]


def sku(
    text: str,
    usd: str,
    usage: str = "OnDemand",
    unit: str = "h",
    region: str = "us-central1",
    **money: Any,
) -> dict[str, Any]:
    """A SKU in the shape of the real sample."""
    found: dict[str, Any] = json.loads(json.dumps(REAL[0]))
    found |= {"description": text, "serviceRegions": [region], "skuId": text[:8]}
    found["category"]["usageType"] = usage
    expression = found["pricingInfo"][0]["pricingExpression"]
    expression["usageUnit"] = unit
    units, _, rest = usd.partition(".")
    price = {"currencyCode": "USD", "units": units, "nanos": int((rest + "0" * 9)[:9])} | money
    expression["tieredRates"][0]["unitPrice"] = price
    return found


def vertex_skus() -> list[dict[str, Any]]:
    """The SKUs of a real on-demand job and, beside them, the fees of a real flex-start job."""
    rows = TABLE["on_demand_job"] + TABLE["dws_flex_start_job"]
    return [
        sku(text, str(usd), unit="GiBy.h" if unit.startswith("GiB") else "h")
        for _, service, text, usd, unit in rows
        if service == "Vertex AI"
    ]


def compute_skus() -> list[dict[str, Any]]:
    flex = [
        sku(text, str(usd), unit="GiBy.h" if unit.startswith("GiB") else "h")
        for _, service, text, usd, unit in TABLE["dws_flex_start_job"]
        if service == "Compute Engine"
    ]
    n1 = "N1 Predefined Instance"
    return [
        *flex,
        *REAL,
        sku(f"{n1} Core running in Americas", "0.031611"),
        sku(f"{n1} Ram running in Americas", "0.004237", unit="GiBy.h"),
        sku(f"Spot Preemptible {n1} Core running in Americas", "0.00698", "Preemptible"),
        sku(f"Spot Preemptible {n1} Ram running in Americas", "0.00094", "Preemptible", "GiBy.h"),
        sku("Commitment v1: Cpu in Americas for 1 Year", "0.01", "Commit1Yr"),
        sku(f"Custom {n1} Core running in Americas", "0.9"),
        sku("N2D AMD Instance Core running in Americas", "0.9"),
        sku("Nvidia L4 GPU running in Americas", "0"),
    ]


def catalog(
    vertex: list[Any], compute: list[Any], size: int = 1000
) -> Callable[[Asked], dict[str, Any]]:
    """A strict catalog: the two services, paged."""

    def answer(asked: Asked) -> dict[str, Any]:
        path = urlsplit(asked.path)
        skus = {
            "/v1/services/C7E2-9256-1C43/skus": vertex,
            "/v1/services/6F81-5844-456A/skus": compute,
        }[path.path]
        start = int(parse_qs(path.query).get("pageToken", ["0"])[0])
        more = {"nextPageToken": str(start + size)} if start + size < len(skus) else {}
        return {"skus": skus[start : start + size], **more}

    return answer


def rows(service: Service) -> dict[tuple[str, str, str], LiveRow]:
    client = CloudCatalogClient(
        transport="rest",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": service.address},
    )
    found = rows_of_all(gcp.source(SHAPES, client, patience_seconds=0.5))
    return {(r.instance_type, r.region, r.allocation): r for r in found}


@pytest.mark.parametrize("size", [1000, 3])
def test_a_machine_is_the_sum_of_its_skus(serve: Serve, size: int) -> None:
    found = rows(serve(catalog(vertex_skus(), compute_skus(), size)))
    h100 = found["a3-highgpu-8g", "us-central1", "on_demand"]
    known = find_offer(CATALOG, "gcp", "a3-highgpu-8g", "us-central1", "on_demand")
    assert h100.usd_per_hour.quantize(Decimal("0.0001")) == known.usd_per_hour.quantize(
        Decimal("0.0001")
    )
    assert h100.basis == "published"
    assert ("a3-highgpu-8g", "us-central1", "spot") not in found  # DWS is not Spot


def test_without_a_training_sku_the_fee_is_added_once(serve: Serve) -> None:
    found = rows(serve(catalog(vertex_skus(), compute_skus())))
    compute = 4 * Decimal("0.031611") + 15 * Decimal("0.004237")
    spot = 4 * Decimal("0.00698") + 15 * Decimal("0.00094")
    row = found["n1-standard-4", "us-central1", "on_demand"]
    assert row.usd_per_hour == compute * Decimal("1.15")
    assert row.basis == "derived"
    on_spot = found["n1-standard-4", "us-central1", "spot"]
    assert on_spot.usd_per_hour == spot + Decimal("0.15") * compute
    known = find_offer(CATALOG, "gcp", "n1-standard-4", "us-central1", "on_demand").usd_per_hour
    assert row.usd_per_hour == pytest.approx(known, rel=Decimal("0.001"))


def test_other_currencies_and_free_skus_price_nothing(serve: Serve) -> None:
    found = rows(serve(catalog(vertex_skus(), compute_skus())))
    assert not [key for key in found if key[0].startswith(("e2-", "g2-", "n2-"))]  # IDR, $0, AMD


def test_two_prices_of_one_part(serve: Serve) -> None:
    twice = [*compute_skus(), sku("N1 Predefined Instance Core running in Iowa", "0.5")]
    with pytest.raises(FetchError, match=r"core n1 us-central1 at 0\.031611\d* and at 0\.5"):
        rows(serve(catalog(vertex_skus(), twice)))


def test_an_empty_list_is_an_error(serve: Serve) -> None:
    with pytest.raises(FetchError, match="of vertex is empty"):
        rows(serve(catalog([], compute_skus())))


def test_a_page_that_repeats(serve: Serve) -> None:
    service = serve(lambda _: {"skus": REAL, "nextPageToken": "again"})
    with pytest.raises(FetchError, match="repeats a page"):
        rows(service)


def test_passing_faults_are_retried(serve: Serve) -> None:
    faults = [(429, {}, b"{}"), (500, {}, b"{}"), (503, {}, b"{}")]
    service = serve(catalog(vertex_skus(), compute_skus()), faults)
    assert rows(service)
    assert len(service.asked) == 5


@pytest.mark.parametrize(
    "fault",
    [(403, {}, b'{"error": {"code": 403, "message": "denied"}}'), b"<html>", (500, {}, b"{}")],
)
def test_faults_are_told(serve: Serve, fault: Any) -> None:
    with pytest.raises(FetchError, match="Google's price catalog can't be read"):
        rows(serve(lambda _: fault))
