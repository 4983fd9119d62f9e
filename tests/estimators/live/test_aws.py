"""The AWS Price List through boto3 over the loopback, and the public map without credentials."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config

from estimators.catalog import load_offers
from estimators.live import aws
from estimators.live.row import FetchError, LiveRow, shapes_of
from tests.estimators.live.conftest import PROMPT, Asked, Service, rows_of_all, sample

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Serve = Callable[..., Service]
SHAPES = shapes_of(load_offers(), "aws")
COMPOSED = {
    key: value
    for key, value in sample("aws_get_products_sagemaker_training_COMPOSED.json").items()
    if key != "_provenance"
}


def item(usd: str = "0.1150000000", sku: str = "JMCWJEAPVJNFJ5P4", **facts: str) -> dict[str, Any]:
    """The composed Training item with other facts."""
    found: dict[str, Any] = json.loads(json.dumps(COMPOSED))
    found["product"]["attributes"] |= facts
    found["product"]["sku"] = sku
    (term,) = found["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    dimension["pricePerUnit"]["USD"] = usd
    return found


def price_list(
    *pages: list[Any], regions: tuple[str, ...] = ("us-east-1",)
) -> Callable[[Asked], Any]:
    """A strict Price List: signed JSON 1.1 calls with the filters that are promised."""

    def answer(asked: Asked) -> Any:
        assert "AWS4-HMAC-SHA256" in asked.headers["Authorization"]
        assert asked.json["ServiceCode"] == "AmazonSageMaker"
        call = asked.headers["X-Amz-Target"]
        if call == "AWSPriceListService.GetAttributeValues":
            assert asked.json["AttributeName"] == "regionCode"
            return {"AttributeValues": [{"Value": name} for name in regions]}
        assert call == "AWSPriceListService.GetProducts"
        filters = {f["Field"]: f["Value"] for f in asked.json["Filters"]}
        assert filters.keys() == {"regionCode", "component"}
        assert filters["component"] == "Training"
        number = int(asked.json.get("NextToken", 0))
        texts = [p if isinstance(p, str) else json.dumps(p) for p in pages[number]]
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"FormatVersion": "aws_v1", "PriceList": texts, **more}

    return answer


def client(service: Service) -> Any:
    return boto3.client(
        "pricing",
        region_name="us-east-1",
        endpoint_url=service.address,
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106  # of nobody
        config=Config(retries={"mode": "standard", "max_attempts": 3}),
    )


def rows(service: Service) -> list[LiveRow]:
    return rows_of_all(aws.source(SHAPES, PROMPT, client(service)))


def test_items_are_json_strings_over_pages(serve: Serve) -> None:
    second = item("1.41", "X", instanceName="ml.g5.xlarge", usagetype="USE1-Train:ml.g5.xlarge")
    found = rows(serve(price_list([item()], [], [second])))
    assert [(r.instance_type, r.usd_per_hour, r.sku) for r in found] == [
        ("ml.m5.large", Decimal("0.1150000000"), "JMCWJEAPVJNFJ5P4"),
        ("ml.g5.xlarge", Decimal("1.41"), "X"),
    ]
    assert {(r.region, r.allocation, r.basis) for r in found} == {
        ("us-east-1", "on_demand", "published")
    }


def test_a_part_a_region(serve: Serve) -> None:
    service = serve(price_list([item()], regions=("us-east-1", "eu-west-1", "us-gov-west-1")))
    found = aws.source(SHAPES, PROMPT, client(service))
    assert [part.name for part in found.parts] == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    "neighbour",
    [
        item("0"),
        item("0.0000000000"),
        item(component="SpotTraining"),
        item(usagetype="USE1-Train-Spot:ml.m5.large"),
        item(usagetype="USE1-WarmPool:ml.m5.large"),
        item(component="TrainingPlan"),
        item(instanceName="ml.unknown.large"),
        item(regionCode="eu-west-1"),
        sample("aws_get_products_botocore_example.json")["example"]["output"]["PriceList"][0],
    ],
)
def test_neighbours_and_free_rows_are_left_out(serve: Serve, neighbour: Any) -> None:
    found = rows(serve(price_list([neighbour, item()])))
    assert [r.usd_per_hour for r in found] == [Decimal("0.1150000000")]


def test_two_skus_of_one_type(serve: Serve) -> None:
    assert len(rows(serve(price_list([item(), item(sku="OTHER")])))) == 1
    with pytest.raises(FetchError, match=r"at 0.1150000000 and at 0.2 \(SKU JM.* and OTHER\)"):
        rows(serve(price_list([item(), item("0.2", "OTHER")])))


def test_a_token_that_comes_back(serve: Serve) -> None:
    pages = price_list([item()], [item()])
    service = serve(
        lambda asked: (
            pages(asked) | {"NextToken": "1"} if b"Filters" in asked.body else pages(asked)
        )
    )
    with pytest.raises(FetchError, match="repeats a page"):
        rows(service)


@pytest.mark.parametrize("bad", ["not json", "3", "[]"])
def test_an_item_that_is_no_object(serve: Serve, bad: str) -> None:
    with pytest.raises(FetchError, match="no JSON object"):
        rows(serve(price_list([bad])))


def test_without_credentials_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE")
    for name in (*keys, "AWS_ENDPOINT_URL"):  # the last is where the local services are
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert aws.client() is None
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert aws.client().meta.endpoint_url == "https://api.pricing.us-east-1.amazonaws.com"


def test_throttling_and_errors(serve: Serve) -> None:
    slow = (400, {}, json.dumps({"__type": "ThrottlingException", "message": "slow"}).encode())
    assert len(rows(serve(price_list([item()]), [slow, (500, {}, b"{}")]))) == 1
    denied = (400, {}, json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode())
    with pytest.raises(FetchError, match="AccessDenied"):
        rows(serve(price_list([item()]), [denied]))


def as_training(found: dict[str, Any]) -> dict[str, Any]:
    """The notebook map, which is the twin of that of training."""
    return json.loads(
        json.dumps(found)
        .replace("Studio-Notebook", "Training")
        .replace("-Notebook", "-Training")
        .replace("studionotebook", "training")
    )


def from_map(service: Service) -> list[LiveRow]:
    return rows_of_all(aws.source(SHAPES, PROMPT, None, service.address))


def test_the_public_map_without_credentials(serve: Serve) -> None:
    service = serve(lambda _: as_training(sample("aws_meteredUnitMaps_small.json")))
    found = from_map(service)
    assert service.asked[0].path.endswith("/USD/current/sagemaker-instances-training.json")
    assert {(r.instance_type, r.usd_per_hour) for r in found} == {
        ("ml.g4dn.xlarge", Decimal("0.8218")),
        ("ml.g5.xlarge", Decimal("1.57")),
        ("ml.p3.2xlarge", Decimal("4.131")),
        ("ml.m5.xlarge", Decimal("0.257")),
    }
    assert {(r.region, r.as_of) for r in found} == {("eu-west-1", "2025-06-16")}


def test_the_notebook_map_is_not_that_of_training(serve: Serve) -> None:
    assert from_map(serve(lambda _: sample("aws_meteredUnitMaps_small.json"))) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"regions": {}}, "has changed"),
        ({"manifest": {}}, "has changed"),
        ({"regions": []}, "has changed"),
    ],
)
def test_a_map_that_has_changed(serve: Serve, change: dict[str, Any], told: str) -> None:
    broken = as_training(sample("aws_meteredUnitMaps_small.json")) | change
    with pytest.raises(FetchError, match=told):
        from_map(serve(lambda _: broken))
