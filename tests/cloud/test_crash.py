"""Killed before and after every call and every write: one job, never two, and none unknown."""

from pathlib import Path

import pytest
from fakes.clouds import Cloud
from fakes.killing import FINISHED, KILLED, run_and_kill
from fakes.orders import an_order

from cloud.launch import launch
from cloud.reconcile import reconcile
from results.jobs import JobHandle, JobIntent
from results.store import Store

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


def test_killed_anywhere_and_started_again_there_is_one_job(cloud: Cloud, tmp_path: Path) -> None:
    order = an_order(cloud)
    its_own = cloud.unconnected(order.region)
    unknown_while_dead = 0
    for event in range(200):
        cloud.reset()
        folder = tmp_path / str(event)

        def work(folder: Path = folder) -> None:
            launch(its_own, order, Store(folder))

        status = run_and_kill(work, event)
        if status == FINISHED:
            break
        assert status == KILLED
        store = Store(folder)
        for job in cloud.fake.jobs.all:  # whatever the dead process started is already announced
            assert store.find(JobIntent, job.name) is not None
            unknown_while_dead += store.find(JobHandle, job.name) is None
        made = launch(cloud.client(), order, store)
        assert len(cloud.fake.jobs.all) == 1, f"event {event}"
        kept = store.find(JobHandle, made.handle.job_name)
        assert kept is not None
        assert kept.service_id == cloud.fake.jobs.all[0].service_id
        assert made.status.max_seconds == order.request.max_seconds
        assert store.problems == []
    assert event >= 2 * (5 + 4)  # calls and writes
    assert unknown_while_dead > 0  # the window that the intent is for was really met


def test_reconcile_after_every_crash_leaves_no_job_unknown(cloud: Cloud, tmp_path: Path) -> None:
    order = an_order(cloud)
    its_own = cloud.unconnected(order.region)
    findings = set()
    for event in range(200):
        cloud.reset()
        folder = tmp_path / str(event)
        status = run_and_kill(lambda folder=folder: launch(its_own, order, Store(folder)), event)
        store = Store(folder)
        found = reconcile(cloud.client(), store, order.request.provider, [order.region])
        findings |= {one.finding for one in found}
        for job in cloud.fake.jobs.all:
            kept = store.find(JobHandle, job.name)
            assert kept is not None
            assert kept.service_id == job.service_id
        if status == FINISHED:
            break
    assert findings == {"known", "adopted", "unclear"}
