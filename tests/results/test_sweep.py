"""Overhead, slope, knee and the largest batch of sweeps that can be worked out by hand."""

import random

import pytest

from results import sweep
from results.records import SweepPoint


def point(batch: int, seconds: float, **more: object) -> SweepPoint:
    return SweepPoint(batch_size=batch, step_seconds=(seconds,) * 9, **more)  # type: ignore[arg-type]


def line(overhead: float, slope: float, *batches: int) -> list[SweepPoint]:
    return [point(b, overhead + slope * b) for b in batches]


def test_a_straight_line_is_found() -> None:
    fit = sweep.fit(line(0.003, 0.0001, 16, 32, 64, 128))
    assert fit is not None
    assert fit.overhead_seconds.mid == pytest.approx(0.003)
    assert fit.slope_seconds_per_sample.mid == pytest.approx(0.0001)
    assert fit.overhead_seconds.high == pytest.approx(0.003, rel=1e-3)


def test_the_intervals_hold_as_often_as_they_say() -> None:
    rng, held, turns = random.Random(1), 0, 500
    for _ in range(turns):
        points = [
            point(b, (0.004 + 0.0001 * b) * (1 + rng.gauss(0, 0.02))) for b in (8, 16, 32, 64, 128)
        ]
        fit = sweep.fit(points)
        assert fit is not None
        held += fit.overhead_seconds.low <= 0.004 <= fit.overhead_seconds.high
    assert 0.92 <= held / turns <= 0.98


def test_no_overhead_is_0_not_below() -> None:
    fit = sweep.fit(line(-0.001, 0.001, 16, 32, 64))
    assert fit is not None
    assert fit.overhead_seconds.low == fit.overhead_seconds.mid == 0


def test_two_points_make_no_line() -> None:
    assert sweep.fit(line(0.003, 0.0001, 16, 32)) is None


def test_the_knee_is_where_more_no_longer_helps() -> None:
    # 16 → 32 → 64 double the rate, 128 adds 3%.
    points = [point(16, 1.0), point(32, 1.0), point(64, 1.0), point(128, 128 / 66)]
    assert sweep.knee(points) == 64
    assert sweep.knee(points[:3]) is None  # the sweep ended before it
    assert sweep.knee([]) is None


def test_what_did_not_run_does_not_count() -> None:
    failed = SweepPoint(batch_size=256, problem="out of memory")
    points = [*line(0.003, 0.0001, 16, 32, 64), failed]
    assert sweep.largest_that_fits(points) == 64
    assert sweep.largest_that_fits([failed]) is None
    assert len(sweep.fitting(points)) == 3
