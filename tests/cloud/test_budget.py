"""One cap over many jobs, and the cap of one against what a service might bill."""

import multiprocessing
import random
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run
from fakes.orders import an_order

from cloud.budget import reserve, spoken_for
from cloud.cap import TERMS, max_seconds
from cloud.collect import collect
from cloud.launch import launch
from cloud.outcome import outcome
from results.errors import OverBudgetError
from results.jobs import JobHandle, JobIntent
from results.records import Offer
from results.store import Store, utc_now


def test_the_cap_holds_for_100_000_random_jobs() -> None:
    """(timeout + start + stop + rounding) × (rate × nodes + disk) ≤ cap, worked out anew."""
    draw = random.Random(7)
    planned = 0
    for _ in range(100_000):
        provider = draw.choice(("aws", "gcp", "azure"))
        rate = Decimal(draw.randint(1, 10**6)).scaleb(-draw.randint(3, 5))
        cap = Decimal(draw.randint(1, 10**7)).scaleb(-2)
        nodes = draw.choice((1, 1, 2, 4, 8, draw.randint(1, 120)))
        offer = Offer(
            provider=provider, service="s", region="r", instance_type="t", vcpus=1,
            memory_gib=1.0, accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None,
            allocation=draw.choice(("on_demand", "spot")), usd_per_hour=rate, basis="published",
            as_of="2026", source="test",
        )  # fmt: skip
        try:
            timeout = max_seconds(cap, offer, nodes)
        except OverBudgetError:
            continue
        planned += 1
        terms = TERMS[offer.provider]
        billed = timeout + terms.start_seconds + terms.stop_seconds + terms.rounding_seconds
        machines = nodes * (Fraction(rate) + Fraction(terms.disk_usd_per_hour))
        shared = -(-nodes // 50) * Fraction(terms.shared_usd_per_hour)
        assert billed * (machines + shared) / 3600 <= Fraction(cap)
    assert planned > 50_000


def test_a_budget_counts_caps_until_the_cost_is_known(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = launch(cloud.client(), an_order(cloud, name="a"), store, Decimal(8))
    with pytest.raises(OverBudgetError, match="trainfare collect"):
        launch(cloud.client(), an_order(cloud, name="b"), store, Decimal(8))
    assert len(cloud.fake.jobs.all) == 1
    assert [i.job_name for i in store.newest_first(JobIntent)] == [made.handle.job_name]
    cloud.clock.pause(5000)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    came = outcome(cloud.client().status(made.handle), intent)
    store.add(came)
    assert came.usd is not None
    assert came.usd < spoken_for(store) <= came.usd + Decimal("0.35")  # disk, start and idle
    launch(cloud.client(), an_order(cloud, name="b"), store, Decimal(8))
    assert len(cloud.fake.jobs.all) == 2


BESIDE = {"aws": 0, "gcp": 900, "azure": 600 + 120}  # s billed that the service does not tell


def whole_bill(cloud: Cloud, rate: Decimal) -> Decimal:
    """What the service charges for all its jobs until now: boot, idle and disks included."""
    hourly = rate + TERMS[cloud.provider].disk_usd_per_hour  # type: ignore[index]
    seconds = Decimal(0)
    for job in cloud.fake.jobs.all:
        told = job.billed_seconds(cloud.clock.now)
        seconds += job.nodes * Decimal(repr(told + BESIDE[cloud.provider] if told else 0.0))
    return hourly * seconds / 3600


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_collected_the_bills_stay_within_the_budget(
    cloud: Cloud, tmp_path: Path, seed: int
) -> None:
    draw, store, budget = random.Random(seed), Store(tmp_path), Decimal(12)
    rate = draw.choice(("0.31", "1", "4.25"))
    launched, ended = 0, set[str]()
    for number in range(60):
        run = Run(
            train_seconds=draw.choice((0.0, 10.0, 600.0, 1e9)),
            start_up_seconds=draw.choice((0.0, 100.0)),
            fails=draw.choice((None, "it broke")),
        )
        cloud.fake.jobs.next_run = run
        order = an_order(cloud, draw.choice(("3", "5.25")), rate, f"job{number}")
        with suppress(OverBudgetError):
            launch(cloud.client(), order, store, budget)
            launched += 1
        cloud.clock.pause(draw.choice((10.0, 500.0, 10_000.0)))
        assert whole_bill(cloud, Decimal(rate)) <= spoken_for(store) <= budget
        before = len(ended)
        for handle in store.newest_first(JobHandle):
            if handle.job_name in ended:
                continue
            intent = store.find(JobIntent, handle.job_name)
            assert intent is not None
            if collect(cloud.client(), handle, intent, store, lambda _: None) is not None:
                ended.add(handle.job_name)
        if len(ended) > before:
            assert whole_bill(cloud, Decimal(rate)) <= spoken_for(store) <= budget
    assert launched > 3


def test_a_job_without_a_known_cost_keeps_its_reservation(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = launch(cloud.client(), an_order(cloud), store)
    cloud.clock.pause(5000)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    came = outcome(cloud.client().status(made.handle), intent)
    store.add(replace(came, usd=None, billed_seconds=None, billed_basis=None))
    assert spoken_for(store) == Decimal(5)


def _submit(folder: str, intent: JobIntent, answers: Any) -> None:
    store = Store(Path(folder))
    try:
        reserve(store, intent, Decimal(20), lambda seconds: None)
    except OverBudgetError:
        answers.put(False)
    else:
        store.add(
            JobHandle(
                job_name=intent.job_name, captured_at=utc_now(), provider=intent.provider,
                region="r", service_id=intent.job_name, output_uri="u",
            )
        )  # fmt: skip
        answers.put(True)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fifty_processes_at_once_stay_within_the_budget(
    clouds: dict[str, Cloud], tmp_path: Path
) -> None:
    intents = [an_order(clouds["aws"], name=f"job{i}").intent() for i in range(50)]
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    processes = [
        fork.Process(target=_submit, args=(str(tmp_path), intent, answers)) for intent in intents
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    let_in = sum(answers.get() for _ in processes)
    assert 1 <= let_in <= 4  # of 5 dollars each
    assert spoken_for(Store(tmp_path)) == 5 * let_in <= 20
