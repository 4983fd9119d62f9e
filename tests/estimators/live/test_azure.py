"""Azure's Retail Prices API over the loopback: real items, every trap, every fault."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from estimators.catalog import load_offers
from estimators.live import azure
from estimators.live.row import FetchError, LiveRow, shapes_of
from tests.estimators.live.conftest import CUT, PROMPT, Asked, Service, rows_of_all, sample

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Serve = Callable[..., Service]
SHAPES = shapes_of(load_offers(), "azure")
TRAPS = sample("azure_retail_prices_traps.json")["Items"]
T4 = TRAPS[-1]


def page(items: list[Any], link: str | None = None) -> dict[str, Any]:
    return {"BillingCurrency": "USD", "Items": items, "NextPageLink": link, "Count": len(items)}


def rows(service: Service, *regions: str, shapes: dict[str, Any] = SHAPES) -> list[LiveRow]:
    return rows_of_all(azure.source(shapes, regions or ["eastus"], PROMPT, service.address))


def prices(found: list[LiveRow]) -> dict[tuple[str, str, str], Decimal]:
    return {(r.instance_type, r.region, r.allocation): r.usd_per_hour for r in found}


def test_asks_for_virtual_machines_of_one_region_by_consumption(serve: Serve) -> None:
    service = serve(lambda _: page([T4]))
    rows(service, "eastus", "westeurope")
    for asked, region in zip(service.asked, ("eastus", "westeurope"), strict=True):
        query = parse_qs(urlsplit(asked.path).query)
        assert urlsplit(asked.path).path == "/api/retail/prices"
        assert query["api-version"] == ["2023-01-01-preview"]
        assert query["$filter"] == [
            f"serviceName eq 'Virtual Machines' and armRegionName eq '{region}' "
            "and priceType eq 'Consumption'"
        ]


def test_windows_spot_and_low_priority_are_told_apart(serve: Serve) -> None:
    known = {"standard_ncc40ads_h100_v5": SHAPES["standard_nc40ads_h100_v5"], **SHAPES}
    service = serve(lambda _: page(TRAPS))
    assert prices(rows(service, shapes=known)) == {
        ("Standard_NCC40ads_H100_v5", "eastus2", "on_demand"): Decimal("6.98"),
        ("Standard_NCC40ads_H100_v5", "eastus2", "spot"): Decimal("1.396"),  # Low Priority
        ("Standard_NC80adis_H100_v5", "eastus", "on_demand"): Decimal("13.96"),
        ("Standard_NC80adis_H100_v5", "eastus", "spot"): Decimal("2.792"),
        ("Standard_NC4as_T4_v3", "eastus", "on_demand"): Decimal("0.526"),
    }


def test_reservations_are_left_out(serve: Serve) -> None:
    items = sample("azure_retail_prices_consumption_reservation.json")["Items"]
    known = {"standard_d8_v4": SHAPES["standard_d8s_v3"]}
    service = serve(lambda _: page(items))
    assert prices(rows(service, "westeurope", shapes=known)) == {
        ("Standard_D8_v4", "westeurope", "on_demand"): Decimal("0.46")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"retailPrice": 0},
        {"currencyCode": "EUR"},
        {"unitOfMeasure": "1 Month"},
        {"armSkuName": "Standard_Unknown"},
        {"armSkuName": None},
        {"productName": "Cloud Services NCasT4 v3 Series"},
        {"productName": "Virtual Machines NCasT4 v3 Series Windows"},
        {"skuName": "NC4as T4 v3 Spot"},
        {"type": "DevTestConsumption"},
    ],
)
def test_what_is_no_price_of_ours(serve: Serve, change: dict[str, Any]) -> None:
    assert rows(serve(lambda _: page([T4 | change]))) == []


def test_pages_are_followed_to_the_end_over_an_empty_one(serve: Serve) -> None:
    def answer(asked: Asked) -> Any:
        skip = parse_qs(urlsplit(asked.path).query).get("$skip", ["0"])[0]
        link = f"{service.address}/api/retail/prices?$skip="
        pages = {
            "0": page([T4], link + "1000"),
            "1000": page([], link + "2000"),
            "2000": page([T4 | {"armRegionName": "eastus2"}], ""),
        }
        return pages[skip]

    service = serve(answer)
    assert {r.region for r in rows(service)} == {"eastus", "eastus2"}
    assert len(service.asked) == 3


def test_a_page_that_repeats(serve: Serve) -> None:
    service = serve(lambda _: page([T4], f"{service.address}/api/retail/prices?$skip=1000"))
    with pytest.raises(FetchError, match="repeats a page"):
        rows(service)
    assert len(service.asked) <= 3


@pytest.mark.parametrize(
    "link", ["http://elsewhere.invalid/api", "https://127.0.0.1/x", "file:///etc/passwd"]
)
def test_a_link_to_another_host_is_not_followed(serve: Serve, link: str) -> None:
    with pytest.raises(FetchError, match="sends on to"):
        rows(serve(lambda _: page([T4], link)))


def test_a_price_twice_is_one_and_two_prices_are_none(serve: Serve) -> None:
    assert len(rows(serve(lambda _: page([T4, T4])))) == 1
    with pytest.raises(FetchError, match=r"priced at 0.526 and at 0.6"):
        rows(serve(lambda _: page([T4, T4 | {"retailPrice": 0.6}])))


@pytest.mark.parametrize(
    "faults",
    [
        [(429, {"Retry-After": "0"}, b"")],
        [(500, {}, b"oops"), (503, {}, b"")],
        [(429, {}, b""), (502, {}, b""), (504, {}, b"")],
    ],
)
def test_passing_faults_are_retried(serve: Serve, faults: list[Any]) -> None:
    service = serve(lambda _: page([T4]), faults)
    assert len(rows(service)) == 1
    assert len(service.asked) == len(faults) + 1


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((500, {}, b"oops"), "answered 500"),
        ((404, {}, b""), "answered 404"),
        ((302, {"Location": "http://elsewhere.invalid"}, b""), "answered 302"),
        (b"<html>maintenance</html>", "did not answer with JSON"),
        (b"[1, 2]", "JSON object"),
        (b"{}", "without Items"),
        (b'{"Items": "none"}', "without Items"),
        (CUT, "can't be read"),
        ({"Items": [T4 | {"retailPrice": "cheap"}]}, "is no price"),
        ({"Items": [T4 | {"retailPrice": -1}]}, "is no price"),
        ({"Items": [T4 | {"retailPrice": 1e9}]}, "is no price"),
    ],
)
def test_lasting_faults_are_told(serve: Serve, answer: Any, told: str) -> None:
    with pytest.raises(FetchError, match=told):
        rows(serve(lambda _: answer))


def test_nobody_there() -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 can't be read"):
        rows(Service(lambda _: None, address="http://127.0.0.1:9"))
