"""The packaged catalog, its filters, and the errors that name what is near."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from estimators.catalog import (
    PACKAGED,
    find_offer,
    load_offers,
    select_offers,
    spot_ceiling_offer,
)
from results.errors import NoAnswerError, RecordError, UsageError
from results.records import Offer


def test_the_packaged_snapshot_is_whole(catalog: Sequence[Offer]) -> None:
    assert len(catalog) == 1482
    counts = {p: sum(o.provider == p for o in catalog) for p in ("aws", "gcp", "azure")}
    assert counts == {"aws": 495, "gcp": 583, "azure": 404}
    assert sum(o.accelerator is None for o in catalog) == 1055


def test_an_empty_list_of_files_means_the_packaged_ones(catalog: Sequence[Offer]) -> None:
    assert list(load_offers([])) == list(catalog)


def test_the_same_thing_priced_twice_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "again.csv"
    copy.write_bytes(PACKAGED[0].read_bytes())
    with pytest.raises(RecordError, match=r"'aws sagemaker .*' is priced twice, first in .*sagem"):
        load_offers([PACKAGED[0], copy])


def test_loading_needs_neither_torch_nor_a_cloud_package() -> None:
    code = (
        "import sys, estimators.rank, estimators.catalog as c; c.load_offers();"
        "heavy = {'torch', 'numpy', 'pandas', 'boto3', 'google.cloud.aiplatform', 'azure.ai'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["aws", "AWS", "sagemaker", "SageMaker", " sagemaker "])
def test_a_provider_goes_by_any_of_its_names(catalog: Sequence[Offer], name: str) -> None:
    assert len(select_offers(catalog, providers=[name])) == 495


def test_filters_together(catalog: Sequence[Offer]) -> None:
    found = select_offers(
        catalog,
        providers=["gcp"],
        regions=["US-central1"],
        accelerator="l4",
        allocation="on-demand",
        max_usd_per_hour=Decimal(1),
    )
    assert [o.instance_type for o in found] == ["g2-standard-4", "g2-standard-8"]
    assert {o.accelerator for o in found} == {"L4"}


@pytest.mark.parametrize("name", ["none", "CPU"])
def test_no_accelerator(catalog: Sequence[Offer], name: str) -> None:
    found = select_offers(catalog, accelerator=name)
    assert len(found) == 1055
    assert all(o.accelerator is None for o in found)


def test_known_names_that_match_nothing_together_give_nothing(catalog: Sequence[Offer]) -> None:
    assert select_offers(catalog, instance_type="ml.g5.xlarge", allocation="spot") == []
    assert select_offers(catalog, accelerator="A10G", regions=["eastus"]) == []


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            {"providers": ["aws"], "instance_type": "ml.g5.xlarg"},
            "'ml.g5.xlarg' is no instance type of SageMaker. Near: ml.g5.xlarge, ",
        ),
        ({"providers": ["azzure"]}, "'azzure' is no provider. Near: azure"),
        (
            {"providers": ["aws"], "regions": ["eastus"]},
            "'eastus' is no region of SageMaker. Near: us-",
        ),
        ({"regions": ["us-est-1"]}, "'us-est-1' is no region of the price list. Near: us-east-1"),
        ({"accelerator": "A10H"}, "'A10H' is no accelerator of the price list. Near: A10"),
        ({"allocation": "spto"}, "'spto' is no way to rent. Near: spot"),
        ({"providers": ["gcp"], "instance_type": "ml.g5.xlarge"}, "no instance type of Vertex AI"),
        ({"regions": [""]}, "'' is no region"),
    ],
)
def test_an_unknown_name(catalog: Sequence[Offer], filters: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as error:
        select_offers(catalog, **filters)  # type: ignore[arg-type]
    assert message in str(error.value)
    assert "See: trainfare prices list" in str(error.value)


@pytest.mark.parametrize("limit", ["0", "-1", "NaN", "Infinity"])
def test_a_limit_that_is_none(catalog: Sequence[Offer], limit: str) -> None:
    with pytest.raises(UsageError, match="is no price limit"):
        select_offers(catalog, max_usd_per_hour=Decimal(limit))


def test_a_region_without_a_price_is_answered_with_the_known_ones(catalog: Sequence[Offer]) -> None:
    expected = (
        "No on-demand price for 'ml.g5.xlarge' in 'eu-west-3'. Known regions: ap-northeast-1, "
        "ap-south-1, eu-central-1, eu-west-1, eu-west-2, us-east-1, us-east-2, us-west-2."
    )
    with pytest.raises(NoAnswerError) as error:
        find_offer(catalog, "aws", "ml.g5.xlarge", "eu-west-3", "on_demand")
    assert str(error.value) == expected
    assert error.value.exit_code == 3
    with pytest.raises(NoAnswerError, match="Known regions: ap-northeast-1"):
        select_offers(catalog, instance_type="ml.g5.xlarge", regions=["eu-west-3"])


def test_finds_the_one_offer(catalog: Sequence[Offer]) -> None:
    assert find_offer(catalog, "aws", "ml.g5.xlarge", "us-east-1", "on_demand").usd_per_hour == (
        Decimal("1.41")
    )
    spot = find_offer(catalog, "gcp", "a2-highgpu-1g", "us-east1", "spot")
    assert (spot.allocation, spot.usd_per_hour) == ("spot", Decimal("2.47902775"))


@pytest.mark.parametrize(
    ("provider", "kind", "region"),
    [("aws", "ml.g5.xlarge", "us-east-1"), ("azure", "Standard_NC4as_T4_v3", "eastus")],
)
def test_no_spot_price_is_no_guess(
    catalog: Sequence[Offer], provider: str, kind: str, region: str
) -> None:
    with pytest.raises(NoAnswerError, match=f"No spot price known for '{kind}', only on-demand"):
        find_offer(catalog, provider, kind, region, "spot")
    ceiling = spot_ceiling_offer(catalog, provider, kind, region)
    on_demand = find_offer(catalog, provider, kind, region, "on_demand")
    assert ceiling.allocation == "spot"
    assert ceiling.usd_per_hour == on_demand.usd_per_hour
    assert "ceiling" in (ceiling.notes or "")


def test_the_ceiling_of_an_unknown_instance(
    catalog: Sequence[Offer], make_offer: Callable[..., Offer]
) -> None:
    with pytest.raises(UsageError, match=r"Near: ml\.g5\.xlarge"):
        spot_ceiling_offer(catalog, "aws", "ml.g5.xlarg", "us-east-1")
    bare = make_offer(notes=None)
    found = spot_ceiling_offer([bare], "aws", bare.instance_type, bare.region)
    assert found.notes == "spot never bills above the on-demand rate, which is shown as the ceiling"
