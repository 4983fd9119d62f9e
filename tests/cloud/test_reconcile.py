"""Records against what the services run: orphans are found, foreign jobs are left alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes.clouds import Cloud
from fakes.orders import an_order

from cloud.launch import launch
from cloud.reconcile import Found, reconcile, regions_used
from results.jobs import JobHandle, JobIntent
from results.store import Store


def findings(cloud: Cloud, store: Store) -> dict[str, str]:
    found: list[Found] = reconcile(
        cloud.client(), store, an_order(cloud).request.provider, [an_order(cloud).region]
    )
    return {one.job_name: one.finding for one in found}


def test_a_planted_orphan_is_told_and_a_foreign_job_is_not_touched(
    cloud: Cloud, tmp_path: Path
) -> None:
    store, other = Store(tmp_path / "mine"), Store(tmp_path / "another")
    mine = launch(cloud.client(), an_order(cloud), store)
    orphan = launch(cloud.client(), an_order(cloud, name="orphan"), other)
    foreign = launch(cloud.client(), an_order(cloud, name="foreign"), other)
    untagged = cloud.fake.jobs.named(foreign.handle.job_name)
    untagged.tags.clear()
    assert findings(cloud, store) == {
        mine.handle.job_name: "known",
        orphan.handle.job_name: "orphan",
    }
    assert len(cloud.alive()) == 3


def test_a_lost_answer_is_recorded(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    order = an_order(cloud)
    store.add(order.intent())
    launch(cloud.client(), order, Store(tmp_path / "its answer got lost"))
    assert findings(cloud, store) == {order.request.job_name: "adopted"}
    assert store.find(JobHandle, order.request.job_name) is not None
    assert findings(cloud, store) == {order.request.job_name: "known"}


def test_a_job_that_its_service_forgot_is_called_lost(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.fake.jobs.clear()
    assert findings(cloud, Store(tmp_path)) == {made.handle.job_name: "lost"}


def test_a_list_that_is_behind_loses_nothing(cloud: Cloud, tmp_path: Path) -> None:
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.fake.jobs.hidden_until[made.handle.service_id] = cloud.clock.now + 1e6
    assert findings(cloud, Store(tmp_path)) == {made.handle.job_name: "known"}


def test_an_intent_is_withdrawn_only_when_it_is_old(cloud: Cloud, tmp_path: Path) -> None:
    store, order = Store(tmp_path), an_order(cloud)
    store.add(order.intent())
    assert findings(cloud, store) == {}
    assert store.find(JobIntent, order.request.job_name) is not None
    store.discard(order.intent())
    store.add(replace(order.intent(), captured_at="2026-01-01T00:00:00+00:00"))
    assert findings(cloud, store) == {order.request.job_name: "unsent"}
    assert store.find(JobIntent, order.request.job_name) is None


def test_a_second_job_of_the_name_is_told(clouds: dict[str, Cloud], tmp_path: Path) -> None:
    cloud = clouds["gcp"]  # the only service that takes a name twice
    made = launch(cloud.client(), an_order(cloud), Store(tmp_path))
    cloud.client().create(an_order(cloud).request, an_order(cloud).region)
    found = reconcile(cloud.client(), Store(tmp_path), "gcp", [made.handle.region])
    assert sorted(one.finding for one in found) == ["double", "known"]
    assert len(cloud.alive()) == 2


@pytest.mark.parametrize("own", [None, "eu-west-1"])
def test_every_region_that_was_used(clouds: dict[str, Cloud], tmp_path: Path, own: str) -> None:
    store = Store(tmp_path)
    store.add(an_order(clouds["aws"]).intent())
    store.add(an_order(clouds["gcp"]).intent())
    assert regions_used(store, "aws", own) == sorted({"us-east-1"} | ({own} if own else set()))
