"""The cap: worked examples, the property that makes it a cap, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.cap import MIN_SECONDS, TERMS, max_seconds, worst_case_usd
from results.errors import OverBudgetError, RecordError, UsageError
from results.records import Offer

PROVIDERS: Any = st.sampled_from(["aws", "gcp", "azure"])


def offer(provider: str, rate: Decimal | str, **given: Any) -> Offer:
    fields: dict[str, Any] = {
        "provider": provider,
        "service": "any",
        "region": "here",
        "instance_type": "some-type",
        "vcpus": 4,
        "memory_gib": 16.0,
        "accelerator": None,
        "accelerator_count": 0.0,
        "accelerator_memory_gib": None,
        "allocation": "on_demand",
        "usd_per_hour": Decimal(rate),
        "basis": "published",
        "as_of": "2026",
        "source": "test",
    }
    return Offer(**(fields | given))


def test_vertex_worked_by_hand() -> None:
    # 2 nodes × (0.97322 + 100 × 0.0002678) = 2.00000 $/h; 990 s are billed beside the limit.
    two = offer("gcp", "0.97322")
    assert max_seconds(Decimal("2"), two, 2) == 3600 - 990
    assert worst_case_usd(3600 - 990, two, 2) == Decimal("2")


def test_sagemaker_counts_stop_grace_upload_start_and_volume() -> None:
    # (3000 + 601) s × (1.006 + 30 × 0.308 / 672) $/h = 3601 × 1.01975 / 3600
    assert worst_case_usd(3000, offer("aws", "1.006"), 1) == Decimal("1.020034")


def test_azure_shares_one_load_balancer_among_fifty_nodes() -> None:
    vm = offer("azure", "1")
    per_hour = [worst_case_usd(3600 - 781, vm, nodes) - nodes for nodes in (1, 50, 51)]
    assert per_hour == [Decimal("0.01375"), Decimal("0.01375"), Decimal("0.0275")]


@given(
    provider=PROVIDERS,
    rate=st.decimals("0.001", "1000", places=6),
    nodes=st.integers(1, 200),
    cap=st.decimals("0.01", "1000000", places=9),
    spot=st.booleans(),
)
def test_the_worst_bill_stays_within_the_cap_and_a_second_more_does_not(
    provider: Any, rate: Decimal, nodes: int, cap: Decimal, spot: bool
) -> None:
    row = offer(provider, rate, allocation="spot" if spot else "on_demand")
    try:
        seconds = max_seconds(cap, row, nodes)
    except OverBudgetError:
        assert worst_case_usd(MIN_SECONDS, row, nodes) > cap
        return
    assert seconds >= MIN_SECONDS
    assert worst_case_usd(seconds, row, nodes) <= cap
    terms = TERMS[row.provider]
    longest = terms.longest_spot_seconds if spot else terms.longest_seconds
    assert seconds == longest or worst_case_usd(seconds + 1, row, nodes) > cap


@pytest.mark.parametrize(
    ("provider", "allocation", "days"),
    [
        ("aws", "on_demand", 28),
        ("gcp", "spot", 7),
        ("azure", "on_demand", 21),
        ("azure", "spot", 7),
    ],
)
def test_a_rich_cap_ends_at_what_the_service_allows(
    provider: str, allocation: str, days: int
) -> None:
    row = offer(provider, "1", allocation=allocation)
    assert max_seconds(Decimal("100000"), row, 1) == days * 86400


@given(provider=PROVIDERS, rate=st.decimals("1", "500", places=4), nodes=st.integers(1, 64))
def test_the_amount_named_as_enough_is_enough(provider: Any, rate: Decimal, nodes: int) -> None:
    row = offer(provider, rate)
    with pytest.raises(OverBudgetError) as caught:
        max_seconds(Decimal("0.01"), row, nodes)
    assert caught.value.exit_code == 4
    enough = Decimal(str(caught.value).split("Give --max-usd ")[1].split(" ")[0])
    assert max_seconds(enough, row, nodes) >= MIN_SECONDS


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-1", "0", "-0", "0.009", "1E+999999"])
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no spending cap"):
        max_seconds(Decimal(text), offer("aws", "1"), 1)


@pytest.mark.parametrize("nodes", [0, -2])
def test_fewer_than_one_node_is_refused(nodes: int) -> None:
    with pytest.raises(UsageError, match=f"--nodes {nodes}"):
        max_seconds(Decimal(5), offer("aws", "1"), nodes)


@pytest.mark.parametrize("rate", ["0", "-1", "NaN"])
def test_an_offer_without_a_price_is_refused(rate: str) -> None:
    with pytest.raises(RecordError, match="no price"):
        worst_case_usd(60, offer("aws", rate), 1)
