"""Quotes learn from jobs: the phases before the first step move, the total with them."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from estimators import combine
from estimators.billing.settings import DEFAULTS
from estimators.calibrate import History
from estimators.cost import estimate
from estimators.learned import learned
from estimators.timing import around
from results import phases
from results.records import Estimate, Job
from tests.estimators.test_calibrate import an_outcome

JOBS = 30


def history(**given: Any) -> History:
    return History.of(an_outcome(captured_at=f"{i:04}", **given) for i in range(JOBS))


@pytest.fixture(name="job")
def _job(make_run: Any) -> Job:
    workload = make_run().workload
    return Job(workload=workload, epochs=10, samples_per_epoch=workload.samples_per_epoch)


def test_a_quote_moves_to_what_jobs_took(make_run: Any, make_offer: Any, job: Job) -> None:
    offer = make_offer(accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None)
    place = {"provider": offer.provider, "instance_type": offer.instance_type}
    slow = history(queued_seconds=900.0, pull_seconds=1200.0, start_up_seconds=1260.0, **place)
    before, after = (estimate(make_run(), job, offer, history=h) for h in (History(), slow))

    def start(found: Estimate) -> float:
        return sum(i.seconds.mid for i in found.items if i.name in phases.START_UP)

    assert abs(start(after) / 2100 - 1) < 0.25
    assert abs(start(before) / 2100 - 1) > 0.5
    assert after.seconds.mid - before.seconds.mid == pytest.approx(
        start(after) - start(before), rel=0.25
    )
    known = {i.name: i.evidence for i in after.items if i.name in phases.START_UP}
    assert set(known.values()) == {"measured"}
    assert any("own jobs on this cloud" in text for text in after.assumptions)
    assert not any("image pull" in text and "are assumed" in text for text in after.assumptions)
    training = [{i.name: i.seconds for i in e.items}[phases.TRAINING] for e in (before, after)]
    assert training[0] == training[1]


def test_the_import_moves_to_what_jobs_took(make_run: Any, make_offer: Any, job: Job) -> None:
    offer = make_offer(accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None)
    place = {"provider": offer.provider, "instance_type": offer.instance_type}
    slow = history(queued_seconds=None, pull_seconds=60.0, start_up_seconds=260.0, **place)
    before, after = (
        {i.name: i for i in estimate(make_run(), job, offer, history=h).items}[phases.WARM_UP]
        for h in (History(), slow)
    )
    assert (before.evidence, after.evidence) == ("assumed", "measured")
    assert before.seconds.mid == pytest.approx(18)  # 15 s and 30 steps of 0.1 s
    assert after.seconds.mid == pytest.approx(203, rel=0.3)


def test_only_what_own_jobs_tell_is_no_longer_assumed(
    make_run: Any, make_offer: Any, job: Job
) -> None:
    offer = make_offer(accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None)
    place = {"provider": offer.provider, "instance_type": offer.instance_type}
    waited = history(queued_seconds=900.0, pull_seconds=None, start_up_seconds=None, **place)
    found = estimate(make_run(), job, offer, history=waited)
    known = {i.name: i.evidence for i in found.items}
    assert known[phases.QUEUE] == known[phases.PROVISIONING] == "measured"
    assert known[phases.PULL] == known[phases.DATA] == known[phases.WARM_UP] == "assumed"
    starts = [text.split(":")[0] for text in found.assumptions]
    assert "queue and provisioning" in starts
    assert "image pull and data download are assumed" in starts


def test_other_clouds_learn_nothing_of_it(make_run: Any, make_offer: Any, job: Job) -> None:
    offer = make_offer(accelerator=None, accelerator_count=0.0, accelerator_memory_gib=None)
    elsewhere = history(provider="gcp", instance_type="x", pull_seconds=9999.0)
    assert estimate(make_run(), job, offer, history=elsewhere) == estimate(make_run(), job, offer)


@pytest.mark.parametrize("provider", ["azure", "aws"])
def test_eight_of_ten_next_jobs_start_as_learned(make_offer: Any, job: Job, provider: Any) -> None:
    """1,500 simulated teams, each with a true middle of its own and 30 jobs that vary by 35%; the
    next job's start-up as billed. Azure ML bills provisioning, pull and data, learned as one."""
    dice, offer = random.Random(11), make_offer(provider=provider)
    believed = around(job, DEFAULTS[offer.provider], False, False)
    only = {name: seconds for name, seconds in believed.phases.items() if name in phases.START_UP}
    believed = replace(believed, phases=only, idle_seconds=0.0)
    inside, teams = 0, 1500
    for _ in range(teams):
        true = math.log(190) + dice.gauss(0, 0.5)
        took = [math.exp(dice.gauss(true, 0.35)) for _ in range(JOBS + 1)]
        key = ("pull", offer.provider, offer.instance_type)
        found = learned(believed, offer, History(seconds={key: tuple(took[:-1])}))
        seconds = combine.interval_of(found.billed)
        inside += seconds.low <= took[-1] <= seconds.high
    assert inside / teams == pytest.approx(0.8, abs=0.04)


def test_the_phases_of_a_part_keep_their_shares(make_offer: Any, job: Job) -> None:
    offer = make_offer(provider="aws")
    beside = around(job, DEFAULTS["aws"], False, False)
    place = {"provider": "aws", "instance_type": offer.instance_type}
    found = learned(beside, offer, history(queued_seconds=777.0, pull_seconds=777.0, **place))
    for billed in (True, False):
        names = [n for n in phases.START_UP if (n in beside.billed_names) == billed]
        total = sum(beside.phases[n][0].mid for n in names)
        now = sum(found.phases[n][0].mid for n in names)
        for name in names:
            share = beside.phases[name][0].mid / total
            assert found.phases[name][0].mid == pytest.approx(now * share)
    assert found.phases[phases.UPLOAD] == beside.phases[phases.UPLOAD]
