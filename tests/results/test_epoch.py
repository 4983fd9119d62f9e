"""Whole epochs foretold from bursts of steps."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from results.epoch import (
    METHOD_SPREAD,
    Z90,
    burst_interval,
    burst_means,
    predicted_epoch,
)
from results.records import Measurement, Run

MakeRun = Callable[..., Run]
MakeMeasurement = Callable[..., Measurement]


@pytest.fixture
def make_bursts(make_measurement: MakeMeasurement) -> Callable[..., Measurement]:
    """A step with bursts: `[[0.1, 0.1], [0.2, 0.2]]`."""

    def made(bursts: list[list[float]], **given: Any) -> Measurement:
        blocks = tuple(s for burst in bursts for s in burst)
        return make_measurement(block_seconds=blocks, bursts=tuple(map(len, bursts)), **given)

    return made


def test_first_step_full_steps_and_short_last_one(
    make_run: MakeRun, make_bursts: Callable[..., Measurement], make_measurement: MakeMeasurement
) -> None:
    step = make_bursts([[0.1] * 4] * 3)
    start = make_measurement("epoch_start", block_seconds=(0.5, 0.5, 0.6))
    run = make_run(samples_per_epoch=1000, batch_size=100, measurements=(step, start))
    epoch = predicted_epoch(run)
    assert epoch is not None
    assert epoch.mid == pytest.approx(0.5 + 9 * 0.1)
    # Bursts that are all alike: what is left is what bursts are off one stretch.
    assert epoch.high - 0.5 == pytest.approx((epoch.mid - 0.5) * math.exp(Z90 * METHOD_SPREAD))
    short = make_run(samples_per_epoch=950, batch_size=100, measurements=(step, start))
    found = predicted_epoch(short)
    assert found is not None
    assert found.mid == pytest.approx(0.5 + 8 * 0.1 + 0.075)  # between a half step and a whole one


def test_one_step_an_epoch(make_run: MakeRun, make_bursts: Callable[..., Measurement]) -> None:
    run = make_run(samples_per_epoch=64, batch_size=64, measurements=(make_bursts([[0.1]] * 3),))
    epoch = predicted_epoch(run)
    assert epoch is not None
    assert epoch.mid == pytest.approx(0.1)


def test_processes_share_an_epoch(
    make_run: MakeRun, make_bursts: Callable[..., Measurement]
) -> None:
    step = make_bursts([[0.1] * 4] * 3)
    one, two = (
        predicted_epoch(
            make_run(samples_per_epoch=6400, batch_size=64, measurements=(step,), processes=n)
        )
        for n in (1, 2)
    )
    assert one is not None
    assert two is not None
    assert (one.mid, two.mid) == pytest.approx((10.0, 5.0))


def test_drift_between_bursts_widens_it(make_bursts: Callable[..., Measurement]) -> None:
    calm = burst_interval(burst_means(make_bursts([[1.0] * 5, [1.01] * 5, [0.99] * 5])))
    drifting = burst_interval(burst_means(make_bursts([[1.0] * 5, [1.1] * 5, [0.9] * 5])))
    assert drifting.high / drifting.low > 5 * (calm.high / calm.low - 1) + 1


def test_the_interval_holds_four_times_of_five() -> None:
    """Bursts and the stretch that is foretold are drawn alike, log-normal."""
    rng = random.Random(7)
    held, turns = 0, 2000
    for _ in range(turns):
        means = [rng.lognormvariate(0, 0.05) for _ in range(8)]
        interval = burst_interval(means)
        held += interval.low <= rng.lognormvariate(0, 0.05) <= interval.high
    assert 0.77 <= held / turns <= 0.83


def test_many_bursts_are_merged_and_none_is_lost(
    make_bursts: Callable[..., Measurement],
) -> None:
    means = burst_means(make_bursts([[float(i)] for i in range(1, 21)]))
    assert len(means) == 8
    step = make_bursts([[1.0]] * 20, steps_per_block=4)
    assert burst_means(step) == [0.25] * 8


def test_undisturbed_leaves_out_what_was_disturbed(
    make_bursts: Callable[..., Measurement],
) -> None:
    step = make_bursts([[1.0, 9.0], [1.0, 1.0]], disturbed=(False, True, False, False))
    assert burst_means(step) == [1.25, 1.0]  # the stray block counts as one and a half
    assert burst_means(step, undisturbed=True) == [1.0, 1.0]


def test_steps_that_wait_for_a_loader_are_no_strays(
    make_bursts: Callable[..., Measurement],
) -> None:
    step = make_bursts([[1.0, 1.0, 1.0, 20.0] * 3] * 4)
    assert burst_means(step) == [5.75] * 4


def test_without_bursts_nothing_is_foretold(
    make_run: MakeRun, make_measurement: MakeMeasurement, make_bursts: Callable[..., Measurement]
) -> None:
    assert predicted_epoch(make_run()) is None  # a record of an older version
    assert predicted_epoch(make_run(measurements=(make_bursts([[1.0] * 9]),))) is None
    assert predicted_epoch(make_run(measurements=(make_measurement("epoch"),))) is None


def test_the_ends_are_those_of_students_t() -> None:
    interval = burst_interval([1.0, math.e])
    spread = math.sqrt(0.5)  # of the logs 0 and 1
    drift = 3.078 * spread * math.sqrt(1.5)
    assert math.log(interval.high / interval.mid) == pytest.approx(
        math.hypot(drift, Z90 * METHOD_SPREAD)
    )
