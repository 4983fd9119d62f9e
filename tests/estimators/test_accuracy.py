"""Predicted against actual: what is compared, what never is, and the figures by hand."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from estimators.accuracy import chance_of_at_most, compare, summaries
from estimators.cost import estimate
from results import phases
from results.jobs import JobIntent, Outcome
from results.records import Job
from tests.estimators.test_calibrate import an_outcome


@pytest.fixture(name="intent")
def _intent(make_run: Any, make_offer: Any) -> JobIntent:
    run = make_run()
    job = Job(workload=run.workload, epochs=10, samples_per_epoch=run.workload.samples_per_epoch)
    offer = make_offer(accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None)
    return JobIntent(
        job_name="trainfare-cnn-0",
        captured_at="2026-11-24T00:00:00+00:00",
        provider="aws",
        region="us-east-1",
        request_digest="0",
        source_digest="0",
        estimate=estimate(run, job, offer),
        max_usd=Decimal(9),
        max_seconds=3600,
    )


def ended(intent: JobIntent, **given: Any) -> Outcome:
    predicted = {item.name: item.seconds for item in intent.estimate.items}
    plain = {
        "queued_seconds": 1e6,
        "pull_seconds": 1e6,
        "start_up_seconds": 1e6 + 50,
        "run_seconds": predicted[phases.TRAINING].mid,
        "usd": intent.estimate.usd.mid / 2,
    }
    return an_outcome(**plain | given)


def test_a_job_that_succeeded_counts_in_every_part(intent: JobIntent) -> None:
    found = {c.part: c for c in compare([intent], [ended(intent)])}
    assert set(found) == {"queue", "pull", "warm-up", "start-up", "steps", "dollars"}
    assert found["warm-up"].actual == 50
    assert found["warm-up"].predicted == next(
        item.seconds for item in intent.estimate.items if item.name == phases.WARM_UP
    )
    assert found["start-up"].error == pytest.approx(
        found["start-up"].predicted.mid / (1e6 + 50) - 1
    )
    assert not found["start-up"].held
    assert found["steps"].held
    assert found["steps"].error == 0
    assert found["dollars"].error == pytest.approx(1.0)


@pytest.mark.parametrize("state", ["failed", "stopped", "timed_out"])
def test_half_a_job_speaks_for_its_start_only(intent: JobIntent, state: str) -> None:
    found = compare([intent], [ended(intent, state=state)])
    assert [c.part for c in found] == ["queue", "pull", "warm-up", "start-up"]


def test_what_is_unknown_is_not_compared(intent: JobIntent) -> None:
    names = ("queued_seconds", "pull_seconds", "start_up_seconds", "run_seconds", "usd")
    nothing = dict.fromkeys(names)
    assert compare([intent], [ended(intent, **nothing)]) == []
    assert compare([intent], []) == []
    assert compare([], [ended(intent)]) == []
    none_run = compare([intent], [ended(intent, usd=Decimal(0), run_seconds=0.0)])
    assert {c.part for c in none_run} == {"queue", "pull", "warm-up", "start-up"}


def test_by_part_cloud_and_instance(intent: JobIntent) -> None:
    intents, outcomes = [], []
    places = [("aws", "ml.g5.xlarge")] * 2 + [("aws", "ml.m5.xlarge"), ("gcp", "e2-standard-4")]
    for i, (provider, instance_type) in enumerate(places):
        name = f"job-{i}"
        intents.append(replace(intent, job_name=name))
        outcomes.append(
            ended(
                intent,
                job_name=name,
                provider=provider,
                instance_type=instance_type,
                pull_seconds=None,
                start_up_seconds=180.0 if i < 3 else 1800.0,
            )
        )
    assert intents[0].estimate.items  # the start-up of 180 s lies in its interval, 1,800 s do not
    found = summaries(compare(intents, outcomes))
    start_up = [
        (s.provider, s.instance_type, s.jobs, s.held) for s in found if s.part == "start-up"
    ]
    assert start_up == [
        (None, None, 4, 3),
        ("aws", None, 3, 3),
        ("aws", "ml.g5.xlarge", 2, 2),
        ("aws", "ml.m5.xlarge", 1, 1),
        ("gcp", None, 1, 0),
        ("gcp", "e2-standard-4", 1, 0),
    ]
    assert summaries([]) == []


def test_too_narrow_is_said_where_luck_does_not_explain_it() -> None:
    assert chance_of_at_most(0, 1) == pytest.approx(0.2)
    assert chance_of_at_most(0, 2) == pytest.approx(0.04)
    assert chance_of_at_most(8, 10) == pytest.approx(0.6242, abs=1e-4)  # a table of the binomial
    assert chance_of_at_most(10, 10) == pytest.approx(1)
