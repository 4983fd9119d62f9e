"""Past jobs move what is believed: few a little, many all the way; simulated histories show it."""

import math
import random
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.calibrate import NO_HISTORY, History, calibrated, t80
from results.jobs import Outcome
from results.statistics import Interval

BELIEF = Interval(low=60, mid=180, high=420)


def an_outcome(**given: Any) -> Outcome:
    plain: dict[str, Any] = {
        "job_name": "trainfare-cnn-0",
        "captured_at": "2026-11-24T00:00:00+00:00",
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "ml.g5.xlarge",
        "nodes": 1,
        "state": "succeeded",
    }
    return Outcome(**plain | given)


def test_without_a_job_it_is_the_belief() -> None:
    assert calibrated(BELIEF, ()) == BELIEF


# Two-sided 80% quantiles of any table of Student's t.
@pytest.mark.parametrize(
    ("freedom", "value"),
    [(3, 1.6377), (4, 1.5332), (6, 1.4398), (10, 1.3722), (30, 1.3104), (1e6, 1.2816)],
)
def test_quantiles_are_those_of_the_tables(freedom: float, value: float) -> None:
    assert t80(freedom) == pytest.approx(value, rel=2e-3)


def test_one_job_moves_little_and_many_move_all_the_way() -> None:
    truth = 600.0
    gaps = [
        math.log(truth / calibrated(BELIEF, [truth] * n).mid) / math.log(truth / BELIEF.mid)
        for n in (1, 3, 10, 50)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert 0.7 < gaps[0] < 0.85  # a quarter of the way
    assert gaps[-1] < 0.1


def test_surprise_widens_and_agreement_narrows() -> None:
    def width(i: Interval) -> float:
        return math.log(i.high / i.low)

    assert width(calibrated(BELIEF, [900.0])) > width(BELIEF)
    assert width(calibrated(BELIEF, [180.0] * 10)) < width(BELIEF)


def test_other_instance_types_of_the_cloud_count_but_never_as_much() -> None:
    shared = calibrated(BELIEF, (), [600.0] * 1000)
    assert BELIEF.mid < shared.mid < 600
    own = calibrated(BELIEF, [300.0] * 20, [600.0] * 1000)
    assert abs(math.log(own.mid / 300)) < abs(math.log(own.mid / 600))


def test_one_job_that_hung_does_not_spoil_the_rest() -> None:
    clean, spoilt = (calibrated(BELIEF, [240.0] * 19 + [last]) for last in (240.0, 86_400.0))
    assert spoilt.mid < 1.15 * clean.mid


@given(st.lists(st.floats(1e-3, 1e6), max_size=60), st.lists(st.floats(1e-3, 1e6), max_size=60))
def test_any_history_gives_an_interval(own: list[float], siblings: list[float]) -> None:
    found = calibrated(BELIEF, own, siblings)
    assert 0 < found.low <= found.mid <= found.high < math.inf


@pytest.mark.parametrize("truth", [60.0, 240.0, 900.0])
def test_error_and_coverage_improve_with_runs(truth: float) -> None:
    """500 simulated teams; each job's start-up is lognormal, spread ×1.35, the middle unknown."""
    rng = random.Random(7)
    after = (0, 1, 3, 10, 30)
    errors: dict[int, list[float]] = {n: [] for n in after}
    held: dict[int, list[bool]] = {n: [] for n in after}
    for _ in range(500):
        middle = truth * math.exp(rng.gauss(0, 0.15))  # this team's image and region
        times = [middle * math.exp(rng.gauss(0, 0.3)) for _ in range(max(after) + 1)]
        for n in after:
            found = calibrated(BELIEF, times[:n])
            errors[n].append(abs(math.log(times[n] / found.mid)))
            held[n].append(found.low <= times[n] <= found.high)
    mean_error = [fmean(errors[n]) for n in after]
    distance = [abs(fmean(held[n]) - 0.8) for n in after]
    assert mean_error[-1] < 0.30  # 0.24 is what the jobs themselves vary by
    assert mean_error[-1] <= min(mean_error) + 0.02
    assert mean_error[0] >= mean_error[-1]
    assert distance[-1] < 0.07
    assert distance[-1] <= distance[0]


def test_history_takes_every_job_that_reached_its_first_step(make_offer: Any) -> None:
    outcomes = [
        an_outcome(start_up_seconds=600.0, captured_at="2026-11-24T00:00:02+00:00"),
        an_outcome(start_up_seconds=500.0, captured_at="2026-11-24T00:00:01+00:00", state="failed"),
        an_outcome(start_up_seconds=None, state="stopped"),  # never got that far
        an_outcome(start_up_seconds=400.0, instance_type="ml.p3.2xlarge"),
        an_outcome(start_up_seconds=90.0, provider="gcp", instance_type="g2-standard-8"),
    ]
    history = History.of(outcomes)
    assert history.seconds["start-up", "aws", "ml.g5.xlarge"] == (500.0, 600.0)
    offer = make_offer(provider="aws", instance_type="ml.g5.xlarge")
    found, jobs = history.calibrated("start-up", offer, BELIEF)
    assert jobs == 3
    assert found == calibrated(BELIEF, [500.0, 600.0], [400.0])
    assert history.calibrated("queue", offer, BELIEF) == (BELIEF, 0)
    assert NO_HISTORY.calibrated("start-up", offer, BELIEF) == (BELIEF, 0)


def test_queue_pull_and_warm_up_are_told_apart(make_offer: Any) -> None:
    outcome = an_outcome(queued_seconds=30.0, pull_seconds=100.0, start_up_seconds=120.0)
    seconds = History.of([outcome]).seconds
    key = ("aws", "ml.g5.xlarge")
    parts = {"queue": 30.0, "pull": 100.0, "warm-up": 20.0, "start-up": 120.0}
    assert seconds == {(part, *key): (value,) for part, value in parts.items()}
