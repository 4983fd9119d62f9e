"""Two processes that start the same job at once: one job, known to both, wherever either waits."""

import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.clouds import BUCKET, Cloud
from fakes.engine import FakeJob
from fakes.interleaving import Interleaved
from fakes.orders import an_order
from fakes.web import Fault

from cloud.budget import spoken_for
from cloud.errors import QuotaError
from cloud.launch import Launched, launch
from results.errors import OverBudgetError
from results.jobs import JobHandle, JobIntent
from results.store import Store

LONGEST = 18  # events of one launch, at least
Where = Callable[[], Path | str]


@pytest.fixture(params=["folder", "bucket"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Where:
    """A new store each time: the two must not meet what others left."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    if request.param == "folder":
        return lambda: tmp_path / uuid.uuid4().hex
    return lambda: f"s3://{BUCKET}/{uuid.uuid4().hex}"


def turns(where: Where) -> list[tuple[int, ...]]:
    """How far the one goes, then the other, then the one again: wherever the one is, and others."""
    draw = random.Random(11)
    drawn = [tuple(draw.randint(0, LONGEST) for _ in range(3)) for _ in range(12)]
    every = 1 if isinstance(where(), Path) else 16  # a client for a bucket takes long to make
    return [*((i, LONGEST, 0) for i in range(LONGEST)), *drawn][::every]


@pytest.fixture
def clients(cloud: Cloud) -> list[Any]:
    """One for each process."""
    return [cloud.unconnected(an_order(cloud).region) for _ in range(2)]


def both(
    clients: list[Any], store: Path | str, order: Any, moves: Any, budget: Decimal | None
) -> list[Any]:
    """What two launches of the order come to."""
    return Interleaved(moves).run(
        lambda: launch(clients[0], order, Store(store), budget),
        lambda: launch(clients[1], order, Store(store), budget),
    )


@pytest.fixture
def announced(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path | str]:
    """At the moment that the service makes a job, the records under `now` know of it."""
    watched: dict[str, Path | str] = {}
    add = cloud.fake.jobs.add

    def checked(job: FakeJob) -> FakeJob:
        names = {intent.job_name for intent in Store(watched["now"]).newest_first(JobIntent)}
        watched["found"] = job.name if job.name in names else ""
        return add(job)  # type: ignore[no-any-return]

    monkeypatch.setattr(cloud.fake.jobs, "add", checked)
    return watched


def test_one_job_and_both_know_it(
    cloud: Cloud,
    clients: list[Any],
    where: Where,
    announced: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = (f"2026-11-28T10:{m:02}:{s:02}+00:00" for m in range(60) for s in range(60))
    monkeypatch.setattr("cloud.client.utc_now", lambda: next(moments))  # never the same second
    order = an_order(cloud)
    for moves in turns(where):
        cloud.fake.jobs.all.clear()
        announced["now"] = folder = where()
        made = both(clients, folder, order, moves, None)
        for answer in made:
            assert isinstance(answer, Launched), (moves, made)
        (job,) = cloud.alive()
        assert {answer.handle.service_id for answer in made} == {job.service_id}, moves
        assert sum(answer.is_new for answer in made) <= 1
        in_order(folder, job, announced, moves)


def in_order(folder: Path | str, job: FakeJob, announced: dict[str, Any], moves: Any) -> None:
    """One answer and the first intent of the name are there, and were so in time."""
    store = Store(folder)
    assert announced["found"] == job.name, moves
    assert store.find(JobIntent, job.name) is not None, moves
    (handle,) = store.newest_first(JobHandle)
    assert handle.service_id == job.service_id
    assert spoken_for(store) == Decimal(5)
    assert store.problems == []


def test_the_one_that_is_refused_takes_nothing_from_the_other(
    cloud: Cloud, clients: list[Any], where: Where, announced: dict[str, Any]
) -> None:
    order = an_order(cloud)
    refused = 0
    for moves in turns(where):
        cloud.fake.jobs.all.clear()
        cloud.fake.faults.planned = [Fault(cloud.create_call, "quota")]
        announced["now"] = folder = where()
        made = both(clients, folder, order, moves, None)
        errors = [answer for answer in made if not isinstance(answer, Launched)]
        assert all(isinstance(error, QuotaError) for error in errors), (moves, made)
        refused += len(errors)
        if len(errors) == 2:
            continue
        (job,) = cloud.alive()
        in_order(folder, job, announced, moves)
    assert refused > 0


def test_neither_is_let_in_where_the_budget_does_not_hold_it(
    cloud: Cloud, clients: list[Any], tmp_path: Path
) -> None:
    def where() -> Path:  # on a bucket it takes minutes: each tries twelve times
        return tmp_path / uuid.uuid4().hex

    order = an_order(cloud)
    for moves in turns(where):
        cloud.fake.jobs.all.clear()
        folder = where()
        Store(folder).add(an_order(cloud, name="other").intent())
        made = both(clients, folder, order, moves, Decimal(8))
        assert all(isinstance(error, OverBudgetError) for error in made), (moves, made)
        assert cloud.alive() == []
        assert spoken_for(Store(folder)) == Decimal(5)
