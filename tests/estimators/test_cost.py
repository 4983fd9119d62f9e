"""What a job costs: real prices worked out by hand, and properties of money."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators import notes
from estimators.catalog import find_offer, spot_ceiling_offer
from estimators.cost import estimate
from results.errors import NoAnswerError, UsageError
from results.records import Estimate, Job, Offer, Run

MakeRun = Callable[..., Run]
MakeOffer = Callable[..., Offer]


def job_of(run: Run, epochs: int = 36, samples: int = 6400, nodes: int = 1) -> Job:
    return Job(workload=run.workload, epochs=epochs, samples_per_epoch=samples, nodes=nodes)


def usd_by_item(found: Estimate) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    return {i.name: (i.usd.low, i.usd.mid, i.usd.high) for i in found.items}


def money(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(a) for a in amounts)


def test_sagemaker_by_hand(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="NVIDIA A10G", step=0.1)  # 100 steps an epoch: 36 epochs in 360 s
    offer = find_offer(catalog, "aws", "ml.g5.xlarge", "us-east-1", "on_demand")  # $1.41 an hour
    found = estimate(run, job_of(run), offer)
    assert usd_by_item(found) == {
        "start-up": money("0.023500", "0.070500", "0.164500"),  # 60, 180, 420 s
        "training": money("0.126900", "0.141000", "0.155100"),  # 324, 360, 396 s
    }
    assert (found.usd.low, found.usd.mid, found.usd.high) == money(
        "0.150400", "0.211500", "0.319600"
    )
    assert found.seconds.mid == pytest.approx(540)
    assert found.epoch_seconds.mid == pytest.approx(10)
    assert found.grade == "measured"
    assert [i.evidence for i in found.items] == ["assumed", "measured"]
    assert {i.billed_by for i in found.items} == {"SageMaker"}
    assert notes.PROXY in found.assumptions and notes.START_UP in found.assumptions


def test_azure_bills_boot_and_idle(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="Tesla T4", step=0.1)
    offer = find_offer(catalog, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand")  # $0.526
    found = estimate(run, job_of(run), offer)
    assert usd_by_item(found) == {
        "start-up": money("0.008767", "0.026300", "0.061367"),
        "training": money("0.047340", "0.052600", "0.057860"),
        "boot and idle": money("0.026300", "0.035067", "0.061367"),  # 180, 240, 420 s
    }
    assert found.usd.mid == Decimal("0.113967")
    assert found.seconds.mid == pytest.approx(180 + 360 + 240)
    assert notes.AZURE_IDLE in found.assumptions


def test_vertex_bills_the_boot_disk(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="NVIDIA A100-SXM4-40GB", step=0.1)
    offer = find_offer(catalog, "gcp", "a2-highgpu-1g", "us-central1", "spot")  # $2.47902775
    found = estimate(run, job_of(run, epochs=342), offer)  # 3,420 s and 180 s: one hour
    items = usd_by_item(found)
    assert items["boot disk"][1] == Decimal("0.026780")  # 100 GiB · $0.0002678 · 1 h
    assert items["start-up"][1] == Decimal("0.123951")
    assert items["training"][1] == Decimal("2.355076")
    assert found.usd.mid == Decimal("2.505807")
    assert found.seconds.mid == pytest.approx(3600)  # the disk runs beside
    assert {notes.SPOT, notes.DERIVED, notes.VERTEX_DISK} <= set(found.assumptions)


def test_nodes_are_billed_each(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(threads=2)
    offer = find_offer(catalog, "aws", "ml.m5.large", "us-east-1", "on_demand")  # $0.115
    two = estimate(run, job_of(run, nodes=2), offer)
    # 36 epochs · 50 steps · 0.1 s / 0.95
    assert usd_by_item(two)["training"][1] == Decimal("0.012105")
    assert usd_by_item(two)["start-up"][1] == Decimal("0.011500")
    assert two.grade == "projected"


def test_a_spot_ceiling_costs_what_on_demand_does(
    make_run: MakeRun, catalog: Sequence[Offer]
) -> None:
    run = make_run(device="NVIDIA A10G")
    where = ("aws", "ml.g5.xlarge", "us-east-1")
    ceiling = estimate(run, job_of(run), spot_ceiling_offer(catalog, *where))
    assert ceiling.usd == estimate(run, job_of(run), find_offer(catalog, *where, "on_demand")).usd
    assert notes.SPOT in ceiling.assumptions


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "0 epochs can't be trained.*--epochs"),
        ({"epochs": -3}, "-3 epochs"),
        ({"epochs": 10**400}, "epochs can't be trained"),
        ({"samples": 0}, "0 samples an epoch.*--samples-per-epoch"),
        ({"nodes": 0}, "0 nodes"),
    ],
)
def test_a_job_of_nothing(
    make_run: MakeRun, make_offer: MakeOffer, changes: dict[str, int], message: str
) -> None:
    run = make_run()
    with pytest.raises(UsageError, match=message):
        estimate(run, job_of(run, **changes), make_offer("T4"))


def test_a_job_without_end(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(step=1e9)
    with pytest.raises(NoAnswerError, match="more than a hundred years"):
        estimate(run, job_of(run, epochs=10**12, samples=10**12), make_offer("T4"))


@given(
    epochs=st.integers(1, 1000),
    more=st.integers(0, 1000),
    cents=st.integers(1, 10_000),
    dearer=st.integers(0, 10_000),
    step=st.floats(1e-4, 1),
    provider=st.sampled_from(["aws", "gcp", "azure"]),
)
def test_usd_grows_with_epochs_and_rate_and_sums_up(
    make_run: MakeRun, make_offer: MakeOffer, epochs: int, more: int, cents: int, dearer: int,
    step: float, provider: str,
) -> None:  # fmt: skip
    run = make_run(step=step)
    rates = (Decimal(cents) / 100, Decimal(cents + dearer) / 100)
    offers = [make_offer("T4", provider=provider, usd_per_hour=rate) for rate in rates]
    base = estimate(run, job_of(run, epochs), offers[0])
    for other in (
        estimate(run, job_of(run, epochs + more), offers[0]),
        estimate(run, job_of(run, epochs), offers[1]),
    ):
        assert 0 <= base.usd.low <= base.usd.mid <= base.usd.high
        assert base.usd.low <= other.usd.low
        assert base.usd.mid <= other.usd.mid
        assert base.usd.high <= other.usd.high
    assert base.usd.mid == sum(i.usd.mid for i in base.items)


@given(nodes=st.integers(1, 100), samples=st.integers(1, 10**6))
def test_more_nodes_never_take_longer_in_the_middle(
    make_run: MakeRun, make_offer: MakeOffer, nodes: int, samples: int
) -> None:
    run, offer = make_run(epoch=9.0), make_offer("T4")
    few, many = (
        estimate(run, job_of(run, samples=samples, nodes=n), offer) for n in (nodes, nodes + 1)
    )
    if samples >= 64 * (nodes + 1):  # beyond one step each there is nothing left to share
        assert many.seconds.mid <= few.seconds.mid
