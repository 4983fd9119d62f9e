"""What a job costs: real prices worked out by hand, and properties of money."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimators import notes
from estimators.assumptions import REWORK_SHARE
from estimators.billing.settings import DEFAULTS, from_table
from estimators.catalog import find_offer, spot_ceiling_offer
from estimators.cost import estimate
from results.errors import NoAnswerError, UsageError
from results.records import Estimate, Job, Offer, Run
from results.statistics import Interval

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
    items = usd_by_item(found)
    assert items["training"] == money("0.126900", "0.141000", "0.155100")  # 324, 360, 396 s
    assert items["image pull"] == money("0.011750", "0.035250", "0.117500")  # 30, 90, 300 s
    assert items["queue"] == items["provisioning"] == money("0", "0", "0")
    assert items["disk"] == money("0", "0", "0")  # NVMe
    assert items["warm-up"][1] == Decimal("0.007050")  # 15 s and 30 steps of 0.1 s
    assert found.epoch_seconds.mid == pytest.approx(10)
    assert found.grade == "measured"
    evidence = {i.name: i.evidence for i in found.items}
    assert evidence["training"] == "measured"
    assert {e for name, e in evidence.items() if name != "training"} == {"assumed"}
    billed_by = {i.name: i.billed_by for i in found.items}
    assert [n for n, who in billed_by.items() if who == "nobody"] == ["queue", "provisioning"]
    assert set(billed_by.values()) == {"nobody", "SageMaker"}
    assert notes.PROXY in found.assumptions
    start_up = "queue, provisioning, image pull and data download are assumed: 1 to 20 min if all"
    assert any(text.startswith(start_up) for text in found.assumptions)
    assert "evaluation" not in items  # the workload has none


def test_the_whole_lies_within_the_ends_of_the_items(
    make_run: MakeRun, catalog: Sequence[Offer]
) -> None:
    run = make_run(step=0.1)
    for provider, kind, region in (
        ("aws", "ml.m5.large", "us-east-1"),
        ("gcp", "n1-standard-4", "us-central1"),
        ("azure", "Standard_D2s_v3", "eastus"),
    ):
        found = estimate(run, job_of(run), find_offer(catalog, provider, kind, region, "on_demand"))
        low, mid, high = (sum(ends) for ends in zip(*usd_by_item(found).values(), strict=True))
        assert low < found.usd.low < found.usd.mid < found.usd.high < high
        assert found.usd.mid > mid  # the items are skewed
        waits = [i for i in found.items if i.name not in ("idle", "rounding")]
        assert sum(i.seconds.low for i in waits) < found.seconds.low
        assert found.seconds.high < sum(i.seconds.high for i in waits)


@pytest.mark.parametrize(
    ("provider", "kind", "region", "allocation"),
    [
        ("aws", "ml.m5.large", "us-east-1", "on_demand"),
        ("gcp", "n1-standard-4", "us-central1", "spot"),
        ("azure", "Standard_D2s_v3", "eastus", "on_demand"),
    ],
)
@pytest.mark.parametrize("epochs", [1, 100])
def test_eight_of_ten_simulated_jobs_are_as_estimated(
    make_run: MakeRun, catalog: Sequence[Offer], provider: str, kind: str, region: str,
    allocation: str, epochs: int,
) -> None:  # fmt: skip
    """Jobs drawn from the items, by the law that decision 0011 states and not by its code."""
    run = make_run(step=0.1)
    offer = find_offer(catalog, provider, kind, region, allocation)
    found = estimate(run, job_of(run, epochs), offer)
    dice, items = random.Random(7), {i.name: i for i in found.items}
    hourly = float(offer.usd_per_hour)
    hourly += float(sum(i.usd.mid for n, i in items.items() if n in ("disk", "load balancer"))) / (
        float(found.usd.mid) / hourly
    )
    seconds, dollars = 0, 0
    for _ in range(4000):
        together = dice.gauss(0, 1)
        drawn = {
            name: at(item.seconds, together if name in MOVING else dice.gauss(0, 1))
            for name, item in items.items()
            if name not in BESIDE and name != "spot rework"
        }
        if "spot rework" in items:
            share = at(REWORK_SHARE, dice.gauss(0, 1))
            drawn["spot rework"] = share * sum(drawn[name] for name in MOVING & drawn.keys())
        billed = sum(s for name, s in drawn.items() if items[name].billed_by != "nobody")
        billed += items["idle"].seconds.mid if "idle" in items else 0
        seconds += found.seconds.low <= sum(drawn.values()) <= found.seconds.high
        dollars += found.usd.low <= Decimal(hourly * billed / 3600) <= found.usd.high
    assert seconds / 4000 == pytest.approx(0.8, abs=0.04)
    assert dollars / 4000 == pytest.approx(0.8, abs=0.04)


MOVING = {"warm-up", "training", "evaluation"}
BESIDE = {"idle", "rounding", "disk", "load balancer", "egress"}


def at(interval: Interval, deviate: float) -> float:
    """The two-piece lognormal at a normal deviate."""
    end = interval.high if deviate > 0 else interval.low
    return interval.mid * (end / interval.mid) ** (abs(deviate) / 1.2815515655446004)


def test_azure_bills_boot_and_idle(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="Tesla T4", step=0.1)
    offer = find_offer(catalog, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand")  # $0.526
    found = estimate(run, job_of(run), offer)
    items = usd_by_item(found)
    assert items["provisioning"] == money("0.005844", "0.013150", "0.035067")  # 40, 90, 240 s
    assert items["training"] == money("0.047340", "0.052600", "0.057860")
    assert items["idle"] == money("0.017533", "0.017533", "0.017533")  # 120 s
    assert items["queue"][2] == 0
    shared = found.usd.mid * Decimal("0.01375") / Decimal("0.53975")  # its share of the rate
    assert items["load balancer"][1] == pytest.approx(shared, rel=Decimal("0.01"))
    without = estimate(run, job_of(run), replace(offer, provider="aws", instance_type="ml.g5.x"))
    assert found.usd.mid - without.usd.mid > items["idle"][1]
    assert found.seconds.mid == without.seconds.mid  # nobody waits for the scale-down


def test_vertex_bills_the_boot_disk(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="NVIDIA A100-SXM4-40GB", step=0.1)
    offer = find_offer(catalog, "gcp", "a2-highgpu-1g", "us-central1", "spot")  # $2.47902775
    found = estimate(run, job_of(run, epochs=342), offer)
    items = usd_by_item(found)
    share = Decimal("0.02678") / (offer.usd_per_hour + Decimal("0.02678"))
    assert items["disk"][1] == pytest.approx(found.usd.mid * share, rel=Decimal("0.01"))
    assert items["training"][1] == Decimal("2.355076")
    assert items["spot rework"][1] == Decimal("0.070652")  # 3% of it
    assert {notes.SPOT, notes.DERIVED} <= set(found.assumptions)
    assert any("30-second" in text for text in found.assumptions)


@pytest.mark.parametrize(
    ("provider", "kind", "told"),
    [
        ("gcp", "a2-ultragpu-1g", True),
        ("gcp", "a3-highgpu-8g", True),
        ("gcp", "a2-highgpu-1g", False),
        ("aws", "ml.p4d.24xlarge", False),
    ],
)
def test_local_ssd_of_unknown_price_is_told(
    make_run: MakeRun, make_offer: MakeOffer, provider: str, kind: str, told: bool
) -> None:
    run = make_run(device="NVIDIA A100-SXM4-40GB")
    found = estimate(run, job_of(run), make_offer("A100", provider=provider, instance_type=kind))
    assert (notes.LOCAL_SSD in found.assumptions) == told


def test_an_unconfirmed_rate_of_a_disk_is_told(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4")
    for kind, told in (("ml.p3.2xlarge", True), ("ml.g4dn.xlarge", False)):  # EBS, NVMe
        found = estimate(run, job_of(run), make_offer("T4", instance_type=kind))
        assert any("ML storage in eu-west-1" in text for text in found.assumptions) == told


def test_nodes_are_billed_each(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(threads=2)
    offer = find_offer(catalog, "aws", "ml.m5.large", "us-east-1", "on_demand")  # $0.115
    two = estimate(run, job_of(run, nodes=2), offer)
    # 36 epochs · 50 steps · 0.1 s / 0.95
    assert usd_by_item(two)["training"][1] == Decimal("0.012105")
    assert usd_by_item(two)["image pull"][1] == Decimal("0.005750")
    assert two.grade == "projected"


def test_managed_spot_saves_an_assumed_share(make_run: MakeRun, catalog: Sequence[Offer]) -> None:
    run = make_run(device="NVIDIA A10G")
    where = ("aws", "ml.g5.xlarge", "us-east-1")
    spot = estimate(run, job_of(run), spot_ceiling_offer(catalog, *where))
    on_demand = estimate(run, job_of(run), find_offer(catalog, *where, "on_demand"))
    assert spot.usd.mid / on_demand.usd.mid == pytest.approx(Decimal("0.42"), abs=Decimal("0.06"))
    assert spot.usd.high < on_demand.usd.high
    assert spot.usd_per_epoch.mid / on_demand.usd_per_epoch.mid == pytest.approx(Decimal("0.365"))
    assert notes.SPOT in spot.assumptions
    assert any("63.5%" in text and "assumed: managed" in text for text in spot.assumptions)
    own = from_table({"aws": {"spot_saving": Decimal("0.5"), "idle_seconds": 60}})
    given = estimate(run, job_of(run), spot_ceiling_offer(catalog, *where), own).assumptions
    assert {
        "50.0% of the on-demand cost saved, given in trainfare.toml",
        "60 s idle before the machines go, given in trainfare.toml",
    } <= set(given)


def test_a_discount_lowers_the_whole(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run, offer = make_run(device="Tesla T4"), make_offer("T4", instance_type="ml.g5.x")
    cheaper = from_table({"aws": {"commitment_discount": Decimal("0.25")}})
    list_price, own = (
        estimate(run, job_of(run), offer, rules).usd.mid for rules in (DEFAULTS, cheaper)
    )
    assert own == pytest.approx(list_price * 3 / 4, abs=Decimal("0.000001"))


def test_rules_of_the_user_are_given_not_published(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    own = {"egress_gib": 2, "egress_usd_per_gib": Decimal("0.09"), "idle_seconds": 60}
    rules = from_table({"azure": own})
    run = make_run(device="Tesla T4")
    for billing, known in ((DEFAULTS, ("published", "assumed")), (rules, ("given", "given"))):
        found = estimate(run, job_of(run), make_offer("T4", provider="azure"), billing)
        evidence = {i.name: i.evidence for i in found.items}
        assert (evidence["idle"], evidence["egress"]) == known
        assert evidence["load balancer"] == "assumed"
    assert usd_by_item(found)["egress"] == money("0.18", "0.18", "0.18")


def test_evaluation_and_checkpoints_are_lines_where_there_are_any(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(device="Tesla T4")
    workload = replace(run.workload, parameter_count=10**9)
    run = replace(run, workload=workload, metrics=(("accuracy", 0.9),))
    job = Job(workload=workload, epochs=10, samples_per_epoch=6400)
    seconds = {i.name: i.seconds.mid for i in estimate(run, job, make_offer("T4")).items}
    assert seconds["evaluation"] == pytest.approx(2)  # a fifth of an epoch of 10 s, all of the step
    assert seconds["checkpoints"] == pytest.approx(1200)  # 10 × 12 GB at 100 MB/s
    assert seconds["upload"] == pytest.approx(128)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "0 epochs can't be trained.*--epochs"),
        ({"epochs": -3}, "-3 epochs"),
        ({"epochs": 10**400}, "epochs can't be trained. Give 1 to 1,000,000,000,000 with"),
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


@settings(deadline=None)
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
    assert all(i.usd.low >= 0 for i in base.items)


@settings(deadline=None)
@given(nodes=st.integers(1, 100), samples=st.integers(1, 10**6))
def test_more_nodes_never_take_longer_in_the_middle(
    make_run: MakeRun, make_offer: MakeOffer, nodes: int, samples: int
) -> None:
    run, offer = make_run(epoch=9.0), make_offer("T4")
    few, many = (
        estimate(run, job_of(run, samples=samples, nodes=n), offer) for n in (nodes, nodes + 1)
    )
    if samples >= 64 * (nodes + 1):  # beyond one step each there is nothing left to share
        assert training_seconds(many) <= training_seconds(few)


def training_seconds(found: Estimate) -> float:
    return next(i.seconds.mid for i in found.items if i.name == "training")
