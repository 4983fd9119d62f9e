"""A run that came home from an instance type is what its estimates rest on."""

from dataclasses import replace
from typing import Any

import pytest

from estimators.cost import estimate
from estimators.project import project_epoch
from estimators.rank import rank
from estimators.there import runs_there
from results.records import Job, Run


def home(run: Run, kind: str, seconds: float, **given: Any) -> Run:
    """The same workload on a rented machine, `seconds` a step."""
    blocks = tuple(seconds for _ in range(9))
    step = replace(run.measurements[0], block_seconds=blocks, disturbed=(False,) * 9)
    machine = replace(run.machine, instance_type=kind)
    return replace(run, machine=machine, measurements=(step,), **given)


@pytest.fixture(name="cpu")
def _cpu(make_offer: Any) -> Any:
    def made(kind: str) -> Any:
        return make_offer(
            instance_type=kind, accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None
        )

    return made


def test_the_step_is_taken_as_it_was_measured(make_run: Any, cpu: Any) -> None:
    run = home(make_run(), "ml.c5.xlarge", 0.5)
    found = project_epoch(run, cpu("ml.c5.xlarge"), 6400)
    assert found.grade == "measured"
    assert found.epoch_seconds.mid == pytest.approx(0.5 * 6400 / run.workload.batch_size)
    assert found.epoch_seconds.high <= 1.11 * found.epoch_seconds.mid
    assert project_epoch(run, cpu("ml.c5.2xlarge"), 6400).grade == "projected"


def test_processes_that_shared_an_epoch_shared_its_steps(make_run: Any, cpu: Any) -> None:
    run = home(make_run(), "ml.c5.xlarge", 0.5, processes=2)
    assert project_epoch(run, cpu("ml.c5.xlarge"), 6400).grade == "projected"
    two = project_epoch(run, cpu("ml.c5.xlarge"), 6400, nodes=2)
    assert two.grade == "measured"
    assert two.epoch_seconds.mid == pytest.approx(0.5 * 6400 / (2 * run.workload.batch_size))


def test_a_ranking_rests_on_them_where_there_are_any(make_run: Any, cpu: Any) -> None:
    run, tried = make_run(), cpu("ml.c5.xlarge")
    there = runs_there(run, [home(run, "ml.c5.xlarge", 0.5)])
    job = Job(workload=run.workload, epochs=2, samples_per_epoch=6400)
    ranking = rank(run, job, [tried, cpu("ml.c5.2xlarge")], there=there)
    grades = {p.offer.instance_type: p.estimate().grade for p in ranking.priced}
    assert grades == {"ml.c5.xlarge": "measured", "ml.c5.2xlarge": "projected"}
    found = next(p for p in ranking.priced if p.offer == tried).estimate()
    assert found == estimate(there["ml.c5.xlarge"], job, tried)


def test_only_the_newest_of_the_same_workload_counts(make_run: Any) -> None:
    run = make_run()
    other = replace(run.workload, source_digest="other")
    runs = [
        run,  # of this machine
        home(run, "a", 0.1, workload=other),
        home(run, "a", 0.2, partial=True),
        home(run, "a", 0.3),
        home(run, "a", 0.4),
    ]
    found = runs_there(run, runs)
    assert list(found) == ["a"]
    assert found["a"].measurements[0].seconds.mid == pytest.approx(0.3)
