"""How long a job runs by its service's clock: what a time limit must leave to it."""

from dataclasses import replace
from typing import Any

import pytest

from estimators.cost import estimate
from estimators.running import running
from results.records import EstimateItem, Job
from results.statistics import Interval


@pytest.mark.parametrize("allocation", ["on_demand", "spot"])
def test_all_that_runs_and_no_waiting(make_run: Any, make_offer: Any, allocation: str) -> None:
    run = make_run()
    job = Job(workload=run.workload, epochs=50, samples_per_epoch=60000)
    answer = estimate(run, job, make_offer(allocation=allocation))
    items = {item.name: item.seconds for item in answer.items}
    found = running(answer)
    assert found.low < found.mid < found.high < answer.seconds.high
    moving = ("warm-up", "training", "evaluation")
    work = sum(items[name].high for name in moving if name in items)
    beside = sum(items[n].high for n in items if n in ("image pull", "data download", "upload",
                                                       "checkpoints", "spot rework"))  # fmt: skip
    assert work < found.high < work + beside
    queued = replace(
        answer, items=tuple(_slow(i) if i.name == "queue" else i for i in answer.items)
    )
    assert running(queued) == found


def _slow(item: EstimateItem) -> EstimateItem:
    return replace(item, seconds=Interval(low=9e5, mid=9e5, high=9e5))
