"""A spot job loses its machine: the real command goes on, and the bill counts both attempts."""

import time
import uuid
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.containers import Containers, way_in
from fakes.engine import Run as Plan
from fakes.left import leave
from fakes.orders import an_order
from fakes.running import run_vertex, start_vertex

from cloud.again import once_more
from cloud.collect import collect
from cloud.launch import Order, launch
from cloud.outcome import outcome
from cloud.registry import plan_packed
from cloud.source import Packed, pack
from results import codec
from results.jobs import JobIntent
from results.records import Run
from results.store import Store

# Slow while there is a file `slow`, so that the signal finds it at work; what goes on from there
# need not be.
SLOW = """
import time
from pathlib import Path
from bench.workloads import mlp

def make():
    made = mlp.workload()
    batches = made.batches
    def slow(size):
        for batch in batches(size):
            time.sleep(0.02 if Path(FILE).exists() else 0)
            yield batch
    made.batches = slow
    return made
"""


MACHINES = {"aws": "ml.m5.large", "gcp": "n2-standard-8"}


def spot_order(cloud: Cloud, folder: Path, make_job: Any, make_offer: Any) -> Order:
    """A job that really can run, on spot machines."""
    file = folder / f"slow{uuid.uuid4().hex}.py"
    (folder / "slow").touch()
    file.write_text(f"FILE = {str(folder / 'slow')!r}\n{SLOW}")
    job = make_job(
        name="mlp", reference=f"{file}:make", batch_size=100, samples_per_epoch=6_000, epochs=2
    )
    offer = make_offer(
        cloud.provider, accelerator=None, accelerator_count=0.0,
        instance_type=MACHINES[cloud.provider], allocation="spot",
    )  # fmt: skip
    packed = pack(job)
    request = plan_packed(packed, offer, cloud.settings(), Decimal(5))
    estimate = replace(an_order(cloud).estimate, job=packed.job, offer=offer)
    return Order(
        request=request, archive=packed.archive, source_digest=packed.digest, estimate=estimate
    )


@pytest.mark.slow
@pytest.mark.skipif(way_in() is None, reason="needs Linux namespaces: root, or unprivileged ones")
@pytest.mark.parametrize("cloud", ["aws"], indirect=True)
def test_sagemaker_starts_it_again_and_it_goes_on(
    cloud: Cloud, tmp_path: Path, make_job: Any, make_offer: Any
) -> None:
    order, store = spot_order(cloud, tmp_path, make_job, make_offer), Store(tmp_path / "records")
    cloud.fake.jobs.next_run = Plan(interruptions=((300.0, 900.0),), train_seconds=200.0)
    handle = launch(cloud.client(), order, store).handle
    submitted = cloud.fake.jobs.all[0].request

    first = Containers(submitted, order.archive, tmp_path / "first")
    running = first.start()
    first.wait_until_said("epoch 1 of 2", running)
    first.preempt()
    assert first.codes(running) == [143], first.log()
    (tmp_path / "slow").unlink()
    assert not list(first.ml().rglob("runs/*.json"))
    cloud.clock.pause(60 + 120 + 300 + 10)
    lost = cloud.client().status(handle)
    assert (lost.state, lost.billed_seconds) == ("pending", None)

    second = Containers(submitted, order.archive, tmp_path / "second")
    second.take_checkpoints(first)
    assert second.run() == [0], second.log()
    output = second.ml() / "output" / "data"
    leave(cloud, handle, {str(path.relative_to(output)): path.read_bytes()
                          for path in output.rglob("*") if path.is_file()})  # fmt: skip
    cloud.clock.pause(10_000)
    said: list[str] = []
    came = collect(cloud.client(), handle, _intent(store, handle.job_name), store, said.append)
    assert came is not None
    assert (came.state, came.billed_seconds) == ("succeeded", 120 + 300 + 120 + 200)
    assert came.billed_basis == "reported"
    assert came.usd is not None and came.usd <= order.request.max_usd
    (run,) = store.newest_first(Run)
    assert run.warnings == ("went on from a checkpoint 1 time",)
    assert run.epochs_trained == 2
    assert said == []


@pytest.mark.slow
@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_on_vertex_ai_the_job_that_is_started_once_more_goes_on(
    cloud: Cloud, tmp_path: Path, make_job: Any, make_offer: Any
) -> None:
    order, store = spot_order(cloud, tmp_path, make_job, make_offer), Store(tmp_path / "records")
    cloud.fake.jobs.next_run = Plan(interruptions=((300.0, 900.0),), train_seconds=1e9)
    launch(cloud.client(), order, store)
    (first,) = start_vertex(order.request.request, order.archive, tmp_path, port=0)
    (log,) = tmp_path.glob("workerpool0-0-*/log.txt")
    while "epoch 1 of 2" not in log.read_text(errors="replace") and first.poll() is None:
        time.sleep(0.05)
    first.terminate()
    assert first.wait(60) == 143, log.read_text(errors="replace")
    (tmp_path / "slow").unlink()
    cloud.clock.pause(10_000)

    job, offer = order.estimate.job, order.estimate.offer
    packed = Packed(job=job, archive=order.archive)
    request, before = once_more(
        cloud.client(), packed, offer, cloud.settings(), order.request, store
    )
    assert before == order.request.job_name
    cloud.fake.jobs.next_run = Plan(train_seconds=200.0)
    launch(cloud.client(), replace(order, request=request), store)
    assert run_vertex(cloud.fake.jobs.all[1].request, order.archive, tmp_path, port=0) == [0]
    (path,) = (tmp_path / "gcs").rglob("runs/*.json")
    run = codec.loads(path.read_text(encoding="utf-8"), Run)
    assert run.warnings == ("went on from a checkpoint 1 time",)
    assert run.epochs_trained == 2


def _intent(store: Store, name: str) -> JobIntent:
    found = store.find(JobIntent, name)
    assert found is not None
    return found


@pytest.mark.parametrize("cloud", ["aws", "azure"], indirect=True)
def test_a_job_that_is_preempted_for_ever_ends_within_its_cap(cloud: Cloud, tmp_path: Path) -> None:
    cloud.fake.jobs.next_run = Plan(interruptions=((500.0, 700.0),) * 100, train_seconds=1e9)
    order = an_order(cloud, allocation="spot", max_usd="3")
    made = launch(cloud.client(), order, Store(tmp_path))
    cloud.clock.pause(10**7)
    assert cloud.client().status(made.handle).state == "timed_out"
    assert len(cloud.fake.jobs.all) == 1
    assert 0 < cloud.bill_usd(order.estimate.offer.usd_per_hour) <= 3


@pytest.mark.parametrize("cloud", ["gcp"], indirect=True)
def test_vertex_ai_does_not_start_it_again_and_bills_one_attempt(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.fake.jobs.next_run = Plan(interruptions=((300.0, 900.0),), train_seconds=1e9)
    store, order = Store(tmp_path), an_order(cloud, allocation="spot", rate="3.6")
    made = launch(cloud.client(), order, store)
    cloud.clock.pause(10_000)
    status = cloud.client().status(made.handle)
    assert (status.state, status.message) == ("failed", "The replica workerpool0-0 was preempted.")
    came = outcome(status, _intent(store, made.handle.job_name))
    assert (came.billed_seconds, came.usd) == (420.0, Decimal("0.42"))
    again = launch(cloud.client(), order, store)
    assert (again.is_new, len(cloud.fake.jobs.all)) == (False, 1)


@pytest.mark.parametrize("cloud", ["azure"], indirect=True)
def test_azure_ml_queues_it_again_and_no_attempt_is_forgotten(cloud: Cloud, tmp_path: Path) -> None:
    cloud.fake.jobs.next_run = Plan(interruptions=((300.0, 900.0),), train_seconds=200.0)
    store, order = Store(tmp_path), an_order(cloud, allocation="spot", rate="3.6", max_usd="20")
    made = launch(cloud.client(), order, store)
    assert cloud.fake.jobs.all[0].on_preemption == "restarts"
    cloud.clock.pause(60 + 120 + 300 + 10)
    assert cloud.client().status(made.handle).state == "pending"
    cloud.clock.pause(10_000)
    status = cloud.client().status(made.handle)
    assert status.state == "succeeded"
    came = outcome(status, _intent(store, made.handle.job_name))
    # From its first start to its end: the wait in between counts too, for nobody tells it apart.
    assert (came.billed_seconds, came.billed_basis) == (120 + 300 + 900 + 120 + 200, "derived")
    assert came.usd is not None
    paid = cloud.bill_usd(order.estimate.offer.usd_per_hour)
    assert paid == Decimal("0.74")
    assert paid <= came.usd <= order.request.max_usd
