"""A job that waits for its machines longer than was allowed is cancelled by whoever looks."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run
from fakes.orders import an_order

from cloud.collect import collect
from cloud.launch import launch
from cloud.reconcile import reconcile
from cloud.watch import follow, look
from results.errors import UsageError
from results.jobs import JobHandle, JobIntent
from results.store import Store

HOUR = 3600


def waiting(cloud: Cloud, store: Store, max_wait: int = 2 * HOUR) -> tuple[JobHandle, JobIntent]:
    """A job that no machine will ever be free for."""
    cloud.fake.jobs.next_run = Run(never_starts=True)
    made = launch(cloud.client(), an_order(cloud, max_wait_seconds=max_wait), store)
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    assert intent.max_wait_seconds == max_wait
    return made.handle, intent


def findings(cloud: Cloud, store: Store) -> list[str]:
    order = an_order(cloud)
    found = reconcile(cloud.client(), store, order.request.provider, [order.region],
                      now=lambda: cloud.clock.now)  # fmt: skip
    return [one.finding for one in found]


def test_followed_until_it_has_waited_too_long(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    handle, intent = waiting(cloud, store)
    created = cloud.clock.now
    looks = follow(cloud.client(), handle, intent, 600, cloud.clock.pause,
                   now=lambda: cloud.clock.now)  # fmt: skip
    told = [(cloud.clock.now - created, view.waited_too_long, view.status.state)
            for view, _ in looks]  # fmt: skip
    assert [at for at, late, _ in told if late] == [2 * HOUR + 600]
    assert told[-1][2] == "stopped"
    assert cloud.alive() == []
    came = collect(cloud.client(), handle, intent, store, lambda _: None)
    assert came is not None
    assert (came.state, came.usd) == ("stopped", Decimal(0))
    assert cloud.bill_usd(intent.estimate.offer.usd_per_hour) == 0


def test_one_look_is_enough(cloud: Cloud, tmp_path: Path) -> None:
    handle, intent = waiting(cloud, Store(tmp_path))
    cloud.clock.pause(2 * HOUR)
    early = look(cloud.client(), handle, intent, now=lambda: cloud.clock.now)
    assert (early.waited_too_long, len(cloud.alive())) == (False, 1)
    cloud.clock.pause(1)
    late = look(cloud.client(), handle, intent, now=lambda: cloud.clock.now)
    assert (late.waited_too_long, len(cloud.alive())) == (True, 0)


def test_a_job_that_got_its_machines_is_left_alone(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    cloud.fake.jobs.next_run = Run(queue_seconds=100, train_seconds=20_000)
    order = an_order(cloud, max_wait_seconds=120, max_usd="9")
    made = launch(cloud.client(), order, store)
    cloud.clock.pause(10_000)
    assert findings(cloud, store) == ["known"]
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    now = look(cloud.client(), made.handle, intent, now=lambda: cloud.clock.now)
    assert (now.waited_too_long, now.status.state) == (False, "running")


def test_without_a_longest_wait_it_waits_on(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    cloud.fake.jobs.next_run = Run(never_starts=True)
    launch(cloud.client(), an_order(cloud), store)
    cloud.clock.pause(10**6)
    assert findings(cloud, store) == ["known"]
    assert len(cloud.alive()) == 1


def test_reconciling_cancels_what_is_recorded_and_nothing_else(
    cloud: Cloud, tmp_path: Path
) -> None:
    store = Store(tmp_path / "here")
    waiting(cloud, store)
    cloud.clock.pause(3 * HOUR)
    assert findings(cloud, Store(tmp_path / "of a colleague")) == ["orphan"]
    assert len(cloud.alive()) == 1
    assert findings(cloud, store) == ["overdue"]
    assert cloud.alive() == []
    assert findings(cloud, store) == ["known"]


def test_another_longest_wait_is_another_request(cloud: Cloud, tmp_path: Path) -> None:
    store = Store(tmp_path)
    waiting(cloud, store)
    for other in (None, HOUR):
        with pytest.raises(UsageError, match=r"7200 s of waiting; now .*--again"):
            launch(cloud.client(), an_order(cloud, max_wait_seconds=other), store)
    assert len(cloud.fake.jobs.all) == 1


@pytest.mark.parametrize("seconds", [60, 1800, 28 * 86400, 28 * 86400 + 1])
def test_every_service_is_told_as_far_as_it_can_be(clouds: dict[str, Cloud], seconds: int) -> None:
    asked: dict[str, Any] = {
        name: an_order(cloud, max_wait_seconds=seconds).request.request
        for name, cloud in clouds.items()
    }
    stop = asked["aws"]["StoppingCondition"].get("MaxPendingTimeInSeconds")
    assert stop == (seconds if 1800 <= seconds <= 28 * 86400 else None)
    assert {"Key": "max-wait-seconds", "Value": str(seconds)} in asked["aws"]["Tags"]
    assert asked["gcp"]["labels"]["max-wait-seconds"] == str(seconds)
    assert asked["azure"]["job"]["tags"]["max-wait-seconds"] == str(seconds)
    for name, cloud in clouds.items():
        plain = an_order(cloud).request
        assert plain.request != asked[name]
        assert an_order(cloud, max_wait_seconds=seconds).request.job_name == plain.job_name
