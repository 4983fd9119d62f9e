"""Bills by hand, with real rates of the three services, and what holds for every bill."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators.billing.bill import Usage, bill
from estimators.billing.rules import Rule
from estimators.billing.settings import DEFAULTS, from_table
from estimators.catalog import find_offer, spot_ceiling_offer
from results.bills import Bill
from results.errors import NoAnswerError, UsageError
from results.records import Offer, Provider

MakeOffer = Callable[..., Offer]
CENT = Decimal("0.01")


def bill_of(offer: Offer, seconds: str, **usage: Any) -> Bill:
    return bill(offer, Usage(seconds=Decimal(seconds), **usage), DEFAULTS[offer.provider])


def lines(found: Bill) -> dict[str, Decimal]:
    return {item.name: item.usd for item in found.items}


def test_sagemaker_by_hand(catalog: Sequence[Offer]) -> None:
    """$1.41 / 3600 × 3,723 s × 2 = $2.91635; g5 has NVMe disks, so no volume is billed."""
    offer = find_offer(catalog, "aws", "ml.g5.xlarge", "us-east-1", "on_demand")
    found = bill_of(offer, "3723", nodes=2, disk_gib=Decimal(50))
    assert lines(found) == {"instance": Decimal("2.916350"), "disk": Decimal(0)}
    assert found.total_usd.quantize(CENT) == Decimal("2.92")
    instance = found.items[0]
    assert (instance.quantity, instance.unit) == (7446, "instance-second")
    assert (instance.billed_by, instance.evidence) == ("SageMaker", "proxy")


def test_sagemaker_disk_by_hand(catalog: Sequence[Offer]) -> None:
    """ml.m5.xlarge, $0.23: 10 h of 2 nodes = $4.60; 2 × 100 GiB × 10 h × $0.154 / 730 = $0.42."""
    offer = find_offer(catalog, "aws", "ml.m5.xlarge", "us-east-1", "on_demand")
    found = bill_of(offer, "36000", nodes=2, disk_gib=Decimal(100))
    assert lines(found) == {"instance": Decimal("4.6"), "disk": Decimal("0.421918")}
    assert list(lines(bill_of(offer, "36000"))) == ["instance"]


def test_a_line_of_a_real_sagemaker_bill(make_offer: MakeOffer) -> None:
    """The bill in the price list: ml.g5.xlarge in us-east-2 at $1.2575; half an hour is $0.63."""
    offer = make_offer("A10G", usd_per_hour=Decimal("1.2575"), instance_type="ml.g5.xlarge")
    assert bill_of(offer, "1800").total_usd == Decimal("0.62875")


def test_managed_spot_bills_fewer_seconds(catalog: Sequence[Offer]) -> None:
    """1,000 s of training at 63.5% saved are 365 billable seconds at the on-demand rate."""
    offer = spot_ceiling_offer(catalog, "aws", "ml.g5.xlarge", "us-east-1")
    found = bill_of(offer, "1000")
    assert lines(found) == {"instance": Decimal("0.142958")}
    assert found.items[0].quantity == 365
    assert found.items[0].evidence == "assumed"
    assert "59-68%" in found.items[0].note


def test_low_priority_idles_at_its_own_rate(catalog: Sequence[Offer]) -> None:
    """120 s at a fifth of $0.526 an hour; the load balancer has no low priority."""
    offer = spot_ceiling_offer(catalog, "azure", "Standard_NC4as_T4_v3", "eastus")
    rules = from_table({"azure": {"spot_saving": Decimal("0.8")}})["azure"]
    found = bill(offer, Usage(seconds=Decimal(3600)), rules)
    assert lines(found) == {
        "instance": Decimal("0.1052"),
        "idle": Decimal("0.003507"),
        "load balancer": Decimal("0.014208"),
    }
    assert found.items[0].evidence == "given"
    assert found.items[0].note == "80.0% of the on-demand cost saved, given in trainfare.toml"


def test_vertex_by_hand(catalog: Sequence[Offer]) -> None:
    """8 H100 × $11.2660332 + 208 cores × $0.0293227 + 1,872 GiB × $0.0025534 = $101.0073524 an
    hour (three SKUs, fee inside), and a boot disk of 100 GiB × $0.0002678."""
    rate = Decimal("11.2660332") * 8 + Decimal("0.0293227") * 208 + Decimal("0.0025534") * 1872
    offer = find_offer(catalog, "gcp", "a3-highgpu-8g", "us-central1", "on_demand")
    assert offer.usd_per_hour == rate.quantize(offer.usd_per_hour)
    found = bill_of(offer, "7200", nodes=3)
    assert lines(found)["instance"].quantize(CENT) == (rate * 6).quantize(CENT) == Decimal("606.04")
    assert lines(found)["disk"] == Decimal("0.160680")
    assert bill_of(offer, "3600", disk_gib=Decimal(0)).total_usd == offer.usd_per_hour.quantize(
        Decimal("0.000001")
    )


def test_azure_by_hand(catalog: Sequence[Offer]) -> None:
    """$0.526 an hour; 120 s idle before scale-down; a load balancer at $0.33 a day."""
    offer = find_offer(catalog, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand")
    found = bill_of(offer, "3600", nodes=51)
    assert lines(found) == {
        "instance": Decimal("26.826"),
        "idle": Decimal("0.8942"),
        "load balancer": Decimal("0.028417"),  # 2 × 3,720 s × $0.33 / 86,400 s
    }


def test_rounding_is_a_line_of_its_own(catalog: Sequence[Offer]) -> None:
    offer = find_offer(catalog, "gcp", "n1-standard-4", "us-central1", "on_demand")
    by_30 = replace(
        DEFAULTS["gcp"],
        granularity_seconds=Rule(value=Decimal(30), source="a test"),
        minimum_seconds=Rule(value=Decimal(60), source="a test"),
    )
    for seconds, billed in (("0", 60), ("59.5", 60), ("60", 60), ("60.001", 90), ("91", 120)):
        found = bill(offer, Usage(seconds=Decimal(seconds)), by_30)
        time = [i.quantity for i in found.items if i.unit == "instance-second"]
        assert sum(time) == billed


def test_a_discount_is_for_on_demand_only(make_offer: MakeOffer) -> None:
    rules = replace(DEFAULTS["aws"], commitment_discount=Rule(value=Decimal("0.25"), source="mine"))
    for allocation, total in (("on_demand", "2.7"), ("spot", "3.6")):
        found = bill(make_offer(allocation=allocation), Usage(seconds=Decimal(3600)), rules)
        assert found.total_usd == Decimal(total)


def test_egress_is_billed_where_it_is_given(make_offer: MakeOffer) -> None:
    rules = replace(DEFAULTS["aws"], egress_gib=Rule(value=Decimal(10), source="mine"))
    with pytest.raises(NoAnswerError, match="egress_usd_per_gib"):
        bill(make_offer(), Usage(seconds=Decimal(1)), rules)
    rules = replace(rules, egress_usd_per_gib=Rule(value=Decimal("0.09"), source="mine"))
    assert lines(bill(make_offer(), Usage(seconds=Decimal(1)), rules))["egress"] == Decimal("0.9")


def test_a_disk_without_a_rate(catalog: Sequence[Offer]) -> None:
    offer = find_offer(catalog, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand")
    with pytest.raises(NoAnswerError, match=r"Azure ML.*disk_usd_per_gib_hour.*billing\.azure"):
        bill_of(offer, "60", disk_gib=Decimal(50))


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"seconds": "-1"}, "--seconds -1"),
        ({"seconds": "NaN"}, "--seconds NaN"),
        ({"seconds": "Infinity"}, "--seconds"),
        ({"seconds": "1e30"}, "--seconds"),
        ({"seconds": "1", "nodes": 0}, "--nodes 0"),
        ({"seconds": "1", "nodes": 10**9}, "--nodes"),
        ({"seconds": "1", "disk_gib": Decimal(-5)}, "--disk-gib -5"),
    ],
)
def test_what_can_not_be_billed(make_offer: MakeOffer, usage: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        bill_of(make_offer(), **usage)
    with pytest.raises(UsageError, match="is no rate"):
        bill_of(make_offer(usd_per_hour=Decimal(0)), "1")


amounts = st.decimals(0, 10**6, places=3)
rates = st.decimals("0.0001", 1000, places=4)
providers = st.sampled_from(["aws", "gcp", "azure"])


@settings(deadline=None)
@given(providers, amounts, amounts, st.integers(1, 200), st.integers(0, 200), rates, rates)
def test_a_bill_never_falls_with_time_nodes_or_rate(
    make_offer: MakeOffer, provider: Provider, seconds: Decimal, more: Decimal, nodes: int,
    more_nodes: int, rate: Decimal, dearer: Decimal,
) -> None:  # fmt: skip
    def total(seconds: Decimal, nodes: int, rate: Decimal) -> Decimal:
        offer = make_offer(provider=provider, usd_per_hour=rate, instance_type="m5")
        disk = None if provider == "azure" else Decimal(10)
        usage = Usage(seconds=seconds, nodes=nodes, disk_gib=disk)
        found = bill(offer, usage, DEFAULTS[provider])
        assert all(type(item.usd) is Decimal and item.usd >= 0 for item in found.items)
        assert type(found.total_usd) is Decimal
        assert found.total_usd == sum(item.usd for item in found.items)
        return found.total_usd

    base = total(seconds, nodes, rate)
    assert base <= total(seconds + more, nodes, rate)
    assert base <= total(seconds, nodes + more_nodes, rate)
    assert base <= total(seconds, nodes, rate + dearer)


@settings(deadline=None)
@given(providers, st.integers(0, 10**6), st.integers(1, 100), rates)
def test_the_instance_line_is_exact(
    make_offer: MakeOffer, provider: Provider, seconds: int, nodes: int, rate: Decimal
) -> None:
    found = bill_of(make_offer(provider=provider, usd_per_hour=rate), str(seconds), nodes=nodes)
    exact = rate * seconds * nodes / 3600
    assert abs(found.items[0].usd - exact) <= Decimal("0.0000005")
