"""A job that is deliberately started once more: anew, or from the checkpoint of one cut short."""

import json
import re
from pathlib import Path

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run
from fakes.orders import an_order

from cloud.again import once_more
from cloud.launch import Order, launch
from cloud.source import pack
from results.records import JobRequest
from results.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def again(cloud: Cloud, order: Order, store: Store) -> tuple[JobRequest, str | None]:
    job, offer = order.estimate.job, order.estimate.offer
    return once_more(cloud.client(), pack(job), offer, cloud.settings(), order.request, store)


def owners(request: JobRequest) -> set[str]:
    """The jobs whose checkpoints a request names."""
    return set(re.findall(r"(trainfare-[\w-]+)/checkpoints", json.dumps(request.request)))


def start(cloud: Cloud, request: JobRequest, order: Order, store: Store, run: Run) -> None:
    cloud.fake.jobs.next_run = run
    made = Order(
        request=request, archive=order.archive, source_digest=order.source_digest,
        estimate=order.estimate,
    )  # fmt: skip
    launch(cloud.client(), made, store)


def test_a_spot_job_that_was_cut_short_goes_on_until_it_is_through(
    cloud: Cloud, store: Store
) -> None:
    order = an_order(cloud, allocation="spot")
    first = order.request.job_name
    cut_short = Run(train_seconds=100, fails="The replica workerpool0-0 was preempted.")
    start(cloud, order.request, order, store, cut_short)
    while_it_runs, before = again(cloud, order, store)
    assert (before, owners(while_it_runs)) == (None, {while_it_runs.job_name})
    cloud.clock.pause(10_000)
    second, before = again(cloud, order, store)
    assert (before, owners(second)) == (first, {first})
    assert second.job_name == while_it_runs.job_name != first
    start(cloud, second, order, store, cut_short)
    cloud.clock.pause(10_000)
    third, before = again(cloud, order, store)  # the second kept its own at the same place
    assert (before, owners(third)) == (first, {first})
    start(cloud, third, order, store, Run(train_seconds=100))
    cloud.clock.pause(10_000)
    fourth, before = again(cloud, order, store)
    assert (before, owners(fourth)) == (None, {fourth.job_name})
    assert len({first, second.job_name, third.job_name, fourth.job_name}) == 4


def test_a_job_without_checkpoints_begins_anew(cloud: Cloud, store: Store) -> None:
    order = an_order(cloud)
    start(cloud, order.request, order, store, Run(train_seconds=100, fails="out of memory"))
    cloud.clock.pause(10_000)
    second, before = again(cloud, order, store)
    assert (before, owners(second)) == (None, set())
    assert second.job_name != order.request.job_name


def test_a_name_that_is_free_is_kept(cloud: Cloud, store: Store) -> None:
    order = an_order(cloud, allocation="spot")
    request, before = again(cloud, order, store)
    assert (request, before) == (order.request, None)
