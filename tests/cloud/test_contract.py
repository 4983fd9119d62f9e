"""One suite for all three clouds: what a user may rely on, whichever service runs the job."""

from decimal import Decimal
from pathlib import Path

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run
from fakes.orders import an_order

from cloud.errors import JobNotFoundError
from cloud.launch import launch
from cloud.outcome import outcome
from results.errors import UsageError
from results.jobs import JobHandle, JobIntent
from results.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "records")


def test_a_job_succeeds_and_is_billed(cloud: Cloud, store: Store) -> None:
    order = an_order(cloud, rate="3.6")
    made = launch(cloud.client(), order, store)
    assert made.is_new
    assert made.status.state == "pending"
    assert made.status.max_seconds == order.request.max_seconds
    cloud.clock.pause(120)
    running = cloud.client().status(made.handle)
    assert running.state == "running"
    assert running.started_at_seconds is not None
    cloud.clock.pause(3600)
    done = cloud.client().status(made.handle)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    came = outcome(done, intent)
    assert (came.state, came.queued_seconds, came.billed_seconds) == ("succeeded", 60, 720)
    assert came.usd == Decimal("0.72")
    assert came.billed_basis == ("reported" if cloud.provider == "aws" else "derived")


def test_the_same_again_is_the_same_job(cloud: Cloud, store: Store, tmp_path: Path) -> None:
    first = launch(cloud.client(), an_order(cloud), store)
    again = launch(cloud.client(), an_order(cloud), store)
    elsewhere = launch(cloud.client(), an_order(cloud), Store(tmp_path / "of a colleague"))
    assert (again.is_new, elsewhere.is_new) == (False, False)
    assert again.handle == first.handle
    assert elsewhere.handle.service_id == first.handle.service_id
    cloud.clock.pause(10_000)
    assert launch(cloud.client(), an_order(cloud), store).status.state == "succeeded"
    assert len(cloud.fake.jobs.all) == 1


def test_the_same_name_with_another_cap_is_refused(
    cloud: Cloud, store: Store, tmp_path: Path
) -> None:
    launch(cloud.client(), an_order(cloud), store)
    with pytest.raises(UsageError, match="--again"):
        launch(cloud.client(), an_order(cloud, max_usd="6"), store)
    with pytest.raises(UsageError, match="another time limit"):
        launch(cloud.client(), an_order(cloud, max_usd="6"), Store(tmp_path / "of a colleague"))
    assert len(cloud.alive()) == 1


def test_cancelled_before_and_while_it_runs(cloud: Cloud, store: Store) -> None:
    waiting = launch(cloud.client(), an_order(cloud, name="waiting"), store)
    cloud.client().cancel(waiting.handle)
    running = launch(cloud.client(), an_order(cloud, name="running"), store)
    cloud.clock.pause(100)
    cloud.client().cancel(running.handle)
    cloud.clock.pause(5)
    assert cloud.client().status(running.handle).state == "running"  # it still stops, and is billed
    cloud.clock.pause(100)
    for made, billed in ((waiting, 0.0), (running, 100.0)):
        status = cloud.client().status(made.handle)
        intent = store.find(JobIntent, made.handle.job_name)
        assert intent is not None
        came = outcome(status, intent)
        assert (came.state, came.billed_seconds) == ("stopped", billed)
        cloud.client().cancel(made.handle)  # once more: nothing happens


def test_the_service_stops_it_at_the_cap(cloud: Cloud, store: Store) -> None:
    cloud.fake.jobs.next_run = Run(train_seconds=1e9)
    order = an_order(cloud, max_usd="2")
    made = launch(cloud.client(), order, store)
    cloud.clock.pause(10**6)
    assert cloud.client().status(made.handle).state == "timed_out"
    assert cloud.bill_usd(order.estimate.offer.usd_per_hour) <= 2


def test_a_failure_says_why_in_the_services_words(cloud: Cloud, store: Store) -> None:
    cloud.fake.jobs.next_run = Run(fails="AlgorithmError: it broke, see https://x.y/z?sig=secret")
    made = launch(cloud.client(), an_order(cloud), store)
    cloud.clock.pause(5000)
    status = cloud.client().status(made.handle)
    assert status.state == "failed"
    assert status.message == "AlgorithmError: it broke, see https://x.y/z?…"


def test_waiting_for_capacity_costs_nothing(cloud: Cloud, store: Store) -> None:
    cloud.fake.jobs.next_run = Run(never_starts=True)
    made = launch(cloud.client(), an_order(cloud), store)
    cloud.clock.pause(86400)
    status = cloud.client().status(made.handle)
    assert (status.state, status.started_at_seconds) == ("pending", None)


def test_every_page_of_the_list_counts_once(cloud: Cloud, store: Store) -> None:
    names = {
        launch(cloud.client(), an_order(cloud, name=f"job{i}"), store).handle.job_name
        for i in range(5)
    }
    cloud.fake.repeats_page = True
    listed = [job.job_name for job in cloud.client().jobs(an_order(cloud).region)]
    assert sorted(listed) == sorted(names)


def test_several_nodes_are_counted(cloud: Cloud, store: Store) -> None:
    made = launch(cloud.client(), an_order(cloud, nodes=3), store)
    assert made.status.nodes == 3


def test_spot_runs_within_the_cap(cloud: Cloud, store: Store) -> None:
    cloud.fake.jobs.next_run = Run(train_seconds=1e9)
    order = an_order(cloud, allocation="spot", max_usd="3")
    made = launch(cloud.client(), order, store)
    assert made.status.max_seconds == order.request.max_seconds
    cloud.clock.pause(10**6)
    assert cloud.bill_usd(order.estimate.offer.usd_per_hour) <= 3


def test_a_job_nobody_knows(cloud: Cloud, store: Store) -> None:
    made = launch(cloud.client(), an_order(cloud), store)
    cloud.fake.jobs.clear()
    with pytest.raises(JobNotFoundError, match="reconcile"):
        cloud.client().status(made.handle)
    assert cloud.client().find(made.handle.job_name, made.handle.region) == []


def test_doctor_asks_who_and_what_exists(cloud: Cloud) -> None:
    checks = cloud.client().checks(an_order(cloud).region)
    assert {check.name for check in checks} >= {"signed in as"}
    assert [check for check in checks if not check.good] == []
    cloud.fake.faults.clear()
    call = {"aws": "ListTrainingJobs", "gcp": "ListCustomJobs", "azure": "GetWorkspace"}
    from fakes.web import Fault

    cloud.fake.faults.planned = [Fault(call[cloud.provider], "denied")]
    bad = [c for c in cloud.client().checks(an_order(cloud).region) if not c.good]
    assert len(bad) == 1
    assert "docs/clouds.md" in bad[0].found


def test_handles_outlive_the_process(cloud: Cloud, store: Store) -> None:
    made = launch(cloud.client(), an_order(cloud), store)
    again = Store(store.folder)
    kept = again.find(JobHandle, made.handle.job_name)
    assert kept == made.handle
    assert cloud.client(fresh=True).status(kept).job_name == made.handle.job_name
